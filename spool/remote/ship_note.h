/*
 * How far a spool was pushed to a remote, or pulled from one: the last object, and the last page of each table. The note is a
 * small file (small_file.h), replaced whole; FORMAT.md, 20, describes its members.
 *
 *     ship_note_init(&n);
 *     ship_note_read(&n, dir, "pull.json", &there, e);
 *     t = ship_note_table(&n, "contacts", e);      // NULL: no memory
 *     t->place = ...; n.number = ...;
 *     ship_note_write(&n, dir, "pull.json", e);    // durable on return
 *     ship_note_free(&n);
 */
#ifndef NETTY_SPOOL_REMOTE_SHIP_NOTE_H
#define NETTY_SPOOL_REMOTE_SHIP_NOTE_H

#include "spool/remote/remote.h"
#include "spool/store/spool.h"

#define PULL_NOTE "pull.json" /* in a spool that is pulled */
#define TAKEN_NOTE                                                                                 \
    "taken-over.json" /* the same, renamed, in one that was pulled until this machine took it over */
#define PULL_DIR ".pull" /* in a spool that is pulled: the object at hand, and what was put back */
#define PUSH_DIR ".push" /* in a spool that is pushed: a folder with notes for each remote */

/* The name of a note in PUSH_DIR: "NAME.json", NAME being a hash of the remote's name; with `of` "NAME.of.json". */
#define SHIP_NOTE_NAME 80
void ship_note_name(char out[SHIP_NOTE_NAME], const char *remote, const char *of);

/* What a push or a pull did. */
struct ship_report {
    uint64_t objects;
    uint64_t pages;
    uint64_t bytes;   /* push: of the objects; pull: of records */
    uint64_t last;    /* number of the last object that is there (push), or was taken (pull) */
    uint64_t damaged; /* push: pages, or runs of pages, that could not be read */
    int64_t written;  /* pull: when that object was written; WHEN_NONE: none was taken */
};

struct ship_table {
    char table[NAMES_TABLE_MAX + 1];
    struct page_place place; /* the last page */
    uint64_t chain;          /* its chain */
    uint64_t records;        /* hash of the last page that had records; 0: none had */
    uint64_t files;          /* hash of the small files beside the pages */
    uint64_t roll;           /* push: hash of the roll that went along; 0: none did */
};
struct ship_note {
    char remote[REMOTE_NAME_MAX];
    char account[OBJECT_ACCOUNT_MAX +
                 1]; /* push, of an account whose parts go in a host's objects: its name; else "" */
    bool host;       /* of a host, or of an account whose parts go in a host's objects */
    uint64_t number; /* the last object; 0: none */
    uint64_t hash;   /* its hash */
    uint64_t size;   /* push: the bytes of its file, and the file's time */
    int64_t modified;
    uint64_t next; /* the least number that the next object has */
    char chain[OBJECT_ID];
    int64_t written; /* when that object was written; WHEN_NONE: never */
    int64_t listed;  /* when the remote was last asked for its names; WHEN_NONE: never */
    int64_t
        all; /* push, of a host: when the last object was written that ended a pass over all accounts; WHEN_NONE: never */
    uint64_t
        whole; /* push: the object with which everything was begun anew; pull: the last such one taken; 0: none since the chain's first */
    int64_t whole_at;  /* push: when that one was written */
    uint64_t held;     /* push: bytes of the objects that hold everything, */
    uint64_t since;    /* ... and of those behind them */
    uint64_t replaced; /* push: what objects before this one held is in it and those behind it */
    uint64_t kept;     /* push: the first object that may still be there */
    uint64_t
        acked; /* of a puller: the object up to which it has taken all, of the chain that is pushed */
    uint64_t gap;   /* the object that is missing while later ones are there; 0: none */
    uint64_t files; /* hash of the small files in the spool's own folder */
    struct ship_table *tables;
    size_t count;
};

void ship_note_init(struct ship_note *n);
void ship_note_free(struct ship_note *n);
/* Reads the note. *there false: there is no such file, and n is as after ship_note_init. ERR_DAMAGED when it is damaged. */
enum err_code ship_note_read(struct ship_note *n, const char *dir, const char *name, bool *there,
                             struct err *e) MUST_CHECK;
enum err_code ship_note_write(const struct ship_note *n, const char *dir, const char *name,
                              struct err *e) MUST_CHECK;
/* Returns the table's entry, a new one if there is none yet; NULL: out of memory. */
struct ship_table *ship_note_table(struct ship_note *n, const char *table);
enum err_code ship_note_copy(struct ship_note *to, const struct ship_note *from,
                             struct err *e) MUST_CHECK;

/* Of PULL_NOTE: the object up to which everything was taken, also of accounts that stay behind. */
uint64_t ship_note_acked(const struct ship_note *n);

/* Do both tell the same of all tables? */
bool ship_note_same_tables(const struct ship_note *a, const struct ship_note *b);

/* Reads a host's note, which lies in the same folder (PUSH_DIR, PULL_DIR) of the folder of the accounts' spools, for one of the accounts.
 * *there false: there is none, or it is damaged. */
enum err_code ship_note_of_host(struct ship_note *n, const char *spool, const char *folder,
                                const char *name, bool *there, struct err *e) MUST_CHECK;

/* Makes the folder (PUSH_DIR, PULL_DIR), and locks it (flock) until *fd is closed. ERR_BUSY while another process has the lock: `what` is
 * under way there. *fd may be set also after a failure. */
enum err_code ship_lock(const char *dir, const char *what, int *fd, struct err *e) MUST_CHECK;

/* Is it the note of a machine that pulls (spool/back)? Its places are what that machine's databases have loaded of each table. */
bool ship_note_is_back(const char *name);

/* Sets *least to the place up to which every remote has the table that was pushed to at `since` or later, and up to which every machine
 * has loaded it that pulls there and was heard of since. *some false: there is no such remote. ERR_DAMAGED: that is not known. */
enum err_code ship_pushed(const struct spool *s, const char *table, int64_t since,
                          struct page_place *least, bool *some, struct err *e) MUST_CHECK;

/* For a program that writes pages: fails with ERR_CONFIG, and says what to do, when the spool is pulled from another machine. */
enum err_code ship_check_own(const struct spool *s, struct err *e) MUST_CHECK;

#endif
