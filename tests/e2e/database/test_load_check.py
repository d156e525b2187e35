"""netty-load doctor: what it says of databases that are well and of others, and that it writes nothing."""
import json
import os
from urllib.parse import urlparse

import pytest

from harness import Database
from pgparts import PgBouncer, start_tls_postgres


def check(netty, db, *arguments, code=0, **keywords):
    """[(state, about, finding)]"""
    run = netty.load("--check", "--json", *arguments, db=db, code=code, **keywords)
    rows = [json.loads(line) for line in run.out.splitlines()]
    assert all(list(row) == ["state", "about", "finding"] for row in rows)
    assert {row["state"] for row in rows} <= {"ok", "change", "wrong"}
    assert (code != 0) == any(row["state"] == "wrong" for row in rows)
    return [tuple(row.values()) for row in rows]


def said(rows, about):
    found = [(state, text) for state, name, text in rows if name == about]
    assert len(found) == 1, (about, rows)
    return found[0]


def contents(db):
    return db.query("""SELECT c.oid::regclass::text FROM pg_class c WHERE relnamespace NOT IN
                       ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)
                       UNION ALL SELECT nspname FROM pg_namespace ORDER BY 1""")


@pytest.fixture
def role(db):
    db.query(f"""CREATE ROLE {db.name} LOGIN; REVOKE ALL ON DATABASE {db.name} FROM PUBLIC;
                 GRANT CONNECT, TEMPORARY ON DATABASE {db.name} TO {db.name}""")
    yield db.url.replace("//netty@", f"//{db.name}@")
    db.query(f"DROP OWNED BY {db.name}; DROP ROLE {db.name}")


def test_a_plain_database_is_well_and_nothing_is_written_anywhere(netty, db):
    db.create("contacts")
    before = contents(db)
    rows = check(netty, db)
    assert {state for state, *_ in rows} == {"ok"}, rows
    assert "PostgreSQL 1" in said(rows, "server")[1] and "itself" in said(rows, "pooler")[1]
    assert said(rows, "contacts") == ("ok", "key contact_id (int4)")
    assert contents(db) == before and not netty.spool.exists()
    text = netty.load("--check", db=db).out
    assert text.splitlines()[0].split() == ["state", "about", "finding"] and "contact_id" in text


def test_a_pooler_in_transaction_mode_is_told_from_the_database_itself(netty, postgres, db, tmp_path):
    at = urlparse(postgres.url())
    pooler = PgBouncer(tmp_path / "bouncer", at.hostname, at.port)
    try:
        db.create("contacts")
        rows = check(netty, pooler.url(db.name))
        assert said(rows, "pooler")[0] == "ok" and "transaction mode" in said(rows, "pooler")[1]
        assert said(rows, "writing") == ("ok", "possible")
    finally:
        pooler.stop()


def test_tls_and_whom_one_talks_to(netty, tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    server = start_tls_postgres(directory)
    try:
        port = urlparse(server.url()).port
        url = f"postgresql://netty@localhost:{port}/postgres?sslmode="
        assert said(check(netty, f"{url}verify-full&sslrootcert={directory}/right.crt"), "TLS")[0] == "ok"
        state, text = said(check(netty, url + "require"), "TLS")
        assert state == "change" and "verify-full" in text
        state, text = said(check(netty, f"{url}verify-full&sslrootcert={directory}/wrong.crt", code=78), "TLS")
        assert state == "wrong" and "certificate" in text and "sslrootcert" in text
        state, text = said(check(netty, f"{url}verify-full&sslrootcert={directory}/none.crt", code=78), "TLS")
        assert state == "wrong" and "none.crt" in text
        wrong_name = f"postgresql://netty@127.0.0.1:{port}/postgres?sslmode=verify-full&sslrootcert={directory}/right.crt"
        assert said(check(netty, wrong_name, code=78), "TLS")[0] == "wrong"
    finally:
        server.stop("immediate")


def test_a_server_without_tls_where_it_is_demanded(netty, db):
    assert said(check(netty, db.url + "?sslmode=require", code=78), "TLS")[0] == "wrong"


def test_a_host_with_ipv6_alone_and_one_that_is_not_there(netty):
    rows = check(netty, "postgresql://netty@[::1]:1/x", code=69)
    assert said(rows, "address")[0] == "change" and "IPv6" in said(rows, "address")[1]
    assert said(rows, "connection")[0] == "wrong"
    rows = check(netty, "postgresql://netty@db.abc.supabase.co.invalid/x", code=78)
    assert said(rows, "address")[0] == said(rows, "connection")[0] == "wrong"


def test_a_wrong_password_is_told_and_not_shown(netty, tmp_path_factory):
    from harness import Postgres
    server = Postgres(tmp_path_factory.mktemp("password"))
    server.start()
    db = Database(server)
    try:
        db.query("CREATE ROLE closed LOGIN PASSWORD 'right'")
        hba = server.script("env").split("PGHOST=")[1].split()[0] + "/data/pg_hba.conf"
        text = open(hba).read()
        with open(hba, "w") as file:
            file.write("host all closed 127.0.0.1/32 scram-sha-256\n" + text)
        db.query("SELECT pg_reload_conf()")
        url = db.url.replace("//netty@", "//closed:s3cr3t-w0rd@")
        rows = check(netty, url, code=77, secrets=["s3cr3t-w0rd"])
        assert said(rows, "connection")[0] == "wrong" and "password" in said(rows, "connection")[1]
    finally:
        server.stop("immediate")


def test_limits_and_read_only_transactions(netty, db):
    db.query(f"ALTER DATABASE {db.name} SET statement_timeout = '2min'")
    state, text = said(check(netty, db), "time limit")
    assert state == "ok" and "2min" in text
    db.query(f"ALTER DATABASE {db.name} SET statement_timeout = '800ms'")
    state, text = said(check(netty, db), "time limit")
    assert state == "change" and "800ms" in text and "ALTER ROLE" in text
    db.query(f"ALTER DATABASE {db.name} SET default_transaction_read_only = on")
    assert said(check(netty, db, code=78), "writing")[0] == "wrong"


def test_permissions_are_named_with_the_grants_that_mend_them(netty, db, role):
    db.create("contacts")
    rows = check(netty, role, code=77)
    state, text = said(rows, "netty_sync")
    assert state == "wrong" and "GRANT CREATE ON DATABASE" in text
    state, text = said(rows, "contacts")
    assert state == "wrong" and "SELECT and INSERT and UPDATE" in text
    netty.load("--catalog", db=db)
    (netty.spool / "users").mkdir(mode=0o700)
    db.query(open(os.path.join(os.path.dirname(__file__), "../../../load/sql/schema.sql")).read())
    state, text = said(check(netty, role, code=77), "netty_sync")
    assert state == "wrong" and "GRANT USAGE ON SCHEMA netty_sync" in text
    for grant in text[text.index("GRANT"):].split(";"):
        db.query(grant)
    db.query(f'GRANT SELECT, INSERT, UPDATE ON "netty-contacts" TO {db.name}')
    assert said(check(netty, role), "netty_sync")[0] == "ok", "what it said was enough"
    state, text = said(check(netty, role, "users", "--create-tables", code=77), "users")
    assert state == "wrong" and "CREATE ON SCHEMA" in text
    db.query(f"REVOKE TEMPORARY ON DATABASE {db.name} FROM {db.name}")
    assert said(check(netty, role, code=77), "permissions")[0] == "wrong"


def test_tables_their_shapes_and_what_would_be_better(netty, db):
    db.create("contacts")
    db.query('CREATE TABLE "netty-users" (user_id text PRIMARY KEY, data jsonb)')
    rows = check(netty, db, code=78)
    assert said(rows, "contacts") == ("ok", "key contact_id (int4)")
    db.query("UPDATE pg_class SET reltuples = 250000 WHERE relname = 'netty-contacts'")
    rows = check(netty, db, code=78)
    change, = (text for state, about, text in rows if (state, about) == ("change", "contacts"))
    db.query(change[change.index("CREATE INDEX"):])
    assert said(rows, "users")[0] == "wrong"
    rows = check(netty, db, "contacts")
    assert said(rows, "contacts")[0] == "ok", "the index that it asked for was enough, and other tables were not asked for"
    db.query('ALTER TABLE "netty-contacts" SET (autovacuum_enabled = off)')
    assert [state for state, about, _ in check(netty, db, "contacts") if about == "contacts"] == ["ok", "change"]
    assert said(check(netty, db, "products", code=78), "products")[0] == "wrong"
    assert "created" in said(check(netty, db, "products", "--create-tables"), "products")[1]
    assert db.value("SELECT to_regclass('\"netty-products\"')") is None


def test_row_level_security_is_noticed(netty, db, role):
    db.create("contacts")
    db.query(f"""ALTER TABLE "netty-contacts" ENABLE ROW LEVEL SECURITY;
                 GRANT ALL ON "netty-contacts" TO {db.name}; GRANT CREATE ON DATABASE {db.name} TO {db.name}""")
    wrong = [text for state, about, text in check(netty, role, code=77) if (state, about) == ("wrong", "contacts")]
    assert len(wrong) == 1 and "CREATE POLICY" in wrong[0]
    db.query(wrong[0][wrong[0].index("CREATE POLICY"):])
    found = [text for state, about, text in check(netty, role) if (state, about) == ("change", "contacts")]
    assert len(found) == 1 and "BYPASSRLS" in found[0], found


def test_a_database_without_tables_and_one_that_no_setting_names(netty, db):
    assert said(check(netty, db), "tables")[0] == "change"
    run = netty.load("--check", db="postgresql://netty@[", code=78)
    assert run.out == "" and "connection string" in run.err
