/* SPDX-License-Identifier: ISC */
/* Sequence numbers modulo 2^16: RFC 6275 9.5.1, AMB-150. */
#ifndef CORE_SEQNO_H
#define CORE_SEQNO_H

#include <stdbool.h>
#include <stdint.h>

/* Is seq newer than last?  The last number and the 32,768 before it are old, the 32,767 behind it
 * are new. */
static inline bool seq_newer(uint16_t seq, uint16_t last)
{
	uint16_t ahead = (uint16_t)(seq - last);

	return ahead != 0 && ahead < 0x8000;
}

#endif
