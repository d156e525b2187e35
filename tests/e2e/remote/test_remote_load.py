"""netty-load --pull: pulls, loads, and tells the machine that pushes, in one."""
import json
import signal

import pytest

from harness import assert_synced, is_synced, wait_for
from remotes import RCLONE, Remote, odd_rclone
from test_accounts import two_accounts

pytestmark = pytest.mark.skipif(not RCLONE, reason="rclone is not installed")


@pytest.fixture
def remote(sims, netty, db):
    remote = Remote(netty, quick=True)
    remote.sim = sims("contacts:60")
    db.create("contacts")
    netty.extract("contacts", sim=remote.sim)
    return remote


def change(netty, remote, push=True):
    remote.sim.edit("contacts", 3)
    netty.extract("contacts", sim=remote.sim)
    if push:
        remote.push()


def test_pulled_loaded_and_told(netty, db, remote):
    remote.push()
    assert remote.load("--pull", remote.url, "--json", db=db).json()["contacts"]["read"] >= 60
    assert_synced(remote.sim, db, "contacts")
    remote.look_anew()
    assert "what was loaded elsewhere is known" in remote.push().err, "it was told after the load"
    assert (netty.spool / "contacts/loaded.json").exists()
    change(netty, remote)
    assert 0 < remote.load("--json", db=db, env={"NETTY_PULL": remote.url}).json()["contacts"]["read"]
    assert_synced(remote.sim, db, "contacts")


def test_a_remote_that_is_away_stops_no_load(netty, db, remote):
    remote.push()
    remote.pull()
    away = odd_rclone(netty.dir / "bin", 'echo "dial tcp: connection refused" >&2; exit 1')
    run = remote.load("--pull", remote.url, "--json", db=db, env=away, code=69)
    assert run.json()["contacts"]["read"] >= 60 and "connection refused" in run.err
    assert_synced(remote.sim, db, "contacts")
    # Where there is nothing yet it is not called a missing spool.
    assert "connection refused" in netty.load("--spool", netty.dir / "new", "--pull", remote.url, db=db, env=away, code=69).err
    assert "nothing to pull yet" in netty.load("--spool", netty.dir / "new", "--pull", netty.dir / "void", db=db, code=66).err
    # Pulled, and then away: what is loaded is told by the next one.
    change(netty, remote)
    put = odd_rclone(netty.dir / "bin", '[ -z "$PUT" ] || [[ $TO != *back* ]] || { echo "timeout" >&2; exit 1; }')
    remote.load("--pull", remote.url, db=db, env=put, code=69)
    assert_synced(remote.sim, db, "contacts")


def test_a_missing_object_is_told_and_the_rest_loaded(netty, db, remote):
    remote.push()
    for _ in range(2):
        change(netty, remote)
    remote.forget("0000000002.netty")
    run = remote.load("--pull", remote.url, "--json", db=db, code=65)
    assert run.json()["contacts"]["read"] >= 60 and "object 2 is missing" in run.err


def test_what_loads_nothing_pulls_nothing(netty, db, remote):
    remote.push()
    remote.pull()
    change(netty, remote)
    before = (remote.pulled / "pull.json").read_bytes()
    for words in (["doctor"], ["catalog"], ["--dry-run"], ["replay"]):
        netty.run("netty-load", *words, "--spool", remote.pulled, "--pull", remote.url, db=db, code=None)
    assert (remote.pulled / "pull.json").read_bytes() == before
    assert "REMOTE" in remote.load("--pull", "-x", db=db, code=64).err


@pytest.mark.parametrize("how", ["--follow", "--every"])
def test_one_that_stays_pulls_again_and_again(netty, db, remote, how):
    """It begins before there is anything to pull."""
    words = ("--follow",) if how == "--follow" else ()
    if how == "--every":
        remote.push()
    process = netty.start("netty-load", "--pull", remote.url, "--spool", remote.pulled, *words, "--every", "1s", db=db)
    if how == "--follow":
        remote.push()
    for _ in range(2):
        wait_for(lambda: is_synced(remote.sim, db, "contacts"), "the rows")
        change(netty, remote)
    wait_for(lambda: is_synced(remote.sim, db, "contacts"), "the rows")
    def told():
        remote.look_anew()
        remote.push()
        path = netty.spool / "contacts/loaded.json"
        mine = (remote.pulled / "contacts/loaded.json").read_text().splitlines()[1]
        return path.exists() and json.loads(path.read_text().splitlines()[1])["page"] == json.loads(mine)["page"]
    wait_for(told, "what is loaded")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) in (0, 75)


@pytest.mark.parametrize("when", ["first", "later"])
def test_a_signal_ends_a_pull_that_hangs(netty, db, remote, when):
    remote.push()
    env = odd_rclone(netty.dir / "bin", f"[ -e {netty.dir}/go ] || {{ touch {netty.dir}/began; exec sleep 600; }}")
    go = netty.dir / "go"
    if when == "later":
        go.touch()
    process = netty.start("netty-load", "--pull", remote.url, "--spool", remote.pulled, "--follow", "--every", "1s", db=db, env=env)
    if when == "later":
        wait_for(lambda: is_synced(remote.sim, db, "contacts"), "the rows")
        go.unlink()
    wait_for((netty.dir / "began").exists, "the pull")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) in (0, 75)


def test_accounts(sims, netty, db):
    lyon, paris = sims("contacts:20"), sims("contacts:30", key="other-key-3v3n-m0r3-s3cr3t")
    two_accounts(netty, lyon, paris)
    db.query("CREATE SCHEMA lyon")
    db.query("CREATE SCHEMA paris")
    netty.extract("--account", "lyon")
    url = netty.dir / "remote"
    netty.spool_tool("push", "--account", "lyon", url)
    far = netty.dir / "far"
    run = netty.load("--pull", url, "--spool", netty.dir / "all", "--create-tables", db=db, code=78)
    assert "holds the objects of one account" in run.err
    netty.load("--account", "lyon", "--pull", url, "--spool", far, "--create-tables", db=db)
    assert db.value('SELECT count(*) FROM lyon."netty-contacts"') == 20
    conf = netty.dir / "netty.conf"
    conf.write_text(conf.read_text().replace("schema = lyon\n", f"schema = lyon\npull = {url}\n"))
    run = netty.load("--spool", far, "--create-tables", db=db, code=78)
    assert "one account at a time" in run.err + run.out
