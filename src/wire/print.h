/* SPDX-License-Identifier: ISC */
/* Implements lke/msg.h on the decoders of this floor. */
#ifndef WIRE_PRINT_H
#define WIRE_PRINT_H
#include "lke/msg.h"
#endif
