"""Memory does not depend on how much there is. Measured on the programs as shipped."""
import contextlib
import ctypes
import re
import signal

import pytest

from harness import wait_for

MIB = 1024


@contextlib.contextmanager
def fixed_addresses():
    """Programs that are started meanwhile lie where they always do.

    The kernel maps files in pieces of 64 KiB, so how much of forty libraries is resident depends on where chance puts
    them: up to 0.25 MiB between two runs of the same program.
    """
    libc, addr_no_randomize, ask = ctypes.CDLL(None), 0x0040000, 0xFFFFFFFF
    before = libc.personality(ctypes.c_ulong(ask))
    assert libc.personality(ctypes.c_ulong(before | addr_no_randomize)) == before
    try:
        yield
    finally:
        libc.personality(ctypes.c_ulong(before))


def peak(netty, sims, records, *arguments, options=(), tables="contacts", mood=None, env=None):
    """Peak resident memory of a whole crawl, in KiB, and its summary.

    The program stays with --every, so that its own highest mark can be read when all is done; what wait4 tells would
    hold that of the process that started it as well.
    """
    sim = sims(",".join(f"{table}:{records}" for table in tables.split(",")), *options)
    sim.mood(**(mood or {"latency_ms": 0}))
    names = tables.split(",")
    env = {**(env or {}), "NETTY_SPOOL": netty.dir / f"spool-{records}-{len(netty.background)}"}
    with fixed_addresses():
        process = netty.start("netty-extract", "--json", "--every", "300d", *names, *arguments, sim=sim, env=env)
    wait_for(lambda: "waiting for the next run" in open(process.err_path).read() or process.poll() is not None,
             "the end of the crawl", seconds=1200)
    status = open(f"/proc/{process.pid}/status").read()
    kib = int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1))
    process.send_signal(signal.SIGTERM)
    out = process.communicate(timeout=60)[0]
    sim.stop()
    assert out.count('"status":"complete"') == len(names), out
    print(f"peak of {records} records: {kib / MIB:.2f} MiB {arguments}")
    return kib


@pytest.mark.release
def test_peak_memory_of_100000_records_is_that_of_10000(netty, sims):
    small, large = peak(netty, sims, 10_000), peak(netty, sims, 100_000)
    assert large <= 16 * MIB, f"{large / MIB:.2f} MiB"
    assert abs(large - small) <= MIB, f"{small / MIB:.2f} and {large / MIB:.2f} MiB"


@pytest.mark.release
def test_peak_memory_does_not_depend_on_page_size_or_the_number_of_tables(netty, sims):
    small, large = peak(netty, sims, 5000, "--limit", 10), peak(netty, sims, 5000, "--limit", 100)
    assert abs(large - small) <= MIB, f"{small / MIB:.2f} and {large / MIB:.2f} MiB"
    many = peak(netty, sims, 3000, tables="contacts,users,companies,products,mandates,affairs")
    assert many <= 24 * MIB, f"{many / MIB:.2f} MiB"


@pytest.mark.release
def test_peak_memory_grows_only_with_the_largest_record(netty, sims):
    """A page of 30 records of a megabyte is streamed, not held."""
    size = 1 << 20
    held = peak(netty, sims, 30, options=("--record-bytes", size))
    assert held <= 16 * MIB + 2 * size / 1024, f"{held / MIB:.2f} MiB"


@pytest.mark.campaign
@pytest.mark.release
@pytest.mark.timeout(3000)
def test_peak_memory_of_1000000_records_is_that_of_100000(netty, sims):
    """Both seal segments, which a crawl of 10,000 does not: that alone takes 0.7 MiB, once."""
    small, large = peak(netty, sims, 100_000), peak(netty, sims, 1_000_000)
    assert large <= 16 * MIB, f"{large / MIB:.2f} MiB"
    assert abs(large - small) <= MIB, f"{small / MIB:.2f} and {large / MIB:.2f} MiB"


@pytest.mark.release
@pytest.mark.parametrize("options", [(), ("--record-bytes", 12_000)], ids=["ordinary", "large"])
def test_peak_memory_with_sixteen_pages_on_their_way(netty, sims, options):
    """What is asked for ahead is bounded in bytes: large pages are asked for by threes."""
    held = peak(netty, sims, 20_000, options=options, mood={"latency_ms": 100}, env={"NETTY_AHEAD": None})
    assert held <= 16 * MIB, f"{held / MIB:.2f} MiB"
