/* SPDX-License-Identifier: ISC */
/* lke export: one policy entry with its keys, as a file for lke import (SEC-047). */
#include "ctl/commands.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/in6.h"
#include "base/mem.h"
#include "base/str.h"
#include "ctl/key_print.h"
#include "daemon/key_store.h"
#include "daemon/policy_file.h"
#include "daemon/remedy.h"

#define SCHEMA "lke.policy/1"

static int failed(const char *path, int err)
{
	fprintf(stderr, "lke: %s: %s%s\n", path, strerror(-err), remedy_of(-err));
	return EXIT_FAILED;
}

/* The key that the mobile node is to have: the next one, if there is one. */
static void entry_of(const struct daemon_config *cfg, unsigned i, struct policy_file *ret)
{
	const struct lke_config_mobile *m = &cfg->mobile[i];

	*ret = (struct policy_file){ .home = m->home,
				     .max_lifetime = m->max_lifetime,
				     .keys = { m->to_ha, m->to_mn, m->generation } };
	str_copy(ret->name, sizeof(ret->name), m->name);
	for (unsigned n = 0; n < cfg->nexts; n++)
		if (cfg->next[n].mobile == i)
			ret->keys = cfg->next[n].keys;
}

static int write_to_stdout(const struct ctl *c, const char *text, size_t len)
{
	char json[KEY_JSON_MAX];
	int n, code;

	if (!c->json)
		return key_print(text, len);
	n = key_json(SCHEMA, text, true, json);
	code = n < 0 ? failed("standard output", n) : key_print(json, (size_t)n);
	mem_wipe(json, sizeof(json));
	return code;
}

/* What is in the file, but for the keys. */
static int say_json(const char *path, const char *text)
{
	char json[KEY_JSON_MAX];
	int n = key_json(SCHEMA, text, false, json);
	json_t *j = n < 0 ? NULL : json_loads(json, 0, NULL);

	if (json_object_set_new(j, "file", json_string(path)) == 0)
		return ctl_print_json(j);
	json_decref(j);
	fprintf(stderr, "lke: the entry is written, but JSON cannot hold the name of its file; "
			"choose a plain one\n");
	return EXIT_FAILED;
}

static int write_to_file(const struct ctl *c, const char *path, const char *text, size_t len)
{
	int err;

	if (access(path, F_OK) == 0) {
		fprintf(stderr, "lke: %s exists already; move it away, or name another one\n",
			path);
		return EXIT_FAILED;
	}
	err = secret_file_write(path, text, len);
	if (err < 0)
		return failed(path, err);
	return c->json ? say_json(path, text) : EXIT_OK;
}

static int export(struct ctl *c, const struct daemon_config *cfg, const char *home,
		  const char *path, const struct lke_in6 *agent)
{
	struct policy_file p;
	char text[2 * KEY_FILE_MAX];
	int i = ctl_mobile(cfg, home), len, code;

	if (i < 0) {
		fprintf(stderr, "lke: no [Mobile] section of %s serves %s; see: lke show mobiles\n",
			c->config, home);
		return EXIT_NO_OBJECT;
	}
	entry_of(cfg, (unsigned)i, &p);
	p.agent = *agent;
	if (policy_name_ok(p.name)) {
		len = policy_text(&p, text, sizeof(text));
		code = len < 0			? failed(path, len)
		       : strcmp(path, "-") == 0 ? write_to_stdout(c, text, (size_t)len)
						: write_to_file(c, path, text, (size_t)len);
	} else {
		fprintf(stderr,
			"lke: the name '%s' cannot be part of a file name; only letters, digits, "
			"'.', '_' and '-'\n",
			p.name);
		code = EXIT_FAILED;
	}
	mem_wipe(&p, sizeof(p));
	mem_wipe(text, sizeof(text));
	return code;
}

int cmd_export(struct ctl *c, int argc, char **argv)
{
	struct daemon_config cfg = { 0 };
	struct lke_in6 agent = { 0 }, home;
	bool named = argc > 2 && strcmp(argv[2], "--agent") != 0;
	int next = named ? 3 : 2, code;

	if (argc == next + 2 && strcmp(argv[next], "--agent") == 0 &&
	    in6_parse(argv[next + 1], &agent) == 0)
		argc = next;
	if (argc != next)
		return usage(argv[0], NULL);
	if (in6_parse(argv[1], &home) < 0)
		return usage(argv[0],
			     "HOMEADDRESS is an IPv6 address; those there are: lke show mobiles");
	code = ctl_load_config(c, &cfg, false);
	if (code == EXIT_OK)
		code = export(c, &cfg, argv[1], named ? argv[2] : "-", &agent);
	daemon_config_done(&cfg);
	return code;
}
