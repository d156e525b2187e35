"""What many accounts in one process cost where nothing is new: a slice of `make bench-fleet`, counted and never timed."""
import json

import pytest

from disk_costs import DiskCost
from harness import Database
from remotes import RCLONE
from stores import CountingStore
from test_accounts import make_schemas
from test_accounts_together import KEYS, accounts, extract, load, rows
from test_load_quiet import Cost, server  # noqa: F401

TABLES = "contacts:300,users:250,companies:250"
KNOWN = [table.split(":")[0] for table in TABLES.split(",")]


@pytest.fixture
def fleet(sims, netty, server):  # noqa: F811
    """Four accounts, run until nothing is new: {name: its stand-in}, the database."""
    found = accounts(netty, sims, tables=TABLES, names=tuple(KEYS))
    db = Database(server)
    make_schemas(db, *found)
    for _ in range(4):
        later(found)
        extract(netty)
        load(netty, "--create-tables", db=db)
    yield found, db
    db.drop()


def later(found):
    for sim in found.values():
        sim.post("/_sim/clock", advance=600)


def progress(db, but=""):
    return db.query("""SELECT ctid::text, xmin::text, * FROM netty_sync.progress WHERE schema_name <> %s
                       ORDER BY schema_name, table_name, lane""", but)


def test_a_quiet_round_of_all_accounts(fleet, netty):
    """No page and no sync by the extractor; one session and one read-only transaction for all accounts by the loader, and no byte of WAL."""
    found, db = fleet
    later(found)
    cost = DiskCost(netty, "netty-extract", "--quiet", "--json")
    assert sum(cost.syncs.values()) == 0, cost
    assert len(found) * len(KNOWN) * 200 < sum(cost.bytes.values()) <= len(found) * 8192 * len(KNOWN) / 15, cost
    cost = Cost(db)
    run = load(netty, db=db)
    cost.stop()
    assert {name: (row["code"], row["read"]) for name, row in rows(run).items()} == dict.fromkeys(found, (0, 0))
    assert len(cost.transactions) == len(cost.sessions) == 1 and cost.read_only == cost.transactions, cost
    assert cost.xids == 0 and cost.written == 0, cost
    assert len(cost.statements) <= 6, cost
    # The loader notes when each table was last asked about: a small file that is replaced whole, and so is the catalog.
    cost = DiskCost(netty, "netty-load", "--quiet", "--json", db=db)
    assert 0 < sum(cost.syncs.values()) <= 2 * len(found) * (len(KNOWN) + 1), cost
    assert sum(cost.bytes.values()) <= len(found) * (1024 + 600 * len(KNOWN)), cost


def test_one_account_that_changed_costs_the_others_nothing(fleet, netty):
    found, db = fleet
    before = progress(db, but="nice")
    found["nice"].edit("users", 1)
    later(found)
    cost = DiskCost(netty, "netty-extract", "--quiet", "--json")
    assert {name.split("/")[0] for name in cost.syncs} == {"nice"} and sum(cost.syncs.values()) <= 2, cost
    cost = Cost(db)
    run = load(netty, db=db)
    cost.stop()
    assert {name: row["updated"] for name, row in rows(run).items()} == {**dict.fromkeys(found, 0), "nice": 1}
    assert len(cost.read_only) == 1 and len(cost.transactions) <= 4 and len(cost.sessions) == 2, cost
    assert cost.xids <= 2, cost
    assert progress(db, but="nice") == before


@pytest.mark.skipif(not RCLONE, reason="rclone is not installed")
def test_what_a_push_and_a_pull_ask_of_the_store(sims, netty):
    """spool/README.md has what that costs. An object more, or a list in each run, would be seen here."""
    sim, store = sims("contacts:300"), CountingStore()
    where, pulled = "s3:bucket/host/one", ("--spool", netty.dir / "pulled")

    def ship(command, *more):
        before = store.counts.copy()
        netty.spool_tool(command, where, *more, env=store.environment())
        return store.since(before)

    netty.extract("contacts", sim=sim)
    assert ship("push")["put"] == 1
    found = ship("pull", *pulled)
    assert found["get"] == found["put"] == 1, found  # the object; and under back/ what the puller has
    for _ in range(2):
        ship("push"), ship("pull", *pulled)
    for command, more in (("push", ()), ("pull", pulled)):
        found = ship(command, *more)
        assert found == {"head": 1}, found
    sim.edit("contacts", 1)
    netty.extract("contacts", sim=sim)
    found = ship("push")
    assert found["put"] == 1 and found["list"] == 0 and found["head"] <= 8 and found["bytes up"] < 10000, found
    found = ship("pull", *pulled)
    assert found["get"] == 1 and found["put"] == found["list"] == 0 and found["head"] <= 10, found  # nothing is loaded that could be told
    assert json.loads(netty.spool_tool("verify", "--json", *pulled).out.splitlines()[0])
    store.stop()
