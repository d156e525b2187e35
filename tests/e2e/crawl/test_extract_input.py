"""Absurd input: each kind has its outcome, is named, and takes nothing else with it."""
import json

import pytest

from crawls import asked, assert_held, source, versions


def dead(netty, table):
    file = netty.spool / table / "dead-extract.ndjson"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_a_record_larger_than_its_cap_is_named(sims, netty):
    sim = sims("contacts:30,users:20", "--record-bytes", 5000)
    run = netty.extract("--json", "contacts", "--max-record-bytes", "4K", "--retries", 2, sim=sim, code=65)
    assert "contacts" in run.err and "max-record-bytes" in run.err
    assert run.json()["contacts"]["records"] == 0
    assert netty.spool_tool("cat", "contacts", code=None).out == ""
    netty.extract("contacts", "users", "--max-record-bytes", "64K", sim=sim)
    assert_held(netty, sim, "contacts", "users")


def test_a_page_larger_than_its_cap_is_asked_for_in_smaller_ones(sims, netty):
    sim = sims("contacts:300")
    netty.extract("contacts", "--max-page-bytes", "48K", sim=sim)
    assert min(entry["limit"] for entry in asked(sim)) < 50
    assert_held(netty, sim, "contacts")


@pytest.mark.parametrize("gzip", [0, 1], ids=["plain", "gzip"])
def test_a_cap_that_holds_two_records_is_named_and_kept_to(sims, netty, gzip):
    sim = sims("contacts:300", "--record-bytes", 3000)
    sim.mood(gzip=gzip)
    run = netty.extract("contacts", "--max-page-bytes", "8K", sim=sim)
    assert "contacts" in run.err and "max-page-bytes" in run.err, run
    assert_held(netty, sim, "contacts")


def test_records_of_megabytes_come_through(sims, netty):
    sim = sims("contacts:12", "--record-bytes", "1M")
    netty.extract("contacts", "--limit", 10, sim=sim)
    assert_held(netty, sim, "contacts")


def test_nesting_beyond_the_limit_is_named(sims, netty):
    sim = sims("contacts:30")
    sim.mood(p_deep=100)
    run = netty.extract("contacts", "--retries", 1, sim=sim, code=69)
    assert "deep" in run.err or "nest" in run.err
    assert netty.spool_tool("cat", "contacts", code=None).out == ""


def test_elements_that_are_no_objects_are_set_aside_and_the_good_ones_kept(sims, netty):
    sim = sims("contacts:300", seed=4)
    sim.mood(p_nullelement=100)
    run = netty.extract("contacts", "--limit", 50, sim=sim, code=65)
    letters = dead(netty, "contacts")
    assert letters and {letter["reason"] for letter in letters} == {"not-an-object"}
    assert {letter["raw"] for letter in letters} <= {"null", "12", '"text"', "[]", "true", '[{"a":1}]'}
    assert len({letter["raw"] for letter in letters}) == len(letters), "each is set aside once"
    assert "odd" in run.err or "aside" in run.err
    assert_held(netty, sim, "contacts")
    before = dead(netty, "contacts")
    sim.mood(p_nullelement=0)
    sim.edit("contacts", 20)
    netty.extract("contacts", sim=sim)
    assert dead(netty, "contacts") == before
    assert_held(netty, sim, "contacts")
    assert "not-an-object" in netty.spool_tool("dead", "contacts", code=None).out


def test_one_odd_element_in_twenty_pages_of_a_busy_list(sims, netty):
    sim = sims("contacts:900", seed=8)
    sim.mood(p_nullelement=5, edits_per_request=2)
    netty.extract("contacts", "--limit", 20, sim=sim, code=65)
    sim.mood(edits_per_request=0, p_nullelement=0)
    netty.extract("contacts", "--limit", 20, sim=sim)
    assert dead(netty, "contacts")
    assert_held(netty, sim, "contacts")


@pytest.mark.parametrize("kind", ["nul", "surrogate", "nokey", "textkey", "bigkey"])
def test_records_that_only_a_database_minds_are_fetched_as_they_are(sims, netty, kind):
    sim = sims("contacts:200", "--odd", f"10:{kind}")
    netty.extract("contacts", sim=sim)
    lines = netty.spool_tool("cat", "contacts").out.splitlines()
    assert set(lines) == set(sim.get("/_sim/truth/contacts").splitlines())


def test_pretty_printed_pages_become_one_line_a_record(sims, netty):
    sim = sims("contacts:200", "--pretty")
    netty.extract("contacts", sim=sim)
    assert_held(netty, sim, "contacts")


def test_members_that_come_and_go_are_kept_as_sent(sims, netty):
    sim = sims("contacts:300", "--vanish")
    sim.mood(edits_per_request=5)
    netty.extract("contacts", "--limit", 20, sim=sim)
    sim.mood(edits_per_request=0)
    netty.extract("contacts", sim=sim)
    assert_held(netty, sim, "contacts")


def test_an_empty_table_is_complete(sims, netty):
    sim = sims("contacts:0")
    row = netty.extract("--json", "contacts", sim=sim).json()["contacts"]
    assert (row["status"], row["records"]) == ("complete", 0)
    assert len(asked(sim)) <= 5, "a few pages behind the end are looked at, as behind any end"
    sim.post("/_sim/insert", table="contacts", n=120)
    netty.extract("contacts", "--limit", 50, sim=sim)
    assert source(sim, "contacts").keys() == versions(netty, "contacts").keys()
