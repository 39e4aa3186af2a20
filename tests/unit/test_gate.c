/* SPDX-License-Identifier: ISC */
/* Gates: who may close and open them, and what the kernel is asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/gate.h"

static struct ledger *l;
static unsigned closed, opened, permanent;
static int refused;
static struct lke_in6 last;
static struct tun_quiet never; /* the engine process opens them then */

int nl_gate_close(struct nl *n, uint32_t ifindex, const struct lke_in6 *addr)
{
	assert_int_equal(ifindex, 4);
	closed += refused == 0;
	last = *addr;
	return refused;
}

int nl_gate_open(struct nl *n, uint32_t ifindex, const struct lke_in6 *addr,
		 const struct lke_lladdr *lladdr)
{
	assert_int_equal(ifindex, 4);
	assert_int_equal(lladdr->len, 6);
	assert_int_equal(lladdr->b[5], 9);
	opened++;
	last = *addr;
	return 0;
}

int nl_neigh(struct nl *n, const struct lke_act_neigh *act)
{
	assert_int_equal(act->ifindex, 4);
	assert_int_equal(act->lladdr.b[5], 9);
	assert_false(act->remove);
	permanent++;
	last = act->addr;
	return 0;
}

static int setup(void **state)
{
	static const uint8_t secret[16];

	closed = opened = permanent = 0;
	refused = 0;
	return ledger_new(16, secret, &l);
}

static int teardown(void **state)
{
	ledger_free(l);
	return 0;
}

static struct priv_request request(uint32_t type, uint8_t addr)
{
	struct priv_request r = {
		.type = type, .ifindex = 4, .lladdr_len = 6, .lladdr = { 2, 0, 0, 0, 0, 9 }
	};

	r.addr.b[0] = 0x20;
	r.addr.b[15] = addr;
	return r;
}

static void an_interception_ends_behind_a_gate(void **state)
{
	struct priv_request added = request(PRIV_INTERCEPT, 1), end = added, open;

	added.ifindex = 0;
	added.lladdr_len = 0;
	assert_int_equal(ledger_add(l, &added), 0);
	end.remove = 1;
	gate_close(NULL, l, &end, &never);
	assert_int_equal(closed, 1);
	assert_int_equal(last.b[15], 1);
	open = request(PRIV_GATE, 1);
	assert_int_equal(gate_open(NULL, l, &open), 0);
	assert_int_equal(opened, 1);
	/* once */
	assert_int_equal(gate_open(NULL, l, &open), 0);
	assert_int_equal(opened, 1);
}

static void only_what_is_intercepted_is_closed(void **state)
{
	struct priv_request end = request(PRIV_INTERCEPT, 1), open = request(PRIV_GATE, 1);

	end.remove = 1;
	gate_close(NULL, l, &end, &never);
	assert_int_equal(closed, 0);
	assert_int_equal(gate_open(NULL, l, &open), 0);
	assert_int_equal(opened + permanent, 0);
}

static void without_a_link_layer_address_there_is_none(void **state)
{
	struct priv_request r = request(PRIV_PATH, 1);

	r.lladdr_len = 0;
	gate_close(NULL, l, &r, &never);
	r = request(PRIV_NEIGH, 1);
	gate_close(NULL, l, &r, &never);
	assert_int_equal(closed, 0);
}

static void a_router_is_permanent_again(void **state)
{
	struct priv_request path = request(PRIV_PATH, 1), router = request(PRIV_NEIGH, 7), open;

	path.router = router.addr;
	assert_int_equal(ledger_add(l, &router), 0);
	gate_close(NULL, l, &path, &never);
	gate_close(NULL, l, &path, &never); /* another source address by the same router */
	assert_int_equal(last.b[15], 7);
	open = request(PRIV_GATE, 7);
	assert_int_equal(gate_open(NULL, l, &open), 0);
	assert_int_equal(permanent, 1);
	assert_int_equal(opened, 0);
}

static void what_the_kernel_refused_or_lost_is_not_opened(void **state)
{
	struct priv_request path = request(PRIV_PATH, 1), open = request(PRIV_GATE, 7);

	path.router = open.addr;
	refused = -ENOBUFS;
	gate_close(NULL, l, &path, &never);
	assert_int_equal(gate_open(NULL, l, &open), 0);
	refused = 0;
	gate_close(NULL, l, &path, &never);
	assert_int_equal(closed, 1);
	ledger_forget_link(l, 4);
	assert_int_equal(gate_open(NULL, l, &open), 0);
	assert_int_equal(opened + permanent, 0);
}

static void one_that_nothing_waits_behind_opens_at_once(void **state)
{
	struct priv_request path = request(PRIV_PATH, 1), open = request(PRIV_GATE, 7);
	struct tun_quiet q;
	int tun[2];

	assert_int_equal(pipe(tun), 0);
	assert_int_equal(tun_quiet_open(&q, tun[0]), 0);
	path.router = open.addr;
	gate_close(NULL, l, &path, &q);
	assert_int_equal(write(tun[1], "p", 1), 1);
	assert_false(gate_open_quiet(NULL, l, &path, &q)); /* a packet in the TUN */
	assert_int_equal(opened, 0);
	assert_int_equal(read(tun[0], &(char){ 0 }, 1), 1);
	assert_true(gate_open_quiet(NULL, l, &path, &q));
	assert_int_equal(opened, 1);
	assert_int_equal(last.b[15], 7);
	assert_int_equal(gate_open(NULL, l, &open), 0); /* asked for before that was known */
	assert_int_equal(opened, 1);
	path.lladdr_len = 0;
	assert_false(gate_open_quiet(NULL, l, &path, &q)); /* it closed nothing */
	close(tun[0]);
	close(tun[1]);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_interception_ends_behind_a_gate),
		T(only_what_is_intercepted_is_closed),
		T(without_a_link_layer_address_there_is_none),
		T(a_router_is_permanent_again),
		T(what_the_kernel_refused_or_lost_is_not_opened),
		T(one_that_nothing_waits_behind_opens_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
