"""What the extractor's tests share: the spool against the truth, and the request log read back."""
import json
import re
from datetime import datetime

from harness import key_of, parse_time


def versions(netty, table, env=None):
    """{key: [line, ...]} of all that the spool holds, in the order of fetching."""
    held = {}
    for line in netty.spool_tool("cat", table, env=env).out.split("\n")[:-1]:
        held.setdefault(json.loads(line)[key_of(table)], []).append(line)
    return held


def source(sim, table):
    """{key: line} as the API would send every record now."""
    lines = sim.get(f"/_sim/truth/{table}").split("\n")[:-1]
    return {json.loads(line)[key_of(table)]: line for line in lines}


def missing(netty, sim, table, env=None):
    """Keys whose newest version is not the one that was fetched last."""
    held = versions(netty, table, env)
    return sorted(key for key, line in source(sim, table).items() if held.get(key, [None])[-1] != line)


def assert_held(netty, sim, *tables, env=None, deletions=False):
    """Every record's newest version is in the spool, byte by byte, behind its older ones, and nothing is invented."""
    for table in tables:
        held, truth = versions(netty, table, env), source(sim, table)
        lacking = sorted(key for key, line in truth.items() if held.get(key, [None])[-1] != line)
        absent = [key for key in lacking if key not in held]
        assert not lacking, f"{table}: {len(lacking)} of {len(truth)} are not as the API has them, {len(absent)} " \
                            f"are not there at all: {lacking[:5]}"
        assert deletions or held.keys() == truth.keys(), f"{table}: records that the API never had"


def has_time(line):
    return parse_time(json.loads(line).get("time_modified")) is not None


def asked(sim, table=None):
    """The requests of the API itself."""
    return [entry for entry in sim.log()
            if not entry["table"].startswith("_sim") and table in (None, entry["table"])]


def state(sim):
    return json.loads(sim.get("/_sim/state"))


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def events(run, name=None):
    """The lines of --log-format json."""
    found = [json.loads(line) for line in run.err.splitlines() if line.startswith("{")]
    return [event for event in found if name in (None, event.get("event"))]


def snapshot(folder):
    """Every file below with what can change about it."""
    return {str(path.relative_to(folder)): (path.is_dir(), path.stat().st_size, path.stat().st_mtime_ns)
            for path in sorted(folder.rglob("*"))}


def filter_time(entry):
    """The time in a logged request's filter, or None."""
    found = re.fullmatch(r"time_modified:greater:(.+)", entry["filters"])
    return moment(found.group(1)) if found else None
