"""A run works with the connections that there are, and lends them from table to table."""
import time
from urllib.parse import urlparse

import pytest

from harness import wait_for
from pgparts import PgBouncer

TABLES = ("contacts", "users", "companies", "tasks")
KEYS = {"contacts": "contact_id", "users": "user_id", "companies": "company_id", "tasks": "task_id"}


def write(spool, tables, rows):
    for table in tables:
        writer = spool.table(table)
        for start in range(1, rows + 1, 500):
            writer.page([f'{{"{KEYS[table]}":{key}}}' for key in range(start, min(start + 500, rows + 1))])


def assert_all(db, tables, rows):
    for table in tables:
        assert db.value(f'SELECT count(*) FROM "netty-{table}"') == rows, table


@pytest.fixture
def single(db):
    """A role that may connect once."""
    name = f"single_{db.name}"
    db.query(f'CREATE ROLE {name} LOGIN CONNECTION LIMIT 1; GRANT CREATE ON DATABASE "{db.name}" TO {name}; '
             f'GRANT ALL ON SCHEMA public TO {name}')
    yield name
    db.query(f'DROP OWNED BY {name}')
    db.query(f'DROP ROLE {name}')


@pytest.mark.parametrize("rows", [5, 4000])
def test_a_role_with_one_connection_and_many_tables(spool, netty, db, single, rows):
    db.create(*TABLES)
    db.query("".join(f'GRANT ALL ON "netty-{table}" TO {single};' for table in TABLES))
    write(spool, TABLES, rows)
    began = time.monotonic()
    run = netty.load("--json", "--retries", "0", "--connections", "4", db=db.url.replace("netty@", f"{single}@"))
    assert time.monotonic() - began < 30
    assert {row["inserted"] for row in run.json().values()} == {rows}
    assert_all(db, TABLES, rows)
    assert run.err.count("no more connections") <= 1


def test_the_same_under_follow(spool, netty, db, single):
    db.create(*TABLES)
    db.query("".join(f'GRANT ALL ON "netty-{table}" TO {single};' for table in TABLES))
    write(spool, TABLES, 10)
    loader = netty.start("netty-load", "--follow", db=db.url.replace("netty@", f"{single}@"))
    wait_for(lambda: all(db.value(f'SELECT count(*) FROM "netty-{table}"') == 10 for table in TABLES), "the first pages", 30)
    write(spool, TABLES, 20)
    wait_for(lambda: all(db.value(f'SELECT count(*) FROM "netty-{table}"') == 20 for table in TABLES), "the next pages", 30)
    loader.terminate()
    assert loader.wait(timeout=30) == 0
    assert "not loaded to its end" not in open(loader.err_path).read()


@pytest.mark.parametrize("mode", ["session", "transaction"])
@pytest.mark.parametrize("rows", [5, 4000])
def test_a_pool_of_one(spool, netty, db, postgres, tmp_path, mode, rows):
    db.create(*TABLES)
    write(spool, TABLES, rows)
    at = urlparse(postgres.url())
    pooler = PgBouncer(tmp_path / "bouncer", at.hostname, at.port, pool=1, mode=mode, wait=120)
    try:
        began = time.monotonic()
        run = netty.load("--json", "--retries", "0", "--connections", "4", db=pooler.url(db.name))
        assert time.monotonic() - began < 45
    finally:
        pooler.stop()
    assert {row["inserted"] for row in run.json().values()} == {rows}
    assert_all(db, TABLES, rows)


def test_a_server_that_is_away_is_still_waited_for(spool, netty, db):
    write(spool, TABLES, 5)
    run = netty.load("--retries", "2", "--retry-delay", "1ms", db="postgresql://x@127.0.0.1:9/x", code=69)
    assert "given up after 2 retries" in run.err
