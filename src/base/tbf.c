/* SPDX-License-Identifier: ISC */
#include "base/tbf.h"

#define NANO UINT64_C(1000000000)

static uint64_t mul_sat(uint64_t a, uint64_t b)
{
	uint64_t r;

	return __builtin_mul_overflow(a, b, &r) ? UINT64_MAX : r;
}

void tbf_init(struct tbf *t, uint64_t rate, uint64_t burst, lke_time now)
{
	*t = (struct tbf){
		.rate = rate, .burst = burst, .nanotokens = mul_sat(burst, NANO), .last = now
	};
}

static void refill(struct tbf *t, lke_time now)
{
	uint64_t full = mul_sat(t->burst, NANO), gain;

	/* One token a second is one nanotoken a nanosecond.  A clock that stands still or runs back
	 * adds nothing. */
	if (now <= t->last)
		return;
	gain = mul_sat(now - t->last, t->rate);
	t->last = now;
	if (gain >= full - t->nanotokens)
		t->nanotokens = full;
	else
		t->nanotokens += gain;
}

bool tbf_has(struct tbf *t, uint64_t tokens, lke_time now)
{
	refill(t, now);
	/* More than the bucket ever holds: never, and without a product that could saturate. */
	return tokens <= t->burst && mul_sat(tokens, NANO) <= t->nanotokens;
}

bool tbf_take(struct tbf *t, uint64_t tokens, lke_time now)
{
	if (!tbf_has(t, tokens, now))
		return false;
	t->nanotokens -= mul_sat(tokens, NANO);
	return true;
}
