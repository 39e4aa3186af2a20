/* SPDX-License-Identifier: ISC */
/* The keys of Router Advertisements: RFC 4861 6.2.1, RFC 6275 7.4, 7.5 and 13, RFC 8106. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/in6.h"
#include "daemon/config_file.h"
#include "daemon/config_ra.h"

static struct report rep;
static struct daemon_config cfg;
static struct lke_config_ar ar;
static char *out;

static int load(const char *lines)
{
	char path[] = "/tmp/lke-test-XXXXXX";
	size_t len;
	int err, fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");

	assert_non_null(f);
	fprintf(f, "[AccessRouter]\nInterface = w\n%s", lines);
	fclose(f);
	free(out);
	out = NULL;
	memset(&rep, 0, sizeof(rep));
	rep.out = open_memstream(&out, &len);
	err = daemon_config_load(path, &rep, &cfg);
	fclose(rep.out);
	unlink(path);
	ar = cfg.engine.ar[0];
	daemon_config_done(&cfg);
	return err;
}

static void every_key_arrives(void **state)
{
	static const uint8_t names[] = "\3lke\4test\0\7example";

	assert_int_equal(load("RaInterval = 30s\nRaMinInterval = 5s\nRaMinDelay = 1s\n"
			      "RaIntervalOption = no\nManaged = yes\nOtherConfig = yes\n"
			      "HopLimit = 0\nReachableTime = 30\nRetransTimer = 1500ms\n"
			      "HomeAgentPreference = 9\nHomeAgentInfo = yes\n"
			      "PrefixValid = infinite\nPrefixPreferred = 2h\n"
			      "Prefix = 2001:db8:1::/64 no-onlink preferred 1h\n"
			      "Prefix = fd00:7::/64 no-autonomous valid 3h\nPrefix = fd00:8::/64\n"
			      "Rdnss = fe80::53\nRdnssLifetime = 5m\n"
			      "Dnssl = lke.test\nDnssl = example.\nDnsslLifetime = infinite\n"),
			 0);
	assert_int_equal(rep.warnings, 0);
	assert_int_equal(ar.ra_max_interval_ms, 30000);
	assert_int_equal(ar.ra_min_interval_ms, 5000);
	assert_int_equal(ar.ra_min_delay_ms, 1000);
	assert_false(ar.interval_option);
	assert_true(ar.managed && ar.other);
	assert_int_equal(ar.hop_limit, 0);
	assert_int_equal(ar.reachable_ms, 30000);
	assert_int_equal(ar.retrans_ms, 1500);
	assert_int_equal(ar.ha_preference, 9);
	assert_int_equal(ar.ha_info, LKE_HA_INFO_YES);
	assert_int_equal(ar.prefix_valid, UINT32_MAX);
	assert_int_equal(ar.prefixes, 3);
	assert_true(ar.prefix[0].off_link && !ar.prefix[0].not_autonomous && ar.prefix[0].timed);
	assert_int_equal(ar.prefix[0].valid, UINT32_MAX);
	assert_int_equal(ar.prefix[0].preferred, 3600);
	assert_true(!ar.prefix[1].off_link && ar.prefix[1].not_autonomous);
	assert_int_equal(ar.prefix[1].valid, 10800);
	assert_int_equal(ar.prefix[1].preferred, 7200);
	assert_false(ar.prefix[2].timed);
	assert_int_equal(ar.rdnss_lifetime, 300);
	assert_int_equal(ar.dnssl_lifetime, UINT32_MAX);
	assert_int_equal(ar.dnssl_len, sizeof(names));
	assert_memory_equal(ar.dnssl, names, sizeof(names));
}

static void intervals_follow_ra_interval(void **state)
{
	assert_int_equal(load(""), 0);
	assert_int_equal(ar.ra_min_interval_ms, 200000);
	assert_int_equal(ar.ra_min_delay_ms, 3000);
	assert_int_equal(load("RaInterval = 4s\n"), 0);
	assert_int_equal(ar.ra_min_interval_ms, 3000);
	assert_int_equal(load("RaInterval = 70ms\n"), 0);
	assert_int_equal(ar.ra_min_interval_ms, 51);
	assert_int_equal(ar.ra_min_delay_ms, 51);
	assert_int_equal(load("RaInterval = 70ms\nRaMinInterval = 30ms\n"), 0);
	assert_int_equal(ar.ra_min_delay_ms, 30);
}

static void intervals_that_contradict_are_refused(void **state)
{
	assert_int_equal(load("RaInterval = 69ms\n"), LKE_ERR_INVAL);
	assert_int_equal(load("RaInterval = 1s\nRaMinInterval = 29ms\n"), LKE_ERR_INVAL);
	assert_int_equal(load("RaInterval = 8s\nRaMinInterval = 7s\n"), LKE_ERR_INVAL);
	assert_non_null(strstr(out, "three quarters"));
	assert_int_equal(load("RaInterval = 8s\nRaMinInterval = 1s\nRaMinDelay = 2s\n"),
			 LKE_ERR_INVAL);
	assert_non_null(strstr(out, "RaMinDelay"));
	assert_int_equal(load("RaInterval = 30m\nRouterLifetime = 1000s\nMaxLifetime = 900s\n"),
			 LKE_ERR_INVAL);
	assert_non_null(strstr(out, "RFC 4861 6.2.1"));
}

static void prefixes_with_mistakes_are_refused(void **state)
{
	static const char *const bad[] = { "2001:db8:1::/64 valid",
					   "2001:db8:1::/64 valid soon",
					   "2001:db8:1::/64 valid 1h preferred 2h",
					   "2001:db8:1::/64 onlink",
					   "2001:db8:1::1/64",
					   "fe80::/64",
					   "2001:db8:1::/63",
					   "2001:db8:1::",
					   "" };
	struct lke_prefix p;

	for (unsigned n = 0; n < sizeof(bad) / sizeof(bad[0]); n++)
		assert_non_null(config_prefix(bad[n], 7200, 3600, &p));
	assert_null(config_prefix("2001:db8:1::/64\tvalid  infinite", 7200, 3600, &p));
	assert_int_equal(load("PrefixValid = 0\n"), LKE_ERR_INVAL);
	assert_int_equal(load("PrefixValid = 1h\nPrefixPreferred = 2h\n"), LKE_ERR_INVAL);
	assert_int_equal(load("PrefixPreferred = infinite\n"), LKE_ERR_INVAL);
}

static void domains_with_mistakes_are_refused(void **state)
{
	uint8_t buf[LKE_DNSSL_MAX];
	char longest[300];
	unsigned len = 0;

	assert_non_null(config_domain("", buf, &len));
	assert_non_null(config_domain(".", buf, &len));
	assert_non_null(config_domain("a..b", buf, &len));
	assert_non_null(config_domain("a b", buf, &len));
	memset(longest, 'a', sizeof(longest));
	longest[64] = '\0';
	assert_non_null(config_domain(longest, buf, &len));
	for (unsigned n = 0; n < 5; n++)
		memcpy(longest + n * 60,
		       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.", 60);
	longest[299] = '\0';
	assert_non_null(config_domain(longest, buf, &len));
	longest[250] = '\0';
	assert_null(config_domain(longest, buf, &len));
	assert_non_null(config_domain("another.example", buf, &len));
	assert_int_equal(len, 252);
}

static void augment_warns_about_keys_without_effect(void **state)
{
	assert_int_equal(load("Advertise = augment\n"), 0);
	assert_int_equal(rep.warnings, 0);
	assert_int_equal(load("Advertise = augment\nRdnss = 2001:db8::53\n"), 0);
	assert_int_equal(rep.warnings, 1);
	assert_int_equal(load("Advertise = no\nPrefix = 2001:db8:1::/64\n"), 0);
	assert_int_equal(rep.warnings, 1);
}

static int free_report(void **state)
{
	free(out);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_arrives),
		cmocka_unit_test(intervals_follow_ra_interval),
		cmocka_unit_test(intervals_that_contradict_are_refused),
		cmocka_unit_test(prefixes_with_mistakes_are_refused),
		cmocka_unit_test(domains_with_mistakes_are_refused),
		cmocka_unit_test(augment_warns_about_keys_without_effect),
	};

	return cmocka_run_group_tests(tests, NULL, free_report);
}
