"""The cache of lines that need not be looked at (load/unchanged/unchanged_cache.h): with it all is as without it, whatever others do."""
import fcntl
import random
import re
import shutil
import signal
import subprocess

import psycopg2
import pytest

from harness import Database, Postgres, assert_balanced, differences
from pgparts import run_as_owner
from spoolfile import copy_spool
from test_load_commits import wait_until_held
from upserts import History, Upserts


def caches(netty, table="contacts"):
    return sorted((netty.spool / table).glob("unchanged-*"))


def load(netty, db, *arguments, **keywords):
    """The counts, and how many lines were known."""
    run = netty.load("--json", "--log-level", "debug", *arguments, db=db, **keywords)
    row = run.json()["contacts"]
    assert_balanced({"contacts": row})
    row.pop("seconds")
    return row, sum(map(int, re.findall(r" known=(\d+)", run.err)))


def lines_of(keys, version=1, day=2, more=""):
    return [f'{{"contact_id":{key},"v":{version},"time_modified":"2024-01-{day:02d}"{more}}}' for key in keys]


def stored(db):
    return db.query('SELECT contact_id, data::text, time_created, time_modified FROM "netty-contacts" ORDER BY 1')


@pytest.mark.parametrize("arguments", [(), ("--update", "replace"), ("--batch-rows", "100"), ("--connections", "1")])
def test_lines_that_were_loaded_before_are_known(spool, netty, db, arguments):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page(lines_of(range(2000)))
    row, known = load(netty, db, *arguments)
    assert (row["inserted"], known) == (2000, 0)
    writer.page(lines_of(range(2000)))
    row, known = load(netty, db, *arguments)
    if "--batch-rows" in arguments:  # small batches learn what was written only
        assert row["unchanged"] == 2000
    else:
        assert row["unchanged"] == 2000 and known >= 1990
    writes = db.writes("contacts")
    writer.page(lines_of(range(1000)) + lines_of(range(1000, 3000), 2, 3))
    row, known = load(netty, db, *arguments)
    assert (row["unchanged"], row["updated"], row["inserted"]) == (1000, 1000, 1000)
    assert db.writes("contacts") == writes + 2000
    writer.page(lines_of(range(1000)) + lines_of(range(1000, 3000), 2, 3))
    row, known = load(netty, db, *arguments)
    assert row["unchanged"] == 3000 and (known >= 2900 or "--batch-rows" in arguments)  # until a sample tells where
    assert db.writes("contacts") == writes + 2000
    assert len(caches(netty)) == 1 and caches(netty)[0].stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("connections", [1, 3])
def test_the_overlap_of_incremental_runs_and_a_full_fetch_after_them_are_known(spool, netty, db, connections):
    """As a scheduled pair brings them: each run the end of the list again, and what has changed; then the whole list."""
    db.create("contacts")
    writer = spool.table("contacts")
    listed = [f'{{"contact_id":{key},"v":0,"time_modified":"2024-01-02 00:00:00"}}' for key in range(5000)]
    writer.page(listed)
    load(netty, db, "--connections", connections)
    for turn in range(1, 13):
        changed = [key for key in range(5000) if key % 97 == turn]
        gone = {f'"contact_id":{key},' for key in changed}
        overlap = listed[-200:]
        listed = [line for line in listed if not any(key in line for key in gone)]
        new = [f'{{"contact_id":{key},"v":{turn},"time_modified":"2024-02-02 00:00:{turn:02d}"}}' for key in changed]
        writer.page([line for line in overlap if line in set(listed)] + new)
        listed += new
        row, known = load(netty, db, "--connections", connections)
        assert row["updated"] == len(new) and row["unchanged"] == known
    for _ in range(3):
        for at in range(0, len(listed), 500):
            writer.page(listed[at:at + 500])
        row, known = load(netty, db, "--connections", connections)
        assert (row["unchanged"], known) == (5000, 5000)
    row, known = load(netty, db, "--connections", connections, "--replay")
    assert row["updated"] == 0


INTERFERENCE = [
    'UPDATE "netty-contacts" SET data = data || \'{"local":1}\' WHERE contact_id % 7 = {n}',
    'UPDATE "netty-contacts" SET data = data - \'v\' WHERE contact_id % 11 = {n}',
    'UPDATE "netty-contacts" SET contact_id = contact_id WHERE contact_id % 5 = {n}',  # another version, the same row
    'DELETE FROM "netty-contacts" WHERE contact_id % 13 = {n}',
    'UPDATE "netty-contacts" SET time_modified = \'2098-01-01\' WHERE contact_id % 17 = {n}',
    'UPDATE "netty-contacts" SET time_modified = NULL WHERE contact_id % 19 = {n}',
    'UPDATE "netty-contacts" SET time_created = NULL, data = \'[1]\' WHERE contact_id % 23 = {n}',
    'BEGIN; DELETE FROM "netty-contacts" WHERE contact_id % 3 = {n}; ROLLBACK',
    # (VACUUM FULL has all loaded again: test_load_remade.py)
    'VACUUM FREEZE "netty-contacts"', "SELECT 1",
]


@pytest.mark.parametrize("update", ["merge", "replace"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_with_and_without_the_cache_counts_and_rows_are_the_same(spool, netty, postgres, seed, update):
    """Re-read pages, others' hands in between, settings that come and go. Without: a table with a trigger gets the plain way."""
    pair = [Database(postgres), Database(postgres)]
    chance, history = random.Random(seed), History(seed, keys=1500)
    writer = spool.table("contacts")
    pages, known_in_all = [], 0
    try:
        for db in pair:
            db.create("contacts")
        pair[1].query("""CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
                         CREATE TRIGGER nothing BEFORE INSERT ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION nothing()""")
        for _ in range(8):
            for _ in range(6):
                if pages and chance.random() < 0.6:
                    writer.page(chance.choice(pages))
                else:
                    pages.append(history.page(150))
                    writer.page(pages[-1])
            size = chance.choice([300, 20000, 20000])
            how = chance.choice([update, update, update, "replace"])
            statement = chance.choice(INTERFERENCE).replace("{n}", str(chance.randrange(3)))
            rows = []
            for number, db in enumerate(pair):
                for part in statement.split("; "):
                    db.query(part)
                row, known = load(netty, db, "--update", how, "--batch-rows", size, "--connections", 1)
                rows.append(row)
                known_in_all += known * (number == 0)
                assert number == 0 or known == 0
            assert rows[0] == rows[1], statement
            assert stored(pair[0]) == stored(pair[1]), statement
        assert known_in_all > 100
    finally:
        for db in pair:
            db.drop()


@pytest.mark.parametrize("first,second", [
    (lines_of([5]), lines_of([5], 2, 3)), (lines_of([5], 2, 3), lines_of([5])), (lines_of([5]), lines_of([5], 2, 2)),
    (lines_of([5]), ['{"contact_id":5,"v":9}']), (['{"contact_id":5,"v":9}'], lines_of([5])),
    (lines_of([5]), lines_of([5], 3, 4, ',"other":1')), (lines_of([5]), lines_of([5]))])
@pytest.mark.parametrize("order", ["known first", "known last"])
def test_a_known_line_and_another_of_its_key_in_one_batch(spool, netty, db, first, second, order):
    db.create("contacts")
    model = Upserts("contacts")
    writer = spool.table("contacts")
    rest = lines_of(range(10, 1010))

    def page(lines):
        writer.page(lines)
        model.take_all(lines)

    page(first + rest)
    load(netty, db, "--connections", 1)
    page(first + second + rest if order == "known first" else second + first + rest)
    row, known = load(netty, db, "--connections", 1)
    assert known >= 1000
    assert not (wrong := differences(model.rows, db.rows("contacts"))), wrong


def test_a_row_that_was_changed_and_changed_back_is_compared(spool, netty, db):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page(lines_of(range(1000)))
    load(netty, db)
    before = stored(db)
    db.query('UPDATE "netty-contacts" SET time_created = now() WHERE contact_id < 100')
    db.query('UPDATE "netty-contacts" SET time_created = NULL WHERE contact_id < 100')
    for known_now in (900, 1000):
        writer.page(lines_of(range(1000)))
        row, known = load(netty, db)
        assert (row["unchanged"], known) == (1000, known_now)
    assert stored(db) == before


def test_other_settings_know_nothing_of_these(spool, netty, db):
    db.create("contacts")
    writer = spool.table("contacts")
    lines = lines_of(range(1000))
    for arguments, known_now in (((), 0), ((), 1000), (("--timezone", "Europe/Paris"), 0), (("--update", "replace"), 0)):
        writer.page(lines)
        row, known = load(netty, db, *arguments)
        assert known == known_now, arguments
    assert db.value("""SELECT count(*) FROM "netty-contacts" WHERE time_modified <> '2024-01-02 00:00:00+00'""") == 0


def test_another_loader_of_the_spool_or_none_and_a_bad_row_keep_all_right(spool, netty, db, tmp_path):
    """The copy has no cache and moves the progress; a batch with a refused row learns nothing, and costs the cache nothing."""
    from harness import Netty
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page(lines_of(range(1000)))
    load(netty, db)
    writer.page(lines_of(range(500), 2, 3))
    (tmp_path / "copy").mkdir()
    other = Netty(tmp_path / "copy")
    copy_spool(netty.spool, other.spool)
    for file in caches(other):
        file.unlink()
    assert load(other, db)[0]["updated"] == 500
    writer.page(lines_of(range(1000), 1, 2))
    row, known = load(netty, db)
    assert (row["stale"], row["unchanged"]) == (500, 500)
    db.query("""ALTER TABLE "netty-contacts" ADD CHECK (data->>'v' <> '13')""")
    writer.page(lines_of(range(500, 1000)))
    assert load(netty, db)[0]["unchanged"] == 500
    writer.page(lines_of([2000], 13, 4))
    assert load(netty, db, code=65)[0]["dead"] == 1
    writer.page(lines_of(range(500, 1000)))
    row, known = load(netty, db)
    assert (row["unchanged"], known) == (500, 500)


def test_a_cache_that_is_held_or_cut_or_nonsense_is_done_without(spool, netty, db):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page(lines_of(range(1000)))
    load(netty, db)
    writer.page(lines_of(range(1000)))
    with open(caches(netty)[0]) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        row, known = load(netty, db)
    assert (row["unchanged"], known) == (1000, 0)
    for damage in (b"", b"x" * 10000, caches(netty)[0].read_bytes()[:5000]):
        writer.page(lines_of(range(1000)))
        caches(netty)[0].write_bytes(damage)
        assert load(netty, db)[0]["unchanged"] == 1000
    caches(netty)[0].unlink()
    caches_elsewhere = netty.dir / "elsewhere"
    caches_elsewhere.write_text("keep me")
    writer.page(lines_of(range(1000)))
    load(netty, db)
    name = caches(netty)[0]
    name.unlink()
    name.symlink_to(caches_elsewhere)
    writer.page(lines_of(range(1000)))
    assert load(netty, db)[0]["unchanged"] == 1000
    assert caches_elsewhere.read_text() == "keep me"


def test_a_dry_run_makes_no_cache_and_readers_do_not_mind_one(spool, netty, db):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page(lines_of(range(1000)))
    netty.load("--dry-run", db=db)
    assert not caches(netty)
    load(netty, db)
    assert caches(netty)
    assert netty.spool_tool("verify").code == 0
    assert len(netty.spool_tool("cat", "contacts").out.splitlines()) == 1000
    netty.load("--replay", db=db)


@pytest.fixture
def server(tmp_path_factory):
    server = Postgres(tmp_path_factory.mktemp("restored"), "fsync=off", "max_connections=30", "autovacuum=off")
    server.start()
    yield server
    server.stop("immediate")
    shutil.rmtree(server.dir, ignore_errors=True)


def copied(server, db, put_back=False):
    """The database's files, saved elsewhere or put back: what was committed in between is lost, as if a crash had taken it."""
    data, saved = server.dir / "data", server.dir / "saved"
    owner = lambda *command: subprocess.run(run_as_owner(*command), cwd="/", check=True)  # noqa: E731
    db.connection.close()
    server.stop("immediate" if put_back else "fast")
    if put_back:
        owner("rm", "-r", data)
        owner("mv", saved, data)
    else:
        owner("cp", "-a", data, saved)
    server.script("restart")  # on the same port


def write_as(db, xid, *statements):
    """By the transaction of that very number."""
    own = 0
    while own < xid:
        own = db.query("BEGIN; SELECT txid_current()")[0][0]
        for statement in statements if own == xid else ():
            db.query(statement)
        db.query("COMMIT")
    assert own == xid


def newest_xid(db):
    return db.value('SELECT max(xmin::text::bigint) FROM "netty-contacts"')


def test_a_database_put_back_from_a_copy_of_its_files_is_not_mistaken(netty, spool, server):
    """The copy's history goes on otherwise, until the very number of the transaction that the cache remembers names
    another version of the row."""
    db = Database(server)
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page(lines_of(range(1000), 0, 1))
    load(netty, db, "--connections", 1)
    copied(server, db)
    writer.page(lines_of(range(1000), 1, 2))
    load(netty, db, "--connections", 1)
    xid = newest_xid(db)
    copied(server, db, put_back=True)
    write_as(db, xid, """UPDATE "netty-contacts" SET data = '{"v":"other"}', time_modified = '2024-01-02'""")
    assert newest_xid(db) == xid
    row, known = load(netty, db, "--connections", 1)
    assert row["updated"] == 1000
    assert db.value("""SELECT count(*) FROM "netty-contacts" WHERE data->>'v' = '1'""") == 1000
    db.connection.close()


@pytest.mark.parametrize("connections", [1, 2])
def test_a_lost_commit_is_noticed_by_a_batch_of_which_nothing_is_known(netty, spool, server, connections):
    """The next commit takes the lanes into custody: by then what the cache has of the lost one must be gone, also what
    was found in it, read ahead, before."""
    arguments = ("--connections", connections, "--batch-rows", 1000)
    db = Database(server)
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page(lines_of(range(1000), 2, 9))
    load(netty, db, *arguments)
    copied(server, db)
    writer.page(lines_of(range(1000), 1, 2))  # older: nothing is learned of them
    writer.page(lines_of(range(5000, 6000)))
    row, known = load(netty, db, *arguments)
    assert (row["stale"], row["inserted"]) == (1000, 1000)
    numbers = db.query('SELECT xmin::text::bigint, min(contact_id), max(contact_id) FROM "netty-contacts" '
                       'WHERE contact_id >= 5000 GROUP BY 1 ORDER BY 1')
    assert len(numbers) == connections
    lanes = {row[0]: [key for key, in db.query('SELECT contact_id FROM "netty-contacts" WHERE contact_id >= 5000 '
                                               f"AND xmin::text::bigint = {row[0]}")] for row in numbers}
    copied(server, db, put_back=True)
    for xid, keys in lanes.items():
        write_as(db, xid, """INSERT INTO "netty-contacts" (contact_id, data, time_modified)
                             SELECT key, '{"v":"other"}', '2024-01-01' FROM unnest(ARRAY[%s]) AS key"""
                 % ",".join(map(str, keys)))
    row, known = load(netty, db, *arguments)
    assert (row["stale"], row["updated"], known) == (1000, 1000, 0)
    assert db.value("""SELECT count(*) FROM "netty-contacts" WHERE data->>'v' = 'other'""") == 0
    writer.page(lines_of(range(1000), 1, 2))
    writer.page(lines_of(range(5000, 6000)))
    row, known = load(netty, db, *arguments)
    assert (row["stale"], row["unchanged"], known) == (1000, 1000, 1000)
    db.connection.close()


@pytest.mark.parametrize("seed", [1, 2])
def test_numbers_given_out_again_under_a_loader_leave_no_row_that_is_not_its_lines(netty, spool, server, seed):
    """The last commits go while the loader is in the middle of its batches; before it comes back, others write as the
    transactions that had those numbers. What they wrote in a row must be seen when the row's line comes again."""
    chance = random.Random(seed)
    db = Database(server)
    db.create("contacts")
    writer = spool.table("contacts")
    newest = dict(enumerate(lines_of(range(3000))))
    writer.page(list(newest.values()))
    load(netty, db)
    for turn in range(3):
        copied(server, db)
        first = chance.randrange(250, 2000)
        changed = range(first, first + 1000)
        newest.update(zip(changed, lines_of(changed, 2 + turn, 3 + turn)))
        for at in range(0, 3000, 250):
            writer.page(list(newest.values())[at:at + 250])
        holder = psycopg2.connect(db.url)
        holder.cursor().execute('SELECT 1 FROM "netty-contacts" WHERE contact_id = %s FOR UPDATE', [chance.choice(changed[500:])])
        loader = netty.start("netty-load", "--batch-rows", 250, "--connections", 1, "--retries", "1000", "--retry-delay", "10ms",
                             db=db)
        wait_until_held(db)
        lost = db.value(f'SELECT max(xmin::text::bigint) FROM "netty-contacts" WHERE contact_id < {first + 250}')
        loader.send_signal(signal.SIGSTOP)
        holder.close()
        copied(server, db, put_back=True)
        theirs = [row for row in range(3000) if chance.random() < 0.9]
        write_as(db, lost, """INSERT INTO "netty-contacts" (contact_id, data, time_modified)
                              SELECT key, '{"v": "other"}', CASE WHEN key BETWEEN %d AND %d THEN '2024-01-%02d'::timestamptz
                              ELSE '2024-01-02' END FROM unnest(ARRAY[%s]) AS key
                              ON CONFLICT (contact_id) DO UPDATE SET data = excluded.data, time_modified = excluded.time_modified"""
                 % (first, first + 999, 3 + turn, ",".join(map(str, theirs))))
        loader.send_signal(signal.SIGCONT)
        loader.communicate(timeout=120)
        assert loader.returncode == 0, open(loader.err_path).read()[-3000:]
        writer.page(list(newest.values()))
        load(netty, db)
        wrong = [row for row in db.query("""SELECT contact_id, data->>'v' FROM "netty-contacts" """)
                 if f'"v":{row[1]},' not in newest[row[0]]]
        assert not wrong, (turn, wrong[:5], len(wrong))
    db.connection.close()
