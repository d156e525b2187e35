"""Nothing secret at any level: with a source and a database that do their best to bring it out.

That no test's output has one is looked after by the harness, for each program it runs and each file that is left.
"""
import http.server
import json
import os
import subprocess
import threading
from pathlib import Path

import pytest

from harness import BUILD, KEY, PASSWORD, SECRETS, Netty, wait_for, with_password


@pytest.fixture
def gossip():
    """An API that repeats in its answers, headers and bodies, whatever it was sent."""
    class Handler(http.server.BaseHTTPRequestHandler):
        status = 200

        def do_GET(self):
            said = json.dumps(dict(self.headers))
            body = (json.dumps({"count": 1, "data": [said, {"contact_id": said}]}) if type(self).status == 200 else
                    json.dumps({"error": said, "key": self.headers["x-netty-api-key"]})).encode()
            self.send_response(type(self).status, f"Key {self.headers['x-netty-api-key']}")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "application/json")
            self.send_header("X-You-Said", self.headers["x-netty-api-key"])
            if type(self).status == 302:
                self.send_header("Location", f"/elsewhere?key={self.headers['x-netty-api-key']}")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.handler = Handler
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 429, 500])
def test_an_api_that_repeats_the_key(netty, gossip, status, form):
    gossip.handler.status = status
    run = netty.extract("--log-level", "debug", "--log-format", form, "--retries", "1", "contacts",
                        sim=f"http://127.0.0.1:{gossip.server_port}/apiv1", code=None)
    assert run.code == 78 if status == 404 else run.code in (69, 75, 77)
    assert run.err, run


def test_a_key_that_comes_back_as_content_is_content(netty, gossip):
    """A record is kept as it came, whatever stands in it; what is told of it, is not told with the key."""
    run = netty.extract("--log-level", "debug", "contacts", sim=f"http://127.0.0.1:{gossip.server_port}/apiv1", code=None)
    assert run.code in (65, 69, 78)  # 78: the only record has no key that is an integer
    netty.secret_files.update(path for path in netty.spool.rglob("*") if path.is_file())


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_database_that_is_not_there_or_says_no(netty, spool, db, form):
    spool.table("users").page(['{"user_id":1}'])
    debug = ("--log-level", "debug", "--log-format", form, "--retries", "1")
    nowhere = with_password("postgresql://netty@127.0.0.1:9/none")
    netty.load(*debug, db=nowhere, code=69)
    netty.load("--check", *debug, db=nowhere, code=69)
    netty.load(*debug, db=with_password(db.url).replace("netty:", "nobody-here:"), code=77)
    netty.load(*debug, db=f"host=127.0.0.1 port=9 user=netty password='{PASSWORD}' nonsense=1", code=78)
    netty.load(*debug, env={"PGHOST": "127.0.0.1", "PGPORT": "9", "PGPASSWORD": PASSWORD}, code=69)
    netty.spool_tool("prune", *debug[:4], db=nowhere, code=None)
    run = netty.load(*debug, with_password(db.url), code=64)
    assert "DATABASE_URL" in run.err


def test_a_broken_setting_is_named_without_what_is_in_it(netty):
    netty.extract(env={"NETTY_API_KEY": KEY + "\n"}, code=78)
    netty.extract("--api-key", KEY, code=64)
    netty.extract(f"--api-key={KEY}", code=64)
    (netty.dir / "netty.conf").write_text(f"api-key = {KEY}\n")
    netty.secret_files.add(netty.dir / "netty.conf")
    netty.extract(code=78)
    (netty.dir / "netty.conf").write_text(f"db = {with_password('postgresql://netty@h/d')}\nnonsense\n")
    netty.load(code=78)


def test_command_lines_of_running_programs_and_of_what_they_start(netty, sims, db, tmp_path):
    db.create("contacts")
    sim = sims("contacts:50")
    extract = netty.start("netty-extract", "--every", "1h", "contacts", sim=sim)
    wait_for(lambda: (netty.spool / "contacts").exists(), "the spool")
    load = netty.start("netty-load", "--follow", db=db)
    wait_for(lambda: db.value('SELECT count(*) FROM "netty-contacts"') == 50, "the load")
    for process in (extract, load):
        lines = [Path(f"/proc/{process.pid}/cmdline").read_text()]
        lines += [Path(f"/proc/{child}/cmdline").read_text()
                  for task in os.listdir(f"/proc/{process.pid}/task")
                  for child in Path(f"/proc/{process.pid}/task/{task}/children").read_text().split()]
        assert not any(secret in line for secret in SECRETS for line in lines), lines
    # netty-spool asks netty-load, which it looks for beside itself: one that writes down how it was called
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/copy").write_bytes((BUILD / "netty-spool").read_bytes())
    (tmp_path / "bin/copy").chmod(0o755)
    (tmp_path / "bin/netty-load").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{tmp_path}/called\n')
    (tmp_path / "bin/netty-load").chmod(0o755)
    netty.run(tmp_path / "bin/copy", "prune", db=db)
    called = (tmp_path / "called").read_text()
    assert "--loaded" in called and not any(secret in called for secret in SECRETS)


def test_the_search_finds_what_it_looks_for(tmp_path):
    """That the harness would see a key in a spool: plain, compressed, or in a log."""
    for name in ("0000000001.ndjson", "netty-load.0.err"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_text(f'{{"key":"{KEY}"}}\n')
        with pytest.raises(AssertionError, match="a secret got into"):
            Netty(folder).search()
    packed = tmp_path / "packed"
    packed.mkdir()
    subprocess.run(["zstd", "-q", "-o", packed / "1.ndjson.zst"], input=PASSWORD.encode(), check=True)
    with pytest.raises(AssertionError, match="a secret got into"):
        Netty(packed).search()
