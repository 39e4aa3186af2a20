/* SPDX-License-Identifier: ISC */
/* Implements lke/rsa.h on crypto.h. */
#include "lke/rsa.h"

#include "crypto/crypto.h"

int lke_rsa_generate(unsigned bits, struct rsa_key **ret)
{
	return rsa_key_generate(bits, ret);
}

void lke_rsa_free(struct rsa_key *k)
{
	rsa_key_free(k);
}

int lke_rsa_key_event(const struct rsa_key *k, uint32_t key_id, uint8_t ret_spki[LKE_RSA_SPKI_MAX],
		      struct lke_event *ret)
{
	size_t len;
	int err = rsa_key_spki(k, ret_spki, LKE_RSA_SPKI_MAX, &len);

	if (err < 0)
		return err;
	*ret = (struct lke_event){ .type = LKE_EV_RSA_KEY };
	ret->rsa_key.key_id = key_id;
	ret->rsa_key.modulus_len = (uint16_t)((rsa_key_bits(k) + 7) / 8);
	ret->rsa_key.spki = ret_spki;
	ret->rsa_key.spki_len = len;
	ret->rsa_key.ops_per_sec = rsa_key_measure(k);
	return 0;
}

void lke_rsa_carry_out(const struct rsa_key *k, const struct lke_action *a,
		       uint8_t ret_buf[LKE_RSA_MODULUS_MAX], struct lke_event *ret)
{
	size_t len = 0;
	int err = LKE_ERR_INVAL;

	if (a->type == LKE_ACT_ENCRYPT)
		err = rsa_pub_encrypt(a->encrypt.spki, a->encrypt.spki_len, a->encrypt.plain,
				      sizeof(a->encrypt.plain), ret_buf, LKE_RSA_MODULUS_MAX, &len);
	else if (a->type == LKE_ACT_DECRYPT && k)
		err = rsa_key_decrypt(k, a->decrypt.data, a->decrypt.len, ret_buf,
				      LKE_RSA_MODULUS_MAX, &len);
	*ret = (struct lke_event){ .type = LKE_EV_RESULT };
	ret->result.cookie = a->cookie;
	ret->result.err = err;
	ret->result.data = err == 0 ? ret_buf : NULL;
	ret->result.len = err == 0 ? len : 0;
}
