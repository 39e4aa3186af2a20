/* SPDX-License-Identifier: ISC */
/* What a home agent sends back: Binding Acknowledgements in ESP, Binding Errors; audit records. */
#include "core/home_agent.h"
#include "wire/tunnel.h"

enum { PARAMETER_PROBLEM = 4, PAYLOAD_PROTO_OFF = 0, HEADER_LEN_OFF = 1 };

bool ha_on_link(const struct pkt *p)
{
	if (p->src_ll.len == 0)
		return false;
	if (in6_is_linklocal(&p->ip.src))
		return true;
	for (unsigned n = 0; n < p->ifc->addrs; n++) {
		const struct iface_addr *a = &p->ifc->addr[n];

		if (!a->tentative && in6_is_global(&a->addr) &&
		    in6_prefix_eq(&a->addr, &p->ip.src, a->plen))
			return true;
	}
	return false;
}

static void encode_ba(struct wr *w, const struct mobile *m, const struct ha_bu *bu,
		      const struct mh_ba *ba)
{
	mh_ba_encode(w, ba, false);
	mh_set_checksum(w, 0, &bu->agent, &m->home);
}

/* RFC 6275 9.5.4: to the source of the Binding Update, with a routing header if that is not home,
 * also when the option says the same address once more. */
void ha_send_ba(struct lke_engine *e, struct mobile *m, const struct ha_bu *bu, uint8_t status,
		uint16_t seq, uint16_t lifetime)
{
	struct mh_ba ba = { .status = status, .seq = seq, .lifetime = lifetime };
	struct ip6_out o = { .src = bu->agent,
			     .dst = bu->src,
			     .hop_limit = HA_HOP_LIMIT,
			     .rh2 = in6_eq(&bu->src, &m->home) ? NULL : &m->home };
	uint8_t mh[64], buf[PACKET_MAX];
	struct wr w = wr_init(mh, sizeof(mh));
	int len;

	encode_ba(&w, m, bu, &ba);
	assert(!w.err);
	len = sa_protect(e, &m->to_mn, &o, mh, w.off, buf, sizeof(buf));
	if (len < 0) {
		alarm_note(e, LKE_ROLE_HA, &m->home,
			   "acknowledgement could not be protected; restart lked");
		return;
	}
	count(e, LKE_STAT_BA_SENT);
	e->answers = bu->came;
	send_packet_full(e, LKE_ROLE_HA, LKE_MSG_BA, bu->direct ? bu->ifindex : 0,
			 bu->direct ? &bu->src_ll : NULL, buf, (size_t)len, &m->home, status, seq,
			 (uint32_t)lifetime * LIFETIME_UNIT);
}

int ha_audit(struct lke_engine *e, struct mobile *m, const struct ha_bu *bu, enum lke_drop reason,
	     uint8_t status, uint16_t lifetime)
{
	struct lke_note *n;

	if (reason != LKE_DROP_NONE) {
		e->drops[reason]++;
		/* Who repeats a recorded one for ever shall not push the history out of the
		 * journal. */
		if (!tbf_take(&m->audit, 1, e->now)) {
			m->unaudited++;
			return -(int)reason;
		}
	}
	n = note_new(e, LKE_NOTE_MESSAGE, LKE_ROLE_HA);
	if (!n)
		return -(int)reason;
	n->repeats = m->unaudited;
	m->unaudited = 0;
	n->msg = LKE_MSG_BU;
	n->drop = reason;
	n->ifindex = bu->ifindex;
	n->src = bu->src;
	n->dst = bu->agent;
	n->addr = m->home;
	n->peer = bu->coa;
	n->status = status;
	n->seq = bu->seq;
	n->lifetime = (uint32_t)lifetime * LIFETIME_UNIT;
	n->value = m->spi;
	note_text(n, m->name);
	return -(int)reason;
}

/* A registered node that gets a Binding Error drops its home agent for minutes (AMB-176). */
static bool registered(const struct lke_engine *e, const struct pkt *p)
{
	if (ha_serves(e, &p->ip.src) || (p->ip.has_hao && ha_serves(e, &p->ip.hao)))
		return true;
	for (unsigned n = 0; n < e->ha->mobiles; n++) {
		const struct binding *b = binding_find(e, &e->ha->mobile[n]->home);

		if (b && b->kind == BINDING_BY_ESP && in6_eq(&b->coa, &p->ip.src))
			return true;
	}
	return false;
}

/* May p, which nothing protects, be answered with an error?  Counts against their rate. */
static bool error_allowed(struct lke_engine *e, const struct pkt *p, bool direct)
{
	const struct lke_in6 *to = &p->ip.src;

	if (in6_is_multicast(&p->ip.dst) || !(in6_is_global(to) || in6_is_linklocal(to)))
		return false;
	if (!tbf_take(&e->ha->errors, 1, e->now)) {
		drop(e, LKE_DROP_RATE_ANSWER);
		return false;
	}
	return !registered(e, p) && (direct || !in6_is_linklocal(to));
}

void ha_send_be(struct lke_engine *e, const struct pkt *p, uint8_t status)
{
	struct mh_be be = { .status = status };
	struct ip6_out o = { .src = p->ip.dst, .dst = p->ip.src, .hop_limit = HA_HOP_LIMIT };
	uint8_t buf[PACKET_MAX];
	struct wr w = wr_init(buf, sizeof(buf));
	bool direct = ha_on_link(p);
	size_t off;

	if (!error_allowed(e, p, direct))
		return;
	if (p->ip.has_hao)
		be.home = p->ip.hao;
	off = ip6_begin(&w, &o, IP6_NH_MH);
	mh_be_encode(&w, &be);
	mh_set_checksum(&w, off, &o.src, &o.dst);
	ip6_end(&w);
	assert(!w.err);
	send_packet(e, LKE_ROLE_HA, LKE_MSG_BE, direct ? p->ifc->ifindex : 0,
		    direct ? &p->src_ll : NULL, buf, w.off);
}

/* A wrong checksum is silent (RFC 6275 9.2), and so is what other documents have at these types: an
 * exchange of keys is answered by access routers alone (AMB-022). */
static bool sound_but_broken(const struct pkt *p)
{
	const uint8_t *mh = p->ip.pkt + p->ip.upper_off;
	struct lke_in6 src = ip6_pseudo_src(&p->ip), dst = ip6_pseudo_dst(&p->ip);
	struct rd r = rd_init(mh, p->ip.upper_len);
	size_t len;
	uint8_t type;

	rd_skip(&r, 1);
	len = ((size_t)rd_u8(&r) + 1) * 8;
	type = rd_u8(&r);
	return !r.err && len == p->ip.upper_len && (type < MH_KEREQ || type > MH_FINISHED) &&
	       ip6_checksum(&src, &dst, IP6_NH_MH, mh, len) == 0;
}

void ha_send_parameter_problem(struct lke_engine *e, const struct pkt *p)
{
	bool proto = p->ip.pkt[p->ip.upper_off + PAYLOAD_PROTO_OFF] != IP6_NH_NONE;
	uint32_t at = proto ? PAYLOAD_PROTO_OFF : HEADER_LEN_OFF;
	bool direct = ha_on_link(p);
	uint8_t buf[IP6_MIN_MTU];
	size_t len;

	if (!sound_but_broken(p) || !error_allowed(e, p, direct))
		return;
	len = icmp_error(PARAMETER_PROBLEM, 0, (uint32_t)p->ip.upper_off + at, &p->ip.dst,
			 p->ip.pkt, p->ip.len, buf, sizeof(buf));
	if (len > 0)
		send_packet(e, LKE_ROLE_HA, LKE_MSG_ICMP_ERROR, direct ? p->ifc->ifindex : 0,
			    direct ? &p->src_ll : NULL, buf, len);
}
