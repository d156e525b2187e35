"""What a database lacks is told wherever one looks, with the command that mends it, and no longer once it is mended.

Each case has a record that was born without a time and edited later, too.
"""
import json
import re
import time

import pytest
from harness import Database, assert_synced, is_synced, wait_for
from test_positions import BORN, SMALL, began, born_without_a_time, fetched, round_of
from test_watch_page import text_of
from watching import browse, get, listening, value

FULL = "netty-extract --full contacts"
HEAL = "netty-spool heal contacts"


@pytest.fixture
def late(postgres):
    """A database that comes when pages have been pruned."""
    database = Database(postgres)
    yield database
    database.drop()


def with_a_gap(sims, netty, db):
    """A spool whose first pages are pruned: `db` had them."""
    sim = began(sims, netty, db, 400)
    sim.edit("contacts", 1, id=BORN)
    round_of(netty, sim, db, 50)
    netty.spool_tool("prune", "--spool-keep", "0s", db=db)
    return sim


def with_a_hole(sims, netty):
    """A spool of which one segment's records are damaged; and what they were."""
    sim = sims("contacts:400")
    born_without_a_time(sim)
    fetched(netty, sim)
    sim.edit("contacts", 1, id=BORN)
    fetched(netty, sim)
    path = sorted((netty.spool / "contacts").glob("*.zst"))[1]
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    return sim, path, whole


def look(netty, db, address, folder):
    """What each of them says of contacts: {where: text}."""
    check = netty.load("check", "--json", db=db, code=None)
    status = netty.spool_tool("status", code=None)
    netty.spool_tool("report", "--html", folder / "report.html", code=None)
    health = get(address, "/healthz")
    metrics = get(address, "/metrics").text
    wrong = [row["finding"] for row in map(json.loads, check.out.splitlines()) if row["state"] == "wrong"]
    return {"check": (check.code, "\n".join(text for text in wrong if "since" in text)),
            "status": (status.code, status.err),
            "report": text_of(browse((folder / "report.html").as_uri(), "dom")),
            "page": text_of(browse(f"http://{address[0]}:{address[1]}/", "dom")),
            "healthz": (health.status, health.text),
            "metrics": tuple(value(metrics, f"netty_load_{what}", table="contacts") for what in ("holes", "gaps"))}


def assert_told(seen, command, holes, gaps):
    assert seen["check"][0] == 65 and command in seen["check"][1], seen["check"]
    assert seen["status"][0] == 65 and command.removesuffix(" contacts") in seen["status"][1], seen["status"]
    assert seen["healthz"][0] == 503 and command in seen["healthz"][1], seen["healthz"]
    assert command in seen["page"] and command in seen["report"], seen
    assert (seen["metrics"][0] > 0, seen["metrics"][1] > 0) == (holes, gaps), seen["metrics"]


def assert_quiet(seen):
    assert seen["check"] == (0, ""), seen
    assert seen["status"][0] == 0 and seen["healthz"] == (200, "ok\n"), seen
    for where in ("page", "report"):
        assert FULL not in seen[where] and HEAL not in seen[where], seen
    assert seen["metrics"] == (0, 0)


def following(netty, db):
    loader = netty.start("netty-load", "--follow", "--create-tables", "--listen", ":0", db=db)
    return loader, listening(loader)


def closed(address):
    metrics = get(address, "/metrics").text
    return [value(metrics, f"netty_load_{what}", table="contacts") for what in ("holes", "gaps")] == [0, 0]


def stop(loader):
    loader.terminate()
    assert loader.wait(timeout=60) in (0, 65), "what it has told of"


def test_a_gap_is_told_everywhere_until_a_backfill_has_closed_it(sims, netty, db, late, tmp_path):
    sim = with_a_gap(sims, netty, db)
    loader, address = following(netty, late)
    wait_for(lambda: get(address, "/healthz").status == 503 and FULL in get(address, "/healthz").text, "the gap")
    assert_told(look(netty, late, address, tmp_path), FULL, holes=False, gaps=True)
    fetched(netty, sim)  # what is fetched in the ordinary way does not close it
    assert_told(look(netty, late, address, tmp_path), FULL, holes=False, gaps=True)
    netty.extract("contacts", "--full", *SMALL, sim=sim)
    wait_for(lambda: closed(address) and is_synced(sim, late, "contacts"), "the end of the gap", 120)
    assert_quiet(look(netty, late, address, tmp_path))
    stop(loader)


@pytest.mark.parametrize("how", ["the bytes come", "heal", "backfill"])
def test_a_hole_is_told_everywhere_until_it_is_closed(sims, netty, db, tmp_path, how):
    sim, path, whole = with_a_hole(sims, netty)
    loader, address = following(netty, db)
    wait_for(lambda: get(address, "/healthz").status == 503 and HEAL in get(address, "/healthz").text, "the hole")
    assert_told(look(netty, db, address, tmp_path), HEAL, holes=True, gaps=False)
    if how == "the bytes come":
        path.write_bytes(whole)
    elif how == "heal":
        netty.spool_tool("heal", "contacts", code=None)
    if how == "backfill":
        netty.extract("contacts", "--full", *SMALL, sim=sim)
    else:
        fetched(netty, sim)
    sim.edit("contacts", 3)
    fetched(netty, sim)
    # The hole can be closed a moment before the pages behind it are in.
    wait_for(lambda: closed(address) and is_synced(sim, db, "contacts"), "the end of the hole", 120)
    if how != "backfill":  # the damaged bytes are still damage
        assert_quiet(look(netty, db, address, tmp_path))
    stop(loader)


def test_what_did_not_arrive_before_the_first_segment_is_closed_by_a_backfill_too(sims, netty, db, late):
    """The copy lacks pruned.json: nobody knows whether the first segments are still to come."""
    sim = with_a_gap(sims, netty, db)
    (netty.spool / "contacts/pruned.json").unlink()
    netty.load("--create-tables", db=late, code=65)
    for _ in range(2):
        netty.load(db=late)
        assert "since" in netty.load("check", db=late, code=65).out
    netty.extract("contacts", "--full", *SMALL, sim=sim)
    netty.load(db=late)
    netty.load("check", db=late)
    netty.spool_tool("status")
    assert_synced(sim, late, "contacts")


def test_check_tells_each_schema_its_own(sims, netty, db, late):
    """A second schema that came late has the gap, the first one has not."""
    with_a_gap(sims, netty, db)
    db.query("CREATE SCHEMA second")
    second = db.url + ("&" if "?" in db.url else "?") + "options=-csearch_path%3Dsecond"
    netty.load("--create-tables", db=second, code=65)
    assert FULL in netty.load("check", db=second, code=65).out
    assert FULL not in netty.load("check", db=db).out


# ---- a table that is taken off the list ----

def listed(netty, *tables):
    (netty.dir / "netty.conf").write_text(f"tables = {', '.join(tables)}\n")
    (netty.dir / "netty.conf").chmod(0o600)


def test_a_table_that_is_taken_off_the_list_is_no_longer_called_late(sims, netty, db, tmp_path):
    """contacts goes on, users stands still: late as long as it is on the list, not when it was taken off, and again when put back."""
    sim = sims("contacts:40,users:40")
    netty.extract("contacts", "users", sim=sim)
    netty.load("--create-tables", db=db)
    time.sleep(3)
    sim.edit("contacts", 1)
    netty.extract("contacts", sim=sim)
    netty.load("contacts", db=db)
    for tables, late in ((("contacts", "users"), True), (("contacts",), False), (("contacts", "users"), True)):
        listed(netty, *tables)
        netty.spool_tool("report", "--html", tmp_path / "r.html", "--stale-after", "2500ms")
        page = browse((tmp_path / "r.html").as_uri(), "dom")
        rows = {row["table"]: row for row in map(json.loads, netty.spool_tool("status", "--json").out.splitlines()) if "table" in row}
        assert (rows["users"]["listed"], rows["contacts"]["listed"]) == ("yes" if late else "no", "yes")
        data = json.loads(re.search(r'id="data"[^>]*>(.*?)</script>', (tmp_path / "r.html").read_text(), re.S)[1])
        called = [r["table"] for r in data["health"]["reasons"] if r["code"] == "stale"]
        assert ("users" in called) == late, data["health"]
        assert ("Not among the tables to work on" in text_of(page)) == (not late)
        process = netty.start("netty-load", "--every", "300d", "--stale-after", "2500ms", "--listen", ":0", db=db)
        address = listening(process)
        health = wait_for(lambda: get(address, "/healthz").text, "an answer")
        metrics = get(address, "/metrics").text
        assert ("users is" in health) == late, health
        assert ('netty_load_complete_to_timestamp_seconds{table="users"}' in metrics) == late
        assert 'netty_load_complete_to_timestamp_seconds{table="contacts"}' in metrics
        process.kill()


def test_a_program_that_stays_calls_late_what_its_command_line_names(sims, netty, db):
    sim = sims("contacts:40,users:40")
    netty.extract("contacts", "users", sim=sim)
    netty.load("--create-tables", db=db)
    time.sleep(2)
    for tables, late in (((), True), (("contacts",), False), (("users",), True)):
        loader = netty.start("netty-load", "--every", "300d", "--stale-after", "1s", "--listen", ":0", *tables, db=db)
        address = listening(loader)
        assert ("users is" in wait_for(lambda: get(address, "/healthz").text, "an answer")) == late
        loader.kill()


def test_without_a_list_the_catalog_is_the_extractors(sims, netty, db):
    """Nothing names a table: what the loader left counts. A table that the database has no longer stands still and is not late."""
    sim = sims("contacts:40,users:40")
    db.create("contacts", "users")
    netty.load("catalog", db=db)
    netty.extract(sim=sim)
    netty.load(db=db)
    for late in (True, False, True):
        if not late:
            db.query('ALTER TABLE "netty-users" RENAME TO "users-of-old"')
        netty.load("catalog", db=db)
        sim.edit("contacts", 1)
        time.sleep(2)
        extractor = netty.start("netty-extract", "--every", "300d", "--stale-after", "1500ms", "--listen", ":0", sim=sim)
        address = listening(extractor)
        wait_for(lambda: f"{'users' if late else 'contacts'} " in open(extractor.err_path).read(), "the run")
        time.sleep(2)
        health, page = get(address, "/healthz").text, get(address, "/status.json").json()
        assert "contacts is" in health and ("users is" in health) == late, health
        assert {t["table"]: t["listed"] for t in page["tables"]} == {"contacts": True, "users": late}
        assert ('complete_to_timestamp_seconds{table="users"}' in get(address, "/metrics").text) == late
        extractor.kill()
        if not late:
            db.query('ALTER TABLE "users-of-old" RENAME TO "netty-users"')


def test_a_mark_that_check_takes_away_is_told_until_then(sims, netty, db, tmp_path):
    """A table that was emptied and loaded again: in status, report, page and metrics; it is no failure."""
    sim = began(sims, netty, db, 40)
    sim.edit("contacts", 1, id=BORN)
    fetched(netty, sim)
    loader, address = following(netty, db)

    def marks():
        row = next(row for row in map(json.loads, netty.spool_tool("status", "--json").out.splitlines()) if "table" in row)
        netty.spool_tool("report", "--html", tmp_path / "r.html")
        told = "netty-load check contacts"
        return (row["unchecked"] is not None, "emptied, made again" in netty.spool_tool("status").err, told in text_of(browse((tmp_path / "r.html").as_uri(), "dom")),
                told in text_of(browse(f"http://{address[0]}:{address[1]}/", "dom")),
                value(get(address, "/metrics").text, "netty_load_unchecked", table="contacts") == 1)

    wait_for(lambda: not db.query("SELECT FROM netty_sync.unchecked") and len(db.rows("contacts")) == 40, "the load")
    assert marks() == (False,) * 5
    stop(loader)
    db.query('TRUNCATE "netty-contacts"')
    loader, address = following(netty, db)
    wait_for(lambda: value(get(address, "/metrics").text, "netty_load_unchecked", table="contacts") == 1, "the mark", 120)
    assert marks() == (True,) * 5
    assert get(address, "/healthz").status == 200
    assert_synced(sim, db, "contacts")
    assert "now found equal" in netty.load("check", "contacts", db=db).out
    wait_for(lambda: value(get(address, "/metrics").text, "netty_load_unchecked", table="contacts") == 0, "its end", 120)
    assert marks() == (False,) * 5
    stop(loader)
    netty.load(db=db)
    assert "emptied, made again" not in netty.spool_tool("status").err, "nor after the next load"


def test_what_a_table_off_the_list_lacks_is_still_told(sims, netty, db, late):
    with_a_gap(sims, netty, db)
    netty.load("--create-tables", db=late, code=65)
    listed(netty, "users")
    assert FULL in netty.spool_tool("status", code=65).err
