"""A fresh machine for what documents tell a person to type. No test lives here.

It is this machine's files, copy on write: an overlay over /, in a mount and a process namespace of its own, so that a package
is installed, a user made and /etc written as on any machine, and nothing of it is left. Namespaces take root's rights.
"""
import os
import re
import select
import shutil
import subprocess
from pathlib import Path

from harness import ROOT, wait_for

# What stands on the PATH in place of programs that cannot be what they are on a machine of somebody's own: the script,
# and why. Each call is recorded; everything that is not in this list is the program itself.
STAND_INS = {
    "sudo": ("it is not part of a bare Debian, and asks for a password: the user and the clean environment are as it gives them", r"""
user=root
while :; do case $1 in -u) user=$2; shift 2 ;; -s) shift; set -- "$SHELL" "$@" ;; *) break ;; esac; done
exec runuser -u "$user" -- env -i PATH="$PATH" HOME=/ SHELL="$SHELL" USER="$user" TERM=dumb LANG=C.UTF-8 "$@"
"""),
    "apt": ("a test asks no registry: what the package depends on is there, and the file itself is installed by dpkg", r"""
[ "$1" = install ] && [ -f "$2" ] || { echo "apt: $2 is no file" >&2; exit 100; }
exec dpkg --install --force-depends --no-triggers "$2"
"""),
    "systemctl": ("no systemd runs here; that each unit that is named is installed is seen (make test-deb boots one)", r"""
for word in "$@"; do case $word in
*.service | *.timer | *.target) [ -e "/lib/systemd/system/$word" ] || [ -e "/etc/systemd/system/$word" ] || exit 5 ;;
netty-*) [ -e "/lib/systemd/system/$word.service" ] || [ -e "/etc/systemd/system/$word.service" ] || exit 5 ;;
esac; done
"""),
    "journalctl": ("no journal is kept here: it tells what a run of the service's program logs", r"""
while :; do case $1 in -u) unit=$2; shift 2 ;; '') break ;; *) shift ;; esac; done
DATABASE_URL_FILE=/etc/netty/database-url runuser -u netty -- "$unit" --log-format json 2>&1 >/dev/null
"""),
    "make": ("these take minutes and are tried by parts of make test of their own, or are make test itself", r"""
case $* in
install) exec /usr/bin/make -s "$@" ;;
sim) [ -x build/netty-sim ] ;;
deb) ls build/netty-sync_*.deb ;;
run | stop | bench* | 'SAN=1 unit') /usr/bin/make --dry-run "$@" >/dev/null ;;
*) echo "make: no stand-in for $*" >&2; exit 2 ;;
esac
"""),
    "rsync": ("the other machine is a folder", 'exec /usr/bin/rsync "${@//elsewhere:/\\/elsewhere}"\n'),
    "ssh": ("the other machine is a folder, with a database of its own", r"""
[ "$1" = elsewhere ] && shift
exec env NETTY_SPOOL=/elsewhere/var/spool/netty DATABASE_URL_FILE=/elsewhere/database-url bash -c "$*"
"""),
}
BIN = "/usr/local/stand-ins"
CALLS = "/run/stand-ins"

BEGIN = r"""
set -e
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" "$1/root"
/usr/bin/python3 -c 'import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sH14s", b"lo", 1, b""))  # SIOCSIFFLAGS: lo is up'
cd "$1/root"
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mkdir -p "usr/local/stand-ins"
touch run/stand-ins
chmod 666 run/stand-ins
exec chroot . sh -c 'echo >/run/ready; exec sleep infinity'
"""


class Machine:
    def __init__(self, folder, below=None, alone=False):
        """below: a machine that has been set up, and is stopped; this one begins as that one ended. alone: with all ports free,
        and nobody to talk to."""
        self.folder = Path(folder)
        for name in ("work", "root", *([] if below else ["up"])):
            (self.folder / name).mkdir(parents=True)
        if below:
            subprocess.run(["cp", "--archive", below.folder / "up", self.folder / "up"], check=True)
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", *(["--net"] if alone else []),
             "sh", "-c", BEGIN, "sh", self.folder], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.inner = wait_for(self.first, "the machine's first process")
        for name, (_, script) in STAND_INS.items():
            self.write(f"{BIN}/{name}", f'#!/bin/bash\necho "{name} $*" >>{CALLS}\n{script}', mode=0o755)

    def first(self):
        assert self.process.poll() is None, "a machine needs root's rights (mount and process namespaces): " + self.process.stderr.read()
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return children[0] if children and Path(f"/proc/{children[0]}/root/run/ready").exists() else None

    def command(self, *words, cwd=ROOT):
        """In the machine, with the environment that a person has who has just logged in."""
        return ["nsenter", "--target", self.inner, "--mount", "--pid", "--net", "--root", f"--wd={self.path(cwd)}", "env", "-i",
                f"PATH={BIN}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "SHELL=/bin/bash", "TERM=dumb",
                "LANG=C.UTF-8", *map(str, words)]

    def do(self, script, code=0):
        done = subprocess.run(self.command("bash", "-c", script), stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=120)
        assert code is None or done.returncode == code, (script, done.returncode, done.stdout)
        return done.stdout

    def path(self, path):
        return Path(f"/proc/{self.inner}/root{path}")

    def read(self, path):
        return self.path(path).read_text()

    def write(self, path, text, mode=None):
        """Into the file that is there, so that its owner and mode stay."""
        self.path(path).parent.mkdir(parents=True, exist_ok=True)
        self.path(path).write_text(text)
        if mode is not None:
            self.path(path).chmod(mode)

    def calls(self):
        return self.read(CALLS).splitlines()

    def stop(self):
        if self.process.poll() is None:
            os.kill(int(self.inner), 9)
            self.process.wait(timeout=60)
        shutil.rmtree(self.folder / "work", ignore_errors=True)


class Terminal:
    """A shell that is given one line after the other; what each one says, and its exit code. Who changes the user (`sudo -s`)
    goes on as that one, as on a terminal."""

    def __init__(self, machine):
        self.machine = machine
        self.process = subprocess.Popen(machine.command("bash"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def type(self, line):
        """The code, and what was said."""
        mark = f"line-{os.urandom(6).hex()}"
        # No line of a document reads from the terminal: what it would read are the next lines.
        self.process.stdin.write(f"{line}\nprintf '%s %d\\n' {mark} $?\n".encode())
        self.process.stdin.flush()
        said = b""
        while not (end := re.search(rf"{mark} (\d+)\n".encode(), said)):
            assert select.select([self.process.stdout], [], [], 120)[0], f"{line!r} does not end: {said.decode(errors='replace')}"
            more = os.read(self.process.stdout.fileno(), 65536)
            assert more, f"the shell ended at {line!r}: {said.decode(errors='replace')}"
            said += more
        return int(end[1]), said[:end.start()].decode()

    def close(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
