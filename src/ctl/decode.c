/* SPDX-License-Identifier: ISC */
/* lke decode: the messages of a packet capture, one a line. */
#include "ctl/decode.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ctl/commands.h"
#include "daemon/remedy.h"

struct options {
	const char *file, *svg, *keylog;
	bool verbose;
};

static bool parse(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-v") == 0)
			o->verbose = true;
		else if (strcmp(argv[i], "--svg") == 0 && i + 1 < argc)
			o->svg = argv[++i];
		else if (strcmp(argv[i], "--keylog") == 0 && i + 1 < argc)
			o->keylog = argv[++i];
		else if (!o->file && (argv[i][0] != '-' || !argv[i][1]))
			o->file = argv[i];
		else
			return false;
	}
	return o->file != NULL;
}

static int cannot(const char *path)
{
	int code = errno == EACCES || errno == EPERM ? EXIT_PERMISSION : EXIT_FAILED;

	fprintf(stderr, "lke: %s: %s%s\n", path, strerror(errno), remedy_of(errno));
	return code;
}

static int print_one(const struct ctl *c, const struct options *o, const struct decoded *d)
{
	json_t *j;

	if (!c->json) {
		decode_print_text(stdout, d, o->verbose);
		return ferror(stdout) ? EXIT_FAILED : EXIT_OK;
	}
	j = decode_json(d, o->verbose);
	json_dumpf(j, stdout, JSON_COMPACT);
	json_decref(j);
	return putchar('\n') == EOF ? EXIT_FAILED : EXIT_OK;
}

/* To the terminal, not into what a program reads. */
static void summary(const struct options *o, const struct decode_count *n)
{
	fprintf(stderr, "lke: %s: %" PRIu64 " frames, %" PRIu64 " messages", o->file, n->frames,
		n->messages);
	if (n->malformed)
		fprintf(stderr, " (%" PRIu64 " malformed)", n->malformed);
	if (n->cut)
		fprintf(stderr, ", %" PRIu64 " cut short by the capture; use tcpdump -s 0", n->cut);
	if (n->foreign_links)
		fprintf(stderr,
			", %" PRIu64 " of link types that lke does not know (%u); record with: "
			"tcpdump -i any",
			n->foreign_links, n->foreign_link);
	if (!n->messages && n->others)
		fprintf(stderr, ", nothing of LKE, Mobile IPv6 or Neighbor Discovery");
	fputc('\n', stderr);
}

static int write_svg(const struct options *o, struct sequence *s)
{
	FILE *f = fopen(o->svg, "we");
	int err;

	if (!f)
		return cannot(o->svg);
	err = sequence_write(s, f, o->file);
	if (fclose(f) != 0 || err < 0)
		return cannot(o->svg);
	if (sequence_left_out(s))
		fprintf(stderr, "lke: %s: %u later messages are not drawn\n", o->svg,
			sequence_left_out(s));
	return EXIT_OK;
}

static int read_all(const struct ctl *c, const struct options *o, FILE *f,
		    const struct keyring *keys, struct sequence *s)
{
	struct capture *capture = capture_new(f);
	struct decode_count count = { 0 };
	struct capture_frame frame;
	struct decoded d;
	int code = EXIT_OK, r = -1;

	while (capture && code == EXIT_OK && (r = capture_next(capture, &frame)) > 0) {
		if (!decode_frame(&frame, keys, &count, &d))
			continue;
		if (s)
			sequence_add(s, &d);
		code = print_one(c, o, &d);
	}
	if (r < 0) {
		fprintf(stderr, "lke: %s: %s%s\n", o->file,
			capture ? capture_error(capture) : "out of memory",
			count.frames ? "; what is before it was read" : "");
		code = EXIT_FAILED;
	}
	if (count.frames || code == EXIT_OK)
		summary(o, &count);
	capture_free(capture);
	return code;
}

int cmd_decode(struct ctl *c, int argc, char **argv)
{
	struct options o = { 0 };
	struct keyring *keys = NULL;
	struct sequence *s = NULL;
	FILE *f;
	int code;

	if (!parse(argc, argv, &o))
		return usage(argv[0], NULL);
	if (o.keylog && (code = keyring_open(o.keylog, &keys)) != EXIT_OK)
		return code;
	f = strcmp(o.file, "-") == 0 ? stdin : fopen(o.file, "re");
	if (!f) {
		code = cannot(o.file);
		keyring_free(keys);
		return code;
	}
	if (o.svg)
		s = sequence_new();
	code = read_all(c, &o, f, keys, s);
	if (s && code == EXIT_OK)
		code = write_svg(&o, s);
	sequence_free(s);
	keyring_free(keys);
	if (f != stdin)
		fclose(f);
	return code;
}
