"""A spool is of one API: another address is refused, before anything is asked or written, until the person says so."""
from harness import assert_synced


def names_and_bytes(netty):
    return {path: path.read_bytes() for path in sorted(netty.spool.rglob("*")) if path.is_file()}


def test_another_api_is_refused(sims, netty):
    here, there = sims("contacts:200"), sims("contacts:300")
    netty.extract("contacts", sim=here)
    before = names_and_bytes(netty)
    for extra in ((), ("--dry-run",), ("--full",)):
        run = netty.extract("contacts", *extra, sim=there, code=78)
        for word in (here.url, there.url, "--spool", "--rebind"):
            assert word in run.err, run
    assert names_and_bytes(netty) == before
    assert there.log() == []
    netty.extract("contacts", sim=here)


def test_the_same_api_at_a_new_address(sims, db, netty):
    here, there = sims("contacts:200", seed=5), sims("contacts:200", seed=5)
    netty.extract("contacts", sim=here)
    there.edit("contacts", 20)
    run = netty.extract("contacts", "--rebind", sim=there)
    assert there.url in run.err
    netty.load("--create-tables", db=db)
    assert_synced(there, db, "contacts")
    netty.extract("contacts", sim=there)
    netty.extract("contacts", sim=here, code=78)


def test_a_spool_of_before_takes_the_first_address(sims, netty):
    here, there = sims("contacts:50"), sims("contacts:50")
    netty.extract("contacts", sim=here)
    (netty.spool / "source.json").unlink()
    netty.extract("contacts", sim=here)
    netty.extract("contacts", sim=there, code=78)


def test_slashes_and_case_are_no_other_address(sims, netty):
    sim = sims("contacts:50")
    netty.extract("contacts", sim=sim)
    netty.extract("contacts", "--base-url", sim.url.replace("http://", "HTTP://").lower() + "//", sim=sim)


def test_damage_is_named_and_mended_by_a_word(sims, netty):
    sim = sims("contacts:50")
    netty.extract("contacts", sim=sim)
    path = netty.spool / "source.json"
    path.write_bytes(path.read_bytes().replace(b"base", b"bass"))
    assert "source.json is damaged" in netty.extract("contacts", sim=sim, code=78).err
    assert "source.json" in netty.spool_tool("verify", code=65).out
    netty.extract("contacts", "--rebind", sim=sim)
    netty.spool_tool("verify")
