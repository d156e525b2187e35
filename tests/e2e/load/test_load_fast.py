"""The loader's fast way (load/upsert/txn.h): whatever it does with a row must be what the plain way would have done."""
import random
import threading

import psycopg2
import pytest

from harness import assert_balanced, differences, wait_for
from upserts import History, Upserts

PLAIN = ("--batch-rows", "100")  # so few are not asked about
FAST = ("--batch-rows", "20000", "--batch-bytes", "64M")


def assert_rows(db, model):
    assert not (wrong := differences(model.rows, db.rows(model.table))), wrong


def way(run):
    """What the log tells of the batches: the plain way is named only where the fast one failed."""
    return run.err.count("loaded the plain way")


def local_members(db):
    """What somebody else keeps in the rows: a merge must not lose it."""
    db.query("""UPDATE "netty-contacts" SET data = data || '{"local":{"note":"keep"}}' WHERE contact_id % 3 = 0""")


@pytest.mark.parametrize("update", ["merge", "replace"])
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_batches_of_all_sorts_end_as_one_upsert_after_the_other(spool, netty, db, seed, update):
    """New, newer, equal, older, timeless and repeated lines of many shapes, in batches large enough to be asked about."""
    history, model = History(seed, keys=4000), Upserts("contacts", update)
    writer = spool.table("contacts")
    db.create("contacts")
    for run in range(3):
        for _ in range(30):
            lines = history.page(100)
            writer.page(lines)
            model.take_all(lines)
        row = netty.load("--json", "--update", update, *FAST, db=db).json()
        assert_balanced(row)
        assert_rows(db, model)


@pytest.mark.parametrize("update", ["merge", "replace"])
@pytest.mark.parametrize("key", ["smallint", "integer", "bigint"])
def test_counts_and_rows_are_those_of_the_plain_way(spool, netty, postgres, key, update):
    """Two databases, one spool: a third of each batch is new, a third newer, a third unchanged, some older, some local."""
    from harness import Database
    pair = [Database(postgres), Database(postgres)]
    writer = spool.table("contacts")

    def line(number, version):
        members = [f'"contact_id":{number}', f'"v":{version}', f'"time_modified":"2024-01-{version + 10:02d} 00:00:00"']
        if number % 5:
            members += [f'"name":"n{number}"', '"é\\"\\\\":[1.50,{"b":1,"aa":2}]', '"bb":1', '"a":"\\u00e9"']
        random.Random(number).shuffle(members)
        return "{" + ",".join(members) + "}"

    def compare():
        rows = [netty.load("--json", "--update", update, *size, db=db).json()["contacts"]
                for db, size in zip(pair, (FAST, PLAIN))]
        counts = [{name: row[name] for name in row if name != "seconds"} for row in rows]
        assert counts[0] == counts[1]
        found = [db.query("""SELECT contact_id, data::text, time_created, time_modified FROM "netty-contacts"
                             ORDER BY contact_id""") for db in pair]
        assert found[0] == found[1]
        return counts[0]

    try:
        for db in pair:
            db.create("contacts")
            db.query(f'ALTER TABLE "netty-contacts" ALTER contact_id TYPE {key}')
        writer.page([line(number, 1) for number in range(1, 3001)])
        assert compare()["inserted"] == 3000
        for db in pair:
            local_members(db)
        writer.page([line(number, 2 if number < 1500 else 0 if number < 1600 else 1) for number in range(500, 4001)])
        counts = compare()
        assert (counts["inserted"], counts["stale"], counts["updated"]) == (1000, 100, 1000 + (update == "replace") * 467)
        writer.page([line(number, 2 if 500 <= number < 1500 else 1) for number in range(1, 4001)])
        compare()
        kept = pair[0].value("""SELECT count(*) FROM "netty-contacts" WHERE data ? 'local'""")
        assert kept == (1000 if update == "merge" else 0)
    finally:
        for db in pair:
            db.drop()


def test_a_writer_between_the_question_and_the_rows_costs_a_second_try_and_nothing_else(spool, netty, db):
    """It inserts one of the keys that were not there, uncommitted while the loader's COPY comes to it."""
    db.create("contacts")
    db.query("""INSERT INTO "netty-contacts" VALUES (5000, '{}')""")  # a table without rows is not asked about
    spool.table("contacts").page([f'{{"contact_id":{key},"v":1,"time_modified":"2024-01-02"}}' for key in range(1, 2001)])
    other = psycopg2.connect(db.url)
    other.cursor().execute("""INSERT INTO "netty-contacts" VALUES (1000, '{"v":0,"own":true}', NULL, '2024-01-01')""")
    loader = netty.start("netty-load", "--json", "--log-level", "debug", "--jobs", "1", *FAST, db=db)
    wait_for(lambda: db.value("SELECT count(*) FROM pg_locks WHERE NOT granted"), "the loader's wait")
    other.commit()
    other.close()
    out, _ = loader.communicate(timeout=120)
    assert loader.returncode == 0, open(loader.err_path).read()
    assert '"inserted":1999,"updated":1,' in out, out
    assert "loaded the plain way" in open(loader.err_path).read()
    assert db.value('SELECT data FROM "netty-contacts" WHERE contact_id = 1000') == {"v": 1, "own": True, "deleted": False}


def test_keys_that_were_taken_to_be_new_and_are_not_cost_a_second_try_and_nothing_else(spool, netty, db):
    """After a batch of new keys the next one is not asked about. Here somebody has a row of the third."""
    writer, model = spool.table("contacts"), Upserts("contacts")
    db.create("contacts")
    for page in range(4):
        lines = [f'{{"contact_id":{page * 200 + i},"v":{page},"time_modified":"2024-05-05 00:00:00"}}' for i in range(200)]
        writer.page(lines)
        if page == 2:
            for line in ('{"contact_id":450,"local":1,"time_modified":"2024-01-01 00:00:00"}',
                         '{"contact_id":451,"local":2,"time_modified":"2025-01-01 00:00:00"}'):
                db.query("""INSERT INTO "netty-contacts" (contact_id, data, time_modified)
                            SELECT (r->>'contact_id')::int, r - 'contact_id' - 'time_modified' || '{"deleted":false}',
                            (r->>'time_modified')::timestamp FROM (SELECT %s::jsonb) AS x (r)""", line)
                model.take(line)
        model.take_all(lines)
    run = netty.load("--json", "--batch-rows", "200", "--connections", "1", "--log-level", "debug", db=db)
    row = run.json()["contacts"]
    assert (row["inserted"], row["updated"], row["stale"]) == (798, 1, 1)
    assert_rows(db, model)
    assert run.err.count("the batch is not all new") == 1 and way(run) == 0


def test_records_that_come_once_more_behind_a_list_by_key_are_not_taken_to_be_new(spool, netty, db):
    """As after a backfill: the list is read by key, then what changed last is asked for by time."""
    def line(key, day=5):
        return f'{{"contact_id":{key},"time_modified":"2024-05-{day:02d} 00:00:00"}}'

    writer = spool.table("contacts")
    db.create("contacts")
    for first in range(0, 2500, 100):
        writer.page([line(key) for key in range(first, first + 100)])
    writer.page([line(key, 6) for key in (7, 1200, 1900)])
    run = netty.load("--json", "--batch-rows", "1000", "--connections", "1", "--log-level", "debug", db=db)
    assert (run.json()["contacts"]["inserted"], run.json()["contacts"]["updated"]) == (2500, 3)
    assert run.err.count("the batch is not all new") == 0, run.err
    assert db.writes("contacts") == 2503


@pytest.mark.parametrize("update", ["merge", "replace"])
@pytest.mark.parametrize("odd", ["equal", "older", "timeless", "new", "local"])
def test_rows_that_were_taken_to_be_newer_and_are_not_end_as_they_would_one_by_one(spool, netty, db, odd, update):
    """After a batch of newer rows the next one is not asked about. Here one row of the third is something else."""
    def line(key, day, more=""):
        return f'{{"contact_id":{key},"v":{day},{more}"time_modified":"2024-05-{day:02d} 00:00:00"}}'

    writer, model = spool.table("contacts"), Upserts("contacts", update)
    db.create("contacts")
    writer.page(lines := [line(key, 1) for key in range(1000) if (odd, key) != ("new", 450)])
    model.take_all(lines)
    options = ("--json", "--update", update, "--batch-rows", "200", "--connections", "1", "--log-level", "debug")
    assert netty.load(*options, db=db).json()["contacts"]["inserted"] == len(lines)
    if odd == "local":
        db.query("""UPDATE "netty-contacts" SET data = data || '{"local":1}', time_modified = NULL WHERE contact_id = 450""")
        model.rows[450] = ({**model.rows[450][0], "local": "1"}, None, None)
    # Equal, but not the same line: that one may be known, and then all are asked about.
    oddly = {"equal": '{"time_modified":"2024-05-01 00:00:00","v":1,"contact_id":450}', "older": line(450, 1, '"old":true,').replace("-05-01", "-04-01"),
             "timeless": '{"contact_id":450,"v":7}'}.get(odd, line(450, 2))
    for batch in range(5):
        writer.page(lines := [oddly if key == 450 else line(key, 2) for key in range(batch * 200, batch * 200 + 200)])
        model.take_all(lines)
    run = netty.load(*options, db=db)
    row = run.json()["contacts"]
    assert (row["updated"], row["inserted"], row["unchanged"], row["stale"]) == {
        "equal": (999, 0, 1, 0), "older": (999, 0, 0, 1), "timeless": (1000, 0, 0, 0), "new": (999, 1, 0, 0),
        "local": (1000, 0, 0, 0)}[odd]
    assert_rows(db, model)
    assert run.err.count("the batch is not all new") == 1 and way(run) == 0


def test_a_row_made_newer_between_the_question_and_the_rows_stays(spool, netty, db):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page([f'{{"contact_id":{key},"v":1,"time_modified":"2024-01-01"}}' for key in range(1, 2001)])
    netty.load(db=db)
    writer.page([f'{{"contact_id":{key},"v":2,"time_modified":"2024-01-02"}}' for key in range(1, 2001)])
    other = psycopg2.connect(db.url)
    other.cursor().execute("""UPDATE "netty-contacts" SET data = '{"v":3}', time_modified = '2024-01-03'
                              WHERE contact_id = 1000""")
    other.cursor().execute('DELETE FROM "netty-contacts" WHERE contact_id = 1001')
    loader = netty.start("netty-load", "--json", "--jobs", "1", *FAST, db=db)
    wait_for(lambda: db.value("SELECT count(*) FROM pg_locks WHERE NOT granted"), "the loader's wait")
    other.commit()
    other.close()
    out, _ = loader.communicate(timeout=120)
    assert loader.returncode == 0 and '"updated":1999,"unchanged":0,"stale":1' in out, out
    assert db.query("""SELECT contact_id, data->>'v' FROM "netty-contacts" WHERE contact_id IN (1000, 1001, 1002)
                       ORDER BY 1""") == [(1000, "3"), (1001, "2"), (1002, "2")]


def test_two_loaders_of_two_spools_and_a_busy_writer_end_as_some_order_of_upserts(netty, db, tmp_path):
    """Each key's newest version is known whatever the order; the writer's own member survives every merge. Both spools hold the table's
    records (as `time_created` says), so it does not matter whether one has begun before the other looks."""
    from harness import Netty
    from spoolfile import SpoolWriter
    db.create("contacts")
    loaders = []
    for number in range(2):
        folder = tmp_path / f"n{number}"
        folder.mkdir()
        programs = Netty(folder)
        writer = SpoolWriter(programs.spool).table("contacts")
        for version in range(4):
            for start in range(0, 3000, 500):
                writer.page([f'{{"contact_id":{key},"v":{2 * version + number},"time_created":"2020-01-01 00:00:00",'
                             f'"time_modified":"2024-01-01 00:00:{2 * version + number:02d}"}}' for key in range(start, start + 500)])
        loaders.append(programs)
    stop = threading.Event()
    seen = set()

    def write():
        own = psycopg2.connect(db.url)
        own.autocommit = True
        with own.cursor() as cursor:
            while not stop.is_set():
                for key in range(0, 3000, 97):
                    cursor.execute("""UPDATE "netty-contacts" SET data = data || '{"own":1}' WHERE contact_id = %s
                                      RETURNING 1""", (key,))
                    if cursor.fetchone():
                        seen.add(key)
        own.close()

    thread = threading.Thread(target=write)
    thread.start()
    running = [programs.start("netty-load", "--json", "--retry-delay", "10ms", *FAST, db=db) for programs in loaders]
    ends = [process.communicate(timeout=240)[0] for process in running]
    stop.set()
    thread.join()
    for process, out in zip(running, ends):
        assert process.returncode == 0, open(process.err_path).read()
        assert '"read":12000' in out and '"dead":0' in out, out
    rows = dict(db.query('SELECT contact_id, data FROM "netty-contacts"'))
    assert len(rows) == 3000 and all(data["v"] == 7 for data in rows.values())
    assert seen and all(rows[key].get("own") == 1 for key in seen)
    for programs in loaders:
        programs.stop_all()


@pytest.mark.parametrize("what", ["trigger", "rls", "rounded", "partitions"])
def test_tables_that_are_not_plain_get_the_plain_way(spool, netty, db, what):
    db.create("contacts")
    table = '"netty-contacts"'
    if what == "trigger":
        db.query(f"""CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                     new.data = new.data || '{{"marked":true}}'; RETURN new; END $$;
                     CREATE TRIGGER mark BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION mark()""")
    elif what == "rls":
        db.query(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    elif what == "rounded":
        db.query(f"ALTER TABLE {table} ALTER time_modified TYPE timestamptz(0)")
    else:
        db.query(f"""DROP TABLE {table}; CREATE TABLE {table} (contact_id integer PRIMARY KEY, data jsonb NOT NULL,
                     time_created timestamptz, time_modified timestamptz) PARTITION BY RANGE (contact_id);
                     CREATE TABLE low PARTITION OF {table} FOR VALUES FROM (0) TO (1000);
                     CREATE TABLE high PARTITION OF {table} DEFAULT""")
    writer = spool.table("contacts")
    model = Upserts("contacts")
    for version in (1, 2, 2):
        lines = [f'{{"contact_id":{key},"v":{version},"time_modified":"2024-01-0{version} 00:00:00.7"}}'
                 for key in range(1, 2001)]
        writer.page(lines)
        model.take_all(lines)
        run = netty.load("--json", "--log-level", "debug", *FAST, db=db)
        assert_balanced(run.json())
        assert way(run) == 0
    rows = db.query(f"SELECT contact_id, data->>'v', data ? 'marked' FROM {table} ORDER BY 1")
    assert rows == [(key, "2", what == "trigger") for key in range(1, 2001)]


def test_a_role_that_may_not_read_all_columns_gets_the_plain_way(spool, netty, db):
    """xmin and its like need SELECT on the table; the plain way does with the columns."""
    db.create("contacts")
    db.query(f'''DROP ROLE IF EXISTS "{db.name}_few"; CREATE ROLE "{db.name}_few" LOGIN;
                 GRANT SELECT (contact_id, data, time_created, time_modified), INSERT, UPDATE ON "netty-contacts"
                 TO "{db.name}_few"; GRANT CREATE ON DATABASE "{db.name}" TO "{db.name}_few"''')
    writer = spool.table("contacts")
    url = db.url.replace("netty@", f"{db.name}_few@")
    for version in (1, 2):
        writer.page([f'{{"contact_id":{key},"v":{version},"time_modified":"2024-01-0{version}"}}'
                     for key in range(1, 2001)])
        netty.load(*FAST, db=url)
    assert db.value("SELECT count(*) FROM \"netty-contacts\" WHERE data->>'v' = '2'") == 2000
    db.query(f'DROP OWNED BY "{db.name}_few"; DROP ROLE "{db.name}_few"')


@pytest.mark.parametrize("bad", [1, 700, 2000])
def test_a_refused_row_among_new_newer_and_unchanged_ones_is_the_only_one_set_aside(spool, netty, db, bad):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page([f'{{"contact_id":{key},"v":1,"time_modified":"2024-01-01"}}' for key in range(1, 1501)])
    netty.load(db=db)
    db.query("""ALTER TABLE "netty-contacts" ADD CHECK (data->>'v' <> '13')""")
    writer.page([f'{{"contact_id":{key},"v":{13 if key == bad else 2},"time_modified":"2024-01-0{1 + key % 2}"}}'
                 for key in range(1, 2001)])
    row = netty.load("--json", *FAST, db=db, code=65).json()["contacts"]
    assert (row["inserted"] + row["updated"], row["dead"]) == (1999, 1)
    assert [letter["sqlstate"] for letter in spool.dead("contacts")] == ["23514"]
    assert db.value("SELECT count(*) FROM \"netty-contacts\" WHERE data->>'v' = '2'") == 1999
