/* SPDX-License-Identifier: ISC */
/* lke import: a policy entry of lke export becomes a key file and, where it is new, a section. */
#include "ctl/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/in6.h"
#include "base/mem.h"
#include "daemon/key_make.h"
#include "daemon/key_store.h"
#include "daemon/policy_file.h"
#include "daemon/remedy.h"

enum { PATH_SIZE = 4096 };

/* What an import did, and what is left to do. */
struct outcome {
	const char *role, *key_file;
	const char *section_file; /* of a new [Mobile] section; NULL: none */
	const char *to_do;	  /* as in the schema lke.import/1 */
	json_t *lines;		  /* for the configuration; NULL: none */
};

static int failed(const char *path, int err)
{
	fprintf(stderr, "lke: %s: %s%s\n", path, strerror(-err), remedy_of(-err));
	return EXIT_FAILED;
}

/* Takes over the lines. */
static int say_json(const struct policy_file *p, const struct outcome *o)
{
	char home[IN6_TEXT_MAX];

	return ctl_print_json(json_pack(
		"{s:s,s:s,s:s,s:s,s:I,s:s,s:s?,s:s,s:o*}", "schema", "lke.import/1", "role",
		o->role, "name", p->name, "home_address", in6_text(&p->home, home), "generation",
		(json_int_t)p->keys.generation, "key_file", o->key_file, "section_file",
		o->section_file, "to_do", o->to_do, "lines", o->lines));
}

static int read_entry(const char *path, struct policy_file *ret)
{
	struct report r = { .out = stderr };
	char text[2 * KEY_FILE_MAX];
	ssize_t n = secret_file_read(path, geteuid(), &r, text, sizeof(text));
	int err = LKE_ERR_INVAL;

	if (n == -ENOENT)
		fprintf(stderr, "lke: %s: %s%s\n", path, strerror(ENOENT), remedy_of(ENOENT));
	else if (n >= 0 && memchr(text, '\0', (size_t)n))
		fprintf(stderr, "lke: %s is not a text file; give that of lke export\n", path);
	else if (n >= 0)
		err = policy_parse(path, text, &r, ret);
	mem_wipe(text, sizeof(text));
	return err ? EXIT_FAILED : EXIT_OK;
}

/* It belongs to whom like belongs: the present key, or the directory. */
static int write_key(const char *path, const char *like, const struct key_file *keys)
{
	char text[KEY_FILE_MAX];
	int len = key_text(keys, text, sizeof(text));
	int err = len < 0 ? len : secret_file_write_like(path, like, text, (size_t)len);

	mem_wipe(text, sizeof(text));
	return err < 0 ? failed(path, err) : EXIT_OK;
}

/* Directory of a file, with its slash; "" for the present one. */
static void dir_of(const char *path, char buf[PATH_SIZE])
{
	const char *slash = strrchr(path, '/');

	snprintf(buf, PATH_SIZE, "%.*s", slash ? (int)(slash - path) + 1 : 0, path);
}

/* A key where none is, for whoever the directory belongs to: lked may be no root. */
static int write_first(const char *path, const struct key_file *keys)
{
	char dir[PATH_SIZE];

	dir_of(path, dir);
	return write_key(path, dir[0] ? dir : ".", keys);
}

/* 0: no key there that lked can read. */
static uint32_t generation_of(const struct daemon_config *cfg, const char *path)
{
	const struct passwd *pw = getpwnam(cfg->user);
	FILE *nowhere = fopen("/dev/null", "w");
	struct report r = { .out = nowhere ? nowhere : stderr };
	struct key_file keys = { 0 };
	uint32_t g = key_file_load(path, pw ? pw->pw_uid : geteuid(), &r, &keys) == 0
			     ? keys.generation
			     : 0;

	mem_wipe(&keys, sizeof(keys));
	if (nowhere)
		fclose(nowhere);
	return g;
}

/* Older keys never come back: their numbers have been used. */
static int replace_key(const struct daemon_config *cfg, const char *path, const char *place,
		       const struct policy_file *p)
{
	uint32_t present = generation_of(cfg, path);

	if (present == 0 && access(path, F_OK) == 0) {
		fprintf(stderr,
			"lke: the key in %s cannot be read, so that nobody knows whether it is "
			"newer; "
			"see: lke check\n",
			path);
		return EXIT_FAILED;
	}
	if (present >= p->keys.generation) {
		fprintf(stderr,
			"lke: %s has key generation %u already, this is %u; export it anew\n", path,
			present, p->keys.generation);
		return EXIT_FAILED;
	}
	return present ? write_key(place, path, &p->keys) : write_first(path, &p->keys);
}

static int to_mobile_node(struct ctl *c, const struct daemon_config *cfg, unsigned i,
			  const struct policy_file *p)
{
	const char *path = cfg->home_key[i];
	int code = replace_key(cfg, path, path, p);

	if (code == EXIT_OK && c->json)
		return say_json(p, &(struct outcome){ "mobile-node", path, .to_do = "reload" });
	if (code == EXIT_OK)
		printf("%s is key generation %u; lke reload takes it\n", path, p->keys.generation);
	return code;
}

/* What lked does not take is no next key; the one that was there may be with its mobile node. */
static int to_next(struct ctl *c, const struct daemon_config *cfg, const char *path,
		   const char *next, const struct policy_file *p)
{
	char home[IN6_TEXT_MAX], former[PATH_SIZE + 8];
	int code;

	snprintf(former, sizeof(former), "%s.former", next);
	if (rename(next, former) < 0 && errno != ENOENT)
		return failed(next, -errno);
	code = replace_key(cfg, path, next, p);
	if (code == EXIT_OK) {
		code = ctl_tell_rekey(c, in6_text(&p->home, home));
		if (code != EXIT_OK)
			fprintf(stderr,
				"lke: it is not taken: the SPI or a key is that of another "
				"entry, or of the present key; make another one with: lke rekey\n");
	}
	if (code == EXIT_OK)
		(void)unlink(former);
	else if (rename(former, next) < 0)
		(void)unlink(next);
	return code;
}

static int to_policy(struct ctl *c, const struct daemon_config *cfg, unsigned i,
		     const struct policy_file *p)
{
	const char *path = cfg->key_path[i];
	bool first = generation_of(cfg, path) == 0;
	char next[PATH_SIZE];
	int code;

	snprintf(next, sizeof(next), "%s" KEY_NEXT_SUFFIX, path);
	code = first ? replace_key(cfg, path, path, p) : to_next(c, cfg, path, next, p);
	if (code == EXIT_OK && c->json)
		return say_json(p, &(struct outcome){ "home-agent", first ? path : next,
						      .to_do = first ? "reload" : "nothing" });
	if (code == EXIT_OK)
		printf("%s is key generation %u%s\n", first ? path : next, p->keys.generation,
		       first ? "; start lked to use it" : ", the next one");
	return code;
}

static int make_dir(const char *path, mode_t mode)
{
	return mkdir(path, mode) == 0 || errno == EEXIST ? 0 : -errno;
}

static int write_section(const char *path, const char *key, const struct policy_file *p)
{
	char home[IN6_TEXT_MAX];
	FILE *f = fopen(path, "wxe");
	int err;

	if (!f)
		return failed(path, -errno);
	fprintf(f, "[Mobile %s]\nHomeAddress = %s\nKey = %s\n", p->name, in6_text(&p->home, home),
		key);
	if (p->max_lifetime)
		fprintf(f, "MaxLifetime = %us\n", p->max_lifetime);
	err = fflush(f) == EOF || fsync(fileno(f)) < 0 ? -errno : 0;
	fclose(f);
	return err ? failed(path, err) : EXIT_OK;
}

/* A new [Mobile] section in the .d directory, its key in mobiles/ beside the configuration. */
static int new_policy(struct ctl *c, const struct policy_file *p)
{
	char dir[PATH_SIZE], key[PATH_SIZE + 64], conf[PATH_SIZE + 64], path[PATH_SIZE + 64];
	int err, code;

	dir_of(c->config, dir);
	snprintf(path, sizeof(path), "%smobiles", dir);
	err = make_dir(path, 0700);
	if (err < 0)
		return failed(path, err);
	snprintf(path, sizeof(path), "%s.d", c->config);
	err = make_dir(path, 0755);
	if (err < 0)
		return failed(path, err);
	/* A relative path in that section would be one beside it. */
	snprintf(key, sizeof(key), "%smobiles/%s.key", dir[0] == '/' ? dir : "../", p->name);
	snprintf(conf, sizeof(conf), "%s.d/%s.conf", c->config, p->name);
	snprintf(path, sizeof(path), "%smobiles/%s.key", dir, p->name);
	if (access(path, F_OK) == 0) {
		fprintf(stderr, "lke: %s exists already; move it away, or name another one\n",
			path);
		return EXIT_FAILED;
	}
	code = write_first(path, &p->keys);
	if (code == EXIT_OK)
		code = write_section(conf, key, p);
	if (code == EXIT_OK && c->json)
		return say_json(p, &(struct outcome){ "home-agent", path, conf, "reload", NULL });
	if (code == EXIT_OK)
		printf("%s and %s; lke reload takes them\n", conf, path);
	return code;
}

/* One string each. */
static json_t *lines_json(const char *text)
{
	json_t *list = json_array();

	for (const char *end; *text; text = end + 1) {
		end = text + strcspn(text, "\n");
		json_array_append_new(list, json_stringn(text, (size_t)(end - text)));
	}
	return list;
}

/* Where keys of lked's own user are, as the service has it; else beside the configuration. */
static const char *key_dir(const char *dir)
{
	char path[PATH_SIZE + 16];

	snprintf(path, sizeof(path), "%smobiles", dir);
	return access(path, X_OK) == 0 ? "mobiles/" : "";
}

/* A [MobileNode] section cannot be continued in another file: its owner writes these lines. */
static int new_home(struct ctl *c, const struct policy_file *p)
{
	char dir[PATH_SIZE], path[PATH_SIZE + 64], home[IN6_TEXT_MAX], agent[IN6_TEXT_MAX];
	char line[IN6_TEXT_MAX + 16], lines[256 + LKE_NAME_MAX];
	const char *below;
	int code;

	dir_of(c->config, dir);
	below = key_dir(dir);
	snprintf(path, sizeof(path), "%s%s%s.key", dir, below, p->name);
	if (access(path, F_OK) == 0) {
		fprintf(stderr, "lke: %s exists already; move it away, or name another one\n",
			path);
		return EXIT_FAILED;
	}
	code = write_first(path, &p->keys);
	if (code)
		return code;
	snprintf(line, sizeof(line), "HomeAgent = %s\n",
		 in6_is_unspecified(&p->agent) ? "(its address)" : in6_text(&p->agent, agent));
	if (c->json && in6_is_unspecified(&p->agent))
		line[0] = '\0';
	snprintf(lines, sizeof(lines), "HomeAddress = %s\n%sKey = %s%s.key\n",
		 in6_text(&p->home, home), line, below, p->name);
	if (!c->json) {
		printf("The key is in %s.  Add to [MobileNode]:\n%s", path, lines);
		return EXIT_OK;
	}
	return say_json(
		p, &(struct outcome){ "mobile-node", path, NULL, "configure", lines_json(lines) });
}

static int import(struct ctl *c, const struct daemon_config *cfg, const struct policy_file *p)
{
	const struct lke_config_mn *mn = &cfg->engine.mn;

	for (unsigned i = 0; i < mn->homes; i++)
		if (in6_eq(&mn->home[i].addr, &p->home) && cfg->home_key[i])
			return to_mobile_node(c, cfg, i, p);
	for (unsigned i = 0; i < cfg->mobiles && cfg->key_path; i++)
		if (in6_eq(&cfg->mobile[i].home, &p->home) && cfg->key_path[i])
			return to_policy(c, cfg, i, p);
	if (cfg->engine.ha.interfaces > 0)
		return new_policy(c, p);
	if (mn->interfaces > 0)
		return new_home(c, p);
	fprintf(stderr,
		"lke: %s has neither a [HomeAgent] nor a [MobileNode] section; add the one this "
		"host is\n",
		c->config);
	return EXIT_CONFIG;
}

int cmd_import(struct ctl *c, int argc, char **argv)
{
	struct daemon_config cfg = { 0 };
	struct policy_file p = { 0 };
	int code;

	if (argc != 2)
		return usage(argv[0], NULL);
	code = read_entry(argv[1], &p);
	if (code == EXIT_OK)
		code = ctl_load_config(c, &cfg, true);
	/* A configuration that is wrong since this key is missing is what import is for. */
	if (code == EXIT_OK || code == EXIT_CONFIG)
		code = import(c, &cfg, &p);
	daemon_config_done(&cfg);
	mem_wipe(&p, sizeof(p));
	return code;
}
