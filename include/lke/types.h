/* SPDX-License-Identifier: ISC */
/*
 * Value types of the public interface.  Everything here is plain data: it may be copied with =,
 * compared field by field and written to a file.  Numbers are in host byte order; addresses are
 * octet strings.
 */
#ifndef LKE_TYPES_H
#define LKE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LKE_KBM_LEN	 16 /* binding management key, draft 2.1(a) */
#define LKE_IFNAME_MAX	 16 /* with the terminating NUL */
#define LKE_NAME_MAX	 32
#define LKE_IDENTITY_MAX 128

/* Time: nanoseconds of CLOCK_BOOTTIME (it counts suspend, AMB-044).  A deadline, never a countdown.
 */
typedef uint64_t lke_time;
#define LKE_NEVER UINT64_MAX
#define LKE_USEC  UINT64_C(1000)
#define LKE_MSEC  UINT64_C(1000000)
#define LKE_SEC	  UINT64_C(1000000000)

/* An IPv6 address in network order. */
struct lke_in6 {
	uint8_t b[16];
};

/* A link-layer address; len is 0 on links that have none (tun, ppp), else 6. */
struct lke_lladdr {
	uint8_t len;
	uint8_t b[6];
};

enum lke_profile {
	LKE_PROFILE_DEFAULT, /* safe decisions, interoperates with draft01 peers */
	LKE_PROFILE_DRAFT01, /* the letter of draft-liu-mobileip-lke-01 */
};

enum lke_role {
	LKE_ROLE_MN = 1,
	LKE_ROLE_AR = 2,
	LKE_ROLE_HA = 4,
};

/* Every protocol message the engine sends or receives, for notes and traces. */
/* clang-format off */
#define LKE_MSG_LIST(X) \
	X(NONE, "-") \
	X(RS, "Router Solicitation") \
	X(RA, "Router Advertisement") \
	X(NS, "Neighbor Solicitation") \
	X(NA, "Neighbor Advertisement") \
	X(DAD_NS, "DAD Neighbor Solicitation") \
	X(DAD_NS_AUTH, "DAD NS + Authentication Request") \
	X(DAD_NA_AUTH, "NA + Authentication Reply") \
	X(KEREQ, "Key Exchange Request") \
	X(KEACK, "Key Exchange Acknowledgement") \
	X(BU, "Binding Update") \
	X(BA, "Binding Acknowledgement") \
	X(FINISHED, "Finished") \
	X(BRR, "Binding Refresh Request") \
	X(BE, "Binding Error") \
	X(DHAAD_REQUEST, "Home Agent Address Discovery Request") \
	X(DHAAD_REPLY, "Home Agent Address Discovery Reply") \
	X(MPS, "Mobile Prefix Solicitation") \
	X(MPA, "Mobile Prefix Advertisement") \
	X(CARE_OF_TEST, "care-of address test") \
	X(ICMP_ERROR, "ICMPv6 error") \
	X(HOTI, "Home Test Init") \
	X(COTI, "Care-of Test Init") \
	X(HOT, "Home Test") \
	X(COT, "Care-of Test")
/* clang-format on */

enum lke_msg {
#define X(id, text) LKE_MSG_##id,
	LKE_MSG_LIST(X)
#undef X
		LKE_MSG_COUNT
};

#endif
