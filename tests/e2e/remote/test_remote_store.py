"""netty-spool push and pull through a real object store: Ceph's RADOS gateway from Debian's packages, on loopback. It has to be
installed as root (150 MB), so make test passes it over: make campaign-remote."""
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from harness import ROOT, assert_synced, wait_for
from remotes import RCLONE, pages, same

pytestmark = [pytest.mark.campaign, pytest.mark.skipif(not RCLONE, reason="rclone is not installed")]

SMALL = ("--segment-size", "16K")
SCRIPT = ROOT / "tests/tools/ceph-s3.sh"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    done = subprocess.run([SCRIPT, "start", folder / "s3"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    settings = dict(line.split("=", 1) for line in (folder / "s3/env").read_text().splitlines())
    yield {"dir": folder / "s3", **settings}
    subprocess.run([SCRIPT, "stop", folder / "s3"], check=True, capture_output=True)


class Bucket:
    """REMOTE in a bucket of the test's own, and the programs with rclone's settings for it."""

    def __init__(self, netty, store, name):
        self.netty, self.store, self.name = netty, store, name
        self.pulled = netty.dir / "pulled"
        self.config = netty.dir / "rclone.conf"
        self.config.write_text(f"""[s3]
type = s3
provider = Ceph
endpoint = {store['AWS_ENDPOINT_URL']}
access_key_id = {store['AWS_ACCESS_KEY_ID']}
secret_access_key = {store['AWS_SECRET_ACCESS_KEY']}
""")
        # A proxy's certificates, as a test machine may have them, are none of rclone's.
        self.env = {"RCLONE_CONFIG": self.config, "AWS_CA_BUNDLE": None, "RCLONE_LOW_LEVEL_RETRIES": "2", "RCLONE_RETRIES": "1",
                    "RCLONE_TIMEOUT": "5s", "RCLONE_CONTIMEOUT": "5s"}
        self.rclone("mkdir", f"s3:{name}")
        self.url = f"s3:{name}/host/one"

    def rclone(self, *words):
        env = {**os.environ, **{k: str(v) for k, v in self.env.items() if v is not None}}
        env.pop("AWS_CA_BUNDLE", None)
        done = subprocess.run([RCLONE, *map(str, words)], env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def push(self, *words, env=None, **keywords):
        return self.netty.spool_tool("push", self.url, *words, env={**self.env, **(env or {})}, **keywords)

    def pull(self, *words, env=None, **keywords):
        return self.netty.spool_tool("pull", self.url, "--spool", self.pulled, *words, env={**self.env, **(env or {})}, **keywords)

    def objects(self):
        """Those that were pushed; what came back lies in back/."""
        return sorted(self.rclone("lsf", "--files-only", self.url).split())

    def gateway(self, number):
        """Sends the gateway a signal."""
        os.kill(int((Path(self.store["dir"]) / "rgw.pid").read_text()), number)


@pytest.fixture
def bucket(netty, store, request):
    name = request.node.name.replace("_", "-").replace("[", "-").replace("]", "")[:50].strip("-")
    made = Bucket(netty, store, name)
    netty.secret_files.add(made.config)
    return made


def test_there_and_back(sims, netty, bucket, db):
    sim = sims("contacts:300,users:40")
    db.create("contacts", "users")
    for round in range(3):
        netty.extract("contacts", "users", *SMALL, sim=sim)
        told = json.loads(bucket.push("--json", secrets=[bucket.store["AWS_SECRET_ACCESS_KEY"]]).out)
        assert told["objects"] == 1 and told["last"] == round + 1
        bucket.pull()
        same(netty.spool, bucket.pulled)
        netty.load("--spool", bucket.pulled, db=db)
        assert_synced(sim, db, "contacts", "users")
        sim.edit("contacts", 7)
    assert len(bucket.objects()) == 3


def test_nothing_there_is_no_cut_object(sims, netty, bucket):
    """A store answers for a missing object otherwise than a folder does."""
    assert "nothing was pushed" in bucket.pull(code=66).err
    netty.extract("contacts", sim=sims("contacts:30"))
    bucket.push()
    bucket.pull()
    assert json.loads(bucket.pull("--json").out)["objects"] == 0
    assert bucket.objects() == ["0000000001.netty"]


def test_an_empty_object_is_a_cut_one(sims, netty, bucket):
    netty.extract("contacts", sim=sims("contacts:30"))
    (netty.dir / "empty").touch()
    bucket.rclone("copyto", netty.dir / "empty", bucket.url + "/0000000001.netty")
    assert "not this spool's" in bucket.push(code=78).err
    assert "nothing was pushed" in bucket.pull(code=66).err


def test_a_missing_bucket_is_said_and_not_made(sims, netty, bucket):
    netty.extract("contacts", sim=sims("contacts:30"))
    bucket.url = "s3:there-is-no-such-bucket/x"
    assert "NoSuchBucket" in bucket.push(code=78).err
    assert "there-is-no-such-bucket" not in bucket.rclone("lsf", "s3:")


def test_a_wrong_key_is_77(sims, netty, bucket):
    netty.extract("contacts", sim=sims("contacts:30"))
    text = bucket.config.read_text()
    bucket.config.write_text(text.replace("secret_access_key = ", "secret_access_key = x"))
    bucket.push(code=77)
    bucket.pull(code=77)


def test_a_gateway_that_does_not_answer_is_waited_for(sims, netty, bucket):
    sim = sims("contacts:60")
    netty.extract("contacts", sim=sim)
    bucket.push()
    bucket.pull()
    sim.edit("contacts", 3)
    netty.extract("contacts", sim=sim)
    bucket.gateway(signal.SIGSTOP)
    try:
        bucket.push(code=69)
        bucket.pull(code=69)
    finally:
        bucket.gateway(signal.SIGCONT)
    sim.edit("contacts", 3)
    netty.extract("contacts", sim=sim)
    bucket.push()
    bucket.pull()
    same(netty.spool, bucket.pulled)


def test_a_bucket_that_is_wiped_gets_everything_again(sims, netty, bucket, db):
    sim = sims("contacts:200")
    db.create("contacts")
    for _ in range(3):
        netty.extract("contacts", *SMALL, sim=sim)
        bucket.push()
        sim.edit("contacts", 9)
    bucket.pull()
    netty.load("--spool", bucket.pulled, db=db)
    netty.extract("contacts", *SMALL, sim=sim)
    bucket.rclone("purge", bucket.url)
    assert "pushed anew" in bucket.push().err
    assert bucket.objects() == ["0000000004.netty"]
    bucket.pull()
    same(netty.spool, bucket.pulled)
    netty.load("--spool", bucket.pulled, db=db)
    assert_synced(sim, db, "contacts")


def test_a_push_is_killed_in_the_middle_of_its_put(sims, netty, bucket):
    sim = sims("contacts:3000")
    netty.extract("contacts", sim=sim)
    process = netty.start("netty-spool", "push", bucket.url, env={**bucket.env, "RCLONE_BWLIMIT": "20k"})
    wait_for(lambda: list(netty.spool.glob(".push/*.next.json")), "the put")
    process.send_signal(signal.SIGKILL)
    process.wait()
    bucket.push()
    bucket.pull()
    same(netty.spool, bucket.pulled)
    assert pages(bucket.pulled)["contacts"]


def test_a_second_writer_is_refused(sims, netty, bucket):
    sim = sims("contacts:60")
    netty.extract("contacts", sim=sim)
    bucket.push()
    fork = netty.dir / "fork"
    shutil.copytree(netty.spool, fork, symlinks=True)
    for spool in (netty.spool, fork):
        sim.edit("contacts", 2)
        netty.extract("contacts", "--spool", spool, sim=sim)
    bucket.push()
    assert "not this spool's" in bucket.push("--spool", fork, code=78).err
    bucket.pull()
    same(netty.spool, bucket.pulled)
