"""A spool of another format, newer or older, is refused by name by every program that would read it; nothing is written."""
import json

import pytest

from spoolfile import sumline


def other_format(path, member, version):
    """The same file as of another format: its first line, with a right sum, of members that this one may not have."""
    head, *rest = path.read_bytes().splitlines(keepends=True)
    assert member in json.loads(head), head
    path.write_bytes(sumline({member: version, "unheard_of": True}) + b"".join(rest))


def content(folder, file):
    """Without what tells of runs, and of databases: that is not of the format in question."""
    told = ("lock", "pace", "runs-extract.ndjson", "runs-load.ndjson", "loaded.json", "catalog.json", "asked.json")
    return {path: path.read_bytes() for path in folder.rglob("*")
            if path.is_file() and (path.name not in told or path == folder / file)}


@pytest.mark.parametrize("version", [0, 2])
@pytest.mark.parametrize("file, member", [("spool.json", "netty_spool"), ("catalog.json", "netty_catalog"),
                                          ("contacts/0000000001.journal", "netty_journal")])
def test_another_format_is_refused_by_name(sims, db, netty, file, member, version):
    sim = sims("contacts:30")
    netty.extract("contacts", sim=sim)
    netty.load("--create-tables", db=db)
    sim.edit("contacts", 3)
    other_format(netty.spool / file, member, version)
    before, loaded = content(netty.spool, file), db.rows("contacts")
    asked = len(sim.log())
    commands = [("netty-extract", "contacts"), ("netty-load",), ("netty-load", "--replay"),
                ("netty-spool", "verify"), ("netty-spool", "digest"), ("netty-spool", "history", "contacts", "7"),
                ("netty-spool", "heal")]
    if member != "netty_catalog":  # which these do not look at
        commands += [("netty-spool", "cat", "contacts"), ("netty-spool", "ls"), ("netty-spool", "status")]
    for program, *arguments in commands:
        run = netty.run(program, *arguments, sim=sim, db=db, code=78)
        named = f"format {version}, this program knows 1; use {'a newer' if version else 'an older'} netty"
        assert named in run.err and str(netty.spool) in run.err, run
    assert content(netty.spool, file) == before and db.rows("contacts") == loaded
    assert len(sim.log()) == asked, "the API was asked for nothing"
