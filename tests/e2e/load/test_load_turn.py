"""Records that are loaded out of their turn, by --redrive and by --replay of a part: the end is that of upserts in order."""
import os
import random
import re

import psycopg2
import pytest

from harness import assert_balanced, differences, wait_for
from spoolfile import iso
from upserts import History, Upserts


def assert_rows(db, model):
    assert not (wrong := differences(model.rows, db.rows("contacts"))), wrong


def value(db, key=1):
    return db.query('SELECT data::text, time_modified FROM "netty-contacts" WHERE contact_id = %s', key)[0]


SEEDS = range(1, 1 + int(os.environ.get("NETTY_TURN_SEEDS", "2")))
NAUGHTY = 'ALTER TABLE "netty-contacts" ADD CONSTRAINT nice CHECK (NOT data ? \'bad\')'
FORGIVEN = 'ALTER TABLE "netty-contacts" DROP CONSTRAINT nice'


@pytest.mark.parametrize("time", ["", ',"time_modified":"2024-01-01 00:00:00"'], ids=["without a time", "of one second"])
@pytest.mark.parametrize("update", ["merge", "replace"])
def test_a_redriven_record_does_not_come_over_a_later_one(spool, netty, db, time, update):
    db.create("contacts")
    db.query(NAUGHTY)
    writer = spool.table("contacts")
    writer.page([f'{{"contact_id":1,"v":"early","bad":1,"own":1{time}}}'])
    netty.load("--update", update, db=db, code=65)
    before = spool.keep_dead("contacts")
    writer.page([f'{{"contact_id":1,"v":"late"{time}}}'])
    netty.load("--update", update, db=db)
    assert not spool.dead("contacts"), "a newer version is in"
    spool.put_dead("contacts", before)
    db.query(FORGIVEN)
    row = netty.load("--redrive", "--update", update, "--json", db=db).json()["contacts"]
    assert row["read"] == 1 and row["updated"] == (update == "merge") and not spool.dead("contacts")
    assert_rows(db, Upserts("contacts", update).take_all(line.decode() for *_, line in writer.records))


@pytest.mark.parametrize("update", ["merge", "replace"])
def test_a_part_that_is_replayed_does_not_come_over_what_is_later(spool, netty, db, update):
    db.create("contacts")
    writer = spool.table("contacts")
    for version in range(4):
        writer.page([f'{{"contact_id":1,"v":{version}}}', f'{{"contact_id":2,"v{version}":{version},"time_modified":"2024-01-01"}}'])
        writer.seal()
    netty.load("--update", update, db=db)
    writes = db.writes("contacts")
    model = Upserts("contacts", update).take_all(line.decode() for *_, line in writer.records)
    assert_rows(db, model)
    times = [fetched for _, _, fetched, _ in writer.pages]
    for arguments in (["--segment", "1"], ["--segment", "4"], ["--to", iso(times[2])], ["--from", iso(times[1]), "--to", iso(times[2])]):
        row = netty.load("--replay", "--update", update, "--json", *arguments, db=db).json()["contacts"]
        assert_balanced({"contacts": row})
        assert_rows(db, model)
    assert db.writes("contacts") == writes, "and so nothing is written"


@pytest.mark.parametrize("late", [
    '"v":"late","contact_id":1', '"contact_id":1.0,"v":"late"', '"contact_id":10e-1,"v":"late"', '"\\u0063ontact_id":1,"v":"late"',
    '"in":{"contact_id":2},"contact_id":1,"v":"late"', '"contact_id":2,"v":"late","contact_id":1', '"contact_id" : 1 , "v":"late"'])
def test_a_later_line_is_heard_however_its_key_is_written(spool, netty, db, late):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page(['{"contact_id":1,"v":"early"}', '{"contact_id":12,"v":"early"}'])
    writer.seal()
    writer.page(["{" + late + "}"])
    netty.load(db=db)
    netty.load("--replay", "--segment", "1", db=db)
    assert db.query("SELECT contact_id, data->>'v' FROM \"netty-contacts\" ORDER BY 1") == [(1, "late"), (12, "early")]


def test_what_was_lost_comes_back_in_its_last_version(spool, netty, db):
    """The table has lost rows: those of the part come back as they were, not as they were in that part."""
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page(['{"contact_id":1,"v":1,"first":true}', '{"contact_id":2,"v":1}'])
    writer.seal()
    writer.page(['{"contact_id":1,"v":2,"time_modified":"2024-01-01"}', '{"contact_id":3,"v":1}'])
    netty.load(db=db)
    before = db.rows("contacts")
    db.query('TRUNCATE "netty-contacts"')
    row = netty.load("--replay", "--segment", "1", "--json", db=db).json()["contacts"]
    assert (row["read"], row["inserted"]) == (2, 2)
    assert db.rows("contacts") == {key: before[key] for key in (1, 2)}


@pytest.mark.parametrize("update", ["merge", "replace"])
@pytest.mark.parametrize("batch", [1, 1000])
@pytest.mark.parametrize("seed", SEEDS)
def test_parts_of_random_histories_are_replayed_without_a_trace(spool, netty, db, seed, batch, update):
    """Times that go back, none, and equal ones among them; the lines that are refused stay so."""
    chance, history = random.Random(seed), History(seed, keys=12)
    writer = spool.table("contacts")
    db.create("contacts")
    db.query(NAUGHTY)
    naughty = 0.1 if update == "merge" else 0  # replaced by a later line it would be no more
    for _ in range(12):
        writer.page([line[:-1] + ',"bad":1}' if chance.random() < naughty else line for line in history.page(12)])
        if chance.random() < 0.4:
            writer.seal(compress=chance.random() < 0.5)
    netty.load("--update", update, "--batch-rows", "1", db=db, code=None)
    before, writes, letters = db.rows("contacts"), db.writes("contacts"), spool.dead("contacts")
    times = [fetched for _, _, fetched, _ in writer.pages]
    for _ in range(4):
        start, end = sorted(chance.sample(range(len(times)), 2))
        arguments = chance.choice([["--from", iso(times[start]), "--to", iso(times[end])],
                                   ["--segment", writer.pages[start][0]]])
        run = netty.load("--replay", "--update", update, "--batch-rows", batch, "--json", *arguments, db=db, code=None)
        assert run.code in (0, 65), run
        assert not (wrong := differences(before, db.rows("contacts"))), (arguments, wrong)
    assert db.writes("contacts") == writes and spool.dead("contacts") == letters


class Steady(History):
    """Times that never go back: equal ones, later ones, none. (Of time_created the first that is stored stays.)"""

    def time(self):
        self.now = getattr(self, "now", 0) + self.random.choice([0, 0, 0, 1])
        return self.random.choice([None, "null", f'"2024-01-01 00:{self.now // 60:02}:{self.now % 60:02}"'])

    def record(self):
        line = re.sub(r'"time_created":"[^"]*"', '"time_created":"2020-01-01"', super().record())
        return line[:-1] + ',"bad":1}' if self.random.random() < 0.25 else line


@pytest.mark.parametrize("update", ["merge", "replace"])
@pytest.mark.parametrize("batch", [1, 1000])
@pytest.mark.parametrize("seed", SEEDS)
def test_redriven_random_histories_end_as_one_upsert_after_the_other(spool, netty, db, seed, batch, update):
    """But for versions that were refused, and that a newer one had overtaken before they could be redriven."""
    history, writer = Steady(seed, keys=10), spool.table("contacts")
    first = Upserts("contacts", update, refuses=lambda data: "bad" in data)
    db.create("contacts")
    db.query(NAUGHTY)
    for _ in range(4):
        for _ in range(3):
            lines = history.page(15)
            writer.page(lines)
            first.take_all(lines)
        netty.load("--update", update, "--batch-rows", batch, db=db, code=None)
        assert {letter["raw"] for letter in spool.dead("contacts")} == set(first.listed())
    assert first.listed() and len(first.listed()) < len(first.refused)
    db.query(FORGIVEN)
    assert_balanced(netty.load("--redrive", "--update", update, "--batch-rows", batch, "--json", db=db).json())
    assert not spool.dead("contacts")
    gone = set(first.refused) - set(first.listed())
    assert_rows(db, Upserts("contacts", update).take_all(line.decode() for *_, line in writer.records if line.decode() not in gone))


def test_what_another_loader_puts_in_meanwhile_is_heard_too(spool, netty, db):
    """It holds the progress while the redriven record waits, and moves it on by a page with the same record."""
    db.create("contacts")
    db.query(NAUGHTY)
    writer = spool.table("contacts")
    writer.page(['{"contact_id":1,"v":"early","bad":1}'])
    netty.load(db=db, code=65)
    db.query(FORGIVEN)
    other = psycopg2.connect(db.url)
    cursor = other.cursor()
    cursor.execute("SELECT FROM netty_sync.progress FOR UPDATE")
    writer.page(['{"contact_id":1,"v":"late"}'])
    loader = netty.start("netty-load", "--redrive", db=db)
    wait_for(lambda: db.value("""SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                                 AND wait_event_type = 'Lock'"""), "the loader at the lock")
    cursor.execute("""INSERT INTO "netty-contacts" (contact_id, data) VALUES (1, '{"v": "late", "deleted": false}');
                      UPDATE netty_sync.progress SET page = 2""")
    other.commit()
    other.close()
    assert loader.wait(timeout=60) == 0
    assert value(db)[0] == '{"v": "late", "bad": 1, "deleted": false}'


def test_letters_of_one_record_that_go_in_one_after_the_other_keep_their_order(spool, netty, db):
    """The first goes in with the later ones heard, among them the second, which was set aside too and has gone in since."""
    db.create("contacts")
    db.query(NAUGHTY)
    writer, letters = spool.table("contacts"), set()
    for version in range(1, 6):
        bad = ',"bad":1' if version in (1, 3) else ""
        writer.page([f'{{"contact_id":1,"v":{version},"v{version}":1{bad}}}', f'{{"contact_id":2,"v":{version}{bad}}}'])
        netty.load(db=db, code=None)
        letters |= {line for line in spool.keep_dead("contacts").splitlines(keepends=True) if b'"overtaken"' not in line}
    assert len(letters) == 4 and not spool.dead("contacts")
    spool.put_dead("contacts", b"".join(sorted(letters, reverse=True)))
    db.query(FORGIVEN)
    netty.load("--redrive", "--batch-rows", "1", db=db)
    assert_rows(db, Upserts("contacts").take_all(line.decode() for *_, line in writer.records))
