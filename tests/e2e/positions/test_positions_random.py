"""Random histories: spool and database are snapshot and put back at random times, and go on. In the end they are equal, or a gap is told.

HISTORIES=1000 plays so many (`make campaign-positions`), from SEED=500 on if that is given, too; SEED=7 alone plays one again.
"""
import os
import random
import shutil

import pytest

from harness import Database, differences

HISTORIES = int(os.environ.get("HISTORIES", "1" if "SEED" in os.environ else "30"))
FIRST = int(os.environ.get("SEED", "0"))
SHARES = 10  # tests, so that several workers play
STEPS = 16


class Play:
    """One history of one spool, one database and their snapshots."""

    def __init__(self, seed, sim, netty, db, directory):
        self.random = random.Random(seed)
        self.sim, self.netty, self.db, self.dir = sim, netty, db, directory
        self.spools, self.databases, self.log = [], [], []
        self.told = False

    def fetch(self):
        self.netty.extract("contacts", "--segment-size", self.random.choice(["4K", "16K", "64M"]), "--limit", "20", sim=self.sim)

    def load(self):
        rows = self.random.choice(["7", "30", "5000"])
        run = self.netty.load("--create-tables", "--batch-rows", rows, db=self.db, code=None)
        assert run.code in (0, 65), run
        self.told = self.told or run.code == 65
        return run

    def edit(self):
        self.sim.edit("contacts", self.random.randrange(1, 40))

    def edit_the_timeless(self):
        self.sim.edit("contacts", 1, id=self.random.randrange(1, 6))

    def insert(self):
        self.sim.post("/_sim/insert", table="contacts", n=self.random.randrange(1, 10))

    def keep_spool(self):
        self.spools.append(self.dir / f"spool-{len(self.spools)}")
        shutil.copytree(self.netty.spool, self.spools[-1])

    def put_back_spool(self):
        if self.spools:
            shutil.rmtree(self.netty.spool)
            shutil.copytree(self.random.choice(self.spools), self.netty.spool)

    def remove_table(self):
        shutil.rmtree(self.netty.spool / "contacts")
        self.fetch()

    def copy_database(self, source, target):
        if self.db.connection:
            self.db.connection.close()
        self.db.admin(f'DROP DATABASE IF EXISTS "{target}" WITH (FORCE)')
        self.db.admin(f'CREATE DATABASE "{target}" TEMPLATE "{source}"')

    def keep_database(self):
        self.databases.append(f"{self.db.name}_{len(self.databases)}")
        self.copy_database(self.db.name, self.databases[-1])

    def put_back_database(self):
        if self.databases:
            self.copy_database(self.random.choice(self.databases), self.db.name)

    def prune(self):
        self.netty.spool_tool("prune", "--spool-keep", "0s", db=self.db, code=None)

    def step(self):
        pick, = self.random.choices(
            [self.fetch, self.load, self.edit, self.edit_the_timeless, self.insert, self.keep_spool, self.put_back_spool,
             self.keep_database, self.put_back_database, self.remove_table, self.prune],
            [8, 8, 6, 2, 2, 3, 3, 2, 2, 0.5, 0.7])
        self.log.append(pick.__name__)
        pick()

    def run(self):
        self.sim.post("/_sim/timeless", table="contacts", n=5)
        for record in range(1, 6):
            self.sim.post("/_sim/timeless", table="contacts", n=1, id=record)
        self.fetch()
        self.load()
        for _ in range(STEPS):
            self.step()
        self.edit()
        self.fetch()
        self.load()
        last = self.load()
        wrong = differences(self.sim.truth("contacts"), self.db.rows("contacts"))
        if not wrong:
            return
        status = self.netty.spool_tool("status", code=None)
        assert "a gap in contacts" in status.err, (self.log, wrong, last, status)

    def forget(self):
        for name in self.databases:
            self.db.admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.mark.parametrize("share", range(SHARES))
def test_whatever_is_put_back_both_end_equal_or_a_gap_is_told(sims, postgres, netty, tmp_path, share):
    for seed in range(FIRST + share, FIRST + HISTORIES, SHARES):
        sim = sims("contacts:60", seed=seed)
        db = Database(postgres)
        shutil.rmtree(netty.spool, ignore_errors=True)
        folder = tmp_path / f"history-{seed}"
        folder.mkdir()
        play = Play(seed, sim, netty, db, folder)
        try:
            play.run()
        except AssertionError as failed:
            raise AssertionError(f"history {seed}: {play.log}") from failed
        finally:
            play.forget()
            db.drop()
            sim.stop()
            shutil.rmtree(folder)
