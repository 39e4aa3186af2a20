/* SPDX-License-Identifier: ISC */
/*
 * Configuration of an engine.  Plain data, copied by lke_engine_new(); lke_config_defaults() fills
 * in every default of lke.conf(5).  Durations are seconds unless the name says otherwise.
 */
#ifndef LKE_CONFIG_H
#define LKE_CONFIG_H

#include "lke/types.h"

#define LKE_MAX_IFACES	 16  /* interfaces of one role */
#define LKE_MAX_PREFIXES 8   /* prefixes an access router advertises on one interface */
#define LKE_MAX_HOMES	 4   /* home addresses of one mobile node */
#define LKE_DNSSL_MAX	 256 /* octets of a DNS search list */

enum lke_advertise { LKE_ADVERTISE_FULL, LKE_ADVERTISE_AUGMENT, LKE_ADVERTISE_NO };

/* Home Agent Information option: AUTO is RFC 6275 7.4, only when it says more than the defaults. */
enum lke_ha_info { LKE_HA_INFO_AUTO, LKE_HA_INFO_YES, LKE_HA_INFO_NO };

struct lke_prefix {
	struct lke_in6 addr;
	uint8_t len;
	bool off_link, not_autonomous; /* without the L or the A bit */
	bool timed;		       /* has its own lifetimes, else those of the interface */
	uint32_t valid, preferred;     /* UINT32_MAX: infinite */
};

/* [AccessRouter] of one interface */
struct lke_config_ar {
	char interface[LKE_IFNAME_MAX];
	struct lke_prefix
		prefix[LKE_MAX_PREFIXES]; /* none: the /64s of the interface's addresses */
	unsigned prefixes;
	bool lke;		  /* advertise the LKE capability (H bit and option 6) */
	uint16_t max_lifetime;	  /* 7200; Maximum Lifetime of option 6, draft 3.1.1 */
	uint16_t router_lifetime; /* 7200; never below max_lifetime unless set so, AMB-041 */
	uint16_t ha_lifetime;	  /* 0: as router_lifetime */
	uint16_t ha_preference;	  /* 0 */
	enum lke_ha_info ha_info;
	uint32_t ra_max_interval_ms;		 /* 600000 */
	uint32_t ra_min_interval_ms;		 /* 200000 */
	uint32_t ra_min_delay_ms;		 /* 3000; MinDelayBetweenRAs, RFC 6275 13 */
	uint32_t ra_delay_ms;			 /* 0, AMB-181 */
	bool interval_option;			 /* Advertisement Interval option */
	uint32_t prefix_valid, prefix_preferred; /* 86400, 14400; UINT32_MAX: infinite */
	bool managed, other;			 /* M and O: there is DHCPv6 */
	uint8_t hop_limit;			 /* 64; 0: unspecified */
	uint32_t reachable_ms, retrans_ms;	 /* 0: unspecified */
	uint32_t mtu;				 /* 0: not advertised */
	struct lke_in6 rdnss[3];
	unsigned rdnss_count;
	uint8_t dnssl[LKE_DNSSL_MAX]; /* names as in RFC 1035 3.1 */
	unsigned dnssl_len;
	uint32_t rdnss_lifetime, dnssl_lifetime; /* 0: three times ra_max_interval_ms */
	int preference;				 /* RFC 4191: -1 low, 0 medium, 1 high */
	enum lke_advertise advertise;
	bool finished;		       /* ask for the Finished message */
	unsigned kex_cpu_percent;      /* 25, AMB-060 */
	unsigned max_lbsa;	       /* 65536 */
	unsigned max_per_mac;	       /* 16 */
	uint32_t max_binding_lifetime; /* s; 0: 240, in draft01 that of the LBSA (AMB-179) */
	bool buffer; /* true; keep packets for mobile nodes that leave (LKE_ACT_BUFFER) */
};

enum lke_esp_enc { LKE_ESP_NULL, LKE_ESP_AES_CBC };
enum lke_esp_auth { LKE_ESP_HMAC_SHA1_96, LKE_ESP_HMAC_SHA256_128 };

/* One direction of a manually keyed transport mode ESP security association (RFC 3776, AMB-156,
 * AMB-159). */
struct lke_config_sa {
	uint32_t spi; /* >= 256 */
	enum lke_esp_enc enc;
	enum lke_esp_auth auth;
	uint8_t enc_key[32];
	uint8_t enc_key_len; /* 0, 16, 24 or 32 */
	uint8_t auth_key[32];
	uint8_t auth_key_len; /* 20 for SHA-1, 32 for SHA-256 */
};

/* One home address of a mobile node. */
struct lke_config_home {
	struct lke_in6 addr;
	struct lke_in6 agent;
	uint8_t prefix_len; /* of the home link, 64 */
	uint32_t lifetime;  /* asked for, 600 */
	struct lke_config_sa to_ha, to_mn;
	uint32_t generation; /* of the keys */
};

enum lke_strategy { LKE_STRATEGY_OLDEST, LKE_STRATEGY_BOTH }; /* draft 2.2 (2) and (1) */

/* [MobileNode] */
struct lke_config_mn {
	char interface[LKE_MAX_IFACES][LKE_IFNAME_MAX]; /* first = preferred */
	unsigned interfaces;
	struct lke_config_home home[LKE_MAX_HOMES];
	unsigned homes;
	enum lke_strategy strategy;
	bool local_only; /* AMB-073 */
	bool lke;
	unsigned min_rsa_bits;	   /* 1024 */
	uint16_t lifetime;	   /* requested LBSA lifetime; 0: the access router's maximum */
	uint8_t stable_secret[32]; /* RFC 7217 */
};

/* [Mobile NAME]: policy entry of one home address (SEC-050) */
struct lke_config_mobile {
	char name[LKE_NAME_MAX];
	struct lke_in6 home;
	struct lke_config_sa to_ha, to_mn;
	uint32_t generation;
	uint32_t max_lifetime; /* 0: the home agent's */
	unsigned max_updates;  /* a second; 0: the home agent's */
	bool suspended;
	unsigned updates_per_day;	 /* expected, for advice; 0: unknown */
	char identity[LKE_IDENTITY_MAX]; /* whose dynamic keys serve it (SEC-049); "": nobody's */
};

/* Router Advertisements of a home agent on its home links. */
enum lke_ha_advertise {
	LKE_HA_ADVERTISE_AUGMENT,    /* one behind each of another daemon of this host */
	LKE_HA_ADVERTISE_HOME_AGENT, /* as a home agent that is no router of the link */
	LKE_HA_ADVERTISE_FULL,	     /* as the router of the link */
	LKE_HA_ADVERTISE_NO,
};

/* [HomeAgent] */
struct lke_config_ha {
	char interface[LKE_MAX_IFACES][LKE_IFNAME_MAX]; /* home links */
	unsigned interfaces;
	uint32_t max_lifetime;	/* 3600 */
	unsigned reserve;	/* 64: sequence numbers reserved ahead by one checkpoint, AMB-151 */
	bool enforce_cycle;	/* AMB-172 */
	unsigned max_jump;	/* 0: off, AMB-174 */
	uint32_t rekey_overlap; /* 604800; for whoever feeds LKE_EV_KEYING */
	bool volatile_state;	/* no stable storage: replay protection is lost at a restart */
	/* The home link, RFC 6275 section 7, 8.4, 10.5, 10.6 */
	enum lke_ha_advertise advertise;
	uint16_t preference;				 /* 0; Home Agent Preference */
	uint16_t ha_lifetime;				 /* 1800; Home Agent Lifetime */
	uint16_t router_lifetime;			 /* 1800; with full */
	uint32_t ra_max_interval_ms, ra_min_interval_ms; /* 600000, 200000 */
	uint32_t prefix_valid, prefix_preferred;	 /* 2592000, 604800; with full */
	bool discovery;					 /* answer home agent address discovery */
	uint32_t mobile_prefix_min, mobile_prefix_max;	 /* 600, 86400 */
	/* Ill-behaving mobile nodes, SEC-027 to 031 */
	unsigned require_dynamic_above; /* 0: off; Binding Updates a day, SEC-064 */
	unsigned max_updates;	 /* 10: Binding Updates of one mobile node a second; 0: no limit */
	uint32_t care_of_credit; /* 0: off; octets to a care-of address before it is proved */
	struct lke_prefix refuse[LKE_MAX_PREFIXES]; /* no care-of address in these */
	unsigned refused;
	const struct lke_config_mobile *mobile; /* borrowed during lke_engine_new() only */
	unsigned mobiles;
};

struct lke_config {
	enum lke_profile profile;
	struct lke_config_ar ar[LKE_MAX_IFACES];
	unsigned ars;	       /* 0: not an access router */
	bool keep_state;       /* access router: LKE_ACT_RECORD for what must outlive a restart */
	uint32_t rsa_rotation; /* s, 86400: age at which an access router asks for a new RSA key */
	struct lke_config_mn mn; /* interfaces 0: not a mobile node */
	struct lke_config_ha ha; /* interfaces 0: not a home agent */
	uint8_t seed[32];	 /* from the system's generator; all randomness of the engine */
};

/* Zeroes ret_cfg and sets every default. */
void lke_config_defaults(struct lke_config *ret_cfg);
void lke_config_ar_defaults(struct lke_config_ar *ret_ar);

#endif
