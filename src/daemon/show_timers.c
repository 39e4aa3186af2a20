/* SPDX-License-Identifier: ISC */
/* What the engine will do next by itself, the earliest first. */
#include "base/in6.h"
#include "daemon/control.h"
#include "platform/linux/clock.h"
#include "present/note_json.h"

static json_t *timer_json(struct driver *d, const struct lke_timer_view *v)
{
	char text[IN6_TEXT_MAX];
	lke_time now = clock_now();

	return json_pack(
		"{s:s,s:s,s:f,s:o,s:o}", "name", v->name, "role", role_text(v->role), "due",
		v->at > now ? (double)(v->at - now) / 1e9 : 0.0, "interface",
		v->ifindex ? json_string(driver_ifname(d, v->ifindex)) : json_null(), "address",
		in6_is_unspecified(&v->addr) ? json_null() : json_string(in6_text(&v->addr, text)));
}

json_t *show_timers(struct driver *d, size_t most)
{
	static struct lke_timer_view view[LKE_TIMERS_MAX];
	json_t *list = json_array();
	size_t all, n = lke_engine_timers(d->engine, view, most, &all);

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, timer_json(d, &view[i]));
	return json_pack("{s:o,s:I}", "next", list, "all", (json_int_t)all);
}
