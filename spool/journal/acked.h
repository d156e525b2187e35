/*
 * Which page of a table was acknowledged last: <table>/acked.json, kept by the table's writer.
 *
 * After a sync has failed, nothing shows it any more: the kernel takes the data for written, so lines
 * that the disk never got can be read until the machine stops, and a later sync of the same file
 * succeeds. So that a line can be read does not mean that it is durable. This file says up to which
 * page the writer's own sync has succeeded.
 *
 * It is a hint file (hint_file.h): written after that sync, in place, and never synced itself.
 *
 *     acked_write(&fd, dir, &a, e);      // by the holder of the table's lock; fd is -1 at first
 *     acked_read(dir, &a, &state, e);
 *         ACKED_KNOWN     pages up to a.place were acknowledged, those behind it were not (yet)
 *         ACKED_NONE      no file or an empty one: an older version wrote the spool, or the machine stopped
 *         ACKED_DAMAGED   the file is damaged; e is untouched
 *     acked_close(&fd);
 */
#ifndef NETTY_SPOOL_JOURNAL_ACKED_H
#define NETTY_SPOOL_JOURNAL_ACKED_H

#include "shared/base/err.h"
#include "spool/format/page.h"
#include <stdbool.h>

#define ACKED_FILE "acked.json"

struct acked {
    struct page_place place; /* {0, 0}: no page was */
    bool open;               /* its segment may be continued; else a new segment follows */
};
enum acked_state {
    ACKED_NONE,
    ACKED_KNOWN,
    ACKED_DAMAGED
};

/* A newer format is ERR_CONFIG. */
enum err_code acked_read(const char *dir, struct acked *a, enum acked_state *state,
                         struct err *e) MUST_CHECK;
enum err_code acked_write(int *fd, const char *dir, const struct acked *a,
                          struct err *e) MUST_CHECK;
void acked_close(int *fd);

#endif
