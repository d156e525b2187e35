#include "shared/base/utf8.h"
#include "shared/options/libraries.h"
#include "tests/unit/shared/options_fixture.h"

static char *help(enum program program)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    assert_non_null(f);
    options_help(program, f);
    assert_int_equal(fclose(f), 0);
    return text;
}

static void has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("no '%s' in:\n%s", part, text);
}

static void test_all_of_the_program_and_nothing_else(void **state)
{
    (void)state;
    for (unsigned p = PROGRAM_EXTRACT; p <= PROGRAM_SPOOL; p <<= 1) {
        char *text = help(p);
        for (int i = 0; i < OPTIONS; i++) {
            const struct option_def *d = &option_table[i];
            char label[100];
            (void)snprintf(label, sizeof(label), "\n  %s%s%s",
                           (d->marks & OPTION_NO_SWITCH) != 0 ? "" : "--", d->name,
                           d->arg == NULL                       ? " "
                           : (d->marks & OPTION_NO_SWITCH) != 0 ? " = "
                                                                : " ");
            bool shown = strstr(text, label) != NULL;
            /* a label that fills its column stands alone on its line */
            label[strlen(label) - 1] = '\n';
            shown |= d->arg == NULL && strstr(text, label) != NULL;
            if (shown != ((d->programs & p) != 0))
                fail_msg("%s is %s the help of program %u", d->name, shown ? "in" : "not in", p);
        }
        free(text);
    }
}

static void test_fits_80_columns(void **state)
{
    (void)state;
    for (unsigned p = PROGRAM_EXTRACT; p <= PROGRAM_SPOOL; p <<= 1) {
        char *text = help(p);
        for (const char *line = text; *line != '\0';) {
            size_t n = strcspn(line, "\n");
            if (utf8_columns(line, n) > 80 || (n > 0 && line[n - 1] == ' '))
                fail_msg("'%.*s'", (int)n, line);
            line += n + 1;
        }
        free(text);
    }
}

static void test_says_what_it_must(void **state)
{
    (void)state;
    char *text = help(PROGRAM_EXTRACT);
    has(text, "Usage: netty-extract [OPTION...] [TABLE...]\n");
    has(text, "  --page-size N ");
    has(text, "[NETTY_LIMIT; default 100]\n");
    has(text, "[NETTY_LOG_FORMAT; text|json; default text]\n");
    has(text, "  NETTY_API_KEY ");
    has(text, "  api-key-file = FILE ");
    static const char *const codes[] = {"0",  "64", "65", "66", "69", "70",
                                        "73", "74", "75", "77", "78"};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        char line[10];
        (void)snprintf(line, sizeof(line), "\n  %2s  ", codes[i]);
        has(text, line);
    }
    free(text);
    text = help(PROGRAM_LOAD);
    has(text, "Usage: netty-load [COMMAND] [OPTION...] [TABLE...]\n");
    has(text, "[DATABASE_URL]\n");
    free(text);
    text = help(PROGRAM_SPOOL);
    has(text, "Usage: netty-spool COMMAND [OPTION...] [TABLE]\n");
    has(text, "  db-file = FILE");
    free(text);
}

static void test_names_each_command(void **state)
{
    (void)state;
    char *text = help(PROGRAM_SPOOL);
    char *load = help(PROGRAM_LOAD);
    for (const struct command_def *c = command_table; c->name != NULL; c++) {
        char label[60];
        (void)snprintf(label, sizeof(label), "\n  %s%s%s", c->name, *c->words != '\0' ? " " : "",
                       c->words);
        assert_ptr_equal(command_named(c->program, c->name), c);
        has(c->program == PROGRAM_SPOOL ? text : load, label);
    }
    assert_null(command_named(PROGRAM_SPOOL, "nonsense"));
    free(load);
    free(text);
}

static void test_too_many_libraries_are_left_out(void **state)
{
    (void)state;
    struct libraries used = {.n = 0};
    for (int i = 0; i < LIBRARIES_MAX + 3; i++)
        libraries_add(&used, "x", "1");
    assert_int_equal(used.n, LIBRARIES_MAX);
}

static void test_version(void **state)
{
    (void)state;
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    assert_non_null(f);
    struct libraries used = {.n = 0};
    libraries_add(&used, "zstd", "1.5.4");
    libraries_shared(&used);
    options_version(PROGRAM_SPOOL, &used, f);
    assert_int_equal(fclose(f), 0);
    has(text, "netty-spool " NETTY_VERSION "\nzstd 1.5.4\nlibuv 1.");
    has(text, "\nyajl 2.");
    has(text, "\ninih ");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_of_the_program_and_nothing_else),
        cmocka_unit_test(test_fits_80_columns),
        cmocka_unit_test(test_says_what_it_must),
        cmocka_unit_test(test_names_each_command),
        cmocka_unit_test(test_too_many_libraries_are_left_out),
        cmocka_unit_test(test_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
