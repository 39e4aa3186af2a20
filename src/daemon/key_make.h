/* SPDX-License-Identifier: ISC */
/* Key files as they are made: by `lke genkey`, `lke rekey`, and inside `lke export`. */
#ifndef DAEMON_KEY_MAKE_H
#define DAEMON_KEY_MAKE_H

#include "daemon/key_file.h"

/*
 * New random keys and SPIs for these algorithms.  0 or a negative errno.  The caller wipes them.
 */
int key_make(enum lke_esp_enc enc, enum lke_esp_auth auth, uint32_t generation,
	     struct key_file *ret_keys) __attribute__((warn_unused_result));

/* The lines of a key file.  Its length, or -ENOSPC.  The caller wipes buf. */
int key_text(const struct key_file *keys, char *buf, size_t size)
	__attribute__((warn_unused_result));

#endif
