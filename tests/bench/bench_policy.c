/* SPDX-License-Identifier: ISC */
/* Ten thousand policy entries, each with its key file: read, checked, an engine made.  Beside it
 * the limit: opening, reading and closing the same files. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "daemon/config_file.h"
#include "lke/engine.h"

enum { ENTRIES = 10000 };

static char dir[64], path[96];

static FILE *create(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f) {
		perror(name);
		exit(1);
	}
	return f;
}

static void write_policy(void)
{
	FILE *conf = create(path);

	fprintf(conf, "[HomeAgent]\nInterface = home0\n");
	for (unsigned n = 0; n < ENTRIES; n++) {
		char name[128];
		FILE *key;

		fprintf(conf, "[Mobile mobile%u]\nHomeAddress = 2001:db8:1::1:%x\nKey = %u.key\n",
			n, n + 1, n);
		snprintf(name, sizeof(name), "%s/%u.key", dir, n);
		key = create(name);
		fprintf(key,
			"spi-to-ha = %u\nspi-to-mn = %u\nencryption = aes-cbc\n"
			"integrity = hmac-sha256-128\nencryption-key-to-ha = %032x\n"
			"encryption-key-to-mn = %032x\nintegrity-key-to-ha = %064x\n"
			"integrity-key-to-mn = %064x\ngeneration = 1\n",
			0x1000 + 2 * n, 0x1001 + 2 * n, 4 * n + 1, 4 * n + 2, 4 * n + 3, 4 * n + 4);
		fclose(key);
	}
	fclose(conf);
}

static double load(void)
{
	struct daemon_config cfg = { 0 };
	struct lke_engine *e = NULL;
	struct report r = { 0 };
	char *text = NULL;
	size_t len = 0;
	double start = bench_cpu();

	r.out = open_memstream(&text, &len);
	if (daemon_config_load(path, &r, &cfg) < 0 || lke_engine_new(&cfg.engine, 0, &e) < 0)
		fprintf(stderr, "bench_policy: the entries do not load\n");
	start = bench_cpu() - start;
	fclose(r.out);
	free(text);
	lke_engine_free(e);
	daemon_config_done(&cfg);
	return start * 1e3;
}

static double read_files(void)
{
	double start = bench_cpu();
	char name[128], buf[4096];

	for (unsigned n = 0; n < ENTRIES; n++) {
		struct stat st;
		int fd;

		snprintf(name, sizeof(name), "%s/%u.key", dir, n);
		fd = open(name, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st) < 0 || read(fd, buf, sizeof(buf)) <= 0)
			fprintf(stderr, "bench_policy: %s cannot be read\n", name);
		close(fd);
	}
	return (bench_cpu() - start) * 1e3;
}

int main(void)
{
	struct bench_pair p;
	char cmd[128];

	strcpy(dir, "/tmp/lke-bench-XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/lke.conf", dir);
	write_policy();
	for (unsigned r = 0; r < BENCH_ROUNDS; r++) {
		p.value[r] = load();
		p.limit[r] = read_files();
	}
	bench_row("10,000 policy entries of a home agent", "ms", &p,
		  "reading their key files alone");
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd) == 0 ? 0 : 1;
}
