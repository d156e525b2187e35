/*
 * The libraries in use and their versions, for --version. Each program adds those that it links.
 *
 *     struct libraries used = {.n = 0};
 *     libraries_add(&used, "name", version);
 *     spool_libraries(&used);             // adds the spool's, and libraries_shared()
 *     options_version(PROGRAM_SPOOL, &used, stdout);
 *
 * Versions are those of the libraries that are loaded now, not of the headers at build time, where a
 * library can be asked.
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

/* libraries_add copies the version and borrows the name; a library beyond LIBRARIES_MAX is left out. libraries_shared adds
 * the libraries that shared links. */
void libraries_add(struct libraries *l, const char *name, const char *version);
void libraries_shared(struct libraries *l);

#endif
