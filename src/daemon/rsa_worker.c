/* SPDX-License-Identifier: ISC */
#include "daemon/rsa_worker.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "platform/linux/priority.h"

struct job {
	uint64_t cookie;
	bool encrypt;
	uint32_t key_id;
	uint8_t in[RSA_SPKI_MAX]; /* ciphertext or public key */
	size_t in_len;
	uint8_t plain[LKE_KBM_LEN];
	struct rsa_answer answer;
};

/*
 * One ring: [fetched, done) are answered, [done, queued) wait or are being worked on.  The thread
 * touches job[done] without the lock; nobody else does until done moves on.
 */
struct slot {
	struct rsa_key *key; /* NULL: free */
	uint32_t id;
	bool dropped; /* while it works; freed by the thread */
};

struct rsa_worker {
	struct slot slot[RSA_WORKER_KEYS];
	const struct slot *in_use;
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
	unsigned fetched, done, queued; /* count for ever, modulo 2^32 */
	struct job job[RSA_WORKER_QUEUE];
};

static void free_slot(struct slot *s)
{
	rsa_key_free(s->key);
	*s = (struct slot){ 0 };
}

static struct slot *find_slot(struct rsa_worker *w, uint32_t id)
{
	for (unsigned n = 0; n < RSA_WORKER_KEYS; n++)
		if (w->slot[n].key && w->slot[n].id == id && !w->slot[n].dropped)
			return &w->slot[n];
	return NULL;
}

/* key: NULL when the job's is gone. */
static void work(struct job *j, const struct rsa_key *key)
{
	struct rsa_answer *a = &j->answer;

	a->cookie = j->cookie;
	a->len = 0;
	if (j->encrypt)
		a->err = rsa_pub_encrypt(j->in, j->in_len, j->plain, sizeof(j->plain), a->data,
					 sizeof(a->data), &a->len);
	else if (!key)
		a->err = LKE_ERR_NOENT;
	else
		a->err = rsa_key_decrypt(key, j->in, j->in_len, a->data, sizeof(a->data), &a->len);
	mem_wipe(j->plain, sizeof(j->plain));
	mem_wipe(j->in, sizeof(j->in));
}

static void *run(void *ctx)
{
	struct rsa_worker *w = ctx;
	const uint64_t one = 1;

	/* Its processor time is what KexCpu bounds: `top -H` shows it by this name. */
	prctl(PR_SET_NAME, "lked-rsa");
	priority_background();
	pthread_mutex_lock(&w->lock);
	while (!w->stop) {
		struct job *j = &w->job[w->done % RSA_WORKER_QUEUE];
		struct slot *s;

		if (w->done == w->queued) {
			pthread_cond_wait(&w->wake, &w->lock);
			continue;
		}
		s = j->encrypt ? NULL : find_slot(w, j->key_id);
		w->in_use = s;
		pthread_mutex_unlock(&w->lock);
		work(j, s ? s->key : NULL);
		pthread_mutex_lock(&w->lock);
		w->in_use = NULL;
		if (s && s->dropped)
			free_slot(s);
		w->done++;
		if (write(w->fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
			break;
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int rsa_worker_new(struct rsa_worker **ret)
{
	struct rsa_worker *w = mem_zalloc(sizeof(*w));

	if (!w)
		return LKE_ERR_NOMEM;
	w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->fd < 0) {
		mem_free(w);
		return LKE_ERR_SYS;
	}
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	errno = pthread_create(&w->thread, NULL, run, w);
	if (errno) {
		close(w->fd);
		mem_free(w);
		return LKE_ERR_SYS;
	}
	*ret = w;
	return 0;
}

void rsa_worker_free(struct rsa_worker *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	for (unsigned n = 0; n < RSA_WORKER_KEYS; n++)
		free_slot(&w->slot[n]);
	close(w->fd);
	mem_free_wipe(w, sizeof(*w));
}

int rsa_worker_fd(const struct rsa_worker *w)
{
	return w->fd;
}

int rsa_worker_add(struct rsa_worker *w, uint32_t key_id, struct rsa_key *key)
{
	struct slot *s = NULL;

	pthread_mutex_lock(&w->lock);
	for (unsigned n = 0; n < RSA_WORKER_KEYS && !s; n++)
		if (!w->slot[n].key)
			s = &w->slot[n];
	if (s)
		*s = (struct slot){ .key = key, .id = key_id };
	pthread_mutex_unlock(&w->lock);
	if (!s)
		rsa_key_free(key);
	return s ? 0 : LKE_ERR_FULL;
}

unsigned rsa_worker_ids(struct rsa_worker *w, uint32_t ret[RSA_WORKER_KEYS])
{
	unsigned count = 0;

	pthread_mutex_lock(&w->lock);
	for (unsigned n = 0; n < RSA_WORKER_KEYS; n++) {
		unsigned at = count;

		if (!w->slot[n].key || w->slot[n].dropped)
			continue;
		for (; at > 0 && ret[at - 1] > w->slot[n].id; at--)
			ret[at] = ret[at - 1];
		ret[at] = w->slot[n].id;
		count++;
	}
	pthread_mutex_unlock(&w->lock);
	return count;
}

int rsa_worker_pem(struct rsa_worker *w, uint32_t key_id, char *buf, size_t size, size_t *ret_len)
{
	const struct slot *s;
	int err = LKE_ERR_NOENT;

	pthread_mutex_lock(&w->lock);
	s = find_slot(w, key_id);
	if (s)
		err = rsa_key_save_pem(s->key, buf, size, ret_len);
	pthread_mutex_unlock(&w->lock);
	return err;
}

void rsa_worker_drop(struct rsa_worker *w, uint32_t key_id)
{
	struct slot *s;

	pthread_mutex_lock(&w->lock);
	s = find_slot(w, key_id);
	if (s && s == w->in_use)
		s->dropped = true;
	else if (s)
		free_slot(s);
	pthread_mutex_unlock(&w->lock);
}

static int put(struct rsa_worker *w, uint64_t cookie, uint32_t key_id, const uint8_t *in,
	       size_t len, const uint8_t *plain)
{
	struct job *j;

	if (len > sizeof(j->in))
		return LKE_ERR_INVAL;
	pthread_mutex_lock(&w->lock);
	if (w->queued - w->fetched == RSA_WORKER_QUEUE) {
		pthread_mutex_unlock(&w->lock);
		return LKE_ERR_FULL;
	}
	j = &w->job[w->queued % RSA_WORKER_QUEUE];
	j->cookie = cookie;
	j->encrypt = plain != NULL;
	j->key_id = key_id;
	memcpy(j->in, in, len);
	j->in_len = len;
	if (plain)
		memcpy(j->plain, plain, sizeof(j->plain));
	w->queued++;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	return 0;
}

int rsa_worker_decrypt(struct rsa_worker *w, uint64_t cookie, const struct lke_act_decrypt *job)
{
	return put(w, cookie, job->key_id, job->data, job->len, NULL);
}

int rsa_worker_encrypt(struct rsa_worker *w, uint64_t cookie, const struct lke_act_encrypt *job)
{
	return put(w, cookie, 0, job->spki, job->spki_len, job->plain);
}

bool rsa_worker_next(struct rsa_worker *w, struct rsa_answer *ret)
{
	bool found = false;
	uint64_t n;

	pthread_mutex_lock(&w->lock);
	if (w->fetched != w->done) {
		struct rsa_answer *a = &w->job[w->fetched % RSA_WORKER_QUEUE].answer;

		*ret = *a;
		mem_wipe(a, sizeof(*a));
		w->fetched++;
		found = true;
	} else if (read(w->fd, &n, sizeof(n)) < 0) {
		/* already empty */
	}
	pthread_mutex_unlock(&w->lock);
	return found;
}
