"""netty-spool runs: what the runs of the last week did, with the whole text of what ended them."""
import json


def runs(netty, *arguments):
    return [json.loads(line) for line in netty.spool_tool("runs", "--json", *arguments).out.splitlines()]


def test_the_newest_run_comes_first_with_what_it_did(sims, db, netty):
    sim = sims("contacts:150,users:20")
    db.create("contacts", "users")
    assert netty.extract("contacts", "users", sim=sim).code == 0
    netty.load(db=db)
    sim.edit("contacts", 3)
    netty.extract("contacts", "users", sim=sim)
    netty.load(db=db)
    rows = runs(netty)
    assert [row["began"] for row in rows] == sorted((row["began"] for row in rows), reverse=True)
    assert sorted((row["table"], row["program"]) for row in rows) == sorted(
        2 * [(table, program) for table in ("contacts", "users") for program in ("extract", "load")])
    fetched, again = [row for row in rows if row["table"] == "contacts" and row["program"] == "extract"][::-1]
    assert fetched["records"] >= 150 and fetched["requests"] >= 2 and fetched["code"] == 0 and fetched["message"] == ""
    assert again["records"] >= 3 and again["kind"] == "changes" and again["status"] == "complete"
    loaded, more = [row for row in rows if row["table"] == "contacts" and row["program"] == "load"][::-1]
    assert loaded["inserted"] == 150 and loaded["read"] == fetched["records"]
    assert more["updated"] == 3 and more["read"] == more["inserted"] + more["updated"] + more["unchanged"] + more["stale"] + more["folded"]
    assert {row["table"] for row in runs(netty, "users")} == {"users"}


def test_the_errors_text_is_whole(sims, db, netty):
    sim = sims("contacts:20")
    netty.extract("contacts", sim=sim)
    run = netty.load("--retries", "0", "contacts", db=db, code=78)
    row = next(row for row in runs(netty) if row["program"] == "load")
    assert row["code"] == 78 and row["status"] == "failed" and "netty-contacts" in row["message"], row
    assert row["message"][:60] in run.err
    text = netty.spool_tool("runs").out
    assert row["message"] in text, text
    assert netty.run("netty-spool", "runs", "contcts", code=64).err


def test_a_file_that_ends_within_a_line_is_gone_on_with(sims, netty):
    """As after a power failure: the torn line goes, the whole ones stay, and verify has nothing to note."""
    sim = sims("contacts:20")
    for _ in range(3):
        netty.extract("contacts", sim=sim)
    path = netty.spool / "contacts/runs-extract.ndjson"
    path.write_bytes(path.read_bytes()[:-30])
    assert len(runs(netty)) == 2
    netty.extract("contacts", sim=sim)
    assert len(runs(netty)) == 3 and path.read_bytes().count(b"\n") == 3
    assert "note" not in netty.spool_tool("verify").out


def test_a_line_is_appended_and_a_snapshot_of_hard_links_stays_as_it_was(sims, netty, tmp_path):
    sim = sims("contacts:20")
    netty.extract("contacts", sim=sim)
    path = netty.spool / "contacts/runs-extract.ndjson"
    inode = path.stat().st_ino
    netty.extract("contacts", sim=sim)
    assert path.stat().st_ino == inode, "it was replaced instead"
    (tmp_path / "snapshot").hardlink_to(path)
    before = (tmp_path / "snapshot").read_bytes()
    netty.extract("contacts", sim=sim)
    assert (tmp_path / "snapshot").read_bytes() == before and len(runs(netty)) == 3
