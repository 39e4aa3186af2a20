/* SPDX-License-Identifier: ISC */
/*
 * Another configuration of an access router that runs.  LBSAs and bindings stay; an interface that
 * is no longer named gives its LBSAs to where those of a deleted interface wait, so that they come
 * back with it.
 */
#include "core/access_router.h"

static const struct lke_config_ar *find(const struct lke_config *c, const char *name)
{
	for (unsigned n = 0; n < c->ars; n++)
		if (strcmp(c->ar[n].interface, name) == 0)
			return &c->ar[n];
	return NULL;
}

/* Is anything of what hosts are told, or when, another thing?  Octets of padding may say so in
 * vain: that costs an advertisement. */
static bool told_differs(const struct lke_config_ar *a, const struct lke_config_ar *b)
{
	struct lke_config_ar x = *a;

	x.ra_delay_ms = b->ra_delay_ms;
	x.finished = b->finished;
	x.kex_cpu_percent = b->kex_cpu_percent;
	x.max_lbsa = b->max_lbsa;
	x.max_per_mac = b->max_per_mac;
	x.max_binding_lifetime = b->max_binding_lifetime;
	x.buffer = b->buffer;
	/* Padding that differs is one restart too many. */
	/* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
	return memcmp(&x, b, sizeof(x)) != 0;
}

static void change_link(struct lke_engine *e, struct ar_link *k, const struct lke_config_ar *want)
{
	const struct lke_config_ar *was = k->cfg;

	if (was->advertise != want->advertise) {
		/* Another daemon goes on being this router with augment, nobody does with no. */
		ar_advertise_stop(e, k, want->advertise == LKE_ADVERTISE_NO);
		k->cfg = want;
		if (k->running)
			ar_advertise_start(e, k);
		return;
	}
	k->cfg = want;
	if (!k->running || !told_differs(was, want))
		return;
	(void)ar_prefixes_changed(e, k);
	ar_advertise_changed(e, k);
}

static void remove_link(struct lke_engine *e, struct ar_link *k)
{
	ar_advertise_stop(e, k, true);
	k->running = false;
	ar_link_removed(e, k->ifc);
}

static void change_links(struct lke_engine *e, const struct lke_config *was)
{
	struct access_router *ar = e->ar;

	for (unsigned n = 0; n < ar->links; n++) {
		struct ar_link *k = &ar->link[n];
		const struct lke_config_ar *want;

		if (!k->ifc)
			continue;
		want = find(&e->cfg, k->ifc->name);
		k->cfg = find(was, k->ifc->name); /* what it pointed to is overwritten */
		if (want)
			change_link(e, k, want);
		else
			remove_link(e, k);
	}
	for (unsigned n = 0; n < e->ifaces; n++)
		if (!e->iface[n]->ar)
			ar_link_changed(e, e->iface[n]);
}

static size_t lbsas(const struct lke_config *c)
{
	size_t max = 0;

	for (unsigned n = 0; n < c->ars; n++)
		max += c->ar[n].max_lbsa;
	return max;
}

void ar_reload(struct lke_engine *e, const struct lke_config *was)
{
	change_links(e, was);
	if (lbsas(was) != lbsas(&e->cfg)) {
		lbsa_cache_limit(&e->ar->lbsa, lbsas(&e->cfg));
		ar_restore_limit(e->ar, lbsas(&e->cfg));
	}
	ar_rsa_reload(e, was);
}
