/* SPDX-License-Identifier: ISC */
#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tbf.h"
#include "lke/engine.h"
#include "platform/linux/clock.h"

#define LINES_PER_SECOND 10
#define SEQUENCE_WARNING (32768 / 4 * 3) /* of the budget of AMB-172 */

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
	case LKE_NOTE_SEQUENCE_BUDGET: /* AMB-172: half is information */
		return n->value >= SEQUENCE_WARNING ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE;
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
	(void)lke_note_format(n, text, sizeof(text));
	log_line(c, level, "%s%s%s: %s", role_name(n->role), ifname[0] ? " " : "", ifname, text);
}
