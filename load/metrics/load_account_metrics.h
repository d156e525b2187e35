/* The loader's metrics where it serves several accounts (spool/overview/account_monitor.h): a series an account. */
#ifndef NETTY_LOAD_METRICS_LOAD_ACCOUNT_METRICS_H
#define NETTY_LOAD_METRICS_LOAD_ACCOUNT_METRICS_H

#include "spool/overview/account_monitor.h"

extern const struct metric_def load_account_metrics[ACCOUNT_METRICS];

#endif
