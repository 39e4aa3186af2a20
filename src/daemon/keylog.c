/* SPDX-License-Identifier: ISC */
#include "daemon/keylog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/in6.h"
#include "base/mem.h"
#include "daemon/log.h"

static int check(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (flags < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (st.st_mode & 077) || (flags & O_ACCMODE) == O_RDONLY ||
	    !(flags & O_APPEND))
		return -EPERM;
	return 0;
}

static int put(int fd, const char *text, size_t len)
{
	ssize_t n = write(fd, text, len);

	if (n < 0)
		return -errno;
	return n == (ssize_t)len ? 0 : -ENOSPC;
}

static int put_key(struct driver *d, const struct lke_lbsa_view *v, size_t cursor)
{
	char line[160], coa[IN6_TEXT_MAX], ar[IN6_TEXT_MAX];
	uint8_t kbm[LKE_KBM_LEN];
	int n, err;

	if (++d->keylog_keys > KEYLOG_KEYS_MAX)
		return -EDQUOT;
	lke_engine_lbsa_key(d->engine, cursor, kbm);
	n = snprintf(line, sizeof(line), "LKE_KBM %s %s ", in6_text(&v->coa, coa),
		     in6_text(&v->ar, ar));
	for (unsigned i = 0; i < sizeof(kbm); i++)
		n += snprintf(line + n, sizeof(line) - (size_t)n, "%02x", kbm[i]);
	line[n++] = '\n';
	err = put(d->keylog_fd, line, (size_t)n);
	mem_wipe(line, sizeof(line));
	mem_wipe(kbm, sizeof(kbm));
	return err;
}

/* All keys, or those of one care-of address. */
static int put_keys(struct driver *d, const struct lke_in6 *coa)
{
	struct lke_lbsa_view v;
	size_t cursor = 0;
	int err = 0;

	while (err == 0 && lke_engine_next_lbsa(d->engine, &cursor, &v))
		if (!coa || in6_eq(coa, &v.coa))
			err = put_key(d, &v, cursor);
	return err;
}

int keylog_start(struct driver *d, int fd)
{
	static const char head[] = "# Keys of lke: whoever reads this file can forge what they "
				   "sign.  lke keylog off\n";
	int err = check(fd);

	if (err == 0)
		err = put(fd, head, sizeof(head) - 1);
	if (err < 0) {
		close(fd);
		return err;
	}
	keylog_stop(d);
	d->keylog_fd = fd;
	d->keylog_keys = 0;
	log_warning("THE KEY LOG IS ON: every key of an LBSA goes to a file of the operator; "
		    "`lke keylog off` ends it");
	err = put_keys(d, NULL);
	if (err < 0)
		keylog_stop(d);
	return err;
}

void keylog_stop(struct driver *d)
{
	if (d->keylog_fd < 0)
		return;
	close(d->keylog_fd);
	d->keylog_fd = -1;
	log_warning("the key log is off");
}

bool keylog_on(const struct driver *d)
{
	return d->keylog_fd >= 0;
}

/* A mobile node's key is in use once it is acknowledged; a router writes it as soon as it has it,
 * since its answer is signed with it. */
static bool is_new_key(const struct lke_note *n)
{
	return n->type == LKE_NOTE_LBSA_TENTATIVE ||
	       (n->type == LKE_NOTE_LBSA_VALID && n->role == LKE_ROLE_MN);
}

void keylog_note(struct driver *d, const struct lke_note *n)
{
	int err;

	if (d->keylog_fd < 0 || !is_new_key(n))
		return;
	err = put_keys(d, &n->addr);
	if (err == 0)
		return;
	log_error("the key log cannot be written and ends: %s; start another one with: lke keylog",
		  strerror(-err));
	keylog_stop(d);
}
