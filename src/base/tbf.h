/* SPDX-License-Identifier: ISC */
/* Token bucket: rate tokens a second, at most burst of them.  Time is passed in. */
#ifndef BASE_TBF_H
#define BASE_TBF_H

#include "lke/types.h"

struct tbf {
	uint64_t rate; /* tokens per second; 0: nothing is ever refilled */
	uint64_t burst;
	uint64_t nanotokens; /* 10^-9 tokens */
	lke_time last;
};

void tbf_init(struct tbf *t, uint64_t rate, uint64_t burst, lke_time now); /* starts full */
bool tbf_take(struct tbf *t, uint64_t tokens, lke_time now);		   /* all or nothing */
bool tbf_has(struct tbf *t, uint64_t tokens, lke_time now);		   /* would it? */

#endif
