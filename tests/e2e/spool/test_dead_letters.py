"""A dead letter is one version of one record: listed once, however often it is read, and new only once."""
import json

import pytest

from harness import assert_balanced, key_of


def letters(netty, table="contacts"):
    return [json.loads(line) for line in netty.spool_tool("dead", "--json", table).out.splitlines()]


def test_a_record_that_is_read_in_each_run_is_listed_once_and_fails_no_further_run(sims, netty, db):
    sim = sims("contacts:120", "--odd", "10:nul")
    db.create("contacts")
    netty.extract("contacts", sim=sim)
    assert_balanced(netty.load("--json", "contacts", db=db, code=65).json())
    assert len(letters(netty)) == 12
    dead = 0
    for _ in range(3):
        netty.extract("--full", "contacts", sim=sim)
        row = netty.load("--json", "contacts", db=db).json()
        assert_balanced(row)
        dead += row["contacts"]["dead"]
        assert len(letters(netty)) == 12, "one version of one record"
    assert dead >= 36, "counted each time"
    sim.post("/_sim/edit", table="contacts", id=20)
    netty.extract("contacts", sim=sim)
    netty.load("contacts", db=db, code=65)
    assert len(letters(netty)) == 13, "a new version is a new letter"
    netty.extract("contacts", sim=sim)
    netty.load("contacts", db=db)


def test_the_same_bytes_twice_in_one_batch_are_one_letter(spool, netty, db):
    db.create("contacts")
    bad = '{"contact_id":7,"name":"a\\u0000b"}'
    writer = spool.table("contacts")
    writer.page([bad, '{"contact_id":1}', bad])
    writer.page([bad])
    row = netty.load("--json", db=db, code=65).json()["contacts"]
    assert (row["read"], row["dead"], row["inserted"]) == (4, 3, 1)
    assert len(letters(netty)) == 1
    row = netty.load("--redrive", "--on-nul", "replace", "--json", db=db).json()["contacts"]
    assert row["inserted"] == 1 and not letters(netty)


def test_what_went_in_and_is_refused_again_is_new(spool, netty, db):
    db.create("contacts")
    writer = spool.table("contacts")
    bad = '{"contact_id":7,"name":"a\\u0000b"}'
    writer.page([bad])
    netty.load(db=db, code=65)
    netty.load("--redrive", "--on-nul", "replace", db=db)
    writer.page([bad])
    netty.load(db=db, code=65)
    assert len(letters(netty)) == 1


NUL = '{{"contact_id":{},"name":"a\\u0000{}","time_modified":"2024-05-13 10:22:3{}"}}'


def bad(key, version=0):
    return NUL.format(key, "b" * version, version)


def good(key, version=0):
    return f'{{"contact_id":{key},"name":"good","time_modified":"2024-05-13 10:22:3{version}"}}'


def keys(netty, table="contacts"):
    return sorted(letter["key"] for letter in letters(netty, table))


def test_a_dismissed_version_stays_dismissed_and_a_newer_one_is_judged_anew(spool, netty, db):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page([bad(1), bad(2), bad(3), good(4)])
    netty.load(db=db, code=65)
    assert keys(netty) == [1, 2, 3]
    dry = netty.spool_tool("dead", "--dismiss", "contacts", "1", "3", "--dry-run").out
    assert "2 records of contacts would be dismissed" in dry and keys(netty) == [1, 2, 3]
    said = netty.spool_tool("dead", "--dismiss", "contacts", "1", "3").out
    lines = [line.split() for line in said.splitlines()]
    assert [line[1] for line in lines if line[:1] == ["contacts"]] == ["1", "3"], said
    assert "2 records of contacts dismissed" in said
    assert keys(netty) == [2]
    assert b'a\\\\u0000' not in (spool.dir / "contacts/dead-load.ndjson").read_bytes().splitlines()[0], "nothing of it stays"
    writer.page([bad(1), bad(2), bad(3)])
    row = netty.load("--json", db=db).json()["contacts"]
    assert row["dead"] == 3 and keys(netty) == [2], "the same versions: counted, and no news"
    assert netty.load("--replay", "--json", db=db).json()["contacts"]["dead"] == 6 and keys(netty) == [2]
    assert netty.load("--redrive", "--on-nul", "replace", "--json", db=db).json()["contacts"]["read"] == 1
    assert not letters(netty)
    writer.page([bad(1, 1)])
    netty.load(db=db, code=65)
    assert keys(netty) == [1], "a newer version"


def test_all_of_a_table_are_dismissed_or_those_of_a_reason(spool, netty, db):
    db.create("contacts", "users")
    spool.table("contacts").page([bad(1), bad(2), '{"contact_id":"x"}', '{"name":"nobody"}'])
    spool.table("users").page(['{"user_id":1,"a":"\\u0000"}'])
    netty.load(db=db, code=65)
    assert len(letters(netty)) == 4
    netty.spool_tool("dead", "--dismiss", "contacts", "--reason", "nul")
    assert [letter["reason"] for letter in letters(netty)] == ["key-type", "key-missing"]
    run = netty.spool_tool("dead", "--dismiss", "contacts", "--reason", "22P02", "--json")
    assert [json.loads(line)["dismissed"] for line in run.out.splitlines()] == [True]
    netty.spool_tool("dead", "--dismiss", "contacts")
    assert not letters(netty) and len(letters(netty, "users")) == 1
    netty.spool_tool("dead", "--dismiss", "contacts")
    status = [json.loads(line) for line in netty.spool_tool("status", "--json", code=None).out.splitlines()]
    assert [row["set_aside"] for row in status if row.get("table") == "contacts"] == [0]


def test_what_is_not_there_is_not_dismissed_by_halves(spool, netty, db):
    db.create("contacts")
    spool.table("contacts").page([bad(1), bad(2)])
    netty.load(db=db, code=65)
    before = (spool.dir / "contacts/dead-load.ndjson").read_bytes()
    for arguments, code, word in ((["contacts", "1", "9"], 66, "9"), (["contacts", "--reason", "nil"], 66, "nil"),
                                  ([], 64, "table"), (["contacts", "users"], 64, "users"), (["nosuch"], 64, "nosuch")):
        run = netty.spool_tool("dead", "--dismiss", *arguments, code=code)
        assert word in run.err, run
        assert (spool.dir / "contacts/dead-load.ndjson").read_bytes() == before


def test_what_the_extractor_set_aside_is_dismissed_as_well(sims, netty):
    sim = sims("contacts:120")
    sim.post("/_sim/spoil", table="contacts", id=7, how="text", hex=b'{"contact_id":7,"name":"\x01"}'.hex())
    netty.extract("contacts", sim=sim, code=65)
    assert keys(netty) == [7]
    netty.spool_tool("dead", "--dismiss", "contacts", "7")
    netty.extract("--full", "contacts", sim=sim)
    assert not letters(netty)


def test_the_list_fits_a_terminal_and_says_what_to_do(spool, netty, db):
    db.create("contacts", "a_table_with_rather_a_long_name")
    db.query("""ALTER TABLE "netty-contacts" ADD CONSTRAINT a_rule_with_a_long_name_that_a_database_has
                CHECK (coalesce(data->>'age', '') <> '-1')""")
    spool.table("contacts").page([bad(1), '{"contact_id":2000000000,"age":-1,"time_modified":"2024-05-13T10:22:33.000Z"}',
                                  '{"contact_id":5,"age":-1,"n":1}', '{"contact_id":true}', '{"contact_id":"7","n":"\\u0000"}', '{"x":1}'])
    spool.table("a_table_with_rather_a_long_name").page([f'{{"{key_of("a_table_with_rather_a_long_name")}":1,"a":"\\u0000"}}'])
    netty.load(db=db, code=65)
    out = netty.spool_tool("dead").out
    assert max(len(line) for line in out.splitlines() if "netty-spool dead --dismiss a_table" not in line) <= 80, out
    rows = [line.split() for line in out.splitlines() if line.startswith("contacts  ")]
    assert sorted(row[1] for row in rows) == ["-", "-", "1", "2000000000", "5", "7"]
    one = next(row for row in rows if row[1] == "1")
    assert one[2:4] == ["2024-05-13", "10:22:30"] and one[6:] == ["nul"]
    assert len(one[4]) == 10 and len(one[5]) == 5, "since when"
    assert next(row for row in rows if row[1] == "5")[2] == "-"
    assert next(row for row in rows if row[1] == "2000000000")[-2:] == ["refused", "23514"]
    assert "2 nul 22P05 (1, 7)" in out and "2 refused 23514 (" in out and "1 key-missing 23502\n" in out
    assert "netty-load redrive --on-nul replace contacts\n" in out and "netty-load redrive contacts\n" in out
    assert "netty-spool dead --dismiss contacts --reason nul\n" in out and "Mend it in Netty" in out
    found = {letter["key"]: letter for letter in letters(netty)}
    assert found[1]["time"] == "2024-05-13 10:22:30" and found[1]["since"] == found[1]["at"]
    assert found[5]["time"] is None and "netty-load redrive contacts" in found[5]["todo"] and found[7]["reason"] == "nul"
    only = netty.spool_tool("dead", "contacts", "--reason", "refused").out
    assert "nul" not in only and "2 refused 23514" in only


def test_a_letter_goes_when_a_newer_version_of_its_record_goes_in(spool, netty, db):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page([bad(1), bad(2), bad(3), bad(4), '{"contact_id":"x"}'])
    netty.load(db=db, code=65)
    writer.page([good(1, 1), bad(2, 1), good(3, 0)])
    netty.load(db=db, code=65)
    assert sorted((letter["key"] or 0, letter["reason"]) for letter in letters(netty)) == \
        [(0, "key-type"), (2, "nul"), (2, "nul"), (4, "nul")], "of an equal time the one that was fetched later"
    writer.page(['{"contact_id":4,"time_modified":"2024-05-13 10:22:29"}', good(2, 2)])
    netty.load(db=db)
    assert keys_and_none(netty) == [None, 4], "an older version overtakes nothing, a newer one all before it"
    netty.load("--replay", db=db)
    assert keys_and_none(netty) == [None, 4], "what was overtaken is no news when it is read again"


def keys_and_none(netty):
    return sorted((letter["key"] for letter in letters(netty)), key=lambda key: key or 0)


@pytest.mark.parametrize("batch", [1, 1000])
def test_bad_and_newer_in_one_load_is_no_letter(spool, netty, db, batch):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page([bad(1), good(5)])
    writer.page([good(1, 1), bad(2)])
    writer.page([bad(5, 1), good(2, 1)])
    run = netty.load("--json", "--batch-rows", batch, db=db, code=65)
    assert_balanced(run.json())
    assert keys(netty) == [5] and (batch == 1 or "1 nul 22P05 (5)" in run.err), run
    db.query('TRUNCATE "netty-contacts"')
    netty.load(db=db, code=None)
    assert keys(netty) == [5]


def test_a_letter_goes_when_its_own_version_goes_in(spool, netty, db):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page([bad(1), bad(2)])
    netty.load(db=db, code=65)
    writer.page([bad(1)])
    netty.load("--on-nul", "replace", db=db)
    assert keys(netty) == [2]
    netty.load("--replay", "--on-nul", "replace", db=db)
    assert not letters(netty)
    assert db.value('SELECT count(*) FROM "netty-contacts"') == 2


def test_redrive_takes_what_a_newer_letter_has_overtaken(spool, netty, db):
    db.create("contacts")
    db.query("""ALTER TABLE "netty-contacts" ADD CONSTRAINT grown CHECK (coalesce(data->>'age', '') <> '-1')""")
    writer = spool.table("contacts")
    writer.page([bad(1), '{"contact_id":1,"age":-1,"time_modified":"2024-05-13 10:22:31"}', bad(2)])
    netty.load(db=db, code=65)
    assert keys(netty) == [1, 1, 2]
    run = netty.load("--redrive", "--json", db=db)
    assert run.json()["contacts"]["dead"] == 3 and keys(netty) == [1, 1, 2]
    assert "still refused" in run.err and "2 nul 22P05 (1, 2), 1 refused 23514 (1)" in run.err, run
    db.query('ALTER TABLE "netty-contacts" DROP CONSTRAINT grown')
    run = netty.load("--redrive", "--json", db=db)
    assert run.json()["contacts"]["inserted"] == 1 and keys(netty) == [2], run


def test_a_dry_run_fails_for_what_would_be_new_only(spool, netty, db):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page([bad(1), good(2)])
    run = netty.load("--dry-run", db=db, code=65)
    assert "would be set aside as dead letters" in run.err and "1 nul 22P05 (1)" in run.err and not letters(netty)
    netty.load(db=db, code=65)
    writer.page([bad(1)])
    assert netty.load("--dry-run", "--json", db=db).json()["contacts"]["dead"] == 1
    netty.load("--redrive", "--dry-run", db=db)
    assert keys(netty) == [1]


def test_the_warning_names_reasons_counts_and_the_first_keys(sims, spool, netty, db):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page([bad(key) for key in range(1, 8)] + ['{"contact_id":"x"}', '{"a":1}', good(9)])
    run = netty.load(db=db, code=65)
    assert "7 nul 22P05 (1, 2, 3, 4, 5 ...), 1 key-type 22P02, 1 key-missing 23502" in run.err
    writer.page([bad(1), good(9, 1)])
    assert "set aside" not in netty.load(db=db).err, "what is known is no news"


def test_the_extractors_warning_names_them_too_and_its_letters_go_as_well(sims, netty, db):
    sim = sims("contacts:330")
    for key in (7, 20):
        sim.post("/_sim/spoil", table="contacts", id=key, how="text",
                 hex=(f'{{"contact_id":{key},"name":"a' + '\x01"}').encode().hex())
    run = netty.extract("contacts", sim=sim, code=65)
    assert "2 malformed (" in run.err and "set aside" in run.err, run
    assert keys(netty) == [7, 20]
    run = netty.extract("--full", "contacts", sim=sim)
    assert "set aside" not in run.err and keys(netty) == [7, 20]
    sim.post("/_sim/mend", table="contacts", id=7)
    sim.post("/_sim/edit", table="contacts", id=7)
    netty.extract("contacts", sim=sim)
    assert keys(netty) == [20]
    db.create("contacts")
    assert netty.load("--json", db=db).json()["contacts"]["dead"] == 0
    assert db.value('SELECT count(*) FROM "netty-contacts" WHERE contact_id = 7') == 1


POINTS = ["dead-letter-written", "dead-letter-synced", "dead-letters-filtered", "dead-letters-renamed", "batch-committed"]


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("batch", [1, 1000])
def test_a_letter_goes_whatever_kills_the_loader_between(spool, netty, db, point, batch):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page([bad(1), bad(2), bad(3)])
    netty.load(db=db, code=65)
    writer.page([good(1, 1), bad(4), good(5)])
    writer.page([good(4, 1), bad(2, 1), good(3, 1)])
    killed = netty.load("--batch-rows", batch, db=db, env={"NETTY_FAULT": point}, code=None)
    assert killed.code not in (0, 65), "it was killed"
    netty.load("--batch-rows", batch, db=db, code=None)
    assert keys(netty) == [2, 2]
    assert db.query('SELECT contact_id FROM "netty-contacts" ORDER BY 1') == [(1,), (3,), (4,), (5,)]
    netty.load("--replay", db=db)
    assert keys(netty) == [2, 2]


@pytest.mark.parametrize("point", ["dead-letters-filtered", "dead-letters-renamed", "batch-committed"])
def test_a_redrive_that_is_killed_loses_no_letter(spool, netty, db, point):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page([bad(1), bad(2), '{"contact_id":"x"}'])
    netty.load(db=db, code=65)
    killed = netty.load("--redrive", "--on-nul", "replace", db=db, env={"NETTY_FAULT": point}, code=None)
    assert killed.code not in (0, 65)
    netty.load("--redrive", "--on-nul", "replace", db=db)
    assert keys_and_none(netty) == [None]
    assert db.query('SELECT contact_id FROM "netty-contacts" ORDER BY 1') == [(1,), (2,)]


@pytest.mark.parametrize("point", ["dead-letters-filtered", "dead-letters-renamed"])
def test_what_is_dismissed_is_so_wholly_or_not_at_all(spool, netty, db, point):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page([bad(1), bad(2), bad(3)])
    netty.load(db=db, code=65)
    killed = netty.spool_tool("dead", "--dismiss", "contacts", "1", "3", env={"NETTY_FAULT": point}, code=None)
    assert killed.code not in (0, 65) and "dismissed" not in killed.out
    assert keys(netty) in ([1, 2, 3], [2])
    netty.spool_tool("dead", "--dismiss", "contacts", *([] if keys(netty) == [2] else ["1", "3"]), code=None)
    writer.page([bad(1), bad(3)])
    netty.load(db=db)
    assert not {1, 3} & set(keys(netty))


@pytest.mark.parametrize("point", ["dead-letters-filtered", "dead-letters-renamed", "page-synced", "journal-written"])
def test_a_letter_of_the_extractors_goes_whatever_kills_it_between(sims, netty, point):
    sim = sims("contacts:130")
    for key in (7, 20):
        sim.post("/_sim/spoil", table="contacts", id=key, how="text", hex=(f'{{"contact_id":{key},"name":"a' + '\x01"}').encode().hex())
    netty.extract("contacts", sim=sim, code=65)
    sim.post("/_sim/mend", table="contacts", id=7)
    sim.post("/_sim/edit", table="contacts", id=7)
    killed = netty.extract("contacts", sim=sim, env={"NETTY_FAULT": point}, code=None)
    assert killed.code not in (0, 65)
    netty.extract("contacts", sim=sim)
    assert keys(netty) == [20]
    assert any(json.loads(line)["contact_id"] == 7 for line in netty.spool_tool("cat", "contacts").out.splitlines())


def test_a_deadly_commit_leaves_the_newer_version_to_be_loaded_again(spool, netty, db):
    """The newer version is refused at the COMMIT itself: it is what is listed then."""
    db.create("contacts")
    db.query("""CREATE TABLE ages (age text PRIMARY KEY); INSERT INTO ages VALUES ('1');
                ALTER TABLE "netty-contacts" ADD COLUMN age text GENERATED ALWAYS AS (data->>'age') STORED
                REFERENCES ages DEFERRABLE INITIALLY DEFERRED""")
    writer = spool.table("contacts")
    writer.page([bad(1)])
    netty.load(db=db, code=65)
    writer.page(['{"contact_id":1,"age":"2","time_modified":"2024-05-13 10:22:35"}', '{"contact_id":2,"age":"1"}'])
    netty.load(db=db, code=65)
    assert 1 in keys(netty) and "refused" in {letter["reason"] for letter in letters(netty)}
    assert db.query('SELECT contact_id FROM "netty-contacts"') == [(2,)]
