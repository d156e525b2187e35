"""spool/FORMAT.md is enough: a reader written from it alone (tests/tools/spool_reader.py) agrees with netty-spool."""
import json
import os
import shutil
import sys

import pytest

from harness import ROOT

sys.path.insert(0, str(ROOT / "tests/tools"))
import spool_reader  # noqa: E402


def independent(directory, table):
    """(records, damages) as the independent reader has them."""
    records, damages = [], []
    for item in spool_reader.Spool(directory).read(table):
        if isinstance(item, spool_reader.Damage):
            damages.append(item)
        else:
            records += item.records
    return records, damages


def assert_agree(netty, directory, table, damaged=False):
    records, damages = independent(directory, table)
    run = netty.spool_tool("cat", table, code=None, env={"NETTY_SPOOL": str(directory)})
    assert bool(damages) == (run.code == 65) and run.code in (0, 65), (damages, run)
    assert run.out.encode() == b"".join(record + b"\n" for record in records), (damages, run.err)
    assert bool(damages) == damaged, damages
    return records, damages


@pytest.fixture
def kinds(sims, netty):
    """A spool with a sealed and compressed segment, a plain one and an open one."""
    sim = sims("contacts:400,users:60", "--record-bytes", "200")
    netty.extract("contacts", "users", "--segment-size", "64K", "--limit", "50", sim=sim)
    sim.edit("contacts", 70)
    netty.extract("contacts", sim=sim)
    return sim


def names(netty, table="contacts"):
    return sorted(entry.name for entry in (netty.spool / table).iterdir())


def test_open_and_compressed_segments(kinds, netty):
    assert any(name.endswith(".zst") for name in names(netty)), names(netty)
    assert any(name.endswith(".ndjson") for name in names(netty)), names(netty)
    records, _ = assert_agree(netty, netty.spool, "contacts")
    assert set(kinds.get("/_sim/truth/contacts").splitlines()) <= {record.decode() for record in records}
    assert_agree(netty, netty.spool, "users")
    spool = spool_reader.Spool(netty.spool)
    assert spool.tables() == ["contacts", "users"]
    listed = [json.loads(line) for line in netty.spool_tool("ls", "--json").out.splitlines()]
    assert sum(row["records"] for row in listed if row["table"] == "contacts") == len(records)


def test_a_compressed_segment_with_its_plain_file_still_there(kinds, netty):
    packed = next(name for name in names(netty) if name.endswith(".zst"))
    plain = netty.spool / "contacts" / packed.removesuffix(".zst")
    assert os.system(f"zstd -dq {netty.spool}/contacts/{packed} -o {plain}") == 0
    assert_agree(netty, netty.spool, "contacts")


def test_a_segment_that_was_given_up(kinds, netty):
    """A torn line behind the last page; the writer goes on in a new segment, and readers pass the rest by."""
    newest = max(name for name in names(netty) if name.endswith(".journal"))
    with open(netty.spool / "contacts" / newest, "ab") as journal:
        journal.write(b'{"page":99,"fetched":"2024')
    assert_agree(netty, netty.spool, "contacts")
    netty.extract("contacts", sim=kinds)
    assert max(name for name in names(netty) if name.endswith(".journal")) > newest
    assert_agree(netty, netty.spool, "contacts")
    with open(netty.spool / "contacts" / newest, "ab") as journal:
        journal.write(b'...\n')
    assert_agree(netty, netty.spool, "contacts")


def test_a_healed_spool(kinds, netty):
    packed = min(name for name in names(netty) if name.endswith(".zst"))
    data = bytearray((netty.spool / "contacts" / packed).read_bytes())
    data[40] ^= 255
    (netty.spool / "contacts" / packed).write_bytes(data)
    assert_agree(netty, netty.spool, "contacts", damaged=True)
    netty.spool_tool("heal", code=None)
    assert_agree(netty, netty.spool, "contacts")
    netty.extract("contacts", sim=kinds)
    assert_agree(netty, netty.spool, "contacts")


def test_a_pruned_spool_and_what_pruning_left_behind(kinds, db, netty):
    oldest = min(name for name in names(netty) if name.endswith(".journal"))
    journal = (netty.spool / "contacts" / oldest).read_bytes()
    netty.load("--create-tables", "--spool-keep", "0s", db=db)
    assert oldest not in names(netty) and "pruned.json" in names(netty), names(netty)
    assert_agree(netty, netty.spool, "contacts")
    (netty.spool / "contacts" / oldest).write_bytes(journal)
    assert_agree(netty, netty.spool, "contacts")


def test_catalog_and_dead_letters(sims, db, netty):
    sim = sims("users:40", "--odd", "5:nul")
    netty.extract("users", sim=sim)
    netty.load("--create-tables", db=db, code=None)
    spool = spool_reader.Spool(netty.spool)
    assert [(row["table"], row["key"]) for row in spool.catalog()] == [("users", "user_id")]
    letters = spool.letters("users", "load")
    listed = netty.spool_tool("dead", "users", "--json").out.splitlines()
    assert letters and None not in letters and len(letters) == len(listed)


def test_newer_and_damaged_spools_are_refused_by_both(kinds, netty):
    line = (netty.spool / "spool.json").read_bytes()
    newer = line[:line.rindex(b',"sum"')].replace(b'"netty_spool":1', b'"netty_spool":2')
    (netty.spool / "spool.json").write_bytes(
        newer + b',"sum":"' + spool_reader.hash_of(newer).encode() + b'"}\n')
    assert "2" in netty.spool_tool("ls", code=78).err
    with pytest.raises(spool_reader.Refused, match="version 2"):
        spool_reader.Spool(netty.spool)
    (netty.spool / "spool.json").write_bytes(line.replace(b'"id":"', b'"id":"0'))
    netty.spool_tool("ls", code=65)
    with pytest.raises(spool_reader.Refused, match="damaged"):
        spool_reader.Spool(netty.spool)


def small(netty, sims, sealed):
    """A spool of three small pages, in a folder of its own to be damaged."""
    sim = sims("users:9", "--record-bytes", "100")
    netty.extract("users", "--limit", "10", sim=sim)
    sim.edit("users", 2)
    netty.extract("users", *(["--segment-size", "1K"] if sealed else []), sim=sim)
    return netty.dir / "damaged"


@pytest.mark.release
@pytest.mark.parametrize("sealed", [False, True], ids=["open", "sealed"])
def test_both_readers_agree_on_damage(sims, netty, sealed):
    """A bit of many a byte turned, and many a cut, of journals and records: the same records, and damage where it is."""
    goal = small(netty, sims, sealed)
    whole, _ = assert_agree(netty, netty.spool, "users")
    files = [name for name in names(netty, "users") if name != "lock"]
    assert any(name.endswith(".zst") for name in files) == sealed
    for name in files:
        data = (netty.spool / "users" / name).read_bytes()
        for at in range(0, len(data), max(1, len(data) // 90)):
            turned = bytearray(data)
            turned[at] ^= 1 << at % 8
            for damaged in (bytes(turned), data[:at]):
                shutil.rmtree(goal, ignore_errors=True)
                shutil.copytree(netty.spool, goal)
                (goal / "users" / name).write_bytes(damaged)
                records, damages = independent(goal, "users")
                run = netty.spool_tool("cat", "users", code=None, env={"NETTY_SPOOL": str(goal)})
                what = (name, at, len(damaged) == len(data), damages, run)
                assert run.out.encode() == b"".join(record + b"\n" for record in records), what
                assert run.code == (65 if damages else 0), what
                # zstd has a few bits that mean nothing; what they change is nothing.
                assert damages or records == whole or len(damaged) < len(data), what
                assert set(records) <= set(whole), what
