"""The table: what `make bench` prints and keeps in README.md, between two marks."""
import os
import subprocess
from pathlib import Path

PAGE = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- measured: begin (make bench writes what stands between these two lines) -->", "<!-- measured: end -->"

# What has to be reached: (row, the way, its reference, at least).
RACES = (
    ("extract: one core's parse-and-spool rate, durable, of yajl with empty callbacks", "extract 1.3 KB", "yajl 1.3 KB", 0.80),
    ("... records of 3.6 KB", "extract 3.6 KB", "yajl 3.6 KB", None),
    ("... pretty-printed pages", "extract pretty", "yajl pretty", None),
    ("... 1.3 KB, sealing and compressing too", "sealed 1.3 KB", "yajl 1.3 KB", None),
    ("load, first: one connection, of COPY BINARY straight into the target", "one first", "copy binary", 1.00),
    ("load, first: as shipped, of COPY BINARY", "shipped first", "copy binary", 1.50),
    ("load, every record changed, merge: one connection, of COPY BINARY", "one changed", "copy binary", 0.65),
    ("... as shipped, of COPY BINARY", "shipped changed", "copy binary", None),
    ("load, every record changed: one connection, of `psql \\copy` + ON CONFLICT", "one changed", "plain changed", 1.45),
    ("... as shipped, of `psql \\copy` + ON CONFLICT", "shipped changed", "plain changed", None),
    ("load, nothing changed: as shipped, of COPY BINARY", "shipped again", "copy binary", 8.0),
    ("... one connection, of COPY BINARY", "one again", "copy binary", None),
    ("... as shipped, of `psql \\copy` + ON CONFLICT", "shipped again", "plain again", None),
    ("extract and load together, whole path from HTTP, of `curl \\| jq \\| psql`", "whole both", "whole pipeline", 3.0),
    ("how many times row-by-row upsert, first load: as shipped", "shipped first", "rowwise first", 9),
    ("... every record changed: as shipped", "shipped changed", "rowwise changed", 9),
    ("... every record changed: one connection", "one changed", "rowwise changed", None),
)


def verdict(good):
    return "met" if good else "**missed**"


def table(head, rows):
    """Markdown whose columns stand below each other as plain text too."""
    rows = [head, *(list(map(str, row)) for row in rows)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def rate(run, name):
    r = run.results
    if name.startswith(("yajl", "extract", "sealed")):
        took = r.took[name][0]
        return f"{took.bytes / r.median(name) / 1e6:,.0f} MB/s"
    return f"{run.n / r.median(name) / 1000:,.1f} k/s"


def races(run):
    rows = []
    for text, name, reference, least in RACES:
        if name not in run.results or reference not in run.results:
            continue
        ratio = run.results.ratio(name, reference)
        rows.append((text, rate(run, name), rate(run, reference), f"{ratio:.2f}", f"{least:.2f}" if least else "",
                     verdict(ratio >= least) if least else "", by_cpu(run, name, reference)))
    return table(["what, of what", "rate", "reference", "ratio", "at least", "", "by CPU"], rows)


def by_cpu(run, name, reference):
    """The same ratio of CPU seconds, programs and server together: what a machine that is not alone can still tell."""
    def cpu(way):
        return run.results.median(way, "cpu") + run.results.median(way, "server")
    if name.startswith("whole") or reference.startswith("rowwise") or not cpu(name):
        return ""
    return f"{cpu(reference) / cpu(name):.2f}"


def costs(run):
    """Where the CPU goes, a record: wall clock tells little on a machine that is not alone."""
    rows = []
    for name, took in run.results.took.items():
        if name.startswith("views"):
            continue
        if name.startswith(("yajl", "extract", "sealed")):
            records = run.results.took["extract " + name.split(" ", 1)[1]][0].records
            server = ""
        elif name.startswith("rowwise"):
            continue
        else:
            records, server = run.n, f"{run.results.median(name, 'server') / run.n * 1e6:.2f}"
        cpu = run.results.median(name, "cpu")
        rows.append((name, f"{run.results.median(name) / records * 1e6:.2f}", f"{cpu / records * 1e6:.2f}" if cpu else "",
                     server, len(took)))
    return table(["way", "µs a record", "client's CPU", "server's CPU", "rounds"], rows)


def memory(run):
    rows = []
    for name, extracted, loaded, most in run.figures["memory"]:
        rows.append((name, f"{extracted / 1024:.1f} MiB", f"{loaded / 1024:.1f} MiB", f"{most / 1024:.1f} MiB",
                     verdict(max(extracted, loaded) <= most)))
    return table(["peak resident memory", "netty-extract", "netty-load", "at most", ""], rows)


def scale(run):
    rows = []
    for name, n, extracted, loaded in run.figures["scale"]:
        rows.append((name, f"{extracted.wall:.2f} s", f"{extracted.wall / n * 1e6:.1f} µs", f"{extracted.peak / 1024:.1f} MiB",
                     f"{loaded.wall:.2f} s", f"{loaded.wall / n * 1e6:.1f} µs", f"{loaded.peak / 1024:.1f} MiB"))
    return table(["from nothing", "extract", "a record", "peak", "load", "a record", "peak"], rows)


def ahead(run):
    rows = [(name, f"{wall:.1f} s", f"{one:.1f} s" if one else "", f"{value:.2f}", f"{least:.2f}", verdict(value >= least))
            for name, wall, one, value, least in run.figures["ahead"]]
    return table(["a first sync", "took", "--ahead 1", "", "at least", ""], rows)


def small_change(run):
    rows = [(f"an hour of idle {name}", f"{took * 1000:.0f} ms", "1000 ms", verdict(took < 1))
            for name, took in run.figures["idle"].items()]
    rows += [(f"{program}: start-up to its first word to the other side", f"{took * 1000:.1f} ms", "20 ms", verdict(took < 0.02))
             for program, took in run.figures["start"].items()]
    rows += [(f"{program}: a run with nothing to do", f"{took * 1000:.1f} ms", "20 ms", verdict(took < 0.02))
             for program, took in run.figures["nothing"].items()]
    return table(["CPU", "took", "less than", ""], rows)


def views(run):
    """How many times the bare casts' time and the server's CPU: the medians of the rounds' own ratios."""
    rows = []
    for name, kind in {"": "all ten", **run.figures["views"]}.items():
        typed, bare = f"views typed {name}".strip(), f"views bare {name}".strip()
        rows.append((kind, f"{run.results.median(bare) * 1000:.0f} ms", f"{run.results.median(typed) * 1000:.0f} ms",
                     f"{1 / run.results.ratio(typed, bare):.1f}"))
    return table([f"a typed view, {run.n:,} rows: columns read", "bare casts", "the view", "times"], rows)


def machine():
    cpu = next(line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    memory_kib = int(open("/proc/meminfo").readline().split()[1])
    words = lambda *command: subprocess.run(command, capture_output=True, text=True).stdout.strip()  # noqa: E731
    return (f"{os.cpu_count()} x {cpu}, {memory_kib / (1 << 20):.0f} GiB, {words('stat', '-f', '-c', '%T', str(PAGE.parent))}, "
            f"Linux {os.uname().release}, {words('psql', '--version').split(') ')[-1]}, "
            f"gcc {words('gcc', '-dumpfullversion')}, load before it {load_before}")


load_before = f"{os.getloadavg()[0]:.2f}"


def render(run, seconds):
    date = subprocess.run(["date", "-u", "+%F"], capture_output=True, text=True).stdout.strip()
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=PAGE.parent, capture_output=True, text=True).stdout.strip()
    load_rounds = run.results.rounds("copy binary") if "copy binary" in run.results else run.rounds
    parts = [f"Measured {date} at {commit or 'an unknown commit'}, {run.n:,} records, in {seconds / 60:.0f} min; "
             f"medians of {load_rounds} rounds (the parser's: {max(run.rounds, 7)}).",
             f"Machine: {machine()}."]
    if not run.connections:
        parts.append("This build has no `--connections`: one connection is what is shipped.")
    if any(name in run.results for _, name, _, _ in RACES):
        parts.append(races(run))
    for figure, show in (("memory", memory), ("idle", small_change), ("scale", scale), ("ahead", ahead), ("views", views)):
        if figure in run.figures:
            parts.append(show(run))
    if any(not name.startswith("views") for name in run.results.took):
        parts.append(costs(run))
    return "\n\n".join(parts)


def keep(text):
    page = PAGE.read_text() if PAGE.exists() else f"# Speed, measured\n\n{BEGIN}\n{END}\n"
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")
