/*
 * The one error model.
 *
 * A function that can fail returns an `enum err_code`: OK (zero) or what went wrong, and fills the
 * `struct err` it was given only when it fails. The message is for a person: what, where, and what
 * to do next, in one line without a full stop. Never put a secret or a record's content in it.
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
 * program ends with (err_exit); nobody reads messages to decide anything.
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
    ERR_REFUSED,     /* API or database says no to this one thing, and means it     exit 69 */
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

/* Fill e (which may be NULL) and return code. err_sys adds ": " and errno's text, keeps errno, and
 * turns ENOSPC and EDQUOT into ERR_FULL and ENOMEM into ERR_NOMEM; EACCES and EPERM on ERR_CREATE stay ERR_CREATE. */
enum err_code err_set(struct err *e, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The result is the code that was given: said so that the compiler and the analyzers can follow it. */
static inline enum err_code err_given(enum err_code code)
{
    return code;
}
#define err_set(e, code, ...) ((void)(err_set)((e), (code), __VA_ARGS__), err_given(code))
enum err_code err_sys(struct err *e, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Put "<prefix>: " before a message on its way up; returns e's code. */
enum err_code err_prefix(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Can the same call succeed later without anyone changing anything? */
bool err_retryable(enum err_code code);

/* The documented exit code (CONTRACT.md's list), and the graver of two exit codes. From harmless to
 * grave: 0 65 75 69 66 64 73 74 77 78 70. */
int err_exit(enum err_code code);
int exit_graver(int a, int b);

/* What each exit code says, by number, for --help and the man pages; a NULL ends them. */
struct exit_meaning {
    int code;
    const char *meaning;
};
extern const struct exit_meaning exit_meanings[];

/* A stable lower-case word for logs and metrics: "unavailable", "throttled" ... */
const char *err_word(enum err_code code);
/* The code of such a word; ERR_INTERNAL of one that a newer program wrote; OK of "". */
enum err_code err_of_word(const char *word);

#endif
