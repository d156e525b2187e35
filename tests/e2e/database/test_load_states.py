"""One state of each class of SQLSTATEs in each phase, end to end: the outcome, the code, one line for people, and pauses.

A proxy puts a statement that raises the state into the place of the phase's own, each time. What is expected is written down here once
more, in few words, from what netty-load(1) says of its exit codes; tests/unit/load/test_db_decide.c walks through every state."""
import re
from urllib.parse import urlparse

import pytest

from pgproxy import FAIL_WITH, Proxy
from upkeep import record

# The second to last is no class of PostgreSQL's.
CLASSES = ["02000", "03000", "08006", "09000", "0A000", "0B000", "0F000", "0L000", "0P000", "0Z000", "20000", "21000", "22012", "23514",
           "24000", "25001", "25006", "26000", "27000", "28000", "2B000", "2D000", "2F000", "34000", "38000", "39000", "3B000", "3D000",
           "3F000", "40001", "42501", "42804", "44000", "53300", "54000", "55000", "55006", "55P03", "57014", "57P03", "58030", "72000",
           "F0000", "HV000", "P0001", "XX000", "XX001", "45000", "ZZ001"]
PHASES = {"bookkeeping": r"FOR UPDATE", "question": r"ANY \(\$1\)", "rows": 'INSERT INTO "public"',
          "commit": r"(?s)UPDATE netty_sync\.progress.*COMMIT[;\s\0]*$",
          "maintenance": r"WITH due AS MATERIALIZED"}
PASSES = ("08", "25006", "26", "40", "53", "55006", "55P03", "57", "58", "72", "XX000")
DENIED = {"bookkeeping": ("0L", "0P", "28", "42501"), "maintenance": ("0L", "0P", "28", "42501")}
RETRIES, PAUSE_MS, REAL_PAUSE_MS = 4, 10, 5000


def expected(phase, state):
    if phase == "question":
        return 69 if state == "55P03" else 0  # the batch goes without the answer, but no lock is got around
    if state.startswith(PASSES):
        return 69
    if state.startswith(DENIED.get(phase, ("42501",))):
        return 77
    if state.startswith("XX"):
        return 74
    if phase == "maintenance" and state.startswith(("22", "23", "44", "P0")):
        return 65
    return 78


def failed_a_minute(run, failed):
    """With the default pauses, which are so many times those of the test: they are added up, not waited for."""
    waited = sum(map(int, re.findall(r"wait_ms=(\d+)", run.err))) * REAL_PAUSE_MS / PAUSE_MS / 1000
    return failed / (1 + waited // 60)


@pytest.mark.parametrize("phase", PHASES)
def test_each_class_of_states(spool, netty, db, phase):
    db.create("contacts")
    db.query(FAIL_WITH)
    writer = spool.table("contacts")
    writer.page([record(key, 50) for key in range(300)])
    netty.load(db=db)
    at, now = urlparse(db.url), [""]
    proxy = Proxy(at.hostname, at.port, fail=lambda sql: now[0] if re.search(PHASES[phase], sql) else None)
    command = ("archive", "--older-than", "30d", "contacts") if phase == "maintenance" else ("--json",)
    wrong = []
    try:
        for version, state in enumerate(CLASSES):
            if phase != "maintenance":
                writer.page([record(key, 45 - version / 10, v=version) for key in range(300)])
            now[0] = state
            before = rollbacks(db)
            proxy.failed = 0
            run = netty.load(*command, "--retries", RETRIES, "--retry-delay", f"{PAUSE_MS}ms", db=proxy.url(db.name), code=None)
            db.settle()
            lines = [line for line in run.err.splitlines() if " error " in line]
            rate = failed_a_minute(run, rollbacks(db) - before)
            print(f"{phase:12} {state} -> {run.code}  {proxy.failed:3} refused, {rate:.0f} failed transactions a minute")
            if (run.code, bool(proxy.failed)) != (expected(phase, state), True):
                wrong.append((state, run.code, expected(phase, state), run.err))
            assert rate <= 20, (state, run)
            assert run.code == 0 or (len(lines) == 1 and state in lines[0]), (state, run)
            assert run.code == 65 or '"dead":0' in run.out or phase == "maintenance", (state, run)
            if phase != "maintenance":
                netty.load(db=db)
    finally:
        proxy.close()
    assert not wrong, wrong


def rollbacks(db):
    db.query("SELECT pg_stat_clear_snapshot()")
    return db.value("SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()")
