#!/usr/bin/python3
"""Every name in load/sql is qualified: functions, operators, types and tables. Prints each breach; exits 1 when there is one.

The loader pins search_path in each transaction, but psql, which runs these files too, does not. A bare name that is looked up on
somebody's path may be a function that somebody else has made (the kind of CVE-2018-1058).
usage: tests/lint/sql_names.py [FILE.sql ...]
"""
import re
import sys
from pathlib import Path

TOKEN = re.compile(r"""(?P<comment>--[^\n]*)|(?P<text>E?'(?:[^']|'')*')|(?P<cast>::)|(?P<variable>:'\w+'|:"\w+"|:[a-z]\w*)
    |(?P<quoted>"[^"]*")|(?P<name>[A-Za-z_]\w*)|(?P<number>\$\$|\$\d+|-?\d+(?:\.\d+)?)|(?P<space>\s+)
    |(?P<operator>[-+*/<>=~!@#%^&|?`]+)|(?P<mark>.)""", re.S | re.X)
# What the grammar makes of these is always pg_catalog's, or no function at all.
GRAMMAR = set("coalesce greatest least row cast values exists extract position array any all operator".split())
KEYWORD_TYPES = set("bigint integer smallint boolean numeric bit".split())
NAMED_TYPES = set("text jsonb timestamptz".split())
# These look an operator up by its bare name, and there is no way to say which.
BARE = {"between", "like", "ilike", "similar", "nullif", "natural"}
CONDITION = re.compile(r"(?i)\b(where|select|on|from)\b")


def tokens_of(text):
    """(kind, text, offset) of all that counts."""
    return [(found.lastgroup, found.group(), found.start()) for found in TOKEN.finditer(text)
            if found.lastgroup not in ("comment", "space")]


def is_assignment(text, offset):
    """SET a = ..., SET LOCAL a = ..., WITH (a = ...): a name between a comma or SET and the sign, and no condition in its depth."""
    found = None
    for found in re.finditer(r"(?i)\b(?:set(?:\s+local)?|with)\b", text[:offset]):
        pass
    if found is None:
        return False
    since, flat, depth = text[found.end():offset], "", 0
    for letter in since:
        depth += (letter == "(") - (letter == ")")
        flat += letter if depth <= (found.group().lower() == "with") else ""
    return not CONDITION.search(flat) and bool(re.search(r"(^|[,(])\s*\w+\s*$", flat))


def problem(text, tokens, i, defined):
    kind, value, offset = tokens[i]
    before = tokens[i - 1] if i else ("mark", "", 0)
    after = tokens[i + 1] if i + 1 < len(tokens) else ("mark", "", 0)
    word, last = value.lower(), before[1].lower()
    if kind == "operator":
        qualified = last == "." and i > 3 and tokens[i - 4][1] == "OPERATOR"
        star = value == "*" and last in ("(", ".", "select")
        return None if qualified or star or last in (":", "errcode") or (value == "=" and is_assignment(text, offset)) else f"operator {value}"
    if kind == "number" and value.startswith("-") and after[1] == "::":
        return f"operator - before a cast ({value}::)"
    if last == "::":
        return None if word in KEYWORD_TYPES | {"pg_catalog"} else f"type {value}"
    if kind != "name":
        return None
    if word in NAMED_TYPES and last not in ("as", ".") and before[0] in ("name", "variable"):
        return f"type {value}"
    if word in BARE or (word, after[1].lower()) == ("distinct", "from") or (word == "case" and after[1].lower() != "when"):
        return f"{value} looks its operator up by name"
    if word == "in" and after[1] == "(" or word == "collate" and after[1] != "pg_catalog":
        return f"{value} looks up by name"
    if text[offset + len(value):offset + len(value) + 1] == "(" and last != "." and word not in GRAMMAR | KEYWORD_TYPES:
        return f"function {value}"
    if last in ("from", "join", "into") and after[1] != "." and value not in defined and word not in ("rows", "stdin", "lateral"):
        in_extract = i > 3 and tokens[i - 4][1].lower() == "extract"
        return None if in_extract else f"table {value}"
    return None


def breaches_of(text):
    tokens = tokens_of(text)
    defined = {value for i, (_, value, _) in enumerate(tokens[:-1]) if i and tokens[i - 1][1].lower() in ("with", ",")}
    for i in range(len(tokens)):
        what = problem(text, tokens, i, defined)
        if what:
            yield text.count("\n", 0, tokens[i][2]) + 1, what


files = [Path(name) for name in sys.argv[1:]] or sorted(Path(__file__).parents[2].glob("load/sql/*.sql"))
bad = 0
for path in files:
    for line, what in breaches_of(path.read_text()):
        print(f"sql names: {path.name}:{line}: {what} is not qualified")
        bad += 1
sys.exit(1 if bad else 0)
