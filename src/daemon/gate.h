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
#include "daemon/tun_quiet.h"
#include "platform/linux/netlink.h"

/* Of a checked request, before it is carried out; nothing without an lladdr.  It waits a moment for
 * the TUN to be empty.  A gate that cannot be closed costs the order of a few packets: no error. */
void gate_close(struct nl *nl, struct ledger *l, const struct priv_request *r, struct tun_quiet *q);
/* After it was carried out: opens the gate if the TUN holds nothing any more, or in a moment. True:
 * it is open. */
bool gate_open_quiet(struct nl *nl, struct ledger *l, const struct priv_request *r,
		     struct tun_quiet *q);
/* PRIV_GATE.  0, also when it was not closed or went with its interface; or -errno. */
int gate_open(struct nl *nl, struct ledger *l, const struct priv_request *r);

#endif
