/* SPDX-License-Identifier: ISC */
/* The timers of the engine, for people: what is due when, and for whom. */
#include "core/access_router.h"
#include "core/home_agent.h"
#include "core/mobile_node.h"

enum owner {
	OF_NOBODY,
	OF_AR_LINK,
	OF_LBSA,
	OF_REQUEST,
	OF_BINDING,
	OF_MN_LINK,
	OF_MN_ADDR,
	OF_MN_ROUTER,
	OF_MN_LBSA,
	OF_UPDATE,
	OF_MN_HOME,
	OF_HA_LINK,
	OF_MOBILE,
};

static const struct known {
	uint16_t kind;
	enum lke_role role; /* 0: of whose binding it is */
	enum owner owner;
	const char *name;
} known[] = {
	{ AR_TIMER_RA, LKE_ROLE_AR, OF_AR_LINK, "router_advertisement" },
	{ AR_TIMER_LBSA, LKE_ROLE_AR, OF_LBSA, "lbsa_end" },
	{ AR_TIMER_DAD, LKE_ROLE_AR, OF_LBSA, "authenticated_dad" },
	{ AR_TIMER_HELD, LKE_ROLE_AR, OF_REQUEST, "request_held" },
	{ AR_TIMER_KEY, LKE_ROLE_AR, OF_NOBODY, "rsa_key_grace_end" },
	{ AR_TIMER_KEY_AGE, LKE_ROLE_AR, OF_NOBODY, "rsa_key_rotation" },
	{ AR_TIMER_FINISHED, LKE_ROLE_AR, OF_BINDING, "finished" },
	{ AR_TIMER_SILENCE, LKE_ROLE_AR, OF_AR_LINK, "advertisement_beside_us" },
	{ AR_TIMER_BUFFER, LKE_ROLE_AR, OF_LBSA, "leave" },
	{ BINDING_TIMER_EXPIRY, 0, OF_BINDING, "binding_end" },
	{ BINDING_TIMER_PROXY, 0, OF_BINDING, "proxy_advertisement" },
	{ MN_T_SOLICIT, LKE_ROLE_MN, OF_MN_LINK, "router_solicitation" },
	{ MN_T_PROBE, LKE_ROLE_MN, OF_MN_LINK, "router_probe" },
	{ MN_T_DAD, LKE_ROLE_MN, OF_MN_ADDR, "dad" },
	{ MN_T_ADDR_END, LKE_ROLE_MN, OF_MN_ADDR, "address_end" },
	{ MN_T_ROUTER, LKE_ROLE_MN, OF_MN_ROUTER, "router_end" },
	{ MN_T_RDNSS, LKE_ROLE_MN, OF_MN_ROUTER, "dns_servers_end" },
	{ MN_T_KEX, LKE_ROLE_MN, OF_MN_LINK, "key_exchange" },
	{ MN_T_RENEW, LKE_ROLE_MN, OF_MN_LBSA, "lbsa_renewal" },
	{ MN_T_LBSA_END, LKE_ROLE_MN, OF_MN_LBSA, "lbsa_end" },
	{ MN_T_UPDATE, LKE_ROLE_MN, OF_UPDATE, "binding_update" },
	{ MN_T_UPDATE_END, LKE_ROLE_MN, OF_UPDATE, "binding_end" },
	{ MN_T_LEAVE, LKE_ROLE_MN, OF_NOBODY, "leave" },
	{ MN_T_BIND, LKE_ROLE_MN, OF_NOBODY, "bindings_after_return" },
	{ MN_T_TAKEOVER, LKE_ROLE_MN, OF_MN_LINK, "take_over" },
	{ MN_T_SETTLE, LKE_ROLE_MN, OF_NOBODY, "home_agent_after_rest" },
	{ MN_T_RESOLVE, LKE_ROLE_MN, OF_MN_HOME, "home_agent_resolution" },
	{ MN_T_DISCOVERY, LKE_ROLE_MN, OF_MN_HOME, "home_agent_discovery" },
	{ MN_T_HOME_PREFIX, LKE_ROLE_MN, OF_MN_HOME, "mobile_prefix_solicitation" },
	{ HA_TIMER_DAD, LKE_ROLE_HA, OF_MOBILE, "dad" },
	{ HA_TIMER_BINDING, LKE_ROLE_HA, OF_BINDING, "binding_refresh" },
	{ HA_TIMER_RA, LKE_ROLE_HA, OF_HA_LINK, "router_advertisement" },
	{ HA_TIMER_ANYCAST, LKE_ROLE_HA, OF_HA_LINK, "anycast_resolution" },
	{ HA_TIMER_PREFIX, LKE_ROLE_HA, OF_MOBILE, "mobile_prefix_advertisement" },
	{ HA_TIMER_PROOF, LKE_ROLE_HA, OF_MOBILE, "care_of_test" },
	{ HA_TIMER_OVERLAP, LKE_ROLE_HA, OF_NOBODY, "rekey_end" },
	{ HA_TIMER_KEEP, LKE_ROLE_HA, OF_MOBILE, "binding_to_storage" },
	{ HA_TIMER_KEEP_RETRY, LKE_ROLE_HA, OF_NOBODY, "storage_again" },
};

static void of_link(const struct iface *i, struct lke_timer_view *v)
{
	v->ifindex = i ? i->ifindex : 0;
}

static void of_lbsa(const struct lbsa *l, struct lke_timer_view *v)
{
	v->ifindex = l->entry->key.ifindex;
	v->addr = l->entry->key.coa;
}

static void of_binding(const struct binding *b, struct lke_timer_view *v)
{
	v->ifindex = b->ifindex;
	v->addr = b->home;
	if (!v->role)
		v->role = b->kind == BINDING_BY_ESP ? LKE_ROLE_HA : LKE_ROLE_AR;
}

static void whose(enum owner o, const void *p, struct lke_timer_view *v)
{
	switch (o) {
	case OF_NOBODY:
		break;
	case OF_AR_LINK:
		of_link(((const struct ar_link *)p)->ifc, v);
		break;
	case OF_LBSA:
		of_lbsa(p, v);
		break;
	case OF_REQUEST:
		v->ifindex = ((const struct kex_request *)p)->ifindex;
		v->addr = ((const struct kex_request *)p)->coa;
		break;
	case OF_BINDING:
		of_binding(p, v);
		break;
	case OF_MN_LINK:
		of_link(((const struct mn_link *)p)->ifc, v);
		break;
	case OF_MN_ADDR:
		v->ifindex = ((const struct mn_addr *)p)->ifindex;
		v->addr = ((const struct mn_addr *)p)->addr;
		break;
	case OF_MN_ROUTER:
		v->ifindex = ((const struct mn_router *)p)->ifindex;
		v->addr = ((const struct mn_router *)p)->ll;
		break;
	case OF_MN_LBSA:
		v->ifindex = ((const struct mn_lbsa *)p)->ifindex;
		v->addr = ((const struct mn_lbsa *)p)->coa;
		break;
	case OF_UPDATE:
		v->addr = ((const struct update *)p)->home;
		break;
	case OF_MN_HOME:
		v->addr = ((const struct mn_home *)p)->cfg->addr;
		break;
	case OF_HA_LINK:
		of_link(((const struct ha_link *)p)->ifc, v);
		break;
	case OF_MOBILE:
		v->addr = ((const struct mobile *)p)->home;
		break;
	}
}

static struct lke_timer_view view(const struct timer *t)
{
	struct lke_timer_view v = { .name = "other", .at = t->at };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].kind != t->kind)
			continue;
		v.name = known[i].name;
		v.role = known[i].role;
		whose(known[i].owner, t->owner, &v);
	}
	return v;
}

size_t lke_engine_timers(const struct lke_engine *e, struct lke_timer_view *ret, size_t max,
			 size_t *ret_all)
{
	const struct timer *first[LKE_TIMERS_MAX];
	size_t n = timerq_first(&e->timers, first, max < LKE_TIMERS_MAX ? max : LKE_TIMERS_MAX);

	for (size_t i = 0; i < n; i++)
		ret[i] = view(first[i]);
	*ret_all = e->timers.n;
	return n;
}
