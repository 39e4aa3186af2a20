/* SPDX-License-Identifier: ISC */
/* The RSA keys of an access router: what the engine asks for, done outside its thread. */
#include <stdio.h>

#include "base/mem.h"
#include "daemon/driver.h"
#include "daemon/log.h"

static void show_key(struct driver *d, const struct rsa_key *key, const uint8_t *spki, size_t len,
		     unsigned ops)
{
	uint8_t digest[SHA256_LEN];

	if (sha256(spki, len, digest) < 0)
		return;
	for (unsigned i = 0; i < SHA256_LEN; i++)
		snprintf(d->rsa_fingerprint + 2 * i, 3, "%02x", digest[i]);
	d->rsa_bits = rsa_key_bits(key);
	d->rsa_ops = ops;
	log_notice("RSA key of %u bits, SHA256:%.16s..., %u operations a second", d->rsa_bits,
		   d->rsa_fingerprint, ops);
}

static int take_key(struct driver *d, uint32_t id, struct rsa_key *key, unsigned ops)
{
	struct lke_event ev = { .type = LKE_EV_RSA_KEY };
	uint8_t spki[RSA_SPKI_MAX];
	size_t len;
	int err = rsa_key_spki(key, spki, sizeof(spki), &len);

	if (err < 0) {
		rsa_key_free(key);
		return err;
	}
	ev.rsa_key = (struct lke_ev_rsa_key){ .key_id = id,
					      .modulus_len = (uint16_t)(rsa_key_bits(key) / 8),
					      .spki = spki,
					      .spki_len = len,
					      .ops_per_sec = ops };
	show_key(d, key, spki, len, ops);
	err = rsa_worker_add(d->worker, id, key);
	if (err < 0)
		return err;
	/* Stored before anybody can use it. */
	driver_state_key(d, id);
	driver_input(d, &ev);
	return 0;
}

int driver_rsa_key(struct driver *d, struct rsa_key *key, unsigned ops)
{
	return take_key(d, ++d->rsa_keys, key, ops);
}

int driver_rsa_restored(struct driver *d, uint32_t id, struct rsa_key *key)
{
	return take_key(d, id, key, rsa_key_measure(key));
}

static void maker_done(struct driver *d)
{
	if (d->maker_ev)
		event_free(d->maker_ev);
	d->maker_ev = NULL;
	rsa_maker_free(d->maker);
	d->maker = NULL;
}

static void on_maker(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;
	struct rsa_key *key = NULL;
	unsigned ops = 0;
	int err = rsa_maker_take(d->maker, &key, &ops);

	maker_done(d);
	if (err == 0)
		err = driver_rsa_key(d, key, ops);
	if (err < 0)
		log_error("no new RSA key: %s; the present one stays", lke_strerror(err));
	driver_result(d, d->maker_cookie, err, NULL, 0);
	/* Another size was configured while it was being made. */
	if (err == 0 && d->rsa_bits != d->w->cfg.rsa_bits)
		driver_rsa_new(d, 0);
	driver_pump(d);
}

void driver_rsa_new(struct driver *d, uint64_t cookie)
{
	int err = d->maker ? LKE_ERR_EXIST : rsa_maker_new(d->w->cfg.rsa_bits, &d->maker);

	if (err == 0) {
		d->maker_cookie = cookie;
		d->maker_ev = event_new(d->base, rsa_maker_fd(d->maker), EV_READ, on_maker, d);
		if (!d->maker_ev || event_add(d->maker_ev, NULL) < 0) {
			maker_done(d);
			err = LKE_ERR_NOMEM;
		}
	}
	if (err < 0)
		driver_result(d, cookie, err, NULL, 0);
}

void driver_rsa_drop(struct driver *d, uint32_t key_id)
{
	rsa_worker_drop(d->worker, key_id);
	driver_state_key_gone(d, key_id);
	log_notice("the previous RSA key is forgotten");
}

void driver_rsa_close(struct driver *d)
{
	maker_done(d);
	rsa_worker_free(d->worker);
	d->worker = NULL;
}
