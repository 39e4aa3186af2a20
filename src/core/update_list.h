/* SPDX-License-Identifier: ISC */
/*
 * The Binding Update List of a mobile node (RFC 6275 11.1) with the retransmission rules of RFC
 * 6275 11.8. One entry for one pair of home address and agent.  At a previous access router the
 * home address is the previous care-of address.
 */
#ifndef CORE_UPDATE_LIST_H
#define CORE_UPDATE_LIST_H

#include "core/internal.h"

#define UPDATES_MAX 16

struct mn_lbsa;
struct mn_home;

struct update {
	struct lke_in6 home, agent;
	struct lke_in6 coa;   /* in the BU sent last */
	struct mn_lbsa *lbsa; /* key of the BU sent last; NULL for a home agent */
	struct mn_home *reg;  /* home agent; NULL for an access router */
	uint16_t seq;	      /* Sequence # sent last */
	uint16_t first_seq;   /* of the outstanding round: a late answer to an earlier try counts */
	uint16_t lifetime;    /* asked for, units of 4 s */
	bool dereg;
	bool outstanding; /* no acknowledgement yet */
	bool accepted;	  /* the agent holds a binding of some care-of address of ours */
	bool leaving;	  /* it was told that the node is about to move */
	bool returning;	  /* deregister with the home address as source */
	unsigned tries;
	unsigned resyncs; /* 135 answered at once in this round */
	unsigned rounds;  /* refresh requests without lasting success, AMB-112 */
	bool used;	  /* a packet went through its tunnel, AMB-125 */
	bool fell_back;	  /* the home agent was asked because this one is silent */
	uint8_t refused;  /* status of the last answer, when that was a refusal; else 0 */
	lke_time rto, sent, accepted_at;
	lke_time rtt;	   /* of the last answered BU */
	lke_time expires;  /* of the binding; LKE_NEVER while nothing is granted */
	struct tbf rate;   /* MAX_UPDATE_RATE */
	bool has_finished; /* answer to a repeated BA, AMB-112 */
	uint16_t finished_seq, finished_lifetime;
	uint32_t finished_nonce;
	lke_time finished_until;
	struct timer timer, end;
};

struct update *update_find(const struct lke_engine *e, const struct lke_in6 *home,
			   const struct lke_in6 *agent);
struct update *update_of(const struct lke_engine *e,
			 const struct lke_in6 *home); /* at an access router */
bool update_list_full(const struct lke_engine *e);
/* NULL: table full or out of memory, counted. */
struct update *update_new(struct lke_engine *e, const struct lke_in6 *home,
			  const struct lke_in6 *agent);
void update_free(struct lke_engine *e, struct update *u);
/* A new round: tries 0, first timer as given. */
void update_begin(struct update *u, lke_time first_rto);
/* 135: true: a BU with the number that was told is sent at once, as the first of a round.  False:
 * that was done so often that it leads nowhere; it goes out when the next retransmission is due. */
bool update_resync(struct update *u, lke_time first_rto);
/* One more BU goes out with this number: counts it and arms the retransmission, doubled to 32 s. */
void update_sent(struct lke_engine *e, struct update *u, uint16_t seq);
/* Does this Sequence # answer a BU of the running round?  An answer to an earlier try is as good.
 */
bool update_answers(const struct update *u, uint16_t seq);
/* The agent accepted: binding until now + lifetime, refresh before its end. */
void update_accept(struct lke_engine *e, struct update *u, uint32_t lifetime_s, lke_time refresh);
/* The running round ends without a binding; an older binding stays until its end.  The status may
 * be one of acceptance, for no time. */
void update_refused(struct lke_engine *e, struct update *u, uint8_t status);

#endif
