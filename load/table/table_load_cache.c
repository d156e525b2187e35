/* The table's cache of unchanged lines (unchanged_cache.h): which file it is, and what is added to it. */
#include "load/database/sql.h"
#include "load/row/member_set.h"
#include "load/table/table_load_private.h"
#include "shared/files/file_io.h"
#include "shared/log/log.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#define CACHE_VERSION 2 /* of what the lines are made into: another one begins anew */
#define SQL_MAX       8192u
#define SETTINGS_MAX  512

static void on_identity(void *ctx, const PGresult *r, const struct err *err);

/* Opens the set of known members. database identifies the relation and no other; "": the set is not stored. */
static void open_members(struct table_load *t, const char *database)
{
    char before_of[sizeof t->members_of];
    char dir[IO_PATH];
    char name[sizeof MEMBER_SET_FILE + 16];
    char file[IO_PATH] = "";
    struct err e = ERR_INIT;

    if (t->members != NULL && strcmp(t->members_of, database) == 0)
        return;
    struct member_set *before = t->members;
    memcpy(before_of, t->members_of, sizeof before_of);
    t->members = NULL;
    (void)snprintf(t->members_of, sizeof t->members_of, "%s", database);
    (void)snprintf(name, sizeof name, MEMBER_SET_FILE "%016" PRIx64,
                   (uint64_t)XXH3_64bits(database, strlen(database)));
    if (database[0] != '\0' && (io_path(dir, spool_dir(t->conf.spool), t->name, &e) != OK ||
                                io_path(file, dir, name, &e) != OK))
        file[0] = '\0';
    if (member_set_open(&t->members, file, t->conf.depth, &e) != OK)
        LOG(LOG_WARN, "members", "new members are not looked for", F_STR("table", t->name),
            F_ERR(&e));
    if (t->members != NULL && before != NULL && before_of[0] == '\0')
        member_set_adopt(t->members, before);
    member_set_close(before);
}

struct member_set *table_load_members(const struct table_load *t)
{
    return t->members;
}

void table_load_watch_members(struct table_load *t)
{
    if (t->conf.views && !t->conf.dry_run && t->members == NULL)
        open_members(t, "");
    batch_builder_watch(t->builder, t->members);
}

static void open_cache(struct table_load *t, const char *database, const char *timeline);

static void go_on(struct table_load *t)
{
    table_load_watch_members(t);
    batch_builder_use_cache(t->builder, t->unchanged);
    table_load_batch(t);
}

static void ask_identity(struct table_load *t, const struct relation *rel)
{
    const struct sql_var vars[] = {{"schema", rel->schema}, {"relation", rel->name}};
    struct buf sql;
    struct err e = ERR_INIT;

    buf_init(&sql, SQL_MAX);
    if (sql_expand(&sql, sql_unchanged_id, vars, 2, &e) == OK)
        db_query(t->db, sql.data, NULL, 0, on_identity, t);
    else
        on_identity(t, NULL, &e);
    buf_free(&sql);
}

/* Opens the cache by what the look at all tables saw on this connection, in place of sql_unchanged_id's answer. What the look saw on another
 * connection is enough only where no line will be read. */
static bool open_seen(struct table_load *t, const struct relation *rel, bool at_end)
{
    const struct tables_look *look = target_table_look(t->target);
    bool counts = look != NULL && tables_look_counts(look);
    const char *timeline = counts ? tables_look_timeline(look, t->db) : "";
    char id[160];

    if (!counts || (timeline[0] == '\0' && !(t->apart && at_end)))
        return false;
    int n = snprintf(id, sizeof id, "%s.%.*s", tables_look_database(look),
                     (int)strcspn(rel->identity, "."), rel->identity);
    if (n < 0 || (size_t)n >= sizeof id)
        return false;
    if (t->conf.views)
        open_members(t, id);
    if (timeline[0] != '\0')
        open_cache(t, id, timeline);
    go_on(t);
    return true;
}

void table_load_open_cache(struct table_load *t)
{
    const struct relation *rel = target_table_relation(t->target);

    unchanged_close(t->unchanged);
    t->unchanged = NULL;
    /* What is loaded out of its turn is looked at, to be held to later lines. */
    bool none = t->conf.dry_run || t->roll_forward != NULL || rel->name == NULL || !rel->direct;
    bool at_end = t->looking && table_load_is_at_end(t);
    if (t->apart && !at_end)
        table_load_connect(t);
    else if (none || (at_end && !t->conf.views)) /* nor is there anything to look at */
        go_on(t);
    else if (!open_seen(t, rel, at_end))
        ask_identity(t, rel);
}

/* Opens the cache. If that fails, for whatever reason, the load goes on without it. */
static void open_cache(struct table_load *t, const char *database, const char *timeline)
{
    const struct relation *rel = target_table_relation(t->target);
    char dir[IO_PATH];
    char settings[SETTINGS_MAX];
    struct unchanged_id id = {.database = database, .settings = settings};
    struct err e = ERR_INIT;

    int n = snprintf(settings, sizeof settings, "%d %s %d %d %s %s %s %016" PRIx64 " %s %s",
                     CACHE_VERSION, NETTY_VERSION, t->conf.batch.replace, t->conf.replace_nul,
                     rel->key, rel->key_type, zone_name(t->conf.zone), zone_digest(t->conf.zone),
                     timeline, spool_id(t->conf.spool));
    if (n < 0 || (size_t)n >= sizeof settings)
        return;
    if (io_path(dir, spool_dir(t->conf.spool), t->name, &e) != OK ||
        unchanged_open(&t->unchanged, dir, &id, &e) != OK)
        LOG(LOG_DEBUG, "unchanged", "going on without the cache of unchanged lines",
            F_STR("table", t->name), F_ERR(&e));
}

/* What this connection has said of itself holds for the other tables that are loaded over it. id ends with the relation's oid. */
static void prove_look(struct table_load *t, const char *id, const char *timeline)
{
    char database[160];
    const char *end = strrchr(id, '.');

    if (t->conf.look == NULL || end == NULL || (size_t)(end - id) >= sizeof database)
        return;
    (void)snprintf(database, sizeof database, "%.*s", (int)(end - id), id);
    tables_look_prove(t->conf.look, t->db, database, timeline);
}

static void on_identity(void *ctx, const PGresult *r, const struct err *err)
{
    struct table_load *t = ctx;

    if (err != NULL && db_lost(t->db)) {
        t->found = false;
        table_load_failed(t, DB_PHASE_BOOKKEEPING, err);
        return;
    }
    if (err == NULL && PQntuples(r) == 1 && t->conf.views)
        open_members(t, PQgetvalue(r, 0, 0));
    if (err == NULL && PQntuples(r) == 1) {
        prove_look(t, PQgetvalue(r, 0, 0), PQgetvalue(r, 0, 1));
        open_cache(t, PQgetvalue(r, 0, 0), PQgetvalue(r, 0, 1));
    }
    go_on(t);
}

void table_load_close_cache(struct table_load *t)
{
    unchanged_close(t->unchanged);
    member_set_close(t->members);
}

void table_load_validate_cache(struct batch_in_flight *f, unsigned lanes,
                               const struct txn_result *r)
{
    if (f->table->unchanged == NULL || r->xid == 0)
        return;
    f->validated |= lanes;
    unchanged_validate(f->table->unchanged, lanes, r->xid, &f->slot->reached);
}

void table_load_seek_cache(struct table_load *t)
{
    const struct batch *b = batch_builder_batch(t->builder);

    for (size_t i = 0; i < batch_rows(b); i++)
        if (batch_came(b, i)->cached) {
            unchanged_seek(t->unchanged, batch_came(b, i)->at);
            return;
        }
}

void table_load_add_to_cache(struct table_load *t)
{
    const struct batch *b = batch_builder_batch(t->builder);

    if (t->unchanged == NULL || t->emptied || t->current->slot->late != BATCH_ON_TIME)
        return;
    for (size_t i = 0; i < batch_rows(b); i++) {
        const struct batch_row *row = batch_came(b, i);
        if (row->cached || row->xid == 0 ||
            (t->current->validated >> lane_of(row->row.key) & 1u) == 0)
            continue;
        struct unchanged_seen seen = {
            .digest = {row->digest[0], row->digest[1]}, .row = row->row, .xid = row->xid};
        unchanged_add(t->unchanged, &seen);
    }
}

void table_load_invalidate_cache(struct table_load *t, const struct batch_row *row)
{
    if (row != NULL)
        unchanged_invalidate(t->unchanged, row->at);
    else if (unchanged_clear(t->unchanged)) {
        t->emptied = true;
        parallel_upsert_hold(
            t->upsert); /* what the next batch knows of it is not to be believed either */
    }
}
