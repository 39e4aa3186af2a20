/* SPDX-License-Identifier: ISC */
/* Lists and histograms of times. */
#include "sim/campus_priv.h"
#include "sim/simpriv.h"

void campus_times_add(struct campus_times *t, lke_time v)
{
	if (t->n == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 1024;
		t->t = sim_must(realloc(t->t, t->cap * sizeof(*t->t)));
	}
	t->t[t->n++] = v;
}

/* Below 64 ns each has a place of its own; above, 32 places for each doubling. */
static unsigned place(lke_time t)
{
	unsigned shift = 0;

	while (t >> shift >= 2 * CAMPUS_FINE)
		shift++;
	return shift * CAMPUS_FINE + (unsigned)(t >> shift);
}

static lke_time middle(unsigned place)
{
	unsigned shift = place < 2 * CAMPUS_FINE ? 0 : place / CAMPUS_FINE - 1;
	lke_time low = (lke_time)(place - shift * CAMPUS_FINE) << shift;

	return low + ((UINT64_C(1) << shift) >> 1);
}

void campus_histogram_add(struct campus_histogram *h, lke_time t)
{
	h->count[place(t)]++;
}

lke_time campus_histogram_part(const struct campus_histogram *h, double part)
{
	const unsigned places = sizeof(h->count) / sizeof(h->count[0]);
	uint64_t all = 0, upto = 0;
	unsigned last = 0;

	for (unsigned i = 0; i < places; i++)
		all += h->count[i];
	for (unsigned i = 0; i < places && (double)upto < part * (double)all; i++) {
		upto += h->count[i];
		if (h->count[i])
			last = i;
	}
	return all ? middle(last) : 0;
}
