"""What is stored is checked to be what was sent: NULL data is filled, and what a table's own triggers do with rows is seen."""
import pytest

from harness import wait_for

MODDATETIME = """CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN new.time_modified = now(); RETURN new; END $$;
    CREATE TRIGGER touch BEFORE {when} ON "netty-contacts" FOR EACH ROW {condition} EXECUTE FUNCTION public.touch()"""


def page(spool, v, time, keys=range(1, 30)):
    spool.table("contacts").page([f'{{"contact_id":{key},"v":{v},"time_modified":"{time}"}}' for key in keys])


def versions(db):
    return {row[0] for row in db.query("SELECT DISTINCT data->>'v' FROM \"netty-contacts\"")}


@pytest.mark.parametrize("when,condition", [("UPDATE", ""), ("INSERT OR UPDATE", ""),
                                            ("UPDATE", "WHEN (old.* IS DISTINCT FROM new.*)")])
def test_a_table_that_sets_the_time_itself_takes_every_edit(spool, netty, db, when, condition):
    """Supabase's moddatetime habit: what is stored is later than all that the source says."""
    db.create("contacts")
    db.query(MODDATETIME.format(when=when, condition=condition))
    for v, time in ((1, "2024-01-01 00:00:00"), (2, "2024-01-02 00:00:00"), (3, "2024-01-03 00:00:00")):
        page(spool, v, time)
        run = netty.load("--json", db=db)
        assert versions(db) == {str(v)}, run
        if v == 3:
            assert "touch" in run.err and run.json()["contacts"]["stale"] == 0
    page(spool, 3, "2024-01-03 00:00:00")
    row = netty.load("--json", db=db).json()["contacts"]
    assert (row["unchanged"], row["updated"]) == (29, 0), "what is as it was is not written"


def test_under_follow_it_is_seen_once_there_is_a_row(spool, netty, db):
    db.create("contacts")
    db.query(MODDATETIME.format(when="INSERT OR UPDATE", condition=""))
    loader = netty.start("netty-load", "--follow", db=db)
    for v in (1, 2, 3):
        page(spool, v, f"2024-01-0{v} 00:00:00")
        wait_for(lambda v=v: versions(db) == {str(v)}, f"version {v}", 30)
    loader.terminate()
    assert loader.wait(timeout=30) == 0


def test_a_trigger_that_leaves_the_time_alone_changes_nothing(spool, netty, db):
    db.create("contacts")
    db.query("""CREATE FUNCTION public.nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
                CREATE TRIGGER nothing BEFORE INSERT OR UPDATE ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION public.nothing()""")
    page(spool, 2, "2024-01-02 00:00:00")
    netty.load(db=db)
    page(spool, 1, "2024-01-01 00:00:00")
    run = netty.load("--json", db=db)
    assert run.json()["contacts"]["stale"] == 29 and versions(db) == {"2"} and "nothing" not in run.err


def test_rows_that_a_trigger_skips_are_set_aside(spool, netty, db):
    db.create("contacts")
    db.query("""CREATE FUNCTION public.skip() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN IF new.contact_id % 10 = 7 THEN RETURN NULL; END IF; RETURN new; END $$;
                CREATE TRIGGER skip BEFORE INSERT ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION public.skip()""")
    page(spool, 1, "2024-01-01 00:00:00")
    row = netty.load("--json", db=db, code=65).json()["contacts"]
    assert (row["inserted"], row["dead"], row["stale"]) == (26, 3, 0)
    assert [letter["line"] for letter in spool.dead("contacts")] == [7, 17, 27]


def test_a_table_that_stores_nothing_is_named(spool, netty, db):
    db.create("contacts")
    db.query("""CREATE TABLE elsewhere (contact_id int);
                CREATE FUNCTION public.away() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN INSERT INTO public.elsewhere VALUES (new.contact_id); RETURN NULL; END $$;
                CREATE TRIGGER away BEFORE INSERT ON "netty-contacts" FOR EACH ROW EXECUTE FUNCTION public.away()""")
    page(spool, 1, "2024-01-01 00:00:00")
    run = netty.load("--json", db=db, code=78)
    assert "trigger" in run.err and not spool.dead("contacts")
    assert db.value("SELECT count(*) FROM elsewhere") == 0


def test_null_data_is_filled(spool, netty, db):
    db.create("contacts")
    db.query('ALTER TABLE "netty-contacts" ALTER data DROP NOT NULL; INSERT INTO "netty-contacts" (contact_id) VALUES (1)')
    spool.table("contacts").page(['{"contact_id":1,"v":1}'])
    assert netty.load("--json", db=db).json()["contacts"]["updated"] == 1
    assert db.value("SELECT data->>'v' FROM \"netty-contacts\"") == "1"


def test_inheritance_children_are_named(spool, netty, db):
    db.create("contacts")
    db.query('CREATE TABLE old () INHERITS ("netty-contacts")')
    spool.table("contacts").page(['{"contact_id":1,"v":1}'])
    assert "inheritance" in netty.load(db=db, code=78).err
