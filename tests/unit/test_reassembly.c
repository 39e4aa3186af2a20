/* SPDX-License-Identifier: ISC */
/* Fragments of tunnel packets: RFC 8200 4.5, RFC 5722, RFC 6946, RFC 7112, AMB-121, THREATS 79. */
#include <stdio.h>

#include "address.h"
#include "platform/linux/reassembly.h"

static const char ar[] = "2001:db8:1::a", coa[] = "2001:db8:2::1", coa2[] = "2001:db8:2::2";

/* Octet n of the datagrams of these tests. */
static uint8_t octet(size_t n)
{
	return (uint8_t)(n * 7 + n / 251);
}

struct piece {
	const char *src;
	uint32_t id;
	size_t off, len;
	bool more;
	uint8_t tclass, next;
};

static uint8_t *whole;
static size_t whole_len;

static int feed_twisted(struct reassembly *r, const struct piece *p, lke_time now, uint8_t twist)
{
	uint8_t buf[16384];
	struct wr w = wr_init(buf, sizeof(buf));
	struct ip6_out o = {
		.src = A(p->src ? p->src : coa), .dst = A(ar), .hop_limit = 60, .tclass = p->tclass
	};
	struct ip6_info i;

	ip6_begin(&w, &o, IP6_NH_FRAGMENT);
	wr_u8(&w, p->next ? p->next : IP6_NH_IPV6);
	wr_u8(&w, 0);
	wr_u16(&w, (uint16_t)(p->off | p->more));
	wr_u32(&w, p->id);
	for (size_t n = 0; n < p->len; n++)
		wr_u8(&w, octet(p->off + n) ^ twist);
	ip6_end(&w);
	assert_false(w.err);
	assert_int_equal(ip6_parse(buf, w.off, &i), 0);
	return reassembly_input(r, &i, now, &whole, &whole_len);
}

static int feed(struct reassembly *r, const struct piece *p, lke_time now)
{
	return feed_twisted(r, p, now, 0);
}

static void expect_whole(size_t len)
{
	assert_int_equal(whole_len, IP6_HDR_LEN + len);
	assert_int_equal(whole[4] << 8 | whole[5], len);
	assert_int_equal(whole[6], IP6_NH_IPV6);
	assert_int_equal(whole[7], 60);
	for (size_t n = 0; n < len; n++)
		assert_int_equal(whole[IP6_HDR_LEN + n], octet(n));
}

static void amb_121_every_order_gives_the_packet(void **state)
{
	static const unsigned order[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
					      { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	struct reassembly *r = reassembly_new();
	struct reassembly_counters c;

	for (uint32_t k = 0; k < 6; k++) {
		const struct piece p[3] = { { .id = k, .len = 400, .more = true },
					    { .id = k, .off = 400, .len = 408, .more = true },
					    { .id = k, .off = 808, .len = 13 } };

		assert_int_equal(feed(r, &p[order[k][0]], 1), 0);
		assert_int_equal(feed(r, &p[order[k][1]], 1), 0);
		assert_int_equal(feed(r, &p[order[k][2]], 1), 1);
		expect_whole(821);
	}
	reassembly_counters(r, &c);
	assert_int_equal(c.whole, 6);
	reassembly_free(r);
}

/* RFC 5722: an overlap ends the datagram, also for what still comes of it. */
static void thr_079_overlapping_fragments_end_the_packet(void **state)
{
	struct reassembly *r = reassembly_new();
	const struct piece first = { .id = 1, .len = 80, .more = true },
			   over = { .id = 1, .off = 72, .len = 80, .more = true },
			   inside = { .id = 1, .off = 8, .len = 8, .more = true },
			   last = { .id = 1, .off = 80, .len = 8 };

	assert_int_equal(feed(r, &first, 1), 0);
	assert_int_equal(feed(r, &over, 1), -LKE_DROP_FRAGMENT);
	assert_int_equal(feed(r, &last, 1), -LKE_DROP_FRAGMENT);
	assert_int_equal(feed(r, &first, 1), -LKE_DROP_FRAGMENT);
	/* its time over, the same identification begins anew */
	assert_int_equal(feed(r, &first, 1 + 2 * LKE_SEC), 0);
	assert_int_equal(feed(r, &inside, 1 + 2 * LKE_SEC), -LKE_DROP_FRAGMENT);
	reassembly_free(r);
}

static void thr_079_duplicates_do_no_harm_others_in_their_place_do(void **state)
{
	struct reassembly *r = reassembly_new();
	struct piece first = { .id = 1, .len = 80, .more = true },
		     last = { .id = 1, .off = 80, .len = 8 };

	assert_int_equal(feed(r, &first, 1), 0);
	assert_int_equal(feed(r, &first, 1), 0);
	assert_int_equal(feed(r, &last, 1), 1);
	expect_whole(88);
	first.id = last.id = 2;
	assert_int_equal(feed(r, &first, 1), 0);
	assert_int_equal(feed_twisted(r, &first, 1, 0x40), -LKE_DROP_FRAGMENT);
	assert_int_equal(feed(r, &last, 1), -LKE_DROP_FRAGMENT);
	reassembly_free(r);
}

static void thr_079_malformed_fragments_are_dropped(void **state)
{
	static const struct piece bad[] = {
		{ .len = 32, .more = true },	       /* the inner header is not whole */
		{ .len = 84, .more = true },	       /* not a multiple of eight octets */
		{ .off = 80, .len = 0, .more = true }, /* nothing */
		{ .off = 65528, .len = 8 },	       /* beyond 65,535 octets */
		{ .off = 0, .len = 39 },	       /* atomic, too short */
	};
	struct piece big = { .off = REASSEMBLY_OCTETS_MAX, .len = 8, .more = true };
	struct reassembly *r = reassembly_new();

	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++)
		assert_int_equal(feed(r, &bad[n], 1), -LKE_DROP_FRAGMENT);
	assert_int_equal(feed(r, &big, 1), -LKE_DROP_TUNNEL_TOO_BIG);
	reassembly_free(r);
}

/* Two last fragments, or data behind the last one. */
static void thr_079_lengths_that_contradict_each_other(void **state)
{
	struct reassembly *r = reassembly_new();
	const struct piece last = { .id = 1, .off = 160, .len = 8 },
			   behind = { .id = 1, .off = 200, .len = 8, .more = true },
			   middle = { .id = 2, .off = 160, .len = 80, .more = true },
			   early = { .id = 2, .off = 80, .len = 8 };

	assert_int_equal(feed(r, &last, 1), 0);
	assert_int_equal(feed(r, &behind, 1), -LKE_DROP_FRAGMENT);
	assert_int_equal(feed(r, &middle, 1), 0);
	assert_int_equal(feed(r, &early, 1), -LKE_DROP_FRAGMENT);
	reassembly_free(r);
}

/* RFC 6946: an atomic fragment is a packet of its own, whatever waits under its identification. */
static void thr_079_atomic_fragments_stand_alone(void **state)
{
	struct reassembly *r = reassembly_new();
	const struct piece first = { .id = 9, .len = 80, .more = true },
			   last = { .id = 9, .off = 80, .len = 8 }, atomic = { .id = 9, .len = 50 };

	assert_int_equal(feed(r, &first, 1), 0);
	assert_int_equal(feed(r, &atomic, 1), 1);
	expect_whole(50);
	assert_int_equal(feed(r, &last, 1), 1);
	expect_whole(88);
	reassembly_free(r);
}

static void amb_121_two_seconds(void **state)
{
	struct reassembly *r = reassembly_new();
	struct reassembly_counters c;
	const struct piece first = { .id = 1, .len = 80, .more = true },
			   last = { .id = 1, .off = 80, .len = 8 };

	assert_int_equal(feed(r, &first, 5), 0);
	assert_int_equal(feed(r, &last, 5 + 2 * LKE_SEC), 0);
	reassembly_counters(r, &c);
	assert_int_equal(c.expired, 1);
	assert_int_equal(feed(r, &first, 6 + 2 * LKE_SEC), 1);
	reassembly_free(r);
}

/* 64 datagrams, 16 of them of one pair of addresses; the oldest goes first. */
static void amb_121_bounded_in_number(void **state)
{
	struct reassembly *r = reassembly_new();
	struct reassembly_counters c;
	char src[32];
	struct piece p = { .src = src, .len = 80, .more = true };

	for (unsigned n = 0; n < 17; n++) {
		snprintf(src, sizeof(src), "2001:db8:2::1");
		p.id = n;
		assert_int_equal(feed(r, &p, 1), n < 16 ? 0 : -LKE_DROP_LIMIT);
	}
	for (unsigned n = 0; n < 48; n++) {
		snprintf(src, sizeof(src), "2001:db8:7::%x", n + 1);
		assert_int_equal(feed(r, &p, 2), 0);
	}
	snprintf(src, sizeof(src), "%s", coa2);
	assert_int_equal(feed(r, &p, 3), 0);
	reassembly_counters(r, &c);
	assert_int_equal(c.evicted, 1);
	p = (struct piece){ .src = coa2, .id = p.id, .off = 80, .len = 8 };
	assert_int_equal(feed(r, &p, 3), 1);
	reassembly_free(r);
}

static void thr_079_number_of_fragments_is_bounded(void **state)
{
	struct reassembly *r = reassembly_new();
	struct piece p = { .id = 1, .len = 8, .more = true };

	for (unsigned n = 1; n <= REASSEMBLY_FRAGMENTS; n++) {
		p.off = 80 + 8 * (size_t)n;
		assert_int_equal(feed(r, &p, 1), 0);
	}
	p.off += 8;
	assert_int_equal(feed(r, &p, 1), -LKE_DROP_LIMIT);
	reassembly_free(r);
}

/* RFC 3168 5.3. */
static void rfc6040_congestion_marks_of_fragments_are_joined(void **state)
{
	struct reassembly *r = reassembly_new();
	struct piece first = { .id = 1, .len = 80, .more = true, .tclass = 0xb8 | 2 },
		     last = { .id = 1, .off = 80, .len = 8, .tclass = 0xb8 | 3 };

	assert_int_equal(feed(r, &first, 1), 0);
	assert_int_equal(feed(r, &last, 1), 1);
	assert_int_equal((whole[0] << 8 | whole[1]) >> 4 & 0xff, 0xb8 | 3);
	first.tclass = 0xb8;
	assert_int_equal(feed(r, &first, 1), 0);
	assert_int_equal(feed(r, &last, 1), -LKE_DROP_TUNNEL_ECN);
	reassembly_free(r);
}

/* A type 2 routing header or Home Address option must not stand for an outer address. */
static void amb_120_fragments_with_home_addresses_are_dropped(void **state)
{
	struct reassembly *r = reassembly_new();
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	struct lke_in6 home = A("2001:db8:1::1");
	struct ip6_out o = { .src = A(coa), .dst = A(ar), .rh2 = &home };
	struct ip6_info i;

	ip6_begin(&w, &o, IP6_NH_FRAGMENT);
	wr_u8(&w, IP6_NH_IPV6);
	wr_zero(&w, 7 + 80);
	ip6_end(&w);
	assert_int_equal(ip6_parse(buf, w.off, &i), 0);
	assert_int_equal(reassembly_input(r, &i, 1, &whole, &whole_len), -LKE_DROP_FRAGMENT);
	reassembly_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_121_every_order_gives_the_packet),
		cmocka_unit_test(thr_079_overlapping_fragments_end_the_packet),
		cmocka_unit_test(thr_079_duplicates_do_no_harm_others_in_their_place_do),
		cmocka_unit_test(thr_079_malformed_fragments_are_dropped),
		cmocka_unit_test(thr_079_lengths_that_contradict_each_other),
		cmocka_unit_test(thr_079_atomic_fragments_stand_alone),
		cmocka_unit_test(amb_121_two_seconds),
		cmocka_unit_test(amb_121_bounded_in_number),
		cmocka_unit_test(thr_079_number_of_fragments_is_bounded),
		cmocka_unit_test(rfc6040_congestion_marks_of_fragments_are_joined),
		cmocka_unit_test(amb_120_fragments_with_home_addresses_are_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
