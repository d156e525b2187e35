/*
 * Named points at which a test build (-DNETTY_FAULTS) can be made to die, as if killed:
 *
 *     NETTY_FAULT=journal-written      at the first passing of that point
 *     NETTY_FAULT=journal-written:3    at the third
 *
 * Any thread may pass a point. In other builds FAULT() does nothing.
 */
#ifndef NETTY_SHARED_FILES_FAULT_POINT_H
#define NETTY_SHARED_FILES_FAULT_POINT_H

#ifdef NETTY_FAULTS
void fault_point(const char *name);
#define FAULT(name) fault_point(name)
#else
#define FAULT(name) ((void)0)
#endif

#endif
