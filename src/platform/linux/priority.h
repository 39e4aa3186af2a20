/* SPDX-License-Identifier: ISC */
/* How a thread competes for the processor.  Where the kernel knows or allows no such thing nothing
 * changes: no function fails. */
#ifndef PLATFORM_PRIORITY_H
#define PLATFORM_PRIORITY_H

/*
 * This process and its children go before ordinary programs (nice -10), unless whoever started it
 * chose something else, or it may not.  It needs little of the processor, but at once: packets
 * wait for it.
 */
void priority_first(void);
/*
 * The calling thread wants the processor at once and for a short time: the shortest slice (Linux
 * 6.12 and later) lets it run soon after it is woken, and gives it no larger share.
 */
void priority_responsive(void);
/* The calling thread computes: others that wake up go first, those of other programs too. */
void priority_background(void);

#endif
