"""What stands beside the pages and can be put right without fetching: heal does it, and loses nothing."""
import json

import pytest

from harness import assert_synced

SMALL = ("--segment-size", "64K", "--limit", "50")


@pytest.fixture
def lived_in(sims, db, netty):
    """A spool with sealed segments, dead letters, and all small files."""
    sim = sims("contacts:900,users:40", "--odd", "20:nul")
    netty.extract("contacts", "users", *SMALL, sim=sim)
    netty.load("--create-tables", "--spool-keep", "1000d", db=db, code=65)
    netty.load("--catalog", db=db)
    return sim


def flip(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 4
    path.write_bytes(content)


def records(netty):
    return netty.spool_tool("cat", "contacts").out


def heal(netty):
    """Named, mended by what heal says it would do, and then whole."""
    netty.spool_tool("verify", code=65)
    before = {path: path.read_bytes() for path in netty.spool.rglob("*") if path.is_file()}
    would = netty.spool_tool("heal", "--json", "--dry-run").out
    assert before == {path: path.read_bytes() for path in netty.spool.rglob("*") if path.is_file()}
    run = netty.spool_tool("heal", "--json")
    assert run.out == would, (run.out, would)
    netty.spool_tool("verify")
    return run, {row["table"]: row for row in map(json.loads, run.out.splitlines())}


def test_a_seek_table_is_made_anew(lived_in, netty):
    whole = records(netty)
    path = sorted((netty.spool / "contacts").glob("*.zst"))[1]
    content = path.read_bytes()
    for at in (-1, -20):
        flip(path, at)
        _, rows = heal(netty)
        assert rows["contacts"]["mended"] == 1 and rows["contacts"]["healed"] == 0
        assert rows["contacts"]["fetch_again"] == "nothing"
        assert path.read_bytes() == content
    path.write_bytes(content[:-5])
    heal(netty)
    assert path.read_bytes() == content and records(netty) == whole


def test_frames_that_cannot_be_found_are_fetched_again(lived_in, db, netty):
    path = sorted((netty.spool / "contacts").glob("*.zst"))[1]
    flip(path, -1)
    flip(path, 0)
    _, rows = heal(netty)
    assert rows["contacts"]["healed"] > 0
    netty.extract("contacts", sim=lived_in)
    netty.load(db=db, code=None)
    netty.spool_tool("verify")


def test_damaged_dead_letters_are_moved_to_a_file(lived_in, netty):
    path = netty.spool / "contacts/dead-load.ndjson"
    lines = path.read_bytes().splitlines(keepends=True)
    assert len(lines) > 5
    listed = len(netty.spool_tool("dead", "contacts", "--json").out.splitlines())
    flip(path, len(lines[0]) + 12)
    damaged = path.read_bytes().splitlines(keepends=True)[1]
    run, rows = heal(netty)
    assert rows["contacts"]["mended"] == 1
    side, = (netty.spool / "contacts").glob("dead-load.damaged.*")
    assert side.read_bytes() == damaged and side.name in run.err
    assert side.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == b"".join([lines[0], *lines[2:]])
    assert len(netty.spool_tool("dead", "contacts", "--json").out.splitlines()) == listed - 1


def test_a_damaged_catalog_goes_and_comes_again(lived_in, db, netty):
    path = netty.spool / "catalog.json"
    tables = len(path.read_bytes().splitlines())
    flip(path, 30)
    heal(netty)
    assert not path.exists()
    netty.load("--catalog", db=db)
    assert len(path.read_bytes().splitlines()) == tables


@pytest.mark.parametrize("name", ["healed.json", "pruned.json", "refetch.json", "acked.json"])
def test_small_files(lived_in, db, netty, name):
    path = netty.spool / "contacts" / name
    if name == "pruned.json":
        netty.load("--spool-keep", "0s", db=db, code=None)
    elif name != "acked.json":
        flip(sorted((netty.spool / "contacts").glob("*.zst"))[1], 300)
        netty.spool_tool("heal")
    flip(path, 25)
    heal(netty)
    lived_in.edit("contacts", 30)
    netty.extract("contacts", *SMALL, sim=lived_in)
    assert not (netty.spool / "contacts/refetch.json").exists()
    netty.load(db=db, code=None)
    netty.spool_tool("verify")
    assert netty.spool_tool("status").out


@pytest.fixture
def reconciled(lived_in, db, netty):
    """Half a reconcile: a roll that has ended, and the loader's list of what it lacks."""
    lived_in.post("/_sim/delete", table="users", n=3)
    netty.extract("--reconcile", "users", sim=lived_in)
    lived_in.post("/_sim/clock", advance=100)
    netty.extract("users", sim=lived_in)
    netty.load("users", db=db, code=None)
    assert (netty.spool / "users/missing.json").read_bytes().count(b"\n") == 3
    return lived_in


@pytest.mark.parametrize("name", ["roll.ndjson", "missing.json"])
@pytest.mark.parametrize("damage", ["flipped", "cut"])
def test_what_a_reconcile_left_goes_when_it_is_damaged(reconciled, db, netty, name, damage):
    path = netty.spool / "users" / name
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    path.write_bytes({"flipped": whole[:60] + bytes([whole[60] ^ 4]) + whole[61:],
                      "cut": b"".join(lines[:-1]) if name == "missing.json" else lines[0][:40]}[damage])
    named = netty.spool_tool("verify", "--json", code=65)
    damaged, = [row["damage"] for row in map(json.loads, named.out.splitlines()) if "damage" in row]
    assert name in damaged
    _, rows = heal(netty)
    assert (rows["users"]["mended"], rows["users"]["fetch_again"]) == (1, "nothing") and not path.exists()
    for _ in range(3):
        netty.extract("--reconcile", "users", sim=reconciled)
        reconciled.post("/_sim/clock", advance=100)
        netty.extract("users", sim=reconciled)
        netty.load("users", "--max-deletes", "100", db=db, code=0)
    gone = set(db.rows("users")) - set(reconciled.truth("users"))
    marked = db.query("""SELECT user_id FROM "netty-users" WHERE data ? 'deleted_detected_at'""")
    assert {key for key, in marked} == gone and len(gone) == 3


def test_a_roll_that_is_being_written_is_left_alone_by_heal(reconciled, netty):
    reconciled.mood(latency_ms=300)
    running = netty.start("netty-extract", "--reconcile", "contacts", sim=reconciled)
    roll = netty.spool / "contacts/roll.ndjson"
    while not roll.exists() or roll.read_bytes().count(b"\n") < 2:
        assert running.poll() is None
    flip(roll, 60)
    damaged = roll.read_bytes()
    netty.spool_tool("heal")
    assert roll.read_bytes().startswith(damaged)
    running.kill()
    running.wait()
    heal(netty)
    assert not roll.exists()


@pytest.mark.parametrize("name", ["runs-extract.ndjson", "runs-load.ndjson"])
def test_a_damaged_history_of_runs_is_noted_and_alarms_nobody(lived_in, db, netty, name):
    path = netty.spool / "users" / name
    flip(path, 30)
    run = netty.spool_tool("verify")
    assert "note: " in run.out and name in run.out and "damaged:" not in run.out
    rows = [json.loads(line) for line in netty.spool_tool("verify", "--json").out.splitlines()]
    assert [name in row["note"] for row in rows if "note" in row] == [True]
    netty.extract("users", sim=lived_in)
    netty.load("users", db=db, code=None)
    assert "note" not in netty.spool_tool("verify").out


def test_what_a_person_must_decide_stays_and_is_named(lived_in, netty):
    """Which databases load a spool nobody else can say; without them, pages might be pruned that one still needs."""
    path = netty.spool / "contacts/loaded.json"
    flip(path, 25)
    damaged = path.read_bytes()
    run = netty.spool_tool("heal")
    assert path.read_bytes() == damaged and "loaded.json" in run.err and "run netty-load" in run.err
    netty.spool_tool("verify", code=65)
