/* SPDX-License-Identifier: ISC */
/*
 * Sequence floors on stable storage (RFC 6275 15.3, AMB-151).  A floor that was put is there after
 * a power failure.  A damaged store is refused and never reset: forgetting a floor lets old Binding
 * Updates in.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "lke/action.h"
#include "lke/event.h"

struct store;

/*
 * Opens the store at path, or makes it when there is no such file; its directory must exist.
 * 0, LKE_ERR_NOMEM or LKE_ERR_SYS.  With LKE_ERR_SYS *ret_store is set too: it only carries the
 * text of store_error(), refuses everything else, and is closed as usual.
 */
int store_open(const char *path, struct store **ret_store) __attribute__((warn_unused_result));

/*
 * Durable when it returns 0; otherwise LKE_ERR_SYS, and after a restart either the old floor or
 * this one is found.  The next call tries again from the beginning: the service comes back once the
 * disk does.
 */
int store_floor_put(struct store *s, const struct lke_act_checkpoint *c)
	__attribute__((warn_unused_result));

/* Calls each() for every floor, ordered by home address.  0, LKE_ERR_SYS, or what each() returned
 * if not 0. */
int store_floor_each(struct store *s, int (*each)(const struct lke_ev_floor *floor, void *arg),
		     void *arg) __attribute__((warn_unused_result));

/* What went wrong last, one line, with the path; never NULL. */
const char *store_error(const struct store *s);

void store_close(struct store *s);

#endif
