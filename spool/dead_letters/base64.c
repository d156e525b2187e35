#include "spool/dead_letters/base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum err_code base64_add(struct buf *b, const void *p, size_t n)
{
    const unsigned char *s = p;
    for (size_t i = 0; i < n; i += 3) {
        size_t here = n - i < 3 ? n - i : 3;
        uint32_t v = (uint32_t)s[i] << 16;
        v |= here > 1 ? (uint32_t)s[i + 1] << 8 : 0;
        v |= here > 2 ? s[i + 2] : 0;
        char four[4] = {alphabet[v >> 18], alphabet[v >> 12 & 63],
                        here > 1 ? alphabet[v >> 6 & 63] : '=', here > 2 ? alphabet[v & 63] : '='};
        enum err_code rc = buf_add(b, four, sizeof four);
        if (rc != OK)
            return rc;
    }
    return OK;
}

/* Decodes one group of four characters; *n is how many bytes it stands for. */
static bool decode_four(const char *s, unsigned char out[3], size_t *n)
{
    uint32_t v = 0;
    *n = s[3] != '=' ? 3 : s[2] != '=' ? 2 : 1;
    for (size_t i = 0; i < 4; i++) {
        const char *at = i <= *n ? s[i] ? strchr(alphabet, s[i]) : NULL : alphabet;
        if (!at || (i > *n && s[i] != '='))
            return false;
        v = v << 6 | (uint32_t)(at - alphabet);
    }
    out[0] = (unsigned char)(v >> 16);
    out[1] = (unsigned char)(v >> 8);
    out[2] = (unsigned char)v;
    return true;
}

enum err_code base64_decode(struct buf *b, const char *s, size_t n)
{
    if (n % 4 != 0)
        return ERR_DATA;
    for (size_t i = 0; i < n; i += 4) {
        unsigned char three[3];
        size_t bytes;
        if (!decode_four(s + i, three, &bytes) || (bytes < 3 && i + 4 < n))
            return ERR_DATA;
        enum err_code rc = buf_add(b, three, bytes);
        if (rc != OK)
            return rc;
    }
    return OK;
}
