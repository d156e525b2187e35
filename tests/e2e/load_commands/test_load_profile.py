"""netty-load profile: what the members of data are, counted in one pass in the server, and never a value of a text."""
import json

import psycopg2

from harness import wait_for
from upkeep import ago, load_records, record, whole


def profile(netty, db, *arguments, **keywords):
    """{member: row}"""
    run = netty.load("profile", "--json", *arguments, db=db, **keywords)
    return {row["member"]: row for row in map(json.loads, run.out.splitlines())}


def members(count, /, **values):
    """So many records; a value that is a function gives each record's."""
    return [record(k, 40 + k % 10, **{name: value(k) if callable(value) else value for name, value in values.items()})
            for k in range(1, count + 1)]


def test_each_form_is_counted_and_has_its_type(spool, netty, db):
    forms = {
        "active": (lambda k: k % 2 == 0, "boolean", "boolean"), "seen": (lambda k: k % 2 if k > 1 else True, "flag", "boolean"),
        "rooms": (lambda k: k % 2, "flag", "integer"), "n": (lambda k: k, "integer", "integer"),
        "text_n": (lambda k: str(k + 10), "integer", "integer"), "big": (lambda k: 10 ** 12 + k, "bigint", "bigint"),
        "price": (lambda k: k + 0.25, "decimal", "numeric"), "text_price": (lambda k: f"{k}.50", "decimal", "numeric"),
        "zip": (lambda k: f"{k:05}", "code", "text"), "born": (lambda k: f"1980-02-{k % 28 + 1:02}", "date", "date"),
        "at": (lambda k: f"{k % 24:02}:30:00", "time", "time"), "signed": (lambda k: f"2024-01-02 03:04:{k % 60:02}", "timestamp", "timestamp"),
        "sent": (lambda k: f"2024-01-02T03:04:{k % 60:02}+02:00", "zoned", "timestamptz"),
        "uid": (lambda k: f"00000000-0000-4000-8000-{k:012}", "uuid", "uuid"), "mail": (lambda k: f"a{k}@example.org", "mail", "text"),
        "note": (lambda k: f"note {k}", "text", "text"), "tags": (lambda k: [k], "array", "jsonb"),
        "address": (lambda k: {"city": "Lyon", "floor": k}, "object", "jsonb"), "void": (None, "null", "text"),
        "blank": ("", "empty", "text"), "none": ("0000-00-00 00:00:00", "empty", "text"),
    }
    load_records(netty, spool, db, *members(100, **{name: value for name, (value, _, _) in forms.items()}))
    found = profile(netty, db, "contacts")
    assert {name: found[name]["type"] for name in forms} == {name: kind for name, (_, _, kind) in forms.items()}
    for name, (_, form, _) in forms.items():
        rest = 1 if name in ("seen", "n") else 50 if name == "rooms" else 0
        assert found[name][form] >= 99 - rest and found[name]["records"] == 100 and found[name]["misfits"] == 0, (name, found[name])
    assert found["address.city"]["type"] == "text" and found["address.floor"]["type"] == "integer"
    assert abs(found["n"]["distinct"] - 100) <= 15 and found["active"]["distinct"] == 2 and found["note"]["since"].endswith("Z")
    assert (found["n"]["least"], found["n"]["greatest"]) == ("1", "100") and found["born"]["first"] == "1980-02-01"
    assert "address.city" not in profile(netty, db, "--depth", "0", "contacts")


def test_no_text_is_shown_and_nothing_is_written(spool, netty, db):
    secret = {"name": "Zoé Dupont", "phone": "+33612345678", "mail": "zoe@example.org", "digits": "0612345678", "long": "33612345679"}
    load_records(netty, spool, db, *members(30, **secret))
    before = whole(db)
    for arguments in ((), ("--json",), ("--misfits",), ("--log-level", "debug"), ("--dry-run",)):
        run = netty.load("profile", "contacts", *arguments, db=db)
        assert not any(value in run.out + run.err for value in secret.values()), arguments
    assert whole(db) == before and db.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'netty'") == 0


def test_odd_values_are_counted_and_their_keys_listed(spool, netty, db):
    odd = {7: "soon", 9: [1], 11: {"a": 1}, 12: "", 13: None, 14: "0000-00-00", 15: "2024-02-30", 16: "-0001-11-30 00:00:00"}
    load_records(netty, spool, db, *members(1000, born=lambda k: odd.get(k, "1980-02-03")))
    row = profile(netty, db, "contacts")["born"]
    assert (row["type"], row["misfits"], row["empty"], row["null"]) == ("date", 4, 3, 1)
    run = netty.load("profile", "--misfits", "--json", "contacts", db=db)
    assert sorted(json.loads(line)["key"] for line in run.out.splitlines()) == [7, 9, 11, 15]
    assert all(json.loads(line)["member"] == "born" and json.loads(line)["type"] == "date" for line in run.out.splitlines())


def test_what_is_lost_is_never_a_value_of_a_wider_type_of_the_same_family(spool, netty, db):
    load_records(netty, spool, db, *members(1000, n=lambda k: 2 ** 40 if k == 1 else k, p=lambda k: 0.5 if k == 1 else k,
                                            d=lambda k: "2024-01-02 03:04:05" if k == 1 else "2024-01-02",
                                            z=lambda k: "01234" if k == 1 else "75001", x=lambda k: "a" if k % 50 else k))
    found = profile(netty, db, "contacts")
    assert {name: found[name]["type"] for name in "npdzx"} == {"n": "bigint", "p": "numeric", "d": "timestamp", "z": "text", "x": "jsonb"}
    assert all(found[name]["misfits"] == 0 for name in "npdzx")


def test_a_map_keyed_by_values_is_no_list_of_members(spool, netty, db):
    load_records(netty, spool, db, *members(300, by_mail=lambda k: {f"s3cret{k}@x.org": k}))
    run = netty.load("profile", "--json", "contacts", db=db)
    assert "s3cret" not in run.out and '"by_mail"' in run.out


def test_its_cost_is_told_beforehand_and_it_needs_no_more_than_select(spool, netty, db):
    load_records(netty, spool, db, *members(500, n=1))
    db.query('ANALYZE "netty-contacts"')
    row, = map(json.loads, netty.load("profile", "--dry-run", "--json", "contacts", db=db).out.splitlines())
    assert row["rows"] == 500 and row["bytes"] >= 8192
    db.query(f"""CREATE ROLE {db.name} LOGIN BYPASSRLS; GRANT SELECT ON "netty-contacts" TO {db.name}""")
    try:
        assert profile(netty, db.url.replace("//netty@", f"//{db.name}@"), "contacts")["n"]["records"] == 500
    finally:
        db.query(f"DROP OWNED BY {db.name}; DROP ROLE {db.name}")


def test_it_is_one_pass_and_says_since_when_a_member_is_seen(spool, netty, db):
    load_records(netty, spool, db, record(1, 40, old=1), record(2, 20, old=2, late=1), record(3, 5, late=1, nested={"x": 1}))
    scans = "SELECT pg_stat_get_numscans('\"netty-contacts\"'::regclass)"
    db.query("SELECT pg_stat_force_next_flush()")
    wait_for(lambda: db.value("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'netty%'") == 0, "the loader's sessions' end")
    before = db.value(scans)
    found = profile(netty, db, "contacts")
    wait_for(lambda: db.value(scans) > before, "the server's count")
    assert db.value(scans) == before + 1
    since = {name: found[name]["since"][:10] for name in ("old", "late", "nested", "nested.x")}
    assert since == {"old": ago(40)[:10], "late": ago(20)[:10], "nested": ago(5)[:10], "nested.x": ago(5)[:10]}, since


def test_a_signal_ends_the_server_s_work_too(spool, netty, db):
    load_records(netty, spool, db, *members(5, n=1))
    for end in ("terminate", "kill_int"):
        holder = psycopg2.connect(db.url)
        holder.cursor().execute('LOCK TABLE "netty-contacts" IN ACCESS EXCLUSIVE MODE')
        process = netty.start("netty-load", "profile", "contacts", db=db)
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%shaped%' AND pid <> pg_backend_pid() AND state = 'active'"
        wait_for(lambda: db.value(waiting) == 1, "the statement that waits")
        process.terminate() if end == "terminate" else process.send_signal(2)
        assert process.wait(timeout=60) == 75, open(process.err_path).read()
        wait_for(lambda: db.value(waiting) == 0, "its end")
        holder.close()


def test_a_time_limit_is_told_once(spool, netty, db):
    load_records(netty, spool, db, *members(5, n=1))
    holder = psycopg2.connect(db.url)
    holder.cursor().execute('LOCK TABLE "netty-contacts" IN ACCESS EXCLUSIVE MODE')
    run = netty.load("profile", "contacts", db=f"{db.url}?options=-cstatement_timeout%3D500", code=69)
    assert "statement_timeout" in run.err and "retries" not in run.err
    holder.close()
