/* SPDX-License-Identifier: ISC */
/* From a frame of a capture to the message in it. */
#include <string.h>

#include "base/in6.h"
#include "ctl/decode.h"
#include "wire/tunnel.h"

/* What lke says of a message whose MAC is wrong. */
static enum lke_drop bad_mac(enum lke_msg msg)
{
	switch (msg) {
	case LKE_MSG_KEREQ:
		return LKE_DROP_KEX_PROOF;
	case LKE_MSG_KEACK:
		return LKE_DROP_KEX_MAC;
	case LKE_MSG_DAD_NS_AUTH:
	case LKE_MSG_DAD_NA_AUTH:
		return LKE_DROP_DAD_MAC;
	default:
		return LKE_DROP_BAD_MAC;
	}
}

/* Registrations with the home agent are inside ESP, but their home address is outside. */
static bool is_registration(const struct packet *p)
{
	return p->drop == LKE_DROP_NONE && p->ip.upper == IP6_NH_ESP && p->ip.upper_len >= 8 &&
	       (p->ip.has_hao || p->ip.has_rh2);
}

static void take_registration(struct decoded *d)
{
	const struct ip6_info *i = &d->packet.ip;
	struct rd r = rd_init(i->pkt + i->upper_off, i->upper_len);

	d->esp = true;
	d->spi = rd_u32(&r);
	d->note.addr = i->has_hao ? i->hao : i->rh2;
}

static void read_packet(const uint8_t *pkt, size_t len, struct decoded *d)
{
	packet_read(pkt, len, &d->packet);
	for (d->tunnels = 0; d->tunnels <= TUNNEL_MAX_HEADERS; d->tunnels++) {
		if (!packet_inner(&d->packet, &pkt, &len))
			break;
		if (d->tunnels == 0) {
			d->outer_src = d->packet.ip.src;
			d->outer_dst = d->packet.ip.dst;
		}
		packet_read(pkt, len, &d->packet);
	}
	packet_note(&d->packet, &d->note);
}

/* Data of applications, tunnelled or not, by next headers alone: a capture may well cut it. */
static bool is_data(const uint8_t *pkt, size_t len)
{
	for (unsigned n = 0; n <= TUNNEL_MAX_HEADERS && len >= IP6_HDR_LEN; n++) {
		if (pkt[6] != IP6_NH_IPV6)
			return pkt[6] == IP6_NH_TCP || pkt[6] == IP6_NH_UDP;
		pkt += IP6_HDR_LEN;
		len -= IP6_HDR_LEN;
	}
	return false;
}

bool decode_frame(const struct capture_frame *f, const struct keyring *keys,
		  struct decode_count *count, struct decoded *ret)
{
	const uint8_t *pkt;
	size_t len;
	int r = capture_ipv6(f, &pkt, &len);

	count->frames++;
	if (r <= 0) {
		count->foreign_links += r < 0;
		count->foreign_link = r < 0 ? f->link : count->foreign_link;
		count->others += r == 0;
		return false;
	}
	*ret = (struct decoded){ .frame = f };
	read_packet(pkt, len, ret);
	if (is_registration(&ret->packet))
		take_registration(ret);
	if (f->len < f->wire_len && ret->packet.drop != LKE_DROP_NONE && !is_data(pkt, len)) {
		count->cut++;
		return false;
	}
	if (ret->packet.msg == LKE_MSG_NONE && !ret->esp) {
		count->others++;
		return false;
	}
	if (keys && !ret->esp)
		ret->mac = keyring_check(keys, &ret->packet);
	if (ret->mac == KEYRING_BAD)
		ret->note.drop = bad_mac(ret->packet.msg);
	count->messages++;
	count->malformed += ret->packet.drop != LKE_DROP_NONE;
	return true;
}
