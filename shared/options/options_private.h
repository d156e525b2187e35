/*
 * What the files behind shared/options/options.h share.
 *
 *     options.c          reads the sources in turn, and answers questions
 *     options_args.c     the command line and the environment
 *     options_config.c   finds the configuration file
 *     options_file.c     reads the configuration file
 *     accounts.c         its [account NAME] sections, and the settings of one account
 *     options_db_file.c  the database's address in a file of its own
 *     options_value.c    judges one value, and keeps it unless a higher source has set the option
 *     options_help.c     --help and --version
 */
#ifndef NETTY_SHARED_OPTIONS_OPTIONS_PRIVATE_H
#define NETTY_SHARED_OPTIONS_OPTIONS_PRIVATE_H

#include "shared/options/options.h"

/* From low to high. FROM_FILE: the part of the file outside sections. FROM_SECTION: the program's own section. The environment
 * counts for all accounts, so an account's section overrides it. */
enum option_source {
    FROM_DEFAULT,
    FROM_FILE,
    FROM_SECTION,
    FROM_ENV,
    FROM_ACCOUNT,
    FROM_ARGS
};

struct setting {
    enum option_source source;
    char *text;   /* as given; NULL: the default */
    char *origin; /* NULL: the default */
    int64_t number;
};

struct word_list {
    const char **list;
    size_t n;
};

/* A setting in an account's section, as it was given. */
struct account_setting {
    const struct option_def *def;
    char *text;
    char *origin; /* "netty.conf:12" */
};

struct account {
    char *name;
    char *origin; /* of the line that begins its section */
    struct account_setting *list;
    size_t n;
};

struct account_list {
    struct account *list; /* sorted by name once the file is read */
    size_t n;
};

struct options {
    enum program program;
    struct setting set[OPTIONS];
    char *config;        /* the configuration file that was read; NULL: none */
    const char *command; /* of the table of commands, or NULL */
    bool commanded;      /* the first word was one, or another spelling of an option */
    const char *slip;    /* of the table of commands, or NULL: the first word is nearly its name */
    struct word_list words;
    struct word_list tables; /* not checked yet */
    struct account_list accounts;
    char *account; /* the account whose settings these are; NULL: of none */
    struct options
        *base; /* where the file has accounts: the settings without any account's, owned */
};

/* The program's name, "netty-load". */
const char *options_program(enum program program);
static inline bool option_is_for(const struct option_def *d, enum program program)
{
    return (d->programs & (unsigned)program) != 0;
}

/* options_value.c: judges a value and keeps it, unless a higher source has set the option. Messages name the setting by label
 * ("--limit", "NETTY_LIMIT", "netty.conf:3: limit"); options_origin returns origin. Times are judged later, by
 * options_check_times, because that needs the zone. */
enum err_code options_take(struct options *o, const struct option_def *d, enum option_source source,
                           const char *text, const char *label, const char *origin,
                           struct err *e) MUST_CHECK;
/* Judges a value as options_take does, and keeps nothing. */
enum err_code options_judge(const struct option_def *d, enum option_source source, const char *text,
                            const char *label, int64_t *value, struct err *e) MUST_CHECK;
enum err_code options_check_times(struct options *o, struct err *e) MUST_CHECK;
/* Sets every option to its default. */
enum err_code options_take_defaults(struct options *o, struct err *e) MUST_CHECK;

/* Appends a copy of s[0..n). */
enum err_code words_add(struct word_list *w, const char *s, size_t n, struct err *e) MUST_CHECK;

/* Both return an option's entry, found by its letter or by its full name (n bytes); NULL: there is none. */
const struct option_def *option_lettered(char letter);
const struct option_def *option_named(const char *name, size_t n);
/* Writes " (did you mean <prefix>limit?)" into out when the name is nearly that of an option of the program, else "". Options
 * with any of the marks `without` are not considered. Returns out. */
#define OPTION_HINT 80
const char *option_hint(const char *name, size_t n, const char *prefix, enum program program,
                        unsigned without, char out[OPTION_HINT]);

enum err_code options_read_args(struct options *o, int argc, char **argv, struct err *e) MUST_CHECK;
enum err_code options_read_env(struct options *o, struct err *e) MUST_CHECK;
/* Sets *path to the configuration file's path, or to NULL where there is none. Fails with ERR_CONFIG when a file lies in the
 * working folder and another user may have put it there. */
enum err_code options_find_config(const struct options *o, const char **path,
                                  struct err *e) MUST_CHECK;
/* Keeps the file's full path for options_config. */
enum err_code options_note_config(struct options *o, const char *path, struct err *e) MUST_CHECK;
enum err_code options_read_file(struct options *o, struct err *e) MUST_CHECK;
/* Reads the file that OPT_DB_FILE names, after all other sources. */
enum err_code options_read_db_file(struct options *o, struct err *e) MUST_CHECK;
/* Judges and derives what depends on all sources, once they are read. */
enum err_code options_finish(struct options *o, struct err *e) MUST_CHECK;

/* accounts.c: begins the section of an account. *why is NULL. For a bad name nothing is begun, the result is OK, and *why is
 * the reason, to be part of a message. */
#define ACCOUNT_NAME_MAX 40
enum err_code account_begin(struct options *o, const char *name, size_t n, const char *origin,
                            const char **why, struct err *e) MUST_CHECK;
/* Adds a setting to the section that was begun last. */
enum err_code account_add(struct options *o, const struct option_def *d, const char *text,
                          const char *origin, struct err *e) MUST_CHECK;
/* Has the section that was begun last this setting already? */
bool account_has(const struct options *o, enum option_id id);
/* Is the setting, which the file may hold, one of the whole program, so that no account's section may have it? */
bool account_is_outside(enum option_id id);
void accounts_free(struct options *o);
/* Where the file has accounts: replaces *o by the settings of the chosen account, or of none, which own the old *o as base. */
enum err_code accounts_choose(struct options **o, struct err *e) MUST_CHECK;

#endif
