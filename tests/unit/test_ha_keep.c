/* SPDX-License-Identifier: ISC */
/* Bindings over a restart of the home agent. */
#include "ha_fixture.h"

#define COA "2001:db8:5::7"

static struct lke_event kept(struct fx *f, unsigned mobile, lke_time left)
{
	struct lke_event ev = { .type = LKE_EV_BINDING };

	ev.binding = (struct lke_ev_binding){ .home = f->mobile[mobile].home,
					      .agent = ip("2001:db8:1::1"),
					      .coa = ip(COA),
					      .seq = 100,
					      .expires = f->now + left };
	return ev;
}

/* An engine whose links are not there yet, as right after a restart. */
static void start_bare(struct fx *f)
{
	fx_config(f);
	assert_int_equal(lke_engine_new(&f->cfg, f->now, &f->e), 0);
	for (unsigned n = 0; n < 2; n++) {
		assert_int_equal(sa_init(&f->sender[n], &f->mobile[n].to_ha), 0);
		assert_int_equal(sa_init(&f->receiver[n], &f->mobile[n].to_mn), 0);
	}
}

static void links(struct fx *f)
{
	fx_link(f, HOME_IF, "home0");
	fx_addr(f, HOME_IF, "fe80::1", false);
	fx_addr(f, HOME_IF, "2001:db8:1::1", false);
	fx_link(f, WAN_IF, "wan0");
	fx_addr(f, WAN_IF, "2001:db8:9::1", false);
}

static struct binding *binding0(struct fx *f)
{
	return binding_find(f->e, &f->mobile[0].home);
}

static void sec_006_binding_is_kept_and_its_end_too(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 100);
	assert_int_equal(f.keeps, 1);
	assert_false(f.keep.remove);
	assert_true(same(&f.keep.coa, COA) && same(&f.keep.agent, "2001:db8:1::1"));
	assert_true(f.keep.seq == 100 && f.keep.expires == binding0(&f)->expires);
	fx_wait(&f, LKE_SEC);
	fx_bu(&f, (struct bu){ .seq = 101, .lifetime = 100, .src = "2001:db8:6::7" });
	assert_int_equal(f.keeps, 2);
	assert_true(same(&f.keep.coa, "2001:db8:6::7"));
	fx_wait(&f, LKE_SEC);
	fx_bu(&f, (struct bu){ .seq = 102, .lifetime = 0 });
	assert_int_equal(f.keeps, 3);
	assert_true(f.keep.remove);
	fx_end(&f);
}

/* What is kept may end an eighth of the lifetime early, never late. */
static void small_extensions_are_not_written(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 100); /* for 400 s */
	fx_wait(&f, 40 * LKE_SEC);
	fx_bu(&f, (struct bu){ .seq = 101, .lifetime = 100 });
	assert_int_equal(f.keeps, 1);
	fx_wait(&f, 40 * LKE_SEC);
	fx_bu(&f, (struct bu){ .seq = 102, .lifetime = 100 });
	assert_int_equal(f.keeps, 2);
	fx_wait(&f, LKE_SEC);
	fx_bu(&f, (struct bu){ .seq = 103, .lifetime = 90 });
	assert_int_equal(f.keeps, 3);
	assert_true(f.keep.expires == binding0(&f)->expires);
	fx_end(&f);
}

static void one_write_at_a_time_then_the_latest_state(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	f.hold_keep = true;
	fx_register(&f, 100);
	for (uint16_t n = 1; n <= 5; n++)
		fx_bu(&f, (struct bu){ .seq = (uint16_t)(100 + n),
				       .lifetime = 100,
				       .src = n % 2 ? "2001:db8:6::7" : "2001:db8:7::7" });
	assert_int_equal(f.keeps, 1);
	assert_int_equal(f.bas, 6); /* no answer waits for it */
	fx_wait(&f, LKE_SEC);
	fx_keep_done(&f, 0);
	assert_int_equal(f.keeps, 2);
	assert_true(same(&f.keep.coa, "2001:db8:6::7") && f.keep.seq == 105);
	fx_keep_done(&f, 0);
	assert_int_equal(f.keeps, 2);
	fx_end(&f);
}

/* One that changes all the time does not wear the disk. */
static void three_writes_a_second_at_most(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 100);
	f.keeps = 0;
	for (uint16_t n = 1; n <= 200; n++) {
		fx_wait(&f, 10 * LKE_MSEC);
		fx_bu(&f, (struct bu){ .seq = (uint16_t)(100 + n),
				       .lifetime = 100,
				       .src = n % 2 ? "2001:db8:6::7" : "2001:db8:7::7" });
	}
	assert_in_range(f.keeps, 5, 7);
	fx_wait(&f, 333 * LKE_MSEC);
	assert_true(f.keep.seq == 300 && same(&f.keep.coa, "2001:db8:7::7"));
	fx_end(&f);
}

/* At MAX_UPDATE_RATE of RFC 6275 none waits. */
static void sec_006_moves_at_the_allowed_rate_are_written_at_once(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 100);
	fx_wait(&f, LKE_SEC);
	f.keeps = 0;
	for (uint16_t n = 1; n <= 30; n++) {
		fx_wait(&f, LKE_SEC / 3);
		fx_bu(&f, (struct bu){ .seq = (uint16_t)(100 + n),
				       .lifetime = 100,
				       .src = n % 2 ? "2001:db8:6::7" : "2001:db8:7::7" });
		assert_int_equal(f.keeps, n);
		assert_int_equal(f.keep.seq, 100 + n);
	}
	fx_end(&f);
}

static void failed_write_is_tried_again(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	f.hold_keep = true;
	fx_register(&f, 100);
	fx_keep_done(&f, -28);
	assert_int_equal(f.keeps, 1);
	fx_wait(&f, 10 * LKE_SEC);
	assert_int_equal(f.keeps, 2);
	fx_keep_done(&f, 0);
	fx_wait(&f, 30 * LKE_SEC);
	assert_int_equal(f.keeps, 2);
	fx_end(&f);
}

static void sec_006_restored_binding_serves_and_costs_one_round_trip(void **state)
{
	struct lke_event floor = { .type = LKE_EV_FLOOR }, ev;
	struct fx f;

	(void)state;
	start_bare(&f);
	floor.floor = (struct lke_ev_floor){
		.home = f.mobile[0].home, .generation = 1, .floor = 164, .used = 64
	};
	fx_event(&f, &floor);
	ev = kept(&f, 0, 90 * LKE_SEC);
	fx_event(&f, &ev);
	assert_null(binding0(&f));
	links(&f);
	assert_non_null(binding0(&f));
	assert_non_null(strstr(f.order, "T+I+P+M+G+N+"));
	assert_true(same(&f.tunnel.coa, COA));
	assert_int_equal(f.nss, 0);   /* no DAD: it is known */
	assert_int_equal(f.keeps, 0); /* it is kept already */
	assert_true(binding0(&f)->expires == f.now + 90 * LKE_SEC);
	/* The mobile node goes on where it was: 135, and again. */
	fx_bu(&f, (struct bu){ .seq = 101, .lifetime = 100 });
	assert_int_equal(f.ba.status, STATUS_SEQUENCE);
	fx_bu(&f, (struct bu){ .seq = (uint16_t)(f.ba.seq + 1), .lifetime = 100 });
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	assert_int_equal(f.bas, 2);
	fx_wait(&f, 500 * LKE_SEC);
	assert_null(binding0(&f));
	assert_true(f.keep.remove);
	fx_end(&f);
}

static void restored_binding_ends_when_it_was_granted_to_end(void **state)
{
	struct lke_event ev;
	struct fx f;

	(void)state;
	start_bare(&f);
	ev = kept(&f, 0, 90 * LKE_SEC);
	fx_event(&f, &ev);
	links(&f);
	fx_wait(&f, 89 * LKE_SEC);
	assert_non_null(binding0(&f));
	fx_wait(&f, LKE_SEC);
	assert_null(binding0(&f));
	fx_end(&f);
}

static void restored_binding_that_ended_before_its_link_came_is_forgotten(void **state)
{
	struct lke_event ev;
	struct fx f;

	(void)state;
	start_bare(&f);
	ev = kept(&f, 0, 10 * LKE_SEC);
	fx_event(&f, &ev);
	fx_wait(&f, 10 * LKE_SEC);
	links(&f);
	assert_null(binding0(&f));
	assert_true(f.keeps == 1 && f.keep.remove);
	fx_end(&f);
}

static void sec_030_suspended_mobile_is_not_restored(void **state)
{
	struct lke_event floor = { .type = LKE_EV_FLOOR }, ev;
	struct fx f;

	(void)state;
	start_bare(&f);
	floor.floor = (struct lke_ev_floor){ .home = f.mobile[0].home, .suspended = true };
	fx_event(&f, &floor);
	ev = kept(&f, 0, 90 * LKE_SEC);
	fx_event(&f, &ev);
	links(&f);
	assert_null(binding0(&f));
	assert_true(f.keep.remove);
	fx_end(&f);
}

static void registration_before_the_link_replaces_what_was_restored(void **state)
{
	struct lke_event ev;
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_addr(&f, HOME_IF, "2001:db8:1::2", false);
	ev = kept(&f, 0, 90 * LKE_SEC);
	ev.binding.agent = ip("2001:db8:1::3"); /* not there yet */
	fx_event(&f, &ev);
	fx_register(&f, 7);
	fx_addr(&f, HOME_IF, "2001:db8:1::3", false);
	assert_true(same(&binding0(&f)->agent, "2001:db8:1::1"));
	assert_int_equal(binding0(&f)->seq, 7);
	fx_end(&f);
}

/* A clean end is a restart too. */
static void bindings_stay_kept_when_the_daemon_ends(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 100);
	lke_engine_stop(f.e, f.now);
	fx_drain(&f);
	assert_int_equal(f.keeps, 1);
	assert_true(f.tunnel.remove);
	fx_end(&f);
}

static void volatile_state_keeps_nothing(void **state)
{
	struct fx f;

	(void)state;
	fx_config(&f);
	f.cfg.ha.volatile_state = true;
	fx_start(&f);
	fx_register(&f, 100);
	assert_int_equal(f.keeps, 0);
	fx_end(&f);
}

enum { MANY = 1000 };

/* The queue of actions and the privileged process are not flooded: one batch, then its result. */
static void many_bindings_come_in_batches(void **state)
{
	struct lke_config_mobile *mobile = calloc(MANY, sizeof(*mobile));
	struct lke_binding_view v;
	unsigned bound = 0, batches = 0;
	size_t cursor = 0;
	struct fx f;

	(void)state;
	fx_config(&f);
	for (uint32_t n = 0; n < MANY; n++) {
		struct lke_config_mobile *m = &mobile[n];

		*m = f.mobile[0];
		m->home.b[13] = (uint8_t)(n >> 8);
		m->home.b[14] = (uint8_t)n;
		m->to_ha.spi = 0x10000 + n;
		memcpy(m->to_ha.auth_key, &n, sizeof(n));
		memcpy(m->to_ha.enc_key, &n, sizeof(n));
		memcpy(m->to_mn.auth_key, &n, sizeof(n));
		memcpy(m->to_mn.enc_key, &n, sizeof(n));
		m->to_ha.auth_key[4] = m->to_ha.enc_key[4] = 1;
	}
	f.cfg.ha.mobile = mobile;
	f.cfg.ha.mobiles = MANY;
	f.hold_keep = true;
	assert_int_equal(lke_engine_new(&f.cfg, f.now, &f.e), 0);
	for (unsigned n = 0; n < MANY; n++) {
		struct lke_event ev = kept(&f, 0, 90 * LKE_SEC);

		ev.binding.home = mobile[n].home;
		fx_event(&f, &ev);
	}
	links(&f);
	for (; f.keep_cookie; batches++)
		fx_keep_done(&f, 0);
	assert_int_equal(batches, MANY / 256);
	while (lke_engine_next_binding(f.e, &cursor, &v))
		bound++;
	assert_int_equal(bound, MANY);
	assert_true(lke_engine_stat(f.e, LKE_STAT_ACTIONS_LOST) == 0);
	lke_engine_free(f.e);
	free(mobile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sec_006_binding_is_kept_and_its_end_too),
		cmocka_unit_test(small_extensions_are_not_written),
		cmocka_unit_test(one_write_at_a_time_then_the_latest_state),
		cmocka_unit_test(three_writes_a_second_at_most),
		cmocka_unit_test(sec_006_moves_at_the_allowed_rate_are_written_at_once),
		cmocka_unit_test(failed_write_is_tried_again),
		cmocka_unit_test(sec_006_restored_binding_serves_and_costs_one_round_trip),
		cmocka_unit_test(restored_binding_ends_when_it_was_granted_to_end),
		cmocka_unit_test(restored_binding_that_ended_before_its_link_came_is_forgotten),
		cmocka_unit_test(sec_030_suspended_mobile_is_not_restored),
		cmocka_unit_test(registration_before_the_link_replaces_what_was_restored),
		cmocka_unit_test(bindings_stay_kept_when_the_daemon_ends),
		cmocka_unit_test(volatile_state_keeps_nothing),
		cmocka_unit_test(many_bindings_come_in_batches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
