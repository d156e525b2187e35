"""Bad input: a clear error (what, where, what to do next), the documented exit code, nothing lost."""
import json
import os
import subprocess

import pytest

from harness import BUILD, assert_synced


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


def test_a_wish_for_the_command_line_in_the_environment_is_refused_not_overlooked(sims, netty):
    run = netty.extract("users", env={"NETTY_DRY_RUN": "1"}, sim=sims("users:5"), code=78)
    assert "NETTY_DRY_RUN" in run.err and "--dry-run" in run.err and not netty.spool.exists()


@pytest.mark.parametrize("arguments, env, code", [(["--timezone", "Europe/Pari"], {}, 64),
                                                  ([], {"NETTY_TIMEZONE": "Europe/Pari"}, 78)])
@pytest.mark.parametrize("program", ["netty-extract", "netty-load"])
def test_an_unknown_time_zone_is_named_with_its_origin(sims, db, netty, program, arguments, env, code):
    netty.extract("users", sim=sims("users:5"))
    run = netty.run(program, *arguments, "users", sim="http://127.0.0.1:9", db=db, env=env, code=code)
    assert "Europe/Pari" in run.err and (arguments or ["NETTY_TIMEZONE"])[0] in run.err


def test_refused_settings_are_told_in_the_form_asked_for(netty):
    for arguments, env in ((["--log-format", "json", "--limit", "5"], {}), (["--limit=5", "--log-format=json"], {}),
                           (["--nonsense"], {"NETTY_LOG_FORMAT": "json"})):
        lines = netty.extract(*arguments, "users", env=env, sim="http://127.0.0.1:9", code=64).err.splitlines()
        assert [json.loads(line)["level"] for line in lines] == ["error"], lines


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_files_end_no_program_and_get_into_no_file(sims, db, netty, closed):
    sim = sims("users:150")
    env = netty.environment(sim, db)
    for program in ("netty-extract users", "netty-load --create-tables", "netty-spool verify"):
        done = subprocess.run(["bash", "-c", f"exec {BUILD}/{program} {closed}"], env=env, cwd=netty.dir)
        assert done.returncode == 0, program
    assert_synced(sim, db, "users")


def test_a_mistyped_table_leaves_no_table_behind(sims, db, netty):
    sim = sims("users:50")
    netty.extract("usres", "users", sim=sim, code=None)
    netty.load("--create-tables", db=db)
    assert db.value("SELECT to_regclass('\"netty-usres\"')") is None
    assert set(netty.extract("--json", sim=sim).json()) == {"users"}


def test_a_run_claims_no_more_than_what_is_durable(sims, netty):
    """What was fetched and could not be kept is not complete."""
    sim = sims("users:3000")
    run = netty.extract("--json", "--spool-max", "64K", "--segment-size", "16K", "users", sim=sim, code=None)
    claimed = run.json()["users"]["complete_to"]
    status = [json.loads(line) for line in netty.spool_tool("status", "--json").out.splitlines()]
    assert claimed == [row["complete_to"] for row in status if row.get("table") == "users"][0]


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
    lines = netty.run(program, "--version").out.splitlines()
    assert lines[0].split()[0] == program
    libraries = {line.split()[0] for line in lines[1:]}
    own = {"netty-extract": {"libcurl", "libmicrohttpd"}, "netty-load": {"libpq", "libmicrohttpd"}, "netty-spool": set()}[program]
    assert own | {"zstd", "xxHash", "libuv", "yajl", "inih"} <= libraries
    assert not libraries & ({"libcurl", "libpq", "libmicrohttpd"} - own)


def test_a_mistyped_command_is_no_table_unless_there_is_one(spool, db, netty):
    spool.table("checks").page([{"check_id": 1, "time_modified": "2024-05-13 10:22:33"}])
    run = netty.load("chek", "contacts", db=db, code=64)
    assert "unknown command chek; did you mean check?" in run.err
    assert "did you mean check?" in netty.load("chek", "--spool", netty.dir / "none", db=db, code=64).err
    assert netty.load("checks", "--create-tables", "--json", db=db).json()["checks"]["inserted"] == 1
    # Elsewhere it is taken for what it says.
    assert "no such table" in netty.load("--", "chek", db=db, code=66).err
    assert "no such table" in netty.load("tasks", db=db, code=66).err
    assert "did you mean verify?" in netty.spool_tool("verfy", code=64).err
