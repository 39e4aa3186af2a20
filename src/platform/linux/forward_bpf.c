/* SPDX-License-Identifier: ISC */
#include "platform/linux/forward_bpf.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/mem.h"
#include "platform/linux/bpf_load.h"
#include "platform/linux/netlink_tc.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpointer-arith"
#include <forward.skel.h>
#pragma GCC diagnostic pop

enum {
	/* Linux 6.6; the headers of Debian 12 do not have them. */
	TCX_INGRESS = 46,
	TCX_EGRESS = 47,
	/* Linux 6.4: the neighbour is looked for once, by the redirection. */
	FIB_LOOKUP_SKIP_NEIGH = 4,
};

/* A program on an interface. */
struct attached {
	uint32_t ifindex;
	int link; /* tcx: gone with this descriptor; -1: a filter of clsact */
};

/* Descriptors of what was loaded. */
enum { ENCAP, DECAP, BINDINGS, MOBILES, COUNTS, LOADED };

struct fast {
	int fd[LOADED];
	struct nl *nl;
	bool clsact;
	struct fastmap_count *counts;
	size_t counts_len;
	uint32_t max;
	struct attached tun, on[FAST_LINKS_MAX];
	unsigned links;
	void (*link)(void *ctx, uint32_t ifindex, int fd);
	void *ctx;
};

static int silent(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

static int attach(const struct fast *f, struct attached *a, uint32_t ifindex, int prog, bool egress)
{
	enum bpf_attach_type where = (enum bpf_attach_type)(egress ? TCX_EGRESS : TCX_INGRESS);
	int link = f->clsact ? -1 : bpf_link_create(prog, (int)ifindex, where, NULL);

	*a = (struct attached){ .ifindex = ifindex, .link = link < 0 ? -1 : link };
	if (link >= 0 && f->link)
		f->link(f->ctx, ifindex, link);
	return link >= 0 ? 0 : tc_attach(f->nl, ifindex, egress, prog);
}

static void detach(const struct fast *f, const struct attached *a, bool egress)
{
	if (a->link >= 0)
		close(a->link);
	else
		(void)tc_detach(f->nl, a->ifindex, egress);
}

static bool kernel_since(unsigned major, unsigned minor)
{
	struct utsname u;
	unsigned a = 0, b = 0;

	return uname(&u) == 0 && sscanf(u.release, "%u.%u", &a, &b) == 2 &&
	       (a > major || (a == major && b >= minor));
}

/* Those of before, or new ones of this size; one more of counts says who attends. */
static int choose_maps(const struct fast *f, const struct fast_conf *conf, struct forward *skel)
{
	int err;

	bpf_map__set_max_entries(skel->maps.mobiles, f->max);
	if (!conf->maps) {
		bpf_map__set_max_entries(skel->maps.bindings, f->max);
		bpf_map__set_max_entries(skel->maps.counts, f->max + 1);
		return 0;
	}
	err = bpf_map__reuse_fd(skel->maps.bindings, conf->maps->bindings);
	return err ? err : bpf_map__reuse_fd(skel->maps.counts, conf->maps->counts);
}

static int keep_loaded(struct fast *f, const struct forward *skel)
{
	const int fd[LOADED] = {
		[ENCAP] = bpf_program__fd(skel->progs.lke_encap),
		[DECAP] = bpf_program__fd(skel->progs.lke_decap),
		[BINDINGS] = bpf_map__fd(skel->maps.bindings),
		[MOBILES] = bpf_map__fd(skel->maps.mobiles),
		[COUNTS] = bpf_map__fd(skel->maps.counts),
	};

	for (unsigned i = 0; i < LOADED; i++) {
		f->fd[i] = fcntl(fd[i], F_DUPFD_CLOEXEC, 3);
		if (f->fd[i] < 0)
			return -errno;
	}
	return 0;
}

static int load(struct fast *f, const struct fast_conf *conf)
{
	struct forward *skel = forward__open();
	int err;

	if (!skel)
		return -errno;
	skel->rodata->tun_ifindex = conf->tun_ifindex;
	skel->rodata->fib_flags = kernel_since(6, 4) ? FIB_LOOKUP_SKIP_NEIGH : 0;
	for (unsigned i = 0; i < 2; i++) {
		uint64_t w;

		memcpy(&w, conf->secret + 8 * i, 8);
		skel->rodata->flow_secret[i] = w;
	}
	skel->rodata->attended_slot = f->max;
	err = choose_maps(f, conf, skel);
	if (!err)
		err = forward__load(skel);
	if (!err)
		err = keep_loaded(f, skel);
	forward__destroy(skel);
	return err;
}

static int map_counts(struct fast *f)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *p;

	f->counts_len = ((f->max + 1) * sizeof(*f->counts) + page - 1) / page * page;
	p = mmap(NULL, f->counts_len, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd[COUNTS], 0);
	if (p == MAP_FAILED)
		return -errno;
	f->counts = p;
	fast_attend(f, LKE_NEVER);
	return 0;
}

/* Before Linux 5.19 whoever may not load programs may not use maps either, unless the sysctl is 0;
 * the privileged process keeps no such right. */
static int may_use_maps(void)
{
	int value = 0;
	FILE *s;

	if (kernel_since(5, 19))
		return 0;
	s = fopen("/proc/sys/kernel/unprivileged_bpf_disabled", "re");
	if (s && fscanf(s, "%d", &value) != 1)
		value = 0;
	if (s)
		fclose(s);
	return value ? -EPERM : 0;
}

static int open_steps(struct fast *f, const struct fast_conf *conf, const char **step)
{
	int err;

	if (!bpf_library(step))
		return -ENOENT;
	libbpf_set_print(silent);
	*step = "needs Linux 5.19 (or kernel.unprivileged_bpf_disabled = 0)";
	err = may_use_maps();
	if (err)
		return err;
	*step = "the kernel does not load the programs";
	err = load(f, conf);
	if (err)
		return err;
	*step = "the counters cannot be mapped";
	err = map_counts(f);
	if (err)
		return err;
	*step = "the TUN device takes no program";
	err = attach(f, &f->tun, conf->tun_ifindex, f->fd[ENCAP], true);
	if (err)
		f->tun.ifindex = 0;
	return err;
}

int fast_open(const struct fast_conf *conf, struct fast **ret, char *why, size_t why_size)
{
	struct fast *f = mem_zalloc(sizeof(*f));
	const char *step = "";
	int err;

	*ret = NULL;
	if (!f)
		return -ENOMEM;
	for (unsigned i = 0; i < LOADED; i++)
		f->fd[i] = -1;
	f->max = conf->max;
	f->nl = conf->nl;
	f->clsact = conf->clsact;
	f->link = conf->link;
	f->ctx = conf->ctx;
	err = open_steps(f, conf, &step);
	bpf_library_done();
	if (err) {
		snprintf(why, why_size, "%s: %s", step, strerror(-err));
		fast_close(f);
		return err;
	}
	*ret = f;
	return 0;
}

void fast_close(struct fast *f)
{
	if (!f)
		return;
	for (unsigned i = 0; i < f->links; i++)
		detach(f, &f->on[i], false);
	if (f->tun.ifindex)
		detach(f, &f->tun, true);
	if (f->counts)
		munmap(f->counts, f->counts_len);
	for (unsigned i = 0; i < LOADED; i++)
		if (f->fd[i] >= 0)
			close(f->fd[i]);
	mem_free(f);
}

/* The programs of an interface go with it. */
static void forget_gone(struct fast *f)
{
	char name[IF_NAMESIZE];

	for (unsigned i = 0; i < f->links;) {
		if (if_indextoname(f->on[i].ifindex, name)) {
			i++;
			continue;
		}
		if (f->on[i].link >= 0) {
			close(f->on[i].link);
			if (f->link)
				f->link(f->ctx, f->on[i].ifindex, -1);
		}
		f->on[i] = f->on[--f->links];
	}
}

int fast_link(struct fast *f, uint32_t ifindex)
{
	unsigned i = 0;
	int err, former;

	forget_gone(f);
	while (i < f->links && f->on[i].ifindex != ifindex)
		i++;
	if (i == FAST_LINKS_MAX)
		return -ENOSPC;
	/* The former one stays until the next is there: no packet overtakes another. */
	former = i < f->links ? f->on[i].link : -1;
	err = attach(f, &f->on[i], ifindex, f->fd[DECAP], false);
	if (former >= 0)
		close(former);
	if (i == f->links && !err)
		f->links++;
	else if (i < f->links && err)
		f->on[i] = f->on[--f->links];
	return err;
}

/* The header of an Ethernet frame to the router of the link. */
static int frame_to(uint32_t ifindex, const struct lke_lladdr *router, uint8_t *ret)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;
	struct ifreq r = { 0 };

	if (fd < 0)
		return -errno;
	if (!if_indextoname(ifindex, r.ifr_name) || ioctl(fd, SIOCGIFHWADDR, &r))
		err = -errno;
	close(fd);
	if (err)
		return err;
	if (r.ifr_hwaddr.sa_family != ARPHRD_ETHER || router->len != 6)
		return -EINVAL;
	memcpy(ret, router->b, 6);
	memcpy(ret + 6, r.ifr_hwaddr.sa_data, 6);
	ret[12] = 0x86; /* ETH_P_IPV6 */
	ret[13] = 0xdd;
	return 0;
}

static int set_mobile(const struct fast *f, const struct fast_binding *b)
{
	struct fastmap_mobile v = { .mtu = b->mtu, .slot = b->slot, .ifindex = b->ifindex };
	int err = frame_to(b->ifindex, &b->nexthop, v.frame);

	if (err)
		return err;
	memcpy(v.agent, b->agent.b, sizeof(v.agent));
	memcpy(v.coa, b->coa.b, sizeof(v.coa));
	return bpf_map_update_elem(f->fd[MOBILES], &b->home, &v, BPF_ANY);
}

int fast_set(struct fast *f, const struct fast_binding *b)
{
	int map = f->fd[b->ifindex ? MOBILES : BINDINGS], err;
	struct fastmap_binding v = { .mtu = b->mtu, .slot = b->slot };

	if (b->slot >= f->max)
		return -EINVAL;
	if (b->remove) {
		err = bpf_map_delete_elem(map, &b->home);
		return err == -ENOENT ? 0 : err;
	}
	if (b->ifindex)
		return set_mobile(f, b);
	memcpy(v.agent, b->agent.b, sizeof(v.agent));
	memcpy(v.coa, b->coa.b, sizeof(v.coa));
	return bpf_map_update_elem(map, &b->home, &v, BPF_ANY);
}

void fast_attend(struct fast *f, lke_time until)
{
	__atomic_store_n(&f->counts[f->max].last, until, __ATOMIC_RELAXED);
}

struct fast_maps fast_maps(const struct fast *f)
{
	return (struct fast_maps){ .bindings = f->fd[BINDINGS], .counts = f->fd[COUNTS] };
}

static bool map_is(int fd, enum bpf_map_type type, uint32_t key, uint32_t value, uint32_t max)
{
	struct bpf_map_info i = { 0 };
	uint32_t len = sizeof(i);

	return bpf_obj_get_info_by_fd(fd, &i, &len) == 0 && i.type == type && i.key_size == key &&
	       i.value_size == value && i.max_entries == max;
}

bool fast_maps_fit(const struct fast_maps *m, uint32_t max)
{
	return map_is(m->bindings, BPF_MAP_TYPE_HASH, sizeof(struct lke_in6),
		      sizeof(struct fastmap_binding), max) &&
	       map_is(m->counts, BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(struct fastmap_count),
		      max + 1);
}

static struct fast_binding from_map(const struct lke_in6 *home, const struct fastmap_binding *v)
{
	struct fast_binding b = { .home = *home, .mtu = v->mtu, .slot = v->slot };

	memcpy(b.agent.b, v->agent, sizeof(b.agent.b));
	memcpy(b.coa.b, v->coa, sizeof(b.coa.b));
	return b;
}

int fast_bindings(const struct fast *f, struct fast_binding **ret, size_t *ret_n)
{
	int map = f->fd[BINDINGS];
	struct fast_binding *all = mem_realloc_array(NULL, f->max, sizeof(*all));
	struct lke_in6 key, *last = NULL;
	struct fastmap_binding v;
	size_t n = 0;

	if (!all)
		return -ENOMEM;
	while (n < f->max && bpf_map_get_next_key(map, last, &key) == 0) {
		if (bpf_map_lookup_elem(map, &key, &v) == 0)
			all[n++] = from_map(&key, &v);
		last = &key;
	}
	*ret = all;
	*ret_n = n;
	return 0;
}

struct fastmap_count *fast_counts(const struct fast *f, uint32_t *ret_max)
{
	*ret_max = f->max;
	return f->counts;
}
