/* SPDX-License-Identifier: ISC */
/* Public keys of LKE Capability options: strict DER, so a good key is good at its own length and no
 * shorter. */
#include "crypto/crypto.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rsa_pub_info k, k2;

	if (rsa_pub_check(data, size, &k) != 0)
		return 0;
	MUST(k.bits >= RSA_BITS_MIN && k.bits <= RSA_BITS_MAX && k.modulus_len == (k.bits + 7) / 8);
	MUST(k.der_len <= size);
	MUST(rsa_pub_check(data, k.der_len, &k2) == 0);
	MUST(k2.bits == k.bits && k2.der_len == k.der_len && k2.weak_exponent == k.weak_exponent);
	MUST(rsa_pub_check(data, k.der_len - 1, &k2) != 0);
	return 0;
}
