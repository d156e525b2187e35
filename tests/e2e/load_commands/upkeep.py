"""What the tests of netty-load's commands share: rows of a given age, archive files, work beside a running sync."""
import json
import subprocess
import time
from datetime import datetime, timedelta, timezone

NOW = datetime.now(timezone.utc).replace(microsecond=0)


def ago(days):
    return (NOW - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def record(key, days, **members):
    return {"contact_id": key, "time_created": ago(days + 1), "time_modified": ago(days), "name": f"n{key}", **members}


def load_records(netty, spool, db, *records, table="contacts"):
    """Through a spool, as they would come."""
    spool.table(table).page(list(records))
    netty.load("--create-tables", db=db)


def whole(db, table="contacts", suffix=""):
    """{key: the whole row as JSON text}"""
    key = {"contacts": "contact_id"}.get(table) or table[:-1] + "_id"
    return dict(db.query(f'SELECT t.{key}, to_jsonb(t)::text FROM "netty-{table}{suffix}" t'))


def archive_files(netty, table="contacts"):
    folder = netty.dir / "spool-archive"
    return sorted(folder.glob(f"{table}-*.ndjson.zst")) if folder.exists() else []


def archived_lines(path, torn=False):
    done = subprocess.run(["zstd", "-dcq", path], capture_output=True)
    assert torn or done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


class Beside:
    """Statements that another session repeats until the test is through with its own work."""

    def __init__(self, sync):
        import threading
        self.sync, self.rounds, self.failure, self.over = sync, 0, None, False
        self.thread = threading.Thread(target=self.work)

    def work(self):
        while not self.over:
            try:
                self.sync(self.rounds)
            except BaseException as trouble:  # noqa: BLE001  told by the test's own thread
                self.failure = trouble
                return
            self.rounds += 1
            time.sleep(0)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, value, trace):
        self.over = True
        self.thread.join(timeout=120)
        if kind is None and self.failure is not None:
            raise self.failure
