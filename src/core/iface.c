/* SPDX-License-Identifier: ISC */
/* The interfaces and addresses of this host, as the world reported them. */
#include "base/str.h"
#include "core/internal.h"

struct iface *iface_by_index(const struct lke_engine *e, uint32_t ifindex)
{
	for (unsigned n = 0; n < e->ifaces; n++)
		if (e->iface[n]->ifindex == ifindex)
			return e->iface[n];
	return NULL;
}

struct iface *iface_by_name(struct lke_engine *e, const char *name)
{
	for (unsigned n = 0; n < e->ifaces; n++)
		if (strcmp(e->iface[n]->name, name) == 0)
			return e->iface[n];
	return NULL;
}

static struct iface *iface_new(struct lke_engine *e, uint32_t ifindex)
{
	struct iface *i;

	if (e->ifaces == sizeof(e->iface) / sizeof(e->iface[0])) {
		drop(e, LKE_DROP_LIMIT);
		return NULL;
	}
	i = mem_zalloc(sizeof(*i));
	if (!i) {
		drop(e, LKE_DROP_NOMEM);
		return NULL;
	}
	i->ifindex = ifindex;
	e->iface[e->ifaces++] = i;
	return i;
}

struct iface *iface_update(struct lke_engine *e, const struct lke_ev_link *l)
{
	struct iface *i = iface_by_index(e, l->ifindex);

	if (!i)
		i = iface_new(e, l->ifindex);
	if (!i)
		return NULL;
	str_copy(i->name, sizeof(i->name), l->name);
	i->lladdr = l->lladdr;
	i->mtu = l->mtu;
	i->up = l->up;
	i->no_carrier = l->no_carrier;
	i->no_dad = l->no_dad;
	i->carrier_changes = l->carrier_changes;
	return i;
}

void iface_remove(struct lke_engine *e, struct iface *i)
{
	for (unsigned n = 0; n < e->ifaces; n++) {
		if (e->iface[n] != i)
			continue;
		e->iface[n] = e->iface[--e->ifaces];
		mem_free(i);
		return;
	}
}

static struct iface_addr *find_addr(const struct iface *i, const struct lke_in6 *a)
{
	for (unsigned n = 0; n < i->addrs; n++)
		if (in6_eq(&i->addr[n].addr, a))
			return (struct iface_addr *)&i->addr[n];
	return NULL;
}

static lke_time lifetime_end(const struct lke_engine *e, uint32_t seconds)
{
	return seconds == LKE_LIFETIME_INFINITE ? LKE_NEVER : e->now + (lke_time)seconds * LKE_SEC;
}

bool iface_keeps(struct iface *i, const struct lke_in6 *addr, bool still)
{
	struct iface_addr *f = find_addr(i, addr);

	if (f && !still)
		f->advertised = false;
	return f && f->advertised;
}

struct iface *iface_address(struct lke_engine *e, const struct lke_ev_addr *a)
{
	struct iface *i = iface_by_index(e, a->ifindex);
	struct iface_addr *f;

	if (!i)
		return NULL;
	f = find_addr(i, &a->addr);
	if (a->removed) {
		if (f)
			*f = i->addr[--i->addrs];
		return i;
	}
	if (!f) {
		if (i->addrs == IFACE_ADDRS) {
			drop(e, LKE_DROP_LIMIT);
			return i;
		}
		f = &i->addr[i->addrs++];
		f->addr = a->addr;
	}
	f->plen = a->prefix_len;
	f->tentative = a->tentative;
	f->advertised = a->advertised;
	f->valid_until = a->valid ? lifetime_end(e, a->valid) : LKE_NEVER;
	f->preferred_until = a->valid ? lifetime_end(e, a->preferred) : LKE_NEVER;
	return i;
}

const struct lke_in6 *iface_ll(const struct iface *i)
{
	for (unsigned n = 0; n < i->addrs; n++)
		if (in6_is_linklocal(&i->addr[n].addr) && !i->addr[n].tentative)
			return &i->addr[n].addr;
	return NULL;
}

bool iface_has_addr(const struct iface *i, const struct lke_in6 *a)
{
	return find_addr(i, a) != NULL;
}

bool iface_usable_addr(const struct iface *i, const struct lke_in6 *a)
{
	const struct iface_addr *f = find_addr(i, a);

	return f && !f->tentative;
}

struct iface *iface_of_addr(struct lke_engine *e, const struct lke_in6 *a)
{
	for (unsigned n = 0; n < e->ifaces; n++)
		if (find_addr(e->iface[n], a))
			return e->iface[n];
	return NULL;
}

const struct lke_in6 *iface_addr_in_prefix(const struct iface *i, const struct lke_in6 *a,
					   unsigned len)
{
	for (unsigned n = 0; n < i->addrs; n++) {
		const struct iface_addr *f = &i->addr[n];

		if (!f->tentative && in6_is_global(&f->addr) && in6_prefix_eq(&f->addr, a, len))
			return &f->addr;
	}
	return NULL;
}
