"""One table whose answers have no bytes at all stops none of the others, and is none that failed; where nothing is answered, the API is down."""
import pytest

from crawls import asked, assert_held, events
from harness import wait_for

WORLD = "companies:30,contacts:130,users:130"
TABLES = ("companies", "contacts", "users")
OTHERS = ("companies", "users")


def silence(sim, table=None, on=True):
    sim.mood(**({"table": table} if table else {}), refuse_status=200 if on else 0, refuse_words="none")


@pytest.mark.parametrize("jobs", [1, 4])
@pytest.mark.parametrize("known", [False, True], ids=["first-run", "read-before"])
def test_it_is_unproven_and_the_others_are_complete(sims, netty, jobs, known):
    sim = sims(WORLD)
    if known:
        netty.extract(*TABLES, sim=sim)
    silence(sim, "contacts")
    for number in range(1, 4):
        sim.post("/_sim/log/reset")
        metrics = netty.dir / "metrics"
        run = netty.extract("--json", "--log-format", "json", "--jobs", jobs, "--metrics-file", metrics, *TABLES, sim=sim)
        rows = run.json()
        assert rows["contacts"]["status"] == "unproven" and "no bytes" in rows["contacts"]["reason"], rows
        assert {rows[table]["status"] for table in OTHERS} == {"complete"}
        told = [event for event in events(run) if event["event"] == "unproven"]
        assert [event["table"] for event in told] == ["contacts"] and "no bytes" in told[0]["reason"], run
        assert 'netty_extract_runs_total{table="contacts",status="unproven"} %d\n' % number in metrics.read_text()
        # A table of which the spool has no page yet is none of those whose state it tells.
        assert not known or 'netty_extract_unproven{table="contacts",reason="silent"} 1' in metrics.read_text()
        assert len(asked(sim, "contacts")) <= 6
    if known:
        shown = netty.spool_tool("status", "--json", code=None).out
        assert "silent" in shown.splitlines()[-1] and '"verdict":"unproven"' in shown, shown
    silence(sim, "contacts", on=False)
    assert netty.extract("--json", *TABLES, sim=sim).json()["contacts"]["status"] == "complete"
    assert_held(netty, sim, *TABLES)


def test_where_nothing_else_is_answered_the_api_is_down(sims, netty):
    sim = sims(WORLD)
    netty.extract(*TABLES, sim=sim)
    silence(sim)
    run = netty.extract("--json", *TABLES, sim=sim, code=69)
    assert {row["status"] for row in run.json().values()} == {"failed"}, run
    silence(sim, on=False)
    silence(sim, "contacts")
    assert netty.extract("--json", "contacts", sim=sim, code=69).json()["contacts"]["status"] == "failed", "there is no other that tells"


def test_what_was_answered_before_the_api_went_silent_proves_nothing(sims, netty):
    """The last request of the run is for a table that it has read; it has no bytes now, either."""
    sim = sims(WORLD)
    netty.extract(*TABLES, sim=sim)
    silence(sim, "contacts")
    process = netty.start("netty-extract", "--json", "--jobs", "4", "--retry-delay", "500ms", *TABLES, sim=sim)
    wait_for(lambda: len(asked(sim, "contacts")) >= 3 and all(asked(sim, table) for table in OTHERS), "the table's third request")
    silence(sim)
    assert process.wait() == 69


def test_the_budget_s_end_asks_no_more(sims, netty):
    sim = sims(WORLD)
    netty.extract(*TABLES, sim=sim)
    silence(sim, "contacts")
    for _ in range(2):
        sim.post("/_sim/log/reset")
        netty.extract("--json", *TABLES, sim=sim)
    n = len(asked(sim))
    sim.post("/_sim/log/reset")
    run = netty.extract("--json", "--budget", n - 1, *TABLES, sim=sim, code=69)
    assert run.json()["contacts"]["status"] == "failed" and len(asked(sim)) <= n - 1
