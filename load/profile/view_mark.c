#include "load/profile/view_mark.h"
#include <string.h>

enum err_code view_mark_add(struct buf *out, enum member_cast cast, const char *const path[])
{
    enum err_code rc = buf_adds(out, "data");

    for (unsigned i = 0; i < MEMBER_LEVELS && path[i] != NULL && rc == OK; i++) {
        bool last = i + 1 == MEMBER_LEVELS || path[i + 1] == NULL;
        rc = buf_adds(out, last && cast != CAST_JSONB ? "->>'" : "->'");
        for (const char *p = path[i]; *p != '\0' && rc == OK; p++) {
            rc = buf_addc(out, *p);
            if (rc == OK && *p == '\'')
                rc = buf_addc(out, *p);
        }
        if (rc == OK)
            rc = buf_addc(out, '\'');
    }
    return rc == OK ? buf_addf(out, " as %s", member_cast_name(cast)) : rc;
}

/* One quoted name at *p, in place; *p then stands behind it. NULL: there is none. */
static const char *read_name(char **p)
{
    char *in = *p;
    char *out = NULL;
    const char *name;

    if (*in++ != '\'')
        return NULL;
    name = out = in;
    for (; *in != '\0'; in++) {
        if (*in == '\'' && *++in != '\'') {
            *p = in;
            *out = '\0'; /* where the closing quote stood, or before */
            return name;
        }
        *out++ = *in;
    }
    return NULL;
}

bool view_mark_read(char *text, enum member_cast *cast, const char *path[])
{
    unsigned depth = 0;
    char *p = text + 4;

    if (strncmp(text, "data", 4) != 0)
        return false;
    for (unsigned i = 0; i < MEMBER_LEVELS; i++)
        path[i] = NULL;
    while (strncmp(p, "->", 2) == 0 && depth < MEMBER_LEVELS) {
        p += p[2] == '>' ? 3 : 2;
        if ((path[depth++] = read_name(&p)) == NULL)
            return false;
    }
    if (depth == 0 || strncmp(p, " as ", 4) != 0)
        return false;
    *cast = member_cast_named(p + 4);
    return *cast != CASTS;
}
