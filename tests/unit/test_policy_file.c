/* SPDX-License-Identifier: ISC */
/* Files of `lke export` (SEC-047) and what `lke genkey` and `lke rekey` write. */
#include <stdio.h>
#include <stdlib.h>

#include "base/in6.h"
#include "check.h"
#include "daemon/key_make.h"
#include "daemon/policy_file.h"

static char out[4096];

static int parse(const char *text, struct policy_file *ret)
{
	struct report r;
	char copy[2 * KEY_FILE_MAX];
	int err;

	memset(out, 0, sizeof(out));
	r = (struct report){ .out = fmemopen(out, sizeof(out) - 1, "w") };
	snprintf(copy, sizeof(copy), "%s", text);
	err = policy_parse("f", copy, &r, ret);
	fclose(r.out);
	for (size_t n = 0; n < strlen(text); n++)
		assert_int_equal(copy[n], 0); /* wiped */
	return err;
}

static struct policy_file entry(void)
{
	struct policy_file p = { .name = "alice", .max_lifetime = 600 };

	assert_int_equal(in6_parse("2001:db8:100::42", &p.home), 0);
	assert_int_equal(in6_parse("2001:db8:100::1", &p.agent), 0);
	assert_int_equal(key_make(LKE_ESP_AES_CBC, LKE_ESP_HMAC_SHA256_128, 7, &p.keys), 0);
	return p;
}

static bool same_sa(const struct lke_config_sa *a, const struct lke_config_sa *b)
{
	return a->spi == b->spi && a->enc == b->enc && a->auth == b->auth &&
	       a->enc_key_len == b->enc_key_len && a->auth_key_len == b->auth_key_len &&
	       memcmp(a->enc_key, b->enc_key, a->enc_key_len) == 0 &&
	       memcmp(a->auth_key, b->auth_key, a->auth_key_len) == 0;
}

static void sec_047_entry_comes_back_as_it_was(void **state)
{
	struct policy_file p = entry(), q;
	char text[2 * KEY_FILE_MAX];

	(void)state;
	for (unsigned n = 0; n < 4; n++) {
		assert_int_equal(key_make(n & 1 ? LKE_ESP_NULL : LKE_ESP_AES_CBC,
					  n & 2 ? LKE_ESP_HMAC_SHA1_96 : LKE_ESP_HMAC_SHA256_128,
					  n + 1, &p.keys),
				 0);
		if (n == 3) {
			p.agent = in6_unspecified;
			p.max_lifetime = 0;
		}
		assert_true(policy_text(&p, text, sizeof(text)) > 0);
		assert_int_equal(parse(text, &q), 0);
		assert_string_equal(q.name, "alice");
		assert_true(in6_eq(&q.home, &p.home) && in6_eq(&q.agent, &p.agent));
		assert_int_equal(q.max_lifetime, p.max_lifetime);
		assert_int_equal(q.keys.generation, n + 1);
		assert_true(same_sa(&q.keys.to_ha, &p.keys.to_ha));
		assert_true(same_sa(&q.keys.to_mn, &p.keys.to_mn));
	}
}

static void made_keys_differ(void **state)
{
	struct policy_file p = entry(), q = entry();

	(void)state;
	assert_memory_not_equal(p.keys.to_ha.auth_key, p.keys.to_mn.auth_key, 32);
	assert_memory_not_equal(p.keys.to_ha.auth_key, q.keys.to_ha.auth_key, 32);
	assert_true(p.keys.to_ha.spi >= 0x1000 && p.keys.to_ha.spi != p.keys.to_mn.spi);
}

static void text_does_not_overrun(void **state)
{
	struct policy_file p = entry();
	char text[2 * KEY_FILE_MAX];
	int len = policy_text(&p, text, sizeof(text));

	(void)state;
	assert_true(len > 0);
	for (size_t n = 1; n <= (size_t)len; n++) {
		memset(text, 0x5a, sizeof(text));
		assert_true(policy_text(&p, text, n) < 0);
		assert_int_equal(text[n], 0x5a);
	}
}

/* Replaces from by to in a good text. */
static int parse_with(const char *from, const char *to)
{
	struct policy_file p = entry(), q;
	char text[2 * KEY_FILE_MAX], bad[3 * KEY_FILE_MAX];
	char *at;

	assert_true(policy_text(&p, text, sizeof(text)) > 0);
	at = strstr(text, from);
	assert_non_null(at);
	snprintf(bad, sizeof(bad), "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	return parse(bad, &q);
}

static void wrong_entries_are_refused_with_their_line(void **state)
{
	(void)state;
	assert_int_equal(parse_with("lke-policy 1", "lke-policy 2"), LKE_ERR_INVAL);
	assert_non_null(strstr(out, "f:2:"));
	assert_int_equal(parse_with("format", "# format"), LKE_ERR_INVAL);
	assert_int_equal(parse_with("2001:db8:100::42", "fe80::1"), LKE_ERR_INVAL);
	assert_int_equal(parse_with("max-lifetime = 600", "max-lifetime = 3"), LKE_ERR_INVAL);
	assert_int_equal(parse_with("name = alice\n", "name = alice\nname = bob\n"), LKE_ERR_INVAL);
	assert_non_null(strstr(out, "twice"));
	assert_int_equal(parse_with("spi-to-ha", "spi-to-he"), LKE_ERR_INVAL);
	assert_non_null(strstr(out, "f:7:")); /* line numbers of the whole file */
}

/* The name becomes part of a path. */
static void names_that_lead_elsewhere_are_refused(void **state)
{
	static const char *const bad[] = { "../alice", "a/b", ".alice", "-x", "", "a b", "a]b" };

	(void)state;
	for (unsigned n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
		char line[64];

		snprintf(line, sizeof(line), "name = %s", bad[n]);
		assert_int_equal(parse_with("name = alice", line), LKE_ERR_INVAL);
		assert_false(policy_name_ok(bad[n]));
	}
	assert_true(policy_name_ok("Alice-2.home_x"));
}

static void sec_045_keys_are_not_repeated_in_messages(void **state)
{
	struct policy_file p = entry(), q;
	char text[2 * KEY_FILE_MAX], *at;

	(void)state;
	assert_true(policy_text(&p, text, sizeof(text)) > 0);
	at = strstr(text, "integrity-key-to-ha = ");
	at[22] = 'g';
	assert_int_equal(parse(text, &q), LKE_ERR_INVAL);
	at[60] = '\0';
	assert_null(strstr(out, at + 25));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sec_047_entry_comes_back_as_it_was),
		cmocka_unit_test(made_keys_differ),
		cmocka_unit_test(text_does_not_overrun),
		cmocka_unit_test(wrong_entries_are_refused_with_their_line),
		cmocka_unit_test(names_that_lead_elsewhere_are_refused),
		cmocka_unit_test(sec_045_keys_are_not_repeated_in_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
