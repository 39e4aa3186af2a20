/* SPDX-License-Identifier: ISC */
/*
 * Stable storage of a home agent (RFC 6275 15.3, AMB-151) and of a mobile node that counts the use
 * of its keys (AMB-172): sequence floors, the operator's word about a service, and bindings.
 *
 * What store_commit() has accepted is there after a power failure.  A store that is damaged is
 * never reset: forgetting a floor lets old Binding Updates in.  store_salvage() makes a new store
 * of what is whole, and marks the floors that are not as lost.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "lke/action.h"
#include "lke/event.h"

struct store;

/* When something is written or read.  A lifetime goes on by CLOCK_BOOTTIME within a boot and by the
 * wall clock across; it is never extended. */
struct store_clock {
	uint8_t boot[16];  /* of this boot, /proc/sys/kernel/random/boot_id */
	lke_time boottime; /* CLOCK_BOOTTIME */
	uint64_t wall;	   /* the wall clock, ns since 1970 */
};

/*
 * Opens the store at path, or makes it when there is no such file; its directory must exist.
 * 0, LKE_ERR_NOMEM or LKE_ERR_SYS.  With LKE_ERR_SYS *ret_store is set too: it only carries the
 * text of store_error(), refuses everything else, and is closed as usual.
 */
int store_open(const char *path, struct store **ret_store) __attribute__((warn_unused_result));
/* store_open() made it. */
bool store_is_new(const struct store *s);
/* store_open() or store_each() failed since the file is damaged, but it is a store of this program:
 * store_salvage() may help. */
bool store_damaged(const struct store *s);

/*
 * Changes are made in groups that become durable as one: begin, any number of changes, commit.
 * Each is 0 or LKE_ERR_SYS; after an error the whole group is undone, and after a restart all of
 * it or nothing is found.  The next store_begin() starts from the file again: the service comes
 * back once the disk does.
 */
int store_begin(struct store *s) __attribute__((warn_unused_result));
int store_put(struct store *s, const struct lke_act_checkpoint *c)
	__attribute__((warn_unused_result));
int store_keep(struct store *s, const struct lke_act_keep *k, const struct store_clock *now)
	__attribute__((warn_unused_result));
/* A change that changes nothing: does the disk work? */
int store_touch(struct store *s) __attribute__((warn_unused_result));
int store_commit(struct store *s) __attribute__((warn_unused_result));
/* One floor as a group of its own. */
int store_floor_put(struct store *s, const struct lke_act_checkpoint *c)
	__attribute__((warn_unused_result));

/*
 * Calls floor() for every floor, ordered by home address, and binding() for every binding that has
 * not expired; a NULL function skips them.  0, LKE_ERR_SYS, or what the function returned if not 0.
 * A damaged binding is passed over: it costs its mobile node one registration.
 */
struct store_reader {
	int (*floor)(const struct lke_ev_floor *floor, void *arg);
	int (*binding)(const struct lke_ev_binding *binding, void *arg);
	void *arg;
};
int store_each(struct store *s, const struct store_reader *r, const struct store_clock *now)
	__attribute__((warn_unused_result));

/* The floors of these addresses are not known: see store_salvage(). */
int store_lose(struct store *s, const struct lke_in6 *home, unsigned homes)
	__attribute__((warn_unused_result));

/* Adds by (at most 2^14) to every floor and its use, for a store that came from a copy (THREATS
 * 83). */
int store_advance(struct store *s, uint16_t by) __attribute__((warn_unused_result));

/*
 * Makes a new store of what is whole in the damaged one at path, which is kept at path.damaged.
 * home, homes: the addresses whose floors matter.  Those whose floor is not whole are marked lost,
 * unless the store proves that none is missing.  Closed stores only.
 */
struct store_salvaged {
	unsigned whole, lost;
	char error[512]; /* with LKE_ERR_SYS */
};
int store_salvage(const char *path, const struct lke_in6 *home, unsigned homes,
		  struct store_salvaged *ret) __attribute__((warn_unused_result));

/* What went wrong last, one line, with the path and what to do; never NULL. */
const char *store_error(const struct store *s);
/* The same as a positive errno: ENOSPC, EROFS, ENOENT (removed), EBADMSG (damaged), EBUSY, EIO. */
int store_errno(const struct store *s);

void store_close(struct store *s);

#endif
