"""What netty-spool shows: ls, status, cat --id, history."""
import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import termios

from harness import BUILD, ROOT
from spoolfile import iso


def rows(run):
    return [json.loads(line) for line in run.out.splitlines()]


def tables(run):
    return {row["table"]: row for row in rows(run) if "table" in row}


def test_ls_tells_what_is_loaded(sims, db, netty):
    sim = sims("contacts:250,users:30")
    netty.extract("contacts", "users", sim=sim)
    assert {row["loaded"] for row in rows(netty.spool_tool("ls", "--json"))} == {"no"}
    netty.load("--create-tables", "contacts", db=db)
    found = tables(netty.spool_tool("ls", "--json"))
    assert (found["contacts"]["loaded"], found["users"]["loaded"]) == ("yes", "no")
    sim.edit("contacts", 3)
    netty.extract("contacts", sim=sim)
    assert tables(netty.spool_tool("ls", "--json"))["contacts"]["loaded"] == "in part"


def test_status_is_fetched_loaded_and_what_waits(sims, db, netty):
    sim = sims("contacts:250")
    netty.extract("contacts", sim=sim)
    row = tables(netty.spool_tool("status", "--json"))["contacts"]
    assert row["waiting_records"] >= 250 and row["loaded_to"] is None and row["waiting_since"]
    netty.load("--create-tables", db=db)
    row = tables(netty.spool_tool("status", "--json"))["contacts"]
    assert row["waiting_records"] == row["waiting_pages"] == row["waiting_bytes"] == 0
    assert row["loaded_to"] == row["complete_to"] and row["waiting_since"] is None
    whole, database = rows(netty.spool_tool("status", "--json"))[1:3]
    assert whole["bytes"] > 0 and whole["disk_free"] > 0 and whole["breaker"] == "closed"
    assert database["database"] == db.name
    text = netty.spool_tool("status").out
    assert all(len(line) < 250 for line in text.splitlines()) and db.name in text


def test_status_shows_the_breaker(sims, netty):
    sim = sims("users:300")
    netty.extract("users", sim=sim)
    (netty.spool / "breaker.json").write_text(
        '{"netty_breaker":1,"key":"00000000","worked":true,"status":429,"until":"2999-01-01T00:00:00.000000Z"}\n')
    whole = rows(netty.spool_tool("status", "--json", code=75))[1]
    assert (whole["breaker"], whole["breaker_until"]) == ("open", "2999-01-01T00:00:00.000000Z")
    (netty.spool / "breaker.json").write_text("nonsense")
    assert rows(netty.spool_tool("status", "--json"))[1]["breaker"] == "closed"


def test_cat_of_one_record_is_all_its_versions(sims, netty):
    sim = sims("contacts:150")
    netty.extract("contacts", sim=sim)
    sim.edit("contacts", 150)
    netty.extract("contacts", sim=sim)
    lines = netty.spool_tool("cat", "contacts", "--id", "77").out.splitlines()
    assert {json.loads(line)["contact_id"] for line in lines} == {77}
    everything = [json.loads(line) for line in netty.spool_tool("cat", "contacts").out.splitlines()]
    assert len(lines) == sum(record["contact_id"] == 77 for record in everything) > 1
    assert netty.spool_tool("cat", "contacts", "--id", "9999999").out == ""


def test_cat_of_a_part(spool, netty):
    """Of a time, of a segment, and of both."""
    table = spool.table("contacts")
    for first in range(0, 120, 10):
        table.page([{"contact_id": first + n} for n in range(10)])
        if first % 40 == 30:
            table.seal(compress=first == 30)
    times = [fetched for _, _, fetched, _ in table.pages]

    def keys(*arguments):
        return [json.loads(line)["contact_id"] for line in netty.spool_tool("cat", "contacts", *arguments).out.splitlines()]

    assert keys() == list(range(120))
    for number in (1, 2, 3):
        assert keys("--segment", number) == list(range(40 * number - 40, 40 * number))
    assert keys("--from", iso(times[3])) == list(range(30, 120))
    assert keys("--to", iso(times[3])) == list(range(30))
    assert keys("--from", iso(times[2]), "--to", iso(times[5])) == list(range(20, 50))
    assert keys("--from", iso(times[2]), "--segment", 1) == list(range(20, 40))
    assert keys("--id", 77, "--segment", 2) == [77] and keys("--id", 77, "--segment", 3) == []
    assert keys("--segment", 9) == []
    rows = tables(netty.spool_tool("digest", "--json", "--segment", 2))
    assert rows["contacts"]["records"] == 40


def test_history_is_every_version_with_what_changed(spool, netty):
    table = spool.table("contacts")
    versions = [{"contact_id": 7, "name": "Ana", "old": 1}, {"contact_id": 7, "name": "Ána", "old": 1},
                {"contact_id": 7, "name": "Ána", "a\x1b\"b": None}, {"contact_id": 7, "name": "Ána", "a\x1b\"b": None}]
    changes = [" first seen", ' ~"name"', ' +"a\\u001b\\"b" -"old"', " unchanged"]
    for number, version in enumerate(versions):
        table.page([{"contact_id": 77, "name": "7"}, version, {"contact_id": 70 + number, "parent": 7}])
        if number % 2:
            table.seal(compress=True)
    times = [fetched for _, _, fetched, _ in table.pages]
    shown = netty.spool_tool("history", "contacts", "7").out.splitlines()
    places = ["segment 1 page 1 line 2 ", "segment 1 page 2 line 5 ", "segment 2 page 1 line 2 ", "segment 2 page 2 line 5 "]
    assert [line.split("  ", 1)[1] for line in shown] == [place + change for place, change in zip(places, changes)]
    objects = rows(netty.spool_tool("history", "contacts", "7", "--json"))
    assert [version["record"] for version in objects] == versions
    assert [version["fetched"] for version in objects] == [iso(time) for time in times]
    assert [version["changed"] for version in objects] == [[], ["name"], ["a\x1b\"b", "old"], []]
    painted = on_terminal(netty, "history", "contacts", "7").decode().splitlines()
    assert ' \033[33m~"name"\033[0m' in painted[1]
    assert ' \033[32m+"a\\u001b\\"b"\033[0m \033[31m-"old"\033[0m' in painted[2]
    assert [re.sub("\033\\[[0-9]*m", "", line) for line in painted] == shown, "colour is all that differs"
    assert "\033" not in on_terminal(netty, "history", "contacts", "7", "--json").decode()
    assert "no record of contacts whose contact_id is 8" in netty.spool_tool("history", "contacts", "8", code=64).err


def test_the_same_spool_is_shown_in_the_same_words(sims, db, netty):
    """What is shown can be compared with diff: it depends neither on where a spool lies nor on how its folders are listed."""
    sim = sims("users:30,contacts:250,companies:20")
    tables_in_some_order = ("users", "contacts", "companies")
    netty.extract(*tables_in_some_order, "--segment-size", "64K", sim=sim)
    netty.load("--create-tables", db=db)
    sim.edit("contacts", 40)
    netty.extract("contacts", sim=sim)
    copy = netty.dir / "elsewhere"
    copy.mkdir(mode=0o700)
    for path in sorted(netty.spool.iterdir(), reverse=True):
        (shutil.copytree if path.is_dir() else shutil.copy)(path, copy / path.name)
    for command in (["ls"], ["cat", "contacts"], ["cat", *tables_in_some_order], ["digest"], ["history", "contacts", "7"],
                    ["verify"], ["dead"], ["heal", "--dry-run"], ["prune", "--dry-run", "--spool-keep", "0s"]):
        for form in ([], ["--json"]):
            shown = [netty.spool_tool(*command, *form, env={"NETTY_SPOOL": spool}).out
                     for spool in (netty.spool, netty.spool, copy)]
            assert shown[0] == shown[1] == shown[2], command
    for command in ("ls", "digest", "verify"):
        assert list(tables(netty.spool_tool(command, "--json"))) == sorted(tables_in_some_order)


def on_terminal(netty, *arguments, **env):
    """What the program writes when its standard output is a terminal."""
    ours, theirs = pty.openpty()
    subprocess.run([BUILD / "netty-spool", *arguments], stdout=theirs, cwd=netty.dir, check=True,
                          env={**netty.env, "TERM": "xterm", **env})
    os.close(theirs)
    with os.fdopen(ours, "rb") as terminal:
        text = b""
        while True:
            try:
                piece = terminal.read1()
            except OSError:
                piece = b""
            if not piece:
                return text
            text += piece


def test_history_is_coloured_only_on_a_terminal_that_wants_it(sims, netty):
    sim = sims("contacts:20")
    netty.extract("contacts", sim=sim)
    sim.edit("contacts", 20)
    netty.extract("contacts", sim=sim)
    assert "\033" not in netty.spool_tool("history", "contacts", "7").out
    assert b"\033[" in on_terminal(netty, "history", "contacts", "7")
    assert b"\033" not in on_terminal(netty, "history", "contacts", "7", NO_COLOR="1")
    assert b"\033" not in on_terminal(netty, "history", "contacts", "7", TERM="dumb")


def database_digest(db, table, key):
    """load/sql/digest.sql, run as its own comment says."""
    done = subprocess.run(["psql", "-X", "-A", "-t", "-d", db.url, "-v", "schema=public", "-v",
                           f"relation=netty-{table}", "-v", f"key={key}", "-f", ROOT / "load/sql/digest.sql"],
                          check=True, text=True, capture_output=True)
    records, digest = done.stdout.strip().split("|")
    return int(records), digest


def spool_digest(netty, table):
    row = tables(netty.spool_tool("digest", table, "--json"))[table]
    return row["records"], row["digest"]


def test_the_digest_is_the_databases(sims, db, netty):
    sim = sims("contacts:1200")
    netty.extract("contacts", "--segment-size", "64K", sim=sim)
    netty.load("--create-tables", db=db)
    first = spool_digest(netty, "contacts")
    assert first == database_digest(db, "contacts", "contact_id")
    sim.edit("contacts", 200)
    netty.extract("contacts", sim=sim)
    assert spool_digest(netty, "contacts") != first
    netty.load(db=db)
    assert spool_digest(netty, "contacts") == database_digest(db, "contacts", "contact_id")
    db.query('DELETE FROM "netty-contacts" WHERE contact_id = 7')
    assert spool_digest(netty, "contacts") != database_digest(db, "contacts", "contact_id")


def on_a_terminal(netty, *arguments, width=80, program="netty-spool", db=None):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    process = subprocess.Popen([BUILD / program, *arguments], env=netty.environment(db=db), cwd=netty.dir,
                               stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.DEVNULL)
    os.close(theirs)
    drawn = b""
    try:
        while chunk := os.read(ours, 65536):
            drawn += chunk
    except OSError:
        pass  # the other side has ended
    assert process.wait(timeout=60) is not None
    os.close(ours)
    return drawn.decode().replace("\r\n", "\n")


def test_tables_fit_the_terminals_width(sims, db, netty):
    """What does not fit stands below; in a pipe a row is one line, and numbers are digits alone."""
    sim = sims("contacts:1500,users:20")
    db.create("contacts", "users")
    netty.extract("contacts", "users", sim=sim)
    netty.load(db=db)
    for command in (("ls",), ("runs",)):
        drawn = on_a_terminal(netty, *command)
        assert all(len(line) <= 80 for line in drawn.splitlines()), drawn
        assert re.search("1\u202f\\d\\d\\d", drawn) and drawn.count("contacts") > 1
        text = netty.spool_tool(*command).out
        assert "\u202f" not in text and "\u00a0" not in text and "\x1b" not in text
    drawn = on_a_terminal(netty, "status")
    # A single name that is longer, and what stands above it, is not cut.
    names = (str(netty.spool), db.name)
    wide = [line for line in drawn.splitlines()
            if len(line) > 80 and not line.startswith(("spool ", "database ")) and not any(name in line for name in names)]
    assert not wide, wide
    assert len(on_a_terminal(netty, "status", width=250).splitlines()) < len(drawn.splitlines())
    assert "\u202f" not in netty.spool_tool("status").out


def test_each_block_names_its_rows(sims, db, netty):
    """One column does not where two rows have the same in it: then more stand in front, in each block."""
    sim = sims("contacts:30,users:20")
    netty.extract("contacts", "users", sim=sim)
    netty.load("--create-tables", db=db)
    heads = [line for line in on_a_terminal(netty, "status").splitlines() if line.startswith("last_run ")]
    assert len(heads) > 1 and all(re.match("last_run +program ", head) for head in heads), heads
    drawn = on_a_terminal(netty, "profile", "contacts", program="netty-load", db=db)
    blocks = drawn.strip("\n").split("\n\n")
    assert len(blocks) > 1 and all(re.match("table +member ", block) for block in blocks), drawn
    assert re.search(r"(?m)^ok +contacts +each key stands once$",
                     on_a_terminal(netty, "check", program="netty-load", db=db))
    assert re.search(r"(?m)^ok +settings +configuration file: ",
                     on_a_terminal(netty, "doctor", program="netty-load", db=db))
