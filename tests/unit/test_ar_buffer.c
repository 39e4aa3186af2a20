/* SPDX-License-Identifier: ISC */
/* Nodes that leave, at the access router: announcements, hints, and every end (docs/adr/0030). */
#include "ar_fixture.h"

#include <string.h>

static struct arf f;
static struct arf_mn mn;
static const struct arf_bu leave = { .at_home = true, .leaving = true };
static const struct arf_bu stay = { .at_home = true };
static const struct arf_bu up = { .lifetime = 60 };

static int open_profile(enum lke_profile profile, void (*tune)(struct lke_config *))
{
	arf_open(&f, profile, tune);
	mn = arf_mobile(1);
	arf_attach(&f, &mn);
	return 0;
}

static int open_default(void **state)
{
	return open_profile(LKE_PROFILE_DEFAULT, NULL);
}

static int open_draft01(void **state)
{
	return open_profile(LKE_PROFILE_DRAFT01, NULL);
}

static void no_buffer(struct lke_config *cfg)
{
	cfg->ar[0].buffer = false;
}

static int open_without(void **state)
{
	return open_profile(LKE_PROFILE_DEFAULT, no_buffer);
}

static int done(void **state)
{
	arf_close(&f);
	return 0;
}

/* Sends a BU with the next number; the status of the answer, which must be signed. */
static uint8_t say(const struct arf_bu *o)
{
	unsigned before = arf_count(&f, LKE_MSG_BA);
	struct mh_ba ba;
	bool is_signed;

	arf_bu(&f, &mn, o);
	assert_int_equal(arf_count(&f, LKE_MSG_BA), before + 1);
	ba = arf_ba(&f, mn.kbm, &is_signed);
	assert_true(is_signed);
	if (ba.status != STATUS_SEQUENCE)
		assert_int_equal(ba.seq, mn.bu_seq);
	mn.bu_seq++;
	return ba.status;
}

static bool leaving(void)
{
	struct lke_lbsa_view v;

	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, &v));
	return v.leaving;
}

/* The newest BUFFER action is this one. */
static void told(unsigned count, enum lke_buffer what)
{
	assert_int_equal(f.buffers, count);
	assert_int_equal(f.buffer[count - 1].what, what);
	assert_true(in6_eq(&f.buffer[count - 1].addr, &mn.coa));
}

static int command(const struct lke_in6 *who, const struct lke_lladdr *ll)
{
	struct lke_event ev = { .type = LKE_EV_COMMAND };

	ev.command.cmd = LKE_CMD_LEAVE;
	if (who)
		ev.command.arg = *who;
	if (ll)
		ev.command.lladdr = *ll;
	arf_event(&f, &ev);
	return 0;
}

static void announced_leave_is_answered_behind_the_last_packet(void **state)
{
	const struct arf_sent *s;

	f.hold_kernel = true;
	arf_bu(&f, &mn, &leave);
	mn.bu_seq++;
	told(1, LKE_BUFFER_KEEP);
	assert_int_equal(f.intercepts, 1);
	/* The route does not stand yet: packets may still go out on the link. */
	assert_int_equal(arf_count(&f, LKE_MSG_BA), 0);
	arf_release_kernel(&f);
	s = arf_last(&f, LKE_MSG_BA);
	assert_non_null(s);
	assert_int_equal(s->ifindex, ARF_LAN); /* a frame, not through the route */
	assert_true(lladdr_eq(&s->dst, &mn.lladdr));
	assert_true(leaving());
	assert_int_equal(arf_notes(&f, LKE_NOTE_LEAVING), 1);
	assert_int_equal(lke_engine_stat(f.e, LKE_STAT_LEAVES), 1);
}

static void announced_leave_keeps_the_cached_advertisement(void **state)
{
	struct lke_lbsa_view v;

	assert_int_equal(say(&leave), STATUS_ACCEPTED);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, &v));
	assert_true(v.cached_na && !v.bound && v.has_bu_seq);
}

static void binding_update_sends_what_waits_through_the_tunnel(void **state)
{
	assert_int_equal(say(&leave), STATUS_ACCEPTED);
	arf_run(&f, 100 * LKE_MSEC);
	assert_int_equal(say(&up), STATUS_ACCEPTED);
	told(2, LKE_BUFFER_TUNNEL);
	assert_int_equal(f.tunnel.type, LKE_ACT_TUNNEL);
	assert_false(leaving());
	assert_int_equal(arf_notes(&f, LKE_NOTE_LEAVE_END), 1);
	arf_run(&f, 5 * LKE_SEC); /* no timer is left */
	assert_int_equal(f.buffers, 2);
	assert_true(arf_binding(&f, &mn.coa, NULL));
}

static void deregistration_without_binding_ends_it_on_the_link(void **state)
{
	assert_int_equal(say(&leave), STATUS_ACCEPTED);
	assert_int_equal(say(&stay), STATUS_NOT_HOME_AGENT); /* AMB-116 */
	told(2, LKE_BUFFER_LINK);
	assert_int_equal(f.buffer[1].ifindex, ARF_LAN);
	assert_true(lladdr_eq(&f.buffer[1].lladdr, &mn.lladdr));
	assert_int_equal(f.intercepts, 0);
	assert_false(leaving());
	/* A second one changes nothing. */
	assert_int_equal(say(&stay), STATUS_NOT_HOME_AGENT);
	assert_int_equal(f.buffers, 2);
}

static void forged_announcement_changes_nothing(void **state)
{
	struct arf_bu o = leave;
	struct lke_lbsa_view v;

	o.bad_auth = true;
	arf_bu(&f, &mn, &o);
	o = leave;
	o.no_auth = true;
	arf_bu(&f, &mn, &o);
	assert_int_equal(f.buffers, 0);
	assert_int_equal(f.intercepts, 0);
	assert_true(arf_has(&f, &mn.coa, LKE_LBSA_VALID, &v));
	assert_true(!v.leaving && !v.has_bu_seq);
}

static void replayed_announcement_is_old(void **state)
{
	uint16_t first = mn.bu_seq;

	assert_int_equal(say(&leave), STATUS_ACCEPTED);
	assert_int_equal(say(&stay), STATUS_NOT_HOME_AGENT);
	mn.bu_seq = first;
	assert_int_equal(say(&leave), STATUS_SEQUENCE);
	mn.bu_seq = (uint16_t)(first + 1); /* the end of a leave is none for the next one */
	assert_int_equal(say(&stay), STATUS_SEQUENCE);
	assert_int_equal(f.buffers, 2);
	assert_false(leaving());
}

static void announcement_without_lbsa_is_refused(void **state)
{
	struct arf_mn stranger = arf_mobile(2);

	arf_bu(&f, &stranger, &leave);
	assert_int_equal(f.buffers, 0);
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_NO_LBSA), 1);
}

static void draft01_knows_no_announcement(void **state)
{
	assert_int_equal(say(&leave), STATUS_NOT_HOME_AGENT);
	assert_int_equal(f.buffers, 0);
	assert_int_equal(f.intercepts, 0);
}

static void switched_off_it_is_refused(void **state)
{
	assert_int_equal(say(&leave), STATUS_NOT_HOME_AGENT);
	command(&mn.coa, NULL);
	assert_int_equal(f.buffers, 0);
	assert_int_equal(f.intercepts, 0);
}

static void announcement_from_elsewhere_keeps_nothing(void **state)
{
	struct lke_lladdr upstream = arf_lladdr(0xee);
	uint8_t buf[512];
	size_t len = arf_make_bu(&mn, &leave, buf, sizeof(buf));

	arf_feed(&f, ARF_UP, &upstream, buf, len);
	assert_int_equal(f.buffers, 0);
}

static void repeated_announcement_is_answered_again(void **state)
{
	assert_int_equal(say(&leave), STATUS_ACCEPTED);
	assert_int_equal(say(&leave), STATUS_ACCEPTED);
	assert_int_equal(f.buffers, 1);
	assert_int_equal(f.intercepts, 1);
}

static void kernel_that_refuses_ends_it(void **state)
{
	f.kernel_refuses = true;
	arf_bu(&f, &mn, &leave);
	assert_int_equal(arf_count(&f, LKE_MSG_BA), 0); /* the node hears nothing and parks alone */
	assert_false(leaving());
	told(2, LKE_BUFFER_LINK);
}

static void node_that_stays_is_asked_and_gets_its_packets(void **state)
{
	unsigned ns;

	assert_int_equal(say(&leave), STATUS_ACCEPTED);
	ns = arf_count(&f, LKE_MSG_NS);
	f.neighbour = &mn;
	arf_run(&f, LEAVE_TIME - 1);
	assert_int_equal(arf_count(&f, LKE_MSG_NS), ns);
	assert_true(leaving());
	arf_run(&f, 1);
	assert_int_equal(arf_count(&f, LKE_MSG_NS), ns + 1);
	told(2, LKE_BUFFER_LINK);
	assert_int_equal(f.intercepts, 0);
	assert_false(leaving());
}

static void only_the_owner_ends_it_and_only_when_asked(void **state)
{
	struct arf_mn thief = mn;

	thief.lladdr = arf_lladdr(0x66);
	f.neighbour = NULL;
	command(&mn.coa, NULL);
	assert_true(leaving());
	f.neighbour = &thief;
	arf_run(&f, AR_LEAVE_HINT);
	assert_true(leaving());
	assert_int_equal(f.buffers, 1);
}

static void node_that_is_gone_costs_what_waited(void **state)
{
	f.neighbour = NULL;
	assert_int_equal(say(&leave), STATUS_ACCEPTED);
	arf_run(&f, LEAVE_TIME + AR_LEAVE_PROBES * AR_LEAVE_PROBE - 1);
	assert_true(leaving());
	arf_run(&f, 1);
	told(2, LKE_BUFFER_DROP);
	assert_int_equal(f.intercepts, 0);
	assert_false(leaving());
	assert_int_equal(lke_engine_stat(f.e, LKE_STAT_LEAVES_LOST), 1);
	/* Late, but still served. */
	assert_int_equal(say(&up), STATUS_ACCEPTED);
	assert_true(arf_binding(&f, &mn.coa, NULL));
}

static void operator_names_the_node_by_either_address(void **state)
{
	struct lke_in6 nobody = arf_addr("2001:db8:1::dead");
	struct lke_lladdr no_mac = arf_lladdr(0x77);

	command(&nobody, NULL);
	command(NULL, &no_mac);
	assert_int_equal(f.buffers, 0);
	command(&mn.coa, NULL);
	told(1, LKE_BUFFER_KEEP);
	assert_int_equal(say(&up), STATUS_ACCEPTED);
	told(2, LKE_BUFFER_TUNNEL);
}

static void link_layer_program_names_its_station(void **state)
{
	command(NULL, &mn.lladdr);
	told(1, LKE_BUFFER_KEEP);
	f.neighbour = &mn; /* it was wrong: the node still answers */
	arf_run(&f, AR_LEAVE_HINT);
	told(2, LKE_BUFFER_LINK);
}

static void hint_about_a_node_that_is_bound_elsewhere_is_none(void **state)
{
	assert_int_equal(say(&up), STATUS_ACCEPTED);
	command(&mn.coa, NULL);
	command(NULL, &mn.lladdr);
	assert_int_equal(f.buffers, 0);
}

static void unreachable_neighbour_is_a_hint_once(void **state)
{
	struct lke_event ev = { .type = LKE_EV_NEIGH };

	f.neighbour = NULL;
	ev.neigh =
		(struct lke_ev_neigh){ .ifindex = ARF_LAN, .addr = arf_addr("2001:db8:1::dead") };
	arf_event(&f, &ev);
	assert_int_equal(f.buffers, 0);
	ev.neigh.addr = mn.coa;
	arf_event(&f, &ev);
	told(1, LKE_BUFFER_KEEP);
	arf_run(&f, 3 * LKE_SEC);
	told(2, LKE_BUFFER_DROP);
	arf_event(&f, &ev);
	assert_int_equal(f.buffers, 2);
	/* It was heard of: from then on it may get lost again. */
	assert_int_equal(say(&leave), STATUS_ACCEPTED);
	assert_int_equal(say(&stay), STATUS_NOT_HOME_AGENT);
	arf_event(&f, &ev);
	told(5, LKE_BUFFER_KEEP);
}

static void carrier(bool is_up, bool no_carrier)
{
	struct lke_event ev = { .type = LKE_EV_LINK };

	ev.link =
		(struct lke_ev_link){ .ifindex = ARF_LAN, .name = "lan", .mtu = 1500, .up = is_up };
	ev.link.lladdr = arf_lladdr(1);
	ev.link.no_carrier = no_carrier;
	arf_event(&f, &ev);
}

static void link_without_carrier_has_nobody(void **state)
{
	f.neighbour = NULL;
	carrier(false, true);
	told(1, LKE_BUFFER_KEEP);
	arf_run(&f, AR_LEAVE_HINT + 1);
	assert_int_equal(arf_count(&f, LKE_MSG_NS), 1); /* of the exchange: nobody is asked now */
	f.neighbour = &mn;
	carrier(true, false); /* whoever is there is asked at once */
	arf_run(&f, 1);
	told(2, LKE_BUFFER_LINK);
}

static void link_that_is_switched_off_is_not_waited_for(void **state)
{
	carrier(false, false);
	assert_int_equal(f.buffers, 0);
}

static void bound_node_announces_its_next_move(void **state)
{
	struct arf_bu o = up;

	assert_int_equal(say(&up), STATUS_ACCEPTED);
	o.leaving = true;
	assert_int_equal(say(&o), STATUS_ACCEPTED);
	told(1, LKE_BUFFER_KEEP);
	assert_int_equal(f.intercepts, 1); /* of the binding */
	assert_true(leaving());
	arf_run(&f, 50 * LKE_MSEC);
	mn.new_coa = arf_addr("2001:db8:3::b01");
	assert_int_equal(say(&up), STATUS_ACCEPTED);
	told(2, LKE_BUFFER_TUNNEL);
	assert_true(in6_eq(&f.tunnel.tunnel.coa, &mn.new_coa));
	assert_int_equal(f.intercepts, 1);
}

static void bound_node_that_returns_gets_its_packets_on_the_link(void **state)
{
	struct arf_bu o = up;

	assert_int_equal(say(&up), STATUS_ACCEPTED);
	o.leaving = true;
	assert_int_equal(say(&o), STATUS_ACCEPTED);
	assert_int_equal(say(&stay), STATUS_ACCEPTED);
	told(2, LKE_BUFFER_LINK);
	assert_int_equal(f.intercepts, 0);
	assert_false(arf_binding(&f, &mn.coa, NULL));
	assert_false(leaving());
}

static void bound_node_that_does_not_move_goes_on(void **state)
{
	struct arf_bu o = up;

	assert_int_equal(say(&up), STATUS_ACCEPTED);
	o.leaving = true;
	assert_int_equal(say(&o), STATUS_ACCEPTED);
	arf_run(&f, LEAVE_TIME);
	told(2, LKE_BUFFER_TUNNEL);
	assert_int_equal(f.intercepts, 1);
	assert_true(arf_binding(&f, &mn.coa, NULL));
}

static void announcement_in_the_update_of_a_move_is_none(void **state)
{
	struct arf_bu o = up;

	o.leaving = true;
	assert_int_equal(say(&o), STATUS_ACCEPTED);
	assert_int_equal(f.buffers, 0); /* its first Binding Update: it has moved already */
	assert_true(arf_binding(&f, &mn.coa, NULL));
}

static void every_return_goes_by_the_link(void **state)
{
	assert_int_equal(say(&up), STATUS_ACCEPTED);
	assert_int_equal(say(&stay), STATUS_ACCEPTED);
	told(1, LKE_BUFFER_LINK);
	assert_true(lladdr_eq(&f.buffer[0].lladdr, &mn.lladdr));
}

static void end_of_the_lbsa_ends_it(void **state)
{
	struct lke_event ev = { .type = LKE_EV_COMMAND };

	assert_int_equal(say(&leave), STATUS_ACCEPTED);
	ev.command.cmd = LKE_CMD_FLUSH_LBSA;
	ev.command.arg = mn.coa;
	arf_event(&f, &ev);
	told(2, LKE_BUFFER_DROP);
	assert_int_equal(f.intercepts, 0);
	arf_run(&f, 5 * LKE_SEC);
	assert_int_equal(f.buffers, 2);
}

static void flushed_binding_of_a_moving_node_leaves_nothing(void **state)
{
	struct lke_event ev = { .type = LKE_EV_COMMAND };
	struct arf_bu o = up;

	assert_int_equal(say(&up), STATUS_ACCEPTED);
	o.leaving = true;
	assert_int_equal(say(&o), STATUS_ACCEPTED);
	ev.command.cmd = LKE_CMD_FLUSH_BINDING;
	ev.command.arg = mn.coa;
	arf_event(&f, &ev);
	assert_int_equal(f.intercepts, 0);
	assert_false(leaving());
	arf_run(&f, 5 * LKE_SEC);
	assert_int_equal(f.buffers, 1); /* the plane drops it with the interception */
}

#define T(name)	       cmocka_unit_test_setup_teardown(name, open_default, done)
#define T2(name, open) cmocka_unit_test_setup_teardown(name, open, done)

/* draft01 differs: docs/adr/0030: draft01 knows no announcement, by which these begin. */
static const char *const default_only[] = {
	"announced_leave_is_answered_behind_the_last_packet",
	"announced_leave_keeps_the_cached_advertisement",
	"binding_update_sends_what_waits_through_the_tunnel",
	"deregistration_without_binding_ends_it_on_the_link",
	"replayed_announcement_is_old",
	"repeated_announcement_is_answered_again",
	"kernel_that_refuses_ends_it",
	"node_that_stays_is_asked_and_gets_its_packets",
	"node_that_is_gone_costs_what_waited",
	"unreachable_neighbour_is_a_hint_once",
	"link_without_carrier_has_nobody",
	"bound_node_announces_its_next_move",
	"bound_node_that_returns_gets_its_packets_on_the_link",
	"bound_node_that_does_not_move_goes_on",
	"end_of_the_lbsa_ends_it",
	"flushed_binding_of_a_moving_node_leaves_nothing",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(announced_leave_is_answered_behind_the_last_packet),
		T(announced_leave_keeps_the_cached_advertisement),
		T(binding_update_sends_what_waits_through_the_tunnel),
		T(deregistration_without_binding_ends_it_on_the_link),
		T(forged_announcement_changes_nothing),
		T(replayed_announcement_is_old),
		T(announcement_without_lbsa_is_refused),
		T2(draft01_knows_no_announcement, open_draft01),
		T2(switched_off_it_is_refused, open_without),
		T(announcement_from_elsewhere_keeps_nothing),
		T(repeated_announcement_is_answered_again),
		T(kernel_that_refuses_ends_it),
		T(node_that_stays_is_asked_and_gets_its_packets),
		T(only_the_owner_ends_it_and_only_when_asked),
		T(node_that_is_gone_costs_what_waited),
		T(operator_names_the_node_by_either_address),
		T(link_layer_program_names_its_station),
		T(hint_about_a_node_that_is_bound_elsewhere_is_none),
		T(unreachable_neighbour_is_a_hint_once),
		T(link_without_carrier_has_nobody),
		T(link_that_is_switched_off_is_not_waited_for),
		T(bound_node_announces_its_next_move),
		T(bound_node_that_returns_gets_its_packets_on_the_link),
		T(bound_node_that_does_not_move_goes_on),
		T(announcement_in_the_update_of_a_move_is_none),
		T(every_return_goes_by_the_link),
		T(end_of_the_lbsa_ends_it),
		T(flushed_binding_of_a_moving_node_leaves_nothing),
	};

	return RUN_IN_PROFILE(tests, default_only);
}
