#include "tests/sim/record/spoil.h"

#include "tests/sim/record/body.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *const hows[SPOIL_KINDS] = {"text", "member", "status", "cut", "hang"};

void spoils_free(struct spoils *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->at[i].bytes);
    free(s->at);
    *s = (struct spoils){0};
}

/* Where id stands or would stand. */
static size_t place_of(const struct spoils *s, uint32_t id)
{
    size_t low = 0;
    size_t high = s->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->at[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct spoil *spoils_find(const struct spoils *s, uint32_t id)
{
    size_t i = place_of(s, id);
    return i < s->n && s->at[i].id == id ? &s->at[i] : NULL;
}

static void drop(struct spoils *s, size_t i)
{
    free(s->at[i].bytes);
    s->n--;
    memmove(&s->at[i], &s->at[i + 1], (s->n - i) * sizeof *s->at);
}

static int hex_digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

static enum err_code read_hex(struct spoil *one, const char *hex, struct err *e)
{
    size_t n = strlen(hex);
    if (n % 2 != 0 || strspn(hex, "0123456789abcdefABCDEF") != n)
        return err_set(e, ERR_USAGE, "hex=: give pairs of hexadecimal digits");
    one->bytes = malloc(n / 2 + 1);
    if (one->bytes == NULL)
        return err_set(e, ERR_NOMEM, "no memory for a spoilt record");
    for (size_t i = 0; i < n; i += 2)
        one->bytes[i / 2] = (char)(hex_digit(hex[i]) * 16 + hex_digit(hex[i + 1]));
    one->len = n / 2;
    return OK;
}

static enum err_code read_spoil(struct spoil *one, const struct args *args, struct err *e)
{
    int64_t id = 0;
    int64_t status = 500;
    const char *how = args_get(args, "how");
    const char *hex = args_get(args, "hex");
    const char *name = args_get(args, "name");
    enum err_code rc = args_count(args, "id", UINT32_MAX, &id, e);
    if (rc == OK)
        rc = args_count(args, "status", 599, &status, e);
    if (rc != OK)
        return rc;
    one->id = (uint32_t)id;
    one->status = (unsigned)status;
    one->how = SPOIL_TEXT;
    while (one->how < SPOIL_KINDS && (how == NULL || strcmp(how, hows[one->how]) != 0))
        one->how++;
    if (one->how == SPOIL_KINDS)
        return err_set(e, ERR_USAGE, "how=: give text, member, status, cut or hang");
    if (one->how == SPOIL_MEMBER && (name == NULL || strlen(name) >= sizeof one->name))
        return err_set(e, ERR_USAGE, "name=: give the member's name");
    if (one->how == SPOIL_MEMBER)
        memcpy(one->name, name, strlen(name) + 1);
    return spoil_is_text(one) ? read_hex(one, hex != NULL ? hex : "", e) : OK;
}

static enum err_code make_room(struct spoils *s, struct err *e)
{
    if (s->n < s->room)
        return OK;
    size_t room = s->room > 0 ? 2 * s->room : 16;
    struct spoil *more = realloc(s->at, room * sizeof *more);
    if (more == NULL)
        return err_set(e, ERR_NOMEM, "no memory for spoilt records");
    s->at = more;
    s->room = room;
    return OK;
}

enum err_code spoils_add(struct spoils *s, const struct args *args, struct err *e)
{
    struct spoil one = {0};
    enum err_code rc = read_spoil(&one, args, e);
    if (rc == OK)
        rc = make_room(s, e);
    if (rc != OK) {
        free(one.bytes);
        return rc;
    }
    size_t i = place_of(s, one.id);
    if (i < s->n && s->at[i].id == one.id)
        drop(s, i);
    memmove(&s->at[i + 1], &s->at[i], (s->n - i) * sizeof *s->at);
    s->at[i] = one;
    s->n++;
    return OK;
}

enum err_code spoils_mend(struct spoils *s, const struct args *args, struct err *e)
{
    int64_t id = -1;
    enum err_code rc = args_count(args, "id", UINT32_MAX, &id, e);
    if (rc != OK)
        return rc;
    if (id < 0) {
        spoils_free(s);
        return OK;
    }
    size_t i = place_of(s, (uint32_t)id);
    if (i < s->n && s->at[i].id == id)
        drop(s, i);
    return OK;
}

/* A member that the record lacks stands at its end. */
static enum err_code spoil_member(const struct spoil *s, struct buf *good, size_t begin,
                                  struct buf *out)
{
    enum err_code rc;
    const char *value = NULL;
    size_t len = 0;
    const char *text = good->data + begin;
    size_t n = good->len - begin;
    bool there = body_member(text, n, s->name, &value, &len);
    size_t before = there ? (size_t)(value - text) : n - 1;
    if ((rc = buf_add(out, text, before)) != OK)
        return rc;
    if (!there && (rc = buf_addf(out, ",\"%s\":", s->name)) != OK)
        return rc;
    if ((rc = buf_add(out, s->bytes, s->len)) != OK)
        return rc;
    return buf_add(out, text + before + len, n - before - len);
}

enum err_code spoil_text(const struct spoil *s, struct buf *out, size_t begin)
{
    struct buf text;
    enum err_code rc;
    buf_init(&text, BODY_MAX + s->len);
    rc = s->how == SPOIL_TEXT ? buf_add(&text, s->bytes, s->len)
                              : spoil_member(s, out, begin, &text);
    if (rc == OK) {
        buf_truncate(out, begin);
        rc = buf_add(out, text.data, text.len);
    }
    buf_free(&text);
    return rc;
}
