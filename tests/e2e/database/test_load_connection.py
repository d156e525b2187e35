"""Between the loader and its database: cuts at every message, a transaction-mode pooler, TLS, a failover."""
import itertools
import re
import threading
from urllib.parse import urlparse

import pytest

from harness import Database, Postgres, assert_balanced, differences, wait_for
from pgparts import PgBouncer, assert_each_page_once, audit_progress, start_tls_postgres
from pgproxy import Proxy
from upserts import History, Upserts

PATIENT = ("--retries", "1000", "--retry-delay", "1ms")


@pytest.fixture
def bouncer(postgres, tmp_path):
    at = urlparse(postgres.url())
    pooler = PgBouncer(tmp_path / "bouncer", at.hostname, at.port)
    yield pooler
    pooler.stop()


@pytest.fixture
def proxies():
    started = []

    def start(url, cut=None):
        at = urlparse(url)
        started.append(Proxy(at.hostname, at.port, cut))
        return started[-1]

    yield start
    for proxy in started:
        proxy.close()


def write_pages(writer, seed, pages, model, most=20, keys=40):
    history = History(seed, keys=keys)
    for _ in range(pages):
        lines = history.page(most) or [history.record()]
        writer.page(lines)
        model.take_all(lines)


def assert_loaded_once(db, writer, model, row):
    assert_balanced({"contacts": row})
    assert row["read"] == len(writer.records), "a page whose COMMIT's answer was lost counts once"
    assert not (wrong := differences(model.rows, db.rows("contacts"))), wrong
    assert_each_page_once(db, writer)


class AfterRefusal:
    """Cuts the connection between the server's n-th refusal of a row and what it says next."""

    def __init__(self, n):
        self.n, self.refusals, self.cut = n, 0, False

    def __call__(self, message):
        if message.way == "down" and message.kind == "E" and b"C23514\0" in message.data:
            self.refusals += 1
        elif message.way == "down" and message.kind == "Z" and self.refusals == self.n and not self.cut:
            self.cut = True
            return True
        return False


@pytest.mark.parametrize("n", range(1, 9))
def test_a_connection_that_ends_behind_a_refusal_is_a_lost_one(spool, netty, db, proxies, n):
    """Which rows are refused is looked for again, over a new connection; the table is not to blame."""
    db.create("contacts")
    db.query("""ALTER TABLE "netty-contacts" ADD CHECK (coalesce(data->>'name', '') <> 'bad')""")
    lines = [f'{{"contact_id":{key},"name":"{"bad" if key in (5, 29) else "good"}","time_modified":"2024-01-02 00:00:00"}}'
             for key in range(40)]
    spool.table("contacts").page(lines)
    cut = AfterRefusal(n)
    run = netty.load("--json", *PATIENT, db=proxies(db.url, cut).url(db.name), code=65)
    assert cut.cut, f"only {cut.refusals} refusals"
    row = run.json()["contacts"]
    assert row["dead"] == 2 and db.value('SELECT count(*) FROM "netty-contacts"') == 38, row


class Sweep:
    """Cuts connection after connection, each at the message after the one where the last was cut; between two such
    cuts a connection may commit once, so that the loader's pauses stay short. Step by step each message of connecting,
    of looking at the tables and of a whole transaction gets lost."""

    def __init__(self, way):
        self.way, self.at, self.stored, self.committed = way, 0, False, False
        self.last_swept = 0
        self.lost = []

    def __call__(self, message):
        if message.connection % 2 == 0:  # a quiet one: ended when it begins its second transaction
            if message.way == "up":  # a batch's COMMIT, and not the one of the look at all tables, which writes nothing
                self.stored = b"UPDATE netty_sync.progress" in message.data
            self.committed |= message.way == "down" and message.data == b"COMMIT\0" and self.stored
            end = self.committed and message.way == "up"
            self.committed &= not end
            return end
        if message.connection > self.last_swept:
            self.last_swept = message.connection
            self.at += 1
        if message.way != self.way or message.number != self.at:
            return False
        self.lost.append(message)
        return True

    def assert_all_was_lost_once(self, kinds):
        assert set(kinds) <= {message.kind for message in self.lost}
        assert any(message.data.rstrip(b"\0").endswith(b"COMMIT") for message in self.lost), "the sweep reached COMMIT"


@pytest.mark.parametrize("batch", [10, 600], ids=["parameters", "copy"])
@pytest.mark.parametrize("direction", ["up", "down"])
def test_cut_at_every_message_each_page_is_loaded_once(spool, netty, db, proxies, direction, batch):
    db.create("contacts")
    audit_progress(db)
    writer, model = spool.table("contacts"), Upserts("contacts")
    # A newer server says more when a connection begins, so the sweep takes longer to get through it.
    newer = int(db.value("SHOW server_version_num")) >= 180000
    pages = (400 if newer else 115) if batch == 10 else 660 if newer else 560
    write_pages(writer, 5, pages, model, *(20, 40) if batch == 10 else (500, 10 ** 9))
    proxy = proxies(db.url, Sweep(direction))
    row = netty.load("--json", "--batch-rows", batch, *PATIENT, db=proxy.url(db.name)).json()["contacts"]
    assert_loaded_once(db, writer, model, row)
    proxy.cut.assert_all_was_lost_once({"up": {10: "?QPBES", 600: "?QPBESdc"}, "down": {10: "RSZTDC12", 600: "RSZTDCG12"}}[direction][batch])


def commit_answers():
    """Cuts every second answer to a COMMIT."""
    turns = itertools.count()
    return lambda message: (message.way, message.kind, message.data) == ("down", "C", b"COMMIT\0") and \
        next(turns) % 2 == 0


@pytest.mark.parametrize("way", ["direct", "pooler-behind", "pooler-before"])
def test_a_lost_answer_to_commit_is_looked_up(spool, netty, db, bouncer, proxies, tmp_path, way):
    """Every second COMMIT is done and not heard of: between loader and server, and on either side of a pooler."""
    db.create("contacts")
    audit_progress(db)
    writer, model = spool.table("contacts"), Upserts("contacts")
    write_pages(writer, 9, 12, model)
    cut = commit_answers()
    extra = None
    if way == "direct":
        proxy = proxies(db.url, cut)
        url = proxy.url(db.name)
    elif way == "pooler-behind":
        proxy = proxies(bouncer.url(db.name), cut)
        url = proxy.url(db.name)
    else:
        proxy = proxies(db.url, cut)
        extra = PgBouncer(tmp_path / "second", "127.0.0.1", proxy.port)
        url = extra.url(db.name)
    try:
        run = netty.load("--json", "--batch-rows", "15", *PATIENT, db=url)
    finally:
        if extra:
            extra.stop()
    assert_loaded_once(db, writer, model, run.json()["contacts"])
    assert proxy.cuts >= 3
    assert run.err.count("commit-found") + run.err.count("had succeeded") >= 1, run.err


@pytest.mark.parametrize("direction", ["up", "down"])
def test_cut_at_every_message_behind_a_pooler(spool, netty, db, bouncer, proxies, direction):
    db.create("contacts")
    audit_progress(db)
    writer, model = spool.table("contacts"), Upserts("contacts")
    write_pages(writer, 6, 90, model)
    proxy = proxies(bouncer.url(db.name), Sweep(direction))
    row = netty.load("--json", "--batch-rows", "10", *PATIENT, db=proxy.url(db.name)).json()["contacts"]
    assert_loaded_once(db, writer, model, row)
    proxy.cut.assert_all_was_lost_once("?QPBES" if direction == "up" else "RSZTDC12")


def test_a_transaction_mode_pooler_with_more_tables_than_connections(spool, netty, db, bouncer):
    """Large batches (temporary tables) and small ones, --create-tables, redrive, replay: all of it through a pool of 2."""
    tables = ("contacts", "users", "companies", "products", "tasks")
    models = {}
    for number, table in enumerate(tables):
        history, models[table] = History(number, table, keys=900), Upserts(table)
        for _ in range(3):
            lines = history.page(700)
            spool.table(table).page(lines)
            models[table].take_all(lines)
    spool.table("tasks").page(['{"task_id":"none"}'])
    through = bouncer.url(db.name)
    assert_balanced(netty.load("--json", "--create-tables", "--jobs", "5", db=through, code=65).json())
    for table in tables:
        assert not (wrong := differences(models[table].rows, db.rows(table))), wrong
    netty.load("--redrive", db=through)
    netty.load("--replay", "--batch-rows", "50", db=through)  # what is known to be refused does not fail it
    for table in tables:  # as if all had been sent a second time: records without a time are applied again
        models[table].take_all(line.decode() for *_, line in spool.table(table).records if b"none" not in line)
        assert not (wrong := differences(models[table].rows, db.rows(table))), wrong


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    server = start_tls_postgres(directory)
    yield server, directory
    server.stop("immediate")


def test_tls_with_a_verified_certificate(spool, netty, tls):
    server, directory = tls
    db = Database(server)
    spool.table("users").page(['{"user_id":1}'])
    port = urlparse(db.url).port
    good = f"postgresql://netty@localhost:{port}/{db.name}?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert={directory}/right.crt"
    netty.load("--create-tables", db=good)
    assert db.value('SELECT count(*) FROM "netty-users"') == 1
    log = server.script("own", "cat", f"{server.dir}/log")
    assert re.search(rf"database={db.name}.*SSL enabled", log)

    wrong_ca = good.replace("right.crt", "wrong.crt")
    run = netty.load("--retries", "1", "--retry-delay", "1ms", db=wrong_ca, code=None)
    assert run.code == 78 and "certificate" in run.err and "sslrootcert" in run.err, run
    wrong_name = good.replace("localhost", "127.0.0.1")
    run = netty.load("--retries", "1", "--retry-delay", "1ms", db=wrong_name, code=None)
    assert run.code == 78 and "localhost" in run.err, run
    run = netty.load("--retries", "1", "--retry-delay", "1ms", db=good.replace("right.crt", "absent.crt"), code=None)
    assert run.code == 78 and "absent.crt" in run.err, run
    db.drop()


def test_a_password_that_is_refused_is_named_and_not_tried_again(spool, netty, db):
    """pg_hba says trust, so a role that does not exist stands for it: authentication's answers are final."""
    spool.table("users").page(['{"user_id":1}'])
    run = netty.load("--retries", "50", "--retry-delay", "10s",
                     db=db.url.replace("netty@", "nobody-of-that-name:s3cr3t-w0rd@"), code=77, secrets=["s3cr3t-w0rd"],
                     timeout=60)
    assert "nobody-of-that-name" in run.err
    run = netty.load("--retries", "50", "--retry-delay", "10s", db=db.url.rsplit("/", 1)[0] + "/nowhere", code=78, timeout=60)
    assert "nowhere" in run.err


def test_the_address_from_a_file(spool, netty, db, tmp_path):
    """As systemd's credentials and a container's secrets are handed over: readable by the group, too."""
    db.create("users")
    spool.table("users").page(['{"user_id":1}'])
    file = tmp_path / "database-url"
    file.write_text(db.url.replace("netty@", "netty:s3cr3t-w0rd@") + "\n")
    file.chmod(0o440)
    netty.load(env={"DATABASE_URL_FILE": file}, secrets=["s3cr3t-w0rd"])
    assert db.value('SELECT count(*) FROM "netty-users"') == 1
    assert netty.spool_tool("prune", env={"DATABASE_URL_FILE": file}, secrets=["s3cr3t-w0rd"]).code == 0
    file.write_text(db.url.replace("netty@", "nobody-here:s3cr3t-w0rd@"))
    run = netty.load("--json", "--log-level", "debug", env={"DATABASE_URL_FILE": file}, secrets=["s3cr3t-w0rd"], code=77)
    assert "nobody-here" in run.err or "***" in run.err, run
    run = netty.load(db=db, env={"DATABASE_URL_FILE": file}, code=78)
    assert "DATABASE_URL and DATABASE_URL_FILE are both set" in run.err


def test_a_standby_is_named_and_loaded_once_it_is_promoted(spool, netty, tmp_path):
    server = Postgres(tmp_path, "fsync=off")
    server.start()
    db = Database(server)
    db.create("contacts")
    model = Upserts("contacts")
    write_pages(spool.table("contacts"), 3, 3, model)
    db.query("CREATE TABLE kept ()")
    db.connection.close()
    server.script("own", "touch", f"{server.dir}/data/standby.signal")
    server.script("restart")
    run = netty.load("--retries", "2", "--retry-delay", "10ms", db=db, code=69)
    assert "read-only" in run.err or "standby" in run.err or "recovery" in run.err, run
    loader = netty.start("netty-load", "--retries", "1000", "--retry-delay", "20ms", db=db)
    wait_for(lambda: "retry" in open(loader.err_path).read() or "tried again" in open(loader.err_path).read(),
             "the loader's first try")
    server.script("promote")
    assert loader.wait(timeout=60) == 0, open(loader.err_path).read()
    assert not (wrong := differences(model.rows, db.rows("contacts"))), wrong
    db.connection.close()
    server.stop("immediate")


def test_a_connection_that_hangs_does_not_hang_the_loader_for_ever(spool, netty, db, proxies):
    """A first SIGTERM waits for the batch; a second ends it at once while the server says nothing."""
    spool.table("contacts").page(['{"contact_id":1}'])
    silent = threading.Event()
    proxy = proxies(db.url, lambda m: m.way == "up" and m.kind == "Q" and silent.wait(120))
    loader = netty.start("netty-load", db=proxy.url(db.name))
    try:
        wait_for(lambda: any(message.kind == "Q" for message in proxy.seen), "the loader's first statement")
        loader.terminate()
        wait_for(lambda: "asked to stop" in open(loader.err_path).read(), "the first signal's word")
        loader.terminate()
        assert loader.wait(timeout=30) == 75
    finally:
        silent.set()
