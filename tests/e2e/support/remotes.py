"""A place that netty-spool pushes to and pulls from: a plain folder, through the real rclone, what is quicker, or one that misbehaves."""
import json
import os
import shutil
import stat
import sys
from pathlib import Path

from harness import BUILD, ROOT

sys.path.insert(0, str(ROOT / "tests/tools"))
import spool_reader  # noqa: E402
from spoolfile import sumline  # noqa: E402

RCLONE = shutil.which("rclone")
# What stands in for it between folders: rclone takes 0.1 s to begin (tests/crash/rclone.c; test_crash_matrix.py compares them).
QUICK = BUILD / "crash/bin/rclone"


class Remote:
    """A folder as REMOTE, and the spool that is pulled from it; quick: without the real rclone."""

    def __init__(self, netty, name="remote", pulled="pulled", quick=False):
        if quick:
            assert QUICK.exists(), f"{QUICK} is missing: run `make sim`"
            netty.env["PATH"] = f"{QUICK.parent}:{netty.env['PATH']}"
        self.netty = netty
        self.dir = netty.dir / name
        self.url = str(self.dir)
        self.pulled = netty.dir / pulled
        self.seen = {}

    def push(self, *arguments, spool=None, **keywords):
        run = self.netty.spool_tool("push", self.url, *self.at(spool), *arguments, **keywords)
        self.check_names()
        return run

    def pull(self, *arguments, spool=None, **keywords):
        return self.netty.spool_tool("pull", self.url, "--spool", spool or self.pulled, *arguments, **keywords)

    def load(self, *arguments, **keywords):
        return self.netty.load("--spool", self.pulled, *arguments, **keywords)

    @staticmethod
    def at(spool):
        return ("--spool", spool) if spool else ()

    def objects(self):
        return sorted(path.name for path in self.dir.glob("*.netty"))

    def backs(self):
        """Of the way back: {ID: numbers}"""
        found = {}
        for path in sorted(self.dir.glob("back/*/*.netty")):
            found.setdefault(path.parent.name, []).append(int(path.stem))
        return found

    def look_anew(self, spool=None):
        """Has the next push look for new pullers, as it does once an hour."""
        for path in ((spool or self.netty.spool) / ".push").glob("*.back.json"):
            edit_lines(path, listed="2024-01-01T00:00:00.000000Z")

    def round(self, db=None, **keywords):
        """There, into the database, and back."""
        self.push()
        self.pull()
        if db:
            self.load(db=db, **keywords)
        self.pull()
        self.look_anew()
        return self.push()

    def check_names(self):
        """No name is ever written twice."""
        for path in self.dir.rglob("*.netty") if self.dir.exists() else ():
            content = path.read_bytes()
            assert self.seen.setdefault(str(path), content) == content, f"{path} was written twice"

    def forget(self, name):
        (self.dir / name).unlink()
        self.seen.pop(str(self.dir / name), None)


def pages(spool, *tables):
    """All that a reader of the spool sees, but for the files it lies in."""
    there = spool_reader.Spool(spool)
    return {table: list(there.read(table)) for table in tables or there.tables()}


def journals(spool):
    """{table/segment: its lines but for the footer, which has the time of the sealing}"""
    return {f"{path.parent.name}/{path.stem}": [line for line in path.read_bytes().splitlines() if b'{"sealed"' not in line]
            for path in Path(spool).glob("*/*.journal")}


def same(spool, mirror, *tables):
    assert pages(mirror, *tables) == pages(spool, *tables)
    assert journals(mirror) == journals(spool)


def note_of(spool):
    """The push's note, and its path."""
    path = next(path for path in (Path(spool) / ".push").glob("*.json") if path.name.count(".") == 1)
    return path, [json.loads(line) for line in path.read_text().splitlines()]


def edit_note(spool, **members):
    edit_lines(note_of(spool)[0], **members)


def edit_lines(path, **members):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[0].update(members)
    for line in lines:
        line.pop("sum")
    path.write_bytes(b"".join(map(sumline, lines)))


def odd_rclone(folder, script):
    """A program of that name that comes first on PATH. $REAL is the real one, $COMMAND its first word, $FROM and $TO the last
    two; $PUT says something where an object is put. What the script does not end itself is done by the real one."""
    folder.mkdir(exist_ok=True)
    path = folder / "rclone"
    path.write_text(f"""#!/bin/bash
REAL={RCLONE} COMMAND=$1 FROM=${{@: -2:1}} TO=${{@: -1}} PUT=
[[ $COMMAND = copyto && $TO = *.netty ]] && PUT=1
{script}
exec "$REAL" "$@"
""")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}
