/*
 * What batch_builder.c (pages and their lines, the batch that is filled ahead) and batch_builder_line.c (one line) share. Nobody else
 * includes this.
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
    struct batch_slot *out;      /* the one that is asked for, and loaded */
    struct batch_slot *in;       /* the one that is being filled: the same, or the one ahead */
    struct unchanged *unchanged; /* the caller's, or NULL */
    struct page_info info;
    const struct page_info *page; /* info, whose lines are being read, or NULL */
    uint64_t lines;               /* of it read */
    struct progress whole;        /* the last page that is read entirely */
    struct page_place behind;     /* the last page or damage that was passed */
    struct progress resume;       /* where batch_builder_seek sent us, while line > 0 matters */
    unsigned lanes;               /* whose lines are taken */
    struct progress until;        /* nothing behind it, where bounded */
    bool bounded;
    struct batch_row row; /* the row at hand, its data in `data` */
    struct buf data;
    char key[NAMES_TABLE_MAX + 8];
    struct dead_overtaken *overtaken; /* letters whose record goes in */
    bool looked;                      /* at which there are */
    uint64_t letters;                 /* rejects_added then */
    uint64_t gone;                    /* of the letters that were added here */
    bool held;                        /* the row at hand did not fit into the last batch */
    bool lame; /* reading ahead failed: it will be tried, and told, when it is due */
    uint64_t damaged;
};

/* batch_builder_letters.c: the letters that go because of the rows of these lanes. */
void batch_builder_drop_letters(struct batch_builder *f, const struct batch_slot *slot,
                                unsigned lanes);
/* With redrive: once all is through. */
void batch_builder_drop_redriven(struct batch_builder *f);
/* Is a newer version of its record going in? ctx is the builder. */
bool batch_builder_overtakes(void *ctx, const struct dead_letter *letter);

/* Takes a line, whose place f->row has. *full: the batch is complete, and where f->held its row waits for the next one. */
enum err_code batch_builder_take_line(struct batch_builder *f, const char *line, size_t n,
                                      bool *full, struct err *e) MUST_CHECK;
/* The same of the row at hand ... */
enum err_code batch_builder_offer(struct batch_builder *f, bool *full, struct err *e) MUST_CHECK;
/* ... and of a line that nobody can read, of which the letter tells the place only; e->msg says how long it is. */
enum err_code batch_builder_refuse_long(struct batch_builder *f, bool *full,
                                        struct err *e) MUST_CHECK;

#endif
