/* SPDX-License-Identifier: ISC */
/*
 * A single test that cannot run here.  cmocka says "not ok" of it, which is a failure to whoever
 * reads TAP: a program that includes this is among may_skip in meson.build and runs under skip.py,
 * which says it as TAP does, with the reason. A program that cannot run at all prints the plan
 * "1..0 # SKIP why" instead.
 */
#ifndef TESTS_SKIP_H
#define TESTS_SKIP_H

#include <stdio.h>

#define skip_because(why)                                                                          \
	do {                                                                                       \
		printf("# skip: %s\n", why);                                                       \
		fflush(stdout);                                                                    \
		skip();                                                                            \
	} while (0)

#endif
