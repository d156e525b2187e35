"""The status page in a browser."""
import json
import re
from datetime import datetime, timedelta

import pytest
from test_watch import TOKEN, both_listening, extract_and_listen, has_run
from watching import browse


def text_of(dom):
    body = re.sub(r"<(script|style)\b.*?</\1>", "", dom, flags=re.S)
    return re.sub(r"  +", " ", re.sub(r"<[^>]+>", " ", body))


def test_the_page_shows_the_tables_in_the_browser_s_language(sims, netty, db):
    _, load = both_listening(sims, netty, db)
    url = f"http://{load[0]}:{load[1]}/"
    english = browse(url, "dom", lang="en")
    assert '<html lang="en">' in english and 'data-ready="yes"' in english
    shown = text_of(english)
    assert "Up to date, with something to look at" in shown and "1 dead letter, set aside as unusable: netty-spool dead" in shown
    assert "Netty: what is in the database" in shown
    for row in ("contacts", "users"):
        assert f'data-row="{row}"' in english
    assert "refused by the database" in shown and "SQLSTATE 23514" in shown
    assert english.count('role="img"') >= 4 and english.count('scope="col"') == 7
    assert 'aria-label="Load: the last' in english

    french = browse(url, "dom", lang="fr")
    shown = text_of(french)
    assert '<html lang="fr">' in french
    assert "À jour, avec un point à regarder" in shown and "refusé par la base" in shown and "Fraîcheur" in shown
    assert "Netty\u00a0: ce qui est en base" in french.replace("&nbsp;", "\u00a0"), "a space that does not break, before the colon"
    assert "Up to date" not in shown


def test_the_page_is_drawn_light_and_dark_wide_and_narrow(sims, netty):
    sim = sims("contacts:250")
    netty.extract("contacts", sim=sim)
    page = netty.dir / "report.html"
    netty.spool_tool("report", "--html", page)
    shots = {(size, dark): browse(page.as_uri(), "shot", size=size, dark=dark)
             for size in ((1280, 900), (500, 900)) for dark in (False, True)}
    assert all(shot.startswith(b"\x89PNG") and len(shot) > 10000 for shot in shots.values())
    assert len(set(shots.values())) == 4


def test_without_the_token_the_page_asks_for_it_and_shows_nothing(sims, netty):
    sim = sims("contacts:30")
    _, address = extract_and_listen(netty, sim, "contacts", env={"NETTY_LISTEN_TOKEN": TOKEN})
    has_run(address, Authorization="Bearer " + TOKEN)
    dom = browse(f"http://{address[0]}:{address[1]}/", "dom")
    assert 'data-ready="door"' in dom and "Access token" in text_of(dom) and "contacts" not in text_of(dom)


@pytest.fixture
def report(sims, netty):
    """A report of one table; called with a function that changes its data: the DOM, and whether it is wider than the window."""
    netty.extract("contacts", sim=sims("contacts:30"))
    file = netty.dir / "report.html"
    netty.spool_tool("report", "--html", file)
    text = file.read_text()
    before, data, after = re.fullmatch(r'(.*<script type="application/json" id="data"[^>]*>)(.*?)(</script>.*)', text, re.S).groups()
    nonce = re.search(r'nonce="(\w+)"', text)[1]
    measure = f'<script nonce="{nonce}">document.body.dataset.over = document.documentElement.scrollWidth - innerWidth</script>'

    def show(change, **how):
        shown = json.loads(data)
        change(shown, shown["tables"][0])
        file.write_text(before + json.dumps(shown) + after.replace("</body>", measure + "</body>"))
        dom = browse(file.as_uri(), "dom", **how)
        return dom, int(re.search(r'data-over="(-?\d+)"', dom)[1])
    return show


@pytest.mark.parametrize("width", [500, 1280])
def test_the_longest_names_stay_on_the_page(report, width):
    def change(data, table):
        table["table"] = "t" * 63
        data["databases"] = [{"name": "d" * 63, "asked": data["now"]}]
    dom, over = report(change, size=(width, 900))
    assert "t" * 63 in dom and "d" * 63 in dom and over <= 0


def test_the_page_is_all_well_only_when_there_is_nothing_to_look_at(report):
    def well(data, table, damaged=0):
        data["health"] = {"ok": True, "reasons": []}
        table["damaged"] = damaged
    dom, _ = report(well)
    assert 'class="verdict good"' in dom and "All is well" in text_of(dom) and "Available" in text_of(dom)
    dom, _ = report(lambda data, table: well(data, table, 2))
    assert 'class="verdict warn"' in dom and "2 damaged places in the spool" in text_of(dom) and "All is well" not in text_of(dom)

    def failing(data, table):
        table["extract"][-1].update(status="failed", error="unavailable")
        data["health"] = {"ok": False, "reasons": [{"code": "failing", "table": "contacts", "error": "unavailable"}]}
    shown = text_of(report(failing)[0])
    assert "One thing needs attention" in shown and "In trouble" in shown and "Available" not in shown

    def nothing(data, table):
        data.update(tables=[], databases=[], health={"ok": False, "reasons": [{"code": "no_tables"}]})
    shown = text_of(report(nothing, lang="fr")[0])
    assert "Rien n’a encore été récupéré" in shown and "Pas encore interrogée" in shown and "Disponible" not in shown


def shifted(data, days):
    """All times of the data, moved."""
    return json.loads(re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", lambda m: (datetime.fromisoformat(m[0].replace("Z", "+00:00")) +
                             timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), json.dumps(data)))


def test_a_page_that_was_written_long_ago_is_red_and_says_so(report):
    """Its timer has died: a report of a month ago was green."""
    def old(data, table):
        data["health"] = {"ok": True, "reasons": []}
        data.update(shifted(data, -30))
    dom, over = report(old)
    shown = text_of(dom)
    assert 'class="verdict bad"' in dom and "This page was made 30 days ago" in shown and over <= 0
    assert re.search(r'<div id="verdict"[^>]*hidden', dom), "nothing is said to be well"
    assert "il y a 30 jours" in text_of(report(old, lang="fr")[0])


def test_clocks_that_differ_are_a_warning(report):
    def host(data, table):
        data.update(shifted(data, 35))
    dom, _ = report(host)
    assert "differ by" in text_of(dom) and '<div id="age" class="verdict warn"' in dom

    def api(data, table):
        table["complete_to"] = shifted({"at": data["now"]}, 35)["at"]
    shown = text_of(report(api)[0])
    assert "contacts is complete up to a time that is 35" in shown and "differ" in shown
    assert '<div id="age" class="verdict warn" role="status" hidden' in report(lambda data, table: None)[0]


def test_figures_are_written_as_the_language_has_them(report):
    def change(data, table):
        table["extract"][-1].update(records=1234567, requests=12345, seconds=75.4)
        table["waiting"] = {"pages": 3, "records": 12345, "bytes": 1234567, "since": data["now"]}
        table["requests_per_change"] = 0.25
    shown = text_of(report(change, lang="fr")[0]).replace("&nbsp;", "\u00a0")
    for figure in ("1\u202f234\u202f567 récupérés", "12\u202f345 requêtes", "1\u00a0min\u00a015\u00a0s", "1,2\u00a0Mo", "0,25 requête par ligne"):
        assert figure in shown, figure
    shown = text_of(report(change)[0]).replace("&nbsp;", "\u00a0")
    for figure in ("1,234,567 fetched", "1.2\u00a0MB", "0.25 requests for each changed row"):
        assert figure in shown, figure


def test_one_is_singular_and_in_french_none_is_too(report):
    def change(data, table):
        run = {**table["extract"][-1], "read": 1, "updated": 1}
        data["runs"][0]["load"] = [run, {**run, "read": 0, "updated": 0}, {**run, "read": 2, "updated": 2}]
        data["health"] = {"ok": False, "reasons": [{"code": "held_deletions", "table": "contacts", "error": "", "time": None, "records": 1}]}
    shown = text_of(report(change, lang="fr")[0])
    for words in ("1 écrit sur 1 lu ", "0 écrit sur 0 lu ", "2 écrits sur 2 lus ", "1 enregistrement n’existe plus à la source"):
        assert words in shown, words
    assert "1 record is gone from the source" in text_of(report(change)[0])


def test_without_an_answer_nothing_is_said_to_be_well(sims, netty):
    netty.extract("contacts", sim=sims("contacts:30"))
    file = netty.dir / "report.html"
    netty.spool_tool("report", "--html", file)
    text = file.read_text()
    file.write_text(re.sub(r'(<script type="application/json" id="data"[^>]*>).*?(</script>)', r"\1null\2", text, flags=re.S))
    dom = browse(file.as_uri(), "dom")  # which asks for status.json, in vain
    assert "No answer since" in text_of(dom) and re.search(r'<div id="verdict"[^>]* hidden', dom), dom


def test_the_runs_stand_on_the_page_and_open_to_their_details(sims, netty, db):
    """Begin, duration, requests, records by outcome, code and the error's whole text; and the bars have times."""
    sim = sims("contacts:30,users:10")
    db.create("contacts")
    netty.extract("contacts", "users", sim=sim)
    netty.load("--retries", "0", db=db, code=78)  # one table is missing
    file = netty.dir / "report.html"
    netty.spool_tool("report", "--html", file)
    dom = browse(file.as_uri(), "dom")
    rows = re.findall(r'<details[^>]*data-run="([^"]+)"[^>]*>(.*?)</details>', dom, re.S)
    assert sorted(key.rsplit("/", 1)[0] for key, _ in rows) == ["contacts/extract", "contacts/load", "users/extract", "users/load"]
    shown = {key.rsplit("/", 1)[0]: text_of(row) for key, row in rows}
    runs = [json.loads(line) for line in netty.spool_tool("runs", "--json").out.splitlines()]
    failed = next(run for run in runs if run["program"] == "load" and run["table"] == "users")
    assert failed["message"] and failed["message"].replace('"', "") in shown["users/load"].replace('"', "").replace("&quot;", "")
    assert "exit code 78" in shown["users/load"] and "exit code 0" in shown["contacts/load"]
    assert "30 new" in shown["contacts/load"] and re.search(r"\d+ fetched · \d+ request", shown["contacts/extract"]) and "Records read" in shown["contacts/load"]
    for text in shown.values():
        assert "Began" in text and "Duration" in text
    bars = re.findall(r'<rect class="bar [^>]*><title>([^<]*)</title>', dom)
    assert len(bars) == 4 and all(re.search(r"\d:\d\d:\d\d", bar) for bar in bars), bars
    french = text_of(browse(file.as_uri(), "dom", lang="fr"))
    assert "Passages" in french and "code de sortie 78" in french and "Duration" not in french


def test_the_next_run_s_time_stands_on_the_page(report):
    def due(seconds):
        def change(data, table):
            data["next_run"] = (datetime.fromisoformat(data["now"].replace("Z", "+00:00")) + timedelta(seconds=seconds)).isoformat()
        return change
    assert re.search("Next run.*due in 10 minutes", text_of(report(due(600))[0]), re.S)
    assert re.search("Next run.*was due 10 minutes ago", text_of(report(due(-600))[0]), re.S)
    assert "Next run" not in text_of(report(lambda data, table: data.update(next_run=None))[0])
