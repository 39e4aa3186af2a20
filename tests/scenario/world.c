/* SPDX-License-Identifier: ISC */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* tests/both_profiles.h: the second run. */
static enum lke_profile profile(enum lke_profile p)
{
	return getenv("LKE_TEST_DRAFT01") ? LKE_PROFILE_DRAFT01 : p;
}

static struct lke_in6 addr(const char *text)
{
	struct lke_in6 a;

	if (in6_parse(text, &a) < 0)
		abort();
	return a;
}

static void sa(struct lke_config_sa *s, uint32_t spi, uint8_t fill)
{
	s->spi = spi;
	s->enc = LKE_ESP_AES_CBC;
	s->auth = LKE_ESP_HMAC_SHA256_128;
	s->enc_key_len = 16;
	s->auth_key_len = 32;
	memset(s->enc_key, fill, 16);
	memset(s->auth_key, fill + 1, 32);
}

static void start(struct simnode *n, struct lke_config *cfg)
{
	if (sim_start(n, cfg) < 0) {
		fprintf(stderr, "%s: engine does not start\n", n->name);
		abort();
	}
}

static void plain(struct simiface *f, const struct world_options *o)
{
	f->no_dad = o->no_dad || o->point_to_point;
	if (o->point_to_point)
		f->lladdr.len = 0;
}

static void make_router(struct world *w, unsigned i, const struct world_options *o)
{
	struct lke_config cfg;
	char name[16], text[64];
	struct simnode *n;

	snprintf(name, sizeof(name), "ar%u", i + 1);
	n = w->ar[i] = sim_node(w->net, name, true);
	plain(sim_attach(n, w->link[i]), o);
	sim_attach(n, w->core);
	snprintf(text, sizeof(text), "2001:db8:%u::1", i + 1);
	sim_addr(n, 0, text, 64);
	w->ar_addr[i] = addr(text);
	snprintf(text, sizeof(text), "2001:db8:ffff::%u", i + 1);
	sim_addr(n, 1, text, 64);
	snprintf(text, sizeof(text), "2001:db8:%u::", i + 1);
	sim_route(n, text, 64, 0, "::");

	lke_config_defaults(&cfg);
	cfg.profile = profile(o->profile);
	cfg.ars = 1;
	lke_config_ar_defaults(&cfg.ar[0]);
	strcpy(cfg.ar[0].interface, "eth0");
	cfg.ar[0].lke = i < 3 || o->four_lke;
	cfg.ar[0].finished = !o->no_finished;
	if (o->max_lifetime)
		cfg.ar[0].max_lifetime = o->max_lifetime;
	cfg.keep_state = o->keep_state;
	if (o->rsa_rotation)
		cfg.rsa_rotation = o->rsa_rotation;
	start(n, &cfg);
	if (cfg.ar[0].lke)
		sim_rsa_key(n, 1024, 1);
}

static void make_home_agent(struct world *w, const struct world_options *o)
{
	struct lke_config cfg;
	struct simnode *n = w->ha = sim_node(w->net, "ha", true);

	sim_attach(n, w->home);
	sim_attach(n, w->core);
	sim_addr(n, 0, "2001:db8:100::1", 64);
	sim_addr(n, 1, "2001:db8:ffff::100", 64);
	sim_route(n, "2001:db8:100::", 64, 0, "::");
	w->ha_addr = addr("2001:db8:100::1");
	w->hoa = addr("2001:db8:100::42");
	strcpy(w->mobile.name, "alice");
	w->mobile.home = w->hoa;
	w->mobile.generation = 1;
	sa(&w->mobile.to_ha, 0x1000, 1);
	sa(&w->mobile.to_mn, 0x1001, 3);
	lke_config_defaults(&cfg);
	cfg.profile = profile(o->profile);
	cfg.ha.interfaces = 1;
	strcpy(cfg.ha.interface[0], "eth0");
	cfg.ha.mobile = &w->mobile;
	cfg.ha.mobiles = 1;
	start(n, &cfg);
}

/* Everybody on the core link knows the way to every prefix. */
static void routes(struct world *w, struct simnode *n, unsigned iface)
{
	char prefix[64], gw[64];

	for (unsigned i = 0; i < WORLD_ARS; i++) {
		if (n == w->ar[i])
			continue;
		snprintf(prefix, sizeof(prefix), "2001:db8:%u::", i + 1);
		snprintf(gw, sizeof(gw), "2001:db8:ffff::%u", i + 1);
		sim_route(n, prefix, 64, iface, gw);
	}
	if (n != w->ha)
		sim_route(n, "2001:db8:100::", 64, iface, "2001:db8:ffff::100");
	if (n != w->r0)
		sim_route(n, "2001:db8:c::", 64, iface, "2001:db8:ffff::200");
	sim_route(n, "2001:db8:ffff::", 64, iface, "::");
}

static void make_correspondent(struct world *w)
{
	w->r0 = sim_node(w->net, "r0", true);
	sim_attach(w->r0, w->cnlink);
	sim_attach(w->r0, w->core);
	sim_addr(w->r0, 0, "2001:db8:c::1", 64);
	sim_addr(w->r0, 1, "2001:db8:ffff::200", 64);
	sim_route(w->r0, "2001:db8:c::", 64, 0, "::");
	w->cn = sim_node(w->net, "cn", false);
	sim_attach(w->cn, w->cnlink);
	sim_addr(w->cn, 0, "2001:db8:c::2", 64);
	sim_route(w->cn, "::", 0, 0, "2001:db8:c::1");
	w->cn_addr = addr("2001:db8:c::2");
}

static void one_home(const struct world *w, struct lke_config_mn *mn)
{
	struct lke_config_home *h = &mn->home[0];

	mn->homes = 1;
	h->addr = w->hoa;
	h->agent = w->ha_addr;
	h->prefix_len = 64;
	h->lifetime = 600;
	h->to_ha = w->mobile.to_ha;
	h->to_mn = w->mobile.to_mn;
	h->generation = 1;
}

void world_two_interfaces(struct world *w, enum lke_strategy strategy)
{
	struct lke_config cfg;

	sim_stop(w->mn);
	w->mn = sim_node(w->net, "mn2", false);
	sim_attach(w->mn, NULL);
	sim_attach(w->mn, NULL);
	lke_config_defaults(&cfg);
	cfg.mn.interfaces = 2;
	strcpy(cfg.mn.interface[0], "eth0");
	strcpy(cfg.mn.interface[1], "eth1");
	cfg.mn.strategy = strategy;
	memset(cfg.mn.stable_secret, 9, sizeof(cfg.mn.stable_secret));
	one_home(w, &cfg.mn);
	start(w->mn, &cfg);
}

static void make_mobile(struct world *w, const struct world_options *o)
{
	struct lke_config cfg;

	w->mn = sim_node(w->net, "mn", false);
	plain(sim_attach(w->mn, NULL), o);
	lke_config_defaults(&cfg);
	cfg.profile = profile(o->mn_profile);
	cfg.mn.interfaces = 1;
	strcpy(cfg.mn.interface[0], "eth0");
	cfg.mn.strategy = o->strategy;
	cfg.mn.local_only = o->local_only;
	memset(cfg.mn.stable_secret, 7, sizeof(cfg.mn.stable_secret));
	if (!o->no_ha)
		one_home(w, &cfg.mn);
	start(w->mn, &cfg);
}

void world_reboot(struct world *w)
{
	static const struct lke_in6 prefix = { { 0xfe, 0x80 } };
	struct simnode *old = w->mn;
	struct simiface *f;

	sim_move(old, 0, NULL, 0);
	old->dead = true;
	w->mn = sim_node(w->net, "mn", false);
	f = sim_attach(w->mn, NULL);
	f->lladdr = old->iface[0].lladdr;
	w->mn->addr[0].addr = in6_from_eui48(&prefix, &f->lladdr);
	start(w->mn, &old->cfg);
}

struct world *world_new(const struct world_options *o)
{
	struct world *w = calloc(1, sizeof(*w));
	static const char *const name[] = { "l1", "l2", "l3", "l4" };

	if (!w)
		abort();
	w->net = sim_new(o->seed);
	w->core = sim_link(w->net, "core", 2 * LKE_MSEC);
	w->home = sim_link(w->net, "home", LKE_MSEC);
	w->cnlink = sim_link(w->net, "cnlink", LKE_MSEC);
	for (unsigned i = 0; i < WORLD_ARS; i++)
		w->link[i] = sim_link(w->net, name[i], 500 * LKE_USEC);
	for (unsigned i = 0; i < WORLD_ARS; i++)
		make_router(w, i, o);
	make_home_agent(w, o);
	make_correspondent(w);
	for (unsigned i = 0; i < WORLD_ARS; i++)
		routes(w, w->ar[i], 1);
	routes(w, w->ha, 1);
	routes(w, w->r0, 1);
	make_mobile(w, o);
	w->host = sim_node(w->net, "host", false);
	sim_attach(w->host, o->point_to_point ? NULL : w->link[0]);
	sim_run_for(w->net, 20 * LKE_SEC);
	return w;
}

void world_free(struct world *w)
{
	sim_free(w->net);
	free(w);
}

void world_attach(struct world *w, unsigned i)
{
	sim_move(w->mn, 0, w->link[i], 10 * LKE_MSEC);
}

struct lke_in6 world_coa(const struct world *w, unsigned i)
{
	for (unsigned k = 0; k < w->mn->addrs; k++) {
		const struct simaddr *a = &w->mn->addr[k];

		if (a->ifindex && in6_prefix_eq(&a->addr, &w->ar_addr[i], 64))
			return a->addr;
	}
	return in6_unspecified;
}

bool world_wait_lbsa(struct world *w, unsigned i, lke_time limit)
{
	lke_time end = sim_now(w->net) + limit;

	while (sim_now(w->net) < end) {
		struct lke_in6 coa = world_coa(w, i);
		struct lke_lbsa_view v;

		if (!in6_is_unspecified(&coa) && sim_lbsa(w->ar[i], &coa, &v) &&
		    v.state == LKE_LBSA_VALID)
			return true;
		sim_run_for(w->net, 10 * LKE_MSEC);
	}
	return false;
}

void world_traffic(struct world *w, const struct lke_in6 *a, lke_time d)
{
	lke_time end = sim_now(w->net) + d;

	w->first_probe = w->probe + 1;
	while (sim_now(w->net) < end) {
		w->probe++;
		sim_probe(w->mn, a, &w->cn_addr, w->probe);
		sim_probe(w->cn, &w->cn_addr, a, w->probe);
		sim_run_for(w->net, LKE_MSEC);
	}
}

bool world_wait_note(struct world *w, struct simnode *n, enum lke_note_type t, unsigned count,
		     lke_time limit)
{
	lke_time end = sim_now(w->net) + limit;

	while (sim_now(w->net) < end) {
		if (n->notes[t] >= count)
			return true;
		sim_run_for(w->net, 5 * LKE_MSEC);
	}
	return n->notes[t] >= count;
}

void world_noise(struct world *w, unsigned loss, unsigned dup, unsigned reorder)
{
	struct simlink *all[] = { w->core,    w->home,	  w->cnlink, w->link[0],
				  w->link[1], w->link[2], w->link[3] };

	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		all[i]->loss_permille = loss;
		all[i]->dup_permille = dup;
		all[i]->reorder_permille = reorder;
	}
}
