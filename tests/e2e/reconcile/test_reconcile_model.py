"""Random histories of a source against the reconcile: no live record is ever marked, and in the end every deleted one is.

A slice runs with `make test`; `make campaign-reconcile HISTORIES=200` plays more. A failing history is named by its seed.
"""
import os
import random

import pytest

from reconciles import Copy

FILTERS = ("works", "works", "works", "ignored", "refused", "empty", "other")


class History:
    def __init__(self, seed, sims, db, netty):
        self.rng = random.Random(seed)
        self.told = []
        rng = self.rng
        options = ["--record-bytes", 200, "--timeless", rng.choice((0, 0, 7)), "--future", rng.choice((0, 0, 5)),
                   "--ties", rng.choice((0, 150)), "--timeless-sort", rng.choice(("first", "last"))]
        self.filter = rng.choice(FILTERS)
        self.sim = sims(f"contacts:{rng.randrange(20, 700)}", *options, seed=seed)
        self.copy = Copy(self.sim, db, netty)
        self.netty = netty
        self.sim.mood(key_filter=self.filter, skew_seconds=rng.choice((0, 0, 7200, -7200)))
        self.deleted = set()

    def tell(self, *what):
        self.told.append(" ".join(map(str, what)))

    def change(self):
        """Something happens at the source."""
        kind = self.rng.choice(("edit", "edit", "insert", "delete", "delete", "restore", "tie", "mark-deleted"))
        n = self.rng.choice((1, 2, 5, 30))
        if kind == "delete":
            n = min(n, max(0, len(self.sim.truth("contacts")) - 10))
            self.copy.delete(n)
        else:
            self.sim.post(f"/_sim/{kind}", table="contacts", n=n)
        self.tell(kind, n)

    def bad_mood(self):
        """While something runs: the list moves, the answers fail, the key is throttled."""
        rng = self.rng
        mood = {"edits_per_request": rng.choice((0, 0, 1, 3)), "deletes_per_request": rng.choice((0, 0, 1)),
                "inserts_per_request": rng.choice((0, 1)), "edits_after": rng.choice((0, 1)),
                "p500": rng.choice((0, 10)), "p_cut": rng.choice((0, 5)), "p_error_object": rng.choice((0, 5))}
        self.sim.mood(**mood)
        self.tell("mood", {name: value for name, value in mood.items() if value})

    def calm(self):
        self.sim.mood(reset=1)
        self.sim.mood(key_filter=self.filter)

    def check(self, when):
        """Whoever bears a mark is not there: unless it has come back since, which the database cannot know yet."""
        live = set(self.sim.truth("contacts"))
        wrong = (live - self.returned) & set(self.copy.marked())
        assert not wrong, f"{when}: marked, and alive: {sorted(wrong)[:5]}; {self.told}"

    def run_reconcile(self):
        rng = self.rng
        budget = rng.choice(((), ("--budget", 3), ("--budget", 7), ("--budget", 30)))
        retries = ("--retries", 8, "--retry-delay", "1ms")
        if rng.random() < 0.2:
            process = self.netty.start("netty-extract", "--reconcile", *retries, *budget, "contacts", sim=self.sim)
            rng_stop = rng.randrange(1, 12)
            before = len(self.sim.log())
            while len(self.sim.log()) < before + rng_stop and process.poll() is None:
                pass
            process.kill()
            process.wait()
            self.tell("killed")
        else:
            self.copy.reconcile(*retries, *budget, code=None)
            self.tell("reconcile", *budget)

    def play(self, steps):
        self.returned = set()
        for _ in range(steps):
            before = set(self.sim.truth("contacts"))
            marked = set(self.copy.marked())
            action = self.rng.random()
            if action < 0.35:
                self.change()
            elif action < 0.7:
                if self.rng.random() < 0.5:
                    self.bad_mood()
                self.run_reconcile()
                self.calm()
            else:
                self.copy.sync("--max-deletes", 100, code=None)
                self.tell("sync")
            back = set(self.sim.truth("contacts")) - before
            self.returned |= back & marked
            self.returned &= set(self.copy.marked())
            self.check(f"step {len(self.told)}")

    def finish(self):
        """Silence: after two more reconciles all is found, and all that came back is back."""
        self.calm()
        self.tell("silence")
        for _ in range(10):
            self.sim.post("/_sim/clock", advance=3600)
            self.copy.sync("--max-deletes", 100, code=None)
            done = self.copy.reconcile().json()["contacts"]["status"]
            self.copy.sync("--max-deletes", 100)
            self.check("in the end")
        live, rows, marked = set(self.sim.truth("contacts")), set(self.copy.db.rows("contacts")), set(self.copy.marked())
        assert live <= rows, f"{done}: not in the database: {sorted(live - rows)[:5]}; {self.told}"
        assert not live & marked, f"alive and marked for good: {sorted(live & marked)[:5]}; {self.told}"
        assert rows - live == marked, f"not found: {sorted(rows - live - marked)[:5]} ({self.filter}); {self.told}"


@pytest.mark.campaign
@pytest.mark.release
@pytest.mark.parametrize("seed", range(6, int(os.environ.get("HISTORIES", "100")) + 1))
def test_many_histories(seed, sims, db, netty):
    test_no_live_record_is_ever_marked_and_every_deleted_one_is_in_the_end(seed, sims, db, netty)


@pytest.mark.parametrize("seed", range(1, 6))
def test_no_live_record_is_ever_marked_and_every_deleted_one_is_in_the_end(seed, sims, db, netty):
    history = History(seed, sims, db, netty)
    history.play(16)
    history.finish()
