/* SPDX-License-Identifier: ISC */
/*
 * The end of an interception.  Between the tunnel's end and the kernel's removal of the route some
 * packets for a returned mobile node still arrive here, the answers to its own Binding Updates
 * among them: they are handed back when the route is gone.
 */
#include <string.h>

#include "base/mem.h"
#include "platform/linux/forward_priv.h"

static struct fwd_withdrawn *find(struct fwd *f, const struct lke_in6 *addr)
{
	for (size_t n = 0; n < f->withdrawns; n++)
		if (in6_eq(&f->withdrawn[n].addr, addr))
			return &f->withdrawn[n];
	return NULL;
}

void fwd_withdraw_begin(struct fwd *f, const struct lke_in6 *addr)
{
	struct fwd_withdrawn *w = find(f, addr);

	/* A full list only means that such packets are dropped, as they would be without it. */
	if (w || f->withdrawns == FWD_WITHDRAWN_MAX)
		return;
	w = &f->withdrawn[f->withdrawns++];
	*w = (struct fwd_withdrawn){ .addr = *addr };
}

bool fwd_withdrawn_keep(struct fwd *f, const struct lke_in6 *dst, const uint8_t *p, size_t len)
{
	struct fwd_withdrawn *w = find(f, dst);
	struct fwd_stray *s;

	if (!w || w->kept == FWD_STRAYS_MAX)
		return false;
	s = mem_zalloc(sizeof(*s) + len);
	if (!s)
		return false;
	s->len = len;
	memcpy(s->data, p, len);
	if (!w->first)
		w->last = &w->first;
	*w->last = s;
	w->last = &s->next;
	w->kept++;
	return true;
}

static void empty(struct fwd *f, struct fwd_withdrawn *w, bool give_back)
{
	struct fwd_stray *s;

	while ((s = w->first)) {
		w->first = s->next;
		if (give_back)
			(void)fwd_write_tun(f, s->data, s->len);
		mem_free(s);
	}
}

void fwd_withdraw_end(struct fwd *f, const struct lke_in6 *addr)
{
	struct fwd_withdrawn *w = find(f, addr);

	if (!w)
		return;
	empty(f, w, true);
	*w = f->withdrawn[--f->withdrawns];
}

void fwd_withdrawn_free(struct fwd *f)
{
	while (f->withdrawns > 0)
		empty(f, &f->withdrawn[--f->withdrawns], false);
}
