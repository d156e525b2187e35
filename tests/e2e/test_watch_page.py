"""The status page in a browser."""
import re

from test_watch import TOKEN, both_listening, extract_and_listen, has_run
from watching import browse


def text_of(dom):
    body = re.sub(r"<(script|style)\b.*?</\1>", "", dom, flags=re.S)
    return re.sub(r"<[^>]+>", " ", body)


def test_the_page_shows_the_tables_in_the_browser_s_language(sims, netty, db):
    _, load = both_listening(sims, netty, db)
    url = f"http://{load[0]}:{load[1]}/"
    english = browse(url, "dom", lang="en")
    assert '<html lang="en">' in english and 'data-ready="yes"' in english
    shown = text_of(english)
    assert "All is well" in shown and "Netty: what is in the database" in shown
    for row in ("contacts", "users"):
        assert f'data-row="{row}"' in english
    assert "refused by the database" in shown and "SQLSTATE 23514" in shown
    assert english.count('role="img"') >= 4 and english.count('scope="col"') == 7
    assert 'aria-label="Load: the last' in english

    french = browse(url, "dom", lang="fr")
    shown = text_of(french)
    assert '<html lang="fr">' in french
    assert "Tout va bien" in shown and "refusé par la base" in shown and "Fraîcheur" in shown
    assert "Netty\u00a0: ce qui est en base" in french.replace("&nbsp;", "\u00a0"), "a space that does not break, before the colon"
    assert "All is well" not in shown


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
