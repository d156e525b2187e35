"""What the server said stands in the message: its own words, cleaned and cut, for every refusal."""
import socket
import threading

import pytest

from crawls import events

WHY = 'Filter "name" is not allowed for this key'


def said(run):
    """Messages of the table, without the log's own quoting."""
    return [event["error"] for event in events(run, "table") if "error" in event]


@pytest.mark.parametrize("words", ["nested", "error", "message", "lines"])
@pytest.mark.parametrize("status", [400, 403, 404, 422, 429, 500])
def test_a_refusal_is_told_in_the_servers_words(sims, netty, status, words):
    sim = sims("contacts:50")
    sim.mood(refuse_status=status, refuse_words=words)
    run = netty.extract("contacts", "--retries", 1, "--log-format", "json", sim=sim, code=None)
    assert run.code not in (0, 70)
    message, = said(run)
    assert str(status) in message and WHY in message, message


def test_words_are_cleaned_and_cut(sims, netty):
    sim = sims("contacts:50")
    sim.mood(refuse_status=400, refuse_words="control")
    run = netty.extract("contacts", sim=sim, code=69)
    assert "\x1b" not in run.err and "\x01" not in run.err and "\ufffd" in run.err and "\u00e9t\u00e9" in run.err, run
    sim.mood(refuse_words="long")
    message, = said(netty.extract("contacts", "--log-format", "json", sim=sim, code=69))
    assert WHY in message and len(message) < 400 and message.count(WHY) <= 5, message


def test_a_refusal_without_words_says_its_status(sims, netty):
    sim = sims("contacts:50")
    sim.mood(refuse_status=400, refuse_words="none")
    assert "400" in netty.extract("contacts", sim=sim, code=69).err


def test_an_error_object_with_status_200_is_told_in_its_words(sims, netty):
    sim = sims("contacts:50")
    sim.mood(p_error_object=100)
    run = netty.extract("contacts", "--retries", 0, sim=sim, code=69)
    assert "Database is busy" in run.err, run


def test_the_key_is_in_no_words(sims, netty):
    """A server that sends the key back: the harness looks for it in all that is said."""
    answers(netty, b"HTTP/1.1 400 Bad\r\nContent-Length: 60\r\n\r\n" + b"bad key test-key-5up3r-s3cr3t given here".ljust(60))


def answers(netty, raw, code=69):
    """One server that answers every connection with these bytes."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with client:
                client.settimeout(20)
                try:
                    while b"\r\n\r\n" not in (client.recv(65536) or b"\r\n\r\n"):
                        pass
                    client.sendall(raw)
                except OSError:
                    pass

    threading.Thread(target=serve, daemon=True).start()
    try:
        return netty.extract("contacts", "--retries", 0, "--log-format", "json", code=code,
                             sim=f"http://127.0.0.1:{server.getsockname()[1]}",
                             env={"NETTY_SPOOL": netty.dir / f"spool-{server.getsockname()[1]}"})
    finally:
        server.close()


@pytest.mark.parametrize("headers", [b"X-Long: " + b"x" * 400_000 + b"\r\n", b"X-Many: y\r\n" * 40_000],
                         ids=["long", "many"])
def test_headers_beyond_the_librarys_limits_are_the_servers_fault(netty, headers):
    run = answers(netty, b"HTTP/1.1 200 OK\r\n" + headers + b"Content-Length: 2\r\n\r\n{}")
    assert "header" in run.err.lower() and "memory" not in run.err, run


def test_a_redirects_target_is_told_whole(netty):
    target = "https://www.netty.example/login?from=%2Fapiv1%2Fcontacts"
    run = answers(netty, b"HTTP/1.1 302 Found\r\nLocation: " + target.encode() + b"\r\nContent-Length: 0\r\n\r\n")
    assert target in run.err, run
    run = answers(netty, b"HTTP/1.1 301 Moved\r\nLocation: /apiv2/contacts\x07\r\nContent-Length: 0\r\n\r\n", code=78)
    assert "/apiv2/contacts" in run.err and "\x07" not in run.err, run


@pytest.mark.parametrize("skew, way", [(0, None), (40, None), (-40, None), (90, "behind"), (-90, "ahead"), (-86400 * 35, "ahead")])
def test_a_clock_that_is_more_than_a_minute_off_the_api_s_is_told_once(sims, netty, skew, way):
    sim = sims("contacts:150,users:30")
    sim.mood(date_skew=skew)
    run = netty.extract("contacts", "users", "--limit", 20, "--log-format", "json", sim=sim, code=None)
    told = [event for event in events(run, "clocks")]
    assert len(told) == (way is not None), told
    assert way is None or f"clock is {way}" in told[0]["msg"] and told[0]["level"] == "warn", told


def test_where_the_api_shows_no_clock_nothing_is_said_of_it(sims, netty):
    sim = sims("contacts:50")
    sim.mood(date=0)
    assert not list(events(netty.extract("contacts", "--log-format", "json", sim=sim), "clocks"))


def test_words_are_cut_at_two_hundred_characters(netty):
    words = "ö" * 150 + "x" * 300
    body = ('{"error":"' + words + '"}').encode()
    run = answers(netty, b"HTTP/1.1 400 Bad\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    message, = said(run)
    assert "ö" * 150 + "x" * 40 in message and "x" * 51 not in message, message


@pytest.mark.parametrize("status", [401, 402, 405, 409, 410, 413, 451, 501, 503])
def test_each_other_refusal_has_them_too(netty, status):
    body = ('{"message":"' + WHY.replace('"', '\\"') + '"}').encode()
    run = answers(netty, b"HTTP/1.1 %d No\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body, code=None)
    assert run.code not in (0, 70) and any(WHY in message and str(status) in message for message in said(run)), run


def test_a_long_redirects_target_is_told_whole(netty):
    target = "https://www.netty.example/login?from=" + "a%2F" * 150 + "end"
    run = answers(netty, b"HTTP/1.1 302 Found\r\nLocation: " + target.encode() + b"\r\nContent-Length: 0\r\n\r\n")
    assert any(target in message for message in said(run)), run
