/*
 * What a server says in an answer that is no page, for a person: the text of its JSON `error` or
 * `message`, else the first line of its text, without tags where that is HTML. Control characters
 * become blanks, what is no UTF-8 U+FFFD, and SERVER_WORDS_MAX characters are shown at most.
 *
 * The words are foreign text, which may hold what we have sent, the key too: they go into messages, which
 * the logger redacts, and nowhere else.
 */
#ifndef NETTY_EXTRACT_API_SERVER_WORDS_H
#define NETTY_EXTRACT_API_SERVER_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#define SERVER_WORDS_MAX  200                        /* characters */
#define SERVER_WORDS_TEXT (4 * SERVER_WORDS_MAX + 4) /* bytes, "..." and the closing 0 included */
#define SERVER_WORDS_READ ((size_t)16 << 10)         /* bytes of a body that are looked at */

/* Of the body's beginning, at most SERVER_WORDS_READ bytes of it; "" where it says nothing. json_only:
 * of JSON only an error object's words, of other text what is before the first bracket, for an answer that may be records. */
void server_words(const char *body, size_t n, bool json_only, char words[SERVER_WORDS_TEXT]);

/* A foreign text that is shown whole, such as a redirect's target: cleaned in the same way into out[0..room),
 * and cut only where there is no room. */
void server_words_clean(const char *text, char *out, size_t room);

#endif
