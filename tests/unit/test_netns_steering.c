/* SPDX-License-Identifier: ISC */
/* The kernel is kept from packets that are ours.  On a real kernel (netns_fixture.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/in6.h"
#include "daemon/steer_batch.h"
#include "netns_fixture.h"
#include "wire/tunnel.h"

static void steering_silences_the_kernel(void **state)
{
	struct lke_act_neigh n = { .ifindex = v1, .addr = A(stranger), .lladdr = out.own };
	static const uint8_t bu[12] = { 59, 1, 5 },
			     hao[24] = { 59, 2, 1, 2, 0, 0, 0xc9, 16, 0x20, 1, 0xd, 0xb8 };
	static const uint8_t rh2[24] = { 59, 2, 2, 1 };
	struct lke_act_steer mine = { .set = LKE_STEER_MINE, .addr = A(host) };
	struct lke_act_steer spi = { .set = LKE_STEER_SPI, .addr = A(host), .spi = 0x1000 };
	struct {
		uint8_t proto;
		const uint8_t *data;
		size_t len;
	} t[] = { { 135, bu, sizeof(bu) }, { 60, hao, sizeof(hao) }, { 43, rh2, sizeof(rh2) } };
	struct steer *s;
	uint8_t buf[2048];
	char err[512];

	assert_int_equal(nl_neigh(nl, &n), 0);
	/* MIP6 kernels drop some of these themselves: without steering only the Mobility Header is
	 * sure. */
	flush(&out);
	send_to_host(buf, packet(buf, stranger, host, 135, bu, sizeof(bu)));
	assert_true(expect(&out, 58, 4, NULL, NULL));
	if (steer_open(NULL, 0, &s, err, sizeof(err)))
		fail_msg("%s", err);
	assert_int_equal(steer_apply(s, &mine, 1), 0);
	assert_int_equal(steer_apply(s, &mine, 1), 0);
	assert_int_equal(steer_apply(s, &spi, 1), 0);
	for (size_t i = 0; i < 3; i++) {
		flush(&out);
		flush(&in);
		send_to_host(buf, packet(buf, stranger, host, t[i].proto, t[i].data, t[i].len));
		assert_true(expect(&in, t[i].proto, 0, NULL, NULL)); /* we see it */
		assert_false(expect(&out, 58, 4, NULL, NULL));	     /* the kernel is silent */
	}
	spi.remove = mine.remove = true;
	assert_int_equal(steer_apply(s, &spi, 1), 0);
	assert_int_equal(steer_apply(s, &spi, 1), 0);
	assert_int_equal(steer_apply(s, &mine, 1), 0);
	sh("nft flush ruleset");
	assert_true(says("nft list table ip6 lke", "@coa_proxied"));
	steer_close(s);
	assert_false(says("nft list ruleset", "lke"));
	nl_remove_all(nl);
}

/* On a mobile node's link every solicitation is the engine's, on another none (AMB-138). */
static void amb_138_steering_takes_the_solicitations_of_a_link(void **state)
{
	const char *const links[] = { "elsewhere0", "v1" };
	struct lke_in6 target = A(host), group = in6_solicited_node(&target);
	uint8_t ns[24] = { 135 }, buf[2048];
	char dst[IN6_TEXT_MAX], err[512];
	const char *from[] = { "::", stranger };

	memcpy(ns + 8, target.b, 16);
	in6_text(&group, dst);
	for (size_t n = 1; n <= 2; n++) {
		struct steer *s;

		assert_int_equal(steer_open(links, n, &s, err, sizeof(err)), 0);
		for (size_t i = 0; i < 2; i++) {
			struct lke_in6 src = in6_unspecified;
			uint16_t sum;

			if (i)
				src = A(stranger);
			memset(ns + 2, 0, 2);
			sum = ip6_checksum(&src, &group, 58, ns, sizeof(ns));
			ns[2] = (uint8_t)(sum >> 8);
			ns[3] = (uint8_t)sum;
			flush(&out);
			flush(&in);
			assert_int_equal(packet_send(&out, &(struct lke_lladdr){ 0 }, buf,
						     packet(buf, from[i], dst, 58, ns, sizeof(ns))),
					 0);
			assert_true(expect(&in, 58, 135, NULL, NULL));
			/* A question with a source asks for a route back: the kernel may have none.
			 */
			if (n == 2 || i == 0)
				assert_int_equal(expect(&out, 58, 136, NULL, NULL), n == 1);
		}
		steer_close(s);
	}
}

static struct priv_request element(enum lke_steer set, uint32_t spi, bool remove)
{
	struct priv_request r = { .type = PRIV_STEER,
				  .addr = A(host),
				  .kind = (uint32_t)set,
				  .spi = set == LKE_STEER_SPI ? spi : 0,
				  .cookie = spi,
				  .remove = remove };

	if (set == LKE_STEER_PROXIED)
		r.addr.b[14] = (uint8_t)(spi >> 8);
	if (set == LKE_STEER_PROXIED)
		r.addr.b[15] = (uint8_t)spi;
	return r;
}

static unsigned run_batch(struct steer_batch *b, struct ledger *l, struct steer *s)
{
	unsigned n = steer_batch_run(b, l, s), failed = 0;

	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(b->reply[i].cookie, 0x1000 + i);
		failed += b->reply[i].err != 0;
	}
	assert_int_equal(failed, b->failed);
	return failed;
}

/* The SPIs of many policy entries by one transaction; then the longest text there is: no two
 * elements that follow each other are alike. */
static void steering_takes_many_elements_at_once(void **state)
{
	static struct steer_batch b;
	struct priv_request r;
	struct ledger *l;
	struct steer *s;
	char err[512];

	if (steer_open(NULL, 0, &s, err, sizeof(err)))
		fail_msg("%s", err);
	assert_int_equal(ledger_new(4096, (const uint8_t *)"0123456789abcdef", &l), 0);
	for (unsigned turn = 0; turn < 3; turn++) {
		for (unsigned n = 0; n < STEER_BATCH_MAX; n++) {
			assert_false(steer_batch_full(&b));
			r = element(n % 2 && turn ? LKE_STEER_PROXIED : LKE_STEER_SPI, 0x1000 + n,
				    turn == 2);
			steer_batch_add(&b, l, &r);
		}
		assert_true(steer_batch_full(&b));
		assert_int_equal(run_batch(&b, l, s), 0);
		assert_true(says("nft list set ip6 lke spi | grep -cw 5118", turn < 2 ? "1" : "0"));
		assert_true(says("nft list set ip6 lke spi | grep -cw 5119", "1"));
		assert_true(says("nft list set ip6 lke coa_proxied | grep -c elements",
				 turn == 1 ? "1" : "0"));
	}
	ledger_free(l);
	steer_close(s);
}

/* The kernel refuses an element that comes and goes too often in one transaction; and one that
 * cannot be is nobody else's trouble. */
static void steering_elements_that_fail_together_are_changed_alone(void **state)
{
	static struct steer_batch b;
	struct priv_request r;
	struct ledger *l;
	struct steer *s;
	char err[512];

	if (steer_open(NULL, 0, &s, err, sizeof(err)))
		fail_msg("%s", err);
	assert_int_equal(ledger_new(4096, (const uint8_t *)"0123456789abcdef", &l), 0);
	for (unsigned n = 0; n < STEER_BATCH_MAX - 1; n++) {
		r = element(LKE_STEER_SPI, 0x1001, n % 2);
		r.cookie = 0x1000 + n;
		steer_batch_add(&b, l, &r);
	}
	assert_int_equal(run_batch(&b, l, s), 0);
	assert_true(says("nft list set ip6 lke spi | grep -cw 4097", "1"));
	r = element(LKE_STEER_SPI, 0x1000, false);
	steer_batch_add(&b, l, &r);
	r = element((enum lke_steer)9, 0x1001, false);
	steer_batch_add(&b, l, &r);
	r = element(LKE_STEER_SPI, 0x1002, true); /* it was never added */
	steer_batch_add(&b, l, &r);
	assert_int_equal(run_batch(&b, l, s), 1);
	assert_int_equal(b.reply[1].err, -EINVAL);
	assert_true(says("nft list set ip6 lke spi | grep -cw 4096", "1"));
	r = element((enum lke_steer)9, 0x1001, true); /* it is not in the ledger either */
	assert_false(ledger_has(l, &r));
	ledger_free(l);
	steer_close(s);
}

static void steering_refuses_a_name_that_ends_the_text(void **state)
{
	const char *const links[] = { "a\" }; }" };
	struct steer *s;
	char err[512];

	assert_int_equal(steer_open(links, 1, &s, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "; rename it"));
}

static void steering_dies_with_its_process(void **state)
{
	int status, fds[2];
	char c, err[512];
	pid_t pid;
	struct steer *s;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		if (steer_open(NULL, 0, &s, err, sizeof(err)) || write(fds[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	assert_int_equal(read(fds[0], &c, 1), 1);
	assert_int_equal(steer_open(NULL, 0, &s, err, sizeof(err)), -EPERM);
	assert_non_null(strstr(err, "another lked"));
	assert_non_null(strstr(err, "; see: nft list table ip6 lke"));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_int_equal(steer_open(NULL, 0, &s, err, sizeof(err)), 0);
	steer_close(s);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steering_silences_the_kernel),
		cmocka_unit_test(amb_138_steering_takes_the_solicitations_of_a_link),
		cmocka_unit_test(steering_takes_many_elements_at_once),
		cmocka_unit_test(steering_elements_that_fail_together_are_changed_alone),
		cmocka_unit_test(steering_refuses_a_name_that_ends_the_text),
		cmocka_unit_test(steering_dies_with_its_process),
	};

	if (!netns_possible())
		return 0;
	return cmocka_run_group_tests(tests, netns_setup, netns_teardown);
}
