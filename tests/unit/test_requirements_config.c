/* SPDX-License-Identifier: ISC */
/* Requirements that the configuration keeps: draft 2.2, 3.1.1, 4.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config_file.h"

static struct report rep;
static struct daemon_config cfg;
static char *out;

static uint32_t rotation;

/* Loads [AccessRouter] with these lines; the result stays until the next call. */
static int load(const char *lines)
{
	char path[] = "/tmp/lke-test-XXXXXX";
	size_t len;
	FILE *f;
	int err, fd = mkstemp(path);

	assert_true(fd >= 0);
	f = fdopen(fd, "w");
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
	if (err)
		assert_int_not_equal(rep.errors, 0);
	rotation = cfg.engine.rsa_rotation;
	daemon_config_done(&cfg);
	return err;
}

static void lke_085_no_static_key_for_a_mobile_node_of_lke(void **state)
{
	static const char *const key[] = { "Kbm", "Key", "Secret", "MobileKey", "Certificate" };
	char line[64];

	assert_int_equal(load(""), 0);
	for (unsigned n = 0; n < 5; n++) {
		snprintf(line, sizeof(line), "%s = 00112233445566778899aabbccddeeff\n", key[n]);
		assert_int_equal(load(line), LKE_ERR_INVAL);
		assert_true(strstr(out, "unknown key") || strstr(out, "Key belongs to [Mo"));
	}
}

static void lke_103_maximum_lifetime_above_that_of_the_home_agent(void **state)
{
	assert_int_equal(load("MaxLifetime = 3600s\nHomeAgentLifetime = 3600s\n"), 0);
	assert_int_equal(load("MaxLifetime = 3600s\nHomeAgentLifetime = 3599s\n"), LKE_ERR_INVAL);
	assert_non_null(strstr(out, "HomeAgentLifetime"));
}

static void lke_104_forever_is_refused(void **state)
{
	assert_int_equal(load("MaxLifetime = 65535s\n"), LKE_ERR_INVAL);
	assert_int_equal(load("MaxLifetime = 0\n"), LKE_ERR_INVAL);
}

static void lke_160_too_small_key_is_refused(void **state)
{
	assert_int_equal(load("RsaBits = 1023\n"), LKE_ERR_INVAL);
	assert_int_equal(load("RsaBits = 512\n"), LKE_ERR_INVAL);
	assert_int_equal(load("RsaBits = 4097\n"), LKE_ERR_INVAL);
}

static void lke_161_the_advised_length_is_accepted_with_a_warning(void **state)
{
	assert_int_equal(load("RsaBits = 1024\n"), 0);
	assert_int_equal(rep.warnings, 1);
	assert_non_null(strstr(out, "RsaBits = 1024"));
	assert_int_equal(load("RsaBits = 2048\n"), 0);
	assert_int_equal(rep.warnings, 0);
}

static void amb_134_rotation_of_the_rsa_key(void **state)
{
	assert_int_equal(load("RsaRotation = 4s\n"), LKE_ERR_INVAL);
	assert_int_equal(load("RsaRotation = 32d\n"), LKE_ERR_INVAL);
	assert_int_equal(load(""), 0);
	assert_int_equal(rotation, 86400);
	assert_int_equal(load("RsaRotation = 6h\n"), 0);
	assert_int_equal(rotation, 6 * 3600);
	assert_int_equal(load("RsaRotation = 10s\n"), 0);
	assert_non_null(strstr(out, "RsaRotation = 10s"));
	/* A host has one key. */
	assert_int_equal(load("RsaRotation = 6h\n[AccessRouter]\nInterface = x\n"
			      "RsaRotation = 7h\n"),
			 LKE_ERR_INVAL);
}

static void lke_162_short_lifetime_is_warned_about(void **state)
{
	assert_int_equal(load("MaxLifetime = 596s\n"), 0);
	assert_int_equal(rep.warnings, 1);
	assert_int_equal(load("MaxLifetime = 7200s\n"), 0);
	assert_int_equal(rep.warnings, 0);
}

static void lke_163_long_lifetime_is_warned_about(void **state)
{
	/* Without LKE on the interface nothing else forbids it. */
	assert_int_equal(load("Lke = no\nMaxLifetime = 9004s\n"), 0);
	assert_int_equal(rep.warnings, 1);
	assert_int_equal(load("MaxLifetime = 9004s\n"), LKE_ERR_INVAL);
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
		cmocka_unit_test(lke_085_no_static_key_for_a_mobile_node_of_lke),
		cmocka_unit_test(lke_103_maximum_lifetime_above_that_of_the_home_agent),
		cmocka_unit_test(lke_104_forever_is_refused),
		cmocka_unit_test(lke_160_too_small_key_is_refused),
		cmocka_unit_test(lke_161_the_advised_length_is_accepted_with_a_warning),
		cmocka_unit_test(amb_134_rotation_of_the_rsa_key),
		cmocka_unit_test(lke_162_short_lifetime_is_warned_about),
		cmocka_unit_test(lke_163_long_lifetime_is_warned_about),
	};

	return cmocka_run_group_tests(tests, NULL, free_report);
}
