/* SPDX-License-Identifier: ISC */
/* Packets that wait in the forwarding plane: order, limits, every way out.  Pipes for the TUN. */
#include <fcntl.h>
#include <unistd.h>

#include "address.h"
#include "platform/linux/forward.h"
#include "wire/tunnel.h"

enum { LEN = 60, LIMIT = 8, NUMBER_OFF = 59 };

static int tun[2];
static uint8_t framed[64]; /* numbers of the packets sent as frames */
static size_t frames;
static struct lke_lladdr frame_to;
static bool link_fails;
static struct fwd *f;

static const char home[] = "2001:db8:1::1", other[] = "2001:db8:1::2", agent[] = "2001:db8:1::a";
static const char coa[] = "2001:db8:2::1", cn[] = "2001:db8:9::9";
static const struct lke_lladdr mac = { 6, { 2, 0, 0, 0, 0, 9 } };

static int frame(void *ctx, uint32_t ifindex, const struct lke_lladdr *to, const uint8_t *p,
		 size_t len)
{
	if (link_fails)
		return -100;
	assert_int_equal(ifindex, 7);
	assert_int_equal(len, LEN);
	framed[frames++] = p[NUMBER_OFF];
	frame_to = *to;
	return 0;
}

static int open_with(unsigned packets, size_t bytes)
{
	struct fwd_conf conf = { .send = frame, .buffer_packets = packets, .buffer_bytes = bytes };

	assert_int_equal(pipe2(tun, O_NONBLOCK | O_DIRECT), 0);
	conf.tun_fd = tun[1];
	frames = 0;
	link_fails = false;
	return fwd_new(&conf, &f);
}

static int open_plane(void **state)
{
	return open_with(LIMIT, 1 << 20);
}

static int close_plane(void **state)
{
	fwd_free(f);
	close(tun[0]);
	close(tun[1]);
	return 0;
}

static int packet(const char *dst, uint8_t number)
{
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	struct ip6_out o = { .src = A(cn), .dst = A(dst), .hop_limit = 64 };

	ip6_begin(&w, &o, 59);
	wr_zero(&w, LEN - IP6_HDR_LEN - 1);
	wr_u8(&w, number);
	ip6_end(&w);
	return fwd_packet(f, buf, w.off, 1);
}

static void buffer(enum lke_buffer what, const char *addr)
{
	struct lke_act_buffer a = { .what = what, .addr = A(addr), .ifindex = 7, .lladdr = mac };

	assert_int_equal(fwd_set_buffer(f, &a, 1), 0);
}

static void tunnel(const char *to, uint64_t credit, bool suspended, bool remove)
{
	struct lke_act_tunnel t = { .home = A(home),
				    .agent = A(agent),
				    .coa = A(to),
				    .credit = credit,
				    .suspended = suspended,
				    .remove = remove };

	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
}

/* The next packet written to the TUN is this one, in a tunnel to coa or plain. */
static void written(uint8_t number, bool tunnelled)
{
	uint8_t buf[256];
	size_t head = tunnelled ? IP6_HDR_LEN : 0;

	assert_int_equal(read(tun[0], buf, sizeof(buf)), LEN + head);
	assert_int_equal(buf[head + NUMBER_OFF], number);
	if (tunnelled) {
		struct lke_in6 to = A(coa);

		assert_memory_equal(buf + 24, to.b, 16);
	}
}

static void nothing_written(void)
{
	uint8_t buf[256];

	assert_int_equal(read(tun[0], buf, sizeof(buf)), -1);
}

static struct fwd_counters counters(void)
{
	struct fwd_counters c;

	fwd_counters(f, &c);
	return c;
}

static unsigned waiting(const char *addr)
{
	struct lke_in6 a = A(addr);
	struct fwd_buffer_info i;

	fwd_buffer_info(f, &a, &i);
	assert_int_equal(i.packets == 0, i.bytes == 0);
	return i.packets;
}

static void kept_packets_go_first_through_the_tunnel(void **state)
{
	buffer(LKE_BUFFER_KEEP, home);
	for (uint8_t n = 0; n < 4; n++)
		assert_int_equal(packet(home, n), 0);
	assert_int_equal(waiting(home), 4);
	tunnel(coa, UINT64_MAX, false, false);
	assert_int_equal(packet(home, 4), 0);
	nothing_written(); /* the tunnel alone does not end it */
	buffer(LKE_BUFFER_TUNNEL, home);
	assert_int_equal(packet(home, 5), 0);
	for (uint8_t n = 0; n < 6; n++)
		written(n, true);
	nothing_written();
	assert_int_equal(waiting(home), 0);
	assert_int_equal(counters().buffered, 5);
	assert_int_equal(counters().flushed, 5);
	assert_int_equal(counters().buffer_bytes, 0);
}

static void a_bound_node_that_moves_loses_nothing(void **state)
{
	tunnel(other, UINT64_MAX, false, false);
	buffer(LKE_BUFFER_KEEP, home);
	assert_int_equal(packet(home, 1), 0);
	tunnel(coa, UINT64_MAX, false, false); /* the new care-of address */
	nothing_written();
	buffer(LKE_BUFFER_TUNNEL, home);
	written(1, true);
	nothing_written();
}

static void kept_packets_go_first_on_the_link(void **state)
{
	struct lke_in6 h = A(home);
	struct lke_lladdr ll;
	uint32_t ifindex;

	buffer(LKE_BUFFER_KEEP, home);
	assert_int_equal(packet(home, 0), 0);
	assert_int_equal(packet(home, 1), 0);
	assert_false(fwd_withdraw_link(f, &h, &ifindex, &ll));
	buffer(LKE_BUFFER_LINK, home);
	fwd_withdraw_begin(f, &h);
	assert_true(fwd_withdraw_link(f, &h, &ifindex, &ll));
	assert_int_equal(ifindex, 7);
	assert_true(lladdr_eq(&ll, &mac));
	assert_int_equal(packet(home, 2), 0);
	assert_int_equal(frames, 3);
	for (uint8_t n = 0; n < 3; n++)
		assert_int_equal(framed[n], n);
	assert_true(lladdr_eq(&frame_to, &mac));
	fwd_withdraw_end(f, &h);
	nothing_written();
	assert_int_equal(counters().on_link, 3);
	/* The route is gone: nothing of it is left. */
	assert_int_equal(packet(home, 3), -LKE_DROP_NOT_OURS);
}

static void a_bound_node_that_returns_gets_them_on_the_link(void **state)
{
	struct lke_in6 h = A(home);

	tunnel(coa, UINT64_MAX, false, false);
	assert_int_equal(packet(home, 0), 0);
	written(0, true);
	buffer(LKE_BUFFER_LINK, home);
	fwd_withdraw_begin(f, &h);
	tunnel(coa, UINT64_MAX, false, true);
	assert_int_equal(packet(home, 1), 0);
	fwd_withdraw_end(f, &h);
	assert_int_equal(frames, 1);
	nothing_written();
}

static void an_unsaid_end_hands_them_back_in_order(void **state)
{
	struct lke_in6 h = A(home);

	tunnel(coa, UINT64_MAX, false, false);
	fwd_withdraw_begin(f, &h);
	tunnel(coa, UINT64_MAX, false, true);
	assert_int_equal(packet(home, 1), 0);
	assert_int_equal(packet(home, 2), 0);
	nothing_written();
	fwd_withdraw_end(f, &h);
	written(1, false);
	written(2, false);
	nothing_written();
	assert_int_equal(packet(home, 3), -LKE_DROP_NOT_OURS);
}

/* A removal of the route that was overtaken by a new interception ends nothing. */
static void an_old_removal_ends_no_new_interception(void **state)
{
	struct lke_in6 h = A(home);

	buffer(LKE_BUFFER_LINK, home);
	fwd_withdraw_begin(f, &h);
	buffer(LKE_BUFFER_KEEP, home);
	assert_int_equal(packet(home, 1), 0);
	fwd_withdraw_end(f, &h);
	nothing_written();
	assert_int_equal(waiting(home), 1);
	buffer(LKE_BUFFER_LINK, home);
	fwd_withdraw_begin(f, &h);
	fwd_withdraw_begin(f, &h);
	fwd_withdraw_end(f, &h);
	assert_int_equal(packet(home, 2), 0); /* one removal is still under way */
	assert_int_equal(frames, 2);
	fwd_withdraw_end(f, &h);
	fwd_withdraw_end(f, &h);
	assert_int_equal(packet(home, 3), -LKE_DROP_NOT_OURS);
}

static void the_oldest_gives_way(void **state)
{
	buffer(LKE_BUFFER_KEEP, home);
	for (uint8_t n = 0; n < LIMIT + 3; n++)
		assert_int_equal(packet(home, n), 0);
	assert_int_equal(waiting(home), LIMIT);
	assert_int_equal(counters().drop[LKE_DROP_BUFFER_FULL], 3);
	tunnel(coa, UINT64_MAX, false, false);
	buffer(LKE_BUFFER_TUNNEL, home);
	for (uint8_t n = 3; n < LIMIT + 3; n++)
		written(n, true);
	nothing_written();
}

static void the_total_never_costs_another_node(void **state)
{
	size_t one;

	close_plane(state);
	assert_int_equal(open_with(LIMIT, 1 << 20), 0);
	buffer(LKE_BUFFER_KEEP, home);
	assert_int_equal(packet(home, 0), 0);
	one = counters().buffer_bytes;
	close_plane(state);
	assert_int_equal(open_with(LIMIT, 3 * one), 0);
	buffer(LKE_BUFFER_KEEP, home);
	buffer(LKE_BUFFER_KEEP, other);
	for (uint8_t n = 0; n < 3; n++)
		assert_int_equal(packet(home, n), 0);
	assert_int_equal(packet(other, 9), 0);
	assert_int_equal(waiting(other), 0);
	assert_int_equal(waiting(home), 3);
	assert_int_equal(packet(home, 3), 0); /* its own oldest */
	assert_int_equal(waiting(home), 3);
	assert_int_equal(counters().drop[LKE_DROP_BUFFER_FULL], 2);
	assert_int_equal(counters().buffer_bytes, 3 * one);
	buffer(LKE_BUFFER_DROP, home);
	assert_int_equal(counters().buffer_bytes, 0);
	assert_int_equal(packet(other, 9), 0);
	assert_int_equal(waiting(other), 1);
}

static void their_time_is_over(void **state)
{
	struct lke_in6 h = A(home);

	buffer(LKE_BUFFER_KEEP, home);
	assert_int_equal(packet(home, 1), 0);
	assert_int_equal(packet(home, 2), 0);
	buffer(LKE_BUFFER_DROP, home);
	fwd_withdraw_begin(f, &h);
	fwd_withdraw_end(f, &h);
	nothing_written(); /* no error to anybody either */
	assert_int_equal(frames, 0);
	assert_int_equal(counters().drop[LKE_DROP_BUFFER_TIME], 2);
	assert_int_equal(counters().buffer_packets, 0);
}

static void amb_112_over_the_credit_they_wait_for_the_finished(void **state)
{
	tunnel(coa, 2 * LEN + 10, false, false);
	for (uint8_t n = 0; n < 5; n++)
		assert_int_equal(packet(home, n), 0);
	written(0, true);
	written(1, true);
	nothing_written();
	assert_int_equal(waiting(home), 3);
	assert_int_equal(counters().drop[LKE_DROP_TUNNEL_CREDIT], 0);
	tunnel(coa, 3 * LEN, false, false); /* volume raises it: one more */
	written(2, true);
	nothing_written();
	tunnel(coa, UINT64_MAX, false, false); /* the Finished */
	assert_int_equal(packet(home, 5), 0);
	for (uint8_t n = 3; n < 6; n++)
		written(n, true);
	nothing_written();
	assert_int_equal(waiting(home), 0);
}

static void amb_112_a_small_packet_does_not_overtake_a_large_one(void **state)
{
	uint8_t buf[512];
	struct wr w = wr_init(buf, sizeof(buf));
	struct ip6_out o = { .src = A(cn), .dst = A(home), .hop_limit = 64 };

	ip6_begin(&w, &o, 59);
	wr_zero(&w, 200);
	ip6_end(&w);
	tunnel(coa, 2 * LEN, false, false);
	assert_int_equal(fwd_packet(f, buf, w.off, 1), 0);
	assert_int_equal(packet(home, 1), 0);
	nothing_written();
	assert_int_equal(waiting(home), 2);
}

static void amb_112_suspension_ends_the_waiting(void **state)
{
	tunnel(coa, LEN, false, false);
	assert_int_equal(packet(home, 0), 0);
	assert_int_equal(packet(home, 1), 0);
	written(0, true);
	tunnel(coa, LEN, true, false);
	assert_int_equal(waiting(home), 0);
	assert_int_equal(counters().drop[LKE_DROP_BUFFER_TIME], 1);
	assert_int_equal(packet(home, 2), -LKE_DROP_TUNNEL_CREDIT);
	nothing_written();
}

static void waiting_ends_with_the_tunnel(void **state)
{
	tunnel(coa, LEN, false, false);
	assert_int_equal(packet(home, 0), 0);
	assert_int_equal(packet(home, 1), 0);
	tunnel(coa, LEN, false, true);
	assert_int_equal(waiting(home), 0);
	assert_int_equal(counters().drop[LKE_DROP_BUFFER_TIME], 1);
	assert_int_equal(packet(home, 2), -LKE_DROP_NOT_OURS);
}

static void without_a_buffer_credit_is_a_limit(void **state)
{
	struct lke_in6 h = A(home);

	close_plane(state);
	assert_int_equal(open_with(0, 0), 0);
	tunnel(coa, LEN, false, false);
	assert_int_equal(packet(home, 0), 0);
	assert_int_equal(packet(home, 1), -LKE_DROP_TUNNEL_CREDIT);
	written(0, true);
	/* The end of an interception still loses nothing. */
	fwd_withdraw_begin(f, &h);
	tunnel(coa, LEN, false, true);
	assert_int_equal(packet(home, 2), 0);
	fwd_withdraw_end(f, &h);
	written(2, false);
}

static void a_link_that_refuses_is_counted(void **state)
{
	buffer(LKE_BUFFER_KEEP, home);
	assert_int_equal(packet(home, 0), 0);
	link_fails = true;
	buffer(LKE_BUFFER_LINK, home);
	assert_int_equal(counters().send_errors, 1);
	assert_int_equal(counters().on_link, 0);
	assert_int_equal(waiting(home), 0);
}

static void queues_are_bounded(void **state)
{
	struct lke_act_buffer a = { .what = LKE_BUFFER_KEEP, .addr = A(home) };

	for (unsigned n = 0; n < FWD_QUEUES_MAX; n++) {
		a.addr.b[12] = (uint8_t)(n >> 8);
		a.addr.b[13] = (uint8_t)n;
		assert_int_equal(fwd_set_buffer(f, &a, 1), 0);
	}
	a.addr.b[11] = 1;
	assert_int_equal(fwd_set_buffer(f, &a, 1), LKE_ERR_NOMEM);
	/* What is over needs no place. */
	a.addr.b[11] = 0;
	a.what = LKE_BUFFER_DROP;
	assert_int_equal(fwd_set_buffer(f, &a, 1), 0);
	a.what = LKE_BUFFER_KEEP;
	a.addr.b[11] = 1;
	assert_int_equal(fwd_set_buffer(f, &a, 1), 0);
}

static void what_waits_at_the_end_is_wiped(void **state)
{
	buffer(LKE_BUFFER_KEEP, home);
	for (uint8_t n = 0; n < 4; n++)
		assert_int_equal(packet(home, n), 0);
	/* fwd_free() in the teardown: the sanitizers see what is left. */
}

#define T(name) cmocka_unit_test_setup_teardown(name, open_plane, close_plane)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(kept_packets_go_first_through_the_tunnel),
		T(a_bound_node_that_moves_loses_nothing),
		T(kept_packets_go_first_on_the_link),
		T(a_bound_node_that_returns_gets_them_on_the_link),
		T(an_unsaid_end_hands_them_back_in_order),
		T(an_old_removal_ends_no_new_interception),
		T(the_oldest_gives_way),
		T(the_total_never_costs_another_node),
		T(their_time_is_over),
		T(amb_112_over_the_credit_they_wait_for_the_finished),
		T(amb_112_a_small_packet_does_not_overtake_a_large_one),
		T(amb_112_suspension_ends_the_waiting),
		T(waiting_ends_with_the_tunnel),
		T(without_a_buffer_credit_is_a_limit),
		T(a_link_that_refuses_is_counted),
		T(queues_are_bounded),
		T(what_waits_at_the_end_is_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
