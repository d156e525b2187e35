"""What the crash tests stand on: a stand-in with a known truth, programs that are made to die, and the comparisons."""
import fcntl
import json
import os
import shutil
import struct
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests/e2e/support"), str(ROOT / "tests/tools")]
import spool_reader  # noqa: E402
from spoolfile import sumline  # noqa: E402
from remotes import edit_lines  # noqa: E402
from harness import KEY, Database, Sim, differences, expected_row, key_of  # noqa: E402

BUILDS = {"release": Path(os.environ.get("NETTY_BUILD", ROOT / "build")).resolve(), "sanitized": ROOT / "build/san"}
PRELOAD = BUILDS["release"] / "crash/preload.so"
RCLONE = BUILDS["release"] / "crash/bin/rclone"  # which comes first on PATH: rclone.c
TABLES = ("contacts", "users")
SEALED = ("--segment-size", "16K", "--limit", "40")  # several segments
QUIET = ("--segment-size", "4M")  # a run that finds nothing new has no segment to leave
GROUPED = ("--segment-size", "1M", "--limit", "10")  # many small pages in one segment


class Failed(AssertionError):
    """Not recovered."""


def demand(condition, *what):
    if not condition:
        raise Failed(" ".join(map(str, what)))


def need(library):
    demand(library.exists(), library, "is not there: run `make crash-lib sim`")


class Ended:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def __repr__(self):
        return f"exit {self.code}: {self.err[-600:]}"


LONG_AGO = "2024-01-01T00:00:00.000000Z"


class Truth:
    """The stand-in, with a first run's spool and edits since: what a later run has to do."""

    def __init__(self, directory):
        self.dir = Path(directory)
        self.sim = Sim("contacts:260,users:30", "--record-bytes", "300", "--odd", "37:nul", seed=7)
        self.later = self.dir / "later"
        case = Case(self, "first", None)
        demand(case.extract().code == 0, "the first run failed")
        for table in TABLES:
            self.sim.edit(table, 25 if table == "users" else 90)
        self.lines = {table: self.sim.get(f"/_sim/truth/{table}").splitlines() for table in TABLES}
        # What a killed run leaves behind: a page under way.
        newest = max((case.spool / "contacts").glob("*.ndjson"))
        with open(newest, "ab") as records:
            records.write(b'{"contact_id":1,"torn')
        shutil.copytree(case.spool, self.later)
        demand(case.extract().code == 0, "the second run failed")
        self.whole = case.spool
        case = Case(self, "quiet", self.whole)
        case.settings = QUIET
        for _ in range(4):
            demand(case.extract().code == 0, "a quiet run failed")
        demand(any((case.spool / table / "moved.json").exists() for table in TABLES), "the runs are not quiet")
        self.quiet = case.spool
        case = Case(self, "under-way", self.whole)
        begun = case.run("netty-extract", "--full", "--max-pages", "2", *SEALED, *TABLES)
        demand(begun.code == 0, "the backfill did not begin:", begun)
        self.under_way = case.spool
        self.ship()

    def ship(self):
        """A folder that the spool was pushed to twice, the spool in between, and what was pulled then."""
        need(RCLONE)
        case = Case(self, "ship", self.later)
        demand(case.push().code == 0, "the first push failed")
        mirror = Case(self, "mirror", None)
        shutil.copytree(case.remote, mirror.remote)
        demand(mirror.pull().code == 0, "the first pull failed")
        self.tell_back(case, mirror)
        demand(case.extract().code == 0, "the run between the pushes failed")
        self.pushed_once, self.remote_once = self.dir / "pushed-once", self.dir / "remote-once"
        shutil.copytree(case.spool, self.pushed_once)
        shutil.copytree(case.remote, self.remote_once)
        demand(case.push().code == 0, "the second push failed")
        self.pushed, self.remote, self.mirror = case.spool, case.remote, mirror.spool
        self.push_anew(Case)

    def push_anew(self, kind):
        """A spool that is due to be pushed anew, and what is there once it was, and was pulled."""
        due, done, mirror = (kind(self, name, base) for name, base in (("due", self.pushed), ("anew", self.pushed), ("anew-mirror", self.mirror)))
        due.is_due()
        done.is_due()
        demand(done.push_anew().code == 0, "the push of everything failed")
        shutil.copytree(done.remote, mirror.remote)
        demand(mirror.pull().code == 0, "the pull of everything failed")
        shutil.copytree(mirror.remote / "back", done.remote / "back", dirs_exist_ok=True)
        done.look_anew()
        self.due, self.anew, self.remote_anew = due.spool, done.spool, done.remote

    def tell_back(self, case, mirror):
        """What a loader elsewhere leaves in the pulled spool, which the next push takes from the way back."""
        spool = json.loads((mirror.spool / "spool.json").read_text())["id"]
        at = "2026-01-01T00:00:00.000000Z"
        for table in TABLES:
            (mirror.spool / table / "loaded.json").write_bytes(
                sumline({"netty_loaded": 1, "spool": spool, "table": table, "databases": 1}) +
                sumline({"database": "1.1", "name": "far", "segment": 1, "page": 1, "at": at}))
        (mirror.spool / "catalog.json").write_bytes(
            sumline({"netty_catalog": 1, "tables": 1, "written": at}) +
            sumline({"table": "contacts", "key": "contact_id", "max_time_modified": None}))
        refetch = sumline({"netty_refetch": 1, "asked": at, "low": None, "position": None})
        (mirror.spool / "users/wish.json").write_bytes(refetch)
        demand(mirror.pull().code == 0, "the pull that tells failed")
        shutil.copytree(mirror.remote / "back", case.remote / "back")
        self.told = {f"{table}/loaded.json": (mirror.spool / table / "loaded.json").read_bytes() for table in TABLES}

    def load(self, db):
        """The whole spool as the loader leaves it, and the same with damage of every kind that heal deals with."""
        case = Case(self, "loaded", self.whole, db)
        demand(case.load().code == 65, "loading failed")
        self.loaded, self.hurt = case.spool, self.dir / "hurt"
        shutil.copytree(self.loaded, self.hurt)
        packed = sorted((self.hurt / "contacts").glob("*.zst"))
        flip(packed[1], 60)     # a page's records
        flip(packed[2], -1)     # a seek table
        flip(self.hurt / "catalog.json", 30)
        letters = self.hurt / "contacts/dead-load.ndjson"
        flip(letters, 30)
        self.bad_letter = letters.read_bytes().splitlines(keepends=True)[0]
        case = Case(self, "healed", self.hurt)
        demand(case.heal().code == 0, "healing failed")
        self.healed = case.spool

    def fill(self, db):
        """A database that has all of it."""
        demand(Case(self, "filled", self.whole, db).load().code == 65, "loading failed")
        return db

    def stop(self):
        self.sim.stop()


class Gone:
    """A source that has lost records, and the spool in which that has been looked at twice; or one that has them again,
    after they were marked, and the spool of the look that shows it."""

    def __init__(self, directory, database, back=False):
        self.dir = Path(directory)
        self.sim = Sim("contacts:150,users:5", "--record-bytes", "300", seed=9)
        case = Case(self, "gone", None, database)
        self.database = database
        held = set(self.sim.truth("contacts"))
        demand(case.extract().code == 0 and case.load().code == 0, "the first run failed")
        self.sim.post("/_sim/delete", table="contacts", n=4)
        self.gone = held - set(self.sim.truth("contacts"))
        for _ in range(2):
            self.look(case)
            done = case.load()
            demand(done.code == 0, "loading failed:", done)
        if back:
            self.sim.post("/_sim/restore", table="contacts", n=4)
            self.look(case)
        self.rows = self.sim.truth("contacts")
        self.sim.stop()

    def look(self, case):
        demand(case.reconcile().code == 0, "the reconcile failed")
        self.sim.post("/_sim/clock", advance=100)
        demand(case.extract().code == 0, "a later run failed")
        self.whole = case.dir / "whole"
        shutil.rmtree(self.whole, ignore_errors=True)
        shutil.copytree(case.spool, self.whole)


def flip(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 4
    path.write_bytes(content)


class Case:
    """One attempt: a spool of its own, a copy of `base` (None: none yet)."""

    pull_note = "pull.json"
    sign_of_life = {}  # when all were last pushed, of several accounts

    def __init__(self, truth, name, base, db=None):
        self.truth, self.db, self.settings, self.limit = truth, db, SEALED, 120
        self.dir = truth.dir / name
        shutil.rmtree(self.dir, ignore_errors=True)
        self.root = self.dir / "root"
        self.root.mkdir(parents=True)
        self.spool = self.root / "spool"
        if base:
            shutil.copytree(base, self.spool)
        self.log = self.dir / "calls"

    def environment(self, program, env=None):
        plain = {name: value for name, value in os.environ.items()
                 if not name.startswith(("NETTY_", "PG", "DATABASE_URL", "CRASH_", "LD_PRELOAD"))}
        plain.update(PATH=f"{RCLONE.parent}:{plain['PATH']}", NETTY_SPOOL=str(self.spool), NETTY_API_KEY=KEY, NETTY_RATE="0", NETTY_RETRY_DELAY="10ms",
                     NETTY_RETRIES="1", NETTY_BASE_URL=self.truth.sim.url, LC_ALL="C.UTF-8",
                     UV_THREADPOOL_SIZE="4", ASAN_OPTIONS="exitcode=99", **(env or {}))
        if self.db:
            plain["DATABASE_URL"] = self.db.url
        if "LD_PRELOAD" in plain:
            plain["CRASH_PROGRAM"] = program
        return plain

    def stay(self, program, *arguments, seconds, build="release", env=None):
        """A program that stays, asked to end after so long; code 0 where it ended for being asked."""
        (self.dir / "said").unlink(missing_ok=True)
        with open(self.dir / "said", "a+") as said:  # appended to: the place to read from is the program's, too
            process = subprocess.Popen([BUILDS[build] / program, *arguments], env=self.environment(program, env), cwd=self.dir,
                                       text=True, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
            try:
                code = process.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.terminate()
                code = process.wait(timeout=self.limit)
                code = 0 if code in (0, 75) else code
            said.seek(0)
            text = said.read()
        demand("Sanitizer" not in text and "runtime error" not in text, text)
        return Ended(subprocess.CompletedProcess([program, *arguments], code, "", text))

    def run(self, program, *arguments, build="release", env=None):
        plain = self.environment(program, env)
        done = subprocess.run([BUILDS[build] / program, *arguments], env=plain, cwd=self.dir, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=self.limit)
        demand("Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr)
        return Ended(done)

    def injected(self, at, how="kill", ops="wscrutm", stays=False, shadow=None, slow=0, then=0):
        env = {"LD_PRELOAD": str(PRELOAD), "CRASH_ROOT": str(self.root), "CRASH_AT": str(at), "CRASH_HOW": how,
               "CRASH_OPS": ops, "CRASH_LOG": str(self.log), "CRASH_STAYS": "1" if stays else "",
               "CRASH_SLOW": str(slow), "CRASH_THEN": str(then)}
        if shadow:
            env["CRASH_SHADOW"] = str(shadow.dir)
        self.log.unlink(missing_ok=True)
        return env

    def calls(self):
        """(letter, path) of each counted call of the last injected run."""
        return [tuple(line.split(" ", 2)[1:]) for line in self.log.read_text().splitlines()]

    def extract(self, **keywords):
        return self.run("netty-extract", *self.settings, *TABLES, **keywords)

    # -- from machine to machine: the remote is a folder beside the root, which loses no power; its name is the same in all cases, for a
    # push remembers a place by its name

    @property
    def remote(self):
        return self.dir / "remote"

    def push(self, **keywords):
        if not self.remote.exists() and hasattr(self.truth, "remote_once"):
            shutil.copytree(self.truth.remote_once, self.remote)
        return self.run("netty-spool", "push", "remote", **keywords)

    def is_due(self):
        """The next push brings everything anew: a day is over, and much has come since."""
        for path in (self.spool / ".push").glob("*.json"):
            if path.name.count(".") == 1:
                edit_lines(path, whole_at=LONG_AGO, since=1 << 30, written=LONG_AGO, **self.sign_of_life)

    def look_anew(self):
        """The next push looks for new pullers, as it does once an hour."""
        for path in (self.spool / ".push").glob("*.back.json"):
            edit_lines(path, listed=LONG_AGO)

    def push_anew(self, **keywords):
        if not self.remote.exists():
            shutil.copytree(self.truth.remote, self.remote)
        return self.run("netty-spool", "push", "remote", **keywords)

    def push_and_remove(self, **keywords):
        """Everything has been pushed anew, and pulled, so that what it replaces can be removed."""
        if not self.remote.exists():
            shutil.copytree(self.truth.remote_anew, self.remote)
        return self.run("netty-spool", "push", "remote", **keywords)

    def pull(self, **keywords):
        if not self.remote.exists():
            shutil.copytree(self.truth.remote, self.remote)
        return self.run("netty-spool", "pull", "remote", **keywords)

    def take_over(self, **keywords):
        if not self.remote.exists():
            shutil.copytree(self.truth.remote, self.remote)
        return self.run("netty-spool", "pull", "--take-over", "remote", **keywords)

    @staticmethod
    def pages(spool):
        return {table: list(spool_reader.Spool(spool).read(table)) for table in TABLES}

    def assert_push_recovers(self):
        """The next push brings all, and who pulls has it."""
        again = self.push()
        demand(again.code == 0, "the next push did not end well:", again)
        for path in self.truth.remote_once.glob("*.netty"):
            demand((self.remote / path.name).read_bytes() == path.read_bytes(), path.name, "was written twice")
        for name, told in self.truth.told.items():
            demand((self.spool / name).read_bytes() == told, name, "did not come back")
        demand((self.spool / "catalog.json").exists(), "the catalog did not come back")
        source, self.spool = self.spool, self.root / "pulled"
        again = self.run("netty-spool", "pull", "remote")
        demand(again.code == 0, "the pull did not end well:", again)
        demand(self.pages(self.spool) == self.pages(source), "what was pulled is not what was pushed")

    def assert_all_is_anew(self):
        """Everything is in one object, what it replaces is removed or as it was, and who pulled before has all, as who begins."""
        for _ in range(2):
            again = self.push()
            demand(again.code == 0, "the next push did not end well:", again)
        whole = [path for path in self.remote.glob("*.netty") if f'"whole":{int(path.stem)},'.encode() in path.read_bytes().split(b"\n")[0]]
        whole = [path for path in whole if path.stem != "0000000001"]
        demand(len(whole) == 1, "not pushed anew once, but in", whole)
        mirror = self.root / "mirror"
        shutil.copytree(self.truth.mirror, mirror)
        edit_lines(mirror / self.pull_note, listed=LONG_AGO)  # what it lacks may be gone: it looks for what there is, as it does once an hour
        source = self.all_pages(self.spool)
        for folder in (mirror, self.root / "pulled"):
            kept, self.spool = self.spool, folder
            pulled = self.run("netty-spool", "pull", "remote")
            demand(pulled.code == 0, "the pull did not end well:", folder, pulled)
            demand(self.all_pages(folder) == source, "what was pulled is not what was pushed:", folder)
            self.spool = kept
        self.look_anew()
        for _ in range(2):
            demand(self.push().code == 0, "the push after the pulls failed")
        left = sorted(int(path.stem) for path in self.remote.glob("*.netty"))
        demand(left[0] == int(whole[0].stem), "what everything replaces is not removed:", left)
        for path in self.truth.remote.glob("*.netty"):
            now = self.remote / path.name
            demand(not now.exists() or now.read_bytes() == path.read_bytes(), path.name, "was written twice")

    def all_pages(self, folder):
        return self.pages(folder)

    def assert_pull_recovers(self):
        again = self.pull()
        demand(again.code == 0, "the next pull did not end well:", again)
        demand(self.pages(self.spool) == self.pages(self.truth.pushed), "what was pulled is not what was pushed")
        verify = self.run("netty-spool", "verify")
        demand(verify.code == 0, "netty-spool verify:", verify.out, verify)

    def assert_take_over_recovers(self):
        """It ends well, netty-extract goes on without a crawl of everything, the old machine is refused, and who pulls has all."""
        again = self.take_over()
        demand(again.code == 0, "the next take-over did not end well:", again)
        still = [path for at in ("pull.json", ".pull/pull.json", "[a-z]*/pull.json") for path in self.spool.glob(at)]
        demand(not still, "it is a mirror still:", still)
        for path in self.truth.remote.glob("*.netty"):
            demand((self.remote / path.name).read_bytes() == path.read_bytes(), path.name, "was written twice")
        gone = self.run("netty-extract", "--json", *self.settings, *TABLES)
        demand(gone.code == 0, "the extractor does not go on:", gone)
        for row in map(json.loads, gone.out.splitlines()):
            demand("table" not in row or row["status"] == "complete", row)
        self.assert_taken_whole()
        pushed = self.run("netty-spool", "push", "remote")
        demand(pushed.code == 0, "the push did not end well:", pushed)
        taken, self.spool = self.spool, self.root / "old"
        shutil.copytree(self.truth.pushed, self.spool)
        for path in (self.spool / ".push").glob("*.json"):  # it has something new
            if path.name.count(".") == 1:
                edit_lines(path, written=LONG_AGO, **self.sign_of_life)
        refused = self.run("netty-spool", "push", "remote")
        demand(refused.code == 78 and "another machine" in refused.err, "the old machine is not refused:", refused)
        self.spool = self.root / "elsewhere"
        pulled = self.run("netty-spool", "pull", "remote")
        demand(pulled.code == 0, "the pull did not end well:", pulled)
        demand(self.all_pages(self.spool) == self.all_pages(taken), "what is pulled elsewhere is not what was pushed")

    def assert_taken_whole(self):
        self.assert_spool_whole()

    # -- a backfill that lets others have the table

    @contextmanager
    def asking(self):
        """As a run that waits for the table does (spool/store/table_lock_wait.c)."""
        with open(self.spool / "contacts/lock", "rb") as file:
            fcntl.fcntl(file, fcntl.F_OFD_SETLK, struct.pack("hhqqi", fcntl.F_RDLCK, os.SEEK_SET, 0, 1, 0))
            yield

    def is_locked(self):
        with open(self.spool / "contacts/lock", "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def backfill(self, build="release", env=None):
        """Asked for the table before its first page, then between two others: each time a regular run has it."""
        (self.dir / "said").unlink(missing_ok=True)
        with open(self.dir / "said", "a+") as said:  # appended to: the place to read from is the program's, too
            process = subprocess.Popen([BUILDS[build] / "netty-extract", "--full", *self.settings, *TABLES], text=True,
                                       env=self.environment("netty-extract", env), cwd=self.dir, stdin=subprocess.DEVNULL,
                                       stdout=said, stderr=said)

            def until(true):
                given_up = time.monotonic() + self.limit
                while process.poll() is None and not true():
                    demand(time.monotonic() < given_up, "the backfill stands still")
                    time.sleep(0.001)

            def yields():
                said.seek(0)
                return said.read().count("another run has the table")

            for number in range(3):
                with self.asking():
                    until(lambda: yields() > number)
                    if process.poll() is None:
                        between = self.extract()
                        demand(between.code == 0, "the run in between did not end well:", between)
                until(self.is_locked)
            code = process.wait(timeout=self.limit)
            said.seek(0)
            text = said.read()
        demand("Sanitizer" not in text and "runtime error" not in text, text)
        return Ended(subprocess.CompletedProcess(["netty-extract"], code, "", text))

    def assert_backfill_recovers(self):
        """It goes on to its end, and neither crawl has lost what it knew."""
        again = self.run("netty-extract", "--full", "--json", *self.settings, *TABLES)
        demand(again.code == 0 and again.out.count('"backfill":"through"') == len(TABLES), "it does not go on:", again.out, again)
        self.assert_spool_recovers()

    def load(self, **keywords):
        return self.run("netty-load", "--create-tables", "--batch-rows", "60", "--retries", "1", *TABLES, **keywords)

    # -- comparing

    def assert_spool_whole(self):
        """Nothing is damaged, and of each record the newest version there is what the source has."""
        spool = spool_reader.Spool(self.spool)
        for table in TABLES:
            newest = {}
            for item in spool.read(table):
                demand(not isinstance(item, spool_reader.Damage), table, item)
                for record in item.records:
                    newest[json.loads(record)[key_of(table)]] = record.decode()
            truth = {json.loads(line)[key_of(table)]: line for line in self.truth.lines[table]}
            wrong = [key for key in truth.keys() | newest.keys() if truth.get(key) != newest.get(key)]
            demand(not wrong, table, "records differ:", sorted(wrong)[:5])
        verify = self.run("netty-spool", "verify")
        demand(verify.code == 0, "netty-spool verify:", verify.out, verify)

    def assert_spool_recovers(self):
        again = self.extract()
        demand(again.code == 0, "the next run did not end well:", again)
        self.assert_spool_whole()

    def assert_rows_equal(self):
        """Every record is in, and each version of one that cannot be is set aside exactly once, wherever it was read first."""
        spool = spool_reader.Spool(self.spool)
        for table in TABLES:
            expected = dict(expected_row(table, line) for line in self.truth.lines[table] if "\\u0000" not in line)
            wrong = differences(expected, self.db.rows(table))
            demand(not wrong, table, wrong)
            letters = [(letter["segment"], letter["page"], letter["line"]) for letter in spool.letters(table, "load")]
            demand(len(letters) == len(set(letters)), table, "set aside twice", letters)
            refused = [(record, (item.segment, item.page)) for item in spool.read(table)
                       for record in item.records if b"\\u0000" in record]
            places, versions = {place for _, place in refused}, {record for record, _ in refused}
            demand(len(letters) == len(versions) and {letter[:2] for letter in letters} <= places, table, "set aside:", letters)

    def assert_database_equal(self):
        self.assert_rows_equal()
        demand(spool_reader.Spool(self.spool).catalog() is not None, "the catalog is not usable")

    def assert_load_recovers(self):
        again = self.load()
        demand(again.code in (0, 65), "the next run did not end well:", again)
        self.assert_database_equal()
        idle = self.load(env={"NETTY_LOG_FORMAT": "json"})
        demand(idle.code == 0, "a run with nothing to do:", idle)

    def load_and_prune(self, env=None, **keywords):
        return self.load(env={**(env or {}), "NETTY_SPOOL_KEEP": "0s"}, **keywords)

    def assert_prune_recovers(self):
        """All is in the database, and of the spool only each table's newest segment is left, whole."""
        again = self.load_and_prune()
        demand(again.code in (0, 65), "the next run did not end well:", again)
        for table in TABLES:
            expected = dict(expected_row(table, line) for line in self.truth.lines[table] if "\\u0000" not in line)
            wrong = differences(expected, self.db.rows(table))
            demand(not wrong, table, wrong)
            left = {name[:10] for name in os.listdir(self.spool / table) if name[:10].isdigit()}
            demand(len(left) == 1, table, "is not pruned:", left)
        verify = self.run("netty-spool", "verify")
        demand(verify.code == 0, "netty-spool verify:", verify.out, verify)
        again = self.extract()
        demand(again.code == 0, "the extractor does not go on:", again)

    # -- the reconcile

    def reconcile(self, **keywords):
        return self.run("netty-extract", "--reconcile", "--limit", "40", "contacts", **keywords)

    def assert_roll_recovers(self):
        """The next run goes on to the end: each line is whole, each page counts once, and no key is missing."""
        for _ in range(2):
            again = self.reconcile()
            demand(again.code == 0, "the next run did not end well:", again)
        keys, pages, ended = set(), 0, False
        for line in (self.spool / "contacts/roll.ndjson").read_bytes().splitlines():
            demand(spool_reader.intact(line), "a line of the roll is damaged:", line[:80])
            line = json.loads(line)
            if "page" in line:
                pages += 1
                demand(line["page"] == pages, "page", line["page"], "after", pages - 1)
                keys.update(line["keys"])
            ended = ended or line.get("ended") == 1
        truth = {json.loads(line)["contact_id"] for line in self.truth.lines["contacts"]}
        demand(ended and keys == truth, "the roll lacks", sorted(truth - keys)[:5], "of", pages, "pages, ended:", ended)

    def assert_marks_recover(self):
        """Those that are gone are marked, once, and nobody else."""
        again = self.load()
        demand(again.code == 0, "the next run did not end well:", again)
        rows = self.db.query("""SELECT contact_id FROM "netty-contacts" WHERE data @> '{"deleted": true}'
                                AND data ? 'deleted_detected_at' ORDER BY 1""")
        demand([key for key, in rows] == sorted(self.truth.gone), "marked:", rows, "of", self.truth.gone)
        demand(self.db.value("SELECT looks FROM netty_sync.reconcile") == 1, "the looks are not acted on")
        writes = self.db.writes("contacts")
        idle = self.load()
        demand(idle.code == 0 and self.db.writes("contacts") == writes, "a run with nothing to do:", idle)

    def assert_marks_go(self):
        """What is there again is as the source has it, and is not written again."""
        again = self.load()
        demand(again.code == 0, "the next run did not end well:", again)
        wrong = differences(self.truth.rows, self.db.rows("contacts"))
        demand(not wrong, "contacts", wrong)
        writes = self.db.writes("contacts")
        idle = self.load()
        demand(idle.code == 0 and self.db.writes("contacts") == writes, "a run with nothing to do:", idle)

    # -- rows out of the database

    def archive(self, **keywords):
        return self.run("netty-load", "archive", "--older-than", "0s", "--to-file", "--batch-rows", "60", *TABLES, **keywords)

    def assert_archived(self):
        """Nothing is left in the tables that could go, and the files bring all of it back as it was."""
        again = self.archive()
        demand(again.code == 0, "the next run did not end well:", again)
        for table in TABLES:
            left = self.db.value(f'SELECT count(*) FROM "netty-{table}" WHERE time_modified < now()')
            demand(left == 0, table, "still has", left)
            for file in sorted((self.root / "spool-archive").glob(f"{table}-*")):
                back = self.run("netty-load", "restore", "--from-file", str(file), table)
                # A batch that was not durable had not gone either; what is there of it may be anything.
                demand(back.code in (0, 65), "the file cannot be restored:", back)
            lost = self.db.query(f"""SELECT w.{key_of(table)} FROM saved."netty-{table}" w
                                     LEFT JOIN "netty-{table}" t ON to_jsonb(t) = to_jsonb(w) WHERE t IS NULL LIMIT 5""")
            demand(not lost, table, "lost or changed:", lost)

    # -- what netty-spool changes

    def heal(self, env=None, **keywords):
        return self.run("netty-spool", "heal", env=env, **keywords)

    def prune(self, env=None, **keywords):
        return self.run("netty-spool", "prune", "--spool-keep", "0s", env=env, **keywords)

    def assert_heal_recovers(self):
        """Nothing is damaged any more, what was lost is fetched again, and what could not be read is kept."""
        again = self.heal()
        demand(again.code == 0, "the next run did not end well:", again)
        verify = self.run("netty-spool", "verify")
        demand(verify.code == 0, "netty-spool verify:", verify.out, verify)
        kept = b"".join(path.read_bytes() for path in (self.spool / "contacts").glob("dead-load.damaged.*"))
        demand(self.truth.bad_letter in kept, "a damaged dead letter is lost:", kept)
        self.assert_spool_recovers()

    def assert_pruned(self):
        """Only each table's newest segment is left, whole, and the extractor goes on."""
        again = self.prune()
        demand(again.code == 0, "the next run did not end well:", again)
        for table in TABLES:
            left = {name[:10] for name in os.listdir(self.spool / table) if name[:10].isdigit()}
            demand(len(left) == 1, table, "is not pruned:", left)
        verify = self.run("netty-spool", "verify")
        demand(verify.code == 0, "netty-spool verify:", verify.out, verify)
        again = self.extract()
        demand(again.code == 0, "the extractor does not go on:", again)

    def end(self):
        shutil.rmtree(self.dir, ignore_errors=True)
