/* SPDX-License-Identifier: ISC */
/* The journal of Binding Updates: SEC-029, SEC-031. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/in6.h"
#include "daemon/audit.h"
#include <cmocka.h>

static struct lke_note update(uint16_t seq)
{
	struct lke_note n = { .type = LKE_NOTE_MESSAGE,
			      .role = LKE_ROLE_HA,
			      .msg = LKE_MSG_BU,
			      .drop = LKE_DROP_SEQUENCE,
			      .status = 135,
			      .seq = seq,
			      .lifetime = 600,
			      .value = 0x1000,
			      .repeats = 7 };

	strcpy(n.text, "alice");
	assert_int_equal(in6_parse("2001:db8:1::b01", &n.addr), 0);
	assert_int_equal(in6_parse("2001:db8:5::7", &n.peer), 0);
	assert_int_equal(in6_parse("2001:db8:5::7", &n.src), 0);
	assert_int_equal(in6_parse("2001:db8:1::1", &n.dst), 0);
	return n;
}

static struct audit_record record(uint16_t seq)
{
	struct lke_note n = update(seq);
	struct audit_record r;

	assert_true(audit_from_note(&n, "home0", 1764100000123, &r));
	return r;
}

static void sec_029_who_from_where_verdict_and_sa(void **state)
{
	struct audit_record r = record(4711);
	char line[AUDIT_LINE_MAX];

	(void)state;
	assert_true(audit_line(&r, line, sizeof(line)) > 0);
	assert_string_equal(
		line,
		"{\"schema\":\"lke.audit/"
		"1\",\"time\":\"2025-11-25T19:46:40.123Z\",\"name\":\"alice\","
		"\"home_address\":\"2001:db8:1::b01\",\"care_of_address\":\"2001:db8:5::7\","
		"\"source\":\"2001:db8:5::7\",\"agent\":\"2001:db8:1::1\",\"interface\":\"home0\","
		"\"spi\":4096,\"sequence\":4711,\"lifetime\":600,\"verdict\":\"sequence\","
		"\"status\":135,"
		"\"repeats\":7}\n");
}

static void sec_029_only_updates_that_a_home_agent_got(void **state)
{
	struct lke_note n = update(1);
	struct audit_record r;

	(void)state;
	n.out = true;
	assert_false(audit_from_note(&n, "", 0, &r));
	n = update(1);
	n.role = LKE_ROLE_AR;
	assert_false(audit_from_note(&n, "", 0, &r));
	n = update(1);
	n.msg = LKE_MSG_BA;
	assert_false(audit_from_note(&n, "", 0, &r));
	n = update(1);
	n.type = LKE_NOTE_BINDING;
	assert_false(audit_from_note(&n, "", 0, &r));
}

/* The engine process may have been taken over. */
static void any_octets_make_one_line(void **state)
{
	struct audit_record r;
	char line[AUDIT_LINE_MAX];
	size_t len;

	(void)state;
	for (unsigned fill = 0; fill < 256; fill++) {
		memset(&r, (int)fill, sizeof(r));
		len = audit_line(&r, line, sizeof(line));
		assert_true(len > 0 && line[len - 1] == '\n');
		for (size_t i = 0; i + 1 < len; i++)
			assert_true(line[i] >= 0x20 && line[i] < 0x7f);
	}
	r = record(1);
	strcpy(r.name, "\",\"x\":\"\\");
	assert_true(audit_line(&r, line, sizeof(line)) > 0);
	assert_non_null(strstr(line, "\"name\":\"?,?x?:??\","));
}

struct dir {
	char path[64], file[96];
};

static void make_dir(struct dir *d)
{
	strcpy(d->path, "/tmp/lke-audit-XXXXXX");
	assert_non_null(mkdtemp(d->path));
	snprintf(d->file, sizeof(d->file), "%s/audit.log", d->path);
}

static void remove_dir(const struct dir *d)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", d->path);
	assert_int_equal(system(cmd), 0);
}

static void sec_031_files_are_bounded_and_the_newest_stay(void **state)
{
	struct audit_file f;
	char path[128], text[AUDIT_LINE_MAX];
	unsigned lines = 0, first = 0, last = 0;
	struct stat st;
	struct dir d;

	(void)state;
	make_dir(&d);
	assert_int_equal(audit_open(&f, d.path, 4096), 0);
	for (uint16_t n = 1; n <= 1000; n++) {
		struct audit_record r = record(n);

		assert_int_equal(audit_write(&f, &r), 0);
	}
	audit_close(&f);
	snprintf(path, sizeof(path), "%s.%d", d.file, AUDIT_FILES);
	assert_int_equal(stat(path, &st), -1);
	for (int k = AUDIT_FILES - 1; k >= 0; k--) {
		FILE *in;

		snprintf(path, sizeof(path), k ? "%s.%d" : "%s", d.file, k);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_true(st.st_size <= 4096);
		in = fopen(path, "r");
		while (fgets(text, sizeof(text), in)) {
			unsigned seq = (unsigned)atoi(strstr(text, "\"sequence\":") + 11);

			assert_true(last == 0 || seq == last + 1);
			first = first ? first : seq;
			last = seq;
			lines++;
		}
		fclose(in);
	}
	assert_int_equal(last, 1000);
	assert_true(lines > 30 && first == 1000 - lines + 1);
	/* A new start goes on with the file. */
	assert_int_equal(audit_open(&f, d.path, 4096), 0);
	assert_true(f.size > 0);
	audit_close(&f);
	remove_dir(&d);
}

static void failures_are_counted_and_end(void **state)
{
	struct audit_record r = record(1);
	struct rlimit old, limit;
	struct audit_file f;
	struct dir d;

	(void)state;
	make_dir(&d);
	assert_int_equal(symlink("/etc/passwd", d.file), 0);
	assert_true(audit_open(&f, d.path, 4096) < 0);
	assert_true(audit_write(&f, &r) < 0);
	assert_int_equal(f.lost, 1);
	assert_int_equal(unlink(d.file), 0);
	assert_int_equal(audit_write(&f, &r), 0);
	/* No room, as on a full disk: then it comes back by itself. */
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = f.size + 10;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_true(audit_write(&f, &r) < 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(audit_write(&f, &r), 0);
	assert_int_equal(f.lost, 2);
	audit_close(&f);
	remove_dir(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sec_029_who_from_where_verdict_and_sa),
		cmocka_unit_test(sec_029_only_updates_that_a_home_agent_got),
		cmocka_unit_test(any_octets_make_one_line),
		cmocka_unit_test(sec_031_files_are_bounded_and_the_newest_stay),
		cmocka_unit_test(failures_are_counted_and_end),
	};

	/* A write beyond the limit says so by a signal, too. */
	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
