/* SPDX-License-Identifier: ISC */
/* Impossible combinations, and the key files. */
#include <pwd.h>
#include <string.h>

#include "base/in6.h"
#include "base/mem.h"
#include "daemon/config_parser.h"
#include "daemon/key_file.h"
#include "daemon/key_store.h"

#define AT(place) p->r, (place)->file, (place)->line

/* A problem of two keys is one of the first of them that is written down, else of the section. */
static int line_of(const struct place *section, const struct key_lines *keys, const char *name,
		   const char *other)
{
	int line = section->line;

	for (unsigned n = 0; n < keys->n; n++)
		if (strcmp(keys->name[n], name) == 0)
			return keys->line[n];
		else if (strcmp(keys->name[n], other) == 0)
			line = keys->line[n];
	return line;
}

#define AT_AR(name, other) p->r, at->file, line_of(at, &parsed->keys, name, other)
#define AT_HA(name, other) p->r, p->ha.file, line_of(&p->ha, &p->ha_keys, name, other)

static void check_ar_lifetimes(struct parser *p, struct lke_config_ar *ar,
			       const struct parsed_ar *parsed)
{
	const struct place *at = &parsed->place;

	/* AMB-041: the recommended 7200 s is above the default of RFC 4861, so the router lifetime
	 * follows unless it was set. */
	if (!parsed->router_lifetime_set && ar->router_lifetime < ar->max_lifetime &&
	    ar->max_lifetime <= 9000)
		ar->router_lifetime = ar->max_lifetime;
	if (ar->lke && ar->max_lifetime > ar->router_lifetime)
		report_error(AT_AR("MaxLifetime", "RouterLifetime"),
			     "MaxLifetime (%us) is above RouterLifetime (%us); raise "
			     "RouterLifetime (at most "
			     "9000s) or lower MaxLifetime (draft 3.1.1)",
			     ar->max_lifetime, ar->router_lifetime);
	if (ar->lke && ar->ha_lifetime && ar->max_lifetime > ar->ha_lifetime)
		report_error(AT_AR("MaxLifetime", "HomeAgentLifetime"),
			     "MaxLifetime (%us) is above HomeAgentLifetime (%us) (draft 3.1.1); "
			     "lower MaxLifetime",
			     ar->max_lifetime, ar->ha_lifetime);
	if (ar->max_lifetime < 600 || ar->max_lifetime > 9000)
		report_warning(
			AT_AR("MaxLifetime", ""),
			"MaxLifetime = %us: below 600s mobiles exchange keys all the time, above "
			"9000s no router lifetime can cover it; 7200s is the draft's advice",
			ar->max_lifetime);
	if (ar->router_lifetime && ar->router_lifetime < (ar->ra_max_interval_ms + 999) / 1000)
		report_error(AT_AR("RouterLifetime", "RaInterval"),
			     "RouterLifetime (%us) is below RaInterval (%ums) (RFC 4861 6.2.1); "
			     "raise it",
			     ar->router_lifetime, ar->ra_max_interval_ms);
	if (ar->prefix_preferred > ar->prefix_valid)
		report_error(AT_AR("PrefixPreferred", "PrefixValid"),
			     "PrefixPreferred (%us) is above PrefixValid (%us) (RFC 4861 4.6.2); "
			     "lower it",
			     ar->prefix_preferred, ar->prefix_valid);
}

/* RFC 4861 6.2.1 (with its erratum 3154), RFC 6275 7.5 and 13. */
static void check_ar_intervals(struct parser *p, struct lke_config_ar *ar,
			       const struct parsed_ar *parsed)
{
	const struct place *at = &parsed->place;
	uint32_t max = ar->ra_max_interval_ms;

	if (!parsed->ra_min_interval_set)
		ar->ra_min_interval_ms = max >= 9000 ? max / 3 : max / 4 * 3;
	if (!parsed->ra_min_delay_set && ar->ra_min_delay_ms > ar->ra_min_interval_ms)
		ar->ra_min_delay_ms = ar->ra_min_interval_ms;
	if (ar->ra_min_interval_ms > (uint64_t)max * 3 / 4)
		report_error(AT_AR("RaMinInterval", "RaInterval"),
			     "RaMinInterval (%ums) is above three quarters of RaInterval (%ums) "
			     "(RFC 4861 6.2.1); lower it",
			     ar->ra_min_interval_ms, max);
	if (ar->ra_min_delay_ms > ar->ra_min_interval_ms)
		report_error(
			AT_AR("RaMinDelay", "RaMinInterval"),
			"RaMinDelay (%ums) is above RaMinInterval (%ums) (RFC 6275 13); lower it",
			ar->ra_min_delay_ms, ar->ra_min_interval_ms);
	if ((ar->rdnss_count && ar->rdnss_lifetime && ar->rdnss_lifetime < max / 1000) ||
	    (ar->dnssl_len && ar->dnssl_lifetime && ar->dnssl_lifetime < max / 1000))
		report_warning(AT_AR("RdnssLifetime", "DnsslLifetime"),
			       "RdnssLifetime or DnsslLifetime is below RaInterval: hosts lose it "
			       "between two advertisements (RFC 8106 5.1); raise it");
}

/* What the other daemon says is its own configuration's business. */
static void check_ar_augment(struct parser *p, const struct lke_config_ar *ar,
			     const struct parsed_ar *parsed)
{
	if (ar->advertise != LKE_ADVERTISE_AUGMENT)
		return;
	if (ar->prefixes || ar->mtu || ar->rdnss_count || ar->dnssl_len || ar->managed ||
	    ar->other || ar->preference || ar->ha_preference || ar->ha_lifetime ||
	    parsed->router_lifetime_set || parsed->ra_min_interval_set)
		report_warning(
			p->r, parsed->place.file,
			line_of(&parsed->place, &parsed->keys, "Advertise", ""),
			"keys of the advertisement have no effect with Advertise = augment: "
			"flags, lifetimes and prefixes are those of the other daemon; remove them");
}

static void check_ar(struct parser *p, unsigned i)
{
	struct lke_config *cfg = &p->cfg->engine;
	struct lke_config_ar *ar = &cfg->ar[i];
	const struct place *at = &p->ar[i].place;

	check_ar_lifetimes(p, ar, &p->ar[i]);
	check_ar_intervals(p, ar, &p->ar[i]);
	check_ar_augment(p, ar, &p->ar[i]);
	ar->buffer = p->cfg->buffer_packets > 0;
	if (!ar->interface[0]) {
		if (!at->broken)
			report_error(AT(at), "[AccessRouter] needs Interface");
		return;
	}
	for (unsigned j = 0; j < i; j++)
		if (strcmp(cfg->ar[j].interface, ar->interface) == 0)
			report_error(
				AT(at),
				"interface %s has an [AccessRouter] section already, at %s:%d; "
				"remove one",
				ar->interface, p->ar[j].place.file, p->ar[j].place.line);
	if (daemon_config_is_mn_interface(p->cfg, ar->interface))
		report_error(AT(at),
			     "interface %s cannot be of an access router and of a mobile node; "
			     "give each its own",
			     ar->interface);
	if (ar->advertise == LKE_ADVERTISE_NO && ar->prefixes)
		report_warning(p->r, at->file, line_of(at, &p->ar[i].keys, "Advertise", ""),
			       "Prefix has no effect with Advertise = no; remove one");
}

static void load_key(struct parser *p, const struct place *at, const char *path, uid_t owner,
		     struct lke_config_sa *to_ha, struct lke_config_sa *to_mn, uint32_t *generation)
{
	struct key_file keys;

	if (key_file_load(path, owner, p->r, &keys) < 0) {
		report_error(AT(at), "key file %s cannot be used; the lines before say why", path);
		return;
	}
	*to_ha = keys.to_ha;
	*to_mn = keys.to_mn;
	*generation = keys.generation;
	mem_wipe(&keys, sizeof(keys));
}

static void check_home(struct parser *p, unsigned i, uid_t owner)
{
	struct lke_config_mn *mn = &p->cfg->engine.mn;
	struct lke_config_home *home = &mn->home[i];
	const struct place *at = &p->home[i].place;

	if (!p->home[i].agent_set) {
		if (!p->mn.broken)
			report_error(AT(at), "HomeAddress needs a HomeAgent after it");
	} else if (in6_eq(&home->addr, &home->agent)) {
		report_error(AT(at), "HomeAddress and HomeAgent are the same; correct one");
	} else if (in6_is_unspecified(&home->agent) && home->prefix_len != 64) {
		report_error(AT(at), "HomeAgent = auto needs HomePrefixLength = 64 (RFC 6275 8.4)");
	}
	for (unsigned j = 0; j < i; j++)
		if (in6_eq(&mn->home[j].addr, &home->addr))
			report_error(AT(at), "HomeAddress is given twice; remove one");
	if (!p->home[i].key[0] && p->mn.broken)
		return;
	if (!p->home[i].key[0])
		report_error(
			AT(at),
			"HomeAddress needs a Key: without a security association no home agent "
			"accepts it; run: lke genkey");
	else if (!(p->cfg->home_key[i] = strdup(p->home[i].key)))
		report_error(AT(at), "out of memory");
	else
		load_key(p, at, p->home[i].key, owner, &home->to_ha, &home->to_mn,
			 &home->generation);
}

static void check_mn(struct parser *p, uid_t owner)
{
	struct lke_config_mn *mn = &p->cfg->engine.mn;

	if (!p->mn.line)
		return;
	if (!mn->interfaces && !p->mn.broken)
		report_error(AT(&p->mn), "[MobileNode] needs Interface");
	if (!mn->homes && !mn->local_only && !p->mn.broken)
		report_error(
			AT(&p->mn),
			"[MobileNode] needs HomeAddress, HomeAgent and Key, or LocalOnly = yes "
			"for mobility without a home agent");
	if (mn->local_only && !mn->lke)
		report_error(AT(&p->mn),
			     "LocalOnly = yes with Lke = no leaves nothing to do; remove one");
	if (mn->local_only && p->cfg->engine.profile == LKE_PROFILE_DRAFT01)
		report_error(
			AT(&p->mn),
			"LocalOnly = yes needs Profile = default: a node of the draft exchanges no "
			"key before its home agent accepted it");
	for (unsigned i = 0; i < mn->homes; i++)
		check_home(p, i, owner);
}

static void check_mobile(struct parser *p, unsigned i, uid_t owner)
{
	struct lke_config_mobile *m = &p->cfg->mobile[i];
	const struct place *at = &p->mobile[i].place;

	if (in6_is_unspecified(&m->home) && !at->broken)
		report_error(AT(at), "[Mobile %s] needs HomeAddress", m->name);
	if (p->mobile[i].key[0]) {
		load_key(p, at, p->mobile[i].key, owner, &m->to_ha, &m->to_mn, &m->generation);
		if (!key_store_add(p->cfg, i, p->mobile[i].key, owner, p->r))
			report_error(AT(at), "out of memory");
	} else if (!at->broken) {
		report_error(AT(at), "[Mobile %s] needs Key; make one with: lke genkey", m->name);
	}
}

static void check_ha_advertisements(struct parser *p, const struct lke_config_ha *ha)
{
	uint32_t interval = (ha->ra_max_interval_ms + 999) / 1000;

	if (ha->ha_lifetime < interval || (ha->router_lifetime && ha->router_lifetime < interval))
		report_error(AT_HA("HomeAgentLifetime", "RaInterval"),
			     "HomeAgentLifetime (%us) and RouterLifetime (%us) must not be below "
			     "RaInterval (%ums): others would forget this router in between",
			     ha->ha_lifetime, ha->router_lifetime, ha->ra_max_interval_ms);
	if (ha->prefix_preferred > ha->prefix_valid)
		report_error(AT_HA("PrefixPreferred", "PrefixValid"),
			     "PrefixPreferred (%us) is above PrefixValid (%us) (RFC 4861 4.6.2); "
			     "lower it",
			     ha->prefix_preferred, ha->prefix_valid);
	if (ha->mobile_prefix_min > ha->mobile_prefix_max)
		report_error(AT_HA("MobilePrefixMin", "MobilePrefixMax"),
			     "MobilePrefixMin (%us) is above MobilePrefixMax (%us); lower it",
			     ha->mobile_prefix_min, ha->mobile_prefix_max);
}

static void check_ha(struct parser *p, uid_t owner)
{
	struct lke_config_ha *ha = &p->cfg->engine.ha;

	for (unsigned i = 0; i < p->cfg->mobiles; i++)
		check_mobile(p, i, owner);
	config_mobiles_unique(p);
	if (!p->ha.line) {
		if (p->cfg->mobiles)
			report_error(AT(&p->mobile[0].place),
				     "[Mobile] without a [HomeAgent] section; add one");
		return;
	}
	check_ha_advertisements(p, ha);
	config_mobiles_advise(p);
	if (!ha->interfaces && !p->ha.broken)
		report_error(AT(&p->ha), "[HomeAgent] needs Interface, the home link");
	if (!p->cfg->mobiles)
		report_warning(
			AT(&p->ha),
			"[HomeAgent] without any [Mobile NAME] section serves nobody; add one");
	if (ha->volatile_state)
		report_warning(AT_HA("SequenceStore", ""),
			       "SequenceStore = none: old Binding Updates can be replayed after a "
			       "restart (RFC 6275 15.3); remove it where that matters");
	for (unsigned i = 0; i < ha->interfaces; i++)
		if (daemon_config_is_mn_interface(p->cfg, ha->interface[i]))
			report_error(AT(&p->ha),
				     "interface %s cannot be of a home agent and of a mobile node; "
				     "give each its own",
				     ha->interface[i]);
}

void config_check(struct parser *p)
{
	struct daemon_config *cfg = p->cfg;
	struct passwd *pw = getpwnam(cfg->user);

	if (!pw)
		report_error(p->r, p->file, 0,
			     "user %s of [Daemon] does not exist; create it, or name another one",
			     cfg->user);
	else if (pw->pw_uid == 0)
		report_error(p->r, p->file, 0,
			     "user of [Daemon] must not be root: it runs the process that "
			     "reads packets");
	for (unsigned i = 0; i < cfg->engine.ars; i++)
		check_ar(p, i);
	check_mn(p, pw ? pw->pw_uid : 0);
	check_ha(p, pw ? pw->pw_uid : 0);
	if (!p->mn.line && !p->ha.line && !cfg->engine.ars && p->r->errors == 0)
		report_error(p->r, p->file, 0,
			     "no role: give an [AccessRouter], [MobileNode] or [HomeAgent] "
			     "section");
	if (daemon_config_has_interface(cfg, cfg->tun))
		report_error(p->r, p->file, 0,
			     "Tun = %s is also an interface of a role; give it another name",
			     cfg->tun);
}
