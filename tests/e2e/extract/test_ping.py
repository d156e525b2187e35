"""--ping-url: a monitor of scheduled jobs is told how each run ended, and nothing else learns the address."""
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness import wait_for

SECRET = "3f2c9a51-77d0-4c1e-9f64-0a1b2c3d4e5f"


class Monitor(ThreadingHTTPServer):
    """Remembers what it is asked for; answers with `status`, after `pause` seconds."""
    daemon_threads = True

    def __init__(self):
        self.asked, self.status, self.pause = [], 200, 0

        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler):
                self.asked.append((handler.path, dict(handler.headers)))
                time.sleep(self.pause)
                handler.send_response(self.status)
                handler.send_header("Content-Length", "0")
                handler.end_headers()

            def log_message(self, *_):
                pass
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/ping/{SECRET}"

    @property
    def paths(self):
        return [path for path, _ in self.asked]


@pytest.fixture
def monitor():
    with Monitor() as server:
        yield server
        server.shutdown()


GOOD, BAD = f"/ping/{SECRET}", f"/ping/{SECRET}/fail"


def extract(netty, sim, monitor, *arguments, url=None, code=0):
    run = netty.extract("--log-level", "debug", *arguments, "contacts", sim=sim, code=code, env={"NETTY_PING_URL": url or monitor.url})
    assert SECRET not in run.err + run.out
    return run


def test_a_good_run_and_a_bad_one(sims, netty, monitor):
    sim = sims("contacts:30")
    extract(netty, sim, monitor)
    assert monitor.paths == [GOOD]
    assert "api" not in " ".join(monitor.asked[0][1]).lower() and not any("key" in name.lower() for name in monitor.asked[0][1]), "no key of the API"
    sim.mood(table="contacts", refuse_status=404)
    extract(netty, sim, monitor, code=78)
    assert monitor.paths == [GOOD, BAD]


def test_what_ends_before_a_run_begins_is_told_too(sims, netty, monitor):
    run = netty.extract("contacts", sim=sims("contacts:30"), code=78, env={"NETTY_PING_URL": monitor.url, "NETTY_API_KEY": ""})
    assert SECRET not in run.err and monitor.paths == [BAD]


def test_the_loader_s_failure_is_told_by_the_extractor_s_next_run(sims, db, netty, monitor):
    sim = sims("contacts:30")
    extract(netty, sim, monitor)
    netty.load("--retries", "0", db=db, code=78)  # the table is missing
    extract(netty, sim, monitor)
    assert monitor.paths == [GOOD, BAD]
    db.create("contacts")
    netty.load(db=db)
    extract(netty, sim, monitor)
    assert monitor.paths == [GOOD, BAD, GOOD]


def test_a_dry_run_tells_nobody(sims, netty, monitor):
    extract(netty, sims("contacts:30"), monitor, "--dry-run")
    assert monitor.paths == []


@pytest.mark.parametrize("given, asked", [("?x=1", f"{BAD}?x=1"), ("/", BAD)])
def test_fail_goes_behind_the_path(sims, netty, monitor, given, asked):
    sim = sims("contacts:30")
    sim.mood(table="contacts", refuse_status=404)
    extract(netty, sim, monitor, url=monitor.url + given, code=78)
    assert monitor.paths == [asked]


def test_a_monitor_that_fails_changes_nothing_but_a_warning(sims, netty, monitor):
    sim = sims("contacts:30")
    monitor.status = 500
    run = extract(netty, sim, monitor)
    assert "the monitor cannot be told" in run.err and "host=127.0.0.1" in run.err and "status=500" in run.err and len(monitor.paths) == 1
    run = extract(netty, sim, monitor, url=f"http://127.0.0.1:9/{SECRET}")
    assert "the monitor cannot be told" in run.err
    monitor.status, monitor.pause = 200, 30
    began = time.monotonic()
    run = extract(netty, sim, monitor)
    assert "the monitor cannot be told" in run.err and 9 < time.monotonic() - began < 25


@pytest.mark.parametrize("url", ["ftp://monitor.example.com/" + SECRET, SECRET, "https:///" + SECRET, "file:///etc/passwd"])
def test_what_is_no_address_is_refused_unnamed(sims, netty, url):
    run = netty.extract("contacts", sim=sims("contacts:30"), code=78, env={"NETTY_PING_URL": url})
    assert "NETTY_PING_URL" in run.err and SECRET not in run.err and "passwd" not in run.err


def test_a_program_that_stays_tells_of_each_run(sims, netty, monitor):
    """And goes on while the monitor takes its time."""
    sim = sims("contacts:30")
    process = netty.start("netty-extract", "--every", "1s", "contacts", sim=sim, env={"NETTY_PING_URL": monitor.url})
    wait_for(lambda: monitor.paths[:2] == [GOOD, GOOD], "two runs")
    sim.mood(table="contacts", refuse_status=404)
    wait_for(lambda: BAD in monitor.paths, "a failed run")
    process.send_signal(signal.SIGTERM)
    process.wait(60)
