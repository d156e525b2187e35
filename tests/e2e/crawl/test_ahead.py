"""First syncs and backfills ask for the next pages while one is on its way: how many, when, and that nothing is lost by it.

How many requests are open at once is counted on the stand-in's log: an answer is sent a known time after its request came,
so two requests that came within that time were open together.
"""
import signal

import pytest

from backfills import state
from crawls import asked, assert_held, events
from harness import assert_synced, wait_for

JSON_LOG = {"NETTY_LOG_FORMAT": "json"}
SMALL = ("--limit", "50", "--rate", "0")
AHEAD = {"NETTY_AHEAD": None, **JSON_LOG}  # as it is by default


def at_once(entries, latency):
    """Of each request, how many were open when it came, itself included."""
    times = sorted(entry["ms"] for entry in entries)
    return [sum(now - latency < then <= now for then in times[:i + 1]) for i, now in enumerate(times)]


def told(run):
    """The fetch's own words: requests, and those whose answers were not used."""
    return events(run, "table")[-1]


def first_sync(netty, sim, *arguments, env=None, code=0, **keywords):
    return netty.extract("contacts", *arguments, sim=sim, env={**AHEAD, **(env or {})}, code=code, **keywords)


def whole(sim):
    """The pages of the list by key, in the order in which they were asked for."""
    return [entry for entry in asked(sim) if entry["sort"] == "contact_id:asc"]


# ---- how many ----

def test_a_page_that_takes_a_second_at_three_a_second(sims, netty):
    sim = sims("contacts:1200")
    sim.mood(latency_ms=1000)
    run = first_sync(netty, sim, "--limit", "50", "--rate", "3")
    assert 3 <= max(at_once(asked(sim), 1000)) <= 4
    assert sum(n >= 3 for n in at_once(whole(sim), 1000)) >= len(whole(sim)) / 2
    assert told(run)["unused"] == 0
    assert_held(netty, sim, "contacts")


# Sanitized programs need some milliseconds for a page, and more on a busy machine.
@pytest.mark.parametrize("latency", [250, pytest.param(50, marks=pytest.mark.release)])
def test_fifty_milliseconds_without_a_limit(sims, netty, latency):
    sim = sims("contacts:6000")
    sim.mood(latency_ms=latency)
    run = first_sync(netty, sim, *SMALL)
    open_then = at_once(asked(sim), latency)
    assert 8 <= max(open_then) <= 16
    assert told(run)["unused"] <= told(run)["requests"] * 0.02
    assert_held(netty, sim, "contacts")


def test_it_begins_with_one_and_grows_by_one(sims, netty):
    sim = sims("contacts:3000")
    sim.mood(latency_ms=300)
    first_sync(netty, sim, *SMALL)
    open_then = at_once(asked(sim), 300)
    assert open_then[:3] == [1, 1, 1], "what the guesses are worth is not known yet"
    highest = 1
    for n in open_then:
        assert n <= highest + 1
        highest = max(highest, n)
    assert highest >= 8


@pytest.mark.parametrize("most", [1, 4])
def test_at_most_so_many(sims, netty, most):
    sim = sims("contacts:2000")
    sim.mood(latency_ms=50)
    first_sync(netty, sim, *SMALL, env={"NETTY_AHEAD": most})
    assert max(at_once(asked(sim), 50)) == most
    assert_held(netty, sim, "contacts")


def test_pages_that_come_at_once_are_asked_for_one_after_the_other(sims, netty):
    """One at a time needs one connection; two at a time would have opened another."""
    sim = sims("contacts:2000")
    run = first_sync(netty, sim, *SMALL, "--log-level", "debug")
    took = [event["ms"] for event in events(run, "page")]
    if any(min(took[max(0, i - 8):i]) >= 10 for i in range(3, len(took))):
        print("no page comes within 10 ms on this machine just now: tests/unit/extract/test_ahead_level.c tells the rest")
        return
    assert len({entry["connection"] for entry in asked(sim)}) == 1
    assert told(run)["unused"] == 0


def test_only_in_first_syncs_and_backfills(sims, netty):
    sim = sims("contacts:2000")
    first_sync(netty, sim, *SMALL)
    sim.mood(latency_ms=50)
    for edits in (0, 900):
        sim.edit("contacts", edits)
        before = len(asked(sim))
        first_sync(netty, sim, *SMALL)
        made = asked(sim)[before:]
        assert max(at_once(made, 50)) == 1 and len(made) >= 1 + edits / 50
    before = len(asked(sim))
    run = first_sync(netty, sim, "--full", *SMALL)
    assert max(at_once(asked(sim)[before:], 50)) >= 8 and told(run)["unused"] <= 1
    before = len(asked(sim))
    first_sync(netty, sim, "--reconcile", *SMALL)
    assert max(at_once(asked(sim)[before:], 50)) == 1
    assert_held(netty, sim, "contacts")


# ---- wrong guesses ----

@pytest.mark.parametrize("mood", [{}, {"count_is": "none"}, {"count_is": "page"}, {"limit_cap": 20}], ids=str)
def test_wrong_guesses_are_few(sims, netty, mood):
    """Beyond two of a hundred only those that were on their way when the end was reached."""
    sim = sims("contacts:4000")
    sim.mood(latency_ms=100, **mood)
    run = first_sync(netty, sim, *SMALL)
    requests, unused = told(run)["requests"], told(run)["unused"]
    assert requests == len(asked(sim)), "all that was asked for is counted"
    assert max(at_once(asked(sim), 100)) >= 8
    assert unused <= requests * 0.02 + (16 if "count_is" in mood else 0)
    assert_held(netty, sim, "contacts")


def test_deletions_make_guesses_wrong_and_they_stay_few(sims, netty):
    """Each moves up all pages that are on their way."""
    sim = sims("contacts:8000")
    sim.mood(latency_ms=50, deletes_per_request=1)
    run = first_sync(netty, sim, *SMALL)
    requests, unused = told(run)["requests"], told(run)["unused"]
    assert 0 < unused <= requests * 0.02 + 16
    assert_held(netty, sim, "contacts", deletions=True)


def test_what_was_not_used_is_a_metric(sims, netty):
    sim = sims("contacts:3000")
    sim.mood(latency_ms=30, count_is="none")
    file = netty.dir / "netty.prom"
    run = first_sync(netty, sim, *SMALL, "--metrics-file", file)
    line = 'netty_extract_unused_requests_total{table="contacts"} %d' % told(run)["unused"]
    assert line in file.read_text().splitlines()


# ---- refusals and failures ----

def running_ahead(netty, sim, latency, *arguments, env=None):
    """A first sync that has eight requests open."""
    sim.mood(latency_ms=latency)
    mark = len(asked(sim))
    process = netty.start("netty-extract", "contacts", *SMALL, *arguments, sim=sim, env={**AHEAD, **(env or {})})
    wait_for(lambda: max(at_once(asked(sim)[mark:], latency), default=0) >= 8 or process.poll() is not None, "eight at once")
    assert process.poll() is None
    return process


def test_after_a_failure_it_is_one_again(sims, netty):
    sim = sims("contacts:12000")
    process = running_ahead(netty, sim, 200, "--retries", "0")
    sim.mood(p500=100, faults_max=1)
    assert process.wait(timeout=120) == 0, "a page that is asked for ahead is none that failed: not even with --retries 0"
    log = asked(sim)
    failed = next(entry["ms"] for entry in log if entry["status"] == 500)
    open_then = [n for entry, n in zip(log, at_once(log, 200)) if entry["ms"] > failed]
    assert 1 in open_then, "before another one is made, all that were under way have come"
    assert max(open_then[open_then.index(1):]) >= 8, "and it grows anew"
    assert_held(netty, sim, "contacts")


def test_after_a_refusal_nothing_more_is_asked_for(sims, netty):
    sim = sims("contacts:12000")
    process = running_ahead(netty, sim, 100)
    sim.mood(throttle_after=1, throttle_status=429, throttle_seconds=3, throttle_retry_after=3)
    assert process.wait(timeout=60) == 75
    log = asked(sim)
    refused = next(entry["ms"] for entry in log if entry["status"] == 429)
    assert all(entry["ms"] <= refused + 100 for entry in log)
    assert sum(entry["status"] == 429 for entry in log) <= 16
    sim.mood(throttle_after=-1)
    wait_for(lambda: first_sync(netty, sim, *SMALL, code=None).code == 0, "the end of the throttle")
    made = asked(sim)[len(log):]
    answered = [n for entry, n in zip(made, at_once(made, 100)) if entry["status"] == 200]
    assert answered[:3] == [1, 1, 1]
    assert_held(netty, sim, "contacts")


@pytest.mark.parametrize("mood", [{"p500": 10}, {"p_cut": 10}, {"p_garbage": 8}, {"p_reset": 8}, {"p_html": 8}], ids=str)
def test_failures_on_the_way(sims, netty, mood):
    sim = sims("contacts:3000")
    sim.mood(latency_ms=20, **mood)
    first_sync(netty, sim, *SMALL, "--retries", "20")
    assert_held(netty, sim, "contacts")


# ---- the list changes, the program dies ----

@pytest.mark.parametrize("mood", [
    {"edits_per_request": 5}, {"edits_per_request": 5, "edits_after": 1}, {"inserts_per_request": 3},
    {"ties_per_request": 30}, {"born_timeless": 1, "inserts_per_request": 2, "edits_per_request": 3},
], ids=str)
def test_changes_meanwhile(sims, netty, db, mood):
    sim = sims("contacts:5000", "--timeless", 200)
    sim.mood(latency_ms=20, **mood)
    run = first_sync(netty, sim, *SMALL)
    log = whole(sim)
    assert max(at_once(log, 20)) >= 4
    assert told(run)["unused"] <= told(run)["requests"] * 0.02 + 16
    sim.mood(**{name: 0 for name in mood})
    first_sync(netty, sim, *SMALL)
    netty.load("--create-tables", db=db)
    assert_synced(sim, db, "contacts")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_stopped_in_the_middle_it_goes_on(sims, netty, db, how):
    sim = sims("contacts:8000")
    for number in range(3):
        if number == 0:
            process = running_ahead(netty, sim, 200, "--full")
        else:  # so little may still be lost that it asks for hardly anything ahead any more
            mark = len(asked(sim))
            process = netty.start("netty-extract", "contacts", *SMALL, "--full", sim=sim, env=AHEAD)
            wait_for(lambda: len(asked(sim)) >= mark + 5, "five requests")
            assert max(at_once(asked(sim)[mark:], 200)) <= 3
        sim.edit("contacts", 20)
        process.send_signal(how)
        assert process.wait(timeout=60) in (75, -9)
    run = first_sync(netty, sim, "--full", *SMALL)
    assert "through" in run.err
    assert len(asked(sim)) <= 8000 / 49 + 16 + 3 * 4 + 12
    first_sync(netty, sim, *SMALL)
    netty.load("--create-tables", db=db)
    assert_synced(sim, db, "contacts")


def test_a_regular_run_has_the_table_between_two_pages(sims, netty):
    """What is on its way when it asks is used first."""
    sim = sims("contacts:12000")
    netty.extract("contacts", *SMALL, sim=sim)
    mark = len(asked(sim))
    process = running_ahead(netty, sim, 200, "--full")
    for _ in range(3):
        sim.edit("contacts", 1)
        row = netty.extract("--json", "contacts", *SMALL, sim=sim).json()["contacts"]
        assert row["status"] == "complete" and row["requests"] <= 2
        assert process.poll() is None, "the backfill goes on meanwhile"
        pages = state(netty)["pages"]
        wait_for(lambda: state(netty) is None or state(netty)["pages"] > pages, "its next page")
    assert process.wait(timeout=120) == 0
    log = asked(sim)[mark:]
    assert len(log) <= 12000 / 49 + 3 * 2 + 20, "and nothing is asked for twice"
    assert_held(netty, sim, "contacts")


# ---- bounds ----

def test_pages_and_requests_of_a_run_stay_bounded(sims, netty):
    sim = sims("contacts:6000")
    sim.mood(latency_ms=30)
    run = first_sync(netty, sim, *SMALL, "--full", "--max-pages", "40")
    assert told(run)["pages"] == 40 and told(run)["unused"] == 0 and len(asked(sim)) <= 42
    mark = len(asked(sim))
    first_sync(netty, sim, *SMALL, "--full", "--budget", "30")
    assert len(asked(sim)) - mark == 30
    first_sync(netty, sim, *SMALL, "--full")
    assert len(asked(sim)) <= 6000 / 49 + 16
    assert_held(netty, sim, "contacts")


def test_several_tables(sims, netty):
    sim = sims("contacts:2000,users:2000,companies:2000,products:2000,mandates:2000")
    sim.mood(latency_ms=100)
    names = ("contacts", "users", "companies", "products", "mandates")
    netty.extract(*names, *SMALL, sim=sim, env=AHEAD)
    for name in names:
        assert max(at_once(asked(sim, name), 100)) >= 5, name
    assert_held(netty, sim, *names)


def test_large_pages_are_not_held_in_any_number(sims, netty):
    """Four megabytes are held at most: pages of one each are asked for by threes, say, and still they all come."""
    sim = sims("contacts:600", "--record-bytes", 100_000)
    sim.mood(latency_ms=100)
    run = first_sync(netty, sim, "--limit", "10", "--rate", "0")
    assert 2 <= max(at_once(whole(sim), 100)) <= 5
    assert told(run)["unused"] <= 2
    assert_held(netty, sim, "contacts")
