/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/in6.h"
#include "base/str.h"
#include "platform/linux/steering.h"

enum { TABLE_MAX = 2048, ELEMENT_MAX = 112, TEXT_MAX = (2 * STEER_BATCH_MAX + 4) * ELEMENT_MAX };

struct steer {
	struct nft_ctx *nft;
	char error[384]; /* of nftables, then what to do */
	char text[TEXT_MAX];
};

/*
 * Priority -350: before conntrack and before the filters of a firewall.  The Home Address option is
 * looked for at its 8n+6 place in the first header: any Destination Options header would be too
 * much.
 */
static const char table_head[] = "table ip6 " STEER_TABLE " {\n"
				 "flags owner;\n";
static const char table_text[] =
	"set mine { type ipv6_addr; }\n"
	"set coa_proxied { type ipv6_addr; }\n"
	"set spi { typeof ip6 daddr . esp spi; }\n"
	"chain prerouting {\n"
	"type filter hook prerouting priority -350; policy accept;\n"
	"icmpv6 type { 133, 134, 135, 136, 137, 144 } ip6 daddr @coa_proxied counter drop\n"
	"}\n"
	"chain input {\n"
	"type filter hook input priority -350; policy accept;\n"
	"meta l4proto 135 counter drop\n"
	"ip6 nexthdr 60 @nh,368,8 0xc9 counter drop\n"
	"rt type 2 counter drop\n"
	"meta l4proto 50 ip6 daddr . esp spi @spi counter drop\n"
	"icmpv6 type 135 iifname @solicited counter drop\n"
	"ip6 daddr @mine meta l4proto 41 counter drop\n"
	"}\n"
	"}\n";

#define KERNEL_LACKS                                                                               \
	"this kernel lacks nf_tables for IPv6; run: modprobe nf_tables, or take Linux 5.12 or "    \
	"later"

static void keep_first_line(char *buf, size_t size, const char *text)
{
	static const char title[] = "Error: ";
	char *end;

	if (!text || !*text)
		text = "nftables gave no reason";
	else if (strncmp(text, title, sizeof(title) - 1) == 0)
		text += sizeof(title) - 1;
	str_copy(buf, size, text);
	end = strchr(buf, '\n');
	if (end)
		*end = '\0';
}

/* Kernel errors come back as text only. */
static int error_of(const char *text)
{
	if (strstr(text, "Operation not permitted"))
		return -EPERM;
	if (strstr(text, "Operation not supported") || strstr(text, "Protocol not supported"))
		return -EOPNOTSUPP;
	if (strstr(text, "Cannot allocate memory") || strstr(text, "No buffer space"))
		return -ENOMEM;
	if (strstr(text, "Too many open files in system"))
		return -ENFILE; /* the set is full */
	return -EIO;
}

/* What the reader of an error can do. */
static const char *step(int err)
{
	switch (err) {
	case -EPERM: /* the owner of the table is the one that made it */
		return "; end what took the table, and restart lked";
	case -EOPNOTSUPP:
		return "; " KERNEL_LACKS;
	case -ENOMEM:
		return "; free memory";
	default:
		return "; see: nft list table ip6 " STEER_TABLE;
	}
}

static int run(struct steer *s, const char *text)
{
	char why[256];
	const char *out;
	int r = nft_run_cmd_from_buffer(s->nft, text);

	/* Both buffers collect until they are read. */
	(void)nft_ctx_get_output_buffer(s->nft);
	out = nft_ctx_get_error_buffer(s->nft);
	if (r == 0)
		return 0;
	keep_first_line(why, sizeof(why), out);
	r = error_of(why);
	snprintf(s->error, sizeof(s->error), "%s%s", why, step(r));
	return r;
}

/* The set of the links whose solicitations are ours; a name cannot end the text's quotes. */
static int table_of(const char *const *links, size_t n, char *buf, size_t size)
{
	struct sbuf b = sbuf_init(buf, size);

	sbuf_str(&b, table_head);
	sbuf_str(&b, "set solicited { type ifname; ");
	for (size_t i = 0; i < n; i++) {
		if (strpbrk(links[i], "\"\\*\n"))
			return -EINVAL;
		sbuf_str(&b, i ? ", \"" : "elements = { \"");
		sbuf_str(&b, links[i]);
		sbuf_str(&b, "\"");
	}
	sbuf_str(&b, n ? " }; }\n" : "}\n");
	sbuf_str(&b, table_text);
	return b.len < size ? 0 : -ENOSPC;
}

int steer_open(const char *const *links, size_t n, struct steer **ret, char *err, size_t err_size)
{
	char text[TABLE_MAX];
	struct steer *s = calloc(1, sizeof(*s));
	int r = -ENOMEM;

	snprintf(err, err_size, "nftables: out of memory; free some");
	if (!s)
		return r;
	r = table_of(links, n, text, sizeof(text));
	if (r) {
		snprintf(err, err_size, "nftables takes no interface of this name; rename it");
		free(s);
		return r;
	}
	/* libnftables ends the process when there is no such socket. */
	r = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (r < 0) {
		r = errno == EPERM || errno == EACCES ? -errno : -EOPNOTSUPP;
		snprintf(err, err_size, "nftables: %s%s", strerror(errno),
			 r == -EOPNOTSUPP ? step(r) : "; be root");
		free(s);
		return r;
	}
	close(r);
	r = -ENOMEM;
	s->nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!s->nft || nft_ctx_buffer_output(s->nft) || nft_ctx_buffer_error(s->nft))
		goto fail;
	r = run(s, text);
	if (r) {
		/* The table of another one gives the same error as missing rights. */
		snprintf(err, err_size, "nftables table ip6 " STEER_TABLE ": %s",
			 r == -EPERM ? "another lked runs here, or you are not root; see: nft list "
				       "table ip6 " STEER_TABLE
				     : s->error);
		goto fail;
	}
	*ret = s;
	return 0;
fail:
	if (s->nft)
		nft_ctx_free(s->nft);
	free(s);
	return r;
}

static void element(struct sbuf *b, const struct lke_act_steer *act)
{
	static const char digits[] = "0123456789abcdef";

	sbuf_in6(b, &act->addr);
	if (act->set != LKE_STEER_SPI)
		return;
	sbuf_str(b, " . 0x");
	for (int shift = 28; shift >= 0; shift -= 4)
		sbuf_char(b, digits[(act->spi >> shift) & 15]);
}

static void command(struct sbuf *b, const char *what, const struct lke_act_steer *act, size_t n)
{
	static const char *const name[] = { [LKE_STEER_MINE] = "mine",
					    [LKE_STEER_PROXIED] = "coa_proxied",
					    [LKE_STEER_SPI] = "spi" };

	sbuf_str(b, what);
	sbuf_str(b, " element ip6 " STEER_TABLE " ");
	sbuf_str(b, name[act->set]);
	for (size_t i = 0; i < n; i++) {
		sbuf_str(b, i ? ", " : " { ");
		element(b, &act[i]);
	}
	sbuf_str(b, " }\n");
}

/* One command for all that follow each other and differ in nothing but the element. */
int steer_commands(const struct lke_act_steer *act, size_t n, char *buf, size_t size)
{
	struct sbuf b = sbuf_init(buf, size);

	for (size_t i = 0, end; i < n; i = end) {
		if (act[i].set > LKE_STEER_SPI)
			return -EINVAL;
		for (end = i + 1;
		     end < n && act[end].set == act[i].set && act[end].remove == act[i].remove;)
			end++;
		/* Adding what is there is no error, deleting what is missing is one: add first. */
		command(&b, "add", &act[i], end - i);
		if (act[i].remove)
			command(&b, "delete", &act[i], end - i);
	}
	return b.len < size ? (int)b.len : -ENOSPC;
}

int steer_apply(struct steer *s, const struct lke_act_steer *act, size_t n)
{
	int len = steer_commands(act, n, s->text, sizeof(s->text));

	return len < 0 ? len : len == 0 ? 0 : run(s, s->text);
}

int steer_link(struct steer *s, const char *name, bool add)
{
	char text[256];
	struct sbuf b = sbuf_init(text, sizeof(text));

	if (strpbrk(name, "\"\\*\n"))
		return -EINVAL;
	/* Deleting what is missing is an error, adding what is there none. */
	for (unsigned step = 0; step < (add ? 1U : 2U); step++) {
		sbuf_str(&b, step ? "delete" : "add");
		sbuf_str(&b, " element ip6 " STEER_TABLE " solicited { \"");
		sbuf_str(&b, name);
		sbuf_str(&b, "\" }\n");
	}
	return b.len < sizeof(text) ? run(s, text) : -ENOSPC;
}

const char *steer_error(const struct steer *s)
{
	return s->error;
}

void steer_close(struct steer *s)
{
	if (!s)
		return;
	(void)run(s, "delete table ip6 " STEER_TABLE "\n");
	nft_ctx_free(s->nft);
	free(s);
}
