/*
 * Which databases keep pages in the spool, and since when: the first page that a database lacks was fetched then, or could not be read
 * then. By loaded.json, so as old as each database's last word.
 *
 *     held_up_list(&all, spool, &what, e);
 *     held_up_text(&all, text, sizeof text);                   // "; the database crm lacks pages since ..." or ""
 *     held_up_free(&all);
 */
#ifndef NETTY_SPOOL_MAINTENANCE_HELD_UP_H
#define NETTY_SPOOL_MAINTENANCE_HELD_UP_H

#include "spool/control/loaded.h"

#define HELD_UP_TEXT 900 /* a message has room for so much */

struct held_up {
    struct loaded_entry
        *entries; /* each database once, the longest first; lacks: of all its tables */
    size_t count;
};

struct held_up_what {
    const char *const *tables;
    size_t count;   /* 0: all tables of the spool */
    int64_t before; /* what was fetched, or could not be read, before that time */
    bool may_go;    /* not what is in a table's newest segment, which is never removed */
};

/* The first page behind the place, of which place and fetched count; fetched WHEN_NONE: there is none. */
enum err_code held_up_first(const struct spool *s, const char *table, struct page_place place,
                            struct page_info *first, struct err *e) MUST_CHECK;

/* What cannot be read is left out. */
enum err_code held_up_list(struct held_up *all, const struct spool *s,
                           const struct held_up_what *what, struct err *e) MUST_CHECK;
void held_up_free(struct held_up *all);

/* For the end of a message. Returns text. */
const char *held_up_text(const struct held_up *all, char *text, size_t n);

#endif
