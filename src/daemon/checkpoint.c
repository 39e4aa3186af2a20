/* SPDX-License-Identifier: ISC */
#include "daemon/checkpoint.h"

#include <errno.h>
#include <stdio.h>

#include "base/mem.h"
#include "daemon/log.h"
#include "store/store.h"

/* The home agent's floors; a mobile node counts the use of its own keys (AMB-172). */
static bool store_wanted(const struct world *w)
{
	const struct lke_config *c = &w->cfg.engine;

	return (c->ha.interfaces > 0 && !c->ha.volatile_state) || c->mn.homes > 0;
}

static int open_store(struct world *w)
{
	char path[512];
	int err;

	snprintf(path, sizeof(path), "%s/sequence.db", w->state_dir);
	err = store_open(path, &w->store);
	if (err < 0)
		log_error("%s", w->store ? store_error(w->store) : lke_strerror(err));
	return err;
}

static int add_floor(const struct lke_ev_floor *floor, void *ctx)
{
	struct world *w = ctx;
	struct lke_ev_floor *grown = mem_realloc_array(w->floor, w->floors + 1, sizeof(*grown));

	if (!grown)
		return LKE_ERR_NOMEM;
	w->floor = grown;
	w->floor[w->floors++] = *floor;
	return 0;
}

int checkpoint_open(struct world *w)
{
	int err = 0;

	if (!store_wanted(w))
		return EXIT_OK;
	err = open_store(w);
	if (!err) {
		err = store_floor_each(w->store, add_floor, w);
		if (err < 0)
			log_error("%s",
				  err == LKE_ERR_SYS ? store_error(w->store) : lke_strerror(err));
	}
	/* The engine process must not inherit the file: it is opened again after the fork. */
	checkpoint_close(w);
	return err ? EXIT_FAILED : EXIT_OK;
}

int checkpoint_start(struct world *w)
{
	return !store_wanted(w) || open_store(w) == 0 ? EXIT_OK : EXIT_FAILED;
}

int checkpoint_write(struct world *w, const struct lke_act_checkpoint *act)
{
	int err;

	if (!w->store)
		return -EOPNOTSUPP;
	err = store_floor_put(w->store, act);
	if (err < 0)
		log_line(LOG_CLASS_KERNEL, LOG_LEVEL_ERROR, "%s", store_error(w->store));
	return err < 0 ? -EIO : 0;
}

void checkpoint_close(struct world *w)
{
	if (w->store)
		store_close(w->store);
	w->store = NULL;
}
