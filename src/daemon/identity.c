/* SPDX-License-Identifier: ISC */
#include "daemon/identity.h"

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>

#define GROUPS_MAX 1024

bool identity_user(const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
	struct passwd *pw = getpwnam(name);

	if (!pw)
		return false;
	*ret_uid = pw->pw_uid;
	*ret_gid = pw->pw_gid;
	return true;
}

gid_t identity_group(const char *name)
{
	struct group *gr = getgrnam(name);

	return gr ? gr->gr_gid : 0;
}

bool identity_peer_allowed(int fd, gid_t gid)
{
	gid_t groups[GROUPS_MAX];
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return false;
	if (cred.uid == 0 || (gid != 0 && cred.gid == gid))
		return true;
	len = sizeof(groups);
	if (gid == 0 || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0)
		return false;
	for (size_t i = 0; i < len / sizeof(gid_t); i++)
		if (groups[i] == gid)
			return true;
	return false;
}

bool identity_peer_root(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 && cred.uid == 0;
}
