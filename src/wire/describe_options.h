/* SPDX-License-Identifier: ISC */
/* The options of a message that packet_describe() has no names for: of others, or of the wrong
 * length. */
#ifndef WIRE_DESCRIBE_OPTIONS_H
#define WIRE_DESCRIBE_OPTIONS_H

#include "wire/packet.h"

/* One field "other_option" each, "TYPE: OCTETS" (the octets behind the length). */
void describe_other_options(const struct packet *p, packet_field_fn *field, void *ctx);

#endif
