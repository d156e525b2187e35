#!/usr/bin/python3
"""The allocation sweep: in every program the first allocation fails, then the second, and so on until a run needs no more;
each time once, and (staying) with all that follow. Afterwards it runs again undisturbed, and spool and database are
compared with the source. `make campaign-alloc`.

    tests/crash/alloc.py [--step N] [--seed N] [--only WORD] [--build release|sanitized]

--step N tries every N-th only (make test has a slice). A run ends as documented, with a message that speaks of memory; where
it says that all is done, all is. It may die only where a library does so by design (DIES). Ends with 1 when any did not.
"""
import argparse
import concurrent.futures
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from matrix import Kept, Loaded, Program, Table  # noqa: E402
from world import BUILDS, TABLES, Case, Truth, demand, need  # noqa: E402
from harness import Postgres  # noqa: E402

LIBRARY = BUILDS["release"] / "crash/alloc.so"
# Of the documented codes those that memory can be the cause of: a fault, or a service that could not be reached for it.
CODES = (69, 70)
# Libraries that may end the process for want of memory, by this signal: libuv aborts where it cannot start its threads; the
# Kerberos library, which libpq asks for credentials, uses what it was not given; OpenSSL 3.5 (Debian 13) asserts that it
# has the memory for what a thread keeps.
DIES = {("libuv.so.1", signal.SIGABRT), ("libgssapi_krb5.so.2", signal.SIGSEGV), ("libcrypto.so.3", signal.SIGABRT)}


# libpq takes a COPY whose start it could not allocate for one that has not arrived whole, and waits for more of it for as
# long as the server does (its statement_timeout; none here).
WAITS = "libpq.so"


class Swept(Program):
    """One row: how it is started, what it ends with when nothing is wrong, and what must be true after it said so."""

    def __init__(self, name, truth, base, run, recover, done=None, code=0, db=None):
        super().__init__(name, truth, base, run, recover, db)
        self.done, self.code, self.sparse = done or (lambda case: None), code, 1

    def failed(self, at, stays, build):
        """How the run ended in which the at-th allocation failed; None: it needs no so many."""
        case = self.case(f"{'staying' if stays else 'once'}-{at}")
        case.limit = 30
        log = case.dir / "allocation"
        env = {"LD_PRELOAD": str(LIBRARY), "CRASH_ALLOC": str(at), "CRASH_LOG": str(log), "CRASH_STAYS": "1" if stays else "",
               "NETTY_LOG_FORMAT": "text"}
        if build == "sanitized":
            env["ASAN_OPTIONS"] = "exitcode=99:verify_asan_link_order=0:allocator_may_return_null=1:detect_leaks=0"
        try:
            done = self.run(case, env=env, build=build)
        except subprocess.TimeoutExpired as trouble:
            if WAITS not in log.read_text():
                raise AssertionError(f"does not end\n{asked(log)}") from trouble
            self.recover(case)
            case.end()
            return "none, killed"
        if not log.exists():
            demand(done.code == self.code, "without any fault:", done)
            case.end()
            return None
        try:
            self.judge(case, done)
        except Exception as trouble:
            raise AssertionError(f"{trouble}\n{done}\n{asked(log)}") from trouble
        case.end()
        return done.code

    def judge(self, case, done):
        if done.code < 0:
            demand((died_in(case.dir / "allocation"), -done.code) in DIES, "died:", done)
        elif done.code == self.code:
            self.done(case)
        else:
            demand(done.code in CODES, "ended with", done)
            demand(done.err.strip(), "says nothing:", done)
        self.recover(case)


def asked(log):
    """Who asked for the allocation that failed, innermost first."""
    first, _, death = log.read_text().partition("signal ")
    return f"allocation {chr(10).join(first.splitlines()[:16])}\nDIED {chr(10).join(death.splitlines()[:16])}"


def died_in(log):
    """The object in which the signal was raised: the innermost but libc, which raises it, and the library that notes it."""
    _, _, death = log.read_text().partition("signal ")
    names = [Path(line.split()[0]).name for line in death.splitlines()[1:]]
    return next((name for name in names if name != LIBRARY.name and not name.startswith("libc.so")), "libc")


def said(ended):
    """Without what may differ from run to run. A table's size is told where the server's statistics know how many rows are dead,
    which they learn some time after a run."""
    return re.sub(r"(?m)^ok .* kB with indexes .*\n", "", re.sub(r"used \d+ times", "used", ended.out))


class Looks:
    """A program that only looks: every run that says it has done so says the same."""

    def __init__(self, program, *arguments):
        self.arguments = (program, *arguments)
        self.known = None

    def run(self, case, **keywords):
        case.answer = case.run(*self.arguments, **keywords)
        return case.answer

    def recover(self, case):
        self.run(case)
        self.known = self.known or case.answer
        self.done(case)

    def done(self, case):
        known = self.known or case.answer
        demand(case.answer.code == known.code and said(case.answer) == said(known), "another answer:", case.answer.out, known.out)


def extract(case, **keywords):
    return case.extract(**keywords)


def load(case, **keywords):
    return case.load(**keywords)


class Shows(Looks):
    """A program that tells how long ago something was, too: only its code must be the same."""

    def done(self, case):
        demand(case.answer.code == (self.known or case.answer).code, "another answer:", case.answer.out)


class Stays:
    """A program that stays, with its status server: it gets its work done or not, ends by itself or is asked to end. `also`: it
    may end so, too, when it has done its work."""

    def __init__(self, program, *arguments, also=0):
        self.program, self.arguments, self.also = program, arguments, also

    def run(self, case, **keywords):
        ended = case.stay(self.program, *self.arguments, seconds=3, **keywords)
        ended.code = 0 if ended.code == self.also else ended.code
        return ended


def replay(case, **keywords):
    return case.run("netty-load", "replay", "--batch-rows", "60", **keywords)


def replay_recovers(case):
    demand(replay(case).code in (0, 65), "the next run did not end well")
    case.assert_rows_equal()


# The first key of the source's contacts has a history.
LOOKS = (Looks("netty-spool", "ls"), Looks("netty-spool", "cat", "contacts"), Looks("netty-spool", "digest"),
         Looks("netty-spool", "history", "contacts", "1"), Looks("netty-spool", "dead", "--json"), Shows("netty-spool", "status"),
         Shows("netty-spool", "prune", "--dry-run"), Shows("netty-spool", "report", "--html", "page.html"))
ASKS = (Shows("netty-load", "doctor"), Shows("netty-load", "index", "--dry-run", "contacts"),
        Shows("netty-load", "purge", "--dry-run", "--older-than", "1s"), Shows("netty-load", "archive", "--dry-run", "--older-than", "1s"),
        Shows("netty-load", "catalog"), Shows("netty-load", "redrive"), Shows("netty-load", "profile", "contacts"),
        Shows("netty-load", "views", "contacts"))


def look(program, looks, truth, base, db=None):
    """A row of what only looks; it must end as it does undisturbed."""
    row = Swept(f"{program} {looks.arguments[1]}", truth, base, looks.run, looks.recover, looks.done, db=db)
    ended = looks.run(row.case("undisturbed"))
    row.code, row.sparse = ended.code, 5
    demand(ended.code >= 0 and ended.code not in (64, 70), "undisturbed:", ended)
    return row


def rows(truth, server):
    yield Swept("extract", truth, lambda: None, extract, Case.assert_spool_recovers, Case.assert_spool_whole)
    yield Swept("load", truth, lambda: truth.whole, load, Case.assert_load_recovers, Case.assert_rows_equal, 65, Loaded(server))
    verify = Looks("netty-spool", "verify")
    yield Swept("verify", truth, lambda: truth.whole, verify.run, verify.recover, verify.done)
    kept = Kept(server)
    truth.load(kept.database)
    yield Swept("heal", truth, lambda: truth.hurt, Case.heal, Case.assert_heal_recovers)
    check = Looks("netty-load", "check")
    kept.database = truth.fill(Loaded(server).database)
    yield Swept("check", truth, lambda: truth.whole, check.run, check.recover, check.done, db=kept)


def more_rows(truth, server):
    """The other commands, and the programs that stay: for the campaign."""
    kept = Kept(server)
    kept.database = truth.fill(Loaded(server).database)
    for looks in LOOKS:
        yield look("spool", looks, truth, lambda: truth.whole)
    for looks in ASKS:
        yield look("load", looks, truth, lambda: truth.whole, kept)
    again = Kept(server)
    again.database = truth.fill(Loaded(server).database)
    yield sparse(Swept("replay", truth, lambda: truth.loaded, replay, replay_recovers, Case.assert_rows_equal, 0, again))
    every = Stays("netty-extract", "--every", "1s", "--listen", ":0", *TABLES)
    yield sparse(Swept("extract --every", truth, lambda: None, every.run, Case.assert_spool_recovers))
    follow = Stays("netty-load", "--follow", "--create-tables", "--listen", ":0", *TABLES, also=65)
    yield sparse(Swept("load --follow", truth, lambda: truth.whole, follow.run, Case.assert_load_recovers, db=Loaded(server)))


def sparse(row):
    """A row that costs seconds a run, or has thousands of allocations: a sweep in steps tries fewer of them."""
    row.sparse = 19
    return row


def sweep(program, step, seed, build, table, first, last):
    step = step if step == 1 else step * program.sparse
    for stays in (False, True):
        row = "all that follow fail, too" if stays else "one fails"
        at = first - 1 + random.Random(f"{seed} {program.name} {stays}").randint(1, step)
        while at <= last:
            try:
                code = program.failed(at, stays, build)
                if code is None:
                    break
                table.add(row, program.name, {f"exit {code}": 1, "all": 1})
            except Exception as trouble:
                table.add(row, program.name, 1)
                table.failures.append((row, program.name, f"{at}", f"{type(trouble).__name__}: {trouble}"[:3000]))
            at += step


def run(directory, server, step=1, seed=1, only="", build="release", between=(1, 1 << 40), more=False):
    """The table; rows side by side, for each has its own folders and database."""
    need(LIBRARY)
    truth = Truth(directory)
    table = Table()
    try:
        programs = [program for made in ((rows, more_rows) if more else (rows,)) for program in made(truth, server)
                    if only in program.name]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for done in [pool.submit(sweep, program, step, seed, build, table, *between) for program in programs]:
                done.result()
    finally:
        truth.stop()
    return table


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--step", type=int, default=1)
    words.add_argument("--range", default="1-", help="of numbers of allocations")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--only", default="", help="rows whose name has this in it")
    words.add_argument("--build", default="release", choices=BUILDS)
    options = words.parse_args()
    started = time.monotonic()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="netty-alloc-", dir=memory) as directory, \
            tempfile.TemporaryDirectory(prefix="netty-alloc-pg-", dir="/tmp") as cluster:
        os.chmod(cluster, 0o755)
        server = Postgres(cluster)
        server.start()
        try:
            table = run(directory, server, options.step, options.seed, options.only, options.build,
                        [int(end or 1 << 40) for end in options.range.split("-")], more=True)
        finally:
            server.stop("immediate")
    table.show()
    print(f"seed {options.seed}, {time.monotonic() - started:.0f} s")
    return 1 if table.failures else 0


if __name__ == "__main__":
    sys.exit(main())
