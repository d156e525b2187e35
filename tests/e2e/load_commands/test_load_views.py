"""netty-load views: a typed column a member, which no value can break, which indexes serve, and which grant nothing."""
import json
import random

import psycopg2
import pytest
from upkeep import load_records, record

from documents import blocks, documents
from test_load_profile import members

TYPED = {"flag": (True, "boolean"), "n": (lambda k: k, "integer"), "big": (lambda k: 10 ** 12 + k, "bigint"), "price": (lambda k: k + 0.25, "numeric"),
         "born": (lambda k: f"1980-02-{k % 28 + 1:02}", "date"), "at": (lambda k: f"{k % 24:02}:30:{k % 60:02}.5", "time without time zone"),
         "signed": (lambda k: f"2024-01-02 03:04:{k % 60:02}", "timestamp without time zone"),
         "sent": (lambda k: f"2024-01-02T03:04:{k % 60:02}+02:00", "timestamp with time zone"),
         "uid": (lambda k: f"00000000-0000-4000-8000-{k:012}", "uuid"), "note": (lambda k: f"note {k}", "text"), "tags": (lambda k: [k], "jsonb")}
NESTED = {"address": lambda k: {"city": f"c{k % 5}", "since": f"200{k % 10}-01-02"}}


def views(netty, db, *arguments, **keywords):
    """{table: row}"""
    run = netty.load("views", "--json", "--apply", *arguments, db=db, **keywords)
    return {row["table"]: row for row in map(json.loads, run.out.splitlines())}


def columns(db, view="netty.contacts"):
    return dict(db.query(f"""SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
        WHERE attrelid = '{view}'::regclass AND attnum > 0 ORDER BY attnum"""))


def put(db, key, data):
    db.query("""INSERT INTO "netty-contacts" (contact_id, data) VALUES (%s, %s)""".replace("%s, %s", f"{key}, $netty${json.dumps(data)}$netty$"))


@pytest.fixture
def typed(spool, netty, db):
    load_records(netty, spool, db, *members(100, **{name: value for name, (value, _) in TYPED.items()}, **NESTED))
    assert views(netty, db)["contacts"]["status"] == "made"
    return db


def test_each_member_has_a_column_of_its_type_in_a_settled_order(typed, netty):
    found = columns(typed)
    assert list(found)[:3] == ["contact_id", "time_created", "time_modified"] and list(found)[3:] == sorted(list(found)[3:])
    assert {name: found[name] for name in TYPED} == {name: kind for name, (_, kind) in TYPED.items()}
    assert found["address_city"] == "text" and found["address_since"] == "date" and "address" not in found and "deleted" not in found
    row = typed.query("SELECT flag, n, price, born::text, at::text, signed::text, sent AT TIME ZONE 'UTC', address_city FROM netty.contacts WHERE contact_id = 5")[0]
    assert str(row[2]) == "5.25" and row[:2] == (True, 5) and row[3:6] == ("1980-02-06", "05:30:05.5", "2024-01-02 03:04:05")
    assert str(row[6]) == "2024-01-02 01:04:05" and row[7] == "c0"
    assert views(netty, typed)["contacts"]["status"] == "there" and columns(typed) == found


ODD = [None, True, False, 0, 1, -1, 0.5, 1e15, 2 ** 31, -2 ** 31 - 1, 2 ** 63, 10 ** 40, 1e308, -1e-300, "", " ", "0", "1", "-", "-0", "+1", "007", "1e999999",
       "NaN", "Infinity", "-Infinity", "9" * 18, "9" * 19, "9" * 60, "9" * 61, "9" * 70000, "1.", ".5", "1.5.5", "0x10", "1_000", "1,5", "١٢", "true", "TRUE", "t", "yes",
       "0000-00-00", "0000-00-00 00:00:00", "-0001-11-30 00:00:00", "0000-01-01", "0001-02-30", "2024-00-10", "2024-10-00", "2024-13-01", "2023-02-29", "2024-02-29",
       "1900-02-29", "2000-02-29", "2024-04-31", "2024-1-1", " 024-01-01", "+024-01-01", "-024-01-01", "2024- 1- 1", "12024-01-01", "10000-01-01", "9999-12-31", "0001-01-01",
       "infinity", "today", "now", "2024-01-01 24:00:00", "2024-01-01 23:59:60", "2024-01-01 23:59:59.9999999", "2024-01-01T10:00:00Z", "2024-01-01 10:00:00+14:59",
       "0001-01-01 00:00:00+14:00", "9999-12-31 23:59:59.99999999-1459", "2024-01-01 10:00:00+15:00", "2024-01-01 10:00:00+02", "2024-01-01 10:00:00 Europe/Paris",
       "2024-01-01 10:00:00." + "0" * 400 + "1", "2024-02-30T10:00:00Z", "0000-01-01T10:00:00Z", "24:00:00", "23:59:60", "23:59:59.9999999", "10:00", "1:00", "99:99:99",
       "00000000-0000-4000-8000-00000000000g", "0" * 36, "-" * 36, "00000000-0000-4000-8000-00000000-000", "{00000000-0000-4000-8000-000000000000}", "é" * 36,
       "a\tb\nc", "\\", "'", '"', "$1", "%s", "\u0001", "😀", [], {}, [[]], [1], ["2024-01-01"], [[1, [2, {"a": None}]]], {"a": 1},
       {"city": 5}, {"city": [1], "since": "x"}, {"since": "2024-02-30"}, "x" * 3000]


def spoiled(dice):
    """A value of some form with a letter or two changed."""
    text = dice.choice(["2024-02-29", "2024-01-02 03:04:05", "2024-01-02T03:04:05.25+02:00", "10:20:30", "123456789", "-12.50",
                        "00000000-0000-4000-8000-000000000001", "true", "2000-02-29 23:59:59", "999999999999999999"])
    letters = list(text)
    for _ in range(dice.choice([0, 1, 1, 2, 3])):
        i = dice.randrange(len(letters) + 1)
        letters[i:i + dice.choice([0, 1])] = [dice.choice("0123456789-+:. TZaeé٣")]
    return "".join(letters)


def test_no_value_breaks_a_column(typed, netty):
    """Each odd value in each typed column, then 10,000 random ones; each column of each row is read."""
    dice = random.Random(25)
    names = [name for name in TYPED] + ["address"]
    rows = [{name: value for name in names} for value in ODD]
    rows += [{name: spoiled(dice) if dice.random() < 0.9 else dice.choice(ODD) for name in names} for _ in range(10000 // len(names) + 1)]
    with psycopg2.connect(typed.url) as connection:
        cursor = connection.cursor()
        for key, row in enumerate(rows, 1000):
            cursor.execute('INSERT INTO "netty-contacts" (contact_id, data) VALUES (%s, %s)', (key, json.dumps(row)))
    shown = typed.query("SELECT contact_id, to_jsonb(c) FROM netty.contacts AS c WHERE contact_id >= 1000")
    assert len(shown) == len(rows)
    by_key = dict(shown)
    for key, row in enumerate(rows[:len(ODD)], 1000):
        value, seen = ODD[key - 1000], by_key[key]
        assert (seen["tags"] == value or isinstance(value, float)) and (seen["note"] is None) == (value is None)
        if isinstance(value, str):
            for column, cast in (("born", "date"), ("uid", "uuid"), ("signed", "timestamp"), ("at", "time"), ("n", "int4")):
                if seen[column] is not None:  # what is shown is what PostgreSQL reads in the text itself
                    assert typed.value(f"SELECT to_jsonb($netty${value}$netty$::{cast})") == seen[column], (column, value)
    assert by_key[1000 + ODD.index("2024-02-29")]["born"] == "2024-02-29" and by_key[1000 + ODD.index("2024-02-29")]["signed"] == "2024-02-29T00:00:00"
    assert by_key[1000 + ODD.index("0001-02-30")]["born"] is None
    for column in columns(typed):
        typed.query(f'SELECT count(DISTINCT "{column}"), min("{column}"::text) FROM netty.contacts')


def test_rows_with_deleted_are_left_out_or_kept_with_the_column(spool, netty, db):
    load_records(netty, spool, db, record(1, 40), record(2, 40, deleted=True))
    views(netty, db)
    assert db.query("SELECT contact_id FROM netty.contacts") == [(1,)]
    assert views(netty, db, "--with-deleted")["contacts"]["added"] == 1
    assert sorted(db.query("SELECT contact_id, deleted FROM netty.contacts")) == [(1, False), (2, True)]
    views(netty, db)
    assert columns(db)["deleted"] == "boolean" and db.value("SELECT count(*) FROM netty.contacts") == 2, "a column stays"


def test_columns_keep_place_name_and_type_and_a_rebuild_changes_them(typed, netty):
    before = columns(typed)
    typed.query("GRANT SELECT ON netty.contacts TO PUBLIC")
    for key in range(1000, 1200):
        put(typed, key, {"n": f"x{key}", "new": "é", "address": {"zip": "01000"}})
    row = views(netty, typed)["contacts"]
    assert (row["status"], row["narrow"]) == ("changed", 1) and row["added"] == 2
    after = columns(typed)
    assert list(after)[:len(before)] == list(before) and after["n"] == "integer" and list(after)[len(before):] == ["address_zip", "new"]
    typed.query("CREATE VIEW public.mine AS SELECT n FROM netty.contacts")
    refused = netty.load("views", "--apply", "--rebuild", "contacts", db=typed, code=69)
    assert "public.mine" in refused.err and columns(typed) == after
    typed.query("DROP VIEW public.mine")
    assert views(netty, typed, "--rebuild")["contacts"]["status"] == "made again"
    assert columns(typed)["n"] == "jsonb" and list(columns(typed))[3:] == sorted(list(columns(typed))[3:])
    assert typed.value("SELECT has_table_privilege('public', 'netty.contacts', 'SELECT')"), "grants stay"


def test_what_the_view_does_not_show_is_counted_by_its_types_with_the_keys(typed, netty):
    for key in range(1000, 1200):
        put(typed, key, {"n": f"x{key}", "born": "soon" if key == 1005 else "", "tags": 5})
    rows = {row["member"]: row for row in map(json.loads, netty.load("profile", "--json", "contacts", db=typed).out.splitlines())}
    assert (rows["n"]["type"], rows["n"]["misfits"], rows["born"]["misfits"], rows["tags"]["misfits"]) == ("integer", 200, 1, 0)
    listed = [json.loads(line) for line in netty.load("profile", "--misfits", "--json", "contacts", db=typed).out.splitlines()]
    assert {row["key"] for row in listed if row["member"] == "n"} == set(range(1000, 1200))
    assert [row["key"] for row in listed if row["member"] == "born"] == [1005] and len(listed) == 201


def stale(netty, db, code=0):
    return [row["finding"] for row in map(json.loads, netty.load("check", "--json", "contacts", db=db, code=code).out.splitlines()) if "view" in row["finding"]]


def test_check_names_a_view_that_is_stale(spool, netty, db):
    load_records(netty, spool, db, *members(20, n=1))
    assert stale(netty, db) == [], "nobody has made views"
    views(netty, db)
    assert "shows all members" in stale(netty, db)[0]
    spool.table("contacts").page([record(3, 1, brand_new=1, n=2)])
    netty.load("--update", "replace", db=db)
    assert "stale" in stale(netty, db)[0] and "(brand_new)" in stale(netty, db)[0]
    views(netty, db)
    assert "shows all members" in stale(netty, db)[0] and db.value("SELECT brand_new FROM netty.contacts WHERE contact_id = 3") == 1
    db.query('ALTER TABLE "netty-contacts" RENAME TO away')
    netty.load("replay", "--create-tables", db=db)
    assert "was netty-contacts" in stale(netty, db)[0]
    views(netty, db)
    assert "shows all members" in stale(netty, db)[0]
    db.query("DROP TABLE away; CREATE TABLE \"netty-users\" (LIKE \"netty-contacts\"); ALTER TABLE \"netty-users\" ADD PRIMARY KEY (contact_id)")
    views(netty, db, "users")
    db.query('DROP TABLE "netty-contacts" CASCADE')
    netty.load("replay", "--create-tables", "contacts", db=db)
    assert "has no view" in stale(netty, db)[0]


def test_archive_restore_and_purge_leave_the_views_right(spool, netty, db):
    load_records(netty, spool, db, *members(20, n=1), record(50, 400, n=2), record(51, 400, n=3, deleted=True))
    views(netty, db)
    netty.load("archive", "--older-than", "300d", "contacts", db=db)
    assert db.value("SELECT count(*) FROM netty.contacts") == 20
    netty.load("restore", "contacts", db=db)
    assert db.value("SELECT count(*) FROM netty.contacts") == 21
    netty.load("purge", "--older-than", "300d", "contacts", db=db)
    assert db.value("SELECT n FROM netty.contacts WHERE contact_id = 50") == 2 and "shows all members" in stale(netty, db)[0]


def test_names_are_quoted_cut_and_told_apart(spool, netty, db):
    odd = {'A "b"\'\\;--': 1, "a": 2, "A": 3, "": 4, "address_city": 5, "address": {"city": "x"}, "contact_id_2": 6, "select": 7,
           "é" * 40: 8, "é" * 41: 9, "$1": 10, "%s :x :'y'": 11}
    load_records(netty, spool, db, record(1, 40, **odd))
    assert views(netty, db)["contacts"]["status"] == "made"
    shown = db.value("SELECT to_jsonb(c) FROM netty.contacts AS c")
    assert shown['A "b"\'\\;--'] == 1 and (shown["a"], shown["A"], shown["_"], shown["select"]) == (2, 3, 4, 7)
    assert (shown["address_city"], shown["address_city_2"]) == ("x", 5) and shown["%s :x :'y'"] == 11 and shown["$1"] == 10
    assert sorted(shown[name] for name in shown if name.startswith("é")) == [8, 9] and all(len(name.encode()) <= 63 for name in shown)
    assert views(netty, db)["contacts"]["status"] == "there"


def test_a_table_of_300_members_and_one_of_more_than_a_view_can_have(spool, netty, db):
    load_records(netty, spool, db, record(1, 40, **{f"m{i:04}": i for i in range(300)}))
    assert views(netty, db)["contacts"]["columns"] == 304 and db.value("SELECT m0299 FROM netty.contacts") == 299
    put(db, 2, {f"w{i:04}": i for i in range(1700)})
    run = netty.load("views", "--json", "--apply", "contacts", db=db)
    row = json.loads(run.out)
    assert row["columns"] == 1600 and row["left_out"] == 304 + 1700 - 1600 and "1600" in run.err
    assert db.value("SELECT count(*) FROM netty.contacts") == 2


def test_a_name_that_is_anothers_is_refused_and_another_schema_taken(spool, netty, db):
    load_records(netty, spool, db, record(1, 40))
    db.query("CREATE SCHEMA netty; CREATE TABLE netty.contacts (x int)")
    assert "--views-schema" in netty.load("views", "--apply", db=db, code=69).err
    assert views(netty, db, "--views-schema", "b i")["contacts"]["status"] == "made"
    assert db.value('SELECT name FROM "b i".contacts') == "n1"


def test_what_is_printed_is_what_is_made_and_nothing_is_written_before(spool, netty, db):
    load_records(netty, spool, db, *members(20, **{name: value for name, (value, _) in TYPED.items()}))
    text = netty.load("views", "contacts", db=db).out
    planned = json.loads(netty.load("views", "--apply", "--dry-run", "--json", "contacts", db=db).out)
    assert planned["status"] == "to make" and db.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'netty'") == 0
    assert 'GRANT SELECT ON "netty"."contacts"' in text and "CREATE POLICY" in text
    db.query(text)
    printed = db.value("SELECT pg_get_viewdef('netty.contacts'::regclass)")
    db.query("DROP SCHEMA netty CASCADE")
    views(netty, db)
    assert db.value("SELECT pg_get_viewdef('netty.contacts'::regclass)") == printed


@pytest.mark.parametrize("word", ["CREATE VIEW", "REVOKE", "COMMENT"])
def test_a_view_is_made_whole_or_not_at_all(spool, netty, db, word):
    """One transaction: whichever statement of it is refused, neither view nor schema is there, and the old view is as it was."""
    load_records(netty, spool, db, *members(5, n=1))
    refuse = f"""CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$;
                 CREATE EVENT TRIGGER refuse_{db.name} ON ddl_command_end WHEN TAG IN ('{word}') EXECUTE FUNCTION public.refuse()"""
    allow = f"DROP EVENT TRIGGER refuse_{db.name}; DROP FUNCTION public.refuse()"
    db.query("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC")  # so that there is something to take back
    db.query(refuse)
    assert "not today" in netty.load("views", "--apply", db=db, code=None).err
    assert db.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'netty'") == 0
    db.query(allow)
    views(netty, db)
    before = columns(db)
    put(db, 6, {"fresh": 1})
    db.query(refuse)
    assert "not today" in netty.load("views", "--apply", "--rebuild", db=db, code=None).err
    assert columns(db) == before and db.value("SELECT count(*) FROM netty.contacts") == 6
    db.query(allow)


def test_row_level_security_holds_through_them_and_nothing_is_granted(spool, netty, db):
    """As Supabase has it: default privileges give all to anon; then as a dashboard would read: a role with SELECT, under a policy."""
    role = f"{db.name}_anon"
    db.query(f"CREATE ROLE {role}; CREATE SCHEMA netty; GRANT USAGE ON SCHEMA public, netty TO {role}; "
             f"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {role}, PUBLIC")
    try:
        load_records(netty, spool, db, record(1, 40, n=1), record(2, 40, n=2))
        run = netty.load("views", "--apply", "contacts", db=db)
        assert "GRANT SELECT" in run.err
        read = f"SET ROLE {role}; SELECT count(*) FROM netty.contacts"

        def count():
            try:
                return db.query(read)[0][0]
            finally:
                db.query("RESET ROLE")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            count()
        db.query(f'GRANT SELECT ON netty.contacts TO {role}')
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            count()
        db.query(f'GRANT SELECT ON "netty-contacts" TO {role}')
        assert count() == 0, "no policy lets it see a row"
        db.query(f'CREATE POLICY one ON "netty-contacts" FOR SELECT TO {role} USING (contact_id = 2)')
        assert count() == 1
    finally:
        db.query(f"RESET ROLE; ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM {role}, PUBLIC; DROP OWNED BY {role}; DROP ROLE {role}")


def plan(db, query):
    db.query("SET enable_seqscan = off; SET enable_bitmapscan = off")
    return "\n".join(row for row, in db.query(f"EXPLAIN {query}"))


def test_every_column_can_be_indexed_and_the_index_holds_every_value(typed, netty):
    names = [name for name in columns(typed) if not name.startswith("time_") and name != "contact_id"]
    rows = [{name: value for name in TYPED if name != "note"} for value in ODD] + [{"address": {"since": value}} for value in ODD]
    with psycopg2.connect(typed.url) as connection:
        for key, row in enumerate(rows, 1000):
            connection.cursor().execute('INSERT INTO "netty-contacts" (contact_id, data) VALUES (%s, %s)', (key, json.dumps(row)))
    run = netty.load("index", "--json", "contacts", *names, db=typed)
    made = {row["member"]: row for row in map(json.loads, run.out.splitlines())}
    assert all(made[name]["status"] == "made" for name in names)
    for name, kind in columns(typed).items():
        if name in names and kind not in ("text", "jsonb"):
            assert made[name]["index"] in plan(typed, f'SELECT 1 FROM netty.contacts ORDER BY "{name}" LIMIT 5'), name
            assert made[name]["index"] in plan(typed, f'SELECT 1 FROM netty.contacts WHERE "{name}" = (SELECT max("{name}"::text)::{kind} FROM netty.contacts)'), name
    assert made["address_city"]["index"] in plan(typed, "SELECT 1 FROM netty.contacts WHERE address_city = 'c1'")
    again = netty.load("index", "--json", "contacts", *names, db=typed)
    assert {json.loads(line)["status"] for line in again.out.splitlines()} == {"there"}


def test_a_join_on_a_key_member_through_the_views_takes_the_index(spool, netty, db):
    """As an owner, whom no policy filters: a policy keeps PostgreSQL from using an index on expressions that are not leakproof."""
    load_records(netty, spool, db, *members(200))
    spool.table("mandates").page([{"mandate_id": n, "time_created": "2024-01-01 00:00:00", "time_modified": "2024-01-01 00:00:00", "contact_id": str(n % 200 + 1),
                                   "signed": f"2024-{n % 12 + 1:02}-03 10:00:00"} for n in range(1, 400)])
    netty.load("--create-tables", db=db)
    views(netty, db)
    assert columns(db, "netty.mandates")["contact_id"] == "integer"
    row, = (json.loads(line) for line in netty.load("index", "--json", "mandates", "contact_id", db=db).out.splitlines() if "contact_id" in line)
    shown = plan(db, "SELECT c.name, m.signed FROM netty.contacts AS c JOIN netty.mandates AS m ON m.contact_id = c.contact_id WHERE c.contact_id = 7")
    assert row["index"] in shown and "netty-contacts_pkey" in shown
    assert db.value("SELECT count(*) FROM netty.contacts c JOIN netty.mandates m USING (contact_id) WHERE date_trunc('month', m.signed) = '2024-03-01'") > 10


def test_the_readme_shows_the_same_question_before_and_after(spool, netty, db):
    """Both ways answer alike; a date that is none is an error of the first one only."""
    before, after = (" \n".join(block) for block in blocks("load/README.md", documents()["load/README.md"]) if block[0].startswith("SELECT a."))
    db.query("""CREATE TABLE "netty-agencies" (agency_id int PRIMARY KEY, time_created timestamptz, time_modified timestamptz, data jsonb NOT NULL);
        CREATE TABLE "netty-mandates" (mandate_id int PRIMARY KEY, time_created timestamptz, time_modified timestamptz, data jsonb NOT NULL);
        INSERT INTO "netty-agencies" (agency_id, data) SELECT n, jsonb_build_object('agency_id', n, 'name', 'agency ' || n) FROM generate_series(1, 5) n;
        INSERT INTO "netty-mandates" (mandate_id, data) SELECT n, jsonb_build_object('mandate_id', n, 'agency_id', n % 5 + 1,
            'signed', (date '2024-01-01' + n)::text, 'deleted', n % 10 = 0) FROM generate_series(1, 200) n""")
    views(netty, db, "agencies", "mandates")
    rows = sorted((row[0], str(row[1])[:7], row[2]) for row in db.query(before))
    assert len(rows) > 20 and rows == sorted((row[0], str(row[1])[:7], row[2]) for row in db.query(after))
    db.query("""UPDATE "netty-mandates" SET data = data || '{"signed": "0000-00-00"}' WHERE mandate_id = 7""")
    with pytest.raises(psycopg2.Error):
        db.query(before)
    assert sum(row[2] for row in db.query(after)) == sum(row[2] for row in rows)
