/* SPDX-License-Identifier: ISC */
/*
 * What a mobile node keeps over a restart of the daemon (AMB-131): two copies in one file of the
 * run directory, which lives in memory; the newer one that is good counts.  A copy is written
 * whenever something in it has changed, after the packets that the change is about have left.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "daemon/driver.h"
#include "daemon/log.h"

/*	magic, version, count, length, identifier of the boot; then what lke_engine_save() gave */
enum {
	MAGIC = 0x4c4b454d, /* "LKEM" */
	VERSION = 1,
	HEAD_LEN = 16 + 16,
	SLOT_LEN = 8192,
};

struct copy {
	uint32_t count;
	size_t len;
	uint8_t buf[SLOT_LEN];
};

static void read_copy(const struct world *w, unsigned slot, struct copy *c)
{
	ssize_t n = pread(w->mn_state_fd, c->buf, sizeof(c->buf), (off_t)slot * SLOT_LEN);
	struct rd r = rd_init(c->buf, n > 0 ? (size_t)n : 0);
	const uint8_t *boot;
	uint32_t magic = rd_u32(&r), version = rd_u32(&r), len;

	c->count = rd_u32(&r);
	len = rd_u32(&r);
	boot = rd_view(&r, sizeof(w->boot_id));
	c->len = 0;
	/* The clock of another boot means nothing in this one. */
	if (!r.err && magic == MAGIC && version == VERSION && len <= LKE_STATE_MAX &&
	    rd_left(&r) >= len && memcmp(boot, w->boot_id, sizeof(w->boot_id)) == 0)
		c->len = len;
}

void driver_mn_state_restore(struct driver *d)
{
	struct copy c[2];
	unsigned first;
	int err = LKE_ERR_NOENT;

	if (d->w->mn_state_fd < 0)
		return;
	for (unsigned n = 0; n < 2; n++) {
		read_copy(d->w, n, &c[n]);
		if (c[n].len > 0 && c[n].count > d->mn_state_count)
			d->mn_state_count = c[n].count;
	}
	first = c[1].len > 0 && (c[0].len == 0 || c[1].count > c[0].count);
	for (unsigned n = 0; n < 2 && err < 0; n++) {
		const struct copy *k = &c[n ? !first : first];

		if (k->len > 0)
			err = lke_engine_restore(d->engine, k->buf + HEAD_LEN, k->len);
	}
	if (err == 0)
		log_notice("keys of the last run taken over");
	else if (err == LKE_ERR_INVAL) /* sealed with the stable secret of a state directory */
		log_warning("the keys of the last run are not used: %s/mn-state was written beside "
			    "another state directory than %s, or is damaged; nothing to do, they "
			    "are exchanged anew",
			    d->w->run_dir, d->w->state_dir);
	else if (err != LKE_ERR_NOENT)
		log_warning("the keys of the last run are not used: %s; they are exchanged anew",
			    lke_strerror(err));
	mem_wipe(c, sizeof(c));
}

void driver_mn_state_save(struct driver *d)
{
	uint8_t buf[HEAD_LEN + LKE_STATE_MAX];
	struct wr w = wr_init(buf, HEAD_LEN);
	int len;

	if (d->w->mn_state_fd < 0 || d->stopping || !lke_engine_save_due(d->engine))
		return;
	len = lke_engine_save(d->engine, buf + HEAD_LEN, LKE_STATE_MAX);
	if (len == LKE_ERR_NOENT)
		len = 0;
	if (len >= 0) {
		unsigned slot = ++d->mn_state_count % 2;

		wr_u32(&w, MAGIC);
		wr_u32(&w, VERSION);
		wr_u32(&w, d->mn_state_count);
		wr_u32(&w, (uint32_t)len);
		wr_bytes(&w, d->w->boot_id, sizeof(d->w->boot_id));
		if (pwrite(d->w->mn_state_fd, buf, HEAD_LEN + (size_t)len,
			   (off_t)slot * SLOT_LEN) != HEAD_LEN + len)
			len = LKE_ERR_SYS;
	}
	if (len < 0)
		log_line(LOG_CLASS_KERNEL, LOG_LEVEL_WARNING,
			 "keys cannot be kept over a restart: %s",
			 len == LKE_ERR_SYS ? strerror(errno) : lke_strerror(len));
	mem_wipe(buf, sizeof(buf));
}
