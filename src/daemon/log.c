/* SPDX-License-Identifier: ISC */
#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tbf.h"
#include "daemon/journal.h"
#include "lke/engine.h"
#include "platform/linux/clock.h"

#define LINES_PER_SECOND 10
#define SEQUENCE_WARNING (32768 / 4 * 3) /* of the budget of AMB-172 */

static struct {
	bool debug, prefix;
	int level;
	int journal; /* -1: none */
	struct tbf limit[LOG_CLASS_COUNT];
	uint64_t suppressed[LOG_CLASS_COUNT];
} state = { .journal = -1, .level = LOG_LEVEL_NOTICE };

void log_open(bool debug)
{
	lke_time now = clock_now();

	state.debug = debug;
	state.prefix = journal_is_stderr();
	if (state.prefix && state.journal < 0)
		state.journal = journal_connect("/run/systemd/journal/socket");
	for (unsigned i = 0; i < LOG_CLASS_COUNT; i++)
		tbf_init(&state.limit[i], LINES_PER_SECOND, LINES_PER_SECOND, now);
}

void log_set_level(int level)
{
	state.level = level;
}

int log_fd(void)
{
	return state.journal;
}

static void write_line(enum log_level level, const char *text, const struct lke_note *note,
		       const char *ifname)
{
	if (state.journal >= 0 && journal_send(state.journal, level, text, note, ifname) == 0)
		return;
	if (state.prefix)
		fprintf(stderr, "<%d>%s\n", (int)level, text);
	else
		fprintf(stderr, "lked: %s%s\n",
			level == LOG_LEVEL_ERROR     ? "error: "
			: level == LOG_LEVEL_WARNING ? "warning: "
						     : "",
			text);
}

/* False: this line is one too many of its class. */
static bool admitted(enum log_class c, enum log_level level)
{
	char text[64];
	bool every = state.debug || state.level == LOG_LEVEL_DEBUG;

	if ((int)level > state.level && !state.debug)
		return false;
	/* That is for reading every message: only peers' messages stay limited then. */
	if (!(every && c != LOG_CLASS_PEER) && !tbf_take(&state.limit[c], 1, clock_now())) {
		state.suppressed[c]++;
		return false;
	}
	if (state.suppressed[c]) {
		snprintf(text, sizeof(text), "(%llu lines of this kind were left out)",
			 (unsigned long long)state.suppressed[c]);
		state.suppressed[c] = 0;
		write_line(LOG_LEVEL_NOTICE, text, NULL, "");
	}
	return true;
}

void log_line(enum log_class c, enum log_level level, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!admitted(c, level))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	write_line(level, text, NULL, "");
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
	char sentence[400], text[512];

	if (n->type == LKE_NOTE_MESSAGE && n->drop != LKE_DROP_NONE)
		c = LOG_CLASS_PEER;
	if (!admitted(c, level))
		return;
	(void)lke_note_format(n, sentence, sizeof(sentence));
	snprintf(text, sizeof(text), "%s%s%s: %s", role_name(n->role), ifname[0] ? " " : "", ifname,
		 sentence);
	write_line(level, text, n, ifname);
}
