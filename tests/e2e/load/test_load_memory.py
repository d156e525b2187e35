"""The loader's memory does not depend on how much there is, and waiting costs next to nothing. Programs as shipped."""
import re
import signal
import subprocess
import sys
import time

import pytest

from harness import BUILD, wait_for

MIB = 1024


def peak(netty, sims, db, records, *options):
    """Peak resident memory of a whole load, in KiB: read from the program itself, which stays with --every."""
    sim = sims(f"contacts:{records}", *options)
    env = {"NETTY_SPOOL": netty.dir / f"spool-{records}-{len(netty.background)}"}
    netty.extract("contacts", sim=sim, env=env)
    sim.stop()
    db.query('TRUNCATE "netty-contacts"')
    process = netty.start("netty-load", "--json", "--every", "300d", "contacts", db=db, env=env)
    summary = process.stdout.readline()  # at the end of its first run
    kib = int(re.search(r"VmHWM:\s+(\d+) kB", open(f"/proc/{process.pid}/status").read()).group(1))
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert f'"inserted":{records},' in summary, summary
    print(f"peak of {records} records: {kib / MIB:.2f} MiB {options}")
    return kib


@pytest.mark.release
def test_peak_memory_of_many_records_is_that_of_few(netty, sims, db):
    db.create("contacts")
    small, large = peak(netty, sims, db, 10_000), peak(netty, sims, db, 60_000)
    assert large <= 16 * MIB, f"{large / MIB:.2f} MiB"
    assert large - small <= MIB, f"{small / MIB:.2f} and {large / MIB:.2f} MiB"


@pytest.mark.release
@pytest.mark.parametrize("records, size", [(10_000, 100), (40, 1 << 20)])
def test_peak_memory_grows_only_with_the_largest_record(netty, sims, db, records, size):
    db.create("contacts")
    held = peak(netty, sims, db, records, "--record-bytes", size)
    assert held <= 16 * MIB + 2 * size / 1024, f"{held / MIB:.2f} MiB"


@pytest.mark.release
def test_many_tables_take_no_more_memory_than_a_few(netty, spool, db):
    """--jobs of them are under way at a time; the others have given back what they took, or have taken nothing yet."""
    held = {}
    for tables in (8, 40):
        for number in range(tables):
            writer = spool.table(f"t{tables}x{number}")
            for page in range(0, 1500, 100):
                writer.page([f'{{"t{tables}x{number}_id":{key},"text":"{"x" * 1200}"}}' for key in range(page, page + 100)])
        names = [f"t{tables}x{number}" for number in range(tables)]
        held[tables] = peak_of(netty, db, 0, "--create-tables", *names)
        if tables == 8:  # now and then the eight never fill all their batches at a time
            for name in names:
                db.query(f'DROP TABLE "netty-{name}"')
            held[tables] = max(held[tables], peak_of(netty, db, 0, "--create-tables", *names))
    print({tables: f"{kib / MIB:.2f} MiB" for tables, kib in held.items()})
    assert max(held.values()) <= 16 * MIB, held
    assert held[40] - held[8] <= 1.5 * MIB, held


def peak_of(netty, db, code, *arguments):
    """Of a program that ends, in KiB. A small process in between, whose own memory the kernel would count, too."""
    watch = "import resource, subprocess, sys; done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL);" \
            "print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run([sys.executable, "-S", "-c", watch, BUILD / "netty-load", *arguments], text=True, timeout=300,
                          env=netty.environment(db=db), cwd=netty.dir, capture_output=True)
    ended, kib = map(int, done.stdout.split())
    assert ended == code, done.stderr
    return kib


@pytest.mark.release
def test_check_looks_at_many_rows_in_little_memory(sims, netty, db):
    """Digests that agree, and ones that do not, so that each row is compared; and what merging has kept."""
    sim = sims("contacts:20000")
    netty.extract("contacts", sim=sim)
    netty.load("--create-tables", db=db)
    assert peak_of(netty, db, 0, "check", "contacts") <= 16 * MIB
    db.query("""INSERT INTO "netty-contacts" SELECT 10000000 + n, '{"deleted": false}' FROM generate_series(1, 150000) n;
                UPDATE "netty-contacts" SET time_modified = '-infinity' WHERE contact_id < 5""")
    for words, code in ((["check", "contacts"], 65), (["check", "--merge", "contacts"], 0)):
        kib = peak_of(netty, db, code, *words)
        assert kib <= 18 * MIB, (words, kib)


@pytest.mark.release
@pytest.mark.parametrize("program, arguments", [
    ("netty-load", ["--follow"]), ("netty-load", ["--every", "10m"]), ("netty-extract", ["--every", "10m"])])
def test_waiting_takes_few_calls(netty, sims, db, program, arguments):
    """Ten a second would be a second of CPU in an hour, at 25 µs for one with its way in and out of sleep."""
    sim = sims("contacts:300")
    db.create("contacts")
    netty.extract("contacts", sim=sim)
    process = netty.start(program, "--json", *arguments, "contacts", sim=sim, db=db)
    if "--every" in arguments:
        assert process.stdout.readline(), open(process.err_path).read()
    else:
        wait_for(lambda: db.value('SELECT count(*) FROM "netty-contacts"') == 300, "all records")
    time.sleep(1)  # what is tidied up behind the last commit
    calls = netty.dir / "calls"
    began = time.monotonic()
    strace = subprocess.Popen(["strace", "-qq", "-f", "-o", calls, "-p", str(process.pid)])
    time.sleep(4)
    strace.send_signal(signal.SIGINT)
    strace.wait(timeout=60)
    waited = time.monotonic() - began
    made = calls.read_text().splitlines()
    assert len(made) <= 10 * waited, f"{len(made)} calls in {waited:.1f} s: {made[:40]}"
    assert process.poll() is None
