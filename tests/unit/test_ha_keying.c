/* SPDX-License-Identifier: ISC */
/* The keying of a mobile node: lke/keying.h. */
#include "ha_fixture.h"

static struct lke_keying manual(uint32_t spi, uint8_t fill, uint32_t generation)
{
	return (struct lke_keying){ .source = LKE_KEYING_MANUAL,
				    .generation = generation,
				    .to_ha = fx_sa(spi, fill),
				    .to_mn = fx_sa(spi + 1, (uint8_t)(fill + 2)) };
}

static int install(struct fx *f, const struct lke_keying *k)
{
	struct lke_event ev = { .type = LKE_EV_KEYING };

	ev.keying = (struct lke_ev_keying){ .home = f->mobile[0].home, .keying = k };
	return fx_event(f, &ev);
}

/* The mobile node's ends follow. */
static void use(struct fx *f, const struct lke_keying *k)
{
	sa_done(&f->sender[0]);
	sa_done(&f->receiver[0]);
	assert_int_equal(sa_init(&f->sender[0], &k->to_ha), 0);
	assert_int_equal(sa_init(&f->receiver[0], &k->to_mn), 0);
}

static void begin(struct fx *f)
{
	fx_config(f);
	strcpy(f->mobile[0].identity, "alice@example.net");
	fx_start(f);
	fx_register(f, 10);
}

static void amb_156_manual_keys_have_no_window_and_no_k(void **state)
{
	struct lke_keying k = manual(0x3000, 0x50, 2);

	(void)state;
	assert_int_equal(lke_keying_check(&k), 0);
	k.window = LKE_REPLAY_WINDOW;
	assert_int_equal(lke_keying_check(&k), LKE_ERR_INVAL);
	k.window = 0;
	k.endpoint_update = true; /* AMB-158 */
	assert_int_equal(lke_keying_check(&k), LKE_ERR_INVAL);
	k.source = LKE_KEYING_DYNAMIC;
	strcpy(k.identity, "alice@example.net");
	assert_int_equal(lke_keying_check(&k), LKE_ERR_INVAL);
	k.window = LKE_REPLAY_WINDOW;
	assert_int_equal(lke_keying_check(&k), 0);
	k.identity[0] = '\0';
	assert_int_equal(lke_keying_check(&k), LKE_ERR_INVAL);
	k.source = (enum lke_keying_source)7;
	assert_int_equal(lke_keying_check(&k), LKE_ERR_INVAL);
}

static void amb_173_new_keys_begin_new_numbers_and_keep_the_binding(void **state)
{
	struct lke_keying k = manual(0x3000, 0x50, 2);
	struct fx f;

	(void)state;
	begin(&f);
	memset(f.order, 0, sizeof(f.order));
	assert_int_equal(install(&f, &k), 0);
	assert_string_equal(f.order, "S+S-");
	assert_non_null(binding_find(f.e, &f.mobile[0].home));
	/* The old key opens nothing any more. */
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 11, .lifetime = 9 }), -LKE_DROP_ESP_SPI);
	use(&f, &k);
	/* A number that was old under the former key: another floor. */
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 3, .lifetime = 9 }), 0);
	assert_int_equal(f.ba.status, STATUS_ACCEPTED);
	assert_int_equal(f.floor.generation, 2);
	fx_end(&f);
}

static void amb_173_write_of_the_former_key_is_not_taken_for_the_new(void **state)
{
	struct lke_keying k = manual(0x1000, 0x50, 2);
	uint64_t old;
	struct fx f;

	(void)state;
	begin(&f);
	f.hold_floor = true;
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 200, .lifetime = 9 }), 0);
	old = f.floor_cookie;
	assert_int_equal(install(&f, &k), 0);
	use(&f, &k);
	f.bas = 0;
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 3, .lifetime = 9 }), 0);
	assert_true(f.floor_cookie != old);
	f.floor_cookie = old;
	fx_floor_done(&f, 0);
	assert_int_equal(f.bas, 0);
	fx_end(&f);
}

static void sec_045_keying_with_a_key_or_spi_of_another_is_refused(void **state)
{
	struct lke_keying k = manual(0x1001, 0x50, 2);
	struct fx f;

	(void)state;
	begin(&f);
	assert_int_equal(install(&f, &k), LKE_ERR_EXIST);
	k = manual(0x3000, 0x50, 2);
	k.to_mn = f.mobile[1].to_mn;
	assert_int_equal(install(&f, &k), LKE_ERR_EXIST);
	k = manual(0x3000, 0x50, 1); /* not newer */
	assert_int_equal(install(&f, &k), LKE_ERR_EXIST);
	k.generation = 2;
	k.to_ha.enc = (enum lke_esp_enc)9;
	assert_int_equal(install(&f, &k), LKE_ERR_INVAL);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 11, .lifetime = 9 }), 0);
	fx_end(&f);
}

static struct lke_keying dynamic(const char *identity)
{
	struct lke_keying k = manual(0x3000, 0x50, 2);

	k.source = LKE_KEYING_DYNAMIC;
	k.window = LKE_REPLAY_WINDOW;
	strcpy(k.identity, identity);
	return k;
}

static void sec_049_identity_must_be_the_one_of_the_policy_entry(void **state)
{
	struct lke_keying mallory = dynamic("mallory@example.net"),
			  alice = dynamic("alice@example.net");
	struct lke_event ev = { .type = LKE_EV_KEYING };
	struct fx f;

	(void)state;
	begin(&f);
	assert_int_equal(install(&f, &mallory), LKE_ERR_INVAL);
	/* An entry that names nobody has no dynamic keys. */
	ev.keying = (struct lke_ev_keying){ .home = f.mobile[1].home, .keying = &alice };
	assert_int_equal(fx_event(&f, &ev), LKE_ERR_INVAL);
	ev.keying.home = ip("2001:db8:1::dead");
	assert_int_equal(fx_event(&f, &ev), LKE_ERR_NOENT);
	assert_int_equal(install(&f, &alice), 0);
	fx_end(&f);
}

static void sec_018_dynamic_keys_have_a_replay_window(void **state)
{
	struct lke_keying k = dynamic("alice@example.net");
	uint8_t first[512];
	size_t len;
	struct fx f;

	(void)state;
	begin(&f);
	assert_int_equal(install(&f, &k), 0);
	use(&f, &k);
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 11, .lifetime = 9 }), 0);
	memcpy(first, f.frame, f.frame_len);
	len = f.frame_len;
	assert_int_equal(fx_frame(&f, WAN_IF, first, len), -LKE_DROP_ESP_REPLAY);
	/* Out of order but inside the window, then left of it. */
	f.sender[0].seq = 99;
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 12, .lifetime = 9 }), 0);
	f.sender[0].seq = 36; /* 37 = 100 - 63 */
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 13, .lifetime = 9 }), 0);
	f.sender[0].seq = 35;
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 14, .lifetime = 9 }), -LKE_DROP_ESP_REPLAY);
	/* A forged number does not move the window. */
	first[IP6_HDR_LEN + 24 + 4] = 0x10;
	assert_int_equal(fx_frame(&f, WAN_IF, first, len), -LKE_DROP_ESP_ICV);
	f.sender[0].seq = 100;
	assert_int_equal(fx_bu(&f, (struct bu){ .seq = 15, .lifetime = 9 }), 0);
	fx_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_156_manual_keys_have_no_window_and_no_k),
		cmocka_unit_test(amb_173_new_keys_begin_new_numbers_and_keep_the_binding),
		cmocka_unit_test(amb_173_write_of_the_former_key_is_not_taken_for_the_new),
		cmocka_unit_test(sec_045_keying_with_a_key_or_spi_of_another_is_refused),
		cmocka_unit_test(sec_049_identity_must_be_the_one_of_the_policy_entry),
		cmocka_unit_test(sec_018_dynamic_keys_have_a_replay_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
