/* The command line and the environment. */
#include "shared/base/table_names.h"
#include "shared/log/conninfo_secrets.h"
#include "shared/log/log.h"
#include "shared/log/redact.h"
#include "shared/options/options_private.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

/* Registers the passwords in arguments first of all, so that no later message about an argument shows one. */
static enum err_code hide_passwords(int argc, char **argv, struct err *e)
{
    for (int i = 1; i < argc; i++) {
        bool found;
        const char *value = strncmp(argv[i], "--", 2) == 0 ? strchr(argv[i], '=') : NULL;
        if (conninfo_secrets(value != NULL ? value + 1 : argv[i], &found) != OK)
            return err_set(e, ERR_NOMEM, "out of memory for the command line");
    }
    return OK;
}

static enum err_code take_command(struct options *o, const struct command_def *command,
                                  struct err *e)
{
    char label[64];

    o->commanded = true;
    if (command->option == NULL) {
        o->command = command->name;
        return OK;
    }
    (void)snprintf(label, sizeof label, "--%s", command->option);
    return options_take(o, option_named(command->option, strlen(command->option)), FROM_ARGS, "yes",
                        label, label, e);
}

static enum err_code take_word(struct options *o, const char *word, bool words_only, struct err *e)
{
    bool password = false;
    bool first = !words_only && !o->commanded && o->words.n == 0;
    const struct command_def *command = NULL;

    if (first && o->program == PROGRAM_LOAD && (command = command_named(o->program, word)) != NULL)
        return take_command(o, command, e);
    if (first && o->program == PROGRAM_LOAD && (command = command_near(o->program, word)) != NULL)
        o->slip = command->name;
    if (conninfo_secrets(word, &password) != OK)
        return err_set(e, ERR_NOMEM, "out of memory for the command line");
    if (password)
        return err_set(
            e, ERR_USAGE,
            "a database address stands where a table is expected, with a password that every "
            "user of this machine can read there: set DATABASE_URL instead");
    return words_add(&o->words, word, strlen(word), e);
}

/* The message repeats only the name that was given, because the value may be a secret. */
static enum err_code unknown(const struct options *o, const char *name, size_t n, struct err *e)
{
    char hint[OPTION_HINT];
    const char *program = options_program(o->program);
    if (n == 7 && memcmp(name, "api-key", n) == 0)
        return err_set(
            e, ERR_USAGE,
            "there is no --api-key, for every user of this machine can read a command line: set "
            "NETTY_API_KEY, or NETTY_API_KEY_FILE");
    return err_set(e, ERR_USAGE, "unknown option --%.*s%s; %s --help lists them all",
                   (int)(n < 40 ? n : 40), name,
                   option_hint(name, n, "--", o->program, OPTION_NO_SWITCH, hint), program);
}

static enum err_code not_here(const struct options *o, const struct option_def *d, struct err *e)
{
    const char *program = options_program(o->program);
    if ((d->marks & OPTION_NO_SWITCH) != 0)
        return err_set(
            e, ERR_USAGE,
            "%s cannot be given on the command line: set %s, or %s in the configuration file",
            d->name, d->env, d->name);
    for (unsigned p = PROGRAM_EXTRACT; p <= PROGRAM_SPOOL; p <<= 1)
        if (option_is_for(d, p))
            return err_set(e, ERR_USAGE,
                           "--%s is an option of %s, not of %s; %s --help lists all of its",
                           d->name, options_program(p), program, program);
    return err_set(e, ERR_INTERNAL, "--%s is an option of no program", d->name);
}

/* Takes argv[*i], which begins with --, and the value behind it if the option needs one. */
static enum err_code take_option(struct options *o, int argc, char **argv, int *i, struct err *e)
{
    char label[64];
    const char *name = argv[*i] + 2;
    size_t n = strcspn(name, "=");
    const char *value = name[n] == '=' ? name + n + 1 : NULL;
    const struct option_def *d = option_named(name, n);
    if (d == NULL)
        return unknown(o, name, n, e);
    if (!option_is_for(d, o->program) || (d->marks & OPTION_NO_SWITCH) != 0)
        return not_here(o, d, e);
    (void)snprintf(label, sizeof(label), "--%.*s", (int)n, name); /* as it was typed */
    if (value == NULL && d->type == OPTION_FLAG)
        value = "yes";
    if (value == NULL && *i + 1 < argc) {
        value = argv[++*i];
        if (strncmp(value, "--", 2) == 0)
            return err_set(
                e, ERR_USAGE,
                "--%s needs a value: --%s %s (write --%s=VALUE for one that begins with --)",
                d->name, d->name, d->arg, d->name);
    }
    if (value == NULL)
        return err_set(e, ERR_USAGE, "--%s needs a value: --%s %s", d->name, d->name, d->arg);
    return options_take(o, d, FROM_ARGS, value, label, label, e);
}

/* Takes an option's letter, such as -q. */
static enum err_code take_letter(struct options *o, const char *arg, struct err *e)
{
    const struct option_def *d = arg[1] != '\0' && arg[2] == '\0' ? option_lettered(arg[1]) : NULL;
    const char *means = d != NULL && d->letter_means != NULL ? d->letter_means : "yes";

    if (d == NULL)
        return err_set(e, ERR_USAGE,
                       "unknown option %.2s: options are written in full, as in --spool; "
                       "%s --help lists them all",
                       arg, options_program(o->program));
    return options_take(o, d, FROM_ARGS, means, arg, arg, e);
}

enum err_code options_read_args(struct options *o, int argc, char **argv, struct err *e)
{
    bool words_only = false;
    enum err_code rc = hide_passwords(argc, argv, e);
    for (int i = 1; rc == OK && i < argc; i++) {
        if (words_only || argv[i][0] != '-')
            rc = take_word(o, argv[i], words_only, e);
        else if (strcmp(argv[i], "--") == 0)
            words_only = true;
        else if (argv[i][1] == '-')
            rc = take_option(o, argc, argv, &i, e);
        else
            rc = take_letter(o, argv[i], e);
    }
    return rc;
}

/* Variables that are known and are not options: secrets, which secret.h reads. */
static bool known_elsewhere(const char *name, size_t n)
{
    static const char *const names[] = {"NETTY_API_KEY", "NETTY_LISTEN_TOKEN"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i]) == n && memcmp(names[i], name, n) == 0)
            return true;
    return false;
}

/* Refuses the variable of an option that is for the command line only, such as NETTY_DRY_RUN=1: a person would believe that it
 * has an effect. */
static enum err_code refuse_switch(const char *name, size_t n, struct err *e)
{
    static const char prefix[] = "NETTY_";
    for (int i = 0; i < OPTIONS; i++) {
        const char *option = option_table[i].name;
        size_t at = sizeof prefix - 1;
        if (option_table[i].env != NULL || n != at + strlen(option))
            continue;
        while (at < n &&
               name[at] == (option[at - sizeof prefix + 1] == '-'
                                ? '_'
                                : (char)toupper((unsigned char)option[at - sizeof prefix + 1])))
            at++;
        if (at == n)
            return err_set(e, ERR_CONFIG,
                           "%.*s is set, but --%s has its say on the command line only; unset it",
                           (int)n, name, option);
    }
    return OK;
}

/* Refuses a NETTY_ variable whose name is nearly a setting's. Its value may be a secret, so it is not shown. */
static enum err_code refuse_slip(const char *name, size_t n, struct err *e)
{
    const char *nearest =
        names_distance(name, n, "NETTY_API_KEY", 13) <= 2 ? "NETTY_API_KEY" : NULL;
    if (known_elsewhere(name, n))
        return OK;
    for (int i = 0; i < OPTIONS; i++) {
        const char *env = option_table[i].env;
        if (env == NULL)
            continue;
        unsigned distance = names_distance(name, n, env, strlen(env));
        if (distance == 0)
            return OK;
        if (distance <= 2)
            nearest = env;
    }
    if (nearest == NULL)
        return OK;
    return err_set(e, ERR_CONFIG, "unknown environment variable %.*s (did you mean %s?)",
                   (int)(n < 60 ? n : 60), name, nearest);
}

enum err_code options_read_env(struct options *o, struct err *e)
{
    const char *password = getenv("PGPASSWORD");
    if (password != NULL && option_is_for(&option_table[OPT_DB], o->program))
        redact_secret(password);
    for (int i = 0; i < OPTIONS; i++) {
        const struct option_def *d = &option_table[i];
        const char *value = d->env != NULL ? getenv(d->env) : NULL;
        enum err_code rc = OK;
        if (value != NULL && option_is_for(d, o->program) &&
            (rc = options_take(o, d, FROM_ENV, value, d->env, d->env, e)) != OK)
            return rc;
    }
    for (char **p = environ; p != NULL && *p != NULL; p++) {
        enum err_code rc = OK;
        size_t n = strcspn(*p, "=");
        if (strncmp(*p, "NETTY_", 6) == 0 &&
            ((rc = refuse_switch(*p, n, e)) != OK || (rc = refuse_slip(*p, n, e)) != OK))
            return rc;
    }
    return OK;
}
