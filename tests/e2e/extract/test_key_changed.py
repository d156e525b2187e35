"""A spool is of one account: a key that has changed must show records that the spool holds, before anything is written."""
import json
import urllib.parse

import pytest
from harness import KEY, assert_synced, wait_for

OTHER_KEY = "other-key-3v3n-m0r3-s3cr3t"
OTHER = {"NETTY_API_KEY": OTHER_KEY}


def names_and_bytes(netty):
    return {path: path.read_bytes() for path in sorted(netty.spool.rglob("*")) if path.is_file()}


def in_its_place(sims, sim, tables, *options, **keywords):
    """Another stand-in at the same address."""
    port = urllib.parse.urlsplit(sim.url).port
    sim.stop()
    return sims(tables, "--port", port, *options, **keywords)


def mark(netty):
    return json.loads((netty.spool / "source.json").read_text())["key"]


def test_a_new_key_of_the_same_account(sims, db, netty):
    sim = sims("contacts:300", seed=5)
    netty.sync(sim, db, "contacts", code=None)
    old = mark(netty)
    new = in_its_place(sims, sim, "contacts:300", seed=5, key=OTHER_KEY)
    new.edit("contacts", 20)
    netty.extract("contacts", sim=new, env=OTHER, secrets=[OTHER_KEY])
    assert mark(netty) != old
    assert OTHER_KEY not in (netty.spool / "source.json").read_text()
    netty.load("--create-tables", db=db)
    assert_synced(new, db, "contacts")
    before = len(new.log())
    netty.extract("contacts", sim=new, env=OTHER)
    asked = [request["query"] if "query" in request else str(request) for request in new.log()[before:]]
    assert not any("contact_id" in text and "equal" in text for text in asked), asked  # a key that is known asks for nothing more


@pytest.mark.parametrize("more", ((), ("--full",), ("--reconcile",)))
def test_another_accounts_key(sims, netty, more):
    sim = sims("contacts:300,users:20", seed=5)
    netty.extract("contacts", "users", sim=sim)
    before = names_and_bytes(netty)
    other = in_its_place(sims, sim, "contacts:300,users:20", seed=6, key=OTHER_KEY)
    for _ in range(2):
        run = netty.extract("contacts", *more, sim=other, env=OTHER, secrets=[OTHER_KEY], code=78)
        assert "this key shows other records" in run.err and "--rebind" in run.err, run
        assert names_and_bytes(netty) == before
    if not more:
        netty.extract("contacts", "--rebind", sim=other, env=OTHER)
        assert "rebind" not in netty.extract("contacts", sim=other, env=OTHER).err


def test_the_last_known_records_are_asked_for(sims, netty):
    """All of what a regular page shows has changed: only the keys tell, which are asked for one by one."""
    sim = sims("contacts:40", seed=5)
    netty.extract("contacts", sim=sim)
    new = in_its_place(sims, sim, "contacts:40", seed=5, key=OTHER_KEY)
    # 100 newer records than any that the spool holds push those off the page.
    new.post("/_sim/insert", table="contacts", n=150)
    new.edit("contacts", 40)
    netty.extract("contacts", sim=new, env=OTHER)


def test_a_filter_that_is_ignored(sims, netty):
    """The newest records cannot be asked for: the list's first page shows known ones all the same."""
    sim = sims("contacts:40", seed=5)
    netty.extract("contacts", sim=sim)
    new = in_its_place(sims, sim, "contacts:40", "--mood", "ignore_filter=1", seed=5, key=OTHER_KEY)
    netty.extract("contacts", sim=new, env=OTHER)


def test_no_answer_is_no_proof(sims, netty):
    sim = sims("contacts:40", seed=5)
    netty.extract("contacts", sim=sim)
    before = names_and_bytes(netty)
    away = in_its_place(sims, sim, "contacts:40", seed=5, key="yet another one")
    assert "refuses the key" in netty.extract("contacts", sim=away, env=OTHER, code=77).err
    assert names_and_bytes(netty) == before
    away.stop()
    netty.extract("contacts", sim=away.url, env={**OTHER, "NETTY_RETRIES": "0"}, code=69)
    assert names_and_bytes(netty) == before
    # The old key goes on without a word.
    assert "key has changed" not in netty.extract("contacts", sim=in_its_place(sims, away, "contacts:40", seed=5)).err


def test_a_spool_of_before_takes_the_first_key(sims, netty):
    sim = sims("contacts:40", seed=5)
    netty.extract("contacts", sim=sim)
    (netty.spool / "source.json").unlink()
    other = in_its_place(sims, sim, "contacts:40", seed=6, key=OTHER_KEY)
    netty.extract("contacts", sim=other, env=OTHER)


def test_an_empty_spool_fits_any_key(sims, netty):
    sim = sims("contacts:40", seed=5)
    netty.extract("nothing", sim=sim, code=78)
    other = in_its_place(sims, sim, "contacts:40", seed=6, key=OTHER_KEY)
    netty.extract("contacts", sim=other, env=OTHER)


def test_a_program_that_stays(sims, netty):
    """The key changes in its file: to that of another account, and the program ends; nothing of that account is written."""
    sim = sims("contacts:40", seed=5)
    path = netty.dir / "key"
    path.write_text(KEY + "\n")
    path.chmod(0o600)
    netty.secret_files.add(path)
    process = netty.start("netty-extract", "contacts", "--every", "1s", sim=sim,
                          env={"NETTY_API_KEY": None, "NETTY_API_KEY_FILE": path})
    wait_for(lambda: (netty.spool / "contacts").exists() and len(sim.log()) > 1, "a run")
    wait_for(lambda: "waiting for the next run" in open(process.err_path).read(), "the run's end")
    in_its_place(sims, sim, "contacts:40", seed=6, key=OTHER_KEY)
    path.write_text(OTHER_KEY + "\n")
    assert process.wait(timeout=120) == 78
    assert "this key shows other records" in open(process.err_path).read()
