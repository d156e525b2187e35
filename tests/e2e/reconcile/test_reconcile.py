"""What the API no longer has is found, marked, never wrongly, and brought back when it reappears."""
import json
from datetime import timezone

import pytest

from crawls import asked, events, snapshot
from harness import Database, assert_synced, key_of
from reconciles import Copy


@pytest.fixture
def copy(sims, db, netty):
    return Copy(sims("contacts:1200"), db, netty)


def test_deleted_records_are_marked_after_a_second_look_and_nothing_else_is_touched(copy):
    gone = copy.delete(9)
    before = copy.db.rows("contacts")
    first = copy.reconcile().json()["contacts"]
    assert first["status"] == "complete" and first["requests"] <= 20, first
    assert copy.sync().json()["contacts"]["marked"] == 0 and not copy.marked(), "after one look already"
    second = copy.reconcile().json()["contacts"]
    assert (second["absent"], second["present"]) == (9, 0) and second["requests"] <= 12, second
    assert copy.sync().json()["contacts"]["marked"] == 9
    assert set(copy.marked()) == gone
    after = copy.db.rows("contacts")
    for key, (data, *times) in after.items():
        old, *old_times = before[key]
        if key in gone:
            assert data.pop("deleted_detected_at").endswith("Z") and data.pop("deleted") is True
            old.pop("deleted")
        assert (data, times) == (old, old_times), key
    assert copy.db.query("SELECT table_name, looks, marked FROM netty_sync.reconcile") == [("contacts", 1, 9)] or \
        copy.db.value("SELECT marked FROM netty_sync.reconcile") <= 9


def test_a_second_reconcile_of_the_same_marks_nothing_more(copy):
    copy.delete(5)
    copy.cycle()
    marks, writes = copy.marked(), copy.db.writes("contacts")
    assert copy.cycle().json()["contacts"]["marked"] == 0
    assert copy.marked() == marks
    assert copy.db.writes("contacts") == writes


@pytest.mark.parametrize("filter_is", ("ignored", "refused", "empty", "other"))
def test_where_single_keys_cannot_be_asked_for_a_second_crawl_is_the_look(copy, filter_is):
    copy.sim.mood(key_filter=filter_is)
    gone = copy.delete(6)
    copy.reconcile()
    copy.sync()
    looked = copy.reconcile()
    assert looked.json()["contacts"]["absent"] == 0 and "no-look" in looked.err or "asked for single" in looked.err
    copy.sync()
    assert not copy.marked(), "on the word of a filter that does not work"
    copy.reconcile()
    copy.sync()
    assert set(copy.marked()) == gone
    copy.assert_none_alive()


def test_a_record_that_is_back_by_the_second_look_is_not_marked(copy):
    gone = copy.delete(4)
    copy.reconcile()
    copy.sync()
    copy.sim.post("/_sim/restore", table="contacts", n=4)
    looked = copy.reconcile().json()["contacts"]
    assert (looked["absent"], looked["present"]) == (0, 4)
    copy.sync()
    assert gone and not copy.marked()
    assert_synced(copy.sim, copy.db, "contacts")


def test_a_record_that_comes_back_changed_after_the_second_look_is_not_marked(copy):
    gone = copy.delete(3)
    copy.reconcile()
    copy.sync()
    assert copy.reconcile().json()["contacts"]["absent"] == 3
    back = max(gone)
    copy.sim.post("/_sim/restore", table="contacts", id=back)
    copy.sim.edit("contacts", 1, id=back)
    copy.sync()
    assert set(copy.marked()) == gone - {back}
    copy.assert_none_alive()


def test_a_marked_record_that_comes_back_changed_is_brought_back_by_the_next_sync(copy):
    gone = copy.delete(3)
    copy.cycle()
    back = min(gone)
    copy.sim.post("/_sim/restore", table="contacts", id=back)
    copy.sim.edit("contacts", 1, id=back)
    copy.sync()
    assert set(copy.marked()) == gone - {back}
    assert copy.db.rows("contacts")[back] == copy.sim.truth("contacts")[back]


def test_a_marked_record_that_comes_back_as_it_was_is_brought_back_by_the_next_crawl(copy):
    gone = copy.delete(5)
    copy.cycle()
    copy.sim.post("/_sim/restore", table="contacts", n=5)
    copy.sync()
    assert set(copy.marked()) == gone, "the changes do not show it"
    copy.reconcile()
    assert copy.sync().json()["contacts"]["revived"] == 5
    assert_synced(copy.sim, copy.db, "contacts")


@pytest.mark.parametrize("update", ("merge", "replace"))
def test_an_identical_line_brings_a_marked_record_back_and_a_replay_of_old_pages_does_not(copy, update):
    gone = copy.delete(4)
    copy.cycle()
    copy.netty.load("--replay", "--update", update, "contacts", db=copy.db)
    assert set(copy.marked()) == gone, "pages from before the mark took it away"
    copy.sim.post("/_sim/restore", table="contacts", n=2)
    copy.sync("--update", update, full=True)
    live = set(copy.sim.truth("contacts"))
    assert set(copy.marked()) == gone - live and len(gone & live) == 2
    rows = copy.db.rows("contacts")
    assert all(rows[key] == row for key, row in copy.sim.truth("contacts").items())


def test_records_deleted_at_the_source_before_are_brought_back_as_the_record_says(copy):
    key = next(key for key, (data, *_) in sorted(copy.sim.truth("contacts").items()) if data["deleted"] is True)
    copy.delete(1, id=key)
    copy.cycle()
    assert key in copy.marked()
    copy.sim.post("/_sim/restore", table="contacts", id=key)
    copy.reconcile()
    copy.sync()
    assert not copy.marked() and copy.db.rows("contacts")[key][0]["deleted"] is True


def test_more_than_max_deletes_are_not_marked_until_someone_says_so(copy):
    gone = copy.delete(120)
    held = copy.cycle(code=65)
    assert not copy.marked(), "a part of them"
    assert "--max-deletes" in held.err and '"marked":0' in held.out
    again = copy.load()
    assert again.json()["contacts"]["marked"] == 0 and "--max-deletes" in again.err, "told once more, and no news"
    waiting = copy.reconcile()
    assert waiting.json()["contacts"]["status"] == "waiting" and waiting.json()["contacts"]["requests"] == 0
    assert "--max-deletes" in waiting.err
    assert copy.load("--max-deletes", 9).json()["contacts"]["marked"] == 0
    assert copy.load("--max-deletes", 10).json()["contacts"]["marked"] == 120
    assert set(copy.marked()) == gone


def test_held_back_marks_can_be_given_up_by_beginning_anew(copy):
    copy.delete(100)
    copy.cycle(code=65)
    copy.sim.post("/_sim/restore", table="contacts", n=100)
    assert copy.reconcile("--restart").json()["contacts"]["status"] == "complete"
    copy.sync()
    copy.cycle()
    assert not copy.marked()


def test_max_deletes_is_of_a_whole_roll_and_the_second_crawl_obeys_it_too(copy):
    copy.sim.mood(key_filter="ignored")
    gone = copy.delete(100)
    for _ in range(2):
        copy.reconcile()
        copy.sync()
        copy.reconcile()
    held = copy.sync(code=65)
    assert not copy.marked() and "--max-deletes" in held.err
    copy.load()
    assert copy.load("--max-deletes", 100).json()["contacts"]["marked"] == 100
    assert set(copy.marked()) == gone


def test_one_record_of_a_small_table_may_go(sims, db, netty):
    copy = Copy(sims("users:12"), db, netty, "users")
    gone = copy.delete(1)
    copy.cycle()
    assert set(copy.marked()) == gone


def test_a_source_that_seems_empty_marks_nothing(copy):
    copy.delete(1200)
    for _ in range(3):
        copy.reconcile()
        copy.sync(code=None)
    assert not copy.marked()


def test_records_without_a_time_and_of_the_future_are_found_too(sims, db, netty):
    for sort in ("first", "last"):
        sim = sims("contacts:400", "--timeless", 30, "--future", 30, "--timeless-sort", sort)
        db.query('DROP TABLE IF EXISTS "netty-contacts"')
        netty.spool = netty.dir / f"spool-{sort}"
        netty.env["NETTY_SPOOL"] = str(netty.spool)
        copy = Copy(sim, db, netty)
        gone = copy.delete(60)
        copy.cycle("--max-deletes", 50)
        assert set(copy.marked()) == gone
        kinds = db.query('SELECT time_modified IS NULL, time_modified > now() + \'1 year\' FROM "netty-contacts" '
                         "WHERE data ? 'deleted_detected_at' GROUP BY 1, 2")
        assert len(kinds) == 3, kinds


def test_nothing_is_marked_before_the_database_has_what_was_fetched_after_the_look(copy):
    copy.delete(5)
    copy.reconcile()
    copy.load()
    assert not (copy.netty.spool / "contacts/missing.json").exists(), "judged by a database that may be behind"
    assert copy.reconcile().json()["contacts"]["status"] == "waiting"
    copy.sync()
    assert copy.reconcile().json()["contacts"]["absent"] == 5
    copy.load()
    assert not copy.marked()
    copy.sync()
    assert len(copy.marked()) == 5


def test_a_budget_is_held_over_all_tables_and_runs_and_windows_find_deletions_early(sims, db, netty):
    sim = sims("contacts:3000,users:40")
    copy = Copy(sim, db, netty)
    oldest = sorted(copy.sim.truth("contacts").items(), key=lambda item: item[1][2])[:400]
    for key, _ in oldest[10:40:10]:
        copy.delete(1, id=key)
    statuses = []
    for _ in range(20):
        before = len(asked(sim))
        run = netty.extract("--reconcile", "--json", "--budget", 8, "contacts", "users", sim=sim).json()
        assert len(asked(sim)) - before <= 8
        statuses.append(run["contacts"]["status"])
        if len(statuses) == 3:
            copy.sync()
        if statuses[-1] == "complete":
            break
    assert statuses.count("partial") >= 4 and statuses[-1] == "complete", statuses
    copy.sync()
    assert len(copy.marked()) == 3, "the third run's window was looked at and marked on the way"


def test_max_pages_bounds_the_crawl_too(copy):
    """And the step from the first pass to the second is taken within them."""
    statuses = []
    while not statuses or statuses[-1] == "partial":
        row = copy.reconcile("--max-pages", 2).json()["contacts"]
        statuses.append(row["status"])
        assert row["pages"] <= 2 and len(statuses) < 20
    assert len(statuses) > 5 and statuses[-1] == "complete"


def test_a_budget_holds_for_ordinary_runs_too(sims, netty):
    sim = sims("contacts:2000")
    run = netty.extract("--json", "--budget", 7, "contacts", sim=sim).json()["contacts"]
    assert (run["status"], run["requests"]) == ("partial", 7)


def test_killed_anywhere_the_crawl_goes_on(copy):
    gone = copy.delete(8)
    copy.sim.mood(latency_ms=20)
    seen = []
    for _ in range(3):
        process = copy.netty.start("netty-extract", "--reconcile", "contacts", sim=copy.sim)
        before = len(asked(copy.sim))
        while len(asked(copy.sim)) < before + 4 and process.poll() is None:
            pass
        process.kill()
        process.wait()
        seen.append(len(asked(copy.sim)) - before)
    copy.sim.mood(latency_ms=0)
    rest = copy.reconcile().json()["contacts"]
    assert rest["status"] == "complete" and rest["requests"] <= 20 - sum(n - 2 for n in seen), (seen, rest)
    copy.sync()
    copy.reconcile()
    copy.sync()
    assert set(copy.marked()) == gone


def test_with_a_sync_running_beside_it(copy):
    fetching = copy.netty.start("netty-extract", "--every", "1s", "contacts", sim=copy.sim)
    loading = copy.netty.start("netty-load", "--follow", "contacts", db=copy.db)
    gone = copy.delete(7)
    copy.sim.mood(edits_per_request=1, inserts_per_request=1, latency_ms=5)
    assert copy.reconcile().json()["contacts"]["status"] == "complete", "beside a writer of the table"
    assert fetching.poll() is None and loading.poll() is None
    for process in (fetching, loading):
        process.terminate()
        assert process.wait(timeout=60) in (0, 75), open(process.err_path).read()
    copy.sim.mood(reset=1)
    copy.sync()  # ends the pass that the signal interrupted: complete to when that began
    copy.sync()
    copy.reconcile()
    copy.sync()
    assert set(copy.marked()) == gone
    copy.sync()
    live = set(copy.sim.truth("contacts"))
    assert live | gone == set(copy.db.rows("contacts"))


def test_two_reconciles_of_one_table_do_not_meet(copy):
    copy.sim.mood(latency_ms=50)
    first = copy.netty.start("netty-extract", "--reconcile", "contacts", sim=copy.sim)
    while not (copy.netty.spool / "contacts/roll.ndjson").exists():
        assert first.poll() is None
    second = copy.reconcile(code=75)
    assert "reconciled by another process" in second.err
    assert first.wait(timeout=60) == 0


def test_two_databases_are_each_marked(copy, postgres):
    other = Database(postgres)
    try:
        copy.netty.load("--create-tables", db=other)
        gone = copy.delete(5)
        copy.reconcile()
        copy.sync()
        copy.load(db=other)
        copy.reconcile()
        copy.sync()
        copy.load(db=other)
        assert set(copy.marked()) == set(copy.marked(other)) == gone
    finally:
        other.drop()


def test_dry_runs_say_what_they_would_do_and_write_nothing(copy):
    gone = copy.delete(5)
    assert '"next":"crawl"' in copy.reconcile("--dry-run").out
    assert not (copy.netty.spool / "contacts/roll.ndjson").exists()
    copy.reconcile()
    copy.sync()
    assert json.loads(copy.reconcile("--dry-run").out)["looks"] == 5
    copy.reconcile()
    copy.sim.post("/_sim/clock", advance=100)
    copy.netty.extract("contacts", sim=copy.sim)
    copy.netty.load("--replay", "contacts", db=copy.db)  # loads, and does not mark
    assert not copy.marked()
    before = snapshot(copy.netty.spool)
    dry = copy.load("--dry-run", "--log-format", "json")
    assert dry.json()["contacts"]["marked"] == 5, dry
    assert [event["records"] for event in events(dry, "deleted")] == [5]
    assert snapshot(copy.netty.spool) == before and not copy.marked()
    copy.load()
    assert set(copy.marked()) == gone


def test_a_damaged_roll_is_begun_anew_and_a_torn_one_gone_on_with(copy):
    gone = copy.delete(3)
    roll = copy.netty.spool / "contacts/roll.ndjson"
    copy.reconcile("--budget", 6)
    whole = roll.read_bytes()
    roll.write_bytes(whole + b'{"page":99,"fet')
    assert copy.reconcile("--budget", 2).json()["contacts"]["status"] == "partial"
    assert roll.read_bytes().startswith(whole)
    damaged = bytearray(roll.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    roll.write_bytes(damaged)
    copy.sync(code=65)
    told = copy.reconcile()
    assert "damaged" in told.err and told.json()["contacts"]["requests"] >= 12
    copy.sync()
    copy.reconcile()
    copy.sync()
    assert set(copy.marked()) == gone


def test_the_mark_tells_when_and_the_key_stays_out_of_data(sims, db, netty):
    copy = Copy(sims("contacts:600"), db, netty)
    gone = copy.delete(3)
    copy.cycle()
    detected = copy.marked()
    assert set(detected) == gone and all(at.tzinfo is not None for at in detected.values())
    assert max(detected.values()).astimezone(timezone.utc).year >= 2024
    assert key_of("contacts") not in copy.db.rows("contacts")[min(gone)][0]


def test_reconcile_says_what_it_cannot_be_joined_with(copy):
    run = copy.reconcile("--since", "2024-01-01", code=64)
    assert "--restart" in run.err


@pytest.mark.release
def test_10000_records_within_the_budget_killed_on_the_way(sims, db, netty):
    run_large(sims, db, netty, 10000, budget=40)


@pytest.mark.campaign
@pytest.mark.release
def test_100000_records_within_the_budget_killed_on_the_way(sims, db, netty):
    run_large(sims, db, netty, 100000, budget=300)


def test_the_status_shows_how_far_it_is(copy):
    def status():
        rows = map(json.loads, copy.netty.spool_tool("status", "--json").out.splitlines())
        return next((row for row in rows if "reconcile" in row), None)

    assert status() is None
    copy.delete(4)
    copy.reconcile("--budget", 5)
    first = status()
    assert (first["stage"], first["pages"], first["last_finished"]) == ("crawling", 5, None), first
    copy.reconcile()
    assert status()["stage"] == "waiting" and status()["last_finished"]
    copy.sync()
    assert (status()["stage"], status()["missing"]) == ("looking", 4)
    copy.reconcile()
    assert (status()["stage"], status()["absent"]) == ("waiting", 4)
    copy.sync()
    done = status()
    assert (done["stage"], done["missing"], done["held"]) == ("done", 0, 0) and done["marked"] <= 4, done
    assert "looking" not in copy.netty.spool_tool("status").out


def run_large(sims, db, netty, records, budget):
    sim = sims(f"contacts:{records}", "--record-bytes", 300)
    copy = Copy(sim, db, netty)
    gone = copy.delete(records // 200)
    total, runs = 0, 0
    while True:
        before = len(asked(sim))
        if runs % 3 == 1:
            process = netty.start("netty-extract", "--reconcile", "--budget", budget, "contacts", sim=sim)
            while len(asked(sim)) < before + budget // 2 and process.poll() is None:
                pass
            process.kill()
            process.wait()
            status = "killed"
        else:
            status = copy.reconcile("--budget", budget).json()["contacts"]["status"]
        used = len(asked(sim)) - before
        assert used <= budget
        total, runs = total + used, runs + 1
        assert total < records / 99 + 20 + 2 * runs, f"{total} requests in {runs} runs"
        if status == "complete":
            break
    while len(copy.marked()) < len(gone):
        copy.sync()
        copy.reconcile("--budget", budget)
        runs += 1
        assert runs < records, "the marks do not come"
        copy.sync()
    assert set(copy.marked()) == gone
    copy.assert_none_alive()
