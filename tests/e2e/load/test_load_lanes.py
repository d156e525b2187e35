"""One table over several connections: which rows go where, and that a page goes in once whatever becomes of them."""
import json
import random
import signal
import time
from urllib.parse import urlparse

import pytest

from harness import Database, assert_balanced, differences, wait_for
from pgparts import PgBouncer, assert_each_page_once, audit_progress
from pgproxy import Proxy
from upserts import History, Upserts

PATIENT = ("--retries", "1000", "--retry-delay", "1ms")
KEYS = 10 ** 9  # hardly any key comes twice: large batches


def write_pages(writer, pages, seed=1, keys=KEYS, most=400):
    model, history = Upserts(writer.name), History(seed, writer.name, keys)
    for _ in range(pages):
        lines = history.page(most) or [history.record()]
        writer.page(lines)
        model.take_all(lines)
    return model


def assert_rows(db, model):
    assert not (wrong := differences(model.rows, db.rows(model.table))), wrong


def transactions(db):
    """What moved together: for each place, the lanes of each transaction that moved them there."""
    places = {}
    for place, lanes in db.query("""SELECT (segment, page, line)::text, array_agg(lane ORDER BY lane)
                                    FROM audit.progress GROUP BY segment, page, line, at ORDER BY min(n)"""):
        places.setdefault(place, []).append(lanes)
    return [sorted(lanes) for lanes in places.values()]


@pytest.mark.parametrize("options, together", [
    ((), [[0, 1], [2, 3]]),
    (("--connections", "4"), [[0], [1], [2], [3]]),
    (("--connections", "1"), [[0, 1, 2, 3]]),
    (("--jobs", "1"), [[0, 1, 2, 3]]),
])
def test_a_large_batch_goes_over_as_many_connections_as_are_asked_for(spool, netty, db, options, together):
    db.create("contacts")
    audit_progress(db)
    model = write_pages(spool.table("contacts"), 20, most=500)
    row = netty.load("--json", "--batch-bytes", "64M", *options, db=db).json()["contacts"]
    assert_balanced({"contacts": row})
    assert row["read"] == len(spool.table("contacts").records)
    assert transactions(db) == [together]
    assert_rows(db, model)
    assert_each_page_once(db, spool.table("contacts"))


def test_a_small_batch_stays_whole(spool, netty, db):
    db.create("contacts")
    audit_progress(db)
    write_pages(spool.table("contacts"), 3, most=100)
    netty.load("--connections", "4", db=db)
    assert transactions(db) == [[[0, 1, 2, 3]]]


def refuse_lane(db, lane, sqlstate):
    """The database fails in that lane's keys only, as long as the table `mood` says so."""
    db.query(f'''CREATE TABLE mood (bad boolean); INSERT INTO mood VALUES (true);
        CREATE FUNCTION lane_of(key bigint) RETURNS int LANGUAGE sql IMMUTABLE AS $$
            SELECT floor((((key::numeric + 18446744073709551616) % 18446744073709551616) * 11400714819323198485)
                    % 18446744073709551616 / 4611686018427387904)::int $$;
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF public.lane_of(new.contact_id) = {lane} AND (SELECT bad FROM public.mood) THEN
                RAISE EXCEPTION 'not now' USING ERRCODE = '{sqlstate}'; END IF;
            RETURN new; END $$;
        CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION refuse()''')


@pytest.mark.parametrize("options", [("--connections", "1"), ("--connections", "2"), ("--connections", "4")])
@pytest.mark.parametrize("lane", [0, 3])
def test_what_one_connection_has_committed_is_not_loaded_again_by_the_next_run(spool, netty, db, lane, options):
    """The first run's batch goes in but for the share of one lane: the next runs load that share, and no other."""
    db.create("contacts")
    audit_progress(db)
    refuse_lane(db, lane, "53100")
    model = write_pages(spool.table("contacts"), 30, seed=lane)
    run = netty.load("--json", "--connections", "4", "--retries", "0", db=db, code=69)
    first = run.json()["contacts"]
    assert_balanced({"contacts": first})
    assert 0 < first["read"] < len(spool.table("contacts").records)
    assert db.query(f"SELECT count(*) FROM netty_sync.progress WHERE (segment = 0) = (lane = {lane})") == [(4,)]
    assert 0 < len(db.rows("contacts")) < len(model.rows)
    db.query("UPDATE mood SET bad = false")
    model.take_all(lines := [History(77, "contacts", KEYS).record() for _ in range(50)])
    spool.table("contacts").page(lines)
    second = netty.load("--json", *options, db=db).json()["contacts"]
    assert_balanced({"contacts": second})
    assert first["read"] + second["read"] == len(spool.table("contacts").records)
    assert_rows(db, model)
    assert_each_page_once(db, spool.table("contacts"))


def test_a_share_that_fails_for_a_while_is_tried_again_without_the_others(spool, netty, db):
    db.create("contacts")
    audit_progress(db)
    refuse_lane(db, 2, "53100")
    model = write_pages(spool.table("contacts"), 20)
    loader = netty.start("netty-load", "--json", "--connections", "4", *PATIENT, db=db)
    wait_for(lambda: db.value("SELECT count(DISTINCT lane) FROM audit.progress") == 3, "the other shares")
    db.query("UPDATE mood SET bad = false")
    assert loader.wait(timeout=60) == 0, open(loader.err_path).read()
    row = json.loads(loader.stdout.read())
    assert_balanced({"contacts": row})
    assert row["read"] == len(spool.table("contacts").records)
    assert_rows(db, model)
    assert_each_page_once(db, spool.table("contacts"))


def test_records_that_the_database_refuses_in_one_share_are_set_aside_once(spool, netty, db):
    db.create("contacts")
    audit_progress(db)
    db.query('ALTER TABLE "netty-contacts" ADD CONSTRAINT grown CHECK ((data->>\'age\')::int >= 0)')
    writer = spool.table("contacts")
    for start in range(0, 6000, 500):
        writer.page([f'{{"contact_id":{key},"age":{-1 if key % 997 == 5 else key}}}' for key in range(start, start + 500)] +
                    ['{"contact_id":"x"}'])
    row = netty.load("--json", "--connections", "4", db=db, code=65).json()["contacts"]
    bad = len([key for key in range(6000) if key % 997 == 5])
    assert_balanced({"contacts": row})
    assert (row["read"], row["inserted"], row["dead"]) == (6012, 6000 - bad, bad + 12)
    assert len(spool.dead("contacts")) == bad + 1, "each version once"
    assert_each_page_once(db, writer)


def test_a_time_limit_that_one_share_does_not_make_halves_the_rest(spool, netty, db):
    db.create("contacts")
    audit_progress(db)
    db.query('''CREATE FUNCTION tire() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN IF (SELECT count(*) FROM many WHERE contact_id % 7 = 0) > 60 THEN
                RAISE EXCEPTION 'too slow' USING ERRCODE = '57014'; END IF; RETURN NULL; END $$;
                CREATE TRIGGER tire AFTER INSERT ON "netty-contacts" REFERENCING NEW TABLE AS many EXECUTE FUNCTION tire()''')
    writer = spool.table("contacts")
    for start in range(0, 4000, 500):
        writer.page([f'{{"contact_id":{key}}}' for key in range(start, start + 500)])
    run = netty.load("--json", "--connections", "2", db=db)
    row = run.json()["contacts"]
    assert_balanced({"contacts": row})
    assert (row["read"], row["inserted"]) == (4000, 4000)
    assert "halved" in run.err
    assert_each_page_once(db, writer)


@pytest.mark.parametrize("pooled", [False, True], ids=["direct", "pooler"])
@pytest.mark.parametrize("seed", [1, 2])
def test_connections_cut_at_random_messages(spool, netty, db, postgres, tmp_path, seed, pooled):
    """Of four connections at a time now and then one is cut, wherever it is, its COMMIT included."""
    db.create("contacts")
    audit_progress(db)
    writer = spool.table("contacts")
    model = write_pages(writer, 25, seed, keys=30_000)
    chance = random.Random(seed)
    at = urlparse(db.url)
    pooler = PgBouncer(tmp_path / "bouncer", at.hostname, at.port, pool=4) if pooled else None
    proxy = Proxy(*(("127.0.0.1", urlparse(pooler.url(db.name)).port) if pooled else (at.hostname, at.port)),
                  lambda message: chance.random() < (0.25 if message.data.startswith(b"COMMIT") else 0.01))
    try:
        run = netty.load("--json", "--connections", "4", "--batch-rows", "2500", *PATIENT, db=proxy.url(db.name))
    finally:
        proxy.close()
        if pooled:
            pooler.stop()
    row = run.json()["contacts"]
    assert proxy.cuts >= 3
    assert_balanced({"contacts": row})
    assert row["read"] == len(writer.records)
    assert_rows(db, model)
    assert_each_page_once(db, writer)


@pytest.mark.parametrize("seed", [1, 2])
def test_loaders_with_other_numbers_of_connections_killed_at_random_share_a_table(spool, netty, db, seed):
    db.create("contacts")
    audit_progress(db)
    writer, chance = spool.table("contacts"), random.Random(seed)
    model = write_pages(writer, 40, seed, keys=40_000)
    started, rounds = [], 0
    while True:
        started.append(netty.start("netty-load", "--connections", chance.choice("124"), "--batch-rows", "2000", *PATIENT, db=db))
        rounds += 1
        if len(started) < 2:
            continue
        time.sleep(chance.random() * 0.3)
        victim = started.pop(chance.randrange(2))
        if rounds < 12 and victim.poll() is None:
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            continue
        for loader in (victim, *started):
            assert loader.wait(timeout=120) == 0, open(loader.err_path).read()
        break
    assert_rows(db, model)
    assert_each_page_once(db, writer)


def test_a_replay_over_several_connections_into_another_database(spool, netty, db, postgres):
    db.create("contacts")
    model = write_pages(spool.table("contacts"), 30, keys=5_000)
    netty.load("--connections", "4", db=db)
    assert_rows(db, model)
    other = Database(postgres)
    try:
        row = netty.load("--replay", "--create-tables", "--json", "--connections", "4", db=other).json()["contacts"]
        assert_balanced({"contacts": row})
        assert_rows(other, model)
    finally:
        other.drop()


def test_the_bookkeeping_of_an_earlier_version_is_taken_over(spool, netty, db):
    db.create("contacts")
    db.query(f"""CREATE SCHEMA netty_sync;
        CREATE TABLE netty_sync.progress (spool text NOT NULL, table_name text NOT NULL, segment bigint NOT NULL DEFAULT 0,
            page bigint NOT NULL DEFAULT 0, line bigint NOT NULL DEFAULT 0, loaded_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (spool, table_name));
        INSERT INTO netty_sync.progress VALUES ('{spool.id}', 'contacts', 1, 1, 0);
        INSERT INTO "netty-contacts" (contact_id, data) VALUES (1, '{{}}')""")
    writer = spool.table("contacts")
    writer.page(['{"contact_id":1}'])
    writer.page(['{"contact_id":2}', '{"contact_id":3}'])
    dry = netty.load("--dry-run", db=db, code=None)
    assert dry.code != 0 and "earlier netty-load" in dry.err
    row = netty.load("--json", db=db).json()["contacts"]
    assert row["read"] == 2 and sorted(db.rows("contacts")) == [1, 2, 3]
    assert db.query("SELECT DISTINCT segment, page, line FROM netty_sync.progress") == [(1, 2, 0)]


def test_sigterm_while_all_connections_wait_for_a_lock(spool, netty, db):
    db.create("contacts")
    audit_progress(db)
    model = write_pages(spool.table("contacts"), 30)
    with db.connection.cursor() as cursor:
        cursor.execute('BEGIN; LOCK TABLE "netty-contacts" IN SHARE MODE')
        loader = netty.start("netty-load", "--json", "--connections", "4", db=db)
        wait_for(lambda: cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted") or cursor.fetchone()[0] >= 2,
                 "the waiting shares")
        loader.terminate()
        assert loader.wait(timeout=60) == 75, open(loader.err_path).read()
        cursor.execute("ROLLBACK")
    row = netty.load("--json", db=db).json()["contacts"]
    assert row["read"] == len(spool.table("contacts").records)
    assert_rows(db, model)
    assert_each_page_once(db, spool.table("contacts"))
