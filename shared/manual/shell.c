/* Completion: options, the words that an option takes, commands, and the tables that the spool holds. */
#include "shared/manual/manual.h"
#include <string.h>

static const char *standard_spool(void)
{
    return option_table[OPT_SPOOL].standard;
}

/* Writes the program's name as part of the name of a shell function: netty-load -> netty_load. */
static void put_function(FILE *out, const char *name)
{
    for (; *name != '\0'; name++)
        (void)fputc(*name == '-' ? '_' : *name, out);
}

static void put_choices(FILE *out, const char *choices)
{
    for (; *choices != '\0'; choices++)
        (void)fputc(*choices == '|' ? ' ' : *choices, out);
}

static void put_names(FILE *out, enum program program, bool valued_only)
{
    const char *before = "";
    for (int i = 0; i < OPTIONS; i++) {
        const struct option_def *d = &option_table[i];
        if (!manual_of(d, program) || !manual_by_switch(d) ||
            (valued_only && d->type == OPTION_FLAG))
            continue;
        (void)fprintf(out, "%s--%s", before, d->name);
        before = " ";
    }
}

static void put_commands(FILE *out, enum program program)
{
    const char *before = "";
    for (const struct command_def *c = command_table; c->name != NULL; c++) {
        if (c->program != program)
            continue;
        (void)fprintf(out, "%s%s", before, c->name);
        before = " ";
    }
}

/* ---- bash ---- */

static void bash_value(FILE *out, const struct option_def *d)
{
    if (d->choices != NULL) {
        (void)fprintf(out, "    --%s)\n        mapfile -t COMPREPLY < <(compgen -W '", d->name);
        put_choices(out, d->choices);
        (void)fputs("' -- \"$cur\")\n        return ;;\n", out);
    } else if (strcmp(d->arg, "DIR") == 0 || strcmp(d->arg, "FILE") == 0) {
        (void)fprintf(
            out,
            "    --%s)\n        compopt -o filenames\n"
            "        mapfile -t COMPREPLY < <(compgen -%c -- \"$cur\")\n        return ;;\n",
            d->name, strcmp(d->arg, "DIR") == 0 ? 'd' : 'f');
    }
}

/* The first word is a command, and tables follow. In a program that needs no command, the first word can be a table too. */
static void bash_words(FILE *out, enum program program)
{
    (void)fputs("    if [[ $first == yes ]]; then\n        found=(", out);
    put_commands(out, program);
    (void)fputs(program == PROGRAM_SPOOL ? ")\n    else\n" : ")\n    fi\n    if true; then\n", out);
    (void)fputs("        for word in \"$spool\"/*/; do\n"
                "            word=${word%/}\n"
                "            [[ ! -d $word ]] || found+=(\"${word##*/}\")\n"
                "        done\n"
                "    fi\n",
                out);
}

void shell_bash(FILE *out, enum program program, const char *name)
{
    (void)fprintf(out, "# bash completion for %s, made from its option table\n_", name);
    put_function(out, name);
    /* `--name=value` is three words to bash. */
    (void)fprintf(out, "() {\n    local first=yes i word spool=${NETTY_SPOOL:-%s} valued='",
                  standard_spool());
    put_names(out, program, true);
    (void)fputs("'\n"
                "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
                "    local -a found=()\n"
                "    if [[ $cur == = ]]; then\n"
                "        cur=\n"
                "    elif [[ $prev == = ]]; then\n"
                "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
                "    fi\n"
                "    case $prev in\n",
                out);
    for (int i = 0; i < OPTIONS; i++) {
        const struct option_def *d = &option_table[i];
        if (manual_of(d, program) && manual_by_switch(d) && d->type != OPTION_FLAG)
            bash_value(out, d);
    }
    (void)fputs("    esac\n"
                "    [[ \" $valued \" != *\" $prev \"* ]] || return # whatever the user writes\n"
                "    if [[ $cur == -* ]]; then\n"
                "        mapfile -t COMPREPLY < <(compgen -W '",
                out);
    put_names(out, program, false);
    (void)fputs(
        "' -- \"$cur\")\n        return\n    fi\n    for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "        word=${COMP_WORDS[i]}\n"
        "        if [[ \" $valued \" == *\" $word \"* ]]; then\n"
        "            ((i++))\n"
        "            [[ ${COMP_WORDS[i]} != = ]] || ((i++))\n"
        "            [[ $word != --spool ]] || spool=${COMP_WORDS[i]}\n"
        "        elif [[ $word != -* ]]; then\n"
        "            first=no\n"
        "        fi\n"
        "    done\n",
        out);
    bash_words(out, program);
    (void)fputs(
        "    mapfile -t COMPREPLY < <(compgen -W \"${found[*]}\" -- \"$cur\")\n}\ncomplete -F _",
        out);
    put_function(out, name);
    (void)fprintf(out, " %s\n", name);
}

/* ---- zsh ---- */

/* Writes the first sentence of a help text, quoted for the [ ] of _arguments within single quotes. */
static void zsh_text(FILE *out, const char *text)
{
    for (; *text != '\0' && strncmp(text, ". ", 2) != 0 && strcmp(text, ".") != 0; text++) {
        if (*text == '\'')
            (void)fputs("'\\''", out);
        else if (*text == '[' || *text == ']' || *text == ':' || *text == '\\')
            (void)fprintf(out, "\\%c", *text);
        else
            (void)fputc(*text, out);
    }
}

static void zsh_option(FILE *out, const struct option_def *d)
{
    (void)fprintf(out, "        '--%s%s[", d->name, d->type == OPTION_FLAG ? "" : "=");
    zsh_text(out, d->help);
    (void)fputc(']', out);
    if (d->type != OPTION_FLAG) {
        (void)fputc(':', out);
        zsh_text(out, d->arg);
        (void)fputc(':', out);
        if (d->choices != NULL) {
            (void)fputc('(', out);
            put_choices(out, d->choices);
            (void)fputc(')', out);
        } else if (strcmp(d->arg, "DIR") == 0) {
            (void)fputs("_directories", out);
        } else if (strcmp(d->arg, "FILE") == 0) {
            (void)fputs("_files", out);
        }
    }
    (void)fputs("' \\\n", out);
}

static void zsh_commands(FILE *out, enum program program)
{
    for (const struct command_def *c = command_table; c->name != NULL; c++) {
        if (c->program != program)
            continue;
        (void)fprintf(out, "        '%s:", c->name);
        zsh_text(out, c->help);
        (void)fputs("'\n", out);
    }
}

static void zsh_tables(FILE *out)
{
    (void)fprintf(out,
                  "_tables() {\n"
                  "    local -a tables\n"
                  "    local spool=${NETTY_SPOOL:-%s} at=${words[(I)--spool]}\n"
                  "    (( at == 0 )) || spool=${words[at + 1]}\n"
                  "    at=${words[(I)--spool=*]}\n"
                  "    (( at == 0 )) || spool=${words[at]#--spool=}\n"
                  "    tables=(${~spool}/*(N/:t))\n"
                  "    (( ${#tables} == 0 )) || _describe -t tables table tables\n"
                  "}\n",
                  standard_spool());
}

void shell_zsh(FILE *out, enum program program, const char *name)
{
    (void)fprintf(out, "#compdef %s\n# zsh completion for %s, made from its option table\n_", name,
                  name);
    put_function(out, name);
    zsh_tables(out);
    (void)fputc('_', out);
    put_function(out, name);
    (void)fputs("_first() {\n    local -a commands=(\n", out);
    zsh_commands(out, program);
    (void)fputs("    )\n    (( ${#commands} == 0 )) || _describe -t commands command commands\n",
                out);
    if (program != PROGRAM_SPOOL) {
        (void)fputs("    _", out);
        put_function(out, name);
        (void)fputs("_tables\n", out);
    }
    (void)fputs("}\n_", out);
    put_function(out, name);
    (void)fputs("() {\n    _arguments -S \\\n", out);
    for (int i = 0; i < OPTIONS; i++)
        if (manual_of(&option_table[i], program) && manual_by_switch(&option_table[i]))
            zsh_option(out, &option_table[i]);
    (void)fputs("        '1:word:_", out);
    put_function(out, name);
    (void)fputs("_first' \\\n        '*:table:_", out);
    put_function(out, name);
    (void)fputs("_tables'\n}\n_", out);
    put_function(out, name);
    (void)fputs(" \"$@\"\n", out);
}
