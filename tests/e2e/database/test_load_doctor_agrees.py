"""netty-load doctor (and --check) finds beforehand what a run would end with: the same exit code, and what mends it does."""
import json
import re
from urllib.parse import urlparse

import pytest

from pgparts import PgBouncer
from pgproxy import Proxy
from upkeep import record

ONCE = ("--retries", "0", "--retry-delay", "1ms")
PARTS = "contact_id int PRIMARY KEY, data jsonb NOT NULL, time_created timestamptz, time_modified timestamptz"


@pytest.fixture
def role(db):
    """One that owns nothing, and may have the bookkeeping made."""
    db.query(f"CREATE ROLE {db.name} LOGIN; GRANT CREATE ON DATABASE {db.name} TO {db.name}")
    yield db.url.replace("//netty@", f"//{db.name}@")
    db.query(f"DROP OWNED BY {db.name}; DROP ROLE {db.name}")


@pytest.fixture
def page(spool):
    spool.table("contacts").page([record(key, 1) for key in range(5)])


def codes(netty, url, *arguments, env=None, dump=None):
    """Of the run, doctor and --check; and what doctor found wrong."""
    run = netty.load(*ONCE, *arguments, db=url, code=None, env=env)
    found = netty.load("doctor", *ONCE, "--json", *arguments, db=url, code=None, env=env)
    check = netty.load("--check", *ONCE, *arguments, db=url, code=None, env=env)
    rows = [json.loads(line) for line in found.out.splitlines()]
    wrong = [row["finding"] for row in rows if row["state"] == "wrong"]
    return (run.code, found.code, check.code), wrong, (run, found)


# ---- addresses ----

WRONG = {
    "sslmode": (78, lambda url: f"{url}?sslmode=bogus", "sslmode"),
    "tls-where-there-is-none": (78, lambda url: f"{url}?sslmode=require", "sslmode"),
    "missing-ca": (78, lambda url: f"{url}?sslmode=verify-full&sslrootcert=/absent.crt", "sslmode"),
    "port": (78, lambda url: url.rsplit(":", 1)[0] + ":99999/x", "99999"),
    "port-in-letters": (78, lambda url: url.rsplit(":", 1)[0] + ":54x2/x", "54x2"),
    "service": (78, lambda url: f"{url}?service=nowhere", "service"),
    "impossible-host": (78, lambda url: url.replace("127.0.0.1", "a..b"), "a..b"),
    "unknown-host": (78, lambda url: url.replace("127.0.0.1", "no-such-host.invalid"), "no-such-host.invalid"),
    "database": (78, lambda url: url.rsplit("/", 1)[0] + "/nowhere", "nowhere"),
    "user": (77, lambda url: url.replace("netty@", "nobody_at_all@"), "nobody_at_all"),
    "options": (78, lambda url: f"{url}?options=-c%20statement_timeout%3Dabc", "statement_timeout"),
    "unknown-setting": (78, lambda url: f"{url}?options=-c%20no_such_setting%3D1", "no_such_setting"),
    "pgbouncer-true": (78, lambda url: f"{url}?pgbouncer=true", "leave it out"),
    "connection-limit": (78, lambda url: f"{url}?connection_limit=1", "leave it out"),
    "kept-quotes": (78, lambda url: f"'{url}'", "quotes"),
    "asyncpg": (78, lambda url: url.replace("postgresql://", "postgresql+asyncpg://"), "postgresql+asyncpg://"),
    "psql": (78, lambda url: f"psql {url}", "psql"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_address(netty, db, page, case):
    code, change, said = WRONG[case]
    db.create("contacts")
    found, _, (run, doctor) = codes(netty, change(db.url))
    assert found == (code, code, code), (run, doctor)
    assert said in run.err and said in doctor.out + doctor.err
    assert codes(netty, db.url)[0] == (0, 0, 0)


@pytest.mark.parametrize("state, text, code", [
    ("28P01", "password authentication failed for user \"netty\"", 77), ("28000", "no pg_hba.conf entry for host", 77),
    ("XX000", "Tenant or user not found", 77), ("08P01", "password authentication failed", 77), ("08P01", "no such database: crm", 78),
    ("42501", "permission denied for database \"crm\"", 77), ("55000", "database \"crm\" is not currently accepting connections", 78),
    ("53300", "sorry, too many clients already", 69), ("57P03", "the database system is starting up", 69), ("ZZ001", "whatever", 78)])
def test_a_server_that_refuses(netty, db, page, state, text, code):
    db.create("contacts")
    at = urlparse(db.url)
    proxy = Proxy(at.hostname, at.port, refuse=lambda connection: (state, text))
    try:
        found, _, (run, doctor) = codes(netty, proxy.url(db.name))
        assert found == (code, code, code), (run, doctor)
        said = text.split('"')[0]
        assert said in run.err and said in doctor.out + doctor.err
    finally:
        proxy.close()


def test_a_wrong_password_behind_a_pooler(netty, db, page, postgres, tmp_path):
    at = urlparse(postgres.url())
    db.create("contacts")
    pooler = PgBouncer(tmp_path / "bouncer", at.hostname, at.port,
                       auth=f"auth_type = plain\nauth_file = {tmp_path}/bouncer/users", users={"netty": "right"})
    try:
        url = pooler.url(db.name)
        assert codes(netty, url.replace("netty@", "netty:wrong@"))[0] == (77, 77, 77)
        assert codes(netty, url.replace("netty@", "netty:right@") + "?options=-c%20statement_timeout%3D1")[0] == (78, 78, 78)
        assert codes(netty, url.replace("netty@", "netty:right@"))[0] == (0, 0, 0)
    finally:
        pooler.stop()


def test_statement_pooling(netty, db, page, postgres, tmp_path):
    at = urlparse(postgres.url())
    db.create("contacts")
    pooler = PgBouncer(tmp_path / "bouncer", at.hostname, at.port, mode="statement")
    try:
        found, wrong, _ = codes(netty, pooler.url(db.name))
        assert found == (78, 78, 78) and any("pool_mode = transaction" in text for text in wrong)
    finally:
        pooler.stop()


# ---- tables and roles ----

GRANTED = 'GRANT SELECT, INSERT, UPDATE ON "netty-contacts" TO {role}'
TABLES = {
    "key-is-id": (78, f'CREATE TABLE "netty-contacts" ({PARTS.replace("contact_id", "id")})', False),
    "rule": (78, f'CREATE TABLE "netty-contacts" ({PARTS}); CREATE RULE twice AS ON UPDATE TO "netty-contacts" DO ALSO NOTHING', False),
    "replica-identity": (78, f"""CREATE TABLE "netty-contacts" ({PARTS}); ALTER TABLE "netty-contacts" REPLICA IDENTITY NOTHING;
                                 CREATE PUBLICATION feed FOR TABLE "netty-contacts" """, False),
    "path": (78, f"""CREATE TABLE "netty-contacts" ({PARTS}); CREATE TABLE seen (n int);
                     CREATE FUNCTION judge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen VALUES (1); RETURN new; END $$;
                     CREATE TRIGGER judge BEFORE INSERT OR UPDATE ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION judge()""", False),
    "no-primary-key": (78, f'CREATE TABLE "netty-contacts" ({PARTS.replace(" PRIMARY KEY", " NOT NULL")})', False),
    "no-column": (78, f'CREATE TABLE "netty-contacts" ({PARTS.replace(", time_modified timestamptz", "")})', False),
    "json": (78, f'CREATE TABLE "netty-contacts" ({PARTS.replace("jsonb", "json")})', False),
    "more-columns": (78, f'CREATE TABLE "netty-contacts" ({PARTS}, owner text NOT NULL)', False),
    "stores-nothing": (78, f"""CREATE TABLE "netty-contacts" ({PARTS});
                     CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
                     CREATE TRIGGER nothing BEFORE INSERT OR UPDATE ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION nothing()""", False),
    "view": (78, 'CREATE VIEW "netty-contacts" AS SELECT 1 AS contact_id', False),
    "no-rights": (77, f'CREATE TABLE "netty-contacts" ({PARTS})', True),
    "no-insert": (77, f'CREATE TABLE "netty-contacts" ({PARTS}); GRANT SELECT, UPDATE ON "netty-contacts" TO {{role}}', True),
    "no-policy": (77, f'CREATE TABLE "netty-contacts" ({PARTS}); {GRANTED}; ALTER TABLE "netty-contacts" ENABLE ROW LEVEL SECURITY', True),
    "recursive-policy": (78, f"""CREATE TABLE "netty-contacts" ({PARTS}); {GRANTED}; ALTER TABLE "netty-contacts" ENABLE ROW LEVEL SECURITY;
                     CREATE POLICY round ON "netty-contacts" USING (EXISTS (SELECT FROM "netty-contacts"))""", True),
    "no-schema": (77, f'CREATE TABLE "netty-contacts" ({PARTS}); {GRANTED}; CREATE SCHEMA netty_sync', True),
    "no-bookkeeping": (77, f'CREATE TABLE "netty-contacts" ({PARTS}); {GRANTED}; REVOKE CREATE ON DATABASE {{role}} FROM {{role}}', True),
}


def statements(wrong):
    """What a person would copy out of the findings."""
    found = []
    for text in wrong:
        found += [part.rstrip(" .") for part in
                  re.findall(r"((?:ALTER (?:TABLE|FUNCTION|VIEW|SCHEMA)|GRANT|CREATE (?:POLICY|SCHEMA|UNIQUE INDEX)|DROP (?:RULE|POLICY|TRIGGER|VIEW)) [^;]+)", text)]
    return [cut(statement) for statement in found]


def cut(statement):
    """Without the parenthesis that it may stand in."""
    depth = 0
    for place, letter in enumerate(statement):
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            return statement[:place]
    return statement


@pytest.mark.parametrize("case", TABLES)
def test_a_table_or_a_role(netty, db, page, request, case):
    code, setup, other = TABLES[case]
    url = request.getfixturevalue("role") if other else db.url
    db.query(setup.format(role=db.name))
    found, wrong, (run, doctor) = codes(netty, url, "contacts")
    print(case, found, wrong, run.err, doctor.out)
    assert found == (code, code, code), (run, doctor)
    mend = statements(wrong) if case != "recursive-policy" else ['DROP POLICY round ON "netty-contacts"',
                                                                   f'CREATE POLICY all_of_it ON "netty-contacts" TO {db.name} USING (true)']
    assert mend, wrong
    for statement in mend:
        db.query(statement)
    found, wrong, (run, doctor) = codes(netty, url, "contacts", *(["--create-tables"] if case == "view" else []))
    assert found == (0, 0, 0), (mend, run, doctor)


def test_transactions_that_a_setting_makes_read_only(netty, db, spool, page):
    """As Supabase does when the disk is nearly full: it does not pass by itself, as a standby's does."""
    db.create("contacts")
    db.query(f"""ALTER DATABASE "{db.name}" SET default_transaction_read_only = on""")
    for key in (91, 92):
        found, wrong, (run, doctor) = codes(netty, db.url, "contacts")
        assert found == (78, 78, 78) and "read-only" in wrong[0], (run, doctor)
        assert "Supabase" in run.err and "tried again" not in run.err and run.err.count(" error ") == 1, run
        netty.load(db=db.url + "?options=-cdefault_transaction_read_only%3Doff")
        spool.table("contacts").page([f'{{"contact_id":{key}}}'])


def test_names_that_the_server_quotes_are_the_same_names(netty, db, page):
    db.create("contacts")
    db.query(f"""ALTER DATABASE "{db.name}" SET quote_all_identifiers = on""")
    found, wrong, (run, doctor) = codes(netty, db.url, "contacts")
    assert found == (0, 0, 0), (run, doctor)


@pytest.mark.parametrize("part", ["hole", "loaded_page"])
def test_a_part_of_the_bookkeeping_that_was_dropped_is_named(spool, netty, db, part):
    db.create("contacts")
    writer = spool.table("contacts")
    writer.page(['{"contact_id":1}'])
    netty.load(db=db)
    db.query(f"DROP TABLE netty_sync.{part}")
    writer.page(['{"contact_id":2}'])
    run = netty.load("--retries", "0", db=db, code=78)
    assert f"netty_sync.{part}" in run.err and "DROP SCHEMA netty_sync CASCADE" in run.err, run
    db.query("DROP SCHEMA netty_sync CASCADE")
    netty.load(db=db)
    assert len(db.rows("contacts")) == 2


def test_a_missing_table(netty, db, page):
    found, wrong, _ = codes(netty, db.url, "contacts")
    assert found == (78, 78, 78) and "--create-tables" in wrong[0]
    assert codes(netty, db.url, "contacts", "--create-tables")[0] == (0, 0, 0)
