#include "shared/log/redact.h"

#include "shared/base/buf.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_SECRET 4
#define LEAST_PIECE  8 /* of a secret that the end of the text cuts */

static struct {
    char **list;
    size_t count;
    unsigned char pairs[(1 << 16) / 8]; /* a bit for each two bytes that a secret begins with */
    bool hide_all; /* a secret could not be remembered, so no value may leave */
} known;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* of known */

static unsigned pair(const char *s)
{
    return (unsigned)(unsigned char)s[0] << 8 | (unsigned char)s[1];
}

static void keep_secret(const char *secret)
{
    for (size_t i = 0; i < known.count; i++)
        if (strcmp(known.list[i], secret) == 0)
            return;
    char *copy = strdup(secret);
    char **grown = reallocarray(known.list, known.count + 1, sizeof *grown);
    if (grown != NULL)
        known.list = grown;
    if (copy == NULL || grown == NULL) {
        free(copy);
        known.hide_all = true;
        return;
    }
    known.list[known.count++] = copy;
    known.pairs[pair(secret) / 8] |= (unsigned char)(1u << pair(secret) % 8);
}

void redact_secret(const char *secret)
{
    if (strlen(secret) < LEAST_SECRET)
        return;
    (void)pthread_mutex_lock(&mutex);
    keep_secret(secret);
    (void)pthread_mutex_unlock(&mutex);
}

void redact_forget(void)
{
    for (size_t i = 0; i < known.count; i++) {
        explicit_bzero(known.list[i], strlen(known.list[i]));
        free(known.list[i]);
    }
    free(known.list);
    known.list = NULL;
    known.count = 0;
    memset(known.pairs, 0, sizeof known.pairs);
    known.hide_all = false;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Returns how many bytes at the front of s stand for c, plain or percent-encoded; 0: none. */
static size_t stands_for(const char *s, size_t n, char c)
{
    if (n > 0 && (s[0] == c || (c == ' ' && s[0] == '+')))
        return 1;
    if (n < 3 || s[0] != '%' || hex(s[1]) < 0 || hex(s[2]) < 0)
        return 0;
    return hex(s[1]) * 16 + hex(s[2]) == (unsigned char)c ? 3 : 0;
}

/* Returns how many bytes the secret takes at the front of s, each of its bytes encoded or not; 0 when it is not there. A long
 * message may have been cut, so the beginning of a secret at the end of the text counts too. */
static size_t match(const char *s, size_t n, const char *secret)
{
    size_t used = 0;
    size_t i = 0;
    for (; secret[i] != '\0'; i++) {
        size_t step = stands_for(s + used, n - used, secret[i]);
        if (step == 0)
            break;
        used += step;
    }
    bool cut = i >= LEAST_PIECE && n - used < 3 && (n == used || s[used] == '%');
    return secret[i] == '\0' ? used : cut ? n : 0;
}

/* Hundreds of accounts have hundreds of keys: most places are no beginning of any. */
static bool may_begin(const char *s, size_t n)
{
    if (n < 2 || strchr("%+", s[0]) != NULL || strchr("%+", s[1]) != NULL)
        return true;
    return (known.pairs[pair(s) / 8] >> pair(s) % 8 & 1) != 0;
}

static size_t longest_match(const char *s, size_t n)
{
    size_t longest = 0;
    if (!may_begin(s, n))
        return 0;
    for (size_t i = 0; i < known.count; i++) {
        size_t used = match(s, n, known.list[i]);
        if (used > longest)
            longest = used;
    }
    return longest;
}

static enum err_code redact(struct buf *out, const char *s, size_t n)
{
    if (known.hide_all)
        return buf_adds(out, "***");
    enum err_code rc = OK;
    size_t plain = 0; /* s[plain..i) is copied as it is */
    size_t i = 0;
    while (i < n && rc == OK && known.count > 0) {
        size_t used = longest_match(s + i, n - i);
        if (used == 0) {
            i++;
            continue;
        }
        rc = buf_add(out, s + plain, i - plain);
        if (rc == OK)
            rc = buf_adds(out, "***");
        i += used;
        plain = i;
    }
    return rc == OK ? buf_add(out, s + plain, n - plain) : rc;
}

enum err_code redact_add(struct buf *out, const char *s, size_t n)
{
    (void)pthread_mutex_lock(&mutex);
    enum err_code rc = redact(out, s, n);
    (void)pthread_mutex_unlock(&mutex);
    return rc;
}

enum err_code redact_text(struct buf *text)
{
    struct buf out;
    /* "***" is never longer than what it stands for, but for hide_all. */
    buf_init(&out, text->len + 3);
    enum err_code rc = redact_add(&out, text->data, text->len);
    buf_reset(text);
    if (rc == OK)
        rc = buf_add(text, out.data, out.len);
    buf_free(&out);
    return rc;
}
