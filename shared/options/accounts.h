/*
 * The accounts of a configuration file: its [account NAME] sections, NAME of a-z, 0-9, _ and -, 40 letters at most.
 *
 *     for (size_t i = 0; i < options_accounts(o); i++)
 *         rc = options_for_account(&own, o, i, e);      // as if --account had named this one
 *
 * An account's section may hold what the file may hold, but for what is the whole program's or the file's own (spool, jobs,
 * every, listen, log-format ...). Its settings go before the environment, which speaks for all accounts, and behind
 * the command line. The spool is the folder NAME within that of --spool.
 * The whole file is judged, whichever account is asked for. An unknown account is ERR_USAGE from the command line, ERR_CONFIG
 * from the environment, with the known name that is nearest.
 */
#ifndef NETTY_SHARED_OPTIONS_ACCOUNTS_H
#define NETTY_SHARED_OPTIONS_ACCOUNTS_H

#include "shared/options/options.h"

/* How many the configuration file has. The names are sorted. */
size_t options_accounts(const struct options *o);
const char *options_account_name(const struct options *o, size_t i);

/* The account whose settings these are, NULL where none was asked for. */
const char *options_account(const struct options *o);

/* The folder that holds the accounts' spools: --spool, as it was given. */
const char *options_accounts_folder(const struct options *o);
/* Is the setting from its section? */
bool options_own(const struct options *o, enum option_id id);

/* The settings of one of them; *out is the caller's to free, and has no accounts of its own. */
enum err_code options_for_account(struct options **out, const struct options *o, size_t i,
                                  struct err *e) MUST_CHECK;

/* A setting as it is for one of them, without judging the others; NULL where there is none. For a setting that is not one of the
 * program's, what the section says. */
const char *options_account_text(const struct options *o, size_t i, enum option_id id);
/* What its section says, or NULL. */
const char *options_account_setting(const struct options *o, size_t i, enum option_id id);

#endif
