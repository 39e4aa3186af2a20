/* SPDX-License-Identifier: ISC */
/* The next step of a message that ends with the error of a system call. */
#ifndef DAEMON_REMEDY_H
#define DAEMON_REMEDY_H

/* err: an errno, of either sign.  "; WHAT TO DO", static, never NULL. */
const char *remedy_of(int err);

#endif
