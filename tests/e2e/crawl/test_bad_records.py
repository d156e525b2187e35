"""A thousand pages with one record in a hundred bad, in ways drawn at random: exactly those are missing, and listed, until they are mended."""
import json
import os
import random

import pytest

import json_texts
from crawls import assert_held, source, versions
from harness import assert_balanced, differences
from spoolfile import hours_pass

RECORDS, PAGE = 20_000, 20
SEEDS = range(1, 1 + int(os.environ.get("NETTY_BAD_SEEDS", "1")))
# What closes the record, or `data`, too early costs more requests: test_extract_malformed.py has it.
CLOSING = (b"]", b"[]]", b'{"a":1}}', b"{}}", b"[1}", b'{"a":1]')
MALFORMED = [text for text in json_texts.malformed() if text not in CLOSING]
# kind: (member, its text), the side that sets it aside (None: it goes in), and whether the letter has a key
KINDS = {
    "malformed": (lambda chance: ("notes", chance.choice(MALFORMED)), "extract", True),
    "latin1": (lambda chance: ("notes", b'"caf\xe9"'), "extract", True),
    "line-break": (lambda chance: ("notes", b'"a\nb"'), "extract", True),
    "deep": (lambda chance: ("notes", b"[" * 1500 + b"]" * 1500), "extract", True),
    "too-large": (lambda chance: ("notes", b'"' + b"x" * chance.randrange(5_000, 9_000) + b'"'), "extract", True),
    "nul": (lambda chance: ("notes", b'"a\\u0000b"'), "load", True),
    "surrogate": (lambda chance: ("notes", b'"\\ud800"'), "load", True),
    "number": (lambda chance: ("notes", b"1e200000"), "load", True),
    "no-key": (lambda chance: ("contact_id", chance.choice([b"null", b'"x"', b"true", b"1.5"])), "load", False),
    "odd-time": (lambda chance: ("time_created", chance.choice([b'""', b"0", b'{"date":"2024-05-13"}'])), None, True),
}


def letters(netty):
    return [json.loads(line) for line in netty.spool_tool("dead", "--json", "contacts").out.splitlines()]


@pytest.mark.parametrize("seed", SEEDS)
def test_exactly_the_bad_ones_are_missing_and_listed_and_arrive_once_they_are_mended(sims, netty, db, seed):
    chance = random.Random(seed)
    sim = sims(f"contacts:{RECORDS}", "--record-bytes", 300)
    db.create("contacts")
    order = sorted(source(sim, "contacts").items(), key=lambda item: (json.loads(item[1])["time_modified"] or "", item[0]))
    may = [key for key, _ in order[PAGE:-5 * PAGE] if key < RECORDS - 5 * PAGE]
    bad = {key: kind for key, kind in zip(chance.sample(may, RECORDS // 100), [*KINDS] * RECORDS)}
    for key, kind in bad.items():
        member, text = KINDS[kind][0](chance)
        sim.spoil("contacts", key, "member", name=member, text=text)
    options = ("--json", "--limit", PAGE, "--retries", 4, "--max-record-bytes", "4K", "contacts")
    fetched = netty.extract(*options, sim=sim, code=65).json()["contacts"]
    assert fetched["status"] == "complete" and fetched["pages"] >= RECORDS // PAGE, fetched
    loaded = netty.load("--json", "contacts", db=db, code=65).json()
    assert_balanced(loaded)

    aside = {key for key, kind in bad.items() if KINDS[kind][1]}
    rows, truth = db.rows("contacts"), sim.truth("contacts")
    assert truth.keys() - rows.keys() == aside, "exactly the bad ones are missing"
    listed = letters(netty)
    assert sorted(letter["key"] for letter in listed if letter["key"] is not None) == \
        sorted(key for key in aside if KINDS[bad[key]][2]), "and listed, each once"
    assert sum(letter["key"] is None for letter in listed) == sum(not KINDS[bad[key]][2] for key in aside)
    wrong = differences({key: row for key, row in truth.items() if key in rows and bad.get(key) != "odd-time"},
                        {key: row for key, row in rows.items() if bad.get(key) != "odd-time"})
    assert not wrong, wrong

    netty.extract(*options, sim=sim)
    netty.load("contacts", db=db)
    assert len(letters(netty)) == len(listed), "known, and no news"

    sim.mend("contacts")
    for key in bad:
        sim.post("/_sim/edit", table="contacts", id=key)
    assert netty.extract(*options, sim=sim).json()["contacts"]["status"] == "complete"
    netty.load("contacts", db=db)
    assert not (wrong := differences(sim.truth("contacts"), db.rows("contacts"))), wrong
    assert {letter["key"] for letter in letters(netty)} == {None}, "what has no key is dismissed by hand"
    netty.spool_tool("dead", "--dismiss", "contacts")
    assert not letters(netty)


# Ways in which the API does not give a record: of the last three nothing but the place is known.
NOT_GIVEN = {
    "malformed": lambda sim, chance, key: sim.spoil("contacts", key, "member", name="notes", text=chance.choice(MALFORMED)),
    "latin1": lambda sim, chance, key: sim.spoil("contacts", key, "member", name="notes", text=b'"caf\xe9"'),
    "end-unknown": lambda sim, chance, key: sim.spoil("contacts", key, "text", text=b'{"contact_id":%d,"notes":"Chez "Paul", {"' % key),
    "too-large": lambda sim, chance, key: sim.spoil("contacts", key, "member", name="notes",
                                                    text=b'"' + b"x" * chance.randrange(5_000, 9_000) + b'"'),
    "500": lambda sim, chance, key: sim.spoil("contacts", key, "status", status=chance.choice([500, 502, 504, 413])),
    "cut": lambda sim, chance, key: sim.spoil("contacts", key, "cut"),
    "hang": lambda sim, chance, key: sim.spoil("contacts", key, "hang"),
}


@pytest.mark.parametrize("seed", SEEDS)
def test_what_the_server_mends_without_an_edit_arrives_by_itself(sims, netty, seed):
    """Nothing but regular runs: the records keep their time_modified, so that no run would come by them."""
    chance = random.Random(seed)
    sim = sims(f"contacts:{RECORDS}", "--record-bytes", 300)
    keys = sorted(source(sim, "contacts"))
    kinds = ["hang"] * 5 + [kind for kind in NOT_GIVEN if kind != "hang"] * RECORDS  # each of those costs its time-outs
    bad = dict(zip(chance.sample(keys, RECORDS // 100), kinds))
    for key, kind in bad.items():
        NOT_GIVEN[kind](sim, chance, key)
    options = ("--json", "--limit", PAGE, "--max-record-bytes", "4K", "--timeout", "300ms", "contacts")
    row = netty.extract(*options, sim=sim, code=65).json()["contacts"]
    assert row["status"] == "complete" and row["pages"] >= RECORDS // PAGE, row
    truth = source(sim, "contacts")
    assert truth.keys() - versions(netty, "contacts").keys() == bad.keys(), "exactly the bad ones are missing"
    listed = letters(netty)
    places = [one for one in listed if one["reason"] == "not-given"]
    assert sum(one["records"] for one in places) == row["unreadable"]
    assert len(listed) - len(places) + row["unreadable"] == len(bad), "and listed, each once"
    plain = len(sim.log())
    netty.extract(*options, sim=sim)
    hours_pass(netty, 2)
    before = len(sim.log())
    netty.extract(*options, sim=sim)
    assert len(sim.log()) - before <= before - plain + 2, "two requests more a run, whatever number is due"
    sim.mend("contacts")
    for _ in range(10):
        hours_pass(netty, 8 * 24)
        row = netty.extract(*options, sim=sim).json()["contacts"]
        if not truth.keys() - versions(netty, "contacts").keys():
            break
    assert "unreadable" not in row and not truth.keys() - versions(netty, "contacts").keys()
    assert_held(netty, sim, "contacts")
    assert not [one for one in letters(netty) if one["key"] is not None or one["reason"] == "not-given"]
