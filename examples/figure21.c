/* SPDX-License-Identifier: ISC */
/* Figure 2.1 of the draft: a mobile node, two routers, a home agent in one process and virtual
 * time. */
#include <lke/engine.h>
#include <lke/rsa.h>
#include <stdio.h>
#include <string.h>

enum { MN, AR1, AR2, HA, NODES };
static const char *const name[NODES] = { "MN", "AR1", "AR2", "HA" };
static struct lke_engine *engine[NODES];
static struct rsa_key *key[NODES];
static struct packet {
	int to;
	size_t len;
	uint8_t data[2048];
} queue[256];
static unsigned head, tail;
static lke_time now = LKE_SEC;
static int at = AR1; /* the router at the other end of the mobile node's link */

/* Routers and the home agent are 2001:db8:<node>::1, care-of addresses have a longer identifier. */
#define ADDRESS(net, host) ((struct lke_in6){ { 0x20, 1, 0xd, 0xb8, 0, net, [15] = host } })

static void transmit(int from, const struct lke_act_send *s)
{
	const uint8_t *dst = s->data + 24;
	bool local = dst[0] >= 0xfe; /* link-local or multicast */
	struct packet *p = &queue[tail % 256];
	p->to = local ? (from == MN ? at : MN) : dst[8] != 0 ? MN : dst[5];
	memcpy(p->data, s->data, p->len = s->len);
	tail += !local || from == MN || from == at; /* else nobody is on that link */
}

static void feed(int n, struct lke_event ev)
{
	const struct lke_action *a;
	uint8_t buf[LKE_RSA_MODULUS_MAX];
	lke_engine_input(engine[n], &ev, now);
	while ((a = lke_engine_next_action(engine[n]))) {
		struct lke_event done = { LKE_EV_RESULT, { .result = { .cookie = a->cookie } } };
		if (a->type == LKE_ACT_SEND)
			transmit(n, &a->send);
		else if (a->type == LKE_ACT_NOTIFY &&
			 (a->note.out || a->note.type != LKE_NOTE_MESSAGE))
			printf("%9.3f s  %-3s  %s\n", (double)(now - LKE_SEC) / 1e9, name[n],
			       a->note.out ? lke_msg_name(a->note.msg)
					   : lke_note_name(a->note.type));
		else if (a->type == LKE_ACT_ENCRYPT || a->type == LKE_ACT_DECRYPT)
			lke_rsa_carry_out(key[n], a, buf, &done);
		if (a->cookie)
			feed(n, done);
	}
}

static void run(lke_time end)
{
	for (; now < end; now += LKE_MSEC) { /* a packet takes a millisecond */
		for (int n = 0; n < NODES; n++)
			feed(n, (struct lke_event){ .type = LKE_EV_TIMER });
		if (head != tail) {
			struct packet p = queue[head++ % 256];
			feed(p.to,
			     (struct lke_event){
				     .type = LKE_EV_PACKET,
				     .packet = { .ifindex = 1, .data = p.data, .len = p.len } });
		}
	}
}

static void link_event(int n, bool up)
{
	struct lke_event ev = { .type = LKE_EV_LINK,
				.link = { .ifindex = 1, .name = "if1", .mtu = 1500, .up = up } };
	feed(n, ev);
}

static void own_address(int n, struct lke_in6 addr)
{
	struct lke_event ev = { .type = LKE_EV_ADDR,
				.addr = { .ifindex = 1, .addr = addr, .prefix_len = 64 } };
	feed(n, ev);
}

int main(void)
{
	struct lke_config_sa
		to_ha = { 4096, LKE_ESP_AES_CBC, LKE_ESP_HMAC_SHA256_128, { 1 }, 16, { 2 }, 32 },
		to_mn = { 4097, LKE_ESP_AES_CBC, LKE_ESP_HMAC_SHA256_128, { 3 }, 16, { 4 }, 32 };
	struct lke_config_mobile alice = { .name = "alice",
					   .home = ADDRESS(HA, 0x42),
					   .to_ha = to_ha,
					   .to_mn = to_mn,
					   .generation = 1 };
	struct lke_event ev;
	uint8_t spki[LKE_RSA_SPKI_MAX];
	for (int n = 0; n < NODES; n++) {
		struct lke_config cfg;
		lke_config_defaults(&cfg);
		cfg.seed[0] = (uint8_t)n; /* a real program fills all of it from getrandom() */
		cfg.ars = n == AR1 || n == AR2;
		cfg.ha.mobile = &alice;
		cfg.ha.interfaces = cfg.ha.mobiles = n == HA;
		cfg.mn.home[0] = (struct lke_config_home){ alice.home, ADDRESS(HA, 1), 64, 600,
							   to_ha,      to_mn,	       1 };
		cfg.mn.interfaces = cfg.mn.homes = n == MN;
		strcpy(cfg.ar[0].interface,
		       strcpy(cfg.ha.interface[0], strcpy(cfg.mn.interface[0], "if1")));
		if (lke_engine_new(&cfg, now, &engine[n]) < 0)
			return 1;
		link_event(n, n != MN);
		own_address(n, (struct lke_in6){ { 0xfe, 0x80, [15] = (uint8_t)(n + 1) } });
		own_address(n, ADDRESS((uint8_t)n, 1));
		if (lke_rsa_generate(2048, &key[n]) < 0 ||
		    lke_rsa_key_event(key[n], 1, spki, &ev) < 0)
			return 1;
		feed(n, ev);
	}
	for (at = AR1; at <= AR2; at++) {
		link_event(MN, false);
		printf("---- the mobile node comes to the link of %s\n", name[at]);
		link_event(MN, true);
		run(now + 5 * LKE_SEC);
	}
	for (int n = 0; n < NODES; n++)
		lke_engine_free(engine[n]), lke_rsa_free(key[n]);
	return 0;
}
