/* SPDX-License-Identifier: ISC */
/* How a thread competes for the processor, without any privilege.  Where the kernel knows no such
 * thing nothing changes: neither function fails. */
#ifndef PLATFORM_PRIORITY_H
#define PLATFORM_PRIORITY_H

/*
 * The calling thread wants the processor at once and for a short time: the shortest slice (Linux
 * 6.12 and later) lets it run soon after it is woken, and gives it no larger share.
 */
void priority_responsive(void);
/* The calling thread computes: others that wake up go first. */
void priority_background(void);

#endif
