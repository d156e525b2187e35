"""Nothing is missed: the list changes while it is read, and after one quiet run the spool equals the source."""
import random
import signal

import pytest

from crawls import asked, assert_held, filter_time, has_time, missing, source, state, versions
from harness import wait_for

BUSY = {"edits_per_request": 3, "inserts_per_request": 1, "deletes_per_request": 1, "marks_per_request": 1}


def quiet(sim):
    sim.mood(edits_per_request=0, inserts_per_request=0, deletes_per_request=0, marks_per_request=0,
             ties_per_request=0)


def crawl_and_settle(netty, sim, *arguments, **keywords):
    """A crawl in the midst of changes, then one quiet run; the first one's summary."""
    first = netty.extract("--json", "contacts", *arguments, sim=sim).json()["contacts"]
    quiet(sim)
    netty.extract("contacts", *arguments, sim=sim)
    assert_held(netty, sim, "contacts", **keywords)
    return first


@pytest.mark.parametrize("clock", ["real", "fixed"])
@pytest.mark.parametrize("after", [0, 1], ids=["before-the-page", "after-the-page"])
@pytest.mark.parametrize("edits", [1, 5, 20])
def test_edits_in_the_midst_of_a_crawl_lose_nothing(sims, netty, edits, after, clock):
    sim = sims("contacts:900", "--clock", clock, seed=edits)
    sim.mood(edits_per_request=edits, edits_after=after)
    first = crawl_and_settle(netty, sim, "--limit", 50)
    assert first["status"] == "complete" and first["records"] > 900, "the edits were met by the crawl"


@pytest.mark.parametrize("limit", [10, 25, 50, 100])
def test_any_page_size_loses_nothing(sims, netty, limit):
    sim = sims("contacts:700", seed=limit)
    sim.mood(edits_per_request=2, inserts_per_request=1)
    crawl_and_settle(netty, sim, "--limit", limit)
    assert {entry["limit"] for entry in asked(sim)} == {limit}


def test_a_server_with_smaller_pages_than_asked_for_loses_nothing(sims, netty):
    sim = sims("contacts:900", "--limit-cap", 30)
    sim.mood(edits_per_request=2)
    crawl_and_settle(netty, sim)
    assert max(entry["records"] for entry in asked(sim)) == 30


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_edits_inserts_deletes_and_marks_together_lose_nothing(sims, netty, seed):
    sim = sims("contacts:900", seed=seed)
    sim.mood(**BUSY)
    crawl_and_settle(netty, sim, "--limit", 40, deletions=True)
    assert state(sim)["tables"][0]["count"] != 900 or len(source(sim, "contacts")) == 900


def test_deletes_alone_move_the_list_up_and_lose_nothing(sims, netty):
    sim = sims("contacts:900")
    sim.mood(deletes_per_request=5)
    crawl_and_settle(netty, sim, "--limit", 50, deletions=True)


@pytest.mark.parametrize("edits", [0, 10], ids=["still", "busy"])
def test_thousands_of_equal_times_in_the_midst_of_the_list(sims, netty, edits):
    sim = sims("contacts:3500", "--ties", 2500)
    sim.mood(edits_per_request=edits)
    crawl_and_settle(netty, sim)


@pytest.mark.parametrize("limit", [10, 100])
def test_nothing_but_equal_times(sims, netty, limit):
    sim = sims("contacts:600", "--ties", 600)
    sim.mood(edits_per_request=1)
    crawl_and_settle(netty, sim, "--limit", limit)


def test_a_bulk_edit_of_thousands_between_runs(sims, netty):
    sim = sims("contacts:3000")
    netty.extract("contacts", sim=sim)
    sim.post("/_sim/tie", table="contacts", n=2200)
    sim.mood(edits_per_request=3)
    crawl_and_settle(netty, sim)


def test_bulk_edits_while_the_crawl_runs(sims, netty):
    sim = sims("contacts:1500")
    sim.mood(ties_per_request=40)
    crawl_and_settle(netty, sim)


@pytest.mark.parametrize("span", ["365d", "10h"], ids=["a-year", "ten-hours"])
@pytest.mark.parametrize("skew", [7200, -7200, 36000, -36000])
def test_a_filter_that_reads_times_in_another_zone(sims, netty, skew, span):
    sim = sims("contacts:900", "--span", span, seed=abs(skew))
    sim.mood(skew_seconds=skew, edits_per_request=2)
    crawl_and_settle(netty, sim, "--limit", 50)
    sim.edit("contacts", 40)
    crawl_and_settle(netty, sim, "--limit", 50)


def test_a_skew_that_changes_between_runs(sims, netty):
    sim = sims("contacts:900", "--span", "12h")
    for skew in (7200, -36000, 0, 36000, -7200):
        sim.mood(skew_seconds=skew, edits_per_request=2)
        crawl_and_settle(netty, sim, "--limit", 50)
        sim.edit("contacts", 30)


def test_a_skew_that_changes_in_the_midst_of_a_crawl(sims, netty):
    sim = sims("contacts:1200", "--span", "12h")
    for skew in (7200, -36000, 36000):
        sim.mood(skew_seconds=skew, edits_per_request=1)
        netty.extract("contacts", "--limit", 50, "--max-pages", 6, sim=sim)
    crawl_and_settle(netty, sim, "--limit", 50)


@pytest.mark.parametrize("form", ["iso", "z", "space", "t", "fraction", "offset", "mixed"])
def test_every_form_of_a_time(sims, netty, form):
    sim = sims("contacts:600", "--time-format", form, seed=len(form))
    sim.mood(edits_per_request=2)
    crawl_and_settle(netty, sim, "--limit", 50)
    sim.edit("contacts", 25)
    sim.mood(edits_per_request=1)
    crawl_and_settle(netty, sim, "--limit", 50)


@pytest.mark.parametrize("start", ["2024-06-01T00:00:00Z", "2024-10-27T01:30:00Z"], ids=["summer", "clocks-go-back"])
@pytest.mark.parametrize("filter_paris", [0, 1], ids=["filter-utc", "filter-paris"])
@pytest.mark.parametrize("zone", ["Europe/Paris", "UTC"])
def test_zone_less_times_of_paris_whatever_zone_they_are_taken_for(sims, netty, zone, filter_paris, start):
    sim = sims("contacts:600", "--time-format", "paris", "--start", start, "--span", "3d", "--clock", "fixed",
               "--tick", "60s")
    sim.mood(filter_paris=filter_paris, edits_per_request=2)
    crawl_and_settle(netty, sim, "--limit", 50, "--timezone", zone)
    sim.edit("contacts", 25)
    crawl_and_settle(netty, sim, "--limit", 50, "--timezone", zone)


@pytest.mark.parametrize("sort", ["first", "last"])
@pytest.mark.parametrize("count", [7, 250])
def test_records_without_a_time_are_fetched_by_full_crawls(sims, netty, sort, count):
    sim = sims("contacts:700", "--timeless", count, "--timeless-sort", sort)
    sim.mood(edits_per_request=2)
    crawl_and_settle(netty, sim, "--limit", 50)
    sim.post("/_sim/timeless", table="contacts", n=5)
    sim.edit("contacts", 20)
    netty.extract("contacts", "--limit", 50, sim=sim)
    truth = source(sim, "contacts")
    timed = [key for key in missing(netty, sim, "contacts") if has_time(truth[key])]
    assert timed == [], "what has a time is in, whatever has none"
    netty.extract("contacts", "--limit", 50, "--full", sim=sim)
    assert_held(netty, sim, "contacts")


@pytest.mark.parametrize("future", [1, 300])
def test_times_in_the_future_hide_nothing_of_the_next_runs(sims, netty, future):
    sim = sims("contacts:700", "--future", future)
    crawl_and_settle(netty, sim, "--limit", 50)
    for _ in range(3):
        sim.edit("contacts", 20)
        sim.mood(edits_per_request=2)
        crawl_and_settle(netty, sim, "--limit", 50)
        sim.post("/_sim/future", table="contacts", n=3)
    netty.extract("contacts", sim=sim)
    assert_held(netty, sim, "contacts")


def test_edits_that_are_stamped_a_little_ahead_of_the_clock(sims, netty):
    sim = sims("contacts:700")
    sim.mood(edits_per_request=3, edit_ahead=30)
    crawl_and_settle(netty, sim, "--limit", 50)


@pytest.mark.parametrize("mood", [{"date": 0}, {"date_skew": 7200}, {"date_skew": -7200}, {"date_skew": 864000},
                                  {"date_skew": -864000}], ids=str)
def test_a_server_clock_that_is_wrong_or_not_shown(sims, netty, mood):
    sim = sims("contacts:600", "--future", 2)
    sim.mood(edits_per_request=2, **mood)
    crawl_and_settle(netty, sim, "--limit", 50)
    sim.edit("contacts", 30)
    sim.mood(edits_per_request=2)
    crawl_and_settle(netty, sim, "--limit", 50)


@pytest.mark.parametrize("mood", [{"count_is": "garbage"}, {"count_is": "page"}, {"envelope": "rich"},
                                  {"envelope": "bare"}], ids=str)
def test_nothing_is_steered_by_what_stands_around_the_records(sims, netty, mood):
    sim = sims("contacts:700")
    sim.mood(edits_per_request=2, **mood)
    crawl_and_settle(netty, sim, "--limit", 50)


def test_max_pages_bounds_a_run_and_the_next_ones_go_on(sims, netty):
    sim = sims("contacts:1000")
    sim.mood(edits_per_request=2)
    statuses = []
    while "complete" not in statuses:
        before = len(asked(sim))
        row = netty.extract("--json", "contacts", "--limit", 50, "--max-pages", 4, sim=sim).json()["contacts"]
        statuses.append(row["status"])
        assert row["pages"] <= 4 and len(asked(sim)) - before == row["requests"]
        assert len(statuses) < 40, "every run comes further"
    assert statuses[:-1] == ["partial"] * (len(statuses) - 1) and len(statuses) > 4
    crawl_and_settle(netty, sim, "--limit", 50)
    firsts = [entry for entry in asked(sim) if not entry["filters"] and not entry["offset"]]
    assert [entry["sort"] for entry in firsts] == ["time_modified:asc", "contact_id:asc"], "no run began again"


def test_killed_at_any_moment_the_next_run_goes_on(sims, netty):
    sim = sims("contacts:1500,users:400")
    sim.mood(edits_per_request=1, latency_ms=3)
    choice = random.Random(7)
    for _ in range(10):
        before = len(asked(sim))
        more = choice.randrange(1, 14)
        process = netty.start("netty-extract", "contacts", "users", "--limit", 25, sim=sim)
        wait_for(lambda: len(asked(sim)) >= before + more or process.poll() is not None, "requests")
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=60) in (-signal.SIGKILL, 0)
        netty.spool_tool("verify")
    quiet(sim)
    netty.extract("contacts", "users", sim=sim)
    netty.extract("contacts", "users", sim=sim)
    netty.spool_tool("verify")
    assert_held(netty, sim, "contacts", "users")


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_at_a_page_boundary_with_everything_committed(sims, netty, stop):
    sim = sims("contacts:1500")
    sim.mood(edits_per_request=1, latency_ms=10)
    process = netty.start("netty-extract", "--json", "contacts", "--limit", 25, sim=sim)
    wait_for(lambda: len(asked(sim)) >= 8, "some pages")
    process.send_signal(stop)
    out = process.communicate(timeout=60)[0]
    assert process.returncode == 75, open(process.err_path).read()
    held = sum(len(lines) for lines in versions(netty, "contacts").values())
    assert f'"records":{held},' in out and '"status":"partial"' in out, "all that was told is committed, and no more"
    assert held > 0 and "signal" in open(process.err_path).read()
    netty.spool_tool("verify")
    before = len(asked(sim))
    crawl_and_settle(netty, sim, "--limit", 25)
    first = asked(sim)[before]
    assert filter_time(first) or first["offset"] > 0, "the next run goes on from there"


def test_a_second_signal_ends_at_once_and_harms_nothing(sims, netty):
    sim = sims("contacts:1500")
    sim.mood(latency_ms=10)
    for number in range(5):
        before = len(asked(sim))
        process = netty.start("netty-extract", "contacts", "--limit", 25, sim=sim)
        wait_for(lambda: len(asked(sim)) > before + number, "a request")
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 75
        netty.spool_tool("verify")
    sim.mood(latency_ms=0)
    netty.extract("contacts", sim=sim)
    assert_held(netty, sim, "contacts")
