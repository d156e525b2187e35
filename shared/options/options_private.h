/*
 * What the files behind shared/options/options.h share.
 *
 *     options.c        reads the sources in turn, and answers questions
 *     options_args.c   the command line
 *     options_file.c   the configuration file
 *     accounts.c       its [account NAME] sections, and the settings of one of them
 *     options_config.c which one that is
 *     options_db_file.c     the address in a file of its own
 *     options_value.c  takes one value: judges it, and keeps it if no higher source has spoken
 *     options_help.c   --help and --version
 */
#ifndef NETTY_SHARED_OPTIONS_OPTIONS_PRIVATE_H
#define NETTY_SHARED_OPTIONS_OPTIONS_PRIVATE_H

#include "shared/options/options.h"

/* From low to high. The program's own section of the file goes before what stands in none; the environment speaks for all
 * accounts, and an account's section for one. */
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

/* What an account's section says, as given. */
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
    const char *slip;    /* likewise: the first word is nearly its name */
    struct word_list words;
    struct word_list tables; /* not checked yet */
    struct account_list accounts;
    char *account; /* the one whose settings these are; NULL: none's */
    struct options
        *base; /* where the file has accounts: the settings without any account's, owned */
};

/* The program's name, "netty-load". */
const char *options_program(enum program program);
static inline bool option_is_for(const struct option_def *d, enum program program)
{
    return (d->programs & (unsigned)program) != 0;
}

/* options_value.c. label is how messages name the setting ("--limit", "NETTY_LIMIT", "netty.conf:3:
 * limit"), origin how options_origin will. Times are judged later, by options_check_times, for they
 * need the zone. */
enum err_code options_take(struct options *o, const struct option_def *d, enum option_source source,
                           const char *text, const char *label, const char *origin,
                           struct err *e) MUST_CHECK;
/* The first half of options_take: judges the text for the program, and keeps nothing. */
enum err_code options_judge(const struct option_def *d, enum option_source source, const char *text,
                            const char *label, int64_t *value, struct err *e) MUST_CHECK;
enum err_code options_check_times(struct options *o, struct err *e) MUST_CHECK;
/* The defaults' numbers. */
enum err_code options_take_defaults(struct options *o, struct err *e) MUST_CHECK;

/* Appends a copy of s[0..n). */
enum err_code words_add(struct word_list *w, const char *s, size_t n, struct err *e) MUST_CHECK;

/* By its full name (n bytes), or NULL. */
const struct option_def *option_lettered(char letter);
const struct option_def *option_named(const char *name, size_t n);
/* " (did you mean <prefix>limit?)" into out for a name that is a slip of one of the program's that
 * has all of `without` off, else "". */
#define OPTION_HINT 80
const char *option_hint(const char *name, size_t n, const char *prefix, enum program program,
                        unsigned without, char out[OPTION_HINT]);
/* How many letters to add, drop, change or swap with their neighbour, up to 3 (which means more
 * than 2). */
unsigned option_distance(const char *a, size_t a_len, const char *b, size_t b_len);

enum err_code options_read_args(struct options *o, int argc, char **argv, struct err *e) MUST_CHECK;
enum err_code options_read_env(struct options *o, struct err *e) MUST_CHECK;
/* The file's path, NULL where there is none. ERR_CONFIG: one lies in the working folder and may be somebody else's. */
enum err_code options_find_config(const struct options *o, const char **path,
                                  struct err *e) MUST_CHECK;
/* Keeps the path for options_config. */
enum err_code options_note_config(struct options *o, const char *path, struct err *e) MUST_CHECK;
enum err_code options_read_file(struct options *o, struct err *e) MUST_CHECK;
/* After the others. */
enum err_code options_read_db_file(struct options *o, struct err *e) MUST_CHECK;
/* What is judged and derived once all sources are read. */
enum err_code options_finish(struct options *o, struct err *e) MUST_CHECK;

/* accounts.c. Begins the section of an account; name[0..n) is not checked yet. The reason why not is a part of a message. */
#define ACCOUNT_NAME_MAX 40
enum err_code account_begin(struct options *o, const char *name, size_t n, const char *origin,
                            const char **why, struct err *e) MUST_CHECK;
/* A setting of the section that was begun last. */
enum err_code account_add(struct options *o, const struct option_def *d, const char *text,
                          const char *origin, struct err *e) MUST_CHECK;
bool account_has(const struct options *o, enum option_id id);
/* Of those that the file may hold: is it the whole program's, and so none of an account's? */
bool account_is_outside(enum option_id id);
void accounts_free(struct options *o);
/* Where the file has accounts: *o becomes the settings of the chosen one, or of none, with the base behind it. */
enum err_code accounts_choose(struct options **o, struct err *e) MUST_CHECK;

#endif
