"""A disk that others have filled to the last byte, or the last inode: what is loaded can still be removed, and nothing is lost.

The disk is a tmpfs of its own. Where none may be mounted nothing is tried, and the test's output says so."""
import os
import subprocess
import time

import pytest

from harness import assert_synced, wait_for

OLD = ("--spool-keep", "1s")


@pytest.fixture
def disk(netty, tmp_path):
    """A small file system; the spool of `netty` lies on it."""
    mount = tmp_path / "disk"
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12M,nr_inodes=400", "none", mount], capture_output=True).returncode:
        print("no file system can be mounted here, as in some containers: not tried")
        yield None
        return
    netty.spool = mount / "spool"
    netty.env.update(NETTY_SPOOL=str(netty.spool), NETTY_SPOOL_FREE="0")
    yield mount
    subprocess.run(["umount", mount], check=True)


def fill(disk, what):
    """By somebody else, until nothing more goes in."""
    if what == "inodes":
        count = 0
        try:
            while True:
                (disk / f"other-{count}").touch()
                count += 1
        except OSError:
            return
    descriptor = os.open(disk / "other", os.O_WRONLY | os.O_CREAT)
    piece = 1 << 20
    while piece:
        try:
            if os.write(descriptor, b"x" * piece) < piece:
                raise OSError
        except OSError:
            piece //= 2
    os.close(descriptor)


def empty(disk):
    for path in disk.glob("other*"):
        path.unlink()


def segments(netty):
    return sorted(path.name for path in (netty.spool / "contacts").glob("0*.journal"))


def filled_spool(sims, netty, db):
    """Four segments of contacts; all are loaded, but for the last edits."""
    sim = sims("contacts:600,users:20")
    db.create("contacts", "users")
    for _ in range(4):
        netty.extract("--segment-age", "1s", "--segment-size", "64K", "contacts", "users", sim=sim)
        netty.load(db=db)
        sim.edit("contacts", 200)
        sim.edit("users", 5)
    return sim


@pytest.mark.parametrize("what", ["bytes", "inodes"])
@pytest.mark.parametrize("how", ["load", "prune"])
def test_what_is_loaded_can_be_removed(sims, netty, db, disk, how, what):
    if disk is None:
        return
    sim = filled_spool(sims, netty, db)
    before = segments(netty)
    assert len(before) > 1 and (netty.spool / "reserve").stat().st_size == 256 << 10
    fill(disk, what)
    run = netty.extract("contacts", "users", sim=sim, code=None)
    assert run.code in (0, 74), run
    time.sleep(2)  # all that is loaded is older than a second then
    if how == "load":
        run = netty.load(*OLD, db=db, code=None)
        assert run.code in (0, 74), run
        run = netty.load(*OLD, db=db, code=None)
    else:
        run = netty.spool_tool("prune", *OLD, db=db, code=None)
    assert run.code in (0, 74), run
    assert len(segments(netty)) < len(before), run
    empty(disk)
    netty.extract("contacts", "users", sim=sim)
    netty.load(*OLD, db=db)
    assert_synced(sim, db, "contacts", "users")
    assert (netty.spool / "reserve").stat().st_size == 256 << 10, "it is kept again"
    netty.spool_tool("verify")


@pytest.mark.parametrize("what", ["bytes", "inodes"])
def test_filled_at_each_step(sims, netty, db, disk, what):
    """Full from the first fetch on, then between fetching and loading: every run says so, and nothing is lost."""
    if disk is None:
        return
    sim = sims("contacts:300,users:20")
    db.create("contacts", "users")
    disk_full = "No space left"
    fill(disk, what)
    run = netty.extract("contacts", "users", sim=sim, code=None)
    assert run.code in (73, 74) and disk_full in run.err, run
    empty(disk)
    netty.extract("contacts", "users", sim=sim)
    fill(disk, what)
    run = netty.load(db=db, code=None)
    assert run.code in (0, 74) and (run.code == 0 or disk_full in run.err), run
    sim.edit("contacts", 100)
    run = netty.extract("contacts", "users", sim=sim, code=None)
    assert run.code in (0, 74), run
    for command in (("status",), ("ls",), ("verify",), ("dead",)):
        run = netty.spool_tool(*command, code=None)
        assert run.code in (0, 65, 69, 74), run
    empty(disk)
    netty.extract("contacts", "users", sim=sim)
    netty.load(db=db)
    assert_synced(sim, db, "contacts", "users")
    netty.spool_tool("verify")


@pytest.mark.parametrize("what", ["bytes", "inodes"])
def test_what_is_known_of_a_load_is_not_lost_silently(sims, netty, db, disk, what):
    """Neither room nor reserve is left for what is loaded: 74, for nothing can be pruned then. The rows are in."""
    if disk is None:
        return
    sim = sims("contacts:300,users:20")
    db.create("contacts", "users")
    netty.extract("contacts", "users", sim=sim)
    (netty.spool / "reserve").unlink()
    fill(disk, what)
    run = netty.load("--json", db=db, code=74)
    assert [row["inserted"] for row in run.json().values()] == [300, 20]
    assert "cannot be told what" in run.err and "No space left" in run.err, run
    assert_synced(sim, db, "contacts", "users")
    empty(disk)
    netty.load(db=db)
    assert all((netty.spool / table / "loaded.json").exists() for table in ("contacts", "users"))


@pytest.mark.parametrize("every", [(), ("--every", "300d"), ("--follow",)])
def test_a_file_that_cannot_be_replaced_is_told_at_the_end(sims, netty, db, every):
    sim = sims("contacts:30")
    db.create("contacts")
    netty.extract("contacts", sim=sim)
    (netty.spool / "contacts" / "loaded.json").mkdir()
    if not every:
        run = netty.load("--json", db=db, code=74)
        assert run.json()["contacts"]["inserted"] == 30 and "cannot be told what" in run.err, run
    else:
        process = netty.start("netty-load", *every, db=db)
        wait_for(lambda: "cannot be told what" in open(process.err_path).read(), "the error")
        assert process.poll() is None, "it stays"
        process.terminate()
        assert process.wait(timeout=60) == 74
    assert_synced(sim, db, "contacts")
    (netty.spool / "contacts" / "loaded.json").rmdir()
    netty.load(db=db)
    assert (netty.spool / "contacts" / "loaded.json").is_file()
