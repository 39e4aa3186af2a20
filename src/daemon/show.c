/* SPDX-License-Identifier: ISC */
/* The state of the daemon as JSON: schema lke.show/1, only ever added to.  No secrets: the views
 * have none. */
#include <string.h>

#include "base/in6.h"
#include "daemon/control.h"
#include "daemon/keylog.h"
#include "daemon/log.h"
#include "platform/linux/clock.h"
#include "present/note_json.h"
#include "store/state_writer.h"

/* Updates without an answer that a busy moment explains: 10.5 s of them. */
enum { UNANSWERED_MAX = 3 };

static json_t *lladdr_json(const struct lke_lladdr *a)
{
	char text[LLADDR_TEXT_MAX];

	return a->len ? json_string(lladdr_text(a, text)) : json_null();
}

/* Seconds until t, null without an end. */
static json_t *left_json(lke_time t)
{
	lke_time now = clock_now();

	if (t == LKE_NEVER)
		return json_null();
	return json_real(t > now ? (double)(t - now) / 1e9 : 0.0);
}

/* Seconds since t, null: never. */
static json_t *ago_json(lke_time t)
{
	lke_time now = clock_now();

	return t ? json_real(t < now ? (double)(now - t) / 1e9 : 0.0) : json_null();
}

static json_t *link_roles(const struct driver *d, const char *name)
{
	const struct lke_config *c = &d->w->cfg.engine;
	json_t *roles = json_array();

	for (unsigned i = 0; i < c->ars; i++)
		if (strcmp(c->ar[i].interface, name) == 0)
			json_array_append_new(roles, json_string("access-router"));
	for (unsigned i = 0; i < c->ha.interfaces; i++)
		if (strcmp(c->ha.interface[i], name) == 0)
			json_array_append_new(roles, json_string("home-agent"));
	if (daemon_config_is_mn_interface(&d->w->cfg, name))
		json_array_append_new(roles, json_string("mobile-node"));
	return roles;
}

static json_t *link_addresses(struct driver *d, uint32_t ifindex)
{
	struct lke_address_view v;
	json_t *list = json_array();
	size_t cursor = 0;

	while (lke_engine_next_address(d->engine, ifindex, &cursor, &v))
		json_array_append_new(list, in6_json(&v.addr));
	return list;
}

static json_t *show_interfaces(struct driver *d, struct show_page *p)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < d->links; i++) {
		const struct driver_link *l = &d->link[i];

		if (!l->last.name[0])
			continue;
		json_array_append_new(
			list, json_pack("{s:s,s:i,s:o,s:o,s:b,s:i,s:b,s:o}", "name", l->last.name,
					"ifindex", (int)l->last.ifindex, "link_layer",
					lladdr_json(&l->last.lladdr), "addresses",
					link_addresses(d, l->last.ifindex), "up", l->last.up, "mtu",
					(int)l->last.mtu, "socket", l->socket.fd >= 0, "roles",
					link_roles(d, l->last.name)));
	}
	return list;
}

static json_t *traffic_json(struct driver *d, bool mobile_side, const struct lke_in6 *home)
{
	struct fwd_tunnel_info t;

	if (!fwd_tunnel_info(d->fwd, mobile_side, home, &t))
		return json_null();
	return json_pack("{s:I,s:I,s:I,s:I,s:i,s:o}", "encap_packets", (json_int_t)t.encap,
			 "encap_bytes", (json_int_t)t.encap_bytes, "decap_packets",
			 (json_int_t)t.decap, "decap_bytes", (json_int_t)t.decap_bytes, "path_mtu",
			 (int)t.path_mtu, "last_packet", ago_json(t.last));
}

static json_t *binding_json(struct driver *d, const struct lke_binding_view *v)
{
	return json_pack("{s:s,s:o,s:o,s:o,s:s,s:i,s:i,s:o,s:o,s:o}", "role", role_text(v->role),
			 "home_address", in6_json(&v->home), "agent", in6_json(&v->agent),
			 "care_of_address", in6_json(&v->coa), "state",
			 lke_binding_state_name(v->state), "sequence", (int)v->seq, "unanswered",
			 (int)v->unanswered, "refused",
			 v->refused ? json_integer(v->refused) : json_null(), "expires_in",
			 left_json(v->expires), "traffic",
			 traffic_json(d, v->role == LKE_ROLE_MN, &v->home));
}

/* The binding of what is shown, so that nobody has to search for it; null: none. */
static json_t *binding_of(struct driver *d, enum lke_role role, const struct lke_in6 *home)
{
	struct lke_binding_view v;

	if (!lke_engine_find_binding(d->engine, home, &v) || v.role != role)
		return json_null();
	return binding_json(d, &v);
}

static json_t *show_lbsas(struct driver *d, struct show_page *p)
{
	json_t *list = json_array();
	struct lke_lbsa_view v;
	size_t peek;

	while (json_array_size(list) < p->most && lke_engine_next_lbsa(d->engine, &p->cursor, &v)) {
		struct fwd_buffer_info waiting;
		json_t *j = json_pack("{s:s,s:s,s:o,s:o,s:o,s:o,s:s,s:b,s:b,s:b,s:o,s:i}", "role",
				      role_text(v.role), "interface", driver_ifname(d, v.ifindex),
				      "care_of_address", in6_json(&v.coa), "access_router",
				      in6_json(&v.ar), "peer_link_local", in6_json(&v.peer_ll),
				      "peer_link_layer", lladdr_json(&v.peer_lladdr), "state",
				      lke_lbsa_state_name(v.state), "proved", v.proved, "cached_na",
				      v.cached_na, "bound", v.bound, "expires_in",
				      left_json(v.expires), "kex_sequence", (int)v.kex_seq);

		fwd_buffer_info(d->fwd, &v.coa, &waiting);
		json_object_set_new(j, "leaving", json_boolean(v.leaving));
		json_object_set_new(j, "previous", json_boolean(v.previous));
		if (v.role == LKE_ROLE_AR)
			json_object_set_new(j, "buffered",
					    json_pack("{s:i,s:I}", "packets", (int)waiting.packets,
						      "bytes", (json_int_t)waiting.bytes));
		if (v.role == LKE_ROLE_AR)
			json_object_set_new(j, "binding", binding_of(d, v.role, &v.coa));
		json_object_set_new(j, "bu_sequence",
				    v.has_bu_seq ? json_integer(v.bu_seq) : json_null());
		json_array_append_new(list, j);
	}
	peek = p->cursor;
	p->more = lke_engine_next_lbsa(d->engine, &peek, &v);
	return list;
}

static json_t *show_bindings(struct driver *d, struct show_page *p)
{
	json_t *list = json_array();
	struct lke_binding_view v;
	size_t peek;

	while (json_array_size(list) < p->most &&
	       lke_engine_next_binding(d->engine, &p->cursor, &v))
		json_array_append_new(list, binding_json(d, &v));
	peek = p->cursor;
	p->more = lke_engine_next_binding(d->engine, &peek, &v);
	return list;
}

static json_t *servers_json(const struct lke_router_view *v)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < v->rdnss_count; i++)
		json_array_append_new(list, in6_json(&v->rdnss[i]));
	return list;
}

static json_t *show_routers(struct driver *d, struct show_page *p)
{
	json_t *list = json_array();
	struct lke_router_view v;
	size_t cursor = 0;

	while (lke_engine_next_router(d->engine, &cursor, &v))
		json_array_append_new(
			list,
			json_pack("{s:s,s:o,s:o,s:b,s:b,s:i,s:o,s:o,s:b,s:o}", "interface",
				  driver_ifname(d, v.ifindex), "link_local", in6_json(&v.ll),
				  "link_layer", lladdr_json(&v.lladdr), "chosen", v.chosen, "lke",
				  v.lke, "rsa_bits", (int)v.rsa_bits, "expires_in",
				  left_json(v.expires), "care_of_address", in6_json(&v.coa),
				  "tentative", v.coa_tentative, "dns_servers", servers_json(&v)));
	return list;
}

static json_t *show_mobiles(struct driver *d, struct show_page *p)
{
	json_t *list = json_array();
	struct lke_mobile_view v;
	size_t peek;

	while (json_array_size(list) < p->most &&
	       lke_engine_next_mobile(d->engine, &p->cursor, &v)) {
		json_t *j =
			json_pack("{s:s,s:o,s:b,s:i,s:i,s:I,s:I}", "name", v.name, "home_address",
				  in6_json(&v.home), "suspended", v.suspended, "key_generation",
				  (int)v.generation, "sequence_used", (int)v.used, "accepted",
				  (json_int_t)v.accepted, "refused", (json_int_t)v.refused);

		json_object_set_new(j, "last_sequence",
				    v.has_seq ? json_integer(v.last_seq) : json_null());
		json_object_set_new(j, "binding", binding_of(d, LKE_ROLE_HA, &v.home));
		json_object_set_new(j, "floor_lost", json_boolean(v.floor_lost));
		json_object_set_new(j, "next_key_generation",
				    v.next_generation ? json_integer(v.next_generation)
						      : json_null());
		json_array_append_new(list, j);
	}
	peek = p->cursor;
	p->more = lke_engine_next_mobile(d->engine, &peek, &v);
	return list;
}

static json_t *show_agents(struct driver *d, struct show_page *p)
{
	json_t *list = json_array();
	struct lke_agent_view v;
	size_t cursor = 0;

	while (lke_engine_next_agent(d->engine, &cursor, &v)) {
		json_t *addresses = json_array();

		for (unsigned n = 0; n < v.addrs; n++)
			json_array_append_new(addresses, in6_json(&v.addr[n]));
		json_array_append_new(
			list,
			json_pack("{s:s,s:o,s:i,s:o,s:o}", "interface", driver_ifname(d, v.ifindex),
				  "link_local", in6_json(&v.ll), "preference", (int)v.preference,
				  "expires_in", left_json(v.expires), "addresses", addresses));
	}
	return list;
}

static json_t *sequences(struct driver *d, struct show_page *p)
{
	return show_sequences(d->engine, p);
}

static void plane_json(struct driver *d, json_t *counters, json_t *drops)
{
	struct fwd_counters f;
	json_t *j;

	fwd_counters(d->fwd, &f);
	j = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:i}", "encap_packets",
		      (json_int_t)f.encap, "encap_bytes", (json_int_t)f.encap_bytes,
		      "decap_packets", (json_int_t)f.decap, "decap_bytes",
		      (json_int_t)f.decap_bytes, "direct", (json_int_t)f.direct, "too_big",
		      (json_int_t)f.too_big, "fragmented", (json_int_t)f.fragmented, "reassembled",
		      (json_int_t)f.reassembled, "reassembly_expired",
		      (json_int_t)f.reassembly_expired, "superpackets", (json_int_t)f.superpackets,
		      "send_errors", (json_int_t)f.send_errors, "unmatched",
		      (json_int_t)f.unmatched, "events_lost", (json_int_t)f.events_lost, "tunnels",
		      (int)f.tunnels);
	json_object_set_new(j, "fast_bindings", json_integer((json_int_t)f.fast_bindings));
	json_object_set_new(j, "fast_packets", json_integer((json_int_t)f.fast_packets));
	json_object_set_new(j, "fast_refused", json_integer((json_int_t)f.fast_refused));
	json_object_set_new(j, "joined", json_integer((json_int_t)f.joined));
	json_object_set_new(j, "buffered", json_integer((json_int_t)f.buffered));
	json_object_set_new(j, "buffer_flushed", json_integer((json_int_t)f.flushed));
	json_object_set_new(j, "buffer_on_link", json_integer((json_int_t)f.on_link));
	json_object_set_new(j, "buffer_packets", json_integer((json_int_t)f.buffer_packets));
	json_object_set_new(j, "buffer_bytes", json_integer((json_int_t)f.buffer_bytes));
	json_object_set_new(counters, "plane", j);
	for (unsigned i = 1; i < LKE_DROP_COUNT; i++) {
		uint64_t n = f.drop[i] + lke_engine_drops(d->engine, (enum lke_drop)i);

		if (n)
			json_object_set_new(drops, lke_drop_name((enum lke_drop)i),
					    json_integer((json_int_t)n));
	}
}

/* Without the membership a snooping bridge keeps solicitations for a care-of address away. */
static void groups_json(struct driver *d, json_t *counters)
{
	struct group_stats g;

	group_stats(d->w->group, &g);
	json_object_set_new(counters, "groups_joined", json_integer(g.joined));
	json_object_set_new(counters, "groups_waiting", json_integer(g.waiting));
	json_object_set_new(counters, "groups_refused", json_integer((json_int_t)g.refused));
}

static void add_counters(struct driver *d, json_t *top)
{
	json_t *counters = json_object(), *drops = json_object();

	for (unsigned i = 0; i < LKE_STAT_COUNT; i++)
		json_object_set_new(
			counters, lke_stat_name((enum lke_stat)i),
			json_integer((json_int_t)lke_engine_stat(d->engine, (enum lke_stat)i)));
	json_object_set_new(counters, "send_errors", json_integer((json_int_t)d->send_errors));
	json_object_set_new(counters, "kernel_errors", json_integer((json_int_t)d->kernel_errors));
	json_object_set_new(counters, "requests_lost", json_integer((json_int_t)d->requests_lost));
	json_object_set_new(counters, "audit_lost", json_integer((json_int_t)d->audit_lost));
	json_object_set_new(counters, "monitor_overruns",
			    json_integer((json_int_t)mon_overruns(d->mon)));
	groups_json(d, counters);
	plane_json(d, counters, drops);
	json_object_set_new(top, "counters", counters);
	json_object_set_new(top, "drops", drops);
}

static json_t *rsa_json(struct driver *d)
{
	const struct lke_config *c = &d->w->cfg.engine;
	unsigned percent = 0, most;

	for (unsigned i = 0; i < c->ars; i++)
		if (c->ar[i].kex_cpu_percent > percent)
			percent = c->ar[i].kex_cpu_percent;
	most = (unsigned)((uint64_t)d->rsa_ops * percent / 100);
	return json_pack("{s:i,s:s,s:i,s:f,s:i}", "bits", (int)d->rsa_bits, "sha256",
			 d->rsa_fingerprint, "ops_per_sec", (int)d->rsa_ops, "kex_per_sec",
			 meter_rate(&d->meter.kex, clock_now()), "kex_max_per_sec",
			 (int)(most ? most : 1));
}

static void add_head(struct driver *d, json_t *top)
{
	const struct lke_config *c = &d->w->cfg.engine;
	json_t *roles = json_array();
	struct state_writer_stat st;

	if (c->ars)
		json_array_append_new(roles, json_string("access-router"));
	if (c->ha.interfaces)
		json_array_append_new(roles, json_string("home-agent"));
	if (c->mn.interfaces)
		json_array_append_new(roles, json_string("mobile-node"));
	json_object_set_new(top, "schema", json_string("lke.show/1"));
	json_object_set_new(top, "version", json_string(LKE_VERSION));
	json_object_set_new(top, "profile",
			    json_string(c->profile == LKE_PROFILE_DRAFT01 ? "draft01" : "default"));
	json_object_set_new(top, "roles", roles);
	json_object_set_new(top, "uptime", json_real((double)(clock_now() - d->started) / 1e9));
	json_object_set_new(top, "forward", json_string(d->w->fast_counts ? "bpf" : "tun"));
	if (!d->w->fast_counts)
		json_object_set_new(top, "forward_reason", json_string(d->w->forward_why));
	if (keylog_on(d))
		json_object_set_new(top, "keylog", json_true());
	if (driver_state_stat(d, &st))
		json_object_set_new(
			top, "state_file",
			json_pack("{s:i,s:I,s:I,s:I,s:I,s:I,s:f}", "complete", (int)st.complete,
				  "octets", (json_int_t)st.size[0] + (json_int_t)st.size[1],
				  "records", (json_int_t)st.records, "syncs", (json_int_t)st.syncs,
				  "rewrites", (json_int_t)st.rewrites, "errors",
				  (json_int_t)st.errors, "longest_turn", (double)st.longest / 1e9));
	if (d->rsa_bits)
		json_object_set_new(top, "rsa", rsa_json(d));
}

static json_t *limits(struct driver *d, struct show_page *p)
{
	return show_limits(d);
}

/* What an access router and a home agent have, however little of it is shown. */
static json_t *totals(struct driver *d)
{
	json_int_t bindings = 0, mobiles = 0;
	size_t lbsas[LKE_LBSA_STATE_COUNT], cursor;
	struct lke_binding_view b;
	struct lke_mobile_view m;

	lke_engine_count_lbsas(d->engine, LKE_ROLE_AR, lbsas);
	for (cursor = 0; lke_engine_next_binding(d->engine, &cursor, &b);)
		bindings += b.role == LKE_ROLE_AR;
	for (cursor = 0; lke_engine_next_mobile(d->engine, &cursor, &m);)
		mobiles++;
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "lbsas",
			 (json_int_t)lbsas[LKE_LBSA_VALID] + (json_int_t)lbsas[LKE_LBSA_TENTATIVE] +
				 (json_int_t)lbsas[LKE_LBSA_TOMBSTONE],
			 "lbsas_valid", (json_int_t)lbsas[LKE_LBSA_VALID], "lbsas_tentative",
			 (json_int_t)lbsas[LKE_LBSA_TENTATIVE], "cached_nas",
			 (json_int_t)lke_engine_count_cached_na(d->engine), "bindings", bindings,
			 "mobiles", mobiles);
}

json_t *show_json(struct driver *d, const char *what, size_t most, uint64_t from)
{
	static const struct {
		const char *what, *name;
		json_t *(*fn)(struct driver *d, struct show_page *p);
	} part[] = {
		{ "interfaces", "interfaces", show_interfaces },
		{ "lbsa", "lbsas", show_lbsas },
		{ "bindings", "bindings", show_bindings },
		{ "routers", "routers", show_routers },
		{ "mobiles", "mobiles", show_mobiles },
		{ "agents", "home_agents", show_agents },
		{ "sequences", "sequences", sequences },
		{ "limits", "limits", limits },
	};
	struct show_page p = { .most = most && most < SHOW_PAGE ? most : SHOW_PAGE };
	bool all = !what || strcmp(what, "all") == 0, known = all;
	json_t *top = json_object(), *next = json_object();

	add_head(d, top);
	if (all)
		json_object_set_new(top, "totals", totals(d));
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		if (!all && strcmp(part[i].what, what) != 0)
			continue;
		p.cursor = all ? 0 : (size_t)from;
		p.more = false;
		json_object_set_new(top, part[i].name, part[i].fn(d, &p));
		if (p.more)
			json_object_set_new(next, part[i].name, json_integer((json_int_t)p.cursor));
		known = true;
	}
	if (json_object_size(next))
		json_object_set(top, "next", next);
	json_decref(next);
	if (all || strcmp(what, "counters") == 0) {
		add_counters(d, top);
		known = true;
	}
	/* Not among all: other ones a moment later, and nothing that the rest does not say. */
	if (what && strcmp(what, "timers") == 0) {
		json_object_set_new(top, "timers", show_timers(d, most ? most : SIZE_MAX));
		known = true;
	}
	if (known)
		return top;
	json_decref(top);
	return NULL;
}

/* SEC-064: a mobile node that should have dynamic keys. */
static void find_fast_mobile(struct driver *d, char *why, size_t size)
{
	unsigned limit = d->w->cfg.engine.ha.require_dynamic_above;
	struct lke_mobile_view v;
	size_t cursor = 0;

	while (limit && !why[0] && lke_engine_next_mobile(d->engine, &cursor, &v)) {
		double days = (double)v.over / 86400e9;

		if (v.advances >= 60 && v.over && v.advances / days > limit)
			snprintf(why, size,
				 "%s uses %.0f sequence numbers a day, above RequireDynamicAbove = "
				 "%u; rekey it in time, see: lke show sequences",
				 v.name, v.advances / days, limit);
	}
}

/* Addresses that are refused until the operator acts. */
static void find_lost(struct driver *d, char *why, size_t size)
{
	struct lke_mobile_view v;
	char text[IN6_TEXT_MAX];
	size_t cursor = 0;
	unsigned n = 0;

	while (lke_engine_next_mobile(d->engine, &cursor, &v))
		if (v.floor_lost && n++ == 0)
			in6_text(&v.home, text);
	if (n > 0)
		snprintf(why, size,
			 "%u home addresses are refused, their sequence floor is lost or their key "
			 "retired; the first: lke rekey %s",
			 n, text);
}

static bool is_home_address(const struct driver *d, const struct lke_in6 *addr)
{
	const struct lke_config_mn *mn = &d->w->cfg.engine.mn;

	for (unsigned i = 0; i < mn->homes; i++)
		if (in6_eq(&mn->home[i].addr, addr))
			return true;
	return false;
}

/* Is this the address of the node where it is now? */
static bool is_present(struct driver *d, const struct lke_in6 *addr)
{
	struct lke_router_view r;
	size_t cursor = 0;

	while (lke_engine_next_router(d->engine, &cursor, &r))
		if (r.chosen && in6_eq(&r.coa, addr))
			return true;
	return false;
}

/* Whose Binding Updates nobody answers.  A home agent goes before an access router: more depends
 * on it. */
static bool find_silent(struct driver *d, struct lke_binding_view *ret)
{
	struct lke_binding_view v;
	size_t cursor = 0;
	bool found = false;

	while (lke_engine_next_binding(d->engine, &cursor, &v)) {
		if (v.role != LKE_ROLE_MN || v.unanswered <= UNANSWERED_MAX)
			continue;
		if (!found || is_home_address(d, &v.home))
			*ret = v;
		found = true;
		if (is_home_address(d, &v.home))
			break;
	}
	return found;
}

/* Its last answer; a binding of before may still be in force. */
static void find_refusal(struct driver *d, char *why, size_t size)
{
	char agent[IN6_TEXT_MAX], home[IN6_TEXT_MAX];
	struct lke_binding_view v;
	size_t cursor = 0;

	while (!why[0] && lke_engine_next_binding(d->engine, &cursor, &v))
		if (v.role == LKE_ROLE_MN && v.refused && is_home_address(d, &v.home))
			snprintf(why, size,
				 "the home agent %s refuses %s: %s (status %u); there, see: lke "
				 "show mobiles",
				 in6_text(&v.agent, agent), in6_text(&v.home, home),
				 lke_status_text(v.refused), v.refused);
}

/* A wrong key, a wrong address and a firewall look alike to a mobile node. */
static void find_silent_agent(struct driver *d, char *why, size_t size)
{
	char agent[IN6_TEXT_MAX], home[IN6_TEXT_MAX];
	struct lke_binding_view v;

	if (!find_silent(d, &v))
		return;
	if (is_home_address(d, &v.home))
		snprintf(why, size,
			 "the home agent %s does not answer for %s; compare HomeAgent and Key "
			 "there, and see whether ESP passes",
			 in6_text(&v.agent, agent), in6_text(&v.home, home));
	else if (is_present(d, &v.home))
		snprintf(why, size,
			 "the access router %s does not answer for %s, which is here again; see "
			 "whether it runs, and whether a firewall drops the Mobility Header",
			 in6_text(&v.agent, agent), in6_text(&v.home, home));
}

/* One line: why not healthy, or "" */
static void find_trouble(struct driver *d, char *why, size_t size)
{
	const struct lke_config *c = &d->w->cfg.engine;
	struct lke_router_view v;
	struct group_stats g;
	size_t cursor = 0;
	bool chosen = false;
	struct state_writer_stat st;

	why[0] = '\0';
	if (!driver_store_trouble(d, why, size))
		find_lost(d, why, size);
	for (unsigned i = 0; i < d->links && !why[0]; i++)
		if (daemon_config_has_interface(&d->w->cfg, d->link[i].last.name) &&
		    !d->link[i].last.up &&
		    !daemon_config_is_mn_interface(&d->w->cfg, d->link[i].last.name))
			snprintf(why, size, "interface %s is down; run: ip link set %s up",
				 d->link[i].last.name, d->link[i].last.name);
	for (unsigned i = 0; i < c->ars && !why[0]; i++) {
		bool found = false;

		for (unsigned j = 0; j < d->links; j++)
			found |= strcmp(d->link[j].last.name, c->ar[i].interface) == 0;
		if (!found)
			snprintf(why, size,
				 "interface %s does not exist; make it, or correct Interface",
				 c->ar[i].interface);
	}
	group_stats(d->w->group, &g);
	if (!why[0] && g.waiting > g.untried)
		snprintf(
			why, size,
			"%u multicast groups cannot be joined (%s): behind a snooping bridge their "
			"addresses are not defended; raise net.core.optmem_max, restart lked",
			g.waiting - g.untried, strerror(-g.last_error));
	show_limits_trouble(d, why, size);
	if (!why[0])
		find_fast_mobile(d, why, size);
	while (lke_engine_next_router(d->engine, &cursor, &v))
		chosen |= v.chosen;
	if (!why[0] && c->mn.interfaces && !chosen)
		snprintf(why, size, "no router is chosen on any interface; see: lke show routers");
	if (!why[0])
		find_refusal(d, why, size);
	if (!why[0])
		find_silent_agent(d, why, size);
	if (!why[0] && driver_state_stat(d, &st) && st.errors && st.complete < 2)
		snprintf(why, size,
			 "the state files could not be written (disk full?): a restart may cost "
			 "handovers; make room there");
	if (!why[0] && d->requests_lost)
		snprintf(why, size, "requests to the kernel were lost; restart lked");
	if (!why[0] && keylog_on(d))
		snprintf(why, size,
			 "the key log is on: keys leave this host's memory; lke keylog off");
	if (!why[0] && d->kernel_errors)
		snprintf(why, size,
			 "the kernel refused %llu requests, see: journalctl -u lked; the last: %s",
			 (unsigned long long)d->kernel_errors, d->last_kernel_error);
}

/* A reload that nobody confirms is no trouble: it ends by itself.  Nor is a router of the past that
 * is out of reach: where the node is now, all goes on; connections from there do not. */
static void say_well(struct driver *d, char *why, size_t size)
{
	char agent[IN6_TEXT_MAX], home[IN6_TEXT_MAX];
	lke_time now = clock_now();
	struct lke_binding_view v;

	if (d->confirm_until > now)
		snprintf(why, size,
			 "all is well; the reload is undone in %u s without: lke confirm",
			 (unsigned)((d->confirm_until - now) / LKE_SEC));
	else if (find_silent(d, &v))
		snprintf(why, size,
			 "all is well here; the former access router %s does not answer for %s, "
			 "whose connections stop; see whether it runs, and whether a firewall "
			 "drops the Mobility Header",
			 in6_text(&v.agent, agent), in6_text(&v.home, home));
	else
		snprintf(why, size, "all is well");
}

json_t *show_status(struct driver *d)
{
	char why[256];
	bool healthy;

	find_trouble(d, why, sizeof(why));
	healthy = why[0] == '\0';
	if (healthy)
		say_well(d, why, sizeof(why));
	return json_pack("{s:s,s:b,s:s}", "schema", "lke.status/1", "healthy", healthy, "why", why);
}

json_t *show_note(struct driver *d, const struct lke_note *n)
{
	json_t *j = note_json(n, driver_ifname(d, n->ifindex));
	lke_time now = clock_now();

	if (!j)
		return NULL;
	json_object_set_new(j, "time", json_real((double)now / 1e9));
	if (n->type == LKE_NOTE_MESSAGE)
		json_object_set_new(j, "cost", json_real((double)(now - d->input_at) / 1e9));
	return j;
}
