/* SPDX-License-Identifier: ISC */
/* Interfaces: what the netlink monitor reports, and their packet sockets. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/driver.h"
#include "daemon/log.h"
#include "platform/linux/clock.h"
#include "platform/linux/netlink_neigh.h"

struct driver_link *driver_link_by_index(struct driver *d, uint32_t ifindex)
{
	for (unsigned i = 0; i < d->links; i++)
		if (d->link[i].last.ifindex == ifindex)
			return &d->link[i];
	return NULL;
}

const char *driver_ifname(const struct driver *d, uint32_t ifindex)
{
	for (unsigned i = 0; i < d->links; i++)
		if (d->link[i].last.ifindex == ifindex)
			return d->link[i].last.name;
	return "";
}

uint32_t driver_ifindex(const struct driver *d, const char *name)
{
	for (unsigned i = 0; i < d->links; i++)
		if (strcmp(d->link[i].last.name, name) == 0)
			return d->link[i].last.ifindex;
	return 0;
}

static void close_socket(struct driver_link *l)
{
	kereq_close(l);
	if (l->readable)
		event_free(l->readable);
	l->readable = NULL;
	if (l->socket.fd >= 0)
		packet_close(&l->socket);
	l->socket.fd = -1;
}

static struct driver_link *add_link(struct driver *d, uint32_t ifindex)
{
	struct driver_link *l = driver_link_by_index(d, ifindex);

	if (l)
		return l;
	if (d->links == WORLD_LINKS_MAX)
		return NULL;
	l = &d->link[d->links++];
	*l = (struct driver_link){ .socket.fd = -1, .kereq.fd = -1, .driver = d };
	l->last.ifindex = ifindex;
	return l;
}

/* Events hold pointers into the array, so the hole is filled with a link whose event is made anew.
 */
static void on_packets(evutil_socket_t fd, short what, void *ctx);

static int watch(struct driver *d, struct driver_link *l)
{
	l->readable = event_new(d->base, l->socket.fd, EV_READ | EV_PERSIST, on_packets,
				(void *)(uintptr_t)l->socket.ifindex);
	return l->readable ? event_add(l->readable, NULL) : -1;
}

static void remove_link(struct driver *d, struct driver_link *l)
{
	close_socket(l);
	group_forget(d->w->group, l->last.ifindex);
	*l = d->link[--d->links];
}

/* Tunnel packets may have options before the inner header, or come in fragments. */
static bool may_be_tunnel(const uint8_t *pkt, size_t len)
{
	return len >= 40 && (pkt[6] == 41 || pkt[6] == 44 || pkt[6] == 60 || pkt[6] == 0);
}

/* The answer to a care-of address test comes by the reverse tunnel (CareOfCredit), perhaps behind
 * the options that a kernel's tunnel puts there (RFC 2473 5.1): an echo reply in a tunnel packet.
 */
static bool may_be_proof(const uint8_t *pkt, size_t len)
{
	size_t inner = 40;

	if (pkt[6] == 60 && len >= 42 && pkt[40] == 41)
		inner += 8U * (pkt[41] + 1U);
	else if (pkt[6] != 41)
		return false;
	return len > inner + 40 && pkt[inner + 6] == 58 && pkt[inner + 40] == 129;
}

/* One packet.  The plane takes tunnel packets, the engine everything else. */
static void on_packet(struct driver *d, struct driver_link *l, struct packet_info *info,
		      uint8_t *pkt, size_t len, lke_time now)
{
	struct lke_event ev = { .type = LKE_EV_PACKET };
	uint32_t ifindex = l->last.ifindex;

	ev.packet = (struct lke_ev_packet){ .ifindex = ifindex,
					    .src_ll = info->src,
					    .data = pkt,
					    .len = len,
					    .outgoing = info->outgoing };
	if (may_be_tunnel(pkt, len)) {
		bool proof = d->w->cfg.engine.ha.care_of_credit && may_be_proof(pkt, len);
		int taken;

		if (proof)
			driver_input(d, &ev);
		taken = fwd_from_link_offload(d->fwd, ifindex, pkt, len, &info->offload, now);
		driver_tunnel_events(d);
		if (taken || proof || pkt[6] == 41)
			return;
	}
	if (len > 40 && pkt[6] == 58 && pkt[40] < 128 && fwd_icmp(d->fwd, pkt, len, now) == 1) {
		driver_tunnel_events(d);
		return;
	}
	if (ifindex == LOOPBACK_IFINDEX)
		return;
	if (info->offload.segments != OFFLOAD_WHOLE)
		return; /* TCP or UDP behind extension headers */
	offload_complete(&info->offload, pkt, len);
	driver_input(d, &ev);
}

static struct driver *the_driver; /* of this process; event callbacks carry the interface's index */

unsigned driver_read_packets(struct driver *d, uint32_t ifindex, bool kereqs, unsigned budget)
{
	/* Key Exchange Requests have a bound of their own, which counts what a turn found. */
	lke_time end = kereqs ? LKE_NEVER : clock_now() + TURN_TIME;
	lke_time now = 0;
	unsigned i = 0;

	fwd_batch(d->fwd, true);
	for (; i < budget && now < end; i++) {
		/* Looked up each time: carrying out an action may have removed the link. */
		struct driver_link *l = driver_link_by_index(d, ifindex);
		const struct packet_link *s = l && kereqs ? &l->kereq : l ? &l->socket : NULL;
		struct packet_info info;
		uint8_t *pkt;
		size_t len;
		int n;

		if (!s || s->fd < 0)
			break;
		n = packet_receive_info(s, d->buf, PACKET_BUF, &info, &pkt, &len);
		if (n == -ENODEV) {
			close_socket(l);
			l->asked = false;
		}
		if (n <= 0)
			break;
		now = clock_now();
		on_packet(d, l, &info, pkt, len, now);
		/* What one packet asks for is done before the next is looked at. */
		driver_pump(d);
	}
	fwd_batch(d->fwd, false);
	driver_pump(d);
	return i;
}

static void on_packets(evutil_socket_t fd, short what, void *ctx)
{
	(void)driver_read_packets(the_driver, (uint32_t)(uintptr_t)ctx, false, PACKETS_PER_WAKEUP);
}

/* The next socket is open before the last one is closed: what is still in that is lost, and Key
 * Exchange Requests that come meanwhile, which are sent again. */
static void ask_again(struct driver *d, struct driver_link *l)
{
	struct priv_request r = { .type = PRIV_OPEN_LINK, .ifindex = l->last.ifindex };

	requests_add(d, &r, 0);
}

/* The filters of the sockets name the addresses of this host. */
static void on_address(struct driver *d, const struct lke_ev_addr *a)
{
	if (a->removed) {
		packet_ends_remove(&d->w->ends, &a->addr);
		return;
	}
	if (!packet_ends_add(&d->w->ends, &a->addr))
		return;
	/* Of more of them the filters have known none since the first one too many. */
	if (d->w->ends.n > PACKET_ENDS_FILTER + 1)
		return;
	for (unsigned i = 0; i < d->links; i++) {
		struct driver_link *l = &d->link[i];

		if ((l->socket.fd >= 0 || l->asked) &&
		    world_link_has_ends(d->w, l->last.ifindex, l->last.name))
			ask_again(d, l);
	}
}

int driver_links_open(struct driver *d)
{
	the_driver = d;
	for (unsigned i = 0; i < d->w->links; i++) {
		struct driver_link *l = add_link(d, d->w->link[i].ifindex);

		if (!l)
			return -ENOSPC;
		l->socket = d->w->link[i];
		l->kind = d->w->link_kind[i];
		if (watch(d, l) < 0)
			return -ENOMEM;
	}
	return 0;
}

void driver_links_close(struct driver *d)
{
	for (unsigned i = 0; i < d->links; i++)
		close_socket(&d->link[i]);
	d->links = 0;
}

void driver_link_opened(struct driver *d, const struct priv_reply *r, int fd)
{
	struct driver_link *l = driver_link_by_index(d, r->ifindex);
	bool again = l && l->socket.fd >= 0;

	/* It may have gone or changed its name meanwhile: the next report asks again. */
	if (l && r->err < 0 && r->err != -EPROTONOSUPPORT)
		l->asked = false;
	if (fd < 0)
		return;
	if (!l || r->err) {
		close(fd);
		return;
	}
	close_socket(l);
	l->kind = world_link_kind(d->w, r->ifindex, l->last.name);
	l->socket = (struct packet_link){ .fd = fd,
					  .ifindex = r->ifindex,
					  .ethernet = r->ethernet != 0 };
	l->socket.own.len = r->own_len == 6 ? 6 : 0;
	memcpy(l->socket.own.b, r->own, sizeof(l->socket.own.b));
	if (watch(d, l) < 0) {
		close_socket(l);
		return;
	}
	if (!again)
		log_notice("interface %s is in use", l->last.name);
	kereq_ask(d, l);
}

static bool wanted(const struct driver *d, const struct lke_ev_link *l)
{
	/* What a port receives its bridge receives again: each message would be handled twice. */
	if (l->port && !daemon_config_has_interface(&d->w->cfg, l->name))
		return false;
	return strcmp(l->name, "lo") != 0 &&
	       (world_is_agent(d->w) || l->ifindex == d->w->tun_ifindex ||
		daemon_config_is_mn_interface(&d->w->cfg, l->name));
}

static void on_news(void *ctx, const struct lke_event *ev);

/* An interface got a name that no role has, or became a port: for the engine it is gone. */
static bool lose_name(struct driver *d, struct driver_link *l, const struct lke_ev_link *ev)
{
	struct lke_event gone = { .type = LKE_EV_LINK, .link = *ev };

	if (!l)
		return false;
	gone.link.removed = true;
	gone.link.up = false;
	if (ev->port || strcmp(l->last.name, ev->name) != 0)
		log_notice("interface %s is now %s and no longer in use", l->last.name,
			   ev->port ? "a port" : ev->name);
	else
		log_notice("interface %s is no longer in use", l->last.name);
	remove_link(d, l);
	driver_input(d, &gone);
	return false;
}

/* Of the tunnels: the interface's, or the smaller one that a router of the link advertises. */
void driver_link_mtu(struct driver *d, const struct driver_link *l)
{
	uint32_t mtu = l->last.mtu;

	if (l->advertised_mtu && l->advertised_mtu < mtu)
		mtu = l->advertised_mtu;
	if (mtu)
		fwd_set_link_mtu(d->fwd, l->last.ifindex, mtu);
}

static bool on_link(struct driver *d, const struct lke_ev_link *ev)
{
	struct driver_link *l = driver_link_by_index(d, ev->ifindex);

	if (ev->removed) {
		if (l)
			remove_link(d, l);
		return l != NULL;
	}
	if (ev->ifindex == LOOPBACK_IFINDEX)
		return false;
	if (!wanted(d, ev))
		return lose_name(d, l, ev);
	if (!l)
		l = add_link(d, ev->ifindex);
	if (!l) {
		log_line(LOG_CLASS_KERNEL, LOG_LEVEL_WARNING,
			 "more than %d interfaces, %s is not used", WORLD_LINKS_MAX, ev->name);
		return false;
	}
	if (ev->up && !l->last.up)
		group_retry(d->w->group);
	l->last = *ev;
	if (l->socket.ethernet)
		l->socket.own = ev->lladdr;
	driver_link_mtu(d, l);
	if (l->socket.fd < 0 && !l->asked) {
		struct priv_request r = { .type = PRIV_OPEN_LINK, .ifindex = ev->ifindex };

		l->asked = true;
		requests_add(d, &r, 0);
	}
	kereq_ask(d, l);
	return true;
}

/* A link that nothing was for until now. */
static void on_other_link(void *ctx, const struct lke_event *ev)
{
	if (!driver_link_by_index(ctx, ev->link.ifindex))
		on_news(ctx, ev);
}

/* The configuration has another use for the link, or none any more. */
void driver_links_reload(struct driver *d)
{
	for (unsigned i = d->links; i > 0; i--) {
		struct driver_link *l = &d->link[i - 1];
		struct lke_ev_link last = l->last;

		/* Before its first report it has no name: on_link() judges it then. */
		if (!last.name[0] || last.ifindex == d->w->tun_ifindex)
			continue;
		if (!wanted(d, &last)) {
			(void)lose_name(d, l, &last);
			continue;
		}
		if (!world_has_kereqs(d->w, last.name))
			kereq_close(l);
		if (l->socket.fd >= 0 && l->kind != world_link_kind(d->w, last.ifindex, last.name))
			ask_again(d, l);
		kereq_ask(d, l);
	}
	mon_repeat_links(d->mon, on_other_link, d);
}

static bool announced(struct driver *d, uint32_t ifindex)
{
	const struct driver_link *l = driver_link_by_index(d, ifindex);

	return l && l->announced;
}

/* Addresses that came before their interface, or before it had a name of ours, had no place yet. */
static void announce(struct driver *d, uint32_t ifindex)
{
	struct driver_link *l = driver_link_by_index(d, ifindex);

	if (!l || l->announced)
		return;
	l->announced = true;
	mon_repeat_addrs(d->mon, ifindex, on_news, d);
}

static void on_news(void *ctx, const struct lke_event *ev)
{
	struct driver *d = ctx;

	if (ev->type == LKE_EV_LINK && !on_link(d, &ev->link))
		return;
	if (ev->type == LKE_EV_ADDR && world_is_agent(d->w))
		on_address(d, &ev->addr);
	if (ev->type == LKE_EV_ADDR && !announced(d, ev->addr.ifindex))
		return;
	driver_input(d, ev);
	driver_pump(d);
	if (ev->type == LKE_EV_LINK)
		announce(d, ev->link.ifindex);
}

/* Only hints: when the socket fails, there are none. */
void driver_on_neigh(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;
	struct lke_event ev = { .type = LKE_EV_NEIGH };
	int n = 0;

	for (unsigned i = 0; i < PACKETS_PER_WAKEUP; i++) {
		n = neigh_read(fd, &ev.neigh);
		if (n <= 0)
			break;
		driver_input(d, &ev);
	}
	if (n < 0) {
		log_line(LOG_CLASS_KERNEL, LOG_LEVEL_WARNING, "neighbour monitor: %s",
			 strerror(-n));
		event_del(d->neigh_ev);
	}
	driver_pump(d);
}

void driver_on_monitor(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;
	int err = mon_read(d->mon, on_news, d);

	if (err < 0)
		driver_fail(d, "netlink monitor", err);
	if (!d->ready && mon_synced(d->mon)) {
		struct priv_request r = { .type = PRIV_READY };

		d->ready = true;
		requests_add(d, &r, 0);
		log_notice("ready");
		driver_adopt_begin(d);
	}
	driver_pump(d);
}
