/* SPDX-License-Identifier: ISC */
/* lke rekey: the next key of a home address, made beside the present one and told to lked. */
#include "ctl/commands.h"

#include <string.h>
#include <unistd.h>

#include "base/in6.h"
#include "base/mem.h"
#include "daemon/key_make.h"
#include "daemon/key_store.h"
#include "daemon/remedy.h"

int ctl_load_config(struct ctl *c, struct daemon_config *cfg, bool quiet)
{
	FILE *nowhere = quiet ? fopen("/dev/null", "w") : NULL;
	struct report r = { .out = nowhere ? nowhere : stderr };
	int err = daemon_config_load(c->config, &r, cfg);
	if (nowhere)
		fclose(nowhere);
	if (err && r.denied && !quiet)
		return EXIT_PERMISSION;
	return err ? EXIT_CONFIG : EXIT_OK;
}

int ctl_mobile(const struct daemon_config *cfg, const char *text)
{
	struct lke_in6 home;

	if (in6_parse(text, &home) < 0)
		return -1;
	for (unsigned i = 0; i < cfg->mobiles; i++)
		if (in6_eq(&cfg->mobile[i].home, &home))
			return (int)i;
	return -1;
}

int ctl_tell_rekey(struct ctl *c, const char *home)
{
	json_t *j;
	int code = client_ask(c, json_pack("{s:s,s:s}", "cmd", "rekey", "arg", home), &j);

	if (code == EXIT_NO_DAEMON) {
		fprintf(stderr,
			"lke: it will take the next key when it starts; nothing else is to do\n");
		return EXIT_OK;
	}
	if (code == EXIT_OK)
		json_decref(j);
	return code;
}

static bool spi_used(const struct daemon_config *cfg, uint32_t spi)
{
	for (unsigned i = 0; i < cfg->mobiles; i++)
		if (cfg->mobile[i].to_ha.spi == spi)
			return true;
	for (unsigned i = 0; i < cfg->nexts; i++)
		if (cfg->next[i].keys.to_ha.spi == spi)
			return true;
	return false;
}

/* In the same algorithms as the present one. */
static int write_next(const struct daemon_config *cfg, unsigned i, const char *path)
{
	const struct lke_config_mobile *m = &cfg->mobile[i];
	struct key_file keys = { 0 };
	char text[KEY_FILE_MAX];
	int err, len = 0;

	do
		err = key_make(m->to_ha.enc, m->to_ha.auth, m->generation + 1, &keys);
	while (!err && spi_used(cfg, keys.to_ha.spi));
	if (!err)
		len = key_text(&keys, text, sizeof(text));
	mem_wipe(&keys, sizeof(keys));
	if (!err)
		err = len < 0 ? len
			      : secret_file_write_like(path, cfg->key_path[i], text, (size_t)len);
	mem_wipe(text, sizeof(text));
	if (!err)
		return EXIT_OK;
	fprintf(stderr, "lke: %s: %s%s\n", path, strerror(-err), remedy_of(-err));
	return EXIT_FAILED;
}

static uint32_t next_generation(const struct daemon_config *cfg, unsigned mobile)
{
	for (unsigned i = 0; i < cfg->nexts; i++)
		if (cfg->next[i].mobile == mobile)
			return cfg->next[i].keys.generation;
	return 0;
}

static void say_json(const char *path)
{
	json_t *j = json_pack("{s:s,s:b,s:s}", "schema", "lke.answer/1", "ok", 1, "file", path);

	json_dumpf(j, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(j);
}

static void say(const struct daemon_config *cfg, unsigned generation, bool there, const char *path,
		const char *home)
{
	printf(there ? "The next key, generation %u, is there already: %s\n"
		     : "The next key, generation %u, is in %s.\n",
	       generation, path);
	printf("The present one serves until the mobile node uses the next one, at most "
	       "%ud%02uh.\n"
	       "Give it to the mobile node: lke export %s FILE\n"
	       "There: lke import FILE\n",
	       cfg->engine.ha.rekey_overlap / 86400, cfg->engine.ha.rekey_overlap / 3600 % 24,
	       home);
}

static int rekey(struct ctl *c, const struct daemon_config *cfg, const char *home)
{
	int i = ctl_mobile(cfg, home), code = EXIT_OK;
	char path[4096];
	uint32_t there;

	if (i < 0) {
		fprintf(stderr, "lke: no [Mobile] section of %s serves %s; see: lke show mobiles\n",
			c->config, home);
		return EXIT_NO_OBJECT;
	}
	there = next_generation(cfg, (unsigned)i);
	snprintf(path, sizeof(path), "%s" KEY_NEXT_SUFFIX, cfg->key_path[i]);
	if (!there)
		code = write_next(cfg, (unsigned)i, path);
	if (code == EXIT_OK)
		code = ctl_tell_rekey(c, home);
	if (code == EXIT_OK && c->json)
		say_json(path);
	else if (code == EXIT_OK)
		say(cfg, there ? there : cfg->mobile[i].generation + 1, there, path, home);
	return code;
}

int cmd_rekey(struct ctl *c, int argc, char **argv)
{
	struct daemon_config cfg = { 0 };
	struct lke_in6 a;
	int code;

	if (argc != 2)
		return usage(argv[0], NULL);
	if (in6_parse(argv[1], &a) < 0)
		return usage(argv[0],
			     "HOMEADDRESS is an IPv6 address; those there are: lke show mobiles");
	code = ctl_load_config(c, &cfg, false);
	if (code == EXIT_OK)
		code = rekey(c, &cfg, argv[1]);
	daemon_config_done(&cfg);
	return code;
}
