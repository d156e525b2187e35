#include "tests/sim/record/members.h"

#include "tests/sim/record/words.h"

#include <string.h>

#define SECOND   INT64_C(1000000)
#define YEAR     (INT64_C(365) * 86400 * SECOND)
#define COUNT(a) (sizeof(a) / sizeof *(a))

static uint64_t below(struct writing *w, uint64_t n)
{
    return rng_below(&w->pen.rng, n);
}

static void put(struct writing *w, const char *s)
{
    pen_put(&w->pen, s);
}

static void word(struct writing *w, enum words list)
{
    pen_string(&w->pen, words_pick(list, rng_next(&w->pen.rng)));
}

static void digits(struct writing *w, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char c = (char)('0' + below(w, 10));
        pen_raw(&w->pen, &c, 1);
    }
}

void write_past_time(struct writing *w)
{
    char text[STAMP_TEXT];
    int64_t past = w->rec->created - (int64_t)below(w, (uint64_t)YEAR);
    size_t n = stamp_text(w->conf->format, w->rec->id, past - past % SECOND, text);
    put(w, "\"");
    pen_raw(&w->pen, text, n);
    put(w, "\"");
}

/* ---- what a single member may hold ---- */

static void civility(struct writing *w)
{
    if (below(w, 8) == 0)
        put(w, "null");
    else
        word(w, WORDS_CIVILITY);
}

static void first_name(struct writing *w)
{
    word(w, WORDS_FIRST_NAME);
}

static void last_name(struct writing *w)
{
    word(w, WORDS_LAST_NAME);
}

static void email(struct writing *w)
{
    put(w, "\"c");
    pen_uint(&w->pen, w->rec->id);
    put(w, below(w, 2) == 0 ? "@courriel.example\"" : "+immo@agence.example\"");
}

static void phone(struct writing *w)
{
    put(w, below(w, 2) == 0 ? "\"+33 6 39 98 " : "\"01 99 00 ");
    digits(w, 2);
    put(w, " ");
    digits(w, 2);
    put(w, "\"");
}

static void maybe_phone(struct writing *w)
{
    switch (below(w, 4)) {
    case 0:
        put(w, "null");
        break;
    case 1:
        put(w, "\"\"");
        break;
    default:
        phone(w);
    }
}

static void company(struct writing *w)
{
    if (below(w, 3) == 0)
        put(w, "null");
    else
        word(w, WORDS_COMPANY);
}

static void money(struct writing *w)
{
    pen_uint(&w->pen, 1 + below(w, 899)); /* JSON has no 0000.00 */
    put(w, below(w, 2) == 0 ? "000.00" : ".50");
}

static void small(struct writing *w)
{
    pen_uint(&w->pen, below(w, 12));
}

static void surface(struct writing *w)
{
    pen_uint(&w->pen, 9 + below(w, 300));
    put(w, below(w, 2) == 0 ? ".40" : ".0");
}

static void boolean(struct writing *w)
{
    put(w, below(w, 2) == 0 ? "true" : "false");
}

static void maybe_boolean(struct writing *w)
{
    static const char *const values[] = {"true", "false", "null"};
    put(w, values[below(w, COUNT(values))]);
}

static void source(struct writing *w)
{
    word(w, WORDS_SOURCE);
}

static void language(struct writing *w)
{
    put(w, below(w, 9) == 0 ? "\"en\"" : "\"fr\"");
}

static void status(struct writing *w)
{
    word(w, WORDS_STATUS);
}

static void kind(struct writing *w)
{
    word(w, WORDS_KIND);
}

static void title(struct writing *w)
{
    word(w, WORDS_TITLE);
}

static void city(struct writing *w)
{
    word(w, WORDS_CITY);
}

static void postcode(struct writing *w)
{
    put(w, "\"0"); /* a text that looks like a number, and must stay one */
    digits(w, 4);
    put(w, "\"");
}

static void birth_date(struct writing *w)
{
    if (below(w, 5) == 0) {
        put(w, "\"0000-00-00\"");
        return;
    }
    put(w, "\"19");
    digits(w, 2);
    put(w, below(w, 2) == 0 ? "-02-28\"" : "-11-09\"");
}

static void other_id(struct writing *w)
{
    pen_uint(&w->pen, 1 + below(w, 5000));
}

static void twenty_digits(struct writing *w)
{
    put(w, "1");
    digits(w, 19);
}

static void beyond_double(struct writing *w)
{
    put(w, "9007199254740993");
}

static void exponent(struct writing *w)
{
    static const char *const values[] = {"1.5e-7", "6.02E+23", "-2.5E-3", "1e5", "0.10e1", "3E0"};
    put(w, values[below(w, COUNT(values))]);
}

static void empty(struct writing *w)
{
    put(w, "\"\"");
}

static void nothing(struct writing *w)
{
    put(w, "null");
}

static void checksum(struct writing *w)
{
    put(w, "\"");
    for (int i = 0; i < 8; i++)
        pen_raw(&w->pen, &"0123456789abcdef"[below(w, 16)], 1);
    put(w, "\"");
}

static void signature(struct writing *w)
{
    static const char *const values[] = {"🏠 À bientôt", "Cordialement 👋🏽", "—", "😀/😀", "🇫🇷"};
    pen_string(&w->pen, values[below(w, COUNT(values))]);
}

/* ---- nested ones, with members named like the outermost ---- */

static void address(struct writing *w)
{
    put(w, "{\"street\":");
    word(w, WORDS_STREET);
    put(w, ",\"city\":");
    word(w, WORDS_CITY);
    put(w, ",\"geo\":{\"lat\":4");
    pen_uint(&w->pen, 1 + below(w, 9));
    put(w, ".830000},\"time_modified\":");
    write_past_time(w);
    put(w, ",\"deleted\":true}");
}

static void owner(struct writing *w)
{
    put(w, "{\"user_id\":");
    other_id(w);
    put(w, ",\"name\":");
    word(w, WORDS_FIRST_NAME);
    put(w, ",\"time_modified\":null}");
}

static void tags(struct writing *w)
{
    uint64_t n = below(w, 4);
    put(w, "[");
    for (uint64_t i = 0; i < n; i++) {
        if (i > 0)
            put(w, ",");
        word(w, WORDS_TAG);
    }
    put(w, "]");
}

static void features(struct writing *w)
{
    put(w, "[");
    word(w, WORDS_FEATURE);
    put(w, ",");
    word(w, WORDS_FEATURE);
    put(w, ",{\"n\":2,\"data\":[]}]");
}

static void rooms(struct writing *w)
{
    static const char *const values[] = {"[]", "[2,3]", "[3,4,5]", "[[1,2],[3]]", "[null]"};
    put(w, values[below(w, COUNT(values))]);
}

static void consent(struct writing *w)
{
    put(w, "{\"given\":");
    boolean(w);
    put(w, ",\"at\":");
    write_past_time(w);
    put(w, "}");
}

static void preferences(struct writing *w)
{
    put(w, "{\"libell\\u00e9\":");
    word(w, WORDS_KIND);
    put(w, ",\"\":{},\"d\\\"q\":[true,null]}");
}

static void energy(struct writing *w)
{
    put(w, "{\"dpe\":\"");
    pen_raw(&w->pen, &"ABCDEFG"[below(w, 7)], 1);
    put(w, "\",\"value\":");
    surface(w);
    put(w, "}");
}

static void history(struct writing *w)
{
    put(w, "[{\"");
    put(w, table_key(w->table));
    put(w, "\":");
    other_id(w);
    put(w, ",\"time_modified\":");
    write_past_time(w);
    put(w, ",\"deleted\":false}]");
}

static void links(struct writing *w)
{
    put(w, "[\"https:\\/\\/photos.example\\/");
    pen_uint(&w->pen, w->rec->id);
    put(w, ".jpg\"]");
}

/* ---- the two shapes ---- */

static const struct member_def people[] = {
    {"civility", civility, 0, false},
    {"first_name", first_name, 0, false},
    {"last_name", last_name, 7, false},
    {"email", email, 5, false},
    {"phone", phone, 4, false},
    {"mobile", maybe_phone, 3, true},
    {"company_name", company, 0, false},
    {"address", address, 3, false},
    {"birth_date", birth_date, 0, false},
    {"language", language, 0, false},
    {"source", source, 0, false},
    {"status", status, 1, false},
    {"owner", owner, 4, false},
    {"agency_ref", other_id, 9, false},
    {"tags", tags, 2, true},
    {"budget_min", money, 3, false},
    {"budget_max", money, 3, false},
    {"surface_min", surface, 5, false},
    {"rooms", rooms, 6, false},
    {"wants_garden", maybe_boolean, 2, true},
    {"newsletter", boolean, 5, false},
    {"gdpr_consent", consent, 0, false},
    {"external_ref", twenty_digits, 0, false},
    {"checksum", checksum, 1, false},
    {"score", exponent, 2, false},
    {"sequence", beyond_double, 0, false},
    {"empty_text", empty, 0, false},
    {"previous_address", nothing, 0, false},
    {"links", links, 0, false},
    {"history", history, 2, false},
    {"pr\\u00e9f\\u00e9rences", preferences, 4, false},
    {"last_contact_at", write_past_time, 1, true},
    {"signature", signature, 8, false},
};

static const struct member_def goods[] = {
    {"reference", checksum, 0, false},
    {"title", title, 4, false},
    {"type", kind, 0, false},
    {"status", status, 1, false},
    {"price", money, 2, false},
    {"price_before", money, 2, true},
    {"currency_rate", exponent, 3, false},
    {"surface", surface, 0, false},
    {"land", surface, 0, false},
    {"rooms", small, 0, false},
    {"bedrooms", small, 0, false},
    {"floor", small, 0, false},
    {"energy", energy, 5, false},
    {"charges", money, 3, false},
    {"taxes", money, 6, false},
    {"address", address, 7, false},
    {"city", city, 0, false},
    {"postcode", postcode, 0, false},
    {"owner", owner, 4, false},
    {"agency_ref", other_id, 0, false},
    {"features", features, 3, false},
    {"photos", links, 2, true},
    {"published", boolean, 1, false},
    {"exclusive", maybe_boolean, 2, true},
    {"cadastre", twenty_digits, 0, false},
    {"sequence", beyond_double, 0, false},
    {"history", history, 2, false},
    {"pi\\u00e8ces", rooms, 5, false},
    {"options", preferences, 0, false},
    {"sold_at", nothing, 0, false},
    {"subtitle", empty, 0, false},
    {"visited_at", write_past_time, 1, true},
    {"emoji", signature, 8, false},
};

const struct member_def *members_of(const char *table, size_t *n)
{
    static const char *const of_goods[] = {"properties", "mandates", "affairs", "products",
                                           "tasks"};
    for (size_t i = 0; i < COUNT(of_goods); i++) {
        if (strcmp(table, of_goods[i]) == 0) {
            *n = COUNT(goods);
            return goods;
        }
    }
    *n = COUNT(people);
    return people;
}
