/*
 * The one error model.
 *
 * A function that can fail returns an `enum err_code`: OK (zero) or what went wrong. It fills the
 * caller's `struct err` only when it fails. The message is for a person: what, where, and what to do
 * next, in one line without a full stop. It never has a secret or a record's content.
 *
 *     enum err_code rc;
 *     if ((rc = segment_open(&seg, path, e)) != OK)
 *         goto done;
 *     if (fsync(fd) != 0) {
 *         rc = err_sys(e, ERR_IO, "cannot sync %s", path);
 *         goto done;
 *     }
 *
 * The code alone decides whether trying again can help (err_retryable) and which exit code the
 * program ends with (err_exit). No code reads a message to decide anything.
 */
#ifndef NETTY_SHARED_BASE_ERR_H
#define NETTY_SHARED_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>

#define MUST_CHECK        __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

enum err_code {
    OK = 0,
    ERR_USAGE,       /* the command line is wrong                                   exit 64 */
    ERR_SET_ASIDE,   /* some records were set aside, or damage was found            exit 65 */
    ERR_NO_SPOOL,    /* there is no spool where one was looked for                  exit 66 */
    ERR_UNAVAILABLE, /* API or database away or failing; can be tried again         exit 69 */
    ERR_PROTOCOL,    /* an answer that is not what was agreed; can be tried again   exit 69 */
    ERR_REFUSED,     /* API or database refuses this one thing; retrying is no use  exit 69 */
    ERR_INTERNAL,    /* a fault in the program                                      exit 70 */
    ERR_NOMEM,       /* memory is short                                             exit 70 */
    ERR_CREATE,      /* a file or folder cannot be created                          exit 73 */
    ERR_IO,          /* the disk fails                                              exit 74 */
    ERR_FULL,        /* the disk is full; can be tried again                        exit 74 */
    ERR_THROTTLED,   /* the API asks to be left alone for a while                   exit 75 */
    ERR_BUSY,        /* another process holds the lock                              exit 75 */
    ERR_INTERRUPTED, /* a signal asked to stop                                      exit 75 */
    ERR_DENIED,      /* key or permission refused                                   exit 77 */
    ERR_CONFIG,      /* a setting is wrong or missing                               exit 78 */
    ERR_TOO_BIG,     /* beyond a cap; which, says the message                       exit 65 */
    ERR_DATA,        /* content that cannot be used as it is                        exit 65 */
    ERR_DAMAGED,     /* a spool file is not what was written                        exit 65 */
    ERR_CODES        /* how many there are */
};

struct err {
    enum err_code code;
    int sys;          /* errno behind it, or 0 */
    char sqlstate[6]; /* the database's code behind it, or "" */
    char msg[1024];   /* one line for a person, UTF-8, always terminated */
};

#define ERR_INIT ((struct err){.code = OK})

/* Both fill e (which may be NULL). err_set returns code. err_sys also adds ": " and errno's text and
 * keeps errno; it returns ERR_FULL for ENOSPC and EDQUOT, ERR_NOMEM for ENOMEM, and code for all other
 * errors. */
enum err_code err_set(struct err *e, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Makes it visible to compiler and analyzers that err_set returns the very code that it was given. */
static inline enum err_code err_given(enum err_code code)
{
    return code;
}
#define err_set(e, code, ...) ((void)(err_set)((e), (code), __VA_ARGS__), err_given(code))
enum err_code err_sys(struct err *e, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "<prefix>: " before e's message, to say where it happened. Returns e's code. */
enum err_code err_prefix(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Can the same call succeed later without anyone changing anything? */
bool err_retryable(enum err_code code);

/* err_exit returns the exit code that the man pages list for the error. exit_graver returns the graver
 * of two exit codes; from harmless to grave: 0 65 75 69 66 64 73 74 77 78 70. */
int err_exit(enum err_code code);
int exit_graver(int a, int b);

/* What each exit code means, in the order of the codes, for --help and the man pages. The last entry's
 * meaning is NULL. */
struct exit_meaning {
    int code;
    const char *meaning;
};
extern const struct exit_meaning exit_meanings[];

/* Returns a stable lower-case word for logs, metrics and files: "unavailable", "throttled" ... */
const char *err_word(enum err_code code);
/* Returns the code of such a word: OK for "", ERR_INTERNAL for a word that this version does not know. */
enum err_code err_of_word(const char *word);

#endif
