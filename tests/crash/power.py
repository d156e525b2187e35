"""A power failure: what the preloaded library noted (CRASH_SHADOW in preload.c), made into what a disk may hold after it.

Names: of what was done in a folder since its last sync a first part happened, in order (a journaling file system).
Contents: of what was written to a file since its last sync any part may be there, and its size is anything between;
what was not written is zero. Files that were there at the start are taken to be on the disk.

    shadow = Shadow(root, directory)     # directory is new, on root's file system; then run with CRASH_SHADOW=directory
    shadow.cut(mode, rng)                # root is now what is left
"""
import os
import shutil

# nothing: all that was not synced is gone. names: folders are as they were, contents are not. random: any part of both.
MODES = ("nothing", "names", "random")


class Shadow:
    def __init__(self, root, directory):
        self.root = root
        self.dir = directory
        self.start()

    def start(self):
        shutil.rmtree(self.dir, ignore_errors=True)
        os.mkdir(self.dir)
        self.folders = {}
        for path, folders, files in os.walk(self.root):
            self.folders[self.inode(path)] = {name: self.inode(f"{path}/{name}") for name in folders + files}
            for name in files:
                shutil.copyfile(f"{path}/{name}", f"{self.dir}/f-{self.inode(f'{path}/{name}')}")

    @staticmethod
    def inode(path):
        return os.lstat(path).st_ino

    def replay(self, choose):
        """The folders' names; choose(n) tells how many of n unsynced changes happened."""
        pending = {}
        names = f"{self.dir}/names"
        for line in open(names).read().splitlines() if os.path.exists(names) else []:
            what, inside, of, name, to = line.split(" ")
            inside = int(inside)
            if what == "mkdir":
                self.folders.setdefault(int(of), {})
            if what == "sync":
                for change in pending.pop(inside, []):
                    self.apply(inside, *change)
            else:
                pending.setdefault(inside, []).append((what, int(of), name, to))
        for inside, changes in pending.items():
            for change in changes[:choose(len(changes))]:
                self.apply(inside, *change)

    def apply(self, inside, what, of, name, to):
        entries = self.folders.setdefault(inside, {})
        if what in ("create", "mkdir"):
            entries[name] = of
        elif what == "unlink":
            entries.pop(name, None)
        elif what == "rename":
            entries.pop(name, None)
            entries[to] = of

    def contents(self):
        """{inode: what was last written}, also of files that have no name any more."""
        found = {}
        for path, _, files in os.walk(self.root):
            found.update({self.inode(f"{path}/{name}"): f"{path}/{name}" for name in files})
        for name in os.listdir(self.dir):
            if name.startswith("k-"):
                found.setdefault(int(name[2:]), f"{self.dir}/{name}")
        return {inode: open(path, "rb").read() for inode, path in found.items()}

    def synced(self, inode):
        path = f"{self.dir}/f-{inode}"
        return open(path, "rb").read() if os.path.exists(path) else b""

    @staticmethod
    def torn(old, new, rng):
        """Any part of what was written since: a size between, and new bytes in some ranges."""
        size = rng.choice([len(old), len(new), rng.randint(min(len(old), len(new)), max(len(old), len(new)))])
        out = bytearray(old[:size].ljust(size, b"\0"))
        marks = sorted(rng.randint(0, size) for _ in range(rng.choice([2, 2, 4])))
        for begin, end in zip(marks[::2], marks[1::2]):
            piece = new[begin:end]
            out[begin:begin + len(piece)] = piece
        return bytes(out)

    def cut(self, mode, rng):
        self.replay({"nothing": lambda n: 0, "names": lambda n: n, "random": lambda n: rng.randint(0, n)}[mode])
        new = self.contents()
        goal = f"{self.root}.after"
        self.build(self.inode(self.root), goal, mode, rng, new)
        shutil.rmtree(self.root)
        os.rename(goal, self.root)
        self.start()

    def build(self, inode, goal, mode, rng, new):
        os.mkdir(goal, 0o700)
        for name, of in self.folders.get(inode, {}).items():
            if of in self.folders:
                self.build(of, f"{goal}/{name}", mode, rng, new)
                continue
            data = self.synced(of)
            if mode == "random" and new.get(of, data) != data:
                data = self.torn(data, new[of], rng)
            with open(os.open(f"{goal}/{name}", os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                file.write(data)
