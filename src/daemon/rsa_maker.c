/* SPDX-License-Identifier: ISC */
#include "daemon/rsa_maker.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"

/* Owned by whoever is later: the thread, or the caller of rsa_maker_free(). */
struct rsa_maker {
	pthread_mutex_t lock;
	bool done, abandoned;
	int fd, err;
	unsigned bits, ops;
	struct rsa_key *key;
};

static void destroy(struct rsa_maker *m)
{
	rsa_key_free(m->key);
	close(m->fd);
	pthread_mutex_destroy(&m->lock);
	mem_free(m);
}

static void *run(void *ctx)
{
	struct rsa_maker *m = ctx;
	struct rsa_key *key = NULL;
	unsigned ops = 0;
	bool abandoned;
	int err;

	/* On Linux of this thread alone. */
	(void)setpriority(PRIO_PROCESS, 0, 19);
	err = rsa_key_generate(m->bits, &key);
	if (err == 0)
		ops = rsa_key_measure(key);
	pthread_mutex_lock(&m->lock);
	m->done = true;
	m->err = err;
	m->key = key;
	m->ops = ops;
	abandoned = m->abandoned;
	if (!abandoned)
		(void)eventfd_write(m->fd, 1);
	pthread_mutex_unlock(&m->lock);
	if (abandoned)
		destroy(m);
	return NULL;
}

int rsa_maker_new(unsigned bits, struct rsa_maker **ret)
{
	struct rsa_maker *m = mem_zalloc(sizeof(*m));
	pthread_t thread;

	if (!m)
		return LKE_ERR_NOMEM;
	m->bits = bits;
	m->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (m->fd < 0) {
		mem_free(m);
		return LKE_ERR_SYS;
	}
	pthread_mutex_init(&m->lock, NULL);
	errno = pthread_create(&thread, NULL, run, m);
	if (errno) {
		destroy(m);
		return LKE_ERR_SYS;
	}
	(void)pthread_detach(thread);
	*ret = m;
	return 0;
}

int rsa_maker_fd(const struct rsa_maker *m)
{
	return m->fd;
}

int rsa_maker_take(struct rsa_maker *m, struct rsa_key **ret, unsigned *ret_ops)
{
	int err = LKE_ERR_STATE;

	pthread_mutex_lock(&m->lock);
	if (m->done)
		err = m->err;
	if (err == 0) {
		*ret = m->key;
		*ret_ops = m->ops;
		m->key = NULL;
		m->err = LKE_ERR_STATE;
	}
	pthread_mutex_unlock(&m->lock);
	return err;
}

void rsa_maker_free(struct rsa_maker *m)
{
	bool done;

	if (!m)
		return;
	pthread_mutex_lock(&m->lock);
	done = m->done;
	m->abandoned = true;
	pthread_mutex_unlock(&m->lock);
	if (done)
		destroy(m);
}
