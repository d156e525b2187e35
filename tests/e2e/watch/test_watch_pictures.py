"""The status page of six states that a copy can be in, in a real browser: wide and narrow (390 px, a telephone), light, dark, in
English and French. What must stand there stands there, and nothing is cut off. NETTY_PICTURES=FOLDER keeps the pictures."""
import html
import os
import re
from pathlib import Path

import pytest
from harness import wait_for
from reconciles import Copy
from test_watch_page import text_of
from watching import browse

NARROW, WIDE = 390, 1280


def well(sims, db, netty):
    db.create("contacts", "users", "companies")
    sim = sims("contacts:1200,users:30,companies:300")
    netty.sync(sim, db, "contacts", "users", "companies")
    sim.edit("contacts", 25)
    netty.sync(sim, db, "contacts", "users", "companies")


def loader_dead(sims, db, netty):
    db.create("contacts", "users")
    sim = sims("contacts:120,users:30")
    sim.mood(date_skew=-7200)  # what is loaded was complete two hours ago
    netty.sync(sim, db, "contacts", "users")
    sim.mood(date_skew=0)
    for _ in range(2):
        sim.edit("contacts", 20)
        netty.extract("contacts", "users", sim=sim)


def refusing(sims, db, netty):
    db.create("contacts", "users")
    sim = sims("contacts:120,users:30")
    netty.sync(sim, db, "contacts", "users")
    db.query('REVOKE ALL ON "netty-contacts", "netty-users" FROM PUBLIC; CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS '
             "$$ BEGIN RAISE insufficient_privilege USING MESSAGE = 'permission denied: the database is read only for you'; END $$; "
             'CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON "netty-contacts" FOR EACH STATEMENT EXECUTE FUNCTION refuse(); '
             'CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON "netty-users" FOR EACH STATEMENT EXECUTE FUNCTION refuse()')
    sim.edit("contacts", 9)
    sim.edit("users", 9)
    netty.extract("contacts", "users", sim=sim)
    netty.load("--retries", "0", db=db, code=None)


def missing(sims, db, netty):
    db.create("contacts")
    sim = sims("contacts:120")
    netty.extract("contacts", "affairs", sim=sim, code=78)
    netty.load(db=db, code=None)


def held(sims, db, netty):
    copy = Copy(sims("contacts:300"), db, netty)
    copy.delete(60)
    copy.cycle(code=65)


def backfill(sims, db, netty):
    db.create("contacts")
    sim = sims("contacts:3000")
    netty.sync(sim, db, "contacts")
    netty.extract("--full", "--max-pages", "9", "contacts", sim=sim, code=None)
    netty.load(db=db)


# What brings it about, the verdict's colour, and what must stand there in both languages.
STATES = {
    "all is well": (well, "good", ["All is well", "Available", "contacts", "companies"], ["Tout va bien", "contacts"]),
    "loader dead": (loader_dead, "bad", ["netty-load", "contacts"], ["netty-load", "contacts"]),
    "database refusing": (refusing, "bad", ["the last run failed", "permission denied"], ["dernier passage a échoué", "permission denied"]),
    "missing table": (missing, "bad", ["affairs: the API has no such table"], ["affairs\u00a0: l’API n’a pas cette table"]),
    "held deletions": (held, "bad", ["records are gone from the source", "netty-load --max-deletes"],
                       ["enregistrements n’existent plus à la source", "netty-load --max-deletes"]),
    "backfill": (backfill, "good", ["All is well", "Backfill: "], ["Tout va bien", "Rattrapage"]),
}


def framed(page, width):
    """A window is never narrower than some 500 px: a frame is, and the page within tells how much wider than it the content is."""
    nonce = re.search(r'nonce="(\w+)"', page.read_text())[1]
    measure = (f'<script nonce="{nonce}">addEventListener("load", () => setTimeout(() => {{ const wide = document.documentElement; '
               'parent.postMessage([wide.scrollWidth - innerWidth, document.getElementById("verdict").className, document.body.innerText + '
               '[...document.querySelectorAll("details")].map(e => e.textContent).join() + '
               '[...document.querySelectorAll("[data-row]")].map(e => " row:" + e.dataset.row + " ").join("")], "*") }, 300));</script>')
    inner = page.with_name(f"{page.stem}-inner.html")
    inner.write_text(page.read_text().replace("</body>", measure + "</body>"))
    outer = page.with_name(f"{page.stem}-{width}.html")
    outer.write_text(f'<!DOCTYPE html><meta charset="utf-8"><body style="margin:0"><iframe src="{inner.name}" style="border:0;width:{width}px;'
                     'height:2400px"></iframe><script>onmessage = m => { const p = document.createElement("pre"); p.id = "told"; p.hidden = true; '
                     'p.dataset.over = m.data[0]; p.dataset.verdict = m.data[1]; p.textContent = m.data[2]; document.body.append(p); }</script>')
    return outer


@pytest.mark.parametrize("state", STATES)
def test_a_state_is_shown_whole_wide_and_narrow_light_and_dark_in_both_languages(sims, db, netty, state):
    make, colour, english, french = STATES[state]
    tables = ["contacts", *(["affairs"] if state == "missing table" else [])]
    make(sims, db, netty)
    page = netty.dir / "page.html"
    netty.spool_tool("report", "--html", page, code=None)
    folder = Path(os.environ["NETTY_PICTURES"]) if "NETTY_PICTURES" in os.environ else None
    shown = [(WIDE, "en", english), (NARROW, "fr", french)]
    for width, lang, words in [*shown, *([(WIDE, "fr", french), (NARROW, "en", english)] if folder else [])]:
        outer, size = framed(page, width), (max(width, 500), 2400)
        dom = wait_for(lambda: "data-over" in (d := browse(outer.as_uri(), "dom", lang=lang, size=size)) and d, "the page")
        told = html.unescape(text_of(dom[dom.index('id="told"') - 5:]))
        for word in words:
            assert word in told, (word, told)
        assert int(re.search(r'data-over="(-?\d+)"', dom)[1]) <= 0, f"{state}, {width} px: the page is wider than the window"
        assert {f"row:{table}" for table in tables} <= set(told.split()), f"{state}: each table has its row"
        assert f'data-verdict="verdict {colour}"' in dom, state
        for dark in (False, True) if folder else ():
            name = f"{state.replace(' ', '-')}-{width}-{lang}-{'dark' if dark else 'light'}.png"
            (folder / name).write_bytes(browse(outer.as_uri(), "shot", lang=lang, dark=dark, size=size))
