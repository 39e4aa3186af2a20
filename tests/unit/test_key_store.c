/* SPDX-License-Identifier: ISC */
/* Key files and the next key beside each (AMB-152). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "base/in6.h"
#include "check.h"
#include "daemon/key_make.h"
#include "daemon/key_store.h"

struct place {
	char dir[64], key[96], next[96], conf[96];
	struct lke_in6 home;
	struct daemon_config cfg;
	char out[2048];
};

static void write_key(const char *path, uint32_t generation)
{
	struct key_file k;
	char text[KEY_FILE_MAX];
	int len;

	assert_int_equal(key_make(LKE_ESP_AES_CBC, LKE_ESP_HMAC_SHA256_128, generation, &k), 0);
	len = key_text(&k, text, sizeof(text));
	assert_true(len > 0);
	assert_int_equal(secret_file_write(path, text, (size_t)len), 0);
}

static int load(struct place *p)
{
	struct report r = { .out = fmemopen(p->out, sizeof(p->out) - 1, "w") };
	int err = daemon_config_load(p->conf, &r, &p->cfg);

	fclose(r.out);
	return err;
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	FILE *f;

	strcpy(p->dir, "/tmp/lke-keys-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->key, sizeof(p->key), "%s/a.key", p->dir);
	snprintf(p->next, sizeof(p->next), "%s/a.key.next", p->dir);
	snprintf(p->conf, sizeof(p->conf), "%s/lke.conf", p->dir);
	f = fopen(p->conf, "w");
	fputs("[HomeAgent]\nInterface = eth0\n[Mobile a]\nHomeAddress = 2001:db8::1\nKey = a.key\n",
	      f);
	fclose(f);
	assert_int_equal(in6_parse("2001:db8::1", &p->home), 0);
	write_key(p->key, 4);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	char cmd[96];

	daemon_config_done(&p->cfg);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", p->dir);
	assert_int_equal(system(cmd), 0);
	free(p);
	return 0;
}

static void amb_152_next_key_is_found_at_the_start(void **state)
{
	struct place *p = *state;

	assert_int_equal(load(p), 0);
	assert_int_equal(p->cfg.nexts, 0);
	assert_string_equal(key_store_path(&p->cfg, &p->home), p->key);
	assert_int_equal(key_store_open_next(&p->cfg, getuid(), &p->home), -ENOENT);
	daemon_config_done(&p->cfg);
	write_key(p->next, 5);
	assert_int_equal(load(p), 0);
	assert_int_equal(p->cfg.nexts, 1);
	assert_true(p->cfg.next[0].mobile == 0 && p->cfg.next[0].keys.generation == 5);
}

static void next_key_of_no_newer_generation_is_not_used(void **state)
{
	struct place *p = *state;

	write_key(p->next, 4);
	assert_int_equal(load(p), 0);
	assert_int_equal(p->cfg.nexts, 0);
	assert_non_null(strstr(p->out, "not used"));
}

static void readable_next_key_is_an_error(void **state)
{
	struct place *p = *state;

	write_key(p->next, 5);
	assert_int_equal(chmod(p->next, 0644), 0);
	assert_int_equal(load(p), LKE_ERR_INVAL);
	assert_non_null(strstr(p->out, "can be read by others"));
}

static uint32_t generation_of(const char *path)
{
	struct report r = { .out = stderr };
	struct key_file k;

	assert_int_equal(key_file_load(path, getuid(), &r, &k), 0);
	return k.generation;
}

static void amb_173_switch_puts_the_next_key_in_the_place_of_the_old(void **state)
{
	struct place *p = *state;

	write_key(p->next, 5);
	assert_int_equal(load(p), 0);
	assert_int_equal(key_store_switch(&p->cfg, getuid(), &p->home, 6), -ESTALE);
	assert_int_equal(generation_of(p->key), 4);
	assert_int_equal(key_store_switch(&p->cfg, getuid(), &p->home, 5), 0);
	assert_int_equal(generation_of(p->key), 5);
	assert_int_equal(access(p->next, F_OK), -1);
	/* Asked again after a crash in between. */
	assert_int_equal(key_store_switch(&p->cfg, getuid(), &p->home, 5), 0);
}

static void amb_152_a_restart_does_not_extend_the_overlap(void **state)
{
	struct place *p = *state;
	int64_t now = 1700000000;

	p->cfg.engine.ha.rekey_overlap = 1000;
	assert_int_equal(key_store_overlap(&p->cfg, now, now), 1000);
	assert_int_equal(key_store_overlap(&p->cfg, now - 400, now), 600);
	assert_int_equal(key_store_overlap(&p->cfg, now - 5000, now), 1);
	assert_int_equal(key_store_overlap(&p->cfg, now + 5000, now), 1000);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(amb_152_next_key_is_found_at_the_start),
		T(next_key_of_no_newer_generation_is_not_used),
		T(readable_next_key_is_an_error),
		T(amb_173_switch_puts_the_next_key_in_the_place_of_the_old),
		T(amb_152_a_restart_does_not_extend_the_overlap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
