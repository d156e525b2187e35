"""A malformed record costs its neighbours nothing: it is set aside as it came, and they arrive with one more request."""
import base64
import json

import pytest

import json_texts
from crawls import asked, assert_held, source, versions
from harness import key_of

BAD = json_texts.malformed()
# What closes the record, or `data`, too early: the page cannot be taken apart with certainty, and is asked for smaller.
CLOSING = [text for text in BAD if text in (b"]", b"[]]", b'{"a":1}}', b"{}}", b"[1}", b'{"a":1]', b"[1}", b"1 1") and text != b"1 1"]
WITHIN = [text for text in BAD if text not in CLOSING]


def dead(netty, table="contacts"):
    """(reason, bytes) of each."""
    listed = [json.loads(line) for line in netty.spool_tool("dead", "--json", table).out.splitlines()]
    return [(letter["reason"], base64.b64decode(letter["raw64"]) if "raw64" in letter else letter["raw"].encode())
            for letter in listed]


def by_time(sim, table="contacts"):
    """Keys in the list's order."""
    lines = [json.loads(line) for line in sim.get(f"/_sim/truth/{table}").splitlines()]
    return [line[key_of(table)] for line in sorted(lines, key=lambda line: (line["time_modified"], line[key_of(table)]))]


def in_first_page(sim, table):
    """A record of the first page, not among those that are read again at the list's end, by time or by key."""
    return min(by_time(sim, table)[3:16])


def held_but(netty, sim, missing, table="contacts"):
    truth, held = source(sim, table), versions(netty, table)
    assert truth.keys() - held.keys() == set(missing), (truth.keys() - held.keys()) ^ set(missing)
    assert all(held[key][-1] == line for key, line in truth.items() if key not in missing)


@pytest.mark.parametrize("part", range(6))
def test_each_way_to_be_malformed_costs_that_record_only(sims, netty, part):
    """One table a text: the middle record of its first page is spoilt. (The last page, which is short, proves no count.)"""
    tables = [f"x{number}s" for number in range(len(WITHIN))][part::6]
    sim = sims(",".join(f"{table}:70" for table in tables), "--record-bytes", 300)
    for table in tables:
        key = in_first_page(sim, table)
        sim.spoil(table, key, "member", name="middle", text=WITHIN[int(table[1:-1])])
    rows = netty.extract("--json", "--limit", 20, "--retries", 4, *tables, sim=sim, code=65).json()
    wrong = {}
    for table in tables:
        missing = source(sim, table).keys() - versions(netty, table).keys()
        letters = dead(netty, table)
        if rows[table]["status"] != "complete" or missing != {in_first_page(sim, table)} or \
                [reason for reason, _ in letters] != ["malformed"] or WITHIN[int(table[1:-1])] not in letters[0][1]:
            wrong[WITHIN[int(table[1:-1])][:40]] = (rows[table]["status"], missing, letters[:1])
    assert not wrong, wrong


def test_well_formed_texts_all_arrive_equal(sims, netty):
    sim = sims("contacts:200", "--record-bytes", 300)
    for key, text in enumerate(json_texts.good(), 5):
        sim.spoil("contacts", key, "member", name="middle", text=text)
    row = netty.extract("--json", "--limit", 20, "contacts", sim=sim).json()["contacts"]
    assert row["status"] == "complete" and row["retries"] == 0 and not dead(netty)
    held = versions(netty, "contacts")
    assert held.keys() == source(sim, "contacts").keys()
    for key, text in enumerate(json_texts.good(), 5):
        assert json.loads(held[key][-1])["middle"] == json.loads(text), text


def test_a_malformed_record_costs_one_request_and_arrives_once_it_is_mended(sims, netty):
    sim = sims("contacts:330")
    keys = by_time(sim)
    bad = keys[60], keys[149], keys[150], keys[250]
    netty.extract("contacts", sim=sim, env={"NETTY_SPOOL": netty.dir / "other"})
    plain = len(asked(sim))
    sim.post("/_sim/log/reset")
    for key in bad:
        sim.spoil("contacts", key, "member", name="notes", text='"a\nb"')
    row = netty.extract("--json", "contacts", sim=sim, code=65).json()["contacts"]
    looks = 4  # behind the end, once: where records cannot be read, `count` alone is not believed
    assert row["status"] == "complete" and len(asked(sim)) <= plain + len(bad) + looks, "once more, to see that it stays so"
    sim.post("/_sim/log/reset")
    held_but(netty, sim, bad)
    letters = dead(netty)
    assert len(letters) == 4 and all(b'"a\nb"' in raw for _, raw in letters)
    netty.extract("contacts", sim=sim)
    assert len(dead(netty)) == 4, "what is known is listed once, and fails no further run"
    assert len(asked(sim)) <= 2
    sim.mend("contacts")
    netty.extract("--full", "contacts", sim=sim)
    assert_held(netty, sim, "contacts")


def test_a_record_beyond_the_limit_is_set_aside_by_its_beginning(sims, netty):
    sim = sims("contacts:330")
    key = by_time(sim)[149]
    sim.spoil("contacts", key, "member", name="notes", text='"' + "x" * 6000 + '"')
    row = netty.extract("--json", "--max-record-bytes", "4K", "contacts", sim=sim, code=65).json()["contacts"]
    assert row["status"] == "complete"
    held_but(netty, sim, [key])
    (reason, raw), = dead(netty)
    assert reason == "too-large" and len(raw) > 6000 and raw.startswith(b'{"contact_id":')
    assert "bytes, more than --max-record-bytes" in netty.spool_tool("dead", "contacts").out
    netty.extract("contacts", "--max-record-bytes", "4K", sim=sim)


@pytest.mark.parametrize("how", ["500", "502", "504", "413", "cut", "reset"])
def test_pages_that_fail_above_a_size_are_asked_for_smaller(sims, netty, how):
    sim = sims("contacts:330")
    sim.mood(limit_fail_above=50, limit_fail_how=how)
    row = netty.extract("--json", "contacts", sim=sim).json()["contacts"]
    assert row["status"] == "complete"
    assert_held(netty, sim, "contacts")
