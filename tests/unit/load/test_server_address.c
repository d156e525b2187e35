#include "load/doctor/server_address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct server_address read_address(const char *conninfo)
{
    struct server_address a;
    struct err e = ERR_INIT;

    if (server_address_read(&a, conninfo, &e) != OK)
        fail_msg("%s", e.msg);
    return a;
}

static void test_from_url_keywords_and_environment(void **state)
{
    (void)state;
    struct server_address a =
        read_address("postgresql://u@db.example.net:6000/x?sslmode=verify-full");
    assert_string_equal(a.host, "db.example.net");
    assert_string_equal(a.port, "6000");
    assert_string_equal(a.sslmode, "verify-full");
    assert_false(a.local);

    assert_int_equal(setenv("PGHOST", "from.env", 1), 0);
    assert_int_equal(setenv("PGSSLMODE", "require", 1), 0);
    a = read_address("dbname=x port=7");
    assert_string_equal(a.host, "from.env");
    assert_string_equal(a.port, "7");
    assert_string_equal(a.sslmode, "require");
    a = read_address(NULL);
    assert_string_equal(a.host, "from.env");
    assert_string_equal(a.port, "5432");
    assert_int_equal(unsetenv("PGHOST"), 0);
    assert_int_equal(unsetenv("PGSSLMODE"), 0);
    a = read_address("host=one,two port=1,2");
    assert_string_equal(a.host, "one");
    assert_string_equal(a.port, "1");
}

/* It goes before the environment and behind what stands beside it, and nothing of it stays. */
static void test_from_a_service(void **state)
{
    (void)state;
    char file[] = "/tmp/netty-services.XXXXXX";
    const char text[] = "[crm]\nhost=crm.example.net\nport=6001\nsslmode=verify-full\n"
                        "[other]\nhost=other.example.net\n";
    int fd = mkstemp(file);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, sizeof text - 1), (ssize_t)sizeof text - 1);
    assert_int_equal(close(fd), 0);
    assert_int_equal(setenv("PGSERVICEFILE", file, 1), 0);
    assert_int_equal(setenv("PGHOST", "from.env", 1), 0);

    struct server_address a = read_address("service=crm port=7");
    assert_string_equal(a.host, "crm.example.net");
    assert_string_equal(a.port, "7");
    assert_string_equal(a.sslmode, "verify-full");
    assert_null(getenv("PGSERVICE"));

    assert_int_equal(setenv("PGSERVICE", "other", 1), 0);
    assert_string_equal(read_address("postgresql://?service=crm").host, "crm.example.net");
    assert_string_equal(getenv("PGSERVICE"), "other");
    assert_string_equal(read_address("dbname=x").host, "other.example.net");
    assert_string_equal(read_address("service=nowhere").host, "from.env");

    assert_int_equal(unsetenv("PGSERVICE"), 0);
    assert_int_equal(unsetenv("PGSERVICEFILE"), 0);
    assert_int_equal(unsetenv("PGHOST"), 0);
    assert_int_equal(unlink(file), 0);
}

static void test_not_readable(void **state)
{
    (void)state;
    struct server_address a;
    struct err e = ERR_INIT;
    assert_int_equal(server_address_read(&a, "postgresql://u:pa%ss@[", &e), ERR_CONFIG);
    assert_null(strstr(e.msg, "pa%"));
}

static void test_what_is_local(void **state)
{
    (void)state;
    static const char *const locals[] = {"host=/run/postgresql", "host=localhost", "host=127.0.0.9",
                                         "host=::1", "hostaddr=127.0.0.1"};
    for (size_t i = 0; i < sizeof locals / sizeof *locals; i++)
        assert_true(read_address(locals[i]).local);
    assert_false(read_address("host=localhost.example.net").local);
    assert_false(read_address("host=10.0.0.1").local);
}

static void test_supabase_by_name_and_port(void **state)
{
    (void)state;
    assert_int_equal(server_address_supabase("aws-0-eu-west-3.pooler.supabase.com", "6543"),
                     SUPABASE_TRANSACTION);
    assert_int_equal(server_address_supabase("aws-0-eu-west-3.pooler.supabase.com", "5432"),
                     SUPABASE_SESSION);
    assert_int_equal(server_address_supabase("db.abc.supabase.co", "5432"), SUPABASE_DIRECT);
    assert_int_equal(server_address_supabase("db.abc.supabase.co", "6543"), SUPABASE_TRANSACTION);
    assert_int_equal(server_address_supabase("supabase.co.example.net", "6543"), SUPABASE_NOT);
    assert_int_equal(server_address_supabase("", "5432"), SUPABASE_NOT);
}

static void test_resolving(void **state)
{
    (void)state;
    struct server_address a = read_address("host=::1");
    server_address_resolve(&a);
    assert_true(a.v6 && !a.v4 && a.why[0] == '\0');
    a = read_address("host=192.0.2.7");
    server_address_resolve(&a);
    assert_true(a.v4 && !a.v6);
    a = read_address("host=/run/x");
    server_address_resolve(&a);
    assert_true(!a.v4 && !a.v6 && a.why[0] == '\0');
    a = read_address("host=no-such-host.invalid");
    server_address_resolve(&a);
    assert_true(!a.v4 && !a.v6 && a.why[0] != '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_url_keywords_and_environment),
        cmocka_unit_test(test_from_a_service),
        cmocka_unit_test(test_not_readable),
        cmocka_unit_test(test_what_is_local),
        cmocka_unit_test(test_supabase_by_name_and_port),
        cmocka_unit_test(test_resolving),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
