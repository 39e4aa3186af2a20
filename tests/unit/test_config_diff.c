/* SPDX-License-Identifier: ISC */
/* What lke diff and lke reload compare, and what goes from process to process. */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/config_diff.h"
#include "daemon/config_image.h"
#include "daemon/key_digest.h"

static const uint8_t secret[KEY_DIGEST_SECRET] = { 1, 2, 3 };

/* "OP TEXT" of all changes, a line each. */
static void expect_diff(const char *old, const char *now, const char *want)
{
	struct config_diff d;
	char got[2048] = "";

	assert_int_equal(config_diff(old, now, &d), 0);
	for (size_t i = 0; i < d.n; i++) {
		size_t len = strlen(got);

		snprintf(got + len, sizeof(got) - len, "%c %s\n", d.change[i].op, d.change[i].text);
	}
	assert_string_equal(got, want);
	config_diff_done(&d);
}

static void op_places_and_order_of_sections_are_no_difference(void **state)
{
	expect_diff("[AccessRouter]   # a:1\nInterface = w0  # a:2\nMtu = 1400 # a:3\n\n"
		    "[AccessRouter] # a:5\nInterface = w1 # a:6\n",
		    "[AccessRouter] # b:1\nInterface = w1\n[AccessRouter]\nInterface = w0\nMtu = "
		    "1400\n",
		    "");
	expect_diff("", "", "");
}

static void op_statements_belong_to_their_interface_home_or_mobile(void **state)
{
	expect_diff("[AccessRouter]\nInterface = w0\nMtu = 1400\n[AccessRouter]\nInterface = "
		    "w1\nMtu = 1300\n",
		    "[AccessRouter]\nInterface = w0\nMtu = 1300\n[AccessRouter]\nInterface = "
		    "w1\nMtu = 1400\n",
		    "+ [AccessRouter] w0: Mtu = 1300\n- [AccessRouter] w0: Mtu = 1400\n"
		    "- [AccessRouter] w1: Mtu = 1300\n+ [AccessRouter] w1: Mtu = 1400\n");
	/* Two homes exchange their keys. */
	expect_diff(
		"[MobileNode]\nInterface = w0\nHomeAddress = 2001:db8::1\nKey = /a\nHomeAddress = "
		"2001:db8::2\nKey = /b\n",
		"[MobileNode]\nInterface = w0\nHomeAddress = 2001:db8::1\nKey = /b\nHomeAddress = "
		"2001:db8::2\nKey = /a\n",
		"- [MobileNode] 2001:db8::1: Key = /a\n+ [MobileNode] 2001:db8::1: Key = /b\n"
		"+ [MobileNode] 2001:db8::2: Key = /a\n- [MobileNode] 2001:db8::2: Key = /b\n");
	/* What is not of a home may stand behind one. */
	expect_diff("[MobileNode]\nStrategy = both\nHomeAddress = 2001:db8::1\n",
		    "[MobileNode]\nHomeAddress = 2001:db8::1\nStrategy = both\n", "");
	expect_diff("[Mobile a]\nMaxLifetime = 60\n", "[Mobile b]\nMaxLifetime = 60\n",
		    "- [Mobile a]: MaxLifetime = 60\n+ [Mobile b]: MaxLifetime = 60\n");
}

/* The first interface of a mobile node is preferred; name servers are asked in their order. */
static void op_order_of_repeated_keys_is_a_difference(void **state)
{
	expect_diff("[MobileNode]\nInterface = w0\nInterface = w1\n",
		    "[MobileNode]\nInterface = w1\nInterface = w0\n",
		    "- [MobileNode]: Interface = w0\n+ [MobileNode]: Interface = w0 (2)\n"
		    "+ [MobileNode]: Interface = w1\n- [MobileNode]: Interface = w1 (2)\n");
}

static void op_each_change_has_its_place_and_says_whether_it_needs_a_restart(void **state)
{
	struct config_diff d;

	assert_int_equal(
		config_diff(
			"[Daemon] # x:1\n",
			"[Daemon] # x:1\nTun = lke1 # /etc/lke.conf:7\nLogLevel = debug # y:8\n",
			&d),
		0);
	assert_int_equal(d.n, 2);
	assert_string_equal(d.change[0].text, "[Daemon]: LogLevel = debug");
	assert_null(d.change[0].restart);
	assert_string_equal(d.change[1].place, "/etc/lke.conf:7");
	assert_non_null(d.change[1].restart);
	config_diff_done(&d);
}

static void op_needs_a_restart_by_value(void **state)
{
	struct daemon_config a = { 0 }, b = { 0 };

	a.engine.ars = b.engine.ars = 1;
	assert_false(config_needs_restart(&a, &b));
	b.engine.ar[0].mtu = 1300;
	b.engine.ars = 2;
	b.audit_size = 5;
	assert_false(config_needs_restart(&a, &b));
	b.engine.ars = 0;
	assert_true(config_needs_restart(&a, &b));
	b = a;
	b.engine.mn.interfaces = 1;
	assert_true(config_needs_restart(&a, &b));
	b = a;
	b.engine.ha.interfaces = 1;
	assert_true(config_needs_restart(&a, &b));
	b = a;
	b.engine.ha.volatile_state = true;
	assert_true(config_needs_restart(&a, &b));
	b = a;
	b.engine.profile = LKE_PROFILE_DRAFT01;
	assert_true(config_needs_restart(&a, &b));
	b = a;
	b.state_file = true;
	assert_true(config_needs_restart(&a, &b));
	b = a;
	b.forward = FORWARD_BPF;
	assert_true(config_needs_restart(&a, &b));
	b = a;
	strcpy(b.tun, "x");
	assert_true(config_needs_restart(&a, &b));
	b = a;
	strcpy(b.user, "x");
	assert_true(config_needs_restart(&a, &b));
}

/* Two mobiles, one with a next key, and a home. */
static void make(struct daemon_config *c)
{
	memset(c, 0, sizeof(*c));
	c->mobile = calloc(2, sizeof(*c->mobile));
	c->key_path = calloc(2, sizeof(*c->key_path));
	c->next = calloc(1, sizeof(*c->next));
	c->mobiles = c->mobiles_cap = 2;
	c->nexts = 1;
	c->next[0].mobile = 1;
	c->next[0].keys.generation = 2;
	for (unsigned i = 0; i < 2; i++) {
		struct lke_config_mobile *m = &c->mobile[i];
		char path[16];

		snprintf(m->name, sizeof(m->name), "m%u", i);
		m->home.b[15] = (uint8_t)(9 - i);
		m->to_ha.spi = 0x100 + i;
		m->to_ha.auth_key[0] = (uint8_t)(1 + i);
		m->to_ha.auth_key_len = 32;
		m->generation = 1;
		snprintf(path, sizeof(path), "/k%u", i);
		c->key_path[i] = strdup(path);
	}
	c->engine.mn.homes = 1;
	c->engine.mn.home[0].addr.b[0] = 0x20;
	c->home_key[0] = strdup("/home");
	strcpy(c->tun, "lke7");
	assert_int_equal(key_digest_make(c, secret), 0);
}

static void expect_keys(const struct daemon_config *a, const struct daemon_config *b,
			const char *want)
{
	struct config_diff d = { 0 };

	assert_int_equal(config_diff_keys(&d, a, b), 0);
	assert_string_equal(d.n ? d.change[0].text : "", want);
	assert_true(d.n <= 1);
	config_diff_done(&d);
}

static void op_another_key_in_the_same_file_is_seen(void **state)
{
	struct daemon_config a, b;

	make(&a);
	make(&b);
	/* The keys of the one that runs are wiped; their digests speak for them. */
	memset(a.mobile, 0xee, 2 * sizeof(*a.mobile));
	expect_keys(&a, &b, "");
	b.mobile[0].to_ha.auth_key[31] ^= 1;
	assert_int_equal(key_digest_make(&b, secret), 0);
	expect_keys(&a, &b, "[Mobile m0]: Key = /k0 has another key");
	b.mobile[0].to_ha.auth_key[31] ^= 1;
	b.next[0].keys.to_mn.auth_key[0] = 7;
	assert_int_equal(key_digest_make(&b, secret), 0);
	expect_keys(&a, &b, "[Mobile m1]: Key = /k1 has another key");
	b.nexts = 0;
	assert_int_equal(key_digest_make(&b, secret), 0);
	expect_keys(&a, &b, "[Mobile m1]: Key = /k1 has another key");
	b.nexts = 1;
	b.next[0].keys.to_mn.auth_key[0] = 0;
	b.engine.mn.home[0].generation = 4;
	assert_int_equal(key_digest_make(&b, secret), 0);
	expect_keys(&a, &b, "[MobileNode] 2000::: Key = /home has another key");
	daemon_config_done(&a);
	daemon_config_done(&b);
}

/* lked has the next key by lke rekey, and the files that it renames itself. */
static void op_key_by_rekey_is_no_difference(void **state)
{
	struct daemon_config a, b;
	struct key_file next;

	make(&a);
	make(&b);
	next = b.next[0].keys;
	a.nexts = 0; /* made after the start */
	assert_int_equal(key_digest_make(&a, secret), 0);
	expect_keys(&a, &b, "[Mobile m1]: Key = /k1 has another key");
	key_digest_follow(&a, secret, &b.mobile[1].home, &next);
	expect_keys(&a, &b, "");
	b.mobile[1].to_ha = next.to_ha;
	b.mobile[1].to_mn = next.to_mn;
	b.mobile[1].generation = next.generation;
	b.nexts = 0;
	assert_int_equal(key_digest_make(&b, secret), 0);
	expect_keys(&a, &b, "[Mobile m1]: Key = /k1 has another key");
	key_digest_switched(&a, &b.mobile[1].home);
	expect_keys(&a, &b, "");
	key_digest_switched(&a, &b.mobile[1].home); /* told again */
	key_digest_switched(&a, &b.mobile[0].home);
	expect_keys(&a, &b, "");
	a.nexts = b.nexts = 1;
	daemon_config_done(&a);
	daemon_config_done(&b);
}

/* Without the secret of this run a digest says nothing. */
static void sec_045_digests_are_keyed(void **state)
{
	uint8_t other[KEY_DIGEST_SECRET] = { 9 };
	struct daemon_config a, b;

	make(&a);
	make(&b);
	assert_int_equal(key_digest_make(&b, other), 0);
	for (size_t i = 0; i < a.digests; i++)
		assert_false(key_digest_eq(&a.digest[i], &b.digest[i]));
	daemon_config_done(&a);
	daemon_config_done(&b);
}

static int image(void)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void op_a_configuration_goes_from_process_to_process(void **state)
{
	struct daemon_config a, b;
	int fd = image();
	char *text;
	uint8_t octet;

	make(&a);
	assert_int_equal(config_image_write(fd, &a, "[Daemon]\n"), 0);
	assert_int_equal(config_image_read(fd, &b, &text), 0);
	assert_string_equal(text, "[Daemon]\n");
	free(text);
	assert_int_equal(b.mobiles, 2);
	assert_ptr_not_equal(a.mobile, b.mobile);
	assert_ptr_equal(b.engine.ha.mobile, b.mobile);
	assert_memory_equal(a.mobile, b.mobile, 2 * sizeof(*a.mobile));
	assert_string_equal(b.key_path[1], "/k1");
	assert_string_equal(b.home_key[0], "/home");
	assert_null(b.home_key[1]);
	assert_string_equal(b.tun, "lke7");
	assert_int_equal(b.next[0].keys.generation, 2);
	expect_keys(&a, &b, "");
	config_image_wipe(fd);
	assert_int_equal(pread(fd, &octet, 1, 0), 0);
	close(fd);
	daemon_config_done(&a);
	daemon_config_done(&b);
}

/* However short it is cut, and whatever octet of its lengths is wrong. */
static void op_a_damaged_image_is_refused(void **state)
{
	static const size_t step = 997;
	struct daemon_config a, b;
	int fd = image(), cut = image();
	off_t size;
	uint8_t *buf;

	make(&a);
	assert_int_equal(config_image_write(fd, &a, "text"), 0);
	size = lseek(fd, 0, SEEK_END);
	assert_true(size > 0);
	buf = malloc((size_t)size);
	assert_int_equal(pread(fd, buf, (size_t)size, 0), size);
	for (size_t n = 1; n < (size_t)size; n += n + 200 < (size_t)size && n > 64 ? step : 1) {
		assert_int_equal(ftruncate(cut, 0), 0);
		assert_int_equal(pwrite(cut, buf, n, 0), (ssize_t)n);
		assert_true(config_image_read(cut, &b, NULL) < 0);
	}
	buf[0] ^= 1;
	assert_int_equal(pwrite(cut, buf, (size_t)size, 0), size);
	assert_int_equal(config_image_read(cut, &b, NULL), -EBADMSG);
	assert_true(config_image_read(-1, &b, NULL) < 0);
	free(buf);
	close(fd);
	close(cut);
	daemon_config_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(op_places_and_order_of_sections_are_no_difference),
		cmocka_unit_test(op_statements_belong_to_their_interface_home_or_mobile),
		cmocka_unit_test(op_order_of_repeated_keys_is_a_difference),
		cmocka_unit_test(op_each_change_has_its_place_and_says_whether_it_needs_a_restart),
		cmocka_unit_test(op_needs_a_restart_by_value),
		cmocka_unit_test(op_another_key_in_the_same_file_is_seen),
		cmocka_unit_test(op_key_by_rekey_is_no_difference),
		cmocka_unit_test(sec_045_digests_are_keyed),
		cmocka_unit_test(op_a_configuration_goes_from_process_to_process),
		cmocka_unit_test(op_a_damaged_image_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
