"""Every way in which an answer can be spoilt: survived when it is rare, named when it is all there is."""
import pytest

from crawls import asked, assert_held, events

RETRIED = ("p500", "p_html", "p_error_object", "p_cut", "p_reset", "p_garbage", "p_utf8", "p_notarray", "p_deep")
NAMED = {"p500": "500", "p_html": "HTML|502|JSON", "p_error_object": "error|data", "p_cut": "complete|closed|cut",
         "p_reset": "reset|closed|answer", "p_garbage": "JSON|ends|byte", "p_utf8": "UTF-8|byte", "p_notarray": "data",
         "p_deep": "deep|nest"}


def named(kind, run):
    return any(word.lower() in run.err.lower() for word in NAMED[kind].split("|"))


@pytest.mark.parametrize("fault", RETRIED)
def test_one_fault_in_twenty_requests(sims, netty, fault):
    sim = sims("contacts:1200", seed=3)
    sim.mood(edits_per_request=1, **{fault: 5})
    row = netty.extract("--json", "contacts", "--limit", 20, sim=sim).json()["contacts"]
    assert row["status"] == "complete"
    sim.mood(edits_per_request=0)
    last = netty.extract("--json", "contacts", "--limit", 20, sim=sim).json()["contacts"]
    faults = [entry for entry in asked(sim) if entry["fault"] == fault]
    assert faults, "there was something to survive"
    # libcurl itself asks once more where a kept-alive connection turns out to be gone.
    assert fault == "p_reset" or row["retries"] + last["retries"] == len(faults)
    assert_held(netty, sim, "contacts")
    netty.spool_tool("verify")


def test_all_faults_together(sims, netty):
    sim = sims("contacts:1200,users:500", seed=11)
    sim.mood(edits_per_request=1, **{fault: 5 for fault in RETRIED})
    rows = netty.extract("--json", "contacts", "users", "--limit", 20, "--retries", 30, sim=sim).json()
    assert all(row["status"] == "complete" and row["retries"] > 5 for row in rows.values())
    sim.mood(edits_per_request=0, **{fault: 0 for fault in RETRIED})
    netty.extract("contacts", "users", sim=sim)
    assert_held(netty, sim, "contacts", "users")


@pytest.mark.parametrize("fault", ["p_hang", "p_stall"])
def test_one_request_in_twenty_hangs(sims, netty, fault):
    sim = sims("contacts:700", seed=5)
    sim.mood(**{fault: 5})
    row = netty.extract("--json", "contacts", "--limit", 10, "--timeout", "500ms", sim=sim).json()["contacts"]
    assert row["status"] == "complete" and row["retries"] > 0
    sim.mood(**{fault: 0})
    netty.extract("contacts", sim=sim)
    assert_held(netty, sim, "contacts")


@pytest.mark.parametrize("fault", RETRIED)
def test_nothing_but_faults_leaves_nothing_and_is_named(sims, netty, fault):
    sim = sims("contacts:300")
    sim.mood(**{fault: 100})
    run = netty.extract("--json", "contacts", "--retries", 2, sim=sim, code=69)
    assert "contacts" in run.err and named(fault, run), run
    row = run.json()["contacts"]
    assert (row["status"], row["pages"], row["records"], row["complete_to"]) == ("failed", 0, 0, None)
    # Records came, though unreadable ones: whether the API gives the same twice is asked, too.
    tries = 5 if fault == "p_deep" else 3
    assert len(asked(sim)) == tries and row["retries"] == tries - 1
    assert netty.spool_tool("cat", "contacts", code=None).out == ""
    sim.mood(**{fault: 0})
    netty.extract("contacts", sim=sim)
    assert_held(netty, sim, "contacts")


def test_nothing_but_hanging_requests_are_named(sims, netty):
    sim = sims("contacts:300")
    sim.mood(p_hang=100)
    run = netty.extract("contacts", "--retries", 2, "--timeout", "300ms", sim=sim, code=69)
    assert "contacts" in run.err and "time" in run.err.lower()
    assert len(asked(sim)) == 3


def test_what_is_retried_is_said_each_time(sims, netty):
    sim = sims("contacts:300")
    sim.mood(p500=100, faults_max=3)
    run = netty.extract("--json", "contacts", "--log-format", "json", sim=sim)
    assert [event["attempt"] for event in events(run, "retry")] == [1, 2, 3]
    assert run.json()["contacts"]["retries"] == 3


def test_no_server_at_all_is_named_and_can_be_tried_again(netty):
    run = netty.extract("contacts", "--retries", 1, sim="http://127.0.0.1:9", code=69)
    assert "127.0.0.1" in run.err and "contacts" in run.err
