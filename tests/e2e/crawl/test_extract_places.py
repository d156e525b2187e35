"""What is remembered of records that the API does not give: each is listed once, whatever became of the page it was met on."""
import pytest

from crawls import asked, assert_held
from spoolfile import hours_pass
from test_extract_isolation import by_time, lacks, letters, spoil

NO_RECORD = b'{"notes": "'  # its end cannot be told, and nothing of it can be made out


def spoil_all(sim, keys, how):
    for key in keys:
        sim.spoil("contacts", key, "text", text=NO_RECORD) if how == "text" else spoil(sim, "contacts", key, how)


def listed(netty):
    """How many records the two lists have: those whose bytes came, and those of which there is a place only."""
    found = letters(netty)
    return sum(one["reason"] != "not-given" for one in found), sum(one["records"] for one in found if one["reason"] == "not-given")


@pytest.mark.parametrize("sort_key", ["works", "ignored", "refused"])
@pytest.mark.parametrize("at", [(0,), (0, 1), (149,), (-1,)])
def test_bytes_are_listed_also_where_the_page_that_was_read_without_them_is_taken_back(sims, netty, sort_key, at):
    sim = sims("contacts:330")
    sim.mood(sort_key=sort_key)
    bad = [by_time(sim)[place] for place in at]
    spoil_all(sim, bad, "text")
    row = netty.extract("--json", "contacts", sim=sim, code=65).json()["contacts"]
    # Two with the same bytes may be one that was seen twice, with a good one between: only a list by key can tell.
    proven = len(at) == 1 or sort_key == "works"
    assert (row["status"], "unreadable" in row) == (("complete", False) if proven else ("unproven", True))
    assert lacks(netty, sim) == sorted(bad)
    assert listed(netty) == (1, 0 if proven else 2), "the same bytes are one letter"
    netty.extract("contacts", sim=sim)


@pytest.mark.parametrize("point", ["dead-letter-written", "dead-letter-synced", "unreadable-written", "journal-written"])
def test_a_kill_between_the_bytes_and_the_place_forgets_neither(sims, netty, point):
    sim = sims("contacts:330")
    bad = by_time(sim)[149]
    sim.spoil("contacts", bad, "text", text=NO_RECORD)
    killed = netty.extract("contacts", sim=sim, env={"NETTY_FAULT": point}, code=None)
    assert killed.code not in (0, 65, 69), killed
    again = netty.extract("--json", "contacts", sim=sim, code=None)
    assert again.json()["contacts"]["status"] == "complete" and lacks(netty, sim) == [bad]
    assert listed(netty) == (1, 0), again


def test_bytes_of_more_in_a_row_than_a_run_passes_by_are_not_said_to_be_set_aside(sims, netty):
    """Those of the first four hundred were seen, and belong to no page: they are lacking, and are told."""
    sim = sims("contacts:500", "--record-bytes", 300)
    sim.mood(sort_key="ignored")
    bad = [key for at, key in enumerate(by_time(sim)) if 40 <= at < 470]
    for key in bad:
        sim.spoil("contacts", key, "text", text=b'{"contact_id":%d,"notes": "' % key)
    assert netty.extract("--json", "contacts", sim=sim, code=65).json()["contacts"]["status"] == "partial"
    run = netty.extract("--json", "contacts", sim=sim, code=None)
    assert run.json()["contacts"]["status"] in ("complete", "unproven") and lacks(netty, sim) == sorted(bad)
    assert sum(listed(netty)) >= len(bad), run


@pytest.mark.parametrize("at", [(97, 99, 101), (20, 21, 99, 100, 101, 230)])
def test_a_place_that_was_met_under_two_filters_counts_once_and_is_closed(sims, netty, at):
    sim = sims("contacts:330")
    sim.mood(sort_key="ignored")
    bad = [by_time(sim)[place] for place in at]
    spoil_all(sim, bad, "500")
    row = netty.extract("--json", "contacts", sim=sim, code=65).json()["contacts"]
    assert row["unreadable"] == len(bad) and lacks(netty, sim) == sorted(bad)
    assert listed(netty) == (0, len(bad))
    sim.mend("contacts")
    for _ in range(6):
        hours_pass(netty, 8 * 24)
        row = netty.extract("--json", "contacts", sim=sim).json()["contacts"]
    assert "unreadable" not in row and listed(netty) == (0, 0)
    assert_held(netty, sim, "contacts")


# All of them in `make campaign-extract`; here each place of the good one, each way to fail and each kind of list.
def all_but_one():
    for good in (0, 13, 23):
        for how, sort_key in (("500", "ignored"), ("500", "works"), ("cut", "ignored"), ("text", "works"), ("text", "ignored")):
            here = (good, how, sort_key) in {(0, "500", "works"), (0, "text", "ignored"), (13, "500", "ignored"), (23, "cut", "ignored"),
                                             (23, "text", "works")}
            yield pytest.param(good, how, sort_key, marks=() if here else (pytest.mark.campaign, pytest.mark.release),
                               id=f"{good}-{how}-{sort_key}")


@pytest.mark.parametrize("good, how, sort_key", all_but_one())
def test_all_records_but_one_are_bad(sims, netty, good, how, sort_key):
    """The one arrives, the others are counted and listed once, and known ones end no later run."""
    sim = sims("contacts:24")
    sim.mood(sort_key=sort_key)
    bad = [key for at, key in enumerate(by_time(sim)) if at != good]
    for key in bad:
        if how == "text":
            sim.spoil("contacts", key, "text", text=b'{"contact_id":%d,"notes": "' % key)
        else:
            spoil(sim, "contacts", key, how)
    for code in (65, 0, 0):
        run = netty.extract("--json", "contacts", sim=sim, code=code)
        assert run.json()["contacts"]["status"] in ("complete", "unproven") and lacks(netty, sim) == sorted(bad)
        assert sum(listed(netty)) == len(bad) and run.json()["contacts"].get("unreadable", 0) == listed(netty)[1], run
    sim.mend("contacts")
    for _ in range(6):
        hours_pass(netty, 8 * 24)
        row = netty.extract("--json", "contacts", sim=sim, code=None).json()["contacts"]
    assert "unreadable" not in row
    if how != "text":  # those whose bytes came are on the list until a newer version of theirs comes
        assert listed(netty) == (0, 0)
    assert_held(netty, sim, "contacts")


@pytest.mark.parametrize("records", [60, 330])
@pytest.mark.parametrize("at", [(-2, -1), (-4, -3), (20, 21)])
def test_two_neighbours_by_time_count_once_and_are_passed_by_in_later_runs(sims, netty, at, records):
    """A list by key proves that no other record of their time is among them, though it meets both of them again."""
    sim = sims(f"contacts:{records}")
    bad = [by_time(sim)[place] for place in at]
    spoil_all(sim, bad, "500")
    for code in (65, 0, 0):
        sim.post("/_sim/log/reset")
        row = netty.extract("--json", "contacts", sim=sim, code=code).json()["contacts"]
        assert (row["status"], row["unreadable"]) == ("complete", 2) and lacks(netty, sim) == sorted(bad)
        assert listed(netty) == (0, 2)
    # Beside the newest record another one may still come in: each of the two places is asked for.
    assert len(asked(sim)) <= (5 if at == (-2, -1) else 4), "no more than two or three more than without"


@pytest.mark.parametrize("text", [b"NaN", b'"caf\xe9"'], ids=["nan", "latin-1"])
@pytest.mark.parametrize("sort_key", ["works", "ignored"])
@pytest.mark.parametrize("records, count_is", [(3, "total"), (60, "total"), (330, "total"), (1, "none"), (60, "none"), (330, "none")])
def test_all_of_a_table_s_records_are_malformed(sims, netty, records, count_is, sort_key, text):
    """Each answer has records in it, so that the API is there: they are listed once, and fail no later run."""
    sim = sims(f"contacts:{records},users:20", "--record-bytes", 300)
    sim.mood(sort_key=sort_key, count_is=count_is)
    keys = by_time(sim)
    for key in keys:
        sim.spoil("contacts", key, "member", name="notes", text=text)
    for code in (65, 0, 0):
        sim.post("/_sim/log/reset")
        rows = netty.extract("--json", "contacts", "users", sim=sim, code=code).json()
        assert rows["contacts"]["status"] in ("complete", "unproven") and rows["users"]["status"] == "complete"
        found = letters(netty)
        assert sorted(one["key"] for one in found) == sorted(keys), "each is listed once"
        most = 20 if count_is == "total" else 25  # behind the end, too, nothing is believed that was not asked for
        assert len(asked(sim, "contacts")) <= most, "a list's last page, too, is taken apart by its count, without a request for each"
    sim.mend("contacts")
    for _ in range(10):
        hours_pass(netty, 8 * 24)
        netty.extract("contacts", sim=sim, code=None)
        if not lacks(netty, sim):
            break
    assert_held(netty, sim, "contacts")


@pytest.mark.parametrize("sort_key, count_is", [("works", "none"), ("ignored", "total")])
def test_all_of_a_table_s_records_are_cut_short(sims, netty, sort_key, count_is):
    """Where one ends and the next begins cannot be told: each is asked for alone. The same bytes in two answers say that the API is there."""
    sim = sims("contacts:24,users:20", "--record-bytes", 300)
    sim.mood(sort_key=sort_key, count_is=count_is)
    keys = by_time(sim)
    for key in keys:
        sim.spoil("contacts", key, "text", text=b'{"contact_id":%d,"notes": "' % key)
    for code in (65, 0, 0):
        sim.post("/_sim/log/reset")
        rows = netty.extract("--json", "contacts", "users", sim=sim, code=code).json()
        assert rows["contacts"]["status"] in ("complete", "unproven") and rows["users"]["status"] == "complete"
        assert sorted(one["key"] for one in letters(netty)) == sorted(keys), "each is listed once"
        assert len(asked(sim, "contacts")) < 25 * len(keys)
    assert len(asked(sim, "contacts")) <= 2 * len(keys) + 5


@pytest.mark.parametrize("sort_key", ["ignored", "refused"])
@pytest.mark.parametrize("at", [(-2, -1), (-4, -3), (20, 21), (0, 1)])
def test_two_neighbours_count_once_for_ever_where_no_other_order_proves_it(sims, netty, at, sort_key):
    """Good records of their time may be among them, for all that is known: unproven, in each run, and neither more nor less."""
    sim = sims("contacts:120")
    sim.mood(sort_key=sort_key)
    bad = [by_time(sim)[place] for place in at]
    spoil_all(sim, bad, "500")
    for number in range(6):
        sim.post("/_sim/log/reset")
        row = netty.extract("--json", "contacts", sim=sim, code=65 if number == 0 else 0).json()["contacts"]
        assert (row["status"], row["unreadable"]) == ("unproven", 2) and listed(netty) == (0, 2), number
        assert lacks(netty, sim) == sorted(bad)
        assert len(asked(sim)) <= (120 if number == 0 else 50)
        hours_pass(netty, (0, 0, 2, 30, 200, 0)[number])
    sim.mend("contacts")
    for _ in range(6):
        hours_pass(netty, 8 * 24)
        row = netty.extract("--json", "contacts", sim=sim).json()["contacts"]
    assert "unreadable" not in row and listed(netty) == (0, 0)
    assert_held(netty, sim, "contacts")
    assert netty.extract("--full", "--json", "contacts", sim=sim).json()["contacts"]["status"] == "complete"
