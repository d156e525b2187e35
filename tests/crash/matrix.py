#!/usr/bin/python3
"""The crash matrix: every program is made to die, to fail and to lose power at every point there is; then it runs again,
and the spool and the database are compared with the source.

    tests/crash/matrix.py [--step N] [--seed N] [PART ...]     parts: faults kill tear errors power slow acted lied

--step N tries every N-th point only (make test has a slice). Ends with 1 when anything did not recover. `make crash`.
"""
import argparse
import concurrent.futures
import itertools
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from power import MODES, Shadow  # noqa: E402
from world import GROUPED, PRELOAD, QUIET, ROOT, SEALED, TABLES, Case, Database, Gone, Truth, demand, need  # noqa: E402
from hosts import HostCase, HostTruth  # noqa: E402
from harness import Postgres  # noqa: E402

KILLED = (-9, 137)
# Which calls can fail so, and how the run that met it may end. 0: what failed was not needed.
ERRORS = {
    "ENOSPC": ("wscmr", "No space left"), "EDQUOT": ("wscmr", "quota"), "EIO": ("wscrutm", "Input/output error"),
    "EROFS": ("wcrutm", "Read-only"), "EMFILE": ("o", "Too many open files"),
}
FAILED_CODES = (0, 65, 73, 74)


class Program:
    """One row of the table: how to start it, from what, and what must be true in the end."""

    def __init__(self, name, truth, base, run, recover, db=None):
        self.name, self.truth, self.base, self.run, self.recover, self.db = name, truth, base, run, recover, db
        self.beside = None
        self.settings = None
        self.killed = KILLED
        self.parts = set(PARTS)
        self.kind = Case

    def case(self, label, slow=0):
        if self.db:
            self.db.reset()
        case = self.kind(self.truth, f"{self.name}-{label}".replace(" ", "-"), self.base(), self.db and self.db.database)
        case.settings = self.settings or (GROUPED if slow else SEALED)
        return case

    def total(self, ops, slow=0):
        """How many calls there are to be hit."""
        case = self.case("count", slow)
        done = self.run(case, env=case.injected(0, ops=ops, slow=slow))
        demand(done.code in (0, 65), self.name, "without any fault:", done)
        calls = case.calls()
        case.end()
        return calls


class Loaded:
    """A database that each case begins with empty."""

    def __init__(self, server):
        self.database = Database(server)

    def reset(self):
        self.database.query("DROP SCHEMA IF EXISTS netty_sync CASCADE")
        for table in TABLES:
            self.database.query(f'DROP TABLE IF EXISTS "netty-{table}"')


class Kept:
    """A database that has loaded all, and is only asked."""

    def __init__(self, server):
        self.database = Database(server)

    def reset(self):
        pass


class Saved:
    """A database that each case begins with as it was when this was made."""

    def __init__(self, database):
        self.database = database
        self.names = [name for name, in database.query("""SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('public', 'netty_sync') AND c.relkind = 'r'""")]
        database.query("CREATE SCHEMA saved")
        for name in self.names:
            database.query(f"CREATE TABLE saved.{name.split('.', 1)[1]} AS TABLE {name}")

    def reset(self):
        self.database.query(f"TRUNCATE {', '.join(self.names)}")
        for name in self.names:
            self.database.query(f"INSERT INTO {name} SELECT * FROM saved.{name.split('.', 1)[1]}")
        self.database.connection.close()  # and tells its counts; writes of the case's own are looked for


def points(count, step, rng):
    """Every step-th, from a random start."""
    return range(rng.randint(1, min(step, max(count, 1))), count + 1, step)


# -- the parts: each yields (row, label, function that tries it)

def faults(program, step, rng):
    names = sorted(set(re.findall(r'FAULT\("([a-z-]+)"\)', "".join(
        path.read_text() for room in ("spool", "load", "extract") for path in (ROOT / room).rglob("*.c")))))
    for name in names:
        def attempt(name=name):
            hits = 0
            while True:
                case = program.case(f"fault-{name}-{hits}")
                done = program.run(case, build="sanitized", env={"NETTY_FAULT": f"{name}:{hits + 1}"})
                if done.code not in program.killed:
                    demand(done.code in (0, 65), done)
                    case.end()
                    return hits
                program.recover(case)
                case.end()
                hits += 1
                if step > 1 and hits >= 2:
                    return hits
        yield f"fault {name}", name, attempt


def kill(program, step, rng, how="kill", ops="wscrutm"):
    calls = program.total(ops)
    for at in points(len(calls), step, rng):
        def attempt(at=at):
            case = program.case(f"{how}-{at}")
            done = program.run(case, env=case.injected(at, how=how, ops=ops))
            hit = done.code in KILLED
            demand(hit or done.code in (0, 65), done)
            program.recover(case)
            case.end()
            return int(hit)
        yield ("killed before a call" if how == "kill" else "killed within a write"), f"{at} {calls[at - 1]}", attempt


def tear(program, step, rng):
    yield from kill(program, step, rng, how="tear", ops="w")


def errors(program, step, rng):
    for error, (ops, text) in ERRORS.items():
        calls = program.total(ops)
        for stays in (False, True):
            for at in points(len(calls), step, rng):
                def attempt(error=error, ops=ops, text=text, stays=stays, at=at):
                    case = program.case(f"{error}-{stays}-{at}")
                    done = program.run(case, env=case.injected(at, how=error, ops=ops, stays=stays))
                    demand(done.code in FAILED_CODES, "ended with", done)
                    demand(done.code in (0, 65) or text in done.err, f"does not say {text!r}:", done)
                    program.recover(case)
                    case.end()
                    return {f"exit {done.code}": 1, "all": 1}
                yield f"{error}{', staying' if stays else ', once'}", f"{at} {calls[at - 1]}", attempt


def power(program, step, rng, slow=0):
    calls = program.total("wscrutm", slow)
    for mode in MODES:
        for at in points(len(calls) + 1, step, rng):
            def attempt(mode=mode, at=at, seed=rng.random()):
                case = program.case(f"power-{mode}-{at}", slow)
                shadow = Shadow(str(case.root), str(case.dir / "shadow"))
                done = program.run(case, env=case.injected(at, shadow=shadow, slow=slow))
                demand(done.code in KILLED or done.code in (0, 65), done)
                shadow.cut(mode, random.Random(seed))
                program.recover(case)
                case.end()
                return 1
            yield f"power lost{', slow disk' if slow else ''}, {mode}", f"{at} {calls[at - 1] if at <= len(calls) else 'end'}", attempt


def slow(program, step, rng):
    """The same where pages come faster than the disk syncs, so that several share one sync."""
    yield from power(program, step, rng, slow=10)


def acted(program, step, rng):
    """The extractor dies; the loader acts on what it finds; then the power fails: no place may come to mean another page."""
    if not program.beside:
        return
    calls = program.total("wscrutm")
    for mode in MODES:
        for at in points(len(calls), step, rng):
            def attempt(mode=mode, at=at, seed=rng.random()):
                program.beside.reset()
                case = program.case(f"acted-{mode}-{at}")
                case.db = program.beside.database
                shadow = Shadow(str(case.root), str(case.dir / "shadow"))
                program.run(case, env=case.injected(at, shadow=shadow))
                loaded = case.load(env=case.injected(0, shadow=shadow))
                demand(loaded.code in (0, 65, 66), loaded)
                shadow.cut(mode, random.Random(seed))
                program.recover(case)
                case.assert_load_recovers()
                case.end()
                return 1
            yield f"power lost after loading, {mode}", f"{at} {calls[at - 1]}", attempt


def lied(program, step, rng):
    """A sync fails, and the kernel takes what it could not write for written (preload.c): the run ends of it, or is killed
    at once. The loader acts on what it finds, the program runs again, and only then the power fails."""
    calls = program.total("wscrutm")
    syncs = [at for at, (letter, _) in enumerate(calls, 1) if letter == "s"]
    for then, again in itertools.product((0, 1), (False, True)):
        for which in points(len(syncs), step, rng):
            at = syncs[which - 1]

            def attempt(at=at, then=then, again=again, mode=rng.choice(MODES), seed=rng.random()):
                case = program.case(f"lied-{then}-{again}-{at}")
                if program.beside:
                    program.beside.reset()
                    case.db = program.beside.database
                shadow = Shadow(str(case.root), str(case.dir / "shadow"))
                done = program.run(case, env=case.injected(at, how="EIO", shadow=shadow, then=then))
                demand(done.code in (*KILLED, *FAILED_CODES), done)
                if program.beside:
                    loaded = case.load(env=case.injected(0, shadow=shadow))
                    demand(loaded.code in (0, 65, 66), loaded)
                if again:
                    done = program.run(case, env=case.injected(0, shadow=shadow))
                    demand(done.code in (0, 65), done)
                shadow.cut(mode, random.Random(seed))
                program.recover(case)
                if program.beside:
                    case.assert_load_recovers()
                case.end()
                return 1
            yield (f"sync failed{', killed' if then else ''}{', run again' if again else ''}, power lost",
                   f"{at} {calls[at - 1]}", attempt)


PARTS = {"faults": faults, "kill": kill, "tear": tear, "errors": errors, "power": power, "slow": slow, "acted": acted,
         "lied": lied}


def programs(truth, server):
    def extract(case, **keywords):
        return case.extract(**keywords)

    def load(case, **keywords):
        return case.load(**keywords)

    for name, base in (("extract, first run", lambda: None), ("extract, later run", lambda: truth.later)):
        program = Program(name, truth, base, extract, Case.assert_spool_recovers)
        program.beside = Loaded(server)
        yield program
    quiet = Program("extract, quiet run", truth, lambda: truth.quiet, extract, Case.assert_spool_recovers)
    quiet.beside, quiet.settings = Loaded(server), QUIET
    yield quiet
    yield Program("load, pruning", truth, lambda: truth.whole, Case.load_and_prune, Case.assert_prune_recovers,
                  Loaded(server))
    yield Program("extract, reconcile", truth, lambda: truth.whole, Case.reconcile, Case.assert_roll_recovers)
    gone = Gone(truth.dir / "reconciled", Loaded(server).database)
    yield Program("load, reconcile", gone, lambda: gone.whole, load, Case.assert_marks_recover, Loaded(server))
    back = Gone(truth.dir / "returned", Loaded(server).database, back=True)
    yield Program("load, back again", back, lambda: back.whole, load, Case.assert_marks_go, Saved(back.database))
    yield Program("load", truth, lambda: truth.whole, load, Case.assert_load_recovers, Loaded(server))
    kept = Kept(server)
    truth.load(kept.database)
    yield Program("archive", truth, lambda: truth.whole, Case.archive, Case.assert_archived,
                  Saved(truth.fill(Loaded(server).database)))
    backfill = Program("extract, backfill that yields", truth, lambda: truth.under_way, Case.backfill,
                       Case.assert_backfill_recovers)
    backfill.parts -= {"power", "slow", "acted", "lied"}  # what the run in between writes is not noted
    yield backfill
    yield Program("push", truth, lambda: truth.pushed_once, Case.push, Case.assert_push_recovers)
    yield Program("pull, first", truth, lambda: None, Case.pull, Case.assert_pull_recovers)
    yield Program("pull, later", truth, lambda: truth.mirror, Case.pull, Case.assert_pull_recovers)
    for name, base, run in (("push anew", lambda: truth.due, Case.push_anew), ("push that removes", lambda: truth.anew, Case.push_and_remove)):
        yield Program(name, truth, base, run, Case.assert_all_is_anew)
    hosts = HostTruth(truth)
    for name, base, run, recover in (("push of accounts", lambda: hosts.pushed_once, Case.push, HostCase.assert_push_recovers),
                                     ("push anew of accounts", lambda: hosts.due, Case.push_anew, Case.assert_all_is_anew),
                                     ("push of accounts that removes", lambda: hosts.anew, Case.push_and_remove, Case.assert_all_is_anew),
                                     ("take-over of accounts", lambda: None, Case.take_over, Case.assert_take_over_recovers),
                                     ("pull of accounts", lambda: hosts.mirror, Case.pull, HostCase.assert_pull_recovers)):
        of_all = Program(name, hosts, base, run, recover)
        of_all.kind = HostCase
        if name == "take-over of accounts":
            of_all.parts = {"faults", "kill", "tear", "power"}  # as below
        yield of_all
    for name, base in (("take-over, first", lambda: None), ("take-over, later", lambda: truth.mirror)):
        taking = Program(name, truth, base, Case.take_over, Case.assert_take_over_recovers)
        taking.parts = {"kill", "tear", "power"}  # each takes minutes; the others were not played yet
        yield taking
    yield Program("extract, healed", truth, lambda: truth.healed, extract, Case.assert_spool_recovers)
    yield Program("heal", truth, lambda: truth.hurt, Case.heal, Case.assert_heal_recovers)
    prune = Program("prune", truth, lambda: truth.loaded, Case.prune, Case.assert_pruned, kept)
    prune.killed = (*KILLED, 70)  # the loader that it asks can die of a named fault, too
    yield prune


class Table:
    def __init__(self):
        self.tried, self.codes, self.failures = Counter(), {}, []

    def add(self, row, program, result):
        result = result if isinstance(result, dict) else {"all": result}
        self.tried[row, program] += result.pop("all")
        self.codes.setdefault(row, Counter()).update(result)

    def show(self):
        rows = list(dict.fromkeys(row for row, _ in self.tried))
        columns = list(dict.fromkeys(program for _, program in self.tried))
        lost = Counter((row, program) for row, program, _, _ in self.failures)
        print(f"{'':42}" + "".join(f"{column:>20}" for column in columns))
        for row in rows:
            cells = [f"{self.tried[row, column]}" + (f" ({lost[row, column]} LOST)" if lost[row, column] else "")
                     for column in columns]
            codes = ", ".join(f"{count} {code}" for code, count in sorted(self.codes[row].items()))
            print(f"{row:42}" + "".join(f"{cell:>20}" for cell in cells) + (f"   {codes}" if codes else ""))
        for row, program, label, why in self.failures:
            print(f"LOST: {program}: {row}: {label}: {why}")
        print(f"{sum(self.tried.values())} times made to fail, {len(self.failures)} not recovered")


def run_program(program, parts, step, seed, table):
    for part in [part for part in parts if part in program.parts]:
        began = time.monotonic()
        rng = random.Random(f"{seed} {program.name} {part}")
        for row, label, attempt in PARTS[part](program, step, rng):
            try:
                table.add(row, program.name, attempt())
            except Exception as trouble:  # whatever it is, this point did not recover; the others are still tried
                table.add(row, program.name, 1)
                table.failures.append((row, program.name, label, f"{type(trouble).__name__}: {trouble}"[:1500]))
        tried = sum(n for (_, name), n in list(table.tried.items()) if name == program.name)
        lost = sum(name == program.name for _, name, _, _ in list(table.failures))
        print(f"{program.name}: {part}: {time.monotonic() - began:.0f} s; so far {tried} tried, {lost} lost",
              file=sys.stderr, flush=True)


def run(directory, server, parts=tuple(PARTS), step=1, seed=1, only=""):
    """The table; programs side by side, for each has its own folders and database."""
    need(PRELOAD)
    truth = Truth(directory)
    table = Table()
    try:
        rows = [program for program in programs(truth, server) if only in program.name]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for done in [pool.submit(run_program, program, parts, step, seed, table) for program in rows]:
                done.result()
    finally:
        truth.stop()
    return table


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--step", type=int, default=1)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--only", default="", help="programs whose name has this in it")
    words.add_argument("part", nargs="*", choices=[[], *PARTS])
    options = words.parse_args()
    started = time.monotonic()
    # Syncs are noted, not waited for: what a disk would have is made of the notes.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="netty-crash-", dir=memory) as directory, \
            tempfile.TemporaryDirectory(prefix="netty-crash-pg-", dir="/tmp") as cluster:
        os.chmod(cluster, 0o755)
        server = Postgres(cluster)
        server.start()
        try:
            table = run(directory, server, options.part or tuple(PARTS), options.step, options.seed, options.only)
        finally:
            server.stop("immediate")
    table.show()
    print(f"seed {options.seed}, {time.monotonic() - started:.0f} s")
    return 1 if table.failures else 0


if __name__ == "__main__":
    sys.exit(main())
