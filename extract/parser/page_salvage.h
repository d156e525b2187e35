/*
 * Finds where a malformed element of `data` ends, so that it does not cost its neighbours.
 *
 *     s[0..n) is an answer's body from the malformed element's first byte to its last byte.
 *     if (page_salvage(s, n, missing, record_max, elements))
 *         elements[0 .. missing) are the page's remaining elements, in order
 *
 * Nothing is guessed. An end is accepted only if all of this holds:
 *  - behind it comes the next element, or the end of `data`;
 *  - the rest of the body parses to its close, but for further malformed elements;
 *  - there are exactly as many elements as were asked for and not yet read.
 * So a quote or brace within the malformed text cannot shift a boundary unnoticed, since the count of elements would change. An
 * object nested in the malformed element is not taken for an element, since the text behind it does not close `data`. The
 * list's last page has fewer elements than asked for, and looks like a page that was split wrongly: the result is false, and
 * the caller asks for a smaller page, unless the answer says how many elements it has (page_salvage_first).
 *
 * Work is bounded by SALVAGE_WORK times n. Allocates nothing but what yajl does for unusual elements.
 */
#ifndef NETTY_EXTRACT_PARSER_PAGE_SALVAGE_H
#define NETTY_EXTRACT_PARSER_PAGE_SALVAGE_H

#include <stdbool.h>
#include <stddef.h>

#define SALVAGE_WORK 64u

struct salvage_element {
    size_t at; /* in s */
    size_t len;
    bool malformed;
    bool too_large; /* well-formed, and larger than a record may be */
};

/* missing is at least 1, and elements has room for as many. Returns false if the ends cannot be told. */
bool page_salvage(const char *s, size_t n, size_t missing, size_t record_max,
                  struct salvage_element *elements);

/* Returns how many elements there are (at most `most`) if each malformed one has the first end that it may have, or 0 if the answer
 * does not close then. If the answer's own `count` says the same number, these are the elements: a wrong count would have to agree with a
 * wrong split. Other splits agree with any number, by taking a good neighbour into a malformed element. */
size_t page_salvage_first(const char *s, size_t n, size_t most, size_t record_max,
                          struct salvage_element *elements);

/* Returns true if s is a number of elements of `data` (or none), and then the rest of the answer's object to its end. */
bool page_salvage_closes(const char *s, size_t n);

#endif
