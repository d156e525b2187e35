"""netty-load purge: what has been deleted for long goes, and is in a file first."""
import json
import os
import signal
import stat
from urllib.parse import urlparse

import pytest

from pgparts import PgBouncer
from upkeep import Beside, ago, archive_files, archived_lines, load_records, record, whole


def purge(netty, db, *arguments, code=0, **keywords):
    return netty.load("purge", "--older-than", "30d", "--json", *arguments, db=db, code=code, **keywords)


def test_rows_deleted_for_long_go_and_are_whole_in_a_file(spool, netty, db):
    load_records(netty, spool, db,
                 record(1, 40, deleted=True, price=1.50), record(2, 40), record(3, 20, deleted=True),
                 record(4, 90, deleted=True, deleted_detected_at=ago(40)),
                 record(5, 90, deleted=True, deleted_detected_at=ago(20)),
                 record(6, 90, deleted=True, deleted_detected_at="the day before yesterday"),
                 {"contact_id": 7, "deleted": True}, {"contact_id": 8, "deleted": True, "deleted_detected_at": ago(31)})
    before = whole(db)
    row = purge(netty, db).json()["contacts"]
    assert sorted(whole(db)) == [2, 3, 5, 6, 7]
    path, = archive_files(netty)
    assert row["rows"] == 3 and os.path.samefile(netty.dir / row["file"], path)
    assert {line["contact_id"]: line for line in archived_lines(path)} == {k: json.loads(before[k]) for k in (1, 4, 8)}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    again = purge(netty, db).json()["contacts"]
    assert again["rows"] == 0 and again["file"] is None and archive_files(netty) == [path], "nothing to do makes no file"


def test_what_counts_as_deleted_goes_however_the_api_wrote_it_and_nothing_else(spool, netty, db):
    gone = [True, 1, "1", "true"]
    stays = [False, 0, "0", "false", None, "", "no", 2, [], {}, {"deleted": True}]
    load_records(netty, spool, db, *(record(key, 40, deleted=value) for key, value in enumerate(gone + stays)),
                 record(100, 40), record(101, 20, deleted=1))
    kept = {key: json.loads(row)["data"]["deleted"] for key, row in whole(db).items()}
    assert all(kept[key] is (key < len(gone) or key == 101) for key in kept), kept
    assert purge(netty, db).json()["contacts"]["rows"] == len(gone)
    assert sorted(whole(db)) == [*range(len(gone), len(gone) + len(stays)), 100, 101]


def test_a_dry_run_tells_and_writes_nothing(spool, netty, db):
    load_records(netty, spool, db, *(record(n, 40, deleted=n % 2 == 0) for n in range(50)))
    before, writes = whole(db), db.writes("contacts")
    row = purge(netty, db, "--dry-run", "--batch-rows", "3").json()["contacts"]
    assert row["rows"] == 25 and row["bytes"] == sum(len(before[k].encode()) + 1 for k in range(0, 50, 2))
    assert whole(db) == before and db.writes("contacts") == writes and archive_files(netty) == []


def test_small_batches_by_rows_and_bytes_miss_nothing(spool, netty, db):
    load_records(netty, spool, db, *(record(n, 40, deleted=n % 3 > 0, text="x" * (n % 7) * 500) for n in range(-100, 200)))
    row = purge(netty, db, "--batch-rows", "7", "--batch-bytes", "2K").json()["contacts"]
    assert row["rows"] == 200 and all(key % 3 == 0 for key in whole(db)) and len(whole(db)) == 100
    assert len(archived_lines(archive_files(netty)[0])) == 200


@pytest.mark.parametrize("point", ["archive-appended", "archive-synced", "rows-deleted", "rows-committed"])
def test_killed_anywhere_nothing_is_lost_and_the_next_run_goes_on(spool, netty, db, point):
    load_records(netty, spool, db, *(record(n, 40, deleted=True) for n in range(30)))
    before = whole(db)
    run = purge(netty, db, "--batch-rows", "10", code=None, env={"NETTY_FAULT": f"{point}:2"})
    assert run.code not in (0, 65), run
    saved = {line["contact_id"] for path in archive_files(netty) for line in archived_lines(path, torn=True)}
    assert saved | set(whole(db)) == set(before)
    left = len(whole(db))
    assert purge(netty, db, "--batch-rows", "10").json()["contacts"]["rows"] == left and whole(db) == {}
    lines = [line for path in archive_files(netty) for line in archived_lines(path, torn=True)]
    assert {line["contact_id"]: line for line in lines} == {k: json.loads(v) for k, v in before.items()}


def test_two_at_once_beside_a_sync_remove_each_row_once(spool, netty, db):
    """The sync changes rows, which wait for no one and are waited for by no one; what it brings back stays."""
    load_records(netty, spool, db, *(record(n, 40, deleted=n < 400) for n in range(500)))
    contacts = spool.table("contacts")

    def sync(turn):
        contacts.page([record(400 + (turn * 7 + n) % 100, 1, turn=turn) for n in range(20)])
        netty.load(db=db)
    with Beside(sync) as beside:
        others = [netty.start("netty-load", "purge", "--older-than", "30d", "--batch-rows", "5", "--json", db=db)
                  for _ in range(2)]
        rows = [json.loads(process.communicate(timeout=120)[0])["rows"] for process in others]
        assert [process.returncode for process in others] == [0, 0]
        while beside.rounds < 3 and beside.failure is None:
            pass
    left = purge(netty, db).json()["contacts"]["rows"]
    assert sum(rows) + left == 400 and set(whole(db)) == set(range(400, 500))
    saved = [line["contact_id"] for path in archive_files(netty) for line in archived_lines(path)]
    assert sorted(saved) == list(range(400))


def test_a_row_that_is_locked_is_passed_over_and_one_that_changed_stays(spool, netty, db):
    load_records(netty, spool, db, record(1, 40, deleted=True), record(2, 40, deleted=True))
    import psycopg2
    other = psycopg2.connect(db.url)
    other.cursor().execute("""UPDATE "netty-contacts" SET data = data || '{"deleted": false}' WHERE contact_id = 1""")
    assert purge(netty, db).json()["contacts"]["rows"] == 1
    other.commit()
    other.close()
    assert purge(netty, db).json()["contacts"]["rows"] == 0 and set(whole(db)) == {1}


def test_without_the_right_to_delete_nothing_is_lost_and_the_code_says_so(spool, netty, db):
    load_records(netty, spool, db, record(1, 40, deleted=True))
    db.query(f"""CREATE ROLE {db.name} LOGIN; GRANT SELECT, UPDATE ON "netty-contacts" TO {db.name};
                 ALTER TABLE "netty-contacts" DISABLE ROW LEVEL SECURITY""")
    try:
        run = purge(netty, db.url.replace("//netty@", f"//{db.name}@"), code=77)
        assert "42501" in run.err and "contacts" in run.err
        assert set(whole(db)) == {1}
    finally:
        db.query(f"DROP OWNED BY {db.name}; DROP ROLE {db.name}")


def test_a_trigger_that_keeps_rows_is_noticed(spool, netty, db):
    load_records(netty, spool, db, record(1, 40, deleted=True))
    db.query("""CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
                CREATE TRIGGER keep BEFORE DELETE ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION keep()""")
    assert "removed 0 of 1 rows" in purge(netty, db, code=69).err
    assert set(whole(db)) == {1}


def test_a_file_that_cannot_be_written_leaves_the_rows(spool, netty, db):
    load_records(netty, spool, db, record(1, 40, deleted=True))
    (netty.dir / "plain").write_text("")
    run = purge(netty, db, "--archive-dir", netty.dir / "plain" / "x", code=73)
    assert "plain" in run.err and set(whole(db)) == {1}


def test_through_a_pooler_in_transaction_mode(spool, netty, postgres, db, tmp_path):
    load_records(netty, spool, db, *(record(n, 40, deleted=True) for n in range(20)))
    at = urlparse(postgres.url())
    pooler = PgBouncer(tmp_path / "bouncer", at.hostname, at.port)
    try:
        assert purge(netty, pooler.url(db.name), "--batch-rows", "3").json()["contacts"]["rows"] == 20
    finally:
        pooler.stop()
    assert whole(db) == {}


def test_a_restart_in_the_middle_is_survived(spool, netty, postgres, db):
    load_records(netty, spool, db, *(record(n, 40, deleted=True) for n in range(3000)))
    process = netty.start("netty-load", "purge", "--older-than", "30d", "--batch-rows", "2", "--retries", "1000",
                          "--json", db=db)
    while not archive_files(netty) and process.poll() is None:
        pass
    postgres.script("restart", "immediate")
    db.connection = None
    out = process.communicate(timeout=120)[0]
    assert process.returncode == 0, open(process.err_path).read()
    assert json.loads(out)["rows"] == 3000 and whole(db) == {}
    assert {line["contact_id"] for line in archived_lines(archive_files(netty)[0])} == set(range(3000))


def test_a_signal_ends_it_after_the_batch(spool, netty, db):
    load_records(netty, spool, db, *(record(n, 40, deleted=True) for n in range(3000)))
    process = netty.start("netty-load", "purge", "--older-than", "30d", "--batch-rows", "1", "--json", db=db)
    while not archive_files(netty) and process.poll() is None:
        pass
    process.send_signal(signal.SIGTERM)
    out = process.communicate(timeout=60)[0]
    assert process.returncode == 75 and json.loads(out)["rows"] == 3000 - len(whole(db)) > 0


def test_what_cannot_be_joined_and_tables_called_like_commands(spool, netty, db):
    load_records(netty, spool, db, record(1, 40, deleted=True))
    assert "--older-than" in netty.load("purge", db=db, code=64).err
    assert "--replay" in purge(netty, db, "--replay", code=64).err
    assert "30 days" not in netty.load("purge", "--older-than", "30 days", db=db, code=64).out
    assert "--older-than" in netty.load("--older-than", "3d", db=db, code=64).err
    assert "netty-users" in purge(netty, db, "users", code=78).err
    spool.table("purge").page([{"purge_id": 1}])
    assert netty.load("--json", "--create-tables", "--", "purge", db=db).json()["purge"]["read"] == 1
    assert purge(netty, db, "purge").json()["purge"]["rows"] == 0, "the second word is a table"
    assert set(netty.load("--json", "contacts", "purge", db=db).json()) == {"contacts", "purge"}
    assert whole(db) != {}
