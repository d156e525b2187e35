#include "shared/base/units.h"
#include "shared/manual/manual.h"
#include <ctype.h>
#include <string.h>

#define COLUMNS 78

/* One character of running text. `in_code`: between back quotes. */
static int put_char(FILE *out, char c, bool *in_code)
{
    if (c == '`') {
        *in_code = !*in_code;
        return fprintf(out, "%s", *in_code ? "\\fB" : "\\fR");
    }
    if (c == '\\')
        return fprintf(out, "\\e");
    /* a plain hyphen becomes another sign in print, which no shell takes for an option's */
    if (c == '-' && *in_code)
        return fprintf(out, "\\-");
    return fputc(c, out) == EOF ? 0 : 1;
}

static bool ends_sentence(const char *word, size_t n, const char *next)
{
    return word[n - 1] == '.' &&
           (*next == '\0' || isupper((unsigned char)*next) || *next == '-' || *next == '`');
}

void mdoc_text(FILE *out, const char *text)
{
    int column = 0;
    bool in_code = false;
    while (*(text += strspn(text, " ")) != '\0') {
        size_t n = strcspn(text, " ");
        const char *next = text + n + strspn(text + n, " ");
        bool option = strncmp(text, "--", 2) == 0;
        if (column > 0 && column + (int)n + 8 > COLUMNS) {
            (void)fputc('\n', out);
            column = 0;
        }
        if (column > 0)
            column += fprintf(out, " ");
        else if (*text == '.' || *text == '\'')
            (void)fputs("\\&", out);
        for (size_t i = 0; i < n; i++) {
            bool hyphen = option && i < 2;
            column += hyphen ? fprintf(out, "\\-") : put_char(out, text[i], &in_code);
        }
        if (ends_sentence(text, n, next) && *next != '\0') {
            (void)fputc('\n', out);
            column = 0;
        }
        text += n;
    }
    (void)fputc('\n', out);
}

/* Writes the arguments of a macro so that mdoc takes none of them for a macro or for punctuation. */
static void put_literal(FILE *out, const char *text)
{
    bool begins = true;
    for (; *text != '\0'; text++) {
        if (begins && *text != ' ')
            (void)fputs("\\&", out);
        begins = *text == ' ';
        if (*text == '\\')
            (void)fputs("\\e", out);
        else if (*text == '-')
            (void)fputs("\\-", out);
        else
            (void)fputc(*text, out);
    }
}

/* The bounds of a number that is not a flag or a word: "10 to 100", "at most 1h". */
static void put_bounds(FILE *out, const struct option_def *d)
{
    char low[UNITS_TEXT];
    char high[UNITS_TEXT];
    if (d->max == 0 || (d->type != OPTION_COUNT && d->type != OPTION_DURATION))
        return;
    if (d->type == OPTION_DURATION) {
        (void)units_show_duration(d->min, low);
        (void)units_show_duration(d->max, high);
    } else {
        (void)snprintf(low, sizeof low, "%lld", (long long)d->min);
        (void)snprintf(high, sizeof high, "%lld", (long long)d->max);
    }
    if (d->min > 0)
        (void)fprintf(out, " ; No %s to %s", low, high);
    else
        (void)fprintf(out, " ; No at most %s", high);
}

/* Writes (NETTY_UPDATE; merge | replace; default merge), as far as the option has these. */
static void put_facts(FILE *out, const struct option_def *d, bool with_bounds)
{
    if (d->env == NULL && d->standard == NULL)
        return;
    (void)fputs(".Pq ", out);
    if (d->env != NULL)
        (void)fprintf(out, "Ev %s", d->env);
    if (d->type == OPTION_CHOICE) {
        (void)fputs(" ; Cm ", out);
        for (const char *p = d->choices; *p != '\0'; p++)
            (void)fprintf(out, *p == '|' ? " | Cm " : "%c", *p);
    }
    if (with_bounds)
        put_bounds(out, d);
    if (d->standard != NULL) {
        (void)fprintf(out, "%sNo default Cm ", d->env != NULL ? " ; " : "");
        put_literal(out, d->standard);
    }
    (void)fputc('\n', out);
}

static void put_example(FILE *out, const char *example)
{
    if (example == NULL)
        return;
    (void)fputs(".Dl ", out);
    put_literal(out, example);
    (void)fputc('\n', out);
}

static void put_argument(FILE *out, const struct option_def *d)
{
    const char *bar = d->arg != NULL ? strchr(d->arg, '|') : NULL;
    if (bar != NULL)
        (void)fprintf(out, " Ar %.*s | Cm %s", (int)(bar - d->arg), d->arg, bar + 1);
    else if (d->arg != NULL)
        (void)fprintf(out, " Ar %s", d->arg);
}

/* Writes the option's other spelling, by a letter. */
static void put_letter(FILE *out, const struct option_def *d)
{
    if (d->letter == '\0')
        return;
    (void)fprintf(out, ".Fl %c\nmeans the same%s", d->letter,
                  d->letter_means == NULL ? ".\n" : ", with\n");
    if (d->letter_means != NULL)
        (void)fprintf(out, ".Cm %s .\n", d->letter_means);
}

void mdoc_options(FILE *out, enum program program, bool by_switch)
{
    (void)fputs(".Bl -tag -width Ds\n", out);
    for (int i = 0; i < OPTIONS; i++) {
        const struct option_def *d = &option_table[i];
        if (!manual_of(d, program) || manual_by_switch(d) != by_switch)
            continue;
        (void)fprintf(out, by_switch ? ".It Fl Fl %s" : ".It Cm %s No =", d->name);
        put_argument(out, d);
        (void)fputc('\n', out);
        mdoc_text(out, d->help);
        if (by_switch)
            put_letter(out, d);
        put_facts(out, d, false);
        put_example(out, d->example);
    }
    (void)fputs(".El\n", out);
}

static const char *type_arg(const struct option_def *d)
{
    return d->type == OPTION_FLAG ? "yes | no" : NULL;
}

/* Writes which programs read the setting. */
static void put_programs(FILE *out, unsigned programs)
{
    static const struct {
        enum program program;
        const char *page;
    } all[] = {{PROGRAM_EXTRACT, "netty-extract"},
               {PROGRAM_LOAD, "netty-load"},
               {PROGRAM_SPOOL, "netty-spool"}};
    unsigned left = programs;
    (void)fputs("Read by\n", out);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if ((programs & (unsigned)all[i].program) == 0)
            continue;
        left &= ~(unsigned)all[i].program;
        (void)fprintf(out, ".Xr %s 1%s\n", all[i].page, left == 0 ? " ." : " ,");
    }
}

void mdoc_keys(FILE *out)
{
    (void)fputs(".Bl -tag -width Ds\n", out);
    for (int i = 0; i < OPTIONS; i++) {
        const struct option_def *d = &option_table[i];
        if (d->env == NULL || d->id == OPT_CONFIG)
            continue; /* for the command line only, or the name of this file */
        (void)fprintf(out, ".It Cm %s No =", d->name);
        if (type_arg(d) != NULL)
            (void)fprintf(out, " Ar %s", type_arg(d));
        else
            put_argument(out, d);
        (void)fputc('\n', out);
        mdoc_text(out, d->help);
        put_facts(out, d, true);
        put_programs(out, d->programs);
    }
    (void)fputs(".El\n", out);
}

void mdoc_commands(FILE *out, enum program program)
{
    (void)fputs(".Bl -tag -width Ds\n", out);
    for (const struct command_def *c = command_table; c->name != NULL; c++) {
        if (c->program != program)
            continue;
        (void)fprintf(out, ".It Cm %s", c->name);
        if (*c->words != '\0')
            (void)fprintf(out, " Ar %s", c->words);
        (void)fputc('\n', out);
        mdoc_text(out, c->help);
        put_example(out, c->example);
    }
    (void)fputs(".El\n", out);
}

void mdoc_exit(FILE *out)
{
    (void)fputs(".Bl -tag -width Ds\n", out);
    for (const struct exit_meaning *m = exit_meanings; m->meaning != NULL; m++) {
        (void)fprintf(out, ".It %d\n", m->code);
        mdoc_text(out, m->meaning);
    }
    (void)fputs(".El\n", out);
}
