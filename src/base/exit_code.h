/* SPDX-License-Identifier: ISC */
/* Exit codes of lke(1) and lked(8); also "code" in a refusal on the control socket. */
#ifndef BASE_EXIT_CODE_H
#define BASE_EXIT_CODE_H

/* clang-format off */
#define EXIT_CODE_LIST(X) \
	X(OK, 0, "ok") \
	X(FAILED, 1, "failed") \
	X(USAGE, 2, "usage") \
	X(CONFIG, 3, "configuration invalid") \
	X(NO_DAEMON, 4, "lked does not run") \
	X(PERMISSION, 5, "permission") \
	X(TIMEOUT, 6, "timeout") \
	X(NO_OBJECT, 7, "no such object") \
	X(DEGRADED, 8, "degraded") \
	X(KERNEL, 9, "the kernel lacks a feature")
/* clang-format on */

enum exit_code {
#define X(id, code, text) EXIT_##id = code,
	EXIT_CODE_LIST(X)
#undef X
		EXIT_CODES
};

#endif
