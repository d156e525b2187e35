"""A slice of the allocation sweep (tests/crash/alloc.py; `make campaign-alloc` is the whole): every 97th allocation fails."""
import os
import subprocess
import sys
import tempfile

import pytest

from harness import ROOT

sys.path.insert(0, str(ROOT / "tests/crash"))
import alloc  # noqa: E402


@pytest.mark.release
def test_it_ends_as_documented_where_memory_runs_out_and_the_next_run_is_complete(postgres, tmp_path):
    done = subprocess.run(["make", "-s", "crash-lib"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tmp_path
    with tempfile.TemporaryDirectory(prefix="netty-alloc-", dir=memory) as directory:
        table = alloc.run(directory, postgres, step=97)
    assert not table.failures, "\n".join(map(str, table.failures[:5]))
    tried = {program for _, program in table.tried}
    assert tried == {"extract", "load", "verify", "heal", "check"}
    # Half of them at least are failures that the run could not go on after.
    codes = sum(table.codes.values(), start=type(next(iter(table.codes.values())))())
    assert codes["exit 70"] >= sum(table.tried.values()) / 2, codes
