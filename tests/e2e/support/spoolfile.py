"""Writes spools as spool/FORMAT.md has them, without the extractor: so that a loader's test can state its history.

    spool = SpoolWriter(netty.spool)
    contacts = spool.table("contacts")
    contacts.page(['{"contact_id":1,"name":"Ana"}', {"contact_id": 2}])     # one page: lines, or objects
    contacts.seal()                                                        # the next page begins a new segment

A page is written as the extractor would: first its records, then the journal's line that vouches for them. So a
loader may follow meanwhile. Nothing is synced.
"""
import json
import os
import secrets
import shutil
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import xxhash

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def iso(moment):
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def sumline(members):
    """One JSON object a line whose last member is the checksum of all before it."""
    text = json.dumps(members, ensure_ascii=False, separators=(",", ":"))[:-1].encode()
    return text + f',"sum":"{xxhash.xxh3_64_hexdigest(text)}"}}\n'.encode()


def read_sumline(line):
    """The object of such a line (without its line end); the checksum is looked at."""
    text, mark, tail = line.rpartition(b',"sum":"')
    assert mark and tail == xxhash.xxh3_64_hexdigest(text).encode() + b'"}', f"bad sum: {line[-40:]}"
    return json.loads(line)


def as_line(record):
    if isinstance(record, bytes):
        return record
    if isinstance(record, str):
        return record.encode()
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def chain_of(before, told):
    """A page's chain, by that of the page before and its line's members up to the chain."""
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))[:-1].encode()
    return xxhash.xxh3_64_hexdigest((before + xxhash.xxh3_64_hexdigest(text)).encode())


def open_private(path, flags):
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o600), "wb")


class SpoolWriter:
    def __init__(self, directory, spool_id=None, chained=True):
        """chained=False: as the extractor wrote spools before pages had chains."""
        self.dir = Path(directory)
        self.chained = chained
        self.id = spool_id or secrets.token_hex(16)
        self.tables = {}
        self.dir.mkdir(mode=0o700, parents=True)
        with open_private(self.dir / "spool.json", os.O_EXCL) as file:
            file.write(sumline({"netty_spool": 1, "id": self.id, "created": iso(START)}))

    def table(self, name):
        if name not in self.tables:
            self.tables[name] = TableWriter(self.dir, name, self.chained)
        return self.tables[name]

    def dead(self, table, side="load"):
        """The dead letters that are listed, oldest first."""
        path = self.dir / table / f"dead-{side}.ndjson"
        letters = [read_sumline(line) for line in path.read_bytes().splitlines()] if path.exists() else []
        return [letter for letter in letters if not letter.keys() & {"dismissed", "overtaken"}]

    def keep_dead(self, table):
        """The file's bytes, for put_dead: as if no newer version had ever been heard of."""
        return (self.dir / table / "dead-load.ndjson").read_bytes()

    def put_dead(self, table, lines):
        (self.dir / table / "dead-load.ndjson").write_bytes(lines)

    def catalog(self):
        """{table: (key, greatest time_modified)}, or None where there is no catalog."""
        path = self.dir / "catalog.json"
        if not path.exists():
            return None
        head, *entries = map(read_sumline, path.read_bytes().splitlines())
        assert (head["netty_catalog"], head["tables"]) == (1, len(entries))
        return {entry["table"]: (entry["key"], entry["max_time_modified"]) for entry in entries}


class TableWriter:
    def __init__(self, spool, name, chained=True):
        self.name = name
        self.chained = chained
        self.chain = "0" * 16
        self.dir = spool / name
        self.dir.mkdir(mode=0o700)
        self.segment = 0
        self.clock = START
        self.last = (0, 0)
        self.position = None
        self.records = []  # (segment, page, line of the segment, bytes): the whole history, in order
        self.pages = []  # (segment, page, fetched, number of records)
        self.open = False

    def path(self, suffix, segment=None):
        return self.dir / f"{segment or self.segment:010d}.{suffix}"

    def begin(self):
        self.segment += 1
        self.page_number = self.bytes = self.lines = 0
        self.hash = xxhash.xxh3_64()
        self.open = True
        self.path("ndjson").touch(mode=0o600)
        self.journal({"netty_journal": 1, "table": self.name, "segment": self.segment,
                      "created": iso(self.clock),
                      "previous": {"segment": self.last[0], "pages": self.last[1],
                                   **({"chain": self.chain} if self.chained else {})},
                      "position": self.position})

    def journal(self, members):
        with open_private(self.path("journal"), os.O_APPEND) as file:
            file.write(sumline(members))

    def page(self, records, fetched=None):
        """One page; returns (segment, page)."""
        if not self.open:
            self.begin()
        lines = [as_line(record) for record in records]
        assert not any(b"\n" in line for line in lines), "a record is one line"
        data = b"".join(line + b"\n" for line in lines)
        with open_private(self.path("ndjson"), os.O_APPEND) as file:
            file.write(data)
        self.hash.update(data)
        self.clock = fetched or self.clock + timedelta(seconds=1)
        self.page_number += 1
        self.position = {"after": f"{self.segment}/{self.page_number}"}
        told = {"page": self.page_number, "fetched": iso(self.clock), "offset": self.bytes,
                "bytes": len(data), "line": self.lines + 1, "records": len(lines),
                "hash": xxhash.xxh3_64_hexdigest(data), "low": "", "high": "", "complete_to": None}
        if self.chained:
            told["chain"] = self.chain = chain_of(self.chain, told)
        self.journal({**told, "position": self.position})
        self.records += [(self.segment, self.page_number, self.lines + n, line)
                         for n, line in enumerate(lines, 1)]
        self.bytes += len(data)
        self.lines += len(lines)
        self.last = (self.segment, self.page_number)
        self.pages.append((self.segment, self.page_number, self.clock, len(lines)))
        return self.last

    def seal(self, compress=False):
        """Ends the segment; with compress it is one zstd frame a page (none for one without records), and the seek table."""
        self.journal({"sealed": iso(self.clock), "pages": self.page_number, "records": self.lines,
                      "bytes": self.bytes, "hash": self.hash.hexdigest()})
        self.open = False
        if compress:
            self.compress()

    def compress(self):
        frames, table = [], b""
        for segment, page, _, records in self.pages:
            if segment != self.segment or records == 0:
                continue
            data = b"".join(line + b"\n" for s, p, _, line in self.records if (s, p) == (segment, page))
            frames.append(zstd(data))
            table += len(frames[-1]).to_bytes(4, "little") + len(data).to_bytes(4, "little")
        foot = len(frames).to_bytes(4, "little") + b"\0" + (0x8F92EAB1).to_bytes(4, "little")
        head = (0x184D2A5E).to_bytes(4, "little") + len(table + foot).to_bytes(4, "little")
        with open_private(self.path("ndjson.zst"), os.O_EXCL) as file:
            file.write(b"".join(frames) + head + table + foot)
        self.path("ndjson").unlink()


def zstd(data):
    """One frame with content size and checksum."""
    return subprocess.run(["zstd", "-q", "-c", "--check", f"--stream-size={len(data)}"], input=data,
                          stdout=subprocess.PIPE, check=True).stdout


def copy_spool(source, target):
    """The same spool elsewhere, identity included; what the loader left in it is left out."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("catalog.json", "dead-*"))


def hours_pass(netty, hours, table="contacts"):
    """As if the places had been met so much earlier."""
    path = netty.dir / "spool" / table / "unreadable.json"
    lines = [read_sumline(line) for line in path.read_bytes().splitlines()]
    for members in lines:
        del members["sum"]
    for members in lines[1:]:
        for name in ("since", "tried", "due"):
            members[name] = iso(datetime.fromisoformat(members[name].replace("Z", "+00:00")) - timedelta(hours=hours))
    path.write_bytes(b"".join(map(sumline, lines)))
