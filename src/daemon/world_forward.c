/* SPDX-License-Identifier: ISC */
/* Which plane forwards: BPF before the TUN device, or the TUN device alone, and why (ADR 80). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "daemon/log.h"
#include "daemon/plane_keep.h"
#include "daemon/world.h"
#include "platform/linux/forward.h"

/* A mobile node's own tunnels are a few. */
#define OWN_TUNNELS 48

/* As many as LBSAs and mobiles there may be. */
uint32_t world_forward_max(const struct world *w)
{
	uint64_t n = 16 + (uint64_t)w->cfg.mobiles + (world_is_agent(w) ? 0 : OWN_TUNNELS);

	for (unsigned i = 0; i < w->cfg.engine.ars; i++)
		n += w->cfg.engine.ar[i].max_lbsa;
	return n < FWD_TUNNELS_MAX ? (uint32_t)n : FWD_TUNNELS_MAX;
}

static int open_bpf(struct world *w)
{
	struct fast_conf conf = { .tun_ifindex = w->tun_ifindex,
				  .max = world_forward_max(w),
				  .nl = w->nl,
				  .maps = plane_maps(w),
				  .link = plane_link,
				  .ctx = w };
	int err;

	plane_begin(w);
	memcpy(conf.secret, w->fast_secret, sizeof(conf.secret));
	err = fast_open(&conf, &w->fast, w->forward_why, sizeof(w->forward_why));
	mem_wipe(conf.secret, sizeof(conf.secret));
	if (err) {
		w->keeping = false;
		return err;
	}
	w->fast_counts = fast_counts(w->fast, &w->fast_max);
	plane_give(w);
	w->adopting = conf.maps != NULL;
	return conf.maps ? fast_bindings(w->fast, &w->adopted, &w->adopteds) : 0;
}

/* With the maps of before, and if these do not serve, with new ones. */
static int open_any(struct world *w)
{
	int err;

	if (plane_maps(w)) {
		err = open_bpf(w);
		if (!err)
			return 0;
		log_notice("the forwarding plane of before is not taken over: %s; tunnels pause",
			   w->forward_why);
		fast_close(w->fast);
		w->fast = NULL;
		w->fast_counts = NULL;
		plane_forget(w);
	}
	if (system_random(w->fast_secret, sizeof(w->fast_secret)) < 0)
		return -EIO;
	return open_bpf(w);
}

/* The plane of the TUN device alone was chosen, or is all there is. */
static bool tun_alone(struct world *w)
{
	if (w->cfg.forward != FORWARD_TUN)
		return false;
	str_copy(w->forward_why, sizeof(w->forward_why), "Forward = tun");
	return true;
}

int world_open_forward(struct world *w)
{
	if (tun_alone(w))
		return EXIT_OK;
	if (open_any(w) == 0) {
		log_notice("forwarding by BPF, what it leaves by the TUN device %s", w->cfg.tun);
		return EXIT_OK;
	}
	if (w->cfg.forward == FORWARD_BPF) {
		log_error("Forward = bpf: %s; use Forward = auto", w->forward_why);
		return EXIT_KERNEL;
	}
	log_notice("forwarding by the TUN device %s alone; BPF: %s", w->cfg.tun, w->forward_why);
	return EXIT_OK;
}

void world_forward_link(struct world *w, const struct packet_link *l, const char *name,
			enum packet_kind kind)
{
	int err;

	/* Not on links of a mobile node, nor where the socket has to see what this host sends. */
	if (!w->fast || !l->ethernet || (kind != PACKET_KIND_LINK && kind != PACKET_KIND_ROUTER) ||
	    daemon_config_is_mn_interface(&w->cfg, name))
		return;
	/* In this order no packet is taken twice. */
	err = packet_behind_tc(l);
	if (!err)
		err = fast_link(w->fast, l->ifindex);
	if (err < 0)
		log_warning("interface %s: tunnels are opened by the TUN device: %s; it costs "
			    "speed alone",
			    name, strerror(-err));
}
