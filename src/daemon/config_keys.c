/* SPDX-License-Identifier: ISC */
/* Every key of lke.conf(5), with its range and unit. */
#include <stdlib.h>
#include <string.h>

#include "base/in6.h"
#include "base/nearest.h"
#include "base/str.h"
#include "daemon/config_diff.h"
#include "daemon/config_ra.h"
#include "daemon/config_value.h"

static void set_profile(struct parser *p, const struct key *k, void *base, const char *value)
{
	int i = value_word_index(p, k, value);

	if (i < 0)
		return;
	if (p->profile_set && p->cfg->engine.profile != (enum lke_profile)i)
		config_problem(
			p, "Profile = %s differs from an earlier section; a host has one profile",
			value);
	p->cfg->engine.profile = (enum lke_profile)i;
	p->profile_set = true;
}

static const char *const profile_words[] = { "default", "draft01", NULL };
static const char profile_restart[] = "keys and bindings of one profile mean nothing to the other";

/* --- [AccessRouter] --- */

static void set_prefix(struct parser *p, const struct key *k, void *base, const char *value)
{
	struct lke_config_ar *ar = base;
	struct lke_prefix prefix;
	const char *why;

	if (strcmp(value, "auto") == 0)
		return;
	why = config_prefix(value, ar->prefix_valid, ar->prefix_preferred, &prefix);
	if (why)
		config_problem(p, "Prefix = %s: %s", value, why);
	else if (ar->prefixes == LKE_MAX_PREFIXES)
		config_problem(p, "more than %d prefixes on one interface; remove some",
			       LKE_MAX_PREFIXES);
	else
		ar->prefix[ar->prefixes++] = prefix;
}

static void set_lifetime(struct parser *p, const struct key *k, void *base, const char *value)
{
	uint32_t v;

	if (!config_lifetime(value, &v))
		config_problem(p, "%s = %s is not a time; give one like 2h, or infinite", k->name,
			       value);
	else if (v < k->min)
		config_problem(p, "%s = %s must be above 0", k->name, value);
	else
		value_store(base, k, v);
}

static void set_dnssl(struct parser *p, const struct key *k, void *base, const char *value)
{
	struct lke_config_ar *ar = base;
	const char *why = config_domain(value, ar->dnssl, &ar->dnssl_len);

	if (why)
		config_problem(p, "Dnssl = %s %s", value, why);
}

static void set_rdnss(struct parser *p, const struct key *k, void *base, const char *value)
{
	struct lke_config_ar *ar = base;
	struct lke_in6 a;

	if (in6_parse(value, &a) < 0 || in6_is_multicast(&a) || in6_is_unspecified(&a))
		config_problem(p,
			       "Rdnss = %s is not the address of a name server; give one like "
			       "2001:db8:1::53",
			       value);
	else if (ar->rdnss_count == 3)
		config_problem(p, "more than 3 name servers; remove some");
	else
		ar->rdnss[ar->rdnss_count++] = a;
}

static void set_router_lifetime(struct parser *p, const struct key *k, void *base,
				const char *value)
{
	p->ar[p->cfg->engine.ars - 1].router_lifetime_set = true;
	value_number(p, k, base, value);
}

/* What is not set follows from RaInterval; see check_ar_intervals(). */
static void set_ra_min_interval(struct parser *p, const struct key *k, void *base,
				const char *value)
{
	p->ar[p->cfg->engine.ars - 1].ra_min_interval_set = true;
	value_number(p, k, base, value);
}

static void set_ra_min_delay(struct parser *p, const struct key *k, void *base, const char *value)
{
	p->ar[p->cfg->engine.ars - 1].ra_min_delay_set = true;
	value_number(p, k, base, value);
}

static void set_rsa_bits(struct parser *p, const struct key *k, void *base, const char *value)
{
	unsigned before = p->cfg->rsa_bits;

	value_number(p, k, p->cfg, value);
	if (p->rsa_bits_set && p->cfg->rsa_bits != before)
		config_problem(p,
			       "RsaBits = %s differs from an earlier section; a host has one key",
			       value);
	else if (p->cfg->rsa_bits < 2048)
		report_warning(p->r, p->file, p->line,
			       "RsaBits = %s: keys below 2048 bits can be broken (the draft "
			       "advises 1024); raise it",
			       value);
	p->rsa_bits_set = true;
}

static void set_rsa_rotation(struct parser *p, const struct key *k, void *base, const char *value)
{
	uint32_t before = p->cfg->engine.rsa_rotation;

	value_number(p, k, &p->cfg->engine, value);
	if (p->rsa_rotation_set && p->cfg->engine.rsa_rotation != before)
		config_problem(
			p, "RsaRotation = %s differs from an earlier section; a host has one key",
			value);
	else if (p->cfg->engine.rsa_rotation < 1200)
		report_warning(p->r, p->file, p->line,
			       "RsaRotation = %s: below 20m requests under the previous key are "
			       "lost; raise it",
			       value);
	p->rsa_rotation_set = true;
}

static void set_state_file(struct parser *p, const struct key *k, void *base, const char *value)
{
	value_bool(p, k, p->cfg, value);
}

/* One forwarding plane serves all interfaces. */
static void set_of_host(struct parser *p, const struct key *k, void *base, const char *value)
{
	value_number(p, k, p->cfg, value);
}

static void set_preference(struct parser *p, const struct key *k, void *base, const char *value)
{
	struct lke_config_ar *ar = base;
	int i = value_word_index(p, k, value);

	if (i >= 0)
		ar->preference = i - 1;
}

static void set_forward(struct parser *p, const struct key *k, void *base, const char *value)
{
	int i = value_word_index(p, k, value);

	if (i < 0)
		return;
	if (p->forward_set && (int)p->cfg->forward != i)
		config_problem(p,
			       "Forward = %s differs from an earlier section; a host has one plane",
			       value);
	p->cfg->forward = i;
	p->forward_set = true;
}

static const char *const advertise_words[] = { "full", "augment", "no", NULL };
static const char *const ha_info_words[] = { "auto", "yes", "no", NULL };
static const char *const preference_words[] = { "low", "medium", "high", NULL };
static const char *const forward_words[] = { "auto", "bpf", "tun", NULL };
static const char forward_restart[] =
	"the programs of the forwarding plane are loaded at the start";

#define AR(field) FIELD(struct lke_config_ar, field)
static const struct key ar_keys[] = {
	{ "Interface", value_interface, AR(interface) },
	{ "Prefix", set_prefix, .many = true },
	{ "Lke", value_bool, AR(lke) },
	{ "MaxLifetime", value_number, AR(max_lifetime), 4, 65532, UNIT_SECONDS },
	{ "RouterLifetime", set_router_lifetime, AR(router_lifetime), 0, 9000, UNIT_SECONDS },
	{ "HomeAgentLifetime", value_number, AR(ha_lifetime), 1, 65535, UNIT_SECONDS },
	{ "HomeAgentPreference", value_number, AR(ha_preference), 0, 65535 },
	{ "HomeAgentInfo", value_word, AR(ha_info), .word = ha_info_words },
	{ "RaInterval", value_number, AR(ra_max_interval_ms), 70, 1800000, UNIT_MILLISECONDS },
	{ "RaMinInterval", set_ra_min_interval, AR(ra_min_interval_ms), 30, 1350000,
	  UNIT_MILLISECONDS },
	{ "RaMinDelay", set_ra_min_delay, AR(ra_min_delay_ms), 30, 60000, UNIT_MILLISECONDS },
	{ "RaIntervalOption", value_bool, AR(interval_option) },
	{ "RaDelay", value_number, AR(ra_delay_ms), 0, 500, UNIT_MILLISECONDS },
	{ "PrefixValid", set_lifetime, AR(prefix_valid), 1 },
	{ "PrefixPreferred", set_lifetime, AR(prefix_preferred) },
	{ "Managed", value_bool, AR(managed) },
	{ "OtherConfig", value_bool, AR(other) },
	{ "HopLimit", value_number, AR(hop_limit), 0, 255 },
	{ "ReachableTime", value_number, AR(reachable_ms), 0, 3600000, UNIT_MILLISECONDS },
	{ "RetransTimer", value_number, AR(retrans_ms), 0, 3600000, UNIT_MILLISECONDS },
	{ "Mtu", value_number, AR(mtu), 1280, 65535 },
	{ "Rdnss", set_rdnss, .many = true },
	{ "RdnssLifetime", set_lifetime, AR(rdnss_lifetime), 1 },
	{ "Dnssl", set_dnssl, .many = true },
	{ "DnsslLifetime", set_lifetime, AR(dnssl_lifetime), 1 },
	{ "Preference", set_preference, .word = preference_words },
	{ "Advertise", value_word, AR(advertise), .word = advertise_words },
	{ "Finished", value_bool, AR(finished) },
	{ "RsaBits", set_rsa_bits, FIELD(struct daemon_config, rsa_bits), 1024, 4096 },
	{ "RsaRotation", set_rsa_rotation, FIELD(struct lke_config, rsa_rotation), 5, 31 * 86400,
	  UNIT_SECONDS },
	{ "KexCpu", value_number, AR(kex_cpu_percent), 1, 100, UNIT_PERCENT },
	{ "MaxLbsa", value_number, AR(max_lbsa), 1, 1048576 },
	{ "MaxPerMac", value_number, AR(max_per_mac), 1, 65536 },
	{ "MaxBindingLifetime", value_number, AR(max_binding_lifetime), 4, 65535, UNIT_SECONDS },
	{ "BufferPackets", set_of_host, FIELD(struct daemon_config, buffer_packets), 0, 65536 },
	{ "BufferTotal", set_of_host, FIELD(struct daemon_config, buffer_total), 0, 1 << 30,
	  UNIT_OCTETS },
	{ "Forward", set_forward, .word = forward_words, .restart = forward_restart },
	{ "StateFile", set_state_file, FIELD(struct daemon_config, state_file),
	  .restart = "the files are opened, and their key is made, at the start" },
	{ "Profile", set_profile, .word = profile_words, .restart = profile_restart },
	{ 0 },
};

/* --- [MobileNode] --- */

static void set_mn_interface(struct parser *p, const struct key *k, void *base, const char *value)
{
	struct lke_config_mn *mn = base;

	value_add_interface(p, k, mn->interface, &mn->interfaces, value);
}

/* HomeAddress begins a home; the keys after it belong to it. */
static void set_home_address(struct parser *p, const struct key *k, void *base, const char *value)
{
	struct lke_config_mn *mn = base;
	struct lke_config_home home = { .prefix_len = 64, .lifetime = 600 };

	value_address(p, k, &home, value);
	if (mn->homes == LKE_MAX_HOMES) {
		config_problem(p, "more than %d home addresses; remove some", LKE_MAX_HOMES);
		return;
	}
	p->home[mn->homes] = (struct parsed_home){ .place = config_here(p) };
	mn->home[mn->homes++] = home;
}

static struct lke_config_home *current_home(struct parser *p, const struct key *k)
{
	struct lke_config_mn *mn = &p->cfg->engine.mn;

	if (mn->homes > 0)
		return &mn->home[mn->homes - 1];
	config_problem(p, "%s must stand after the HomeAddress it belongs to", k->name);
	return NULL;
}

static void set_home_agent(struct parser *p, const struct key *k, void *base, const char *value)
{
	struct lke_config_home *home = current_home(p, k);

	if (!home)
		return;
	/* auto: discovered on the home link (RFC 6275 11.4.1), the address stays :: */
	if (strcmp(value, "auto") != 0)
		value_address(p, k, home, value);
	p->home[p->cfg->engine.mn.homes - 1].agent_set = true;
}

static void set_home_number(struct parser *p, const struct key *k, void *base, const char *value)
{
	struct lke_config_home *home = current_home(p, k);

	if (home)
		value_number(p, k, home, value);
}

static void set_home_key(struct parser *p, const struct key *k, void *base, const char *value)
{
	if (current_home(p, k))
		value_path(p, k, p->home[p->cfg->engine.mn.homes - 1].key, value);
}

static const char *const strategy_words[] = { "oldest", "both", NULL };

#define MN(field)   FIELD(struct lke_config_mn, field)
#define HOME(field) FIELD(struct lke_config_home, field)
static const struct key mn_keys[] = {
	{ "Interface", set_mn_interface, .many = true },
	{ "HomeAddress", set_home_address, HOME(addr), .many = true },
	{ "HomeAgent", set_home_agent, HOME(agent), .many = true },
	{ "Key", set_home_key, .many = true },
	{ "HomePrefixLength", set_home_number, HOME(prefix_len), 64, 128, .many = true },
	{ "HomeLifetime", set_home_number, HOME(lifetime), 4, 262140, UNIT_SECONDS, .many = true },
	{ "Strategy", value_word, MN(strategy), .word = strategy_words },
	{ "LocalOnly", value_bool, MN(local_only) },
	{ "Lke", value_bool, MN(lke) },
	{ "MinRsaBits", value_number, MN(min_rsa_bits), 1024, 4096 },
	{ "Lifetime", value_number, MN(lifetime), 4, 65532, UNIT_SECONDS },
	{ "Profile", set_profile, .word = profile_words, .restart = profile_restart },
	{ 0 },
};

/* --- [HomeAgent] --- */

static void set_ha_interface(struct parser *p, const struct key *k, void *base, const char *value)
{
	struct lke_config_ha *ha = base;

	value_add_interface(p, k, ha->interface, &ha->interfaces, value);
}

static void set_audit_size(struct parser *p, const struct key *k, void *base, const char *value)
{
	value_number_or_off(p, k, p->cfg, value);
}

static void set_refuse(struct parser *p, const struct key *k, void *base, const char *value)
{
	struct lke_config_ha *ha = base;

	if (ha->refused == LKE_MAX_PREFIXES)
		config_problem(p, "more than %d prefixes that are refused; remove some",
			       LKE_MAX_PREFIXES);
	else if (!config_net(value, &ha->refuse[ha->refused]))
		config_problem(p, "%s = %s: must be like 2001:db8:1::/48", k->name, value);
	else
		ha->refused++;
}

static void set_ha_interval(struct parser *p, const struct key *k, void *base, const char *value)
{
	struct lke_config_ha *ha = base;

	value_number(p, k, base, value);
	ha->ra_min_interval_ms = ha->ra_max_interval_ms / 3;
}

static const char *const ha_advertise_words[] = { "augment", "home-agent", "full", "no", NULL };
static const char *const store_words[] = { "sqlite", "none", NULL };

#define HA(field) FIELD(struct lke_config_ha, field)
static const struct key ha_keys[] = {
	{ "Interface", set_ha_interface, .many = true },
	{ "MaxLifetime", value_number, HA(max_lifetime), 4, 262140, UNIT_SECONDS },
	{ "SequenceStore", value_word, HA(volatile_state), .word = store_words,
	  .restart = "the store is opened, and read, at the start" },
	{ "Reserve", value_number, HA(reserve), 1, 1024 },
	{ "EnforceCycle", value_bool, HA(enforce_cycle) },
	{ "MaxJump", value_number_or_off, HA(max_jump), 1, 32767 },
	{ "RequireDynamicAbove", value_number_or_off, HA(require_dynamic_above), 1, 10000000 },
	{ "MaxUpdates", value_number_or_off, HA(max_updates), 1, 100000 },
	{ "CareOfCredit", value_number_or_off, HA(care_of_credit), 1280, UINT32_MAX, UNIT_OCTETS },
	{ "AuditSize", set_audit_size, FIELD(struct daemon_config, audit_size), 4096, 1 << 30,
	  UNIT_OCTETS },
	{ "RefuseCareOf", set_refuse, .many = true },
	{ "Advertise", value_word, HA(advertise), .word = ha_advertise_words },
	{ "Preference", value_number, HA(preference), 0, 65535 },
	{ "HomeAgentLifetime", value_number, HA(ha_lifetime), 1, 65535, UNIT_SECONDS },
	{ "RouterLifetime", value_number, HA(router_lifetime), 0, 9000, UNIT_SECONDS },
	{ "RaInterval", set_ha_interval, HA(ra_max_interval_ms), 70, 1800000, UNIT_MILLISECONDS },
	{ "PrefixValid", value_number, HA(prefix_valid), 1, UINT32_MAX - 1, UNIT_SECONDS },
	{ "PrefixPreferred", value_number, HA(prefix_preferred), 0, UINT32_MAX - 1, UNIT_SECONDS },
	{ "Discovery", value_bool, HA(discovery) },
	{ "MobilePrefixMin", value_number, HA(mobile_prefix_min), 1, 86400, UNIT_SECONDS },
	{ "MobilePrefixMax", value_number, HA(mobile_prefix_max), 2, 2592000, UNIT_SECONDS },
	{ "RekeyOverlap", value_number, HA(rekey_overlap), 1, 31536000, UNIT_SECONDS },
	{ "Profile", set_profile, .word = profile_words, .restart = profile_restart },
	{ 0 },
};

/* --- [Mobile NAME] --- */

static void set_mobile_key(struct parser *p, const struct key *k, void *base, const char *value)
{
	value_path(p, k, p->mobile[p->cfg->mobiles - 1].key, value);
}

static void set_identity(struct parser *p, const struct key *k, void *base, const char *value)
{
	if (*value == '\0' || strlen(value) >= k->size)
		config_problem(p, "%s: must be 1 to %zu letters, like alice@example.net", k->name,
			       k->size - 1);
	else
		str_copy((char *)base + k->off, k->size, value);
}

#define MOBILE(field) FIELD(struct lke_config_mobile, field)
static const struct key mobile_keys[] = {
	{ "HomeAddress", value_address, MOBILE(home) },
	{ "Key", set_mobile_key, .many = false },
	{ "MaxLifetime", value_number, MOBILE(max_lifetime), 4, 262140, UNIT_SECONDS },
	{ "MaxUpdates", value_number, MOBILE(max_updates), 1, 100000 },
	{ "Suspended", value_bool, MOBILE(suspended) },
	{ "Identity", set_identity, MOBILE(identity) },
	{ "UpdatesPerDay", value_number, MOBILE(updates_per_day), 1, 10000000 },
	{ 0 },
};

/* --- [Daemon] --- */

static void set_log_level(struct parser *p, const struct key *k, void *base, const char *value)
{
	static const int level[] = { 3, 4, 5, 7 }; /* syslog(3) */
	int i = value_word_index(p, k, value);

	if (i >= 0)
		p->cfg->log_level = level[i];
}

static const char *const log_words[] = { "error", "warning", "notice", "debug", NULL };

static const struct key daemon_keys[] = {
	{ "Tun", value_interface, FIELD(struct daemon_config, tun),
	  .restart = "the device is made, and routes lead to it, from the start" },
	{ "User", value_interface, FIELD(struct daemon_config, user),
	  .restart = "the process that reads packets gave up the right to change its user" },
	{ "LogLevel", set_log_level, .word = log_words },
	{ "Profile", set_profile, .word = profile_words, .restart = profile_restart },
	{ "Forward", set_forward, .word = forward_words, .restart = forward_restart },
	{ 0 },
};

/* --- */

static const struct key *section_keys(struct parser *p, void **ret_base, const char **ret_name)
{
	struct daemon_config *cfg = p->cfg;

	switch (p->section) {
	case SECTION_AR:
		*ret_base = &cfg->engine.ar[cfg->engine.ars - 1];
		*ret_name = "AccessRouter";
		return ar_keys;
	case SECTION_MN:
		*ret_base = &cfg->engine.mn;
		*ret_name = "MobileNode";
		return mn_keys;
	case SECTION_HA:
		*ret_base = &cfg->engine.ha;
		*ret_name = "HomeAgent";
		return ha_keys;
	case SECTION_MOBILE:
		*ret_base = &cfg->mobile[cfg->mobiles - 1];
		*ret_name = "Mobile";
		return mobile_keys;
	case SECTION_DAEMON:
		*ret_base = cfg;
		*ret_name = "Daemon";
		return daemon_keys;
	default:
		return NULL;
	}
}

static const struct {
	const char *section, *title;
	const struct key *keys;
} all[] = { { "AccessRouter", "[AccessRouter]", ar_keys },
	    { "MobileNode", "[MobileNode]", mn_keys },
	    { "HomeAgent", "[HomeAgent]", ha_keys },
	    { "Mobile", "[Mobile NAME]", mobile_keys },
	    { "Daemon", "[Daemon]", daemon_keys } };

#define SECTIONS (sizeof(all) / sizeof(all[0]))

static const struct key *key_find(const struct key *keys, const char *name)
{
	for (const struct key *k = keys; k->name; k++)
		if (strcmp(k->name, name) == 0)
			return k;
	return NULL;
}

const char *config_key_restart(const char *section, const char *key)
{
	for (size_t i = 0; i < SECTIONS; i++) {
		const struct key *k = key_find(all[i].keys, key);

		if (k && strcmp(all[i].section, section) == 0)
			return k->restart;
	}
	return NULL;
}

static const char *nearest_key(const struct key *keys, const char *name)
{
	const char *names[CONFIG_SEEN_MAX];
	size_t n = 0;

	for (; keys[n].name; n++)
		names[n] = keys[n].name;
	names[n] = NULL;
	return nearest_word(name, names);
}

/* "[MobileNode] or [Mobile NAME]": where a key of this name may stand; "" nowhere. */
static void sections_of(const char *name, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < SECTIONS && len < size; i++)
		if (key_find(all[i].keys, name))
			len += (size_t)snprintf(buf + len, size - len, "%s%s", len ? " or " : "",
						all[i].title);
}

/* Right words in a wrong section are met more often than misspelt ones. */
static void unknown_key(struct parser *p, const struct key *keys, const char *section,
			const char *name)
{
	const char *near = nearest_key(keys, name);
	char where[96];

	sections_of(name, where, sizeof(where));
	if (where[0]) {
		config_problem(p,
			       near ? "%s belongs to %s; move it there, or did you mean '%s'?"
				    : "%s belongs to %s; move it there",
			       name, where, near);
		return;
	}
	for (size_t i = 0; i < SECTIONS && !near; i++) {
		near = nearest_key(all[i].keys, name);
		if (near)
			section = all[i].title;
	}
	config_problem(p,
		       !near		   ? "unknown key '%s' in [%s]; see: man lke.conf"
		       : section[0] == '[' ? "unknown key '%s'; did you mean that of %s, '%s'?"
					   : "unknown key '%s' in [%s]; did you mean '%s'?",
		       name, section, near);
}

static int seen_before(struct parser *p, const struct key *k)
{
	struct key_lines *s = p->seen;

	for (unsigned i = 0; i < s->n; i++)
		if (s->name[i] == k->name)
			return s->line[i];
	if (s->n < CONFIG_SEEN_MAX) {
		s->name[s->n] = k->name;
		s->line[s->n++] = p->line;
	}
	return 0;
}

void config_key(struct parser *p, const char *name, const char *value)
{
	const char *section = "";
	void *base = NULL;
	const struct key *keys = section_keys(p, &base, &section), *k;
	int first;

	if (!keys) {
		if (p->section == SECTION_NONE)
			config_problem(p, "'%s' stands before the first [SECTION]; put it into one",
				       name);
		return;
	}
	k = key_find(keys, name);
	if (!k)
		unknown_key(p, keys, section, name);
	else if (!k->many && (first = seen_before(p, k)) != 0)
		config_problem(p, "%s is given twice in [%s], first at line %d; remove one", name,
			       section, first);
	else
		k->set(p, k, base, value);
}
