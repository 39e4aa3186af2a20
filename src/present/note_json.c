/* SPDX-License-Identifier: ISC */
#include "present/note_json.h"

#include "base/in6.h"

json_t *in6_json(const struct lke_in6 *a)
{
	char text[IN6_TEXT_MAX];

	return in6_is_unspecified(a) ? json_null() : json_string(in6_text(a, text));
}

const char *role_text(enum lke_role role)
{
	return role == LKE_ROLE_MN   ? "mobile-node"
	       : role == LKE_ROLE_AR ? "access-router"
				     : "home-agent";
}

static void add_message(json_t *j, const struct lke_note *n)
{
	json_object_set_new(j, "message", json_string(lke_msg_name(n->msg)));
	if (n->role)
		json_object_set_new(j, "direction", json_string(n->out ? "out" : "in"));
	json_object_set_new(
		j, "verdict",
		json_string(n->drop == LKE_DROP_NONE ? "accepted" : lke_drop_name(n->drop)));
	json_object_set_new(j, "source", in6_json(&n->src));
	json_object_set_new(j, "destination", in6_json(&n->dst));
}

json_t *note_json(const struct lke_note *n, const char *ifname)
{
	char text[400];
	json_t *j = json_pack("{s:s,s:s,s:s}", "schema", "lke.event/1", "event",
			      lke_note_name(n->type), "interface", ifname);

	if (!j)
		return NULL;
	if (n->role)
		json_object_set_new(j, "role", json_string(role_text(n->role)));
	if (n->type == LKE_NOTE_MESSAGE)
		add_message(j, n);
	json_object_set_new(j, "address", in6_json(&n->addr));
	json_object_set_new(j, "peer", in6_json(&n->peer));
	json_object_set_new(j, "status", json_integer(n->status));
	json_object_set_new(j, "sequence", json_integer(n->seq));
	json_object_set_new(j, "lifetime", json_integer(n->lifetime));
	json_object_set_new(j, "value", json_integer((json_int_t)n->value));
	json_object_set_new(j, "reason", json_string(n->text));
	if (n->role)
		(void)lke_note_format(n, text, sizeof(text));
	else
		(void)lke_message_format(n, text, sizeof(text));
	json_object_set_new(j, "text", json_string(text));
	return j;
}
