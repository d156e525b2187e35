/*
 * What a server says in an answer that is no page, for people: the text of its JSON `error` or `message`, else the first
 * line of its text, without tags if it is HTML. Control characters become blanks, invalid UTF-8 becomes U+FFFD, and at
 * most SERVER_WORDS_MAX characters are shown.
 *
 * The words are foreign text, and may repeat what was sent to the server, even the key. They go into messages, which the
 * logger redacts, and nowhere else.
 */
#ifndef NETTY_EXTRACT_API_SERVER_WORDS_H
#define NETTY_EXTRACT_API_SERVER_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#define SERVER_WORDS_MAX  200                        /* characters */
#define SERVER_WORDS_TEXT (4 * SERVER_WORDS_MAX + 4) /* bytes, "..." and the closing 0 included */
#define SERVER_WORDS_READ ((size_t)16 << 10)         /* bytes of a body that are looked at */

/* Finds the words in the beginning of a body, at most SERVER_WORDS_READ bytes; "" if there are none. With json_only, for
 * an answer that may be records: of JSON only the words of an error object, of other text what stands before the first
 * bracket. */
void server_words(const char *body, size_t n, bool json_only, char words[SERVER_WORDS_TEXT]);

/* Cleans a foreign text that is to be shown whole, such as a redirect's target, into out[0..room). The text is cut only
 * if it does not fit. */
void server_words_clean(const char *text, char *out, size_t room);

#endif
