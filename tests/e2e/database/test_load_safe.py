"""Among other people's tables and roles: which schema, who may read, whose rows move with ours, what their triggers cannot find."""
import json
import re
from urllib.parse import urlparse

import pytest

from pgparts import PgBouncer
from upkeep import load_records, record, whole

SUPABASE = """CREATE ROLE {0}_anon; CREATE ROLE {0}_dash; GRANT USAGE ON SCHEMA public TO {0}_anon, {0}_dash;
    ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {0}_anon, PUBLIC;
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO {0}_anon"""


@pytest.fixture
def supabase(db):
    """Default privileges that let a public role at every new table."""
    db.query(SUPABASE.format(db.name))
    yield db
    db.query(f"""RESET ROLE; DROP OWNED BY {db.name}_anon, {db.name}_dash; DROP ROLE {db.name}_anon, {db.name}_dash;
                 ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM PUBLIC""")


def findings(netty, db, *arguments, code=0):
    run = netty.load("doctor", "--json", *arguments, db=db, code=code)
    return [tuple(json.loads(line).values()) for line in run.out.splitlines()]


def told(rows, about, state="wrong"):
    return [text for found, name, text in rows if (found, name) == (state, about)]


def can(db, role, what, relation):
    return db.value("SELECT has_table_privilege(%s, %s, %s)", f"{db.name}_{role}", relation, what)


# ---- created tables are private ----

def test_a_created_table_is_its_owners_alone_and_the_run_says_how_to_open_it(spool, netty, supabase):
    db = supabase
    spool.table("contacts").page([record(1, 1), record(2, 1)])
    run = netty.load("--create-tables", db=db)
    for relation in ('public."netty-contacts"', "netty_sync.progress"):
        for what in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"):
            assert not can(db, "anon", what, relation), (what, relation)
    assert db.value("SELECT relrowsecurity FROM pg_class WHERE relname = 'netty-contacts'")
    statements = re.findall(r'(?:grant|policy)="((?:[^"\\]|\\.)*)"', run.err)
    assert len(statements) == 2
    assert not told(findings(netty, db), "contacts", "change")
    for statement in statements:
        db.query(statement.replace("\\", "").replace("ROLE", f"{db.name}_dash"))
    db.query(f"SET ROLE {db.name}_dash")
    assert db.value('SELECT count(*) FROM "netty-contacts"') == 2, "the statements were enough"
    db.query("RESET ROLE")
    reads, = told(findings(netty, db), "contacts", "ok")[1:]
    assert f"{db.name}_dash" in reads and "anon" not in reads


def test_the_archive_is_private_too(spool, netty, supabase):
    db = supabase
    load_records(netty, spool, db, record(1, 100), record(2, 1))
    netty.load("archive", "--older-than", "30d", db=db)
    assert not can(db, "anon", "SELECT", 'public."netty-contacts-archive"') and not can(db, "anon", "SELECT", 'public."netty-contacts-all"')
    assert db.value("SELECT relrowsecurity FROM pg_class WHERE relname = 'netty-contacts-archive'")


def test_doctor_names_everybody_who_can_read_or_write_and_public_first(netty, supabase):
    db = supabase
    db.create("contacts")
    db.query(f'GRANT SELECT (data) ON "netty-contacts" TO {db.name}_dash')
    change, = told(findings(netty, db), "contacts", "change")
    assert change.index("PUBLIC") < change.index("REVOKE ALL") and "read and written by PUBLIC" in change
    db.query(change[change.index("REVOKE"):])
    rest = told(findings(netty, db), "contacts", "ok")[-1]
    assert f"read and written by {db.name}_anon" in rest and f"read by {db.name}_dash" in rest
    db.query('ALTER TABLE "netty-contacts" ENABLE ROW LEVEL SECURITY')
    rest = told(findings(netty, db), "contacts", "ok")[-1]
    assert f"written by {db.name}_anon" in rest and "dash" not in rest, "TRUNCATE goes past row-level security, nothing else"


def test_anon_and_authenticated_are_told_before_all_others(netty, db):
    existing = {name for name, in db.query("SELECT rolname FROM pg_roles")}
    db.create("contacts")
    for role in ("anon", "authenticated", "aaa"):
        if role not in existing:
            db.query(f"CREATE ROLE {role}")
    try:
        db.query('GRANT SELECT ON "netty-contacts" TO aaa, authenticated, anon')
        change, = told(findings(netty, db), "contacts", "change")
        assert "read by anon, authenticated, aaa" in change and "FROM anon, authenticated" in change
        db.query(change[change.index("REVOKE"):])
        assert not told(findings(netty, db), "contacts", "change")
    finally:
        for role in ("anon", "authenticated", "aaa"):
            db.query(f"DROP OWNED BY {role}")
            if role not in existing:
                db.query(f"DROP ROLE {role}")


# ---- which schema ----

def test_schema_says_where_the_tables_are_and_where_they_are_made(spool, netty, db):
    db.create("contacts")
    db.query("CREATE SCHEMA crm")
    spool.table("contacts").page([record(1, 1)])
    assert "in the schema crm" in netty.load("--schema", "crm", db=db, code=None).err
    run = netty.load("--create-tables", db=db, env={"NETTY_SCHEMA": "crm"})
    assert "GRANT USAGE ON SCHEMA crm" in run.err
    assert db.value('SELECT count(*) FROM crm."netty-contacts"') == 1 and db.value('SELECT count(*) FROM "netty-contacts"') == 0
    assert told(findings(netty, db, "--schema", "crm", "contacts"), "contacts", "ok")
    netty.load("archive", "--older-than", "0d", "--schema", "crm", db=db)
    assert db.value('SELECT count(*) FROM crm."netty-contacts-archive"') == 1


def test_one_spool_goes_into_two_schemas(spool, netty, db):
    db.query("CREATE SCHEMA crm")
    spool.table("contacts").page([record(1, 1), record(2, 1)])
    netty.load("--create-tables", db=db)
    netty.load("--create-tables", "--schema", "crm", db=db)
    assert [db.value(f'SELECT count(*) FROM {schema}."netty-contacts"') for schema in ("public", "crm")] == [2, 2]


def test_a_schema_that_is_not_there_is_named_by_run_and_doctor(spool, netty, db):
    spool.table("contacts").page([record(1, 1)])
    run = netty.load("--create-tables", "--schema", "crm", db=db, code=None)
    assert run.code == 78 and "crm" in run.err, run
    text, = told(findings(netty, db, "--create-tables", "--schema", "crm", "contacts", code=78), "contacts")
    assert "CREATE SCHEMA" in text


def test_without_it_the_first_on_search_path_that_has_the_table_counts(spool, netty, db):
    db.query("CREATE SCHEMA first; CREATE SCHEMA second")
    db.query("SET search_path = second")
    db.create("contacts")
    db.query("RESET search_path")
    db.query(f'ALTER DATABASE "{db.name}" SET search_path = nowhere, first, second, public')
    spool.table("contacts").page([record(1, 1)])
    spool.table("users").page(['{"user_id":1}'])
    netty.load("--create-tables", db=db)
    assert db.value('SELECT count(*) FROM second."netty-contacts"') == 1
    assert db.value('SELECT count(*) FROM first."netty-users"') == 1


@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW"])
def test_a_view_of_the_tables_name_is_told_as_one(spool, netty, db, kind):
    db.query(f'CREATE {kind} "netty-contacts" AS SELECT 1 AS contact_id')
    spool.table("contacts").page([record(1, 1)])
    run = netty.load("--create-tables", db=db, code=None)
    assert f"is a {kind.lower()}" in run.err and "search_path" not in run.err, run
    assert f"is a {kind.lower()}" in told(findings(netty, db, "--create-tables", "contacts", code=78), "contacts")[0]


# ---- whose rows move with ours ----

REFERENCING = ("CASCADE", "SET NULL", "SET DEFAULT")


@pytest.mark.parametrize("deed", REFERENCING)
@pytest.mark.parametrize("command", [("purge",), ("archive",), ("archive", "--to-file")])
def test_foreign_keys_that_would_change_rows_elsewhere_are_refused_by_name(spool, netty, db, deed, command):
    load_records(netty, spool, db, *[record(key, 100, deleted=True) for key in range(20)])
    db.query(f"""CREATE TABLE notes (note int PRIMARY KEY, contact_id int DEFAULT 0 CONSTRAINT of_contact
                 REFERENCES "netty-contacts" ON DELETE {deed}); INSERT INTO notes SELECT n, n FROM generate_series(1, 19) AS n""")
    before, notes = whole(db), db.query("SELECT * FROM notes ORDER BY 1")
    for arguments in (("--dry-run",), ()):
        run = netty.load(*command, "--older-than", "30d", *arguments, db=db, code=78)
        assert "of_contact" in run.err and "public.notes" in run.err and f"ON DELETE {deed}" in run.err
        assert whole(db) == before and db.query("SELECT * FROM notes ORDER BY 1") == notes
    hint, = [text for text in told(findings(netty, db), "contacts", "change") if "of_contact" in text]
    db.query(hint[hint.index("ALTER TABLE"):])
    run = netty.load(*command, "--older-than", "30d", "--json", db=db)
    assert run.json()["contacts"]["referenced"] == 19 and set(whole(db)) == set(range(1, 20))
    assert db.query("SELECT * FROM notes ORDER BY 1") == notes


@pytest.mark.parametrize("command", [("purge",), ("archive",), ("archive", "--to-file")])
def test_rows_that_others_refer_to_stay_and_are_counted_and_listed(spool, netty, db, command):
    load_records(netty, spool, db, *[record(key, 100, deleted=True) for key in range(3000)])
    db.query("""CREATE SCHEMA other; CREATE TABLE other.notes (contact_id bigint REFERENCES "netty-contacts");
                CREATE TABLE other.calls ("the contact" smallint REFERENCES "netty-contacts" ON DELETE RESTRICT, x int);
                INSERT INTO other.notes VALUES (7), (7), (1500), (NULL); INSERT INTO other.calls VALUES (2999), (1500)""")
    dry = netty.load(*command, "--older-than", "30d", "--dry-run", "--json", "--batch-rows", "100", db=db)
    assert (dry.json()["contacts"]["rows"], dry.json()["contacts"]["referenced"]) == (2997, 3)
    assert "keys=" in dry.err and re.search(r'referenced|refer to them', dry.err)
    run = netty.load(*command, "--older-than", "30d", "--json", "--batch-rows", "100", db=db)
    assert (run.json()["contacts"]["rows"], run.json()["contacts"]["referenced"]) == (2997, 3)
    assert set(whole(db)) == {7, 1500, 2999} and "7" in run.err
    assert db.value("SELECT count(*) FROM other.notes") == 4 and db.value("SELECT count(*) FROM other.calls") == 2
    if command == ("archive",):
        netty.load("restore", db=db)
        assert len(whole(db)) == 3000


def test_a_table_whose_references_the_role_cannot_see_is_refused(spool, netty, db):
    load_records(netty, spool, db, record(1, 100, deleted=True))
    db.query(f"""CREATE TABLE notes (contact_id int REFERENCES "netty-contacts"); INSERT INTO notes VALUES (1);
                 CREATE ROLE {db.name} LOGIN; GRANT ALL ON "netty-contacts" TO {db.name};
                 ALTER TABLE "netty-contacts" DISABLE ROW LEVEL SECURITY""")
    try:
        run = netty.load("purge", "--older-than", "30d", db=db.url.replace("//netty@", f"//{db.name}@"), code=78)
        assert "notes_contact_id_fkey" in run.err and "GRANT SELECT ON public.notes" in run.err
        assert set(whole(db)) == {1}
    finally:
        db.query(f"DROP OWNED BY {db.name}; DROP ROLE {db.name}")


# ---- triggers, policies and the pinned path ----

LOST = {
    "42P01": ("CREATE FUNCTION judge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen VALUES (1); RETURN new; END $$"),
    "42883": ("CREATE FUNCTION judge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM helper(); RETURN new; END $$"),
    "42704": ("CREATE FUNCTION judge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM NULL::mood; RETURN new; END $$"),
}


@pytest.mark.parametrize("schema", ["public", "crm"])
@pytest.mark.parametrize("state", LOST)
def test_a_trigger_that_finds_nothing_on_the_pinned_path_is_named_with_what_mends_it(spool, netty, db, state, schema):
    db.create("contacts")
    db.query(f"""CREATE TABLE seen (n int); CREATE FUNCTION helper() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TYPE mood AS ENUM ('x');
                 CREATE SCHEMA crm; {LOST[state].replace("judge", f"{schema}.judge")};
                 CREATE TRIGGER judge BEFORE INSERT OR UPDATE ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION {schema}.judge()""")
    wrong = told(findings(netty, db, code=78), "contacts")
    assert wrong and f"{schema}.judge()" in wrong[0] and "ALTER FUNCTION" in wrong[0], wrong
    assert db.value("SELECT count(*) FROM seen") == 0 and db.value('SELECT count(*) FROM "netty-contacts"') == 0, "it left nothing"
    spool.table("contacts").page([record(key, 1) for key in range(3)])
    run = netty.load("--retries", "0", db=db, code=None)
    assert run.code == 78 and f"ALTER FUNCTION {schema}.judge()" in run.err and "look at" not in run.err, run
    statement = re.search(r"ALTER FUNCTION (.*?)\)( \[|$|\")", wrong[0])
    db.query("ALTER FUNCTION " + statement[1])
    assert not told(findings(netty, db), "contacts")
    netty.load(db=db)
    assert db.value('SELECT count(*) FROM "netty-contacts"') == 3


@pytest.mark.parametrize("name, body, statement", [
    ('"Crm"."Judge It"', "BEGIN INSERT INTO seen VALUES (1); RETURN new; END", 'ALTER FUNCTION "Crm"."Judge It"() SET search_path = "Crm", public'),
    ("judge", "BEGIN PERFORM public.helper(); RETURN new; END", 'ALTER FUNCTION "helper" SET search_path = public')])
def test_functions_with_quoted_names_and_those_in_sql_are_named_so_that_the_statement_works(spool, netty, db, name, body, statement):
    db.create("contacts")
    db.query(f"""CREATE TABLE seen (n int); CREATE SCHEMA "Crm"; SET check_function_bodies = off;
                 CREATE FUNCTION helper() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM seen';
                 CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$;
                 CREATE TRIGGER judge BEFORE INSERT OR UPDATE ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION {name}()""")
    wrong, = told(findings(netty, db, code=78), "contacts")
    assert statement in wrong
    db.query(statement)
    assert not told(findings(netty, db), "contacts")


def test_a_policy_that_calls_itself_and_a_rule_are_told_as_what_they_are(spool, netty, db):
    db.create("contacts", "users")
    db.query(f"""CREATE ROLE {db.name} LOGIN; GRANT ALL ON "netty-contacts", "netty-users" TO {db.name};
                 GRANT CREATE ON DATABASE {db.name} TO {db.name};
                 ALTER TABLE "netty-contacts" ENABLE ROW LEVEL SECURITY;
                 CREATE POLICY round ON "netty-contacts" USING (EXISTS (SELECT FROM "netty-contacts"));
                 CREATE RULE double AS ON INSERT TO "netty-users" DO ALSO NOTHING""")
    role = db.url.replace("//netty@", f"//{db.name}@")
    try:
        rows = findings(netty, role, code=78)
        assert "infinite recursion" in told(rows, "contacts")[0] and "42P17" in told(rows, "contacts")[0]
        rule, = told(rows, "users")
        assert 'DROP RULE double ON public."netty-users"' in rule
        spool.table("users").page(['{"user_id":1}'])
        run = netty.load(db=role, code=None)
        assert "rule double" in run.err and "gone" not in run.err
        db.query(rule[rule.index("DROP RULE"):])
        assert not told(findings(netty, role, code=78), "users")
    finally:
        db.query(f"DROP OWNED BY {db.name}; DROP ROLE {db.name}")


@pytest.mark.parametrize("spoilt, said", [
    ("""CREATE FUNCTION public.nag() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'leave me alone' USING ERRCODE = 'P0001'; END $$;
        CREATE TRIGGER nag BEFORE INSERT ON netty_sync.progress FOR EACH ROW EXECUTE FUNCTION public.nag()""", "leave me alone"),
    ("CREATE RULE nothing AS ON INSERT TO netty_sync.progress DO INSTEAD NOTHING", "netty_sync"),
    ("ALTER TABLE netty_sync.progress DROP COLUMN loaded_at, DROP COLUMN line", "netty_sync")])
def test_a_bookkeeping_that_others_have_changed_is_told_as_what_it_is(spool, netty, db, spoilt, said):
    spool.table("contacts").page([record(1, 1)])
    netty.load("--create-tables", db=db)
    before = db.query("SELECT table_name, lane, segment, page FROM netty_sync.progress ORDER BY lane")
    assert not told(findings(netty, db), "netty_sync")
    assert db.query("SELECT table_name, lane, segment, page FROM netty_sync.progress ORDER BY lane") == before
    db.query(spoilt)
    assert said in "".join(told(findings(netty, db, code=78), "netty_sync"))


def test_what_a_run_says_of_the_bookkeeping_helps_when_it_is_followed(spool, netty, db):
    db.create("contacts")
    spool.table("contacts").page([record(1, 1)])
    db.query(f"""CREATE ROLE {db.name} LOGIN; GRANT SELECT, INSERT, UPDATE ON "netty-contacts" TO {db.name}""")
    role = db.url.replace("//netty@", f"//{db.name}@")
    try:
        assert "GRANT CREATE ON the DATABASE" in netty.load(db=role, code=77).err
        db.query(f"GRANT CREATE ON DATABASE {db.name} TO {db.name}")
        netty.load(db=role)
        db.query(f"REVOKE CREATE ON DATABASE {db.name} FROM {db.name}; ALTER SCHEMA netty_sync OWNER TO netty;"
                 "ALTER TABLE netty_sync.progress OWNER TO netty")
        run = netty.load(db=role, code=77)
        assert "GRANT USAGE ON SCHEMA netty_sync" in run.err and "GRANT CREATE" not in run.err, run
        db.query(f"""GRANT USAGE ON SCHEMA netty_sync TO {db.name};
                     GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA netty_sync TO {db.name}""")
        netty.load(db=role)
    finally:
        db.query(f"DROP OWNED BY {db.name}; DROP ROLE {db.name}")


def test_a_missing_replica_identity_is_told_by_run_and_doctor(spool, netty, db):
    db.create("contacts")
    db.query("""ALTER TABLE "netty-contacts" REPLICA IDENTITY NOTHING; CREATE PUBLICATION feed FOR TABLE "netty-contacts" """)
    spool.table("contacts").page([record(1, 1)])
    wrong, = told(findings(netty, db, code=78), "contacts")
    assert "publication feed" in wrong and "REPLICA IDENTITY DEFAULT" in wrong
    assert "publication feed" in netty.load(db=db, code=None).err
    db.query(wrong[wrong.index("ALTER TABLE"):])
    assert not told(findings(netty, db), "contacts")
    netty.load(db=db)


def test_a_key_column_that_records_have_no_member_for_is_noticed(spool, netty, db):
    """Without a spool `id` is what is suspected; with one its records are asked, and the code is the run's."""
    db.query("""CREATE TABLE "netty-contacts" (id int PRIMARY KEY, data jsonb NOT NULL, time_created timestamptz,
                time_modified timestamptz)""")
    change, = told(findings(netty, db), "contacts", "change")
    assert "RENAME COLUMN id TO contact_id" in change
    spool.table("contacts").page([record(1, 1)])
    wrong, = told(findings(netty, db, code=78), "contacts")
    netty.load(db=db, code=78)
    db.query(wrong[wrong.index("ALTER TABLE"):])
    rows = findings(netty, db)
    assert not told(rows, "contacts") and not told(rows, "contacts", "change")
    db.query("""ALTER TABLE "netty-contacts" RENAME COLUMN contact_id TO id""")
    spool.table("users").page(['{"id":1}'])
    db.query("""CREATE TABLE "netty-users" (id int PRIMARY KEY, data jsonb NOT NULL, time_created timestamptz, time_modified timestamptz)""")
    assert not told(findings(netty, db, "users"), "users", "change"), "the source calls it so, too"


def test_doctor_finds_statement_pooling(netty, postgres, db, tmp_path):
    db.create("contacts")
    at = urlparse(postgres.url())
    pooler = PgBouncer(tmp_path / "bouncer", at.hostname, at.port, mode="statement")
    try:
        wrong = told(findings(netty, pooler.url(db.name), code=78), "pooler")
        assert "statement mode" in wrong[0] and "pool_mode = transaction" in wrong[0]
    finally:
        pooler.stop()


def test_doctor_tries_a_row_and_leaves_none(netty, db):
    db.create("contacts")
    db.query("""CREATE SEQUENCE seen; CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                PERFORM nextval('public.seen'); RETURN new; END $$;
                CREATE TRIGGER note BEFORE INSERT OR UPDATE ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION note()""")
    assert not told(findings(netty, db), "contacts")
    assert db.value("SELECT last_value FROM seen") >= 2, "once put in, once changed"
    assert db.value('SELECT count(*) FROM "netty-contacts"') == 0
