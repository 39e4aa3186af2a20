/* SPDX-License-Identifier: ISC */
/*
 * A configuration with its keys as one file in memory: from the process that read the files to the
 * two that use it.  Writer and readers are one program and trust each other; lengths are checked
 * all the same.
 */
#ifndef DAEMON_CONFIG_IMAGE_H
#define DAEMON_CONFIG_IMAGE_H

#include "daemon/config_file.h"

#define IMAGE_SIZE_MAX ((size_t)1 << 30)

/* 0 or -errno. */
int config_image_write(int fd, const struct daemon_config *cfg, const char *text)
	__attribute__((warn_unused_result));
/*
 * 0, or -errno with nothing to free.  ret_cfg goes to daemon_config_done(), *ret_text (NULL: not
 * wanted) to free().
 */
int config_image_read(int fd, struct daemon_config *ret_cfg, char **ret_text)
	__attribute__((warn_unused_result));
/* Overwrites and empties it; for the last reader. */
void config_image_wipe(int fd);

#endif
