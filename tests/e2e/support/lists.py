"""An API of a test's own: lists of records of any shape, sorted by any member, filtered by time."""
import json
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Lists:
    """`tables`: {name: [record, ...]}, which a test may change; `asked`: the queries by table, in their order;
    `ahead`: seconds that the server's Date is ahead."""

    def __init__(self, tables):
        self.tables, self.asked, self.ahead = tables, {}, 0
        self.lock = threading.Lock()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                parts = urllib.parse.urlsplit(self.path)
                status, answer = api.answer(parts.path.strip("/"), dict(urllib.parse.parse_qsl(parts.query)))
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def date_time_string(self, timestamp=None):
                return super().date_time_string(time.time() + api.ahead)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def answer(self, table, query):
        with self.lock:
            self.asked.setdefault(table, []).append(query)
            if table not in self.tables:
                return 404, {"error": "no such table"}
            found = list(self.tables[table])
            for one in filter(None, query.get("filters", "").split(",")):
                member, operator, value = one.split(":", 2)
                value = value.rstrip("Z").removesuffix(".000").replace("T", " ")
                found = [record for record in found if record.get(member) is not None and
                         (str(record[member]) > value if operator == "greater" else str(record[member]) == value)]
            member, direction = query.get("sort", "time_modified:asc").split(":")
            if not all(member in record or member == "time_modified" for record in found):
                return 400, {"error": f"cannot sort by {member}"}
            found.sort(key=lambda record: (record.get(member) is not None, record.get(member)),
                       reverse=direction == "desc")
            offset = int(query["offset"])
            return 200, {"count": len(found), "data": found[offset:offset + int(query["limit"])]}

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
