/* SPDX-License-Identifier: ISC */
/*
 * libbpf for lked: the functions that forward_bpf.c calls to load its programs, found in the
 * library when they are called.  Who has no fast path never loads it (ADR 42), who has one has it
 * in the address space only meanwhile; what is called later is bpf(2) itself.  Without the library
 * there is no fast path, and bpf_library() says why.
 */
#include "platform/linux/bpf_load.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIBRARY "libbpf.so.1"

static void *library;

static void *entry(const char *name)
{
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

void bpf_library_done(void)
{
	if (library)
		dlclose(library);
	library = NULL;
}

/* A function of the library, or what it returns when it is not there. */
#define FORWARD(type, name, params, args, without)                                                 \
	type name params                                                                           \
	{                                                                                          \
		union {                                                                            \
			void *p;                                                                   \
			type(*f) params;                                                           \
		} u = { .p = entry(#name) };                                                       \
                                                                                                   \
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

/* The two that return nothing. */
#define FORWARD_VOID(name)                                                                         \
	void name(struct bpf_object_skeleton *s)                                                   \
	{                                                                                          \
		union {                                                                            \
			void *p;                                                                   \
			void (*f)(struct bpf_object_skeleton * s);                                 \
		} u = { .p = entry(#name) };                                                       \
                                                                                                   \
		if (u.p)                                                                           \
			u.f(s);                                                                    \
	}

FORWARD_VOID(bpf_object__detach_skeleton)
FORWARD_VOID(bpf_object__destroy_skeleton)

/* ---- bpf(2) ---- */

static int sys_bpf(int cmd, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

static uint64_t pointer(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* value: or the place of the next key. */
static int element(int cmd, int fd, const void *key, const void *value, uint64_t flags)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_fd = (uint32_t)fd;
	a.key = pointer(key);
	a.value = pointer(value);
	a.flags = flags;
	return sys_bpf(cmd, &a);
}

int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	return element(BPF_MAP_UPDATE_ELEM, fd, key, value, flags);
}

int bpf_map_delete_elem(int fd, const void *key)
{
	return element(BPF_MAP_DELETE_ELEM, fd, key, NULL, 0);
}

int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	return element(BPF_MAP_LOOKUP_ELEM, fd, key, value, 0);
}

int bpf_map_get_next_key(int fd, const void *key, void *next)
{
	return element(BPF_MAP_GET_NEXT_KEY, fd, key, next, 0);
}

int bpf_obj_get_info_by_fd(int fd, void *info, __u32 *len)
{
	union bpf_attr a;
	int err;

	memset(&a, 0, sizeof(a));
	a.info.bpf_fd = (uint32_t)fd;
	a.info.info_len = *len;
	a.info.info = pointer(info);
	err = sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &a);
	*len = a.info.info_len;
	return err;
}

int bpf_link_create(int prog, int target, enum bpf_attach_type type,
		    const struct bpf_link_create_opts *opts)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.link_create.prog_fd = (uint32_t)prog;
	a.link_create.target_ifindex = (uint32_t)target;
	a.link_create.attach_type = type;
	return sys_bpf(BPF_LINK_CREATE, &a);
}
