#include "shared/time/when.h"
#include "spool/format/md5.h"
#include "spool/format/record_digest.h"
#include "tests/unit/spool/helper.h"

static void test_md5_of_the_standard(void **state)
{
    static const struct {
        const char *text;
        uint32_t digest[4];
    } cases[] = {
        {"", {0xd41d8cd9, 0x8f00b204, 0xe9800998, 0xecf8427e}},
        {"abc", {0x90015098, 0x3cd24fb0, 0xd6963f7d, 0x28e17f72}},
        {"abcdefghijklmnopqrstuvwxyz", {0xc3fcd3d7, 0x6192e400, 0x7dfb496c, 0xca67e13b}},
    };
    uint32_t digest[4];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        md5_short(cases[i].text, strlen(cases[i].text), digest);
        assert_memory_equal(digest, cases[i].digest, sizeof digest);
    }
}

/* n keys, each in three versions, in an order that `stride` makes. */
static uint64_t digest_of(size_t room, int64_t n, int64_t stride, int64_t newest,
                          char text[RECORD_DIGEST_TEXT])
{
    struct record_digest *d;
    uint64_t records;
    assert_ok(record_digest_open(&d, room, e));
    do {
        record_digest_begin(d);
        for (int64_t i = 0; i < 3 * n; i++) {
            int64_t at = i * stride % (3 * n);
            record_digest_add(d, at / 3 - n / 2, at % 3 == 0 ? WHEN_NONE : newest + at % 3);
        }
    } while (record_digest_again(d));
    record_digest_result(d, text, &records);
    record_digest_close(d);
    return records;
}

static void test_order_and_room_do_not_matter(void **state)
{
    char one[RECORD_DIGEST_TEXT];
    char other[RECORD_DIGEST_TEXT];
    (void)state;
    assert_int_equal(digest_of(100000, 1000, 1, 5, one), 1000);
    assert_int_equal(digest_of(100000, 1000, 7, 5, other), 1000);
    assert_string_equal(one, other);
    assert_int_equal(digest_of(64, 1000, 1, 5, other), 1000); /* many passes */
    assert_string_equal(one, other);
}

static void test_a_record_more_or_a_newer_one_shows(void **state)
{
    char one[RECORD_DIGEST_TEXT];
    char other[RECORD_DIGEST_TEXT];
    (void)state;
    (void)digest_of(4096, 1000, 1, 5, one);
    (void)digest_of(4096, 1001, 1, 5, other);
    assert_string_not_equal(one, other);
    (void)digest_of(4096, 1000, 1, 6, other);
    assert_string_not_equal(one, other);
    assert_int_equal(digest_of(4096, 0, 1, 5, one), 0);
    assert_string_equal(one, "00000000000000000000000000000000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_md5_of_the_standard),
        cmocka_unit_test(test_order_and_room_do_not_matter),
        cmocka_unit_test(test_a_record_more_or_a_newer_one_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
