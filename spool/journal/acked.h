/*
 * Which page of a table was acknowledged last: <table>/acked.json, kept by the table's writer.
 *
 * A sync that failed proves for ever that nothing is known: the kernel takes what it could not
 * write for written, so that lines which the disk never got can be read until the machine stops,
 * and a later sync of the same file succeeds. So nobody may trust a journal's line because it can
 * be read. This file tells which lines the writer's own sync, the one that counts, has succeeded
 * for.
 *
 * It is a word (hint_file.h): written after that sync, in place, and never synced itself.
 *
 *     acked_write(&fd, dir, &a, e);      // by the holder of the table's lock; fd is -1 at first
 *     acked_read(dir, &a, &state, e);
 *         ACKED_KNOWN     pages up to a.place were acknowledged, those behind it were not (yet)
 *         ACKED_NONE      no word: a spool of before, or the machine stopped
 *         ACKED_DAMAGED   no word that can be read; e is untouched
 *     acked_close(&fd);
 */
#ifndef NETTY_SPOOL_JOURNAL_ACKED_H
#define NETTY_SPOOL_JOURNAL_ACKED_H

#include "shared/base/err.h"
#include "spool/format/page.h"
#include <stdbool.h>

#define ACKED_FILE "acked.json"

struct acked {
    struct page_place place; /* {0, 0}: none was */
    bool open;               /* its segment may be gone on with; else a new one follows */
};
enum acked_state {
    ACKED_NONE,
    ACKED_KNOWN,
    ACKED_DAMAGED
};

/* ERR_CONFIG for a newer format. */
enum err_code acked_read(const char *dir, struct acked *a, enum acked_state *state,
                         struct err *e) MUST_CHECK;
enum err_code acked_write(int *fd, const char *dir, const struct acked *a,
                          struct err *e) MUST_CHECK;
void acked_close(int *fd);

#endif
