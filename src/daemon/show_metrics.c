/* SPDX-License-Identifier: ISC */
/*
 * The figures of the daemon by name: schema lke.metrics/1, only ever added to.  A family has
 * samples with labels; base units, totals end in _total, no label names a mobile node.
 */
#include <string.h>

#include "daemon/control.h"
#include "platform/linux/clock.h"

#define SEQUENCE_BUDGET 32768 /* AMB-172 */

/* A new family; its samples are *ret. */
static json_t *family(json_t *list, const char *name, const char *type, const char *help)
{
	json_t *samples = json_array();

	json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:o}", "name", name, "type", type,
					      "help", help, "samples", samples));
	return samples;
}

static void sample(json_t *samples, const char *label, const char *value, json_t *number)
{
	json_t *labels = label ? json_pack("{s:s}", label, value) : json_object();

	json_array_append_new(samples, json_pack("{s:o,s:o}", "labels", labels, "value", number));
}

static void plain(json_t *list, const char *name, const char *type, const char *help, uint64_t n)
{
	sample(family(list, name, type, help), NULL, NULL, json_integer((json_int_t)n));
}

static uint64_t leaving(struct driver *d)
{
	struct lke_limit_view v;
	size_t cursor = 0;

	while (lke_engine_next_limit(d->engine, &cursor, &v))
		if (strcmp(v.name, "nodes_leaving") == 0)
			return v.used;
	return 0;
}

static void lbsas(struct driver *d, json_t *list)
{
	size_t router[LKE_LBSA_STATE_COUNT], mobile[LKE_LBSA_STATE_COUNT];
	json_t *s =
		family(list, "lke_lbsas", "gauge", "Local binding security associations by state.");

	lke_engine_count_lbsas(d->engine, LKE_ROLE_AR, router);
	lke_engine_count_lbsas(d->engine, LKE_ROLE_MN, mobile);
	for (unsigned i = 0; i < LKE_LBSA_STATE_COUNT; i++)
		sample(s, "state", lke_lbsa_state_name((enum lke_lbsa_state)i),
		       json_integer((json_int_t)router[i] + (json_int_t)mobile[i]));
	plain(list, "lke_leaving", "gauge",
	      "Mobile nodes whose packets are kept until they come back.", leaving(d));
}

static void bindings(struct driver *d, json_t *list)
{
	uint64_t n[LKE_BINDING_STATE_COUNT] = { 0 };
	json_t *s = family(list, "lke_bindings", "gauge", "Bindings by state.");
	struct lke_binding_view v;
	size_t cursor = 0;

	while (lke_engine_next_binding(d->engine, &cursor, &v))
		n[v.state]++;
	for (unsigned i = 0; i < LKE_BINDING_STATE_COUNT; i++)
		sample(s, "state", lke_binding_state_name((enum lke_binding_state)i),
		       json_integer((json_int_t)n[i]));
}

static void answers(json_t *list, const char *name, const char *help, const uint64_t by_status[256])
{
	json_t *s = family(list, name, "counter", help);
	char status[4];

	for (unsigned i = 0; i < 256; i++) {
		/* Acceptance is there from the start, so that a rate has a first value. */
		if (!by_status[i] && i != 0)
			continue;
		snprintf(status, sizeof(status), "%u", i);
		sample(s, "status", status, json_integer((json_int_t)by_status[i]));
	}
}

static void histogram(struct driver *d, json_t *list, enum meter_kind kind, const char *name,
		      const char *help)
{
	const struct meter_histogram *h = &d->meter.h[kind];
	json_t *buckets = json_array();
	uint64_t n = 0;

	for (unsigned i = 0; i < METER_BUCKETS - 1; i++) {
		n += h->bucket[i];
		json_array_append_new(buckets,
				      json_pack("{s:f,s:I}", "le", (double)meter_bound[i] / 1e9,
						"count", (json_int_t)n));
	}
	json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:o,s:f,s:I}", "name", name, "type",
					      "histogram", "help", help, "buckets", buckets, "sum",
					      (double)h->sum / 1e9, "count", (json_int_t)h->count));
}

static void durations(struct driver *d, json_t *list)
{
	histogram(d, list, METER_KEX, "lke_kex_duration_seconds",
		  "From a Key Exchange Request to its acknowledgement.");
	histogram(d, list, METER_BINDING_UPDATE, "lke_binding_update_duration_seconds",
		  "From a Binding Update to its acknowledgement.");
	histogram(
		d, list, METER_HANDOVER, "lke_handover_interruption_seconds",
		"From the carrier of the new link to the acknowledgement of the previous router.");
	histogram(d, list, METER_STORE, "lke_store_write_duration_seconds",
		  "Writes of sequence numbers to stable storage.");
}

static bool is_limit(enum lke_drop r)
{
	return r == LKE_DROP_RATE_LL || r == LKE_DROP_RATE_MAC || r == LKE_DROP_RATE_RSA ||
	       r == LKE_DROP_RATE_DAD || r == LKE_DROP_RATE_ANSWER;
}

static void drops(struct driver *d, json_t *list)
{
	json_t *dropped =
		family(list, "lke_dropped_total", "counter", "Packets dropped by reason.");
	json_t *limited = family(list, "lke_rate_limited_total", "counter",
				 "Packets dropped by a limit of rate.");
	struct fwd_counters f;

	fwd_counters(d->fwd, &f);
	for (unsigned i = 1; i < LKE_DROP_COUNT; i++) {
		enum lke_drop r = (enum lke_drop)i;
		uint64_t n = f.drop[i] + lke_engine_drops(d->engine, r);

		if (n)
			sample(is_limit(r) ? limited : dropped, "reason", lke_drop_name(r),
			       json_integer((json_int_t)n));
	}
}

static void tunnels(struct driver *d, json_t *list)
{
	json_t *packets =
		family(list, "lke_tunnel_packets_total", "counter", "Packets through the tunnels.");
	json_t *octets =
		family(list, "lke_tunnel_bytes_total", "counter", "Octets through the tunnels.");
	struct fwd_counters f;

	fwd_counters(d->fwd, &f);
	sample(packets, "direction", "encapsulated", json_integer((json_int_t)f.encap));
	sample(packets, "direction", "decapsulated", json_integer((json_int_t)f.decap));
	sample(octets, "direction", "encapsulated", json_integer((json_int_t)f.encap_bytes));
	sample(octets, "direction", "decapsulated", json_integer((json_int_t)f.decap_bytes));
	plain(list, "lke_buffered_packets", "gauge", "Packets kept for mobile nodes that leave.",
	      f.buffer_packets);
}

static void sequence_budget(struct driver *d, json_t *list)
{
	json_t *s = family(list, "lke_sequence_budget_remaining_min", "gauge",
			   "Sequence numbers left under the manual key that is nearest its end.");
	uint32_t most = 0;
	struct lke_mobile_view v;
	size_t cursor = 0;
	bool any = false;

	while (lke_engine_next_mobile(d->engine, &cursor, &v)) {
		most = v.used > most ? v.used : most;
		any = true;
	}
	if (any)
		sample(s, NULL, NULL,
		       json_integer(most < SEQUENCE_BUDGET ? SEQUENCE_BUDGET - (int)most : 0));
}

static void kernel(struct driver *d, json_t *list)
{
	json_t *s = family(list, "lke_kernel_retries_total", "counter",
			   "What had to be asked of the kernel again.");

	sample(s, "op", "monitor_resync", json_integer((json_int_t)mon_overruns(d->mon)));
	plain(list, "lke_kernel_errors_total", "counter", "Requests that the kernel refused.",
	      d->kernel_errors);
	plain(list, "lke_send_errors_total", "counter", "Packets that could not be sent.",
	      d->send_errors);
	plain(list, "lke_reloads_total", "counter",
	      "Configurations taken over while lked runs, undone ones included.", d->reloads);
}

static void add_build(json_t *list)
{
	sample(family(list, "lke_build_info", "gauge", "Version of the program."), "version",
	       LKE_VERSION, json_integer(1));
}

json_t *show_metrics(struct driver *d)
{
	json_t *list = json_array();
	struct lke_engine *e = d->engine;

	add_build(list);
	plain(list, "lke_uptime_seconds", "gauge", "Since the start of lked.",
	      (clock_now() - d->started) / LKE_SEC);
	lbsas(d, list);
	bindings(d, list);
	answers(list, "lke_kex_requests_total", "Key Exchange Requests answered, by status.",
		d->meter.keack);
	answers(list, "lke_binding_updates_total", "Binding Updates answered, by status.",
		d->meter.ba);
	durations(d, list);
	plain(list, "lke_handovers_total", "counter", "Handovers of this mobile node.",
	      lke_engine_stat(e, LKE_STAT_HANDOVERS));
	plain(list, "lke_fallbacks_total", "counter",
	      "Handovers for which the home agent had to be asked.",
	      lke_engine_stat(e, LKE_STAT_FALLBACKS));
	plain(list, "lke_rsa_operations_total", "counter", "Private key operations.",
	      lke_engine_stat(e, LKE_STAT_RSA_PRIVATE));
	plain(list, "lke_replays_rejected_total", "counter", "Replayed messages refused.",
	      lke_engine_stat(e, LKE_STAT_REPLAYS_REJECTED));
	drops(d, list);
	tunnels(d, list);
	sequence_budget(d, list);
	kernel(d, list);
	return json_pack("{s:s,s:s,s:o}", "schema", "lke.metrics/1", "version", LKE_VERSION,
			 "families", list);
}
