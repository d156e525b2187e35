"""Bad input: a clear error (what, where, what to do next), the documented exit code, nothing lost."""
import os

import pytest

from harness import assert_synced


def test_no_key(sims, netty):
    run = netty.extract("users", sim=sims("users:5"), env={"NETTY_API_KEY": None}, code=78)
    assert "NETTY_API_KEY" in run.err and not netty.spool.exists()


def test_wrong_key(sims, netty):
    wrong = "wr0ng-k3y-of-an-invented-account"
    sim = sims("users:5,contacts:5")
    run = netty.extract("users", "contacts", sim=sim, env={"NETTY_API_KEY": wrong}, code=77, secrets=[wrong])
    assert "key" in run.err
    assert len([entry for entry in sim.log() if entry["status"] == 401]) <= 2, "a refused key does not knock on"


def test_unknown_table_is_named_and_the_others_go_on(sims, db, netty):
    sim = sims("users:50")
    run = netty.extract("--json", "unheardof", "users", sim=sim, code=None)
    assert run.code != 0 and "unheardof" in run.err
    rows = run.json()
    assert rows["unheardof"]["status"] == "failed" and rows["users"]["status"] == "complete"
    netty.load("users", "--create-tables", db=db)
    assert_synced(sim, db, "users")


def test_api_away(netty):
    run = netty.extract("users", "--retries", "1", sim="http://127.0.0.1:9", code=69)
    assert "127.0.0.1 port 9" in run.err


def test_database_away(sims, netty):
    netty.extract("users", sim=sims("users:5"))
    run = netty.load("--retries", "1", db="postgresql://nobody@127.0.0.1:9/none", code=69)
    assert "127.0.0.1" in run.err


def test_a_database_password_never_shows(sims, netty):
    netty.extract("users", sim=sims("users:5"))
    secret = "p4ssw0rd-invented"
    netty.load("--retries", "0", db=f"postgresql://nobody:{secret}@127.0.0.1:9/none", code=69, secrets=[secret])
    run = netty.load("--db", f"postgresql://nobody:{secret}@127.0.0.1:9/none", code=64, secrets=[secret])
    assert "DATABASE_URL" in run.err


def test_spool_cannot_be_made(sims, netty):
    (netty.dir / "file").write_text("in the way")
    run = netty.extract("users", "--spool", netty.dir / "file" / "spool", sim=sims("users:5"), code=73)
    assert f"{netty.dir}/file" in run.err


def test_no_spool(db, netty):
    assert "netty-extract" in netty.load(db=db, code=66).err
    netty.spool_tool("ls", code=66)
    netty.spool_tool("cat", "users", code=66)


def test_a_folder_of_other_things_is_not_adopted(sims, netty):
    netty.spool.mkdir()
    (netty.spool / "thesis.txt").write_text("years of work")
    netty.extract("users", sim=sims("users:5"), code=None)
    assert sorted(os.listdir(netty.spool)) == ["thesis.txt"]


@pytest.mark.parametrize("mood", ["p_html", "p_error_object", "p_garbage", "p_utf8", "p_cut", "p_notarray",
                                  "p500", "p_reset"])
def test_a_page_that_is_none_is_retried_then_named_and_leaves_nothing(sims, netty, mood):
    sim = sims("users:250")
    sim.mood(**{mood: 100})
    run = netty.extract("users", "--retries", "2", sim=sim, code=69)
    assert "users" in run.err
    asked = [entry for entry in sim.log() if entry["table"] == "users"]
    assert len(asked) == 3, "one try and two retries"
    assert netty.spool_tool("cat", "users", code=None).out == ""
    sim.mood(**{mood: 0})
    netty.extract("users", sim=sim)
    assert len(netty.spool_tool("cat", "users").out.splitlines()) >= 250


@pytest.mark.parametrize("arguments, code, told", [
    (["--limit", "1000", "users"], 64, "--limit"),
    (["--limit=ten", "users"], 64, "ten"),
    (["--overlap", "2 hours", "users"], 64, "2 hours"),
    (["--nonsense"], 64, "--nonsense"),
    (["--api-key", "x", "users"], 64, "--api-key"),
    (["users;drop"], 64, "users;drop"),
    ([], 64, "no table to fetch"),
])
def test_usage(netty, arguments, code, told):
    assert told in netty.extract(*arguments, sim="http://127.0.0.1:9", code=code).err


def test_a_bad_environment_or_file_is_named_with_its_origin(netty):
    run = netty.extract("users", env={"NETTY_TIMEOUT": "soon"}, sim="http://127.0.0.1:9", code=78)
    assert "NETTY_TIMEOUT" in run.err and "soon" in run.err
    (netty.dir / "netty.conf").write_text("limit = 50\nlimmit = 50\n")
    run = netty.extract("users", sim="http://127.0.0.1:9", code=78)
    assert "netty.conf:2" in run.err and "limmit" in run.err


def test_two_extractors_exclude_each_other(sims, netty):
    sim = sims("users:2000")
    sim.mood(latency_ms=300)
    first = netty.start("netty-extract", "users", sim=sim)
    from harness import wait_for
    wait_for(lambda: len(sim.log()) > 0, "the first extractor's request")
    run = netty.extract("users", sim=sim, code=75)
    assert str(first.pid) in run.err
    first.terminate()
    assert first.wait(timeout=60) == 75


@pytest.mark.parametrize("program", ["netty-extract", "netty-load", "netty-spool"])
def test_help_and_version(netty, program):
    assert "NETTY_SPOOL" in netty.run(program, "--help").out
    assert program in netty.run(program, "--version").out
