/* SPDX-License-Identifier: ISC */
/* Runs a fuzzer over stored inputs, without libFuzzer: replay DIRECTORY... */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

/* In memory of its exact size, so that a sanitizer sees one octet too many. */
static int replay_file(const char *path)
{
	static uint8_t buf[65536];
	FILE *f = fopen(path, "rb");

	if (!f)
		return -1;
	size_t n = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	uint8_t *copy = malloc(n ? n : 1);
	if (!copy)
		return -1;
	memcpy(copy, buf, n);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
	return 0;
}

/* Number of inputs run, or -1. */
static int replay_directory(const char *path)
{
	char name[1024];
	struct dirent *e;
	int n = 0;
	DIR *d = opendir(path);

	if (!d)
		return -1;
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		if (replay_file(name) < 0) {
			n = -1;
			break;
		}
		n++;
	}
	closedir(d);
	return n;
}

int main(int argc, char **argv)
{
	int total = 0;

	for (int k = 1; k < argc; k++) {
		int n = replay_directory(argv[k]);
		if (n < 0) {
			perror(argv[k]);
			return 1;
		}
		total += n;
	}
	printf("%d inputs\n", total);
	return total > 0 ? 0 : 1;
}
