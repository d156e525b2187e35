#include "tests/unit/spool/helper.h"

#include "spool/format/checksum_line.h"
#include "spool/journal/journal.h"
#include "spool/journal/journal_codec.h"

static struct page_info some_page(void)
{
    return (struct page_info){.place = {7, 3},
                              .offset = 1234,
                              .bytes = 5678,
                              .records = 9,
                              .first_line = 10,
                              .hash = UINT64_C(0x0123456789abcdef),
                              .fetched = INT64_C(1700000000000001),
                              .complete_to = INT64_C(1600000000000000),
                              .low = "2024-01-01 00:00:00",
                              .high = "\"quoted\" \\ \x01"};
}

static void lines_come_back(void **state)
{
    struct buf b;
    struct err err = ERR_INIT;
    struct journal_line line;
    char position[PAGE_POSITION_MAX + 1];
    struct page_info page = some_page();
    (void)state;
    buf_init(&b, JOURNAL_LINE_MAX);
    assert_int_equal(journal_add_page(&b, &page, "{\"a\":{\"sum\":\"}\"}}"), OK);
    assert_int_equal(journal_decode(b.data, b.len - 1, &line, position, &err), OK);
    assert_int_equal(line.kind, JOURNAL_PAGE);
    assert_int_equal(line.page.place.page, 3);
    assert_true(line.page.hash == page.hash && line.page.fetched == page.fetched);
    assert_true(line.page.complete_to == page.complete_to);
    assert_string_equal(line.page.low, page.low);
    assert_string_equal(line.page.high, page.high);
    assert_string_equal(position, "{\"a\":{\"sum\":\"}\"}}");
    buf_reset(&b);
    struct journal_footer footer = {
        .sealed = 1, .pages = 2, .records = 3, .bytes = 4, .hash = UINT64_MAX};
    assert_int_equal(journal_add_footer(&b, &footer), OK);
    assert_int_equal(journal_decode(b.data, b.len - 1, &line, position, &err), OK);
    assert_int_equal(line.kind, JOURNAL_FOOTER);
    assert_true(line.footer.hash == UINT64_MAX && line.footer.bytes == 4);
    buf_free(&b);
}

/* Which page it is: by what the line says, and by the page before. */
static void a_page_has_a_chain(void **state)
{
    struct buf b;
    struct err err = ERR_INIT;
    struct journal_line line;
    char position[PAGE_POSITION_MAX + 1];
    struct page_info first = some_page();
    struct page_info again = some_page();
    struct page_info other = some_page();
    (void)state;
    other.fetched++;
    buf_init(&b, 4 * JOURNAL_LINE_MAX);
    assert_int_equal(journal_add_page(&b, &first, "{\"a\":1}"), OK);
    assert_int_equal(journal_decode(b.data, b.len - 1, &line, position, &err), OK);
    assert_true(line.page.chain == first.chain && first.chain != 0);
    assert_int_equal(journal_add_page(&b, &again, "{\"a\":2}"), OK);
    assert_true(again.chain == first.chain); /* the position is not the page */
    assert_int_equal(journal_add_page(&b, &other, "{\"a\":1}"), OK);
    assert_true(other.chain != first.chain);
    assert_int_equal(journal_add_page(&b, &again, "{\"a\":1}"), OK);
    assert_true(again.chain != first.chain); /* behind another page */
    buf_free(&b);
}

/* As it was written before there were chains. */
static void an_old_line_is_known_by_what_it_says(void **state)
{
    static const char old[] =
        "{\"page\":3,\"fetched\":\"2023-11-14T22:13:20.000001Z\",\"offset\":1234,\"bytes\":5678,"
        "\"line\":10,\"records\":9,\"hash\":\"0123456789abcdef\",\"durable\":0,\"low\":\"\","
        "\"high\":"
        "\"\",\"complete_to\":null,\"position\":{}";
    struct buf b;
    struct err err = ERR_INIT;
    struct journal_line line;
    char position[PAGE_POSITION_MAX + 1];
    struct page_info page = some_page();
    (void)state;
    page.low[0] = page.high[0] = '\0';
    page.complete_to = WHEN_NONE;
    buf_init(&b, JOURNAL_LINE_MAX);
    assert_int_equal(buf_adds(&b, old), OK);
    assert_int_equal(checksum_line_end(&b, 0), OK);
    assert_int_equal(journal_decode(b.data, b.len - 1, &line, position, &err), OK);
    buf_reset(&b);
    assert_int_equal(journal_add_page(&b, &page, "{}"), OK);
    assert_true(line.page.chain == page.chain);
    buf_free(&b);
}

/* The longest position with the worst times still makes a line that fits. */
static void the_longest_line_fits(void **state)
{
    struct buf b;
    struct page_info page = some_page();
    char position[PAGE_POSITION_MAX + 1];
    (void)state;
    memset(page.low, 1, sizeof page.low - 1);
    memset(page.high, 1, sizeof page.high - 1);
    memset(position, ' ', PAGE_POSITION_MAX);
    position[0] = '{';
    position[PAGE_POSITION_MAX - 1] = '}';
    position[PAGE_POSITION_MAX] = '\0';
    buf_init(&b, JOURNAL_LINE_MAX);
    assert_int_equal(journal_add_page(&b, &page, position), OK);
    buf_free(&b);
}

static uint32_t next_random(uint32_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 17;
    return *x ^= *x << 5;
}

/* Bytes changed, taken out and doubled, and then a right checksum: what the parser must stand by
 * itself. */
static void nonsense_with_a_right_checksum(void **state)
{
    struct page_info page = some_page();
    struct journal_header header = {
        .table = TABLE, .segment = 7, .created = 1, .previous = {6, 41}};
    struct buf lines[2];
    uint32_t x = 2463534242;
    int taken = 0;
    (void)state;
    buf_init(&lines[0], JOURNAL_LINE_MAX);
    buf_init(&lines[1], JOURNAL_LINE_MAX);
    assert_int_equal(journal_add_page(&lines[0], &page, "{\"a\":[1,2,{}]}"), OK);
    assert_int_equal(journal_add_header(&lines[1], &header, NULL), OK);
    for (int i = 0; i < 50000; i++) {
        struct buf b;
        struct err err = ERR_INIT;
        struct journal_line line;
        char position[PAGE_POSITION_MAX + 1];
        const struct buf *from = &lines[i % 2];
        buf_init(&b, 2 * JOURNAL_LINE_MAX);
        assert_int_equal(buf_add(&b, from->data, from->len - CHECKSUM_LINE_TAIL - 1), OK);
        for (uint32_t changes = 1 + next_random(&x) % 3; changes > 0; changes--) {
            size_t at = next_random(&x) % b.len;
            switch (next_random(&x) % 3) {
            case 0:
                b.data[at] = (char)next_random(&x);
                break;
            case 1:
                buf_truncate(&b, at + 1);
                break;
            default:
                assert_int_equal(buf_add(&b, from->data + at % 40, 1 + at % 40), OK);
            }
        }
        assert_int_equal(checksum_line_end(&b, 0), OK);
        enum err_code rc = journal_decode(b.data, b.len - 1, &line, position, &err);
        assert_true(rc == OK || rc == ERR_DAMAGED || rc == ERR_CONFIG);
        if (rc == OK && line.kind == JOURNAL_PAGE)
            assert_true(line.page.offset + line.page.bytes <= INT64_MAX && line.page.place.page);
        taken += rc == OK;
        buf_free(&b);
    }
    assert_true(taken > 0); /* changes within strings are no damage when the sum is right */
    buf_free(&lines[0]);
    buf_free(&lines[1]);
}

/* Random bytes where a journal should be: read to the end, nothing given. */
static void noise_is_read_to_its_end(void **state)
{
    struct fixture f;
    char path[256];
    uint32_t x = 88172645;
    const size_t n = 5 * JOURNAL_BUFFER / 2;
    char *noise = malloc(n);
    (void)state;
    assert_non_null(noise);
    fixture_open(&f);
    write_pages(&f, 0, 1, 1);
    table_path(&f, path, 1, SEGMENT_JOURNAL);
    for (int round = 0; round < 4; round++) {
        struct journal *j;
        const struct journal_line *line;
        char dir[256];
        for (size_t i = 0; i < n; i++)
            noise[i] = (char)next_random(&x);
        if (round % 2) /* one line longer than any buffer */
            for (size_t i = 0; i + 1 < n; i++)
                noise[i] = noise[i] == '\n' ? ' ' : noise[i];
        noise[n - 1] = '\n';
        write_file(path, noise, n);
        (void)snprintf(dir, sizeof dir, "%s/" TABLE, f.dir);
        assert_ok(journal_open(&j, dir, 1, e));
        int bad = 0;
        do {
            assert_ok(journal_next(j, &line, e));
            assert_true(line->kind == JOURNAL_BAD || line->kind == JOURNAL_END);
            bad += line->kind == JOURNAL_BAD;
        } while (line->kind != JOURNAL_END);
        assert_true(bad > 0 && line->at == n && line->tail == 0);
        journal_close(j);
    }
    free(noise);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_back),
        cmocka_unit_test(a_page_has_a_chain),
        cmocka_unit_test(an_old_line_is_known_by_what_it_says),
        cmocka_unit_test(the_longest_line_fits),
        cmocka_unit_test(nonsense_with_a_right_checksum),
        cmocka_unit_test(noise_is_read_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
