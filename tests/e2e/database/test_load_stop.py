"""How the loader ends when it is asked to, and how it stays when it is not: locks, hang-ups, a spool that is away."""
import fcntl
import json
import os
import pty
import signal
import subprocess
import termios
import threading
from urllib.parse import urlparse

import psycopg2
import pytest

from harness import BUILD, differences, wait_for
from pgparts import PgBouncer, assert_each_page_once, audit_progress
from pgproxy import Proxy
from spoolfile import SpoolWriter
from upserts import Upserts


def write(writer, pages=3, keys=20):
    model = Upserts(writer.name)
    for page in range(pages):
        lines = [f'{{"contact_id":{key},"v":{page}}}' for key in range(keys)]
        writer.page(lines)
        model.take_all(lines)
    return model


def said(process):
    return open(process.err_path).read()


def waits_for_a_lock(db):
    return db.value("""SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                       AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()""")


@pytest.fixture
def pooler(postgres, tmp_path):
    at = urlparse(postgres.url())
    bouncer = PgBouncer(tmp_path / "bouncer", at.hostname, at.port)
    yield bouncer
    bouncer.stop()


LOCKS = {"the table's": 'LOCK TABLE "netty-contacts"', "a row's": 'SELECT FROM "netty-contacts" FOR UPDATE',
         "the progress's": "SELECT FROM netty_sync.progress FOR UPDATE", "the bookkeeping's": "LOCK TABLE netty_sync.progress"}


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("way", ["direct", "pooler"])
def test_a_signal_ends_a_statement_that_waits_for_a_lock(spool, netty, db, pooler, lock, way):
    """The other holds it to the end; the loader ends with 75, nothing is lost, and nobody is left waiting."""
    db.create("contacts")
    spool.table("contacts").page([f'{{"contact_id":{key},"v":"first"}}' for key in range(20)])
    netty.load(db=db)
    audit_progress(db)
    model = write(spool.table("contacts"))
    other = psycopg2.connect(db.url)
    other.cursor().execute(LOCKS[lock])
    loader = netty.start("netty-load", "--json", db=db if way == "direct" else pooler.url(db.name))
    wait_for(lambda: waits_for_a_lock(db), "the loader at the lock")
    loader.terminate()
    assert loader.wait(timeout=60) == 75, said(loader)
    assert "cancelled" in said(loader)
    wait_for(lambda: not waits_for_a_lock(db), "the end of the waiting statement")
    other.rollback()
    other.close()
    netty.load(db=db)
    assert not (wrong := differences(model.rows, db.rows("contacts"))), wrong
    assert_each_page_once(db, spool.table("contacts"))


@pytest.mark.parametrize("lock", ["LOCK TABLE netty_sync.progress", 'LOCK TABLE "netty-notes"'], ids=["bookkeeping", "unlogged table"])
def test_a_look_that_waits_is_cancelled_and_nothing_is_asked_after_it(spool, netty, db, lock):
    """Nothing of it is lost: it ends with the first wish, and no table is looked at alone in its place."""
    db.create("contacts", "notes")
    db.query('ALTER TABLE "netty-notes" SET UNLOGGED')
    write(spool.table("contacts"))
    netty.load(db=db)
    write(spool.table("contacts"))
    other = psycopg2.connect(db.url)
    other.cursor().execute(lock)
    loader = netty.start("netty-load", "--log-level", "debug", "--log-format", "json", db=db)
    wait_for(lambda: waits_for_a_lock(db), "the loader at the lock")
    loader.terminate()
    assert loader.wait(timeout=60) == 75, said(loader)
    wait_for(lambda: not waits_for_a_lock(db), "the end of the waiting statement")
    other.close()
    told = [json.loads(line)["event"] for line in said(loader).splitlines()]
    assert told.count("cancel") == 1, said(loader)


def test_a_batch_that_needs_a_moment_is_finished_first(spool, netty, db):
    db.create("contacts")
    model = write(spool.table("contacts"), pages=1)
    db.query('''CREATE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.05); RETURN new; END $$;
                CREATE TRIGGER doze BEFORE INSERT ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION doze()''')
    loader = netty.start("netty-load", db=db)
    wait_for(lambda: db.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"), "the batch")
    loader.terminate()
    assert loader.wait(timeout=60) == 75
    assert db.rows("contacts") == model.rows and "cancelled" not in said(loader)


def test_a_server_that_answers_nothing_is_left(spool, netty, db):
    """Not even to the wish to cancel: a network that has gone."""
    db.create("contacts")
    write(spool.table("contacts"))
    at, over = urlparse(db.url), threading.Event()
    proxy = Proxy(at.hostname, at.port, lambda m: m.way == "down" and m.kind == "D" and over.wait(120))
    loader = netty.start("netty-load", db=proxy.url(db.name))
    try:
        wait_for(lambda: any(message.kind == "D" for message in proxy.seen), "the first answer, which never arrives")
        loader.terminate()
        assert loader.wait(timeout=60) == 75, said(loader)
    finally:
        over.set()
        proxy.close()


@pytest.mark.parametrize("program", ["netty-load", "netty-extract"])
def test_a_terminal_that_goes_away_stops_a_program_in_order(spool, sims, netty, db, program):
    """Kernel and shell both send SIGHUP: two are no more than one. (Without a terminal SIGHUP is a reload: test_operations.py.)"""
    db.create("contacts")
    model = write(spool.table("contacts"))
    main, terminal = pty.openpty()
    if program == "netty-load":
        arguments, env = ["--follow"], netty.environment(db=db)
    else:
        arguments, env = ["--every", "1h", "users"], netty.environment(sims("users:10"), env={"NETTY_SPOOL": netty.dir / "other"})
    with open(netty.dir / "said.err", "w") as log:
        process = subprocess.Popen([BUILD / program, *arguments], cwd=netty.dir, env=env, stdin=terminal, stdout=subprocess.PIPE,
                                   stderr=log, text=True, start_new_session=True,
                                   preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(terminal)
    process.err_path = log.name
    netty.background.append(process)
    if program == "netty-load":
        wait_for(lambda: db.rows("contacts") == model.rows, "the load")
    else:
        wait_for(lambda: process.stdout.readline(), "the first run's summary")
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=60) == 0, said(process)
    os.close(main)


def test_every_stays_while_the_spool_is_away_and_goes_on_when_it_is_back(spool, netty, db):
    db.create("contacts")
    write(spool.table("contacts"), pages=1)
    loader = netty.start("netty-load", "--json", "--every", "1s", "--adopt", db=db)
    wait_for(lambda: len(db.rows("contacts")) == 20, "the first run")
    netty.spool.rename(netty.dir / "away")
    wait_for(lambda: said(loader).count("the spool cannot be read; the next run tries again") > 1, "its word")
    (netty.dir / "away").rename(netty.spool)
    model = write(spool.table("contacts"))
    wait_for(lambda: db.rows("contacts") == model.rows, "the page after that")
    loader.terminate()
    assert loader.wait(timeout=60) == 0, said(loader)


def test_another_spool_in_the_place_of_the_one_is_loaded_from_its_beginning(spool, netty, db):
    db.create("contacts")
    write(spool.table("contacts"), pages=5)
    loader = netty.start("netty-load", "--json", "--every", "1s", "--adopt", db=db)
    wait_for(lambda: len(db.rows("contacts")) == 20, "the first run")
    netty.spool.rename(netty.dir / "old")
    SpoolWriter(netty.spool).table("contacts").page(['{"contact_id":1,"v":"of the new"}'])
    wait_for(lambda: db.rows("contacts")[1][0]["v"] == "of the new", "the new spool's page")
    loader.terminate()
    assert loader.wait(timeout=60) == 0


def test_follow_ends_rather_than_take_another_spool_for_its_own(spool, netty, db):
    db.create("contacts")
    write(spool.table("contacts"), pages=5)
    loader = netty.start("netty-load", "--follow", db=db)
    wait_for(lambda: len(db.rows("contacts")) == 20, "the first pages")
    netty.spool.rename(netty.dir / "old")
    SpoolWriter(netty.spool).table("contacts").page(['{"contact_id":1,"v":"of the new"}'])
    assert loader.wait(timeout=60) == 66 and "another" in said(loader)
    netty.load("--adopt", db=db)
    assert db.rows("contacts")[1][0]["v"] == "of the new"
