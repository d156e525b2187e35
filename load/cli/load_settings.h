/* From the options to the configuration of a run. */
#ifndef NETTY_LOAD_CLI_LOAD_SETTINGS_H
#define NETTY_LOAD_CLI_LOAD_SETTINGS_H

#include "load/run/load_run.h"
#include "shared/options/options.h"

/* Fills all of conf but the metrics. spool may be NULL. Fails with ERR_USAGE for settings that exclude each other. */
enum err_code load_settings_read(struct load_run_conf *conf, const struct options *o,
                                 const struct spool *spool, struct zone *zone,
                                 struct err *e) MUST_CHECK;

#endif
