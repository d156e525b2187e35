#!/usr/bin/python3
"""Does what shared/pair/Containerfile says, without a container engine: each stage is a folder that Debian was put into
(tests/tools/bare-debian.sh), each RUN a chroot. Then it starts what the container would start, against
the API stand-in and a private PostgreSQL, once as netty and once as root with a volume of root's (Railway), stops it by SIGTERM,
and compares.            usage: tests/tools/try-container.py      (as root; fetches packages from the mirror)"""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e/support"))
os.environ.setdefault("NETTY_BUILD", str(ROOT / "build"))
from harness import KEY, SECRETS, Database, Postgres, Sim, assert_synced, wait_for, with_password  # noqa: E402

BASE = ROOT / "build/bare-debian.tar"
WORK = ROOT / "build/container"


def instructions(text):
    text = re.sub(r"(?m)^#.*\n", "", text)
    text = re.sub(r"\\\n\s*", " ", text)
    return [line.split(None, 1) for line in text.splitlines() if line.strip()]


class Stage:
    def __init__(self, name):
        self.root = WORK / name
        self.env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        self.folder, self.user, self.entry, self.command, self.volume = "/", None, [], [], None
        self.root.mkdir(parents=True)
        subprocess.run(["tar", "-C", self.root, "-xf", BASE], check=True)
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        shutil.copytree("/etc/apt/apt.conf.d", self.root / "etc/apt/apt.conf.d", dirs_exist_ok=True)

    def at(self, path):
        return self.root / os.path.join(self.folder, path).lstrip("/")

    def run(self, command):
        done = subprocess.run(["chroot", self.root, "/bin/sh", "-c", f"cd {self.folder} && {command}"], env=self.env,
                              stdin=subprocess.DEVNULL, text=True, capture_output=True)
        assert done.returncode == 0, f"RUN {command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"

    def copy(self, source, target, stage=None):
        origin = stage.root / source.lstrip("/") if stage else ROOT / source
        aim = self.at(target)
        if origin.is_dir():
            subprocess.run(["cp", "-a", f"{origin}/.", aim], check=True) if aim.is_dir() else \
                subprocess.run(["sh", "-c", 'mkdir -p "$2" && cp -a "$1/." "$2"', "sh", origin, aim], check=True)
        else:
            if target.endswith("/"):
                aim = aim / origin.name
            aim.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(origin, aim)


def build():
    stages, stage = {}, None
    for word, rest in instructions((ROOT / "shared/pair/Containerfile").read_text()):
        print(f"   {word} {rest[:110]}", flush=True)
        if word == "FROM":
            assert rest.split()[0] == "debian:bookworm-slim"
            name = rest.split(" AS ")[1] if " AS " in rest else "final"
            stage = stages[name] = Stage(name)
        elif word == "RUN":
            stage.run(rest)
        elif word == "COPY":
            words = rest.split()
            origin = stages[words.pop(0)[7:]] if words[0].startswith("--from=") else None
            stage.copy(words[0], words[1], origin)
        elif word == "WORKDIR":
            stage.folder = rest
            stage.at("").mkdir(parents=True, exist_ok=True)
        elif word == "ENV":
            stage.env.update(part.split("=", 1) for part in shlex.split(rest))
        elif word == "USER":
            stage.user = rest
        elif word in ("ENTRYPOINT", "CMD"):
            setattr(stage, "entry" if word == "ENTRYPOINT" else "command", eval(rest))  # a JSON list of strings
        elif word == "VOLUME":
            stage.volume = rest
        else:
            assert word == "STOPSIGNAL" and rest == "SIGTERM", word
    return stage


def start(stage, as_root, env, log):
    user = [] if as_root else ["setpriv", f"--reuid={stage.user}", f"--regid={stage.user}", "--init-groups", "--no-new-privs"]
    return subprocess.Popen(["chroot", stage.root, *user, *stage.entry, *stage.command], env={**stage.env, **env},
                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def user_of(pid):
    return os.stat(f"/proc/{pid}").st_uid


def try_it(stage, as_root, server):
    sim = Sim("contacts:500,users:30")
    db = Database(server)
    volume = stage.root / stage.volume.lstrip("/")
    shutil.rmtree(volume)
    volume.mkdir(mode=0o755)  # as a platform that mounts it for root
    netty = int(subprocess.run(["chroot", stage.root, "id", "-u", "netty"], capture_output=True, text=True).stdout)
    if not as_root:
        os.chown(volume, netty, netty)
        volume.chmod(0o700)
    env = {"NETTY_API_KEY": KEY, "DATABASE_URL": with_password(db.url), "NETTY_BASE_URL": sim.url, "NETTY_TABLES": "contacts,users",
           "NETTY_CREATE_TABLES": "yes", "NETTY_EVERY": "1s", "NETTY_RATE": "0"}
    with open(WORK / "log", "w+") as log:
        pair = start(stage, as_root, env, log)
        try:
            wait_for(lambda: db.value("SELECT to_regclass('\"netty-users\"') IS NOT NULL AND to_regclass('\"netty-contacts\"') IS NOT NULL")
                     and db.value('SELECT (SELECT count(*) FROM "netty-contacts") + (SELECT count(*) FROM "netty-users")') == 530,
                     "the first load")
            children = Path(f"/proc/{pair.pid}/task/{pair.pid}/children").read_text().split()
            assert len(children) == 2 and {user_of(pid) for pid in [pair.pid, *children]} == {netty}, "something runs as another user"
            sim.edit("contacts", 5)
            truth = sim.truth("contacts")
            wait_for(lambda: db.rows("contacts") == truth, "the edits")
            began = time.monotonic()
            pair.terminate()
            code = pair.wait(timeout=60)
        finally:
            if pair.poll() is None:
                os.killpg(pair.pid, 9)
        log.seek(0)
        said = log.read()
    assert code == 75, (code, said)
    assert not any(os.path.exists(f"/proc/{pid}") for pid in children), "a program was left behind"
    assert not any(secret in said for secret in SECRETS)
    assert_synced(sim, db, "contacts", "users")
    assert (volume / "spool.json").exists() and {os.stat(path).st_uid for path in volume.rglob("*")} == {netty}
    assert volume.stat().st_mode & 0o777 == 0o700
    print(f"   {'as root, on a volume of root’s' if as_root else 'as netty'}: loaded, followed, stopped in "
          f"{time.monotonic() - began:.1f} s with {code}")
    db.drop()
    sim.stop()


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    subprocess.run([ROOT / "tests/tools/bare-debian.sh", BASE], check=True)
    print("== Building, stage by stage")
    stage = build()
    print("== Running")
    with tempfile.TemporaryDirectory(prefix="netty-container-") as folder:
        os.chmod(folder, 0o755)
        server = Postgres(folder)
        server.start()
        try:
            for as_root in (False, True):
                try_it(stage, as_root, server)
        finally:
            server.stop("immediate")
    shutil.rmtree(WORK)
    print("== The container builds, runs without root, and stops.")


main()
