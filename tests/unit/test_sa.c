/* SPDX-License-Identifier: ISC */
/* ESP with manual keys against packets computed elsewhere (tests/vectors/esp.txt). */
#include "ha_fixture.h"

struct vector {
	struct lke_config_sa cfg;
	uint8_t mh[64], pkt[256];
	size_t mh_len, pkt_len;
};

static size_t unhex(const char *text, uint8_t *buf, size_t size)
{
	size_t n = 0;
	unsigned v;

	for (; n < size && sscanf(text + 2 * n, "%2x", &v) == 1; n++)
		buf[n] = (uint8_t)v;
	return n;
}

static bool next_vector(FILE *file, struct vector *v)
{
	char line[1024], enc[80], auth[80], mh[160], pkt[600], kind[16];

	do {
		if (!fgets(line, sizeof(line), file))
			return false;
	} while (line[0] == '#');
	assert_int_equal(sscanf(line, "%*s %79s %79s %159s %599s %15s", enc, auth, mh, pkt, kind),
			 5);
	memset(v, 0, sizeof(*v));
	v->cfg.spi = 0x1000;
	v->cfg.enc = enc[0] == '-' ? LKE_ESP_NULL : LKE_ESP_AES_CBC;
	v->cfg.auth = strcmp(kind, "sha1") ? LKE_ESP_HMAC_SHA256_128 : LKE_ESP_HMAC_SHA1_96;
	if (enc[0] != '-')
		v->cfg.enc_key_len = (uint8_t)unhex(enc, v->cfg.enc_key, 32);
	v->cfg.auth_key_len = (uint8_t)unhex(auth, v->cfg.auth_key, 32);
	v->mh_len = unhex(mh, v->mh, sizeof(v->mh));
	v->pkt_len = unhex(pkt, v->pkt, sizeof(v->pkt));
	return true;
}

static FILE *vectors(void)
{
	const char *dir = getenv("LKE_TEST_DATA");
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/vectors/esp.txt", dir ? dir : "tests");
	file = fopen(path, "r");
	assert_non_null(file);
	return file;
}

static void known_packets_open(void **state)
{
	FILE *file = vectors();
	uint8_t plain[256], next;
	struct ip6_info i;
	struct vector v;
	unsigned count = 0;
	struct sa s;
	uint32_t spi;
	size_t len;

	(void)state;
	while (next_vector(file, &v)) {
		assert_int_equal(sa_init(&s, &v.cfg), 0);
		assert_int_equal(ip6_parse(v.pkt, v.pkt_len, &i), 0);
		assert_true(sa_spi(&i, &spi) && spi == 0x1000);
		assert_int_equal(sa_open(&s, &i, plain, sizeof(plain), &len, &next), 0);
		assert_int_equal(next, IP6_NH_MH);
		assert_int_equal(len, v.mh_len);
		assert_memory_equal(plain, v.mh, len);
		sa_done(&s);
		count++;
	}
	assert_int_equal(count, 3);
	fclose(file);
}

/* Every octet of ESP is protected, and nothing is written before that is known. */
static void sec_017_every_changed_octet_is_found(void **state)
{
	FILE *file = vectors();
	uint8_t plain[256], next;
	struct ip6_info i;
	struct vector v;
	struct sa s;
	size_t len;

	(void)state;
	while (next_vector(file, &v)) {
		assert_int_equal(sa_init(&s, &v.cfg), 0);
		for (size_t k = 64; k < v.pkt_len; k++) {
			v.pkt[k] ^= 1;
			memset(plain, 0xee, sizeof(plain));
			assert_int_equal(ip6_parse(v.pkt, v.pkt_len, &i), 0);
			assert_int_equal(sa_open(&s, &i, plain, sizeof(plain), &len, &next),
					 k < 68 ? -LKE_DROP_ESP_SPI : -LKE_DROP_ESP_ICV);
			assert_int_equal(plain[0], 0xee);
			v.pkt[k] ^= 1;
		}
		sa_done(&s);
	}
	fclose(file);
}

/* Without encryption nothing is random: the packet must be the known one. */
static void protect_gives_the_known_packet(void **state)
{
	struct lke_in6 home = ip("2001:db8:1::b01");
	struct ip6_out o = { .src = ip("2001:db8:5::7"),
			     .dst = ip("2001:db8:1::1"),
			     .hop_limit = 64,
			     .hao = &home };
	FILE *file = vectors();
	uint8_t buf[256];
	struct vector v;
	struct sa s;

	(void)state;
	assert_true(next_vector(file, &v));
	assert_int_equal(sa_init(&s, &v.cfg), 0);
	assert_int_equal(sa_protect(NULL, &s, &o, v.mh, v.mh_len, buf, sizeof(buf)), v.pkt_len);
	assert_memory_equal(buf, v.pkt, v.pkt_len);
	assert_int_equal(s.seq, 1);
	for (size_t size = 0; size < v.pkt_len; size++)
		assert_int_equal(sa_protect(NULL, &s, &o, v.mh, v.mh_len, buf, size),
				 LKE_ERR_SPACE);
	sa_done(&s);
	fclose(file);
}

static void amb_156_no_replay_window_with_manual_keys(void **state)
{
	FILE *file = vectors();
	uint8_t plain[256], next;
	struct ip6_info i;
	struct vector v;
	struct sa s;
	size_t len;

	(void)state;
	assert_true(next_vector(file, &v));
	assert_int_equal(sa_init(&s, &v.cfg), 0);
	assert_int_equal(ip6_parse(v.pkt, v.pkt_len, &i), 0);
	for (unsigned n = 0; n < 3; n++)
		assert_int_equal(sa_open(&s, &i, plain, sizeof(plain), &len, &next), 0);
	sa_done(&s);
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_packets_open),
		cmocka_unit_test(sec_017_every_changed_octet_is_found),
		cmocka_unit_test(protect_gives_the_known_packet),
		cmocka_unit_test(amb_156_no_replay_window_with_manual_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
