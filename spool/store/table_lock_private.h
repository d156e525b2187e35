/* What table_lock.c and table_lock_wait.c share. Nobody else includes this. */
#ifndef NETTY_SPOOL_STORE_TABLE_LOCK_PRIVATE_H
#define NETTY_SPOOL_STORE_TABLE_LOCK_PRIVATE_H

#define TABLE_LOCK_YIELDS " yields" /* in the lock file, behind the process id */

#endif
