"""The example that mails how a service has ended: when that has changed, and not every ten minutes."""
import os
import subprocess

import pytest

from harness import ROOT

FOLDER = ROOT / "shared/monitoring"
LINE = '2026-11-30T00:03:16.792+01:00 error table not complete table=contacts requests={} error="{}"\n'


@pytest.fixture
def ended(tmp_path):
    """The script with stand-ins for what a test must not touch, the journal and the mail; called for each end of a service: the
    mails that it sends."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "state").mkdir()
    for name, text in (("journalctl", f"cat {tmp_path}/journal"),
                       ("mail", f'{{ printf "%s\\n" "$@"; cat; }} >{tmp_path}/mail.$$; echo {tmp_path}/mail.$$ >>{tmp_path}/mails')):
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / "bin" / name).chmod(0o755)

    def end(code, journal="", unit="netty-extract.service"):
        (tmp_path / "journal").write_text(journal)
        (tmp_path / "mails").unlink(missing_ok=True)
        done = subprocess.run(["sh", FOLDER / "netty-mail", unit], text=True, capture_output=True, env={
            "PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "STATE_DIRECTORY": str(tmp_path / "state"), "MAILTO": "office",
            "MONITOR_EXIT_STATUS": str(code), "MONITOR_SERVICE_RESULT": "success" if code in (0, 75) else "exit-code"})
        assert (done.returncode, done.stderr) == (0, ""), done
        if not (tmp_path / "mails").exists():
            return None
        sent = (tmp_path / "mails").read_text().split()
        assert len(sent) == 1
        return open(sent[0]).read()
    return end


def test_the_first_failure_is_mailed_with_its_error_and_what_to_do(ended):
    text = ended(77, "2026-11-30T00:03:16.700+01:00 info begun\n" + LINE.format(1, "the key is refused"))
    assert "the key is refused" in text and "exit code 77" in text and "netty-spool status" in text and "office" in text and "begun" not in text


def test_the_same_failure_is_not_mailed_again(ended):
    assert ended(77, LINE.format(1, "the key is refused"))
    assert ended(77, LINE.format(1, "the key is refused")) is None
    assert ended(77, LINE.format(27, "the key is refused")) is None, "a count has changed, and nothing else"


def test_another_code_or_message_is_mailed(ended):
    assert ended(69, LINE.format(1, "no answer"))
    assert ended(77, LINE.format(1, "no answer"))
    assert ended(77, LINE.format(1, "the key is refused"))
    assert ended(77, LINE.format(1, "the key is refused")) is None


def test_a_service_that_is_well_again_is_told_once(ended):
    assert ended(0) is None, "there was nothing to tell of"
    assert ended(69, LINE.format(1, "no answer"))
    assert "well again" in ended(0)
    assert ended(0) is None
    assert ended(69, LINE.format(1, "no answer")), "it is news again"


def test_services_are_told_apart(ended):
    assert ended(69, LINE.format(1, "no answer"))
    assert ended(69, LINE.format(1, "no answer"), unit="netty-load.service")
    assert ended(0, unit="netty-load.service") and ended(69, LINE.format(1, "no answer")) is None


def test_a_failure_that_says_nothing_is_mailed_too(ended):
    assert "exit code 70" in ended(70)
    assert ended(70) is None


def test_systemd_takes_the_example(tmp_path):
    for unit in (ROOT / "extract/systemd/netty-extract.service", FOLDER / "netty-mail@.service"):
        (tmp_path / unit.name).write_text(unit.read_text().replace("/usr/bin/netty-extract", "/bin/true"))
    (tmp_path / "netty-extract.service.d").mkdir()
    (tmp_path / "netty-extract.service.d/mail.conf").write_text((FOLDER / "netty-mail.conf").read_text())
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", tmp_path / "netty-extract.service", tmp_path / "netty-mail@.service"],
                          capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_package_has_rules_dashboard_and_this():
    shipped = (ROOT / "shared/debian/netty-sync.examples").read_text().split()
    assert {f"shared/monitoring/{path.name}" for path in FOLDER.iterdir() if path.name != "README.md"} <= set(shipped)
    assert all((ROOT / path).is_file() for path in shipped)
