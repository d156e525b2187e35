#include "load/target/known_progress.h"

#include "load/database/db_answer.h"
#include "shared/time/when.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIND_KIND,
    FIND_BRANCH,
    FIND_LANE,
    FIND_SEGMENT,
    FIND_PAGE,
    FIND_LINE,
    FIND_CHAIN,
    FIND_AT,
    FIND_AFTER_SEGMENT,
    FIND_AFTER_PAGE,
    FIND_TABLE,
    FIND_COLUMNS
};

void known_progress_free(struct known_progress *k)
{
    free(k->branches);
    free(k->holes);
    *k = (struct known_progress){0};
}

uint64_t chain_parse(const char *text)
{
    return strtoull(text, NULL, 16);
}

const char *chain_text(char text[BRANCH_NAME], uint64_t chain)
{
    if (chain == 0)
        text[0] = '\0';
    else
        (void)snprintf(text, BRANCH_NAME, "%016" PRIx64, chain);
    return text;
}

struct progress known_place(const PGresult *r, int row, int column)
{
    return (struct progress){.place = {(uint64_t)db_answer_number(r, row, column),
                                       (uint64_t)db_answer_number(r, row, column + 1)},
                             .line = (uint64_t)db_answer_number(r, row, column + 2),
                             .chain = chain_parse(PQgetvalue(r, row, column + 3))};
}

static struct known_branch *branch_of(struct known_progress *k, const char *name)
{
    size_t i = 0;

    while (i < k->branches_count && strcmp(k->branches[i].name, name) != 0)
        i++;
    if (i == k->branches_count) {
        k->branches[i] = (struct known_branch){.fetched = WHEN_NONE};
        (void)snprintf(k->branches[i].name, sizeof k->branches[i].name, "%s", name);
        k->branches_count++;
    }
    return &k->branches[i];
}

static void add_hole(struct known_progress *k, const PGresult *r, int row)
{
    struct known_hole *h = &k->holes[k->holes_count++];

    *h = (struct known_hole){.place = {(uint64_t)db_answer_number(r, row, FIND_SEGMENT),
                                       (uint64_t)db_answer_number(r, row, FIND_PAGE)},
                             .after = {(uint64_t)db_answer_number(r, row, FIND_AFTER_SEGMENT),
                                       (uint64_t)db_answer_number(r, row, FIND_AFTER_PAGE)},
                             .gap = PQgetvalue(r, row, FIND_KIND)[0] == 'g',
                             .since = db_answer_number(r, row, FIND_AT)};
    (void)snprintf(h->branch, sizeof h->branch, "%s", PQgetvalue(r, row, FIND_BRANCH));
}

static void add_lane(struct known_progress *k, const PGresult *r, int row)
{
    struct known_branch *b = branch_of(k, PQgetvalue(r, row, FIND_BRANCH));
    unsigned lane = (unsigned)db_answer_number(r, row, FIND_LANE) % LANES;
    int64_t fetched = db_answer_number(r, row, FIND_AT);

    b->at.at[lane] = known_place(r, row, FIND_SEGMENT);
    if (!PQgetisnull(r, row, FIND_AT) && (b->fetched == WHEN_NONE || fetched > b->fetched))
        b->fetched = fetched;
}

enum err_code known_progress_read(struct known_progress *k, const PGresult *r, const char *table,
                                  struct err *e)
{
    size_t n = (size_t)PQntuples(r);

    known_progress_free(k);
    k->branches = calloc(n + 1, sizeof *k->branches);
    k->holes = calloc(n + 1, sizeof *k->holes);
    if (k->branches == NULL || k->holes == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    if (PQnfields(r) != FIND_COLUMNS)
        return err_set(e, ERR_INTERNAL, "the progress has other columns than it should");
    for (int i = 0; i < PQntuples(r); i++) {
        const char *kind = PQgetvalue(r, i, FIND_KIND);
        if (strcmp(PQgetvalue(r, i, FIND_TABLE), table) != 0)
            continue;
        if (strcmp(kind, "hole") == 0 || strcmp(kind, "gap") == 0) {
            add_hole(k, r, i);
            continue;
        }
        if (strcmp(kind, "other") == 0) {
            (void)snprintf(k->other, sizeof k->other, "%s", PQgetvalue(r, i, FIND_BRANCH));
            k->other_at = db_answer_number(r, i, FIND_AT);
            continue;
        }
        if (strcmp(kind, "stored") == 0) {
            (void)snprintf(k->stored_in, sizeof k->stored_in, "%s", PQgetvalue(r, i, FIND_BRANCH));
            continue;
        }
        k->foreign = k->foreign || strcmp(kind, "own") != 0;
        if (strcmp(kind, "gone") == 0) /* of a table that is no more: nothing is loaded */
            (void)branch_of(k, PQgetvalue(r, i, FIND_BRANCH));
        else
            add_lane(k, r, i);
    }
    return OK;
}
