/* SPDX-License-Identifier: ISC */
/* The network of a campus and its engines. */
#include <stdio.h>
#include <string.h>

#include "sim/campus_priv.h"
#include "sim/simpriv.h"

/* 2001:db8:1:<link>::/64 */
void campus_prefix(unsigned link, struct lke_in6 *ret)
{
	*ret = (struct lke_in6){ { 0x20, 0x01, 0x0d, 0xb8, 0, 1, (uint8_t)(link >> 8),
				   (uint8_t)link } };
}

static struct lke_in6 address(const char *text)
{
	struct lke_in6 a;

	if (in6_parse(text, &a) < 0)
		abort();
	return a;
}

static void sa(struct lke_config_sa *s, uint32_t spi)
{
	*s = (struct lke_config_sa){ .spi = spi,
				     .enc = LKE_ESP_AES_CBC,
				     .auth = LKE_ESP_HMAC_SHA256_128,
				     .enc_key_len = 16,
				     .auth_key_len = 32 };
	memcpy(s->enc_key, &spi, sizeof(spi));
	memcpy(s->auth_key, &spi, sizeof(spi));
	s->enc_key[15] = s->auth_key[15] = 1;
}

static int start(struct simnode *n, const struct lke_config *cfg)
{
	int err = sim_start(n, cfg);

	if (err < 0)
		fprintf(stderr, "lkesim: the engine of %s does not start; free memory\n", n->name);
	return err;
}

static int make_router(struct campus *c, unsigned i)
{
	struct lke_config cfg;
	struct simnode *n;
	char text[64];
	int err;

	snprintf(text, sizeof(text), "ar%u", i + 1);
	n = c->ar[i] = sim_node(c->net, text, true);
	sim_attach(n, c->link[i]);
	sim_attach(n, c->core);
	snprintf(text, sizeof(text), "2001:db8:1:%x::1", i);
	sim_addr(n, 0, text, 64);
	snprintf(text, sizeof(text), "2001:db8:ffff::1:%x", i);
	sim_addr(n, 1, text, 64);
	sim_route(n, "::", 0, 1, "2001:db8:ffff::1");
	snprintf(text, sizeof(text), "2001:db8:1:%x::", i);
	sim_route(n, text, 64, 0, "::");
	lke_config_defaults(&cfg);
	cfg.ars = 1;
	lke_config_ar_defaults(&cfg.ar[0]);
	strcpy(cfg.ar[0].interface, "eth0");
	cfg.ar[0].lke = !c->o->plain;
	err = start(n, &cfg);
	if (err == 0 && !c->o->plain)
		sim_rsa_key(n, 1024, 1);
	return err;
}

static int make_home_agent(struct campus *c)
{
	struct lke_config cfg;
	struct simnode *n = c->ha = sim_node(c->net, "ha", true);

	c->ha_addr = address("2001:db8:100::1");
	sim_attach(n, c->home);
	sim_attach(n, c->far);
	sim_addr(n, 0, "2001:db8:100::1", 64);
	sim_addr(n, 1, "2001:db8:fffe::100", 64);
	sim_route(n, "::", 0, 1, "2001:db8:fffe::1");
	sim_route(n, "2001:db8:100::", 64, 0, "::");
	lke_config_defaults(&cfg);
	cfg.ha.interfaces = 1;
	strcpy(cfg.ha.interface[0], "eth0");
	cfg.ha.mobile = c->policy;
	cfg.ha.mobiles = c->o->mobiles;
	return start(n, &cfg);
}

static void make_core(struct campus *c)
{
	char prefix[64], gateway[64];

	c->r0 = sim_node(c->net, "r0", true);
	sim_attach(c->r0, c->core);
	sim_attach(c->r0, c->cnlink);
	sim_attach(c->r0, c->far);
	sim_addr(c->r0, 0, "2001:db8:ffff::1", 64);
	sim_addr(c->r0, 1, "2001:db8:c::1", 64);
	sim_addr(c->r0, 2, "2001:db8:fffe::1", 64);
	for (unsigned i = 0; i < c->o->routers; i++) {
		snprintf(prefix, sizeof(prefix), "2001:db8:1:%x::", i);
		snprintf(gateway, sizeof(gateway), "2001:db8:ffff::1:%x", i);
		sim_route(c->r0, prefix, 64, 0, gateway);
	}
	sim_route(c->r0, "2001:db8:ffff::", 64, 0, "::");
	sim_route(c->r0, "2001:db8:c::", 64, 1, "::");
	sim_route(c->r0, "2001:db8:fffe::", 64, 2, "::");
	sim_route(c->r0, "2001:db8:100::", 64, 2, "2001:db8:fffe::100");
	c->cn = sim_node(c->net, "cn", false);
	c->cn_addr = address("2001:db8:c::2");
	sim_attach(c->cn, c->cnlink);
	sim_addr(c->cn, 0, "2001:db8:c::2", 64);
	sim_route(c->cn, "::", 0, 0, "2001:db8:c::1");
}

static void policy_of(struct campus *c, unsigned i)
{
	struct lke_config_mobile *p = &c->policy[i];

	snprintf(p->name, sizeof(p->name), "mobile%u", i);
	p->home = c->ha_addr;
	p->home.b[12] = 1;
	p->home.b[13] = (uint8_t)(i >> 8);
	p->home.b[14] = (uint8_t)i;
	p->generation = 1;
	sa(&p->to_ha, 0x10000 + 2 * i);
	sa(&p->to_mn, 0x10001 + 2 * i);
}

static int make_mobile(struct campus *c, unsigned i)
{
	struct campus_mobile *m = &c->mobile[i];
	const struct lke_config_mobile *p = &c->policy[i];
	struct lke_config cfg;
	char name[16];

	snprintf(name, sizeof(name), "mn%u", i);
	m->campus = c;
	m->node = sim_node(c->net, name, false);
	m->node->reports = true;
	m->home = p->home;
	timer_init(&m->move, CAMPUS_MOVE, m);
	timer_init(&m->probe, CAMPUS_PROBE, m);
	sim_attach(m->node, NULL);
	lke_config_defaults(&cfg);
	cfg.mn.interfaces = 1;
	strcpy(cfg.mn.interface[0], "eth0");
	cfg.mn.strategy = c->o->strategy;
	cfg.mn.local_only = c->o->local_only;
	memcpy(cfg.mn.stable_secret, &i, sizeof(i));
	cfg.mn.stable_secret[31] = 1;
	if (!c->o->local_only) {
		cfg.mn.homes = 1;
		cfg.mn.home[0] = (struct lke_config_home){ .addr = p->home,
							   .agent = c->ha_addr,
							   .prefix_len = 64,
							   .lifetime = 600,
							   .to_ha = p->to_ha,
							   .to_mn = p->to_mn,
							   .generation = 1 };
	}
	return start(m->node, &cfg);
}

int campus_build(struct campus *c)
{
	const struct campus_options *o = c->o;
	int err;

	c->net = sim_new(o->seed);
	c->link = sim_must(calloc(o->routers, sizeof(*c->link)));
	c->ar = sim_must(calloc(o->routers, sizeof(struct simnode *)));
	c->mobile = sim_must(calloc(o->mobiles, sizeof(*c->mobile)));
	c->policy = sim_must(calloc(o->mobiles, sizeof(*c->policy)));
	c->core = sim_link(c->net, "core", o->core_delay);
	c->far = sim_link(c->net, "far", o->home_delay);
	c->home = sim_link(c->net, "home", 100 * LKE_USEC);
	c->cnlink = sim_link(c->net, "cnlink", 100 * LKE_USEC);
	for (unsigned i = 0; i < o->routers; i++) {
		c->link[i] = sim_link(c->net, "access", 500 * LKE_USEC);
		c->link[i]->loss_permille = o->loss_permille;
	}
	c->ha_addr = address("2001:db8:100::1");
	for (unsigned i = 0; i < o->mobiles; i++)
		policy_of(c, i);
	make_core(c);
	for (unsigned i = 0; i < o->routers; i++)
		if ((err = make_router(c, i)) < 0)
			return err;
	if (!o->local_only && (err = make_home_agent(c)) < 0)
		return err;
	for (unsigned i = 0; i < o->mobiles; i++)
		if ((err = make_mobile(c, i)) < 0)
			return err;
	return 0;
}
