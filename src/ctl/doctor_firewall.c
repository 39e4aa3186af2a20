/* SPDX-License-Identifier: ISC */
/* The ruleset of the host: chains that drop what mobility needs.  Read by libnftables; what it
 * means for one protocol is in doctor_ruleset.c. */
#include "ctl/doctor.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <nftables/libnftables.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/doctor_ruleset.h"

static const struct wanted {
	const char *hook;
	int protocol;
	unsigned roles;
	bool tunnelled; /* what comes out of a tunnel, not by a link */
	const char *name, *match, *why;
} wanted[] = {
	{ "input", 58, ROLE_AR | ROLE_MN | ROLE_HA, false, "ICMPv6", "meta l4proto ipv6-icmp",
	  "no Neighbor Discovery" },
	{ "forward", 58, ROLE_AR | ROLE_HA, false, "ICMPv6", "meta l4proto ipv6-icmp",
	  "mobiles get no Packet Too Big" },
	{ "forward", 135, ROLE_AR | ROLE_HA, false, "the Mobility Header", "meta l4proto 135",
	  "no Binding Update of a mobile passes this router" },
	{ "forward", 50, ROLE_AR | ROLE_HA, false, "ESP", "meta l4proto esp",
	  "no home registration of a mobile passes this router" },
	{ "forward", IPPROTO_TCP, ROLE_AR | ROLE_HA, true, "TCP out of the tunnels", "iifname",
	  "mobiles that have moved reach nobody" },
};

static void check_chain(struct doctor *d, const json_t *all, const json_t *chain)
{
	const char *hook = text_get(chain, "hook");

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		const struct wanted *w = &wanted[i];
		struct ruleset rs = { .all = all,
				      .protocol = w->protocol,
				      .in_part = w->tunnelled };
		char remedy[600];

		if (strcmp(w->hook, hook) != 0 || !(w->roles & d->roles))
			continue;
		for (unsigned l = 0; l < d->links; l++)
			if (!w->tunnelled && (d->link[l].roles & w->roles))
				rs.link[rs.links++] = d->link[l].name;
		if (w->tunnelled)
			rs.link[rs.links++] = d->cfg->tun;
		/* Before what drops it. */
		snprintf(remedy, sizeof(remedy),
			 "Accept it there: nft insert rule %s %s %s %s%s%s accept.",
			 text_get(chain, "family"), text_get(chain, "table"),
			 text_get(chain, "name"), w->match, w->tunnelled ? " " : "",
			 w->tunnelled ? d->cfg->tun : "");
		if (ruleset_drops(&rs, chain))
			doctor_say(d, VERDICT_WARN, "firewall", remedy,
				   "chain %s %s %s (hook %s) drops %s (protocol %d): %s",
				   text_get(chain, "family"), text_get(chain, "table"),
				   text_get(chain, "name"), hook, w->name, w->protocol, w->why);
	}
}

/* lked's own table is none of the host's. */
static bool of_host(const json_t *chain)
{
	const char *family = text_get(chain, "family");

	if (strcmp(text_get(chain, "table"), "lke") == 0 && strcmp(family, "ip6") == 0)
		return false;
	return (strcmp(family, "ip6") == 0 || strcmp(family, "inet") == 0) &&
	       strcmp(text_get(chain, "type"), "filter") == 0;
}

static void check_ruleset(struct doctor *d, const json_t *all)
{
	unsigned before = d->count[VERDICT_WARN], chains = 0;
	const json_t *j;
	size_t i;

	json_array_foreach(all, i, j)
	{
		const json_t *chain = json_object_get(j, "chain");

		if (!chain || !of_host(chain))
			continue;
		chains++;
		check_chain(d, all, chain);
	}
	if (!d->roles)
		return;
	if (before == d->count[VERDICT_WARN])
		doctor_say(d, VERDICT_OK, "firewall", NULL,
			   "no chain of %u drops ICMPv6, forwarded Mobility Headers, ESP or "
			   "tunnels (lked "
			   "receives its own before the firewall)",
			   chains);
}

/* ip6tables-legacy has its own tables, which nftables does not show. */
static void check_legacy(struct doctor *d)
{
	FILE *f = fopen("/proc/net/ip6_tables_names", "re");
	char name[64];

	while (f && fscanf(f, "%63s", name) == 1)
		if (strcmp(name, "filter") == 0)
			doctor_say(d, VERDICT_WARN, "firewall",
				   "Look yourself with: ip6tables-legacy -S; ICMPv6, protocols 135 "
				   "and 50 must pass.",
				   "rules of ip6tables-legacy are loaded, which are not read here");
	if (f)
		fclose(f);
}

/* 0 or a negative errno.  libnftables would end the process where this fails. */
static int ask_generation(void)
{
	struct {
		struct nlmsghdr h;
		struct nfgenmsg g;
	} ask = { .h = { .nlmsg_len = sizeof(ask),
			 .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN,
			 .nlmsg_flags = NLM_F_REQUEST } };
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		char more[1024];
	} answer = { .h = { 0 } };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER), err = 0;

	if (fd < 0)
		return -errno;
	if (send(fd, &ask, sizeof(ask), 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
		err = -errno;
	else if (answer.h.nlmsg_type == NLMSG_ERROR)
		err = answer.e.error;
	close(fd);
	return err;
}

static void say_unreadable(struct doctor *d, int err, const char *why)
{
	if (err == -EPERM)
		doctor_say(d, VERDICT_FAIL, "nftables",
			   "Give this container CAP_NET_ADMIN and CAP_NET_RAW.",
			   "the ruleset cannot be read: %s", strerror(EPERM));
	else
		doctor_lacks(d, "nftables",
			     "Use a kernel of 5.12 or later with CONFIG_NF_TABLES and "
			     "CONFIG_NF_TABLES_IPV6.",
			     "the ruleset cannot be read: %.200s", why);
}

static void read_ruleset(struct doctor *d, struct nft_ctx *nft)
{
	static char command[] = "list ruleset";
	json_t *top = NULL;
	int err;

	nft_ctx_output_set_flags(nft, NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_NUMERIC_PROTO |
					      NFT_CTX_OUTPUT_TERSE);
	err = nft_run_cmd_from_buffer(nft, command);
	if (!err)
		top = json_loads(nft_ctx_get_output_buffer(nft), 0, NULL);
	if (json_is_array(json_object_get(top, "nftables"))) {
		doctor_say(d, VERDICT_OK, "nftables", NULL, "answers");
		check_ruleset(d, json_object_get(top, "nftables"));
	} else {
		say_unreadable(d, 0, nft_ctx_get_error_buffer(nft));
	}
	json_decref(top);
}

void doctor_firewall(struct doctor *d)
{
	int err = ask_generation();
	struct nft_ctx *nft;

	if (err) {
		say_unreadable(d, err, strerror(-err));
		return;
	}
	nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (nft && nft_ctx_buffer_output(nft) == 0 && nft_ctx_buffer_error(nft) == 0) {
		read_ruleset(d, nft);
		check_legacy(d);
	}
	if (nft)
		nft_ctx_free(nft);
}
