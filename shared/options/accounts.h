/*
 * The accounts of a configuration file: its [account NAME] sections. A NAME has a-z, 0-9, _ and -, 40 characters at most.
 *
 *     for (size_t i = 0; i < options_accounts(o); i++)
 *         rc = options_for_account(&own, o, i, e);      // as if --account had named this one
 *
 * An account's section may hold every setting of the file but those of the whole program (spool, jobs, every, listen,
 * log-format ...). Its settings override the environment, which counts for all accounts, and the command line overrides
 * them. The account's spool is the folder NAME within the folder that --spool names.
 * The whole file is judged, whichever account is asked for. An unknown account is ERR_USAGE from the command line and
 * ERR_CONFIG from the environment; the message has the known name that is most like it.
 */
#ifndef NETTY_SHARED_OPTIONS_ACCOUNTS_H
#define NETTY_SHARED_OPTIONS_ACCOUNTS_H

#include "shared/options/options.h"

/* Returns how many accounts the configuration file has. Account i is the i-th by name. */
size_t options_accounts(const struct options *o);
const char *options_account_name(const struct options *o, size_t i);

/* Returns the name of the account whose settings o has; NULL where no account was asked for. */
const char *options_account(const struct options *o);

/* Returns the folder that holds the accounts' spools: --spool, as it was given. */
const char *options_accounts_folder(const struct options *o);
/* Does the setting's value come from the account's section? */
bool options_own(const struct options *o, enum option_id id);

/* Makes the settings of account i. The caller frees *out, which has no accounts of its own. */
enum err_code options_for_account(struct options **out, const struct options *o, size_t i,
                                  struct err *e) MUST_CHECK;

/* Returns one setting's text as it is for account i, without judging the others; NULL where it has no value. For a setting
 * that this program does not have: the text in the account's section. */
const char *options_account_text(const struct options *o, size_t i, enum option_id id);
/* Returns the setting's text in the section of account i, or NULL. */
const char *options_account_setting(const struct options *o, size_t i, enum option_id id);

#endif
