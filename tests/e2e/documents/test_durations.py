"""A duration is in seconds wherever a program reads it: in the log, the metrics, and the JSON of status, runs, report and summaries. By
name over the sources, and by value over what the programs say."""
import json
import re
from datetime import datetime

import pytest
from harness import ROOT
from test_logs import PAGE, events

SOURCES = {path: path.read_text() for room in ("extract", "load", "spool", "shared") for path in (ROOT / room).glob("**/*.[ch]")}
# What a name of a duration ends with, in whatever unit.
DURATION = re.compile(r"(?:^|_)(?:[mun]?s|secs?|seconds?|min|minutes?|h|hours?|days?|milli\w*|micro\w*|duration|elapsed|took|age|pause|delay|"
                      r"wait|lag|interval|timeout|latency|busy)$")
# Promised before there was one unit; each stands beside a name in seconds (netty-log(7)).
DEPRECATED = {"ms": "seconds", "wait_ms": "wait_seconds", "left_s": "left_seconds"}
OLD_CELL = ("milliseconds", "load/maintenance/index_command.c")  # beside "seconds", with --json alone (netty-load(1))
# Files of the spool's own, which only the programs read, and a column of a query's answer.
INTERNAL = {"busy_us": "spool/status/run_history.c", "time_limit_ms": "load/doctor/diagnosis.c"}


def names(pattern):
    """Each name with the file that has it."""
    return [(found, str(path.relative_to(ROOT))) for path, text in SOURCES.items() for found in re.findall(pattern, text)]


def test_every_duration_in_the_log_is_in_seconds():
    plain = names(r'\bF_(?:STR|INT|REAL)\("(\w+)"')
    assert len(plain) > 300
    assert {name for name, _ in plain if DURATION.search(name)} <= {"left_s"}, "F_SECONDS says a duration"
    said = names(r'\bF_SECONDS\("(\w+)"')
    assert said and {name for name, _ in said if not re.search(r"(^|_)seconds$", name)} == set()
    pairs = {(old, new) for (new, old), _ in names(r'\bF_SECONDS_AND_MS\("(\w+)", "(\w+)"')}
    assert pairs == {(old, new) for old, new in DEPRECATED.items() if old != "left_s"}


def test_the_manual_tells_which_names_are_old_and_what_stands_in_their_place():
    for item in PAGE[PAGE.index(".Sh EVENTS"):PAGE.index(".Sh EXAMPLES")].split("\n.It Cm ")[1:]:
        fields = set(" ".join(re.findall(r"(?m)^\.Va (.*)$", item)).split())
        assert {name for name in fields if DURATION.search(name)} <= {*DEPRECATED, *DEPRECATED.values()}, item
        assert all(DEPRECATED[name] in fields for name in fields & set(DEPRECATED)), item
    told = PAGE[PAGE.index(".Sh UNITS"):PAGE.index(".Sh EVENTS")]
    for old, new in DEPRECATED.items():
        assert re.search(rf"(?m)^\.It Va {old}\n.*\n?\.Va {new}\b", told), (old, new)


def test_every_duration_in_the_metrics_is_in_seconds():
    metrics = names(r'\[\w+\] = \{P "(\w+)", METRIC_') + names(r'add\(b, "(\w+)", "(?:gauge|counter)"')
    metrics = [(name if isinstance(name, str) else name[0]) for name, _ in metrics]
    assert len(metrics) > 50
    timed = [name for name in metrics if re.search(r"duration|elapsed|_age|pause|delay|timestamp|latency|_time_|_since", name)]
    assert len(timed) > 8 and [name for name in timed if not re.search(r"_seconds(_total)?$", name)] == []
    assert [name for name in metrics if re.search(r"_(ms|us|ns|milli\w*|micro\w*|minutes|hours|days)(_total)?$", name)] == []


def test_every_duration_in_json_is_in_seconds():
    cells = [(name, path) for name, path in names(r'(?:\.name = |\{|\(struct cell\)\{)"(\w+)",\s*(?:\.type = )?(?:known|has|CELL_)')]
    assert len(cells) > 100
    assert [cell for cell in cells if DURATION.search(cell[0]) and cell[0] != "seconds"] == [OLD_CELL]
    lengths = names(r'"(\w+)",\s*(?:\.type = )?CELL_SECONDS')
    assert len(lengths) > 8 and {name for name, _ in lengths} == {"seconds"}
    written = [found for found in names(r'\\"(\w+)\\":') if DURATION.search(found[0]) and INTERNAL.get(found[0]) != found[1]]
    assert {name for name, _ in written} <= {"seconds", "interval"}, "these two are seconds: status_json.h"
    internal = [(name, path) for name, path in names(r'"(\w+_(?:ms|us|ns))"') if name not in DEPRECATED]
    assert {(name, path) for name, path in internal} == set(INTERNAL.items())


def at(time):
    return datetime.fromisoformat(time.replace("Z", "+00:00"))


def test_status_runs_report_and_summaries_say_the_seconds_that_passed(netty, sims, db):
    sim = sims("contacts:250")
    db.create("contacts")
    sim.mood(latency_ms=150)
    (fetched,) = [json.loads(line) for line in netty.extract("--json", "contacts", sim=sim).out.splitlines()]
    (loaded,) = [json.loads(line) for line in netty.load("--json", db=db).out.splitlines()]
    assert fetched["seconds"] >= 0.15 * fetched["requests"] > 0.4 and fetched["seconds"] < 60
    assert 0 < loaded["seconds"] < 60
    runs = [json.loads(line) for line in netty.spool_tool("runs", "--json").out.splitlines()]
    assert {run["program"]: run["seconds"] for run in runs} == pytest.approx({"extract": fetched["seconds"], "load": loaded["seconds"]}, abs=0.2)
    page = netty.dir / "page.html"
    netty.spool_tool("report", "--html", page, "--stale-after", "90m")
    (said,) = re.findall(r'(?s)<script[^>]*type="application/json"[^>]*>(.*?)</script>', page.read_text())
    said = json.loads(said)
    assert said["stale_after"] == 90 * 60
    (table,) = said["tables"]
    for run in table["extract"] + table["load"]:
        assert run["seconds"] == pytest.approx((at(run["ended"]) - at(run["began"])).total_seconds(), abs=0.2)


def test_an_old_name_in_the_log_says_the_same_as_the_new_one(netty, sims, db):
    sim = sims("contacts:250")
    db.create("contacts")
    sim.mood(p500=50)
    log = ("--log-format", "json", "--log-level", "debug", "--retry-delay", "10ms")
    found = events(netty.extract(*log, "contacts", sim=sim).err, "netty-extract") + events(netty.load(*log, db=db).err, "netty-load")
    timed = [event for event in found if {"ms", "wait_ms"} & set(event)]
    assert {"page", "retry", "batch", "loaded"} <= {event["event"] for event in timed}
    for event in timed:
        for old in {"ms", "wait_ms"} & set(event):
            assert int(event[DEPRECATED[old]] * 1000 + 0.5) == event[old], event
    (table,) = [event for event in found if event["event"] == "table"]
    assert table["seconds"] >= next(event for event in timed if event["event"] == "retry")["wait_seconds"]
