"""A reconcile while the API refuses, fails and cuts its answers: it stays polite, goes on where it was, marks nobody wrongly."""
import json
import time
from datetime import datetime, timedelta, timezone

import pytest

from crawls import asked
from reconciles import Copy

PAGES = 6


@pytest.fixture
def copy(sims, db, netty):
    return Copy(sims("contacts:600"), db, netty)


def breaker(copy):
    return json.loads((copy.netty.spool / "breaker.json").read_text())


def time_passes(copy):
    """As if the breaker had been opened so much earlier that its time is just over."""
    over = datetime.now(timezone.utc) - timedelta(seconds=1)
    content = {**breaker(copy), "until": over.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    (copy.netty.spool / "breaker.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


def throttled(copy, seconds):
    """A run that is refused on its way: it says so, and nobody asks again before the time is over."""
    run = copy.reconcile(code=75)
    assert run.json()["contacts"]["status"] == "throttled", run
    left = datetime.fromisoformat(breaker(copy)["until"].replace("Z", "+00:00")).timestamp() - time.time()
    assert seconds - 60 < left <= seconds + 1
    before = len(asked(copy.sim))
    assert copy.reconcile(code=75).json()["contacts"]["status"] == "throttled"
    assert copy.netty.extract("contacts", sim=copy.sim, code=75)
    assert len(asked(copy.sim)) == before, "no request at all while it is closed"
    copy.load()
    assert not copy.marked()
    copy.sim.mood(throttle_after=-1)
    time_passes(copy)
    return run.json()["contacts"]["requests"]


@pytest.mark.parametrize("status, told", [(401, None), (403, 600), (429, None), (429, 600)])
def test_throttled_in_the_crawl_and_in_the_look(copy, status, told):
    gone = copy.delete(7)
    mood = {"throttle_status": status, "throttle_seconds": 600,
            **({"throttle_retry_after": told} if told else {})}
    copy.sim.mood(throttle_after=3, **mood)
    first = throttled(copy, told or 900)
    rest = copy.reconcile().json()["contacts"]
    # A crawl's cost (extract/README.md), and the one request that was refused.
    assert rest["status"] == "complete" and first - 1 + rest["requests"] <= PAGES + 4, "it went on, and began nothing anew"
    copy.sync()
    copy.sim.mood(throttle_after=3, **mood)
    throttled(copy, told or 900)
    copy.reconcile()
    copy.sync()
    assert set(copy.marked()) == gone
    copy.assert_none_alive()


@pytest.mark.parametrize("fault", ["p500", "p_cut", "p_reset", "p_error_object", "p404"])
def test_answers_that_are_none_say_nothing_of_a_record(copy, fault):
    """Also where every look of a run fails so: nobody is gone for that, and the next run asks again (after a 404 an hour
    later: then refused.json no longer holds a run back)."""
    refused = copy.netty.spool / "refused.json"
    gone = copy.delete(5)
    quick = ("--retries", "2", "--retry-delay", "1ms")
    copy.sim.mood(**{fault: 30})
    for _ in range(60):
        if copy.reconcile(*quick, code=None).json()["contacts"]["status"] == "complete":
            break
        copy.load()
        assert not copy.marked()
        refused.unlink(missing_ok=True)
    else:
        pytest.fail("the crawl came to no end")
    copy.sim.mood(reset=1)
    copy.sync()
    copy.sim.post("/_sim/restore", table="contacts", n=2)
    back = gone & set(copy.sim.truth("contacts"))
    assert len(back) == 2
    copy.sim.mood(**{fault: 100})
    copy.reconcile(*quick, code=None)
    copy.sim.mood(reset=1)
    refused.unlink(missing_ok=True)
    copy.sync()
    assert not copy.marked(), "on the word of an answer that is none"
    for _ in range(3):
        copy.reconcile()
        copy.sync()
    assert set(copy.marked()) == gone - back
    copy.assert_none_alive()
