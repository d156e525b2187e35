"""The ways that are compared: each runs once and tells what it took."""
import json
import os
import subprocess
import time
from dataclasses import dataclass

from data import COLUMNS, lay
from harness import BUILD, KEY, Database, wait_for

TICK = os.sysconf("SC_CLK_TCK")
CPU_OF_ONE = ("taskset", "-c", "0")


@dataclass
class Took:
    wall: float  # seconds
    cpu: float = 0  # of the programs measured
    server: float = 0  # of PostgreSQL
    peak: int = 0  # KiB


def cpu_of_server(server):
    """Seconds that all processes of the cluster have had so far, those that are gone too; and who is there."""
    postmaster = int((server.dir.resolve() / "data/postmaster.pid").read_text().split()[0])
    total, there = 0, set()
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            fields = open(f"/proc/{entry}/stat").read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(entry) == postmaster:
            total += sum(map(int, fields[11:15]))
        elif int(fields[1]) == postmaster:
            total += sum(map(int, fields[11:13]))
            there.add(int(entry))
    return total / TICK, there


def cpu_since(server, before):
    """What it has had since then, once the backends that have come meanwhile are gone: theirs counts then."""
    for _ in range(200):
        _, there = cpu_of_server(server)
        if there <= before[1]:
            break
        time.sleep(0.01)
    return cpu_of_server(server)[0] - before[0]  # the first look may have come between a backend's end and its sum


def cpu_of(pid):
    """Seconds that a living process has had: all its threads, as exactly as the kernel tells."""
    tasks = f"/proc/{pid}/task"
    return sum(int(open(f"{tasks}/{task}/schedstat").read().split()[0]) for task in os.listdir(tasks)) / 1e9


class Ground:
    """A server, a folder, and what every way needs to be run and measured."""

    def __init__(self, directory, server):
        self.dir, self.server, self.sheet = directory, server, directory / "meter.json"

    def meter(self, command, env=None, code=0, **keywords):
        """Runs it to the end: what it took, and what it printed."""
        began = cpu_of_server(self.server)
        done = subprocess.run([BUILD / "bench/meter", self.sheet, *map(str, command)], env=env, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, **keywords)
        assert done.returncode == code, f"{command}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        took = json.loads(self.sheet.read_text())
        return Took(took["wall_us"] / 1e6, (took["user_us"] + took["sys_us"]) / 1e6,
                    cpu_since(self.server, began), took["peak_kib"]), done.stdout

    def database(self, *tables):
        db = Database(self.server)
        db.create("contacts")
        for table in tables:
            db.query(f'CREATE TABLE {table} (LIKE "netty-contacts" INCLUDING ALL)')
        return db

    def settle(self, db):
        """What the last way has left to be written is not the next one's."""
        db.query("CHECKPOINT")

    def psql(self, db, script):
        self.settle(db)
        file = self.dir / "script.sql"
        file.write_text(script)
        return self.meter(["/usr/bin/psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", file, db.url])[0]

    def copy_binary(self, db, table, rows):
        return self.psql(db, f"\\copy {table} ({COLUMNS}) from '{rows.binary}' with (format binary)\n")

    def plain_upsert(self, db, table, rows):
        return self.psql(db, f"BEGIN;\n{plain_temp()}\\copy fresh from '{rows.text}'\n{plain_merge(table)}COMMIT;\n")

    def load(self, netty, db, spool, *arguments):
        self.settle(db)
        env = netty.environment(db=db, env={"NETTY_SPOOL": spool})
        took, out = self.meter([BUILD / "netty-load", "--quiet", "--json", *arguments, "contacts"], env=env)
        return took, json.loads(out)

    def rowwise(self, db, table, rows, sample):
        self.settle(db)
        took, out = self.meter([BUILD / "bench/rowwise", db.url, table, "contact_id", rows.text, sample])
        took.wall = json.loads(out)["wall_us"] / 1e6
        return took

    def rate(self, program, *arguments):
        """One of the C programs, bound to one core."""
        out = self.meter(["/usr/bin/taskset", "-c", "0", BUILD / "bench" / program, *arguments])[1]
        return json.loads(out)


def plain_temp():
    return ("CREATE TEMP TABLE fresh (contact_id integer, data jsonb, time_created timestamptz,"
            " time_modified timestamptz) ON COMMIT DROP;\n")


def plain_merge(table):
    return (f'INSERT INTO {table} AS t ({COLUMNS}) SELECT {COLUMNS} FROM fresh ON CONFLICT (contact_id) DO UPDATE SET\n'
            "  data = t.data || excluded.data, time_created = coalesce(t.time_created, excluded.time_created),\n"
            "  time_modified = coalesce(excluded.time_modified, t.time_modified);\n")


# What somebody would write who has an afternoon: every page, its records as rows, into the table.
PIPELINE = r"""
set -euo pipefail
curl -sS --fail -H "x-netty-api-key: $NETTY_API_KEY" "$URL/contacts?sort=time_modified:asc&limit=100&offset=[0-$LAST:100]" |
jq -r '.data[] | [.contact_id, ({deleted: false} + del(.contact_id, .time_created, .time_modified) | tojson),
                  .time_created, .time_modified] | @csv' |
psql -qX -v ON_ERROR_STOP=1 -f "$SCRIPT" "$DATABASE_URL"
"""


def shell_pipeline(ground, db, sim, n):
    ground.settle(db)
    script = ground.dir / "pipeline.sql"
    script.write_text(f"BEGIN;\n{plain_temp()}\\copy fresh from pstdin with (format csv)\n"
                      f"{plain_merge(chr(34) + 'netty-contacts' + chr(34))}COMMIT;\n")
    env = {**os.environ, "NETTY_API_KEY": KEY, "URL": sim.url, "LAST": str(n - 100), "SCRIPT": str(script),
           "DATABASE_URL": db.url}
    return ground.meter(["/bin/bash", "-c", PIPELINE], env=env)[0]


def both_programs(ground, netty, db, sim, n, spool):
    """netty-extract and netty-load --follow side by side, from nothing until the last record is committed."""
    ground.settle(db)
    env = {"NETTY_SPOOL": spool, "NETTY_LIMIT": 100}
    began_server, began = cpu_of_server(ground.server), time.monotonic()
    extractor = netty.start("netty-extract", "--quiet", "contacts", sim=sim, env=env)
    while not (spool / "spool.json").exists() and extractor.poll() is None:
        time.sleep(0.001)
    follower = netty.start("netty-load", "--quiet", "--follow", "contacts", db=db, env=env)
    assert extractor.wait(timeout=3600) == 0, open(extractor.err_path).read()
    last = last_keys(sim, n)
    here = 'SELECT count(*) FROM "netty-contacts" WHERE contact_id = ANY(%s)'
    wait_for(lambda: db.value(here, last) == len(last) or follower.poll() is not None, "the last page", seconds=3600)
    assert follower.poll() is None, open(follower.err_path).read()
    wall = time.monotonic() - began
    follower.terminate()
    follower.communicate(timeout=60)
    db.connection.close()  # ours polled
    took = Took(wall, server=cpu_since(ground.server, began_server))
    found = db.value('SELECT count(*) FROM "netty-contacts"')
    assert found == n, f"{found} of {n} records had arrived"
    return took


def last_keys(sim, n):
    """Of the list's last records: their commits are the last ones, of each connection."""
    import urllib.request
    request = urllib.request.Request(f"{sim.url}/contacts?sort=time_modified:asc&limit=100&offset={n - 100}",
                                     headers={"x-netty-api-key": KEY})
    with urllib.request.urlopen(request) as answer:
        return [record["contact_id"] for record in json.load(answer)["data"]]


def next_state(series, spool, state):
    lay(getattr(series, state), spool)
    return spool
