"""The same safety however the database is reached: PostgreSQL itself, and a pooler in each of its modes."""
import json
import re
from urllib.parse import urlparse

import psycopg2
import pytest

from harness import wait_for
from pgparts import PgBouncer
from twins import Trap
from upkeep import record, whole

WAYS = ("direct", "transaction", "session")


@pytest.fixture
def reach(request, postgres, db, tmp_path):
    """The database's address, by the way that the test's parameter names."""
    if request.param == "direct":
        yield db.url
        return
    at = urlparse(postgres.url())
    pooler = PgBouncer(tmp_path / "bouncer", at.hostname, at.port, pool=6, mode=request.param)
    yield pooler.url(db.name)
    pooler.stop()


def state_of(netty, url, about, state, code=0):
    run = netty.load("doctor", "--json", db=url, code=code)
    return [row["finding"] for row in map(json.loads, run.out.splitlines()) if (row["state"], row["about"]) == (state, about)]


@pytest.mark.parametrize("reach", WAYS, indirect=True)
def test_other_peoples_rows_stay(spool, netty, db, reach):
    spool.table("contacts").page([record(key, 100, deleted=True) for key in range(200)])
    netty.load("--create-tables", db=reach)
    db.query("""CREATE TABLE notes (contact_id int REFERENCES "netty-contacts" ON DELETE CASCADE);
                INSERT INTO notes SELECT n FROM generate_series(0, 9) AS n""")
    for command in (("purge",), ("archive",)):
        assert "notes_contact_id_fkey" in netty.load(*command, "--older-than", "30d", db=reach, code=78).err
    hint, = [text for text in state_of(netty, reach, "contacts", "change") if "notes" in text]
    db.query(hint[hint.index("ALTER TABLE"):])
    row = netty.load("archive", "--older-than", "30d", "--json", db=reach).json()["contacts"]
    assert (row["rows"], row["referenced"]) == (190, 10) and set(whole(db)) == set(range(10))
    assert db.value("SELECT count(*) FROM notes") == 10
    netty.load("restore", db=reach)
    assert len(whole(db)) == 200


@pytest.mark.parametrize("reach", WAYS, indirect=True)
def test_other_peoples_functions_are_not_called(spool, netty, db, reach):
    trap = Trap(db, "public, pg_catalog")
    trap.create("contacts")
    spool.table("contacts").page([record(key, 100) for key in range(1500)])
    spool.table("contacts").page([record(key, 50) for key in range(1500)])
    assert netty.load("--json", db=reach).json()["contacts"]["read"] == 3000
    for command in (["doctor"], ["check"], ["archive", "--older-than", "30d"], ["restore"], ["replay"]):
        netty.load(*command, db=reach, code=None)
    assert trap.count() == 1500
    trap.assert_silent()
    trap.twins.close()


@pytest.mark.parametrize("reach", WAYS, indirect=True)
def test_what_is_made_is_private(spool, netty, db, reach):
    db.query("ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC")
    try:
        spool.table("contacts").page([record(1, 100)])
        assert "CREATE POLICY" in netty.load("--create-tables", db=reach).err
        netty.load("archive", "--older-than", "30d", db=reach)
        for relation in ("netty-contacts", "netty-contacts-archive"):
            acl, secured = db.query("SELECT relacl::text, relrowsecurity FROM pg_class WHERE relname = %s", relation)[0]
            assert secured and not re.search(r"[{,]=", acl or ""), (relation, acl)
        assert not state_of(netty, reach, "contacts", "change")
    finally:
        db.query("ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM PUBLIC")


@pytest.mark.parametrize("reach", WAYS, indirect=True)
def test_run_and_doctor_say_what_is_wrong_and_end_with_the_same_code(spool, netty, db, reach):
    db.query("""CREATE VIEW "netty-users" AS SELECT 1 AS user_id; CREATE TABLE "netty-tasks" (task_id int PRIMARY KEY,
                data jsonb NOT NULL, time_created timestamptz, time_modified timestamptz);
                CREATE RULE twice AS ON UPDATE TO "netty-tasks" DO ALSO NOTHING""")
    for table, said in (("users", "is a view"), ("tasks", "the rule twice")):
        spool.table(table).page([f'{{"{table[:-1]}_id":1}}'])
        run = netty.load(table, "--retries", "0", db=reach, code=None)
        assert said in run.err and run.code == 78, run
        doctor = netty.load("doctor", "--json", table, db=reach, code=78)
        assert said in doctor.out


@pytest.mark.parametrize("reach", WAYS, indirect=True)
def test_a_shape_that_changes_under_a_run_is_read_again(spool, netty, db, reach):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page([record(key, 50) for key in range(300)])
    loader = netty.start("netty-load", "--follow", db=reach)
    wait_for(lambda: len(db.rows("contacts")) == 300, "the first load")
    db.query('ALTER TABLE "netty-contacts" ALTER contact_id TYPE bigint')
    writer.page([record(key, 40, v=2) for key in range(300)])
    wait_for(lambda: db.value("SELECT count(*) FROM \"netty-contacts\" WHERE data->>'v' = '2'") == 300, "the edits", 60)
    loader.terminate()
    assert loader.wait(timeout=30) in (0, 75)


@pytest.mark.parametrize("how", ["RAISE 'not this one' USING ERRCODE = 'ZZ001'", "PERFORM pg_terminate_backend(pg_backend_pid())"])
@pytest.mark.parametrize("reach", WAYS, indirect=True)
def test_a_row_that_is_refused_or_ends_the_connection_is_set_aside(spool, netty, db, reach, how):
    db.create("contacts")
    db.query(f"""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                     IF new.contact_id = 137 THEN {how}; END IF; RETURN new; END $$;
                 CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION refuse()""")
    spool.table("contacts").page([record(key, 50) for key in range(300)])
    row = netty.load("--json", "--retries", "2", "--retry-delay", "1ms", db=reach, code=65).json()["contacts"]
    assert (row["inserted"], row["dead"]) == (299, 1) and len(spool.dead("contacts")) == 1


@pytest.mark.parametrize("reach", WAYS, indirect=True)
def test_what_is_stored_is_what_was_sent(spool, netty, db, reach):
    """A trigger that sets the time holds no edit up, and a table that was emptied is loaded again."""
    db.create("contacts")
    db.query("""CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.time_modified = now(); RETURN new; END $$;
                CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION touch()""")
    for version in (1, 2):
        spool.table("contacts").page([record(key, 50 - version, v=version) for key in range(300)])
        netty.load(db=reach)
        assert db.value("SELECT count(*) FROM \"netty-contacts\" WHERE data->>'v' = %s", str(version)) == 300
    db.query('TRUNCATE "netty-contacts"')
    assert "loaded again" in netty.load(db=reach).err
    assert db.value("SELECT count(*) FROM \"netty-contacts\" WHERE data->>'v' = '2'") == 300


@pytest.mark.parametrize("reach", WAYS, indirect=True)
def test_a_lock_is_waited_for_and_halves_nothing(spool, netty, db, reach):
    db.create("contacts")
    db.query(f"""ALTER DATABASE "{db.name}" SET statement_timeout = '1s'""")
    spool.table("contacts").page([record(key, 50) for key in range(300)])
    other = psycopg2.connect(db.url)
    other.cursor().execute('LOCK TABLE "netty-contacts" IN EXCLUSIVE MODE')
    run = netty.load("--retries", "2", "--retry-delay", "1ms", db=reach, code=69)
    assert "55P03" in run.err and "halved" not in run.err and not spool.dead("contacts"), run
    other.close()
    netty.load(db=reach)
    assert len(db.rows("contacts")) == 300


@pytest.mark.parametrize("reach", ["statement"], indirect=True)
def test_a_pooler_in_statement_mode_is_told_as_one(spool, netty, db, reach):
    db.create("contacts")
    wrong, = state_of(netty, reach, "pooler", "wrong", code=78)
    assert "statement mode" in wrong
    assert db.value('SELECT count(*) FROM "netty-contacts"') == 0
    spool.table("contacts").page([record(1, 1)])
    run = netty.load("--retries", "0", db=reach, code=None)
    assert run.code == 78 and "statement pooling" in run.err, run


SETUPS = {
    "shape": 'ALTER TABLE "netty-contacts" ALTER contact_id TYPE bigint',
    "references": """CREATE TABLE notes (contact_id int REFERENCES "netty-contacts"); INSERT INTO notes VALUES (1)""",
    "twin": "CREATE FUNCTION public.substr(name, integer) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'called'; END $$",
    "privileges": "GRANT ALL ON \"netty-contacts\" TO PUBLIC",
    "refused-row": """ALTER TABLE "netty-contacts" ADD CHECK (contact_id <> 2)""",
    "trigger": """CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.time_modified = now(); RETURN new; END $$;
                  CREATE TRIGGER touch BEFORE UPDATE ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION public.touch()""",
    "emptied": 'TRUNCATE "netty-contacts" CASCADE',
}


@pytest.mark.parametrize("command", [(), ("doctor",), ("archive", "--older-than", "1d")])
@pytest.mark.parametrize("setup", SETUPS)
@pytest.mark.parametrize("reach", ["statement"], indirect=True)
def test_through_statement_mode_nothing_is_done_whatever_the_database_is_like(spool, netty, db, reach, setup, command):
    """Of no use to anybody: one line, 78, few tries; and not a row, a table or a letter is other than before."""
    spool.table("contacts").page([record(1, 100, deleted=True)])
    netty.load("--create-tables", db=db)
    db.query(SETUPS[setup])
    spool.table("contacts").page([record(1, 50), record(2, 50)])
    state = """SELECT (SELECT array_agg(relname ORDER BY relname) FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace > 16383),
                      (SELECT count(*) FROM "netty-contacts"), (SELECT array_agg((segment, page, line)::text) FROM netty_sync.progress)"""
    before = db.query(state)
    run = netty.load(*command, "--retries", "2", "--retry-delay", "1ms", db=reach, code=78)
    assert "statement" in run.out + run.err and not spool.dead("contacts"), run
    assert len([line for line in run.err.splitlines() if " error " in line]) <= 1, run
    assert db.query(state) == before
