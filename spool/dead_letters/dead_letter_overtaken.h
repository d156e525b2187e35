/*
 * Takes dead letters off the list whose record goes into the database after all, in the same version or a newer one. Reads the
 * file once, and after that only what was added.
 *
 *     dead_overtaken_open(&x, spool, "contacts", DEAD_LOAD, "contact_id", zone, e);
 *     dead_overtaken_refresh(x, e);
 *     dead_overtaken_note(x, &version) ...   // the version goes in: marks the dead letters that it overtakes
 *     dead_overtaken_remove(x, &gone, e);    // takes the marked ones off, durably; or dead_overtaken_unmark(x)
 *
 * Of two versions the one with the greater time is newer; where times are equal or missing, the one that was fetched later.
 *
 * A dead letter whose key cannot be found is never overtaken. Memory: 64 to 128 bytes for each dead letter, for
 * DEAD_OVERTAKEN_MAX at most; further ones are watched once others have gone.
 */
#ifndef NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTER_OVERTAKEN_H
#define NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTER_OVERTAKEN_H

#include "shared/time/when.h"
#include "spool/dead_letters/dead_letters.h"

#define DEAD_OVERTAKEN_MAX ((size_t)1 << 16)

struct dead_version {
    int64_t key;
    int64_t time; /* or WHEN_NONE */
    struct page_place place;
    uint64_t line;
};
/* A version that is being fetched now, and so after all versions in the file. */
#define DEAD_VERSION_NOW(k)                                                                        \
    ((struct dead_version){                                                                        \
        .key = (k), .time = WHEN_NONE, .place = {UINT64_MAX, UINT64_MAX}, .line = UINT64_MAX})

/* Reads the version of a dead letter. Returns false where its key cannot be found. */
bool dead_version_read(struct dead_version *v, const struct dead_letter *letter,
                       const char *key_name, struct zone *zone);
bool dead_version_overtakes(const struct dead_version *in, const struct dead_version *dead);

struct dead_overtaken;
/* key_name and zone are borrowed. */
enum err_code dead_overtaken_open(struct dead_overtaken **x, const struct spool *s,
                                  const char *table, enum dead_side side, const char *key_name,
                                  struct zone *zone, struct err *e) MUST_CHECK;
void dead_overtaken_close(struct dead_overtaken *x); /* NULL is fine */
enum err_code dead_overtaken_refresh(struct dead_overtaken *x, struct err *e) MUST_CHECK;
size_t dead_overtaken_watched(const struct dead_overtaken *x); /* letters that may be overtaken */
void dead_overtaken_note(struct dead_overtaken *x, const struct dead_version *in);
void dead_overtaken_unmark(struct dead_overtaken *x);
/* Takes the marked dead letters off the list, durably. *recent is how many of them had been added since dead_overtaken_open. */
enum err_code dead_overtaken_remove(struct dead_overtaken *x, uint64_t *recent,
                                    struct err *e) MUST_CHECK;

#endif
