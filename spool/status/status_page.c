#include "spool/status/status_page.h"

#include <string.h>

/* Adds the JSON within a script element, where no `<` may begin a tag or a comment, whatever a database's name has in it. */
static enum err_code add_data(struct buf *b, const char *json)
{
    enum err_code rc = OK;
    for (const char *p = json; rc == OK && *p != 0;) {
        size_t n = strcspn(p, "<");
        rc = buf_add(b, p, n);
        p += n;
        if (rc == OK && *p == '<') {
            rc = buf_adds(b, "\\u003c");
            p++;
        }
    }
    return rc;
}

static enum err_code render(struct buf *b, const char *page, const char *nonce, const char *json)
{
    static const char nonce_mark[] = "@NONCE@";
    static const char data_mark[] = "@DATA@";
    enum err_code rc = OK;
    const char *p = page;
    while (rc == OK) {
        const char *at = strchr(p, '@');
        if (at == NULL)
            return buf_adds(b, p);
        rc = buf_add(b, p, (size_t)(at - p));
        p = at + 1;
        if (rc == OK && strncmp(at, nonce_mark, sizeof nonce_mark - 1) == 0) {
            rc = buf_adds(b, nonce);
            p = at + sizeof nonce_mark - 1;
        } else if (rc == OK && strncmp(at, data_mark, sizeof data_mark - 1) == 0) {
            rc = add_data(b, json != NULL ? json : "null");
            p = at + sizeof data_mark - 1;
        } else if (rc == OK) {
            rc = buf_addc(b, '@');
        }
    }
    return rc;
}

enum err_code status_page_render(struct buf *b, const char *nonce, const char *json)
{
    return render(b, site_status_html, nonce, json);
}

enum err_code status_page_accounts(struct buf *b, const char *nonce, const char *json)
{
    return render(b, site_accounts_html, nonce, json);
}
