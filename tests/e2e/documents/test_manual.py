"""Man pages and completion, as built: whole, well-formed, and true of the programs."""
import os
import pty
import re
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from harness import BUILD, ROOT

PROGRAMS = ("netty-extract", "netty-load", "netty-spool")
PAGES = [f"{program}.1" for program in PROGRAMS] + ["netty.conf.5", "netty-log.7"]


def rendered(page):
    done = subprocess.run(["mandoc", "-Tutf8", "-O", "width=200", BUILD / "man" / page], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return re.sub(".\b", "", done.stdout)


def table():
    """The option table's own words: {name: has an environment name}."""
    blocks = re.findall(r"\{OPT_\w+,.*?\},\n(?=\n|\};)", (ROOT / "shared/options/option_table.c").read_text(), re.S)
    found = {}
    for block in blocks:
        name, env = re.match(r'\{OPT_\w+, OPTION_\w+, "([\w-]+)",\s*(NULL|"\w+")', block).groups()
        programs = re.search(r"\.programs = ([\w| ]+)", block)[1]
        found[name] = (env != "NULL", [program for program, word in zip(PROGRAMS, ("EXTRACT", "LOAD", "SPOOL"))
                                       if word in programs or "ALL" in programs], "NO_SWITCH" in block)
    assert len(found) > 40
    return found


@pytest.mark.parametrize("page", PAGES)
def test_mandoc_finds_nothing_to_say(page):
    done = subprocess.run(["mandoc", "-Tlint", "-W", "style", BUILD / "man" / page], capture_output=True, text=True)
    # Whether other pages are installed is the machine's affair; test_pages_name_pages_that_exist looks at ours.
    said = [line for line in (done.stdout + done.stderr).splitlines()
            if "referenced manual not found" not in line and "mandoc.db" not in line]
    assert not said


def test_pages_name_pages_that_exist():
    for page in PAGES:
        for name, section in re.findall(r"(?m)^\.Xr (netty[\w.-]*) (\d)", (BUILD / "man" / page).read_text()):
            assert f"{name}.{section}" in PAGES, (page, name)


def test_each_option_is_in_the_pages_of_its_programs_and_in_no_other():
    pages = {program: rendered(f"{program}.1") for program in PROGRAMS}
    settings = rendered("netty.conf.5")
    for name, (has_env, programs, no_switch) in table().items():
        for program, text in pages.items():
            entry = rf"(?m)^ {{5}}{name} =" if no_switch else rf"(?m)^ {{5}}--{name}\b(?!-)"
            assert bool(re.search(entry, text)) == (program in programs), (name, program)
        if name != "config":
            assert bool(re.search(rf"(?m)^ +{name} =", settings)) == has_env, name


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_and_page_say_the_same(netty, program):
    """The words of --help, but for how they are laid out, are in the page."""
    words = re.findall(r"(?m)^  (--[\w-]+)", netty.run(program, "--help").out)
    page = rendered(f"{program}.1")
    assert len(words) > 10 and all(re.search(rf"(?m)^ +{word}\b", page) for word in words)


def test_each_command_of_the_table_exists(netty, spool):
    spool.table("contacts").page([{"contact_id": 1}])
    names = re.findall(r'\{PROGRAM_SPOOL, "(\w+)"', (ROOT / "shared/options/command_table.c").read_text())
    assert len(names) >= 9
    for name in names:
        run = netty.spool_tool(name, code=None)
        assert "there is no command" not in run.err, name
    assert "there is no command nonsense" in netty.spool_tool("nonsense", code=64).err


def tree(folder):
    """All that lies there, but for the lock that readers take, too."""
    return {path.relative_to(folder): path.is_file() and path.read_bytes() for path in folder.rglob("*")}


def test_the_page_names_the_commands_that_change_the_spool_and_no_others(netty, spool, db, tmp_path):
    """Each command, where it has something to do: damage, dead letters, loaded pages that are old."""
    page = subprocess.run(["mandoc", "-T", "ascii", BUILD / "man/netty-spool.1"], capture_output=True, text=True).stdout
    said = " ".join(re.sub(".\b", "", page).split()).split("Only ")[1].split(" change anything there")[0]
    told = {words.strip() for words in re.split(", | and ", said)}
    db.create("contacts", "users")
    for table, key in (("contacts", "contact_id"), ("users", "user_id")):
        for n in (1, 2, 3):
            spool.table(table).page([{key: n}, '"no record"'])
            spool.table(table).seal(compress=True)
    netty.load(db=db, code=65)
    words = {"report": ("--html", tmp_path / "page.html"), "cat": ("contacts",), "history": ("contacts", "1"), "forget": ("users",),
             "dead --dismiss": ("contacts",), "prune": ("--spool-keep", "0s")}
    names = re.findall(r'\{PROGRAM_SPOOL, "(\w+)"', (ROOT / "shared/options/command_table.c").read_text())
    changing = set()
    # What changes most comes last; heal has damage to mend.
    for name in [*(name for name in names if name not in told), "dead --dismiss", "heal", "prune", "forget"]:
        if name == "heal":
            damaged = sorted((netty.spool / "contacts").glob("*.ndjson*"))[1]
            damaged.write_bytes(b"\0" + damaged.read_bytes()[1:])
        before = tree(netty.spool)
        netty.spool_tool(*name.split(), *words.get(name, ()), env={"DATABASE_URL": db.url}, code=None)
        if tree(netty.spool) != before:
            changing.add(name)
    assert changing == told


def undocumented(tmp_path, file, old, new):
    """The generator's answer where a table lacks something."""
    changed = tmp_path / Path(file).name
    text = (ROOT / file).read_text()
    assert old in text
    changed.write_text(text.replace(old, new, 1))
    sources = [next((ROOT / "shared").rglob(f"{name}.c")) for name in ("option_table", "command_table", "err", "utf8", "units")
               if f"{name}.c" != changed.name]
    program = tmp_path / "netty-manual"
    subprocess.run(["gcc", "-std=c11", "-D_GNU_SOURCE", f"-I{ROOT}", '-DNETTY_VERSION="0"', "-o", program, changed,
                    *sources, *ROOT.glob("shared/manual/*.c")], check=True)
    with open(ROOT / "spool/netty-spool.1.in") as template:
        return subprocess.run([program, "page", "netty-spool"], stdin=template, capture_output=True, text=True)


def test_an_option_without_help_does_not_build(tmp_path):
    done = undocumented(tmp_path, "shared/options/option_table.c", '.help = "Log warnings and errors only."', ".help = NULL")
    assert done.returncode == 1 and "quiet has no help" in done.stderr


def test_a_command_without_example_does_not_build(tmp_path):
    done = undocumented(tmp_path, "shared/options/command_table.c", '.example = "netty-spool verify"', ".example = NULL")
    assert done.returncode == 1 and "verify" in done.stderr


def test_a_page_without_its_mark_does_not_build(tmp_path):
    generator = BUILD / "netty-manual"
    text = (ROOT / "spool/netty-spool.1.in").read_text()
    for mark in ("@OPTIONS@", "@COMMANDS@", "@EXIT@"):
        done = subprocess.run([generator, "page", "netty-spool"], input=text.replace(mark, ""), capture_output=True, text=True)
        assert done.returncode == 1 and mark in done.stderr
    done = subprocess.run([generator, "page", "netty-spool"], input=text + "@SETTINGS@\n", capture_output=True, text=True)
    assert done.returncode == 1


def test_what_the_readme_and_the_examples_type_exists():
    """Each option of each command line that documentation shows is one of that program's, and each command one."""
    options = table()
    commands = set(re.findall(r'\{PROGRAM_SPOOL, "([\w-]+)"', (ROOT / "shared/options/command_table.c").read_text()))
    texts = [*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("*/*.in"), *ROOT.glob("shared/debian/*.README.Debian"),
             *ROOT.glob("*/systemd/*.service"), *ROOT.glob("shared/pair/netty.cron")]
    seen = 0
    for path in texts:
        text = path.read_text().replace("\\-", "-").replace("\\\n", " ")
        for line in re.findall(r"(?m)^(?: {4}(?! )|\.Dl |ExecStart=|\*/10|.*`)(.*netty-(?:extract|load|spool) .*)$", text):
            line = line.split(" # ")[0]
            for part in re.split(r"[;|`&)]", line):
                words = part.split()
                found = [word for word in words if word.split("/")[-1] in PROGRAMS]
                if len(found) != 1:
                    continue
                program, seen = found[0].split("/")[-1], seen + 1
                after = words[words.index(found[0]) + 1:]
                for name in (re.match(r"--([\w-]+)", word) for word in after):
                    if name and name[1] not in ("help", "version"):
                        assert program in options.get(name[1], (0, [], 0))[1], (path.name, part)
                if program == "netty-spool" and after and re.fullmatch(r"[a-z]+", after[0]):
                    assert after[0] in commands, (path.name, part)
    assert seen > 50


# ---- completion, in a shell that a terminal talks to ----

class Shell:
    """The words that a command line has become once the shell completed it; <TAB> is where it is asked to."""

    def __init__(self, directory, name):
        self.main, other = pty.openpty()
        completion = BUILD / "completion" / name
        setup = "\n".join(f"{program}() {{ printf '<<'; printf '%s,' \"$@\"; printf '>>'; }}" for program in PROGRAMS)
        start = directory / "setup.sh"
        if name == "bash":
            start.write_text("PS1='ready> '\nbind 'set bell-style none'\n" + setup + "\n" +
                             "".join(f"source {completion}/{program}\n" for program in PROGRAMS))
            command = ["bash", "--norc", "--noprofile", "-i"]
        else:
            start.write_text(f"fpath=({completion} $fpath)\nautoload -Uz compinit\ncompinit -D -u\nPS1='ready> '\n"
                             "unsetopt beep zle_bracketed_paste 2>/dev/null\nunset zle_bracketed_paste\n" + setup)
            command = ["zsh", "-f", "-i"]
        env = {"PATH": os.environ["PATH"], "HOME": str(directory), "TERM": "dumb", "LC_ALL": "C.UTF-8",
               "NETTY_SPOOL": str(directory / "spool")}
        self.process = subprocess.Popen(command, stdin=other, stdout=other, stderr=other, cwd=directory, env=env,
                                        start_new_session=True)
        os.close(other)
        self.send(f". {start}; echo st''arted\n", "started")

    def send(self, text, until):
        os.write(self.main, text.encode())
        seen, deadline = "", time.monotonic() + 60
        while until not in seen:
            assert time.monotonic() < deadline, f"{until!r} did not come: {seen!r}"
            if select.select([self.main], [], [], 0.2)[0]:
                seen += os.read(self.main, 65536).decode(errors="replace")
        return seen

    def words(self, line):
        seen = self.send(line.replace("<TAB>", "\t") + "\n", ">>")
        while "<<" not in seen:
            seen += self.send("", ">>")
        return re.findall(r"<<(.*?),?>>", seen)[-1].split(",")

    def stop(self):
        self.process.kill()
        self.process.wait()
        os.close(self.main)


@pytest.fixture(params=["bash", "zsh"])
def shell(request, tmp_path):
    (tmp_path / "spool/contacts").mkdir(parents=True)
    (tmp_path / "other/mandates").mkdir(parents=True)
    (tmp_path / "staging.conf").touch()
    assert shutil.which(request.param)
    made = Shell(tmp_path, request.param)
    yield made
    made.stop()


def test_completion(shell):
    assert shell.words("netty-load --batch-r<TAB>7") in (["--batch-rows", "7"], ["--batch-rows=7"])
    assert shell.words("netty-load --update r<TAB>") == ["--update", "replace"]
    assert shell.words("netty-load --update=r<TAB>") == ["--update=replace"]
    assert shell.words("netty-extract --log-level w<TAB>") == ["--log-level", "warn"]
    assert shell.words("netty-extract --config st<TAB>") == ["--config", "staging.conf"]
    assert shell.words("netty-extract --recon<TAB>") == ["--reconcile"]
    assert shell.words("netty-extract con<TAB>") == ["contacts"]
    assert shell.words("netty-load --spool other man<TAB>") == ["--spool", "other", "mandates"]
    assert shell.words("netty-spool hi<TAB>con<TAB>4711") == ["history", "contacts", "4711"]
    assert shell.words("netty-spool --json ver<TAB>con<TAB>") == ["--json", "verify", "contacts"]
    # not a command's place, and not an option of this program's
    assert shell.words("netty-spool cat veri<TAB>") == ["cat", "veri"]
    assert shell.words("netty-spool cat --create-t<TAB>") == ["cat", "--create-t"]


def logged():
    """{event: fields} of the sources, but for the tests' own."""
    found = {}
    for source in [path for room in ("extract", "load", "spool", "shared") for path in (ROOT / room).rglob("*.c")]:
        text = source.read_text()
        if source.name == "log.c":
            continue
        for call in re.finditer(r"\b(?:LOG0?|log_event)\((.*?)\);", text, re.S):
            event = re.search(r'^[^"]*"([\w-]+)"', call[1])
            assert event, (source, call[0])
            fields = call[1]
            if call[0].startswith("log_event"):
                fields = text[text.rindex("struct log_field fields[]", 0, call.start()):call.start()]
            found.setdefault(event[1], set()).update(re.findall(r'\bF_(?:STR|INT|REAL|SECONDS|SECONDS_AND_MS)\("(\w+)"', fields))
            found[event[1]].update(re.findall(r'\bF_SECONDS_AND_MS\("\w+", "(\w+)"', fields))
            if "F_ERR(" in fields:
                found[event[1]].add("error")
    return found


def test_each_event_and_each_field_that_is_logged_is_in_its_page():
    """netty-log(7) is what alerts are built on: a new event is added to it, an old one does not go."""
    page = (ROOT / "shared/manual/netty-log.7").read_text()
    events = page[page.index(".Sh EVENTS"):page.index(".Sh EXAMPLES")]
    told = {}
    for item in events.split("\n.It Cm ")[1:]:
        fields = re.findall(r"(?m)^\.Va (.*)$", item)
        told[item.split("\n")[0]] = set(" ".join(fields).split())
    assert list(told) == sorted(told)
    found = logged()
    wrong = [f"{event}: the sources log {sorted(found.get(event, []))}, shared/manual/netty-log.7 tells {sorted(told.get(event, []))}"
             for event in sorted(told.keys() | found.keys()) if told.get(event) != found.get(event)]
    assert not wrong, "\n".join(wrong)


def test_the_readme_is_short_and_shows_the_page():
    """For who has five minutes; each file that it names, or shows, is there."""
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 150
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert pictures and all((ROOT / path).read_bytes().startswith(b"\x89PNG") for path in pictures)
    for path in [*ROOT.glob("*.md"), *ROOT.glob("*/README.md")]:
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
            assert ":" in link or (path.parent / link).exists(), (path, link)
