"""Command words, and the spellings that stay; -h, -v, -q, -n, help."""
import json

import pytest

from harness import BUILD


def rows(run):
    return [json.loads(line) for line in run.out.splitlines()]


def test_each_word_does_what_its_option_does(spool, netty, db):
    db.create("contacts")
    db.query("""ALTER TABLE "netty-contacts" ADD CHECK (data->>'name' <> 'bad')""")
    spool.table("contacts").page(['{"contact_id":1,"name":"a"}', '{"contact_id":2,"name":"bad"}'])
    netty.load(db=db, code=65)
    assert rows(netty.load("doctor", "--json", db=db)) == rows(netty.load("--check", "--json", db=db))
    assert netty.load("replay", "--json", db=db).json()["contacts"]["read"] == 2
    assert netty.load("--json", "replay", "--segment", "1", "contacts", db=db).json()["contacts"]["read"] == 2
    db.query("""ALTER TABLE "netty-contacts" DROP CONSTRAINT "netty-contacts_data_check" """)
    assert netty.load("redrive", "--json", db=db).json()["contacts"]["inserted"] == 1
    (netty.spool / "catalog.json").unlink()
    netty.load("catalog", db=db)
    assert (netty.spool / "catalog.json").exists()


def test_a_word_is_one_only_where_it_is_the_first(spool, netty, db):
    db.create("doctor")
    spool.table("doctor").page(['{"docto_id":1}'])
    assert netty.load("--json", "--", "doctor", db=db).json()["doctor"]["inserted"] == 1
    assert netty.load("replay", "doctor", "--json", db=db).json()["doctor"]["read"] == 1
    assert "did you mean replay" in netty.load("repaly", db=db, code=64).err


@pytest.mark.parametrize("arguments, said", [
    (("doctor", "--follow"), "load nothing"), (("replay", "--redrive"), "--replay and --redrive"),
    (("catalog", "contacts"), "name none"), (("purge", "--replay", "--older-than", "1d"), "--replay is not for netty-load purge"),
    (("-x",), "unknown option -x"), (("-qn",), "unknown option -q")])
def test_what_does_not_go_together_is_refused(spool, netty, db, arguments, said):
    assert said in netty.load(*arguments, db=db, code=64).err


@pytest.mark.parametrize("program", ["netty-extract", "netty-load", "netty-spool"])
def test_help_in_three_spellings(netty, program):
    helped = {netty.run(program, word).out for word in ("--help", "-h", "help")}
    assert len(helped) == 1 and all(f"-{letter}" in next(iter(helped)) for letter in "hvqn")


def test_letters(spool, netty, db):
    db.create("contacts")
    spool.table("contacts").page(['{"contact_id":1}'])
    assert netty.load("-n", "--json", db=db).json()["contacts"]["read"] == 1
    assert db.value('SELECT count(*) FROM "netty-contacts"') == 0
    assert " debug " in netty.load("-v", db=db).err
    assert netty.load("-q", db=db).err == ""
    assert netty.spool_tool("status", "-q").err == ""


def test_letters_of_the_other_programs(sims, netty):
    sim = sims("contacts:10")
    netty.extract("-n", "contacts", sim=sim)
    assert not netty.spool.exists(), "nothing was written"
    assert " debug " in netty.extract("-v", "contacts", sim=sim).err
    assert netty.extract("-q", "contacts", sim=sim).err == ""
    before = sorted(netty.spool.rglob("*"))
    netty.spool_tool("forget", "-n", "contacts")
    assert sorted(netty.spool.rglob("*")) == before
    assert netty.spool_tool("ls", "-v").out == netty.spool_tool("ls", "-q").out


def test_the_words_are_in_manual_page_and_completion(netty):
    page = (BUILD / "man/netty-load.1").read_text()
    completion = (BUILD / "completion/bash/netty-load").read_text()
    for word in ("doctor", "replay", "redrive", "catalog", "check", "purge"):
        assert f".It Cm {word}" in page and word in completion
