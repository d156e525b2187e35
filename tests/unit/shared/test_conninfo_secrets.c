#include "shared/base/buf.h"
#include "shared/log/conninfo_secrets.h"
#include "shared/log/log.h"
#include "shared/log/redact.h"
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int forget(void **state)
{
    (void)state;
    redact_forget();
    return 0;
}

static bool hidden(const char *text)
{
    struct buf b;
    buf_init(&b, 1000);
    assert_int_equal(buf_addf(&b, "<%s>", text), OK);
    assert_int_equal(redact_text(&b), OK);
    bool gone = strstr(b.data, text) == NULL;
    buf_free(&b);
    return gone;
}

static void holds(const char *text, const char *secret, const char *also)
{
    bool found = false;
    redact_forget();
    assert_int_equal(conninfo_secrets(text, &found), OK);
    if (!found || !hidden(secret) || (also != NULL && !hidden(also)))
        fail_msg("%s: the password is not found", text);
}

static void holds_none(const char *text)
{
    bool found = true;
    assert_int_equal(conninfo_secrets(text, &found), OK);
    if (found)
        fail_msg("%s: a password is found", text);
}

static void test_urls(void **state)
{
    (void)state;
    holds("postgresql://netty:hunter22@db.example.org/crm", "hunter22", NULL);
    holds("postgres://netty:hunter22@db.example.org:5432/crm?sslmode=require", "hunter22", NULL);
    holds("postgresql://:hunter22@/crm", "hunter22", NULL);
    holds("postgresql://netty:hu%2Fnt%40er@h/crm", "hu%2Fnt%40er", "hu/nt@er");
    holds("postgresql://netty:100%zero%4@h/crm", "100%zero%4", NULL);
    holds("postgresql://h/crm?user=netty&password=hunter22", "hunter22", NULL);
    holds("postgresql://h/crm?password=hunter22&user=netty", "hunter22", NULL);
    holds("postgresql://h/crm?p%61ssword=hu%6Eter22", "hu%6Eter22", "hunter22");
    holds("postgresql://h/crm?sslpassword=hunter22", "hunter22", NULL);
    holds("postgresql://netty:hunter22@h/crm?password=other888", "hunter22", "other888");
    holds("postgresql://netty@h,i:5432/crm?password=hunter22", "hunter22", NULL);
}

/* Not as libpq reads them, yet meant as passwords. */
static void test_urls_written_wrongly(void **state)
{
    (void)state;
    holds("postgresql://netty:hun/ter22@h/crm", "hun/ter22", NULL);
    holds("postgresql://netty:hun@ter22@h/crm", "hun@ter22", NULL);
    holds("postgresql://netty:hun?ter22@h/crm", "hun?ter22", NULL);
    holds("mysql://netty:hunter22@h/crm", "hunter22", NULL);
}

static void test_pairs(void **state)
{
    (void)state;
    holds("host=h password=hunter22 dbname=crm", "hunter22", NULL);
    holds("password=hunter22", "hunter22", NULL);
    holds("host=h password = 'hun ter22' user=u", "hun ter22", NULL);
    holds("host=h\tpassword\n=\nhunter22", "hunter22", NULL);
    holds("password='hun\\'ter\\\\22'", "hun\\'ter\\\\22", "hun'ter\\22");
    holds("password=hun\\ ter22", "hun ter22", NULL);
    holds("sslkey=a sslpassword=hunter22", "hunter22", NULL);
    holds("password='hunter22", "hunter22", NULL);
    holds("host h password=hunter22", "hunter22", NULL);
    holds("host='a password=decoy000' password=hunter22", "hunter22", NULL);
}

static void test_none(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "crm",
        "contacts",
        "postgresql://",
        "postgresql:///crm",
        "postgresql://netty@db.example.org/crm",
        "postgresql://netty:@db.example.org/crm",
        "postgresql://[::1]:5432/crm?application_name=a@b",
        "postgresql://h:5432,i:5433/crm",
        "postgresql://h/crm?password=",
        "postgresql://h/crm?password",
        "postgresql://h/crm?passfile=/x&sslmode=require",
        "https://webapi.netty.fr/apiv1",
        "http://127.0.0.1:8080/apiv1",
        "host=h dbname=crm user=netty",
        "host=h passfile=/home/netty/.pgpass",
        "host=h password=",
        "host=h password=''",
        "password",
        "= = =",
        "=",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        holds_none(texts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_urls, forget),
        cmocka_unit_test_teardown(test_urls_written_wrongly, forget),
        cmocka_unit_test_teardown(test_pairs, forget),
        cmocka_unit_test_teardown(test_none, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
