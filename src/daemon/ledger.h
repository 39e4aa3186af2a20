/* SPDX-License-Identifier: ISC */
/*
 * What the engine process had added to the host and not yet removed.  It bounds how much that can
 * be, and keeps it from removing what others added.
 */
#ifndef DAEMON_LEDGER_H
#define DAEMON_LEDGER_H

#include "daemon/priv_msg.h"

struct ledger;

/* max: entries.  0, or -ENOMEM. */
int ledger_new(size_t max, const uint8_t secret[16], struct ledger **ret);
/* Another max.  Fewer than there are: they stay, and no further one comes. */
void ledger_limit(struct ledger *l, size_t max);
void ledger_free(struct ledger *l);
/* Before an ADDR, NEIGH, STEER, INTERCEPT or GATE that adds: 0, -ENOSPC when full, -ENOMEM. */
int ledger_add(struct ledger *l, const struct priv_request *r);
/* Before a removal, and after an addition that failed.  false: it was never added. */
bool ledger_del(struct ledger *l, const struct priv_request *r);
bool ledger_has(const struct ledger *l, const struct priv_request *r);
/* The interface is gone with everything on it. */
void ledger_forget_link(struct ledger *l, uint32_t ifindex);

#endif
