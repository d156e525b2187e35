/*
 * Ends the program when a library runs out of memory and cannot be told so: one line to standard error, and exit code 70.
 * The project's own code returns ERR_NOMEM instead. What was durable before stays whole, and the next run goes on.
 * libuv ends the process itself in this case, by abort().
 */
#ifndef NETTY_SHARED_BASE_NO_MEMORY_H
#define NETTY_SHARED_BASE_NO_MEMORY_H

/* Allocates nothing. May be called from any thread. */
_Noreturn void no_memory_end(void);
/* Sets the line that is written, with its line end; the text is borrowed. log_setup calls this once, early, with a line in
 * the log's own form. */
void no_memory_line(const char *line);

#endif
