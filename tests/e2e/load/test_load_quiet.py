"""What a load costs the database where little or nothing is new: transactions, statements and WAL, counted, never timed."""
import json
import re
from pathlib import Path

import psycopg2
import pytest

from harness import ROOT, Database, Postgres, key_of, wait_for
from reconciles import Copy
from spoolfile import read_sumline
from test_load_catalog import catalog_of

TABLES = [f"things{letter}" for letter in "abcdefghijklmno"]


# ---- the list of tables ----

def list_plan(db, schema):
    """The plan of load/sql/list_tables.sql as it was carried out."""
    text = (ROOT / "load/sql/list_tables.sql").read_text().replace(":'schema'", f"'{schema}'")
    return db.value("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + text)[0]["Plan"]


def nodes(plan):
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def looked_at(plan, relation):
    """Rows of that catalog that the plan fetched, kept or not."""
    return sum(node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0))
               for node in nodes(plan) if node.get("Relation Name") == relation)


def buffers(plan):
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


@pytest.mark.parametrize("schema", ["mine", ""])
@pytest.mark.parametrize("analyzed", [False, True])
def test_the_list_of_tables_costs_the_same_beside_thousands_of_others(db, schema, analyzed):
    """Tables of the same names in other schemas, as of other accounts: none of their rows in the catalogs is looked at."""
    db.query("CREATE SCHEMA mine; SET search_path = mine")
    db.create(*TABLES)
    if analyzed:
        db.query("ANALYZE")
    before = list_plan(db, schema)
    db.query("RESET search_path")
    for other in range(40):
        db.query(f"CREATE SCHEMA other{other}; SET search_path = other{other}; " + "; ".join(
            f'CREATE TABLE "netty-{name}" (id integer PRIMARY KEY, data jsonb, time_created timestamptz, time_modified timestamptz)'
            for name in TABLES + [f"more{n}" for n in range(35)]))
    db.query("SET search_path = mine")
    if analyzed:
        db.query("ANALYZE")
    assert db.value("SELECT count(*) FROM pg_class WHERE relname LIKE 'netty-%' AND relkind = 'r'") == 2015
    list_plan(db, schema)  # the first one also clears what was made before
    after = list_plan(db, schema)
    for catalog in ("pg_class", "pg_depend", "pg_attribute", "pg_index"):
        scans = [node for node in nodes(after) if node.get("Relation Name") == catalog and node["Actual Loops"]]
        assert scans and not [node for node in scans if node["Node Type"] == "Seq Scan"], json.dumps(scans, indent=1)
        assert looked_at(after, catalog) <= looked_at(before, catalog) + 15, catalog
    assert buffers(after) <= 1.3 * buffers(before)


# ---- what a whole run costs ----

@pytest.fixture
def server(tmp_path_factory):
    """A server whose log tells of each statement: which session, which transaction. Nothing of its own writes WAL meanwhile."""
    server = Postgres(tmp_path_factory.mktemp("quiet"), "fsync=off", "wal_level=minimal", "max_wal_senders=0", "autovacuum=off",
                      "checkpoint_timeout=1h", "log_statement=all", "log_line_prefix=@%a|%p|%v@", "log_min_messages=log",
                      "logging_collector=off")
    server.start()
    yield server
    server.stop("immediate")


@pytest.fixture
def quiet(server):
    database = Database(server)
    database.create(*TABLES)
    yield database
    database.drop()


class Cost:
    """What netty-load asked of the server since `mark`."""

    def __init__(self, db):
        self.db = db
        self.log = Path(db.server.dir) / "log"
        db.query("CHECKPOINT")
        self.size = self.log.stat().st_size
        self.wal, self.xid = self.position(), self.next_xid()

    def position(self):
        return self.db.value("SELECT pg_current_wal_insert_lsn() - '0/0'")

    def next_xid(self):
        return self.db.value("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")

    def stop(self):
        self.db.settle()
        self.written = self.position() - self.wal
        text = self.log.read_bytes()[self.size:].decode()
        entries = re.findall(r"^@(netty-load[^|]*)\|(\d+)\|([^|@]*)@(?:LOG:  (?:statement|execute [^:]*): )(.*?)(?=^@|\Z)", text, re.M | re.S)
        self.statements = [entry[3].strip() for entry in entries]
        self.transactions = {(entry[1], entry[2]) for entry in entries}
        self.sessions = {entry[1] for entry in entries}
        self.read_only = {(e[1], e[2]) for e in entries if "READ ONLY" in e[3]}
        self.xids = self.next_xid() - self.xid
        return self

    def __repr__(self):
        return f"{len(self.transactions)} transactions, {self.xids} xids, {self.written} bytes of WAL:\n" + "\n".join(
            f"    {s.splitlines()[0][:100]} … {' '.join(s.splitlines()[-2:])[:100]}" for s in self.statements)


def fill(spool, keys=range(1, 51)):
    writers = {name: spool.table(name) for name in TABLES}
    for name, writer in writers.items():
        writer.page([f'{{"{key_of(name)}":{key},"name":"n","time_modified":"2024-01-02 00:00:00"}}' for key in keys])
    return writers


def test_nothing_new_is_one_read_only_transaction_for_all_tables(spool, netty, quiet):
    fill(spool)
    netty.load(db=quiet)
    netty.load(db=quiet)  # whoever reads first what was written clears away what it has left (on-access pruning): the server's own WAL
    cost = Cost(quiet)
    rows = netty.load("--json", db=quiet).json()
    cost.stop()
    assert set(rows) == set(TABLES) and all(row["status"] == "complete" for row in rows.values() if "status" in row)
    assert len(cost.transactions) == 1 and cost.read_only == cost.transactions, cost
    assert cost.xids == 0 and cost.written == 0, cost
    assert len(cost.sessions) == 1, cost
    assert sum("relrowsecurity" in s or "row_security_active" in s for s in cost.statements) == 1, "the list of tables is asked once"
    assert len(cost.statements) <= 6, cost


@pytest.mark.parametrize("which", [0, 7, 14])
def test_one_table_changed_costs_the_others_nothing(spool, netty, quiet, which):
    writers = fill(spool)
    netty.load(db=quiet)
    before = {name: quiet.query("SELECT ctid::text, xmin::text, * FROM netty_sync.progress WHERE table_name = %s ORDER BY lane", name)
              for name in TABLES}
    name = TABLES[which]
    writers[name].page([f'{{"{key_of(name)}":7,"name":"new","time_modified":"2024-01-03 00:00:00"}}'])
    cost = Cost(quiet)
    rows = netty.load("--json", db=quiet).json()
    cost.stop()
    assert rows[name]["updated"] == 1
    assert len(cost.transactions) <= 4, cost
    assert cost.xids == 2, "the batch, and what makes it durable"
    others = [s for s in cost.statements if re.search("UPDATE|INSERT|DELETE|FOR ", s) and any(f"netty-{t}" in s or f"'{t}'" in s for t in TABLES if t != name)]
    assert not others, others
    for other in TABLES:
        now = quiet.query("SELECT ctid::text, xmin::text, * FROM netty_sync.progress WHERE table_name = %s ORDER BY lane", other)
        assert (now == before[other]) == (other != name)


# ---- what must be seen as before ----

def test_with_an_index_of_times_it_is_still_one_transaction_and_the_greatest_is_right(spool, netty, quiet):
    """In the same transaction; and a table that somebody has locked holds nobody up."""
    fill(spool)
    for name in TABLES[:2]:
        quiet.query(f'CREATE INDEX ON "netty-{name}" (time_modified)')
    netty.load(db=quiet)
    quiet.query(f"""INSERT INTO "netty-{TABLES[1]}" VALUES (99, '{{}}', NULL, '2024-03-20 10:00Z')""")
    netty.load(db=quiet)
    cost = Cost(quiet)
    netty.load(db=quiet)
    assert len(cost.stop().transactions) == 1, cost
    assert catalog_of(netty)[TABLES[1]][1].startswith("2024-03-20") and catalog_of(netty)[TABLES[0]][1].startswith("2024-01-02")


def is_look(statement):
    """One of the look at all tables."""
    return "timeline_id" in statement and "to_regclass" in statement


def test_under_follow_the_greatest_times_are_asked_for_once(spool, netty, quiet):
    """They are for the catalog, which is written once; what comes later is looked at without them."""
    writers = fill(spool)
    for name in TABLES[:2]:
        quiet.query(f'CREATE INDEX ON "netty-{name}" (time_modified)')
    netty.load(db=quiet)
    quiet.create("thereas", "therebs")
    catalog = netty.spool / "catalog.json"
    before = catalog.stat().st_mtime_ns
    cost = Cost(quiet)
    loader = netty.start("netty-load", "--follow", "--create-tables", db=quiet)
    wait_for(lambda: catalog.stat().st_mtime_ns != before, "the catalog")
    for name in ("mades", "thereas", "madebs", "therebs"):  # once one was made, the next one's look is another
        spool.table(name).page([f'{{"{key_of(name)}":1,"time_modified":"2024-01-03 00:00:00"}}'])
        wait_for(lambda: quiet.value("SELECT to_regclass(%s)", f'"netty-{name}"') and quiet.value(f'SELECT count(*) FROM "netty-{name}"') == 1, name)
    loader.terminate()
    assert loader.wait(timeout=60) == 0, open(loader.err_path).read()
    statements = cost.stop().statements
    assert sum(is_look(s) for s in statements) >= 3, cost
    assert sum("max(time_modified)" in s and f'"netty-{TABLES[0]}"' in s for s in statements) == 1, cost


def test_a_database_that_cannot_be_written_to_is_looked_at_once(spool, netty, quiet):
    """As a standby, or as an administrator has closed it: what the look said counts for all tables of the round."""
    writers = fill(spool)
    netty.load(db=quiet)
    for name in TABLES:
        writers[name].page([f'{{"{key_of(name)}":7,"name":"new","time_modified":"2024-01-03 00:00:00"}}'])
    quiet.query(f'ALTER DATABASE "{quiet.name}" SET default_transaction_read_only = on')
    cost = Cost(quiet)
    netty.load("--retries", "0", db=quiet, code=78)
    assert sum(is_look(s) for s in cost.stop().statements) == 1, cost
    quiet.query(f'SET default_transaction_read_only = off; ALTER DATABASE "{quiet.name}" RESET default_transaction_read_only')
    netty.load(db=quiet)
    assert all(quiet.value(f"""SELECT data->>'name' FROM "netty-{name}" WHERE {key_of(name)} = 7""") == "new" for name in TABLES)


def test_a_partitioned_table_is_asked_alone_for_its_greatest_time(spool, netty, quiet):
    """Each partition is locked for that, and the server's table of locks is everybody's; the others' times come from the look."""
    parted, plain = TABLES[:2]
    key = key_of(parted)
    quiet.query(f"""DROP TABLE "netty-{parted}"; CREATE TABLE "netty-{parted}" ({key} integer PRIMARY KEY, data jsonb, time_created timestamptz,
                    time_modified timestamptz) PARTITION BY RANGE ({key})""")
    for n in range(5):
        quiet.query(f'CREATE TABLE "part{n}" PARTITION OF "netty-{parted}" FOR VALUES FROM ({n * 20}) TO ({n * 20 + 20})')
    for name in (parted, plain):
        quiet.query(f'CREATE INDEX ON "netty-{name}" (time_modified)')
    fill(spool)
    netty.load(db=quiet)
    quiet.query(f"""INSERT INTO "netty-{parted}" VALUES (99, '{{}}', NULL, '2024-03-20 10:00Z')""")
    cost = Cost(quiet)
    netty.load(db=quiet)
    look = [s for s in cost.stop().statements if "max(time_modified)" in s and f'"netty-{plain}"' in s]
    alone = [s for s in cost.statements if "max(time_modified)" in s and f'"netty-{parted}"' in s]
    assert len(look) == len(alone) == 1 and look != alone, cost
    assert catalog_of(netty)[parted][1].startswith("2024-03-20") and catalog_of(netty)[plain][1].startswith("2024-01-02")


def test_a_reconcile_that_was_answered_is_asked_for_no_more(sims, netty, server):
    """What the source no longer has was marked, and the spool says so: the database is not asked whether there is more to mark."""
    db = Database(server)
    copy = Copy(sims("contacts:50"), db, netty)
    gone = copy.delete(3)
    copy.cycle("--max-deletes", "100")
    assert set(copy.marked()) == gone
    copy.load()
    cost = Cost(db)
    copy.load()
    cost.stop()
    assert len(cost.transactions) == len(cost.sessions) == 1 and cost.read_only == cost.transactions, cost
    copy.delete(1)
    copy.cycle("--max-deletes", "100")
    assert len(copy.marked()) == 4
    db.drop()


def test_a_table_that_was_emptied_restored_or_dropped_is_seen_by_a_quiet_run(spool, netty, quiet):
    fill(spool)
    netty.load(db=quiet)
    count = lambda name: quiet.value(f'SELECT count(*) FROM "netty-{name}"')
    quiet.query(f'TRUNCATE "netty-{TABLES[3]}"')  # emptied
    netty.load(db=quiet)
    assert count(TABLES[3]) == 50
    quiet.query(f'DROP TABLE "netty-{TABLES[4]}"')  # made again
    quiet.create(TABLES[4])
    netty.load(db=quiet)
    assert count(TABLES[4]) == 50
    quiet.query("UPDATE netty_sync.progress SET segment = 0, page = 0, chain = '' WHERE table_name = %s", TABLES[5])  # set back, as by a restore
    quiet.query(f'DELETE FROM "netty-{TABLES[5]}"')
    netty.load(db=quiet)
    assert count(TABLES[5]) == 50
    quiet.query(f'DROP TABLE "netty-{TABLES[7]}"')
    run = netty.load(db=quiet, code=78)
    assert f"netty-{TABLES[7]}" in run.err
    quiet.create(TABLES[7])
    netty.load(db=quiet)
    assert all(count(name) == 50 for name in TABLES)
    cost = Cost(quiet)
    netty.load(db=quiet)
    assert len(cost.stop().transactions) == 1, cost


def test_a_mark_and_a_hole_are_looked_at_by_a_quiet_run(spool, netty, quiet):
    fill(spool)
    netty.load(db=quiet)
    spool_id = quiet.value("SELECT spool FROM netty_sync.progress LIMIT 1")
    quiet.query("INSERT INTO netty_sync.unchecked (spool, schema_name, table_name) VALUES (%s, 'public', %s)", spool_id, TABLES[2])
    quiet.query("""INSERT INTO netty_sync.hole (spool, schema_name, table_name, branch, segment, page, after_segment, after_page, gap, why)
                   VALUES (%s, 'public', %s, '', 1, 1, 1, 0, false, 'it was damaged')""", spool_id, TABLES[3])
    netty.load(db=quiet)
    told = {name: read_sumline((netty.spool / name / "loaded.json").read_bytes().splitlines()[1]) for name in TABLES}
    assert told[TABLES[2]].get("unchecked") and not told[TABLES[1]].get("unchecked")
    assert quiet.value("SELECT count(*) FROM netty_sync.hole") == 0, "the page is whole: it was loaded again, and the hole closed"


def test_a_table_whose_bookkeeping_somebody_has_locked_keeps_no_other_waiting(spool, netty, quiet):
    """It has something of its own to do, so the others are looked at meanwhile."""
    writers = fill(spool)
    netty.load(db=quiet)
    quiet.query(f'TRUNCATE "netty-{TABLES[0]}"')  # it is to be marked, and loaded again
    last = TABLES[-1]
    writers[last].page([f'{{"{key_of(last)}":51,"name":"new","time_modified":"2024-01-03 00:00:00"}}'])
    holder = psycopg2.connect(quiet.url)
    holder.cursor().execute("LOCK TABLE netty_sync.unchecked IN SHARE MODE")
    loader = netty.start("netty-load", db=quiet)
    wait_for(lambda: quiet.value(f'SELECT count(*) FROM "netty-{last}"') == 51, "the last table's row")
    assert quiet.value(f'SELECT count(*) FROM "netty-{TABLES[0]}"') == 0
    holder.close()
    assert loader.wait(timeout=60) == 0, open(loader.err_path).read()
    assert quiet.value(f'SELECT count(*) FROM "netty-{TABLES[0]}"') == 50


def test_a_standby_a_missing_bookkeeping_and_a_refused_look_are_no_quiet_run(spool, netty, quiet):
    """Without the look each table is asked for alone, as before; and a run that may not write says so."""
    fill(spool)
    netty.load(db=quiet)
    quiet.query("DROP TABLE netty_sync.put_away")
    netty.load(db=quiet)
    assert quiet.value("SELECT to_regclass('netty_sync.put_away')") == "netty_sync.put_away"
    quiet.query("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    quiet.query(f'CREATE ROLE "{quiet.name}" LOGIN; GRANT ALL ON SCHEMA netty_sync TO "{quiet.name}"; GRANT ALL ON ALL TABLES IN SCHEMA netty_sync TO "{quiet.name}"')
    for name in TABLES:
        quiet.query(f'GRANT ALL ON "netty-{name}" TO "{quiet.name}"')
    rows = netty.load("--json", db=quiet.url.replace("//netty@", f"//{quiet.name}@")).json()
    assert set(rows) == set(TABLES)
