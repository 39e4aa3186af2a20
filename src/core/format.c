/* SPDX-License-Identifier: ISC */
/* Actions as text: the simulator's trace and the tests' expectation. */
#include "base/in6.h"
#include "base/str.h"
#include "lke/engine.h"
#include "lke/msg.h"

static void lladdr(struct sbuf *s, const struct lke_lladdr *a)
{
	char text[LLADDR_TEXT_MAX];

	sbuf_str(s, lladdr_text(a, text));
}

static void field(struct sbuf *s, const char *name)
{
	sbuf_char(s, ' ');
	sbuf_str(s, name);
	sbuf_char(s, ' ');
}

static void number(struct sbuf *s, const char *name, uint64_t v)
{
	field(s, name);
	sbuf_u64(s, v);
}

static void address(struct sbuf *s, const char *name, const struct lke_in6 *a)
{
	field(s, name);
	sbuf_in6(s, a);
}

static void format_send(struct sbuf *s, const struct lke_act_send *a)
{
	char text[256];

	sbuf_str(s, "send");
	number(s, "if", a->ifindex);
	field(s, "to");
	lladdr(s, &a->dst);
	lke_packet_format(a->data, a->len, text, sizeof(text));
	sbuf_str(s, ": ");
	sbuf_str(s, text);
}

static void format_note(struct sbuf *s, const struct lke_note *n)
{
	sbuf_str(s, "note ");
	sbuf_str(s, lke_note_name(n->type));
	if (n->type == LKE_NOTE_MESSAGE) {
		sbuf_str(s, n->out ? " out " : " in ");
		sbuf_str(s, lke_msg_name(n->msg));
		if (n->drop != LKE_DROP_NONE) {
			sbuf_str(s, " dropped ");
			sbuf_str(s, lke_drop_name(n->drop));
		}
	}
	address(s, "addr", &n->addr);
	address(s, "peer", &n->peer);
	number(s, "status", n->status);
	number(s, "seq", n->seq);
	number(s, "lifetime", n->lifetime);
	if (n->text[0]) {
		sbuf_char(s, ' ');
		sbuf_str(s, n->text);
	}
}

static void format_tunnel(struct sbuf *s, const struct lke_act_tunnel *t)
{
	sbuf_str(s, t->remove ? "tunnel remove" : "tunnel set");
	sbuf_str(s, t->mobile_side ? " mobile" : " agent");
	if (t->suspended)
		sbuf_str(s, " suspended");
	address(s, "home", &t->home);
	address(s, "agent", &t->agent);
	address(s, "coa", &t->coa);
	if (t->mobile_side) {
		number(s, "if", t->ifindex);
		field(s, "by");
		lladdr(s, &t->nexthop);
	} else if (t->credit != UINT64_MAX) {
		number(s, "credit", t->credit);
	}
}

static void format_path(struct sbuf *s, const struct lke_act_path *p)
{
	static const char *const name[] = { "none", "router", "tunnel" };

	sbuf_str(s, "path");
	address(s, "from", &p->src);
	field(s, "by");
	sbuf_str(s, name[p->path]);
	if (p->path == LKE_PATH_ROUTER) {
		number(s, "if", p->ifindex);
		address(s, "router", &p->router);
	}
}

static void format_steer(struct sbuf *s, const struct lke_act_steer *t)
{
	static const char *const name[] = { "mine", "proxied", "spi" };

	sbuf_str(s, t->remove ? "steer remove " : "steer add ");
	sbuf_str(s, name[t->set]);
	address(s, "addr", &t->addr);
	if (t->set == LKE_STEER_SPI)
		number(s, "spi", t->spi);
}

static void format_addr(struct sbuf *s, const struct lke_act_addr *a)
{
	sbuf_str(s, a->remove ? "addr remove" : "addr set");
	number(s, "if", a->ifindex);
	address(s, "addr", &a->addr);
	number(s, "len", a->prefix_len);
	number(s, "valid", a->valid);
	number(s, "preferred", a->preferred);
}

static void format_buffer(struct sbuf *s, const struct lke_act_buffer *b)
{
	static const char *const name[] = { "keep", "tunnel", "link", "drop" };

	sbuf_str(s, "buffer ");
	sbuf_str(s, name[b->what]);
	address(s, "addr", &b->addr);
	if (b->what == LKE_BUFFER_LINK) {
		number(s, "if", b->ifindex);
		field(s, "to");
		lladdr(s, &b->lladdr);
	}
}

static void format_rest(struct sbuf *s, const struct lke_action *a)
{
	switch (a->type) {
	case LKE_ACT_LINK:
		sbuf_str(s, "link");
		number(s, "if", a->link.ifindex);
		number(s, "mtu", a->link.mtu);
		number(s, "hops", a->link.hop_limit);
		break;
	case LKE_ACT_NEIGH:
		sbuf_str(s, a->neigh.remove ? "neigh remove" : "neigh set");
		number(s, "if", a->neigh.ifindex);
		address(s, "addr", &a->neigh.addr);
		field(s, "is");
		lladdr(s, &a->neigh.lladdr);
		break;
	case LKE_ACT_GROUP:
		sbuf_str(s, a->group.leave ? "group leave" : "group join");
		number(s, "if", a->group.ifindex);
		address(s, "group", &a->group.group);
		break;
	case LKE_ACT_INTERCEPT:
		sbuf_str(s, a->intercept.remove ? "intercept remove" : "intercept add");
		address(s, "addr", &a->intercept.addr);
		break;
	case LKE_ACT_BUFFER:
		format_buffer(s, &a->buffer);
		break;
	case LKE_ACT_HOLD:
		sbuf_str(s, a->hold.hold ? "hold" : "release");
		break;
	case LKE_ACT_DECRYPT:
		sbuf_str(s, "decrypt");
		number(s, "key", a->decrypt.key_id);
		break;
	case LKE_ACT_ENCRYPT:
		sbuf_str(s, "encrypt");
		break;
	case LKE_ACT_CHECKPOINT:
		sbuf_str(s, "checkpoint");
		address(s, "home", &a->checkpoint.home);
		number(s, "generation", a->checkpoint.generation);
		number(s, "floor", a->checkpoint.floor);
		number(s, "used", a->checkpoint.used);
		break;
	case LKE_ACT_RECORD:
		sbuf_str(s, a->record.durable ? "record durable" : "record");
		number(s, "len", a->record.len);
		break;
	case LKE_ACT_RSA_NEW:
		sbuf_str(s, "rsa new");
		break;
	case LKE_ACT_RSA_DROP:
		sbuf_str(s, "rsa drop");
		number(s, "key", a->rsa_drop.key_id);
		break;
	case LKE_ACT_KEEP:
		sbuf_str(s, a->keep.remove ? "keep-del" : "keep");
		address(s, "home", &a->keep.home);
		address(s, "coa", &a->keep.coa);
		number(s, "seq", a->keep.seq);
		break;
	case LKE_ACT_KEY:
		sbuf_str(s, "key");
		address(s, "home", &a->key.home);
		number(s, "generation", a->key.generation);
		break;
	case LKE_ACT_REPLY:
		sbuf_str(s, "reply ");
		sbuf_str(s, lke_strerror(a->reply.err));
		break;
	default:
		break;
	}
}

size_t lke_action_format(const struct lke_action *a, char *buf, size_t size)
{
	struct sbuf s = sbuf_init(buf, size);

	switch (a->type) {
	case LKE_ACT_SEND:
		format_send(&s, &a->send);
		break;
	case LKE_ACT_NOTIFY:
		format_note(&s, &a->note);
		break;
	case LKE_ACT_TUNNEL:
		format_tunnel(&s, &a->tunnel);
		break;
	case LKE_ACT_PATH:
		format_path(&s, &a->path);
		break;
	case LKE_ACT_STEER:
		format_steer(&s, &a->steer);
		break;
	case LKE_ACT_ADDR:
		format_addr(&s, &a->addr);
		break;
	default:
		format_rest(&s, a);
		break;
	}
	return s.len;
}
