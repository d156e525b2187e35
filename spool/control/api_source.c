#include "spool/control/api_source.h"

#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/format/checksum_line.h"
#include "spool/format/json_fields.h"
#include "spool/format/small_file.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define FORMAT   1
#define TEXT_MAX (2 * API_SOURCE_MAX + 1024)

static bool ends_with_port(const char *host, size_t n, const char *port)
{
    size_t m = strlen(port);
    return n > m && memcmp(host + n - m, port, m) == 0;
}

enum err_code api_source_normal(char out[API_SOURCE_MAX], const char *url, struct err *e)
{
    const char *scheme_end = strstr(url, "://");
    const char *host = scheme_end ? scheme_end + 3 : url;
    size_t before = (size_t)(host - url) + strcspn(host, "/");
    size_t n = strlen(url);
    if (n >= API_SOURCE_MAX)
        return err_set(e, ERR_TOO_BIG, "base-url is longer than %d bytes", API_SOURCE_MAX - 1);
    while (n > before && url[n - 1] == '/')
        n--;
    size_t kept = before;
    if (strncasecmp(url, "https://", 8) == 0 && ends_with_port(url, before, ":443"))
        kept -= 4;
    else if (strncasecmp(url, "http://", 7) == 0 && ends_with_port(url, before, ":80"))
        kept -= 3;
    for (size_t i = 0; i < kept; i++)
        out[i] = (char)tolower((unsigned char)url[i]);
    memcpy(out + kept, url + before, n - before);
    out[kept + n - before] = '\0';
    return OK;
}

struct source {
    char url[API_SOURCE_MAX];
    char key[API_SOURCE_KEY]; /* "": not noted */
};

static enum err_code on_line(void *ctx, uint64_t number, const char *line, size_t n, struct err *e)
{
    uint64_t version = 0;
    struct source *was = ctx;
    struct field fields[] = {
        {.name = "netty_source", .type = FIELD_COUNT, .to = &version},
        {.name = "base_url", .type = FIELD_TEXT, .to = was->url, .room = sizeof was->url},
        {.name = "key",
         .type = FIELD_TEXT,
         .to = was->key,
         .room = sizeof was->key,
         .optional = true},
    };
    if (number > 0)
        return OK; /* a later format's */
    return fields_read_head(line, n, fields, FIELDS(fields), FORMAT, e);
}

/* Reads the file; *there is false where there is none. */
static enum err_code read_source(const struct spool *s, struct source *was, bool *there,
                                 struct err *e)
{
    struct err why = ERR_INIT;
    was->url[0] = was->key[0] = '\0';
    enum err_code rc = small_file_read(spool_dir(s), API_SOURCE_FILE, on_line, was, &why);
    *there = rc == OK;
    if (rc == OK || why.sys == ENOENT)
        return OK;
    if (e)
        *e = why;
    return rc;
}

static enum err_code check(const struct spool *s, const char *now, struct source *was, bool *there,
                           struct err *e)
{
    struct err why = ERR_INIT;
    enum err_code rc = read_source(s, was, there, &why);
    if (rc == ERR_DAMAGED)
        return err_set(e, ERR_CONFIG,
                       "%s/%s is damaged, so nobody can tell which API the spool is of; --rebind, "
                       "given once, says that it is this one: %s",
                       spool_dir(s), API_SOURCE_FILE, now);
    if (rc != OK) {
        if (e)
            *e = why;
        return rc;
    }
    if (!*there || strcmp(was->url, now) == 0)
        return OK;
    return err_set(e, ERR_CONFIG,
                   "the spool %s is of another API, %s, and going on from there would miss what is "
                   "older at %s: name another folder with --spool; or, if it is the same API at a "
                   "new address, give --rebind once",
                   spool_dir(s), was->url, now);
}

enum err_code api_source_check(const struct spool *s, const char *url, struct err *e)
{
    char now[API_SOURCE_MAX];
    struct source was;
    bool there;
    enum err_code rc = api_source_normal(now, url, e);
    return rc == OK ? check(s, now, &was, &there, e) : rc;
}

static enum err_code put(const struct spool *s, const char *now, const char *key, struct err *e)
{
    struct buf text;
    char at[WHEN_TEXT];
    enum err_code rc;
    buf_init(&text, TEXT_MAX);
    if ((rc = buf_addf(&text, "{\"netty_source\":%d,\"base_url\":", FORMAT)) != OK ||
        (rc = buf_add_json(&text, now, strlen(now))) != OK ||
        (*key != '\0' && (rc = buf_addf(&text, ",\"key\":\"%s\"", key)) != OK) ||
        (rc = buf_addf(&text, ",\"at\":\"%s\"", when_iso(when_now(), at))) != OK ||
        (rc = checksum_line_end(&text, 0)) != OK)
        (void)buf_err(e, rc, &text, API_SOURCE_FILE);
    else
        rc = io_replace(spool_dir(s), API_SOURCE_FILE, text.data, text.len, e);
    buf_free(&text);
    FAULT("source-written");
    return rc;
}

static enum err_code bind_key(const struct spool *s, const char *now, const char *key, bool rebind,
                              bool *other, struct err *e)
{
    struct err refused = ERR_INIT;
    struct source was;
    bool there = false;
    enum err_code rc = check(s, now, &was, &there, &refused);
    bool differs = key != NULL && was.key[0] != '\0' && strcmp(key, was.key) != 0;
    if (rc == ERR_CONFIG && rebind) {
        LOG(LOG_WARN, "rebind", "the spool is taken for that of another address from now on",
            F_STR("base_url", now));
        return put(s, now, key != NULL ? key : "", e);
    }
    if (rc != OK) {
        if (e)
            *e = refused;
        return rc;
    }
    if (differs && rebind)
        LOG0(LOG_WARN, "rebind", "the spool is taken for that of another key from now on");
    *other = differs && !rebind;
    if (!there || (key != NULL && was.key[0] == '\0') || (differs && rebind))
        return put(s, now, key != NULL ? key : was.key, e);
    return OK;
}

enum err_code api_source_bind_key(const struct spool *s, const char *url, const char *key,
                                  bool rebind, bool *other, struct err *e)
{
    char now[API_SOURCE_MAX];
    int lock;
    enum err_code rc = api_source_normal(now, url, e);
    *other = false;
    if (rc != OK || (rc = small_file_lock(spool_dir(s), &lock, e)) != OK)
        return rc;
    rc = bind_key(s, now, key, rebind, other, e);
    small_file_unlock(lock);
    return rc;
}

enum err_code api_source_bind(const struct spool *s, const char *url, bool rebind, struct err *e)
{
    bool other;
    return api_source_bind_key(s, url, NULL, rebind, &other, e);
}

enum err_code api_source_take_key(const struct spool *s, const char *url, const char *key,
                                  struct err *e)
{
    char now[API_SOURCE_MAX];
    int lock;
    enum err_code rc = api_source_normal(now, url, e);
    if (rc != OK || (rc = small_file_lock(spool_dir(s), &lock, e)) != OK)
        return rc;
    rc = put(s, now, key, e);
    small_file_unlock(lock);
    return rc;
}
