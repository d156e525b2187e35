"""What the reconcile's tests share: a source, a spool and a database that follow each other, and who is marked."""
from datetime import datetime

from harness import key_of


class Copy:
    """A table with its copy, in sync at first. Nothing here waits: the stand-in's clock is put on instead."""

    def __init__(self, sim, db, netty, table="contacts"):
        self.sim, self.db, self.netty, self.table = sim, db, netty, table
        db.create(table)
        self.sync()

    def sync(self, *arguments, code=0, full=False):
        """An ordinary pair of runs, later than all that was before; what the loader did."""
        self.sim.post("/_sim/clock", advance=100)
        self.netty.extract(*(["--full"] if full else []), self.table, sim=self.sim, code=None)
        return self.load(*arguments, code=code)

    def load(self, *arguments, code=0, db=None):
        return self.netty.load("--json", *arguments, self.table, db=db or self.db, code=code)

    def reconcile(self, *arguments, code=0):
        return self.netty.extract("--reconcile", "--json", *arguments, self.table, sim=self.sim, code=code)

    def cycle(self, *arguments, code=0):
        """First look, second look, marks."""
        self.reconcile()
        self.sync()
        self.reconcile()
        return self.sync(*arguments, code=code)

    def delete(self, n=1, **query):
        before = set(self.sim.truth(self.table))
        self.sim.post("/_sim/delete", table=self.table, n=n, **query)
        return before - set(self.sim.truth(self.table))

    def marked(self, db=None):
        """{key: when} of the rows that bear a mark; each mark is whole."""
        found = (db or self.db).query(f"""
            SELECT {key_of(self.table)}, data->'deleted', data->>'deleted_detected_at' FROM "netty-{self.table}"
            WHERE data ? 'deleted_detected_at'""")
        for key, deleted, _ in found:
            assert deleted is True, f"{key} bears a mark and is not deleted"
        return {key: datetime.fromisoformat(at.replace("Z", "+00:00")) for key, _, at in found}

    def assert_none_alive(self):
        live = set(self.sim.truth(self.table))
        assert not (wrong := live & set(self.marked())), f"marked, and alive: {sorted(wrong)[:9]}"
