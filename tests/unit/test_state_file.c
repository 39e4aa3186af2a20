/* SPDX-License-Identifier: ISC */
/* The sealed state files of an access router: damage of every kind, other boots, older copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/state_file.h"

static const uint8_t key[STATE_KEY_LEN] = "thirty-two octets of a test key";

struct image {
	uint8_t b[16384];
	size_t len;
	size_t end[64]; /* of each record */
	unsigned records;
	struct state_seal *seal;
};

static struct state_clock at(unsigned boot, uint64_t boottime_s, uint64_t realtime_s)
{
	struct state_clock c = { .boottime = boottime_s * LKE_SEC,
				 .realtime = realtime_s * LKE_SEC };

	memset(c.boot, (int)boot, sizeof(c.boot));
	return c;
}

static void open_image(struct image *m, uint64_t generation, struct state_clock c)
{
	memset(m, 0, sizeof(*m));
	assert_int_equal(state_seal_new(key, generation, &c, m->b, &m->seal), 0);
	m->len = STATE_HEADER_LEN;
}

static void add(struct image *m, enum state_type type, const char *text)
{
	int n = state_seal_record(m->seal, type, text, strlen(text), m->b + m->len);

	assert_true(n > 0);
	m->len += (size_t)n;
	m->end[m->records++] = m->len;
}

/* Records one, two, COMPLETE, three; and CLEAN if asked for. */
static void usual(struct image *m, uint64_t generation, struct state_clock c, bool clean)
{
	open_image(m, generation, c);
	add(m, STATE_ENGINE, "one");
	add(m, STATE_ENGINE, "record two, longer than a block of the cipher");
	add(m, STATE_COMPLETE, "");
	add(m, STATE_ENGINE, "three");
	if (clean)
		add(m, STATE_CLEAN, "");
	state_seal_free(m->seal);
}

static int collect(void *ctx, enum state_type type, const uint8_t *data, size_t len)
{
	char *out = ctx;

	snprintf(out + strlen(out), 256 - strlen(out), "%u:%.*s;", type, (int)len,
		 (const char *)data);
	return 0;
}

static struct state_info look(const uint8_t *p, size_t len, char out[256])
{
	struct state_info i;
	/* Of its exact size, so that a sanitizer sees one octet too many. */
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, p, len);
	out[0] = '\0';
	assert_int_equal(state_read(copy, len, key, 0, collect, out, &i), 0);
	free(copy);
	return i;
}

static void amb_130_what_was_written_is_read(void **state)
{
	struct image m;
	struct state_info i;
	char out[256];

	usual(&m, 7, at(1, 100, 1000), true);
	i = look(m.b, m.len, out);
	assert_string_equal(out, "1:one;1:record two, longer than a block of the cipher;1:three;");
	assert_true(i.header && i.complete && i.clean && !i.damaged);
	assert_int_equal(i.generation, 7);
	assert_int_equal(i.records, 5);
	assert_int_equal(i.clock.boottime, 100 * LKE_SEC);
	/* Read again without authentication, and no further than was found good. */
	out[0] = '\0';
	assert_int_equal(state_read(m.b, m.len, key, 2, collect, out, &i), 0);
	assert_string_equal(out, "1:one;1:record two, longer than a block of the cipher;");
	i = look(m.b, 0, out);
	assert_false(i.present);
	/* The key of another host. */
	assert_int_equal(state_read(m.b, m.len, (const uint8_t *)"another key, also 32 octets ....",
				    0, collect, out, &i),
			 0);
	assert_true(i.present && !i.header);
}

static void nothing_readable_is_in_the_file(void **state)
{
	struct image m;

	usual(&m, 7, at(1, 100, 1000), true);
	assert_null(memmem(m.b, m.len, "three", 5));
	assert_null(memmem(m.b, m.len, "record two", 10));
}

/* Every truncation: good records up to there, and never a record that is none. */
static void thr_081_every_truncation(void **state)
{
	struct image m;
	char all[256], out[256];

	usual(&m, 7, at(1, 100, 1000), true);
	(void)look(m.b, m.len, all);
	for (size_t n = 1; n < m.len; n++) {
		struct state_info i = look(m.b, n, out);
		unsigned whole = 0;

		while (whole < m.records && m.end[whole] <= n)
			whole++;
		assert_int_equal(i.header, n >= STATE_HEADER_LEN);
		assert_int_equal(i.records, whole);
		assert_int_equal(i.complete, whole >= 3);
		assert_false(i.clean);
		assert_int_equal(strncmp(all, out, strlen(out)), 0);
		if (i.header)
			assert_int_equal(i.damaged, n != STATE_HEADER_LEN &&
							    (!whole || m.end[whole - 1] != n));
	}
}

/* Every bit: it is found, and nothing behind it is believed. */
static void thr_081_every_bit(void **state)
{
	struct image m;
	char all[256], out[256];

	usual(&m, 7, at(1, 100, 1000), true);
	(void)look(m.b, m.len, all);
	for (size_t n = 0; n < m.len * 8; n++) {
		struct state_info i;
		unsigned whole = 0;

		m.b[n / 8] ^= (uint8_t)(1u << n % 8);
		i = look(m.b, m.len, out);
		m.b[n / 8] ^= (uint8_t)(1u << n % 8);
		while (whole < m.records && m.end[whole] <= n / 8)
			whole++;
		assert_int_equal(i.header, n / 8 >= STATE_HEADER_LEN);
		assert_int_equal(i.records, i.header ? whole : 0);
		assert_int_equal(strncmp(all, out, strlen(out)), 0);
		assert_true(!i.header || i.damaged);
	}
}

/* Records of one file in another place, or of another generation. */
static void records_belong_to_their_place(void **state)
{
	struct image m, other, mix;
	struct state_info i;
	char out[256];

	usual(&m, 7, at(1, 100, 1000), true);
	usual(&other, 8, at(1, 100, 1000), true);
	/* The second one left out. */
	mix = m;
	memmove(mix.b + m.end[0], mix.b + m.end[1], m.len - m.end[1]);
	i = look(mix.b, m.len - (m.end[1] - m.end[0]), out);
	assert_int_equal(i.records, 1);
	assert_true(i.damaged);
	/* The tail of another generation. */
	mix = m;
	memcpy(mix.b + m.end[2], other.b + other.end[2], other.len - other.end[2]);
	i = look(mix.b, m.len, out);
	assert_int_equal(i.records, 3);
	assert_true(i.damaged);
}

/* --- which file counts --- */

static struct state_info info_of(const struct image *m, size_t len)
{
	char out[256];

	return look(m->b, len, out);
}

static void choice_within_one_boot(void **state)
{
	struct state_clock now = at(1, 200, 1100);
	struct state_info none = { 0 }, i[2];
	struct state_choice c;
	struct image a, b;

	usual(&a, 7, at(1, 100, 1000), false);
	usual(&b, 8, at(1, 110, 1010), false);
	i[0] = info_of(&a, a.len);
	i[1] = info_of(&b, b.len);
	c = state_choose(i, &now); /* kill -9: exact */
	assert_int_equal(c.file, 1);
	assert_true(c.exact);
	assert_int_equal(c.shift, 0);
	/* The newer one was being written. */
	i[1] = info_of(&b, b.end[1]);
	c = state_choose(i, &now);
	assert_int_equal(c.file, 0);
	assert_true(c.exact);
	i[1] = info_of(&b, b.end[1] - 3);
	c = state_choose(i, &now);
	assert_int_equal(c.file, 0);
	assert_true(c.exact);
	/* ... or its beginning is damaged: who knows what it was. */
	b.b[a.end[0] - 1] ^= 1;
	i[1] = info_of(&b, b.end[1]);
	c = state_choose(i, &now);
	assert_int_equal(c.file, 0);
	assert_false(c.exact);
	b.b[a.end[0] - 1] ^= 1;
	/* The newer one is damaged: the older one, with raised floors and without RSA keys. */
	b.b[b.len - 1] ^= 1;
	i[1] = info_of(&b, b.len);
	c = state_choose(i, &now);
	assert_int_equal(c.file, 0);
	assert_false(c.exact);
	/* Both. */
	a.b[a.len - 1] ^= 1;
	i[0] = info_of(&a, a.len);
	c = state_choose(i, &now);
	assert_int_equal(c.file, -1);
	assert_non_null(strstr(c.why, "damaged"));
	/* None at all: that is the first start, not a loss. */
	i[0] = i[1] = none;
	c = state_choose(i, &now);
	assert_int_equal(c.file, -1);
	assert_string_equal(c.why, "");
	/* A clock of the same boot cannot be behind. */
	usual(&a, 7, at(1, 300, 1000), false);
	i[0] = info_of(&a, a.len);
	c = state_choose(i, &now);
	assert_int_equal(c.file, -1);
}

static void a_file_that_says_the_other_is_stale(void **state)
{
	struct state_clock now = at(1, 200, 1100);
	struct state_info i[2];
	struct image a, b;
	static const char seven[8] = { 0, 0, 0, 0, 0, 0, 0, 9 };
	int n;

	usual(&a, 9, at(1, 100, 1000), false);
	open_image(&b, 8, at(1, 90, 990));
	add(&b, STATE_COMPLETE, "");
	n = state_seal_record(b.seal, STATE_STALE, seven, sizeof(seven), b.b + b.len);
	b.len += (size_t)n;
	state_seal_free(b.seal);
	i[0] = info_of(&a, a.len);
	i[1] = info_of(&b, b.len);
	assert_int_equal(state_choose(i, &now).file, 1);
}

static void thr_084_across_a_reboot_by_the_wall_clock(void **state)
{
	struct state_info i[2] = { { 0 } };
	struct state_choice c;
	struct state_clock now;
	struct image a;

	usual(&a, 7, at(1, 10000, 50000), true);
	i[0] = info_of(&a, a.len);
	/* 600 s later by the wall clock, 30 s into the new boot. */
	now = at(2, 30, 50600);
	c = state_choose(i, &now);
	assert_int_equal(c.file, 0);
	assert_true(c.exact); /* a clean stop */
	assert_int_equal(c.shift, -(int64_t)((10000 + 600 - 30) * LKE_SEC));
	/* What had 1,000 s left has 400 s left. */
	assert_int_equal((int64_t)(11000 * LKE_SEC) + c.shift - (int64_t)now.boottime,
			 400 * (int64_t)LKE_SEC);
	/* The clock went back. */
	now = at(2, 30, 49999);
	assert_int_equal(state_choose(i, &now).file, -1);
	assert_non_null(strstr(state_choose(i, &now).why, "clock"));
	/* It did not go on while this boot ran for 300 s: it went back. */
	now = at(2, 300, 50100);
	assert_int_equal(state_choose(i, &now).file, -1);
	now = at(2, 30, 50000 + 500u * 86400);
	assert_int_equal(state_choose(i, &now).file, -1);
	/* A power failure: floors raised, no RSA keys. */
	usual(&a, 7, at(1, 10000, 50000), false);
	i[0] = info_of(&a, a.len);
	now = at(2, 30, 50600);
	c = state_choose(i, &now);
	assert_int_equal(c.file, 0);
	assert_false(c.exact);
	/* With a torn last record: what is in front of it. */
	i[0] = info_of(&a, a.len - 5);
	c = state_choose(i, &now);
	assert_int_equal(c.file, 0);
	assert_false(c.exact);
	/* Within one boot nothing is torn. */
	now = at(1, 10100, 50100);
	assert_int_equal(state_choose(i, &now).file, -1);
}

static void thr_084_a_step_of_the_wall_clock_is_recorded(void **state)
{
	struct state_clock later = at(1, 10010, 40000), now = at(2, 30, 40100);
	struct state_info i[2] = { { 0 } };
	struct state_choice c;
	uint8_t data[STATE_CLOCK_LEN];
	struct image a;
	int n;

	open_image(&a, 7, at(1, 10000, 50000));
	add(&a, STATE_COMPLETE, "");
	state_clock_encode(&later, data);
	n = state_seal_record(a.seal, STATE_CLOCK, data, sizeof(data), a.b + a.len);
	a.len += (size_t)n;
	state_seal_free(a.seal);
	i[0] = info_of(&a, a.len);
	assert_int_equal(i[0].clock.boottime, later.boottime);
	assert_memory_equal(i[0].clock.boot, later.boot, STATE_BOOT_LEN);
	c = state_choose(i, &now);
	assert_int_equal(c.file, 0);
	assert_int_equal(c.shift, -(int64_t)((10010 + 100 - 30) * LKE_SEC));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amb_130_what_was_written_is_read),
		cmocka_unit_test(nothing_readable_is_in_the_file),
		cmocka_unit_test(thr_081_every_truncation),
		cmocka_unit_test(thr_081_every_bit),
		cmocka_unit_test(records_belong_to_their_place),
		cmocka_unit_test(choice_within_one_boot),
		cmocka_unit_test(a_file_that_says_the_other_is_stale),
		cmocka_unit_test(thr_084_across_a_reboot_by_the_wall_clock),
		cmocka_unit_test(thr_084_a_step_of_the_wall_clock_is_recorded),
	};

	return cmocka_run_group_tests_name("state_file", tests, NULL, NULL);
}
