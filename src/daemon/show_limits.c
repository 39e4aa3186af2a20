/* SPDX-License-Identifier: ISC */
/* What everything that can fill up holds, and may hold: of the engine, and of this process. */
#include <stdio.h>
#include <string.h>

#include "daemon/control.h"
#include "platform/linux/forward.h"
#include "platform/linux/group.h"

static bool of_daemon(struct driver *d, size_t n, struct lke_limit_view *ret)
{
	struct group_stats g;
	struct fwd_counters f;

	group_stats(d->w->group, &g);
	fwd_counters(d->fwd, &f);
	switch (n) {
	case 0:
		*ret = (struct lke_limit_view){ "multicast_groups", 0, g.joined + g.waiting,
						GROUP_MAX };
		return true;
	case 1:
		*ret = (struct lke_limit_view){ "buffer_octets", 0, f.buffer_bytes,
						d->w->cfg.buffer_total };
		return true;
	case 2:
		*ret = (struct lke_limit_view){ "interfaces", 0, d->links, WORLD_LINKS_MAX };
		return true;
	default:
		return false;
	}
}

/* The engine's first; the cursors are zeroed before the first call. */
struct cursor {
	size_t engine, daemon;
};

static bool next(struct driver *d, struct cursor *c, struct lke_limit_view *ret)
{
	if (lke_engine_next_limit(d->engine, &c->engine, ret))
		return true;
	while (of_daemon(d, c->daemon++, ret))
		if (ret->limit > 0) /* the buffer may be switched off */
			return true;
	return false;
}

json_t *show_limits(struct driver *d)
{
	json_t *list = json_array();
	struct lke_limit_view v;
	struct cursor c = { 0 };

	while (next(d, &c, &v))
		json_array_append_new(
			list, json_pack("{s:s,s:o,s:I,s:I}", "name", v.name, "interface",
					v.ifindex ? json_string(driver_ifname(d, v.ifindex))
						  : json_null(),
					"used", (json_int_t)v.used, "limit", (json_int_t)v.limit));
	return list;
}

void show_limits_trouble(struct driver *d, char *why, size_t size)
{
	struct lke_limit_view v;
	struct cursor c = { 0 };

	/* What is full passes away in a flood of strangers; these two are of nodes that got in. */
	while (!why[0] && next(d, &c, &v))
		if ((strcmp(v.name, "lbsas") == 0 || strcmp(v.name, "bindings") == 0) &&
		    v.used >= v.limit - v.limit / 10)
			snprintf(why, size, "%s%s%s: %llu of %llu are in use; see: lke show limits",
				 v.name, v.ifindex ? " of " : "",
				 v.ifindex ? driver_ifname(d, v.ifindex) : "",
				 (unsigned long long)v.used, (unsigned long long)v.limit);
}
