/* SPDX-License-Identifier: ISC */
/*
 * The policy of a home agent as a whole: what two [Mobile] sections may not share, and when manual
 * keys are no longer the right thing (RFC 6275 15.3, SEC-001 to 004, 064 to 068).  Ten thousand
 * sections are checked in a moment: everything that must be unique is sorted by a hash.
 */
#include <stdlib.h>
#include <string.h>

#include "base/in6.h"
#include "base/mem.h"
#include "base/table.h"
#include "daemon/config_number.h"
#include "daemon/config_parser.h"

enum {
	BUDGET = 32768,	    /* sequence numbers under one manual key, AMB-172 */
	KEY_DAYS = 30,	    /* a key that lasts less asks for dynamic keys */
	MANY_MOBILES = 100, /* keys carried by hand */
	KEYS_OF_MOBILE = 4,
};

/* One thing that must be unique. */
struct unique {
	uint64_t hash;
	unsigned mobile;
	const void *p;
	size_t len;
};

static int by_hash(const void *a, const void *b)
{
	const struct unique *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->mobile < y->mobile ? -1 : x->mobile > y->mobile;
}

static bool same(const struct unique *a, const struct unique *b)
{
	return a->hash == b->hash && a->len == b->len && mem_eq_ct(a->p, b->p, a->len);
}

typedef void (*complain_fn)(struct parser *p, unsigned later, unsigned first);

static void find_pairs(struct parser *p, struct unique *u, size_t n, complain_fn complain)
{
	qsort(u, n, sizeof(*u), by_hash);
	for (size_t i = 1; i < n; i++)
		if (same(&u[i - 1], &u[i]) && u[i - 1].mobile != u[i].mobile)
			complain(p, u[i].mobile, u[i - 1].mobile);
}

#define AT(i)	p->r, p->mobile[i].place.file, p->mobile[i].place.line
#define NAME(i) p->cfg->mobile[i].name

static void two_names(struct parser *p, unsigned later, unsigned first)
{
	report_error(AT(later), "[Mobile %s] is given twice, first at %s:%d; rename one",
		     NAME(later), p->mobile[first].place.file, p->mobile[first].place.line);
}

static void two_homes(struct parser *p, unsigned later, unsigned first)
{
	report_error(AT(later), "[Mobile %s] has the home address of [Mobile %s]; give it another",
		     NAME(later), NAME(first));
}

/* Keys were compared before: of a key file that serves two, each value is the same. */
static void two_spis(struct parser *p, unsigned later, unsigned first)
{
	if (p->mobile[later].shares_key)
		return;
	report_error(AT(later), "[Mobile %s] has spi-to-ha 0x%x of [Mobile %s]; it must be unique",
		     NAME(later), p->cfg->mobile[later].to_ha.spi, NAME(first));
}

static void two_keys(struct parser *p, unsigned later, unsigned first)
{
	if (p->mobile[later].shares_key)
		return;
	p->mobile[later].shares_key = true;
	report_error(AT(later),
		     "[Mobile %s] has the key of [Mobile %s]: each could speak for the other; make "
		     "one with: lke genkey",
		     NAME(later), NAME(first));
}

struct collect {
	struct unique *u;
	size_t n;
};

static void add(struct collect *c, unsigned mobile, const void *data, size_t len)
{
	static const uint64_t key[2] = { 0 }; /* nobody chooses collisions: it is our own file */

	if (len > 0)
		c->u[c->n++] = (struct unique){ siphash24(key, data, len), mobile, data, len };
}

static void check_unique(struct parser *p, struct collect *c)
{
	const struct lke_config_mobile *m = p->cfg->mobile;
	unsigned n = p->cfg->mobiles;

	for (unsigned i = 0; i < n; i++)
		add(c, i, m[i].name, strlen(m[i].name));
	find_pairs(p, c->u, c->n, two_names);
	c->n = 0;
	for (unsigned i = 0; i < n; i++)
		if (!in6_is_unspecified(&m[i].home))
			add(c, i, &m[i].home, sizeof(m[i].home));
	find_pairs(p, c->u, c->n, two_homes);
	c->n = 0;
	for (unsigned i = 0; i < n; i++) {
		const struct lke_config_sa *sa[] = { &m[i].to_ha, &m[i].to_mn };

		for (unsigned k = 0; k < 2; k++) {
			add(c, i, sa[k]->auth_key, sa[k]->auth_key_len);
			add(c, i, sa[k]->enc_key, sa[k]->enc_key_len);
		}
	}
	find_pairs(p, c->u, c->n, two_keys);
	c->n = 0;
	for (unsigned i = 0; i < n; i++)
		if (m[i].to_ha.spi)
			add(c, i, &m[i].to_ha.spi, sizeof(m[i].to_ha.spi));
	find_pairs(p, c->u, c->n, two_spis);
}

void config_mobiles_unique(struct parser *p)
{
	size_t size = (size_t)p->cfg->mobiles * KEYS_OF_MOBILE * sizeof(struct unique);
	struct collect c = { 0 };

	if (p->cfg->mobiles < 2)
		return;
	c.u = mem_zalloc(size);
	if (!c.u) {
		report_error(p->r, p->file, 0, "out of memory");
		return;
	}
	check_unique(p, &c);
	mem_free_wipe(c.u, size);
}

/* ---- advice ---- */

#define DYNAMIC "RFC 6275 15.3 asks for dynamic keys (IKE) then, and lke has none yet"

static void advise_rate(struct parser *p, unsigned i)
{
	const struct lke_config_mobile *m = &p->cfg->mobile[i];
	unsigned days = m->updates_per_day ? BUDGET / m->updates_per_day : 0;
	unsigned limit = p->cfg->engine.ha.require_dynamic_above;

	if (m->updates_per_day == 0)
		return;
	if (limit && m->updates_per_day > limit)
		report_warning(AT(i),
			       "[Mobile %s] expects %u Binding Updates a day, above "
			       "RequireDynamicAbove = %u: a manual key lasts %u days; " DYNAMIC,
			       NAME(i), m->updates_per_day, limit, days);
	else if (days < KEY_DAYS)
		report_warning(
			AT(i),
			"[Mobile %s] expects %u Binding Updates a day: a manual key lasts %u "
			"days (32768 sequence numbers); " DYNAMIC,
			NAME(i), m->updates_per_day, days);
}

void config_mobiles_advise(struct parser *p)
{
	const struct lke_config_ha *ha = &p->cfg->engine.ha;
	unsigned n = p->cfg->mobiles;

	for (unsigned i = 0; i < n; i++)
		advise_rate(p, i);
	if (n > MANY_MOBILES)
		report_warning(
			p->r, p->ha.file, p->ha.line,
			"%u mobile nodes with manual keys: %u key files to carry by hand, and "
			"again with each new generation; " DYNAMIC,
			n, n);
	if (ha->require_dynamic_above)
		report_warning(
			p->r, p->ha.file, p->ha.line,
			"RequireDynamicAbove = %u cannot be kept: there are no dynamic keys yet; "
			"mobile nodes above it are served with manual keys and reported",
			ha->require_dynamic_above);
}

bool config_net(const char *value, struct lke_prefix *ret)
{
	char text[64];
	char *slash;
	uint64_t len;

	if (strlen(value) >= sizeof(text))
		return false;
	strcpy(text, value);
	slash = strchr(text, '/');
	if (!slash)
		return false;
	*slash = '\0';
	if (in6_parse(text, &ret->addr) < 0 || !number_parse(slash + 1, UNIT_NONE, &len) ||
	    len < 1 || len > 128)
		return false;
	ret->len = (uint8_t)len;
	return true;
}
