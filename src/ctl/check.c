/* SPDX-License-Identifier: ISC */
/* lke check: is a configuration right? */
#include "ctl/commands.h"
#include "daemon/remedy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef LKED_PATH
#define LKED_PATH "/usr/sbin/lked"
#endif

/* The daemon's own check, so that there is one: beside this program (build tree, /usr/local), or
 * installed. */
static int become(const char *file)
{
	char self[4096], beside[4200];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	static const char *const where[] = { "/../daemon/lked", "/../sbin/lked", "/lked" };
	char *slash;

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	for (size_t i = 0; slash && i < sizeof(where) / sizeof(where[0]); i++) {
		*slash = '\0';
		snprintf(beside, sizeof(beside), "%s%s", self, where[i]);
		execl(beside, "lked", "--check", "-c", file, (char *)NULL);
	}
	execl(LKED_PATH, "lked", "--check", "-c", file, (char *)NULL);
	fprintf(stderr, "lke: %s: %s%s\n", LKED_PATH, strerror(errno), remedy_of(errno));
	return EXIT_FAILED;
}

/* "FILE:LINE: error: TEXT", of which the line may be missing; NULL: the line is no problem. */
static json_t *problem(char *line)
{
	static const char *const severity[] = { "error", "warning" };
	char mark[16], *at = NULL, *colon, *end;
	unsigned i = 0;
	long number;
	json_t *j;

	for (; i < 2 && !at; i++) {
		snprintf(mark, sizeof(mark), ": %s: ", severity[i]);
		at = strstr(line, mark);
	}
	if (!at)
		return NULL;
	*at = '\0';
	at += strlen(mark);
	at[strcspn(at, "\n")] = '\0';
	j = json_pack("{s:s,s:s}", "severity", severity[i - 1], "text", at);
	colon = strrchr(line, ':');
	number = colon ? strtol(colon + 1, &end, 10) : 0;
	if (number > 0 && *end == '\0') {
		*colon = '\0';
		json_object_set_new(j, "line", json_integer(number));
	}
	json_object_set_new(j, "file", json_string(line));
	return j;
}

static json_t *problems_of(int fd)
{
	FILE *in = fdopen(fd, "r");
	json_t *list = json_array();
	char *line = NULL;
	size_t cap = 0;

	while (in && getline(&line, &cap, in) > 0) {
		json_t *j = problem(line);

		if (j)
			json_array_append_new(list, j);
	}
	free(line);
	if (in)
		fclose(in);
	return list;
}

static int check_json(const char *file)
{
	int fds[2], status = 0;
	json_t *list;
	pid_t pid;

	if (pipe(fds) < 0 || (pid = fork()) < 0) {
		fprintf(stderr, "lke: %s%s\n", strerror(errno), remedy_of(errno));
		return EXIT_FAILED;
	}
	if (pid == 0) {
		if (dup2(fds[1], STDOUT_FILENO) < 0 || dup2(fds[1], STDERR_FILENO) < 0)
			_exit(EXIT_FAILED);
		close(fds[0]);
		close(fds[1]);
		_exit(become(file));
	}
	close(fds[1]);
	list = problems_of(fds[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	status = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
	if (status == EXIT_OK || status == EXIT_CONFIG || status == EXIT_PERMISSION) {
		(void)ctl_print_json(json_pack("{s:s,s:b,s:O}", "schema", "lke.check/1", "right",
					       status == EXIT_OK, "problems", list));
	} else {
		fprintf(stderr, "lke: the check of lked ended with %d; run: lke check\n", status);
	}
	json_decref(list);
	return status;
}

int cmd_check(struct ctl *c, int argc, char **argv)
{
	const char *file = argc == 2 ? argv[1] : c->config;

	if (argc > 2)
		return usage(argv[0], NULL);
	return c->json ? check_json(file) : become(file);
}
