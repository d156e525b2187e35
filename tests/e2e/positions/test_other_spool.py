"""A table knows which spool feeds it: another one is taken over where its records are the table's, else refused by name."""
import json

from harness import assert_synced


def identity(path):
    return json.loads((path / "spool.json").read_text())["id"]


def other_spool(netty, name="second"):
    netty.env["NETTY_SPOOL"] = str(netty.dir / name)
    return netty.dir / name


def test_two_accounts_into_one_table(sims, db, netty):
    lyon, paris = sims("contacts:300,users:10", seed=5), sims("contacts:300,users:10", seed=6)
    netty.extract("contacts", sim=lyon)
    netty.load("--create-tables", db=db)
    before = db.rows("contacts")
    first = identity(netty.spool)
    second = other_spool(netty)
    netty.extract("contacts", "users", sim=paris)
    for words in ((), ("--dry-run",), ("replay",), ("--update", "replace")):
        run = netty.load(*words, "--create-tables", db=db, code=78)
        assert first in run.err and "netty-contacts" in run.err and "--adopt" in run.err, run
        assert db.rows("contacts") == before
    assert_synced(paris, db, "users")  # which no other spool feeds
    run = netty.load("--adopt", db=db)
    assert first in run.err, run
    rows, theirs = db.rows("contacts"), paris.truth("contacts")
    assert any(rows[key][2] == theirs[key][2] != before[key][2] for key in theirs)  # the later of two goes in
    netty.load(db=db)  # once was enough
    assert identity(second) != first


def test_a_new_spool_of_the_same_account(sims, db, netty):
    sim = sims("contacts:300", seed=5)
    netty.extract("contacts", sim=sim)
    netty.load("--create-tables", db=db)
    first = identity(netty.spool)
    sim.edit("contacts", 50)
    other_spool(netty)
    netty.extract("contacts", sim=sim)
    run = netty.load(db=db)
    said = [line for line in run.err.splitlines() if first in line]
    assert len(said) == 1 and "another spool" in said[0], run
    assert_synced(sim, db, "contacts")
    assert first not in netty.load(db=db).err


def test_a_fresh_spool_begins_with_the_tables_newest_row(sims, db, netty):
    """It fetches from where the database is, and is taken over by the few records that it has in common with the table."""
    sim = sims("contacts:300", seed=5)
    netty.extract("contacts", sim=sim)
    netty.load("--create-tables", db=db)
    other_spool(netty)
    netty.load("catalog", db=db)
    netty.extract(sim=sim)
    few = sum(row["records"] for row in map(json.loads, netty.spool_tool("ls", "--json").out.splitlines()) if "records" in row)
    assert 0 < few < 100
    netty.load(db=db)
    assert_synced(sim, db, "contacts")


def test_an_empty_table_has_nobodys_records(sims, db, netty):
    lyon, paris = sims("contacts:30", seed=5), sims("contacts:30", seed=6)
    netty.extract("contacts", sim=lyon)
    netty.load("--create-tables", db=db)
    db.query('DELETE FROM "netty-contacts"')
    other_spool(netty)
    netty.extract("contacts", sim=paris)
    netty.load(db=db)
    assert_synced(paris, db, "contacts")
