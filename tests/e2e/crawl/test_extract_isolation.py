"""One record that cannot be had, for whatever reason, costs that record only; and what it costs is bounded."""
import json

import pytest

import json_texts
from crawls import asked, assert_held, source, versions
from harness import key_of
from spoolfile import hours_pass, read_sumline, sumline

# What the server does with any page that holds the record.
HOWS = {"500": dict(how="status", status=500), "502": dict(how="status", status=502), "504": dict(how="status", status=504),
        "413": dict(how="status", status=413), "cut": dict(how="cut"), "hang": dict(how="hang")}
# Values that are no JSON, as the one member of a record.
NO_JSON = {"control": b'"a\x01b"', "line break": b'"a\nb"', "latin-1": b'"caf\xe9"', "nan": b"NaN", "escape": b'"\\x41"',
           "deep": b"[" * 2000 + b"]" * 2000}


def by_time(sim, table="contacts"):
    lines = [json.loads(line) for line in sim.get(f"/_sim/truth/{table}").splitlines()]
    return [line[key_of(table)] for line in sorted(lines, key=lambda line: (line["time_modified"], line[key_of(table)]))]


def lacks(netty, sim, table="contacts"):
    truth, held = source(sim, table), versions(netty, table)
    assert all(held[key][-1] == line for key, line in truth.items() if key in held)
    return sorted(truth.keys() - held.keys())


def spoil(sim, table, key, how):
    sim.spoil(table, key, **HOWS[how])


def letters(netty, table="contacts"):
    return [json.loads(line) for line in netty.spool_tool("dead", "--json", table).out.splitlines()]


QUICK = ("--timeout", "300ms")


@pytest.mark.parametrize("how", HOWS)
def test_a_page_that_fails_because_of_one_record(sims, netty, how):
    sim = sims("contacts:350")
    bad = by_time(sim)[149]
    netty.extract("contacts", sim=sim, env={"NETTY_SPOOL": netty.dir / "other"})
    plain = len(asked(sim))
    sim.post("/_sim/log/reset")
    spoil(sim, "contacts", bad, how)
    run = netty.extract("--json", "contacts", *QUICK, sim=sim, code=65)
    row = run.json()["contacts"]
    assert (row["status"], row["unreadable"]) == ("complete", 1) and lacks(netty, sim) == [bad]
    assert len(asked(sim)) - plain < 25
    assert "complete but for" in run.err
    told = {row["table"]: row for row in map(json.loads, netty.spool_tool("status", "--json", code=None).out.splitlines()) if "table" in row}
    assert told["contacts"]["unreadable"] == 1
    sim.post("/_sim/log/reset")
    metrics = netty.dir / "metrics"
    again = netty.extract("--json", "contacts", "--metrics-file", metrics, *QUICK, sim=sim).json()["contacts"]
    assert 'netty_extract_unreadable_records{table="contacts"} 1' in metrics.read_text()
    assert (again["status"], again["unreadable"]) == ("complete", 1), "what is known fails no run again"


def test_what_one_record_costs_wherever_it_stands(sims, netty):
    """One that is read in the order of keys only: less than 25. The first page, and the last hours, are read by time, too, where it is met again."""
    sim = sims("contacts:350")
    keys = by_time(sim)
    netty.extract("contacts", sim=sim, env={"NETTY_SPOOL": netty.dir / "other"})
    plain = len(asked(sim))
    costs = {}
    for at in (100, 149, 248, -60, 0, 1, 50, 99, 298, -10, -3, -2, -1):
        sim.mend("contacts")
        spoil(sim, "contacts", keys[at], "500")
        sim.post("/_sim/log/reset")
        netty.extract("contacts", sim=sim, code=65, env={"NETTY_SPOOL": netty.dir / f"spool{at}"})
        costs[at] = len(asked(sim)) - plain
    assert all(cost < (25 if at in (100, 149, 248, -60) else 45) for at, cost in costs.items()), costs


@pytest.mark.parametrize("how", ["500", "cut", "hang"])
def test_later_runs_ask_two_requests_more_at_most(sims, netty, how):
    """The last of the list: each run reads it again."""
    sim = sims("contacts:350")
    env = {"NETTY_SPOOL": netty.dir / "other"}
    counts = []
    for _ in range(4):
        sim.post("/_sim/log/reset")
        netty.extract("contacts", sim=sim, env=env)
        counts.append(len(asked(sim)))
    bad = by_time(sim)[-3]
    spoil(sim, "contacts", bad, how)
    for number in range(4):
        sim.post("/_sim/log/reset")
        row = netty.extract("--json", "contacts", *QUICK, sim=sim, code=65 if number == 0 else 0).json()["contacts"]
        assert (row["status"], row["unreadable"]) == ("complete", 1)
        assert len(asked(sim)) - counts[number] < (40 if number == 0 else 3), [number, counts, [
            (e["sort"], e["filters"], e["offset"], e["limit"], e["status"]) for e in asked(sim)]]
    assert lacks(netty, sim) == [bad]


@pytest.mark.parametrize("what", NO_JSON)
def test_bytes_that_are_no_json_among_many(sims, netty, what):
    sim = sims("contacts:400")
    bad = by_time(sim)[149]
    sim.spoil("contacts", bad, "member", name="notes", text=NO_JSON[what])
    row = netty.extract("--json", "contacts", sim=sim, code=65).json()["contacts"]
    assert row["status"] == "complete" and lacks(netty, sim) == [bad]
    assert [letter["reason"] for letter in letters(netty)] == ["malformed"]


@pytest.mark.parametrize("part", range(20))
def test_the_middle_record_of_three(sims, netty, part):
    """A page that is shorter than asked for, and texts that close the record or `data`: both neighbours arrive every time."""
    texts = json_texts.malformed() + json_texts.closing()
    tables = [f"x{number}s" for number in range(len(texts))][part::20]
    sim = sims(",".join(f"{table}:3" for table in tables), "--record-bytes", 300)
    middle = {table: by_time(sim, table)[1] for table in tables}
    for table in tables:
        sim.spoil(table, middle[table], "member", name="middle", text=texts[int(table[1:-1])])
    run = netty.extract("--json", *tables, sim=sim, code=65)
    rows = run.json()
    wrong = {}
    for table in tables:
        found = letters(netty, table)
        if rows[table]["status"] != "complete" or lacks(netty, sim, table) != [middle[table]] or len(found) != 1:
            wrong[texts[int(table[1:-1])][:40]] = (rows[table]["status"], lacks(netty, sim, table), found)
    assert not wrong, wrong


def test_a_record_that_is_too_large_at_the_end_of_the_list(sims, netty):
    sim = sims("contacts:330")
    bad = by_time(sim)[-2]
    sim.spoil("contacts", bad, "member", name="notes", text=b'"' + b"x" * 6000 + b'"')
    row = netty.extract("--json", "--max-record-bytes", "4K", "contacts", sim=sim, code=65).json()["contacts"]
    assert row["status"] == "complete" and lacks(netty, sim) == [bad]
    letter, = letters(netty)
    assert letter["reason"] == "too-large" and len(letter["raw"]) > 6000 and "XXH3" in letter["message"]
    assert str(bad) in letter["raw"][:40]


@pytest.mark.parametrize("above", [50, 7, 3])
@pytest.mark.parametrize("how", ["500", "502", "504", "413", "cut", "hang"])
def test_pages_above_a_size_fail(sims, netty, how, above):
    sim = sims("contacts:330")
    sim.mood(limit_fail_above=above, limit_fail_how=how)
    row = netty.extract("--json", "contacts", *QUICK, sim=sim).json()["contacts"]
    assert row["status"] == "complete"
    assert_held(netty, sim, "contacts")
    sim.post("/_sim/log/reset")
    sim.post("/_sim/edit", table="contacts", n=3)
    netty.extract("contacts", *QUICK, sim=sim)
    assert asked(sim)[0]["limit"] <= above, "the size that works is remembered"
    assert_held(netty, sim, "contacts")


def test_pages_above_a_size_and_a_record(sims, netty):
    sim = sims("contacts:330")
    bad = by_time(sim)[149]
    sim.mood(limit_fail_above=20, limit_fail_how="502")
    spoil(sim, "contacts", bad, "500")
    row = netty.extract("--json", "contacts", sim=sim, code=65).json()["contacts"]
    assert (row["status"], row["unreadable"]) == ("complete", 1) and lacks(netty, sim) == [bad]


def test_neighbours_first_and_last(sims, netty):
    sim = sims("contacts:330")
    keys = by_time(sim)
    bad = [keys[0], keys[100], keys[101], keys[102], keys[-1]]
    for key in bad:
        spoil(sim, "contacts", key, "500")
    row = netty.extract("--json", "contacts", sim=sim, code=65).json()["contacts"]
    assert (row["status"], row["unreadable"]) == ("complete", 5) and lacks(netty, sim) == sorted(bad)


# How the bad ones lie among 330 records, by their places in the list by time; and how long a table is.
DENSE = {"every 11th": (330, lambda at: at % 11 == 0), "every 3rd": (330, lambda at: at % 3 == 1), "every 2nd": (120, lambda at: at % 2 == 0),
         "pairs": (330, lambda at: at % 12 in (5, 6)), "first and last": (330, lambda at: at in (0, 329)),
         "first page": (330, lambda at: at < 100 and at % 2 == 0), "last page": (330, lambda at: at > 230 and at % 2 == 1),
         "nine of ten": (60, lambda at: at % 10 != 7)}


# All of them in `make campaign-extract`; here those in which the most came of it.
def dense():
    for which in DENSE:
        for how in ("500", "cut", "text"):
            for order in ("by key", "by time"):
                here = which == "every 11th" and how != "cut" or (which, how, order) in {
                    ("every 3rd", "500", "by key"), ("pairs", "text", "by time"), ("first and last", "500", "by key"),
                    ("first page", "cut", "by time"), ("last page", "500", "by key"), ("every 2nd", "500", "by time")}
                marks = () if here else (pytest.mark.campaign, pytest.mark.release)
                yield pytest.param(which, how, order, marks=marks, id=f"{which}-{how}-{order}")


@pytest.mark.parametrize("which, how, order", dense())
def test_bad_records_one_beside_the_other(sims, netty, which, how, order):
    """Whatever is asked for to see whether the API is there may be a bad record, too."""
    n, is_bad = DENSE[which]
    sim = sims(f"contacts:{n}")
    if order == "by time":
        sim.mood(sort_key="ignored")
    bad = [key for at, key in enumerate(by_time(sim)) if is_bad(at)]
    for key in bad:
        sim.spoil("contacts", key, "text", text=b'{"notes": "') if how == "text" else spoil(sim, "contacts", key, how)
    # Single records between bad ones prove nothing by time; nor by key where half of the list cannot be read.
    alone = order == "by time" or which in ("every 2nd", "nine of ten")
    proven = ("complete", "unproven") if alone else ("complete",)
    row = netty.extract("--json", "contacts", sim=sim, code=65).json()["contacts"]
    assert row["status"] in proven and lacks(netty, sim) == sorted(bad)
    assert how == "text" or row["status"] == "unproven" or row["unreadable"] == len(bad)
    assert len(asked(sim)) < 10 + 40 * len(bad), "25 in each order in which the list is read; the ends are read in two"
    again = netty.extract("--json", "contacts", sim=sim, code=0 if row["status"] == "complete" else None).json()["contacts"]
    assert again["status"] in proven and lacks(netty, sim) == sorted(bad)


@pytest.mark.parametrize("at", [1, 6, 11])
def test_a_list_that_turns_out_not_to_be_by_key_hides_nothing_that_lacks(sims, netty, at):
    """What is met in it stands in the list by time, too, and is counted there, once the other is given up."""
    sim = sims("contacts:13")
    sim.mood(sort_key="ignored")
    spoil(sim, "contacts", by_time(sim)[at], "500")
    for code in (65, None, None):
        row = netty.extract("--json", "contacts", sim=sim, code=code).json()["contacts"]
        assert row["unreadable"] == 1, row


@pytest.mark.parametrize("sort_key, how", [("ignored", "500"), ("works", "text")])
def test_250_in_a_row_are_passed_by_in_one_run(sims, netty, sort_key, how):
    sim = sims("contacts:460,users:20", "--record-bytes", 300)
    sim.mood(sort_key=sort_key)
    bad = sorted(source(sim, "contacts"))[120:370] if sort_key == "works" else by_time(sim)[120:370]
    for key in bad:
        sim.spoil("contacts", key, "text", text=b'{"contact_id":%d,"notes": "' % key) if how == "text" else spoil(sim, "contacts", key, how)
    run = netty.extract("--json", "contacts", "users", sim=sim, code=65)
    row = run.json()["contacts"]
    assert row["status"] == ("complete" if sort_key == "works" else "unproven") and run.json()["users"]["status"] == "complete"
    assert lacks(netty, sim) == sorted(bad) and row.get("unreadable", 0) == (0 if how == "text" else 250)
    assert len(asked(sim, "contacts")) < 8 * len(bad)
    sim.post("/_sim/log/reset")
    again = netty.extract("--json", "contacts", sim=sim).json()["contacts"]
    assert again["status"] == row["status"] and len(asked(sim)) < 60


def test_more_in_a_row_than_a_run_passes_by(sims, netty):
    """Those before and behind arrive, at a bounded pace, over two runs; the first says so, and is none that failed."""
    sim = sims("contacts:500,users:20", "--record-bytes", 300)
    sim.mood(sort_key="ignored")
    bad = [key for at, key in enumerate(by_time(sim)) if 40 <= at < 470]
    for key in bad:
        spoil(sim, "contacts", key, "500")
    run = netty.extract("--json", "contacts", "users", sim=sim, code=65)
    first = run.json()["contacts"]
    assert first["status"] == "partial" and 400 <= first["unreadable"] < len(bad), run
    assert run.json()["users"]["status"] == "complete" and "records in a row so far" in run.err and len(asked(sim, "contacts")) < 3000
    row = netty.extract("--json", "contacts", "users", sim=sim, code=65).json()["contacts"]
    assert row["status"] == "unproven" and row["unreadable"] == len(bad) and lacks(netty, sim) == sorted(bad)
    netty.extract("contacts", sim=sim)


def test_what_is_mended_comes_by_itself(sims, netty):
    sim = sims("contacts:330")
    keys = by_time(sim)
    bad = [keys[10], keys[149]]
    for key in bad:
        spoil(sim, "contacts", key, "500")
    netty.extract("contacts", sim=sim, code=65)
    sim.mend("contacts")
    netty.extract("contacts", sim=sim)
    assert lacks(netty, sim) == sorted(bad), "not at once"
    hours_pass(netty, 2)
    row = netty.extract("--json", "contacts", sim=sim).json()["contacts"]
    assert "unreadable" not in row
    assert_held(netty, sim, "contacts")


def test_the_places_are_listed_with_what_is_known_of_them(sims, netty):
    sim = sims("contacts:330")
    keys = sorted(source(sim, "contacts"))
    bad = [keys[0], keys[149], keys[-1]]
    for key in bad:
        spoil(sim, "contacts", key, "500")
    sim.spoil("contacts", keys[200], "member", name="notes", text=b"NaN")
    netty.extract("contacts", sim=sim, code=65)
    rows = letters(netty)
    assert [row["reason"] for row in rows if row["key"]] == ["malformed"], "its bytes are there: a letter, and no place"
    places = [row for row in rows if row["reason"] == "not-given" and row["list"] == "key"]
    assert [[side and side["key"] for side in (row["before"], row["after"])] for row in places] == \
        [[None, keys[1]], [keys[148], keys[150]], [keys[-2], None]]
    for row in places:
        assert row["records"] == 1 and row["since"] and row["due"] > row["since"] and row["tries"] == 0 and "500" in row["message"]
    text = netty.spool_tool("dead", "contacts").out
    assert f"{keys[148]} and {keys[150]}" in text and "the beginning" in text and "the end" in text and "500" in text
    assert max(map(len, text.splitlines())) <= 80, text
    assert "not-given" not in netty.spool_tool("dead", "--json", "--reason", "malformed", "contacts").out
    only = [json.loads(line) for line in netty.spool_tool("dead", "--json", "--reason", "not-given", "contacts").out.splitlines()]
    assert only == [row for row in rows if row["reason"] == "not-given"]
    netty.spool_tool("dead", "--dismiss", "contacts")
    assert letters(netty) == only, "what is lacking is lacking"


def test_where_nothing_is_answered_the_api_is_down(sims, netty):
    sim = sims("contacts:330")
    sim.mood(p500=100)
    netty.extract("contacts", sim=sim, code=69)
    assert len(asked(sim)) == 6
    sim.post("/_sim/log/reset")
    sim.mood(p500=0)
    netty.extract("contacts", "--max-pages", 1, sim=sim)
    sim.mood(p500=100)
    sim.post("/_sim/log/reset")
    netty.extract("contacts", sim=sim, code=69)
    assert len(asked(sim)) <= 7, "the table is not halved through"


def test_killed_while_a_record_is_isolated(sims, netty):
    sim = sims("contacts:330")
    bad = by_time(sim)[149]
    spoil(sim, "contacts", bad, "500")
    for budget in range(3, 30, 4):
        netty.extract("contacts", "--budget", budget, sim=sim, code=None)
    row = netty.extract("--json", "contacts", sim=sim, code=None).json()["contacts"]
    assert (row["status"], row["unreadable"]) == ("complete", 1) and lacks(netty, sim) == [bad]


def places_file(netty, table="contacts"):
    return netty.spool / table / "unreadable.json"


def test_a_damaged_list_of_places_is_told_until_everything_is_read(sims, netty):
    sim = sims("contacts:350")
    spoil(sim, "contacts", by_time(sim)[149], "500")
    netty.extract("contacts", sim=sim, code=65)
    content = bytearray(places_file(netty).read_bytes())
    content[-10] ^= 1
    places_file(netty).write_bytes(content)
    for _ in range(2):
        run = netty.extract("contacts", sim=sim, code=None)
        assert "is damaged" in run.err and "netty-extract --full" in run.err, run
    netty.extract("--full", "contacts", sim=sim, code=65)
    assert "is damaged" not in netty.extract("contacts", sim=sim, code=None).err
    assert lacks(netty, sim) == [by_time(sim)[149]]


def test_what_cannot_be_remembered_is_not_passed_by(sims, netty):
    """The list of places is full: the table ends with a message, and is not called complete."""
    sim = sims("contacts:350,users:20")
    first, second = by_time(sim)[149], by_time(sim)[249]
    spoil(sim, "contacts", first, "500")
    netty.extract("contacts", "users", sim=sim, code=65)
    head, line = places_file(netty).read_bytes().splitlines()
    place = read_sumline(line)
    others = [{**place, "before_id": f"{n:016x}", "after_id": f"{n + 10000:016x}", "offset": 100000 + n} for n in range(1, 4096)]
    for other in others:
        del other["sum"]
    places_file(netty).write_bytes(b"".join([head, b"\n", line, b"\n", *map(sumline, others)]))
    spoil(sim, "contacts", second, "500")
    run = netty.extract("--full", "--json", "contacts", "users", sim=sim, code=69)
    assert "more than 4096" in run.err, run
    assert run.json()["contacts"]["status"] != "complete" and run.json()["users"]["status"] == "complete"
