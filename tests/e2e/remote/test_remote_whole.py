"""Once a day everything is pushed again in one object, and what it replaces is removed: of one spool, and of all accounts of a machine."""
import shutil

import pytest

from remotes import RCLONE, Remote, edit_lines, note_of, same
from test_accounts import make_schemas
from test_accounts_together import accounts, extract
from test_remote_host import NAMES, SMALL, Host

pytestmark = pytest.mark.skipif(not RCLONE, reason="rclone is not installed")

LONG_AGO = "2024-01-01T00:00:00.000000Z"


class Days:
    """What both kinds have."""

    def a_day(self, spool=None):
        edit_lines(note_of(spool or self.netty.spool)[0], whole_at=LONG_AGO)

    def note(self):
        return note_of(self.netty.spool)[1][0]

    def numbers(self):
        return [int(name.split(".")[0]) for name in self.objects()]

    def beginning(self):
        """The numbers of the objects that hold everything anew."""
        return [n for n in self.numbers() if f'"whole":{n},'.encode() in (self.dir / f"{n:010}.netty").read_bytes().split(b"\n")[0]]

    def news(self):
        self.change()
        self.push()

    def told(self):
        """Pulled, told, and taken."""
        self.pull()
        self.look_anew()
        self.push()

    def look_now(self, folder):
        """Has a pull list the names, as it does once an hour."""
        edit_lines(folder / self.pull_note, listed=LONG_AGO)


class One(Days, Remote):
    pull_note = "pull.json"

    def __init__(self, netty, sims, pulled="pulled"):
        super().__init__(netty, pulled=pulled, quick=True)
        self.sim = sims("contacts:60,users:5") if sims else None
        if sims:
            netty.extract("contacts", "users", *SMALL, sim=self.sim)

    def change(self):
        self.sim.edit("contacts", 3)
        self.netty.extract("contacts", "users", *SMALL, sim=self.sim)

    def same(self):
        same(self.netty.spool, self.pulled)

    def other(self, pulled):
        return One(self.netty, None, pulled)


class All(Days, Host):
    pull_note = ".pull/pull.json"

    def __init__(self, netty, found, pulled="pulled"):
        super().__init__(netty, found, pulled=pulled, quick=True)

    def change(self, *names):
        super().change(*(names or ("lyon", "nice")))

    def told(self):  # not the one of Host, which is of a push
        Days.told(self)

    def other(self, pulled):
        return All(self.netty, self.found, pulled)


def all_accounts(sims, netty):
    found = accounts(netty, sims, "contacts:60,users:5", NAMES)
    for _ in range(3):  # until the same is shown again
        extract(netty, *SMALL)
    return All(netty, found)


@pytest.fixture(params=("one", "all"))
def place(request, sims, netty):
    if request.param == "one":
        return One(netty, sims)
    return all_accounts(sims, netty)


def test_once_a_day_everything_goes_again_and_replaces_what_was_before(place):
    place.push()
    for _ in range(4):
        place.news()
    place.pull()
    assert place.beginning() == [1] and place.numbers() == [1, 2, 3, 4, 5]
    place.a_day()
    place.news()
    assert place.beginning() == [1, 6], "with the next news"
    assert len(place.numbers()) == 6, "nobody has said yet that it is there"
    place.news()
    assert place.beginning() == [1, 6], "once"
    place.told()
    assert place.numbers()[0] == 6 and place.note()["kept"] == 6
    place.pull()
    place.same()
    # A fresh machine gets everything, and goes on.
    fresh = place.other("fresh")
    fresh.pull()
    fresh.same()
    place.news()
    for here in place, fresh:
        here.pull()
        here.same()
    # Each day again, and what is there does not grow.
    for _ in range(3):
        for _ in range(3):
            place.news()
        place.a_day()
        place.news()
        for here in fresh, place:
            here.told()
        place.told()
        assert len(place.beginning()) == 1 and len(place.numbers()) <= 6
    for here in place, fresh:
        here.pull()
        here.same()


def test_what_a_puller_lacks_stays(place):
    place.push()
    behind = place.other("behind")
    behind.told()
    place.told()
    for _ in range(3):
        place.news()
        place.pull()
    place.a_day()
    place.news()
    place.told()
    assert place.numbers()[0] == 1
    behind.told()
    assert place.numbers()[0] == place.beginning()[-1] > 1
    behind.pull()
    behind.same()
    # One that was silent for long is not waited for; it takes what holds everything.
    for _ in range(3):
        place.news()
    place.a_day()
    place.news()
    place.told()
    assert len(place.beginning()) == 2
    for path in (place.netty.spool / ".push").glob("*.back.*.json"):
        edit_lines(path, written="2999-01-01T00:00:00.000000Z")
    first = sorted((place.netty.spool / ".push").glob("*.back.*.json"))
    assert len(first) == 2
    place.push("--forget-after", "1s")
    assert len(place.beginning()) == 2
    for path in first:
        edit_lines(path, written=LONG_AGO)
    place.push("--forget-after", "1s")
    assert len(place.beginning()) == 1
    place.look_now(behind.pulled)
    for here in place, behind:
        here.look_now(here.pulled)
        here.pull()
        here.same()


def test_who_lacks_objects_takes_the_one_that_holds_everything(place):
    """One that may only read, of which nothing comes back: it is not waited for."""
    place.push()
    place.pull()
    for _ in range(3):
        place.news()
    place.forget("0000000002.netty")
    place.look_now(place.pulled)
    assert "object 2 is missing" in place.pull(code=65).err
    assert "object 2 is missing" in place.pull(code=65).err
    place.a_day()
    place.news()
    assert "holds everything anew" in place.pull().err
    place.same()
    assert place.pull().code == 0
    # Also where objects between it and the last one are missing no more, or those before it are there.
    place.news()
    fresh = place.other("fresh")
    place.forget("0000000001.netty")
    fresh.pull()
    fresh.same()


POINTS = ("push-object", "push-noted", "push-put", "push-confirmed", "object-removed", "host-push-kept", "host-push-confirmed")


@pytest.mark.parametrize("point", POINTS)
def test_a_push_of_everything_killed_anywhere(place, point):
    place.push()
    place.pull()
    for _ in range(2):
        place.news()
        place.told()
    place.a_day()
    place.change()
    place.push(env={"NETTY_FAULT": point}, code=None)
    place.push(env={"NETTY_FAULT": f"{point}:2"}, code=None)
    place.news()
    place.told()
    place.push(env={"NETTY_FAULT": point}, code=None)
    place.told()
    assert len(place.beginning()) == 1 and place.numbers()[0] == place.beginning()[0] > 1
    fresh = place.other("fresh")
    for here in place, fresh:
        here.pull()
        here.same()


def test_it_is_loaded_as_before(netty, place, db):
    if isinstance(place, One):
        db.create("contacts", "users")
    else:
        make_schemas(db, *NAMES)
    place.push()
    place.pull()
    netty.load("--create-tables", "--spool", place.pulled, db=db)
    place.told()
    place.push("--spool-keep", "0s")
    for _ in range(3):
        place.news()
        place.pull()
        netty.load("--spool", place.pulled, "--spool-keep", "0s", db=db)  # pruned there
        place.told()
        place.push("--spool-keep", "0s")
        place.a_day()
    place.news()
    place.pull()
    run = netty.load("--json", "--spool", place.pulled, db=db)
    assert '"gaps":1' not in run.out
    fresh = place.other("fresh")
    place.told()
    fresh.pull()
    assert place.numbers()[0] > 1


def test_an_account_that_is_left_out_keeps_the_objects_before(sims, netty):
    place = all_accounts(sims, netty)
    place.push()
    for _ in range(4):
        place.news()
    place.told()
    kept = (netty.spool / "nice/spool.json").read_bytes()
    (netty.spool / "nice/spool.json").write_text("nothing\n")
    place.a_day()
    place.found["lyon"].edit("contacts", 3)
    netty.extract(*SMALL, code=None)
    place.push(code=65)
    assert place.beginning() == [1, 6]
    place.pull(), place.look_anew(), place.push(code=65)
    assert place.numbers()[0] == 1
    (netty.spool / "nice/spool.json").write_bytes(kept)
    place.news()  # it has all of its part in this one
    place.told()
    assert place.numbers()[0] == 6
    fresh = place.other("fresh")
    for here in place, fresh:
        here.pull()
        here.same()


def test_an_account_that_stays_behind_needs_only_the_whole_one(sims, netty):
    place = all_accounts(sims, netty)
    place.push()
    place.told()
    (place.pulled / "nice").rename(place.pulled / "away")
    (place.pulled / "nice").write_text("in the way")
    for _ in range(2):
        place.news()
        place.pull(code=None)
    place.a_day()
    place.news()
    place.pull(code=None)
    place.look_anew()
    place.push()
    assert place.numbers() == [3, 4], "from the whole one on it has all that it needs"
    (place.pulled / "nice").unlink()
    (place.pulled / "away").rename(place.pulled / "nice")
    for _ in range(2):
        place.pull()
        place.look_anew()
        place.push()
    place.same()
    assert place.numbers()[0] == 4


def test_an_account_whose_objects_are_gone_catches_up_with_the_next_whole(sims, netty):
    place = all_accounts(sims, netty)
    place.push()
    place.pull()
    (place.pulled / "nice").rename(place.pulled / "away")
    (place.pulled / "nice").write_text("in the way")
    place.news()
    place.pull(code=None)
    place.news()
    place.a_day()
    place.news()
    place.forget("0000000002.netty")
    place.forget("0000000003.netty")
    place.pull(code=None)
    (place.pulled / "nice").unlink()
    (place.pulled / "away").rename(place.pulled / "nice")
    place.look_now(place.pulled)
    place.pull(code=None)
    place.pull()
    place.same()
    shutil.rmtree(place.pulled)
