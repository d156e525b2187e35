"""What a run of a program makes of the disk: syncs and bytes, counted by strace."""
import re
import subprocess
from collections import Counter

from harness import BUILD

SYNCS = ("fsync", "fdatasync", "syncfs", "sync", "sync_file_range", "msync")
WRITES = ("write", "pwrite64", "writev", "pwritev", "pwritev2", "sendfile", "copy_file_range")


class DiskCost:
    """What one run made of the disk, by file: syncs and bytes. Sockets, pipes and the standard streams do not count."""

    def __init__(self, netty, program, *arguments, sim=None, db=None, env=None, timeout=300):
        log = netty.dir / "calls"
        calls = ",".join((*SYNCS, *WRITES, "open", "openat"))
        command = ["strace", "--seccomp-bpf", "-qq", "-f", "-y", "-s", "0", "-e", f"trace={calls}", "-o", log, BUILD / program, *map(str, arguments)]
        done = subprocess.run(command, env=netty.environment(sim, db, env={**(env or {}), "ASAN_OPTIONS": "detect_leaks=0"}), cwd=netty.dir,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
        assert done.returncode == 0, done.stderr
        self.out = done.stdout
        self.syncs, self.bytes = Counter(), Counter()
        for call, rest, value in self.finished(log.read_text().splitlines()):
            path = re.search(r"<(/[^>]*)>", rest)
            name = path and path.group(1).removeprefix(f"{netty.spool}/")
            if call.startswith("open"):
                assert not set(re.findall(r"\bO_\w+", rest)) & {"O_SYNC", "O_DSYNC", "O_DIRECT"}, rest
            elif call in SYNCS:
                self.syncs[name] += 1
            elif path and not name.startswith("/dev/"):
                self.bytes[name] += int(value)

    @staticmethod
    def finished(lines):
        """(call, its arguments, what it returned); a call that another thread came between stands on two lines."""
        begun = {}
        for line in lines:
            pid, _, text = line.partition(" ")
            text = text.strip()
            if text.endswith("<unfinished ...>"):
                begun[pid] = text.removesuffix("<unfinished ...>")
                continue
            if text.startswith("<... "):
                text = begun.pop(pid) + text.partition(" resumed>")[2]
            if (found := re.match(r"(\w+)\((.*)\)\s+= (-?\d+)", text)):
                yield found.groups()

    def __repr__(self):
        return "\n".join(f"    {name}: {self.syncs[name]} syncs, {self.bytes[name]} bytes" for name in sorted({*self.syncs, *self.bytes}, key=str))
