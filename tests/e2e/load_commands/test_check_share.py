"""netty-load check --share N, which the package's nightly timer runs: a part of each table a night, all within N nights; what is wrong
stands in the verdict and on the page, with what mends it, until a look no longer finds it."""
import json
from datetime import datetime, timedelta

import pytest

from harness import Database, assert_synced
from spoolfile import iso, read_sumline, sumline
from test_watch_page import text_of
from watching import browse

NIGHTS = 5


def found(netty, db, *arguments, code=0):
    run = netty.load("check", "--json", *arguments, db=db, code=code)
    rows = [json.loads(line) for line in run.out.splitlines()]
    looked = {row["about"]: int(row["finding"].split()[-1]) for row in rows if row["finding"].startswith("rows looked at")}
    return looked, [row["finding"] for row in rows if row["state"] == "wrong"]


def verdict(netty, code=None):
    run = netty.spool_tool("status", "--json", code=code)
    rows = [json.loads(line) for line in run.out.splitlines()]
    return [(row["verdict"], row["of"]) for row in rows if "verdict" in row], [row["says"] for row in rows if "says" in row]


@pytest.fixture
def copy(sims, netty, db):
    sim = sims("contacts:53,users:3")
    db.create("contacts", "users")
    netty.extract("contacts", "users", sim=sim)
    netty.load(db=db)
    return sim


def test_all_rows_are_looked_at_within_the_nights_and_then_from_the_first(copy, netty, db):
    for table, rows in (("contacts", 53), ("users", 3)):
        for turn in range(2):
            nights = []
            while sum(nights) < rows:
                looked, wrong = found(netty, db, "--share", str(NIGHTS), table)
                nights.append(looked[table])
                assert wrong == [] and nights[-1] <= -(-rows // NIGHTS), nights
            assert sum(nights) == rows and len(nights) <= NIGHTS, (table, turn, nights)


def test_each_wrong_row_is_found_by_the_night_that_looks_at_it(copy, netty, db):
    keys = [int(key) for key, in db.query('SELECT contact_id FROM "netty-contacts" ORDER BY 1')]
    for key in keys[::7]:
        db.query(f"""UPDATE "netty-contacts" SET time_modified = time_modified - interval '1 day' WHERE contact_id = {key}""")
    seen = []
    for _ in range(NIGHTS):
        seen += found(netty, db, "--share", str(NIGHTS), "contacts", code=None)[1]
    behind = [text for text in seen if text.startswith("rows older than a version that was loaded")]
    assert sum(int(text.split(": ")[1].split()[0]) for text in behind) == len(keys[::7]), seen
    # And what is behind the table's last key, or in place of all.
    db.query(f'DELETE FROM "netty-contacts" WHERE contact_id = {keys[-1]}')
    missing = [text for _ in range(NIGHTS) for text in found(netty, db, "--share", str(NIGHTS), "contacts", code=None)[1]
               if text.startswith("records that were loaded and are not in the table")]
    assert len(missing) == 1 and str(keys[-1]) in missing[0]


def test_what_is_wrong_stands_in_the_verdict_until_it_is_mended(copy, netty, db, tmp_path):
    key = db.value('SELECT max(contact_id) FROM "netty-contacts"')
    assert verdict(netty, code=0)[0] == [("ok", "")]
    db.query(f"""UPDATE "netty-contacts" SET time_modified = time_modified - interval '1 day' WHERE contact_id = {key}""")
    codes = [netty.load("check", "--share", str(NIGHTS), "contacts", db=db, code=None).code for _ in range(NIGHTS)]
    assert sorted(codes) == [0] * (NIGHTS - 1) + [65]
    reasons, says = verdict(netty, code=65)
    assert reasons == [("wrong", "contacts")]
    assert "netty-load replay" in says[0] and "netty-load check contacts" in says[0] and f"keys {key}" not in says[0], says
    page = tmp_path / "page.html"
    netty.spool_tool("report", "--html", page)
    assert '"code":"wrong","table":"contacts","error":"rows older than' in page.read_text()
    assert "netty-load replay" in page.read_text().split('"code":"wrong"')[1][:300]
    # A load is told nothing of it, and keeps it.
    netty.extract("contacts", sim=copy)
    netty.load(db=db)
    assert verdict(netty)[0] == [("wrong", "contacts")]
    # A look that still finds it keeps it, too.
    netty.load("check", "contacts", db=db, code=65)
    assert verdict(netty)[0] == [("wrong", "contacts")]
    netty.load("replay", "contacts", db=db)
    netty.load("check", "--dry-run", "contacts", db=db)
    assert verdict(netty)[0] == [("wrong", "contacts")], "a dry run writes nothing"
    netty.load("check", "contacts", db=db, code=0)
    assert verdict(netty, code=0)[0] == [("ok", "")]
    assert_synced(copy, db, "contacts")


def test_a_round_that_finds_nothing_takes_it_away(copy, netty, db):
    key = db.value('SELECT min(contact_id) FROM "netty-contacts"')
    db.query(f"""UPDATE "netty-contacts" SET time_modified = time_modified - interval '1 day' WHERE contact_id = {key}""")
    assert found(netty, db, "--share", str(NIGHTS), "contacts", code=65)[1]
    netty.load("replay", "contacts", db=db)
    for _ in range(NIGHTS - 1):
        found(netty, db, "--share", str(NIGHTS), "contacts")
        assert verdict(netty)[0] == [("wrong", "contacts")], "nobody has looked there since"
    for night in range(NIGHTS):
        found(netty, db, "--share", str(NIGHTS), "contacts")
    assert verdict(netty, code=0)[0] == [("ok", "")]


def test_each_database_has_its_own_rounds(copy, netty, db, postgres):
    other = Database(postgres)
    other.create("contacts", "users")
    netty.load(db=other)
    key = other.value('SELECT min(contact_id) FROM "netty-contacts"')
    other.query(f"""UPDATE "netty-contacts" SET time_modified = time_modified - interval '1 day' WHERE contact_id = {key}""")
    try:
        for _ in range(NIGHTS - 1):
            found(netty, db, "--share", str(NIGHTS), "contacts")
        told(netty, other)
    finally:
        other.drop()


def told(netty, other):
    assert found(netty, other, "--share", str(NIGHTS), "contacts", code=65)[1], "the first part is first there"
    assert verdict(netty, code=65)[0] == [("wrong", "contacts")]


@pytest.mark.parametrize("start", ["no spool", "empty table"])
def test_where_there_is_nothing_to_compare_with_rows_are_still_looked_at(sims, netty, db, start):
    db.create("contacts")
    if start == "no spool":
        db.query("""INSERT INTO "netty-contacts" (contact_id, data) SELECT i, '[]' FROM generate_series(1, 10) AS i""")
    looked, wrong = found(netty, db, "--share", "2", "contacts", code=65 if start == "no spool" else 0)
    assert looked["contacts"] == (5 if start == "no spool" else 0) and bool(wrong) == (start == "no spool")
    assert not netty.spool.exists(), "and nothing is written"


@pytest.mark.parametrize("value", ["0", "x", "-1", "1/30"])
def test_a_share_is_a_count(netty, db, value):
    netty.load("check", "--share", value, db=db, code=64)


def looked_ago(netty, table, days):
    """As the spool would tell it so many days later."""
    path = netty.spool / table / "loaded.json"
    head, *entries = [read_sumline(line) for line in path.read_bytes().splitlines()]
    for entry in entries:
        entry["check_at"] = iso(datetime.fromisoformat(entry["check_at"].replace("Z", "+00:00")) - timedelta(days=days))
    path.write_bytes(b"".join(sumline({name: value for name, value in line.items() if name != "sum"}) for line in (head, *entries)))


def told_late(netty, tmp_path):
    """In the terminal, in its figures, and on the page."""
    run = netty.spool_tool("status", "--json", "--log-format", "json", code=0)
    rows = {row["table"]: row["checked"] for row in map(json.loads, run.out.splitlines()) if "checked" in row}
    events = [json.loads(line) for line in run.err.splitlines()]
    page = tmp_path / "page.html"
    netty.spool_tool("report", "--html", page)
    text = text_of(browse(page.as_uri(), "dom"))
    late = [event["table"] for event in events if event["event"] == "check-late"]
    assert [f"{table}: netty-load check --share has not looked at it since" in text for table in late] == [True] * len(late)
    assert text.count("has not looked at it since") == len(late) and ("All is well" in text) == (late == []), text
    return rows, late


def test_a_check_that_nobody_runs_any_more_is_said_and_is_no_alarm(copy, netty, db, tmp_path):
    netty.load("check", "contacts", db=db)
    rows, late = told_late(netty, tmp_path)
    assert rows == {"contacts": None, "users": None} and late == [], "who checks by hand has told nobody to expect it"
    netty.load("check", "--share", str(NIGHTS), db=db)
    rows, late = told_late(netty, tmp_path)
    assert all(rows.values()) and late == []
    looked_ago(netty, "contacts", 44)
    assert told_late(netty, tmp_path)[1] == []
    looked_ago(netty, "contacts", 2)
    assert told_late(netty, tmp_path)[1] == ["contacts"]
    netty.load(db=db)
    assert told_late(netty, tmp_path)[1] == ["contacts"], "a load is no look"
    netty.load("check", "--share", str(NIGHTS), "--dry-run", "contacts", db=db)
    assert told_late(netty, tmp_path)[1] == ["contacts"], "a dry run writes nothing"
    netty.load("check", "contacts", db=db)
    assert told_late(netty, tmp_path)[1] == [], "a look at the whole is one, too"
    looked_ago(netty, "contacts", 46)
    netty.load("check", "--share", str(NIGHTS), "contacts", db=db)
    assert told_late(netty, tmp_path)[1] == []


def test_of_a_table_that_was_taken_off_no_check_is_expected(copy, netty, db, tmp_path):
    netty.load("check", "--share", str(NIGHTS), db=db)
    looked_ago(netty, "users", 50)
    assert told_late(netty, tmp_path)[1] == ["users"]
    netty.env["NETTY_TABLES"] = "contacts"
    assert told_late(netty, tmp_path)[1] == []
