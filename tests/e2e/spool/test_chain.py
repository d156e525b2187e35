"""Which page stands at a place: each page's chain follows from the one before, whatever happens to the writer."""
import json
import sys

import pytest

from harness import ROOT
from spoolfile import sumline

sys.path.insert(0, str(ROOT / "tests/tools"))
import spool_reader  # noqa: E402

SMALL = ("--segment-size", "16K")


def without_chains(spool):
    """The spool as it was written before pages had chains."""
    for path in spool.glob("*/*.journal"):
        lines = []
        for line in path.read_bytes().splitlines():
            value = json.loads(line)
            value.pop("sum"), value.pop("chain", None)
            value.get("previous", {}).pop("chain", None)
            lines.append(sumline(value))
        path.write_bytes(b"".join(lines))


@pytest.mark.parametrize("old", [False, True], ids=["new", "old"])
def test_each_page_follows_from_the_one_before(sims, netty, old):
    sim = sims("contacts:400")
    netty.extract("contacts", *SMALL, sim=sim)
    if old:
        without_chains(netty.spool)
    for _ in range(3):
        sim.edit("contacts", 30)
        netty.extract("contacts", *SMALL, sim=sim)
    spool = spool_reader.Spool(netty.spool)
    pages = [page for page in spool.read("contacts") if isinstance(page, spool_reader.Page)]
    assert len(pages) > 8 and len({page.segment for page in pages}) > 3
    assert len({page.chain for page in pages}) == len(pages)
    assert spool.broken_chains("contacts") == []
    netty.spool_tool("verify")


def test_the_chain_goes_on_after_a_crash_and_after_damage(sims, netty):
    sim = sims("contacts:200")
    for point in ("page-synced", "journal-written", "journal-synced", "acked-written"):
        netty.extract("contacts", "--limit", "30", sim=sim, env={"NETTY_FAULT": f"{point}:2"}, code=None)
    newest = sorted((netty.spool / "contacts").glob("*.journal"))[-1]
    newest.write_bytes(newest.read_bytes()[:-40])
    sim.edit("contacts", 60)
    netty.extract("contacts", "--limit", "30", sim=sim)
    assert spool_reader.Spool(netty.spool).broken_chains("contacts") == []
