/* SPDX-License-Identifier: ISC */
/* lke check: is a configuration right? */
#include "ctl/commands.h"
#include "daemon/remedy.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#ifndef LKED_PATH
#define LKED_PATH "/usr/sbin/lked"
#endif

/* The daemon's own check, so that there is one: beside this program (build tree, /usr/local), or
 * installed. */
int cmd_check(struct ctl *c, int argc, char **argv)
{
	char self[4096], beside[4200];
	const char *file = argc == 2 ? argv[1] : c->config;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	static const char *const where[] = { "/../daemon/lked", "/../sbin/lked", "/lked" };
	char *slash;

	if (argc > 2)
		return usage(argv[0], NULL);
	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	for (size_t i = 0; slash && i < sizeof(where) / sizeof(where[0]); i++) {
		*slash = '\0';
		snprintf(beside, sizeof(beside), "%s%s", self, where[i]);
		execl(beside, "lked", "--check", "-c", file, (char *)NULL);
	}
	execl(LKED_PATH, "lked", "--check", "-c", file, (char *)NULL);
	fprintf(stderr, "lke: %s: %s%s\n", LKED_PATH, strerror(errno), remedy_of(errno));
	return EXIT_FAILED;
}
