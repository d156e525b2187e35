"""A real PostgreSQL table behind the API, as the vendor may well have it: ORDER BY a column with ties and without an
index, LIMIT, OFFSET. The order of equal times is whatever the server's sort of that very request leaves."""
import json
import random
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg2
import pytest

from crawls import versions

RECORDS = """SELECT contact_id, to_char(time_modified, 'YYYY-MM-DD HH24:MI:SS'), name FROM source WHERE {}
             ORDER BY {} LIMIT %s OFFSET %s"""
LONG_AGO = "timestamp '2024-05-13 10:00:00'"


class Api:
    """`edits`: records that get the present time between two requests. With them an answer takes a moment (`pause` seconds for
    each): of a list that gets as many records a second as a page holds nobody comes to the end."""

    def __init__(self, db, by_key):
        self.url, self.by_key, self.edits, self.requests, self.pause = db.url, by_key, 0, 0, 0.02
        self.random, self.lock = random.Random(7), threading.Lock()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                status, answer = api.answer(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query)))
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def answer(self, query):
        sort = query.get("sort", "time_modified:asc").replace(":", " ")
        if sort != "time_modified asc" and not self.by_key:
            return 400, {"error": "cannot sort by this"}
        wheres, values = ["true"], []
        for name, operator, value in (one.split(":", 2) for one in query.get("filters", "").split(",") if one):
            wheres.append(f"{name} {'>' if operator == 'greater' else '='} %s")
            values.append(value.rstrip("Z").replace("T", " "))
        statement = RECORDS.format(" AND ".join(wheres), sort)
        with self.lock, psycopg2.connect(self.url) as connection, connection.cursor() as cursor:
            self.requests += 1
            if self.edits:
                time.sleep(self.pause * self.edits)
                cursor.execute("""UPDATE source SET time_modified = timezone('utc', now()), name = name || '+'
                                  WHERE contact_id = ANY(%s)""",
                               (self.random.sample(range(1, 1001), self.edits),))
            cursor.execute(statement, (*values, int(query["limit"]), int(query["offset"])))
            found = cursor.fetchall()
            connection.commit()
        return 200, {"count": len(found), "data": [dict(contact_id=key, time_modified=time, name=name)
                                                   for key, time, name in found]}

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def api(db):
    made = []

    def start(records, equal, by_key):
        db.query("CREATE TABLE source (contact_id integer PRIMARY KEY, time_modified timestamp(0), name text)")
        db.query(f"""INSERT INTO source SELECT i, {LONG_AGO} + CASE WHEN i <= %s THEN interval '1 hour'
                     ELSE i * interval '2 min' END, repeat(md5(i::text), 3)
                     FROM (SELECT i FROM generate_series(1, %s) i ORDER BY md5(i::text)) shuffled""",
                 equal, records)
        made.append(Api(db, by_key))
        return made[-1]

    yield start
    for one in made:
        one.stop()


def lacking(netty, db):
    truth = dict(db.query("SELECT contact_id, name FROM source"))
    held = versions(netty, "contacts")
    return [key for key, name in truth.items() if json.loads(held.get(key, ["{}"])[-1]).get("name") != name]


def fetch(netty, api):
    run = netty.extract("--json", "contacts", env={"NETTY_BASE_URL": api.base})
    return run.json()["contacts"]


@pytest.mark.parametrize("records,equal", [(400, 300), (1100, 1000), (3050, 3000), (7000, 5000)])
def test_equal_times_of_a_real_table_are_all_there(netty, db, api, records, equal):
    source = api(records, equal, by_key=True)
    row = fetch(netty, source)
    assert not lacking(netty, db)
    assert row["status"] == "complete"
    assert source.requests <= records / 99 * 1.01 + 12


@pytest.mark.parametrize("edits", [1, 8])
def test_and_so_are_they_while_records_are_edited(netty, db, api, edits):
    source = api(3050, 3000, by_key=True)
    source.edits = edits
    row = fetch(netty, source)
    assert row["status"] == "complete"
    source.edits = 0
    row = fetch(netty, source)
    assert row["status"] == "complete"
    assert not lacking(netty, db)


def test_a_list_that_changes_with_each_answer_comes_to_an_end_by_key(netty, db, api):
    """As many edits between two answers as a page holds: what the list shows is never what it showed before."""
    source = api(3050, 2500, by_key=True)
    fetch(netty, source)
    source.edits, source.pause = 120, 0
    for _ in range(2):
        before, began = source.requests, db.value("SELECT timezone('utc', now())::timestamp(0)")
        truth = dict(db.query("SELECT contact_id, name FROM source WHERE time_modified < %s", began))
        row = fetch(netty, source)
        assert row["status"] == "complete"
        assert source.requests - before <= 250, "it is bounded"
        held = versions(netty, "contacts")
        assert all(key in held for key in truth), "what was there when the run began is there"
    source.edits = 0
    assert fetch(netty, source)["status"] == "complete"
    assert not lacking(netty, db)


def test_a_bulk_edit_of_thousands_later(netty, db, api):
    source = api(4000, 0, by_key=True)
    fetch(netty, source)
    db.query("""UPDATE source SET time_modified = timezone('utc', now()), name = name || '!' WHERE contact_id % 2 = 0""")
    before = source.requests
    row = fetch(netty, source)
    assert row["status"] == "complete"
    assert not lacking(netty, db)
    assert source.requests - before <= 2000 / 99 + 12


def test_without_an_order_by_key_it_is_unproven(netty, db, api):
    source = api(1100, 1000, by_key=False)
    row = fetch(netty, source)
    assert row["status"] == "unproven" and "sort by key" in row["reason"]
    claimed = row["complete_to"]
    assert claimed is None or claimed < "2024-05-13T11", "nothing is claimed of the equal times and behind them"
    assert len(lacking(netty, db)) < 200, "re-reading finds most of them nevertheless"
