"""Accounts are sections of netty.conf: each has settings, a key, a spool and a schema of its own."""
import json
import os
import re
import shutil
import subprocess
from datetime import datetime, timedelta, timezone
from html import unescape

from harness import BUILD, KEY, PASSWORD, ROOT, with_password
from watching import browse

OTHER_KEY = "other-key-3v3n-m0r3-s3cr3t"


def write_conf(netty, text):
    path = netty.dir / "netty.conf"
    path.write_text(text)
    path.chmod(0o600)


def key_file(netty, name, key):
    path = netty.dir / f"{name}.key"
    path.write_text(key + "\n")
    path.chmod(0o600)
    netty.secret_files.add(path)
    return path


def two_accounts(netty, lyon, paris):
    """The environment speaks for all, and says what neither wants."""
    netty.env["NETTY_BASE_URL"] = "http://127.0.0.1:1"
    del netty.env["NETTY_API_KEY"]
    write_conf(netty, f"""
tables = contacts
[account lyon]
base-url = {lyon.url}
api-key-file = {key_file(netty, "lyon", KEY)}
schema = lyon
[account paris]
base-url = {paris.url}
api-key-file = {key_file(netty, "paris", OTHER_KEY)}
schema = paris
tables = contacts, users
""")


def make_schemas(db, *names):
    for name in names:
        db.query(f"CREATE SCHEMA {name}")


def keys(db, schema, table):
    return sorted(row[0] for row in db.query(f'SELECT {table[:-1]}_id FROM {schema}."netty-{table}"'))


def test_two_accounts_in_one_database(sims, db, netty):
    lyon, paris = sims("contacts:20,users:5"), sims("contacts:30,users:5", key=OTHER_KEY)
    two_accounts(netty, lyon, paris)
    make_schemas(db, "lyon", "paris")
    for name, sim, tables in (("lyon", lyon, ["contacts"]), ("paris", paris, ["contacts", "users"])):
        run = netty.extract("--account", name, "--json", secrets=[OTHER_KEY])
        assert sorted(run.json()) == tables
        assert f'account={name}' in run.err.replace('"', ""), run
        assert (netty.spool / name / "spool.json").exists()
        netty.load("--create-tables", db=db, env={"NETTY_ACCOUNT": name}, secrets=[OTHER_KEY])
        for table in tables:
            assert keys(db, name, table) == sorted(sim.truth(table))
        rows = [json.loads(line) for line in netty.spool_tool("status", "--json", "--account", name).out.splitlines()]
        assert sorted(row["table"] for row in rows if "table" in row) == tables
    assert not (netty.spool / "spool.json").exists()


def test_an_account_s_views_are_in_a_schema_of_its_name(sims, db, netty):
    """Whatever the schema of its tables is called."""
    sim = sims("contacts:20")
    two_accounts(netty, sim, sim)
    conf = netty.dir / "netty.conf"
    write_conf(netty, conf.read_text().replace("schema = lyon", "schema = crm"))
    make_schemas(db, "crm")
    netty.extract("--account", "lyon", secrets=[OTHER_KEY])
    netty.load("--account", "lyon", "--create-tables", db=db)
    netty.run("netty-load", "--account", "lyon", "views", "--apply", db=db)
    assert db.query("SELECT schemaname, viewname FROM pg_views WHERE schemaname LIKE 'netty%'") == [("netty_lyon", "contacts")]
    assert {key for key, in db.query("SELECT contact_id FROM netty_lyon.contacts")} <= set(sim.truth("contacts"))


def test_the_account_is_said(sims, db, netty):
    two_accounts(netty, sims("contacts:5"), sims("contacts:5", key=OTHER_KEY))
    make_schemas(db, "lyon", "paris")
    run = netty.load("doctor", "--account", "lyon", db=db, code=None, secrets=[OTHER_KEY])
    assert "account: lyon" in run.out and str(netty.dir / "netty.conf") in run.out, run
    for program in ("netty-extract", "netty-load", "netty-spool"):
        run = netty.run(program, "--account", "paris", "--help")
        assert "Account: paris" in run.out and str(netty.dir / "netty.conf") in run.out, run
        assert "Account:" not in netty.run(program, "--help").out
    other = netty.dir / "other.conf"
    other.write_text("")
    assert str(other) in netty.extract("--config", other, "--help").out


def test_unknown_accounts(sims, netty):
    two_accounts(netty, sims("contacts:5"), sims("contacts:5", key=OTHER_KEY))
    for program, words in (("netty-extract", ()), ("netty-load", ()), ("netty-load", ("doctor",)), ("netty-spool", ("status",))):
        run = netty.run(program, *words, "--account", "lion", code=64)
        assert "did you mean lyon?" in run.err, run
        run = netty.run(program, *words, env={"NETTY_ACCOUNT": "Paris"}, code=78)
        assert "did you mean paris?" in run.err, run
    assert not netty.spool.exists()


def test_a_spool_or_accounts_never_both(sims, db, netty):
    lyon = sims("contacts:5")
    two_accounts(netty, lyon, sims("contacts:5", key=OTHER_KEY))
    conf = (netty.dir / "netty.conf").read_text()
    netty.extract("--account", "lyon", secrets=[OTHER_KEY])
    # The folder holds accounts: without an account it is no spool, nor made one.
    write_conf(netty, "tables = contacts\n")
    for program, words in (("netty-extract", ()), ("netty-load", ()), ("netty-load", ("doctor",)),
                           ("netty-load", ("catalog",)), ("netty-load", ("profile",)), ("netty-spool", ("status",))):
        run = netty.run(program, *words, sim=lyon, db=db, env={"NETTY_API_KEY": KEY}, code=78)
        assert "(lyon)" in run.err and "--account" in run.err, run
    assert not (netty.spool / "spool.json").exists()
    # And the other way round: what is a spool holds no account.
    elsewhere = netty.dir / "one"
    netty.extract("--spool", elsewhere, sim=lyon, env={"NETTY_API_KEY": KEY})
    write_conf(netty, conf)
    for program, words in (("netty-extract", ()), ("netty-load", ()), ("netty-load", ("doctor",)), ("netty-spool", ("status",))):
        run = netty.run(program, *words, "--account", "lyon", "--spool", elsewhere, db=db, code=78)
        assert str(elsewhere) in run.err and "spool itself" in run.err, run
    assert not (elsewhere / "lyon").exists()


def test_without_an_account_where_there_are_some(sims, db, netty):
    two_accounts(netty, sims("contacts:5"), sims("contacts:5", key=OTHER_KEY))
    for program, words in (("netty-load", ("restore", "contacts")), ("netty-load", ("catalog",)), ("netty-spool", ("ls",)),
                           ("netty-load", ("archive", "--older-than", "1d", "--to-file", netty.dir / "rows"))):
        run = netty.run(program, *words, db=db, code=78)
        assert "lyon, paris" in run.err and "--account" in run.err, run
    assert not netty.spool.exists()


def test_two_accounts_with_one_schema(db, netty):
    url = with_password(db.url)
    other_role = url.replace("postgresql://netty:", "postgresql://somebody:")
    address = netty.dir / "address"
    address.write_text(other_role + "\n")
    address.chmod(0o600)
    netty.secret_files.update((address, netty.dir / "netty.conf"))
    for paris in ("schema = one", f"schema = one\ndb = {other_role}", f"schema = one\ndb-file = {address}"):
        write_conf(netty, f"[account lyon]\nschema = one\n[account nice]\nschema = two\n[account paris]\n{paris}\n")
        for words in ((), ("doctor",), ("profile",)):
            run = netty.load(*words, "--account", "nice", db=db, code=78)
            assert all(word in run.err for word in ("lyon", "paris", "schema", "one")), run
    write_conf(netty, "[account lyon]\nschema = one\n[account paris]\nschema = one\n")
    for program, words in (("netty-extract", ("contacts",)), ("netty-spool", ("status",))):
        run = netty.run(program, *words, "--account", "lyon", code=78)
        assert "schema" in run.err and "paris" in run.err, run
    # None of their own is one, too, where there is a database.
    write_conf(netty, "[account lyon]\n[account paris]\n")
    assert "schema" in netty.load("--account", "lyon", db=db, code=78).err
    # Of two databases each has one.
    write_conf(netty, "[account lyon]\nschema = one\n[account paris]\nschema = one\n"
                      f"db = {url.replace(db.name, 'another')}\n")
    netty.load("--account", "lyon", db=db, code=66)
    assert PASSWORD  # looked for in all output by the harness


def test_two_accounts_with_one_key(sims, db, netty):
    sim = sims("contacts:5")
    first, same, other = (key_file(netty, name, key) for name, key in
                          (("first", KEY), ("same", KEY), ("other", OTHER_KEY)))
    del netty.env["NETTY_API_KEY"]
    make_schemas(db, "lyon", "paris", "nice")

    def conf(paris):
        write_conf(netty, f"base-url = {sim.url}\ntables = contacts\n[account lyon]\napi-key-file = {first}\nschema = lyon\n"
                          f"[account nice]\napi-key-file = {other}\nschema = nice\n"
                          f"[account paris]\napi-key-file = {paris}\nschema = paris\n")

    def runs():
        yield netty.extract("--account", "lyon", secrets=[OTHER_KEY])
        yield netty.load("--account", "lyon", "--create-tables", db=db, secrets=[OTHER_KEY])
        yield netty.load("doctor", "--account", "lyon", db=db, code=None, secrets=[OTHER_KEY])
        yield netty.spool_tool("status", "--account", "lyon", code=None, secrets=[OTHER_KEY])

    for paris, told in ((same, True), (first, True), (key_file(netty, "third", "a third, 0f 1ts 0wn"), False)):
        conf(paris)
        for run in runs():
            assert ("have one API key" in run.err and "lyon, paris" in run.err) is told, run
            assert "nice" not in run.err, run
    # A key in the environment is everybody's who has none of his own.
    write_conf(netty, f"base-url = {sim.url}\ntables = contacts\n[account lyon]\n[account nice]\napi-key-file = {other}\n"
                      "[account paris]\n")
    run = netty.extract("--account", "lyon", env={"NETTY_API_KEY": KEY}, secrets=[OTHER_KEY])
    assert "lyon, paris" in run.err, run


def test_pruning_asks_for_the_account(sims, db, netty):
    lyon, paris = sims("contacts:20"), sims("contacts:5,users:5", key=OTHER_KEY)
    two_accounts(netty, lyon, paris)
    make_schemas(db, "lyon", "paris")
    netty.extract("--account", "lyon")
    netty.load("--account", "lyon", "--create-tables", db=db)
    netty.spool_tool("prune", "--account", "lyon", db=db)
    netty.spool_tool("prune", db=db, env={"NETTY_ACCOUNT": "lyon"})


def test_status_and_runs_of_all_accounts(sims, db, netty):
    """A row an account, the worst first, and its code; what cannot be looked at stops no other."""
    lyon, paris = sims("contacts:20"), sims("contacts:30,users:5", key=OTHER_KEY)
    two_accounts(netty, lyon, paris)
    with open(netty.dir / "netty.conf", "a") as conf:
        conf.write("[account nice]\nschema = nice\n")
    make_schemas(db, "lyon", "paris")

    def rows(command, code):
        run = netty.spool_tool(command, "--json", code=code, secrets=[OTHER_KEY])
        return [json.loads(line) for line in run.out.splitlines()]

    for name in ("lyon", "paris"):
        netty.extract("--account", name)
        netty.load("--account", name, "--create-tables", db=db)
    found = rows("status", 66)  # nice has no spool yet, and is the worst
    assert [(row["account"], row["code"]) for row in found] == [("nice", 66), ("lyon", 0), ("paris", 0)]
    assert [row["tables"] for row in found] == [0, 1, 2]
    assert found[1]["complete_to"] and found[1]["loaded_to"] == found[1]["complete_to"] and found[1]["verdict"] == "ok"
    # One whose spool is damaged: graver than one that has none, and named.
    path = netty.spool / "paris" / "users" / "0000000001.journal"
    path.write_bytes(b"x" + path.read_bytes()[1:])
    lyon.stop()
    netty.extract("--account", "lyon", env={"NETTY_RETRIES": "0"}, code=69)
    found = rows("status", None)
    assert [row["account"] for row in found if row["code"] == 0] == []
    codes = [row["code"] for row in found]
    order = [0, 65, 75, 69, 66, 64, 73, 74, 77, 78, 70]
    assert codes == sorted(codes, key=order.index, reverse=True), found
    assert {row["account"] for row in found} == {"lyon", "nice", "paris"}
    runs = rows("runs", 0)
    assert {(row["account"], row["program"]) for row in runs} == {(name, program) for name in ("lyon", "nice", "paris")
                                                                  for program in ("extract", "load")}
    failed, = [row for row in runs if row["account"] == "lyon" and row["program"] == "extract"]
    assert (failed["failed"], failed["code"], failed["of"]) == (1, 69, "contacts")
    assert "--account" in netty.spool_tool("status", "contacts", code=64).err
    page = netty.dir / "all.html"
    netty.spool_tool("report", "--html", page)
    data = json.loads(re.search(r'id="data"[^>]*>(.*?)</script>', page.read_text(), re.S)[1])
    assert [row["account"] for row in data["accounts"]] == [row["account"] for row in found]
    # On the page the reason stands with the verdict, where a narrow screen shows it, too; in French the verdict is French.
    for lang, words in (("en", None), ("fr", {"failing": "en échec", "damaged": "abîmé", "hole": "page manquante", "no spool": "pas encore de fichiers"})):
        shown = re.findall(r'<th scope="row">(\w+)</th><td class="verdict bad">([^<(]+?) \(code (\d+)\)<p lang="en">([^<]+)</p>',
                           browse(page.as_uri(), "dom", lang=lang))
        assert [(name, word, int(code), unescape(says)) for name, word, code, says in shown] == [
            (row["account"], words[row["verdict"]] if words else row["verdict"].replace("_", " "), row["code"], row["says"])
            for row in data["accounts"]]
    assert "contacts" in netty.spool_tool("status", "contacts", "--account", "lyon", code=None).out


def test_a_page_of_all_accounts_that_was_written_long_ago_says_so(sims, netty):
    """Its timer has died: what was well then is not shown as well now."""
    netty.extract("contacts", sim=sims("contacts:30"), env={"NETTY_SPOOL": netty.spool / "lyon"})
    write_conf(netty, "[account lyon]\n")
    page = netty.dir / "all.html"
    netty.spool_tool("report", "--html", page)
    data = json.loads(re.search(r'id="data"[^>]*>(.*?)</script>', page.read_text(), re.S)[1])
    assert data["stale_after"] == 3600
    for row in data["accounts"]:
        row.update(code=0, verdict="ok", says="")

    def shown(made, lang):
        text = re.sub(r'(id="data"[^>]*>).*?(</script>)', lambda m: m[1] + json.dumps({**data, "now": made.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}) + m[2],
                      page.read_text(), flags=re.S)
        (netty.dir / "made.html").write_text(text)
        return browse((netty.dir / "made.html").as_uri(), "dom", lang=lang)

    now = datetime.now(timezone.utc)
    fresh = shown(now, "en")
    assert '<td class="verdict good">' in fresh and re.search(r'<p[^>]* id="old"[^>]*hidden', fresh) and "all are well" in fresh
    for made, lang, word in ((now - timedelta(days=30), "en", "This page was made 30 days ago"), (now - timedelta(hours=2), "fr", "Cette page a été faite il y a 2 heures")):
        old = shown(made, lang)
        assert word in old.replace("\u00a0", " ") and not re.search(r'<p[^>]* id="old"[^>]*hidden', old)
        assert 'class="verdict good"' not in old and re.search(r'<p[^>]* id="asof"[^>]*hidden', old)


def test_the_page_has_a_french_word_for_each_verdict():
    known = re.findall(r'\[HEALTH_\w+\] = \{"(\w+)"', (ROOT / "spool/status/health.c").read_text())
    french = re.search(r"    fr: \{.*?verdicts: \{(.*?)\}", (ROOT / "spool/status/page/accounts.html").read_text(), re.S)[1]
    assert len(known) > 10 and not [word for word in known if f" {word}: \"" not in french]


def test_five_hundred_accounts_in_64_mib(sims, netty):
    """One after the other: memory is that of one, and of a row each."""
    sim = sims("contacts:200")
    netty.extract("contacts", sim=sim, env={"NETTY_SPOOL": netty.dir / "one"})
    netty.spool.mkdir()
    names = [f"agency-{number}" for number in range(500)]
    for name in names:
        shutil.copytree(netty.dir / "one", netty.spool / name)
    write_conf(netty, "".join(f"[account {name}]\nschema = {name}\n" for name in names))
    done = subprocess.Popen([BUILD / "netty-spool", "status", "--json"], cwd=netty.dir, env=netty.environment(),
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    out = done.stdout.read()
    _, _, used = os.wait4(done.pid, 0)
    done.returncode = 0
    assert {json.loads(line)["account"] for line in out.splitlines()} == set(names)
    if BUILD.name != "san":  # sanitizers keep what was freed
        assert used.ru_maxrss < 64 * 1024, f"{used.ru_maxrss} KiB"
