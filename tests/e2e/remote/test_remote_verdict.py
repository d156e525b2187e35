"""A pulled spool knows when it was last heard of: in the verdict, the page and the metrics, and by what is to be done."""
import json
import time

import pytest

from remotes import RCLONE, Remote, edit_lines
from test_verdict import measured, verdict
from watching import get, listening

pytestmark = pytest.mark.skipif(not RCLONE, reason="rclone is not installed")


def written(remote, seconds):
    """The last object that was pulled is so old."""
    at = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(time.time() - seconds))
    edit_lines(remote.pulled / "pull.json", written=at)


@pytest.fixture
def remote(sims, netty, db):
    remote = Remote(netty, quick=True)
    remote.sim = sims("contacts:30")
    db.create("contacts")
    netty.extract("contacts", sim=remote.sim)
    remote.round(db)
    return remote


def test_the_age_of_the_last_sign_of_life(netty, db, remote):
    at = ("--spool", remote.pulled)
    assert verdict(netty, *at, code=0)[1] == [("ok", "")]
    written(remote, 7000)  # an hour is usual, and another one is --stale-after
    assert verdict(netty, *at, code=0)[1] == [("ok", "")]
    assert verdict(netty, *at, "--stale-after", "10m", code=69)[1] == [("not_pushed", "")]
    written(remote, 7500)
    _, found, says = verdict(netty, *at, code=69)
    assert found == [("not_pushed", "")], "that tables are late follows from it"
    assert any(remote.url in text and "netty-spool push" in text and "netty-spool pull" in text for text in says)
    netty.spool_tool("report", "--html", netty.dir / "page.html", *at)
    assert '"code":"not_pushed"' in (netty.dir / "page.html").read_text()
    loader = listening(netty.start("netty-load", "--follow", "--listen", ":0", *at, db=db))
    assert get(loader, "/healthz").status == 503 and ("not_pushed", "") in measured(loader, "load")[1]
    # A sign of life ends it.
    edit_lines(next(path for path in (netty.spool / ".push").glob("*.json") if path.name.count(".") == 1),
               written="2024-01-01T00:00:00.000000Z")
    assert json.loads(remote.push("--json").out)["objects"] == 1
    remote.pull()
    assert verdict(netty, *at, code=0)[1] == [("ok", "")]
    # The machine that pushes is no pulled one.
    assert verdict(netty, "--stale-after", "1h")[1] == [("ok", "")]


def test_a_quiet_table_is_late_by_what_was_pushed_last(netty, remote):
    """That it is complete comes with the sign of life, once an hour."""
    written(remote, -60)
    found = verdict(netty, "--spool", remote.pulled, "--stale-after", "1s", code=69)[1]
    assert ("stale", "contacts") in found, "it was late already when it was pushed"
    written(remote, 1800)
    assert ("stale", "contacts") not in verdict(netty, "--spool", remote.pulled, "--stale-after", "1s")[1]


def test_a_missing_object_is_told(netty, remote):
    for _ in range(2):
        remote.sim.edit("contacts", 2)
        netty.extract("contacts", sim=remote.sim)
        remote.push()
    remote.forget("0000000002.netty")
    edit_lines(remote.pulled / "pull.json", listed="2024-01-01T00:00:00.000000Z")
    remote.pull(code=65)
    _, found, says = verdict(netty, "--spool", remote.pulled, code=65)
    assert found[0] == ("object_missing", "") and any("object 2 is missing" in text and remote.url in text for text in says)
