#!/usr/bin/env python3
"""Measures the include arrows of the C code, and holds them to a declared order.

usage: arrows.py [--floors FILE] [--calls DIR] [--list] [ROOT]

Reads every #include "..." of the .c and .h files below extract, load, spool and shared, at the current folder or at
ROOT. Prints for each of these rooms how many files, units, floors, arrows and circles it has.

  unit     X.c together with X.h and X_private.h.
  arrow    A -> B: a file of A includes a header of B. With --calls also: an object of A calls a function of B. Calls are
           read with nm from the objects below DIR, such as build/obj.
  circle   units, or folders, that can reach each other along arrows.
  floors   the number of units, or folders, on the longest chain of arrows; a circle counts as one.

--list prints each arrow between two folders, and the number of includes and calls behind it.

FILE declares the order, one statement a line; # begins a comment:

  floor ROOM N FOLDER ...    these folders of the room lie on floor N; arrows go to a lower floor only
  public FOLDER HEADER ...   other folders may include these headers only; without this line all but *_private.h
  may ROOM ROOM ...          the first room may include the others; without this line any
  owe FROM TO                an arrow between two folders that breaks the order and is not mended yet
  owe-circle UNIT ...        a circle of units (exactly these) that is not opened yet

A debt (owe, owe-circle) that is paid is a breach too: its line has to go.

Exit code 0: nothing to object to. 1: a circle of includes between units, a circle of folders, or, with --floors, an
arrow against the order, a private header included from another folder, or a folder without a floor; one line a breach.
2: wrong use. Units of one folder that call each other in a circle are shown with --calls; that is no breach.
"""
import argparse
import pathlib
import re
import subprocess
import sys
from collections import Counter, defaultdict

ROOMS = ("extract", "load", "spool", "shared")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)
PRIVATE = re.compile(r"_private\.h$")


def usage(message):
    print(f"arrows: {message}", file=sys.stderr)
    sys.exit(2)


def folder(path):
    return path.rpartition("/")[0]


def room(path):
    return path.partition("/")[0]


class Graph:
    """Nodes and arrows between them."""

    def __init__(self, nodes=()):
        self.arrows = {node: set() for node in nodes}

    def add(self, start, end):
        if start != end:
            self.arrows.setdefault(start, set()).add(end)
            self.arrows.setdefault(end, set())

    def within(self, nodes):
        part = Graph(nodes)
        for node in part.arrows:
            part.arrows[node] = self.arrows.get(node, set()) & part.arrows.keys()
        return part

    def count(self):
        return sum(len(ends) for ends in self.arrows.values())

    def components(self):
        """The strongly connected components, what is pointed at first (Tarjan's algorithm, without recursion)."""
        order, low, stack, result = {}, {}, [], []
        for root in sorted(self.arrows):
            work = [] if root in order else [(root, None)]
            while work:
                node, ends = work.pop()
                if ends is None:
                    order[node] = low[node] = len(order)
                    stack.append(node)
                    ends = iter(sorted(self.arrows[node]))
                for end in ends:
                    if end not in order:
                        work += [(node, ends), (end, None)]
                        break
                    if end in stack:
                        low[node] = min(low[node], low[end])
                else:
                    if low[node] == order[node]:
                        at = stack.index(node)
                        result.append(sorted(stack[at:]))
                        del stack[at:]
                    if work:
                        low[work[-1][0]] = min(low[work[-1][0]], low[node])
        return result

    def circles(self):
        return [part for part in self.components() if len(part) > 1]

    def floors(self):
        height = {}
        for part in self.components():
            below = {end for node in part for end in self.arrows[node]} - set(part)
            height.update(dict.fromkeys(part, 1 + max((height[end] for end in below), default=0)))
        return max(height.values(), default=0)


class Tree:
    """The C files of a checkout, and the arrows between their units and folders."""

    def __init__(self, root):
        root = pathlib.Path(root)
        self.files = sorted(path.relative_to(root).as_posix() for name in ROOMS for path in (root / name).rglob("*.[ch]"))
        self.known = set(self.files)
        self.includes = [(file, header) for file in self.files for header in self.headers_of(root, file)]
        self.units = {self.unit(file) for file in self.files}
        self.folders = {folder(file) for file in self.files}
        self.by_include, self.by_all = Graph(self.units), Graph(self.units)
        self.between_folders = Counter()
        for file, header in self.includes:
            self.by_include.add(self.unit(file), self.unit(header))
            self.add(file, header)

    def headers_of(self, root, file):
        for name in INCLUDE.findall((root / file).read_text(encoding="utf-8")):
            beside = f"{folder(file)}/{name}"
            if name in self.known or beside in self.known:
                yield name if name in self.known else beside

    def unit(self, file):
        owner = PRIVATE.sub(".c", file)
        return (owner if owner in self.known else file)[:-2]

    def add(self, start, end):
        self.by_all.add(self.unit(start), self.unit(end))
        if folder(start) != folder(end):
            self.between_folders[folder(start), folder(end)] += 1

    def add_calls(self, objects):
        """Reads each object's symbols; returns how many objects there were."""
        defined, called = defaultdict(list), {}
        for file in self.files:
            path = pathlib.Path(objects, file).with_suffix(".o")
            if not file.endswith(".c") or not path.exists():
                continue
            called[file] = set()
            symbols = subprocess.run(["nm", "-P", path], capture_output=True, text=True, check=True).stdout
            for symbol, kind in (line.split()[:2] for line in symbols.splitlines()):
                if kind == "U":
                    called[file].add(symbol)
                elif kind in "TDRBGVC":
                    defined[symbol].append(file)
        for file, symbols in called.items():
            for symbol in symbols & defined.keys():
                # Two programs may each have a function of this name: the caller's own room is meant.
                self.add(file, min(defined[symbol], key=lambda home: room(home) != room(file)))
        return len(called)

    def graph_of_folders(self):
        graph = Graph(self.folders)
        for start, end in self.between_folders:
            graph.add(start, end)
        return graph


class Order:
    """What the file of --floors declares."""

    def __init__(self, path):
        self.floor, self.public, self.may = {}, {}, {}
        self.owed, self.owed_circles = set(), set()
        try:
            lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
        except OSError as error:
            usage(error)
        for number, line in enumerate(lines, 1):
            words = line.partition("#")[0].split()
            try:
                if words:
                    self.take(*words)
            except (TypeError, ValueError):
                usage(f"{path}:{number}: not understood: {line.strip()}")

    def take(self, statement, first, *rest):
        if statement == "floor":
            number, *folders = rest
            self.floor.update({first if name == "." else f"{first}/{name}": int(number) for name in folders})
        elif statement == "public":
            self.public[first] = {f"{first}/{header}" for header in rest}
        elif statement == "may":
            self.may[first] = {first, *rest}
        elif statement == "owe":
            end, = rest
            self.owed.add((first, end))
        elif statement == "owe-circle":
            self.owed_circles.add(tuple(sorted((first, *rest))))
        else:
            raise ValueError(statement)

    def hides(self, header):
        home = folder(header)
        return header not in self.public[home] if home in self.public else bool(PRIVATE.search(header))

    def breaches(self, tree):
        for name in sorted(tree.folders - self.floor.keys()):
            yield f"{name} has no floor"
        for file, header in tree.includes:
            if folder(file) != folder(header) and self.hides(header):
                yield f"{file} includes {header}, which is private to {folder(header)}"
            if room(header) not in self.may.get(room(file), ROOMS):
                yield f"{file} includes {header}: {room(file)} must not know {room(header)}"
        against = {(start, end) for start, end in tree.between_folders if room(start) == room(end)
                   and self.floor.get(start, 0) <= self.floor.get(end, 0)}
        for start, end in sorted(against - self.owed):
            yield f"{start} (floor {self.floor.get(start)}) uses {end} (floor {self.floor.get(end)})"
        for start, end in sorted(self.owed - against):
            yield f"the debt {start} -> {end} is paid: strike it"


def report(tree, folders):
    """Prints the four rooms; returns the circles of units that includes make, and those of folders."""
    unit_circles, folder_circles = [], []
    for name in ROOMS:
        units = tree.by_all.within(unit for unit in tree.units if room(unit) == name)
        included = tree.by_include.within(units.arrows).circles()
        print(f"{name}: {sum(room(file) == name for file in tree.files)} files, {len(units.arrows)} units, "
              f"{units.floors()} floors, {units.count()} arrows, {len(units.circles())} circles")
        for circle in included:
            print("    circle: " + " ".join(circle))
        for circle in units.circles():
            if circle not in included:
                print("    circle of calls: " + " ".join(circle))
        own = folders.within(part for part in tree.folders if room(part) == name)
        print(f"    {len(own.arrows)} folders, {own.floors()} floors, {own.count()} arrows between folders, "
              f"{len(own.circles())} circles")
        for circle in own.circles():
            print("    circle of folders: " + " ".join(circle))
        unit_circles += included
        folder_circles += own.circles()
    return unit_circles, folder_circles


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", nargs="?", default=".")
    parser.add_argument("--floors", metavar="FILE")
    parser.add_argument("--calls", metavar="DIR")
    parser.add_argument("--list", action="store_true")
    given = parser.parse_args()
    order = Order(given.floors) if given.floors else None
    tree = Tree(given.root)
    if not tree.files:
        usage(f"there is no C code below {given.root}")
    if given.calls and tree.add_calls(given.calls) == 0:
        usage(f"there are no objects of these files below {given.calls}")
    folders = tree.graph_of_folders()
    unit_circles, folder_circles = report(tree, folders)
    if given.list:
        for (start, end), weight in sorted(tree.between_folders.items()):
            print(f"{start} -> {end} {weight}")
    owed = order.owed if order else set()
    owed_circles = order.owed_circles if order else set()
    breaches = ["a circle of folders: " + " ".join(circle) for circle in folder_circles
                if not any((start, end) in owed for start in circle for end in circle)]
    breaches += ["a circle: " + " ".join(circle) for circle in unit_circles if tuple(circle) not in owed_circles]
    breaches += ["the circle is open: strike it: " + " ".join(circle)
                 for circle in sorted(owed_circles - {tuple(circle) for circle in unit_circles})]
    breaches += order.breaches(tree) if order else []
    for breach in breaches:
        print(f"arrows: {breach}")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
