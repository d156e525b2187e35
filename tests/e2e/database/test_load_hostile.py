"""Nothing that others made is called: not with their functions and operators on the path, be it before pg_catalog or behind."""
import subprocess

import psycopg2
import pytest

from harness import ROOT
from reconciles import Copy
from twins import Trap
from upkeep import archive_files, record

TABLE = "contacts"
WAYS = ("public, pg_catalog", "crm, public, pg_catalog", '"$user", public', "crm, public")


@pytest.fixture(params=WAYS)
def trap(db, request):
    made = Trap(db, request.param)
    yield made
    made.twins.close()


def test_the_trap_is_one(trap):
    connection = psycopg2.connect(trap.db.url)
    connection.autocommit = True
    cursor = connection.cursor()
    calls = ["SELECT substr('netty-contacts'::name, 7)", "SELECT starts_with('a'::name, 'b'::name)"]
    if "pg_catalog" in trap.path:
        calls += ["SELECT 1 + 1", "SELECT count(*) FROM pg_class", "SELECT max(oid) FROM pg_class", "SELECT now()"]
    for call in calls:
        with pytest.raises(psycopg2.errors.RaiseException, match=trap.twins.word):
            cursor.execute(call)
    connection.close()


def test_loading_of_all_kinds_calls_no_twin(trap, netty, spool):
    trap.create(TABLE)
    writer = spool.table(TABLE)
    for start in range(0, 3000, 100):
        writer.page([record(key, 400) for key in range(start, start + 100)])
    db = trap.db
    assert netty.load("--json", db=db).json()[TABLE]["inserted"] == 3000
    writer.page([record(key, 100, name="newer") for key in range(2500)])  # the temporary table, and newer rows
    writer.page([record(key, 90, name="newer") for key in range(50)])  # arrays
    writer.page([record(key, 90, name="same time") for key in range(50)] + ['{"contact_id":"x"}'])
    assert netty.load("--json", db=db, code=65).json()[TABLE]["updated"] >= 2500
    for arguments in (["--replay"], ["--replay", "--update", "replace"], ["--replay", "--batch-rows", "200"], ["--redrive"],
                      ["--catalog"], ["--loaded"], ["--dry-run"]):
        netty.load(*arguments, db=db, code=None)
        trap.assert_silent()
    assert trap.count() == 3000
    trap.assert_silent()


def test_a_table_that_is_not_plain_and_one_with_a_row_that_is_refused(trap, netty, spool):
    trap.create(TABLE)
    trap.db.query(f"""ALTER TABLE {trap.schema}."netty-contacts"
                      ADD CHECK ((data OPERATOR(pg_catalog.->>) 'name') OPERATOR(pg_catalog.<>) 'n7');
                      ALTER TABLE {trap.schema}."netty-contacts" FORCE ROW LEVEL SECURITY""")
    spool.table(TABLE).page([record(key, 3) for key in range(300)])
    row = netty.load("--json", db=trap.db, code=65).json()[TABLE]
    assert (row["inserted"], row["dead"]) == (299, 1)
    trap.assert_silent()


def test_tables_that_are_made(trap, netty, spool):
    spool.table(TABLE).page([record(key, 3) for key in range(30)])
    assert netty.load("--json", "--create-tables", db=trap.db).json()[TABLE]["inserted"] == 30
    trap.assert_silent()


def test_the_commands(trap, netty, spool):
    trap.create(TABLE)
    spool.table(TABLE).page([record(key, 400 if key % 2 else 1, email=f"{key}@x", tags=["a"], born=f"1980-02-{key % 28 + 1:02}") for key in range(200)])
    spool.table(TABLE).page([record(key, 300, deleted=True) for key in range(200, 220)])
    db = trap.db
    netty.load(db=db)
    for arguments in (["--check"], ["--check", "--create-tables", "users"], ["check"], ["check", "--merge"], ["index", TABLE, "email", "tags"],
                      ["index", TABLE, "email"], ["index", "--suggest"], ["compress"], ["compress", "--rewrite"],
                      ["profile"], ["profile", "--misfits", "--depth", "2"], ["views", TABLE], ["views", "--apply", TABLE], ["check", TABLE],
                      ["views", "--apply", "--rebuild", "--with-deleted", TABLE], ["index", TABLE, "email", "born"],
                      ["purge", "--older-than", "200d", "--dry-run"], ["purge", "--older-than", "200d"],
                      ["archive", "--older-than", "200d", "--dry-run"], ["archive", "--older-than", "200d"], ["check"],
                      ["restore", TABLE], ["archive", "--older-than", "200d", "--to-file", TABLE], ["check"]):
        netty.load(*arguments, db=db, code=None if {"check", "compress", "--suggest"} & set(arguments) else 0)
        trap.assert_silent()
    assert trap.count() == 100
    for path in archive_files(netty):
        netty.load("restore", "--from-file", path, TABLE, db=db)
    assert trap.count() == 220
    netty.spool_tool("prune", db=db)
    trap.assert_silent()


def test_a_reconcile(trap, netty, sims):
    trap.create(TABLE)
    sim = sims(f"{TABLE}:300")
    db = trap.db

    def pair(*arguments):
        sim.post("/_sim/clock", advance=100)
        netty.extract(*arguments, TABLE, sim=sim, code=None)
        return netty.load("--json", TABLE, db=db).json()[TABLE]
    pair()
    before = set(sim.truth(TABLE))
    sim.post("/_sim/delete", table=TABLE, n=4)
    gone = before - set(sim.truth(TABLE))
    marked = [pair(*arguments).get("marked", 0) for arguments in (["--reconcile"], [], ["--reconcile"], [])]
    assert sum(marked) == len(gone) == 4, marked
    trap.assert_silent()


def test_the_digest_by_psql(trap):
    trap.create(TABLE)
    done = subprocess.run(["psql", trap.db.url, "-qAt", "-v", f"schema={trap.schema}", "-v", "relation=netty-contacts",
                           "-v", "key=contact_id", "-f", ROOT / "load/sql/digest.sql"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and done.stdout.startswith("0|"), done
    trap.assert_silent()
