/* SPDX-License-Identifier: ISC */
/* What an access router keeps over a restart: AMB-051, AMB-130, SEQUENCES 7. */
#include "ar_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "core/access_router.h"

static struct arf f;

static int done(void **state)
{
	arf_close(&f);
	return 0;
}

static void keep(struct lke_config *cfg)
{
	cfg->keep_state = true;
}

static void open_keeping(void)
{
	arf_open(&f, LKE_PROFILE_DEFAULT, keep);
}

static const struct arf_bu away = { .lifetime = 60 };

/* Binds the mobile node, with its proof. */
static void bind_proved(struct arf_mn *m)
{
	bool is_signed;
	struct mh_ba ba;

	assert_int_equal(arf_bu(&f, m, &away), 0);
	ba = arf_ba(&f, m->kbm, &is_signed);
	assert_true(is_signed && ba.status == 0);
	assert_int_equal(arf_finished(&f, m, &ba, false), 0);
}

static void amb_130_nothing_is_recorded_by_default(void **state)
{
	struct arf_mn m = arf_mobile(1);

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	arf_attach(&f, &m);
	bind_proved(&m);
	assert_int_equal(f.records, 0);
	assert_int_equal(lke_engine_next_record(f.e, &(struct lke_record_cursor){ 0 }, NULL), 0);
}

/* The link goes and the router is restarted before it is back: what waits for it is not lost. */
static void amb_130_without_its_link_an_lbsa_is_kept(void **state)
{
	struct lke_event ev = { .type = LKE_EV_LINK };
	struct arf_mn m = arf_mobile(1);
	struct lke_record_cursor c = { 0 };
	uint8_t buf[LKE_RECORD_MAX];
	unsigned told = 0;
	struct record r;
	int len;

	open_keeping();
	arf_attach(&f, &m);
	ev.link = (struct lke_ev_link){ .ifindex = ARF_LAN, .mtu = 1500, .removed = true };
	strcpy(ev.link.name, "lan");
	arf_event(&f, &ev);
	assert_false(arf_has(&f, &m.coa, LKE_LBSA_VALID, NULL));
	while ((len = lke_engine_next_record(f.e, &c, buf)) > 0) {
		assert_int_equal(record_decode(buf, (size_t)len, &r), 0);
		told += r.kind == RECORD_LBSA;
	}
	assert_int_equal(told, 1); /* in a file that is written anew, too */
	arf_restart(&f, f.records, 0, false, false);
	assert_true(arf_has(&f, &m.coa, LKE_LBSA_VALID, NULL));
}

static void amb_130_everything_comes_back(void **state)
{
	struct lke_lbsa_view a, b;
	struct lke_binding_view x, y;
	struct arf_mn m = arf_mobile(1), n = arf_mobile(2);

	open_keeping();
	arf_attach(&f, &m);
	arf_attach(&f, &n);
	bind_proved(&m);
	arf_run(&f, 5 * LKE_SEC);
	assert_true(arf_has(&f, &m.coa, LKE_LBSA_VALID, &a));
	assert_true(arf_binding(&f, &m.coa, &x));
	f.now += LKE_SEC;
	arf_restart(&f, f.records, 0, false, false);
	assert_true(arf_has(&f, &m.coa, LKE_LBSA_VALID, &b));
	assert_true(in6_eq(&a.ar, &b.ar) && in6_eq(&a.peer_ll, &b.peer_ll));
	assert_true(lladdr_eq(&a.peer_lladdr, &b.peer_lladdr));
	assert_true(a.proved && b.proved && b.bound && !b.cached_na && b.has_bu_seq);
	assert_int_equal(a.expires, b.expires);
	assert_int_equal(a.kex_seq, b.kex_seq);
	assert_int_equal(a.bu_seq, b.bu_seq);
	assert_true(arf_binding(&f, &m.coa, &y));
	assert_true(in6_eq(&x.coa, &y.coa) && in6_eq(&x.agent, &y.agent));
	assert_int_equal(y.state, LKE_BINDING_OK);
	assert_int_equal(x.seq, y.seq);
	assert_int_equal(x.expires, y.expires);
	assert_int_equal(f.tunnel.tunnel.credit, UINT64_MAX);
	assert_int_equal(f.intercepts, 1);
	assert_true(arf_count(&f, LKE_MSG_NA) >= 1); /* proxy, RFC 6275 10.4.1 */
	assert_int_equal(arf_count(&f, LKE_MSG_BRR), 0);
	assert_true(arf_has(&f, &n.coa, LKE_LBSA_VALID, &b));
	assert_true(b.cached_na && !b.bound);
	/* And ends when it should. */
	arf_run(&f, 7200 * LKE_SEC);
	assert_false(arf_has(&f, &m.coa, LKE_LBSA_VALID, NULL));
	assert_int_equal(f.intercepts, 0);
}

/* The answer leaves when the record is written, and not before. */
static void amb_130_the_answer_waits_for_its_record(void **state)
{
	struct arf_mn m = arf_mobile(1);
	bool is_signed;

	open_keeping();
	arf_attach(&f, &m);
	f.hold_records = true;
	assert_int_equal(arf_bu(&f, &m, &away), 0);
	assert_true(arf_binding(&f, &m.coa, NULL)); /* packets do not wait */
	arf_run(&f, 5 * LKE_SEC);
	/* Nor does the repetition at 1 s let it out. */
	assert_int_equal(arf_count(&f, LKE_MSG_BA), 0);
	m.bu_seq++;
	assert_int_equal(arf_bu(&f, &m, &away), 0);
	arf_tell_records(&f);
	/* One answer, to the newest update. */
	assert_int_equal(arf_count(&f, LKE_MSG_BA), 1);
	assert_int_equal(arf_ba(&f, m.kbm, &is_signed).seq, m.bu_seq);
	assert_true(is_signed);
}

static void amb_151_durable_once_in_64(void **state)
{
	struct arf_mn m = arf_mobile(1);
	unsigned durable = 0, before;

	open_keeping();
	arf_attach(&f, &m);
	before = f.records;
	for (unsigned n = 0; n < 200; n++) {
		f.sents = f.notes = 0;
		m.bu_seq++;
		assert_int_equal(arf_bu(&f, &m, &away), 0);
	}
	for (unsigned n = before; n < f.records; n++)
		durable += f.record[n].durable;
	assert_int_equal(durable, 4); /* the first, and each 65th behind */
}

static void thr_082_what_cannot_be_recorded_is_not_acknowledged(void **state)
{
	struct arf_mn m = arf_mobile(1);

	open_keeping();
	arf_attach(&f, &m);
	f.record_err = LKE_ERR_SYS;
	assert_int_equal(arf_bu(&f, &m, &away), 0);
	assert_int_equal(arf_count(&f, LKE_MSG_BA), 0);
	assert_int_equal(lke_engine_drops(f.e, LKE_DROP_STORE), 1);
	assert_int_equal(arf_notes(&f, LKE_NOTE_ALARM), 1);
	m.bu_seq++;
	assert_int_equal(arf_bu(&f, &m, &away), 0);
	assert_int_equal(arf_notes(&f, LKE_NOTE_ALARM), 1); /* said once */
	f.record_err = 0;
	m.bu_seq++;
	assert_int_equal(arf_bu(&f, &m, &away), 0);
	assert_int_equal(arf_count(&f, LKE_MSG_BA), 1);
}

static void acknowledgements_that_wait_are_bounded(void **state)
{
	static struct arf_mn m;
	bool is_signed;

	open_keeping();
	m = arf_mobile(1);
	arf_attach(&f, &m);
	f.hold_records = true;
	for (unsigned n = 0; n < 1100; n++) {
		f.sents = f.notes = 0;
		m.bu_seq++;
		assert_int_equal(arf_bu(&f, &m, &away), 0);
	}
	assert_true(lke_engine_drops(f.e, LKE_DROP_LIMIT) >= 76);
	f.hold_records = false;
	arf_tell_records(&f);
	f.sents = f.notes = 0;
	m.bu_seq++;
	assert_int_equal(arf_bu(&f, &m, &away), 0);
	assert_int_equal(arf_ba(&f, m.kbm, &is_signed).seq, m.bu_seq);
}

/* The LBSA ends while its answer waits. */
static void an_lbsa_that_ends_meanwhile(void **state)
{
	struct lke_event flush = { .type = LKE_EV_COMMAND };
	struct arf_mn m = arf_mobile(1);

	open_keeping();
	arf_attach(&f, &m);
	f.hold_records = true;
	assert_int_equal(arf_bu(&f, &m, &away), 0);
	flush.command.cmd = LKE_CMD_FLUSH_LBSA;
	arf_event(&f, &flush);
	arf_tell_records(&f);
	assert_int_equal(arf_count(&f, LKE_MSG_BA), 0);
	arf_restart(&f, f.records, 0, false, false);
	assert_false(arf_has(&f, &m.coa, LKE_LBSA_VALID, NULL));
}

static void amb_051_replay_cache_and_key_age_come_back(void **state)
{
	struct arf_mn m = arf_mobile(1);
	unsigned decrypts;

	open_keeping();
	arf_attach(&f, &m);
	arf_run(&f, 80 * LKE_SEC); /* no longer the current exchange */
	arf_restart(&f, f.records, 0, false, false);
	decrypts = f.decrypts;
	assert_int_equal(arf_kereq(&f, &m), -(int)LKE_DROP_REPLAY);
	assert_int_equal(f.decrypts, decrypts);
	/* A day after it was made, not after the restart. */
	arf_run(&f, 86400 * LKE_SEC - 85 * LKE_SEC);
	assert_int_equal(f.rsa_news, 0);
	arf_run(&f, 10 * LKE_SEC);
	assert_int_equal(f.rsa_news, 1);
}

/* The RSA key that comes is not the one of the last run: nothing of that one applies to it. */
static void amb_051_another_key_begins_anew(void **state)
{
	struct arf_mn m = arf_mobile(1), n = arf_mobile(2);

	open_keeping();
	arf_attach(&f, &m);
	arf_restart(&f, f.records, 0, true, true);
	assert_int_equal(f.e->ar->rsa[0].replay.n, 0);
	assert_int_equal(f.e->ar->rsa[0].since, f.now);
	arf_attach(&f, &n);
}

/* The previous key keeps the end of its grace. */
static void amb_063_grace_goes_on_after_a_restart(void **state)
{
	struct lke_event ev = { .type = LKE_EV_RECORD };
	lke_time gone;

	open_keeping();
	arf_rsa_key(&f, 2);
	gone = f.now + 1200 * LKE_SEC;
	arf_run(&f, 500 * LKE_SEC);
	/* As arf_restart(), with both keys. */
	lke_engine_free(f.e);
	assert_int_equal(lke_engine_new(&f.cfg, f.now, &f.e), 0);
	for (unsigned n = 0; n < f.records; n++) {
		ev.record = (struct lke_ev_record){ f.record[n].data, f.record[n].len, 0, false };
		assert_int_equal(lke_engine_input(f.e, &ev, f.now), 0);
	}
	arf_rsa_key(&f, 1);
	arf_rsa_key(&f, 2);
	ev.record.len = 0;
	arf_event(&f, &ev);
	assert_int_equal(f.e->ar->rsa[1].key_id, 1);
	assert_int_equal(f.e->ar->key_grace.at, gone);
	arf_run(&f, gone - f.now);
	assert_int_equal(f.rsa_drops, 1);
	assert_int_equal(f.rsa_dropped, 1);
}

/* UNVERIFIED: its credit was used, for all we know, and a request asks for the proof. */
static void amb_112_no_new_credit_by_a_restart(void **state)
{
	struct arf_mn m = arf_mobile(1);
	struct lke_binding_view v;

	open_keeping();
	arf_attach(&f, &m);
	assert_int_equal(arf_bu(&f, &m, &away), 0);
	arf_run(&f, LKE_SEC);
	arf_restart(&f, f.records, 0, false, false);
	assert_true(arf_binding(&f, &m.coa, &v));
	assert_int_equal(v.state, LKE_BINDING_UNVERIFIED);
	assert_int_equal(f.tunnel.tunnel.credit, 0);
	arf_run(&f, 2 * LKE_SEC);
	assert_true(arf_count(&f, LKE_MSG_BRR) >= 1);
	m.bu_seq++;
	bind_proved(&m);
	assert_int_equal(f.tunnel.tunnel.credit, UINT64_MAX);
}

static void thr_084_lifetimes_of_another_boot(void **state)
{
	struct arf_mn m = arf_mobile(1);
	struct lke_lbsa_view a, b;
	lke_time old;

	open_keeping();
	arf_attach(&f, &m);
	bind_proved(&m);
	assert_true(arf_has(&f, &m.coa, LKE_LBSA_VALID, &a));
	/* A minute without power; the new boot is 20 s old. */
	old = f.now;
	f.now = 20 * LKE_SEC;
	arf_restart(&f, f.records, (int64_t)f.now - (int64_t)(old + 60 * LKE_SEC), false, false);
	assert_true(arf_has(&f, &m.coa, LKE_LBSA_VALID, &b));
	assert_int_equal(a.expires - old - 60 * LKE_SEC, b.expires - f.now);
	assert_true(arf_binding(&f, &m.coa, NULL));
	/* Another one of three hours: all has ended. */
	old = f.now;
	arf_restart(&f, f.records, -(int64_t)(10800 * LKE_SEC), false, false);
	assert_false(arf_has(&f, &m.coa, LKE_LBSA_VALID, NULL));
}

/* The link comes late, or its address does, or never. */
static void instances_wait_for_their_link(void **state)
{
	struct lke_event ev = { .type = LKE_EV_RECORD }, link = { .type = LKE_EV_LINK },
			 addr = { .type = LKE_EV_ADDR };
	struct lke_record_cursor c = { 0 };
	uint8_t buf[LKE_RECORD_MAX];
	struct arf_mn m = arf_mobile(1);
	unsigned told = 0, n = 0;

	open_keeping();
	arf_attach(&f, &m);
	lke_engine_free(f.e);
	assert_int_equal(lke_engine_new(&f.cfg, f.now, &f.e), 0);
	for (n = 0; n < f.records; n++) {
		ev.record = (struct lke_ev_record){ f.record[n].data, f.record[n].len, 0, false };
		assert_int_equal(lke_engine_input(f.e, &ev, f.now), 0);
	}
	ev.record.len = 0;
	arf_event(&f, &ev);
	assert_int_equal(lke_engine_input(f.e, &ev, f.now), LKE_ERR_STATE);
	/* What waits is told again all the same. */
	while (lke_engine_next_record(f.e, &c, buf) > 0)
		told += buf[0] == RECORD_LBSA;
	assert_int_equal(told, 1);
	link.link = (struct lke_ev_link){ .ifindex = 9, .mtu = 1500, .up = true };
	strcpy(link.link.name, "lan");
	link.link.lladdr = arf_lladdr(1);
	arf_event(&f, &link);
	addr.addr = (struct lke_ev_addr){ .ifindex = 9,
					  .addr = arf_addr("fe80::a:1"),
					  .prefix_len = 64 };
	arf_event(&f, &addr);
	assert_false(arf_has(&f, &m.coa, LKE_LBSA_VALID, NULL));
	addr.addr.addr = arf_addr("2001:db8:1::1");
	addr.addr.tentative = true;
	arf_event(&f, &addr);
	assert_false(arf_has(&f, &m.coa, LKE_LBSA_VALID, NULL));
	addr.addr.tentative = false;
	arf_event(&f, &addr);
	assert_true(arf_has(&f, &m.coa, LKE_LBSA_VALID, NULL));
}

/* Telling everything while the world goes on: with the changes behind it, it is all. */
static void a_file_written_anew_is_whole(void **state)
{
	static struct arf_mn m[120];
	struct lke_record_cursor c = { 0 };
	struct arf_record *told;
	unsigned tolds = 0, live, have = 0;
	int len;

	open_keeping();
	for (unsigned n = 0; n < 60; n++) {
		m[n] = arf_mobile(n + 1);
		f.sents = f.notes = 0;
		arf_attach(&f, &m[n]);
	}
	live = f.records;
	told = calloc(1000, sizeof(*told));
	assert_non_null(told);
	while ((len = lke_engine_next_record(f.e, &c, told[tolds].data)) > 0) {
		told[tolds++].len = (size_t)len;
		assert_true(tolds < 900);
		/* Others come, bind and go meanwhile. */
		f.sents = f.notes = 0;
		if (tolds % 3 == 0 && 60 + have < 100) {
			m[60 + have] = arf_mobile(61 + have);
			arf_attach(&f, &m[60 + have++]);
		} else if (tolds % 3 == 1) {
			assert_int_equal(arf_bu(&f, &m[tolds % 60], &away), 0);
		} else {
			struct lke_event flush = { .type = LKE_EV_COMMAND };

			flush.command.cmd = LKE_CMD_FLUSH_LBSA;
			flush.command.arg = m[(tolds * 7) % 60].coa;
			arf_event(&f, &flush);
		}
		/* In the file they stand in this order. */
		for (; live < f.records; live++)
			told[tolds++] = f.record[live];
	}
	for (unsigned n = 0; n < 60 + have; n++) {
		struct lke_lbsa_view v;

		m[n].no_proof = arf_has(&f, &m[n].coa, LKE_LBSA_VALID, &v);
		m[n].bu_seq = v.bu_seq;
	}
	free(f.record);
	f.record = told;
	f.records = tolds;
	f.records_cap = 1000;
	arf_restart(&f, tolds, 0, false, false);
	for (unsigned n = 0; n < 60 + have; n++) {
		struct lke_lbsa_view v;
		bool is = arf_has(&f, &m[n].coa, LKE_LBSA_VALID, &v);

		assert_int_equal(is, m[n].no_proof);
		if (is && v.has_bu_seq)
			assert_int_equal(v.bu_seq, m[n].bu_seq);
	}
	assert_int_equal(f.e->ar->rsa[0].replay.n, 60 + have);
}

/* A stop records no end: it is a pause. */
static void a_stop_is_a_pause(void **state)
{
	struct arf_mn m = arf_mobile(1);
	const struct lke_action *a;
	unsigned records, ras;

	open_keeping();
	arf_attach(&f, &m);
	bind_proved(&m);
	records = f.records;
	ras = arf_count(&f, LKE_MSG_RA);
	lke_engine_stop(f.e, f.now);
	while ((a = lke_engine_next_action(f.e)))
		assert_true(a->type != LKE_ACT_RECORD &&
			    !(a->type == LKE_ACT_NOTIFY && a->note.msg == LKE_MSG_RA));
	(void)ras;
	arf_restart(&f, records, 0, false, false);
	assert_true(arf_binding(&f, &m.coa, NULL));
}

/* --- the model: what was acknowledged is never accepted again --- */

#define ACKED_MAX 4000

struct model {
	uint16_t acked[ACKED_MAX];
	unsigned n;
	unsigned told; /* records before this one have had their result */
	unsigned durable;
};

static void note_acks(struct model *d, const struct arf_mn *m)
{
	for (unsigned n = 0; n < f.sents; n++) {
		struct lke_in6 home;
		struct mh_view v;
		struct mh_ba ba;

		if (f.sent[n].msg != LKE_MSG_BA)
			continue;
		f.sent[n].ip.pkt = f.sent[n].pkt;
		home = ip6_pseudo_dst(&f.sent[n].ip);
		assert_int_equal(mh_check(f.sent[n].pkt + f.sent[n].ip.upper_off,
					  f.sent[n].ip.upper_len, &f.sent[n].ip.src, &home, &v),
				 0);
		assert_int_equal(mh_ba_decode(&v, &ba), 0);
		if (ba.status == 0 && d->n < ACKED_MAX)
			d->acked[d->n++] = ba.seq;
	}
	f.sents = f.notes = 0;
	for (unsigned n = d->told; n < f.records; n++) {
		if (f.record[n].told) {
			d->told = n + 1;
			if (f.record[n].durable)
				d->durable = n + 1;
		}
	}
}

static void replay_all(const struct model *d, const struct arf_mn *m)
{
	struct arf_mn old = *m;

	for (unsigned n = 0; n < d->n; n++) {
		/* The window remembers half of the space (RFC 6275 9.5.1). */
		if ((uint16_t)(m->bu_seq - d->acked[n]) > 30000)
			continue;
		old.bu_seq = d->acked[n];
		f.sents = f.notes = 0;
		assert_int_equal(arf_bu(&f, &old, &away), -(int)LKE_DROP_SEQUENCE);
	}
	f.sents = f.notes = 0;
}

static void thr_059_model_of_floors(void **state)
{
	for (unsigned seed = 1; seed <= 40; seed++) {
		struct arf_mn m = arf_mobile(1);
		struct model d = { .n = 0 };

		srandom(seed);
		open_keeping();
		arf_attach(&f, &m);
		note_acks(&d, &m);
		m.bu_seq = (uint16_t)random();
		for (unsigned step = 0; step < 120; step++) {
			unsigned what = (unsigned)random() % 12;

			if (what < 9) {
				m.bu_seq = (uint16_t)(m.bu_seq + 1 + random() % (what ? 3 : 200));
				f.hold_records = random() % 3 == 0;
				(void)arf_bu(&f, &m, &away);
			} else if (what == 9) {
				arf_tell_records(&f);
			} else {
				/* Killed: what was written, and what was not told may be. */
				bool power = what == 11;
				unsigned from = power ? d.durable : d.told;
				unsigned keep_n =
					from + (unsigned)random() % (f.records - from + 1);

				arf_restart(&f, keep_n, 0, power, power);
				d.told = d.told < keep_n ? d.told : keep_n;
				if (!arf_has(&f, &m.coa, LKE_LBSA_VALID, NULL))
					break; /* lost whole: nothing can be accepted */
				replay_all(&d, &m);
				/* A raised floor: the mobile node goes where the refusal says. */
				struct lke_lbsa_view v;

				assert_true(arf_has(&f, &m.coa, LKE_LBSA_VALID, &v));
				if (v.has_bu_seq && (uint16_t)(v.bu_seq - m.bu_seq) < 0x8000)
					m.bu_seq = v.bu_seq;
				m.bu_seq++;
				f.hold_records = false;
				assert_int_equal(arf_bu(&f, &m, &away), 0);
			}
			note_acks(&d, &m);
		}
		arf_close(&f);
	}
	open_keeping();
}

/* draft01 differs: AMB-051, AMB-112, AMB-170. */
static const char *const default_only[] = {
	"amb_130_everything_comes_back",
	"amb_051_replay_cache_and_key_age_come_back",
	"amb_112_no_new_credit_by_a_restart",
	"a_file_written_anew_is_whole",
	NULL,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(amb_130_nothing_is_recorded_by_default, done),
		cmocka_unit_test_teardown(amb_130_everything_comes_back, done),
		cmocka_unit_test_teardown(amb_130_without_its_link_an_lbsa_is_kept, done),
		cmocka_unit_test_teardown(amb_130_the_answer_waits_for_its_record, done),
		cmocka_unit_test_teardown(amb_151_durable_once_in_64, done),
		cmocka_unit_test_teardown(thr_082_what_cannot_be_recorded_is_not_acknowledged,
					  done),
		cmocka_unit_test_teardown(acknowledgements_that_wait_are_bounded, done),
		cmocka_unit_test_teardown(an_lbsa_that_ends_meanwhile, done),
		cmocka_unit_test_teardown(amb_051_replay_cache_and_key_age_come_back, done),
		cmocka_unit_test_teardown(amb_051_another_key_begins_anew, done),
		cmocka_unit_test_teardown(amb_063_grace_goes_on_after_a_restart, done),
		cmocka_unit_test_teardown(amb_112_no_new_credit_by_a_restart, done),
		cmocka_unit_test_teardown(thr_084_lifetimes_of_another_boot, done),
		cmocka_unit_test_teardown(instances_wait_for_their_link, done),
		cmocka_unit_test_teardown(a_file_written_anew_is_whole, done),
		cmocka_unit_test_teardown(a_stop_is_a_pause, done),
		cmocka_unit_test_teardown(thr_059_model_of_floors, done),
	};

	return RUN_IN_PROFILE(tests, default_only);
}
