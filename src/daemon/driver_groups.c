/* SPDX-License-Identifier: ISC */
/*
 * Multicast groups, so many a turn: an access router that starts with the LBSAs of its last run has
 * ten thousands to join at once, and other work.
 */
#include "daemon/driver.h"
#include "platform/linux/group.h"

/* The kernel searches the groups of the interface one by one: a turn has the same work with few and
 * with many. */
enum {
	GROUPS_WORK = 65536, /* groups searched in a turn */
	GROUPS_FEW = 1024,   /* which cost nothing */
	GROUPS_PAUSE_US = 5000,
};

void driver_groups_turn(struct driver *d)
{
	struct group_stats st;

	group_stats(d->w->group, &st);
	group_turn(d->w->group, 1 + GROUPS_WORK / (GROUPS_FEW + st.joined));
}

void driver_groups_later(struct driver *d)
{
	const struct timeval pause = { .tv_usec = GROUPS_PAUSE_US };
	struct group_stats st;

	group_stats(d->w->group, &st);
	if (st.untried && !event_pending(d->groups_ev, EV_TIMEOUT, NULL))
		event_add(d->groups_ev, &pause);
}

void driver_on_groups(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;

	driver_groups_turn(d);
	group_retry(d->w->group);
	driver_groups_later(d);
}
