"""A server in front of the stand-in that answers in another way: `how(answer)` changes what the stand-in said, or sends bytes of its own."""
import http.client
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answer:
    """What is sent: `status`, `headers` (Content-Length is added where it is missing), `body`; or `raw` alone, and the connection ends."""

    def __init__(self, path, status, headers, body, number):
        parts = urllib.parse.urlsplit(path)
        self.table, self.query = parts.path.strip("/"), dict(urllib.parse.parse_qsl(parts.query))
        self.status, self.headers, self.body, self.number, self.raw = status, headers, body, number, None


class OddApi:
    """`how` may be changed at any time; None: as the stand-in says. `asked` counts requests; `holds`: seconds that a connection stays open
    behind an answer whose length is wrong."""

    def __init__(self, sim, how=None):
        self.how, self.asked, self.holds, self.lock = how, 0, 0, threading.Lock()
        upstream = urllib.parse.urlsplit(sim.url).netloc
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                connection = http.client.HTTPConnection(upstream)
                connection.request("GET", self.path, headers={"x-netty-api-key": self.headers["x-netty-api-key"]})
                said = connection.getresponse()
                with api.lock:
                    api.asked += 1
                    number = api.asked
                answer = Answer(self.path, said.status, {name: said.headers[name] for name in ("Date", "Content-Type")}, said.read(), number)
                connection.close()
                if api.how:
                    api.how(answer)
                self.give(answer)

            def give(self, answer):
                if answer.raw is None:
                    answer.headers.setdefault("Content-Length", str(len(answer.body)))
                    told = answer.headers["Content-Length"]
                    self.close_connection = answer.headers.get("Connection") == "close" or told is not None and int(told) > len(answer.body)
                    if self.close_connection and not api.holds:
                        answer.headers["Connection"] = "close"
                    lines = [f"HTTP/1.1 {answer.status} x", *(f"{name}: {value}" for name, value in answer.headers.items() if value is not None)]
                    answer.raw = "\r\n".join([*lines, "", ""]).encode() + answer.body
                else:
                    self.close_connection = True
                try:
                    self.wfile.write(answer.raw)
                    if self.close_connection and api.holds:
                        time.sleep(api.holds)
                except OSError:
                    self.close_connection = True

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a client that has read enough
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
