/* SPDX-License-Identifier: ISC */
/* lkesim: mobile nodes that walk through a campus, in virtual time, with LKE and without. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_number.h"
#include "sim/campus.h"

enum { EXIT_USAGE = 2 };
enum kind { KIND_COUNT, KIND_TIME, KIND_SEED, KIND_FLAG, KIND_STRATEGY };

static struct campus_options opt = {
	.seed = 1,
	.mobiles = 100,
	.routers = 8,
	.time = 600 * LKE_SEC,
	.dwell = 30 * LKE_SEC,
	.gap = 60 * LKE_MSEC,
	.session = 300 * LKE_SEC,
	.probe = 20 * LKE_MSEC,
	.core_delay = LKE_MSEC,
	.home_delay = 50 * LKE_MSEC,
};
static bool json, lke_only;

static const struct parameter {
	const char *name;
	enum kind kind;
	void *value;
	uint64_t min, max; /* times: ns */
	const char *help;
} parameter[] = {
	{ "mobiles", KIND_COUNT, &opt.mobiles, 1, 20000, "mobile nodes" },
	{ "routers", KIND_COUNT, &opt.routers, 2, 1000, "access routers, in a ring" },
	{ "time", KIND_TIME, &opt.time, LKE_SEC, 86400 * LKE_SEC, "virtual time that is measured" },
	{ "dwell", KIND_TIME, &opt.dwell, 2 * LKE_SEC, 86400 * LKE_SEC, "mean stay on a link" },
	{ "gap", KIND_TIME, &opt.gap, 0, 10 * LKE_SEC, "without carrier at a move" },
	{ "session", KIND_TIME, &opt.session, LKE_SEC, 86400 * LKE_SEC,
	  "how long a mobile node keeps to one address (LKE)" },
	{ "probe", KIND_TIME, &opt.probe, LKE_MSEC, 10 * LKE_SEC,
	  "from one datagram of a session to the next, each way" },
	{ "core-delay", KIND_TIME, &opt.core_delay, 0, LKE_SEC, "one way, access router to core" },
	{ "home-delay", KIND_TIME, &opt.home_delay, 0, LKE_SEC, "one way, core to home agent" },
	{ "loss", KIND_COUNT, &opt.loss_permille, 0, 500, "of 1,000 frames on an access link" },
	{ "announced", KIND_FLAG, &opt.announced, 0, 1, "mobile nodes say before they leave" },
	{ "local-only", KIND_FLAG, &opt.local_only, 0, 1, "no home agent, and no comparison" },
	{ "lke-only", KIND_FLAG, &lke_only, 0, 1, "no comparison with plain Mobile IPv6" },
	{ "strategy", KIND_STRATEGY, &opt.strategy, 0, 1, "oldest or both (draft 2.2)" },
	{ "seed", KIND_SEED, &opt.seed, 0, UINT64_MAX, "the same seed gives the same run" },
};
#define PARAMETERS (sizeof(parameter) / sizeof(parameter[0]))

/* --- options --- */

static const char *value_text(const struct parameter *p, char *buf, size_t size)
{
	switch (p->kind) {
	case KIND_COUNT:
		snprintf(buf, size, "%u", *(const unsigned *)p->value);
		break;
	case KIND_TIME:
		number_text(*(const lke_time *)p->value / LKE_MSEC, UNIT_MILLISECONDS, buf, size);
		break;
	case KIND_SEED:
		snprintf(buf, size, "%" PRIu64, *(const uint64_t *)p->value);
		break;
	case KIND_FLAG:
		snprintf(buf, size, "%s", *(const bool *)p->value ? "yes" : "no");
		break;
	case KIND_STRATEGY:
		snprintf(buf, size, "%s", opt.strategy == LKE_STRATEGY_BOTH ? "both" : "oldest");
		break;
	}
	return buf;
}

static void help(void)
{
	char buf[32];

	puts("usage: lkesim [-j] [--PARAMETER VALUE ...]\n"
	     "Mobile nodes walk through a campus of access routers in virtual time, with the\n"
	     "engines of lked in a simulated network: with LKE, then plain Mobile IPv6 and\n"
	     "the same steps.\n");
	for (size_t i = 0; i < PARAMETERS; i++) {
		const struct parameter *p = &parameter[i];

		printf("  --%-11s %-9s %s\n", p->name,
		       p->kind == KIND_FLAG ? "" : value_text(p, buf, sizeof(buf)), p->help);
	}
	puts("  -j, --json            the result as one JSON object\n"
	     "\nTimes: 500ms, 30s, 10m, 1h.  exit: 0 ok, 1 failed, 2 usage.  man lkesim");
}

/* 500ms, 1.5s, or as seconds are written: 10m, 1h. */
static bool parse_time(const char *text, uint64_t *ret)
{
	if (number_parse(text, UNIT_MILLISECONDS, ret))
		return *ret <= UINT64_MAX / LKE_MSEC;
	if (!number_parse(text, UNIT_SECONDS, ret) || *ret > UINT64_MAX / LKE_SEC)
		return false;
	*ret *= LKE_SEC / LKE_MSEC;
	return true;
}

static bool set_number(const struct parameter *p, const char *text)
{
	uint64_t v;

	if (p->kind == KIND_TIME ? !parse_time(text, &v) : !number_parse(text, UNIT_NONE, &v))
		return false;
	if (p->kind == KIND_TIME)
		v *= LKE_MSEC;
	if (v < p->min || v > p->max)
		return false;
	if (p->kind == KIND_COUNT)
		*(unsigned *)p->value = (unsigned)v;
	else
		*(uint64_t *)p->value = v;
	return true;
}

static bool set_strategy(const char *text)
{
	if (strcmp(text, "oldest") != 0 && strcmp(text, "both") != 0)
		return false;
	opt.strategy = text[0] == 'b' ? LKE_STRATEGY_BOTH : LKE_STRATEGY_OLDEST;
	return true;
}

static void set(const struct parameter *p, const char *text)
{
	char low[32], high[32];

	if (p->kind == KIND_FLAG) {
		*(bool *)p->value = true;
		return;
	}
	if (p->kind == KIND_STRATEGY ? set_strategy(text) : set_number(p, text))
		return;
	if (p->kind == KIND_STRATEGY)
		fprintf(stderr, "lkesim: --strategy %s: give oldest or both\n", text);
	else if (p->kind == KIND_TIME)
		fprintf(stderr, "lkesim: --%s %s: give a time from %s to %s\n", p->name, text,
			number_text(p->min / LKE_MSEC, UNIT_MILLISECONDS, low, sizeof(low)),
			number_text(p->max / LKE_MSEC, UNIT_MILLISECONDS, high, sizeof(high)));
	else
		fprintf(stderr, "lkesim: --%s %s: give a number from %" PRIu64 " to %" PRIu64 "\n",
			p->name, text, p->min, p->max);
	exit(EXIT_USAGE);
}

static void parse_options(int argc, char **argv)
{
	struct option longopts[PARAMETERS + 3] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
	};
	int o;

	for (size_t i = 0; i < PARAMETERS; i++)
		longopts[i + 2] =
			(struct option){ parameter[i].name,
					 parameter[i].kind == KIND_FLAG ? no_argument
									: required_argument,
					 NULL, 256 + (int)i };
	while ((o = getopt_long(argc, argv, "jh", longopts, NULL)) != -1) {
		if (o == 'j') {
			json = true;
		} else if (o == 'h') {
			help();
			exit(EXIT_SUCCESS);
		} else if (o < 256) {
			fputs("lkesim: see lkesim --help\n", stderr);
			exit(EXIT_USAGE);
		} else {
			set(&parameter[o - 256], optarg);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "lkesim: '%s' is no option; see lkesim --help\n", argv[optind]);
		exit(EXIT_USAGE);
	}
}

/* --- results --- */

static double ms(lke_time t)
{
	return (double)t / (double)LKE_MSEC;
}

static lke_time part(const struct campus_times *t, double p)
{
	size_t i = (size_t)(p * (double)t->n);

	return t->n ? t->t[i < t->n ? i : t->n - 1] : 0;
}

static uint64_t lost(const struct campus_flow *f)
{
	/* What is still on its way at the end is not lost, but it is very little. */
	return f->sent > f->received ? f->sent - f->received : 0;
}

static uint64_t signalling(const uint64_t message[LKE_MSG_COUNT])
{
	return message[LKE_MSG_NONE] + message[LKE_MSG_BU] + message[LKE_MSG_BA] +
	       message[LKE_MSG_FINISHED] + message[LKE_MSG_BRR] + message[LKE_MSG_BE];
}

static double per_move(const struct campus_result *r, uint64_t n)
{
	return r->moves ? (double)n / (double)r->moves : 0;
}

enum { COLUMNS = 2 };
static struct campus_result result[COLUMNS];
static unsigned columns;

static void cell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void cell(const char *format, ...)
{
	char text[64];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	printf(" %20s", text);
}

#define ROW(name, ...)                                                                             \
	do {                                                                                       \
		printf("  %-34s", name);                                                           \
		for (unsigned i_ = 0; i_ < columns; i_++) {                                        \
			const struct campus_result *r = &result[i_];                               \
			cell(__VA_ARGS__);                                                         \
		}                                                                                  \
		putchar('\n');                                                                     \
	} while (0)

static void print_flow(const char *name, size_t offset)
{
#define FLOW ((const struct campus_flow *)(const void *)((const char *)r + offset))
	printf("%s\n", name);
	ROW("silence after the carrier, median", "%.1f ms", ms(part(&FLOW->silence, 0.5)));
	ROW("  95 % of moves", "%.1f ms", ms(part(&FLOW->silence, 0.95)));
	ROW("  longest", "%.1f ms", ms(part(&FLOW->silence, 1)));
	ROW("  nothing came before the next move", "%" PRIu64, FLOW->never);
	ROW("datagrams", "%" PRIu64, FLOW->sent);
	ROW("  lost, for each move", "%.2f", per_move(r, lost(FLOW)));
	ROW("  twice / out of order", "%" PRIu64 " / %" PRIu64, FLOW->duplicated, FLOW->reordered);
	ROW("one-way delay, median", "%.1f ms", ms(campus_histogram_part(&FLOW->delay, 0.5)));
	ROW("  95 %", "%.1f ms", ms(campus_histogram_part(&FLOW->delay, 0.95)));
#undef FLOW
}

static void print_text(void)
{
	printf("%-36s %20s", "", "LKE");
	if (columns > 1)
		printf(" %20s", "plain Mobile IPv6");
	putchar('\n');
	ROW("moves", "%" PRIu64, r->moves);
	ROW("accepted by previous routers", "%" PRIu64, r->handovers);
	ROW("fall-backs to the home agent", "%" PRIu64, r->fallbacks);
	print_flow("to the mobile nodes", offsetof(struct campus_result, down));
	print_flow("from the mobile nodes", offsetof(struct campus_result, up));
	puts("signalling");
	ROW("access link: BU, BA, Finished a move", "%.2f", per_move(r, signalling(r->message)));
	ROW("  key exchange messages a move", "%.2f",
	    per_move(r, r->message[LKE_MSG_KEREQ] + r->message[LKE_MSG_KEACK]));
	ROW("  octets a move, with ND and RA", "%.0f", per_move(r, r->octets));
	ROW("at the home agent, messages a move", "%.2f", per_move(r, signalling(r->home_message)));
	puts("an access router, at most");
	ROW("LBSAs / bindings", "%u / %u", r->lbsas_max, r->bindings_max);
}

static json_t *flow_json(const struct campus_flow *f)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:{s:f,s:f,s:f,s:I},s:{s:f,s:f}}", "sent",
			 (json_int_t)f->sent, "received", (json_int_t)f->received, "lost",
			 (json_int_t)lost(f), "duplicated", (json_int_t)f->duplicated, "reordered",
			 (json_int_t)f->reordered, "silence_ms", "median",
			 ms(part(&f->silence, 0.5)), "p95", ms(part(&f->silence, 0.95)), "max",
			 ms(part(&f->silence, 1)), "never", (json_int_t)f->never, "delay_ms",
			 "median", ms(campus_histogram_part(&f->delay, 0.5)), "p95",
			 ms(campus_histogram_part(&f->delay, 0.95)));
}

static json_t *messages_json(const uint64_t message[LKE_MSG_COUNT])
{
#define X(id, text) [LKE_MSG_##id] = text,
	static const char *const name[] = { LKE_MSG_LIST(X) };
#undef X
	json_t *o = json_object();

	for (unsigned i = 0; i < LKE_MSG_COUNT; i++)
		if (message[i])
			json_object_set_new(o, i == LKE_MSG_NONE ? "in ESP" : name[i],
					    json_integer((json_int_t)message[i]));
	return o;
}

static json_t *result_json(const struct campus_result *r)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:o,s:o,s:I,s:i,s:i}", "moves",
			 (json_int_t)r->moves, "sessions", (json_int_t)r->sessions, "handovers",
			 (json_int_t)r->handovers, "fallbacks", (json_int_t)r->fallbacks, "alarms",
			 (json_int_t)r->alarms, "down", flow_json(&r->down), "up",
			 flow_json(&r->up), "access_link_messages", messages_json(r->message),
			 "home_agent_messages", messages_json(r->home_message),
			 "access_link_octets", (json_int_t)r->octets, "lbsas_max",
			 (int)r->lbsas_max, "bindings_max", (int)r->bindings_max);
}

static int print_json(void)
{
	json_t *o = json_object(), *p = json_object();
	char buf[32];
	int err;

	json_object_set_new(o, "schema", json_string("lke.sim/1"));
	for (size_t i = 0; i < PARAMETERS; i++)
		json_object_set_new(p, parameter[i].name,
				    json_string(value_text(&parameter[i], buf, sizeof(buf))));
	json_object_set_new(o, "parameters", p);
	json_object_set_new(o, "lke", result_json(&result[0]));
	if (columns > 1)
		json_object_set_new(o, "plain_mobile_ipv6", result_json(&result[1]));
	err = json_dumpf(o, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(o);
	return err;
}

int main(int argc, char **argv)
{
	int err = 0;

	parse_options(argc, argv);
	columns = opt.local_only || lke_only ? 1 : 2;
	for (unsigned i = 0; i < columns && err == 0; i++) {
		opt.plain = i == 1;
		err = campus_run(&opt, &result[i]);
	}
	if (err == 0 && json)
		err = print_json();
	else if (err == 0)
		print_text();
	for (unsigned i = 0; i < COLUMNS; i++)
		campus_result_done(&result[i]);
	if (fflush(stdout) != 0) {
		fprintf(stderr, "lkesim: standard output: %s; make room there\n", strerror(errno));
		err = -1;
	}
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
