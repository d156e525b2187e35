"""What a run of the extractor costs the disk where nothing has changed: syncs and bytes, counted, never timed; and that
a position which stands beside the journal (spool/FORMAT.md, 19) loses nothing, whatever becomes of it."""
import json
import re
import shutil
import sys

import pytest

from crawls import asked, assert_held, moment, versions
from disk_costs import DiskCost
from harness import ROOT

sys.path.insert(0, str(ROOT / "tests/tools"))
import spool_reader  # noqa: E402

TABLES = [f"things{letter}" for letter in "abcdefghijklmno"]


def status(netty):
    rows = [json.loads(line) for line in netty.spool_tool("status", "--json", code=None).out.splitlines()]
    return {row["table"]: row for row in rows if "complete_to" in row}


def fetch(netty, sim, *tables, advance=600, **keywords):
    """Ten minutes later, another run."""
    sim.post("/_sim/clock", advance=advance)
    return netty.extract("--json", *tables, sim=sim, **keywords).json()


def pages(netty, table="contacts"):
    """The files that hold pages and what tells of them, as they are."""
    return {path.name: path.read_bytes() for path in (netty.spool / table).iterdir()
            if path.name[0].isdigit() or path.name == "acked.json"}


@pytest.fixture
def quiet(sims, netty):
    """A table, run until nothing is new."""
    sim = sims("contacts:2500", "--record-bytes", 300)
    for _ in range(3):
        fetch(netty, sim, "contacts")
    return sim


# ---- what it costs ----

@pytest.mark.parametrize("count_is,rate", [("total", "0"), ("total", "50"), ("none", "0"), ("page", "0")])
def test_fifteen_quiet_tables_cost_no_sync_and_eight_kilobytes(sims, netty, count_is, rate):
    sim = sims(",".join(f"{table}:2500" for table in TABLES), "--record-bytes", 300)
    sim.mood(count_is=count_is)
    for _ in range(4):
        fetch(netty, sim, *TABLES)
    sim.post("/_sim/clock", advance=600)
    cost = DiskCost(netty, "netty-extract", "--quiet", *TABLES, sim=sim, env={"NETTY_RATE": rate})
    assert sum(cost.syncs.values()) == 0, cost
    assert 15 * 300 < sum(cost.bytes.values()) <= 8192, cost  # more than nothing: it was counted


def test_a_large_page_stays_out_too(sims, netty):
    """One of more than the write buffer, which is in the file before it is known that it repeats another."""
    sim = sims("contacts:2500", "--record-bytes", 6000)
    sim.post("/_sim/tie", table="contacts", n=80)
    for _ in range(4):
        fetch(netty, sim, "contacts")
    before = pages(netty)
    row = fetch(netty, sim, "contacts")["contacts"]
    assert row["bytes"] > 400000 and row["status"] == "complete", row
    assert pages(netty) == before
    assert_held(netty, sim, "contacts")


def test_a_quiet_day_adds_but_its_runs_to_the_spool(quiet, netty):
    """144 runs: no page, and a line of less than 256 bytes for each run."""
    sim = quiet
    before = pages(netty)
    size = sum(path.stat().st_size for path in netty.spool.rglob("*") if path.is_file())
    for _ in range(144):
        row = fetch(netty, sim, "contacts")["contacts"]
        assert row["status"] == "complete"
    after = sum(path.stat().st_size for path in netty.spool.rglob("*") if path.is_file())
    changed = {name: len(now) - len(before.get(name, b"")) for name, now in pages(netty).items() if now != before.get(name)}
    # Once a day it looks for more (extract/README.md), and what these looks bring is new.
    assert sum(changed.values()) <= 20000, changed
    assert after - size <= 144 * 256 + 20000 + 1024, after - size
    assert len(json.loads(netty.spool_tool("runs", "--json", "contacts").out.splitlines()[0])) > 0
    assert (netty.spool / "contacts/runs-extract.ndjson").read_bytes().count(b"\n") == 147
    assert_held(netty, sim, "contacts")


def test_where_a_segment_is_to_be_left_a_quiet_page_begins_the_next(quiet, netty):
    """By its age, that is, or by its size: what is old is sealed, and can be pruned."""
    before = pages(netty)
    row = fetch(netty, quiet, "contacts", env={"NETTY_SEGMENT_SIZE": "16K"})["contacts"]
    assert row["status"] == "complete"
    now = pages(netty)
    assert {name for name in now if name.endswith(".journal")} > {name for name in before if name.endswith(".journal")}
    assert any(name.endswith(".zst") for name in now), now.keys()
    fetch(netty, quiet, "contacts")
    assert pages(netty) == now


# ---- that it is seen ----

def test_the_position_moves_and_is_told(quiet, netty, db):
    netty.load("--create-tables", db=db)
    before, held = status(netty)["contacts"], pages(netty)
    for _ in range(3):
        row = fetch(netty, quiet, "contacts")["contacts"]
        now = status(netty)["contacts"]
        assert pages(netty) == held
        assert (row["pages"], row["requests"]) == (1, 1) and row["records"] > 0
        assert now["complete_to"] == row["complete_to"] == now["loaded_to"]
        assert moment(now["complete_to"]) > moment(before["complete_to"]) and moment(now["fetched"]) > moment(before["fetched"])
        assert now["waiting_pages"] == 0
        before = now
    assert netty.load("--json", db=db).json()["contacts"]["read"] == 0


def test_what_waits_for_the_database_is_told_as_before(quiet, netty, db):
    netty.load("--create-tables", db=db)
    quiet.edit("contacts", 1)
    fetch(netty, quiet, "contacts")
    loaded_to = status(netty)["contacts"]["loaded_to"]
    row = fetch(netty, quiet, "contacts")["contacts"]
    now = status(netty)["contacts"]
    assert now["loaded_to"] == loaded_to and now["complete_to"] == row["complete_to"] and now["waiting_pages"] >= 1, now
    netty.load(db=db)
    assert status(netty)["contacts"]["loaded_to"] == row["complete_to"]


def test_the_next_run_goes_on_from_where_the_last_one_ended(quiet, netty):
    """In the requests, and in what --dry-run says, it is as if the page had been written."""
    fetch(netty, quiet, "contacts")
    row = fetch(netty, quiet, "contacts")["contacts"]
    assert json.loads(netty.extract("--dry-run", "--json", "contacts", sim=quiet).out)["complete_to"] == row["complete_to"]
    made = [entry["filters"] for entry in asked(quiet)]
    assert fetch(netty, quiet, "contacts")["contacts"]["requests"] == 1
    assert [entry["filters"] for entry in asked(quiet)] == made + made[-1:]
    quiet.edit("contacts", 150)
    assert fetch(netty, quiet, "contacts")["contacts"]["status"] == "complete"
    assert_held(netty, quiet, "contacts")


def test_the_independent_reader_knows_the_position(quiet, netty):
    """As a page with it would have: the reader's is built by FORMAT.md alone."""
    fetch(netty, quiet, "contacts")
    row = fetch(netty, quiet, "contacts")["contacts"]
    last = spool_reader.Spool(netty.spool).last("contacts")
    assert last["complete_to"] == row["complete_to"] and moment(last["fetched"]) == moment(status(netty)["contacts"]["fetched"])
    crawl = last["position"]
    assert crawl["complete"] == round(moment(row["complete_to"]).timestamp() * 1e6) and crawl["netty_crawl"]
    (netty.spool / "contacts/moved.json").unlink()
    older = spool_reader.Spool(netty.spool).last("contacts")
    assert moment(older["complete_to"]) < moment(row["complete_to"]) and list(older["position"]) == list(crawl)


# ---- that nothing is lost by it ----

@pytest.mark.parametrize("how", ["gone", "empty", "torn", "damaged", "older", "another"])
def test_whatever_becomes_of_the_position_nothing_is_lost(quiet, netty, how):
    path = netty.spool / "contacts/moved.json"
    fetch(netty, quiet, "contacts")
    older = path.read_bytes()
    row = fetch(netty, quiet, "contacts")["contacts"]
    whole = path.read_bytes()
    middle = len(whole) // 2
    text = {"empty": b"", "torn": whole[:middle], "older": older,
            "damaged": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1:]}
    if how == "gone":
        path.unlink()
    elif how == "another":
        body = re.sub(rb'"chain":"\w{16}"', b'"chain":"0123456789abcdef"', whole)[:-len(b',"sum":"0123456789abcdef"}\n')]
        path.write_bytes(body + b',"sum":"' + spool_reader.hash_of(body).encode() + b'"}\n')
    else:
        path.write_bytes(text[how])
    said = moment(status(netty)["contacts"]["complete_to"])
    assert said < moment(row["complete_to"]), "the verdict tells of what nothing proves"
    verify = netty.spool_tool("verify")
    assert ("note" in verify.out) == (how in ("torn", "damaged")), verify
    quiet.edit("contacts", 120)
    row = fetch(netty, quiet, "contacts")["contacts"]
    assert row["status"] == "complete" and status(netty)["contacts"]["complete_to"] == row["complete_to"]
    assert_held(netty, quiet, "contacts")
    assert netty.spool_tool("verify").code == 0


def test_a_page_that_is_damaged_on_the_disk_is_written_again(quiet, netty):
    """What the page is compared with are its bytes, not a checksum of what they were."""
    fetch(netty, quiet, "contacts")
    newest = max((netty.spool / "contacts").glob("[0-9]*.ndjson"))
    content = bytearray(newest.read_bytes())
    content[-100] ^= 1
    newest.write_bytes(content)
    before = len(versions_of_pages(netty))
    assert fetch(netty, quiet, "contacts")["contacts"]["status"] == "complete"
    assert len(versions_of_pages(netty)) == before + 1
    netty.spool_tool("heal")
    assert netty.spool_tool("verify").code == 0


def versions_of_pages(netty, table="contacts"):
    return [line for path in sorted((netty.spool / table).glob("*.journal"))
            for line in path.read_bytes().splitlines() if line.startswith(b'{"page":')]


def test_a_change_between_quiet_runs_is_a_page(quiet, netty):
    """And the runs after it are quiet again."""
    for _ in range(3):
        before = len(versions_of_pages(netty))
        quiet.edit("contacts", 1)
        fetch(netty, quiet, "contacts")
        fetch(netty, quiet, "contacts")  # it may begin at another record
        changed = len(versions_of_pages(netty))
        assert before < changed <= before + 2
        for _ in range(2):
            fetch(netty, quiet, "contacts")
        assert len(versions_of_pages(netty)) == changed
        assert_held(netty, quiet, "contacts")


def test_two_histories_of_one_spool_do_not_take_each_others_position(quiet, netty, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(netty.spool, other)
    quiet.edit("contacts", 1)
    fetch(netty, quiet, "contacts")
    fetch(netty, quiet, "contacts")
    shutil.copy(netty.spool / "contacts/moved.json", other / "contacts/moved.json")
    row = fetch(netty, quiet, "contacts", env={"NETTY_SPOOL": other})["contacts"]
    assert row["status"] == "complete"
    assert_held(netty, quiet, "contacts", env={"NETTY_SPOOL": other})


def test_a_restored_backup_goes_on_from_its_own_position(quiet, netty, tmp_path):
    fetch(netty, quiet, "contacts")
    backup = tmp_path / "backup"
    shutil.copytree(netty.spool, backup)
    quiet.edit("contacts", 30)
    fetch(netty, quiet, "contacts")
    fetch(netty, quiet, "contacts")
    shutil.rmtree(netty.spool)
    shutil.copytree(backup, netty.spool)
    assert fetch(netty, quiet, "contacts")["contacts"]["status"] == "complete"
    assert_held(netty, quiet, "contacts")


def test_a_backfill_and_a_wish_for_lost_pages_are_kept_with_pages(quiet, netty):
    """What they come to rests on the position, so it goes with a page and its syncs."""
    before = len(versions_of_pages(netty))
    netty.extract("--full", "--max-pages", 2, "contacts", sim=quiet)
    assert len(versions_of_pages(netty)) == before + 2
    row = fetch(netty, quiet, "contacts")["contacts"]
    assert row["status"] == "complete" and len(versions_of_pages(netty)) == before + 3
    netty.extract("--full", "--cancel", "contacts", sim=quiet)
    assert len(versions_of_pages(netty)) == before + 4
