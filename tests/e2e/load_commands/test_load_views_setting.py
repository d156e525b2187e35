"""netty-load --views: a load that brings a member no record had before has the views applied, and says so; any other costs nothing more."""
import json
from pathlib import Path

import psycopg2
import pytest
from harness import wait_for
from pgparts import PgBouncer
from pgproxy import Proxy
from test_load_profile import members
from test_load_views import columns, views
from upkeep import load_records, record
from urllib.parse import urlsplit


WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"


def events(run, name):
    return [line for line in map(json.loads, run.err.splitlines()) if line["event"] == name]


def events_of(process, name):
    return [line for line in map(json.loads, open(process.err_path)) if line["event"] == name]


def load(netty, db, *arguments, code=0):
    return netty.load("--views", "--create-tables", "--log-format", "json", *arguments, db=db, code=code)


def page(spool, *records, table="contacts"):
    spool.table(table).page(list(records))


def test_a_new_member_is_in_the_view_after_the_load_that_brought_it(spool, netty, db):
    page(spool, record(1, 40, a=1, address={"city": "Lyon"}))
    made = load(netty, db)
    assert events(made, "view")[0]["schema"] == "netty" and "GRANT SELECT" in events(made, "view")[0]["grants"]
    assert columns(db)["a"] == "integer" and columns(db)["address_city"] == "text"
    page(spool, record(2, 30, a=2, born="1980-02-03", address={"city": "Lyon", "zip": "01000"}))
    told, = events(load(netty, db), "views")
    assert (told["table"], told["schema"], told["added"], told["columns"]) == ("contacts", "netty", 2, "address_zip, born")
    assert db.query("SELECT a, born::text, address_zip FROM netty.contacts ORDER BY 1") == [(1, None, None), (2, "1980-02-03", "01000")]


def test_it_is_a_setting_of_the_file_and_off_by_itself(spool, netty, db):
    page(spool, record(1, 40, a=1))
    netty.load("--create-tables", db=db)
    assert db.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'netty'") == 0
    page(spool, record(1, 30, b=1))
    (netty.dir / "netty.conf").write_text("views = yes\n")
    netty.load("--config", netty.dir / "netty.conf", db=db)
    assert columns(db)["b"] == "integer"


def test_a_load_without_a_new_member_costs_what_it_costs_without_the_setting(spool, netty, db):
    """Each message that a client sends is counted. Rows come, and none with a new member."""
    page(spool, *(record(k, 40, a=k, address={"city": "Lyon"}) for k in range(1, 50)))
    load(netty, db)
    at, counts = urlsplit(db.url), {}
    for k, arguments in enumerate(([], ["--views"]) * 3):
        page(spool, *(record(n, 30 - k, a=n * 10 + k, address={"city": f"c{k}"}) for n in range(1, 50)))
        proxy = Proxy(at.hostname, at.port)
        try:
            assert netty.load("--json", *arguments, db=proxy.url(db.name)).json()["contacts"]["updated"] == 49
            sent = [(m.connection, m.kind) for m in proxy.seen if m.way == "up"]
        finally:
            proxy.close()
        counts.setdefault(bool(arguments), []).append((max(connection for connection, _ in sent), len(sent)))
    assert set(counts[True]) <= set(counts[False]) and max(counts[True]) == max(counts[False]), counts


def test_what_is_shown_already_is_looked_up_without_reading_the_table(spool, netty, db):
    """The file of known members is a cache: without it the view's own columns tell."""
    page(spool, record(1, 40, a=1, tags=[1], address={"city": "Lyon"}, mixed={"b": 1}), record(2, 40, mixed="text"))
    load(netty, db)
    cache, = (netty.spool / "contacts").glob("members-*")
    for content in (None, b"", b"x" * 500, cache.read_bytes()[:-3]):
        cache.unlink() if content is None else cache.write_bytes(content)
        page(spool, record(1, 30, a=2, tags=[2], address={"city": "Metz"}, mixed={"b": content is None}))
        run = netty.load("--views", "--log-level", "debug", db=db)
        assert "shaped" not in run.err and not any(word in run.err for word in ("views-failed", "view-kept")), content
        assert cache.exists()
    assert b"city" not in cache.read_bytes() and b"Lyon" not in cache.read_bytes(), "no name is kept, for a map's names are values"


def test_a_loader_that_is_killed_before_it_could_look_has_the_next_one_look(spool, netty, db):
    page(spool, record(1, 40, a=1))
    load(netty, db)
    page(spool, record(2, 30, fresh=1))
    holder = db_lock(db, "netty.contacts")
    loader = netty.start("netty-load", "--views", db=db)
    wait_for(lambda: db.value(WAITING) == 1, "the loader at the view that somebody reads")
    loader.kill()
    loader.wait()
    holder.close()
    assert "fresh" not in columns(db) and db.value('SELECT count(*) FROM "netty-contacts"') == 2
    assert events(load(netty, db), "views")[0]["columns"] == "fresh" and columns(db)["fresh"] == "integer"


def db_lock(db, relation):
    holder = psycopg2.connect(db.url)
    holder.cursor().execute(f"SELECT * FROM {relation}")
    return holder


def test_a_reader_of_the_view_is_waited_for_shortly_and_the_load_is_not_harmed(spool, netty, db):
    page(spool, record(1, 40, a=1))
    load(netty, db)
    holder = db_lock(db, "netty.contacts")
    page(spool, record(2, 30, fresh=1))
    run = load(netty, db, "--json", "--retries", "1", "--retry-delay", "10ms")
    told, = events(run, "views-failed")
    assert told["sqlstate"] == "55P03" and "views --apply" in told["msg"] and json.loads(run.out)["inserted"] == 1
    holder.close()
    db.query("SELECT 1")
    (netty.spool / "contacts").glob("members-*")


HOLDERS = {"a reader": "SELECT * FROM netty.contacts", "another that makes views": "SELECT pg_advisory_xact_lock(7954892360421172323)"}


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("command", [("--views",), ("views", "--apply")], ids=" ".join)
def test_who_holds_a_view_is_told_and_a_signal_ends_the_waiting_statement(spool, netty, db, holder, command):
    """Before the lock's own time limit does: the server was asked to cancel it, and nothing of the view has changed."""
    page(spool, record(1, 40, a=1))
    load(netty, db)
    page(spool, record(2, 30, fresh=1))
    if command[0] == "views":
        netty.load(db=db)
    other = psycopg2.connect(db.url, application_name="a dashboard")
    other.cursor().execute(HOLDERS[holder])
    log = Path(db.server.dir) / "log"
    size = log.stat().st_size
    loader = netty.start("netty-load", *command, "--log-format", "json", db=db)
    wait_for(lambda: events_of(loader, "lock"), "a word on who holds it")
    told, = events_of(loader, "lock")
    assert (told["level"], told["table"], told["schema"], told["application"]) == ("info", "contacts", "netty", "a dashboard")
    assert told["pid"] == str(other.get_backend_pid()) and "view" in told["msg"] and "five seconds" in told["msg"]
    wait_for(lambda: db.value(WAITING) == 1, "the statement that waits")
    ours = db.value(WAITING.replace("count(*)", "min(pid)"))
    loader.terminate()
    assert loader.wait(timeout=60) == (75 if command[0] == "views" else 0), open(loader.err_path).read()
    wait_for(lambda: db.value(WAITING) == 0, "its end")
    ends = [line.split("canceling statement due to ")[1] for line in log.read_bytes()[size:].decode().splitlines() if f"[{ours}] ERROR:  canceling" in line]
    assert ends[-1] == "user request" and ends.count("lock timeout") == (holder == "a reader"), ends
    assert not events_of(loader, "retry") and not [line for line in events_of(loader, "views-failed") if line["level"] == "warn"]
    assert "fresh" not in columns(db)
    other.close()


def test_where_the_rights_are_missing_the_load_is_not_harmed_and_the_table_is_not_read(spool, netty, db):
    role = f"{db.name}_loader"
    db.query(f'CREATE ROLE {role} LOGIN; GRANT CREATE ON DATABASE "{db.name}" TO {role}; GRANT ALL ON SCHEMA public TO {role}')
    url = db.url.replace("//netty@", f"//{role}@")
    try:
        db.query(f'CREATE SCHEMA netty; REVOKE ALL ON SCHEMA netty FROM PUBLIC')
        page(spool, record(1, 40, a=1))
        for run in (load(netty, url), (page(spool, record(1, 30, a=2)), load(netty, url))[1]):
            told, = events(run, "views-failed")
            assert "GRANT USAGE, CREATE ON SCHEMA netty TO" in told["error"] and told["sqlstate"] == ""
            assert "shaped" not in run.err
        assert "GRANT USAGE, CREATE" in netty.load("views", "--apply", db=url, code=77).err
        db.query(f"GRANT USAGE, CREATE ON SCHEMA netty TO {role}")
        page(spool, record(1, 20, a=3))
        assert len(events(load(netty, url), "view")) == 1 and columns(db)["a"] == "integer"
        db.query("CREATE SCHEMA other; ALTER VIEW netty.contacts OWNER TO netty")
        page(spool, record(1, 10, a=3, fresh=1))
        assert "ALTER VIEW netty.contacts OWNER TO" in events(load(netty, url), "views-failed")[0]["error"]
        db.query(f'REVOKE CREATE ON DATABASE "{db.name}" FROM {role}; DROP SCHEMA netty CASCADE')
        page(spool, record(1, 9, a=4, fresh=1))
        assert "GRANT CREATE ON DATABASE" in events(load(netty, url), "views-failed")[0]["error"]
    finally:
        db.query(f"REASSIGN OWNED BY {role} TO netty; DROP OWNED BY {role}; DROP ROLE {role}")


def test_what_only_a_rebuild_could_change_is_said_and_the_view_and_the_code_stay(spool, netty, db):
    page(spool, *(record(k, 40, n=k) for k in range(1, 100)))
    load(netty, db)
    page(spool, *(record(k, 30, n=f"x{k}", fresh=1) for k in range(1, 50)))
    run = load(netty, db)
    told, = events(run, "view-type")
    assert (told["column"], told["type"]) == ("n", "integer") and "--rebuild" in told["msg"] and columns(db)["fresh"] == "integer"
    db.query("DROP VIEW netty.contacts; CREATE VIEW netty.contacts AS SELECT 1 AS one; COMMENT ON VIEW netty.contacts IS 'netty-load: view of netty-contacts'")
    page(spool, record(1, 20, n=1, another=1))
    assert "--rebuild" in events(load(netty, db), "views-failed")[0]["error"] and columns(db) == {"one": "integer"}


def test_a_column_that_changes_is_kept_by_others_views(spool, netty, db):
    page(spool, record(1, 40, n=1))
    load(netty, db)
    db.query("CREATE VIEW public.mine AS SELECT n FROM netty.contacts")
    page(spool, record(2, 30, n=2, fresh=1))
    assert events(load(netty, db), "views")[0]["columns"] == "fresh" and db.query("SELECT n FROM public.mine ORDER BY 1") == [(1,), (2,)]


def test_under_follow_the_views_follow(spool, netty, db):
    page(spool, record(1, 40, a=1))
    load(netty, db)
    loader = netty.start("netty-load", "--views", "--create-tables", "--follow", "--log-format", "json", db=db)
    page(spool, record(2, 30, fresh=1))
    wait_for(lambda: "fresh" in columns(db), "the column")
    spool.table("users").page([{"user_id": 1, "time_created": "2024-01-02 03:04:05", "time_modified": "2024-01-02 03:04:05", "x": 1}])
    page(spool, record(3, 20, fresh=2))
    wait_for(lambda: db.value('SELECT count(*) FROM netty.contacts') == 3, "the row")
    loader.terminate()
    assert loader.wait(timeout=60) == 0
    told = [line for line in map(json.loads, open(loader.err_path)) if line["event"] == "views"]
    assert [line["columns"] for line in told] == ["fresh"]


def test_a_table_that_waits_for_a_lock_keeps_no_other_s_view_waiting(spool, netty, db):
    page(spool, record(1, 40, a=1))
    spool.table("users").page([{"user_id": 1, "time_created": "2024-01-02 03:04:05", "time_modified": "2024-01-02 03:04:05"}])
    load(netty, db)
    holder = psycopg2.connect(db.url)
    holder.cursor().execute('LOCK TABLE "netty-users" IN ACCESS EXCLUSIVE MODE')
    spool.table("users").page([{"user_id": 2, "time_created": "2024-01-02 03:04:05", "time_modified": "2024-01-02 03:04:05"}])
    loader = netty.start("netty-load", "--views", "--follow", db=db)
    page(spool, record(2, 30, fresh=1))
    wait_for(lambda: "fresh" in columns(db), "the column")
    holder.close()
    loader.terminate()
    loader.wait(timeout=60)


@pytest.mark.parametrize("way", ["direct", "pooler"])
def test_two_loaders_at_once(spool, netty, db, tmp_path, way):
    at = urlsplit(db.url)
    pooler = PgBouncer(tmp_path / "bouncer", at.hostname, at.port, pool=4) if way == "pooler" else None
    url = pooler.url(db.name) if pooler else db.url
    try:
        for table in ("contacts", "users"):
            page(spool, *({f"{table[:-1]}_id": k, "time_created": "2024-01-02 03:04:05", "time_modified": "2024-01-02 03:04:05", f"m{k % 7}": k}
                          for k in range(1, 200)), table=table)
        both = [netty.start("netty-load", "--views", "--create-tables", "--log-format", "json", db=url) for _ in range(2)]
        assert [process.wait(timeout=120) for process in both] == [0, 0], [open(process.err_path).read() for process in both]
        page(spool, record(1000, 1, late=1))
        load(netty, url)
        assert all(f"m{k}" in columns(db, f"netty.{table}") for k in range(7) for table in ("contacts", "users"))
        assert "late" in columns(db) and db.value("SELECT count(*) FROM netty.contacts") == 200
        assert not any(events_of(process, "views-failed") for process in both)
    finally:
        if pooler:
            pooler.stop()


@pytest.mark.parametrize("way", ["direct", "pooler"])
def test_two_that_apply_at_once_and_a_loader_beside_them(spool, netty, db, tmp_path, way):
    at = urlsplit(db.url)
    pooler = PgBouncer(tmp_path / "bouncer", at.hostname, at.port, pool=4) if way == "pooler" else None
    url = pooler.url(db.name) if pooler else db.url
    try:
        load_records(netty, spool, db, *members(300, n=lambda k: k, **{f"m{k}": k for k in range(40)}))
        page(spool, record(1000, 1, late=1))
        three = [netty.start("netty-load", *arguments, db=url)
                 for arguments in (["views", "--apply"], ["views", "--apply", "--rebuild"], ["--views"])]
        assert [process.wait(timeout=120) for process in three] == [0, 0, 0], [open(process.err_path).read() for process in three]
        assert views(netty, url)["contacts"]["narrow"] == 0 and columns(db)["late"] == "integer"
        assert db.value("SELECT count(*) FROM netty.contacts") == 301
    finally:
        if pooler:
            pooler.stop()


def test_a_dry_run_writes_nothing_and_a_replay_and_dead_letters_bring_members_too(spool, netty, db):
    page(spool, record(1, 40, a=1))
    netty.load("--create-tables", db=db)
    page(spool, record(2, 30, b=1))
    load(netty, db, "--dry-run")
    assert db.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'netty'") == 0 and not list((netty.spool / "contacts").glob("members-*"))
    netty.load(db=db)
    for cache in (netty.spool / "contacts").glob("unchanged-*"):
        cache.unlink()
    netty.load("replay", "--views", db=db)
    assert columns(db)["a"] == columns(db)["b"] == "integer"


def test_a_redrive_brings_a_dead_letters_members_into_the_view(spool, netty, db):
    page(spool, record(1, 40, a=1))
    load(netty, db)
    db.query("""ALTER TABLE "netty-contacts" ADD CONSTRAINT small CHECK (data->>'fresh' IS NULL)""")
    page(spool, record(2, 30, fresh=1), record(3, 30, a=3))
    load(netty, db, code=65)
    assert "fresh" not in columns(db), "the record that brings it is no row yet"
    db.query('ALTER TABLE "netty-contacts" DROP CONSTRAINT small')
    run = netty.load("redrive", "--views", "--log-format", "json", db=db)
    assert events(run, "views")[0]["columns"] == "fresh" and db.query("SELECT fresh FROM netty.contacts WHERE contact_id = 2") == [(1,)]


def test_a_map_keyed_by_values_brings_no_column_and_is_not_looked_at_for_ever(spool, netty, db):
    page(spool, *(record(k, 40, by_mail={f"s3cret{k}@x.org": k}) for k in range(1, 300)))
    load(netty, db)
    assert columns(db)["by_mail"] == "jsonb"
    page(spool, *(record(k, 30, by_mail={f"other{k}@x.org": k}) for k in range(1, 50)))
    run = netty.load("--views", "--log-level", "debug", db=db)
    assert "views" not in run.err and columns(db)["by_mail"] == "jsonb"


def test_two_schemas_never_share_a_view(spool, netty, db):
    """Without --views-schema the tables' schema names the views'."""
    db.query("CREATE SCHEMA crm; CREATE SCHEMA audit")
    page(spool, record(1, 40, a=1))
    for schema, expected in (("public", "netty"), ("crm", "netty_crm"), ("audit", "netty_audit")):
        netty.load("--create-tables", "--views", "--schema", schema, db=db)
        assert columns(db, f"{expected}.contacts")["a"] == "integer"
    for arguments in (("views", "--apply"), ("--views",)):
        page(spool, record(2, 30, a=1, fresh=1))
        run = netty.load(*arguments, "--schema", "audit", "--views-schema", "netty", "--log-format", "json", db=db, code=69 if "--apply" in arguments else 0)
        assert "public.\\\"netty-contacts\\\"" in run.err and "--views-schema" in run.err
    assert "FROM \"netty-contacts\" t" in db.value("SELECT pg_get_viewdef('netty.contacts'::regclass)")
    db.query(f'CREATE SCHEMA "{"s" * 60}"')
    netty.load("--create-tables", "replay", "--schema", "s" * 60, db=db)
    assert "63 bytes" in netty.load("views", "--schema", "s" * 60, db=db, code=78).err
    assert '"b"."contacts"' in netty.load("views", "--schema", "s" * 60, "--views-schema", "b", db=db).out


def test_each_command_finds_the_views_of_a_schema_of_its_own(spool, netty, db):
    """As an account has one: the tables in crm, the views in netty_crm; public has a table of that name, too, and its view."""
    db.query("CREATE SCHEMA crm")
    page(spool, *(record(k, 40, a=k) for k in range(1, 30)))
    for schema in ("public", "crm"):
        load(netty, db, "--schema", schema)
    page(spool, *(record(k, 30, a=f"x{k}", fresh=1) for k in range(1, 5)))
    netty.load("--schema", "crm", db=db)

    def rows(*arguments, code=0):
        return [json.loads(line) for line in netty.load(*arguments, "--json", "--schema", "crm", db=db, code=code).out.splitlines()]
    assert [row["finding"] for row in rows("check", "contacts") if "netty_crm.contacts is stale" in row["finding"] and "(fresh)" in row["finding"]]
    assert {row["key"] for row in rows("profile", "--misfits", "contacts") if row["member"] == "a"} == {1, 2, 3, 4}
    made = {row["member"]: row for row in rows("index", "contacts", "a")}
    db.query("SET enable_seqscan = off")
    plan = "\n".join(row for row, in db.query("EXPLAIN SELECT 1 FROM netty_crm.contacts ORDER BY a LIMIT 5"))
    assert made["a"]["index"] in plan, plan
    assert [row["finding"] for row in rows("doctor", code=None) if "netty_crm.contacts" in row["finding"]]
    load(netty, db, "--schema", "crm")
    page(spool, record(9, 20, a=9, later=1))
    told, = events(load(netty, db, "--schema", "crm"), "views")
    assert told["schema"] == "netty_crm" and "later" in columns(db, "netty_crm.contacts") and "later" not in columns(db)


def test_a_table_that_is_made_after_the_views_stands_where_the_others_stand(spool, netty, db):
    """A role that is called like the views' schema has it first on its search_path."""
    page(spool, record(1, 40, a=1))
    load(netty, db)
    spool.table("users").page([{"user_id": 1, "time_created": "2024-01-02 03:04:05", "time_modified": "2024-01-02 03:04:05", "x": 1}])
    netty.load("archive", "--older-than", "30d", "contacts", db=db)
    load(netty, db)
    assert db.value("SELECT relnamespace::regnamespace::text FROM pg_class WHERE relname = 'netty-users'") == "public"
    assert columns(db, "netty.users")


def test_the_depth_of_a_view_stays(spool, netty, db):
    page(spool, record(1, 40, a={"b": {"c": 1}}))
    netty.load("--create-tables", db=db)
    views(netty, db, "--depth", "2")
    page(spool, record(2, 30, a={"b": {"c": 1}}, fresh={"d": {"e": 1}}))
    load(netty, db)
    assert [name for name in columns(db) if name[0] in "af"] == ["a_b_c", "fresh_d_e"]
    views(netty, db)
    assert "a_b" not in columns(db)


def advice(netty, db, *arguments):
    """What doctor says of views: {finding: state}"""
    run = netty.load("doctor", "--json", *arguments, db=db, code=None)
    return {row["finding"]: row["state"] for row in map(json.loads, run.out.splitlines()) if " view" in row["finding"] and row["about"] == "contacts"}


def test_doctor_knows_the_views_who_reads_them_and_what_keeps_somebody_from_it(spool, netty, db):
    role = f"{db.name}_bi"
    page(spool, record(1, 40, a=1), record(2, 40, a=2))
    netty.load("--create-tables", db=db)
    assert not advice(netty, db), "nobody has made views"
    views(netty, db)
    assert [state for state in advice(netty, db).values()] == ["ok"] and "read by nobody" in "".join(advice(netty, db))
    db.query(f"CREATE ROLE {role} LOGIN; GRANT SELECT ON netty.contacts TO {role}")
    url = db.url.replace("//netty@", f"//{role}@")

    def mend():
        found, = [finding for finding, state in advice(netty, db).items() if state == "change"]
        for statement in found.split("; ")[1:]:
            db.query(statement)
        return found

    def reads():
        with psycopg2.connect(url) as connection:
            cursor = connection.cursor()
            try:
                cursor.execute("SELECT a FROM netty.contacts ORDER BY 1")
                return cursor.fetchall()
            except psycopg2.Error as error:
                return error.pgcode
    try:
        assert reads() == "42501" and "GRANT USAGE ON SCHEMA netty" in mend()
        assert reads() == "42501" and "GRANT SELECT ON" in mend()
        assert reads() == [] and "CREATE POLICY" in mend()
        assert reads() == [(1,), (2,)] and f"read by {role}" in "".join(advice(netty, db)) and set(advice(netty, db).values()) == {"ok"}
        db.query("ALTER VIEW netty.contacts RESET (security_invoker)")
        assert "past row-level security" in mend() and set(advice(netty, db).values()) == {"ok"}
        db.query(f"GRANT SELECT, INSERT, UPDATE ON \"netty-contacts\" TO {role}; GRANT USAGE ON SCHEMA netty TO {role}; ALTER ROLE {role} BYPASSRLS")
        told = [finding for finding, state in advice(netty, url, "--views").items() if state == "change"]
        assert any("ALTER VIEW netty.contacts OWNER TO" in finding for finding in told) and not any("OWNER" in finding for finding in advice(netty, url))
        db.query('ALTER TABLE "netty-contacts" RENAME TO away')
        netty.load("replay", "--create-tables", db=db)
        assert "is stale" in "".join(advice(netty, db)) and "views --apply contacts" in "".join(advice(netty, db))
    finally:
        db.query(f"DROP OWNED BY {role}; DROP ROLE {role}")
