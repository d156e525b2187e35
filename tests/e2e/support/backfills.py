"""What the tests of backfills share: the positions that the spool's pages hold, and runs."""
import json

from crawls import asked

SMALL = ("--limit", "50", "--rate", "0")
JSON_LOG = {"NETTY_LOG_FORMAT": "json"}


def positions(netty, table="contacts"):
    """Of each page: the regular position (without what stands beside it), and the backfill's state, or None."""
    found = []
    for path in sorted((netty.spool / table).glob("*.journal")):
        for line in path.read_text().splitlines():
            page = json.loads(line)
            if "page" in page:
                position = page["position"]
                found.append((page, position, position.pop("progress", {}).get("backfill")))
    return found


def state(netty, table="contacts"):
    return positions(netty, table)[-1][2]


def regular(netty, table="contacts"):
    return positions(netty, table)[-1][1]


def status(netty, table="contacts", code=0):
    return next(row for row in map(json.loads, netty.spool_tool("status", "--json", code=code).out.splitlines())
                if row.get("table") == table)


def backfill(netty, sim, *arguments, code=0, **keywords):
    run = netty.extract("--json", "contacts", *SMALL, *arguments, sim=sim, code=code, **keywords)
    return run.json()["contacts"]


def requests_of(sim, call):
    before = len(asked(sim))
    result = call()
    return result, asked(sim)[before:]
