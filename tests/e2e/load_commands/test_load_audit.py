"""netty-load check and check --merge: what is wrong in the tables, and what merging has kept."""
import json
import random
from urllib.parse import urlparse

import pytest

from pgparts import PgBouncer
from upkeep import Beside, ago, archive_files, load_records, record, whole


def check(netty, db, *arguments, code=0, **keywords):
    """[(state, about, finding)]"""
    run = netty.load("check", "--json", *arguments, db=db, code=code, **keywords)
    rows = [json.loads(line) for line in run.out.splitlines()]
    assert all(list(row) == ["state", "about", "finding"] for row in rows)
    assert (code != 0) == any(row["state"] == "wrong" for row in rows), run
    return [tuple(row.values()) for row in rows]


def said(rows, words):
    found = [(state, text) for state, _, text in rows if words in text]
    assert len(found) == 1, (words, rows)
    return found[0]


def random_text(seed):
    """What no compression makes small."""
    return random.Random(seed).randbytes(800).hex()


def merge(netty, db, *arguments, **keywords):
    """{(table, member): (rows, keys)}"""
    run = netty.load("check", "--merge", "--json", *arguments, db=db, **keywords)
    rows = [json.loads(line) for line in run.out.splitlines()]
    return {(row["table"], row["member"]): (row["rows"], row["keys"]) for row in rows}


def test_what_the_loader_loaded_is_well_and_nothing_is_written(spool, netty, db):
    load_records(netty, spool, db, *(record(n, 40, deleted=n % 2 == 0) for n in range(-30, 70)), {"contact_id": 900})
    before, writes = whole(db), db.writes("contacts")
    rows = check(netty, db, "--batch-rows", "3")
    assert {state for state, *_ in rows} == {"ok"} and {about for _, about, _ in rows} == {"contacts"}, rows
    assert said(rows, "rows looked at: 101") and said(rows, "rows without time_modified: 1") and said(rows, "each key stands once")
    digest = json.loads(netty.spool_tool("digest", "contacts", "--json").out)["digest"]
    assert digest in said(rows, "the digest of 101 rows")[1]
    assert whole(db) == before and db.writes("contacts") == writes
    assert netty.load("check", db=db).out.split()[:3] == ["state", "about", "finding"]


def test_each_kind_of_damage_is_named_with_its_keys(spool, netty, db):
    load_records(netty, spool, db, *(record(n, 40) for n in range(20)))
    db.query(f"""UPDATE "netty-contacts" SET data = '[1]' WHERE contact_id = 1;
        UPDATE "netty-contacts" SET data = data - 'deleted' WHERE contact_id = 2;
        UPDATE "netty-contacts" SET data = data || '{{"deleted": "yes"}}' WHERE contact_id IN (3, 4, 5, 6);
        UPDATE "netty-contacts" SET time_created = '-infinity' WHERE contact_id = 7;
        UPDATE "netty-contacts" SET time_modified = now() + interval '9 years' WHERE contact_id = 8;
        UPDATE "netty-contacts" SET time_created = '{ago(1)}' WHERE contact_id = 9;
        UPDATE "netty-contacts" SET data = data || '{{"time_modified": "2024-02-31"}}' WHERE contact_id = 10;
        UPDATE "netty-contacts" SET data = data || '{{"time_created": "2020-01-01 00:00:00"}}' WHERE contact_id = 11;
        UPDATE "netty-contacts" SET data = data || '{{"contact_id": 99}}' WHERE contact_id = 12;
        UPDATE "netty-contacts" SET data = data || '{{"deleted_detected_at": "soon"}}' WHERE contact_id = 13;
        UPDATE "netty-contacts" SET data = data || '{{"time_modified": "{ago(40)}", "contact_id": 14}}' WHERE contact_id = 14;
        UPDATE "netty-contacts" SET data = data || '{{"deleted_detected_at": "{ago(40)}"}}' WHERE contact_id = 15""")
    rows = check(netty, db, "--batch-rows", "1", code=65)
    for words, state, keys in (("data is no object", "wrong", ": 1 (keys 1)"), ("without `deleted`", "wrong", "(keys 2)"),
                               ("no boolean", "wrong", ": 4 "), ("infinite", "wrong", "(keys 7)"),
                               ("a day ahead", "change", "(keys 8)"), ("created after", "change", "(keys 9)"),
                               ("in data that is none", "wrong", "(keys 10)"),
                               ("another time in data", "wrong", "(keys 11)"),
                               ("another key in data", "wrong", "(keys 12)"), ("be purged", "wrong", "(keys 13)"),
                               ("others wrote them, and", "change", ": 4 ")):
        found = said(rows, words)
        assert found[0] == state and keys in found[1], found
    assert "(keys 3, 4, 5 ...)" in said(rows, "no boolean")[1]


def test_infinite_times_are_told_and_end_nothing(spool, netty, db):
    """Whoever wrote them: the digest of the rest, and the members of the rest, are looked at."""
    load_records(netty, spool, db, *(record(n, 40) for n in range(9)), {"contact_id": 900, "name": "timeless"})
    db.query("""UPDATE "netty-contacts" SET data = data || '{"kept": 1}';
                UPDATE "netty-contacts" SET time_modified = 'infinity' WHERE contact_id = 3;
                UPDATE "netty-contacts" SET time_modified = '-infinity' WHERE contact_id = 4""")
    rows = check(netty, db, code=65)
    assert said(rows, "infinite") == ("wrong", "rows with an infinite time: 2 (keys 3, 4); no newer version can pass it")
    assert said(rows, "rows older than")[0] == "wrong" and not [row for row in rows if "digest of" in row[2]]
    assert merge(netty, db) == {("contacts", "kept"): (8, "0,1,2")}


def test_rows_against_the_spool(spool, netty, db):
    load_records(netty, spool, db, *(record(n, 40, deleted=n == 5) for n in range(20)))
    db.query("""UPDATE "netty-contacts" SET time_modified = time_modified - interval '1 s' WHERE contact_id = 1;
                UPDATE "netty-contacts" SET time_modified = time_modified + interval '1 s' WHERE contact_id = 2;
                DELETE FROM "netty-contacts" WHERE contact_id IN (3, 5);
                INSERT INTO "netty-contacts" VALUES (99, '{"deleted": false}'), (-3, '{"deleted": false}')""")
    rows = check(netty, db, code=65)
    assert said(rows, "unknown to the spool") == ("change", "rows unknown to the spool, which was never pruned: 2 "
                                                            "(keys -3, 99); they came from another spool, or others wrote them")
    assert "(keys 1)" in said(rows, "rows older than")[1] and "(keys 2)" in said(rows, "rows newer than")[1]
    state, text = said(rows, "not in the table, nor in its archive")
    assert state == "wrong" and ": 1 (keys 3)" in text
    assert said(rows, "the source calls deleted")[0] == "ok"
    netty.load("--replay", db=db)
    assert {state for state, _, text in check(netty, db)} == {"ok", "change"}


def test_purged_archived_and_not_yet_loaded_rows_are_no_fault(spool, netty, db):
    load_records(netty, spool, db, *(record(n, 40 + n, deleted=n == 5) for n in range(20)))
    netty.load("purge", "--older-than", "30d", db=db)
    netty.load("archive", "--older-than", "50d", db=db)
    spool.table("contacts").page([record(n, 1) for n in range(50)])
    rows = check(netty, db)
    assert said(rows, "the source calls deleted")[0] == "ok"
    assert {state for state, *_ in rows} <= {"ok", "change"} and not any("unknown" in text for *_, text in rows)


def test_rows_in_files_are_not_missing_unless_a_later_version_is(spool, netty, db):
    load_records(netty, spool, db, *(record(n, 40 + n) for n in range(20)))
    netty.load("archive", "--older-than", "1188h", "--to-file", "contacts", db=db)
    assert len(whole(db)) == 10
    rows = check(netty, db, "contacts")
    state, text = said(rows, "but in files that archive or purge wrote")
    assert state == "ok" and ": 10 (keys 10, 11, 12 ...)" in text and "restore --from-file" in text
    assert said(rows, "none is missing")[0] == "ok"
    # Of 12 a later version was loaded and then lost, and 3 was never archived.
    spool.table("contacts").page([record(12, 10)])
    netty.load(db=db)
    db.query('DELETE FROM "netty-contacts" WHERE contact_id IN (3, 12)')
    rows = check(netty, db, "contacts", code=65)
    state, text = said(rows, "not in the table, nor in its archive")
    assert state == "wrong" and (": 2 (keys 3, 12)" in text or ": 2 (keys 12, 3)" in text)
    assert ": 9 (keys 10, 11, 13 ...)" in said(rows, "but in files that archive or purge wrote")[1]
    # In another folder, or in another table's files, they are not looked for, and a damaged file is named.
    assert ": 11 (" in said(check(netty, db, "contacts", "--archive-dir", netty.dir / "none", code=65), "nor in its archive")[1]
    file, = archive_files(netty)
    other = file.rename(file.with_name(file.name.replace("contacts-", "contacts-old-")))
    assert ": 11 (" in said(check(netty, db, "contacts", code=65), "nor in its archive")[1]
    other.rename(file)
    bytes_ = bytearray(file.read_bytes())
    bytes_[len(bytes_) // 2] ^= 1
    file.write_bytes(bytes_)
    rows = check(netty, db, "contacts", code=65)
    assert said(rows, "of a file of archived rows")[0] == "change" and file.name in said(rows, "of a file of archived rows")[1]


def test_a_role_without_the_bookkeeping_is_told_of_the_table(spool, netty, db):
    load_records(netty, spool, db, *(record(n, 40) for n in range(20)))
    db.query(f"""CREATE ROLE {db.name} LOGIN; GRANT SELECT ON "netty-contacts" TO {db.name};
                 CREATE POLICY all_rows ON "netty-contacts" TO {db.name} USING (true)""")
    try:
        url = db.url.replace("//netty@", f"//{db.name}@")
        rows = check(netty, url)
        assert said(rows, "netty_sync says of the spool: not compared")[0] == "ok"
        assert said(rows, "rows looked at: 20") and {state for state, *_ in rows} == {"ok"}
        assert "netty_sync" in netty.load("check", "--merge", db=url, code=77).err
    finally:
        db.query(f"DROP OWNED BY {db.name}; DROP ROLE {db.name}")


def test_tables_and_spools_that_cannot_be_compared(spool, netty, db):
    load_records(netty, spool, db, *(record(n, 40) for n in range(10)))
    db.create("users")
    rows = check(netty, db)
    assert [text for _, about, text in rows if "not compared" in text and about == "users"]
    other = check(netty, db, "--spool", netty.dir / "none", "contacts")
    assert said(other, "holds nothing of it")[0] == "ok"
    assert "no spool" in netty.load("check", "--merge", "--spool", netty.dir / "none", db=db, code=66).err
    db.query("DROP SCHEMA netty_sync CASCADE")
    assert said(check(netty, db, "contacts"), "nothing of this spool was loaded")[0] == "ok"


def test_room_and_indexes(spool, netty, db):
    load_records(netty, spool, db, *(record(n, 40, text=random_text(n)) for n in range(3000)))
    db.query("""ALTER TABLE "netty-contacts" SET (autovacuum_enabled = off);
                CREATE INDEX unused ON "netty-contacts" ((data->>'text'), contact_id); ANALYZE "netty-contacts" """)
    assert said(check(netty, db), "of its own")[0] == "ok"
    db.query('UPDATE "netty-contacts" SET time_created = now() - interval \'1 year\'')
    db.query('UPDATE "netty-contacts" SET time_created = now() - interval \'2 years\'')
    db.query('UPDATE "netty-contacts" SET time_created = now() - interval \'3 years\'; ANALYZE "netty-contacts"')
    db.query("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'unused'::regclass")
    rows = check(netty, db, code=65)
    assert said(rows, "VACUUM FULL")[0] == "change" and said(rows, "index unused is invalid")[0] == "wrong"
    db.query("UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'unused'::regclass")
    assert said(check(netty, db), "index unused (")[0] == "change"


def test_a_key_that_stands_twice_behind_a_damaged_index(spool, netty, db):
    load_records(netty, spool, db, record(1, 40), record(2, 40))
    db.query("""UPDATE pg_index SET indisready = false WHERE indrelid = '"netty-contacts"'::regclass""")
    db.query("""INSERT INTO "netty-contacts" SELECT * FROM "netty-contacts" WHERE contact_id = 1""")
    db.query("""UPDATE pg_index SET indisready = true WHERE indrelid = '"netty-contacts"'::regclass""")
    assert "1 rows have a key" in said(check(netty, db, code=65), "key that another has")[1]


def test_members_that_merging_has_kept(spool, netty, db):
    load_records(netty, spool, db, *(record(n, 40, phone="1", fax="2") for n in range(30)), {"contact_id": 99, "old": 1})
    spool.table("contacts").page([record(n, 30, phone="1") for n in range(20)])
    spool.table("contacts").page([record(n, 20, **{"phone": "1", "fax": "3"}) for n in range(5)])
    spool.table("contacts").page([record(6, 50, a="stale")])
    spool.table("contacts").page([{"contact_id": 99, "new": 1}])
    netty.load(db=db)
    db.query("""UPDATE "netty-contacts" SET data = data || '{"deleted_detected_at": "x"}'""")
    assert merge(netty, db, "--batch-rows", "4") == {("contacts", "fax"): (15, "5,6,7"), ("contacts", "old"): (1, "99")}
    db.query("""UPDATE "netty-contacts" SET data = data - 'deleted_detected_at'""")
    db.query("""UPDATE "netty-contacts" SET data = data - 'deleted_detected_at'""")  # a replay leaves marked rows alone
    netty.load("--replay", "--update", "replace", db=db)
    assert merge(netty, db) == {}
    assert "fax" not in netty.load("check", "--merge", db=db).out


def test_beside_a_sync_nothing_is_reported_that_is_not_so(spool, netty, db):
    """A row that changes while it is compared is no difference."""
    load_records(netty, spool, db, *(record(n, 400, turn=-1) for n in range(300)))
    contacts = spool.table("contacts")

    def sync(turn):
        contacts.page([record((turn * 17 + n) % 330, 399 - turn, turn=turn, **{f"m{turn}": 1}) for n in range(60)])
        netty.load("--batch-rows", "11", "--update", "replace", db=db)
    with Beside(sync) as beside:
        for _ in range(4):
            rows = check(netty, db, "--batch-rows", "10")
            assert {state for state, *_ in rows} == {"ok"}, rows
            assert merge(netty, db, "--batch-rows", "10") == {}
        assert beside.failure is None
    assert "digest" in str(check(netty, db))


def test_through_a_pooler_with_a_time_limit_and_without_rights(spool, netty, postgres, db, tmp_path):
    load_records(netty, spool, db, *(record(n, 40, phone=1) for n in range(20)))
    at = urlparse(postgres.url())
    pooler = PgBouncer(tmp_path / "bouncer", at.hostname, at.port)
    try:
        assert {state for state, *_ in check(netty, pooler.url(db.name))} == {"ok"}
        assert merge(netty, pooler.url(db.name)) == {}
    finally:
        pooler.stop()
    db.query(f"CREATE ROLE {db.name} LOGIN")
    try:
        run = netty.load("check", db=db.url.replace("//netty@", f"//{db.name}@"), code=77)
        assert "42501" in run.err
    finally:
        db.query(f"DROP ROLE {db.name}")


@pytest.mark.parametrize("arguments", [("--merge",), ()])
def test_a_damaged_spool_is_told_and_the_rest_is_compared(spool, netty, db, arguments):
    writer = spool.table("contacts")
    writer.page([record(n, 40) for n in range(10)])
    writer.page([record(n, 40) for n in range(10, 20)])
    netty.load("--create-tables", db=db)
    path = writer.path("ndjson")
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.write_bytes(data)
    if arguments:
        assert merge(netty, db) == {}
    else:
        rows = check(netty, db)
        assert ": 1;" in said(rows, "netty-spool verify")[1] and ": 10 (" in said(rows, "unknown")[1]
