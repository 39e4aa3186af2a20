/* SPDX-License-Identifier: ISC */
#include "wire_util.h"

#include "wire/hadisc.h"
#include "wire/print.h"
#include "wire/tunnel.h"

static const struct {
	const char *file, *name;
	enum lke_msg msg;
	const char *line;
} cases[] = {
	{ "rsa1024", "kereq", LKE_MSG_KEREQ,
	  "Key Exchange Request seq 1 lifetime 7200s care-of 2001:db8:1::b01 rsa 1024" },
	{ "rsa2048", "kereq_proofs", LKE_MSG_KEREQ,
	  "Key Exchange Request seq 3 lifetime 7200s care-of "
	  "2001:db8:1::b01 rsa 2048 request-proof renewal-proof" },
	{ "kex", "keack", LKE_MSG_KEACK,
	  "Key Exchange Acknowledgement status 0 seq 1 lifetime 7200s care-of "
	  "2001:db8:1::b01 router 2001:db8:1::1" },
	{ "dad", "dad_ns", LKE_MSG_DAD_NS_AUTH,
	  "DAD NS + Authentication Request target 2001:db8:1::b01 nonce "
	  "11223344 router 2001:db8:1::1" },
	{ "dad", "dad_na", LKE_MSG_DAD_NA_AUTH,
	  "NA + Authentication Reply target 2001:db8:1::b01 override nonce "
	  "11223344 router 2001:db8:1::1" },
	{ "binding", "bu", LKE_MSG_BU,
	  "Binding Update seq 4660 lifetime 3600s home 2001:db8:1::b01" },
	{ "binding", "ba_finished_request", LKE_MSG_BA,
	  "Binding Acknowledgement status 0 seq 4660 lifetime 3600s "
	  "home 2001:db8:1::b01 finished-request a1b2c3d4" },
	{ "binding", "finished", LKE_MSG_FINISHED,
	  "Finished status 0 seq 4660 lifetime 3600s home 2001:db8:1::b01 "
	  "nonce a1b2c3d4" },
	{ "binding", "brr", LKE_MSG_BRR, "Binding Refresh Request home 2001:db8:1::b01" },
};

static void vectors_have_their_class_and_line(void **state)
{
	uint8_t pkt[1024];
	char text[256], cut[10];

	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		size_t len = vector(cases[k].file, cases[k].name, pkt, sizeof(pkt));
		assert_int_equal(lke_packet_classify(pkt, len), cases[k].msg);
		size_t n = lke_packet_format(pkt, len, text, sizeof(text));
		assert_string_equal(text, cases[k].line);
		assert_int_equal(n, strlen(text));
		assert_int_equal(lke_packet_format(pkt, len, cut, sizeof(cut)), n);
		assert_int_equal(strlen(cut), 9);
		assert_int_equal(lke_packet_format(pkt, len, NULL, 0), n);
		pkt[len - 1] ^= 1;
		assert_int_equal(lke_packet_classify(pkt, len), LKE_MSG_NONE);
		lke_packet_format(pkt, len, text, sizeof(text));
		assert_string_equal(text, "malformed packet");
	}
}

static enum lke_msg classify_nd(struct nd_msg m, struct lke_in6 src, struct lke_in6 dst)
{
	uint8_t buf[256];
	int n = nd_encode(&m, &src, &dst, 0, buf, sizeof(buf));

	assert_true(n > 0);
	return lke_packet_classify(buf, (size_t)n);
}

static void neighbor_discovery_classes(void **state)
{
	struct lke_in6 coa = COA1, group = in6_solicited_node(&coa);

	assert_int_equal(classify_nd((struct nd_msg){ .type = ND_RS }, MN_LL, in6_all_routers),
			 LKE_MSG_RS);
	assert_int_equal(classify_nd((struct nd_msg){ .type = ND_RA }, AR_LL, in6_all_nodes),
			 LKE_MSG_RA);
	assert_int_equal(classify_nd((struct nd_msg){ .type = ND_NS, .target = coa }, AR_LL, coa),
			 LKE_MSG_NS);
	assert_int_equal(classify_nd((struct nd_msg){ .type = ND_NS, .target = coa },
				     in6_unspecified, group),
			 LKE_MSG_DAD_NS);
	assert_int_equal(
		classify_nd((struct nd_msg){ .type = ND_NA, .target = coa }, coa, in6_all_nodes),
		LKE_MSG_NA);
}

static void tunnel_and_others(void **state)
{
	uint8_t buf[1024], err[1280];
	char text[256];
	struct lke_in6 a = COA2, b = AR_GLOBAL;
	size_t len = vector("binding", "bu", buf + 40, sizeof(buf) - 40);

	tunnel_outer(buf + 40, len, &a, &b, 0, buf);
	lke_packet_format(buf, len + 40, text, sizeof(text));
	assert_string_equal(text, "2001:db8:2::b01 > 2001:db8:1::1 -> "
				  "Binding Update seq 4660 lifetime 3600s home 2001:db8:1::b01");
	assert_int_equal(lke_packet_classify(buf, len + 40), LKE_MSG_NONE);

	len = icmp_error(2, 0, 1400, &b, buf, len + 40, err, sizeof(err));
	assert_int_equal(lke_packet_classify(err, len), LKE_MSG_ICMP_ERROR);
	lke_packet_format(err, len, text, sizeof(text));
	assert_string_equal(text, "ICMPv6 error type 2 code 0 parameter 1400");

	struct wr w = wr_init(buf, sizeof(buf));
	struct ip6_out o = { .src = a, .dst = b };
	ip6_begin(&w, &o, IP6_NH_ESP);
	wr_u32(&w, 0x1001);
	wr_zero(&w, 20);
	ip6_end(&w);
	lke_packet_format(buf, w.off, text, sizeof(text));
	assert_string_equal(text, "ESP spi 0x00001001");
	buf[6] = IP6_NH_UDP;
	lke_packet_format(buf, w.off, text, sizeof(text));
	assert_string_equal(text, "2001:db8:2::b01 > 2001:db8:1::1 protocol 17 length 24");
}

static void rfc6275_discovery_has_its_line(void **state)
{
	struct lke_in6 mn = COA2, ha = AR_GLOBAL;
	struct ip6_out o = { .src = mn, .dst = hadisc_anycast(&ha), .hop_limit = 64 };
	struct hadisc m = { .type = HADISC_REQUEST, .id = 17 };
	uint8_t buf[512];
	struct wr w = wr_init(buf, sizeof(buf));
	char text[256];

	(void)ip6_begin(&w, &o, IP6_NH_ICMPV6);
	hadisc_encode(&w, &m, &o.src, &o.dst);
	ip6_end(&w);
	assert_int_equal(lke_packet_classify(buf, w.off), LKE_MSG_DHAAD_REQUEST);
	lke_packet_format(buf, w.off, text, sizeof(text));
	assert_string_equal(text, "Home Agent Address Discovery Request id 17");
	m = (struct hadisc){ .type = MPREFIX_ADVERTISEMENT, .id = 9, .prefixes = 1 };
	m.prefix[0] = (struct nd_prefix){ .prefix = ha, .len = 64, .valid = 9 };
	w = wr_init(buf, sizeof(buf));
	(void)ip6_begin(&w, &o, IP6_NH_ICMPV6);
	hadisc_encode(&w, &m, &o.src, &o.dst);
	ip6_end(&w);
	assert_int_equal(lke_packet_classify(buf, w.off), LKE_MSG_MPA);
	lke_packet_format(buf, w.off, text, sizeof(text));
	assert_string_equal(text, "Mobile Prefix Advertisement id 9 prefixes 2001:db8:1::1/64");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_have_their_class_and_line),
		cmocka_unit_test(neighbor_discovery_classes),
		cmocka_unit_test(tunnel_and_others),
		cmocka_unit_test(rfc6275_discovery_has_its_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
