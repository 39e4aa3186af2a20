/* SPDX-License-Identifier: ISC */
/*
 * Binding Updates in ESP: RFC 6275 9.5.1, 10.3.1, 10.3.2.  The chain of checks stands in
 * take_esp(), take_mh() and judge(); nothing changes before its end.  An accepted one waits until
 * the floor that covers its number is durable and, for the first registration, until DAD has
 * passed; only then the binding is made and the answer leaves.
 */
#include "core/home_agent.h"

enum { LIFETIME_INFINITE = 0xffff, PLAIN_MAX = 1024 };

static bool deregistration(const struct mobile *m, const struct ha_bu *bu)
{
	return bu->lifetime == 0 || in6_eq(&bu->coa, &m->home);
}

static enum lke_drop reason_of(const struct mobile *m, uint8_t status)
{
	if (status == STATUS_SEQUENCE)
		return LKE_DROP_SEQUENCE;
	if (status == STATUS_PROHIBITED && m->suspended)
		return LKE_DROP_SUSPENDED;
	return LKE_DROP_REFUSED;
}

static int refuse(struct lke_engine *e, struct mobile *m, const struct ha_bu *bu, uint8_t status)
{
	bool old = status == STATUS_SEQUENCE;
	int verdict = ha_audit(e, m, bu, reason_of(m, status), status, bu->lifetime);

	m->refused++;
	count(e, LKE_STAT_BU_REFUSED);
	if (old)
		count(e, LKE_STAT_REPLAYS_REJECTED);
	/* 135 carries the last accepted number (RFC 6275 9.5.1). */
	ha_send_ba(e, m, bu, status, old ? m->last_seq : bu->seq, 0);
	return verdict;
}

static void accept(struct lke_engine *e, struct mobile *m, const struct ha_bu *bu, uint16_t granted)
{
	ha_sequence_commit(e, m, bu->seq);
	m->accepted++;
	count(e, LKE_STAT_BU_ACCEPTED);
	ha_audit(e, m, bu, LKE_DROP_NONE, STATUS_ACCEPTED, granted);
	ha_send_ba(e, m, bu, STATUS_ACCEPTED, bu->seq, granted);
}

/* Units of 4 s; what was asked for, limited by the home agent and by the policy entry. */
static uint16_t grant(const struct lke_engine *e, const struct mobile *m, uint16_t asked)
{
	uint32_t limit = e->cfg.ha.max_lifetime;
	uint32_t units;

	if (m->max_lifetime && m->max_lifetime < limit)
		limit = m->max_lifetime;
	units = limit / LIFETIME_UNIT;
	if (units == 0)
		units = 1;
	if (units > LIFETIME_INFINITE - 1)
		units = LIFETIME_INFINITE - 1;
	return asked < units ? asked : (uint16_t)units;
}

/* Home link of a Binding Update: where its home agent address lives; 0 if that is gone. */
static uint32_t link_of(struct lke_engine *e, const struct ha_bu *bu)
{
	const struct iface *i = iface_of_addr(e, &bu->agent);

	return i ? i->ifindex : 0;
}

static int bind(struct lke_engine *e, struct mobile *m, const struct ha_bu *bu, struct binding *b,
		lke_time expires)
{
	struct binding new = { .home = m->home,
			       .agent = bu->agent,
			       .coa = bu->coa,
			       .ifindex = link_of(e, bu),
			       .kind = BINDING_BY_ESP,
			       .state = LKE_BINDING_OK,
			       .seq = bu->seq,
			       .expires = expires,
			       .credit = UINT64_MAX,
			       .owner = m };
	int err;

	if (b && in6_eq(&b->agent, &bu->agent)) {
		b->seq = bu->seq;
		binding_update(e, b, &bu->coa, LKE_BINDING_OK, UINT64_MAX, expires);
		ha_refresh_arm(e, b);
		return 0;
	}
	if (b)
		binding_remove(e, b, "moved to another address of the home agent");
	err = binding_add(e, &new, HA_TIMER_BINDING, &b);
	if (err == 0)
		ha_refresh_arm(e, b);
	return err;
}

static void register_coa(struct lke_engine *e, struct mobile *m, const struct ha_bu *bu,
			 struct binding *b)
{
	uint16_t granted = grant(e, m, bu->lifetime);
	lke_time expires = e->now + (lke_time)granted * LIFETIME_UNIT * LKE_SEC;

	if (link_of(e, bu) == 0)
		refuse(e, m, bu, STATUS_NO_HOME_REGISTRATION); /* our address went meanwhile */
	else if (bind(e, m, bu, b, expires) < 0)
		refuse(e, m, bu, STATUS_RESOURCES);
	else
		accept(e, m, bu, granted);
}

static void carry_out(struct lke_engine *e, struct mobile *m, const struct ha_bu *bu)
{
	struct binding *b = binding_find(e, &m->home);

	if (b && b->kind != BINDING_BY_ESP) {
		refuse(e, m, bu, STATUS_TYPE_CHANGE); /* AMB-118 */
	} else if (!deregistration(m, bu)) {
		register_coa(e, m, bu, b);
	} else if (!b) {
		refuse(e, m, bu, STATUS_NOT_HOME_AGENT);
	} else {
		/* The proxy is gone before the mobile node reads the answer (RFC 6275 11.5.5). */
		binding_remove(e, b, "deregistered");
		accept(e, m, bu, 0);
	}
}

static void pop(struct mobile *m)
{
	m->waitings--;
	memmove(&m->waiting[0], &m->waiting[1], m->waitings * sizeof(m->waiting[0]));
}

static void proceed(struct lke_engine *e, struct mobile *m, bool dad_passed)
{
	while (m->waitings > 0) {
		struct ha_bu bu = m->waiting[0];
		bool first = !binding_find(e, &m->home) && !deregistration(m, &bu);

		if (!ha_sequence_durable(e, m, bu.seq)) {
			if (!ha_sequence_reserve(e, m, m->waiting[m->waitings - 1].seq))
				ha_refuse_waiting(e, m, STATUS_RESOURCES);
			return;
		}
		if (first && !dad_passed && link_of(e, &bu) != 0) {
			if (!ha_dad_running(m))
				ha_dad_start(e, m, link_of(e, &bu));
			return;
		}
		pop(m);
		carry_out(e, m, &bu);
	}
}

void ha_proceed(struct lke_engine *e, struct mobile *m)
{
	proceed(e, m, false);
}

void ha_dad_passed(struct lke_engine *e, struct mobile *m)
{
	proceed(e, m, true);
}

void ha_drop_waiting(struct lke_engine *e, struct mobile *m)
{
	ha_dad_stop(e, m);
	m->waitings = 0;
}

void ha_refuse_waiting(struct lke_engine *e, struct mobile *m, uint8_t status)
{
	ha_dad_stop(e, m);
	while (m->waitings > 0) {
		struct ha_bu bu = m->waiting[0];
		bool nothing = status == STATUS_DAD_FAILED && deregistration(m, &bu);

		pop(m);
		refuse(e, m, &bu, nothing ? STATUS_NOT_HOME_AGENT : status);
	}
}

static void enqueue(struct lke_engine *e, struct mobile *m, const struct ha_bu *bu)
{
	if (m->waitings == HA_WAITING_MAX) {
		ha_audit(e, m, &m->waiting[0], LKE_DROP_HELD, 0, m->waiting[0].lifetime);
		pop(m);
	}
	m->waiting[m->waitings++] = *bu;
}

/* Is the home address on-link by the prefix of one of our addresses there (RFC 6275 10.3.1)? */
static bool home_on_link(const struct iface *i, const struct lke_in6 *home)
{
	for (unsigned n = 0; n < i->addrs; n++) {
		const struct iface_addr *a = &i->addr[n];

		if (!a->tentative && in6_is_global(&a->addr) &&
		    in6_prefix_eq(&a->addr, home, a->plen))
			return true;
	}
	return false;
}

/* The status of a Binding Update; in the order of RFC 6275 9.5.1, then 10.3.1. */
static uint8_t judge(struct lke_engine *e, const struct mobile *m, const struct ha_bu *bu)
{
	const struct iface *i = iface_of_addr(e, &bu->agent);
	const struct binding *b = binding_find(e, &m->home);
	uint8_t sequence = ha_sequence_judge(e, m, bu->seq);

	if (sequence == STATUS_SEQUENCE)
		return sequence;
	if (b && (b->kind != BINDING_BY_ESP || !(bu->flags & BU_H)))
		return STATUS_TYPE_CHANGE;
	if (!i || !i->ha)
		return STATUS_NO_HOME_REGISTRATION;
	if (!home_on_link(i, &m->home))
		return STATUS_NOT_HOME_SUBNET;
	if (m->suspended)
		return STATUS_PROHIBITED; /* SEC-030 */
	if (sequence != STATUS_ACCEPTED)
		return sequence;
	if (deregistration(m, bu))
		return b || m->waitings > 0 ? STATUS_ACCEPTED : STATUS_NOT_HOME_AGENT;
	return agent_coa_acceptable(e, &m->home, &bu->coa) ? STATUS_ACCEPTED : STATUS_INVALID_COA;
}

static int take_bu(struct lke_engine *e, struct mobile *m, const struct ha_bu *bu)
{
	bool replayed = m->waitings > 0 && !seq_newer(bu->seq, m->waiting[m->waitings - 1].seq);
	uint8_t status = judge(e, m, bu);

	/* Without a binding no other kind of registration is offered (RFC 6275 9.5.1: discard). */
	if (!(bu->flags & BU_H) && status != STATUS_SEQUENCE && status != STATUS_TYPE_CHANGE)
		return ha_audit(e, m, bu, LKE_DROP_STATE, 0, bu->lifetime);
	if (status != STATUS_ACCEPTED)
		return refuse(e, m, bu, status);
	if (replayed)
		return ha_audit(e, m, bu, LKE_DROP_HELD, 0, bu->lifetime);
	enqueue(e, m, bu);
	ha_proceed(e, m);
	return 0;
}

static struct ha_bu bu_of(const struct pkt *p, const struct mh_bu *msg)
{
	struct ha_bu bu = { .src = p->ip.src,
			    .coa = msg->has_alt_coa ? msg->alt_coa : p->ip.src,
			    .agent = p->ip.dst,
			    .has_hao = p->ip.has_hao,
			    .direct = ha_on_link(p),
			    .ifindex = p->ifc->ifindex,
			    .src_ll = p->src_ll,
			    .seq = msg->seq,
			    .flags = msg->flags,
			    .lifetime = msg->lifetime };

	return bu;
}

static int take_mh(struct lke_engine *e, struct mobile *m, const struct pkt *p, const uint8_t *mh,
		   size_t len)
{
	struct mh_bu msg = { 0 };
	struct ha_bu bu = bu_of(p, &msg);
	struct mh_view v;
	int err = mh_check(mh, len, &m->home, &p->ip.dst, &v);

	if (err == 0 && v.type != MH_BU)
		err = -(int)LKE_DROP_STATE;
	if (err == 0)
		err = mh_bu_decode(&v, &msg);
	/* AMB-177; RFC 6275 9.5.1: no Nonce Indices with H, and no second authorisation. */
	if (err == 0 && (msg.auth.present || msg.has_nonce_indices))
		err = -(int)LKE_DROP_MH_OPTION;
	if (err == 0) {
		bu = bu_of(p, &msg);
		if (!in6_is_global(&p->ip.src))
			err = -(int)LKE_DROP_SCOPE_ADDRESS;
		else if (!p->ip.has_hao && !deregistration(m, &bu))
			err = -(int)LKE_DROP_HAO;
	}
	if (err < 0)
		return ha_audit(e, m, &bu, (enum lke_drop) - err, 0, bu.lifetime);
	return take_bu(e, m, &bu);
}

int ha_esp_input(struct lke_engine *e, const struct pkt *p)
{
	struct lke_in6 home = ip6_pseudo_src(&p->ip);
	uint8_t plain[PLAIN_MAX], next;
	struct mobile *m;
	uint32_t spi;
	size_t len;
	int err;

	if (!sa_spi(&p->ip, &spi))
		return drop(e, LKE_DROP_ESP_FORMAT);
	m = ha_by_spi(e, spi);
	if (!m)
		return e->mn ? -(int)LKE_DROP_ESP_SPI : drop(e, LKE_DROP_ESP_SPI);
	count(e, LKE_STAT_BU_IN);
	err = sa_open(&m->to_ha, &p->ip, plain, sizeof(plain), &len, &next);
	if (err < 0)
		return note_in_full(e, LKE_ROLE_HA, LKE_MSG_BU, p, (enum lke_drop) - err, &home, 0,
				    0, 0);
	/* The home address names the security association, and the other way round (SEC-015). */
	if (!in6_eq(&home, &m->home) || p->ip.has_rh2 || next != IP6_NH_MH) {
		struct mh_bu none = { 0 };
		struct ha_bu bu = bu_of(p, &none);

		return ha_audit(e, m, &bu, LKE_DROP_ESP_SELECTOR, 0, 0);
	}
	return take_mh(e, m, p, plain, len);
}
