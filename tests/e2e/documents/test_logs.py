"""The log as a machine reads it: one event a line, each as netty-log(7) tells."""
import json
import re
from datetime import datetime

import pytest

from harness import ROOT

PAGE = (ROOT / "shared/manual/netty-log.7").read_text()
EVENTS = {item.split("\n")[0]: set(" ".join(re.findall(r"(?m)^\.Va (.*)$", item)).split())
          for item in PAGE[PAGE.index(".Sh EVENTS"):PAGE.index(".Sh EXAMPLES")].split("\n.It Cm ")[1:]}
ALWAYS = ["time", "level", "program", "event", "msg"]


def events(text, program):
    """The lines as objects, each held to the page."""
    found = []
    for line in text.splitlines():
        event = json.loads(line, object_pairs_hook=list)
        names = [name for name, _ in event]
        assert names[:5] == ALWAYS and len(set(names)) == len(names), line
        event = dict(event)
        assert event["program"] == program and event["level"] in ("debug", "info", "warn", "error"), line
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["time"])
        datetime.fromisoformat(event["time"].replace("Z", "+00:00"))
        assert event["event"] in EVENTS, line
        assert set(names[5:]) <= EVENTS[event["event"]], line
        found.append(event)
    return found


def of(found, name):
    return [event for event in found if event["event"] == name]


def test_a_sync_told_to_a_machine(netty, sims, db):
    sim = sims("contacts:250")
    db.create("contacts")
    log = ("--log-format", "json", "--log-level", "debug", "--json")
    fetched = events(netty.extract(*log, "contacts", sim=sim).err, "netty-extract")
    pages = of(fetched, "page")
    (table,) = of(fetched, "table")
    assert [event["request"] for event in pages] == list(range(1, table["requests"] + 1)) and len(pages) >= 3
    assert all({"table", "request", "records", "bytes", "ms"} <= event.keys() for event in pages)
    assert (table["table"], table["status"], table["level"]) == ("contacts", "complete", "info")
    loaded = events(netty.load(*log, db=db).err, "netty-load")
    batches = of(loaded, "batch")
    assert sum(event["read"] for event in batches) == table["records"]
    assert all({"table", "rows", "segment", "page", "ms"} <= event.keys() for event in batches)
    (end,) = of(loaded, "loaded")
    assert end["inserted"] == 250 and end["ms"] >= 0


@pytest.mark.parametrize("program, arguments, env, code, event", [
    ("netty-extract", ["contacts"], {"NETTY_BASE_URL": "http://127.0.0.1:9", "NETTY_RETRIES": "1"}, 69, "retry"),
    ("netty-extract", ["contacts"], {"NETTY_API_KEY": None}, 78, "end"),
    ("netty-extract", ["--nonsense"], {}, 64, "end"),
    ("netty-load", [], {"DATABASE_URL": "host=127.0.0.1 port=9"}, 66, "stopped"),
    ("netty-spool", ["ls"], {}, 66, "stopped"),
    ("netty-spool", [], {}, 64, "stopped"),
])
def test_what_goes_wrong_is_told_in_the_same_form(netty, program, arguments, env, code, event):
    run = netty.run(program, *arguments, env={"NETTY_LOG_FORMAT": "json", **env}, code=code)
    found = events(run.err, program)
    assert of(found, event) and of(found, event)[0]["error"], run
    assert max((e["level"] for e in found), key=["debug", "info", "warn", "error"].index) == "error"


def test_a_record_that_is_set_aside_is_an_event(netty, spool, db):
    db.create("contacts")
    spool.table("contacts").page(['{"contact_id":1}', '{"contact_id":"x"}', '{"contact_id":2}'])
    run = netty.load("--log-format", "json", db=db, code=65)
    (event,) = of(events(run.err, "netty-load"), "set-aside")
    assert (event["level"], event["table"], event["records"]) == ("warn", "contacts", 1)
