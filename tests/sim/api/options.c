#include "tests/sim/api/options.h"

#include "shared/base/units.h"
#include "shared/time/when.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TABLES                                                                             \
    "contacts:1000,users:50,companies:400,products:200,mandates:300,affairs:200,agencies:10,"      \
    "properties:600,tasks:500"
#define DEFAULT_START "2024-06-01T00:00:00Z"
#define DEFAULT_SPAN  "365d"
#define DEFAULT_KEEP  ((size_t)256 << 20)
#define KEEP_MAX      (INT64_C(1) << 34)

static const char usage[] =
    "usage: netty-sim [OPTION...]\n"
    "\n"
    "The stand-in for the Netty API, on 127.0.0.1: invented records that follow from the seed.\n"
    "\n"
    "  --port N             listen here; 0 (the default) takes any free port\n"
    "  --port-file FILE     write the port here once it listens\n"
    "  --seed N             everything follows from it (1)\n"
    "  --tables T:N,...     the tables and their numbers of records\n"
    "  --key KEY            what x-netty-api-key must be (NETTY_SIM_KEY, else " SIM_DEFAULT_KEY
    ")\n"
    "  --limit-cap N        the largest page (100)\n"
    "  --start TIME         records were modified before this (" DEFAULT_START ")\n"
    "  --span D             ... and no longer before it than this (" DEFAULT_SPAN ")\n"
    "  --clock real|fixed   edits happen now, or at --start and --tick later with each request "
    "(real)\n"
    "  --tick D             (100ms)\n"
    "  --time-format F      iso|z|space|t|fraction|offset|paris|mixed (iso)\n"
    "  --record-bytes N     size of a record, 100 to 4M (0: 1.0 to 1.5 KB)\n"
    "  --keep SIZE          records' texts that are kept until they change, in bytes; 0 makes each "
    "anew "
    "(256M)\n"
    "  --pretty             pages with line breaks and indents\n"
    "  --vanish             some members are missing in some versions of a record\n"
    "  --odd N[:KIND]       one record in N is one that PostgreSQL refuses;\n"
    "                       KIND: nul|surrogate|nokey|textkey|bigkey, else each in turn\n"
    "  --ties N             so many of each table's records share one time\n"
    "  --timeless N         ... have no time\n"
    "  --future N           ... have one in 2099\n"
    "  --timeless-sort first|last   where those without a time stand (first)\n"
    "  --mood NAME=N,...    how it misbehaves from the start; README.md lists the moods\n"
    "  --log FILE           append each request as a line of JSON\n";

/* What is said about all tables, until the list of tables is known. */
struct reading {
    struct sim_conf *conf;
    const char *tables, *start, *span;
    struct table_conf all;
};

static enum err_code count(const char *name, const char *text, int64_t min, int64_t max, int64_t *n,
                           struct err *e)
{
    if (units_count(text, n) != OK || *n < min || *n > max)
        return err_set(e, ERR_USAGE, "--%s %s: give a number from %lld to %lld", name, text,
                       (long long)min, (long long)max);
    return OK;
}

static enum err_code small_count(const char *name, const char *text, uint32_t *n, struct err *e)
{
    int64_t value = 0;
    enum err_code rc = count(name, text, 0, TABLE_MAX_RECORDS, &value, e);
    *n = (uint32_t)value;
    return rc;
}

static enum err_code duration(const char *name, const char *text, int64_t *us, struct err *e)
{
    if (units_duration(text, us) != OK)
        return err_set(e, ERR_USAGE, "--%s %s: give a duration such as 365d", name, text);
    return OK;
}

/* One of two words. */
static enum err_code either(const char *name, const char *text, const char *no, const char *yes,
                            bool *is_yes, struct err *e)
{
    *is_yes = strcmp(text, yes) == 0;
    if (!*is_yes && strcmp(text, no) != 0)
        return err_set(e, ERR_USAGE, "--%s %s: give %s or %s", name, text, no, yes);
    return OK;
}

static enum err_code odd(struct body_conf *body, const char *text, struct err *e)
{
    static const char *const kinds[] = {"", "nul", "surrogate", "nokey", "textkey", "bigkey"};
    char number[16];
    int64_t n = 0;
    size_t digits = strcspn(text, ":");
    if (digits >= sizeof number)
        digits = sizeof number - 1;
    memcpy(number, text, digits);
    number[digits] = '\0';
    enum err_code rc = count("odd", number, 0, TABLE_MAX_RECORDS, &n, e);
    body->odd = (unsigned)n;
    body->odd_kind = ODD_ANY;
    if (text[digits] == '\0' || rc != OK)
        return rc;
    for (int i = ODD_NUL; i < ODD_ANY; i++) {
        if (strcmp(text + digits + 1, kinds[i]) == 0) {
            body->odd_kind = (enum body_odd)i;
            return OK;
        }
    }
    return err_set(e, ERR_USAGE, "--odd %s: unknown kind", text);
}

static enum err_code record_bytes(struct body_conf *body, const char *text, struct err *e)
{
    int64_t n;
    if (units_size(text, &n) != OK || (n != 0 && (n < 100 || n > (4 << 20))))
        return err_set(e, ERR_USAGE, "--record-bytes %s: give 0, or 100 to 4M", text);
    body->bytes = (size_t)n;
    return OK;
}

static enum err_code keep(struct sim_conf *conf, const char *text, struct err *e)
{
    int64_t n;
    if (units_size(text, &n) != OK || n < 0 || n > KEEP_MAX)
        return err_set(e, ERR_USAGE, "--keep %s: give 0, or a size such as 256M", text);
    conf->keep = (size_t)n;
    return OK;
}

enum option_code {
    PORT = 1,
    PORT_FILE,
    SEED,
    TABLES,
    KEY,
    LIMIT_CAP,
    START,
    SPAN,
    CLOCK,
    TICK,
    TIME_FORMAT,
    RECORD_BYTES,
    KEEP,
    PRETTY,
    VANISH,
    ODD,
    TIES,
    TIMELESS,
    FUTURE,
    TIMELESS_SORT,
    MOOD,
    LOG_FILE,
    HELP,
};

static const struct option options[] = {
    {"port", required_argument, NULL, PORT},
    {"port-file", required_argument, NULL, PORT_FILE},
    {"seed", required_argument, NULL, SEED},
    {"tables", required_argument, NULL, TABLES},
    {"key", required_argument, NULL, KEY},
    {"limit-cap", required_argument, NULL, LIMIT_CAP},
    {"start", required_argument, NULL, START},
    {"span", required_argument, NULL, SPAN},
    {"clock", required_argument, NULL, CLOCK},
    {"tick", required_argument, NULL, TICK},
    {"time-format", required_argument, NULL, TIME_FORMAT},
    {"record-bytes", required_argument, NULL, RECORD_BYTES},
    {"keep", required_argument, NULL, KEEP},
    {"pretty", no_argument, NULL, PRETTY},
    {"vanish", no_argument, NULL, VANISH},
    {"odd", required_argument, NULL, ODD},
    {"ties", required_argument, NULL, TIES},
    {"timeless", required_argument, NULL, TIMELESS},
    {"future", required_argument, NULL, FUTURE},
    {"timeless-sort", required_argument, NULL, TIMELESS_SORT},
    {"mood", required_argument, NULL, MOOD},
    {"log", required_argument, NULL, LOG_FILE},
    {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0},
};

/* The options that say how the server behaves. */
static enum err_code server_option(struct reading *r, int option, const char *name,
                                   const char *text, struct err *e)
{
    struct sim_conf *conf = r->conf;
    int64_t n = 0;
    enum err_code rc = OK;
    switch (option) {
    case PORT:
        rc = count(name, text, 0, UINT16_MAX, &n, e);
        conf->port = (uint16_t)n;
        break;
    case PORT_FILE:
        conf->port_file = text;
        break;
    case KEY:
        conf->key = text;
        break;
    case LIMIT_CAP:
        rc = count(name, text, 1, 100000, &n, e);
        conf->limit_cap = (unsigned)n;
        break;
    case CLOCK:
        return either(name, text, "real", "fixed", &conf->clock_fixed, e);
    case TICK:
        return duration(name, text, &conf->tick, e);
    case KEEP:
        return keep(conf, text, e);
    case PRETTY:
        conf->pretty = true;
        break;
    case MOOD:
        conf->mood = text;
        break;
    case LOG_FILE:
        conf->log_file = text;
        break;
    case HELP:
        conf->help = true;
        break;
    default:
        return err_set(e, ERR_USAGE, "%s: unknown, or without its value; see netty-sim --help",
                       name);
    }
    return rc;
}

/* The options that say what records there are; the others go on. */
static enum err_code data_option(struct reading *r, int option, const char *name, const char *text,
                                 struct err *e)
{
    struct sim_conf *conf = r->conf;
    int64_t n = 0;
    bool last = false;
    enum err_code rc = OK;
    switch (option) {
    case SEED:
        rc = count(name, text, 0, INT64_MAX, &n, e);
        conf->seed = (uint64_t)n;
        break;
    case TABLES:
        r->tables = text;
        break;
    case START:
        r->start = text;
        break;
    case SPAN:
        r->span = text;
        break;
    case TIME_FORMAT:
        if (!stamp_format_named(text, &conf->body.format))
            rc = err_set(e, ERR_USAGE, "--%s %s: give %s", name, text, stamp_format_names());
        break;
    case RECORD_BYTES:
        return record_bytes(&conf->body, text, e);
    case VANISH:
        conf->body.vanish = true;
        break;
    case ODD:
        return odd(&conf->body, text, e);
    case TIES:
        return small_count(name, text, &r->all.ties, e);
    case TIMELESS:
        return small_count(name, text, &r->all.timeless, e);
    case FUTURE:
        return small_count(name, text, &r->all.future, e);
    case TIMELESS_SORT:
        rc = either(name, text, "first", "last", &last, e);
        r->all.no_time = last ? TIMELESS_LAST : TIMELESS_FIRST;
        break;
    default:
        return server_option(r, option, name, text, e);
    }
    return rc;
}

static enum err_code read_times(struct reading *r, struct err *e)
{
    enum err_code rc;
    struct zone *utc = NULL;
    if ((rc = duration("span", r->span, &r->all.span, e)) != OK ||
        (rc = zone_open(&utc, "UTC", e)) != OK)
        return rc;
    if (r->all.span < WHEN_SECOND || r->all.span > INT64_C(20) * 365 * 86400 * WHEN_SECOND)
        rc = err_set(e, ERR_USAGE, "--span %s: give a second to twenty years", r->span);
    else if (when_parse(r->start, strlen(r->start), utc, &r->all.start) != OK ||
             r->all.start == WHEN_NONE ||
             r->all.start < r->all.span + INT64_C(5) * 365 * 86400 * WHEN_SECOND)
        rc = err_set(e, ERR_USAGE, "--start %s: give a time such as %s", r->start, DEFAULT_START);
    zone_close(utc);
    return rc;
}

/* "contacts:1000": the name ends at the colon, the item at the comma. */
static enum err_code read_table(struct reading *r, const char *item, size_t n, struct err *e)
{
    char text[NAMES_TABLE_MAX + 16];
    if (n >= sizeof text || r->conf->n_tables == SIM_TABLES_MAX)
        return err_set(e, ERR_USAGE, "--tables: too long a name, or more than %d", SIM_TABLES_MAX);
    memcpy(text, item, n);
    text[n] = '\0';
    char *colon = strchr(text, ':');
    struct table_conf *t = &r->conf->tables[r->conf->n_tables++];
    *t = r->all;
    t->records = 1000;
    t->seed = r->conf->seed;
    t->fine = r->conf->body.format == STAMP_FRACTION;
    if (colon != NULL)
        *colon = '\0';
    enum err_code rc = names_check_table(text, "--tables", e);
    if (rc == OK && colon != NULL)
        rc = small_count("tables", colon + 1, &t->records, e);
    for (size_t i = 0; i + 1 < r->conf->n_tables && rc == OK; i++) {
        if (strcmp(r->conf->tables[i].name, text) == 0)
            rc = err_set(e, ERR_USAGE, "--tables: %s is there twice", text);
    }
    if (rc == OK)
        memcpy(t->name, text, strlen(text) + 1);
    return rc;
}

static enum err_code read_tables(struct reading *r, struct err *e)
{
    enum err_code rc = OK;
    const char *p = r->tables;
    while (rc == OK && *p != '\0') {
        size_t n = strcspn(p, ",");
        rc = read_table(r, p, n, e);
        p += n + (p[n] == ',');
    }
    return rc;
}

enum err_code sim_options(struct sim_conf *conf, int argc, char **argv, struct err *e)
{
    enum err_code rc;
    const char *key = getenv("NETTY_SIM_KEY");
    *conf = (struct sim_conf){.key = key != NULL && *key != '\0' ? key : SIM_DEFAULT_KEY,
                              .seed = 1,
                              .limit_cap = 100,
                              .keep = DEFAULT_KEEP,
                              .tick = WHEN_SECOND / 10};
    struct reading r = {.conf = conf,
                        .tables = DEFAULT_TABLES,
                        .start = DEFAULT_START,
                        .span = DEFAULT_SPAN,
                        .all = {.no_time = TIMELESS_FIRST}};
    int option, index = 0;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, "", options, &index)) != -1) {
        const char *name = option == '?' ? argv[optind - 1] : options[index].name;
        if ((rc = data_option(&r, option, name, optarg, e)) != OK)
            return rc;
    }
    if (optind < argc)
        return err_set(e, ERR_USAGE, "%s: not an option; see netty-sim --help", argv[optind]);
    if ((rc = read_times(&r, e)) != OK)
        return rc;
    conf->start = r.all.start;
    return read_tables(&r, e);
}

void sim_usage(void)
{
    fputs(usage, stdout);
}
