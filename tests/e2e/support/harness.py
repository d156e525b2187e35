"""Drivers for the parts under test, and the comparison with the truth. No test lives here."""
import collections
import itertools
import json
import os
import signal
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import psycopg2

ROOT = Path(__file__).resolve().parents[3]
BUILD = Path(os.environ.get("NETTY_BUILD", ROOT / "build")).resolve()
# What every program of every test is given and what none may let out. The password needs escaping in an address.
KEY = "test-key-5up3r-s3cr3t"
PASSWORD = "n3v3r sh@wn/p4ssw0rd"
SECRETS = (KEY, PASSWORD, urllib.parse.quote(PASSWORD, safe=""))
counter = itertools.count(1)

IRREGULAR = {"companies": "company_id", "properties": "property_id", "agencies": "agency_id"}


def key_of(table):
    """contacts -> contact_id: said again here on purpose, so that a fault in the programs' rule shows."""
    return IRREGULAR.get(table) or table[:-1] + "_id"


def wait_for(condition, what, seconds=60):
    """Waits for something that must come; the limit only ends a test that hangs."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come within {seconds} s")


# Where what tests leave behind lies (tests/run.sh: /var/tmp).
SCRATCH = ("/tmp/", "/var/tmp/", "/dev/shm/")
MEMORY = "/dev/shm"


def let_in(directory):
    """Servers run as another user than root and must be able to reach their folder."""
    for folder in [directory, *directory.parents]:
        if folder.name and os.stat(folder).st_uid == os.getuid() and str(folder).startswith(SCRATCH):
            os.chmod(folder, 0o755)


class Postgres:
    """A private cluster, run by tests/tools/pg.sh.

    Without settings of the caller's own it compiles no statement (jit): in tables of a few rows, which nobody has analyzed,
    that took a sixth of the time of forty tests. The server of the fixture `apart` compiles as a server does by default.
    """

    def __init__(self, directory, *settings, bin_dir=None):
        self.dir = Path(directory) / "cluster"
        self.settings = settings or ("fsync=off", "max_connections=60", "max_wal_size=256MB", "jit=off")
        self.env = dict(os.environ)
        if bin_dir:
            self.env["NETTY_PG_BIN"] = str(bin_dir)
        let_in(Path(directory))

    def script(self, verb, *arguments):
        done = subprocess.run([ROOT / "tests/tools/pg.sh", verb, self.dir, *arguments], env=self.env,
                              stdin=subprocess.DEVNULL, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self):
        self.script("start", *self.settings)

    def stop(self, mode="fast"):
        self.script("stop", mode)

    def url(self, database="postgres"):
        """As `pg.sh url` says it."""
        words = dict(line.split("=", 1) for line in (self.dir / "env").read_text().splitlines())
        return f"postgresql://{words['PGUSER']}@127.0.0.1:{words['PGPORT']}/{database}"

    def admin(self, statement):
        connection = psycopg2.connect(self.url())
        connection.autocommit = True
        connection.cursor().execute(statement)
        connection.close()


class Database:
    """A fresh database, dropped after the test."""

    def __init__(self, server):
        self.server = server
        self.name = f"t{os.getpid()}_{next(counter)}"
        self.admin(f'CREATE DATABASE "{self.name}" STRATEGY file_copy')
        self.url = server.url(self.name)
        self.connection = None

    def admin(self, statement):
        self.server.admin(statement)

    def query(self, statement, *parameters):
        if self.connection is None or self.connection.closed:
            self.connection = psycopg2.connect(self.url)
            self.connection.autocommit = True
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else None

    def value(self, statement, *parameters):
        return self.query(statement, *parameters)[0][0]

    def create(self, *tables):
        """The tables as the replaced system made them (NETTY.md)."""
        for table in tables:
            self.query(f'''CREATE TABLE "netty-{table}" ({key_of(table)} INTEGER PRIMARY KEY,
                data JSONB NOT NULL, time_created TIMESTAMPTZ, time_modified TIMESTAMPTZ,
                created_at TIMESTAMPTZ DEFAULT timezone('utc', now()))''')

    def rows(self, table):
        """{key: (data, time_created, time_modified)} with numbers as their plain digits."""
        found = self.query(f'''SELECT {key_of(table)}, data::text, time_created, time_modified
                               FROM "netty-{table}"''')
        return {key: (parse(data), created, modified) for key, data, created, modified in found}

    def settle(self):
        """A session tells its counts when it ends, which is a moment after its client's end."""
        wait_for(lambda: not self.value("""SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                                           AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""),
                 "the end of the other sessions")

    def writes(self, table):
        """Row versions written so far: inserts + updates + deletes, as PostgreSQL counts them."""
        self.settle()
        self.query("SELECT pg_stat_clear_snapshot()")
        return self.value('''SELECT n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables
                             WHERE relname = %s''', f"netty-{table}")

    def drop(self):
        if self.connection:
            self.connection.close()
        self.admin(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')


def digits(text):
    """A number as PostgreSQL's numeric writes it: every digit, no exponent."""
    return format(Decimal(text), "f")


def parse(text):
    return json.loads(text, parse_float=digits, parse_int=digits)


def parse_time(text):
    """NETTY.md's time forms, zone-less ones as UTC; None for none."""
    if not text or text.startswith("0000"):
        return None
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def expected_row(table, line):
    """What one-by-one upserts would hold for a record sent once."""
    data = parse(line)
    key = int(data.pop(key_of(table)))
    created = parse_time(data.pop("time_created", None))
    modified = parse_time(data.pop("time_modified", None))
    data["deleted"] = data.get("deleted") in (True, "1", "true")
    return key, (data, created, modified)


class Sim:
    """The API stand-in."""

    def __init__(self, tables, *options, seed=1, key=KEY):
        self.dir = tempfile.TemporaryDirectory(prefix="netty-sim-")
        port_file = Path(self.dir.name) / "port"
        self.process = subprocess.Popen(
            [BUILD / "netty-sim", "--port", "0", "--port-file", port_file, "--seed", str(seed),
             "--tables", tables, *map(str, options)],
            env={**os.environ, "NETTY_SIM_KEY": key}, stdin=subprocess.DEVNULL)
        wait_for(lambda: port_file.exists() and port_file.read_text().strip() or
                 self.process.poll() is not None, "the stand-in's port")
        assert self.process.poll() is None, "the stand-in did not start"
        self.url = f"http://127.0.0.1:{port_file.read_text().strip()}"

    def get(self, path):
        with urllib.request.urlopen(self.url + path) as answer:
            return answer.read().decode()

    def post(self, path, **query):
        request = urllib.request.Request(f"{self.url}{path}?{urllib.parse.urlencode(query)}", data=b"",
                                         method="POST")
        with urllib.request.urlopen(request) as answer:
            return answer.read().decode()

    def edit(self, table, n, **query):
        return self.post("/_sim/edit", table=table, n=n, **query)

    def mood(self, **query):
        return self.post("/_sim/mood", **query)

    def spoil(self, table, id, how, **what):
        """A record that spoils its page until mend(); text: the bytes of it, or of its member `name`."""
        if "text" in what:
            text = what.pop("text")
            what["hex"] = (text if isinstance(text, bytes) else text.encode()).hex()
        return self.post("/_sim/spoil", table=table, id=id, how=how, **what)

    def mend(self, table, **which):
        return self.post("/_sim/mend", table=table, **which)

    def log(self):
        return [json.loads(line) for line in self.get("/_sim/log").splitlines()]

    def truth(self, table):
        """{key: (data, time_created, time_modified)} of all records, read as the API would send them."""
        lines = self.get(f"/_sim/truth/{table}").splitlines()
        return dict(expected_row(table, line) for line in lines)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=30)
        self.dir.cleanup()


def with_password(url):
    """The server trusts everybody, so that any password does."""
    return url.replace("postgresql://netty@", f"postgresql://netty:{urllib.parse.quote(PASSWORD, safe='')}@")


def content(path):
    """A file's bytes, decompressed where it is a sealed one's (as far as it is whole)."""
    if path.suffix == ".zst":
        return subprocess.run(["zstd", "-dcq", path], stdin=subprocess.DEVNULL, capture_output=True).stdout
    return path.read_bytes()


class Run:
    """A finished program."""

    def __init__(self, done, arguments):
        self.code = done.returncode
        self.out = done.stdout
        self.err = done.stderr
        self.arguments = arguments

    def json(self):
        """--json's rows by table."""
        return {row["table"]: row for row in map(json.loads, self.out.splitlines())}

    def __repr__(self):
        return f"{self.arguments} -> {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class Netty:
    """Runs the three programs in a folder of the test's own, and sees that nothing secret gets out."""

    def __init__(self, directory):
        self.dir = Path(directory)
        self.spool = self.dir / "spool"
        self.background = []
        self.asked_of_tool = collections.Counter()
        self.secret_files = set()  # in which the test itself has put one
        self.env = {name: value for name, value in os.environ.items()
                    if not name.startswith(("NETTY_", "PG", "DATABASE_URL"))}
        self.env.update(NETTY_SPOOL=str(self.spool), NETTY_API_KEY=KEY, NETTY_RATE="0",
                        NETTY_AHEAD="1",  # what is asked for ahead depends on how quick the machine is: test_ahead.py
                        NETTY_RETRY_DELAY="10ms", NETTY_SPOOL_KEEP="36500d", TZ="Europe/Paris", LC_ALL="C.UTF-8",
                        ASAN_OPTIONS="detect_leaks=1:abort_on_error=0:exitcode=99",
                        UBSAN_OPTIONS="print_stacktrace=1")

    def run(self, program, *arguments, code=0, sim=None, db=None, env=None, secrets=(), timeout=300):
        """Runs to the end and demands the exit code (None: any)."""
        done = subprocess.run([BUILD / program, *map(str, arguments)], env=self.environment(sim, db, env),
                              cwd=self.dir, stdin=subprocess.DEVNULL, text=True, capture_output=True,
                              timeout=timeout)
        run = Run(done, [program, *map(str, arguments)])
        for secret in (*SECRETS, *secrets):
            assert secret not in run.out and secret not in run.err, f"a secret got out: {run}"
        assert "runtime error" not in run.err and "AddressSanitizer" not in run.err, repr(run)
        assert code is None or run.code == code, repr(run)
        return run

    def environment(self, sim=None, db=None, env=None):
        merged = dict(self.env)
        if sim is not None:
            merged["NETTY_BASE_URL"] = sim if isinstance(sim, str) else sim.url
        if db is not None:
            merged["DATABASE_URL"] = with_password(db if isinstance(db, str) else db.url)
        for name, value in (env or {}).items():
            if value is None:
                merged.pop(name, None)
            else:
                merged[name] = str(value)
        return merged

    def extract(self, *arguments, **keywords):
        return self.run("netty-extract", *arguments, **keywords)

    def load(self, *arguments, **keywords):
        return self.run("netty-load", *arguments, **keywords)

    def spool_tool(self, *arguments, env=None, **keywords):
        """Leaks are looked for in the first two runs of each of its commands: some tests ask for the same list hundreds of times,
        and to look takes a third of the time of a run."""
        command = str(arguments[0]) if arguments else ""
        self.asked_of_tool[command] += 1
        quick = {"ASAN_OPTIONS": self.env["ASAN_OPTIONS"].replace("detect_leaks=1", "detect_leaks=0")} if self.asked_of_tool[command] > 2 else {}
        return self.run("netty-spool", *arguments, env={**quick, **(env or {})}, **keywords)

    def sync(self, sim, db, *tables, code=0):
        """One scheduled pair; the two summaries."""
        fetched = self.extract("--json", *tables, sim=sim, code=code)
        loaded = self.load("--json", *tables, db=db, code=code)
        return fetched.json(), loaded.json()

    def start(self, program, *arguments, sim=None, db=None, env=None):
        """Runs in the background; stderr goes to <spool>/../<program>.N.err."""
        err = open(self.dir / f"{program}.{len(self.background)}.err", "w+")
        process = subprocess.Popen([BUILD / program, *map(str, arguments)], cwd=self.dir,
                                   env=self.environment(sim, db, env), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=err, text=True)
        process.err_path = err.name
        err.close()
        self.background.append(process)
        return process

    def stop_all(self):
        said = ""
        for process in self.background:
            if process.poll() is None:
                said += Path(f"/proc/{process.pid}/cmdline").read_text()
                process.send_signal(signal.SIGKILL)
                process.wait()
            if not process.stdout.closed:
                said += process.stdout.read()
                process.stdout.close()
        assert not any(secret in said for secret in SECRETS), f"a secret got out: {said}"
        self.search()

    def search(self):
        """No file that the test leaves behind (spool, logs, results) has a secret in it."""
        for folder, _, names in os.walk(self.dir):
            for path in (Path(folder) / name for name in names):
                if path in self.secret_files or not path.is_file() or path.is_symlink():
                    continue
                found = content(path)
                assert not any(secret.encode() in found for secret in SECRETS), f"a secret got into {path}"


def differences(expected, actual, most=3):
    """The first few differences in words; empty when equal."""
    out = []
    for key in sorted(expected.keys() | actual.keys()):
        if key not in actual:
            out.append(f"{key}: missing in the database")
        elif key not in expected:
            out.append(f"{key}: not in the source")
        elif expected[key] != actual[key]:
            (data, *times), (found, *found_times) = expected[key], actual[key]
            members = [name for name in sorted(data.keys() | found.keys())
                       if data.get(name, "absent") != found.get(name, "absent")]
            out.append(f"{key}: members {members} "
                       f"{[(data.get(m, 'absent'), found.get(m, 'absent')) for m in members[:2]]} "
                       f"times {times} {found_times}")
        if len(out) == most:
            break
    return out


def assert_synced(sim, db, *tables):
    """The database equals the source in every member of every record."""
    for table in tables:
        expected, actual = sim.truth(table), db.rows(table)
        assert not (wrong := differences(expected, actual)), f"{table}: {wrong}"


def is_synced(sim, db, *tables):
    """For wait_for, where a program stays and takes a moment."""
    return not any(differences(sim.truth(table), db.rows(table)) for table in tables)


def assert_balanced(rows):
    """read = inserted + updated + unchanged + stale + folded + dead."""
    for row in rows.values():
        parts = sum(row[name] for name in ("inserted", "updated", "unchanged", "stale", "folded", "dead"))
        assert row["read"] == parts, row
