/* SPDX-License-Identifier: ISC */
/* What the notes of the engine say in figures: durations, and answers by status. */
#ifndef DAEMON_METER_H
#define DAEMON_METER_H

#include "lke/action.h"

/* Upper bounds of the buckets in nanoseconds, ascending; the last bucket has none. */
#define METER_BUCKETS 16
extern const lke_time meter_bound[METER_BUCKETS - 1];

enum meter_kind {
	METER_KEX,	      /* Key Exchange Request to its acknowledgement */
	METER_BINDING_UPDATE, /* Binding Update to its acknowledgement */
	METER_HANDOVER, /* mobile node: link up to the acknowledgement of the previous router */
	METER_STORE,	/* a write of the sequence store */
	METER_KINDS
};

struct meter_histogram {
	uint64_t count, bucket[METER_BUCKETS]; /* bucket: of its own range only */
	lke_time sum;
};

/* How often something happens now: counts of the last seconds, the present one among them. */
#define METER_RATE_SECONDS 10

struct meter_rate {
	uint64_t second; /* of the last tick */
	uint32_t count[METER_RATE_SECONDS];
};

struct meter {
	struct meter_histogram h[METER_KINDS];
	uint64_t ba[256], keack[256]; /* answers sent, by status */
	struct meter_rate kex;	      /* Key Exchange Requests that reached the private key */
};

void meter_rate_tick(struct meter_rate *r, lke_time now);
/* A second, over the last METER_RATE_SECONDS. */
double meter_rate(const struct meter_rate *r, lke_time now);

void meter_observe(struct meter *m, enum meter_kind kind, lke_time took);
/* now: after the actions before the note have been carried out. */
void meter_note(struct meter *m, const struct lke_note *n, lke_time now);

#endif
