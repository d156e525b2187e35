"""A backfill is a thing of its own: it goes on where it was, beside the regular sync, whose position it leaves alone."""
import fcntl
import json
import random
import re
import signal
import struct
import subprocess
import time
from datetime import timedelta

import pytest

from backfills import JSON_LOG, SMALL, backfill, positions, regular, requests_of, state, status
from crawls import asked, assert_held, filter_time, moment
from harness import BUILD, assert_synced, wait_for
from watching import get, listening


# ---- it goes on where it was ----

@pytest.mark.parametrize("fetched", [False, True], ids=["first", "beside"])
def test_full_with_max_pages_goes_forward(sims, netty, fetched):
    sim = sims("contacts:900")
    if fetched:
        netty.extract("contacts", *SMALL, sim=sim)
    before = regular(netty) if fetched else None
    told = [backfill(netty, sim, "--full", "--max-pages", "5") for _ in range(3)]
    assert [row["status"] for row in told] == ["partial"] * 3
    assert [row["backfill"] for row in told] == ["under way"] * 3
    found = [row["found"] for row in told]
    assert 150 < found[0] < found[1] < found[2] and all(later - earlier > 180 for earlier, later in zip(found, found[1:]))
    assert not fetched or regular(netty) == before, "the regular position is as it was"
    last = backfill(netty, sim, "--full")
    assert last["status"] == "complete" and last["backfill"] == "through" and last["found"] >= 900
    assert state(netty) is None
    assert not fetched or regular(netty) == before
    assert_held(netty, sim, "contacts")


def test_each_run_fetches_what_the_one_before_did_not(sims, netty, db):
    """The database holds what the backfill has fetched so far, and all of it in the end."""
    sim = sims("contacts:900")
    netty.extract("contacts", *SMALL, sim=sim)
    for segment in (netty.spool / "contacts").glob("*.ndjson*"):
        assert segment.stat().st_size > 0
    told = [backfill(netty, sim, "--full", "--max-pages", "5")]
    while told[-1]["backfill"] != "through":
        told.append(backfill(netty, sim, "--full", "--max-pages", "5"))
    pages = sum(row["pages"] for row in told)
    whole = 900 / 49
    assert whole <= pages <= whole + 12, "no page of it twice"
    assert state(netty) is None
    netty.load("--create-tables", db=db)
    assert_synced(sim, db, "contacts")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_full_goes_on(sims, netty, how):
    sim = sims("contacts:2000")
    netty.extract("contacts", *SMALL, sim=sim)
    whole = backfill(netty, sim, "--full")["requests"]
    sim.mood(latency_ms=20)
    before = len(asked(sim))
    process = netty.start("netty-extract", "contacts", "--full", *SMALL, sim=sim)
    wait_for(lambda: (state(netty) or {"pages": 0})["pages"] >= 15, "fifteen pages")
    process.send_signal(how)
    assert process.wait(timeout=60) == (75 if how == signal.SIGTERM else -9)
    sim.mood(latency_ms=0)
    assert state(netty)["records"] >= 15 * 40
    row = backfill(netty, sim, "--full")
    assert row["backfill"] == "through"
    assert len(asked(sim)) - before <= whole + 3, "what was fetched is not fetched again"
    assert_held(netty, sim, "contacts")


# ---- it leaves the regular position alone ----

def test_a_complete_spool_stays_complete_under_a_backfill(sims, netty):
    sim = sims("contacts:1500,users:1")
    netty.extract("contacts", *SMALL, sim=sim)
    netty.extract("contacts", *SMALL, sim=sim)
    before, told = regular(netty), status(netty)
    backfill(netty, sim, "--full", "--max-pages", "5")
    assert regular(netty) == before
    assert status(netty)["complete_to"] >= told["complete_to"], "neither is it complete up to an earlier time"
    watch = netty.start("netty-extract", "contacts", "--every", "1h", "--listen", "127.0.0.1:0", *SMALL, sim=sim)
    address = listening(watch)
    wait_for(lambda: "wait" in open(watch.err_path).read(), "the end of its first run")
    assert get(address, "/healthz").status == 200
    page = get(address, "/status.json").json()
    assert page["health"]["ok"] and page["tables"][0]["backfill"]["records"] > 100
    watch.terminate()
    watch.wait(timeout=60)
    sim.edit("contacts", 1)
    _, made = requests_of(sim, lambda: netty.extract("contacts", *SMALL, sim=sim))
    assert len(made) == 1, [entry["filters"] for entry in made]
    assert state(netty) is not None, "and the backfill is still where it was"
    row = backfill(netty, sim, "--full")
    assert row["backfill"] == "through"
    assert_held(netty, sim, "contacts")


def test_a_failed_backfill_leaves_the_regular_position(sims, netty):
    sim = sims("contacts:900")
    netty.extract("contacts", *SMALL, sim=sim)
    before = regular(netty)
    backfill(netty, sim, "--full", "--max-pages", "3")
    sim.mood(p500=100)
    backfill(netty, sim, "--full", "--retries", "0", code=69)
    sim.mood(p500=0)
    assert regular(netty) == before and state(netty)["pages"] >= 3
    assert backfill(netty, sim, "--full")["backfill"] == "through"


# ---- beside regular runs ----

def test_a_regular_run_gets_the_table_between_two_pages(sims, netty):
    sim = sims("contacts:3000")
    netty.extract("contacts", *SMALL, sim=sim)
    sim.mood(latency_ms=50)
    slow = netty.start("netty-extract", "--full", "contacts", *SMALL, sim=sim, env={"NETTY_AHEAD": "1"})  # slow enough
    wait_for(lambda: (state(netty) or {"pages": 0})["pages"] >= 3, "three pages")
    for number in range(3):
        sim.edit("contacts", 1)
        row = netty.extract("--json", "contacts", *SMALL, sim=sim).json()["contacts"]
        assert row["status"] == "complete" and row["requests"] <= 2
        assert slow.poll() is None, "the backfill goes on meanwhile"
        pages = state(netty)["pages"]
        wait_for(lambda: (state(netty) or {"pages": pages + 1})["pages"] > pages, "its next page")
    sim.mood(latency_ms=0)
    assert slow.wait(timeout=120) == 0
    assert "the backfill is through" in open(slow.err_path).read()
    assert_held(netty, sim, "contacts")


def test_a_regular_run_gets_a_table_whose_turn_has_not_come(sims, netty):
    """The backfill holds the locks of all its tables from its beginning on; while it is at one, others may have the rest."""
    sim = sims("contacts:3000,users:30")
    netty.extract("contacts", *SMALL, sim=sim)
    time.sleep(1.1)  # complete_to has whole seconds, and the table that is further behind goes first
    netty.extract("users", *SMALL, sim=sim)
    sim.mood(latency_ms=50)
    slow = netty.start("netty-extract", "--full", "--jobs", "1", "contacts", "users", *SMALL, sim=sim, env={"NETTY_AHEAD": "1"})
    wait_for(lambda: (state(netty) or {"pages": 0})["pages"] >= 3, "three pages")
    for number in range(2):
        sim.edit("users", 1)
        row = netty.extract("--json", "users", *SMALL, sim=sim).json()["users"]
        assert row["status"] == "complete" and row["requests"] <= 2
        assert slow.poll() is None and "through" not in open(slow.err_path).read(), "it need not wait for the other table's end"
    sim.mood(latency_ms=0)
    assert slow.wait(timeout=120) == 0, open(slow.err_path).read()
    assert open(slow.err_path).read().count("the backfill is through") == 2
    assert_held(netty, sim, "contacts")
    assert_held(netty, sim, "users")


def test_a_lock_that_was_just_taken_again_is_looked_at_once_more(sims, netty):
    """A backfill has the lock before its file says that it yields, be that a moment: no reason for a regular run to give up."""
    sim = sims("contacts:30")
    netty.extract("contacts", *SMALL, sim=sim)
    path = netty.spool / "contacts" / "lock"
    with open(path, "r+") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        path.write_text("1\n")
        run = netty.start("netty-extract", "contacts", *SMALL, sim=sim)
        time.sleep(0.15)  # its first look, if the machine is quick enough; else this proves less
        path.write_text("1 yields\n")
        asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 1, 0)
        wait_for(lambda: run.poll() is not None or
                 struct.unpack("hhqqi4x", fcntl.fcntl(holder, 36, asked))[0] != fcntl.F_UNLCK, "it asks for the lock")  # F_OFD_GETLK
        assert run.poll() is None, open(run.err_path).read()
    assert run.wait(timeout=60) == 0, open(run.err_path).read()


def test_no_regular_run_beside_a_backfill_is_turned_away(sims, netty):
    """However it hits the moments in which the lock changes hands."""
    sim = sims("contacts:1500")
    netty.extract("contacts", *SMALL, sim=sim)
    sim.mood(latency_ms=20)
    slow = netty.start("netty-extract", "--full", "contacts", *SMALL, sim=sim)
    runs = 0
    while slow.poll() is None and runs < 100:
        netty.extract("contacts", *SMALL, sim=sim)
        runs += 1
    sim.mood(latency_ms=0)
    assert slow.wait(timeout=120) == 0 and runs > 3


def test_two_backfills_of_a_table_are_one_too_many(sims, netty):
    sim = sims("contacts:3000")
    netty.extract("contacts", *SMALL, sim=sim)
    sim.mood(latency_ms=50)
    slow = netty.start("netty-extract", "--full", "contacts", *SMALL, sim=sim)
    wait_for(lambda: (state(netty) or {"pages": 0})["pages"] >= 3, "three pages")
    began = time.monotonic()
    run = netty.extract("--full", "contacts", *SMALL, sim=sim, code=75)
    assert "another process" in run.err and time.monotonic() - began < 60
    slow.terminate()
    assert slow.wait(timeout=60) == 75


def test_in_one_process_it_runs_through_once_and_the_regular_sync_goes_on(sims, netty):
    sim = sims("contacts:1500")
    netty.extract("contacts", *SMALL, sim=sim)
    sim.mood(latency_ms=1000)
    process = netty.start("netty-extract", "contacts", "--full", "--every", "1s", "--json", *SMALL, sim=sim, env=JSON_LOG)

    def log():
        return [json.loads(line) for line in open(process.err_path).read().splitlines() if line.startswith("{")]

    def ended():
        return [event for event in log() if event.get("event") == "table"]

    wait_for(lambda: len([event for event in ended() if event["status"] == "complete"]) >= 2, "two regular runs")
    assert not any("through" in json.dumps(event) for event in log()), "while the backfill is under way"
    sim.mood(latency_ms=0)
    sim.edit("contacts", 3)
    wait_for(lambda: any("backfill is through" in json.dumps(event) for event in log()), "its end")
    runs = len(ended())
    sim.edit("contacts", 3)
    wait_for(lambda: len(ended()) >= runs + 3, "further regular runs")
    assert sum("backfill is through" in json.dumps(event) for event in log()) == 1, "once"
    process.terminate()
    assert process.wait(timeout=60) in (0, 75)
    assert state(netty) is None
    assert_held(netty, sim, "contacts")


def test_pages_a_night_under_every(sims, netty):
    """--max-pages counts for each of its runs, too."""
    sim = sims("contacts:700")
    netty.extract("contacts", *SMALL, sim=sim)
    process = netty.start("netty-extract", "contacts", "--full", "--every", "1s", "--max-pages", "4", *SMALL, sim=sim)
    wait_for(lambda: "the backfill is through" in open(process.err_path).read(), "its end")
    process.terminate()
    process.wait(timeout=60)
    assert max(page["runs"] for _, _, page in positions(netty) if page) >= 3
    assert_held(netty, sim, "contacts")


# ---- giving up, beginning anew, from a time on ----

def test_cancel_gives_it_up(sims, netty):
    sim = sims("contacts:900")
    netty.extract("contacts", *SMALL, sim=sim)
    before = regular(netty)
    backfill(netty, sim, "--full", "--max-pages", "5")
    row, made = requests_of(sim, lambda: backfill(netty, sim, "--full", "--cancel"))
    assert made == [] and row["status"] == "cancelled"
    assert state(netty) is None and regular(netty) == before
    assert backfill(netty, sim, "--full", "--cancel")["status"] == "cancelled", "nothing to give up is no failure"
    row, made = requests_of(sim, lambda: backfill(netty, sim, "--full", "--max-pages", "2"))
    assert made[0]["offset"] in ("", "0", 0) and row["found"] < 150, "the next one is another"


def test_cancel_while_it_runs(sims, netty):
    sim = sims("contacts:3000")
    netty.extract("contacts", *SMALL, sim=sim)
    sim.mood(latency_ms=50)
    slow = netty.start("netty-extract", "--full", "contacts", *SMALL, sim=sim)
    wait_for(lambda: (state(netty) or {"pages": 0})["pages"] >= 3, "three pages")
    netty.extract("--cancel", "contacts", *SMALL, sim=sim)
    assert slow.wait(timeout=60) == 75 and "--cancel" in open(slow.err_path).read()
    assert state(netty) is None


def test_restart_begins_it_anew(sims, netty):
    sim = sims("contacts:900")
    netty.extract("contacts", *SMALL, sim=sim)
    before = regular(netty)
    first = backfill(netty, sim, "--full", "--max-pages", "5")
    again = backfill(netty, sim, "--full", "--restart", "--max-pages", "2")
    assert again["found"] < first["found"] and again["began"] > first["began"]
    alone = backfill(netty, sim, "--restart", "--max-pages", "2")
    assert alone["began"] > again["began"]
    assert backfill(netty, sim, "--full")["backfill"] == "through" and regular(netty) == before
    assert_held(netty, sim, "contacts")


def test_restart_of_a_tables_first_crawl(sims, netty):
    sim = sims("contacts:900")
    first = backfill(netty, sim, "--full", "--max-pages", "5")
    again = backfill(netty, sim, "--full", "--restart", "--max-pages", "2")
    assert again["found"] < first["found"]
    netty.extract("contacts", *SMALL, sim=sim)  # a regular run goes on with it
    assert state(netty) is None
    assert_held(netty, sim, "contacts")


def test_since_has_a_position_of_its_own(sims, netty):
    sim = sims("contacts:1500")
    netty.extract("contacts", *SMALL, sim=sim)
    before, since = regular(netty), "2024-02-01T00:00:00Z"
    row, made = requests_of(sim, lambda: backfill(netty, sim, "--since", since, "--max-pages", "4"))
    assert row["backfill"] == "under way" and regular(netty) == before
    assert moment(since) - timedelta(hours=28) <= filter_time(made[0]) < moment(since)
    assert moment(state(netty)["since"]) == moment(since)
    row, made = requests_of(sim, lambda: backfill(netty, sim, "--since", since, "--max-pages", "4"))
    assert filter_time(made[0]) > moment(since), "it goes on"
    assert backfill(netty, sim, "--since", since)["backfill"] == "through" and regular(netty) == before
    assert state(netty) is None


def test_another_start_does_not_throw_a_full_one_away(sims, netty):
    sim = sims("contacts:900")
    netty.extract("contacts", *SMALL, sim=sim)
    backfill(netty, sim, "--full", "--max-pages", "5")
    under_way = state(netty)
    run = netty.extract("contacts", *SMALL, "--since", "2024-05-01", sim=sim, code=64)
    assert "--full" in run.err and "--cancel" in run.err and state(netty) == under_way


def test_reconcile_restart_begins_anew(sims, netty):
    sim = sims("contacts:900")
    netty.extract("contacts", *SMALL, sim=sim)
    first = netty.extract("--reconcile", "--max-pages", "5", "--json", "contacts", *SMALL, sim=sim)
    for words in (("--restart",), ("--full",)):
        row, made = requests_of(sim, lambda: netty.extract("--reconcile", *words, "--budget", "2", "contacts", *SMALL, sim=sim))
        assert made[0]["filters"] == "" and int(made[0]["offset"] or 0) == 0
    assert first.code == 0


def test_options_that_do_not_go_together(netty):
    for words in (("--restart", "--cancel"), ("--reconcile", "--cancel"), ("--full", "--cancel", "--every", "1h")):
        run = netty.run("netty-extract", "contacts", *words, code=64)
        assert "--cancel" in run.err


# ---- what watches it ----

def test_status_the_page_and_the_metrics_show_how_far_it_is(sims, netty):
    sim = sims("contacts:1500")
    netty.extract("contacts", *SMALL, sim=sim)
    file = netty.dir / "netty.prom"
    row = backfill(netty, sim, "--full", "--max-pages", "8", "--metrics-file", file)
    told = next(json.loads(line) for line in netty.spool_tool("status", "--json").out.splitlines() if '"backfill_of"' in line)
    assert told["backfill_of"] == "contacts" and told["records"] == row["found"] and told["of"] == row["of"] >= 1500
    assert told["runs"] == 1 and told["began"] == row["began"]
    assert re.search(r"contacts .*\b%d\b" % row["found"], netty.spool_tool("status").out.replace(",", "").replace(" ", " "))
    text = file.read_text()
    assert 'netty_extract_backfill_records{table="contacts"} %d' % row["found"] in text
    assert 'netty_extract_backfill_expected_records{table="contacts"}' in text
    backfill(netty, sim, "--full", "--metrics-file", file)
    assert '"backfill_of"' not in netty.spool_tool("status", "--json").out
    assert "netty_extract_backfill_records{" not in file.read_text()


def test_damage_in_a_backfills_page_is_fetched_again(sims, netty, db):
    sim = sims("contacts:900")
    netty.extract("contacts", *SMALL, sim=sim)
    backfill(netty, sim, "--full", "--max-pages", "6")
    page = positions(netty)[-3][0]
    segment = sorted((netty.spool / "contacts").glob("0*.ndjson"))[-1]
    with open(segment, "r+b") as file:
        file.seek(page["offset"] + 40)
        file.write(b"XXXX")
    netty.spool_tool("verify", code=65)
    netty.spool_tool("heal")
    netty.extract("contacts", *SMALL, sim=sim)
    backfill(netty, sim, "--full")
    netty.load("--create-tables", db=db)
    assert_synced(sim, db, "contacts")


# ---- the loader: older pages that come later ----

def test_pages_of_a_backfill_never_take_a_row_back(sims, netty, db):
    """Edits arrive by regular runs while the backfill's pages, older records in a later page, come in between."""
    sim = sims("contacts:1200", "--timeless", 40)
    netty.extract("contacts", *SMALL, sim=sim)
    netty.load("--create-tables", db=db)
    for round_ in range(8):
        backfill(netty, sim, "--full", "--max-pages", "4")
        sim.edit("contacts", 30)
        netty.extract("contacts", *SMALL, sim=sim)
        netty.load(db=db)
    backfill(netty, sim, "--full")
    netty.load(db=db)
    assert_synced(sim, db, "contacts")


# ---- interrupted, again and again ----

def interrupted(sims, netty, db, records, times, limit, seed, latency=0):
    """`times` interruptions, kills included, beside regular runs with edits: equal in the end, and hardly a request more."""
    dice = random.Random(seed)
    rate = ("--limit", str(limit), "--rate", "0")
    sim = sims(f"contacts:{records}")
    netty.extract("contacts", *rate, sim=sim)
    before = len(asked(sim))
    netty.extract("contacts", "--full", *rate, sim=sim)
    sim.mood(latency_ms=latency)
    whole = len(asked(sim)) - before
    used = regular_used = 0
    for number in range(times):
        sim.edit("contacts", 5)
        mark = len(asked(sim))
        pages = whole // (times + 1)
        if number % 4 == 3:
            netty.extract("contacts", "--full", "--max-pages", pages, *rate, sim=sim)
        else:
            done = (state(netty) or {"pages": 0})["pages"]
            # It ends by itself where this looks too late: all interruptions together must not come to more than the backfill.
            process = netty.start("netty-extract", "contacts", "--full", "--max-pages", pages, *rate, sim=sim)
            wait_for(lambda: len(asked(sim)) - mark >= pages or process.poll() is not None, "some pages")
            process.send_signal(dice.choice([signal.SIGTERM, signal.SIGKILL]))
            process.wait(timeout=120)
            assert (state(netty) or {"pages": done + 1})["pages"] > done
        used += len(asked(sim)) - mark
        mark = len(asked(sim))
        netty.extract("contacts", *rate, sim=sim)
        regular_used += len(asked(sim)) - mark
    mark = len(asked(sim))
    assert netty.extract("--json", "contacts", "--full", *rate, sim=sim).json()["contacts"]["backfill"] == "through"
    used += len(asked(sim)) - mark
    netty.extract("contacts", *rate, sim=sim)
    assert regular_used <= 3 * times, "a regular run sees its edits, and no more"
    netty.load("--create-tables", db=db, timeout=600)
    assert_synced(sim, db, "contacts")
    return whole, used


def test_interrupted_five_times_beside_regular_runs(sims, netty, db):
    whole, used = interrupted(sims, netty, db, 10000, 5, 100, seed=5, latency=15)
    assert used <= whole * 1.03 + 2 * 5, (whole, used)


def test_what_was_asked_for_ahead_is_lost_once(sims, netty, db):
    """Where pages take so long that the default asks ahead: a kill loses what is open, 12 pages at most in so small a table, and the
    runs after it have less open."""
    del netty.env["NETTY_AHEAD"]
    whole, used = interrupted(sims, netty, db, 20000, 8, 50, seed=9, latency=30)
    assert used <= whole + 12 + 2 * 8, (whole, used)


@pytest.mark.release
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("ahead", [False, True], ids=["one by one", "ahead"])
def test_a_hundred_thousand_records_interrupted_twenty_times(sims, netty, db, ahead):
    if ahead:
        del netty.env["NETTY_AHEAD"]
    whole, used = interrupted(sims, netty, db, 100000, 20, 100, seed=18, latency=60 if ahead else 20)
    assert used <= whole * 1.03, (whole, used)
