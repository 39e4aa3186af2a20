/* SPDX-License-Identifier: ISC */
/* Addresses of the mobile node: how they are made (RFC 7217), what the system hears of them, whose
 * place a new one takes, what becomes of them when their interface goes. */
#include "mn_fixture.h"

static void secret(struct lke_config *cfg)
{
	for (unsigned n = 0; n < sizeof(cfg->mn.stable_secret); n++)
		cfg->mn.stable_secret[n] = (uint8_t)(0x40 + n);
}

static void interface_goes(struct fix *f)
{
	struct lke_event ev = { .type = LKE_EV_LINK };

	ev.link = (struct lke_ev_link){ .ifindex = FIX_IF, .name = "mn0", .removed = true };
	fix_event(f, &ev);
}

/* The last word to the system about the address; NULL: none. */
static const struct lke_act_addr *told(const struct fix *f, const struct lke_in6 *addr)
{
	for (size_t n = f->n; n-- > 0;)
		if (f->out[n].a.type == LKE_ACT_ADDR && in6_eq(&f->out[n].a.addr.addr, addr))
			return &f->out[n].a.addr;
	return NULL;
}

/* The last 64 bits of HMAC-SHA-256(secret, prefix | name of the interface | DAD_Counter). */
static void rfc_7217_5_identifier_is_of_prefix_interface_and_counter(void **state)
{
	uint8_t in[8 + 3 + 1] = { 0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 'm', 'n', '0', 0 };
	const struct iov_part part = { in, sizeof(in) };
	uint8_t mac[SHA256_LEN];
	struct lke_in6 coa;
	struct hmac *h;
	struct fix f;

	(void)state;
	fix_tweak = secret;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_tweak = NULL;
	fix_link(&f, true);
	fix_ra(&f, 1);
	assert_int_equal(
		hmac_sha256_new(f.cfg.mn.stable_secret, sizeof(f.cfg.mn.stable_secret), &h), 0);
	for (uint8_t n = 0; n < 2; n++) {
		in[11] = n;
		assert_int_equal(hmac_compute(h, &part, 1, mac), 0);
		coa = fix_coa(&f);
		assert_memory_equal(coa.b, in, 8);
		assert_memory_equal(coa.b + 8, mac + SHA256_LEN - 8, 8);
		fix_na(&f, 0x55, &coa); /* taken: the next one */
	}
	hmac_free(h);
	fix_end(&f);
}

/* Another link has the prefix of a former one: that address has a key and perhaps a binding there,
 * here it would be another one. */
static void address_of_a_former_link_is_not_taken_for_another_router(void **state)
{
	struct nd_msg m = { .router_lifetime = 9000, .prefixes = 1 };
	struct lke_in6 old, now;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	old = fix_coa(&f);
	fix_link(&f, false);
	fix_link(&f, true);
	m.prefix[0] = fix_pio("2001:db8:1::", 86400, 14400);
	assert_int_equal(fix_ra_msg(&f, 2, &m), 0);
	now = fix_coa(&f);
	assert_true(in6_prefix_eq(&now, &old, 64));
	assert_false(in6_eq(&now, &old));
	assert_non_null(mn_addr_find(f.e, &old));
	/* Back at the first router it is the former one again. */
	fix_move(&f, 1);
	now = fix_coa(&f);
	assert_true(in6_eq(&now, &old));
	fix_end(&f);
}

/* A former address lives as long as somebody forwards to it, and no new connection takes it. */
static void former_address_is_deprecated_and_stays(void **state)
{
	const struct lke_act_addr *a;
	struct lke_in6 old;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	old = fix_coa(&f);
	a = told(&f, &old);
	assert_non_null(a);
	assert_int_equal(a->ifindex, FIX_IF);
	assert_int_equal(a->prefix_len, 64);
	assert_in_range(a->valid, 86390, 86400);
	assert_in_range(a->preferred, 14390, 14400);
	fix_clear(&f);
	fix_move(&f, 2);
	a = told(&f, &old);
	assert_non_null(a);
	assert_int_equal(a->preferred, 0);
	assert_true(a->valid == LKE_LIFETIME_INFINITE && !a->remove);
	fix_end(&f);
}

/* A prefix that says nothing of an end is told so. */
static void infinite_lifetimes_stay_infinite(void **state)
{
	struct nd_msg m = { .router_lifetime = 9000, .prefixes = 1 };
	const struct lke_act_addr *a;
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	m.prefix[0] = fix_pio("2001:db8:1::", LKE_LIFETIME_INFINITE, LKE_LIFETIME_INFINITE);
	assert_int_equal(fix_ra_msg(&f, 1, &m), 0);
	coa = fix_coa(&f);
	a = told(&f, &coa);
	assert_non_null(a);
	assert_true(a->valid == LKE_LIFETIME_INFINITE && a->preferred == LKE_LIFETIME_INFINITE);
	assert_true(mn_addr_find(f.e, &coa)->valid_until == LKE_NEVER);
	fix_end(&f);
}

static bool full(const struct fix *f)
{
	unsigned n = 0;

	while (n < MN_ADDRS && f->e->mn->addr[n])
		n++;
	return n == MN_ADDRS;
}

/* The table is full of former addresses: the one left longest ago gives way, its keys with it, but
 * never one that is bound or registered. */
static void former_address_left_longest_ago_gives_way(void **state)
{
	struct mn_addr *made[MN_ADDRS];
	struct lke_in6 registered, bound, coa, prefix, victim;
	struct mn_lbsa *b;
	struct mn_link *l;
	unsigned n = 0;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	registered = fix_coa(&f);
	fix_move(&f, 2);
	assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
	fix_run(&f, 2 * LKE_SEC);
	assert_int_equal(fix_keack(&f, 2, 0, 7200, false), 0);
	bound = fix_coa(&f);
	fix_move(&f, 3);
	coa = fix_coa(&f);
	assert_true(mn_registered(f.e, &registered));
	assert_non_null(update_of(f.e, &bound));
	mn_addr_find(f.e, &registered)->left = mn_addr_find(f.e, &bound)->left = 1;
	l = f.e->mn->active;
	prefix = fix_ar_addr(50);
	prefix.b[15] = 0;
	for (; !full(&f); n++) {
		prefix.b[5]++;
		made[n] = mn_addr_new(f.e, l, &prefix, 64, 0);
		assert_non_null(made[n]);
		made[n]->state = MN_ADDR_DEPRECATED;
		made[n]->left = (100 + (n + 7) % 11) * LKE_SEC; /* n 4 was left first */
	}
	assert_true(n > 11);
	victim = made[4]->addr;
	b = mn_lbsa_new(f.e);
	assert_non_null(b);
	b->coa = victim;
	b->since = f.now;
	b->expires = f.now + 1000 * LKE_SEC;
	mn_lbsa_start(f.e, b);
	prefix.b[5]++;
	assert_non_null(mn_addr_new(f.e, l, &prefix, 64, 0));
	assert_null(mn_addr_find(f.e, &victim));
	assert_null(mn_lbsa_of(f.e, &victim, NULL));
	assert_non_null(mn_addr_find(f.e, &registered));
	assert_non_null(mn_addr_find(f.e, &bound));
	assert_non_null(mn_addr_find(f.e, &coa));
	fix_end(&f);
}

/* None may give way: the new one is not made, and that is counted. */
static void no_place_for_an_address_is_counted(void **state)
{
	struct lke_in6 prefix = fix_ar_addr(50);
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	prefix.b[15] = 0;
	while (!full(&f)) {
		prefix.b[5]++;
		assert_non_null(mn_addr_new(f.e, f.e->mn->active, &prefix, 64, 0));
	}
	prefix.b[5]++;
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_LIMIT), 0);
	assert_null(mn_addr_new(f.e, f.e->mn->active, &prefix, 64, 0));
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_LIMIT), 1);
	fix_end(&f);
}

/* The system removed the addresses with the interface: nothing of it is taken back again; what has
 * a key goes to the tunnel device, and back to the interface that comes under another index. */
static void addresses_of_an_interface_that_goes_and_comes(void **state)
{
	struct lke_event ev = { .type = LKE_EV_LINK };
	const struct lke_act_addr *a;
	struct lke_in6 old;
	struct mn_addr *m;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	old = fix_coa(&f);
	fix_clear(&f);
	interface_goes(&f);
	for (size_t n = 0; n < f.n; n++)
		assert_false(f.out[n].a.type == LKE_ACT_ADDR && f.out[n].a.addr.remove);
	m = mn_addr_find(f.e, &old);
	assert_non_null(m);
	assert_true(m->state == MN_ADDR_DEPRECATED && !m->here && m->ifindex == 0);
	a = told(&f, &old);
	assert_non_null(a);
	assert_int_equal(a->ifindex, 0);
	assert_int_equal(a->preferred, 0);
	fix_clear(&f);
	/* mn0 again. */
	ev.link = (struct lke_ev_link){
		.ifindex = FIX_IF2, .name = "mn0", .lladdr = fix_mac(0x77), .mtu = 1500, .up = true
	};
	fix_event(&f, &ev);
	fix_ra2(&f, 1);
	assert_true(in6_eq(&f.e->mn->current, &old));
	assert_int_equal(mn_lbsa_of(f.e, &old, NULL)->ifindex, FIX_IF2);
	a = told(&f, &old);
	assert_int_equal(a->ifindex, FIX_IF2);
	assert_true(!a->remove && a->preferred > 0);
	fix_end(&f);
}

/* Nobody needs it any more. */
static void address_without_a_key_goes_with_its_interface(void **state)
{
	struct lke_in6 old;
	struct fix f;

	(void)state;
	fix_start(&f, 0, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	f.ra_lke = false;
	fix_link(&f, true);
	fix_ra(&f, 1);
	old = fix_coa(&f);
	interface_goes(&f);
	assert_null(mn_addr_find(f.e, &old));
	for (unsigned n = 0; n < MN_ADDRS; n++)
		assert_null(f.e->mn->addr[n]);
	fix_end(&f);
}

/* Solicitations of duplicate address detection for the address since fix_clear(). */
static unsigned detections(const struct fix *f, const struct lke_in6 *addr)
{
	unsigned k = 0;

	for (size_t n = 1; n < f->n; n++)
		k += f->out[n].a.type == LKE_ACT_NOTIFY && f->out[n].a.note.out &&
		     f->out[n].a.note.msg == LKE_MSG_DAD_NS &&
		     memcmp(f->out[n - 1].data + IP6_HDR_LEN + 8, addr->b, 16) == 0;
	return k;
}

/* Somebody may have taken it meanwhile, unless a key protects it (RFC 4862 5.4, AMB-117). */
static void former_address_without_a_key_is_examined_again(void **state)
{
	struct lke_in6 old, now;
	struct fix f;

	(void)state;
	for (unsigned key = 0; key < 2; key++) {
		fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
		if (key)
			fix_attach_lbsa(&f, 1);
		else
			fix_attach(&f, 1);
		old = fix_coa(&f);
		assert_int_equal(detections(&f, &old), 1);
		fix_move(&f, 2);
		fix_clear(&f);
		fix_move(&f, 1);
		now = fix_coa(&f);
		assert_true(in6_eq(&now, &old));
		assert_int_equal(detections(&f, &old), key ? 0 : 1);
		fix_end(&f);
	}
}

/* A detection that a loss of carrier cut off proves nothing; an advertisement begins none anew. */
static void detection_runs_once_and_to_its_end(void **state)
{
	struct nd_msg m = { .router_lifetime = 9000, .prefixes = 2 };
	struct mn_addr *other = NULL;
	struct lke_in6 coa;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_link(&f, true);
	m.prefix[0] = fix_pio("2001:db8:1::", 86400, 14400);
	m.prefix[1] = fix_pio("2001:db8:11::", 86400, 14400);
	for (unsigned n = 0; n < 3; n++) {
		assert_int_equal(fix_ra_msg(&f, 1, &m), 0);
		fix_run(&f, 100 * LKE_MSEC);
	}
	coa = fix_coa(&f);
	for (unsigned n = 0; n < MN_ADDRS; n++)
		if (f.e->mn->addr[n] &&
		    in6_prefix_eq(&f.e->mn->addr[n]->addr, &m.prefix[1].prefix, 64))
			other = f.e->mn->addr[n];
	assert_non_null(other);
	assert_int_equal(detections(&f, &coa), 1);
	assert_int_equal(detections(&f, &other->addr), 1);
	fix_link(&f, false);
	fix_link(&f, true);
	fix_clear(&f);
	assert_int_equal(fix_ra_msg(&f, 1, &m), 0);
	assert_int_equal(detections(&f, &coa), 1);
	fix_end(&f);
}

static unsigned steered(const struct fix *f, const struct lke_in6 *addr, bool remove)
{
	const struct fix_action *a;
	unsigned k = 0;

	for (unsigned n = 0; (a = fix_find(f, LKE_ACT_STEER, n)); n++)
		k += a->a.steer.set == LKE_STEER_MINE && in6_eq(&a->a.steer.addr, addr) &&
		     a->a.steer.remove == remove;
	return k;
}

/* Packets of ours to a care-of address are kept from the kernel, as long as there is one. */
static void care_of_address_is_steered_while_it_lives(void **state)
{
	struct lke_in6 old;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	old = fix_coa(&f);
	fix_ra(&f, 1);
	assert_int_equal(steered(&f, &old, false), 1);
	assert_int_equal(steered(&f, &fix_ll, false), 0);
	fix_move(&f, 2);
	assert_int_equal(steered(&f, &old, true), 0); /* the home agent sends there still */
	assert_int_equal(fix_ha_ba(&f, 2, 0, fix_ha_seq(&f)), 0);
	assert_null(mn_addr_find(f.e, &old));
	assert_int_equal(steered(&f, &old, true), 1);
	fix_end(&f);
}

/* The kernel has none: one of our own, the same for the life of the link, and given to the kernel
 * again where it lost it with the carrier. */
static void own_link_local_address_stays(void **state)
{
	struct lke_event ev = { .type = LKE_EV_ADDR };
	struct lke_in6 own, now;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	ev.addr = (struct lke_ev_addr){ FIX_IF, fix_ll, 64, .removed = true };
	fix_event(&f, &ev);
	fix_clear(&f);
	fix_link(&f, true);
	fix_ra(&f, 1);
	own = f.e->mn->link[0]->ll->addr;
	assert_true(in6_is_linklocal(&own) && !in6_eq(&own, &fix_ll));
	assert_non_null(told(&f, &own));
	fix_link(&f, false);
	fix_clear(&f);
	fix_link(&f, true);
	now = f.e->mn->link[0]->ll->addr;
	assert_true(in6_eq(&now, &own));
	assert_true(told(&f, &own) && !told(&f, &own)->remove);
	for (size_t n = 0; n < f.n; n++)
		assert_false(f.out[n].a.type == LKE_ACT_ADDR && f.out[n].a.addr.remove);
	/* The kernel has it now, and one of its own as well. */
	ev.addr = (struct lke_ev_addr){ FIX_IF, own, 64, .removed = false };
	fix_event(&f, &ev);
	ev.addr.addr = fix_ll;
	fix_event(&f, &ev);
	fix_link(&f, false);
	fix_clear(&f);
	fix_link(&f, true);
	now = f.e->mn->link[0]->ll->addr;
	assert_true(in6_eq(&now, &own));
	assert_null(told(&f, &own));
	fix_end(&f);
}

/* The kernel has another one, and the former no longer: that one is nobody's, and the new one is
 * examined as on arrival. */
static void link_local_address_of_the_kernel_changes(void **state)
{
	struct lke_event ev = { .type = LKE_EV_ADDR };
	struct lke_in6 other = fix_addr("fe80::88");
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach(&f, 1);
	fix_clear(&f);
	ev.addr = (struct lke_ev_addr){ .ifindex = FIX_IF, .addr = other, .prefix_len = 64 };
	fix_event(&f, &ev);
	ev.addr = (struct lke_ev_addr){ FIX_IF, fix_ll, 64, .removed = true };
	fix_event(&f, &ev);
	fix_link(&f, false);
	fix_link(&f, true);
	assert_true(in6_eq(&f.e->mn->link[0]->ll->addr, &other));
	assert_null(mn_addr_find(f.e, &fix_ll));
	assert_true(detections(&f, &other) >= 1);
	assert_null(told(&f, &other)); /* the kernel's own */
	assert_null(told(&f, &fix_ll));
	fix_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_7217_5_identifier_is_of_prefix_interface_and_counter),
		cmocka_unit_test(address_of_a_former_link_is_not_taken_for_another_router),
		cmocka_unit_test(former_address_is_deprecated_and_stays),
		cmocka_unit_test(infinite_lifetimes_stay_infinite),
		cmocka_unit_test(former_address_left_longest_ago_gives_way),
		cmocka_unit_test(no_place_for_an_address_is_counted),
		cmocka_unit_test(addresses_of_an_interface_that_goes_and_comes),
		cmocka_unit_test(address_without_a_key_goes_with_its_interface),
		cmocka_unit_test(former_address_without_a_key_is_examined_again),
		cmocka_unit_test(detection_runs_once_and_to_its_end),
		cmocka_unit_test(care_of_address_is_steered_while_it_lives),
		cmocka_unit_test(own_link_local_address_stays),
		cmocka_unit_test(link_local_address_of_the_kernel_changes),
	};

	return RUN_IN_PROFILE(tests, NULL);
}
