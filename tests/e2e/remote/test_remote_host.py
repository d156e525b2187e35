"""All accounts of a machine in one chain of objects: netty-spool push and pull without --account."""
import json
import shutil
import signal
from collections import Counter

import pytest

from harness import is_synced, wait_for
from remotes import RCLONE, Remote, edit_lines, note_of, odd_rclone, pages, same
from stores import CHEAP, DEAR, CountingStore
from test_accounts import make_schemas
from test_accounts_together import accounts, assert_account_synced, events, extract, rows

pytestmark = pytest.mark.skipif(not RCLONE, reason="rclone is not installed")

NAMES = ("lyon", "nice", "paris")
SMALL = ("--segment-size", "16K")
PUSH_POINTS = ("push-object", "host-push-kept", "push-noted", "push-put", "push-confirmed", "host-push-confirmed")
PULL_POINTS = ("pull-got", "host-pull-noted", "pull-records-synced", "pull-journal-created", "pull-segment-created",
               "pull-lines-written", "acked-written", "host-pull-account", "pull-applied", "pull-done")
JSON_LOG = {"NETTY_LOG_FORMAT": "json"}


class Host(Remote):
    """A place, and the folder of the accounts' pulled spools."""

    def __init__(self, netty, found, *arguments, **keywords):
        super().__init__(netty, *arguments, **keywords)
        self.found = found

    def told(self, *arguments, **keywords):
        return json.loads(self.push("--json", *arguments, **keywords).out)

    def same(self, *names, spool=None):
        """But for the last pages that bring nothing new: they tell how far a quiet table is, and go with the next news, or within the hour."""
        for name in names or self.found:
            there, here = (pages(folder / name, "contacts", "users") for folder in (spool or self.netty.spool, self.pulled))
            for table in there:
                n = len(here[table])
                last = [page.records for page in here[table] if page.records][-1]
                assert n > 0 and here[table] == there[table][:n], (name, table)
                assert all(page.records in ([], last) for page in there[table][n:]), (name, table)

    def change(self, *names, n=3):
        for name in names:
            self.found[name].edit("contacts", n)
        extract(self.netty, *SMALL)

    def pass_an_hour(self):
        edit_lines(note_of(self.netty.spool)[0], all="2024-01-01T00:00:00.000000Z", written="2024-01-01T00:00:00.000000Z")


@pytest.fixture
def host(sims, netty):
    found = accounts(netty, sims, "contacts:60,users:5", NAMES)
    for _ in range(3):  # until the same is shown again
        extract(netty, *SMALL)
    return Host(netty, found)


def test_one_object_a_run_for_all_accounts(netty, host, db):
    assert host.told()["objects"] == 1 and host.objects() == ["0000000001.netty"]
    host.pull()
    host.same()
    for name in NAMES:
        assert not (host.pulled / name / ".push").exists() and (host.pulled / name / "pull.json").exists()
    make_schemas(db, *NAMES)
    run = netty.load("--json", "--create-tables", "--spool", host.pulled, db=db)
    assert {name: row["code"] for name, row in rows(run).items()} == dict.fromkeys(NAMES, 0)
    for name in NAMES:
        assert_account_synced(host.found[name], db, name, "contacts", "users")
    # What is new in two of three goes in one object, and nothing of the third.
    host.change("lyon", "paris")
    told = host.told()
    assert told["objects"] == 1 and told["last"] == 2 and told["pages"] <= 8
    assert b'"account":"nice"' not in items(host.dir / host.objects()[-1])
    pulled = json.loads(host.pull("--json").out)
    assert (pulled["objects"], pulled["pages"]) == (1, told["pages"])
    host.same()
    # An extractor is kept away from each of them.
    run = netty.extract("--json", "--spool", host.pulled, code=78)
    assert {row["code"] for row in rows(run).values()} == {78} and "pulled" in rows(run)["nice"]["says"]


def items(path):
    """The content of an object: all lines between the first and the last one, unpacked."""
    import subprocess
    data = path.read_bytes()
    frame = data[data.index(b"\n") + 1:data.rindex(b'{"end":')]
    return subprocess.run(["zstd", "-dc", "--memory=16MB"], input=frame, capture_output=True, check=True).stdout


def test_a_quiet_run_pushes_nothing_but_a_sign_of_life_an_hour_for_all(netty, host):
    extract(netty)
    host.push()
    for _ in range(2):
        extract(netty)
        assert host.told()["objects"] == 0
    host.pass_an_hour()
    assert host.told()["objects"] == 1 and host.told()["objects"] == 0
    # It has what tells how far each account is; one that had news meanwhile does not put it off.
    content = items(host.dir / host.objects()[-1])
    assert all(f'"account":"{name}"'.encode() in content for name in NAMES)
    host.change("lyon")
    assert host.told()["objects"] == 1
    host.pull()
    host.same()
    for name in NAMES:
        assert (host.pulled / name / "contacts/moved.json").exists() == (netty.spool / name / "contacts/moved.json").exists()


def test_a_push_killed_anywhere_is_made_good(netty, host):
    host.push()
    host.pull()
    for point in PUSH_POINTS:
        host.change("lyon", "nice")
        for times in "1", "2":
            host.push(env={"NETTY_FAULT": f"{point}:{times}"}, code=None)
    assert host.push().code == 0
    host.change("nice", "paris")
    host.push()
    host.pull()
    host.same()
    assert host.told()["objects"] == 0


@pytest.mark.parametrize("first", (True, False), ids=("first", "later"))
def test_a_pull_killed_anywhere_is_repeated_without_harm(netty, host, first):
    host.push()
    if not first:
        host.pull()
    for point in PULL_POINTS:
        if not first:
            host.change(*NAMES)
            host.push()
        for times in "1", "2", "5":
            host.pull(env={"NETTY_FAULT": f"{point}:{times}"}, code=None)
    host.pull()
    host.same()
    for name in NAMES:
        netty.spool_tool("verify", "--account", name, "--spool", host.pulled)


def test_an_account_that_cannot_be_read_stops_no_other(netty, host):
    """Its identity, a journal's first line, its folder: it is left out, told, and comes with a later object."""
    whole = netty.dir / "whole"
    shutil.copytree(netty.spool / "nice", whole)
    (netty.spool / "nice/spool.json").write_text("nothing\n")
    run = host.push("--json", code=65, env=JSON_LOG)
    assert [line["account"] for line in events(run, "push") if line["level"] == "error"] == ["nice"]
    assert "account nice" in events(run, "stopped")[0]["error"]
    host.pull()
    host.same("lyon", "paris")
    assert not (host.pulled / "nice").exists()
    shutil.rmtree(netty.spool / "nice")
    shutil.copytree(whole, netty.spool / "nice")
    assert host.told()["objects"] == 1
    host.pull()
    host.same()
    # What is met in the middle of its part.
    host.change(*NAMES)
    newest = sorted((netty.spool / "nice/contacts").glob("*.journal"))[-1]
    kept = newest.read_bytes()
    newest.write_bytes(b"x" + kept[1:])
    host.push(code=65)
    host.push(code=65)
    host.pull()
    host.same("lyon", "paris")
    newest.write_bytes(kept)
    host.push()
    host.pull()
    host.same()
    # None at all yet is nothing to be told of.
    shutil.rmtree(netty.spool / "nice")
    host.change("lyon")
    host.push()


def test_an_account_that_cannot_be_written_catches_up(netty, host):
    host.push()
    host.pull()
    (host.pulled / "nice").rename(host.pulled / "away")
    (host.pulled / "nice").write_text("in the way")
    for _ in range(2):
        host.change(*NAMES)
        host.push()
        run = host.pull(code=None, env=JSON_LOG)
        assert run.code not in (0, 75) and {line["account"] for line in events(run, "pull") if line["level"] == "error"} == {"nice"}
        host.same("lyon", "paris")
    # An object in between that holds nothing of it, and a number that was given up.
    host.change("lyon")
    cut = odd_rclone(netty.dir / "bin", '[ -z "$PUT" ] || { head -c 300 "$FROM" >"$TO"; echo "timeout" >&2; exit 1; }')
    host.push(env=cut, code=69)
    host.seen.clear()
    host.push()
    run = host.pull(code=None)
    assert "nice" in run.err
    (host.pulled / "nice").unlink()
    (host.pulled / "away").rename(host.pulled / "nice")
    host.pull()
    host.same()
    assert json.loads(host.pull("--json").out)["objects"] == 0


def test_a_missing_object_that_an_account_needs_is_told(netty, host):
    host.push()
    host.pull()
    (host.pulled / "nice").rename(host.pulled / "away")
    (host.pulled / "nice").write_text("in the way")
    for _ in range(2):
        host.change(*NAMES)
        host.push()
        host.pull(code=None)
    host.forget("0000000002.netty")
    (host.pulled / "nice").unlink()
    (host.pulled / "away").rename(host.pulled / "nice")
    for _ in range(2):
        run = host.pull(code=65)
        assert "missing" in run.err and "nice" in run.err
        host.same("lyon", "paris")


def test_a_wiped_remote_gets_everything_of_all(netty, host):
    host.push()
    host.pull()
    host.change("lyon")
    host.push()
    for path in host.dir.glob("*.netty"):
        path.unlink()
    host.change("paris")
    run = host.push()
    assert "pushed anew" in run.err
    assert host.objects() == ["0000000003.netty"]
    edit_lines(host.pulled / ".pull/pull.json", listed="2024-01-01T00:00:00.000000Z")  # else it is looked for within the hour
    host.pull()
    host.same()
    fresh = Host(netty, host.found, pulled="fresh")
    fresh.pull()
    fresh.same()
    assert host.told()["objects"] == 0


def test_an_account_that_comes_later_has_all_in_the_next_object(sims, netty, host):
    conf = netty.dir / "netty.conf"
    text = conf.read_text()
    head, lyon, rest = text.split("[account ", 2)
    conf.write_text(head + "[account " + rest)
    host.push()
    conf.write_text(text)
    assert host.told()["objects"] == 1 and host.told()["objects"] == 0
    host.pull()
    host.same()


def test_an_account_that_gets_another_name_is_pushed_anew(netty, host):
    host.push()
    host.pull()
    conf = netty.dir / "netty.conf"
    conf.write_text(conf.read_text().replace("[account nice]", "[account nizza]"))
    (netty.spool / "nice").rename(netty.spool / "nizza")
    host.found["nizza"] = host.found.pop("nice")
    assert host.told()["objects"] == 1 and host.told()["objects"] == 0
    host.pull()
    host.same()


def test_a_pulled_folder_that_is_gone_is_not_begun_in_the_middle(netty, host):
    host.push()
    host.pull()
    (host.pulled / "nice").rename(host.pulled / "away")
    for _ in range(2):
        host.change(*NAMES)
        host.push()
        assert "is gone" in host.pull(code=78).err
        host.same("lyon", "paris")
        assert not (host.pulled / "nice").exists()
    (host.pulled / "away").rename(host.pulled / "nice")
    host.pull()
    host.same()


def test_both_kinds_of_chain_are_kept_apart(netty, host):
    host.push()
    alone = Host(netty, host.found, name="alone", pulled="single")
    alone.push("--account", "lyon")
    alone.pull("--account", "lyon")
    same(netty.spool / "lyon", alone.pulled / "lyon")
    host.change("lyon")
    before = host.objects(), alone.objects()
    for run in (host.push("--account", "lyon", code=78), alone.push(code=78)):
        assert str(run.err).count("account") and "nothing is left" not in run.err
    assert "leave --account out" in host.push("--account", "lyon", code=78).err
    assert "by itself" in alone.push(code=78).err
    # Also where this machine knows nothing of the place.
    elsewhere = netty.dir / "elsewhere"
    shutil.copytree(netty.spool, elsewhere)
    for path in [*elsewhere.glob(".push"), *elsewhere.glob("*/.push")]:
        shutil.rmtree(path)
    assert "leave --account out" in host.push("--account", "lyon", spool=elsewhere, code=78).err
    assert "holds the objects of one account" in alone.push(spool=elsewhere, code=78).err
    assert before == (host.objects(), alone.objects())
    # Pulled in the wrong way.
    assert "together" in host.pull("--account", "lyon", spool=netty.dir / "p1", code=78).err
    assert "pull it with --account" in alone.pull(spool=netty.dir / "p2", code=78).err
    (netty.dir / "netty.conf").rename(netty.dir / "off.conf")
    assert "together" in host.pull(spool=netty.dir / "p3", code=78).err
    (netty.dir / "off.conf").rename(netty.dir / "netty.conf")
    assert not list(netty.dir.glob("p?/*/contacts")) and not list(netty.dir.glob("p?/contacts"))
    # Into folders that were pulled in the other way.
    assert "by itself" in host.pull(spool=alone.pulled, code=78).err
    # The single chain goes on.
    alone.push("--account", "lyon")
    alone.pull("--account", "lyon")
    same(netty.spool / "lyon", alone.pulled / "lyon")
    assert "together" in host.pull("--take-over", "--account", "lyon", spool=netty.dir / "p4", code=78).err


def test_another_machine_is_refused(netty, host):
    host.push()
    copy = netty.dir / "copy"
    shutil.copytree(netty.spool, copy)
    host.change("lyon")
    host.push()
    extract(netty, "--spool", copy)
    assert "another machine" in host.push(spool=copy, code=78).err
    assert len(host.objects()) == 2


def test_an_account_knows_when_the_machine_was_heard_of_last(netty, host):
    """The verdict of each pulled account is by the host's sign of life, which no account's own note has."""
    host.push()
    host.pull()

    def verdicts():
        run = netty.spool_tool("status", "--json", "--spool", host.pulled, code=None)
        return {row["account"]: row["verdict"] for row in map(json.loads, run.out.splitlines())}
    for name in NAMES:  # an account without news for long
        edit_lines(host.pulled / name / "pull.json", written="2024-01-01T00:00:00.000000Z")
    assert "not_pushed" not in verdicts().values()
    edit_lines(host.pulled / ".pull/pull.json", written="2024-01-01T00:00:00.000000Z")
    assert set(verdicts().values()) == {"not_pushed"}


def test_what_is_not_pushed_is_not_pruned(netty, host, db):
    make_schemas(db, *NAMES)
    host.push()
    for _ in range(3):
        host.change(*NAMES, n=20)
    netty.load("--create-tables", db=db)
    before = pages(netty.spool / "lyon", "contacts")
    for name in NAMES:
        netty.spool_tool("prune", "--account", name, "--spool-keep", "0s", db=db)
    host.push()
    host.pull()
    assert pages(host.pulled / "lyon", "contacts") == before
    netty.spool_tool("prune", "--account", "lyon", "--spool-keep", "0s", db=db)
    assert len(pages(netty.spool / "lyon", "contacts")["contacts"]) < len(before["contacts"])


def told(netty, host, db, *arguments):
    """Loaded where it is pulled, told, and taken."""
    netty.load("--create-tables", "--spool", host.pulled, *arguments, db=db)
    host.pull()
    host.look_anew()
    return host.push()


def test_what_is_loaded_comes_back_in_one_object(netty, host, db):
    make_schemas(db, *NAMES)
    host.push()
    host.pull()
    run = told(netty, host, db)
    assert "what was loaded elsewhere is known" in run.err
    (puller, numbers), = host.backs().items()
    assert len(numbers) == 1, "those before the newest were removed"
    for name in NAMES:
        loaded = (netty.spool / name / "contacts/loaded.json").read_text()
        assert "database" in loaded and (netty.spool / name / "catalog.json").exists()
    # So no list of tables is needed, and what is loaded and old goes.
    conf = netty.dir / "netty.conf"
    conf.write_text(conf.read_text().replace("tables = contacts,users\n", ""))
    for _ in range(3):
        host.change(*NAMES, n=20)
        host.push()
        host.pull()
    before = {name: len(pages(netty.spool / name)["contacts"]) for name in NAMES}
    told(netty, host, db)
    host.push("--spool-keep", "0s")
    assert all(len(pages(netty.spool / name)["contacts"]) < before[name] for name in NAMES)
    host.pull()
    seen = host.backs()
    # Nothing new is told of nothing, and what changes for one is told in one object, of which the others take nothing again.
    for _ in range(2):
        host.push()
        host.pull()
    assert host.backs() == seen
    kept = (netty.spool / "nice/contacts/loaded.json").stat().st_mtime_ns
    host.change("lyon")
    host.push()
    host.pull()
    told(netty, host, db)
    assert len(host.backs()[puller]) == 1 and host.backs() != seen
    assert (netty.spool / "nice/contacts/loaded.json").stat().st_mtime_ns == kept


def test_what_a_puller_lacks_is_kept_for_all_accounts(netty, host, db):
    """Loaded here and by one puller; another one, which has pulled, has loaded nothing."""
    make_schemas(db, *NAMES)
    host.push()
    host.pull()
    other = Host(netty, host.found, pulled="other")
    other.pull()
    for _ in range(3):
        host.change(*NAMES, n=20)
        host.push()
        host.pull()
    before = {name: len(pages(netty.spool / name)["contacts"]) for name in NAMES}
    told(netty, host, db)
    host.push("--spool-keep", "0s")
    assert {name: len(pages(netty.spool / name)["contacts"]) for name in NAMES} == before


def test_the_way_back_killed_anywhere(netty, host, db):
    make_schemas(db, *NAMES)
    host.push()
    host.pull()
    netty.load("--create-tables", "--spool", host.pulled, db=db)
    for point in ("back-object", "back-noted", "back-put", "back-told"):
        host.pull(env={"NETTY_FAULT": f"{point}:1"}, code=None)
    host.pull()
    for point in ("back-got", "back-loaded", "host-back-account", "back-installed", "back-taken"):
        for times in "1", "2":
            host.look_anew()
            host.push(env={"NETTY_FAULT": f"{point}:{times}"}, code=None)
    host.look_anew()
    host.push()
    for name in NAMES:
        assert (netty.spool / name / "contacts/loaded.json").exists()


def test_an_account_that_cannot_be_told_stops_no_other(netty, host, db):
    make_schemas(db, *NAMES)
    host.push()
    host.pull()
    netty.load("--create-tables", "--spool", host.pulled, db=db)
    (host.pulled / "nice/spool.json").write_text("nothing\n")
    assert "nice" in host.pull(code=65).err
    (netty.spool / "paris/spool.json").rename(netty.dir / "kept")
    (netty.spool / "paris/spool.json").write_text("nothing\n")
    host.look_anew()
    assert "paris" in host.push(code=65).err
    assert {name: (netty.spool / name / "contacts/loaded.json").exists() for name in NAMES} == {
        "lyon": True, "nice": False, "paris": False}
    # It is taken by the next push, though nothing new was told meanwhile.
    (netty.dir / "kept").replace(netty.spool / "paris/spool.json")
    backs = host.backs()
    host.push()
    assert (netty.spool / "paris/contacts/loaded.json").exists() and host.backs() == backs


def test_load_pulls_all_accounts(netty, host, db):
    make_schemas(db, *NAMES)
    host.push()
    run = netty.load("--json", "--create-tables", "--spool", host.pulled, "--pull", host.url, db=db)
    assert {name: row["code"] for name, row in rows(run).items()} == dict.fromkeys(NAMES, 0)
    for name in NAMES:
        assert_account_synced(host.found[name], db, name, "contacts", "users")
    host.look_anew()
    assert "what was loaded elsewhere is known" in host.push().err, "it was told after the load"
    # The remote is away: what is there is loaded, and the code tells.
    host.change(*NAMES)
    host.push()
    host.pull()
    away = odd_rclone(netty.dir / "bin", 'echo "dial tcp: connection refused" >&2; exit 1')
    run = netty.load("--json", "--spool", host.pulled, "--pull", host.url, db=db, env=away, code=69)
    assert {name: row["code"] for name, row in rows(run).items()} == dict.fromkeys(NAMES, 0)
    for name in NAMES:
        assert_account_synced(host.found[name], db, name, "contacts", "users")


@pytest.mark.parametrize("how", (("--every", "1s"), ("--follow", "--every", "1s")), ids=("every", "follow"))
def test_load_that_stays_pulls_all_accounts(netty, host, db, how):
    make_schemas(db, *NAMES)
    host.push()
    loader = netty.start("netty-load", "--create-tables", "--spool", host.pulled, "--pull", host.url, *how, db=db)

    def loaded():
        return all(is_loaded(host.found[name], db, name) for name in NAMES)
    wait_for(loaded, "the first load")
    for _ in range(2):
        host.change(*NAMES)
        host.push()
        wait_for(loaded, "what was pushed later")

    def known():
        host.look_anew()
        host.push()
        return all((netty.spool / name / "contacts/loaded.json").exists() for name in NAMES)
    wait_for(known, "what is loaded to come back")
    loader.send_signal(signal.SIGTERM)
    assert loader.wait(60) in (0, 75)


def is_loaded(sim, db, schema):
    db.query(f"SET search_path TO {schema}")
    try:
        return is_synced(sim, db, "contacts", "users")
    except Exception:
        return False


def test_what_all_accounts_cost_is_what_one_costs(netty, host, db):
    """Requests to a store that counts, of runs that each bring something new, which is loaded, and told: ten minutes' runs of four machines
    come to less than a dollar a month, however many accounts each has."""
    make_schemas(db, *NAMES)
    store = CountingStore()
    env = store.environment()

    def ship(command, *arguments):
        before = store.counts.copy()
        netty.spool_tool(command, "s3:bucket/host", *arguments, env=env)
        return store.since(before)

    def rounds(names, n):
        found = Counter()
        for _ in range(n):
            host.change(*names)
            found += ship("push")
            found += ship("pull", "--spool", host.pulled)
            netty.load("--create-tables", "--spool", host.pulled, db=db)
        return found
    try:
        rounds(NAMES, 2)
        one, all_of_them = rounds(NAMES[:1], 2), rounds(NAMES, 2)
    finally:
        store.stop()
    kinds = (*DEAR, *CHEAP)
    assert {kind: one[kind] for kind in kinds} == {kind: all_of_them[kind] for kind in kinds}
    dear, cheap = (sum(one[kind] for kind in kinds) / 2 for kinds in (DEAR, CHEAP))
    month = (dear * 5 + cheap * 0.4) / 1e6 * 4 * 30 * 144
    print("a run of a machine, push and pull:", {kind: one[kind] / 2 for kind in kinds}, f"four machines a month: {month:.2f} $",
          {kind: all_of_them[kind] / 2 for kind in ("bytes up", "bytes down")})
    assert month < 1, month
