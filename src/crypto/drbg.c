/* SPDX-License-Identifier: ISC */
/*
 * SHA-256 in counter mode (AMB-136).  Each request ends by replacing the state by a one-way
 * function of it, so that a state read later does not give back what was handed out.  The first
 * octet keeps the three uses of the hash apart.
 */
#include <string.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "crypto/crypto.h"

enum { USE_OUTPUT = 0, USE_NEXT_STATE = 1, USE_MIX = 2 };

static int hash(const struct drbg *d, uint8_t use, const void *extra, size_t n,
		uint8_t ret[SHA256_LEN])
{
	uint8_t in[1 + 32 + 8 + 32];
	struct wr w = wr_init(in, sizeof(in));
	int err;

	wr_u8(&w, use);
	wr_bytes(&w, d->state, sizeof(d->state));
	wr_u32(&w, (uint32_t)(d->counter >> 32));
	wr_u32(&w, (uint32_t)d->counter);
	wr_bytes(&w, extra, n);
	err = w.err ? LKE_ERR_INVAL : sha256(in, w.off, ret);
	mem_wipe(in, sizeof(in));
	return err;
}

void drbg_init(struct drbg *d, const uint8_t seed[32])
{
	memcpy(d->state, seed, sizeof(d->state));
	d->counter = 0;
}

void drbg_mix(struct drbg *d, const uint8_t entropy[32])
{
	uint8_t state[32];

	/* Without a hash the old state stays, which is as good as it was. */
	if (hash(d, USE_MIX, entropy, 32, state) == 0)
		memcpy(d->state, state, sizeof(state));
	d->counter++;
	mem_wipe(state, sizeof(state));
}

int drbg_bytes(struct drbg *d, void *buf, size_t n)
{
	uint8_t block[SHA256_LEN], *to = buf;
	size_t left, take;
	int err = 0;

	for (left = n; left > 0 && !err; left -= take) {
		d->counter++;
		take = left < sizeof(block) ? left : sizeof(block);
		err = hash(d, USE_OUTPUT, NULL, 0, block);
		if (err)
			break;
		memcpy(to + (n - left), block, take);
	}
	if (!err)
		err = hash(d, USE_NEXT_STATE, NULL, 0, block);
	if (!err)
		memcpy(d->state, block, sizeof(d->state));
	else if (n)
		mem_wipe(buf, n);
	mem_wipe(block, sizeof(block));
	return err;
}
