#include "tests/unit/spool/helper.h"

#include "spool/format/checksum_line.h"

static void identity_path(const struct fixture *f, char out[256])
{
    assert_true(snprintf(out, 256, "%s/spool.json", f->dir) < 256);
}

static void an_identity_is_made_once(void **state)
{
    struct fixture f;
    struct spool *again;
    char path[256];
    struct stat st;
    (void)state;
    fixture_open(&f);
    assert_int_equal(strlen(spool_id(f.spool)), 32);
    assert_ok(spool_open(&again, f.dir, SPOOL_CREATE, e));
    assert_string_equal(spool_id(again), spool_id(f.spool));
    spool_close(again);
    identity_path(&f, path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(f.dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    fixture_close(&f);
}

static void looking_makes_nothing(void **state)
{
    struct fixture f;
    struct spool *s;
    struct err err = ERR_INIT;
    char dir[256];
    (void)state;
    fixture_open(&f);
    assert_true(snprintf(dir, sizeof dir, "%s/none", f.root) > 0);
    assert_int_equal(spool_open(&s, dir, SPOOL_LOOK, &err), ERR_NO_SPOOL);
    assert_int_equal(access(dir, F_OK), -1);
    assert_int_equal(spool_open(&s, "", SPOOL_LOOK, &err), ERR_CONFIG);
    fixture_close(&f);
}

static void a_folder_of_other_things_is_not_adopted(void **state)
{
    struct fixture f;
    struct spool *s;
    struct err err = ERR_INIT;
    char path[256];
    (void)state;
    fixture_open(&f);
    /* What holds spools is a folder of accounts. */
    assert_int_equal(spool_open(&s, f.root, SPOOL_CREATE, &err), ERR_CONFIG);
    assert_non_null(strstr(err.msg, "those of accounts (spool)"));
    assert_int_equal(spool_open(&s, f.root, SPOOL_LOOK, &err), ERR_CONFIG);
    /* Nor is a spool made within a spool. */
    (void)snprintf(path, sizeof path, "%s/within", f.dir);
    assert_int_equal(spool_open(&s, path, SPOOL_CREATE, &err), ERR_CONFIG);
    assert_non_null(strstr(err.msg, "is a spool itself"));
    assert_int_equal(spool_open(&s, path, SPOOL_LOOK, &err), ERR_NO_SPOOL);
    /* A spool whose identity is gone is not given a new one. */
    identity_path(&f, path);
    write_pages(&f, 0, 1, 1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(spool_open(&s, f.dir, SPOOL_CREATE, &err), ERR_CREATE);
    assert_non_null(strstr(err.msg, "other things"));
    fixture_close(&f);
}

static void any_damage_to_the_identity_is_told(void **state)
{
    struct fixture f;
    struct spool *s;
    struct err err = ERR_INIT;
    struct buf whole;
    char path[256];
    (void)state;
    fixture_open(&f);
    identity_path(&f, path);
    read_file(path, &whole);
    for (size_t n = 0; n < whole.len; n++) {
        write_file(path, whole.data, n);
        assert_int_equal(spool_open(&s, f.dir, SPOOL_CREATE, &err), ERR_DAMAGED);
    }
    for (size_t i = 0; i < whole.len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            char was = whole.data[i];
            whole.data[i] = (char)(was ^ 1 << bit);
            write_file(path, whole.data, whole.len);
            assert_int_equal(spool_open(&s, f.dir, SPOOL_LOOK, &err), ERR_DAMAGED);
            whole.data[i] = was;
        }
    }
    buf_free(&whole);
    fixture_close(&f);
}

static void a_newer_format_is_refused_by_number(void **state)
{
    struct fixture f;
    struct spool *s;
    struct err err = ERR_INIT;
    struct buf b;
    char path[256];
    (void)state;
    fixture_open(&f);
    identity_path(&f, path);
    buf_init(&b, 1000);
    assert_int_equal(buf_adds(&b, "{\"netty_spool\":7,\"other\":[]"), OK);
    assert_int_equal(checksum_line_end(&b, 0), OK);
    write_file(path, b.data, b.len);
    buf_free(&b);
    assert_int_equal(spool_open(&s, f.dir, SPOOL_LOOK, &err), ERR_CONFIG);
    assert_non_null(strstr(err.msg, "format 7"));
    fixture_close(&f);
}

/* ... and with a segment: a table that the API does not know leaves a folder with a lock. */
static void tables_are_folders_with_a_tables_name(void **state)
{
    static const char *const folders[] = {"users",   "usres",    "affairs",
                                          ".hidden", "no.table", "1st"};
    struct fixture f;
    char path[256];
    char **tables;
    size_t n;
    (void)state;
    fixture_open(&f);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        assert_true(snprintf(path, sizeof path, "%s/%s", f.dir, folders[i]) > 0);
        assert_int_equal(mkdir(path, 0700), 0);
        assert_true(snprintf(path, sizeof path, "%s/%s/%s", f.dir, folders[i],
                             strcmp(folders[i], "usres") == 0 ? "lock" : "0000000001.journal") > 0);
        int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(close(fd), 0);
    }
    assert_ok(spool_tables(f.spool, &tables, &n, e));
    assert_int_equal(n, 2);
    assert_string_equal(tables[0], "affairs");
    assert_string_equal(tables[1], "users");
    spool_tables_free(tables, n);
    fixture_close(&f);
}

static void no_name_leads_out_of_the_spool(void **state)
{
    struct fixture f;
    struct reader *r;
    struct writer *w;
    struct spool_lock *l;
    struct err err = ERR_INIT;
    (void)state;
    fixture_open(&f);
    assert_int_not_equal(reader_open(&r, f.spool, "../x", &err), OK);
    assert_int_not_equal(writer_open(&w, &f.loop, f.spool, "../x", &f.conf, &err), OK);
    assert_int_not_equal(spool_lock(&l, f.spool, "a/b", &err), OK);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_identity_is_made_once),
        cmocka_unit_test(looking_makes_nothing),
        cmocka_unit_test(a_folder_of_other_things_is_not_adopted),
        cmocka_unit_test(any_damage_to_the_identity_is_told),
        cmocka_unit_test(a_newer_format_is_refused_by_number),
        cmocka_unit_test(tables_are_folders_with_a_tables_name),
        cmocka_unit_test(no_name_leads_out_of_the_spool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
