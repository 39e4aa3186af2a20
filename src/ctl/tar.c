/* SPDX-License-Identifier: ISC */
#include "ctl/tar.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

enum { BLOCK = 512 };

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
	char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], unused[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is one block");

/* Octal digits and a NUL fill the field. */
static void octal(char *field, size_t size, uint64_t n)
{
	char text[32];

	snprintf(text, sizeof(text), "%0*" PRIo64, (int)size - 1, n);
	memcpy(field, text, size);
}

static unsigned checksum(const struct header *h)
{
	unsigned char octets[BLOCK];
	unsigned sum = 0;

	memcpy(octets, h, sizeof(octets));
	for (size_t i = 0; i < sizeof(octets); i++)
		sum += octets[i];
	return sum;
}

int tar_file(FILE *out, const char *name, time_t when, const char *data, size_t len)
{
	static const char zero[BLOCK];
	struct header h = { .type = '0', .magic = "ustar", .version = { '0', '0' } };
	size_t rest = len % BLOCK;

	if (strlen(name) >= sizeof(h.name) || (uint64_t)len >= UINT64_C(1) << 33)
		return -1;
	strcpy(h.name, name);
	octal(h.mode, sizeof(h.mode), 0600);
	octal(h.uid, sizeof(h.uid), 0);
	octal(h.gid, sizeof(h.gid), 0);
	octal(h.size, sizeof(h.size), len);
	octal(h.mtime, sizeof(h.mtime), when > 0 ? (uint64_t)when & 077777777777 : 0);
	memset(h.checksum, ' ', sizeof(h.checksum)); /* counts as blanks */
	octal(h.checksum, sizeof(h.checksum) - 1, checksum(&h));
	fwrite(&h, sizeof(h), 1, out);
	fwrite(data, 1, len, out);
	fwrite(zero, 1, rest ? BLOCK - rest : 0, out);
	return ferror(out) ? -1 : 0;
}

int tar_end(FILE *out)
{
	static const char zero[2 * BLOCK];

	fwrite(zero, sizeof(zero), 1, out);
	return ferror(out) ? -1 : 0;
}
