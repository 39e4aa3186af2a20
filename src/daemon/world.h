/* SPDX-License-Identifier: ISC */
/* Everything that is opened with privileges before the engine process is forked. */
#ifndef DAEMON_WORLD_H
#define DAEMON_WORLD_H

#include "base/exit_code.h"
#include "crypto/crypto.h"
#include "daemon/config_file.h"
#include "daemon/key_digest.h"
#include "daemon/tun_quiet.h"
#include "lke/event.h"
#include "platform/linux/forward_bpf.h"
#include "platform/linux/group.h"
#include "platform/linux/netlink.h"
#include "platform/linux/packet_socket.h"
#include "platform/linux/steering.h"
#include "platform/linux/sysctl.h"

enum {
	WORLD_LINKS_MAX = 64,
	GROUP_SOCKETS_MIN = 8,
};

struct store;

struct world {
	struct daemon_config cfg;
	const char *config_path, *state_dir, *run_dir;
	char *running_text; /* cfg as one text; owned by the privileged process */
	int running_fd;	    /* RUN/running.conf; -1: none */
	uint8_t key_secret[KEY_DIGEST_SECRET];
	bool rsa_of_operator; /* the key was in a file: RsaBits is nothing to it */
	char socket_path[512], running_path[512]; /* removed at the end */
	bool debug;
	bool restored; /* --restored: the store is not the last one that was written */
	int lock_fd;
	/* for the engine process */
	int control_fd, mon_fd, tun_fd;
	int neigh_fd;  /* -1: not an access router */
	int audit_out; /* records of the journal, to the privileged process; -1: none */
	uint32_t tun_ifindex;
	struct tun_quiet tun_quiet;	   /* of both processes */
	struct fastmap_count *fast_counts; /* of the fast path; NULL: there is none */
	uint32_t fast_max;
	uint8_t fast_secret[16]; /* of the forwarding plane, when there is one */
	char forward_why[256];	 /* why there is none */
	bool keeping;		 /* the plane outlives this lked (plane_keep.h) */
	bool plane_tcx;
	char plane_generation;
	struct fast_binding *adopted; /* what the plane of before forwards still */
	size_t adopteds;
	bool adopting; /* a plane of before was taken over */
	struct group *group;
	struct packet_link link[WORLD_LINKS_MAX];
	unsigned links;
	struct packet_ends ends;		     /* that those of an agent's links know */
	enum packet_kind link_kind[WORLD_LINKS_MAX]; /* parallel to link */
	struct rsa_key *rsa;			     /* NULL when not an access router */
	int state_fd[2];       /* state files of an access router; -1: none are kept */
	uint8_t state_key[32]; /* that seals them */
	int mn_state_fd;       /* what a mobile node keeps; -1: no mobile node */
	uint8_t boot_id[16];
	struct lke_ev_floor *floor;
	unsigned floors;
	struct lke_ev_binding *kept; /* bindings of before the restart */
	unsigned kepts;
	uid_t uid;
	gid_t gid, control_gid; /* control_gid: group that may use the control socket */
	/* for the privileged process */
	int audit_in; /* the other end of audit_out */
	struct nl *nl;
	struct steer *steer;
	struct sysctl *sysctl;
	struct fast *fast;   /* NULL: the TUN device forwards alone */
	struct store *store; /* NULL without a home agent */
};

static inline bool world_is_mn(const struct world *w)
{
	return w->cfg.engine.mn.interfaces > 0;
}
static inline bool world_is_agent(const struct world *w)
{
	return w->cfg.engine.ars > 0 || w->cfg.engine.ha.interfaces > 0;
}

/* Opens everything; messages go to stderr.  0 or one of the exit codes of base/exit_code.h. */
int world_open(struct world *w);
/* A packet socket for one more interface that lke may use.  0 or -errno. */
int world_open_link(struct world *w, uint32_t ifindex, bool kereqs, struct packet_link *ret);
/* The configuration has it as a mobile node's link no longer. */
void world_release_link(struct world *w, const char *name);
/* What its socket has to receive, by the configuration. */
enum packet_kind world_link_kind(const struct world *w, uint32_t ifindex, const char *name);
/* An agent's link: its socket takes tunnel packets to addresses of this host alone. */
bool world_link_has_ends(const struct world *w, uint32_t ifindex, const char *name);
/* world_forward.c: the forwarding plane; and its part of an interface whose socket was opened. */
int world_open_forward(struct world *w);
uint32_t world_forward_max(const struct world *w); /* bindings the fast path has room for */
void world_forward_link(struct world *w, const struct packet_link *l, const char *name,
			enum packet_kind kind);
/* Key Exchange Requests are served on the interface: they have a socket of their own (kereqs). */
bool world_has_kereqs(const struct world *w, const char *name);
/* MTU and hop limit of packets that the host itself sends on a mobile node's link; 0: as before.
 * 0 or -errno. */
int world_set_link(struct world *w, uint32_t ifindex, uint32_t mtu, uint32_t hop_limit);
/* Privileged process, after the fork: closes what only the engine process uses. */
void world_close_engine_side(struct world *w);
/* Engine process, after the fork: closes everything it does not use (the netlink and nftables
 * sockets of the privileged process, the service manager's, the caller's).  0 or -errno. */
int world_keep_engine_side(struct world *w, int sock);
/* The same for any process: all but these; negative ones are passed over; at most 16. */
void world_close_all_but(const int *keep, size_t n);
/* The privileged process knows the mobiles by their addresses; ESP is the engine's. */
void world_wipe_keys(struct daemon_config *cfg);
/* Removes everything that was added to the host, restores sysctls, removes the socket.  What the
 * next lked takes over stays (plane_keep.h). */
void world_cleanup(struct world *w, int exit_code);

/* privileged.c: serves requests until the engine process has ended.  Exit code. */
int privileged_run(struct world *w, int sock, pid_t child);

/* driver.c: the engine process; sandboxes itself.  Exit code. */
int driver_run(struct world *w, int sock);

#endif
