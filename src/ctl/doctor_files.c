/* SPDX-License-Identifier: ISC */
/* The files of lked.  Key files are checked as they are read. */
#include "ctl/doctor.h"

#include <errno.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>

static void check_config_file(struct doctor *d, const char *path)
{
	struct stat st;

	d->subject = path;
	if (stat(path, &st) < 0)
		return; /* reported as it was read */
	if (st.st_mode & 022)
		doctor_say(d, VERDICT_FAIL, "permissions",
			   "Take it from them: chmod go-w FILE; who writes it chooses the keys and "
			   "the user of lked.",
			   "%s can be written by others than its owner (mode %03o)", path,
			   (unsigned)st.st_mode & 0777);
	else
		doctor_say(d, VERDICT_OK, "permissions", NULL, "%s has mode %03o", path,
			   (unsigned)st.st_mode & 0777);
}

static void check_state(struct doctor *d)
{
	struct stat st;

	d->subject = d->state_dir;
	if (lstat(d->state_dir, &st) < 0) {
		if (errno == ENOENT)
			doctor_say(d, VERDICT_OK, "state", NULL,
				   "%s is not there; lked makes it at its start", d->state_dir);
		else
			doctor_say(d, VERDICT_FAIL, "state",
				   "Make a directory of mode 0700 that lked's user owns.", "%s: %s",
				   d->state_dir, strerror(errno));
	} else if (!S_ISDIR(st.st_mode)) {
		doctor_say(d, VERDICT_FAIL, "state", "Remove it; lked makes a directory there.",
			   "%s is not a directory", d->state_dir);
	} else if (st.st_mode & 077) {
		doctor_say(d, VERDICT_FAIL, "state",
			   "Close it with: chmod 700 DIRECTORY; and make new keys if others could "
			   "read it.",
			   "%s is open to others (mode %03o); it may hold keys", d->state_dir,
			   (unsigned)st.st_mode & 0777);
	} else {
		doctor_say(d, VERDICT_OK, "state", NULL, "%s has mode %03o", d->state_dir,
			   (unsigned)st.st_mode & 0777);
	}
}

void doctor_files(struct doctor *d)
{
	char pattern[4096];
	glob_t g;

	check_config_file(d, d->ctl->config);
	snprintf(pattern, sizeof(pattern), "%s.d/?*.conf", d->ctl->config);
	if (glob(pattern, 0, NULL, &g) == 0) {
		for (size_t i = 0; i < g.gl_pathc; i++)
			check_config_file(d, g.gl_pathv[i]);
		globfree(&g);
	}
	if (d->cfg->mobiles)
		doctor_say(d, VERDICT_OK, "permissions", NULL,
			   "%u key files of mobiles are closed to others", d->cfg->mobiles);
	if (d->cfg->engine.mn.homes)
		doctor_say(d, VERDICT_OK, "permissions", NULL,
			   "%u key files of home addresses are closed to others",
			   d->cfg->engine.mn.homes);
	check_state(d);
}
