"""Damaged pages are found, set aside and fetched again: in the end the database equals the source."""
import json

import pytest

from harness import assert_synced, differences

SMALL = ("--segment-size", "64K", "--limit", "50")


def journals(netty, table="contacts"):
    return sorted((netty.spool / table).glob("*.journal"))


def flip(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def damage_records(netty, which):
    """A page's records, in its compressed file."""
    flip(journals(netty)[which].with_suffix(".ndjson.zst"), 300)


def damage_line(netty, which):
    """What the journal tells of the segment's last page."""
    path = journals(netty)[which]
    lines = path.read_bytes().splitlines(keepends=True)
    flip(path, sum(map(len, lines[:-2])) + 40)


def lose_records(netty, which):
    journals(netty)[which].with_suffix(".ndjson.zst").unlink()


def lose_segment(netty, which):
    path = journals(netty)[which]
    path.with_suffix(".ndjson.zst").unlink()
    path.unlink()


def damage_header(netty, which):
    flip(journals(netty)[which], 60)


DAMAGES = (damage_records, damage_line, lose_records, lose_segment, damage_header)


def assert_healed(netty, sim, db):
    """From damage to the truth, with the commands a person would give."""
    netty.spool_tool("verify", code=65)
    run = netty.spool_tool("heal", "--json")
    assert sum(json.loads(line)["healed"] for line in run.out.splitlines()) > 0
    netty.spool_tool("verify")
    netty.extract("contacts", sim=sim)
    assert not (netty.spool / "contacts/refetch.json").exists()
    netty.load("--create-tables", db=db)
    assert_synced(sim, db, "contacts")
    netty.spool_tool("verify")


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("which", [1, -2])
def test_damage_before_it_was_loaded(sims, db, netty, damage, which):
    sim = sims("contacts:1500")
    netty.extract("contacts", *SMALL, sim=sim)
    damage(netty, which)
    netty.load("--create-tables", db=db, code=65 if damage is not damage_header else None)
    missing = differences(sim.truth("contacts"), db.rows("contacts"))
    assert missing or damage is damage_header
    assert_healed(netty, sim, db)


def test_many_damages_of_several_runs(sims, db, netty):
    sim = sims("contacts:1500")
    netty.extract("contacts", *SMALL, sim=sim)
    for _ in range(3):
        sim.edit("contacts", 200)
        netty.extract("contacts", *SMALL, sim=sim)
    for which in (1, 2, len(journals(netty)) // 2, -3):
        damage_records(netty, which)
    damage_line(netty, -2)
    netty.load("--create-tables", db=db, code=65)
    assert_healed(netty, sim, db)


def test_only_what_is_behind_the_damage_is_fetched_again(sims, db, netty):
    sim = sims("contacts:3000")
    everything = netty.extract("--json", "contacts", *SMALL, sim=sim).json()["contacts"]["records"]
    damage_records(netty, -3)
    netty.spool_tool("heal")
    again = netty.extract("--json", "contacts", *SMALL, sim=sim).json()["contacts"]["records"]
    assert 0 < again < everything / 2


def test_a_run_that_is_cut_short_goes_on_with_what_was_lost(sims, db, netty):
    sim = sims("contacts:1500")
    netty.extract("contacts", *SMALL, sim=sim)
    damage_records(netty, 1)
    netty.load("--create-tables", db=db, code=65)
    netty.spool_tool("heal")
    for _ in range(100):
        row = netty.extract("--json", "contacts", *SMALL, "--max-pages", "3", sim=sim).json()["contacts"]
        if row["status"] == "complete":
            break
    netty.load(db=db)
    assert_synced(sim, db, "contacts")


def test_dry_run_and_twice(sims, netty):
    sim = sims("contacts:500")
    netty.extract("contacts", *SMALL, sim=sim)
    damage_records(netty, 0)
    before = sorted(netty.spool.rglob("*"))
    netty.spool_tool("heal", "--dry-run")
    assert sorted(netty.spool.rglob("*")) == before
    netty.spool_tool("heal")
    wish = (netty.spool / "contacts/refetch.json").read_bytes()
    netty.spool_tool("heal")
    assert (netty.spool / "contacts/refetch.json").read_bytes() == wish
    damage_records(netty, 2)
    netty.spool_tool("heal")
    first, second = json.loads(wish), json.loads((netty.spool / "contacts/refetch.json").read_bytes())
    assert first["position"] == second["position"] and first["asked"] < second["asked"]


def test_what_was_healed_can_be_pruned(sims, db, netty):
    sim = sims("contacts:1500")
    netty.extract("contacts", *SMALL, sim=sim)
    damage_records(netty, 1)
    netty.load("--create-tables", db=db, code=65)
    assert_healed(netty, sim, db)
    netty.spool_tool("prune", "--spool-keep", "0s", db=db)
    assert len(journals(netty)) == 1


def test_a_wish_that_is_damaged_itself_fetches_everything(sims, db, netty):
    sim = sims("contacts:800")
    netty.extract("contacts", *SMALL, sim=sim)
    damage_records(netty, 1)
    netty.load("--create-tables", db=db, code=65)
    netty.spool_tool("heal")
    flip(netty.spool / "contacts/refetch.json", 40)
    netty.extract("contacts", *SMALL, sim=sim)
    netty.load(db=db)
    assert_synced(sim, db, "contacts")
    assert not (netty.spool / "contacts/refetch.json").exists()
