/* SPDX-License-Identifier: ISC */
/* lked: it may run or not; when it does it has to answer, and to be well. */
#include "ctl/doctor.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* 0, or a negative errno. */
static int try_socket(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), err = 0;

	if (strlen(path) >= sizeof(sun.sun_path))
		err = -ENAMETOOLONG;
	strncpy(sun.sun_path, path, sizeof(sun.sun_path) - 1);
	if (!err && (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0))
		err = -errno;
	if (fd >= 0)
		close(fd);
	return err;
}

/* What it does may differ from what this program could: the service has its own limits. */
static void say_healthy(struct doctor *d)
{
	json_t *j;
	const char *why;

	if (client_ask(d->ctl, json_pack("{s:s,s:s}", "cmd", "show", "what", "interfaces"), &j) !=
	    EXIT_OK) {
		doctor_say(d, VERDICT_OK, "lked", NULL, "runs and is healthy");
		return;
	}
	why = json_string_value(json_object_get(j, "forward_reason"));
	doctor_say(d, VERDICT_OK, "lked", NULL, "runs and is healthy; forwards by %s%s",
		   why ? "the TUN device: " : "BPF before the TUN device", why ? why : "");
	json_decref(j);
}

static void say_status(struct doctor *d)
{
	json_t *j;
	int code = client_ask(d->ctl, json_pack("{s:s}", "cmd", "status"), &j);

	if (code != EXIT_OK) {
		doctor_say(d, VERDICT_FAIL, "lked", "Restart it with: systemctl restart lked.",
			   "it has the socket %s, but does not answer", d->ctl->socket_path);
		return;
	}
	if (json_is_true(json_object_get(j, "healthy")))
		say_healthy(d);
	else
		doctor_say(d, VERDICT_WARN, "lked",
			   "See lke show all, and lke-troubleshooting(7) for what it says.",
			   "is degraded: %s", text_get(j, "why"));
	json_decref(j);
}

void doctor_daemon(struct doctor *d)
{
	int err = try_socket(d->ctl->socket_path), pid = 0;

	if (!err) {
		say_status(d);
		return;
	}
	if (err == -ENOENT || err == -ECONNREFUSED)
		pid = doctor_process("lked");
	if (pid)
		doctor_say(d, VERDICT_WARN, "lked",
			   "Give lke the --run directory that it was started with; a second lked "
			   "needs a network namespace of its own.",
			   "an lked (process %d) runs here, but not at %s", pid,
			   d->ctl->socket_path);
	else if (err == -ENOENT || err == -ECONNREFUSED)
		doctor_say(d, VERDICT_OK, "lked", NULL, "does not run (no answer at %s)",
			   d->ctl->socket_path);
	else
		doctor_say(d, VERDICT_FAIL, "lked",
			   "Give --run the directory of its control socket.", "%s: %s",
			   d->ctl->socket_path, strerror(-err));
}
