/* SPDX-License-Identifier: ISC */
#include "wire/lke_message.h"

#include <assert.h>

enum {
	MAC_LEN = 20,
	CHECKSUM_LEN = 2,
	FIELDS_MAX = 9, /* the checksum and eight proofs, AMB-170 */
};
_Static_assert(LKE_MAC_PARTS >= 1 + 2 * FIELDS_MAX + 1, "version word, gaps and zeroes, tail");

static const uint8_t zeroes[MAC_LEN];

struct field {
	size_t off, n;
};

static void add_part(struct lke_mac_input *in, const void *p, size_t n)
{
	if (n == 0)
		return;
	assert(in->n < LKE_MAC_PARTS);
	in->part[in->n++] = (struct lke_mac_part){ .p = p, .n = n };
}

/* Keeps the fields in packet order; there are never more than FIELDS_MAX. */
static void insert_field(struct field *f, size_t n, struct field add)
{
	for (; n > 0 && f[n - 1].off > add.off; n--)
		f[n] = f[n - 1];
	f[n] = add;
}

void lke_mac_whole(const uint8_t *pkt, size_t len, size_t checksum_off, const size_t *mac_off,
		   size_t macs, struct lke_mac_input *ret)
{
	struct field field[FIELDS_MAX];
	size_t fields = 0, at = sizeof(ret->first4);

	assert(len >= IP6_HDR_LEN && macs < FIELDS_MAX);
	insert_field(field, fields++, (struct field){ checksum_off, CHECKSUM_LEN });
	for (size_t k = 0; k < macs; k++)
		insert_field(field, fields++, (struct field){ mac_off[k], MAC_LEN });

	*ret = (struct lke_mac_input){ .first4 = { 0x60, 0, 0, 0 } };
	add_part(ret, ret->first4, sizeof(ret->first4));
	for (size_t k = 0; k < fields; k++) {
		assert(field[k].off >= at && field[k].off + field[k].n <= len);
		add_part(ret, pkt + at, field[k].off - at);
		add_part(ret, zeroes, field[k].n);
		at = field[k].off + field[k].n;
	}
	add_part(ret, pkt + at, len - at);
}

void lke_mac_binding(const struct lke_in6 *src, const struct lke_in6 *dst, const uint8_t *mh,
		     size_t mh_len, struct lke_mac_input *ret)
{
	assert(mh_len >= MH_FIXED_LEN + AUTH_DATA_LEN);
	*ret = (struct lke_mac_input){ 0 };
	add_part(ret, src->b, sizeof(src->b));
	add_part(ret, dst->b, sizeof(dst->b));
	add_part(ret, mh, MH_FIXED_LEN - CHECKSUM_LEN);
	add_part(ret, zeroes, CHECKSUM_LEN);
	add_part(ret, mh + MH_FIXED_LEN, mh_len - MH_FIXED_LEN - AUTH_DATA_LEN);
}

uint8_t lke_traffic_class(enum lke_profile profile)
{
	return profile == LKE_PROFILE_DRAFT01 ? 0xf0 : 0xc0;
}
