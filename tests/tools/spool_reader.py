#!/usr/bin/python3
"""A reader of the spool written from spool/FORMAT.md alone, to show that the page is enough (and the C reader right).

    tests/tools/spool_reader.py SPOOL             what there is: a line a page, a line for each damage
    tests/tools/spool_reader.py SPOOL TABLE       that table's records

Ends with 65 where anything is damaged. Needs python3-xxhash and the zstd command. Section numbers are FORMAT.md's.
"""
import json
import re
import struct
import subprocess
import sys
from collections import namedtuple
from functools import lru_cache
from pathlib import Path

import xxhash

Page = namedtuple("Page", "segment page records position chain")
Damage = namedtuple("Damage", "segment page why")
Line = namedtuple("Line", "kind value at")

TABLE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,56}\Z")
FILE = re.compile(r"(\d{10})\.(journal|ndjson|ndjson\.zst)\Z")
SUM = re.compile(rb',"sum":"([0-9a-f]{16})"}\Z')
SUM_BYTES = 26
SEEK_MAGIC = 0x184D2A5E
SEEK_END = 0x8F92EAB1
FRAME_MAGIC = 0xFD2FB528
CHAIN = b',"chain":"'
POSITION = b',"position":'
NO_CHAIN = "0" * 16
KINDS = {"netty_journal": "header", "page": "page", "sealed": "footer"}


class Refused(Exception):
    """A spool of a version this reader does not know, or none at all."""


def hash_of(data):
    return format(xxhash.xxh3_64_intdigest(data), "016x")


def intact(line):
    """Section 3: does the line vouch for itself?"""
    found = SUM.search(line)
    return bool(found) and hash_of(line[:-SUM_BYTES]).encode() == found.group(1)


def chain_of(before, line):
    """Section 5: a page's chain, by its line and the chain of the page before; a line from before chains stands alone."""
    before, mark = (before, CHAIN) if CHAIN in line else (NO_CHAIN, POSITION)
    return hash_of((before + hash_of(line.partition(mark)[0])).encode())


def members(line):
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def split_damaged(text):
    """An intact line whose LF became another byte, and what follows; None when there is none."""
    for at, byte in enumerate(text):
        if byte == 0x7D and at + 1 < len(text) and intact(text[:at + 1]):
            return text[:at + 1], text[at + 2:]
    return None


def own_lines(data):
    """(line or None where it is damaged, its place, whether its line end is damaged), complete lines only."""
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        text = data[at:] if end < 0 else data[at:end]
        if end >= 0 and intact(text):
            yield text, at, False
            at = end + 1
            continue
        parts = split_damaged(text)
        if parts:
            yield parts[0], at, True
            at += len(parts[0]) + 1
            continue
        if end < 0:
            return
        yield None, at, False
        at = end + 1


def journal_lines(data):
    for text, at, bad_end in own_lines(data):
        if text is None:
            yield Line("bad", "does not match its sum", at)
            continue
        value = members(text)
        kind = KINDS.get(next(iter(value), "")) if value else None
        if kind == "header" and value["netty_journal"] != 1:
            raise Refused(f"a journal of version {value['netty_journal']}")
        if kind == "page":
            value = {"chain": chain_of(NO_CHAIN, text), **value, "line": text}
        yield Line(kind or "bad", value if kind else "is of no known kind", at)
        if bad_end:
            yield Line("bad-end", "its line end is damaged", at)


@lru_cache(maxsize=256)  # a campaign reads the same pages hundreds of times
def zstd(data):
    done = subprocess.run(["zstd", "-dcq", "--memory=8MB"], input=data, capture_output=True)
    return done.stdout if done.returncode == 0 else None


def frame_by_headers(data, at):
    """RFC 8878: (end, content size) of the frame that begins there, by its own and its blocks' headers; or None."""
    try:
        if struct.unpack_from("<I", data, at)[0] != FRAME_MAGIC:
            return None
        told = data[at + 4]
        single, checksum = told >> 5 & 1, told >> 2 & 1
        size_bytes = (1 if single else 0, 2, 4, 8)[told >> 6]
        content = at + 5 + (0 if single else 1) + (0, 1, 2, 4)[told & 3]
        size = int.from_bytes(data[content:content + size_bytes], "little") + (256 if size_bytes == 2 else 0)
        end = content + size_bytes
        while True:
            block = int.from_bytes(data[end:end + 3], "little")
            kind = block >> 1 & 3
            if end + 3 > len(data) or kind == 3:
                return None
            end += 3 + (1 if kind == 1 else block >> 3)
            if block & 1:
                break
        end += 4 * checksum
        return (end, size) if size_bytes and end <= len(data) else None
    except (struct.error, IndexError):
        return None


class Compressed:
    """Section 7."""

    def __init__(self, data, total):
        self.data = data
        self.frames = self.by_table(total)
        self.complaint = None if self.frames is not None else "the seek table is damaged"
        if self.frames is None:
            self.frames = self.by_headers()

    def by_table(self, total):
        if len(self.data) < 17:
            return None
        count, flags, magic = struct.unpack_from("<IBI", self.data, len(self.data) - 9)
        begin = len(self.data) - 17 - 8 * count
        if magic != SEEK_END or flags != 0 or begin < 0:
            return None
        if struct.unpack_from("<II", self.data, begin) != (SEEK_MAGIC, 8 * count + 9):
            return None
        frames, at, offset = {}, 0, 0
        for number in range(count):
            packed, size = struct.unpack_from("<II", self.data, begin + 8 + 8 * number)
            frames[offset] = (at, at + packed)
            at, offset = at + packed, offset + size
        return frames if at == begin and offset == total else None

    def by_headers(self):
        frames, at, offset = {}, 0, 0
        while (found := frame_by_headers(self.data, at)):
            frames[offset] = (at, found[0])
            at, offset = found[0], offset + found[1]
        return frames

    def read(self, offset, size):
        """The page there; None when it cannot be had."""
        if offset not in self.frames:
            return None
        begin, end = self.frames[offset]
        return zstd(self.data[begin:end])


class Plain:
    complaint = None

    def __init__(self, data):
        self.data = data

    def read(self, offset, size):
        return self.data[offset:offset + size]


class Segment:
    """One journal and its records: sections 5 and 6."""

    def __init__(self, directory, number, files):
        self.number = number
        self.files = files
        self.lines = None
        self.damage = []
        self.pages = []
        self.footer = self.header = None
        name = f"{number:010d}"
        if "journal" in files:
            self.lines = list(journal_lines((directory / f"{name}.journal").read_bytes()))
            self.read_journal(directory.name)
        self.data = self.other = None
        if "ndjson.zst" in files:
            total = self.footer["bytes"] if self.footer else None
            self.data = Compressed((directory / f"{name}.ndjson.zst").read_bytes(), total)
        if "ndjson" in files:
            self.data, self.other = Plain((directory / f"{name}.ndjson").read_bytes()), self.data

    def read_journal(self, table):
        for line in self.lines:
            if line.kind == "header" and line.at == 0:
                self.header = line.value
            elif line.kind == "footer":
                self.footer = line.value
        if self.header and (self.header["table"], self.header["segment"]) != (table, self.number):
            self.damage.append(Damage(self.number + 1, 0, "the journal of another segment or table"))
            self.header, self.lines = None, []

    def counted(self, limit, acked):
        """The pages that count, and the journal's damage, in order. limit: the next header's word, or None;
        acked: what acked.json tells of this segment where it is the newest."""
        expect = 1
        excused = False
        for line in self.lines:
            if line.kind == "page":
                page = line.value["page"]
                if limit is not None and page > limit:
                    continue
                if page < expect:
                    yield Damage(self.number, expect - 1, "a page that came before")
                    continue
                if page > expect and not (excused and page == expect + 1):
                    yield Damage(self.number, page - 1, f"pages {expect} to {page - 1} are missing")
                yield line.value
                expect, excused = page + 1, False
            elif line.kind == "footer":
                last = line.value["pages"]
                if last >= expect + excused:
                    yield Damage(self.number, last, f"pages {expect} to {last} are missing")
                expect = max(expect, last + 1)
            elif line.kind in ("bad", "bad-end"):
                if line.kind == "bad" and limit is not None and expect > limit:
                    continue
                place = 0 if line.at == 0 else expect if line.kind == "bad" else expect - 1
                yield Damage(self.number, place,
                             f"the line at byte {line.at} {line.value}")
                excused = excused or (line.kind == "bad" and line.at > 0)
            elif line.kind == "header" and line.at > 0:
                yield Damage(self.number, expect - 1, "a header in the middle")
        if limit is None and not self.footer:
            limit = acked
        if limit is not None and expect + excused <= limit:
            yield Damage(self.number, limit, f"pages {expect} to {limit} are missing")

    def read_page(self, info):
        def damaged(why):
            return Damage(self.number, info["page"], why)
        data = b""
        if info["bytes"]:
            if self.data is None:
                return damaged("the records are missing")
            data = self.data.read(info["offset"], info["bytes"])
            if self.other and (data is None or hash_of(data) != info["hash"]):
                data = self.other.read(info["offset"], info["bytes"])
            if data is None or len(data) != info["bytes"]:
                return damaged("the records end too soon or cannot be decompressed")
        if hash_of(data) != info["hash"]:
            return damaged("the records do not match their hash")
        records = data.split(b"\n")[:-1]
        if len(records) != info["records"]:
            return damaged("not as many records as its line tells")
        return Page(self.number, info["page"], records, info["position"], info["chain"])

    def broken_chains(self):
        """Pages whose chain does not follow from the line before, as far as nothing is missing between."""
        before = self.header and self.header["previous"].get("chain")
        expect = 1
        for line in self.lines or []:
            if line.kind == "page":
                page, chain = line.value["page"], line.value["chain"]
                if page == expect and before and chain != chain_of(before, line.value["line"]):
                    yield page
                before, expect = chain, page + 1


class Spool:
    def __init__(self, directory):
        self.dir = Path(directory)
        try:
            line = (self.dir / "spool.json").read_bytes()
        except FileNotFoundError:
            raise Refused(f"{directory} is no spool") from None
        if not line.endswith(b"\n") or not intact(line[:-1]):
            raise Refused("spool.json is damaged")
        identity = members(line)
        if identity["netty_spool"] != 1:
            raise Refused(f"a spool of version {identity['netty_spool']}")
        self.id = identity["id"]

    def tables(self):
        return sorted(entry.name for entry in self.dir.iterdir() if entry.is_dir() and TABLE.match(entry.name))

    def segments(self, table):
        files = {}
        for entry in (self.dir / table).iterdir():
            if (found := FILE.match(entry.name)):
                files.setdefault(int(found.group(1)), set()).add(found.group(2))
        pruned = self.pruned(table)
        return [Segment(self.dir / table, number, files[number]) for number in sorted(files) if number > pruned]

    def broken_chains(self, table):
        """Section 5: places where two histories were put together."""
        return [(segment.number, page) for segment in self.segments(table) for page in segment.broken_chains()]

    def pruned(self, table):
        """Section 12: segments up to this one count no more; a damaged file says nothing."""
        lines = self.sum_lines(self.dir / table / "pruned.json")
        return lines[0]["segment"] if lines and lines[0] else 0

    def acked(self, table):
        """Section 17: (segment, page) of the last page that was acknowledged, or (0, 0) where nothing tells."""
        path = self.dir / table / "acked.json"
        text = path.read_bytes().partition(b"\n") if path.exists() else (b"", b"", b"")
        word = members(text[0]) if text[1] and intact(text[0]) else None
        return (word["segment"], word["page"]) if word else (0, 0)

    def last(self, table):
        """The table's last page line as it counts, with the position that the extractor has now (section 19); None: no page."""
        last = None
        for segment in self.segments(table):
            for line in segment.lines or []:
                last = {**line.value} if line.kind == "page" else last
        path = self.dir / table / "moved.json"
        text = path.read_bytes().partition(b"\n") if path.exists() else (b"", b"", b"")
        moved = members(text[0]) if text[1] and intact(text[0]) else None
        if moved and moved["netty_moved"] != 1:
            raise Refused(f"a position of version {moved['netty_moved']}")
        if not last or not moved or moved["chain"] != last["chain"] or not moved["position"].keys() <= last["position"].keys():
            return last
        position = {**last["position"], **moved["position"]}
        return {**last, "fetched": moved["fetched"], "complete_to": moved["complete_to"], "position": position}

    def healed(self, table):
        """Section 14: the places whose damage was dealt with."""
        lines = self.sum_lines(self.dir / table / "healed.json")
        if not lines or None in lines or lines[0].get("places") != len(lines) - 1:
            return set()
        return {(line["segment"], line["page"]) for line in lines[1:]}

    def read(self, table):
        """Pages and damages in order, without the damage that has been healed."""
        healed = self.healed(table)
        for item in self.read_all(table):
            if isinstance(item, Page) or (item.segment, item.page) not in healed:
                yield item

    def read_all(self, table):
        acked = self.acked(table)
        segments = self.segments(table)
        for before, segment, after in zip([None, *segments], segments, [*segments[1:], None]):
            if before and segment.number != before.number + 1 and self.is_lost(before, segment):
                yield Damage(segment.number, 0, f"segments {before.number + 1} to {segment.number - 1} are missing")
            yield from segment.damage
            if segment.lines is None:
                yield Damage(segment.number + 1, 0, "the journal is missing")
                continue
            if isinstance(segment.data, Compressed):
                if not segment.footer:
                    yield Damage(segment.number + 1, 0, "a compressed segment without a footer")
                if segment.data.complaint:
                    yield Damage(segment.number, 0, segment.data.complaint)
            previous = after.header["previous"] if after and after.header else None
            named = previous is not None and previous["segment"] == segment.number
            newest = after is None and acked[0] == segment.number
            for item in segment.counted(previous["pages"] if named else None, acked[1] if newest else None):
                yield item if isinstance(item, Damage) else segment.read_page(item)
        if acked[0] > max([self.pruned(table), *(segment.number for segment in segments)]):
            yield Damage(acked[0] + 1, 0, f"segments up to {acked[0]} are missing")

    @staticmethod
    def is_lost(before, segment):
        return not segment.header or segment.header["previous"]["segment"] != before.number

    def sum_lines(self, path):
        """(members or None where damaged) of each line; nothing where there is no file."""
        data = path.read_bytes() if path.exists() else b""
        return [members(text) if text is not None else None for text, _, _ in own_lines(data)]

    def catalog(self):
        """Section 8: the tables' lines; None where there is none, or it cannot be used."""
        lines = self.sum_lines(self.dir / "catalog.json")
        if not lines or None in lines or lines[0].get("tables") != len(lines) - 1:
            return None
        return lines[1:]

    def letters(self, table, side):
        """Section 9: those that are listed."""
        return [letter for letter in self.sum_lines(self.dir / table / f"dead-{side}.ndjson")
                if letter is None or not letter.keys() & {"dismissed", "overtaken"}]


def main(arguments):
    spool = Spool(arguments[0])
    damaged = False
    for table in arguments[1:] or spool.tables():
        for item in spool.read(table):
            damaged = damaged or isinstance(item, Damage)
            if isinstance(item, Damage):
                print(f"{table} {item.segment}/{item.page}: damaged: {item.why}", file=sys.stderr)
            elif arguments[1:]:
                sys.stdout.buffer.writelines(record + b"\n" for record in item.records)
            else:
                print(f"{table} {item.segment}/{item.page}: {len(item.records)} records")
    return 65 if damaged else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Refused as refusal:
        print(f"spool_reader: {refusal}", file=sys.stderr)
        sys.exit(78)
