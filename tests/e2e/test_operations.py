"""A year in service: what surrounds the programs changes, fills up, is moved and is forgotten, and the copy goes on."""
import json
import os
import socket
import subprocess
import threading
import time
from datetime import datetime, timezone

import pytest

from harness import BUILD, KEY, PASSWORD, assert_synced, wait_for


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
