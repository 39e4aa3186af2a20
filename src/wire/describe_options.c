/* SPDX-License-Identifier: ISC */
#include "wire/describe_options.h"

#include "base/str.h"

enum { VALUE_MAX = 4200 }; /* an option of 255 units in hexadecimal */

struct out {
	packet_field_fn *field;
	void *ctx;
};

static void say(const struct out *o, uint8_t type, struct rd *value)
{
	char text[VALUE_MAX];
	struct sbuf s = sbuf_init(text, sizeof(text));
	size_t n = rd_left(value);

	sbuf_u64(&s, type);
	sbuf_str(&s, ": ");
	sbuf_hex(&s, rd_view(value, n), n);
	o->field(o->ctx, "other_option", text);
}

/* Octets of a Mobility Header before its options; 0: it is none that has any. */
static size_t mh_fixed(const struct packet *p)
{
	switch (p->msg) {
	case LKE_MSG_BRR:
		return 8;
	case LKE_MSG_HOTI:
	case LKE_MSG_COTI:
	case LKE_MSG_FINISHED:
		return 16;
	case LKE_MSG_HOT:
	case LKE_MSG_COT:
	case LKE_MSG_BE:
		return 24;
	case LKE_MSG_BU:
	case LKE_MSG_BA:
	case LKE_MSG_KEACK:
		return 12;
	case LKE_MSG_KEREQ:
		return 8 + p->kereq.data_len;
	default:
		return 0;
	}
}

static bool mh_is_named(enum lke_msg msg, uint8_t type, size_t len)
{
	switch (msg) {
	case LKE_MSG_KEREQ:
		return type == MOPT_KE_LIFETIME || (type == MOPT_PROOF && len == 22);
	case LKE_MSG_KEACK:
		return type == MOPT_KE_AR_ADDRESS || type == MOPT_KE_HMAC;
	case LKE_MSG_BU:
		return type == MOPT_ALT_COA || type == MOPT_NONCE_INDICES ||
		       type == MOPT_AUTH_DATA || (type == MOPT_MOVE && len == 2);
	case LKE_MSG_BA:
		return type == MOPT_AUTH_DATA || (type == MOPT_REFRESH_ADVICE && len == 2) ||
		       (type == MOPT_FINISHED_REQUEST && (len == 2 || len == 6));
	case LKE_MSG_FINISHED:
		return type == MOPT_AUTH_DATA;
	default:
		return false;
	}
}

static void mh_options(const struct packet *p, const struct out *o)
{
	struct rd r = rd_init(p->mh.p, p->mh.len);

	rd_skip(&r, mh_fixed(p));
	while (rd_left(&r) > 0) {
		uint8_t type = rd_u8(&r);
		struct rd value;

		if (type == MOPT_PAD1)
			continue;
		value = rd_sub(&r, rd_u8(&r));
		if (!r.err && type != MOPT_PADN && !mh_is_named(p->msg, type, rd_left(&value)))
			say(o, type, &value);
	}
}

/* Octets of an ICMPv6 message before its options; 0: it is none that has any. */
static size_t nd_fixed(enum lke_msg msg)
{
	switch (msg) {
	case LKE_MSG_RS:
	case LKE_MSG_MPA:
		return 8;
	case LKE_MSG_RA:
		return 16;
	case LKE_MSG_NS:
	case LKE_MSG_NA:
	case LKE_MSG_DAD_NS:
	case LKE_MSG_DAD_NS_AUTH:
	case LKE_MSG_DAD_NA_AUTH:
		return 24;
	default:
		return 0;
	}
}

static bool nd_is_named(enum lke_msg msg, const struct nd_msg *m, uint8_t type)
{
	if (msg == LKE_MSG_MPA)
		return type == ND_OPT_PREFIX;
	if (msg == LKE_MSG_RA)
		return type == ND_OPT_SLLA || type == ND_OPT_PREFIX || type == ND_OPT_MTU ||
		       (type == ND_OPT_LKE && m->has_lke) || type == ND_OPT_ADV_INTERVAL ||
		       type == ND_OPT_HA_INFO || type == ND_OPT_RDNSS;
	return (m->lladdr.len && (type == ND_OPT_SLLA || type == ND_OPT_TLLA)) ||
	       (m->has_nonce && type == ND_OPT_NONCE) ||
	       (m->has_auth && (type == ND_OPT_DAD_REQUEST || type == ND_OPT_DAD_REPLY));
}

static void nd_options(const struct packet *p, const struct out *o)
{
	struct rd r = rd_init(p->ip.pkt + p->ip.upper_off, p->ip.upper_len);

	rd_skip(&r, nd_fixed(p->msg));
	while (rd_left(&r) > 0) {
		uint8_t type = rd_u8(&r), units = rd_u8(&r);
		struct rd value;

		if (r.err || units == 0)
			return;
		value = rd_sub(&r, (size_t)units * 8 - 2);
		if (!r.err && !nd_is_named(p->msg, &p->nd, type))
			say(o, type, &value);
	}
}

void describe_other_options(const struct packet *p, packet_field_fn *field, void *ctx)
{
	struct out o = { field, ctx };

	if (p->mh.len && mh_fixed(p))
		mh_options(p, &o);
	else if (!p->mh.len && nd_fixed(p->msg))
		nd_options(p, &o);
}
