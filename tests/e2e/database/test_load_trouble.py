"""A database that is slow, restarted, altered or forbids: what helps by waiting is waited for, the rest is said."""
import random
import re
import signal
import subprocess
import threading
import time

import pytest

from harness import assert_balanced, differences, wait_for
from pgparts import assert_each_page_once, audit_progress, wait_for_server
from upserts import History, Upserts

PATIENT = ("--retries", "1000", "--retry-delay", "1ms")


def write_pages(writer, pages, seed=1, keys=500, most=60):
    model, history = Upserts(writer.name), History(seed, writer.name, keys)
    for _ in range(pages):
        lines = history.page(most) or [history.record()]
        writer.page(lines)
        model.take_all(lines)
    return model


def assert_rows(db, model):
    assert not (wrong := differences(model.rows, db.rows(model.table))), wrong


def slow_down(db, table, seconds):
    """Each row written takes its time."""
    db.query(f'''CREATE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN PERFORM pg_sleep({seconds}); RETURN new; END $$;
                 CREATE TRIGGER doze BEFORE INSERT ON "netty-{table}" FOR EACH ROW EXECUTE FUNCTION doze()''')


# ---- time limits, locks ----

def test_a_statement_time_limit_halves_the_batches_until_they_pass(spool, netty, db):
    db.create("contacts")
    writer = spool.table("contacts")
    for start in range(0, 600, 100):
        writer.page([f'{{"contact_id":{key}}}' for key in range(start, start + 100)])
    slow_down(db, "contacts", 0.005)
    db.query(f'ALTER DATABASE "{db.name}" SET statement_timeout = 400')
    run = netty.load("--json", db=db)
    assert run.json()["contacts"]["inserted"] == 600
    assert "halved" in run.err
    db.query("ALTER DATABASE \"%s\" RESET statement_timeout" % db.name)


def test_batches_grow_back_once_the_database_is_fast_again(spool, netty, db):
    """The first 100 records are slow; of the 4000 after them the batches are as large as they may be."""
    db.create("contacts")
    writer = spool.table("contacts")
    for start in range(0, 4100, 50):
        writer.page([f'{{"contact_id":{key}}}' for key in range(start, start + 50)])
    slow_down(db, "contacts", 0.02)
    db.query("""CREATE OR REPLACE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN IF new.contact_id < 100 THEN PERFORM pg_sleep(0.02); END IF; RETURN new; END $$""")
    db.query(f'ALTER DATABASE "{db.name}" SET statement_timeout = 700')
    run = netty.load("--json", "--batch-rows", "400", "--log-level", "debug", db=db)
    assert run.json()["contacts"]["inserted"] == 4100
    rows = [int(found) for found in re.findall(r"batch loaded.* rows=(\d+)", run.err)]
    assert rows and min(rows) < 100 and rows.count(400) >= 4, rows
    assert len(rows) < 40, "they did not stay small"


def test_a_row_that_no_time_limit_allows_is_named_and_other_tables_go_on(spool, netty, db):
    db.create("contacts", "users")
    spool.table("contacts").page(['{"contact_id":1}'])
    model = write_pages(spool.table("users"), 2)
    slow_down(db, "contacts", 30)
    db.query(f'ALTER DATABASE "{db.name}" SET statement_timeout = 500')
    run = netty.load("--retries", "1", "--retry-delay", "1ms", db=db, code=69)
    assert "contacts" in run.err and "57014" in run.err and "statement_timeout" in run.err
    assert_rows(db, model)


def test_a_table_that_is_locked_is_waited_for_as_long_as_configured(spool, netty, db):
    db.create("contacts")
    model = write_pages(spool.table("contacts"), 2)
    import psycopg2
    other = psycopg2.connect(db.url)
    other.cursor().execute('LOCK TABLE "netty-contacts"')
    url = db.url + "?options=-c%20lock_timeout%3D50ms"
    run = netty.load("--retries", "2", "--retry-delay", "1ms", db=url, code=69)
    assert "55P03" in run.err and "contacts" in run.err
    loader = netty.start("netty-load", *PATIENT, db=url)
    wait_for(lambda: "55P03" in open(loader.err_path).read(), "the lock's time limit")
    other.rollback()
    assert loader.wait(timeout=60) == 0
    assert_rows(db, model)


def test_a_deadlock_is_tried_again(spool, netty, db):
    """The loader holds key 1 and waits for key 2; the other holds key 2 and asks for key 1. One of them is thrown."""
    import psycopg2
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page(['{"contact_id":1,"v":1}', '{"contact_id":2,"v":1}'])
    netty.load(db=db)
    writer.page(['{"contact_id":1,"v":2}', '{"contact_id":2,"v":2}'])
    other = psycopg2.connect(db.url, options="-c deadlock_timeout=60s")
    cursor = other.cursor()
    cursor.execute('UPDATE "netty-contacts" SET created_at = now() WHERE contact_id = 2')
    loader = netty.start("netty-load", *PATIENT, db=db.url + "?options=-c%20deadlock_timeout%3D100ms")
    wait_for(lambda: db.value("SELECT count(*) FROM pg_locks WHERE NOT granted"), "the loader's wait")
    cursor.execute('UPDATE "netty-contacts" SET created_at = now() WHERE contact_id = 1')
    other.commit()
    assert loader.wait(timeout=60) == 0
    assert "40P01" in open(loader.err_path).read()
    assert db.query("SELECT data->>'v' FROM \"netty-contacts\"") == [("2",), ("2",)]


@pytest.mark.parametrize("state", ["40001", "40P01", "53100", "53200", "57P01", "08006", "XX000", "25006"])
def test_what_helps_by_waiting_is_waited_for(spool, netty, db, state):
    """Serialization failures, full disks, failovers: the server says so three times, and then no more."""
    db.create("contacts")
    model = write_pages(spool.table("contacts"), 2)
    db.query(f"""CREATE SEQUENCE tries; GRANT ALL ON SEQUENCE tries TO PUBLIC;
        CREATE FUNCTION judge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF nextval('public.tries') <= 3 THEN RAISE 'not now' USING ERRCODE = '{state}'; END IF; RETURN NULL; END $$;
        CREATE TRIGGER judge BEFORE INSERT ON "netty-contacts" FOR EACH STATEMENT EXECUTE FUNCTION judge()""")
    run = netty.load("--json", "--retry-delay", "1ms", db=db)
    assert run.err.count("not now") == 3 and state in run.err, run
    assert run.json()["contacts"]["read"] == len(spool.table("contacts").records)
    assert_rows(db, model)
    assert not spool.dead("contacts")


# ---- death and resurrection ----

def test_two_loaders_at_once_load_each_page_once_and_do_not_deadlock(spool, netty, db):
    db.create("contacts", "users")
    audit_progress(db)
    models = [write_pages(spool.table(table), 40, seed) for seed, table in enumerate(("contacts", "users"))]
    slow_down(db, "contacts", 0.0005)
    before = db.value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    loaders = [netty.start("netty-load", "--json", "--batch-rows", str(rows), db=db) for rows in (30, 50, 37)]
    read = {"contacts": 0, "users": 0}
    import json
    for loader in loaders:
        out = loader.stdout.read()
        assert loader.wait(timeout=120) == 0, open(loader.err_path).read()
        rows = {row["table"]: row for row in map(json.loads, out.splitlines())}
        assert_balanced(rows)
        for table, row in rows.items():
            read[table] += row["read"]
    for model in models:
        assert_rows(db, model)
        assert_each_page_once(db, spool.table(model.table))
        assert read[model.table] == len(spool.table(model.table).records)
    db.query("SELECT pg_stat_clear_snapshot()")
    assert db.value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == before


def kill_until_done(netty, db, chance, *arguments):
    """Starts the loader and kills it, ever later, until one gets to its end."""
    patience, killed = 0.02, 0
    while True:
        loader = netty.start("netty-load", *arguments, db=db)
        try:
            assert loader.wait(timeout=chance.uniform(0, patience)) in (0, 65), open(loader.err_path).read()
            return killed
        except subprocess.TimeoutExpired:
            loader.send_signal(signal.SIGKILL)
            loader.wait()
            killed += 1
            patience *= 1.15


@pytest.mark.parametrize("seed", [1, 2])
def test_a_loader_killed_at_random_and_started_again_loads_each_page_once(spool, netty, db, seed):
    db.create("contacts")
    db.query("""ALTER TABLE "netty-contacts" ADD CHECK (coalesce(data->>'score', '') <> '100')""")
    audit_progress(db)
    writer, history = spool.table("contacts"), History(seed, keys=300)
    model = Upserts("contacts", refuses=lambda data: data.get("score") == "100")
    for _ in range(60):
        lines = history.page() or [history.record()]
        writer.page(lines)
        model.take_all(lines)
    killed = kill_until_done(netty, db, random.Random(seed), "--batch-rows", "20")
    assert killed >= 3
    assert_rows(db, model)
    assert_each_page_once(db, writer)
    places = [(letter["segment"], letter["line"]) for letter in spool.dead("contacts")]
    assert len(places) == len(set(places)), "a letter that is durable is not written again"
    raw = {line: text.decode() for _, _, line, text in writer.records}
    # Letters go after the COMMIT that makes them needless: a kill in between leaves one listed.
    assert set(model.listed()) <= {raw[line] for _, line in places} <= set(model.refused)


class Nuisance(threading.Thread):
    """Does something again and again until stopped or `most` times."""

    def __init__(self, deed, pause, most):
        super().__init__(daemon=True)
        self.deed, self.pause, self.most = deed, pause, most
        self.over = threading.Event()
        self.done = 0
        self.start()

    def run(self):
        while self.done < self.most and not self.over.wait(self.pause):
            self.done += bool(self.deed())

    def stop(self):
        self.over.set()
        self.join()


def test_terminated_backends_again_and_again(spool, netty, db):
    import psycopg2
    db.create("contacts")
    audit_progress(db)
    model = write_pages(spool.table("contacts"), 60)
    slow_down(db, "contacts", 0.0005)
    killer = psycopg2.connect(db.url, application_name="killer")
    killer.autocommit = True

    def terminate():
        with killer.cursor() as cursor:
            cursor.execute("""SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                              WHERE datname = current_database() AND application_name <> 'killer'""")
            return cursor.fetchone()[0]
    db.connection.close()
    nuisance = Nuisance(terminate, 0.2, 25)  # so that the look at the table and some batches get through, and the pauses stay short
    row = netty.load("--json", "--batch-rows", "10", *PATIENT, db=db).json()["contacts"]
    nuisance.stop()
    assert nuisance.done >= 3
    killer.close()
    assert row["read"] == len(spool.table("contacts").records)
    assert_rows(db, model)
    assert_each_page_once(db, spool.table("contacts"))


def test_a_database_restarted_without_warning_during_the_load(spool, netty, postgres, db):
    db.create("contacts")
    audit_progress(db)
    model = write_pages(spool.table("contacts"), 80)
    slow_down(db, "contacts", 0.001)
    loader = netty.start("netty-load", "--json", "--batch-rows", "20", "--retries", "1000", "--retry-delay", "10ms", db=db)
    for segment in range(3):
        wait_for(lambda: loader.poll() is not None or db.value("SELECT count(*) FROM audit.progress WHERE lane = 0") > 2 * segment,
                 "some progress")
        assert loader.poll() is None
        db.connection.close()
        postgres.script("restart", "immediate")
        wait_for_server(postgres)
    assert loader.wait(timeout=120) == 0, open(loader.err_path).read()
    assert_rows(db, model)
    assert_each_page_once(db, spool.table("contacts"))


def test_sigterm_ends_at_a_batch_boundary_and_the_next_run_goes_on(spool, netty, db):
    db.create("contacts")
    audit_progress(db)
    model = write_pages(spool.table("contacts"), 40)
    slow_down(db, "contacts", 0.002)
    loader = netty.start("netty-load", "--json", "--batch-rows", "20", db=db)
    wait_for(lambda: db.value("SELECT count(*) FROM audit.progress"), "some progress")
    loader.terminate()
    assert loader.wait(timeout=60) == 75, open(loader.err_path).read()
    import json
    first = json.loads(loader.stdout.read())
    assert_balanced({"contacts": first})
    assert first["read"] > 0
    second = netty.load("--json", db=db).json()["contacts"]
    assert first["read"] + second["read"] == len(spool.table("contacts").records)
    assert_rows(db, model)
    assert_each_page_once(db, spool.table("contacts"))


# ---- tables that are not what they should be ----

HARM = [
    ('DROP TABLE "netty-contacts"', 78, ["netty-contacts", "--create-tables"]),
    ('ALTER TABLE "netty-contacts" ALTER COLUMN data TYPE text', 78, ["netty-contacts", "data", "jsonb"]),
    ('ALTER TABLE "netty-contacts" DROP COLUMN time_modified', 78, ["netty-contacts", "time_modified"]),
    ('ALTER TABLE "netty-contacts" DROP CONSTRAINT "netty-contacts_pkey"', 78, ["netty-contacts", "primary key"]),
    ('ALTER TABLE "netty-contacts" ALTER COLUMN contact_id TYPE text', 78, ["netty-contacts", "contact_id"]),
    ("""ALTER TABLE "netty-contacts" ADD COLUMN must text NOT NULL DEFAULT '';
        ALTER TABLE "netty-contacts" ALTER COLUMN must DROP DEFAULT""", 78, ["netty-contacts", "must"]),
    ('ALTER TABLE "netty-contacts" DROP COLUMN time_created, ADD COLUMN time_created timestamptz '
     'GENERATED ALWAYS AS (NULL) STORED', 78, ["netty-contacts", "time_created", "generated"]),
    ('ALTER TABLE "netty-contacts" SET SCHEMA audit', 78, ["netty-contacts", "search_path"]),
    ('ALTER TABLE "netty-contacts" RENAME TO "netty-contacts-old"; CREATE VIEW "netty-contacts" AS '
     'SELECT * FROM "netty-contacts-old"', 78, ["netty-contacts"]),
]


@pytest.mark.parametrize("harm,code,told,when",
                         [(*harm, "before") for harm in HARM] + [(*harm, "meanwhile") for harm in HARM[:7]])
def test_a_table_of_another_shape_is_named_and_the_others_go_on(spool, netty, db, harm, code, told, when):
    db.create("contacts", "users")
    db.query("CREATE SCHEMA audit")
    models = [write_pages(spool.table(table), 2) for table in ("contacts", "users")]
    if when == "before":
        db.query(harm)
        run = netty.load("--json", "--retries", "1", db=db, code=code)
    else:
        loader = netty.start("netty-load", "--follow", "--retries", "1", db=db)
        wait_for(lambda: all(len(db.rows(model.table)) == len(model.rows) for model in models), "the first pages")
        db.query(harm)
        for model in models:
            spool.table(model.table).page(['{"contact_id":1,"user_id":1,"v":"later"}'])
        models[1].take('{"contact_id":1,"user_id":1,"v":"later"}')
        wait_for(lambda: db.rows("users") == models[1].rows, "the other table's page")
        wait_for(lambda: "table contacts: " in open(loader.err_path).read(), "the message")
        loader.terminate()
        loader.wait(timeout=60)
        run = netty.load("--json", "--retries", "1", db=db, code=code)
    assert all(word in run.err for word in told), run
    assert_rows(db, models[1])


@pytest.mark.parametrize("grants,code,told", [
    ('GRANT SELECT, INSERT ON "netty-contacts" TO clerk', 77, ["UPDATE", "clerk"]),
    ('GRANT SELECT, UPDATE ON "netty-contacts" TO clerk', 77, ["INSERT", "clerk"]),
    ("", 77, ["SELECT", "clerk"]),
])
def test_a_missing_permission_is_named_with_what_to_grant(spool, netty, db, clerk, grants, code, told):
    db.create("contacts", "users")
    models = [write_pages(spool.table(table), 1) for table in ("contacts", "users")]
    netty.load("users", db=db)  # makes the bookkeeping
    db.query(f'''GRANT USAGE ON SCHEMA netty_sync TO clerk; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA netty_sync TO clerk;
                 GRANT SELECT, INSERT, UPDATE ON "netty-users" TO clerk; {grants}''')
    extra = write_pages(spool.table("users"), 1, seed=5)
    for *_, line in spool.table("users").records[-sum(n for *_, n in spool.table("users").pages[1:]):]:
        models[1].take(line.decode())
    run = netty.load(db=db.url.replace("netty@", "clerk@"), code=code)
    assert all(word in run.err for word in ["netty-contacts", *told]), run
    assert_rows(db, models[1])
    assert extra


@pytest.fixture
def clerk(db):
    db.query("DO $$ BEGIN CREATE ROLE clerk LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")


def test_a_role_that_may_not_make_the_bookkeeping_is_told_how(spool, netty, db, clerk):
    db.create("contacts")
    db.query('GRANT SELECT, INSERT, UPDATE ON "netty-contacts" TO clerk')
    model = write_pages(spool.table("contacts"), 1)
    run = netty.load(db=db.url.replace("netty@", "clerk@"), code=77)
    assert "netty_sync" in run.err
    db.query(f'GRANT CREATE ON DATABASE "{db.name}" TO clerk')
    netty.load(db=db.url.replace("netty@", "clerk@"))
    assert_rows(db, model)


def test_tables_in_another_schema_of_the_search_path(spool, netty, db):
    model = write_pages(spool.table("contacts"), 2)
    db.query("CREATE SCHEMA crm")
    db.create("contacts")
    db.query('ALTER TABLE "netty-contacts" SET SCHEMA crm')
    db.query(f'ALTER DATABASE "{db.name}" SET search_path = crm, public')
    db.connection.close()
    netty.load("--create-tables", db=db)
    assert db.value('SELECT count(*) FROM crm."netty-contacts"') == len(model.rows)
    assert db.value("SELECT count(*) FROM pg_class WHERE relname = 'netty-contacts'") == 1
    assert_rows(db, model)


def test_a_read_only_database_is_named(spool, netty, db):
    db.create("contacts")
    model = write_pages(spool.table("contacts"), 1)
    db.query(f'ALTER DATABASE "{db.name}" SET default_transaction_read_only = on')
    run = netty.load("--retries", "1", "--retry-delay", "1ms", db=db, code=78)
    assert "read-only" in run.err and "default_transaction_read_only" in run.err and "tried again" not in run.err
    db.query("SET default_transaction_read_only = off")
    db.query(f'ALTER DATABASE "{db.name}" RESET default_transaction_read_only')
    netty.load(db=db)
    assert_rows(db, model)


def test_created_tables_are_the_documented_ones(spool, netty, db):
    tables = ("contacts", "companies", "properties", "agencies")
    for table in tables:
        spool.table(table).page([])
    run = netty.load("users", "--create-tables", db=db, code=None)
    assert run.code != 0 and "users" in run.err, "a table that the spool does not hold"
    netty.load("--create-tables", db=db)
    for table, key in zip(tables, ("contact_id", "company_id", "property_id", "agency_id")):
        columns = db.query("""SELECT column_name, data_type, is_nullable FROM information_schema.columns
                              WHERE table_name = %s ORDER BY ordinal_position""", f"netty-{table}")
        assert columns == [(key, "integer", "NO"), ("data", "jsonb", "NO"),
                           ("time_created", "timestamp with time zone", "YES"),
                           ("time_modified", "timestamp with time zone", "YES"),
                           ("created_at", "timestamp with time zone", "YES")]


def test_keys_of_other_widths(spool, netty, db):
    """A BIGINT key takes what INTEGER cannot; a SMALLINT one refuses more."""
    db.create("contacts", "users")
    db.query('ALTER TABLE "netty-contacts" ALTER COLUMN contact_id TYPE bigint')
    db.query('ALTER TABLE "netty-users" ALTER COLUMN user_id TYPE smallint')
    spool.table("contacts").page(['{"contact_id":9223372036854775807}', '{"contact_id":9223372036854775808}'])
    spool.table("users").page(['{"user_id":32767}', '{"user_id":32768}'])
    rows = netty.load("--json", db=db, code=65).json()
    assert all((row["inserted"], row["dead"]) == (1, 1) for row in rows.values())
    assert db.value('SELECT contact_id FROM "netty-contacts"') == 9223372036854775807


@pytest.mark.parametrize("kind", ["ALWAYS", "BY DEFAULT"])
@pytest.mark.parametrize("update", ["merge", "replace"])
def test_a_key_that_is_an_identity_column_is_the_records_own_all_the_same(spool, netty, db, kind, update):
    db.create("contacts")
    db.query(f'ALTER TABLE "netty-contacts" ALTER COLUMN contact_id ADD GENERATED {kind} AS IDENTITY')
    spool.table("contacts").page(['{"contact_id":41,"v":1}', '{"contact_id":7,"v":1}'])
    netty.load("--update", update, db=db)
    spool.table("contacts").page(['{"contact_id":7,"v":2}'])
    netty.load("--update", update, db=db)
    assert db.query("SELECT contact_id, data->>'v' FROM \"netty-contacts\" ORDER BY 1") == [(7, "2"), (41, "1")]
    assert "GENERATED" not in netty.load("--check", db=db).out


def test_a_long_wait_for_the_database_ends_with_sigterm(spool, netty):
    spool.table("users").page(['{"user_id":1}'])
    loader = netty.start("netty-load", "--retries", "100", "--retry-delay", "60s", db="postgresql://x@127.0.0.1:9/x")
    wait_for(lambda: "127.0.0.1" in open(loader.err_path).read(), "the first failure")
    began = time.monotonic()
    loader.terminate()
    assert loader.wait(timeout=30) == 75
    assert time.monotonic() - began < 20
