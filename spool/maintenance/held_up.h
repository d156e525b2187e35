/*
 * Which databases keep pages in the spool, and since when: the time at which the first page that a database lacks was fetched, or
 * could not be read. By loaded.json, so as old as each database's entry there.
 *
 *     held_up_list(&all, spool, &what, e);
 *     held_up_text(&all, text, sizeof text);                   // "; the database crm lacks pages since ..." or ""
 *     held_up_free(&all);
 */
#ifndef NETTY_SPOOL_MAINTENANCE_HELD_UP_H
#define NETTY_SPOOL_MAINTENANCE_HELD_UP_H

#include "spool/control/loaded.h"

#define HELD_UP_TEXT 900 /* bytes of the text; a message has room for it */

struct held_up {
    struct loaded_entry
        *entries; /* each database once, the longest first; `lacks` is of all its tables together */
    size_t count;
};

struct held_up_what {
    const char *const *tables;
    size_t count;   /* 0: all tables of the spool */
    int64_t before; /* only pages that were fetched, or were unreadable, before that time */
    bool may_go;    /* without pages of a table's newest segment, which is never removed */
};

/* Finds the first page behind the place. Only place and fetched of *first are set; fetched WHEN_NONE: there is no such page. */
enum err_code held_up_first(const struct spool *s, const char *table, struct page_place place,
                            struct page_info *first, struct err *e) MUST_CHECK;

/* Tables that cannot be read are left out. */
enum err_code held_up_list(struct held_up *all, const struct spool *s,
                           const struct held_up_what *what, struct err *e) MUST_CHECK;
void held_up_free(struct held_up *all);

/* Writes a text for the end of a message; "" where no database keeps pages. Returns text. */
const char *held_up_text(const struct held_up *all, char *text, size_t n);

#endif
