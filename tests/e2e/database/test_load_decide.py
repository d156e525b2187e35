"""What the loader does about an error, by its SQLSTATE and by when it comes: nothing is tried again without a pause and a
count, a refused row costs itself only, and what all rows fail with is the table's. tests/unit/load/test_db_decide.c walks
through every SQLSTATE; here is one of each kind, end to end."""
import json
import re
import time
from urllib.parse import urlparse

import psycopg2
import pytest

from harness import differences, wait_for
from pgparts import PgBouncer
from pgproxy import FAIL_WITH, Proxy
from upserts import History, Upserts

QUICK = ("--retries", "2", "--retry-delay", "1ms")


@pytest.fixture
def proxies():
    started = []

    def start(url, **keywords):
        at = urlparse(url)
        started.append(Proxy(at.hostname, at.port, **keywords))
        return started[-1]

    yield start
    for proxy in started:
        proxy.close()


def write(writer, first, last, v=1, time=None):
    modified = f',"time_modified":"{time}"' if time else ""
    writer.page([f'{{"contact_id":{key},"v":{v}{modified}}}' for key in range(first, last + 1)])


def rollbacks(db):
    db.query("SELECT pg_stat_clear_snapshot()")
    return db.value("SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()")


def lines_of(err, word):
    return [line for line in err.splitlines() if word in line]


# ---- the shape changes under a run ----

CHANGES = {
    "bigint": 'ALTER TABLE "netty-contacts" ALTER contact_id TYPE bigint',
    "smallint": 'ALTER TABLE "netty-contacts" ALTER contact_id TYPE smallint',
    "made-again": 'DROP TABLE "netty-contacts"; CREATE TABLE "netty-contacts" (contact_id INTEGER PRIMARY KEY, '
                  'data JSONB NOT NULL, time_created TIMESTAMPTZ, time_modified TIMESTAMPTZ)',
    "partitioned": 'DROP TABLE "netty-contacts"; CREATE TABLE "netty-contacts" (contact_id INTEGER PRIMARY KEY, '
                   'data JSONB NOT NULL, time_created TIMESTAMPTZ, time_modified TIMESTAMPTZ) PARTITION BY HASH (contact_id);'
                   'CREATE TABLE part0 PARTITION OF "netty-contacts" FOR VALUES WITH (MODULUS 1, REMAINDER 0)',
}


@pytest.mark.parametrize("size", [10, 300], ids=["few", "many"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_shape_that_changes_under_a_run_is_read_again(spool, netty, db, change, size):
    db.create("contacts")
    writer = spool.table("contacts")
    write(writer, 1, size, time="2024-01-01 00:00:00")
    loader = netty.start("netty-load", "--follow", db=db)
    wait_for(lambda: len(db.rows("contacts")) == size, "the first load")
    write(writer, 1, size, 1, time="2024-01-01 00:00:00")  # known lines, of which the cache tells
    time.sleep(0.5)
    before = rollbacks(db)
    db.query(CHANGES[change])
    write(writer, 1, size, 1, time="2024-01-01 00:00:00")
    write(writer, 1, size, 2, time="2024-01-02 00:00:00")
    wait_for(lambda: db.value("SELECT count(*) FROM \"netty-contacts\" WHERE data->>'v' = '2'") == size, "the edits", 30)
    assert rollbacks(db) - before < 20
    loader.terminate()
    assert loader.wait(timeout=30) in (0, 75)


@pytest.mark.parametrize("change", ['DROP TABLE "netty-contacts"', 'ALTER TABLE "netty-contacts" RENAME TO "netty-old"',
                                    'CREATE SCHEMA other; ALTER TABLE "netty-contacts" SET SCHEMA other'])
def test_a_table_that_is_taken_away_under_a_run_is_named_and_not_asked_for_all_the_time(spool, netty, db, change):
    db.create("contacts")
    writer = spool.table("contacts")
    write(writer, 1, 10)
    loader = netty.start("netty-load", "--follow", db=db)
    wait_for(lambda: len(db.rows("contacts")) == 10, "the first load")
    before = rollbacks(db)
    db.query(change)
    write(writer, 1, 10, 2)
    wait_for(lambda: "netty-contacts" in open(loader.err_path).read(), "the message")
    time.sleep(3)
    assert rollbacks(db) - before < 20
    loader.terminate()
    loader.wait(timeout=30)


# ---- one row is refused, whatever the SQLSTATE ----

STATES = ["PT402", "45000", "ZZ001", "55000", "0A000", "42501", "42P01", "42883", "28000", "XX001", "25001", "22023", "P0001",
          "23514", "54000", "21000"]
PASSING = ["40001", "53100", "57P01", "08006", "XX000", "25006", "55006"]


def refuse(db, state, condition, when="BEFORE INSERT OR UPDATE"):
    db.query(f"""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                     IF {condition} THEN RAISE 'not this one' USING ERRCODE = '{state}'; END IF; RETURN new; END $$;
                 CREATE TRIGGER refuse {when} ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION refuse()""")


@pytest.mark.parametrize("state", STATES + PASSING)
def test_a_row_that_is_refused_is_set_aside_whatever_the_sqlstate(spool, netty, db, state):
    db.create("contacts")
    refuse(db, state, "new.contact_id = 137")
    write(spool.table("contacts"), 1, 300)
    run = netty.load("--json", *QUICK, db=db, code=65)
    row = run.json()["contacts"]
    assert (row["inserted"], row["dead"]) == (299, 1), run
    assert [(letter["sqlstate"], letter["line"]) for letter in spool.dead("contacts")] == [(state, 137)]
    again = netty.load("--json", *QUICK, db=db)
    assert again.json()["contacts"]["dead"] == 0 or again.code == 0


def test_a_row_that_a_policy_refuses_is_set_aside(spool, netty, db):
    db.query("DO $$ BEGIN CREATE ROLE clerk LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    db.create("contacts")
    write(spool.table("contacts"), 1, 300)
    db.query(f"""GRANT CREATE ON DATABASE "{db.name}" TO clerk; GRANT ALL ON "netty-contacts" TO clerk;
                 ALTER TABLE "netty-contacts" ENABLE ROW LEVEL SECURITY;
                 CREATE POLICY most ON "netty-contacts" TO clerk USING (true) WITH CHECK (contact_id <> 137)""")
    run = netty.load("--json", *QUICK, db=db.url.replace("netty@", "clerk@"), code=65)
    row = run.json()["contacts"]
    assert (row["inserted"], row["dead"]) == (299, 1), run


def test_a_row_that_is_always_too_slow_is_set_aside_once_its_neighbours_are_in(spool, netty, db):
    db.create("contacts")
    db.query(f"""CREATE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                     IF new.contact_id = 17 THEN PERFORM pg_sleep(60); END IF; RETURN new; END $$;
                 CREATE TRIGGER doze BEFORE INSERT ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION doze();
                 ALTER DATABASE "{db.name}" SET statement_timeout = '300ms'""")
    write(spool.table("contacts"), 1, 40)
    run = netty.load("--json", *QUICK, db=db, code=65)
    row = run.json()["contacts"]
    assert (row["inserted"], row["dead"]) == (39, 1), run
    assert [(letter["sqlstate"], letter["line"]) for letter in spool.dead("contacts")] == [("57014", 17)]


def kill(db, condition):
    """The server's process ends itself, and the connection with it: no savepoint helps."""
    db.query(f"""CREATE FUNCTION kill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                     IF {condition} THEN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(60); END IF;
                     RETURN new; END $$;
                 CREATE TRIGGER kill BEFORE INSERT OR UPDATE ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION kill()""")


@pytest.mark.parametrize("rows, guilty", [(300, [137]), (300, [1]), (300, [300]), (300, [11, 12, 250]), (300, [1, 4]), (4000, [3999]), (2, [2])])
def test_a_row_that_ends_the_connection_each_time_is_set_aside(spool, netty, db, rows, guilty):
    db.create("contacts")
    kill(db, f"new.contact_id IN ({', '.join(map(str, guilty))})")
    write(spool.table("contacts"), 1, rows)
    run = netty.load("--json", *QUICK, db=db, code=65)
    row = run.json()["contacts"]
    assert (row["inserted"], row["dead"]) == (rows - len(guilty), len(guilty)), run
    assert [(letter["sqlstate"], letter["line"]) for letter in spool.dead("contacts")] == [("57P01", key) for key in guilty]
    tries = len(lines_of(run.err, "looked for")) + len(lines_of(run.err, "tried again"))
    assert tries <= 20 * len(guilty), run.err
    waits = [int(found) for found in re.findall(r"wait_ms=(\d+)", run.err)]
    assert len(waits) == tries, "each after a pause"
    assert len(db.rows("contacts")) == rows - len(guilty)
    assert netty.load("--json", *QUICK, db=db).json()["contacts"]["read"] == 0


CRASH = "COPY (SELECT 1) TO PROGRAM 'kill -9 $PPID'"  # the shell's parent is the server's process


@pytest.mark.parametrize("way", ["direct", "transaction", "session"])
def test_a_row_that_makes_the_server_crash_each_time_is_set_aside(spool, netty, apart, tmp_path, way):
    """No SQLSTATE comes then, and all connections end; and while it recovers the server takes none."""
    apart.create("contacts", "users")
    apart.query(f"""CREATE FUNCTION kill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                        IF new.contact_id = 37 THEN {CRASH}; END IF; RETURN new; END $$;
                    CREATE TRIGGER kill BEFORE INSERT OR UPDATE ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION kill()""")
    apart.connection.close()
    write(spool.table("contacts"), 1, 100)
    spool.table("users").page([f'{{"user_id":{key}}}' for key in range(700)])
    at = urlparse(apart.server.url())
    pooler = PgBouncer(tmp_path / "bouncer", at.hostname, at.port, pool=6, mode=way) if way != "direct" else None
    run = netty.load("--json", "--retries", "6", "--retry-delay", "300ms", db=pooler.url(apart.name) if pooler else apart, code=65)
    row = run.json()["contacts"]
    assert (row["inserted"], row["dead"]) == (99, 1), run
    letter, = spool.dead("contacts")
    assert letter["line"] == 37 and letter["sqlstate"][:2] in ("08", "57"), letter
    assert len(apart.rows("contacts")) == 99 and len(apart.rows("users")) == 700
    lines = lines_of(run.err, "looked for") + lines_of(run.err, "tried again")
    assert len(lines) == len(re.findall(r"wait_ms=\d+", run.err)) <= 60, run.err
    again = netty.load("--json", *QUICK, db=apart)
    assert again.json()["contacts"]["read"] == 0
    if pooler:
        pooler.stop()


def test_where_every_row_makes_the_server_crash_none_is_set_aside(spool, netty, apart):
    apart.create("contacts")
    apart.query(f"""CREATE FUNCTION kill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {CRASH}; RETURN new; END $$;
                    CREATE TRIGGER kill BEFORE INSERT ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION kill()""")
    apart.connection.close()
    write(spool.table("contacts"), 1, 30)
    run = netty.load("--json", "--retries", "4", "--retry-delay", "200ms", db=apart, code=69)
    assert not spool.dead("contacts") and run.json()["contacts"]["dead"] == 0, run
    assert len(re.findall(r"wait_ms=", run.err)) <= 60
    wait_for(lambda: answers(apart), "the server")
    apart.query('DROP TRIGGER kill ON "netty-contacts"')
    netty.load(db=apart)
    assert len(apart.rows("contacts")) == 30


def answers(database):
    try:
        return database.value("SELECT 1")
    except psycopg2.Error:
        return None


@pytest.mark.parametrize("rows", [1, 300])
def test_where_every_row_ends_the_connection_none_is_set_aside(spool, netty, db, rows):
    db.create("contacts", "users")
    kill(db, "true")
    write(spool.table("contacts"), 1, rows)
    spool.table("users").page(['{"user_id":1}'])
    run = netty.load("--json", *QUICK, db=db, code=69)
    assert not spool.dead("contacts") and "57P01" in run.err and len(db.rows("users")) == 1
    assert len(re.findall(r"wait_ms=", run.err)) <= 20
    db.query('DROP TRIGGER kill ON "netty-contacts"')
    netty.load(db=db)
    assert len(db.rows("contacts")) == rows


def test_a_row_that_waits_for_a_lock_is_not_to_blame(spool, netty, db):
    """Its trigger waits for another's row without a limit of its own, so that the statement's limit ends it, each time."""
    db.create("contacts")
    db.query(f"""CREATE TABLE stock (id int PRIMARY KEY); INSERT INTO stock VALUES (1);
                 CREATE FUNCTION take() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                     IF new.contact_id = 17 THEN SET LOCAL lock_timeout = 0; PERFORM FROM public.stock FOR UPDATE; END IF;
                     RETURN new; END $$;
                 CREATE TRIGGER take BEFORE INSERT ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION take();
                 ALTER DATABASE "{db.name}" SET statement_timeout = '2s'""")
    write(spool.table("contacts"), 1, 40)
    other = psycopg2.connect(db.url, application_name="the-other")
    other.cursor().execute("UPDATE stock SET id = 2")
    run = netty.load("--json", *QUICK, db=db, code=69)
    assert not spool.dead("contacts") and run.json()["contacts"]["dead"] == 0, run
    assert "the-other" in run.err and "55P03" in run.err
    other.rollback()
    assert netty.load("--json", *QUICK, db=db).json()["contacts"]["inserted"] + run.json()["contacts"]["inserted"] == 40
    other.close()


@pytest.mark.parametrize("when", ["BEFORE INSERT OR UPDATE", "AFTER INSERT OR UPDATE"])
@pytest.mark.parametrize("state,code", [("PT402", 78), ("45000", 78), ("42501", 77), ("0A000", 78), ("55000", 78), ("XX001", 74),
                                        ("57P01", 69), ("53100", 69), ("P0001", 78)])
def test_what_all_rows_fail_with_is_the_tables(spool, netty, db, state, code, when):
    db.create("contacts", "users")
    refuse(db, state, "true", when)
    write(spool.table("contacts"), 1, 300)
    spool.table("users").page(['{"user_id":1}'])
    before = rollbacks(db)
    run = netty.load("--json", *QUICK, db=db, code=code)
    assert not spool.dead("contacts")
    failed = lines_of(run.err, " failed ") or lines_of(run.err, "not loaded to its end")
    assert len(failed) == 1 and "not this one" in failed[0] and state in failed[0], run
    assert "another shape" not in run.err
    assert len(db.rows("users")) == 1, "the others go on"
    db.settle()
    assert rollbacks(db) - before <= 20
    db.query('DROP TRIGGER refuse ON "netty-contacts"')
    netty.load(db=db)
    assert len(db.rows("contacts")) == 300


@pytest.mark.parametrize("state, code", [("57P01", 69), ("ZZ001", 78), ("53100", 69), ("42501", 77)])
def test_what_all_rows_of_a_later_batch_fail_with_is_the_tables_too(spool, netty, db, state, code):
    """Though rows of the batches before it went in."""
    db.create("contacts")
    db.query(f"""CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                     IF (SELECT count(*) FROM public."netty-contacts") > 100 THEN RAISE 'full' USING ERRCODE = '{state}'; END IF;
                     RETURN NULL; END $$;
                 CREATE TRIGGER stop BEFORE INSERT ON "netty-contacts" FOR EACH STATEMENT EXECUTE FUNCTION stop()""")
    for page in range(10):
        write(spool.table("contacts"), page * 20 + 1, page * 20 + 20)
    run = netty.load("--json", *QUICK, "--batch-rows", "20", db=db, code=code)
    assert not spool.dead("contacts") and run.json()["contacts"]["inserted"] == 120, run
    db.query('DROP TRIGGER stop ON "netty-contacts"')
    netty.load(db=db)
    assert len(db.rows("contacts")) == 200


LAWS = {
    "not-null": ('ALTER TABLE "netty-contacts" ADD COLUMN owner text GENERATED ALWAYS AS ((data->>$$owner$$)) STORED NOT NULL', "23502"),
    "check": ("""ALTER TABLE "netty-contacts" ADD CONSTRAINT grown CHECK (data->>'owner' IS NOT NULL)""", "23514"),
    "type": ("""ALTER TABLE "netty-contacts" ADD COLUMN n int GENERATED ALWAYS AS ((data->>'name')::int) STORED""", "22P02"),
    "range": ("""ALTER TABLE "netty-contacts" ADD COLUMN n smallint GENERATED ALWAYS AS ((data->>'v')::int * 40000) STORED""", "22003"),
    "reference": ("""CREATE TABLE owners (name text PRIMARY KEY); ALTER TABLE "netty-contacts" ADD COLUMN owner text
                     GENERATED ALWAYS AS (data->>'name') STORED REFERENCES owners DEFERRABLE INITIALLY DEFERRED""", "23503"),
}


def named(writer, keys, v=1):
    writer.page([f'{{"contact_id":{key},"v":{v},"name":"n{key}","owner":null}}' for key in keys])


@pytest.mark.parametrize("rows", [3, 300])
@pytest.mark.parametrize("law", LAWS)
def test_what_a_constraint_refuses_all_rows_for_is_the_tables(spool, netty, db, law, rows):
    """One message, and nothing is set aside, run after run; once it is mended all goes in."""
    statement, state = LAWS[law]
    db.create("contacts", "users")
    db.query(statement)
    named(spool.table("contacts"), range(rows))
    spool.table("users").page(['{"user_id":1}'])
    for _ in range(2):
        before = rollbacks(db)
        run = netty.load("--json", *QUICK, db=db, code=78)
        assert not spool.dead("contacts") and run.json()["contacts"]["dead"] == 0
        told = lines_of(run.err, " error ")
        assert len(told) == 1 and state in told[0] and "all rows fail so" in told[0], run
        assert len(db.rows("users")) == 1
        db.settle()
        assert rollbacks(db) - before <= 20
    db.query('DROP TABLE "netty-contacts"')
    db.create("contacts")
    netty.load(db=db)
    assert len(db.rows("contacts")) == rows


def test_what_a_constraint_refuses_are_rows_where_any_goes_in(spool, netty, db):
    """One good row behind a hundred bad ones; a few bad ones in a table that has rows; many, after some of the run went in."""
    db.create("contacts")
    db.query("""ALTER TABLE "netty-contacts" ADD CONSTRAINT grown CHECK ((data->>'v')::int > 0)""")
    writer = spool.table("contacts")
    named(writer, range(100), v=-1)
    named(writer, [100], v=1)
    row = netty.load("--json", *QUICK, db=db, code=65).json()["contacts"]
    assert (row["inserted"], row["dead"]) == (1, 100)
    named(writer, range(200, 210), v=-1)
    assert netty.load("--json", *QUICK, db=db, code=65).json()["contacts"]["dead"] == 10
    named(writer, range(300, 350), v=1)
    named(writer, range(400, 450), v=-1)
    row = netty.load("--json", *QUICK, "--batch-rows", "50", db=db, code=65).json()["contacts"]
    assert (row["inserted"], row["dead"]) == (50, 50)


@pytest.mark.parametrize("bad, batch", [(60, 25), (60, 20), (500, 25)])
def test_old_rows_that_a_constraint_refuses_do_not_keep_newer_ones_out(spool, netty, db, bad, batch):
    """More of them than a batch holds; the newest pages tell that the rows are to blame, not the table."""
    db.create("contacts")
    db.query("""ALTER TABLE "netty-contacts" ADD CONSTRAINT grown CHECK ((data->>'v')::int > 0)""")
    writer = spool.table("contacts")
    for key in range(0, bad, 20):
        named(writer, range(key, key + 20), v=-1)
    for page in range(3):
        named(writer, range(1000 + page, 1001 + page))
    run = netty.load("--json", *QUICK, "--batch-rows", batch, db=db, code=65)
    row = run.json()["contacts"]
    assert (row["inserted"], row["dead"], row["read"]) == (3, bad, bad + 3) and len(spool.dead("contacts")) == bad, run
    assert sorted(db.rows("contacts")) == [1000, 1001, 1002]
    assert netty.load("--json", *QUICK, db=db).json()["contacts"]["read"] == 0


def test_rows_of_more_than_a_batch_that_a_constraint_refuses_are_the_tables(spool, netty, db):
    db.create("contacts")
    db.query("""ALTER TABLE "netty-contacts" ADD CONSTRAINT grown CHECK ((data->>'v')::int > 0)""")
    writer = spool.table("contacts")
    for key in range(0, 300, 10):
        named(writer, range(key, key + 10), v=-1)
        if key % 100 == 0:
            writer.seal()
    for _ in range(2):
        run = netty.load("--json", *QUICK, "--batch-rows", "25", db=db, code=78)
        assert not spool.dead("contacts") and "all rows fail so" in run.err and "23514" in run.err, run
        assert run.err.count(" error ") == 1 and len(db.rows("contacts")) == 0
    db.query('ALTER TABLE "netty-contacts" DROP CONSTRAINT grown')
    netty.load(db=db)
    assert len(db.rows("contacts")) == 300


def test_many_edits_that_a_constraint_refuses_wait_until_one_goes_in(spool, netty, db):
    """A table that has rows, and a bulk edit that is refused as a whole: it stops, and goes on by itself with the next good row."""
    db.create("contacts")
    db.query("""ALTER TABLE "netty-contacts" ADD CONSTRAINT grown CHECK ((data->>'v')::int > 0)""")
    writer = spool.table("contacts")
    named(writer, range(30))
    netty.load(db=db)
    named(writer, range(30), v=-1)
    assert "all rows fail so" in netty.load(*QUICK, db=db, code=78).err and not spool.dead("contacts")
    named(writer, [77])
    row = netty.load("--json", *QUICK, db=db, code=65).json()["contacts"]
    assert (row["inserted"], row["dead"]) == (1, 30)


def test_rows_of_different_faults_are_all_set_aside_though_none_goes_in(spool, netty, db):
    db.create("contacts")
    db.query("""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    RAISE 'not %', new.contact_id USING ERRCODE = 'PT402'; END $$;
                CREATE TRIGGER refuse BEFORE INSERT ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION refuse()""")
    write(spool.table("contacts"), 1, 5)
    assert netty.load("--json", *QUICK, db=db, code=65).json()["contacts"]["dead"] == 5


# ---- the phases, by a proxy ----

PHASES = {"bookkeeping": r"FOR UPDATE", "question": r"ANY \(\$1\)", "rows": r'INSERT INTO "public"',
          "commit": r"COMMIT[;\s\0]*$"}  # and not READ COMMITTED


@pytest.mark.parametrize("phase,state,code", [
    ("bookkeeping", "53300", 69), ("bookkeeping", "XX001", 74), ("bookkeeping", "42501", 77), ("bookkeeping", "P0001", 78),
    ("bookkeeping", "57014", 69), ("bookkeeping", "55P03", 69), ("bookkeeping", "42P01", 78), ("bookkeeping", "40001", 69),
    ("question", "XX001", 0), ("question", "42501", 0), ("question", "57014", 0), ("question", "0A000", 0), ("question", "ZZ001", 0),
    ("question", "08006", 0), ("question", "40P01", 0), ("question", "55P03", 69), ("question", "42804", 0),
    ("commit", "53100", 69), ("commit", "ZZ001", 78), ("commit", "58030", 69),
])
def test_a_state_that_stays_ends_by_its_phase(spool, netty, db, proxies, phase, state, code):
    db.create("contacts")
    db.query(FAIL_WITH)
    write(spool.table("contacts"), 1, 300)
    netty.load(db=db)
    write(spool.table("contacts"), 1, 300, 2)
    proxy = proxies(db.url, fail=lambda sql: state if re.search(PHASES[phase], sql) else None)
    before = rollbacks(db)
    run = netty.load("--json", *QUICK, db=proxy.url(db.name), code=code)
    assert proxy.failed, "the statement was seen"
    db.settle()
    assert rollbacks(db) - before <= 20, "few tries, and an end"
    assert not spool.dead("contacts")
    if code == 0:
        assert db.value("SELECT count(*) FROM \"netty-contacts\" WHERE data->>'v' = '2'") == 300
    else:
        assert state in run.err and "another shape" not in run.err
        netty.load(db=db)
    assert db.value("SELECT count(*) FROM \"netty-contacts\" WHERE data->>'v' = '2'") == 300
