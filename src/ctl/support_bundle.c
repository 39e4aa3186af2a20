/* SPDX-License-Identifier: ISC */
/* lke support-bundle: what somebody who helps wants to know, in one archive and without a key. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ctl/commands.h"
#include "ctl/redact.h"
#include "ctl/tar.h"
#include "daemon/remedy.h"

enum {
	WORDS_MAX = 16,
	PART_MAX = 16 << 20, /* octets of one file of the archive */
	PART_S = 30,	     /* seconds that a program may take */
	LOG_MAX = 4 << 20,   /* octets of the end of a log */
};

struct bundle {
	struct ctl *ctl;
	const char *state, *log;
	char directory[128]; /* in the archive */
	FILE *out, *index;
	time_t now;
	unsigned files;
};

/* "lke": this program with the same --run and -c.  %S, %R: state and run directory. */
static const struct part {
	const char *file, *command;
} parts[] = {
	{ "version.txt", "lke version" },
	{ "configuration.txt", "lke showconf" },
	{ "check.txt", "lke check" },
	{ "diff.txt", "lke diff" },
	{ "status.json", "lke status -j" },
	{ "show.txt", "lke show all" },
	{ "show.json", "lke show all -j" },
	{ "limits.txt", "lke show limits" },
	{ "doctor.txt", "lke doctor --state %S" },
	{ "system.txt", "uname -a" },
	{ "os-release.txt", "cat /etc/os-release" },
	{ "files.txt", "ls -lan %S %R" },
	{ "service.txt",
	  "systemctl show lked -p ActiveState,SubState,Result,ExecMainStatus,NRestarts,"
	  "ActiveEnterTimestamp,DropInPaths" },
	{ "log.txt", "journalctl -u lked -n 5000 --no-pager -o short-iso-precise" },
	{ "links.txt", "ip -s link" },
	{ "addresses.txt", "ip -6 address" },
	{ "rules.txt", "ip -6 rule" },
	{ "routes.txt", "ip -6 route show table all" },
	{ "neighbours.txt", "ip -6 neighbour" },
	{ "nftables.txt", "nft -s list ruleset" },
};

/* Cuts text into its words, which it then holds; "lke" becomes the whole of our own command. */
static void make_argv(const struct bundle *b, char *text, const char **argv)
{
	size_t n = 0;
	char *rest = text, *word;

	while ((word = strsep(&rest, " ")) && n < WORDS_MAX - 8) {
		if (n == 0 && strcmp(word, "lke") == 0) {
			argv[n++] = "lke";
			argv[n++] = "--run";
			argv[n++] = b->ctl->run_dir;
			argv[n++] = "-c";
			word = (char *)b->ctl->config;
		}
		argv[n++] = strcmp(word, "%S") == 0   ? b->state
			    : strcmp(word, "%R") == 0 ? b->ctl->run_dir
						      : word;
	}
	argv[n] = NULL;
}

/* In the new process: both outputs to fd. */
static _Noreturn void become(const char **argv, int fd)
{
	static const char why[] = "cannot be run: ";

	if (dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
		_exit(126);
	close(STDIN_FILENO);
	setenv("NO_COLOR", "1", 1);
	setenv("LC_ALL", "C", 1);
	execvp(strcmp(argv[0], "lke") == 0 ? "/proc/self/exe" : argv[0], (char *const *)argv);
	fprintf(stderr, "%s%s%s\n", why, strerror(errno), remedy_of(errno));
	_exit(127);
}

static long seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

/* Everything that comes; what is beyond PART_MAX is read and forgotten.  False: it took too long.
 */
static bool collect(int fd, FILE *to)
{
	long end = seconds() + PART_S;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[16384];
	size_t have = 0;
	ssize_t n;

	while (seconds() < end && poll(&p, 1, PART_S * 1000) > 0) {
		n = read(fd, buf, sizeof(buf));
		if (n <= 0) {
			if (have > PART_MAX)
				fprintf(to, "\n[cut: it has %zu octets]\n", have);
			return true;
		}
		if (have < PART_MAX)
			fwrite(buf, 1, (size_t)n, to);
		have += (size_t)n;
	}
	fprintf(to, "\n[ended after %d s]\n", PART_S);
	return false;
}

/* Runs a program; its output goes to `to`.  The exit status, or -1: it did not end by itself. */
static int run(const char **argv, FILE *to)
{
	int ends[2], status = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0)
		become(argv, ends[1]);
	close(ends[1]);
	if (pid > 0) {
		if (!collect(ends[0], to))
			kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	close(ends[0]);
	return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* One file of the archive; data is searched for keys in place. */
static int put(struct bundle *b, const char *file, char *data, size_t len)
{
	char name[192];

	snprintf(name, sizeof(name), "%s/%s", b->directory, file);
	b->files++;
	return tar_file(b->out, name, b->now, data, redact(data, len));
}

/* A line of the list that is the first thing to read. */
static void note(struct bundle *b, const char *file, const char **words, int code)
{
	fprintf(b->index, "  %-18s", file);
	for (; *words; words++)
		fprintf(b->index, " %s", *words);
	if (code)
		fprintf(b->index, "   (exit status %d)", code);
	fputc('\n', b->index);
}

static int put_command(struct bundle *b, const struct part *p)
{
	const char *argv[WORDS_MAX];
	char words[256], *data = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&data, &len);
	int code, err;

	if (!to)
		return -1;
	snprintf(words, sizeof(words), "%s", p->command);
	make_argv(b, words, argv);
	code = run(argv, to);
	if (fclose(to) != 0)
		return -1;
	note(b, p->file, argv, code);
	err = put(b, p->file, data, len);
	free(data);
	return err;
}

/* The end of the log of an lked that is no service. */
static int put_log(struct bundle *b)
{
	FILE *f = fopen(b->log, "re");
	char *data = f ? malloc(LOG_MAX) : NULL;
	size_t len;
	int err;

	if (!data) {
		fprintf(stderr, "lke: %s: %s%s\n", b->log, strerror(errno), remedy_of(errno));
		if (f)
			fclose(f);
		return -1;
	}
	if (fseek(f, -(long)LOG_MAX, SEEK_END) < 0)
		rewind(f);
	len = fread(data, 1, LOG_MAX, f);
	fclose(f);
	note(b, "lked.log", (const char *[]){ "the end of", b->log, NULL }, 0);
	err = put(b, "lked.log", data, len);
	free(data);
	return err;
}

/* What is in it; and what was taken out. */
static int put_all(struct bundle *b)
{
	char *list = NULL, host[65] = "?", when[32] = "";
	struct tm tm;
	size_t len = 0;
	int err = 0;

	b->index = open_memstream(&list, &len);
	if (!b->index)
		return -1;
	(void)gethostname(host, sizeof(host) - 1);
	if (gmtime_r(&b->now, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	fprintf(b->index,
		"lke %s on %s, %s, as user %u\n\n"
		"Keys are not in here: key files are not read, and what looks like a key was "
		"replaced by\n"
		"[removed].  Addresses, names of hosts and interfaces, routes and firewall rules "
		"are.\n\n",
		LKE_VERSION, host, when, (unsigned)geteuid());
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && !err; i++)
		err = put_command(b, &parts[i]);
	if (b->log && !err)
		err = put_log(b);
	if (fclose(b->index) != 0)
		err = -1;
	if (!err)
		err = put(b, "README", list, len);
	free(list);
	return err ? err : tar_end(b->out);
}

/* lke-support-HOST-20261126-1200, which becomes the file's name and the directory in the archive.
 */
static void name_it(struct bundle *b)
{
	char host[65] = "host", when[20] = "";
	struct tm tm;

	(void)gethostname(host, sizeof(host) - 1);
	host[strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")] =
		'\0';
	b->now = time(NULL);
	if (gmtime_r(&b->now, &tm))
		strftime(when, sizeof(when), "%Y%m%d-%H%M%S", &tm);
	snprintf(b->directory, sizeof(b->directory), "lke-support-%.40s-%s", host, when);
}

static int open_out(struct bundle *b, const char *path)
{
	int fd = -1;

	if (strcmp(path, "-") == 0) {
		if (isatty(STDOUT_FILENO))
			return usage("support-bundle",
				     "an archive does not go to a terminal; name a FILE");
		b->out = stdout;
		return EXIT_OK;
	}
	/* Never what is there, nor where a link points. */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	b->out = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (b->out)
		return EXIT_OK;
	fprintf(stderr, "lke: %s: %s; name another FILE\n", path, strerror(errno));
	return errno == EACCES || errno == EPERM ? EXIT_PERMISSION : EXIT_FAILED;
}

static void report(const struct bundle *b, const char *path)
{
	json_t *j = json_pack("{s:s,s:b,s:s}", "schema", "lke.answer/1", "ok", 1, "file", path);

	if (b->ctl->json && json_dumpf(j, stdout, JSON_COMPACT) == 0)
		putchar('\n');
	else
		printf("%s: %u files; look through them before you send it\n", path, b->files);
	if (geteuid() != 0)
		fprintf(stderr, "lke: without root the log, the firewall and what lke doctor says "
				"are missing; run it as root\n");
	json_decref(j);
}

int cmd_support_bundle(struct ctl *c, int argc, char **argv)
{
	struct bundle b = { .ctl = c, .state = "/var/lib/lke" };
	char name[160];
	const char *path = NULL;
	int code, err;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--state") == 0 && i + 1 < argc)
			b.state = argv[++i];
		else if (strcmp(argv[i], "--log") == 0 && i + 1 < argc)
			b.log = argv[++i];
		else if (!path && (argv[i][0] != '-' || !argv[i][1]))
			path = argv[i];
		else
			return usage(argv[0], NULL);
	}
	name_it(&b);
	snprintf(name, sizeof(name), "%s.tar", b.directory);
	path = path ? path : name;
	code = open_out(&b, path);
	if (code)
		return code;
	err = put_all(&b);
	if (fclose(b.out) != 0 || err) {
		fprintf(stderr, "lke: %s could not be written whole; is there room?\n", path);
		if (b.out != stdout)
			unlink(path);
		return EXIT_FAILED;
	}
	if (b.out != stdout)
		report(&b, path);
	return EXIT_OK;
}
