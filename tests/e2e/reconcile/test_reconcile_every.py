"""--reconcile-every: the steps of the search for deleted records are taken by the ordinary runs, and each says where it is."""
import json
import re

import pytest

from harness import wait_for
from reconciles import Copy


@pytest.fixture
def copy(sims, db, netty):
    return Copy(sims("contacts:300"), db, netty)


def run(copy, *arguments, every="300d", code=0):
    copy.sim.post("/_sim/clock", advance=100)
    done = copy.netty.extract("--json", "--reconcile-every", every, *arguments, "contacts", sim=copy.sim, code=code)
    assert [row["table"] for row in map(json.loads, done.out.splitlines())] == ["contacts"], "the run's summary is as ever"
    return done


def step(done):
    """What the run says of the step, and of what the next one waits for."""
    line = next(line for line in done.err.splitlines() if "where the search for deleted records is" in line)
    return dict(re.findall(r'(\w+)=("[^"]*"|\S+)', line))


def stage(copy):
    rows = map(json.loads, copy.netty.spool_tool("status", "--json", code=None).out.splitlines())
    return next((row["stage"] for row in rows if "reconcile" in row), None)


def test_ordinary_runs_take_the_steps(copy):
    """The same two lines, from a timer, are the whole recipe."""
    gone = copy.delete(6)
    first = step(run(copy))
    assert first["step"] == '"all keys are read"' and stage(copy) == "waiting"
    copy.load()
    assert stage(copy) == "waiting", "the loader lacks a page that was fetched after the crawl"
    second = step(run(copy))
    assert "netty-load, once it has loaded" in second["waits_for"] and second["until"].startswith("20")
    copy.load()
    third = step(run(copy))
    assert third["step"] == '"what is missing is asked for once more"' and int(third["records"]) == len(gone)
    run(copy)
    copy.load()
    run(copy)
    copy.load()
    assert set(copy.marked()) <= gone and len(copy.marked()) >= len(gone) - 1 and stage(copy) == "done"
    rest = step(run(copy))
    assert rest["waits_for"] == '"the next crawl, at this time"' and rest["until"].startswith("20")
    requests = [row["requests"] for row in map(json.loads, run(copy).out.splitlines())]
    copy.assert_none_alive()
    assert requests[0] < 5 and stage(copy) == "done", "nothing more until then"


def test_a_crawl_is_spread_over_the_runs(copy):
    run(copy, "--max-pages", "2")
    assert stage(copy) == "crawling"
    assert step(run(copy, "--max-pages", "2"))["step"] == '"reading all keys goes on"'
    for _ in range(5):
        run(copy, "--max-pages", "2")
    assert stage(copy) == "waiting"


def test_the_next_crawl_begins_when_its_time_has_come(copy):
    for _ in range(4):
        run(copy)
        copy.load()
    assert stage(copy) == "done"
    wait_for(lambda: step(run(copy, every="1s"))["step"] == '"all keys are read"', "the next crawl")


def test_what_waits_for_a_person_is_said_by_each_run(copy):
    copy.delete(60)
    for _ in range(5):
        run(copy)
        copy.load(code=None)
    assert stage(copy) == "held"
    held = step(run(copy))
    assert "--max-deletes" in held["step"] and "netty-load --max-deletes" in held["waits_for"]


def test_a_run_that_fails_takes_no_step(copy):
    copy.sim.mood(table="contacts", refuse_status=404)
    done = run(copy, code=78)
    assert "deleted records" not in done.err and stage(copy) is None


def test_a_dry_run_and_a_reconcile_of_its_own_are_as_before(copy):
    done = copy.netty.extract("--reconcile-every", "1d", "--dry-run", "contacts", sim=copy.sim)
    assert "deleted records" not in done.err and stage(copy) is None
    done = copy.netty.extract("--reconcile-every", "1d", "--reconcile", "--json", "contacts", sim=copy.sim)
    assert "deleted records" not in done.err and stage(copy) == "waiting"


def test_programs_that_stay_mark_what_is_gone_by_themselves(copy, db, netty):
    """One line each, and nobody types anything; the history tells steps from runs."""
    gone = copy.delete(6)
    netty.start("netty-extract", "--every", "1s", "--reconcile-every", "300d", "contacts", sim=copy.sim)
    netty.start("netty-load", "--every", "1s", db=db)

    def later():
        copy.sim.post("/_sim/clock", advance=100)
        return len(copy.marked()) >= len(gone) - 1
    wait_for(later, "the marks", seconds=180)
    assert set(copy.marked()) <= gone
    kinds = {row["kind"] for row in map(json.loads, netty.spool_tool("runs", "--json", "contacts").out.splitlines()) if row["program"] == "extract"}
    assert kinds == {"changes", "full", "reconcile"} or kinds == {"changes", "reconcile"}


