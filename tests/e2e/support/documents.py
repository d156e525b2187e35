"""The command blocks of what is written for people: README files, man pages, README.Debian. No test lives here."""
import re
from pathlib import Path

from harness import BUILD, ROOT

PAGES = ("netty-extract.1", "netty-load.1", "netty-spool.1", "netty.conf.5", "netty-log.7")


def documents():
    """{name: file} of all of them; man pages as they are built, with the examples that the tables of options and commands have."""
    texts = [path for path in ROOT.rglob("*.md") if not {"build", "var", ".git"} & set(path.relative_to(ROOT).parts)]
    texts += ROOT.glob("shared/debian/*README*")
    return {**{str(path.relative_to(ROOT)): path for path in sorted(texts)}, **{page: BUILD / "man" / page for page in PAGES}}


def joined(lines):
    """Lines that a backslash goes on with, or that a loop or a quote leaves open, are one command."""
    command = ""
    for line in lines:
        command += line
        if bare(command).endswith("\\") or bare(command).count("'") % 2:
            command += "\n"
        elif command.strip():
            yield command
            command = ""
    assert not command, f"a command that does not end: {command}"


def roff(line):
    return line.replace("\\(aq", "'").replace("\\&", "").replace("\\-", "-").replace("\\e", "\\")


def blocks_of_page(text):
    lines = text.splitlines()
    while lines:
        line = lines.pop(0)
        if line.startswith(".Dl "):
            yield [roff(line[4:])]
        elif line.startswith(".Bd "):
            end = lines.index(".Ed")
            yield [roff(inner) for inner in lines[:end]]
            lines = lines[end + 1:]


def blocks_of_text(text, indent):
    """What is set in by so many blanks between empty lines, and what stands between fences."""
    block, fence = [], False
    before = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("```"):
            if fence:
                yield block
            block, fence = [], not fence
        elif fence:
            block.append(line)
        elif line.startswith(" " * indent) and (block or not before.strip()):
            block.append(line[indent:])
        elif block:
            yield block
            block = []
        before = line
    assert not fence


def blocks(name, path):
    """Each block is a list of lines."""
    text = path.read_text()
    if name in PAGES:
        return list(blocks_of_page(text))
    return list(blocks_of_text(text, 5 if name.endswith(".Debian") else 4))


def bare(command):
    """A command without its comment."""
    return re.sub(r"\s+# .*$", "", command, flags=re.M).strip()
