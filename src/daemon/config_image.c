/* SPDX-License-Identifier: ISC */
#include "daemon/config_image.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/key_digest.h"
#include "daemon/key_store.h"

#define MAGIC	UINT64_C(0x4c4b45434f4e4631)
#define NO_TEXT UINT32_MAX

struct head {
	uint64_t magic, config_size;
	uint32_t digests;
	uint32_t has_paths;
};

/* --- writing --- */

static void put_text(FILE *f, const char *text)
{
	uint32_t len = text ? (uint32_t)strlen(text) : NO_TEXT;

	fwrite(&len, sizeof(len), 1, f);
	if (text)
		fwrite(text, 1, len, f);
}

static void put_digests(FILE *f, const struct daemon_config *cfg)
{
	for (size_t i = 0; i < cfg->digests; i++) {
		const struct key_digest *d = &cfg->digest[i];

		fwrite(&d->home, sizeof(d->home), 1, f);
		fwrite(d->digest, sizeof(d->digest), 1, f);
		put_text(f, d->owner);
		put_text(f, d->path);
	}
}

int config_image_write(int fd, const struct daemon_config *cfg, const char *text)
{
	struct head head = { .magic = MAGIC,
			     .config_size = sizeof(*cfg),
			     .digests = (uint32_t)cfg->digests,
			     .has_paths = cfg->key_path != NULL };
	int dup_fd = dup(fd);
	FILE *f = dup_fd < 0 ? NULL : fdopen(dup_fd, "w");
	bool bad;

	if (!f) {
		if (dup_fd >= 0)
			close(dup_fd);
		return -errno;
	}
	fwrite(&head, sizeof(head), 1, f);
	fwrite(cfg, sizeof(*cfg), 1, f);
	fwrite(cfg->mobile, sizeof(*cfg->mobile), cfg->mobiles, f);
	fwrite(cfg->next, sizeof(*cfg->next), cfg->nexts, f);
	for (unsigned i = 0; cfg->key_path && i < cfg->mobiles; i++)
		put_text(f, cfg->key_path[i]);
	for (unsigned i = 0; i < LKE_MAX_HOMES; i++)
		put_text(f, cfg->home_key[i]);
	put_digests(f, cfg);
	put_text(f, text);
	bad = ferror(f) != 0;
	return fclose(f) == EOF || bad ? -EIO : 0;
}

/* --- reading --- */

struct reader {
	const uint8_t *p;
	size_t left;
	bool bad;
};

static void get(struct reader *r, void *to, size_t n)
{
	if (r->bad || n > r->left) {
		r->bad = true;
		memset(to, 0, n);
		return;
	}
	memcpy(to, r->p, n);
	r->p += n;
	r->left -= n;
}

static void *get_array(struct reader *r, size_t n, size_t size)
{
	void *p = n <= r->left / size ? mem_zalloc(n * size + 1) : NULL;

	if (!p)
		r->bad = true;
	else
		get(r, p, n * size);
	return p;
}

static char *get_text(struct reader *r)
{
	uint32_t len;
	char *text;

	get(r, &len, sizeof(len));
	if (r->bad || len == NO_TEXT)
		return NULL;
	text = len <= r->left ? malloc((size_t)len + 1) : NULL;
	if (!text) {
		r->bad = true;
		return NULL;
	}
	get(r, text, len);
	text[len] = '\0';
	return text;
}

static void get_digests(struct reader *r, struct daemon_config *cfg, uint32_t n)
{
	cfg->digest = n <= r->left ? mem_zalloc((n + 1) * sizeof(*cfg->digest)) : NULL;
	if (!cfg->digest) {
		r->bad = true;
		return;
	}
	for (; cfg->digests < n && !r->bad; cfg->digests++) {
		struct key_digest *d = &cfg->digest[cfg->digests];

		get(r, &d->home, sizeof(d->home));
		get(r, d->digest, sizeof(d->digest));
		d->owner = get_text(r);
		d->path = get_text(r);
		r->bad |= !d->owner || !d->path;
	}
}

static void get_paths(struct reader *r, struct daemon_config *cfg, bool has_paths)
{
	if (has_paths) {
		cfg->key_path = mem_zalloc((cfg->mobiles + 1) * sizeof(*cfg->key_path));
		r->bad |= !cfg->key_path;
	}
	for (unsigned i = 0; has_paths && !r->bad && i < cfg->mobiles; i++)
		cfg->key_path[i] = get_text(r);
	for (unsigned i = 0; i < LKE_MAX_HOMES; i++)
		cfg->home_key[i] = get_text(r);
}

static void get_config(struct reader *r, struct daemon_config *cfg, char **ret_text)
{
	struct head head;
	unsigned mobiles, nexts;

	get(r, &head, sizeof(head));
	r->bad |= head.magic != MAGIC || head.config_size != sizeof(*cfg);
	get(r, cfg, sizeof(*cfg));
	/* What it points to is in another process. */
	mobiles = cfg->mobiles;
	nexts = cfg->nexts;
	cfg->mobile = NULL;
	cfg->key_path = NULL;
	memset(cfg->home_key, 0, sizeof(cfg->home_key));
	cfg->next = NULL;
	cfg->digest = NULL;
	cfg->mobiles = cfg->mobiles_cap = cfg->nexts = 0;
	cfg->digests = 0;
	if (r->bad)
		return;
	cfg->mobile = get_array(r, mobiles, sizeof(*cfg->mobile));
	if (cfg->mobile)
		cfg->mobiles = cfg->mobiles_cap = mobiles;
	cfg->next = get_array(r, nexts, sizeof(*cfg->next));
	if (cfg->next)
		cfg->nexts = nexts;
	get_paths(r, cfg, head.has_paths);
	get_digests(r, cfg, head.digests);
	cfg->engine.ha.mobile = cfg->mobile;
	cfg->engine.ha.mobiles = cfg->mobiles;
	*ret_text = get_text(r);
}

static ssize_t read_whole(int fd, uint8_t *buf, size_t size)
{
	size_t n = 0;

	while (n < size) {
		ssize_t got = pread(fd, buf + n, size - n, (off_t)n);

		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

int config_image_read(int fd, struct daemon_config *ret_cfg, char **ret_text)
{
	struct reader r = { 0 };
	char *text = NULL;
	struct stat st;
	uint8_t *buf;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size <= 0 || (size_t)st.st_size > IMAGE_SIZE_MAX)
		return -EMSGSIZE;
	buf = mem_zalloc((size_t)st.st_size);
	if (!buf)
		return -ENOMEM;
	n = read_whole(fd, buf, (size_t)st.st_size);
	if (n > 0) {
		r = (struct reader){ .p = buf, .left = (size_t)n };
		get_config(&r, ret_cfg, &text);
	}
	mem_free_wipe(buf, (size_t)st.st_size);
	if (n < 0)
		return (int)n;
	if (r.bad) {
		daemon_config_done(ret_cfg);
		free(text);
		return -EBADMSG;
	}
	if (ret_text)
		*ret_text = text;
	else
		free(text);
	return 0;
}

void config_image_wipe(int fd)
{
	static const uint8_t zero[4096];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return;
	for (off_t at = 0; at < st.st_size; at += (off_t)sizeof(zero)) {
		size_t n = (size_t)(st.st_size - at);

		if (pwrite(fd, zero, n < sizeof(zero) ? n : sizeof(zero), at) < 0)
			break;
	}
	(void)!ftruncate(fd, 0);
}
