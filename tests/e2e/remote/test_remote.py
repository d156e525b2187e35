"""netty-spool push and pull: a spool is brought to another machine by way of a place that holds objects."""
import json
import os
import re
import shutil
import signal
import subprocess

import pytest

from harness import assert_synced, wait_for
from remotes import RCLONE, Remote, edit_note, journals, odd_rclone, pages, same

pytestmark = pytest.mark.skipif(not RCLONE, reason="rclone is not installed")

SMALL = ("--segment-size", "16K")
POINTS = ("pull-noted", "pull-got", "pull-records-synced", "pull-journal-created", "pull-segment-created", "pull-lines-written",
          "acked-written", "pull-applied", "pull-done", "sealed")
PUSH_POINTS = ("push-object", "push-noted", "push-put", "push-confirmed")


@pytest.fixture
def remote(netty, request):
    return Remote(netty, quick="may_die_anywhere" in request.node.name)


def summary(run):
    """The table of one row."""
    head, row = run.out.splitlines()[0], run.out.splitlines()[-1]
    return dict(zip(head.split(), row.split()))


def test_what_is_pulled_is_what_was_pushed(sims, netty, remote, db):
    sim = sims("contacts:300,users:40")
    db.create("contacts", "users")
    netty.extract("contacts", "users", *SMALL, sim=sim)
    run = remote.push("--json")
    told = json.loads(run.out)
    assert remote.objects() == ["0000000001.netty"] and told["objects"] == told["last"] == 1
    remote.pull()
    same(netty.spool, remote.pulled, "contacts", "users")
    netty.spool_tool("verify", "--spool", remote.pulled)
    # Sealed here, too: of all but the newest segment there is the compressed file alone.
    plain = {path.name for path in (remote.pulled / "contacts").glob("0*.ndjson")}
    assert len(plain) == 1 and list((remote.pulled / "contacts").glob("*.zst"))
    remote.load(db=db)
    assert_synced(sim, db, "contacts", "users")


def test_a_later_push_brings_what_is_new_alone(sims, netty, remote, db):
    sim = sims("contacts:300")
    db.create("contacts")
    netty.extract("contacts", sim=sim)
    remote.push()
    remote.pull()
    remote.load(db=db)
    for round in range(2, 5):
        sim.edit("contacts", 5)
        netty.extract("contacts", *SMALL, sim=sim)
        told = json.loads(remote.push("--json").out)
        assert told["objects"] == 1 and told["pages"] < 6 and told["last"] == round
        assert json.loads(remote.pull("--json").out)["pages"] == told["pages"]
        same(netty.spool, remote.pulled)
        loaded = remote.load("--json", db=db).json()
        assert loaded["contacts"]["read"] < 300
    assert len(remote.objects()) == 4
    assert_synced(sim, db, "contacts")


def test_nothing_new_is_no_object_but_a_sign_of_life_an_hour(sims, netty, remote):
    sim = sims("contacts:30")
    for _ in range(2):
        netty.extract("contacts", sim=sim)
    remote.push()
    for _ in range(2):
        netty.extract("contacts", sim=sim)  # the position moves, nothing else
        assert json.loads(remote.push("--json").out)["objects"] == 0
    assert len(remote.objects()) == 1
    edit_note(netty.spool, written="2024-01-01T00:00:00.000000Z")
    assert json.loads(remote.push("--json").out)["objects"] == 1
    assert json.loads(remote.push("--json").out)["objects"] == 0
    remote.pull()
    same(netty.spool, remote.pulled)
    # How far the table is has come along.
    moved = "contacts/moved.json"
    assert (remote.pulled / moved).read_bytes() == (netty.spool / moved).read_bytes()


def test_the_database_goes_on_from_the_pulled_spool(sims, netty, remote, db):
    """The mirror has the pushed spool's identity: what was loaded from the one is not loaded again from the other."""
    sim = sims("contacts:200")
    db.create("contacts")
    netty.sync(sim, db, "contacts")
    remote.push()
    remote.pull()
    assert remote.load("--json", db=db).json()["contacts"]["read"] == 0
    sim.edit("contacts", 3)
    netty.extract("contacts", sim=sim)
    remote.push()
    remote.pull()
    assert 0 < remote.load("--json", db=db).json()["contacts"]["read"] < 200
    assert_synced(sim, db, "contacts")


def test_the_extractor_does_not_write_to_a_pulled_spool(sims, netty, remote):
    sim = sims("contacts:30")
    netty.extract("contacts", sim=sim)
    remote.push()
    remote.pull()
    before = pages(remote.pulled)
    run = netty.extract("contacts", "--spool", remote.pulled, sim=sim, code=78)
    assert "is pulled from" in run.err and remote.url in run.err
    assert pages(remote.pulled) == before
    # Nor is it pushed on, nor a spool of one's own pulled into.
    assert "is pulled from" in netty.spool_tool("push", netty.dir / "other", "--spool", remote.pulled, code=78).err
    assert "was not pulled" in remote.pull(spool=netty.spool, code=78).err


def test_a_second_writer_is_refused_and_overwrites_nothing(sims, netty, remote):
    sim = sims("contacts:60")
    netty.extract("contacts", sim=sim)
    remote.push()
    fork = netty.dir / "fork"
    shutil.copytree(netty.spool, fork, symlinks=True)
    for spool in (netty.spool, fork):
        sim.edit("contacts", 2)
        netty.extract("contacts", "--spool", spool, sim=sim)
    remote.push()
    for _ in range(2):
        assert "not this spool's" in remote.push(spool=fork, code=78).err
    sim.edit("contacts", 2)
    netty.extract("contacts", sim=sim)
    remote.push()
    remote.pull()
    same(netty.spool, remote.pulled)


def test_a_spool_of_its_own_does_not_push_into_anothers_place(sims, netty, remote):
    sim = sims("contacts:60")
    other = netty.dir / "other"
    for spool in (netty.spool, other):
        netty.extract("contacts", "--spool", spool, sim=sim)
    remote.push()
    assert "not this spool's" in remote.push(spool=other, code=78).err
    assert len(remote.objects()) == 1


def test_a_restored_machine_is_refused(sims, netty, remote):
    sim = sims("contacts:60")
    netty.extract("contacts", sim=sim)
    remote.push()
    backup = netty.dir / "backup"
    shutil.copytree(netty.spool, backup, symlinks=True)
    sim.edit("contacts", 2)
    netty.extract("contacts", sim=sim)
    remote.push()
    shutil.rmtree(netty.spool)
    backup.rename(netty.spool)
    netty.extract("contacts", sim=sim)
    assert "restored from a backup" in remote.push(code=78).err
    assert len(remote.objects()) == 2


@pytest.mark.parametrize("fate", ["whole", "absent", "cut", "killed"])
def test_a_put_that_may_have_failed_is_looked_up(sims, netty, remote, fate):
    sim = sims("contacts:60")
    netty.extract("contacts", sim=sim)
    remote.push()
    sim.edit("contacts", 2)
    netty.extract("contacts", sim=sim)
    does = {"whole": '"$REAL" "$@"', "absent": "true", "cut": 'head -c 200 "$FROM" >"$TO"', "killed": 'kill -9 $$'}[fate]
    env = odd_rclone(netty.dir / "bin", f'[ -z "$PUT" ] || {{ {does}; echo "connection reset by peer" >&2; exit 1; }}')
    run = remote.push(env=env, code=78 if fate == "killed" else 69)
    assert fate == "killed" or "connection reset by peer" in run.err
    sim.edit("contacts", 2)
    netty.extract("contacts", sim=sim)
    if fate == "cut":
        remote.seen.clear()
    told = json.loads(remote.push("--json").out)
    # What was in that object comes under its number, what is newer under the next; a cut one's number is given up.
    assert remote.objects() == [f"000000000{n}.netty" for n in (1, 2, 3)]
    assert told["last"] == 3 and told["objects"] == 1
    if fate == "cut":
        assert (remote.dir / "0000000002.netty").stat().st_size == 200
    remote.pull()
    same(netty.spool, remote.pulled)


def test_the_same_file_is_put_again(sims, netty, remote):
    """Not another one of the same number: the first may still come."""
    sim = sims("contacts:60")
    netty.extract("contacts", sim=sim)
    env = odd_rclone(netty.dir / "bin", '[ -z "$PUT" ] || { cp "$FROM" ' f'{netty.dir}/tried; exit 1; }}')
    remote.push(env=env, code=78)
    sim.edit("contacts", 2)
    netty.extract("contacts", sim=sim)
    remote.push()
    assert (remote.dir / "0000000001.netty").read_bytes() == (netty.dir / "tried").read_bytes()
    assert len(remote.objects()) == 2


def test_no_rclone_is_said(sims, netty, remote):
    netty.extract("contacts", sim=sims("contacts:10"))
    (netty.dir / "empty").mkdir()
    for run in (remote.push(env={"PATH": netty.dir / "empty"}, code=78), remote.pull(env={"PATH": netty.dir / "empty"}, code=78)):
        assert "install the package rclone" in run.err


@pytest.mark.parametrize("words, code", [
    ("didn't find section in config file", 78), ("dial tcp: connect: connection refused", 69), ("dial tcp: lookup x: no such host", 69),
    ("AccessDenied: Access Denied. status code: 403", 77), ("write: no space left on device", 74), ("QuotaExceeded", 74),
    ("SlowDown: please reduce your rate. status code: 503", 69), ("InvalidBucketName: \\n\\tstatus code: 403, AccessDenied, host id: \\n", 77), ("NoSuchBucket: The specified bucket does not exist", 78)])
def test_rclones_last_words_are_told(sims, netty, remote, words, code):
    netty.extract("contacts", sim=sims("contacts:10"))
    script = f'printf "2026/11/30 11:00:07 first\\n2026/11/30 11:00:07 ERROR : {words}\\n\\n" >&2; exit 1'
    for call in (remote.push, remote.pull):
        run = call(env=odd_rclone(netty.dir / "bin", script), code=code)
        assert " ".join(words.replace("\\n", " ").replace("\\t", " ").split()) in run.err
        assert "2026/11/30 11" not in run.err and "first" not in run.err


def test_rclone_gets_no_secret_of_ours(sims, netty, remote, db):
    netty.extract("contacts", sim=sims("contacts:10"))
    env = odd_rclone(netty.dir / "bin", f"env >>{netty.dir}/env.txt; printf '%s\\n' \"$*\" >>{netty.dir}/args.txt; "
                     f'[ "$(cat)" = "$([ $COMMAND = copyto ] || echo 0000000001.netty)" ] || echo "standard input has something" >>{netty.dir}/env.txt')
    remote.push(env={**env, "RCLONE_CONFIG_PASS": "kept"}, db=db)
    text = (netty.dir / "env.txt").read_text()
    assert "RCLONE_CONFIG_PASS=kept" in text and "PATH=" in text
    assert not re.search(r"^(NETTY_|DATABASE_URL|PG)|standard input", text, re.M)
    args = (netty.dir / "args.txt").read_text()
    assert " rcat" not in args and [line.split()[0] for line in args.splitlines()] == ["copy", "copyto"]


def test_rclone_dies_with_its_parent(sims, netty, remote):
    netty.extract("contacts", sim=sims("contacts:10"))
    env = odd_rclone(netty.dir / "bin", f"echo $$ >{netty.dir}/pid.new; mv {netty.dir}/pid.new {netty.dir}/pid; exec sleep 600")
    process = netty.start("netty-spool", "push", remote.url, env=env)
    pid = int(wait_for(lambda: (netty.dir / "pid").exists() and (netty.dir / "pid").read_text(), "rclone"))
    os.kill(pid, 0)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_for(lambda: not os.path.exists(f"/proc/{pid}") or "Z" in open(f"/proc/{pid}/stat").read().split()[2], "its end", 10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_both(sims, netty, remote, number):
    netty.extract("contacts", sim=sims("contacts:10"))
    env = odd_rclone(netty.dir / "bin", f"echo $$ >{netty.dir}/pid.new; mv {netty.dir}/pid.new {netty.dir}/pid; exec sleep 600")
    process = netty.start("netty-spool", "push", remote.url, env=env)
    pid = int(wait_for(lambda: (netty.dir / "pid").exists() and (netty.dir / "pid").read_text(), "rclone"))
    process.send_signal(number)
    assert process.wait(timeout=30) == 75
    assert not os.path.exists(f"/proc/{pid}")
    remote.push()
    remote.pull()
    same(netty.spool, remote.pulled)


@pytest.mark.parametrize("words", [(), ("a", "b"), ("",), ("--", "-x")])
def test_one_remote_is_needed(netty, spool, words):
    for command in ("push", "pull"):
        assert "REMOTE" in netty.spool_tool(command, *words, code=64).err


def test_a_secret_in_remote_is_refused(netty, spool):
    for name in (":s3,secret_access_key=hunter2secret:bucket", "s3,session_token=x:b", ":sftp,pass=abc:/x"):
        run = netty.spool_tool("push", name, code=64, secrets=("hunter2secret",))
        assert "rclone config" in run.err


def test_a_wiped_remote_gets_everything_again(sims, netty, remote, db):
    sim = sims("contacts:200")
    db.create("contacts")
    for _ in range(3):
        netty.extract("contacts", *SMALL, sim=sim)
        remote.push()
        sim.edit("contacts", 20)
    remote.pull()
    remote.load(db=db)
    netty.extract("contacts", *SMALL, sim=sim)
    shutil.rmtree(remote.dir)
    assert "everything is pushed anew" in remote.push().err
    assert remote.objects() == ["0000000004.netty"]
    remote.pull()
    same(netty.spool, remote.pulled)
    assert remote.load("--json", db=db).json()["contacts"]["read"] < 100
    assert_synced(sim, db, "contacts")
    # Who begins now needs that one alone.
    remote.pull(spool=netty.dir / "fresh")
    same(netty.spool, netty.dir / "fresh")


def test_a_wiped_remote_is_seen_by_the_sign_of_life(sims, netty, remote):
    netty.extract("contacts", sim=sims("contacts:20"))
    remote.push()
    shutil.rmtree(remote.dir)
    assert json.loads(remote.push("--json").out)["objects"] == 0
    edit_note(netty.spool, written="2024-01-01T00:00:00.000000Z")
    remote.push()
    remote.pull()
    same(netty.spool, remote.pulled)


def test_a_missing_object_is_a_gap_until_it_comes(sims, netty, remote):
    sim = sims("contacts:60")
    for _ in range(4):
        netty.extract("contacts", sim=sim)
        remote.push()
        sim.edit("contacts", 2)
    away = netty.dir / "away"
    (remote.dir / "0000000002.netty").rename(away)
    for _ in range(2):
        assert "object 2 is missing" in remote.pull(code=65).err
    assert pages(remote.pulled)["contacts"]
    away.rename(remote.dir / "0000000002.netty")
    remote.pull()
    same(netty.spool, remote.pulled)


def test_a_damaged_object_is_named_and_nothing_taken_of_it(sims, netty, remote):
    sim = sims("contacts:60")
    netty.extract("contacts", sim=sim)
    remote.push()
    remote.pull()
    sim.edit("contacts", 2)
    netty.extract("contacts", sim=sim)
    remote.push()
    path = remote.dir / "0000000002.netty"
    good = path.read_bytes()
    before = pages(remote.pulled)
    for at in (10, len(good) // 2, len(good) - 170):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
        assert "not what was written" in remote.pull(code=65).err
        assert pages(remote.pulled) == before
    path.write_bytes(good[:-1])  # cut: it may still be coming
    remote.pull()
    assert pages(remote.pulled) == before
    path.write_bytes(good)
    remote.pull()
    same(netty.spool, remote.pulled)


def test_a_hint_that_a_power_failure_damaged_goes_with_the_next_pull(sims, netty, remote, db):
    """Also where nothing is new: nothing else would write it again."""
    sim = sims("contacts:60")
    db.create("contacts")
    netty.extract("contacts", sim=sim)
    remote.push()
    remote.pull()
    hint = remote.pulled / "contacts/acked.json"
    hint.write_bytes(hint.read_bytes().replace(b"netty", b"Netty"))
    assert "acked.json" in netty.spool_tool("verify", "--spool", remote.pulled, code=65).out
    remote.pull()
    netty.spool_tool("verify", "--spool", remote.pulled)
    remote.load(db=db)
    assert_synced(sim, db, "contacts")
    sim.edit("contacts", 3)
    netty.extract("contacts", sim=sim)
    remote.push()
    remote.pull()
    same(netty.spool, remote.pulled)
    netty.spool_tool("verify", "--spool", remote.pulled)


def test_nothing_pushed_yet(netty, remote):
    assert "nothing was pushed" in remote.pull(code=66).err
    assert not (remote.pulled / "spool.json").exists()


def crash(netty, run, point, at):
    """Runs into the point, if it is passed so often; was it?"""
    return run(env={"NETTY_FAULT": f"{point}:{at}"}, code=None).code == 137 or None


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("point", POINTS)
def test_a_pull_may_die_anywhere(sims, netty, remote, point, at):
    sim = sims("contacts:120,users:20")
    netty.extract("contacts", "users", *SMALL, sim=sim)
    remote.push()
    died = remote.pull(env={"NETTY_FAULT": f"{point}:{at}"}, code=None).code
    remote.pull()
    same(netty.spool, remote.pulled)
    sim.edit("contacts", 30)
    netty.extract("contacts", "users", *SMALL, sim=sim)
    remote.push()
    died2 = remote.pull(env={"NETTY_FAULT": f"{point}:{at}"}, code=None).code
    remote.pull()
    same(netty.spool, remote.pulled)
    netty.spool_tool("verify", "--spool", remote.pulled)
    assert at > 1 or point == "pull-noted" or (died and died2) or point == "sealed", "the point was not passed"


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("point", PUSH_POINTS)
def test_a_push_may_die_anywhere(sims, netty, remote, point, first):
    sim = sims("contacts:120")
    netty.extract("contacts", *SMALL, sim=sim)
    if not first:
        remote.push()
        sim.edit("contacts", 30)
        netty.extract("contacts", *SMALL, sim=sim)
    assert remote.push(env={"NETTY_FAULT": point}, code=None).code != 0
    sim.edit("contacts", 3)
    netty.extract("contacts", *SMALL, sim=sim)
    remote.push()
    remote.pull()
    same(netty.spool, remote.pulled)


def test_a_spool_of_many_crashes_is_mirrored(sims, netty, remote):
    """Segments that were given up, and a page that was damaged: what counts here counts there."""
    sim = sims("contacts:200")
    for point in ("page-synced", "journal-written", "journal-synced", "acked-written", "segment-created"):
        for at in (1, 2):
            netty.extract("contacts", "--limit", "30", sim=sim, env={"NETTY_FAULT": f"{point}:{at}"}, code=None)
            remote.push(code=None)
    before = len(remote.objects())
    remote.push()
    assert len(remote.objects()) == before  # a line that was never acknowledged is nothing new
    sim.edit("contacts", 3)
    netty.extract("contacts", "--limit", "30", sim=sim)
    remote.push()
    remote.pull()
    assert pages(remote.pulled)["contacts"] == pages(netty.spool)["contacts"]


def test_a_damaged_page_is_not_pushed_and_told_once(sims, netty, remote, db):
    sim = sims("contacts:100")
    db.create("contacts")
    netty.extract("contacts", "--limit", "20", sim=sim)
    data = netty.spool / "contacts" / "0000000001.ndjson"
    text = bytearray(data.read_bytes())
    text[len(text) // 2] ^= 1
    data.write_bytes(text)
    assert "damaged" in remote.push(code=65).err
    remote.push()
    remote.pull()
    assert "contacts" in remote.load(db=db, code=65).err
    netty.spool_tool("heal")
    netty.extract("contacts", sim=sim)
    remote.push()
    remote.pull()
    remote.load(db=db)
    netty.spool_tool("verify", "--spool", remote.pulled)
    assert_synced(sim, db, "contacts")


def test_both_stay_with_every(sims, netty, remote, db):
    sim = sims("contacts:60")
    db.create("contacts")
    netty.extract("contacts", sim=sim)
    push = netty.start("netty-spool", "push", remote.url, "--every", "1s")
    pull = netty.start("netty-spool", "pull", remote.url, "--spool", remote.pulled, "--every", "1s")
    for _ in range(2):
        wait_for(lambda: (remote.pulled / "contacts").exists() and pages(remote.pulled) == pages(netty.spool), "the pages")
        remote.load(db=db)
        assert_synced(sim, db, "contacts")
        sim.edit("contacts", 5)
        netty.extract("contacts", sim=sim)
    for process in (push, pull):
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) in (0, 75)


def test_two_pushes_at_once(sims, netty, remote):
    netty.extract("contacts", sim=sims("contacts:10"))
    env = odd_rclone(netty.dir / "bin", f"touch {netty.dir}/began; while [ ! -e {netty.dir}/go ]; do sleep 0.1; done")
    first = netty.start("netty-spool", "push", remote.url, env=env)
    wait_for((netty.dir / "began").exists, "the first one")
    assert "another push" in remote.push(code=75).err
    (netty.dir / "go").touch()
    assert first.wait(timeout=60) == 0


def test_what_is_not_pushed_is_not_pruned(sims, netty, remote, db):
    sim = sims("contacts:300")
    db.create("contacts")
    netty.extract("contacts", *SMALL, sim=sim)
    remote.push()
    netty.load(db=db)
    segments = sorted((netty.spool / "contacts").glob("*.journal"))
    sim.edit("contacts", 250)
    netty.extract("contacts", *SMALL, sim=sim)
    netty.load(db=db)
    there = sorted((netty.spool / "contacts").glob("*.journal"))
    netty.spool_tool("prune", "--spool-keep", "0s", db=db)
    kept = sorted((netty.spool / "contacts").glob("*.journal"))
    new = [path for path in there if path > segments[-1]]
    assert len(new) > 2 and set(new) <= set(kept), "what is not pushed went"
    assert not set(segments[:-1]) & set(kept), "what was pushed stayed"
    remote.push()
    netty.spool_tool("prune", "--spool-keep", "0s", db=db)
    assert len(list((netty.spool / "contacts").glob("*.journal"))) == 1
    remote.pull()
    remote.load(db=db)
    assert_synced(sim, db, "contacts")
    sim.edit("contacts", 250)
    netty.extract("contacts", *SMALL, sim=sim)
    netty.load(db=db)
    edit_note(netty.spool, written="2024-01-01T00:00:00.000000Z")
    netty.spool_tool("prune", "--spool-keep", "0s", db=db)
    assert len(list((netty.spool / "contacts").glob("*.journal"))) == 1, "an abandoned place held pages up"


def items(path):
    """What an object holds, decompressed."""
    rest = path.read_bytes().split(b"\n", 1)[1]
    last = json.loads(rest[rest.rindex(b'{"end":'):])
    return subprocess.run(["zstd", "-dcq"], input=rest[:last["packed"]], capture_output=True, check=True).stdout


def test_what_asks_for_lost_pages_is_read_before_the_pages(sims, netty, remote):
    """It goes once a page is there that was fetched by it: an object that lacks both would lose it for who takes over."""
    sim = sims("contacts:100")
    netty.extract("contacts", "--limit", "20", sim=sim)
    data = netty.spool / "contacts/0000000001.ndjson"
    text = bytearray(data.read_bytes())
    text[len(text) // 2] ^= 1
    data.write_bytes(text)
    netty.spool_tool("heal")
    remote.push()
    found = items(remote.dir / "0000000001.netty")
    healed, refetch, page, others = (found.index(b) for b in (
        b'{"file":"contacts/healed.json"', b'{"file":"contacts/refetch.json"', b'{"page":1', b'{"file":"contacts/unreadable.json"'))
    assert healed < refetch < page < others
    netty.extract("contacts", sim=sim)
    remote.push()
    remote.pull()
    assert not (remote.pulled / "contacts/refetch.json").exists()
    assert pages(remote.pulled) == pages(netty.spool)


def test_an_independent_reader_reads_an_object(sims, netty, remote):
    """FORMAT.md, 19: a head line, one zstd frame, a last line."""
    netty.extract("contacts", sim=sims("contacts:30"))
    remote.push()
    data = (remote.dir / "0000000001.netty").read_bytes()
    head, rest = data.split(b"\n", 1)
    head = json.loads(head)
    last = json.loads(rest[rest.rindex(b'{"end":'):])
    assert head["netty_object"] == head["number"] == head["first"] == last["end"] == 1 and head["before"] == 0
    found = items(remote.dir / "0000000001.netty")
    assert len(found) == last["content"]
    lines = found.split(b"\n")
    header = next(at for at, line in enumerate(lines) if line.startswith(b'{"netty_journal"'))
    assert lines[header:header + 2] == journals(netty.spool)["contacts/0000000001"][:2]
