/* Objects: what goes in comes out, and of one that is cut or damaged nothing does. */
#include "tests/unit/spool/helper.h"

#include "shared/files/safe_file.h"
#include "spool/remote/object.h"

#define RECORDS "{\"contact_id\":1}\n{\"contact_id\":2}\n"
#define FILE_   "contacts/healed.json"

struct object {
    char path[96];
    struct object_sum sum;
    char *data;
    size_t n;
};

static size_t add_lines(struct object_writer *w)
{
    struct buf line;
    struct page_info page = {.place = {7, 1},
                             .bytes = sizeof RECORDS - 1,
                             .records = 2,
                             .first_line = 1,
                             .hash = 1,
                             .fetched = 0,
                             .complete_to = WHEN_NONE};
    struct journal_header header = {.table = TABLE, .segment = 7};
    buf_init(&line, JOURNAL_LINE_MAX);
    assert_int_equal(journal_add_header(&line, &header, "{\"at\":1}"), OK);
    assert_ok(object_add_header(w, line.data, line.len - 1, e));
    buf_reset(&line);
    assert_int_equal(journal_add_page(&line, &page, "{\"at\":2}"), OK);
    assert_ok(object_add_page(w, line.data, line.len - 1, e));
    size_t n = line.len;
    buf_free(&line);
    return n;
}

static void make(struct object *o)
{
    struct object_writer *w;
    struct object_head head = {.number = 5, .before = 3, .before_hash = 17, .written = 1000000};
    const char *tmp = getenv("TMPDIR");
    memset(head.chain, 'a', OBJECT_ID - 1);
    memset(head.spool, 'b', OBJECT_ID - 1);
    (void)snprintf(o->path, sizeof o->path, "%s/netty-object-%ld", tmp ? tmp : "/tmp",
                   (long)getpid());
    assert_ok(object_create(&w, o->path, &head, e));
    assert_true(object_has_room(w, UINT64_MAX / 2)); /* a page alone always has */
    (void)add_lines(w);
    assert_ok(object_add(w, RECORDS, sizeof RECORDS - 1, e));
    assert_true(object_has_room(w, 200 << 20));
    assert_false(object_has_room(w, OBJECT_MAX));
    assert_ok(object_add_file(w, FILE_, 3, e));
    assert_ok(object_add(w, "xyz", 3, e));
    assert_ok(object_finish(w, &o->sum, e));
    object_drop(w);
    struct buf text;
    buf_init(&text, 1 << 20);
    assert_ok(safe_read_file(o->path, &text, e));
    o->n = text.len;
    o->data = malloc(text.len);
    assert_non_null(o->data);
    memcpy(o->data, text.data, text.len);
    buf_free(&text);
}

/* A page that is larger than an object may be goes into one of its own, whatever small files stand before it: else none would hold it. */
static void test_the_first_page_has_room_behind_files(void **state)
{
    struct object_writer *w;
    struct object_head head = {.number = 1, .first = true, .written = 1000000};
    char path[96];
    const char *tmp = getenv("TMPDIR");
    (void)state;
    memset(head.chain, 'a', OBJECT_ID - 1);
    memset(head.spool, 'b', OBJECT_ID - 1);
    (void)snprintf(path, sizeof path, "%s/netty-object-%ld", tmp ? tmp : "/tmp", (long)getpid());
    assert_ok(object_create(&w, path, &head, e));
    assert_ok(object_add_file(w, FILE_, 3, e));
    assert_ok(object_add(w, "xyz", 3, e));
    assert_true(object_has_room(w, OBJECT_MAX));
    (void)add_lines(w);
    assert_false(object_has_room(w, OBJECT_MAX));
    object_drop(w);
    assert_int_equal(unlink(path), 0);
}

static void make_host(const char *path, const char *account)
{
    struct object_head head = {.number = 1, .first = true, .written = 1000000, .host = true};
    struct object_writer *w;
    struct object_sum sum;
    memset(head.chain, 'a', OBJECT_ID - 1);
    memset(head.spool, '0', OBJECT_ID - 1);
    assert_ok(object_create(&w, path, &head, e));
    if (account)
        assert_ok(object_add_account(w, account, head.chain, true, 7, e));
    assert_ok(object_add_file(w, FILE_, 3, e));
    assert_ok(object_add(w, "xyz", 3, e));
    assert_ok(object_finish(w, &sum, e));
    assert_false(object_is_broken(w));
    object_drop(w);
}

static void check_host(struct object_reader *r)
{
    struct object_item item;
    assert_ok(object_next(r, &item, e));
    assert_int_equal(item.kind, OBJECT_ACCOUNT);
    assert_string_equal(item.file, "lyon");
    assert_string_equal(item.spool, object_head(r)->chain);
    assert_int_equal(item.first, 1);
    assert_int_equal(item.told, 7);
    assert_int_equal(item.bytes, 0);
    assert_ok(object_next(r, &item, e));
    assert_int_equal(item.kind, OBJECT_FILE);
    assert_ok(object_next(r, &item, e));
    assert_int_equal(item.kind, OBJECT_END);
}

/* A host's object: each item is of the account whose line stands before it, and the name is one that a folder may have. */
static void test_accounts(void **state)
{
    static const char *const names[] = {"lyon", NULL, "", "../x", "Lyon", "a/b", ".push"};
    char path[96];
    const char *tmp = getenv("TMPDIR");
    (void)state;
    (void)snprintf(path, sizeof path, "%s/netty-object-%ld", tmp ? tmp : "/tmp", (long)getpid());
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct object_reader *r;
        struct object_item item;
        struct err why = ERR_INIT;
        make_host(path, names[i]);
        assert_ok(object_open(&r, path, e));
        assert_true(object_head(r)->host);
        if (i == 0)
            check_host(r);
        else
            assert_int_equal(object_next(r, &item, &why), ERR_DAMAGED);
        object_close(r);
    }
    assert_int_equal(unlink(path), 0);
}

static void drop(struct object *o)
{
    free(o->data);
    assert_int_equal(unlink(o->path), 0);
}

static void expect_bytes(struct object_reader *r, const char *text)
{
    char got[256];
    size_t n = 0;
    size_t more;
    do {
        assert_ok(object_read(r, got + n, 5, &more, e));
        n += more;
    } while (more > 0);
    assert_int_equal(n, strlen(text));
    assert_memory_equal(got, text, n);
}

static void check_whole(const struct object *o)
{
    struct object_reader *r;
    struct object_item item;
    assert_ok(object_open(&r, o->path, e));
    const struct object_head *h = object_head(r);
    assert_int_equal(h->number, 5);
    assert_int_equal(h->before, 3);
    assert_int_equal(h->before_hash, 17);
    assert_int_equal(h->written, 1000000);
    assert_false(h->first);
    assert_int_equal(object_sum(r)->hash, o->sum.hash);
    assert_ok(object_next(r, &item, e));
    assert_int_equal(item.kind, OBJECT_HEADER);
    assert_string_equal(item.line.header.table, TABLE);
    assert_string_equal(item.line.position, "{\"at\":1}");
    assert_ok(object_next(r, &item, e));
    assert_int_equal(item.kind, OBJECT_PAGE);
    assert_int_equal(item.line.page.place.page, 1);
    expect_bytes(r, RECORDS);
    assert_ok(object_next(r, &item, e));
    assert_int_equal(item.kind, OBJECT_FILE);
    assert_string_equal(item.file, FILE_);
    expect_bytes(r, "xyz");
    assert_ok(object_next(r, &item, e));
    assert_int_equal(item.kind, OBJECT_END);
    object_close(r);
}

static void put(const struct object *o, size_t n)
{
    int fd = open(o->path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_ok(io_write(fd, o->data, n, o->path, e));
    assert_int_equal(close(fd), 0);
}

static void expect_damaged(const struct object *o)
{
    struct object_reader *r = NULL;
    struct err e = ERR_INIT;
    enum err_code rc = object_open(&r, o->path, &e);
    assert_true(rc == ERR_DAMAGED || rc == ERR_CONFIG);
    assert_null(r);
}

static void test_round_trip(void **state)
{
    struct object o;
    (void)state;
    make(&o);
    check_whole(&o);
    drop(&o);
}

static void test_cut_at_every_byte(void **state)
{
    struct object o;
    (void)state;
    make(&o);
    for (size_t n = 0; n < o.n; n++) {
        struct object_sum sum;
        size_t from = n > OBJECT_TAIL_MAX ? n - OBJECT_TAIL_MAX : 0;
        put(&o, n);
        expect_damaged(&o);
        assert_false(object_tail(o.data + from, n - from, &sum));
    }
    drop(&o);
}

static void test_damaged_at_every_byte(void **state)
{
    struct object o;
    (void)state;
    make(&o);
    for (size_t at = 0; at < o.n; at++) {
        for (int bit = 0; bit < 8; bit += 3) {
            o.data[at] = (char)(o.data[at] ^ (1 << bit));
            put(&o, o.n);
            expect_damaged(&o);
            o.data[at] = (char)(o.data[at] ^ (1 << bit));
        }
    }
    put(&o, o.n);
    check_whole(&o);
    drop(&o);
}

static void test_names(void **state)
{
    char name[OBJECT_NAME];
    (void)state;
    assert_string_equal(object_name(name, 7), "0000000007.netty");
    assert_int_equal(object_number("0000000007.netty"), 7);
    assert_int_equal(object_number("7.netty"), 0);
    assert_int_equal(object_number("0000000007.nettyx"), 0);
    assert_int_equal(object_number("00000000071.netty"), 0);
    assert_int_equal(object_number("back"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_page_has_room_behind_files),
        cmocka_unit_test(test_accounts),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_damaged_at_every_byte),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
