"""netty-spool pull --take-over: another machine goes on extracting where the last push was."""
import json
import shutil

import pytest

from harness import assert_synced
from remotes import RCLONE, Remote, edit_lines, odd_rclone, pages, same
from test_accounts import two_accounts

pytestmark = pytest.mark.skipif(not RCLONE, reason="rclone is not installed")

SMALL = ("--segment-size", "16K")
POINTS = ("pull-done", "take-over-noted", "push-put", "take-over-pushed", "back-left", "taken-over")  # tests/crash/matrix.py has all


class Machines(Remote):
    """The old machine's spool is netty.spool, the loader's `pulled`, that of the one that takes over `fresh`."""

    def __init__(self, netty):
        super().__init__(netty, quick=True)
        self.fresh = netty.dir / "fresh"

    def take_over(self, spool=None, **keywords):
        run = self.pull("--take-over", spool=spool or self.fresh, **keywords)
        self.check_names()
        return run

    def dies(self, point, **keywords):
        assert self.take_over(env={"NETTY_FAULT": point}, code=None, **keywords).code == -9, f"{point} was not passed"

    def extract(self, *arguments, **keywords):
        return self.netty.extract("--spool", self.fresh, *arguments, **keywords)


@pytest.fixture
def remote(netty):
    return Machines(netty)


def begin(sims, netty, remote, db, records=300):
    """A stand-in, a spool that is pushed, a database that has it, and records since that nobody has pushed."""
    sim = sims(f"contacts:{records},users:40")
    db.create("contacts", "users")
    netty.extract("contacts", "users", *SMALL, sim=sim)
    remote.round(db)
    for _ in range(2):
        sim.edit("contacts", 7)
        netty.extract(sim=sim)
    return sim


def test_it_goes_on_where_the_last_push_was(sims, netty, remote, db):
    """The old machine has fetched more than it has pushed, and is gone."""
    sim = begin(sims, netty, remote, db)
    run = remote.take_over()
    assert "the spool is this machine's from here on" in run.err
    sim.edit("users", 3)
    fetched = remote.extract("--json", sim=sim).json()  # by the catalog, which came back from the loader's machine
    assert set(fetched) == {"contacts", "users"}
    assert all(row["status"] == "complete" for row in fetched.values())
    assert fetched["contacts"]["requests"] <= 3 and fetched["contacts"]["records"] < 300, "all was fetched again"
    remote.push(spool=remote.fresh)
    remote.pull()  # the loader's machine goes on from the same place
    same(remote.fresh, remote.pulled)
    assert remote.load("--json", db=db).json()["contacts"]["read"] < 300
    assert_synced(sim, db, "contacts", "users")
    for spool in (remote.fresh, remote.pulled):
        netty.spool_tool("verify", "--spool", spool)


def test_the_old_machine_is_refused_by_name(sims, netty, remote, db):
    sim = begin(sims, netty, remote, db)
    remote.take_over()
    before = remote.objects()
    for _ in range(2):
        assert "another machine pushes there" in remote.push(code=78).err
    assert remote.objects() == before
    remote.extract(sim=sim)
    remote.push(spool=remote.fresh)
    remote.pull()
    same(remote.fresh, remote.pulled)
    # It can be the loader's machine, or take over again, in a folder of its own.
    old = netty.dir / "old"
    remote.take_over(spool=old)
    sim.edit("contacts", 3)
    remote.extract(sim=sim)
    assert "another machine pushes there" in remote.push(spool=remote.fresh, code=78).err
    netty.extract("--spool", old, sim=sim)
    remote.push(spool=old)
    remote.pull()
    same(old, remote.pulled)


def test_it_is_repeated_without_harm(sims, netty, remote, db):
    sim = begin(sims, netty, remote, db)
    for _ in range(3):
        remote.take_over()
    assert remote.objects() == ["0000000001.netty", "0000000002.netty"]
    sim.edit("contacts", 3)
    remote.extract(sim=sim)
    remote.take_over()  # as push: what is new goes
    assert len(remote.objects()) == 3
    remote.pull()
    same(remote.fresh, remote.pulled)


@pytest.mark.parametrize("point", POINTS)
def test_it_may_die_anywhere(sims, netty, remote, db, point):
    sim = begin(sims, netty, remote, db, 120)
    remote.dies(point)
    if point != "taken-over":
        assert "is pulled from" in remote.extract(sim=sim, code=78).err
    sim.edit("contacts", 3)
    remote.take_over()
    remote.extract("contacts", "users", sim=sim)
    remote.push(spool=remote.fresh)
    assert "another machine pushes there" in remote.push(code=78).err
    remote.pull()
    same(remote.fresh, remote.pulled)
    remote.load(db=db)
    assert_synced(sim, db, "contacts", "users")


@pytest.mark.parametrize("point", ["take-over-noted", "push-noted"])
def test_the_old_machine_may_be_faster(sims, netty, remote, db, point):
    """It pushes while the take-over lies dead: what it has pushed is pulled, and the next number taken."""
    sim = begin(sims, netty, remote, db, 120)
    remote.dies(point)
    remote.push()
    sim.edit("contacts", 3)
    netty.extract(sim=sim)
    remote.take_over()
    assert len(remote.objects()) == 3
    assert "another machine pushes there" in remote.push(code=78).err
    remote.extract(sim=sim)
    remote.push(spool=remote.fresh)
    remote.pull()
    remote.load(db=db)
    assert_synced(sim, db, "contacts", "users")


def test_a_spool_that_is_extracted_into_is_none_to_take_over(sims, netty, remote, db):
    begin(sims, netty, remote, db)
    before = pages(netty.spool)
    assert "nothing to take over" in remote.take_over(spool=netty.spool, code=78).err
    assert pages(netty.spool) == before and len(remote.objects()) == 1
    assert "nothing was pushed" in netty.spool_tool("pull", "--take-over", netty.dir / "void", "--spool", netty.dir / "new", code=66).err
    assert not (netty.dir / "new/spool.json").exists()


def test_words_that_do_not_fit(sims, netty, remote):
    assert "--every" in remote.take_over(code=64, env={"NETTY_EVERY": "1s"}).err
    netty.extract("contacts", sim=sims("contacts:3"))
    assert "pull --take-over" in netty.spool_tool("push", "--take-over", remote.url, code=64).err


def test_the_loaders_machine_takes_over_what_it_asked_for(sims, netty, remote, db):
    """What was damaged in its spool is fetched again by its own extractor, and nobody waits for it as one that pulls."""
    sim = begin(sims, netty, remote, db)
    remote.push()
    remote.pull()
    remote.load(db=db)
    data = remote.pulled / "contacts/0000000001.ndjson"
    packed = data.with_suffix(".ndjson.zst")
    path = data if data.exists() else packed
    text = bytearray(path.read_bytes())
    text[len(text) // 2] ^= 1
    path.write_bytes(text)
    netty.spool_tool("heal", "--spool", remote.pulled)
    assert (remote.pulled / "contacts/wish.json").exists()
    assert len(remote.backs()) == 1
    remote.take_over(spool=remote.pulled)
    assert not (remote.pulled / "contacts/wish.json").exists() and (remote.pulled / "contacts/refetch.json").exists()
    assert remote.backs() == {}
    netty.extract("--spool", remote.pulled, sim=sim)
    assert not (remote.pulled / "contacts/refetch.json").exists()
    netty.spool_tool("verify", "--spool", remote.pulled)
    assert (remote.pulled / "contacts/loaded.json").exists()
    remote.push("--spool-keep", "0s", spool=remote.pulled)
    remote.load(db=db)
    assert_synced(sim, db, "contacts", "users")


def test_a_wish_outlasts_a_pull_that_dies_behind_it(sims, netty, remote, db):
    sim = begin(sims, netty, remote, db)
    remote.push()
    remote.pull()
    path = next(iter(sorted((remote.pulled / "contacts").glob("0000000001.ndjson*"))))
    text = bytearray(path.read_bytes())
    text[len(text) // 2] ^= 1
    path.write_bytes(text)
    netty.spool_tool("heal", "--spool", remote.pulled)
    remote.dies("push-object", spool=remote.pulled)
    sim.edit("contacts", 2)
    netty.extract(sim=sim)
    remote.push()  # its refetch.json is none
    remote.take_over(spool=remote.pulled)
    assert (remote.pulled / "contacts/refetch.json").exists()


def test_a_missing_object_is_no_place_to_take_over(sims, netty, remote, db):
    sim = begin(sims, netty, remote, db)
    for _ in range(2):
        remote.push()
        sim.edit("contacts", 2)
        netty.extract(sim=sim)
    remote.push()
    away = netty.dir / "away"
    (remote.dir / "0000000002.netty").rename(away)
    before = remote.objects()
    assert "object 2 is missing" in remote.take_over(code=65).err
    assert remote.objects() == before
    assert "is pulled from" in remote.extract(sim=sim, code=78).err
    away.rename(remote.dir / "0000000002.netty")
    remote.take_over()
    same(netty.spool, remote.fresh)


def test_who_pulls_with_a_gap_goes_on_once_it_is_closed(sims, netty, remote, db):
    sim = begin(sims, netty, remote, db)
    remote.push()
    shutil.copytree(remote.dir, netty.dir / "whole")
    remote.take_over()
    remote.extract(sim=sim)
    remote.push(spool=remote.fresh)
    (remote.dir / "0000000002.netty").unlink()
    edit_lines(remote.pulled / "pull.json", listed="2024-01-01T00:00:00.000000Z")
    assert "object 2 is missing" in remote.pull(code=65).err
    shutil.copy(netty.dir / "whole/0000000002.netty", remote.dir)
    remote.pull()
    same(remote.fresh, remote.pulled)


def test_a_number_that_was_given_up_is_looked_behind(sims, netty, remote, db):
    """A pull lists the names once an hour; a take-over does in any case."""
    sim = begin(sims, netty, remote, db)
    env = odd_rclone(netty.dir / "bin", '[ -z "$PUT" ] || exit 1')
    remote.pull(spool=remote.fresh)
    remote.push(env=env, code=78)
    for path in (netty.spool / ".push").glob("*.object"):
        path.unlink()  # the next push gives the number up
    remote.push()
    assert remote.objects() == ["0000000001.netty", "0000000003.netty"]
    remote.take_over()
    assert remote.objects()[-1] == "0000000004.netty"
    sim.edit("contacts", 2)
    netty.extract(sim=sim)
    assert "another machine pushes there" in remote.push(code=78).err


def test_a_place_that_was_emptied_gets_everything_from_here(sims, netty, remote, db):
    sim = begin(sims, netty, remote, db)
    remote.pull(spool=remote.fresh)
    shutil.rmtree(remote.dir)
    remote.take_over()
    remote.extract("contacts", "users", sim=sim)
    remote.push(spool=remote.fresh)
    remote.pull()
    same(remote.fresh, remote.pulled)
    remote.load(db=db)
    assert_synced(sim, db, "contacts", "users")


def test_an_unfinished_backfill_and_a_reconcile_go_on(sims, netty, remote, db):
    sim = begin(sims, netty, remote, db)
    netty.extract("--full", "--max-pages", "2", "contacts", sim=sim)
    netty.extract("--reconcile", "contacts", sim=sim)
    remote.push()
    remote.take_over()
    assert (remote.fresh / "contacts/roll.ndjson").read_bytes() == (netty.spool / "contacts/roll.ndjson").read_bytes()
    row = remote.extract("--full", "--json", "contacts", sim=sim).json()["contacts"]
    assert row["backfill"] == "through" and row["records"] < 300, "it was begun anew"
    remote.extract("--reconcile", "contacts", sim=sim)


def test_an_accounts_spool(sims, netty, db):
    lyon, paris = sims("contacts:120"), sims("contacts:30", key="other-key-3v3n-m0r3-s3cr3t")
    two_accounts(netty, lyon, paris)
    remote = Remote(netty)
    netty.extract("--account", "lyon", *SMALL)
    netty.spool_tool("push", "--account", "lyon", remote.url)
    other = netty.dir / "other"
    netty.spool_tool("pull", "--take-over", remote.url, "--account", "lyon", "--spool", other)
    lyon.edit("contacts", 3)
    row = netty.extract("--account", "lyon", "--spool", other, "--json").json()["contacts"]
    assert row["status"] == "complete" and row["requests"] <= 3
    assert (other / "lyon/taken-over.json").exists()
    netty.spool_tool("push", "--account", "lyon", remote.url, "--spool", other)
    for folder, word in ((other, "nothing to take over"), (netty.dir / "new", "--account")):
        assert word in netty.spool_tool("pull", "--take-over", remote.url, "--spool", folder, code=78).err
    lyon.edit("contacts", 3)
    netty.extract("--account", "lyon")
    assert "another machine pushes there" in netty.spool_tool("push", "--account", "lyon", remote.url, code=78).err
    told = json.loads(netty.spool_tool("pull", remote.url, "--account", "lyon", "--spool", netty.dir / "third", "--json").out)
    assert told["last"] == 3
    same(other / "lyon", netty.dir / "third/lyon")
