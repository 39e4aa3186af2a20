/* SPDX-License-Identifier: ISC */
/* Answers that are no binding, and what is believed of them: AMB-105, AMB-106, AMB-116, RFC 6275
 * 11.7.3. */
#include "mn_fixture.h"

static struct update *update_at(struct fix *f, const struct lke_in6 *old)
{
	struct lke_in6 ar = fix_ar_addr(1);

	return update_find(f->e, old, &ar);
}

/* Updates to the home agent. */
static unsigned told_home(const struct fix *f)
{
	unsigned count = 0;

	for (size_t n = 0; n < f->n; n++)
		count += f->out[n].a.type == LKE_ACT_NOTIFY && f->out[n].a.note.out &&
			 f->out[n].a.note.msg == LKE_MSG_BU &&
			 in6_eq(&f->out[n].a.note.dst, &fix_agent);
	return count;
}

static int home_answers(struct fix *f, uint8_t status, uint16_t lifetime)
{
	struct ip6_out o = {
		.src = fix_agent, .dst = f->e->mn->current, .hop_limit = 64, .rh2 = &fix_home
	};
	struct mh_ba ba = { .status = status, .seq = fix_ha_seq(f), .lifetime = lifetime };
	uint8_t mh[128], buf[512];
	struct wr w = wr_init(mh, sizeof(mh));
	int len;

	mh_ba_encode(&w, &ba, false);
	mh_set_checksum(&w, 0, &fix_agent, &fix_home);
	len = sa_protect(f->e, &f->ha_out, &o, mh, w.off, buf, sizeof(buf));
	assert_true(len > 0);
	return fix_packet(f, 1, buf, (size_t)len);
}

/* No registration without both, a good Status and a lifetime; asked again after a minute, once. */
static void home_agent_that_accepts_for_no_time(void **state)
{
	static const struct {
		uint8_t status;
		uint16_t lifetime;
	} row[] = { { 0, 0 }, { 129, 150 }, { 129, 0 } };

	(void)state;
	for (unsigned n = 0; n < 3; n++) {
		struct fix f;

		fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
		fix_link(&f, true);
		fix_ra(&f, 1);
		assert_int_equal(home_answers(&f, row[n].status, row[n].lifetime), 0);
		assert_null(fix_note(&f, LKE_NOTE_REGISTERED));
		assert_non_null(fix_note(&f, LKE_NOTE_REFUSED));
		fix_run(&f, 59 * LKE_SEC);
		assert_int_equal(told_home(&f), 1);
		assert_int_equal(fix_count(&f, LKE_MSG_KEREQ), 0);
		fix_run(&f, LKE_SEC);
		assert_int_equal(told_home(&f), 2);
		fix_end(&f);
	}
}

/* 133 and 134: the router knows no such key; anything else says nothing of the key. */
static void refusals_that_end_the_key(void **state)
{
	static const uint8_t status[] = { 133, 134, 128, 129, 130 };

	(void)state;
	for (unsigned n = 0; n < sizeof(status); n++) {
		struct lke_lbsa_view v;
		struct lke_in6 old;
		struct fix f;

		fix_away(&f, LKE_STRATEGY_OLDEST, &old);
		assert_int_equal(fix_ba(&f, 1, status[n], 0, 0, true), 0);
		assert_int_equal(fix_lbsa(&f, &old, &v), n >= 2);
		assert_int_equal(told_home(&f), 1);
		fix_end(&f);
	}
}

/* AMB-116: back on its link 133 means that there is no binding; other refusals do not. */
static void amb_116_what_ends_a_return(void **state)
{
	static const uint8_t status[] = { 0, 133, 129, 130 };

	(void)state;
	for (unsigned n = 0; n < sizeof(status); n++) {
		struct lke_in6 old;
		struct fix f;

		fix_away(&f, LKE_STRATEGY_OLDEST, &old);
		assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
		fix_run(&f, 5 * LKE_SEC);
		fix_clear(&f);
		fix_move(&f, 1);
		assert_true(update_at(&f, &old)->dereg);
		assert_int_equal(fix_ba(&f, 1, status[n], 0, 0, true), 0);
		assert_int_equal(fix_note(&f, LKE_NOTE_RETURNED) != NULL, n < 2);
		assert_int_equal(update_at(&f, &old) == NULL, n < 2);
		fix_end(&f);
	}
}

/* Until it is accepted, or the binding has ended, what comes to the link goes to the former one: it
 * is asked for again and again. */
static void refused_return_is_asked_for_again(void **state)
{
	struct lke_in6 old;
	unsigned asked;
	struct fix f;

	(void)state;
	for (unsigned n = 0; n < 2; n++) {
		fix_away(&f, LKE_STRATEGY_OLDEST, &old);
		assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
		fix_run(&f, 5 * LKE_SEC);
		fix_clear(&f);
		fix_move(&f, 1);
		f.encrypt = false;
		for (asked = 1; n == 0 ? asked < 5 : update_at(&f, &old) != NULL; asked++) {
			assert_int_equal(fix_count(&f, LKE_MSG_BU), asked);
			assert_int_equal(fix_ba(&f, 1, 129, 0, 0, true), 0);
			fix_run(&f, 4 * LKE_SEC);
			assert_true(asked < 70);
		}
		if (n == 0) {
			assert_null(fix_note(&f, LKE_NOTE_RETURNED));
			assert_int_equal(fix_ba(&f, 1, 0, 0, 0, true), 0);
			assert_non_null(fix_note(&f, LKE_NOTE_RETURNED));
			assert_null(update_at(&f, &old));
		} else {
			assert_in_range(asked, 55, 62); /* 240 s */
		}
		fix_end(&f);
	}
}

/* Two keys, and the router knows the newer one no more: it is asked with the other one, for the
 * same. */
static void return_with_the_older_key(void **state)
{
	struct lke_in6 old;
	struct fix f;

	(void)state;
	fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(&f, 1);
	old = fix_coa(&f);
	fix_run(&f, 10 * LKE_SEC);
	fix_event(&f, &(struct lke_event){ .type = LKE_EV_COMMAND, .command.cmd = LKE_CMD_KEX });
	assert_int_equal(fix_keack(&f, 1, 0, 7200, false), 0);
	assert_non_null(mn_lbsa_of(f.e, &old, mn_lbsa_of(f.e, &old, NULL)));
	fix_clear(&f);
	fix_move(&f, 2);
	fix_run(&f, 100 * LKE_MSEC);
	fix_clear(&f);
	fix_move(&f, 1);
	assert_true(update_at(&f, &old)->dereg);
	assert_int_equal(fix_ba(&f, 1, 134, 0, 0, true), 0);
	assert_non_null(update_at(&f, &old));
	assert_true(update_at(&f, &old)->dereg);
	assert_int_equal(update_at(&f, &old)->lifetime, 0);
	fix_end(&f);
}

/* AMB-105: a recorded one is behind what was sent. */
static void amb_105_signed_135_that_is_behind(void **state)
{
	struct lke_in6 old;
	struct update *u;
	uint16_t seq;
	struct fix f;

	(void)state;
	fix_away(&f, LKE_STRATEGY_OLDEST, &old);
	u = update_at(&f, &old);
	assert_true(u->outstanding);
	seq = u->seq;
	u->seq = (uint16_t)(seq + 3);
	assert_int_equal(fix_ba(&f, 1, STATUS_SEQUENCE, 0, 0, true), -(int)LKE_DROP_SEQUENCE);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 1);
	u->seq = seq;
	assert_int_equal(fix_ba(&f, 1, STATUS_SEQUENCE, 0, 0, true), 0);
	assert_int_equal(fix_count(&f, LKE_MSG_BU), 2);
	fix_end(&f);
}

/* AMB-106: an unsigned refusal of the update that is out is a hint, once; anything else is none. */
static void amb_106_unsigned_answers(void **state)
{
	struct lke_lbsa_view v;
	struct lke_in6 old;
	struct update *u;
	uint16_t seq;
	struct fix f;

	(void)state;
	fix_away(&f, LKE_STRATEGY_OLDEST, &old);
	u = update_at(&f, &old);
	seq = u->seq;
	(void)fix_ba(&f, 1, 0, 240, 0, false);
	assert_false(u->accepted);
	u->seq = u->first_seq = (uint16_t)(seq + 3); /* the answer is to another one */
	(void)fix_ba(&f, 1, 129, 0, 0, false);
	assert_int_equal(told_home(&f), 0);
	u->seq = u->first_seq = seq;
	(void)fix_ba(&f, 1, 129, 0, 0, false);
	assert_int_equal(told_home(&f), 1);
	assert_non_null(fix_note(&f, LKE_NOTE_FALLBACK));
	assert_int_equal(fix_ha_ba(&f, 2, 129, fix_ha_seq(&f)), 0);
	(void)fix_ba(&f, 1, 129, 0, 0, false);
	assert_int_equal(told_home(&f), 1);
	/* Nothing was deleted, and the signed answer counts. */
	assert_true(fix_lbsa(&f, &old, &v));
	assert_int_equal(fix_ba(&f, 1, 0, 240, 0, true), 0);
	assert_true(u->accepted);
	fix_end(&f);
}

/* AMB-045: an update under a key that ends before the answer can come is not sent; the home agent
 * is told instead. */
static void amb_045_no_update_with_a_key_that_is_over(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 2; n++) {
		struct lke_lbsa_view v;
		struct lke_in6 coa, ar = fix_ar_addr(1);
		struct fix f;

		fix_start(&f, 1, LKE_STRATEGY_OLDEST, LKE_PROFILE_DEFAULT);
		fix_attach_lbsa(&f, 1);
		coa = fix_coa(&f);
		f.encrypt = false; /* it is not renewed */
		assert_true(fix_lbsa(&f, &coa, &v));
		fix_run(&f, f.e->mn->lbsa[0]->expires - f.now - (n ? 6 : 3) * LKE_SEC);
		assert_true(fix_lbsa(&f, &coa, &v));
		fix_clear(&f);
		fix_move(&f, 2);
		assert_int_equal(update_find(f.e, &coa, &ar) != NULL, n == 1);
		assert_true(told_home(&f) >= 1);
		fix_end(&f);
	}
}

/* draft01 differs: the older key goes at once (AMB-052). */
static const char *const default_only[] = {
	"return_with_the_older_key",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(home_agent_that_accepts_for_no_time),
		cmocka_unit_test(refusals_that_end_the_key),
		cmocka_unit_test(amb_116_what_ends_a_return),
		cmocka_unit_test(refused_return_is_asked_for_again),
		cmocka_unit_test(return_with_the_older_key),
		cmocka_unit_test(amb_105_signed_135_that_is_behind),
		cmocka_unit_test(amb_106_unsigned_answers),
		cmocka_unit_test(amb_045_no_update_with_a_key_that_is_over),
	};

	return RUN_IN_PROFILE(tests, default_only);
}
