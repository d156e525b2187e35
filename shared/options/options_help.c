#include "shared/options/libraries.h"
#include "shared/options/options_private.h"
#include <stdio.h>
#include <string.h>

#define COLUMNS 80
#define INDENT  25

static const char *usage(enum program program)
{
    return program == PROGRAM_SPOOL  ? "COMMAND [OPTION...] [TABLE]"
           : program == PROGRAM_LOAD ? "[COMMAND] [OPTION...] [TABLE...]"
                                     : "[OPTION...] [TABLE...]";
}

static const char *purpose(enum program program)
{
    switch (program) {
    case PROGRAM_EXTRACT:
        return "Fetches what changed in the Netty API's tables, page by page, and writes it to the "
               "spool. "
               "Without a TABLE: the configured ones, or else those of the database that the "
               "loader last "
               "left word of in the spool.";
    case PROGRAM_LOAD:
        return "Reads the spool and puts its records into the PostgreSQL tables netty-TABLE, each "
               "page "
               "once. Without a TABLE: the configured ones, or else all that the spool holds.";
    case PROGRAM_SPOOL:
    default:
        return "Looks at the spool, checks it, mends it and prunes it.";
    }
}

/* Writes text, blanks becoming line ends where needed, from column `at` on; further lines begin at
 * `indent`. */
static void wrap(FILE *out, const char *text, int at, int indent)
{
    bool first = true;
    while (*(text += strspn(text, " ")) != '\0') {
        int n = (int)strcspn(text, " ");
        if (!first && at + 1 + n > COLUMNS) {
            (void)fprintf(out, "\n%*s", indent, "");
            at = indent;
            first = true;
        }
        at += n + !first;
        (void)fprintf(out, "%s%.*s", first ? "" : " ", n, text);
        first = false;
        text += n;
    }
    (void)fputc('\n', out);
}

static void show_entry(FILE *out, const char *label, const char *text)
{
    int n = fprintf(out, "  %s", label);
    if (n < 0 || n > INDENT - 2)
        (void)fprintf(out, "\n%*s", INDENT, "");
    else
        (void)fprintf(out, "%*s", INDENT - n, "");
    wrap(out, text, INDENT, INDENT);
}

static void show_commands(FILE *out, enum program program)
{
    bool any = false;
    for (const struct command_def *c = command_table; c->name != NULL; c++) {
        char label[80];
        if (c->program != program)
            continue;
        if (!any)
            (void)fputs(program == PROGRAM_LOAD ? "\nCommands, instead of loading. Only the "
                                                  "first word is one; a table of such a name\n"
                                                  "is given after `--`:\n"
                                                : "\nCommands:\n",
                        out);
        any = true;
        (void)snprintf(label, sizeof(label), "%s%s%s", c->name, *c->words != '\0' ? " " : "",
                       c->words);
        show_entry(out, label, c->help);
    }
}

/* Writes [-v: debug; NETTY_UPDATE; merge|replace; default merge], as far as the option has these. */
static void show_facts(FILE *out, const struct option_def *d)
{
    char facts[200];
    char letter[24] = "";
    char standard[120] = "";
    const char *const parts[] = {letter, d->env, d->type == OPTION_CHOICE ? d->choices : NULL,
                                 standard};
    int n = 0;
    if (d->letter != '\0')
        (void)snprintf(letter, sizeof(letter), "-%c%s%s", d->letter,
                       d->letter_means != NULL ? ": " : "",
                       d->letter_means != NULL ? d->letter_means : "");
    if (d->standard != NULL)
        (void)snprintf(standard, sizeof(standard), "default %s", d->standard);
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        if (parts[i] != NULL && *parts[i] != '\0' && n >= 0 && (size_t)n < sizeof(facts))
            n += snprintf(facts + n, sizeof(facts) - (size_t)n, "%s%s", n > 0 ? "; " : "[",
                          parts[i]);
    if (n == 0)
        return;
    (void)fprintf(out, "%*s", INDENT, "");
    if ((size_t)n < sizeof(facts) - 1)
        (void)snprintf(facts + n, sizeof(facts) - (size_t)n, "]");
    wrap(out, facts, INDENT, INDENT);
}

static void show_option(FILE *out, const struct option_def *d)
{
    char label[64];
    bool given_by_switch = (d->marks & OPTION_NO_SWITCH) == 0;
    (void)snprintf(label, sizeof(label), "%s%s%s%s", given_by_switch ? "--" : "", d->name,
                   d->arg == NULL    ? ""
                   : given_by_switch ? " "
                                     : " = ",
                   d->arg == NULL ? "" : d->arg);
    show_entry(out, label, d->help);
    show_facts(out, d);
}

static void show_options(FILE *out, enum program program, bool by_switch)
{
    for (int i = 0; i < OPTIONS; i++) {
        const struct option_def *d = &option_table[i];
        if (option_is_for(d, program) && by_switch == ((d->marks & OPTION_NO_SWITCH) == 0))
            show_option(out, d);
    }
}

static void show_exit_codes(FILE *out)
{
    (void)fputs("\nExit codes; with several, the gravest of the run:\n", out);
    for (const struct exit_meaning *m = exit_meanings; m->meaning != NULL; m++)
        (void)fprintf(out, "  %2d  %s\n", m->code, m->meaning);
}

void options_help(enum program program, FILE *out)
{
    (void)fprintf(out, "Usage: %s %s\n\n", options_program(program), usage(program));
    wrap(out, purpose(program), 0, 0);
    show_commands(out, program);
    (void)fputc('\n', out);
    wrap(
        out,
        "Options, each with its environment variable and default. The command line goes before the "
        "environment, and that before the configuration file, where the keys are the options' "
        "names.",
        0, 0);
    (void)fputc('\n', out);
    show_options(out, program, true);
    (void)fputs("\nSettings that are not for the command line:\n", out);
    show_options(out, program, false);
    if (program == PROGRAM_EXTRACT)
        show_entry(out, "NETTY_API_KEY", "The API key, in the environment only.");
    if (program != PROGRAM_SPOOL)
        show_entry(out, "NETTY_LISTEN_TOKEN", "The token for --listen, in the environment only.");
    (void)fputs("\nDurations D are written 10ms, 5s, 10m, 2h, 7d; sizes 64K, 16M, 1G.\n", out);
    show_exit_codes(out);
}

void options_version(enum program program, const struct libraries *used, FILE *out)
{
    (void)fprintf(out, "%s %s\n", options_program(program), NETTY_VERSION);
    for (size_t i = 0; i < used->n; i++)
        (void)fprintf(out, "%s %s\n", used->list[i].name, used->list[i].version);
}
