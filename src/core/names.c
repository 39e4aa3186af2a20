/* SPDX-License-Identifier: ISC */
/* Names of enumerations, made from the lists in the public headers. */
#include "lke/engine.h"
#include "wire/mh.h"

struct name_text {
	const char *name, *text;
};

static const struct name_text drops[] = {
#define X(id, name, text) { name, text },
	LKE_DROP_LIST(X)
#undef X
};

const char *lke_drop_name(enum lke_drop reason)
{
	return (unsigned)reason < LKE_DROP_COUNT ? drops[reason].name : "?";
}

const char *lke_drop_text(enum lke_drop reason)
{
	return (unsigned)reason < LKE_DROP_COUNT ? drops[reason].text : "?";
}

const char *lke_stat_name(enum lke_stat s)
{
	static const char *const name[] = {
#define X(id, name) name,
		LKE_STAT_LIST(X)
#undef X
	};

	return (unsigned)s < LKE_STAT_COUNT ? name[s] : "?";
}

const char *lke_note_name(enum lke_note_type t)
{
	static const char *const name[] = {
#define X(id, name) name,
		LKE_NOTE_LIST(X)
#undef X
	};

	return (unsigned)t < LKE_NOTE_COUNT ? name[t] : "?";
}

const char *lke_msg_name(enum lke_msg m)
{
	static const char *const name[] = {
#define X(id, text) text,
		LKE_MSG_LIST(X)
#undef X
	};

	return (unsigned)m < LKE_MSG_COUNT ? name[m] : "?";
}

const char *lke_lbsa_state_name(enum lke_lbsa_state s)
{
	static const char *const name[] = {
#define X(id, name) name,
		LKE_LBSA_STATE_LIST(X)
#undef X
	};

	return (unsigned)s < LKE_LBSA_STATE_COUNT ? name[s] : "?";
}

const char *lke_binding_state_name(enum lke_binding_state s)
{
	static const char *const name[] = {
#define X(id, name) name,
		LKE_BINDING_STATE_LIST(X)
#undef X
	};

	return (unsigned)s < LKE_BINDING_STATE_COUNT ? name[s] : "?";
}

const char *lke_status_text(uint8_t status)
{
	switch (status) {
	case STATUS_ACCEPTED:
		return "accepted";
	case STATUS_PREFIX_DISCOVERY:
		return "accepted, prefix discovery needed";
	case STATUS_UNSPECIFIED:
		return "reason unspecified";
	case STATUS_PROHIBITED:
		return "administratively prohibited";
	case STATUS_RESOURCES:
		return "insufficient resources";
	case STATUS_NO_HOME_REGISTRATION:
		return "home registration not supported";
	case STATUS_NOT_HOME_SUBNET:
		return "not home subnet";
	case STATUS_NOT_HOME_AGENT:
		return "not home agent for this mobile node";
	case STATUS_DAD_FAILED:
		return "duplicate address detection failed";
	case STATUS_SEQUENCE:
		return "sequence number out of window";
	case STATUS_TYPE_CHANGE:
		return "registration type change disallowed";
	case STATUS_INVALID_COA:
		return "invalid care-of address";
	default:
		return status < STATUS_UNSPECIFIED ? "accepted, unknown status" : "refused";
	}
}

const char *lke_strerror(int err)
{
	switch (err) {
	case 0:
		return "no error";
	case LKE_ERR_NOMEM:
		return "out of memory";
	case LKE_ERR_INVAL:
		return "value out of range";
	case LKE_ERR_CRYPTO:
		return "cryptographic library failed";
	case LKE_ERR_FULL:
		return "table full";
	case LKE_ERR_NOENT:
		return "no such object";
	case LKE_ERR_EXIST:
		return "exists already";
	case LKE_ERR_STATE:
		return "not possible in this state";
	case LKE_ERR_SPACE:
		return "buffer too small";
	case LKE_ERR_SYS:
		return "system call failed";
	default:
		if (err < 0 && -err < LKE_DROP_COUNT)
			return drops[-err].text;
		return "unknown error";
	}
}
