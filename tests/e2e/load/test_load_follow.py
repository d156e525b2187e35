"""--follow: pages as they arrive, for weeks, without wearing the database out."""
import json

import psycopg2

from harness import wait_for


def catalog_churn(db):
    """Rows written to the system catalogs since the database was made, and their bytes."""
    db.query("SELECT pg_stat_force_next_flush()")  # of what this session itself has done
    db.query("SELECT pg_stat_clear_snapshot()")
    churn = db.value("""SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_sys_tables
                        WHERE schemaname = 'pg_catalog' AND relname IN
                        ('pg_attribute', 'pg_class', 'pg_type', 'pg_depend', 'pg_index')""")
    return int(churn), db.value("SELECT pg_relation_size('pg_attribute') + pg_relation_size('pg_class')")


def assert_catalogs_left_alone(db, before):
    """A temporary table would be some twenty rows for each batch; autovacuum's own hand touches one or two in all."""
    rows, size = catalog_churn(db)
    assert rows - before[0] <= 10 and size == before[1], (before, rows, size)


def test_many_small_batches_leave_the_system_catalogs_alone(spool, netty, db):
    writer = spool.table("contacts")
    writer.page(['{"contact_id":0}'])
    netty.load("--create-tables", db=db)
    db.query('ALTER TABLE "netty-contacts" SET (autovacuum_enabled = off)')
    db.query("VACUUM ANALYZE")
    db.settle()
    before = catalog_churn(db)
    for number in range(300):
        writer.page([f'{{"contact_id":{key + number % 2 * 20},"v":{number}}}' for key in range(20)])  # none folds
    row = netty.load("--json", "--batch-rows", "20", "--update", "replace", db=db).json()["contacts"]
    assert (row["read"], row["folded"]) == (6000, 0)
    db.settle()
    assert_catalogs_left_alone(db, before)


def test_pages_are_loaded_as_they_arrive_and_tables_as_they_come(spool, netty, db):
    writer = spool.table("contacts")
    writer.page(['{"contact_id":0}'])
    loader = netty.start("netty-load", "--follow", "--create-tables", "--json", db=db)
    loaded = lambda table: db.value("SELECT to_regclass(%s)", f'"netty-{table}"') and len(db.rows(table))  # noqa: E731
    wait_for(lambda: loaded("contacts") == 1, "the first page")
    for number in range(1, 4):
        writer.page([f'{{"contact_id":{number}}}'])
        wait_for(lambda: loaded("contacts") == number + 1, "the next page")
    writer.seal(compress=True)
    writer.page(['{"contact_id":9}'])
    wait_for(lambda: loaded("contacts") == 5, "a page of the next segment")
    spool.table("users").page(['{"user_id":1}'])
    wait_for(lambda: loaded("users") == 1, "a new table")
    loader.terminate()
    assert loader.wait(timeout=60) == 0, open(loader.err_path).read()


def test_a_trickle_of_pages_is_not_a_trickle_of_transactions(spool, netty, db):
    """200 pages written at once become a few transactions, not 200."""
    writer = spool.table("contacts")
    writer.page(['{"contact_id":0}'])
    loader = netty.start("netty-load", "--follow", "--create-tables", db=db)
    wait_for(lambda: db.value("SELECT to_regclass('netty_sync.progress')") and
             db.value("SELECT count(*) FROM netty_sync.progress WHERE page = 1"), "the first page")
    xid = db.value("SELECT pg_current_xact_id()::text::bigint")
    for number in range(200):
        writer.page([f'{{"contact_id":{number}}}'])
    wait_for(lambda: len(db.rows("contacts")) == 200, "all pages")
    assert db.value("SELECT pg_current_xact_id()::text::bigint") - xid < 100
    loader.terminate()
    assert loader.wait(timeout=60) == 0


def test_an_outage_under_follow_is_waited_out(spool, netty, postgres, db):
    from pgparts import wait_for_server
    writer = spool.table("contacts")
    writer.page(['{"contact_id":0}'])
    loader = netty.start("netty-load", "--follow", "--create-tables", "--retries", "1000", db=db)
    wait_for(lambda: db.value("SELECT to_regclass('\"netty-contacts\"')") and len(db.rows("contacts")) == 1,
             "the first page")
    db.connection.close()
    postgres.script("restart", "immediate")
    writer.page(['{"contact_id":1}'])
    wait_for_server(postgres)
    wait_for(lambda: len(db.rows("contacts")) == 2, "the page that came meanwhile")
    loader.terminate()
    assert loader.wait(timeout=60) == 0, open(loader.err_path).read()


def test_pages_that_come_during_a_load_are_the_next_one_s(spool, netty, db):
    """Beside a slow source each load would else be followed by one for the single page that came meanwhile, and that by another."""
    writer = spool.table("contacts")
    writer.page(['{"contact_id":0}'])
    netty.load("--create-tables", db=db)
    other = psycopg2.connect(db.url)
    other.cursor().execute('LOCK TABLE "netty-contacts" IN ACCESS EXCLUSIVE MODE')
    writer.page(['{"contact_id":1}'])
    loader = netty.start("netty-load", "--follow", "--log-level", "debug", "--log-format", "json", db=db)
    wait_for(lambda: db.value("SELECT count(*) FROM pg_locks WHERE NOT granted"), "the loader's wait")
    for key in (2, 3):
        writer.page([f'{{"contact_id":{key}}}'])
    other.close()
    wait_for(lambda: len(db.rows("contacts")) == 4, "all pages")
    loader.terminate()
    assert loader.wait(timeout=60) == 0, open(loader.err_path).read()
    events = [event["event"] for event in map(json.loads, open(loader.err_path)) if event["event"] in ("batch", "loaded")]
    assert events[:4] == ["batch", "loaded"] * 2, events
