/* SPDX-License-Identifier: ISC */
/* A message of a capture as a line, as all of its fields, as JSON. */
#include <string.h>
#include <time.h>

#include "base/in6.h"
#include "base/str.h"
#include "ctl/decode.h"
#include "present/note_json.h"

enum { NSEC = 1000000000 };

static void put_number(struct sbuf *s, const char *before, uint64_t v, const char *after)
{
	sbuf_str(s, before);
	sbuf_u64(s, v);
	sbuf_str(s, after);
}

static void put_nonce(struct sbuf *s, const char *before, uint32_t v)
{
	uint8_t b[4];
	struct wr w = wr_init(b, sizeof(b));

	wr_u32(&w, v);
	sbuf_str(s, before);
	sbuf_hex(s, b, sizeof(b));
}

static void put_ra(struct sbuf *s, const struct nd_msg *m)
{
	if (m->ra_flags & ND_RA_H)
		sbuf_str(s, ", home agent");
	for (unsigned k = 0; k < m->prefixes; k++) {
		sbuf_str(s, ", prefix ");
		sbuf_in6(s, &m->prefix[k].prefix);
		put_number(s, "/", m->prefix[k].len, "");
	}
	if (m->has_lke) {
		put_number(s, ", LKE for ", m->lke_max_lifetime, "s");
		put_number(s, ", key of ", m->lke_key_len, " octets");
	}
}

static void put_hadisc(struct sbuf *s, const struct hadisc *m)
{
	put_number(s, ", id ", m->id, "");
	for (unsigned k = 0; k < m->agents; k++) {
		sbuf_str(s, k ? " " : ", home agents ");
		sbuf_in6(s, &m->agent[k]);
	}
	for (unsigned k = 0; k < m->prefixes; k++) {
		sbuf_str(s, ", prefix ");
		sbuf_in6(s, &m->prefix[k].prefix);
		put_number(s, "/", m->prefix[k].len, "");
	}
}

static void put_rr(struct sbuf *s, const struct mh_rr *m)
{
	sbuf_str(s, ", cookie ");
	sbuf_hex(s, m->cookie, sizeof(m->cookie));
	if (m->answer)
		put_number(s, ", nonce index ", m->nonce_index, "");
}

/* What the note has no place for. */
static void put_more(struct sbuf *s, const struct packet *p)
{
	switch (p->drop == LKE_DROP_NONE ? p->msg : LKE_MSG_NONE) {
	case LKE_MSG_RA:
		put_ra(s, &p->nd);
		break;
	case LKE_MSG_DAD_NS_AUTH:
	case LKE_MSG_DAD_NA_AUTH:
		put_nonce(s, ", nonce ", p->nd.auth.nonce);
		break;
	case LKE_MSG_KEREQ:
		put_number(s, ", RSA ", p->kereq.data_len * 8, "");
		sbuf_str(s, p->kereq.renewal.present ? ", renewal" : "");
		break;
	case LKE_MSG_BU:
		sbuf_str(s, p->bu.leaving ? ", leaving" : "");
		break;
	case LKE_MSG_BA:
		if (p->ba.has_finished_request)
			put_nonce(s, ", Finished requested, nonce ", p->ba.nonce);
		break;
	case LKE_MSG_FINISHED:
		put_nonce(s, ", nonce ", p->finished.nonce);
		break;
	case LKE_MSG_DHAAD_REQUEST:
	case LKE_MSG_DHAAD_REPLY:
	case LKE_MSG_MPS:
	case LKE_MSG_MPA:
		put_hadisc(s, &p->hadisc);
		break;
	case LKE_MSG_HOTI:
	case LKE_MSG_COTI:
	case LKE_MSG_HOT:
	case LKE_MSG_COT:
		put_rr(s, &p->rr);
		break;
	case LKE_MSG_ICMP_ERROR:
		put_number(s, ", type ", p->icmp.type, "");
		put_number(s, " code ", p->icmp.code, "");
		break;
	default:
		break;
	}
}

static void put_registration(struct sbuf *s, const struct decoded *d)
{
	sbuf_str(s, "ESP ");
	sbuf_in6(s, &d->note.src);
	sbuf_str(s, " -> ");
	sbuf_in6(s, &d->note.dst);
	sbuf_str(s, " for ");
	sbuf_in6(s, &d->note.addr);
	put_nonce(s, " spi 0x", d->spi);
}

void decode_line(const struct decoded *d, char *buf, size_t size)
{
	struct sbuf s = sbuf_init(buf, size);
	char text[400];

	if (d->esp) {
		put_registration(&s, d);
	} else {
		(void)lke_message_format(&d->note, text, sizeof(text));
		sbuf_str(&s, text);
		put_more(&s, &d->packet);
	}
	if (d->mac == KEYRING_VERIFIED)
		sbuf_str(&s, ", MAC verified");
	if (d->mac == KEYRING_NO_KEY)
		sbuf_str(&s, ", no key for its MAC");
	if (d->tunnels) {
		sbuf_str(&s, ", in a tunnel ");
		sbuf_in6(&s, &d->outer_src);
		sbuf_str(&s, " -> ");
		sbuf_in6(&s, &d->outer_dst);
	}
}

static void print_field(void *ctx, const char *name, const char *value)
{
	fprintf(ctx, "        %-28s %s\n", name, value);
}

void decode_print_text(FILE *out, const struct decoded *d, bool verbose)
{
	time_t t = (time_t)(d->frame->time_ns / NSEC);
	char when[16], line[1400];
	struct tm tm = { 0 };

	localtime_r(&t, &tm);
	strftime(when, sizeof(when), "%H:%M:%S", &tm);
	decode_line(d, line, sizeof(line));
	fprintf(out, "%s.%06u %-8s %s\n", when, (unsigned)(d->frame->time_ns % NSEC / 1000),
		d->frame->interface[0] ? d->frame->interface : "-", line);
	if (!verbose)
		return;
	fprintf(out, "        %-28s %llu\n", "frame", (unsigned long long)d->frame->number);
	packet_describe(&d->packet, print_field, out);
}

static void add_field(void *ctx, const char *name, const char *value)
{
	json_array_append_new(ctx, json_pack("{s:s,s:s}", "name", name, "value", value));
}

static const char *verdict(const struct decoded *d)
{
	if (d->note.drop != LKE_DROP_NONE)
		return lke_drop_name(d->note.drop);
	return d->mac == KEYRING_VERIFIED ? "accepted" : "unverified";
}

json_t *decode_json(const struct decoded *d, bool verbose)
{
	json_t *j = note_json(&d->note, d->frame->interface);
	char line[1400];

	if (!j)
		return NULL;
	decode_line(d, line, sizeof(line));
	json_object_set_new(j, "text", json_string(line));
	json_object_set_new(j, "verdict", json_string(verdict(d)));
	json_object_set_new(j, "wall_time", json_real((double)d->frame->time_ns / NSEC));
	json_object_set_new(j, "frame", json_integer((json_int_t)d->frame->number));
	if (d->esp) {
		json_object_set_new(j, "message", json_string("ESP"));
		json_object_set_new(j, "spi", json_integer(d->spi));
	}
	if (d->tunnels)
		json_object_set_new(j, "tunnel",
				    json_pack("{s:o,s:o}", "source", in6_json(&d->outer_src),
					      "destination", in6_json(&d->outer_dst)));
	if (verbose) {
		json_t *fields = json_array();

		packet_describe(&d->packet, add_field, fields);
		json_object_set_new(j, "fields", fields);
	}
	return j;
}
