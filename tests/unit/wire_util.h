/* SPDX-License-Identifier: ISC */
/* What the tests of packets share: vectors from files, addresses of the vectors, a small random
 * source. */
#ifndef TESTS_WIRE_UTIL_H
#define TESTS_WIRE_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/in6.h"
#include "wire/mh.h"
#include "wire/nd.h"

static inline struct lke_in6 addr(const char *text)
{
	struct lke_in6 a;

	assert_int_equal(in6_parse(text, &a), 0);
	return a;
}

#define AR_LL	  addr("fe80::a:1")
#define MN_LL	  addr("fe80::200:ff:fe00:b01")
#define AR_GLOBAL addr("2001:db8:1::1")
#define COA1	  addr("2001:db8:1::b01")
#define COA2	  addr("2001:db8:2::b01")

/* Octets of section [name] of tests/vectors/FILE.txt. */
static inline size_t vector(const char *file, const char *name, uint8_t *buf, size_t size)
{
	char path[512], line[256], want[64];
	const char *data = getenv("LKE_TEST_DATA");
	bool inside = false;
	size_t n = 0;

	snprintf(path, sizeof(path), "%s/vectors/%s.txt", data ? data : "tests", file);
	snprintf(want, sizeof(want), "[%s]\n", name);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		unsigned v;
		if (line[0] == '[')
			inside = strcmp(line, want) == 0;
		else if (inside)
			for (char *p = line; sscanf(p, "%2x", &v) == 1 && n < size; p += 2)
				buf[n++] = (uint8_t)v;
	}
	fclose(f);
	assert_true(n > 0);
	return n;
}

/* splitmix64: the same numbers in every run. */
static inline uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline void random_bytes(uint64_t *state, void *buf, size_t n)
{
	for (size_t k = 0; k < n; k++)
		((uint8_t *)buf)[k] = (uint8_t)next_random(state);
}

static inline struct lke_in6 random_global(uint64_t *state)
{
	struct lke_in6 a;

	random_bytes(state, a.b, sizeof(a.b));
	a.b[0] = 0x20;
	return a;
}

/* Everything this floor says about a packet that should be ND or MH (KEReqs with this modulus): 0
 * or a drop. */
static inline int verdict(const uint8_t *pkt, size_t len, size_t modulus)
{
	struct ip6_info i;
	struct nd_msg nd;
	struct mh_view v;
	union {
		struct mh_kereq kereq;
		struct mh_keack keack;
		struct mh_bu bu;
		struct mh_ba ba;
		struct mh_finished fin;
		struct mh_be be;
	} m;
	int e = ip6_parse(pkt, len, &i);

	if (e)
		return e;
	if (i.upper == IP6_NH_ICMPV6)
		return nd_decode(&i, &nd);
	if (i.upper != IP6_NH_MH)
		return -LKE_DROP_NOT_OURS;
	struct lke_in6 src = ip6_pseudo_src(&i), dst = ip6_pseudo_dst(&i);
	e = mh_check(pkt + i.upper_off, i.upper_len, &src, &dst, &v);
	if (e)
		return e;
	switch (v.type) {
	case MH_KEREQ:
		return mh_kereq_decode(&v, modulus, &m.kereq);
	case MH_KEACK:
		return mh_keack_decode(&v, &m.keack);
	case MH_BU:
		return mh_bu_decode(&v, &m.bu);
	case MH_BA:
		return mh_ba_decode(&v, &m.ba);
	case MH_FINISHED:
		return mh_finished_decode(&v, &m.fin);
	case MH_BE:
		return mh_be_decode(&v, &m.be);
	default:
		return 0;
	}
}

#endif
