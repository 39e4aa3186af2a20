/* SPDX-License-Identifier: ISC */
/* bench_show_state DIR N INTERFACE: a state directory with which an lked of this boot starts with N
 * LBSAs. */
#include "bench_lbsas.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "platform/linux/clock.h"
#include "store/state_file.h"

static const uint8_t key[STATE_KEY_LEN] = "the key of a bench, 32 octets..";

static FILE *create(const char *dir, const char *name)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	if (!f) {
		perror(path);
		exit(1);
	}
	return f;
}

static void put(FILE *f, struct state_seal *s, enum state_type type, const void *data, size_t len)
{
	uint8_t out[STATE_SEALED_MAX];
	int n = state_seal_record(s, type, data, len, out);

	if (n < 0 || fwrite(out, 1, (size_t)n, f) != (size_t)n)
		exit(1);
}

/* The times of the bench are from its start on. */
static void shift(struct record_lbsa *l, lke_time by)
{
	l->expires += by;
	l->binding_expires += by;
	for (unsigned k = 0; k < l->coas; k++) {
		l->reach[k].first_bu += by;
		l->reach[k].proved_until += by;
		l->reach[k].used += by;
	}
}

int main(int argc, char **argv)
{
	struct state_clock now = { .boottime = clock_now(), .realtime = clock_realtime() };
	uint8_t header[STATE_HEADER_LEN], buf[LKE_RECORD_MAX];
	unsigned count = argc == 4 ? (unsigned)atoi(argv[2]) : 0;
	struct state_seal *s;
	FILE *f;

	umask(077);
	if (!count || clock_boot_id(now.boot) < 0 || state_seal_new(key, 1, &now, header, &s) < 0)
		return 1;
	f = create(argv[1], "state.key");
	fwrite(key, sizeof(key), 1, f);
	if (fclose(f) != 0)
		return 1;
	f = create(argv[1], "ar-state.0");
	fwrite(header, sizeof(header), 1, f);
	for (unsigned n = 0; n < count; n++) {
		struct record r = { .kind = RECORD_LBSA };
		int len;

		bench_lbsa(n, argv[3], &r.lbsa);
		shift(&r.lbsa, now.boottime);
		len = record_encode(&r, buf, sizeof(buf));
		if (len < 0)
			return 1;
		put(f, s, STATE_ENGINE, buf, (size_t)len);
	}
	put(f, s, STATE_COMPLETE, NULL, 0);
	put(f, s, STATE_CLEAN, NULL, 0);
	state_seal_free(s);
	return fclose(f) == 0 ? 0 : 1;
}
