#include "shared/options/options.h"
#include "shared/base/table_names.h"
#include "shared/log/log.h"
#include "shared/options/options_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *options_program(enum program program)
{
    return program == PROGRAM_EXTRACT ? "netty-extract"
           : program == PROGRAM_LOAD  ? "netty-load"
                                      : "netty-spool";
}

static bool is_named(const char *own, const char *name, size_t n)
{
    return own != NULL && strlen(own) == n && memcmp(own, name, n) == 0;
}

const struct option_def *option_named(const char *name, size_t n)
{
    for (int i = 0; i < OPTIONS; i++)
        if (is_named(option_table[i].name, name, n) || is_named(option_table[i].also, name, n))
            return &option_table[i];
    return NULL;
}

const struct option_def *option_lettered(char letter)
{
    for (int i = 0; i < OPTIONS; i++)
        if (option_table[i].letter == letter)
            return &option_table[i];
    return NULL;
}

const struct command_def *command_named(enum program program, const char *name)
{
    for (const struct command_def *c = command_table; c->name != NULL; c++)
        if (c->program == program && strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

const struct command_def *command_near(enum program program, const char *word)
{
    const struct command_def *best = NULL;
    size_t n = strlen(word);
    unsigned distance = n < 4 ? 2 : 3; /* in a short name two wrong letters are too many */
    for (const struct command_def *c = command_table; c->name != NULL; c++) {
        unsigned other =
            c->program == program ? names_distance(word, n, c->name, strlen(c->name)) : distance;
        if (other < distance) {
            best = c;
            distance = other;
        }
    }
    return distance > 0 ? best : NULL;
}

const char *option_hint(const char *name, size_t n, const char *prefix, enum program program,
                        unsigned without, char out[OPTION_HINT])
{
    const struct option_def *best = NULL;
    unsigned distance = n < 4 ? 2 : 3; /* in a short name two wrong letters are too many */
    for (int i = 0; i < OPTIONS; i++) {
        const struct option_def *d = &option_table[i];
        unsigned other = names_distance(name, n, d->name, strlen(d->name));
        if (option_is_for(d, program) && (d->marks & without) == 0 && other < distance) {
            best = d;
            distance = other;
        }
    }
    out[0] = '\0';
    if (best != NULL)
        (void)snprintf(out, OPTION_HINT, " (did you mean %s%s?)", prefix, best->name);
    return out;
}

enum err_code words_add(struct word_list *w, const char *s, size_t n, struct err *e)
{
    const char **list = realloc(w->list, (w->n + 1) * sizeof(*list));
    if (list != NULL) {
        w->list = list;
        list[w->n] = strndup(s, n);
    }
    if (list == NULL || list[w->n] == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for the settings");
    w->n++;
    return OK;
}

static void words_free(struct word_list *w)
{
    for (size_t i = 0; i < w->n; i++)
        free((void *)w->list[i]);
    free(w->list);
    *w = (struct word_list){0};
}

/* Adds s[0..n) unless it is there already. */
static enum err_code add_table(struct options *o, const char *s, size_t n, struct err *e)
{
    for (size_t i = 0; i < o->tables.n; i++)
        if (strlen(o->tables.list[i]) == n && memcmp(o->tables.list[i], s, n) == 0)
            return OK;
    return words_add(&o->tables, s, n, e);
}

/* The words, else the configured list. */
static enum err_code gather_tables(struct options *o, struct err *e)
{
    enum err_code rc = OK;
    for (size_t i = 0; rc == OK && i < o->words.n; i++)
        rc = add_table(o, o->words.list[i], strlen(o->words.list[i]), e);
    const char *p = options_text(o, OPT_TABLES);
    if (o->words.n > 0 || p == NULL)
        return rc;
    while (rc == OK && *(p += strspn(p, ", \t")) != '\0') {
        size_t n = strcspn(p, ", \t");
        rc = add_table(o, p, n, e);
        p += n;
    }
    return rc;
}

/* --help or --version among the options, or help as the first word. */
static bool asks_only(struct options *o, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0 ||
            (i == 1 && strcmp(argv[i], "help") == 0))
            o->set[OPT_HELP].number = 1;
        if (strcmp(argv[i], "--version") == 0)
            o->set[OPT_VERSION].number = 1;
    }
    return o->set[OPT_HELP].number != 0 || o->set[OPT_VERSION].number != 0;
}

/* Was the option given, other than as a flag that is off? */
static bool is_on(const struct options *o, enum option_id id)
{
    return options_given(o, id) &&
           (option_table[id].type != OPTION_FLAG || options_int(o, id) != 0);
}

static enum err_code contradict(const struct options *o, enum option_id a, enum option_id b,
                                struct err *e)
{
    if (!is_on(o, a) || !is_on(o, b))
        return OK;
    return err_set(e, ERR_USAGE, "--%s and --%s cannot be given together", option_table[a].name,
                   option_table[b].name);
}

/* Fails when a is given without b, if the program has b at all. */
static enum err_code needs(const struct options *o, enum option_id a, enum option_id b,
                           struct err *e)
{
    if (!is_on(o, a) || is_on(o, b) || !option_is_for(&option_table[b], o->program))
        return OK;
    return err_set(e, ERR_USAGE, "--%s means something with --%s only", option_table[a].name,
                   option_table[b].name);
}

static enum err_code check_together(const struct options *o, struct err *e)
{
    enum err_code rc;
    if ((rc = contradict(o, OPT_REPLAY, OPT_FOLLOW, e)) != OK ||
        (rc = contradict(o, OPT_REPLAY, OPT_REDRIVE, e)) != OK ||
        (rc = contradict(o, OPT_REDRIVE, OPT_FOLLOW, e)) != OK ||
        (rc = contradict(o, OPT_RESTART, OPT_CANCEL, e)) != OK ||
        (rc = contradict(o, OPT_RECONCILE, OPT_CANCEL, e)) != OK ||
        (rc = contradict(o, OPT_EVERY, OPT_CANCEL, e)) != OK ||
        (rc = needs(o, OPT_FROM, OPT_REPLAY, e)) != OK ||
        (rc = needs(o, OPT_TO, OPT_REPLAY, e)) != OK ||
        (rc = needs(o, OPT_SEGMENT, OPT_REPLAY, e)) != OK)
        return rc;
    if (is_on(o, OPT_FROM) && is_on(o, OPT_TO) &&
        options_int(o, OPT_FROM) >= options_int(o, OPT_TO))
        return err_set(e, ERR_USAGE, "--from '%s' is not before --to '%s'",
                       options_text(o, OPT_FROM), options_text(o, OPT_TO));
    return OK;
}

static enum err_code expand_full(struct options *o, struct err *e)
{
    enum err_code rc = contradict(o, OPT_SINCE, OPT_FULL, e);
    if (rc != OK || !is_on(o, OPT_FULL))
        return rc;
    return options_take(o, &option_table[OPT_SINCE], FROM_ARGS, "all", "--full", "--full", e);
}

enum err_code options_finish(struct options *o, struct err *e)
{
    enum err_code rc;
    if ((rc = options_read_db_file(o, e)) != OK || (rc = expand_full(o, e)) != OK ||
        (rc = options_check_times(o, e)) != OK || (rc = check_together(o, e)) != OK)
        return rc;
    return gather_tables(o, e);
}

static enum err_code read_sources(struct options **o, int argc, char **argv, struct err *e)
{
    enum err_code rc;
    if ((rc = options_read_args(*o, argc, argv, e)) != OK || (rc = options_read_env(*o, e)) != OK ||
        (rc = options_read_file(*o, e)) != OK || (rc = accounts_choose(o, e)) != OK)
        return rc;
    return options_finish(*o, e);
}

/* Finds the configuration file and the account that --help names. Nothing is judged. */
static void read_for_help(struct options *o, int argc, char **argv)
{
    static const enum option_id told[] = {OPT_CONFIG, OPT_ACCOUNT};
    int64_t help = o->set[OPT_HELP].number;
    int64_t version = o->set[OPT_VERSION].number;
    struct err none = ERR_INIT;
    enum err_code rc = options_read_args(o, argc, argv, &none);
    for (size_t i = 0; rc != ERR_NOMEM && i < sizeof told / sizeof *told; i++) {
        const struct option_def *d = &option_table[told[i]];
        const char *value = getenv(d->env);
        if (value != NULL)
            rc = options_take(o, d, FROM_ENV, value, d->env, d->env, &none);
    }
    o->set[OPT_HELP].number = help;
    o->set[OPT_VERSION].number = version;
}

enum err_code options_read(struct options **out, enum program program, int argc, char **argv,
                           struct err *e)
{
    *out = NULL;
    struct options *o = calloc(1, sizeof(*o));
    if (o == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for the settings");
    o->program = program;
    enum err_code rc = options_take_defaults(o, e);
    if (rc == OK && !asks_only(o, argc, argv))
        rc = read_sources(&o, argc, argv, e);
    else if (rc == OK)
        read_for_help(o, argc, argv);
    if (rc != OK) {
        options_free(o);
        return rc;
    }
    *out = o;
    return OK;
}

void options_free(struct options *o)
{
    if (o == NULL)
        return;
    for (int i = 0; i < OPTIONS; i++) {
        free(o->set[i].text);
        free(o->set[i].origin);
    }
    words_free(&o->words);
    words_free(&o->tables);
    accounts_free(o);
    options_free(o->base);
    free(o->account);
    free(o->config);
    free(o);
}

bool options_given(const struct options *o, enum option_id id)
{
    return o->set[id].source != FROM_DEFAULT;
}

const char *options_origin(const struct options *o, enum option_id id)
{
    return o->set[id].origin != NULL ? o->set[id].origin : "default";
}

const char *options_text(const struct options *o, enum option_id id)
{
    return o->set[id].text != NULL ? o->set[id].text : option_table[id].standard;
}

int64_t options_int(const struct options *o, enum option_id id)
{
    return o->set[id].number;
}

const char *options_command(const struct options *o)
{
    return o->command;
}

const char *options_slip(const struct options *o)
{
    return o->slip;
}

size_t options_words(const struct options *o, const char *const **words)
{
    *words = o->words.list;
    return o->words.n;
}

bool options_list_table(const struct options *o, bool words, const char *table)
{
    const char *p = options_text(o, OPT_TABLES);
    bool some = false;
    for (size_t i = 0; words && i < o->words.n; i++)
        if (strcmp(o->words.list[i], table) == 0)
            return true;
    if ((words && o->words.n > 0) || p == NULL)
        return !words || o->words.n == 0;
    while (*(p += strspn(p, ", \t")) != '\0') {
        size_t n = strcspn(p, ", \t");
        if (strlen(table) == n && memcmp(p, table, n) == 0)
            return true;
        some = true;
        p += n;
    }
    return !some;
}

enum err_code options_tables(const struct options *o, const char *const **tables, size_t *n,
                             struct err *e)
{
    const char *origin = o->words.n > 0 ? "the command line" : options_origin(o, OPT_TABLES);
    for (size_t i = 0; i < o->tables.n; i++) {
        enum err_code rc = names_check_table(o->tables.list[i], origin, e);
        if (rc == ERR_USAGE && o->words.n == 0) {
            rc = ERR_CONFIG;
            if (e != NULL)
                e->code = rc;
        }
        if (rc != OK)
            return rc;
    }
    *tables = o->tables.list;
    *n = o->tables.n;
    return OK;
}

enum err_code options_zone(const struct options *o, struct zone **zone, struct err *e)
{
    const char *origin = options_origin(o, OPT_TIMEZONE);
    enum err_code rc = zone_open(zone, options_text(o, OPT_TIMEZONE), e);
    if (rc == OK)
        return OK;
    (void)err_prefix(e, "%s", origin);
    if (rc == ERR_CONFIG && strncmp(origin, "--", 2) == 0)
        rc = e->code = ERR_USAGE;
    return rc;
}

/* The format when none was asked for: a person at a terminal reads messages, everything else gets lines of the log. */
static enum log_format unasked_format(void)
{
    return isatty(STDERR_FILENO) ? LOG_TERMINAL : LOG_TEXT;
}

void options_guess_log(enum program program, int argc, char *const *argv)
{
    static const char name[] = "--log-format";
    const char *form = getenv("NETTY_LOG_FORMAT");
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], name, sizeof name - 1) != 0)
            continue;
        if (argv[i][sizeof name - 1] == '=')
            form = argv[i] + sizeof name;
        else if (argv[i][sizeof name - 1] == 0 && i + 1 < argc)
            form = argv[i + 1];
    }
    log_setup(options_program(program),
              form == NULL                ? unasked_format()
              : strcmp(form, "json") == 0 ? LOG_JSON
                                          : LOG_TEXT,
              LOG_INFO);
}

static void say_config(const struct options *o)
{
    enum log_level level = o->program == PROGRAM_SPOOL ? LOG_DEBUG : LOG_INFO;
    if (o->account != NULL)
        LOG(level, "config", "settings are read", F_STR("file", o->config),
            F_STR("account", o->account));
    else
        LOG(level, "config", "settings are read", F_STR("file", o->config));
}

void options_setup_log(const struct options *o)
{
    enum log_level level = (enum log_level)options_int(o, OPT_LOG_LEVEL);
    if (options_int(o, OPT_QUIET) != 0 && level < LOG_WARN)
        level = LOG_WARN;
    enum log_format form = (enum log_format)options_int(o, OPT_LOG_FORMAT);
    log_setup(options_program(o->program),
              options_given(o, OPT_LOG_FORMAT) ? form : unasked_format(), level);
    if (o->config != NULL) /* netty-spool says so at debug level only */
        say_config(o);
}
