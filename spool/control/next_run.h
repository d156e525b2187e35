/*
 * When the extractor's next run is due: <spool>/next.json, left by `netty-extract --every` each time it begins to wait, for
 * those who look (status.h). A hint (hint_file.h): never synced, and lost it costs nothing but the sight of it.
 */
#ifndef NETTY_SPOOL_CONTROL_NEXT_RUN_H
#define NETTY_SPOOL_CONTROL_NEXT_RUN_H

#include "spool/store/spool.h"
#include <stdint.h>

#define NEXT_RUN_FILE "next.json"

/* Failures are no trouble, and told at debug level only. */
void next_run_tell(const struct spool *s, int64_t at);
/* The program that stays has ended: nothing is due. */
void next_run_forget(const struct spool *s);
/* WHEN_NONE: nobody has told. */
int64_t next_run_told(const struct spool *s);

#endif
