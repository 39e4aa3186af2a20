/* SPDX-License-Identifier: ISC */
#include "ctl/keyring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit_code.h"
#include "base/in6.h"
#include "base/mem.h"
#include "crypto/crypto.h"
#include "wire/lke_message.h"

struct key {
	struct lke_in6 coa, ar;
	uint8_t kbm[LKE_KBM_LEN];
};

struct keyring {
	struct key *key;
	size_t keys, cap;
};

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_hex(const char *text, uint8_t *p, size_t n)
{
	if (strlen(text) != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int a = digit(text[2 * i]), b = digit(text[2 * i + 1]);

		if (a < 0 || b < 0)
			return false;
		p[i] = (uint8_t)(a << 4 | b);
	}
	return true;
}

static bool parse(char *line, struct key *ret)
{
	char *word[5] = { NULL }, *save = NULL;
	size_t words = 0;

	for (char *w = strtok_r(line, " \t", &save); w && words < 5;
	     w = strtok_r(NULL, " \t", &save))
		word[words++] = w;
	return words == 4 && strcmp(word[0], "LKE_KBM") == 0 &&
	       in6_parse(word[1], &ret->coa) == 0 && in6_parse(word[2], &ret->ar) == 0 &&
	       read_hex(word[3], ret->kbm, sizeof(ret->kbm));
}

/* Grows without realloc(), which would leave keys behind. */
static int add(struct keyring *k, const struct key *key)
{
	if (k->keys == k->cap) {
		size_t cap = k->cap ? 2 * k->cap : 64;
		struct key *p = cap <= KEYRING_MAX ? calloc(cap, sizeof(*p)) : NULL;

		if (!p)
			return -1;
		if (k->keys)
			memcpy(p, k->key, k->keys * sizeof(*p));
		if (k->key)
			mem_wipe(k->key, k->cap * sizeof(*k->key));
		free(k->key);
		k->key = p;
		k->cap = cap;
	}
	k->key[k->keys++] = *key;
	return 0;
}

static int read_lines(struct keyring *k, FILE *f, const char *path, FILE *err)
{
	char line[KEYRING_LINE_MAX];
	struct key key;
	int code = EXIT_OK;

	for (unsigned n = 1; code == EXIT_OK && fgets(line, sizeof(line), f); n++) {
		line[strcspn(line, "\r\n#")] = '\0';
		if (!line[strspn(line, " \t")])
			continue;
		if (!parse(line, &key)) {
			fprintf(err,
				"lke: %s:%u: not a line of `lke keylog on FILE`; give the file "
				"that "
				"it wrote\n",
				path, n);
			code = EXIT_FAILED;
		} else if (add(k, &key) < 0) {
			fprintf(err,
				"lke: %s: more than %d keys; leave out what is older than the "
				"capture\n",
				path, KEYRING_MAX);
			code = EXIT_FAILED;
		}
	}
	mem_wipe(line, sizeof(line));
	mem_wipe(&key, sizeof(key));
	return code;
}

int keyring_read(FILE *f, const char *name, FILE *err, struct keyring **ret)
{
	struct keyring *k = calloc(1, sizeof(*k));
	int code;

	if (!k) {
		fprintf(err, "lke: out of memory\n");
		return EXIT_FAILED;
	}
	code = read_lines(k, f, name, err);
	if (code == EXIT_OK)
		*ret = k;
	else
		keyring_free(k);
	return code;
}

int keyring_open(const char *path, struct keyring **ret)
{
	FILE *f = fopen(path, "re");
	int code;

	if (!f) {
		code = errno == EACCES ? EXIT_PERMISSION : EXIT_FAILED;
		fprintf(stderr, "lke: %s: %s; name the file of lke keylog on\n", path,
			strerror(errno));
		return code;
	}
	code = keyring_read(f, path, stderr, ret);
	fclose(f);
	return code;
}

void keyring_free(struct keyring *k)
{
	if (!k)
		return;
	if (k->key)
		mem_wipe(k->key, k->cap * sizeof(*k->key));
	free(k->key);
	free(k);
}

/* What a message is authenticated by. */
struct mac {
	struct lke_mac_input in;
	const uint8_t *mac;
	size_t len;
	struct lke_in6 coa; /* the care-of address its key belongs to */
};

static void whole(const struct packet *p, size_t checksum, const size_t *off, size_t n,
		  struct mac *m)
{
	lke_mac_whole(p->ip.pkt, p->ip.len, p->ip.upper_off + checksum, off, n, &m->in);
	m->len = SHA1_LEN;
}

static bool binding(const struct packet *p, const struct mh_auth_data *a, bool by_mobile,
		    struct mac *m)
{
	if (!a->well_placed)
		return false;
	lke_mac_binding(&p->ip.src, &p->ip.dst, p->mh.p, p->mh.len, &m->in);
	m->mac = a->mac;
	m->len = sizeof(a->mac);
	m->coa = by_mobile ? ip6_pseudo_src(&p->ip) : ip6_pseudo_dst(&p->ip);
	return true;
}

static bool request(const struct packet *p, struct mac *m)
{
	const struct mh_kereq *k = &p->kereq;
	size_t off[sizeof(k->proof_off) / sizeof(k->proof_off[0])];

	if (!k->request.present)
		return false;
	for (unsigned n = 0; n < k->proofs_len22; n++)
		off[n] = p->ip.upper_off + k->proof_off[n];
	whole(p, 4, off, k->proofs_len22, m);
	m->mac = k->request.mac;
	m->coa = ip6_pseudo_src(&p->ip);
	return true;
}

static bool find_mac(const struct packet *p, struct mac *m)
{
	size_t off;

	switch (p->drop == LKE_DROP_NONE ? p->msg : LKE_MSG_NONE) {
	case LKE_MSG_BU:
		return binding(p, &p->bu.auth, true, m);
	case LKE_MSG_FINISHED:
		return binding(p, &p->finished.auth, true, m);
	case LKE_MSG_BA:
		return binding(p, &p->ba.auth, false, m);
	case LKE_MSG_KEREQ:
		return request(p, m);
	case LKE_MSG_KEACK:
		off = p->ip.upper_off + p->keack.mac_off;
		whole(p, 4, &off, 1, m);
		m->mac = p->keack.mac;
		m->coa = ip6_pseudo_dst(&p->ip);
		return true;
	case LKE_MSG_DAD_NS_AUTH:
	case LKE_MSG_DAD_NA_AUTH:
		whole(p, 2, &p->nd.auth.mac_off, 1, m);
		m->mac = p->nd.auth.mac;
		m->coa = p->nd.target;
		return true;
	default:
		return false;
	}
}

static bool fits(const struct key *key, const struct mac *m)
{
	struct iov_part part[LKE_MAC_PARTS];
	uint8_t mac[SHA1_LEN];

	for (size_t i = 0; i < m->in.n; i++)
		part[i] = (struct iov_part){ m->in.part[i].p, m->in.part[i].n };
	return hmac_sha1(key->kbm, sizeof(key->kbm), part, m->in.n, mac) == 0 &&
	       memcmp(mac, m->mac, m->len) == 0;
}

enum keyring_verdict keyring_check(const struct keyring *k, const struct packet *p)
{
	enum keyring_verdict v = KEYRING_NO_KEY;
	struct mac m;

	if (!find_mac(p, &m))
		return KEYRING_NO_MAC;
	for (size_t i = 0; i < k->keys; i++) {
		if (!in6_eq(&k->key[i].coa, &m.coa))
			continue;
		if (fits(&k->key[i], &m))
			return KEYRING_VERIFIED;
		v = KEYRING_BAD;
	}
	return v;
}
