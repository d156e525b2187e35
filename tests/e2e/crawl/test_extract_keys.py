"""The key's name: the database's own column, what earlier runs saw, or what the records tell; a table whose records have
no key ends with 78 and names what they have."""
import json

import pytest

from crawls import events
from lists import Lists

HEADER = "CREATE TABLE \"netty-{}\" ({} integer PRIMARY KEY, data jsonb NOT NULL, time_created timestamptz, " \
         "time_modified timestamptz, created_at timestamptz DEFAULT now())"


def records(n, **members):
    """Of each a member's value, or what makes one of the record's number."""
    def value(of, i):
        return of(i) if callable(of) else of
    return [{name: value(of, i) for name, of in members.items()} |
            {"time_modified": f"2024-05-{1 + i // 1440:02} {i // 60 % 24:02}:{i % 60:02}:00"} for i in range(n)]


def people(n, key, **more):
    return records(n, **{key: lambda i: 1000 + i, "name": lambda i: f"name {i}", "rank": 5}, **more)


@pytest.fixture
def lists():
    made = []

    def start(**tables):
        made.append(Lists(tables))
        return made[-1]

    yield start
    for one in made:
        one.stop()


def lines(netty, table):
    return [json.loads(line) for line in netty.spool_tool("cat", table).out.splitlines()]


def assert_nothing_kept(netty, table):
    """The spool need not even have the table."""
    run = netty.spool_tool("cat", table, code=None)
    assert not run.out and ("no table" in run.err or run.code == 0), run


def assert_all_there(netty, api, table, key):
    held = {record[key]: record for record in lines(netty, table)}
    assert held == {record[key]: record for record in api.tables[table]}


def sorts(api, table):
    return {query["sort"] for query in api.asked.get(table, [])}


def assert_nothing_set_aside(netty):
    assert not netty.spool_tool("dead").out.strip() or '"dead":0' in netty.spool_tool("dead", "--json").out
    assert not [path for path in netty.spool.rglob("dead*") if path.is_file() and path.read_bytes().strip()]


CASES = {
    "the usual one": ("contacts", "contact_id", people(250, "contact_id", id=lambda i: 7 + i)),
    "id": ("contacts", "id", people(250, "id")),
    "the singular with _ref": ("products", "product_ref", people(250, "product_ref", price=lambda i: 3 * i)),
    "the only integer": ("things", "number", people(250, "number")),
    "strings of digits": ("things", "number", records(250, number=lambda i: str(1000 + i), name="x")),
    "not what belongs to others": ("users", "id", people(250, "id", user_id=lambda i: i // 2)),
}


@pytest.mark.parametrize("case", CASES)
def test_records_tell_their_key(netty, lists, case):
    table, key, rows = CASES[case]
    api = lists(**{table: rows})
    run = netty.extract("--json", table, sim=api)
    assert run.json()[table]["status"] == "complete"
    assert_all_there(netty, api, table, key)
    assert f"{key}:asc" in sorts(api, table), "lists are asked for by it"
    assert len(api.asked[table]) <= 250 / 99 * 1.01 + 4 + 5 + (key != f"{table[:-1]}_id")


def test_the_databases_column_is_the_better_guess(netty, db, lists):
    """Both could be it; the database knows."""
    rows = people(250, "contact_id", legacy=lambda i: 9000 - i)
    api = lists(contacts=rows)
    db.query(HEADER.format("contacts", "legacy"))
    netty.load("catalog", db=db)
    assert netty.extract("--json", "contacts", sim=api).json()["contacts"]["status"] == "complete"
    assert "legacy:asc" in sorts(api, "contacts") and "contact_id:asc" not in sorts(api, "contacts")
    assert_all_there(netty, api, "contacts", "legacy")
    netty.load("contacts", db=db)
    assert db.query('SELECT count(*), min(legacy) FROM "netty-contacts"') == [(250, 9000 - 249)]


def test_a_column_that_no_record_has(netty, db, lists):
    api = lists(contacts=people(120, "id"), users=people(120, "user_id"))
    db.query(HEADER.format("contacts", "contact_id"))
    db.query(HEADER.format("users", "user_id"))
    netty.load("catalog", db=db)
    run = netty.extract("--json", sim=api, code=78)
    rows = run.json()
    assert rows["contacts"]["status"] == "failed" and rows["users"]["status"] == "complete"
    assert "netty-contacts is contact_id" in run.err and "id, name, rank, time_modified" in run.err
    assert len(api.asked["contacts"]) == 1, "it is not asked again and again"
    assert_nothing_kept(netty, "contacts")
    assert_all_there(netty, api, "users", "user_id")
    assert_nothing_set_aside(netty)
    db.query('ALTER TABLE "netty-contacts" RENAME COLUMN contact_id TO id')
    netty.load("catalog", db=db)
    assert netty.extract("--json", sim=api).json()["contacts"]["status"] == "complete"
    netty.load(db=db)
    assert db.query('SELECT count(*) FROM "netty-contacts"') == [(120,)]


KEYLESS = {
    "none": records(120, name=lambda i: f"name {i}", price=lambda i: 1.5 * i, rank=5),
    "two that could be": records(120, number=lambda i: i, other=lambda i: 500 - i, name="x"),
    "texts": records(120, thing_id=lambda i: f"T-{i}", name="x"),
    "one record": records(1, name="x", price=1.5),
    "the same in two": records(120, number=lambda i: i // 2, name="x"),
}


@pytest.mark.parametrize("case", KEYLESS)
def test_a_table_without_a_key(netty, lists, case):
    api = lists(things=KEYLESS[case], users=people(120, "user_id"))
    run = netty.extract("--json", "things", "users", sim=api, code=78)
    assert run.json()["things"]["status"] == "failed"
    for member in KEYLESS[case][0]:
        assert member in run.err, "it names what the records have"
    assert run.json()["users"]["status"] == "complete", "the others go on"
    assert_all_there(netty, api, "users", "user_id")
    assert_nothing_kept(netty, "things")
    assert_nothing_set_aside(netty)


def test_what_was_learned_is_kept(netty, lists):
    api = lists(contacts=people(250, "id"))
    run = netty.extract("--log-format", "json", "contacts", sim=api)
    assert [event["key"] for event in events(run, "record-key")] == ["id"]
    api.asked.clear()
    rows = people(250, "id")
    rows[-1] |= {"name": "edited", "time_modified": "2024-05-09 10:00:00"}
    api.tables["contacts"] = rows
    run = netty.extract("--log-format", "json", "contacts", sim=api)
    assert not events(run, "record-key"), "no page is asked for once more"
    assert "contact_id:asc" not in sorts(api, "contacts") and "contact_id:desc" not in sorts(api, "contacts")
    assert len(api.asked["contacts"]) <= 6
    assert lines(netty, "contacts")[-1]["name"] == "edited"


ODD = {
    "no key": {"name": "odd"},
    "null": {"id": None, "name": "odd"},
    "text": {"id": "x", "name": "odd"},
    "another member": {"name": "odd", "contact_id": 17},
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_records_do_not_change_it(netty, lists, odd):
    """The last one is all that a quiet run's page may show."""
    api = lists(contacts=people(250, "id"))
    netty.extract("contacts", sim=api)
    for i in range(3):
        api.tables["contacts"].append(ODD[odd] | {"time_modified": f"2024-06-01 10:0{i}:00"})
        run = netty.extract("--json", "contacts", sim=api, code=None)
        assert run.code == 0, run
        assert lines(netty, "contacts")[-1] == api.tables["contacts"][-1], "for the loader to set aside"
    api.tables["contacts"].append({"id": 5000, "name": "good", "time_modified": "2024-06-02 10:00:00"})
    assert netty.extract("--log-format", "json", "contacts", sim=api).code == 0
    assert lines(netty, "contacts")[-1]["id"] == 5000


def test_a_key_that_is_called_otherwise_from_now_on(netty, lists):
    """All would be set aside: it is told, until a person has renamed the column or begins anew."""
    api = lists(contacts=people(250, "id"))
    netty.extract("contacts", sim=api)
    held = len(lines(netty, "contacts"))
    api.tables["contacts"] = [{"contact_id" if name == "id" else name: value for name, value in record.items()}
                              for record in people(250, "id")]
    for record in api.tables["contacts"]:
        record["time_modified"] = record["time_modified"].replace("2024-05", "2024-06")
    run = netty.extract("contacts", sim=api, code=78)
    assert "had the key id" in run.err and "contact_id" in run.err
    assert len(lines(netty, "contacts")) == held
    assert netty.extract("--json", "--full", "contacts", sim=api).json()["contacts"]["status"] == "complete"
    assert "contact_id:asc" in sorts(api, "contacts")


def test_of_one_record_nothing_is_learned_for_good(netty, lists):
    """Its only integer need not be the key."""
    api = lists(things=records(1, number=lambda i: 4, name="x"))
    netty.extract("things", sim=api)
    api.tables["things"] = records(3, number=4, code=lambda i: 70 + i, name="x")
    run = netty.extract("--log-format", "json", "things", sim=api)
    assert [event["key"] for event in events(run, "record-key")] == ["code"]
    assert {record["code"] for record in lines(netty, "things") if "code" in record} == {70, 71, 72}


def test_an_empty_table_tells_nothing(netty, lists):
    api = lists(contacts=[])
    assert netty.extract("--json", "contacts", sim=api).json()["contacts"]["status"] == "complete"
    api.tables["contacts"] = people(250, "id")
    netty.extract("contacts", sim=api)
    assert_all_there(netty, api, "contacts", "id")


def test_the_reconcile_learns_it_too(netty, db, lists):
    api = lists(contacts=people(250, "id"))
    netty.extract("contacts", sim=api)
    netty.load("contacts", "--create-tables", db=db)
    del api.tables["contacts"][10:13]
    for _ in range(2):
        api.ahead += 100
        netty.extract("--reconcile", "contacts", sim=api)
        api.ahead += 100
        netty.extract("contacts", sim=api)
        netty.load("contacts", db=db)
    assert "contact_id:asc" not in sorts(api, "contacts")
    assert db.query("""SELECT id FROM "netty-contacts" WHERE data->>'deleted' = 'true' ORDER BY 1""") == \
        [(1010,), (1011,), (1012,)]


# ---- the loader ----


@pytest.mark.parametrize("case", CASES)
def test_tables_are_made_with_it(netty, db, lists, case):
    table, key, rows = CASES[case]
    netty.extract(table, sim=lists(**{table: rows}))
    row = netty.load("--json", table, "--create-tables", db=db).json()[table]
    assert row["inserted"] == len(rows) and row["dead"] == 0
    assert db.query(f'SELECT count(DISTINCT {key}) FROM "netty-{table}"') == [(len(rows),)]
    assert_nothing_set_aside(netty)


def test_the_loader_sets_no_table_aside(netty, db, lists):
    """The database's column, which the extractor was not told of, is none of the records' members."""
    api = lists(contacts=people(120, "id"), users=people(120, "user_id"))
    netty.extract("contacts", "users", sim=api)
    db.query(HEADER.format("contacts", "contact_id"))
    db.query(HEADER.format("users", "user_id"))
    run = netty.load("--json", "contacts", "users", db=db, code=78)
    assert run.json()["users"]["inserted"] == 120
    assert "contact_id" in run.err and "id, name, rank, time_modified" in run.err
    assert_nothing_set_aside(netty)
    db.query('ALTER TABLE "netty-contacts" RENAME COLUMN contact_id TO id')
    assert netty.load("--json", "contacts", db=db).json()["contacts"]["inserted"] == 120


def test_a_few_records_without_a_key_are_set_aside(netty, db, lists):
    rows = people(120, "contact_id")
    for i in (3, 50, 119):
        del rows[i]["contact_id"]
    netty.extract("contacts", sim=lists(contacts=rows))
    db.query(HEADER.format("contacts", "contact_id"))
    row = netty.load("--json", "contacts", db=db, code=65).json()["contacts"]
    assert row["inserted"] == 117
    assert len(netty.spool_tool("dead", "--json", "contacts").out.splitlines()) == 3
