/* SPDX-License-Identifier: ISC */
#include "attack.h"

static struct lke_in6 addr(const char *text)
{
	struct lke_in6 a;

	assert_int_equal(in6_parse(text, &a), 0);
	return a;
}

struct world *attack_world(uint64_t seed, enum lke_profile profile)
{
	struct world_options o = { .seed = seed, .profile = profile };
	struct world *w = world_new(&o);

	world_attach(w, 0);
	assert_true(world_wait_lbsa(w, 0, SEC(60)));
	/* Past the spacing of the request and the return of the first advertisements. */
	sim_run_for(w->net, SEC(10));
	return w;
}

struct attacker attacker_at(struct world *w, const char *coa)
{
	struct attacker a = { .w = w,
			      .ll = w->host->addr[0].addr,
			      .mac = w->host->iface[0].lladdr,
			      .seq = 5000,
			      .bu_seq = 100,
			      .hop_limit = 255 };

	if (coa)
		a.coa = addr(coa);
	memset(a.kbm, 0xa7, sizeof(a.kbm));
	return a;
}

void attacker_spoof(struct attacker *a, const struct simnode *victim)
{
	const struct simframe *f = last_frame(a->w, 0, victim, LKE_MSG_KEREQ);
	struct ip6_info i;

	assert_non_null(f);
	assert_int_equal(ip6_parse(f->data, f->len, &i), 0);
	a->mac = victim->iface[0].lladdr;
	a->ll = i.src;
	a->w->host->iface[0].lladdr = a->mac;
}

void attacker_claim(struct attacker *a)
{
	sim_claim(a->w->host, 0, &a->coa, true);
}

void attacker_unclaim(struct attacker *a)
{
	sim_claim(a->w->host, 0, &a->coa, false);
}

void attacker_frame(struct attacker *a, const uint8_t *pkt, size_t len)
{
	struct simnode *h = a->w->host;
	struct lke_lladdr own = h->iface[0].lladdr;

	h->iface[0].lladdr = a->mac;
	sim_send(h, 0, &a->w->ar[0]->iface[0].lladdr, pkt, len);
	h->iface[0].lladdr = own;
}

static void mac_with(const uint8_t *kbm, const struct lke_mac_input *in, uint8_t ret[SHA1_LEN])
{
	struct iov_part part[LKE_MAC_PARTS];

	for (size_t n = 0; n < in->n; n++)
		part[n] = (struct iov_part){ in->part[n].p, in->part[n].n };
	assert_int_equal(hmac_sha1(kbm, 16, part, in->n, ret), 0);
}

static size_t encrypt(const struct attacker *a, uint8_t ret[RSA_MODULUS_MAX])
{
	uint8_t spki[RSA_SPKI_MAX];
	size_t len, n;

	assert_int_equal(rsa_key_spki(a->w->ar[0]->key, spki, sizeof(spki), &len), 0);
	assert_int_equal(
		rsa_pub_encrypt(spki, len, a->kbm, sizeof(a->kbm), ret, RSA_MODULUS_MAX, &n), 0);
	return n;
}

size_t attacker_make_kereq(const struct attacker *a, uint8_t *buf, size_t size)
{
	const struct lke_in6 *router = &a->w->ar[0]->addr[0].addr;
	struct ip6_out o = {
		.src = a->ll, .dst = *router, .hop_limit = a->hop_limit, .hao = &a->coa
	};
	uint8_t data[RSA_MODULUS_MAX], mac[2][SHA1_LEN];
	struct mh_kereq k = { .seq = a->seq, .data = data, .lifetime = a->lifetime };
	struct wr w = wr_init(buf, size);
	size_t off[2], mh, macs = 0, request = 0, renewal = 0;
	struct lke_mac_input in;

	k.data_len = encrypt(a, data);
	k.request.present = !a->no_proof;
	k.renewal.present = a->old_kbm != NULL;
	mh = ip6_begin(&w, &o, IP6_NH_MH);
	mh_kereq_encode(&w, &k, &request, &renewal);
	ip6_end(&w);
	if (k.request.present)
		off[macs++] = mh + request;
	if (k.renewal.present)
		off[macs++] = mh + renewal;
	lke_mac_whole(buf, w.off, mh + 4, off, macs, &in);
	mac_with(a->kbm, &in, mac[0]);
	mac_with(a->old_kbm ? a->old_kbm : a->kbm, &in, mac[1]);
	mac[0][0] ^= a->bad_proof;
	if (k.request.present)
		wr_patch_bytes(&w, mh + request, mac[0], SHA1_LEN);
	if (k.renewal.present)
		wr_patch_bytes(&w, mh + renewal, mac[1], SHA1_LEN);
	mh_set_checksum(&w, mh, &a->coa, router);
	assert_false(w.err);
	return w.off;
}

void attacker_kereq(struct attacker *a)
{
	uint8_t buf[SIM_PACKET_MAX];

	a->seq++;
	attacker_frame(a, buf, attacker_make_kereq(a, buf, sizeof(buf)));
}

static void answer_ns(struct attacker *a, const struct simframe *f, bool bad_mac)
{
	struct lke_lladdr all = { 6, { 0x33, 0x33, 0, 0, 0, 1 } }, own;
	struct nd_msg in, out = { .type = ND_NA, .na_flags = ND_NA_O, .has_auth = true };
	uint8_t buf[256], mac[SHA1_LEN];
	struct lke_mac_input mi;
	struct ip6_info i;
	size_t off;
	int len;

	if (ip6_parse(f->data, f->len, &i) < 0 || nd_decode(&i, &in) < 0 ||
	    !in6_eq(&in.target, &a->coa))
		return;
	out.target = a->coa;
	out.lladdr = a->mac;
	out.auth.nonce = in.auth.nonce;
	out.auth.ar = in.auth.ar;
	len = nd_encode(&out, &a->coa, &in6_all_nodes, 0, buf, sizeof(buf));
	assert_true(len > 0);
	off = nd_mac_off((size_t)len);
	lke_mac_whole(buf, (size_t)len, IP6_HDR_LEN + 2, &off, 1, &mi);
	mac_with(a->kbm, &mi, mac);
	mac[0] ^= bad_mac;
	nd_set_mac(buf, (size_t)len, off, mac);
	own = a->w->host->iface[0].lladdr;
	a->w->host->iface[0].lladdr = a->mac;
	sim_send(a->w->host, 0, &all, buf, (size_t)len);
	a->w->host->iface[0].lladdr = own;
}

void attacker_answer_dad(struct attacker *a, lke_time d, bool bad_mac)
{
	lke_time end = sim_now(a->w->net) + d;
	size_t seen = sim_frames(a->w->net);

	while (sim_now(a->w->net) < end) {
		size_t n = sim_frames(a->w->net);

		for (; seen < n; seen++) {
			const struct simframe *f = sim_frame(a->w->net, seen);

			if (f->from == a->w->ar[0] && f->msg == LKE_MSG_DAD_NS_AUTH)
				answer_ns(a, f, bad_mac);
		}
		sim_run_for(a->w->net, MSEC(1));
	}
}

bool attacker_lke(struct attacker *a)
{
	struct lke_lbsa_view v;

	attacker_claim(a);
	attacker_kereq(a);
	attacker_answer_dad(a, SEC(6), false);
	attacker_unclaim(a);
	return sim_lbsa(a->w->ar[0], &a->coa, &v) && v.state == LKE_LBSA_VALID &&
	       in6_eq(&v.peer_ll, &a->ll) && v.kex_seq == a->seq;
}

const struct simframe *last_frame(const struct world *w, lke_time since, const struct simnode *from,
				  enum lke_msg msg)
{
	for (size_t n = sim_frames(w->net); n > 0; n--) {
		const struct simframe *f = sim_frame(w->net, n - 1);

		if (f->at < since)
			break;
		if (f->from == from && f->msg == msg)
			return f;
	}
	return NULL;
}

int attacker_keack(const struct attacker *a, lke_time since)
{
	const struct simframe *f = last_frame(a->w, since, a->w->ar[0], LKE_MSG_KEACK);
	struct lke_mac_input in;
	uint8_t mac[SHA1_LEN];
	struct mh_keack m;
	struct ip6_info i;
	struct mh_view v;
	size_t off;

	if (!f || ip6_parse(f->data, f->len, &i) < 0 || !in6_eq(&i.dst, &a->ll))
		return -1;
	assert_int_equal(mh_check(i.pkt + i.upper_off, i.upper_len, &i.src, &i.rh2, &v), 0);
	assert_int_equal(mh_keack_decode(&v, &m), 0);
	off = i.upper_off + m.mac_off;
	lke_mac_whole(i.pkt, i.len, i.upper_off + 4, &off, 1, &in);
	mac_with(a->kbm, &in, mac);
	return memcmp(mac, m.mac, SHA1_LEN) == 0 ? m.status : -1;
}

void attacker_plain_na(struct attacker *a, const struct lke_in6 *target)
{
	struct nd_msg m = { .type = ND_NA, .target = *target, .na_flags = ND_NA_O };
	struct lke_lladdr all = { 6, { 0x33, 0x33, 0, 0, 0, 1 } };
	uint8_t buf[256];
	int len;

	m.lladdr = a->mac;
	len = nd_encode(&m, target, &in6_all_nodes, 0, buf, sizeof(buf));
	assert_true(len > 0);
	sim_send(a->w->host, 0, &all, buf, (size_t)len);
}

static void seal(struct wr *w, size_t mh, const struct bu_spec *s)
{
	struct lke_mac_input in;
	uint8_t mac[SHA1_LEN];

	ip6_end(w);
	if (s->kbm) {
		lke_mac_binding(s->src, s->dst, w->p + mh, w->off - mh, &in);
		mac_with(s->kbm, &in, mac);
		mac[0] ^= s->bad;
		wr_patch_bytes(w, w->off - AUTH_DATA_LEN, mac, AUTH_DATA_LEN);
	}
	mh_set_checksum(w, mh, s->home, s->dst);
	assert_false(w->err);
}

static size_t begin(struct wr *w, const struct bu_spec *s)
{
	struct ip6_out o = { .src = *s->src,
			     .dst = *s->dst,
			     .hop_limit = 64,
			     .hao = in6_eq(s->src, s->home) ? NULL : s->home };

	return ip6_begin(w, &o, IP6_NH_MH);
}

size_t attack_make_bu(const struct bu_spec *s, uint8_t *buf, size_t size)
{
	struct mh_bu b = { .seq = s->seq, .flags = BU_A | BU_H, .lifetime = s->lifetime };
	struct wr w = wr_init(buf, size);
	size_t mh = begin(&w, s);

	if (s->alt_coa) {
		b.has_alt_coa = true;
		b.alt_coa = *s->alt_coa;
	}
	mh_bu_encode(&w, &b, s->kbm != NULL);
	seal(&w, mh, s);
	return w.off;
}

void attack_bu(struct world *w, const struct bu_spec *s)
{
	uint8_t buf[512];

	sim_send(w->cn, -1, NULL, buf, attack_make_bu(s, buf, sizeof(buf)));
	sim_run_for(w->net, MSEC(50));
}

void attack_finished(struct world *w, const struct bu_spec *s, const struct mh_ba *ba)
{
	struct mh_finished f = { .seq = ba->seq, .lifetime = ba->lifetime, .nonce = ba->nonce };
	uint8_t buf[512];
	struct wr out = wr_init(buf, sizeof(buf));
	size_t mh = begin(&out, s);

	mh_finished_encode(&out, &f);
	seal(&out, mh, s);
	sim_send(w->cn, -1, NULL, buf, out.off);
	sim_run_for(w->net, MSEC(50));
}

int attack_ba(struct world *w, const struct simnode *ar, lke_time since, const uint8_t *kbm,
	      bool *ret_signed, struct mh_ba *ret)
{
	const struct simframe *f = last_frame(w, since, ar, LKE_MSG_BA);
	struct lke_mac_input in;
	uint8_t mac[SHA1_LEN];
	struct lke_in6 home;
	struct ip6_info i;
	struct mh_view v;
	struct mh_ba ba;

	if (!f)
		return -1;
	assert_int_equal(ip6_parse(f->data, f->len, &i), 0);
	home = ip6_pseudo_dst(&i);
	assert_int_equal(mh_check(i.pkt + i.upper_off, i.upper_len, &i.src, &home, &v), 0);
	assert_int_equal(mh_ba_decode(&v, &ba), 0);
	if (ret_signed)
		*ret_signed = ba.auth.present;
	if (ret_signed && ba.auth.present && kbm) {
		lke_mac_binding(&i.src, &i.dst, v.p, v.len, &in);
		mac_with(kbm, &in, mac);
		*ret_signed = memcmp(mac, ba.auth.mac, AUTH_DATA_LEN) == 0;
	}
	if (ret)
		*ret = ba;
	return ba.status;
}

void attack_replay(struct world *w, const struct simframe *f)
{
	struct lke_lladdr own = w->host->iface[0].lladdr, src = f->src, dst = f->dst;
	uint8_t buf[SIM_PACKET_MAX];
	size_t len = f->len;

	/* The trace grows while we send: work on a copy. */
	memcpy(buf, f->data, len);
	w->host->iface[0].lladdr = src;
	sim_send(w->host, 0, &dst, buf, len);
	w->host->iface[0].lladdr = own;
}

void attack_fix_kereq(uint8_t *pkt, size_t len)
{
	struct wr w = wr_init(pkt, len);
	struct lke_in6 src, dst;
	struct ip6_info i;

	assert_int_equal(ip6_parse(pkt, len, &i), 0);
	src = ip6_pseudo_src(&i);
	dst = ip6_pseudo_dst(&i);
	w.off = len;
	pkt[i.upper_off + 4] = pkt[i.upper_off + 5] = 0;
	mh_set_checksum(&w, i.upper_off, &src, &dst);
}

struct snapshot snapshot(const struct world *w)
{
	struct snapshot s = { .coa = world_coa(w, 0) };
	struct lke_lbsa_view v;
	size_t cursor = 0;

	s.has_lbsa = sim_lbsa(w->ar[0], &s.coa, &s.lbsa);
	s.has_binding = sim_binding(w->ar[0], &s.coa, &s.binding);
	while (lke_engine_next_lbsa(w->ar[0]->engine, &cursor, &v))
		s.lbsas += v.state != LKE_LBSA_TOMBSTONE;
	return s;
}

void assert_unchanged(const struct world *w, const struct snapshot *s)
{
	struct lke_binding_view b;
	struct lke_lbsa_view v;

	assert_true(s->has_lbsa);
	assert_true(sim_lbsa(w->ar[0], &s->coa, &v));
	assert_int_equal(v.state, s->lbsa.state);
	assert_int_equal(v.kex_seq, s->lbsa.kex_seq);
	assert_int_equal(v.has_bu_seq, s->lbsa.has_bu_seq);
	assert_int_equal(v.bu_seq, s->lbsa.bu_seq);
	assert_int_equal(v.expires, s->lbsa.expires);
	assert_int_equal(v.cached_na, s->lbsa.cached_na);
	assert_true(in6_eq(&v.peer_ll, &s->lbsa.peer_ll));
	assert_int_equal(sim_binding(w->ar[0], &s->coa, &b), s->has_binding);
	if (!s->has_binding)
		return;
	assert_true(in6_eq(&b.coa, &s->binding.coa));
	assert_int_equal(b.state, s->binding.state);
	assert_int_equal(b.seq, s->binding.seq);
	assert_int_equal(b.expires, s->binding.expires);
}

void assert_handover_works(struct world *w)
{
	unsigned n = w->mn->notes[LKE_NOTE_HANDOVER];
	struct lke_in6 coa = world_coa(w, 0);
	struct lke_binding_view b;

	sim_move(w->mn, 0, w->link[1], MSEC(60));
	assert_true(world_wait_note(w, w->mn, LKE_NOTE_HANDOVER, n + 1, SEC(5)));
	sim_run_for(w->net, MSEC(200));
	assert_true(sim_binding(w->ar[0], &coa, &b));
	assert_int_equal(b.state, LKE_BINDING_OK);
	/* Both ways. */
	w->mn->received = w->cn->received = 0;
	world_traffic(w, &coa, MSEC(50));
	sim_run_for(w->net, MSEC(100));
	assert_int_equal(w->mn->received, 50);
	assert_int_equal(w->cn->received, 50);
}

void assert_exchange_works(struct world *w, unsigned link, lke_time limit)
{
	sim_move(w->mn, 0, w->link[link], MSEC(60));
	assert_true(world_wait_lbsa(w, link, limit));
}

void assert_newcomer_served(struct world *w)
{
	struct lke_lladdr own = w->host->iface[0].lladdr;
	struct attacker a = attacker_at(w, "2001:db8:1::900d");
	struct lke_in6 coa = addr("2001:db8:3::900d");
	struct bu_spec s = { .src = &coa,
			     .dst = &w->ar_addr[0],
			     .home = &a.coa,
			     .kbm = a.kbm,
			     .seq = 1,
			     .lifetime = 60 };
	bool is_signed = false;
	lke_time t0;

	/* Nothing of the attacker's: addresses, key, what its link-local is kept back for. */
	a.ll = addr("fe80::900d");
	a.mac.b[5] ^= 0x5a;
	a.kbm[0] ^= 0xff;
	w->host->iface[0].lladdr = a.mac;
	assert_true(attacker_lke(&a)); /* valid 6 s later: served within 5 */
	w->host->iface[0].lladdr = own;
	t0 = sim_now(w->net);
	attack_bu(w, &s);
	assert_int_equal(attack_ba(w, w->ar[0], t0, a.kbm, &is_signed, NULL), STATUS_ACCEPTED);
	assert_true(is_signed);
}

unsigned stat_of(const struct simnode *n, enum lke_stat s)
{
	return (unsigned)lke_engine_stat(n->engine, s);
}

unsigned drops_of(const struct simnode *n, enum lke_drop r)
{
	return (unsigned)lke_engine_drops(n->engine, r);
}
