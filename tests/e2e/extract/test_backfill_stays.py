"""A backfill beside runs that go on: what was done is not done again, what was told stays told, and giving up is always possible."""
import json
import signal
import subprocess
from datetime import datetime, timezone

import pytest

from backfills import JSON_LOG, SMALL, backfill, positions, state
from crawls import asked, assert_held
from harness import BUILD, wait_for


@pytest.fixture
def stays(netty):
    """A program without a terminal, as a service manager starts it."""
    def start(*arguments, sim):
        err = open(netty.dir / f"stays.{len(netty.background)}.err", "w+")
        process = subprocess.Popen([BUILD / "netty-extract", *map(str, arguments)], cwd=netty.dir,
                                   env=netty.environment(sim, None, JSON_LOG), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=err, text=True, start_new_session=True)
        err.close()
        netty.background.append(process)
        process.log = lambda: [json.loads(line) for line in open(err.name).read().splitlines() if line.startswith("{")]
        process.said = lambda words: sum(words in json.dumps(event) for event in process.log())
        return process
    return start


@pytest.fixture(autouse=True)
def as_by_default(netty):
    """--ahead is what a person has who says nothing."""
    del netty.env["NETTY_AHEAD"]


# ---- SIGHUP ----

@pytest.mark.parametrize("words", [("--full",), ("--since", "2024-02-01"), ("--full", "--restart")])
def test_sighup_does_not_begin_a_backfill_that_is_through_once_more(sims, netty, stays, words):
    sim = sims("contacts:700,users:60")
    netty.extract("contacts", "users", *SMALL, sim=sim)
    process = stays("contacts", "users", *words, "--every", "300d", *SMALL, sim=sim)
    wait_for(lambda: process.said("the backfill is through") == 2 and process.said('"wait"') == 1, "the end of both")
    for number in (2, 3):
        before = len(asked(sim))
        process.send_signal(signal.SIGHUP)
        wait_for(lambda: process.said('"wait"') == number, "the run after it")
        assert len(asked(sim)) - before <= 6, "the regular run alone"
    assert process.said("the backfill is through") == 2 and state(netty) is None
    process.terminate()
    assert process.wait(timeout=60) in (0, 75)


@pytest.mark.parametrize("words", [("--full",), ("--full", "--restart"), ("--restart",)])
def test_sighup_goes_on_with_one_that_is_under_way(sims, netty, stays, words):
    sim = sims("contacts:3000")
    netty.extract("contacts", *SMALL, sim=sim)
    if words == ("--restart",):
        backfill(netty, sim, "--since", "2024-01-01", "--max-pages", "2")
    sim.mood(latency_ms=30)
    process = stays("contacts", *words, "--every", "300d", *SMALL, sim=sim)
    wait_for(lambda: (state(netty) or {"pages": 0})["pages"] >= 10, "ten pages")
    began = state(netty)["began"]
    process.send_signal(signal.SIGHUP)
    wait_for(lambda: process.said('"reload"') >= 1, "its word")
    sim.mood(latency_ms=0)
    wait_for(lambda: process.said("the backfill is through") == 1, "its end")
    of = {page["began"] for _, _, page in positions(netty) if page and page["pages"] >= 10}
    assert of == {began}, "the same one"
    process.terminate()
    assert process.wait(timeout=60) in (0, 75)
    assert_held(netty, sim, "contacts")


def test_restart_over_several_nights_keeps_the_start(sims, netty, stays):
    """--restart alone begins anew what is under way, from where that was asked to begin, in however many runs."""
    sim = sims("contacts:1500")
    netty.extract("contacts", *SMALL, sim=sim)
    backfill(netty, sim, "--since", "2024-02-01", "--max-pages", "2")
    process = stays("contacts", "--restart", "--every", "1s", "--max-pages", "4", *SMALL, sim=sim)
    wait_for(lambda: process.said("the backfill is through") == 1, "its end")
    process.terminate()
    process.wait(timeout=60)
    assert {page["since"] for _, _, page in positions(netty) if page} == {state_since(netty)}


def state_since(netty):
    return next(page["since"] for _, _, page in positions(netty) if page)


def test_asked_for_the_table_on_its_last_page(sims, netty):
    """There is nothing to come back to: it is through, not given up."""
    sim = sims("contacts:300")
    netty.extract("contacts", *SMALL, sim=sim)
    sim.post("/_sim/clock", advance=7200)
    sim.edit("contacts", 20)
    sim.mood(latency_ms=700)
    since = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    slow = netty.start("netty-extract", "contacts", "--since", since, "--json", *SMALL, sim=sim)
    wait_for(lambda: "yields" in (netty.spool / "contacts/lock").read_text(), "the backfill's first page")
    assert netty.extract("--json", "contacts", *SMALL, sim=sim).json()["contacts"]["status"] == "complete"
    assert slow.wait(timeout=60) == 0 and "the backfill is through" in open(slow.err_path).read()
    assert state(netty) is None
    assert_held(netty, sim, "contacts")


# ---- what was told ----

def test_complete_to_never_steps_back_beside_a_backfill(sims, netty):
    """A backfill that proves more than the regular crawl has told so: the regular runs after it tell no less."""
    sim = sims("contacts:1500")
    netty.extract("contacts", *SMALL, sim=sim)
    sim.post("/_sim/clock", advance=86400)
    backfill(netty, sim, "--full", "--max-pages", "8")
    for _ in range(3):
        sim.edit("contacts", 120)
        sim.post("/_sim/clock", advance=3600)
        netty.extract("contacts", *SMALL, "--max-pages", "2", sim=sim)
        backfill(netty, sim, "--full", "--max-pages", "12")
    backfill(netty, sim, "--full")
    sim.edit("contacts", 200)
    netty.extract("contacts", *SMALL, "--max-pages", "1", sim=sim)
    netty.extract("contacts", *SMALL, sim=sim)
    told = [page["complete_to"] for page, _, _ in positions(netty) if page.get("complete_to")]
    assert len(told) > 40 and told == sorted(told), [pair for pair in zip(told, told[1:]) if pair[0] > pair[1]]
    assert_held(netty, sim, "contacts")


# ---- giving up ----

def test_cancel_asks_for_no_key_and_for_no_answer(sims, netty):
    """It only writes to the spool: neither a key that is gone nor an API that refuses the table is in its way."""
    sim = sims("contacts:900,users:60")
    netty.extract("contacts", "users", *SMALL, sim=sim)
    netty.extract("--full", "--max-pages", "2", "contacts", "users", *SMALL, "--limit", "10", sim=sim)
    sim.mood(throttle_after=0, throttle_status=429, throttle_requests=1000)
    netty.extract("--full", "contacts", "users", *SMALL, "--retries", "0", sim=sim, code=75)
    assert state(netty) and state(netty, "users")
    before = len(asked(sim))
    run = netty.extract("--json", "--full", "--cancel", "contacts", "users", *SMALL, sim=sim,
                        env={"NETTY_API_KEY": None, "NETTY_API_KEY_FILE": netty.dir / "no such file"})
    assert [run.json()[table]["status"] for table in ("contacts", "users")] == ["cancelled"] * 2
    assert state(netty) is None and state(netty, "users") is None
    assert len(asked(sim)) == before
