/* SPDX-License-Identifier: ISC */
/*
 * An access router that starts with 65,536 LBSAs in its state file, a tenth of them bound: reading,
 * checking, and all of it in the engine, against the cryptography of the same octets alone.
 */
#include "bench.h"
#include "bench_lbsas.h"

#include "store/state_file.h"

enum { LBSAS = 65536 };

static const uint8_t key[STATE_KEY_LEN] = "the key of a bench, 32 octets..";
static uint8_t *file;
static size_t len;

static void make_file(void)
{
	struct state_clock now = { .boottime = LKE_SEC };
	struct state_seal *s;
	uint8_t buf[LKE_RECORD_MAX];

	file = malloc((size_t)LBSAS * 700);
	assert_non_null(file);
	assert_int_equal(state_seal_new(key, 1, &now, file, &s), 0);
	len = STATE_HEADER_LEN;
	for (unsigned n = 0; n < LBSAS; n++) {
		struct record r = { .kind = RECORD_LBSA };
		int k;

		bench_lbsa(n, "lan", &r.lbsa);
		k = record_encode(&r, buf, sizeof(buf));
		assert_true(k > 0);
		k = state_seal_record(s, STATE_ENGINE, buf, (size_t)k, file + len);
		assert_true(k > 0);
		len += (size_t)k;
	}
	len += (size_t)state_seal_record(s, STATE_COMPLETE, NULL, 0, file + len);
	state_seal_free(s);
}

static void keep(struct lke_config *cfg)
{
	cfg->keep_state = true;
	cfg->ar[0].max_per_mac = LBSAS;
}

static struct arf f;

static int take(void *ctx, enum state_type type, const uint8_t *data, size_t n)
{
	struct lke_event ev = { .type = LKE_EV_RECORD };

	ev.record.data = data;
	ev.record.len = n;
	return lke_engine_input(f.e, &ev, f.now);
}

/* As driver_state.c: checked first, then taken; then the links come. */
static double restore(void)
{
	struct lke_event ev = { .type = LKE_EV_RECORD };
	const struct lke_action *a;
	struct state_info info;
	double start;
	size_t cursor = 0, have = 0;
	struct lke_lbsa_view v;

	arf_open(&f, LKE_PROFILE_DEFAULT, keep);
	lke_engine_free(f.e);
	assert_int_equal(lke_engine_new(&f.cfg, f.now, &f.e), 0);
	start = bench_cpu();
	assert_int_equal(state_read(file, len, key, 0, NULL, NULL, &info), 0);
	assert_int_equal(state_read(file, len, key, info.records, take, NULL, &info), 0);
	(void)lke_engine_input(f.e, &ev, f.now);
	ev = (struct lke_event){ .type = LKE_EV_LINK };
	ev.link = (struct lke_ev_link){ .ifindex = 2, .name = "lan", .mtu = 1500, .up = true };
	ev.link.lladdr = (struct lke_lladdr){ 6, { 2, 0, 0, 0, 0, 1 } };
	(void)lke_engine_input(f.e, &ev, f.now);
	ev = (struct lke_event){ .type = LKE_EV_ADDR };
	ev.addr = (struct lke_ev_addr){ .ifindex = 2,
					.addr = arf_addr("fe80::a:1"),
					.prefix_len = 64 };
	(void)lke_engine_input(f.e, &ev, f.now);
	ev.addr.addr = arf_addr("2001:db8:1::1");
	(void)lke_engine_input(f.e, &ev, f.now);
	while ((a = lke_engine_next_action(f.e)))
		continue;
	start = bench_cpu() - start;
	while (lke_engine_next_lbsa(f.e, &cursor, &v))
		have++;
	assert_int_equal(have, LBSAS);
	arf_close(&f);
	return start;
}

static double cryptography(void)
{
	static uint8_t out[512];
	uint8_t mac[SHA256_LEN], iv[AES_BLOCK] = { 0 };
	size_t each = (len - STATE_HEADER_LEN) / LBSAS / AES_BLOCK * AES_BLOCK;
	struct iov_part part = { file, each };
	struct hmac *h;
	double start = bench_cpu();

	assert_true(each <= sizeof(out));
	assert_int_equal(hmac_sha256_new(key, sizeof(key), &h), 0);
	for (unsigned n = 0; n < LBSAS; n++) {
		part.p = file + (size_t)n * each;
		assert_int_equal(hmac_compute(h, &part, 1, mac), 0);
		assert_int_equal(aes_cbc(false, key, 32, iv, part.p, each, out), 0);
	}
	hmac_free(h);
	return bench_cpu() - start;
}

int main(void)
{
	struct bench_pair rate;
	double took[BENCH_ROUNDS];

	make_file();
	for (unsigned n = 0; n < BENCH_ROUNDS; n++) {
		took[n] = restore();
		rate.value[n] = LBSAS / took[n];
		rate.limit[n] = LBSAS / cryptography();
	}
	bench_row("LBSAs restored from a state file", "1/s", &rate,
		  "HMAC-SHA-256 and AES-256 of the same octets");
	printf("{\"name\": \"start with 65,536 LBSAs\", \"unit\": \"ms\", \"value\": %.1f}\n",
	       bench_median(took, BENCH_ROUNDS) * 1e3);
	free(file);
	return 0;
}
