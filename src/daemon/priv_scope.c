/* SPDX-License-Identifier: ISC */
#include "daemon/priv_scope.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/in6.h"
#include "base/mem.h"

#define ADDRS_MAX 4096 /* of this host that are looked at */

bool priv_scope_interface(void *ctx, uint32_t ifindex, bool mn)
{
	const struct priv_scope *s = ctx;
	const struct daemon_config *other = reload_other(s->reload);
	const struct world *w = s->w;
	char name[IF_NAMESIZE];

	if (ifindex == 0 || !if_indextoname(ifindex, name) || strcmp(name, "lo") == 0)
		return false;
	if (mn)
		return daemon_config_is_mn_interface(&w->cfg, name) ||
		       (other && daemon_config_is_mn_interface(other, name));
	return ifindex == w->tun_ifindex || world_is_agent(w) ||
	       daemon_config_has_interface(&w->cfg, name) ||
	       (other && daemon_config_has_interface(other, name));
}

static int by_octets(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct lke_in6));
}

static int sort_homes(const struct daemon_config *c, struct scope_homes *ret)
{
	struct scope_homes h = { 0 };

	h.home = mem_realloc_array(NULL, c->mobiles + c->engine.mn.homes + 1, sizeof(*h.home));
	if (!h.home)
		return -ENOMEM;
	for (unsigned i = 0; i < c->mobiles; i++)
		h.home[h.n++] = c->mobile[i].home;
	for (unsigned i = 0; i < c->engine.mn.homes; i++)
		h.home[h.n++] = c->engine.mn.home[i].addr;
	qsort(h.home, h.n, sizeof(*h.home), by_octets);
	mem_free(ret->home);
	*ret = h;
	return 0;
}

int priv_scope_coming(struct priv_scope *s)
{
	const struct daemon_config *other = reload_other(s->reload);

	return other ? sort_homes(other, &s->other_homes) : 0;
}

int priv_scope_follow(struct priv_scope *s)
{
	int err = sort_homes(&s->w->cfg, &s->homes);

	return err ? err : priv_scope_coming(s);
}

void priv_scope_done(struct priv_scope *s)
{
	mem_free(s->homes.home);
	mem_free(s->other_homes.home);
}

static bool is_home(const struct scope_homes *h, const struct lke_in6 *home)
{
	return h->n > 0 && bsearch(home, h->home, h->n, sizeof(*h->home), by_octets);
}

bool priv_scope_home(void *ctx, const struct lke_in6 *home)
{
	const struct priv_scope *s = ctx;

	return is_home(&s->homes, home) || is_home(&s->other_homes, home);
}

static bool on_links(const struct lke_config *c, const struct lke_ev_addr *own, int n,
		     const struct lke_in6 *addr)
{
	bool on_link = false;

	for (unsigned a = 0; a < c->ars && !on_link; a++) {
		uint32_t ifindex = if_nametoindex(c->ar[a].interface);

		for (unsigned i = 0; i < c->ar[a].prefixes; i++)
			on_link |= in6_prefix_eq(&c->ar[a].prefix[i].addr, addr, 64);
		for (int i = 0; i < n; i++)
			on_link |=
				own[i].ifindex == ifindex && in6_prefix_eq(&own[i].addr, addr, 64);
	}
	return on_link;
}

bool priv_scope_served(void *ctx, const struct lke_in6 *addr)
{
	static struct lke_ev_addr own[ADDRS_MAX];
	const struct priv_scope *s = ctx;
	const struct daemon_config *other = reload_other(s->reload);
	int n = nl_dump_addrs(s->w->nl, own, ADDRS_MAX);

	for (int i = 0; i < n; i++)
		if (in6_eq(&own[i].addr, addr))
			return false;
	return priv_scope_home(ctx, addr) || on_links(&s->w->cfg.engine, own, n, addr) ||
	       (other && on_links(&other->engine, own, n, addr));
}
