#!/usr/bin/env python3
"""Thousands of small transactions by the real loader, and what they leave in PostgreSQL's system catalogs.

usage: campaign_catalog.py [BATCHES]      (default 10000; `make campaign-catalog`)

--follow means small batches for weeks. Were each to make a temporary table, pg_attribute and its like would grow
faster than autovacuum cleans them. Autovacuum is off here, so that nothing hides what is written. Prints the sizes
before and after; fails where a catalog has grown by more than two pages.
"""
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e/support"))
from harness import Database, Netty, Postgres  # noqa: E402
from spoolfile import SpoolWriter  # noqa: E402

ROWS, PAGE, ALLOWED = 20, 8192, 2
CATALOGS = ("pg_attribute", "pg_class", "pg_type", "pg_depend", "pg_index", "pg_statistic")


def measure(db):
    """{catalog: (bytes, row versions written so far)}, once no other session is there to have untold counts."""
    db.settle()
    db.query("SELECT pg_stat_force_next_flush()")
    db.query("SELECT pg_stat_clear_snapshot()")
    return {name: (size, int(written)) for name, size, written in db.query(
        """SELECT relname, pg_relation_size(relid), n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_sys_tables
           WHERE schemaname = 'pg_catalog' AND relname = ANY (%s)""", list(CATALOGS))}


def main(batches):
    with tempfile.TemporaryDirectory(prefix="netty-campaign-") as scratch:
        server = Postgres(scratch, "fsync=off", "autovacuum=off")
        server.start()
        try:
            db, netty = Database(server), Netty(scratch)
            contacts = SpoolWriter(netty.spool).table("contacts")
            contacts.page(['{"contact_id":0}'])
            netty.load("--create-tables", db=db)
            before = measure(db)
            for number in range(batches):
                # Other keys than the page before has: versions of one record would fold, and share a batch.
                first = number % 50 * ROWS
                contacts.page([f'{{"contact_id":{key},"v":{number}}}' for key in range(first, first + ROWS)])
            began, xid = time.monotonic(), db.value("SELECT pg_current_xact_id()::text::bigint")
            row = netty.load("--json", "--batch-rows", ROWS, db=db, timeout=3600).json()["contacts"]
            seconds = time.monotonic() - began
            transactions = db.value("SELECT pg_current_xact_id()::text::bigint") - xid - 1
            after = measure(db)
        finally:
            server.stop("immediate")
    print(f"{transactions} transactions, {row['read']} records read, {row['updated']} updated, {seconds:.1f} s")
    print(f"{'catalog':<14}{'bytes before':>14}{'after':>10}{'rows written':>14}")
    for name in CATALOGS:
        (size, written), (now, total) = before[name], after[name]
        print(f"{name:<14}{size:>14}{now:>10}{total - written:>14}")
    assert row["read"] == batches * ROWS and transactions >= batches, "not each batch was a transaction"
    grown = [name for name in CATALOGS if after[name][0] - before[name][0] > ALLOWED * PAGE]
    assert not grown, f"grown by more than {ALLOWED} pages: {grown}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10000)
