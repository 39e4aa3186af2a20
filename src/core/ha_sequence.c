/* SPDX-License-Identifier: ISC */
/*
 * Sequence numbers of home registrations.  They belong to (home address, key generation), not to
 * the binding (AMB-153, AMB-173).  A floor is written ahead of use: after a restart it counts as
 * the last accepted number, so that no recorded Binding Update is accepted twice (AMB-151).
 */
#include "core/home_agent.h"

static uint32_t advance(const struct mobile *m, uint16_t seq)
{
	return m->has_seq ? (uint16_t)(seq - m->last_seq) : 0;
}

uint8_t ha_sequence_judge(const struct lke_engine *e, const struct mobile *m, uint16_t seq)
{
	const struct lke_config_ha *cfg = &e->cfg.ha;

	if (m->floor_lost)
		return STATUS_RESOURCES; /* any number may be an old one */
	if (m->has_seq && !seq_newer(seq, m->last_seq))
		return STATUS_SEQUENCE;
	if (cfg->max_jump && advance(m, seq) > cfg->max_jump)
		return STATUS_SEQUENCE; /* AMB-174 */
	/* Beyond the budget the window no longer knows the oldest recorded numbers (AMB-172). */
	if (cfg->enforce_cycle && !draft01(e) && m->used + advance(m, seq) > SEQ_BUDGET)
		return STATUS_PROHIBITED;
	return STATUS_ACCEPTED;
}

bool ha_sequence_durable(const struct lke_engine *e, const struct mobile *m, uint16_t seq)
{
	if (e->cfg.ha.volatile_state)
		return true;
	return m->has_floor && !seq_newer(seq, m->floor);
}

uint64_t ha_cookie(const struct mobile *m, uint32_t kind)
{
	return COOKIE(MODULE_HA,
		      (uint64_t)(m->generation & 0xffff) << 40 | (uint64_t)kind << 32 | m->id);
}

static bool checkpoint(struct lke_engine *e, const struct mobile *m, uint32_t kind,
		       uint32_t generation, uint16_t floor, uint32_t used)
{
	struct lke_action *a = act_new(e, LKE_ACT_CHECKPOINT);

	if (!a)
		return false;
	a->cookie = ha_cookie(m, kind);
	a->checkpoint.home = m->home;
	a->checkpoint.generation = generation;
	a->checkpoint.floor = floor;
	a->checkpoint.used = used;
	a->checkpoint.suspended = m->suspended;
	return true;
}

/* A reservation that a restart burns is counted as used. */
static uint32_t used_at(const struct lke_engine *e, const struct mobile *m, uint16_t floor)
{
	return m->has_seq ? m->used + advance(m, floor) : e->cfg.ha.reserve;
}

bool ha_sequence_reserve(struct lke_engine *e, struct mobile *m, uint16_t seq)
{
	uint16_t floor = (uint16_t)(seq + e->cfg.ha.reserve);

	if (m->writing)
		return true;
	if (!checkpoint(e, m, HA_CHECKPOINT_FLOOR, m->generation, floor, used_at(e, m, floor)))
		return false;
	m->writing = true;
	m->writing_floor = floor;
	return true;
}

/* Without a number yet, what is stored stays as it is: perhaps the floor of the key before. */
bool ha_sequence_store_service(struct lke_engine *e, const struct mobile *m)
{
	uint16_t floor = m->writing ? m->writing_floor : m->floor;

	if (e->cfg.ha.volatile_state)
		return true;
	if (!m->has_seq && !m->writing)
		return checkpoint(e, m, HA_CHECKPOINT_SERVICE, m->stored_generation,
				  m->stored_floor, m->stored_used);
	return checkpoint(e, m, HA_CHECKPOINT_SERVICE, m->generation, floor, used_at(e, m, floor));
}

bool ha_sequence_store_next(struct lke_engine *e, const struct mobile *m, uint32_t generation,
			    uint16_t floor)
{
	return checkpoint(e, m, HA_CHECKPOINT_NEXT, generation, floor, e->cfg.ha.reserve);
}

void ha_sequence_commit(struct lke_engine *e, struct mobile *m, uint16_t seq)
{
	uint32_t before = m->used;

	m->used += advance(m, seq);
	m->last_seq = seq;
	m->has_seq = true;
	sequence_rate_add(&m->rate, m->used, e->now);
	sequence_report(e, LKE_ROLE_HA, &m->home, seq, before, m->used);
	sequence_judge_rate(e, LKE_ROLE_HA, &m->home, &m->rate, m->used);
}

void ha_sequence_renew(struct lke_engine *e, struct mobile *m)
{
	/* What waits was signed with the old key, and its floor would be written under the new. */
	ha_drop_waiting(e, m);
	m->has_seq = m->has_floor = m->writing = m->floor_lost = false;
	m->last_seq = m->floor = 0;
	m->used = 0;
	m->rate = (struct seq_rate){ 0 };
}

static void refuse_numbers(struct lke_engine *e, struct mobile *m, const char *why)
{
	m->floor_lost = true;
	alarm_note(e, LKE_ROLE_HA, &m->home, why);
}

/* The floor of an older key generation is history, one of a newer generation says that the present
 * key was retired; the word about suspension outlives a change of keys. */
void ha_floor(struct lke_engine *e, const struct lke_ev_floor *f)
{
	struct mobile *m = ha_by_home(e, &f->home);

	if (!m) {
		ha_retire(e, f); /* for the day its policy entry comes back */
		return;
	}
	m->suspended |= f->suspended;
	m->stored_generation = f->generation;
	m->stored_floor = f->floor;
	m->stored_used = f->used;
	if (f->lost) {
		refuse_numbers(e, m, "sequence floor lost: change the key (lke rekey)");
		return;
	}
	if (f->generation > m->generation && !ha_rekey_restored(e, m, f->generation))
		refuse_numbers(e, m, "the key is of a retired generation: install the newer one");
	if (f->generation != m->generation)
		return;
	m->has_seq = true;
	m->last_seq = f->floor;
	m->used = f->used;
	m->has_floor = true;
	m->floor = f->floor;
	if (m->used >= SEQ_BUDGET)
		alarm_note(e, LKE_ROLE_HA, &m->home, "sequence budget used up; change the key");
}

static void floor_written(struct lke_engine *e, struct mobile *m, int err)
{
	m->writing = false;
	if (err < 0) {
		alarm_note(e, LKE_ROLE_HA, &m->home,
			   "sequence floor not durable; look at the disk");
		ha_refuse_waiting(e, m, STATUS_RESOURCES);
		return;
	}
	m->has_floor = true;
	m->floor = m->writing_floor;
	ha_proceed(e, m);
}

void ha_result(struct lke_engine *e, const struct lke_ev_result *r)
{
	uint64_t id = COOKIE_ID(r->cookie);
	uint32_t kind = id >> 32 & 0xff;
	struct mobile *m = ha_by_id(e, (uint32_t)id);

	if (!m)
		return; /* its policy entry is gone */
	if (kind == HA_KEEP || kind == HA_KEEP_BATCH)
		ha_kept(e, m, kind == HA_KEEP_BATCH, r->err);
	if (kind == HA_CHECKPOINT_SERVICE)
		ha_service_written(e, m, r->err);
	/* The outcome of a write under a former key says nothing about this one. */
	if (id >> 40 != (m->generation & 0xffff))
		return;
	if (kind == HA_CHECKPOINT_FLOOR && m->writing)
		floor_written(e, m, r->err);
	else if (kind == HA_CHECKPOINT_NEXT)
		ha_rekey_written(e, m, r->err);
}
