"""Wrong settings end at once, with libpq's or the server's own words, the right advice and the right code: 77 for a wrong user,
password or tenant, 78 for all else; what passes by itself is waited for (69)."""
from urllib.parse import urlparse

import pytest

from pgparts import PgBouncer
from pgproxy import Proxy

SLOW = ("--retries", "50", "--retry-delay", "60s")  # whoever waits runs into the test's time limit
SECRET = "s3cr3t-w0rd"


@pytest.fixture
def proxies():
    started = []

    def start(url, **keywords):
        at = urlparse(url)
        started.append(Proxy(at.hostname, at.port, **keywords))
        return started[-1]

    yield start
    for proxy in started:
        proxy.close()


@pytest.fixture
def page(spool):
    spool.table("users").page(['{"user_id":1}'])
    spool.table("contacts").page(['{"contact_id":1}'])


def end(netty, url, code, *told, env=None):
    run = netty.load(*SLOW, db=url, code=code, secrets=[SECRET], timeout=25, env=env)
    assert all(word in run.err for word in told), run
    return run


@pytest.mark.parametrize("query,told", [
    ("sslmode=bogus", ["bogus", "sslmode"]),
    ("sslmode=verify-full&sslrootcert=/absent.crt", ["sslmode"]),  # this server has no TLS at all
    ("service=nowhere", ["nowhere", "service"]),
    ("target_session_attrs=any-thing", ["target_session_attrs"]),
    ("options=-c%20statement_timeout%3Dabc", ["statement_timeout", "options"]),
    ("options=-c%20no_such_setting%3D1", ["no_such_setting", "options"]),
    ("pgbouncer=true", ["pgbouncer", "leave it out"]),
    ("sslmode=require&connection_limit=1", ["connection_limit", "leave it out"]),
    ("sslmode=require", ["TLS", "sslmode"]),
    ("gssencmode=require", ["gssencmode"]),
])
def test_a_wrong_parameter(netty, db, page, query, told):
    run = end(netty, f"{db.url.replace('netty@', f'netty:{SECRET}@')}?{query}", 78, *told)
    assert "%XX" not in run.err


@pytest.mark.parametrize("change,told", [
    (lambda url: f"'{url}'", "quotes"),
    (lambda url: f'"{url}"', "quotes"),
    (lambda url: url.replace("postgresql://", "postgresql+asyncpg://"), "postgresql+asyncpg://"),
    (lambda url: f"psql {url}", "psql"),
    (lambda url: url.replace("127.0.0.1", "no-such-host.invalid"), "no-such-host.invalid"),
    (lambda url: url.replace("127.0.0.1", "a..b"), "a..b"),
    (lambda url: url.rsplit(":", 1)[0] + ":99999/x", "99999"),
    (lambda url: url.rsplit(":", 1)[0] + ":54x2/x", "54x2"),
    (lambda url: url.rsplit("/", 1)[0] + "/nowhere", "nowhere"),
])
def test_a_wrong_address(netty, db, page, change, told):
    end(netty, change(db.url.replace("netty@", f"netty:{SECRET}@")), 78, told)


def test_a_password_that_is_not_encoded_is_not_shown(netty, db, page):
    run = end(netty, db.url.replace("netty@", f"netty:x@{SECRET}/@"), 78, "%XX")
    assert "pgbouncer" not in run.err


def test_a_wrong_service_by_the_environment(netty, db, page):
    end(netty, None, 78, "nowhere", env={"PGSERVICE": "nowhere"})


@pytest.mark.parametrize("by", ["address", "environment"])
def test_doctor_says_where_a_service_is(netty, db, page, tmp_path, by):
    """Not where the environment would have been without it; and the environment is as it was."""
    at = urlparse(db.url)
    netty.env["PGSERVICEFILE"] = str(tmp_path / "services")
    (tmp_path / "services").write_text(f"[crm]\nhost={at.hostname}\nport={at.port}\ndbname={db.name}\nuser={at.username}\n"
                                       "[gone]\nhost=127.0.0.1\nport=9\ndbname=x\n")
    netty.env.update(PGHOST="/nowhere", PGPORT="1", **({"PGSERVICE": "crm"} if by == "environment" else {"PGSERVICE": "gone"}))
    run = netty.load("doctor", "--create-tables", "--json", *(() if by == "environment" else ("--db", "service=crm")), code=0)
    assert f"{at.hostname}, port {at.port}" in run.out and "a socket" not in run.out, run


TENANT = ["tenant", "postgres.PROJECT"]


@pytest.mark.parametrize("state,text,code,told", [
    ("28P01", "password authentication failed for user \"u\"", 77, ["password"]),
    ("28000", "no pg_hba.conf entry for host", 77, ["pg_hba"]),
    ("XX000", "Tenant or user not found", 77, TENANT),
    ("XX000", "(ENOTFOUND) tenant/user postgres.abc not found", 77, TENANT),
    ("XX000", "Address not in tenant allow_list: {1, 2, 3, 4}", 77, ["allow"]),
    ("XX000", "SSL connection is required", 78, ["sslmode=require"]),
    ("08P01", "password authentication failed", 77, ["password"]),
    ("08P01", "no such database: crm", 78, ["database"]),
    ("08P01", "unsupported startup parameter in options: statement_timeout", 78, ["options"]),
    ("42501", "permission denied for database \"crm\"", 77, ["CONNECT"]),
    ("0A000", "unsupported frontend protocol 3.0", 78, []),
    ("55000", "database \"crm\" is not currently accepting connections", 78, ["datallowconn"]),
    ("ZZ001", "whatever", 78, ["whatever"]),
])
def test_what_a_server_or_pooler_refuses_while_connecting(netty, db, page, proxies, state, text, code, told):
    proxy = proxies(db.url, refuse=lambda connection: (state, text))
    end(netty, proxy.url(db.name), code, *told)
    assert proxy.connections <= 2, "nobody tried again"


@pytest.mark.parametrize("state,text", [
    ("53300", "sorry, too many clients already"), ("57P03", "the database system is starting up"),
    ("XX000", "Max client connections reached"), ("08P01", "pgbouncer cannot connect to server"),
    ("08P01", "no more connections allowed (max_client_conn)"), ("57P01", "terminating connection"),
])
def test_what_passes_by_itself_is_waited_for(netty, db, page, proxies, state, text):
    db.create("users", "contacts")
    proxy = proxies(db.url, refuse=lambda connection: (state, text) if connection < 4 else None)
    run = netty.load("--retries", "9", "--retry-delay", "1ms", db=proxy.url(db.name))
    assert text in run.err and len(db.rows("users")) == len(db.rows("contacts")) == 1
    always = proxies(db.url, refuse=lambda connection: (state, text))
    assert text in netty.load("--retries", "2", "--retry-delay", "1ms", db=always.url(db.name), code=69).err


def test_a_wrong_password_behind_a_pooler(netty, db, page, postgres, tmp_path):
    """pgbouncer's own word for it is 08P01."""
    at = urlparse(postgres.url())
    pooler = PgBouncer(tmp_path / "bouncer", at.hostname, at.port,
                       auth=f'auth_type = plain\nauth_file = {tmp_path}/bouncer/users', users={"netty": "right"})
    try:
        end(netty, pooler.url(db.name).replace("netty@", f"netty:{SECRET}@"), 77, "password")
        end(netty, pooler.url(db.name).replace("netty@", f"nobody:{SECRET}@"), 77)
        db.create("users", "contacts")
        netty.load(db=pooler.url(db.name).replace("netty@", "netty:right@"))
        end(netty, pooler.url(db.name).replace("netty@", "netty:right@") + "?options=-c%20statement_timeout%3D1", 78, "options")
    finally:
        pooler.stop()
