"""Databases come and go: a moved one is known again, a silent one is forgotten, a trial one is not waited for; all are named."""
import json
import subprocess

import pytest

from harness import Database, assert_synced, wait_for
from spoolfile import read_sumline, sumline
from watching import get, listening

SMALL = ("--segment-size", "16K")
HELD = "has not loaded pages that would be removed"


@pytest.fixture
def other(postgres):
    database = Database(postgres)
    yield database
    database.drop()


def filled(sims, netty, db, records=600):
    sim = sims(f"contacts:{records}")
    netty.extract("contacts", *SMALL, sim=sim)
    netty.load("--create-tables", db=db)
    return sim


def entries(netty):
    return [read_sumline(line) for line in (netty.spool / "contacts/loaded.json").read_bytes().splitlines()[1:]]


def databases(netty):
    rows = map(json.loads, netty.spool_tool("status", "--json").out.splitlines())
    return {row["database"]: row for row in rows if "database" in row}


def segments(netty):
    return sorted(int(path.name[:10]) for path in (netty.spool / "contacts").glob("*.journal"))


def move(db, to):
    text = subprocess.run(["pg_dump", "--dbname", db.url], stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", "--dbname", to.url], input=text, stdout=subprocess.DEVNULL,
                   check=True)


def more(netty, sim, edits=100):
    sim.edit("contacts", edits)
    netty.extract("contacts", *SMALL, sim=sim)


def test_a_database_that_moved_is_the_one_that_it_was(sims, db, other, netty):
    sim = filled(sims, netty, db)
    move(db, other)
    more(netty, sim)
    netty.load(db=other)
    assert_synced(sim, other, "contacts")
    assert list(databases(netty)) == [other.name]
    netty.spool_tool("prune", "--spool-keep", "0s", db=other)
    assert len(segments(netty)) == 1


def test_if_the_old_server_speaks_up_again_they_are_two(sims, db, other, netty):
    sim = filled(sims, netty, db)
    move(db, other)
    more(netty, sim)
    netty.load(db=other)
    more(netty, sim)
    netty.load(db=db)
    assert sorted(databases(netty)) == sorted([db.name, other.name])
    assert databases(netty)[other.name]["holds_up"] == "yes" and databases(netty)[db.name]["holds_up"] == "no"
    behind = next(entry for entry in entries(netty) if entry["name"] == other.name)
    netty.spool_tool("prune", "--spool-keep", "0s", db=db)
    assert min(segments(netty)) <= behind["segment"] + 1
    netty.load(db=other)
    assert_synced(sim, other, "contacts")


def silence(netty, name, at):
    path = netty.spool / "contacts/loaded.json"
    head, *lines = path.read_bytes().splitlines()
    out = [head + b"\n"]
    for line in lines:
        entry = read_sumline(line)
        entry.pop("sum")
        out.append(sumline({**entry, "at": at} if entry["name"] == name else entry))
    path.write_bytes(b"".join(out))


def test_one_that_is_silent_for_long_is_forgotten_with_a_word_before_and_after(sims, db, other, netty):
    sim = filled(sims, netty, db)
    netty.load("--create-tables", db=other)
    silence(netty, other.name, "2026-11-10T00:00:00.000000Z")
    more(netty, sim)
    run = netty.load("--forget-after", "3650d", db=db)
    assert other.name not in run.err and len(entries(netty)) == 2
    silence(netty, other.name, "2016-11-10T00:00:00.000000Z")
    run = netty.load("--forget-after", "7300d", db=db)
    assert "has not been heard of" in run.err and other.name in run.err and len(entries(netty)) == 2
    run = netty.load("--forget-after", "30d", "--spool-keep", "0s", db=db)
    run = netty.spool_tool("prune", "--spool-keep", "0s", db=db)
    assert [entry["name"] for entry in entries(netty)] == [db.name]
    assert len(segments(netty)) == 1
    silence(netty, db.name, "2016-11-10T00:00:00.000000Z")
    netty.spool_tool("prune", "--dry-run", "--spool-keep", "0s")
    assert len(entries(netty)) == 1, "never the only one"


def test_a_trial_database_is_not_waited_for_unless_told(sims, db, other, netty):
    sim = filled(sims, netty, db)
    netty.load("--replay", "--create-tables", db=other)
    assert_synced(sim, other, "contacts")
    assert list(databases(netty)) == [db.name]
    netty.load("--replay", "--enlist", db=other)
    assert sorted(databases(netty)) == sorted([db.name, other.name])


def test_a_full_spool_names_who_holds_it_up(sims, db, netty):
    sim = filled(sims, netty, db)
    sim.edit("contacts", 500)
    run = netty.extract("contacts", *SMALL, "--spool-max", "1K", sim=sim, code=None)
    run = netty.extract("contacts", *SMALL, "--spool-max", "1K", sim=sim, code=74)
    assert f"the database {db.name} lacks pages since 20" in run.err and "last heard of at 20" in run.err and "netty-spool forget --database" in run.err


def first_lacking(netty, place):
    """When the first page behind that place was fetched, by the journals."""
    for path in sorted((netty.spool / "contacts").glob("*.journal")):
        for line in path.read_bytes().splitlines():
            page = read_sumline(line)
            if "page" in page and (int(path.name[:10]), page["page"]) > place:
                return page["fetched"]
    return None


def test_status_and_prune_name_who_holds_something_up_and_since_when(sims, db, other, netty):
    sim = filled(sims, netty, db)
    netty.load("--create-tables", db=other)
    place = next((e["segment"], e["page"]) for e in entries(netty) if e["name"] == other.name)
    more(netty, sim, 200)
    netty.load(db=db)
    since = first_lacking(netty, place)
    assert databases(netty)[other.name]["lacks_since"][:19] == since[:19] and databases(netty)[db.name]["lacks_since"] is None
    before = segments(netty)
    for arguments in (("--dry-run",), ()):
        run = netty.spool_tool("prune", "--spool-keep", "0s", *arguments, db=db)
        assert f"database={other.name}" in run.err and f"since={since}" in run.err, run
        assert "netty-spool forget --database" in run.err and f"database={db.name}" not in run.err
    assert segments(netty) != before and len(segments(netty)) > 1
    netty.load(db=other)
    run = netty.spool_tool("prune", "--spool-keep", "0s", db=db)
    assert HELD not in run.err and len(segments(netty)) == 1


def test_prune_says_nothing_of_who_lacks_what_would_stay_anyway(sims, db, other, netty):
    sim = filled(sims, netty, db)
    netty.load("--create-tables", db=other)
    more(netty, sim, 200)
    netty.load(db=db)
    assert HELD not in netty.spool_tool("prune", "--spool-keep", "7d", db=db).err


def test_prune_names_a_database_that_waits_for_a_hole(sims, db, netty):
    sim = filled(sims, netty, db)
    path = sorted((netty.spool / "contacts").glob("*.zst"))[0]
    whole = path.read_bytes()
    db.query('DROP TABLE "netty-contacts"')
    path.write_bytes(whole[:100])
    netty.load("--create-tables", db=db, code=65)
    path.write_bytes(whole)
    run = netty.spool_tool("prune", "--spool-keep", "0s", db=db)
    assert HELD in run.err and f"database={db.name}" in run.err
    netty.load(db=db)
    assert HELD not in netty.spool_tool("prune", "--spool-keep", "0s", db=db).err
    assert_synced(sim, db, "contacts")


@pytest.mark.parametrize("bound", [("--spool-max", "1K"), ("--spool-free", "1000000G")], ids=["max", "free"])
def test_each_message_about_a_full_spool_names_all_that_hold_it_up(sims, db, other, netty, bound):
    sim = filled(sims, netty, db)
    netty.load("--create-tables", db=other)
    places = {e["name"]: (e["segment"], e["page"]) for e in entries(netty)}
    more(netty, sim, 100)
    sim.edit("contacts", 500)
    run = netty.extract("contacts", *SMALL, *bound, sim=sim, code=74)
    for name in (db.name, other.name):
        assert f"the database {name} lacks pages since {first_lacking(netty, places[name])}" in run.err, run
    assert "netty-spool forget --database" in run.err
    process = netty.start("netty-extract", "--every", "300d", "--listen", ":0", *SMALL, *bound, "contacts", sim=sim)
    address = listening(process)
    health = wait_for(lambda: (a := get(address, "/healthz")).status == 503 and "full" in a.text and a, "the full spool").text
    assert f"{db.name} lacks pages since" in health and f"{other.name} lacks pages since" in health, health
    netty.load(db=other)
    run = netty.extract("contacts", *SMALL, *bound, sim=sim, code=74)
    assert db.name in run.err and other.name not in run.err
