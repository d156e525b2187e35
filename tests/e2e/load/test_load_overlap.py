"""Batches one behind the other (load/upsert/parallel_upsert.h): a lane's share begins once the lane's share before it is in, whatever the other
lanes are at; and whatever becomes of those, every page goes in once."""
import json
import signal

import pytest

from harness import assert_balanced, differences, wait_for
from pgparts import assert_each_page_once, audit_progress
from spoolfile import read_sumline
from upserts import Upserts

BATCH, BATCHES = 1200, 8
TWO = ("--connections", "2", "--batch-rows", str(BATCH), "--retries", "100", "--retry-delay", "10ms")


def lane_of(key):
    return key % 2 ** 64 * 11400714819323198485 % 2 ** 64 >> 62


def write(spool, batches=BATCHES):
    """Each key comes in each second batch again, newer."""
    writer, model = spool.table("contacts"), Upserts("contacts")
    for batch in range(batches):
        lines = [f'{{"contact_id":{batch % 2 * BATCH + i},"time_modified":"2024-01-02 03:04:{batch:02d}","v":{batch}}}'
                 for i in range(BATCH)]
        for at in range(0, BATCH, 300):
            writer.page(lines[at:at + 300])
        model.take_all(lines)
    return writer, model


def gate(db, batch, lane, deed):
    """What the database does with one row of this batch and lane, as long as the table `mood` says so."""
    key = next(key for key in range(batch % 2 * BATCH, 10 ** 6) if lane_of(key) == lane)
    db.query(f"""CREATE TABLE mood (bad boolean); INSERT INTO mood VALUES (true);
        CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF new.contact_id = {key} AND (new.data->>'v')::int = {batch} AND (SELECT bad FROM public.mood) THEN {deed}; END IF;
            RETURN new; END $$;
        CREATE TRIGGER gate BEFORE INSERT OR UPDATE ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION gate()""")


def pages_in(db):
    return [page for _, page in db.query("SELECT lane, (segment - 1) * 1000 + page FROM netty_sync.progress ORDER BY lane")]


WAIT = "PERFORM pg_advisory_lock_shared(77); PERFORM pg_advisory_unlock_shared(77)"


@pytest.fixture
def table(db):
    db.create("contacts")
    audit_progress(db)
    return db


def hold(db):
    db.query("SELECT pg_advisory_lock(77)")


def let_go(db):
    db.query("SELECT pg_advisory_unlock(77)")


def check(table, writer, model, row):
    assert_balanced({"contacts": row})
    assert row["read"] == len(writer.records)
    assert not (wrong := differences(model.rows, table.rows("contacts"))), wrong
    assert_each_page_once(table, writer)


def start_held(spool, netty, table, lane):
    """The third batch's share of this lane waits; the fourth's of the others goes in meanwhile."""
    writer, model = write(spool)
    gate(table, 2, lane, WAIT)
    hold(table)
    loader = netty.start("netty-load", "--json", *TWO, db=table)
    here, there = (slice(2, 4), slice(0, 2)) if lane > 1 else (slice(0, 2), slice(2, 4))
    wait_for(lambda: pages_in(table)[there] == [16, 16], "the share behind the other one")
    assert pages_in(table)[here] == [8, 8]
    return writer, model, loader


@pytest.mark.parametrize("lane", [1, 3])
def test_a_share_does_not_wait_for_the_other_lanes_of_the_batch_before(spool, netty, table, lane):
    writer, model, loader = start_held(spool, netty, table, lane)
    let_go(table)
    out, _ = loader.communicate(timeout=120)
    assert loader.returncode == 0, open(loader.err_path).read()
    check(table, writer, model, json.loads(out))


@pytest.mark.parametrize("how", ["kill", "terminate", "cut", "stop"])
@pytest.mark.parametrize("lane", [1, 3])
def test_lanes_that_are_a_batch_ahead_stay_ahead(spool, netty, table, lane, how):
    writer, model, loader = start_held(spool, netty, table, lane)
    read = 0
    if how == "kill":
        loader.kill()
        loader.wait()
        table.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'netty-load%'")
        read = None
    elif how == "stop":
        loader.send_signal(signal.SIGTERM)
        out, _ = loader.communicate(timeout=120)
        read = json.loads(out)["read"]
        assert loader.returncode == 75
    else:
        table.query("""SELECT CASE WHEN %s = 'cut' THEN pg_terminate_backend(pid) ELSE pg_cancel_backend(pid) END
                       FROM pg_stat_activity WHERE application_name LIKE 'netty-load%%' AND wait_event_type = 'Lock'""", how)
    let_go(table)
    if how in ("kill", "stop"):
        row = netty.load("--json", *TWO, db=table).json()["contacts"]
        row["read"] += len(writer.records) - row["read"] if read is None else read
        assert not (wrong := differences(model.rows, table.rows("contacts"))), wrong
        assert row["read"] == len(writer.records)
        assert_each_page_once(table, writer)
    else:
        out, _ = loader.communicate(timeout=120)
        assert loader.returncode == 0, open(loader.err_path).read()
        check(table, writer, model, json.loads(out))


@pytest.mark.parametrize("batch", [2, 3])
@pytest.mark.parametrize("lane", [0, 2])
def test_a_row_that_is_refused_while_the_next_batch_is_under_way_is_the_only_one_set_aside(spool, netty, table, batch, lane):
    writer, model = write(spool)
    gate(table, batch, lane, "RAISE EXCEPTION 'no' USING ERRCODE = '23514'")
    row = netty.load("--json", *TWO, db=table, code=65).json()["contacts"]
    assert row["dead"] == 1 and row["read"] == len(writer.records)
    assert not (wrong := differences(model.rows, table.rows("contacts"))), wrong
    assert spool.dead("contacts") == [], "a later batch has a newer version of it, which went in"
    overtaken, = map(read_sumline, spool.keep_dead("contacts").splitlines())
    texts = {(segment, page, line): text for segment, page, line, text in writer.records}
    assert json.loads(texts[overtaken["segment"], overtaken["page"], overtaken["line"]])["v"] == batch
    assert_each_page_once(table, writer)


@pytest.mark.parametrize("sqlstate", ["40001", "53100", "57014"])
def test_a_share_that_fails_for_a_while_is_tried_again(spool, netty, table, sqlstate):
    writer, model = write(spool)
    gate(table, 2, 3, f"RAISE EXCEPTION 'not now' USING ERRCODE = '{sqlstate}'")
    loader = netty.start("netty-load", "--json", *TWO, db=table)
    wait_for(lambda: pages_in(table)[:2] > [8, 8], "the others")
    table.query("UPDATE mood SET bad = false")
    out, _ = loader.communicate(timeout=120)
    assert loader.returncode == 0, open(loader.err_path).read()
    check(table, writer, model, json.loads(out))


def test_two_loaders_at_one_table_each_with_batches_under_way(spool, netty, table):
    writer, model, loader = start_held(spool, netty, table, 3)
    other = netty.start("netty-load", "--json", *TWO, db=table)
    wait_for(lambda: table.value("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'netty-load%%'") >= 3,
             "the other loader")
    let_go(table)
    rows = []
    for process in (loader, other):
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0, open(process.err_path).read()
        rows.append(json.loads(out))
    assert sum(row["read"] for row in rows) == len(writer.records)
    assert not (wrong := differences(model.rows, table.rows("contacts"))), wrong
    assert_each_page_once(table, writer)


@pytest.mark.parametrize("touched", ["", "lane < 2", "lane = 3", "true"])
def test_what_is_known_to_be_unchanged_is_exact_while_batches_overlap(spool, netty, table, touched):
    """All is fetched again, some of it changed by others; where somebody has been at lanes' progress, nothing of what was
    known is believed any more."""
    writer, model = write(spool, 4)
    netty.load("--json", *TWO, db=table)
    for round_ in range(3):
        table.query("""UPDATE "netty-contacts" SET data = data || '{"v":-1}' WHERE contact_id %% 411 = %s""", round_)
        for key, (data, *times) in list(model.rows.items()):
            if key % 411 == round_:
                model.rows[key] = ({**data, "v": "-1"}, *times)
        if touched:
            table.query(f"UPDATE netty_sync.progress SET loaded_at = now() WHERE {touched}")
        for batch in (2, 3, 2, 3, 2, 3):
            lines = [f'{{"contact_id":{batch % 2 * BATCH + i},"time_modified":"2024-01-02 03:04:{batch:02d}","v":{batch}}}'
                     for i in range(BATCH)]
            writer.page(lines)
            model.take_all(lines)
        row = netty.load("--json", *TWO, db=table).json()["contacts"]
        assert_balanced({"contacts": row})
        assert row["updated"] == sum(key % 411 == round_ for key in range(2 * BATCH))
        assert not (wrong := differences(model.rows, table.rows("contacts"))), wrong
