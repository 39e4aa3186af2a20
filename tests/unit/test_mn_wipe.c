/* SPDX-License-Identifier: ISC */
/* No memory that a mobile node gives back holds a key (draft 5.1, AMB-039): every free() of the
 * program is looked through. */
#include "mn_fixture.h"

#include <malloc.h>

/* Of the linker, in place of free() (meson.build). */
void __real_free(void *p);
void __wrap_free(void *p);

enum { SECRETS = 64 };

static struct secret16 secret[SECRETS];
static unsigned secrets, leaks;

void __wrap_free(void *p)
{
	size_t n = p ? malloc_usable_size(p) : 0;

	for (unsigned k = 0; k < secrets; k++)
		leaks += n >= 16 && memmem(p, n, secret[k].b, 16) != NULL;
	__real_free(p);
}

static void guard(const uint8_t *key)
{
	assert_true(secrets < SECRETS);
	memcpy(secret[secrets++].b, key, 16);
}

static void guard_exchange(struct fix *f)
{
	fix_kereq_key(f);
	guard(f->kbm.b);
	memset(f->out, 0, FIX_ACTIONS * sizeof(*f->out)); /* has what went to be encrypted */
	fix_clear(f);
}

static void keys_of_the_home(struct lke_config *cfg)
{
	for (unsigned n = 0; n < 20; n++) {
		cfg->mn.home[0].to_ha.auth_key[n] = (uint8_t)(0xa0 + n);
		cfg->mn.home[0].to_mn.auth_key[n] = (uint8_t)(0xc0 + n);
	}
	for (unsigned n = 0; n < sizeof(cfg->mn.stable_secret); n++)
		cfg->mn.stable_secret[n] = (uint8_t)(0x40 + n);
}

static void start(struct fix *f)
{
	secrets = leaks = 0;
	fix_tweak = keys_of_the_home;
	fix_start(f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_tweak = NULL;
	/* The association is the home agent's, which the fixture plays with the first keys. */
	sa_done(&f->ha_out);
	assert_int_equal(sa_init(&f->ha_out, &f->cfg.mn.home[0].to_mn), 0);
	guard(f->cfg.mn.home[0].to_ha.auth_key);
	guard(f->cfg.mn.home[0].to_mn.auth_key);
	guard(f->cfg.mn.stable_secret);
	fix_attach(f, 1);
}

static void end(struct fix *f)
{
	memset(f->out, 0, FIX_ACTIONS * sizeof(*f->out));
	fix_end(f);
	assert_int_equal(leaks, 0);
}

static void command(struct fix *f, enum lke_command cmd)
{
	struct lke_event ev = { .type = LKE_EV_COMMAND };

	ev.command.cmd = cmd;
	fix_event(f, &ev);
}

static void free_is_looked_through(void **state)
{
	static const uint8_t key[16] = "0123456789abcde";
	uint8_t *p = calloc(1, 100);

	(void)state;
	assert_non_null(p);
	secrets = leaks = 0;
	guard(key);
	memcpy(p + 50, key, sizeof(key));
	__asm__ volatile("" : : "r"(p) : "memory"); /* the compiler would leave it out */
	free(p);
	assert_int_equal(leaks, 1);
	secrets = leaks = 0;
}

/* One that is replaced, one that the operator flushes, one in the middle of an exchange. */
static void keys_that_go_are_wiped(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	guard_exchange(&f);
	command(&f, LKE_CMD_KEX);
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	guard_exchange(&f);
	command(&f, LKE_CMD_FLUSH_LBSA);
	assert_int_equal(leaks, 0);
	fix_run(&f, 5 * LKE_SEC);
	fix_ra(&f, 1);
	guard_exchange(&f);
	end(&f);
}

static void keys_that_expire_are_wiped(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	assert_int_equal(fix_keack(&f, 1, 0, 40, false), 0);
	guard_exchange(&f);
	fix_move(&f, 2);
	fix_run(&f, 60 * LKE_SEC);
	assert_int_equal(leaks, 0);
	end(&f);
}

static void the_end_of_the_engine_wipes_them(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	guard_exchange(&f);
	end(&f);
}

/* Saved, restored by the next engine, which gives up its copy. */
static void restored_keys_are_wiped(void **state)
{
	static uint8_t buf[LKE_STATE_MAX];
	struct lke_engine *next;
	struct fix f;
	int len;

	(void)state;
	start(&f);
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	guard_exchange(&f);
	len = lke_engine_save(f.e, buf, sizeof(buf));
	assert_true(len > 0);
	assert_int_equal(lke_engine_new(&f.cfg, f.now, &next), 0);
	assert_int_equal(lke_engine_restore(next, buf, (size_t)len), 0);
	assert_non_null(next->mn->lbsa[0]);
	assert_int_equal(leaks, 0);
	lke_engine_free(next);
	end(&f);
}

/* Another key of the home agent: the reload wipes the one before. */
static void keys_that_a_reload_replaces_are_wiped(void **state)
{
	static struct lke_config next;
	struct lke_event ev = { .type = LKE_EV_CONFIG, .config = { &next, false } };
	struct fix f;

	(void)state;
	start(&f);
	next = f.cfg;
	for (unsigned n = 0; n < 20; n++)
		next.mn.home[0].to_ha.auth_key[n] ^= 0x0f;
	guard(next.mn.home[0].to_ha.auth_key);
	assert_int_equal(lke_engine_input(f.e, &ev, f.now), 0);
	fix_run(&f, LKE_SEC);
	assert_int_equal(leaks, 0);
	next.mn.homes = 0;
	next.mn.local_only = true;
	assert_int_equal(lke_engine_input(f.e, &ev, f.now), 0);
	fix_run(&f, LKE_SEC);
	assert_int_equal(leaks, 0);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(free_is_looked_through),
		cmocka_unit_test(keys_that_go_are_wiped),
		cmocka_unit_test(keys_that_expire_are_wiped),
		cmocka_unit_test(the_end_of_the_engine_wipes_them),
		cmocka_unit_test(restored_keys_are_wiped),
		cmocka_unit_test(keys_that_a_reload_replaces_are_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
