/* SPDX-License-Identifier: ISC */
/* The home agent's engine: Binding Updates in ESP against their cryptography alone. */
#include "../unit/ha_fixture.h"
#include "bench.h"

enum { UPDATES = 4000 };

static struct fx f;
static struct {
	uint8_t pkt[256];
	size_t len;
} update[UPDATES];

static void make_updates(uint16_t first)
{
	struct ip6_out o = { .src = ip("2001:db8:5::7"),
			     .dst = ip("2001:db8:1::1"),
			     .hop_limit = 60 };

	o.hao = &f.mobile[0].home;
	for (unsigned n = 0; n < UPDATES; n++) {
		struct mh_bu m = { .seq = (uint16_t)(first + n),
				   .lifetime = 100,
				   .flags = BU_A | BU_H,
				   .has_alt_coa = true,
				   .alt_coa = o.src };
		uint8_t mh[64];
		struct wr w = wr_init(mh, sizeof(mh));
		int len;

		mh_bu_encode(&w, &m, false);
		mh_set_checksum(&w, 0, o.hao, &o.dst);
		len = sa_protect(f.e, &f.sender[0], &o, mh, w.off, update[n].pkt,
				 sizeof(update[n].pkt));
		assert_true(len > 0);
		update[n].len = (size_t)len;
	}
}

/* Carries out nothing but the checkpoints, which succeed at once. */
static void drain(void)
{
	const struct lke_action *a;
	struct lke_event ev = { .type = LKE_EV_RESULT };

	do {
		ev.result.cookie = 0;
		while ((a = lke_engine_next_action(f.e)))
			if (a->type == LKE_ACT_CHECKPOINT)
				ev.result.cookie = a->cookie;
		if (ev.result.cookie)
			(void)lke_engine_input(f.e, &ev, f.now);
	} while (ev.result.cookie);
}

static double updates(void)
{
	struct lke_event ev = { .type = LKE_EV_PACKET };
	uint64_t before = lke_engine_stat(f.e, LKE_STAT_BU_ACCEPTED);
	double start = bench_cpu();

	ev.packet.ifindex = WAN_IF;
	ev.packet.src_ll = (struct lke_lladdr){ 6, { 2, 0, 0, 0, 9, 9 } };
	for (unsigned n = 0; n < UPDATES; n++) {
		ev.packet.data = update[n].pkt;
		ev.packet.len = update[n].len;
		(void)lke_engine_input(f.e, &ev, f.now);
		drain();
	}
	start = UPDATES / (bench_cpu() - start);
	before = lke_engine_stat(f.e, LKE_STAT_BU_ACCEPTED) - before;
	if (before != UPDATES)
		fprintf(stderr, "bench_ha: %llu of %d Binding Updates accepted\n",
			(unsigned long long)before, UPDATES);
	return start;
}

/* ESP of one Binding Update and one acknowledgement: two AES-CBC of two blocks, two HMAC-SHA256 of
 * SPI, sequence number, IV and ciphertext. */
static double crypto_alone(void)
{
	struct lke_config_sa *sa = &f.mobile[0].to_ha;
	uint8_t buf[64] = { 0 }, iv[AES_BLOCK] = { 0 }, mac[SHA256_LEN];
	struct iov_part part = { buf, 8 + AES_BLOCK + 2 * AES_BLOCK };
	struct hmac *h;
	double start;

	assert_int_equal(hmac_sha256_new(sa->auth_key, sa->auth_key_len, &h), 0);
	start = bench_cpu();
	for (unsigned n = 0; n < UPDATES; n++)
		assert_int_equal(hmac_compute(h, &part, 1, mac) |
					 aes_cbc(false, sa->enc_key, sa->enc_key_len, iv, buf,
						 2 * AES_BLOCK, buf) |
					 aes_cbc(true, sa->enc_key, sa->enc_key_len, iv, buf,
						 2 * AES_BLOCK, buf) |
					 hmac_compute(h, &part, 1, mac),
				 0);
	start = UPDATES / (bench_cpu() - start);
	hmac_free(h);
	return start;
}

int main(void)
{
	struct bench_pair p;

	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 1);
	for (unsigned r = 0; r < BENCH_ROUNDS; r++) {
		make_updates((uint16_t)(2 + r * UPDATES));
		p.value[r] = updates();
		p.limit[r] = crypto_alone();
	}
	bench_row("Binding Updates at the home agent", "1/s", &p,
		  "their AES-CBC and HMAC-SHA256 alone");
	fx_end(&f);
	return 0;
}
