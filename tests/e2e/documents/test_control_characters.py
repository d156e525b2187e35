"""No control character reaches a terminal or a log line raw, whatever the API or the database sends.

Names, texts, keys, members, dead letters and error messages are drawn at random out of sequences that move a cursor,
set a title, hide a line or turn the writing's direction. Every command that shows something is run on a terminal and
in a pipe, and its bytes are looked through."""
import json
import os
import pty
import random
import re
import select
import subprocess

import pytest

from harness import BUILD

EVIL = ["\x1b]0;title\x07", "\x1b[2J", "\x1b[1A\x1b[2K", "\r", "\b\b\b", "\x9b31m", "\x9d0;x\x9c", "\x00", "\x7f", "\x0e", "\x05", "\x85",
        "\x1bP+q\x1b\\", "\u202e", "\u2066", "\u2028", "\n2026-01-01 error forged line"]
# What the programs themselves may send to a terminal: colours, and a line that is drawn anew.
OWN = re.compile(r"\x1b\[[0-9;]*m|\r\x1b\[K|\x1b\[K|\x1b\[[0-9]*A|\r\n|\x1b\[J|\r")
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def on_a_terminal(netty, program, *arguments, **keywords):
    """What a person's terminal would get: standard output and error on one pty."""
    lead, follow = pty.openpty()
    process = subprocess.Popen([BUILD / program, *arguments], cwd=netty.dir, stdin=follow, stdout=follow, stderr=follow,
                               env={**netty.environment(**keywords), "TERM": "xterm", "COLUMNS": "100"})
    os.close(follow)
    seen = b""
    while True:
        ready, _, _ = select.select([lead], [], [], 60)
        assert ready, f"{program} {arguments} says nothing and does not end"
        try:
            piece = os.read(lead, 65536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    os.close(lead)
    process.wait(timeout=60)
    return OWN.sub("", seen.decode("utf-8", "surrogateescape"))


def breaches(text, what):
    found = RAW.search(text)
    if found:
        yield f"{what}: {found.group()!r} raw in {text[max(0, found.start() - 80):found.end() + 40]!r}"
    if "\n2026-01-01 error forged" in text:
        yield f"{what}: a text begins a line of its own"
    if any("\udc80" <= c <= "\udcff" for c in text):
        yield f"{what}: bytes that are no UTF-8"


def evil(rng, most=3):
    return "".join(rng.choice(["Anne", "Zoë", " ", *EVIL]) for _ in range(rng.randint(1, most)))


def hostile_records(sim, rng, n):
    """Members with hostile texts and names; texts for keys and times; elements that are no records."""
    for id in rng.sample(range(1, 200), n):
        text = evil(rng)
        kind = rng.randrange(5)
        if kind == 0:
            sim.spoil("contacts", id, "member", name="name", text=json.dumps(text))
        elif kind == 1:
            sim.spoil("contacts", id, "member", name="contact_id", text=json.dumps(text))
        elif kind == 2:
            sim.spoil("contacts", id, "member", name="time_modified", text=json.dumps(text))
        elif kind == 3:
            sim.spoil("contacts", id, "text", text=json.dumps({"contact_id": id, text: text, "name": "a\x00b", "time_modified": "2024-01-01T00:00:00Z"}))
        else:
            sim.spoil("contacts", id, "text", text=json.dumps(text, ensure_ascii=False).replace("\\", "\\\\"))


@pytest.mark.parametrize("seed", range(6))
def test_no_output_carries_a_control_character(sims, db, netty, seed):
    rng = random.Random(seed)
    sim = sims("contacts:200,users:20")
    db.create("contacts", "users")
    hostile_records(sim, rng, 25)
    quoted = evil(rng, 6).replace("'", "''").replace("%", "%%").replace("\x00", "")
    db.query(f"""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN
                 IF NEW.contact_id % 37 = 0 THEN RAISE EXCEPTION '%', E'{quoted.replace(chr(92), chr(92) * 2)}'
                    USING DETAIL = '{quoted}', HINT = '{quoted}'; END IF; RETURN NEW; END $f$""".replace("%%", "%"))
    db.query('CREATE TRIGGER refuse BEFORE INSERT ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION refuse()')
    seen = {}
    seen["extract on a terminal"] = on_a_terminal(netty, "netty-extract", "contacts", "users", sim=sim)
    hostile_records(sim, rng, 10)
    sim.edit("contacts", 60)
    run = netty.extract("contacts", "users", sim=sim, code=None)
    seen["extract in a pipe"] = run.out + run.err
    seen["load on a terminal"] = on_a_terminal(netty, "netty-load", db=db)
    run = netty.load(db=db, code=None)
    seen["load in a pipe"] = run.out + run.err
    sim.mood(refuse_status=400, refuse_words="control")
    seen["a refusal on a terminal"] = on_a_terminal(netty, "netty-extract", "contacts", sim=sim)
    run = netty.extract("users", sim=sim, code=None)
    seen["a refusal in a pipe"] = run.out + run.err
    for command in (["ls"], ["status"], ["verify"], ["dead"], ["report"], ["runs"], ["cat"], ["cat", "contacts"], ["history", "contacts", "7"],
                    ["history", "contacts", "37"], ["digest"], ["dead", "contacts"]):
        seen[" ".join(command) + " on a terminal"] = on_a_terminal(netty, "netty-spool", *command)
        run = netty.spool_tool(*command, code=None)
        seen[" ".join(command) + " in a pipe"] = run.out + run.err if command[0] not in ("cat", "digest") else run.err
    for command in (["check"], ["doctor"], ["redrive"]):
        seen[" ".join(command) + " on a terminal"] = on_a_terminal(netty, "netty-load", *command, db=db)
        run = netty.load(*command, db=db, code=None)
        seen[" ".join(command) + " in a pipe"] = run.out + run.err
    hostile = evil(rng).replace("\x00", "") or "\x1b[2J"
    for program, arguments in (("netty-extract", [hostile]), ("netty-load", ["--batch-rows", hostile]), ("netty-spool", [hostile]),
                               ("netty-spool", ["history", hostile, hostile]), ("netty-load", ["--db", "postgresql://" + hostile])):
        seen[f"{program} of a hostile word"] = on_a_terminal(netty, program, *arguments, sim=sim, db=db)
    found = [breach for what, text in seen.items() for breach in breaches(text, what)]
    assert not found, "\n".join(found)
    assert sum(len(text) for text in seen.values()) > 5000
