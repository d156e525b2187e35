"""The limits of a machine: descriptors, file sizes, inotify, a clock that jumps, a process that is stopped for long.

Each run ends with a documented code and says why; the next run without the limit is complete."""
import os
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harness import BUILD, assert_synced, wait_for

DOCUMENTED = (0, 64, 65, 66, 69, 70, 73, 74, 75, 76, 77, 78)


def limited(netty, program, *arguments, limit, sim=None, db=None):
    """Runs under a limit: (resource, value)."""
    done = subprocess.run([BUILD / program, *arguments], cwd=netty.dir, env=netty.environment(sim, db), text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                          preexec_fn=lambda: resource.setrlimit(limit[0], (limit[1], limit[1])))
    assert "runtime error" not in done.stderr and "AddressSanitizer" not in done.stderr, done.stderr
    # Where not even an event loop's own descriptors can be had, libuv aborts by design.
    aborted = done.returncode == -signal.SIGABRT and limit[0] == resource.RLIMIT_NOFILE and limit[1] < 8
    assert aborted or done.returncode in DOCUMENTED, (limit, done.returncode, done.stderr)
    if done.returncode > 0:
        assert done.stderr.strip(), (limit, done.returncode)
    return done


@pytest.mark.parametrize("least", range(4, 28, 3))
def test_few_descriptors(sims, db, netty, least):
    sim = sims("contacts:120,users:30")
    db.create("contacts", "users")
    limited(netty, "netty-extract", "contacts", "users", limit=(resource.RLIMIT_NOFILE, least), sim=sim)
    netty.extract("contacts", "users", sim=sim)
    limited(netty, "netty-load", limit=(resource.RLIMIT_NOFILE, least), db=db)
    netty.load(db=db)
    assert_synced(sim, db, "contacts", "users")
    for command in ("status", "verify", "ls"):
        limited(netty, "netty-spool", command, limit=(resource.RLIMIT_NOFILE, least))


def test_sixteen_descriptors_are_named(sims, netty):
    """`ulimit -n 16`: what ran out, and how to get more."""
    sim = sims("contacts:120,users:30,tasks:30,events:30")
    done = limited(netty, "netty-extract", "contacts", "users", "tasks", "events",
                   limit=(resource.RLIMIT_NOFILE, 10), sim=sim)
    assert done.returncode and "open files" in done.stderr.replace("Too many open files", "open files"), done.stderr


@pytest.mark.parametrize("least", (1, 100, 1000, 5000, 20000, 60000))
def test_small_files_only(sims, db, netty, least):
    sim = sims("contacts:300", "--record-bytes", 400)
    db.create("contacts")
    done = limited(netty, "netty-extract", "contacts", limit=(resource.RLIMIT_FSIZE, least), sim=sim)
    assert done.returncode in (73, 74) and "too large" in done.stderr.lower(), done
    netty.extract("contacts", sim=sim)
    limited(netty, "netty-load", limit=(resource.RLIMIT_FSIZE, least), db=db)
    netty.load(db=db)
    assert_synced(sim, db, "contacts")
    netty.spool_tool("verify")


def test_follow_without_inotify(sims, db, netty):
    """The user's inotify instances are used up (a busy desktop, many containers): the loader looks at the clock instead."""
    sim = sims("contacts:50")
    db.create("contacts")
    netty.extract("contacts", sim=sim)
    err = open(netty.dir / "follow.err", "w+")
    inner = "echo 0 >/proc/sys/user/max_inotify_instances && exec \"$@\""
    loader = subprocess.Popen(["unshare", "--user", "--map-root-user", "sh", "-c", inner, "sh", BUILD / "netty-load", "--follow"],
                              cwd=netty.dir, env=netty.environment(None, db), stdin=subprocess.DEVNULL, stderr=err)
    try:
        wait_for(lambda: loader.poll() is not None or
                 db.value('SELECT count(*) FROM "netty-contacts"') == 50, "the first load")
        assert loader.poll() is None, Path(err.name).read_text()
        sim.edit("contacts", 7)
        netty.extract("contacts", sim=sim)
        wait_for(lambda: loader.poll() is not None or db.rows("contacts") == sim.truth("contacts"), "the second load", 120)
        assert loader.poll() is None, Path(err.name).read_text()
        assert "inotify" in Path(err.name).read_text()
    finally:
        loader.kill()
        loader.wait()


FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


@pytest.mark.release  # the sanitizers want to be the first library of a process
@pytest.mark.parametrize("jump", ("-1d", "+1d"))
def test_a_clock_that_jumps_by_a_day(sims, db, netty, jump):
    """Set back or forward in the middle of a run, and right again before the next."""
    assert FAKETIME, "libfaketime is missing: tests/setup.sh test"
    sim = sims("contacts:2000", "--mood", "latency_ms=20")
    db.create("contacts")
    clock = netty.dir / "clock"
    clock.write_text("+0d")
    faked = {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": clock, "FAKETIME_NO_CACHE": "1",
             "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    loader = netty.start("netty-load", "--follow", db=db, env=faked)
    extractor = netty.start("netty-extract", "contacts", sim=sim, env=faked)
    wait_for(lambda: len(sim.log()) >= 5, "five requests")
    clock.write_text(jump)
    day = subprocess.run(["date", "+%s"], env={**os.environ, **{k: str(v) for k, v in faked.items()}}, text=True, capture_output=True)
    assert abs(int(day.stdout) - time.time()) > 80000, "the clock is faked"
    assert extractor.wait(timeout=120) == 0, Path(extractor.err_path).read_text()
    wait_for(lambda: db.value('SELECT count(*) FROM "netty-contacts"') == 2000, "the load")
    clock.write_text("+0d")
    sim.edit("contacts", 25)
    netty.extract("contacts", sim=sim, env=faked)
    wait_for(lambda: db.rows("contacts") == sim.truth("contacts"), "the edits")
    loader.terminate()
    assert loader.wait(timeout=60) in (0, 75), Path(loader.err_path).read_text()
    netty.spool_tool("verify")
    netty.load("check", db=db)


def test_an_extract_that_is_stopped_for_longer_than_its_time_limits(sims, db, netty):
    """SIGSTOP, a suspended laptop, a frozen container: every connection is dead when it goes on."""
    sim = sims("contacts:1500", "--mood", "latency_ms=20")
    db.create("contacts")
    extractor = netty.start("netty-extract", "contacts", "--timeout", "1s", sim=sim)
    wait_for(lambda: len(sim.log()) >= 3, "three requests")
    extractor.send_signal(signal.SIGSTOP)
    time.sleep(3)
    extractor.send_signal(signal.SIGCONT)
    assert extractor.wait(timeout=120) in (0, 69, 75), Path(extractor.err_path).read_text()
    netty.extract("contacts", sim=sim)
    netty.load(db=db)
    assert_synced(sim, db, "contacts")


def test_a_load_that_is_stopped_for_longer_than_the_servers_limits(sims, db, netty):
    sim = sims("contacts:3000")
    db.create("contacts")
    netty.extract("contacts", sim=sim)
    db.admin(f'ALTER DATABASE "{db.name}" SET idle_in_transaction_session_timeout = 500')
    db.admin(f'ALTER DATABASE "{db.name}" SET statement_timeout = 2000')
    loader = netty.start("netty-load", "--follow", "--batch-rows", "100", db=db)
    wait_for(lambda: db.value('SELECT count(*) FROM "netty-contacts"') > 0, "the first batch")
    loader.send_signal(signal.SIGSTOP)
    time.sleep(4)
    loader.send_signal(signal.SIGCONT)
    wait_for(lambda: loader.poll() is not None or
             db.value('SELECT count(*) FROM "netty-contacts"') == 3000, "the rest", 120)
    assert loader.poll() is None, Path(loader.err_path).read_text()
    assert_synced(sim, db, "contacts")
