"""A dead letter is one version of one record: listed once, however often it is read, and new only once."""
import json

from harness import assert_balanced


def letters(netty, table="contacts"):
    return [json.loads(line) for line in netty.spool_tool("dead", "--json", table).out.splitlines()]


def test_a_record_that_is_read_in_each_run_is_listed_once_and_fails_no_further_run(sims, netty, db):
    sim = sims("contacts:120", "--odd", "10:nul")
    db.create("contacts")
    netty.extract("contacts", sim=sim)
    assert_balanced(netty.load("--json", "contacts", db=db, code=65).json())
    assert len(letters(netty)) == 12
    dead = 0
    for _ in range(3):
        netty.extract("--full", "contacts", sim=sim)
        row = netty.load("--json", "contacts", db=db).json()
        assert_balanced(row)
        dead += row["contacts"]["dead"]
        assert len(letters(netty)) == 12, "one version of one record"
    assert dead >= 36, "counted each time"
    sim.post("/_sim/edit", table="contacts", id=20)
    netty.extract("contacts", sim=sim)
    netty.load("contacts", db=db, code=65)
    assert len(letters(netty)) == 13, "a new version is a new letter"
    netty.extract("contacts", sim=sim)
    netty.load("contacts", db=db)


def test_the_same_bytes_twice_in_one_batch_are_one_letter(spool, netty, db):
    db.create("contacts")
    bad = '{"contact_id":7,"name":"a\\u0000b"}'
    writer = spool.table("contacts")
    writer.page([bad, '{"contact_id":1}', bad])
    writer.page([bad])
    row = netty.load("--json", db=db, code=65).json()["contacts"]
    assert (row["read"], row["dead"], row["inserted"]) == (4, 3, 1)
    assert len(letters(netty)) == 1
    row = netty.load("--redrive", "--on-nul", "replace", "--json", db=db).json()["contacts"]
    assert row["inserted"] == 1 and not letters(netty)


def test_what_went_in_and_is_refused_again_is_new(spool, netty, db):
    db.create("contacts")
    writer = spool.table("contacts")
    bad = '{"contact_id":7,"name":"a\\u0000b"}'
    writer.page([bad])
    netty.load(db=db, code=65)
    netty.load("--redrive", "--on-nul", "replace", db=db)
    writer.page([bad])
    netty.load(db=db, code=65)
    assert len(letters(netty)) == 1
