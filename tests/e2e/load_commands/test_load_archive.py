"""netty-load archive and restore: rows that rest, in another table or in a file, and back."""
import json
from urllib.parse import urlparse

import pytest

from harness import parse
from pgparts import PgBouncer
from upkeep import Beside, ago, archive_files, archived_lines, load_records, record, whole


def archive(netty, db, *arguments, code=0, **keywords):
    return netty.load("archive", "--older-than", "30d", "--json", *arguments, db=db, code=code, **keywords)


def restore(netty, db, *arguments, code=0, **keywords):
    return netty.load("restore", "--json", *arguments, db=db, code=code, **keywords)


def seen(db):
    """{key: (data, archived)} of the view."""
    rows = db.query('SELECT contact_id, data::text, archived FROM "netty-contacts-all"')
    assert len({key for key, *_ in rows}) == len(rows), "the view shows a record twice"
    return {key: (parse(data), archived) for key, data, archived in rows}


def without_time(row):
    members = json.loads(row)
    members.pop("archived_at", None)
    return members


def test_there_and_back_every_column_is_the_same(spool, netty, db):
    load_records(netty, spool, db, *(record(n, 20 + n % 20, price=1.50, text="é\u2028" * (n % 5)) for n in range(-50, 50)),
                 {"contact_id": 900, "name": "timeless"})
    before = whole(db)
    row = archive(netty, db, "--batch-rows", "7").json()["contacts"]
    old = {key for key in before if key != 900 and 20 + key % 20 >= 30}
    assert row["rows"] == len(old) and row["archive"] == "netty-contacts-archive"
    assert set(whole(db)) == set(before) - old
    assert {k: without_time(v) for k, v in whole(db, suffix="-archive").items()} == {k: json.loads(before[k]) for k in old}
    assert {key: archived for key, (_, archived) in seen(db).items()} == {key: key in old for key in before}
    assert restore(netty, db, "--batch-rows", "7").json()["contacts"]["rows"] == len(old)
    assert whole(db) == before and whole(db, suffix="-archive") == {}
    assert restore(netty, db).json()["contacts"]["rows"] == 0


def test_the_archive_is_no_table_of_the_api_and_one_that_is_one_is_not_swallowed(spool, netty, db):
    load_records(netty, spool, db, record(1, 40), record(2, 10))
    archive(netty, db)
    assert set(spool.catalog()) == {"contacts"}
    netty.load("--catalog", db=db)
    assert set(spool.catalog()) == {"contacts"}
    about = [json.loads(line)["about"] for line in netty.load("--check", "--json", db=db).out.splitlines()]
    assert "contacts" in about and "contacts-archive" not in about
    run = netty.load("--check", "contacts-archive", db=db, code=78)
    assert "an archive of netty-load" in run.out
    spool.table("contacts-archive").page(['{"contacts-archive_id":1}'])
    assert "an archive of netty-load" in netty.load("contacts-archive", db=db, code=78).err
    assert set(whole(db)) == {2} and len(whole(db, suffix="-archive")) == 1
    assert set(archive(netty, db).json()) == {"contacts"}, "an archive is not archived"
    assert "an archive of netty-load" in archive(netty, db, "contacts-archive", code=78).err


def test_a_table_that_only_has_such_a_name_is_left_alone(spool, netty, db):
    load_records(netty, spool, db, record(1, 40))
    load_records(netty, spool, db, {"contacts-archive_id": 7, "time_modified": ago(1)}, table="contacts-archive")
    run = archive(netty, db, "contacts", code=69)
    assert "netty-contacts-archive" in run.err and "--to-file" in run.err and set(whole(db)) == {1}
    assert restore(netty, db, "contacts").json()["contacts"]["rows"] == 0
    assert archive(netty, db, "--to-file", "contacts").json()["contacts"]["rows"] == 1
    db.query('CREATE TABLE "netty-users" (user_id integer PRIMARY KEY, data jsonb NOT NULL, time_created timestamptz,'
             ' time_modified timestamptz); CREATE TABLE "netty-users-all" (x integer)')
    assert "netty-users-all" in archive(netty, db, "users", code=69).err


def test_a_dry_run_makes_nothing(spool, netty, db):
    load_records(netty, spool, db, *(record(n, 40) for n in range(20)))
    assert archive(netty, db, "--dry-run").json()["contacts"]["rows"] == 20
    assert db.value("SELECT to_regclass('\"netty-contacts-archive\"')") is None and len(whole(db)) == 20
    archive(netty, db)
    assert restore(netty, db, "--dry-run").json()["contacts"]["rows"] == 20 and whole(db) == {}
    assert archive(netty, db, "--to-file", "--dry-run").json()["contacts"]["rows"] == 0 and archive_files(netty) == []


def test_a_record_that_changes_again_is_seen_once_and_becomes_one(spool, netty, db):
    """What archive and restore leave is what upserts without them would have."""
    load_records(netty, spool, db, record(1, 90, a=1, b=1), record(2, 90, a=1), record(3, 90, a=1, c=3))
    archive(netty, db)
    spool.table("contacts").page([record(1, 40, b=2), record(2, 10, a=2), record(3, 99, a=0)])
    netty.load(db=db)
    assert [(key, data["a"] if "a" in data else None, archived) for key, (data, archived) in sorted(seen(db).items())] == [
        (1, None, False), (2, "2", False), (3, "0", False)], "the live row wins"
    assert archive(netty, db).json()["contacts"]["merged"] == 2
    data = {key: json.loads(row) for key, row in whole(db, suffix="-archive").items()}
    assert (data[1]["data"]["a"], data[1]["data"]["b"]) == (1, 2) and data[1]["time_modified"].startswith(ago(40)[:10])
    assert data[3]["data"]["a"] == 1 and data[3]["time_modified"].startswith(ago(90)[:10]), "older than the archived one"
    row = restore(netty, db).json()["contacts"]
    assert (row["rows"], row["merged"]) == (3, 1)
    live = {key: json.loads(text) for key, text in whole(db).items()}
    assert live[2]["data"]["a"] == 2 and live[2]["time_modified"].startswith(ago(10)[:10]), "never over a newer live row"
    assert live[3]["data"]["c"] == 3 and live[1]["data"] == {"a": 1, "b": 2, "name": "n1", "deleted": False}


def test_with_replace_the_newer_row_is_taken_as_it_is(spool, netty, db):
    load_records(netty, spool, db, record(1, 90, a=1, b=1))
    archive(netty, db)
    spool.table("contacts").page([record(1, 10, b=2)])
    netty.load(db=db)
    restore(netty, db, "--update", "replace")
    assert json.loads(whole(db)[1])["data"] == {"b": 2, "name": "n1", "deleted": False}


@pytest.mark.parametrize("options", [(), ("--update", "replace")])
def test_a_mark_never_passes_from_the_archive_to_a_row_that_came_since(spool, netty, db, options):
    """Also not to one of the same time: whether a record is gone the live row tells."""
    def marks(suffix=""):
        rows = {key: json.loads(row)["data"] for key, row in whole(db, suffix=suffix).items()}
        return {key: (data["deleted"], "deleted_detected_at" in data) for key, data in rows.items()}

    def come_again():
        db.query(f"""INSERT INTO "netty-contacts" (contact_id, data, time_modified) VALUES
            (1, '{{"deleted": false}}', '{ago(85)}'), (2, '{{"deleted": false}}', '{ago(90)}'),
            (4, '{{"deleted": false}}', '{ago(95)}')""")
    load_records(netty, spool, db, *(record(n, 90) for n in range(1, 5)))
    db.query(f"""UPDATE "netty-contacts" SET data = data || '{{"deleted": true, "deleted_detected_at": "{ago(60)}"}}'""")
    archive(netty, db)
    for merge in (lambda: restore(netty, db, *options), lambda: archive(netty, db, *options)):
        come_again()
        merge()
        suffix = "" if whole(db) else "-archive"
        assert marks(suffix) == {1: (False, False), 2: (False, False), 3: (True, True), 4: (True, True)}, suffix
        db.query(f"""UPDATE "netty-contacts" SET time_modified = '{ago(90)}',
                     data = data || '{{"deleted": true, "deleted_detected_at": "{ago(60)}"}}'""")
        archive(netty, db)


def test_to_a_file_and_back_also_twice_and_from_a_torn_one(spool, netty, db):
    load_records(netty, spool, db, *(record(n, 40, price=1.50) for n in range(100)))
    before = whole(db)
    row = archive(netty, db, "--to-file", "--batch-rows", "10").json()["contacts"]
    path, = archive_files(netty)
    assert row["rows"] == 100 and whole(db) == {} and len(archived_lines(path)) == 100
    assert restore(netty, db, "--from-file", path, "--dry-run", "contacts").json()["contacts"]["rows"] == 100
    assert whole(db) == {}
    assert restore(netty, db, "--from-file", path, "--batch-rows", "7", "contacts").json()["contacts"]["rows"] == 100
    assert whole(db) == before
    assert restore(netty, db, "--from-file", path, "contacts").json()["contacts"]["rows"] == 0, "all were there"
    db.query('DELETE FROM "netty-contacts"')
    path.write_bytes(path.read_bytes()[:-10])
    assert "within a batch" in restore(netty, db, "--from-file", path, "contacts").err
    assert len(whole(db)) == 90


def test_a_file_of_something_else_and_a_damaged_one(spool, netty, db, tmp_path):
    load_records(netty, spool, db, *(record(n, 40) for n in range(30)))
    load_records(netty, spool, db, {"user_id": 1}, table="users")
    archive(netty, db, "--to-file", "--batch-rows", "10", "contacts")
    path, = archive_files(netty)
    assert "netty-users" in restore(netty, db, "--from-file", path, "users", code=65).err and len(whole(db, "users")) == 1
    assert "one table" in restore(netty, db, "--from-file", path, code=64).err
    assert "no file" in restore(netty, db, "--from-file", tmp_path / "none", "contacts", code=64).err
    data = bytearray(path.read_bytes())
    data[len(data) - 20] ^= 1
    path.write_bytes(data)
    assert "frame 3" in restore(netty, db, "--from-file", path, "contacts", code=65).err
    assert len(whole(db)) == 20, "what was before the damage is back"


@pytest.mark.parametrize("point", ["rows-deleted", "rows-committed"])
def test_killed_in_the_middle_each_row_is_in_one_of_the_two(spool, netty, db, point):
    load_records(netty, spool, db, *(record(n, 40) for n in range(30)))
    before = {key: json.loads(row) for key, row in whole(db).items()}
    for command in (archive, restore):
        assert command(netty, db, "--batch-rows", "10", code=None, env={"NETTY_FAULT": f"{point}:2"}).code not in (0, 65)
        live, rest = whole(db), whole(db, suffix="-archive")
        assert not set(live) & set(rest) and live and rest
        assert {key: without_time(row) for key, row in {**live, **rest}.items()} == before
        command(netty, db)
        assert whole(db, suffix="" if command is archive else "-archive") == {}


def test_archive_and_restore_beside_a_sync_lose_and_double_nothing(spool, netty, db):
    """Each command over and over, both at once, while the loader changes every row now and then."""
    load_records(netty, spool, db, *(record(n, 60, turn=-1) for n in range(200)))
    archive(netty, db)
    contacts = spool.table("contacts")
    newest = dict.fromkeys(range(200), -1)

    def sync(turn):
        keys = [(turn * 13 + n * 5) % 200 for n in range(40)]
        contacts.page([record(key, 59 - turn * 0.001, turn=turn) for key in keys])
        newest.update(dict.fromkeys(keys, turn))
        netty.load("--batch-rows", "9", db=db)
    with Beside(sync):
        for turn in range(4):
            running = [netty.start("netty-load", command, *options, "--batch-rows", str(5 + turn), "--retries", "1000",
                                   db=db)
                       for command, options in (("archive", ("--older-than", "30d")), ("restore", ()),
                                                ("archive", ("--older-than", "30d")))]
            for process in running:
                assert process.wait(timeout=120) == 0, open(process.err_path).read()
    netty.load(db=db)
    assert {key: int(data["turn"]) for key, (data, _) in seen(db).items()} == newest
    restore(netty, db)
    assert {key: json.loads(row)["data"]["turn"] for key, row in whole(db).items()} == newest


def test_columns_of_ones_own_rights_and_row_security_go_along(spool, netty, db):
    load_records(netty, spool, db, record(1, 40), record(2, 40))
    db.query(f"""ALTER TABLE "netty-contacts" ADD COLUMN note text, ADD COLUMN size integer GENERATED ALWAYS AS
                 (length(data::text)) STORED;
                 UPDATE "netty-contacts" SET note = 'mine'; CREATE ROLE {db.name}_r LOGIN; CREATE ROLE {db.name}_x LOGIN;
                 GRANT SELECT ON "netty-contacts" TO {db.name}_r;
                 ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO {db.name}_x;
                 ALTER TABLE "netty-contacts" ENABLE ROW LEVEL SECURITY;
                 CREATE POLICY all_of_it ON "netty-contacts" TO {db.name}_r USING (contact_id = 2)""")
    netty.load(db=db)  # the stored column has rewritten the table, which is loaded again for it
    try:
        archive(netty, db)
        may = """SELECT array_agg(has_table_privilege(%s, format('"netty-contacts%%s"', x), 'SELECT') ORDER BY x)
                 FROM unnest(array['-all', '-archive']) x"""
        assert db.value(may, f"{db.name}_r") == [True, True] and db.value(may, f"{db.name}_x") == [False, False]
        assert db.value("SELECT relrowsecurity FROM pg_class WHERE relname = 'netty-contacts-archive'")
        import psycopg2
        reader = psycopg2.connect(db.url.replace("//netty@", f"//{db.name}_r@"))
        cursor = reader.cursor()
        cursor.execute('SELECT contact_id FROM "netty-contacts-all"')
        assert cursor.fetchall() == [], "what the policies of the table do not show, the view does not show"
        reader.close()
        db.query('ALTER TABLE "netty-contacts" ADD COLUMN more text')
        spool.table("contacts").page([record(3, 40)])
        netty.load(db=db)
        db.query("""UPDATE "netty-contacts" SET more = 'later'""")
        assert archive(netty, db).json()["contacts"]["rows"] == 1
        assert db.query('SELECT contact_id, note, more FROM "netty-contacts-all" ORDER BY 1') == [
            (1, "mine", None), (2, "mine", None), (3, None, "later")]
        assert restore(netty, db).json()["contacts"]["rows"] == 3
        assert db.query('SELECT contact_id, note, more, size > 0 FROM "netty-contacts" ORDER BY 1') == [
            (1, "mine", None, True), (2, "mine", None, True), (3, None, "later", True)]
        assert whole(db, suffix="-archive") == {}
    finally:
        db.query(f"DROP OWNED BY {db.name}_r, {db.name}_x; DROP ROLE {db.name}_r, {db.name}_x")


def test_through_a_pooler_and_without_rights(spool, netty, postgres, db, tmp_path):
    load_records(netty, spool, db, *(record(n, 40) for n in range(20)))
    db.query(f"""CREATE ROLE {db.name} LOGIN; GRANT SELECT, UPDATE, DELETE ON "netty-contacts" TO {db.name};
                 REVOKE CREATE ON SCHEMA public FROM PUBLIC""")
    try:
        run = archive(netty, db.url.replace("//netty@", f"//{db.name}@"), code=77)
        assert "42501" in run.err and len(whole(db)) == 20
    finally:
        db.query(f"DROP OWNED BY {db.name}; DROP ROLE {db.name}")
    at = urlparse(postgres.url())
    pooler = PgBouncer(tmp_path / "bouncer", at.hostname, at.port)
    try:
        url = pooler.url(db.name)
        assert archive(netty, url, "--batch-rows", "3").json()["contacts"]["rows"] == 20
        assert restore(netty, url, "--batch-rows", "3").json()["contacts"]["rows"] == 20
    finally:
        pooler.stop()


def test_two_first_archives_at_once(spool, netty, db):
    load_records(netty, spool, db, *(record(n, 40) for n in range(100)))
    running = [netty.start("netty-load", "archive", "--older-than", "30d", "--batch-rows", "3", "--json", db=db)
               for _ in range(3)]
    rows = [json.loads(process.communicate(timeout=120)[0])["rows"] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0] and sum(rows) <= 100
    archive(netty, db)
    assert whole(db) == {} and len(whole(db, suffix="-archive")) == 100
