"""Commits that do not wait for the server's disk (load/upsert/txn.h): a crash of the server may take back the last ones, never what
a run that has ended or the spool were told, and what it takes back is loaded again."""
import json
import os
import re
import signal
from pathlib import Path

import pytest

from harness import Database, Postgres, differences, wait_for
from pgparts import wait_for_server
from upserts import Upserts

PATIENT = ("--retries", "1000", "--retry-delay", "10ms")
SMALL = ("--batch-rows", "50", "--connections", "1")
PAGES, ROWS = 12, 50


@pytest.fixture
def server(tmp_path):
    """Its log goes to disk when a commit waits for that, and never otherwise: whoever else would write it is stopped."""
    server = Postgres(tmp_path, "wal_buffers=32MB", "bgwriter_lru_maxpages=0", "checkpoint_timeout=1h",
                      "max_connections=30", "log_statement=all", "autovacuum=off")
    server.start()
    os.kill(wal_writer(server), signal.SIGSTOP)
    yield server
    server.stop("immediate")


@pytest.fixture
def own(server):
    db = Database(server)
    db.create("contacts")
    return db


def wal_writer(server):
    postmaster = (server.dir.resolve() / "data/postmaster.pid").read_text().split()[0]

    def find():
        for pid in Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split():
            if "walwriter" in Path(f"/proc/{pid}/cmdline").read_text():
                return int(pid)
    return wait_for(find, "the WAL writer")


def crash(server, db):
    """One of its processes dies: it starts anew from what is on disk, as after a failure of the machine."""
    db.connection.close()
    dead = wal_writer(server)
    os.kill(dead, signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{dead}").exists(), "the WAL writer's end")
    wait_for_server(server)


def write(spool, pages=PAGES):
    writer, model = spool.table("contacts"), Upserts("contacts")
    for page in range(pages):
        lines = [f'{{"contact_id":{page * ROWS + i},"time_modified":"2024-01-02 03:04:{page:02d}","n":{page}}}'
                 for i in range(ROWS)]
        writer.page(lines)
        model.take_all(lines)
    return writer, model


def statements(server):
    return (server.dir / "log").read_text()


def progress(db):
    return db.query("SELECT min((segment, page)::text) FROM netty_sync.progress")[0][0]


def hold(db, key):
    """The loader waits for this row's fate."""
    other = Database.__new__(Database)
    other.url, other.connection = db.url, None
    other.query("SELECT 1")
    other.connection.autocommit = False
    other.query(f"""INSERT INTO "netty-contacts" (contact_id, data) VALUES ({key}, '{{}}')""")
    return other


def wait_until_held(db):
    wait_for(lambda: db.value("""SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                                 AND wait_event_type = 'Lock'"""), "the loader at the row that is held")


def test_what_a_run_has_loaded_outlives_a_crash_of_the_server(server, own, spool, netty):
    _, model = write(spool)
    row = netty.load("--json", *SMALL, db=own).json()["contacts"]
    crash(server, own)
    assert row["inserted"] == PAGES * ROWS
    assert not (wrong := differences(model.rows, own.rows("contacts"))), wrong
    commits = re.findall(r"(SET LOCAL synchronous_commit = off;\s*)?COMMIT", statements(server))
    soon = [bool(found) for found in commits]
    assert soon.count(True) >= PAGES - 2, "commits of batches that others follow wait for the disk"


def test_what_a_crash_of_the_server_takes_back_is_loaded_again(server, own, spool, netty):
    _, model = write(spool)
    holder = hold(own, (PAGES - 1) * ROWS + 7)
    loader = netty.start("netty-load", "--json", *SMALL, *PATIENT, db=own)
    wait_until_held(own)
    before = progress(own)
    holder.connection.close()  # as the crash would have it, and nothing is left of the row that was held
    own.query("SELECT 1")
    loader.send_signal(signal.SIGSTOP)
    crash(server, own)
    after = progress(own)
    loader.send_signal(signal.SIGCONT)
    out, _ = loader.communicate(timeout=120)
    assert loader.returncode == 0, open(loader.err_path).read()
    assert after != before, "the crash took nothing back, so nothing was tried here"
    assert json.loads(out)["read"] >= PAGES * ROWS
    assert not (wrong := differences(model.rows, own.rows("contacts"))), wrong


def test_the_spool_is_told_only_what_outlives_a_crash_of_the_server(server, own, spool, netty):
    """It may remove what it is told is loaded. The run is stopped, so that the last commit did not wait."""
    write(spool)
    holder = hold(own, (PAGES - 1) * ROWS + 7)
    loader = netty.start("netty-load", *SMALL, *PATIENT, db=own)
    wait_until_held(own)
    loader.send_signal(signal.SIGTERM)
    loader.communicate(timeout=120)
    holder.connection.close()
    netty.load("--loaded", db=own)
    told = json.loads((netty.spool / "contacts/loaded.json").read_text().splitlines()[1])
    assert told["page"] >= PAGES - 2
    crash(server, own)
    there = own.query("SELECT min(segment), min(page) FROM netty_sync.progress")[0]
    assert (told["segment"], told["page"]) <= there
