"""More real parts for the loader's tests: a transaction-mode pooler, a server with TLS, a standby, the SQL that audits."""
import os
import socket
import subprocess
import time
from pathlib import Path

from harness import ROOT, Postgres, let_in, wait_for

AUDIT = """
    CREATE SCHEMA audit;
    CREATE TABLE audit.progress (n serial, table_name text, lane smallint, segment bigint, page bigint, line bigint, at xid8);
    CREATE FUNCTION audit.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        INSERT INTO audit.progress (table_name, lane, segment, page, line, at)
        VALUES (new.table_name, new.lane, new.segment, new.page, new.line, pg_current_xact_id()); RETURN NULL; END $$;
    CREATE TRIGGER note AFTER UPDATE ON netty_sync.progress FOR EACH ROW EXECUTE FUNCTION audit.note()
"""


def schema_sql():
    """The loader's own bookkeeping, so that a trigger can be put on it before the loader comes."""
    return (ROOT / "load/sql/schema.sql").read_text()


def audit_progress(db):
    """From now on every move of the progress that commits leaves a row in audit.progress."""
    db.query(schema_sql())
    db.query(AUDIT)


def assert_each_page_once(db, writer):
    """Progress went forward only, in each lane, and to the end: so each of the spool's pages was loaded once."""
    for lane in range(4):
        moves = db.query("SELECT segment, page, line FROM audit.progress WHERE table_name = %s AND lane = %s ORDER BY n",
                         writer.name, lane)
        places = [(segment, page, line or float("inf")) for segment, page, line in moves]
        assert places == sorted(set(places)), "progress went back, or twice to one place"
        segment, page, line = moves[-1]
        assert ((segment, page), line) == (writer.last, 0)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def run_as_owner(*command):
    """PostgreSQL's own refuse to run as root."""
    if os.getuid() != 0:
        return list(map(str, command))
    return ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups", "--", *map(str, command)]


class PgBouncer:
    """Transaction mode where nothing else is said, two server connections, no prepared statements that outlive a transaction."""

    def __init__(self, directory, host, port, pool=2, mode="transaction", auth="auth_type = any", users=None, wait=60):
        self.dir = Path(directory)
        self.dir.mkdir()
        let_in(self.dir)
        self.process = None
        for _ in range(5):
            self.port = free_port()
            (self.dir / "ini").write_text(
                f"[databases]\n* = host={host} port={port} user=netty\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
                f"listen_port = {self.port}\nunix_socket_dir =\n{auth}\npool_mode = {mode}\n"
                f"default_pool_size = {pool}\nmax_client_conn = 50\nserver_login_retry = 0.1\n"
                f"ignore_startup_parameters = extra_float_digits\nquery_wait_timeout = {wait}\n")
            (self.dir / "users").write_text("".join(f'"{name}" "{word}"\n' for name, word in (users or {}).items()))
            self.log = open(self.dir / "log", "w")
            self.process = subprocess.Popen(run_as_owner("/usr/sbin/pgbouncer", self.dir / "ini"), cwd="/",
                                            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
            if self.answers():
                return
        raise AssertionError((self.dir / "log").read_text())

    def answers(self):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return True
            except OSError:
                time.sleep(0.02)
        return False

    def url(self, database):
        return f"postgresql://netty@127.0.0.1:{self.port}/{database}"

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()


def openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def make_ca(directory, name):
    """A certificate authority: <name>.crt and <name>.key."""
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 2, "-subj",
            f"/CN=Test CA {name}", "-keyout", directory / f"{name}.key", "-out", directory / f"{name}.crt")
    return directory / f"{name}.crt"


def make_server_certificate(directory, ca, host):
    (directory / "san").write_text(f"subjectAltName=DNS:{host}")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={host}",
            "-keyout", directory / "server.key", "-out", directory / "server.csr")
    openssl("x509", "-req", "-in", directory / "server.csr", "-CA", directory / f"{ca}.crt", "-CAkey",
            directory / f"{ca}.key", "-CAcreateserial", "-days", 2, "-extfile", directory / "san",
            "-out", directory / "server.crt")


def start_tls_postgres(directory):
    """A server for the name `localhost`, whose certificate the CA `right` has signed; `wrong` is another CA."""
    make_ca(directory, "right")
    make_ca(directory, "wrong")
    make_server_certificate(directory, "right", "localhost")
    certificates = directory / "served"
    certificates.mkdir()
    for name in ("server.crt", "server.key"):
        (directory / name).rename(certificates / name)
    os.chmod(certificates / "server.key", 0o600)
    if os.getuid() == 0:
        subprocess.run(["chown", "-R", "postgres", certificates], check=True)
    server = Postgres(directory, "fsync=off", "ssl=on", f"ssl_cert_file={certificates}/server.crt",
                      f"ssl_key_file={certificates}/server.key", "log_connections=on")
    server.start()
    return server


def wait_for_server(server):
    import psycopg2

    def up():
        try:
            psycopg2.connect(server.url()).close()
            return True
        except psycopg2.OperationalError:
            return False
    wait_for(up, "the database's return")
