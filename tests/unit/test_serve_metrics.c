/* SPDX-License-Identifier: ISC */
/* Prometheus' text format from the answers of daemons. */
#include <event2/buffer.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/serve.h"
#include <cmocka.h>

static json_t *answer(const char *text)
{
	json_t *j = json_loads(text, 0, NULL);

	assert_non_null(j);
	return j;
}

static void expect_text(const struct metrics_of *of, unsigned n, const char *want)
{
	struct evbuffer *out = evbuffer_new();
	size_t len;

	metrics_write(out, of, n);
	len = evbuffer_get_length(out);
	assert_int_equal(evbuffer_add(out, "", 1), 0);
	assert_string_equal((const char *)evbuffer_pullup(out, (ev_ssize_t)len + 1), want);
	evbuffer_free(out);
}

static void one_daemon_has_no_node_label(void **state)
{
	json_t *j = answer("{\"families\":[{\"name\":\"lke_lbsas\",\"type\":\"gauge\",\"help\":\"H."
			   "\",\"samples\":"
			   "[{\"labels\":{\"state\":\"valid\"},\"value\":3},{\"labels\":{},"
			   "\"value\":0.5}]}]}");
	struct metrics_of of = { "a", j };

	expect_text(&of, 1,
		    "# HELP lke_up Does lked answer?\n# TYPE lke_up gauge\nlke_up 1\n"
		    "# HELP lke_lbsas H.\n# TYPE lke_lbsas gauge\n"
		    "lke_lbsas{state=\"valid\"} 3\nlke_lbsas 0.5\n");
	json_decref(j);
}

static void each_family_stands_once(void **state)
{
	json_t *a = answer(
		"{\"families\":[{\"name\":\"x\",\"type\":\"counter\",\"help\":\"X\",\"samples\":"
		"[{\"labels\":{},\"value\":1}]}]}");
	json_t *b = answer(
		"{\"families\":[{\"name\":\"y\",\"type\":\"gauge\",\"help\":\"Y\",\"samples\":"
		"[{\"labels\":{},\"value\":2}]},{\"name\":\"x\",\"type\":\"counter\",\"help\":"
		"\"X\","
		"\"samples\":[{\"labels\":{},\"value\":3}]}]}");
	struct metrics_of of[] = { { "a", a }, { "gone", NULL }, { "b\"\\\n", b } };

	expect_text(
		of, 3,
		"# HELP lke_up Does lked answer?\n# TYPE lke_up gauge\n"
		"lke_up{node=\"a\"} 1\nlke_up{node=\"gone\"} 0\nlke_up{node=\"b\\\"\\\\\\n\"} 1\n"
		"# HELP x X\n# TYPE x counter\nx{node=\"a\"} 1\nx{node=\"b\\\"\\\\\\n\"} 3\n"
		"# HELP y Y\n# TYPE y gauge\ny{node=\"b\\\"\\\\\\n\"} 2\n");
	json_decref(a);
	json_decref(b);
}

static void histograms_end_with_infinity(void **state)
{
	json_t *j = answer(
		"{\"families\":[{\"name\":\"h\",\"type\":\"histogram\",\"help\":\"H\",\"buckets\":"
		"[{\"le\":0.001,\"count\":1},{\"le\":5,\"count\":2}],\"sum\":7.5,\"count\":3}]}");
	struct metrics_of of = { "a", j };

	expect_text(
		&of, 1,
		"# HELP lke_up Does lked answer?\n# TYPE lke_up gauge\nlke_up 1\n"
		"# HELP h H\n# TYPE h histogram\nh_bucket{le=\"0.001\"} 1\nh_bucket{le=\"5\"} 2\n"
		"h_bucket{le=\"+Inf\"} 3\nh_sum 7.5\nh_count 3\n");
	json_decref(j);
}

static void what_is_no_answer_does_no_harm(void **state)
{
	json_t *j = answer("{\"families\":[3,{\"name\":null,\"samples\":{}},{\"name\":\"x\","
			   "\"samples\":[[]]}]}");
	struct metrics_of of = { "a", j };
	struct evbuffer *out = evbuffer_new();

	metrics_write(out, &of, 1);
	assert_true(evbuffer_get_length(out) > 0);
	evbuffer_free(out);
	json_decref(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_daemon_has_no_node_label),
		cmocka_unit_test(each_family_stands_once),
		cmocka_unit_test(histograms_end_with_infinity),
		cmocka_unit_test(what_is_no_answer_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
