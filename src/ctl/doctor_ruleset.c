/* SPDX-License-Identifier: ISC */
#include "ctl/doctor_ruleset.h"

#include <string.h>

#include "ctl/ctl.h"

#define DEPTH_MAX 16 /* of jumps, as the kernel has it */

enum answer { NO, YES, UNKNOWN };		 /* is the value among these? */
enum fate { FATE_NONE, FATE_ACCEPT, FATE_DROP }; /* of the protocol's packets in a chain */
enum { PROTO_TCP = 6, PROTO_ESP = 50, PROTO_ICMP6 = 58, PROTO_MH = 135 };

static int protocol_number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} names[] = {
		{ "esp", PROTO_ESP },	       { "ipv6-icmp", PROTO_ICMP6 },
		{ "icmpv6", PROTO_ICMP6 },     { "mobility-header", PROTO_MH },
		{ "ipv6-mobility", PROTO_MH }, { "mh", PROTO_MH },
		{ "tcp", PROTO_TCP },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].number;
	return -1;
}

static bool is_link(const struct ruleset *rs, const char *name)
{
	size_t len = strlen(name);

	for (unsigned i = 0; i < rs->links; i++)
		if (strcmp(rs->link[i], name) == 0 ||
		    (len && name[len - 1] == '*' && strncmp(rs->link[i], name, len - 1) == 0))
			return true;
	return false;
}

/* One value: of a protocol when protocol, else of an interface name. */
static enum answer is_value(const struct ruleset *rs, const json_t *v, bool protocol)
{
	const json_t *range = json_object_get(v, "range");

	if (protocol && json_is_integer(v))
		return json_integer_value(v) == rs->protocol ? YES : NO;
	if (protocol && range)
		return json_integer_value(json_array_get(range, 0)) <= rs->protocol &&
				       rs->protocol <= json_integer_value(json_array_get(range, 1))
			       ? YES
			       : NO;
	/* A set of its own name is not looked up. */
	if (!json_is_string(v) || json_string_value(v)[0] == '@')
		return UNKNOWN;
	if (protocol)
		return protocol_number(json_string_value(v)) == rs->protocol ? YES : NO;
	return is_link(rs, json_string_value(v)) ? YES : NO;
}

static enum answer is_among(const struct ruleset *rs, const json_t *right, bool protocol)
{
	const json_t *set = json_object_get(right, "set"), *v;
	enum answer best = NO;
	size_t i;

	if (!set)
		return is_value(rs, right, protocol);
	if (!json_is_array(set))
		return is_value(rs, set, protocol);
	json_array_foreach(set, i, v)
	{
		enum answer a = is_value(rs, v, protocol);

		if (a == YES)
			return YES;
		best = a == UNKNOWN ? UNKNOWN : best;
	}
	return best;
}

/* What the conditions of a rule say of a packet of the protocol. */
struct conditions {
	bool never;   /* it is not such a packet */
	bool named;   /* the protocol is asked for */
	bool more;    /* there are conditions besides */
	bool unknown; /* they may name the protocol */
};

static void take_answer(struct conditions *c, enum answer a, bool negated, bool protocol)
{
	if (a == UNKNOWN)
		c->unknown = c->more = true;
	else if ((a == YES) == negated)
		c->never = true;
	else if (protocol && !negated)
		c->named = true;
}

static void take_payload(const struct ruleset *rs, struct conditions *c, const json_t *payload,
			 const json_t *right, bool negated)
{
	const char *protocol = text_get(payload, "protocol");

	if (strcmp(protocol, "ip6") == 0 && strcmp(text_get(payload, "field"), "nexthdr") == 0) {
		take_answer(c, is_among(rs, right, true), negated, true);
		return;
	}
	c->more = true;
	c->unknown |= rs->in_part;
	if (strcmp(protocol, "ip6") == 0 || strcmp(protocol, "ether") == 0 ||
	    strcmp(protocol, "-") == 0)
		return;
	/* Of another protocol, or of this one in part. */
	take_answer(c, protocol_number(protocol) == rs->protocol ? YES : NO, false, true);
}

/* Packets of connections that are there already: no new one begins by such a rule. */
static bool is_established(const json_t *left, const json_t *right)
{
	const json_t *set = json_object_get(right, "set"), *v;
	bool begins = json_is_string(right) && strcmp(json_string_value(right), "new") == 0;
	size_t i;

	json_array_foreach(set ? set : right, i, v)
	{
		begins |= json_is_string(v) && strcmp(json_string_value(v), "new") == 0;
	}
	return strcmp(text_get(json_object_get(left, "ct"), "key"), "state") == 0 && !begins;
}

static void take_other(const struct ruleset *rs, struct conditions *c, const json_t *left,
		       const json_t *right)
{
	c->more = true;
	c->unknown |= rs->in_part && !is_established(left, right);
}

static void take_match(const struct ruleset *rs, struct conditions *c, const json_t *match)
{
	const json_t *left = json_object_get(match, "left"),
		     *right = json_object_get(match, "right");
	const char *key = text_get(json_object_get(left, "meta"), "key"),
		   *op = text_get(match, "op");
	bool negated = strcmp(op, "!=") == 0,
	     plain = negated || !strcmp(op, "==") || !strcmp(op, "in");

	if (json_object_get(left, "payload"))
		take_payload(rs, c, json_object_get(left, "payload"), right, negated);
	else if (json_object_get(left, "exthdr"))
		take_answer(c,
			    strcmp(text_get(json_object_get(left, "exthdr"), "name"), "mh") == 0 &&
					    rs->protocol == PROTO_MH
				    ? YES
				    : NO,
			    false, true);
	else if (plain && strcmp(key, "l4proto") == 0)
		take_answer(c, is_among(rs, right, true), negated, true);
	else if (plain && strcmp(key, "nfproto") == 0)
		c->never |= (strcmp(json_is_string(right) ? json_string_value(right) : "",
				    "ipv4") == 0) != negated;
	else if (plain && (strcmp(key, "iifname") == 0 || strcmp(key, "iif") == 0))
		take_answer(c, is_among(rs, right, false), negated, false);
	else
		take_other(rs, c, left, right);
}

static enum fate chain_fate(const struct ruleset *rs, const json_t *of, const char *name,
			    unsigned depth);

/* The fate by the verdict of an expression; FATE_NONE for a counter, a log, a mark. */
static enum fate verdict_fate(const struct ruleset *rs, const json_t *rule, const char *key,
			      const json_t *value, unsigned depth)
{
	if (strcmp(key, "accept") == 0)
		return FATE_ACCEPT;
	if (strcmp(key, "drop") == 0 || strcmp(key, "reject") == 0)
		return FATE_DROP;
	if (strcmp(key, "jump") == 0 || strcmp(key, "goto") == 0)
		return chain_fate(rs, rule, text_get(value, "target"), depth + 1);
	/* A map of verdicts, a queue, a match of iptables: who knows. */
	if (strcmp(key, "vmap") == 0 || strcmp(key, "queue") == 0 || strcmp(key, "xt") == 0)
		return FATE_ACCEPT;
	return FATE_NONE;
}

static enum fate rule_fate(const struct ruleset *rs, const json_t *rule, unsigned depth)
{
	struct conditions c = { 0 };
	enum fate fate = FATE_NONE;
	json_t *e, *value;
	const char *key;
	size_t i;

	json_array_foreach(json_object_get(rule, "expr"), i, e)
	{
		json_object_foreach(e, key, value)
		{
			if (strcmp(key, "match") == 0)
				take_match(rs, &c, value);
			else if (strcmp(key, "limit") == 0 || strcmp(key, "xt") == 0)
				c.more = true;
			if (fate == FATE_NONE)
				fate = verdict_fate(rs, rule, key, value, depth);
		}
	}
	if (c.never)
		return FATE_NONE;
	if (fate == FATE_ACCEPT)
		return c.named || c.unknown || !c.more ? FATE_ACCEPT : FATE_NONE;
	return c.more ? FATE_NONE : fate;
}

/* of: a chain or rule of the same table. */
static enum fate chain_fate(const struct ruleset *rs, const json_t *of, const char *name,
			    unsigned depth)
{
	const json_t *j;
	size_t i;

	if (depth > DEPTH_MAX)
		return FATE_ACCEPT;
	json_array_foreach(rs->all, i, j)
	{
		const json_t *rule = json_object_get(j, "rule");
		enum fate fate;

		if (!rule || strcmp(text_get(rule, "family"), text_get(of, "family")) != 0 ||
		    strcmp(text_get(rule, "table"), text_get(of, "table")) != 0 ||
		    strcmp(text_get(rule, "chain"), name) != 0)
			continue;
		fate = rule_fate(rs, rule, depth);
		if (fate != FATE_NONE)
			return fate;
	}
	return FATE_NONE;
}

bool ruleset_drops(const struct ruleset *rs, const json_t *chain)
{
	enum fate fate = chain_fate(rs, chain, text_get(chain, "name"), 0);

	return fate == FATE_DROP ||
	       (fate == FATE_NONE && strcmp(text_get(chain, "policy"), "drop") == 0);
}
