/* SPDX-License-Identifier: ISC */
/* The packet socket filter, run by a small interpreter; the kernel runs it in
 * test_netns_steering.c. */
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "check.h"
#include "platform/linux/packet_socket.h"

struct frame {
	uint8_t net[96]; /* from the network header */
	size_t len;
	uint32_t protocol, pkttype, vlan;
};

static uint32_t ancillary(const struct frame *f, uint32_t what)
{
	switch (what) {
	case SKF_AD_PROTOCOL:
		return f->protocol;
	case SKF_AD_PKTTYPE:
		return f->pkttype;
	case SKF_AD_VLAN_TAG_PRESENT:
		return f->vlan;
	default:
		fail_msg("load of %u", what);
		return 0;
	}
}

static uint32_t word(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static bool run_ends(enum packet_kind kind, const struct packet_ends *ends, const struct frame *f)
{
	struct sock_filter p[PACKET_FILTER_MAX];
	size_t n = packet_filter(kind, ends, p), pc = 0;
	uint32_t a = 0;

	while (pc < n) {
		const struct sock_filter *i = &p[pc++];
		int32_t off = (int32_t)i->k;

		switch (i->code) {
		case BPF_LD | BPF_ABS | BPF_W:
			if (off >= SKF_AD_OFF) {
				a = ancillary(f, (uint32_t)(off - SKF_AD_OFF));
				break;
			}
			if ((size_t)(off - SKF_NET_OFF) + 4 > f->len)
				return false;
			a = word(f->net + (off - SKF_NET_OFF));
			break;
		case BPF_LD | BPF_ABS | BPF_B:
			if ((size_t)(off - SKF_NET_OFF) >= f->len)
				return false; /* as in the kernel */
			a = f->net[off - SKF_NET_OFF];
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			pc += a > i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k != 0;
		default:
			fail_msg("instruction %u", i->code);
		}
	}
	fail_msg("ran off the end");
	return false;
}

static bool run(enum packet_kind kind, const struct frame *f)
{
	return run_ends(kind, NULL, f);
}

static struct frame frame(uint8_t next, uint8_t at40, uint8_t at48)
{
	struct frame f = { .len = sizeof(f.net), .protocol = ETH_P_IPV6 };

	f.net[0] = 0x60;
	f.net[6] = next;
	f.net[40] = at40;
	f.net[48] = at48;
	return f;
}

static bool pass(uint8_t next, uint8_t at40, uint8_t at48)
{
	struct frame f = frame(next, at40, at48);

	return run(PACKET_KIND_LINK, &f);
}

static void extension_headers_esp_mh_and_tunnels_pass(void **state)
{
	for (unsigned nh = 0; nh < 256; nh++) {
		bool want = nh == 0 || nh == 43 || nh == 50 || nh == 60 || nh == 135 || nh == 41;

		if (nh == 58 || nh == 44)
			continue;
		assert_int_equal(pass((uint8_t)nh, 59, 0), want);
	}
}

/* 144 to 147: RFC 6275 6.5 to 6.8. */
static void icmpv6_errors_and_neighbour_discovery_pass(void **state)
{
	for (unsigned type = 0; type < 256; type++)
		assert_int_equal(pass(58, (uint8_t)type, 0), (type >= 1 && type <= 4) ||
								     (type >= 133 && type <= 137) ||
								     (type >= 144 && type <= 147));
}

static void mld_behind_hop_by_hop_is_dropped(void **state)
{
	for (unsigned type = 0; type < 256; type++)
		assert_int_equal(pass(0, 58, (uint8_t)type),
				 !((type >= 130 && type <= 132) || type == 143));
}

static void fragments_of_tunnel_packets_and_messages_pass(void **state)
{
	for (unsigned nh = 0; nh < 256; nh++)
		assert_int_equal(pass(44, (uint8_t)nh, 0),
				 nh == 41 || nh == 135 || nh == 60 || nh == 58);
}

static void others_frames_are_dropped(void **state)
{
	struct frame f = frame(135, 0, 0);

	assert_true(run(PACKET_KIND_LINK, &f));
	f.pkttype = PACKET_MULTICAST;
	assert_true(run(PACKET_KIND_LINK, &f));
	f.pkttype = PACKET_OTHERHOST;
	assert_false(run(PACKET_KIND_LINK, &f));
	f.pkttype = PACKET_OUTGOING;
	assert_false(run(PACKET_KIND_LINK, &f));
	f = frame(135, 0, 0);
	f.vlan = 1;
	assert_false(run(PACKET_KIND_LINK, &f));
	f = frame(135, 0, 0);
	f.protocol = ETH_P_IP;
	assert_false(run(PACKET_KIND_LINK, &f));
	f = frame(135, 0, 0);
	f.net[0] = 0x45;
	assert_false(run(PACKET_KIND_LINK, &f));
	f = frame(58, 135, 0);
	f.len = 40;
	assert_false(run(PACKET_KIND_LINK, &f));
}

static void own_tun_hides_protocol_41(void **state)
{
	struct frame f = frame(41, 0, 0);

	assert_false(run(PACKET_KIND_TUN, &f));
	f = frame(44, 41, 0);
	assert_false(run(PACKET_KIND_TUN, &f));
	f = frame(135, 0, 0);
	assert_true(run(PACKET_KIND_TUN, &f));
}

/* Advertise = augment: of what this host sends Router Advertisements alone are seen. */
static void own_router_advertisements_pass_where_asked_for(void **state)
{
	struct frame f = frame(58, 134, 0);

	for (unsigned out = 0; out < 2; out++) {
		for (unsigned type = 0; type < 256; type++) {
			bool in = (type >= 1 && type <= 4) || (type >= 133 && type <= 137) ||
				  (type >= 144 && type <= 147);

			f = frame(58, (uint8_t)type, 0);
			f.pkttype = out ? PACKET_OUTGOING : PACKET_HOST;
			assert_int_equal(run(PACKET_KIND_OWN_RA, &f), out ? type == 134 : in);
		}
	}
	for (unsigned nh = 0; nh < 256; nh++) {
		f = frame((uint8_t)nh, 134, 0);
		f.pkttype = PACKET_OUTGOING;
		assert_int_equal(run(PACKET_KIND_OWN_RA, &f), nh == 58);
		f.pkttype = PACKET_OTHERHOST;
		assert_false(run(PACKET_KIND_OWN_RA, &f));
	}
	f = frame(58, 134, 0);
	f.pkttype = PACKET_OUTGOING;
	f.vlan = 1;
	assert_false(run(PACKET_KIND_OWN_RA, &f));
	f = frame(135, 0, 0);
	assert_true(run(PACKET_KIND_OWN_RA, &f));
}

/* Every packet that lke may have to look at is in exactly one of the two queues, and a message type
 * alone decides between them for the headers that Binding Updates and Key Exchange Requests have.
 */
static void thr_001_requests_have_a_queue_of_their_own(void **state)
{
	static const uint8_t value[] = { 0, 2, 5, 8, 41, 43, 44, 50, 58, 60, 131, 134, 135, 255 };
	static const uint8_t header[] = { 0, 6, 17, 41, 43, 44, 50, 58, 59, 60, 135 };
	enum { N = sizeof(value), H = sizeof(header) };

	for (unsigned n = 0; n < H * N * N * N * N; n++) {
		unsigned k = n / H;
		struct frame f = frame(header[n % H], value[k % N], value[k / N % N]);
		bool all, router, kereq;

		f.net[41] = value[k / N / N % N];
		f.net[42] = f.net[66] = value[k / N / N / N % N];
		all = run(PACKET_KIND_LINK, &f);
		router = run(PACKET_KIND_ROUTER, &f);
		kereq = run(PACKET_KIND_KEREQ, &f);
		assert_int_equal(all, router + kereq);
		assert_int_equal(router, run(PACKET_KIND_OWN_RA, &f));
		if ((f.net[6] == 60 || f.net[6] == 43) && f.net[40] == 135 && f.net[41] == 2)
			assert_int_equal(kereq, f.net[66] == 8);
		if (f.net[6] == 41 || f.net[6] == 50 || f.net[6] == 58)
			assert_false(kereq);
	}
	for (unsigned kind = 0; kind < 2; kind++) {
		struct frame f = frame(60, 135, 0);

		f.net[41] = 2;
		f.net[66] = 8;
		f.pkttype = PACKET_OTHERHOST;
		assert_false(run(kind ? PACKET_KIND_KEREQ : PACKET_KIND_ROUTER, &f));
	}
}

/* On the loopback interface only errors about our tunnel packets matter. */
static void amb_121_errors_only_on_loopback(void **state)
{
	for (unsigned nh = 0; nh < 256; nh++)
		for (unsigned type = 0; type < 256; type++) {
			struct frame f = frame((uint8_t)nh, (uint8_t)type, 0);

			assert_int_equal(run(PACKET_KIND_LOOPBACK, &f),
					 nh == 58 && type >= 1 && type <= 4);
		}
	struct frame f = frame(58, 1, 0);

	f.net[0] = 0x45;
	assert_false(run(PACKET_KIND_LOOPBACK, &f));
}

static struct lke_in6 numbered(unsigned n)
{
	return (struct lke_in6){ { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
				   (uint8_t)n } };
}

static bool passes(const struct packet_ends *e, const struct lke_in6 *dst, uint8_t next,
		   uint8_t at40)
{
	static const enum packet_kind kind[] = { PACKET_KIND_LINK, PACKET_KIND_ROUTER,
						 PACKET_KIND_OWN_RA };
	struct frame f = frame(next, at40, 0);
	bool pass[3];

	f.net[41] = 2; /* of a Binding Update with a Home Address option */
	memcpy(f.net + 24, dst->b, sizeof(dst->b));
	for (unsigned i = 0; i < 3; i++)
		pass[i] = run_ends(kind[i], e, &f);
	assert_int_equal(pass[0], pass[1]);
	assert_int_equal(pass[0], pass[2]);
	return pass[0];
}

/* A router forwards the tunnels and the ESP of others: those are not read. */
static void tunnels_of_others_do_not_pass_a_router(void **state)
{
	static const uint8_t shape[][2] = {
		{ 41, 0 }, { 50, 0 }, { 44, 41 }, { 60, 41 }, { 60, 50 }
	};
	struct packet_ends e = { 0 };

	for (e.n = 0; e.n <= PACKET_ENDS_FILTER; e.n++) {
		for (unsigned i = 0; i < e.n; i++)
			e.addr[i] = numbered(i);
		for (unsigned i = 0; i < e.n + 3; i++) {
			struct lke_in6 dst = numbered(i);

			for (unsigned k = 0; k < sizeof(shape) / sizeof(shape[0]); k++)
				assert_int_equal(passes(&e, &dst, shape[k][0], shape[k][1]),
						 i < e.n);
			/* each word of it counts */
			for (unsigned k = 0; k < 16; k++) {
				struct lke_in6 other = dst;

				other.b[k] ^= 0x80;
				assert_false(passes(&e, &other, 41, 0));
			}
			/* messages, whoever they are to, as before */
			assert_true(passes(&e, &dst, 135, 0));
			assert_true(passes(&e, &dst, 60, 135));
			assert_true(passes(&e, &dst, 58, 135));
			assert_true(passes(&e, &dst, 44, 60));
		}
	}
}

static void more_addresses_than_a_filter_names_are_all_let_through(void **state)
{
	struct packet_ends e = { .n = PACKET_ENDS_FILTER + 1 };
	struct lke_in6 other = numbered(200);

	for (unsigned i = 0; i < e.n; i++)
		e.addr[i] = numbered(i);
	assert_true(passes(&e, &other, 41, 0));
}

static void ends_are_unicast_addresses_each_once(void **state)
{
	struct lke_in6 a = numbered(1), b = numbered(2), local = { { 0xfe, 0x80, [15] = 1 } };
	struct lke_in6 group = { { 0xff, 5, [15] = 1 } }, loopback = { { [15] = 1 } };
	struct packet_ends e = { 0 };

	assert_true(packet_ends_add(&e, &a));
	assert_true(packet_ends_add(&e, &b));
	assert_false(packet_ends_add(&e, &a));
	assert_false(packet_ends_add(&e, &local));
	assert_false(packet_ends_add(&e, &group));
	assert_false(packet_ends_add(&e, &loopback));
	assert_int_equal(e.n, 2);
	packet_ends_remove(&e, &a);
	packet_ends_remove(&e, &a);
	assert_int_equal(e.n, 1);
	assert_true(packet_ends_add(&e, &a));
	for (unsigned i = 0; e.n < PACKET_ENDS_MAX; i++) {
		a = numbered(100);
		a.b[1] = (uint8_t)i;
		(void)packet_ends_add(&e, &a);
	}
	a.b[0] = 0x3f;
	assert_true(packet_ends_add(&e, &a)); /* no room: it is news each time */
	assert_true(packet_ends_add(&e, &a));
	assert_int_equal(e.n, PACKET_ENDS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(extension_headers_esp_mh_and_tunnels_pass),
		cmocka_unit_test(icmpv6_errors_and_neighbour_discovery_pass),
		cmocka_unit_test(mld_behind_hop_by_hop_is_dropped),
		cmocka_unit_test(fragments_of_tunnel_packets_and_messages_pass),
		cmocka_unit_test(others_frames_are_dropped),
		cmocka_unit_test(own_tun_hides_protocol_41),
		cmocka_unit_test(own_router_advertisements_pass_where_asked_for),
		cmocka_unit_test(thr_001_requests_have_a_queue_of_their_own),
		cmocka_unit_test(amb_121_errors_only_on_loopback),
		cmocka_unit_test(tunnels_of_others_do_not_pass_a_router),
		cmocka_unit_test(more_addresses_than_a_filter_names_are_all_let_through),
		cmocka_unit_test(ends_are_unicast_addresses_each_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
