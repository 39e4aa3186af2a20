/* SPDX-License-Identifier: ISC */
/*
 * What a Binding Update costs an access router before any state changes: the walk over the headers,
 * the checks of the Mobility Header, the MAC.  The limit is the MAC alone.  Prints "NAME
 * PER_SECOND" lines.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "crypto/crypto.h"
#include "wire/lke_message.h"

#define ROUNDS 200000u

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct lke_in6 addr(const char *text)
{
	struct lke_in6 a = { { 0 } };

	if (in6_parse(text, &a) < 0)
		fprintf(stderr, "%s\n", text);
	return a;
}

static size_t make(uint8_t *buf, size_t size)
{
	struct lke_in6 coa2 = addr("2001:db8:2::b01"), ar = addr("2001:db8:1::1"),
		       coa1 = addr("2001:db8:1::b01");
	struct ip6_out o = { .src = coa2, .dst = ar, .hop_limit = 64, .hao = &coa1 };
	struct mh_bu bu = { .seq = 1, .flags = BU_A | BU_H, .lifetime = 60 };
	struct wr w = wr_init(buf, size);
	size_t mh = ip6_begin(&w, &o, IP6_NH_MH);

	mh_bu_encode(&w, &bu, true);
	mh_set_checksum(&w, mh, &coa1, &ar);
	ip6_end(&w);
	return w.off;
}

static int mac(const uint8_t key[16], const struct lke_mac_input *in, uint8_t out[SHA1_LEN])
{
	struct iov_part part[LKE_MAC_PARTS];

	for (size_t n = 0; n < in->n; n++)
		part[n] = (struct iov_part){ in->part[n].p, in->part[n].n };
	return hmac_sha1(key, 16, part, in->n, out);
}

static int whole(const uint8_t *pkt, size_t len, const uint8_t key[16], uint8_t out[SHA1_LEN])
{
	struct lke_mac_input in;
	struct lke_in6 src, dst;
	struct ip6_info i;
	struct mh_view v;
	struct mh_bu bu;

	if (ip6_parse(pkt, len, &i) < 0)
		return -1;
	src = ip6_pseudo_src(&i);
	dst = ip6_pseudo_dst(&i);
	if (mh_check(pkt + i.upper_off, i.upper_len, &src, &dst, &v) < 0 ||
	    mh_bu_decode(&v, &bu) < 0)
		return -1;
	lke_mac_binding(&i.src, &i.dst, v.p, v.len, &in);
	return mac(key, &in, out);
}

int main(void)
{
	uint8_t pkt[256], key[16] = { 1 }, out[SHA1_LEN];
	size_t len = make(pkt, sizeof(pkt));
	struct rsa_key *rsa = NULL;
	struct lke_mac_input in;
	struct ip6_info i;
	double t;

	if (ip6_parse(pkt, len, &i) < 0 || rsa_key_generate(2048, &rsa) < 0)
		return 1;
	lke_mac_binding(&i.src, &i.dst, pkt + i.upper_off, i.upper_len, &in);
	for (unsigned round = 0; round < 5; round++) { /* alternating: the machine's speed drifts */
		t = seconds();
		for (unsigned n = 0; n < ROUNDS; n++)
			if (mac(key, &in, out) < 0)
				return 1;
		printf("mac %.0f\n", ROUNDS / (seconds() - t));
		t = seconds();
		for (unsigned n = 0; n < ROUNDS; n++)
			if (whole(pkt, len, key, out) < 0)
				return 1;
		printf("update %.0f\n", ROUNDS / (seconds() - t));
		printf("rsa2048 %u\n", rsa_key_measure(rsa));
	}
	rsa_key_free(rsa);
	return 0;
}
