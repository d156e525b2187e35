/* The extractor's metrics when it serves several accounts: names, units and help, with one series for each account
 * (spool/overview/account_monitor.h). */
#ifndef NETTY_EXTRACT_METRICS_FETCH_ACCOUNT_METRICS_H
#define NETTY_EXTRACT_METRICS_FETCH_ACCOUNT_METRICS_H

#include "spool/overview/account_monitor.h"

extern const struct metric_def fetch_account_metrics[ACCOUNT_METRICS];

#endif
