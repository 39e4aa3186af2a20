/* SPDX-License-Identifier: ISC */
/* Writes an archive of small files (POSIX ustar), which every tar(1) reads. */
#ifndef CTL_TAR_H
#define CTL_TAR_H

#include <stdio.h>
#include <time.h>

/* One file of mode 0600.  name has at most 99 octets, len at most 8 GiB.  0, or -1: name or len too
 * long, or out failed. */
int tar_file(FILE *out, const char *name, time_t when, const char *data, size_t len);
/* What ends an archive.  0 or -1. */
int tar_end(FILE *out);

#endif
