"""Complete means complete: whatever the list does, a run ends equal to the source, or says that nothing proves it."""
import json
import math
import re

import pytest

from crawls import asked, assert_held, events, missing


def fetch(netty, sim, *arguments, table="contacts", code=0):
    run = netty.extract("--json", table, *arguments, sim=sim, code=code)
    return run, run.json()[table]


@pytest.mark.parametrize("sort_key", ["works", "ignored", "refused"])
@pytest.mark.parametrize("permille", [10, 30, 300])
def test_pages_that_are_thinned_out_after_the_limit(sims, netty, permille, sort_key):
    sim = sims("contacts:1000")
    sim.mood(thin_permille=permille, sort_key=sort_key)
    _, row = fetch(netty, sim)
    assert_held(netty, sim, "contacts")
    assert row["status"] == "complete" or sort_key != "works", row


@pytest.mark.parametrize("count_is", ["total", "none"])
def test_a_private_import_of_500_records(sims, netty, count_is):
    sim = sims("contacts:2500")
    sim.mood(thin_from=1000, thin_n=500, count_is=count_is)
    _, row = fetch(netty, sim)
    assert row["status"] == "complete"
    assert_held(netty, sim, "contacts")


@pytest.mark.parametrize("sort_key", ["works", "refused"])
@pytest.mark.parametrize("cap", [7, 3, 1])
def test_pages_of_the_servers_own_size(sims, netty, cap, sort_key):
    sim = sims("contacts:50")
    sim.mood(limit_cap=cap, sort_key=sort_key)
    _, row = fetch(netty, sim)
    assert_held(netty, sim, "contacts")
    assert row["status"] == "complete" or (cap == 1 and sort_key == "refused"), row


@pytest.mark.parametrize("ties", ["drawn", "top_n"])
@pytest.mark.parametrize("records,equal", [(1100, 1000), (3050, 3000), (400, 300)])
def test_equal_times_in_another_order_each_time(sims, netty, ties, records, equal):
    sim = sims(f"contacts:{records}", "--ties", equal)
    sim.mood(ties=ties)
    _, row = fetch(netty, sim)
    assert row["status"] == "complete"
    assert_held(netty, sim, "contacts")
    sim.post("/_sim/tie", table="contacts", n=250)
    before = len(asked(sim))
    _, row = fetch(netty, sim)
    assert row["status"] == "complete"
    assert_held(netty, sim, "contacts")
    group = [entry for entry in asked(sim)[before:] if "equal" in entry["filters"]]
    assert group and all(entry["sort"] == "contact_id:asc" for entry in group), "read in an order that cannot change"


@pytest.mark.parametrize("form", ["sort_key", "equal_filter"])
@pytest.mark.parametrize("how", ["ignored", "refused"])
def test_without_another_order_equal_times_are_complete_by_key_or_unproven(sims, netty, form, how):
    sim = sims("contacts:400", "--ties", 300)
    sim.mood(ties="drawn", **{form: how})
    run, row = fetch(netty, sim, "--log-format", "json")
    assert_held(netty, sim, "contacts")
    if form == "equal_filter":
        assert row["status"] == "complete"
        return
    assert row["status"] == "unproven" and "sort by key" in row["reason"], row
    assert [event["reason"] for event in events(run, "unproven")] == [row["reason"]], "the log tells it"
    assert "unproven" in netty.extract("contacts", sim=sim).out
    verdict = netty.spool_tool("status", code=None)
    assert "unproven" in verdict.out, verdict
    page = netty.dir / "report.html"
    netty.spool_tool("report", "--html", page)
    assert '"reason":"ties' in page.read_text(), "the runs have it"
    assert re.search(r'"code":"unproven","table":"contacts","error":"ties', page.read_text()), "and so has the verdict"
    file = netty.dir / "metrics.prom"
    netty.extract("--metrics-file", file, "contacts", sim=sim)
    assert 'netty_extract_unproven{table="contacts",reason="ties"} 1' in file.read_text()


def test_new_records_without_a_time_arrive_with_the_next_run(sims, netty):
    sim = sims("contacts:300", "--timeless", 5)
    sim.mood(born_timeless=1)
    fetch(netty, sim)
    for n in (1, 30, 0, 120):
        if n:
            sim.post("/_sim/insert", table="contacts", n=n)
        before = len(asked(sim))
        _, row = fetch(netty, sim)
        assert row["status"] == "complete"
        assert_held(netty, sim, "contacts")
        assert n > 0 or len(asked(sim)) - before <= 2, "a quiet table of such costs two requests"
    sim.edit("contacts", 40)
    fetch(netty, sim)
    assert_held(netty, sim, "contacts")


def test_what_it_costs(sims, netty):
    sim = sims("contacts:20000", "--record-bytes", 200)
    fetch(netty, sim)
    assert len(asked(sim)) <= 20000 / 99 * 1.01 + 4
    sim.post("/_sim/clock", advance=8 * 3600)
    for quiet in (2, 2, 1):
        before = len(asked(sim))
        _, row = fetch(netty, sim)
        assert len(asked(sim)) - before <= quiet and row["status"] == "complete"
    sim.edit("contacts", 300)
    before = len(asked(sim))
    fetch(netty, sim)
    assert len(asked(sim)) - before <= math.ceil(1 + 300 / 99) + 3
    assert_held(netty, sim, "contacts")
