/* SPDX-License-Identifier: ISC */
/*
 * LKE_EV_CONFIG: another configuration for an engine that runs.  All or nothing: each role judges
 * the new one and gets its memory before the first of them changes anything.
 */
#include "core/access_router.h"
#include "core/home_agent.h"
#include "core/mobile_node.h"

/* What the tables, the store and the plane were made for. */
static bool may_change(const struct lke_config *was, const struct lke_config *want)
{
	return was->profile == want->profile && (was->ars > 0) == (want->ars > 0) &&
	       (was->ha.interfaces > 0) == (want->ha.interfaces > 0) &&
	       (was->mn.interfaces > 0) == (want->mn.interfaces > 0) &&
	       was->ha.volatile_state == want->ha.volatile_state;
}

/* The world gave these once: a reload does not bring them. */
static void keep_secrets(struct lke_config *now, const struct lke_config *was)
{
	memset(now->seed, 0, sizeof(now->seed));
	memcpy(now->mn.stable_secret, was->mn.stable_secret, sizeof(now->mn.stable_secret));
	now->keep_state = was->keep_state;
	now->ha.mobile = NULL;
}

static int prepare(struct lke_engine *e, const struct lke_ev_config *ev, struct ha_change **ret_ha,
		   struct mn_change **ret_mn)
{
	const struct lke_config *want = ev->config;
	int err = e->ha ? ha_reload_prepare(e, &want->ha, ev->keep_newer, ret_ha) : 0;

	if (err == 0 && e->mn)
		err = mn_reload_prepare(e, &want->mn, ret_mn);
	return err;
}

int engine_reload(struct lke_engine *e, const struct lke_ev_config *ev)
{
	const struct lke_config *want = ev->config;
	struct ha_change *ha = NULL;
	struct mn_change *mn = NULL;
	struct lke_config *was;
	int err;

	if (!engine_config_ok(want))
		return LKE_ERR_INVAL;
	if (!may_change(&e->cfg, want))
		return LKE_ERR_STATE;
	was = mem_zalloc(sizeof(*was));
	err = was ? prepare(e, ev, &ha, &mn) : LKE_ERR_NOMEM;
	if (err < 0) {
		ha_reload_free(e, ha);
		mn_reload_free(mn);
		mem_free(was);
		return err;
	}
	*was = e->cfg;
	e->cfg = *want;
	keep_secrets(&e->cfg, was);
	if (e->ar)
		ar_reload(e, was);
	if (e->ha)
		ha_reload_commit(e, &was->ha, &want->ha, ha);
	if (e->mn)
		mn_reload_commit(e, &was->mn, mn);
	mem_free_wipe(was, sizeof(*was));
	return 0;
}
