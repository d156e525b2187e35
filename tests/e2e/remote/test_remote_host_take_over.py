"""netty-spool pull --take-over of all accounts of a machine: another one goes on extracting where the last push was."""
import shutil

import pytest

from harness import is_synced
from remotes import RCLONE, same
from test_accounts import make_schemas
from test_accounts_together import accounts, extract, rows
from test_remote_host import NAMES, SMALL, Host

pytestmark = pytest.mark.skipif(not RCLONE, reason="rclone is not installed")

POINTS = ("pull-done", "take-over-account-noted", "take-over-account-noted:2", "take-over-noted", "host-push-kept", "push-noted", "push-put",
          "push-confirmed", "host-push-confirmed", "take-over-pushed", "back-left", "take-over-told", "taken-over", "taken-over-account",
          "taken-over-account:2")


class Machines(Host):
    """The old machine's accounts are in netty.spool, the loader's in `pulled`, those of the one that takes over in `fresh`."""

    def __init__(self, netty, found, **keywords):
        super().__init__(netty, found, quick=True, **keywords)
        self.fresh = netty.dir / "fresh"

    def take_over(self, spool=None, **keywords):
        run = self.pull("--take-over", spool=spool or self.fresh, **keywords)
        self.check_names()
        return run

    def extract(self, *arguments, **keywords):
        return extract(self.netty, "--spool", self.fresh, *SMALL, *arguments, **keywords)

    def same_there(self, spool=None):
        self.same(spool=spool or self.fresh)


@pytest.fixture
def host(sims, netty):
    found = accounts(netty, sims, "contacts:60,users:5", NAMES)
    for _ in range(3):  # until the same is shown again
        extract(netty, *SMALL)
    return Machines(netty, found)


def begin(host, db=None):
    """Pushed and loaded, then more is pushed, then fetched what nobody has pushed."""
    host.push()
    host.pull()
    if db:
        make_schemas(db, *NAMES)
        host.netty.load("--create-tables", "--spool", host.pulled, db=db)
        host.pull()
        host.look_anew()
    host.change("lyon", "nice")
    host.push()
    host.change(*NAMES)


def assert_loaded(host, db):
    run = host.netty.load("--json", "--create-tables", "--spool", host.pulled, db=db)
    assert {row["code"] for row in rows(run).values()} == {0}
    for name in NAMES:
        db.query(f"SET search_path TO {name}")
        assert is_synced(host.found[name], db, "contacts", "users"), name


def test_they_go_on_where_the_last_push_was(netty, host, db):
    """The old machine has fetched more than it has pushed, and is gone."""
    begin(host, db)
    conf = netty.dir / "netty.conf"
    conf.write_text(conf.read_text().replace("tables = contacts,users\n", ""))  # by the catalog, which came back from the loader's machine
    run = host.take_over()
    assert "the spool is this machine's from here on" in run.err
    for name in NAMES:
        assert (host.fresh / name / "taken-over.json").exists() and not (host.fresh / name / "pull.json").exists()
        assert (host.fresh / name / "contacts/loaded.json").exists(), "what is loaded came along"
        host.found[name].edit("users", 2)
    run = host.extract("--json")
    for name, row in rows(run).items():
        assert row["code"] == 0 and row["requests"] <= 8 and row["records"] < 60, (name, row)
    host.push(spool=host.fresh)
    host.pull()  # the loader's machine goes on from the same place
    host.same_there()
    assert_loaded(host, db)
    for name in NAMES:
        for spool in host.fresh, host.pulled:
            netty.spool_tool("verify", "--account", name, "--spool", spool)
    # It is a machine that pushes as any other: a quiet run, the way back, no pull into its folder.
    assert host.told(spool=host.fresh)["objects"] == 0
    assert "taken over" in host.pull(spool=host.fresh, code=78).err


def test_the_old_machine_is_refused_by_name(netty, host):
    begin(host)
    host.take_over()
    before = host.objects()
    for _ in range(2):
        assert "another machine pushes there" in host.push(code=78).err
    assert host.objects() == before
    host.extract()
    host.push(spool=host.fresh)
    host.pull()
    host.same_there()
    # It can take over again, in a folder of its own, and be what it was.
    old = netty.dir / "old"
    host.take_over(spool=old)
    host.found["nice"].edit("contacts", 3)
    host.extract()
    assert "another machine pushes there" in host.push(spool=host.fresh, code=78).err
    extract(netty, "--spool", old, *SMALL)
    host.push(spool=old)
    host.pull()
    host.same_there(old)


def test_it_is_repeated_without_harm(netty, host):
    begin(host)
    for _ in range(3):
        host.take_over()
    assert len(host.objects()) == 3
    host.found["paris"].edit("contacts", 3)
    host.extract()
    host.take_over()  # as push: what is new goes
    assert len(host.objects()) == 4
    host.pull()
    host.same_there()


@pytest.mark.parametrize("point", POINTS)
def test_it_may_die_anywhere(netty, host, db, point):
    begin(host, db)
    assert host.take_over(env={"NETTY_FAULT": point}, code=None).code == -9, f"{point} was not passed"
    if not point.startswith("taken-over"):
        run = netty.extract("--json", "--spool", host.fresh, code=None)
        assert "pulled" in "".join(str(row["says"]) for row in rows(run).values())
    host.take_over()
    host.found["lyon"].edit("contacts", 3)
    host.extract()
    host.push(spool=host.fresh)
    assert "another machine pushes there" in host.push(code=78).err
    host.pull()
    host.same_there()
    assert_loaded(host, db)


@pytest.mark.parametrize("point", ["take-over-account-noted", "take-over-noted", "push-noted"])
def test_the_old_machine_may_be_faster(netty, host, db, point):
    """It pushes while the take-over lies dead: what it has pushed is pulled, and the next number taken."""
    begin(host, db)
    assert host.take_over(env={"NETTY_FAULT": point}, code=None).code == -9
    host.push()
    host.change("nice")
    host.take_over()
    assert len(host.objects()) == 4
    assert "another machine pushes there" in host.push(code=78).err
    host.extract()
    host.push(spool=host.fresh)
    host.pull()
    host.same_there()
    assert_loaded(host, db)


def test_accounts_that_are_extracted_into_are_none_to_take_over(netty, host):
    begin(host)
    before = host.objects()
    assert "nothing to take over" in host.take_over(spool=netty.spool, code=78).err
    assert host.objects() == before and not (netty.spool / ".pull").exists()
    assert "nothing was pushed" in netty.spool_tool("pull", "--take-over", netty.dir / "void", "--spool", netty.dir / "new", code=66).err
    assert "--every" in host.take_over(code=64, env={"NETTY_EVERY": "1s"}).err


def test_an_account_that_cannot_be_pulled_or_pushed_stops_all(netty, host):
    begin(host)
    host.pull(spool=host.fresh)
    kept = (host.fresh / "nice/spool.json").read_bytes()
    (host.fresh / "nice/spool.json").write_text("nothing\n")
    assert "nice" in host.take_over(code=65).err
    run = netty.extract("--json", "--spool", host.fresh, code=None)
    assert "pulled" in str(rows(run)["lyon"]["says"])
    (host.fresh / "nice/spool.json").write_bytes(kept)
    host.take_over()
    host.extract()
    host.push(spool=host.fresh)
    host.pull()
    host.same_there()


def test_a_missing_object_is_no_place_to_take_over(netty, host):
    begin(host)
    host.push()
    away = netty.dir / "away"
    (host.dir / "0000000002.netty").rename(away)
    before = host.objects()
    assert "object 2 is missing" in host.take_over(code=65).err
    assert host.objects() == before
    away.rename(host.dir / "0000000002.netty")
    host.take_over()
    for name in NAMES:
        same(netty.spool / name, host.fresh / name)


def test_the_configuration_may_have_other_accounts(sims, netty, host):
    """One that is not configured here comes along, with a word; one that is new begins."""
    begin(host)
    conf = netty.dir / "netty.conf"
    text = conf.read_text()
    head, lyon, rest = text.split("[account ", 2)
    conf.write_text(head + "[account " + rest)
    assert "none of this machine's configuration" in host.take_over().err
    assert (host.fresh / "lyon/taken-over.json").exists()
    host.extract()
    host.push(spool=host.fresh)
    conf.write_text(text)
    row = rows(host.extract("--json"))["lyon"]
    assert row["code"] == 0 and row["records"] < 60, "it was begun anew"
    host.push(spool=host.fresh)
    host.pull()
    host.same_there()


def test_the_loaders_machine_takes_over_what_it_asked_for(netty, host, db):
    begin(host, db)
    host.push()
    host.pull()
    path = next(iter(sorted((host.pulled / "nice/contacts").glob("0000000001.ndjson*"))))
    text = bytearray(path.read_bytes())
    text[len(text) // 2] ^= 1
    path.write_bytes(text)
    netty.spool_tool("heal", "--account", "nice", "--spool", host.pulled)
    assert (host.pulled / "nice/contacts/wish.json").exists() and len(host.backs()) == 1
    host.take_over(spool=host.pulled, code=None)
    assert not (host.pulled / "nice/contacts/wish.json").exists() and (host.pulled / "nice/contacts/refetch.json").exists()
    assert host.backs() == {}
    extract(netty, "--spool", host.pulled, *SMALL)
    netty.spool_tool("verify", "--account", "nice", "--spool", host.pulled)
    host.push(spool=host.pulled)
    fresh = Machines(netty, host.found, pulled="third")
    fresh.pull()
    fresh.same("lyon", "paris", spool=host.pulled)
    netty.spool_tool("verify", "--account", "nice", "--spool", fresh.pulled)
