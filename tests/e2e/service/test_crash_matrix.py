"""A slice of the crash matrix (tests/crash; `make crash` is the whole): died, failed, lost power at some of all points."""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from harness import ROOT

sys.path.insert(0, str(ROOT / "tests/crash"))
import matrix  # noqa: E402
import world  # noqa: E402
from remotes import RCLONE  # noqa: E402

# Every so many points of a part: all of it takes minutes.
STEPS = {"faults": 5, "kill": 13, "tear": 13, "errors": 61, "power": 23, "slow": 37, "acted": 37, "lied": 17}


def play(directory, server, *which):
    done = subprocess.run(["make", "-s", "crash-lib"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else directory
    with tempfile.TemporaryDirectory(prefix="netty-crash-", dir=memory) as directory:
        table = matrix.run(directory, server, *which)
    assert not table.failures, "\n".join(map(str, table.failures[:5]))
    return table


@pytest.mark.release
@pytest.mark.parametrize("part", matrix.PARTS)
def test_it_recovers(part, postgres, tmp_path):
    table = play(tmp_path, postgres, (part,), STEPS[part])
    assert sum(table.tried.values()) >= len(STEPS), dict(table.tried)


@pytest.mark.release
def test_rows_are_not_deleted_before_their_archive_is_found_after_a_crash(tmp_path, postgres):
    """Each sync of `archive` fails once, that of the new folder's name, too; the command is run again, and the power fails."""
    table = play(tmp_path, postgres, ("lied",), 1, 1, "archive")
    assert sum(table.tried.values()) >= 36, dict(table.tried)


@pytest.mark.release
@pytest.mark.parametrize("words", [
    "copyto -- here/1.netty ./there/new/1.netty", "copyto -- here/missing ./there/missing", "copyto -- here/1.netty ./there/old",
    "copyto -- missing/1.netty ./there/1.netty", "copy --files-from-raw - -- here/ ./there < 1.netty", "copy --files-from-raw - -- here/ ./there/new < 1.netty",
    "copy --files-from-raw - -- here/ ./there/new < missing", "copy --files-from-raw - -- missing/ ./there/new < 1.netty",
    "copy --files-from-raw - -- here/ ./there/new < back", "lsjson --stat --no-mimetype -- here/1.netty", "lsjson --stat --no-mimetype -- here/missing",
    "lsjson --stat --no-mimetype -- missing/1.netty", "lsjson --stat --no-mimetype -- here/back",
    "lsf --files-only --recursive --max-depth=1 -- here/", "lsf --files-only --recursive --fast-list --max-depth=2 -- here/",
    "lsf --files-only --recursive --fast-list --max-depth=3 -- here/", "lsf --files-only --recursive --max-depth=1 -- missing/",
    "deletefile -- here/1.netty", "deletefile -- here/missing", "deletefile -- missing/1.netty"])
def test_what_the_matrix_takes_for_rclone_does_what_rclone_does(tmp_path, words):
    """Every command of spool/remote: the code, what is printed, what lies where with which bytes and times, and whether it is
    said that an object does not exist."""
    def done_by(program):
        folder = tmp_path / program.parent.name
        for name, text, at in (("here/1.netty", "one", 1.25), ("here/back/x/2.netty", "two", 2.5), ("there/old", "longer than that", 3)):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
            os.utime(folder / name, (at, at))
        (command, *rest), asked = words.partition(" < ")[0].split(), words.partition(" < ")[2]
        options = ["--ask-password=false", "--s3-no-check-bucket", "--stats=0", *["--no-traverse", "--no-check-dest"] * command.startswith("copy")]
        done = subprocess.run([program, command, *options, *rest], cwd=folder, input=asked and asked + "\n", capture_output=True, text=True)
        out = json.loads(done.stdout) if command == "lsjson" and done.stdout else sorted(done.stdout.splitlines())
        if "IsDir" in out and out["IsDir"]:
            del out["ModTime"]  # the real one says now
        return (done.returncode, out, "doesn't exist" in done.stderr,
                {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime) for path in folder.rglob("*") if path.is_file()})
    assert done_by(world.RCLONE) == done_by(Path(RCLONE))


@pytest.mark.release
def test_two_syncs_a_page_and_fewer_when_pages_are_faster_than_the_disk(tmp_path):
    """Counted, not timed: each sync of records and journals, against the pages that were written."""
    truth = world.Truth(tmp_path)
    try:
        counted = {}
        for slow in (0, 100):
            case = world.Case(truth, f"syncs-{slow}", None)
            case.settings = world.GROUPED
            done = case.extract(env=case.injected(0, ops="s", slow=slow))
            assert done.code == 0, done
            files = [path for _, path in case.calls() if path.endswith((".ndjson", ".ndjson.new", ".journal"))]
            pages = sum(path.read_bytes().count(b'\n{"page":') for path in case.spool.rglob("*.journal"))
            assert pages > 25, pages
            assert len(files) <= 2 * pages, (slow, len(files), pages)
            counted[slow] = len(files)
        assert counted[100] < 2 * pages - 5, (counted, pages)
    finally:
        truth.stop()


@pytest.mark.release
def test_a_damaged_byte_of_any_file_is_named_or_changes_nothing():
    """A slice of `make sweep`: every file, few bytes of each."""
    done = subprocess.run([sys.executable, ROOT / "tests/crash/sweep.py", "--step", "397"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.rstrip().endswith(" 0 wrong"), done.stdout[-3000:] + done.stderr[-2000:]
    assert "open/users/moved.json" in done.stdout
    assert "loaded/users/dead-load.ndjson" in done.stdout and "loaded/users/roll.ndjson" in done.stdout
