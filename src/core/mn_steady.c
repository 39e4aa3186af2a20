/* SPDX-License-Identifier: ISC */
/*
 * Uncontrolled alternation between attachment points (SEC-065, RFC 6275 15.3): each registration
 * takes a number of the home agent's key.  A node that moves often while a temporary home agent
 * serves its registered care-of address tells the home agent only when it has come to rest.
 */
#include "core/mobile_node.h"

#define OFTEN_WITHIN (30 * LKE_SEC) /* MN_MOVES moves in this time are often */
#define REST	     (10 * LKE_SEC)

void mn_steady_moved(struct lke_engine *e)
{
	struct mobile_node *mn = e->mn;

	mn->moved[mn->moves++ % MN_MOVES] = e->now;
}

bool mn_steady_postpone(struct lke_engine *e)
{
	const struct mobile_node *mn = e->mn;

	if (mn->moves < MN_MOVES || e->now - mn->moved[mn->moves % MN_MOVES] > OFTEN_WITHIN)
		return false;
	arm(e, &e->mn->settle, e->now + REST);
	return true;
}

void mn_steady_timer(struct lke_engine *e)
{
	if (e->mn->active)
		mn_register_all(e);
}
