/* SPDX-License-Identifier: ISC */
/* RUN/running.conf: the configuration that lked runs with, as lke showconf prints it. */
#ifndef DAEMON_RUNNING_CONFIG_H
#define DAEMON_RUNNING_CONFIG_H

#include "daemon/world.h"

/* Makes the file and writes world.running_text.  Without it the daemon works as well. */
void running_config_open(struct world *w);
/* Writes it again. */
void running_config_write(struct world *w);

#endif
