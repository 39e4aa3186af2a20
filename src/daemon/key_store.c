/* SPDX-License-Identifier: ISC */
#include "daemon/key_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/in6.h"
#include "base/mem.h"

enum { PATH_SIZE = 4096 };

const char *key_store_path(const struct daemon_config *cfg, const struct lke_in6 *home)
{
	for (unsigned i = 0; i < cfg->mobiles && cfg->key_path; i++)
		if (in6_eq(&cfg->mobile[i].home, home))
			return cfg->key_path[i];
	return NULL;
}

static bool next_path(char buf[PATH_SIZE], const char *path)
{
	return path && snprintf(buf, PATH_SIZE, "%s" KEY_NEXT_SUFFIX, path) < PATH_SIZE;
}

uint32_t key_store_overlap(const struct daemon_config *cfg, int64_t written, int64_t now)
{
	int64_t age = now - written;
	uint32_t all = cfg->engine.ha.rekey_overlap;

	/* A file of the future was just written, by another clock. */
	if (age < 0)
		age = 0;
	return age < (int64_t)all ? all - (uint32_t)age : 1;
}

int key_store_open_next(const struct daemon_config *cfg, uid_t owner, const struct lke_in6 *home)
{
	struct report r = { .out = stderr };
	char next[PATH_SIZE];

	if (!next_path(next, key_store_path(cfg, home)))
		return -ENOENT;
	return secret_file_open(next, owner, &r);
}

int key_store_read_next(const struct daemon_config *cfg, uid_t owner, const struct lke_in6 *home,
			struct key_file *ret)
{
	struct report r = { .out = stderr };
	char next[PATH_SIZE];

	return next_path(next, key_store_path(cfg, home)) ? key_file_load(next, owner, &r, ret)
							  : -ENOENT;
}

static int sync_directory(const char *path)
{
	char dir[PATH_SIZE];
	char *slash;
	int fd, err;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = '\0';
	fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = fd < 0 || fsync(fd) < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	return err;
}

int key_store_switch(const struct daemon_config *cfg, uid_t owner, const struct lke_in6 *home,
		     uint32_t generation)
{
	const char *path = key_store_path(cfg, home);
	struct report r = { .out = stderr };
	struct key_file keys = { 0 };
	char next[PATH_SIZE];
	bool right;

	if (!next_path(next, path))
		return -ENOENT;
	if (access(next, F_OK) < 0)
		return errno == ENOENT ? 0 : -errno; /* done before */
	right = key_file_load(next, owner, &r, &keys) == 0 && keys.generation == generation;
	mem_wipe(&keys, sizeof(keys));
	if (!right)
		return -ESTALE;
	return rename(next, path) < 0 ? -errno : sync_directory(path);
}

static bool add_next(struct daemon_config *cfg, unsigned i, const char *next, uid_t owner,
		     struct report *r)
{
	struct next_key n = { .mobile = i };
	struct next_key *grown;
	struct stat st;

	if (stat(next, &st) < 0)
		return true;
	if (key_file_load(next, owner, r, &n.keys) < 0)
		return true; /* reported */
	if (n.keys.generation <= cfg->mobile[i].generation) {
		report_warning(r, next, 0,
			       "its generation %u is not above that of the present key, %u: not "
			       "used; raise it",
			       n.keys.generation, cfg->mobile[i].generation);
		mem_wipe(&n, sizeof(n));
		return true;
	}
	n.written = st.st_mtime;
	/* Not by realloc: the old array would keep keys. */
	grown = mem_zalloc((cfg->nexts + 1) * sizeof(*grown));
	if (grown && cfg->nexts)
		memcpy(grown, cfg->next, cfg->nexts * sizeof(*grown));
	if (grown) {
		mem_free_wipe(cfg->next, cfg->nexts * sizeof(*grown));
		cfg->next = grown;
		cfg->next[cfg->nexts++] = n;
	}
	mem_wipe(&n, sizeof(n));
	return grown != NULL;
}

bool key_store_add(struct daemon_config *cfg, unsigned i, const char *path, uid_t owner,
		   struct report *r)
{
	char next[PATH_SIZE];

	if (!cfg->key_path)
		cfg->key_path = mem_zalloc(cfg->mobiles * sizeof(*cfg->key_path));
	if (!cfg->key_path)
		return false;
	cfg->key_path[i] = strdup(path);
	return cfg->key_path[i] && (!next_path(next, path) || add_next(cfg, i, next, owner, r));
}

void key_store_done(struct daemon_config *cfg)
{
	for (unsigned i = 0; i < cfg->mobiles && cfg->key_path; i++)
		free(cfg->key_path[i]);
	for (unsigned i = 0; i < LKE_MAX_HOMES; i++)
		free(cfg->home_key[i]);
	mem_free(cfg->key_path);
	mem_free_wipe(cfg->next, cfg->nexts * sizeof(*cfg->next));
}
