/*
 * The one table of options: parsing, environment names, keys of the configuration file, --help, and (by shared/manual) man
 * pages and completion are made from it, so they cannot disagree. The table is in option_table.c.
 *
 * Precedence: command line > the account's section > environment > configuration file > default. A value keeps its origin.
 * A malformed or unknown value is refused with its name, its text and its origin: ERR_USAGE from the command line,
 * ERR_CONFIG from elsewhere. Each source is judged, even where a higher one overrides it.
 *
 *     struct options *o;
 *     rc = options_read(&o, PROGRAM_LOAD, argc, argv, e);   // also --help, --version: see below
 *     int64_t rows = options_int(o, OPT_BATCH_ROWS);
 *
 * Command line: --name VALUE, --name=VALUE, --flag, --flag=no (to override the environment or the
 * file); of a repeated option the last counts; `--` ends the options. Names are written in full. A
 * value that begins with `--` needs the form with `=`. Some options have a letter too, such as -q for
 * --quiet. `help` as the first word is --help.
 *
 * File: `name = value` lines, comments in lines of their own (# or ;), keys in no section or in
 * [extract], [load], [spool]. A key in the program's own section overrides the same key in no section.
 * A repeated or unknown key, an unknown section and a malformed line are refused. Options without an
 * environment name are for the command line only. accounts.h has the [account NAME] sections.
 *
 * Environment: an empty variable is a malformed value. An unknown NETTY_* variable is refused only
 * where its name is nearly a known one, because other programs use the environment as well.
 *
 * OPT_DB is also set from the file that OPT_DB_FILE names, unless a higher source has set it; its
 * origin is then OPT_DB_FILE's.
 *
 * Passwords within --db, DATABASE_URL, the file of DATABASE_URL_FILE, the configuration file's db, and PGPASSWORD are
 * registered with the logger's redaction here. A password on the command line is refused, since other users can read it.
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
#define OPTION_UNIT      4u /* a number without a unit is refused: a wrong guess would do harm */
#define OPTION_PERCENT   8u /* a count that may be written with a % */

/* One entry for each option, named after its --long-name, in the order of option_table. */
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
    OPT_PULL,
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
    OPT_TAKE_OVER,
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
    const char *standard; /* the default as a person would write it, or NULL for none */
    unsigned programs;    /* enum program, or'ed */
    unsigned marks;       /* OPTION_*, or'ed */
    int64_t min, max;     /* counts, durations, sizes; max 0: no bound */
    const char *choices;
    const char *also;         /* an older name that is accepted too, or NULL */
    char letter;              /* 'q': -q is another spelling; 0: there is none */
    const char *letter_means; /* the value that the letter stands for, if the option takes one */
    const char *help;         /* one or two whole sentences, for --help and the man page */
    const char *example;      /* for the man page, or NULL */
};
extern const struct option_def option_table[OPTIONS];

/* The commands: words that may stand first on a program's command line. --help, man pages, completion
 * and the programs themselves use this table (command_table.c). */
struct command_def {
    enum program program;
    const char *name;    /* "cat"; NULL behind the last one */
    const char *words;   /* what follows: "TABLE ID", or "" */
    const char *help;    /* one sentence, for --help and the man page */
    const char *example; /* a whole command line, for the man page */
    const char *option;  /* the flag that is another spelling of the command, or NULL */
};
extern const struct command_def command_table[];
/* Returns the command's entry, or NULL. */
const struct command_def *command_named(enum program program, const char *name);
/* Returns the command whose name the word nearly is (a letter or two are wrong), or NULL; also NULL for a command itself. */
const struct command_def *command_near(enum program program, const char *word);

struct options;

/* Reads all sources. With --help or --version among the arguments the rest is not judged; *o is set,
 * and options_int(o, OPT_HELP) or OPT_VERSION is 1. The configuration file is the one that `config`
 * names, else ./netty.conf, else /etc/netty/netty.conf, where one exists; a key of another program is
 * accepted and not used. With --full, OPT_SINCE is `all`, so that callers need to ask for OPT_SINCE
 * only. */
enum err_code options_read(struct options **o, enum program program, int argc, char **argv,
                           struct err *e) MUST_CHECK;
void options_free(struct options *o);

/* Returns the full path of the configuration file that was read; NULL where there was none. */
const char *options_config(const struct options *o);
/* Writes --help of the program that o is for, and which configuration file would be read. */
void options_show_help(const struct options *o, FILE *out);

bool options_given(const struct options *o, enum option_id id); /* anything but the default */
const char *
options_origin(const struct options *o,
               enum option_id id); /* "--limit", "NETTY_LIMIT", "netty.conf:3", "default" */
const char *options_text(const struct options *o, enum option_id id); /* NULL where there is none */
int64_t options_int(const struct options *o,
                    enum option_id id); /* flag, count, duration (us), size, time (us; all:
                                           INT64_MIN); choice: its place from 0 */

/* Returns the command, or NULL. Only the first word, and only before `--`, is taken for a command, so that a table with a
 * command's name can still be named. A command that is another spelling of an option sets the option, and NULL is returned.
 * The command is not among the words below. */
const char *options_command(const struct options *o);
/* Where there is no command: returns the command that the first word may be a misspelling of, or NULL. The word may also be
 * the name of a table. */
const char *options_slip(const struct options *o);

/* options_words returns the number of words that are not options, and sets *words to them, in order. options_tables sets
 * *tables to those words, or, where there are none, to the configured `tables` (separated by commas or blanks); each name is
 * checked (names_check_table), and none occurs twice. */
size_t options_words(const struct options *o, const char *const **words);
enum err_code options_tables(const struct options *o, const char *const **tables, size_t *n,
                             struct err *e) MUST_CHECK;

/* Is the table one of those to work on? These are the words, if `words` is true and there are some, else the configured
 * `tables`. Without any list every table is. */
bool options_list_table(const struct options *o, bool words, const char *table);

/* Writes --help: usage line, what the program does, its options with environment names and defaults,
 * exit codes. */
void options_help(enum program program, FILE *out);
/* Writes --version: the program's version, then those of the libraries that it uses, one a line. */
struct libraries;
void options_version(enum program program, const struct libraries *used, FILE *out);

/* Opens the zone that --timezone names; the caller closes it with zone_close. An unknown zone is ERR_USAGE from the command
 * line, ERR_CONFIG from elsewhere; the message has the origin. */
enum err_code options_zone(const struct options *o, struct zone **zone, struct err *e) MUST_CHECK;

/* Sets the log's format before options_read, so that what options_read refuses is reported in the wanted format: that of the
 * last --log-format, else of NETTY_LOG_FORMAT; without either, messages for a person if standard error is a terminal, else
 * text. Files are not read. */
void options_guess_log(enum program program, int argc, char *const *argv);

/* Sets up the logger from log-format, log-level and quiet. The first line of the log names the configuration file, if one was
 * read. */
void options_setup_log(const struct options *o);

#endif
