/* SPDX-License-Identifier: ISC */
/*
 * The sequence diagram of a capture.  A column is a node: addresses that one message shows to be of
 * the same node (a home address option and its source, an access router's link-local and global
 * address) share it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/in6.h"
#include "base/str.h"
#include "ctl/decode.h"
#include "lke/engine.h"

enum {
	EVENTS_MAX = 400,
	NAMES_MAX = 256, /* addresses */
	COPY_WINDOW_MS = 100,
	LEFT = 120,
	COLUMN = 240,
	TOP = 80,
	ROW = 34,
	NSEC = 1000000000,
	NOBODY = -1,
	EVERYBODY = -2,
};

/* An address; link-local ones are of an interface. */
struct name {
	struct lke_in6 addr;
	char interface[CAPTURE_NAME_MAX];
	int node; /* index of the name that stands for the node */
	bool mobile, router, agent;
};

struct event {
	uint64_t time_ns, print; /* print: of the octets above the IPv6 header */
	char interface[CAPTURE_NAME_MAX];
	int from, to; /* names */
	bool bad, esp;
	enum lke_msg msg;
	char label[96];
};

struct sequence {
	struct name name[NAMES_MAX];
	int names;
	struct event event[EVENTS_MAX];
	unsigned events, left_out;
};

struct sequence *sequence_new(void)
{
	return calloc(1, sizeof(struct sequence));
}

void sequence_free(struct sequence *s)
{
	free(s);
}

unsigned sequence_left_out(const struct sequence *s)
{
	return s->left_out;
}

/* --- who is who --- */

static int node_of(const struct sequence *s, int n)
{
	while (n >= 0 && s->name[n].node != n)
		n = s->name[n].node;
	return n;
}

static int find(struct sequence *s, const struct lke_in6 *a, const char *interface)
{
	const char *of = in6_is_linklocal(a) ? interface : "";
	struct name *n;

	if (in6_is_unspecified(a))
		return NOBODY;
	if (in6_is_multicast(a))
		return EVERYBODY;
	for (int i = 0; i < s->names; i++)
		if (in6_eq(&s->name[i].addr, a) && strcmp(s->name[i].interface, of) == 0)
			return i;
	if (s->names == NAMES_MAX)
		return NOBODY;
	n = &s->name[s->names];
	*n = (struct name){ .addr = *a, .node = s->names };
	str_copy(n->interface, sizeof(n->interface), of);
	return s->names++;
}

static void same(struct sequence *s, int a, int b)
{
	a = node_of(s, a);
	b = node_of(s, b);
	if (a < 0 || b < 0 || a == b)
		return;
	/* The older one stands for both: columns keep their order. */
	if (b < a) {
		int t = a;

		a = b;
		b = t;
	}
	s->name[b].node = a;
	s->name[a].mobile |= s->name[b].mobile;
	s->name[a].router |= s->name[b].router;
	s->name[a].agent |= s->name[b].agent;
}

static struct name *role(struct sequence *s, int n)
{
	static struct name nobody;

	return n < 0 ? &nobody : &s->name[node_of(s, n)];
}

static void learn_ra(struct sequence *s, const struct decoded *d, int from)
{
	const struct nd_msg *m = &d->packet.nd;

	role(s, from)->router = true;
	for (unsigned k = 0; k < m->prefixes; k++)
		if (m->prefix[k].flags & ND_PIO_R)
			same(s, from, find(s, &m->prefix[k].prefix, ""));
}

/* What the message says about its two ends. */
static void learn(struct sequence *s, const struct decoded *d, struct event *e)
{
	const struct packet *p = &d->packet;

	if (p->ip.has_hao)
		same(s, e->from, find(s, &p->ip.hao, ""));
	if (p->ip.has_rh2)
		same(s, e->to, find(s, &p->ip.rh2, ""));
	if (d->esp) {
		role(s, p->ip.has_hao ? e->from : e->to)->mobile = true;
		role(s, p->ip.has_hao ? e->to : e->from)->agent = true;
		return;
	}
	if (p->drop != LKE_DROP_NONE)
		return;
	if (p->msg == LKE_MSG_RA)
		learn_ra(s, d, e->from);
	if (p->msg == LKE_MSG_KEACK) {
		same(s, e->from, find(s, &p->keack.ar, ""));
		role(s, e->from)->router = true;
		role(s, e->to)->mobile = true;
	}
	if (p->msg == LKE_MSG_DAD_NS_AUTH && e->from < 0)
		e->from = find(s, &p->nd.auth.ar, "");
	if (p->msg == LKE_MSG_DAD_NA_AUTH)
		same(s, e->from, find(s, &p->nd.target, ""));
	if (p->msg == LKE_MSG_BU || p->msg == LKE_MSG_FINISHED || p->msg == LKE_MSG_KEREQ)
		role(s, e->from)->mobile = true;
}

/* --- what happened --- */

/* FNV-1a of addresses and upper layer: what does not change from link to link. */
static uint64_t fingerprint(const struct ip6_info *i)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t n = 8; n < i->len; n++)
		h = (h ^ i->pkt[n]) * UINT64_C(0x100000001b3);
	return h;
}

/* A packet that another interface of the capture has shown already. */
static bool is_copy(const struct sequence *s, const struct event *e)
{
	for (unsigned n = s->events; n-- > 0;) {
		const struct event *o = &s->event[n];
		uint64_t apart =
			e->time_ns > o->time_ns ? e->time_ns - o->time_ns : o->time_ns - e->time_ns;

		if (apart < COPY_WINDOW_MS * UINT64_C(1000000) && o->print == e->print &&
		    strcmp(o->interface, e->interface) != 0)
			return true;
	}
	return false;
}

static void set_label(struct event *e, const struct decoded *d)
{
	struct sbuf b = sbuf_init(e->label, sizeof(e->label));

	sbuf_str(&b, d->esp ? "ESP" : lke_msg_name(d->note.msg));
	if (d->note.seq) {
		sbuf_str(&b, " ");
		sbuf_u64(&b, d->note.seq);
	}
	if (d->note.status) {
		sbuf_str(&b, " status ");
		sbuf_u64(&b, d->note.status);
	}
	/* Its sender does not say who it is. */
	if (d->note.msg == LKE_MSG_DAD_NS) {
		sbuf_str(&b, " for ");
		sbuf_in6(&b, &d->note.addr);
	}
	if (!d->esp && d->note.msg == LKE_MSG_BU && d->packet.drop == LKE_DROP_NONE) {
		if (d->packet.bu.leaving)
			sbuf_str(&b, ", leaving");
		else if (!d->packet.bu.lifetime)
			sbuf_str(&b, ", lifetime 0");
	}
	if (d->note.drop != LKE_DROP_NONE) {
		sbuf_str(&b, ": ");
		sbuf_str(&b, lke_drop_name(d->note.drop));
	}
}

/* Neighbours that look for each other, and errors about data, hide what the diagram is for. */
static bool is_drawn(const struct decoded *d)
{
	enum lke_msg m = d->note.msg;

	return d->esp || (m != LKE_MSG_NS && m != LKE_MSG_NA && m != LKE_MSG_ICMP_ERROR);
}

void sequence_add(struct sequence *s, const struct decoded *d)
{
	struct event *e = &s->event[s->events];

	if (!is_drawn(d))
		return;
	if (s->events == EVENTS_MAX) {
		s->left_out++;
		return;
	}
	*e = (struct event){ .time_ns = d->frame->time_ns, .msg = d->note.msg, .esp = d->esp };
	str_copy(e->interface, sizeof(e->interface), d->frame->interface);
	e->print = fingerprint(&d->packet.ip);
	e->from = find(s, &d->note.src, e->interface);
	e->to = find(s, &d->note.dst, e->interface);
	e->bad = d->note.drop != LKE_DROP_NONE;
	learn(s, d, e);
	set_label(e, d);
	/* A copy has taught who is who; it is not drawn twice. */
	if (!is_copy(s, e))
		s->events++;
}

/* --- the picture --- */

struct layout {
	int column[NAMES_MAX]; /* of the node's name; -1: none */
	int columns, width, height;
};

static void use_column(const struct sequence *s, struct layout *l, int n)
{
	n = node_of(s, n);
	if (n >= 0 && l->column[n] < 0)
		l->column[n] = l->columns++;
}

static int by_time(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	return x->time_ns < y->time_ns ? -1 : x->time_ns > y->time_ns;
}

static int x_of(const struct sequence *s, const struct layout *l, int n)
{
	n = node_of(s, n);
	if (n >= 0)
		return LEFT + COLUMN / 2 + l->column[n] * COLUMN;
	return n == EVERYBODY ? l->width - 12 : LEFT + 8;
}

static void put_text(FILE *out, int x, int y, const char *style, const char *text)
{
	fprintf(out, "<text x=\"%d\" y=\"%d\" %s>", x, y, style);
	for (; *text; text++) {
		if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '>')
			fputs("&gt;", out);
		else if (*text == '&')
			fputs("&amp;", out);
		else
			fputc(*text, out);
	}
	fputs("</text>\n", out);
}

/* A global address tells more than a link-local one. */
static const struct lke_in6 *best_address(const struct sequence *s, int node)
{
	const struct lke_in6 *a = &s->name[node].addr;

	for (int i = 0; i < s->names && in6_is_linklocal(a); i++)
		if (node_of(s, i) == node)
			a = &s->name[i].addr;
	return a;
}

static void draw_column(FILE *out, const struct sequence *s, const struct layout *l, int node)
{
	const struct name *n = &s->name[node];
	char text[IN6_TEXT_MAX];
	int x = x_of(s, l, node);

	fprintf(out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#c4c9d0\"/>\n", x,
		TOP - 18, x, l->height - 10);
	put_text(out, x, TOP - 42, "class=\"who\"",
		 n->mobile   ? "mobile node"
		 : n->agent  ? "home agent"
		 : n->router ? "router"
			     : "node");
	put_text(out, x, TOP - 26, "class=\"addr\"", in6_text(best_address(s, node), text));
}

static const char *colour(const struct event *e)
{
	if (e->bad)
		return "#c62828";
	if (e->esp)
		return "#6a1b9a";
	if (e->msg == LKE_MSG_KEREQ || e->msg == LKE_MSG_KEACK || e->msg == LKE_MSG_DAD_NS_AUTH ||
	    e->msg == LKE_MSG_DAD_NA_AUTH)
		return "#1565c0";
	if (e->msg == LKE_MSG_BU || e->msg == LKE_MSG_BA || e->msg == LKE_MSG_FINISHED)
		return "#2e7d32";
	return "#78828c";
}

/* "+0.123456" seconds since the first message. */
static void put_time(FILE *out, int y, uint64_t ns)
{
	char text[40];

	snprintf(text, sizeof(text), "+%" PRIu64 ".%06" PRIu64, ns / NSEC, ns % NSEC / 1000);
	put_text(out, LEFT - 14, y + 4, "class=\"time\"", text);
}

static void draw_event(FILE *out, const struct sequence *s, const struct layout *l,
		       const struct event *e, int y)
{
	int a = x_of(s, l, e->from), b = x_of(s, l, e->to);
	const char *c = colour(e);
	int tip = b > a ? -7 : 7;

	if (a == b) /* to itself, or from nobody to nobody */
		b = a + COLUMN / 2;
	fprintf(out,
		"<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"%s\" "
		"stroke-width=\"1.6\"%s/>\n",
		a, y, b, y, c, e->to == EVERYBODY ? " stroke-dasharray=\"5 4\"" : "");
	fprintf(out, "<path d=\"M%d %d l%d -4 v8 z\" fill=\"%s\"/>\n", b, y, tip, c);
	fprintf(out, "<circle cx=\"%d\" cy=\"%d\" r=\"2.6\" fill=\"%s\"/>\n", a, y, c);
	/* The label stands at the sender's end of a long arrow, so that lines of others miss it. */
	fprintf(out, "<g fill=\"%s\">", c);
	put_text(out, b > a ? a + 8 : a - 8, y - 5,
		 b > a ? "class=\"label\"" : "class=\"label\" text-anchor=\"end\"", e->label);
	fputs("</g>\n", out);
}

static void draw_head(FILE *out, const struct sequence *s, const struct layout *l,
		      const char *title)
{
	time_t t = s->events ? (time_t)(s->event[0].time_ns / NSEC) : 0;
	char when[64] = "", line[256];
	struct tm tm = { 0 };

	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		"viewBox=\"0 0 %d %d\" font-family=\"DejaVu Sans, Helvetica, sans-serif\">\n"
		"<style>.who{font-size:14px;font-weight:bold;text-anchor:middle}"
		".addr{font-size:11px;text-anchor:middle;fill:#555}"
		".time{font-size:11px;text-anchor:end;fill:#555}"
		".label{font-size:11px;paint-order:stroke;stroke:#fff;stroke-width:3px}"
		".title{font-size:12px;fill:#555}</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
		l->width, l->height, l->width, l->height);
	gmtime_r(&t, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	snprintf(line, sizeof(line), "%.120s, seconds since %s, dashed: to all nodes", title, when);
	put_text(out, 14, 18, "class=\"title\"", line);
}

int sequence_write(struct sequence *s, FILE *out, const char *title)
{
	struct layout l = { .columns = 0 };
	uint64_t start;

	qsort(s->event, s->events, sizeof(s->event[0]), by_time);
	for (int i = 0; i < NAMES_MAX; i++)
		l.column[i] = -1;
	for (unsigned n = 0; n < s->events; n++) {
		use_column(s, &l, s->event[n].from);
		use_column(s, &l, s->event[n].to);
	}
	l.width = LEFT + (l.columns ? l.columns : 1) * COLUMN + 40;
	l.height = TOP + (int)s->events * ROW + 20;
	draw_head(out, s, &l, title);
	for (int i = 0; i < s->names; i++)
		if (l.column[i] >= 0)
			draw_column(out, s, &l, i);
	start = s->events ? s->event[0].time_ns : 0;
	for (unsigned n = 0; n < s->events; n++) {
		int y = TOP + 12 + (int)n * ROW;

		put_time(out, y, s->event[n].time_ns - start);
		draw_event(out, s, &l, &s->event[n], y);
	}
	if (s->events == 0)
		put_text(out, 14, TOP, "class=\"title\"", "no message of LKE, Mobile IPv6 or ND");
	fputs("</svg>\n", out);
	return ferror(out) ? -1 : 0;
}
