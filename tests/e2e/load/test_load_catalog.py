"""netty-load catalog, and what a run leaves for the extractor."""
from datetime import datetime, timedelta, timezone

import pytest

from harness import Database
from spoolfile import iso, read_sumline, sumline


def catalog_of(netty):
    path = netty.spool / "catalog.json"
    if not path.exists():
        return None
    _, *entries = map(read_sumline, path.read_bytes().splitlines())
    return {entry["table"]: (entry["key"], entry["max_time_modified"]) for entry in entries}


def test_an_extractor_that_is_told_nothing_starts_from_the_databases_tables(sims, db, netty):
    sim = sims("users:20,contacts:30,companies:10")
    db.create("users", "contacts")
    run = netty.extract(sim=sim, code=64)
    assert "netty-load catalog" in run.err
    assert not netty.spool.exists() or not (netty.spool / "catalog.json").exists()
    netty.load("--catalog", db=db)
    assert catalog_of(netty) == {"users": ("user_id", None), "contacts": ("contact_id", None)}
    fetched = netty.extract("--json", sim=sim).json()
    assert set(fetched) == {"users", "contacts"}
    assert db.rows("users") == {} and db.value("SELECT to_regnamespace('netty_sync')") is None, "it loads nothing"


def test_catalog_leaves_the_greatest_time_that_is_not_in_the_future(netty, db):
    db.create("contacts")
    db.query("""INSERT INTO "netty-contacts" (contact_id, data, time_modified) VALUES
                (1, '{}', '2024-03-01 10:00Z'), (2, '{}', '2024-03-02 10:00Z'), (3, '{}', '2099-01-01Z'), (4, '{}', NULL)""")
    netty.load("--catalog", db=db)
    assert catalog_of(netty)["contacts"][1].startswith("2024-03-02T10:00:00")


def test_catalog_says_why_it_could_not_be_written(netty, db):
    gone = db.url.rsplit("/", 1)[0] + "/no_such_database"
    run = netty.load("--catalog", db=gone, code=78)
    assert "no_such_database" in run.err and catalog_of(netty) is None
    run = netty.load("--catalog", "--retries", "1", db="postgresql://netty@127.0.0.1:1/x", code=69)
    assert "127.0.0.1" in run.err


@pytest.mark.parametrize("wrong", [("--follow",), ("--replay",), ("--redrive",), ("--dry-run",), ("--check",), ("contacts",)])
def test_catalog_loads_nothing_and_so_stands_alone(netty, db, wrong):
    run = netty.load("--catalog", *wrong, db=db, code=64)
    assert "catalog" in run.err and not (netty.spool / "catalog.json").exists()


# ---- what it costs to know the greatest time_modified ----

def scans(db, table="contacts"):
    """How often the whole table was read."""
    db.settle()
    db.query("SELECT pg_stat_clear_snapshot()")
    return db.value("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = %s", f"netty-{table}")


def record(key, day):
    return f'{{"contact_id":{key},"time_modified":"2024-03-{day:02} 10:00:00"}}'


def greatest(netty):
    return catalog_of(netty)["contacts"][1][:10]


def set_back(netty, hours):
    """Makes the catalog's measures older."""
    path = netty.spool / "catalog.json"
    head, *entries = map(read_sumline, path.read_bytes().splitlines())
    for entry in entries:
        entry["measured"] = iso(datetime.now(timezone.utc) - timedelta(hours=hours))
    path.write_bytes(b"".join(sumline({name: value for name, value in line.items() if name != "sum"})
                              for line in (head, *entries)))


def test_a_table_is_read_as_a_whole_once_a_day_and_the_greatest_is_right(spool, netty, db):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page([record(1, 5), record(2, 3)])
    netty.load(db=db)
    assert greatest(netty) == "2024-03-05"
    before = scans(db)
    netty.load(db=db)
    writer.page([record(3, 4)])
    netty.load(db=db)
    assert greatest(netty) == "2024-03-05"
    writer.page([record(2, 7), '{"contact_id":4,"time_modified":"2099-01-01 00:00:00"}', '{"contact_id":5}'])
    netty.load(db=db)
    netty.load("--catalog", db=db)
    assert greatest(netty) == "2024-03-07"
    set_back(netty, 23)
    netty.load(db=db)
    # The server counts one too many once in some hundred times; the log of its statements has no such one.
    assert scans(db) <= before + 1, "of five runs none read the whole table"
    before = scans(db)
    set_back(netty, 25)
    netty.load(db=db)
    assert scans(db) > before and greatest(netty) == "2024-03-07"


def test_a_record_that_was_refused_is_not_the_greatest(spool, netty, db):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page([record(1, 5)])
    netty.load(db=db)
    db.query("""ALTER TABLE "netty-contacts" ADD CHECK (contact_id <> 13)""")
    writer.page([record(13, 9), record(14, 6)])
    netty.load(db=db, code=65)
    assert greatest(netty) == "2024-03-06"


def test_another_table_or_database_is_looked_at_anew(spool, netty, db, postgres):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page([record(1, 5)])
    netty.load(db=db)
    db.query('TRUNCATE "netty-contacts"')
    netty.load(db=db)
    assert greatest(netty) == "2024-03-05", "an emptied table is loaded again"
    db.query("""DELETE FROM "netty-contacts"; INSERT INTO "netty-contacts" VALUES (1, '{}', NULL, '2024-03-02 10:00Z')""")
    set_back(netty, 25)
    netty.load("--catalog", db=db)
    other = Database(postgres)
    other.create("contacts")
    netty.load("--catalog", db=other)
    assert catalog_of(netty)["contacts"][1] is None
    netty.load("--catalog", db=db)
    assert greatest(netty) == "2024-03-02"
    other.drop()


def test_with_an_index_it_is_asked_each_time(spool, netty, db):
    db.create("contacts")
    db.query('CREATE INDEX ON "netty-contacts" (time_modified)')
    spool.table("contacts").page([record(1, 5)])
    netty.load(db=db)
    db.query("""INSERT INTO "netty-contacts" VALUES (9, '{}', NULL, '2024-03-20 10:00Z')""")
    netty.load(db=db)
    assert greatest(netty) == "2024-03-20"


def test_a_database_that_does_not_say_which_it_is_is_looked_at_each_time(spool, netty, db):
    db.create("contacts")
    spool.table("contacts").page([record(1, 5)])
    db.query(f"""CREATE ROLE {db.name} LOGIN; GRANT ALL ON DATABASE {db.name} TO {db.name};
                 GRANT ALL ON "netty-contacts" TO {db.name};
                 REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC""")
    url = db.url.replace("//netty@", f"//{db.name}@")
    netty.load(db=url)
    db.query("""INSERT INTO "netty-contacts" VALUES (9, '{}', NULL, '2024-03-20 10:00Z')""")
    netty.load(db=url)
    assert greatest(netty) == "2024-03-20"
    db.query(f"DROP OWNED BY {db.name} CASCADE; DROP ROLE {db.name}")
