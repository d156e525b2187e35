/* `netty-spool dead`: lists dead letters, and the places that the API does not give, one line each, and says what to do about each
 * reason. With --json: one object a line, with the whole record. With --dismiss dead letters are taken off the list. */
#include "shared/json/json_hint.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/cli/spool_command.h"
#include "spool/dead_letters/dead_letters.h"
#include "spool/dead_report/dead_list.h"
#include "spool/dead_report/place_list.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct dead_listing {
    const struct spool_command *command;
    const char *table;
    enum dead_side side;
    char key[SPOOL_COMMAND_KEY_MAX];
    const char *reason;      /* only dead letters of this reason; NULL: of any */
    const char *const *keys; /* only those of these keys; keys_count 0: of any */
    size_t keys_count;
    bool *found;   /* which of the keys were found */
    int64_t until; /* only those that are not newer */
    const char *extra;
    struct dead_reasons *reasons; /* or NULL */
    uint64_t count;
    uint64_t places;
};

static bool is_key(const struct dead_listing *d, const struct dead_letter *letter)
{
    struct json_hint hint = json_hint_read(d->key, letter->raw, letter->raw_len);
    bool any = d->keys_count == 0;
    for (size_t i = 0; i < d->keys_count; i++)
        if (strlen(d->keys[i]) == hint.key_len && memcmp(d->keys[i], hint.key, hint.key_len) == 0)
            any = d->found[i] = true;
    return any;
}

static bool is_asked_for(const struct dead_listing *d, const struct dead_letter *letter)
{
    if (d->reason && strcmp(d->reason, letter->reason) != 0 &&
        strcmp(d->reason, letter->sqlstate) != 0)
        return false;
    return letter->at <= d->until && is_key(d, letter);
}

static enum err_code put_dead_letter(void *ctx, const struct dead_letter *letter, struct err *e)
{
    struct dead_listing *d = ctx;
    FILE *out = d->command->out;
    if (!is_asked_for(d, letter))
        return OK;
    d->count++;
    if (d->command->json) {
        enum err_code rc = dead_list_json(out, d->table, d->side, d->key, letter, d->extra, e);
        if (rc != OK)
            return rc;
    } else {
        struct json_hint hint = json_hint_read(d->key, letter->raw, letter->raw_len);
        enum err_code rc = d->reasons == NULL
                               ? OK
                               : dead_reasons_add(d->reasons, letter, hint.key, hint.key_len, e);
        if (rc != OK)
            return rc;
        if (d->count == 1)
            dead_list_head(out, d->table);
        dead_list_line(out, d->table, d->key, letter);
    }
    return ferror(out) ? spool_command_written(d->command, e) : OK;
}

static enum err_code put_place(void *ctx, const struct place *place, struct err *e)
{
    struct dead_listing *d = ctx;
    FILE *out = d->command->out;
    if (!place_list_is_lacking(place))
        return OK;
    if (d->places++ == 0 && !d->command->json)
        place_list_head(out, d->table);
    if (d->command->json) {
        enum err_code rc = place_list_json(out, d->table, place, e);
        if (rc != OK)
            return rc;
    } else {
        place_list_line(out, place);
    }
    return ferror(out) ? spool_command_written(d->command, e) : OK;
}

/* Lists the places; those of a damaged file up to the damage. netty-extract reports the damage in each run. */
static enum err_code put_places(struct dead_listing *d, struct err *e)
{
    const struct spool_command *c = d->command;
    struct err why = ERR_INIT;
    d->places = 0;
    if (d->reason && strcmp(d->reason, PLACE_REASON) != 0)
        return OK;
    enum err_code rc = unreadable_read(c->spool, d->table, put_place, d, &why);
    if (rc == ERR_DAMAGED) {
        LOG(LOG_WARN, "unreadable", "the list of records that the API does not give is damaged",
            F_STR("table", d->table), F_ERR(&why));
        rc = OK;
    }
    if (rc != OK)
        *e = why;
    if (d->places > 0 && !c->json) {
        place_list_advice(c->out);
        (void)fputc('\n', c->out);
    }
    return rc;
}

static enum err_code put_table(const struct spool_command *c, const char *table, void *ctx,
                               struct err *e)
{
    struct dead_listing *d = ctx;
    struct dead_reasons sides[2] = {{0}};
    enum err_code rc = spool_command_key(c, table, d->key, e);
    d->table = table;
    d->count = 0;
    for (unsigned side = 0; side < 2 && rc == OK; side++) {
        d->side = (enum dead_side)side;
        d->reasons = &sides[side];
        rc = dead_each(c->spool, table, d->side, put_dead_letter, d, e);
    }
    for (unsigned side = 0; side < 2 && rc == OK; side++)
        dead_list_reasons(c->out, table, (enum dead_side)side, &sides[side]);
    if (rc == OK && d->count > 0 && !c->json)
        (void)fputc('\n', c->out);
    dead_reasons_clear(&sides[0]);
    dead_reasons_clear(&sides[1]);
    if (rc == OK)
        rc = put_places(d, e);
    return rc == OK ? spool_command_written(c, e) : rc;
}

/* -- dismissing */

static bool stays(void *ctx, const struct dead_letter *letter)
{
    const struct dead_listing *d = ctx;
    return !is_asked_for(d, letter);
}

static enum err_code check_keys(const struct dead_listing *d, struct err *e)
{
    for (size_t i = 0; i < d->keys_count; i++) {
        const char *digits = d->keys[i] + (d->keys[i][0] == '-');
        if (*digits == 0 || digits[strspn(digits, "0123456789")] != 0)
            return err_set(e, ERR_USAGE,
                           "%.40s is no key: --dismiss takes one table, and then keys, which are "
                           "integers",
                           d->keys[i]);
    }
    return OK;
}

/* Fails unless all keys that were asked for are there, before anything is done: a dismissal of only some would go unnoticed. */
static enum err_code check_found(const struct dead_listing *d, struct err *e)
{
    for (size_t i = 0; i < d->keys_count; i++)
        if (!d->found[i])
            return err_set(e, ERR_NO_SPOOL,
                           "%s has no dead letter with the key %s%s%s; nothing was "
                           "dismissed, and `netty-spool dead %s` lists what is there",
                           d->table, d->keys[i], d->reason ? " and the reason " : "",
                           d->reason ? d->reason : "", d->table);
    if (d->count == 0 && d->reason)
        return err_set(e, ERR_NO_SPOOL,
                       "%s has no dead letter with the reason %.40s; `netty-spool dead %s` "
                       "lists what is there",
                       d->table, d->reason, d->table);
    return OK;
}

static enum err_code look_for_keys(void *ctx, const struct dead_letter *letter, struct err *e)
{
    struct dead_listing *d = ctx;
    (void)e;
    d->count += is_asked_for(d, letter);
    return OK;
}

static enum err_code look(struct dead_listing *d, struct err *e)
{
    enum err_code rc = OK;
    d->count = 0;
    for (unsigned side = 0; side < 2 && rc == OK; side++)
        rc = dead_each(d->command->spool, d->table, (enum dead_side)side, look_for_keys, d, e);
    return rc == OK ? check_found(d, e) : rc;
}

/* Lists the dead letters first, and dismisses only those; none that comes meanwhile. */
static enum err_code dismiss(struct dead_listing *d, struct err *e)
{
    const struct spool_command *c = d->command;
    bool dry = options_int(c->options, OPT_DRY_RUN) != 0;
    enum err_code rc = spool_command_check_tables(c, e);
    d->extra = dry ? ",\"dismissed\":false" : ",\"dismissed\":true";
    if (rc != OK || (rc = check_keys(d, e)) != OK ||
        (rc = spool_command_key(c, d->table, d->key, e)) != OK || (rc = look(d, e)) != OK ||
        (!dry && (rc = spool_check_writer(c->spool, e)) != OK))
        return rc;
    d->count = 0;
    for (unsigned side = 0; side < 2 && rc == OK; side++) {
        d->side = (enum dead_side)side;
        rc = dead_each(c->spool, d->table, d->side, put_dead_letter, d, e);
        if (rc == OK && !dry)
            rc = dead_unlist(c->spool, d->table, d->side, DEAD_DISMISSED, stays, d, e);
    }
    if (rc == OK && !c->json)
        (void)fprintf(c->out, "%s%" PRIu64 " record%s of %s %s\n", d->count > 0 ? "\n" : "",
                      d->count, d->count == 1 ? "" : "s", d->table,
                      dry ? "would be dismissed"
                          : "dismissed: listed no more, until a newer version");
    return rc == OK ? spool_command_written(c, e) : rc;
}

static enum err_code dismiss_table(struct dead_listing *d, struct err *e)
{
    struct spool_command table = *d->command;
    enum err_code rc;
    if (table.count == 0)
        return err_set(e, ERR_USAGE,
                       "name the table whose records are to be dismissed, and which of them by "
                       "their keys where not all: dead --dismiss TABLE [KEY...]");
    d->table = table.words[0];
    d->keys = table.words + 1;
    d->keys_count = table.count - 1;
    table.count = 1;
    d->command = &table;
    if ((d->found = calloc(d->keys_count + 1, sizeof *d->found)) == NULL)
        rc = err_set(e, ERR_NOMEM, "out of memory");
    else
        rc = dismiss(d, e);
    free(d->found);
    return rc;
}

enum err_code spool_command_dead(const struct spool_command *c, struct err *e)
{
    struct dead_listing *d = calloc(1, sizeof *d);
    enum err_code rc;
    if (d == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    *d = (struct dead_listing){.command = c, .until = INT64_MAX, .extra = ""};
    if (options_given(c->options, OPT_REASON))
        d->reason = options_text(c->options, OPT_REASON);
    if (options_int(c->options, OPT_DISMISS) != 0) {
        d->until = when_now();
        rc = dismiss_table(d, e);
    } else {
        rc = spool_command_each_table(c, put_table, d, e);
    }
    free(d);
    return rc;
}
