/* SPDX-License-Identifier: ISC */
/* Wake-ups of an attached, idle mobile node in an hour of virtual time. */
#include "../scenario/world.h"
#include "lke/engine.h"

#include <stdio.h>

int main(void)
{
	struct world_options o = { .seed = 1 };
	struct world *w = world_new(&o);
	const struct lke_engine *mn;
	uint64_t out, in;
	unsigned timers = 0;
	lke_time end;

	world_attach(w, 0);
	if (!world_wait_lbsa(w, 0, 60 * LKE_SEC)) {
		fprintf(stderr, "bench_idle: no LBSA\n");
		return 1;
	}
	sim_run_for(w->net, 30 * LKE_SEC);
	mn = w->mn->engine;
	out = lke_engine_stat(mn, LKE_STAT_PACKETS_OUT);
	in = lke_engine_stat(mn, LKE_STAT_PACKETS_IN);
	end = sim_now(w->net) + 3600 * LKE_SEC;
	while (sim_now(w->net) < end) {
		lke_time next = sim_now(w->net) + LKE_MSEC;

		timers += lke_engine_deadline(mn) <= next;
		sim_run(w->net, next);
	}
	out = lke_engine_stat(mn, LKE_STAT_PACKETS_OUT) - out;
	in = lke_engine_stat(mn, LKE_STAT_PACKETS_IN) - in;
	printf("{\"name\": \"idle wake-ups by timer\", \"unit\": \"1/h\", \"value\": %u, "
	       "\"limit\": "
	       "%llu, \"ratio\": %.4f, \"limit_name\": \"packets sent in that hour\", "
	       "\"packets_in\": %llu}\n",
	       timers, (unsigned long long)out, out ? (double)timers / (double)out : 0.0,
	       (unsigned long long)in);
	world_free(w);
	return 0;
}
