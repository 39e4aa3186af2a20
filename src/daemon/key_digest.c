/* SPDX-License-Identifier: ISC */
#include "daemon/key_digest.h"

#include <stdlib.h>
#include <string.h>

#include "base/in6.h"
#include "base/mem.h"
#include "base/table.h"

/* Field by field: a struct has padding. */
static size_t put_sa(uint8_t *p, const struct lke_config_sa *s)
{
	uint8_t head[8] = { (uint8_t)(s->spi >> 24), (uint8_t)(s->spi >> 16),
			    (uint8_t)(s->spi >> 8),  (uint8_t)s->spi,
			    (uint8_t)s->enc,	     (uint8_t)s->auth,
			    s->enc_key_len,	     s->auth_key_len };

	memcpy(p, head, sizeof(head));
	memcpy(p + sizeof(head), s->enc_key, sizeof(s->enc_key));
	memcpy(p + sizeof(head) + sizeof(s->enc_key), s->auth_key, sizeof(s->auth_key));
	return sizeof(head) + sizeof(s->enc_key) + sizeof(s->auth_key);
}

static void digest(const uint8_t secret[KEY_DIGEST_SECRET], const struct lke_config_sa *to_ha,
		   const struct lke_config_sa *to_mn, uint32_t generation, uint64_t ret[2])
{
	uint8_t text[2 * sizeof(struct lke_config_sa) + 16];
	uint64_t half[2];
	size_t n = put_sa(text, to_ha);

	n += put_sa(text + n, to_mn);
	memcpy(text + n, &generation, sizeof(generation));
	n += sizeof(generation);
	for (unsigned i = 0; i < 2; i++) {
		memcpy(half, secret + i * sizeof(half), sizeof(half));
		ret[i] = siphash24(half, text, n);
	}
	mem_wipe(text, sizeof(text));
	mem_wipe(half, sizeof(half));
}

static void digest_next(const uint8_t secret[KEY_DIGEST_SECRET], const struct key_file *next,
			struct key_digest *ret)
{
	digest(secret, &next->to_ha, &next->to_mn, next->generation, ret->digest + 2);
}

static int by_home(const void *a, const void *b)
{
	const struct key_digest *x = a, *y = b;

	return memcmp(&x->home, &y->home, sizeof(x->home));
}

static const struct key_file *next_of(const struct daemon_config *cfg, unsigned mobile,
				      unsigned *at)
{
	/* Both in the order of the sections. */
	while (*at < cfg->nexts && cfg->next[*at].mobile < mobile)
		++*at;
	return *at < cfg->nexts && cfg->next[*at].mobile == mobile ? &cfg->next[*at].keys : NULL;
}

static int add_mobiles(struct daemon_config *cfg, const uint8_t secret[KEY_DIGEST_SECRET])
{
	unsigned next = 0;

	for (unsigned i = 0; i < cfg->mobiles && cfg->key_path; i++) {
		const struct lke_config_mobile *m = &cfg->mobile[i];
		struct key_digest *d = &cfg->digest[cfg->digests++];
		const struct key_file *follows = next_of(cfg, i, &next);

		d->home = m->home;
		digest(secret, &m->to_ha, &m->to_mn, m->generation, d->digest);
		if (follows)
			digest_next(secret, follows, d);
		d->path = strdup(cfg->key_path[i] ? cfg->key_path[i] : "");
		if (!d->path || asprintf(&d->owner, "[Mobile %s]", m->name) < 0)
			return LKE_ERR_NOMEM;
	}
	return 0;
}

static int add_homes(struct daemon_config *cfg, const uint8_t secret[KEY_DIGEST_SECRET])
{
	const struct lke_config_mn *mn = &cfg->engine.mn;
	char text[IN6_TEXT_MAX];

	for (unsigned i = 0; i < mn->homes; i++) {
		const struct lke_config_home *h = &mn->home[i];
		struct key_digest *d = &cfg->digest[cfg->digests++];

		d->home = h->addr;
		digest(secret, &h->to_ha, &h->to_mn, h->generation, d->digest);
		d->path = strdup(cfg->home_key[i] ? cfg->home_key[i] : "");
		if (!d->path ||
		    asprintf(&d->owner, "[MobileNode] %s", in6_text(&h->addr, text)) < 0)
			return LKE_ERR_NOMEM;
	}
	return 0;
}

int key_digest_make(struct daemon_config *cfg, const uint8_t secret[KEY_DIGEST_SECRET])
{
	int err;

	key_digest_done(cfg);
	cfg->digest = mem_zalloc((cfg->mobiles + cfg->engine.mn.homes + 1) * sizeof(*cfg->digest));
	if (!cfg->digest)
		return LKE_ERR_NOMEM;
	err = add_mobiles(cfg, secret);
	if (!err)
		err = add_homes(cfg, secret);
	qsort(cfg->digest, cfg->digests, sizeof(*cfg->digest), by_home);
	return err;
}

/* Mobiles of a home agent only: a mobile node has no key that is to follow. */
static struct key_digest *of_mobile(struct daemon_config *cfg, const struct lke_in6 *home)
{
	for (size_t i = 0; i < cfg->digests; i++)
		if (in6_eq(&cfg->digest[i].home, home) &&
		    strncmp(cfg->digest[i].owner, "[Mobile ", strlen("[Mobile ")) == 0)
			return &cfg->digest[i];
	return NULL;
}

void key_digest_follow(struct daemon_config *cfg, const uint8_t secret[KEY_DIGEST_SECRET],
		       const struct lke_in6 *home, const struct key_file *next)
{
	struct key_digest *d = of_mobile(cfg, home);

	if (d)
		digest_next(secret, next, d);
}

void key_digest_switched(struct daemon_config *cfg, const struct lke_in6 *home)
{
	struct key_digest *d = of_mobile(cfg, home);

	if (!d || !(d->digest[2] | d->digest[3]))
		return;
	memcpy(d->digest, d->digest + 2, 2 * sizeof(d->digest[0]));
	memset(d->digest + 2, 0, 2 * sizeof(d->digest[0]));
}

bool key_digest_eq(const struct key_digest *a, const struct key_digest *b)
{
	return mem_eq_ct(a->digest, b->digest, sizeof(a->digest));
}

void key_digest_done(struct daemon_config *cfg)
{
	for (size_t i = 0; i < cfg->digests; i++) {
		free(cfg->digest[i].owner);
		free(cfg->digest[i].path);
	}
	mem_free_wipe(cfg->digest, cfg->digests * sizeof(*cfg->digest));
	cfg->digest = NULL;
	cfg->digests = 0;
}
