"""Loading again without the API: replays whole and in part, copied and read-only spools, and what the loader leaves."""
import json
import os
import subprocess
from datetime import datetime, timedelta

import pytest

from harness import BUILD, SCRATCH, Database, assert_balanced, differences
from spoolfile import SpoolWriter, copy_spool, iso
from upserts import History, Upserts


def write(writer, seed=3, segments=4, pages=3, keys=60, seal=True):
    """Segments sealed and compressed, sealed and plain, and open; the lines of each page."""
    history, out = History(seed, writer.name, keys), []
    for segment in range(segments):
        for _ in range(pages):
            out.append(history.page())
            writer.page(out[-1])
        if seal and segment < segments - 1:
            writer.seal(compress=segment % 2 == 0)
    return out


def model_of(table, pages):
    return Upserts(table).take_all(line for page in pages for line in page)


def assert_rows(db, model):
    assert not (wrong := differences(model.rows, db.rows(model.table))), wrong


def digest(db, table):
    """Of all rows and columns that come from the spool, whatever their order is."""
    return db.value(f'''SELECT md5(string_agg(md5(t::text), '' ORDER BY md5(t::text)))
                        FROM (SELECT contact_id, data::text, time_created, time_modified FROM "netty-{table}") t''')


def test_a_replay_into_an_empty_database_gives_the_same_table(spool, netty, db, postgres):
    writer = spool.table("contacts")
    history, pages = History(8), []
    for run in range(4):  # the live runs, each with some pages more
        for _ in range(3):
            pages.append(history.page())
            writer.page(pages[-1])
        netty.load("--create-tables", db=db)
        if run < 3:
            writer.seal(compress=run % 2 == 0)
    assert_rows(db, model_of("contacts", pages))
    other = Database(postgres)
    row = netty.load("--create-tables", "--replay", "--json", db=other).json()
    assert_balanced(row)
    assert row["contacts"]["read"] == len(writer.records)
    assert digest(other, "contacts") == digest(db, "contacts")
    assert netty.load("--json", db=other).json()["contacts"]["read"] == 0, "a whole replay is progress"
    other.drop()


def test_a_replay_over_what_is_there_goes_back_in_nothing_and_writes_nothing(spool, netty, db):
    """Times decide: with a time in each record, loading all of it again changes no row."""
    db.create("contacts")
    writer = spool.table("contacts")
    for page in range(5):
        writer.page([f'{{"contact_id":{key},"v":{page},"time_modified":"2024-01-0{page + 1} 00:00:00"}}'
                     for key in range(200)])
    netty.load(db=db)
    before, writes = digest(db, "contacts"), db.writes("contacts")
    row = netty.load("--replay", "--batch-rows", "200", "--json", db=db).json()["contacts"]
    assert (row["read"], row["inserted"], row["updated"]) == (1000, 0, 0)
    assert (row["stale"] + row["folded"], row["unchanged"]) == (800, 200)
    assert (digest(db, "contacts"), db.writes("contacts")) == (before, writes)
    db.query('DELETE FROM "netty-contacts" WHERE contact_id < 100')
    row = netty.load("--replay", "--json", db=db).json()["contacts"]
    assert digest(db, "contacts") == before and row["inserted"] == 100


def test_a_replay_of_some_pages_by_time_and_by_segment(spool, netty, db):
    writer = spool.table("contacts")
    pages = write(writer)
    db.create("contacts")
    times = [fetched for _, _, fetched, _ in writer.pages]
    for arguments, chosen in [
            (["--from", iso(times[4])], range(4, 12)), (["--to", iso(times[4])], range(0, 4)),
            (["--from", iso(times[2]), "--to", iso(times[7])], range(2, 7)),
            (["--from", iso(times[2] + timedelta(milliseconds=1)), "--to", iso(times[3] - timedelta(milliseconds=1))], []),
            (["--segment", "1"], range(0, 3)), (["--segment", "2"], range(3, 6)), (["--segment", "4"], range(9, 12)),
            (["--segment", "3", "--from", iso(times[8])], [8])]:
        db.query('TRUNCATE "netty-contacts"')
        row = netty.load("--replay", "--json", *arguments, db=db).json()["contacts"]
        assert row["read"] == sum(len(pages[n]) for n in chosen), arguments
        assert_rows(db, model_of("contacts", [pages[n] for n in chosen]))
    db.query('TRUNCATE "netty-contacts"')
    assert netty.load("--json", db=db).json()["contacts"]["read"] == len(writer.records), \
        "a replay in part is no progress: the next run still loads all"


def test_a_segment_or_a_time_that_the_spool_does_not_hold_is_told(spool, netty, db):
    writer, other = spool.table("contacts"), spool.table("users")
    write(writer)
    other.page(['{"user_id":1}'])
    netty.load("--create-tables", db=db)
    run = netty.load("--replay", "--segment", "9", db=db, code=66)
    assert "segment 9" in run.err and "netty-spool ls" in run.err and not run.out
    assert "users has no segment 3" in netty.load("--replay", "--segment", "3", "users", "contacts", db=db, code=66).err
    assert netty.load("--replay", "--segment", "3", "--json", db=db).json()["contacts"]["read"] > 0
    assert "no record of the table" in netty.load("--replay", "--from", "2031-01-01", "contacts", db=db).err
    netty.env["NETTY_SPOOL_KEEP"] = "0d"
    netty.load(db=db)
    assert "removed once loaded" in netty.load("--replay", "--segment", "1", "contacts", db=db, code=66).err


@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["real", "dry-run"])
def test_a_replay_by_time_says_what_it_took_and_which_times_there_are(spool, netty, db, dry):
    writer = spool.table("contacts")
    pages = write(writer)
    db.create("contacts")
    times = [fetched for _, _, fetched, _ in writer.pages]

    def told(*arguments):
        run = netty.load("replay", *arguments, *dry, "contacts", db=db, env={"NETTY_LOG_FORMAT": "json"})
        return [event for event in map(json.loads, run.err.splitlines()) if event["event"] == "window"]

    def moment(text):
        return datetime.fromisoformat(text.replace("Z", "+00:00"))

    assert told() == [], "all of it is no window"
    [window] = told("--from", iso(times[2]), "--to", iso(times[7]))
    assert window["level"] == "info" and window["pages"] == 5
    assert window["records"] == sum(len(page) for page in pages[2:7])
    assert (moment(window["from"]), moment(window["to"])) == (times[2], times[7])
    assert (moment(window["first"]), moment(window["last"])) == (times[0], times[-1])
    [window] = told("--from", iso(times[7]))
    assert window["pages"] == len(times) - 7 and window["to"] == "the end"
    [window] = told("--to", "2001-01-01")
    assert window["level"] == "warn" and window["pages"] == 0 and window["from"] == "the beginning"
    assert (moment(window["first"]), moment(window["last"])) == (times[0], times[-1]), "which times there are"
    [window] = told("--from", iso(times[2]), "--segment", "2")
    assert window["pages"] == 3


def test_a_replay_of_one_table_leaves_the_others_alone(spool, netty, db):
    for table in ("contacts", "users"):
        write(spool.table(table), seal=False)
    netty.load("--create-tables", db=db)
    for table in ("contacts", "users"):
        db.query(f'DELETE FROM "netty-{table}"')
    assert set(netty.load("--replay", "--json", "users", db=db).json()) == {"users"}
    assert db.rows("contacts") == {} and db.rows("users") != {}


@pytest.mark.parametrize("arguments,told", [
    (["--from", "2026-01-01"], "--replay"), (["--segment", "1"], "--replay"), (["--replay", "--follow"], "--follow"),
    (["--redrive", "--follow"], "--follow"), (["--replay", "--segment", "-1"], "--segment"), (["--replay", "--from", "soon"], "soon"),
])
def test_replays_that_make_no_sense_are_refused(spool, netty, db, arguments, told):
    spool.table("users").page([])
    assert told in netty.load(*arguments, db=db, code=64).err


def test_a_replay_killed_half_way_is_simply_started_again(spool, netty, db):
    writer = spool.table("contacts")
    pages = write(writer, segments=6, pages=5)
    db.create("contacts")
    loader = netty.start("netty-load", "--replay", "--batch-rows", "3", db=db)
    try:
        loader.wait(timeout=0.4)
    except subprocess.TimeoutExpired:
        loader.kill()
        loader.wait()
    netty.load("--replay", db=db)
    netty.load(db=db)
    assert db.rows("contacts").keys() == model_of("contacts", pages).rows.keys()


# ---- copies ----

def test_a_copy_of_the_spool_is_not_loaded_a_second_time(spool, netty, db):
    """It keeps its identity, so the database knows what it has of it; more pages in the copy are new."""
    pages = write(spool.table("contacts"))
    netty.load("--create-tables", db=db)
    copy_spool(spool.dir, netty.dir / "copy")
    row = netty.load("--json", "--spool", netty.dir / "copy", db=db).json()["contacts"]
    assert row["read"] == 0
    assert_rows(db, model_of("contacts", pages))


def test_two_spools_into_one_table_are_both_loaded(spool, netty, db):
    first = [f'{{"contact_id":{key},"v":1,"time_modified":"2024-01-01 00:00:00"}}' for key in range(10)]
    second = [f'{{"contact_id":{key},"v":2,"time_modified":"2024-01-02 00:00:00"}}' for key in range(5, 15)]
    spool.table("contacts").page(second)
    other = SpoolWriter(netty.dir / "other")
    other.table("contacts").page(first)
    netty.load("--create-tables", db=db)
    row = netty.load("--json", "--adopt", "--spool", other.dir, db=db).json()["contacts"]
    assert (row["inserted"], row["stale"]) == (5, 5)
    assert_rows(db, model_of("contacts", [second, first]))


def without_rights(netty, spool, program, *arguments, db):
    """Runs it as a user who may read the spool and write nothing."""
    command = [BUILD / program, *arguments]
    if os.getuid() == 0:
        for folder in (netty.dir, *netty.dir.parents):
            if str(folder).startswith(SCRATCH):
                os.chmod(folder, os.stat(folder).st_mode | 0o055)
        command = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--", *command]
    for folder, _, files in os.walk(spool):
        os.chmod(folder, 0o555)
        for file in files:
            os.chmod(os.path.join(folder, file), 0o444)
    done = subprocess.run(list(map(str, command)), env=netty.environment(db=db), stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, cwd="/", timeout=120)
    for folder, _, _ in os.walk(spool):
        os.chmod(folder, 0o755)
    return done


def test_a_read_only_spool_loads_the_same_way(spool, netty, db):
    """An offline backfill: somebody else's spool, mounted or copied, not to be written to."""
    pages = write(spool.table("contacts"))
    done = without_rights(netty, spool.dir, "netty-load", "--create-tables", "--json", db=db)
    assert done.returncode == 0, done.stderr
    assert_rows(db, model_of("contacts", pages))
    assert spool.catalog() is None


def test_on_a_read_only_spool_nothing_that_must_be_set_aside_is_passed_over(spool, netty, db):
    spool.table("contacts").page(['{"contact_id":1}'])
    spool.table("contacts").page(['{"contact_id":2}', '{"contact_id":"x"}'])
    spool.table("users").page(['{"user_id":1}'])
    done = without_rights(netty, spool.dir, "netty-load", "--create-tables", "--batch-rows", "1", db=db)
    assert done.returncode == 77, done.stderr
    assert "dead-load" in done.stderr and "belongs to root, not to nobody" in done.stderr
    assert db.query('SELECT user_id FROM "netty-users"') == [(1,)], "other tables go on"
    netty.load(db=db, code=65)
    assert db.query('SELECT contact_id FROM "netty-contacts" ORDER BY 1') == [(1,), (2,)]
    assert len(spool.dead("contacts")) == 1


# ---- damage, and what is left behind ----

def test_a_damaged_page_is_named_and_the_rest_is_loaded(spool, netty, db):
    writer = spool.table("contacts")
    for page in range(4):
        writer.page([f'{{"contact_id":{page * 10 + n},"text":"plain"}}' for n in range(10)])
    data = writer.path("ndjson")
    content = bytearray(data.read_bytes())
    content[len(content) // 2 + 20] ^= 1
    data.write_bytes(content)
    run = netty.load("--create-tables", "--json", db=db, code=65)
    assert "0000000001" in run.err and "damaged" in run.err
    assert sorted(db.rows("contacts")) == [key for key in range(40) if not 20 <= key < 30]
    assert netty.load("--json", db=db, code=None).json()["contacts"]["read"] == 0


def test_a_newer_format_is_refused_by_name(spool, netty, db):
    spool.table("contacts").page(['{"contact_id":1}'])
    path = spool.dir / "spool.json"
    from spoolfile import sumline
    path.write_bytes(sumline({"netty_spool": 2, "id": spool.id, "created": "2026-01-01T00:00:00Z"}))
    run = netty.load("--create-tables", db=db, code=78)
    assert "format 2" in run.err and str(path.parent) in run.err


def test_the_catalog_tells_tables_keys_and_the_greatest_times(spool, netty, db):
    db.create("contacts", "companies", "users")
    db.query('ALTER TABLE "netty-users" RENAME COLUMN user_id TO uid')
    db.query("INSERT INTO \"netty-companies\" (company_id, data, time_modified) VALUES (1, '{}', '2020-05-05 05:05:05.5+00')")
    spool.table("contacts").page(['{"contact_id":1,"time_modified":"2024-05-13T10:22:33.25+02:00"}',
                                  '{"contact_id":2,"time_modified":"2099-01-01 00:00:00"}'])
    netty.load("--timezone", "UTC", db=db)
    found = spool.catalog()
    assert {table: key for table, (key, _) in found.items()} == \
        {"companies": "company_id", "contacts": "contact_id", "users": "uid"}
    assert list(found) == sorted(found)
    assert found["companies"][1] == "2020-05-05T05:05:05.500000Z"
    assert found["contacts"][1] == "2024-05-13T08:22:33.250000Z", "a time in the future does not count"
    assert found["users"][1] is None
    assert os.stat(spool.dir / "catalog.json").st_mode & 0o777 == 0o600


def test_the_writer_of_these_tests_keeps_to_the_format(spool, netty):
    """Segments open, sealed and compressed, pages without records: sound to netty-spool, and read back whole."""
    writer = spool.table("contacts")
    write(writer, pages=4)
    writer.page([])
    writer.page(['{"contact_id":1,"name":"é\\u0000"}'])
    netty.spool_tool("verify")
    assert netty.spool_tool("cat", "contacts").out.encode() == b"".join(line + b"\n" for *_, line in writer.records)
