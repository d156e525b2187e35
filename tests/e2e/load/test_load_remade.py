"""A table that was emptied, made again, restored or rewritten behind the loader's back is named and loaded again."""
from pathlib import Path

import pytest

from harness import differences, wait_for
from upkeep import archive_files, load_records, record, whole
from upserts import History, Upserts

MADE = '''(contact_id INTEGER PRIMARY KEY, data JSONB NOT NULL, time_created TIMESTAMPTZ, time_modified TIMESTAMPTZ,
          created_at TIMESTAMPTZ DEFAULT timezone('utc', now()))'''
REMAKE = {
    "truncated": ['TRUNCATE "netty-contacts"'],
    "emptied-and-partly-filled": ['CREATE TABLE kept AS SELECT * FROM "netty-contacts"', 'TRUNCATE "netty-contacts"',
                                  'INSERT INTO "netty-contacts" SELECT * FROM kept WHERE contact_id % 3 = 0'],
    "rewritten": ['VACUUM FULL "netty-contacts"'],
    "widened": ['ALTER TABLE "netty-contacts" ALTER contact_id TYPE bigint'],
    "made-again": ['DROP TABLE "netty-contacts"', f'CREATE TABLE "netty-contacts" {MADE}'],
}


def fill(writer, pages, seed=1, keys=120):
    model, history = Upserts(writer.name), History(seed, writer.name, keys)
    for _ in range(pages):
        lines = history.page(60) or [history.record()]
        writer.page(lines)
        model.take_all(lines)
    return model


def marked(db):
    return [table for table, in db.query("SELECT table_name FROM netty_sync.unchecked")]


@pytest.mark.parametrize("change", REMAKE)
@pytest.mark.parametrize("more", [False, True], ids=["nothing-new", "more"])
def test_a_table_that_is_another_is_loaded_again(spool, netty, db, change, more):
    db.create("contacts")
    writer = spool.table("contacts")
    model = fill(writer, 12)
    netty.load(db=db)
    netty.load(db=db)
    assert not (wrong := differences(model.rows, db.rows("contacts"))), wrong
    for statement in REMAKE[change]:
        db.query(statement)
    if more:
        line = '{"contact_id":7,"v":"new","time_modified":"2024-12-01 00:00:00"}'
        writer.page([line])
        model.take(line)
    run = netty.load("--json", db=db)
    assert "loaded again" in run.err and "contacts" in run.err
    assert not (wrong := differences(model.rows, db.rows("contacts"))), wrong
    quiet = netty.load("--json", db=db)
    assert "loaded again" not in quiet.err and quiet.json()["contacts"]["read"] == 0, "once"
    assert marked(db) == ["contacts"], "until check has found it equal"
    assert "now found equal" in netty.load("check", db=db).out and marked(db) == []
    assert "emptied" not in netty.load("check", db=db).out


def test_a_rewritten_table_keeps_its_rows_as_they_are_all_the_while(spool, netty, db):
    """Rows without a time: an earlier line must not be seen again, not even for a moment."""
    db.create("contacts")
    writer = spool.table("contacts")
    for v in range(1, 6):
        writer.page([f'{{"contact_id":{key},"v":{v}}}' for key in range(1, 50)])
    netty.load("--batch-rows", "20", db=db)
    db.query('VACUUM FULL "netty-contacts"')
    db.query("""CREATE FUNCTION public.no_way() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN IF new.data->>'v' <> '5' THEN RAISE 'an old one'; END IF; RETURN new; END $$;
                CREATE TRIGGER no_way BEFORE UPDATE ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION public.no_way()""")
    run = netty.load("--json", "--batch-rows", "20", db=db)
    assert run.json()["contacts"]["dead"] == 0 and "loaded again" in run.err
    assert db.value("SELECT count(*) FROM \"netty-contacts\" WHERE data->>'v' = '5'") == 49


def test_an_interrupted_reload_begins_again(spool, netty, db):
    db.create("contacts")
    writer = spool.table("contacts")
    for page in range(10):
        writer.page([f'{{"contact_id":{key}}}' for key in range(page * 20, page * 20 + 20)])
    netty.load(db=db)
    db.query('TRUNCATE "netty-contacts"')
    db.query("""CREATE FUNCTION public.stop() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN IF (SELECT count(*) FROM public."netty-contacts") > 100 THEN RAISE 'away' USING ERRCODE = '57P01'; END IF;
                RETURN NULL; END $$;
                CREATE TRIGGER stop BEFORE INSERT ON "netty-contacts" FOR EACH STATEMENT EXECUTE FUNCTION public.stop()""")
    netty.load("--retries", "1", "--retry-delay", "1ms", "--batch-rows", "20", db=db, code=69)
    assert 0 < db.value('SELECT count(*) FROM "netty-contacts"') < 200
    db.query('DROP TRIGGER stop ON "netty-contacts"')
    netty.load(db=db)
    assert db.value('SELECT count(*) FROM "netty-contacts"') == 200


@pytest.mark.parametrize("rows", [30, 700])
def test_an_unlogged_table_that_a_crash_of_the_server_emptied_is_loaded_again(spool, netty, apart, rows):
    """Its file is the same, and the progress, which is logged, stays."""
    apart.create("contacts")
    apart.query('ALTER TABLE "netty-contacts" SET UNLOGGED')
    writer = spool.table("contacts")
    writer.page([f'{{"contact_id":{key}}}' for key in range(rows)])
    for _ in range(2):
        assert "loaded again" not in netty.load(db=apart).err
    for more in (0, 1):
        apart.connection.close()
        apart.server.stop("immediate")
        apart.server.start()
        apart.url = apart.server.url(apart.name)  # at another port
        assert apart.value('SELECT count(*) FROM "netty-contacts"') == 0
        writer.page([f'{{"contact_id":{rows + n}}}' for n in range(more)] or ['{"contact_id":0}'])
        run = netty.load("--json", db=apart)
        assert "loaded again" in run.err and marked(apart) == ["contacts"], run
        assert len(apart.rows("contacts")) == rows + more
        for _ in range(2):
            assert "loaded again" not in netty.load(db=apart).err
        netty.load("check", db=apart)
        assert marked(apart) == []


def test_a_role_that_may_not_note_it_loads_as_ever(spool, netty, db):
    db.query("DO $$ BEGIN CREATE ROLE clerk LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    db.create("contacts")
    spool.table("contacts").page(['{"contact_id":1}'])
    netty.load(db=db)
    db.query("""GRANT USAGE ON SCHEMA netty_sync TO clerk; GRANT SELECT, INSERT, UPDATE ON "netty-contacts" TO clerk;
                GRANT SELECT, INSERT, UPDATE, DELETE ON netty_sync.progress, netty_sync.loaded_page, netty_sync.hole TO clerk""")
    spool.table("contacts").page(['{"contact_id":2}'])
    netty.load(db=db.url.replace("netty@", "clerk@"))
    assert len(db.rows("contacts")) == 2


def test_the_mark_stays_until_nothing_differs(spool, netty, db):
    db.create("contacts")
    fill(spool.table("contacts"), 12)
    netty.load(db=db)
    assert marked(db) == []
    db.query('TRUNCATE "netty-contacts"')
    netty.load(db=db)
    db.query('DELETE FROM "netty-contacts" WHERE contact_id = (SELECT min(contact_id) FROM "netty-contacts")')
    for _ in range(2):
        run = netty.load("check", db=db, code=65)
        assert "not yet found equal" in run.out and marked(db) == ["contacts"]
    netty.load("replay", db=db)
    assert "now found equal" in netty.load("check", db=db).out and marked(db) == []


def test_where_the_spool_does_not_reach_back_a_backfill_is_told(sims, netty, db):
    """And then check finds the table equal, and no earlier."""
    sim = sims("contacts:300")
    db.create("contacts")
    netty.extract("--segment-size", "64K", "contacts", sim=sim)
    netty.load(db=db)
    sim.edit("contacts", 5)
    netty.sync(sim, db, "contacts")
    netty.spool_tool("prune", "--spool-keep", "0s", db=db)
    db.query('TRUNCATE "netty-contacts"')
    run = netty.load(db=db)
    assert "netty-extract --full contacts" in run.err and "loaded again" in run.err
    assert db.value('SELECT count(*) FROM "netty-contacts"') < 300
    assert "netty-extract --full contacts" in netty.load("check", db=db).out and marked(db) == ["contacts"]
    netty.extract("--full", "contacts", sim=sim)
    netty.load(db=db)
    assert db.value('SELECT count(*) FROM "netty-contacts"') == 300
    assert "now found equal" in netty.load("check", db=db).out and marked(db) == []


AWAY = {
    "purged": ("purge", "--older-than", "30d"),
    "archived": ("archive", "--older-than", "30d"),
    "archived-to-files": ("archive", "--older-than", "30d", "--to-file"),
}


@pytest.mark.parametrize("rows", [30, 700], ids=["few", "many"])
@pytest.mark.parametrize("change", ["truncated", "rewritten", "made-again"])
@pytest.mark.parametrize("how", AWAY)
def test_what_was_archived_or_purged_does_not_come_back(spool, netty, db, how, change, rows):
    load_records(netty, spool, db, *(record(key, 40 if key % 3 == 0 else 10, deleted=key % 3 == 0) for key in range(rows)))
    netty.load(*AWAY[how], db=db)
    stay = {key for key in range(rows) if key % 3}
    assert set(whole(db)) == stay
    spool.table("contacts").page([record(6, 5)])  # the source sends one again
    netty.load(db=db)
    for statement in REMAKE[change]:
        db.query(statement.replace('DROP TABLE "netty-contacts"', 'DROP TABLE "netty-contacts" CASCADE'))
    run = netty.load("--json", db=db)
    assert "loaded again" in run.err and set(whole(db)) == stay | {6}, run.out
    assert run.json()["contacts"]["dead"] == 0
    assert "now found equal" in netty.load("check", db=db).out
    if how == "archived":
        netty.load("restore", "contacts", db=db)
    else:
        netty.load("restore", "--from-file", archive_files(netty)[0], "contacts", db=db)
    assert set(whole(db)) == set(range(rows))
    db.query('TRUNCATE "netty-contacts"')
    netty.load(db=db)
    assert set(whole(db)) == set(range(rows)), "what was restored is not away"


def test_a_role_that_may_not_note_what_it_purges_says_so(spool, netty, db):
    db.query("DO $$ BEGIN CREATE ROLE clerk LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    load_records(netty, spool, db, record(1, 40, deleted=True), record(2, 10))
    db.query('GRANT SELECT, INSERT, UPDATE, DELETE ON "netty-contacts" TO clerk; GRANT USAGE ON SCHEMA netty_sync TO clerk; ALTER TABLE "netty-contacts" DISABLE ROW LEVEL SECURITY')
    run = netty.load("purge", "--older-than", "30d", db=db.url.replace("netty@", "clerk@"))
    assert "cannot be noted" in run.err and set(whole(db)) == {2}


@pytest.mark.campaign
def test_one_that_stays_sees_it_within_a_minute(spool, netty, db):
    """Also where nothing new comes in."""
    db.create("contacts")
    spool.table("contacts").page([record(key, 1) for key in range(50)])
    process = netty.start("netty-load", "--follow", db=db)
    wait_for(lambda: len(db.rows("contacts")) == 50, "the load")
    db.query('TRUNCATE "netty-contacts"')
    wait_for(lambda: len(db.rows("contacts")) == 50, "the reload", seconds=150)
    assert "emptied or rewritten" in Path(process.err_path).read_text()
