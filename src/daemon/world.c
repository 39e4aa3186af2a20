/* SPDX-License-Identifier: ISC */
#include "daemon/world.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/in6.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/checkpoint.h"
#include "daemon/identity.h"
#include "daemon/key_file.h"
#include "daemon/log.h"
#include "daemon/plane_keep.h"
#include "daemon/remedy.h"
#include "daemon/state_open.h"
#include "platform/linux/forward.h"
#include "platform/linux/netlink_neigh.h"
#include "platform/linux/netlink_tc.h"

static int open_identity(struct world *w)
{
	if (!identity_user(w->cfg.user, &w->uid, &w->gid)) {
		log_error("user %s does not exist; create it, or name another one as User in "
			  "[Daemon]",
			  w->cfg.user);
		return EXIT_FAILED;
	}
	w->control_gid = identity_group("lke");
	return EXIT_OK;
}

/* 32 octets that stay the same over restarts: interface identifiers do too (RFC 7217). */
static int open_stable_secret(struct world *w)
{
	struct report r = { .out = stderr };
	uint8_t *secret = w->cfg.engine.mn.stable_secret;
	char path[512], buf[64];
	ssize_t n;
	int err;

	if (!world_is_mn(w))
		return EXIT_OK;
	snprintf(path, sizeof(path), "%s/stable_secret", w->state_dir);
	n = secret_file_read(path, w->uid, &r, buf, sizeof(buf));
	if (n == 32) {
		memcpy(secret, buf, 32);
		mem_wipe(buf, sizeof(buf));
		return EXIT_OK;
	}
	if (n != -ENOENT) {
		log_error("%s is damaged; remove it (the care-of addresses will change)", path);
		return EXIT_FAILED;
	}
	if (system_random(secret, 32) < 0) {
		log_error("the system's random generator failed; see: dmesg");
		return EXIT_FAILED;
	}
	err = secret_file_write(path, (const char *)secret, 32);
	if (err < 0) {
		log_error("%s: %s%s", path, strerror(-err), remedy_of(-err));
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static int load_rsa(struct world *w, const char *path)
{
	struct report r = { .out = stderr };
	char pem[16384];
	const char *why = "";
	ssize_t n = secret_file_read(path, w->uid, &r, pem, sizeof(pem));
	int err = 0;

	if (n == -ENOENT)
		return 0;
	if (n < 0)
		return -1;
	err = rsa_key_load_pem(pem, (size_t)n, &w->rsa, &why);
	mem_wipe(pem, sizeof(pem));
	if (err < 0) {
		log_error("%s %s; or remove the file and lked makes its own keys", path, why);
		return -1;
	}
	if (rsa_key_bits(w->rsa) < 2048)
		log_warning("%s: a key of %u bits can be broken; 2048 are safe", path,
			    rsa_key_bits(w->rsa));
	return 0;
}

/* AMB-134: a new key at every start, unless the operator has put one there.  With a state file the
 * engine process makes it, if it finds none in that file. */
static int open_rsa(struct world *w)
{
	char path[512];

	if (!w->cfg.engine.ars)
		return EXIT_OK;
	snprintf(path, sizeof(path), "%s/rsa.pem", w->state_dir);
	if (load_rsa(w, path) < 0)
		return EXIT_FAILED;
	w->rsa_of_operator = w->rsa != NULL;
	if (w->rsa) {
		if (!w->cfg.state_file)
			log_warning("%s is used at every start: requests recorded before a restart "
				    "can be replayed then; remove it, or set StateFile = yes",
				    path);
		return EXIT_OK;
	}
	if (!w->cfg.state_file && rsa_key_generate(w->cfg.rsa_bits, &w->rsa) < 0) {
		log_error("cannot generate an RSA key; see: lke doctor");
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static const char *tun_remedy(int err)
{
	if (err == -EBUSY)
		return "another lked uses it";
	if (err == -EACCES)
		return "as udev does: chmod 666 /dev/net/tun";
	return "load the module tun (CONFIG_TUN)";
}

static int open_tun(struct world *w)
{
	int fd = plane_tun(w), err;

	if (fd < 0)
		fd = fwd_open_tun(w->cfg.tun, &w->tun_ifindex);

	if (fd < 0) {
		log_error("cannot open the TUN device %s: %s; %s", w->cfg.tun, strerror(-fd),
			  tun_remedy(fd));
		return fd == -EBUSY || fd == -EACCES ? EXIT_FAILED : EXIT_KERNEL;
	}
	w->tun_fd = fd;
	err = tun_quiet_open(&w->tun_quiet, fd);
	if (!err)
		err = sysctl_manage_tun(w->sysctl, w->cfg.tun);
	if (!err)
		err = nl_link_up(w->nl, w->tun_ifindex,
				 world_is_mn(w) ? FWD_TUN_MTU : FWD_TUN_MTU_AGENT, FWD_TUN_QUEUE);
	if (err < 0) {
		log_error("cannot set up %s: %s; see: lke doctor", w->cfg.tun, strerror(-err));
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static int open_kernel(struct world *w)
{
	const char *links[LKE_MAX_IFACES];
	char why[512];
	int err = nl_open(&w->nl);

	if (err < 0) {
		log_error("netlink: %s; see: lke doctor", strerror(-err));
		return EXIT_FAILED;
	}
	/* The table has one owner, so it is also the lock of this network namespace: before it is
	 * ours, what looks stale may belong to an lked that runs. */
	for (unsigned i = 0; i < w->cfg.engine.mn.interfaces; i++)
		links[i] = w->cfg.engine.mn.interface[i];
	err = steer_open(links, w->cfg.engine.mn.interfaces, &w->steer, why, sizeof(why));
	if (err < 0) {
		log_error("%s", why);
		return err == -EPERM || err == -EBUSY || err == -EEXIST ? EXIT_FAILED : EXIT_KERNEL;
	}
	plane_take(w);
	nl_keep_routes(w->nl, plane_maps(w) ? w->tun_ifindex : 0);
	err = nl_cleanup_stale(w->nl);
	nl_keep_routes(w->nl, 0);
	if (err < 0) {
		log_error("netlink: %s; see: lke doctor", strerror(-err));
		return EXIT_FAILED;
	}
	if (err > 0)
		log_notice("removed %d addresses, rules and routes that a killed lked left", err);
	err = tc_cleanup_stale(w->nl);
	if (err > 0)
		log_notice("removed %d BPF filters that a killed lked left", err);
	err = plane_maps(w) ? sysctl_go_on(w->state_dir, &w->sysctl)
			    : sysctl_open(w->state_dir, &w->sysctl);
	if (err < 0) {
		log_error("sysctls: %s; see: lke doctor", strerror(-err));
		return EXIT_FAILED;
	}
	err = open_tun(w);
	return err ? err : world_open_forward(w);
}

/* Packets of mobiles are forwarded by the kernel between their tunnels' outer and inner form. */
static int open_forwarding(struct world *w)
{
	int value = 0, err;

	if (!world_is_agent(w))
		return EXIT_OK;
	if (sysctl_get("all", "forwarding", &value) == 0 && value)
		return EXIT_OK;
	err = sysctl_set(w->sysctl, "all", "forwarding", 1);
	if (err < 0) {
		log_error(
			"net.ipv6.conf.all.forwarding is 0 and cannot be set: %s; see: lke doctor",
			strerror(-err));
		return EXIT_FAILED;
	}
	log_notice("net.ipv6.conf.all.forwarding set to 1 until lked ends; a router needs it");
	return EXIT_OK;
}

static bool link_wanted(const struct world *w, uint32_t ifindex, const char *name)
{
	/* Agents receive Binding Updates and tunnel packets on any interface. */
	return world_is_agent(w) || ifindex == w->tun_ifindex ||
	       daemon_config_is_mn_interface(&w->cfg, name);
}

bool world_has_kereqs(const struct world *w, const char *name)
{
	const struct lke_config *c = &w->cfg.engine;

	for (unsigned i = 0; i < c->ars; i++)
		if (strcmp(c->ar[i].interface, name) == 0)
			return c->ar[i].lke;
	return false;
}

/* Beside another daemon's Router Advertisements, these are what must be seen. */
enum packet_kind world_link_kind(const struct world *w, uint32_t ifindex, const char *name)
{
	const struct lke_config *c = &w->cfg.engine;

	for (unsigned i = 0; i < c->ars; i++)
		if (strcmp(c->ar[i].interface, name) == 0 &&
		    c->ar[i].advertise == LKE_ADVERTISE_AUGMENT)
			return PACKET_KIND_OWN_RA;
	for (unsigned i = 0; i < c->ha.interfaces; i++)
		if (strcmp(c->ha.interface[i], name) == 0 &&
		    c->ha.advertise == LKE_HA_ADVERTISE_AUGMENT)
			return PACKET_KIND_OWN_RA;
	if (ifindex == w->tun_ifindex)
		return PACKET_KIND_TUN;
	return world_has_kereqs(w, name) ? PACKET_KIND_ROUTER : PACKET_KIND_LINK;
}

/* A home address is the engine's, wherever it came from. */
static bool no_home(void *ctx, const struct lke_in6 *addr)
{
	const struct world *w = ctx;

	for (unsigned i = 0; i < w->cfg.engine.mn.homes; i++)
		if (in6_eq(&w->cfg.engine.mn.home[i].addr, addr))
			return false;
	return true;
}

/* Router discovery and addresses of a mobile node's link are the engine's from here on. */
static void take_over_link(struct world *w, uint32_t ifindex, const char *name)
{
	int err = sysctl_manage_link(w->sysctl, name), kept;

	if (err < 0)
		log_warning("sysctls of %s: %s; see: lke doctor", name, strerror(-err));
	/* After the sysctls: no address comes behind it. */
	kept = nl_take_over(w->nl, ifindex, no_home, w);
	if (kept < 0)
		log_warning("addresses that the kernel made on %s stay: %s; remove them by hand, "
			    "new connections would take them",
			    name, strerror(-kept));
	else if (kept > 0)
		log_notice("%s: the kernel's own addresses (%d) serve old connections until the "
			   "node moves, lked makes its own",
			   name, kept);
}

/* Router discovery and addresses are the kernel's again. */
void world_release_link(struct world *w, const char *name)
{
	uint32_t ifindex = if_nametoindex(name);
	int err = sysctl_release_link(w->sysctl, name);

	if (err < 0)
		log_warning("sysctls of %s: %s; see: lke doctor", name, strerror(-err));
	if (ifindex)
		nl_give_back(w->nl, ifindex);
}

bool world_link_has_ends(const struct world *w, uint32_t ifindex, const char *name)
{
	/* Before its first report a link has no name: of a mobile node it may be any. */
	return ifindex != w->tun_ifindex && ifindex != LOOPBACK_IFINDEX &&
	       (name[0] ? !daemon_config_is_mn_interface(&w->cfg, name) : !world_is_mn(w));
}

int world_open_link(struct world *w, uint32_t ifindex, bool kereqs, struct packet_link *ret)
{
	static struct packet_ends ends;
	char name[IF_NAMESIZE];
	int err;

	if (!if_indextoname(ifindex, name))
		return -errno;
	/* -ENODEV: renamed since the engine process asked. */
	if (!link_wanted(w, ifindex, name))
		return -ENODEV;
	if (kereqs)
		return world_has_kereqs(w, name)
			       ? packet_open(ifindex, PACKET_KIND_KEREQ, NULL, ret)
			       : -ENODEV;
	if (ifindex == LOOPBACK_IFINDEX)
		return packet_open(ifindex, PACKET_KIND_LOOPBACK, NULL, ret);
	if (daemon_config_is_mn_interface(&w->cfg, name))
		take_over_link(w, ifindex, name);
	if (daemon_config_has_interface(&w->cfg, name)) {
		err = sysctl_manage_gate(w->sysctl, name);
		if (err < 0)
			log_warning("packets for a node that returns to %s may be lost: "
				    "unres_qlen_bytes: %s; make /proc/sys writable",
				    name, strerror(-err));
		err = sysctl_manage_router(w->sysctl, name);
		if (err < 0)
			log_warning("first packets for a node that comes to %s may be overtaken: "
				    "accept_untracked_na: %s; Linux 5.19 or later has it",
				    name, strerror(-err));
	}
	packet_ends_read(w->nl, &ends);
	err = packet_open(ifindex, world_link_kind(w, ifindex, name),
			  world_link_has_ends(w, ifindex, name) ? &ends : NULL, ret);
	if (!err)
		world_forward_link(w, ret, name, world_link_kind(w, ifindex, name));
	return err;
}

int world_set_link(struct world *w, uint32_t ifindex, uint32_t mtu, uint32_t hop_limit)
{
	char name[IF_NAMESIZE];
	int err;

	if (!if_indextoname(ifindex, name))
		return -errno;
	err = mtu ? sysctl_set(w->sysctl, name, "mtu", (int)mtu)
		  : sysctl_reset(w->sysctl, name, "mtu");
	if (err < 0)
		return err;
	return hop_limit ? sysctl_set(w->sysctl, name, "hop_limit", (int)hop_limit)
			 : sysctl_reset(w->sysctl, name, "hop_limit");
}

static int open_links(struct world *w)
{
	static struct lke_ev_link dump[WORLD_LINKS_MAX];
	int n = nl_dump_links(w->nl, dump, WORLD_LINKS_MAX);

	if (n < 0) {
		log_error("cannot list the interfaces: %s; see: lke doctor", strerror(-n));
		return EXIT_FAILED;
	}
	/* Before the sockets: an address that comes meanwhile is news to the engine process. */
	packet_ends_read(w->nl, &w->ends);
	for (int i = 0; i < n; i++) {
		int err;

		if (!link_wanted(w, dump[i].ifindex, dump[i].name) ||
		    (dump[i].port && !daemon_config_has_interface(&w->cfg, dump[i].name)))
			continue;
		err = world_open_link(w, dump[i].ifindex, false, &w->link[w->links]);
		if (err == 0)
			w->link_kind[w->links++] =
				world_link_kind(w, dump[i].ifindex, dump[i].name);
		else if (err != -EPROTONOSUPPORT)
			log_warning("interface %s cannot be used: %s; lke doctor may say why",
				    dump[i].name, strerror(-err));
	}
	return EXIT_OK;
}

/* A daemon with another state directory, or in another network namespace, may have it. */
static bool somebody_listens(const struct sockaddr_un *sun)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool yes = fd >= 0 && (connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0 ||
			       errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return yes;
}

static int open_control(struct world *w)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char path[sizeof(w->socket_path)];
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/ctl.sock", w->run_dir) >=
	    sizeof(sun.sun_path)) {
		log_error("%s: path is too long for a socket; take a shorter --run", path);
		return EXIT_FAILED;
	}
	str_copy(sun.sun_path, sizeof(sun.sun_path), path);
	if (somebody_listens(&sun)) {
		log_error("another lked answers at %s; give this one its own --run", path);
		return EXIT_FAILED;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	unlink(path);
	str_copy(w->socket_path, sizeof(w->socket_path), path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ||
	    chown(w->socket_path, (uid_t)-1, w->control_gid ? w->control_gid : (gid_t)-1) < 0 ||
	    chmod(w->socket_path, 0660) < 0 || listen(fd, 16) < 0) {
		log_error("%s: %s%s", w->socket_path, strerror(errno), remedy_of(errno));
		if (fd >= 0)
			close(fd);
		return EXIT_FAILED;
	}
	w->control_fd = fd;
	return EXIT_OK;
}

/* Missing interfaces are no error: they may appear later. */
static void warn_missing(const struct world *w)
{
	const struct lke_config *c = &w->cfg.engine;

	for (unsigned i = 0; i < c->ars; i++)
		if (!if_nametoindex(c->ar[i].interface))
			log_warning(
				"interface %s does not exist yet; it is used as soon as it does",
				c->ar[i].interface);
	for (unsigned i = 0; i < c->mn.interfaces; i++)
		if (!if_nametoindex(c->mn.interface[i]))
			log_warning(
				"interface %s does not exist yet; it is used as soon as it does",
				c->mn.interface[i]);
	for (unsigned i = 0; i < c->ha.interfaces; i++)
		if (!if_nametoindex(c->ha.interface[i]))
			log_warning(
				"interface %s does not exist yet; it is used as soon as it does",
				c->ha.interface[i]);
}

/* Room for a membership of each LBSA there may be, also after a reload: the engine process can make
 * no more of them. */
static unsigned group_sockets(const struct world *w)
{
	return w->cfg.engine.ars ? GROUP_SOCKETS_MAX : GROUP_SOCKETS_MIN;
}

static int open_sockets(struct world *w)
{
	int err = group_open(group_sockets(w), &w->group), code;

	if (err < 0) {
		log_error("multicast sockets: %s; see: lke doctor", strerror(-err));
		return EXIT_FAILED;
	}
	w->mon_fd = mon_open();
	if (w->mon_fd < 0) {
		log_error("netlink monitor: %s; see: lke doctor", strerror(-w->mon_fd));
		return EXIT_FAILED;
	}
	if (w->cfg.engine.ars > 0)
		w->neigh_fd = neigh_open();
	if (w->cfg.engine.ars > 0 && w->neigh_fd < 0)
		log_warning("neighbour monitor: %s; no hints of it", strerror(-w->neigh_fd));
	warn_missing(w);
	code = open_links(w);
	plane_taken_over(w);
	return code;
}

int world_open(struct world *w)
{
	static int (*const step[])(struct world *) = {
		open_identity, open_stable_secret, open_rsa,	 state_open,  checkpoint_open,
		open_kernel,   open_forwarding,	   open_sockets, open_control
	};

	if (system_random(w->cfg.engine.seed, sizeof(w->cfg.engine.seed)) < 0) {
		log_error("the system's random generator failed; see: dmesg");
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < sizeof(step) / sizeof(step[0]); i++) {
		int code = step[i](w);

		if (code != EXIT_OK)
			return code;
	}
	return EXIT_OK;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void world_wipe_keys(struct daemon_config *cfg)
{
	struct lke_config_mn *mn = &cfg->engine.mn;

	for (unsigned i = 0; i < cfg->mobiles; i++) {
		mem_wipe(&cfg->mobile[i].to_ha, sizeof(cfg->mobile[i].to_ha));
		mem_wipe(&cfg->mobile[i].to_mn, sizeof(cfg->mobile[i].to_mn));
	}
	mem_wipe(cfg->next, cfg->nexts * sizeof(*cfg->next));
	for (unsigned i = 0; i < mn->homes; i++) {
		mem_wipe(&mn->home[i].to_ha, sizeof(mn->home[i].to_ha));
		mem_wipe(&mn->home[i].to_mn, sizeof(mn->home[i].to_mn));
	}
}

void world_close_engine_side(struct world *w)
{
	close_fd(&w->audit_out);
	close_fd(&w->control_fd);
	close_fd(&w->mon_fd);
	close_fd(&w->neigh_fd);
	mem_free(w->adopted);
	w->adopted = NULL;
	state_close(w);
	group_close(w->group);
	w->group = NULL;
	for (unsigned i = 0; i < w->links; i++)
		packet_close(&w->link[i]);
	w->links = 0;
	rsa_key_free(w->rsa);
	w->rsa = NULL;
	mem_wipe(w->cfg.engine.seed, sizeof(w->cfg.engine.seed));
	mem_wipe(w->cfg.engine.mn.stable_secret, sizeof(w->cfg.engine.mn.stable_secret));
	world_wipe_keys(&w->cfg);
}

/* Closes every descriptor but those in the sorted list. */
static void close_others(const int *keep, size_t n)
{
	unsigned first = 0;

	for (size_t i = 0; i < n; i++) {
		if ((unsigned)keep[i] > first)
			(void)close_range(first, (unsigned)keep[i] - 1, 0);
		first = (unsigned)keep[i] + 1;
	}
	(void)close_range(first, ~0U, 0);
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

void world_close_all_but(const int *keep, size_t n)
{
	int sorted[16];
	size_t m = 0;

	for (size_t i = 0; i < n && m < sizeof(sorted) / sizeof(sorted[0]); i++)
		if (keep[i] >= 0)
			sorted[m++] = keep[i];
	qsort(sorted, m, sizeof(sorted[0]), by_number);
	close_others(sorted, m);
}

int world_keep_engine_side(struct world *w, int sock)
{
	int keep[WORLD_LINKS_MAX + GROUP_SOCKETS_MAX + 14],
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
	size_t n = 0;

	/* No terminal to type into (TIOCSTI), nothing of whoever started us. */
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return -errno;
	free(w->running_text);
	w->running_text = NULL;
	w->running_fd = -1;
	mem_wipe(w->key_secret, sizeof(w->key_secret));
	keep[n++] = STDIN_FILENO;
	keep[n++] = STDOUT_FILENO;
	keep[n++] = STDERR_FILENO;
	keep[n++] = sock;
	keep[n++] = w->control_fd;
	keep[n++] = w->mon_fd;
	keep[n++] = w->tun_fd;
	if (w->neigh_fd >= 0)
		keep[n++] = w->neigh_fd;
	if (log_fd() >= 0)
		keep[n++] = log_fd();
	if (w->audit_out >= 0)
		keep[n++] = w->audit_out;
	/* driver_run() closes it: no other descriptor may get its number before. */
	keep[n++] = w->lock_fd;
	for (unsigned i = 0; i < 2; i++)
		if (w->state_fd[i] >= 0)
			keep[n++] = w->state_fd[i];
	if (w->mn_state_fd >= 0)
		keep[n++] = w->mn_state_fd;
	n += group_fds(w->group, keep + n, GROUP_SOCKETS_MAX);
	for (unsigned i = 0; i < w->links; i++)
		keep[n++] = w->link[i].fd;
	qsort(keep, n, sizeof(keep[0]), by_number);
	close_others(keep, n);
	return 0;
}

void world_cleanup(struct world *w, int exit_code)
{
	if (w->nl && plane_stays(w, exit_code))
		nl_keep_routes(w->nl, w->tun_ifindex);
	/* Without the table this process did not own the namespace: everything in it is another's.
	 */
	if (w->steer) {
		nl_remove_all(w->nl);
		steer_close(w->steer);
	}
	fast_close(w->fast);
	nl_abandon(w->nl);
	if (w->sysctl)
		sysctl_close(w->sysctl);
	checkpoint_close(w);
	if (w->socket_path[0])
		unlink(w->socket_path);
	if (w->running_path[0])
		unlink(w->running_path);
}
