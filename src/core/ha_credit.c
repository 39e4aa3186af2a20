/* SPDX-License-Identifier: ISC */
/*
 * The credit of an unproved care-of address, and its proof (SEC-028, RFC 6275 15.3): off by
 * default.
 *
 * A home agent of RFC 6275 believes the care-of address of a Binding Update: a mobile node can aim
 * its own traffic at a third party.  With care_of_credit a new care-of address gets that many
 * octets and what it sent itself by the reverse tunnel (as RFC 4866 counts: no more comes back than
 * went out); the rest is dropped until the address is proved.
 *
 * Proof: the home agent sends an ICMPv6 Echo Request with 128 random bits to the home address,
 * inside the tunnel.  Only who gets packets at the care-of address AND opens the tunnel can send
 * the same bits back, from the home address, by the reverse tunnel.  A third party drops a tunnel
 * it knows nothing of.  Every mobile node that answers a ping does it; nothing new is needed there.
 */
#include "core/home_agent.h"
#include "wire/tunnel.h"

enum {
	ECHO_REQUEST = 128,
	ECHO_REPLY = 129,
	ECHO_HDR_LEN = 8,
	ECHO_LEN = ECHO_HDR_LEN + HA_PROOF_LEN,
};

static void write_echo(struct wr *w, uint8_t type, const uint8_t proof[HA_PROOF_LEN],
		       const struct lke_in6 *src, const struct lke_in6 *dst)
{
	size_t off = w->off;

	wr_u8(w, type);
	wr_zero(w, ECHO_HDR_LEN - 1);
	wr_bytes(w, proof, HA_PROOF_LEN);
	wr_patch_u16(w, off + 2, ip6_checksum(src, dst, IP6_NH_ICMPV6, w->p + off, ECHO_LEN));
}

static void probe(struct lke_engine *e, struct mobile *m, const struct binding *b)
{
	struct ip6_out o = { .src = b->agent, .dst = m->home, .hop_limit = HA_HOP_LIMIT };
	uint8_t buf[TUNNEL_OVERHEAD + IP6_HDR_LEN + ECHO_LEN];
	struct wr w = wr_init(buf + TUNNEL_OVERHEAD, sizeof(buf) - TUNNEL_OVERHEAD);

	(void)ip6_begin(&w, &o, IP6_NH_ICMPV6);
	write_echo(&w, ECHO_REQUEST, m->proof.bits, &o.src, &o.dst);
	ip6_end(&w);
	assert(!w.err);
	tunnel_outer(w.p, w.off, &b->agent, &b->coa, 0, buf);
	count(e, LKE_STAT_CARE_OF_PROBES);
	send_packet(e, LKE_ROLE_HA, LKE_MSG_CARE_OF_TEST, 0, NULL, buf, TUNNEL_OVERHEAD + w.off);
}

static bool on(const struct lke_engine *e)
{
	return e->cfg.ha.care_of_credit > 0;
}

uint64_t ha_credit_of(const struct lke_engine *e, const struct mobile *m, const struct lke_in6 *coa,
		      enum lke_binding_state *ret_state)
{
	*ret_state = LKE_BINDING_OK;
	if (!on(e) || (m->proof.proved && in6_eq(&m->proof.coa, coa)))
		return UINT64_MAX;
	*ret_state = LKE_BINDING_UNVERIFIED;
	/* The same address again: no new credit (THREATS 62). */
	if (m->proof.running && in6_eq(&m->proof.coa, coa))
		return e->cfg.ha.care_of_credit + m->proof.earned;
	return e->cfg.ha.care_of_credit;
}

void ha_credit_bound(struct lke_engine *e, struct mobile *m, const struct binding *b)
{
	bool same = in6_eq(&m->proof.coa, &b->coa) && (m->proof.proved || m->proof.running);

	if (!on(e) || same)
		return;
	m->proof.coa = b->coa;
	m->proof.proved = m->proof.running = false;
	m->proof.tries = 0;
	m->proof.earned = 0;
	if (!rnd_bytes(e, m->proof.bits, sizeof(m->proof.bits)))
		return; /* fail closed: it stays unproved */
	m->proof.running = true;
	ha_credit_timer(e, m);
}

/* At once, then after 1, 2, 4 ... 32 s. */
void ha_credit_timer(struct lke_engine *e, struct mobile *m)
{
	const struct binding *b = binding_find(e, &m->home);

	if (!m->proof.running || !b || b->kind != BINDING_BY_ESP || !in6_eq(&b->coa, &m->proof.coa))
		return;
	probe(e, m, b);
	arm(e, &m->proof.timer, e->now + (LKE_SEC << m->proof.tries));
	if (m->proof.tries < 5)
		m->proof.tries++;
}

void ha_credit_gone(struct lke_engine *e, struct mobile *m)
{
	timerq_disarm(&e->timers, &m->proof.timer);
	m->proof.running = m->proof.proved = false;
}

/* The reverse tunnel moved so many octets since the binding was set: as much may come back. */
void ha_mobile_volume(struct lke_engine *e, const struct lke_ev_mobile *v)
{
	struct mobile *m = ha_by_home(e, &v->home);
	struct binding *b = m ? binding_find(e, &m->home) : NULL;

	if (!b || b->kind != BINDING_BY_ESP || !m->proof.running ||
	    v->reverse_bytes <= m->proof.earned)
		return;
	m->proof.earned = v->reverse_bytes;
	binding_set_credit(e, b, e->cfg.ha.care_of_credit + m->proof.earned);
}

/* A tunnel packet to us: the answer to a probe?  The plane takes all of them as well. */
int ha_tunnel_input(struct lke_engine *e, const struct pkt *p)
{
	struct ip6_info in;
	struct mobile *m;
	struct binding *b;
	const uint8_t *icmp;

	if (!on(e) || ip6_parse(p->ip.pkt + p->ip.upper_off, p->ip.upper_len, &in) < 0 ||
	    in.upper != IP6_NH_ICMPV6 || in.upper_len != ECHO_LEN ||
	    in.pkt[in.upper_off] != ECHO_REPLY)
		return -(int)LKE_DROP_NOT_OURS;
	m = ha_by_home(e, &in.src);
	b = m ? binding_find(e, &in.src) : NULL;
	if (!b || b->kind != BINDING_BY_ESP || !m->proof.running)
		return -(int)LKE_DROP_NOT_OURS;
	icmp = in.pkt + in.upper_off;
	if (!in6_eq(&p->ip.src, &b->coa) || !in6_eq(&p->ip.dst, &b->agent) ||
	    !in6_eq(&in.dst, &b->agent) || !in6_eq(&m->proof.coa, &b->coa) ||
	    ip6_checksum(&in.src, &in.dst, IP6_NH_ICMPV6, icmp, ECHO_LEN) != 0 ||
	    !mem_eq_ct(icmp + ECHO_HDR_LEN, m->proof.bits, HA_PROOF_LEN))
		return note_in_full(e, LKE_ROLE_HA, LKE_MSG_CARE_OF_TEST, p, LKE_DROP_STATE,
				    &m->home, 0, 0, 0);
	note_in_full(e, LKE_ROLE_HA, LKE_MSG_CARE_OF_TEST, p, LKE_DROP_NONE, &m->home, 0, 0, 0);
	timerq_disarm(&e->timers, &m->proof.timer);
	m->proof.running = false;
	m->proof.proved = true;
	count(e, LKE_STAT_CARE_OF_PROVED);
	binding_update(e, b, &b->coa, LKE_BINDING_OK, UINT64_MAX, b->expires);
	return 0;
}
