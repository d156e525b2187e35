/*
 * When the extractor's next run is due: <spool>/next.json, written by `netty-extract --every` each time it begins to wait. The
 * status shows it (status.h). A hint file (hint_file.h): never synced, and harmless to lose.
 */
#ifndef NETTY_SPOOL_CONTROL_NEXT_RUN_H
#define NETTY_SPOOL_CONTROL_NEXT_RUN_H

#include "spool/store/spool.h"
#include <stdint.h>

#define NEXT_RUN_FILE "next.json"

/* Records the time. Does not fail: what goes wrong is logged at debug level. */
void next_run_tell(const struct spool *s, int64_t at);
/* Removes the file: the program that stays running has ended, and no run is due. */
void next_run_forget(const struct spool *s);
/* Returns the time; WHEN_NONE: not known. */
int64_t next_run_told(const struct spool *s);

#endif
