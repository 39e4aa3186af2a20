/* SPDX-License-Identifier: ISC */
/* Small services of the role machines: sending with a note, verdicts, randomness, MACs. */
#include "base/str.h"
#include "core/internal.h"

#define NOTES_OF_DROPS_PER_SECOND 10

void note_text(struct lke_note *n, const char *text)
{
	str_copy(n->text, sizeof(n->text), text);
}

struct lke_note *note_new(struct lke_engine *e, enum lke_note_type type, enum lke_role role)
{
	struct lke_action *a = act_new(e, LKE_ACT_NOTIFY);

	if (!a)
		return NULL;
	a->note.type = type;
	a->note.role = role;
	return &a->note;
}

void command_reply(struct lke_engine *e, uint64_t cookie, int err)
{
	struct lke_action *a = act_new(e, LKE_ACT_REPLY);

	if (!a)
		return;
	a->reply.cookie = cookie;
	a->reply.err = err;
}

void alarm_note(struct lke_engine *e, enum lke_role role, const struct lke_in6 *addr,
		const char *text)
{
	struct lke_note *n = note_new(e, LKE_NOTE_ALARM, role);

	if (!n)
		return;
	if (addr)
		n->addr = *addr;
	note_text(n, text);
}

/* Protocol fields that `lke monitor` shows, read from a packet we built ourselves or accepted. */
struct fields {
	struct lke_in6 addr;
	uint8_t status;
	uint16_t seq;
	uint32_t lifetime;
};

static void mh_fields(const struct ip6_info *i, struct fields *f)
{
	struct rd r = rd_init(i->pkt + i->upper_off, i->upper_len);
	uint8_t type;

	f->addr = i->has_hao ? i->hao : i->has_rh2 ? i->rh2 : f->addr;
	rd_skip(&r, 2);
	type = rd_u8(&r);
	rd_skip(&r, 3);
	switch (type) {
	case MH_BU:
		f->seq = rd_u16(&r);
		rd_skip(&r, 2);
		f->lifetime = (uint32_t)rd_u16(&r) * LIFETIME_UNIT;
		break;
	case MH_BA:
	case MH_KEACK:
	case MH_FINISHED:
		f->status = rd_u8(&r);
		rd_skip(&r, 1);
		f->seq = rd_u16(&r);
		f->lifetime = (uint32_t)rd_u16(&r) * LIFETIME_UNIT;
		break;
	case MH_KEREQ:
		f->seq = rd_u16(&r);
		break;
	default:
		break;
	}
}

static void packet_fields(const struct ip6_info *i, struct fields *f)
{
	struct rd r = rd_init(i->pkt + i->upper_off, i->upper_len);

	memset(f, 0, sizeof(*f));
	if (i->upper == IP6_NH_MH) {
		mh_fields(i, f);
	} else if (i->upper == IP6_NH_ICMPV6 && i->upper_len >= 24) {
		uint8_t type = rd_u8(&r);

		rd_skip(&r, 7);
		if (type == ND_NS || type == ND_NA)
			rd_in6(&r, &f->addr);
	}
}

static void note_fields(struct lke_note *n, const struct fields *f)
{
	n->addr = f->addr;
	n->status = f->status;
	n->seq = f->seq;
	n->lifetime = f->lifetime;
}

static bool send_action(struct lke_engine *e, uint32_t ifindex, const struct lke_lladdr *dst,
			const uint8_t *data, size_t len)
{
	struct lke_action *a = act_new(e, LKE_ACT_SEND);

	if (!a)
		return false;
	a->send.ifindex = ifindex;
	if (dst)
		a->send.dst = *dst;
	if (!act_data(e, a, data, len))
		return false;
	count(e, LKE_STAT_PACKETS_OUT);
	return true;
}

static void note_out(struct lke_engine *e, enum lke_role role, enum lke_msg msg, uint32_t ifindex,
		     const struct ip6_info *i, const struct fields *f)
{
	struct lke_note *n = note_new(e, LKE_NOTE_MESSAGE, role);

	if (!n)
		return;
	n->msg = msg;
	n->out = true;
	n->ifindex = ifindex;
	n->src = i->src;
	n->dst = i->dst;
	n->value = e->answers;
	e->answers = 0;
	note_fields(n, f);
}

void send_packet(struct lke_engine *e, enum lke_role role, enum lke_msg msg, uint32_t ifindex,
		 const struct lke_lladdr *dst, const uint8_t *data, size_t len)
{
	struct ip6_info i;
	struct fields f;

	if (!send_action(e, ifindex, dst, data, len) || ip6_parse(data, len, &i) < 0)
		return;
	packet_fields(&i, &f);
	note_out(e, role, msg, ifindex, &i, &f);
}

void send_packet_full(struct lke_engine *e, enum lke_role role, enum lke_msg msg, uint32_t ifindex,
		      const struct lke_lladdr *dst, const uint8_t *data, size_t len,
		      const struct lke_in6 *addr, uint8_t status, uint16_t seq, uint32_t lifetime)
{
	struct fields f = { .addr = *addr, .status = status, .seq = seq, .lifetime = lifetime };
	struct ip6_info i;

	if (!send_action(e, ifindex, dst, data, len) || ip6_parse(data, len, &i) < 0)
		return;
	note_out(e, role, msg, ifindex, &i, &f);
}

static int note_received(struct lke_engine *e, enum lke_role role, enum lke_msg msg,
			 const struct pkt *p, enum lke_drop reason, const struct fields *f)
{
	struct lke_note *n;

	if (reason != LKE_DROP_NONE) {
		e->drops[reason]++;
		if (!tbf_take(&e->note_limit[reason], 1, e->now))
			return -(int)reason;
	}
	n = note_new(e, LKE_NOTE_MESSAGE, role);
	if (n) {
		n->msg = msg;
		n->drop = reason;
		n->ifindex = p->ifc->ifindex;
		n->src = p->ip.src;
		n->dst = p->ip.dst;
		note_fields(n, f);
	}
	return -(int)reason;
}

int note_in(struct lke_engine *e, enum lke_role role, enum lke_msg msg, const struct pkt *p,
	    enum lke_drop reason)
{
	struct fields f;

	packet_fields(&p->ip, &f);
	return note_received(e, role, msg, p, reason, &f);
}

int note_in_full(struct lke_engine *e, enum lke_role role, enum lke_msg msg, const struct pkt *p,
		 enum lke_drop reason, const struct lke_in6 *addr, uint8_t status, uint16_t seq,
		 uint32_t lifetime)
{
	struct fields f = { .addr = *addr, .status = status, .seq = seq, .lifetime = lifetime };

	return note_received(e, role, msg, p, reason, &f);
}

bool rnd_bytes(struct lke_engine *e, void *buf, size_t n)
{
	return drbg_bytes(&e->rng, buf, n) == 0;
}

uint32_t rnd_u32(struct lke_engine *e)
{
	uint32_t v = 0;

	/* Used for jitter, nonces and first sequence numbers; a failing generator also fails every
	 * key. */
	if (drbg_bytes(&e->rng, &v, sizeof(v)) < 0)
		alarm_note(e, LKE_ROLE_MN, NULL, "random generator failed; see: dmesg");
	return v;
}

lke_time rnd_below(struct lke_engine *e, lke_time limit)
{
	uint64_t v = (uint64_t)rnd_u32(e) << 32 | rnd_u32(e);

	return limit ? v % limit : 0;
}

lke_time rnd_jitter(struct lke_engine *e, lke_time base, unsigned percent)
{
	lke_time span = base / 100 * percent;

	return base - span + rnd_below(e, 2 * span + 1);
}

lke_time ra_interval(struct lke_engine *e, uint32_t min_ms, uint32_t max_ms, unsigned *initial_left)
{
	lke_time min = min_ms * LKE_MSEC, max = max_ms * LKE_MSEC;
	lke_time next = min + rnd_below(e, max > min ? max - min + 1 : 1);

	if (*initial_left == 0)
		return next;
	(*initial_left)--;
	return next > MAX_INITIAL_RTR_ADVERT_INTERVAL ? MAX_INITIAL_RTR_ADVERT_INTERVAL : next;
}

int mac_sha1(const struct secret16 *kbm, const struct lke_mac_input *in, uint8_t ret[SHA1_LEN])
{
	struct iov_part part[LKE_MAC_PARTS];

	for (size_t n = 0; n < in->n; n++)
		part[n] = (struct iov_part){ in->part[n].p, in->part[n].n };
	return hmac_sha1(kbm->b, sizeof(kbm->b), part, in->n, ret);
}

void services_init(struct lke_engine *e)
{
	for (unsigned n = 0; n < LKE_DROP_COUNT; n++)
		tbf_init(&e->note_limit[n], NOTES_OF_DROPS_PER_SECOND, NOTES_OF_DROPS_PER_SECOND,
			 e->now);
}
