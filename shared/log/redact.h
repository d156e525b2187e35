/*
 * Takes secrets out of text. Every secret is registered when it is read (shared/log/secret.h does so); from then on each
 * occurrence of it in a text, plain or percent-encoded, becomes "***". A text that was cut within a secret loses the piece of
 * it, from 8 bytes on.
 *
 *     redact_secret(key);                  // copied; kept until the program ends
 *     rc = redact_add(&line, text, n);     // the logger does this with each message and each value
 *     rc = redact_text(&text);             // for those who print text of foreign origin without the logger
 *
 * A secret of fewer than 4 bytes is not redacted, because it would occur everywhere. Where memory is too short to remember a
 * secret, every text becomes "***". Any thread may call these functions, but redact_forget.
 */
#ifndef NETTY_SHARED_LOG_REDACT_H
#define NETTY_SHARED_LOG_REDACT_H

#include "shared/base/err.h"
#include <stddef.h>

struct buf;

void redact_secret(const char *secret);
/* Appends s[0..n) without its secrets. */
enum err_code redact_add(struct buf *out, const char *s, size_t n) MUST_CHECK;
/* Replaces the secrets within the text. After a failure the text is empty. */
enum err_code redact_text(struct buf *text) MUST_CHECK;
void redact_forget(void); /* for tests: forgets all secrets */

#endif
