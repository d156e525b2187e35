"""All of netty-load's commands beside the extractor and a loader that follows: the copy stays true."""
import json

from harness import assert_synced
from test_load_index import lz4
from upkeep import whole


def test_the_copy_stays_true_while_it_is_looked_after(sims, netty, db):
    sim = sims("contacts:300")
    netty.extract("contacts", sim=sim)
    netty.load("--create-tables", db=db)
    compress = [("compress", "--rewrite")] if lz4(netty, db) else []
    follower = netty.start("netty-load", "--follow", "--retries", "1000", db=db)
    members = [name for name, value in json.loads(whole(db).popitem()[1])["data"].items() if isinstance(value, str)]
    for turn in range(3):
        sim.edit("contacts", 40)
        fetching = netty.start("netty-extract", "contacts", sim=sim)
        commands = [netty.start("netty-load", *words, "--batch-rows", "20", "--retries", "1000", db=db) for words in (
            ("archive", "--older-than", "1s"), ("restore",), *compress, ("index", "contacts", members[0]),
            ("check", "contacts"))]
        for process in (fetching, *commands[:-1]):
            process.communicate(timeout=120)
            assert process.returncode == 0, open(process.err_path).read()
        assert commands[-1].wait(timeout=120) in (0, 65), "rows come and go while it looks"
    netty.load("restore", db=db)
    follower.terminate()
    assert follower.wait(timeout=60) == 0, open(follower.err_path).read()
    netty.load(db=db)
    assert_synced(sim, db, "contacts")
    assert db.value('SELECT count(*) FROM "netty-contacts-archive"') == 0
    assert netty.load("check", "--json", "contacts", db=db, code=0).out
