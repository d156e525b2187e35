"""What a crawl costs (extract/README.md), counted on the stand-in's log: each row of the table, exactly, none loosened."""
import math
from collections import Counter

import pytest

from crawls import asked, assert_held


def fetch(netty, sim, *arguments, table="contacts"):
    """How many requests a run made, and its row."""
    before = len(asked(sim))
    row = netty.extract("--json", table, *arguments, sim=sim).json()[table]
    made = asked(sim)[before:]
    return len(made), row, [f"{entry['sort']} {entry['filters']} +{entry['offset']} /{entry['limit']}" for entry in made]


def complete(netty, sim, most, *arguments, table="contacts"):
    n, row, made = fetch(netty, sim, *arguments, table=table)
    assert row["status"] == "complete", row
    assert n <= most, f"{n} requests, {most} are enough:\n" + "\n".join(made)
    return n


# ---- everything ----

@pytest.mark.parametrize("records", [1, 50, 99, 100, 101, 199, 200, 250, 2500, 20000])
@pytest.mark.parametrize("count_is,looks", [("total", 0), ("none", 4), ("page", 4)])
def test_everything(sims, netty, records, count_is, looks):
    """N / 99, 1 %, and 4; where `count` does not tell where the list ends the pages 1, 2, 4 and 8 further on, of which
    nothing else shows that they are empty."""
    sim = sims(f"contacts:{records}", "--record-bytes", 200)
    sim.mood(count_is=count_is)
    complete(netty, sim, records / 99 * 1.01 + 4 + looks)
    assert_held(netty, sim, "contacts")


# ---- quiet tables ----

@pytest.mark.parametrize("records,count_is,each", [(2500, "total", 1), (2500, "none", 1), (2500, "page", 1), (300, "total", 1),
                                                   (300, "none", 2), (300, "page", 2), (40, "none", 2), (40, "total", 1)])
def test_a_quiet_table(sims, netty, records, count_is, each):
    """One request where the table has shown what an end looks like (`count`, or more than twenty full pages), else the page
    behind the end, too: from the first run on, and when the overlap is settled."""
    sim = sims(f"contacts:{records}", "--record-bytes", 200)
    sim.mood(count_is=count_is)
    fetch(netty, sim)
    if records < 99:
        fetch(netty, sim)  # once a day: new records without a time, which a list by key has shown where there was one
    for hours in (0, 0, 3, 0, 3, 0):
        sim.post("/_sim/clock", advance=hours * 3600)
        complete(netty, sim, each)


@pytest.mark.parametrize("records", [300, 2500])
def test_once_a_day_the_pages_behind_the_end(sims, netty, records):
    sim = sims(f"contacts:{records}", "--record-bytes", 200)
    sim.mood(count_is="none")
    fetch(netty, sim)
    quiet = 1 if records > 2100 else 2
    for _ in range(2):
        sim.post("/_sim/clock", advance=25 * 3600)
        n, row, made = fetch(netty, sim)
        assert row["status"] == "complete" and n <= quiet + 4 + 1 + (quiet == 1), made  # four pages further on and the one before them, and births
        for _ in range(3):
            complete(netty, sim, quiet)


@pytest.mark.parametrize("records,count_is,each", [(300, "total", 2), (2500, "none", 2), (300, "none", 3)])
def test_a_quiet_table_with_records_without_times(sims, netty, records, count_is, each):
    """One more than without them."""
    sim = sims(f"contacts:{records}", "--timeless", 5, "--record-bytes", 200)
    sim.mood(born_timeless=1, count_is=count_is)
    fetch(netty, sim)
    for hours in (0, 0, 3, 0):
        sim.post("/_sim/clock", advance=hours * 3600)
        complete(netty, sim, each)


# ---- what changed ----

@pytest.mark.parametrize("changed", [1, 50, 95, 98, 196, 300, 1000])
@pytest.mark.parametrize("records,count_is,more", [(2500, "total", 0), (2500, "none", 0), (2000, "none", 1)])
def test_changed_records(sims, netty, changed, records, count_is, more):
    """1 + n / 99; and the page behind, where nothing has shown what the end looks like."""
    sim = sims(f"contacts:{records}", "--record-bytes", 200)
    sim.mood(count_is=count_is)
    fetch(netty, sim)
    for _ in range(3):
        sim.post("/_sim/clock", advance=3 * 3600)
        fetch(netty, sim)
    for _ in range(changed):
        sim.post("/_sim/clock", advance=1)
        sim.edit("contacts", 1)
    complete(netty, sim, 1 + math.ceil(changed / 99) + more)
    assert_held(netty, sim, "contacts")


# ---- equal times ----

@pytest.mark.parametrize("n", [150, 300, 1000])
@pytest.mark.parametrize("count_is,looks", [("total", 0), ("none", 1)])
@pytest.mark.parametrize("ties", ["by_key", "drawn", "top_n"])
def test_a_group_of_equal_times(sims, netty, n, count_is, looks, ties):
    """n / 99 and three more than a run in which nothing changed."""
    sim = sims("contacts:2500", "--record-bytes", 200)
    sim.mood(count_is=count_is, ties=ties)
    fetch(netty, sim)
    for _ in range(3):
        sim.post("/_sim/clock", advance=3 * 3600)
        fetch(netty, sim)
    sim.post("/_sim/tie", table="contacts", n=n)
    complete(netty, sim, 1 + n / 99 + 3 + looks)
    assert_held(netty, sim, "contacts")


@pytest.mark.parametrize("hours", [0, 1, 30])
def test_a_bulk_edit_of_the_whole_table(sims, netty, hours):
    """In one moment: n / 99, and three more. Nothing that was known is left of the list, so that two requests show where it begins now."""
    sim = sims("contacts:4000", "--record-bytes", 200)
    fetch(netty, sim)
    sim.post("/_sim/clock", advance=hours * 3600)
    sim.post("/_sim/tie", table="contacts", n=4000)
    complete(netty, sim, math.ceil(4000 / 99) + 3)
    assert_held(netty, sim, "contacts")


def test_a_bulk_edit_in_several_moments(sims, netty):
    """The same for each of its groups of equal times, and one more for the first."""
    sim = sims("contacts:4000", "--record-bytes", 200)
    fetch(netty, sim)
    for n in (4000, 3000, 2000, 1000):  # of any records each, so that some of each edit are left
        sim.post("/_sim/clock", advance=3600)
        sim.post("/_sim/tie", table="contacts", n=n)
    groups = Counter(time for _, _, time in sim.truth("contacts").values())
    assert min(groups.values()) > 99, groups
    complete(netty, sim, sum(math.ceil(n / 99) + 2 for n in groups.values()) + 1)
    assert_held(netty, sim, "contacts")
