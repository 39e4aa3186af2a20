/* SPDX-License-Identifier: ISC */
#include "ar_fixture.h"

#include <stdlib.h>
#include <string.h>

static const char ar_ll[] = "fe80::a:1", ar_global[] = "2001:db8:1::1", up_ll[] = "fe80::a:2",
		  up_global[] = "2001:db8:ff::1";

struct lke_in6 arf_addr(const char *text)
{
	struct lke_in6 a;

	assert_int_equal(in6_parse(text, &a), 0);
	return a;
}

struct lke_lladdr arf_lladdr(uint8_t last)
{
	return (struct lke_lladdr){ .len = 6, .b = { 2, 0, 0, 0, 0, last } };
}

struct arf_mn arf_mobile(unsigned n)
{
	struct arf_mn m = {
		.ll = arf_addr("fe80::b00"),
		.coa = arf_addr("2001:db8:1::b00"),
		.new_coa = arf_addr("2001:db8:2::b00"),
		.lladdr = arf_lladdr((uint8_t)(0x10 + n)),
		.seq = 100,
		.bu_seq = 0x1234,
	};

	m.ll.b[15] = m.coa.b[15] = m.new_coa.b[15] = (uint8_t)n;
	for (unsigned k = 0; k < 16; k++)
		m.kbm[k] = (uint8_t)(k + 17 * n);
	return m;
}

static void take_send(struct arf *f, const struct lke_act_send *a)
{
	struct arf_sent *s;

	assert_true(f->sents < ARF_SENT_MAX && a->len <= sizeof(f->sent[0].pkt));
	s = &f->sent[f->sents++];
	*s = (struct arf_sent){ .ifindex = a->ifindex, .dst = a->dst, .len = a->len, .at = f->now };
	memcpy(s->pkt, a->data, a->len);
	assert_int_equal(ip6_parse(s->pkt, s->len, &s->ip), 0);
}

static void take_decrypt(struct arf *f, const struct lke_action *a)
{
	f->decrypts++;
	f->cookie = a->cookie;
	f->kbm_ok = a->decrypt.len == ARF_MODULUS && a->decrypt.data[ARF_MODULUS - 1] != 0xff;
	if (f->kbm_ok)
		memcpy(f->kbm, a->decrypt.data, sizeof(f->kbm));
}

static void take_record(struct arf *f, const struct lke_action *a)
{
	struct arf_record *r;

	if (f->records == f->records_cap) {
		f->records_cap = f->records_cap ? 2 * f->records_cap : 64;
		f->record = realloc(f->record, f->records_cap * sizeof(*f->record));
		assert_non_null(f->record);
	}
	r = &f->record[f->records++];
	assert_in_range(a->record.len, 1, LKE_RECORD_MAX);
	*r = (struct arf_record){ .len = a->record.len,
				  .cookie = a->cookie,
				  .durable = a->record.durable };
	memcpy(r->data, a->record.data, a->record.len);
}

/* As the kernel's table: what is there stays, what is not there cannot go.  Is it new? */
static bool intercept(struct arf *f, const struct lke_in6 *addr, bool remove)
{
	unsigned n = 0;

	while (n < f->intercepts && !in6_eq(&f->intercepted[n], addr))
		n++;
	if (remove && n < f->intercepts)
		f->intercepted[n] = f->intercepted[--f->intercepts];
	if (remove || n < f->intercepts)
		return false;
	assert_true(n < sizeof(f->intercepted) / sizeof(f->intercepted[0]));
	f->intercepted[f->intercepts++] = *addr;
	return true;
}

static void take(struct arf *f, const struct lke_action *a)
{
	bool added;

	switch (a->type) {
	case LKE_ACT_SEND:
		take_send(f, &a->send);
		break;
	case LKE_ACT_DECRYPT:
		take_decrypt(f, a);
		break;
	case LKE_ACT_RECORD:
		take_record(f, a);
		break;
	case LKE_ACT_RSA_NEW:
		f->rsa_news++;
		f->rsa_new_cookie = a->cookie;
		break;
	case LKE_ACT_RSA_DROP:
		f->rsa_drops++;
		f->rsa_dropped = a->rsa_drop.key_id;
		break;
	case LKE_ACT_NOTIFY:
		assert_true(f->notes < ARF_NOTES_MAX);
		f->note[f->notes++] = a->note;
		if (a->note.type == LKE_NOTE_MESSAGE && a->note.out && f->sents > 0)
			f->sent[f->sents - 1].msg = a->note.msg;
		break;
	case LKE_ACT_TUNNEL:
		f->tunnel = *a;
		break;
	case LKE_ACT_INTERCEPT:
		added = intercept(f, &a->intercept.addr, a->intercept.remove);
		if (a->cookie) {
			f->intercept_cookie = a->cookie;
			f->intercept_asked = added ? a->intercept.addr : in6_unspecified;
		} else if (in6_eq(&f->intercept_asked, &a->intercept.addr)) {
			f->intercept_asked = in6_unspecified; /* this one is not refused */
		}
		break;
	case LKE_ACT_BUFFER:
		assert_true(f->buffers < 64);
		f->buffer[f->buffers++] = a->buffer;
		break;
	case LKE_ACT_STEER:
		if (a->steer.set == LKE_STEER_MINE)
			f->mine += a->steer.remove ? -1u : 1u;
		break;
	case LKE_ACT_GROUP:
		f->groups += a->group.leave ? -1u : 1u;
		break;
	default:
		break;
	}
}

static void drain(struct arf *f)
{
	const struct lke_action *a;

	while ((a = lke_engine_next_action(f->e)))
		take(f, a);
}

static void answer_ns(struct arf *f, const struct arf_mn *m, const struct arf_sent *ns)
{
	struct nd_msg in, out = { .type = ND_NA, .na_flags = ND_NA_S | ND_NA_O };
	uint8_t buf[256];
	int len;

	assert_int_equal(nd_decode(&ns->ip, &in), 0);
	if (!in6_eq(&in.target, &m->coa))
		return;
	out.target = m->coa;
	out.lladdr = m->lladdr;
	len = nd_encode(&out, &m->coa, &ns->ip.src, 0, buf, sizeof(buf));
	assert_true(len > 0);
	arf_feed(f, ARF_LAN, &m->lladdr, buf, (size_t)len);
}

/* Reactions of the world to what was sent from index on. */
static void react(struct arf *f, unsigned from)
{
	for (unsigned n = from; n < f->sents; n++) {
		struct arf_sent s = f->sent[n];

		s.ip.pkt = s.pkt;
		if (s.msg == LKE_MSG_NS && f->neighbour)
			answer_ns(f, f->neighbour, &s);
		if (s.msg == LKE_MSG_DAD_NS_AUTH && f->dad)
			arf_na(f, f->dad, &s, ARF_NA_GOOD);
	}
}

static void after(struct arf *f, unsigned from)
{
	drain(f);
	if (f->cookie && !f->hold_rsa)
		arf_release_rsa(f);
	if (f->intercept_cookie && !f->hold_kernel)
		arf_release_kernel(f);
	if (!f->hold_records)
		arf_tell_records(f);
	react(f, from);
}

void arf_tell_records(struct arf *f)
{
	for (unsigned n = 0; n < f->records; n++) {
		struct lke_event ev = { .type = LKE_EV_RESULT };

		if (!f->record[n].cookie || f->record[n].told)
			continue;
		f->record[n].told = true;
		ev.result.cookie = f->record[n].cookie;
		ev.result.err = f->record_err;
		(void)lke_engine_input(f->e, &ev, f->now);
		drain(f);
	}
}

void arf_event(struct arf *f, const struct lke_event *ev)
{
	unsigned from = f->sents;

	(void)lke_engine_input(f->e, ev, f->now);
	after(f, from);
}

void arf_release_kernel(struct arf *f)
{
	struct lke_event ev = { .type = LKE_EV_RESULT };

	assert_true(f->intercept_cookie != 0);
	ev.result.cookie = f->intercept_cookie;
	ev.result.err = f->kernel_refuses ? -1 : 0;
	if (f->kernel_refuses)
		(void)intercept(f, &f->intercept_asked, true);
	f->intercept_cookie = 0;
	arf_event(f, &ev);
}

void arf_release_rsa(struct arf *f)
{
	struct lke_event ev = { .type = LKE_EV_RESULT };

	assert_true(f->cookie != 0);
	ev.result.cookie = f->cookie;
	ev.result.err = f->kbm_ok ? 0 : -1;
	ev.result.data = f->kbm_ok ? f->kbm : NULL;
	ev.result.len = f->kbm_ok ? sizeof(f->kbm) : 0;
	f->cookie = 0;
	arf_event(f, &ev);
}

int arf_feed(struct arf *f, uint32_t ifindex, const struct lke_lladdr *ll, const uint8_t *pkt,
	     size_t len)
{
	struct lke_event ev = { .type = LKE_EV_PACKET };
	unsigned from = f->sents;
	int verdict;

	ev.packet.ifindex = ifindex;
	ev.packet.src_ll = *ll;
	ev.packet.data = pkt;
	ev.packet.len = len;
	verdict = lke_engine_input(f->e, &ev, f->now);
	after(f, from);
	return verdict;
}

void arf_run(struct arf *f, lke_time duration)
{
	struct lke_event ev = { .type = LKE_EV_TIMER };
	lke_time end = f->now + duration;

	while (lke_engine_deadline(f->e) <= end) {
		lke_time at = lke_engine_deadline(f->e);

		f->now = at > f->now ? at : f->now;
		arf_event(f, &ev);
	}
	f->now = end;
	arf_event(f, &ev);
}

static void add_addr(struct arf *f, uint32_t ifindex, const char *text)
{
	struct lke_event ev = { .type = LKE_EV_ADDR };

	ev.addr.ifindex = ifindex;
	ev.addr.addr = arf_addr(text);
	ev.addr.prefix_len = 64;
	arf_event(f, &ev);
}

static void add_link(struct arf *f, uint32_t ifindex, const char *name, uint8_t ll)
{
	struct lke_event ev = { .type = LKE_EV_LINK };

	ev.link.ifindex = ifindex;
	strcpy(ev.link.name, name);
	ev.link.lladdr = arf_lladdr(ll);
	ev.link.mtu = 1500;
	ev.link.up = true;
	arf_event(f, &ev);
}

void arf_rsa_key(struct arf *f, uint32_t id)
{
	uint8_t spki[162] = { 0x30, (uint8_t)id };
	struct lke_event ev = { .type = LKE_EV_RSA_KEY };

	f->key_id = id;
	ev.rsa_key = (struct lke_ev_rsa_key){ .key_id = id,
					      .modulus_len = ARF_MODULUS,
					      .spki = spki,
					      .spki_len = sizeof(spki),
					      .ops_per_sec = 4000 };
	arf_event(f, &ev);
}

static void links(struct arf *f)
{
	add_link(f, ARF_LAN, "lan", 1);
	add_link(f, ARF_UP, "up", 2);
	add_addr(f, ARF_LAN, ar_ll);
	add_addr(f, ARF_LAN, ar_global);
	add_addr(f, ARF_UP, up_ll);
	add_addr(f, ARF_UP, up_global);
}

bool arf_draft01(const struct arf *f)
{
	return f->cfg.profile == LKE_PROFILE_DRAFT01;
}

void arf_open(struct arf *f, enum lke_profile profile, void (*tune)(struct lke_config *cfg))
{
	static struct lke_config cfg;

	memset(f, 0, sizeof(*f));
	f->now = 1000 * LKE_SEC;
	lke_config_defaults(&cfg);
	cfg.profile = as_draft01() ? LKE_PROFILE_DRAFT01 : profile;
	cfg.ars = 1;
	lke_config_ar_defaults(&cfg.ar[0]);
	strcpy(cfg.ar[0].interface, "lan");
	memset(cfg.seed, 7, sizeof(cfg.seed));
	if (tune)
		tune(&cfg);
	f->cfg = cfg;
	assert_int_equal(lke_engine_new(&cfg, f->now, &f->e), 0);
	links(f);
	arf_rsa_key(f, 1);
}

void arf_restart(struct arf *f, unsigned records, int64_t shift, bool raise, bool new_key)
{
	struct lke_event ev = { .type = LKE_EV_RECORD };

	assert_true(records <= f->records);
	f->records = records;
	f->sents = f->notes = f->intercepts = f->groups = 0;
	f->cookie = 0;
	lke_engine_free(f->e);
	f->cfg.seed[1]++;
	assert_int_equal(lke_engine_new(&f->cfg, f->now, &f->e), 0);
	for (unsigned n = 0; n < records; n++) {
		ev.record =
			(struct lke_ev_record){ f->record[n].data, f->record[n].len, shift, raise };
		assert_int_equal(lke_engine_input(f->e, &ev, f->now), 0);
	}
	arf_rsa_key(f, f->key_id + new_key);
	ev.record = (struct lke_ev_record){ 0 };
	arf_event(f, &ev);
	links(f);
}

void arf_close(struct arf *f)
{
	lke_engine_free(f->e);
	f->e = NULL;
	free(f->record);
	f->record = NULL;
}

const struct arf_sent *arf_last(const struct arf *f, enum lke_msg msg)
{
	for (unsigned n = f->sents; n > 0; n--)
		if (f->sent[n - 1].msg == msg)
			return &f->sent[n - 1];
	return NULL;
}

unsigned arf_count(const struct arf *f, enum lke_msg msg)
{
	unsigned count = 0;

	for (unsigned n = 0; n < f->sents; n++)
		count += f->sent[n].msg == msg;
	return count;
}

unsigned arf_notes(const struct arf *f, enum lke_note_type type)
{
	unsigned count = 0;

	for (unsigned n = 0; n < f->notes; n++)
		count += f->note[n].type == type;
	return count;
}

static void mac_with(const uint8_t kbm[16], const struct lke_mac_input *in, uint8_t ret[SHA1_LEN])
{
	struct iov_part part[LKE_MAC_PARTS];

	for (size_t n = 0; n < in->n; n++)
		part[n] = (struct iov_part){ in->part[n].p, in->part[n].n };
	assert_int_equal(hmac_sha1(kbm, 16, part, in->n, ret), 0);
}

size_t arf_make_kereq(const struct arf_mn *m, uint8_t *buf, size_t size)
{
	struct lke_in6 ll = arf_addr(ar_ll);
	struct ip6_out o = { .src = m->ll, .dst = ll, .hop_limit = 255, .hao = &m->coa };
	uint8_t data[ARF_MODULUS] = { 0 }, mac[2][SHA1_LEN];
	struct mh_kereq k = { .seq = m->seq, .data = data, .data_len = sizeof(data) };
	struct wr w = wr_init(buf, size);
	struct lke_mac_input in;
	size_t off[2], mh, macs = 0, request = 0, renewal = 0;

	memcpy(data, m->kbm, 16);
	data[16] = m->salt;
	memcpy(data + 17, &m->seq, 2);
	k.lifetime = m->lifetime;
	k.request.present = !m->no_proof;
	k.renewal.present = m->old_kbm != NULL;
	mh = ip6_begin(&w, &o, IP6_NH_MH);
	mh_kereq_encode(&w, &k, &request, &renewal);
	ip6_end(&w);
	if (k.request.present)
		off[macs++] = mh + request;
	if (k.renewal.present)
		off[macs++] = mh + renewal;
	lke_mac_whole(buf, w.off, mh + 4, off, macs, &in);
	mac_with(m->kbm, &in, mac[0]);
	mac_with(m->old_kbm ? m->old_kbm : m->kbm, &in, mac[1]);
	mac[0][0] ^= m->bad_proof;
	if (k.request.present)
		wr_patch_bytes(&w, mh + request, mac[0], SHA1_LEN);
	if (k.renewal.present)
		wr_patch_bytes(&w, mh + renewal, mac[1], SHA1_LEN);
	mh_set_checksum(&w, mh, &m->coa, &ll);
	assert_false(w.err);
	return w.off;
}

int arf_kereq(struct arf *f, const struct arf_mn *m)
{
	uint8_t buf[1024];
	size_t len = arf_make_kereq(m, buf, sizeof(buf));

	return arf_feed(f, ARF_LAN, &m->lladdr, buf, len);
}

uint8_t arf_keack(const struct arf *f, const struct arf_mn *m, struct mh_keack *ret)
{
	const struct arf_sent *s = arf_last(f, LKE_MSG_KEACK);
	struct lke_mac_input in;
	uint8_t mac[SHA1_LEN];
	struct mh_view v;
	size_t off;

	assert_non_null(s);
	assert_int_equal(s->ip.hop_limit, 255);
	assert_true(in6_eq(&s->ip.dst, &m->ll) && s->ip.has_rh2 && in6_eq(&s->ip.rh2, &m->coa));
	assert_int_equal(
		mh_check(s->pkt + s->ip.upper_off, s->ip.upper_len, &s->ip.src, &m->coa, &v), 0);
	assert_int_equal(mh_keack_decode(&v, ret), 0);
	off = s->ip.upper_off + ret->mac_off;
	lke_mac_whole(s->pkt, s->len, s->ip.upper_off + 4, &off, 1, &in);
	mac_with(m->kbm, &in, mac);
	assert_memory_equal(mac, ret->mac, SHA1_LEN);
	return ret->status;
}

size_t arf_make_na(const struct arf_mn *m, const struct arf_sent *ns, enum arf_na kind,
		   uint8_t *buf, size_t size)
{
	struct nd_msg in, out = { .type = ND_NA, .na_flags = ND_NA_O };
	struct lke_in6 src = m->coa;
	struct lke_mac_input mi;
	uint8_t mac[SHA1_LEN];
	size_t off;
	int len;

	assert_non_null(ns);
	assert_int_equal(nd_decode(&ns->ip, &in), 0);
	out.target = m->coa;
	out.lladdr = m->lladdr;
	out.has_auth = kind != ARF_NA_PLAIN;
	out.auth.nonce = in.auth.nonce ^ (kind == ARF_NA_WRONG_NONCE);
	out.auth.ar = in.auth.ar;
	if (kind == ARF_NA_WRONG_AR)
		out.auth.ar.b[15] ^= 1;
	if (kind == ARF_NA_WRONG_SOURCE)
		src = m->ll;
	len = nd_encode(&out, &src, &in6_all_nodes, 0, buf, size);
	assert_true(len > 0);
	if (!out.has_auth)
		return (size_t)len;
	off = nd_mac_off((size_t)len);
	lke_mac_whole(buf, (size_t)len, IP6_HDR_LEN + 2, &off, 1, &mi);
	mac_with(m->kbm, &mi, mac);
	mac[0] ^= kind == ARF_NA_BAD_MAC;
	nd_set_mac(buf, (size_t)len, off, mac);
	return (size_t)len;
}

int arf_na(struct arf *f, const struct arf_mn *m, const struct arf_sent *ns, enum arf_na kind)
{
	uint8_t buf[256];
	size_t len = arf_make_na(m, ns, kind, buf, sizeof(buf));

	return arf_feed(f, ARF_LAN, &m->lladdr, buf, len);
}

int arf_dad_ns(struct arf *f, const struct lke_in6 *target, const struct lke_lladdr *from)
{
	struct nd_msg m = { .type = ND_NS, .target = *target };
	struct lke_in6 dst = in6_solicited_node(target);
	uint8_t buf[256];
	int len = nd_encode(&m, &in6_unspecified, &dst, 0, buf, sizeof(buf));

	assert_true(len > 0);
	return arf_feed(f, ARF_LAN, from, buf, (size_t)len);
}

void arf_attach(struct arf *f, const struct arf_mn *m)
{
	struct mh_keack k;

	f->neighbour = f->dad = m;
	arf_kereq(f, m);
	assert_int_equal(arf_keack(f, m, &k), 0);
	arf_run(f, 2 * LKE_SEC);
	assert_true(arf_has(f, &m->coa, LKE_LBSA_VALID, NULL));
	f->neighbour = f->dad = NULL;
}

bool arf_has(const struct arf *f, const struct lke_in6 *coa, enum lke_lbsa_state state,
	     struct lke_lbsa_view *ret)
{
	struct lke_lbsa_view v;
	size_t cursor = 0;

	while (lke_engine_next_lbsa(f->e, &cursor, &v)) {
		if (!in6_eq(&v.coa, coa) || v.state != state)
			continue;
		if (ret)
			*ret = v;
		return true;
	}
	return false;
}

bool arf_binding(const struct arf *f, const struct lke_in6 *home, struct lke_binding_view *ret)
{
	struct lke_binding_view v;
	size_t cursor = 0;

	while (lke_engine_next_binding(f->e, &cursor, &v)) {
		if (!in6_eq(&v.home, home))
			continue;
		if (ret)
			*ret = v;
		return true;
	}
	return false;
}

/* Sends the MH in w as a MN does: MAC over source, destination, MH; checksum with the home address.
 */
static void seal(struct wr *w, size_t mh, const struct ip6_out *o, const struct lke_in6 *home,
		 const uint8_t *kbm, bool bad)
{
	struct lke_mac_input in;
	uint8_t mac[SHA1_LEN];

	ip6_end(w);
	if (kbm) {
		lke_mac_binding(&o->src, &o->dst, w->p + mh, w->off - mh, &in);
		mac_with(kbm, &in, mac);
		mac[0] ^= bad;
		wr_patch_bytes(w, w->off - AUTH_DATA_LEN, mac, AUTH_DATA_LEN);
	}
	mh_set_checksum(w, mh, home, &o->dst);
	assert_false(w->err);
}

/* RFC 6275 6.2.6; the encoder never writes it. */
static void bu_with_nonce_indices(struct wr *w, const struct mh_bu *b)
{
	static const uint8_t head[6] = { IP6_NH_NONE, 3, MH_BU };
	static const uint8_t options[20] = { MOPT_NONCE_INDICES, 4, 0, 1, 0, 2, MOPT_AUTH_DATA,
					     AUTH_DATA_LEN };

	wr_bytes(w, head, sizeof(head));
	wr_u16(w, b->seq);
	wr_u16(w, b->flags);
	wr_u16(w, b->lifetime);
	wr_bytes(w, options, sizeof(options));
}

size_t arf_make_bu(const struct arf_mn *m, const struct arf_bu *o, uint8_t *buf, size_t size)
{
	struct ip6_out ip = { .src = o->at_home ? m->coa : m->new_coa,
			      .dst = o->to ? *o->to : arf_addr(ar_global),
			      .hop_limit = 64,
			      .hao = o->at_home ? NULL : &m->coa };
	struct mh_bu b = { .seq = m->bu_seq,
			   .flags = o->flags ? o->flags : BU_A | BU_H,
			   .lifetime = o->lifetime,
			   .leaving = o->leaving };
	struct wr w = wr_init(buf, size);
	size_t mh = ip6_begin(&w, &ip, IP6_NH_MH);

	if (o->alt_coa) {
		b.has_alt_coa = true;
		b.alt_coa = *o->alt_coa;
	}
	if (o->nonce_indices)
		bu_with_nonce_indices(&w, &b);
	else
		mh_bu_encode(&w, &b, !o->no_auth);
	seal(&w, mh, &ip, &m->coa, o->no_auth ? NULL : o->kbm ? o->kbm : m->kbm, o->bad_auth);
	return w.off;
}

int arf_bu(struct arf *f, const struct arf_mn *m, const struct arf_bu *o)
{
	struct lke_lladdr upstream = arf_lladdr(0xee);
	uint8_t buf[512];
	size_t len = arf_make_bu(m, o, buf, sizeof(buf));

	return arf_feed(f, o->at_home ? ARF_LAN : ARF_UP, o->at_home ? &m->lladdr : &upstream, buf,
			len);
}

struct mh_ba arf_ba(const struct arf *f, const uint8_t kbm[16], bool *ret_signed)
{
	const struct arf_sent *s = arf_last(f, LKE_MSG_BA);
	struct lke_mac_input in;
	struct lke_in6 home;
	uint8_t mac[SHA1_LEN];
	struct mh_view v;
	struct mh_ba ba;

	assert_non_null(s);
	home = ip6_pseudo_dst(&s->ip);
	assert_int_equal(mh_check(s->pkt + s->ip.upper_off, s->ip.upper_len, &s->ip.src, &home, &v),
			 0);
	assert_int_equal(mh_ba_decode(&v, &ba), 0);
	*ret_signed = false;
	if (ba.auth.present) {
		lke_mac_binding(&s->ip.src, &s->ip.dst, v.p, v.len, &in);
		mac_with(kbm, &in, mac);
		*ret_signed = memcmp(mac, ba.auth.mac, AUTH_DATA_LEN) == 0;
	}
	return ba;
}

size_t arf_seal_finished(const struct arf_mn *m, const struct ip6_out *ip,
			 const struct mh_finished *fin, uint8_t *buf, size_t size)
{
	struct wr w = wr_init(buf, size);
	size_t mh = ip6_begin(&w, ip, IP6_NH_MH);

	mh_finished_encode(&w, fin);
	seal(&w, mh, ip, &m->coa, m->kbm, false);
	return w.off;
}

int arf_finished(struct arf *f, const struct arf_mn *m, const struct mh_ba *ba, bool bad_auth)
{
	struct ip6_out ip = {
		.src = m->new_coa, .dst = arf_addr(ar_global), .hop_limit = 64, .hao = &m->coa
	};
	struct mh_finished fin = { .seq = ba->seq, .lifetime = ba->lifetime, .nonce = ba->nonce };
	struct lke_lladdr upstream = arf_lladdr(0xee);
	uint8_t buf[512];
	struct wr w = wr_init(buf, sizeof(buf));
	size_t mh = ip6_begin(&w, &ip, IP6_NH_MH);

	mh_finished_encode(&w, &fin);
	seal(&w, mh, &ip, &m->coa, m->kbm, bad_auth);
	return arf_feed(f, ARF_UP, &upstream, buf, w.off);
}
