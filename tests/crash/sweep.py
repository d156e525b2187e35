#!/usr/bin/python3
"""The damage sweep: a bit turned in, and the file cut at, every byte of every file of a small spool. `make sweep`.

    tests/crash/sweep.py [--step N]

Each time `netty-spool verify` must name damage (65), or everything must be read as it was; what is read is never anything
that was not written, and the program ends by itself. The programs are as shipped; at every 17th byte, and with --step at each,
they have sanitizers. Prints a row a file: how many times it was damaged, how often that was named, and how often it changed
nothing.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from world import BUILDS, KEY, Sim  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e/support"))
from harness import Database, Postgres  # noqa: E402

FOR_PEOPLE = ("lock", "roll.lock", "pace", "breaker.json", "reserve")
SANITIZED = 17  # bytes; with sanitizers a program takes ten times as long
CACHE = "unchanged-"  # the loader's own, large, each entry with a check; tests/unit/load/test_unchanged.c turns its bits


def program(name, spool, *arguments, url="", db=None, build="sanitized"):
    env = {"PATH": os.environ["PATH"], "NETTY_SPOOL": str(spool), "NETTY_API_KEY": KEY, "NETTY_RATE": "0",
           "NETTY_BASE_URL": url or "http://127.0.0.1:1", "ASAN_OPTIONS": "exitcode=99"}
    if db:
        env["DATABASE_URL"] = db.url
    return subprocess.run([BUILDS[build] / name, *arguments], env=env, capture_output=True, timeout=60)


def spools(directory):
    """An open segment; sealed ones."""
    sim = Sim("users:9", "--record-bytes", "100", seed=3)
    for name, sizes in (("open", ()), ("sealed", ("--segment-size", "1K"))):
        spool = Path(directory) / name
        program("netty-extract", spool, "--quiet", "--limit", "10", "users", url=sim.url)
        sim.edit("users", 2)
        for _ in range(3):  # the last ones find nothing new
            program("netty-extract", spool, "--quiet", *sizes, "users", url=sim.url)
        yield name, spool
    sim.stop()
    with tempfile.TemporaryDirectory(prefix="netty-sweep-pg-", dir="/tmp") as cluster:
        os.chmod(cluster, 0o755)
        server = Postgres(cluster)
        server.start()
        try:
            yield "loaded", loaded(Path(directory) / "loaded", Database(server))
        finally:
            server.stop("immediate")


def loaded(spool, db):
    """What the loader, pruning, a reconcile and healing leave beside the pages, one of each."""
    sim = Sim("users:24", "--record-bytes", "100", "--odd", "7:nul", seed=5)

    def run(name, *arguments, codes=(0,)):
        done = program(name, spool, *arguments, url=sim.url, db=db)
        assert done.returncode in codes, (name, arguments, done)

    small = ("--quiet", "--limit", "10", "--segment-size", "1K", "users")
    load = ("--quiet", "--create-tables", "users")
    run("netty-extract", *small)
    run("netty-load", *load, codes=(65,))
    run("netty-spool", "prune", "--spool-keep", "0s")
    sim.post("/_sim/delete", table="users", n=1)
    run("netty-extract", "--reconcile", *small)
    sim.edit("users", 12)
    run("netty-extract", *small)
    run("netty-load", *load, codes=(0, 65))
    sim.edit("users", 12)
    run("netty-extract", *small)
    page = sorted((spool / "users").glob("*.zst"))[-1]
    data = page.read_bytes()
    page.write_bytes(data[:60] + bytes([data[60] ^ 1]) + data[61:])
    run("netty-spool", "heal", codes=(0, 65))
    run("netty-spool", "verify")
    sim.stop()
    return spool


def judge(spool, whole, build):
    """(was it named?, what is wrong)"""
    verify = program("netty-spool", spool, "verify", build=build)
    read = program("netty-spool", spool, "cat", "users", build=build)
    named = verify.returncode != 0
    lines = set(read.stdout.splitlines())
    if verify.returncode not in (0, 65, 78) or read.returncode not in (0, 65, 78):
        return named, f"ended with {verify.returncode}, {read.returncode}: {verify.stderr[-300:]}"
    if not lines <= set(whole.splitlines()):
        return named, "read what was not written"
    if not named and read.stdout != whole:
        return named, "lost records, and named nothing"
    return named, None


def main():
    words = argparse.ArgumentParser()
    words.add_argument("--step", type=int, default=1)
    step = words.parse_args().step
    wrong, total = [], Counter()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    print(f"{'file':46}{'damaged':>9}{'named':>9}{'harmless':>9}")
    with tempfile.TemporaryDirectory(prefix="netty-sweep-", dir=memory) as directory:
        for kind, spool in spools(directory):
            whole = program("netty-spool", spool, "cat", "users").stdout
            assert len(whole.splitlines()) >= 9, whole
            for path in sorted(path for path in spool.rglob("*") if
                               path.is_file() and path.name not in FOR_PEOPLE and not path.name.startswith(CACHE)):
                data, counts = path.read_bytes(), Counter()
                for at in range(0, len(data), step):
                    build = "sanitized" if step > 1 or at % SANITIZED == 0 else "release"
                    turned = data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1:]
                    for damaged in (turned, data[:at]):
                        path.write_bytes(damaged)
                        named, trouble = judge(spool, whole, build)
                        counts["named" if named else "harmless"] += 1
                        if trouble:
                            wrong.append(f"{kind}/{path.relative_to(spool)}: byte {at}: {trouble}")
                path.write_bytes(data)
                total += counts
                print(f"{kind + '/' + str(path.relative_to(spool)):46}{sum(counts.values()):9}{counts['named']:9}"
                      f"{counts['harmless']:9}", flush=True)
            shutil.rmtree(spool)
    print("\n".join(wrong[:20]))
    print(f"{sum(total.values())} times damaged, {total['named']} named, {total['harmless']} harmless, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
