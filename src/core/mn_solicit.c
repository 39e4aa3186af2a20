/* SPDX-License-Identifier: ISC */
/* Router Solicitations: RFC 4861 6.3.7, RFC 7559. */
#include "core/mobile_node.h"

#define SOLICIT_MAX (64 * LKE_SEC) /* RFC 7559 keeps asking, less and less often */
#define RS_RATE	    2		   /* per s and link, however often the carrier flaps */
#define RS_BURST    6

/*
 * RFC 4861 6.3.7 asks for a random delay and 4 s between solicitations.  Both are interruption
 * here: one lost frame after a handover would cost 4 s.  So, a conscious deviation: at link up,
 * after 100 ms, after 500 ms, then the RFC's interval, then rarer (RFC 7559); at most RS_RATE a
 * second over all flaps of the carrier.
 */
/* From the link-local, without our link-layer address while that one is optimistic
 * (RFC 4429 3.3), so that the access router answers by unicast at once (AMB-181). */
void mn_solicit(struct lke_engine *e, struct mn_link *l)
{
	struct nd_msg m = { .type = ND_RS };
	lke_time wait = RTR_SOLICITATION_INTERVAL;
	uint8_t buf[128];
	int len;

	if (l->rs.rate == 0)
		tbf_init(&l->rs, RS_RATE, RS_BURST, e->now);
	if (!tbf_take(&l->rs, 1, e->now)) {
		arm(e, &l->solicit, e->now + LKE_SEC / RS_RATE);
		return;
	}
	if (l->ll && l->ll->state == MN_ADDR_PREFERRED)
		m.lladdr = l->ifc->lladdr;
	len = nd_encode(&m, l->ll ? &l->ll->addr : &in6_unspecified, &in6_all_routers, 0, buf,
			sizeof(buf));
	if (len > 0) {
		send_packet(e, LKE_ROLE_MN, LKE_MSG_RS, l->ifc->ifindex, NULL, buf, (size_t)len);
		count(e, LKE_STAT_RS_SENT);
	}
	l->solicitations++;
	if (l->solicitations <= 2)
		wait = l->solicitations == 1 ? 100 * LKE_MSEC : 400 * LKE_MSEC;
	for (unsigned n = MAX_RTR_SOLICITATIONS + 2; n < l->solicitations && wait < SOLICIT_MAX;
	     n++)
		wait *= 2;
	arm(e, &l->solicit, e->now + wait);
}

void mn_solicit_timer(struct lke_engine *e, struct mn_link *l)
{
	if (l->up && !l->router)
		mn_solicit(e, l);
}
