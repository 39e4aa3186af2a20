/* SPDX-License-Identifier: ISC */
#include "daemon/remedy.h"

#include <errno.h>

const char *remedy_of(int err)
{
	switch (err < 0 ? -err : err) {
	case ENOENT:
	case ENOTDIR:
		return "; correct the path, or make what is missing";
	case EACCES:
	case EPERM:
		return "; be root, or change its owner or mode";
	case EEXIST:
		return "; remove it, or name another one";
	case EISDIR:
		return "; name a file";
	case ELOOP:
		return "; name the file itself, not a link to it";
	case ENAMETOOLONG:
		return "; take a shorter path";
	case EROFS:
		return "; name a place that can be written";
	case ENOSPC:
	case EDQUOT:
		return "; make room there";
	case EBADMSG:
		return "; it is damaged, restart lked";
	case EIO:
		return "; look at the disk and at dmesg";
	case ENOMEM:
	case ENOBUFS:
		return "; free memory";
	case EMFILE:
	case ENFILE:
		return "; raise the limit of open files (LimitNOFILE)";
	default:
		return "; see: lke doctor";
	}
}
