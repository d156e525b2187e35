"""The whole path: API -> netty-extract -> spool -> netty-load -> PostgreSQL, compared member by member."""
import json

import pytest

from harness import KEY, assert_balanced, assert_synced

FIVE = ("contacts", "users", "companies", "products", "mandates")
EXTRACTED = "table status requests pages records bytes retries complete_to seconds".split()
LOADED = "table read inserted updated unchanged stale folded dead seconds".split()
SIZES = "contacts:12000,users:300,companies:4000,products:6000,mandates:2500"


def test_five_tables_equal_the_source_and_a_second_run_writes_nothing(sims, db, netty):
    sim = sims(SIZES)
    db.create(*FIVE)
    fetched, loaded = netty.sync(sim, db, *FIVE)
    assert set(fetched) == set(FIVE) == set(loaded)
    assert all(row["status"] == "complete" for row in fetched.values())
    assert_balanced(loaded)
    assert loaded["contacts"]["inserted"] == 12000
    assert all(list(row) == EXTRACTED for row in fetched.values()), "exactly the documented members"
    assert all(list(row) == LOADED for row in loaded.values()), "exactly the documented members"
    assert_synced(sim, db, *FIVE)

    before = {table: db.writes(table) for table in FIVE}
    versions = db.query('SELECT contact_id, xmin::text, ctid::text FROM "netty-contacts" ORDER BY 1')
    fetched, loaded = netty.sync(sim, db, *FIVE)
    assert_balanced(loaded)
    for table in FIVE:
        assert loaded[table]["inserted"] == loaded[table]["updated"] == 0, loaded[table]
        assert loaded[table]["unchanged"] + loaded[table]["folded"] == loaded[table]["read"] > 0
    assert {table: db.writes(table) for table in FIVE} == before
    assert db.query('SELECT contact_id, xmin::text, ctid::text FROM "netty-contacts" ORDER BY 1') == versions


def test_changes_come_through(sims, db, netty):
    sim = sims("contacts:2000,users:50")
    netty.extract("contacts", "users", sim=sim)
    netty.load("--create-tables", db=db)
    sim.edit("contacts", 137)
    sim.post("/_sim/insert", table="contacts", n=11)
    sim.post("/_sim/mark-deleted", table="contacts", n=5)
    netty.sync(sim, db, "contacts", "users")
    assert_synced_after_merge(sim, db, "contacts")
    assert_synced(sim, db, "users")


def assert_synced_after_merge(sim, db, table):
    """A merge keeps members that the source no longer sends: all that it does send must be equal."""
    truth, rows = sim.truth(table), db.rows(table)
    assert truth.keys() == rows.keys()
    for key, (data, created, modified) in truth.items():
        found, found_created, found_modified = rows[key]
        assert {name: found.get(name) for name in data} == data, key
        assert (found_modified, found_created) == (modified, created), key


def test_an_incremental_run_asks_little(sims, db, netty):
    sim = sims("contacts:3000")
    netty.extract("contacts", sim=sim)
    sim.edit("contacts", 5)
    run = netty.extract("--json", "contacts", sim=sim).json()["contacts"]
    assert run["requests"] <= 4, run
    assert run["records"] < 1000, run


def test_pretty_printed_pages_and_other_time_forms(sims, db, netty):
    for number, form in enumerate(("iso", "space", "fraction", "offset")):
        sim = sims("contacts:350", "--time-format", form, "--pretty", seed=number + 5)
        db.query('DROP TABLE IF EXISTS "netty-contacts"')
        db.create("contacts")
        spool = {"NETTY_SPOOL": str(netty.dir / f"spool-{form}")}
        netty.extract("contacts", sim=sim, env=spool)
        netty.load("contacts", db=db, env=spool)
        assert_synced(sim, db, "contacts")


def test_what_cat_prints_is_what_the_api_sent(sims, netty):
    sim = sims("users:250")
    netty.extract("users", sim=sim)
    lines = netty.spool_tool("cat", "users").out.splitlines()
    assert set(lines) == set(sim.get("/_sim/truth/users").splitlines())
    listed = [json.loads(line) for line in netty.spool_tool("ls", "--json").out.splitlines()]
    assert sum(row["records"] for row in listed if row["table"] == "users") == len(lines)


def test_a_key_from_a_file_and_a_configuration_file(sims, db, netty):
    sim = sims("users:20")
    (netty.dir / "key").write_text(KEY + "\n")
    (netty.dir / "key").chmod(0o640)
    netty.secret_files.add(netty.dir / "key")
    (netty.dir / "netty.conf").write_text(
        f"tables = users\nbase-url = {sim.url}\n[extract]\njobs = 1\n[load]\ncreate-tables = yes\n")
    netty.extract(env={"NETTY_API_KEY": None, "NETTY_API_KEY_FILE": netty.dir / "key"})
    netty.load(db=db)
    assert_synced(sim, db, "users")


def test_the_catalog_tells_the_extractor_what_to_fetch(sims, db, netty):
    sim = sims("users:20,contacts:30,companies:10")
    netty.extract("users", sim=sim)
    db.create("users", "contacts")
    netty.load(db=db)
    fetched = netty.extract("--json", sim=sim).json()
    assert set(fetched) == {"users", "contacts"}


def test_follow_loads_pages_as_they_arrive(sims, db, netty):
    from harness import wait_for
    sim = sims("users:500,contacts:700")
    netty.extract("users", sim=sim)
    loader = netty.start("netty-load", "--follow", "--create-tables", db=db)
    wait_for(lambda: db.value("SELECT to_regclass('\"netty-users\"')") and
             db.value('SELECT count(*) FROM "netty-users"') == 500, "the first table")
    netty.extract("contacts", sim=sim)
    wait_for(lambda: db.value("SELECT to_regclass('\"netty-contacts\"')") and
             db.value('SELECT count(*) FROM "netty-contacts"') == 700, "the second table")
    loader.terminate()
    assert loader.wait(timeout=60) in (0, 75), open(loader.err_path).read()
    assert_synced(sim, db, "users", "contacts")


@pytest.mark.release
def test_an_unchanged_resync_of_100000_records_writes_no_row(sims, db, netty):
    sim = sims("contacts:100000", "--record-bytes", 400)
    db.create("contacts")
    netty.extract("contacts", sim=sim)
    assert netty.load("--json", db=db).json()["contacts"]["inserted"] == 100000
    assert db.writes("contacts") == 100000
    netty.extract("--full", "contacts", sim=sim)
    again = netty.load("--json", db=db).json()["contacts"]
    assert again["unchanged"] >= 100000, "what came meanwhile is read again"
    assert again["inserted"] == again["updated"] == 0, again
    assert db.writes("contacts") == 100000
