"""Progress that is true: so many of how many, the rate, and the time left as these two make it; on a terminal and in a pipe."""
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
import threading

import psycopg2
import pytest

from harness import BUILD, wait_for

DURATION = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def plain(text):
    return text.replace("\u202f", "").replace("\u00a0", "")


def seconds(text):
    return sum(int(n) * DURATION[unit] for n, unit in re.findall(r"(\d+)([dhms])", text))


class Terminal:
    """A program on a terminal of a size; what it drew, line by line."""

    def __init__(self, netty, program, *arguments, size=(24, 80), **where):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.process = subprocess.Popen([BUILD / program, *map(str, arguments)], env=netty.environment(**where),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs, cwd=netty.dir)
        os.close(theirs)
        self.ours, self.drawn = ours, bytearray()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        try:
            while chunk := os.read(self.ours, 65536):
                self.drawn.extend(chunk)
        except OSError:
            pass  # the terminal's other side is gone

    def lines(self, word):
        text = bytes(self.drawn).decode(errors="replace")
        return [line for line in re.split(r"[\r\n]+|\x1b\[[0-9]*[A-Z]", text) if word in line and "/s" in line]

    def end(self):
        code = self.process.wait(timeout=120)
        self.reader.join(timeout=60)
        os.close(self.ours)
        return code


def told(line):
    """(done, of, rate, seconds left) of a line."""
    found = re.search(r"(\d+)(?: of about (\d+))? (?:records|pages)  ([\d.]+)/s(?:  about (\S+) left)?", plain(line))
    assert found, line
    return int(found[1]), int(found[2] or 0), float(found[3]), seconds(found[4]) if found[4] else None


@pytest.mark.parametrize("counted", [True, False], ids=["count", "last crawl"])
def test_records_so_far_of_how_many_and_the_time_left(sims, netty, counted):
    sim = sims("contacts:1500")
    sim.mood(count_is="total" if counted else "none")
    netty.extract("contacts", "--limit", 50, "--rate", 0, sim=sim)
    sim.mood(latency_ms=150)
    terminal = Terminal(netty, "netty-extract", "contacts", "--full", "--limit", 50, "--rate", 0, sim=sim, size=(24, 120))
    wait_for(lambda: len(terminal.lines("contacts")) >= 5, "five pictures")
    sim.mood(latency_ms=0)
    assert terminal.end() == 0
    seen = [told(line) for line in terminal.lines("contacts (backfill)")]
    assert all(of == 0 or 1480 <= of <= 1560 for _, of, _, _ in seen) and seen[-1][1] > 0
    assert [done for done, _, _, _ in seen] == sorted(done for done, _, _, _ in seen)
    for done, of, rate, left in seen:
        if left is not None and rate >= 10:
            assert abs(left - (of - done) / rate) <= 2 + (of - done) / rate / 10, (done, of, rate, left)
    assert any(left is not None for _, _, _, left in seen)


@pytest.mark.parametrize("width", [20, 40, 60, 80])
def test_it_fits_the_terminals_width(sims, netty, width):
    sim = sims("contacts:600,users:600")
    sim.mood(latency_ms=200)
    terminal = Terminal(netty, "netty-extract", "contacts", "users", "--limit", 50, "--rate", 0, sim=sim, size=(24, width))
    wait_for(lambda: bytes(terminal.drawn).count(b"contacts") >= 4, "four pictures")
    sim.mood(latency_ms=0)
    assert terminal.end() == 0
    pictures = [line for line in re.split(r"[\r\n]+|\x1b\[[0-9]*[A-Z]", bytes(terminal.drawn).decode())
                if re.match(r"(contacts|users)(  |$)", line)]
    assert len(pictures) >= 4 and all(len(line) < width for line in pictures), pictures
    assert width < 40 or any("records" in line for line in pictures)


def test_no_more_lines_than_the_terminal_has(sims, netty):
    tables = ["contacts", "users", "tasks", "affairs"]
    sim = sims(",".join(f"{table}:300" for table in tables))
    sim.mood(latency_ms=300)
    terminal = Terminal(netty, "netty-extract", *tables, "--limit", 50, "--rate", 0, sim=sim, size=(3, 80))
    wait_for(lambda: len(terminal.lines("records")) >= 4, "two pictures")
    sim.mood(latency_ms=0)
    assert terminal.end() == 0
    ups = [int(n) for n in re.findall(r"\x1b\[(\d+)A", bytes(terminal.drawn).decode())]
    assert ups and max(ups) <= 2


def test_the_loader_tells_pages_and_bytes_of_how_many(sims, netty, db):
    sim = sims("contacts:1500")
    netty.extract("contacts", "--limit", 50, "--rate", 0, sim=sim)
    db.create("contacts")
    lock = psycopg2.connect(db.url)
    lock.cursor().execute('LOCK TABLE "netty-contacts" IN SHARE MODE')
    terminal = Terminal(netty, "netty-load", "--batch-rows", "200", "contacts", db=db, size=(24, 120))
    wait_for(lambda: len(terminal.lines("pages")) >= 2, "two pictures")
    lock.rollback()
    lock.close()
    assert terminal.end() == 0
    done, of, _, _ = told(terminal.lines("pages")[0])
    assert done == 0 and of == len(list(pages_of(netty)))
    assert re.search(r"[\d.]+ [KM]?i?B of [\d.]+ MiB", terminal.lines("pages")[0].replace("\u00a0", " ").replace("\u202f", " "))


def pages_of(netty, table="contacts"):
    for path in sorted((netty.spool / table).glob("*.journal")):
        yield from (line for line in path.read_text().splitlines() if line.startswith('{"page"'))


@pytest.mark.timeout(200)
def test_a_line_a_minute_in_a_pipe(sims, netty):
    sim = sims("contacts:2000")
    sim.mood(latency_ms=2000)
    process = netty.start("netty-extract", "contacts", "--limit", "20", sim=sim, env={"NETTY_LOG_FORMAT": "json"})

    def lines():
        events = [json.loads(line) for line in open(process.err_path).read().splitlines() if line.startswith("{")]
        return [event for event in events if event["event"] == "progress"]

    wait_for(lambda: lines(), "the line", seconds=100)
    process.terminate()
    process.wait(timeout=60)
    [line] = lines()
    assert line["level"] == "info" and line["table"] == "contacts" and line["unit"] == "records"
    assert line["done"] >= 100 and line["rate"] > 0
    assert line["of"] == 0 or line["of"] >= 1900
    assert "\x1b" not in open(process.err_path).read()
