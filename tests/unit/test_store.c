/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "store/store.h"

struct place {
	char dir[64], path[96];
};

static void remove_all(const char *dir)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	assert_int_equal(system(cmd), 0);
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	strcpy(p->dir, "/tmp/lke-store-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/floors.db", p->dir);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	remove_all(p->dir);
	free(p);
	return 0;
}

static struct lke_act_checkpoint floor_of(uint8_t n)
{
	return (struct lke_act_checkpoint){
		.home = { { 0x20, 1, [15] = n } },
		.generation = UINT32_MAX - n,
		.floor = (uint16_t)(UINT16_MAX - n),
		.used = UINT32_MAX - 2 * n,
		.suspended = n & 1,
	};
}

static int expect(const struct lke_ev_floor *f, void *arg)
{
	uint8_t *n = arg;
	struct lke_act_checkpoint want = floor_of(++*n);

	assert_memory_equal(f->home.b, want.home.b, 16);
	assert_true(f->generation == want.generation && f->floor == want.floor);
	assert_true(f->used == want.used && f->suspended == want.suspended);
	return 0;
}

static void fill(const char *path, int n)
{
	struct store *s;
	int i;

	assert_int_equal(store_open(path, &s), 0);
	for (i = n; i > 0; i--) {
		struct lke_act_checkpoint c = floor_of((uint8_t)i);

		c.floor = 1; /* and then overwritten */
		assert_int_equal(store_floor_put(s, &c), 0);
		c = floor_of((uint8_t)i);
		assert_int_equal(store_floor_put(s, &c), 0);
	}
	store_close(s);
}

static void refused(const char *path, const char *why)
{
	struct store *s;

	assert_int_equal(store_open(path, &s), LKE_ERR_SYS);
	if (!strstr(store_error(s), why) || !strstr(store_error(s), path) ||
	    !strstr(store_error(s), "; "))
		fail_msg("%s", store_error(s));
	assert_int_equal(store_floor_put(s, &(struct lke_act_checkpoint){ 0 }), LKE_ERR_SYS);
	store_close(s);
}

static void floors_survive_a_restart(void **state)
{
	struct place *p = *state;
	struct store *s;
	uint8_t n = 0;

	fill(p->path, 200);
	assert_int_equal(store_open(p->path, &s), 0);
	assert_int_equal(store_each(s, &(struct store_reader){ expect, NULL, &n }, NULL), 0);
	assert_int_equal(n, 200);
	store_close(s);
}

static void damaged_store_is_refused_and_kept(void **state)
{
	struct place *p = *state;
	struct stat before, after;
	uint8_t junk[64];
	int fd;

	fill(p->path, 200);
	memset(junk, 0xa5, sizeof(junk));
	fd = open(p->path, O_WRONLY);
	assert_int_equal(pwrite(fd, junk, sizeof(junk), 4096), (ssize_t)sizeof(junk));
	close(fd);
	assert_int_equal(stat(p->path, &before), 0);
	refused(p->path, "");
	assert_int_equal(stat(p->path, &after), 0);
	assert_true(before.st_size == after.st_size && before.st_ino == after.st_ino);
	assert_int_equal(truncate(p->path, 0), 0);
	refused(p->path, "empty");
	fd = open(p->path, O_WRONLY);
	assert_int_equal(write(fd, junk, sizeof(junk)), (ssize_t)sizeof(junk));
	close(fd);
	refused(p->path, "not a database");
}

static void log_without_store_is_refused(void **state)
{
	struct place *p = *state;
	char wal[128];

	snprintf(wal, sizeof(wal), "%s-wal", p->path);
	close(open(wal, O_CREAT | O_WRONLY, 0600));
	refused(p->path, "log");
}

static void missing_directory_is_refused(void **state)
{
	refused("/nonexistent-lke/floors.db", "cannot");
}

static void read_only_directory_is_refused(void **state)
{
	struct place *p = *state;
	char below[128];

	/* Nobody, not even root, makes files below a regular file or in /proc. */
	close(open(p->path, O_CREAT | O_WRONLY, 0600));
	snprintf(below, sizeof(below), "%s/x.db", p->path);
	refused(below, "cannot open");
	refused("/proc/lke.db", "cannot");
	if (geteuid() != 0) {
		assert_int_equal(chmod(p->dir, 0500), 0);
		strcat(strcpy(below, p->dir), "/other.db");
		refused(below, "cannot");
		assert_int_equal(chmod(p->dir, 0700), 0);
	}
}

static void put_fails_when_the_directory_is_gone(void **state)
{
	struct place *p = *state;
	struct lke_act_checkpoint c = floor_of(1);
	struct store *s;

	assert_int_equal(store_open(p->path, &s), 0);
	assert_int_equal(store_floor_put(s, &c), 0);
	remove_all(p->dir);
	assert_int_equal(store_floor_put(s, &c), LKE_ERR_SYS);
	assert_non_null(strstr(store_error(s), "removed"));
	store_close(s);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(floors_survive_a_restart),	   T(damaged_store_is_refused_and_kept),
		T(log_without_store_is_refused),   T(missing_directory_is_refused),
		T(read_only_directory_is_refused), T(put_fails_when_the_directory_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
