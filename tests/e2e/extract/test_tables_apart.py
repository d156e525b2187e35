"""One table that is refused, or that the API does not have, stops none of the others; nor does a revoked key go unsaid."""
import json
from datetime import datetime, timedelta, timezone

import pytest

from crawls import asked, assert_held, events
from harness import wait_for
from spoolfile import read_sumline, sumline

TABLES = ("companies", "contacts", "tasks", "users")
WORLD = ",".join(f"{table}:130" for table in TABLES)
OTHERS = tuple(table for table in TABLES if table != "contacts")


def hour_passes(netty):
    """As if the refusals had been answered so much earlier."""
    path = netty.spool / "refused.json"
    earlier = (datetime.now(timezone.utc) - timedelta(minutes=61)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    lines = []
    for line in path.read_bytes().splitlines():
        members = read_sumline(line)
        del members["sum"]
        if "asked" in members:
            members["asked"] = earlier
        lines.append(sumline(members))
    path.write_bytes(b"".join(lines))


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("jobs", [1, 4])
@pytest.mark.parametrize("known", [False, True], ids=["first-run", "worked-before"])
def test_a_table_that_is_forbidden_stops_none_of_the_others(sims, netty, status, jobs, known):
    sim = sims(WORLD)
    if known:
        netty.extract("users", sim=sim)
    sim.mood(table="contacts", refuse_status=status)
    run = netty.extract("--json", "--jobs", jobs, *TABLES, sim=sim, code=77)
    rows = run.json()
    assert rows["contacts"]["status"] == "failed"
    assert {rows[table]["status"] for table in OTHERS} == {"complete"}, run
    assert "contacts" in run.err and str(status) in run.err and "not allowed" in run.err
    assert_held(netty, sim, *OTHERS)
    before = len(asked(sim, "contacts"))
    for table in OTHERS:
        sim.edit(table, 5)
    for _ in range(2):
        run = netty.extract("--json", "--jobs", jobs, *TABLES, sim=sim, code=77)
        assert run.json()["contacts"]["status"] == "failed" and "contacts" in run.err
        assert {run.json()[table]["status"] for table in OTHERS} == {"complete"}
    assert_held(netty, sim, *OTHERS)
    assert len(asked(sim, "contacts")) == before, "at most once an hour"
    hour_passes(netty)
    netty.extract(*TABLES, sim=sim, code=77)
    assert len(asked(sim, "contacts")) == before + 1
    sim.mood(table="contacts", refuse_status=0)
    hour_passes(netty)
    netty.extract(*TABLES, sim=sim)
    assert_held(netty, sim, *TABLES)
    netty.extract(*TABLES, sim=sim)


def test_the_forbidden_table_alone_is_told_apart_by_no_one_and_is_a_throttle(sims, netty):
    """No other table is there to ask, and none has been read: the key may be throttled."""
    sim = sims(WORLD)
    netty.extract("contacts", sim=sim)
    sim.mood(table="contacts", refuse_status=403)
    netty.extract("contacts", sim=sim, code=75)


def test_all_tables_refused_is_a_throttle_and_opens_the_breaker(sims, netty):
    sim = sims(WORLD)
    netty.extract(*TABLES, sim=sim)
    sim.mood(refuse_status=403)
    sim.post("/_sim/log/reset")
    run = netty.extract("--json", *TABLES, sim=sim, code=75)
    assert {row["status"] for row in run.json().values()} == {"throttled"}
    assert len(asked(sim)) <= 1 + len(TABLES)
    before = len(asked(sim))
    netty.extract(*TABLES, sim=sim, code=75)
    assert len(asked(sim)) == before


def test_a_429_is_never_a_tables_own(sims, netty):
    sim = sims(WORLD)
    netty.extract("users", sim=sim)
    sim.mood(table="contacts", refuse_status=429)
    netty.extract("--jobs", 1, *TABLES, sim=sim, code=75)


def refused_for(netty, seconds):
    """As if the key had been refused for so long, and the breaker's time were over."""
    path = netty.spool / "breaker.json"
    content = json.loads(path.read_text())
    now = datetime.now(timezone.utc)
    content["until"] = (now - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    content["refused"] = (now - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    path.write_text(json.dumps(content, separators=(",", ":")) + "\n")


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_was_revoked_is_told_when_no_throttle_lasts_so_long(sims, netty, status):
    sim = sims(WORLD)
    netty.extract(*TABLES, sim=sim)
    sim.mood(refuse_status=status)
    netty.extract(*TABLES, sim=sim, code=75)
    refused_for(netty, 59 * 60)
    netty.extract(*TABLES, sim=sim, code=75)
    refused_for(netty, 61 * 60)
    run = netty.extract(*TABLES, sim=sim, code=77)
    assert "key" in run.err and "NETTY_API_KEY" in run.err, run
    run = netty.extract(*TABLES, sim=sim, code=77)
    assert "NETTY_API_KEY" in run.err, "also while nobody asks"
    refused_for(netty, 25 * 60)
    netty.extract(*TABLES, "--refused-after", "20m", sim=sim, code=77)
    refused_for(netty, 100 * 60)
    sim.mood(refuse_status=0)
    netty.extract(*TABLES, sim=sim)
    assert "refused" not in json.loads((netty.spool / "breaker.json").read_text())


def test_a_429_however_long_is_no_refusal_of_the_key(sims, netty):
    sim = sims(WORLD)
    netty.extract(*TABLES, sim=sim)
    sim.mood(refuse_status=429)
    netty.extract(*TABLES, sim=sim, code=75)
    refused = json.loads((netty.spool / "breaker.json").read_text())
    assert "refused" not in refused


def test_a_table_that_the_api_does_not_have_is_a_setting(sims, netty):
    sim = sims(WORLD)
    run = netty.extract("--json", "contact", *OTHERS, sim=sim, code=78)
    assert run.json()["contact"]["status"] == "failed"
    assert "contact" in run.err and "404" in run.err
    assert not (netty.spool / "contact").exists(), "no folder for a table that is none"
    assert_held(netty, sim, *OTHERS)
    before = len(asked(sim, "contact"))
    run = netty.extract("--json", "contact", *TABLES, sim=sim, code=78)
    assert len(asked(sim, "contact")) == before, "at most once an hour"
    assert "contacts" in run.err.split("contact", 1)[1] and run.json()["contact"]["requests"] == 0
    hour_passes(netty)
    run = netty.extract("contact", *TABLES, sim=sim, code=78)
    assert len(asked(sim, "contact")) == before + 1
    assert 'did you mean \\"contacts\\"?' in run.err.replace('\\\\', '\\') or 'did you mean "contacts"?' in run.err, run


def test_all_tables_404_is_one_message_about_the_address(sims, netty):
    sim = sims("agencies:1")
    run = netty.extract("--log-format", "json", *TABLES, sim=sim, code=78)
    assert [event["event"] for event in events(run) if event["level"] == "error"] == ["no-table"], run
    assert "--base-url" in run.err and not any((netty.spool / table).exists() for table in TABLES)
    netty.extract(*TABLES, sim=sim, code=78)
    assert len(asked(sim)) == 2 * len(TABLES), "nothing of it is remembered: the address may be mended"


def test_what_is_refused_is_read_by_those_who_look(sims, netty, db):
    sim = sims(WORLD)
    db.create(*TABLES)
    sim.mood(table="contacts", refuse_status=403)
    netty.extract("contact", *TABLES, sim=sim, code=78)
    status = {row["refused"]: row["status"] for row in map(json.loads, netty.spool_tool("status", "--json", code=78).out.splitlines())
              if "refused" in row}
    assert status == {"contact": 404, "contacts": 403}
    report = netty.dir / "report.html"
    netty.spool_tool("report", "--html", report)
    assert '"unknown_table","table":"contact"' in report.read_text() and '"forbidden","table":"contacts"' in report.read_text()
    run = netty.load("contact", "users", db=db, code=78)
    assert "contact" in run.err and "404" in run.err


def test_one_tables_code_does_not_end_the_service(sims, netty):
    sim = sims(WORLD)
    sim.mood(table="contacts", refuse_status=403)
    process = netty.start("netty-extract", "--every", "1s", "--json", "nosuch", *TABLES, sim=sim)
    wait_for(lambda: len(asked(sim, "users")) >= 3, "the third run")
    assert process.poll() is None
    process.terminate()
    assert process.wait(timeout=60) in (77, 78)


def test_events_name_the_table_that_is_refused(sims, netty):
    sim = sims(WORLD)
    sim.mood(table="contacts", refuse_status=403)
    run = netty.extract("--log-format", "json", *TABLES, sim=sim, code=77)
    said = [event for event in events(run, "table") if event["table"] == "contacts"]
    assert len(said) == 1 and said[0]["level"] == "error" and "403" in said[0]["error"]


@pytest.mark.parametrize("table", [TABLES[0], TABLES[-1]])
def test_whichever_table_is_forbidden_the_others_decide_also_where_all_of_them_are_read(sims, netty, table):
    """With one at a time the last one has no other left to ask: one that the run has read is asked once more."""
    sim = sims(WORLD)
    netty.extract(*TABLES, sim=sim)
    sim.mood(table=table, refuse_status=403)
    run = netty.extract("--json", "--jobs", 1, *TABLES, sim=sim, code=77)
    assert {name: row["status"] for name, row in run.json().items()} == \
        {name: "failed" if name == table else "complete" for name in TABLES}


def test_a_followed_table_whose_grant_is_missing_ends_no_service_and_is_loaded_once_it_is_there(sims, netty, db):
    sim = sims(WORLD)
    netty.extract(*TABLES, sim=sim)
    netty.load("--create-tables", db=db)
    db.query(f"""CREATE ROLE {db.name} LOGIN; GRANT USAGE ON SCHEMA netty_sync TO {db.name};
                 GRANT ALL ON ALL TABLES IN SCHEMA netty_sync TO {db.name};
                 GRANT ALL ON ALL TABLES IN SCHEMA public TO {db.name}; REVOKE INSERT, UPDATE ON "netty-contacts" FROM {db.name}""")
    for table in TABLES:
        db.query(f'ALTER TABLE "netty-{table}" DISABLE ROW LEVEL SECURITY')
    try:
        process = netty.start("netty-load", "--follow", *TABLES, db=db.url.replace("//netty@", f"//{db.name}@"))
        for table in TABLES:
            sim.edit(table, 3)
        netty.extract(*TABLES, sim=sim)
        for table in OTHERS:
            wait_for(lambda: db.rows(table) == sim.truth(table), "the others")
        assert process.poll() is None and db.rows("contacts") != sim.truth("contacts")
        db.query(f'GRANT ALL ON "netty-contacts" TO {db.name}')
        wait_for(lambda: db.rows("contacts") == sim.truth("contacts"), "what may be written now", seconds=120)
        assert process.poll() is None
        process.terminate()
        process.wait(timeout=60)
    finally:
        db.query(f"DROP OWNED BY {db.name}; DROP ROLE {db.name}")


def test_a_followed_table_that_the_database_does_not_have_or_forbids_ends_no_service(sims, netty, db):
    sim = sims(WORLD)
    netty.extract(*TABLES, sim=sim)
    db.create("companies", "contacts", "users")
    process = netty.start("netty-load", "--follow", *TABLES, db=db)
    wait_for(lambda: db.value('SELECT count(*) FROM "netty-users"') == 130, "the others")
    sim.edit("users", 3)
    netty.extract("users", sim=sim)
    wait_for(lambda: db.rows("users") == sim.truth("users"), "what comes later")
    assert process.poll() is None
    process.terminate()
    assert process.wait(timeout=60) == 78
