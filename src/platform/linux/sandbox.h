/* SPDX-License-Identifier: ISC */
/* Taking privileges away.  PLATFORM facts: inherited descriptors go on working in their old
 * namespaces. */
#ifndef PLATFORM_SANDBOX_H
#define PLATFORM_SANDBOX_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Engine process: empty root, own empty network, mount and IPC namespaces, unprivileged user, no
 * capability, NO_NEW_PRIVS, not dumpable, no core files (memory.h), and a seccomp filter: EPERM for
 * socket, bind, connect, open*, sendmsg, sendmmsg and sendto with an address; death for execve,
 * ptrace, bpf, mount, setns, unshare, module calls.  Must be called by root, or by the user uid
 * itself with CAP_SYS_ADMIN (a service manager gave it); before any thread is started, after every
 * descriptor is open, and after the crypto library was used once (it loads files lazily).  sendmsg
 * is denied, so descriptors can be received (recvmsg) but not sent.  dir: an existing directory to
 * become the empty root (a read-only tmpfs is mounted over it, in the new namespace only). Returns
 * 0, or -errno with a sentence in err; after a failure the process must exit.
 */
int sandbox_enter(uid_t uid, gid_t gid, const char *dir, char *err, size_t err_size);

/*
 * Privileged process: NO_NEW_PRIVS, not dumpable, no core files, keeps only CAP_NET_ADMIN and
 * CAP_NET_RAW.  It keeps its user, so its files stay accessible.  0 or -errno.
 */
int privileged_limit(void);
/* No capability at all from now on.  0 or -errno. */
int sandbox_drop_capabilities(void);

#endif
