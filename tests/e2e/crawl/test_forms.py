"""The forms that PHP gives things: taken for what they mean, and told where they mean nothing (NETTY.md, CONTRACT.md)."""
import json

import pytest

from crawls import asked, events, source
from harness import assert_balanced, assert_synced

TABLES = ("contacts", "users")


def by_time(sim, table="contacts"):
    """Keys in the list's order."""
    lines = [json.loads(line) for line in source(sim, table).values()]
    return [line["contact_id"] for line in sorted(lines, key=lambda line: (line["time_modified"], line["contact_id"]))]


@pytest.mark.parametrize("empty", ["null", "object", "missing"])
@pytest.mark.parametrize("bom", [0, 1])
def test_an_empty_answer_is_one_in_all_spellings(sims, netty, db, empty, bom):
    sim = sims("contacts:30,users:0")
    sim.mood(empty_is=empty, bom=bom)
    db.create(*TABLES)
    fetched, _ = netty.sync(sim, db, *TABLES)
    assert {row["status"] for row in fetched.values()} == {"complete"} and fetched["users"]["retries"] == 0
    assert_synced(sim, db, *TABLES)
    netty.sync(sim, db, *TABLES)


@pytest.mark.parametrize("empty", ["null", "object", "missing"])
def test_an_answer_with_records_has_them_in_an_array_only(sims, netty, empty):
    """`data` is believed to be empty where nothing else says so; a page that should hold records proves its end elsewhere."""
    sim = sims("users:0")
    sim.mood(empty_is=empty)
    assert netty.extract("--json", "users", sim=sim).json()["users"]["records"] == 0


@pytest.mark.parametrize("deleted", ["number", "text", "null"])
def test_deleted_is_a_boolean_however_it_is_sent(sims, netty, db, deleted):
    sim = sims("contacts:200")
    sim.post("/_sim/mark-deleted", table="contacts", n=40)
    sim.mood(deleted_is=deleted)
    db.create("contacts")
    netty.sync(sim, db, "contacts")
    assert_synced(sim, db, "contacts")
    assert db.query("""SELECT DISTINCT jsonb_typeof(data->'deleted') FROM "netty-contacts" """) == [("boolean",)]
    marked = [data for data, _, _ in sim.truth("contacts").values() if data["deleted"]]
    assert len(marked) >= 40


def test_keys_that_are_strings_of_digits_are_those_integers(sims, netty, db):
    sim = sims("contacts:250", "--ties", 40)
    db.create("contacts")
    sim.mood(key_text=1)
    netty.sync(sim, db, "contacts")
    assert_synced(sim, db, "contacts")
    sim.mood(key_text=0)
    sim.edit("contacts", 20)
    fetched, loaded = netty.sync(sim, db, "contacts")
    assert loaded["contacts"]["inserted"] == 0, "the same record whichever way its key is written"
    assert_synced(sim, db, "contacts")


def test_a_record_is_followed_from_page_to_page_whichever_way_its_key_is_written(sims, netty, db):
    """A server that changes its mind within a crawl: continuity is by the key's value, not its spelling."""
    sim = sims("contacts:400")
    db.create("contacts")
    for key in range(1, 401, 3):
        sim.spoil("contacts", key, "member", name="contact_id", text=f'"{key}"')
    netty.extract("contacts", "--max-pages", 2, sim=sim)
    sim.mend("contacts")
    netty.sync(sim, db, "contacts")
    assert_synced(sim, db, "contacts")


# The integer that a key's text is; None: it is none that the column can hold.
KEYS = {'"00000000000000000000000005"': 5, '"0010"': 10, '"12"': 12, "13.0": 13, "1.4e1": 14, "-15": -15, "2147483647": 2147483647,
        "-2147483648": -2147483648, '"2147483648"': None, "3000000000": None, '"4294967320"': None, '"99999999999999999999999"': None,
        "99999999999999999999999": None, '"18446744073709551642"': None, "1e400": None, "1.5": None, '"13.0"': None, '"+14"': None,
        '" 15"': None, '"-19"': None, '"0x10"': None, '"\u0663\u0661"': None, '""': None, "null": None, "true": None, "[7]": None}


def test_each_record_has_its_own_key_whatever_it_looks_like_or_is_set_aside(sims, netty, db):
    """Numbers and strings of digits in one table: each arrives once, is updated rightly, or is listed with what is wrong with its key."""
    sim = sims("contacts:90")
    db.create("contacts")
    spelled, at = {}, 41
    for text, value in KEYS.items():
        spelled[value if value is not None and 0 < value < 40 else at] = text, value
        at += 1
    for key, (text, _) in spelled.items():
        sim.spoil("contacts", key, "member", name="contact_id", text=text)
    lost = [key for key, (_, value) in spelled.items() if value is None]
    for code in (65, 65):
        netty.extract("contacts", sim=sim)
        loaded = netty.load("--json", "contacts", db=db, code=code).json()["contacts"]
        assert_balanced({"contacts": loaded})
        truth, rows = sim.truth("contacts"), db.rows("contacts")
        wanted = {spelled.get(key, (None, key))[1]: row for key, row in truth.items() if key not in lost}
        assert rows == wanted and None not in rows
        letters = [json.loads(line) for line in netty.spool_tool("dead", "--json", "contacts").out.splitlines()]
        assert {letter["reason"] for letter in letters} == {"key-type", "key-range", "key-missing"}
        assert all("contact_id" in letter["message"] for letter in letters)
        assert len({json.loads(letter["raw"])["email"] for letter in letters if "raw" in letter}) > 0 and len(letters) % len(lost) == 0
        sim.edit("contacts", 90)
    netty.extract("contacts", sim=sim)


def test_a_record_with_a_bad_key_that_is_asked_for_alone_ends_no_table(sims, netty):
    """Before the key's name is known: to see whether the API is there one record is asked for, which tells nothing of what the key is called."""
    sim = sims("contacts:40")
    keys = by_time(sim)
    sim.spoil("contacts", keys[10], "status", status=500)
    for key in keys[20:30]:
        time = json.loads(source(sim, "contacts")[key])["time_modified"]
        sim.spoil("contacts", key, "text", text='{"contact_id":"a%d","time_modified":"%s"}' % (key, time))
    row = netty.extract("--json", "contacts", sim=sim, code=65).json()["contacts"]
    assert row["status"] == "complete" and row["unreadable"] == 1
    held = {json.loads(line)["contact_id"] for line in netty.spool_tool("cat", "contacts").out.splitlines()}
    assert held == {*keys[:10], *keys[11:20], *keys[30:], *(f"a{key}" for key in keys[20:30])}


TIMES = ['""', "0", '"-0001-11-30 00:00:00"', '{"date":"2024-05-13 10:22:33.000000","timezone_type":3}', '"yesterday"',
         "1715595753", "true", "[]", '"2024-02-30 00:00:00"', '"' + "2" * 300 + '"']


@pytest.mark.parametrize("member", ["time_created", "time_modified"])
def test_a_time_in_no_known_form_is_null_and_the_record_goes_in(sims, netty, db, member):
    sim = sims("contacts:60")
    db.create("contacts")
    for number, text in enumerate(TIMES):
        sim.spoil("contacts", 5 * number + 3, "member", name=member, text=text)
    fetched = netty.extract("--json", "contacts", sim=sim).json()
    run = netty.load("--json", "--log-format", "json", "contacts", db=db)
    assert_balanced(run.json())
    assert fetched["contacts"]["status"] == "complete" and run.json()["contacts"]["dead"] == 0
    rows, truth = db.rows("contacts"), sim.truth("contacts")
    assert rows.keys() == truth.keys()
    for key, (data, created, modified) in truth.items():
        odd = key % 5 == 3 and key // 5 < len(TIMES)
        expected = (data, None if odd and member == "time_created" else created,
                    None if odd and member == "time_modified" else modified)
        assert rows[key] == expected, key
    said, = events(run, "odd-time")
    assert said["table"] == "contacts" and said["level"] == "warn"
    assert said["records"] == len(TIMES)
    assert not netty.spool_tool("dead", "--json").out


def test_a_later_version_with_a_time_takes_the_place_of_one_whose_time_could_not_be_read(sims, netty, db):
    sim = sims("contacts:40")
    db.create("contacts")
    sim.spoil("contacts", 7, "member", name="time_modified", text='{"date":"2024-05-13 10:22:33.000000"}')
    netty.sync(sim, db, "contacts")
    assert db.value('SELECT time_modified FROM "netty-contacts" WHERE contact_id = 7') is None
    sim.mend("contacts")
    sim.post("/_sim/edit", table="contacts", id=7)
    netty.sync(sim, db, "contacts")
    assert_synced(sim, db, "contacts")


def test_nothing_of_a_time_is_told_but_its_name_and_kind(sims, netty, db):
    sim = sims("contacts:5")
    db.create("contacts")
    sim.spoil("contacts", 2, "member", name="time_created", text='"S3CRET"')
    netty.extract("contacts", sim=sim)
    run = netty.load("contacts", db=db, secrets=["S3CRET"])
    assert "time_created" in run.err and "contacts" in run.err and "records=1 " in run.err, run.err


def test_the_truth_is_asked_once_more_for_a_bad_form(sims, netty):
    """No form costs a request of its own."""
    sim = sims("contacts:150")
    sim.mood(bom=1, key_text=1, deleted_is="text")
    netty.extract("contacts", sim=sim)
    plain = len(asked(sim))
    other = sims("contacts:150")
    again = netty.extract("--json", "contacts", sim=other, env={"NETTY_SPOOL": netty.dir / "other"}).json()
    assert again["contacts"]["requests"] == plain
    assert json.loads(netty.spool_tool("cat", "contacts").out.splitlines()[0])
