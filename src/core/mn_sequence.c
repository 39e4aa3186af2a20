/* SPDX-License-Identifier: ISC */
/*
 * Sequence numbers of home registrations at the mobile node: counted under each manual key, since
 * the home agent alone does not see those that it did not accept (AMB-172).  The count is written
 * ahead of use, as at the home agent, so that a restart does not forget it; nothing waits for that.
 */
#include "core/mobile_node.h"
#include "core/sequence.h"

/* A reservation that a restart burns is counted as used. */
static void store_ahead(struct lke_engine *e, struct mn_home *h)
{
	struct lke_action *a;

	if (h->used <= h->stored)
		return;
	a = act_new(e, LKE_ACT_CHECKPOINT);
	if (!a)
		return;
	a->checkpoint.home = h->cfg->addr;
	a->checkpoint.generation = h->cfg->generation;
	a->checkpoint.floor = (uint16_t)(h->seq + SEQ_RESERVE);
	a->checkpoint.used = h->used + SEQ_RESERVE;
	h->stored = h->used + SEQ_RESERVE;
}

static void use(struct lke_engine *e, struct mn_home *h, uint16_t seq)
{
	uint32_t before = h->used;

	h->used += (uint16_t)(seq - h->seq);
	h->seq = seq;
	store_ahead(e, h);
	sequence_report(e, LKE_ROLE_MN, &h->cfg->addr, seq, before, h->used);
}

bool mn_sequence_next(struct lke_engine *e, struct mn_home *h, uint16_t *ret_seq)
{
	if (!h->has_seq) {
		h->seq = (uint16_t)rnd_u32(e);
		h->has_seq = true;
	}
	if (h->used >= SEQ_BUDGET) {
		alarm_note(e, LKE_ROLE_MN, &h->cfg->addr,
			   "sequence budget of the manual key used up; take a new key");
		if (!draft01(e))
			return false;
	}
	use(e, h, (uint16_t)(h->seq + 1));
	*ret_seq = h->seq;
	return true;
}

/* Where a random first number lies to that of the home agent says nothing about how many were used;
 * later a jump is what its restart has burnt. */
void mn_sequence_told(struct lke_engine *e, struct mn_home *h, uint16_t seq)
{
	if (h->counts && seq_newer(seq, h->seq))
		use(e, h, seq);
	h->seq = seq;
	h->counts = true;
}

void mn_sequence_restore(struct lke_engine *e, const struct lke_ev_floor *f)
{
	struct mn_home *h = mn_home_find(e, &f->home);

	if (h && f->lost)
		alarm_note(e, LKE_ROLE_MN, &h->cfg->addr,
			   "count of used sequence numbers lost; change the key soon");
	if (!h || f->generation != h->cfg->generation)
		return;
	h->stored = f->used;
	h->counts = true;
	/* What the daemon kept of its last moment is exact. */
	if (h->has_seq && (uint16_t)(f->floor - h->seq) <= SEQ_RESERVE && h->used <= f->used)
		return;
	h->has_seq = true;
	h->seq = f->floor;
	h->used = f->used;
	if (h->used >= SEQ_BUDGET)
		alarm_note(e, LKE_ROLE_MN, &h->cfg->addr,
			   "sequence budget of the manual key used up; take a new key");
}
