/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/in6.h"
#include "lke/engine.h"

static struct lke_in6 in6(const char *text)
{
	struct lke_in6 a;

	assert_int_equal(in6_parse(text, &a), 0);
	return a;
}

static void is(const struct lke_note *n, const char *want)
{
	char text[400], cut[12];
	size_t len = lke_note_format(n, text, sizeof(text));

	assert_string_equal(text, want);
	assert_int_equal(len, strlen(want));
	assert_int_equal(lke_note_format(n, cut, sizeof(cut)), len);
	assert_int_equal(strlen(cut), len < 11 ? len : 11);
	assert_memory_equal(cut, want, strlen(cut));
}

static void op_messages_have_direction_fields_and_verdict(void **state)
{
	struct lke_note n = { .type = LKE_NOTE_MESSAGE,
			      .role = LKE_ROLE_AR,
			      .msg = LKE_MSG_BU,
			      .src = in6("2001:db8:2::b"),
			      .dst = in6("2001:db8:1::1"),
			      .addr = in6("2001:db8:1::b"),
			      .seq = 7,
			      .lifetime = 240 };
	char text[400];

	is(&n, "in  Binding Update 2001:db8:2::b -> 2001:db8:1::1 for 2001:db8:1::b seq 7 "
	       "lifetime 240s");
	n.drop = LKE_DROP_BAD_MAC;
	strcpy(n.text, "why");
	is(&n, "in  Binding Update 2001:db8:2::b -> 2001:db8:1::1 for 2001:db8:1::b seq 7 "
	       "lifetime 240s, dropped: Binding Authorization Data wrong, why");
	n = (struct lke_note){ .type = LKE_NOTE_MESSAGE,
			       .msg = LKE_MSG_KEACK,
			       .out = true,
			       .src = in6("fe80::1"),
			       .dst = in6("fe80::b"),
			       .status = 129,
			       .seq = 65535 };
	is(&n, "out Key Exchange Acknowledgement fe80::1 -> fe80::b seq 65535 status 129");
	size_t len = lke_message_format(&n, text, sizeof(text));
	assert_int_equal(len, strlen(text));
	assert_string_equal(text,
			    "Key Exchange Acknowledgement fe80::1 -> fe80::b seq 65535 status 129");
}

static void op_events_are_sentences(void **state)
{
	struct lke_note n = { .type = LKE_NOTE_LINK, .value = 1 };

	is(&n, "link up");
	n.value = 0;
	is(&n, "link down");
	n = (struct lke_note){ .type = LKE_NOTE_HANDOVER,
			       .addr = in6("2001:db8::1"),
			       .peer = in6("2001:db8::2"),
			       .lifetime = 60,
			       .value = 12003456 };
	is(&n, "handover accepted by the previous access router 2001:db8::1 peer 2001:db8::2 "
	       "for 60s, 12.003 ms after link up");
	n.value = 0;
	is(&n, "handover accepted by the previous access router 2001:db8::1 peer 2001:db8::2 "
	       "for 60s");
	n = (struct lke_note){ .type = LKE_NOTE_REFUSED, .status = 135 };
	is(&n, "refused by an agent: sequence number out of window (status 135)");
	n = (struct lke_note){ .type = LKE_NOTE_BINDING, .value = 1 };
	is(&n, "binding proved");
	n = (struct lke_note){ .type = LKE_NOTE_SEQUENCE_BUDGET, .value = 30000 };
	is(&n, "sequence numbers used under this key: 30000");
	n = (struct lke_note){ .type = LKE_NOTE_ALARM, .text = "look at it" };
	is(&n, "ALARM: look at it");
}

/* 400 octets hold every sentence (lke/engine.h). */
static void op_no_sentence_is_too_long(void **state)
{
	char text[400];

	for (int type = 0; type < LKE_NOTE_COUNT; type++) {
		for (int msg = 0; msg < LKE_MSG_COUNT; msg++) {
			struct lke_note n = { .type = (enum lke_note_type)type,
					      .msg = (enum lke_msg)msg,
					      .status = 255,
					      .seq = 65535,
					      .lifetime = UINT32_MAX,
					      .value = UINT64_MAX };

			memset(&n.src, 0x22, sizeof(n.src));
			memset(&n.dst, 0x22, sizeof(n.dst));
			memset(&n.addr, 0x22, sizeof(n.addr));
			memset(&n.peer, 0x22, sizeof(n.peer));
			memset(n.text, 'x', sizeof(n.text) - 1);
			for (int drop = 0; drop < LKE_DROP_COUNT; drop++) {
				n.drop = (enum lke_drop)drop;
				assert_true(lke_note_format(&n, text, sizeof(text)) < sizeof(text));
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(op_messages_have_direction_fields_and_verdict),
		cmocka_unit_test(op_events_are_sentences),
		cmocka_unit_test(op_no_sentence_is_too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
