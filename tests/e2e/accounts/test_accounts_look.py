"""Accounts of one process that go to one database are looked at together: how many transactions that is, counted; and what is in the way of one
account is in the way of no other."""
import itertools
import json
import re
import signal
from contextlib import contextmanager
from urllib.parse import urlparse

import psycopg2
import pytest

from harness import ROOT, Database, key_of, wait_for
from pgparts import PgBouncer
from pgproxy import Proxy
from spoolfile import SpoolWriter
from test_accounts import make_schemas, write_conf
from test_accounts_together import events, rows_of
from test_load_quiet import Cost, buffers, looked_at, nodes, server  # noqa: F401

TABLES = ("contacts", "users")
MOST = 32  # SHARED_LOOK_MOST of load/accounts/shared_look.h
JSON_LOG = {"NETTY_LOG_FORMAT": "json", "NETTY_LOG_LEVEL": "debug"}


def page(table, key, name="n", time="2024-01-02 00:00:00"):
    return [f'{{"{key_of(table)}":{key},"name":"{name}","time_modified":"{time}"}}']


def write_accounts(netty, count, tables=TABLES, settings=None):
    """Spools of so many accounts, each with a record of its own in each table. settings: {account: what else its section says}."""
    spools = {f"a{number:02}": SpoolWriter(netty.spool / f"a{number:02}") for number in range(count)}
    for number, spool in enumerate(spools.values()):
        for table in tables:
            spool.table(table).page(page(table, number + 1))
    write_conf(netty, "".join(f"[account {name}]\nschema = {name}\n{(settings or {}).get(name, '')}\n" for name in spools))
    return spools


def load(netty, *arguments, **keywords):
    keywords.setdefault("env", JSON_LOG)
    return netty.load("--json", *arguments, **keywords)


def codes(run):
    return {name: row["code"] for name, row in rows_of(run.out).items()}


@pytest.fixture
def db(server):  # noqa: F811
    database = Database(server)
    yield database
    database.drop()


def settle(netty, db, spools, *arguments, **keywords):
    """Loads until there is nothing to do."""
    make_schemas(db, *spools)
    for _ in range(2):
        load(netty, "--create-tables", *arguments, db=db, **keywords)


def quiet_cost(netty, db, via=None, **keywords):
    cost = Cost(db)
    run = load(netty, db=via or db, **keywords)
    return run, cost.stop()


def assert_quiet(cost, looks):
    assert len(cost.transactions) == looks and cost.read_only == cost.transactions, cost
    assert len(cost.sessions) == looks, cost
    assert cost.xids == 0 and cost.written == 0, cost
    assert len(cost.statements) <= 6 * looks, cost


def keys(db, schema, table="contacts"):
    return [row[0] for row in db.query(f'SELECT {key_of(table)} FROM {schema}."netty-{table}" ORDER BY 1')]


def told(netty, spools):
    """{file: when it was written}, of what the loader tells the spools."""
    return {path: path.stat().st_mtime_ns for name in spools
            for path in (netty.spool / name / "catalog.json", *(netty.spool / name / table / "loaded.json" for table in TABLES))}


@contextmanager
def holding(db, lock):
    connection = psycopg2.connect(db.url)
    connection.cursor().execute(lock)
    yield connection
    connection.close()


# ---- what it costs ----

@pytest.mark.parametrize("count,looks", [(2, 1), (MOST, 1), (MOST + 2, 2)])
def test_a_quiet_run_is_a_transaction_for_many_accounts(netty, db, count, looks):
    """One session and one read-only transaction for each 32, with the same number of statements whatever the number of accounts."""
    spools = write_accounts(netty, count)
    settle(netty, db, spools)
    before = told(netty, spools)
    run, cost = quiet_cost(netty, db)
    assert codes(run) == dict.fromkeys(spools, 0)
    assert_quiet(cost, looks)
    after = told(netty, spools)
    assert not [path for path in before if before[path] == after[path]], "each spool is told that it was asked about"
    for number, name in enumerate(spools):
        assert keys(db, name) == [number + 1]


def test_accounts_with_many_tables_are_looked_at_in_parts(netty, db):
    """The look holds a lock on each table whose greatest time it asks for: 500 at most."""
    tables = [f"things{a}{b}" for a in "abcdefghij" for b in "abcdefghijklmnopqrstuv"]  # 220
    spools = write_accounts(netty, 3, tables)
    settle(netty, db, spools, env={"NETTY_LOG_LEVEL": "error"})
    run, cost = quiet_cost(netty, db)
    assert codes(run) == dict.fromkeys(spools, 0)
    assert {row["tables"] for row in rows_of(run.out).values()} == {220}
    # Two of them are seen at a time; the last one is alone, and is looked at as one account is.
    assert_quiet(cost, 2)


def test_the_look_at_many_accounts_costs_the_same_beside_thousands_of_other_tables(netty, db):
    """The plan of load/sql/list_tables.sql for many accounts."""
    text = re.sub("^--.*$", "", (ROOT / "load/sql/list_tables.sql").read_text(), flags=re.M).strip().rstrip(";").replace(":'schema'", "asked.schema")
    names = ", ".join(f"({n}, 'a{n:02}')" for n in range(8))
    statement = (f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT q.*, asked.account FROM (VALUES {names}) AS asked (account, schema) "
                 f"CROSS JOIN LATERAL (\n{text}\n) AS q ORDER BY asked.account, q.relation")

    def make(schema, count):
        db.query(f"CREATE SCHEMA {schema}; SET search_path = {schema}; " + "; ".join(
            f'CREATE TABLE "netty-t{n}" (id integer PRIMARY KEY, data jsonb, time_created timestamptz, time_modified timestamptz)' for n in range(count)))
        db.query("RESET search_path")

    for number in range(8):
        make(f"a{number:02}", 15)
    db.query("ANALYZE")
    before = db.value(statement)[0]["Plan"]
    for other in range(40):
        make(f"other{other}", 50)
    db.query("ANALYZE")
    db.value(statement)
    after = db.value(statement)[0]["Plan"]
    for catalog in ("pg_class", "pg_depend", "pg_attribute", "pg_index"):
        scans = [node for node in nodes(after) if node.get("Relation Name") == catalog and node["Actual Loops"]]
        assert scans and not [node for node in scans if node["Node Type"] == "Seq Scan"], json.dumps(scans, indent=1)
        assert looked_at(after, catalog) <= looked_at(before, catalog) + 8 * 15, catalog
    assert buffers(after) <= 1.3 * buffers(before)


def test_through_a_pooler_in_transaction_mode(netty, db, tmp_path):
    """Where each transaction may have another session."""
    at = urlparse(db.url)
    numbers = itertools.count()

    def through(*arguments):
        """The cost counts when the pooler's sessions have ended."""
        cost = Cost(db)
        pooler = PgBouncer(tmp_path / f"bouncer{next(numbers)}", at.hostname, at.port)
        try:
            run = load(netty, *arguments, db=pooler.url(db.name))
        finally:
            pooler.stop()
        return run, cost.stop()

    spools = write_accounts(netty, 5)
    make_schemas(db, *spools)
    for _ in range(2):
        through("--create-tables")
    run, cost = through()
    assert codes(run) == dict.fromkeys(spools, 0)
    assert_quiet(cost, 1)
    spools["a03"].table("users").page(page("users", 77))
    run, cost = through()
    assert {name: row["inserted"] for name, row in rows_of(run.out).items()} == {**dict.fromkeys(spools, 0), "a03": 1}
    assert len(cost.read_only) == 1 and len(cost.transactions) <= 5, cost


def test_with_views_it_is_the_same(netty, db):
    spools = write_accounts(netty, 3)
    settle(netty, db, spools, "--views")
    cost = Cost(db)
    run = load(netty, "--views", db=db)
    assert codes(run) == dict.fromkeys(spools, 0)
    assert_quiet(cost.stop(), 1)


def test_under_follow_the_first_turns_are_looked_at_together(netty, db):
    """And an account that brings news later is looked at by itself."""
    spools = write_accounts(netty, 4)
    settle(netty, db, spools)
    before = told(netty, spools)
    cost = Cost(db)
    loader = netty.start("netty-load", "--follow", "--json", db=db, env=JSON_LOG)
    wait_for(lambda: all(written != before[path] for path, written in told(netty, spools).items()), "the first turns")
    spools["a02"].table("contacts").page(page("contacts", 50))
    wait_for(lambda: keys(db, "a02") == [3, 50], "the new record")
    loader.terminate()
    assert loader.wait(60) == 0
    cost.stop()
    assert len(cost.read_only) == 2 and len(cost.sessions) <= 3, cost


def test_each_round_is_looked_at_anew(netty, db):
    """With --every: what was seen before one round says nothing in the next."""
    spools = write_accounts(netty, 3)
    settle(netty, db, spools)
    cost = Cost(db)
    loader = netty.start("netty-load", "--every", "1h", "--json", db=db, env=JSON_LOG)
    for number in range(1, 4):
        wait_for(lambda: open(loader.err_path).read().count('"event":"wait"') == number, "the end of the round")
        assert number == 1 or all(written != before[path] for path, written in told(netty, spools).items()), "all were asked about"
        before = told(netty, spools)
        if number < 3:
            loader.send_signal(signal.SIGUSR1)
    loader.terminate()
    assert loader.wait(60) == 0
    cost.stop()
    assert len(cost.read_only) == len(cost.sessions) == 3, cost


def test_an_account_with_news_asks_once_where_it_is_connected(netty, db):
    """Which database and timeline its connection leads to: not again for each table that has news."""
    tables = [f"things{letter}" for letter in "abcdefgh"]
    spools = write_accounts(netty, 4, tables)
    settle(netty, db, spools)
    for table in tables:
        spools["a02"].table(table).page(page(table, 100))
    run, cost = quiet_cost(netty, db)
    assert rows_of(run.out)["a02"]["inserted"] == len(tables), run
    assert sum("regclass::pg_catalog.oid) AS id" in statement for statement in cost.statements) == 1, cost
    assert len(cost.read_only) == 1 and len(cost.transactions) <= 1 + 1 + len(tables) + 1, cost


# ---- what is in the way of one ----

def test_what_is_wrong_with_one_account_costs_no_other(netty, db):
    """A schema that is missing, a role that is refused, another database, a spool that is missing, tables that nobody made."""
    other = Database(db.server)
    refused = db.url.replace("//", "//nobody_knows_me_", 1)
    spools = write_accounts(netty, 9, settings={"a02": f"db = {refused}", "a04": f"db = {other.url}"})
    make_schemas(db, *(name for name in spools if name != "a04"))
    make_schemas(other, "a04")
    for _ in range(2):
        run = load(netty, "--create-tables", db=db, env={**JSON_LOG, "NETTY_RETRIES": "1"}, code=None)
    assert codes(run) == {**dict.fromkeys(spools, 0), "a02": 77}, run
    assert keys(other, "a04") == [5]
    db.query("DROP SCHEMA a01 CASCADE; DROP TABLE a05.\"netty-users\"")
    (netty.spool / "a06").rename(netty.dir / "away")
    cost = Cost(db)
    run = load(netty, db=db, env={**JSON_LOG, "NETTY_RETRIES": "1"}, code=None)
    cost.stop()
    assert codes(run) == {**dict.fromkeys(spools, 0), "a01": 78, "a02": 77, "a05": 78, "a06": 66}, run
    assert {"a01": 2, "a05": 1}.items() <= {name: row["failed"] for name, row in rows_of(run.out).items()}.items()
    assert "a01" in rows_of(run.out)["a01"]["says"] and "netty-users" in rows_of(run.out)["a05"]["says"]
    assert len(cost.sessions) == 4, cost  # of all that can be seen together, of the other database, and of the two accounts to which something is missing
    other.drop()


def test_what_happened_to_a_table_is_seen(netty, db):
    """Emptied, made again, and fed by another spool: as by an account's own look."""
    spools = write_accounts(netty, 4)
    settle(netty, db, spools)
    db.query('TRUNCATE a00."netty-contacts"; DROP TABLE a01."netty-contacts"')
    replaced = netty.spool / "a02"
    replaced.rename(netty.dir / "away")
    SpoolWriter(replaced).table("contacts").page(page("contacts", 3, time="2023-01-01 00:00:00"))
    run = load(netty, "--create-tables", db=db, code=78)
    assert codes(run) == {"a00": 0, "a01": 0, "a02": 78, "a03": 0}, run
    assert "another spool" in rows_of(run.out)["a02"]["says"], run
    assert keys(db, "a00") == [1] and keys(db, "a01") == [2] and keys(db, "a02") == [3]
    assert {line["account"] for line in events(run, "remade")} == {"a00", "a01"}


def test_a_hole_is_closed(netty, db):
    """What has to be read again is, though nothing stands behind what is loaded."""
    spools = write_accounts(netty, 3)
    settle(netty, db, spools)
    db.query("""INSERT INTO netty_sync.hole (spool, schema_name, table_name, branch, segment, page, after_segment, after_page, gap, why)
                SELECT spool, schema_name, table_name, branch, segment, page, segment, page - 1, false, 'a test says so'
                FROM netty_sync.progress WHERE table_name = 'contacts' AND schema_name = 'a01' AND lane = 0""")
    assert db.value("SELECT count(*) FROM netty_sync.hole") == 1
    run, cost = quiet_cost(netty, db)
    assert codes(run) == dict.fromkeys(spools, 0) and len(cost.sessions) == 2, cost
    assert db.value("SELECT count(*) FROM netty_sync.hole") == 0
    assert_quiet(quiet_cost(netty, db)[1], 1)


def test_a_locked_table_holds_nobody_up(netty, db):
    spools = write_accounts(netty, 4)
    settle(netty, db, spools)
    spools["a02"].table("users").page(page("users", 90))
    with holding(db, 'LOCK TABLE a01."netty-contacts" IN ACCESS EXCLUSIVE MODE') as holder:
        loader = netty.start("netty-load", "--json", db=db)
        wait_for(lambda: keys(db, "a02", "users") == [3, 90], "the neighbour's record")
        holder.rollback()
    assert loader.wait(60) == 0

def test_locked_bookkeeping_is_waited_for_by_each_account(netty, db):
    """The look of all gives up after a second, and says so at debug level; then each account waits as one alone does."""
    spools = write_accounts(netty, 3)
    settle(netty, db, spools)
    with holding(db, "LOCK TABLE netty_sync.progress IN ACCESS EXCLUSIVE MODE") as holder:
        loader = netty.start("netty-load", "--json", db=db, env=JSON_LOG)
        wait_for(lambda: db.value("""SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '/* netty-load %'
                                     AND query NOT LIKE '/* netty-load accounts%'""") == 3, "each account's own look")
        holder.rollback()
    assert loader.wait(60) == 0


def test_a_signal_ends_the_look(netty, db):
    """While accounts are looked at, none has its turn: each says that it was stopped before."""
    spools = write_accounts(netty, 3)
    settle(netty, db, spools)
    with holding(db, "LOCK TABLE netty_sync.progress IN ACCESS EXCLUSIVE MODE"):
        loader = netty.start("netty-load", "--json", db=db, env=JSON_LOG)
        wait_for(lambda: db.value("""SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '/* netty-load accounts%'"""), "the look")
        loader.terminate()
        assert loader.wait(60) == 75


@pytest.mark.parametrize("number", [3, 6, 9, 12])
def test_a_connection_that_breaks_in_the_look(netty, db, number):
    """Wherever it is cut: each account is looked at by itself then, and nothing has failed."""
    spools = write_accounts(netty, 3)
    settle(netty, db, spools)
    spools["a01"].table("users").page(page("users", 91))
    at = urlparse(db.url)
    proxy = Proxy(at.hostname, at.port, cut=lambda message: message.connection == 1 and message.way == "down" and message.number == number)
    try:
        run = load(netty, db=proxy.url(db.name))
    finally:
        proxy.close()
    assert codes(run) == dict.fromkeys(spools, 0)
    assert keys(db, "a01", "users") == [2, 91]
    assert [line["level"] for line in events(run, "look")] == ["debug"], run
    assert not events(run, "retry")


def test_a_database_that_is_away_is_each_account_s_own_failure(netty, db):
    spools = write_accounts(netty, 3)
    settle(netty, db, spools)
    run = load(netty, db="postgresql://netty@127.0.0.1:1/nowhere", env={**JSON_LOG, "NETTY_RETRIES": "1", "NETTY_RETRY_DELAY": "1ms"}, code=69)
    assert codes(run) == dict.fromkeys(spools, 69), run
