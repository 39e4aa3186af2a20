/* SPDX-License-Identifier: ISC */
#include "daemon/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/in6.h"
#include "base/str.h"

bool audit_from_note(const struct lke_note *n, const char *interface, uint64_t time_ms,
		     struct audit_record *ret)
{
	if (n->type != LKE_NOTE_MESSAGE || n->role != LKE_ROLE_HA || n->msg != LKE_MSG_BU || n->out)
		return false;
	memset(ret, 0, sizeof(*ret));
	ret->time_ms = time_ms;
	ret->home = n->addr;
	ret->coa = n->peer;
	ret->src = n->src;
	ret->agent = n->dst;
	ret->spi = (uint32_t)n->value;
	ret->lifetime = n->lifetime;
	ret->repeats = n->repeats;
	ret->drop = (uint32_t)n->drop;
	ret->seq = n->seq;
	ret->status = n->status;
	str_copy(ret->name, sizeof(ret->name), n->text);
	str_copy(ret->interface, sizeof(ret->interface), interface);
	return true;
}

static void put_text(char *to, const char *from, size_t size)
{
	size_t n = 0;

	for (; n + 1 < size && from[n]; n++) {
		unsigned char c = (unsigned char)from[n];

		to[n] = c < 0x20 || c > 0x7e || c == '"' || c == '\\' ? '?' : (char)c;
	}
	to[n] = '\0';
}

static const char *put_time(uint64_t ms, char buf[40])
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;
	char day[24];

	if (!gmtime_r(&t, &tm) || strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		str_copy(day, sizeof(day), "?");
	snprintf(buf, 40, "%s.%03uZ", day, (unsigned)(ms % 1000));
	return buf;
}

static const char *put_addr(const struct lke_in6 *a, char buf[IN6_TEXT_MAX + 2])
{
	char text[IN6_TEXT_MAX];

	if (in6_is_unspecified(a))
		return "null";
	snprintf(buf, IN6_TEXT_MAX + 2, "\"%s\"", in6_text(a, text));
	return buf;
}

size_t audit_line(const struct audit_record *r, char *buf, size_t size)
{
	char time[40], home[IN6_TEXT_MAX + 2], coa[IN6_TEXT_MAX + 2], src[IN6_TEXT_MAX + 2],
		agent[IN6_TEXT_MAX + 2], name[LKE_NAME_MAX], interface[LKE_IFNAME_MAX];
	enum lke_drop drop = r->drop < LKE_DROP_COUNT ? (enum lke_drop)r->drop : LKE_DROP_STATE;
	int n;

	put_text(name, r->name, sizeof(name));
	put_text(interface, r->interface, sizeof(interface));
	n = snprintf(
		buf, size,
		"{\"schema\":\"lke.audit/1\",\"time\":\"%s\",\"name\":\"%s\",\"home_address\":%s,"
		"\"care_of_address\":%s,\"source\":%s,\"agent\":%s,\"interface\":\"%s\","
		"\"spi\":%u,\"sequence\":%u,\"lifetime\":%u,\"verdict\":\"%s\",\"status\":%u,"
		"\"repeats\":%u}\n",
		put_time(r->time_ms, time), name, put_addr(&r->home, home), put_addr(&r->coa, coa),
		put_addr(&r->src, src), put_addr(&r->agent, agent), interface, r->spi, r->seq,
		r->lifetime, drop == LKE_DROP_NONE ? "accepted" : lke_drop_name(drop), r->status,
		r->repeats);
	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

static int path_of(const struct audit_file *f, unsigned n, char *buf, size_t size)
{
	int len = n ? snprintf(buf, size, "%s/audit.log.%u", f->dir, n)
		    : snprintf(buf, size, "%s/audit.log", f->dir);

	return len > 0 && (size_t)len < size ? 0 : -ENAMETOOLONG;
}

static int open_file(struct audit_file *f)
{
	char path[4096];
	struct stat st;
	int err = path_of(f, 0, path, sizeof(path));

	if (err)
		return err;
	f->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
		     0600);
	if (f->fd < 0)
		return -errno;
	if (fstat(f->fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		audit_close(f);
		return -EINVAL;
	}
	f->size = (uint64_t)st.st_size;
	return 0;
}

int audit_open(struct audit_file *f, const char *dir, uint64_t max)
{
	*f = (struct audit_file){ .dir = dir, .max = max, .fd = -1 };
	return open_file(f);
}

/* audit.log.3 goes, .2 becomes .3, ... */
static int rotate(struct audit_file *f)
{
	char from[4096], to[4096];

	audit_close(f);
	for (unsigned n = AUDIT_FILES - 1; n > 0; n--) {
		if (path_of(f, n - 1, from, sizeof(from)) || path_of(f, n, to, sizeof(to)))
			return -ENAMETOOLONG;
		if (rename(from, to) < 0 && errno != ENOENT)
			return -errno;
	}
	return open_file(f);
}

static int append(struct audit_file *f, const char *line, size_t len)
{
	ssize_t n;
	int err = 0;

	if (f->fd < 0)
		err = open_file(f);
	else if (f->size > 0 && f->size + len > f->max)
		err = rotate(f);
	if (err)
		return err;
	n = write(f->fd, line, len);
	if (n > 0)
		f->size += (uint64_t)n;
	if (n == (ssize_t)len)
		return 0;
	err = n < 0 ? -errno : -ENOSPC;
	/* Half a line is ended, so that the next one stands alone. */
	if (n > 0 && write(f->fd, "\n", 1) == 1)
		f->size++;
	return err;
}

int audit_write(struct audit_file *f, const struct audit_record *r)
{
	char line[AUDIT_LINE_MAX];
	size_t len = audit_line(r, line, sizeof(line));
	int err = len ? append(f, line, len) : -EINVAL;

	if (err)
		f->lost++;
	return err;
}

void audit_close(struct audit_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}
