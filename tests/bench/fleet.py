"""`make bench-fleet`: many accounts against one PostgreSQL and one stand-in. tests/bench/README.md says what the rows mean.

usage: fleet.py [--accounts 200] [--tables 5] [--records 200] [--rounds 3] [--keep]
       --keep writes the table to README.md
"""
import argparse
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e/support"))
import fleet_sheet  # noqa: E402
import ways  # noqa: E402
from disk_costs import DiskCost  # noqa: E402
from harness import BUILD, KEY, ROOT, Database, Netty, Postgres, Sim  # noqa: E402
from remotes import edit_lines, edit_note  # noqa: E402
from rest import table_names  # noqa: E402
from stores import CountingStore  # noqa: E402

SETTINGS = ("shared_buffers=512MB", "max_wal_size=16GB", "checkpoint_timeout=1h", "autovacuum=off", "max_connections=100",
            "log_connections=on", "log_disconnections=on")
LARGE_TABLES = 15  # of the goal
BETWEEN = 600  # seconds between two runs
PUSHED = 5  # accounts that are pushed and pulled: rclone is a process for each object
PROGRAMS = ("netty-extract", "netty-load")


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


@dataclass
class Round:
    """What one round of a program over all accounts took."""
    cpu: float  # seconds of the program
    server: float = 0  # of PostgreSQL
    transactions: int = 0
    xids: int = 0
    wal: int = 0  # bytes
    sessions: int = 0
    connections: int = 0  # at the worst
    rows: list = field(default_factory=list)


class Fleet:
    """Accounts that share a stand-in, a server and a folder; each has its spool and its schema."""

    def __init__(self, bench, accounts, tables):
        self.bench, self.count, self.tables = bench, accounts, table_names(tables)
        self.names = [f"agency-{number:04}" for number in range(accounts)]
        self.dir = bench.dir / f"fleet-{accounts}-{tables}"
        self.dir.mkdir()
        self.netty = Netty(self.dir)
        self.sim = Sim(",".join(f"{table}:{bench.records}" for table in self.tables), "--span", "3650d")
        self.db = Database(bench.server)
        self.db.query("; ".join(f'CREATE SCHEMA "{name}"' for name in self.names))
        self.rounds = {}  # (state, program) -> [Round, ...]
        self.disk = {}  # (state, program) -> (syncs, bytes), an account-run each
        self.spools = {}  # state -> bytes, files: by how much an account's spool grew in one run
        self.write_settings()

    def write_settings(self):
        del self.netty.env["NETTY_API_KEY"]
        key = self.dir / "key"
        key.write_text(KEY + "\n")
        sections = "".join(f"[account {name}]\napi-key-file = {key}\nschema = {name}\n" for name in self.names)
        conf = self.dir / "netty.conf"
        conf.write_text(f"base-url = {self.sim.url}\ntables = {', '.join(self.tables)}\n{sections}")
        for path in (key, conf):
            path.chmod(0o600)

    def arguments(self, program):
        return ["--json", "--quiet", *(["--create-tables"] if program == "netty-load" else [])]

    def environment(self):
        # Two accounts with one key are worth a warning in each round, and all of them have one here.
        return {"NETTY_LOG_LEVEL": "error", "NETTY_LIMIT": "100"}

    def round(self, state, program):
        """All accounts in one process, once."""
        look = Look(self)
        env = self.netty.environment(db=self.db, env=self.environment())
        took, out = self.bench.ground.meter([BUILD / program, *self.arguments(program)], env=env, cwd=self.dir)
        rows = [json.loads(line) for line in out.splitlines()]
        assert len(rows) == self.count and {row["code"] for row in rows} == {0}, rows[:3]
        found = look.stop(Round(took.cpu, took.server, rows=rows))
        self.rounds.setdefault((state, program), []).append(found)
        return found

    def pair(self, state):
        """One scheduled run of both programs, ten minutes after the last."""
        self.sim.post("/_sim/clock", advance=BETWEEN)
        before = self.size()
        rounds = [self.round(state, program) for program in PROGRAMS]
        after = self.size()
        self.spools.setdefault(state, []).append(tuple((b - a) / self.count for a, b in zip(before, after)))
        return rounds

    def counted(self, state):
        """The same under strace."""
        self.sim.post("/_sim/clock", advance=BETWEEN)
        for program in PROGRAMS:
            cost = DiskCost(self.netty, program, *self.arguments(program), db=self.db, env=self.environment(), timeout=3600)
            self.disk[state, program] = (sum(cost.syncs.values()) / self.count, sum(cost.bytes.values()) / self.count)

    def apart(self, state):
        """What it is compared with: a process an account, one after the other."""
        self.sim.post("/_sim/clock", advance=BETWEEN)
        env = self.netty.environment(db=self.db, env=self.environment())
        for program in PROGRAMS:
            look = Look(self)
            words = " ".join([str(BUILD / program), *self.arguments(program)])
            script = f"for name in {' '.join(self.names)}; do {words} --account $name || exit; done"
            took, _ = self.bench.ground.meter(["/bin/bash", "-c", script], env=env, cwd=self.dir)
            self.rounds.setdefault((state, program), []).append(look.stop(Round(took.cpu, took.server)))

    def edit(self, tables, n):
        for table in tables:
            self.sim.edit(table, n)

    def news(self):
        """A changed record of one table in each account, which is fetched."""
        self.edit(self.tables[:1], 1)
        self.sim.post("/_sim/clock", advance=BETWEEN)
        self.round("news", "netty-extract")

    def size(self):
        files = [path for path in self.netty.spool.rglob("*") if path.is_file()] if self.netty.spool.exists() else []
        return sum(path.stat().st_size for path in files), len(files)

    def mean(self, state, program, what):
        return median(getattr(round, what) for round in self.rounds[state, program]) / self.count

    def both(self, state, what):
        return sum(self.mean(state, program, what) for program in PROGRAMS)

    def stop(self):
        self.sim.stop()
        self.db.drop()


class Look:
    """What the server counts meanwhile; asked from another database, so that the asking does not count."""

    def __init__(self, fleet):
        self.fleet, self.log = fleet, fleet.bench.server.dir.resolve() / "log"
        fleet.db.connection and fleet.db.connection.close()
        self.began, self.size = self.counts(), self.log.stat().st_size

    def counts(self):
        bench = self.fleet.bench
        bench.admin.query("SELECT pg_stat_clear_snapshot()")
        return bench.admin.query("""SELECT xact_commit + xact_rollback, pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
            pg_current_wal_insert_lsn() - '0/0' FROM pg_stat_database WHERE datname = %s""", self.fleet.db.name)[0]

    def stop(self, round):
        """The sessions are gone: meter has waited for that."""
        now = self.counts()
        round.transactions, round.xids, round.wal = (int(b - a) for a, b in zip(self.began, now))
        open_now = 0
        text = self.log.read_bytes()[self.size:].decode(errors="replace")
        for word, database in re.findall(r"(connection authorized|disconnection): .*?database=(\S+)", text):
            if database != self.fleet.db.name:
                continue
            open_now += 1 if word == "connection authorized" else -1
            round.sessions += word == "connection authorized"
            round.connections = max(round.connections, open_now)
        return round


class Ships:
    """Push and pull through a store that counts, by the real rclone, the pulled spools being loaded: requests and bytes, by state. A few accounts, each by
    itself, or all of them together.

    What is new goes there, how far it is loaded comes back in the rounds after that: of such a state three rounds count together."""

    def __init__(self, fleet, together=False):
        self.fleet, self.together, self.store, self.states = fleet, together, CountingStore(), {}
        self.accounts = fleet.names if together else fleet.names[:PUSHED]
        self.pulled = fleet.dir / ("pulled-together" if together else "pulled")

    def rounds(self, state, n):
        found = {"push": Counter(), "pull": Counter()}
        if state == "a sign of life":
            self.age()
        for _ in range(n):
            for command in found:
                found[command] += self.ship(command)
            self.load()
        self.states[state] = found

    def news(self, warm, n):
        """Something new in each round: what one round is then, once the first ones are over."""
        for turn in range(warm + n):
            self.fleet.news()
            self.rounds("news", 1)
            if turn == warm:
                found = self.states["news"]
            elif turn > warm:
                found = {command: found[command] + self.states["news"][command] for command in found}
        self.states["news"] = {command: Counter({name: value / n for name, value in counts.items()}) for command, counts in found.items()}

    def age(self):
        """As after an hour: there is a sign of life to be given, and who pulls is looked for."""
        ago = "2024-01-01T00:00:00.000000Z"
        for spool in [self.fleet.netty.spool] if self.together else [self.fleet.netty.spool / name for name in self.accounts]:
            edit_note(spool, written=ago, **({"all": ago} if self.together else {}))
            for path in (spool / ".push").glob("*.back.json"):
                edit_lines(path, listed=ago)

    def commands(self, command):
        """(words, where the program runs): a pull of one account's needs no settings."""
        if self.together:
            return [([BUILD / "netty-spool", command, "s3:bucket/host", *(["--spool", self.pulled] if command == "pull" else [])], self.fleet.dir)]
        return [([BUILD / "netty-spool", command, f"s3:bucket/{name}", *(["--spool", self.pulled / name] if command == "pull" else ["--account", name])],
                 self.fleet.bench.dir if command == "pull" else self.fleet.dir) for name in self.accounts]

    def ship(self, command):
        """{name of a count: n}, for each process"""
        before, cpu = self.store.counts.copy(), 0
        env = self.fleet.netty.environment(env={**self.store.environment(), "NETTY_LOG_LEVEL": "error"})
        commands = self.commands(command)
        for words, where in commands:
            took, _ = self.fleet.bench.ground.meter(words, env=env, cwd=where)
            cpu += took.cpu
        return Counter({name: n / len(commands) for name, n in {**self.store.since(before), "cpu": cpu}.items()})

    def load(self):
        """What was pulled has the identity of what was pushed, and goes into the same schema."""
        for which in [()] if self.together else [("--account", name) for name in self.accounts]:
            env = {**self.fleet.environment(), "NETTY_SPOOL": self.pulled}
            self.fleet.netty.load("--quiet", *which, db=self.fleet.db, env=env, timeout=3600)


class Bench:
    def __init__(self, arguments, directory):
        self.arguments, self.records, self.dir = arguments, arguments.records, directory
        self.server = Postgres(directory, *SETTINGS)
        self.fleets, self.ships, self.together = [], None, None

    def start(self):
        self.server.start()
        self.ground = ways.Ground(self.dir, self.server)
        self.admin = Database(self.server)

    def fleet(self, accounts, tables):
        """First sync, quiet runs, a table with one changed record, 1 % of each table; and a process an account."""
        fleet = Fleet(self, accounts, tables)
        self.fleets.append(fleet)
        words = f"{accounts} accounts of {len(fleet.tables)} tables"
        say(f"{words}: first sync")
        _, loaded = fleet.pair("first")
        assert sum(row["inserted"] for row in loaded.rows) >= accounts * tables * self.records, loaded.rows[:3]
        for _ in range(3):
            fleet.pair("after")
        say(f"{words}: quiet")
        for _ in range(self.arguments.rounds):
            _, loaded = fleet.pair("quiet")
            assert not any(row["read"] for row in loaded.rows), "a run that was to be quiet has loaded something"
        fleet.counted("quiet")
        say(f"{words}: a process an account, quiet")
        fleet.apart("apart")
        say(f"{words}: changed")
        for state, tables in (("one table", fleet.tables[:1]), ("changed", fleet.tables)):
            for way in (fleet.pair, fleet.counted):
                fleet.edit(tables, 1 if state == "one table" else max(self.records // 100, 1))
                way(state)
                if way == fleet.pair:
                    assert all(row["updated"] >= 1 for row in fleet.rounds[state, "netty-load"][-1].rows)
        return fleet

    def ship(self, fleet):
        say("push and pull")
        ships = self.ships = Ships(fleet)
        self.ship_states(ships)
        fleet.edit(fleet.tables[:1], 1)
        fleet.pair("pushed")
        ships.rounds("a changed record", 3)
        ships.store.stop()
        say("push and pull together")
        ships = self.together = Ships(fleet, together=True)
        self.ship_states(ships)
        ships.news(2, 3)
        ships.store.stop()

    @staticmethod
    def ship_states(ships):
        ships.rounds("first", 1)
        ships.rounds("after it", 3)
        ships.rounds("nothing new", 1)
        ships.rounds("a sign of life", 3)

    def stop(self):
        for fleet in self.fleets:
            fleet.sim.stop()
        self.server.stop("immediate")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--tables", type=int, default=5)
    parser.add_argument("--records", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    where = ROOT / "var" / "bench"
    where.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=where) as directory:
        bench = Bench(arguments, Path(directory))
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))  # so that what was started is stopped
        began = time.monotonic()
        try:
            bench.start()
            fleet = bench.fleet(arguments.accounts, arguments.tables)
            bench.ship(fleet)
            if arguments.tables != LARGE_TABLES:
                bench.fleet(max(arguments.accounts // 5, 1), LARGE_TABLES)
        finally:
            bench.stop()
        table = fleet_sheet.render(bench, time.monotonic() - began)
    print(table)
    if arguments.keep:
        fleet_sheet.keep(table)


if __name__ == "__main__":
    main()
