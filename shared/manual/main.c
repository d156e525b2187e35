/* netty-manual: see manual.h. */
#include "shared/manual/manual.h"
#include <stdlib.h>
#include <string.h>

#define LINE 4096

enum mark {
    MARK_OPTIONS,
    MARK_SETTINGS,
    MARK_COMMANDS,
    MARK_EXIT,
    MARK_KEYS,
    MARKS
};
static const char *const marks[MARKS] = {"@OPTIONS@", "@SETTINGS@", "@COMMANDS@", "@EXIT@",
                                         "@KEYS@"};

static bool fail(const char *what, const char *which)
{
    (void)fprintf(stderr, "netty-manual: %s %s\n", which, what);
    return false;
}

/* Fails when an option or a command lacks its help, its example, or the name of its argument. */
static bool check_tables(void)
{
    for (int i = 0; i < OPTIONS; i++) {
        const struct option_def *d = &option_table[i];
        if (d->name == NULL || d->help == NULL || *d->help == '\0')
            return fail("has no help in shared/options/option_table.c",
                        d->name != NULL ? d->name : "?");
        if (d->type != OPTION_FLAG && (d->arg == NULL || d->example == NULL))
            return fail("has no argument's name or no example in shared/options/option_table.c",
                        d->name);
    }
    for (const struct command_def *c = command_table; c->name != NULL; c++)
        if (c->words == NULL || c->help == NULL || c->example == NULL)
            return fail("has no words, no help or no example in shared/options/command_table.c",
                        c->name);
    return true;
}

static bool has_settings(enum program program)
{
    for (int i = 0; i < OPTIONS; i++)
        if (manual_of(&option_table[i], program) && !manual_by_switch(&option_table[i]))
            return true;
    return false;
}

static bool has_commands(enum program program)
{
    for (const struct command_def *c = command_table; c->name != NULL; c++)
        if (c->program == program)
            return true;
    return false;
}

/* Must the page have the mark? program is 0 for the page of the configuration file. */
static bool is_needed(enum mark m, enum program program)
{
    switch (m) {
    case MARK_OPTIONS:
    case MARK_EXIT:
        return program != 0;
    case MARK_SETTINGS:
        return has_settings(program);
    case MARK_COMMANDS:
        return has_commands(program);
    case MARK_KEYS:
    case MARKS:
    default:
        return program == 0;
    }
}

static void put(enum mark m, enum program program)
{
    if (m == MARK_OPTIONS)
        mdoc_options(stdout, program, true);
    else if (m == MARK_SETTINGS)
        mdoc_options(stdout, program, false);
    else if (m == MARK_COMMANDS)
        mdoc_commands(stdout, program);
    else if (m == MARK_EXIT)
        mdoc_exit(stdout);
    else
        mdoc_keys(stdout);
}

static bool page(enum program program)
{
    char line[LINE];
    bool seen[MARKS] = {false};
    while (fgets(line, sizeof line, stdin) != NULL) {
        int m = 0;
        size_t n = strcspn(line, "\n");
        if (line[0] != '@') {
            (void)fputs(line, stdout);
            continue;
        }
        line[n] = '\0';
        while (m < MARKS && strcmp(marks[m], line) != 0)
            m++;
        if (m == MARKS || seen[m])
            return fail("is no mark, or stands twice in the page", line);
        seen[m] = true;
        put((enum mark)m, program);
    }
    for (int m = 0; m < MARKS; m++)
        if (seen[m] != is_needed((enum mark)m, program))
            return fail(seen[m] ? "has nothing to put there in this page"
                                : "is missing in the page",
                        marks[m]);
    return true;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        enum program program;
    } names[] = {{"netty-extract", PROGRAM_EXTRACT},
                 {"netty-load", PROGRAM_LOAD},
                 {"netty-spool", PROGRAM_SPOOL},
                 {"conf", 0}};
    size_t i = 0;
    while (argc == 3 && i < sizeof names / sizeof *names && strcmp(names[i].name, argv[2]) != 0)
        i++;
    if (argc != 3 || i == sizeof names / sizeof *names) {
        (void)fputs("usage: netty-manual page|bash|zsh PROGRAM|conf\n", stderr);
        return EXIT_FAILURE;
    }
    bool good = check_tables();
    if (good && strcmp(argv[1], "bash") == 0)
        shell_bash(stdout, names[i].program, names[i].name);
    else if (good && strcmp(argv[1], "zsh") == 0)
        shell_zsh(stdout, names[i].program, names[i].name);
    else if (good)
        good = strcmp(argv[1], "page") == 0 ? page(names[i].program)
                                            : fail("is nothing that can be made", argv[1]);
    return good && fflush(stdout) == 0 && !ferror(stdin) ? EXIT_SUCCESS : EXIT_FAILURE;
}
