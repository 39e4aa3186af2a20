/* SPDX-License-Identifier: ISC */
#include "mn_fixture.h"

#include "crypto/fake.h"

#include <stdlib.h>

const struct lke_in6 fix_home = { { 0x20, 0x01, 0x0d, 0xb8, 0, 0xaa, 0, 0, 0, 0, 0, 0, 0, 0, 0,
				    9 } };
const struct lke_in6 fix_agent = { { 0x20, 0x01, 0x0d, 0xb8, 0, 0xaa, 0, 0, 0, 0, 0, 0, 0, 0, 0,
				     1 } };
const struct lke_in6 fix_ll = { { 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x77, 0x77 } };

void (*fix_tweak)(struct lke_config *cfg);

struct lke_in6 fix_addr(const char *text)
{
	struct lke_in6 a;

	assert_int_equal(in6_parse(text, &a), 0);
	return a;
}

struct lke_in6 fix_ar_ll(unsigned n)
{
	struct lke_in6 a = { { 0xfe, 0x80 } };

	a.b[15] = (uint8_t)n;
	return a;
}

struct lke_in6 fix_ar_addr(unsigned n)
{
	struct lke_in6 a = { { 0x20, 0x01, 0x0d, 0xb8, 0, (uint8_t)n } };

	a.b[15] = 1;
	return a;
}

struct lke_lladdr fix_mac(unsigned n)
{
	return (struct lke_lladdr){ .len = 6, .b = { 2, 0, 0, 0, 0, (uint8_t)n } };
}

static void record(struct fix *f, const struct lke_action *a)
{
	struct fix_action *o;

	assert_true(f->n < FIX_ACTIONS);
	o = &f->out[f->n++];
	o->a = *a;
	o->len = 0;
	if (a->type == LKE_ACT_SEND) {
		assert_true(a->send.len <= sizeof(o->data));
		memcpy(o->data, a->send.data, a->send.len);
		o->len = a->send.len;
	}
}

static void answer_encrypt(struct fix *f, const struct lke_act_encrypt *x, uint64_t cookie)
{
	uint8_t ct[RSA_MODULUS_MAX];
	struct lke_event ev = { .type = LKE_EV_RESULT };

	ev.result.cookie = cookie;
	assert_int_equal(rsa_pub_encrypt(x->spki, x->spki_len, x->plain, sizeof(x->plain), ct,
					 sizeof(ct), &ev.result.len),
			 0);
	ev.result.data = ct;
	fix_event(f, &ev);
}

static bool sent(const struct fix *f, size_t n, enum lke_msg msg)
{
	const struct lke_note *x = &f->out[n].a.note;

	return f->out[n].a.type == LKE_ACT_NOTIFY && x->type == LKE_NOTE_MESSAGE && x->out &&
	       x->msg == msg && n > 0 && f->out[n - 1].a.type == LKE_ACT_SEND;
}

/* The router's answer to a solicitation of its own link-local address. */
static void answer_ns(struct fix *f, const struct fix_action *ns)
{
	struct nd_msg m = { .type = ND_NA, .na_flags = ND_NA_R | ND_NA_S | ND_NA_O };
	uint8_t buf[128];
	struct lke_in6 dst;
	int len;

	memcpy(dst.b, ns->data + 8, 16);
	memcpy(m.target.b, ns->data + IP6_HDR_LEN + 8, 16);
	m.lladdr = fix_mac(m.target.b[15]);
	len = nd_encode(&m, &m.target, &dst, 0, buf, sizeof(buf));
	assert_true(len > 0);
	(void)fix_packet(f, m.target.b[15], buf, (size_t)len);
}

static void drain(struct fix *f)
{
	size_t first = f->n;

	const struct lke_action *a;
	struct lke_act_encrypt enc;
	uint8_t spki[RSA_SPKI_MAX];
	uint64_t cookie = 0;

	while ((a = lke_engine_next_action(f->e))) {
		record(f, a);
		if (a->type == LKE_ACT_ENCRYPT && f->encrypt) {
			enc = a->encrypt;
			memcpy(spki, enc.spki, enc.spki_len);
			enc.spki = spki;
			cookie = a->cookie;
		}
	}
	if (cookie)
		answer_encrypt(f, &enc, cookie);
	for (size_t n = f->n; !f->silent && n-- > first;)
		if (sent(f, n, LKE_MSG_NS)) {
			answer_ns(f, &f->out[n - 1]);
			break;
		}
}

void fix_event(struct fix *f, const struct lke_event *ev)
{
	(void)lke_engine_input(f->e, ev, f->now);
	drain(f);
}

void fix_run(struct fix *f, lke_time span)
{
	struct lke_event ev = { .type = LKE_EV_TIMER };
	lke_time end = f->now + span;

	while (lke_engine_deadline(f->e) <= end) {
		lke_time at = lke_engine_deadline(f->e);

		f->now = at > f->now ? at : f->now;
		fix_event(f, &ev);
	}
	f->now = end;
	fix_event(f, &ev);
}

void fix_link(struct fix *f, bool up)
{
	struct lke_event ev = { .type = LKE_EV_LINK };

	ev.link = (struct lke_ev_link){ .ifindex = FIX_IF,
					.name = "mn0",
					.lladdr = fix_mac(0x77),
					.mtu = 1500,
					.up = up,
					.carrier_changes = ++f->carrier };
	fix_event(f, &ev);
}

void fix_clear(struct fix *f)
{
	f->n = 0;
}

static void config_home(struct fix *f)
{
	struct lke_config_home *h = &f->cfg.mn.home[f->cfg.mn.homes++];

	*h = (struct lke_config_home){
		.addr = fix_home, .agent = fix_agent, .prefix_len = 64, .lifetime = 600
	};
	h->to_ha = (struct lke_config_sa){ .spi = 1000,
					   .enc = LKE_ESP_NULL,
					   .auth = LKE_ESP_HMAC_SHA1_96,
					   .auth_key = { 1 },
					   .auth_key_len = 20 };
	h->to_mn = h->to_ha;
	h->to_mn.spi = 1001;
	h->to_mn.auth_key[0] = 2;
	assert_int_equal(sa_init(&f->ha_out, &h->to_mn), 0);
}

void fix_start(struct fix *f, unsigned homes, enum lke_strategy strategy, enum lke_profile profile)
{
	struct lke_event ev = { .type = LKE_EV_ADDR };

	memset(f, 0, sizeof(*f));
	f->out = calloc(FIX_ACTIONS, sizeof(*f->out));
	assert_non_null(f->out);
	f->now = 1000 * LKE_SEC;
	f->encrypt = true;
	f->ra_lke = true;
	f->ra_max_lifetime = 7200;
	crypto_fake_reset();
	assert_int_equal(rsa_key_generate(1024, &f->key), 0);
	assert_int_equal(rsa_key_spki(f->key, f->spki, sizeof(f->spki), &f->spki_len), 0);
	lke_config_defaults(&f->cfg);
	f->cfg.profile = as_draft01() ? LKE_PROFILE_DRAFT01 : profile;
	f->cfg.mn.strategy = strategy;
	strcpy(f->cfg.mn.interface[0], "mn0");
	f->cfg.mn.interfaces = 1;
	f->cfg.mn.stable_secret[0] = 42;
	f->cfg.seed[0] = 17;
	if (homes > 0)
		config_home(f);
	f->cfg.mn.local_only = homes == 0;
	if (fix_tweak)
		fix_tweak(&f->cfg);
	assert_int_equal(lke_engine_new(&f->cfg, f->now, &f->e), 0);
	drain(f);
	fix_link(f, false);
	ev.addr = (struct lke_ev_addr){ .ifindex = FIX_IF, .addr = fix_ll, .prefix_len = 64 };
	fix_event(f, &ev);
}

void fix_end(struct fix *f)
{
	lke_engine_free(f->e);
	rsa_key_free(f->key);
	if (f->ha_out.hmac)
		sa_done(&f->ha_out);
	free(f->out);
}

int fix_packet(struct fix *f, unsigned from_mac, const uint8_t *data, size_t len)
{
	struct lke_event ev = { .type = LKE_EV_PACKET };
	int err;

	ev.packet = (struct lke_ev_packet){
		.ifindex = FIX_IF, .src_ll = fix_mac(from_mac), .data = data, .len = len
	};
	err = lke_engine_input(f->e, &ev, f->now);
	drain(f);
	return err;
}

struct nd_prefix fix_pio(const char *prefix, uint32_t valid, uint32_t preferred)
{
	return (struct nd_prefix){ .prefix = fix_addr(prefix),
				   .len = 64,
				   .flags = ND_PIO_L | ND_PIO_A,
				   .valid = valid,
				   .preferred = preferred };
}

int fix_ra(struct fix *f, unsigned ar)
{
	struct nd_msg m = { .router_lifetime = 9000, .prefixes = 1 };

	m.prefix[0] = (struct nd_prefix){ .prefix = fix_ar_addr(ar),
					  .len = 64,
					  .flags = ND_PIO_L | ND_PIO_A | ND_PIO_R,
					  .valid = 86400,
					  .preferred = 14400 };
	return fix_ra_msg(f, ar, &m);
}

int fix_ra_msg(struct fix *f, unsigned ar, const struct nd_msg *given)
{
	struct lke_in6 src = fix_ar_ll(ar);
	struct nd_msg m = *given;
	uint8_t buf[1024];
	int len;

	m.type = ND_RA;
	m.lladdr = fix_mac(ar);
	m.ra_flags = f->ra_lke ? ND_RA_H : 0;
	if (f->ra_lke) {
		m.has_lke = true;
		m.lke_max_lifetime = f->ra_max_lifetime;
		m.lke_key = f->spki;
		m.lke_key_len = f->spki_len;
	}
	len = nd_encode(&m, &src, &in6_all_nodes, 0, buf, sizeof(buf));
	assert_true(len > 0);
	return fix_packet(f, ar, buf, (size_t)len);
}

void fix_two_links(struct lke_config *cfg)
{
	strcpy(cfg->mn.interface[1], "mn1");
	cfg->mn.interfaces = 2;
}

void fix_link2(struct fix *f, bool up)
{
	struct lke_event ev = { .type = LKE_EV_LINK };

	ev.link = (struct lke_ev_link){ .ifindex = FIX_IF2,
					.name = "mn1",
					.lladdr = fix_mac(0x78),
					.mtu = 1500,
					.up = up,
					.carrier_changes = ++f->carrier };
	fix_event(f, &ev);
}

void fix_ra2(struct fix *f, unsigned ar)
{
	struct nd_msg m = { .type = ND_RA, .router_lifetime = 9000, .prefixes = 1 };
	struct lke_event ev = { .type = LKE_EV_PACKET };
	struct lke_in6 src = fix_ar_ll(ar);
	uint8_t buf[1024];
	int len;

	m.lladdr = fix_mac(ar);
	m.prefix[0] = (struct nd_prefix){ .prefix = fix_ar_addr(ar),
					  .len = 64,
					  .flags = ND_PIO_L | ND_PIO_A,
					  .valid = 86400,
					  .preferred = 14400 };
	len = nd_encode(&m, &src, &in6_all_nodes, 0, buf, sizeof(buf));
	assert_true(len > 0);
	ev.packet = (struct lke_ev_packet){
		.ifindex = FIX_IF2, .src_ll = fix_mac(ar), .data = buf, .len = (size_t)len
	};
	fix_event(f, &ev);
}

const struct fix_action *fix_find(const struct fix *f, enum lke_action_type type, unsigned k)
{
	for (size_t n = 0; n < f->n; n++)
		if (f->out[n].a.type == type && k-- == 0)
			return &f->out[n];
	return NULL;
}

const struct fix_action *fix_last(const struct fix *f, enum lke_msg msg)
{
	for (size_t n = f->n; n-- > 0;)
		if (sent(f, n, msg))
			return &f->out[n - 1];
	return NULL;
}

unsigned fix_count(const struct fix *f, enum lke_msg msg)
{
	unsigned k = 0;

	for (size_t n = 0; n < f->n; n++)
		k += sent(f, n, msg);
	return k;
}

const struct lke_note *fix_note(const struct fix *f, enum lke_note_type type)
{
	for (size_t n = f->n; n-- > 0;)
		if (f->out[n].a.type == LKE_ACT_NOTIFY && f->out[n].a.note.type == type)
			return &f->out[n].a.note;
	return NULL;
}

size_t fix_index(const struct fix *f, const struct fix_action *a)
{
	assert_non_null(a);
	return (size_t)(a - f->out);
}

struct lke_in6 fix_coa(const struct fix *f)
{
	struct lke_router_view v;
	size_t c = 0;

	while (lke_engine_next_router(f->e, &c, &v))
		if (v.chosen)
			return v.coa;
	return in6_unspecified;
}

bool fix_lbsa(const struct fix *f, const struct lke_in6 *coa, struct lke_lbsa_view *ret)
{
	size_t c = 0;

	while (lke_engine_next_lbsa(f->e, &c, ret))
		if (in6_eq(&ret->coa, coa))
			return true;
	return false;
}

uint16_t fix_ha_seq(const struct fix *f)
{
	for (size_t n = f->n; n-- > 0;)
		if (sent(f, n, LKE_MSG_BU) && in6_eq(&f->out[n].a.note.dst, &fix_agent))
			return f->out[n].a.note.seq;
	fail_msg("no home registration");
	return 0;
}

int fix_ha_ba(struct fix *f, unsigned ar, uint8_t status, uint16_t seq)
{
	struct ip6_out o = {
		.src = fix_agent, .dst = f->e->mn->current, .hop_limit = 64, .rh2 = &fix_home
	};
	struct mh_ba ba = { .status = status, .seq = seq, .lifetime = status < 128 ? 150 : 0 };
	uint8_t mh[128], buf[512];
	struct wr w = wr_init(mh, sizeof(mh));
	int len;

	mh_ba_encode(&w, &ba, false);
	mh_set_checksum(&w, 0, &fix_agent, &fix_home);
	len = sa_protect(f->e, &f->ha_out, &o, mh, w.off, buf, sizeof(buf));
	assert_true(len > 0);
	return fix_packet(f, ar, buf, (size_t)len);
}

static void parse_mh(const struct fix_action *a, struct ip6_info *i, struct mh_view *v)
{
	struct lke_in6 src, dst;

	assert_non_null(a);
	assert_int_equal(ip6_parse(a->data, a->len, i), 0);
	src = ip6_pseudo_src(i);
	dst = ip6_pseudo_dst(i);
	assert_int_equal(mh_check(i->pkt + i->upper_off, i->upper_len, &src, &dst, v), 0);
}

void fix_kereq_key(struct fix *f)
{
	struct ip6_info i;
	struct mh_view v;
	struct mh_kereq m;
	uint8_t plain[64];
	size_t len;

	parse_mh(fix_last(f, LKE_MSG_KEREQ), &i, &v);
	assert_int_equal(mh_kereq_decode(&v, 128, &m), 0);
	assert_int_equal(rsa_key_decrypt(f->key, m.data, m.data_len, plain, sizeof(plain), &len),
			 0);
	assert_int_equal(len, sizeof(f->kbm));
	memcpy(f->kbm.b, plain, sizeof(f->kbm));
}

size_t fix_keack_make(struct fix *f, const struct lke_in6 *ar, uint8_t status, uint16_t lifetime_s,
		      uint8_t *buf, size_t size, size_t *ret_mac)
{
	struct ip6_info i;
	struct mh_view v;
	struct mh_kereq q;
	struct mh_keack m = { .status = status, .lifetime = lifetime_s / 4, .ar = *ar };
	struct ip6_out o = { .hop_limit = 255 };
	uint8_t mac[20];
	struct wr w = wr_init(buf, size);
	struct lke_mac_input in;
	size_t mh, off;

	fix_kereq_key(f);
	parse_mh(fix_last(f, LKE_MSG_KEREQ), &i, &v);
	assert_int_equal(mh_kereq_decode(&v, 128, &q), 0);
	m.seq = q.seq;
	o.src = i.dst;
	o.dst = i.src;
	o.rh2 = &i.hao;
	mh = ip6_begin(&w, &o, IP6_NH_MH);
	mh_keack_encode(&w, &m, &off);
	ip6_end(&w);
	off += mh;
	lke_mac_whole(buf, w.off, mh + 4, &off, 1, &in);
	assert_int_equal(mac_sha1(&f->kbm, &in, mac), 0);
	wr_patch_bytes(&w, off, mac, sizeof(mac));
	mh_set_checksum(&w, mh, &i.dst, &i.hao);
	assert_false(w.err);
	if (ret_mac)
		*ret_mac = off;
	return w.off;
}

int fix_keack(struct fix *f, unsigned ar, uint8_t status, uint16_t lifetime_s, bool flip)
{
	struct lke_in6 addr = fix_ar_addr(ar);
	uint8_t buf[512];
	size_t mac, len = fix_keack_make(f, &addr, status, lifetime_s, buf, sizeof(buf), &mac);

	/* Two octets 16 bits apart from each other: the checksum stays right, the HMAC does not. */
	if (flip) {
		uint8_t swap = buf[mac];

		buf[mac] = buf[mac + 2];
		buf[mac + 2] = swap;
		if (buf[mac] == swap)
			fail_msg("the HMAC begins with two like octets");
	}
	return fix_packet(f, ar, buf, len);
}

static void set_nd_mac(uint8_t *buf, size_t len, const struct secret16 *kbm, bool flip)
{
	struct ip6_info i;
	struct nd_msg m;
	struct lke_mac_input in;
	uint8_t mac[20];
	uint16_t sum;

	assert_int_equal(ip6_parse(buf, len, &i), 0);
	assert_int_equal(nd_decode(&i, &m), 0);
	lke_mac_whole(buf, len, i.upper_off + 2, &m.auth.mac_off, 1, &in);
	assert_int_equal(mac_sha1(kbm, &in, mac), 0);
	mac[0] ^= flip;
	memcpy(buf + m.auth.mac_off, mac, sizeof(mac));
	memset(buf + i.upper_off + 2, 0, 2);
	sum = ip6_checksum(&i.src, &i.dst, IP6_NH_ICMPV6, buf + i.upper_off, i.upper_len);
	buf[i.upper_off + 2] = (uint8_t)(sum >> 8);
	buf[i.upper_off + 3] = (uint8_t)sum;
}

int fix_ns_auth(struct fix *f, unsigned ar, const struct lke_in6 *target, uint32_t nonce, bool flip)
{
	struct lke_in6 group = in6_solicited_node(target);
	struct nd_msg m = { .type = ND_NS, .target = *target, .has_auth = true, .auths = 1 };
	uint8_t buf[256];
	int len;

	m.auth.nonce = nonce;
	m.auth.ar = fix_ar_addr(ar);
	len = nd_encode(&m, &in6_unspecified, &group, 0, buf, sizeof(buf));
	assert_true(len > 0);
	set_nd_mac(buf, (size_t)len, &f->kbm, flip);
	return fix_packet(f, ar, buf, (size_t)len);
}

int fix_na(struct fix *f, unsigned from_mac, const struct lke_in6 *target)
{
	struct nd_msg m = {
		.type = ND_NA, .target = *target, .na_flags = ND_NA_O, .lladdr = fix_mac(from_mac)
	};
	uint8_t buf[256];
	int len = nd_encode(&m, target, &in6_all_nodes, 0, buf, sizeof(buf));

	assert_true(len > 0);
	return fix_packet(f, from_mac, buf, (size_t)len);
}

static const struct fix_action *bu_to(const struct fix *f, const struct lke_in6 *agent)
{
	for (size_t n = f->n; n-- > 0;)
		if (sent(f, n, LKE_MSG_BU) && in6_eq(&f->out[n].a.note.dst, agent))
			return &f->out[n - 1];
	return NULL;
}

int fix_ba(struct fix *f, unsigned ar, uint8_t status, uint16_t lifetime_s, uint32_t nonce,
	   bool sign)
{
	struct lke_in6 agent = fix_ar_addr(ar);
	struct ip6_info i;
	struct mh_view v;
	struct mh_bu bu;
	struct mh_ba ba = { .status = status, .lifetime = lifetime_s / 4 };
	struct ip6_out o = { .hop_limit = 64 };
	uint8_t buf[256], mac[20];
	struct wr w = wr_init(buf, sizeof(buf));
	struct lke_mac_input in;
	size_t mh;

	parse_mh(bu_to(f, &agent), &i, &v);
	assert_int_equal(mh_bu_decode(&v, &bu), 0);
	ba.seq = bu.seq;
	ba.has_finished_request = nonce != 0;
	ba.finished_r = true;
	ba.nonce = nonce;
	o.src = i.dst;
	o.dst = i.src;
	o.rh2 = i.has_hao ? &i.hao : NULL;
	mh = ip6_begin(&w, &o, IP6_NH_MH);
	mh_ba_encode(&w, &ba, sign);
	if (sign) {
		lke_mac_binding(&o.src, &o.dst, buf + mh, w.off - mh, &in);
		assert_int_equal(mac_sha1(&f->kbm, &in, mac), 0);
		wr_patch_bytes(&w, w.off - AUTH_DATA_LEN, mac, AUTH_DATA_LEN);
	}
	mh_set_checksum(&w, mh, &o.src, o.rh2 ? o.rh2 : &o.dst);
	ip6_end(&w);
	assert_false(w.err);
	return fix_packet(f, f->e->mn->active ? f->e->mn->active->router->lladdr.b[5] : ar, buf,
			  w.off);
}

int fix_brr(struct fix *f, unsigned ar, unsigned from, const struct lke_in6 *old)
{
	struct ip6_out o = {
		.src = fix_ar_addr(ar), .dst = fix_coa(f), .hop_limit = 64, .rh2 = old
	};
	uint8_t buf[256];
	struct wr w = wr_init(buf, sizeof(buf));
	size_t mh = ip6_begin(&w, &o, IP6_NH_MH);

	mh_brr_encode(&w);
	mh_set_checksum(&w, mh, &o.src, old);
	ip6_end(&w);
	return fix_packet(f, from, buf, w.off);
}

void fix_attach(struct fix *f, unsigned ar)
{
	fix_link(f, true);
	f->now += LKE_MSEC;
	fix_ra(f, ar);
	if (f->cfg.mn.homes > 0)
		assert_int_equal(fix_ha_ba(f, ar, 0, fix_ha_seq(f)), 0);
	fix_run(f, 2 * LKE_SEC);
}

void fix_attach_lbsa(struct fix *f, unsigned ar)
{
	fix_attach(f, ar);
	assert_int_equal(fix_keack(f, ar, 0, 7200, false), 0);
}

void fix_move(struct fix *f, unsigned ar)
{
	fix_link(f, false);
	fix_run(f, 100 * LKE_MSEC);
	fix_link(f, true);
	f->now += LKE_MSEC;
	fix_ra(f, ar);
}

void fix_away(struct fix *f, enum lke_strategy strategy, struct lke_in6 *ret_old)
{
	fix_start(f, 1, strategy, LKE_PROFILE_DEFAULT);
	fix_attach_lbsa(f, 1);
	*ret_old = fix_coa(f);
	fix_clear(f);
	fix_move(f, 2);
}
