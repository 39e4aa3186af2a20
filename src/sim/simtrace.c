/* SPDX-License-Identifier: ISC */
/* The trace: every frame that was put on a link. */
#include <string.h>

#include "lke/msg.h"
#include "sim/simpriv.h"

void sim_record(struct simnet *s, const struct simnode *from, unsigned iface,
		const struct lke_lladdr *dst, const uint8_t *data, size_t len)
{
	struct simframe seen, *f = s->observe_frame ? &seen : sim_must(malloc(sizeof(*f)));

	f->at = s->now;
	f->link = from->iface[iface].link;
	f->from = from;
	f->src = from->iface[iface].lladdr;
	f->dst = *dst;
	f->msg = lke_packet_classify(data, len);
	f->len = len;
	memcpy(f->data, data, len);
	if (s->observe_frame) {
		s->observe_frame(s->ctx, f);
		return;
	}
	if (s->frames == s->frames_cap) {
		s->frames_cap = s->frames_cap ? s->frames_cap * 2 : 256;
		s->frame = sim_must(realloc(s->frame, s->frames_cap * sizeof(*s->frame)));
	}
	s->frame[s->frames++] = f;
}

void sim_observe(struct simnet *s, sim_observer *frames, sim_probe_observer *probes, void *ctx)
{
	s->observe_frame = frames;
	s->observe_probe = probes;
	s->ctx = ctx;
}

size_t sim_frames(const struct simnet *s)
{
	return s->frames;
}

const struct simframe *sim_frame(const struct simnet *s, size_t index)
{
	return index < s->frames ? s->frame[index] : NULL;
}

static bool matches(const struct simframe *f, lke_time since, const struct simnode *from,
		    enum lke_msg msg)
{
	return f->at >= since && (!from || f->from == from) &&
	       (msg == LKE_MSG_NONE || f->msg == msg);
}

const struct simframe *sim_find(const struct simnet *s, lke_time since, const struct simnode *from,
				enum lke_msg msg)
{
	for (size_t i = 0; i < s->frames; i++)
		if (matches(s->frame[i], since, from, msg))
			return s->frame[i];
	return NULL;
}

unsigned sim_count(const struct simnet *s, lke_time since, const struct simnode *from,
		   enum lke_msg msg)
{
	unsigned n = 0;

	for (size_t i = 0; i < s->frames; i++)
		n += matches(s->frame[i], since, from, msg);
	return n;
}

void sim_trace_done(struct simnet *s)
{
	for (size_t i = 0; i < s->frames; i++)
		free(s->frame[i]);
	free(s->frame);
}
