"""`make bench`: every figure of tests/bench/README.md in one run, the ways interleaved, medians. See there for what the rows mean.

usage: bench.py [--records N] [--rounds R] [--only PART ...] [--dry]
       PART: extract load whole memory scale ahead idle views peers; --dry prints and leaves README.md alone
"""
import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "e2e/support"), str(Path(__file__).resolve().parent / "peers")]
import data  # noqa: E402
import race  # noqa: E402
import rest  # noqa: E402
import sheet  # noqa: E402
import ways  # noqa: E402
from harness import BUILD, ROOT, Netty, Postgres, Sim  # noqa: E402

# Durability as PostgreSQL has it by default. No checkpoint and no autovacuum falls into one way and not into another. The
# table at hand fits into its memory, which is what a small Supabase instance (2 GB) has: with Debian's 128 MB, less than one of the
# tables, a way would be slower or faster by what the ways before it have left there.
SETTINGS = ("shared_buffers=512MB", "max_wal_size=16GB", "checkpoint_timeout=1h", "autovacuum=off", "max_connections=60")
ROWWISE_SAMPLE = 5000
PARTS = ("extract", "load", "whole", "memory", "scale", "ahead", "idle", "views", "peers")


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


class Results:
    """name -> what each round took."""

    def __init__(self):
        self.took = {}

    def add(self, name, took):
        self.took.setdefault(name, []).append(took)

    def __contains__(self, name):
        return name in self.took

    def rounds(self, name):
        return len(self.took[name])

    def median(self, name, what="wall"):
        return median(getattr(took, what) for took in self.took[name])

    def ratio(self, name, reference, what="wall"):
        """How much faster: the median of the rounds' own ratios, for two ways of one round share the machine's mood."""
        pairs = zip(self.took[name], self.took[reference])
        return median(getattr(b, what) / getattr(a, what) for a, b in pairs)


def has_option(name):
    return f"--{name} " in subprocess.run([BUILD / "netty-load", "--help"], capture_output=True, text=True).stdout


def extract_part(run):
    """yajl alone and the extractor without its network, in turn, over the same recorded answers."""
    n = min(run.n, 100_000)
    recordings = {
        "1.3 KB": data.record(run, run.dir / "small.rec", n),
        "3.6 KB": data.record(run, run.dir / "large.rec", n * 2 // 5, "--record-bytes", 3600),
        "pretty": data.record(run, run.dir / "pretty.rec", n // 2, "--pretty"),
    }
    for number in range(max(run.rounds, 7)):
        for name, path in recordings.items():
            for way, segment in (("yajl", None), ("extract", 1 << 50), ("sealed", 64 << 20)):
                if way == "sealed" and name != "1.3 KB":
                    continue
                spool = run.dir / f"rate-{way}-{number}"
                arguments = [path] if way == "yajl" else [path, spool, segment]
                out = run.ground.rate("yajl_rate" if way == "yajl" else "extract_rate", *arguments)
                took = ways.Took(out["wall_us"] / 1e6, out["cpu_us"] / 1e6)
                took.bytes, took.records = out["bytes"], out["records"]
                run.results.add(f"{way} {name}", took)
                run.remove(spool)
    for path in recordings.values():
        path.unlink()


def load_round(run, series, number):
    """Each way through the same three states, on tables of its own; the neighbours in time are those to be compared."""
    one, shipped = run.ground.database("copied", "plain", "rowwise"), run.ground.database()
    wanted = {}
    if run.connections:
        wanted["one"] = (one, ["--connections", "1"], run.dir / "spool-one")
    else:
        wanted["one"] = (one, [], run.dir / "spool-one")
    wanted["shipped"] = (shipped, [], run.dir / "spool-shipped")
    run.results.add("copy binary", run.ground.copy_binary(one, "copied", series.rows))
    for state in ("first", "again", "changed"):
        turn = list(wanted.items())
        for name, (db, arguments, spool) in turn if number % 2 == 0 else turn[::-1]:
            took, row = run.ground.load(series.netty, db, ways.next_state(series, spool, state), *arguments)
            check_counts(row, state, series.n)
            run.results.add(f"{name} {state}", took)
        rows = series.new_rows if state == "changed" else series.rows
        run.results.add(f"plain {state}", run.ground.plain_upsert(one, "plain", rows))
    if number == 0:
        check_equal(one, shipped)
    sample = min(ROWWISE_SAMPLE, series.n)
    for state, rows in (("first", series.rows), ("changed", series.new_rows)):
        took = run.ground.rowwise(one, "rowwise", rows, sample)
        took.wall *= series.n / sample
        run.results.add(f"rowwise {state}", took)
    for db, _, spool in wanted.values():
        db.drop()
        run.remove(spool)


def check_counts(row, state, n):
    """A way that does not do what it is measured for is no figure."""
    expected = {"first": "inserted", "again": "unchanged", "changed": "updated"}[state]
    assert row[expected] >= n and row["dead"] == 0, f"{state}: {row}"


def check_equal(one, shipped):
    """Fast and equal: the merged rows are those of the plain way, each member of each row."""
    difference = '''SELECT count(*) FROM (
        (SELECT contact_id, data, time_created, time_modified FROM {0} EXCEPT ALL
         SELECT contact_id, data, time_created, time_modified FROM {1}) UNION ALL
        (SELECT contact_id, data, time_created, time_modified FROM {1} EXCEPT ALL
         SELECT contact_id, data, time_created, time_modified FROM {0})) AS d'''
    assert one.value(difference.format('"netty-contacts"', "plain")) == 0, "the loader's rows differ from the plain way's"
    sums = 'SELECT md5(string_agg(md5(t::text), \'\' ORDER BY contact_id)) FROM (SELECT contact_id, data,' \
           ' time_created, time_modified FROM "netty-contacts") AS t'
    assert one.value(sums) == shipped.value(sums), "one connection and several give different rows"


def load_part(run):
    say(f"making the records ({run.n}, three states)")
    series = data.Series(run, run.dir / "series")
    for number in range(run.load_rounds):
        load_round(run, series, number)
        say(f"load, round {number + 1} of {run.load_rounds}")
    run.remove(series.dir)


def whole_part(run):
    sim = run.sim(f"contacts:{run.n}")
    netty = Netty(run.dir)
    for number in range(run.load_rounds):
        for name in ("both", "pipeline") if number % 2 == 0 else ("pipeline", "both"):
            db = run.ground.database()
            spool = run.dir / f"whole-{number}"
            if name == "both":
                took = ways.both_programs(run.ground, netty, db, sim, run.n, spool)
            else:
                took = ways.shell_pipeline(run.ground, db, sim, run.n)
            run.results.add(f"whole {name}", took)
            db.drop()
            run.remove(spool)
        say(f"whole path, round {number + 1} of {run.load_rounds}")
    sim.stop()


VIEW_COLUMNS = {  # member: its value of record n, and the bare cast
    "flag": ("n % 3 = 0", "boolean"), "rooms": ("n % 9", "integer"), "big": ("n + 10000000000", "bigint"), "price": ("n + 0.25", "numeric"),
    "born": ("(date '1960-01-01' + n % 20000)::text", "date"), "at": ("(time '00:00' + n % 80000 * interval '1 s')::text", "time"),
    "signed": ("(timestamp '2020-01-01' + n * interval '61 s')::text", "timestamp"),
    "sent": ("to_char(timestamp '2020-01-01' + n * interval '61 s', 'YYYY-MM-DD\"T\"HH24:MI:SS') || '+02:00'", "timestamptz"),
    "uid": ("md5(n::text)::uuid::text", "uuid"), "city": ("'city ' || n % 500", "text")}


def views_part(run):
    """All rows and columns, by the bare casts and through the view, in turn; then each column alone. One process, nothing compiled."""
    db = run.ground.database()
    members = ", ".join(f"'{name}', {value}" for name, (value, _) in VIEW_COLUMNS.items())
    db.query(f"""INSERT INTO "netty-contacts" (contact_id, data, time_created, time_modified)
        SELECT n, jsonb_build_object({members}), now(), now() FROM generate_series(1, {run.n}) AS n""")
    db.query('VACUUM ANALYZE "netty-contacts"')
    netty = Netty(run.dir / "views")
    run.ground.meter([BUILD / "netty-load", "views", "--apply", "--quiet", "contacts"], env=netty.environment(db=db, env={}))
    fixed = "SET max_parallel_workers_per_gather = 0; SET jit = off; SET TimeZone = 'UTC'; SET work_mem = '64MB';"
    ways_of = {name: (f"(data->>'{name}')::{kind}", f'"{name}"') for name, (_, kind) in VIEW_COLUMNS.items()}

    def ask(name, bare, columns):
        what = ", ".join(f"count({column})" for column in columns)
        run.results.add(name, run.ground.psql(db, f"{fixed}\nSELECT {what} FROM {bare};\n"))

    for number in range(run.rounds):
        ask("views bare", '"netty-contacts"', [bare for bare, _ in ways_of.values()])
        ask("views typed", "netty.contacts", [typed for _, typed in ways_of.values()])
        for name, (bare, typed) in ways_of.items():
            ask(f"views bare {name}", '"netty-contacts"', [bare])
            ask(f"views typed {name}", "netty.contacts", [typed])
        say(f"views, round {number + 1} of {run.rounds}")
    run.figures["views"] = {name: kind for name, (_, kind) in VIEW_COLUMNS.items()}
    db.drop()


class Bench:
    def __init__(self, arguments, directory):
        self.n, self.rounds, self.dir = arguments.records, arguments.rounds, directory
        self.load_rounds = self.rounds if self.n <= 200_000 else min(self.rounds, 3)
        self.results = Results()
        self.sims = []
        self.figures = {}  # what is no race: memory, CPU, scale
        self.server = Postgres(directory, *SETTINGS)
        self.connections = has_option("connections")

    def sim(self, tables, *options):
        self.sims.append(Sim(tables, *options))
        return self.sims[-1]

    def stop(self):
        for sim in self.sims:
            sim.stop()
        self.server.stop("immediate")

    def remove(self, path):
        subprocess.run(["rm", "-rf", path], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--dry", action="store_true")
    arguments = parser.parse_args()
    where = ROOT / "var" / "bench"
    where.mkdir(parents=True, exist_ok=True)
    parts = {"extract": extract_part, "load": load_part, "whole": whole_part, "memory": rest.memory_part,
             "scale": rest.scale_part, "ahead": rest.ahead_part, "idle": rest.idle_part, "views": views_part, "peers": race.peers_part}
    with tempfile.TemporaryDirectory(dir=where) as directory:
        run = Bench(arguments, Path(directory))
        run.server.start()
        run.ground = ways.Ground(run.dir, run.server)
        began = time.monotonic()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))  # so that what was started is stopped
        try:
            for name in arguments.only:
                say(f"{name} ...")
                parts[name](run)
        finally:
            run.stop()
        table = sheet.render(run, time.monotonic() - began)
    print(table)
    if "peers" in run.figures:
        print(race.render(run))
    if not arguments.dry and "peers" in run.figures:
        race.keep(race.render(run))
    if not arguments.dry and set(arguments.only) == set(PARTS):
        sheet.keep(table)
        print(f"written to {os.path.relpath(sheet.PAGE, ROOT)}", file=sys.stderr)


if __name__ == "__main__":
    main()
