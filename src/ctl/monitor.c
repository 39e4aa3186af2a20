/* SPDX-License-Identifier: ISC */
/* lke monitor: what happens, as it happens. */
#include "ctl/commands.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *colour_of(const json_t *j)
{
	const char *event = text_get(j, "event"), *verdict = text_get(j, "verdict");

	if (strcmp(event, "message") == 0)
		return strcmp(verdict, "accepted") == 0 ? "\033[2m" : "\033[33m";
	if (strcmp(event, "alarm") == 0 || strcmp(event, "refused") == 0 ||
	    strcmp(event, "fallback") == 0)
		return "\033[31m";
	if (strcmp(event, "handover") == 0 || strcmp(event, "registered") == 0)
		return "\033[32m";
	return "";
}

static void print_event(const struct ctl *c, const json_t *j, const struct timespec *now)
{
	double cost = text_number(j, "cost");
	struct tm tm;
	char when[16];

	if (strcmp(text_get(j, "event"), "lost") == 0) {
		printf("(%.0f events were lost)\n", text_number(j, "count"));
		return;
	}
	localtime_r(&now->tv_sec, &tm);
	strftime(when, sizeof(when), "%H:%M:%S", &tm);
	printf("%s%s.%03ld %-13s %-8s %s", c->colour ? colour_of(j) : "", when,
	       now->tv_nsec / 1000000, text_get(j, "role"), text_get(j, "interface"),
	       text_get(j, "text"));
	if (cost > 0)
		printf(" (%.0f us)", cost * 1e6);
	puts(c->colour ? "\033[0m" : "");
}

/* The daemon's time is CLOCK_BOOTTIME, which nobody can set: people compare with the wall. */
static void take_event(const struct ctl *c, json_t *j)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!c->json) {
		print_event(c, j, &now);
		return;
	}
	json_object_set_new(j, "wall_time",
			    json_real((double)now.tv_sec + (double)now.tv_nsec / 1e9));
	json_dumpf(j, stdout, JSON_COMPACT);
	putchar('\n');
}

int cmd_monitor(struct ctl *c, int argc, char **argv)
{
	struct client_buf b = { 0 };
	int fd, code;

	if (argc != 1)
		return usage(argv[0], NULL);
	code = client_open(c, json_pack("{s:s}", "cmd", "monitor"), &fd);
	if (code)
		return code;
	for (;;) {
		json_t *j;

		code = client_read(fd, &b, -1, &j);
		if (code)
			break;
		take_event(c, j);
		json_decref(j);
		if (fflush(stdout) == EOF)
			break;
	}
	free(b.text);
	close(fd);
	return code;
}
