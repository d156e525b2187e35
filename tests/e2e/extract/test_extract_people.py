"""What people and timers see: --dry-run, --every, --since, --full, --quiet, and the progress lines."""
import os
import pty
import re
import signal
import subprocess
import threading
from datetime import timedelta

import pytest

from crawls import asked, assert_held, filter_time, moment, snapshot
from harness import BUILD, wait_for


def test_dry_run_makes_no_file_and_asks_nothing(sims, netty):
    sim = sims("contacts:300,users:10")
    run = netty.extract("--dry-run", "contacts", "users", sim=sim)
    assert "contacts" in run.out and "users" in run.out and sim.url in run.out
    assert not netty.spool.exists() and asked(sim) == []
    assert os.listdir(netty.dir) == []


def test_dry_run_shows_from_where_and_touches_nothing(sims, netty):
    sim = sims("contacts:300,users:10")
    netty.extract("contacts", sim=sim)
    before, requests = snapshot(netty.spool), len(asked(sim))
    rows = netty.extract("--dry-run", "--json", "contacts", "users", sim=sim).json()
    assert snapshot(netty.spool) == before and len(asked(sim)) == requests
    netty.extract("contacts", sim=sim)
    told = rows["contacts"]["from"]
    assert told != "all" and rows["users"]["from"] == "all"
    assert filter_time(asked(sim)[requests]) == moment(told), "what it showed is what the next run asks"
    assert rows["contacts"]["complete_to"] and rows["users"]["complete_to"] is None


def test_dry_run_needs_no_key(sims, netty):
    netty.extract("--dry-run", "contacts", sim=sims("contacts:3"), env={"NETTY_API_KEY": None})


def test_every_runs_at_once_and_again_until_a_signal(sims, netty):
    sim = sims("contacts:120")
    process = netty.start("netty-extract", "contacts", "--every", "1s", sim=sim)
    wait_for(lambda: len(asked(sim)) >= 2, "the first run")
    sim.edit("contacts", 30)
    wait_for(lambda: "wait" in open(process.err_path).read(), "the end of the first run")
    runs = open(process.err_path).read().count("table fetched")
    wait_for(lambda: open(process.err_path).read().count("table fetched") >= runs + 2, "two further runs")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) in (0, 75)
    assert_held(netty, sim, "contacts")


def test_every_neither_overlaps_nor_piles_up(sims, netty):
    """A run that takes longer than the interval: the next one begins after it, and none is made up for."""
    sim = sims("contacts:5")
    sim.mood(latency_ms=1400)
    process = netty.start("netty-extract", "contacts", "--every", "1s", sim=sim)
    wait_for(lambda: open(process.err_path).read().count("table fetched") >= 3, "three runs")
    process.terminate()
    assert process.wait(timeout=60) in (0, 75)
    times = [entry["ms"] for entry in asked(sim)]
    assert all(after - before >= 1400 for before, after in zip(times, times[1:])), "one at a time"


def test_every_goes_on_after_a_run_that_failed(sims, netty):
    sim = sims("contacts:120")
    sim.mood(p500=100)
    process = netty.start("netty-extract", "contacts", "--every", "1s", "--retries", "0", sim=sim)
    wait_for(lambda: len(asked(sim)) >= 2, "two runs that fail")
    sim.mood(p500=0)
    wait_for(lambda: "table fetched" in open(process.err_path).read(), "one that does not")
    process.terminate()
    process.wait(timeout=60)
    assert_held(netty, sim, "contacts")


def test_since_and_full_ignore_where_the_last_run_stopped(sims, netty):
    sim = sims("contacts:400")
    netty.extract("contacts", sim=sim)
    before = len(asked(sim))
    since = "2024-05-01T00:00:00Z"
    netty.extract("contacts", "--since", since, sim=sim)
    first = filter_time(asked(sim)[before])
    assert moment(since) - timedelta(hours=28) <= first < moment(since), "early enough for any zone"
    for arguments in (["--full"], ["--since", "all"]):
        before = len(asked(sim))
        row = netty.extract("--json", "contacts", *arguments, sim=sim).json()["contacts"]
        assert asked(sim)[before]["filters"] == "" and row["records"] >= 400


def test_since_without_a_history_fetches_only_that(sims, netty):
    sim = sims("contacts:1000")
    row = netty.extract("--json", "contacts", "--since", "2024-05-15T00:00:00Z", sim=sim).json()["contacts"]
    assert 0 < row["records"] < 500


def test_quiet_says_nothing_when_all_is_well(sims, netty):
    sim = sims("contacts:50,users:5")
    assert "a new spool is begun" in netty.extract("users", "--quiet", sim=sim).err, "but for the first of all runs"
    run = netty.extract("contacts", "--quiet", "--json", sim=sim)
    assert run.err == "" and run.json()


def test_a_run_states_what_it_knows(sims, netty):
    sim = sims("contacts:500", "--timeless", 3)
    run = netty.extract("contacts", "--limit", 50, sim=sim)
    told = next(line for line in run.err.splitlines() if "table fetched" in line)
    facts = dict(re.findall(r"(\w+)=(\S+)", told))
    assert int(facts["pages"]) >= 10 and int(facts["overlaps"]) >= 9 and int(facts["step_backs"]) >= 0
    assert moment(facts["complete_to"])
    assert int(facts["timeless"]) >= 3, "records without a time are counted"


def test_no_progress_line_in_a_pipe(sims, netty):
    sim = sims("contacts:60")
    sim.mood(latency_ms=400)
    run = netty.extract("contacts", "--limit", 30, sim=sim)
    assert "\x1b" not in run.err and "\r" not in run.err
    assert all(re.match(r"\d{4}-", line) for line in run.err.splitlines()), "log lines and nothing else"


def on_a_terminal(netty, sim, *arguments, program="netty-extract", env=None):
    """The program with a terminal for its standard error: exit code and all that it drew."""
    ours, its = pty.openpty()
    process = subprocess.Popen([BUILD / program, *map(str, arguments)], env={**netty.environment(sim), **(env or {})},
                               cwd=netty.dir, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=its)
    os.close(its)
    drawn = bytearray()

    def read():
        try:
            while chunk := os.read(ours, 65536):
                drawn.extend(chunk)
        except OSError:
            pass  # the terminal's other side is gone
    reader = threading.Thread(target=read)
    reader.start()
    code = process.wait(timeout=120)
    reader.join(timeout=60)
    os.close(ours)
    return code, drawn.decode()


def test_a_progress_line_a_table_on_a_terminal(sims, netty):
    sim = sims("contacts:300,users:300")
    sim.mood(latency_ms=400)
    code, drawn = on_a_terminal(netty, sim, "contacts", "users", "--limit", "50")
    assert code == 0
    lines = [line for line in re.split(r"[\r\n]+", drawn) if "records" in line and "/s" in line]
    assert any("contacts" in line for line in lines) and any("users" in line for line in lines)
    assert "\x1b[" in drawn, "drawn over, not scrolled"
    assert any("up to 20" in line for line in lines), "how far in time"


@pytest.mark.parametrize("arguments", [["--quiet"]])
def test_no_progress_line_where_quiet_is_asked_for(sims, netty, arguments):
    sim = sims("contacts:90,users:5")
    netty.extract("users", sim=sim)
    sim.mood(latency_ms=400)
    code, drawn = on_a_terminal(netty, sim, "contacts", "--limit", "30", *arguments)
    assert (code, drawn) == (0, "")


def test_two_extractors_of_different_tables_share_a_spool(sims, netty):
    sim = sims("contacts:400,users:400")
    sim.mood(latency_ms=5)
    both = [netty.start("netty-extract", table, "--limit", 50, sim=sim) for table in ("contacts", "users")]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    assert_held(netty, sim, "contacts", "users")


def test_two_extractors_of_one_table_exclude_each_other_and_both_are_well(sims, netty):
    sim = sims("contacts:400")
    sim.mood(p_hang=100)
    first = netty.start("netty-extract", "contacts", sim=sim)
    wait_for(lambda: asked(sim), "the first one's request")
    run = netty.extract("contacts", sim=sim, code=75)
    assert str(first.pid) in run.err and "contacts" in run.err
    assert len(asked(sim)) == 1
    first.terminate()
    assert first.wait(timeout=60) == 75
    sim.mood(p_hang=0)
    netty.extract("contacts", sim=sim)
    assert_held(netty, sim, "contacts")


def test_a_message_on_a_terminal_is_no_line_of_the_log(sims, netty):
    """What happened, where and what to do; the log stays for pipes, and for who asks for it."""
    sim = sims("contacts:10")
    code, drawn = on_a_terminal(netty, sim, "--page-sise", "3", "contacts")
    assert code == 64 and drawn.startswith("netty-extract: ") and "--page-sise" in drawn, drawn
    sim.mood(refuse_status=401)
    code, drawn = on_a_terminal(netty, sim, "contacts")
    said = [line for line in drawn.replace("\r", "\n").splitlines() if "NETTY_API_KEY" in line or "key" in line]
    assert code == 77 and said and all(re.match(r"(\x1b\[\S*)*netty-extract: ", line) for line in said), drawn
    assert not re.search(r"\d{4}-\d\d-\d\dT\S+ (error|warn)", drawn), drawn
    code, drawn = on_a_terminal(netty, sim, "--log-format", "text", "contacts")
    assert re.search(r"\d{4}-\d\d-\d\dT\S+ error", drawn), drawn
    assert re.match(r"\d{4}-\d\d-\d\dT\S+ ", netty.extract("contacts", sim=sim, code=77).err)


@pytest.mark.parametrize("program, arguments, code, what", [
    ("netty-extract", ["contacts", "--timezone", "Mars"], 64, "Mars"), ("netty-load", ["contacts"], 69, "contacts"),
    ("netty-load", ["--page-sise"], 64, "--page-sise"), ("netty-load", ["replay", "--from", "then"], 64, "then"),
    ("netty-spool", ["verfy"], 64, "did you mean verify?"), ("netty-spool", ["ls", "none"], 64, "none")])
def test_each_program_speaks_so_at_a_terminal(sims, netty, program, arguments, code, what):
    """PROGRAM: what happened: where; what to do."""
    sim = sims("contacts:10")
    netty.extract("contacts", sim=sim)
    ended, drawn = on_a_terminal(netty, sim, *arguments, program=program,
                                 env={"DATABASE_URL": "host=127.0.0.1 port=9 dbname=none", "NETTY_RETRIES": "0"})
    lines = [line for line in drawn.replace("\r", "\n").splitlines() if line.strip("\x1b[K ")]
    said = [line for line in lines if what in line]
    assert ended == code and said and all(re.match(rf"(\x1b\[\S*)*{program}: ", line) for line in said), drawn
    assert not re.search(r"\d{4}-\d\d-\d\dT\S+ +(error|warn)|\w+=\S+ \w+=", drawn), drawn
