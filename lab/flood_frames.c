// SPDX-License-Identifier: ISC
#include "flood_frames.h"

#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

enum { ETH = 14, IP6 = 40, HAO = 24, MH = ETH + IP6 + HAO, KBM = 16 };

static uint8_t *put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static uint32_t add(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	return sum;
}

/* RFC 8200 8.1; everything here has an even length. */
static void set_checksum(uint8_t *at, const struct in6_addr *src, const struct in6_addr *dst,
			 unsigned protocol, const uint8_t *p, size_t n)
{
	uint32_t sum = protocol + (uint32_t)n;

	at[0] = at[1] = 0;
	sum = add(sum, src->s6_addr, 16);
	sum = add(sum, dst->s6_addr, 16);
	sum = add(sum, p, n);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put16(at, ~sum & 0xffff);
}

static uint8_t *head(uint8_t *f, const uint8_t *dst_mac, const uint8_t *src_mac,
		     const struct in6_addr *src, const struct in6_addr *dst, unsigned next,
		     size_t payload)
{
	memcpy(f, dst_mac, 6);
	memcpy(f + 6, src_mac, 6);
	put16(f + 12, 0x86dd);
	memset(f + ETH, 0, IP6);
	f[ETH] = 0x60;
	put16(f + ETH + 4, (unsigned)payload);
	f[ETH + 6] = (uint8_t)next;
	f[ETH + 7] = 255;
	memcpy(f + ETH + 8, src, 16);
	memcpy(f + ETH + 24, dst, 16);
	return f + ETH + IP6;
}

/* A permutation of 32 bits (odd multipliers, xor shifts): sources look random and are distinct. */
static uint32_t mix(uint32_t x)
{
	x ^= x >> 16;
	x *= 0x7feb352d;
	x ^= x >> 15;
	x *= 0x846ca68b;
	return x ^ x >> 16;
}

void flood_source(const struct flood_target *t, uint32_t n, int good, struct flood_source *ret)
{
	uint32_t x = good ? n : mix(n);
	uint8_t mac[6] = { 0x02,
			   good ? 0x0a : 0x0e,
			   (uint8_t)(x >> 24),
			   (uint8_t)(x >> 16),
			   (uint8_t)(x >> 8),
			   (uint8_t)x };

	*ret = (struct flood_source){ .ll.s6_addr = { 0xfe, 0x80 }, .coa = t->prefix };
	memcpy(ret->mac, mac, sizeof(mac));
	memcpy(&ret->ll.s6_addr[10], mac, sizeof(mac));
	memcpy(&ret->coa.s6_addr[10], mac, sizeof(mac));
}

int flood_key(struct flood_target *t, const char *path)
{
	FILE *f = fopen(path, "rb");
	EVP_PKEY *key = f ? d2i_PUBKEY_fp(f, NULL) : NULL;

	if (f)
		fclose(f);
	t->rsa = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	return t->rsa && EVP_PKEY_encrypt_init(t->rsa) == 1 &&
			       EVP_PKEY_CTX_set_rsa_padding(t->rsa, RSA_PKCS1_OAEP_PADDING) == 1
		       ? 0
		       : -1;
}

size_t flood_request(const struct flood_target *t, const struct flood_source *s, uint16_t seq,
		     uint8_t ret[FRAME_MAX])
{
	uint8_t kbm[KBM], mac[20], *mh = ret + MH, *p = mh + 8, *proof;
	size_t k = FRAME_MAX - MH - 8, len;
	unsigned n = sizeof(mac);

	if (RAND_bytes(kbm, sizeof(kbm)) != 1 ||
	    EVP_PKEY_encrypt(t->rsa, p, &k, kbm, sizeof(kbm)) != 1)
		return 0;
	p += k;
	memcpy(p, "\x03\x02\x1c\x20\x12\x16\x02\x00", 8); /* 7,200 s; request proof */
	proof = p + 8;
	memset(proof, 0, sizeof(mac));
	memcpy(proof + sizeof(mac), "\x01\x02\x00\x00", 4);
	len = (size_t)(proof + sizeof(mac) + 4 - ret);
	memcpy(mh, (uint8_t[]){ 59, (uint8_t)((len - MH) / 8 - 1), 8, 0, 0, 0 }, 6);
	put16(mh + 6, seq);
	p = head(ret, t->mac, s->mac, &s->ll, &t->ll, 60, len - ETH - IP6);
	memcpy(p, (uint8_t[]){ 135, 2, 1, 2, 0, 0, 0xc9, 16 }, 8);
	memcpy(p + 8, &s->coa, 16);
	if (!HMAC(EVP_sha1(), kbm, sizeof(kbm), ret + ETH, len - ETH, mac, &n))
		return 0;
	memcpy(proof, mac, sizeof(mac));
	set_checksum(mh + 4, &s->coa, &t->ll, 135, mh, len - MH);
	return len;
}

size_t flood_advert(const struct flood_source *s, const uint8_t *solicitation, uint8_t *ret)
{
	struct in6_addr to;
	uint8_t *p;

	memcpy(&to, solicitation + ETH + 8, 16);
	p = head(ret, solicitation + 6, s->mac, &s->coa, &to, 58, 32);
	memset(p, 0, 32);
	p[0] = 136;
	p[4] = 0x60; /* solicited, override */
	memcpy(p + 8, &s->coa, 16);
	p[24] = 2;
	p[25] = 1;
	memcpy(p + 26, s->mac, 6);
	set_checksum(p + 2, &s->coa, &to, 58, p, 32);
	return ETH + IP6 + 32;
}

size_t flood_echo(const struct flood_target *t, const struct flood_source *s, uint8_t *ret)
{
	struct in6_addr to = t->prefix;
	uint8_t *p;

	to.s6_addr[15] = 1;
	p = head(ret, t->mac, s->mac, &s->coa, &to, 58, 8);
	memcpy(p, (uint8_t[]){ 128, 0, 0, 0, 0, 1, 0, 1 }, 8);
	set_checksum(p + 2, &s->coa, &to, 58, p, 8);
	return ETH + IP6 + 8;
}
