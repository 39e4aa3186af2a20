/* SPDX-License-Identifier: ISC */
/* lke decode: what its files share. */
#ifndef CTL_DECODE_H
#define CTL_DECODE_H

#include <jansson.h>

#include "ctl/capture.h"
#include "ctl/keyring.h"

/* One message of a capture. */
struct decoded {
	const struct capture_frame *frame;
	struct packet packet;
	struct lke_note note;
	unsigned tunnels;		     /* IPv6 headers around it */
	struct lke_in6 outer_src, outer_dst; /* of the outermost, with tunnels > 0 */
	bool esp;			     /* a home registration that ESP hides */
	uint32_t spi;
	enum keyring_verdict mac;
};

/* --- decode_read.c --- */
struct decode_count {
	uint64_t frames, messages, malformed, cut, foreign_links, others;
	unsigned foreign_link; /* the last of them */
};
/* The message of a frame.  False when it is none of ours; counted either way.  keys may be NULL. */
bool decode_frame(const struct capture_frame *f, const struct keyring *keys,
		  struct decode_count *count, struct decoded *ret);

/* --- decode_print.c --- */
void decode_print_text(FILE *out, const struct decoded *d, bool verbose);
json_t *decode_json(const struct decoded *d, bool verbose); /* schema lke.event/1 */
/* The words of a line behind the time and the interface. */
void decode_line(const struct decoded *d, char *buf, size_t size);

/* --- decode_svg.c --- */
struct sequence;
struct sequence *sequence_new(void);
void sequence_free(struct sequence *s);
void sequence_add(struct sequence *s, const struct decoded *d);
/* Writes the diagram.  0, or -1 when out cannot be written. */
int sequence_write(struct sequence *s, FILE *out, const char *title);
/* Messages that had no room. */
unsigned sequence_left_out(const struct sequence *s);

#endif
