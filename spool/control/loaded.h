/*
 * How far each database has loaded a table: <table>/loaded.json. The loader writes it after its
 * commits, with what it has read back from the database. The file can be too old, and is too new only
 * after a database was restored from a backup. So a program that removes anything has the database
 * asked first (`netty-load --loaded`), which writes the file anew.
 *
 * Several databases may load one spool. Each has an entry, under an identity that a copy of the
 * database on another server does not share. Only what all of them have may be removed. An entry stays
 * until a person forgets it (`netty-spool forget --database`), or until the database has been silent
 * for --forget-after.
 */
#ifndef NETTY_SPOOL_CONTROL_LOADED_H
#define NETTY_SPOOL_CONTROL_LOADED_H

#include "spool/format/page.h"
#include "spool/store/spool.h"
#include <stdbool.h>

#define LOADED_FILE   "loaded.json"
#define LOADED_ID_MAX 64
#define LOADED_NAME   400 /* a database's name, whatever it is made of */
#define LOADED_WRONG  256 /* what a check has found, with its end */

/* How far `netty-load check --share` has come with the table in that database. A look at the whole table is recorded only once
 * a share was looked at: people who check by hand are not reminded to. */
struct loaded_checks {
    int64_t began;    /* when the current round began; WHEN_NONE: no share was ever looked at */
    int64_t next;     /* the key from which the round goes on */
    int64_t looked;   /* when a look last ended; WHEN_NONE: none ever did */
    uint64_t wrong;   /* findings that something is wrong; 0: none */
    int64_t wrong_at; /* when the last finding was made, or WHEN_NONE */
    char text[LOADED_WRONG]; /* what that finding says, and what mends it; it has no keys */
};

struct loaded_entry {
    char id[LOADED_ID_MAX];  /* the database's identity */
    char name[LOADED_NAME];  /* for people */
    struct page_place place; /* the pages up to and with this one are committed */
    int64_t at;              /* when the database was asked */
    uint64_t holes;         /* runs of pages that the database lacks because they were unreadable */
    struct page_place hole; /* the first of these runs is behind this page */
    uint64_t gaps;          /* runs of pages that it lacks because they were pruned before */
    int64_t since;          /* when the oldest hole or gap was found, or WHEN_NONE */
    int64_t
        unchecked; /* the table was emptied or made anew then, and must be checked; or WHEN_NONE */
    char book[LOADED_ID_MAX];    /* its bookkeeping's identity, which a dump brings along; or "" */
    char moved[LOADED_ID_MAX];   /* the database of that bookkeeping whose place it took; or "" */
    struct loaded_checks checks; /* loaded_store leaves them as they are */
    bool behind;                 /* set in a status: it keeps pages that the others have loaded */
    int64_t lacks; /* of a status: when the first page that it lacks was fetched, or WHEN_NONE */
};
struct loaded {
    struct loaded_entry *entries;
    size_t count; /* 0: nobody has loaded the table */
};

/* Without a file: OK, and no entries. ERR_DAMAGED: it is not known what is loaded. The caller frees l with loaded_free. */
enum err_code loaded_read(const struct spool *s, const char *table, struct loaded *l,
                          struct err *e) MUST_CHECK;
void loaded_free(struct loaded *l);

/* Returns the place up to which all databases have the table; {0, 0} where there is no entry. */
struct page_place loaded_least(const struct loaded *l);

/* Does some database lack a page because it could not be read? Then the first such page is behind *hole. */
bool loaded_first_hole(const struct loaded *l, struct page_place *hole);

/* Replaces the database's entry. A database without an entry that has the bookkeeping of another one is that database, moved to
 * another server: its entry takes the other one's place. If the other database is loaded into again, both have an entry. */
enum err_code loaded_store(const struct spool *s, const char *table,
                           const struct loaded_entry *entry, struct err *e) MUST_CHECK;

/* Drops the entries of databases that were last asked before `before`, if another one was asked since. *dropped is how many, and
 * *last the last one of them. With `look` nothing is dropped. */
enum err_code loaded_forget_silent(const struct spool *s, const char *table, int64_t before,
                                   bool look, struct loaded_entry *last, size_t *dropped,
                                   struct err *e) MUST_CHECK;

/* Removes the mark `unchecked` from the entries that were marked at that time: the table has been checked. */
enum err_code loaded_checked(const struct spool *s, const char *table, int64_t unchecked,
                             struct err *e) MUST_CHECK;

/* Records the checks in the entry of database id. Without such an entry nothing is recorded. */
enum err_code loaded_keep_checks(const struct spool *s, const char *table, const char *id,
                                 const struct loaded_checks *checks, struct err *e) MUST_CHECK;

/* Drops the entries of databases with that identity or that name; *dropped is how many. */
enum err_code loaded_forget(const struct spool *s, const char *table, const char *database,
                            size_t *dropped, struct err *e) MUST_CHECK;

#endif
