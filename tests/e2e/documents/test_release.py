"""What is handed out: programs that are hard to misuse, and a licence that is stated."""
import os
import re
import subprocess

import pytest

from harness import BUILD, ROOT

PROGRAMS = ("netty-extract", "netty-load", "netty-spool", "netty-pair")


def readelf(option, program):
    done = subprocess.run(["readelf", "-W", option, BUILD / program], text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.release
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_is_hardened(program):
    """As checksec looks at it: position-independent, relocations read-only at once, no executable stack, canaries, checked calls."""
    assert re.search(r"Type:\s+DYN", readelf("--file-header", program))
    segments = readelf("--program-headers", program)
    assert "GNU_RELRO" in segments and re.search(r"GNU_STACK\s+(?:0x\w+\s+){5}RW\s", segments)
    assert not re.search(r"LOAD\s+(?:0x\w+\s+){5}RWE", segments), "nothing is writable and executable"
    dynamic = readelf("--dynamic", program)
    assert "BIND_NOW" in dynamic and "PIE" in dynamic
    assert "RPATH" not in dynamic and "RUNPATH" not in dynamic
    symbols = readelf("--dyn-syms", program)
    assert "__stack_chk_fail" in symbols and re.search(r"__\w+_chk\b", symbols)


def test_the_spool_and_the_archive_are_for_their_user_alone(sims, netty, db):
    sim = sims("contacts:30", "--odd", "7:nul")
    old = os.umask(0)
    try:
        netty.extract("contacts", sim=sim)
        netty.load("--create-tables", db=db, code=65)
        netty.load("archive", "--older-than", "0s", "--to-file", "contacts", db=db)
    finally:
        os.umask(old)
    found = [netty.spool, *netty.spool.rglob("*"), netty.dir / "spool-archive", *(netty.dir / "spool-archive").rglob("*")]
    assert len(found) > 12
    wrong = {str(path): oct(path.stat().st_mode) for path in found if path.stat().st_mode & 0o077}
    assert not wrong, wrong


def test_no_service_is_given_the_others_secret():
    for side, foreign in (("load", "api-key"), ("extract", "database-url")):
        units = list((ROOT / side / "systemd").glob("*.service"))
        assert units
        for text in (unit.read_text() for unit in units):
            assert re.search(rf"(?m)^InaccessiblePaths=-/etc/netty/{foreign}$", text)
            assert not re.search(rf"(?m)^(?!InaccessiblePaths=).*{foreign}", text)


def test_the_licence_is_stated():
    for path in ("README.md", "shared/debian/copyright"):
        assert "All rights reserved by the owner" in (ROOT / path).read_text(), path
