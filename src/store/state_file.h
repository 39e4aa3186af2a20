/* SPDX-License-Identifier: ISC */
/*
 * The sealed state file of an access router (AMB-130): a header, then records, each encrypted and
 * authenticated under keys of its own generation and bound to its place, so that a record that is
 * changed, moved, copied or taken out is found.
 *
 *	header	magic "LKEA", version, generation, boot identifier, both clocks, salt; HMAC-SHA-256
 *	record	length of the ciphertext, IV, AES-256-CBC, HMAC-SHA-256 cut to 16 octets over the
 *		record's number and all of it; in it: type, length, data, zeroes to the block
 *
 * A generation begins with all that is to be kept, ends that with COMPLETE, and goes on with every
 * change.  There are two files; while one is written anew the other one is whole.
 */
#ifndef STORE_STATE_FILE_H
#define STORE_STATE_FILE_H

#include "crypto/crypto.h"

#define STATE_KEY_LEN	 32
#define STATE_SALT_LEN	 16
#define STATE_BOOT_LEN	 16
#define STATE_HEADER_LEN 100
#define STATE_DATA_MAX	 6144 /* octets of one record: the PEM of an RSA key of 4096 bits */
#define STATE_SEALED_MAX (4 + AES_BLOCK + STATE_DATA_MAX + 2 * AES_BLOCK + 16)
#define STATE_SIZE_MAX	 (512u << 20)

enum state_type {
	STATE_ENGINE = 1, /* LKE_ACT_RECORD */
	STATE_KEY,	  /* key_id (4 octets) and the PEM of a private key */
	STATE_KEY_GONE,	  /* key_id */
	/* of the file itself */
	STATE_CLOCK = 16, /* both clocks, after a step of the wall clock */
	STATE_COMPLETE,	  /* all that was to be kept is in */
	STATE_CLEAN,	  /* nothing comes behind: a clean stop */
	STATE_STALE,	  /* the other file, of this generation (8 octets), is not to be used */
};

struct state_clock {
	uint8_t boot[STATE_BOOT_LEN]; /* identifier of the boot */
	lke_time boottime;	      /* ns of CLOCK_BOOTTIME */
	uint64_t realtime;	      /* ns since 1970 */
};

/* --- writing --- */

struct state_seal;
/* Makes the keys of a new generation with a random salt, and its header.  0 or LKE_ERR_*. */
int state_seal_new(const uint8_t key[STATE_KEY_LEN], uint64_t generation,
		   const struct state_clock *now, uint8_t ret_header[STATE_HEADER_LEN],
		   struct state_seal **ret);
/* The next record.  Its length in buf (STATE_SEALED_MAX octets) or LKE_ERR_*. */
int state_seal_record(struct state_seal *s, enum state_type type, const void *data, size_t len,
		      uint8_t *buf);
void state_seal_free(struct state_seal *s); /* wipes; NULL is allowed */
/* Data of a STATE_CLOCK record. */
#define STATE_CLOCK_LEN 16
void state_clock_encode(const struct state_clock *now, uint8_t ret[STATE_CLOCK_LEN]);

/* --- reading --- */

struct state_info {
	bool present;  /* there is anything at all */
	bool header;   /* a good header */
	bool complete; /* COMPLETE was found */
	bool damaged;  /* octets that are no record, behind the good ones */
	bool cut;      /* ... the beginning of one: the writing was interrupted */
	bool clean;    /* the last record is CLEAN */
	uint64_t generation, records;
	uint64_t stale;		  /* generation of the other file that is not to be used; 0: none */
	struct state_clock clock; /* the last that is known */
};

typedef int (*state_each)(void *ctx, enum state_type type, const uint8_t *data, size_t len);

/*
 * Reads a whole file.  each: NULL, or called for every record that is not of the file itself, in
 * order, up to the first damage; a negative value of it ends the reading.  checked: so many records
 * were found good by an earlier call: only those are read, and not authenticated again; 0: all.
 * 0, LKE_ERR_CRYPTO, LKE_ERR_NOMEM or the value of each(); what is wrong with the file is in
 * ret_info.
 */
int state_read(const uint8_t *buf, size_t len, const uint8_t key[STATE_KEY_LEN], uint64_t checked,
	       state_each each, void *ctx, struct state_info *ret_info);

struct state_choice {
	int file;      /* 0 or 1; -1: neither, why says it ("" when there is none at all) */
	bool exact;    /* everything that was acknowledged is in it, and nothing too much */
	int64_t shift; /* ns from its times to those of this boot */
	const char *why;
};

/* Which of the two files counts, and how far it can be believed now. */
struct state_choice state_choose(const struct state_info info[2], const struct state_clock *now);

#endif
