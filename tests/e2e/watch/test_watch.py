"""Metrics, health and the status as programs read them: --metrics-file, --listen, netty-spool report."""
import json
import os
import re
import signal
import socket
import stat
import subprocess
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from harness import KEY, ROOT, wait_for
from watching import browse, get, listening, names, promtool, samples, value

TOKEN = "a-token-of-more-than-16"
CALM = ("--every", "300d", "--stale-after", "1h")


def extract_and_listen(netty, sim, *arguments, env=None):
    process = netty.start("netty-extract", *CALM, "--listen", ":0", *arguments, sim=sim, env=env)
    return process, listening(process)


def has_run(address, table="contacts", program="extract", **headers):
    def look():
        tables = {t["table"]: t for t in get(address, "/status.json", **headers).json()["tables"]}
        return table in tables and tables[table][program] and tables[table]
    return wait_for(look, "a run's end")


# ---- the metrics' file ----

def test_a_run_leaves_its_metrics_in_a_file_and_the_next_one_goes_on_from_them(sims, netty, db):
    sim = sims("contacts:250,users:30")
    file = netty.dir / "netty.prom"
    netty.extract("--metrics-file", file, "contacts", "users", sim=sim)
    first = file.read_text()
    promtool(first)
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert value(first, "netty_extract_runs_total", table="contacts", status="complete") == 1
    assert value(first, "netty_extract_records_total", table="contacts") >= 250
    assert value(first, "netty_extract_last_exit_code") == 0
    assert not any(name.startswith("process_") for name in names(first)), "node_exporter has these of its own"
    netty.extract("contacts", "users", sim=sim, env={"NETTY_METRICS_FILE": file})
    second = file.read_text()
    promtool(second)
    assert value(second, "netty_extract_runs_total", table="contacts", status="complete") == 2
    assert value(second, "netty_extract_run_duration_seconds_count", table="contacts") == 2
    assert value(second, "netty_extract_run_duration_seconds_bucket", table="contacts", le="+Inf") == 2
    assert value(second, "netty_extract_requests_total", table="users") > \
        value(first, "netty_extract_requests_total", table="users")
    loaded = netty.dir / "load.prom"
    row = netty.load("--create-tables", "--json", "--metrics-file", loaded, db=db).json()["contacts"]
    text = loaded.read_text()
    promtool(text)
    for outcome in ("inserted", "updated", "unchanged", "stale", "folded", "dead"):
        assert value(text, "netty_load_rows_total", table="contacts", outcome=outcome) == row[outcome]
    assert value(text, "netty_load_records_read_total", table="contacts") == row["read"]
    assert value(text, "netty_load_waiting_bytes", table="contacts") == 0
    assert value(text, "netty_load_complete_to_timestamp_seconds", table="contacts") == \
        value(second, "netty_extract_complete_to_timestamp_seconds", table="contacts")
    assert 0 < value(text, "netty_load_requests_per_changed_row", table="contacts") < 1
    assert not [p.name for p in netty.dir.iterdir() if p.name.startswith(".")], "a temporary file is left"


def test_a_run_that_fails_leaves_its_metrics_too(sims, netty):
    sim = sims("contacts:250")
    file = netty.dir / "netty.prom"
    sim.mood(p500=100)
    netty.extract("--metrics-file", file, "--retries", "2", "contacts", sim=sim, code=69)
    text = file.read_text()
    promtool(text)
    assert value(text, "netty_extract_last_exit_code") == 69
    assert value(text, "netty_extract_api_errors_total", table="contacts", kind="server_error") == 3
    assert value(text, "netty_extract_retries_total", table="contacts") == 2
    assert value(text, "netty_extract_runs_total", table="contacts", status="failed") == 1
    sim.mood(reset=1)
    netty.extract("contacts", sim=sim)
    loaded = netty.dir / "load.prom"
    netty.load("--metrics-file", loaded, "--retries", "1", code=69,
               db="postgresql://nobody@127.0.0.1:1/none?connect_timeout=2")
    text = loaded.read_text()
    promtool(text)
    assert value(text, "netty_load_last_exit_code") == 69
    assert value(text, "netty_load_database_errors_total", table="contacts", kind="unavailable") == 2
    assert value(text, "netty_load_waiting_records", table="contacts") >= 250
    assert value(text, "netty_load_last_run_success", table="contacts") == 0


def test_a_metrics_file_that_cannot_be_is_told_and_stops_nothing(sims, netty):
    sim = sims("contacts:20")
    run = netty.extract("--metrics-file", netty.dir / "none" / "x.prom", "contacts", sim=sim, code=73)
    lines = run.err.splitlines()
    before = lines[:next(i for i, line in enumerate(lines) if "table fetched" in line)]
    assert any("warn" in line and "--metrics-file" in line and "none" in line for line in before), "before the run"
    assert "error" in lines[-1] and "the metrics cannot be written" in lines[-1], "and after it"
    assert len(set(netty.spool_tool("cat", "contacts").out.splitlines())) == 20


def test_a_metrics_file_of_somebody_else_is_not_replaced(sims, netty):
    sim = sims("contacts:20")
    notes, fetched = netty.dir / "notes", netty.dir / "netty.prom"
    notes.write_text("not to be lost\n")
    run = netty.extract("--metrics-file", notes, "contacts", sim=sim, code=78)
    assert "does not hold this program's metrics" in run.err and notes.read_text() == "not to be lost\n"
    assert "no regular file" in netty.extract("--metrics-file", "/dev/null", "contacts", sim=sim, code=78).err
    fetched.touch()
    netty.extract("--metrics-file", fetched, "contacts", sim=sim)
    run = netty.load("--metrics-file", fetched, "--create-tables", db="postgresql://nobody@127.0.0.1:1/none", code=78,
                     env={"NETTY_RETRIES": "0"})
    assert str(fetched) in run.err and "each program needs one of its own" in run.err
    assert value(fetched.read_text(), "netty_extract_last_exit_code") == 0


# ---- listening ----

def test_the_extractor_answers_to_those_who_watch(sims, netty):
    sim = sims("contacts:250,users:30")
    process, address = extract_and_listen(netty, sim, "contacts", "users")
    has_run(address, "users"), has_run(address)
    metrics = get(address, "/metrics")
    promtool(metrics.text)
    assert metrics.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds",
            "netty_extract_build_info", "netty_extract_breaker_open"} <= names(metrics.text)
    assert value(metrics.text, "process_resident_memory_bytes") > 1e6
    health = get(address, "/healthz")
    assert (health.status, health.text) == (200, "ok\n")
    page = get(address, "/")
    assert page.status == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = page.headers["Content-Security-Policy"]
    nonce = re.search(r"script-src 'nonce-(\w+)'", policy)[1]
    assert "default-src 'none'" in policy and "unsafe" not in policy and f'nonce="{nonce}"' in page.text
    assert nonce not in get(address, "/").text, "a nonce is used once"
    for answer in (metrics, health, page):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
    head = get(address, "/metrics", "HEAD")
    assert head.status == 200 and head.text == "" and int(head.headers["Content-Length"]) > 1000
    assert get(address, "/nothing").status == 404
    refused = get(address, "/metrics", "POST", body="x")
    assert refused.status == 405 and refused.headers["Allow"] == "GET, HEAD"
    assert get(address, "/metrics", body="x").status == 413
    assert get(address, "/metrics", Host="evil.example").status == 403, "DNS rebinding"
    assert get(address, "/metrics", X_Long="x" * 20000).status in (413, 431)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0, Path(process.err_path).read_text()


def test_a_client_that_says_nothing_holds_nobody_up(sims, netty):
    sim = sims("contacts:30")
    process, address = extract_and_listen(netty, sim, "contacts")
    has_run(address)
    silent = [socket.create_connection(address) for _ in range(20)]
    silent[0].sendall(b"GET /metr")
    assert get(address, "/healthz").status == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    for each in silent:
        each.close()


def test_the_loader_answers_too(sims, netty, db):
    sim = sims("contacts:250")
    netty.extract("contacts", sim=sim)
    process = netty.start("netty-load", "--follow", "--create-tables", "--listen", "[::1]:0", db=db)
    address = listening(process, r"address=(\[::1\]):(\d+)")
    table = has_run(address, program="load")
    assert table["load"][-1]["inserted"] == 250 and table["waiting"]["records"] == 0 or table["waiting"]["pages"] > 0
    wait_for(lambda: get(address, "/status.json").json()["databases"], "the loader's word to the spool")
    sim.edit("contacts", 5)
    netty.extract("contacts", sim=sim)
    wait_for(lambda: value(get(address, "/metrics").text, "netty_load_rows_total", table="contacts",
                           outcome="updated") == 5, "the rows that were edited")
    promtool(get(address, "/metrics").text)
    assert get(address, "/healthz").text == "ok\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0, Path(process.err_path).read_text()


def test_off_loopback_only_with_a_token(sims, netty):
    sim = sims("contacts:30")
    run = netty.extract(*CALM, "--listen", "0.0.0.0:0", "contacts", sim=sim, code=78)
    assert "NETTY_LISTEN_TOKEN" in run.err
    run = netty.extract(*CALM, "--listen", "0.0.0.0:0", "contacts", sim=sim, code=78,
                        env={"NETTY_LISTEN_TOKEN": "x1y2z3w4"})
    assert "too short" in run.err and "x1y2z3w4" not in run.err
    token = netty.dir / "token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    process = netty.start("netty-extract", *CALM, "--log-level", "debug", "--listen", "0.0.0.0:0", "contacts", sim=sim,
                          env={"NETTY_LISTEN_TOKEN_FILE": token})
    address = ("127.0.0.1", listening(process)[1])
    for path in ("/metrics", "/healthz", "/status.json", "/", "/nothing"):
        answer = get(address, path)
        assert answer.status == 401 and answer.headers["WWW-Authenticate"].startswith("Bearer"), path
        assert "contacts" not in answer.text
        for bad in ("Bearer " + TOKEN[:-1], "Bearer " + TOKEN + "x", "Basic " + TOKEN, TOKEN, "Bearer"):
            assert get(address, path, Authorization=bad).status == 401, bad
    assert 'type="password"' in get(address, "/").text, "a person can enter it"
    has_run(address, Authorization="Bearer " + TOKEN)
    assert get(address, "/healthz", Authorization="Bearer " + TOKEN, Host="crm.example").text == "ok\n"
    assert TOKEN not in Path(process.err_path).read_text()


@pytest.mark.parametrize("arguments, code, says", [
    (("--listen", ":0"), 64, "--every"),
    (("--every", "1h", "--listen", "example.org:80"), 64, "no address"),
    (("--every", "1h", "--listen", "127.0.0.1"), 64, "no address"),
    (("--every", "1h", "--listen", "127.0.0.1:70000"), 64, "no address"),
    (("--every", "1h", "--listen", "192.0.2.1:0"), 78, "token"),
])
def test_what_cannot_be_listened_on_is_refused(sims, netty, arguments, code, says):
    assert says in netty.extract(*arguments, "contacts", sim=sims("contacts:10"), code=code).err


def test_a_port_that_is_taken_is_told(sims, netty):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        run = netty.extract(*CALM, "--listen", f":{taken.getsockname()[1]}", "contacts", sim=sims("contacts:10"), code=75)
    assert "cannot listen on 127.0.0.1" in run.err and "in use" in run.err


# ---- health ----

def test_health_is_honest(sims, netty, db):
    sim = sims("contacts:250")
    _, address = extract_and_listen(netty, sim, "contacts")
    has_run(address)
    assert get(address, "/healthz").status == 200
    process = netty.start("netty-load", "--every", "300d", "--stale-after", "1s", "--create-tables", "--listen", ":0", db=db)
    loader = listening(process)
    answer = wait_for(lambda: (a := get(loader, "/healthz")).status == 503 and "only up to" in a.text and a, "staleness")
    assert re.match(r"contacts is complete only up to \S+Z, more than 1s ago: see that netty-extract runs\n", answer.text)
    assert get(loader, "/status.json").json()["health"]["reasons"][0]["code"] == "stale"


def test_health_tells_of_a_failing_and_a_throttling_api(sims, netty):
    sim = sims("contacts:250,users:10")
    sim.mood(p500=100)
    _, address = extract_and_listen(netty, sim, "--retries", "0", "contacts")
    answer = wait_for(lambda: (a := get(address, "/healthz")).status == 503 and a, "the failure")
    assert answer.text == "the last run of contacts failed (unavailable): netty-spool runs contacts tells why\n"
    netty.env["NETTY_SPOOL"] = str(netty.dir / "other")
    sim.mood(reset=1, throttle_after=0, throttle_status=429, throttle_seconds=900, throttle_retry_after=900)
    _, address = extract_and_listen(netty, sim, "users")
    answer = wait_for(lambda: (a := get(address, "/healthz")).status == 503 and a, "the throttling")
    assert "the API asked to be left alone until 2" in answer.text
    assert value(get(address, "/metrics").text, "netty_extract_breaker_open") == 1


def test_health_tells_of_a_full_disk(sims, netty):
    sim = sims("contacts:250")
    _, address = extract_and_listen(netty, sim, "--spool-free", "1000000G", "contacts")
    answer = wait_for(lambda: (a := get(address, "/healthz")).status == 503 and a, "the full disk")
    assert "the spool or its disk is full" in answer.text


# ---- a real Prometheus, the alert rules, the dashboard ----

PROMETHEUS = """
global: {scrape_interval: 1s, scrape_timeout: 1s}
rule_files: [%s]
scrape_configs:
  - job_name: netty
    static_configs: [{targets: ["%s:%d", "%s:%d"]}]
"""


def both_listening(sims, netty, db):
    """Both programs after a run, one record set aside."""
    sim = sims("contacts:250,users:30")
    _, extract = extract_and_listen(netty, sim, "contacts", "users")
    has_run(extract), has_run(extract, "users")
    db.create("contacts", "users")
    db.query('ALTER TABLE "netty-contacts" ADD CHECK (contact_id <> 7)')
    loader = netty.start("netty-load", "--follow", "--listen", ":0", db=db)
    load = listening(loader)
    has_run(load, program="load"), has_run(load, "users", "load")
    wait_for(lambda: get(load, "/status.json").json()["databases"], "the loader's word to the spool")
    return extract, load


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def test_a_real_prometheus_scrapes_both_and_rules_and_dashboard_know_their_metrics(sims, netty, db):
    extract, load = both_listening(sims, netty, db)
    rules = ROOT / "shared/monitoring/alerts.yml"
    assert subprocess.run(["promtool", "check", "rules", rules], capture_output=True).returncode == 0
    there = names(get(extract, "/metrics").text) | names(get(load, "/metrics").text)
    # These show only where something lies aside or is not well, or a backfill is under way.
    there |= {"netty_extract_set_aside_records", "netty_extract_unreadable_records", "netty_extract_backfill_records", "netty_extract_verdict",
              "netty_load_verdict"}
    dashboard = json.loads((ROOT / "shared/monitoring/dashboard.json").read_text())
    expressions = [t["expr"] for panel in dashboard["panels"] for t in panel["targets"]]
    assert len(expressions) > 15
    for text in (rules.read_text(), *expressions, dashboard["templating"]["list"][1]["query"]):
        named = set(re.findall(r"\b(?:netty_(?:extract|load)|process)_[a-z_]+", text))
        assert named and named <= there, named - there

    port, folder = free_port(), netty.dir / "prometheus"
    folder.mkdir()
    (folder / "prometheus.yml").write_text(PROMETHEUS % (rules, *extract, *load))
    server = subprocess.Popen(["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                               f"--web.listen-address=127.0.0.1:{port}"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=open(folder / "log", "w"))
    netty.background.append(server)
    server.stdout = open(os.devnull)

    def ask(query):
        try:
            found = get(("127.0.0.1", port), "/api/v1/query?query=" + query)
        except OSError:
            return []
        return found.json()["data"]["result"] if found.status == 200 else []

    assert len(wait_for(lambda: len(r := ask("up==1")) == 2 and r, "the scrapes")) == 2
    found = wait_for(lambda: ask("netty_load_set_aside_records"), "the set-aside records")
    assert found[0]["metric"]["table"] == "contacts" and found[0]["metric"]["reason"] == "refused"
    assert float(found[0]["value"][1]) == 1
    wait_for(lambda: len(ask("netty_load_complete_to_timestamp_seconds")) == 2, "a scrape after both tables' loads")
    lag = ask("time()-netty_load_complete_to_timestamp_seconds")
    assert len(lag) == 2 and all(0 < float(one["value"][1]) < 3600 for one in lag)
    loaded = get(("127.0.0.1", port), "/api/v1/rules").json()["data"]["groups"][0]["rules"]
    assert len(loaded) == rules.read_text().count("alert:") and all(rule["health"] != "err" for rule in loaded)


# ---- nothing of a record ----

def test_no_content_of_a_record_is_ever_served(sims, netty, db):
    extract, load = both_listening(sims, netty, db)
    netty.spool_tool("report", "--html", netty.dir / "r.html")
    served = "".join(get(address, path).text for address in (extract, load)
                     for path in ("/", "/metrics", "/healthz", "/status.json"))
    served += (netty.dir / "r.html").read_text()
    served += "".join(p.read_text() for p in netty.spool.glob("*/runs-*.ndjson"))
    raw = json.loads(netty.spool_tool("dead", "--json", "contacts").out.splitlines()[0])
    content = [v for v in json.loads(raw["raw"]).values() if isinstance(v, str) and len(v) > 6]
    assert content and not [v for v in content if v in served]
    assert KEY not in served and raw["message"] not in served


# ---- netty-spool report, and the history ----

def test_a_report_is_the_page_with_its_data_within(sims, netty, db):
    sim = sims("contacts:250")
    netty.spool_tool("report", "--html", netty.dir / "report.html", code=66)
    db.create("contacts")
    netty.sync(sim, db, "contacts")
    assert "--html" in netty.spool_tool("report", code=64).err
    file = netty.dir / "report.html"
    netty.spool_tool("report", "--html", file)
    text = file.read_text()
    inside = re.search(r'<script type="application/json" id="data"[^>]*>(.*?)</script>', text, re.S)[1]
    data = json.loads(inside)
    assert data["program"] == "spool" and data["tables"][0]["table"] == "contacts"
    assert data["tables"][0]["load"][-1]["inserted"] == 250 and data["health"]["ok"]
    assert data["databases"][0]["name"] == db.name
    assert "http:" not in re.sub(r"http://www\.w3\.org/2000/svg", "", text) and "https:" not in text


def test_a_name_of_a_database_cannot_break_out_of_the_report(sims, netty, db):
    sim = sims("contacts:20")
    db.create("contacts")
    netty.sync(sim, db, "contacts")
    loaded = netty.spool / "contacts" / "loaded.json"
    import xxhash
    lines = loaded.read_text().splitlines()
    bad = json.loads(lines[1])
    bad.pop("sum")
    bad["name"] = "</script><script>document.title='broken'</script><!--"
    body = json.dumps(bad, separators=(",", ":"))[:-1]
    loaded.write_text(lines[0] + "\n" + body + f',"sum":"{xxhash.xxh3_64_hexdigest(body)}"}}\n')
    file = netty.dir / "report.html"
    netty.spool_tool("report", "--html", file)
    assert "</script><script>document" not in file.read_text()
    dom = browse(file.as_uri(), "dom")
    assert "<title>Netty: the copy at a glance</title>" in dom and "&lt;/script&gt;" in dom


def test_runs_are_remembered_by_both_programs(sims, netty, db):
    sim = sims("contacts:250")
    db.create("contacts")
    netty.sync(sim, db, "contacts")
    sim.edit("contacts", 3)
    netty.sync(sim, db, "contacts")
    rows = [json.loads(line) for line in netty.spool_tool("status", "--json").out.splitlines()]
    runs = {row["program"]: row for row in rows if "last_run" in row}
    assert runs["extract"]["status"] == "complete" and runs["load"]["written"] == 3
    lines = (netty.spool / "contacts" / "runs-load.ndjson").read_text().splitlines()
    assert [json.loads(line).get("inserted", 0) for line in lines] == [250, 0]
    before = set(p.name for p in (netty.spool / "contacts").iterdir())
    netty.load("--dry-run", db=db)
    netty.extract("--dry-run", "contacts", sim=sim)
    assert (netty.spool / "contacts" / "runs-load.ndjson").read_text().splitlines() == lines
    assert before == set(p.name for p in (netty.spool / "contacts").iterdir())


# ---- runs, and when the next one is due ----

def history(netty, begins, table="contacts"):
    """The extractor's history, written anew: a run at each of these seconds of the epoch."""
    import xxhash
    path = netty.spool / table / "runs-extract.ndjson"
    line = json.loads(path.read_text().splitlines()[-1])
    line.pop("sum")
    lines = []
    for begin in begins:
        line["began"] = line["ended"] = datetime.fromtimestamp(begin, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        body = json.dumps(line, separators=(",", ":"))[:-1]
        lines.append(f'{body},"sum":"{xxhash.xxh3_64_hexdigest(body)}"}}\n')
    path.write_text("".join(lines))


def next_run(netty):
    rows = [json.loads(line) for line in netty.spool_tool("status", "--json", code=None).out.splitlines()]
    return next(row["next_run"] for row in rows if "next_run" in row)


def test_all_runs_that_are_kept_are_served(sims, netty):
    sim = sims("contacts:30")
    netty.extract("contacts", sim=sim)
    now = int(time.time())
    history(netty, range(now - 600_000, now, 600))
    _, address = extract_and_listen(netty, sim, "contacts")
    has_run(address)
    served = wait_for(lambda: len(r := get(address, "/runs.json").json()["tables"][0]["extract"]) == 1001 and r, "the run's line")
    assert served[0]["code"] == 0 and served[0]["status"] == "complete" and served[0]["requests"] >= 1
    assert len(get(address, "/status.json").json()["tables"][0]["extract"]) == 36
    inside = netty.dir / "report.html"
    netty.spool_tool("report", "--html", inside)
    data = json.loads(re.search(r'<script type="application/json" id="data"[^>]*>(.*?)</script>', inside.read_text(), re.S)[1])
    assert len(data["runs"][0]["extract"]) == 1001


def test_runs_are_behind_the_token_too(sims, netty):
    sim = sims("contacts:30")
    _, address = extract_and_listen(netty, sim, "contacts", env={"NETTY_LISTEN_TOKEN": TOKEN})
    assert get(address, "/runs.json").status == 401


def test_the_program_that_stays_tells_when_its_next_run_is_due(sims, netty):
    sim = sims("contacts:30")
    process, address = extract_and_listen(netty, sim, "contacts")
    told = wait_for(lambda: get(address, "/status.json").json()["next_run"], "the next run's time")
    away = datetime.fromisoformat(told.replace("Z", "+00:00")) - datetime.now(timezone.utc)
    assert timedelta(days=299) < away <= timedelta(days=300)
    assert next_run(netty) == told
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    assert next_run(netty) is None and not (netty.spool / "next.json").exists()


def test_a_timer_s_next_run_is_told_by_the_last_ones(sims, netty):
    sim = sims("contacts:30")
    netty.extract("contacts", sim=sim)
    assert next_run(netty) is None, "one run is no interval"
    now = int(time.time())
    history(netty, [now - 2500, now - 1900, now - 1890, now - 1300, now - 700, now - 100])  # one by hand
    assert datetime.fromisoformat(next_run(netty).replace("Z", "+00:00")).timestamp() == now + 500
    (netty.spool / "next.json").write_text('{"netty_next":1,"at":"2099-01-01T00:00:00Z","sum":"0000000000000000"}\n')
    assert datetime.fromisoformat(next_run(netty).replace("Z", "+00:00")).timestamp() == now + 500, "what is damaged has told nothing"
