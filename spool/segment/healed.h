/*
 * Damage that has been dealt with: <table>/healed.json lists places (reader.h's, of READER_DAMAGED)
 * at which readers pass over what is damaged without a word. What stood there is fetched again
 * (refetch.h). The damaged bytes stay in their segment until it is pruned.
 */
#ifndef NETTY_SPOOL_SEGMENT_HEALED_H
#define NETTY_SPOOL_SEGMENT_HEALED_H

#include "shared/base/err.h"
#include "spool/format/page.h"
#include <stddef.h>

#define HEALED_FILE "healed.json"

/* No file: no. A file that is damaged itself hides nothing. */
enum err_code healed_has(const char *dir, struct page_place place, bool *has,
                         struct err *e) MUST_CHECK;
/* Adds places; those of segments up to `pruned` are dropped. For the holder of the folder's lock
 * (small_file_lock). A damaged file is begun anew. */
enum err_code healed_add(const char *dir, const struct page_place *places, size_t n,
                         uint64_t pruned, struct err *e) MUST_CHECK;
/* ERR_DAMAGED when the file is; OK when there is none. */
enum err_code healed_check(const char *dir, struct err *e) MUST_CHECK;

#endif
