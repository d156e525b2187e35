/*
 * TZif (RFC 8536): a header and a block with 32-bit times, then the same again with 64-bit ones,
 * then a line with the rule for the time after. All numbers are big-endian.
 */
#include "shared/base/buf.h"
#include "shared/files/file_io.h"
#include "shared/time/zone_changes_private.h"
#include <string.h>

#define TZIF_MAX    (1u << 20)
#define TZIF_HEADER 44u
#define TZIF_TYPE   6u                    /* offset (4), is it summer time (1), name (1) */
#define TZIF_LATEST INT64_C(253402300799) /* the year 9999's end */
#define TZIF_OFFSET (26 * 3600)

struct tzif_counts {
    size_t utc, standard, leaps, times, types, names;
};

static uint64_t big_endian(const char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

static int64_t offset_of(const char *types, size_t type)
{
    return (int32_t)(uint32_t)big_endian(types + type * TZIF_TYPE, 4);
}

/* Reads the header at the front of s, and the size of the block that follows it. */
static bool tzif_header(const char *s, size_t n, size_t time_size, struct tzif_counts *c,
                        size_t *block)
{
    if (n < TZIF_HEADER || memcmp(s, "TZif", 4) != 0 || s[4] < '2')
        return false;
    size_t *field[6] = {&c->utc, &c->standard, &c->leaps, &c->times, &c->types, &c->names};
    for (size_t i = 0; i < 6; i++) {
        *field[i] = (size_t)big_endian(s + 20 + 4 * i, 4);
        if (*field[i] > n)
            return false;
    }
    *block = c->times * (time_size + 1) + c->types * TZIF_TYPE + c->names +
             c->leaps * (time_size + 4) + c->standard + c->utc;
    return c->types > 0 && *block <= n - TZIF_HEADER;
}

static enum err_code tzif_changes(struct zone_changes *z, const char *block,
                                  const struct tzif_counts *c)
{
    const char *types_of = block + c->times * 8;
    const char *types = types_of + c->times;
    enum err_code rc = zone_add(z, ZONE_EVER, offset_of(types, 0));
    for (size_t i = 0; rc == OK && i < c->times; i++) {
        int64_t at = (int64_t)big_endian(block + i * 8, 8);
        size_t type = (unsigned char)types_of[i];
        if (type >= c->types || at <= z->list[z->n - 1].at || at > TZIF_LATEST)
            return ERR_DATA;
        int64_t offset = offset_of(types, type);
        if (offset > TZIF_OFFSET || offset < -TZIF_OFFSET)
            return ERR_DATA;
        rc = zone_add(z, at, offset);
    }
    return rc;
}

static enum err_code tzif_read(struct zone_changes *z, const char *s, size_t n)
{
    struct tzif_counts c;
    size_t block = 0;
    if (!tzif_header(s, n, 4, &c, &block))
        return ERR_DATA;
    s += TZIF_HEADER + block;
    n -= TZIF_HEADER + block;
    if (!tzif_header(s, n, 8, &c, &block) || c.leaps > 0)
        return ERR_DATA;
    enum err_code rc = tzif_changes(z, s + TZIF_HEADER, &c);
    if (rc != OK)
        return rc;
    s += TZIF_HEADER + block;
    n -= TZIF_HEADER + block;

    char rule[128];
    const char *end = n > 0 ? memchr(s + 1, '\n', n - 1) : NULL;
    if (n < 2 || s[0] != '\n' || end == NULL || (size_t)(end - s) > sizeof(rule))
        return ERR_DATA;
    size_t len = (size_t)(end - s) - 1;
    memcpy(rule, s + 1, len);
    rule[len] = '\0';
    return len == 0 ? OK : zone_rule_extend(z, rule);
}

enum err_code zone_file_read(struct zone_changes *z, const char *path, struct err *e)
{
    struct buf b;
    buf_init(&b, TZIF_MAX);
    enum err_code rc = io_read_file(path, &b, e);
    if (rc != OK)
        goto done;
    rc = tzif_read(z, b.data, b.len);
    if (rc == ERR_NOMEM)
        rc = err_set(e, rc, "out of memory for time zone data %s", path);
    else if (rc != OK)
        rc = err_set(e, ERR_CONFIG, "%s is not time zone data that can be used", path);
done:
    buf_free(&b);
    return rc;
}
