/* SPDX-License-Identifier: ISC */
/* The thread that writes the state files: order, results, a full disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/state_writer.h"

static struct state_clock clock_here(void)
{
	struct state_clock c = { .boottime = 100 * LKE_SEC, .realtime = 1000 * LKE_SEC };

	memset(c.boot, 1, sizeof(c.boot));
	return c;
}

static struct state_writer_conf conf;
static struct state_writer *w;

static void files(void)
{
	for (unsigned n = 0; n < 2; n++) {
		conf.fd[n] = memfd_create("state", MFD_CLOEXEC);
		assert_true(conf.fd[n] >= 0);
	}
}

static int begin(void **state)
{
	memset(&conf, 0, sizeof(conf));
	memset(conf.key, 7, sizeof(conf.key));
	conf.restored = -1;
	conf.clock = clock_here;
	files();
	return 0;
}

static int end(void **state)
{
	state_writer_free(w);
	w = NULL;
	close(conf.fd[0]);
	close(conf.fd[1]);
	return 0;
}

static struct state_result wait_result(void)
{
	struct pollfd fd = { .fd = state_writer_fd(w), .events = POLLIN };
	struct state_result r;

	while (!state_writer_next(w, &r))
		assert_int_equal(poll(&fd, 1, 10000), 1);
	return r;
}

static void wait_settled(void)
{
	while (!state_writer_settled(w))
		usleep(200);
}

static void wait_wanted(void)
{
	for (unsigned n = 0; n < 50000 && !state_writer_wants(w); n++)
		usleep(200);
	assert_true(state_writer_wants(w));
}

/* Tells one record as everything there is. */
static void tell(const char *text)
{
	wait_wanted();
	assert_int_equal(state_writer_begin(w), 0);
	assert_int_equal(state_writer_again(w, STATE_ENGINE, text, strlen(text)), 0);
	assert_int_equal(state_writer_complete(w), 0);
	wait_settled();
}

static int collect(void *ctx, enum state_type type, const uint8_t *data, size_t len)
{
	char *out = ctx;

	if (strlen(out) < 200)
		snprintf(out + strlen(out), 256 - strlen(out), "%.*s;", (int)len,
			 (const char *)data);
	return 0;
}

static struct state_info contents(unsigned n, char out[256])
{
	struct state_info i;
	struct stat st;
	uint8_t *p = NULL;

	assert_int_equal(fstat(conf.fd[n], &st), 0);
	if (st.st_size > 0) {
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, conf.fd[n], 0);
		assert_true(p != MAP_FAILED);
	}
	out[0] = '\0';
	assert_int_equal(state_read(p, (size_t)st.st_size, conf.key, 0, collect, out, &i), 0);
	if (p)
		munmap(p, (size_t)st.st_size);
	return i;
}

static void amb_130_each_change_is_in_both_files(void **state)
{
	struct state_result r;
	char out[256];

	assert_int_equal(state_writer_new(&conf, &w), 0);
	/* Nothing can be restored yet, so nothing has to be waited for. */
	assert_int_equal(state_writer_put(w, STATE_ENGINE, "early", 5, 9, true), 0);
	r = wait_result();
	assert_true(r.cookie == 9 && r.err == 0);
	tell("all-1");
	assert_int_equal(state_writer_put(w, STATE_ENGINE, "x", 1, 10, false), 0);
	r = wait_result();
	assert_true(r.cookie == 10 && r.err == 0);
	tell("all-2");
	assert_int_equal(state_writer_put(w, STATE_ENGINE, "y", 1, 11, true), 0);
	assert_int_equal(wait_result().err, 0);
	for (unsigned n = 0; n < 2; n++) {
		struct state_info i = contents(n, out);

		assert_true(i.complete && !i.damaged);
		assert_string_equal(out, i.generation == 1 ? "all-1;x;y;" : "all-2;y;");
	}
	wait_settled();
	assert_false(state_writer_wants(w));
}

/* While the first file is told, what changes is in it, and its result waits for the end. */
static void results_wait_while_only_an_old_file_counts(void **state)
{
	struct state_result r;
	char out[256];

	assert_int_equal(pwrite(conf.fd[1], "old", 3, 0), 3);
	conf.content[1] = true;
	conf.restored = 1;
	conf.generation = 5;
	assert_int_equal(state_writer_new(&conf, &w), 0);
	wait_wanted();
	assert_int_equal(state_writer_begin(w), 0);
	assert_int_equal(state_writer_again(w, STATE_ENGINE, "a", 1), 0);
	assert_int_equal(state_writer_put(w, STATE_ENGINE, "live", 4, 3, true), 0);
	usleep(20000);
	assert_false(state_writer_next(w, &r));
	assert_int_equal(state_writer_again(w, STATE_ENGINE, "b", 1), 0);
	assert_int_equal(state_writer_complete(w), 0);
	r = wait_result();
	assert_true(r.cookie == 3 && r.err == 0);
	assert_int_equal(contents(0, out).generation, 6);
	assert_string_equal(out, "a;live;b;");
	/* The restored one comes second. */
	tell("c");
	assert_int_equal(contents(1, out).generation, 7);
}

static void a_file_that_grew_is_written_anew(void **state)
{
	static char big[4096];
	struct state_writer_stat st;

	memset(big, 'x', sizeof(big));
	assert_int_equal(state_writer_new(&conf, &w), 0);
	tell("a");
	tell("a");
	wait_settled();
	for (unsigned n = 0; n < 300; n++) {
		while (state_writer_put(w, STATE_ENGINE, big, sizeof(big), 1 + n, false) < 0)
			usleep(100);
		(void)wait_result();
	}
	tell("b");
	tell("b");
	wait_settled();
	assert_false(state_writer_wants(w));
	state_writer_stat(w, &st);
	assert_int_equal(st.rewrites, 4);
	assert_true(st.size[0] < 1000 && st.size[1] < 1000);
	/* What must go: both again. */
	state_writer_refresh(w);
	tell("c");
	tell("c");
	wait_settled();
	assert_false(state_writer_wants(w));
}

/* RLIMIT_FSIZE stands in for a full disk. */
static void full_disk(bool full)
{
	struct rlimit lim;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &lim), 0);
	lim.rlim_cur = full ? 1000 : lim.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &lim), 0);
}

static void thr_082_a_full_disk_leaves_nothing_old(void **state)
{
	static char big[2000];
	char out[256];

	assert_int_equal(state_writer_new(&conf, &w), 0);
	tell("a");
	tell("a");
	full_disk(true);
	assert_int_equal(state_writer_put(w, STATE_ENGINE, big, sizeof(big), 4, true), 0);
	/* It cannot be written; nothing can be restored either, so the answer may go. */
	assert_int_equal(wait_result().err, 0);
	full_disk(false);
	assert_false(contents(0, out).present);
	assert_false(contents(1, out).present);
	assert_int_equal(state_writer_put(w, STATE_ENGINE, "z", 1, 5, true), 0);
	assert_int_equal(wait_result().err, 0);
}

/* Descriptors that can be neither written nor emptied: no result is good. */
static void thr_082_what_cannot_be_emptied_is_an_error(void **state)
{
	char path[] = "/tmp/lke-state-XXXXXX", proc[64];
	int fd = mkstemp(path), ro[2];

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "old", 3), 3);
	snprintf(proc, sizeof(proc), "%s", path);
	for (unsigned n = 0; n < 2; n++) {
		ro[n] = open(proc, O_RDONLY | O_CLOEXEC);
		close(conf.fd[n]);
		conf.fd[n] = ro[n];
		conf.content[n] = true;
	}
	assert_int_equal(state_writer_new(&conf, &w), 0);
	assert_int_equal(state_writer_begin(w), 0);
	assert_int_equal(state_writer_put(w, STATE_ENGINE, "z", 1, 5, false), 0);
	assert_int_equal(wait_result().err, LKE_ERR_SYS);
	close(fd);
	unlink(path);
}

static void the_queue_is_bounded(void **state)
{
	static char big[STATE_DATA_MAX];
	char out[256];
	unsigned n = 0;

	assert_int_equal(state_writer_new(&conf, &w), 0);
	tell("a");
	tell("a");
	assert_int_equal(state_writer_put(w, STATE_ENGINE, big, STATE_DATA_MAX + 1, 0, false),
			 LKE_ERR_INVAL);
	/* Faster than any disk: at some point a change is lost, and both files with it. */
	while (n < 100000 && state_writer_put(w, STATE_ENGINE, big, sizeof(big), 0, false) == 0)
		n++;
	if (n == 100000)
		return; /* a machine that is faster still */
	wait_settled();
	wait_wanted();
	assert_false(contents(0, out).complete);
	assert_false(contents(1, out).complete);
	tell("b");
	tell("b");
	assert_true(contents(0, out).complete);
	assert_string_equal(out, "b;");
}

static void a_clean_stop_is_marked(void **state)
{
	char out[256];

	assert_int_equal(state_writer_new(&conf, &w), 0);
	tell("a");
	tell("a");
	assert_int_equal(state_writer_put(w, STATE_CLEAN, NULL, 0, 1, true), 0);
	assert_int_equal(wait_result().err, 0);
	assert_true(contents(0, out).clean);
	assert_true(contents(1, out).clean);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(amb_130_each_change_is_in_both_files, begin, end),
		cmocka_unit_test_setup_teardown(results_wait_while_only_an_old_file_counts, begin,
						end),
		cmocka_unit_test_setup_teardown(a_file_that_grew_is_written_anew, begin, end),
		cmocka_unit_test_setup_teardown(thr_082_a_full_disk_leaves_nothing_old, begin, end),
		cmocka_unit_test_setup_teardown(thr_082_what_cannot_be_emptied_is_an_error, begin,
						end),
		cmocka_unit_test_setup_teardown(the_queue_is_bounded, begin, end),
		cmocka_unit_test_setup_teardown(a_clean_stop_is_marked, begin, end),
	};

	return cmocka_run_group_tests_name("state_writer", tests, NULL, NULL);
}
