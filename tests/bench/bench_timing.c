/* SPDX-License-Identifier: ISC */
/*
 * Can the kinds of failure of an RSA decryption be told apart by time (THREATS 13)?  Welch's t over
 * interleaved operations: encoded messages whose first octet is not zero (what Manger's attack asks
 * for) against those that fail later, at the hash of the label; and failures against successes,
 * which an answer tells apart anyway.  |t| below 4.5 is no evidence of a difference.
 */
#include <math.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "bench.h"
#include "crypto/crypto.h"

enum { BITS = 1024, SIZE = BITS / 8, POOL = 64, KINDS = 3, WARM_UP = 3000, SAMPLES = 120000 };
enum kind { GOOD, FIRST_OCTET, LABEL };

struct sums {
	double n, mean, m2;
};

static uint8_t pool[KINDS][POOL][SIZE];
static double warm[WARM_UP];

static double ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint32_t next_random(void)
{
	static uint32_t x = 0x4c4b4531;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

static void add(struct sums *s, double v)
{
	double d = v - s->mean;

	s->n++;
	s->mean += d / s->n;
	s->m2 += d * (v - s->mean);
}

static double welch(const struct sums *a, const struct sums *b)
{
	double va = a->m2 / (a->n - 1) / a->n, vb = b->m2 / (b->n - 1) / b->n;

	return fabs(a->mean - b->mean) / sqrt(va + vb);
}

/* The encoded message itself under the public key: its first octet decides the kind of failure. */
static bool encrypt_raw(EVP_PKEY *pub, enum kind kind, uint8_t ret[SIZE])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pub, NULL);
	uint8_t em[SIZE];
	size_t n = SIZE;
	bool ok;

	for (size_t i = 0; i < sizeof(em); i++)
		em[i] = (uint8_t)next_random();
	em[0] = kind == LABEL ? 0 : 1; /* below the modulus */
	ok = ctx && EVP_PKEY_encrypt_init(ctx) > 0 &&
	     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) > 0 &&
	     EVP_PKEY_encrypt(ctx, ret, &n, em, sizeof(em)) > 0;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static bool fill_pool(const struct rsa_key *k)
{
	uint8_t spki[RSA_SPKI_MAX], kbm[LKE_KBM_LEN] = { 1 };
	const uint8_t *p = spki;
	size_t len, n;
	EVP_PKEY *pub;
	bool ok = rsa_key_spki(k, spki, sizeof(spki), &len) == 0;

	pub = ok ? d2i_PUBKEY(NULL, &p, (long)len) : NULL;
	for (unsigned i = 0; i < POOL && pub && ok; i++)
		ok = rsa_pub_encrypt(spki, len, kbm, sizeof(kbm), pool[GOOD][i], SIZE, &n) == 0 &&
		     encrypt_raw(pub, FIRST_OCTET, pool[FIRST_OCTET][i]) &&
		     encrypt_raw(pub, LABEL, pool[LABEL][i]);
	EVP_PKEY_free(pub);
	return pub && ok;
}

static double one(const struct rsa_key *k, enum kind kind)
{
	uint8_t plain[RSA_MODULUS_MAX];
	size_t len;
	double start = ns();
	int err = rsa_key_decrypt(k, pool[kind][next_random() % POOL], SIZE, plain, sizeof(plain),
				  &len);
	double took = ns() - start;

	if ((err == 0) != (kind == GOOD))
		exit(1);
	return took;
}

static void row(const char *name, double t)
{
	printf("{\"name\": \"%s\", \"unit\": \"|t|\", \"value\": %.1f, \"limit\": 4.5, "
	       "\"ratio\": %.4f, \"limit_name\": \"evidence of a difference\"}\n",
	       name, t, t / 4.5);
}

int main(void)
{
	struct sums s[KINDS] = { 0 };
	struct rsa_key *k;
	double crop;

	if (rsa_key_generate(BITS, &k) < 0 || !fill_pool(k))
		return 1;
	for (unsigned i = 0; i < WARM_UP; i++)
		warm[i] = one(k, (enum kind)(next_random() % KINDS));
	/* What an interrupt or a cold cache adds hides the rest: the slowest tenth is left out. */
	qsort(warm, WARM_UP, sizeof(*warm), bench_order);
	crop = warm[WARM_UP / 10 * 9];
	for (unsigned i = 0; i < SAMPLES; i++) {
		enum kind kind = (enum kind)(next_random() % KINDS);
		double took = one(k, kind);

		if (took < crop)
			add(&s[kind], took);
	}
	row("decryption: two kinds of failure", welch(&s[FIRST_OCTET], &s[LABEL]));
	row("decryption: failure and success", welch(&s[GOOD], &s[LABEL]));
	rsa_key_free(k);
	return 0;
}
