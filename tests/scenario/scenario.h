/* SPDX-License-Identifier: ISC */
/* What every scenario test includes, in the order cmocka wants. */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../both_profiles.h"

#include "wire/mh.h"
#include "wire/nd.h"
#include "world.h"

#define SEC(n)	((lke_time)(n)*LKE_SEC)
#define MSEC(n) ((lke_time)(n)*LKE_MSEC)

static inline struct world *world_plain(void)
{
	struct world_options o = { .seed = 1 };

	return world_new(&o);
}

#endif
