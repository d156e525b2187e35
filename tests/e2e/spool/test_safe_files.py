"""What another user of the machine may have put into the spool or the archive folder: links, FIFOs, other people's files."""
import json
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from crawls import assert_held
from harness import BUILD, SCRATCH, assert_synced

OTHER = 65534  # nobody
# What the extractor and the loader write in place, or read, in the folder of a table and in the spool's own.
IN_TABLE = ["lock", "acked.json", "dead-extract.ndjson"]
IN_SPOOL = ["breaker.json", "pace", "source.json", "spool.json", "runs-extract.ndjson", "catalog.json", "refetch.json"]


def root_only(test):
    """Nobody else can give files away."""
    return test if os.geteuid() == 0 else None


@pytest.fixture
def filled(sims, netty):
    """A spool with an open segment of two tables, and edits that the next run will fetch."""
    sim = sims("contacts:60,users:20")
    netty.extract("contacts", "users", sim=sim)
    for table in ("contacts", "users"):
        sim.edit(table, 5)
    return sim


def replace(path, what, tmp_path):
    """Puts it in the file's place; the file whose content must not change."""
    victim = tmp_path / "victim"
    victim.write_text("not to be touched\n")
    path.unlink(missing_ok=True)
    if what == "link":
        path.symlink_to(victim)
    elif what == "dangling":
        path.symlink_to(tmp_path / "nowhere")
    elif what == "fifo":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    elif what == "hard link":
        os.link(victim, path)
    return victim


def newest(netty, table, ending):
    return max((netty.spool / table).glob(f"0*{ending}"))


@pytest.mark.parametrize("what", ["link", "dangling", "fifo", "folder"])
@pytest.mark.parametrize("name", [*IN_TABLE, "segment", "journal"])
def test_in_the_place_of_a_tables_file(netty, filled, tmp_path, name, what):
    kinds = {"segment": ".ndjson", "journal": ".journal"}
    path = newest(netty, "contacts", kinds[name]) if name in kinds else netty.spool / "contacts" / name
    victim = replace(path, what, tmp_path)
    run = netty.extract("--retries", "1", "contacts", "users", sim=filled, code=None, timeout=60)
    assert victim.read_text() == "not to be touched\n" and not (tmp_path / "nowhere").exists()
    assert run.code in (0, 65, 73, 74, 77), run
    if run.code not in (0, 65):
        assert str(path) in run.err, run
    assert_held(netty, filled, "users")
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    if name not in kinds:  # a lost segment is healed, not fetched by itself
        netty.extract("contacts", "users", sim=filled)
        assert_held(netty, filled, "contacts", "users")


@pytest.mark.parametrize("what", ["link", "dangling", "fifo", "folder"])
@pytest.mark.parametrize("name", IN_SPOOL)
def test_in_the_place_of_a_file_of_the_spool(netty, filled, tmp_path, name, what):
    victim = replace(netty.spool / name, what, tmp_path)
    run = netty.extract("--retries", "1", "contacts", "users", sim=filled, code=None, timeout=60)
    assert victim.read_text() == "not to be touched\n" and not (tmp_path / "nowhere").exists()
    assert run.code in (0, 65, 66, 73, 74, 77, 78), run
    if run.code != 0:
        assert name in run.err, run


@pytest.mark.parametrize("what", ["link", "dangling", "fifo", "folder"])
@pytest.mark.parametrize("name", ["contacts/dead-load.ndjson", "contacts/segment", "contacts/journal", "loaded.json", "catalog.json",
                                  "runs-load.ndjson", "cache"])
def test_in_the_place_of_what_the_loader_uses(netty, db, filled, tmp_path, name, what):
    netty.load("--create-tables", db=db)
    netty.extract("contacts", "users", sim=filled)
    path = {"contacts/segment": lambda: newest(netty, "contacts", ".ndjson"),
            "contacts/journal": lambda: newest(netty, "contacts", ".journal"),
            "cache": lambda: next((netty.spool / "contacts").glob("unchanged-*"))}.get(name, lambda: netty.spool / name)()
    victim = replace(path, what, tmp_path)
    run = netty.load("--retries", "1", db=db, code=None, timeout=60)
    assert victim.read_text() == "not to be touched\n" and not (tmp_path / "nowhere").exists()
    assert run.code in (0, 65, 73, 74, 77), run
    if run.code not in (0, 65):
        assert str(path) in run.err, run
    assert_synced(filled, db, "users")


@pytest.mark.parametrize("program", ["extract", "load"])
def test_a_table_that_is_a_link_elsewhere(netty, db, filled, tmp_path, program):
    elsewhere = tmp_path / "elsewhere"
    (netty.spool / "contacts").rename(elsewhere)
    (netty.spool / "contacts").symlink_to(elsewhere)
    before = {path.name: path.read_bytes() for path in elsewhere.iterdir()}
    if program == "extract":
        run = netty.extract("contacts", "users", sim=filled, code=74)
        assert_held(netty, filled, "users")
    else:
        run = netty.load("--create-tables", "contacts", "users", db=db, code=74)
        assert db.value('SELECT count(*) FROM "netty-users"') == 20
    assert f"{netty.spool}/contacts is a symbolic link" in run.err, run
    assert before == {path.name: path.read_bytes() for path in elsewhere.iterdir()}


def test_the_spool_itself_may_be_a_link(netty, db, filled, tmp_path):
    """A person has put it there, and its parent is nobody else's."""
    netty.spool.rename(tmp_path / "real")
    netty.spool.symlink_to(tmp_path / "real")
    netty.extract("contacts", "users", sim=filled)
    netty.load("--create-tables", db=db)
    assert_synced(filled, db, "contacts", "users")
    netty.spool_tool("verify")


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
@pytest.mark.parametrize("name", ["lock", "segment", "journal", "acked.json"])
def test_a_file_that_others_can_write(netty, filled, name, mode):
    kinds = {"segment": ".ndjson", "journal": ".journal"}
    path = newest(netty, "contacts", kinds[name]) if name in kinds else netty.spool / "contacts" / name
    path.chmod(mode)
    run = netty.extract("contacts", "users", sim=filled, code=77)
    assert str(path) in run.err and "chmod go-w" in run.err
    assert_held(netty, filled, "users")
    path.chmod(0o600)
    netty.extract("contacts", "users", sim=filled)
    assert_held(netty, filled, "contacts", "users")


@root_only
@pytest.mark.parametrize("name", ["lock", "segment", "journal"])
def test_a_file_that_belongs_to_somebody_else(netty, filled, name):
    kinds = {"segment": ".ndjson", "journal": ".journal"}
    path = newest(netty, "contacts", kinds[name]) if name in kinds else netty.spool / "contacts" / name
    os.chown(path, OTHER, OTHER)
    run = netty.extract("contacts", "users", sim=filled, code=77)
    assert str(path) in run.err and "another user" in run.err
    assert_held(netty, filled, "users")
    netty.spool_tool("verify")  # root may read any


def snapshot(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_snapshot_made_of_hard_links_stays_as_it_is(netty, db, filled, tmp_path):
    """cp -al; what would be written in place is not, and the message names it."""
    netty.load("--create-tables", db=db)
    subprocess.run(["cp", "-al", netty.spool, tmp_path / "snapshot"], check=True)
    before = snapshot(tmp_path / "snapshot")
    extract = netty.extract("contacts", "users", sim=filled, code=None)
    load = netty.load(db=db, code=None)
    assert before == snapshot(tmp_path / "snapshot")
    for run in (extract, load):
        assert run.code in (0, 74), run
        assert run.code == 0 or "hard links" in run.err and str(netty.spool) in run.err, run
    netty.spool_tool("verify")
    shutil.rmtree(tmp_path / "snapshot")
    netty.extract("contacts", "users", sim=filled)
    netty.load(db=db)
    assert_synced(filled, db, "contacts", "users")


def test_the_archive_folder(netty, db, filled, tmp_path):
    netty.load("--create-tables", db=db)
    archive = netty.dir / "spool-archive"
    archive.symlink_to(tmp_path / "elsewhere")
    run = netty.load("archive", "--older-than", "0s", "--to-file", "contacts", db=db, code=None)
    assert run.code in (73, 74), run
    assert not (tmp_path / "elsewhere").exists() and str(archive) in run.err
    archive.unlink()
    netty.load("archive", "--older-than", "0s", "--to-file", "contacts", db=db)
    file = next(archive.glob("contacts-*"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    netty.load("restore", "--from-file", file, "contacts", db=db)
    assert db.value('SELECT count(*) FROM "netty-contacts"') == 60


@pytest.mark.parametrize("what", ["link", "fifo", "hard link"])
def test_in_the_place_of_an_archives_file(netty, db, filled, tmp_path, what):
    """check looks into them: it neither follows a link nor waits for a pipe."""
    netty.load("--create-tables", db=db)
    netty.load("archive", "--older-than", "0s", "--to-file", "contacts", db=db)
    file = next((netty.dir / "spool-archive").glob("contacts-*"))
    replace(file, what, tmp_path)
    run = netty.load("check", "contacts", db=db, code=None)
    assert run.code in (65, 74) and (what == "hard link" or str(file) in run.out + run.err), run
    assert (tmp_path / "victim").read_text() == "not to be touched\n"


def test_a_pipe_that_brings_nothing_is_not_waited_for(netty, db, filled, tmp_path):
    """A person may name a pipe; one that nobody writes to ends the command, with its name."""
    netty.load("--create-tables", db=db)
    netty.load("archive", "--older-than", "0s", "--to-file", "contacts", db=db)
    file = next((netty.dir / "spool-archive").glob("contacts-*"))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    run = netty.load("restore", "--from-file", pipe, "contacts", db=db, code=74)
    assert str(pipe) in run.err and "10 seconds" in run.err, run
    writer = subprocess.Popen(["sh", "-c", f"cat '{file}' > '{pipe}'"])
    netty.load("restore", "--from-file", pipe, "contacts", db=db)
    assert writer.wait(timeout=60) == 0
    assert db.value('SELECT count(*) FROM "netty-contacts"') == 60


# -- another user than the spool's

@root_only
def test_who_archives_is_the_folders_owner(netty, db, filled, tmp_path):
    netty.load("--create-tables", db=db)
    archive = tmp_path / "archive"
    archive.mkdir()
    os.chown(archive, OTHER, OTHER)
    netty.load("archive", "--older-than", "0s", "--to-file", "--dry-run", "--archive-dir", archive, "contacts", db=db)
    run = netty.load("archive", "--older-than", "0s", "--to-file", "--archive-dir", archive, "contacts", db=db, code=77)
    assert "runuser -u nobody -- netty-load" in run.err and str(archive) in run.err, run
    assert list(archive.iterdir()) == [] and db.value('SELECT count(*) FROM "netty-contacts"') == 60


@root_only
def test_who_writes_is_the_spools_owner(netty, db, filled):
    for path in (netty.spool, *netty.spool.rglob("*")):
        os.chown(path, OTHER, OTHER)
    before = {path: (path.stat().st_uid, path.stat().st_mtime_ns) for path in netty.spool.rglob("*")}
    db.create("contacts", "users")
    for program, arguments in (("netty-extract", ("contacts",)), ("netty-load", ("contacts",)), ("netty-load", ("replay",)),
                               ("netty-load", ("redrive",)), ("netty-load", ("catalog",)), ("netty-spool", ("heal",)),
                               ("netty-spool", ("prune",))):
        run = netty.run(program, *arguments, sim=filled, db=db, code=77)
        assert f"runuser -u nobody -- {program}" in run.err and str(netty.spool) in run.err, run
    assert before == {path: (path.stat().st_uid, path.stat().st_mtime_ns) for path in netty.spool.rglob("*")}
    assert db.value('SELECT count(*) FROM "netty-contacts"') == 0
    # Who only looks may be root.
    for arguments in (("status",), ("ls",), ("cat", "contacts"), ("verify",)):
        netty.spool_tool(*arguments)
    netty.extract("--dry-run", "contacts", sim=filled)
    netty.load("--dry-run", db=db)


def as_owner(netty, program, *arguments, sim=None, db=None):
    """The spool's own user, who is not root."""
    return subprocess.run(["setpriv", "--reuid", str(OTHER), "--regid", str(OTHER), "--clear-groups", BUILD / program, *arguments],
                          env=netty.environment(sim, db), cwd="/", capture_output=True, text=True, timeout=60)


def give_to_other(netty):
    netty.dir.chmod(0o755)
    for folder in netty.dir.parents:
        if str(folder).startswith(SCRATCH):
            folder.chmod(0o755)
    for path in (netty.spool, *netty.spool.rglob("*")):
        os.chown(path, OTHER, OTHER)


@root_only
def test_its_owner_runs_it(netty, filled):
    give_to_other(netty)
    done = as_owner(netty, "netty-extract", "contacts", "users", sim=filled)
    assert done.returncode == 0, done.stderr
    assert_held(netty, filled, "contacts", "users")


# -- what a person has named

def test_a_named_file_may_be_a_link_or_a_pipe(netty, filled, tmp_path):
    secret = tmp_path / "key"
    secret.write_text(netty.env["NETTY_API_KEY"] + "\n")
    secret.chmod(0o640)
    netty.secret_files.add(secret)
    (tmp_path / "link").symlink_to(secret)
    netty.secret_files.add(tmp_path / "link")
    without = {"NETTY_API_KEY": None}
    netty.extract("contacts", sim=filled, env={**without, "NETTY_API_KEY_FILE": tmp_path / "link"})
    (tmp_path / "conf").write_text("limit = 10\n")
    command = f'exec env NETTY_API_KEY_FILE=<(cat {secret}) "$0" --config <(cat {tmp_path}/conf) contacts'
    done = subprocess.run(["bash", "-c", command, BUILD / "netty-extract"], env=netty.environment(filled, env=without), cwd=netty.dir,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert_held(netty, filled, "contacts")


@pytest.mark.parametrize("setting", ["--config", "NETTY_API_KEY_FILE", "DATABASE_URL_FILE"])
def test_a_pipe_that_nobody_writes_into_is_not_waited_for_for_ever(netty, filled, spool_pipe, setting):
    if setting == "--config":
        run = netty.extract("--config", spool_pipe, "contacts", sim=filled, code=78, timeout=60)
    elif setting == "NETTY_API_KEY_FILE":
        run = netty.extract("contacts", sim=filled, code=78, timeout=60, env={"NETTY_API_KEY": None, setting: spool_pipe})
    else:
        run = netty.load(code=78, timeout=60, env={setting: spool_pipe})
    assert str(spool_pipe) in run.err and "nothing has come" in run.err, run


@pytest.fixture
def spool_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)
    return tmp_path / "pipe"


@pytest.mark.parametrize("mode, code", [(0o600, 0), (0o640, 0), (0o644, 78), (0o604, 78)])
def test_a_secret_is_not_readable_by_others(netty, filled, tmp_path, mode, code):
    secret = tmp_path / "key"
    secret.write_text(netty.env["NETTY_API_KEY"] + "\n")
    secret.chmod(mode)
    netty.secret_files.add(secret)
    run = netty.extract("contacts", sim=filled, code=code, env={"NETTY_API_KEY": None, "NETTY_API_KEY_FILE": secret})
    assert code == 0 or str(secret) in run.err and "chmod o-r" in run.err and "NETTY_API_KEY_FILE" in run.err


def test_a_configuration_file_with_a_password_is_not_readable_by_others(netty, db, filled):
    from harness import with_password
    conf = netty.dir / "netty.conf"
    conf.write_text(f"db = {with_password(db.url)}\n")
    netty.secret_files.add(conf)
    conf.chmod(0o644)
    run = netty.load("--create-tables", code=78)
    assert str(conf.name) in run.err and "chmod o-r" in run.err
    conf.chmod(0o640)
    netty.load("--create-tables")
    conf.write_text("limit = 10\n")
    conf.chmod(0o644)
    netty.extract("contacts", sim=filled)


@root_only
def test_a_secret_that_only_somebody_else_can_change_is_a_warning(netty, filled, tmp_path):
    """As container engines mount them: on a tmpfs that the engine has filled, or read-only."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        secret = Path(folder) / "key"
        secret.write_text(netty.env["NETTY_API_KEY"] + "\n")
        secret.chmod(0o444)
        env = {"NETTY_API_KEY": None, "NETTY_API_KEY_FILE": secret}
        netty.extract("contacts", sim=filled, env=env, code=78)
        os.chown(secret, OTHER, OTHER)
        run = netty.extract("contacts", sim=filled, env=env)
        assert "warn" in run.err and str(secret) in run.err
    mount = tmp_path / "secrets"
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "none", mount], capture_output=True).returncode != 0:
        return  # not within every container
    try:
        secret = mount / "key"
        secret.write_text(netty.env["NETTY_API_KEY"] + "\n")
        env["NETTY_API_KEY_FILE"] = secret
        netty.extract("contacts", sim=filled, env=env, code=78)
        subprocess.run(["mount", "-o", "remount,ro", mount], check=True)
        assert "warn" in netty.extract("contacts", sim=filled, env=env).err
    finally:
        subprocess.run(["umount", mount], check=True)


# What the loader needs to have of a table, and what only the extractor has to open.
READ = {"segment", "journal", "acked.json", "table"}


@root_only
@pytest.mark.parametrize("name", ["lock", *sorted(READ)])
def test_what_root_has_left_is_named_with_its_owner_and_the_chown_and_costs_its_table_only(netty, db, filled, name):
    """After `sudo netty-extract` of older programs, or a part of a spool that root has restored."""
    db.create("contacts", "users")
    kinds = {"segment": ".ndjson", "journal": ".journal"}
    folder = netty.spool / "contacts"
    path = folder if name == "table" else newest(netty, "contacts", kinds[name]) if name in kinds else folder / name
    give_to_other(netty)
    os.chown(path, 0, 0)
    runs = [as_owner(netty, "netty-extract", "contacts", "users", sim=filled), as_owner(netty, "netty-load", db=db)]
    for run, needed in zip(runs, (True, name in READ)):
        assert run.returncode == (77 if needed else 0), run
        assert not needed or f"{path}, which belongs to root, not to nobody; as root: chown -R nobody: {folder}" in run.stderr, run.stderr
    assert_held(netty, filled, "users")
    assert_synced(filled, db, "users")
    # The others are seen, and what is the matter with this one.
    status = as_owner(netty, "netty-spool", "status", "--json")
    shown = [json.loads(line) for line in status.stdout.splitlines()]
    assert "users" in [row["table"] for row in shown if "table" in row], status
    if name in READ and name != "segment":  # which status has no need of
        reason, = [row for row in shown if row.get("verdict") == "unreadable"]
        assert reason["of"] == "contacts" and f"as root: chown -R nobody: {folder}" in reason["says"] and status.returncode == 77
    else:
        assert {row["of"] for row in shown if row.get("verdict") == "failing"} == {"contacts"} and status.returncode == 77, status
    # As it says.
    for each in (folder, *folder.rglob("*")):
        os.chown(each, OTHER, OTHER)
    assert as_owner(netty, "netty-extract", "contacts", "users", sim=filled).returncode == 0
    assert as_owner(netty, "netty-load", db=db).returncode == 0
    assert_synced(filled, db, "contacts", "users")


@root_only
@pytest.mark.parametrize("what", ["all", "spool.json"])
def test_a_spool_that_root_has_restored_says_whose_it_is_and_what_to_do(netty, db, filled, what):
    db.create("contacts", "users")
    give_to_other(netty)
    for path in (netty.spool, *netty.spool.rglob("*")) if what == "all" else (netty.spool / what,):
        os.chown(path, 0, 0)
    for program, arguments in (("netty-extract", ("contacts",)), ("netty-load", ()), ("netty-spool", ("status",))):
        run = as_owner(netty, program, *arguments, sim=filled, db=db)
        assert run.returncode == 77 and "belongs to root, not to nobody" in run.stderr, run
        assert f"as root: chown -R nobody: {netty.spool}\n" in run.stderr.replace('"', "\n"), run.stderr
