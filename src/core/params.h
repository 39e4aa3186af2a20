/* SPDX-License-Identifier: ISC */
/* Every protocol constant, with the section or decision it comes from. */
#ifndef CORE_PARAMS_H
#define CORE_PARAMS_H

#include "lke/types.h"

/* --- LKE: draft-liu-mobileip-lke-01 --- */
#define LKE_MAX_LIFETIME     7200	   /* s, draft 3.1.1 */
#define KEREQ_INITIAL_RTO    (4 * LKE_SEC) /* AMB-058 */
#define KEREQ_MAX_RTO	     (32 * LKE_SEC)
#define KEREQ_TRIES	     5
#define KEREQ_HOLD	     (60 * LKE_SEC) /* doubling to KEREQ_HOLD_MAX */
#define KEREQ_HOLD_MAX	     (300 * LKE_SEC)
#define KEREQ_REFUSED_HOLD   (300 * LKE_SEC) /* AMB-057 */
#define KEREQ_JITTER_PERCENT 10
#define KEREQ_SEQ_JUMP	     0x7fff /* 4th transmission, AMB-050; 135, AMB-131 */
#define KEREQ_SEQ_JUMP2	     0x4000
#define AR_KEREQ_MIN_SPACING (3 * LKE_SEC) /* draft 6.2, AMB-059 */
#define AR_KEREQ_MAX_SPACING (24 * LKE_SEC)
#define AR_KEREQ_MAC_BURST   2	 /* AMB-060 */
#define AR_REFUSAL_RATE	     5	 /* per s and interface, AMB-060 */
#define AR_DAD_RATE	     100 /* per s and interface, AMB-060 */
#define AR_DAD_BURST	     500
#define AR_RESOLUTION_RATE   100 /* per s, AMB-054; the half of it for hosts heard before */
#define AR_HELD_MAX	     256 /* AMB-054 */
#define AR_HELD_STRANGERS    192 /* of hosts never heard before */
#define AR_RESOLUTION_WAIT   (1 * LKE_SEC)
#define AR_PROBE_WAIT	     (3 * LKE_SEC)
#define AR_PROBES	     3
#define AR_FORMER_NEIGHBOUR  (7200 * LKE_SEC) /* AMB-054 */
#define AR_REPLAY_MAX	     1048576	      /* AMB-051 */
#define AR_CURRENT_EXCHANGE  (70 * LKE_SEC)   /* AMB-051 */
#define AR_KEY_GRACE	     (600 * LKE_SEC)  /* AMB-063 */
#define AR_KEY_AGE	     86400	      /* s, AMB-134 */
#define AR_KEY_SPACING	     (1200 * LKE_SEC) /* between rotations for a full cache, AMB-051 */
#define AR_KEY_RETRY	     (60 * LKE_SEC)
#define AR_TOMBSTONE	     (600 * LKE_SEC)  /* AMB-097 */
#define AR_GONE_PREFIX	     (7200 * LKE_SEC) /* RFC 7084 L-13, RFC 4862 5.5.3 */
#define AR_MAX_LBSA	     65536	      /* AMB-128 */
#define AR_MAX_PER_MAC	     16
#define DAD_NS_COUNT	     3 /* AMB-082; draft01: 1 */
#define DAD_NS_COUNT_DRAFT01 1
#define RENEW_MIN	     (20 * LKE_SEC) /* AMB-046 */
#define RENEW_MAX	     (600 * LKE_SEC)
#define MN_PLAIN_NA_RATE     3		    /* per s, AMB-084 */
#define MN_NA_RATE	     1000	    /* per s and link, answers to all solicitations */
#define MN_ROUTERS_MAX	     16		    /* THREATS 47 */
#define MN_KEY_ALTERNATION   (60 * LKE_SEC) /* AMB-076 */
#define MN_RETURN_STAY	     (3 * LKE_SEC)  /* AMB-117 */
#define MN_RETURN_QUIET	     (2 * LKE_SEC)
#define MN_BE_HOLD	     (300 * LKE_SEC)  /* AMB-078 */
#define MN_TEMPORARY_AGENTS  3		      /* AMB-127, AMB-180 */
#define MN_REBIND_PACE	     (100 * LKE_MSEC) /* AMB-127: the others, one by one */

/* --- Announced leave: docs/adr/0030 --- */
#define LEAVE_TIME	  (2 * LKE_SEC)	   /* a move that was announced has happened by then */
#define AR_LEAVE_HINT	  (500 * LKE_MSEC) /* a hint may be wrong: then the node is asked */
#define AR_LEAVE_PROBE	  (250 * LKE_MSEC)
#define AR_LEAVE_PROBES	  3
#define MN_LEAVE_WAIT	  (2 * LKE_MSEC) /* for routers further away, beside 3/2 round trips */
#define MN_LEAVE_WAIT_MAX (20 * LKE_MSEC)
#define MN_LEAVE_AGAIN	  (50 * LKE_MSEC) /* repetition of the announcement */
#define MN_LEAVE_TRIES	  3

/* --- Finished and the credit of an unproved care-of address: AMB-112 --- */
#define FINISHED_TIMEOUT	   (8 * LKE_SEC)
#define FINISHED_BA_AGAIN	   (1 * LKE_SEC)
#define FINISHED_PROVED		   (600 * LKE_SEC)
#define FINISHED_NONCES		   16
#define FINISHED_ANSWER		   (32 * LKE_SEC)
#define CREDIT_BASE		   (64 * 1024)
#define CREDIT_LAST_SECOND_MAX	   (1024 * 1024)
#define BRR_SUSPENDED_RATE	   1   /* per s */
#define TEMPORARY_BINDING_LIFETIME 240 /* s, AMB-179 */
#define BA_UNSIGNED_RATE	   10  /* per s, AMB-107 */

/* --- RFC 6275 sections 12, 13 --- */
#define INITIAL_BINDACK_TIMEOUT		 (1 * LKE_SEC)
#define INITIAL_BINDACK_TIMEOUT_FIRSTREG (1500 * LKE_MSEC)
#define MAX_BINDACK_TIMEOUT		 (32 * LKE_SEC)
#define MAX_UPDATE_RATE			 3 /* per s */
#define BU_TRIES_FALLBACK		 3 /* AMB-110, AMB-129 */
#define INITIAL_DHAAD_TIMEOUT		 (3 * LKE_SEC)
#define DHAAD_RETRIES			 4
#define BINDING_ERROR_RATE		 10 /* per s, BASE-18 */
#define DISCOVERY_RATE			 20 /* replies per s, RFC 6275 10.5 */
#define PREFIX_ADV_RETRIES		 3
#define PREFIX_ADV_TIMEOUT		 (3 * LKE_SEC)

/* --- RFC 4861 section 10, RFC 4862 5.1 --- */
#define RETRANS_TIMER			(1 * LKE_SEC)
#define MAX_RTR_SOLICITATIONS		3
#define RTR_SOLICITATION_INTERVAL	(4 * LKE_SEC)
#define MAX_RA_DELAY_TIME		(500 * LKE_MSEC)
#define MIN_DELAY_BETWEEN_RAS		(3 * LKE_SEC)
#define MAX_ANYCAST_DELAY_TIME		(1 * LKE_SEC)
#define MAX_INITIAL_RTR_ADVERT_INTERVAL (16 * LKE_SEC)
#define MAX_INITIAL_RTR_ADVERTISEMENTS	3
#define MAX_FINAL_RTR_ADVERTISEMENTS	3
#define MAX_NEIGHBOR_ADVERTISEMENT	3
#define DUP_ADDR_DETECT_TRANSMITS	1
#define IDGEN_RETRIES			3	       /* RFC 7217 6 */
#define MN_DISPUTED			(60 * LKE_SEC) /* a prefix makes no address, RFC 4862 5.4.5 */
#define RA_UNICAST_RATE			50	       /* per s, AMB-181 */
#define RA_CONTRADICTION		(60 * LKE_SEC) /* between two reports, RFC 4861 6.2.7 */

/* --- Home agent: AMB-151, AMB-172 --- */
#define HA_MAX_MOBILES 131072 /* policy entries */
#define SEQ_RESERVE    64
#define SEQ_BUDGET     32768 /* advances under one manual key */
#define SEQ_SPACE      65536

#endif
