#include "shared/time/zone.h"
#include "shared/time/calendar.h"
#include "shared/time/zone_changes_private.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ZONE_FILES    "/usr/share/zoneinfo/"
#define LOCAL_ZONE    "/etc/localtime"
#define ZONE_NAME_MAX 64
#define ZONE_FURTHEST (INT64_C(26) * 3600)

struct zone {
    char name[ZONE_NAME_MAX + 1];
    struct zone_changes changes;
};

/* UTC, Z, or an offset as in a time. */
static bool fixed_offset(const char *name, int64_t *offset)
{
    *offset = 0;
    if (strcmp(name, "UTC") == 0 || strcmp(name, "Z") == 0)
        return true;
    size_t n = strlen(name);
    return n > 0 && when_parse_offset(name, n, offset) == n;
}

/* A name leads to a file below the tz database and nowhere else. right/ counts leap seconds, which
 * neither the API nor PostgreSQL does. */
static bool name_is_clean(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && n <= ZONE_NAME_MAX && name[0] != '/' && strstr(name, "..") == NULL &&
           strncmp(name, "right/", 6) != 0 &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") == n;
}

static enum err_code unknown(struct err *e, const char *name)
{
    if (access(ZONE_FILES, R_OK | X_OK) != 0)
        return err_set(e, ERR_CONFIG,
                       "time zone '%.64s' cannot be looked up: there is no " ZONE_FILES
                       " here (install the package tzdata, or use UTC)",
                       name);
    return err_set(
        e, ERR_CONFIG,
        "there is no time zone '%.64s': give UTC, an offset such as +02:00, or a name such as "
        "Europe/Paris",
        name);
}

static enum err_code load(struct zone *z, const char *name, struct err *e)
{
    struct err own = ERR_INIT;
    if (e == NULL)
        e = &own;
    char path[sizeof(ZONE_FILES) + ZONE_NAME_MAX] = ZONE_FILES;
    if (!name_is_clean(name))
        return unknown(e, name);
    memcpy(path + strlen(ZONE_FILES), name, strlen(name) + 1);
    enum err_code rc = zone_file_read(&z->changes, path, e);
    if (rc == ERR_IO && (e->sys == ENOENT || e->sys == EISDIR || e->sys == ENOTDIR))
        return unknown(e, name);
    return rc;
}

enum err_code zone_open(struct zone **out, const char *name, struct err *e)
{
    int64_t offset = 0;
    enum err_code rc;
    *out = NULL;
    struct zone *z = calloc(1, sizeof(*z));
    if (z == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for a time zone");
    if (!fixed_offset(name, &offset))
        rc = load(z, name, e);
    else if ((rc = zone_add(&z->changes, ZONE_EVER, offset)) != OK)
        rc = err_set(e, rc, "out of memory for a time zone");
    if (rc != OK) {
        zone_close(z);
        return rc;
    }
    memcpy(z->name, name, strlen(name) + 1);
    *out = z;
    return OK;
}

static enum err_code open_named(struct zone **z, const char *name)
{
    name += name[0] == ':';
    if (strncmp(name, ZONE_FILES, strlen(ZONE_FILES)) == 0)
        name += strlen(ZONE_FILES);
    if (name[0] == '\0')
        name = "UTC";
    return strlen(name) <= ZONE_NAME_MAX ? zone_open(z, name, NULL) : ERR_CONFIG;
}

/* Adds the changes of a rule such as "CET-1CEST,M3.5.0,M10.5.0/3". A rule without changes, or nonsense, gives the one offset
 * that libc makes of it. */
static enum err_code add_rule(struct zone *z, const char *rule)
{
    struct tm tm = {0};
    time_t now = time(NULL);
    (void)localtime_r(&now, &tm);
    enum err_code rc = zone_add(&z->changes, ZONE_EVER, tm.tm_gmtoff);
    if (rc == OK && (rc = zone_rule_extend(&z->changes, rule)) == ERR_DATA)
        rc = OK;
    return rc;
}

enum err_code zone_open_local(struct zone **out, struct err *e)
{
    const char *tz = getenv("TZ");
    struct zone *z = NULL;
    enum err_code rc = tz != NULL ? open_named(out, tz) : ERR_CONFIG;
    if (rc == OK)
        return OK;
    if (rc != ERR_NOMEM && (z = calloc(1, sizeof *z)) != NULL) {
        memcpy(z->name, "local", sizeof "local");
        rc = tz != NULL ? add_rule(z, tz) : zone_file_read(&z->changes, LOCAL_ZONE, NULL);
        if (rc == OK) {
            *out = z;
            return OK;
        }
        zone_close(z);
        if (rc != ERR_NOMEM)
            return zone_open(out, "UTC", e);
    }
    return err_set(e, ERR_NOMEM, "out of memory for a time zone");
}

void zone_close(struct zone *z)
{
    if (z == NULL)
        return;
    free(z->changes.list);
    free(z);
}

const char *zone_name(const struct zone *z)
{
    return z->name;
}

/* Returns the wall clock moved back into the list's cycle; *back is by how many seconds. */
static int64_t within_cycle(const struct zone_changes *c, int64_t wall, int64_t *back)
{
    *back = 0;
    if (c->cycle != 0 && wall >= c->cycle)
        *back = ((wall - c->cycle) / ZONE_CYCLE + 1) * ZONE_CYCLE;
    return wall - *back;
}

/* Returns the last change that may have happened by that wall clock, whatever the offset. */
static size_t last_change(const struct zone_changes *c, int64_t wall)
{
    size_t low = 0;
    size_t high = c->n;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (c->list[middle].at <= wall + ZONE_FURTHEST)
            low = middle;
        else
            high = middle;
    }
    return low;
}

int64_t zone_to_utc(const struct zone *z, int64_t wall)
{
    const struct zone_changes *c = &z->changes;
    int64_t back = 0;
    if (c->n == 1)
        return wall - c->list[0].offset;
    wall = within_cycle(c, wall, &back);
    size_t low = last_change(c, wall);
    /* Go back to the change that has happened by the clock of its own offset. In an hour that the clock shows twice this is
     * the later one; in an hour that it skips this is the change before, with its offset. */
    while (low > 0 && wall - c->list[low].offset < c->list[low].at)
        low--;
    return wall - c->list[low].offset + back;
}

enum zone_reading zone_readings(const struct zone *z, int64_t wall, int64_t *first, int64_t *last)
{
    const struct zone_changes *c = &z->changes;
    int64_t back = 0;
    *first = *last = zone_to_utc(z, wall);
    if (c->n == 1)
        return ZONE_ONCE;
    wall = within_cycle(c, wall, &back);
    size_t i = last_change(c, wall);
    while (i > 0 && wall - c->list[i].offset < c->list[i].at)
        i--;
    /* list[i].offset, with which *last was read, holds until the next change. */
    if (i + 1 < c->n && *last - back >= c->list[i + 1].at) {
        *first = c->list[i + 1].at + back;
        return ZONE_NEVER;
    }
    if (i == 0 || wall - c->list[i - 1].offset >= c->list[i].at)
        return ZONE_ONCE;
    *first = wall - c->list[i - 1].offset + back;
    return ZONE_TWICE;
}

uint64_t zone_digest(const struct zone *z)
{
    uint64_t h = (uint64_t)z->changes.cycle;

    for (size_t i = 0; i < z->changes.n; i++) {
        h = (h ^ (uint64_t)z->changes.list[i].at) * UINT64_C(0x9E3779B97F4A7C15);
        h ^= h >> 29;
        h = (h ^ (uint64_t)z->changes.list[i].offset) * UINT64_C(0x9E3779B97F4A7C15);
        h ^= h >> 32;
    }
    return h;
}
