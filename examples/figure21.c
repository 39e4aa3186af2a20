/* SPDX-License-Identifier: ISC */
/* Figure 2.1 of the draft: a mobile node, two routers and a home agent in one process, in virtual time. */
#include <lke/engine.h>
#include <lke/rsa.h>
#include <stdio.h>
#include <string.h>

enum { MN, AR1, AR2, HA, NODES };
static struct { const char *name; struct lke_engine *e; struct rsa_key *key; } node[NODES] =
	{ { "MN" }, { "AR1" }, { "AR2" }, { "HA" } };
static struct packet { int to; uint32_t ifindex; size_t len; uint8_t data[2048]; } queue[256];
static unsigned head, tail;
static lke_time now = LKE_SEC;
static int at = AR1;	/* the router at the other end of the mobile node's link */

static struct lke_in6 address(int net, int host)	/* AR1 2001:db8:1::1, AR2 ...:2::1, HA 2001:db8:3::1 */
{
	return (struct lke_in6){ { 0x20, 1, 0xd, 0xb8, 0, (uint8_t)net, [15] = (uint8_t)host } };
}

/* Interface 1 is the access or home link, interface 2 of a router the network between them. */
static void transmit(int from, const struct lke_act_send *s)
{
	const uint8_t *dst = s->data + 24;
	int local = dst[0] >= 0xfe, owner = dst[8] == 0 && !local ? dst[5] : MN;
	struct packet *p = &queue[tail % 256];

	if (local && from != MN && (from != at || s->ifindex != 1))
		return;	/* nobody is on that link */
	p->to = local ? (from == MN ? at : MN) : owner;
	p->ifindex = local || p->to == MN || p->to == HA || (from == MN && p->to == at) ? 1 : 2;
	p->len = s->len;
	memcpy(p->data, s->data, s->len);
	tail++;
}

static void feed(int n, struct lke_event ev)
{
	uint8_t buf[LKE_RSA_MODULUS_MAX];
	const struct lke_action *a;

	lke_engine_input(node[n].e, &ev, now);
	while ((a = lke_engine_next_action(node[n].e))) {
		struct lke_event done = { .type = LKE_EV_RESULT, .result = { .cookie = a->cookie } };

		if (a->type == LKE_ACT_SEND)
			transmit(n, &a->send);
		else if (a->type == LKE_ACT_NOTIFY && (a->note.out || a->note.type != LKE_NOTE_MESSAGE))
			printf("%9.3f s  %-3s  %s\n", (double)(now - LKE_SEC) / 1e9, node[n].name,
			       a->note.out ? lke_msg_name(a->note.msg) : lke_note_name(a->note.type));
		else if (a->type == LKE_ACT_ENCRYPT || a->type == LKE_ACT_DECRYPT)
			lke_rsa_carry_out(node[n].key, a, buf, &done);
		if (a->type == LKE_ACT_ADDR && !a->addr.remove)
			feed(n, (struct lke_event){ LKE_EV_ADDR, .addr = { a->addr.ifindex, a->addr.addr, 64 } });
		else if (a->cookie)
			feed(n, done);
	}
}

static void run(lke_time end)
{
	while (now < end) {
		lke_time next = head != tail ? now + LKE_MSEC : end;	/* a packet takes a millisecond */

		for (int n = 0; n < NODES; n++)
			next = lke_engine_deadline(node[n].e) < next ? lke_engine_deadline(node[n].e) : next;
		now = next > now ? next : now;
		for (int n = 0; n < NODES; n++)
			feed(n, (struct lke_event){ LKE_EV_TIMER });
		if (head != tail) {
			struct packet p = queue[head++ % 256];
			feed(p.to, (struct lke_event){ LKE_EV_PACKET, .packet = { p.ifindex, { 0 }, p.data, p.len } });
		}
	}
}

static void start(int n, const struct lke_config *cfg)
{
	uint8_t spki[LKE_RSA_SPKI_MAX];
	struct lke_event key;

	if (lke_engine_new(cfg, now, &node[n].e) < 0)
		return;
	for (uint32_t i = 1; n != MN && i <= 2; i++)
		feed(n, (struct lke_event){ LKE_EV_LINK, .link = { i, { 'i', 'f', (char)('0' + i) }, { 0 }, 1500, true, false, 1 } });
	feed(n, (struct lke_event){ LKE_EV_ADDR, .addr = { 1, { { 0xfe, 0x80, [15] = (uint8_t)n } }, 64, n == MN } });
	feed(n, (struct lke_event){ LKE_EV_ADDR, .addr = { 1, address(n, 1), 64, n == MN } });
	if ((n == AR1 || n == AR2) && lke_rsa_generate(2048, &node[n].key) == 0 && lke_rsa_key_event(node[n].key, 1, spki, &key) == 0)
		feed(n, key);
}

int main(void)
{
	struct lke_config_sa sa = { 0x1000, LKE_ESP_AES_CBC, LKE_ESP_HMAC_SHA256_128, { 1 }, 16, { 2 }, 32 }, sb = { 0x1001, LKE_ESP_AES_CBC, LKE_ESP_HMAC_SHA256_128, { 3 }, 16, { 4 }, 32 };
	struct lke_config_mobile alice = { "alice", address(HA, 0x42), sa, sb, 1, 0, false };

	for (int n = 0; n < NODES; n++) {
		struct lke_config cfg;

		lke_config_defaults(&cfg);
		cfg.seed[0] = (uint8_t)n;	/* a real program fills all of it from getrandom() */
		lke_config_ar_defaults(&cfg.ar[0]);
		strcpy(cfg.ar[0].interface, "if1");
		cfg.ars = n == AR1 || n == AR2;
		strcpy(cfg.ha.interface[0], "if1");
		cfg.ha.interfaces = n == HA;
		cfg.ha.mobile = &alice;
		cfg.ha.mobiles = 1;
		strcpy(cfg.mn.interface[0], "if1");
		cfg.mn.interfaces = n == MN;
		cfg.mn.home[0] = (struct lke_config_home){ alice.home, address(HA, 1), 64, 600, sa, sb, 1 };
		cfg.mn.homes = 1;
		start(n, &cfg);
	}
	for (at = AR1; at <= AR2; at++) {
		feed(MN, (struct lke_event){ LKE_EV_LINK, .link = { 1, "if1", { 0 }, 1500, false, false, 1 } });
		printf("---- the mobile node comes to the link of %s\n", node[at].name);
		feed(MN, (struct lke_event){ LKE_EV_LINK, .link = { 1, "if1", { 0 }, 1500, true, false, 2 } });
		run(now + 5 * LKE_SEC);
	}
	for (int n = 0; n < NODES; n++) {
		lke_engine_free(node[n].e);
		lke_rsa_free(node[n].key);
	}
	return 0;
}
