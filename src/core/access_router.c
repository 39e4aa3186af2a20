/* SPDX-License-Identifier: ISC */
/* The access router role: life, links, dispatch, commands and views. */
#include "core/access_router.h"

static int tables_init(struct lke_engine *e, struct access_router *ar)
{
	uint8_t secret[16];
	size_t max = 0;
	int err;

	for (unsigned n = 0; n < e->cfg.ars; n++)
		max += e->cfg.ar[n].max_lbsa;
	if (!rnd_bytes(e, secret, sizeof(secret)))
		return LKE_ERR_CRYPTO;
	err = lbsa_cache_init(&ar->lbsa, max ? max : 1, secret);
	if (err == 0)
		err = ar_neighbour_init(ar, secret);
	if (err == 0)
		err = ar_restore_new(e);
	if (err == 0 && e->cfg.keep_state)
		err = ar_state_new(e);
	if (err == 0) {
		ar->limits = ar_limits_new(secret, e->now);
		err = ar->limits ? 0 : LKE_ERR_NOMEM;
	}
	mem_wipe(secret, sizeof(secret));
	return err;
}

int ar_new(struct lke_engine *e)
{
	struct access_router *ar = mem_zalloc(sizeof(*ar));
	int err;

	if (!ar)
		return LKE_ERR_NOMEM;
	timer_init(&ar->key_grace, AR_TIMER_KEY, ar);
	timer_init(&ar->key_age, AR_TIMER_KEY_AGE, ar);
	e->ar = ar;
	err = tables_init(e, ar);
	if (err < 0) {
		ar_free(e);
		e->ar = NULL;
	}
	return err;
}

/* Frees memory only: the actions that undo things are queued by ar_stop(). */
static void lbsa_release(struct lke_engine *e, struct lbsa *l)
{
	if (timer_armed(&l->timer))
		timerq_disarm(&e->timers, &l->timer);
	ar_dad_cancel(e, l);
	ar_reach_forget(l);
	ar_buffer_free(e, l);
	mem_free(l->held);
	l->held = NULL;
	lbsa_del(&e->ar->lbsa, l);
}

static void ar_link_quiet(struct lke_engine *e, struct ar_link *k)
{
	if (timer_armed(&k->ra))
		timerq_disarm(&e->timers, &k->ra);
	if (timer_armed(&k->heard.silence))
		timerq_disarm(&e->timers, &k->heard.silence);
}

void ar_free(struct lke_engine *e)
{
	struct access_router *ar = e->ar;

	while (ar->lbsa.n > 0)
		lbsa_release(e, ar->lbsa.all[ar->lbsa.n - 1]);
	lbsa_cache_done(&ar->lbsa);
	ar_state_free(e);
	ar_restore_free(e);
	ar_neighbour_done(e);
	while (ar->pendings > 0)
		kex_request_free(ar->pending[--ar->pendings]);
	replay_done(&ar->rsa[0].replay);
	replay_done(&ar->rsa[1].replay);
	timerq_disarm(&e->timers, &ar->key_grace);
	timerq_disarm(&e->timers, &ar->key_age);
	for (unsigned n = 0; n < ar->links; n++)
		ar_link_quiet(e, &ar->link[n]);
	mem_free(ar->limits);
	mem_free_wipe(ar, sizeof(*ar));
	e->ar = NULL;
}

void ar_stop(struct lke_engine *e)
{
	struct access_router *ar = e->ar;

	/* A router that keeps its state comes back: it does not send its mobiles away. */
	ar_state_stop(e);
	for (unsigned n = 0; n < ar->links; n++) {
		if (!ar->link[n].ifc) /* its interface went */
			continue;
		ar_advertise_stop(e, &ar->link[n], !ar->state);
		ar->link[n].running = false;
	}
	while (ar->lbsa.n > 0)
		ar_lbsa_remove(e, ar->lbsa.all[ar->lbsa.n - 1], "stopped");
}

/* --- LBSA --- */

void ar_lbsa_note(struct lke_engine *e, enum lke_note_type type, const struct lbsa *l,
		  const char *text)
{
	struct lke_note *n = note_new(e, type, LKE_ROLE_AR);

	if (!n)
		return;
	n->ifindex = l->entry->key.ifindex;
	n->addr = l->entry->key.coa;
	n->peer = l->peer_ll;
	n->seq = l->kex_seq;
	n->lifetime = l->expires > e->now ? (uint32_t)((l->expires - e->now) / LKE_SEC) : 0;
	note_text(n, text);
}

struct binding *ar_lbsa_binding(struct lke_engine *e, const struct lbsa *l)
{
	struct binding *b = binding_find(e, &l->entry->key.coa);

	return b && b->kind == BINDING_BY_LBSA && b->owner == l ? b : NULL;
}

void ar_lbsa_remove(struct lke_engine *e, struct lbsa *l, const char *why)
{
	struct binding *b = ar_lbsa_binding(e, l);
	struct lke_in6 group = in6_solicited_node(&l->entry->key.coa);

	ar_buffer_forget(e, l);
	if (b) {
		if (timer_armed(&b->role))
			timerq_disarm(&e->timers, &b->role);
		binding_remove(e, b, why);
	}
	ar_state_gone(e, l);
	ar_lbsa_note(e, LKE_NOTE_LBSA_GONE, l, why);
	group_leave(e, l->entry->key.ifindex, &group);
	steer_del(e, LKE_STEER_MINE, &l->ar, 0);
	lbsa_release(e, l);
}

void ar_lbsa_arm(struct lke_engine *e, struct lbsa *l)
{
	lke_time end = l->expires;

	if (l->state == LKE_LBSA_TOMBSTONE && e->now + AR_TOMBSTONE < end)
		end = e->now + AR_TOMBSTONE;
	timer_init(&l->timer, AR_TIMER_LBSA, l);
	arm(e, &l->timer, end);
}

/* --- Links --- */

struct ar_link *ar_link_by_index(struct lke_engine *e, uint32_t ifindex)
{
	struct iface *i = iface_by_index(e, ifindex);

	return i ? i->ar : NULL;
}

uint32_t ar_max_lifetime(const struct lke_engine *e, const struct ar_link *k)
{
	const struct lke_config_ar *c = k->cfg;
	bool augment = c->advertise == LKE_ADVERTISE_AUGMENT;
	uint32_t router = augment ? k->heard.lifetime : c->router_lifetime;
	uint32_t ha = augment ? k->heard.has_ha_info ? k->heard.ha_lifetime : 0 : c->ha_lifetime;
	uint32_t max = c->max_lifetime;

	if (!c->lke || (augment && !ar_augment_live(e, k)))
		return 0;
	if (router < max)
		max = router;
	if (ha > 0 && ha < max)
		max = ha;
	/* "must not be forever", draft 3.1.1 */
	return max == UINT16_MAX ? UINT16_MAX - 1u : max;
}

static const struct lke_config_ar *config_of(const struct lke_engine *e, const struct iface *i)
{
	for (unsigned n = 0; n < e->cfg.ars; n++)
		if (strcmp(e->cfg.ar[n].interface, i->name) == 0)
			return &e->cfg.ar[n];
	return NULL;
}

static void link_attach(struct lke_engine *e, struct iface *i, const struct lke_config_ar *cfg)
{
	struct access_router *ar = e->ar;
	struct ar_link *k = NULL;

	for (unsigned n = 0; n < ar->links && !k; n++)
		if (!ar->link[n].ifc)
			k = &ar->link[n];
	if (!k && ar->links < LKE_MAX_IFACES)
		k = &ar->link[ar->links++];
	if (!k) {
		drop(e, LKE_DROP_LIMIT);
		return;
	}
	memset(k, 0, sizeof(*k));
	k->ifc = i;
	k->cfg = cfg;
	timer_init(&k->ra, AR_TIMER_RA, k);
	timer_init(&k->heard.silence, AR_TIMER_SILENCE, k);
	tbf_init(&k->unicast, RA_UNICAST_RATE, RA_UNICAST_RATE, e->now);
	tbf_init(&k->refusal, AR_REFUSAL_RATE, AR_REFUSAL_RATE, e->now);
	tbf_init(&k->dad, AR_DAD_RATE, AR_DAD_BURST, e->now);
	i->ar = k;
}

void ar_link_changed(struct lke_engine *e, struct iface *i)
{
	const struct lke_config_ar *cfg = config_of(e, i);
	struct ar_link *k;
	bool run;

	if (i->ar && i->ar->cfg != cfg)
		ar_link_removed(e, i);
	if (!cfg)
		return;
	if (!i->ar)
		link_attach(e, i, cfg);
	k = i->ar;
	if (!k)
		return;
	run = i->up && iface_ll(i) != NULL;
	if (run && k->running) {
		ar_advertise_refresh(e, k);
	} else if (run) {
		k->running = true;
		ar_advertise_start(e, k);
		ar_buffer_link(e, k);
	} else if (k->running) {
		ar_advertise_stop(e, k, false);
		k->running = false;
		ar_buffer_link(e, k);
	}
	if (run)
		ar_restore_adopt(e, k);
}

void ar_link_removed(struct lke_engine *e, struct iface *i)
{
	struct lbsa_cache *c = &e->ar->lbsa;
	struct ar_link *k = i->ar;

	if (!k)
		return;
	ar_advertise_stop(e, k, false);
	for (size_t n = c->n; n > 0; n--)
		if (n <= c->n && c->all[n - 1]->entry->key.ifindex == i->ifindex) {
			ar_restore_keep(e, c->all[n - 1]);
			ar_lbsa_remove(e, c->all[n - 1], "link removed");
		}
	ar_neighbour_forget(e, i->ifindex);
	ar_kex_forget(e, i->ifindex);
	ar_link_quiet(e, k);
	memset(k, 0, sizeof(*k));
	i->ar = NULL;
}

/* --- Dispatch --- */

int ar_nd_input(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m)
{
	struct ar_link *k = p->ifc->ar;

	switch (m->type) {
	case ND_RS:
		return ar_solicitation(e, k, p, m);
	case ND_RA:
		return ar_consistency_check(e, p, m);
	case ND_NS:
		return ar_dad_solicit(e, p, m);
	case ND_NA:
		if (m->na_flags & ND_NA_S) {
			ar_neighbour_advert(e, p, m);
			ar_buffer_advert(e, p, m);
		}
		return ar_dad_advert(e, p, m);
	default:
		return -(int)LKE_DROP_NOT_OURS;
	}
}

int ar_outgoing_ra(struct lke_engine *e, const struct pkt *p, const struct nd_msg *m)
{
	if (p->ifc->ar->cfg->advertise != LKE_ADVERTISE_AUGMENT)
		return -(int)LKE_DROP_NOT_OURS;
	return ar_augment_heard(e, p, m);
}

int ar_mh_input(struct lke_engine *e, const struct pkt *p, const struct mh_view *v)
{
	switch (v->type) {
	case MH_KEREQ:
		return ar_kex_input(e, p, v);
	case MH_BU:
		return ar_bu_input(e, p, v);
	case MH_FINISHED:
		return ar_finished_input(e, p, v);
	default:
		return drop(e, LKE_DROP_MH_TYPE);
	}
}

static void lbsa_timer(struct lke_engine *e, struct lbsa *l)
{
	/* Expiry closes everything: a detection under way fails with it (SEQUENCES part 5). */
	ar_lbsa_remove(e, l, "expired");
}

void ar_timer(struct lke_engine *e, struct timer *t)
{
	switch (t->kind) {
	case AR_TIMER_RA:
		ar_advertise_timer(e, t->owner);
		break;
	case AR_TIMER_LBSA:
		lbsa_timer(e, t->owner);
		break;
	case AR_TIMER_DAD:
		ar_dad_timer(e, t->owner);
		break;
	case AR_TIMER_HELD:
		ar_neighbour_timer(e, t->owner);
		break;
	case AR_TIMER_KEY:
		ar_rsa_grace_over(e);
		break;
	case AR_TIMER_KEY_AGE:
		ar_rsa_age(e);
		break;
	case AR_TIMER_FINISHED:
		ar_finished_timer(e, t->owner);
		break;
	case AR_TIMER_SILENCE:
		ar_augment_timer(e, t->owner);
		break;
	case AR_TIMER_BUFFER:
		ar_buffer_timer(e, t->owner);
		break;
	default:
		break;
	}
}

/* --- IPsec peers, draft 4.2, AMB-056 --- */

struct peer {
	struct table_node node;
	struct lke_in6 addr;
};

bool ar_has_ipsec(const struct access_router *ar, const struct lke_in6 *peer)
{
	return table_find(&ar->ipsec, peer) != NULL;
}

void ar_ipsec(struct lke_engine *e, const struct lke_ev_ipsec *s)
{
	struct table *t = &e->ar->ipsec;
	struct peer *p = TABLE_ENTRY(table_find(t, &s->peer), struct peer, node);

	if (s->removed && p) {
		table_del(t, &p->node);
		mem_free(p);
	}
	if (s->removed || p)
		return;
	p = mem_zalloc(sizeof(*p));
	if (!p) {
		drop(e, LKE_DROP_NOMEM);
		return;
	}
	p->addr = s->peer;
	if (table_add(t, &p->node) < 0) {
		drop(e, LKE_DROP_LIMIT);
		mem_free(p);
	}
}

/* --- Commands and views --- */

static int flush_lbsa(struct lke_engine *e, const struct lke_in6 *coa)
{
	struct lbsa_cache *c = &e->ar->lbsa;
	bool all = in6_is_unspecified(coa), found = all;

	for (size_t n = c->n; n > 0; n--) {
		if (n > c->n || (!all && !in6_eq(&c->all[n - 1]->entry->key.coa, coa)))
			continue;
		ar_lbsa_remove(e, c->all[n - 1], "flushed");
		found = true;
	}
	if (ar_restore_flush(e, coa) > 0)
		found = true;
	return found ? 0 : LKE_ERR_NOENT;
}

static int flush_binding(struct lke_engine *e, const struct lke_in6 *home)
{
	struct lbsa_cache *c = &e->ar->lbsa;
	bool all = in6_is_unspecified(home), found = all;

	for (size_t n = 0; n < c->n; n++) {
		struct lbsa *l = c->all[n];
		struct binding *b = ar_lbsa_binding(e, l);

		if (!b || (!all && !in6_eq(&b->home, home)))
			continue;
		if (timer_armed(&b->role))
			timerq_disarm(&e->timers, &b->role);
		ar_buffer_forget(e, l);
		binding_remove(e, b, "flushed");
		ar_reach_leave(l);
		ar_state_put(e, l);
		found = true;
	}
	return found ? 0 : LKE_ERR_NOENT;
}

int ar_command(struct lke_engine *e, const struct lke_ev_command *c)
{
	switch (c->cmd) {
	case LKE_CMD_FLUSH_LBSA:
		return flush_lbsa(e, &c->arg);
	case LKE_CMD_FLUSH_BINDING:
		return flush_binding(e, &c->arg);
	case LKE_CMD_LEAVE:
		return ar_buffer_command(e, c);
	default:
		return LKE_ERR_NOENT;
	}
}

bool ar_next_lbsa(const struct lke_engine *e, size_t *cursor, struct lke_lbsa_view *ret)
{
	const struct lbsa_cache *c = &e->ar->lbsa;
	const struct binding *b;
	const struct lbsa *l;

	if (*cursor >= c->n)
		return false;
	l = c->all[(*cursor)++];
	b = binding_find(e, &l->entry->key.coa);
	*ret = (struct lke_lbsa_view){
		.role = LKE_ROLE_AR,
		.ifindex = l->entry->key.ifindex,
		.coa = l->entry->key.coa,
		.ar = l->ar,
		.peer_ll = l->peer_ll,
		.peer_lladdr = l->peer_lladdr,
		.state = l->state,
		.proved = l->proved,
		.cached_na = l->na != NULL,
		.bound = b && b->owner == l,
		.leaving = l->buffer != NULL,
		.expires = l->expires,
		.kex_seq = l->kex_seq,
		.has_bu_seq = l->has_bu_seq,
		.bu_seq = l->bu_seq,
	};
	return true;
}

void ar_count_lbsas(const struct lke_engine *e, size_t ret[LKE_LBSA_STATE_COUNT])
{
	memcpy(ret, e->ar->lbsa.in_state, sizeof(e->ar->lbsa.in_state));
}

size_t ar_count_cached_na(const struct lke_engine *e)
{
	return e->ar->lbsa.with_na;
}

const struct secret16 *ar_lbsa_key(const struct lke_engine *e, size_t at)
{
	return &e->ar->lbsa.all[at]->kbm;
}

void ar_binding_expired(struct lke_engine *e, struct binding *b)
{
	if (timer_armed(&b->role))
		timerq_disarm(&e->timers, &b->role);
	ar_buffer_forget(e, b->owner);
	ar_reach_leave(b->owner);
}
