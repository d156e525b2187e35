#include "load/maintenance/index_plan.h"
#include "shared/base/utf8.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LONG_VALUE 500 /* of a thousand looked at; a B-tree ends at some 2,700 */

enum index_kind index_kind(const char *member, const struct index_seen *seen)
{
    if (member == NULL)
        return INDEX_TIME;
    if (seen->typed)
        return INDEX_TYPED;
    if (seen->nested)
        return INDEX_NESTED;
    return seen->longest > LONG_VALUE ? INDEX_HASH : INDEX_TEXT;
}

enum index_step index_step(const char *member, const struct index_seen *seen)
{
    if (seen->there && !seen->ours)
        return INDEX_TAKEN;
    if (seen->there && seen->valid)
        return INDEX_KEEP;
    if (member == NULL && seen->by_time)
        return INDEX_KEEP;
    if (seen->partitioned)
        return INDEX_PARTS;
    if (seen->busy)
        return INDEX_BUSY;
    if (member != NULL && !seen->found)
        return INDEX_ABSENT;
    return seen->there ? INDEX_REBUILD : INDEX_MAKE;
}

/* FNV-1a: only to tell names apart that begin alike. */
static uint32_t hash(const char *a, const char *b)
{
    uint32_t h = 2166136261u;

    for (const char *p = a; *p != '\0'; p++)
        h = (h ^ (unsigned char)*p) * 16777619u;
    h *= 16777619u;
    for (const char *p = b; *p != '\0'; p++)
        h = (h ^ (unsigned char)*p) * 16777619u;
    return h;
}

void index_name(const char *relation, const char *member, char out[INDEX_NAME])
{
    static const char end[] = "_idx";
    char tail[16];
    char both[512];
    const char *what = member != NULL ? member : "time_modified";
    int n = snprintf(both, sizeof both, "%s_%s", relation, what);
    size_t len = n < 0 ? 0 : (size_t)n;

    if (len + sizeof end <= INDEX_NAME) {
        (void)snprintf(out, INDEX_NAME, "%.*s%s", (int)len, both, end);
        return;
    }
    (void)snprintf(tail, sizeof tail, "_%08" PRIx32 "%s", hash(relation, what), end);
    size_t room = INDEX_NAME - 1 - strlen(tail);
    both[sizeof both - 1] = '\0';
    size_t cut = utf8_whole(both, room);
    (void)snprintf(out, INDEX_NAME, "%.*s%s", (int)cut, both, tail);
}
