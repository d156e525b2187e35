"""The alert rules: what fires when a program, a series or a table is gone, and what does not fire while all is well."""
import re
import shutil
import subprocess

from harness import ROOT

RULES = ROOT / "shared/monitoring/alerts.yml"
TESTS = ROOT / "tests/e2e/alerts_test.yml"


def run(tmp_path):
    shutil.copy(RULES, tmp_path / "alerts.yml")
    shutil.copy(TESTS, tmp_path / "alerts_test.yml")
    return subprocess.run(["promtool", "test", "rules", "alerts_test.yml"], cwd=tmp_path, capture_output=True, text=True)


def test_the_rules_fire_when_they_must(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_is_tried_while_all_is_well():
    alerts = set(re.findall(r"alert: (\w+)", RULES.read_text()))
    quiet = TESTS.read_text().split("- name: the programs are gone")[0]
    assert alerts - set(re.findall(r"alertname: (\w+)", quiet)) <= {"NettyApiErrors", "NettyDatabaseErrors"}, "counters of errors"


def test_a_rule_that_is_wrong_is_found(tmp_path):
    shutil.copy(TESTS, tmp_path / "alerts_test.yml")
    (tmp_path / "alerts.yml").write_text(RULES.read_text().replace("absent(netty_load_build_info)", "absent(netty_load_build)"))
    done = subprocess.run(["promtool", "test", "rules", "alerts_test.yml"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
