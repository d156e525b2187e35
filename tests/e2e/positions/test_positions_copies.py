"""Copies by a real rsync while the extractor writes, in both orders, with everything interrupted at random: in the end nothing is missing.

COPIES=100 makes so many (`make campaign-copies`), from SEED=50 on if that is given, too; SEED=7 alone makes one again.
"""
import os
import random
import shutil
import subprocess

import pytest
from harness import Database, assert_synced
from test_positions import BORN, born_without_a_time, hole_rows, holes_told

COPIES = int(os.environ.get("COPIES", "1" if "SEED" in os.environ else "6"))
FIRST = int(os.environ.get("SEED", "0"))
SHARES = 6  # tests, so that several workers make them
LEAST = 4  # rounds of rsync and load
RECORDS_FIRST = ("--include=*/", "--include=*.ndjson*", "--include=spool.json", "--exclude=*")


class Copy:
    def __init__(self, seed, sim, netty, db, target):
        self.random = random.Random(seed)
        self.sim, self.netty, self.db, self.target = sim, netty, db, target
        self.backward = seed % 2 == 1
        self.told = []

    def extract(self):
        return self.netty.start("netty-extract", "contacts", "--limit", self.random.choice(["7", "20"]), "--segment-size",
                                self.random.choice(["4K", "16K"]), sim=self.sim)

    def broken_off(self, process, most):
        """After a random time, if it is still there; true: it was."""
        try:
            process.wait(timeout=self.random.uniform(0, most))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return True
        return False

    def rsync(self, *arguments):
        how = self.random.choice([(), (), ("--inplace",), ("--partial",), ("--whole-file", "--inplace")])
        process = subprocess.Popen(["rsync", "-a", *how, *arguments, f"{self.netty.spool}/", self.target],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if self.random.random() < 0.5:
            self.broken_off(process, 0.08)
        process.wait()

    def load(self):
        env = {"NETTY_SPOOL": self.target}
        if self.random.random() < 0.3:
            self.broken_off(self.netty.start("netty-load", "--batch-rows", "30", db=self.db, env=env), 0.4)
            return
        run = self.netty.load("--batch-rows", "30", db=self.db, env=env, code=None)
        assert run.code in (0, 65, 66), run
        assert run.code != 66 or not (self.target / "spool.json").exists(), run
        self.told.append(run.code)

    def round(self):
        if self.backward:
            self.rsync(*RECORDS_FIRST)
            self.load()
        self.rsync()
        self.load()

    def make(self):
        self.netty.spool.mkdir(mode=0o700)
        extract, rounds = self.extract(), 0
        while extract.poll() is None or extract.returncode != 0 or rounds < LEAST:
            if extract.poll() is None and self.random.random() < 0.2:
                extract.kill()
            if extract.poll() is not None:
                if self.random.random() < 0.5:
                    self.sim.edit("contacts", self.random.randrange(1, 30))
                if rounds > LEAST / 2:
                    self.sim.edit("contacts", 1, id=BORN)
                extract = self.extract()
            self.round()
            rounds += 1
            if rounds > 60:  # no interruptions any more
                assert extract.wait(timeout=120) == 0
        # Without -c rsync takes a file for the same that was written twice within a second.
        subprocess.run(["rsync", "-ac", *([] if self.random.random() < 0.5 else ["--delete"]),
                        f"{self.netty.spool}/", self.target], check=True)


@pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed")
@pytest.mark.parametrize("share", range(SHARES))
def test_however_a_copy_is_made_nothing_is_missing_in_the_end(sims, postgres, netty, tmp_path, share):
    for seed in range(FIRST + share, FIRST + COPIES, SHARES):
        sim = sims("contacts:400", seed=seed + 1)
        sim.mood(latency_ms=15)
        born_without_a_time(sim)
        db = Database(postgres)
        shutil.rmtree(netty.spool, ignore_errors=True)
        target = tmp_path / f"copy-{seed}"
        copy = Copy(seed, sim, netty, db, target)
        try:
            db.create("contacts")
            copy.make()
            print(f"copy {seed}: loads ended with", *copy.told)
            last = netty.load(db=db, env={"NETTY_SPOOL": target}, code=None)
            assert last.code == 0, (seed, last)
            assert hole_rows(db) == [], (seed, db.query("SELECT segment, page, why FROM netty_sync.hole"))
            netty.env["NETTY_SPOOL"] = str(target)
            assert holes_told(netty) == 0, seed
            netty.spool_tool("verify")
            netty.env["NETTY_SPOOL"] = str(netty.spool)
            assert_synced(sim, db, "contacts")
        finally:
            db.drop()
            sim.stop()
