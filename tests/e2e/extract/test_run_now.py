"""A run now: POST /run of the extractor and of the loader, SIGUSR1, and the request that the loader leaves in the spool."""
import json
import os
import re
import signal
import time
from pathlib import Path

import pytest

from harness import wait_for
from watching import browse, door, get, listening

TOKEN = "a-token-of-sixteen-and-more"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def start(netty, program, *arguments, token=TOKEN, **keywords):
    process = netty.start(program, "--every", "300d", "--listen", ":0", *arguments,
                          env={"NETTY_LISTEN_TOKEN": token} if token else {}, **keywords)
    return process, listening(process)


def runs_of(netty, table, program="extract"):
    run = netty.spool_tool("runs", "--json", table, code=None)
    return [row for row in map(json.loads, run.out.splitlines()) if row["program"] == program]


def first_run(netty, *tables):
    for table in tables:
        wait_for(lambda: runs_of(netty, table), f"the first run of {table}")


def test_a_run_is_asked_for_over_http(sims, netty):
    sim = sims("contacts:30,users:10")
    process, address = start(netty, "netty-extract", "contacts", "users", sim=sim)
    first_run(netty, "contacts", "users")
    wait_for(lambda: process.stdout.readline(), "the first run's summary")
    answer = wait_for(lambda: (a := get(address, "/run?table=contacts", "POST", **BEARER)).status == 202 and a, "the end of the first run")
    assert re.fullmatch("[0-9a-f]{16}", answer.json()["run"])
    wait_for(lambda: len(runs_of(netty, "contacts")) == 2, "the run that was asked for")
    assert len(runs_of(netty, "users")) == 1
    wait_for(lambda: get(address, "/run", "POST", **BEARER).status == 202, "a run of all")
    wait_for(lambda: (len(runs_of(netty, "contacts")), len(runs_of(netty, "users"))) == (3, 2), "both tables")
    wait_for(lambda: get(address, "/run?table=none", "POST", **BEARER).status == 404, "the refusal")
    assert process.poll() is None


# Types the token where the page asks for it, and presses the button once there is one.
AT_THE_PAGE = """const at = id => document.getElementById(id); let typed = false;
const step = () => { if (!at("now").hidden) { at("run").click(); return; }
  if (!at("door").hidden && !typed) { typed = true; at("token").value = "%s"; at("door").requestSubmit(); } setTimeout(step, 50); }; step();"""


@pytest.mark.parametrize("lang, button, said", [("en", "Run now", "A run has been asked for"), ("fr", "Lancer un passage", "Un passage a été demandé")])
def test_the_page_has_the_button_for_who_gives_the_token(sims, netty, lang, button, said):
    sim = sims("contacts:30")
    process, address = start(netty, "netty-extract", "contacts", sim=sim)
    first_run(netty, "contacts")
    wait_for(lambda: process.stdout.readline(), "the first run's summary")
    with door(address, AT_THE_PAGE % TOKEN) as (url, seen):
        dom = browse(url, "dom", lang=lang)
    assert ("POST", "/run", f"Bearer {TOKEN}", 202) in seen, seen
    assert re.search(rf'<p id="now"><button id="run">{button}</button> <span[^>]*>{said}<', dom), re.findall("<p id=.now.*", dom)
    wait_for(lambda: len(runs_of(netty, "contacts")) == 2, "the run that was asked for")
    with door(address, AT_THE_PAGE % "another-token-of-sixteen") as (url, seen):
        dom = browse(url, "dom", lang=lang)
    assert '<p id="now" hidden' in dom and 'data-ready="door"' in dom and not [what for what in seen if what[0] == "POST"]


def test_one_run_at_a_time(sims, netty):
    sim = sims("contacts:300")
    sim.mood(latency_ms=1500)
    process, address = start(netty, "netty-extract", "contacts", sim=sim)
    answer = get(address, "/run", "POST", **BEARER)
    assert answer.status == 409 and "under way" in answer.text


def test_nobody_without_the_token_starts_one(sims, netty):
    sim = sims("contacts:30")
    _, address = start(netty, "netty-extract", "contacts", sim=sim)
    first_run(netty, "contacts")
    assert get(address, "/run", "POST").status == 403
    assert get(address, "/run", "POST", Authorization="Bearer wrong-token-of-sixteen").status == 403
    assert get(address, "/run", **BEARER).status == 404 and get(address, "/metrics", "POST", **BEARER).status == 405
    assert get(address, "/run", "POST", body="x" * 100000, **BEARER).status == 413
    netty.env["NETTY_SPOOL"] = str(netty.dir / "other")
    _, open_address = start(netty, "netty-extract", "contacts", token="", sim=sim)
    first_run(netty, "contacts")
    assert get(open_address, "/run", "POST").status == 403, "without a token set nobody may"
    assert len(runs_of(netty, "contacts")) == 1


def test_the_loader_leaves_a_request_that_the_extractor_takes_up(sims, db, netty):
    sim = sims("contacts:30")
    db.create("contacts")
    _, extractor = start(netty, "netty-extract", "contacts", sim=sim)
    first_run(netty, "contacts")
    process, address = start(netty, "netty-load", "contacts", db=db)
    answer = get(address, "/run?table=contacts", "POST", **BEARER)
    assert answer.status == 202, answer.text
    wait_for(lambda: len(runs_of(netty, "contacts")) == 2, "the extractor's run")
    assert not (netty.spool / "run.json").exists()


def test_a_request_waits_for_an_extractor_and_is_one(sims, db, netty):
    sim = sims("contacts:30")
    db.create("contacts")
    netty.extract("contacts", sim=sim)
    _, address = start(netty, "netty-load", "contacts", db=db)
    assert get(address, "/run", "POST", **BEARER).status == 202
    assert get(address, "/run", "POST", **BEARER).status == 409
    assert get(address, "/run?table=../x", "POST", **BEARER).status in (404, 409)
    (netty.spool / "run.json").write_text("nonsense")
    _, extractor = start(netty, "netty-extract", "contacts", sim=sim)
    wait_for(lambda: len(runs_of(netty, "contacts")) >= 3, "the first run and the one that was asked for")
    assert not (netty.spool / "run.json").exists()


def test_a_signal_asks_for_one(sims, netty):
    sim = sims("contacts:30")
    process, _ = start(netty, "netty-extract", "contacts", sim=sim)
    first_run(netty, "contacts")
    wait_for(lambda: process.stdout.readline(), "the first run's summary")
    process.send_signal(signal.SIGUSR1)
    wait_for(lambda: len(runs_of(netty, "contacts")) == 2, "the run")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) in (0, 75)


def test_a_signal_to_the_loader(sims, db, netty):
    """With --every it loads at once; with --follow, which has nothing to wait for, it asks the extractor."""
    sim = sims("contacts:30")
    db.create("contacts")
    netty.extract("contacts", sim=sim)
    process, _ = start(netty, "netty-load", "contacts", db=db)
    wait_for(lambda: process.stdout.readline(), "the first run's summary")
    sim.edit("contacts", 3)
    netty.extract("contacts", sim=sim)
    wait_for(lambda: process.send_signal(signal.SIGUSR1) or len(runs_of(netty, "contacts", "load")) >= 2, "the run that was asked for")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) in (0, 75)
    follow = netty.start("netty-load", "--follow", "contacts", db=db)

    def hears():
        caught = re.search(r"SigCgt:\s+(\S+)", Path(f"/proc/{follow.pid}/status").read_text())[1]
        return int(caught, 16) >> (signal.SIGUSR1 - 1) & 1
    wait_for(hears, "its handler")
    follow.send_signal(signal.SIGUSR1)
    wait_for((netty.spool / "run.json").exists, "the request")
    assert follow.poll() is None


@pytest.mark.parametrize("name", ["link", "fifo"])
def test_what_lies_in_the_requests_place_does_no_harm(sims, netty, name):
    sim = sims("contacts:30")
    netty.extract("contacts", sim=sim)
    path = netty.spool / "run.json"
    path.symlink_to("/etc/passwd") if name == "link" else os.mkfifo(path)
    process, _ = start(netty, "netty-extract", "contacts", sim=sim)
    wait_for(lambda: len(runs_of(netty, "contacts")) == 2, "the regular run")
    said = lambda: Path(process.err_path).read_text().count("request for a run cannot be done")
    wait_for(said, "the warning")
    time.sleep(3)
    assert process.poll() is None and said() == 1, "it is not said each second"
