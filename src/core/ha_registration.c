/* SPDX-License-Identifier: ISC */
/*
 * Binding Updates in ESP: RFC 6275 9.5.1, 10.3.1, 10.3.2.  The chain of checks stands in
 * take_esp(), take_mh() and judge(); nothing changes before its end.  An accepted one waits until
 * the floor that covers its number is durable and, for the first registration, until DAD has
 * passed; only then the binding is made and the answer leaves.
 */
#include "core/home_agent.h"

enum { LIFETIME_INFINITE = 0xffff, PLAIN_MAX = 2048 };

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

static void accept(struct lke_engine *e, struct mobile *m, const struct ha_bu *bu, uint8_t status,
		   uint16_t granted)
{
	ha_sequence_commit(e, m, bu->seq);
	m->accepted++;
	count(e, LKE_STAT_BU_ACCEPTED);
	ha_audit(e, m, bu, LKE_DROP_NONE, status, granted);
	ha_send_ba(e, m, bu, status, bu->seq, granted);
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

/*
 * The life of the home prefix: the binding never outlives it, and status 1 asks the mobile node for
 * prefix discovery when the prefix is deprecated or ends with the binding (RFC 6275 10.3.1).
 */
static uint8_t within_prefix(const struct lke_engine *e, const struct ha_heard *p, uint16_t *units)
{
	uint32_t valid = ha_prefix_left(e, p->valid) / LIFETIME_UNIT;
	uint32_t preferred = ha_prefix_left(e, p->preferred) / LIFETIME_UNIT;

	if (*units > valid)
		*units = (uint16_t)valid;
	return *units >= valid || preferred < *units ? STATUS_PREFIX_DISCOVERY : STATUS_ACCEPTED;
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
			       .seq = bu->seq,
			       .expires = expires,
			       .owner = m };
	int err = 0;

	new.credit = ha_credit_of(e, m, &bu->coa, &new.state);

	if (b && in6_eq(&b->agent, &bu->agent)) {
		b->seq = bu->seq;
		binding_update(e, b, &bu->coa, new.state, new.credit, expires);
	} else {
		if (b)
			binding_remove(e, b, "moved to another address of the home agent");
		err = binding_add(e, &new, HA_TIMER_BINDING, &b);
	}
	if (err < 0)
		return err;
	ha_refresh_arm(e, b);
	ha_credit_bound(e, m, b);
	return 0;
}

static void register_coa(struct lke_engine *e, struct mobile *m, const struct ha_bu *bu,
			 struct binding *b)
{
	const struct iface *i = iface_of_addr(e, &bu->agent);
	uint16_t granted = grant(e, m, bu->lifetime);
	struct ha_heard p;
	uint8_t status;

	/* Our address or the prefix may have gone while the Binding Update waited. */
	if (!i || !i->ha) {
		refuse(e, m, bu, STATUS_NO_HOME_REGISTRATION);
		return;
	}
	if (!ha_prefix_of(e, i->ha, &m->home, &p)) {
		refuse(e, m, bu, STATUS_NOT_HOME_SUBNET);
		return;
	}
	status = within_prefix(e, &p, &granted);
	if (granted == 0)
		refuse(e, m, bu, STATUS_NOT_HOME_SUBNET); /* the last seconds of the prefix */
	else if (bind(e, m, bu, b, e->now + (lke_time)granted * LIFETIME_UNIT * LKE_SEC) < 0)
		refuse(e, m, bu, STATUS_RESOURCES);
	else
		accept(e, m, bu, status, granted);
	if (!binding_find(e, &m->home))
		return;
	ha_mobile_prefix_registered(e, m);
	ha_advise(e, m, &bu->coa);
	if (bu->flags & BU_L)
		ha_linklocal_defend(e, m);
	else
		ha_linklocal_drop(e, m);
}

/* At home again: what the route still draws to the forwarding plane goes to the node from there, in
 * order, until the route is gone. */
static void back_home(struct lke_engine *e, const struct mobile *m, const struct ha_bu *bu,
		      const struct binding *b)
{
	struct lke_action *a;

	if (!bu->direct || bu->ifindex != b->ifindex || !in6_eq(&bu->src, &m->home))
		return;
	a = act_new(e, LKE_ACT_BUFFER);
	if (!a)
		return;
	a->buffer.what = LKE_BUFFER_LINK;
	a->buffer.addr = m->home;
	a->buffer.ifindex = bu->ifindex;
	a->buffer.lladdr = bu->src_ll;
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
		back_home(e, m, bu, b);
		binding_remove(e, b, "deregistered");
		accept(e, m, bu, STATUS_ACCEPTED, 0);
	}
}

static void pop(struct mobile *m)
{
	m->waitings--;
	memmove(&m->waiting[0], &m->waiting[1], m->waitings * sizeof(m->waiting[0]));
}

/* Must this registration wait for DAD, of the home address or of the link-local one? */
static bool needs_dad(const struct lke_engine *e, const struct mobile *m, const struct ha_bu *bu,
		      bool passed)
{
	if (deregistration(m, bu))
		return false;
	if (!binding_find(e, &m->home) && !passed)
		return true;
	return (bu->flags & BU_L) && !m->ll.defended && !(passed && m->ll.there);
}

static void start_dad(struct lke_engine *e, struct mobile *m, const struct ha_bu *bu)
{
	if ((bu->flags & BU_L) && ha_linklocal_take(e, m, link_of(e, bu)) < 0)
		ha_refuse_waiting(e, m, STATUS_DAD_FAILED);
	else
		ha_dad_start(e, m, link_of(e, bu));
}

static void proceed(struct lke_engine *e, struct mobile *m, bool dad_passed)
{
	while (m->waitings > 0) {
		struct ha_bu bu = m->waiting[0];

		if (!ha_sequence_durable(e, m, bu.seq)) {
			if (!ha_sequence_reserve(e, m, m->waiting[m->waitings - 1].seq))
				ha_refuse_waiting(e, m, STATUS_RESOURCES);
			return;
		}
		if (needs_dad(e, m, &bu, dad_passed) && link_of(e, &bu) != 0) {
			if (!ha_dad_running(m))
				start_dad(e, m, &bu);
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
		bool nothing = status == STATUS_DAD_FAILED && deregistration(m, &bu) &&
			       !binding_find(e, &m->home);

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
	if (!ha_prefix_of(e, i->ha, &m->home, NULL))
		return STATUS_NOT_HOME_SUBNET;
	if (m->suspended)
		return STATUS_PROHIBITED; /* SEC-030 */
	if (sequence != STATUS_ACCEPTED)
		return sequence;
	if (deregistration(m, bu))
		return b || m->waitings > 0 ? STATUS_ACCEPTED : STATUS_NOT_HOME_AGENT;
	/* ESP does not cover the source: anybody on the way can change it (RFC 3776 4.3). */
	if (!bu->coa_covered)
		return STATUS_UNSPECIFIED;
	return ha_care_of_acceptable(e, m, &bu->coa) ? STATUS_ACCEPTED : STATUS_INVALID_COA;
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
			    .coa_covered = msg->has_alt_coa,
			    .agent = p->ip.dst,
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
		bu.came = e->now;
		if (!in6_is_global(&p->ip.src))
			err = -(int)LKE_DROP_SCOPE_ADDRESS;
		else if (!p->ip.has_hao && !deregistration(m, &bu))
			err = -(int)LKE_DROP_HAO;
	}
	if (err == 0 && m->max_updates && !tbf_take(&m->updates, 1, e->now))
		err = -(int)LKE_DROP_RATE_MOBILE;
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
	if (!m && ha_rekey_input(e, p, spi, &err))
		return err;
	if (!m)
		return e->mn ? -(int)LKE_DROP_ESP_SPI : drop(e, LKE_DROP_ESP_SPI);
	err = sa_open(&m->to_ha, &p->ip, plain, sizeof(plain), &len, &next);
	if (err < 0 || next == IP6_NH_MH)
		count(e, LKE_STAT_BU_IN);
	if (err < 0)
		return note_in_full(e, LKE_ROLE_HA, LKE_MSG_BU, p, (enum lke_drop) - err, &home, 0,
				    0, 0);
	/* The home address names the security association, and the other way round (SEC-015). */
	if (!in6_eq(&home, &m->home) || p->ip.has_rh2 ||
	    (next != IP6_NH_MH && next != IP6_NH_ICMPV6)) {
		struct mh_bu none = { 0 };
		struct ha_bu bu = bu_of(p, &none);

		return ha_audit(e, m, &bu, LKE_DROP_ESP_SELECTOR, 0, 0);
	}
	if (next == IP6_NH_ICMPV6)
		return ha_mobile_prefix_solicited(e, m, p, plain, len);
	return take_mh(e, m, p, plain, len);
}
