/* SPDX-License-Identifier: ISC */
/* Defaults of lke.conf(5). */
#include "lke/config.h"
#include "core/params.h"

#include <string.h>

void lke_config_ar_defaults(struct lke_config_ar *ret_ar)
{
	*ret_ar = (struct lke_config_ar){
		.lke = true,
		.max_lifetime = LKE_MAX_LIFETIME,
		.router_lifetime = LKE_MAX_LIFETIME,
		.ra_max_interval_ms = 600000,
		.ra_min_interval_ms = 200000,
		.ra_min_delay_ms = 3000,
		.interval_option = true,
		.hop_limit = 64,
		.prefix_valid = 86400,
		.prefix_preferred = 14400,
		.advertise = LKE_ADVERTISE_FULL,
		.finished = true,
		.kex_cpu_percent = 25,
		.max_lbsa = AR_MAX_LBSA,
		.max_per_mac = AR_MAX_PER_MAC,
		.buffer = true,
	};
}

void lke_config_defaults(struct lke_config *ret_cfg)
{
	memset(ret_cfg, 0, sizeof(*ret_cfg));
	ret_cfg->profile = LKE_PROFILE_DEFAULT;
	for (unsigned n = 0; n < LKE_MAX_IFACES; n++)
		lke_config_ar_defaults(&ret_cfg->ar[n]);
	ret_cfg->rsa_rotation = AR_KEY_AGE;
	ret_cfg->mn.strategy = LKE_STRATEGY_OLDEST;
	ret_cfg->mn.lke = true;
	ret_cfg->mn.min_rsa_bits = 1024;
	ret_cfg->ha.max_lifetime = 3600;
	ret_cfg->ha.reserve = SEQ_RESERVE;
	ret_cfg->ha.enforce_cycle = true;
	ret_cfg->ha.advertise = LKE_HA_ADVERTISE_AUGMENT;
	ret_cfg->ha.ha_lifetime = 1800;
	ret_cfg->ha.router_lifetime = 1800;
	ret_cfg->ha.ra_max_interval_ms = 600000;
	ret_cfg->ha.ra_min_interval_ms = 200000;
	ret_cfg->ha.prefix_valid = 2592000; /* RFC 4861 6.2.1 */
	ret_cfg->ha.prefix_preferred = 604800;
	ret_cfg->ha.discovery = true;
	ret_cfg->ha.max_updates = 10;	     /* MAX_UPDATE_RATE of RFC 6275 section 12 is 3 */
	ret_cfg->ha.mobile_prefix_min = 600; /* RFC 6275 section 12 */
	ret_cfg->ha.mobile_prefix_max = 86400;
	ret_cfg->ha.rekey_overlap = 7 * 86400;
}
