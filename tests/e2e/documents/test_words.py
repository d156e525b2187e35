"""One name for one thing in every text that a user sees, and no word of the house's own before it is explained.

A `dead letter` is the record; to set one aside is what is done with it, so that the verb stands where the name does, and nowhere else.
`folded`, `stale` and `catalog` are explained where they first stand in each document."""
import json
import re
import subprocess

import pytest

from harness import BUILD, ROOT

ASIDE = re.compile(r"\b(set|sets|setting|lie|lies|lay) aside\b|\bSet aside\b|\brejects?\b|\brejected records?\b", re.I)
NAME = re.compile(r"\bdead[ _]letters?\b", re.I)
PROGRAMS = ("netty-extract", "netty-load", "netty-spool")
MANUALS = sorted((BUILD / "man").glob("netty*"))
READMES = sorted(path for path in ROOT.rglob("*README*") if path.is_file() and not {"build", "var", ".git"} & set(path.relative_to(ROOT).parts))
DOCUMENTS = [*READMES, ROOT / "spool/FORMAT.md", *MANUALS]
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')


def read(path):
    """A document's words, a paragraph, a list's entry or a table's line each."""
    if path.name.endswith((".1", ".5", ".7")):
        shown = subprocess.run(["mandoc", "-T", "utf8", "-O", "width=200", path], capture_output=True, text=True, check=True).stdout
        text = re.sub(".\b", "", shown)
        # A heading or a term and what stands below it are one.
        return [" ".join(part.split()) for part in text.split("\n\n")]
    parts, lines = [], []
    for line in path.read_text().splitlines():
        if lines and (not line.strip() or re.match(r"\s*([-*|#]|\d+\.) ?", line)):
            parts.append(" ".join(lines))
            lines = []
        if line.strip():
            lines.append(" ".join(line.split()))
    return parts + [" ".join(lines)]


def wrong(parts):
    return [part for part in parts if ASIDE.search(part) and not NAME.search(part)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(path.parents[1])))
def test_a_document_calls_them_dead_letters(path):
    found = [part for part in wrong(read(path)) if "--on-nul" not in part and "on-nul = HOW" not in part]
    assert found == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_does(program):
    text = subprocess.run([BUILD / program, "--help"], capture_output=True, text=True, check=True).stdout
    entries = re.split(r"\n(?=  \S)", text)
    assert wrong([entry for entry in entries if "--on-nul" not in entry]) == []


def literals(text):
    """The strings of C, those that stand side by side as the one that they are."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    return ["".join(LITERAL.findall(run)) for run in re.findall(r'"(?:[^"\\\n]|\\.)*"(?:\s+"(?:[^"\\\n]|\\.)*")*', text)]


def test_messages_and_the_metrics_help_do():
    seen = 0
    for room in ("extract", "load", "spool", "shared"):
        for path in (ROOT / room).rglob("*.[ch]"):
            texts = [text for text in literals(path.read_text()) if " " in text]
            seen += len(texts)
            # A setting's word, and PostgreSQL's own.
            assert [text for text in wrong(texts) if "U+FFFD" not in text and "login" not in text] == [], path
    assert seen > 2000


def test_page_alerts_and_dashboard_do():
    page = (ROOT / "spool/status/page/status.html").read_text().split("const words = {")[1].split("    fr: {")[0]
    assert wrong(re.findall(r'"[^"]*"|`[^`]*`', page)) == [] and "Dead letters" in page
    alerts = (ROOT / "shared/monitoring/alerts.yml").read_text()
    assert wrong(line for line in alerts.splitlines() if re.search("summary:|description:", line)) == []
    assert wrong(panel["title"] for panel in json.loads((ROOT / "shared/monitoring/dashboard.json").read_text())["panels"]) == []


def test_each_text_calls_a_setting_by_its_name():
    """`--limit` and the like are other spellings, told where the option is and nowhere else."""
    names = {name for program in PROGRAMS for name in
             re.findall(r"(?m)^  (--[\w-]+)", subprocess.run([BUILD / program, "--help"], capture_output=True, text=True, check=True).stdout)}
    assert {"--page-size", "--reconcile-every"} <= names and "--limit" not in names
    texts = {path: path.read_text() for path in (ROOT / "shared/monitoring/alerts.yml", ROOT / "shared/monitoring/dashboard.json")}
    page = ROOT / "spool/status/page/status.html"
    texts[page] = page.read_text().split("const words = {")[1]
    texts |= {path: " ".join(literals(path.read_text())) for room in ("extract", "load", "spool", "shared")
              for path in (ROOT / room).rglob("*.c") if path.name != "option_table.c" and not {"manual", "remote"} & set(path.parts)}
    found = {(name, str(path.relative_to(ROOT))) for path, text in texts.items() for name in re.findall(r"(?<![\w-])--[a-z][\w-]+", text)}
    assert len(found) > 100
    # The key's is an option that is named to be refused; runuser's. Those in spool/remote are rclone's.
    assert sorted((name, path) for name, path in found if name not in names | {"--api-key", "--user"}) == []


def test_tables_in_a_terminal_do(spool, netty, db):
    db.create("contacts")
    db.query("""ALTER TABLE "netty-contacts" ADD CHECK (data->>'name' <> 'bad')""")
    spool.table("contacts").page(['{"contact_id":1,"name":"a"}', '{"contact_id":2,"name":"bad"}'])
    netty.load(db=db, code=65)
    for command in ("status", "runs"):
        out = netty.spool_tool(command, code=None).out
        assert NAME.search(out) and not re.search("set[ _]aside", out), out


# Each word, and what has to stand beside it where a document has it first.
EXPLAINED = {
    r"\bfolded\b": r"version(s)? of (the same|one|a) record|newest of (a|one) record",
    r"(?<![-/])\bstale\b(?!-after|_caches)": r"newer|older|no load has used|nobody uses",
    r"\bcatalog\b(?!\.json|s\b|_)": r"list of the database|database's (own )?(`?netty-\*`? )?tables|system",
}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(path.parents[1])))
@pytest.mark.parametrize("word", EXPLAINED)
def test_a_word_of_the_houses_own_is_explained_where_it_first_stands(path, word):
    first = next((part for part in read(path) if re.search(word, part)), None)
    assert first is None or re.search(EXPLAINED[word], first), first


def test_the_readme_is_for_who_has_five_minutes():
    """What it is with a picture; install, the package first; first sync; every ten minutes; when something is wrong; where the rest is."""
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 150
    picture, = re.findall(r"!\[[^]]+\]\(([^)]+)\)", text)
    assert (ROOT / picture).read_bytes().startswith(b"\x89PNG")
    order = [text.index(mark) for mark in (picture, "## Install", "make deb", "In a checkout", "## The first sync", "## Every ten minutes",
                                           "## When something is wrong", "## Where things are")]
    assert order == sorted(order)
    assert [link for link in re.findall(r"\]\(([^)#]+)[)#]", text) if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(path.parents[1])))
def test_no_document_has_jq_print_a_record(path):
    """Debian 12's jq rounds the digits of which each arrives."""
    for part in read(path):
        for program in re.findall(r"netty-[^|]*\| jq ([^|]+)", part):
            assert "select(.level" in program or re.search(r"\)?\.\w+_id", program), part


@pytest.mark.parametrize("language", ["C.UTF-8", "fr_FR.UTF-8", "en_US.UTF-8"])
def test_numbers_in_a_pipe_are_digits(spool, netty, db, language):
    """awk adds them up."""
    db.create("contacts")
    writer = spool.table("contacts")
    for first in range(0, 12000, 4000):
        writer.page([f'{{"contact_id":{first + n},"name":"a"}}' for n in range(1, 4001)])
    netty.env["LC_ALL"] = language
    shown = [netty.spool_tool("ls").out, netty.spool_tool("status", code=None).out, netty.load(db=db).out, netty.spool_tool("runs").out]
    for out in shown:
        assert "12000" in out.split() and not re.search("[\u202f\u00a0'\u2019]", out), out
