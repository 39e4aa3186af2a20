/* SPDX-License-Identifier: ISC */
/* Optimistic duplicate address detection of the node's own addresses (RFC 4429, RFC 4862 5.4), and
 * the next address after a conflict (RFC 7217 6, AMB-170). */
#include "core/mobile_node.h"

/* One DAD solicitation with a fresh nonce, so that a looped-back copy is known (RFC 7527). */
static void send_dad_ns(struct lke_engine *e, struct mn_addr *a)
{
	struct nd_msg m = { .type = ND_NS, .target = a->addr, .has_nonce = true };
	struct lke_in6 group = in6_solicited_node(&a->addr);
	uint8_t buf[256];
	int len;

	if (!rnd_bytes(e, a->nonce, sizeof(a->nonce)))
		return;
	memcpy(m.nonce, a->nonce, sizeof(m.nonce));
	len = nd_encode(&m, &in6_unspecified, &group, 0, buf, sizeof(buf));
	if (len > 0)
		send_packet(e, LKE_ROLE_MN, LKE_MSG_DAD_NS, a->ifindex, NULL, buf, (size_t)len);
}

/* Where there is none (RFC 4862 5.4) the address is over it in the next turn. */
void mn_addr_dad(struct lke_engine *e, struct mn_link *l, struct mn_addr *a)
{
	lke_time takes = l->ifc->no_dad ? 0 : DUP_ADDR_DETECT_TRANSMITS * RETRANS_TIMER;

	a->state = MN_ADDR_OPTIMISTIC;
	if (takes > 0)
		send_dad_ns(e, a);
	arm(e, &a->dad, e->now + takes);
}

void mn_addr_dad_timer(struct lke_engine *e, struct mn_addr *a)
{
	struct mn_link *l = mn_link_of(e, a->ifindex);
	struct lke_note *n;

	if (a->state != MN_ADDR_OPTIMISTIC)
		return;
	a->state = MN_ADDR_PREFERRED;
	if (!l)
		return;
	if (!a->linklocal) {
		n = note_new(e, LKE_NOTE_COA, LKE_ROLE_MN);
		if (n) {
			n->ifindex = a->ifindex;
			n->addr = a->addr;
		}
	}
	mn_kex_try(e, l);
}

void mn_addr_replace(struct lke_engine *e, struct mn_link *l, struct mn_addr *a)
{
	struct lke_in6 prefix = a->addr;
	struct mn_addr *next = NULL;
	bool was_ll = a == l->ll, was_coa = a == l->coa;

	memset(prefix.b + 8, 0, 8);
	if (!was_ll && !mn_addr_here(l, a))
		return;
	if (a->dad_counter < IDGEN_RETRIES)
		next = mn_addr_new(e, l, &prefix, a->plen, (uint8_t)(a->dad_counter + 1));
	if (!next) {
		alarm_note(e, LKE_ROLE_MN, &a->addr,
			   "no usable address on this link; look at its DAD and prefixes");
		return;
	}
	next->router = a->router;
	next->valid_until = a->valid_until;
	next->preferred_until = a->preferred_until;
	if (was_ll) {
		l->ll = next;
		mn_addr_steer(e, next, false);
		mn_addr_announce(e, next);
		mn_addr_dad(e, l, next);
		mn_addr_remove(e, a);
		return;
	}
	mn_addr_arm_end(e, next);
	a->here = false;
	if (was_coa)
		mn_attach(e, l, next);
	else
		mn_addr_use(e, l, next);
}

/* No next address: the link does without one of this prefix (RFC 4862 5.4.5), perhaps without any.
 */
static void give_up(struct lke_engine *e, struct mn_link *l, struct mn_addr *a)
{
	mn_prefix_disputed(e, a);
	if (l->coa != a)
		return;
	mn_choose(e, l);
	if (!l->router)
		mn_solicit(e, l);
}

void mn_addr_conflict(struct lke_engine *e, struct mn_link *l, struct mn_addr *a)
{
	struct lke_note *n = note_new(e, LKE_NOTE_DAD_FAILED, LKE_ROLE_MN);
	struct lke_in6 addr = a->addr;

	if (n) {
		n->ifindex = a->ifindex;
		n->addr = a->addr;
	}
	timerq_disarm(&e->timers, &a->dad);
	/* The other node owns it: keep nothing that would use it again. */
	for (struct mn_lbsa *b; (b = mn_lbsa_of(e, &a->addr, NULL));)
		mn_lbsa_remove(e, b, "address in use elsewhere");
	mn_addr_replace(e, l, a);
	a = mn_addr_find(e, &addr);
	if (a && a->here)
		give_up(e, l, a);
	mn_rebind(e, &addr);
	a = mn_addr_find(e, &addr);
	if (a && l->coa != a && l->ll != a)
		mn_addr_remove(e, a);
}
