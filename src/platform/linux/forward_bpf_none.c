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

struct fastmap_count *fast_counts(const struct fast *f, uint32_t *ret_max)
{
	*ret_max = 0;
	return NULL;
}
