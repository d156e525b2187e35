"""Drives what is for those who watch: the server of --listen, promtool, Prometheus, a browser. No test lives here."""
import contextlib
import http.client
import http.server
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

from harness import wait_for

CHROMIUM = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
            "--virtual-time-budget=2000"]


def listening(process, port_of=r"address=(\S+):(\d+)"):
    """Where a program in the background listens, as its log tells."""
    def find():
        assert process.poll() is None, Path(process.err_path).read_text()
        return re.search(port_of, Path(process.err_path).read_text())
    found = wait_for(find, "the line that tells where it listens")
    return found[1].strip("[]"), int(found[2])


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()

    def json(self):
        return json.loads(self.text)


def get(address, path, method="GET", body=None, **headers):
    connection = http.client.HTTPConnection(*address, timeout=30)
    connection.request(method, path, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
    answer = Answer(connection.getresponse())
    connection.close()
    return answer


def samples(text):
    """{(name, labels): value} of a Prometheus text."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            series, value = line.rsplit(" ", 1)
            name, _, labels = series.partition("{")
            found[name, frozenset(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels))] = float(value)
    return found


def value(text, name, **labels):
    return samples(text)[name, frozenset(labels.items())]


def names(text):
    return {name for name, _ in samples(text)}


def promtool(text):
    done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True)
    assert done.returncode == 0 and not done.stderr and not done.stdout, done.stdout + done.stderr


class Door(http.server.BaseHTTPRequestHandler):
    """Between a browser and a program that listens at `address`: hands all on, notes it in `seen`, and has a script run within the page."""
    address, script, seen = None, "", None

    def hand_on(self):
        length = int(self.headers.get("Content-Length") or 0)
        passed = {name: value for name, value in self.headers.items() if name in ("Authorization", "Accept-Language")}
        answer = get(self.address, self.path, self.command, body=self.rfile.read(length) or None, **passed)
        self.seen.append((self.command, self.path, self.headers.get("Authorization"), answer.status))
        text = answer.text
        if nonce := re.search(r'<script nonce="(\w+)"', text):
            text = text.replace("</body>", f'<script nonce="{nonce[1]}">{self.script}</script></body>')
        self.send_response(answer.status)
        for name in ("Content-Type", "Content-Security-Policy", "Referrer-Policy"):
            if answer.headers[name]:
                self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = hand_on

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def door(address, script):
    """(URL, what was asked for): see Door."""
    seen = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("OneDoor", (Door,), {"address": address, "script": script, "seen": seen}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/", seen
    finally:
        server.shutdown()
        server.server_close()


def browse(url, what, lang="en", size=(1280, 900), dark=False):
    """What chromium makes of a page: the DOM after its scripts have run, or a screenshot's bytes."""
    profile = tempfile.mkdtemp(prefix="netty-chromium-")
    shot = Path(profile) / "shot.png"
    arguments = [*CHROMIUM, f"--user-data-dir={profile}", f"--lang={lang}", f"--accept-lang={lang}",
                 f"--window-size={size[0]},{size[1]}", "--dump-dom" if what == "dom" else f"--screenshot={shot}"]
    if dark:
        arguments.append("--blink-settings=preferredColorScheme=0")
    try:
        done = subprocess.run([*arguments, url], text=True, capture_output=True, timeout=120,
                              env={**os.environ, "LANGUAGE": lang, "TZ": "Europe/Paris"})
        assert done.returncode == 0, done.stderr
        return done.stdout if what == "dom" else shot.read_bytes()
    finally:
        shutil.rmtree(profile, ignore_errors=True)
