/* SPDX-License-Identifier: ISC */
/* Record: one line per saved value, "IFNAME KEY VALUE"; written whole and renamed, before the
 * change it protects. */
#include "platform/linux/sysctl.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

enum { KEY_MAX = 32 };

struct saved {
	char ifname[LKE_IFNAME_MAX];
	char key[KEY_MAX];
	int value;
};

struct sysctl {
	char path[PATH_MAX], tmp[PATH_MAX];
	size_t n;
	struct saved saved[SYSCTL_MAX];
};

static bool name_ok(const char *s, size_t max, bool key)
{
	size_t n = strlen(s);

	if (n == 0 || n >= max || strcmp(s, ".") == 0 || strcmp(s, "..") == 0)
		return false;
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (key ? !(islower(c) || isdigit(c) || c == '_') : c == '/' || isspace(c))
			return false;
	}
	return true;
}

/* Of net.ipv6.neigh, not net.ipv6.conf. */
static const char neigh_queue[] = "unres_qlen_bytes";

static int conf_open(const char *ifname, const char *key, int flags)
{
	char path[96];
	int fd;

	if (!name_ok(ifname, LKE_IFNAME_MAX, false) || !name_ok(key, KEY_MAX, true))
		return -EINVAL;
	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/%s/%s/%s",
		 strcmp(key, neigh_queue) == 0 ? "neigh" : "conf", ifname, key);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysctl_get(const char *ifname, const char *key, int *ret_value)
{
	char text[16] = "", *end;
	int fd = conf_open(ifname, key, O_RDONLY);
	ssize_t n;
	long v;

	if (fd < 0)
		return fd;
	n = read(fd, text, sizeof(text) - 1);
	/* addr_gen_mode and stable_secret may refuse to be read. */
	if (n <= 0) {
		n = n < 0 ? -errno : -EIO;
		close(fd);
		return (int)n;
	}
	close(fd);
	v = strtol(text, &end, 10);
	if (end == text || v < INT_MIN || v > INT_MAX)
		return -EIO;
	*ret_value = (int)v;
	return 0;
}

static int conf_write(const char *ifname, const char *key, int value)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d\n", value);
	int fd = conf_open(ifname, key, O_WRONLY);
	int err = 0;

	if (fd < 0)
		return fd;
	if (write(fd, text, (size_t)len) != len)
		err = errno ? -errno : -EIO;
	close(fd);
	return err;
}

static int record_write(const struct sysctl *s)
{
	FILE *f;
	int err = 0;

	if (s->n == 0)
		return unlink(s->path) && errno != ENOENT ? -errno : 0;
	f = fopen(s->tmp, "we");
	if (!f)
		return -errno;
	for (size_t i = 0; i < s->n; i++)
		fprintf(f, "%s %s %d\n", s->saved[i].ifname, s->saved[i].key, s->saved[i].value);
	if (fflush(f) || fsync(fileno(f)))
		err = -errno;
	if (fclose(f) && !err)
		err = -errno;
	if (!err && rename(s->tmp, s->path))
		err = -errno;
	return err;
}

static void restore_all(struct sysctl *s)
{
	/* Backwards, as they were set. */
	while (s->n) {
		const struct saved *v = &s->saved[--s->n];

		(void)conf_write(v->ifname, v->key, v->value); /* vanished interfaces are no loss */
	}
}

static int record_read(struct sysctl *s)
{
	FILE *f = fopen(s->path, "re");
	char line[96];

	if (!f)
		return errno == ENOENT ? 0 : -errno;
	while (s->n < SYSCTL_MAX && fgets(line, sizeof(line), f)) {
		struct saved v;
		char extra;

		if (sscanf(line, "%15s %31s %d %c", v.ifname, v.key, &v.value, &extra) == 3 &&
		    name_ok(v.ifname, sizeof(v.ifname), false) &&
		    name_ok(v.key, sizeof(v.key), true))
			s->saved[s->n++] = v;
	}
	fclose(f);
	return 0;
}

static int open_record(const char *state_dir, bool restore, struct sysctl **ret)
{
	struct sysctl *s = calloc(1, sizeof(*s));
	int n, m, err;

	if (!s)
		return -ENOMEM;
	n = snprintf(s->path, sizeof(s->path), "%s/sysctl.saved", state_dir);
	m = snprintf(s->tmp, sizeof(s->tmp), "%s/sysctl.saved.new", state_dir);
	if (n < 0 || m < 0 || (size_t)m >= sizeof(s->tmp)) {
		free(s);
		return -ENAMETOOLONG;
	}
	err = record_read(s);
	if (!err && restore) {
		restore_all(s);
		err = record_write(s);
	}
	if (err) {
		free(s);
		return err;
	}
	*ret = s;
	return 0;
}

int sysctl_open(const char *state_dir, struct sysctl **ret)
{
	return open_record(state_dir, true, ret);
}

int sysctl_go_on(const char *state_dir, struct sysctl **ret)
{
	return open_record(state_dir, false, ret);
}

static struct saved *find_saved(struct sysctl *s, const char *ifname, const char *key)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->saved[i].ifname, ifname) == 0 && strcmp(s->saved[i].key, key) == 0)
			return &s->saved[i];
	return NULL;
}

int sysctl_reset(struct sysctl *s, const char *ifname, const char *key)
{
	struct saved *v = find_saved(s, ifname, key);
	int err = v ? conf_write(ifname, key, v->value) : 0;

	if (!v || err)
		return err;
	/* Restored backwards in the order in which they were set. */
	memmove(v, v + 1, (size_t)(s->saved + s->n - v - 1) * sizeof(*v));
	s->n--;
	return record_write(s);
}

int sysctl_set(struct sysctl *s, const char *ifname, const char *key, int value)
{
	int old = 0, err = sysctl_get(ifname, key, &old);

	if (err)
		return err;
	if (old == value)
		return 0;
	if (!find_saved(s, ifname, key)) {
		struct saved *v = &s->saved[s->n];

		if (s->n == SYSCTL_MAX)
			return -ENOSPC;
		str_copy(v->ifname, sizeof(v->ifname), ifname);
		str_copy(v->key, sizeof(v->key), key);
		v->value = old;
		s->n++;
		err = record_write(s);
		if (err) {
			s->n--;
			return err;
		}
	}
	return conf_write(ifname, key, value);
}

struct setting {
	const char *key;
	int value;
};

static int set_all(struct sysctl *s, const char *ifname, const struct setting *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int err = sysctl_set(s, ifname, t[i].key, t[i].value);

		/* Keys come and go with kernel versions and options. */
		if (err && err != -ENOENT)
			return err;
	}
	return 0;
}

static const struct setting of_link[] = {
	{ "accept_ra", 0 },	   { "autoconf", 0 },	  { "use_tempaddr", 0 },
	{ "accept_redirects", 0 }, { "ndisc_notify", 0 }, { "addr_gen_mode", 1 },
};

int sysctl_manage_link(struct sysctl *s, const char *ifname)
{
	return set_all(s, ifname, of_link, sizeof(of_link) / sizeof(of_link[0]));
}

int sysctl_release_link(struct sysctl *s, const char *ifname)
{
	int err = 0;

	for (size_t i = sizeof(of_link) / sizeof(of_link[0]); i-- > 0 && !err;)
		err = sysctl_reset(s, ifname, of_link[i].key);
	return err == -ENOENT ? 0 : err; /* the interface is gone */
}

int sysctl_manage_gate(struct sysctl *s, const char *ifname)
{
	int now, err = sysctl_get(ifname, neigh_queue, &now);

	if (err || now >= SYSCTL_GATE_ROOM)
		return err;
	return sysctl_set(s, ifname, neigh_queue, SYSCTL_GATE_ROOM);
}

int sysctl_manage_router(struct sysctl *s, const char *ifname)
{
	enum { OF_OWN_PREFIXES = 2 };
	int err = sysctl_set(s, ifname, "accept_untracked_na", OF_OWN_PREFIXES);

	return err == -ENOENT ? 0 : err;
}

int sysctl_manage_tun(struct sysctl *s, const char *ifname)
{
	static const struct setting t[] = {
		{ "accept_ra", 0 },
		{ "autoconf", 0 },
		{ "addr_gen_mode", 1 },
		{ "accept_dad", 0 },
		{ "router_solicitations", 0 },
	};

	return set_all(s, ifname, t, sizeof(t) / sizeof(t[0]));
}

void sysctl_close(struct sysctl *s)
{
	if (!s)
		return;
	restore_all(s);
	(void)record_write(s);
	free(s);
}
