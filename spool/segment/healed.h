/*
 * Damage that has been dealt with: <table>/healed.json lists places of damage, as the reader gives them with READER_DAMAGED.
 * Readers pass over damage at these places silently; what was lost there is fetched again (refetch.h). The damaged bytes stay
 * in their segment until that is pruned.
 */
#ifndef NETTY_SPOOL_SEGMENT_HEALED_H
#define NETTY_SPOOL_SEGMENT_HEALED_H

#include "shared/base/err.h"
#include "spool/format/page.h"
#include <stddef.h>

#define HEALED_FILE "healed.json"

/* Sets *has to whether the place is listed. Without a file, or with a damaged file, no place is. */
enum err_code healed_has(const char *dir, struct page_place place, bool *has,
                         struct err *e) MUST_CHECK;
/* Adds places, and drops those of segments up to `pruned`. The caller holds the folder's lock (small_file_lock). A damaged
 * file is replaced by a new list. */
enum err_code healed_add(const char *dir, const struct page_place *places, size_t n,
                         uint64_t pruned, struct err *e) MUST_CHECK;
/* Adds the places that the file in the folder `from` lists. A missing or damaged file adds none. Else as healed_add. */
enum err_code healed_merge(const char *dir, const char *from, uint64_t pruned,
                           struct err *e) MUST_CHECK;
/* Fails with ERR_DAMAGED when the file is damaged. A missing file is OK. */
enum err_code healed_check(const char *dir, struct err *e) MUST_CHECK;

#endif
