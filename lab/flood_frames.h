/* SPDX-License-Identifier: ISC */
/* The frames of a flood of Key Exchange Requests (draft 3.2.1): nothing of the product is in them.
 */
#ifndef LAB_FLOOD_FRAMES_H
#define LAB_FLOOD_FRAMES_H

#include <netinet/in.h>
#include <openssl/evp.h>
#include <stdint.h>

enum { FRAME_MAX = 720 }; /* with RSA-4096 and the request proof */

struct flood_source {
	uint8_t mac[6];
	struct in6_addr ll, coa;
};

struct flood_target {
	uint8_t mac[6];
	struct in6_addr ll, prefix; /* the router's link-local address, its /64 */
	EVP_PKEY_CTX *rsa;	    /* ready for encryption with OAEP and SHA-1 */
};

/* Source n: found again from its number alone.  Good ones are those that answer solicitations. */
void flood_source(const struct flood_target *t, uint32_t n, int good, struct flood_source *ret);
/* DER SubjectPublicKeyInfo in a file; 0 or -1. */
int flood_key(struct flood_target *t, const char *path);
/* A request with a fresh key, its ciphertext and its request proof; the frame's length, 0 on error.
 */
size_t flood_request(const struct flood_target *t, const struct flood_source *s, uint16_t seq,
		     uint8_t ret[FRAME_MAX]);
/* An echo request to the router, whose kernel then asks for the source's link-layer address. */
size_t flood_echo(const struct flood_target *t, const struct flood_source *s, uint8_t *ret);
/* The plain answer to a solicitation for the source's care-of address: frame of 86 octets. */
size_t flood_advert(const struct flood_source *s, const uint8_t *solicitation, uint8_t *ret);

#endif
