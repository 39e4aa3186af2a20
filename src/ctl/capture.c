/* SPDX-License-Identifier: ISC */
#include "ctl/capture.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
	PCAP_USEC = 0xa1b2c3d4,
	PCAP_NSEC = 0xa1b23c4d,
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_SIMPLE = 3,
	BLOCK_PACKET = 6,
	ORDER_MAGIC = 0x1a2b3c4d,
	BLOCK_FRAME = 12, /* type and the two lengths */
	OPT_END = 0,
	OPT_IF_NAME = 2,
	OPT_IF_TSRESOL = 9,
	OPT_IF_TSOFFSET = 14,
	RESOLUTION_USEC = 6,
	NSEC = 1000000000,
	GZIP = 0x1f8b,
	ZSTD = 0x28b52ffd,
};

#define NO_CAPTURE "neither pcap nor pcapng; record one with: tcpdump -w FILE"

struct interface {
	uint16_t link;
	uint32_t snap;
	uint8_t resolution; /* if_tsresol: a power of ten, or with the top bit of two */
	int64_t offset;	    /* seconds */
	char name[CAPTURE_NAME_MAX];
};

struct capture {
	FILE *f;
	uint64_t pos, frames;
	bool begun, ng, little, nanoseconds;
	uint16_t link; /* pcap */
	struct interface interface[CAPTURE_INTERFACES_MAX];
	unsigned interfaces;
	uint8_t *buf;
	char error[160];
};

struct capture *capture_new(FILE *f)
{
	struct capture *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->f = f;
	c->buf = malloc(CAPTURE_FRAME_MAX);
	if (!c->buf) {
		free(c);
		return NULL;
	}
	return c;
}

void capture_free(struct capture *c)
{
	if (!c)
		return;
	free(c->buf);
	free(c);
}

const char *capture_error(const struct capture *c)
{
	return c->error;
}

static int broken(struct capture *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int broken(struct capture *c, const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(c->error, sizeof(c->error), "octet %" PRIu64 ": ", c->pos);

	va_start(ap, fmt);
	vsnprintf(c->error + n, sizeof(c->error) - (size_t)n, fmt, ap);
	va_end(ap);
	return -1;
}

/* --- numbers in the byte order of the writer --- */

static uint32_t get32(const struct capture *c, const uint8_t *p)
{
	if (c->little)
		return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
	return p[3] | (uint32_t)p[2] << 8 | (uint32_t)p[1] << 16 | (uint32_t)p[0] << 24;
}

static uint16_t get16(const struct capture *c, const uint8_t *p)
{
	return (uint16_t)(c->little ? p[0] | p[1] << 8 : p[1] | p[0] << 8);
}

/* 1: n octets are at p; 0: the file ends right here; -1: it ends within them. */
static int take(struct capture *c, void *p, size_t n)
{
	size_t got = fread(p, 1, n, c->f);

	if (got == n)
		return 1;
	if (ferror(c->f))
		return broken(c, "%s", strerror(errno));
	if (got == 0)
		return 0;
	return broken(c, "the file is cut short: %zu octets of %zu", got, n);
}

/* As take(), where an end is an error, too. */
static int need(struct capture *c, void *p, size_t n)
{
	int r = take(c, p, n);

	return r == 0 ? broken(c, "the file is cut short: nothing of %zu octets", n) : r;
}

/* --- pcap --- */

static int pcap_begin(struct capture *c, uint32_t magic)
{
	uint8_t h[20];

	c->nanoseconds = magic == PCAP_NSEC;
	if (need(c, h, sizeof(h)) < 0)
		return -1;
	if (get16(c, h) != 2)
		return broken(c, "pcap of version %u.%u is not known", get16(c, h),
			      get16(c, h + 2));
	c->link = (uint16_t)get32(c, h + 16);
	c->pos += 4 + sizeof(h);
	return 1;
}

static int pcap_next(struct capture *c, struct capture_frame *ret)
{
	uint8_t h[16];
	uint32_t len;
	int r = take(c, h, sizeof(h));

	if (r <= 0)
		return r;
	len = get32(c, h + 8);
	if (len > CAPTURE_FRAME_MAX)
		return broken(c, "a packet of %" PRIu32 " octets; the file is damaged", len);
	if (len && need(c, c->buf, len) < 0)
		return -1;
	*ret = (struct capture_frame){
		.number = ++c->frames,
		.time_ns = (uint64_t)get32(c, h) * NSEC +
			   (uint64_t)get32(c, h + 4) * (c->nanoseconds ? 1 : 1000),
		.link = c->link,
		.interface = "",
		.data = c->buf,
		.len = len,
		.wire_len = get32(c, h + 12),
	};
	c->pos += sizeof(h) + len;
	return 1;
}

/* --- pcapng --- */

/* A section says its own byte order, behind its length. */
static int section_order(struct capture *c)
{
	uint8_t magic[4];

	if (need(c, magic, sizeof(magic)) < 0)
		return -1;
	c->little = true;
	if (get32(c, magic) != ORDER_MAGIC)
		c->little = false;
	if (get32(c, magic) != ORDER_MAGIC)
		return broken(c, "a section without byte order magic");
	c->interfaces = 0;
	return 1;
}

/* The rest of a block whose type and length, still raw, have been read: its body to c->buf. */
static int read_block(struct capture *c, uint32_t type, const uint8_t raw[4], size_t *ret_body)
{
	size_t head = type == BLOCK_SECTION ? 12 : 8, rest;
	uint32_t len;

	if (type == BLOCK_SECTION && section_order(c) < 0)
		return -1;
	len = get32(c, raw);
	if (len < head + 4 || len % 4 || len > CAPTURE_FRAME_MAX)
		return broken(c, "a block of %" PRIu32 " octets; the file is damaged", len);
	rest = len - head;
	if (need(c, c->buf, rest) < 0)
		return -1;
	if (get32(c, c->buf + rest - 4) != len)
		return broken(c, "a block whose two lengths differ; the file is damaged");
	*ret_body = rest - 4;
	c->pos += len;
	return 1;
}

static int check_section(struct capture *c, size_t body)
{
	if (body < 12)
		return broken(c, "a section header of %zu octets", body);
	if (get16(c, c->buf) != 1)
		return broken(c, "pcapng of version %u.%u is not known", get16(c, c->buf),
			      get16(c, c->buf + 2));
	return 1;
}

static void interface_option(struct capture *c, struct interface *i, unsigned type,
			     const uint8_t *p, size_t len)
{
	if (type == OPT_IF_NAME) {
		size_t n = len < sizeof(i->name) ? len : sizeof(i->name) - 1;

		for (size_t k = 0; k < n && p[k]; k++)
			i->name[k] = p[k] > ' ' && p[k] < 0x7f ? (char)p[k] : '?';
	} else if (type == OPT_IF_TSRESOL && len == 1) {
		i->resolution = p[0];
	} else if (type == OPT_IF_TSOFFSET && len == 8) {
		uint64_t a = get32(c, p), b = get32(c, p + 4);

		i->offset = (int64_t)(c->little ? a | b << 32 : b | a << 32);
	}
}

/* Body of an Interface Description Block. */
static int add_interface(struct capture *c, const uint8_t *p, size_t len)
{
	struct interface *i = &c->interface[c->interfaces];
	size_t off = 8;

	if (c->interfaces == CAPTURE_INTERFACES_MAX)
		return broken(c, "more than %d interfaces in a section", CAPTURE_INTERFACES_MAX);
	if (len < 8)
		return broken(c, "an interface of %zu octets", len);
	*i = (struct interface){ .link = get16(c, p),
				 .snap = get32(c, p + 4),
				 .resolution = RESOLUTION_USEC };
	while (off + 4 <= len) {
		unsigned type = get16(c, p + off);
		size_t n = get16(c, p + off + 2);

		if (type == OPT_END)
			break;
		if (n > len - off - 4)
			return broken(c, "an option of an interface that ends behind its block");
		interface_option(c, i, type, p + off + 4, n);
		off += 4 + (n + 3) / 4 * 4;
	}
	c->interfaces++;
	return 1;
}

/* Nanoseconds since 1970; a resolution that no clock has counts as seconds. */
static uint64_t stamp_ns(const struct interface *i, uint64_t t)
{
	unsigned power = i->resolution & 0x7f;
	uint64_t unit = 1, part;

	if (i->resolution & 0x80) {
		unit = power < 63 ? UINT64_C(1) << power : 1;
	} else {
		for (unsigned k = 0; k < power && power < 19; k++)
			unit *= 10;
	}
	part = t % unit;
	/* part < unit: scaled without an overflow of 64 bits. */
	part = unit > NSEC ? part / (unit / NSEC) : part * NSEC / unit;
	return (t / unit + (uint64_t)i->offset) * NSEC + part;
}

static int packet_block(struct capture *c, const uint8_t *p, size_t len, struct capture_frame *ret)
{
	const struct interface *i;
	uint32_t n;

	if (len < 20)
		return broken(c, "a packet block of %zu octets", len);
	n = get32(c, p + 12);
	if (get32(c, p) >= c->interfaces)
		return broken(c,
			      "a packet of interface %" PRIu32 ", which the file does not describe",
			      get32(c, p));
	if (n > len - 20)
		return broken(c, "a packet that ends behind its block");
	i = &c->interface[get32(c, p)];
	*ret = (struct capture_frame){
		.number = ++c->frames,
		.time_ns = stamp_ns(i, (uint64_t)get32(c, p + 4) << 32 | get32(c, p + 8)),
		.link = i->link,
		.interface = i->name,
		.data = p + 20,
		.len = n,
		.wire_len = get32(c, p + 16),
	};
	return 1;
}

static int simple_block(struct capture *c, const uint8_t *p, size_t len, struct capture_frame *ret)
{
	const struct interface *i = &c->interface[0];
	size_t n;

	if (len < 4 || c->interfaces == 0)
		return broken(c, "a packet without an interface");
	n = get32(c, p);
	if (i->snap && n > i->snap)
		n = i->snap;
	if (n > len - 4)
		return broken(c, "a packet that ends behind its block");
	*ret = (struct capture_frame){ .number = ++c->frames,
				       .link = i->link,
				       .interface = i->name,
				       .data = p + 4,
				       .len = n,
				       .wire_len = get32(c, p) };
	return 1;
}

static int pcapng_begin(struct capture *c)
{
	uint8_t raw[4];
	size_t body = 0;

	c->ng = true;
	if (need(c, raw, sizeof(raw)) < 0 || read_block(c, BLOCK_SECTION, raw, &body) < 0)
		return -1;
	return check_section(c, body);
}

static int pcapng_next(struct capture *c, struct capture_frame *ret)
{
	uint8_t head[8];
	size_t body = 0;
	int r;

	while ((r = take(c, head, sizeof(head))) > 0) {
		uint32_t type = get32(c, head); /* that of a section reads the same both ways */

		if (read_block(c, type, head + 4, &body) < 0)
			return -1;
		if (type == BLOCK_PACKET)
			return packet_block(c, c->buf, body, ret);
		if (type == BLOCK_SIMPLE)
			return simple_block(c, c->buf, body, ret);
		if (type == BLOCK_SECTION && check_section(c, body) < 0)
			return -1;
		if (type == BLOCK_INTERFACE && add_interface(c, c->buf, body) < 0)
			return -1;
	}
	return r;
}

static int begin(struct capture *c)
{
	uint8_t magic[4];
	int r = take(c, magic, sizeof(magic));

	c->begun = true;
	if (r == 0)
		return broken(c, "the file is empty; record one with: tcpdump -w FILE");
	if (r < 0)
		return ferror(c->f) ? -1 : broken(c, NO_CAPTURE);
	c->little = false;
	if (get32(c, magic) >> 16 == GZIP || get32(c, magic) == ZSTD)
		return broken(c, "the file is compressed; give it to gunzip or unzstd first");
	if (get32(c, magic) == BLOCK_SECTION)
		return pcapng_begin(c);
	for (int little = 0; little < 2; little++) {
		c->little = little;
		if (get32(c, magic) == PCAP_USEC || get32(c, magic) == PCAP_NSEC)
			return pcap_begin(c, get32(c, magic));
	}
	return broken(c, NO_CAPTURE);
}

int capture_next(struct capture *c, struct capture_frame *ret)
{
	if (c->error[0] || (!c->begun && begin(c) < 0))
		return -1;
	return c->ng ? pcapng_next(c, ret) : pcap_next(c, ret);
}
