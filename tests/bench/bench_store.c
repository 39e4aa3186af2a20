/* SPDX-License-Identifier: ISC */
/*
 * What stable storage costs a home agent: the same Binding Updates with the store and without.  The
 * store is in a process of its own behind the socket of the real one, with the real group commit,
 * on the disk of the working directory.  Wall clock, since waiting for the disk counts; restoring
 * waits for nothing and is measured in CPU time.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "../unit/ha_fixture.h"
#include "../unit/store_process.h"
#include "bench.h"

enum {
	MOBILES = 1000,
	UPDATES = 256, /* of each */
	ONCE = 10000,  /* mobiles that send one */
	MANY = 100000, /* bindings and floors to restore */
	ROUNDS = 3,
	WINDOW = 2, /* Binding Updates of a mobile that may be without answer */
	PER_WAKEUP = 32,
	PACKET = 192,
};

struct rig {
	struct lke_engine *e;
	struct lke_config cfg;
	struct lke_config_mobile *mobile;
	struct sa *sender;
	unsigned mobiles;
	lke_time now, ahead; /* ahead of the clock, by the waits that were skipped */
	uint8_t *under_way;  /* Binding Updates of each mobile without answer */
	bool durable;
	struct store_process store;
	uint64_t keep_cookie; /* without a store */
};

static struct rig *rig;
static char dir[64], path[96];

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void remove_store(void)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -f '%s'*", path);
	assert_int_equal(system(cmd), 0);
}

/* --- the home agent --- */

static struct lke_config_sa sa_of(uint32_t n, uint32_t spi, uint8_t side)
{
	struct lke_config_sa c = fx_sa(spi, side);

	memcpy(c.auth_key, &n, sizeof(n));
	memcpy(c.enc_key, &n, sizeof(n));
	return c;
}

static void make_policy(struct rig *r, unsigned n)
{
	r->mobiles = n;
	r->mobile = calloc(n, sizeof(*r->mobile));
	r->sender = calloc(n, sizeof(*r->sender));
	r->under_way = calloc(n, 1);
	for (uint32_t k = 0; k < n; k++) {
		struct lke_config_mobile *m = &r->mobile[k];

		m->home = ip("2001:db8:1::");
		m->home.b[12] = (uint8_t)(k >> 16);
		m->home.b[13] = (uint8_t)(k >> 8);
		m->home.b[14] = (uint8_t)k;
		m->home.b[15] = 9;
		m->to_ha = sa_of(k, 0x10000 + k, 1);
		m->to_mn = sa_of(k, 0x10000 + k, 2);
		m->generation = 1;
		snprintf(m->name, sizeof(m->name), "mn%u", k);
		assert_int_equal(sa_init(&r->sender[k], &m->to_ha), 0);
	}
}

static void event(struct rig *r, const struct lke_event *ev);

static void home_link(struct rig *r)
{
	struct lke_event link = { .type = LKE_EV_LINK }, addr = { .type = LKE_EV_ADDR };

	link.link = (struct lke_ev_link){ .ifindex = HOME_IF, .mtu = 1500, .up = true };
	snprintf(link.link.name, sizeof(link.link.name), "home0");
	link.link.lladdr = (struct lke_lladdr){ 6, { 2, 0, 0, 0, 0, 1 } };
	event(r, &link);
	addr.addr =
		(struct lke_ev_addr){ .ifindex = HOME_IF, .addr = ip("fe80::1"), .prefix_len = 64 };
	event(r, &addr);
	addr.addr.addr = ip("2001:db8:1::1");
	event(r, &addr);
}

static void start_engine(struct rig *r, bool durable)
{
	lke_config_defaults(&r->cfg);
	strcpy(r->cfg.ha.interface[0], "home0");
	r->cfg.ha.interfaces = 1;
	r->cfg.ha.mobile = r->mobile;
	r->cfg.ha.mobiles = r->mobiles;
	r->cfg.ha.enforce_cycle = false;
	r->cfg.ha.max_updates = 0;
	r->cfg.ha.volatile_state = !durable;
	r->now = clock_now();
	r->ahead = 0;
	memset(r->under_way, 0, r->mobiles);
	r->keep_cookie = 0;
	r->durable = durable;
	if (durable)
		store_process_start(&r->store, path, NULL, NULL);
	assert_int_equal(lke_engine_new(&r->cfg, r->now, &r->e), 0);
}

static void stop(struct rig *r)
{
	lke_engine_free(r->e);
	if (!r->durable)
		return;
	assert_int_equal(store_process_end(&r->store), 0);
	remove_store();
}

static void take_replies(struct rig *r, bool wait)
{
	struct lke_event ev;

	store_process_flush(&r->store);
	if (wait)
		store_process_wait(&r->store);
	while (store_process_next(&r->store, &ev)) {
		assert_int_equal(ev.result.err, 0);
		event(r, &ev);
	}
	assert_false(r->store.gone);
}

/* Until nothing is under way. */
static void settle(struct rig *r)
{
	while (r->durable && r->store.replied < r->store.requested)
		take_replies(r, true);
}

/* Of its care-of address. */
static unsigned mobile_of(const uint8_t *coa)
{
	return (unsigned)coa[12] << 8 | coa[13];
}

static void drain(struct rig *r)
{
	static bool draining;
	const struct lke_action *a;

	if (draining)
		return;
	draining = true;
	while ((a = lke_engine_next_action(r->e))) {
		if (a->type == LKE_ACT_SEND && a->send.data[6] == IP6_NH_ROUTING)
			r->under_way[mobile_of(a->send.data + 24)]--;
		else if ((a->type == LKE_ACT_CHECKPOINT || a->type == LKE_ACT_KEEP) && r->durable)
			store_process_request(&r->store, a);
		else if (a->type == LKE_ACT_KEEP)
			r->keep_cookie = a->cookie;
	}
	draining = false;
}

static void event(struct rig *r, const struct lke_event *ev)
{
	(void)lke_engine_input(r->e, ev, r->now);
	drain(r);
}

/* --- Binding Updates --- */

struct update {
	uint8_t pkt[PACKET];
	uint16_t len;
};

/* Every update comes from another care-of address than the one before: a move. */
static void make_update(struct rig *r, unsigned mobile, uint16_t seq, bool moves, struct update *u)
{
	struct ip6_out o = { .src = ip("2001:db8:5::7"),
			     .dst = ip("2001:db8:1::1"),
			     .hop_limit = 60,
			     .hao = &r->mobile[mobile].home };
	struct mh_bu m = { .seq = seq, .lifetime = 100, .flags = BU_A | BU_H, .has_alt_coa = true };
	uint8_t mh[64];
	struct wr w = wr_init(mh, sizeof(mh));
	int len;

	if (moves)
		o.src.b[8] = (uint8_t)seq;
	o.src.b[12] = (uint8_t)(mobile >> 8);
	o.src.b[13] = (uint8_t)mobile;
	m.alt_coa = o.src;
	mh_bu_encode(&w, &m, false);
	mh_set_checksum(&w, 0, o.hao, &o.dst);
	len = sa_protect(r->e, &r->sender[mobile], &o, mh, w.off, u->pkt, sizeof(u->pkt));
	assert_true(len > 0);
	u->len = (uint16_t)len;
}

static void feed(struct rig *r, const struct update *u)
{
	struct lke_event ev = { .type = LKE_EV_PACKET };

	ev.packet = (struct lke_ev_packet){ .ifindex = HOME_IF,
					    .src_ll = { 6, { 2, 0, 0, 0, 9, 9 } },
					    .data = u->pkt,
					    .len = u->len };
	r->under_way[mobile_of(u->pkt + 8)]++;
	event(r, &ev);
}

static void feed_all(struct rig *r, const struct update *u, unsigned n)
{
	for (unsigned k = 0; k < n; k++) {
		while (r->durable && r->under_way[mobile_of(u[k].pkt + 8)] == WINDOW)
			take_replies(r, true);
		feed(r, &u[k]);
		if (k % PER_WAKEUP == 0)
			r->now = clock_now() + r->ahead;
		if (r->durable && k % PER_WAKEUP == 0)
			take_replies(r, false);
	}
	settle(r);
}

static void pass_dad(struct rig *r)
{
	struct lke_event ev = { .type = LKE_EV_TIMER };

	r->ahead += 2 * LKE_SEC;
	r->now = clock_now() + r->ahead;
	event(r, &ev);
	settle(r);
}

static void check(struct rig *r, uint64_t want)
{
	uint64_t got = lke_engine_stat(r->e, LKE_STAT_BU_ACCEPTED);

	if (got != want)
		fprintf(stderr, "bench_store: %llu of %llu Binding Updates accepted\n",
			(unsigned long long)got, (unsigned long long)want);
}

/* Binding Updates a second of registered mobile nodes. */
static double steady(struct rig *r, bool durable, bool moves)
{
	unsigned all = MOBILES * UPDATES;
	struct update *u = malloc((all + MOBILES) * sizeof(*u));
	double t;

	assert_non_null(u);
	start_engine(r, durable);
	home_link(r);
	for (unsigned k = 0; k < all + MOBILES; k++)
		make_update(r, k % MOBILES, (uint16_t)(k / MOBILES + 1), moves, &u[k]);
	feed_all(r, u, MOBILES);
	pass_dad(r);
	t = seconds();
	feed_all(r, u + MOBILES, all);
	t = all / (seconds() - t);
	check(r, all + MOBILES);
	stop(r);
	free(u);
	return t;
}

/* The first Binding Update of each: all of them need a floor of their own, and a binding. */
static double once(struct rig *r, bool durable)
{
	struct update *u = malloc(ONCE * sizeof(*u));
	double t;

	assert_non_null(u);
	start_engine(r, durable);
	home_link(r);
	for (unsigned k = 0; k < ONCE; k++)
		make_update(r, k, 1, false, &u[k]);
	t = seconds();
	feed_all(r, u, ONCE);
	pass_dad(r);
	t = ONCE / (seconds() - t);
	check(r, ONCE);
	stop(r);
	free(u);
	return t;
}

static void report(const char *name, double *value, double *limit, const char *against)
{
	struct bench_pair p;

	/* bench_row() wants as many rounds as the fast programs have. */
	for (unsigned n = 0; n < BENCH_ROUNDS; n++) {
		p.value[n] = value[n % ROUNDS];
		p.limit[n] = limit[n % ROUNDS];
	}
	bench_row(name, "1/s", &p, against);
}

static void policy(struct rig *r, unsigned n)
{
	for (unsigned k = 0; k < r->mobiles; k++)
		sa_done(&r->sender[k]);
	free(r->mobile);
	free(r->sender);
	free(r->under_way);
	make_policy(r, n);
}

/* --- restoring --- */

static int restore_floor(const struct lke_ev_floor *f, void *arg)
{
	struct lke_event ev = { .type = LKE_EV_FLOOR, .floor = *f };

	event(arg, &ev);
	return 0;
}

static int restore_binding(const struct lke_ev_binding *b, void *arg)
{
	struct lke_event ev = { .type = LKE_EV_BINDING, .binding = *b };

	event(arg, &ev);
	return 0;
}

static void fill_store(struct rig *r, const struct store_clock *now)
{
	struct store *s;
	int err;

	assert_int_equal(store_open(path, &s), 0);
	err = store_begin(s);
	for (unsigned k = 0; k < r->mobiles && !err; k++) {
		struct lke_act_checkpoint c = {
			.home = r->mobile[k].home, .generation = 1, .floor = (uint16_t)k, .used = 64
		};
		struct lke_act_keep b = { .home = r->mobile[k].home,
					  .agent = ip("2001:db8:1::1"),
					  .coa = ip("2001:db8:5::7"),
					  .expires = now->boottime + 1000 * LKE_SEC };

		err = store_put(s, &c);
		if (!err)
			err = store_keep(s, &b, now);
	}
	assert_int_equal(err ? err : store_commit(s), 0);
	store_close(s);
}

/* The engine asks for the next batch when the last is done. */
static void answer_batches(struct rig *r)
{
	while (r->keep_cookie) {
		struct lke_event ev = { .type = LKE_EV_RESULT };

		ev.result.cookie = r->keep_cookie;
		r->keep_cookie = 0;
		event(r, &ev);
	}
}

static void restore(struct rig *r)
{
	struct store_clock now = { .boottime = clock_now(), .wall = clock_realtime() };
	const struct store_reader reader = { restore_floor, restore_binding, r };
	struct lke_binding_view v;
	struct store *s;
	unsigned bound = 0;
	size_t cursor = 0;
	double t;

	assert_int_equal(clock_boot_id(now.boot), 0);
	fill_store(r, &now);
	start_engine(r, false);
	lke_engine_free(r->e);
	r->cfg.ha.volatile_state = false;
	assert_int_equal(lke_engine_new(&r->cfg, r->now, &r->e), 0);
	t = bench_cpu();
	assert_int_equal(store_open(path, &s), 0);
	assert_int_equal(store_each(s, &reader, &now), 0);
	home_link(r);
	answer_batches(r);
	t = bench_cpu() - t;
	store_close(s);
	while (lke_engine_next_binding(r->e, &cursor, &v))
		bound++;
	if (bound != r->mobiles)
		fprintf(stderr, "bench_store: %u of %u bindings restored\n", bound, r->mobiles);
	printf("{\"name\": \"100,000 floors and bindings restored\", \"unit\": \"ms\", \"value\": "
	       "%.1f, \"limit\": 1000, \"ratio\": %.4f, \"limit_name\": \"1 s\"}\n",
	       t * 1e3, t);
	lke_engine_free(r->e);
	remove_store();
}

int main(void)
{
	double durable[ROUNDS], volatile_[ROUNDS];

	rig = calloc(1, sizeof(*rig));
	mkdir("out", 0777);
	mkdir("out/bench", 0777);
	strcpy(dir, "out/bench/store-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sequence.db", dir);
	make_policy(rig, MOBILES);
	for (unsigned moves = 0; moves < 2; moves++) {
		for (unsigned n = 0; n < ROUNDS; n++) {
			volatile_[n] = steady(rig, false, moves);
			durable[n] = steady(rig, true, moves);
		}
		report(moves ? "the same, each one a move" : "BUs, 1,000 mobiles x 256, durable",
		       durable, volatile_, "the same home agent without a store");
	}
	policy(rig, ONCE);
	for (unsigned n = 0; n < ROUNDS; n++) {
		volatile_[n] = once(rig, false);
		durable[n] = once(rig, true);
	}
	report("first BU of 10,000 mobiles, durable", durable, volatile_,
	       "the same home agent without a store");
	policy(rig, MANY);
	restore(rig);
	rmdir(dir);
	return 0;
}
