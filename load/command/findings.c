#include "load/command/findings.h"
#include "shared/cli/summary.h"
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 2048

struct findings {
    struct summary *rows;
    struct err err; /* the first that could not be kept */
    int exit;
    uint64_t wrong;       /* since the mark, */
    char first[TEXT_MAX]; /* ... and what the first of them says */
};

enum err_code findings_open(struct findings **out, bool json, const char *account, struct err *e)
{
    struct findings *f = calloc(1, sizeof *f);
    enum err_code rc;

    if (f == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    if ((rc = summary_open(&f->rows, json, e)) != OK) {
        free(f);
        return rc;
    }
    summary_lead(f->rows, "account", account);
    *out = f;
    return OK;
}

void findings_close(struct findings *f)
{
    if (f == NULL)
        return;
    summary_close(f->rows);
    free(f);
}

void findings_add(struct findings *f, enum finding state, enum err_code code, const char *about,
                  const char *fmt, ...)
{
    static const char *const words[] = {"ok", "change", "wrong"};
    char text[TEXT_MAX];
    struct err e = ERR_INIT;
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args); /* a cut message is still a message */
    va_end(args);
    const struct cell cells[] = {
        {"state", CELL_STR, words[state], 0},
        {"about", CELL_STR, about, 0},
        {"finding", CELL_STR, text, 0},
    };
    if (summary_row(f->rows, cells, sizeof cells / sizeof *cells, &e) != OK && f->err.code == OK)
        f->err = e;
    if (state != FINDING_WRONG)
        return;
    f->exit = exit_graver(f->exit, err_exit(code));
    if (f->wrong++ == 0)
        memcpy(f->first, text, sizeof f->first);
}

void findings_mark(struct findings *f)
{
    f->wrong = 0;
}

const char *findings_wrong(const struct findings *f, uint64_t *count)
{
    *count = f->wrong;
    return f->wrong > 0 ? f->first : NULL;
}

int findings_exit(const struct findings *f)
{
    return f->exit;
}

enum err_code findings_report(const struct findings *f, FILE *out, struct err *e)
{
    if (f->err.code != OK) {
        *e = f->err;
        return e->code;
    }
    return summary_print(f->rows, out, e);
}
