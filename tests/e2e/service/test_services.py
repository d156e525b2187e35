"""What runs the programs for months: systemd units, the crontab, the container's pair."""
import json
import os
import re
import signal
import subprocess
import time

import pytest

from harness import BUILD, KEY, ROOT, assert_synced, wait_for

UNITS = sorted([*ROOT.glob("*/systemd/netty-*"), *ROOT.glob("shared/pair/netty-sync.*")])
GENERATOR = ROOT / "shared/pair/netty-generator"


# ---- systemd ----

@pytest.fixture(scope="module")
def units(tmp_path_factory):
    """The units beside each other, with the programs as built in place of the installed ones."""
    folder = tmp_path_factory.mktemp("units")
    for unit in UNITS:
        (folder / unit.name).write_text(unit.read_text().replace("/usr/bin/netty-", f"{BUILD}/netty-"))
    return folder


def test_systemd_finds_nothing_wrong_with_the_units(units):
    assert len(UNITS) == 15
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *sorted(units.iterdir())], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_sees_a_mistake(units, tmp_path):
    """That the test above can fail."""
    wrong = tmp_path / "netty-load.service"
    wrong.write_text((units / "netty-load.service").read_text().replace("SuccessExitStatus", "SucessExitStatus"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", wrong], capture_output=True, text=True)
    assert "SucessExitStatus" in done.stderr


@pytest.mark.parametrize("unit", [unit.name for unit in UNITS if unit.suffix == ".service"])
def test_a_service_is_shut_off(units, unit):
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", units / unit], capture_output=True, text=True)
    exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)[1])
    assert exposure < 1.5, done.stdout


def settings(unit):
    return re.sub(r"(?m)^#.*", "", unit.read_text())


def test_a_service_has_the_secret_of_its_own_side_only():
    for unit in (unit for unit in UNITS if unit.suffix == ".service"):
        if unit.name == "netty-status.service":  # given none; only where netty.conf names the database's file is that one looked at
            assert "InaccessiblePaths=-/etc/netty/api-key\n" in settings(unit) and "Environment" not in settings(unit)
            continue
        own, other = ("api-key", "database-url") if unit.name.startswith("netty-extract") else ("database-url", "api-key")
        text = settings(unit)
        if unit.name == "netty-extract@.service":  # an account's key is the one that its section names
            assert "InaccessiblePaths=-/etc/netty/database-url\n" in text and "Environment" not in text and "LoadCredential" not in text
            continue
        if unit.name == "netty-load@.service":
            assert "InaccessiblePaths=-/etc/netty/keys\n" in text
        assert f"InaccessiblePaths=-/etc/netty/{other}\n" in text and text.count(other) == 1, unit
        # Read where a person writes it: a credential is a copy made at the start, which outlives a rotation.
        assert f"=/etc/netty/{own}\n" in text and "LoadCredential" not in text, unit


def test_no_program_looks_for_a_secret_where_nobody_told_it_to():
    """Where the secrets are is the units' word, or the person's: of /etc/netty the programs know netty.conf alone."""
    sources = [path for room in ("extract", "load", "spool", "shared") for path in (ROOT / room).rglob("*.[ch]")]
    named = {(path.name, line.strip()) for path in sources for line in path.read_text().splitlines()
             if re.search(r"/etc/netty/(?!netty\.conf)", line) and ".example = " not in line}
    assert len(sources) > 300 and named == set()


def test_neither_of_the_pair_waits_for_the_other():
    for unit in UNITS:
        other = "netty-load" if unit.name.startswith("netty-extract") else "netty-extract"
        assert unit.suffix == ".target" or other not in settings(unit), unit
    target = settings(ROOT / "shared/pair/netty-sync.target")
    assert "Wants=netty-extract.timer netty-load.timer netty-load-check.timer netty-status.timer\n" in target and "After=" not in target
    for side in ("extract", "load"):
        assert "PartOf=netty-sync.target" in settings(ROOT / f"{side}/systemd/netty-{side}.timer")


def test_both_ways_to_run_bring_the_nightly_check():
    """A share a night, all rows within a month although some nights are missed; in cron, too."""
    timer = settings(ROOT / "load/systemd/netty-load-check.timer")
    assert "OnCalendar=*-*-* 02:30" in timer and "Persistent=yes" in timer
    part_of = re.search(r"(?m)^PartOf=(.*)$", timer)[1].split()
    for unit in (ROOT / "shared/pair/netty-sync.target", ROOT / "load/systemd/netty-load-follow.service"):
        assert "netty-load-check.timer" in re.search(r"(?m)^Wants=(.*)$", settings(unit))[1].split() and unit.name in part_of
    runs = re.findall(r"netty-load check --share (\d+) ", settings(ROOT / "load/systemd/netty-load-check.service")
                      + (ROOT / "shared/pair/netty.cron").read_text())
    assert len(runs) == 2 and all(20 <= int(nights) <= 28 for nights in runs)


def test_both_ways_to_run_write_the_status_page(netty, sims):
    """Who has set it up has a page to open, which shows how old it is: every five minutes, with either way, and from cron."""
    timer, service = (settings(ROOT / f"spool/systemd/netty-status.{kind}") for kind in ("timer", "service"))
    assert "OnCalendar=*:1/5" in timer and "OnActiveSec=" in timer
    part_of = re.search(r"(?m)^PartOf=(.*)$", timer)[1].split()
    for unit in (ROOT / "shared/pair/netty-sync.target", ROOT / "load/systemd/netty-load-follow.service"):
        assert "netty-status.timer" in re.search(r"(?m)^Wants=(.*)$", settings(unit))[1].split() and unit.name in part_of
    command = re.search(r"(?m)^ExecStart=/usr/bin/netty-spool (.*)$", service)[1]
    assert f"netty-spool {command} --quiet\n" in (ROOT / "shared/pair/netty.cron").read_text()
    page = re.search(r"--html (\S+)", command)[1]
    assert f"StateDirectory={page.split('/')[3]}\n" in service
    for text in ("README.md", "shared/debian/netty-sync.README.Debian"):
        assert page in (ROOT / text).read_text(), text
    # as it is run, and readable by others; of a copy that is in trouble, too
    netty.extract("contacts", sim=sims("contacts:30"))
    netty.spool_tool(*command.replace(page, str(netty.dir / "status.html")).split())
    assert (netty.dir / "status.html").stat().st_mode & 0o777 == 0o644
    assert '"table":"contacts"' in (netty.dir / "status.html").read_text()


def test_no_unit_has_a_setting_that_netty_conf_can_hold():
    """The environment goes before the file, so that a setting in a unit makes the file's a lie."""
    table = (ROOT / "shared/options/option_table.c").read_text()
    names = dict(re.findall(r'\{OPT_\w+, OPTION_\w+, "([\w-]+)",\s*"(\w+)"', table))
    assert len(names) > 30
    for unit in (unit for unit in UNITS if unit.suffix == ".service"):
        text = settings(unit)
        given = {word for words in re.findall(r"(?m)^Environment=(.*)$", text) for word in re.findall(r"(\w+)=", words)}
        assert given & set(names.values()) <= {"NETTY_API_KEY_FILE", "DATABASE_URL_FILE"}, unit
        switches = set(re.findall(r" --([\w-]+)", re.search(r"(?m)^ExecStart=(.*)$", text)[1])) & set(names)
        switches -= {"account"} if "@" in unit.name else set()  # which the file cannot hold
        assert switches <= {"every", "share"}, unit  # which netty-generator takes from the file (below)


def test_what_stays_is_started_again_where_that_helps():
    for unit in (ROOT / "extract/systemd/netty-extract-every.service", ROOT / "load/systemd/netty-load-follow.service"):
        text = settings(unit)
        never = set(re.search(r"(?m)^RestartPreventExitStatus=(.*)$", text)[1].split())
        # CONTRACT: 69 and 75 pass by themselves, everything else needs a person.
        assert "Restart=on-failure" in text and "RestartForceExitStatus=75" in text
        assert never == {"64", "65", "66", "70", "73", "74", "77", "78"}


# ---- what systemd is told of netty.conf ----

def drop_ins(tmp_path, conf, **env):
    """What the generator writes: {unit: {setting: value}}."""
    (tmp_path / "netty.conf").write_text(conf)
    out = tmp_path / "generated"
    subprocess.run([GENERATOR, out, out, out], check=True,
                   env={"PATH": os.environ["PATH"], "NETTY_CONF": str(tmp_path / "netty.conf"), **env})
    return {path.parent.name.removesuffix(".d"): dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
            for path in out.glob("*/*.conf")}


SERVICES = {"netty-extract.service", "netty-extract-every.service", "netty-load.service", "netty-load-follow.service", "netty-load-check.service",
            "netty-status.service", "netty-extract@.service", "netty-load@.service"}


def test_accounts_have_units_of_their_own():
    """Two hundred do not start in one second: the delay is as long as the interval, and stays the same for each.

    A name may have a -, which %I would take for an escaped /."""
    for side in ("extract", "load"):
        service, timer = (settings(ROOT / f"{side}/systemd/netty-{side}@.{kind}") for kind in ("service", "timer"))
        assert f"ExecStart=/usr/bin/netty-{side} --json --account %i\n" in service
        assert "OnCalendar=*:0/10\n" in timer and "RandomizedDelaySec=10min\n" in timer and "FixedRandomDelay=yes\n" in timer
        plain = settings(ROOT / f"{side}/systemd/netty-{side}.service")
        shut = {line for line in plain.splitlines() if re.match("(Protect|Private|Restrict|System|Capab|NoNew|Lock|Memory|UMask|User|Read)", line)}
        assert shut and shut <= set(service.splitlines()), "what one account may touch is what all may"


def test_the_spool_that_the_file_names_is_mounted_and_writable(tmp_path):
    made = drop_ins(tmp_path, "tables = contacts\nspool = /data/netty\n")
    assert set(made) == SERVICES
    for unit, said in made.items():
        assert said["RequiresMountsFor"] == '"/data/netty"', unit
        assert '"-/data/netty"' in said["ReadWritePaths"].split(), unit
        assert ('"-/data/netty-archive"' in said["ReadWritePaths"].split()) == unit.startswith("netty-load"), unit
        assert "ProtectHome" not in said and "Environment" not in said
        # So that systemctl says when the file has changed since.
        assert said["SourcePath"] == str(tmp_path / "netty.conf")


def test_a_program_s_own_section_goes_before(tmp_path):
    made = drop_ins(tmp_path, "spool=/common\n[load]\n spool = /data/my 100% spool \narchive-dir = /keep\n"
                              "metrics-file = /var/lib/prom/netty.prom\n[extract]\n# spool = /no\nevery = 5m\n")
    assert made["netty-extract.service"]["RequiresMountsFor"] == '"/common"'
    assert made["netty-load.service"]["RequiresMountsFor"] == '"/data/my 100%% spool"'
    writes = made["netty-load-follow.service"]["ReadWritePaths"]
    assert '"-/data/my 100%% spool"' in writes and '"-/keep"' in writes and '"-/var/lib/prom"' in writes
    assert made["netty-extract-every.service"]["Environment"] == '"EVERY=5m"'
    assert "Environment" not in made["netty-extract.service"]


def test_spools_of_accounts_count_all(tmp_path):
    made = drop_ins(tmp_path, "spool = /common\n[account north]\nspool = /north\n[account south]\napi-key-file = /k\n")
    assert set(made["netty-extract.service"]["RequiresMountsFor"].split()) == {'"/common"', '"/north"'}


def test_a_link_is_mounted_by_both_its_names(tmp_path):
    (tmp_path / "root/var/spool").mkdir(parents=True)
    (tmp_path / "root/var/spool/netty").symlink_to("/data/netty")  # of a disk that is not mounted yet
    made = drop_ins(tmp_path, "tables = contacts\n", NETTY_ROOT=str(tmp_path / "root"))
    for said in made.values():
        assert said["RequiresMountsFor"].split() == ['"/var/spool/netty"', '"/data/netty"']
        assert {'"-/var/spool/netty"', '"-/data/netty"'} <= set(said["ReadWritePaths"].split())


def test_a_spool_in_somebodys_home_is_let_in_alone(tmp_path):
    for said in drop_ins(tmp_path, "spool = /home/crm/spool\n").values():
        assert said["ProtectHome"] == "tmpfs" and '"-/home/crm/spool"' in said["BindPaths"].split()


def test_without_a_file_there_is_nothing_to_tell(tmp_path):
    subprocess.run([GENERATOR, tmp_path / "out"], check=True, env={"PATH": os.environ["PATH"], "NETTY_CONF": str(tmp_path / "none")})
    assert not (tmp_path / "out").exists()


def test_systemd_takes_what_the_generator_writes(units, tmp_path):
    folder = tmp_path / "generated"
    drop_ins(tmp_path, "spool = /home/x/100% my spool\n[extract]\nevery = 5m\n[load]\narchive-dir = /keep it\n")
    for unit in units.iterdir():
        (folder / unit.name).write_text(unit.read_text())
    services = sorted(folder.glob("*.service"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *services], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    # That it read the drop-ins at all.
    (folder / "netty-load.service.d/50-netty-conf.conf").write_text("[Service]\nReadWritPaths=/x\n")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *services], capture_output=True, text=True)
    assert "ReadWritPaths" in done.stderr


def test_the_crontab_names_what_there_is():
    text = (ROOT / "shared/pair/netty.cron").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    given = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))
    # cron's own PATH lacks the folder of `make install`.
    assert {"/usr/local/bin", "/usr/bin", "/bin"} <= set(given.pop("PATH").split(":"))
    for name in given:
        assert f'"{name}"' in (ROOT / "shared/options/option_table.c").read_text()
    runs = [line.split(None, 6) for line in lines if not re.match(r"[A-Z_]+=", line)]
    # A line each: neither waits for the other.
    assert [run[6].split()[0] for run in runs] == ["netty-extract", "netty-load", "netty-spool", "netty-load"]
    for run in runs:
        assert run[5] == "netty"
        subprocess.run(["sh", "-n", "-c", run[6]], check=True)


# ---- the package ----

def test_the_packages_settings_are_good_when_they_are_switched_on(netty):
    text = (ROOT / "shared/debian/netty.conf").read_text()
    settings = re.findall(r"(?m)^#(\S+ = .*)$", text)
    assert len(settings) >= 5
    (netty.dir / "netty.conf").write_text(re.sub(r"(?m)^#(\S+ = )", r"\1", text))
    netty.extract("--dry-run")
    spool = netty.spool_tool("ls", code=66)  # which is not there, and so the file was read
    assert "netty.conf" not in spool.err
    netty.load("--dry-run", "--check", code=64)  # refused for the two, not for the file


def test_no_password_stands_on_a_command_line_that_a_document_shows():
    """`ps` shows command lines to everybody: a file's name is given, never what it holds."""
    texts = [*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("*/*.in"), *ROOT.glob("shared/debian/*"), *ROOT.glob("shared/pair/*")]
    for path in (path for path in texts if path.is_file()):
        for line in path.read_text().splitlines():
            assert not re.search(r"(DATABASE_URL|NETTY_API_KEY|PGPASSWORD)=[\"']?\$\((cat|<)", line), (path, line)
            assert not re.search(r"env .*\b(DATABASE_URL|NETTY_API_KEY|PGPASSWORD)=", line), (path, line)


def test_the_package_says_the_programs_version():
    version = re.search(r"(?m)^VERSION := (.*)$", (ROOT / "Makefile").read_text())[1]
    assert (ROOT / "shared/debian/changelog").read_text().startswith(f"netty-sync ({version}) ")


# ---- the container ----

def test_the_container_installs_what_the_build_and_the_programs_need():
    text = (ROOT / "shared/pair/Containerfile").read_text()
    build = re.search(r"^build=\((.*?)\)", (ROOT / "tests/setup.sh").read_text(), re.S | re.M)[1].split()
    _, stage, final = text.split("\nFROM ")
    assert not [package for package in build if package not in stage and package not in ("tzdata", "ca-certificates")]
    assert "USER netty" in final and "VOLUME /var/spool/netty" in final and "STOPSIGNAL SIGTERM" in final
    for source in re.findall(r"(?m)^COPY ([\w./-]+) ", text):
        assert (ROOT / source).exists(), source


class Fakes:
    """Programs in place of the real ones: each does what its script says and leaves word of its starts."""

    def __init__(self, folder):
        self.folder = folder
        self.process = None

    def program(self, name, script):
        path = self.folder / name
        path.write_text(f"#!/bin/bash\necho \"$$ $*\" >>{self.folder}/{name}.starts\n{script}\n")
        path.chmod(0o755)

    def starts(self, name, word=""):
        path = self.folder / f"{name}.starts"
        lines = path.read_text().splitlines() if path.exists() else []
        return [int(line.split()[0]) for line in lines if word in line]

    def start(self, **more):
        env = {"PATH": f"{self.folder}:{os.environ['PATH']}", "NETTY_LOG_FORMAT": "json",
               "ASAN_OPTIONS": "exitcode=99", **more}
        self.process = subprocess.Popen([BUILD / "netty-pair"], env=env, stderr=open(self.folder / "log", "w"))
        return self.process

    def log(self):
        return [json.loads(line) for line in (self.folder / "log").read_text().splitlines()]


STAY = "trap 'exit {code}' TERM; echo >>{folder}/stays; while :; do sleep 0.05; done"


@pytest.fixture
def fakes(tmp_path):
    made = Fakes(tmp_path)
    yield made
    if made.process and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


def stay(fakes, code=75):
    return STAY.format(code=code, folder=fakes.folder)


def both_stay(fakes):
    wait_for(lambda: (fakes.folder / "stays").exists() and len((fakes.folder / "stays").read_text()) == 2, "both")


def gone(pid):
    return not os.path.exists(f"/proc/{pid}")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_goes_on_to_both_and_the_gravest_code_is_the_pairs(fakes, how):
    fakes.program("netty-extract", stay(fakes, 75))
    fakes.program("netty-load", f"[ \"$1\" = catalog ] && exit 0; {stay(fakes, 74)}")
    pair = fakes.start()
    both_stay(fakes)
    pair.send_signal(how)
    assert pair.wait(timeout=60) == 74
    assert all(gone(pid) for name in ("netty-extract", "netty-load") for pid in fakes.starts(name))
    assert [event["event"] for event in fakes.log()] == ["start", "ended", "start", "start", "stopping", "ended", "ended"]


HEAR = """exec /usr/bin/python3 -c '
import signal, time
signal.signal(signal.SIGHUP, lambda *_: open("{folder}/heard", "a").write("{name}\\n"))
signal.signal(signal.SIGTERM, lambda *_: exit(75))
open("{folder}/stays", "a").write("\\n")
time.sleep({before})
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGHUP])
while True: time.sleep(0.05)'"""


@pytest.mark.parametrize("before", [0, 1])
def test_hang_up_goes_on_to_both_and_ends_neither(fakes, before):
    """Nor does it where a program does not listen yet."""
    for name in ("netty-extract", "netty-load"):
        fakes.program(name, '[ "$1" = catalog ] && exit 0; ' + HEAR.format(folder=fakes.folder, name=name, before=before))
    pair = fakes.start()
    both_stay(fakes)
    pair.send_signal(signal.SIGHUP)
    heard = fakes.folder / "heard"
    wait_for(lambda: heard.exists() and sorted(heard.read_text().split()) == ["netty-extract", "netty-load"], "both")
    assert pair.poll() is None and len(fakes.starts("netty-extract")) == 1
    pair.send_signal(signal.SIGTERM)
    assert pair.wait(timeout=60) == 75
    assert [event["event"] for event in fakes.log()] == ["start", "ended", "start", "start", "reload", "stopping", "ended", "ended"]


def test_hang_up_starts_what_waits_for_its_next_try(fakes):
    """Its reason may have been the settings."""
    fakes.program("netty-extract", f"[ -e {fakes.folder}/mended ] || exit 69; {stay(fakes)}")
    fakes.program("netty-load", f'[ "$1" = catalog ] && exit 0; trap "" HUP; {stay(fakes)}')
    pair = fakes.start()
    wait_for(lambda: len(fakes.starts("netty-extract")) == 4, "pauses of 1, 2 and 4 s")
    wait_for(lambda: [e for e in fakes.log() if e.get("wait_ms") == 8000], "one of 8 s")
    (fakes.folder / "mended").touch()
    pair.send_signal(signal.SIGHUP)
    both_stay(fakes)
    begun = [event for event in fakes.log() if event["event"] in ("restart", "reload", "start")]
    assert [event["event"] for event in begun[-2:]] == ["reload", "start"]
    pair.send_signal(signal.SIGTERM)
    assert pair.wait(timeout=60) == 75


def test_the_real_programs_read_their_settings_anew_as_a_pair(netty, sims, db, tmp_path):
    sim = sims("contacts:10,users:5")
    conf = tmp_path / "netty.conf"
    conf.write_text("tables = contacts\ncreate-tables = yes\nevery = 300d\n")
    env = netty.environment(sim, db, {"PATH": f"{BUILD}:{os.environ['PATH']}", "NETTY_EVERY": "300d", "NETTY_CONFIG": str(conf)})
    with open(tmp_path / "log", "w") as log:
        pair = subprocess.Popen([BUILD / "netty-pair"], cwd=netty.dir, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                start_new_session=True)
    try:
        wait_for(lambda: db.value("SELECT to_regclass('\"netty-contacts\"') IS NOT NULL"), "the table")
        wait_for(lambda: db.value('SELECT count(*) FROM "netty-contacts"') == 10, "the first rows")
        conf.write_text("tables = contacts, users\ncreate-tables = yes\nevery = 300d\n")
        pair.send_signal(signal.SIGHUP)
        wait_for(lambda: db.value("SELECT to_regclass('\"netty-users\"') IS NOT NULL"), "the other table")
        wait_for(lambda: db.value('SELECT count(*) FROM "netty-users"') == 5, "its rows")
        assert pair.poll() is None
    finally:
        pair.send_signal(signal.SIGTERM)
        assert pair.wait(timeout=60) == 75, (tmp_path / "log").read_text()


def test_the_catalog_comes_first_and_its_failure_is_no_reason_not_to_begin(fakes):
    fakes.program("netty-extract", stay(fakes))
    fakes.program("netty-load", f"[ \"$1\" = catalog ] && exit 69; {stay(fakes)}")
    pair = fakes.start()
    both_stay(fakes)
    assert [line.split(None, 1)[1] for line in (fakes.folder / "netty-load.starts").read_text().splitlines()] == \
        ["catalog", "--follow --json"]
    pair.terminate()
    assert pair.wait(timeout=60) == 75


def test_one_port_is_one_programs(fakes):
    for name in ("netty-extract", "netty-load"):
        fakes.program(name, f"echo \"listen=$NETTY_LISTEN\" >>{fakes.folder}/{name}.starts\n"
                            f"[ \"$1\" = catalog ] && exit 0\n{stay(fakes)}")
    pair = fakes.start(NETTY_LISTEN="127.0.0.1:9187")
    both_stay(fakes)
    assert (fakes.folder / "netty-extract.starts").read_text().endswith("\nlisten=\n")
    assert [line for line in (fakes.folder / "netty-load.starts").read_text().splitlines() if "=" in line] == \
        ["listen=", "listen=127.0.0.1:9187"]
    pair.terminate()
    assert pair.wait(timeout=60) == 75


@pytest.mark.parametrize("given, extract, load", [
    ("/x.y/netty.prom", "/x.y/netty-extract.prom", "/x.y/netty-load.prom"),
    ("/x.y/netty", "/x.y/netty-extract", "/x.y/netty-load"),
    ("netty.prom", "netty-extract.prom", "netty-load.prom"),
])
def test_each_program_has_a_file_of_metrics_of_its_own(fakes, given, extract, load):
    for name in ("netty-extract", "netty-load"):
        fakes.program(name, f"echo \"file=$NETTY_METRICS_FILE\" >>{fakes.folder}/{name}.starts\n"
                            f"[ \"$1\" = catalog ] && exit 0\n{stay(fakes)}")
    pair = fakes.start(NETTY_METRICS_FILE=given)
    both_stay(fakes)
    files = {name: [line for line in (fakes.folder / f"{name}.starts").read_text().splitlines() if line.startswith("file=")]
             for name in ("netty-extract", "netty-load")}
    assert files == {"netty-extract": [f"file={extract}"], "netty-load": ["file=", f"file={load}"]}
    pair.terminate()
    assert pair.wait(timeout=60) == 75


@pytest.mark.parametrize("script", ["exit 69", "exit 74", "kill -9 $$", "exit 0"])
def test_who_ends_for_a_passing_reason_is_started_again_alone(fakes, script):
    fakes.program("netty-extract", stay(fakes))
    fakes.program("netty-load", f"[ \"$1\" = catalog ] && exit 0\n[ -e {fakes.folder}/once ] || "
                                f"{{ touch {fakes.folder}/once; {script}; }}\n{stay(fakes)}")
    pair = fakes.start()
    both_stay(fakes)
    assert len(fakes.starts("netty-load", "--follow")) == 2 and len(fakes.starts("netty-extract")) == 1
    assert [event["wait_ms"] for event in fakes.log() if event["event"] == "restart"] == [1000]
    pair.terminate()
    assert pair.wait(timeout=60) == 75


@pytest.mark.parametrize("code", [64, 73, 77, 78])
def test_who_needs_a_person_ends_the_pair_with_its_code(fakes, code):
    fakes.program("netty-extract", f"while [ ! -e {fakes.folder}/stays ]; do sleep 0.05; done; exit {code}")
    fakes.program("netty-load", f"[ \"$1\" = catalog ] && exit 0; {stay(fakes)}")
    pair = fakes.start()
    assert pair.wait(timeout=60) == code
    assert gone(fakes.starts("netty-load", "--follow")[0])


def test_a_missing_program_is_told_and_not_tried_for_ever(fakes):
    pair = subprocess.run([BUILD / "netty-pair"], env={"PATH": str(fakes.folder)}, capture_output=True, text=True, timeout=60)
    assert pair.returncode == 78 and "netty-load" in pair.stderr


def test_nobody_is_left_when_the_pair_is_killed(fakes):
    fakes.program("netty-extract", stay(fakes))
    fakes.program("netty-load", f"[ \"$1\" = catalog ] && exit 0; {stay(fakes)}")
    pair = fakes.start()
    both_stay(fakes)
    pair.kill()
    pair.wait()
    for pid in fakes.starts("netty-extract") + fakes.starts("netty-load"):
        wait_for(lambda: gone(pid) or "Z" in open(f"/proc/{pid}/stat").read().split()[2], "the children's end")


def test_the_real_programs_as_a_pair(netty, sims, db):
    """What the container runs: tables from the database, changes on their way, an end that loses nothing."""
    sim = sims("contacts:300,users:20", "--pretty")
    db.create("contacts", "users")
    env = netty.environment(sim, db, {"PATH": f"{BUILD}:{os.environ['PATH']}", "NETTY_EVERY": "1s"})
    with open(netty.dir / "pair.err", "w") as log:
        pair = subprocess.Popen([BUILD / "netty-pair"], cwd=netty.dir, env=env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=log)
    netty.background.append(pair)
    pair.stdout = open(os.devnull)
    wait_for(lambda: db.value('SELECT count(*) FROM "netty-contacts"') == 300 and
             db.value('SELECT count(*) FROM "netty-users"') == 20, "the first load")
    sim.edit("contacts", 7)
    edited = sim.truth("contacts")
    wait_for(lambda: db.rows("contacts") == edited, "the edits")
    pair.terminate()
    assert pair.wait(timeout=60) == 75
    assert_synced(sim, db, "contacts", "users")
    said = (netty.dir / "pair.err").read_text()
    assert KEY not in said and "restart" not in said, said
