"""Every rule of tests/lint/arrows.py and house.txt is broken in a copy of the tree, and seen to be refused."""
import re
import shutil
import subprocess
import sys

import pytest

from harness import ROOT

ROOMS = ("extract", "load", "spool", "shared")
LINT = ROOT / "tests/lint"


class Copy:
    """The rooms' C files and the order, to be broken."""

    def __init__(self, directory):
        self.dir = directory
        self.order = directory / "house.txt"
        shutil.copyfile(LINT / "house.txt", self.order)
        for room in ROOMS:
            for path in (ROOT / room).rglob("*.[ch]"):
                copy = directory / path.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)

    def write(self, path, *included):
        file = self.dir / path
        file.parent.mkdir(exist_ok=True)
        file.write_text("".join(f'#include "{header}"\n' for header in included))

    def include(self, path, header):
        file = self.dir / path
        assert file.exists() and (self.dir / header).exists(), (path, header)
        file.write_text(f'#include "{header}"\n' + file.read_text())

    def declare(self, line):
        self.order.write_text(f"{self.order.read_text()}\n{line}\n")

    def breaches(self, code=1):
        done = subprocess.run([sys.executable, LINT / "arrows.py", "--floors", self.order, self.dir], text=True, capture_output=True)
        assert done.returncode == code, done.stdout + done.stderr
        return [line.removeprefix("arrows: ") for line in (done.stdout + done.stderr).splitlines() if line.startswith("arrows: ")]


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


def test_the_tree_as_it_is_breaks_none(copy):
    assert copy.breaches(0) == []


def test_a_circle_of_includes_within_a_folder(copy):
    copy.write("shared/base/one.h", "shared/base/other.h")
    copy.write("shared/base/other.h", "shared/base/one.h")
    assert copy.breaches() == ["a circle: shared/base/one shared/base/other"]


def test_a_circle_that_only_the_sources_close(copy):
    """X.c counts with X.h: what one header needs of the other, the other's source may not need back."""
    copy.write("shared/base/one.h", "shared/base/other.h")
    copy.write("shared/base/other.h")
    copy.write("shared/base/other.c", "shared/base/one.h")
    assert copy.breaches() == ["a circle: shared/base/one shared/base/other"]


def test_an_arrow_upward(copy):
    copy.include("spool/format/json_fields.c", "spool/segment/segment.h")
    found = copy.breaches()
    assert "spool/format (floor 1) uses spool/segment (floor 2)" in found
    assert any(breach.startswith("a circle of folders: ") for breach in found), found


def test_an_arrow_to_a_folder_of_the_same_floor(copy):
    copy.include("shared/json/json_record.c", "shared/time/when.h")
    breach, = copy.breaches()
    floors = re.fullmatch(r"shared/json \(floor (\d+)\) uses shared/time \(floor (\d+)\)", breach)
    assert floors and floors[1] == floors[2], breach


def test_another_folders_private_header(copy):
    copy.include("extract/run/fetch_run.c", "extract/table/table_fetch_private.h")
    assert copy.breaches() == ["extract/run/fetch_run.c includes extract/table/table_fetch_private.h, which is private to "
                               "extract/table"]


def test_a_private_header_of_a_folder_that_names_no_door(copy):
    copy.write("spool/format/thing_private.h")
    copy.include("spool/segment/segment.c", "spool/format/thing_private.h")
    assert copy.breaches() == ["spool/segment/segment.c includes spool/format/thing_private.h, which is private to spool/format"]


def test_a_header_that_is_not_at_the_folders_door(copy):
    copy.write("spool/reader/thing.h")
    copy.include("spool/cli/cat_command.c", "spool/reader/thing.h")
    assert copy.breaches() == ["spool/cli/cat_command.c includes spool/reader/thing.h, which is private to spool/reader"]


def test_a_folder_without_a_floor(copy):
    copy.write("load/misc/helpers.c", "shared/base/err.h")
    assert copy.breaches() == ["load/misc has no floor"]


@pytest.mark.parametrize("path, header, rooms", [
    ("shared/base/err.c", "spool/format/page.h", "shared must not know spool"),
    ("spool/status/health.c", "load/row/row.h", "spool must not know load"),
    ("extract/table/table_fetch.c", "load/row/row.h", "extract must not know load"),
    ("load/table/table_load.c", "extract/api/rate_limit.h", "load must not know extract"),
])
def test_a_room_that_must_not_know_another(copy, path, header, rooms):
    copy.include(path, header)
    assert f"{path} includes {header}: {rooms}" in copy.breaches()


def test_a_debt_is_borne_until_it_is_paid(copy):
    copy.include("shared/json/json_record.c", "shared/time/when.h")
    copy.declare("owe shared/json shared/time")
    assert copy.breaches(0) == []


def test_a_paid_debt_has_to_be_struck(copy):
    copy.declare("owe shared/base shared/cli")
    assert copy.breaches() == ["the debt shared/base -> shared/cli is paid: strike it"]


def test_a_circle_that_is_owed_is_borne_and_an_open_one_has_to_be_struck(copy):
    copy.declare("owe-circle shared/base/one shared/base/other")
    assert copy.breaches() == ["the circle is open: strike it: shared/base/one shared/base/other"]
    copy.write("shared/base/one.h", "shared/base/other.h")
    copy.write("shared/base/other.h", "shared/base/one.h")
    assert copy.breaches(0) == []


def test_an_order_that_cannot_be_read_is_wrong_use(copy):
    copy.declare("flor shared 1 base")
    assert "not understood: flor shared 1 base" in copy.breaches(2)[0]
