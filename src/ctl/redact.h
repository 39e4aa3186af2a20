/* SPDX-License-Identifier: ISC */
/* Keys do not leave the host in what is meant for others. */
#ifndef CTL_REDACT_H
#define CTL_REDACT_H

#include <stddef.h>

/*
 * Replaces what looks like a key by "[removed]", in place: 32 or more hexadecimal digits in a row
 * (the shortest key has 16 octets; fingerprints behind the word sha256 stay), 16 or more octets
 * joined by colons, and PEM blocks.  text has len octets, any, and need not be terminated.  The new
 * length.
 */
size_t redact(char *text, size_t len);

#endif
