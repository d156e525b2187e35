"""What netty-spool takes of memory does not depend on how much there is. Measured on the program as shipped."""
import json
import os
import subprocess

import pytest

from harness import BUILD, ROOT
from spoolfile import START, SpoolWriter, iso, sumline

MIB = 1024
PAGE, SEGMENT = 100, 10_000  # records
USUAL = 6 * MIB
DIGEST = 17 * MIB  # so many keys are held at once (spool/cli/digest_command.c)
COMMANDS = (
    ("ls",), ("verify",), ("status",), ("cat", "contacts"), ("cat", "contacts", "--id", "77"), ("cat", "contacts", "--segment", "1"),
    ("history", "contacts", "77"), ("dead",), ("dead", "--json"), ("heal", "--dry-run"), ("report", "--html", "report.html"),
    ("prune", "--dry-run", "--spool-keep", "0s"), ("digest", "contacts"))


def record(number):
    return (f'{{"contact_id":{number},"time_created":"2024-05-13 10:22:33","time_modified":"2024-05-13 10:22:33",'
            f'"notes":"{number:01200d}"}}')


def fill(directory, records):
    """A spool of sealed segments, loaded but for the last, with a dead letter for every tenth record."""
    spool = SpoolWriter(directory)
    contacts = spool.table("contacts")
    for first in range(0, records, PAGE):
        if first and first % SEGMENT == 0:
            contacts.records.clear()  # what is compressed is this segment's alone
            contacts.pages.clear()
        contacts.page([record(number) for number in range(first, first + PAGE)])
        if (first + PAGE) % SEGMENT == 0:
            contacts.seal(compress=(first // SEGMENT) % 2 == 0)
    with open(contacts.dir / "dead-load.ndjson", "wb") as file:
        for number in range(0, records, 10):
            file.write(sumline({"at": iso(START), "reason": "nul", "sqlstate": "22P05", "message": "no",
                                "file": "contacts/0000000001.ndjson", "segment": 1, "page": 1 + number // PAGE,
                                "line": number + 1, "raw": record(number)}))
    (contacts.dir / "loaded.json").write_bytes(
        sumline({"netty_loaded": 1, "spool": spool.id, "table": "contacts", "databases": 1}) +
        sumline({"database": "1.1", "name": "crm", "segment": contacts.segment, "page": 1, "at": iso(START)}))
    return spool.dir


def peak(netty, spool, command):
    """KiB. The program is started by a small one: it would inherit the peak of a large one."""
    file = netty.dir / "meter.json"
    with open(netty.dir / "out", "wb") as out:
        done = subprocess.run([BUILD / "bench/meter", file, BUILD / "netty-spool", *command], cwd=netty.dir, stdout=out,
                              stderr=subprocess.PIPE, env={**netty.env, "NETTY_SPOOL": str(spool)}, timeout=120)
    late = 69 if command == ("status",) else 0  # its pages wait since January
    assert done.returncode == late, (command, done.stderr)
    return json.loads(file.read_text())["peak_kib"]


@pytest.mark.release
def test_peak_memory_of_many_records_is_that_of_few(netty):
    made = subprocess.run(["make", "-s", f"{os.path.relpath(BUILD, ROOT)}/bench/meter"], cwd=ROOT, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    few, many = fill(netty.dir / "few", 10_000), fill(netty.dir / "many", 100_000)
    for command in COMMANDS:
        small, large = peak(netty, few, command), peak(netty, many, command)
        told = f"{' '.join(command)}: {small / MIB:.2f} and {large / MIB:.2f} MiB"
        print(told)
        if command[0] == "digest":
            assert large <= DIGEST + USUAL and large - small <= 3 * MIB, told  # more of its table is touched
        else:
            assert large <= USUAL and large - small <= MIB, told
