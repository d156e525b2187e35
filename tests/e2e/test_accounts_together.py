"""Without --account one process serves all accounts, each in its turn: with its own rate, breaker, position and lock."""
import json
import signal
import urllib.parse

from harness import KEY, assert_synced, wait_for
from test_accounts import key_file, make_schemas, write_conf

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


def rows(run):
    return {row["account"]: row for row in map(json.loads, run.out.splitlines())}


def extract(netty, *arguments, **keywords):
    return netty.extract("--json", *arguments, secrets=KEYS.values(), **keywords)


def load(netty, *arguments, **keywords):
    return netty.load("--json", *arguments, secrets=KEYS.values(), **keywords)


def events(run, name):
    return [line for line in map(json.loads, run.err.splitlines()) if line["event"] == name]


def assert_account_synced(sim, db, schema, *tables):
    db.query(f"SET search_path TO {schema}")
    assert_synced(sim, db, *tables)


def test_each_has_its_key_its_place_and_its_rate(sims, netty):
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
    # A quiet run asks once or twice a table, and writes no record again.
    before = {path: path.stat().st_size for path in netty.spool.rglob("*.ndjson")}
    assert all(row["requests"] <= 4 for row in rows(extract(netty, "--limit", "10")).values())
    assert {path: path.stat().st_size for path in netty.spool.rglob("*.ndjson")} == before


def test_one_failing_account_stops_no_other(sims, netty):
    """Away, refused, locked, wrongly set, and another account's key: each for itself; the gravest code is the run's."""
    names = ("lyon", "nice", "paris", "rouen")
    found = accounts(netty, sims, names=names)
    found["lyon"].stop()
    key_file(netty, "nice", "nobody-knows-this-key")
    found["paris"].mood(latency_ms=1500)
    holder = netty.start("netty-extract", "--account", "paris", "contacts")
    wait_for(lambda: found["paris"].log(), "the request of the one that holds the lock")
    run = extract(netty, env={**JSON_LOG, "NETTY_RETRIES": "1"}, code=77)
    assert {name: row["code"] for name, row in rows(run).items()} == {"lyon": 69, "nice": 77, "paris": 75, "rouen": 0}
    assert rows(run)["paris"]["failed"] == 1 and "contacts" in rows(run)["paris"]["says"]
    assert {line["account"] for line in events(run, "account") if line["level"] == "warn"} == {"lyon", "nice", "paris"}
    assert holder.wait(60) == 0
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


def test_it_stays_for_all_and_stops_cleanly(sims, netty):
    found = accounts(netty, sims)
    process = netty.start("netty-extract", "--json", "--every", "300d", env=JSON_LOG)

    def log(event):
        lines = [json.loads(line) for line in open(process.err_path)]
        return [line for line in lines if line["event"] == event]

    wait_for(lambda: log("wait"), "the end of the first round")
    process.send_signal(signal.SIGUSR1)
    wait_for(lambda: len(log("wait")) == 2, "the round that was asked for")
    process.send_signal(signal.SIGHUP)  # settings and keys are read anew, by the same process
    wait_for(lambda: len(log("wait")) == 3, "the round of the one that began anew")
    for sim in found.values():
        sim.mood(latency_ms=3000)
    before = sum(len(sim.log()) for sim in found.values())
    process.send_signal(signal.SIGUSR1)
    wait_for(lambda: sum(len(sim.log()) for sim in found.values()) > before, "the first request of the round")
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 75
    codes = [json.loads(line)["code"] for line in out.splitlines()]
    assert codes[:9] == [0] * 9 and 75 in codes[9:] and len(codes) == 12
    for name in found:
        netty.extract("--account", name, "--limit", "10")


def test_what_is_for_one_account_asks_for_its_name(sims, netty):
    accounts(netty, sims, tables="contacts:5")
    for words in (("--dry-run",), ("--full", "--every", "1h")):
        run = extract(netty, *words, code=78)
        assert "--account" in run.err, run
    assert not netty.spool.exists()
    assert rows(extract(netty, "--full"))["nice"]["records"] >= 5
