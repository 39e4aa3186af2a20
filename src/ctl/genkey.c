/* SPDX-License-Identifier: ISC */
/* lke genkey: a key file for one mobile node and its home agent. */
#include "ctl/commands.h"

#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

struct kind {
	const char *integrity, *encryption;
};

static int parse(int argc, char **argv, struct kind *k)
{
	for (int i = 1; i < argc; i += 2) {
		if (i + 1 == argc)
			return -1;
		if (strcmp(argv[i], "--integrity") == 0)
			k->integrity = argv[i + 1];
		else if (strcmp(argv[i], "--encryption") == 0)
			k->encryption = argv[i + 1];
		else
			return -1;
	}
	if (strcmp(k->integrity, "hmac-sha256-128") != 0 &&
	    strcmp(k->integrity, "hmac-sha1-96") != 0)
		return -1;
	return strcmp(k->encryption, "aes-cbc") == 0 || strcmp(k->encryption, "null") == 0 ? 0 : -1;
}

static int print_key(const char *name, size_t len)
{
	unsigned char key[32];

	if (getrandom(key, len, 0) != (ssize_t)len)
		return -1;
	printf("%s = ", name);
	for (size_t i = 0; i < len; i++)
		printf("%02x", key[i]);
	putchar('\n');
	explicit_bzero(key, sizeof(key));
	return 0;
}

/* A random SPI pair, so that two mobiles of one home agent seldom meet. */
static int print_spis(void)
{
	uint32_t spi;

	if (getrandom(&spi, sizeof(spi), 0) != (ssize_t)sizeof(spi))
		return -1;
	spi = (spi & 0x7ffffffe) | 0x1000;
	printf("spi-to-ha = 0x%08x\nspi-to-mn = 0x%08x\n", spi, spi + 1);
	return 0;
}

static void warn_readable(void)
{
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) &&
	    fchmod(STDOUT_FILENO, 0600) < 0)
		fprintf(stderr, "lke: others can read this file; run: chmod 600 FILE\n");
}

int cmd_genkey(struct ctl *c, int argc, char **argv)
{
	struct kind k = { "hmac-sha256-128", "aes-cbc" };
	size_t len;
	int err;

	if (parse(argc, argv, &k) < 0)
		return usage(argv[0], "I is hmac-sha256-128 or hmac-sha1-96, E is aes-cbc or null");
	warn_readable();
	len = strcmp(k.integrity, "hmac-sha1-96") == 0 ? 20 : 32;
	puts("# Keys of one mobile node and its home agent; both need this file.");
	err = print_spis();
	printf("integrity = %s\nencryption = %s\n", k.integrity, k.encryption);
	err |= print_key("integrity-key-to-ha", len);
	err |= print_key("integrity-key-to-mn", len);
	if (strcmp(k.encryption, "aes-cbc") == 0) {
		err |= print_key("encryption-key-to-ha", 16);
		err |= print_key("encryption-key-to-mn", 16);
	}
	puts("generation = 1");
	if (err || fflush(stdout) == EOF) {
		fprintf(stderr, "lke: the key could not be made\n");
		return EXIT_FAILED;
	}
	return EXIT_OK;
}
