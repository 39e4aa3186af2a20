/* SPDX-License-Identifier: ISC */
/*
 * The access router's engine: key exchanges with real RSA-2048 against the private operation alone,
 * Binding Updates against two HMAC-SHA1, and the memory of 10,000 LBSAs and 10,000 bindings.
 */
#include "../unit/ar_fixture.h"
#include "bench.h"

#include <malloc.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <string.h>

enum { RSA_LEN = 256, EXCHANGES = 200, MOBILES = 10000, UPDATES = 10000 };

/* --- allocations of the engine, by --wrap of the linker --- */
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);
static long long live;

void *__wrap_calloc(size_t n, size_t size)
{
	void *p = __real_calloc(n, size);

	live += (long long)malloc_usable_size(p);
	return p;
}

void *__wrap_realloc(void *p, size_t size)
{
	long long before = (long long)malloc_usable_size(p);
	void *q = __real_realloc(p, size);

	if (q)
		live += (long long)malloc_usable_size(q) - before;
	return q;
}

void __wrap_free(void *p)
{
	live -= (long long)malloc_usable_size(p);
	__real_free(p);
}

static struct arf f;

/* Mobile node n of many: all its addresses and its key are its own. */
static struct arf_mn node(unsigned n)
{
	struct arf_mn m = arf_mobile(1);
	struct lke_in6 *a[] = { &m.ll, &m.coa, &m.new_coa };

	for (unsigned k = 0; k < 3; k++) {
		a[k]->b[12] = 0x55;
		a[k]->b[14] = (uint8_t)(n >> 8);
		a[k]->b[15] = (uint8_t)n;
	}
	m.lladdr.b[3] = 0x77;
	m.lladdr.b[4] = m.kbm[0] = (uint8_t)(n >> 8);
	m.lladdr.b[5] = m.kbm[1] = (uint8_t)n;
	return m;
}

/* 20 ms pass (the router makes 100 exchanges a second at most); the mobile nodes answer detections.
 */
static void pass(void)
{
	unsigned from = f.sents;

	arf_run(&f, 20 * LKE_MSEC);
	for (unsigned n = from; n < f.sents; n++) {
		struct arf_sent s = f.sent[n];
		struct arf_mn m;
		struct nd_msg ns;

		s.ip.pkt = s.pkt;
		if (s.msg != LKE_MSG_DAD_NS_AUTH || nd_decode(&s.ip, &ns) < 0)
			continue;
		m = node((unsigned)ns.target.b[14] << 8 | ns.target.b[15]);
		arf_na(&f, &m, &s, ARF_NA_GOOD);
	}
	f.sents = f.notes = 0;
}

/* --- key exchanges with real RSA --- */
struct request {
	uint8_t pkt[700], data[RSA_LEN];
	size_t len;
};
static struct request request[EXCHANGES];

/* As arf_make_kereq(), with real key exchange data (draft 3.2.1). */
static void make_request(const struct arf_mn *m, const uint8_t *spki, size_t spki_len,
			 struct request *r)
{
	struct lke_in6 ll = arf_addr("fe80::a:1");
	struct ip6_out o = { .src = m->ll, .dst = ll, .hop_limit = 255, .hao = &m->coa };
	struct mh_kereq k = { .seq = m->seq, .data = r->data, .data_len = RSA_LEN };
	struct wr w = wr_init(r->pkt, sizeof(r->pkt));
	struct iov_part part[LKE_MAC_PARTS];
	struct lke_mac_input in;
	size_t off, mh, len, proof = 0, renewal = 0;
	uint8_t mac[SHA1_LEN];

	assert_int_equal(
		rsa_pub_encrypt(spki, spki_len, m->kbm, 16, r->data, sizeof(r->data), &len), 0);
	k.request.present = true;
	mh = ip6_begin(&w, &o, IP6_NH_MH);
	mh_kereq_encode(&w, &k, &proof, &renewal);
	ip6_end(&w);
	off = mh + proof;
	lke_mac_whole(r->pkt, w.off, mh + 4, &off, 1, &in);
	for (size_t n = 0; n < in.n; n++)
		part[n] = (struct iov_part){ in.part[n].p, in.part[n].n };
	assert_int_equal(hmac_sha1(m->kbm, 16, part, in.n, mac), 0);
	wr_patch_bytes(&w, off, mac, SHA1_LEN);
	mh_set_checksum(&w, mh, &m->coa, &ll);
	assert_false(w.err);
	r->len = w.off;
}

static double exchanges(const struct rsa_key *key, unsigned first)
{
	double start = bench_cpu();
	size_t len;

	for (unsigned n = 0; n < EXCHANGES; n++) {
		struct arf_mn m = node(first + n);

		f.neighbour = &m;
		arf_feed(&f, ARF_LAN, &m.lladdr, request[n].pkt, request[n].len);
		assert_int_equal(
			rsa_key_decrypt(key, request[n].data, RSA_LEN, f.kbm, sizeof(f.kbm), &len),
			0);
		f.kbm_ok = true;
		arf_release_rsa(&f);
		assert_int_equal(arf_count(&f, LKE_MSG_KEACK), 1);
		pass();
	}
	return EXCHANGES / (bench_cpu() - start);
}

/* What `openssl speed rsa2048` counts as a sign: one private operation with PKCS#1 padding. */
static double private_rate(EVP_PKEY *pkey)
{
	uint8_t digest[32] = { 1 }, sig[RSA_LEN];
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(pkey, NULL);
	double start;

	assert_true(c && EVP_PKEY_sign_init(c) > 0);
	start = bench_cpu();
	for (unsigned n = 0; n < EXCHANGES; n++) {
		size_t len = sizeof(sig);

		assert_true(EVP_PKEY_sign(c, sig, &len, digest, sizeof(digest)) > 0);
	}
	start = EXCHANGES / (bench_cpu() - start);
	EVP_PKEY_CTX_free(c);
	return start;
}

static void open_real(const struct rsa_key *key)
{
	struct lke_event ev = { .type = LKE_EV_RSA_KEY };
	uint8_t spki[RSA_SPKI_MAX];
	size_t len;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	assert_int_equal(rsa_key_spki(key, spki, sizeof(spki), &len), 0);
	/* A fast key: the budget must not be what is measured. */
	ev.rsa_key = (struct lke_ev_rsa_key){ 2, RSA_LEN, spki, len, 1000000 };
	arf_event(&f, &ev);
	f.hold_rsa = true;
}

static void bench_exchange(void)
{
	struct bench_pair p;
	EVP_PKEY *pkey = EVP_RSA_gen(2048);
	struct rsa_key *key;
	uint8_t spki[RSA_SPKI_MAX];
	size_t len;

	assert_non_null(pkey);
	assert_int_equal(rsa_key_generate(2048, &key), 0);
	assert_int_equal(rsa_key_spki(key, spki, sizeof(spki), &len), 0);
	open_real(key);
	for (unsigned r = 0; r < BENCH_ROUNDS; r++) {
		for (unsigned n = 0; n < EXCHANGES; n++) {
			struct arf_mn m = node(r * EXCHANGES + n);

			make_request(&m, spki, len, &request[n]);
		}
		p.value[r] = exchanges(key, r * EXCHANGES);
		p.limit[r] = private_rate(pkey);
	}
	bench_row("key exchanges, RSA-2048", "1/s", &p, "OpenSSL RSA-2048 private operations");
	arf_close(&f);
	rsa_key_free(key);
	EVP_PKEY_free(pkey);
}

/* --- Binding Updates and memory --- */
static void attach_all(void)
{
	for (unsigned n = 0; n < MOBILES; n++) {
		struct arf_mn m = node(n);

		f.neighbour = &m;
		arf_kereq(&f, &m);
		pass();
	}
	for (unsigned n = 0; n < 500; n++)
		pass();
}

static void drain(void)
{
	while (lke_engine_next_action(f.e))
		;
}

static struct {
	uint8_t pkt[160];
	size_t len;
} update[UPDATES];

static void make_updates(unsigned round)
{
	struct arf_bu o = { .lifetime = 60 };

	for (unsigned n = 0; n < UPDATES; n++) {
		struct arf_mn m = node(n % MOBILES);

		m.bu_seq = (uint16_t)(m.bu_seq + round);
		update[n].len = arf_make_bu(&m, &o, update[n].pkt, sizeof(update[n].pkt));
	}
}

static double updates(void)
{
	struct lke_event ev = { .type = LKE_EV_PACKET };
	uint64_t before = lke_engine_stat(f.e, LKE_STAT_BU_ACCEPTED);
	double start = bench_cpu();

	ev.packet.ifindex = ARF_UP;
	ev.packet.src_ll = arf_lladdr(0xee);
	for (unsigned n = 0; n < UPDATES; n++) {
		ev.packet.data = update[n].pkt;
		ev.packet.len = update[n].len;
		(void)lke_engine_input(f.e, &ev, f.now);
		drain();
	}
	start = UPDATES / (bench_cpu() - start);
	if (lke_engine_stat(f.e, LKE_STAT_BU_ACCEPTED) != before + UPDATES)
		fprintf(stderr, "bench_ar: %llu of %d Binding Updates accepted\n",
			(unsigned long long)(lke_engine_stat(f.e, LKE_STAT_BU_ACCEPTED) - before),
			UPDATES);
	return start;
}

/* Two HMAC-SHA1 over what a Binding Update is, each with the key of its mobile node. */
static double two_macs(void)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *c = EVP_MAC_CTX_new(mac);
	char sha1[] = "SHA1";
	OSSL_PARAM param[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha1, 0),
			       OSSL_PARAM_construct_end() };
	uint8_t key[16] = { 0 }, out[20];
	double start;
	size_t len;

	assert_true(EVP_MAC_init(c, key, sizeof(key), param));
	start = bench_cpu();
	for (unsigned n = 0; n < 2 * UPDATES; n++) {
		memcpy(key, &n, sizeof(n));
		assert_true(EVP_MAC_init(c, key, sizeof(key), NULL) &&
			    EVP_MAC_update(c, update[0].pkt, update[0].len - 12) &&
			    EVP_MAC_final(c, out, &len, sizeof(out)));
	}
	start = UPDATES / (bench_cpu() - start);
	EVP_MAC_CTX_free(c);
	EVP_MAC_free(mac);
	return start;
}

static unsigned count_lbsas(void)
{
	struct lke_lbsa_view v;
	size_t cursor = 0;
	unsigned count = 0;

	while (lke_engine_next_lbsa(f.e, &cursor, &v))
		count += v.state == LKE_LBSA_VALID;
	return count;
}

static unsigned count_bindings(void)
{
	struct lke_binding_view v;
	size_t cursor = 0;
	unsigned count = 0;

	while (lke_engine_next_binding(f.e, &cursor, &v))
		count++;
	return count;
}

static void size_row(const char *name, long long octets, unsigned n)
{
	printf("{\"name\": \"%s\", \"unit\": \"octets\", \"value\": %.1f, \"count\": %u}\n", name,
	       n ? (double)octets / n : 0.0, n);
	fflush(stdout);
}

static void bench_updates(void)
{
	struct bench_pair p;
	long long before, after;
	unsigned lbsas;

	arf_open(&f, LKE_PROFILE_DEFAULT, NULL);
	before = live;
	attach_all();
	after = live;
	lbsas = count_lbsas();
	size_row("memory of an LBSA", after - before, lbsas);
	make_updates(0);
	before = live;
	(void)updates();
	size_row("memory of a binding", live - before, count_bindings());
	for (unsigned r = 0; r < BENCH_ROUNDS; r++) {
		make_updates(r + 1);
		p.value[r] = updates();
		p.limit[r] = two_macs();
	}
	bench_row("Binding Updates at the access router", "1/s", &p, "two HMAC-SHA1");
	arf_close(&f);
}

int main(void)
{
	bench_updates();
	bench_exchange();
	return 0;
}
