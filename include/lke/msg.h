/* SPDX-License-Identifier: ISC */
/*
 * One readable line for a packet that concerns LKE, Mobile IPv6 or Neighbor Discovery: for `lke
 * monitor`, `lke decode` and tests.
 */
#ifndef LKE_MSG_H
#define LKE_MSG_H

#include "lke/types.h"

/* What a packet is, without verifying any MAC.  LKE_MSG_NONE for everything else and for malformed
 * packets. */
enum lke_msg lke_packet_classify(const uint8_t *pkt, size_t len);

/*
 * Writes e.g. "Binding Update seq 4660 lifetime 3600s home 2001:db8:1::b01".  buf gets a NUL.
 * Returns the length it has or would have, as snprintf does.
 */
size_t lke_packet_format(const uint8_t *pkt, size_t len, char *buf, size_t size);

#endif
