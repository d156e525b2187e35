/*
 * How far each database has loaded a table: <table>/loaded.json, left by the loader after its
 * commits, as it read it back from the database. A hint that can be old, never too new, but for a
 * database that was restored from a backup: who removes anything asks the database first
 * (`netty-load --loaded`), which writes this file anew.
 *
 * Several databases may load one spool. Each has its entry, by an identity that a copy of the
 * database on another server does not share; what all of them have is what may go. An entry stays
 * until it is forgotten by hand (`netty-spool prune --forget`).
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

/* How far `netty-load check --share` has come with the table in that database. Of looks at the whole table none is kept before
 * the first of a share: who checks by hand is not told when to. */
struct loaded_checks {
    int64_t began;           /* the round under way; WHEN_NONE: no share was ever looked at */
    int64_t next;            /* its next key */
    int64_t looked;          /* when a look last ended; WHEN_NONE: none ever did, */
    uint64_t wrong;          /* findings that something is wrong; 0: none, */
    int64_t wrong_at;        /* ... when the last of them was found, or WHEN_NONE, */
    char text[LOADED_WRONG]; /* ... and what it says, with what mends it: no keys in it */
};

struct loaded_entry {
    char id[LOADED_ID_MAX];  /* the database's identity */
    char name[LOADED_NAME];  /* for people */
    struct page_place place; /* the pages up to and with this one are committed */
    int64_t at;              /* when the database was asked */
    uint64_t holes;          /* pages, or runs of them, that could not be read, and lack there; */
    struct page_place hole;  /* ... the first of them is behind that page; */
    uint64_t gaps;           /* ... that the spool holds no more; */
    int64_t since;           /* ... the oldest since then, or WHEN_NONE */
    int64_t
        unchecked; /* since when the table has to be checked: it was emptied or made anew; or WHEN_NONE */
    char book[LOADED_ID_MAX];    /* its bookkeeping's identity, which a dump brings along; or "" */
    char moved[LOADED_ID_MAX];   /* the database of that bookkeeping whose place it took; or "" */
    struct loaded_checks checks; /* loaded_store leaves them as they are */
    bool behind;                 /* of a status: it holds back what others have loaded */
    int64_t lacks; /* of a status: when the first page that it has not was fetched, or WHEN_NONE */
};
struct loaded {
    struct loaded_entry *entries;
    size_t count; /* 0: nobody has loaded the table */
};

/* No file: OK, with no entries. ERR_DAMAGED: nobody can say what is loaded. */
enum err_code loaded_read(const struct spool *s, const char *table, struct loaded *l,
                          struct err *e) MUST_CHECK;
void loaded_free(struct loaded *l);

/* What all of them have; {0, 0} where there is no entry. */
struct page_place loaded_least(const struct loaded *l);

/* The first page that some database has not, because it could not be read, is behind *hole; false: none is. */
bool loaded_first_hole(const struct loaded *l, struct page_place *hole);

/* Puts this database's word in place of its last one. A database that is new, with the bookkeeping of one that is there, is
 * that one on another server: it takes its place. Should the other speak up again they are two. */
enum err_code loaded_store(const struct spool *s, const char *table,
                           const struct loaded_entry *entry, struct err *e) MUST_CHECK;

/* A database that has not been heard of since `before`, while another was. name of the last one dropped; *dropped is how many. With
 * `look` nothing is. */
enum err_code loaded_forget_silent(const struct spool *s, const char *table, int64_t before,
                                   bool look, struct loaded_entry *last, size_t *dropped,
                                   struct err *e) MUST_CHECK;

/* Whoever was marked at that time has been checked. */
enum err_code loaded_checked(const struct spool *s, const char *table, int64_t unchecked,
                             struct err *e) MUST_CHECK;

/* Keeps that of the database's entry; where there is none nothing is kept. */
enum err_code loaded_keep_checks(const struct spool *s, const char *table, const char *id,
                                 const struct loaded_checks *checks, struct err *e) MUST_CHECK;

/* Drops the entries with that identity or that name; *dropped is how many. */
enum err_code loaded_forget(const struct spool *s, const char *table, const char *database,
                            size_t *dropped, struct err *e) MUST_CHECK;

#endif
