#include "load/address/db_conninfo.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define AT "connection to server at \"db.example\" (192.0.2.1), port 5432 failed: "

static void settings_are_told_from_what_passes(void **state)
{
    static const char *const wrong[] = {
        "invalid sslmode value: \"bogus\"\n",
        "invalid port number: \"99999\"\n",
        "invalid integer value \"abc\" for connection option \"port\"\n",
        "definition of service \"nope\" not found\n",
        "service file \"/nowhere\" not found\n",
        "could not translate host name \"a..b\" to address: Name or service not known\n",
        "could not match 3 port numbers to 2 hosts\n",
        "invalid target_session_attrs value: \"foo\"\n",
        AT
        "root certificate file \"/absent.crt\" does not exist\nEither provide the file or change "
        "sslmode to disable server certificate verification.\n",
        AT "SSL error: certificate verify failed\n",
        AT "server certificate for \"localhost\" does not match host name \"127.0.0.1\"\n",
        AT "server does not support SSL, but SSL was required\n",
        AT "received invalid response to SSL negotiation: H\n",
        AT "invalid integer value \"x\" for connection option \"connect_timeout\"\n",
        AT "SSL error: certificate verify failed\n" AT "SSL error: certificate verify failed\n",
        "weak sslmode \"require\" may not be used with sslrootcert=system\n",
    };
    static const char *const passes[] = {
        AT "Connection refused\n\tIs the server running on that host and accepting TCP/IP "
           "connections?\n",
        AT "timeout expired\n",
        AT "server closed the connection unexpectedly\n\tThis probably means the server terminated "
           "abnormally\n\tbefore or while processing the request.\n",
        AT "SSL SYSCALL error: EOF detected\n",
        "could not translate host name \"db\" to address: Temporary failure in name resolution\n",
        "connection to server on socket \"/run/.s.PGSQL.5432\" failed: No such file or "
        "directory\n\tIs "
        "the server running locally and accepting connections on that socket?\n",
        /* One of several hosts may come back. */
        AT "SSL error: certificate verify failed\n" AT
           "Connection refused\n\tIs the server running?\n",
        /* What a host is called is no message. */
        "connection to server at \"invalid certificate.example\", port 5432 failed: Connection "
        "refused\n",
        AT "session is read-only\n",
        "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (db_failure_code(wrong[i]) != ERR_CONFIG)
            fail_msg("%s", wrong[i]);
        assert_non_null(db_failure_advice(wrong[i]));
    }
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) {
        if (db_failure_code(passes[i]) != ERR_UNAVAILABLE)
            fail_msg("%s", passes[i]);
        assert_null(db_failure_advice(passes[i]));
    }
}

static const struct address {
    const char *text;
    const char *told; /* NULL: it can be read */
    const char *secret;
} addresses[] = {
    {"postgresql://u:p@h:5432/d?sslmode=require", NULL, NULL},
    {"postgres://u@h1:1,h2:2/d", NULL, NULL},
    {"host=h port=1 user=u password='a b'", NULL, NULL},
    {"postgresql://u:p@h:1x/d", NULL, NULL}, /* libpq says what is wrong when it connects */
    {"postgresql://u:p@h/d?pgbouncer=true", "parameter pgbouncer,", NULL},
    {"postgresql://u:p@h:6543/d?sslmode=require&connection_limit=1", "parameter connection_limit,",
     NULL},
    {"'postgresql://u:s3cr3t@h/d'", "quotes", "s3cr3t"},
    {"\"postgresql://u:s3cr3t@h/d\"", "quotes", "s3cr3t"},
    {"\"postgresql://u:s3cr3t@h/d", "quotes", "s3cr3t"},
    {"psql 'postgresql://u:s3cr3t@h/d'", "psql", "s3cr3t"},
    {" postgresql://u:s3cr3t@h/d", "blanks", "s3cr3t"},
    {"postgresql+asyncpg://u:s3cr3t@h/d", "postgresql+asyncpg://", "s3cr3t"},
    {"jdbc:postgresql://h/d?user=u&password=s3cr3t", "jdbc:postgresql://", "s3cr3t"},
    {"prisma://u:s3cr3t@h/d", "prisma://", "s3cr3t"},
    /* A password that is not encoded: nothing of it is said. */
    {"postgresql://u:s3@cr3t@h/d", "%XX", "cr3t"},
    {"postgresql://u:s3/cr3t@h/d", "%XX", "s3"},
    {"postgresql://u:s3?cr3t=x@h/d", NULL, NULL}, /* libpq looks for the @ first */
    {"postgresql://u:s3%zzcr3t@h/d", "%XX", "cr3t"},
    {"postgresql://u:s3cr3t", "%XX", "s3cr3t"},
    {"u:s3cr3t@h/d", "%XX", "s3cr3t"},
    {"s3cr3t", "%XX", "s3cr3t"},
};

static void an_address_that_cannot_be_read_is_explained_without_quoting_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        const struct address *a = &addresses[i];
        struct err e = ERR_INIT;
        enum err_code rc = db_check_conninfo(a->text, &e);
        if ((rc == OK) != (a->told == NULL))
            fail_msg("%s: %s", a->text, e.msg);
        if (a->told == NULL)
            continue;
        assert_int_equal(rc, ERR_CONFIG);
        if (strstr(e.msg, a->told) == NULL ||
            (a->secret != NULL && strstr(e.msg, a->secret) != NULL))
            fail_msg("%s: %s", a->text, e.msg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_told_from_what_passes),
        cmocka_unit_test(an_address_that_cannot_be_read_is_explained_without_quoting_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
