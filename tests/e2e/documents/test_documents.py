"""Every command block of every README, of README.Debian and of every man page, typed as it stands, in order, on a fresh machine.

What comes of each line is compared with what the text says. A line that no expectation is written down for fails its document,
and so does an expectation whose line is gone: nothing is skipped in silence.
"""
import fcntl
import json
import os
import re
import subprocess
from dataclasses import dataclass
from typing import Callable, Optional

import psycopg2
import pytest
from documents import PAGES, bare, blocks, documents, joined
from harness import KEY, ROOT, Database, assert_synced, is_synced, key_of, wait_for, with_password
from machines import STAND_INS, Machine, Terminal
from psycopg2.extras import execute_values

pytestmark = pytest.mark.release

TABLES = ("contacts", "users", "companies")
PERSON = ["sudo -u netty -s", "export NETTY_API_KEY_FILE=/etc/netty/api-key DATABASE_URL_FILE=/etc/netty/database-url"]

# Blocks that are no commands, by the line they begin with, or whole documents; and what looks at them instead.
NO_COMMANDS = {
    ("load/README.md", "SELECT a.data->>'name'"): "a picture of what views are for: test_load_views.py asks both ways",
    ("load/README.md", "SELECT a.name"): "likewise",
    ("README.md", "  Netty API"): "a drawing",
    ("spool/FORMAT.md", ""): "lines and bytes of files: test_format_reader.py reads spools by this page alone",
    ("netty.conf.5", "tables = contacts, users, companies"): "a file: test_the_example_of_the_configuration_file_is_one",
    ("README.md", "spool = /var/spool/netty"): "a file: test_the_examples_of_accounts_are_some",
    ("netty.conf.5", "spool = /var/spool/netty"): "a file: test_the_examples_of_accounts_are_some",
    ("netty-log.7", '{"time":"2026-11-23T08:15:02.123Z"'): "a line of the log: test_the_example_of_a_log_line_is_one",
}


@dataclass
class Line:
    text: str
    code: int = 0
    says: str = ""  # a regular expression that what it says must have
    before: Optional[Callable] = None  # what a person does before, or the world
    then: Optional[Callable] = None  # what a person does then (an editor), or a look at what has come of it
    stays: Optional[Callable] = None  # it does not end: what shows that it works, and then it is stopped
    apart: str = ""  # why it is not run


class World:
    """A machine, the API and a database: what one document meets."""

    def __init__(self, machine, sim, database):
        self.machine, self.sim, self.database = machine, sim, database
        self.last = ""  # what the last line said

    def give(self, path, text):
        """A person's editor: the file is there, and keeps its owner and mode."""
        assert self.machine.path(path).exists(), f"{path} is not there, so nobody can write into it"
        self.machine.write(path, text)

    def settle(self):
        """The foreign addresses: the API's and the database's."""
        self.machine.write("/etc/netty/netty.conf", f"base-url = {self.sim.url}\nretry-delay = 10ms\n[extract]\nrate = 0\n")
        self.give("/etc/netty/api-key", KEY + "\n")
        self.give("/etc/netty/database-url", with_password(self.database.url) + "\n")

    def service(self, path, **databases):
        parts = re.match(r"postgresql://(\w+)@([\d.]+):(\d+)/", self.database.url)
        self.machine.write(path, "".join(f"[{name}]\nhost={parts[2]}\nport={parts[3]}\nuser={parts[1]}\npassword=any\ndbname={database.name}\n"
                                for name, database in databases.items()))

    def type(self, terminal, text, line):
        if line.before:
            line.before(self)
        if line.apart:
            return
        if line.stays:
            terminal.type(f"{bare(text)} >/tmp/stays 2>&1 &")
            wait_for(lambda: line.stays(self), f"what {text} does")
            code, said = terminal.type("kill %%; wait %%; cat /tmp/stays")
            return
        code, said = terminal.type(text)
        assert code == line.code, f"{text}\n-> {code}, not {line.code}\n{said}"
        assert re.search(line.says, said), f"{text}\nsays nothing of {line.says!r}:\n{said}"
        self.last = said
        if line.then:
            assert line.then(self) is not False, f"{text}\n{said}"


def built():
    """The package, and what `make install` installs, of the sources as they are: made once, whoever comes first."""
    sources = subprocess.run(["git", "ls-files", "extract", "load", "shared", "spool", "Makefile"], cwd=ROOT, capture_output=True, text=True,
                             check=True).stdout.split()
    newest = max((ROOT / name).stat().st_mtime for name in sources if (ROOT / name).exists())
    (ROOT / "build").mkdir(exist_ok=True)
    with open(ROOT / "build/package.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        package = list((ROOT / "build").glob("netty-sync_*.deb"))
        wanted = [] if package and package[0].stat().st_mtime > newest else [["make", "-s", "deb"]]
        for command in [*wanted, ["make", "-s", "BUILD=build/installed", "OBJ=build/obj", "SPOOL_DIR=/var/spool/netty", "all"]]:
            done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


@pytest.fixture(scope="session")
def fresh(tmp_path_factory):
    """A machine on which nothing was done yet."""
    built()
    folder = tmp_path_factory.mktemp("machines")
    return lambda below=None, alone=False: Machine(folder / os.urandom(4).hex(), below, alone)


@pytest.fixture(scope="session")
def installed(fresh):
    """A machine on which README's part "Install" was followed."""
    machine = fresh()
    terminal = Terminal(machine)
    for line in ("sudo apt install ./build/netty-sync_*.deb", *(f"sudo install -m 0640 -g netty /dev/null /etc/netty/{name}"
                                                               for name in ("api-key", "database-url"))):
        code, said = terminal.type(line)
        assert code == 0, said
    terminal.close()
    machine.stop()
    return machine


@pytest.fixture
def worlds(fresh, installed, sims, postgres):
    made = []

    def make(on, *options):
        world = World(fresh(installed if on == "package" else None, on == "alone"),
                      sims("contacts:4720,users:20,companies:60", *options), Database(postgres))
        world.more = []
        made.append(world)
        if on == "package":
            world.settle()
        return world
    yield make
    for world in made:
        world.machine.stop()
        for database in [world.database, *world.more]:
            database.drop()


def has_synced(world):
    assert_synced(world.sim, world.database, *TABLES)


def first_sync(world):
    """README's first sync, of which another document's text takes for granted that it was done."""
    terminal = Terminal(world.machine)
    for line in [*PERSON, f"netty-extract {' '.join(TABLES)}", "netty-load --create-tables"]:
        code, said = terminal.type(line)
        assert code in (0, 65), said  # 65: a document may need records that were set aside
    terminal.close()


def another(world):
    """Another database, dropped with the world."""
    world.more.append(Database(world.database.server))
    return world.more[-1]


def the_services_page(world):
    """What netty-status.service runs leaves the page where README and README.Debian say that it is."""
    unit = world.machine.read("/lib/systemd/system/netty-status.service")
    world.machine.do(f"cd / && runuser -u netty -- {re.search('ExecStart=(.*)', unit)[1]}")
    page("/var/lib/netty-sync/status.html")(world)
    world.machine.do("runuser -u nobody -- test -r /var/lib/netty-sync/status.html")


README = [
    ("root", None, [
        Line("make run"),
        Line("make stop"),
    ]),
    ("root", None, [
        Line("make deb", says="netty-sync_.*deb"),
        Line("sudo apt install ./build/netty-sync_*.deb", says="Setting up netty-sync"),
    ]),
    ("root", None, [
        Line("sudo install -m 0640 -g netty /dev/null /etc/netty/api-key"),
        Line("sudo install -m 0640 -g netty /dev/null /etc/netty/database-url", then=World.settle),
    ]),
    ("root", None, [
        Line("sudo -u netty -s"),
        Line("export NETTY_API_KEY_FILE=/etc/netty/api-key DATABASE_URL_FILE=/etc/netty/database-url"),
        Line("netty-load doctor"),
        Line("netty-extract contacts users companies", says=r"contacts +complete"),
        Line("netty-load --create-tables", says=r"contacts +\d+ +4720", then=has_synced),
        Line("netty-spool status", says="all is well"),
        Line("netty-spool report --html /tmp/netty.html",
             then=lambda world: (page("/tmp/netty.html")(world), the_services_page(world))),
    ]),
]

def deletions(world):
    """The two lines, as often as the timers would run them, until what the API no longer has is marked."""
    first_sync(world)
    world.gone = min(world.sim.truth("users"))
    world.sim.post("/_sim/delete", table="users", id=world.gone)
    world.sim.edit("contacts", 40)


def marked(world):
    terminal = Terminal(world.machine)
    for line in PERSON:
        terminal.type(line)
    steps = ""
    for _ in range(8):
        if world.database.rows("users")[world.gone][0]["deleted"]:
            break
        world.sim.post("/_sim/clock", advance=600)
        code, said = terminal.type("netty-extract --reconcile-every 1d")
        assert code == 0, said
        steps += said
        code, said = terminal.type("netty-load")
        assert code == 0, said
    terminal.close()
    data = world.database.rows("users")[world.gone][0]
    assert data["deleted"] is True and "deleted_detected_at" in data, steps


def staging(world):
    """A second database of that name, which was loaded once."""
    if not world.more:
        database = another(world)
        database.admin(f'ALTER DATABASE "{database.name}" RENAME TO staging')
        database.name, database.url = "staging", database.server.url("staging")
        world.service("/tmp/staging", staging=database)
    world.machine.do("PGSERVICEFILE=/tmp/staging runuser -u netty -- netty-load replay --enlist --create-tables --db service=staging", code=None)


def elsewhere(world):
    """The other machine, which has a database of its own."""
    world.copy = another(world)
    world.machine.do("install -d -o netty /elsewhere/var/spool/netty && install -m 640 -g netty /dev/null /elsewhere/database-url")
    world.give("/elsewhere/database-url", with_password(world.copy.url) + "\n")


def workflows(world):
    """Another database with the tables as the workflows keep them."""
    world.live, world.trial = another(world), another(world)
    world.live.create(*TABLES)
    for table in TABLES:
        rows = [(key, json.dumps(data), created, modified) for key, (data, created, modified) in world.sim.truth(table).items()]
        with psycopg2.connect(world.live.url) as connection, connection.cursor() as cursor:
            execute_values(cursor, f'INSERT INTO "netty-{table}" ("{key_of(table)}", data, time_created, time_modified) VALUES %s', rows)


def same_digests(world, said):
    found = re.findall(r"\b[0-9a-f]{32}\b", said)
    assert len(found) == 2 and len(set(found)) == 1, said
    world.digest = found[0]


def page(path):
    """A status page that somebody can open: it shows the tables."""
    return lambda world: [re.search(f'"table":"{table}"', world.machine.read(path))[0] for table in TABLES]


def told(words, times=1):
    """What stays has said these words so often."""
    return lambda world: world.machine.do("cat /tmp/stays", code=None).count(words) >= times


def answers(url, *what):
    """What is served there has all of this."""
    def look(world):
        said = world.machine.do(f"curl -s {url}", code=None)
        return all(word in said for word in what)
    return look


TEXTS = {
    "README.md": ("nothing", README),
    "extract/README.md": ("package", [
        ("netty", deletions, [
            Line("netty-extract --reconcile-every 1d", says=r"users +complete"),
            Line("netty-load", then=marked),
        ]),
        ("netty", elsewhere, [
            Line("netty-extract --full contacts", says=r"contacts +complete"),
            Line("netty-extract --full --max-pages 500 contacts", says=r"contacts +complete"),
            Line("rsync -a /var/spool/netty/ elsewhere:/var/spool/netty/ && ssh elsewhere netty-load --create-tables",
                 then=lambda world: assert_synced(world.sim, world.copy, "contacts")),
        ]),
    ]),
    "load/README.md": ("package", [
        ("netty", first_sync, [Line("netty-load doctor")]),
        ("netty", None, [
            Line("netty-load purge --older-than 90d"),
            Line("netty-load archive --older-than 730d"),
            Line("netty-load archive --older-than 730d --to-file contacts"),
            Line("netty-load restore contacts"),
            Line("netty-load check"),
            Line("netty-load check --share 28"),
            Line("netty-load check --merge contacts"),
            Line("netty-load index contacts email tags", then=lambda world: world.database.value(
                "SELECT count(*) FROM pg_indexes WHERE tablename = 'netty-contacts' AND indexdef ~ 'email|tags'") == 2),
            Line("netty-load profile contacts", says="email"),
            Line("netty-load views --apply", then=lambda world: world.database.value(
                "SELECT count(email) > 0 FROM netty.contacts")),
            Line("netty-load compress"),
        ]),
        ("root", workflows, [
            Line("sudo install -m 0640 -g netty /dev/null /etc/netty/services",
                 then=lambda world: world.service("/etc/netty/services", live=world.live, trial=world.trial)),
            Line("sudo -u netty -s"),
            Line("export NETTY_API_KEY_FILE=/etc/netty/api-key PGSERVICEFILE=/etc/netty/services"),
            Line("netty-load doctor --db service=live"),
            Line("netty-load catalog --db service=live"),
            Line("netty-extract --full", says=r"contacts +complete"),
            Line("netty-load --db service=trial --create-tables", then=lambda world: assert_synced(world.sim, world.trial, *TABLES)),
            Line("for db in trial live; do psql service=$db -v schema=public -v relation=netty-contacts -v key=contact_id \\\n"
                 "    -f /usr/share/doc/netty-sync/examples/digest.sql; done", then=lambda world: same_digests(world, world.last)),
            Line("netty-spool digest contacts", then=lambda world: world.last.index(world.digest)),
        ]),
    ]),
    "shared/README.md": ("nothing", [
        ("root", None, [
            Line("make install"),
            Line("useradd --system netty"),
            Line("install -d -m 700 -o netty -g netty /var/spool/netty"),
            Line("install -d -o netty -g netty /var/lib/netty-sync"),
            Line("install -d /etc/netty"),
            Line("install -m 640 -g netty /dev/null /etc/netty/api-key"),
            Line("install -m 640 -g netty /dev/null /etc/netty/database-url", then=World.settle),
            Line("systemctl daemon-reload"),
            Line("systemctl enable --now netty-sync.target"),
        ]),
        ("root", None, [
            Line("install -d -g netty -m 2775 /var/lib/prometheus/node-exporter"),
        ]),
        ("netty", first_sync, [
            Line("netty-spool status", says="all is well"),
            Line("netty-spool report --html /tmp/status.html", then=page("/tmp/status.html")),
            Line("netty-load --follow --listen 127.0.0.1:9187", stays=answers("http://127.0.0.1:9187/metrics", "netty_load_", 'table="users"')),
            Line("netty-load --metrics-file /var/lib/prometheus/node-exporter/netty-load.prom",
                 then=lambda world: world.machine.read("/var/lib/prometheus/node-exporter/netty-load.prom").index('table="users"')),
        ]),
    ]),
    "shared/debian/netty-sync.README.Debian": ("package", [
        ("root", None, [
            Line("install -m 0640 -g netty /dev/null /etc/netty/api-key"),
            Line("install -m 0640 -g netty /dev/null /etc/netty/database-url", then=World.settle),
        ]),
        ("root", lambda world: world.database.create(*TABLES), [
            Line("runuser -u netty -- env DATABASE_URL_FILE=/etc/netty/database-url netty-load catalog"),
        ]),
        ("root", None, [
            Line("systemctl enable --now netty-sync.target"),
            Line("systemctl enable --now netty-extract-every.service netty-load-follow.service"),
        ]),
        ("root", None, [Line("systemctl daemon-reload")]),
    ]),
    "spool/README.md": ("package", []),
    "tests/README.md": ("nothing", [
        ("root", None, [
            Line("PYTEST='-k follow -x' tests/run.sh e2e", apart="it is these tests themselves"),
            Line("make SAN=1 unit && build/san/unit/extract/test_page_parser", apart="the sanitized build is another part of make test"),
        ]),
    ]),
    "tests/bench/README.md": ("nothing", [
        ("root", None, [
            Line("make bench"),
            Line("make bench N=1000000"),
            Line("make bench BENCH='--only load --rounds 3'"),
        ]),
        ("root", None, [
            Line("make bench BENCH='--only peers'"),
        ]),
        ("root", None, [
            Line("make bench-fleet"),
            Line("make bench-fleet ACCOUNTS=6 TABLES=3"),
        ]),
    ]),
    "tests/sim/README.md": ("alone", [
        ("root", None, [
            Line("make sim && build/netty-sim --port 8080 --tables contacts:1000,users:50 --key some-key &",
                 then=lambda world: wait_for(lambda: answers("http://127.0.0.1:8080/", "error")(world), "the stand-in")),
            Line("curl -H 'x-netty-api-key: some-key' 'http://127.0.0.1:8080/users?sort=time_modified:asc&limit=10&offset=0'",
                 says=r'"user_id":'),
        ]),
    ]),
}


def command_blocks(name):
    """What is typed: the blocks of a document less those that are no commands."""
    for block in blocks(name, documents()[name]):
        if not any(document == name and block[0].startswith(begin) for document, begin in NO_COMMANDS):
            yield list(joined(block))


def test_no_document_is_forgotten():
    """Each has its expectations, stands among those that have no commands, or has no block; each stand-in says why it is one."""
    expected = set(TEXTS) | set(PAGES) | {document for document, begin in NO_COMMANDS if not begin}
    assert expected <= set(documents())
    assert [name for name in sorted(set(documents()) - expected) if any(blocks(name, documents()[name]))] == []
    for document, begin in (one for one in NO_COMMANDS if one[1]):
        assert any(block[0].startswith(begin) for block in blocks(document, documents()[document])), (document, begin)
    assert all(len(why) > 20 for why, _ in STAND_INS.values())


def follow(world, name, expected):
    found = list(command_blocks(name))
    assert [[bare(text) for text in block] for block in found] == [[line.text for line in lines] for _, _, lines in expected]
    for block, (who, before, lines) in zip(found, expected):
        if before:
            before(world)
        terminal = Terminal(world.machine)
        for text in PERSON if who == "netty" else []:
            assert terminal.type(text)[0] == 0
        for text, line in zip(block, lines):
            world.type(terminal, text, line)
        terminal.close()


def example(page, begin):
    return next(block for block in blocks(page, documents()[page]) if block[0].startswith(begin))


def test_the_example_of_the_configuration_file_is_one(netty):
    """Each program takes it; what it names (key, spool, database) is looked for where it says."""
    (netty.dir / "netty.conf").write_text("\n".join(example("netty.conf.5", "tables =")) + "\n")
    bare_of = {"NETTY_SPOOL": None, "NETTY_API_KEY": None, "HOME": netty.dir}
    assert "/etc/netty/api-key" in netty.extract("--dry-run", env=bare_of, code=None).err
    for program in (netty.load, netty.spool_tool):
        run = program(*([] if program == netty.load else ["ls"]), env=bare_of, code=66)
        assert "/var/spool/netty" in run.err, run


@pytest.mark.parametrize("page", ["README.md", "netty.conf.5"])
def test_the_examples_of_accounts_are_some(netty, page):
    """What each names is looked for where it says, for each of its accounts."""
    text = "\n".join(example(page, "spool = /var/spool/netty")) + "\n"
    (netty.dir / "netty.conf").write_text(text)
    names = re.findall(r"\[account (.*)\]", text)
    assert "lyon" in names
    for name in names:
        assert f"/etc/netty/keys/{name}" in netty.extract("--account", name, "contacts", env={"NETTY_API_KEY": None}, code=78).err


def test_the_example_of_a_log_line_is_one(netty):
    """It has what each line has, and that in the form in which the programs write it."""
    shown = json.loads(" ".join(line.strip() for line in example("netty-log.7", '{"time"')))
    real = json.loads(netty.spool_tool("--log-format", "json", "ls", code=66).err.splitlines()[-1])
    for name in ("time", "level", "event", "program", "msg"):
        assert type(shown[name]) is type(real[name])
        if name in ("time", "program"):
            assert re.sub(r"\d", "0", shown["time"]) == re.sub(r"\d", "0", real["time"])


# ---- man pages: their examples, and those of each option, setting and command ----

def follows(world):
    """What is fetched meanwhile arrives."""
    if not told("settings are read")(world):
        return False
    world.sim.edit("users", 3)
    world.machine.do("NETTY_API_KEY_FILE=/etc/netty/api-key runuser -u netty -- netty-extract users")
    wait_for(lambda: is_synced(world.sim, world.database, "users"), "the edited records")
    return True


MANUAL = {
    "netty-extract.1": [
        Line("netty-extract contacts users companies", says=r"users +complete"),
        Line("netty-extract --dry-run"),
        Line("netty-extract --every 10m --log-format json", stays=told('"msg":"table fetched"', 3)),
        Line("netty-extract --every 10m --reconcile-every 1d", stays=told("deleted records", 3)),
        Line("netty-extract --full --max-pages 500 contacts", says=r"contacts +complete"),
    ],
    "netty-load.1": [
        Line("netty-load doctor --create-tables contacts"),
        Line("netty-load doctor --create-tables contacts users"),
        Line("netty-load --create-tables"),
        Line("netty-load --follow", stays=follows),
        Line("netty-load replay --from 2024-05-13 --to 2024-05-14"),
        Line("netty-load replay --from 2024-05-13T08:00:00Z"),
        Line("netty-load replay --segment 1 contacts"),
        Line("netty-load replay --from 2024-05-13 --to 2024-05-14 contacts"),
        Line("netty-load redrive"),
        Line("netty-load redrive contacts"),
        Line("netty-load catalog"),
        Line("netty-load archive --older-than 730d contacts", says=r"contacts +[1-9]"),
        Line("netty-load restore contacts", says=r"contacts +[1-9]"),
        Line("netty-load check contacts"),
        Line("netty-load compress contacts"),
        Line("netty-load index contacts email phone"),
        Line("netty-load purge --older-than 90d"),
        Line("netty-load profile contacts --json", says='"member":"email"'),
        Line("netty-load views --apply contacts", then=lambda world: world.database.value("SELECT count(email) > 0 FROM netty.contacts")),
    ],
    "netty-spool.1": [
        Line("netty-load replay --from 2024-05-13 --to 2024-05-14"),
        Line("netty-load replay --from 2024-05-13T08:00:00Z"),
        Line("netty-load replay --segment 1 contacts"),
        Line("netty-spool ls", says="contacts"),
        Line("netty-spool status --json", then=lambda world: [json.loads(line) for line in world.last.splitlines()]),
        Line("netty-spool runs contacts", says="contacts"),
        Line("netty-spool report --html netty.html"),
        Line("netty-spool cat contacts --id 4711", says=r'"contact_id":4711'),
        Line("netty-spool cat contacts | jq 'select(.deleted).contact_id'"),
        Line("netty-spool history contacts 4711", says="first seen"),
        Line("netty-spool digest contacts", says="[0-9a-f]{32}"),
        Line("netty-spool dead contacts --json"),
        Line("netty-spool verify"),
        Line("netty-spool verify || netty-spool heal"),
        Line("netty-spool heal --dry-run"),
        Line("netty-spool prune --spool-keep 2d"),
        Line("netty-spool push s3:bucket/netty --every 10m", apart="there is no object store: test_remote_store.py has one"),
        Line("netty-spool pull s3:bucket/netty --spool /var/spool/pulled", apart="likewise"),
        Line("netty-spool forget contacts"),
    ],
    "netty-log.7": [
        Line("journalctl -u netty-load -o cat | jq -c '\n    select(.level == \"error\" or .event == \"set-aside\")'"),
    ],
    "netty.conf.5": [],
}
# Examples of options that need more than to be typed, or end otherwise than with 0: what a person has done before (as root),
# the code, and what is said.
MORE = {
    "--account lyon": ("", 64, "has no section [account lyon]"),
    "--config /etc/netty/staging.conf": ("cp /etc/netty/netty.conf /etc/netty/staging.conf", 0, ""),
    "report --html /var/www/netty.html": ("install -d -o netty /var/www", 0, ""),
    "listen-token-file = /etc/netty/listen-token": ("install -m 640 -g netty /dev/stdin /etc/netty/listen-token <<<some-token", 0, ""),
    # A foreign address, and a file that is only somebody's:
    '--db "host=db.example.org dbname=crm user=netty sslmode=verify-full"': ("", 78, "db.example.org"),
    "restore --from-file spool-archive/contacts-20260105T101112.123456Z.ndjson.zst contacts": ("", 64, "there is no file spool-archive/contacts-20260105"),
    "--base-url http://127.0.0.1:8080/apiv1": ("", 78, "another API"),
}


def option_example(page, text):
    """The line that a person makes of an option's example, which shows the option, or the words behind the program, alone."""
    program = page[:-2]
    if re.match(r"[\w-]+ = ", text):
        return f"(echo '{text}'; cat /etc/netty/netty.conf) >/tmp/one.conf; {program} --config /tmp/one.conf {'ls' if program == 'netty-spool' else '--dry-run'}"
    if text == "--every 10m" and program == "netty-load":
        return f"timeout 3 {program} {text}; [ $? = 124 ]"  # it was still there
    if "--db" in text and program == "netty-spool":
        return f"{program} prune {text}"
    if "--archive-dir" in text:
        return f"{program} archive --older-than 730d --to-file --dry-run {text}"
    if not text.startswith("--"):
        return f"{program} {text}"
    return f"{program} status {text}" if program == "netty-spool" else f"{program} --dry-run {text}"


@pytest.mark.parametrize("page", MANUAL)
def test_what_a_man_page_shows_does_what_it_says(worlds, page):
    """The examples of whole commands in an order of their own: those of the table of commands stand before the page's."""
    texts = dict.fromkeys(bare(text) for block in command_blocks(page) for text in block)
    lines = [text for text in texts if re.search(r"\bnetty-\w+ ", text) and not re.match(r"--|[\w-]+ = ", text)]
    assert sorted(lines) == sorted(line.text for line in MANUAL[page])
    world = worlds("package", "--odd", "1000:nul")
    first_sync(world)
    terminal = Terminal(world.machine)
    for text in [*(PERSON if page != "netty-log.7" else []), "cd $(mktemp -d)"]:
        assert terminal.type(text)[0] == 0
    wrong = []
    for text in (text for text in texts if text not in lines):
        if text.endswith(" staging"):
            staging(world)
        before, wanted, says = MORE.get(text, ("", 0, ""))
        world.machine.do(before)
        code, said = terminal.type(option_example(page, text))
        if code != wanted or says not in said:
            wrong.append((option_example(page, text), code, said))
    assert not wrong, "\n".join(map(str, wrong))
    for line in MANUAL[page]:
        world.type(terminal, line.text, line)
    terminal.close()


@pytest.mark.parametrize("name", TEXTS)
def test_what_a_document_tells_to_type_does_what_it_says(worlds, name):
    on, expected = TEXTS[name]
    follow(worlds(on), name, expected)
