/* SPDX-License-Identifier: ISC */
/*
 * Gates, in the privileged process: while a route is led away from the TUN, the neighbour that
 * packets then go to directly is kept closed (nl_gate_close()), until the engine process has sent
 * what the TUN still held.  So nothing overtakes.
 */
#ifndef DAEMON_GATE_H
#define DAEMON_GATE_H

#include "daemon/ledger.h"
#include "daemon/priv_msg.h"
#include "platform/linux/netlink.h"

/* Of a checked request, before it is carried out; nothing without an lladdr.  A gate that cannot be
 * closed costs the order of a few packets: no error. */
void gate_close(struct nl *nl, struct ledger *l, const struct priv_request *r);
/* PRIV_GATE.  0, also when it was not closed or went with its interface; or -errno. */
int gate_open(struct nl *nl, struct ledger *l, const struct priv_request *r);

#endif
