/* The extractor's metrics where it serves several accounts (spool/overview/account_monitor.h): a series an account. */
#ifndef NETTY_EXTRACT_METRICS_FETCH_ACCOUNT_METRICS_H
#define NETTY_EXTRACT_METRICS_FETCH_ACCOUNT_METRICS_H

#include "spool/overview/account_monitor.h"

extern const struct metric_def fetch_account_metrics[ACCOUNT_METRICS];

#endif
