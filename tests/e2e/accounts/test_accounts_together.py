"""Without --account one process serves all accounts, each in its turn: with its own rate, breaker, position and lock."""
import json
import re
import signal

import pytest

from itertools import groupby
from harness import assert_synced, wait_for
from test_accounts import key_file, make_schemas, write_conf
from watching import get, listening, samples

RATE = 20
KEYS = {name: f"{name}-key-0f-1ts-0wn-s3cr3t" for name in ("lyon", "nice", "paris", "rouen")}
JSON_LOG = {"NETTY_LOG_FORMAT": "json"}


def accounts(netty, sims, tables="contacts:120,users:5", names=("lyon", "nice", "paris"), **settings):
    """A section each, with a stand-in of its own; settings: what else an account's section says."""
    del netty.env["NETTY_API_KEY"]
    found = {name: sims(tables, seed=seed, key=KEYS[name]) for seed, name in enumerate(names, 1)}
    known = ",".join(table.split(":")[0] for table in tables.split(","))
    write_conf(netty, f"tables = {known}\n" + "".join(
        f"[account {name}]\nbase-url = {sim.url}\napi-key-file = {key_file(netty, name, KEYS[name])}\nschema = {name}\n"
        f"{settings.get(name, '')}\n" for name, sim in found.items()))
    return found


def rows_of(text):
    return {row["account"]: row for row in map(json.loads, text.splitlines())}


def rows(run):
    return rows_of(run.out)


def extract(netty, *arguments, **keywords):
    return netty.extract("--json", *arguments, secrets=KEYS.values(), **keywords)


def load(netty, *arguments, **keywords):
    return netty.load("--json", *arguments, secrets=KEYS.values(), **keywords)


def each_once(members):
    assert len(dict(members)) == len(members), f"a member is there twice: {members}"
    return dict(members)


def events(run, name):
    lines = [json.loads(line, object_pairs_hook=each_once) for line in run.err.splitlines()]
    return [line for line in lines if line["event"] == name]


def assert_account_synced(sim, db, schema, *tables):
    db.query(f"SET search_path TO {schema}")
    assert_synced(sim, db, *tables)


def test_each_has_its_key_its_place_and_its_rate(sims, db, netty):
    found = accounts(netty, sims, nice=f"rate = {RATE}")
    run = extract(netty, "--limit", "10", env=JSON_LOG)
    assert {name: (row["code"], row["tables"], row["failed"]) for name, row in rows(run).items()} == dict.fromkeys(found, (0, 2, 0))
    for name, sim in found.items():
        told = [line for line in events(run, "table") if line["account"] == name]
        assert sorted(line["table"] for line in told) == ["contacts", "users"]
        asked = [entry["ms"] for entry in sim.log()]
        assert rows(run)[name]["requests"] == len(asked) == sum(line["requests"] for line in told)
        if name == "nice":  # a turn is given no earlier than 1/rate after the one before: only the first may have been late
            assert max(asked) - min(asked) >= (len(asked) - 2) * 1000 / RATE
    assert not (netty.spool / "spool.json").exists()
    make_schemas(db, *found)
    run = load(netty, "--create-tables", "--metrics-file", netty.dir / "load.prom", db=db, env=JSON_LOG)
    told = samples((netty.dir / "load.prom").read_text())
    assert all(told["netty_load_rows_inserted_total", frozenset({("account", name)})] == 125 for name in found)
    assert {line["account"] for line in events(run, "loaded")} == set(found)
    for name, sim in found.items():
        assert (rows(run)[name]["code"], rows(run)[name]["tables"]) == (0, 2)
        assert_account_synced(sim, db, name, "contacts", "users")
    # A quiet run asks what one account's asks, and a quiet load changes no row.
    assert all(row["requests"] <= 4 for row in rows(extract(netty, "--limit", "10")).values())
    assert {row["inserted"] + row["updated"] for row in rows(load(netty, db=db)).values()} == {0}


def test_one_failing_account_stops_no_other(sims, db, netty):
    """Away, refused, locked, wrongly set, and another account's key: each for itself; the gravest code is the run's."""
    names = ("lyon", "nice", "paris", "rouen")
    found = accounts(netty, sims, names=names)
    found["lyon"].stop()
    key_file(netty, "nice", "nobody-knows-this-key")
    found["paris"].mood(latency_ms=1500)
    holder = netty.start("netty-extract", "--account", "paris", "contacts")
    wait_for(lambda: found["paris"].log(), "the request of the one that holds the lock")
    holder.send_signal(signal.SIGSTOP)  # it holds it until all others have ended
    found["paris"].mood(latency_ms=0)
    run = extract(netty, env={**JSON_LOG, "NETTY_RETRIES": "1"}, code=77)
    assert {name: row["code"] for name, row in rows(run).items()} == {"lyon": 69, "nice": 77, "paris": 75, "rouen": 0}
    # Where nothing answers, the retries are those of one table: others wait for the place.
    assert (rows(run)["lyon"]["requests"], rows(run)["lyon"]["failed"]) == (2, 2)
    assert rows(run)["paris"]["failed"] == 1 and "contacts" in rows(run)["paris"]["says"]
    assert {line["account"] for line in events(run, "account") if line["level"] == "warn"} == {"lyon", "nice", "paris"}
    holder.send_signal(signal.SIGCONT)
    assert holder.wait(60) == 0
    # Loaded: one has no schema, two no spool.
    make_schemas(db, "lyon", "nice", "rouen")
    run = load(netty, "--create-tables", db=db, env=JSON_LOG, code=None)
    codes = {name: row["code"] for name, row in rows(run).items()}
    assert codes["rouen"] == 0 and codes["paris"] == 78 and run.code == 78, codes
    assert "paris" in rows(run)["paris"]["says"], rows(run)["paris"]
    assert_account_synced(found["rouen"], db, "rouen", "contacts", "users")
    # A key that shows another account's records is refused for that account, before anything of it is written.
    key_file(netty, "paris", KEYS["rouen"])
    conf = netty.dir / "netty.conf"
    write_conf(netty, conf.read_text().replace(found["paris"].url, found["rouen"].url))
    run = extract(netty, env={"NETTY_RETRIES": "1"}, code=78)
    assert rows(run)["paris"]["code"] == 78 and rows(run)["rouen"]["code"] == 0
    assert "another" in rows(run)["paris"]["says"], rows(run)["paris"]
    write_conf(netty, conf.read_text() + "[account toulouse]\nbase-url = nowhere\n")
    run = extract(netty, env={"NETTY_RETRIES": "1"}, code=78)
    assert rows(run)["toulouse"]["code"] == 78 and rows(run)["rouen"]["code"] == 0


def test_damage_in_one_spool_is_told_once_with_the_account(sims, netty):
    accounts(netty, sims, names=("lyon", "nice"))
    extract(netty)
    journal, = (netty.spool / "lyon" / "contacts").glob("*.journal")
    lines = journal.read_bytes().split(b"\n")
    journal.write_bytes(b"\n".join([lines[0], lines[1].replace(b"2", b"3", 1), *lines[2:]]))
    run = extract(netty, "--metrics-file", netty.dir / "extract.prom", env=JSON_LOG, code=None)
    assert {(line["account"], line["table"]) for line in events(run, "damage")} == {("lyon", "contacts")}, run.err


def test_it_stays_for_all_shows_them_and_stops_cleanly(sims, netty):
    found = accounts(netty, sims)
    token = {"NETTY_LISTEN_TOKEN": "a-token-0f-1ts-0wn", "NETTY_RETRIES": "0"}
    bearer = {"Authorization": f"Bearer {token['NETTY_LISTEN_TOKEN']}"}
    process = netty.start("netty-extract", "--json", "--every", "300d", "--listen", "127.0.0.1:0", env={**JSON_LOG, **token})

    def log(event):
        lines = [json.loads(line) for line in open(process.err_path)]
        return [line for line in lines if line["event"] == event]

    def show(path):
        return get(where, path, **bearer)

    wait_for(lambda: log("wait"), "the end of the first round")
    where = listening(process, r'"address":"([^"]+):(\d+)"')
    told = samples(show("/metrics").text)
    for name, sim in found.items():
        mine = {metric: value for (metric, labels), value in told.items() if ("account", name) in labels}
        assert mine["netty_extract_requests_total"] == len(sim.log()) and mine["netty_extract_account_last_exit_code"] == 0
        assert 10 <= len(mine) <= 12
    assert not any(label == "table" for _, labels in told for label, _ in labels)
    assert (show("/healthz").status, show("/healthz").text) == (200, "ok\n")
    assert [table["table"] for table in show("/lyon/status.json").json()["tables"]] == ["contacts", "users"]
    assert "status.json" in show("/lyon/").text and "accounts.json" in show("/").text
    assert show("/nobody/status.json").status == show("/status.json").status == 404
    for path in ("/", "/lyon/", "/nobody/", "/accounts.json"):  # who has no token is not told which accounts there are
        assert get(where, path).status == 401 and "lyon" not in get(where, path).text
    # One goes, and a round is asked for: it is not well, and stands first.
    found["nice"].stop()
    assert get(where, "/run", "POST", **bearer).status == 202
    wait_for(lambda: len(log("wait")) == 2, "the round that was asked for")
    assert show("/healthz").status == 503 and show("/healthz").text.startswith("nice: ")
    shown = show("/accounts.json").json()["accounts"]
    assert [(row["account"], row["code"]) for row in shown] == [("nice", 69), ("lyon", 0), ("paris", 0)]
    process.send_signal(signal.SIGHUP)  # settings and keys are read anew, by the same process
    wait_for(lambda: len(log("wait")) == 3, "the round of the one that began anew")
    found["lyon"].mood(latency_ms=3000)
    before = len(found["lyon"].log())
    process.send_signal(signal.SIGUSR1)
    wait_for(lambda: len(found["lyon"].log()) > before, "the first request of the round")
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert process.returncode in (69, 75), "of what was stopped and what is away the gravest"
    codes = [(row["account"], row["code"]) for row in map(json.loads, out.splitlines())]
    assert codes[:3] == [(name, 0) for name in found] and codes[9] == ("lyon", 75) and len(codes) == 12
    netty.extract("--account", "paris")


def test_the_loader_follows_all_spools(sims, db, netty):
    found = accounts(netty, sims)
    make_schemas(db, *found)
    extract(netty)
    process = netty.start("netty-load", "--json", "--follow", "--create-tables", db=db, env=JSON_LOG)

    def turns(name):
        lines = [json.loads(line) for line in open(process.err_path)]
        return sum(line["event"] == "account" and line["account"] == name for line in lines)

    wait_for(lambda: all(turns(name) for name in found), "a turn of each account")
    found["nice"].edit("contacts", 20)
    netty.extract("--account", "nice")
    wait_for(lambda: turns("nice") == 2, "the turn of the one that has news")
    assert_account_synced(found["nice"], db, "nice", "contacts", "users")
    process.send_signal(signal.SIGTERM)
    told = rows_of(process.communicate(timeout=60)[0])
    assert process.returncode == 0 and (turns("lyon"), turns("paris")) == (1, 1)
    assert told["nice"]["updated"] == 20 and {row["inserted"] for row in told.values()} == {125}


def test_following_waits_for_no_account_that_is_away(sims, db, netty):
    """One database is away for longer than the test lasts, one account has no spool yet: the others are followed all the same."""
    found = accounts(netty, sims, nice="db = postgresql://nobody@127.0.0.1:1/nothing", paris="spool-keep = 1d")
    make_schemas(db, *found)
    for name in ("lyon", "nice"):
        netty.extract("--account", name)
    process = netty.start("netty-load", "--json", "--follow", "--create-tables", "--jobs", "2", db=db,
                          env={**JSON_LOG, "NETTY_RETRY_DELAY": "1h"})

    def told(event, name):
        lines = [json.loads(line) for line in open(process.err_path)]
        return [line for line in lines if line["event"] == event and line.get("account") == name]

    wait_for(lambda: told("retry", "nice") and told("account", "lyon"), "the turn of the one that can be loaded, and a try of the other")
    found["lyon"].edit("contacts", 20)
    netty.extract("--account", "lyon")
    wait_for(lambda: len(told("account", "lyon")) > 1, "the second turn of the one that can be loaded")
    turns = len(told("account", "lyon"))  # two, or more where its pages were met one by one
    process.send_signal(signal.SIGUSR1)
    wait_for(lambda: len(told("account", "lyon")) > turns, "the turn that was asked for")
    netty.extract("--account", "paris")
    wait_for(lambda: told("account", "paris"), "the turn of the one that had no spool")
    assert len(told("no-spool", "paris")) == 1 and not told("end", "paris") and not told("account", "nice")
    process.send_signal(signal.SIGTERM)
    codes = {name: row["code"] for name, row in rows_of(process.communicate(timeout=60)[0]).items()}
    assert process.returncode == 0 and codes == dict.fromkeys(found, 0), codes
    for name in ("lyon", "paris"):
        assert_account_synced(found[name], db, name, "contacts", "users")


def test_commands_look_at_one_account_after_the_other(sims, db, netty):
    """The nightly check has no account's name: it would have failed every night, and nobody else looks."""
    found = accounts(netty, sims, tables="contacts:20,users:5")
    extract(netty)
    make_schemas(db, *found)
    load(netty, "--create-tables", db=db)
    run = load(netty, "check", "--share", "1", db=db)
    told = list(map(json.loads, run.out.splitlines()))
    assert [name for name, _ in groupby(told, lambda row: row["account"])] == list(found) and {row["state"] for row in told} == {"ok"}
    assert all(list(row)[0] == "account" for row in told)
    for name in found:
        assert any(row["account"] == name and row["about"] == "users" for row in told)
    # What is wrong with one does not keep the others from being looked at, and decides the code.
    db.query("UPDATE paris.\"netty-contacts\" SET data = data || '{\"contact_id\": 1}' WHERE contact_id = 2")
    db.query("DROP SCHEMA nice CASCADE")
    run = load(netty, "check", db=db, code=None, env=JSON_LOG)
    told = list(map(json.loads, run.out.splitlines()))
    wrong = {row["account"] for row in told if row["state"] == "wrong"}
    assert wrong == {"paris"} and {row["account"] for row in told} == {"lyon", "paris"} and run.code == 78, run
    assert any(line.get("account") == "nice" and line["level"] == "error" for line in map(json.loads, run.err.splitlines()))
    assert '"account"' not in load(netty, "check", "contacts", "--account", "lyon", db=db).out
    # The others: doctor, what purges, and what is shown as a table.
    run = load(netty, "doctor", db=db, code=None)
    assert {row["account"] for row in map(json.loads, run.out.splitlines())} == set(found)
    run = load(netty, "purge", "--older-than", "1d", db=db, code=None)
    assert [row["account"] for row in map(json.loads, run.out.splitlines())] == ["lyon", "lyon", "paris", "paris"]
    shown = netty.load("purge", "--older-than", "1d", "users", db=db, code=None, secrets=KEYS.values()).out
    assert re.search(r"(?m)^account +table", shown) and re.search(r"(?m)^lyon +users", shown)


def test_what_is_for_one_account_asks_for_its_name(sims, db, netty):
    accounts(netty, sims, tables="contacts:5")
    for program, words in (("netty-extract", ("--dry-run",)), ("netty-extract", ("--full", "--every", "1h")),
                           ("netty-load", ("--dry-run",)), ("netty-load", ("replay",))):
        run = netty.run(program, *words, db=db, code=78)
        assert "for one account" in run.err and "--account" in run.err, run
    assert not netty.spool.exists()
    assert rows(extract(netty, "--full"))["nice"]["records"] >= 5


@pytest.mark.release
def test_memory_is_that_of_a_few_accounts(sims, db, netty):
    """A slice of 500 accounts: what one more costs is its settings and its row."""
    names = [f"agency-{number}" for number in range(40)]
    del netty.env["NETTY_API_KEY"]
    sim, key = sims("contacts:300,users:50", key=KEYS["lyon"]), key_file(netty, "all", KEYS["lyon"])
    held = {}
    for count in (10, 40):
        write_conf(netty, f"base-url = {sim.url}\ntables = contacts, users\napi-key-file = {key}\n" +
                   "".join(f"[account {name}]\nschema = {name}\n" for name in names[:count]))
        for name in names[:count]:
            db.query(f'CREATE SCHEMA IF NOT EXISTS "{name}"')
        for program, more in (("netty-extract", ()), ("netty-load", ("--create-tables",))):
            process = netty.start(program, "--json", "--every", "300d", *more, db=db, env=JSON_LOG)
            wait_for(lambda: '"wait"' in open(process.err_path).read(), "the end of the round", seconds=300)
            held[program, count] = int(re.search(r"VmHWM:\s+(\d+) kB", open(f"/proc/{process.pid}/status").read()).group(1))
            process.send_signal(signal.SIGTERM)
            found = rows_of(process.communicate(timeout=60)[0])
            assert {row["code"] for row in found.values()} == {0} and len(found) == count
    for program in ("netty-extract", "netty-load"):
        few, many = held[program, 10], held[program, 40]
        print(f"{program}: {few} KiB with 10 accounts, {many} KiB with 40")
        assert many + (many - few) / 30 * 460 < 48 * 1024, held
