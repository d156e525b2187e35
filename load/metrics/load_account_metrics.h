/* The loader's metrics when it serves several accounts: names, units and help, with one series for each account
 * (spool/overview/account_monitor.h). */
#ifndef NETTY_LOAD_METRICS_LOAD_ACCOUNT_METRICS_H
#define NETTY_LOAD_METRICS_LOAD_ACCOUNT_METRICS_H

#include "spool/overview/account_monitor.h"

extern const struct metric_def load_account_metrics[ACCOUNT_METRICS];

#endif
