/* SPDX-License-Identifier: ISC */
/* Records of what an access router keeps: octets, and times of another boot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/ar_record.h"

static struct lke_in6 addr(const char *text)
{
	struct lke_in6 a;

	assert_int_equal(in6_parse(text, &a), 0);
	return a;
}

static struct record full(void)
{
	struct record r = { .kind = RECORD_LBSA };
	struct record_lbsa *l = &r.lbsa;

	l->id = 77;
	strcpy(l->interface, "wlan0");
	l->coa = addr("2001:db8:1::b7");
	l->ar = addr("2001:db8:1::1");
	l->peer_ll = addr("fe80::b7");
	l->peer_lladdr = (struct lke_lladdr){ 6, { 2, 0, 0, 0, 0, 7 } };
	memset(l->kbm.b, 0x5a, sizeof(l->kbm.b));
	l->state = LKE_LBSA_VALID;
	l->proved = l->has_bu_seq = l->forgotten = true;
	l->kex_seq = 0xfffe;
	l->bu_seq = 0xfff0;
	l->expires = 5000 * LKE_SEC;
	l->first_request = 1000 * LKE_SEC;
	l->na_len = sizeof(l->na);
	memset(l->na, 0xa5, sizeof(l->na));
	l->coas = RECORD_COAS;
	for (unsigned n = 0; n < RECORD_COAS; n++)
		l->reach[n] = (struct record_coa){ addr("2001:db8:2::b7"), (n + 1) * LKE_SEC,
						   n * LKE_SEC, (n + 2) * LKE_SEC, n % 2 };
	l->bound = true;
	l->bound_coa = addr("2001:db8:2::b7");
	l->binding = LKE_BINDING_OK;
	l->binding_expires = 1200 * LKE_SEC;
	return r;
}

static void round_trip(const struct record *r)
{
	uint8_t a[LKE_RECORD_MAX], b[LKE_RECORD_MAX];
	struct record back;
	int n = record_encode(r, a, sizeof(a));

	assert_true(n > 0);
	assert_int_equal(record_decode(a, (size_t)n, &back), 0);
	assert_int_equal(record_encode(&back, b, sizeof(b)), n);
	assert_memory_equal(a, b, n);
	/* Every truncation, and one octet too many. */
	for (int k = 0; k < n; k++)
		assert_int_equal(record_decode(a, (size_t)k, &back), LKE_ERR_INVAL);
	a[n] = 0;
	assert_int_equal(record_decode(a, (size_t)n + 1, &back), LKE_ERR_INVAL);
	for (int k = 0; k < n; k++)
		assert_int_equal(record_encode(r, b, (size_t)k), LKE_ERR_SPACE);
}

static void amb_130_records_round_trip(void **state)
{
	struct record r = full();

	round_trip(&r);
	r.lbsa.bound = false;
	r.lbsa.coas = 0;
	r.lbsa.na_len = 0;
	r.lbsa.state = LKE_LBSA_TOMBSTONE;
	round_trip(&r);
	r = (struct record){ .kind = RECORD_GONE, .gone = UINT64_MAX };
	round_trip(&r);
	r = (struct record){ .kind = RECORD_KEY, .key = { 3, 5 * LKE_SEC, 0, { 1, 2, 3 } } };
	round_trip(&r);
	r = (struct record){ .kind = RECORD_SEEN, .seen = { .key_id = 3, .n = RECORD_SEEN_MAX } };
	for (unsigned n = 0; n < RECORD_SEEN_MAX; n++)
		r.seen.hash[n] = UINT64_C(0x0123456789abcdef) * (n + 1);
	round_trip(&r);
}

/* Whatever is accepted is in its range: a changed octet gives another good record, or none. */
static void changed_octets(void **state)
{
	struct record r = full(), back;
	uint8_t a[LKE_RECORD_MAX], b[LKE_RECORD_MAX];
	int n = record_encode(&r, a, sizeof(a));

	for (int k = 0; k < n; k++)
		for (unsigned bit = 0; bit < 8; bit++) {
			a[k] ^= (uint8_t)(1u << bit);
			if (record_decode(a, (size_t)n, &back) == 0) {
				assert_int_equal(record_encode(&back, b, sizeof(b)), n);
				assert_memory_equal(a, b, n);
			}
			a[k] ^= (uint8_t)(1u << bit);
		}
}

static void fields_out_of_range(void **state)
{
	struct record r = full(), back;
	uint8_t a[LKE_RECORD_MAX];
	int n;

#define REFUSED(change)                                                                            \
	do {                                                                                       \
		r = full();                                                                        \
		change;                                                                            \
		n = record_encode(&r, a, sizeof(a));                                               \
		assert_true(n > 0);                                                                \
		assert_int_equal(record_decode(a, (size_t)n, &back), LKE_ERR_INVAL);               \
	} while (0)
	REFUSED(r.lbsa.id = 0);
	REFUSED(r.lbsa.interface[0] = 0);
	REFUSED(memset(r.lbsa.interface, 'x', LKE_IFNAME_MAX));
	REFUSED(r.lbsa.interface[10] = 'x');
	REFUSED(r.lbsa.coa = addr("fe80::1"));
	REFUSED(r.lbsa.ar = addr("ff02::1"));
	REFUSED(r.lbsa.peer_ll = addr("2001:db8::1"));
	REFUSED(r.lbsa.peer_lladdr.len = 5);
	REFUSED(r.lbsa.state = LKE_LBSA_TENTATIVE);
	REFUSED(r.lbsa.state = LKE_LBSA_STATE_COUNT);
	REFUSED(r.lbsa.state = LKE_LBSA_TOMBSTONE); /* bound */
	REFUSED(r.lbsa.expires = LKE_NEVER);
	REFUSED(r.lbsa.binding = LKE_BINDING_PENDING);
	REFUSED(r.lbsa.binding = LKE_BINDING_STATE_COUNT);
	REFUSED(r.lbsa.bound_coa = addr("::1"));
	REFUSED(r.lbsa.reach[0].coa = addr("::"));
#undef REFUSED
	r = (struct record){ .kind = RECORD_KEY };
	r.key.since = LKE_NEVER;
	n = record_encode(&r, a, sizeof(a));
	assert_int_equal(record_decode(a, (size_t)n, &back), LKE_ERR_INVAL);
	a[0] = 99;
	assert_int_equal(record_decode(a, 1, &back), LKE_ERR_INVAL);
}

static void thr_084_times_of_another_boot(void **state)
{
	struct record r = full();

	record_adjust(&r, 0, false);
	assert_int_equal(r.lbsa.expires, 5000 * LKE_SEC);
	assert_int_equal(r.lbsa.bu_seq, 0xfff0);
	/* 1,500 s later in a boot that began 1,000 s into that time. */
	record_adjust(&r, -(int64_t)(1000 * LKE_SEC), false);
	assert_int_equal(r.lbsa.expires, 4000 * LKE_SEC);
	assert_int_equal(r.lbsa.binding_expires, 200 * LKE_SEC);
	assert_int_equal(r.lbsa.first_request, 1); /* before this boot */
	assert_int_equal(r.lbsa.reach[1].proved_until, 1);
	assert_int_equal(r.lbsa.reach[0].proved_until, 0); /* never stays never */
	record_adjust(&r, (int64_t)(10 * LKE_SEC), false);
	assert_int_equal(r.lbsa.expires, 4010 * LKE_SEC);
	/* Nothing runs over. */
	record_adjust(&r, INT64_MAX, false);
	record_adjust(&r, INT64_MAX, false);
	assert_true(r.lbsa.expires < LKE_NEVER);
	record_adjust(&r, INT64_MIN, false);
	assert_true(r.lbsa.expires >= 1);
	r = (struct record){ .kind = RECORD_KEY, .key = { 1, 50 * LKE_SEC, 0, { 0 } } };
	record_adjust(&r, (int64_t)LKE_SEC, true);
	assert_int_equal(r.key.since, 51 * LKE_SEC);
	assert_int_equal(r.key.gone, 0);
}

static void amb_151_floors_that_may_be_behind_are_raised(void **state)
{
	struct record r = full();

	record_adjust(&r, 0, true);
	assert_int_equal(r.lbsa.bu_seq, (uint16_t)(0xfff0 + 64));
	r = full();
	r.lbsa.has_bu_seq = false;
	r.lbsa.bu_seq = 0;
	record_adjust(&r, 0, true);
	assert_int_equal(r.lbsa.bu_seq, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_130_records_round_trip),
		cmocka_unit_test(changed_octets),
		cmocka_unit_test(fields_out_of_range),
		cmocka_unit_test(thr_084_times_of_another_boot),
		cmocka_unit_test(amb_151_floors_that_may_be_behind_are_raised),
	};

	return cmocka_run_group_tests_name("ar_record", tests, NULL, NULL);
}
