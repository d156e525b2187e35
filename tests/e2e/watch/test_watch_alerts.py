"""The alert rules: what fires when a program, a series or a table is gone, and what does not fire while all is well."""
import re
import shutil
import subprocess

from harness import ROOT

RULES = ROOT / "shared/monitoring/alerts.yml"
TESTS = ROOT / "tests/e2e/watch/alerts_test.yml"


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


def rules():
    """{alert: {annotation: text}}."""
    return {rule.split("\n")[0]: dict(re.findall(r'(?m)^          (\w+): "(.*)"$', rule))
            for rule in RULES.read_text().split("      - alert: ")[1:]}


def test_every_rule_is_tried_when_it_fires_and_so_are_its_words_in_both_languages():
    said = {}
    for fired in TESTS.read_text().split("        alertname: ")[1:]:
        said[fired.split("\n")[0]] = set(re.findall(r'(?m)^ +(\w+): "', fired.split("- eval_time")[0].split("  - name")[0]))
    assert said == dict.fromkeys(rules(), {"summary", "description", "summary_fr", "description_fr"})


def test_what_an_alert_says_stands_there_in_french_too():
    """Rules know no browser: Alertmanager's template chooses the annotation. The same figures and commands stand in both."""
    assert len(rules()) >= 19
    for alert, said in rules().items():
        assert list(said) == ["summary", "description", "summary_fr", "description_fr"], alert
        for name in ("summary", "description"):
            english, french = said[name], said[name + "_fr"]
            assert sorted(re.findall(r"\{\{.*?\}\}", english)) == sorted(re.findall(r"\{\{.*?\}\}", french)), (alert, french)
            for exact in (r"`[^`]*`", r"(?<!\w)--[a-z-]+", r"event=\w+", r"netty-\w+", r"\b\d+\b"):
                assert sorted(re.findall(exact, english)) == sorted(re.findall(exact, french.replace("POURCENT", "PERCENT"))), (alert, french)
            assert not re.search(r"\b(the|is|of|and|does|whether|records?|runs?|database|it|than)\b", re.sub(r"`[^`]*`|\{\{.*?\}\}", "", french)), french
            assert not re.search(r"[ \w][:;?!](?=\s|$)|'", french.replace("\\u00a0", "\u00a0").replace("\\u202f", "\u202f")), (alert, "no-break space")


def test_a_rule_that_is_wrong_is_found(tmp_path):
    shutil.copy(TESTS, tmp_path / "alerts_test.yml")
    (tmp_path / "alerts.yml").write_text(RULES.read_text().replace("absent(netty_load_build_info)", "absent(netty_load_build)"))
    done = subprocess.run(["promtool", "test", "rules", "alerts_test.yml"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
