/* SPDX-License-Identifier: ISC */
#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/in6.h"
#include "base/tbf.h"
#include "lke/engine.h"
#include "platform/linux/clock.h"

#define LINES_PER_SECOND 10

static struct {
	bool debug, journal;
	struct tbf limit[LOG_CLASS_COUNT];
	uint64_t suppressed[LOG_CLASS_COUNT];
} state;

void log_open(bool debug)
{
	lke_time now = clock_now();

	state.debug = debug;
	state.journal = getenv("JOURNAL_STREAM") != NULL;
	for (unsigned i = 0; i < LOG_CLASS_COUNT; i++)
		tbf_init(&state.limit[i], LINES_PER_SECOND, LINES_PER_SECOND, now);
}

static void write_line(enum log_level level, const char *text)
{
	if (state.journal)
		fprintf(stderr, "<%d>%s\n", (int)level, text);
	else
		fprintf(stderr, "lked: %s%s\n",
			level == LOG_LEVEL_ERROR     ? "error: "
			: level == LOG_LEVEL_WARNING ? "warning: "
						     : "",
			text);
}

void log_line(enum log_class c, enum log_level level, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (level == LOG_LEVEL_DEBUG && !state.debug)
		return;
	/* -d is for reading every message: only peers' messages stay limited then. */
	if (!(state.debug && c != LOG_CLASS_PEER) && !tbf_take(&state.limit[c], 1, clock_now())) {
		state.suppressed[c]++;
		return;
	}
	if (state.suppressed[c]) {
		snprintf(text, sizeof(text), "(%llu lines of this kind were left out)",
			 (unsigned long long)state.suppressed[c]);
		state.suppressed[c] = 0;
		write_line(LOG_LEVEL_NOTICE, text);
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	write_line(level, text);
}

static const char *role_name(enum lke_role role)
{
	switch (role) {
	case LKE_ROLE_MN:
		return "mobile node";
	case LKE_ROLE_AR:
		return "access router";
	case LKE_ROLE_HA:
		return "home agent";
	}
	return "lke";
}

/* "1.234 ms" of nanoseconds */
static const char *ms_text(uint64_t ns, char buf[32])
{
	snprintf(buf, 32, "%llu.%03llu ms", (unsigned long long)(ns / 1000000),
		 (unsigned long long)(ns / 1000 % 1000));
	return buf;
}

static size_t append(char *buf, size_t size, size_t len, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static size_t append(char *buf, size_t size, size_t len, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (len >= size)
		return len;
	va_start(ap, fmt);
	n = vsnprintf(buf + len, size - len, fmt, ap);
	va_end(ap);
	return len + (n > 0 ? (size_t)n : 0);
}

static bool has_sequence(enum lke_msg m)
{
	return m == LKE_MSG_KEREQ || m == LKE_MSG_KEACK || m == LKE_MSG_BU || m == LKE_MSG_BA ||
	       m == LKE_MSG_FINISHED;
}

static void message_sentence(const struct lke_note *n, char *buf, size_t size)
{
	char src[IN6_TEXT_MAX], dst[IN6_TEXT_MAX], addr[IN6_TEXT_MAX];
	size_t len = append(buf, size, 0, "%-3s %s %s -> %s", n->out ? "out" : "in",
			    lke_msg_name(n->msg), in6_text(&n->src, src), in6_text(&n->dst, dst));

	if (!in6_is_unspecified(&n->addr))
		len = append(buf, size, len, " for %s", in6_text(&n->addr, addr));
	if (has_sequence(n->msg))
		len = append(buf, size, len, " seq %u", n->seq);
	if (n->msg == LKE_MSG_BA || n->msg == LKE_MSG_KEACK)
		len = append(buf, size, len, " status %u", n->status);
	if (n->lifetime)
		len = append(buf, size, len, " lifetime %us", n->lifetime);
	if (n->drop != LKE_DROP_NONE)
		len = append(buf, size, len, ", dropped: %s", lke_drop_text(n->drop));
	if (n->text[0])
		append(buf, size, len, ", %.63s", n->text);
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
	[LKE_NOTE_SEQUENCE_BUDGET] = "sequence numbers used under this key",
};

const char *note_sentence(const struct lke_note *n, char *buf, size_t size)
{
	char addr[IN6_TEXT_MAX], ms[32];
	size_t len = 0;

	buf[0] = '\0';
	if (n->type == LKE_NOTE_MESSAGE) {
		message_sentence(n, buf, size);
		return buf;
	}
	if (n->type == LKE_NOTE_LINK)
		len = append(buf, size, len, "link %s", n->value ? "up" : "down");
	else
		len = append(buf, size, len, "%s",
			     sentence[n->type] ? sentence[n->type] : lke_note_name(n->type));
	if (!in6_is_unspecified(&n->addr))
		len = append(buf, size, len, " %s", in6_text(&n->addr, addr));
	if (!in6_is_unspecified(&n->peer))
		len = append(buf, size, len, " peer %s", in6_text(&n->peer, addr));
	if (n->type == LKE_NOTE_REFUSED)
		len = append(buf, size, len, ": %s (status %u)", lke_status_text(n->status),
			     n->status);
	if (n->lifetime)
		len = append(buf, size, len, " for %us", n->lifetime);
	if (n->type == LKE_NOTE_BINDING)
		len = append(buf, size, len, n->value ? " proved" : " not yet proved");
	if ((n->type == LKE_NOTE_ATTACHED || n->type == LKE_NOTE_HANDOVER) && n->value)
		len = append(buf, size, len, ", %s after link up", ms_text(n->value, ms));
	if (n->type == LKE_NOTE_SEQUENCE_BUDGET)
		len = append(buf, size, len, ": %llu", (unsigned long long)n->value);
	if (n->text[0])
		append(buf, size, len, ": %.63s", n->text);
	return buf;
}

static enum log_level note_level(const struct lke_note *n)
{
	switch (n->type) {
	case LKE_NOTE_MESSAGE:
	case LKE_NOTE_CACHED_NA:
		return LOG_LEVEL_DEBUG;
	case LKE_NOTE_ALARM:
	case LKE_NOTE_KEY_CHANGED:
	case LKE_NOTE_DAD_FAILED:
	case LKE_NOTE_REFUSED:
	case LKE_NOTE_FALLBACK:
		return LOG_LEVEL_WARNING;
	default:
		return LOG_LEVEL_NOTICE;
	}
}

void log_note(const struct lke_note *n, const char *ifname)
{
	enum log_level level = note_level(n);
	enum log_class c = (enum log_class)(LOG_CLASS_NOTE + (int)n->type);
	char text[400];

	if (level == LOG_LEVEL_DEBUG && !state.debug)
		return;
	if (n->type == LKE_NOTE_MESSAGE && n->drop != LKE_DROP_NONE)
		c = LOG_CLASS_PEER;
	log_line(c, level, "%s%s%s: %s", role_name(n->role), ifname[0] ? " " : "", ifname,
		 note_sentence(n, text, sizeof(text)));
}
