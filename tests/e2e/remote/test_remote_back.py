"""The way back: what the loader's machine leaves in the remote, and what the extractor's does by it."""
import json
import shutil

import pytest

from harness import assert_synced
from reconciles import Copy
from remotes import RCLONE, Remote, odd_rclone, pages, same
from spoolfile import sumline

pytestmark = pytest.mark.skipif(not RCLONE, reason="rclone is not installed")

SMALL = ("--segment-size", "16K")


@pytest.fixture
def remote(netty):
    return Remote(netty)


def loaded(spool, table="contacts"):
    path = spool / table / "loaded.json"
    return [json.loads(line) for line in path.read_text().splitlines()[1:]] if path.exists() else []


def place(spool, table="contacts"):
    return [(entry["segment"], entry["page"]) for entry in loaded(spool, table)]


def hurt(spool):
    data = spool / "contacts/0000000001.ndjson"
    text = bytearray(data.read_bytes())
    text[len(text) // 2] ^= 1
    data.write_bytes(text)


def segments(spool):
    return sorted(path.stem for path in (spool / "contacts").glob("*.journal"))


def test_the_extractor_needs_no_list_and_prunes_what_is_loaded_elsewhere(sims, netty, remote, db):
    sim = sims("contacts:300,users:40")
    db.create("contacts", "users")
    netty.extract("contacts", "users", *SMALL, sim=sim)
    before = segments(netty.spool)
    run = remote.round(db)
    assert "what was loaded elsewhere is known" in run.err
    assert place(netty.spool) == place(remote.pulled) != []
    assert segments(netty.spool) == before, "pages go after --spool-keep"
    sim.edit("contacts", 5)
    netty.extract(sim=sim)  # by the catalog
    remote.push("--spool-keep", "0s")
    assert len(segments(netty.spool)) < len(before)
    remote.pull()
    remote.load(db=db)
    assert_synced(sim, db, "contacts", "users")
    netty.spool_tool("verify")


def test_nothing_new_is_no_object(sims, netty, remote, db):
    sim = sims("contacts:30")
    db.create("contacts")
    netty.extract("contacts", sim=sim)
    remote.round(db)
    there = remote.backs()
    assert [len(numbers) for numbers in there.values()] == [1], "the older one is removed"
    remote.load(db=db)  # looks, and finds nothing
    remote.pull()
    remote.push()
    assert remote.backs() == there
    sim.edit("contacts", 1)
    netty.extract(sim=sim)
    remote.push()
    remote.pull()
    remote.load(db=db)
    remote.pull()
    remote.push()  # asks for the next number by its name
    assert place(netty.spool) == place(remote.pulled)


class Far(Copy):
    """A copy whose loader is elsewhere."""

    def load(self, *arguments, code=0, db=None):
        remote = Remote(self.netty)
        remote.push()
        remote.pull()
        run = remote.load("--json", *arguments, self.table, db=db or self.db, code=code)
        remote.pull()
        remote.push()
        return run


def test_deletions_are_found_by_way_of_the_remote(sims, netty, db):
    copy = Far(sims("contacts:300"), db, netty)
    gone = copy.delete(4)
    assert copy.cycle().json()["contacts"]["marked"] == 4
    assert set(copy.marked()) == gone


def test_a_request_is_not_lost_to_another_one(sims, netty, remote, db):
    """The pushed spool's own heal asks later, and for less."""
    sim = sims("contacts:120")
    netty.extract("contacts", "--limit", "20", sim=sim)
    remote.push()
    remote.pull()
    hurt(remote.pulled)
    netty.spool_tool("heal", "--spool", remote.pulled)
    wish = (remote.pulled / "contacts/wish.json").read_bytes()
    asked = json.loads(wish)
    own = {**asked, "asked": "2999-01-01T00:00:00.000000Z", "low": "2998-01-01T00:00:00.000000Z", "position": {"phase": "times"}}
    own.pop("sum")
    (netty.spool / "contacts/refetch.json").write_bytes(sumline(own))
    remote.push()
    remote.pull()
    assert (remote.pulled / "contacts/wish.json").read_bytes() == wish, "nobody was told yet"
    remote.look_anew()
    remote.push()
    both = json.loads((netty.spool / "contacts/refetch.json").read_text())
    assert both["position"] in (None, asked["position"])
    assert both["asked"] > own["asked"], "the extractor can be at the one before"
    remote.pull()
    assert not (remote.pulled / "contacts/wish.json").exists()


def test_a_page_that_is_damaged_where_it_was_pulled_is_fetched_again(sims, netty, remote, db):
    sim = sims("contacts:120")
    db.create("contacts")
    netty.extract("contacts", "--limit", "20", sim=sim)
    remote.push()
    remote.pull()
    hurt(remote.pulled)
    remote.load(db=db, code=65)
    netty.spool_tool("heal", "--spool", remote.pulled)
    assert (remote.pulled / "contacts/wish.json").exists()
    remote.pull()
    remote.push()
    assert (netty.spool / "contacts/refetch.json").exists()
    remote.pull()  # the wish has arrived
    assert not (remote.pulled / "contacts/wish.json").exists()
    netty.extract("contacts", sim=sim)
    assert not (netty.spool / "contacts/refetch.json").exists()
    remote.round(db)
    assert not (netty.spool / "contacts/refetch.json").exists(), "it was fulfilled"
    netty.spool_tool("verify", "--spool", remote.pulled)
    assert_synced(sim, db, "contacts")


def test_all_who_pull_must_have_it(sims, netty, remote, db):
    sim = sims("contacts:300")
    db.create("contacts")
    netty.extract("contacts", *SMALL, sim=sim)
    remote.push()
    second = netty.dir / "second"
    remote.pull(spool=second)
    remote.round(db)
    before = segments(netty.spool)
    assert len(remote.backs()) == 2
    remote.push("--spool-keep", "0s")
    assert segments(netty.spool) == before, "one of them has loaded nothing"
    netty.load("--spool", second, db=db)
    remote.pull(spool=second)
    remote.push("--spool-keep", "0s")
    assert len(segments(netty.spool)) < len(before)


def test_a_copy_of_a_pulled_spool_gets_a_name_of_its_own(sims, netty, remote, db):
    sim = sims("contacts:60")
    db.create("contacts")
    netty.extract("contacts", sim=sim)
    remote.push()
    remote.pull()
    copy = netty.dir / "copy"
    shutil.copytree(remote.pulled, copy, symlinks=True)
    remote.load(db=db)
    netty.load("--spool", copy, db=db)
    remote.pull()
    remote.pull(spool=copy)
    assert sorted(map(len, remote.backs().values())) == [1, 2]
    remote.check_names()
    remote.push()
    remote.pull()
    remote.pull(spool=copy)
    remote.check_names()


def test_a_place_that_was_emptied_knows_its_pullers_again(sims, netty, remote, db):
    sim = sims("contacts:60")
    db.create("contacts")
    netty.extract("contacts", sim=sim)
    remote.round(db)
    before = set(remote.backs())
    shutil.rmtree(remote.dir)
    sim.edit("contacts", 2)
    netty.extract(sim=sim)
    remote.push()
    remote.round(db)
    assert len(remote.backs()) == 1 and not set(remote.backs()) & before
    notes = [path.name for path in (netty.spool / ".push").glob("*.back.*.json")]
    assert len(notes) == 1 and set(remote.backs()) == {notes[0].split(".")[2]}


def test_a_put_that_nobody_knows_the_end_of(sims, netty, remote, db):
    """tests/crash/matrix.py has the other points."""
    sim = sims("contacts:60")
    db.create("contacts")
    netty.extract("contacts", sim=sim)
    remote.push()
    remote.pull()
    remote.load(db=db)
    for _ in range(2):
        assert remote.pull(env={"NETTY_FAULT": "back-put"}, code=None).code != 0
        remote.check_names()
    remote.pull()
    remote.push()
    assert place(netty.spool) == place(remote.pulled) != []
    assert len(remote.backs()) == 1


def test_who_may_only_read_pulls_all_the_same(sims, netty, remote, db):
    netty.extract("contacts", sim=sims("contacts:30"))
    remote.push()
    env = odd_rclone(netty.dir / "bin", '[ -z "$PUT" ] || { echo "AccessDenied: 403" >&2; exit 1; }')
    run = remote.pull(env=env)
    assert "is not told what is loaded" in run.err
    same(netty.spool, remote.pulled)
    assert remote.backs() == {}


def test_an_object_of_no_use_is_passed_over(sims, netty, remote, db):
    sim = sims("contacts:60")
    db.create("contacts")
    netty.extract("contacts", sim=sim)
    remote.round(db)
    path, = remote.dir.glob("back/*/*.netty")
    (path.parent / "0000000009.netty").write_bytes(path.read_bytes()[:-1])
    remote.look_anew()
    assert "passed over" in remote.push().err
    (path.parent / "0000000009.netty").unlink()
    other = remote.dir / "back" / ("ab" * 16)  # of this spool, but none that this puller put
    other.mkdir()
    shutil.copy(path, other)
    remote.look_anew()
    assert "passed over" in remote.push().err
    assert place(netty.spool) == place(remote.pulled) and pages(netty.spool)["contacts"]


def test_who_may_not_put_any_more_does_not_ask_more_each_time(sims, netty, remote, db):
    sim = sims("contacts:30")
    db.create("contacts")
    netty.extract("contacts", sim=sim)
    remote.round(db)
    sim.edit("contacts", 1)
    netty.extract(sim=sim)
    remote.push()
    remote.pull()
    remote.load(db=db)
    calls = netty.dir / "calls"
    env = odd_rclone(netty.dir / "bin", f'echo "$COMMAND" >> {calls}\n[ -z "$PUT" ] || {{ echo "AccessDenied: 403" >&2; exit 1; }}')
    remote.pull(env=env)
    asked = []
    for _ in range(4):
        calls.write_text("")
        assert "is not told what is loaded" in remote.pull(env=env).err
        asked.append(calls.read_text().split())
    assert asked == [asked[0]] * 4


def test_all_older_objects_go_however_many_there_were(sims, netty, remote, db):
    sim = sims("contacts:30")
    db.create("contacts")
    netty.extract("contacts", sim=sim)
    remote.push()
    for _ in range(19):
        assert remote.pull(env={"NETTY_FAULT": "back-put"}, code=None).code != 0
    assert [len(numbers) for numbers in remote.backs().values()] == [19]
    for _ in range(2):
        sim.edit("contacts", 1)
        netty.extract("contacts", sim=sim)
        remote.round(db)
    assert [len(numbers) for numbers in remote.backs().values()] == [1]


def test_a_file_that_is_too_large_to_go_along_is_told(sims, netty, remote):
    netty.extract("contacts", sim=sims("contacts:30"))
    for name in ("roll.ndjson", "dead-extract.ndjson"):
        with open(netty.spool / "contacts" / name, "wb") as file:
            file.truncate((64 << 20) + 1)
    run = remote.push()
    assert "contacts/roll.ndjson" in run.err and "run netty-load on this machine" in run.err
    assert "contacts/dead-extract.ndjson" in run.err
    remote.pull()
    assert not (remote.pulled / "contacts/roll.ndjson").exists()
    with open(remote.pulled / "contacts/missing.json", "wb") as file:
        file.truncate((64 << 20) + 1)
    run = remote.pull()
    assert "contacts/missing.json" in run.err and "run netty-load there" in run.err


def test_what_is_damaged_and_keeps_loaded_pages_is_told(sims, netty, remote, db):
    sim = sims("contacts:120")
    db.create("contacts")
    netty.extract("contacts", *SMALL, sim=sim)
    remote.round(db)
    before = segments(netty.spool)
    note, = (netty.spool / ".push").glob("*.back.*.json")
    good = note.read_bytes()
    note.write_bytes(good.replace(b"netty", b"Netty"))
    run = netty.spool_tool("prune", "--spool-keep", "0s", db=db, code=65)
    assert note.name in run.err and "loaded.json" not in run.err
    remote.look_anew()
    remote.push()  # takes the newest object again
    note.read_bytes().index(b"netty")
    told = netty.spool / "contacts/loaded.json"
    told.write_bytes(told.read_bytes().replace(b"netty", b"Netty"))
    run = remote.push("--spool-keep", "0s")
    assert "a damaged loaded.json keeps tables from being pruned" in run.err
    assert segments(netty.spool) == before


def test_another_place_than_before_has_to_hold_what_was_pulled(sims, netty, remote, db):
    """A wrong name brought nothing, with 0 each time, and a new puller to both places."""
    sim = sims("contacts:60")
    db.create("contacts")
    netty.extract("contacts", sim=sim)
    remote.round(db)
    there = remote.backs()
    wrong, other = netty.dir / "wrong", netty.dir / "other"
    netty.spool_tool("push", other)
    for place_ in (wrong, other):
        run = netty.spool_tool("pull", place_, "--spool", remote.pulled, code=78)
        assert str(place_) in run.err and f"from {remote.url}" in run.err
        assert not (place_ / "back").exists()
    remote.pull()
    assert remote.backs() == there
    moved = netty.dir / "moved"
    remote.dir.rename(moved)
    netty.spool_tool("pull", moved, "--spool", remote.pulled)
