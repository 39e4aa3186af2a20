/* SPDX-License-Identifier: ISC */
/* Which tunnels go to the fast path, when, and when they come back. */
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "platform/linux/forward.h"
#include "wire/tunnel.h"

enum { LEN = 60, SLOTS = 4 };

static const char home[] = "2001:db8:1::1", agent[] = "2001:db8:1::a", cn[] = "2001:db8:9::9";
static const char coa[] = "2001:db8:2::1", coa2[] = "2001:db8:3::1";

static int tun[2];
static struct fastmap_count counts[SLOTS];
static struct fast_binding told; /* the last one */
static unsigned puts_, removals;
static bool refuse;
static int one_comes;
static lke_time now; /* a second for each packet */
static struct fwd *f;

static bool put(void *ctx, const struct fast_binding *b)
{
	if (refuse && !b->remove)
		return false;
	told = *b;
	if (b->remove)
		removals++;
	else
		puts_++;
	return true;
}

/* Of the packet sockets; the answers to one_comes questions are yes, that to the next one is no. */
static bool quiet(void *ctx)
{
	return one_comes < 0 || one_comes-- > 0;
}

static int open_plane_mtu(uint32_t path_mtu)
{
	struct fwd_conf conf = { .fast = put,
				 .quiet = quiet,
				 .counts = counts,
				 .counts_max = SLOTS,
				 .path_mtu = path_mtu,
				 .buffer_packets = 8,
				 .buffer_bytes = 1 << 20 };

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, tun), 0);
	conf.tun_fd = tun[1];
	memset(counts, 0, sizeof(counts));
	puts_ = removals = 0;
	refuse = false;
	one_comes = -1;
	now = 1;
	return fwd_new(&conf, &f);
}

static int open_plane(void **state)
{
	return open_plane_mtu(0);
}

static int close_plane(void **state)
{
	fwd_free(f);
	close(tun[0]);
	close(tun[1]);
	return 0;
}

/* Its lifetime ends then. */
static lke_time until = 600 * LKE_SEC;

static void tunnel_to(const char *to, uint64_t credit, bool suspended, bool remove)
{
	struct lke_act_tunnel t = { .home = A(home),
				    .agent = A(agent),
				    .coa = A(to),
				    .credit = credit,
				    .until = until,
				    .suspended = suspended,
				    .remove = remove };

	assert_int_equal(fwd_set_tunnel(f, &t, now), 0);
}

static size_t plain(uint8_t *buf, size_t size)
{
	struct wr w = wr_init(buf, size);
	struct ip6_out o = { .src = A(cn), .dst = A(home), .hop_limit = 64 };

	ip6_begin(&w, &o, 59);
	wr_zero(&w, LEN - IP6_HDR_LEN);
	ip6_end(&w);
	return w.off;
}

/* A packet through the device, which is read until it is empty. */
static void next_packet(void)
{
	uint8_t buf[256];

	now += LKE_SEC;
	assert_int_equal(write(tun[0], buf, plain(buf, sizeof(buf))), LEN);
	assert_int_equal(fwd_from_tun(f, 16, now), 1);
	while (read(tun[0], buf, sizeof(buf)) > 0)
		;
}

static uint32_t bindings(void)
{
	struct fwd_counters c;

	fwd_counters(f, &c);
	return c.fast_bindings;
}

static void a_proved_tunnel_goes_there_behind_its_first_packet(void **state)
{
	struct lke_in6 a = A(agent), to = A(coa), h = A(home);

	tunnel_to(coa, UINT64_MAX, false, false);
	assert_int_equal(puts_, 0);
	next_packet();
	assert_int_equal(puts_, 1);
	assert_int_equal(bindings(), 1);
	/* It sleeps until the map has it and nothing can be overtaken. */
	assert_int_equal(counts[told.slot].live, 0);
	fwd_fast_taken(f, false, &h, told.slot + 1, now);
	next_packet();
	assert_int_equal(counts[told.slot].live, 0);
	fwd_fast_taken(f, false, &h, told.slot, now);
	next_packet();
	assert_int_equal(counts[told.slot].live, until);
	assert_memory_equal(told.home.b, h.b, 16);
	assert_memory_equal(told.agent.b, a.b, 16);
	assert_memory_equal(told.coa.b, to.b, 16);
	assert_int_equal(told.mtu, 1460);
	/* One that lost the race with the update changes nothing, nor does a renewal. */
	next_packet();
	tunnel_to(coa, UINT64_MAX, false, false);
	assert_int_equal(puts_, 1);
	assert_int_equal(removals, 0);
	/* It stops at once, whenever the map follows. */
	tunnel_to(coa, UINT64_MAX, true, false);
	assert_int_equal(counts[told.slot].live, 0);
	assert_int_equal(removals, 1);
}

/* A tunnel that lives there; told is its entry. */
static void live_tunnel(void)
{
	struct lke_in6 h = A(home);

	tunnel_to(coa, UINT64_MAX, false, false);
	next_packet();
	fwd_fast_taken(f, false, &h, told.slot, now);
	next_packet();
	assert_int_equal(counts[told.slot].live, until);
	assert_int_equal(puts_, 1);
}

static size_t from_mobile(uint8_t *buf, size_t size, const char *from)
{
	struct wr w = wr_init(buf, size);
	struct ip6_out outer = { .src = A(from), .dst = A(agent), .hop_limit = 64 };
	struct ip6_out inner = { .src = A(home), .dst = A(cn), .hop_limit = 64 };

	ip6_begin(&w, &outer, 41);
	wr_zero(&w, IP6_HDR_LEN + 8);
	ip6_end(&w);
	w = wr_init(buf + IP6_HDR_LEN, size - IP6_HDR_LEN);
	ip6_begin(&w, &inner, 59);
	wr_zero(&w, 8);
	ip6_end(&w);
	return 2 * IP6_HDR_LEN + 8;
}

/* A packet out of the tunnel; then the device is read until it is empty. */
static void packet_out(const char *from)
{
	uint8_t buf[256];

	now += LKE_SEC;
	assert_int_equal(fwd_from_link(f, 1, buf, from_mobile(buf, sizeof(buf), from), now), 1);
	(void)fwd_from_tun(f, 16, now);
	while (read(tun[0], buf, sizeof(buf)) > 0)
		;
}

/* The next care-of address is proved, too: into the tunnel nothing comes here.  What comes out of
 * it does, behind the Binding Update, until nothing is overtaken. */
static void a_move_leaves_it_where_it_is(void **state)
{
	struct lke_in6 h = A(home), to = A(coa2), third = A("2001:db8:4::1");
	struct fastmap_count *c;

	live_tunnel();
	c = &counts[told.slot];
	until += 4; /* another lifetime */
	tunnel_to(coa2, UINT64_MAX, false, false);
	assert_int_equal(c->live, until | FASTMAP_MOVED | FASTMAP_ONE_WAY);
	assert_memory_equal(c->coa, to.b, 16);
	/* The map follows in its own time. */
	assert_int_equal(puts_, 2);
	assert_memory_equal(told.coa.b, to.b, 16);
	assert_ptr_equal(c, &counts[told.slot]);
	fwd_fast_taken(f, false, &h, told.slot, now);
	assert_int_equal(c->live, until | FASTMAP_ONE_WAY);
	/* Another move, still one way: the slot's address is free again. */
	tunnel_to("2001:db8:4::1", UINT64_MAX, false, false);
	assert_int_equal(c->live, until | FASTMAP_MOVED | FASTMAP_ONE_WAY);
	assert_memory_equal(c->coa, third.b, 16);
	fwd_fast_taken(f, false, &h, told.slot, now);
	/* As long as one waits, it stays so. */
	one_comes = 1;
	packet_out("2001:db8:4::1");
	assert_int_equal(c->live, until | FASTMAP_ONE_WAY);
	one_comes = -1;
	packet_out("2001:db8:4::1");
	assert_int_equal(c->live, until);
	assert_int_equal(removals, 0);
	assert_int_equal(puts_, 3);
	assert_int_equal(bindings(), 1);
	until -= 4;
}

/* Not at once: of what the node kept while it moved some may be under way to this process. */
static void a_move_settles_before_packets_out_go_there(void **state)
{
	uint8_t buf[256];
	struct lke_in6 h = A(home);

	live_tunnel();
	tunnel_to(coa2, UINT64_MAX, false, false);
	fwd_fast_taken(f, false, &h, told.slot, now);
	now += 199 * LKE_MSEC;
	assert_int_equal(fwd_from_link(f, 1, buf, from_mobile(buf, sizeof(buf), coa2), now), 1);
	(void)fwd_from_tun(f, 16, now);
	assert_int_equal(counts[told.slot].live, until | FASTMAP_ONE_WAY);
}

/* The map has not followed yet, so the slot's address is in use: it leaves, and comes again. */
static void a_second_move_at_once_takes_it_back(void **state)
{
	struct lke_in6 h = A(home);
	uint32_t slot;

	live_tunnel();
	slot = told.slot;
	tunnel_to(coa2, UINT64_MAX, false, false);
	tunnel_to(coa, UINT64_MAX, false, false);
	assert_int_equal(counts[slot].live, 0);
	assert_int_equal(removals, 1);
	fwd_fast_taken(f, false, &h, slot, now); /* of the first move */
	assert_int_equal(counts[slot].live, 0);
	next_packet();
	assert_int_equal(puts_, 3);
}

/* What else changes takes it back, as ever; so does a move that the kernel refuses. */
static void what_may_not_move_leaves(void **state)
{
	struct lke_act_buffer keep = { .what = LKE_BUFFER_KEEP, .addr = A(home) };
	struct lke_in6 h = A(home);

	live_tunnel();
	tunnel_to(coa2, 10000, false, false); /* not proved */
	assert_int_equal(removals, 1);
	(void)close_plane(state);
	assert_int_equal(open_plane(state), 0);
	live_tunnel();
	assert_int_equal(fwd_set_buffer(f, &keep, now), 0); /* it leaves */
	assert_int_equal(removals, 1);
	tunnel_to(coa2, UINT64_MAX, false, false);
	assert_int_equal(puts_, 1);
	(void)close_plane(state);
	assert_int_equal(open_plane(state), 0);
	live_tunnel();
	refuse = true; /* too many requests are under way */
	tunnel_to(coa2, UINT64_MAX, false, false);
	assert_int_equal(counts[told.slot].live, 0);
	assert_int_equal(removals, 1);
	(void)close_plane(state);
	assert_int_equal(open_plane(state), 0);
	live_tunnel();
	tunnel_to(coa2, UINT64_MAX, false, false);
	fwd_fast_refused(f, false, &h, told.slot, now);
	assert_int_equal(counts[told.slot].live, 0);
	assert_int_equal(removals, 1);
	assert_int_equal(bindings(), 0);
}

/* The programs end it, too, should nobody be there to do so. */
static void the_map_has_the_lifetime_of_the_last_update(void **state)
{
	const lke_time at_first = until;
	struct lke_in6 h = A(home);

	tunnel_to(coa, UINT64_MAX, false, false);
	next_packet();
	fwd_fast_taken(f, false, &h, told.slot, now);
	until += 60 * LKE_SEC; /* renewed while it sleeps */
	tunnel_to(coa, UINT64_MAX, false, false);
	assert_int_equal(counts[told.slot].live, 0);
	next_packet();
	assert_int_equal(counts[told.slot].live, at_first + 60 * LKE_SEC);
	until = at_first; /* and shorter again */
	tunnel_to(coa, UINT64_MAX, false, false);
	assert_int_equal(counts[told.slot].live, at_first);
	assert_int_equal(puts_, 1);
	assert_int_equal(removals, 0);
}

static void a_packet_that_came_meanwhile_is_not_overtaken(void **state)
{
	struct lke_in6 h = A(home);

	tunnel_to(coa, UINT64_MAX, false, false);
	next_packet();
	fwd_fast_taken(f, false, &h, told.slot, now + LKE_SEC);
	one_comes = 1;
	next_packet();
	assert_int_equal(counts[told.slot].live, 0);
	/* The next packet asks again. */
	next_packet();
	assert_int_equal(counts[told.slot].live, until);
	assert_int_equal(puts_, 1);
}

/* A path of 1280 octets takes packets of 1280 in fragments, which are made here. */
static void amb_121_what_has_to_be_cut_stays_here(void **state)
{
	(void)close_plane(state);
	assert_int_equal(open_plane_mtu(1280), 0);
	tunnel_to(coa, UINT64_MAX, false, false);
	next_packet();
	assert_int_equal(told.mtu, 1240);
}

/* The burst of a handover goes by here. */
static void not_at_once(void **state)
{
	uint8_t buf[256];
	size_t n = plain(buf, sizeof(buf));

	tunnel_to(coa, UINT64_MAX, false, false);
	assert_int_equal(write(tun[0], buf, n), LEN);
	assert_int_equal(fwd_from_tun(f, 16, now + 199 * LKE_MSEC), 1);
	assert_int_equal(puts_, 0);
	next_packet();
	assert_int_equal(puts_, 1);
}

/* While a credit is counted, or nobody may be sent anything, packets come by here. */
static void amb_112_not_while_there_is_a_credit(void **state)
{
	tunnel_to(coa, 10000, false, false);
	next_packet();
	tunnel_to(coa, UINT64_MAX, true, false);
	next_packet();
	assert_int_equal(puts_, 0);
	tunnel_to(coa, UINT64_MAX, false, false);
	next_packet();
	assert_int_equal(puts_, 1);
	tunnel_to(coa, 10000, false, false);
	assert_int_equal(removals, 1);
	assert_int_equal(bindings(), 0);
}

static void every_change_takes_it_back_first(void **state)
{
	struct lke_act_buffer keep = { .what = LKE_BUFFER_KEEP, .addr = A(home) };
	struct lke_in6 h = A(home);

	tunnel_to(coa, UINT64_MAX, false, false);
	next_packet();
	tunnel_to(coa2, UINT64_MAX, false, false);
	assert_int_equal(removals, 1);
	next_packet();
	assert_int_equal(puts_, 2);
	/* It leaves: what waits for it goes before what comes later. */
	assert_int_equal(fwd_set_buffer(f, &keep, now), 0);
	assert_int_equal(removals, 2);
	next_packet();
	assert_int_equal(puts_, 2);
	keep.what = LKE_BUFFER_TUNNEL;
	assert_int_equal(fwd_set_buffer(f, &keep, now), 0);
	next_packet();
	assert_int_equal(puts_, 3);
	fwd_withdraw_begin(f, &h);
	assert_int_equal(removals, 3);
	fwd_withdraw_end(f, &h);
	next_packet();
	assert_int_equal(puts_, 4);
	tunnel_to(coa2, UINT64_MAX, false, true);
	assert_int_equal(removals, 4);
	assert_true(told.remove);
	assert_memory_equal(told.home.b, h.b, 16);
}

/* What is in the device goes first, but not for ever. */
static void not_before_the_device_is_empty(void **state)
{
	uint8_t buf[256];
	size_t n = plain(buf, sizeof(buf));

	tunnel_to(coa, UINT64_MAX, false, false);
	assert_int_equal(write(tun[0], buf, n), LEN);
	now += LKE_SEC;
	for (unsigned i = 0; i <= FWD_TUN_QUEUE; i++) {
		assert_int_equal(puts_, 0);
		assert_int_equal(write(tun[0], buf, n), LEN);
		/* Time alone is no reason: this process may have stood still. */
		assert_int_equal(fwd_from_tun(f, 1, i ? now + 2 * LKE_SEC : now), 1);
	}
	assert_int_equal(puts_, 1);
}

/* A plane that stood still has more to read than before. */
static void not_for_the_time_it_stood_still(void **state)
{
	uint8_t buf[256];
	size_t n = plain(buf, sizeof(buf));

	tunnel_to(coa, UINT64_MAX, false, false);
	now += LKE_SEC;
	for (int i = 0; i < 4; i++)
		assert_int_equal(write(tun[0], buf, n), LEN);
	assert_int_equal(fwd_from_tun(f, 1, now), 1);
	assert_int_equal(fwd_from_tun(f, 2, now + 5 * LKE_SEC), 2);
	assert_int_equal(puts_, 0);
	assert_int_equal(fwd_from_tun(f, 1, now + 5 * LKE_SEC), 1);
	assert_int_equal(puts_, 1);
}

static void counters_go_on(void **state)
{
	struct fwd_tunnel_info i;
	struct fwd_counters c;
	struct lke_in6 h = A(home);

	tunnel_to(coa, UINT64_MAX, false, false);
	next_packet();
	counts[told.slot] = (struct fastmap_count){
		.encap = 5, .encap_bytes = 500, .decap = 7, .decap_bytes = 700, .last = now + 5
	};
	for (int changed = 0; changed < 2; changed++) {
		assert_true(fwd_tunnel_info(f, false, &h, &i));
		assert_int_equal(i.encap, 6);
		assert_int_equal(i.encap_bytes, LEN + 500);
		assert_int_equal(i.decap, 7);
		assert_int_equal(i.decap_bytes, 700);
		assert_int_equal(i.last, now + 5);
		fwd_counters(f, &c);
		assert_int_equal(c.encap, 6);
		assert_int_equal(c.decap, 7);
		assert_int_equal(c.fast_packets, 12);
		tunnel_to(coa2, UINT64_MAX, false, false);
	}
}

/* The kernel has no room, or too many requests are under way: the TUN forwards, a second later it
 * is tried again. */
static void a_refusal_is_tried_again(void **state)
{
	struct lke_in6 h = A(home);
	struct fwd_counters c;

	tunnel_to(coa, UINT64_MAX, false, false);
	next_packet();
	fwd_fast_refused(f, false, &h, told.slot, now + 1);
	fwd_counters(f, &c);
	assert_int_equal(c.fast_bindings, 0);
	assert_int_equal(c.fast_refused, 1);
	next_packet(); /* too early */
	assert_int_equal(puts_, 1);
	refuse = true;
	next_packet();
	refuse = false;
	assert_int_equal(puts_, 1);
	next_packet();
	assert_int_equal(puts_, 2);
	assert_int_equal(removals, 0);
}

/* ---- a mobile node's own tunnels ---- */

enum { LINK = 3 };

static const uint64_t awake = LKE_NEVER & ~(uint64_t)FASTMAP_FLAGS;

static const struct lke_lladdr router = { .len = 6, .b = { 2, 0, 0, 0, 0, 9 } };

static int frames;

static int frame(void *ctx, uint32_t ifindex, const struct lke_lladdr *to, const uint8_t *pkt,
		 size_t len)
{
	frames++;
	return 0;
}

static int open_mobile(void **state)
{
	struct fwd_conf conf = {
		.fast = put, .quiet = quiet, .send = frame, .counts = counts, .counts_max = SLOTS
	};

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, tun), 0);
	conf.tun_fd = tun[1];
	memset(counts, 0, sizeof(counts));
	puts_ = removals = 0;
	refuse = false;
	one_comes = -1;
	now = 1;
	frames = 0;
	return fwd_new(&conf, &f);
}

static struct lke_act_tunnel own_tunnel(const char *from, const char *to)
{
	return (struct lke_act_tunnel){ .home = A(from),
					.agent = A(agent),
					.coa = A(to),
					.credit = UINT64_MAX,
					.mobile_side = true,
					.ifindex = LINK,
					.nexthop = router };
}

static void own(const struct lke_act_tunnel *t)
{
	assert_int_equal(fwd_set_tunnel(f, t, now), 0);
}

/* One from the bound address, by the device. */
static void own_packet(void)
{
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	struct ip6_out o = { .src = A(home), .dst = A(cn), .hop_limit = 64 };

	now += LKE_SEC;
	ip6_begin(&w, &o, 59);
	wr_zero(&w, LEN - IP6_HDR_LEN);
	ip6_end(&w);
	assert_int_equal(write(tun[0], buf, w.off), LEN);
	(void)fwd_from_tun(f, 16, now);
}

static void wake(void)
{
	const struct lke_in6 h = A(home);

	own_packet();
	assert_false(told.remove);
	assert_int_equal(counts[told.slot].live, 0);
	fwd_fast_taken(f, true, &h, told.slot, now);
	own_packet();
	assert_int_equal(counts[told.slot].live, awake);
}

static void own_tunnels_go_there_to_send(void **state)
{
	struct lke_act_tunnel t = own_tunnel(home, coa);
	const struct lke_in6 h = A(home);

	own(&t);
	own_packet();
	assert_int_equal(puts_, 1);
	assert_int_equal(told.ifindex, LINK);
	assert_true(lladdr_eq(&told.nexthop, &router));
	assert_int_equal(told.mtu, 1460);
	/* An agent's binding of that address is another one. */
	fwd_fast_taken(f, false, &h, told.slot, now);
	own_packet();
	assert_int_equal(counts[told.slot].live, 0);
	fwd_fast_taken(f, true, &h, told.slot, now);
	own_packet();
	assert_int_equal(counts[told.slot].live, awake);
	own(&t); /* the same */
	assert_int_equal(removals, 0);
	assert_int_equal(frames, 3);
}

/* ADR 30: what is parked goes before what comes later. */
static void parking_takes_them_back_at_once(void **state)
{
	struct lke_act_tunnel t = own_tunnel(home, coa);
	uint32_t slot;

	own(&t);
	wake();
	slot = told.slot;
	fwd_hold(f, true);
	assert_int_equal(counts[slot].live, 0);
	assert_int_equal(removals, 1);
	assert_true(told.remove);
	assert_int_equal(told.ifindex, LINK);
	own_packet();
	own_packet();
	assert_int_equal(puts_, 1);
	/* Parked packets first. */
	fwd_hold(f, false);
	assert_int_equal(fwd_from_tun(f, 1, now), 1);
	assert_int_equal(puts_, 1);
	assert_int_equal(fwd_from_tun(f, 16, now), 1);
	assert_int_equal(puts_, 2);
}

static void each_change_takes_them_back(void **state)
{
	struct lke_act_tunnel t = own_tunnel(home, coa), other = own_tunnel("2001:db8:1::2", coa);

	own(&t);
	wake();
	t.nexthop.b[5]++;
	own(&t);
	assert_int_equal(removals, 1);
	wake();
	t.ifindex++;
	own(&t);
	assert_int_equal(removals, 2);
	wake();
	own(&other);
	assert_int_equal(removals, 3);
	wake();
	fwd_set_link_mtu(f, t.ifindex, 1400);
	assert_int_equal(removals, 4);
	wake();
	assert_int_equal(told.mtu, 1360);
	t.remove = true;
	own(&t);
	assert_int_equal(removals, 5);
	assert_int_equal(bindings(), 0);
}

/* Tunnels in tunnels, and links without link-layer addresses. */
static void odd_own_tunnels_stay_here(void **state)
{
	struct lke_act_tunnel t = own_tunnel(home, coa), outer = own_tunnel(coa, coa2);

	own(&t);
	own(&outer);
	own_packet();
	assert_int_equal(puts_, 0);
	outer.remove = true;
	own(&outer);
	t.nexthop.len = 0;
	own(&t);
	own_packet();
	assert_int_equal(puts_, 0);
	t.nexthop.len = 6;
	own(&t);
	own_packet();
	assert_int_equal(puts_, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(t) cmocka_unit_test_setup_teardown(t, open_plane, close_plane)
		T(a_proved_tunnel_goes_there_behind_its_first_packet),
		T(a_move_leaves_it_where_it_is),
		T(a_move_settles_before_packets_out_go_there),
		T(a_second_move_at_once_takes_it_back),
		T(what_may_not_move_leaves),
		T(amb_121_what_has_to_be_cut_stays_here),
		T(the_map_has_the_lifetime_of_the_last_update),
		T(a_packet_that_came_meanwhile_is_not_overtaken),
		T(not_at_once),
		T(amb_112_not_while_there_is_a_credit),
		T(every_change_takes_it_back_first),
		T(not_before_the_device_is_empty),
		T(not_for_the_time_it_stood_still),
		T(counters_go_on),
		T(a_refusal_is_tried_again),
#undef T
#define T(t) cmocka_unit_test_setup_teardown(t, open_mobile, close_plane)
		T(own_tunnels_go_there_to_send),
		T(parking_takes_them_back_at_once),
		T(each_change_takes_them_back),
		T(odd_own_tunnels_stay_here),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
