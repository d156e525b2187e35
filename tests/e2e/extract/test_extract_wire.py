"""The key goes to one place only, over a connection that is verified, and bodies come compressed or not."""
import http.server
import ssl
import subprocess
import threading
import urllib.request

import pytest

from crawls import asked, assert_held
from harness import KEY


class Recorder(http.server.ThreadingHTTPServer):
    """A small server that notes every request's headers; answer(handler) -> (status, headers, body)."""

    daemon_threads = True

    def __init__(self, answer, context=None):
        self.answer = answer
        self.seen = []
        super().__init__(("127.0.0.1", 0), RecorderHandler)
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a client that refuses our certificate is what some tests are about

    def url(self, scheme="http", host="127.0.0.1"):
        return f"{scheme}://{host}:{self.server_port}"

    def close(self):
        self.shutdown()
        self.server_close()


class RecorderHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.seen.append((self.path, dict(self.headers)))
        status, headers, body = self.server.answer(self)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def record():
    started = []

    def start(answer, context=None):
        started.append(Recorder(answer, context))
        return started[-1]

    yield start
    for server in started:
        server.close()


def one_user(_):
    return 200, {"Content-Type": "application/json"}, b'{"count":1,"data":[{"user_id":1}]}'


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_place_never_sees_the_key(netty, record, status):
    elsewhere = record(one_user)
    api = record(lambda handler: (status, {"Location": elsewhere.url() + handler.path}, b"moved"))
    for_good = status in (301, 308)
    run = netty.extract("users", "--retries", 2, sim=api.url(), code=78 if for_good else 69)
    assert (f"set --base-url to {elsewhere.url()}" in run.err) == for_good, run
    assert len(api.seen) == 1 and api.seen[0][1]["x-netty-api-key"] == KEY
    assert elsewhere.seen == [], "not even without the key"
    assert str(status) in run.err and "users" in run.err
    assert netty.spool_tool("cat", "users", code=None).out == ""


def test_a_redirect_to_another_name_of_the_same_place_never_sees_the_key(sims, netty):
    sim = sims("users:50")
    sim.mood(p_redirect=100)
    netty.extract("users", sim=sim, code=69)
    assert [entry["table"] for entry in sim.log()] == ["users"]


def test_what_is_asked_for_is_what_the_api_is_known_to_take(netty, record):
    api = record(one_user)
    netty.extract("users", sim=api.url() + "/apiv1/")
    for path, headers in api.seen:
        assert path.startswith("/apiv1/users?") and "sort=time_modified:asc" in urllib.request.unquote(path)
        assert headers["x-netty-api-key"] == KEY and headers["accept"] == "application/json"
        assert "gzip" in headers["Accept-Encoding"]
        assert KEY not in path


@pytest.mark.parametrize("gzip", [0, 1], ids=["plain", "gzip"])
def test_bodies_compressed_or_not(sims, netty, gzip):
    sim = sims("contacts:500")
    sim.mood(gzip=gzip)
    row = netty.extract("--json", "contacts", sim=sim).json()["contacts"]
    assert row["bytes"] > 500 * 1000, "counted as they are in the spool"
    assert_held(netty, sim, "contacts")


def test_a_damaged_compressed_body_is_retried(sims, netty):
    sim = sims("contacts:900", seed=2)
    sim.mood(gzip=1, p_cut=20)
    row = netty.extract("--json", "contacts", "--limit", 50, "--retries", 20, sim=sim).json()["contacts"]
    assert row["retries"] > 0
    assert_held(netty, sim, "contacts")


def openssl(folder, *arguments):
    subprocess.run(["openssl", *map(str, arguments)], cwd=folder, check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A CA of our own, a certificate of its for localhost, and another CA that has signed nothing."""
    folder = tmp_path_factory.mktemp("ca")
    for name in ("ca", "other"):
        openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                f"{name}.key", "-out", f"{name}.pem", "-days", "7300", "-subj", f"/CN=Test {name}")
    openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "server.key",
            "-out", "server.csr", "-subj", "/CN=localhost")
    (folder / "ext").write_text("subjectAltName=DNS:localhost\n")
    openssl(folder, "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", "server.pem", "-days", "7300", "-extfile", "ext")
    return folder


@pytest.fixture
def secure(record, authority, sims):
    """The stand-in behind TLS: (server, stand-in)."""
    sim = sims("users:250")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "server.pem", authority / "server.key")

    def forward(handler):
        request = urllib.request.Request(sim.url + handler.path, headers={"x-netty-api-key": KEY})
        with urllib.request.urlopen(request) as answer:
            return answer.status, {"Content-Type": "application/json", "Date": answer.headers["Date"]}, answer.read()
    return record(forward, context), sim


def test_https_is_verified_against_the_authority_given(netty, secure, authority):
    server, sim = secure
    netty.extract("users", sim=server.url("https", "localhost"), env={"NETTY_CA_FILE": authority / "ca.pem"})
    assert_held(netty, sim, "users")


@pytest.mark.parametrize("ca_file", ["other.pem", None], ids=["wrong", "none"])
def test_https_with_an_unknown_authority_is_refused_before_the_key_is_sent(netty, secure, authority, ca_file):
    server, sim = secure
    env = {"NETTY_CA_FILE": authority / ca_file} if ca_file else {}
    run = netty.extract("users", "--retries", 1, sim=server.url("https", "localhost"), env=env, code=69)
    assert "certificate" in run.err and "localhost" in run.err
    assert server.seen == [] and asked(sim) == []


def test_https_for_another_name_is_refused_before_the_key_is_sent(netty, secure, authority):
    server, sim = secure
    run = netty.extract("users", "--retries", 1, sim=server.url("https"), env={"NETTY_CA_FILE": authority / "ca.pem"},
                        code=69)
    assert "127.0.0.1" in run.err
    assert server.seen == []


def test_an_authority_file_that_is_none_is_named(netty, secure, authority):
    server, _ = secure
    (netty.dir / "bad.pem").write_text("no certificate\n")
    for name in ("bad.pem", "missing.pem"):
        run = netty.extract("users", sim=server.url("https", "localhost"), env={"NETTY_CA_FILE": netty.dir / name},
                            code=78)
        assert name in run.err
    assert server.seen == []
