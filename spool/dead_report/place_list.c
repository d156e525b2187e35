#include "spool/dead_report/place_list.h"

#include "shared/base/buf.h"
#include "shared/time/when.h"
#include "spool/dead_report/dead_list.h"
#include <inttypes.h>
#include <string.h>

#define SINCE_COLUMN 16 /* 2024-05-13 10:22, to the minute */
#define LINE_MAX     ((size_t)8192)

bool place_list_is_lacking(const struct place *place)
{
    return place_lacks(place) > 0;
}

void place_list_head(FILE *out, const char *table)
{
    (void)fprintf(out, "%s lacks records that the API does not give:\n", table);
    (void)fprintf(out, "%7s  %-26s  %-*s  tried again\n", "records", "between", SINCE_COLUMN,
                  "since");
}

static const char *side_text(const struct place_side *side, const char *edge, char out[24])
{
    if (side->there && side->keyed)
        (void)snprintf(out, 24, "%" PRId64, side->key);
    else
        (void)snprintf(out, 24, "%s", side->there ? "?" : edge);
    return out;
}

void place_list_line(FILE *out, const struct place *place)
{
    char before[24];
    char after[24];
    char between[64];
    char since[WHEN_TEXT];
    char due[WHEN_TEXT];
    (void)snprintf(between, sizeof between, "%s and %s",
                   side_text(&place->before, "the beginning", before),
                   side_text(&place->after, "the end", after));
    (void)fprintf(out, "%7u  %-26s  %-*.*s  %.*s\n", place_lacks(place), between, SINCE_COLUMN,
                  SINCE_COLUMN, when_people(place->since, since), SINCE_COLUMN,
                  when_people(place->due, due));
    if (place->said[0] == '\0')
        return;
    dead_list_message(out, place->said);
}

void place_list_advice(FILE *out)
{
    dead_list_paragraph(
        out,
        "The numbers are the neighbours' keys. netty-extract tries again by itself, at first "
        "after an hour, at last once a week, and they arrive once the API gives them; to hurry, "
        "tell its owner which they are.");
}

static enum err_code add_side(struct buf *b, const char *name, const struct place_side *side)
{
    enum err_code rc = buf_addf(b, ",\"%s\":", name);
    if (rc == OK && !side->there)
        return buf_adds(b, "null");
    if (rc == OK && side->keyed)
        rc = buf_addf(b, "{\"key\":%" PRId64 ",\"time\":", side->key);
    else if (rc == OK)
        rc = buf_adds(b, "{\"key\":null,\"time\":");
    if (rc == OK && side->time[0] == '\0')
        rc = buf_adds(b, "null");
    else if (rc == OK)
        rc = buf_add_json(b, side->time, strlen(side->time));
    return rc == OK ? buf_adds(b, "}") : rc;
}

static enum err_code add_members(struct buf *b, const char *table, const struct place *place)
{
    static const char *const lists[] = {"time", "key", "key down"};
    char at[3][WHEN_TEXT];
    enum err_code rc =
        buf_addf(b,
                 "{\"table\":\"%s\",\"side\":\"extract\",\"reason\":\"" PLACE_REASON
                 "\",\"key\":null,\"time\":null,\"records\":%u,\"list\":\"%s\"",
                 table, place_lacks(place), lists[place->sort < 3 ? place->sort : 0]);
    if (rc == OK)
        rc = add_side(b, "before", &place->before);
    if (rc == OK)
        rc = add_side(b, "after", &place->after);
    if (rc == OK)
        rc = buf_addf(b,
                      ",\"since\":\"%s\",\"tried\":\"%s\",\"tries\":%u,\"due\":\"%s\",\"message\":",
                      when_iso(place->since, at[0]), when_iso(place->tried, at[1]), place->tries,
                      when_iso(place->due, at[2]));
    if (rc == OK)
        rc = buf_add_json(b, place->said, strlen(place->said));
    return rc == OK ? buf_adds(b, "}\n") : rc;
}

enum err_code place_list_json(FILE *out, const char *table, const struct place *place,
                              struct err *e)
{
    struct buf line;
    buf_init(&line, LINE_MAX);
    enum err_code rc = add_members(&line, table, place);
    if (rc != OK)
        (void)buf_err(e, rc, &line, "a place that the API does not give");
    else
        (void)fwrite(line.data, 1, line.len, out);
    buf_free(&line);
    return rc;
}
