"""The commands of the README on a clean clone: `make run`, `make stop`, `make install`, and the real job."""
import os
import re
import subprocess
from pathlib import Path

import pytest

from harness import KEY, ROOT, SCRATCH, assert_synced

pytestmark = pytest.mark.release


def cloned(folder):
    """What is committed, or, without git, a copy; PostgreSQL's user must reach it."""
    if (ROOT / ".git").exists():
        subprocess.run(["git", "clone", "-q", ROOT, folder], check=True)
    else:
        subprocess.run(["cp", "-a", ROOT, folder], check=True)
        subprocess.run(["rm", "-rf", folder / "build", folder / "var"], check=True)
    for parent in (folder, *folder.parents):
        if str(parent).startswith(SCRATCH):
            os.chmod(parent, 0o755)
    return folder


@pytest.fixture(scope="module")
def clean_clone(tmp_path_factory):
    """In which nothing is compiled."""
    folder = cloned(tmp_path_factory.mktemp("clean") / "netty")
    yield folder
    make(folder, "stop")


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """With the objects that are here: to compile all of it takes a minute. Its files are as old as those here, or make would."""
    folder = cloned(tmp_path_factory.mktemp("clone") / "netty")
    (folder / "build").mkdir()
    for path in (ROOT / "build").iterdir():
        if path.name in ("obj", "gen", "man", "completion", "crash") or path.name.startswith("netty-") and path.suffix != ".deb":
            subprocess.run(["cp", "-a", path, folder / "build"], check=True)
    for path in filter(Path.is_file, folder.rglob("*")):
        here = ROOT / path.relative_to(folder)
        if path.relative_to(folder).parts[0] not in (".git", "build") and here.is_file():
            os.utime(path, ns=(here.stat().st_atime_ns, here.stat().st_mtime_ns))
    yield folder
    make(folder, "stop")


def make(folder, *arguments, env=None, code=0):
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith(("NETTY_", "PG", "DATABASE_URL", "MAKE", "MFLAGS"))}
    done = subprocess.run(["make", "--no-print-directory", *arguments], cwd=folder, env={**clean, **(env or {})},
                          stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=500)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_make_run_without_settings_is_the_demonstration(clean_clone):
    shown = make(clean_clone, "run")
    for heading in ("requests", "inserted", "updated", "unchanged", "complete up to"):
        assert heading in shown
    first, second = (shown.split(f"What the {which} sync did")[1].split("\n\n")[0] for which in ("first", "second"))
    columns = [line.split() for line in first.splitlines() if line.startswith("contacts")][0]
    assert columns[3] == "12000", first
    columns = [line.split() for line in second.splitlines() if line.startswith("contacts")][0]
    assert columns[4] == "250", second
    assert "make stop" in shown and "all is well" in shown.split("How it stands")[1]
    answer = shown.split("Mandates by agency and month")[1].split("\n\n")[0].split("-+-")[-1].splitlines()[1:6]
    assert len(answer) == 5 and all(re.fullmatch(r" *\d+ \| \d{4}-\d\d-01 \| +\d+ \| +\d+", line) for line in answer), answer
    page = Path(shown.split("file://")[1].split()[0])
    assert page == clean_clone / "var/demo/status.html" and '"table":"mandates"' in page.read_text()
    # What it tells to go on with, typed as it stands, in a shell that knows nothing else.
    lines = [line.split("   ")[0].strip() for line in shown.split("Go on with:\n")[1].splitlines()]
    assert lines[0] == ". var/demo/env" and lines[-1] == "make stop"
    done = subprocess.run(["env", "-i", f"PATH={os.environ['PATH']}", "LC_ALL=C.UTF-8", "bash", "-e"], cwd=clean_clone,
                          input="\n".join(line + " </dev/null" * line.startswith("psql") for line in lines[:-1]), text=True, capture_output=True)
    assert done.returncode == 0 and re.search("contacts +load", done.stdout) and '"user_id":' in done.stdout, done
    assert subprocess.run(["psql", "-qAtX", shown.split("PostgreSQL:")[1].split()[0], "-c", 'SELECT count(*) FROM "netty-contacts"'],
                          capture_output=True, text=True).stdout == "12000\n"
    assert sorted(set(os.listdir(clean_clone)) - {".git"}) == sorted(
        {".ci", ".clang-format", ".clang-tidy", ".editorconfig", ".gitignore", "Makefile", "README.md", "build",
         "extract", "load", "shared", "spool", "tests", "var"})
    assert subprocess.run(["git", "status", "--porcelain"], cwd=clean_clone, capture_output=True, text=True).stdout == ""


def test_make_run_twice_and_stop(clone):
    make(clone, "run")
    pid = int((clone / "var/demo/sim.pid").read_text())
    make(clone, "stop")
    stat = Path(f"/proc/{pid}/stat")
    assert not stat.exists() or stat.read_text().split()[2] == "Z"
    make(clone, "stop")


def test_make_run_with_settings_is_the_real_job(clone, sims, db, tmp_path):
    """With a key and a database: the database's own tables are the list, nothing else is started."""
    sim = sims("contacts:700,users:60")
    db.create("contacts", "users")
    env = {"NETTY_API_KEY": KEY, "DATABASE_URL": db.url, "NETTY_BASE_URL": sim.url, "NETTY_RATE": "0",
           "NETTY_SPOOL": str(tmp_path / "spool")}
    make(clone, "run", env=env)
    assert_synced(sim, db, "contacts", "users")
    sim.edit("contacts", 9)
    make(clone, "run", env=env)
    assert db.writes("contacts") == 709
    assert not (clone / "var/demo/sim.pid").exists()


def test_the_real_job_on_an_empty_database_works_at_the_first_try(clone, sims, db, tmp_path):
    sim = sims("contacts:120,users:20,companies:30")
    env = {"NETTY_API_KEY": KEY, "DATABASE_URL": db.url, "NETTY_BASE_URL": sim.url, "NETTY_RATE": "0", "NETTY_SPOOL": str(tmp_path / "spool")}
    assert "NETTY_TABLES" in make(clone, "run", env=env)
    assert_synced(sim, db, "contacts", "users", "companies")
    sim.edit("users", 2)
    make(clone, "run", env=env)
    assert_synced(sim, db, "contacts", "users", "companies")


def test_make_test_says_what_is_under_way_and_what_each_part_took(clone, tmp_path):
    """A part that says nothing for long (here: for three seconds, of one) is heard of all the same."""
    part = tmp_path / "quiet-part"
    part.write_text("#!/bin/sh\nsleep 3\necho done\n")
    part.chmod(0o755)
    done = subprocess.run(["tests/run.sh", part], cwd=clone, env={**os.environ, "NETTY_TEST_BEAT": "1"}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)
    lines = done.stdout.splitlines()
    assert any(line.startswith("...  ") and "quiet-part" in line for line in lines), done
    assert any("That took" in line and "quiet-part 0 min" in line for line in lines) and lines[-1].endswith(" passed, 0 failed"), done
    beat = int((clone / "tests/run.sh").read_text().split("NETTY_TEST_BEAT:-")[1].split("}")[0])
    assert beat < 30


def test_make_prints_a_line_a_file(clone):
    """And the commands with V=1."""
    short = make(clone, "-n", "-B", "build/obj/spool/cli/main.o")
    assert "CC" in short
    built = make(clone, "-B", "build/obj/spool/cli/main.o").splitlines()
    assert built == ["CC   spool/cli/main.c"]
    assert "gcc -std=c11" in make(clone, "-B", "V=1", "CC=gcc", "build/obj/spool/cli/main.o")


def test_make_install(clone, tmp_path):
    said = make(clone, "install", f"DESTDIR={tmp_path}", "PREFIX=/usr").splitlines()
    assert [line for line in said if len(line) > 100 or not re.match(r"(CC|AR|LINK|GEN|INST) +\S+$|make", line)] == [], "a line a file"
    put = [line.removeprefix("INST ") for line in said if line.startswith("INST ")]
    assert len(put) == len(set(put)) and {"/usr/bin/netty-load", "/lib/systemd/system/netty-load.service"} <= set(put)
    assert all((tmp_path / path.lstrip("/")).is_file() for path in put)
    for program in ("netty-extract", "netty-load", "netty-spool"):
        run = subprocess.run([tmp_path / "usr/bin" / program, "--version"], capture_output=True, text=True)
        assert run.returncode == 0 and program in run.stdout
        helped = subprocess.run([tmp_path / "usr/bin" / program, "--help"], capture_output=True, text=True)
        assert "default /var/spool/netty" in helped.stdout
        page = (tmp_path / f"usr/share/man/man1/{program}.1").read_text()
        assert "/var/spool/netty" in page and "var/spool\n" not in page
        completion = (tmp_path / "usr/share/bash-completion/completions" / program).read_text()
        assert "${NETTY_SPOOL:-/var/spool/netty}" in completion
        assert (tmp_path / f"usr/share/zsh/vendor-completions/_{program}").exists()
    assert (tmp_path / "usr/share/man/man5/netty.conf.5").exists()
    assert (tmp_path / "usr/share/man/man7/netty-log.7").exists()
