#include "shared/options/libraries.h"
#include <stdio.h>
#include <uv.h>
#include <yajl/yajl_version.h>

void libraries_add(struct libraries *l, const char *name, const char *version)
{
    if (l->n == LIBRARIES_MAX)
        return;
    struct library *one = &l->list[l->n++];
    one->name = name;
    (void)snprintf(one->version, sizeof one->version, "%s", version);
}

void libraries_shared(struct libraries *l)
{
    char text[32];
    int yajl = yajl_version(); /* 2.1.0 is 20100 */
    (void)snprintf(text, sizeof text, "%d.%d.%d", yajl / 10000, yajl / 100 % 100, yajl % 100);
    libraries_add(l, "libuv", uv_version_string());
    libraries_add(l, "yajl", text);
    libraries_add(l, "inih", "(does not tell)");
}
