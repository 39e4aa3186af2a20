/* SPDX-License-Identifier: ISC */
/*
 * A home agent that crashes under Binding Updates, with its real store: SEC-006, SEC-022, SEC-024,
 * AMB-151, AMB-172, AMB-173, THREATS 59, 61, 81, 82.  Numbers are kept here without their wrap.
 */
#include <errno.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "faulty_vfs.h"
#include "ha_fixture.h"
#include "store/store.h"

enum { CRASHES = 500, NEWEST = 64, RANDOM_REPLAYS = 200, RECORDS = 65536 };

struct record {
	uint64_t number;
	uint16_t len;
	uint8_t frame[512];
};

/* The home agent, its disk, and an attacker who records every Binding Update that was accepted. */
struct run {
	struct fx f;
	char dir[64], path[96];
	struct store *store;
	struct record *record;
	unsigned records;
	uint64_t random;
	uint64_t offered, acked; /* highest numbers, under this key */
	uint32_t generation;
	bool was_acked;
	unsigned accepted, replays, beyond, keys;
	uint64_t burnt, burnt_most;
};

static uint64_t below(struct run *r, uint64_t n)
{
	return next_random(&r->random) % n;
}

static int feed(const struct lke_ev_floor *floor, void *arg)
{
	struct lke_event ev = { .type = LKE_EV_FLOOR, .floor = *floor };

	return fx_event(arg, &ev);
}

static int feed_all(struct run *r)
{
	return store_each(r->store, &(struct store_reader){ feed, NULL, &r->f }, NULL);
}

static void start(struct run *r)
{
	fx_config(&r->f);
	r->f.hold_floor = true;
	r->f.mobile[0].generation = r->generation;
	r->f.mobile[0].to_ha = fx_sa(0x1000, (uint8_t)(0x40 + 4 * r->generation));
	r->f.mobile[0].to_mn = fx_sa(0x2000, (uint8_t)(0x42 + 4 * r->generation));
	assert_int_equal(store_open(r->path, &r->store), 0);
	fx_start(&r->f);
	assert_int_equal(feed_all(r), 0);
}

/* What the daemon does with checkpoints.  Dead: nobody is there to do it. */
static void settle(struct run *r)
{
	while (r->f.floor_cookie && !faults.dead) {
		int err = store_floor_put(r->store, &r->f.floor);

		if (!faults.dead)
			fx_floor_done(&r->f, err < 0 ? -EIO : 0);
	}
}

static void wait_dad(struct run *r)
{
	if (!faults.dead)
		fx_wait(&r->f, RETRANS_TIMER);
	settle(r);
}

/* 0, or a status; -1: no answer. */
static int offer(struct run *r, uint64_t number)
{
	unsigned before = r->f.bas;

	fx_bu(&r->f, (struct bu){ .seq = (uint16_t)number, .lifetime = 900 });
	settle(r);
	if (r->f.bas == before)
		wait_dad(r);
	if (number > r->offered)
		r->offered = number;
	return r->f.bas == before ? -1 : r->f.ba.status;
}

static void record(struct run *r, uint64_t number)
{
	struct record *x = &r->record[r->records++];

	assert_true(r->records < RECORDS);
	x->number = number;
	x->len = (uint16_t)r->f.frame_len;
	memcpy(x->frame, r->f.frame, r->f.frame_len);
	r->acked = number;
	r->was_acked = true;
	r->accepted++;
}

static void crash(struct run *r)
{
	static const enum power how[] = { POWER_KILL, POWER_CUT, POWER_TORN };

	faults.dead = true;
	fx_end(&r->f);
	store_close(r->store);
	faulty_vfs_crash(r->path, how[below(r, 3)], (uint32_t)next_random(&r->random));
}

static struct lke_mobile_view view(struct run *r)
{
	struct lke_mobile_view v;
	size_t cursor = 0;

	assert_true(lke_engine_next_mobile(r->f.e, &cursor, &v));
	return v;
}

/* Further behind than the window reaches, the budget refuses (SEC-026, AMB-172). */
static void replay(struct run *r, const struct record *x, uint64_t floor)
{
	bool seen = floor - x->number <= SEQ_BUDGET;
	unsigned before = r->f.bas;
	struct fx *f = &r->f;

	assert_int_equal(fx_frame(f, WAN_IF, x->frame, x->len),
			 seen ? -LKE_DROP_SEQUENCE : -LKE_DROP_REFUSED);
	assert_int_equal(f->bas, before + 1);
	assert_int_equal(f->ba.status, seen ? STATUS_SEQUENCE : STATUS_PROHIBITED);
	r->replays++;
	r->beyond += !seen;
}

/* The newest, the edges of the window, and some. */
static void replay_many(struct run *r, uint64_t floor)
{
	unsigned n = r->records < NEWEST ? r->records : NEWEST;

	for (unsigned k = 0; k < n; k++)
		replay(r, &r->record[r->records - 1 - k], floor);
	if (r->records == 0)
		return;
	replay(r, &r->record[0], floor); /* the oldest under this key */
	for (unsigned k = 0; k < RANDOM_REPLAYS; k++)
		replay(r, &r->record[below(r, r->records)], floor);
	assert_int_equal(r->f.nss, 0); /* not even DAD was begun */
	assert_null(binding_find(r->f.e, &r->f.mobile[0].home));
}

/* Starts again and judges what the disk remembers. */
static void restart(struct run *r)
{
	struct lke_mobile_view v;
	uint64_t floor;

	start(r);
	v = view(r);
	if (!r->was_acked && !v.has_seq)
		return;
	assert_true(v.has_seq);
	floor = r->offered + (uint64_t)(int64_t)(int16_t)(uint16_t)(v.last_seq - r->offered);
	assert_true(!r->was_acked || floor >= r->acked);
	if (floor > r->offered) {
		r->burnt += floor - r->offered;
		if (floor - r->offered > r->burnt_most)
			r->burnt_most = floor - r->offered;
		assert_true(floor - r->offered <= SEQ_RESERVE);
	}
	replay_many(r, floor);
	r->offered = floor > r->offered ? floor : r->offered;
}

/* The budget is used up: the operator gives both ends another key. */
static void change_key(struct run *r)
{
	struct record old = r->record[r->records - 1];

	crash(r);
	r->generation++;
	r->keys++;
	r->records = 0;
	r->was_acked = false;
	r->offered = below(r, 65536) + 65536;
	start(r);
	assert_false(view(r).has_seq);
	assert_int_equal(fx_frame(&r->f, WAN_IF, old.frame, old.len), -LKE_DROP_ESP_ICV);
}

static void live(struct run *r)
{
	unsigned updates = (unsigned)below(r, 48) + 1;

	if (below(r, 3) == 0)
		faults.dies_in = (unsigned)below(r, 12) + 1;
	for (unsigned n = 0; n < updates && !faults.dead; n++) {
		uint64_t number = r->offered + 1 + (below(r, 8) == 0 ? below(r, 40) : 0);
		int status = offer(r, number);

		if (status == STATUS_PROHIBITED) {
			faults.dies_in = 0;
			change_key(r);
			continue;
		}
		if (!faults.dead)
			assert_int_equal(status, STATUS_ACCEPTED);
		if (status == STATUS_ACCEPTED)
			record(r, number);
	}
}

static int setup(void **state)
{
	struct run *r = calloc(1, sizeof(*r));

	strcpy(r->dir, "/tmp/lke-crash-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	snprintf(r->path, sizeof(r->path), "%s/sequence.db", r->dir);
	r->record = calloc(RECORDS, sizeof(*r->record));
	r->random = 0x1badb002;
	r->generation = 1;
	r->offered = 65530; /* wraps soon */
	faulty_vfs_begin();
	start(r);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct run *r = *state;
	char cmd[128];

	store_close(r->store);
	faulty_vfs_end();
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", r->dir);
	assert_int_equal(system(cmd), 0);
	free(r->record);
	free(r);
	return 0;
}

static void sec_024_no_replay_in_500_crashes(void **state)
{
	struct run *r = *state;

	for (unsigned n = 0; n < CRASHES; n++) {
		live(r);
		crash(r);
		restart(r);
	}
	print_message("# %u accepted, %u replayed, %llu burnt, at most %llu a crash, %u keys\n",
		      r->accepted, r->replays, (unsigned long long)r->burnt,
		      (unsigned long long)r->burnt_most, r->keys + 1);
	assert_true(r->accepted > 1000 && r->replays > 50000 && r->keys > 0 && r->beyond > 0 &&
		    r->burnt > 1000);
	fx_end(&r->f);
}

/* Numbers up to the first that needs the disk again. */
static uint64_t use_up(struct run *r)
{
	uint64_t number = r->offered;

	assert_int_equal(offer(r, ++number), STATUS_ACCEPTED);
	while (number < r->acked ||
	       ha_sequence_durable(r->f.e, ha_by_home(r->f.e, &r->f.mobile[0].home),
				   (uint16_t)(number + 1)))
		assert_int_equal(offer(r, ++number), STATUS_ACCEPTED);
	return number;
}

static void broken_disk(struct run *r, int *fault, int error)
{
	uint64_t last = use_up(r);
	unsigned alarms = r->f.notes[LKE_NOTE_ALARM];
	uint64_t accepted = view(r).accepted;

	*fault = error;
	for (unsigned n = 0; n < 3; n++)
		assert_int_equal(offer(r, last + 1), STATUS_RESOURCES);
	assert_int_equal(view(r).accepted, accepted);
	assert_int_equal(view(r).last_seq, (uint16_t)last);
	assert_int_equal(r->f.notes[LKE_NOTE_ALARM], alarms + 3);
	/* Those who are registered are served on. */
	assert_non_null(binding_find(r->f.e, &r->f.mobile[0].home));
	*fault = 0;
	assert_int_equal(offer(r, last + 1), STATUS_ACCEPTED);
	record(r, last + 1);
	faults.dead = true;
	fx_end(&r->f);
	store_close(r->store);
	faulty_vfs_crash(r->path, POWER_CUT, 0);
	restart(r);
	assert_int_equal(r->replays, 1 + 1 + RANDOM_REPLAYS);
	fx_end(&r->f);
}

static void threats_82_full_disk_acknowledges_nothing_and_comes_back(void **state)
{
	broken_disk(*state, &faults.write_error, SQLITE_FULL);
}

static void threats_82_failed_write_acknowledges_nothing_and_comes_back(void **state)
{
	broken_disk(*state, &faults.write_error, SQLITE_IOERR_WRITE);
}

static void threats_82_failed_sync_acknowledges_nothing_and_comes_back(void **state)
{
	broken_disk(*state, &faults.sync_error, SQLITE_IOERR_FSYNC);
}

/* As after errors=remount-ro. */
static void threats_82_read_only_file_system_acknowledges_nothing_and_comes_back(void **state)
{
	broken_disk(*state, &faults.write_error, SQLITE_READONLY);
}

/* SQLite would go on writing to what has no name any more. */
static void threats_82_deleted_directory_acknowledges_nothing(void **state)
{
	struct run *r = *state;
	uint64_t last = use_up(r);
	unsigned alarms = r->f.notes[LKE_NOTE_ALARM];
	char away[80], cmd[200];

	snprintf(away, sizeof(away), "%s.away", r->dir);
	assert_int_equal(rename(r->dir, away), 0);
	for (unsigned n = 0; n < 3; n++)
		assert_int_equal(offer(r, last + 1), STATUS_RESOURCES);
	assert_int_equal(r->f.notes[LKE_NOTE_ALARM], alarms + 3);
	assert_int_equal(store_errno(r->store), ENOENT);
	/* An empty one in its place is no store. */
	assert_int_equal(mkdir(r->dir, 0700), 0);
	assert_int_equal(offer(r, last + 1), STATUS_RESOURCES);
	assert_int_equal(rmdir(r->dir), 0);
	assert_int_equal(rename(away, r->dir), 0);
	assert_int_equal(offer(r, last + 1), STATUS_ACCEPTED);
	last = use_up(r);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", r->dir);
	assert_int_equal(system(cmd), 0);
	for (unsigned n = 0; n < 3; n++)
		assert_int_equal(offer(r, last + 1), STATUS_RESOURCES);
	assert_int_equal(view(r).last_seq, (uint16_t)last);
	fx_end(&r->f);
}

static void only_floor(struct run *r, uint16_t want)
{
	store_close(r->store);
	assert_int_equal(store_open(r->path, &r->store), 0);
	fx_end(&r->f);
	fx_start(&r->f);
	assert_int_equal(feed_all(r), 0);
	assert_int_equal(view(r).last_seq, want);
	fx_end(&r->f);
}

/* The same floor again after a failed sync: SQLite would find nothing to write, and say "done". */
static void threats_82_after_a_failed_sync_the_same_floor_is_written_again(void **state)
{
	struct run *r = *state;
	struct lke_act_checkpoint c = { .home = r->f.mobile[0].home, .generation = 1, .floor = 7 };

	assert_int_equal(store_floor_put(r->store, &c), 0);
	c.floor = 71;
	faults.sync_error = SQLITE_IOERR_FSYNC;
	assert_int_equal(store_floor_put(r->store, &c), LKE_ERR_SYS);
	faults.sync_error = 0;
	faults.syncs = 0;
	assert_int_equal(store_floor_put(r->store, &c), 0);
	assert_true(faults.syncs > 0);
	faults.dead = true;
	store_close(r->store);
	faulty_vfs_crash(r->path, POWER_CUT, 0);
	assert_int_equal(store_open(r->path, &r->store), 0);
	only_floor(r, 71);
}

static void fill(struct run *r, unsigned n)
{
	for (unsigned k = 0; k < n; k++) {
		struct lke_act_checkpoint c = { .home = r->f.mobile[0].home, .generation = 1 };

		c.home.b[14] = (uint8_t)k;
		c.floor = (uint16_t)(100 * k);
		assert_int_equal(store_floor_put(r->store, &c), 0);
		c.floor = (uint16_t)(100 * k + 64);
		assert_int_equal(store_floor_put(r->store, &c), 0);
	}
}

struct seen {
	unsigned exact, lost;
};

static int exact(const struct lke_ev_floor *floor, void *arg)
{
	struct seen *n = arg;

	/* Never an older one. */
	if (!floor->lost)
		assert_int_equal(floor->floor, 100 * floor->home.b[14] + 64);
	n->exact += !floor->lost;
	n->lost += floor->lost;
	return 0;
}

static void flip(const char *path, long at, int bit)
{
	FILE *f = fopen(path, "r+b");
	int c;

	assert_non_null(f);
	fseek(f, at, SEEK_SET);
	c = fgetc(f);
	fseek(f, at, SEEK_SET);
	fputc(c ^ 1 << bit, f);
	fclose(f);
}

static long size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : 0;
}

static void copy(const char *from, const char *to)
{
	char cmd[400];

	snprintf(cmd, sizeof(cmd), "cp '%s' '%s'", from, to);
	assert_int_equal(system(cmd), 0);
}

/* What the daemon does at its start.  0: served, perhaps not for all. */
static int open_or_salvage(struct run *r, struct seen *n)
{
	const struct store_reader reader = { exact, NULL, n };
	struct lke_in6 home[50];
	struct store_salvaged got;
	int err = store_open(r->path, &r->store);

	if (err == 0)
		err = store_each(r->store, &reader, NULL);
	if (err == 0)
		return 0;
	assert_true(strlen(store_error(r->store)) > strlen(r->path));
	if (!store_damaged(r->store))
		return err;
	store_close(r->store);
	for (unsigned k = 0; k < 50; k++) {
		home[k] = r->f.mobile[0].home;
		home[k].b[14] = (uint8_t)k;
	}
	err = store_salvage(r->path, home, 50, &got);
	if (err)
		assert_true(got.error[0]);
	*n = (struct seen){ 0 };
	if (store_open(r->path, &r->store) == 0 && err == 0)
		assert_int_equal(store_each(r->store, &reader, NULL), 0);
	return err;
}

static void damage(struct run *r, const char *suffix, unsigned tries)
{
	char name[160], keep[2][128], wal[128], cmd[160];
	unsigned refused = 0, right = 0, partly = 0, lost = 0;

	fill(r, 50);
	snprintf(wal, sizeof(wal), "%s-wal", r->path);
	snprintf(keep[0], sizeof(keep[0]), "%s/keep", r->dir);
	snprintf(keep[1], sizeof(keep[1]), "%s/keep-wal", r->dir);
	copy(r->path, keep[0]);
	copy(wal, keep[1]);
	snprintf(name, sizeof(name), "%s%s", r->path, suffix);
	snprintf(cmd, sizeof(cmd), "rm -f '%s'*", r->path);
	for (unsigned k = 0; k < tries; k++) {
		struct seen n = { 0 };

		store_close(r->store);
		assert_int_equal(system(cmd), 0);
		copy(keep[0], r->path);
		/* After a clean end there is no log; with one its last page is taken from there. */
		if (suffix[0] || k % 2)
			copy(keep[1], wal);
		flip(name, (long)below(r, (uint64_t)size_of(name)), (int)below(r, 8));
		if (open_or_salvage(r, &n) != 0) {
			refused++;
			continue;
		}
		assert_int_equal(n.exact + n.lost, 50);
		right += n.lost == 0;
		partly += n.lost > 0;
		lost += n.lost;
	}
	print_message("# %u unharmed, %u with %u addresses refused, %u refused as a whole\n", right,
		      partly, lost, refused);
	assert_true(right > 0 && refused < tries / 10);
	fx_end(&r->f);
}

static void threats_81_flipped_bit_in_the_store_is_no_older_floor(void **state)
{
	damage(*state, "", 400);
}

static void threats_81_flipped_bit_in_the_log_is_no_older_floor(void **state)
{
	damage(*state, "-wal", 200);
}

static void sec_030_suspension_survives_a_crash(void **state)
{
	struct run *r = *state;
	struct lke_event ev = { .type = LKE_EV_COMMAND,
				.command = { .cmd = LKE_CMD_SUSPEND, .cookie = 1 } };
	uint64_t number = r->offered + 1;

	assert_int_equal(offer(r, number), STATUS_ACCEPTED);
	record(r, number);
	ev.command.arg = r->f.mobile[0].home;
	fx_event(&r->f, &ev);
	settle(r);
	for (unsigned n = 0; n < 2; n++) {
		crash(r);
		restart(r);
		assert_true(view(r).suspended);
		number = r->offered + 1;
		assert_int_equal(offer(r, number), STATUS_PROHIBITED);
	}
	ev.command.cmd = LKE_CMD_RESUME;
	fx_event(&r->f, &ev);
	settle(r);
	crash(r);
	restart(r);
	assert_int_equal(offer(r, r->offered + 1), STATUS_ACCEPTED);
	fx_end(&r->f);
}

/* The danger that the store is for (SEC-022), and that the operator is told of. */
static void sec_022_without_a_store_the_recorded_update_is_accepted_again(void **state)
{
	struct run *r = *state;
	struct fx *f = &r->f;
	uint8_t frame[512];
	size_t len;

	fx_end(f);
	for (unsigned life = 0; life < 2; life++) {
		fx_config(f);
		f->cfg.ha.volatile_state = true;
		fx_start(f);
		assert_int_equal(f->notes[LKE_NOTE_ALARM], 1);
		if (life == 0) {
			fx_register(f, 100);
			memcpy(frame, f->frame, f->frame_len);
			len = f->frame_len;
			assert_int_equal(fx_frame(f, WAN_IF, frame, len), -LKE_DROP_SEQUENCE);
		} else {
			assert_int_equal(fx_frame(f, WAN_IF, frame, len), 0);
			fx_wait(f, RETRANS_TIMER);
			assert_int_equal(f->ba.status, STATUS_ACCEPTED);
			assert_non_null(binding_find(f->e, &f->mobile[0].home));
		}
		assert_int_equal(f->floors, 0);
		fx_end(f);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(sec_024_no_replay_in_500_crashes),
		T(threats_82_full_disk_acknowledges_nothing_and_comes_back),
		T(threats_82_failed_write_acknowledges_nothing_and_comes_back),
		T(threats_82_failed_sync_acknowledges_nothing_and_comes_back),
		T(threats_82_read_only_file_system_acknowledges_nothing_and_comes_back),
		T(threats_82_deleted_directory_acknowledges_nothing),
		T(threats_82_after_a_failed_sync_the_same_floor_is_written_again),
		T(threats_81_flipped_bit_in_the_store_is_no_older_floor),
		T(threats_81_flipped_bit_in_the_log_is_no_older_floor),
		T(sec_030_suspension_survives_a_crash),
		T(sec_022_without_a_store_the_recorded_update_is_accepted_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
