#include "extract/api/circuit_breaker.h"
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/json/json_record.h"
#include "shared/time/when.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#define FILE_MAX ((size_t)4096)
/* A file that was this old when it was read has another time once it is written again, however coarse the clock of files is. */
#define SETTLED (WHEN_SECOND / 10)

/* Which file it is that was read last. */
struct file_mark {
    dev_t device;
    ino_t inode;
    off_t size;
    int64_t changed;
    bool sure; /* another content would show */
};

struct circuit_breaker {
    char dir[IO_PATH];
    char path[IO_PATH];
    uint32_t key; /* fingerprint of the key in use */
    struct json_splitter *splitter;
    struct zone *utc;
    struct buf text;
    struct file_mark mark;
    bool worked;
    bool probing;    /* by this process */
    long status;     /* of the answer that opened it */
    int64_t until;   /* WHEN_NONE: closed */
    int64_t refused; /* since when the key is refused and nothing was answered; or WHEN_NONE */
};

static uint32_t fingerprint(const struct secret *key, const char *id)
{
    const char *text = key != NULL ? secret_reveal(key) : "";
    uint64_t salt = XXH3_64bits(id, strlen(id));
    return (uint32_t)(XXH3_64bits_withSeed(text, strlen(text), salt) >> 32);
}

void circuit_breaker_mark(char out[CIRCUIT_BREAKER_MARK], const struct secret *key, const char *id)
{
    (void)snprintf(out, CIRCUIT_BREAKER_MARK, "%08x", fingerprint(key, id));
}

static bool member_is(const struct record *r, const char *name, const char *value)
{
    const struct member *m = record_find(r, name);
    return m != NULL && m->value_len == strlen(value) && memcmp(m->value, value, m->value_len) == 0;
}

static int64_t member_time(const struct circuit_breaker *b, const struct record *r,
                           const char *name)
{
    const struct member *m = record_find(r, name);
    int64_t t = WHEN_NONE;
    if (m == NULL || m->kind != JSON_STRING || m->value_len < 2 ||
        when_parse(m->value + 1, m->value_len - 2, b->utc, &t) != OK)
        return WHEN_NONE;
    return t;
}

static struct file_mark mark_of(const char *path)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return (struct file_mark){.sure = false};
    int64_t changed = (int64_t)st.st_ctim.tv_sec * WHEN_SECOND + st.st_ctim.tv_nsec / 1000;
    return (struct file_mark){.device = st.st_dev,
                              .inode = st.st_ino,
                              .size = st.st_size,
                              .changed = changed,
                              .sure = changed < when_now() - SETTLED};
}

/* It is asked for before each request: a look at the file's time costs a tenth of reading it. */
static bool is_as_read(const struct circuit_breaker *b)
{
    struct file_mark now = mark_of(b->path);
    return b->mark.sure && now.sure && now.device == b->mark.device && now.inode == b->mark.inode &&
           now.size == b->mark.size && now.changed == b->mark.changed;
}

/* Begins anew, since what happened to another key says nothing of this one. */
static void load(struct circuit_breaker *b)
{
    struct record r;
    char mine[16];
    b->worked = false;
    b->until = b->refused = WHEN_NONE;
    buf_reset(&b->text);
    b->mark = mark_of(b->path); /* before it is read: what comes between is seen the next time */
    if (safe_read_file(b->path, &b->text, NULL) != OK ||
        json_splitter_run(b->splitter, b->text.data, b->text.len, &r, NULL) != OK)
        return;
    snprintf(mine, sizeof mine, "\"%08x\"", b->key);
    if (!member_is(&r, "netty_breaker", "1") || !member_is(&r, "key", mine))
        return;
    b->worked = member_is(&r, "worked", "true");
    b->until = member_time(b, &r, "until");
    b->refused = member_time(b, &r, "refused");
    const struct member *status = record_find(&r, "status");
    b->status = status != NULL && status->kind == JSON_NUMBER ? strtol(status->value, NULL, 10) : 0;
}

static enum err_code store(struct circuit_breaker *b, struct err *e)
{
    char until[WHEN_TEXT];
    char refused[WHEN_TEXT];
    bool open = b->until != WHEN_NONE;
    buf_reset(&b->text);
    enum err_code rc = buf_addf(&b->text, "{\"netty_breaker\":1,\"key\":\"%08x\",\"worked\":%s",
                                b->key, b->worked ? "true" : "false");
    if (rc == OK && open)
        rc = buf_addf(&b->text, ",\"status\":%ld,\"until\":\"%s\"", b->status,
                      when_iso(b->until, until));
    if (rc == OK && b->refused != WHEN_NONE)
        rc = buf_addf(&b->text, ",\"refused\":\"%s\"", when_iso(b->refused, refused));
    if (rc == OK)
        rc = buf_adds(&b->text, "}\n");
    if (rc != OK)
        return buf_err(e, rc, &b->text, CIRCUIT_BREAKER_FILE);
    b->mark.sure = false; /* what the file has counts, also where it cannot be written */
    return io_replace(b->dir, CIRCUIT_BREAKER_FILE, b->text.data, b->text.len, e);
}

enum err_code circuit_breaker_open(struct circuit_breaker **b, const char *dir, const char *id,
                                   const struct secret *key, struct err *e)
{
    *b = NULL;
    struct circuit_breaker *made = calloc(1, sizeof *made);
    if (made == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for %s", CIRCUIT_BREAKER_FILE);
    buf_init(&made->text, FILE_MAX);
    made->key = fingerprint(key, id);
    enum err_code rc = io_path(made->path, dir, CIRCUIT_BREAKER_FILE, e);
    if (rc == OK)
        rc = json_splitter_open(&made->splitter, e);
    if (rc == OK)
        rc = zone_open(&made->utc, "UTC", e);
    if (rc != OK) {
        circuit_breaker_close(made);
        return rc;
    }
    memcpy(made->dir, dir, strlen(dir) + 1); /* io_path has shown that it fits */
    load(made);
    *b = made;
    return OK;
}

void circuit_breaker_close(struct circuit_breaker *b)
{
    if (b == NULL)
        return;
    if (b->splitter != NULL)
        json_splitter_close(b->splitter);
    if (b->utc != NULL)
        zone_close(b->utc);
    buf_free(&b->text);
    free(b);
}

enum circuit_breaker_state circuit_breaker_look(struct circuit_breaker *b, int64_t now)
{
    if (b->probing)
        return CIRCUIT_BREAKER_CLOSED;
    if (!is_as_read(b))
        load(b);
    /* A time further ahead than any that is written here was written by a clock that was wrong. */
    if (b->until == WHEN_NONE || b->until > now + 2 * CIRCUIT_BREAKER_MOST)
        return CIRCUIT_BREAKER_CLOSED;
    return now < b->until ? CIRCUIT_BREAKER_OPEN : CIRCUIT_BREAKER_TRY;
}

int64_t circuit_breaker_refused(const struct circuit_breaker *b)
{
    return b->refused;
}

uint64_t circuit_breaker_fingerprint(const struct circuit_breaker *b)
{
    return b->key;
}

int64_t circuit_breaker_until(const struct circuit_breaker *b)
{
    return b->until;
}

bool circuit_breaker_key_worked(const struct circuit_breaker *b)
{
    return b->worked;
}

void circuit_breaker_set_key(struct circuit_breaker *b, const char *id, const struct secret *key)
{
    b->key = fingerprint(key, id);
    b->probing = false;
    load(b);
}

enum err_code circuit_breaker_probe(struct circuit_breaker *b, int64_t now, struct err *e)
{
    b->until = now + CIRCUIT_BREAKER_PROBE;
    enum err_code rc = store(b, e);
    b->probing = rc == OK;
    return rc;
}

enum err_code circuit_breaker_worked(struct circuit_breaker *b, struct err *e)
{
    /* An answer that was under way when another request was throttled closes nothing. */
    bool closes = b->probing || b->until == WHEN_NONE;
    if (b->worked && (!closes || (b->until == WHEN_NONE && b->refused == WHEN_NONE)))
        return OK;
    b->worked = true;
    b->probing = false;
    if (closes)
        b->until = b->refused = WHEN_NONE;
    return store(b, e);
}

enum err_code circuit_breaker_trip(struct circuit_breaker *b, int64_t now, long status,
                                   int64_t retry_after, struct err *e)
{
    int64_t rest = retry_after < 0                       ? CIRCUIT_BREAKER_REST
                   : retry_after < CIRCUIT_BREAKER_LEAST ? CIRCUIT_BREAKER_LEAST
                   : retry_after > CIRCUIT_BREAKER_MOST  ? CIRCUIT_BREAKER_MOST
                                                         : retry_after;
    b->probing = false;
    if (status != 401 && status != 403)
        b->refused = WHEN_NONE;
    else if (b->refused == WHEN_NONE || b->refused > now)
        b->refused = now;
    b->status = status;
    b->until = now + rest;
    return store(b, e);
}
