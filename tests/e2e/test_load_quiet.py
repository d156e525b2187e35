"""What a load costs the database where little or nothing is new: transactions, statements and WAL, counted, never timed."""
import json

import pytest

from harness import ROOT

TABLES = [f"things{letter}" for letter in "abcdefghijklmno"]


# ---- the list of tables ----

def list_plan(db, schema):
    """The plan of load/sql/list_tables.sql as it was carried out."""
    text = (ROOT / "load/sql/list_tables.sql").read_text().replace(":'schema'", f"'{schema}'")
    return db.value("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + text)[0]["Plan"]


def nodes(plan):
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def looked_at(plan, relation):
    """Rows of that catalog that the plan fetched, kept or not."""
    return sum(node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0))
               for node in nodes(plan) if node.get("Relation Name") == relation)


def buffers(plan):
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


@pytest.mark.parametrize("schema", ["mine", ""])
@pytest.mark.parametrize("analyzed", [False, True])
def test_the_list_of_tables_costs_the_same_beside_thousands_of_others(db, schema, analyzed):
    """Tables of the same names in other schemas, as of other accounts: none of their rows in the catalogs is looked at."""
    db.query("CREATE SCHEMA mine; SET search_path = mine")
    db.create(*TABLES)
    if analyzed:
        db.query("ANALYZE")
    before = list_plan(db, schema)
    db.query("RESET search_path")
    for other in range(40):
        db.query(f"CREATE SCHEMA other{other}; SET search_path = other{other}; " + "; ".join(
            f'CREATE TABLE "netty-{name}" (id integer PRIMARY KEY, data jsonb, time_created timestamptz, time_modified timestamptz)'
            for name in TABLES + [f"more{n}" for n in range(35)]))
    db.query("SET search_path = mine")
    if analyzed:
        db.query("ANALYZE")
    assert db.value("SELECT count(*) FROM pg_class WHERE relname LIKE 'netty-%' AND relkind = 'r'") == 2015
    list_plan(db, schema)  # the first one also clears what was made before
    after = list_plan(db, schema)
    for catalog in ("pg_class", "pg_depend", "pg_attribute", "pg_index"):
        scans = [node for node in nodes(after) if node.get("Relation Name") == catalog and node["Actual Loops"]]
        assert scans and not [node for node in scans if node["Node Type"] == "Seq Scan"], json.dumps(scans, indent=1)
        assert looked_at(after, catalog) <= looked_at(before, catalog) + 15, catalog
    assert buffers(after) <= 1.3 * buffers(before)
