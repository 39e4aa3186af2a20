/* SPDX-License-Identifier: ISC */
/*
 * What `lke show sequences` prints of a history in virtual time: the engine's figures through the
 * code that lked answers with, and the real lke at the other end of a socket.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "daemon/control.h"
#include "ha_fixture.h"

enum { CLIENTS = 2 }; /* lke may look first whether anybody is there */

struct lines {
	char text[4][256];
	unsigned n;
};

static void say(int listener, const char *answer)
{
	for (unsigned n = 0; n < CLIENTS; n++) {
		char request[512];
		int c = accept(listener, NULL, NULL);

		if (c >= 0 && read(c, request, sizeof(request)) > 0)
			(void)send(c, answer, strlen(answer), MSG_NOSIGNAL);
		close(c);
	}
	_exit(0);
}

static pid_t serve(const char *dir, const char *answer)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/ctl.sock", dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, CLIENTS), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		say(fd, answer);
	close(fd);
	return pid;
}

static void run_lke(const char *dir, struct lines *ret)
{
	char cmd[512];
	FILE *p;

	snprintf(cmd, sizeof(cmd), "'%s' --run '%s' show sequences 2>&1", getenv("LKE_CTL"), dir);
	p = popen(cmd, "r");
	assert_non_null(p);
	ret->n = 0;
	while (ret->n < 4 && fgets(ret->text[ret->n], sizeof(ret->text[0]), p))
		ret->n++;
	assert_int_equal(pclose(p), 0);
}

static void show(struct fx *f, struct lines *ret)
{
	json_t *top = json_pack("{s:s,s:o}", "schema", "lke.show/1", "sequences",
				show_sequences(f->e, &(struct show_page){ .most = SIZE_MAX }));
	char dir[] = "/tmp/lke-show-XXXXXX", path[64], *text = json_dumps(top, JSON_COMPACT);
	char *line = malloc(strlen(text) + 2);
	int status;
	pid_t pid;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/ctl.sock", dir);
	sprintf(line, "%s\n", text);
	pid = serve(dir, line);
	run_lke(dir, ret);
	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	unlink(path);
	rmdir(dir);
	free(line);
	free(text);
	json_decref(top);
}

static void move(struct fx *f, uint16_t seq)
{
	fx_bu(f, (struct bu){ .seq = seq, .lifetime = 900 });
	assert_int_equal(f->ba.status, STATUS_ACCEPTED);
}

/* RFC 6275 15.3: every 10 minutes, 455 days; AMB-172: 227 of them are safe. */
static void sec_042_show_sequences_prints_227_and_455_days(void **state)
{
	struct lines got;
	struct fx f;

	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 65530);
	show(&f, &got);
	assert_int_equal(got.n, 4);
	assert_string_equal(
		got.text[1],
		"  name       home address             key   used     a day    days to 32768    "
		"days to 65536\n");
	assert_string_equal(
		got.text[2],
		"  mn1        2001:db8:1::b01            1      0         -                -      "
		"          -\n");
	for (unsigned n = 1; n <= 6; n++) {
		fx_wait(&f, 600 * LKE_SEC);
		move(&f, (uint16_t)(65530 + n));
	}
	/* At once, and at any time before the next one. */
	for (unsigned n = 0; n < 3; n++) {
		show(&f, &got);
		assert_string_equal(
			got.text[2],
			"  mn1        2001:db8:1::b01            1      6     144.0              "
			"227              455\n");
		fx_wait(&f, 299 * LKE_SEC);
	}
	assert_non_null(strstr(got.text[3], "mn2"));
	fx_end(&f);
}

/* One that has stopped moving is not said to move on. */
static void sec_042_the_rate_fades_when_the_moves_end(void **state)
{
	struct lines got;
	struct fx f;

	fx_config(&f);
	fx_start(&f);
	fx_register(&f, 1);
	for (uint16_t n = 2; n <= 13; n++) {
		fx_wait(&f, 600 * LKE_SEC);
		move(&f, n);
	}
	fx_wait(&f, 6 * 86400 * LKE_SEC);
	show(&f, &got);
	assert_string_equal(
		got.text[2],
		"  mn1        2001:db8:1::b01            1     12       2.1            15328      "
		"      30661\n");
	fx_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sec_042_show_sequences_prints_227_and_455_days),
		cmocka_unit_test(sec_042_the_rate_fades_when_the_moves_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
