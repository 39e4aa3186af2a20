/* SPDX-License-Identifier: ISC */
/*
 * IPsec associations of the kernel (draft 4.2, AMB-056): the messages as a kernel with ESP and AH
 * sent them (tests/vectors/xfrm.txt), and this kernel's where there is one to ask.
 */
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/linux/xfrm.h"
#include "wire_util.h"

#define HEARD_MAX 64
static struct heard {
	struct lke_in6 peer[HEARD_MAX];
	bool removed[HEARD_MAX];
	unsigned n;
} heard;

static void hear(void *ctx, const struct lke_ev_ipsec *ev)
{
	assert_true(heard.n < HEARD_MAX);
	heard.peer[heard.n] = ev->peer;
	heard.removed[heard.n++] = ev->removed;
}

/* Is an association with this peer known, by all that was told? */
static bool known(const char *peer)
{
	struct lke_in6 a = addr(peer);
	bool yes = false;

	for (unsigned i = 0; i < heard.n; i++)
		if (in6_eq(&heard.peer[i], &a)) {
			assert_int_equal(heard.removed[i], yes); /* never told twice */
			yes = !heard.removed[i];
		}
	return yes;
}

static struct xfrm *x;

static int setup(void **state)
{
	memset(&heard, 0, sizeof(heard));
	x = NULL;
	(void)xfrm_open(&x);
	return 0;
}

static int teardown(void **state)
{
	xfrm_close(x);
	return 0;
}

/* Ends the dump of this kernel, which has nothing, so that only what a test says counts. */
static void begin(void)
{
	assert_non_null(x);
	for (int i = 0; i < 200 && !xfrm_synced(x); i++) {
		assert_int_equal(xfrm_read(x, hear, NULL), 0);
		usleep(5000);
	}
	assert_true(xfrm_synced(x));
	assert_int_equal(heard.n, 0);
}

static void input(const char *name)
{
	_Alignas(8) uint8_t buf[4096];
	size_t len = vector("xfrm", name, buf, sizeof(buf));

	assert_int_equal(xfrm_input(x, buf, len, hear, NULL), 0);
}

static size_t associations(void)
{
	struct xfrm_counts s;

	xfrm_counts(x, &s);
	return s.sas;
}

static void lke_165_esp_and_ah_associations_name_their_peers(void **state)
{
	begin();
	input("esp new");
	assert_true(known("2001:db8:1::b01"));
	input("ah new");
	assert_true(known("fe80::b01"));
	assert_int_equal(associations(), 2);
	input("esp new"); /* told again: an update */
	assert_int_equal(associations(), 2);
}

static void amb_056_a_peer_is_gone_with_its_last_association(void **state)
{
	begin();
	input("esp new");
	input("esp new in");
	input("esp deleted");
	assert_int_equal(associations(), 1);
	assert_true(known("2001:db8:1::b01"));
	input("esp new short");
	assert_true(known("2001:db8:1::d01"));
	input("esp expired");
	assert_false(known("2001:db8:1::d01"));
	assert_true(known("2001:db8:1::b01"));
}

static void amb_056_compression_is_no_security_association(void **state)
{
	begin();
	input("comp new");
	assert_int_equal(associations(), 0);
	assert_int_equal(heard.n, 0);
}

/* A reserved SPI whose keys are still being negotiated is not valid yet. */
static void amb_056_larval_association_does_not_count(void **state)
{
	begin();
	input("dump");
	assert_false(known("2001:db8:1::c01"));
	assert_true(known("2001:db8:1::b01"));
	assert_true(known("fe80::b01"));
	assert_int_equal(associations(), 3);
}

/* A flush says no names: everything is asked for again, and this kernel has nothing. */
static void amb_056_flush_is_followed_by_a_dump(void **state)
{
	begin();
	input("dump");
	input("flush all");
	assert_false(xfrm_synced(x));
	for (int i = 0; i < 200 && !xfrm_synced(x); i++) {
		assert_int_equal(xfrm_read(x, hear, NULL), 0);
		usleep(5000);
	}
	assert_int_equal(associations(), 0);
	assert_false(known("2001:db8:1::b01"));
	assert_false(known("fe80::b01"));
}

static void cut_messages_change_nothing(void **state)
{
	static const char *const name[] = { "esp new", "ah new", "esp deleted", "esp expired",
					    "flush all" };
	_Alignas(8) uint8_t buf[4096], part[4096];

	begin();
	for (unsigned n = 0; n < 5; n++) {
		size_t len = vector("xfrm", name[n], buf, sizeof(buf));
		uint32_t whole;

		memcpy(&whole, buf, 4);
		/* cut as the header says, so that the payload is short, not the datagram */
		for (uint32_t cut = 0; cut < sizeof(struct xfrm_usersa_id) + 16 && cut < whole - 1;
		     cut++) {
			memcpy(part, buf, len);
			memcpy(part, &cut, 4);
			assert_int_equal(xfrm_input(x, part, cut, hear, NULL), 0);
		}
		assert_int_equal(xfrm_input(x, buf, len - 1, hear, NULL), 0);
	}
	assert_int_equal(associations(), 0);
	assert_int_equal(heard.n, 0);
}

static void table_of_associations_is_bounded(void **state)
{
	_Alignas(8) uint8_t buf[4096];
	size_t len = vector("xfrm", "esp new", buf, sizeof(buf));
	struct xfrm_counts s;

	begin();
	for (uint32_t n = 0; n < XFRM_SAS_MAX + 10; n++) {
		memcpy(buf + 16 + offsetof(struct xfrm_usersa_info, id.spi), &n, 4);
		assert_int_equal(xfrm_input(x, buf, len, hear, NULL), 0);
	}
	xfrm_counts(x, &s);
	assert_int_equal(s.sas, XFRM_SAS_MAX);
	assert_int_equal(s.full, 10);
	assert_int_equal(heard.n, 2);
}

static int in_own_namespace(void)
{
	return geteuid() == 0 && unshare(CLONE_NEWNET) == 0;
}

/* THREATS 87: only the kernel (port 0) is believed. */
static void thr_087_another_process_is_not_the_kernel(void **state)
{
	_Alignas(8) uint8_t buf[4096];
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_groups = 1 << (XFRMNLGRP_SA - 1) };
	size_t len = vector("xfrm", "esp new", buf, sizeof(buf));
	int fd;

	begin();
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_XFRM);
	assert_true(fd >= 0);
	assert_int_equal(sendto(fd, buf, len, 0, (struct sockaddr *)&to, sizeof(to)), (ssize_t)len);
	usleep(20000);
	assert_int_equal(xfrm_read(x, hear, NULL), 0);
	assert_int_equal(associations(), 0);
	close(fd);
}

#define ADD                                                                                        \
	"ip xfrm state add src 2001:db8:1::1 dst 2001:db8:1::b01 proto esp spi 0x100 mode "        \
	"transport enc 'ecb(cipher_null)' '' auth 'hmac(sha1)' "                                   \
	"0x000102030405060708090a0b0c0d0e0f10111213"
#define DEL "ip xfrm state delete dst 2001:db8:1::b01 proto esp spi 0x100"

/* With this kernel's own ESP, where it has one. */
static void lke_165_the_kernels_own_associations(void **state)
{
	begin();
	assert_int_equal(system(ADD), 0);
	usleep(20000);
	assert_int_equal(xfrm_read(x, hear, NULL), 0);
	assert_true(known("2001:db8:1::b01"));
	xfrm_close(x); /* a second daemon learns it from its dump */
	memset(&heard, 0, sizeof(heard));
	assert_int_equal(xfrm_open(&x), 0);
	for (int i = 0; i < 200 && !xfrm_synced(x); i++) {
		assert_int_equal(xfrm_read(x, hear, NULL), 0);
		usleep(5000);
	}
	assert_true(known("2001:db8:1::b01"));
	assert_int_equal(system(DEL), 0);
	usleep(20000);
	assert_int_equal(xfrm_read(x, hear, NULL), 0);
	assert_false(known("2001:db8:1::b01"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(lke_165_esp_and_ah_associations_name_their_peers),
		T(amb_056_a_peer_is_gone_with_its_last_association),
		T(amb_056_compression_is_no_security_association),
		T(amb_056_larval_association_does_not_count),
		T(amb_056_flush_is_followed_by_a_dump),
		T(cut_messages_change_nothing),
		T(table_of_associations_is_bounded),
		T(thr_087_another_process_is_not_the_kernel),
		T(lke_165_the_kernels_own_associations),
	};

	size_t n = sizeof(tests) / sizeof(tests[0]);
	struct xfrm *probe = NULL;

	if (!in_own_namespace() || xfrm_open(&probe)) {
		printf("1..0 # SKIP needs root and a kernel with CONFIG_XFRM_USER\n");
		return 0;
	}
	xfrm_close(probe);
	/* The last one needs a kernel with ESP. */
	if (system(ADD " 2>/dev/null") != 0 || system(DEL) != 0)
		n--;
	return _cmocka_run_group_tests("tests", tests, n, NULL, NULL);
}
