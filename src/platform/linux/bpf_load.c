/* SPDX-License-Identifier: ISC */
/*
 * libbpf for lked: the functions that forward_bpf.c calls, found in the library when the first of
 * them is called.  Who has no fast path never loads it (ADR 42); without the library there is none,
 * and bpf_library() says why.
 */
#include "platform/linux/bpf_load.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

#define LIBRARY "libbpf.so.1"

static void *entry(const char *name)
{
	static void *library;

	if (!library)
		library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	return library ? dlsym(library, name) : NULL;
}

bool bpf_library(const char **ret_why)
{
	if (entry("bpf_object__open_skeleton"))
		return true;
	*ret_why = LIBRARY " cannot be loaded; install libbpf";
	return false;
}

/* A function of the library, or what it returns when it is not there. */
#define FORWARD(type, name, params, args, without)                                                 \
	type name params                                                                           \
	{                                                                                          \
		static union {                                                                     \
			void *p;                                                                   \
			type(*f) params;                                                           \
		} u;                                                                               \
                                                                                                   \
		if (!u.p)                                                                          \
			u.p = entry(#name);                                                        \
		return u.p ? u.f args : (without);                                                 \
	}

FORWARD(libbpf_print_fn_t, libbpf_set_print, (libbpf_print_fn_t fn), (fn), NULL)
FORWARD(int, bpf_object__open_skeleton,
	(struct bpf_object_skeleton * s, const struct bpf_object_open_opts *opts), (s, opts),
	-ENOENT)
FORWARD(int, bpf_object__load_skeleton, (struct bpf_object_skeleton * s), (s), -ENOENT)
FORWARD(int, bpf_object__attach_skeleton, (struct bpf_object_skeleton * s), (s), -ENOENT)
FORWARD(int, bpf_map__set_max_entries, (struct bpf_map * m, __u32 n), (m, n), -ENOENT)
FORWARD(int, bpf_map__reuse_fd, (struct bpf_map * m, int fd), (m, fd), -ENOENT)
FORWARD(int, bpf_map__fd, (const struct bpf_map *m), (m), -ENOENT)
FORWARD(int, bpf_program__fd, (const struct bpf_program *p), (p), -ENOENT)
FORWARD(int, bpf_link_create,
	(int prog, int target, enum bpf_attach_type type, const struct bpf_link_create_opts *opts),
	(prog, target, type, opts), -ENOENT)
FORWARD(int, bpf_map_update_elem, (int fd, const void *key, const void *value, __u64 flags),
	(fd, key, value, flags), -ENOENT)
FORWARD(int, bpf_map_delete_elem, (int fd, const void *key), (fd, key), -ENOENT)

FORWARD(int, bpf_map_lookup_elem, (int fd, const void *key, void *value), (fd, key, value), -ENOENT)
FORWARD(int, bpf_map_get_next_key, (int fd, const void *key, void *next), (fd, key, next), -ENOENT)
FORWARD(int, bpf_obj_get_info_by_fd, (int fd, void *info, __u32 *len), (fd, info, len), -ENOENT)

/* The two that return nothing. */
#define FORWARD_VOID(name)                                                                         \
	void name(struct bpf_object_skeleton *s)                                                   \
	{                                                                                          \
		static union {                                                                     \
			void *p;                                                                   \
			void (*f)(struct bpf_object_skeleton * s);                                 \
		} u;                                                                               \
                                                                                                   \
		if (!u.p)                                                                          \
			u.p = entry(#name);                                                        \
		if (u.p)                                                                           \
			u.f(s);                                                                    \
	}

FORWARD_VOID(bpf_object__detach_skeleton)
FORWARD_VOID(bpf_object__destroy_skeleton)
