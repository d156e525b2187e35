/*
 * The inside of the batch builder, shared by these files only:
 *   batch_builder.c           pages and their lines, and the batch that is built ahead
 *   batch_builder_line.c      one line on its way into the batch
 *   batch_builder_letters.c   dead letters that are removed because their record goes in
 */
#ifndef NETTY_LOAD_BATCH_BATCH_BUILDER_PRIVATE_H
#define NETTY_LOAD_BATCH_BATCH_BUILDER_PRIVATE_H

#include "load/batch/batch_builder.h"
#include "load/batch/batch_slot.h"
#include "load/dead_letters/redrive.h"
#include "shared/base/table_names.h"
#include "spool/dead_letters/dead_letter_overtaken.h"
#include "spool/reader/reader.h"

struct batch_builder {
    struct batch_builder_conf conf;
    struct batch_conf shape; /* of the next batch */
    char *table;
    struct reader *reader;
    struct redrive *redrive; /* redrive, else NULL */
    struct row_builder *row_builder;
    struct batch_slot slots[2];
    struct batch_slot *out;      /* the slot of the batch that is handed out and loaded */
    struct batch_slot *in;       /* the slot that is being filled: the same, or the one ahead */
    struct unchanged *unchanged; /* the caller's, or NULL */
    struct page_info info;
    const struct page_info *page; /* info, whose lines are being read, or NULL */
    uint64_t lines;               /* how many lines of it were read */
    struct progress whole;        /* the last page that is read entirely */
    struct page_place behind;     /* the last page or damage that was passed */
    struct progress resume;       /* where batch_builder_seek sent us, while line > 0 matters */
    unsigned lanes;               /* the lanes whose lines are taken */
    struct progress until;        /* if bounded: lines behind it are not taken */
    bool bounded;
    struct batch_row row; /* the row at hand, its data in `data` */
    struct buf data;
    char key[NAMES_TABLE_MAX + 8];
    struct dead_overtaken *overtaken; /* letters whose record goes in */
    bool looked;                      /* `overtaken` has been read from the file */
    uint64_t letters;                 /* what rejects_added was then */
    uint64_t gone;                    /* how many letters that were added here were removed again */
    bool held;                        /* the row at hand did not fit into the last batch */
    bool
        lame; /* reading ahead failed: it is tried again, and the error told, when the batch is due */
    uint64_t damaged;
};

/* batch_builder_letters.c */
/* Removes the dead letters whose records go in with the rows of these lanes. */
void batch_builder_drop_letters(struct batch_builder *f, const struct batch_slot *slot,
                                unsigned lanes);
/* The same at the end of a redrive. */
void batch_builder_drop_redriven(struct batch_builder *f);
/* Returns true if a newer version of the letter's record is going in. ctx is the builder. */
bool batch_builder_overtakes(void *ctx, const struct dead_letter *letter);

/* Takes a line, whose place is in f->row. *full: the batch is complete; if f->held, the line's row waits for the next batch. */
enum err_code batch_builder_take_line(struct batch_builder *f, const char *line, size_t n,
                                      bool *full, struct err *e) MUST_CHECK;
/* Does the same for the row at hand. */
enum err_code batch_builder_offer(struct batch_builder *f, bool *full, struct err *e) MUST_CHECK;
/* Does the same for a line that is too long to be read. Its dead letter has only the place; e->msg says how long the line is. */
enum err_code batch_builder_refuse_long(struct batch_builder *f, bool *full,
                                        struct err *e) MUST_CHECK;

#endif
