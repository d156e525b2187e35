#include "load/address/db_hosts.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MAX 4096u

/* "two" has two addresses, "none" cannot be resolved, numbers are themselves. */
static enum err_code resolve(const char *name, struct buf *out)
{
    if (strcmp(name, "two") == 0)
        return buf_adds(out, "::2,10.0.0.2,");
    if (strcmp(name, "none") == 0)
        return OK;
    return buf_addf(out, "%s,", strcmp(name, "one") == 0 ? "10.0.0.1" : name);
}

static void note(struct buf *tried, const char *host, const char *port, const char *address,
                 bool before)
{
    bool again = !before;

    assert_int_equal(db_hosts_note(tried, host, port, address, &again), OK);
    assert_int_equal(again, before);
}

static void assert_left(const struct buf *tried, const char *const in[3], size_t count,
                        const char *host, const char *hostaddr, const char *port)
{
    struct db_hosts left;

    assert_int_equal(db_hosts_left(&left, in[0], in[1], in[2], tried, resolve), OK);
    assert_int_equal(left.count, count);
    assert_string_equal(left.host.data, host);
    assert_string_equal(left.hostaddr.data, hostaddr);
    assert_string_equal(left.port.data, port);
    db_hosts_free(&left);
}

static void what_was_tried_is_left_out_address_by_address(void **state)
{
    static const char *const in[3] = {"two,one,/tmp", NULL, "6432"};
    struct buf tried;

    (void)state;
    buf_init(&tried, MAX);
    assert_left(&tried, in, 4, "two,two,one,/tmp", "::2,10.0.0.2,10.0.0.1,", "6432,6432,6432,6432");
    note(&tried, "two", "6432", "::2", false);
    note(&tried, "two", "6432", "::2", true);
    assert_left(&tried, in, 3, "two,one,/tmp", "10.0.0.2,10.0.0.1,", "6432,6432,6432");
    note(&tried, "/tmp", "6432", "", false);
    note(&tried, "one", "5432", "10.0.0.1", false); /* another port */
    assert_left(&tried, in, 2, "two,one", "10.0.0.2,10.0.0.1", "6432,6432");
    note(&tried, "one", "6432", "10.0.0.1", false);
    note(&tried, "two", "6432", "10.0.0.2", false);
    assert_left(&tried, in, 0, "", "", "");
    buf_free(&tried);
}

static void each_host_has_its_port_and_none_is_the_standard_one(void **state)
{
    static const char *const ports[3] = {"one,one", NULL, "6000,"};
    static const char *const none[3] = {"one", NULL, NULL};
    struct buf tried;

    (void)state;
    buf_init(&tried, MAX);
    assert_left(&tried, ports, 2, "one,one", "10.0.0.1,10.0.0.1", "6000,");
    note(&tried, "one", "", "10.0.0.1", false);
    note(&tried, "one", "5432", "10.0.0.1", true);
    assert_left(&tried, ports, 1, "one", "10.0.0.1", "6000");
    assert_left(&tried, none, 0, "", "", "");
    buf_free(&tried);
}

static void numbers_instead_of_names_and_beside_them(void **state)
{
    static const char *const alone[3] = {NULL, "10.0.0.1,10.0.0.2", "1"};
    static const char *const beside[3] = {"one,two", "10.9.9.9,", "1,2"};
    static const char *const lost[3] = {"none,one", NULL, NULL};
    struct buf tried;

    (void)state;
    buf_init(&tried, MAX);
    assert_left(&tried, alone, 2, ",", "10.0.0.1,10.0.0.2", "1,1");
    note(&tried, "10.0.0.1", "1", "10.0.0.1", false);
    assert_left(&tried, alone, 1, "", "10.0.0.2", "1");
    assert_left(&tried, beside, 3, "one,two,two", "10.9.9.9,::2,10.0.0.2", "1,2,2");
    assert_left(&tried, lost, 2, "none,one", ",10.0.0.1", ",");
    buf_free(&tried);
}

static void the_system_resolves_numbers_to_themselves(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, MAX);
    assert_int_equal(db_hosts_resolve("127.0.0.1", &out), OK);
    assert_int_equal(db_hosts_resolve("no such name", &out), OK);
    assert_int_equal(db_hosts_resolve("::0001", &out), OK);
    assert_string_equal(out.data, "127.0.0.1,::1,");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_tried_is_left_out_address_by_address),
        cmocka_unit_test(each_host_has_its_port_and_none_is_the_standard_one),
        cmocka_unit_test(numbers_instead_of_names_and_beside_them),
        cmocka_unit_test(the_system_resolves_numbers_to_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
