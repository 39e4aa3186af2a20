/* SPDX-License-Identifier: ISC */
/* Notes as sentences: the log, `lke monitor`, and the messages of `lke decode`. */
#include "base/in6.h"
#include "base/str.h"
#include "lke/engine.h"

static void word(struct sbuf *s, const char *before, const char *text)
{
	sbuf_str(s, before);
	sbuf_str(s, text);
}

static void number(struct sbuf *s, const char *before, uint64_t v, const char *after)
{
	sbuf_str(s, before);
	sbuf_u64(s, v);
	sbuf_str(s, after);
}

static void address(struct sbuf *s, const char *before, const struct lke_in6 *a)
{
	sbuf_str(s, before);
	sbuf_in6(s, a);
}

/* Nanoseconds as "1.234 ms". */
static void milliseconds(struct sbuf *s, const char *before, uint64_t ns)
{
	uint64_t us = ns / 1000 % 1000;

	number(s, before, ns / LKE_MSEC, us < 10 ? ".00" : us < 100 ? ".0" : ".");
	number(s, "", us, " ms");
}

static bool has_sequence(enum lke_msg m)
{
	return m == LKE_MSG_KEREQ || m == LKE_MSG_KEACK || m == LKE_MSG_BU || m == LKE_MSG_BA ||
	       m == LKE_MSG_FINISHED;
}

static void put_message(struct sbuf *s, const struct lke_note *n)
{
	sbuf_str(s, lke_msg_name(n->msg));
	address(s, " ", &n->src);
	address(s, " -> ", &n->dst);
	if (!in6_is_unspecified(&n->addr))
		address(s, " for ", &n->addr);
	if (has_sequence(n->msg))
		number(s, " seq ", n->seq, "");
	if (n->msg == LKE_MSG_BA || n->msg == LKE_MSG_KEACK || n->msg == LKE_MSG_BE)
		number(s, " status ", n->status, "");
	if (n->lifetime)
		number(s, " lifetime ", n->lifetime, "s");
	if (n->drop != LKE_DROP_NONE)
		word(s, ", dropped: ", lke_drop_text(n->drop));
	if (n->text[0])
		word(s, ", ", n->text);
}

size_t lke_message_format(const struct lke_note *n, char *buf, size_t size)
{
	struct sbuf s = sbuf_init(buf, size);

	put_message(&s, n);
	return s.len;
}

static const char *const sentence[LKE_NOTE_COUNT] = {
	[LKE_NOTE_ATTACHED] = "attached",
	[LKE_NOTE_DETACHED] = "detached",
	[LKE_NOTE_COA] = "care-of address in use",
	[LKE_NOTE_DAD_FAILED] = "duplicate address",
	[LKE_NOTE_LBSA_TENTATIVE] = "LBSA tentative",
	[LKE_NOTE_LBSA_VALID] = "LBSA valid",
	[LKE_NOTE_LBSA_GONE] = "LBSA gone",
	[LKE_NOTE_BINDING] = "binding",
	[LKE_NOTE_BINDING_SUSPENDED] = "binding suspended",
	[LKE_NOTE_BINDING_GONE] = "binding gone",
	[LKE_NOTE_REGISTERED] = "registered with the home agent",
	[LKE_NOTE_HANDOVER] = "handover accepted by the previous access router",
	[LKE_NOTE_REFUSED] = "refused by an agent",
	[LKE_NOTE_FALLBACK] = "no answer from the temporary home agent, asking the home agent",
	[LKE_NOTE_RETURNED] = "back on a former link",
	[LKE_NOTE_LEAVING] = "leaving its link",
	[LKE_NOTE_LEAVE_END] = "no longer leaving",
	[LKE_NOTE_CACHED_NA] = "answered with the cached advertisement",
	[LKE_NOTE_DEFENDED] = "address defended",
	[LKE_NOTE_KEY_CHANGED] = "access router shows another key",
	[LKE_NOTE_ALARM] = "ALARM",
	[LKE_NOTE_REKEYED] = "the next key has taken the place of the old one, generation",
	[LKE_NOTE_SEQUENCE_BUDGET] = "sequence numbers used under this key",
};

static void put_value(struct sbuf *s, const struct lke_note *n)
{
	switch (n->type) {
	case LKE_NOTE_BINDING:
		sbuf_str(s, n->value ? " proved" : " not yet proved");
		break;
	case LKE_NOTE_ATTACHED:
	case LKE_NOTE_HANDOVER:
		if (!n->value)
			break;
		milliseconds(s, ", ", n->value);
		sbuf_str(s, " after link up");
		break;
	case LKE_NOTE_SEQUENCE_BUDGET:
	case LKE_NOTE_REKEYED:
		number(s, ": ", n->value, "");
		break;
	default:
		break;
	}
}

static void put_event(struct sbuf *s, const struct lke_note *n)
{
	if (n->type == LKE_NOTE_LINK)
		sbuf_str(s, n->value ? "link up" : "link down");
	else
		sbuf_str(s, sentence[n->type] ? sentence[n->type] : lke_note_name(n->type));
	if (!in6_is_unspecified(&n->addr))
		address(s, " ", &n->addr);
	if (!in6_is_unspecified(&n->peer))
		address(s, " peer ", &n->peer);
	if (n->type == LKE_NOTE_REFUSED) {
		word(s, ": ", lke_status_text(n->status));
		number(s, " (status ", n->status, ")");
	}
	if (n->lifetime)
		number(s, " for ", n->lifetime, "s");
	put_value(s, n);
	if (n->text[0])
		word(s, ": ", n->text);
}

size_t lke_note_format(const struct lke_note *n, char *buf, size_t size)
{
	struct sbuf s = sbuf_init(buf, size);

	if (n->type == LKE_NOTE_MESSAGE) {
		sbuf_str(&s, n->out ? "out " : "in  ");
		put_message(&s, n);
	} else {
		put_event(&s, n);
	}
	return s.len;
}
