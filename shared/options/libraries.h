/*
 * The libraries in use and their versions, for --version: each room adds those that it calls.
 *
 *     struct libraries used = {.n = 0};
 *     libraries_add(&used, "name", version);
 *     spool_libraries(&used);             // adds the spool's, and libraries_shared()
 *     options_version(PROGRAM_SPOOL, &used, stdout);
 *
 * Versions are those of what is loaded now, not those of the headers at build time, wherever the
 * library tells.
 */
#ifndef NETTY_SHARED_OPTIONS_LIBRARIES_H
#define NETTY_SHARED_OPTIONS_LIBRARIES_H

#include <stddef.h>

#define LIBRARIES_MAX 16
struct library {
    const char *name;
    char version[160]; /* cut where longer */
};
struct libraries {
    struct library list[LIBRARIES_MAX];
    size_t n;
};

/* Both are copied but for the name. One beyond LIBRARIES_MAX is left out. */
void libraries_add(struct libraries *l, const char *name, const char *version);
void libraries_shared(struct libraries *l);

#endif
