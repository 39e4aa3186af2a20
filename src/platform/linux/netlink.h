/* SPDX-License-Identifier: ISC */
/*
 * rtnetlink.  Privileged side (struct nl): addresses, paths, neighbours, interception and the TUN's
 * link settings; each call is one synchronous request with its acknowledgement and returns 0 or
 * -errno. Everything made carries our protocol number, so that a later start finds what a killed
 * daemon left, and is remembered, so that nl_close() removes exactly it.
 *
 * Unprivileged side (struct mon): link and address events from an inherited socket; RTM_GET only.
 */
#ifndef PLATFORM_NETLINK_H
#define PLATFORM_NETLINK_H

#include "lke/action.h"
#include "lke/event.h"

enum {
	NL_PROTO = 0xde, /* of routes, rules, addresses and neighbours */
	NL_TABLE_BASE =
		0x6c6b6500, /* "lke": routing tables of source addresses, NL_PATH_MAX of them */
	NL_PATH_MAX = 64,
	NL_RULE_PRIORITY = 1000, /* of `from ADDR lookup T` */
	NL_MAIN_METRIC = 64,	 /* default route in main: before those of the system (1024) */
	NL_ADDRS_MAX = 256,	 /* addresses added */
};

struct nl;

struct nl_stats {
	uint64_t requests, retries, failures; /* retries: ENOMEM, EBUSY, ENOBUFS */
	uint64_t stale;			      /* objects of a killed daemon that were removed */
};

/* 0 or -errno. */
int nl_open(struct nl **ret);
/* Removes every address, rule, route and neighbour with our protocol number.  At start, before any
 * other. Number of removed objects or -errno. */
int nl_cleanup_stale(struct nl *n);
/* Interception routes to this device stay, in nl_cleanup_stale() and in nl_remove_all(): they serve
 * the lked after this one (ADR 83).  0: none. */
void nl_keep_routes(struct nl *n, uint32_t tun_ifindex);
/* Of them, removes those that were not set again: wanted(addr) is false.  Number or -errno. */
int nl_sweep_routes(struct nl *n, uint32_t tun_ifindex,
		    bool (*wanted)(void *ctx, const struct lke_in6 *addr), void *ctx);
/* Removes everything this process added; objects that are gone already are no error. */
void nl_remove_all(struct nl *n);
void nl_close(struct nl *n);   /* nl_remove_all() and free; accepts NULL */
void nl_abandon(struct nl *n); /* frees without touching the host; accepts NULL */
void nl_stats(const struct nl *n, struct nl_stats *ret);

/* tun_ifindex: of the TUN, for addresses with ifindex 0.  In every call below the removal of what
 * is gone already is no error.  -ENOSPC when NL_ADDRS_MAX addresses are there. */
int nl_addr(struct nl *n, const struct lke_act_addr *act, uint32_t tun_ifindex);
/*
 * The one default route of a source address.  ROUTER: `default via ROUTER dev IFINDEX onlink`,
 * TUNNEL: `default dev TUN`, both with replace, so that there is no moment without a route; src ::
 * uses the main table.  NONE removes route and rule.  -ENOSPC when NL_PATH_MAX tables are in use.
 */
int nl_path(struct nl *n, const struct lke_act_path *act, uint32_t tun_ifindex);
int nl_neigh(struct nl *n, const struct lke_act_neigh *act);
/* `route ADDR/128 dev TUN`: packets to the address enter the forwarding plane. */
int nl_intercept(struct nl *n, const struct lke_act_intercept *act, uint32_t tun_ifindex);

/*
 * The neighbour has no link-layer address for a moment and is not asked for it: the kernel keeps up
 * to neigh/DEV/unres_qlen_bytes of what is to be sent to it, until nl_gate_open() says the address
 * (a hint that the kernel verifies as any other), and then sends it in order.  A gate that was left
 * closed goes with nl_remove_all() or the next nl_cleanup_stale().
 */
int nl_gate_close(struct nl *n, uint32_t ifindex, const struct lke_in6 *addr);
int nl_gate_open(struct nl *n, uint32_t ifindex, const struct lke_in6 *addr,
		 const struct lke_lladdr *lladdr);

/* Sets the link up, its MTU and its transmit queue length; 0 leaves mtu or txqlen alone. */
int nl_link_up(struct nl *n, uint32_t ifindex, uint32_t mtu, uint32_t txqlen);
/* An interface vanished with everything on it: forget, do not remove later. */
void nl_forget_link(struct nl *n, uint32_t ifindex);
/*
 * A mobile node's link: routes that the kernel made of Router Advertisements are removed, addresses
 * deprecated, so that connections which have them go on; those that cannot be kept are removed,
 * too: unusable ones, and where keep() says so (NULL: none).  nl_give_back() and nl_remove_all()
 * give back what was not removed by nl_addr() meanwhile, as it was.  Number of addresses kept, or
 * -errno.
 */
int nl_take_over(struct nl *n, uint32_t ifindex,
		 bool (*keep)(void *ctx, const struct lke_in6 *addr), void *ctx);
/* Gives back what nl_take_over() kept of a link, or of all (0), and is still there. */
void nl_give_back(struct nl *n, uint32_t ifindex);
/* nl_take_over() kept it, and nobody removed it through nl_addr(). */
bool nl_kept(const struct nl *n, uint32_t ifindex, const struct lke_in6 *addr);

/* Dumps.  Number of entries written (at most max) or -errno. */
int nl_dump_links(struct nl *n, struct lke_ev_link *buf, size_t max);
int nl_dump_addrs(struct nl *n, struct lke_ev_addr *buf, size_t max);

/* ---- monitor ---- */

enum { MON_LINKS_MAX = 1024, MON_ADDRS_MAX = 8192 };

struct mon;

/* ev is borrowed: LKE_EV_LINK or LKE_EV_ADDR. */
typedef void (*mon_fn)(void *ctx, const struct lke_event *ev);

/* Privileged: non-blocking socket in RTMGRP_LINK and RTMGRP_IPV6_IFADDR with a large buffer.  fd or
 * -errno. */
int mon_open(void);
/* Takes an inherited socket (owned by the caller) and asks for dumps.  0 or -errno. */
int mon_start(int fd, struct mon **ret);
/*
 * Reads everything that waits and reports what changed: repeated news is not reported again, except
 * a changed carrier count.  After an overrun (ENOBUFS) everything is dumped again and what vanished
 * meanwhile is reported as removed.  0 or -errno when the socket failed.
 */
int mon_read(struct mon *m, mon_fn fn, void *ctx);
/* Reports the known addresses of an interface once more: for a caller that had no use for them when
 * they came, because it did not know the interface yet. */
void mon_repeat_addrs(const struct mon *m, uint32_t ifindex, mon_fn fn, void *ctx);
/* Reports every known interface once more. */
void mon_repeat_links(const struct mon *m, mon_fn fn, void *ctx);
bool mon_synced(const struct mon *m); /* the first dump (or the last resync) is complete */
uint64_t mon_overruns(const struct mon *m);
void mon_stop(struct mon *m); /* frees; the socket stays open */

#endif
