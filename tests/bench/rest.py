"""What is no race: memory, how time and memory grow, CPU of programs that wait, start, or find nothing to do."""
import json
import socket
import subprocess
import time
from statistics import median

import ways
from harness import BUILD, Netty, key_of

ALL_TABLES = "contacts users companies products mandates affairs tasks agencies properties"
SLICE = 30
STARTS = 9


def extract_and_load(run, tables, *options, arguments=()):
    """Both programs from nothing, one after the other: what each took."""
    sim = run.sim(",".join(f"{name}:{n}" for name, n in tables.items()), *options)
    netty, spool = Netty(run.dir), run.dir / "once"
    db = run.ground.database()
    db.create(*(name for name in tables if name != "contacts"))
    env = netty.environment(sim=sim, db=db, env={"NETTY_SPOOL": spool, "NETTY_LIMIT": 100})
    extracted, _ = run.ground.meter([BUILD / "netty-extract", "--quiet", *arguments, *tables], env=env)
    run.ground.settle(db)
    loaded, out = run.ground.meter([BUILD / "netty-load", "--quiet", "--json", *tables], env=env)
    rows = [json.loads(line) for line in out.splitlines()]
    assert sum(row["inserted"] for row in rows) == sum(tables.values()), rows
    sim.stop()
    db.drop()
    run.remove(spool)
    return extracted, loaded


def memory_part(run):
    """The peaks, each with what it may be: 16 MiB + 2 x the largest record."""
    peaks = run.figures["memory"] = []
    for name, n, size, options in (
            ("10,000 records of 1.3 KB", 10_000, 1500, ()),
            (f"{run.n:,} records of 1.3 KB", run.n, 1500, ()),
            ("10,000 records of 100 B", 10_000, 100, ("--record-bytes", 100)),
            ("40 records of 1 MB", 40, 1 << 20, ("--record-bytes", 1 << 20))):
        extracted, loaded = extract_and_load(run, {"contacts": n}, *options)
        peaks.append((name, extracted.peak, loaded.peak, 16 * 1024 + 2 * size / 1024))


def scale_part(run):
    growth = run.figures["scale"] = []
    sizes = [n for n in (10_000, 100_000, 1_000_000) if n <= max(run.n, 10_000)]
    for n in sizes:
        growth.append((f"1 table, {n:,} records", n, *extract_and_load(run, {"contacts": n})))
    total = min(run.n, 100_000)
    for count in (1, 10, 50):
        names = table_names(count)
        growth.append((f"{count} tables, {total:,} records together" if count > 1 else f"1 table, {total:,} records",
                       total, *extract_and_load(run, {name: total // count for name in names})))


def first_sync(run, sim, rate, *arguments):
    """Seconds that a first sync takes, and its requests."""
    netty, spool = Netty(run.dir), run.dir / "ahead"
    env = netty.environment(sim=sim, env={"NETTY_SPOOL": spool, "NETTY_LIMIT": 100, "NETTY_RATE": rate, "NETTY_AHEAD": None})
    took, out = run.ground.meter([BUILD / "netty-extract", "--quiet", "--json", *arguments, "contacts"], env=env)
    row = json.loads(out)
    assert row["status"] == "complete", row
    run.remove(spool)
    return took.wall, row["requests"]


def ahead_part(run):
    """Pages that are asked for ahead, and the same one after the other."""
    rows = run.figures["ahead"] = []
    sim = run.sim(f"contacts:{run.n * 2 // 5}")
    sim.mood(latency_ms=1000)
    wall, requests = first_sync(run, sim, 3)
    rows.append((f"{run.n * 2 // 5:,} records, a second a page, --rate 3: requests a second", wall, None, requests / wall, 2.8))
    sim.stop()
    sim = run.sim(f"contacts:{run.n}")
    for words, latency, least, rounds in ((f"{run.n:,} records, 50 ms a page, no limit", 50, 5, 1),
                                          (f"{run.n:,} records, loopback", 0, 0.95, run.rounds)):
        sim.mood(latency_ms=latency)
        pairs = [(first_sync(run, sim, 0)[0], first_sync(run, sim, 0, "--ahead", "1")[0]) for _ in range(rounds)]
        rows.append((f"{words}: times as fast as --ahead 1", median(wall for wall, _ in pairs), median(one for _, one in pairs),
                     median(one / wall for wall, one in pairs), least))
    sim.stop()


def table_names(count):
    """The API's own first, then others of the same kind."""
    names = ALL_TABLES.split()
    names += [f"t{number}s" for number in range(count - len(names))]
    assert key_of("t1s") == "t1_id"
    return names[:count]


def idle_part(run):
    sim, netty, db = run.sim("contacts:2000"), Netty(run.dir), run.ground.database()
    spool = run.dir / "idle"
    env = {"NETTY_SPOOL": spool, "NETTY_LIMIT": 100}
    netty.extract("contacts", sim=sim, env=env)
    netty.load("contacts", db=db, env=env)
    waiting = {
        "netty-load --follow": netty.start("netty-load", "--follow", "contacts", db=db, env=env),
        "netty-load --every 10m": netty.start("netty-load", "--every", "10m", "contacts", db=db, env=env),
        "netty-extract --every 10m": netty.start("netty-extract", "--every", "10m", "contacts", sim=sim, env=env),
    }
    time.sleep(3)
    before = {name: ways.cpu_of(process.pid) for name, process in waiting.items()}
    time.sleep(SLICE)
    idle = {name: (ways.cpu_of(process.pid) - before[name]) * 3600 / SLICE for name, process in waiting.items()}
    netty.stop_all()
    environment = netty.environment(sim=sim, db=db, env=env)
    nothing = {}
    for program in ("netty-extract", "netty-load"):
        nothing[program] = median(
            run.ground.meter([BUILD / program, "--quiet", "contacts"], env=environment)[0].cpu for _ in range(STARTS))
    idle["netty-load --every 10m"] += 6 * nothing["netty-load"]
    idle["netty-extract --every 10m"] += 6 * nothing["netty-extract"]
    run.figures["idle"] = idle
    run.figures["nothing"] = nothing
    run.figures["start"] = {
        "netty-extract": median(start_up(netty, "netty-extract", "sim") for _ in range(STARTS)),
        "netty-load": median(start_up(netty, "netty-load", "db") for _ in range(STARTS)),
    }
    sim.stop()
    db.drop()
    run.remove(spool)


def start_up(netty, program, what):
    """CPU until its first word comes in at the other side."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        server.settimeout(60)
        # A spool belongs to one API: another address needs another.
        spool = netty.dir / ("idle" if what == "db" else f"start-{address.rsplit(':', 1)[1]}")
        url = f"http://{address}" if what == "sim" else f"postgresql://netty@{address}/postgres"
        process = subprocess.Popen([BUILD / program, "--quiet", "contacts"], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env=netty.environment(**{what: url}, env={"NETTY_SPOOL": spool}))
        connection, _ = server.accept()
        connection.recv(1)
        took = ways.cpu_of(process.pid)
        process.kill()
        process.wait()
        connection.close()
    return took
