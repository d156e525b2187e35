"""A position means something only in its own history: spools and databases that are restored, forked, copied, moved.

Each case also has a record that was born without a time and edited later: an old birth must not come over its edit.
"""
import json
import re
import shutil
import subprocess
import sys
import time
from datetime import timedelta

import pytest

from harness import ROOT, Database, assert_synced, content, wait_for
from spoolfile import SpoolWriter

sys.path.insert(0, str(ROOT / "tests/tools"))
import spool_reader  # noqa: E402

SMALL = ("--segment-size", "16K")
BORN = 5  # the record that has no time at first


def born_without_a_time(sim, table="contacts"):
    sim.post("/_sim/timeless", table=table, n=1, id=BORN)


def fetched(netty, sim, *arguments):
    netty.extract("contacts", *SMALL, *arguments, sim=sim)


def round_of(netty, sim, db, edits=20):
    """Edits, a run of the extractor, one of the loader."""
    sim.edit("contacts", edits)
    fetched(netty, sim)
    return netty.load("--json", db=db)


def began(sims, netty, db, records=600):
    """A spool and a database that are in step; the record BORN has no time yet."""
    sim = sims(f"contacts:{records}")
    born_without_a_time(sim)
    fetched(netty, sim)
    netty.load("--create-tables", db=db)
    assert_synced(sim, db, "contacts")
    return sim


def replace(target, source):
    shutil.rmtree(target)
    shutil.copytree(source, target, symlinks=True)


def said(run, event):
    return [line for line in run.err.splitlines() if re.search(rf"\b{event}\b", line)]


# ---- the spool is restored ----

@pytest.mark.parametrize("wait", [True, False], ids=["fetched-on", "loaded-first"])
def test_a_spool_restored_from_a_backup_older_than_the_database(sims, db, netty, tmp_path, wait):
    sim = began(sims, netty, db)
    shutil.copytree(netty.spool, tmp_path / "backup")
    sim.edit("contacts", 1, id=BORN)
    for _ in range(3):
        round_of(netty, sim, db, 150)
    replace(netty.spool, tmp_path / "backup")
    if not wait:
        netty.load("--json", db=db)
    run = round_of(netty, sim, db)
    assert said(run, "parted"), run
    for _ in range(3):
        run = round_of(netty, sim, db, 1)
        assert not said(run, "parted"), run
        assert_synced(sim, db, "contacts")


def test_two_forks_of_a_spool_that_both_live(sims, db, netty, tmp_path):
    """A virtual machine's snapshot: the same spool twice, with the same identity, going on in two ways."""
    sim = began(sims, netty, db)
    mine, other = netty.spool, tmp_path / "fork"
    shutil.copytree(mine, other)
    sim.edit("contacts", 40)
    for turn in range(5):
        netty.env["NETTY_SPOOL"] = str(other if turn % 2 else mine)
        netty.spool = other if turn % 2 else mine
        if turn == 2:
            sim.edit("contacts", 1, id=BORN)
        run = round_of(netty, sim, db, 30)
        assert bool(said(run, "parted")) == (turn == 1), f"turn {turn}: {run}"
        assert_synced(sim, db, "contacts")


def test_a_fork_that_was_fetched_earlier_than_what_is_loaded(spool, netty, db, tmp_path):
    """The pages of the other branch are older than the database: they bring what is missing, and what is newer by its time."""
    a = spool.table("contacts")
    a.page([{"contact_id": 1, "v": "birth"}])
    netty.load("--create-tables", db=db)
    fork = tmp_path / "fork"
    shutil.copytree(netty.spool, fork)
    a.page([{"contact_id": 9, "v": "a"}])
    a.page([{"contact_id": 1, "v": "edit", "time_modified": "2026-01-02 00:00:00"}])
    netty.load(db=db)
    b = SpoolWriter(tmp_path / "b", spool.id).table("contacts")
    b.page([{"contact_id": 1, "v": "birth"}])
    b.page([{"contact_id": 1, "v": "birth"}, {"contact_id": 2, "v": "b"}])
    netty.load(db=db, env={"NETTY_SPOOL": tmp_path / "b"})
    rows = {key: row[0]["v"] for key, row in db.rows("contacts").items()}
    assert rows == {1: "edit", 2: "b", 9: "a"}


T0, T1, T2 = "2026-01-01 00:00:00", "2026-01-02 00:00:00", "2026-01-03 00:00:00"


def contact(key, v, time=None):
    return {"contact_id": key, "v": v, **({"time_modified": time} if time else {})}


def values(db):
    return {key: row[0]["v"] for key, row in db.rows("contacts").items()}


def forked(spool, netty, db, tmp_path, *arguments):
    """Two branches: the one of `spool` is loaded, with pages fetched later than those of the other, which is returned."""
    a = spool.table("contacts")
    a.page([contact(1, "birth"), contact(6, "birth")])
    netty.load("--create-tables", db=db)
    a.clock += timedelta(hours=1)
    a.page([contact(7, "first", T1), contact(8, "old", T0), contact(3, "known")])
    a.page([contact(7, "second", T1), contact(1, "edit", T1)])
    netty.load(*arguments, db=db)
    b = SpoolWriter(tmp_path / "b", spool.id).table("contacts")
    b.page([contact(1, "birth"), contact(6, "birth")])
    return b, {"NETTY_SPOOL": tmp_path / "b"}


@pytest.mark.parametrize("update", ["merge", "replace"])
@pytest.mark.parametrize("rows", ["1", "3", "5000"])
def test_a_late_page_puts_in_what_is_missing_and_replaces_what_is_older_by_its_time(spool, netty, db, tmp_path, rows, update):
    b, env = forked(spool, netty, db, tmp_path)
    b.page([contact(1, "birth"), contact(7, "first", T1), contact(8, "new", T1), contact(3, "earlier"),
            contact(9, "b1"), contact(10, "b1", T1), contact(11, "birth")])
    b.page([contact(9, "b2"), contact(10, "b2", T1), contact(11, "edit", T1)])
    b.page([contact(11, "birth again"), contact(6, "edit", T1)])
    wanted = {1: "edit", 3: "known", 6: "edit", 7: "second", 8: "new", 9: "b2", 10: "b2", 11: "birth again"}
    run = netty.load("--json", "--batch-rows", rows, "--update", update, db=db, env=env)
    assert said(run, "parted") and values(db) == wanted
    row = run.json()["contacts"]
    assert row["read"] == sum(row[name] for name in ("inserted", "updated", "unchanged", "stale", "folded", "dead")) == 12
    b.clock += timedelta(days=1)  # what is fetched after all that is loaded comes in its turn
    b.page([contact(1, "later"), contact(7, "third", T1), contact(9, "b3")])
    netty.load("--batch-rows", rows, "--update", update, db=db, env=env)
    assert values(db) == {**wanted, 1: "later", 7: "third", 9: "b3"}


@pytest.mark.parametrize("rows", ["1", "5000"])
def test_a_late_page_replaces_what_its_own_branch_has_brought(spool, netty, db, tmp_path, rows):
    """Of the same time, or none: what a branch had before it may replace; what it only fetched again is no news."""
    shared = [contact(1, "s", T1), contact(2, "s"), contact(3, "s", T1), contact(4, "s"), contact(5, "birth")]
    a = spool.table("contacts")
    a.page(shared)
    netty.load("--create-tables", db=db)
    a.clock += timedelta(hours=1)
    a.page([contact(3, "a", T1), contact(4, "a"), contact(5, "edit", T1)])
    netty.load(db=db)
    b = SpoolWriter(tmp_path / "b", spool.id).table("contacts")
    b.page(shared)
    b.page([contact(1, "b", T1), contact(2, "b"), contact(3, "s", T1), contact(4, "s"), contact(5, "birth again")])
    env = {"NETTY_SPOOL": tmp_path / "b"}
    netty.load("--batch-rows", rows, db=db, env=env)
    assert values(db) == {1: "b", 2: "b", 3: "a", 4: "a", 5: "edit"}
    b.page([contact(1, "c", T1), contact(2, "c"), contact(6, "birth")])
    netty.load("--batch-rows", rows, db=db, env=env)
    b.page([contact(1, "d", T1), contact(2, "d"), contact(6, "edit", T1)])
    netty.load("--batch-rows", rows, db=db, env=env)
    assert values(db) == {1: "d", 2: "d", 3: "a", 4: "a", 5: "edit", 6: "edit"}


def test_a_late_branch_that_is_broken_off_ends_the_same(spool, netty, db, tmp_path):
    """Killed between any two batches: what was put in by an earlier one holds nothing back that belongs over it."""
    b, env = forked(spool, netty, db, tmp_path)
    for v in range(6):
        b.page([contact(9, v), contact(10, v, T1), contact(11, "birth") if v < 3 else contact(11, v, T1), contact(1, "birth")])
    seen = set()
    for _ in range(15):
        loader = netty.start("netty-load", "--batch-rows", "4", db=db, env=env)
        time.sleep(0.15 + 0.01 * len(seen))
        loader.kill()
        loader.wait()
        seen.add(db.value("SELECT max(page) FROM netty_sync.progress WHERE branch <> ''"))
    netty.load(db=db, env=env)
    assert values(db) == {1: "edit", 3: "known", 6: "birth", 7: "second", 8: "old", 9: "5", 10: "5", 11: "5"}


def test_a_late_page_of_a_table_whose_trigger_sets_the_time_puts_in_what_is_missing(spool, netty, db, tmp_path):
    """The rows' times tell nothing there: what was fetched later counts."""
    db.create("contacts")
    db.query("""CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS
                $$BEGIN NEW.time_modified = now(); RETURN NEW; END$$;
                CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION stamp()""")
    b, env = forked(spool, netty, db, tmp_path)
    b.page([contact(1, "birth"), contact(7, "first", T1), contact(9, "b1", T1)])
    b.page([contact(9, "b2", T1)])
    netty.load(db=db, env=env)
    assert values(db) == {1: "edit", 3: "known", 6: "birth", 7: "second", 8: "old", 9: "b2"}


@pytest.mark.parametrize("how", ["VACUUM FULL", "TRUNCATE"])
def test_a_reload_of_a_forked_history_replaces_only_what_is_older(spool, netty, db, tmp_path, how):
    b, env = forked(spool, netty, db, tmp_path)
    b.page([contact(1, "birth"), contact(7, "first", T1), contact(9, "b1")])
    b.page([contact(9, "b2"), contact(1, "edit", T1)])
    netty.load(db=db, env=env)
    db.query(f'{how} "netty-contacts"')
    b.page([contact(9, "b3"), contact(11, "birth")])  # late, too, and not loaded before
    run = netty.load(db=db, env=env)
    assert said(run, "emptied or rewritten"), run
    known = {3: "known", 7: "second", 8: "old"} if how == "VACUUM FULL" else {7: "first"}
    assert values(db) == {1: "edit", 6: "birth", 9: "b3", 11: "birth", **known}


def test_a_reload_rolls_a_birth_forward_to_its_edit(sims, db, netty):
    sim = began(sims, netty, db)
    sim.edit("contacts", 1, id=BORN)
    round_of(netty, sim, db)
    for statement in ('VACUUM FULL "netty-contacts"', 'TRUNCATE "netty-contacts"', 'CLUSTER "netty-contacts" USING "netty-contacts_pkey"'):
        db.query(statement)
        netty.load("--batch-rows", "7", db=db)
        assert_synced(sim, db, "contacts")


def test_progress_from_before_tells_of_late_pages_by_when_it_moved(spool, netty, db, tmp_path):
    """A database from before progress kept when its pages were fetched; then comes an old fork of the spool."""
    b, env = forked(spool, netty, db, tmp_path)
    db.query("UPDATE netty_sync.progress SET fetched = NULL")
    b.page([contact(1, "birth"), contact(7, "first", T1), contact(9, "b1")])
    netty.load(db=db, env=env)
    assert values(db) == {1: "edit", 3: "known", 6: "birth", 7: "second", 8: "old", 9: "b1"}


def test_the_folder_of_a_table_is_removed_and_fetched_again(sims, db, netty):
    sim = began(sims, netty, db, 50)
    for _ in range(3):
        round_of(netty, sim, db)
    sim.edit("contacts", 1, id=BORN)
    round_of(netty, sim, db)
    shutil.rmtree(netty.spool / "contacts")
    sim.edit("contacts", 19)
    fetched(netty, sim)
    run = netty.load("--json", db=db)
    assert said(run, "parted"), run
    assert_synced(sim, db, "contacts")
    assert not said(round_of(netty, sim, db), "parted")
    assert_synced(sim, db, "contacts")


def test_a_table_that_is_given_up_leaves_nothing_and_begins_anew(sims, db, netty):
    sim = began(sims, netty, db, 80)
    newest = max(int(path.name[:10]) for path in (netty.spool / "contacts").glob("*.journal"))
    files = [path for path in (netty.spool / "contacts").iterdir()]
    seen = netty.spool_tool("forget", "--dry-run", "--json", "contacts")
    assert sorted((netty.spool / "contacts").iterdir()) == sorted(files)
    told, = map(json.loads, netty.spool_tool("forget", "--json", "contacts").out.splitlines())
    assert told == json.loads(seen.out) and told["files"] == len(files) - 2, "lock and acked.json stay"
    assert {path.name for path in (netty.spool / "contacts").iterdir()} == {"lock", "acked.json", "pruned.json"}
    assert "contacts" not in netty.spool_tool("status", "--json").out
    netty.spool_tool("forget", "contacts", code=64)
    netty.spool_tool("forget", code=64)
    sim.edit("contacts", 1, id=BORN)
    fetched(netty, sim)
    assert min(int(path.name[:10]) for path in (netty.spool / "contacts").glob("*.journal")) == newest + 1
    run = netty.load("--json", db=db)
    assert run.json()["contacts"]["read"] > 0 and not said(run, "parted")
    assert_synced(sim, db, "contacts")
    netty.spool_tool("verify")


def test_a_database_is_forgotten_by_either_spelling(sims, db, netty):
    sim = began(sims, netty, db, 20)
    netty.spool_tool("forget", "--database", db.name)
    netty.spool_tool("forget", "--database", db.name, code=64)
    sim.edit("contacts", 1, id=BORN)
    round_of(netty, sim, db)
    netty.spool_tool("prune", "--forget", db.name)
    assert "database" not in [next(iter(json.loads(line))) for line in netty.spool_tool("status", "--json").out.splitlines()]


# ---- the database is restored ----

def dump(server, db):
    return subprocess.run(["pg_dump", "--dbname", db.url], stdout=subprocess.PIPE, check=True).stdout


def put_back(db, text):
    subprocess.run(["psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", "--dbname", db.url], input=text, stdout=subprocess.DEVNULL,
                   check=True)


def test_a_database_restored_from_a_dump_goes_on_where_it_was(sims, db, postgres, netty):
    sim = began(sims, netty, db)
    text = dump(postgres, db)
    sim.edit("contacts", 1, id=BORN)
    for _ in range(2):
        round_of(netty, sim, db)
    back = Database(postgres)
    try:
        put_back(back, text)
        run = netty.load("--json", db=back)
        assert not said(run, "parted"), run
        assert run.json()["contacts"]["read"] < 100, "only what came since"
        assert_synced(sim, back, "contacts")
    finally:
        back.drop()


def test_a_table_that_was_dropped_is_loaded_anew(sims, db, netty):
    sim = began(sims, netty, db)
    sim.edit("contacts", 1, id=BORN)
    round_of(netty, sim, db)
    db.query('DROP TABLE "netty-contacts"')
    netty.load("--create-tables", db=db)
    assert_synced(sim, db, "contacts")


def test_a_second_schema_is_a_second_copy(sims, db, netty):
    sim = began(sims, netty, db, 300)
    sim.edit("contacts", 1, id=BORN)
    round_of(netty, sim, db)
    db.query("CREATE SCHEMA second")
    second = db.url + ("&" if "?" in db.url else "?") + "options=-csearch_path%3Dsecond"
    netty.load("--create-tables", db=second)
    for schema in ("public", "second"):
        assert db.value(f'SELECT count(*) FROM {schema}."netty-contacts"') == 300
    sim.edit("contacts", 30)
    fetched(netty, sim)
    netty.load(db=db)
    netty.load(db=second)
    assert_synced(sim, db, "contacts")
    same = "SELECT contact_id, data, time_modified FROM {}.\"netty-contacts\" ORDER BY 1"
    assert db.query(same.format("public")) == db.query(same.format("second"))
    assert netty.load("--json", db=second).json()["contacts"]["read"] == 0


# ---- bookkeeping and spools from before ----

def test_progress_from_before_is_taken_up_without_a_full_load(sims, db, netty):
    sim = began(sims, netty, db)
    sim.edit("contacts", 1, id=BORN)
    round_of(netty, sim, db)
    db.query("""CREATE TABLE old AS SELECT spool, table_name, lane, segment, page, line, loaded_at FROM netty_sync.progress;
                DROP SCHEMA netty_sync CASCADE; CREATE SCHEMA netty_sync;
                CREATE TABLE netty_sync.progress (spool text NOT NULL, table_name text NOT NULL, lane smallint NOT NULL,
                    segment bigint NOT NULL DEFAULT 0, page bigint NOT NULL DEFAULT 0, line bigint NOT NULL DEFAULT 0,
                    loaded_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (spool, table_name, lane));
                INSERT INTO netty_sync.progress SELECT * FROM old; DROP TABLE old""")
    assert netty.load("--json", db=db).json()["contacts"]["read"] == 0
    run = round_of(netty, sim, db)
    assert 0 < run.json()["contacts"]["read"] < 100 and not said(run, "parted")
    assert_synced(sim, db, "contacts")
    shutil.rmtree(netty.spool / "contacts")
    fetched(netty, sim)
    assert said(netty.load("--json", db=db), "parted")
    assert_synced(sim, db, "contacts")


def test_a_spool_from_before_goes_on_and_parts(netty, db, tmp_path):
    """Pages without a chain are known by what their lines say."""
    spool = SpoolWriter(netty.spool, chained=False)
    table = spool.table("contacts")
    table.page([{"contact_id": 1, "v": "birth"}])
    netty.load("--create-tables", db=db)
    table.page([{"contact_id": 1, "v": "edit", "time_modified": "2026-01-02 00:00:00"}])
    table.page([{"contact_id": 2, "v": 0}])
    assert netty.load("--json", db=db).json()["contacts"]["read"] == 2
    other = SpoolWriter(tmp_path / "other", spool.id, chained=False).table("contacts")
    other.page([{"contact_id": 1, "v": "birth"}])
    for v in range(3):
        other.clock = table.clock
        other.page([{"contact_id": 3 + v, "v": v}])
    run = netty.load("--json", db=db, env={"NETTY_SPOOL": tmp_path / "other"})
    assert said(run, "parted") and run.json()["contacts"]["read"] == 3
    assert {key: row[0]["v"] for key, row in db.rows("contacts").items()} == {1: "edit", 2: "0", 3: "0", 4: "1", 5: "2"}


# ---- what was not whole is not done ----

def hole_rows(db):
    return db.query("SELECT table_name, segment, page FROM netty_sync.hole ORDER BY 1, 2, 3")


def holes_told(netty):
    status = [json.loads(line) for line in netty.spool_tool("status", "--json", code=None).out.splitlines()]
    return sum(row.get("holes", 0) for row in status if "table" in row)


@pytest.mark.parametrize("kind", ["records", "journal", "page"])
def test_what_comes_in_later_closes_its_hole(spool, netty, db, kind):
    table = spool.table("contacts")
    table.page([{"contact_id": 1, "v": "birth"}, {"contact_id": 7, "v": 0, "time_modified": "2026-01-01 00:00:00"}])
    table.seal()
    table.page([{"contact_id": 1, "v": "second"}, {"contact_id": 2, "v": 2}])
    table.page([{"contact_id": 7, "v": 1, "time_modified": "2026-01-01 00:00:00"}, {"contact_id": 3, "v": "lost"}])
    middle = table.segment
    table.seal()
    table.page([{"contact_id": 1, "v": "edit", "time_modified": "2026-01-02 00:00:00"}, {"contact_id": 3, "v": "late"}])
    path = table.path("journal" if kind == "journal" else "ndjson", middle)
    whole = path.read_bytes()
    if kind == "page":
        path.write_bytes(whole[:-2] + b"#\n")
    else:
        path.unlink()
    netty.load("--create-tables", db=db, code=65)
    assert holes_told(netty) == 1 and len(hole_rows(db)) == 1
    netty.load(db=db)  # known, and not new
    path.write_bytes(whole)
    path.chmod(0o600)
    netty.load(db=db)
    rows = {key: row[0]["v"] for key, row in db.rows("contacts").items()}
    assert rows == {1: "edit", 2: "2", 3: "late", 7: "1"}
    assert hole_rows(db) == [] and holes_told(netty) == 0


@pytest.mark.parametrize("rows", ["1", "5000"])
def test_a_hole_that_is_older_than_another_branch_leaves_what_that_one_brought(spool, netty, db, tmp_path, rows):
    """Of the same time, or none: the other branch's pages were fetched later. What is missing, and what is newer by its time, goes in."""
    shared = [contact(1, "birth"), contact(2, "old", T0), contact(7, "zero", T0)]
    a = spool.table("contacts")
    a.page(shared)
    b = SpoolWriter(tmp_path / "b", spool.id).table("contacts")
    b.page(shared)
    b.page([contact(1, "again"), contact(2, "new", T2), contact(3, "b"), contact(5, "b"), contact(7, "first", T1), contact(8, "b1", T1)])
    b.page([contact(8, "b2", T1)])
    path, env = b.path("ndjson"), {"NETTY_SPOOL": tmp_path / "b"}
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"first", b"f#rst"))
    netty.load("--create-tables", db=db, env=env, code=65)
    assert values(db) == {1: "birth", 2: "old", 7: "zero", 8: "b2"}
    a.clock += timedelta(hours=1)
    a.page([contact(1, "edit", T1), contact(5, "a"), contact(7, "second", T1), contact(2, "one", T1)])
    assert said(netty.load(db=db), "parted")
    path.write_bytes(whole)
    netty.load("--batch-rows", rows, db=db, env=env)
    assert values(db) == {1: "edit", 2: "new", 3: "b", 5: "a", 7: "second", 8: "b2"}
    assert hole_rows(db) == []


def test_heal_closes_holes(sims, db, netty):
    sim = sims("contacts:400")
    born_without_a_time(sim)
    fetched(netty, sim)
    first = sorted((netty.spool / "contacts").glob("*.zst"))[0]
    first.write_bytes(first.read_bytes()[:200])
    netty.load("--create-tables", db=db, code=65)
    assert holes_told(netty) > 0
    netty.spool_tool("heal", code=None)
    sim.edit("contacts", 1, id=BORN)
    fetched(netty, sim)
    netty.load(db=db)
    assert hole_rows(db) == []
    assert holes_told(netty) == 0
    assert_synced(sim, db, "contacts")


def test_pages_that_wait_for_a_hole_are_not_pruned(spool, netty, db):
    table = spool.table("contacts")
    for segment in range(3):
        table.page([{"contact_id": segment, "v": 0}])
        table.seal()
    table.page([{"contact_id": 9}])
    path = table.path("ndjson", 2)
    whole = path.read_bytes()
    path.unlink()
    netty.load("--create-tables", db=db, code=65)
    path.write_bytes(whole)
    netty.spool_tool("prune", "--spool-keep", "0s", db=db)
    assert path.exists()
    netty.load(db=db)
    assert sorted(db.rows("contacts")) == [0, 1, 2, 9]


# ---- copies ----

def files_of(spool):
    return [path for path in sorted(spool.rglob("*")) if path.is_file() and path.name != "lock"]


@pytest.mark.parametrize("order", ["journals-first", "records-first", "newest-first"])
def test_the_order_in_which_a_copy_arrives_does_not_matter(sims, db, netty, tmp_path, order):
    sim = sims("contacts:900")
    born_without_a_time(sim)
    fetched(netty, sim)
    sim.edit("contacts", 1, id=BORN)
    sim.edit("contacts", 100)
    fetched(netty, sim)
    copy = tmp_path / "copy"
    (copy / "contacts").mkdir(parents=True)
    keys = {"journals-first": lambda p: (p.suffix != ".journal", p.name),
            "records-first": lambda p: (p.suffix == ".journal", p.name),
            "newest-first": lambda p: [-ord(c) for c in p.name]}
    db.create("contacts")
    shutil.copy2(netty.spool / "spool.json", copy)
    for path in sorted(files_of(netty.spool / "contacts"), key=keys[order]):
        shutil.copy2(path, copy / "contacts")
        netty.load(db=db, env={"NETTY_SPOOL": copy}, code=None)
    netty.load(db=db, env={"NETTY_SPOOL": copy})
    netty.load(db=db, env={"NETTY_SPOOL": copy})
    assert hole_rows(db) == []
    assert_synced(sim, db, "contacts")


@pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed")
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "backward"])
def test_a_copy_by_rsync_of_a_spool_that_grows(sims, db, netty, tmp_path, reverse):
    """Forward: as rsync goes, by name. Backward: the table's records before its journals, by two runs of it."""
    sim = sims("contacts:2500")
    sim.mood(latency_ms=2)
    born_without_a_time(sim)
    copy = tmp_path / "copy"
    db.create("contacts")
    (netty.spool).mkdir(mode=0o700)
    extract = netty.start("netty-extract", "contacts", "--limit", "20", *SMALL, sim=sim)
    filters = [["--include=*/", "--include=*.ndjson*", "--include=spool.json", "--exclude=*"], []] if reverse else [[]]
    loads = 0
    while extract.poll() is None or loads < 3:
        for chosen in filters:
            subprocess.run(["rsync", "-a", *chosen, f"{netty.spool}/", copy], check=False, capture_output=True)
            netty.load(db=db, env={"NETTY_SPOOL": copy}, code=None)
        loads += 1
    assert extract.returncode == 0
    sim.edit("contacts", 1, id=BORN)
    fetched(netty, sim)
    # Without -c rsync takes a file for the same that was written twice within a second: acked.json is.
    subprocess.run(["rsync", "-ac", f"{netty.spool}/", copy], check=True)
    netty.load(db=db, env={"NETTY_SPOOL": copy})
    assert hole_rows(db) == []
    assert_synced(sim, db, "contacts")


@pytest.mark.parametrize("torn", ["plain", "compressed", "each"])
def test_a_segment_that_was_copied_before_and_after_it_was_sealed_is_whole(sims, db, netty, torn):
    """The plain file that was copied first stays beside the compressed one: each page counts that either of them holds whole."""
    sim = sims("contacts:400")
    born_without_a_time(sim)
    for _ in range(2):
        netty.extract("contacts", "--limit", "20", "--segment-size", "64K", sim=sim)
        sim.edit("contacts", 1, id=BORN)
    sealed = sorted((netty.spool / "contacts").glob("*.zst"))[1]
    whole, plain = sealed.read_bytes(), sealed.with_suffix("")
    lines = content(sealed)
    plain.write_bytes(lines if torn == "compressed" else lines[:-20])
    plain.chmod(0o600)
    if torn != "plain":
        sealed.write_bytes(whole[:40] + b"#" + whole[41:])
    pages = [page for page in spool_reader.Spool(netty.spool).read("contacts")]
    assert all(isinstance(page, spool_reader.Page) for page in pages), "the independent reader"
    netty.extract("contacts", sim=sim)
    netty.load("--create-tables", db=db)
    assert hole_rows(db) == [] and holes_told(netty) == 0
    netty.spool_tool("verify")
    assert_synced(sim, db, "contacts")


def test_a_folder_whose_identity_has_not_arrived_is_no_spool_and_nobody_makes_one(sims, netty, db, tmp_path):
    sim = sims("contacts:10")
    fetched(netty, sim)
    copy = tmp_path / "copy"
    shutil.copytree(netty.spool, copy, ignore=shutil.ignore_patterns("spool.json"))
    env = {"NETTY_SPOOL": copy}
    for command in (["status"], ["verify"]):
        netty.spool_tool(*command, env=env, code=66)
    netty.load("--create-tables", db=db, env=env, code=66)
    netty.load("catalog", db=db, env=env, code=None)
    assert not (copy / "spool.json").exists()


def test_under_follow_the_identity_is_waited_for(sims, netty, db, tmp_path):
    sim = sims("contacts:30")
    born_without_a_time(sim)
    fetched(netty, sim)
    copy = tmp_path / "copy"
    shutil.copytree(netty.spool, copy, ignore=shutil.ignore_patterns("spool.json"))
    db.create("contacts")
    loader = netty.start("netty-load", "--follow", db=db, env={"NETTY_SPOOL": copy})
    wait_for(lambda: "no spool yet" in open(loader.err_path).read(), "the word that it waits")
    shutil.copy2(netty.spool / "spool.json", copy)
    wait_for(lambda: len(db.rows("contacts")) == 30, "the rows")
    assert_synced(sim, db, "contacts")
    loader.terminate()
    assert loader.wait(timeout=60) == 0
    waiting = netty.start("netty-load", "--follow", db=db, env={"NETTY_SPOOL": tmp_path / "nowhere"})
    wait_for(lambda: "no spool yet" in open(waiting.err_path).read(), "the word that it waits")
    waiting.terminate()
    assert waiting.wait(timeout=60) == 0


# ---- a gap that the spool cannot fill ----

def test_a_gap_stays_visible_until_a_backfill_has_closed_it(sims, db, postgres, netty):
    sim = began(sims, netty, db, 400)
    sim.edit("contacts", 1, id=BORN)
    round_of(netty, sim, db, 50)
    netty.spool_tool("prune", "--spool-keep", "0s", db=db)
    late = Database(postgres)
    try:
        run = netty.load("--create-tables", "--json", db=late, code=65)
        assert "netty-extract --full" in run.err
        for _ in range(2):
            netty.load(db=late)  # no longer new, but not forgotten:
            told = netty.spool_tool("status", "--json", code=65)
            assert "gap" in told.out and "netty-extract --full" in told.err, told
        netty.extract("contacts", "--full", *SMALL, sim=sim)
        netty.load(db=late)
        assert_synced(sim, late, "contacts")
        netty.spool_tool("status", "--json")
    finally:
        late.drop()
