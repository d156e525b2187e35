#include "extract/parse.h"
#include "extract/parse_state.h"
#include <stdlib.h>
#include <string.h>

/* yajl scans a token that is cut by a chunk's end again from its beginning. Beyond this size, more
 * is gathered before it tries again, so that the work stays linear. */
#define GATHER_FROM ((uint64_t)64 << 10)

enum err_code parse_fail(struct parse *p, enum err_code code, const char *reason, uint64_t at)
{
    if (p->failed == OK)
        p->failed = err_set(&p->err, code, "the answer is no page: %s (byte %llu)", reason,
                            (unsigned long long)at);
    return p->failed;
}

enum err_code parse_open(struct parse **p, const struct parse_conf *conf,
                         const struct parse_handler *handler, void *ctx, struct err *e)
{
    *p = calloc(1, sizeof **p);
    if (*p == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for a parser");
    (*p)->conf = *conf;
    (*p)->key_len = strlen(conf->key);
    (*p)->handler = *handler;
    (*p)->ctx = ctx;
    buf_init(&(*p)->kept, conf->record_max);
    buf_init(&(*p)->gathered, 2 * conf->record_max + GATHER_FROM);
    parse_start(*p);
    return OK;
}

void parse_close(struct parse *p)
{
    if (p == NULL)
        return;
    if (p->yajl != NULL)
        yajl_free(p->yajl);
    buf_free(&p->kept);
    buf_free(&p->gathered);
    free(p);
}

void parse_start(struct parse *p)
{
    if (p->yajl != NULL)
        yajl_free(p->yajl);
    p->yajl = yajl_alloc(&parse_callbacks, NULL, p);
    if (p->yajl != NULL) /* text_check does it, and strictly */
        yajl_config(p->yajl, yajl_dont_validate_strings, 1);
    p->text = (struct text_check){0};
    buf_reset(&p->kept);
    buf_reset(&p->gathered);
    p->base = p->received = p->last_token = 0;
    p->where = IN_ANSWER;
    p->meaning = MEMBER_OTHER;
    p->depth = 0;
    p->begun = p->complete = p->data_seen = p->spaced = false;
    p->result = (struct parse_result){.count = -1};
    p->failed = OK;
    if (p->yajl == NULL)
        p->failed = err_set(&p->err, ERR_NOMEM, "out of memory for a parser");
}

/* What has come of an element outlives its chunk. */
static void keep(struct parse *p, size_t n)
{
    if (p->where == IN_DATA)
        parse_skip_separators(p, n);
    if (p->where == IN_ANSWER || p->from >= n)
        return;
    enum err_code rc = buf_add(&p->kept, p->chunk + p->from, n - p->from);
    if (rc == ERR_TOO_BIG)
        parse_fail(p, rc, "a record is larger than max-record-bytes", p->base + n);
    else if (rc != OK)
        p->failed = buf_err(&p->err, rc, &p->kept, "a record");
}

static void yajl_failed(struct parse *p)
{
    if (p->failed != OK)
        return;
    unsigned char *text = yajl_get_error(p->yajl, 0, NULL, 0);
    char reason[160] = "not valid JSON";
    if (text != NULL) {
        size_t n = strcspn((const char *)text, "\n");
        n = n < sizeof reason ? n : sizeof reason - 1;
        memcpy(reason, text, n);
        reason[n] = 0;
        yajl_free_error(p->yajl, text);
    }
    parse_fail(p, ERR_PROTOCOL, reason, p->base + yajl_get_bytes_consumed(p->yajl));
}

/* yajl says nothing of a token that begins behind the answer and never ends. */
static void check_rest(struct parse *p, size_t n)
{
    for (size_t i = p->last; p->complete && i < n; i++)
        if (!text_blank(p->chunk[i])) {
            parse_fail(p, ERR_PROTOCOL, "text behind its end", p->base + i);
            return;
        }
}

static enum err_code run(struct parse *p, const char *bytes, size_t n)
{
    p->chunk = bytes;
    p->from = p->last = 0;
    if (yajl_parse(p->yajl, (const unsigned char *)bytes, n) != yajl_status_ok)
        yajl_failed(p);
    if (p->last > 0)
        p->last_token = p->base + p->last;
    if (p->failed == OK)
        keep(p, n);
    if (p->failed == OK)
        check_rest(p, n);
    p->base += n;
    if (p->failed == OK && p->base - p->last_token > p->conf.record_max)
        parse_fail(p, ERR_TOO_BIG, "one value is larger than max-record-bytes", p->base);
    return p->failed;
}

static enum err_code gather(struct parse *p, const char *bytes, size_t n)
{
    enum err_code rc = buf_add(&p->gathered, bytes, n);
    if (rc == ERR_TOO_BIG)
        return parse_fail(p, rc, "one value is larger than max-record-bytes", p->received);
    if (rc != OK)
        return p->failed = buf_err(&p->err, rc, &p->gathered, "one value");
    if (p->gathered.len < p->base - p->last_token)
        return OK;
    rc = run(p, p->gathered.data, p->gathered.len);
    buf_reset(&p->gathered);
    return rc;
}

static void check(struct parse *p, const char *bytes, size_t n)
{
    size_t bad = 0;
    for (size_t i = 0; i < n && !p->begun; i++) {
        p->begun = !text_blank(bytes[i]);
        if (bytes[i] == '<')
            parse_fail(p, ERR_PROTOCOL, "HTML, not JSON", p->received + i);
    }
    if (p->failed == OK && !text_check(&p->text, bytes, n, &bad))
        parse_fail(p, ERR_PROTOCOL, "invalid UTF-8 or a control character", p->received + bad);
    p->received += n;
    if (p->failed == OK && p->received > p->conf.page_max)
        parse_fail(p, ERR_TOO_BIG, "it is larger than max-page-bytes", p->conf.page_max);
}

static enum err_code tell(const struct parse *p, struct err *e)
{
    if (p->failed != OK && e != NULL)
        *e = p->err;
    return p->failed;
}

enum err_code parse_feed(struct parse *p, const char *bytes, size_t n, struct err *e)
{
    if (p->failed == OK)
        check(p, bytes, n);
    if (p->failed == OK && n > 0) {
        bool hold = p->gathered.len > 0 || p->base - p->last_token > GATHER_FROM;
        p->failed = hold ? gather(p, bytes, n) : run(p, bytes, n);
    }
    return tell(p, e);
}

enum err_code parse_finish(struct parse *p, struct parse_result *result, struct err *e)
{
    if (p->failed == OK && p->gathered.len > 0)
        p->failed = run(p, p->gathered.data, p->gathered.len);
    buf_reset(&p->gathered);
    if (p->failed == OK && !p->begun)
        parse_fail(p, ERR_PROTOCOL, "it is empty", 0);
    if (p->failed == OK && (!p->complete || !text_ended(&p->text)))
        parse_fail(p, ERR_PROTOCOL, "cut short", p->received);
    if (p->failed == OK && !p->data_seen)
        parse_fail(p, ERR_PROTOCOL, "an object without data", p->received);
    p->result.bytes = p->received;
    *result = p->result;
    return tell(p, e);
}
