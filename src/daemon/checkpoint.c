/* SPDX-License-Identifier: ISC */
#include "daemon/checkpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/in6.h"
#include "base/mem.h"
#include "daemon/log.h"
#include "platform/linux/clock.h"

#define RESTORED_ADVANCE 0x4000 /* THREATS 83 */

enum { LOST_LINES = 10 };

/* The home agent's floors; a mobile node counts the use of its own keys (AMB-172). */
static bool store_wanted(const struct world *w)
{
	const struct lke_config *c = &w->cfg.engine;

	return (c->ha.interfaces > 0 && !c->ha.volatile_state) || c->mn.homes > 0;
}

static void store_path(const struct world *w, char buf[512])
{
	snprintf(buf, 512, "%s/sequence.db", w->state_dir);
}

static int open_store(struct world *w, struct store **ret)
{
	char path[512];
	int err;

	*ret = NULL;
	store_path(w, path);
	err = store_open(path, ret);
	if (err < 0 && !(*ret && store_damaged(*ret)))
		log_error("%s", *ret ? store_error(*ret) : lke_strerror(err));
	return err;
}

/* The addresses whose floors matter.  The caller frees it. */
static struct lke_in6 *homes_of(const struct world *w, unsigned *ret_n)
{
	const struct lke_config_mn *mn = &w->cfg.engine.mn;
	struct lke_in6 *home =
		mem_realloc_array(NULL, w->cfg.mobiles + mn->homes + 1, sizeof(*home));
	unsigned n = 0;

	for (unsigned i = 0; home && i < w->cfg.mobiles; i++)
		home[n++] = w->cfg.mobile[i].home;
	for (unsigned i = 0; home && i < mn->homes; i++)
		home[n++] = mn->home[i].addr;
	*ret_n = n;
	return home;
}

/* Room for one more, by doubling. */
static void *grown(void *p, unsigned n, size_t size)
{
	return n & (n - 1) ? p : mem_realloc_array(p, n ? 2 * (size_t)n : 1, size);
}

static int add_floor(const struct lke_ev_floor *floor, void *ctx)
{
	struct world *w = ctx;
	struct lke_ev_floor *p = grown(w->floor, w->floors, sizeof(*p));

	if (!p)
		return LKE_ERR_NOMEM;
	w->floor = p;
	w->floor[w->floors++] = *floor;
	return 0;
}

static int add_binding(const struct lke_ev_binding *binding, void *ctx)
{
	struct world *w = ctx;
	struct lke_ev_binding *p = grown(w->kept, w->kepts, sizeof(*p));

	if (!p)
		return LKE_ERR_NOMEM;
	w->kept = p;
	w->kept[w->kepts++] = *binding;
	return 0;
}

static int read_store(struct world *w, struct store *s)
{
	const struct store_reader reader = { add_floor, add_binding, w };
	struct store_clock now = { .boottime = clock_now(), .wall = clock_realtime() };
	int err = clock_boot_id(now.boot);

	if (err < 0) {
		log_error("the name of this boot cannot be read: %s; mount /proc", strerror(-err));
		return LKE_ERR_SYS;
	}
	w->floors = w->kepts = 0;
	err = store_each(s, &reader, &now);
	if (err < 0 && !store_damaged(s))
		log_error("%s", err == LKE_ERR_SYS ? store_error(s) : lke_strerror(err));
	return err;
}

static int salvage(struct world *w, const char *why)
{
	struct store_salvaged got;
	struct lke_in6 *home;
	char path[512];
	unsigned homes;
	int err;

	log_error("%s", why);
	home = homes_of(w, &homes);
	if (!home)
		return LKE_ERR_NOMEM;
	store_path(w, path);
	err = store_salvage(path, home, homes, &got);
	mem_free(home);
	if (err < 0)
		log_error("%s", err == LKE_ERR_SYS ? got.error : lke_strerror(err));
	else
		log_warning("%s.damaged is the damaged store; of it %u floors are whole and serve, "
			    "%u addresses are refused until they are rekeyed",
			    path, got.whole, got.lost);
	return err;
}

static int open_and_read(struct world *w, struct store **ret)
{
	int err = open_store(w, ret);

	if (!err)
		err = read_store(w, *ret);
	return err;
}

static void tell_lost(const struct world *w)
{
	char text[IN6_TEXT_MAX];
	unsigned lost = 0;

	for (unsigned i = 0; i < w->floors; i++)
		if (w->floor[i].lost && lost++ < LOST_LINES)
			log_error("the sequence floor of %s is lost: no Binding Update for it is "
				  "accepted until: lke rekey %s",
				  in6_text(&w->floor[i].home, text), text);
	if (lost > LOST_LINES)
		log_error("... and those of %u more; see: lke show mobiles", lost - LOST_LINES);
}

/* The operator says that the store is not the last one that was written (THREATS 83). */
static int apply_restored(struct world *w, struct store *s)
{
	struct lke_in6 *home;
	unsigned homes;
	int err;

	if (!store_is_new(s)) {
		err = store_advance(s, RESTORED_ADVANCE);
		if (!err)
			log_warning(
				"--restored: %u numbers more are taken as used for each address",
				RESTORED_ADVANCE);
	} else {
		home = homes_of(w, &homes);
		err = home ? store_lose(s, home, homes) : LKE_ERR_NOMEM;
		mem_free(home);
	}
	if (err < 0)
		log_error("%s", err == LKE_ERR_SYS ? store_error(s) : lke_strerror(err));
	return err ? err : read_store(w, s);
}

int checkpoint_open(struct world *w)
{
	struct store *s = NULL;
	int err;

	if (!store_wanted(w))
		return EXIT_OK;
	err = open_and_read(w, &s);
	if (err == LKE_ERR_SYS && s && store_damaged(s)) {
		err = salvage(w, store_error(s));
		store_close(s);
		s = NULL;
		if (!err)
			err = open_and_read(w, &s);
	}
	if (!err && w->restored)
		err = apply_restored(w, s);
	else if (!err && store_is_new(s))
		log_notice("a new store of sequence numbers was made in %s; if there was one "
			   "before, end lked and start it with --restored",
			   w->state_dir);
	if (!err)
		tell_lost(w);
	/* The engine process must not inherit the file: it is opened again after the fork. */
	store_close(s);
	return err ? EXIT_FAILED : EXIT_OK;
}

int checkpoint_start(struct world *w, struct store_batch *b)
{
	b->store = NULL;
	if (!store_wanted(w))
		return EXIT_OK;
	if (clock_boot_id(b->boot) == 0 && open_store(w, &w->store) == 0) {
		b->store = w->store;
		return EXIT_OK;
	}
	log_error("the store of sequence numbers cannot be opened again: %s",
		  w->store ? store_error(w->store) : "no name of this boot; mount /proc");
	return EXIT_FAILED;
}

void checkpoint_follow(struct world *w, struct store_batch *b)
{
	if (w->store || !store_wanted(w))
		return;
	/* It counts the use of keys from here on; a restart knows what was counted before. */
	if (checkpoint_open(w) != EXIT_OK || checkpoint_start(w, b) != EXIT_OK)
		log_warning("reload: the use of keys is not counted; restart lked when it suits");
	mem_free(w->floor);
	mem_free(w->kept);
	w->floor = NULL;
	w->kept = NULL;
	w->floors = w->kepts = 0;
}

void checkpoint_close(struct world *w)
{
	store_close(w->store);
	w->store = NULL;
}
