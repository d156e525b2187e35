"""A table counts as late while something asks for it: a command line, the configuration, the catalog. One that was taken off is
quiet; one whose schedule somebody forgot is not."""
import json
import time

import pytest

from harness import wait_for
from test_positions_told import listed
from watching import get, listening

TABLES = "contacts:20,users:20,tasks:20,companies:20"


def fetch(netty, sim, *tables):
    netty.extract(*tables, sim=sim)


def late(netty, *arguments):
    """Tables that are called late, once everything is older than a second."""
    time.sleep(1.1)
    run = netty.spool_tool("status", "--json", "--stale-after", "1s", *arguments, code=None)
    rows = [json.loads(line) for line in run.out.splitlines()]
    assert {r["table"] for r in rows if "listed" in r} >= {"contacts"}
    told = {r["of"] for r in rows if r.get("verdict") == "stale"}
    quiet = {r["table"] for r in rows if r.get("listed") == "no"}
    assert not told & quiet and told | quiet == {r["table"] for r in rows if "listed" in r}, run
    return told


def test_a_table_taken_off_the_command_line_is_no_longer_called_late(sims, netty):
    sim = sims(TABLES)
    fetch(netty, sim, "contacts", "users")
    fetch(netty, sim, "users", "contacts")
    assert late(netty) == {"contacts", "users"}
    fetch(netty, sim, "contacts")
    assert late(netty) == {"contacts"}
    fetch(netty, sim, "contacts")
    assert late(netty) == {"contacts"}
    fetch(netty, sim, "contacts", "users")  # and put back
    assert late(netty) == {"contacts", "users"}


def test_a_forgotten_schedule_is_told(sims, netty):
    """Another that has no table in common with it is no sign that it was given up on purpose."""
    sim = sims(TABLES)
    fetch(netty, sim, "contacts", "users")
    for _ in range(4):
        fetch(netty, sim, "tasks")
    assert late(netty) == {"contacts", "users", "tasks"}


def test_a_forgotten_schedule_beside_one_of_the_same_tables_is_told(sims, netty):
    """contacts every ten minutes, contacts and users every hour: when the second is lost, users is late."""
    sim = sims(TABLES)
    for _ in range(4):
        fetch(netty, sim, "contacts", "users")
        fetch(netty, sim, "contacts")
        fetch(netty, sim, "contacts")
    assert late(netty) == {"contacts", "users"}


def test_a_run_by_hand_hides_nothing_for_long(sims, netty):
    """Tried by hand first, then scheduled: both lists are known, and what holds is the one that ran last."""
    sim = sims(TABLES)
    fetch(netty, sim, "contacts", "users")
    fetch(netty, sim, "contacts")
    fetch(netty, sim, "contacts", "users")
    assert late(netty) == {"contacts", "users"}
    fetch(netty, sim, "contacts")
    assert late(netty) == {"contacts"}


def test_one_table_for_another(sims, netty):
    sim = sims(TABLES)
    fetch(netty, sim, "contacts", "users", "tasks")
    fetch(netty, sim, "contacts", "companies")
    assert late(netty) == {"contacts", "companies"}


@pytest.mark.parametrize("words", [("--full",), ("--since", "2024-01-01"), ("--reconcile",), ("--dry-run",), ("--full", "--cancel")], ids=" ".join)
def test_what_is_no_regular_run_takes_nothing_off(sims, netty, words):
    sim = sims(TABLES)
    fetch(netty, sim, "contacts", "users")
    netty.extract(*words, "contacts", sim=sim, code=None)
    assert late(netty) == {"contacts", "users"}


def test_from_the_command_line_to_the_configuration(sims, netty):
    """The configuration counts at once; what it does not name is told only where a schedule names it."""
    sim = sims(TABLES)
    for _ in range(3):
        fetch(netty, sim, "contacts", "users")
        fetch(netty, sim, "tasks")
    listed(netty, "contacts")
    assert late(netty) == {"contacts", "users", "tasks"}, "command lines ask for them"
    netty.extract(sim=sim)
    assert late(netty) == {"contacts", "tasks"}, "the schedule runs without names now"
    listed(netty, "contacts", "users")
    assert late(netty) == {"contacts", "users", "tasks"}
    netty.extract(sim=sim)
    listed(netty, "contacts")
    assert late(netty) == {"contacts", "tasks"}, "taken off at once"


def test_what_was_tried_by_hand_is_not_late_where_a_list_is_configured(sims, netty):
    sim = sims(TABLES)
    listed(netty, "contacts")
    netty.extract(sim=sim)
    fetch(netty, sim, "users")
    assert late(netty) == {"contacts"}


def test_the_loaders_page_knows_what_the_extractors_command_line_names(sims, netty, db):
    sim = sims(TABLES)
    fetch(netty, sim, "contacts", "users")
    netty.load("--create-tables", db=db)
    for tables, called in ((("contacts", "users"), True), (("contacts",), False), (("contacts", "users"), True)):
        fetch(netty, sim, *tables)
        loader = netty.start("netty-load", "--follow", "--stale-after", "1s", "--listen", ":0", db=db)
        address = listening(loader)
        wait_for(lambda: "contacts is" in get(address, "/healthz").text, "contacts is late")
        assert ("users is" in get(address, "/healthz").text) == called
        page = get(address, "/status.json").json()
        assert {t["table"]: t["listed"] for t in page["tables"]} == {"contacts": True, "users": called}
        assert ('complete_to_timestamp_seconds{table="users"}' in get(address, "/metrics").text) == called
        loader.kill()
        loader.wait()


def test_a_program_that_stays_tells_each_of_its_lists(sims, netty):
    """SIGHUP reads the configuration anew; the next run leaves the new list."""
    sim = sims(TABLES)
    listed(netty, "contacts", "users")
    netty.extract(sim=sim)
    process = netty.start("netty-extract", "--every", "1s", sim=sim)
    wait_for(lambda: "waiting for the next run" in open(process.err_path).read(), "its first run")
    assert '"tables":"contacts,users"' in asked(netty)
    listed(netty, "contacts")
    process.send_signal(1)
    wait_for(lambda: '"tables":"contacts",' in asked(netty), "the second list")
    process.terminate()
    process.wait(timeout=60)
    assert late(netty) == {"contacts"}


def asked(netty):
    path = netty.spool / "asked.json"
    return path.read_text() if path.exists() else ""


def test_runs_that_ask_for_the_same_write_nothing(sims, netty):
    sim = sims(TABLES)
    for _ in range(3):
        fetch(netty, sim, "contacts")
    before = (netty.spool / "asked.json").stat()
    fetch(netty, sim, "contacts")
    after = (netty.spool / "asked.json").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.parametrize("how", ["removed", "damaged", "newer"])
def test_a_list_that_cannot_be_read_hides_nothing(sims, netty, how):
    sim = sims(TABLES)
    fetch(netty, sim, "contacts", "users")
    fetch(netty, sim, "contacts")
    path = netty.spool / "asked.json"
    if how == "removed":
        path.unlink()
    elif how == "damaged":
        path.write_text(path.read_text().replace("contacts", "contracts"))
    else:
        path.write_text(path.read_text().replace('"netty_asked":1', '"netty_asked":2'))
    assert late(netty) == {"contacts", "users"}
    fetch(netty, sim, "contacts")
