"""A lock that somebody else holds: it is named, waited for, and never taken for a slow statement."""
import json
import re
import time
from urllib.parse import urlparse

import psycopg2
import pytest

from harness import wait_for
from pgparts import PgBouncer


def write(spool, rows, v=1):
    spool.table("contacts").page([f'{{"contact_id":{key},"v":{v}}}' for key in range(1, rows + 1)])


@pytest.fixture
def holder(db):
    """Another session that locks."""
    other = psycopg2.connect(db.url, application_name="a dashboard")
    yield other
    other.close()


def lock(holder, what='LOCK TABLE "netty-contacts"'):
    holder.cursor().execute(what)
    return holder.get_backend_pid()


LOCKS = ['LOCK TABLE "netty-contacts"', 'UPDATE "netty-contacts" SET created_at = now() WHERE contact_id = 7',
         "UPDATE netty_sync.progress SET loaded_at = now()"]


@pytest.mark.parametrize("rows", [8, 700])
@pytest.mark.parametrize("what", LOCKS, ids=["table", "row", "progress"])
@pytest.mark.parametrize("connections", [1, 4])
def test_a_lock_is_no_slow_statement_and_halves_nothing(spool, netty, db, holder, what, rows, connections):
    db.create("contacts")
    write(spool, rows)
    netty.load(db=db)
    write(spool, rows, 2)
    lock(holder, what)
    db.query(f'ALTER DATABASE "{db.name}" SET statement_timeout = \'600ms\'')
    run = netty.load("--retries", "2", "--retry-delay", "1ms", "--connections", str(connections), db=db, code=69)
    assert "55P03" in run.err and "57014" not in run.err and "halved" not in run.err, run
    assert run.err.count("tried again") == 2
    assert not spool.dead("contacts")
    holder.rollback()
    assert netty.load("--json", db=db).json()["contacts"]["updated"] == rows


@pytest.mark.parametrize("way", ["direct", "pooler"])
def test_after_ten_seconds_it_is_said_who_holds_it(spool, netty, db, holder, postgres, tmp_path, way):
    db.create("contacts")
    write(spool, 8)
    netty.load(db=db)
    write(spool, 8, 2)
    pid = lock(holder)
    at = urlparse(postgres.url())
    pooler = PgBouncer(tmp_path / "bouncer", at.hostname, at.port) if way == "pooler" else None
    try:
        loader = netty.start("netty-load", db=pooler.url(db.name) if pooler else db)
        wait_for(lambda: "a lock that another session holds" in open(loader.err_path).read(), "the line", 30)
        holder.rollback()
        assert loader.wait(timeout=30) == 0
    finally:
        if pooler:
            pooler.stop()
    lines = [line for line in open(loader.err_path).read().splitlines() if "a lock that another" in line]
    assert len(lines) == 1
    assert f"pid={pid}" in lines[0] and "dashboard" in lines[0] and "contacts" in lines[0] and "idle in transaction" in lines[0]


def test_a_lock_at_the_first_look_is_said_too(spool, netty, db, holder):
    db.create("contacts")
    write(spool, 8)
    pid = lock(holder)
    loader = netty.start("netty-load", db=db)
    wait_for(lambda: f"pid={pid}" in open(loader.err_path).read(), "the line", 30)
    holder.rollback()
    assert loader.wait(timeout=30) == 0
    assert db.value('SELECT count(*) FROM "netty-contacts"') == 8


@pytest.mark.parametrize("what", ["LOCK TABLE netty_sync.progress", 'LOCK TABLE "netty-notes"'], ids=["bookkeeping", "unlogged table"])
def test_a_lock_that_the_look_at_all_tables_waits_for_is_said_too(spool, netty, db, holder, what):
    db.create("contacts", "notes")
    db.query('ALTER TABLE "netty-notes" SET UNLOGGED')
    write(spool, 8)
    netty.load(db=db)
    write(spool, 8, 2)
    pid = lock(holder, what)
    loader = netty.start("netty-load", db=db)
    wait_for(lambda: f"pid={pid}" in open(loader.err_path).read(), "the line", 30)
    holder.rollback()
    assert loader.wait(timeout=30) == 0
    assert db.value("""SELECT count(*) FROM "netty-contacts" WHERE data->>'v' = '2'""") == 8


def test_the_roles_own_shorter_limit_stays(spool, netty, db, holder):
    db.create("contacts")
    write(spool, 8)
    netty.load(db=db)
    write(spool, 8, 2)
    lock(holder)
    db.query(f'ALTER DATABASE "{db.name}" SET statement_timeout = \'1h\'; ALTER DATABASE "{db.name}" SET lock_timeout = \'50ms\'')
    began = time.monotonic()
    run = netty.load("--retries", "1", "--retry-delay", "1ms", db=db, code=69)
    assert "55P03" in run.err and time.monotonic() - began < 20
    assert re.search(r"pg_blocking_pids|holds a lock", run.err)


def figures(netty, table):
    """What the spool has been told: the pages that wait, and up to when the database is complete."""
    rows = [json.loads(line) for line in netty.spool_tool("status", "--json", code=None).out.splitlines()]
    return next(row for row in rows if row.get("table") == table and "waiting_pages" in row)


@pytest.mark.parametrize("when", ["from the start", "later"])
def test_a_table_that_somebody_locks_does_not_freeze_the_figures_of_the_others(spool, netty, db, holder, when):
    """Page, status and metrics show for the other tables what was loaded seconds ago, and for the locked one that it waits."""
    contacts, users = spool.table("contacts"), spool.table("users")
    contacts.page(['{"contact_id":1}'])
    users.page(['{"user_id":1}'])
    netty.load("--create-tables", db=db)
    loader = None
    if when == "later":
        loader = netty.start("netty-load", "--follow", db=db)
        contacts.page(['{"contact_id":2}'])
        wait_for(lambda: len(db.rows("contacts")) == 2, "the table while nobody locks it")
    lock(holder)
    contacts.page(['{"contact_id":3}'])
    if loader is None:
        loader = netty.start("netty-load", "--follow", db=db)
    for number in range(2, 4):
        users.page([f'{{"user_id":{number}}}'])
        wait_for(lambda: len(db.rows("users")) == number, "a page of the table that nobody locks")
        wait_for(lambda: figures(netty, "users")["waiting_pages"] == 0, "word of it", seconds=45)
        assert figures(netty, "contacts")["waiting_pages"] == 1
    holder.rollback()
    wait_for(lambda: figures(netty, "contacts")["waiting_pages"] == 0, "the table that was locked")
    loader.terminate()
    assert loader.wait(timeout=60) in (0, 75)
