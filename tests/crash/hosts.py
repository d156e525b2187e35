"""Two accounts that are pushed and pulled together: rows of the matrix beside those of one spool (world.py)."""
import json
import shutil

from spoolfile import sumline
from world import LONG_AGO, SEALED, TABLES, Case, Truth, demand

ACCOUNTS = ("lyon", "paris")


class HostCase(Case):
    """Its spool is the folder of the accounts' spools."""

    pull_note = ".pull/pull.json"
    sign_of_life = {"all": LONG_AGO}

    def __init__(self, truth, name, base, db=None):
        super().__init__(truth, name, base, db)
        (self.dir / "netty.conf").write_text("".join(f"[account {name}]\nschema = {name}\n" for name in ACCOUNTS))
        (self.dir / "netty.conf").chmod(0o600)

    def all_pages(self, folder):
        return {name: self.pages(folder / name) for name in ACCOUNTS}

    def assert_taken_whole(self):
        for name in ACCOUNTS:
            verify = self.run("netty-spool", "verify", "--account", name)
            demand(verify.code == 0, "netty-spool verify:", verify.out, verify)

    def assert_push_recovers(self):
        again = self.push()
        demand(again.code == 0, "the next push did not end well:", again)
        for path in self.truth.remote_once.glob("*.netty"):
            demand((self.remote / path.name).read_bytes() == path.read_bytes(), path.name, "was written twice")
        for name in ACCOUNTS:
            told = self.spool / name / "contacts/loaded.json"
            demand(told.exists() and told.read_bytes() == self.truth.told, told, "did not come back")
        source, self.spool = self.spool, self.root / "pulled"
        again = self.run("netty-spool", "pull", "remote")
        demand(again.code == 0, "the pull did not end well:", again)
        demand(self.all_pages(self.spool) == self.all_pages(source), "what was pulled is not what was pushed")

    def assert_pull_recovers(self):
        again = self.pull()
        demand(again.code == 0, "the next pull did not end well:", again)
        demand(self.all_pages(self.spool) == self.all_pages(self.truth.pushed), "what was pulled is not what was pushed")
        for name in ACCOUNTS:
            verify = self.run("netty-spool", "verify", "--account", name)
            demand(verify.code == 0, "netty-spool verify:", verify.out, verify)


class HostTruth:
    """A folder that both accounts were pushed to twice, their spools in between, and what was pulled then."""

    def __init__(self, truth):
        self.dir, self.sim, self.lines = truth.dir / "hosts", truth.sim, truth.lines
        self.dir.mkdir()
        case = HostCase(self, "ship", None)
        for name in ACCOUNTS:
            shutil.copytree(truth.later, case.spool / name)
        demand(case.push().code == 0, "the first push failed")
        mirror = HostCase(self, "mirror", None)
        shutil.copytree(case.remote, mirror.remote)
        demand(mirror.pull().code == 0, "the first pull failed")
        self.tell_back(case, mirror)
        done = case.run("netty-extract", *SEALED, *TABLES)
        demand(done.code == 0, "the run between the pushes failed:", done)
        self.pushed_once, self.remote_once = self.dir / "pushed-once", self.dir / "remote-once"
        shutil.copytree(case.spool, self.pushed_once)
        shutil.copytree(case.remote, self.remote_once)
        demand(case.push().code == 0, "the second push failed")
        self.pushed, self.remote, self.mirror = case.spool, case.remote, mirror.spool
        Truth.push_anew(self, HostCase)

    def tell_back(self, case, mirror):
        at = "2026-01-01T00:00:00.000000Z"
        spool = json.loads((mirror.spool / "lyon/spool.json").read_text())["id"]  # both are copies of one
        self.told = (sumline({"netty_loaded": 1, "spool": spool, "table": "contacts", "databases": 1}) +
                     sumline({"database": "1.1", "name": "far", "segment": 1, "page": 1, "at": at}))
        for name in ACCOUNTS:
            (mirror.spool / name / "contacts/loaded.json").write_bytes(self.told)
        demand(mirror.pull().code == 0, "the pull that tells failed")
        shutil.copytree(mirror.remote / "back", case.remote / "back", dirs_exist_ok=True)
