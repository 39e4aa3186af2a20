/* SPDX-License-Identifier: ISC */
/* The wall clock, which journals and next keys are dated by; the protocol needs none. */
#include "ctl/doctor.h"

#include <sys/stat.h>
#include <time.h>

/* 2024-01-01: older than this program. */
#define CLOCK_LEAST 1704067200
#define CLOCK_SLACK 60 /* s: a file server's clock may be another */

void doctor_clock(struct doctor *d)
{
	static const char remedy[] =
		"Set the clock, by chrony or systemd-timesyncd; without a clock in "
		"hardware before lked starts.";
	time_t now = time(NULL);
	struct stat st;

	if (now < CLOCK_LEAST)
		doctor_say(d, VERDICT_WARN, "clock", remedy,
			   "the clock is years behind; journals and key overlaps are dated by it");
	else if (stat(d->ctl->config, &st) == 0 && st.st_mtime > now + CLOCK_SLACK)
		doctor_say(d, VERDICT_WARN, "clock", remedy,
			   "%s was written in the future: the clock is behind", d->ctl->config);
	else
		doctor_say(d, VERDICT_OK, "clock", NULL,
			   "is set; the protocol itself needs no common time");
}
