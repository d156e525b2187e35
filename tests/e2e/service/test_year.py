"""A year in service, with the clock faked: what nobody looks at for months still ends equal, its spool stays as large as it was, and
each alarm that was raised is one that had to be.

Runs come every YEAR_STEP hours (120 here, 3 in `make campaign-year`) in place of every ten minutes, and every twenty minutes around the
two changes of the clock. Between them somebody upgrades, rotates secrets, fills the disk, restores a backup, moves the database, and
turns the machine off for twelve days. NETTY_OLD_BUILD names a folder with older programs that the year begins with.

PostgreSQL has the real clock. The programs' monotonic clock is real, too: no pause of theirs becomes shorter."""
import json
import os
import re
import shutil
import statistics
import subprocess
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import harness
from harness import KEY, Database, assert_synced, wait_for
from test_full_disk import disk, empty, fill  # noqa: F401
from test_limits import FAKETIME
from test_operations import Guarded, write_secret
from watching import get, listening

HOURS = int(os.environ.get("YEAR_STEP", "120"))
DAY = 86400
TABLES = ("contacts", "users")
PARIS = ZoneInfo("Europe/Paris")


class Year:
    def __init__(self, netty, sim, role):
        self.netty, self.sim, self.role = netty, sim, role
        self.began = time.time()
        self.shift = 0
        self.day = 0.0
        self.alarms = []  # (day, verdict, of)
        self.sizes = []  # (day, bytes, files)
        self.events = []
        self.key_file = netty.dir / "api-key"
        netty.secret_files.add(self.key_file)
        write_secret(self.key_file, KEY)
        netty.env.update(LD_PRELOAD=str(FAKETIME), FAKETIME_DONT_FAKE_MONOTONIC="1", FAKETIME_NO_CACHE="1",
                         NETTY_SPOOL_KEEP="7d", NETTY_API_KEY_FILE=str(self.key_file), NETTY_STALE_AFTER="1h")
        del netty.env["NETTY_API_KEY"]
        self.turn(0)

    def turn(self, seconds):
        """The clocks of the API and of the programs go on."""
        self.shift += int(seconds)
        self.sim.post("/_sim/clock", advance=int(seconds))
        self.day = self.shift / DAY
        self.netty.env["FAKETIME"] = f"+{self.shift}"

    def now(self):
        return datetime.fromtimestamp(time.time() + self.shift, timezone.utc)

    def extract(self, *arguments, code=0):
        return self.netty.extract("--json", *arguments, *TABLES, sim=self.sim, code=code)

    def load(self, *arguments, code=0):
        return self.netty.load("--json", *arguments, env=self.role.env, code=code)

    def nightly(self, code=0):
        return self.netty.load("check", "--share", "28", "--json", env=self.role.env, code=code)

    def look(self):
        """What whoever watches sees; all but `ok` is an alarm."""
        run = self.netty.spool_tool("status", "--json", code=None)
        rows = [json.loads(line) for line in run.out.splitlines()]
        found = [(row["verdict"], row["of"]) for row in rows if row.get("verdict", "ok") != "ok"]
        assert (run.code == 0) == (found == []), run
        self.alarms += [(int(self.day), *reason) for reason in found]
        return found

    def measure(self):
        """What grows with the records. A cache of known lines and the list of runs grow to their bounds, and stay there."""
        files = [path for path in self.netty.spool.rglob("*") if path.is_file() and path.name != "reserve"]
        for name, bound in (("unchanged-", 3 << 20), ("runs-", 1 << 20)):
            bounded = [path for path in files if path.name.startswith(name)]
            assert all(path.stat().st_size < bound for path in bounded)
            files = [path for path in files if path not in bounded]
        self.sizes.append((self.day, sum(path.stat().st_size for path in files), len(files)))

    def change(self):
        self.sim.edit("contacts", 10)
        self.sim.edit("users", 2)
        self.sim.post("/_sim/mark-deleted", table="contacts", n=1)
        self.sim.post("/_sim/insert", table="contacts", n=1)

    def round(self):
        """What two timers and a night do; what the older programs are only expected to do is to copy."""
        self.change()
        self.extract()
        self.load()
        if self.build != harness.BUILD:
            return
        assert self.look() == [], (self.day, self.alarms)
        if self.now().hour < max(HOURS, 3):
            self.nightly()
        self.measure()

    def until(self, day):
        """Quiet rounds; what they raise is an alarm that had no reason."""
        while self.day < day:
            self.turn(min(HOURS * 3600, max(1, (day - self.day) * DAY)))
            self.round()


def clock_changes(begin):
    """The next two changes of Paris' clock, as days from now."""
    found = []
    hour = begin.replace(minute=0, second=0, microsecond=0)
    while len(found) < 2:
        hour += timedelta(hours=1)
        if hour.astimezone(PARIS).utcoffset() != (hour - timedelta(hours=1)).astimezone(PARIS).utcoffset():
            found.append((hour - begin) / timedelta(days=1))
    return found


# ---- what happens ----

def clock_change(year):
    """Every twenty minutes, from three hours before to three hours after."""
    for _ in range(18):
        year.turn(1200)
        year.round()


def upgrade(year):
    """As the package's scripts do: what runs is ended, wherever it is, and the new programs go on."""
    year.change()
    for program, arguments in (("netty-extract", TABLES), ("netty-load", ())):
        process = year.netty.start(program, *arguments, sim=year.sim, env=year.role.env)
        time.sleep(0.02 + len(year.events) * 0.01)
        process.terminate()
        assert process.wait(timeout=60) in (0, 75, -15), Path(process.err_path).read_text()  # -15: it had not begun
    year.extract()
    year.load()
    assert year.look() == []


def new_programs(year):
    upgrade(year)
    harness.BUILD = year.build


def rotate_key(year):
    """The API's first; the file is written later."""
    year.change()
    year.sim.post("/_sim/key", key=KEY + "-2")
    assert year.extract(code=None).code in (75, 77)
    year.load()
    year.look()
    write_secret(year.key_file, KEY + "-2")
    year.extract()
    year.load()
    assert year.look() == []


def rotate_password(year):
    year.change()
    year.extract()
    year.role.change("second-one")
    assert year.load(code=None).code == 77
    assert ("failing", "contacts") in year.look()
    year.role.write("second-one")
    year.load()
    assert year.look() == []


def rotate_token(year):
    """Of a program that stays: SIGHUP, and only the new one is good."""
    token = year.netty.dir / "token"
    year.netty.secret_files.add(token)
    write_secret(token, "the-first-token-of-all")
    process = year.netty.start("netty-load", "--every", "300d", "--listen", ":0",
                               env={**year.role.env, "NETTY_LISTEN_TOKEN_FILE": token, "NETTY_LOG_FORMAT": "text"})
    address = listening(process)
    assert get(address, "/status.json", Authorization="Bearer the-first-token-of-all").status == 200
    write_secret(token, "the-second-token-of-all")
    process.send_signal(1)
    wait_for(lambda: Path(process.err_path).read_text().count("address=") >= 2, "the new beginning")
    address = listening(process)
    wait_for(lambda: get_status(Path(process.err_path), "the-second-token-of-all") == 200, "the new token")
    assert get_status(Path(process.err_path), "the-first-token-of-all") == 401
    process.terminate()
    assert process.wait(timeout=60) in (0, 75)


def get_status(log, token):
    host, port = re.findall(r"address=(\S+):(\d+)", log.read_text())[-1]
    return get((host.strip("[]"), int(port)), "/status.json", Authorization=f"Bearer {token}").status


def full_disk(year):
    for what in ("bytes", "inodes"):
        year.change()
        (year.netty.spool / "reserve").unlink(missing_ok=True)
        fill(year.disk, what)
        codes = {year.extract(code=None).code, year.load(code=None).code}
        year.look()
        empty(year.disk)
        assert 74 in codes, codes
        year.extract()
        year.load()
        assert year.look() == []


def keep_backup(year):
    shutil.rmtree(year.netty.dir / "backup", ignore_errors=True)
    shutil.copytree(year.netty.spool, year.netty.dir / "backup")


def restore_backup(year):
    """Of the spool, six days old: the database is ahead of it."""
    shutil.rmtree(year.netty.spool)
    shutil.copytree(year.netty.dir / "backup", year.netty.spool)
    year.look()
    year.change()
    year.extract()
    run = year.load()
    assert '"parted"' in run.err, run
    assert year.look() == []


def move_database(year):
    year.change()
    year.extract()
    text = subprocess.run(["pg_dump", "--no-owner", "--dbname", year.db.url], stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", "--dbname", year.other.url], input=text,
                   stdout=subprocess.DEVNULL, check=True)
    year.db = year.other
    year.role = Guarded(year.netty, year.server, year.other)
    year.load()
    assert year.look() == []
    rows = map(json.loads, year.netty.spool_tool("status", "--json").out.splitlines())
    assert [row["database"] for row in rows if "database" in row] == [year.other.name]


def turned_off(year):
    """For twelve days: who looks before the first run sees that it stands still."""
    year.turn(12 * DAY)
    year.look()
    year.round()


def row_that_is_quietly_old(year):
    """Found within 28 nights, told until it is mended."""
    year.round()
    key = year.db.value('SELECT contact_id FROM "netty-contacts" ORDER BY time_modified DESC NULLS LAST LIMIT 1')
    year.db.query(f"""UPDATE "netty-contacts" SET time_modified = time_modified - interval '1 hour' WHERE contact_id = {key}""")
    codes = [year.nightly(code=None).code for _ in range(28)]
    assert sorted(codes)[-2:] == [0, 65], codes
    assert year.look() == [("wrong", "contacts")]
    year.load("replay")
    year.netty.load("check", "contacts", env=year.role.env)
    assert year.look() == []


# Which day, what happens, and the alarms that it has to raise; no others are right.
EVENTS = [(30, new_programs, set()), (60, rotate_key, {"throttled"}), (90, full_disk, {"full"}), (105, rotate_password, {"failing"}),
          (150, upgrade, set()), (165, rotate_token, set()), (180, keep_backup, set()), (186, restore_backup, {"stale"}),
          (210, move_database, set()), (240, upgrade, set()), (270, turned_off, {"stale"}),
          (315, row_that_is_quietly_old, {"wrong"})]


@pytest.mark.release  # libfaketime and the sanitizers both want to be the first library of a process
def test_a_year(sims, netty, db, postgres, disk, monkeypatch):  # noqa: F811
    assert FAKETIME, "libfaketime is missing: tests/setup.sh test"
    sim = sims("contacts:400,users:30")
    db.create(*TABLES)
    other = Database(postgres)
    role = Guarded(netty, postgres, db)
    year = Year(netty, sim, role)
    year.db, year.other, year.server, year.disk, year.build = db, other, postgres, disk, harness.BUILD
    monkeypatch.setattr(harness, "BUILD", os.environ.get("NETTY_OLD_BUILD") and Path(os.environ["NETTY_OLD_BUILD"]) or harness.BUILD)
    try:
        live(year)
    finally:
        netty.stop_all()
        year.role.db = db
        for each in {role, year.role}:
            each.db = db if each is role else other
            each.drop()
        other.drop()


def live(year):
    year.dense = clock_changes(year.now())
    changes = [(day - 0.125, clock_change, set()) for day in year.dense]
    year.round()
    for day, event, must in sorted(EVENTS + changes, key=lambda what: what[0]):
        if event is full_disk and not year.disk:
            continue
        year.until(day)
        before = len(year.alarms)
        event(year)
        raised = {reason[1] for reason in year.alarms[before:]}
        print(f"day {year.day:.0f}: {event.__name__.replace('_', ' ')}: {', '.join(sorted(raised)) or 'no alarm'}")
        year.events.append(event)
        assert raised == must, (event.__name__, year.alarms[before:])
    year.until(365)
    ends_well(year)


def ends_well(year):
    assert_synced(year.sim, year.db, *TABLES)
    year.netty.spool_tool("verify")
    year.netty.load("check", env=year.role.env)
    # Flat: what was fetched in more than twice the retention after the dense hours is gone again.
    quiet = [size for size in year.sizes if not any(-1 < size[0] - day < 15 for day in year.dense)]
    early, late = ([size for size in quiet if low <= size[0] < high] for low, high in ((20, 100), (290, 366)))
    assert len(early) > 5 and len(late) > 5
    for what, of in (("bytes", 1), ("files", 2)):
        was, now = (statistics.median(size[of] for size in sizes) for sizes in (early, late))
        most_then, most_now = (max(size[of] for size in sizes) for sizes in (early, late))
        print(f"the spool's {what}: {was:.0f} in the first months, at most {most_then}; {now:.0f} in the last, at most {most_now}")
        assert now <= 1.25 * was and most_now <= 1.5 * most_then
