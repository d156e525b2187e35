#include "load/doctor/diagnosis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct findings *f;
static char *said; /* the report's JSON lines */

static int begin(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    return findings_open(&f, true, NULL, &e) == OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    findings_close(f);
    free(said);
    said = NULL;
    return 0;
}

static void expect(int code, const char *state, const char *part)
{
    struct err e = ERR_INIT;
    char start[40];
    size_t n = 0;
    free(said);
    FILE *out = open_memstream(&said, &n);
    assert_non_null(out);
    assert_int_equal(findings_report(f, out, &e), OK);
    assert_int_equal(fclose(out), 0);
    (void)snprintf(start, sizeof start, "{\"state\":\"%s\"", state);
    if (strstr(said, start) == NULL || strstr(said, part) == NULL)
        fail_msg("no %s with '%s' in:\n%s", state, part, said);
    assert_int_equal(findings_exit(f), code);
}

/* A row as sql_check gives one; pairs end with NULL. */
static PGresult *row(const char *const *pairs)
{
    PGresult *r = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    PGresAttDesc columns[8] = {0};
    char names[8][40];
    int n = 0;

    assert_non_null(r);
    for (; pairs[2 * n] != NULL; n++) {
        (void)snprintf(names[n], sizeof names[n], "%s", pairs[2 * n]);
        columns[n].name = names[n];
    }
    assert_true(PQsetResultAttrs(r, n, columns));
    for (int i = 0; i < n; i++) {
        char text[40];
        (void)snprintf(text, sizeof text, "%s", pairs[2 * i + 1]);
        assert_true(PQsetvalue(r, 0, i, text, (int)strlen(text)));
    }
    return r;
}

static void test_an_ipv6_host_of_supabases_is_sent_to_the_pooler(void **state)
{
    (void)state;
    struct server_address a = {
        .host = "db.abc.supabase.co", .v6 = true, .supabase = SUPABASE_DIRECT};
    diagnose_address(f, &a);
    expect(0, "change", "pooler.supabase.com");
    struct err err = ERR_INIT;
    err_set(&err, ERR_UNAVAILABLE, "Network is unreachable");
    diagnose_no_connection(f, &a, &err);
    expect(69, "wrong", "this machine may have none");
}

static void test_both_kinds_of_address_are_well(void **state)
{
    (void)state;
    struct server_address a = {.host = "h", .port = "5432", .v4 = true, .v6 = true};
    diagnose_address(f, &a);
    expect(0, "ok", "IPv4 and IPv6");
}

static void test_a_refused_user_is_a_permission(void **state)
{
    (void)state;
    struct server_address a = {.host = "x.pooler.supabase.com", .supabase = SUPABASE_SESSION};
    struct err err = ERR_INIT;
    err_set(&err, ERR_DENIED, "no such user");
    diagnose_no_connection(f, &a, &err);
    expect(77, "wrong", "postgres.PROJECT");
}

static void test_a_certificate_is_a_setting(void **state)
{
    (void)state;
    struct server_address a = {.host = "h"};
    struct err err = ERR_INIT;
    err_set(&err, ERR_UNAVAILABLE, "SSL error: certificate verify failed");
    diagnose_no_connection(f, &a, &err);
    expect(78, "wrong", "sslrootcert");
}

static void test_no_tls_matters_across_a_network_only(void **state)
{
    (void)state;
    struct server_address a = {.host = "localhost", .local = true};
    diagnose_tls(f, &a, false);
    expect(0, "ok", "this machine");
    a = (struct server_address){.host = "h", .sslmode = "prefer"};
    diagnose_tls(f, &a, false);
    expect(0, "change", "readable");
    diagnose_tls(f, &a, true);
    expect(0, "change", "sslmode=prefer");
}

static void test_poolers(void **state)
{
    (void)state;
    struct server_address a = {.host = "h"};
    diagnose_pooling(f, &a, POOLING_SOME);
    expect(0, "ok", "did not show");
    a.supabase = SUPABASE_TRANSACTION;
    diagnose_pooling(f, &a, POOLING_SOME);
    expect(0, "ok", "one in transaction mode");
    a.supabase = SUPABASE_SESSION;
    diagnose_pooling(f, &a, POOLING_SOME);
    expect(0, "ok", "one in session mode");
    diagnose_pooling(f, &a, POOLING_STATEMENT);
    expect(78, "wrong", "pool_mode = transaction");
}

static void server(const char *version, const char *encoding, const char *ms, const char *standby)
{
    const char *const pairs[] = {
        "version_num",   version, "version", "x",     "encoding",  encoding,
        "time_limit_ms", ms,      "standby", standby, "read_only", "f",
        "role",          "r",     NULL};
    PGresult *r = row(pairs);
    diagnose_server(f, r);
    PQclear(r);
}

static void test_an_old_server(void **state)
{
    (void)state;
    server("110022", "UTF8", "0", "f");
    expect(78, "wrong", "12 is the oldest");
}

static void test_a_standby(void **state)
{
    (void)state;
    server("150000", "UTF8", "0", "t");
    expect(78, "wrong", "read-write");
}

static void test_another_encoding_and_a_short_limit(void **state)
{
    (void)state;
    server("150000", "LATIN1", "9999", "f");
    expect(0, "change", "LATIN1");
    expect(0, "change", "ALTER ROLE \\\"r\\\" SET statement_timeout");
}

static void test_the_gravest_counts(void **state)
{
    (void)state;
    findings_add(f, FINDING_WRONG, ERR_CONFIG, "a", "x");
    findings_add(f, FINDING_WRONG, ERR_UNAVAILABLE, "b", "y");
    findings_add(f, FINDING_OK, ERR_INTERNAL, "c", "z");
    expect(78, "wrong", "\"about\":\"b\"");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_ipv6_host_of_supabases_is_sent_to_the_pooler),
        TEST(test_both_kinds_of_address_are_well),
        TEST(test_a_refused_user_is_a_permission),
        TEST(test_a_certificate_is_a_setting),
        TEST(test_no_tls_matters_across_a_network_only),
        TEST(test_poolers),
        TEST(test_an_old_server),
        TEST(test_a_standby),
        TEST(test_another_encoding_and_a_short_limit),
        TEST(test_the_gravest_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
