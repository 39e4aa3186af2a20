/* SPDX-License-Identifier: ISC */
/*
 * The whole protocol in virtual time: how many handovers (movement, Router Advertisement, Binding
 * Update, Acknowledgement, Finished, all engines and links simulated) one core does in a second,
 * and how often an idle attached mobile node wants to be woken in an hour.  Prints "NAME NUMBER"
 * lines.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "world.h"

#define HANDOVERS 400u

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static unsigned wakeups(struct world *w, lke_time d)
{
	lke_time end = sim_now(w->net) + d, at;
	unsigned n = 0;

	while ((at = lke_engine_deadline(w->mn->engine)) < end) {
		sim_run(w->net, at);
		n++;
	}
	sim_run(w->net, end);
	return n;
}

int main(void)
{
	struct world_options o = { .seed = 1 };
	struct world *w = world_new(&o);
	double t;

	world_attach(w, 0);
	if (!world_wait_lbsa(w, 0, 60 * LKE_SEC))
		return 1;
	t = seconds();
	for (unsigned n = 0; n < HANDOVERS; n++) {
		sim_move(w->mn, 0, w->link[(n + 1) % 3], 20 * LKE_MSEC);
		sim_run_for(w->net, LKE_SEC);
	}
	printf("handovers %.0f\n", HANDOVERS / (seconds() - t));
	sim_run_for(w->net, 600 * LKE_SEC);
	printf("wakeups_per_hour %u\n", wakeups(w, 3600 * LKE_SEC));
	world_free(w);
	return 0;
}
