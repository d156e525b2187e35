/*
 * The end where memory is short and a library has no way to be told: one line to standard error, and exit code 70. libuv
 * ends the process for that reason, too (by abort); what was made durable before is whole, and the next run goes on.
 * Our own code returns ERR_NOMEM instead.
 */
#ifndef NETTY_SHARED_BASE_NO_MEMORY_H
#define NETTY_SHARED_BASE_NO_MEMORY_H

/* Allocates nothing; from any thread. */
_Noreturn void no_memory_end(void);
/* The line, with its end; borrowed. The logger sets it in its own form, once, early. */
void no_memory_line(const char *line);

#endif
