/* SPDX-License-Identifier: ISC */
/* lke genkey: a key file for one mobile node and its home agent. */
#include "ctl/commands.h"

#include <string.h>

#include "base/mem.h"
#include "ctl/key_print.h"
#include "daemon/key_make.h"

static int parse(int argc, char **argv, enum lke_esp_auth *auth, enum lke_esp_enc *enc)
{
	for (int i = 1; i < argc; i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "--integrity") == 0 && strcmp(value, "hmac-sha256-128") == 0)
			*auth = LKE_ESP_HMAC_SHA256_128;
		else if (strcmp(argv[i], "--integrity") == 0 && strcmp(value, "hmac-sha1-96") == 0)
			*auth = LKE_ESP_HMAC_SHA1_96;
		else if (strcmp(argv[i], "--encryption") == 0 && strcmp(value, "aes-cbc") == 0)
			*enc = LKE_ESP_AES_CBC;
		else if (strcmp(argv[i], "--encryption") == 0 && strcmp(value, "null") == 0)
			*enc = LKE_ESP_NULL;
		else
			return -1;
	}
	return 0;
}

static int print(struct ctl *c, const char *text)
{
	char json[KEY_JSON_MAX];
	int len, code = EXIT_OK;

	if (c->json) {
		len = key_json("lke.key/1", text, true, json);
		if (len < 0)
			fprintf(stderr, "lke: %s; try without -j\n", strerror(-len));
		code = len < 0 ? EXIT_FAILED : key_print(json, (size_t)len);
		mem_wipe(json, sizeof(json));
		return code;
	}
	key_close_output();
	puts("# Keys of one mobile node and its home agent; both need this file.");
	fputs(text, stdout);
	return ferror(stdout) ? EXIT_FAILED : EXIT_OK;
}

int cmd_genkey(struct ctl *c, int argc, char **argv)
{
	enum lke_esp_auth auth = LKE_ESP_HMAC_SHA256_128;
	enum lke_esp_enc enc = LKE_ESP_AES_CBC;
	struct key_file keys = { 0 };
	char text[KEY_FILE_MAX];
	int err, code;

	if (parse(argc, argv, &auth, &enc) < 0)
		return usage(argv[0], "I is hmac-sha256-128 or hmac-sha1-96, E is aes-cbc or null");
	err = key_make(enc, auth, 1, &keys);
	if (!err)
		err = key_text(&keys, text, sizeof(text));
	mem_wipe(&keys, sizeof(keys));
	code = err > 0 ? print(c, text) : EXIT_FAILED;
	mem_wipe(text, sizeof(text));
	if (code == EXIT_FAILED && !(err > 0 && c->json))
		fprintf(stderr, "lke: the key could not be made or written; is there room?\n");
	return code;
}
