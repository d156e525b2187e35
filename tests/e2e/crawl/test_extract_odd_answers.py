"""Answers as PHP, frameworks and proxies give them, beside what the API is known to send: what can be read is read, whole; what
cannot is told, and nothing is taken for the list's end that may be an outage."""
import gzip
import json
import time
import zlib

import pytest

from crawls import assert_held, events, source, versions
from harness import assert_synced
from odd_answers import OddApi

RECORDS = 130
HTML_WARNING = b"<br />\n<b>Warning</b>:  Undefined variable $x in <b>/var/www/api.php</b> on line <b>12</b><br />\n"
TEXT_WARNING = b"\nDeprecated: Return type of X::getIterator() should be {compatible} with [] in /var/www/x.php on line 3\n"


@pytest.fixture
def odd(sims):
    """odd(how) -> (sim, api): contacts has records, users has none."""
    started = []

    def start(how=None, tables=f"contacts:{RECORDS},users:0"):
        sim = sims(tables)
        started.append(OddApi(sim, how))
        return sim, started[-1]

    yield start
    for api in started:
        api.close()


def assert_same(netty, sim, table):
    """Every record's newest version, by value: what turns an answer inside out writes its records anew."""
    held = {key: json.loads(lines[-1]) for key, lines in versions(netty, table).items()}
    assert held == {key: json.loads(line) for key, line in source(sim, table).items()}


def said(answer):
    return json.loads(answer.body)


def say(answer, value):
    answer.body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def where_empty(status, body):
    """What has no records is said in another way."""
    def how(answer):
        if answer.status == 200 and not said(answer)["data"]:
            answer.status, answer.body = status, body
            if status == 204:
                answer.headers["Content-Length"] = None
    return how


def around(before=b"", behind=b""):
    def how(answer):
        answer.body = before + answer.body + behind
    return how


def encoded(name, encode=lambda body: body):
    def how(answer):
        answer.headers["Content-Encoding"], answer.body = name, encode(answer.body)
    return how


def length(by):
    def how(answer):
        answer.headers["Content-Length"] = str(len(answer.body) + by)
    return how


def raw(make):
    def how(answer):
        answer.raw = make(answer.body)
    return how


def status(code):
    def how(answer):
        answer.status = code
    return how


def count(value):
    def how(answer):
        found = said(answer)
        found["count"] = value(found["count"])
        say(answer, found)
    return how


def numbered(step):
    def how(answer):
        found = said(answer)
        found["data"] = {str(i * step): record for i, record in enumerate(found["data"])} or []
        say(answer, found)
    return how


def turned(answer):
    found = said(answer)
    say(answer, {"data": found["data"], "error": None, "errors": [], "count": found["count"]})


def amid(old, new, times=-1):
    """Where a server prints record after record, PHP's warnings come between them."""
    def how(answer):
        answer.body = answer.body.replace(old, new, times)
    return how


RECORD = b'{"contact_id"'
HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
READ = {
    "204": where_empty(204, b""), "[]": where_empty(200, b"[]"), "null": where_empty(200, b"null"), "{}": where_empty(200, b"{}"),
    "data-text": where_empty(200, b'{"count":0,"data":""}'), "data-false": where_empty(200, b'{"data":false,"count":"0"}'),
    "html-warning": around(HTML_WARNING), "text-warning": around(TEXT_WARNING), "html-behind": around(b"", HTML_WARNING),
    "text-behind": around(b"", b"\nDone in 0.3 s"), "nul-behind": around(b"", b"\0"), "both": around(TEXT_WARNING, b"\n<!-- x -->\n"),
    "xssi": around(b")]}',\n"), "callback": around(b"cb(", b");"), "boms": around(b"\n\xef\xbb\xbf\xef\xbb\xbf\r\n"),
    "amid-first": amid(b'"data":[{', b'"data":[' + HTML_WARNING + b"{"), "amid-each": amid(RECORD, HTML_WARNING + RECORD),
    "amid-text": amid(RECORD, TEXT_WARNING + RECORD), "amid-comma": amid(b"}," + RECORD, b"}" + HTML_WARNING + b"," + RECORD),
    "amid-record": amid(RECORD + b":", RECORD + HTML_WARNING + b":", 1), "amid-last": amid(b"}]", b"}" + TEXT_WARNING * 2 + b"]"),
    "many-warnings": around(TEXT_WARNING * 300),
    "length+1": length(1), "length+100": length(100),
    "chunks-without-end": raw(lambda body: b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n"),
    "deflate": encoded("deflate", zlib.compress), "gzip-twice": encoded("gzip, gzip", lambda body: gzip.compress(gzip.compress(body))),
    "gzip-tail": encoded("gzip", lambda body: gzip.compress(body) + b"\0\0"), "identity": encoded("identity"),
    "gzip-without-sum": encoded("gzip", lambda body: gzip.compress(body)[:-8]),
    "numbered": numbered(1), "holes": numbered(2),
    "count-text": count(str), "count-float": count(float), "count-negative": count(lambda n: -n), "count-null": count(lambda n: None),
    "count-true": count(lambda n: True), "count-huge": count(lambda n: 10**30), "count-object": count(lambda n: {"total": n}),
    "turned": turned, "203": status(203),
    "100": raw(lambda body: b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD % len(body) + body),
    "103s": raw(lambda body: b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 50 + HEAD % len(body) + body),
    "1.0": raw(lambda body: b"HTTP/1.0 200 OK\r\n\r\n" + body),
}


@pytest.mark.parametrize("case", READ)
def test_what_can_be_read_is_read_whole(odd, netty, case):
    sim, api = odd(READ[case])
    for run in ("first", "second"):
        rows = netty.extract("--json", "contacts", "users", sim=api.url).json()
        assert {row["status"] for row in rows.values()} == {"complete"}, run
        assert all(row["retries"] == 0 and not row.get("unreadable") for row in rows.values()), "nothing is asked for twice"
    assert_same(netty, sim, "contacts")
    sim.edit("contacts", 7)
    netty.extract("contacts", sim=api.url)
    assert_same(netty, sim, "contacts")


@pytest.mark.parametrize("case", ["html-warning", "text-behind", "length+1", "amid-each"])
def test_what_is_odd_about_it_is_told_once_a_table(odd, netty, case):
    sim, api = odd(READ[case], tables=f"contacts:{RECORDS}")
    told = events(netty.extract("--log-format", "json", "contacts", sim=api.url), "odd-answer")
    assert len(told) == 1 and told[0]["level"] == "warn" and told[0]["table"] == "contacts"
    assert ("Undefined variable" in told[0]["words"]) == (case == "html-warning")


@pytest.mark.parametrize("text", [HTML_WARNING, TEXT_WARNING])
def test_a_record_whose_text_has_a_warning_with_line_breaks_is_set_aside_as_it_came(odd, netty, text):
    """It is malformed, and none of its bytes are taken for what PHP has written in between."""
    bad = 41

    def how(answer):
        answer.body = answer.body.replace(b'{"contact_id":%d,' % bad, b'{"contact_id":%d,"pasted":"a "%s" b",' % (bad, text))

    sim, api = odd(how, tables=f"contacts:{RECORDS}")
    row = netty.extract("--json", "contacts", sim=api.url, code=65).json()["contacts"]
    assert row["status"] == "complete" and set(range(1, RECORDS + 1)) - versions(netty, "contacts").keys() == {bad}
    letter, = map(json.loads, netty.spool_tool("dead", "--json", "contacts").out.splitlines())
    assert letter["key"] == bad and text.decode() in letter["raw"]


# No plain word for "no records": believed where the page before has said, by its count, that the list ends there.
WEAK = {"no-bytes": (200, b""), "blanks": (200, b" \n"), "false": (200, b"false"), "a-text": (200, b'"no result"'),
        "error": (200, b'{"error":"no result"}'), "404": (404, b'{"error":"no result"}')}


@pytest.mark.parametrize("case", WEAK)
def test_behind_the_list_s_end_such_an_answer_is_its_end(odd, netty, case):
    sim, api = odd(where_empty(*WEAK[case]), tables=f"contacts:{RECORDS}")
    for _ in range(2):
        api.asked = 0
        row = netty.extract("--json", "contacts", sim=api.url).json()["contacts"]
        assert row["status"] == "complete" and not row.get("unreadable") and api.asked < 20
    assert_held(netty, sim, "contacts")


@pytest.mark.parametrize("case", ["no-bytes", "false"])
def test_amid_the_list_such_an_answer_is_a_record_that_cannot_be_had(odd, netty, case):
    """PHP sends no bytes where it cannot encode a record: all behind it arrive."""
    bad = sorted(range(1, RECORDS + 1))[40]

    def how(answer):
        if any(record["contact_id"] == bad for record in said(answer)["data"]):
            answer.body = WEAK[case][1]

    sim, api = odd(how, tables=f"contacts:{RECORDS}")
    row = netty.extract("--json", "contacts", sim=api.url, code=65).json()["contacts"]
    assert row["status"] == "complete" and row["unreadable"] == 1
    assert set(range(1, RECORDS + 1)) - versions(netty, "contacts").keys() == {bad}


@pytest.mark.parametrize("ahead", [1, 4])
def test_a_count_of_what_was_read_names_no_end(odd, netty, ahead):
    """It tells how far the list was read, not how long it is; pages that were asked for ahead have shown, too, that more stands behind it."""
    records, bad = 1200, 700

    def how(answer):
        found = said(answer)
        if any(record["contact_id"] == bad for record in found["data"]):
            answer.body = b""
        elif found["data"]:
            found["count"] = int(answer.query.get("offset", 0)) + len(found["data"])
            say(answer, found)
        time.sleep(0.1 if ahead > 1 else 0)

    sim, api = odd(how, tables=f"contacts:{records}")
    row = netty.extract("--json", "--ahead", ahead, "--rate", 0, "contacts", sim=api.url, code=65).json()["contacts"]
    assert row["unreadable"] == 1
    assert set(range(1, records + 1)) - versions(netty, "contacts").keys() == {bad}


# What says nothing of the list: the table waits, with the reason, and not as one that is complete.
REFUSED = {
    "no-bytes": (200, b"", "it is empty"), "html": (200, b"<!DOCTYPE html><html><head><title>Maintenance</title></head></html>", "HTML"),
    "html-with-json": (200, b'<div><script>x={"count":0,"data":[]}</script></div>', "HTML"), "text": (200, b"Service Unavailable", "Service Unavailable"),
    "fatal": (200, b"<br />\n<b>Fatal error</b>:  Allowed memory size exhausted in <b>/x.php</b>", "Allowed memory size"),
    "error": (200, b'{"error":"quota exceeded"}', "quota exceeded"), "error-data": (200, b'{"error":"quota exceeded","data":[]}', "quota exceeded"),
    "error-count": (200, b'{"error":"quota exceeded","count":0,"data":[]}', "quota exceeded"),
    "no-success": (200, b'{"success":false,"message":"in maintenance","data":[]}', "in maintenance"),
    "status": (200, b'{"status":"error","message":"in maintenance","count":0,"data":[]}', "in maintenance"),
    "warning-empty": (200, HTML_WARNING + b'{"data":[]}', "text around its JSON"),
    "two-texts": (200, b'{"count":0,"data":[]}{"count":0,"data":[]}', "another JSON text"),
    "utf-16": (200, '{"count":0,"data":[]}'.encode("utf-16"), "UTF-16"), "gzip": (200, gzip.compress(b'{"count":0,"data":[]}'), "gzip"),
    "cut": (200, b'{"count":0,"data":[', "cut short"), "202": (202, b'{"status":"queued"}', "status 202"), "205": (205, b"", "status 205"),
    "304": (304, b"", "status 304"), "999": (999, b'{"count":0,"data":[]}', "status 999"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("known", [False, True], ids=["new", "known"])
def test_an_outage_is_no_empty_table(odd, netty, case, known):
    code, body, words = REFUSED[case]

    def outage(answer):
        answer.status, answer.body = code, body

    sim, api = odd(tables=f"contacts:{RECORDS}")
    if known:
        netty.extract("contacts", sim=api.url)
    api.how, api.asked = outage, 0
    run = netty.extract("--json", "--retries", 2, "contacts", sim=api.url, code=69)
    assert run.json()["contacts"]["status"] == "failed" and words in run.err, run
    assert api.asked <= 6
    api.how = None
    sim.edit("contacts", 9)
    netty.extract("contacts", sim=api.url)
    assert_held(netty, sim, "contacts")


def test_records_are_in_no_message(odd, netty):
    sim, api = odd(status(206), tables="contacts:30")
    run = netty.extract("--retries", 1, "contacts", sim=api.url, code=69)
    assert "contact_id" not in run.err and "status 206" in run.err


@pytest.mark.parametrize("how", ["[]", "null", "{}", "204"])
def test_a_table_that_is_empty_for_a_while_loses_nothing(odd, netty, db, how):
    """The same as "data":[]: no deletion follows from it, and what changed meanwhile arrives once the records are back."""
    bodies = {"204": (204, b"")}
    sim, api = odd(tables=f"contacts:{RECORDS}")
    db.create("contacts")
    netty.extract("contacts", sim=api.url)
    netty.load("contacts", db=db)
    marked = "SELECT count(*) FROM \"netty-contacts\" WHERE data->>'deleted' = 'true'"
    before = db.value(marked)

    def gone(answer):
        answer.status, answer.body = bodies.get(how, (200, how.encode()))
        if how == "204":
            answer.headers["Content-Length"] = None

    api.how = gone
    netty.extract("contacts", sim=api.url)
    sim.edit("contacts", 20)
    netty.extract("contacts", sim=api.url)
    netty.load("contacts", db=db)
    assert db.value(marked) == before
    api.how = None
    netty.extract("contacts", sim=api.url)
    netty.load("contacts", db=db)
    assert_synced(sim, db, "contacts")


@pytest.mark.parametrize("by", [-1, -100])
def test_a_content_length_that_is_too_short_harms_no_other_table(odd, netty, by):
    """What is behind the told length is no answer to the next request of the same connection."""
    def how(answer):
        if answer.table == "contacts":
            answer.headers["Content-Length"] = str(len(answer.body) + by)

    sim, api = odd(how, tables="contacts:300,users:200,tasks:200")
    run = netty.extract("--json", "--jobs", 1, "--retries", 3, "contacts", "users", "tasks", sim=api.url, code=69)
    rows = run.json()
    assert [rows[table]["status"] for table in ("contacts", "users", "tasks")] == ["failed", "complete", "complete"], run
    assert "longer than its Content-Length says" in run.err
    assert_held(netty, sim, "users", "tasks")
    api.how = None
    netty.extract("contacts", sim=api.url)
    assert_held(netty, sim, "contacts")


def test_a_server_that_waits_for_more_than_it_sends_is_read(odd, netty):
    """Its Content-Length is too long, and the connection stays: the time limit ends the answer, which is there."""
    sim, api = odd(length(7), tables="users:40")
    api.holds = 3
    row = netty.extract("--json", "--timeout", "1s", "users", sim=api.url).json()["users"]
    assert row["status"] == "complete" and row["retries"] == 0
    assert_held(netty, sim, "users")
