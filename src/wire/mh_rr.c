/* SPDX-License-Identifier: ISC */
#include "wire/mh_rr.h"

int mh_rr_decode(const struct mh_view *v, struct mh_rr *ret)
{
	struct mh_rr m = { .answer = v->type == MH_HOT || v->type == MH_COT };
	struct rd r = rd_init(v->p, v->len);

	rd_skip(&r, MH_FIXED_LEN);
	m.nonce_index = rd_u16(&r); /* reserved in the requests */
	rd_bytes(&r, m.cookie, sizeof(m.cookie));
	if (m.answer)
		rd_bytes(&r, m.token, sizeof(m.token));
	if (r.err)
		return -LKE_DROP_MH_LENGTH;
	*ret = m;
	return 0;
}
