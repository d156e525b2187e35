"""Hostile twins: for every function and operator that the loader's SQL uses, one of the same name that somebody else has made.

Each tells when it runs, by an error with a word of its own that goes to the client and to the server's log. Twins have the same
arguments, which is what counts where their schema comes before pg_catalog, and arguments that fit better (name, varchar for text),
which is what counts where it comes after.
"""
import re

import psycopg2

from harness import ROOT, key_of

FUNCTION = re.compile(r"\bpg_catalog\.(\w+)\(")
OPERATOR = re.compile(r"\bOPERATOR\(pg_catalog\.([-+*/<>=~!@#%^&|?`]+)\)")
# plpgsql takes no argument of type "any"; these take what such a function is given.
ANY = {'"any"': ("anyelement", "text", "name"), 'VARIADIC "any"': ("VARIADIC text[]", "name, name", "text", "name, name, name")}


def names_used():
    """(functions, operators) by name: of load/sql, and of the SQL that stands in the loader's code."""
    texts = [path.read_text() for path in [*ROOT.glob("load/sql/*.sql"), *ROOT.glob("load/*/*.[ch]")]]
    return tuple({name for text in texts for name in pattern.findall(text)} for pattern in (FUNCTION, OPERATOR))


class Twins:
    def __init__(self, db, *schemas):
        self.word = f"hostile twin of {db.name}"
        self.made = {}
        self.connection = psycopg2.connect(db.url, options="-c search_path=pg_catalog")
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        functions, operators = names_used()
        assert len(functions) > 40 and len(operators) > 10
        for schema in schemas:
            for name in sorted(functions):
                for arguments, result, kind in self.signatures(name):
                    self.make(schema, name, arguments, result, kind)
            for name in sorted(operators):
                self.make_operators(schema, name)
        lacking = [name for name in functions | operators if not self.made.get(name)]
        assert not lacking, f"no twin of {lacking}"

    def rows(self, statement, *parameters):
        self.cursor.execute(statement, parameters)
        return self.cursor.fetchall()

    def signatures(self, name):
        found = self.rows("""SELECT pg_get_function_identity_arguments(oid), pg_get_function_result(oid), prokind FROM pg_proc
                             WHERE proname = %s AND pronamespace = 'pg_catalog'::regnamespace""", name)
        assert found, f"pg_catalog has no {name}"
        for arguments, result, kind in found:
            yield arguments, result, kind
            for other in ("name", "character varying"):
                if re.search(r"\btext\b(?!\[)", arguments):
                    yield re.sub(r"\btext\b(?!\[)", other, arguments), result, kind
            for general, ways in ANY.items():
                if arguments.endswith(general):
                    for way in ways:
                        yield arguments[:-len(general)] + way, result, kind

    def attempt(self, name, statement):
        try:
            self.cursor.execute(statement)
            self.made[name] = self.made.get(name, 0) + 1
        except psycopg2.Error:
            pass  # a pseudo-type that plpgsql does not take, or made already

    def body(self, name):
        return f"LANGUAGE plpgsql AS $twin$ BEGIN RAISE EXCEPTION '{self.word}: {name.replace('%', '%%')}'; END $twin$"

    def make(self, schema, name, arguments, result, kind):
        if kind != "a":
            self.attempt(name, f'CREATE FUNCTION {schema}."{name}"({arguments}) RETURNS {result} {self.body(name)}')
            return
        state = result if result not in ("anyarray", "anyelement") else "anyarray"
        given = re.sub(r"ORDER BY .*", "", arguments)
        self.attempt("state", f'CREATE FUNCTION {schema}."{name}_state"({state}{", " if given else ""}{given}) '
                              f"RETURNS {state} {self.body(name)}")
        self.attempt(name, f'CREATE AGGREGATE {schema}."{name}"({given or "*"}) (sfunc = {schema}."{name}_state", stype = {state})')

    def make_operators(self, schema, name):
        for n, (left, right, result) in enumerate(self.rows(
                """SELECT nullif(oprleft, 0)::regtype::text, oprright::regtype::text, oprresult::regtype::text FROM pg_operator
                   WHERE oprname = %s AND oprnamespace = 'pg_catalog'::regnamespace""", name)):
            function = f'{schema}."operator_{name.encode().hex()}_{n}"'
            given = f"{left}, {right}" if left else right
            self.attempt("function", f"CREATE FUNCTION {function}({given}) RETURNS {result} {self.body(name)}")
            self.attempt(name, f"CREATE OPERATOR {schema}.{name} ({f'leftarg = {left}, ' if left else ''}"
                               f"rightarg = {right}, function = {function})")

    def close(self):
        self.connection.close()


class Trap:
    """A database with twins in public and in the tables' schema, which later sessions have on their path."""

    def __init__(self, db, path):
        self.db, self.path = db, path
        self.schema = "crm" if "crm" in path else "public"
        db.query("CREATE SCHEMA crm")
        self.twins = Twins(db, "public", "crm")
        db.query("SET search_path = pg_catalog")
        db.query(f'ALTER DATABASE "{db.name}" SET search_path = {path}')
        log = db.server.dir / "log"
        self.log, self.size = log, log.stat().st_size

    def create(self, table):
        """As NETTY.md has it, its default being pg_catalog's."""
        self.db.query(f'''CREATE TABLE {self.schema}."netty-{table}" ({key_of(table)} INTEGER PRIMARY KEY, data JSONB NOT NULL,
            time_created TIMESTAMPTZ, time_modified TIMESTAMPTZ, created_at TIMESTAMPTZ DEFAULT timezone('utc', now()))''')

    def count(self, table="contacts", suffix=""):
        return self.db.value(f'SELECT pg_catalog.count(*) FROM {self.schema}."netty-{table}{suffix}"')

    def assert_silent(self):
        with open(self.log, errors="replace") as log:
            log.seek(self.size)
            said = [line for line in log if self.twins.word in line]
        assert not said, said[:5]
