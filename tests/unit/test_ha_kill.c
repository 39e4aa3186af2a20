/* SPDX-License-Identifier: ISC */
/*
 * kill -9 of the process of the store under Binding Updates, again and again: SEC-006, SEC-024,
 * AMB-151, AMB-172, THREATS 59.  The engine runs in virtual time, the store is the real one in a
 * process of its own, with a real file on the disk of /tmp and every sync.  It is killed in the
 * middle of a write or sync, after a delay that hits any instant, or when it has nothing to do; the
 * home agent starts anew each time, and an attacker sends what was recorded.
 *
 * Numbers of a mobile node are kept without their wrap.
 */
#define FX_MOBILES 8
#include <sys/mman.h>

#include "check.h"
#include "faulty_vfs.h"
#include "ha_fixture.h"
#include "store_process.h"

enum {
	ROUNDS = 500,
	MAKINGS = 60,
	NEWEST = 64,
	RANDOM = 200,
	RECORDS = 1 << 16,
	FRAME = 160,
	UNDER_WAY = 3, /* Binding Updates of a mobile node without answer */
};

struct update {
	unsigned mobile;
	uint32_t generation;
	uint64_t number;
	uint16_t len;
	uint8_t frame[FRAME];
};

/* A mobile node, and what is known of its numbers under its present key. */
struct node {
	uint32_t generation;
	uint64_t offered, acked; /* the highest */
	uint64_t floor;		 /* after the last restart */
	bool was_acked, used_up;
	struct update under_way[UNDER_WAY];
	unsigned waits;
};

/* How the store is to die. */
enum death { IN_A_WRITE, AFTER_A_DELAY, IDLE };

struct run {
	struct fx f;
	struct node node[FX_MOBILES];
	struct store_process store;
	char dir[64], path[96];
	uint64_t random;
	lke_time now;
	enum death death;
	unsigned killed_in;
	volatile uint32_t *doing; /* by the store: enum file_op */
	struct update *record;	  /* what was accepted, to an attacker who sees all */
	unsigned records;
	struct {
		unsigned replays, beyond, keys, restored, killed_at[FILE_OPS];
		uint64_t burnt, most;
	} sum;
};

static struct run *run;

static uint64_t below(struct run *r, uint64_t n)
{
	return next_random(&r->random) % n;
}

/* --- the mobile nodes --- */

static void keys_of(struct run *r, unsigned n)
{
	struct lke_config_mobile *m = &r->f.mobile[n];
	uint32_t generation = r->node[n].generation;

	m->generation = generation;
	m->to_ha = fx_sa(0x1000 + n, (uint8_t)(8 * n));
	m->to_mn = fx_sa(0x2000 + n, (uint8_t)(8 * n + 2));
	memcpy(m->to_ha.auth_key, &generation, sizeof(generation));
	memcpy(m->to_mn.auth_key, &generation, sizeof(generation));
}

/* Each from a care-of address that tells its number. */
static void make_update(struct run *r, unsigned n, struct update *u)
{
	char coa[40];
	uint8_t buf[512];
	size_t len;

	snprintf(coa, sizeof(coa), "2001:db8:5:%x::7", (unsigned)(u->number & 0xffff));
	len = fx_bu_make(
		&r->f,
		(struct bu){ .mobile = n, .seq = (uint16_t)u->number, .lifetime = 900, .src = coa },
		buf);
	assert_true(len <= FRAME);
	u->mobile = n;
	u->generation = r->node[n].generation;
	u->len = (uint16_t)len;
	memcpy(u->frame, buf, len);
}

static void take_update(struct node *m, unsigned at, struct update *ret)
{
	*ret = m->under_way[at];
	m->waits--;
	memmove(&m->under_way[at], &m->under_way[at + 1],
		(m->waits - at) * sizeof(m->under_way[0]));
}

/* A Binding Acknowledgement has left: from now on its number must never be forgotten. */
static void acknowledged(struct run *r, unsigned n, const struct mh_ba *ba)
{
	struct node *m = &r->node[n];
	struct update u;
	unsigned at = 0;

	while (at < m->waits && (uint16_t)m->under_way[at].number != ba->seq)
		at++;
	if (at == m->waits)
		return; /* to a replay */
	take_update(m, at, &u);
	if (ba->status == STATUS_PROHIBITED) {
		m->used_up = true;
		return;
	}
	assert_int_equal(ba->status, STATUS_ACCEPTED);
	if (u.number > m->acked || !m->was_acked)
		m->acked = u.number;
	m->was_acked = true;
	assert_true(r->records < RECORDS);
	r->record[r->records++] = u;
}

static void act(struct fx *f, const struct lke_action *a)
{
	unsigned before = f->bas;

	if (a->type == LKE_ACT_CHECKPOINT || a->type == LKE_ACT_KEEP)
		store_process_request(&run->store, a);
	else
		fx_action(f, a);
	if (f->bas != before)
		acknowledged(run, f->ba_to, &f->ba);
}

static void offer(struct run *r, unsigned n)
{
	struct node *m = &r->node[n];
	struct update *u = &m->under_way[m->waits++];

	m->offered += 1 + (below(r, 8) == 0 ? below(r, 500) : 0);
	u->number = m->offered;
	make_update(r, n, u);
	fx_frame(&r->f, WAN_IF, u->frame, u->len);
}

/* --- the store --- */

/* In its process. */
static void mortal(void *arg)
{
	struct run *r = arg;

	faulty_vfs_begin();
	faults.lasting = true;
	faults.doing = r->doing;
	faults.killed_in = r->killed_in;
	faults.torn = (uint32_t)r->random;
}

static void take_outcomes(struct run *r)
{
	struct lke_event ev;

	store_process_flush(&r->store);
	while (store_process_next(&r->store, &ev))
		fx_event(&r->f, &ev);
}

static void pass(struct run *r, lke_time by)
{
	fx_wait(&r->f, by);
	r->now = r->f.now;
}

/* Until it has an answer less under way: the disk, or DAD. */
static void wait_for_answer(struct run *r, const struct node *m)
{
	unsigned waits = m->waits;

	while (m->waits == waits && !r->store.gone) {
		if (r->store.replied == r->store.requested) {
			pass(r, RETRANS_TIMER);
		} else {
			store_process_wait(&r->store);
			take_outcomes(r);
		}
	}
}

static void wait_for_all(struct run *r)
{
	for (unsigned n = 0; n < FX_MOBILES; n++)
		while (r->node[n].waits > 0 && !r->store.gone)
			wait_for_answer(r, &r->node[n]);
	while (r->store.replied < r->store.requested && !r->store.gone) {
		store_process_wait(&r->store);
		take_outcomes(r);
	}
}

/* Up to 2 ms, short ones more often than long ones. */
static void delay(struct run *r)
{
	lke_time end = clock_now() + below(r, 1u << below(r, 22));

	while (clock_now() < end)
		;
}

static void kill_store(struct run *r)
{
	int status;

	if (r->death != IN_A_WRITE)
		kill(r->store.pid, SIGKILL);
	else
		while (!r->store.gone) { /* it dies of what it is asked */
			wait_for_all(r);
			pass(r, 100 * LKE_MSEC);
			if (!r->store.gone)
				offer(r, (unsigned)below(r, FX_MOBILES));
		}
	/* Answers that were on their way arrive, or the home agent went at the same moment. */
	if (below(r, 2)) {
		struct pollfd fd = { .fd = r->store.sock, .events = POLLIN };

		while (!r->store.gone && poll(&fd, 1, -1) > 0)
			take_outcomes(r);
	}
	status = store_process_end(&r->store);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	r->sum.killed_at[*r->doing]++;
	*r->doing = OP_NONE;
	fx_end(&r->f);
}

/* --- a life of the home agent --- */

static int floor_found(const struct lke_ev_floor *floor, void *arg)
{
	struct lke_event ev = { .type = LKE_EV_FLOOR, .floor = *floor };

	assert_false(floor->lost);
	return fx_event(arg, &ev);
}

static int binding_found(const struct lke_ev_binding *binding, void *arg)
{
	struct lke_event ev = { .type = LKE_EV_BINDING, .binding = *binding };

	run->sum.restored++;
	return fx_event(arg, &ev);
}

/* What lked does: root reads the store before the fork, the privileged process opens it again. */
static void read_store(struct run *r)
{
	const struct store_reader reader = { floor_found, binding_found, &r->f };
	struct store_clock now = { .boottime = r->now, .wall = clock_realtime() };
	struct store *s;

	assert_int_equal(clock_boot_id(now.boot), 0);
	assert_int_equal(store_open(r->path, &s), 0);
	assert_int_equal(store_each(s, &reader, &now), 0);
	store_close(s);
}

static void start(struct run *r)
{
	static const enum death deaths[] = { IN_A_WRITE, IN_A_WRITE, AFTER_A_DELAY, IDLE };

	/* The store measures lifetimes by the clock of this host. */
	if (r->now < clock_now())
		r->now = clock_now();
	fx_config(&r->f);
	r->f.hold_floor = r->f.hold_keep = true;
	r->f.act = act;
	r->f.now = r->now;
	for (unsigned n = 0; n < FX_MOBILES; n++) {
		keys_of(r, n);
		r->node[n].waits = 0;
	}
	fx_new(&r->f);
	read_store(r);
	r->death = deaths[below(r, 4)];
	r->killed_in = r->death == IN_A_WRITE ? 1 + (unsigned)below(r, 24) : 0;
	store_process_start(&r->store, r->path, mortal, r);
	fx_links(&r->f);
}

static void live(struct run *r)
{
	unsigned updates = 1 + (unsigned)below(r, 40);

	for (unsigned k = 0; k < updates && !r->store.gone; k++) {
		unsigned n = (unsigned)below(r, FX_MOBILES);

		while (r->node[n].waits == UNDER_WAY && !r->store.gone)
			wait_for_answer(r, &r->node[n]);
		if (r->store.gone || r->node[n].used_up)
			continue;
		offer(r, n);
		if (below(r, 3) == 0)
			take_outcomes(r);
		if (below(r, 8) == 0)
			pass(r, below(r, 150) * LKE_MSEC);
	}
	if (r->death == AFTER_A_DELAY)
		delay(r);
	else if (r->death == IDLE)
		wait_for_all(r);
}

/* --- what the attacker gets --- */

static struct lke_mobile_view view(struct run *r, unsigned n)
{
	struct lke_mobile_view v;
	size_t cursor = 0;

	do
		assert_true(lke_engine_next_mobile(r->f.e, &cursor, &v));
	while (!in6_eq(&v.home, &r->f.mobile[n].home));
	return v;
}

/* Further behind than the window reaches the budget refuses (SEC-026, AMB-172); what was signed
 * with a former key is not authentic. */
static void replay(struct run *r, const struct update *u)
{
	const struct node *m = &r->node[u->mobile];
	bool seen = m->floor - u->number <= SEQ_BUDGET;
	unsigned before = r->f.bas;
	int verdict = fx_frame(&r->f, WAN_IF, u->frame, u->len);

	r->sum.replays++;
	if (u->generation != m->generation) {
		assert_int_equal(verdict, -LKE_DROP_ESP_ICV);
		return;
	}
	assert_int_equal(verdict, seen ? -LKE_DROP_SEQUENCE : -LKE_DROP_REFUSED);
	assert_int_equal(r->f.bas, before + 1);
	assert_int_equal(r->f.ba.status, seen ? STATUS_SEQUENCE : STATUS_PROHIBITED);
	r->sum.beyond += !seen;
}

/* Of each mobile node the oldest under its key, and what is nearest to both sides of the window's
 * and the budget's edge. */
static void replay_edges(struct run *r)
{
	const struct update *oldest[FX_MOBILES] = { 0 }, *in[FX_MOBILES] = { 0 },
			    *out[FX_MOBILES] = { 0 };

	for (unsigned k = 0; k < r->records; k++) {
		const struct update *u = &r->record[k];
		const struct node *m = &r->node[u->mobile];

		if (u->generation != m->generation)
			continue;
		if (!oldest[u->mobile])
			oldest[u->mobile] = u;
		if (m->floor - u->number > SEQ_BUDGET)
			out[u->mobile] = u;
		else if (!in[u->mobile])
			in[u->mobile] = u;
	}
	for (unsigned n = 0; n < FX_MOBILES; n++) {
		if (oldest[n])
			replay(r, oldest[n]);
		if (in[n])
			replay(r, in[n]);
		if (out[n])
			replay(r, out[n]);
	}
}

static void replay_many(struct run *r)
{
	unsigned n = r->records < NEWEST ? r->records : NEWEST, before = r->f.nss;

	for (unsigned k = 0; k < n; k++)
		replay(r, &r->record[r->records - 1 - k]);
	replay_edges(r);
	for (unsigned k = 0; k < RANDOM && r->records > 0; k++)
		replay(r, &r->record[below(r, r->records)]);
	assert_int_equal(r->f.nss, before); /* not even DAD was begun */
}

/* --- what the disk remembers --- */

static void judge_binding(struct run *r, unsigned n)
{
	const struct binding *b = binding_find(r->f.e, &r->f.mobile[n].home);
	uint16_t number;

	if (!b)
		return;
	number = (uint16_t)(b->coa.b[6] << 8 | b->coa.b[7]);
	assert_int_equal(number, b->seq);
	/* Only what was accepted is bound, perhaps under a former key. */
	assert_true(r->node[n].generation > 1 ||
		    (uint16_t)((uint16_t)r->node[n].floor - number) < SEQ_BUDGET);
}

static void judge(struct run *r, unsigned n)
{
	struct lke_mobile_view v = view(r, n);
	struct node *m = &r->node[n];
	uint64_t floor;

	assert_true(v.has_seq || !m->was_acked);
	if (!v.has_seq) {
		m->floor = m->offered;
		return;
	}
	floor = m->offered + (uint64_t)(int64_t)(int16_t)(uint16_t)(v.last_seq - m->offered);
	assert_true(!m->was_acked || floor >= m->acked);
	if (floor > m->offered) {
		r->sum.burnt += floor - m->offered;
		if (floor - m->offered > r->sum.most)
			r->sum.most = floor - m->offered;
		assert_true(floor - m->offered <= SEQ_RESERVE);
	}
	m->floor = floor;
	judge_binding(r, n);
	if (m->offered < floor)
		m->offered = floor; /* 135 says so */
}

/* The budget is used up: the operator gives both ends another key, and a restart. */
static void change_keys(struct run *r)
{
	for (unsigned n = 0; n < FX_MOBILES; n++) {
		struct node *m = &r->node[n];

		if (!m->used_up)
			continue;
		m->generation++;
		m->was_acked = m->used_up = false;
		m->offered = 65536 + below(r, 65536);
		r->sum.keys++;
	}
}

static void restart(struct run *r)
{
	uint64_t floor[FX_MOBILES];

	change_keys(r);
	start(r);
	for (unsigned n = 0; n < FX_MOBILES; n++) {
		judge(r, n);
		floor[n] = view(r, n).last_seq;
	}
	replay_many(r);
	for (unsigned n = 0; n < FX_MOBILES; n++) {
		assert_int_equal(view(r, n).last_seq, floor[n]);
		judge_binding(r, n);
	}
}

/* --- tests --- */

static int setup(void **state)
{
	struct run *r = calloc(1, sizeof(*r));

	run = r;
	strcpy(r->dir, "/tmp/lke-kill-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	snprintf(r->path, sizeof(r->path), "%s/sequence.db", r->dir);
	r->record = calloc(RECORDS, sizeof(*r->record));
	r->doing = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(r->record && r->doing != MAP_FAILED);
	r->random = 0x5eed5eed5eedull;
	for (unsigned n = 0; n < FX_MOBILES; n++) {
		r->node[n].generation = 1;
		r->node[n].offered = 65536 + below(r, 65536);
	}
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct run *r = *state;
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", r->dir);
	assert_int_equal(system(cmd), 0);
	munmap((void *)(uintptr_t)r->doing, 4096);
	free(r->record);
	free(r);
	return 0;
}

static void report(const struct run *r)
{
	const unsigned *at = r->sum.killed_at;

	print_message("# %u accepted, %u replayed, %u of them beyond the window, %u keys used up, "
		      "%u bindings restored\n",
		      r->records, r->sum.replays, r->sum.beyond, r->sum.keys, r->sum.restored);
	print_message("# %llu numbers burnt, at most %llu of a mobile node by a kill\n",
		      (unsigned long long)r->sum.burnt, (unsigned long long)r->sum.most);
	print_message(
		"# killed writing the log %u, syncing it %u, writing the store %u, syncing it "
		"%u, between %u\n",
		at[OP_WRITE_LOG], at[OP_SYNC_LOG], at[OP_WRITE_FILE], at[OP_SYNC_FILE],
		at[OP_NONE]);
}

static void sec_024_no_replay_in_500_kills_of_the_store(void **state)
{
	struct run *r = *state;

	start(r);
	for (unsigned n = 0; n < ROUNDS; n++) {
		live(r);
		kill_store(r);
		restart(r);
	}
	/* At the end everything that was recorded. */
	for (unsigned k = 0; k < r->records; k++)
		replay(r, &r->record[k]);
	r->death = IDLE;
	kill_store(r);
	report(r);
	assert_true(r->records > 3000 && r->sum.replays > 100000 && r->sum.keys > 0);
	assert_true(r->sum.burnt > 1000 && r->sum.restored > 1000);
	for (enum file_op op = OP_NONE; op <= OP_SYNC_FILE; op++)
		assert_true(r->sum.killed_at[op] > 0);
}

/* Before there is a store under its name there is none; then it is whole. */
static void sec_024_killed_while_the_store_is_made(void **state)
{
	struct run *r = *state;
	unsigned made = 0;
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -f '%s'*", r->path);
	for (unsigned n = 0; n < MAKINGS; n++) {
		struct lke_event ev;
		struct store *s;

		r->killed_in = n + 1;
		r->random = n * 1000003;
		store_process_start(&r->store, r->path, mortal, r);
		while (!store_process_next(&r->store, &ev) && !r->store.gone &&
		       access(r->path, F_OK) != 0)
			usleep(100);
		kill(r->store.pid, SIGKILL);
		assert_true(WIFSIGNALED(store_process_end(&r->store)));
		made += access(r->path, F_OK) == 0;
		if (store_open(r->path, &s) != 0)
			fail_msg("%s", store_error(s));
		store_close(s);
		assert_int_equal(system(cmd), 0);
	}
	print_message("# %u of %u were made\n", made, MAKINGS);
	assert_true(made > 5 && made < MAKINGS - 5);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(sec_024_no_replay_in_500_kills_of_the_store),
		T(sec_024_killed_while_the_store_is_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
