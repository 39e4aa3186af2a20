/* SPDX-License-Identifier: ISC */
/*
 * A key log read again: verifies the MACs of a capture.  Lines, of `lke keylog on FILE`:
 *	LKE_KBM CARE-OF-ADDRESS ACCESS-ROUTER KBM
 * with 32 hexadecimal digits; "#" begins a comment.
 */
#ifndef CTL_KEYRING_H
#define CTL_KEYRING_H

#include <stdio.h>

#include "wire/packet.h"

enum {
	KEYRING_MAX = 1 << 16, /* keys */
	KEYRING_LINE_MAX = 256,
};

enum keyring_verdict {
	KEYRING_NO_MAC, /* the message has none */
	KEYRING_NO_KEY, /* no key of the log is of this care-of address */
	KEYRING_VERIFIED,
	KEYRING_BAD, /* no key of this care-of address gives this MAC */
};

struct keyring;
/* Reads a file; on failure an exit code of lke(1) after a message that has its name. */
int keyring_read(FILE *f, const char *name, FILE *err, struct keyring **ret);
int keyring_open(const char *path, struct keyring **ret);
void keyring_free(struct keyring *k); /* wipes; NULL allowed */
/* Binding Authorization Data, the HMAC of an Acknowledgement or a DAD option, the request proof. */
enum keyring_verdict keyring_check(const struct keyring *k, const struct packet *p);

#endif
