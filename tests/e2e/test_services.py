"""What runs the programs for months: systemd units, the crontab, the container's pair."""
import json
import os
import re
import signal
import subprocess
import time

import pytest

from harness import BUILD, KEY, ROOT, assert_synced, wait_for

UNITS = sorted([*ROOT.glob("extract/systemd/*"), *ROOT.glob("load/systemd/*"), *ROOT.glob("shared/pair/netty-sync.*")])


# ---- systemd ----

@pytest.fixture(scope="module")
def units(tmp_path_factory):
    """The units beside each other, with the programs as built in place of the installed ones."""
    folder = tmp_path_factory.mktemp("units")
    for unit in UNITS:
        (folder / unit.name).write_text(unit.read_text().replace("/usr/bin/netty-", f"{BUILD}/netty-"))
    return folder


def test_systemd_finds_nothing_wrong_with_the_units(units):
    assert len(UNITS) == 6
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


def test_a_service_has_the_secret_of_its_own_side_only():
    for unit in UNITS:
        text = re.sub(r"(?m)^#.*", "", unit.read_text())
        assert ("api-key" in text) == unit.name.startswith("netty-extract"), unit
        assert ("database-url" in text) == unit.name.startswith("netty-load"), unit


def test_the_pair_comes_in_order_and_neither_needs_the_other():
    sync = (ROOT / "shared/pair/netty-sync.service").read_text()
    load = (ROOT / "load/systemd/netty-load.service").read_text()
    assert "Wants=netty-extract.service netty-load.service" in sync
    assert re.search(r"(?m)^After=.*\bnetty-extract\.service\b", load)
    assert not re.search(r"(?m)^(Requires|BindsTo|Requisite)=", sync + load)


def test_the_crontab_names_what_there_is():
    text = (ROOT / "shared/pair/netty.cron").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    settings = dict(line.split("=", 1) for line in lines if not line[0] == "*")
    # cron's own PATH lacks the folder of `make install`.
    assert {"/usr/local/bin", "/usr/bin", "/bin"} <= set(settings.pop("PATH").split(":"))
    for name in settings:
        assert f'"{name}"' in (ROOT / "shared/cli/option_table.c").read_text()
    command = lines[-1].split(None, 6)[6]
    assert lines[-1].split()[5] == "netty"
    subprocess.run(["sh", "-n", "-c", command], check=True)


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


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_goes_on_to_both_and_the_gravest_code_is_the_pairs(fakes, how):
    fakes.program("netty-extract", stay(fakes, 75))
    fakes.program("netty-load", f"[ \"$1\" = --catalog ] && exit 0; {stay(fakes, 74)}")
    pair = fakes.start()
    both_stay(fakes)
    pair.send_signal(how)
    assert pair.wait(timeout=60) == 74
    assert all(gone(pid) for name in ("netty-extract", "netty-load") for pid in fakes.starts(name))
    assert [event["event"] for event in fakes.log()] == ["start", "ended", "start", "start", "stopping", "ended", "ended"]


def test_the_catalog_comes_first_and_its_failure_is_no_reason_not_to_begin(fakes):
    fakes.program("netty-extract", stay(fakes))
    fakes.program("netty-load", f"[ \"$1\" = --catalog ] && exit 69; {stay(fakes)}")
    pair = fakes.start()
    both_stay(fakes)
    assert [line.split(None, 1)[1] for line in (fakes.folder / "netty-load.starts").read_text().splitlines()] == \
        ["--catalog", "--follow --json"]
    pair.terminate()
    assert pair.wait(timeout=60) == 75


def test_one_port_is_one_programs(fakes):
    for name in ("netty-extract", "netty-load"):
        fakes.program(name, f"echo \"listen=$NETTY_LISTEN\" >>{fakes.folder}/{name}.starts\n"
                            f"[ \"$1\" = --catalog ] && exit 0\n{stay(fakes)}")
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
                            f"[ \"$1\" = --catalog ] && exit 0\n{stay(fakes)}")
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
    fakes.program("netty-load", f"[ \"$1\" = --catalog ] && exit 0\n[ -e {fakes.folder}/once ] || "
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
    fakes.program("netty-load", f"[ \"$1\" = --catalog ] && exit 0; {stay(fakes)}")
    pair = fakes.start()
    assert pair.wait(timeout=60) == code
    assert gone(fakes.starts("netty-load", "--follow")[0])


def test_a_missing_program_is_told_and_not_tried_for_ever(fakes):
    pair = subprocess.run([BUILD / "netty-pair"], env={"PATH": str(fakes.folder)}, capture_output=True, text=True, timeout=60)
    assert pair.returncode == 78 and "netty-load" in pair.stderr


def test_nobody_is_left_when_the_pair_is_killed(fakes):
    fakes.program("netty-extract", stay(fakes))
    fakes.program("netty-load", f"[ \"$1\" = --catalog ] && exit 0; {stay(fakes)}")
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
