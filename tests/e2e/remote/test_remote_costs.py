"""What push and pull ask of an object store, counted by one: a store charges for requests, for puts and lists most."""
from collections import Counter

import pytest

from remotes import edit_lines, edit_note
from stores import CHEAP, DEAR, CountingStore

LONG_AGO = "2024-01-01T00:00:00.000000Z"


@pytest.fixture
def store():
    store = CountingStore()
    yield store
    store.stop()


def test_an_account_costs_about_a_cent_a_month(sims, netty, db, store, tmp_path):
    """Every ten minutes, 1 % of 1,000 records changed a day, each by itself; a sign of life each hour in which nothing is."""
    sim = sims("contacts:30,users:10")
    db.create("contacts", "users")
    pulled = tmp_path / "pulled"

    def ship(command, *arguments):
        before = store.counts.copy()
        netty.spool_tool(command, "s3:bucket/account", *arguments, env=store.environment())
        return Counter({kind: n for kind, n in store.since(before).items() if kind in (*DEAR, *CHEAP)})

    def rounds(n):
        """There, into the database, and back."""
        found = Counter(), Counter()
        for _ in range(n):
            found[0].update(ship("push"))
            found[1].update(ship("pull", "--spool", pulled))
            netty.load("--spool", pulled, db=db)
        return found

    def change():
        sim.edit("contacts", 1)
        netty.extract("contacts", "users", sim=sim)

    netty.extract("contacts", "users", sim=sim)
    rounds(4)
    for _ in range(2):  # what is special of the first one is over
        change()
        changed = rounds(3)
    quiet = rounds(1)
    assert quiet == ({"head": 1}, {"head": 1})
    edit_note(netty.spool, written=LONG_AGO)
    for path in (netty.spool / ".push").glob("*.back.json"):
        edit_lines(path, listed=LONG_AGO)
    alive = rounds(3)
    assert [(side["put"], side["list"]) for side in alive] == [(1, 1), (0, 0)], "nothing comes back"
    assert [(side["put"], side["list"]) for side in changed] == [(1, 0), (1, 0)]
    month = sum(times * sum(side[kind] * price for side in state for kinds, price in ((DEAR, 5), (CHEAP, 0.4)) for kind in kinds)
                for state, times in ((changed, 300), (alive, 420), (quiet, 30 * 144 - 3 * (300 + 420)))) / 1e6
    print("cents a month:", 100 * month)
    assert month < 0.015, (month, changed, alive)
