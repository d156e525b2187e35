"""Have the parse path and the encode path become dearer? Counted instructions (callgrind), nothing timed.

usage: instructions.py [--record]

Two programs go over fixed records: extract_rate (an answer's bytes -> parser, crawl, spool) and encode_rate (a spool's line
-> row -> batch -> COPY bytes). And netty-extract itself makes a first sync, sealing included: of 2,000 records and of 500,
whose difference is what 1,500 records cost. netty-load itself then loads what was fetched, sealed but for the last segment, into
an empty table: 6,000 records and 1,500, and the difference is divided by the lines that were read more (pages overlap). What is
compared is their instructions divided by those that yajl with empty callbacks needs for the same bytes in the same minute, so that
a library's or a processor's own way of copying bytes matters little. instructions.txt has these ratios in thousandths, in all and
for each source file. More than a tenth above it fails: in all, or of a file that makes up a twentieth or more. After a change that
is meant: `make bench-instructions RECORD=1`.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e/support"))
import data  # noqa: E402
from harness import BUILD, KEY, ROOT, Database, Netty, Postgres, Sim  # noqa: E402

BASELINE = Path(__file__).with_name("instructions.txt")
RECORDS = 1000
SEGMENT = "256K"  # so that records are sealed as often as in a large table
SLACK = 1.10
SHARE = 0.05
OURS = re.compile(r"(?:^|/)((?:extract|load|spool|shared|tests)/\w+/[\w-]+\.[ch])$")
LINE = re.compile(r"^\s*([\d,]+) \(\s*[\d.]+%\)\s+(\S+?):\S.*?(?: \[(\S+)\])?$")


class Run:
    """What data.record asks of a benchmark's run."""

    def __init__(self):
        self.sims = []

    def sim(self, tables, *options):
        self.sims.append(Sim(tables, *options))
        return self.sims[-1]


def group_of(file, library):
    """The file that a function stands in, wherever its checkout was (ccache); a library's name where that is not ours."""
    if ours := OURS.search(file):
        return ours[1]
    if library and library.startswith("/usr/"):
        return Path(library).name.split(".so")[0]
    return "inlined and libc"


def collect(directory, *command, env=None):
    """{group: instructions} of a command, or of one of its functions and all that it calls."""
    out = directory / "callgrind.out"
    done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *map(str, command)],
                          capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr[-2000:]
    listing = subprocess.run(["callgrind_annotate", "--auto=no", "--threshold=100", out], capture_output=True, text=True,
                             check=True).stdout
    groups = {}
    for line in listing.splitlines():
        if found := LINE.match(line):
            name = group_of(found[2], found[3])
            groups[name] = groups.get(name, 0) + int(found[1].replace(",", ""))
    assert sum(groups.values()) > 1_000_000, f"{command}: nothing was counted\n{listing[-2000:]}"
    return groups


def first_sync(directory, records):
    """{group: instructions} of netty-extract's first run; answers as they are, and sealed as often as in a large table."""
    spool = directory / f"first-{records}"
    sim = Sim(f"contacts:{records}", "--clock", "fixed", "--mood", "gzip=0")
    groups = collect(directory, BUILD / "netty-extract", "contacts",
                     env={**os.environ, "NETTY_API_KEY": KEY, "NETTY_BASE_URL": sim.url, "NETTY_SPOOL": str(spool),
                          "NETTY_SEGMENT_SIZE": SEGMENT})
    sim.stop()
    assert sealed(spool) >= records // 500
    return groups


def sealed(spool):
    return len(list((spool / "contacts").glob("*.zst")))


def first_load(directory, server, records):
    """({group: instructions}, lines read) of netty-load's first run, once netty-extract has ended."""
    netty = Netty(directory / f"load-{records}")
    netty.dir.mkdir()
    netty.env["NETTY_SEGMENT_SIZE"] = SEGMENT
    sim = Sim(f"contacts:{records}", "--clock", "fixed")
    read = netty.extract("--json", "contacts", sim=sim).json()["contacts"]["records"]
    sim.stop()
    assert sealed(netty.spool) >= records // 500
    db = Database(server)
    db.create("contacts")
    groups = collect(directory, BUILD / "netty-load", "contacts", env=netty.environment(db=db))
    assert db.value('SELECT count(*) FROM "netty-contacts"') == records
    db.drop()
    return groups, read


def first_loads(directory):
    """{group: instructions} of a first load, for RECORDS lines."""
    server = Postgres(directory)
    server.start()
    try:
        (few, few_read), (many, many_read) = (first_load(directory, server, n) for n in (3 * RECORDS // 2, 6 * RECORDS))
    finally:
        server.stop()
    return more(many, few, RECORDS / (many_read - few_read))


def more(many, few, share):
    """{group: instructions} that one run needed more than another one, times a share."""
    return {name: max(0, n - few.get(name, 0)) * share for name, n in many.items()}


def measure(directory):
    """{path: {group: thousandths of yajl's instructions}}, `total` among them."""
    recording = data.record(Run(), directory / "pages", RECORDS, "--clock", "fixed")
    spool = directory / "spool"

    def count(function, program, *arguments):
        return collect(directory, f"--toggle-collect={function}", BUILD / "bench" / program, *arguments)

    reference = sum(count("parse_all", "yajl_rate", recording).values())
    paths = {"parse": count("feed_all", "extract_rate", recording, spool, 1 << 40)}
    lines = spool / "contacts" / "0000000001.ndjson"
    paths["encode"] = count("encode_all", "encode_rate", lines, RECORDS // 2)
    few, many = (first_sync(directory, records) for records in (RECORDS // 2, 2 * RECORDS))
    paths["sync"] = more(many, few, RECORDS / (2 * RECORDS - RECORDS // 2))
    paths["load"] = first_loads(directory)
    return {path: {name: round(1000 * n / reference, 1) for name, n in
                   [("total", sum(groups.values())), *sorted(groups.items(), key=lambda item: -item[1])]}
            for path, groups in paths.items()}


def compiler():
    return subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True).stdout.strip()


def record(measured):
    gcc = compiler()
    lines = [f"# Instructions, in thousandths of yajl's with empty callbacks (instructions.py; gcc {gcc} -O2).",
             "# Recorded by `make bench-instructions RECORD=1`; below 2 is left out."]
    lines += [f"{path:8}{value:8.1f}  {name}" for path, groups in measured.items() for name, value in groups.items()
              if value >= 2]
    BASELINE.write_text("\n".join(lines) + "\n")


def baseline():
    known = {}
    for line in BASELINE.read_text().splitlines():
        if not line.startswith("#"):
            path, value, name = line.split(None, 2)
            known.setdefault(path, {})[name] = float(value)
    return known


def regressions(measured, known):
    """What has become dearer, in words."""
    found = []
    for path, groups in known.items():
        for name, before in groups.items():
            now = measured.get(path, {}).get(name, 0)
            weighs = max(now, before) >= SHARE * groups["total"]
            if now > before * SLACK and (name == "total" or weighs):
                found.append(f"{path} path, {name}: {now:.1f}, was {before:.1f} thousandths of yajl's instructions "
                             f"({100 * (now / before - 1):+.0f} %)")
        for name, now in measured.get(path, {}).items():
            if name not in groups and now >= SHARE * groups["total"] and not name.startswith(("lib", "inlined")):
                print(f"note: {path} path, {name}: {now:.1f}, not in the baseline")
    return found


def main():
    with tempfile.TemporaryDirectory(prefix="netty-instructions-") as directory:
        measured = measure(Path(directory))
    for path, groups in measured.items():
        print(f"{path} path: " + ", ".join(f"{name} {value:.1f}" for name, value in groups.items() if value >= 10))
    if "--record" in sys.argv[1:]:
        record(measured)
        print(f"recorded in {BASELINE.relative_to(ROOT)}")
        return 0
    found = regressions(measured, baseline())
    for line in found:
        print(f"more than a tenth dearer: {line}")
    if found and f"gcc {compiler()} " not in BASELINE.read_text():
        print(f"Recorded with another compiler and libc than these (gcc {compiler()}): no proof that the source has become dearer.")
        return 3
    if found:
        print("If that is meant, record it: make bench-instructions RECORD=1")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
