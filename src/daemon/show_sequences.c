/* SPDX-License-Identifier: ISC */
/* lke show sequences: how long a manual key lasts, to the limits of AMB-172: what the window
 * remembers, and the whole space of RFC 6275 15.3. */
#include "base/in6.h"
#include "daemon/control.h"

static json_t *days_json(const struct lke_mobile_view *v, uint32_t limit)
{
	uint32_t days = lke_sequence_days(v->used, limit, v->advances, v->over);

	return days == UINT32_MAX ? json_null() : json_integer(days);
}

json_t *show_sequences(const struct lke_engine *e, struct show_page *p)
{
	json_t *list = json_array();
	struct lke_mobile_view v;
	char home[IN6_TEXT_MAX];
	size_t peek;

	while (json_array_size(list) < p->most && lke_engine_next_mobile(e, &p->cursor, &v)) {
		double days = (double)v.over / 86400e9;

		in6_text(&v.home, home);
		json_array_append_new(list,
				      json_pack("{s:s,s:s,s:i,s:o,s:i,s:o,s:o,s:o}", "name", v.name,
						"home_address", home, "key_generation",
						(int)v.generation, "last_sequence",
						v.has_seq ? json_integer(v.last_seq) : json_null(),
						"used", (int)v.used, "per_day",
						v.over ? json_real(v.advances / days) : json_null(),
						"days_to_window", days_json(&v, 32768),
						"days_to_cycle", days_json(&v, 65536)));
	}
	peek = p->cursor;
	p->more = lke_engine_next_mobile(e, &peek, &v);
	return list;
}
