/* SPDX-License-Identifier: ISC */
#include "store/state_writer.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

enum {
	QUEUE_LEN = 1 << 20, /* octets */
	RESULTS_MAX = 4096,
	BATCH = 256,		/* records between two looks at the results */
	SYNC_EVERY = 512 << 10, /* octets of a file written anew, so that no sync takes long */
	GROWTH_MIN = 1 << 20,	/* of a file before it is written anew */
};

enum what { PUT, BEGIN, AGAIN, COMPLETE, REFRESH };

struct item {
	enum what what;
	enum state_type type;
	bool durable;
	size_t len;
	uint64_t cookie;
};

struct file {
	int fd;
	bool content;  /* something a restart might find */
	bool complete; /* in this run */
	bool writing;
	bool refresh;
	uint64_t generation, size, base; /* base: size when it was complete */
	uint64_t unsynced;
	struct state_seal *seal;
};

struct state_writer {
	/* under the lock */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	int fd;
	bool stop, busy, wants, overflow;
	uint8_t *queue;
	size_t head, used; /* of the queue, a ring */
	struct state_result result[RESULTS_MAX];
	unsigned first, results;
	unsigned promised; /* results that are still to come, waiting ones included */
	struct state_writer_stat stat;
	/* of the thread alone */
	struct file file[2];
	uint8_t key[STATE_KEY_LEN];
	uint64_t generation;
	int restored;
	lke_time retry; /* not before */
	struct state_clock (*clock)(void);
	uint64_t held[RESULTS_MAX]; /* cookies that wait for COMPLETE */
	unsigned helds;
	uint8_t data[STATE_DATA_MAX], sealed[STATE_SEALED_MAX];
};

static lke_time now(void)
{
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (lke_time)ts.tv_sec * LKE_SEC + (lke_time)ts.tv_nsec;
}

/* --- the queue --- */

static void ring_put(struct state_writer *w, const void *p, size_t n)
{
	size_t at = (w->head + w->used) % QUEUE_LEN,
	       first = n < QUEUE_LEN - at ? n : QUEUE_LEN - at;

	memcpy(w->queue + at, p, first);
	memcpy(w->queue, (const uint8_t *)p + first, n - first);
	w->used += n;
}

static void ring_get(struct state_writer *w, void *p, size_t n)
{
	size_t first = n < QUEUE_LEN - w->head ? n : QUEUE_LEN - w->head;

	memcpy(p, w->queue + w->head, first);
	memcpy((uint8_t *)p + first, w->queue, n - first);
	mem_wipe(w->queue + w->head, first);
	mem_wipe(w->queue, n - first);
	w->head = (w->head + n) % QUEUE_LEN;
	w->used -= n;
}

static int enqueue(struct state_writer *w, const struct item *it, const void *data)
{
	int err = 0;

	if (it->len > STATE_DATA_MAX)
		return LKE_ERR_INVAL;
	pthread_mutex_lock(&w->lock);
	/* What can be told again later leaves room for changes. */
	if ((it->what == AGAIN ? QUEUE_LEN / 4 : QUEUE_LEN) < w->used + sizeof(*it) + it->len ||
	    (it->cookie && w->results + w->promised >= RESULTS_MAX)) {
		err = LKE_ERR_FULL;
		/* A change that is lost makes both files wrong. */
		if (it->what == PUT || it->what == REFRESH) {
			w->overflow = true;
			pthread_cond_signal(&w->wake);
		}
	} else {
		ring_put(w, it, sizeof(*it));
		if (it->len > 0)
			ring_put(w, data, it->len);
		w->promised += it->cookie != 0;
		if (it->what != PUT)
			w->wants = false;
		pthread_cond_signal(&w->wake);
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}

int state_writer_put(struct state_writer *w, enum state_type type, const void *data, size_t len,
		     uint64_t cookie, bool durable)
{
	struct item it = {
		.what = PUT, .type = type, .durable = durable, .len = len, .cookie = cookie
	};

	return enqueue(w, &it, data);
}

int state_writer_begin(struct state_writer *w)
{
	struct item it = { .what = BEGIN };

	return enqueue(w, &it, "");
}

int state_writer_again(struct state_writer *w, enum state_type type, const void *data, size_t len)
{
	struct item it = { .what = AGAIN, .type = type, .len = len };

	return enqueue(w, &it, data);
}

int state_writer_complete(struct state_writer *w)
{
	struct item it = { .what = COMPLETE };

	return enqueue(w, &it, "");
}

void state_writer_refresh(struct state_writer *w)
{
	struct item it = { .what = REFRESH };

	/* A full queue has both files written anew, too. */
	(void)enqueue(w, &it, "");
}

/* --- results --- */

static void result(struct state_writer *w, uint64_t cookie, int err)
{
	if (!cookie)
		return;
	pthread_mutex_lock(&w->lock);
	w->result[(w->first + w->results++) % RESULTS_MAX] = (struct state_result){ cookie, err };
	w->promised--;
	(void)eventfd_write(w->fd, 1);
	pthread_mutex_unlock(&w->lock);
}

bool state_writer_next(struct state_writer *w, struct state_result *ret)
{
	eventfd_t n;
	bool found;

	pthread_mutex_lock(&w->lock);
	found = w->results > 0;
	if (found) {
		*ret = w->result[w->first];
		w->first = (w->first + 1) % RESULTS_MAX;
		w->results--;
	} else {
		(void)eventfd_read(w->fd, &n);
	}
	pthread_mutex_unlock(&w->lock);
	return found;
}

/* What was recorded is found by a restart, or nothing is. */
static int outcome(const struct state_writer *w)
{
	if (w->file[0].complete || w->file[1].complete)
		return 0;
	return w->file[0].content || w->file[1].content ? LKE_ERR_SYS : 0;
}

static bool is_writing(const struct state_writer *w)
{
	return w->file[0].writing || w->file[1].writing;
}

/* While nothing is complete but a file is under way, it is waited for. */
static void settle(struct state_writer *w, uint64_t cookie)
{
	if (!cookie)
		return;
	if (outcome(w) < 0 && is_writing(w))
		w->held[w->helds++] = cookie;
	else
		result(w, cookie, outcome(w));
}

static void release_held(struct state_writer *w)
{
	if (outcome(w) < 0 && is_writing(w))
		return;
	for (unsigned n = 0; n < w->helds; n++)
		result(w, w->held[n], outcome(w));
	w->helds = 0;
}

/* --- files --- */

static void count_error(struct state_writer *w)
{
	pthread_mutex_lock(&w->lock);
	w->stat.errors++;
	pthread_mutex_unlock(&w->lock);
	w->retry = now() + 10 * LKE_SEC;
}

static int write_all(struct file *f, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t put = pwrite(f->fd, p, n, (off_t)f->size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return LKE_ERR_SYS;
		p += put;
		n -= (size_t)put;
		f->size += (uint64_t)put;
		f->unsynced += (uint64_t)put;
	}
	return 0;
}

static int empty(struct file *f)
{
	state_seal_free(f->seal);
	f->seal = NULL;
	f->complete = f->writing = false;
	f->size = f->base = f->unsynced = 0;
	if (ftruncate(f->fd, 0) < 0 || fsync(f->fd) < 0)
		return LKE_ERR_SYS;
	f->content = false;
	return 0;
}

static int append(struct state_writer *w, struct file *f, enum state_type type, const void *data,
		  size_t len)
{
	int n = state_seal_record(f->seal, type, data, len, w->sealed);

	return n < 0 ? n : write_all(f, w->sealed, (size_t)n);
}

/* A file that lacks a change must not be found: it is emptied, or the other one says so. */
static void give_up(struct state_writer *w, struct file *f)
{
	struct file *other = &w->file[f == w->file];
	uint64_t generation = f->generation;
	uint8_t data[8];

	bool emptied;

	count_error(w);
	emptied = empty(f) == 0;
	if (!other->complete) {
		/* What an earlier run left there lacks all of this one. */
		if (!other->writing && other->content)
			(void)empty(other);
		return;
	}
	if (emptied)
		return;
	for (unsigned n = 0; n < 8; n++)
		data[n] = (uint8_t)(generation >> (56 - 8 * n));
	if (append(w, other, STATE_STALE, data, sizeof(data)) == 0 && fdatasync(other->fd) == 0)
		f->content = false;
	else
		(void)empty(other);
}

static int sync_file(struct state_writer *w, struct file *f)
{
	if (f->unsynced == 0)
		return 0;
	pthread_mutex_lock(&w->lock);
	w->stat.syncs++;
	pthread_mutex_unlock(&w->lock);
	if (fdatasync(f->fd) < 0)
		return LKE_ERR_SYS;
	f->unsynced = 0;
	return 0;
}

static void put(struct state_writer *w, const struct item *it)
{
	for (unsigned n = 0; n < 2; n++) {
		struct file *f = &w->file[n];

		if ((f->complete || f->writing) && append(w, f, it->type, w->data, it->len) < 0)
			give_up(w, f);
	}
}

static bool oversize(const struct file *f)
{
	return f->complete && f->size > 2 * f->base + GROWTH_MIN;
}

/* Which file is to be written anew: one that is not complete, the restored one last; then one that
 * has grown, or holds what must go. */
static struct file *target(struct state_writer *w)
{
	struct file *f;

	for (unsigned n = 0; n < 2; n++)
		if (!w->file[n].complete && (int)n != w->restored)
			return &w->file[n];
	for (unsigned n = 0; n < 2; n++)
		if (!w->file[n].complete)
			return &w->file[n];
	f = &w->file[w->file[0].generation > w->file[1].generation];
	return oversize(f) || f->refresh ? f : &w->file[f == w->file];
}

static void begin(struct state_writer *w)
{
	struct file *f = target(w);
	uint8_t header[STATE_HEADER_LEN];
	struct state_clock clock = w->clock();

	f->refresh = false;
	if (empty(f) < 0) {
		count_error(w);
		return;
	}
	f->generation = ++w->generation;
	if (state_seal_new(w->key, f->generation, &clock, header, &f->seal) < 0) {
		count_error(w);
		return;
	}
	f->writing = f->content = true;
	if (write_all(f, header, sizeof(header)) < 0)
		give_up(w, f);
}

static struct file *writing(struct state_writer *w)
{
	return w->file[0].writing ? &w->file[0] : w->file[1].writing ? &w->file[1] : NULL;
}

static void again(struct state_writer *w, const struct item *it)
{
	struct file *f = writing(w);

	if (!f)
		return;
	if (append(w, f, it->type, w->data, it->len) < 0 ||
	    (f->unsynced >= SYNC_EVERY && sync_file(w, f) < 0))
		give_up(w, f);
}

static void complete(struct state_writer *w)
{
	struct file *f = writing(w);

	if (f && (append(w, f, STATE_COMPLETE, NULL, 0) < 0 || sync_file(w, f) < 0)) {
		give_up(w, f);
	} else if (f) {
		f->writing = false;
		f->complete = true;
		f->base = f->size;
		w->restored = -1;
		pthread_mutex_lock(&w->lock);
		w->stat.rewrites++;
		pthread_mutex_unlock(&w->lock);
	}
	release_held(w);
}

static void carry_out(struct state_writer *w, const struct item *it)
{
	switch (it->what) {
	case PUT:
		put(w, it);
		break;
	case BEGIN:
		begin(w);
		break;
	case AGAIN:
		again(w, it);
		break;
	case COMPLETE:
		complete(w);
		break;
	case REFRESH:
		w->file[0].refresh = w->file[1].refresh = true;
		break;
	}
}

/* Changes were lost: neither file is right any more. */
static void overflow(struct state_writer *w)
{
	for (unsigned n = 0; n < 2; n++)
		if (w->file[n].content && empty(&w->file[n]) < 0)
			count_error(w);
	release_held(w);
}

static void look_for_wishes(struct state_writer *w)
{
	bool wants = false;

	for (unsigned n = 0; n < 2; n++)
		wants = wants || oversize(&w->file[n]) || w->file[n].refresh ||
			(!w->file[n].complete && now() >= w->retry);
	wants = wants && !is_writing(w);
	pthread_mutex_lock(&w->lock);
	if (wants && !w->wants)
		(void)eventfd_write(w->fd, 1);
	w->wants = wants;
	for (unsigned n = 0; n < 2; n++)
		w->stat.size[n] = w->file[n].size;
	w->stat.complete = (unsigned)w->file[0].complete + w->file[1].complete;
	pthread_mutex_unlock(&w->lock);
}

static bool take(struct state_writer *w, struct item *it)
{
	bool found;

	pthread_mutex_lock(&w->lock);
	found = w->used > 0;
	if (found) {
		ring_get(w, it, sizeof(*it));
		if (it->len > 0)
			ring_get(w, w->data, it->len);
		w->stat.records += it->what == PUT || it->what == AGAIN;
	}
	pthread_mutex_unlock(&w->lock);
	return found;
}

/* One turn: results of what need not be durable come at once, the others behind one sync. */
static void turn(struct state_writer *w)
{
	uint64_t waits[BATCH];
	unsigned n = 0;
	struct item it;

	for (unsigned i = 0; i < BATCH && take(w, &it); i++) {
		carry_out(w, &it);
		mem_wipe(w->data, it.len);
		if (it.durable && it.cookie)
			waits[n++] = it.cookie;
		else
			settle(w, it.cookie);
	}
	for (unsigned f = 0; n > 0 && f < 2; f++)
		if (w->file[f].complete && sync_file(w, &w->file[f]) < 0)
			give_up(w, &w->file[f]);
	for (unsigned i = 0; i < n; i++)
		settle(w, waits[i]);
}

static void *run(void *ctx)
{
	struct state_writer *w = ctx;

	pthread_mutex_lock(&w->lock);
	while (!w->stop || w->used > 0) {
		lke_time since;
		bool lost;

		if (w->used == 0 && !w->overflow) {
			w->busy = false;
			pthread_cond_wait(&w->wake, &w->lock);
			w->busy = true;
		}
		lost = w->overflow;
		w->overflow = false;
		pthread_mutex_unlock(&w->lock);
		since = now();
		if (lost)
			overflow(w);
		turn(w);
		look_for_wishes(w);
		since = now() - since;
		pthread_mutex_lock(&w->lock);
		if (since > w->stat.longest)
			w->stat.longest = since;
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* --- life --- */

static void destroy(struct state_writer *w)
{
	for (unsigned n = 0; n < 2; n++)
		state_seal_free(w->file[n].seal);
	if (w->fd >= 0)
		close(w->fd);
	if (w->queue)
		mem_free_wipe(w->queue, QUEUE_LEN);
	mem_free_wipe(w, sizeof(*w));
}

int state_writer_new(const struct state_writer_conf *conf, struct state_writer **ret)
{
	struct state_writer *w = mem_zalloc(sizeof(*w));

	if (!w)
		return LKE_ERR_NOMEM;
	w->queue = mem_zalloc(QUEUE_LEN);
	w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!w->queue || w->fd < 0) {
		destroy(w);
		return LKE_ERR_NOMEM;
	}
	for (unsigned n = 0; n < 2; n++)
		w->file[n] = (struct file){ .fd = conf->fd[n], .content = conf->content[n] };
	memcpy(w->key, conf->key, sizeof(w->key));
	w->generation = conf->generation;
	w->restored = conf->restored;
	w->clock = conf->clock;
	w->wants = true;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	errno = pthread_create(&w->thread, NULL, run, w);
	if (errno) {
		destroy(w);
		return LKE_ERR_SYS;
	}
	*ret = w;
	return 0;
}

void state_writer_free(struct state_writer *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	destroy(w);
}

int state_writer_fd(const struct state_writer *w)
{
	return w->fd;
}

bool state_writer_wants(struct state_writer *w)
{
	bool wants;

	pthread_mutex_lock(&w->lock);
	wants = w->wants;
	pthread_mutex_unlock(&w->lock);
	return wants;
}

bool state_writer_settled(struct state_writer *w)
{
	bool settled;

	pthread_mutex_lock(&w->lock);
	settled = w->used == 0 && !w->busy && !w->overflow && w->results == 0 && w->promised == 0;
	pthread_mutex_unlock(&w->lock);
	return settled;
}

void state_writer_stat(struct state_writer *w, struct state_writer_stat *ret)
{
	pthread_mutex_lock(&w->lock);
	*ret = w->stat;
	pthread_mutex_unlock(&w->lock);
}
