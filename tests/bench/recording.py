"""A crawl's answers on file: a proxy between netty-extract and the stand-in that keeps each body."""
import http.client
import threading
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer


class Recorder:
    """Takes requests one after the other, as one table's crawl makes them, and writes what tests/bench/pages.h reads."""

    def __init__(self, target, path):
        self.file = open(path, "wb")
        host = target.removeprefix("http://")
        upstream = http.client.HTTPConnection(host)
        file = self.file

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                headers = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
                upstream.request("GET", self.path, headers=headers)
                answer = upstream.getresponse()
                body = answer.read()
                date = int(parsedate_to_datetime(answer.headers["Date"]).timestamp())
                file.write(b"%d %d\n" % (date, len(body)) + body)
                self.send_response(answer.status)
                for name in ("Content-Type", "Date"):
                    self.send_header(name, answer.headers[name])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def send_response(self, code, message=None):
                self.send_response_only(code, message)  # the stand-in's Date, not ours

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
        self.file.close()
