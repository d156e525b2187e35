"""A year in service: what surrounds the programs changes, fills up, is moved and is forgotten, and the copy goes on."""
import json
import os
import signal
import socket
import subprocess
import threading
from datetime import datetime
from pathlib import Path

import pytest

from harness import BUILD, KEY, assert_synced, wait_for


def events(run_or_text, event=None):
    text = run_or_text if isinstance(run_or_text, str) else run_or_text.err
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in found if event is None or line["event"] == event]


JSON_LOG = {"NETTY_LOG_FORMAT": "json"}


# ---- monitoring never stops the copy ----

@pytest.fixture
def taken():
    """A port that somebody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        yield s.getsockname()[1]


def test_a_taken_port_passes_by_itself(netty, sims, db, taken):
    """The process before it is still ending, say: 75, which a service manager starts again, and not 78."""
    sim = sims("contacts:10")
    listen = f"127.0.0.1:{taken}"
    said = netty.extract("--every", "10m", "--listen", listen, "contacts", sim=sim, code=75)
    assert listen in said.err and "Address already in use" in said.err
    netty.extract("contacts", sim=sim)
    db.create("contacts")
    said = netty.load("--follow", "--listen", listen, db=db, code=75)
    assert listen in said.err


GARBAGE = b"\0" * 4096


@pytest.mark.parametrize("content", [GARBAGE, b"", b"somebody's notes\n"], ids=["zeros", "empty", "notes"])
def test_a_metrics_file_that_is_garbage_does_not_stop_the_copy(netty, sims, db, content):
    """After a power loss. Zeros are nobody's and are replaced; notes are somebody's, stay, and that is said in the end."""
    sim = sims("contacts:50")
    db.create("contacts")
    for program, more in (("netty-extract", {"sim": sim}), ("netty-load", {"db": db})):
        file = netty.dir / f"{program}.prom"
        file.write_bytes(content)
        kept = content.startswith(b"some")
        run = netty.run(program, "--metrics-file", file, "contacts", code=78 if kept else 0, **more)
        assert (file.read_bytes() == content) == kept, repr(run)
        if not kept:
            assert file.read_text().startswith("# HELP netty_")
    assert_synced(sim, db, "contacts")


def test_a_metrics_folder_that_is_gone_does_not_stop_the_copy(netty, sims, db):
    sim = sims("contacts:50")
    db.create("contacts")
    file = netty.dir / "gone" / "netty.prom"
    fetched = netty.extract("--metrics-file", file, "contacts", sim=sim, code=None)
    loaded = netty.load("--metrics-file", file, "contacts", db=db, code=None)
    assert_synced(sim, db, "contacts")
    for run in (fetched, loaded):
        assert run.code in (73, 74, 78) and str(file.parent) in run.err, repr(run)


# ---- a lock that is held, under cron ----

def test_a_lock_that_is_held_is_a_line_at_info(netty, sims):
    """A backfill runs for hours; cron's runs in between mail nobody."""
    sim = sims("contacts:3000")
    slow = netty.start("netty-extract", "--full", "--rate", "2", "contacts", sim=sim)
    wait_for(lambda: (netty.spool / "contacts/lock").exists() and (netty.spool / "contacts/lock").read_text(), "the lock")
    run = netty.extract("--quiet", "contacts", sim=sim, code=75)
    assert run.err == "", run.err
    loud = netty.extract("contacts", sim=sim, code=75, env=JSON_LOG)
    busy = [line for line in events(loud) if line.get("error") == "busy" or "another process" in json.dumps(line)]
    assert busy and all(line["level"] == "info" for line in busy), loud.err
    slow.terminate()
    assert slow.wait(timeout=60) == 75


# ---- netty.conf in the working folder ----

OTHER = 12345


def run_in(netty, folder, program, *arguments, env=None, user=None):
    merged = netty.environment(env={"NETTY_SPOOL": None, "NETTY_API_KEY": KEY, "NETTY_BASE_URL": None, **(env or {})})
    done = subprocess.run([BUILD / program, *arguments], cwd=folder, env=merged, stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=120, user=user)
    assert KEY not in done.stdout + done.stderr
    return done


@pytest.mark.skipif(os.getuid() != 0, reason="another user's file takes root to make")
@pytest.mark.parametrize("what", ["file", "folder", "file writable", "folder writable", "sticky folder"])
def test_a_netty_conf_of_somebody_else_is_not_believed(netty, what):
    """It would send the key to the address that it names."""
    folder = netty.dir / "work"
    folder.mkdir(mode=0o755)
    conf = folder / "netty.conf"
    conf.write_text("base-url = http://127.0.0.1:9\nspool = spool\nretries = 0\n")
    conf.chmod(0o644)
    if what == "file":
        os.chown(conf, OTHER, OTHER)
    elif what == "folder":
        os.chown(folder, OTHER, OTHER)
    elif what == "file writable":
        conf.chmod(0o664)
    else:
        folder.chmod(0o777 if what == "folder writable" else 0o1777)
    for program, arguments in (("netty-extract", ("contacts",)), ("netty-load", ()), ("netty-spool", ("ls",))):
        done = run_in(netty, folder, program, *arguments)
        assert done.returncode == 78 and "netty.conf" in done.stderr and "--config" in done.stderr, done
    # One that was named is the person's own word.
    assert run_in(netty, folder, "netty-extract", "--config", "netty.conf", "contacts").returncode == 69
    assert run_in(netty, folder, "netty-extract", "contacts", env={"NETTY_CONFIG": "netty.conf"}).returncode == 69


def test_a_netty_conf_of_ones_own_is_believed_and_named(netty):
    folder = netty.dir / "work"
    folder.mkdir(mode=0o755)
    conf = folder / "netty.conf"
    conf.write_text("base-url = http://127.0.0.1:9\nspool = spool\nretries = 0\nlog-format = json\n")
    done = run_in(netty, folder, "netty-extract", "contacts")
    assert done.returncode == 69
    first = events(done.stderr)[0]
    assert first["event"] == "config" and first["file"] == str(conf), first
    for program in ("netty-extract", "netty-load", "netty-spool"):
        assert str(conf) in run_in(netty, folder, program, "--help").stdout, program
    done = run_in(netty, folder, "netty-load", "doctor", env={"DATABASE_URL": "host=127.0.0.1 port=9 dbname=none"})
    assert str(conf) in done.stdout, done
    first = events(run_in(netty, folder, "netty-load", env={"DATABASE_URL": "host=127.0.0.1 port=9 dbname=none"}).stderr)[0]
    assert first["event"] == "config" and first["file"] == str(conf), first


# ---- a spool that is new ----

def test_a_new_spool_says_that_it_is_one(netty, sims):
    """A volume that is not mounted looks like a new spool."""
    sim = sims("contacts:10")
    made = events(netty.extract("contacts", sim=sim, env=JSON_LOG), "new-spool")
    assert len(made) == 1 and made[0]["level"] == "warn" and made[0]["spool"] == str(netty.spool)
    assert "mount" in made[0]["msg"]
    assert not events(netty.extract("contacts", sim=sim, env=JSON_LOG), "new-spool")


# ---- times that exist twice, or not at all ----

def pages_at(spool, *moments):
    writer = spool.table("contacts")
    for number, moment in enumerate(moments):
        writer.page([f'{{"contact_id":{number}}}'], datetime.fromisoformat(moment))


@pytest.mark.parametrize("zone, first", [("Europe/Paris", "07"), (":Europe/Paris", "07"), ("UTC", "09"), ("America/New_York", "13"),
                                         ("CET-1CEST,M3.5.0,M10.5.0/3", "07"), ("XYZ-3", "06"), ("", "09")])
def test_a_time_that_is_typed_is_in_the_zone_that_is_shown(netty, spool, zone, first):
    """TZ, whatever zone the API's times are in: what `ls` shows as 09:00 is found as 09:00."""
    pages_at(spool, *(f"2026-07-01T{hour:02}:00:00+00:00" for hour in range(24)))
    for env in ({"TZ": zone, "NETTY_TIMEZONE": "Asia/Tokyo"}, {"TZ": zone}):
        run = netty.spool_tool("cat", "--from", "2026-07-01 09:00", "--to", "2026-07-01 10:00", "contacts", env=env)
        assert [json.loads(line)["contact_id"] for line in run.out.splitlines()] == [int(first)]
    run = netty.spool_tool("cat", "--from", "2026-07-01T09:00:00Z", "--to", "2026-07-01T10:00:00Z", "contacts", env={"TZ": zone})
    assert [json.loads(line)["contact_id"] for line in run.out.splitlines()] == [9]


def test_times_that_exist_twice_take_the_wider_window(netty, spool):
    """2026-10-25 has 02:30 twice in Paris: at 00:30 and at 01:30 UTC."""
    pages_at(spool, "2026-10-24T23:30:00+00:00", "2026-10-25T00:30:00+00:00", "2026-10-25T01:30:00+00:00",
             "2026-10-25T02:30:00+00:00")
    env = {"TZ": "Europe/Paris"}
    run = netty.spool_tool("cat", "--from", "2026-10-25 02:00", "--to", "2026-10-25 03:00", "contacts", env=env)
    assert [json.loads(line)["contact_id"] for line in run.out.splitlines()] == [1, 2]
    run = netty.spool_tool("cat", "--from", "2026-10-25 02:15", "--to", "2026-10-25 02:45", "contacts", env=env)
    assert [json.loads(line)["contact_id"] for line in run.out.splitlines()] == [1, 2]


def test_a_time_that_does_not_exist_is_said(netty, spool):
    pages_at(spool, "2026-03-29T00:30:00+00:00", "2026-03-29T01:30:00+00:00")
    env = {"TZ": "Europe/Paris", **JSON_LOG}
    run = netty.spool_tool("cat", "--from", "2026-03-29 02:30", "contacts", env=env)
    said = events(run, "time")
    assert len(said) == 1 and said[0]["level"] == "warn" and "2026-03-29 02:30" in json.dumps(said[0])


# ---- a pipe whose reader has gone ----

def to_nobody(netty, program, *arguments, sim=None, db=None):
    """Its standard output is a pipe that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run([BUILD / program, *map(str, arguments)], cwd=netty.dir, env=netty.environment(sim, db),
                              stdin=subprocess.DEVNULL, stdout=write, stderr=subprocess.PIPE, text=True, timeout=120)
    finally:
        os.close(write)
    return done


def test_a_broken_pipe_is_no_disk_failure(netty, sims, db):
    sim = sims("contacts:300")
    db.create("contacts")
    for program, arguments, more in [("netty-extract", ("contacts",), {"sim": sim}), ("netty-extract", ("--json", "contacts"), {"sim": sim}),
                                     ("netty-load", (), {"db": db}), ("netty-load", ("--check",), {"db": db}),
                                     ("netty-spool", ("ls",), {}), ("netty-spool", ("cat", "contacts"), {}),
                                     ("netty-spool", ("status",), {}), ("netty-spool", ("digest", "contacts"), {}),
                                     ("netty-spool", ("verify",), {}), ("netty-spool", ("history", "contacts", "1"), {}),
                                     ("netty-spool", ("--help",), {}), ("netty-load", ("check",), {"db": db}), ("netty-spool", ("runs",), {}),
                                     ("netty-spool", ("dead",), {}), ("netty-spool", ("prune", "--dry-run"), {}),
                                     ("netty-extract", ("--dry-run", "contacts"), {"sim": sim}), ("netty-load", ("doctor",), {"db": db}),
                                     ("netty-load", ("profile", "contacts"), {"db": db}), ("netty-load", ("views",), {"db": db}),
                                     ("netty-load", ("index", "--dry-run", "contacts"), {"db": db})]:
        done = to_nobody(netty, program, *arguments, **more)
        said = done.stderr.replace(str(netty.dir), "")  # the folder has the test's name
        assert done.returncode == 0 and "disk" not in said and "rite" not in said, (program, arguments, done)
    assert_synced(sim, db, "contacts")
    # A run ends as it would have.
    sim.stop()
    done = to_nobody(netty, "netty-extract", "--retries", 0, "contacts", sim=sim)
    assert done.returncode == 69, done


def test_a_full_output_is_a_failure(netty, spool, db):
    """That the test above can fail: /dev/full is no reader that has gone."""
    db.create("contacts")
    pages_at(spool, "2026-03-29T00:30:00+00:00")
    netty.load(db=db)
    for program, *arguments in (("netty-spool", "cat", "contacts"), ("netty-spool", "runs"), ("netty-load", "views"),
                                ("netty-load", "profile", "contacts"), ("netty-load", "doctor"), ("netty-load", "check")):
        with open("/dev/full", "w") as full:
            done = subprocess.run([BUILD / program, *arguments], cwd=netty.dir, env=netty.environment(None, db), stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=60)
        assert done.returncode == 74, (program, arguments, done)


# ---- secrets are changed while the programs stay ----

def write_secret(path, text):
    """As a person does: a new file in the place of the old one."""
    new = path.with_suffix(".new")
    new.write_text(text + "\n")
    new.chmod(0o600)
    new.rename(path)


def test_a_key_that_is_changed_in_its_file_is_read_by_the_next_run(netty, sims, db):
    key_file = netty.dir / "key"
    netty.secret_files.add(key_file)
    write_secret(key_file, "an-old-key")
    sim = sims("contacts:20", key=KEY)
    process = netty.start("netty-extract", "--every", "1s", "contacts", sim=sim,
                          env={"NETTY_API_KEY": None, "NETTY_API_KEY_FILE": key_file, **JSON_LOG})
    wait_for(lambda: "refuses the key" in open(process.err_path).read(), "a refusal")
    write_secret(key_file, KEY)
    db.create("contacts")
    wait_for(lambda: "table fetched" in open(process.err_path).read(), "a run with the new key", seconds=120)
    said = open(process.err_path).read()
    assert [line["level"] for line in events(said, "key")] == ["info"] and "an-old-key" not in said
    process.terminate()
    assert process.wait(timeout=60) in (0, 75)
    netty.load(db=db)
    assert_synced(sim, db, "contacts")


class Guarded:
    """A role of the test's database that the server asks for its password, and the file with the address."""

    def __init__(self, netty, postgres, db):
        self.db, self.name, self.file = db, f"r_{db.name}", netty.dir / "database-url"
        netty.secret_files.add(self.file)
        rules = Path(os.path.realpath(postgres.dir)) / "data/pg_hba.conf"
        rules.write_text(f"host {db.name} {self.name} 127.0.0.1/32 scram-sha-256\n" + rules.read_text())
        db.admin(f"CREATE ROLE {self.name} LOGIN SUPERUSER PASSWORD 'first-one'")
        db.query("SELECT pg_reload_conf()")
        self.write("first-one")
        self.env = {"DATABASE_URL": None, "DATABASE_URL_FILE": self.file, **JSON_LOG}

    def write(self, password):
        port = self.db.value("SELECT setting FROM pg_settings WHERE name = 'port'")
        write_secret(self.file, f"postgresql://{self.name}:{password}@127.0.0.1:{port}/{self.db.name}")

    def change(self, password):
        """At the server; who is connected has to come in anew."""
        self.db.admin(f"ALTER ROLE {self.name} PASSWORD '{password}'")
        self.db.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", self.name)

    def drop(self):
        self.db.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", self.name)
        self.db.query(f"REASSIGN OWNED BY {self.name} TO netty")
        self.db.query(f"DROP OWNED BY {self.name}")
        self.db.query(f"DROP ROLE {self.name}")


@pytest.fixture
def guarded(netty, postgres, db):
    role = Guarded(netty, postgres, db)
    db.create("contacts")
    yield role
    netty.stop_all()
    role.drop()


@pytest.mark.parametrize("first", ["file", "server"])
def test_a_database_password_that_is_changed_is_read_anew(netty, sims, db, guarded, first):
    sim = sims("contacts:20")
    netty.extract("contacts", sim=sim)
    process = netty.start("netty-load", "--follow", env={**guarded.env, "NETTY_FAULT_TRIAL": "60"})
    wait_for(lambda: db.value('SELECT count(*) FROM "netty-contacts"') == 20, "the first load")
    if first == "file":
        guarded.write("second-one")
    guarded.change("second-one")
    sim.edit("contacts", 5)
    netty.extract("contacts", sim=sim)
    if first == "server":
        wait_for(lambda: "28P01" in open(process.err_path).read(), "a refusal")
        guarded.write("second-one")
    truth = sim.truth("contacts")
    wait_for(lambda: db.rows("contacts") == truth, "the load with the new password", seconds=120)
    said = open(process.err_path).read()
    assert len(events(said, "address")) == 1 and "first-one" not in said and "second-one" not in said
    assert process.poll() is None


def test_a_database_password_that_goes_on_being_refused_ends_with_77(netty, sims, db, guarded):
    """It worked before; nobody writes the new one into the file."""
    sim = sims("contacts:20")
    netty.extract("contacts", sim=sim)
    process = netty.start("netty-load", "--follow", env={**guarded.env, "NETTY_FAULT_TRIAL": "5"})
    wait_for(lambda: db.value('SELECT count(*) FROM "netty-contacts"') == 20, "the first load")
    guarded.change("second-one")
    sim.edit("contacts", 5)
    netty.extract("contacts", sim=sim)
    assert process.wait(timeout=120) == 77
    assert "DATABASE_URL_FILE" in events(open(process.err_path).read(), "refused")[0]["error"]


def test_a_key_that_has_changed_and_goes_on_being_refused_ends_with_77(netty, sims):
    key_file = netty.dir / "key"
    netty.secret_files.add(key_file)
    write_secret(key_file, KEY)
    sim = sims("contacts:20")
    process = netty.start("netty-extract", "--every", "1s", "contacts", sim=sim,
                          env={"NETTY_API_KEY": None, "NETTY_API_KEY_FILE": key_file, "NETTY_FAULT_TRIAL": "5", **JSON_LOG})
    wait_for(lambda: "table fetched" in open(process.err_path).read(), "the first run")
    write_secret(key_file, "a-wrong-key")
    assert process.wait(timeout=120) == 77
    assert "a-wrong-key" not in open(process.err_path).read()


# ---- a container whose database is not up yet ----

def test_the_container_waits_for_its_database(netty, sims, postgres, db):
    """The catalog's 69, then the extractor's "no table to fetch": nothing that a person has to mend."""
    sim = sims("contacts:30")
    db.create("contacts")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    late = f"postgresql://netty@127.0.0.1:{port}/{db.name}"
    env = netty.environment(sim, late, {"PATH": f"{BUILD}:{os.environ['PATH']}", "NETTY_EVERY": "1s", "NETTY_RETRIES": "0"})
    with open(netty.dir / "pair.err", "w") as log:
        pair = subprocess.Popen([BUILD / "netty-pair"], cwd=netty.dir, env=env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=log)
    netty.background.append(pair)
    pair.stdout = open(os.devnull)
    wait_for(lambda: "started again" in open(netty.dir / "pair.err").read() or pair.poll() is not None, "a failure to pass")
    assert pair.poll() is None, open(netty.dir / "pair.err").read()
    forward(port, postgres, db)
    wait_for(lambda: db.value('SELECT count(*) FROM "netty-contacts"') == 30, "the load, once the database is up", seconds=120)
    pair.terminate()
    assert pair.wait(timeout=60) == 75


def forward(port, postgres, db):
    """The database, at last, where it was said to be."""
    from urllib.parse import parse_qs, urlsplit
    url = urlsplit(db.url)
    folder = parse_qs(url.query).get("host", [None])[0]
    listener = socket.create_server(("127.0.0.1", port))

    def pump(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def serve():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            if folder:
                server = socket.socket(socket.AF_UNIX)
                server.connect(f"{folder}/.s.PGSQL.{url.port or 5432}")
            else:
                server = socket.create_connection((url.hostname, url.port))
            threading.Thread(target=pump, args=(client, server), daemon=True).start()
            threading.Thread(target=pump, args=(server, client), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()


# ---- settings are read anew ----

@pytest.fixture
def sessions(netty):
    """Programs without a terminal, as a service manager starts them."""
    def start(program, *arguments, sim=None, db=None, env=None):
        err = open(netty.dir / f"{program}.{len(netty.background)}.err", "w+")
        process = subprocess.Popen([BUILD / program, *map(str, arguments)], cwd=netty.dir, env=netty.environment(sim, db, env),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err, text=True, start_new_session=True)
        process.err_path = err.name
        err.close()
        netty.background.append(process)
        return process
    return start


def said(process):
    return open(process.err_path).read()


def test_sighup_has_the_extractor_read_settings_and_secrets_anew(netty, sims, sessions):
    sim = sims("contacts:20,users:10")
    key_file, conf = netty.dir / "key", netty.dir / "netty.conf"
    netty.secret_files.add(key_file)
    write_secret(key_file, KEY)
    conf.write_text("tables = contacts\n")
    process = sessions("netty-extract", "--every", "300d", sim=sim,
                       env={"NETTY_API_KEY": None, "NETTY_API_KEY_FILE": key_file, **JSON_LOG})
    wait_for(lambda: '"event":"wait"' in said(process), "the first run")
    for tables in ("users", "contacts, users"):  # and a second time
        before = said(process).count('"event":"wait"')
        conf.write_text(f"tables = {tables}\n")
        process.send_signal(signal.SIGHUP)
        wait_for(lambda: said(process).count('"event":"wait"') > before, "the run after it")
    assert process.poll() is None
    assert [line["table"] for line in events(said(process), "table")][:2] == ["contacts", "users"]
    # What is wrong is told, and those from before stay.
    conf.write_text("tabels = contacts\n")
    process.send_signal(signal.SIGHUP)
    wait_for(lambda: [line for line in events(said(process), "reload") if line["level"] == "error"], "its word")
    assert process.poll() is None and "tabels" in said(process)
    process.terminate()
    assert process.wait(timeout=60) in (0, 75)


def test_sighup_has_the_loader_read_settings_anew_and_lose_nothing(netty, sims, db, sessions):
    sim = sims("contacts:200")
    db.create("contacts")
    netty.extract("contacts", sim=sim)
    conf = netty.dir / "netty.conf"
    conf.write_text("[load]\nbatch-rows = 10\n")
    process = sessions("netty-load", "--follow", db=db, env=JSON_LOG)
    conf.write_text("[load]\nbatch-rows = 50\n")
    wait_for(lambda: db.value('SELECT count(*) FROM "netty-contacts"') > 0, "the first batch")
    process.send_signal(signal.SIGHUP)
    wait_for(lambda: events(said(process), "reload") and len(events(said(process), "config")) == 2, "the new beginning")
    sim.edit("contacts", 30)
    netty.extract("contacts", sim=sim)
    truth = sim.truth("contacts")
    wait_for(lambda: db.rows("contacts") == truth, "all of it")
    process.terminate()
    assert process.wait(timeout=60) in (0, 75)


# ---- a table's folder that is a link ----

def test_both_sides_refuse_a_table_s_folder_that_is_a_link(netty, sims, db):
    """It was moved to a larger disk: the extractor wrote through it, and the loader passed it over with 0."""
    sim = sims("contacts:20,users:10")
    db.create("contacts", "users")
    netty.sync(sim, db, "contacts", "users")
    (netty.spool / "contacts").rename(netty.dir / "larger")
    (netty.spool / "contacts").symlink_to(netty.dir / "larger")
    sim.edit("contacts", 5)
    sim.edit("users", 5)
    held = {path.name: path.read_bytes() for path in (netty.dir / "larger").iterdir()}
    for run in (netty.extract("contacts", "users", sim=sim, code=74), netty.load(db=db, code=74)):
        assert "symbolic link" in run.err and "--spool" in run.err and "contacts" in run.err
    assert {path.name: path.read_bytes() for path in (netty.dir / "larger").iterdir()} == held
    assert_synced(sim, db, "users")
    for command in ("status", "verify", "ls"):
        run = netty.spool_tool(command, code=None)
        assert run.code not in (70, 99) and (run.code != 0 or "contacts" in run.out), repr(run)
