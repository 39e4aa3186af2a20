/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/in6.h"
#include "daemon/priv_msg.h"
#include "daemon/reload.h"

/* Interface 3 is of a mobile node, 4 of an agent. */
static bool interface_ok(void *ctx, uint32_t ifindex, bool mn)
{
	return ifindex == 3 || (!mn && ifindex == 4);
}

static bool home_ok(void *ctx, const struct lke_in6 *home)
{
	return home->b[15] == 0x42;
}

static bool served_ok(void *ctx, const struct lke_in6 *a)
{
	return a->b[15] == 0x77;
}

static const struct priv_limits limits = { interface_ok, home_ok, served_ok, NULL, true, true };

static struct lke_in6 addr(const char *text)
{
	struct lke_in6 a;

	assert_int_equal(in6_parse(text, &a), 0);
	return a;
}

static int check(const struct priv_request *r)
{
	return priv_check(r, sizeof(*r), &limits);
}

static struct priv_request addr_request(void)
{
	return (struct priv_request){ .type = PRIV_ADDR,
				      .cookie = 7,
				      .ifindex = 3,
				      .addr = addr("2001:db8::1"),
				      .prefix_len = 64,
				      .valid = 100,
				      .preferred = 50 };
}

static void actions_survive_the_way_through_a_request(void **state)
{
	struct lke_action a = { .type = LKE_ACT_NEIGH };
	struct lke_act_neigh back;
	struct priv_request r;

	a.neigh = (struct lke_act_neigh){ .ifindex = 3,
					  .addr = addr("fe80::1"),
					  .lladdr = { 6, { 2, 0, 0, 0, 0, 9 } } };
	assert_true(priv_from_action(&a, 99, &r));
	assert_int_equal(r.cookie, 99);
	assert_int_equal(check(&r), 0);
	back = priv_to_neigh(&r);
	assert_int_equal(back.ifindex, 3);
	assert_int_equal(back.lladdr.b[5], 9);
	assert_int_equal(back.lladdr.len, 6);
	assert_false(back.remove);
	a = (struct lke_action){ .type = LKE_ACT_CHECKPOINT };
	a.checkpoint = (struct lke_act_checkpoint){ addr("2001:db8::42"), 2, 65535, 64, true };
	assert_true(priv_from_action(&a, 1, &r));
	assert_int_equal(check(&r), 0);
	assert_int_equal(priv_to_checkpoint(&r).floor, 65535);
	assert_true(priv_to_checkpoint(&r).suspended);
	a = (struct lke_action){ .type = LKE_ACT_SEND };
	assert_false(priv_from_action(&a, 1, &r));
}

static void requests_of_another_length_or_type_are_refused(void **state)
{
	struct priv_request r = addr_request();

	assert_int_equal(check(&r), 0);
	assert_int_equal(priv_check(&r, sizeof(r) - 1, &limits), -EBADMSG);
	assert_int_equal(priv_check(&r, sizeof(r) + 1, &limits), -EBADMSG);
	r.type = PRIV_STOP + 1;
	assert_int_equal(check(&r), -EINVAL);
	r.type = PRIV_STOP;
	assert_int_equal(check(&r), -EINVAL);
	r = (struct priv_request){ .type = 0 };
	assert_int_equal(check(&r), -EINVAL);
}

static void every_unused_octet_must_be_zero(void **state)
{
	struct priv_request good = { .type = PRIV_READY };

	assert_int_equal(check(&good), 0);
	for (size_t i = 0; i < sizeof(good); i++) {
		struct priv_request r = good;

		if (i < 4 || (i >= offsetof(struct priv_request, cookie) &&
			      i < offsetof(struct priv_request, cookie) + 8))
			continue;
		((uint8_t *)&r)[i] = 1;
		assert_int_equal(check(&r), -EINVAL);
	}
}

static void op_reload_requests_are_checked(void **state)
{
	struct priv_request r = { .type = PRIV_RELOAD };

	assert_int_equal(check(&r), -EINVAL);
	for (r.kind = RELOAD_CHANGE; r.kind < RELOAD_KINDS; r.kind++)
		assert_int_equal(check(&r), 0);
	assert_int_equal(check(&r), -EINVAL);
	r.kind = RELOAD_CHANGE;
	r.valid = RELOAD_CONFIRM_MAX;
	assert_int_equal(check(&r), 0);
	r.valid++;
	assert_int_equal(check(&r), -EINVAL);
	r.valid = 0;
	r.ifindex = 1;
	assert_int_equal(check(&r), -EINVAL);
	r = (struct priv_request){ .type = PRIV_CONFIGURED, .used = 1006 };
	assert_int_equal(check(&r), 0);
	r.kind = 1;
	assert_int_equal(check(&r), -EINVAL);
	/* These go to the engine process only. */
	for (r = (struct priv_request){ .type = PRIV_STOP }; r.type <= PRIV_RELOADED; r.type++)
		assert_int_equal(check(&r), -EINVAL);
}

static void addresses_are_range_checked(void **state)
{
	struct priv_request r = addr_request();

	r.prefix_len = 129;
	assert_int_equal(check(&r), -EINVAL);
	r = addr_request();
	r.preferred = 101;
	assert_int_equal(check(&r), -EINVAL);
	r = addr_request();
	r.ifindex = 5;
	assert_int_equal(check(&r), -EPERM);
	r = addr_request();
	r.addr = addr("ff02::1");
	assert_int_equal(check(&r), -EINVAL);
	r.addr = addr("::1");
	assert_int_equal(check(&r), -EINVAL);
	r = addr_request();
	r.ifindex = 0; /* the TUN: home addresses are global */
	assert_int_equal(check(&r), 0);
	r.addr = addr("fe80::1");
	assert_int_equal(check(&r), -EINVAL);
	r = addr_request();
	r.remove = 2;
	assert_int_equal(check(&r), -EINVAL);
}

static void paths_belong_to_the_mobile_node(void **state)
{
	struct priv_request r = { .type = PRIV_PATH,
				  .addr = addr("2001:db8::5"),
				  .kind = LKE_PATH_ROUTER,
				  .ifindex = 3,
				  .router = addr("fe80::1") };
	struct priv_limits agent = limits;

	assert_int_equal(check(&r), 0);
	r.ifindex = 4;
	assert_int_equal(check(&r), -EPERM);
	r.ifindex = 3;
	r.router = addr("2001:db8::1");
	assert_int_equal(check(&r), -EINVAL);
	r = (struct priv_request){ .type = PRIV_PATH, .kind = LKE_PATH_TUNNEL };
	assert_int_equal(check(&r), 0); /* main table */
	r.kind = LKE_PATH_TUNNEL + 1;
	assert_int_equal(check(&r), -EINVAL);
	r.kind = LKE_PATH_TUNNEL;
	agent.mn = false;
	assert_int_equal(priv_check(&r, sizeof(r), &agent), -EPERM);
}

static void settings_of_a_link_are_checked(void **state)
{
	struct lke_action a = { .type = LKE_ACT_LINK,
				.link = { .ifindex = 3, .mtu = 1280, .hop_limit = 255 } };
	struct priv_request r;

	assert_true(priv_from_action(&a, 0, &r));
	assert_int_equal(check(&r), 0);
	r.valid = r.preferred = 0; /* as they were */
	assert_int_equal(check(&r), 0);
	r.valid = 1279;
	assert_int_equal(check(&r), -EINVAL);
	r.valid = 65536;
	assert_int_equal(check(&r), -EINVAL);
	r.valid = 1500;
	r.preferred = 256;
	assert_int_equal(check(&r), -EINVAL);
	r.preferred = 64;
	r.addr = addr("2001:db8::5");
	assert_int_equal(check(&r), -EINVAL);
	r.addr = in6_unspecified;
	r.ifindex = 4; /* not a mobile node's */
	assert_int_equal(check(&r), -EPERM);
}

static void steering_interception_neighbours_and_floors_are_checked(void **state)
{
	struct priv_request r = {
		.type = PRIV_STEER, .kind = LKE_STEER_SPI, .addr = addr("2001:db8::5"), .spi = 256
	};
	struct priv_limits mn = limits;

	assert_int_equal(check(&r), 0);
	r.spi = 255;
	assert_int_equal(check(&r), -EINVAL);
	r = (struct priv_request){ .type = PRIV_STEER,
				   .kind = LKE_STEER_MINE,
				   .addr = addr("fe80::5") };
	assert_int_equal(check(&r), -EINVAL);
	r = (struct priv_request){ .type = PRIV_INTERCEPT, .addr = addr("2001:db8::77") };
	assert_int_equal(check(&r), 0);
	r.addr = addr("2001:db8::5"); /* neither a home address nor on a link of ours */
	assert_int_equal(check(&r), -EPERM);
	r.remove = 1;
	assert_int_equal(check(&r), 0);
	mn.agent = false;
	assert_int_equal(priv_check(&r, sizeof(r), &mn), -EPERM);
	r.addr = addr("fe80::5");
	assert_int_equal(check(&r), -EINVAL);
	r = (struct priv_request){ .type = PRIV_NEIGH,
				   .ifindex = 3,
				   .addr = addr("fe80::5"),
				   .lladdr_len = 6,
				   .lladdr = { 1 } }; /* a group address */
	assert_int_equal(check(&r), -EINVAL);
	r.lladdr[0] = 2;
	assert_int_equal(check(&r), 0);
	r.ifindex = 4; /* an agent's: the kernel keeps its neighbours itself */
	assert_int_equal(check(&r), -EPERM);
	r = addr_request();
	r.ifindex = 4;
	assert_int_equal(check(&r), -EPERM);
	r = (struct priv_request){ .type = PRIV_CHECKPOINT,
				   .addr = addr("2001:db8::43"),
				   .floor = 1 };
	assert_int_equal(check(&r), -EPERM);
	r.addr = addr("2001:db8::42");
	assert_int_equal(check(&r), 0);
	r.floor = 65536;
	assert_int_equal(check(&r), -EINVAL);
}

static void bindings_of_the_fast_path_are_checked(void **state)
{
	const struct fast_binding b = { .home = addr("2001:db8::42"),
					.agent = addr("2001:db8::1"),
					.coa = addr("2001:db8:1::42"),
					.mtu = 1460,
					.slot = 7 };
	struct priv_request r = priv_from_fast(&b);
	struct fast_binding back = priv_to_fast(&r);

	assert_true(in6_eq(&back.home, &b.home) && in6_eq(&back.agent, &b.agent) &&
		    in6_eq(&back.coa, &b.coa));
	assert_true(back.mtu == b.mtu && back.slot == b.slot && !back.remove);
	assert_int_equal(check(&r), 0);
	r.valid = 1240; /* a link of 1280 */
	assert_int_equal(check(&r), 0);
	r.valid = 1239;
	assert_int_equal(check(&r), -EINVAL);
	r = priv_from_fast(&b);
	r.coa = addr("ff02::1");
	assert_int_equal(check(&r), -EINVAL);
	r = priv_from_fast(&b);
	r.addr = addr("fe80::1");
	assert_int_equal(check(&r), -EINVAL);
	r = priv_from_fast(&b);
	r.ifindex = 3;
	assert_int_equal(check(&r), -EINVAL);
}

/* A mobile node's own tunnel leaves by one of its links, in an Ethernet frame. */
static void tunnels_of_a_mobile_node_are_checked(void **state)
{
	const struct fast_binding b = { .home = addr("2001:db8::42"),
					.agent = addr("2001:db8::1"),
					.coa = addr("2001:db8:1::42"),
					.mtu = 1460,
					.slot = 7,
					.ifindex = 3,
					.nexthop = { .len = 6, .b = { 2, 1, 2, 3, 4, 5 } } };
	struct priv_request r = priv_from_fast(&b);
	struct fast_binding back = priv_to_fast(&r);
	struct priv_limits agent = limits;

	assert_int_equal(back.ifindex, 3);
	assert_true(lladdr_eq(&back.nexthop, &b.nexthop));
	assert_int_equal(check(&r), 0);
	agent.mn = false;
	assert_int_equal(priv_check(&r, sizeof(r), &agent), -EPERM);
	r.lladdr_len = 0;
	assert_int_equal(check(&r), -EINVAL);
	r = priv_from_fast(&b);
	r.ifindex = 4;
	assert_int_equal(check(&r), -EPERM);
	r.remove = 1;
	assert_int_equal(check(&r), 0);
}

static void gates_are_checked(void **state)
{
	const struct priv_request gate = { .type = PRIV_GATE,
					   .ifindex = 4,
					   .addr = addr("2001:db8::5"),
					   .lladdr_len = 6,
					   .lladdr = { 2 } };
	struct priv_request r = gate;

	assert_int_equal(check(&r), 0);
	r.remove = 1;
	assert_int_equal(check(&r), -EINVAL);
	r = gate;
	r.lladdr[0] = 1;
	assert_int_equal(check(&r), -EINVAL);
	r = gate;
	r.lladdr_len = 0;
	assert_int_equal(check(&r), -EINVAL);
	r = gate;
	r.ifindex = 5;
	assert_int_equal(check(&r), -EPERM);
	r = gate;
	r.addr = addr("ff02::1");
	assert_int_equal(check(&r), -EINVAL);

	/* An interception closes one when it ends, not when it begins. */
	r = gate;
	r.type = PRIV_INTERCEPT;
	r.addr = addr("2001:db8::77");
	assert_int_equal(check(&r), -EINVAL);
	r.remove = 1;
	assert_int_equal(check(&r), 0);
	r.ifindex = 5;
	assert_int_equal(check(&r), -EPERM);
	r.ifindex = 0;
	assert_int_equal(check(&r), -EINVAL);

	/* A path closes one when it leads to a router. */
	r = gate;
	r.type = PRIV_PATH;
	r.ifindex = 3;
	r.kind = LKE_PATH_ROUTER;
	r.router = addr("fe80::1");
	assert_int_equal(check(&r), 0);
	r.lladdr[0] = 1;
	assert_int_equal(check(&r), -EINVAL);
	r = gate;
	r.type = PRIV_PATH;
	r.ifindex = 0;
	r.kind = LKE_PATH_TUNNEL;
	assert_int_equal(check(&r), -EINVAL);
}

static void descriptors_travel_beside_a_record(void **state)
{
	struct priv_reply reply = { .cookie = 5, .type = PRIV_OPEN_LINK }, got;
	int pair[2], fd, null;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(priv_receive(pair[1], &got, sizeof(got), &fd), -EAGAIN);
	assert_int_equal(priv_send(pair[0], &reply, sizeof(reply), null), 0);
	assert_int_equal(priv_receive(pair[1], &got, sizeof(got), &fd), sizeof(got));
	assert_int_equal(got.cookie, 5);
	assert_true(fd >= 0 && fd != null);
	close(fd);
	assert_int_equal(priv_send(pair[0], &reply, sizeof(reply), -1), 0);
	/* A cut record shows its true length. */
	assert_int_equal(priv_receive(pair[1], &got, 4, &fd), sizeof(reply));
	assert_int_equal(fd, -1);
	close(pair[0]);
	assert_int_equal(priv_receive(pair[1], &got, sizeof(got), &fd), 0);
	close(pair[1]);
	close(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(actions_survive_the_way_through_a_request),
		cmocka_unit_test(requests_of_another_length_or_type_are_refused),
		cmocka_unit_test(every_unused_octet_must_be_zero),
		cmocka_unit_test(op_reload_requests_are_checked),
		cmocka_unit_test(addresses_are_range_checked),
		cmocka_unit_test(paths_belong_to_the_mobile_node),
		cmocka_unit_test(settings_of_a_link_are_checked),
		cmocka_unit_test(steering_interception_neighbours_and_floors_are_checked),
		cmocka_unit_test(bindings_of_the_fast_path_are_checked),
		cmocka_unit_test(tunnels_of_a_mobile_node_are_checked),
		cmocka_unit_test(gates_are_checked),
		cmocka_unit_test(descriptors_travel_beside_a_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
