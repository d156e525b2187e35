#include "load/database/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define VARS(...)                                                                                  \
    (const struct sql_var[]){__VA_ARGS__},                                                         \
        sizeof((const struct sql_var[]){__VA_ARGS__}) / sizeof(struct sql_var)

static void expect(const char *text, const struct sql_var *vars, size_t n, const char *want)
{
    struct buf out;
    struct err e = ERR_INIT;

    buf_init(&out, 1 << 20);
    assert_int_equal(sql_expand(&out, text, vars, n, &e), OK);
    assert_string_equal(out.data, want);
    buf_free(&out);
}

static void expect_error(const char *text, const struct sql_var *vars, size_t n, const char *want)
{
    struct buf out;
    struct err e = ERR_INIT;

    buf_init(&out, 1 << 20);
    assert_int_equal(sql_expand(&out, text, vars, n, &e), ERR_INTERNAL);
    assert_non_null(strstr(e.msg, want));
    buf_free(&out);
}

static void test_identifier_is_quoted(void **state)
{
    (void)state;
    expect("SELECT :\"a\";", VARS({"a", "netty-contacts"}), "SELECT \"netty-contacts\";");
    expect(":\"a\"", VARS({"a", "x\"; DROP TABLE y; --"}), "\"x\"\"; DROP TABLE y; --\"");
    expect(":\"a\".:\"b\"", VARS({"a", "It's"}, {"b", "back\\slash"}), "\"It's\".\"back\\slash\"");
}

static void test_literal_is_quoted(void **state)
{
    (void)state;
    expect("x = :'a'", VARS({"a", "plain"}), "x = 'plain'");
    expect("x = :'a'", VARS({"a", "it's \"so\""}), "x = 'it''s \"so\"'");
    expect("x=:'a'", VARS({"a", "C:\\new'"}), "x= E'C:\\\\new'''");
    expect("x = :'a'", VARS({"a", ""}), "x = ''");
    expect("(:'a'::bigint)", VARS({"a", "12"}), "('12'::bigint)");
}

static void test_raw_text_is_put_in_as_it_is(void **state)
{
    (void)state;
    expect("FROM :source AS b", VARS({"source", SQL_SOURCE_TABLE}),
           "FROM pg_temp.netty_batch AS b");
    expect(":a:a", VARS({"a", "::x"}), "::x::x");
}

static void test_values_are_not_expanded_again(void **state)
{
    (void)state;
    expect(":'a' :\"b\"", VARS({"a", ":\"b\""}, {"b", ":'a'"}), "':\"b\"' \":'a'\"");
}

static void test_text_that_is_no_variable_stays(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "a::text",      "x[1:2]",   "'it''s :a'", "\"a :b\"", "-- :a\nSELECT 1",
        "/* :'a' */ :", "$$ :a $$", ":",          ": a",      "SELECT ':a",
        "/* :a",        "$$ :a",    ":\"a",       ":'a b'",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        expect(texts[i], NULL, 0, texts[i]);
}

static void test_names_match_whole(void **state)
{
    (void)state;
    expect(":'ab' :'a'", VARS({"a", "1"}, {"ab", "2"}), "'2' '1'");
    expect_error(":'abc'", VARS({"ab", "2"}), "abc has no value");
}

static void test_text_and_variables_must_fit(void **state)
{
    (void)state;
    expect_error("SELECT :'x'", NULL, 0, "x has no value");
    expect_error("SELECT :\"x\"", NULL, 0, "x has no value");
    expect_error("SELECT :x", NULL, 0, "x has no value");
    expect_error("SELECT 1", VARS({"x", "1"}), "x is not used");
    expect_error("SELECT ':x'", VARS({"x", "1"}), "x is not used");
    expect_error("SELECT :\"x\"", VARS({"x", ""}), "x is empty");
    expect_error("SELECT :'x'", VARS({"x", NULL}), "x is empty");
}

static void test_cap_is_an_error(void **state)
{
    struct buf out;
    struct err e = ERR_INIT;

    (void)state;
    buf_init(&out, 8);
    assert_int_equal(sql_expand(&out, ":'x'", VARS({"x", "123456789"}), &e), ERR_TOO_BIG);
    assert_int_equal(sql_expand(&out, "123456789", NULL, 0, &e), ERR_TOO_BIG);
    buf_free(&out);
}

/* Expands a file's text; nothing of it may look like a variable or a comment any more. */
static void expand_file(const char *text, const struct sql_var *vars, size_t n)
{
    struct buf out;
    struct err e = ERR_INIT;

    buf_init(&out, 1 << 20);
    assert_int_equal(sql_expand(&out, text, vars, n, &e), OK);
    assert_null(strstr(out.data, ":\""));
    assert_null(strstr(out.data, ":'"));
    assert_null(strstr(out.data, ":source"));
    assert_null(strstr(out.data, "-- "));
    assert_true(out.len > 0 &&
                (strchr(out.data, ';') != NULL || out.data[0] == '(')); /* a source is a part */
    buf_free(&out);
}

#define RELATION                                                                                   \
    {"schema", "public"},                                                                          \
    {                                                                                              \
        "relation", "netty_x"                                                                      \
    }
#define UPSERT                                                                                     \
    RELATION, {"key", "x_id"},                                                                     \
    {                                                                                              \
        "keytype", "int4"                                                                          \
    }
#define PROGRESS                                                                                   \
    {"spool", "s"}, {"schema", "public"}, {"table_name", "x"},                                     \
    {                                                                                              \
        "branch", ""                                                                               \
    }

static void test_files_take_the_variables_that_the_header_names(void **state)
{
    (void)state;
    expand_file(sql_begin, NULL, 0);
    expand_file(sql_schema, NULL, 0);
    expand_file(sql_list_tables, VARS({"schema", ""}));
    expand_file(sql_first_schema, NULL, 0);
    expand_file(sql_create_table,
                VARS(RELATION, {"first_schema", sql_first_schema}, {"key", "x_id"}));
    expand_file(sql_batch_begin, NULL, 0);
    expand_file(sql_batch_copy, NULL, 0);
    expand_file(sql_upsert, VARS(UPSERT, {"source", SQL_SOURCE_TABLE}, {"merged", "excluded.data"},
                                 {"held", SQL_HELD_NEWER}, {"time", SQL_TIME}));
    expand_file(sql_upsert, VARS(UPSERT, {"source", SQL_SOURCE_ARRAYS}, {"merged", "excluded.data"},
                                 {"held", SQL_HELD_LATE}, {"time", SQL_TIME}));
    expand_file(sql_upsert_newer, VARS(UPSERT, {"source", SQL_SOURCE_TABLE},
                                       {"merged", "excluded.data"}, {"when", SQL_WHEN_OLDER}));
    expand_file(sql_upsert, VARS(UPSERT, {"source", SQL_SOURCE_ARRAYS}, {"merged", "excluded.data"},
                                 {"held", SQL_HELD_NONE}, {"time", SQL_TIME_STORED}));
    expand_file(sql_probe_time, VARS(RELATION, {"key", "x_id"}));
    expand_file(sql_stored_in_note, VARS({"spool", "s"}, {"schema", "public"}, {"table_name", "x"},
                                         {"identity", "1.2"}));
    expand_file(sql_unchecked_note,
                VARS({"spool", "s"}, {"schema", "public"}, {"table_name", "x"}));
    expand_file(sql_unchecked_read,
                VARS({"spool", "s"}, {"schema", "public"}, {"table_name", "x"}));
    expand_file(sql_unchecked_drop,
                VARS({"spool", "s"}, {"schema", "public"}, {"table_name", "x"}, {"at", "1"}));
    expand_file(sql_put_away_look, VARS(RELATION));
    expand_file(sql_put_away_note, VARS(RELATION, {"key", "x_id"}, {"keys", "{1}"}));
    expand_file(sql_put_away_forget, VARS(RELATION, {"key", "x_id"}));
    expand_file(sql_source_noted, VARS(RELATION, {"key", "x_id"}, {"source", "s"}));
    expand_file(sql_source_archived,
                VARS(RELATION, {"key", "x_id"}, {"archive", "a"}, {"source", "s"}));
    expand_file(sql_classify, VARS(RELATION, {"key", "x_id"}, {"times", ", time_modified"}));
    expand_file(sql_insert_copy, VARS(RELATION, {"key", "x_id"}));
}

static void test_files_of_the_bookkeeping_take_theirs(void **state)
{
    (void)state;
    expand_file(sql_progress_make, VARS(PROGRESS, {"relation", "netty_x"}));
    expand_file(sql_progress_lock, VARS(PROGRESS, {"lanes", "{0,1}"}, {"wait", "NOWAIT"}));
    expand_file(sql_progress_store,
                VARS(PROGRESS, {"lanes", "{0,1}"}, {"segment", "1"}, {"page", "2"}, {"line", "3"},
                     {"chain", "0123456789abcdef"}, {"fetched", "null"}));
    expand_file(sql_progress_adopt, VARS({"spool", "s"}, {"schema", "public"}, {"table_name", "x"},
                                         {"relation", "netty-x"}));
    expand_file(sql_progress_fork, VARS(PROGRESS, {"relation", "netty-x"}, {"segments", "{1}"},
                                        {"pages", "{1}"}, {"lines", "{0}"}, {"chains", "{a}"}));
    expand_file(sql_pages_store,
                VARS(PROGRESS, {"segments", "{1}"}, {"pages", "{1}"}, {"chains", "{a}"}));
    expand_file(sql_hole_store,
                VARS(PROGRESS, {"segment", "1"}, {"page", "2"}, {"after_segment", "1"},
                     {"after_page", "1"}, {"gap", "false"}, {"why", "it's gone"}));
    expand_file(sql_hole_close, VARS(PROGRESS, {"segment", "1"}, {"page", "2"}));
    expand_file(sql_progress_read, VARS({"spool", "s"}, {"schema", "public"}, {"table_name", "x"}));
    expand_file(sql_pages_read, VARS({"spool", "s"}, {"schema", "public"}, {"table_name", "x"}));
    expand_file(sql_progress_find,
                VARS({"spool", "s"}, {"schemas", "{public}"}, {"table_names", "{x}"},
                     {"relations", "{netty-x}"}, {"stored_in", SQL_STORED_IN}));
    expand_file(sql_look, NULL, 0);
    expand_file(sql_check, VARS({"schema", "crm"}, {"first_schema", sql_first_schema}));
    expand_file(sql_check_access, VARS({"oids", "{1,2}"}));
    expand_file(sql_references, VARS(RELATION));
    expand_file(sql_max_modified, VARS(RELATION));
    expand_file(sql_table_empty, VARS(RELATION));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identifier_is_quoted),
        cmocka_unit_test(test_literal_is_quoted),
        cmocka_unit_test(test_raw_text_is_put_in_as_it_is),
        cmocka_unit_test(test_values_are_not_expanded_again),
        cmocka_unit_test(test_text_that_is_no_variable_stays),
        cmocka_unit_test(test_names_match_whole),
        cmocka_unit_test(test_text_and_variables_must_fit),
        cmocka_unit_test(test_cap_is_an_error),
        cmocka_unit_test(test_files_take_the_variables_that_the_header_names),
        cmocka_unit_test(test_files_of_the_bookkeeping_take_theirs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
