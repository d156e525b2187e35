/*
 * The one option table: it drives parsing, environment names, configuration-file keys, --help, and
 * (by shared/manual) man pages and completion, so that they cannot disagree. shared/options/option_table.c holds it.
 *
 * Command line > the account's section > environment > configuration file > default. A value keeps where it came from, and
 * a malformed or unknown one is refused with its name, its value and that origin: ERR_USAGE from
 * the command line, ERR_CONFIG from elsewhere. Each source is judged, also where a higher one
 * overrides it.
 *
 *     struct options *o;
 *     rc = options_read(&o, PROGRAM_LOAD, argc, argv, e);   // also --help, --version: see below
 *     int64_t rows = options_int(o, OPT_BATCH_ROWS);
 *
 * Command line: --name VALUE, --name=VALUE, --flag, --flag=no (to override the environment or the
 * file); the last of a repeated option counts; `--` ends the options. Names are written in full. A
 * value that begins with `--` needs the form with `=`. A few have a letter, as -q for --quiet. `help` as the first word is --help.
 *
 * File: `name = value` lines, comments in lines of their own (# or ;), keys in no section or in
 * [extract], [load], [spool]; in the program's own section a key goes before the same one in no
 * section. A repeated or unknown key, an unknown section and a malformed line are refused. Options
 * without an environment name are for the command line only. [account NAME] sections: shared/options/accounts.h.
 *
 * Environment: an empty variable is a malformed value. An unknown NETTY_* variable is refused only
 * where its name is a slip of a known one, for the environment is shared with others.
 *
 * OPT_DB is also set from the file that OPT_DB_FILE names, unless a higher source has said it; its
 * origin is then OPT_DB_FILE's.
 *
 * Passwords within --db, DATABASE_URL, the file of DATABASE_URL_FILE, the file's db and PGPASSWORD are made known to the logger's
 * redaction here. One on the command line is refused, since other users can read it there.
 */
#ifndef NETTY_SHARED_OPTIONS_OPTIONS_H
#define NETTY_SHARED_OPTIONS_OPTIONS_H

#include "shared/base/err.h"
#include "shared/time/when.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum program {
    PROGRAM_EXTRACT = 1,
    PROGRAM_LOAD = 2,
    PROGRAM_SPOOL = 4
};

enum option_type {
    OPTION_FLAG,     /* no argument; 1/0, yes/no, true/false, on/off in environment and file */
    OPTION_TEXT,     /* any non-empty string */
    OPTION_COUNT,    /* 0, 1, 2 ... within min and max */
    OPTION_DURATION, /* microseconds */
    OPTION_SIZE,     /* bytes */
    OPTION_CHOICE,   /* one of choices, "a|b" */
    OPTION_TIME,     /* a time, or the word `all` where choices is "all" */
};

#define OPTION_SECRET    1u /* may hold a password: its value is in no message */
#define OPTION_NO_SWITCH 2u /* environment and file only */
#define OPTION_UNIT      4u /* a number alone is refused: taken for another unit it would do harm */
#define OPTION_PERCENT   8u /* a count that may be written with its % */

/* One entry an option, named for --long-name. Keep in the table's order. */
enum option_id {
    OPT_BASE_URL,
    OPT_SPOOL,
    OPT_DB,
    OPT_DB_FILE,
    OPT_SCHEMA,
    OPT_ACCOUNT,
    OPT_CONFIG,
    OPT_TABLES,
    OPT_API_KEY_FILE,
    OPT_LIMIT,
    OPT_OVERLAP,
    OPT_TIMEZONE,
    OPT_TIMEOUT,
    OPT_RETRIES,
    OPT_RETRY_DELAY,
    OPT_REFUSED_AFTER,
    OPT_RATE,
    OPT_JOBS,
    OPT_AHEAD,
    OPT_MAX_PAGES,
    OPT_BUDGET,
    OPT_SINCE,
    OPT_FULL,
    OPT_RESTART,
    OPT_CANCEL,
    OPT_REBIND,
    OPT_RECONCILE,
    OPT_RECONCILE_EVERY,
    OPT_EVERY,
    OPT_FOLLOW,
    OPT_CONNECTIONS,
    OPT_BATCH_ROWS,
    OPT_BATCH_BYTES,
    OPT_CREATE_TABLES,
    OPT_ADOPT,
    OPT_UPDATE,
    OPT_ON_NUL,
    OPT_MAX_DELETES,
    OPT_REPLAY,
    OPT_FROM,
    OPT_TO,
    OPT_SEGMENT,
    OPT_REDRIVE,
    OPT_CATALOG,
    OPT_CHECK,
    OPT_DRY_RUN,
    OPT_LOADED,
    OPT_OLDER_THAN,
    OPT_ARCHIVE_DIR,
    OPT_TO_FILE,
    OPT_FROM_FILE,
    OPT_MERGE,
    OPT_SHARE,
    OPT_SUGGEST,
    OPT_REWRITE,
    OPT_DEPTH,
    OPT_MISFITS,
    OPT_APPLY,
    OPT_VIEWS,
    OPT_VIEWS_SCHEMA,
    OPT_WITH_DELETED,
    OPT_REBUILD,
    OPT_FORGET,
    OPT_DATABASE,
    OPT_FORGET_AFTER,
    OPT_ENLIST,
    OPT_ID,
    OPT_DISMISS,
    OPT_REASON,
    OPT_JSON,
    OPT_LOG_FORMAT,
    OPT_LOG_LEVEL,
    OPT_QUIET,
    OPT_MAX_PAGE_BYTES,
    OPT_MAX_RECORD_BYTES,
    OPT_SEGMENT_SIZE,
    OPT_SEGMENT_AGE,
    OPT_SPOOL_KEEP,
    OPT_SPOOL_MAX,
    OPT_SPOOL_FREE,
    OPT_LISTEN,
    OPT_LISTEN_TOKEN_FILE,
    OPT_STALE_AFTER,
    OPT_METRICS_FILE,
    OPT_PING_URL,
    OPT_HTML,
    OPT_HELP,
    OPT_VERSION,
    OPTIONS
};

struct option_def {
    enum option_id id;
    enum option_type type;
    const char *name;     /* "base-url": --base-url, base-url in the file */
    const char *env;      /* "NETTY_BASE_URL" or NULL */
    const char *arg;      /* "URL", or NULL for a flag */
    const char *standard; /* the default as one would write it, or NULL for none */
    unsigned programs;    /* enum program, or'ed */
    unsigned marks;       /* OPTION_*, or'ed */
    int64_t min, max;     /* counts, durations, sizes; max 0: no bound */
    const char *choices;
    const char *also;         /* an older name that is taken as well, or NULL */
    char letter;              /* 'q': -q is another spelling, ... */
    const char *letter_means; /* ... with this value, where the option takes one */
    const char *help;         /* one sentence or two, whole, for --help and the man page */
    const char *example;      /* for the man page, or NULL */
};
extern const struct option_def option_table[OPTIONS];

/* The words that may stand first on a program's command line, for those that have such. --help, man
 * pages, completion and the programs themselves go by this table (shared/options/command_table.c). */
struct command_def {
    enum program program;
    const char *name;    /* "cat"; NULL behind the last one */
    const char *words;   /* what follows: "TABLE ID", or "" */
    const char *help;    /* one sentence, for --help and the man page */
    const char *example; /* a whole command line, for the man page */
    const char *option;  /* the flag that is another spelling of the command, or NULL */
};
extern const struct command_def command_table[];
/* Its entry, or NULL. */
const struct command_def *command_named(enum program program, const char *name);
/* The one that the word is a slip of, or NULL: a letter or two are wrong, and it is none itself. */
const struct command_def *command_near(enum program program, const char *word);

struct options;

/* Reads all sources. With --help or --version among the arguments: the rest is not judged, *o is
 * set and options_int(o, OPT_HELP) or OPT_VERSION tells. The configuration file is `config`'s, else
 * ./netty.conf, else /etc/netty/netty.conf, where one exists; a key of another program's is
 * accepted and unused. With
 * --full, OPT_SINCE is `all` too, so that it alone needs to be asked. */
enum err_code options_read(struct options **o, enum program program, int argc, char **argv,
                           struct err *e) MUST_CHECK;
void options_free(struct options *o);

/* The configuration file that was read, by its whole name; NULL where there was none. */
const char *options_config(const struct options *o);
/* --help of the options' program, and which configuration file would be read. */
void options_show_help(const struct options *o, FILE *out);

bool options_given(const struct options *o, enum option_id id); /* anything but the default */
const char *
options_origin(const struct options *o,
               enum option_id id); /* "--limit", "NETTY_LIMIT", "netty.conf:3", "default" */
const char *options_text(const struct options *o, enum option_id id); /* NULL where there is none */
int64_t options_int(const struct options *o,
                    enum option_id id); /* flag, count, duration (us), size, time (us; all:
                                           INT64_MIN); choice: its place from 0 */

/* netty-load's command, or NULL; that of a command which is another spelling of an option is the option's, and no command. A word is one only where it is the first and stands before `--`, so
 * that a table called like one can still be named; it is none of the words below. */
const char *options_command(const struct options *o);
/* Where there is none: the command that the first word may be a slip of, or NULL. A table may be called so. */
const char *options_slip(const struct options *o);

/* The words that are not options, in order. For tables: those, else the configured `tables`
 * (comma or blank separated), each checked (names_check_table) and without repeats. */
size_t options_words(const struct options *o, const char *const **words);
enum err_code options_tables(const struct options *o, const char *const **tables, size_t *n,
                             struct err *e) MUST_CHECK;

/* Is the table one of those to work on: of the words, if they count and there are some, else of the configured `tables`? Without a list
 * each is. */
bool options_list_table(const struct options *o, bool words, const char *table);

/* --help, to out: usage line, what the program does, its options with environment names and
 * defaults, exit codes. */
void options_help(enum program program, FILE *out);
/* --version, to out: the program's, and then those of the libraries that it uses, one a line. */
struct libraries;
void options_version(enum program program, const struct libraries *used, FILE *out);

/* The zone that --timezone names, for zone_close. An unknown one is told with its origin: ERR_USAGE from the command
 * line, ERR_CONFIG from elsewhere. */
enum err_code options_zone(const struct options *o, struct zone **zone, struct err *e) MUST_CHECK;

/* Before options_read, so that what it refuses is told in the form that was asked for: the last --log-format, else
 * NETTY_LOG_FORMAT; text where neither is understood. Files are not looked into. */
void options_guess_log(enum program program, int argc, char *const *argv);

/* Sets up the logger from log-format, log-level and quiet. Its first line names the configuration file, where one was
 * read. */
void options_setup_log(const struct options *o);

#endif
