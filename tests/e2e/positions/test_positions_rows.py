"""What may be done to a spool and a database: what test_positions.py and test_databases.py leave.

recorded/: a spool and a database as the programs left them before pages had chains, and progress a schema (contacts:30 of seed 7).
"""
import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from harness import Database, assert_synced, differences
from test_positions import (BORN, SMALL, T1, began, born_without_a_time, contact, dump, fetched, forked, put_back, replace,
                            round_of, said)

RECORDED = Path(__file__).parent / "recorded"
FULL = "netty-extract --full contacts"


@pytest.fixture
def other(postgres):
    database = Database(postgres)
    yield database
    database.drop()


def segments(spool):
    return sorted(int(path.name[:10]) for path in (spool / "contacts").glob("*.journal"))


def test_a_recorded_spool_and_database_from_before_chains_are_taken_up(sims, db, netty, tmp_path):
    """Once, without a full load; then they go on, and a restored backup of that spool is seen to have parted."""
    netty.spool.mkdir(mode=0o700)
    subprocess.run(["tar", "-xzf", RECORDED / "spool-without-chains.tar.gz", "-C", netty.spool], check=True)
    lines = [line for path in netty.spool.glob("*/*.journal") for line in path.read_bytes().splitlines()]
    assert len(lines) > 6 and not any(b'"chain"' in line for line in lines)
    put_back(db, gzip.decompress((RECORDED / "database-without-chains.sql.gz").read_bytes()))
    columns = [row[0] for row in db.query("""SELECT attname FROM pg_attribute WHERE attnum > 0 AND
                                             attrelid = 'netty_sync.progress'::regclass""")]
    assert "chain" not in columns and "schema_name" not in columns
    shutil.copytree(netty.spool, tmp_path / "backup")
    sim = sims("contacts:30", seed=7)
    born_without_a_time(sim)
    assert differences(sim.truth("contacts"), db.rows("contacts")) == []
    run = netty.load("--json", db=db)
    assert run.json()["contacts"]["read"] == 0 and not said(run, "parted"), run
    netty.spool_tool("verify")
    netty.spool_tool("status", code=69)  # it is of long ago
    sim.edit("contacts", 1, id=BORN)
    sim.edit("contacts", 4)
    netty.extract("contacts", *SMALL, "--rebind", sim=sim)
    run = netty.load("--json", db=db)
    assert 0 < run.json()["contacts"]["read"] <= 30 and not said(run, "parted"), run
    assert_synced(sim, db, "contacts")
    replace(netty.spool, tmp_path / "backup")
    sim.edit("contacts", 3)
    netty.extract("contacts", *SMALL, "--rebind", sim=sim)
    run = netty.load("--json", db=db)
    assert said(run, "parted"), run
    assert_synced(sim, db, "contacts")


def test_nothing_of_a_restored_spool_is_pruned_before_it_is_loaded(sims, db, netty, tmp_path):
    """Its new segments have numbers that the database holds for loaded."""
    sim = began(sims, netty, db)
    shutil.copytree(netty.spool, tmp_path / "backup")
    sim.edit("contacts", 1, id=BORN)
    for _ in range(3):
        round_of(netty, sim, db, 150)
    newest = max(segments(tmp_path / "backup"))
    replace(netty.spool, tmp_path / "backup")
    for _ in range(2):
        sim.edit("contacts", 100)
        fetched(netty, sim)
    waiting = [number for number in segments(netty.spool) if number > newest]
    assert len(waiting) > 2
    netty.spool_tool("prune", "--spool-keep", "0s", db=db)
    assert [number for number in segments(netty.spool) if number > newest] == waiting
    rows = [json.loads(line) for line in netty.spool_tool("status", "--json").out.splitlines()]
    assert next(row for row in rows if "table" in row)["waiting_pages"] >= len(waiting)
    assert said(netty.load(db=db), "parted")
    assert_synced(sim, db, "contacts")


def test_a_database_older_than_what_was_pruned_has_a_gap_until_a_backfill(sims, db, other, netty):
    sim = began(sims, netty, db)
    text = dump(None, db)
    sim.edit("contacts", 1, id=BORN)
    for _ in range(3):
        round_of(netty, sim, db, 100)
    netty.spool_tool("prune", "--spool-keep", "0s", db=db)
    put_back(other, text)
    run = netty.load(db=other, code=65)
    assert "netty-extract --full" in run.err
    for _ in range(3):
        sim.edit("contacts", 5)
        fetched(netty, sim)
        netty.load(db=other)
        assert FULL in netty.load("check", db=other, code=65).out
        assert FULL in netty.spool_tool("status", code=65).err
    netty.extract("contacts", "--full", *SMALL, sim=sim)
    netty.load(db=other)
    assert_synced(sim, other, "contacts")
    netty.spool_tool("status")
    netty.load("check", db=other)


@pytest.mark.parametrize("trial", [False, True], ids=["moved", "trial"])
def test_a_database_that_comes_or_moves_ends_equal(sims, db, other, netty, trial):
    sim = began(sims, netty, db)
    if trial:
        netty.load("--replay", "--create-tables", db=other)
    else:
        put_back(other, dump(None, db))
    sim.edit("contacts", 1, id=BORN)
    sim.edit("contacts", 100)
    fetched(netty, sim)
    netty.load(db=db if trial else other)
    names = [row["database"] for row in map(json.loads, netty.spool_tool("status", "--json").out.splitlines()) if "database" in row]
    assert names == [db.name if trial else other.name]
    netty.spool_tool("prune", "--spool-keep", "0s", db=db if trial else other)
    assert len(segments(netty.spool)) == 1, "nobody is waited for"
    assert_synced(sim, db if trial else other, "contacts")


def test_the_loader_never_writes_the_identity_file(sims, db, netty, tmp_path):
    sim = began(sims, netty, db)
    shutil.copytree(netty.spool, tmp_path / "backup")

    def identity():
        stat = (netty.spool / "spool.json").stat()
        return (netty.spool / "spool.json").read_bytes(), stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns

    before = identity()
    sim.edit("contacts", 1, id=BORN)
    round_of(netty, sim, db)
    assert identity() == before
    replace(netty.spool, tmp_path / "backup")
    before = identity()
    assert said(round_of(netty, sim, db), "parted")
    netty.load("--replay", db=db)
    netty.load("catalog", db=db)
    netty.load("check", db=db)
    assert identity() == before
    assert_synced(sim, db, "contacts")


def test_a_table_that_was_loaded_from_another_spool_is_said_to_be(sims, db, netty, tmp_path):
    """Once: when the new spool is loaded first. A table that nobody has loaded, or that was made anew, is not."""
    sim = began(sims, netty, db)
    says = "was loaded from another spool before"
    first = json.loads((netty.spool / "spool.json").read_text())["id"]
    netty.env["NETTY_SPOOL"] = str(tmp_path / "second")
    sim.edit("contacts", 1, id=BORN)
    fetched(netty, sim)
    run = netty.load("--log-format", "json", db=db)
    told, = [event for event in map(json.loads, run.err.splitlines()) if event["event"] == "another-spool"]
    assert told["spool"] == first and told["table"] == "contacts" and says in told["msg"] and told["level"] == "warn"
    assert_synced(sim, db, "contacts")
    for _ in range(2):
        sim.edit("contacts", 3)
        fetched(netty, sim)
        assert says not in netty.load(db=db).err
    assert_synced(sim, db, "contacts")


def test_a_table_that_was_made_anew_was_loaded_from_no_other_spool(sims, db, netty, tmp_path):
    sim = began(sims, netty, db, 50)
    db.query('DROP TABLE "netty-contacts"')
    netty.env["NETTY_SPOOL"] = str(tmp_path / "second")
    fetched(netty, sim)
    assert "another spool" not in netty.load("--create-tables", db=db).err
    assert_synced(sim, db, "contacts")


def test_a_branch_is_named_by_the_first_page_that_differs(spool, netty, db, tmp_path):
    b, env = forked(spool, netty, db, tmp_path)
    b.page([contact(1, "birth")])
    first = b.chain
    b.page([contact(1, "edit", T1)])
    netty.load(db=db, env=env)
    found = db.query("SELECT branch, spool, min(page), max(page), count(*) FROM netty_sync.progress GROUP BY 1, 2 ORDER BY 1")
    assert found == [("", spool.id, 3, 3, 4), (first, spool.id, 3, 3, 4)], "the other branch has its own progress, and keeps it"


def test_a_table_that_is_given_up_is_in_no_verdict(sims, db, netty):
    sim = sims("contacts:30,users:30")
    netty.extract("contacts", "users", sim=sim)
    netty.load("--create-tables", db=db)
    netty.spool_tool("forget", "contacts")
    netty.spool_tool("report", "--html", netty.dir / "r.html", "--stale-after", "1s")
    data = json.loads(re.search(r'id="data"[^>]*>(.*?)</script>', (netty.dir / "r.html").read_text(), re.S)[1])
    assert [table["table"] for table in data["tables"]] == ["users"]
    assert not [reason for reason in data["health"]["reasons"] if reason["table"] == "contacts"]


def test_a_hole_is_kept_with_its_place_since_when_and_why(spool, netty, db):
    table = spool.table("contacts")
    table.page([contact(BORN, "birth")])
    table.page([contact(2, "lost")])
    table.page([contact(BORN, "edit", T1)])
    path = table.path("ndjson")
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"lost", b"lozt"))
    netty.load("--create-tables", db=db, code=65)
    (place, since, why), = db.query("SELECT (segment, page)::text, since, why FROM netty_sync.hole")
    assert place == "(1,2)" and "checksum" in why
    netty.load(db=db)
    assert db.query("SELECT since FROM netty_sync.hole") == [(since,)], "since when it is missing, not since it was looked at"
    path.write_bytes(whole)
    netty.load(db=db)
    assert {key: row[0]["v"] for key, row in db.rows("contacts").items()} == {BORN: "edit", 2: "lost"}
