"""`make bench BENCH='--only peers'`: this project against the strongest clients written for the same job with other tools."""
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import data
import sheet
import ways
from harness import BUILD, KEY, Netty, key_of

HERE = Path(__file__).resolve().parent
BEGIN = "<!-- peers: begin (make bench writes what stands between these two lines) -->"
END = "<!-- peers: end -->"
PHASES = {"first": "first", "again": "nothing changed", "some": "1 % changed", "all": "all changed"}
ROUNDS = 3


def node_environment():
    """Debian's own nodejs looks there by itself, others do not."""
    known = os.environ.get("NODE_PATH")
    return {**os.environ, "NETTY_API_KEY": KEY, "NODE_PATH": f"{known}:/usr/share/nodejs" if known else "/usr/share/nodejs"}


def python_environment():
    return {**os.environ, "NETTY_API_KEY": KEY}


PEERS = {  # name: how it is started, and the packages that it needs
    "Node, the server splits the page": (["/usr/bin/env", "node", HERE / "peer.js"], node_environment, "nodejs node-pg"),
    "Python, aiohttp and asyncpg": (["/usr/bin/python3", HERE / "peer.py"], python_environment, "python3-aiohttp python3-asyncpg"),
}


def is_there(peer):
    command, environment, _ = peer
    return subprocess.run([*command, "--check"], env=environment(), stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


class Shape:
    """Tables of the stand-in, and the truth about them in a database of its own."""

    def __init__(self, run, words, tables):
        self.run, self.words, self.tables, self.made = run, words, tables, 0
        self.sim = run.sim(",".join(f"{name}:{n}" for name, n in tables.items()))
        self.sim.mood(gzip=0)

    def state(self):
        """Reads the truth as it is now, which also makes the stand-in's texts; returns its rows and their sums."""
        self.made += 1
        db = self.database()
        rows = {}
        for name in self.tables:
            lines = self.sim.get(f"/_sim/truth/{name}").encode().rstrip(b"\n").split(b"\n")
            rows[name] = data.Rows(self.run.dir / f"peers-{name}-{self.made}", lines)
            copy(self.run, db, name, f"'{rows[name].text}'")
        sums = self.sums(db)
        db.drop()
        return rows, sums

    def database(self):
        db = self.run.ground.database()
        db.create(*(name for name in self.tables if name != "contacts"))
        db.query("CREATE TABLE peer_state (name text PRIMARY KEY, watermark timestamptz)")
        return db

    def sums(self, db):
        """Of every row, each member and each digit of it."""
        db.query("SET TimeZone = 'UTC'")
        return {name: db.query(f"""SELECT count(*), md5(string_agg(md5(row(t.*)::text), '' ORDER BY {key_of(name)})) FROM
            (SELECT {key_of(name)}, data, time_created, time_modified FROM "netty-{name}") AS t""")[0] for name in self.tables}

    def edit(self, share):
        for name, n in self.tables.items():
            self.sim.edit(name, max(1, n // share))


def copy(run, db, name, how):
    columns = f"{key_of(name)}, data, time_created, time_modified"
    return run.ground.psql(db, f"\\copy \"netty-{name}\" ({columns}) from {how}\n")


def together(tooks):
    return ways.Took(sum(t.wall for t in tooks), sum(t.cpu for t in tooks), sum(t.server for t in tooks), max(t.peak for t in tooks))


def ours(shape, db, spool):
    run = shape.run
    env = Netty(run.dir).environment(sim=shape.sim, db=db, env={"NETTY_SPOOL": spool, "NETTY_LIMIT": 100})
    return together([run.ground.meter([BUILD / program, "--quiet", *shape.tables], env=env)[0]
                     for program in ("netty-extract", "netty-load")])


def theirs(shape, db, peer):
    command, environment, _ = peer
    tables = [f"{name}:{key_of(name)}" for name in shape.tables]
    return shape.run.ground.meter([*command, shape.sim.url, db.url, *tables], env=environment())[0]


def floor(shape, rows):
    """Bare curl of all pages, and COPY BINARY of rows that are ready."""
    db = shape.database()
    urls = [f"{shape.sim.url}/{name}?sort=time_modified:asc&limit=100&offset=[0-{n - 1}:100]" for name, n in shape.tables.items()]
    tooks = [shape.run.ground.meter(["/usr/bin/curl", "-sS", "--fail", "-H", f"x-netty-api-key: {KEY}",
                                     *(word for url in urls for word in ("-o", "/dev/null", url))])[0]]
    tooks += [copy(shape.run, db, name, f"'{rows[name].binary}' with (format binary)") for name in shape.tables]
    db.drop()
    return together(tooks)


def race(run, shape, peers, results, number):
    """All clients through the four states, in turn, each with a database of its own; the right data or no figure."""
    clients = {"ours": None, **peers}
    databases = {name: shape.database() for name in clients}
    spool = run.dir / "peers-spool"
    for phase in PHASES:
        if phase in ("some", "all"):
            shape.edit(100 if phase == "some" else 1)
        if phase != "again":
            rows, truth = shape.state()
        turn = list(clients.items())
        for name, peer in turn if number % 2 == 0 else turn[::-1]:
            db = databases[name]
            run.ground.settle(db)
            took = ours(shape, db, spool) if peer is None else theirs(shape, db, peer)
            found = shape.sums(db)
            assert found == truth, f"{name}, {phase}: {found} instead of {truth}"
            db.connection.close()
            results.setdefault((name, phase), []).append(took)
        if phase == "first":
            results.setdefault(("floor", phase), []).append(floor(shape, rows))
    for db in databases.values():
        db.drop()
    run.remove(spool)


def peers_part(run):
    there = {name: peer for name, peer in PEERS.items() if is_there(peer)}
    absent = [f"{name}: absent, not measured (install {peer[2]})" for name, peer in PEERS.items() if name not in there]
    for line in absent:
        print(line, file=sys.stderr)
    five = run.n // 25
    shapes = {f"{five * 5:,} records in 5 tables": {name: five for name in ("contacts", "users", "companies", "products", "tasks")},
              f"{run.n:,} in one": {"contacts": run.n}}
    figures = {}
    for words, tables in shapes.items():
        results = figures[words] = {}
        for number in range(min(run.rounds, ROUNDS)):
            shape = Shape(run, words, tables)
            race(run, shape, there, results, number)
            shape.sim.stop()
            print(f"peers, {words}, round {number + 1}", file=sys.stderr, flush=True)
    run.figures["peers"] = (figures, list(there), absent)


def cell(results, name, phase):
    """The median of each round's own ratio."""
    if (name, phase) not in results:
        return ""
    pairs = zip(results[name, phase], results["ours", phase])
    return f"{median((a.cpu + a.server) / max(b.cpu + b.server, 0.001) for a, b in pairs):.2f}"


def absolute(results, phase):
    tooks = results["ours", phase]
    return f"{median(t.cpu for t in tooks) * 1000:,.0f} + {median(t.server for t in tooks) * 1000:,.0f} ms"


def peak(results, name):
    return f"{max(t.peak for (who, _), tooks in results.items() if who == name for t in tooks) / 1024:.0f} MiB"


def table(words, results, names):
    rows = [("this project: clients + server", *(absolute(results, phase) for phase in PHASES), peak(results, "ours"))]
    rows += [(name, *(cell(results, name, phase) for phase in PHASES), peak(results, name)) for name in names]
    rows.append(("floor: COPY BINARY of ready rows + bare curl", *(cell(results, "floor", phase) for phase in PHASES), ""))
    return sheet.table([f"{words}: times this project's CPU", *PHASES.values(), "peak"], rows)


def render(run):
    figures, names, absent = run.figures["peers"]
    words = lambda *command: subprocess.run(command, cwd=HERE, capture_output=True, text=True).stdout.strip()  # noqa: E731
    rounds = len(next(iter(next(iter(figures.values())).values())))
    parts = [f"Measured {words('date', '-u', '+%F')} at {words('git', 'describe', '--always', '--dirty')}; medians of {rounds} rounds. "
             f"Load before it {sheet.load_before}, after it {os.getloadavg()[0]:.2f}.", f"Machine: {sheet.machine()}."]
    parts += [table(shape, results, names) for shape, results in figures.items()]
    parts += [f"{line}." for line in absent]
    return "\n\n".join(parts)


def keep(text):
    before, rest = sheet.PAGE.read_text().split(BEGIN)
    sheet.PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}")
