"""One verdict, whoever asks: the page, /healthz, the metrics, netty-spool status and its exit code; the worst first, with what to do."""
import json

import pytest

from harness import wait_for
from reconciles import Copy
from watching import get, listening, samples, value


def extract_and_listen(netty, sim, *arguments):
    process = netty.start("netty-extract", *(() if "--every" in arguments else ("--every", "300d")), "--listen", ":0", *arguments, sim=sim)
    return process, listening(process)


def verdict(netty, *arguments, code=None):
    run = netty.spool_tool("status", "--json", *arguments, code=code)
    rows = [json.loads(line) for line in run.out.splitlines()]
    return run, [(row["verdict"], row["of"]) for row in rows if "verdict" in row], [row["says"] for row in rows if "says" in row]


def measured(address, program):
    """The verdict of /metrics: the code that status ends with, and {(reason, table)}."""
    found = samples(get(address, "/metrics").text)
    reasons = {(dict(labels)["reason"], dict(labels)["table"]) for name, labels in found if name == f"netty_{program}_verdict"}
    return found[f"netty_{program}_verdict_exit_code", frozenset()], reasons


def test_all_is_well(sims, db, netty):
    sim = sims("contacts:30,users:10")
    db.create("contacts", "users")
    netty.extract("contacts", "users", sim=sim)
    netty.load(db=db)
    run, found, _ = verdict(netty, code=0)
    assert found == [("ok", "")] and run.err == ""
    assert netty.spool_tool("status").out.splitlines()[1].split()[:1] == ["ok"]
    loader = listening(netty.start("netty-load", "--every", "300d", "--listen", ":0", db=db))
    assert get(loader, "/healthz").status == 200 and measured(loader, "load") == (0, set())


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
    assert ("load_stale", "contacts") in measured(address, "extract")[1]
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
    assert measured(address, "extract") == (78, set(found))


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
    assert measured(address, "load")[0] == code and (word, "contacts") in measured(address, "load")[1]


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


def test_deletions_that_wait_for_a_person(sims, db, netty):
    """Told everywhere, with what to do, until somebody has decided."""
    copy = Copy(sims("contacts:300"), db, netty)
    copy.delete(60)
    copy.cycle(code=65)
    run, found, says = verdict(netty, code=65)
    assert found == [("held_deletions", "contacts")]
    held = int(says[0].split()[0])  # of the sixty, those that were not deleted already, by what the records say
    assert 50 < held <= 60 and " records of contacts are gone from the source" in says[0] and "netty-load --max-deletes" in says[0]
    _, address = extract_and_listen(netty, copy.sim, "contacts")
    answer = wait_for(lambda: (a := get(address, "/healthz")).status == 503 and a, "the extractor's verdict")
    assert answer.text.strip() == says[0]
    assert measured(address, "extract") == (65, {("held_deletions", "contacts")})
    shown = get(address, "/status.json").json()
    assert shown["health"]["reasons"][0]["records"] == shown["tables"][0]["held_deletions"] == held
    loader = listening(netty.start("netty-load", "--every", "300d", "--listen", ":0", db=db))
    assert value(get(loader, "/metrics").text, "netty_load_held_deletions", table="contacts") == held
    copy.load("--max-deletes", 50)
    verdict(netty, code=0)
    assert wait_for(lambda: get(address, "/healthz").status == 200, "the extractor's verdict")
    assert measured(address, "extract") == (0, set())


def test_deletions_that_were_given_up_wait_no_more(sims, db, netty):
    copy = Copy(sims("contacts:300"), db, netty)
    copy.delete(60)
    copy.cycle(code=65)
    verdict(netty, code=65)
    copy.reconcile("--restart")
    verdict(netty, code=0)


def test_a_database_that_is_forgotten_holds_no_deletions(sims, db, netty):
    copy = Copy(sims("contacts:300"), db, netty)
    copy.delete(60)
    copy.cycle(code=65)
    netty.spool_tool("forget", "--database", db.name)
    _, found, _ = verdict(netty)
    assert "held_deletions" not in [word for word, _ in found]


def test_what_was_found_is_told_as_such(sims, db, netty):
    """A command that looks has done what it was asked, whatever it has found; and says so once."""
    sim = sims("contacts:30")
    netty.extract("contacts", sim=sim)
    netty.load("--retries", "0", db=db, code=78)
    run = netty.spool_tool("status", code=78)
    assert "the last run of contacts failed" in run.err and len(run.err.splitlines()) == 1
    journal = next((netty.spool / "contacts").glob("0*.journal"))
    content = bytearray(journal.read_bytes())
    content[len(content) // 2] ^= 1
    journal.write_bytes(content)
    told = [netty.spool_tool("status", code=78), netty.spool_tool("ls", code=65), netty.spool_tool("verify", code=65),
            netty.spool_tool("report", "--html", netty.dir / "page.html", code=65)]
    for run in told:
        assert "did not do" not in run.err and "damaged" in run.err, run
    assert "did not do all" in netty.spool_tool("ls", "users", code=64).err, "what could not be done is told as before"


NOWHERE = {"DATABASE_URL": "host=127.0.0.1 port=9 dbname=none"}


def test_the_first_failed_try_shows_at_once(sims, netty):
    """Long before the last retry, and whoever is asked; and no longer than it fails."""
    sim = sims("contacts:30")
    netty.extract("contacts", sim=sim)
    loader = netty.start("netty-load", "--every", "300d", "--listen", ":0", "--retries", "20", "--retry-delay", "300s", env=NOWHERE)
    address = listening(loader)
    answer = wait_for(lambda: (a := get(address, "/healthz")).status == 503 and a, "the loader's verdict")
    assert "contacts fails (unavailable) and is tried again" in answer.text, answer.text
    _, found, says = verdict(netty, code=69)
    assert ("trying", "contacts") in found and any("fails (unavailable) and is tried again" in text for text in says)
    loader.terminate()
    assert loader.wait(30) == 75  # it ended before it was through
    assert ("trying", "contacts") not in verdict(netty, code=None)[1]
    sim.mood(p500=100)
    _, address = extract_and_listen(netty, sim, "--retries", "50", "--retry-delay", "1s", "contacts")
    answer = wait_for(lambda: "tried again" in (a := get(address, "/healthz")).text and a, "the extractor's verdict")
    assert answer.status == 503 and "contacts fails" in answer.text
    assert ("trying", "contacts") in verdict(netty, code=69)[1]
    told = json.loads((netty.spool / "contacts" / "trying-extract.json").read_text())
    assert told["error"] == "unavailable", told
    sim.mood(p500=0)
    wait_for(lambda: get(address, "/healthz").status == 200, "all is well again")
    assert not list(netty.spool.glob("*/trying-*"))
