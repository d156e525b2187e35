"""Databases that are more than one table on one server: hash partitions, two loaders, tables that an extension has distributed."""
import json
import re

import psycopg2
import pytest

from harness import ROOT, key_of, wait_for
from reconciles import Copy
from test_load_views import columns, views
from upkeep import load_records, record

PARTED = """CREATE TABLE "netty-contacts" (contact_id integer PRIMARY KEY, data jsonb NOT NULL, time_created timestamptz, time_modified timestamptz)
            PARTITION BY HASH (contact_id)"""


def parted(db, parts=4):
    db.query(PARTED)
    for n in range(parts):
        db.query(f'CREATE TABLE "part{n}" PARTITION OF "netty-contacts" FOR VALUES WITH (MODULUS {parts}, REMAINDER {n})')


# ---- hash partitions ----

def test_a_hash_partitioned_table_is_kept_like_any_other(sims, db, netty):
    """Loaded, edited, what is gone marked, what is back unmarked, emptied and loaded again, looked through."""
    db.create = lambda *_: parted(db)
    copy = Copy(sims("contacts:600"), db, netty)
    copy.sim.edit("contacts", 50)
    copy.load()
    assert min(db.value(f'SELECT count(*) FROM "part{n}"') for n in range(4)) > 50
    gone = copy.delete(7)
    copy.cycle()
    assert set(copy.marked()) == gone
    copy.sim.post("/_sim/restore", table="contacts", n=7)
    copy.cycle()
    assert not copy.marked()
    db.query('TRUNCATE "netty-contacts"')
    netty.load("replay", db=db)
    assert db.value('SELECT count(*) FROM "netty-contacts"') == 600
    assert "wrong" not in {row["state"] for row in map(json.loads, netty.load("check", "--json", db=db).out.splitlines()) if row.get("about") == "contacts"}


def test_the_commands_take_a_hash_partitioned_table(spool, netty, db):
    parted(db)
    load_records(netty, spool, db, *(record(k, 400 if k % 2 else 20, n=k) for k in range(1, 101)))
    assert views(netty, db)["contacts"]["status"] == "made" and columns(db)["n"] == "integer"
    netty.load("archive", "--older-than", "300d", "contacts", db=db)
    assert db.value("SELECT count(*) FROM netty.contacts") == 50
    netty.load("restore", "contacts", db=db)
    assert db.value("SELECT sum(n) FROM netty.contacts") == 5050
    found, = [json.loads(line) for line in netty.load("profile", "--json", "contacts", db=db).out.splitlines() if '"n"' in line]
    assert (found["records"], found["type"]) == (100, "integer")


# ---- two loaders ----

NAMES = ("agencies", "contacts", "mandates", "users")


def fill(spool, version, names=NAMES):
    for name in names:
        spool.table(name).page([{key_of(name): key, "v": version, "time_modified": f"2024-01-0{version} 00:00:00"} for key in range(1, 9)])


def full(db, version, names=NAMES):
    return [name for name in names if db.value(f"""SELECT count(*) FROM "netty-{name}" WHERE data->>'v' = '{version}'""") == 8]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_table_that_another_loader_is_at_lets_others_go_first(spool, netty, db, jobs):
    """Its progress is locked, as by another's batch: the others are loaded meanwhile, and it is waited for at the end."""
    db.create(*NAMES)
    fill(spool, 1)
    netty.load(db=db)
    fill(spool, 2)
    other = psycopg2.connect(db.url)
    other.cursor().execute("SELECT FROM netty_sync.progress WHERE table_name IN ('agencies', 'contacts') FOR UPDATE")
    loader = netty.start("netty-load", "--json", "--jobs", str(jobs), "--log-level", "debug", "--log-format", "json", db=db)
    wait_for(lambda: full(db, 2) == ["mandates", "users"], "the tables that nobody else is at")
    wait_for(lambda: db.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") >= 1, "the one that is waited for")
    other.rollback()
    assert loader.wait(timeout=60) == 0, open(loader.err_path).read()
    assert full(db, 2) == list(NAMES)
    told = [json.loads(line) for line in open(loader.err_path)]
    assert sorted(line["table"] for line in told if line["event"] == "aside") == ["agencies", "contacts"], "once each"
    assert not [line for line in told if line["event"] in ("retry", "failed")]
    other.close()


def test_two_loaders_share_the_tables_of_one_database(spool, netty, db):
    """The first one is held in a table by its trigger; the second loads all the others, then waits. Each row once, no table refused."""
    db.create(*NAMES)
    fill(spool, 1)
    netty.load(db=db)
    db.query("""CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(25); RETURN new; END $$;
                CREATE TRIGGER hold AFTER INSERT ON "netty-agencies" FOR EACH STATEMENT EXECUTE FUNCTION hold()""")
    fill(spool, 2)
    gate = psycopg2.connect(db.url)
    gate.cursor().execute("SELECT pg_advisory_lock(25)")
    first = netty.start("netty-load", "--json", "--jobs", "1", "agencies", db=db)
    wait_for(lambda: db.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == 1, "the first one in its table")
    second = netty.start("netty-load", "--json", "--jobs", "1", db=db)
    wait_for(lambda: full(db, 2, NAMES[1:]) == list(NAMES[1:]), "the second one's tables")
    assert first.poll() is None and second.poll() is None
    gate.close()
    assert [process.wait(timeout=60) for process in (first, second)] == [0, 0], [open(process.err_path).read() for process in (first, second)]
    assert full(db, 2) == list(NAMES)


# ---- what an extension has distributed ----

def distribute(db, table, method):
    """As Citus notes it: in a catalog of its own, which is not there without it."""
    db.query(f"""SET allow_system_table_mods = on;
        CREATE TABLE IF NOT EXISTS pg_catalog.pg_dist_partition (logicalrelid regclass, partmethod "char", partkey text, colocationid int, repmodel "char");
        GRANT SELECT ON pg_catalog.pg_dist_partition TO PUBLIC;
        INSERT INTO pg_catalog.pg_dist_partition VALUES ('"netty-{table}"', '{method}', NULL, 1, 's')""")


@pytest.mark.parametrize("method", ["h", "r", "a"])
def test_a_table_that_an_extension_has_distributed_is_named_and_what_works_is_said(spool, netty, db, method):
    db.create("contacts", "users")
    distribute(db, "contacts", method)
    spool.table("contacts").page([record(1, 40)])
    spool.table("users").page([{"user_id": 1, "time_modified": "2024-01-02 03:04:05"}])
    for run in (netty.load(db=db, code=78), netty.load("doctor", db=db, code=78)):
        said = " ".join((run.out + run.err).split())
        assert "netty-contacts is distributed over several nodes" in said and "undistribute_table" in said
        assert "citus_schema_distribute" in said and "a schema for each account" in said
        assert "netty-users is distributed" not in said
    assert db.value('SELECT count(*) FROM "netty-users"') == 1 and db.value('SELECT count(*) FROM "netty-contacts"') == 0


def test_a_schema_that_an_extension_has_moved_to_a_node_is_loaded(spool, netty, db):
    """Whole tables, not distributed by their rows: `n`."""
    db.create("contacts")
    distribute(db, "contacts", "n")
    load_records(netty, spool, db, record(1, 40))
    assert db.value('SELECT count(*) FROM "netty-contacts"') == 1


def test_a_role_that_may_not_see_what_is_distributed_loads_as_ever(spool, netty, db):
    db.create("contacts")
    distribute(db, "contacts", "h")
    role = f"{db.name}_loader"
    db.query(f'REVOKE ALL ON pg_catalog.pg_dist_partition FROM PUBLIC; CREATE ROLE {role} LOGIN; GRANT CREATE ON DATABASE "{db.name}" TO {role}; '
             f'GRANT ALL ON "netty-contacts" TO {role}')
    try:
        spool.table("contacts").page([record(1, 40)])
        netty.load(db=db.url.replace("//netty@", f"//{role}@"))
        assert db.value('SELECT count(*) FROM "netty-contacts"') == 1
    finally:
        db.query(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


def test_what_takes_marks_back_calls_nothing_that_a_distributed_update_may_not(db):
    """Citus refuses, in the UPDATE of a distributed table, what is not IMMUTABLE and looks at a row."""
    text = "\n".join(line for line in (ROOT / "load/sql/reconcile_revive.sql").read_text().splitlines() if not line.startswith("--"))
    called = set(re.findall(r"pg_catalog\.(\w+)\(", text)) - {"unnest", "count"}
    update = text[text.index("UPDATE"):text.index("RETURNING")]
    assert not [name for name in called if name in update], called
    for name in called:
        assert db.value("SELECT bool_and(provolatile = 'i') FROM pg_proc WHERE proname = %s", name), name
