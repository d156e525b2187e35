"""What the end-to-end tests stand on: a real PostgreSQL, the API stand-in, the programs, and the truth.

Every pytest worker starts a PostgreSQL of its own (tests/tools/pg.sh); every test gets a database of its own in
it. Which build is tried is the environment's word: NETTY_BUILD (default: build).
"""
import atexit
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

# Files of any folder here use those of support/, and now and then each other's; their names differ.
sys.path[:0] = [str(folder) for folder in sorted(Path(__file__).parent.iterdir()) if folder.is_dir()]
from harness import MEMORY, Database, Netty, Postgres, Sim  # noqa: E402
from spoolfile import SpoolWriter  # noqa: E402


# What the servers of a few workers come to, and as much again for the programs.
ENOUGH = 6 << 30


@contextmanager
def quick_folder(otherwise):
    """A folder in memory for a server's files, where there is enough of it. Each test makes a database, which is 300 files, and
    drops it: a file system without a journal looks for new inodes past all those that were freed lately. The server's log is
    kept in the folder that is given."""
    with open("/proc/meminfo") as lines:
        available = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    if not os.access(MEMORY, os.W_OK) or min(available, shutil.disk_usage(MEMORY).free) < ENOUGH:
        yield otherwise
        return
    with tempfile.TemporaryDirectory(prefix="netty-pg-", dir=MEMORY) as directory:
        yield directory
        log = Path(directory) / "cluster/log"
        if log.exists():
            shutil.copyfile(log, Path(otherwise) / "log")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    with quick_folder(tmp_path_factory.mktemp("pg")) as directory:
        server = Postgres(directory)
        server.start()
        yield server
        server.stop("immediate")


@pytest.fixture
def db(postgres):
    database = Database(postgres)
    yield database
    database.drop()


@pytest.fixture
def apart(tmp_path):
    """A server of the test's own, which may crash."""
    (tmp_path / "apart").mkdir()
    with quick_folder(tmp_path / "apart") as directory:
        server = Postgres(directory, "fsync=off")
        server.start()
        yield Database(server)
        server.stop("immediate")


@pytest.fixture
def sims():
    """Starts stand-ins: sims("contacts:1000", "--pretty") -> Sim. All stop with the test."""
    started = []

    def start(tables, *options, **keywords):
        sim = Sim(tables, *options, **keywords)
        started.append(sim)
        return sim

    yield start
    for sim in started:
        sim.stop()


@pytest.fixture
def netty(tmp_path, request):
    """The programs, with a spool of the test's own."""
    programs = Netty(tmp_path)
    yield programs
    programs.stop_all()


@pytest.fixture
def spool(netty):
    """A spool that the test itself writes; the programs find it."""
    return SpoolWriter(netty.spool)


# Whenever a run of pytest begins it closes the folder that all runs share to others; another run's servers, which are
# another user's processes, would lose their files. So each run has a folder of its own; what a failed one has left is
# kept to be looked at. (Registered now, to be done after pytest's own cleaning.)
good = []
if "PYTEST_DEBUG_TEMPROOT" not in os.environ:
    os.environ["PYTEST_DEBUG_TEMPROOT"] = tempfile.mkdtemp(prefix="netty-e2e-")
    atexit.register(lambda: good and shutil.rmtree(os.environ["PYTEST_DEBUG_TEMPROOT"], ignore_errors=True))


def pytest_sessionfinish(session, exitstatus):
    if exitstatus == 0:
        good.append(True)


def pytest_configure(config):
    build = Path(os.environ.get("NETTY_BUILD", "build"))
    for program in ("netty-extract", "netty-load", "netty-spool", "netty-sim"):
        if not (build / program).exists():
            pytest.exit(f"{build / program} is missing: run `make all sim` first", returncode=4)
