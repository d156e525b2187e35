"""What is measured with: the stand-in's records as spools, as rows for COPY, and as recorded answers. All from one seed."""
import re
import shutil
import struct
import subprocess
from datetime import datetime, timezone
from pathlib import Path

from harness import BUILD, Netty
from recording import Recorder

HEAD = re.compile(rb'\{"\w+_id":(\d+),"time_created":("[^"]*"|null),"time_modified":("[^"]*"|null),')
PG_EPOCH = datetime(2000, 1, 1, tzinfo=timezone.utc)
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
COLUMNS = "contact_id, data, time_created, time_modified"


def lay(source, target):
    """Brings a later state of the same spool into a folder, as its extractor would have gone on there: what others
    keep in it stays."""
    for folder in [source, *(p for p in source.iterdir() if p.is_dir())]:
        into = target / folder.relative_to(source)
        into.mkdir(mode=0o700, exist_ok=True, parents=True)
        for file in (f for f in folder.iterdir() if f.is_file()):
            shutil.copy2(file, into / file.name)
        if folder != source:
            for file in into.glob("*.ndjson"):
                if not (folder / file.name).exists():
                    file.unlink()


class Rows:
    """The rows that must come of it, in the order of the API: COPY BINARY's file and COPY text's."""

    def __init__(self, path, lines):
        self.binary, self.text = path.with_suffix(".bin"), path.with_suffix(".txt")
        newest = {}
        for line in lines:
            newest[int(HEAD.match(line)[1])] = line
        self.count = len(newest)
        with open(self.binary, "wb") as binary, open(self.text, "wb") as text:
            binary.write(COPY_HEADER)
            for key, line in newest.items():
                head = HEAD.match(line)
                data = b"{" + line[head.end():].rstrip(b"\n")
                if not data.startswith(b'{"deleted":'):
                    data = data[:-1] + b',"deleted":false}'
                times = [None if t == b"null" else t[1:-1].decode() for t in (head[2], head[3])]
                binary.write(row_binary(key, data, times))
                text.write(b"\t".join([b"%d" % key, data.replace(b"\\", b"\\\\"),
                                       *((t or "\\N").encode() for t in times)]) + b"\n")
            binary.write(b"\xff\xff")


def row_binary(key, data, times):
    fields = [struct.pack("!i", key), b"\x01" + data, *map(time_binary, times)]
    return struct.pack("!h", 4) + b"".join(
        struct.pack("!i", -1) if field is None else struct.pack("!i", len(field)) + field for field in fields)


def time_binary(text):
    if text is None:
        return None
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    since = moment - PG_EPOCH
    return struct.pack("!q", (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds)


class Series:
    """One table's records: as first fetched, all fetched once more, and once more after all have changed."""

    def __init__(self, run, directory):
        self.dir, self.n = Path(directory), run.n
        self.dir.mkdir()
        self.netty = Netty(self.dir)
        self.netty.env["NETTY_LIMIT"] = "100"
        self.first, self.again, self.changed = (self.dir / name for name in ("first", "again", "changed"))
        sim = run.sim(f"contacts:{self.n}")
        self.extract(sim, self.first)
        self.rows = Rows(self.dir / "rows", self.lines(self.first))
        lay(self.first, self.again)
        self.extract(sim, self.again, "--full")
        sim.edit("contacts", self.n)
        lay(self.again, self.changed)
        self.extract(sim, self.changed, "--full")
        other = self.dir / "other"
        self.extract(sim, other)
        self.new_rows = Rows(self.dir / "new-rows", self.lines(other))
        sim.stop()
        assert self.rows.count == self.new_rows.count == self.n, "the crawl and the stand-in disagree"

    def extract(self, sim, spool, *arguments):
        run = self.netty.extract("--json", *arguments, "contacts", sim=sim, env={"NETTY_SPOOL": spool}, timeout=3600)
        return run.json()["contacts"]

    def lines(self, spool):
        with subprocess.Popen([BUILD / "netty-spool", "cat", "--spool", spool, "contacts"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as cat:
            yield from cat.stdout
        assert cat.returncode == 0, "netty-spool cat failed"


def record(run, path, n, *options):
    """A crawl's answers for the programs that measure parsing."""
    sim = run.sim(f"contacts:{n}", *options)
    recorder = Recorder(sim.url, path)
    netty = Netty(path.parent)
    netty.extract("contacts", sim=recorder.url, env={"NETTY_SPOOL": path.with_suffix(".spool"), "NETTY_LIMIT": 100})
    recorder.stop()
    sim.stop()
    shutil.rmtree(path.with_suffix(".spool"))
    return path
