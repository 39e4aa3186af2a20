/* SPDX-License-Identifier: ISC */
#include "daemon/key_make.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"

static int random_octets(void *buf, size_t n)
{
	return getrandom(buf, n, 0) == (ssize_t)n ? 0 : -EIO;
}

static int make_sa(struct lke_config_sa *sa, enum lke_esp_enc enc, enum lke_esp_auth auth)
{
	sa->enc = enc;
	sa->auth = auth;
	sa->enc_key_len = enc == LKE_ESP_AES_CBC ? 16 : 0;
	sa->auth_key_len = auth == LKE_ESP_HMAC_SHA1_96 ? 20 : 32;
	if (random_octets(sa->enc_key, sa->enc_key_len))
		return -EIO;
	return random_octets(sa->auth_key, sa->auth_key_len);
}

int key_make(enum lke_esp_enc enc, enum lke_esp_auth auth, uint32_t generation,
	     struct key_file *ret_keys)
{
	struct key_file k = { .generation = generation };
	uint32_t spi;
	int err = random_octets(&spi, sizeof(spi));

	if (!err)
		err = make_sa(&k.to_ha, enc, auth);
	if (!err)
		err = make_sa(&k.to_mn, enc, auth);
	/* A random pair, so that two mobiles of one home agent seldom meet. */
	k.to_ha.spi = (spi & 0x7ffffffe) | 0x1000;
	k.to_mn.spi = k.to_ha.spi + 1;
	if (!err)
		*ret_keys = k;
	mem_wipe(&k, sizeof(k));
	return err;
}

static void key_line(FILE *f, const char *name, const uint8_t *key, size_t len)
{
	if (len == 0)
		return;
	fprintf(f, "%s = ", name);
	for (size_t i = 0; i < len; i++)
		fprintf(f, "%02x", key[i]);
	fputc('\n', f);
}

int key_text(const struct key_file *keys, char *buf, size_t size)
{
	const struct lke_config_sa *ha = &keys->to_ha, *mn = &keys->to_mn;
	FILE *f = fmemopen(buf, size, "w");
	long len;

	if (!f)
		return -ENOSPC;
	setvbuf(f, NULL, _IONBF, 0); /* no copy of the keys in a buffer of the library's */
	fprintf(f, "spi-to-ha = 0x%08x\nspi-to-mn = 0x%08x\n", ha->spi, mn->spi);
	fprintf(f, "integrity = %s\n",
		ha->auth == LKE_ESP_HMAC_SHA1_96 ? "hmac-sha1-96" : "hmac-sha256-128");
	fprintf(f, "encryption = %s\n", ha->enc == LKE_ESP_AES_CBC ? "aes-cbc" : "null");
	key_line(f, "integrity-key-to-ha", ha->auth_key, ha->auth_key_len);
	key_line(f, "integrity-key-to-mn", mn->auth_key, mn->auth_key_len);
	key_line(f, "encryption-key-to-ha", ha->enc_key, ha->enc_key_len);
	key_line(f, "encryption-key-to-mn", mn->enc_key, mn->enc_key_len);
	fprintf(f, "generation = %u\n", keys->generation);
	len = ferror(f) ? -1 : ftell(f);
	fclose(f);
	return len < 0 || (size_t)len >= size ? -ENOSPC : (int)len;
}
