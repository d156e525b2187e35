/*
 * netty-extract from its options to its exit code: one run, or with --every one at once and then
 * one at each multiple of the interval after the first, left out while the one before is still
 * under way.
 */
#ifndef NETTY_EXTRACT_CLI_SERVICE_H
#define NETTY_EXTRACT_CLI_SERVICE_H

#include "extract/cli/ping.h"
#include "shared/base/err.h"
#include "shared/log/secret.h"
#include "shared/options/options.h"

/* *key may be NULL with --dry-run; one that has changed in its file takes its place between two runs. *code is the exit
 * code of the last run; an error that is returned counts instead. ping is told of each run of a program that stays. */
enum err_code service_run(const struct options *o, struct secret **key, struct ping *ping,
                          int *code, struct err *e) MUST_CHECK;

#endif
