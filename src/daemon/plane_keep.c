/* SPDX-License-Identifier: ISC */
#include "daemon/plane_keep.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "daemon/fd_store.h"
#include "daemon/log.h"
#include "platform/linux/clock.h"

#define NAME_TUN      "lke-tun"
#define NAME_BINDINGS "lke-bindings"
#define NAME_COUNTS   "lke-counts"
#define NAME_NOTE     "lke-note"
#define NAME_LINK     "lke-link-" /* generation, interface: lke-link-a-3 */

/* What the descriptors alone do not say, in a memory file that is kept with them. */
struct plane_note {
	char magic[8];
	uint32_t version, size; /* of the maps' format, of this */
	uint32_t max, tun_ifindex;
	uint64_t netns;
	uint8_t secret[16]; /* of the flow labels */
};

static const char magic[8] = "lkeplan";

struct plane_kept {
	int tun, bindings, counts, note; /* -1: none */
	struct fd_store_item link[FD_STORE_MAX];
	unsigned links;
	struct plane_note n;
	bool fits;
};

static struct plane_kept kept = { .tun = -1, .bindings = -1, .counts = -1, .note = -1 };

static uint64_t own_netns(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) == 0 ? st.st_ino : 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Where a descriptor of this name belongs; NULL: nowhere. */
static int *place_of(const char *name)
{
	if (strcmp(name, NAME_TUN) == 0)
		return &kept.tun;
	if (strcmp(name, NAME_BINDINGS) == 0)
		return &kept.bindings;
	if (strcmp(name, NAME_COUNTS) == 0)
		return &kept.counts;
	return strcmp(name, NAME_NOTE) == 0 ? &kept.note : NULL;
}

static void sort_in(const struct fd_store_item *item)
{
	int *place = place_of(item->name);

	if (strncmp(item->name, NAME_LINK, strlen(NAME_LINK)) == 0) {
		kept.link[kept.links++] = *item;
		return;
	}
	if (place && *place < 0)
		*place = item->fd;
	else
		close(item->fd);
}

static bool tun_fits(const struct world *w)
{
	struct ifreq ifr = { 0 };
	int sock;
	bool same;

	if (ioctl(kept.tun, TUNGETIFF, &ifr) || strcmp(ifr.ifr_name, w->cfg.tun) != 0 ||
	    !(ifr.ifr_flags & IFF_VNET_HDR))
		return false;
	sock = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	same = sock >= 0 && ioctl(sock, SIOCGIFINDEX, &ifr) == 0 &&
	       (uint32_t)ifr.ifr_ifindex == kept.n.tun_ifindex;
	close_fd(&sock);
	return same;
}

static const char *misfit(const struct world *w)
{
	const struct plane_note *n = &kept.n;
	const struct fast_maps maps = { kept.bindings, kept.counts };

	if (kept.tun < 0 || kept.bindings < 0 || kept.counts < 0 ||
	    pread(kept.note, &kept.n, sizeof(kept.n), 0) != (ssize_t)sizeof(kept.n) ||
	    memcmp(n->magic, magic, sizeof(magic)) != 0)
		return "it is not whole";
	if (n->version != FASTMAP_VERSION || n->size != sizeof(*n))
		return "it is of another version";
	if (n->netns != own_netns())
		return "it is of another network namespace";
	if (!tun_fits(w))
		return "its TUN device is another one";
	if (w->cfg.forward == FORWARD_TUN)
		return "Forward = tun";
	if (n->max != world_forward_max(w) || !fast_maps_fit(&maps, n->max))
		return "it is for another number of bindings";
	return NULL;
}

/* Bindings that are not there again after a restart must not go on. */
static bool bindings_return(const struct daemon_config *c)
{
	return c->engine.ars == 0 || c->state_file;
}

bool plane_wanted(const struct world *w)
{
	return fd_store_offered() && world_is_agent(w) && !world_is_mn(w) &&
	       bindings_return(&w->cfg);
}

void plane_take(struct world *w)
{
	static struct fd_store_item item[FD_STORE_MAX];
	size_t n = fd_store_take(item);
	const char *why;

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++)
		sort_in(&item[i]);
	why = plane_wanted(w) ? misfit(w) : "this configuration does not keep it";
	kept.fits = !why;
	if (kept.fits) {
		w->tun_ifindex = kept.n.tun_ifindex;
		return;
	}
	log_notice("the forwarding plane of before is not taken over: %s; tunnels pause", why);
	plane_forget(w);
}

int plane_tun(struct world *w)
{
	int fd = kept.fits ? kept.tun : -1;

	if (fd < 0)
		return -1;
	kept.tun = -1; /* the caller's now */
	memcpy(w->fast_secret, kept.n.secret, sizeof(w->fast_secret));
	return fd;
}

const struct fast_maps *plane_maps(const struct world *w)
{
	static struct fast_maps maps;

	maps = (struct fast_maps){ kept.bindings, kept.counts };
	return kept.fits ? &maps : NULL;
}

static void close_links(void)
{
	for (unsigned i = 0; i < kept.links; i++)
		close(kept.link[i].fd);
	kept.links = 0;
}

void plane_forget(struct world *w)
{
	plane_drop(w);
	for (unsigned i = 0; i < kept.links; i++)
		fd_store_drop(kept.link[i].name);
	close_links();
	close_fd(&kept.tun);
	close_fd(&kept.bindings);
	close_fd(&kept.counts);
	close_fd(&kept.note);
	mem_wipe(&kept.n, sizeof(kept.n));
	kept.fits = false;
}

static bool is_kept(char generation)
{
	for (unsigned i = 0; i < kept.links; i++)
		if (kept.link[i].name[strlen(NAME_LINK)] == generation)
			return true;
	return false;
}

/* Two lked in turn have two generations of programs on an interface for a moment, and one that
 * ended in that moment leaves both. */
static char next_generation(void)
{
	char g = 'a';

	while (g < 'z' && is_kept(g))
		g++;
	return g;
}

static bool give_note(struct world *w, uint32_t max)
{
	struct plane_note n = { .version = FASTMAP_VERSION,
				.size = sizeof(n),
				.max = max,
				.tun_ifindex = w->tun_ifindex,
				.netns = own_netns() };
	int fd = memfd_create("lke-note", MFD_CLOEXEC);
	bool ok;

	memcpy(n.magic, magic, sizeof(magic));
	memcpy(n.secret, w->fast_secret, sizeof(n.secret));
	ok = fd >= 0 && write(fd, &n, sizeof(n)) == (ssize_t)sizeof(n) &&
	     fd_store_put(NAME_NOTE, fd);
	close_fd(&fd);
	mem_wipe(&n, sizeof(n));
	return ok;
}

void plane_give(struct world *w)
{
	struct fast_maps maps;

	if (!w->keeping)
		return;
	if (!w->plane_tcx) {
		log_notice("tunnels pause when lked restarts: this kernel is older than Linux 6.6");
		plane_drop(w);
		return;
	}
	maps = fast_maps(w->fast);
	/* The manager knows again what it has already. */
	fd_store_drop(NAME_NOTE);
	if (fd_store_put(NAME_TUN, w->tun_fd) && fd_store_put(NAME_BINDINGS, maps.bindings) &&
	    fd_store_put(NAME_COUNTS, maps.counts) && give_note(w, w->fast_max)) {
		plane_attend(w);
		return;
	}
	log_warning("the service manager does not keep descriptors: %s; tunnels pause when lked "
		    "restarts: set FileDescriptorStoreMax in the service",
		    strerror(errno));
	plane_drop(w);
}

void plane_link(void *ctx, uint32_t ifindex, int fd)
{
	struct world *w = ctx;
	char name[FD_STORE_NAME_MAX];

	w->plane_tcx |= fd >= 0;
	if (!w->keeping)
		return;
	snprintf(name, sizeof(name), NAME_LINK "%c-%u", w->plane_generation, ifindex);
	fd_store_drop(name);
	if (fd >= 0 && !fd_store_put(name, fd))
		log_warning("the service manager keeps no more descriptors; raise "
			    "FileDescriptorStoreMax in the service");
}

void plane_begin(struct world *w)
{
	w->keeping = plane_wanted(w);
	w->plane_generation = next_generation();
}

void plane_taken_over(struct world *w)
{
	for (unsigned i = 0; i < kept.links; i++)
		fd_store_drop(kept.link[i].name);
	close_links();
	close_fd(&kept.bindings);
	close_fd(&kept.counts);
	close_fd(&kept.note);
	mem_wipe(&kept.n, sizeof(kept.n));
}

void plane_attend(struct world *w)
{
	if (w->keeping && w->fast)
		fast_attend(w->fast, clock_now() + PLANE_UNATTENDED_S * LKE_SEC);
}

bool plane_stays(const struct world *w, int exit_code)
{
	return w->keeping && exit_code != EXIT_USAGE && exit_code != EXIT_CONFIG &&
	       exit_code != EXIT_KERNEL;
}

void plane_drop(struct world *w)
{
	static const char *const name[] = { NAME_TUN, NAME_BINDINGS, NAME_COUNTS, NAME_NOTE };

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		fd_store_drop(name[i]);
	w->keeping = false;
	if (w->fast)
		fast_attend(w->fast, LKE_NEVER);
}
