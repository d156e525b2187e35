"""netty-load --catalog, and what a run leaves for the extractor."""
import pytest

from spoolfile import read_sumline


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
    assert "--catalog" in run.err
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
    run = netty.load("--catalog", db=gone, code=77)
    assert "no_such_database" in run.err and catalog_of(netty) is None
    run = netty.load("--catalog", "--retries", "1", db="postgresql://netty@127.0.0.1:1/x", code=69)
    assert "127.0.0.1" in run.err


@pytest.mark.parametrize("wrong", [("--follow",), ("--replay",), ("--redrive",), ("--dry-run",), ("--check",), ("contacts",)])
def test_catalog_loads_nothing_and_so_stands_alone(netty, db, wrong):
    run = netty.load("--catalog", *wrong, db=db, code=64)
    assert "--catalog" in run.err and not (netty.spool / "catalog.json").exists()
