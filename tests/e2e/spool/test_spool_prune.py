"""The spool stays bounded: what is loaded and old goes, what is not loaded never does."""
import json
import os
import shutil

from harness import BUILD, Database, assert_synced, wait_for
from test_format_reader import assert_agree

SMALL = ("--segment-size", "64K")


def segments(netty, table):
    """The numbers of the table's segments."""
    return sorted(int(path.name[:10]) for path in (netty.spool / table).glob("*.journal"))


def filled(sims, netty, table="contacts", records=1500):
    sim = sims(f"{table}:{records}")
    netty.extract(table, *SMALL, sim=sim)
    assert len(segments(netty, table)) > 5
    return sim


def loaded(netty, table="contacts"):
    lines = (netty.spool / table / "loaded.json").read_text().splitlines()
    return [json.loads(line) for line in lines[1:]]


def test_the_loader_leaves_word_of_what_is_committed(sims, db, netty):
    filled(sims, netty)
    assert not (netty.spool / "contacts/loaded.json").exists()
    netty.load("--create-tables", db=db)
    word, = loaded(netty)
    place = db.query("SELECT segment, page FROM netty_sync.progress")[0]
    assert (word["segment"], word["page"]) == place
    assert word["name"] == db.name
    assert place[0] == segments(netty, "contacts")[-1]


def test_what_is_loaded_and_old_goes_and_the_next_run_goes_on(sims, db, netty):
    sim = filled(sims, netty)
    netty.load("--create-tables", db=db)
    before = segments(netty, "contacts")
    run = netty.spool_tool("prune", "--json", "--spool-keep", "0s", db=db)
    gone = [json.loads(line)["segment"] for line in run.out.splitlines()]
    assert gone == before[:-1]
    assert segments(netty, "contacts") == before[-1:]
    netty.spool_tool("verify")
    sim.edit("contacts", 40)
    netty.sync(sim, db, "contacts")
    netty.spool_tool("verify")
    assert db.value('SELECT count(*) FROM "netty-contacts"') == 1500


def test_nothing_unloaded_goes_whatever_the_limits_say(sims, db, netty):
    filled(sims, netty)
    before = segments(netty, "contacts")
    netty.spool_tool("prune", "--spool-keep", "0s", "--spool-max", "1K", db=db)
    assert segments(netty, "contacts") == before
    sim = sims("contacts:1500")
    netty.load("--create-tables", db=db)
    assert_synced(sim, db, "contacts")


def test_the_loader_prunes_by_itself(sims, db, netty):
    filled(sims, netty)
    newest = segments(netty, "contacts")[-1]
    netty.load("--create-tables", "--spool-keep", "0s", db=db)
    assert segments(netty, "contacts") == [newest]


def test_size_takes_the_oldest_first_and_no_more_than_needed(sims, db, netty):
    filled(sims, netty)
    netty.load("--create-tables", db=db)
    before = segments(netty, "contacts")
    size = sum(path.stat().st_size for path in netty.spool.rglob("*") if path.is_file())
    run = netty.spool_tool("prune", "--json", "--spool-max", str(size - 1), db=db)
    assert [json.loads(line)["segment"] for line in run.out.splitlines()] == before[:1]
    assert segments(netty, "contacts") == before[1:]


def test_dry_run_shows_and_removes_nothing(sims, db, netty):
    filled(sims, netty)
    netty.load("--create-tables", db=db)
    before = {path: path.stat().st_mtime_ns for path in netty.spool.rglob("*")}
    run = netty.spool_tool("prune", "--dry-run", "--json", "--spool-keep", "0s")
    assert len(run.out.splitlines()) == len(segments(netty, "contacts")) - 1
    assert {path: path.stat().st_mtime_ns for path in netty.spool.rglob("*")} == before


def test_without_a_database_nobody_knows_and_nothing_goes(sims, db, netty):
    filled(sims, netty)
    netty.load("--create-tables", db=db)
    before = segments(netty, "contacts")
    run = netty.spool_tool("prune", "--spool-keep", "0s", code=78)
    assert "DATABASE_URL" in run.err
    netty.spool_tool("prune", "--spool-keep", "0s", code=69,
                     db="postgresql://netty@127.0.0.1:1/nowhere")
    assert segments(netty, "contacts") == before


def test_the_database_is_believed_not_the_file(sims, db, netty):
    """A database restored from a backup has less than the spool was told."""
    filled(sims, netty)
    netty.load("--create-tables", db=db)
    before = segments(netty, "contacts")
    db.query("UPDATE netty_sync.progress SET segment = 3, page = 0")
    netty.spool_tool("prune", "--spool-keep", "0s", db=db)
    assert segments(netty, "contacts") == before[2:]
    db.query("DROP SCHEMA netty_sync CASCADE")
    netty.spool_tool("prune", "--spool-keep", "0s", db=db)
    assert segments(netty, "contacts") == before[2:]


def test_two_databases_and_one_that_is_forgotten(sims, db, postgres, netty):
    filled(sims, netty)
    other = Database(postgres)
    try:
        netty.load("--create-tables", db=db)
        netty.load("--create-tables", db=other)
        before = segments(netty, "contacts")
        other.query("UPDATE netty_sync.progress SET segment = 2, page = 0")
        netty.load("--loaded", db=other)
        netty.spool_tool("prune", "--spool-keep", "0s", db=db)
        assert segments(netty, "contacts") == before[1:]
        netty.spool_tool("prune", "--forget", "nobody", code=64)
        netty.spool_tool("prune", "--forget", other.name)
        netty.spool_tool("prune", "--spool-keep", "0s", db=db)
        assert segments(netty, "contacts") == before[-1:]
    finally:
        other.drop()


def test_damage_was_not_loaded_and_stays(sims, db, netty):
    filled(sims, netty)
    before = segments(netty, "contacts")
    path = netty.spool / "contacts" / f"{before[1]:010}.ndjson.zst"
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)
    netty.load("--create-tables", db=db, code=65)
    netty.spool_tool("prune", "--spool-keep", "0s", db=db, code=65)
    assert segments(netty, "contacts") == before[1:]


def test_what_a_crash_left_of_pruned_segments_counts_for_nobody(sims, db, netty):
    filled(sims, netty)
    netty.load("--create-tables", db=db)
    kept = netty.dir / "kept"
    shutil.copytree(netty.spool / "contacts", kept)
    netty.spool_tool("prune", "--spool-keep", "0s", db=db)
    for name in ("0000000002.journal", "0000000003.ndjson.zst"):
        shutil.copy2(kept / name, netty.spool / "contacts" / name)
    netty.spool_tool("verify")
    assert_agree(netty, netty.spool, "contacts")
    netty.load(db=db)
    netty.spool_tool("prune", "--spool-keep", "0s", db=db)
    assert len(segments(netty, "contacts")) == 1
    assert not (netty.spool / "contacts/0000000003.ndjson.zst").exists()


def test_the_extractor_pauses_when_too_much_waits_and_loses_nothing(sims, db, netty):
    sim = sims("contacts:1500,users:1500")
    run = netty.extract("--json", "contacts", "users", *SMALL, "--spool-max", "1K", "--spool-free", "0",
                        sim=sim, code=None)
    run = netty.extract("--json", "contacts", "users", *SMALL, "--spool-max", "1K", sim=sim, code=74)
    assert "--spool-max" in run.err and "netty-load" in run.err
    assert all(row["requests"] == 0 for row in run.json().values())
    netty.load("--create-tables", db=db)
    netty.extract("contacts", "users", *SMALL, "--spool-max", "100M", sim=sim)
    netty.load("--create-tables", db=db)
    assert_synced(sim, db, "contacts", "users")


def test_the_extractor_pauses_on_a_disk_that_is_nearly_full(sims, netty):
    sim = sims("contacts:300")
    space = os.statvfs(netty.dir)
    most = space.f_bavail * space.f_frsize // 2**30 + 1000
    run = netty.extract("--json", "contacts", "--spool-free", f"{most}G", sim=sim, code=74)
    assert "--spool-free" in run.err
    assert run.json()["contacts"]["status"] == "failed"
    netty.extract("contacts", sim=sim)


def test_prune_finds_the_loader_beside_itself(sims, db, netty):
    """PATH does not matter where the programs lie together."""
    filled(sims, netty)
    netty.load("--create-tables", db=db)
    netty.spool_tool("prune", "--spool-keep", "0s", db=db, env={"PATH": "/nonexistent"})
    assert len(segments(netty, "contacts")) == 1
    alone = netty.dir / "alone"
    alone.mkdir()
    shutil.copy2(BUILD / "netty-spool", alone)
    netty.run(alone / "netty-spool", "prune", db=db, env={"PATH": "/nonexistent"}, code=73)


def test_a_loader_that_stays_leaves_word_and_prunes_too(sims, db, netty):
    filled(sims, netty)
    newest = segments(netty, "contacts")[-1]
    loader = netty.start("netty-load", "--follow", "--create-tables", "--spool-keep", "0s", db=db)
    wait_for(lambda: segments(netty, "contacts") == [newest], "the pruning")
    assert loaded(netty)[0]["segment"] == newest
    loader.terminate()
    assert loader.wait(timeout=60) in (0, 75), open(loader.err_path).read()


def test_a_loader_that_stays_tells_its_last_word_when_it_ends(sims, db, netty):
    sim = sims("contacts:300")
    netty.extract("contacts", sim=sim)
    loader = netty.start("netty-load", "--follow", "--create-tables", db=db)
    wait_for(lambda: (netty.spool / "contacts/loaded.json").exists(), "the first word")
    sim.edit("contacts", 30)
    netty.extract("contacts", sim=sim)
    page = json.loads(netty.spool_tool("ls", "--json").out)["pages"]
    wait_for(lambda: db.value("SELECT min(page) FROM netty_sync.progress") == page, "the edits")
    loader.terminate()
    assert loader.wait(timeout=60) in (0, 75), open(loader.err_path).read()
    assert loaded(netty)[0]["page"] == page


def test_a_database_that_comes_too_late_is_told_what_it_lacks(sims, db, postgres, netty):
    filled(sims, netty)
    netty.load("--create-tables", "--spool-keep", "0s", db=db)
    other = Database(postgres)
    try:
        run = netty.load("--create-tables", db=other, code=65)
        assert "--full" in run.err and "contacts" in run.err
        assert "--full" not in netty.load(db=db).err
    finally:
        other.drop()


def test_the_cache_of_a_database_that_nobody_loads_any_more_goes(sims, db, netty):
    sim = filled(sims, netty)
    netty.load("--create-tables", db=db)
    cache, = (netty.spool / "contacts").glob("unchanged-*")
    other = cache.with_name("unchanged-" + "0" * 16)
    other.write_bytes(b"x" * 5000)
    known = [cache.with_name("members-" + "0" * 16), cache.with_name("members-" + "0" * 16 + ".17")]
    for path in known:
        path.write_bytes(b"x")
    long_ago = os.stat(cache).st_mtime - 8 * 86400
    for path in (cache, other, *known):
        os.utime(path, (long_ago, long_ago))
    # The load uses its own, and so it stays, though nothing has changed that would have to be written there.
    netty.load("--replay", "--spool-keep", "7d", db=db)
    assert cache.exists() and not any(path.exists() for path in (other, *known))
    os.utime(cache, (long_ago, long_ago))
    assert "caches=1" in netty.spool_tool("prune", "--dry-run", "--spool-keep", "7d").err
    assert cache.exists()
    netty.spool_tool("prune", "--spool-keep", "9d", db=db)
    assert cache.exists()
    netty.spool_tool("prune", "--spool-keep", "7d", db=db)
    assert not cache.exists()
    netty.load("--replay", db=db)
    assert_synced(sim, db, "contacts")
