/* SPDX-License-Identifier: ISC */
/*
 * Key Exchange Requests have a packet socket of their own on each link of an access router, with a
 * short queue: a flood of them takes no room from Binding Updates, tunnel packets and Neighbor
 * Discovery, and is read in turns, so many packets at most, with pauses of a millisecond.  What the
 * engine spends on it has an end at any rate, and it is not woken for each packet.
 */
#include <string.h>
#include <unistd.h>

#include "daemon/driver.h"
#include "daemon/log.h"

enum {
	KEREQS_AT_ONCE = 32,   /* then other sockets get their turn */
	KEREQS_PER_TURN = 128, /* then there is a pause */
	KEREQS_CROWD = 8,      /* more than honest nodes send at once */
	PAUSE_US = 1000,
};

static struct driver_link *link_of(struct driver *d, int fd)
{
	for (unsigned i = 0; i < d->links; i++)
		if (d->link[i].kereq.fd == fd)
			return &d->link[i];
	return NULL;
}

static void on_kereqs(evutil_socket_t fd, short what, void *ctx)
{
	struct timeval pause = { .tv_usec = PAUSE_US };
	struct driver *d = ctx;
	struct driver_link *l = link_of(d, fd);
	unsigned n = l ? driver_read_packets(d, l->last.ifindex, true, KEREQS_AT_ONCE) : 0;

	l = link_of(d, fd); /* reading may have removed it */
	if (!l)
		return;
	l->kereq_turn = n < KEREQS_CROWD ? 0 : l->kereq_turn + n;
	if (n < KEREQS_CROWD || (n == KEREQS_AT_ONCE && l->kereq_turn < KEREQS_PER_TURN))
		return;
	l->kereq_turn = 0;
	if (event_del(l->kereq_readable) == 0 && event_add(l->kereq_pause, &pause) < 0)
		event_add(l->kereq_readable, NULL);
}

static void on_pause_end(evutil_socket_t fd, short what, void *ctx)
{
	event_add(ctx, NULL);
}

void kereq_ask(struct driver *d, struct driver_link *l)
{
	struct priv_request r = { .type = PRIV_OPEN_KEREQ, .ifindex = l->last.ifindex };

	if (l->socket.fd < 0 || l->kereq.fd >= 0 || l->kereq_asked ||
	    !world_has_kereqs(d->w, l->last.name))
		return;
	l->kereq_asked = true;
	requests_add(d, &r, 0);
}

void kereq_opened(struct driver *d, const struct priv_reply *r, int fd)
{
	struct driver_link *l = driver_link_by_index(d, r->ifindex);

	if (l)
		l->kereq_asked = false;
	if (fd < 0)
		return;
	if (!l || l->socket.fd < 0 || l->kereq.fd >= 0 || r->err) {
		close(fd);
		return;
	}
	l->kereq = l->socket;
	l->kereq.fd = fd;
	l->kereq_readable = event_new(d->base, fd, EV_READ | EV_PERSIST, on_kereqs, d);
	if (l->kereq_readable)
		l->kereq_pause = event_new(d->base, -1, 0, on_pause_end, l->kereq_readable);
	if (!l->kereq_pause || event_add(l->kereq_readable, NULL) < 0) {
		log_warning("interface %s: Key Exchange Requests cannot be read; restart lked",
			    l->last.name);
		kereq_close(l);
	}
}

void kereq_close(struct driver_link *l)
{
	if (l->kereq_pause)
		event_free(l->kereq_pause);
	if (l->kereq_readable)
		event_free(l->kereq_readable);
	l->kereq_pause = l->kereq_readable = NULL;
	if (l->kereq.fd >= 0)
		packet_close(&l->kereq);
	l->kereq.fd = -1;
}
