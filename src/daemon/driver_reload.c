/* SPDX-License-Identifier: ISC */
/*
 * Another configuration, seen by the engine process: it takes it over whole or not at all and says
 * so. The one before stays here with its keys, which the privileged process does not have.
 */
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/in6.h"
#include "base/mem.h"
#include "daemon/config_image.h"
#include "daemon/control.h"
#include "daemon/driver.h"
#include "daemon/log.h"
#include "daemon/reload_event.h"
#include "platform/linux/clock.h"

enum { OUTCOME_MAX = 64 << 20 };

/* --- what clients ask for --- */

enum reload_result driver_reload_ask(struct driver *d, unsigned kind, uint32_t confirm,
				     uint64_t client)
{
	struct priv_request r = { .type = PRIV_RELOAD, .kind = kind, .valid = confirm };

	if (d->reload_client)
		return RELOAD_BUSY;
	d->reload_client = client;
	d->reload_confirm = kind == RELOAD_CHANGE ? confirm : 0;
	requests_add(d, &r, 0);
	return RELOAD_DONE;
}

static json_t *outcome_of(int fd)
{
	json_error_t error;
	struct stat st;
	json_t *j = NULL;
	char *text;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > OUTCOME_MAX)
		return json_object();
	text = mem_zalloc((size_t)st.st_size);
	if (text && pread(fd, text, (size_t)st.st_size, 0) == st.st_size)
		j = json_loadb(text, (size_t)st.st_size, 0, &error);
	mem_free(text);
	return j ? j : json_object();
}

static const char *result_name(enum reload_result r)
{
	static const char *const name[] = { "done",   "same",	     "wrong",	"restart", "stale",
					    "busy",   "unconfirmed", "nothing", "timeout", "died",
					    "memory", "state",	     "refused" };

	return (unsigned)r < sizeof(name) / sizeof(name[0]) ? name[r] : "refused";
}

json_t *driver_reload_json(enum reload_result result, uint32_t confirm, int fd)
{
	json_t *j = outcome_of(fd);

	if (!json_object_get(j, "changes"))
		json_object_set_new(j, "changes", json_array());
	if (!json_object_get(j, "problems"))
		json_object_set_new(j, "problems", json_array());
	json_object_set_new(j, "schema", json_string("lke.reload/1"));
	json_object_set_new(j, "result", json_string(result_name(result)));
	json_object_set_new(j, "text", json_string(reload_text(result)));
	json_object_set_new(j, "code", json_integer(reload_exit_code(result)));
	json_object_set_new(j, "confirm_within",
			    confirm && result == RELOAD_DONE ? json_integer(confirm) : json_null());
	return j;
}

/* Consumes j. */
static void answer(struct driver *d, json_t *j)
{
	uint64_t client = d->reload_client;

	d->reload_client = 0;
	if (client)
		control_answer(d->control, client, j);
	else
		json_decref(j);
}

void driver_reload_begun(struct driver *d, int err)
{
	if (err < 0)
		answer(d, driver_reload_json((enum reload_result) - err, 0, -1));
}

/* What an undo takes back is known here alone. */
static void tell_monitors(struct driver *d, const struct priv_reply *r, json_t *outcome)
{
	enum reload_kind kind = (enum reload_kind)r->ifindex;
	bool done = r->err == RELOAD_DONE;
	json_t *shown = json_copy(outcome);

	if (kind == RELOAD_UNDO && done && d->reload_changes)
		json_object_set_new(shown, "changes", reload_event_reverse(d->reload_changes));
	control_event(d->control, reload_event_json(kind, r->asked, shown));
	json_decref(shown);
	if (!done || kind == RELOAD_CONFIRM)
		return;
	json_decref(d->reload_changes);
	d->reload_changes =
		kind == RELOAD_CHANGE ? json_incref(json_object_get(outcome, "changes")) : NULL;
}

void driver_reload_ended(struct driver *d, const struct priv_reply *r, int fd)
{
	enum reload_result result = (enum reload_result)r->err;
	enum reload_kind kind = (enum reload_kind)r->ifindex;
	/* What a signal or the time began has no client here, and nobody to confirm it. */
	uint32_t confirm = r->asked && kind == RELOAD_CHANGE ? d->reload_confirm : 0;
	json_t *outcome = driver_reload_json(result, confirm, fd);

	if (kind != RELOAD_COMPARE && result == RELOAD_DONE)
		d->confirm_until = confirm ? clock_now() + confirm * LKE_SEC : 0;
	if (kind != RELOAD_COMPARE)
		tell_monitors(d, r, outcome);
	if (r->asked)
		answer(d, outcome);
	else
		json_decref(outcome);
	if (fd >= 0)
		close(fd);
}

/* --- taking it over --- */

static void configured(struct driver *d, int err)
{
	struct priv_request r = { .type = PRIV_CONFIGURED, .used = (uint32_t)-err };

	requests_add(d, &r, 0);
}

/* A key that was to follow and whose file is gone, without having become the present one. */
static void cancel_next_keys(struct driver *d, const struct daemon_config *was)
{
	const struct daemon_config *now = &d->w->cfg;

	for (unsigned i = 0; i < was->nexts; i++) {
		struct lke_event ev = { .type = LKE_EV_KEYING };
		bool still = false;

		ev.keying.home = was->mobile[was->next[i].mobile].home;
		for (unsigned k = 0; k < now->nexts && !still; k++)
			still = in6_eq(&now->mobile[now->next[k].mobile].home, &ev.keying.home);
		if (!still)
			(void)driver_input(d, &ev); /* gone, or in use already: both are right */
	}
}

/* What the engine does not do itself. */
static void follow(struct driver *d, const struct daemon_config *was)
{
	const struct daemon_config *now = &d->w->cfg;

	log_set_level(now->log_level);
	fwd_set_buffers(d->fwd, now->buffer_packets, now->buffer_total);
	if (now->engine.ars && now->rsa_bits != was->rsa_bits && !d->w->rsa_of_operator)
		driver_rsa_new(d, 0);
	driver_links_reload(d);
	cancel_next_keys(d, was);
	driver_keys_feed(d);
}

/* On success *next is the one before. */
static int take_over(struct driver *d, struct daemon_config *next, bool keep_newer)
{
	struct lke_event ev = { .type = LKE_EV_CONFIG, .config = { &next->engine, keep_newer } };
	int err = driver_input(d, &ev);
	struct daemon_config was = d->w->cfg;

	if (err < 0)
		return err;
	d->w->cfg = *next;
	*next = was;
	mem_wipe(&was, sizeof(was));
	return 0;
}

static int reload(struct driver *d, struct daemon_config *next, bool keep_newer)
{
	int err = take_over(d, next, keep_newer);

	configured(d, err);
	if (err == 0) {
		d->reloads++;
		follow(d, next);
	}
	driver_pump(d);
	return err;
}

static void forget(struct daemon_config *c)
{
	if (!c)
		return;
	daemon_config_done(c);
	mem_free(c);
}

void driver_reload_take(struct driver *d, int fd)
{
	struct daemon_config *next = mem_zalloc(sizeof(*next));
	int err = !next ? -ENOMEM : fd < 0 ? -EBADF : config_image_read(fd, next, NULL);

	if (fd >= 0) {
		config_image_wipe(fd);
		close(fd);
	}
	if (err < 0) {
		mem_free(next);
		configured(d, err == -ENOMEM ? LKE_ERR_NOMEM : LKE_ERR_SYS);
		return;
	}
	if (reload(d, next, false) < 0) {
		forget(next);
		return;
	}
	forget(d->before);
	d->before = next;
}

void driver_reload_undo(struct driver *d)
{
	if (d->before)
		(void)reload(d, d->before, true);
	else
		configured(d, LKE_ERR_NOENT);
}

void driver_reload_close(struct driver *d)
{
	forget(d->before);
	d->before = NULL;
	json_decref(d->reload_changes);
	d->reload_changes = NULL;
}
