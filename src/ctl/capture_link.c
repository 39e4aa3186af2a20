/* SPDX-License-Identifier: ISC */
/* Link types: where the IPv6 packet begins. */
#include "base/cursor.h"
#include "ctl/capture.h"

enum {
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_QINQ = 0x88a8,
	VLAN_TAGS_MAX = 2,
};

/* The Ethernet type at r, behind VLAN tags. */
static uint16_t read_type(struct rd *r)
{
	uint16_t type = rd_u16(r);

	for (unsigned n = 0; n < VLAN_TAGS_MAX; n++) {
		if (type != ETHERTYPE_VLAN && type != ETHERTYPE_QINQ)
			break;
		rd_skip(r, 2);
		type = rd_u16(r);
	}
	return type;
}

static bool is_ipv6(const struct rd *r)
{
	return rd_left(r) > 0 && r->p[r->off] >> 4 == 6;
}

int capture_ipv6(const struct capture_frame *f, const uint8_t **ret_pkt, size_t *ret_len)
{
	struct rd r = rd_init(f->data, f->len);
	uint16_t type = ETHERTYPE_IPV6;

	switch (f->link) {
	case CAPTURE_ETHERNET:
		rd_skip(&r, 12);
		type = read_type(&r);
		break;
	case CAPTURE_SLL:
		rd_skip(&r, 14);
		type = read_type(&r);
		break;
	case CAPTURE_SLL2:
		type = rd_u16(&r);
		rd_skip(&r, 18);
		break;
	case CAPTURE_NULL:
	case CAPTURE_LOOP:
		/* An address family, whose number each system has chosen for itself. */
		rd_skip(&r, 4);
		break;
	case CAPTURE_RAW:
	case CAPTURE_RAW_BSD:
	case CAPTURE_IPV6:
		break;
	default:
		return -1;
	}
	if (type != ETHERTYPE_IPV6 || !is_ipv6(&r))
		return 0;
	*ret_len = rd_left(&r);
	*ret_pkt = rd_view(&r, *ret_len);
	return 1;
}
