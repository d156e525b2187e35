"""A crawl ends, whatever the server does, and says how far it is complete."""
import pytest

from crawls import asked, assert_held, moment, state
from harness import wait_for


def test_a_server_that_ignores_the_filter_is_named_and_read_to_its_end(sims, netty):
    sim = sims("contacts:900")
    sim.mood(ignore_filter=1)
    run = netty.extract("--json", "contacts", "--limit", 50, sim=sim, timeout=60)
    assert "filter" in run.err, "it is told"
    assert len(asked(sim)) < 3 * 900 / 50
    assert run.json()["contacts"]["status"] == "complete"
    assert_held(netty, sim, "contacts")
    sim.edit("contacts", 60)
    before = len(asked(sim))
    run = netty.extract("--json", "contacts", "--limit", 50, sim=sim, timeout=60)
    assert len(asked(sim)) - before < 3 * 900 / 50
    assert_held(netty, sim, "contacts")


@pytest.mark.parametrize("mood", ["ignore_offset", "same_page_forever"])
def test_a_server_that_answers_the_same_page_for_ever_is_named_and_left(sims, netty, mood):
    sim = sims("contacts:900", "--ties", 500)
    sim.mood(**{mood: 1})
    run = netty.extract("--json", "contacts", "--limit", 50, sim=sim, code=69, timeout=60)
    assert "contacts" in run.err and ("offset" in run.err or "same" in run.err), run
    assert run.json()["contacts"]["status"] == "failed"
    assert len(asked(sim)) < 60, "no loop"
    sim.mood(**{mood: 0})
    netty.extract("contacts", "--limit", 50, sim=sim)
    netty.extract("contacts", "--limit", 50, sim=sim)
    assert_held(netty, sim, "contacts")


def test_a_server_that_ignores_filter_and_offset_is_named_and_left(sims, netty):
    sim = sims("contacts:900")
    sim.mood(ignore_filter=1, ignore_offset=1)
    run = netty.extract("contacts", "--limit", 50, sim=sim, code=69, timeout=60)
    assert "offset" in run.err or "filter" in run.err
    assert len(asked(sim)) < 60


@pytest.mark.parametrize("mood", [{}, {"date_skew": -7200}, {"date_skew": 7200}], ids=str)
def test_complete_to_is_never_beyond_the_servers_clock(sims, netty, mood):
    sim = sims("contacts:400,users:30", "--future", 5, "--clock", "fixed", "--tick", "1s")
    sim.mood(**mood)
    skew = mood.get("date_skew", 0)
    for _ in range(3):
        rows = netty.extract("--json", "contacts", "users", "--limit", 50, sim=sim).json()
        now = moment(state(sim)["now"]).timestamp() + skew
        for row in rows.values():
            assert moment(row["complete_to"]).timestamp() <= now - 1, row
        sim.edit("contacts", 10)
        sim.post("/_sim/future", table="users", n=1)


def test_without_a_server_clock_complete_to_is_not_beyond_ours(sims, netty):
    sim = sims("contacts:400", "--future", 150)
    sim.mood(date=0)
    row = netty.extract("--json", "contacts", "--limit", 50, sim=sim).json()["contacts"]
    assert moment(row["complete_to"]).timestamp() < moment(state(sim)["now"]).timestamp()


def test_a_run_that_is_left_claims_no_more_than_it_has(sims, netty):
    sim = sims("contacts:900", "--clock", "fixed")
    row = netty.extract("--json", "contacts", "--limit", 50, "--max-pages", 5, sim=sim).json()["contacts"]
    newest = {}
    for line in sim.get("/_sim/truth/contacts").splitlines():
        import json
        record = json.loads(line)
        newest[record["contact_id"]] = record["time_modified"]
    held = [json.loads(line)["contact_id"] for line in netty.spool_tool("cat", "contacts").out.splitlines()]
    for key, time in newest.items():
        assert key in held or row["complete_to"] is None or moment(time) > moment(row["complete_to"]), (key, time, row)


def test_complete_to_never_moves_back(sims, netty):
    sim = sims("contacts:300", "--clock", "fixed", "--tick", "10s")
    last = None
    for _ in range(5):
        sim.edit("contacts", 30)
        row = netty.extract("--json", "contacts", "--max-pages", 2, "--limit", 50, sim=sim).json()["contacts"]
        if row["complete_to"] and last:
            assert moment(row["complete_to"]) >= moment(last)
        last = row["complete_to"] or last
    assert last


def test_a_crawl_that_can_never_catch_up_is_told_and_ends(sims, netty):
    """More edits between two requests than a page holds: no reader can win, but none may loop for ever."""
    sim = sims("contacts:600")
    sim.mood(edits_per_request=400, edits_after=1)
    process = netty.start("netty-extract", "contacts", "--limit", 10, "--max-pages", 2000, sim=sim)
    wait_for(lambda: process.poll() is not None, "the end", seconds=100)
    assert len(asked(sim)) < 3000
    sim.mood(edits_per_request=0)
    netty.extract("contacts", sim=sim)
    netty.extract("contacts", sim=sim)
    assert_held(netty, sim, "contacts")


@pytest.mark.parametrize("edits", [60, 120, 300])
def test_without_an_order_by_key_a_list_that_changes_with_each_answer_is_left(sims, netty, edits):
    """About as many edits between two answers as a page holds, or more: the run ends, what has come is kept, and the next one
    goes on."""
    sim = sims("contacts:3050", "--record-bytes", 200)
    sim.mood(edits_per_request=edits, sort_key="refused", equal_filter="refused")
    run = netty.extract("--json", "contacts", "--rate", 0, sim=sim, code=None)
    row = run.json()["contacts"]
    assert (run.code, row["status"]) in ((69, "failed"), (0, "unproven"), (0, "complete")), row
    assert len(asked(sim)) <= 4000 and (run.code == 0 or "changes as fast as it is read" in run.err), run.err
    assert row["pages"] > 20, "what has come is kept"
    sim.mood(edits_per_request=0)
    assert netty.extract("--json", "contacts", sim=sim).json()["contacts"]["status"] in ("complete", "unproven")
    netty.extract("contacts", sim=sim)
    assert_held(netty, sim, "contacts")
