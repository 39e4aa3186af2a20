/* SPDX-License-Identifier: ISC */
/* What the two files of a simulated node share: its forwarding plane and its tables. */
#ifndef SIM_SIMPLANE_H
#define SIM_SIMPLANE_H

#include <string.h>

#include "sim/simpriv.h"

static inline int iface_place(const struct simnode *n, uint32_t ifindex)
{
	for (unsigned i = 0; i < n->ifaces; i++)
		if (n->iface[i].ifindex == ifindex)
			return (int)i;
	return -1;
}

static inline struct lke_lladdr multicast_lladdr(const struct lke_in6 *dst)
{
	struct lke_lladdr a = { 6, { 0x33, 0x33 } };

	memcpy(a.b + 2, dst->b + 12, 4);
	return a;
}

static inline struct lke_in6 dst_of(const uint8_t *pkt)
{
	struct lke_in6 a;

	memcpy(a.b, pkt + 24, 16);
	return a;
}

static inline struct lke_in6 src_of(const uint8_t *pkt)
{
	struct lke_in6 a;

	memcpy(a.b, pkt + 8, 16);
	return a;
}

void sim_set_change(struct simset *set, const struct lke_in6 *a, bool remove);
bool sim_set_has(const struct simset *set, const struct lke_in6 *a);
void sim_path_change(struct simnode *n, const struct lke_act_path *p);
void sim_tunnel_change(struct simnode *n, const struct lke_act_tunnel *t);
void sim_address_change(struct simnode *n, const struct lke_act_addr *a);
void sim_buffer_change(struct simnode *n, const struct lke_act_buffer *a);
void sim_queue_normal(struct simnode *n, const struct lke_in6 *addr);
void sim_release(struct simnode *n);

#endif
