/* SPDX-License-Identifier: ISC */
/* What has keys in it, on standard output. */
#ifndef CTL_KEY_PRINT_H
#define CTL_KEY_PRINT_H

#include <stdbool.h>
#include <stddef.h>

enum { KEY_JSON_MAX = 8192 };

/*
 * The lines NAME = VALUE of a key file or policy entry as one JSON object of that schema, a member
 * each, with _ for - in its name.  secret false: without the keys.  Its length, or -ENOSPC.  The
 * caller wipes buf.
 */
int key_json(const char *schema, const char *text, bool secret, char buf[KEY_JSON_MAX])
	__attribute__((warn_unused_result));

/* Before keys go to standard output: a file there is made its owner's, and the library's buffer is
 * passed by. */
void key_close_output(void);
/* To standard output, in this way; never to a terminal.  An exit code, after a message. */
int key_print(const char *text, size_t len);

#endif
