/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/key_file.h"

#define K16 "000102030405060708090a0b0c0d0e0f"
static char out[4096];
static struct report rep;
static struct key_file keys;

/* Parses a copy of text; the report is in out. */
static int parse(const char *text)
{
	char *copy = strdup(text);
	size_t len = strlen(text);
	int err;

	memset(out, 0, sizeof(out));
	rep = (struct report){ .out = fmemopen(out, sizeof(out) - 1, "w") };
	err = key_file_parse("k", copy, &rep, &keys);
	fclose(rep.out);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(copy[i], 0); /* wiped */
	free(copy);
	return err;
}

static const char good[] = "# keys\nspi-to-ha = 0x1000\nspi-to-mn = 4097\nencryption = aes-cbc\n"
			   "integrity = hmac-sha256-128\n"
			   "encryption-key-to-ha = " K16 "\nencryption-key-to-mn = 0x" K16 "\n"
			   "integrity-key-to-ha = " K16 K16 "\n"
			   "integrity-key-to-mn = ff" K16 K16 "\ngeneration = 3\n";

/* good with one text replaced by another */
static char *with(const char *from, const char *to)
{
	static char text[2048];
	const char *at = strstr(good, from);

	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
	return text;
}

static void complete_file_is_read(void **state)
{
	char *text = with("ff" K16 K16, K16 "ff"
					    "0102030405060708090a0b0c0d0e0f");

	assert_int_equal(parse(text), 0);
	assert_string_equal(out, "");
	assert_int_equal(keys.to_ha.spi, 0x1000);
	assert_int_equal(keys.to_mn.spi, 4097);
	assert_int_equal(keys.to_ha.enc, LKE_ESP_AES_CBC);
	assert_int_equal(keys.to_mn.enc_key_len, 16);
	assert_int_equal(keys.to_mn.auth_key_len, 32);
	assert_int_equal(keys.to_mn.auth_key[16], 0xff);
	assert_int_equal(keys.to_ha.enc_key[15], 15);
	assert_int_equal(keys.generation, 3);
}

static void wrong_key_lengths_are_refused(void **state)
{
	assert_int_equal(parse(good), LKE_ERR_INVAL); /* 33 octets */
	assert_non_null(strstr(out, "k:9: error: integrity-key-to-mn must be at most 64"));
	assert_int_equal(parse(with("hmac-sha256-128", "hmac-sha1-96")), LKE_ERR_INVAL);
	assert_non_null(strstr(out, "integrity-key-to-ha has 32 octets; hmac-sha1-96 needs 20"));
	assert_int_equal(parse(with("to-mn = 0x" K16, "to-mn = 0011")), LKE_ERR_INVAL);
	assert_non_null(strstr(out, "k:7: error: encryption-key-to-mn is too short"));
}

static void counter_mode_ciphers_are_refused_amb_159(void **state)
{
	static const char *const cipher[] = { "aes-gcm", "aes-ctr", "aes-ccm",
					      "chacha20-poly1305" };

	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(parse(with("aes-cbc", cipher[i])), LKE_ERR_INVAL);
		assert_non_null(
			strstr(out, "k:4: error: encryption must not be a counter-mode cipher"));
	}
}

static void reserved_spi_missing_lines_and_unknown_keys_are_refused(void **state)
{
	assert_int_equal(parse(with("0x1000", "255")), LKE_ERR_INVAL);
	assert_non_null(strstr(out, "k:2: error: spi-to-ha must be a number from 0x100"));
	assert_int_equal(parse(with("spi-to-mn = 4097\n", "")), LKE_ERR_INVAL);
	assert_non_null(strstr(out, "spi-to-mn is missing"));
	assert_int_equal(parse(with("generation", "generatoin")), LKE_ERR_INVAL);
	assert_non_null(
		strstr(out, "k:10: error: unknown key 'generatoin'; did you mean 'generation'?"));
	assert_int_equal(parse(with("aes-cbc", "null")), LKE_ERR_INVAL);
	assert_non_null(strstr(out, "encryption-key-to-ha is given although encryption is null"));
	assert_int_equal(parse(with("spi-to-mn", "spi-to-ha")), LKE_ERR_INVAL);
	assert_non_null(strstr(out, "k:3: error: spi-to-ha is given twice"));
}

static void secrets_are_not_repeated_in_messages(void **state)
{
	assert_int_equal(parse(with("integrity-key-to-ha = ", "")), LKE_ERR_INVAL);
	assert_null(strstr(out, K16));
	assert_int_equal(parse(with("integrity-key-to-ha = ", K16 " = ")), LKE_ERR_INVAL);
	assert_null(strstr(out, K16));
	assert_int_equal(parse(with("integrity-key-to-ha = ", "integrity-key-to-ha = zz")),
			 LKE_ERR_INVAL);
	assert_null(strstr(out, K16));
}

static ssize_t read_secret(const char *path)
{
	char buf[64];
	ssize_t n;

	memset(out, 0, sizeof(out));
	rep = (struct report){ .out = fmemopen(out, sizeof(out) - 1, "w") };
	n = secret_file_read(path, getuid(), &rep, buf, sizeof(buf));
	fclose(rep.out);
	return n;
}

static void readable_long_linked_and_special_files_are_refused(void **state)
{
	char dir[] = "/tmp/lke-test-XXXXXX", path[64], other[64], cmd[80];

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/key", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	assert_int_equal(read_secret(path), -ENOENT);
	assert_int_equal(secret_file_write(path, "secret", 6), 0);
	assert_int_equal(read_secret(path), 6);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(read_secret(path), -EPERM);
	assert_non_null(strstr(out, "chmod 600"));
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(symlink(path, other), 0);
	assert_int_equal(read_secret(other), -ELOOP);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(mkfifo(other, 0600), 0);
	assert_int_equal(read_secret(other), -EINVAL);
	assert_int_equal(truncate(path, 64), 0);
	assert_int_equal(read_secret(path), -EFBIG);
	if (getuid() == 0) {
		assert_int_equal(truncate(path, 6), 0);
		assert_int_equal(chown(path, 12345, 0), 0);
		assert_int_equal(read_secret(path), -EPERM);
	}
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	assert_int_equal(system(cmd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(complete_file_is_read),
		cmocka_unit_test(wrong_key_lengths_are_refused),
		cmocka_unit_test(counter_mode_ciphers_are_refused_amb_159),
		cmocka_unit_test(reserved_spi_missing_lines_and_unknown_keys_are_refused),
		cmocka_unit_test(secrets_are_not_repeated_in_messages),
		cmocka_unit_test(readable_long_linked_and_special_files_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
