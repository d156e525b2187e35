"""One verdict, whoever asks: the page, /healthz, netty-spool status and its exit code; the worst first, with what to do."""
import json

import pytest

from harness import wait_for
from watching import get, listening


def extract_and_listen(netty, sim, *arguments):
    process = netty.start("netty-extract", *(() if "--every" in arguments else ("--every", "300d")), "--listen", ":0", *arguments, sim=sim)
    return process, listening(process)


def verdict(netty, *arguments, code=None):
    run = netty.spool_tool("status", "--json", *arguments, code=code)
    rows = [json.loads(line) for line in run.out.splitlines()]
    return run, [(row["verdict"], row["of"]) for row in rows if "verdict" in row], [row["says"] for row in rows if "says" in row]


def test_all_is_well(sims, db, netty):
    sim = sims("contacts:30,users:10")
    db.create("contacts", "users")
    netty.extract("contacts", "users", sim=sim)
    netty.load(db=db)
    run, found, _ = verdict(netty, code=0)
    assert found == [("ok", "")] and run.err == ""
    assert netty.spool_tool("status").out.splitlines()[1].split()[:1] == ["ok"]


def test_the_loader_is_dead(sims, db, netty):
    """The extractor's page and /healthz say so too, though all that the extractor does goes well."""
    sim = sims("contacts:30")
    db.create("contacts")
    netty.extract("contacts", sim=sim)
    netty.load(db=db)
    _, address = extract_and_listen(netty, sim, "--stale-after", "2s", "--every", "1s", "--overlap", "1ms", "contacts")
    answer = wait_for(lambda: (a := get(address, "/healthz")).status == 503 and "loaded only up to" in a.text and a, "the verdict")
    assert "see that netty-load runs" in answer.text
    reasons = get(address, "/status.json").json()["health"]["reasons"]
    assert "load_stale" in [reason["code"] for reason in reasons]
    run, found, says = verdict(netty, "--stale-after", "1s", code=69)
    assert ("load_stale", "contacts") in found and any("see that netty-load runs" in text for text in says)
    assert "contacts" in run.err


def test_a_database_that_refuses_everything(sims, db, netty):
    sim = sims("contacts:30")
    netty.extract("contacts", sim=sim)
    netty.load("--retries", "0", db=db, code=78)  # the table is missing
    _, found, says = verdict(netty, code=78)
    assert found[0] == ("failing", "contacts") and "netty-spool runs contacts" in says[0]
    _, address = extract_and_listen(netty, sim, "contacts")
    answer = wait_for(lambda: (a := get(address, "/healthz")).status == 503 and a, "the extractor's verdict")
    assert answer.text.startswith("the last run of contacts failed (config)"), answer.text


@pytest.mark.parametrize("status, code, word", [(403, 77, "forbidden"), (404, 78, "unknown_table")])
def test_a_table_that_the_api_does_not_give(sims, db, netty, status, code, word):
    sim = sims("contacts:30,users:10")
    db.create("contacts", "users")
    sim.mood(table="contacts", refuse_status=status)
    netty.extract("contacts", "users", sim=sim, code=code)
    netty.load(db=db, code=None)
    _, found, _ = verdict(netty, code=code)
    assert (word, "contacts") in found
    process = netty.start("netty-load", "--every", "300d", "--listen", ":0", db=db)
    address = listening(process)
    assert wait_for(lambda: "contacts" in (a := get(address, "/healthz")).text and a, "the loader's verdict").status == 503


def test_the_worst_comes_first(sims, db, netty):
    sim = sims("contacts:30,users:10")
    db.create("contacts")
    netty.extract("contacts", "users", sim=sim)
    netty.load(db=db, code=78)
    journal = next((netty.spool / "contacts").glob("0*.journal"))
    content = bytearray(journal.read_bytes())
    content[len(content) // 2] ^= 1
    journal.write_bytes(content)
    run, found, _ = verdict(netty)
    assert found[0] == ("damaged", "contacts") and ("failing", "users") in found
    assert run.code == 78 and "and 1 more" in run.err, run
