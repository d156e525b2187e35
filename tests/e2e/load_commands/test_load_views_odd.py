"""netty-load views against what people, PHP and PostgreSQL do: values, names, tables and roles that are not as expected."""
import json
import random

import psycopg2
from psycopg2.extras import execute_values
from test_load_profile import members
from test_load_views import NESTED, ODD, TYPED, columns, put, spoiled, stale, typed, views  # noqa: F401
from upkeep import load_records, record


def test_ten_thousand_random_values_in_each_typed_column(typed):  # noqa: F811
    """What is shown is what PostgreSQL itself reads in the text; nothing raises, not in a filter, a sort or a sum either."""
    dice = random.Random(2525)
    names = [*TYPED, "address"]
    rows = [(key, json.dumps({name: spoiled(dice) if dice.random() < 0.8 else dice.choice(ODD) for name in names})) for key in range(1000, 11000)]
    with psycopg2.connect(typed.url) as connection:
        execute_values(connection.cursor(), 'INSERT INTO "netty-contacts" (contact_id, data) VALUES %s', rows, page_size=1000)
    found = columns(typed)
    assert typed.value("SELECT count(*) FROM netty.contacts WHERE contact_id >= 1000") == 10000
    for column, kind in found.items():
        typed.query(f'SELECT count("{column}"), min("{column}"::text) FROM netty.contacts WHERE "{column}" IS NOT NULL')
    for column, kind in (("born", "date"), ("uid", "uuid"), ("signed", "timestamp"), ("sent", "timestamptz"), ("at", "time"), ("n", "int4"), ("big", "int8")):
        wrong = typed.query(f"""SELECT c.contact_id, t.data->>'{column}', c."{column}"::text FROM netty.contacts AS c JOIN "netty-contacts" AS t USING (contact_id)
            WHERE c."{column}" IS NOT NULL AND c."{column}" <> (CASE WHEN c."{column}" IS NOT NULL THEN t.data->>'{column}' END)::{kind} LIMIT 3""")
        assert not wrong, (column, wrong)
        assert typed.value(f'SELECT count("{column}") FROM netty.contacts WHERE contact_id >= 1000') > 100, f"some of {column} fit"


def test_names_that_are_cut_collide_and_differ_by_little(spool, netty, db):
    long = "x" * 63
    odd = {long: 1, long + "a": 2, long + "b": 3, "X" * 63: 4, "é" * 31 + "e": 5, "é" * 32: 6, "é" * 31: 7, "😀" * 16: 8, "😀" * 15 + "abc": 9,
           "Time_Created": 10, "TIME_MODIFIED": 11, "Deleted": 12, "created_at": 13, "data": 14, "t": 15, "ctid": 16, "xmin": 17, "tableoid": 18, "oid": 19,
           "a.b": 20, "a": {"b": 21, "B": 22, "": 23}, "a_b": 24, "a_b_2": 25, " ": 26, "\t": 27, "\u00e9": 28, "e\u0301": 29, "null": 30, "user": 31, "__": 32}
    load_records(netty, spool, db, record(1, 40, **odd))
    put(db, 2, {"contact_id": 33, "time_created": 34, "time_modified": 35})
    row = views(netty, db)["contacts"]
    assert row["status"] == "made" and row["left_out"] == 0
    shown = db.value("SELECT to_jsonb(c) FROM netty.contacts AS c WHERE contact_id = 1")
    values = sorted(value for name, value in shown.items() if isinstance(value, int) and name != "contact_id")
    assert values == [*range(1, 21), *range(21, 24), *range(24, 33)], values
    assert all(len(name.encode()) <= 63 for name in shown) and shown["Time_Created"] == 10 and shown["e\u0301"] == 29
    other = db.value("SELECT to_jsonb(c) FROM netty.contacts AS c WHERE contact_id = 2")
    assert (other["contact_id"], other["time_created"], other["contact_id_2"], other["time_created_2"], other["time_modified_2"]) == (2, None, 33, 34, 35)
    before = columns(db)
    assert views(netty, db)["contacts"]["status"] == "there" and columns(db) == before
    assert views(netty, db, "--rebuild")["contacts"]["status"] == "made again" and columns(db) == before, "settled: the same names in the same order"
    assert "shows all members" in stale(netty, db, code=65)[0], "65: of the row that nobody's loader has written"
    run = netty.load("index", "--json", "contacts", long, "a_b", "time_created_2", db=db)
    assert {json.loads(line)["status"] for line in run.out.splitlines()} == {"made"}


def test_a_table_without_rows_has_a_view_that_grows(spool, netty, db):
    db.create("contacts")
    assert views(netty, db)["contacts"]["status"] == "made"
    assert list(columns(db)) == ["contact_id", "time_created", "time_modified"] and db.value("SELECT count(*) FROM netty.contacts") == 0
    put(db, 1, {})
    put(db, 2, {"a": {}, "b": [], "c": None, "d": ""})
    put(db, 3, {"deleted": True})
    assert views(netty, db)["contacts"]["added"] == 4 and db.value("SELECT count(*) FROM netty.contacts") == 2
    assert {name: columns(db)[name] for name in "abcd"} == {"a": "jsonb", "b": "jsonb", "c": "text", "d": "text"}


def test_data_that_is_no_object_breaks_nothing(spool, netty, db):
    load_records(netty, spool, db, *members(20, n=lambda k: k))
    for key, data in enumerate((5, "text", None, [1, {"n": 2}], True), 100):
        db.query('INSERT INTO "netty-contacts" (contact_id, data) VALUES (%s, %s)', key, json.dumps(data))
    assert views(netty, db)["contacts"]["status"] == "made" and db.value("SELECT count(*) FROM netty.contacts") == 25
    assert db.value("SELECT count(n) FROM netty.contacts") == 20 and "shows all members" in stale(netty, db, code=65)[0]


def test_a_table_of_300_members_in_all_forms_that_netty_sends(spool, netty, db):
    """Booleans as 0 and 1, integers as texts, zero dates, empty arrays for no object, HTML, long digits; a member missing here and there."""
    forms = [("flag", lambda k: k % 2), ("flag_text", lambda k: str(k % 2)), ("yes", lambda k: k % 2 == 0), ("number_text", lambda k: str(k)),
             ("zero_date", lambda k: "0000-00-00" if k % 3 else "2024-02-29"), ("zero_time", lambda k: "0000-00-00 00:00:00" if k % 3 else "2024-01-02 03:04:05"),
             ("php_time", lambda k: "-0001-11-30 00:00:00" if k % 3 else "2024-01-02T03:04:05Z"), ("none", lambda k: [] if k % 3 else {"city": "Lyon"}),
             ("html", lambda k: f"<p>é &amp; {k}</p>"), ("digits", lambda k: "1" * 25), ("price", lambda k: f"{k}.50"), ("empty", lambda k: ""), ("nothing", lambda k: None)]
    expected = ["integer", "integer", "boolean", "integer", "date", "timestamp without time zone", "timestamp with time zone", None, "text", "numeric", "numeric", "text", "text"]
    make = {f"{name}_{i:02}": form for i in range(24) for name, form in forms}
    load_records(netty, spool, db, *[record(k, 40, **{name: form(k) for j, (name, form) in enumerate(make.items()) if (k + j) % 7}) for k in range(1, 150)])
    assert len(make) > 300 and views(netty, db)["contacts"]["narrow"] == 0
    found = columns(db)
    for (name, _), kind in zip(forms, expected):
        assert kind is None or found[f"{name}_07"] == kind, (name, found.get(f"{name}_07"))
    assert found["none_07_city"] == "text" and len(found) == 4 + len(make)
    rows = [json.loads(line) for line in netty.load("profile", "--json", "contacts", db=db).out.splitlines()]
    assert not [row["member"] for row in rows if row["misfits"] and "." not in row["member"]]
    assert len(db.query("SELECT * FROM netty.contacts")) == 149


def test_the_path_of_a_dashboard(spool, netty, db):
    """A login of its own, SELECT on tables and views, a policy by a member; and it can write nothing, make nothing, see no more through a view of its own."""
    role = f"{db.name}_bi"
    load_records(netty, spool, db, *(record(k, 40, agency=k % 3, born="0000-00-00" if k % 5 else "1980-02-03") for k in range(1, 61)))
    text = netty.load("views", "contacts", db=db).out
    views(netty, db)
    db.query(f"CREATE ROLE {role} LOGIN")
    try:
        statements = [line[2:].strip().replace("ROLE", role) for line in text.splitlines() if line.startswith("--") and line.endswith(";")]
        assert len(statements) == 3
        for statement in statements:
            db.query(statement.replace("USING (true)", "USING (data->>'agency' = '1')"))
        with psycopg2.connect(db.url.replace("//netty@", f"//{role}@")) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT agency, count(*), count(born) FROM netty.contacts GROUP BY 1")
            assert cursor.fetchall() == [(1, 20, 4)]
            for attempt in ("UPDATE netty.contacts SET time_created = now()", "DELETE FROM netty.contacts", "CREATE TABLE netty.x (y int)",
                            "SELECT set_config('role', 'netty', false)"):
                try:
                    cursor.execute(attempt)
                    raise AssertionError(attempt)
                except psycopg2.Error as error:
                    assert error.pgcode == "42501", (attempt, error)
                    connection.rollback()
    finally:
        db.query(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_update_replace_and_a_truncated_table_leave_the_view_right(spool, netty, db):
    load_records(netty, spool, db, *members(20, n=lambda k: k, gone=1))
    views(netty, db)
    spool.table("contacts").page([record(1, 1, n=100)])
    netty.load("--update", "replace", db=db)
    assert db.query("SELECT n, gone FROM netty.contacts WHERE contact_id = 1") == [(100, None)]
    db.query('TRUNCATE "netty-contacts"')
    netty.load(db=db, code=None)
    assert db.value("SELECT count(*) FROM netty.contacts") == 20 and "shows all members" in stale(netty, db)[0]
