"""Records that the database would or does refuse: set aside with the reason, their neighbours in, tried again later."""
import os
import random
from datetime import datetime
from urllib.parse import urlparse

import pytest

from harness import assert_balanced, differences
from pgproxy import Proxy
from upserts import History, Upserts

GOOD = '{"contact_id":1,"name":"before","time_modified":"2024-01-01 00:00:00"}'
ALSO = '{"contact_id":2,"name":"behind","time_modified":"2024-01-01 00:00:00"}'
BAD = {
    "nul": ("22P05", '{"contact_id":7,"private":"a\\u0000b"}'),
    "nul-in-a-name": ("22P05", '{"contact_id":7,"private\\u0000":1}'),
    "surrogate": ("22P02", '{"contact_id":7,"private":"\\ud800"}'),
    "surrogate-low-first": ("22P02", '{"contact_id":7,"private":["\\ude00\\ud83d"]}'),
    "number-range": ("22003", '{"contact_id":7,"private":1e140000}'),
    "number-range-long": ("22003", '{"contact_id":7,"private":' + "9" * 131073 + "}"),
    "number-range-small": ("22003", '{"contact_id":7,"private":[1e-16384]}'),
    "key-missing": ("23502", '{"name":"private"}'),
    "key-missing-null": ("23502", '{"contact_id":null,"name":"private"}'),
    "key-missing-deeper": ("23502", '{"x":{"contact_id":7},"name":"private"}'),
    "key-type-empty": ("22P02", '{"contact_id":"","name":"private"}'),
    "key-type-string": ("22P02", '{"contact_id":"7 ","name":"private"}'),
    "key-type-fraction": ("22P02", '{"contact_id":7.5,"name":"private"}'),
    "key-type-object": ("22P02", '{"contact_id":{"private":7}}'),
    "key-range": ("22003", '{"contact_id":2147483648,"name":"private"}'),
    "key-range-low": ("22003", '{"contact_id":-2147483649,"name":"private"}'),
    "key-range-wide": ("22003", '{"contact_id":99999999999999999999999,"name":"private"}'),
    "not-json": ("22P02", '{"contact_id":7,"private":}'),
    "not-json-utf8": ("22P02", b'{"contact_id":7,"private":"\xff\xfe"}'),
    "not-json-array": ("22P02", '["private"]'),
    "too-deep": ("54001", '{"contact_id":7,"private":' + "[" * 6000 + "]" * 6000 + "}"),
}


def reason_of(case):
    known = ("key-missing", "key-type", "key-range", "number-range", "not-json", "too-deep", "surrogate", "nul")
    return next(reason for reason in known if case.startswith(reason))


@pytest.mark.parametrize("case", BAD)
def test_a_bad_record_is_set_aside_with_reason_and_its_neighbours_go_in(spool, netty, db, case):
    state, bad = BAD[case]
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page([GOOD])
    writer.page([GOOD, bad, ALSO])
    run = netty.load("--json", db=db, code=65, secrets=["private"])
    row = run.json()
    assert_balanced(row)
    assert (row["contacts"]["read"], row["contacts"]["dead"], row["contacts"]["inserted"]) == (4, 1, 2)
    assert [row[0] for row in db.query('SELECT contact_id FROM "netty-contacts" ORDER BY 1')] == [1, 2]
    letter, = spool.dead("contacts")
    assert (letter["reason"], letter["sqlstate"]) == (reason_of(case), state)
    assert (letter["file"], letter["segment"], letter["page"], letter["line"]) == \
        ("contacts/0000000001.ndjson", 1, 2, 3)
    assert letter["message"] and "private" not in letter["message"]
    assert abs((datetime.fromisoformat(letter["at"].replace("Z", "+00:00")).timestamp() -
                os.stat(spool.dir / "contacts" / "dead-load.ndjson").st_mtime)) < 60
    if isinstance(bad, bytes):
        import base64
        assert base64.b64decode(letter["raw64"]) == bad
    else:
        assert letter["raw"] == bad
    assert os.stat(spool.dir / "contacts" / "dead-load.ndjson").st_mode & 0o777 == 0o600
    run = netty.load("--json", db=db)
    assert len(spool.dead("contacts")) == 1, "the next run has nothing to read, and sets nothing aside again"
    assert reason_of(case) in netty.spool_tool("dead").out


def test_what_postgres_itself_says_of_these_agrees(db):
    """The SQLSTATEs that the loader foresees are those that the server gives for the same record."""
    import psycopg2
    foreseen = {case: state for case, (state, bad) in BAD.items()
                if case.startswith(("nul", "surrogate", "number", "not-json")) and not case.endswith("array")}
    for case, state in foreseen.items():
        bad = BAD[case][1]
        with pytest.raises(psycopg2.Error) as refusal:
            db.query("SELECT convert_from(%s, 'UTF8')::jsonb", bad if isinstance(bad, bytes) else bad.encode())
        assert refusal.value.pgcode == state or case == "not-json-utf8", (case, refusal.value.pgcode)


def test_on_nul_replace_puts_the_replacement_character(spool, netty, db):
    db.create("contacts")
    spool.table("contacts").page(['{"contact_id":1,"a\\u0000":"x\\u0000\\u0000y\\\\u0000","n":["\\u0000"]}',
                                  '{"contact_id":2,"a":"\\ud800"}'])
    row = netty.load("--json", "--on-nul", "replace", db=db, code=65).json()["contacts"]
    assert (row["inserted"], row["dead"]) == (1, 1)
    assert db.value('SELECT data FROM "netty-contacts"') == \
        {"a\ufffd": "x\ufffd\ufffdy\\u0000", "n": ["\ufffd"], "deleted": False}
    assert [letter["reason"] for letter in spool.dead("contacts")] == ["surrogate"]


def many(bad, count=1000):
    return [f'{{"contact_id":{key},"age":{-1 if key in bad else key},"time_modified":"2024-01-01 00:00:00"}}'
            for key in range(count)]


def add_check(db):
    db.query("""ALTER TABLE "netty-contacts" ADD CONSTRAINT grown CHECK ((data->>'age')::numeric >= 0)""")


def test_what_a_check_constraint_refuses_is_found_and_its_neighbours_go_in(spool, netty, db):
    db.create("contacts")
    add_check(db)
    bad = {0, 1, 499, 998, 999}
    writer = spool.table("contacts")
    for start in range(0, 1000, 100):
        writer.page(many(bad)[start:start + 100])
    row = netty.load("--json", db=db, code=65).json()
    assert_balanced(row)
    assert (row["contacts"]["inserted"], row["contacts"]["dead"]) == (995, 5)
    letters = spool.dead("contacts")
    assert {letter["line"] - 1 for letter in letters} == bad
    assert {(letter["reason"], letter["sqlstate"]) for letter in letters} == {("refused", "23514")}
    assert all("grown" in letter["message"] for letter in letters)
    assert [letter["page"] for letter in sorted(letters, key=lambda l: l["line"])] == [1, 1, 5, 10, 10]


@pytest.mark.parametrize("rows", [400, 4000])
def test_one_refused_row_costs_logarithmically_many_round_trips(spool, netty, db, rows):
    db.create("contacts")
    add_check(db)
    spool.table("contacts").page(many({rows // 3}, rows))
    at = urlparse(db.url)
    proxy = Proxy(at.hostname, at.port)
    netty.load("--batch-rows", rows, "--batch-bytes", "64M", db=proxy.url(db.name), code=65)
    proxy.close()
    trips = sum(1 for message in proxy.seen if message.way == "down" and message.kind == "Z")
    assert db.value('SELECT count(*) FROM "netty-contacts"') == rows - 1
    assert trips <= 26 + 4 * rows.bit_length(), trips


def test_a_database_that_refuses_much_costs_so_much_a_record_and_says_so_once(spool, netty, db):
    db.create("contacts")
    add_check(db)
    writer = spool.table("contacts")
    for _ in range(8):
        writer.page(many(range(31), 32))
    at = urlparse(db.url)
    proxy = Proxy(at.hostname, at.port)
    run = netty.load("--json", "--batch-rows", "32", db=proxy.url(db.name), code=65)
    proxy.close()
    assert run.json()["contacts"]["dead"] == 8 * 31 and len(spool.dead("contacts")) == 31, "each version once"
    trips = sum(1 for message in proxy.seen if message.way == "down" and message.kind == "Z")
    assert trips <= 20 + 8 * (6 + 4 * 32), "two for the record and two for the part that it was in, and no more"
    assert run.err.count("set aside") == 1, run.err


@pytest.mark.parametrize("law,state", [
    ("""CREATE UNIQUE INDEX ON "netty-contacts" ((data->>'age'))""", "23505"),
    ("""CREATE FUNCTION judge() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF new.data->>'age' = '5' THEN RAISE 'not five'; END IF; RETURN new; END $$;
        CREATE TRIGGER judge BEFORE INSERT ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION judge()""", "P0001"),
    ("""CREATE TABLE ages (age text PRIMARY KEY); INSERT INTO ages VALUES ('1'), ('2'), ('3'), ('4'), ('6');
        ALTER TABLE "netty-contacts" ADD COLUMN age text GENERATED ALWAYS AS (data->>'age') STORED
        REFERENCES ages DEFERRABLE INITIALLY DEFERRED""", "23503"),
    ("""ALTER TABLE "netty-contacts" ADD COLUMN n smallint GENERATED ALWAYS AS ((data->>'wide')::smallint) STORED""",
     "22003"),
])
def test_every_law_of_the_table_is_heard(spool, netty, db, law, state):
    db.create("contacts")
    db.query(law)
    ages = [1, 2, 3, 4, 5, 6] if state != "23505" else [1, 2, 3, 4, 4, 6]
    spool.table("contacts").page([f'{{"contact_id":{key},"age":"{age}","wide":{99999 if key == 5 else 1}}}'
                                  for key, age in enumerate(ages, 1)])
    row = netty.load("--json", db=db, code=65).json()["contacts"]
    assert (row["inserted"], row["dead"]) == (5, 1)
    letter, = spool.dead("contacts")
    assert (letter["sqlstate"], letter["line"]) == (state, 5)
    assert [row[0] for row in db.query('SELECT contact_id FROM "netty-contacts" ORDER BY 1')] == [1, 2, 3, 4, 6]


@pytest.mark.parametrize("batch", [1, 13, 1000])
def test_random_histories_with_refusals_end_as_one_upsert_after_the_other(spool, netty, db, batch):
    """A version that is refused must not hide the one that it would have folded over, nor the one after it."""
    db.create("contacts")
    db.query("""ALTER TABLE "netty-contacts" ADD CHECK (coalesce(data->>'score', '') <> '100')""")
    history = History(17, keys=25)
    model = Upserts("contacts", refuses=lambda data: data.get("score") == "100")
    writer = spool.table("contacts")
    for _ in range(3):
        for _ in range(3):
            lines = history.page()
            writer.page(lines)
            model.take_all(lines)
        row = netty.load("--json", "--batch-rows", batch, db=db, code=None).json()
        assert_balanced(row)
        assert not (wrong := differences(model.rows, db.rows("contacts"))), wrong
    # In larger batches of two refused copies the earlier folds under the later.
    found = [letter["raw"] for letter in spool.dead("contacts")]
    assert model.refused and set(found) == set(model.listed())
    assert batch > 1 or sorted(found) == sorted(model.listed())


def test_redrive_tries_again_and_removes_what_went_in(spool, netty, db):
    db.create("contacts")
    add_check(db)
    spool.table("contacts").page([*many({3, 7}, 10), '{"contact_id":50,"n":"\\u0000"}', '{"contact_id":"x"}'])
    netty.load(db=db, code=65)
    assert len(spool.dead("contacts")) == 4
    listed = netty.spool_tool("dead", "contacts").out
    assert [line for line in listed.splitlines() if line.startswith("contacts,")] == \
        ["contacts, by the loader: 2 refused 23514 (3, 7)", "contacts, by the loader: 1 nul 22P05 (50)",
         "contacts, by the loader: 1 key-type 22P02"] and listed.count("\ncontacts  ") == 4
    row = netty.load("--redrive", "--json", db=db).json()
    assert_balanced(row)
    assert len(spool.dead("contacts")) == 4, "nothing has changed: they are refused again, and kept"
    db.query('ALTER TABLE "netty-contacts" DROP CONSTRAINT grown')
    row = netty.load("--redrive", "--json", db=db).json()["contacts"]
    assert (row["inserted"], row["dead"], row["read"]) == (2, 2, 4)
    assert sorted(letter["reason"] for letter in spool.dead("contacts")) == ["key-type", "nul"]
    row = netty.load("--redrive", "--on-nul", "replace", "--json", db=db).json()["contacts"]
    assert (row["inserted"], row["dead"]) == (1, 1)
    assert [letter["reason"] for letter in spool.dead("contacts")] == ["key-type"]
    assert db.value('SELECT count(*) FROM "netty-contacts"') == 11
    progress = db.query("SELECT DISTINCT segment, page, line FROM netty_sync.progress")
    netty.load(db=db)
    assert db.query("SELECT DISTINCT segment, page, line FROM netty_sync.progress") == progress


def test_redrive_puts_nothing_older_over_what_has_come_since(spool, netty, db):
    db.create("contacts")
    add_check(db)
    writer = spool.table("contacts")
    writer.page(['{"contact_id":1,"age":-1,"name":"old","time_modified":"2024-01-01 00:00:00"}'])
    netty.load(db=db, code=65)
    before = spool.keep_dead("contacts")
    writer.page(['{"contact_id":1,"age":5,"name":"new","time_modified":"2024-01-02 00:00:00"}'])
    netty.load(db=db)
    spool.put_dead("contacts", before)
    db.query('ALTER TABLE "netty-contacts" DROP CONSTRAINT grown')
    row = netty.load("--redrive", "--json", db=db).json()["contacts"]
    assert row["unchanged"] == 1, "carried on to what came since, which is there already"
    assert db.value("SELECT data->>'name' FROM \"netty-contacts\"") == "new" and not spool.dead("contacts")


def test_a_line_too_long_to_be_read_is_told_by_its_place_and_its_neighbours_go_in(spool, netty, db):
    """Twice: longer than the reader's buffer, and by a hair. The extractor would write none of them."""
    db.create("contacts")
    limit = 64 << 20
    writer = spool.table("contacts")
    for size in (limit + (1 << 20), limit + 1):
        long = b'{"contact_id":1,"p":"' + b"x" * (size - 23) + b'"}'
        assert len(long) == size
        writer.page(['{"contact_id":2}', long, f'{{"contact_id":{size}}}'])
    writer.page(['{"contact_id":3}'])
    row = netty.load("--json", db=db, code=65).json()["contacts"]
    assert_balanced({"contacts": row})
    assert (row["read"], row["dead"]) == (7, 2)
    assert db.query('SELECT contact_id FROM "netty-contacts" ORDER BY 1') == [(2,), (3,), (limit + 1,), (limit + (1 << 20),)]
    letters = spool.dead("contacts")
    assert [(letter["reason"], letter["raw"], letter["page"], letter["line"]) for letter in letters] == \
        [("too-long", "", 1, 2), ("too-long", "", 2, 5)]
    assert str(limit + 1) in letters[1]["message"] and "contacts/0000000001.ndjson" in letters[1]["message"]
    assert netty.load("--redrive", "--json", db=db).json()["contacts"]["dead"] == 2
    assert spool.dead("contacts") == letters
    assert netty.spool_tool("cat", "contacts", code=65).out.count("\n") == 5


def test_thousands_of_bad_records_are_all_set_aside_once(spool, netty, db):
    db.create("contacts")
    chance = random.Random(3)
    lines = [f'{{"contact_id":{key if chance.random() < 0.5 else chr(34) * 2},"n":{key}}}' for key in range(6000)]
    writer = spool.table("contacts")
    for start in range(0, 6000, 1500):
        writer.page(lines[start:start + 1500])
    row = netty.load("--json", db=db, code=65).json()["contacts"]
    bad = [number for number, line in enumerate(lines, 1) if '""' in line]
    assert row["dead"] == len(bad) and row["inserted"] == 6000 - len(bad)
    assert [letter["line"] for letter in spool.dead("contacts")] == bad
