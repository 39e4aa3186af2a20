/* SPDX-License-Identifier: ISC */
/*
 * What an access router keeps over a restart, between the engine and the state files: reading it at
 * the start, handing on each change, telling all of it again when a file is written anew.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "daemon/driver.h"
#include "daemon/log.h"
#include "platform/linux/clock.h"
#include "store/state_writer.h"

enum {
	PEM_MAX = STATE_DATA_MAX - 4,
	RECORDS_PER_TURN = 64, /* told again in one turn of the loop */
	CLEAN_COOKIE = 1,      /* the engine's have a module in their high octet */
};

struct kept_key {
	uint32_t id; /* 0: free */
	size_t len;
	char pem[PEM_MAX];
};

struct driver_state {
	struct state_writer *writer;
	struct event *written_ev, *again_ev, *step_ev;
	int step_fd;
	/* a file is being told everything */
	bool telling;
	unsigned keys_told;
	struct lke_record_cursor cursor;
	uint8_t record[STATE_DATA_MAX];
	size_t record_len; /* 0: none waits for room */
	enum state_type record_type;
	bool cleaning;
	uint64_t errors;
	/* while reading */
	struct kept_key key[RSA_WORKER_KEYS];
	bool take_keys;
	uint32_t highest_key;
	uint64_t refused;
};

static struct driver *the_driver; /* the clock is asked for in the writer's thread */

static struct state_clock clock_here(void)
{
	struct state_clock c = { .boottime = clock_now(), .realtime = clock_realtime() };

	memcpy(c.boot, the_driver->w->boot_id, sizeof(c.boot));
	return c;
}

/* --- the start --- */

static void keep_key(struct driver_state *s, uint32_t id, const uint8_t *pem, size_t len)
{
	struct kept_key *k = &s->key[0];

	for (unsigned n = 0; n < RSA_WORKER_KEYS; n++)
		if (s->key[n].id == id || (k->id != id && s->key[n].id < k->id))
			k = &s->key[n];
	mem_wipe(k, sizeof(*k));
	k->id = len > 0 ? id : 0;
	k->len = len;
	memcpy(k->pem, pem, len);
	if (id > s->highest_key)
		s->highest_key = id;
}

struct reading {
	struct driver *d;
	const struct state_choice *choice;
};

static int take_record(void *ctx, enum state_type type, const uint8_t *data, size_t len)
{
	const struct reading *r = ctx;
	struct driver_state *s = r->d->state;
	struct lke_event ev = { .type = LKE_EV_RECORD };
	struct rd rd = rd_init(data, len);

	if (type == STATE_KEY || type == STATE_KEY_GONE) {
		uint32_t id = rd_u32(&rd);

		if (!rd.err)
			keep_key(s, id, data + 4, type == STATE_KEY ? len - 4 : 0);
		return 0;
	}
	if (type != STATE_ENGINE || len == 0)
		return 0;
	ev.record = (struct lke_ev_record){
		.data = data, .len = len, .shift = r->choice->shift, .raise = !r->choice->exact
	};
	if (lke_engine_input(r->d->engine, &ev, clock_now()) < 0)
		s->refused++;
	return 0;
}

struct mapped {
	uint8_t *p;
	size_t len;
};

static int map_file(int fd, struct mapped *ret)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size == 0)
		return 0;
	if ((uint64_t)st.st_size > STATE_SIZE_MAX)
		return -EFBIG;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*ret = (struct mapped){ p, (size_t)st.st_size };
	return 0;
}

static void say(const struct state_choice *c, const struct state_info *i, uint64_t refused)
{
	if (c->file < 0 && c->why[0])
		log_error("the state of the last run is not used: %s; mobiles exchange keys anew",
			  c->why);
	if (c->file < 0)
		return;
	log_notice("state of the last run taken over, %llu records%s",
		   (unsigned long long)i->records,
		   c->exact ? ""
			    : "; it did not end cleanly: sequence numbers are raised, new RSA key");
	if (refused)
		log_warning("%llu records of the state files were refused; their mobiles exchange "
			    "keys anew",
			    (unsigned long long)refused);
}

static int read_files(struct driver *d, struct state_writer_conf *conf)
{
	struct state_info info[2] = { { 0 } };
	struct mapped map[2] = { { 0 } };
	struct state_clock now = clock_here();
	struct state_choice c;
	int err = 0;

	for (unsigned n = 0; n < 2 && err == 0; n++) {
		err = map_file(conf->fd[n], &map[n]);
		if (err == 0 && map[n].p)
			err = state_read(map[n].p, map[n].len, conf->key, 0, NULL, NULL, &info[n]);
		conf->content[n] = map[n].p != NULL;
		if (info[n].generation > conf->generation)
			conf->generation = info[n].generation;
	}
	c = state_choose(info, &now);
	conf->restored = c.file;
	d->state->take_keys = c.exact;
	if (err == 0 && c.file >= 0) {
		struct reading r = { d, &c };

		err = state_read(map[c.file].p, map[c.file].len, conf->key, info[c.file].records,
				 take_record, &r, &info[c.file]);
	}
	for (unsigned n = 0; n < 2; n++)
		if (map[n].p)
			munmap(map[n].p, map[n].len);
	say(&c, &info[c.file > 0], d->state->refused);
	return err;
}

/* The oldest first: the newest is the current one. */
static void feed_keys(struct driver *d)
{
	struct driver_state *s = d->state;

	d->rsa_keys = s->highest_key;
	for (;;) {
		struct kept_key *k = NULL;
		struct rsa_key *key;

		for (unsigned n = 0; n < RSA_WORKER_KEYS; n++)
			if (s->key[n].id && (!k || s->key[n].id < k->id))
				k = &s->key[n];
		if (!k)
			break;
		if (s->take_keys && rsa_key_load_pem(k->pem, k->len, &key, NULL) == 0)
			(void)driver_rsa_restored(d, k->id, key);
		mem_wipe(k, sizeof(*k));
	}
}

static int restore(struct driver *d, struct state_writer_conf *conf)
{
	struct lke_event end = { .type = LKE_EV_RECORD };
	int err = read_files(d, conf);

	if (err < 0)
		return err;
	feed_keys(d);
	driver_input(d, &end);
	return 0;
}

/* --- changes --- */

void driver_state_record(struct driver *d, uint64_t cookie, const struct lke_act_record *a)
{
	int err = LKE_ERR_STATE;

	if (d->state)
		err = state_writer_put(d->state->writer, STATE_ENGINE, a->data, a->len, cookie,
				       a->durable);
	if (err < 0)
		driver_result(d, cookie, err, NULL, 0);
}

static size_t key_record(struct driver *d, uint32_t id, uint8_t buf[STATE_DATA_MAX])
{
	struct wr w = wr_init(buf, STATE_DATA_MAX);
	size_t len = 0;

	wr_u32(&w, id);
	if (rsa_worker_pem(d->worker, id, (char *)buf + 4, PEM_MAX, &len) < 0)
		return 0;
	return 4 + len;
}

void driver_state_key(struct driver *d, uint32_t id)
{
	uint8_t buf[STATE_DATA_MAX];
	size_t len;

	/* While the state is read there is no writer; it is told all keys afterwards. */
	if (!d->state || !d->state->writer)
		return;
	len = key_record(d, id, buf);
	if (len > 0)
		(void)state_writer_put(d->state->writer, STATE_KEY, buf, len, 0, false);
	mem_wipe(buf, sizeof(buf));
}

void driver_state_key_gone(struct driver *d, uint32_t id)
{
	uint8_t buf[4];
	struct wr w = wr_init(buf, sizeof(buf));

	if (!d->state)
		return;
	wr_u32(&w, id);
	(void)state_writer_put(d->state->writer, STATE_KEY_GONE, buf, sizeof(buf), 0, false);
	/* The private key is in both files still. */
	state_writer_refresh(d->state->writer);
}

/* --- telling everything again --- */

static bool next_record(struct driver *d)
{
	struct driver_state *s = d->state;
	uint32_t id[RSA_WORKER_KEYS];
	int len;

	while (s->keys_told < rsa_worker_ids(d->worker, id)) {
		s->record_len = key_record(d, id[s->keys_told++], s->record);
		s->record_type = STATE_KEY;
		if (s->record_len > 0)
			return true;
	}
	len = lke_engine_next_record(d->engine, &s->cursor, s->record);
	s->record_len = len > 0 ? (size_t)len : 0;
	s->record_type = STATE_ENGINE;
	return len > 0;
}

static void tell(struct driver *d)
{
	struct driver_state *s = d->state;

	for (unsigned n = 0; n < RECORDS_PER_TURN && s->telling; n++) {
		if (s->record_len == 0 && !next_record(d)) {
			s->telling = state_writer_complete(s->writer) == LKE_ERR_FULL;
			return;
		}
		if (state_writer_again(s->writer, s->record_type, s->record, s->record_len) < 0)
			return;
		mem_wipe(s->record, s->record_len);
		s->record_len = 0;
	}
}

static void again_later(struct driver_state *s)
{
	/* With room at once, behind other events; else when some has been written. */
	struct timeval tv = { .tv_usec = s->record_len > 0 ? 2000 : 0 };

	if (s->telling)
		event_add(s->again_ev, &tv);
}

static void on_again(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;

	tell(d);
	again_later(d->state);
}

static void start_telling(struct driver *d)
{
	struct driver_state *s = d->state;

	if (s->telling || d->stopping || !state_writer_wants(s->writer) ||
	    state_writer_begin(s->writer) < 0)
		return;
	s->telling = true;
	s->keys_told = 0;
	s->record_len = 0;
	s->cursor = (struct lke_record_cursor){ 0 };
	again_later(s);
}

static void look_for_errors(struct driver_state *s)
{
	struct state_writer_stat st;

	state_writer_stat(s->writer, &st);
	if (st.errors != s->errors)
		log_line(LOG_CLASS_KERNEL, LOG_LEVEL_ERROR,
			 "the state files cannot be written (disk full?): a restart now costs "
			 "handovers");
	s->errors = st.errors;
}

static void on_written(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;
	struct state_result r;

	while (state_writer_next(d->state->writer, &r)) {
		if (r.cookie == CLEAN_COOKIE)
			d->state->cleaning = false;
		else
			driver_result(d, r.cookie, r.err, NULL, 0);
	}
	look_for_errors(d->state);
	start_telling(d);
	driver_pump(d);
}

static void on_step(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;
	struct state_clock now = clock_here();
	uint8_t buf[STATE_CLOCK_LEN];

	clock_step_clear(fd);
	state_clock_encode(&now, buf);
	(void)state_writer_put(d->state->writer, STATE_CLOCK, buf, sizeof(buf), 0, false);
}

/* --- life --- */

static int make_events(struct driver *d)
{
	struct driver_state *s = d->state;

	s->written_ev =
		event_new(d->base, state_writer_fd(s->writer), EV_READ | EV_PERSIST, on_written, d);
	s->again_ev = event_new(d->base, -1, 0, on_again, d);
	s->step_ev = event_new(d->base, s->step_fd, EV_READ | EV_PERSIST, on_step, d);
	if (!s->written_ev || !s->again_ev || !s->step_ev || event_add(s->written_ev, NULL) < 0 ||
	    event_add(s->step_ev, NULL) < 0)
		return -ENOMEM;
	return 0;
}

int driver_state_open(struct driver *d)
{
	struct state_writer_conf conf = { .restored = -1, .clock = clock_here };
	int err;

	if (d->w->state_fd[0] < 0)
		return 0;
	the_driver = d;
	d->state = mem_zalloc(sizeof(*d->state));
	if (!d->state)
		return -ENOMEM;
	memcpy(conf.fd, d->w->state_fd, sizeof(conf.fd));
	memcpy(conf.key, d->w->state_key, sizeof(conf.key));
	mem_wipe(d->w->state_key, sizeof(d->w->state_key));
	d->state->step_fd = clock_step_open();
	err = d->state->step_fd < 0 ? d->state->step_fd : restore(d, &conf);
	if (err == 0)
		err = state_writer_new(&conf, &d->state->writer) < 0 ? -EAGAIN : 0;
	mem_wipe(&conf, sizeof(conf));
	if (err < 0)
		return err;
	err = make_events(d);
	start_telling(d);
	return err;
}

void driver_state_finish(struct driver *d)
{
	struct driver_state *s = d->state;
	lke_time end = clock_now() + 3 * LKE_SEC;

	/* A restart right after the start: the one good file is not complete yet. */
	while (s && s->telling && clock_now() < end) {
		tell(d);
		if (s->record_len > 0)
			usleep(1000);
	}
}

void driver_state_clean(struct driver *d)
{
	struct driver_state *s = d->state;

	if (s)
		s->cleaning =
			state_writer_put(s->writer, STATE_CLEAN, NULL, 0, CLEAN_COOKIE, true) == 0;
}

bool driver_state_idle(const struct driver *d)
{
	return !d->state || !d->state->cleaning;
}

bool driver_state_stat(struct driver *d, struct state_writer_stat *ret)
{
	if (!d->state)
		return false;
	state_writer_stat(d->state->writer, ret);
	return true;
}

void driver_state_close(struct driver *d)
{
	struct driver_state *s = d->state;

	if (!s)
		return;
	if (s->written_ev)
		event_free(s->written_ev);
	if (s->again_ev)
		event_free(s->again_ev);
	if (s->step_ev)
		event_free(s->step_ev);
	if (s->step_fd >= 0)
		close(s->step_fd);
	state_writer_free(s->writer);
	mem_free_wipe(s, sizeof(*s));
	d->state = NULL;
}
