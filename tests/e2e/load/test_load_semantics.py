"""What the loader makes of the spool: exactly what one upsert after the other would, whatever the batches are."""
import pytest

from harness import assert_balanced, differences
from upserts import History, Upserts

ZONE = "Europe/Paris"


def assert_rows(db, table, model):
    assert not (wrong := differences(model.rows, db.rows(table))), wrong


@pytest.mark.parametrize("update", ["merge", "replace"])
@pytest.mark.parametrize("batch", [1, 7, 1000])
@pytest.mark.parametrize("seed", [1, 2])
def test_random_histories_end_as_one_upsert_after_the_other(spool, netty, db, seed, batch, update):
    history, model = History(seed), Upserts("contacts", update, ZONE)
    writer = spool.table("contacts")
    db.create("contacts")
    total = 0
    for run in range(4):
        for _ in range(history.random.randint(1, 5)):
            lines = history.page()
            writer.page(lines)
            model.take_all(lines)
        if run % 2:
            writer.seal(compress=run == 3)
        row = netty.load("--json", "--update", update, "--batch-rows", batch, "--timezone", ZONE, db=db).json()
        assert_balanced(row)
        total += row["contacts"]["read"]
        assert_rows(db, "contacts", model)
    assert total == len(writer.records)


def test_versions_in_one_batch_merge_in_their_order_and_none_is_dropped(spool, netty, db):
    """old || v1 || v2, not old || v2: v1 alone has the member that must stay."""
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page(['{"contact_id":1,"a":0,"kept":"old","time_modified":"2024-01-01 00:00:00"}'])
    netty.load(db=db)
    writer.page(['{"contact_id":1,"a":1,"only_v1":true,"time_modified":"2024-01-02 00:00:00"}',
                 '{"contact_id":1,"a":2,"time_modified":"2024-01-03 00:00:00"}'])
    netty.load(db=db)
    assert db.value('SELECT data::text FROM "netty-contacts"') == \
        '{"a": 2, "kept": "old", "deleted": false, "only_v1": true}'
    netty.load("--update", "replace", "--replay", db=db)
    assert db.value('SELECT data::text FROM "netty-contacts"') == '{"a": 2, "deleted": false}'


@pytest.mark.parametrize("stored", ["[1]", "null", "3"])
@pytest.mark.parametrize("update", ["merge", "replace"])
@pytest.mark.parametrize("batch", [1, 1000])
def test_stored_data_that_is_no_object_gives_way_to_the_new(spool, netty, db, stored, update, batch):
    """|| would make an array of it, longer with each replay."""
    db.create("contacts")
    db.query("""INSERT INTO "netty-contacts" (contact_id, data) SELECT n, %s FROM generate_series(1, 3) AS n""", stored)
    spool.table("contacts").page([f'{{"contact_id":{key},"v":{key}}}' for key in range(1, 4)])
    row = netty.load("--json", "--update", update, "--batch-rows", batch, db=db).json()["contacts"]
    assert row["updated"] == 3
    row = netty.load("--json", "--update", update, "--replay", "--batch-rows", batch, db=db).json()["contacts"]
    assert row["unchanged"] == 3
    assert db.query("SELECT contact_id, data FROM \"netty-contacts\" ORDER BY 1") == \
        [(key, {"v": key, "deleted": False}) for key in range(1, 4)]


def test_older_never_overwrites_newer_and_at_equal_times_the_later_line_wins(spool, netty, db):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page(['{"contact_id":1,"v":1,"time_modified":"2024-01-02T00:00:00Z"}',
                 '{"contact_id":2,"v":1,"time_modified":"2024-01-02T00:00:00Z"}'])
    netty.load(db=db)
    writer.page(['{"contact_id":1,"v":2,"time_modified":"2024-01-01T23:59:59.999999Z"}',
                 '{"contact_id":2,"v":2,"time_modified":"2024-01-02T01:00:00+01:00"}'])
    row = netty.load("--json", db=db).json()["contacts"]
    assert (row["stale"], row["updated"], row["read"]) == (1, 1, 2)
    assert db.query("SELECT contact_id, data->>'v' FROM \"netty-contacts\" ORDER BY 1") == [(1, "1"), (2, "2")]


def test_a_record_without_a_time_is_applied_and_leaves_the_stored_times_alone(spool, netty, db):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page(['{"contact_id":1,"v":1,"time_created":"2023-01-01","time_modified":"2024-01-02 00:00:00"}'])
    netty.load(db=db)
    before = db.rows("contacts")[1]
    for number, none in enumerate(('', ',"time_modified":null', ',"time_modified":"0000-00-00 00:00:00"'), 2):
        writer.page([f'{{"contact_id":1,"v":{number}{none}}}'])
        netty.load(db=db)
        assert db.rows("contacts")[1] == ({"v": str(number), "deleted": False}, before[1], before[2])


def test_time_created_is_filled_where_empty_and_created_at_stays(spool, netty, db):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page(['{"contact_id":1,"v":1,"time_modified":"2024-01-02 00:00:00"}'])
    netty.load(db=db)
    at = db.value('SELECT created_at FROM "netty-contacts"')
    writer.page(['{"contact_id":1,"v":1,"time_created":"2020-02-02 02:02:02","time_modified":"2024-01-02 00:00:00"}'])
    assert netty.load("--json", db=db).json()["contacts"]["updated"] == 1
    writer.page(['{"contact_id":1,"v":1,"time_created":"2021-01-01 00:00:00","time_modified":"2024-01-02 00:00:00"}'])
    assert netty.load("--json", db=db).json()["contacts"]["unchanged"] == 1
    assert db.value("SELECT time_created AT TIME ZONE 'UTC' FROM \"netty-contacts\"").isoformat() == "2020-02-02T02:02:02"
    assert db.value('SELECT created_at FROM "netty-contacts"') == at


@pytest.mark.parametrize("arguments", [(), ("--update", "replace"), ("--batch-rows", "100")])
def test_an_unchanged_record_is_not_written_at_all(spool, netty, db, arguments):
    db.create("contacts")
    writer = spool.table("contacts")
    lines = [f'{{"contact_id":{key},"name":"{"x" * 900}","n":{key}.10,"time_modified":"2024-01-02 00:00:00"}}'
             for key in range(1, 2001)]
    writer.page(lines)
    netty.load(*arguments, db=db)
    db.query("CHECKPOINT")  # else the first touch of a page would log the whole of it
    writes = db.writes("contacts")
    versions = db.query('SELECT contact_id, xmin::text, ctid::text FROM "netty-contacts" ORDER BY 1')
    wal = db.value("SELECT pg_current_wal_insert_lsn()")
    for start in range(0, 2000, 500):
        writer.page(lines[start:start + 500])
    row = netty.load("--json", *arguments, db=db).json()["contacts"]
    written = db.value("SELECT pg_current_wal_insert_lsn() - %s", wal)
    assert (row["unchanged"], row["read"]) == (2000, 2000)
    assert db.writes("contacts") == writes
    assert db.query('SELECT contact_id, xmin::text, ctid::text FROM "netty-contacts" ORDER BY 1') == versions
    assert written < 400_000, "the transactions' own, the catalogs' full pages included; the records are 2 MB"


def test_one_changed_among_unchanged_costs_one_row_version(spool, netty, db):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page([f'{{"contact_id":{key},"v":0}}' for key in range(300)])
    netty.load(db=db)
    before = db.writes("contacts")
    writer.page([f'{{"contact_id":{key},"v":{int(key == 77)}}}' for key in range(300)])
    row = netty.load("--json", db=db).json()["contacts"]
    assert (row["updated"], row["unchanged"]) == (1, 299)
    assert db.writes("contacts") == before + 1


def test_deleted_is_always_present_and_only_the_outermost_members_are_taken_out(spool, netty, db):
    db.create("contacts")
    nested = '{"contact_id":9,"time_modified":"x","time_created":1,"deleted":true}'
    spool.table("contacts").page([
        '{"contact_id":1}', '{"deleted":true,"contact_id":2}', '{"contact_id":3,"deleted":null}',
        f'{{"in":{nested},"list":[{nested}],"contact_id":4}}', '{ "contact_id" : 5 , "time_created" : null }',
        '{"\\u0063ontact_id":6,"x":1}'])
    netty.load(db=db)
    data = dict(db.query('SELECT contact_id, data FROM "netty-contacts"'))
    inner = {"contact_id": 9, "time_modified": "x", "time_created": 1, "deleted": True}
    assert data == {1: {"deleted": False}, 2: {"deleted": True}, 3: {"deleted": False},
                    4: {"in": inner, "list": [inner], "deleted": False}, 5: {"deleted": False},
                    6: {"x": 1, "deleted": False}}


def test_numbers_keep_their_digits(spool, netty, db):
    long = "7" * 120 + "." + "3" * 80
    texts = ["9007199254740993", "-9007199254740993", long, "1.10", "0.10000000000000000000000000001", "1e3", "1E-9"]
    kept = ["9007199254740993", "-9007199254740993", long, "1.10", "0.10000000000000000000000000001", "1000",
            "0.000000001"]
    db.create("contacts")
    spool.table("contacts").page([f'{{"contact_id":{n},"v":{text}}}' for n, text in enumerate(texts)])
    netty.load(db=db)
    assert [row[0] for row in db.query("SELECT data->>'v' FROM \"netty-contacts\" ORDER BY contact_id")] == kept


@pytest.mark.parametrize("form", ["12", "12.0", "1.2e1", "120E-1", "0012"])
def test_a_key_in_any_form_of_an_integer(spool, netty, db, form):
    db.create("contacts")
    spool.table("contacts").page([f'{{"contact_id":{form},"v":1}}'])
    netty.load(db=db, code=65 if form == "0012" else 0)
    assert db.query('SELECT contact_id FROM "netty-contacts"') == ([] if form == "0012" else [(12,)])


def test_zone_less_times_are_wall_clock_of_the_timezone_through_summer_time(spool, netty, db):
    cases = {  # Paris: forward at 2024-03-31 02:00, back at 2024-10-27 03:00
        "2024-01-15 12:00:00": "2024-01-15T11:00:00+00:00", "2024-07-15 12:00:00": "2024-07-15T10:00:00+00:00",
        "2024-03-31 01:59:59": "2024-03-31T00:59:59+00:00", "2024-03-31 03:00:00": "2024-03-31T01:00:00+00:00",
        "2024-03-31 02:30:00": "2024-03-31T01:30:00+00:00",  # exists not: the offset before the gap
        "2024-10-27 02:30:00": "2024-10-27T01:30:00+00:00",  # comes twice: the later
        "2024-10-27T01:30:00": "2024-10-26T23:30:00+00:00", "2024-10-27 02:30:00.25Z": "2024-10-27T02:30:00.250000+00:00",
        "2024-10-27T02:30:00+02:00": "2024-10-27T00:30:00+00:00", "2024-07-15": "2024-07-14T22:00:00+00:00",
        "1900-01-01 00:00:00": "1899-12-31T23:50:39+00:00", "2099-07-01 00:00:00": "2099-06-30T22:00:00+00:00",
        "0000-00-00 00:00:00": None}
    db.create("contacts")
    spool.table("contacts").page([f'{{"contact_id":{n},"time_created":"{text}","time_modified":"{text}"}}'
                                  for n, text in enumerate(cases)])
    netty.load("--timezone", ZONE, db=db)
    found = {key: row for key, (_, *row) in db.rows("contacts").items()}
    from datetime import datetime
    for n, (text, utc) in enumerate(cases.items()):
        moment = utc and datetime.fromisoformat(utc)
        assert found[n] == [moment, moment], text


def test_a_page_larger_than_a_batch_and_pages_without_records(spool, netty, db):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page([])
    writer.page([f'{{"contact_id":{key % 70},"v":{key},"p":"{"é" * (key % 300)}"}}' for key in range(500)])
    writer.page([])
    row = netty.load("--json", "--batch-rows", "11", "--batch-bytes", "1K", db=db).json()["contacts"]
    assert row["read"] == 500 and row["inserted"] == 70
    model = Upserts("contacts").take_all(line for *_, line in writer.records)
    assert_rows(db, "contacts", model)
    assert netty.load("--json", db=db).json().get("contacts", {"read": 0})["read"] == 0
    assert db.query("SELECT DISTINCT segment, page, line FROM netty_sync.progress") == [(1, 3, 0)]


def test_dry_run_writes_nothing_anywhere(spool, netty, db):
    writer = spool.table("contacts")
    writer.page(['{"contact_id":1}', '{"contact_id":"x"}'])
    run = netty.load("--dry-run", "--create-tables", "--json", db=db, code=None)
    assert run.code in (0, 65) and run.json()["contacts"]["read"] == 2, run
    assert db.value("SELECT count(*) FROM pg_class WHERE relname LIKE 'netty%'") == 0
    assert db.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'netty_sync'") == 0
    assert not spool.dead("contacts") and spool.catalog() is None


@pytest.mark.release
def test_a_hundred_thousand_unchanged_records_cost_the_table_nothing(spool, netty, db):
    writer = spool.table("contacts")
    db.create("contacts")
    lines = [f'{{"contact_id":{key},"name":"{"é" * 40}","score":{key}.50,"time_modified":"2024-01-02 00:00:00"}}'
             for key in range(100_000)]
    for start in range(0, len(lines), 1000):
        writer.page(lines[start:start + 1000])
    netty.load(db=db)
    db.settle()  # else what its sessions tell late would count
    db.query("SELECT pg_stat_reset()")
    for start in range(0, len(lines), 100):
        writer.page(lines[start:start + 100])
    row = netty.load("--json", db=db).json()["contacts"]
    assert (row["read"], row["unchanged"] + row["folded"]) == (100_000, 100_000)
    assert db.writes("contacts") == 0
