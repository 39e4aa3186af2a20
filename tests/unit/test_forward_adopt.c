/* SPDX-License-Identifier: ISC */
/* Tunnels that the kernel forwarded while there was no daemon: who is taken over, who leaves. */
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "platform/linux/forward.h"
#include "wire/tunnel.h"

enum { SLOTS = 4 };

static const char home[] = "2001:db8:1::1", home2[] = "2001:db8:1::2", home3[] = "2001:db8:1::3";
static const char agent[] = "2001:db8:1::a", coa[] = "2001:db8:2::1", coa2[] = "2001:db8:3::1";

static const lke_time before = 50 * LKE_SEC, until = 60 * LKE_SEC; /* lifetimes, over a restart */

static int tun[2];
static struct fastmap_count counts[SLOTS];
static struct fast_binding told[16];
static unsigned told_n;
static struct fwd *f;

static bool put(void *ctx, const struct fast_binding *b)
{
	assert_true(told_n < 16);
	told[told_n++] = *b;
	return true;
}

static struct fast_binding of(const char *h, uint32_t slot)
{
	return (struct fast_binding){
		.home = A(h), .agent = A(agent), .coa = A(coa), .mtu = 1460, .slot = slot
	};
}

static void open_with(const struct fast_binding *b, size_t n)
{
	struct fwd_conf conf = { .fast = put,
				 .counts = counts,
				 .counts_max = SLOTS,
				 .adopt = b,
				 .adopts = n,
				 .buffer_packets = 8,
				 .buffer_bytes = 1 << 20 };

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, tun), 0);
	conf.tun_fd = tun[1];
	memset(counts, 0, sizeof(counts));
	for (unsigned i = 0; i < SLOTS; i++)
		counts[i].live = before;
	told_n = 0;
	assert_int_equal(fwd_new(&conf, &f), 0);
}

static int close_plane(void **state)
{
	fwd_free(f);
	close(tun[0]);
	close(tun[1]);
	return 0;
}

static void set(const char *h, const char *to, uint64_t credit, bool suspended, bool remove)
{
	struct lke_act_tunnel t = { .home = A(h),
				    .agent = A(agent),
				    .coa = A(to),
				    .credit = credit,
				    .until = until,
				    .suspended = suspended,
				    .remove = remove };

	assert_int_equal(fwd_set_tunnel(f, &t, 1), 0);
}

static uint32_t bindings(void)
{
	struct fwd_counters c;

	fwd_counters(f, &c);
	return c.fast_bindings;
}

static void left(const char *h, uint32_t slot)
{
	struct lke_in6 a = A(h);

	assert_int_equal(told_n, 1);
	assert_true(told[0].remove);
	assert_memory_equal(&told[0].home, &a, sizeof(a));
	assert_int_equal(told[0].slot, slot);
	assert_int_equal(counts[slot].live, 0);
}

static void the_same_tunnel_goes_on(void **state)
{
	struct fast_binding b[] = { of(home2, 3), of(home, 2) };
	struct fwd_tunnel_info i;
	struct lke_in6 h = A(home);

	open_with(b, 2);
	counts[2].encap = 70;
	set(home, coa, UINT64_MAX, false, false);
	assert_int_equal(told_n, 0);
	assert_int_equal(counts[2].live, until);
	assert_int_equal(bindings(), 1);
	/* What was before is not this daemon's. */
	assert_true(fwd_tunnel_info(f, false, &h, &i));
	counts[2].encap = 75;
	assert_true(fwd_tunnel_info(f, false, &h, &i));
	/* It counts from when it was taken over. */
	assert_int_equal(i.encap, 5);
	/* A change takes it back as ever. */
	set(home, coa2, 5000, false, false);
	left(home, 2);
	assert_int_equal(bindings(), 0);
}

/* It had moved a moment before its daemon ended: whether the map knows where to, nobody does. */
static void one_that_was_moving_leaves(void **state)
{
	const struct fast_binding b = of(home, 1);

	open_with(&b, 1);
	counts[1].live = before | FASTMAP_MOVED | FASTMAP_ONE_WAY;
	set(home, coa, UINT64_MAX, false, false);
	left(home, 1);
}

/* It had moved and not settled yet: it goes on into the tunnel alone, until a packet out of it. */
static void one_that_had_moved_goes_on_one_way(void **state)
{
	const struct fast_binding b = of(home, 1);

	open_with(&b, 1);
	counts[1].live = before | FASTMAP_ONE_WAY;
	set(home, coa, UINT64_MAX, false, false);
	assert_int_equal(told_n, 0);
	assert_int_equal(counts[1].live, until | FASTMAP_ONE_WAY);
}

static void another_one_leaves_at_once(void **state)
{
	const struct fast_binding b = of(home, 1);

	open_with(&b, 1);
	set(home, coa2, UINT64_MAX, false, false);
	left(home, 1);
	fwd_free(f);
	open_with(&b, 1);
	set(home, coa, 5000, false, false); /* not proved */
	left(home, 1);
	fwd_free(f);
	open_with(&b, 1);
	set(home, coa, UINT64_MAX, true, false);
	left(home, 1);
	fwd_free(f);
	open_with(&b, 1);
	counts[1].live = 0; /* it slept when the daemon ended */
	set(home, coa, UINT64_MAX, false, false);
	left(home, 1);
	fwd_free(f);
	open_with(&b, 1);
	set(home, coa, UINT64_MAX, false, false);
	set(home, coa, UINT64_MAX, false, true); /* and ended */
	left(home, 1);
}

static void what_does_not_come_back_leaves_at_the_end(void **state)
{
	struct fast_binding b[] = { of(home, 0), of(home2, 1), of(home3, 2) };

	open_with(b, 3);
	set(home2, coa, UINT64_MAX, false, false);
	assert_int_equal(fwd_adopt_end(f), 1);
	assert_int_equal(told_n, 2);
	assert_int_equal(counts[0].live, 0);
	assert_int_equal(counts[1].live, until);
	assert_int_equal(counts[2].live, 0);
	assert_int_equal(fwd_adopt_end(f), 0);
	assert_int_equal(told_n, 2);
	/* Too late: by its first packet, as any. */
	set(home, coa, UINT64_MAX, false, false);
	assert_int_equal(bindings(), 1);
}

/* Two of one slot would be one another's counters; of these the second has none. */
static void slots_of_no_sense_are_not_used(void **state)
{
	struct fast_binding b[] = { of(home, 1), of(home2, 1), of(home3, SLOTS) };

	open_with(b, 3);
	set(home2, coa, UINT64_MAX, false, false);
	set(home3, coa, UINT64_MAX, false, false);
	assert_int_equal(told_n, 2);
	assert_true(told[0].remove && told[1].remove);
	assert_int_equal(counts[1].live, before);
	set(home, coa, UINT64_MAX, false, false);
	assert_int_equal(bindings(), 1);
	assert_int_equal(told_n, 2);
}

static void next_packet(const char *to, lke_time now)
{
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	struct ip6_out o = { .src = A("2001:db8:9::9"), .dst = A(to), .hop_limit = 64 };

	ip6_begin(&w, &o, 59);
	ip6_end(&w);
	assert_int_equal(write(tun[0], buf, w.off), (ssize_t)w.off);
	assert_int_equal(fwd_from_tun(f, 16, now), 1);
}

/* New tunnels get the slots that are free, one each. */
static void a_slot_that_is_taken_over_is_nobody_elses(void **state)
{
	static const char *const more[] = { "2001:db8:1::11", "2001:db8:1::12", "2001:db8:1::13",
					    "2001:db8:1::14" };
	const struct fast_binding b = of(home, 1);
	bool used[SLOTS] = { false };

	open_with(&b, 1);
	set(home, coa, UINT64_MAX, false, false);
	for (unsigned i = 0; i < 4; i++) {
		set(more[i], coa, UINT64_MAX, false, false);
		next_packet(more[i], (i + 2) * LKE_SEC);
	}
	assert_int_equal(told_n, SLOTS - 1);
	for (unsigned i = 0; i < told_n; i++) {
		assert_int_not_equal(told[i].slot, 1);
		assert_false(used[told[i].slot]);
		used[told[i].slot] = true;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(t) cmocka_unit_test_setup_teardown(t, NULL, close_plane)
		T(the_same_tunnel_goes_on),
		T(another_one_leaves_at_once),
		T(one_that_was_moving_leaves),
		T(one_that_had_moved_goes_on_one_way),
		T(what_does_not_come_back_leaves_at_the_end),
		T(slots_of_no_sense_are_not_used),
		T(a_slot_that_is_taken_over_is_nobody_elses),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
