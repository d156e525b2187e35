"""The loader's long tests (`make campaign-load`): everything at random, every message in a process of its own, weeks of
small batches. NETTY_SEED chooses other dice, NETTY_CAMPAIGN_SECONDS how long the chaos lasts."""
import os
import random
import signal
import time
from urllib.parse import urlparse

import pytest

from harness import assert_balanced, differences, wait_for
from pgparts import PgBouncer, assert_each_page_once, audit_progress, wait_for_server
from pgproxy import Proxy
from spoolfile import copy_spool
from test_load_follow import assert_catalogs_left_alone, catalog_churn
from upserts import History, Upserts

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(1800)]
SEED = int(os.environ.get("NETTY_SEED", "1"))
SECONDS = float(os.environ.get("NETTY_CAMPAIGN_SECONDS", "180"))
GOOD_ENDS = (-signal.SIGKILL, -signal.SIGTERM, 0, 65, 75)  # the second: before it had its handler
SWIFT = ("--retries", "1000", "--retry-delay", "1ms")


def assert_all_is_well(db, spool, model):
    assert not (wrong := differences(model.rows, db.rows("contacts"))), wrong
    assert_each_page_once(db, spool.table("contacts"))
    places = [(letter["segment"], letter["line"]) for letter in spool.dead("contacts")]
    assert len(places) == len(set(places)), "a letter was written twice"
    lines = {(segment, line): text.decode() for segment, _, line, text in spool.table("contacts").records}
    # Letters go after the COMMIT that makes them needless: a kill in between leaves one listed.
    assert set(model.listed()) <= {lines[place] for place in places} <= set(model.refused)


def test_loaders_database_and_connections_die_at_random(spool, netty, postgres, db):
    """Two loaders follow a spool that grows, one of them through a proxy; whatever can be killed is, at random."""
    chance = random.Random(SEED)
    db.create("contacts")
    db.query("""ALTER TABLE "netty-contacts" ADD CHECK (coalesce(data->>'score', '') <> '100')""")
    audit_progress(db)
    writer, history = spool.table("contacts"), History(SEED, keys=400)
    model = Upserts("contacts", refuses=lambda data: data.get("score") == "100")
    at = urlparse(db.url)
    proxy = Proxy(at.hostname, at.port, cut=lambda message: chance.random() < 0.002)
    urls = [db.url, proxy.url(db.name)]
    loaders = [None, None]
    deeds = dict.fromkeys(("page", "seal", "kill", "terminate-backends", "restart", "stop"), 0)

    def page():
        lines = history.page() or [history.record()]
        writer.page(lines)
        model.take_all(lines)

    def seal():
        if writer.open:
            writer.seal(compress=chance.random() < 0.5)

    def end(how):
        loader = chance.choice(loaders)
        if loader and loader.poll() is None:
            loader.send_signal(how)
            assert loader.wait(timeout=120) in GOOD_ENDS, open(loader.err_path).read()

    def terminate_backends():
        db.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                 "AND pid <> pg_backend_pid()")

    def restart():
        db.connection.close()
        postgres.script("restart", chance.choice(["immediate", "fast"]))
        wait_for_server(postgres)

    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        for number, loader in enumerate(loaders):
            if loader is None or loader.poll() is not None:
                assert loader is None or loader.returncode in GOOD_ENDS, open(loader.err_path).read()
                loaders[number] = netty.start("netty-load", "--follow", "--batch-rows", str(chance.choice([7, 40, 600])),
                                              *SWIFT, db=urls[number])
        deed = chance.choices(list(deeds), [60, 3, 8, 8, 1, 2])[0]
        deeds[deed] += 1
        {"page": page, "seal": seal, "kill": lambda: end(signal.SIGKILL), "stop": lambda: end(signal.SIGTERM),
         "terminate-backends": terminate_backends, "restart": restart}[deed]()
        time.sleep(chance.uniform(0, 0.05))
    for loader in loaders:
        loader.kill()
        loader.wait()
    proxy.close()
    netty.load(*SWIFT, db=db, code=None)
    assert netty.load("--json", db=db).json()["contacts"]["read"] == 0
    assert_all_is_well(db, spool, model)
    print(f"{deeds} {proxy.cuts} cuts, {len(writer.records)} records on {len(writer.pages)} pages, "
          f"{len(model.refused)} set aside")


@pytest.mark.parametrize("behind", ["server", "pooler"])
@pytest.mark.parametrize("batch", [20, 600])
@pytest.mark.parametrize("way", ["up", "down"])
def test_each_message_lost_in_a_process_of_its_own(spool, netty, db, tmp_path, way, batch, behind):
    """The first connection is cut at message n, for each n until the load needs no more messages. The spool is copied
    with the same identity into a database that has nothing of it: so each run is a first one."""
    writer, model, history = spool.table("contacts"), Upserts("contacts"), History(SEED, keys=10 ** 9)
    for _ in range(3):
        lines = [history.record() for _ in range(batch)]
        writer.page(lines)
        model.take_all(lines)
    at = urlparse(db.url)
    pooler = PgBouncer(tmp_path / "bouncer", at.hostname, at.port) if behind == "pooler" else None
    number, cuts = 0, 1
    while cuts:
        number += 1
        db.query('DROP TABLE IF EXISTS "netty-contacts"; DROP SCHEMA IF EXISTS netty_sync, audit CASCADE')
        db.create("contacts")
        audit_progress(db)
        proxy = Proxy("127.0.0.1", pooler.port if pooler else at.port,
                      lambda message, n=number: (message.connection, message.way, message.number) == (1, way, n))
        row = netty.load("--json", "--batch-rows", batch, *SWIFT, db=proxy.url(db.name)).json()
        proxy.close()
        cuts = proxy.cuts
        assert_balanced(row)
        assert row["contacts"]["read"] == len(writer.records), number
        assert not (wrong := differences(model.rows, db.rows("contacts"))), (number, wrong)
        assert_each_page_once(db, writer)
    if pooler:
        pooler.stop()
    assert number > 20
    print(f"{number - 1} messages")


@pytest.mark.parametrize("batch", [1, 3, 50, 1000])
def test_many_random_histories(spool, netty, db, batch):
    for seed in range(SEED * 1000, SEED * 1000 + 60):
        update = ("merge", "replace")[seed % 2]
        history, model = History(seed, keys=random.Random(seed).choice([3, 30, 300])), Upserts("contacts", update)
        copy = netty.dir / f"spool-{seed}"
        from spoolfile import SpoolWriter
        writer = SpoolWriter(copy).table("contacts")
        db.query('DROP TABLE IF EXISTS "netty-contacts"')
        db.create("contacts")
        for _ in range(3):
            for _ in range(history.random.randint(1, 6)):
                lines = history.page()
                writer.page(lines)
                model.take_all(lines)
            row = netty.load("--json", "--spool", copy, "--update", update, "--batch-rows", batch, db=db).json()
            assert_balanced(row)
            assert not (wrong := differences(model.rows, db.rows("contacts"))), (seed, wrong)


def test_ten_thousand_small_batches_under_follow_leave_the_catalogs_alone(spool, netty, db):
    writer = spool.table("contacts")
    writer.page(['{"contact_id":0}'])
    netty.load("--create-tables", db=db)
    db.query("VACUUM ANALYZE")
    db.settle()
    before = catalog_churn(db)
    loader = netty.start("netty-load", "--follow", "--batch-rows", "5", "--update", "replace", db=db)
    for number in range(10000):
        writer.page([f'{{"contact_id":{key + number % 2 * 5},"v":{number}}}' for key in range(5)])
    wait_for(lambda: db.query("SELECT DISTINCT page FROM netty_sync.progress") == [(10001,)], "the last page", 900)
    loader.terminate()
    loader.wait()
    db.settle()
    assert_catalogs_left_alone(db, before)


def test_loaders_on_copies_of_one_spool_share_the_work(spool, netty, db):
    """Several hosts: the spool's identity is the same, so a page counts once wherever it was read."""
    db.create("contacts")
    audit_progress(db)
    writer, model = spool.table("contacts"), Upserts("contacts")
    history = History(SEED, keys=300)
    for _ in range(150):
        lines = history.page() or [history.record()]
        writer.page(lines)
        model.take_all(lines)
    loaders = []
    for number in range(4):
        copy_spool(spool.dir, netty.dir / f"host-{number}")
        loaders.append(netty.start("netty-load", "--batch-rows", str(10 + number), "--spool",
                                   str(netty.dir / f"host-{number}"), db=db))
    for loader in loaders:
        assert loader.wait(timeout=300) == 0, open(loader.err_path).read()
    assert_all_is_well(db, spool, model)
