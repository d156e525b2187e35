"""netty-load index and compress: made beside a sync, once, and again after a failure."""
import json
import random
from urllib.parse import urlparse

from harness import Database, Postgres, wait_for
from pgparts import PgBouncer
from upkeep import Beside, load_records, record, whole


def index(netty, db, *arguments, code=0, **keywords):
    """{member: row}"""
    run = netty.load("index", "--json", *arguments, db=db, code=code, **keywords)
    return {row["member"]: row for row in map(json.loads, run.out.splitlines())}


def compress(netty, db, *arguments, code=0, **keywords):
    return netty.load("compress", "--json", *arguments, db=db, code=code, **keywords).json()["contacts"]


def indexes(db):
    return dict(db.query("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'netty-contacts'"))


def plan(db, condition):
    db.query("SET enable_seqscan = off")
    return "\n".join(row for row, in db.query(f'EXPLAIN SELECT * FROM "netty-contacts" t WHERE {condition}'))


def test_the_recommended_one_and_members_each_by_what_it_holds(spool, netty, db):
    load_records(netty, spool, db, *(record(n, 40, email=f"a{n}@x", tags=["a", str(n)], note="long" * (n * 10))
                                     for n in range(300)))
    before = set(indexes(db))
    planned = index(netty, db, "--dry-run", "contacts", "email")
    assert planned["email"]["status"] == "to make" and planned["email"]["table_bytes"] > 8192 and set(indexes(db)) == before
    made = index(netty, db, "contacts", "email", "tags", "note")
    assert {member: (row["kind"], row["status"]) for member, row in made.items()} == {
        "time_modified": ("btree", "made"), "email": ("btree", "made"), "tags": ("gin", "made"), "note": ("hash", "made")}
    assert all(row["bytes"] > 0 and row["seconds"] >= 0 and row["index"] in indexes(db) for row in made.values())
    assert made["email"]["index"] in plan(db, "data->>'email' = 'a7@x'")
    assert made["tags"]["index"] in plan(db, """data->'tags' @> '["7"]'""")
    assert made["note"]["index"] in plan(db, "data->>'note' = 'x'")
    assert made["time_modified"]["index"] in plan(db, "time_modified > now()")
    there = set(indexes(db))
    assert {row["status"] for row in index(netty, db, "contacts", "email", "tags", "note").values()} == {"there"}
    assert set(indexes(db)) == there
    spool.table("contacts").page([record(5, 1, note="z" * 100000, email="e" * 2000)])
    netty.load(db=db)


def test_one_that_is_there_by_another_name_is_enough(spool, netty, db):
    load_records(netty, spool, db, record(1, 40))
    db.query('CREATE INDEX mine ON "netty-contacts" (time_modified)')
    assert index(netty, db)["time_modified"]["status"] == "there" and set(indexes(db)) == {"mine", "netty-contacts_pkey"}


def test_what_a_failure_left_is_made_again(spool, netty, db):
    load_records(netty, spool, db, *(record(n, 40, email="x") for n in range(20)))
    name = index(netty, db, "contacts", "email")["email"]["index"]
    db.query(f"""UPDATE pg_index SET indisvalid = false WHERE indexrelid = '"{name}"'::regclass""")
    assert index(netty, db, "contacts", "email")["email"]["status"] == "made again"
    assert db.value(f"""SELECT indisvalid FROM pg_index WHERE indexrelid = '"{name}"'::regclass""")


def test_names_that_are_odd_or_taken_and_members_that_are_none(spool, netty, db):
    odd = "é\"'\\ " + "long" * 20
    load_records(netty, spool, db, record(1, 40, **{odd: 1, "b": 2, "deep": {"x": 1}}))
    made = index(netty, db, "contacts", odd)
    assert made[odd]["status"] == "made" and len(made[odd]["index"].encode()) <= 63
    run = netty.load("index", "contacts", "nosuch", "b", "--json", db=db, code=64)
    assert "nosuch" in run.err and '"b"' in run.out, "one that cannot be made does not stop the others"
    db.query('CREATE TABLE "netty-contacts_deep_idx" (x integer)')
    assert "netty-contacts_deep_idx" in netty.load("index", "contacts", "deep", db=db, code=69).err
    assert "netty-users" in netty.load("index", "users", "x", db=db, code=78).err


def test_beside_a_sync_two_at_once_and_through_a_pooler(spool, netty, postgres, db, tmp_path):
    load_records(netty, spool, db, *(record(n, 60, email="x", turn=-1) for n in range(500)))
    contacts = spool.table("contacts")
    at = urlparse(postgres.url())
    pooler = PgBouncer(tmp_path / "bouncer", at.hostname, at.port, pool=4)

    def sync(turn):
        contacts.page([record((turn * 50 + n) % 500, 59 - turn * 0.001, email=f"{turn}", turn=turn) for n in range(50)])
        netty.load(db=db)
    try:
        with Beside(sync) as beside:
            running = [netty.start("netty-load", "index", "contacts", "email", "--json", "--retries", "1000",
                                   db=pooler.url(db.name)) for _ in range(3)]
            codes = [(process.communicate(timeout=120), process.returncode)[1] for process in running]
            assert set(codes) <= {0, 75} and beside.failure is None, [open(p.err_path).read() for p in running]
        assert {row["status"] for row in index(netty, pooler.url(db.name), "contacts", "email").values()} <= {"there", "made"}
    finally:
        pooler.stop()
    assert db.value("SELECT bool_and(indisvalid) FROM pg_index WHERE indrelid = '\"netty-contacts\"'::regclass")


def test_a_time_limit_is_told_once_and_mended_by_the_next_run(spool, netty, db):
    load_records(netty, spool, db, *(record(n, 40, email="x") for n in range(50)))
    import psycopg2
    holder = psycopg2.connect(db.url)
    holder.cursor().execute('LOCK TABLE "netty-contacts" IN ROW EXCLUSIVE MODE')
    run = netty.load("index", "contacts", db=f"{db.url}?options=-cstatement_timeout%3D500", code=69)
    assert "statement_timeout" in run.err and "retries" not in run.err
    holder.close()
    assert index(netty, db)["time_modified"]["status"] in ("made", "made again")


def test_a_signal_ends_the_server_s_work_too(spool, netty, db):
    load_records(netty, spool, db, *(record(n, 40, email="x") for n in range(50)))
    import psycopg2
    holder = psycopg2.connect(db.url)
    holder.cursor().execute('LOCK TABLE "netty-contacts" IN ROW EXCLUSIVE MODE')
    process = netty.start("netty-load", "index", "contacts", db=db)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX%' AND state = 'active'"
    wait_for(lambda: db.value(waiting) == 1, "the statement that waits")
    process.terminate()
    assert process.wait(timeout=60) == 75, open(process.err_path).read()
    wait_for(lambda: db.value(waiting) == 0, "its end")
    holder.close()
    assert index(netty, db)["time_modified"]["status"] in ("made", "made again")


def test_without_the_right_to(spool, netty, db):
    load_records(netty, spool, db, record(1, 40))
    db.query(f"""CREATE ROLE {db.name} LOGIN; GRANT SELECT ON "netty-contacts" TO {db.name}""")
    try:
        for command in ("index", "compress")[:2 if lz4(netty, db) else 1]:
            assert "42501" in netty.load(command, db=db.url.replace("//netty@", f"//{db.name}@"), code=77).err
    finally:
        db.query(f"DROP OWNED BY {db.name}; DROP ROLE {db.name}")


def test_suggestions_come_from_pg_stat_statements_or_it_says_that_there_is_none(spool, netty, db, tmp_path_factory):
    load_records(netty, spool, db, record(1, 40))
    assert "CREATE EXTENSION" in netty.load("index", "--suggest", db=db, code=78).err
    server = Postgres(tmp_path_factory.mktemp("stats"), "fsync=off", "shared_preload_libraries=pg_stat_statements")
    server.start()
    other = Database(server)
    try:
        other.query("CREATE EXTENSION pg_stat_statements")
        other.create("contacts")
        for _ in range(3):
            other.query("""SELECT count(*) FROM "netty-contacts" WHERE data->>'email' = 's3cret@x'""")
        other.query("""SELECT * FROM "netty-contacts" WHERE time_modified > now() ORDER BY time_modified""")
        run = netty.load("index", "--suggest", "--json", db=other, secrets=["s3cret"])
        rows = {row["about"]: row for row in map(json.loads, run.out.splitlines())}
        assert rows["data->>'MEMBER'"]["calls"] == 3 and "->>" in rows["data->>'MEMBER'"]["statement"]
        assert rows["time_modified"]["table"] == "contacts"
        assert all(row["milliseconds"] == round(row["seconds"] * 1000) for row in rows.values()), "under its old name, too"
        assert "milliseconds" not in netty.load("index", "--suggest", db=other, secrets=["s3cret"]).out
    finally:
        server.stop("immediate")


def ways(db):
    return dict(db.query('SELECT contact_id, pg_column_compression(data) FROM "netty-contacts"'))


def lz4(netty, db):
    """A server that was built without it is refused, and nothing else can be shown there."""
    if db.value("SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"):
        return True
    before = whole(db)
    assert "has no lz4" in netty.load("compress", "--rewrite", db=db, code=78).err and whole(db) == before
    return False


def big(n, **members):
    return record(n, 60, text=("word %d " % (n % 7)) * 600, id=random.Random(n).random(), **members)


def test_lz4_for_new_values_and_for_old_ones_when_told(spool, netty, db):
    load_records(netty, spool, db, *(big(n) for n in range(100)), record(500, 60))
    if not lz4(netty, db):
        return
    db.query("""UPDATE "netty-contacts" SET data = '[1]' WHERE contact_id = 500""")
    before = whole(db)
    row = compress(netty, db, "--dry-run", "--rewrite")
    assert (row["before"], row["now"], row["rows"]) == ("default", "default", 100) and whole(db) == before
    row = compress(netty, db)
    assert (row["before"], row["now"], row["rows"]) == ("default", "lz4", 0) and set(ways(db).values()) == {"pglz", None}
    spool.table("contacts").page([big(n, new=1) for n in range(95, 105)])
    netty.load(db=db)
    assert {way for key, way in ways(db).items() if 95 <= key < 105} == {"lz4"}
    before = whole(db)
    row = compress(netty, db, "--rewrite", "--batch-rows", "7")
    assert row["rows"] == 95 and set(ways(db).values()) == {"lz4", None} and whole(db) == before
    assert compress(netty, db, "--rewrite")["rows"] == 0


def test_rewriting_killed_and_beside_a_sync(spool, netty, db):
    load_records(netty, spool, db, *(big(n, turn=-1) for n in range(200)))
    if not lz4(netty, db):
        return
    run = netty.load("compress", "--rewrite", "--batch-rows", "20", db=db, code=None,
                     env={"NETTY_FAULT": "rows-committed:3"})
    assert run.code not in (0, 65) and list(ways(db).values()).count("lz4") == 60
    contacts = spool.table("contacts")
    newest = dict.fromkeys(range(200), -1)

    def sync(turn):
        keys = [(turn * 13 + n * 5) % 200 for n in range(40)]
        contacts.page([big(key, turn=turn) for key in keys])
        newest.update(dict.fromkeys(keys, turn))
        netty.load("--batch-rows", "9", db=db)
    with Beside(sync):
        for process in [netty.start("netty-load", "compress", "--rewrite", "--batch-rows", "5", db=db) for _ in range(2)]:
            assert process.wait(timeout=120) == 0, open(process.err_path).read()
    netty.load(db=db)
    compress(netty, db, "--rewrite")
    assert set(ways(db).values()) == {"lz4"}
    assert {key: json.loads(row)["data"]["turn"] for key, row in whole(db).items()} == newest
