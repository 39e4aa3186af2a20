/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/in6.h"
#include "daemon/config_file.h"
#include "daemon/config_number.h"

struct loaded {
	char dir[64], path[96], *out;
	size_t out_len;
	struct report r;
	struct daemon_config cfg;
	int err;
};

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, 0600), 0);
}

static void prepare(struct loaded *l)
{
	memset(l, 0, sizeof(*l));
	strcpy(l->dir, "/tmp/lke-test-XXXXXX");
	assert_non_null(mkdtemp(l->dir));
	snprintf(l->path, sizeof(l->path), "%s/lke.conf", l->dir);
}

static void load(struct loaded *l, const char *text)
{
	write_file(l->path, text);
	l->r.out = open_memstream(&l->out, &l->out_len);
	l->err = daemon_config_load(l->path, &l->r, &l->cfg);
	fclose(l->r.out);
}

static void done(struct loaded *l)
{
	char cmd[128];

	daemon_config_done(&l->cfg);
	free(l->out);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", l->dir);
	assert_int_equal(system(cmd), 0);
}

static void says(const struct loaded *l, int line, const char *text)
{
	char want[256];

	if (line)
		snprintf(want, sizeof(want), "%s:%d: %s", l->path, line, text);
	else
		snprintf(want, sizeof(want), "%s", text);
	if (!strstr(l->out, want))
		fail_msg("expected \"%s\" in:\n%s", want, l->out);
}

static const char key_text[] = "spi-to-ha = 0x1000\nspi-to-mn = 0x1001\nencryption = null\n"
			       "integrity = hmac-sha256-128\n"
			       "integrity-key-to-ha = %064x\nintegrity-key-to-mn = %064x\n";

static void write_key(const struct loaded *l, const char *name, unsigned n)
{
	char path[128], text[512];

	snprintf(path, sizeof(path), "%s/%s", l->dir, name);
	snprintf(text, sizeof(text), key_text, n, n + 1);
	write_file(path, text);
}

static void access_router_of_two_lines_gets_the_defaults(void **state)
{
	struct loaded l;

	prepare(&l);
	load(&l, "[AccessRouter]\nInterface = wlan0   # the radio\n");
	assert_int_equal(l.err, 0);
	assert_string_equal(l.out, "");
	assert_int_equal(l.cfg.engine.ars, 1);
	assert_string_equal(l.cfg.engine.ar[0].interface, "wlan0");
	assert_int_equal(l.cfg.engine.ar[0].max_lifetime, 7200);
	assert_int_equal(l.cfg.engine.ar[0].router_lifetime, 7200);
	assert_true(l.cfg.engine.ar[0].finished);
	assert_string_equal(l.cfg.tun, "lke0");
	assert_int_equal(l.cfg.rsa_bits, 2048);
	done(&l);
}

static void several_access_router_sections_stay_apart(void **state)
{
	struct loaded l;

	prepare(&l);
	load(&l, "[AccessRouter]\nInterface = a\nMaxLifetime = 20m\nPrefix = 2001:db8:1::/64\n"
		 "[AccessRouter]\nInterface = b\nRaInterval = 1.5s\nLke = no\n");
	assert_int_equal(l.err, 0);
	assert_int_equal(l.cfg.engine.ars, 2);
	assert_int_equal(l.cfg.engine.ar[0].max_lifetime, 1200);
	assert_int_equal(l.cfg.engine.ar[0].prefixes, 1);
	assert_true(l.cfg.engine.ar[0].lke);
	assert_int_equal(l.cfg.engine.ar[1].max_lifetime, 7200);
	assert_int_equal(l.cfg.engine.ar[1].ra_max_interval_ms, 1500);
	assert_int_equal(l.cfg.engine.ar[1].prefixes, 0);
	assert_false(l.cfg.engine.ar[1].lke);
	done(&l);
}

static void every_problem_is_reported_in_one_pass(void **state)
{
	struct loaded l;

	prepare(&l);
	load(&l,
	     "[AccessRouter]\nInterface = wlan0\nFinishd = yes\nKexCpu = 250%\nMtu\n[Acessrouter]\n"
	     "[AccessRouter]\nInterface = wlan0\nMaxLifetime = 3 parsecs\nRsaBits = 1024\nRsaBits "
	     "= 4096\n");
	assert_int_equal(l.err, LKE_ERR_INVAL);
	says(&l, 3, "error: unknown key 'Finishd' in [AccessRouter]; did you mean 'Finished'?");
	says(&l, 4, "error: KexCpu = 250% is out of range: 1% to 100%");
	says(&l, 5, "error: expected KEY = VALUE");
	says(&l, 6, "error: unknown section [Acessrouter]; did you mean [AccessRouter]?");
	says(&l, 7, "error: interface wlan0 has an [AccessRouter] section already");
	says(&l, 9, "error: MaxLifetime = 3 parsecs is not a number from 4s to 65532s");
	says(&l, 10, "warning: RsaBits = 1024");
	says(&l, 11, "error: RsaBits is given twice in [AccessRouter], first at line 10; remove");
	assert_int_equal(l.r.errors, 7);
	done(&l);
}

static void a_key_of_another_section_is_told_where_it_belongs(void **state)
{
	struct loaded l;

	prepare(&l);
	load(&l, "[Daemon]\nKexCpu = 10%\nHomeAddress = ::1\nMaxLbsas = 5\nWhatever = 5\n"
		 "[AccessRouter]\nInterface = w\nLifetime = 1h\nLogLevel = debug\n");
	says(&l, 2, "error: KexCpu belongs to [AccessRouter]; move it there\n");
	says(&l, 3, "error: HomeAddress belongs to [MobileNode] or [Mobile NAME]; move it there");
	says(&l, 4,
	     "error: unknown key 'MaxLbsas'; did you mean that of [AccessRouter], 'MaxLbsa'?");
	says(&l, 5, "error: unknown key 'Whatever' in [Daemon]; see: man lke.conf");
	says(&l, 8,
	     "error: Lifetime belongs to [MobileNode]; move it there, or did you mean "
	     "'MaxLifetime'?");
	says(&l, 9, "error: LogLevel belongs to [Daemon]; move it there\n");
	assert_int_equal(l.r.errors, 6);
	done(&l);
}

static void lifetime_above_the_router_lifetime_is_refused(void **state)
{
	struct loaded l;

	prepare(&l);
	load(&l, "[AccessRouter]\nInterface = w\nMaxLifetime = 7200s\nRouterLifetime = 1800s\n");
	assert_int_equal(l.err, LKE_ERR_INVAL);
	says(&l, 3, "error: MaxLifetime (7200s) is above RouterLifetime (1800s)");
	done(&l);
	/* The line of the key that was written; of the section only where none was. */
	prepare(&l);
	load(&l, "[AccessRouter]\nInterface = w\n\nRouterLifetime = 1800s\n"
		 "[AccessRouter]\nInterface = v\nHomeAgentLifetime = 1800s\nMaxLifetime = 500s\n"
		 "RaInterval = 9s\nRaMinDelay = 9s\nPrefixPreferred = 40d\n");
	says(&l, 4, "error: MaxLifetime (7200s) is above RouterLifetime (1800s)");
	says(&l, 8, "warning: MaxLifetime = 500s: below 600s");
	says(&l, 10, "error: RaMinDelay (9000ms) is above RaMinInterval");
	says(&l, 11, "error: PrefixPreferred (3456000s) is above PrefixValid");
	assert_int_equal(l.r.errors, 3);
	done(&l);
	/* AMB-041: without RouterLifetime it follows. */
	prepare(&l);
	load(&l, "[AccessRouter]\nInterface = w\nMaxLifetime = 9000s\n");
	assert_int_equal(l.err, 0);
	assert_int_equal(l.cfg.engine.ar[0].router_lifetime, 9000);
	done(&l);
}

static void short_and_long_lifetimes_are_warned_about(void **state)
{
	struct loaded l;

	prepare(&l);
	load(&l, "[AccessRouter]\nInterface = w\nMaxLifetime = 599s\n");
	assert_int_equal(l.err, 0);
	assert_int_equal(l.r.warnings, 1);
	done(&l);
	prepare(&l);
	load(&l, "[AccessRouter]\nInterface = w\nMaxLifetime = 600s\n");
	assert_int_equal(l.r.warnings, 0);
	done(&l);
}

static void home_address_needs_agent_and_key(void **state)
{
	struct loaded l;

	prepare(&l);
	load(&l, "[MobileNode]\nInterface = w\nHomeAddress = 2001:db8:100::42\n");
	assert_int_equal(l.err, LKE_ERR_INVAL);
	says(&l, 3, "error: HomeAddress needs a HomeAgent");
	says(&l, 3, "error: HomeAddress needs a Key");
	done(&l);
}

static void home_agent_may_be_discovered(void **state)
{
	struct loaded l;

	prepare(&l);
	write_key(&l, "one.key", 16);
	load(&l, "[MobileNode]\nInterface = w\nHomeAddress = 2001:db8:100::42\nHomeAgent = auto\n"
		 "Key = one.key\n");
	if (l.err)
		fail_msg("%s", l.out);
	assert_true(in6_is_unspecified(&l.cfg.engine.mn.home[0].agent));
	done(&l);
	prepare(&l);
	write_key(&l, "one.key", 16);
	load(&l, "[MobileNode]\nInterface = w\nHomeAddress = 2001:db8:100::42\nHomeAgent = auto\n"
		 "Key = one.key\nHomePrefixLength = 96\n");
	says(&l, 3, "error: HomeAgent = auto needs HomePrefixLength = 64");
	done(&l);
}

static void mobile_node_with_two_homes(void **state)
{
	struct loaded l;
	struct lke_in6 a;

	prepare(&l);
	write_key(&l, "one.key", 16);
	write_key(&l, "two.key", 32);
	load(&l, "[MobileNode]\nInterface = w\nInterface = e\nStrategy = both\n"
		 "HomeAddress = 2001:db8:100::42\nHomeAgent = 2001:db8:100::1\nKey = one.key\n"
		 "HomeAddress = 2001:db8:200::42\nHomeAgent = 2001:db8:200::1\nKey = "
		 "two.key\nHomeLifetime = 5m\n");
	if (l.err)
		fail_msg("%s", l.out);
	assert_int_equal(l.cfg.engine.mn.interfaces, 2);
	assert_int_equal(l.cfg.engine.mn.strategy, LKE_STRATEGY_BOTH);
	assert_int_equal(l.cfg.engine.mn.homes, 2);
	assert_int_equal(in6_parse("2001:db8:200::1", &a), 0);
	assert_true(in6_eq(&l.cfg.engine.mn.home[1].agent, &a));
	assert_int_equal(l.cfg.engine.mn.home[0].lifetime, 600);
	assert_int_equal(l.cfg.engine.mn.home[1].lifetime, 300);
	assert_int_equal(l.cfg.engine.mn.home[1].to_ha.auth_key[31], 32);
	assert_int_equal(l.cfg.engine.mn.home[1].to_mn.spi, 0x1001);
	done(&l);
}

static void two_mobiles_with_one_key_are_refused(void **state)
{
	struct loaded l;

	prepare(&l);
	write_key(&l, "one.key", 16);
	load(&l,
	     "[HomeAgent]\nInterface = h\n[Mobile a]\nHomeAddress = 2001:db8::a\nKey = one.key\n"
	     "[Mobile b]\nHomeAddress = 2001:db8::b\nKey = one.key\n");
	assert_int_equal(l.err, LKE_ERR_INVAL);
	says(&l, 6, "error: [Mobile b] has the key of [Mobile a]");
	assert_int_equal(l.r.errors, 1); /* not for each key, nor for its SPI */
	done(&l);
}

static void sec_045_what_two_mobiles_may_not_share(void **state)
{
	struct loaded l;

	prepare(&l);
	write_key(&l, "one.key", 16);
	write_key(&l, "two.key", 32);
	load(&l,
	     "[HomeAgent]\nInterface = h\n[Mobile a]\nHomeAddress = 2001:db8::a\nKey = one.key\n"
	     "[Mobile b]\nHomeAddress = 2001:db8::a\nKey = two.key\n"
	     "[Mobile a]\nHomeAddress = 2001:db8::c\n");
	assert_int_equal(l.err, LKE_ERR_INVAL);
	says(&l, 6, "error: [Mobile b] has the home address of [Mobile a]");
	says(&l, 6, "error: [Mobile b] has spi-to-ha 0x1000 of [Mobile a]");
	says(&l, 9, "error: [Mobile a] is given twice, first at");
	done(&l);
}

static void sec_066_many_manual_keys_are_advised_against_with_figures(void **state)
{
	struct loaded l;
	char text[8192] = "[HomeAgent]\nInterface = h\n";
	size_t n = strlen(text);

	prepare(&l);
	for (unsigned i = 0; i < 101; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      "[Mobile m%u]\nHomeAddress = 2001:db8::%x\n", i, i + 1);
	load(&l, text);
	says(&l, 1, "warning: 101 mobile nodes with manual keys: 101 key files to carry by hand");
	done(&l);
}

static void sec_002_expected_updates_are_judged_with_figures(void **state)
{
	struct loaded l;

	prepare(&l);
	write_key(&l, "one.key", 16);
	load(&l, "[HomeAgent]\nInterface = h\nRequireDynamicAbove = 5000\n"
		 "[Mobile a]\nHomeAddress = 2001:db8::a\nKey = one.key\nUpdatesPerDay = 2000\n");
	assert_int_equal(l.err, 0);
	assert_int_equal(l.cfg.engine.ha.require_dynamic_above, 5000);
	says(&l, 1, "warning: RequireDynamicAbove = 5000 cannot be kept");
	says(&l, 4,
	     "warning: [Mobile a] expects 2000 Binding Updates a day: a manual key lasts 16 days");
	done(&l);
	prepare(&l);
	write_key(&l, "one.key", 16);
	load(&l, "[HomeAgent]\nInterface = h\nRequireDynamicAbove = 100\n"
		 "[Mobile a]\nHomeAddress = 2001:db8::a\nKey = one.key\nUpdatesPerDay = 144\n");
	says(&l, 4,
	     "warning: [Mobile a] expects 144 Binding Updates a day, above RequireDynamicAbove = "
	     "100: a manual key lasts 227 days");
	done(&l);
	prepare(&l);
	write_key(&l, "one.key", 16);
	load(&l, "[HomeAgent]\nInterface = h\nCareOfCredit = 64K\nMaxUpdates = off\n"
		 "RefuseCareOf = 2001:db8:66::/48\nRefuseCareOf = fd00::/8\nAuditSize = 1M\n"
		 "[Mobile a]\nHomeAddress = 2001:db8::a\nKey = one.key\nUpdatesPerDay = 144\n"
		 "MaxUpdates = 3\n");
	assert_int_equal(l.err, 0);
	assert_string_equal(l.out, "");
	assert_int_equal(l.cfg.mobile[0].max_updates, 3);
	assert_int_equal(l.cfg.engine.ha.care_of_credit, 65536);
	assert_int_equal(l.cfg.engine.ha.max_updates, 0);
	assert_int_equal(l.cfg.engine.ha.refused, 2);
	assert_int_equal(l.cfg.engine.ha.refuse[1].len, 8);
	assert_int_equal(l.cfg.audit_size, 1 << 20);
	done(&l);
}

/* What a section lacks may be the line that was refused: one mistake, one message. */
static void one_mistake_is_one_error(void **state)
{
	static const struct {
		const char *text;
		int line;
		const char *says;
	} wrong[] = {
		{ "[MobileNode]\nInterface = w\nLocalOnly = maybe\n", 3,
		  "error: LocalOnly = maybe" },
		{ "[MobileNode]\nInterface = w\nLocalOnly yes\n", 3,
		  "error: expected KEY = VALUE" },
		{ "[MobileNode]\nInterfac = w\nLocalOnly = yes\n", 2, "error: unknown key" },
		{ "[MobileNode]\nInterface = w\nHomeAddress = 2001:db8:100::42\n"
		  "HomeAgent = x\nKey = one.key\n",
		  4, "error: HomeAgent = x is not an IPv6 address" },
		{ "[MobileNode]\nInterface = w\nHomeAddress = 2001:db8:100::42\n"
		  "HomeAgnt = 2001:db8:100::1\nKey = one.key\n",
		  4, "error: unknown key" },
		{ "[MobileNode]\nInterface = w\nHomeAddress = 2001:db8:100::42\n"
		  "HomeAgent = 2001:db8:100::1\nKey =\n",
		  5, "error: Key needs the path" },
		{ "[AccessRouter]\nInterface = much-too-long-a-name\n", 2, "error: Interface = " },
		{ "[HomeAgent]\nInterfaces = w\n[Mobile a]\nHomeAddress = 2001:db8::a\n"
		  "Key = one.key\n",
		  2, "error: unknown key" },
		{ "[HomeAgent]\nInterface = w\n[Mobile a]\nHomeAddress = 1.2.3.4\n"
		  "Key = one.key\n",
		  4, "error: HomeAddress = 1.2.3.4" },
		{ "[HomeAgent]\nInterface = w\n[Mobile a]\nHomeAddress = 2001:db8::a\n"
		  "Kee = one.key\n",
		  5, "error: unknown key" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct loaded l;

		prepare(&l);
		write_key(&l, "one.key", 16);
		load(&l, wrong[i].text);
		says(&l, wrong[i].line, wrong[i].says);
		if (l.r.errors != 1)
			fail_msg("more than one error:\n%s", l.out);
		done(&l);
	}
}

static void interface_of_router_and_mobile_node_is_refused(void **state)
{
	struct loaded l;

	prepare(&l);
	load(&l, "[MobileNode]\nInterface = w\nLocalOnly = yes\n[AccessRouter]\nInterface = w\n");
	assert_int_equal(l.err, LKE_ERR_INVAL);
	says(&l, 4, "error: interface w cannot be of an access router and of a mobile node");
	done(&l);
}

static void amb_073_local_only_is_not_of_the_draft(void **state)
{
	struct loaded l;

	prepare(&l);
	load(&l, "[MobileNode]\nInterface = w\nLocalOnly = yes\nProfile = draft01\n");
	assert_int_equal(l.err, LKE_ERR_INVAL);
	says(&l, 1, "error: LocalOnly = yes needs Profile = default");
	done(&l);
}

static void directory_beside_the_file_is_read_in_order(void **state)
{
	struct loaded l;
	char path[160];

	prepare(&l);
	snprintf(path, sizeof(path), "%s.d", l.path);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s.d/20.conf", l.path);
	write_file(path, "[AccessRouter]\nInterface = c\n");
	snprintf(path, sizeof(path), "%s.d/10.conf", l.path);
	write_file(path, "[AccessRouter]\nInterface = b\n");
	snprintf(path, sizeof(path), "%s.d/00.txt", l.path);
	write_file(path, "[Wrong]\n");
	load(&l, "[AccessRouter]\nInterface = a\n");
	assert_int_equal(l.err, 0);
	assert_int_equal(l.cfg.engine.ars, 3);
	assert_string_equal(l.cfg.engine.ar[1].interface, "b");
	assert_string_equal(l.cfg.engine.ar[2].interface, "c");
	done(&l);
}

static void long_lines_and_no_role_are_errors(void **state)
{
	struct loaded l;
	char text[400];

	prepare(&l);
	memset(text, 'x', sizeof(text));
	strcpy(text + 300, "\n[Daemon]\n");
	load(&l, text);
	assert_int_equal(l.err, LKE_ERR_INVAL);
	says(&l, 1, "error: line is longer than");
	done(&l);
	prepare(&l);
	load(&l, "[Daemon]\nTun = t0\n");
	assert_int_equal(l.err, LKE_ERR_INVAL);
	says(&l, 0, "no role");
	done(&l);
}

/* THREATS 88 and 91: what stands in a configuration's place. */
static void odd_files_are_refused(void **state)
{
	static const char odd[][40] = { "[AccessRouter]\nInterface = wlan0\0hidden\n",
					"[AccessRouter]\nInterface = \x1b[31mw\n" };
	struct loaded l;
	FILE *f;

	prepare(&l);
	assert_int_equal(mkfifo(l.path, 0600), 0);
	l.r.out = open_memstream(&l.out, &l.out_len);
	assert_true(daemon_config_load(l.path, &l.r, &l.cfg) < 0);
	fclose(l.r.out);
	says(&l, 0, "is not a regular file");
	done(&l);
	prepare(&l);
	for (int i = 0; i < 3; i++) {
		f = fopen(l.path, "w");
		assert_non_null(f);
		assert_int_equal(fwrite(odd[i % 2], i == 1 ? strlen(odd[1]) : sizeof(odd[0]), 1, f),
				 1);
		fclose(f);
		assert_int_equal(chmod(l.path, i == 2 ? 0602 : 0600), 0);
		l.r.out = open_memstream(&l.out, &l.out_len);
		assert_true(daemon_config_load(l.path, &l.r, &l.cfg) < 0);
		fclose(l.r.out);
		says(&l, 0, i == 2 ? "can be written by everybody" : "is not a text file");
		daemon_config_done(&l.cfg);
		free(l.out);
		l.out = NULL;
	}
	done(&l);
}

static void numbers_have_units(void **state)
{
	uint64_t v;

	assert_true(number_parse("2h", UNIT_SECONDS, &v));
	assert_int_equal(v, 7200);
	assert_true(number_parse("30", UNIT_MILLISECONDS, &v));
	assert_int_equal(v, 30000);
	assert_true(number_parse("0.07s", UNIT_MILLISECONDS, &v));
	assert_int_equal(v, 70);
	assert_false(number_parse("0.5ms", UNIT_MILLISECONDS, &v));
	assert_false(number_parse("-1", UNIT_NONE, &v));
	assert_false(number_parse("0x10", UNIT_NONE, &v));
	assert_false(number_parse("99999999999999999999", UNIT_NONE, &v));
	assert_false(number_parse("9999999999999999999h", UNIT_SECONDS, &v));
	assert_true(number_parse("32M", UNIT_OCTETS, &v));
	assert_int_equal(v, 32 << 20);
	assert_true(number_parse("64K", UNIT_OCTETS, &v));
	assert_int_equal(v, 65536);
	assert_false(number_parse("1T", UNIT_OCTETS, &v));
}

static void packets_are_kept_unless_switched_off(void **state)
{
	struct loaded l;

	prepare(&l);
	load(&l, "[AccessRouter]\nInterface = wlan0\n");
	assert_int_equal(l.err, 0);
	assert_int_equal(l.cfg.buffer_packets, 1024);
	assert_int_equal(l.cfg.buffer_total, 32 << 20);
	assert_true(l.cfg.engine.ar[0].buffer);
	done(&l);
	prepare(&l);
	load(&l, "[AccessRouter]\nInterface = wlan0\nBufferPackets = 0\nBufferTotal = 1M\n");
	assert_int_equal(l.err, 0);
	assert_int_equal(l.cfg.buffer_total, 1 << 20);
	assert_false(l.cfg.engine.ar[0].buffer);
	done(&l);
	prepare(&l);
	load(&l, "[AccessRouter]\nInterface = wlan0\nBufferPackets = 70000\nBufferTotal = 2G\n");
	assert_int_equal(l.err, LKE_ERR_INVAL);
	says(&l, 3, "error: BufferPackets = 70000 is out of range: 0 to 65536");
	says(&l, 4, "error: BufferTotal = 2G is out of range: 0 to 1024M");
	done(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(access_router_of_two_lines_gets_the_defaults),
		cmocka_unit_test(several_access_router_sections_stay_apart),
		cmocka_unit_test(every_problem_is_reported_in_one_pass),
		cmocka_unit_test(a_key_of_another_section_is_told_where_it_belongs),
		cmocka_unit_test(lifetime_above_the_router_lifetime_is_refused),
		cmocka_unit_test(short_and_long_lifetimes_are_warned_about),
		cmocka_unit_test(home_address_needs_agent_and_key),
		cmocka_unit_test(home_agent_may_be_discovered),
		cmocka_unit_test(mobile_node_with_two_homes),
		cmocka_unit_test(two_mobiles_with_one_key_are_refused),
		cmocka_unit_test(sec_045_what_two_mobiles_may_not_share),
		cmocka_unit_test(sec_066_many_manual_keys_are_advised_against_with_figures),
		cmocka_unit_test(sec_002_expected_updates_are_judged_with_figures),
		cmocka_unit_test(one_mistake_is_one_error),
		cmocka_unit_test(interface_of_router_and_mobile_node_is_refused),
		cmocka_unit_test(amb_073_local_only_is_not_of_the_draft),
		cmocka_unit_test(directory_beside_the_file_is_read_in_order),
		cmocka_unit_test(long_lines_and_no_role_are_errors),
		cmocka_unit_test(odd_files_are_refused),
		cmocka_unit_test(numbers_have_units),
		cmocka_unit_test(packets_are_kept_unless_switched_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
