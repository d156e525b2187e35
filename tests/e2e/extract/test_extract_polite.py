"""The API is asked no more than it was agreed, and left alone when it says so: all read from its own log.

The log's times are the server's. Waits are only ever shown to be long enough, which a slow machine cannot disprove.
"""
import json
import time
from datetime import datetime, timedelta, timezone

import pytest

from crawls import asked, assert_held, events, moment
from harness import wait_for

RATE = 10


def assert_spaced(entries, rate):
    """Never more than `rate` requests (and one) in any second, nor over the whole."""
    times = sorted(entry["ms"] for entry in entries)
    assert len(times) > 2 * rate
    for first, last in zip(times, times[rate + 1:]):
        assert last - first >= 1000, f"{rate + 2} requests in {last - first} ms"
    assert times[-1] - times[0] >= (len(times) - 2) * 1000 / rate


def test_the_rate_holds_over_all_tables(sims, netty):
    sim = sims("contacts:300,users:200,companies:300")
    netty.extract("contacts", "users", "companies", "--limit", 40, "--rate", RATE, sim=sim)
    assert_spaced(asked(sim), RATE)
    assert_held(netty, sim, "contacts", "users", "companies")


def test_the_rate_holds_over_all_processes_of_one_spool(sims, netty):
    sim = sims("contacts:400,users:400")
    running = [netty.start("netty-extract", table, "--limit", 40, "--rate", RATE, sim=sim)
               for table in ("contacts", "users")]
    assert [process.wait(timeout=120) for process in running] == [0, 0]
    both = {entry["connection"] for entry in asked(sim)}
    assert len(both) >= 2
    assert_spaced(asked(sim), RATE)


def test_the_rate_holds_from_one_run_to_the_next(sims, netty):
    sim = sims("contacts:5")
    for _ in range(2 * RATE + 3):
        netty.extract("contacts", "--rate", RATE, sim=sim)
    assert_spaced(asked(sim), RATE)


def waits(netty, sim, seed, retries=7):
    """What the log says of the waits between retries, in ms."""
    run = netty.extract("contacts", "--retries", retries, "--retry-delay", "8ms", "--log-format", "json", sim=sim,
                        env={"NETTY_SEED": seed}, code=69)
    return [event["wait_ms"] for event in events(run, "retry")]


def test_back_off_grows_with_full_jitter_and_is_kept(sims, netty):
    sim = sims("contacts:50")
    sim.mood(p500=100)
    samples = []
    for seed in range(1, 9):
        sim.post("/_sim/log/reset")
        sample = waits(netty, sim, seed)
        times = [entry["ms"] for entry in asked(sim)]
        assert len(sample) == 7 and len(times) == 8
        for number, wait in enumerate(sample):
            assert 0 <= wait <= 8 * 2 ** number, "never beyond the bound"
            assert times[number + 1] - times[number] >= wait - 2, "kept"
        samples.append(sample)
    means = [sum(sample[number] for sample in samples) / len(samples) for number in range(7)]
    assert means[6] > 4 * means[2] > 4 * means[0], f"it grows: {means}"
    assert len({sample[6] for sample in samples}) > 4, "clients that failed together do not come back together"
    sim.post("/_sim/log/reset")
    assert waits(netty, sim, 1) == samples[0], "and a seed makes it repeat itself"


@pytest.mark.parametrize("as_date", [0, 1], ids=["seconds", "date"])
def test_retry_after_is_obeyed(sims, netty, as_date):
    sim = sims("contacts:50")
    sim.mood(throttle_status=503, throttle_after=1, throttle_requests=1, throttle_retry_after=2,
             throttle_retry_date=as_date)
    netty.extract("contacts", "--limit", 40, "--retries", 5, sim=sim)
    log = asked(sim)
    told = [number for number, entry in enumerate(log) if entry["throttled"]]
    assert told and log[told[0]]["status"] == 503
    for number in told:
        # A date has whole seconds: what is left of it may be almost one less.
        assert log[number + 1]["ms"] - log[number]["ms"] >= (1000 if as_date else 2000)
    assert_held(netty, sim, "contacts")


@pytest.mark.parametrize("status", [400, 402, 405, 410, 418, 422])
def test_other_refusals_are_not_retried(sims, netty, status):
    sim = sims("contacts:50")
    sim.mood(throttle_status=status, throttle_after=0)
    run = netty.extract("contacts", sim=sim, code=69)
    assert str(status) in run.err and "contacts" in run.err
    assert len(asked(sim)) == 1


def test_an_unknown_table_is_not_retried(sims, netty):
    sim = sims("contacts:50")
    assert "nosuch" in netty.extract("nosuch", sim=sim, code=78).err
    assert len(asked(sim)) == 1


def breaker(netty):
    return json.loads((netty.spool / "breaker.json").read_text())


def until(netty):
    return moment(breaker(netty)["until"]).timestamp()


def time_passes(netty):
    """As if the breaker had been opened so much earlier that its time is just over."""
    over = datetime.now(timezone.utc) - timedelta(seconds=1)
    content = {**breaker(netty), "until": over.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    (netty.spool / "breaker.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


@pytest.mark.parametrize("status, as_date", [(429, 0), (429, 1), (401, 0), (403, 1)])
def test_throttled_nobody_knocks_until_it_is_over_and_then_one_alone(sims, netty, status, as_date):
    tables = ("contacts", "users", "companies", "tasks")
    sim = sims(",".join(f"{table}:150" for table in tables))
    netty.extract("users", sim=sim)
    sim.mood(throttle_status=status, throttle_after=8, throttle_seconds=600, throttle_retry_after=600,
             throttle_retry_date=as_date)
    run = netty.extract("--json", *tables, "--limit", 50, sim=sim, code=75)
    assert str(status) in run.err
    assert "throttled" in {row["status"] for row in run.json().values()} <= {"throttled", "complete"}
    assert 500 < until(netty) - time.time() < 601
    before = len(asked(sim))
    run = netty.extract("--json", *tables, sim=sim, code=75)
    assert {row["status"] for row in run.json().values()} == {"throttled"}
    assert len(asked(sim)) == before, "no request at all while it is closed"

    time_passes(netty)
    sim.mood(throttle_after=-1, latency_ms=300)
    netty.extract(*tables, "--limit", 50, sim=sim)
    later = asked(sim)[before:]
    assert later[1]["ms"] - later[0]["ms"] >= 299, "one probe, and no other before its answer"
    assert len({entry["table"] for entry in later[1:5]}) > 1, "then all go on"
    assert_held(netty, sim, *tables)
    assert "until" not in breaker(netty)


def test_a_probe_that_is_throttled_again_is_the_only_request(sims, netty):
    sim = sims("contacts:150,users:150,tasks:10")
    netty.extract("users", sim=sim)
    sim.mood(throttle_after=0, throttle_retry_after=1)
    netty.extract("contacts", "users", "tasks", sim=sim, code=75)
    for _ in range(2):
        time.sleep(max(0.0, until(netty) - time.time()) + 0.05)
        before = len(asked(sim))
        netty.extract("contacts", "users", "tasks", sim=sim, code=75)
        assert len(asked(sim)) - before == 1


def test_while_one_process_probes_the_others_stay_away(sims, netty):
    sim = sims("contacts:150,users:150")
    netty.extract("users", sim=sim)
    sim.mood(throttle_after=0, throttle_retry_after=1)
    netty.extract("users", sim=sim, code=75)
    time_passes(netty)
    sim.mood(throttle_after=-1, p_hang=100)
    before = len(asked(sim))
    probe = netty.start("netty-extract", "contacts", sim=sim)
    wait_for(lambda: len(asked(sim)) > before, "the probe")
    netty.extract("users", sim=sim, code=75)
    assert len(asked(sim)) == before + 1
    probe.terminate()
    probe.wait(timeout=60)


def test_without_retry_after_it_rests_for_fifteen_minutes(sims, netty):
    sim = sims("contacts:50")
    sim.mood(throttle_after=0)
    begin = time.time()
    netty.extract("contacts", sim=sim, code=75)
    assert begin + 900 - 1 <= until(netty) <= time.time() + 900 + 1
    assert breaker(netty)["status"] == 429


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_never_worked_is_refused_at_once_for_all_tables(sims, netty, status):
    tables = ("contacts", "users", "companies", "tasks", "products", "mandates")
    sim = sims(",".join(f"{table}:50" for table in tables))
    sim.mood(throttle_status=status, throttle_after=0)
    run = netty.extract("--json", *tables, sim=sim, code=77)
    assert "NETTY_API_KEY" in run.err
    assert {row["status"] for row in run.json().values()} == {"failed"} and len(run.json()) == 6
    assert len(asked(sim)) == 2, "the second told that it was not the first table's own"


def test_the_first_table_failing_does_not_leave_the_others_waiting(sims, netty):
    """The first request of an unknown key goes alone; what it hits must not decide for the others."""
    sim = sims("contacts:50,users:50,tasks:50")
    sim.mood(table="contacts", p_hang=100)
    process = netty.start("netty-extract", "contacts", "users", "tasks", "--timeout", "1s", "--retries", "1000",
                          "--log-format", "json", sim=sim)

    def finished():
        lines = [json.loads(line) for line in open(process.err_path).read().splitlines()]
        return {"users", "tasks"} <= {line.get("table") for line in lines if line["event"] == "table"}
    wait_for(finished, "the other tables")
    assert process.poll() is None, "while the first one still tries"
    process.terminate()
    assert process.wait(timeout=60) == 75


def limits(sim):
    return [entry["limit"] for entry in asked(sim)]


def test_pages_halve_after_timeouts_and_grow_back(sims, netty):
    sim = sims("contacts:1500")
    sim.mood(limit_slow_above=25)
    netty.extract("contacts", "--timeout", "1s", "--max-pages", 12, sim=sim)
    seen = limits(sim)
    pages = [limit for limit in seen if limit > 1]  # of one record, once: is there one behind the first page
    assert pages[:3] == [100, 50, 25] and min(pages) >= 10 and seen.count(1) <= 1, seen
    assert 50 in pages[3:], "it tries a larger one now and then"
    sim.mood(limit_slow_above=0)
    sim.post("/_sim/log/reset")
    netty.extract("contacts", sim=sim)
    seen = limits(sim)
    assert max(seen[:2]) <= 50 and seen[-1] == 100, "what was learned holds in the next run, and is unlearned in time"
    assert_held(netty, sim, "contacts")


def test_pages_get_as_small_as_they_must(sims, netty):
    sim = sims("contacts:100")
    sim.mood(limit_slow_above=5)
    netty.extract("contacts", "--timeout", "200ms", "--retries", 5, sim=sim)
    asked_for = limits(sim)
    pages = [limit for limit in asked_for if limit > 1]  # of one record: is the API there at all
    assert pages[:4] == [100, 50, 25, 12] and 0 < min(asked_for) <= 5, asked_for
    assert_held(netty, sim, "contacts")


def test_one_hanging_table_holds_up_no_other(sims, netty):
    sim = sims("contacts:300,users:300,companies:300")
    netty.extract("users", sim=sim)
    sim.mood(table="contacts", p_hang=100)
    process = netty.start("netty-extract", "contacts", "users", "companies", "--jobs", 2, "--timeout", "60s",
                          "--log-format", "json", sim=sim)

    def finished():
        lines = [json.loads(line) for line in open(process.err_path).read().splitlines()]
        return {line["table"] for line in lines if line["event"] == "table"} == {"users", "companies"}
    wait_for(finished, "the other tables")
    assert process.poll() is None and any(entry["table"] == "contacts" for entry in asked(sim))
    process.terminate()
    assert process.wait(timeout=60) == 75
    assert_held(netty, sim, "users", "companies")


def test_one_failing_table_holds_up_no_other(sims, netty):
    sim = sims("contacts:300,users:300,companies:300")
    sim.mood(table="contacts", p500=100)
    run = netty.extract("--json", "contacts", "users", "companies", "--jobs", 1, "--retries", 1, sim=sim, code=69)
    assert {table: row["status"] for table, row in run.json().items()} == \
        {"contacts": "failed", "users": "complete", "companies": "complete"}
    assert_held(netty, sim, "users", "companies")


def test_the_table_furthest_behind_goes_first(sims, netty):
    sim = sims("contacts:30,users:30,companies:30,tasks:30", "--clock", "fixed", "--tick", "1h")
    for table in ("companies", "contacts", "users"):
        netty.extract(table, sim=sim)
    before = len(asked(sim))
    netty.extract("users", "contacts", "tasks", "companies", "--jobs", 1, sim=sim)
    order = list(dict.fromkeys(entry["table"] for entry in asked(sim)[before:]))
    assert order == ["tasks", "companies", "contacts", "users"], "never fetched, then by how far each is complete"


def test_connections_are_kept(sims, netty):
    sim = sims("contacts:1000,users:500")
    netty.extract("contacts", "users", "--limit", 50, sim=sim)
    assert len({entry["connection"] for entry in asked(sim)}) <= 2
