/* SPDX-License-Identifier: ISC */
/*
 * Stable storage as the engine process sees it: whether it works, and the next keys.  While it does
 * not work it is tried again and again, so that the service comes back with the disk even when no
 * mobile node asks.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "daemon/control.h"
#include "daemon/driver.h"
#include "daemon/key_store.h"
#include "daemon/log.h"
#include "daemon/remedy.h"
#include "platform/linux/clock.h"

#define PROBE_INTERVAL_S 5

static void on_probe(evutil_socket_t fd, short what, void *ctx)
{
	struct priv_request r = { .type = PRIV_PROBE };

	requests_add(ctx, &r, 0);
}

static void probe_later(struct driver *d)
{
	struct timeval tv = { .tv_sec = PROBE_INTERVAL_S };

	if (!d->probe_ev)
		d->probe_ev = event_new(d->base, -1, 0, on_probe, d);
	if (d->probe_ev)
		event_add(d->probe_ev, &tv);
}

/* Why stable storage fails, with what to do. */
static void say_why(int err, char *buf, size_t size)
{
	if (err == EBADMSG)
		str_copy(buf, size, "it is damaged; restart lked");
	else if (err == ENOENT)
		str_copy(buf, size,
			 "its file was removed; put it back, or restart lked with --restored");
	else
		snprintf(buf, size, "%s%s", strerror(err), remedy_of(err));
}

void driver_store_answered(struct driver *d, int err)
{
	char why[128];

	if (err < 0) {
		say_why(-err, why, sizeof(why));
		if (!d->store_err)
			log_error("stable storage failed, no Binding Update is acknowledged until "
				  "it works again: %s",
				  why);
		d->store_err = -err;
		probe_later(d);
		return;
	}
	if (d->store_err)
		log_notice("stable storage works again");
	d->store_err = 0;
}

const char *driver_store_trouble(const struct driver *d, char *buf, size_t size)
{
	char why[128];

	if (!d->store_err)
		return NULL;
	say_why(d->store_err, why, sizeof(why));
	snprintf(buf, size, "stable storage in %s fails, no Binding Update is acknowledged: %s",
		 d->w->state_dir, why);
	return buf;
}

void driver_key_ask(struct driver *d, const struct lke_in6 *home, uint64_t cookie)
{
	struct priv_request r = { .type = PRIV_OPEN_KEY, .addr = *home };

	requests_add(d, &r, cookie);
}

static int feed(struct driver *d, const struct lke_in6 *home, const struct key_file *k,
		int64_t written)
{
	struct lke_keying keying = { .source = LKE_KEYING_MANUAL,
				     .generation = k->generation,
				     .to_ha = k->to_ha,
				     .to_mn = k->to_mn };
	struct lke_event ev = { .type = LKE_EV_KEYING };
	int64_t now = (int64_t)(clock_realtime() / LKE_SEC); /* THREATS 84: only shortens */
	int err;

	ev.keying =
		(struct lke_ev_keying){ .home = *home,
					.keying = &keying,
					.overlap = key_store_overlap(&d->w->cfg, written, now) };
	err = driver_input(d, &ev);
	mem_wipe(&keying, sizeof(keying));
	return err;
}

void driver_key_opened(struct driver *d, const struct lke_in6 *home, uint64_t cookie, int err,
		       int fd)
{
	struct report r = { .out = stderr };
	char text[KEY_FILE_MAX + 1];
	struct key_file keys;
	struct stat st;
	ssize_t n;

	if (err == -ENOENT)
		err = LKE_ERR_NOENT;
	else if (err < 0 || fd < 0 || fstat(fd, &st) < 0 ||
		 (n = read(fd, text, sizeof(text) - 1)) < 0)
		err = LKE_ERR_SYS;
	if (!err) {
		text[n] = '\0';
		err = key_file_parse("the next key", text, &r, &keys);
	}
	if (!err) {
		err = feed(d, home, &keys, st.st_mtime);
		mem_wipe(&keys, sizeof(keys));
	}
	if (fd >= 0)
		close(fd);
	control_reply(d->control, cookie, err);
}

void driver_keys_feed(struct driver *d)
{
	const struct daemon_config *c = &d->w->cfg;

	for (unsigned i = 0; i < c->nexts; i++) {
		const struct lke_config_mobile *m = &c->mobile[c->next[i].mobile];

		if (feed(d, &m->home, &c->next[i].keys, c->next[i].written) < 0)
			log_warning(
				"the next key of [Mobile %s] cannot be used: its SPI or a key is "
				"another's; make one with: lke rekey",
				m->name);
	}
}
