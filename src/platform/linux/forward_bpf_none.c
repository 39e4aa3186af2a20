/* SPDX-License-Identifier: ISC */
/* Built without the BPF programs (meson -Dbpf=disabled, or no clang, bpftool or libbpf). */
#include <errno.h>
#include <stdio.h>

#include "platform/linux/forward_bpf.h"

int fast_open(const struct fast_conf *conf, struct fast **ret, char *why, size_t why_size)
{
	*ret = NULL;
	snprintf(why, why_size,
		 "this lked was built without it; build it with clang, bpftool and libbpf");
	return -EOPNOTSUPP;
}

void fast_close(struct fast *f) {}

int fast_link(struct fast *f, uint32_t ifindex)
{
	return -EOPNOTSUPP;
}

int fast_set(struct fast *f, const struct fast_binding *b)
{
	return -EOPNOTSUPP;
}

void fast_attend(struct fast *f, lke_time until) {}

struct fast_maps fast_maps(const struct fast *f)
{
	return (struct fast_maps){ -1, -1 };
}

bool fast_maps_fit(const struct fast_maps *m, uint32_t max)
{
	return false;
}

int fast_bindings(const struct fast *f, struct fast_binding **ret, size_t *ret_n)
{
	return -EOPNOTSUPP;
}

struct fastmap_count *fast_counts(const struct fast *f, uint32_t *ret_max)
{
	*ret_max = 0;
	return NULL;
}
