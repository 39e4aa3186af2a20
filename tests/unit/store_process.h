/* SPDX-License-Identifier: ISC */
/*
 * The store of a home agent in a process of its own, as the privileged process of lked runs it: the
 * same socket, messages and group commit, a real file.  Shared with the benchmark.
 */
#ifndef TESTS_STORE_PROCESS_H
#define TESTS_STORE_PROCESS_H

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/store_batch.h"
#include "platform/linux/clock.h"

enum { STORE_RING = 1 << 16 };

struct store_process {
	int sock;
	pid_t pid;
	bool gone; /* it has ended; what it answered before was taken */
	/* As the driver keeps them: what the socket does not take waits in a ring. */
	uint64_t requested, flushed, replied;
	struct {
		struct priv_request msg;
		uint64_t cookie; /* of the engine */
	} ring[STORE_RING];
};

static inline void store_process_serve(int sock, const char *path)
{
	static struct store_batch b;
	struct pollfd p = { .fd = sock, .events = POLLIN };
	struct priv_request r;
	ssize_t n;

	if (clock_boot_id(b.boot) < 0 || store_open(path, &b.store) < 0)
		_exit(1);
	while (poll(&p, 1, -1) > 0) {
		while (!store_batch_full(&b) &&
		       (n = priv_receive(sock, &r, sizeof(r), NULL)) == (ssize_t)sizeof(r))
			store_batch_add(&b, &r);
		if (b.n == 0 && n == 0)
			break;
		for (unsigned i = 0, all = store_batch_commit(&b); i < all;) {
			struct pollfd out = { .fd = sock, .events = POLLOUT };
			int err = priv_send(sock, &b.reply[i], sizeof(b.reply[i]), -1);

			if (err == -EAGAIN)
				poll(&out, 1, -1);
			else
				i++;
		}
	}
	store_close(b.store);
	_exit(0);
}

/* first: NULL, or called in the new process before it opens the store. */
static inline void store_process_start(struct store_process *p, const char *path,
				       void (*first)(void *arg), void *arg)
{
	int pair[2];

	p->gone = false;
	p->requested = p->flushed = p->replied = 0;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	fflush(NULL);
	p->pid = fork();
	assert_true(p->pid >= 0);
	if (p->pid == 0) {
		close(pair[0]);
		if (first)
			first(arg);
		store_process_serve(pair[1], path);
	}
	close(pair[1]);
	p->sock = pair[0];
}

/* How it ended, as of waitpid(). */
static inline int store_process_end(struct store_process *p)
{
	int status = 0;

	close(p->sock);
	p->sock = -1;
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	return status;
}

static inline void store_process_flush(struct store_process *p)
{
	int err = 0;

	while (!p->gone && p->flushed < p->requested &&
	       (err = priv_send(p->sock, &p->ring[p->flushed % STORE_RING].msg,
				sizeof(struct priv_request), -1)) == 0)
		p->flushed++;
}

/* LKE_ACT_CHECKPOINT and LKE_ACT_KEEP. */
static inline void store_process_request(struct store_process *p, const struct lke_action *a)
{
	assert_true(p->requested - p->replied < STORE_RING);
	assert_true(priv_from_action(a, p->requested, &p->ring[p->requested % STORE_RING].msg));
	p->ring[p->requested++ % STORE_RING].cookie = a->cookie;
	store_process_flush(p);
}

/* Waits until it answers, takes requests again, or ends. */
static inline void store_process_wait(struct store_process *p)
{
	struct pollfd fd = { .fd = p->sock, .events = POLLIN };

	if (p->flushed < p->requested)
		fd.events |= POLLOUT;
	poll(&fd, 1, -1);
	store_process_flush(p);
}

/* The next outcome, if there is one. */
static inline bool store_process_next(struct store_process *p, struct lke_event *ret)
{
	struct priv_reply reply;
	ssize_t n;

	if (p->gone)
		return false;
	n = priv_receive(p->sock, &reply, sizeof(reply), NULL);
	if (n != (ssize_t)sizeof(reply)) {
		p->gone = n != -EAGAIN;
		return false;
	}
	*ret = (struct lke_event){ .type = LKE_EV_RESULT };
	ret->result.err = reply.err;
	ret->result.cookie = p->ring[p->replied++ % STORE_RING].cookie;
	return true;
}

#endif
