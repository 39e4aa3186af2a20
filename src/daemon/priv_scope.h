/* SPDX-License-Identifier: ISC */
/*
 * What requests of the engine process may name: interfaces and addresses of the configuration, and
 * of the one that is to follow it or came before.
 */
#ifndef DAEMON_PRIV_SCOPE_H
#define DAEMON_PRIV_SCOPE_H

#include "daemon/reload.h"
#include "daemon/world.h"

/* Home addresses of a configuration, sorted. */
struct scope_homes {
	struct lke_in6 *home;
	unsigned n;
};

struct priv_scope {
	const struct world *w; /* borrowed, as is reload */
	const struct reload *reload;
	struct scope_homes homes, other_homes; /* of w->cfg; of reload_other(), perhaps none */
};

/* Reads the home addresses of w->cfg, and of reload_other(), again.  0 or -ENOMEM; then those of
 * before stay. */
int priv_scope_follow(struct priv_scope *s);
/* Of reload_other() only. */
int priv_scope_coming(struct priv_scope *s);
void priv_scope_done(struct priv_scope *s);

/* For struct priv_limits; ctx is a struct priv_scope. */
bool priv_scope_interface(void *ctx, uint32_t ifindex, bool mn);
bool priv_scope_home(void *ctx, const struct lke_in6 *home);
/* A route through the TUN: a home address of the configuration, or a care-of address on the links
 * of the access router, but never an address of this host. */
bool priv_scope_served(void *ctx, const struct lke_in6 *addr);

#endif
