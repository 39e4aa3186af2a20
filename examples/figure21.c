/* SPDX-License-Identifier: ISC */
/* Figure 2.1 of the draft: a mobile node, two access routers and a home agent in one process, virtual time. */
#include <lke/engine.h>
#include <lke/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MN, AR1, AR2, HA, NODES };
static const char *const name[] = { "MN", "AR1", "AR2", "HA" };
static struct lke_engine *engine[NODES];
static struct rsa_key *key[NODES];
static lke_time now = LKE_SEC;
static int at = AR1; /* the router at the other end of the mobile node's point-to-point link */
static struct packet { int to; uint32_t ifindex; size_t len; uint8_t data[2048]; } queue[256];
static unsigned head, tail;

static struct lke_in6 address(uint8_t net, uint8_t host)
{
	return (struct lke_in6){ { 0x20, 1, 0x0d, 0xb8, 0, net, [15] = host } };
}

static void feed(int n, const struct lke_event *ev);

static void event_link(int n, uint32_t ifindex, bool up, uint32_t changes)
{
	struct lke_event ev = { .type = LKE_EV_LINK };
	ev.link = (struct lke_ev_link){ .ifindex = ifindex, .mtu = 1500, .up = up, .carrier_changes = changes };
	snprintf(ev.link.name, sizeof(ev.link.name), "if%u", ifindex);
	feed(n, &ev);
}

static void event_addr(int n, uint32_t ifindex, struct lke_in6 a)
{
	struct lke_event ev = { .type = LKE_EV_ADDR, .addr = { ifindex, a, 64, false, false } };
	feed(n, &ev);
}

/* Interface 1 of a router or home agent is its access or home link, interface 2 the network between them. */
static void transmit(int from, const struct lke_act_send *s)
{
	const uint8_t *dst = s->data + 24;
	int owner = dst[5] == 1 ? AR1 : dst[5] == 2 ? AR2 : HA;
	bool local = dst[0] >= 0xfe, on_access = from == MN || s->ifindex == 1;
	struct packet *p = &queue[tail % 256];

	if (on_access && from != MN && (from != at || from == HA))
		return; /* nobody is there */
	p->to = on_access ? (from == MN ? at : MN) : dst[15] == 1 && dst[8] == 0 ? owner : MN;
	if (from == MN && !local)
		p->to = owner;
	p->ifindex = p->to == MN || p->to == HA || (on_access && (local || p->to == at)) ? 1 : 2;
	p->len = s->len;
	memcpy(p->data, s->data, s->len);
	tail++;
}

static void print(int n, const struct lke_note *m)
{
	if (m->type == LKE_NOTE_MESSAGE && m->out && m->msg > LKE_MSG_RA)
		printf("%9.3f s  %-4s sends    %s\n", (double)(now - LKE_SEC) / 1e9, name[n], lke_msg_name(m->msg));
	else if (m->type != LKE_NOTE_MESSAGE)
		printf("%9.3f s  %-4s state    %s\n", (double)(now - LKE_SEC) / 1e9, name[n], lke_note_name(m->type));
}

static void feed(int n, const struct lke_event *ev)
{
	uint8_t buf[LKE_RSA_MODULUS_MAX];
	const struct lke_action *a;
	struct lke_event done = { .type = LKE_EV_RESULT };

	lke_engine_input(engine[n], ev, now);
	while ((a = lke_engine_next_action(engine[n]))) {
		done.result = (struct lke_ev_result){ .cookie = a->cookie };
		if (a->type == LKE_ACT_SEND)
			transmit(n, &a->send);
		else if (a->type == LKE_ACT_NOTIFY)
			print(n, &a->note);
		else if (a->type == LKE_ACT_ENCRYPT || a->type == LKE_ACT_DECRYPT)
			lke_rsa_carry_out(key[n], a, buf, &done);
		if (a->type == LKE_ACT_ADDR && a->addr.ifindex && !a->addr.remove)
			event_addr(n, a->addr.ifindex, a->addr.addr);
		else if (a->cookie)
			feed(n, &done);
	}
}

static void run(lke_time end)
{
	while (now < end) {
		lke_time next = end;
		if (head != tail) {
			struct packet p = queue[head++ % 256];
			struct lke_event ev = { .type = LKE_EV_PACKET, .packet = { p.ifindex, { 0, { 0 } }, p.data, p.len } };
			now += LKE_MSEC;
			feed(p.to, &ev);
			continue;
		}
		for (int n = 0; n < NODES; n++)
			next = lke_engine_deadline(engine[n]) < next ? lke_engine_deadline(engine[n]) : next;
		now = next > now ? next : now + 1;
		for (int n = 0; n < NODES; n++)
			feed(n, &(struct lke_event){ .type = LKE_EV_TIMER });
	}
}

static void start(int n, const struct lke_config_mobile *alice)
{
	uint8_t spki[LKE_RSA_SPKI_MAX];
	struct lke_config cfg;
	struct lke_event ev;

	lke_config_defaults(&cfg);
	memset(cfg.seed, n + 1, sizeof(cfg.seed)); /* a real program takes this from getrandom() */
	if (n == MN) {
		strcpy(cfg.mn.interface[cfg.mn.interfaces++], "if1");
		cfg.mn.home[cfg.mn.homes++] = (struct lke_config_home){ alice->home, address(0, 1), 64, 600, alice->to_ha, alice->to_mn, 1 };
	} else if (n == HA) {
		strcpy(cfg.ha.interface[cfg.ha.interfaces++], "if1");
		cfg.ha.mobile = alice;
		cfg.ha.mobiles = 1;
	} else {
		lke_config_ar_defaults(&cfg.ar[cfg.ars++]);
		strcpy(cfg.ar[0].interface, "if1");
	}
	if (lke_engine_new(&cfg, now, &engine[n]) < 0)
		_Exit(1);
	event_link(n, 1, n != MN, 1);
	if (n != MN) {
		event_link(n, 2, true, 1);
		event_addr(n, 1, (struct lke_in6){ { 0xfe, 0x80, [15] = (uint8_t)n } });
		event_addr(n, 1, address((uint8_t)(n == HA ? 0 : n), 1));
	}
	if (n != AR1 && n != AR2)
		return;
	if (lke_rsa_generate(2048, &key[n]) < 0 || lke_rsa_key_event(key[n], 1, spki, &ev) < 0)
		_Exit(1);
	feed(n, &ev);
}

int main(void)
{
	struct lke_config_sa sa = { .spi = 0x1000, .enc = LKE_ESP_AES_CBC, .auth = LKE_ESP_HMAC_SHA256_128, .enc_key_len = 16, .auth_key_len = 32 };
	struct lke_config_mobile alice = { .name = "alice", .home = address(0, 0x42), .to_ha = sa, .to_mn = sa, .generation = 1 };

	alice.to_mn.spi = 0x1001;
	alice.to_mn.auth_key[0] = alice.to_mn.enc_key[0] = 1;
	for (int n = 0; n < NODES; n++)
		start(n, &alice);
	event_link(MN, 1, true, 2);
	run(now + 5 * LKE_SEC);
	event_link(MN, 1, false, 3);
	at = AR2;
	puts("           ----  the mobile node moves to the link of AR2");
	event_link(MN, 1, true, 4);
	run(now + 5 * LKE_SEC);
	for (int n = 0; n < NODES; n++) {
		lke_engine_free(engine[n]);
		lke_rsa_free(key[n]);
	}
	return 0;
}
