/* SPDX-License-Identifier: ISC */
/* lked(8): options, one daemon for a state directory, the two processes. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/world.h"
#include "platform/linux/memory.h"

struct options {
	const char *config, *state, *run;
	bool check, debug, restored;
};

static const char usage[] =
	"usage: lked [-df] [-c FILE] [--state DIR] [--run DIR] [--restored]\n"
	"       lked --check [-c FILE]\n"
	"       lked --version | --help\n"
	"\n"
	"  -c, --config FILE  configuration, /etc/lke/lke.conf (and FILE.d/*.conf)\n"
	"      --state DIR    what is kept over a restart, /var/lib/lke\n"
	"      --run DIR      control socket, /run/lke\n"
	"      --restored     the store in the state directory is a copy, or was lost\n"
	"      --check        check the configuration and end: 0 right, 3 wrong\n"
	"  -f, --foreground   stay in the foreground (always so)\n"
	"  -d, --debug        log every message\n";

static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longopts[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 's' },
		{ "run", required_argument, NULL, 'r' },
		{ "check", no_argument, NULL, 'C' },
		{ "restored", no_argument, NULL, 'R' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "debug", no_argument, NULL, 'd' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:fdh", longopts, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case 's':
			o->state = optarg;
			break;
		case 'r':
			o->run = optarg;
			break;
		case 'C':
			o->check = true;
			break;
		case 'd':
			o->debug = true;
			break;
		case 'R':
			o->restored = true;
			break;
		case 'f':
			break;
		case 'V':
			printf("lked %s\n", LKE_VERSION);
			exit(EXIT_OK);
		case 'h':
			fputs(usage, stdout);
			exit(EXIT_OK);
		default:
			return EXIT_USAGE;
		}
	}
	if (optind != argc) {
		fprintf(stderr, "lked: unexpected argument '%s'\n", argv[optind]);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

static int load_config(const struct options *o, struct daemon_config *cfg, char **ret_text)
{
	struct report r = { .out = o->check ? stdout : stderr };
	int err = daemon_config_merge(o->config, &r, cfg, ret_text);

	if (err == LKE_ERR_NOMEM) {
		fprintf(stderr, "lked: out of memory\n");
		return EXIT_FAILED;
	}
	if (o->check && !err)
		printf("%s: right%s\n", o->config, r.warnings ? ", with warnings" : "");
	return err ? EXIT_CONFIG : EXIT_OK;
}

/* What lke diff compares with.  Without it the daemon works as well. */
static void leave_config(struct world *w, const char *text)
{
	FILE *f;
	int fd;

	snprintf(w->running_path, sizeof(w->running_path), "%s/running.conf", w->run_dir);
	unlink(w->running_path);
	fd = open(w->running_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f || fchmod(fd, 0640) < 0 ||
	    (w->control_gid && fchown(fd, (uid_t)-1, w->control_gid) < 0) || fputs(text, f) == EOF)
		log_warning("%s: %s", w->running_path, strerror(errno));
	if (f)
		fclose(f);
}

static int make_dir(const char *path, mode_t mode)
{
	struct stat st;

	if (mkdir(path, mode) == 0 && chmod(path, mode) == 0)
		return EXIT_OK;
	if (errno != EEXIST) {
		log_error("%s: %s", path, strerror(errno));
		return EXIT_FAILED;
	}
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
		log_error("%s is not a directory", path);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

/* One daemon for a state directory; the lock goes with the process. */
static int lock_state(struct world *w)
{
	char path[512];
	struct stat st;

	/* Whoever owns it chooses the saved sysctls and sequence numbers. */
	if (stat(w->state_dir, &st) == 0 && st.st_uid != geteuid()) {
		log_error("%s belongs to user %u; it must belong to user %u, who starts lked",
			  w->state_dir, (unsigned)st.st_uid, (unsigned)geteuid());
		return EXIT_FAILED;
	}
	if (stat(w->state_dir, &st) == 0 && (st.st_mode & 077) && chmod(w->state_dir, 0700) < 0) {
		log_error("%s: %s", w->state_dir, strerror(errno));
		return EXIT_FAILED;
	}
	snprintf(path, sizeof(path), "%s/lock", w->state_dir);
	w->lock_fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (w->lock_fd < 0) {
		log_error("%s: %s", path, strerror(errno));
		return EXIT_FAILED;
	}
	if (flock(w->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		log_error("another lked runs with the state directory %s", w->state_dir);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

/* Signals reach the privileged process by a descriptor; the engine process is told by message. */
static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int guard_memory(void)
{
	int err = memory_no_dumps();

	if (err < 0) {
		log_error("core files cannot be switched off: %s", strerror(-err));
		return err;
	}
	err = memory_lock();
	if (err < 0)
		log_warning("keys may be written to swap: %s; set LimitMEMLOCK=infinity in the "
			    "service (or ulimit -l unlimited)",
			    strerror(-err));
	return 0;
}

static int open_audit(struct world *w)
{
	int pair[2];

	if (w->cfg.engine.ha.interfaces == 0 || w->cfg.audit_size == 0)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return -1;
	w->audit_in = pair[0];
	w->audit_out = pair[1];
	return 0;
}

static int start(struct world *w)
{
	int pair[2];
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || open_audit(w) < 0) {
		log_error("socketpair: %s", strerror(errno));
		return EXIT_FAILED;
	}
	child = fork();
	if (child < 0) {
		log_error("fork: %s", strerror(errno));
		return EXIT_FAILED;
	}
	if (child == 0) {
		if (world_keep_engine_side(w, pair[1]) < 0)
			_exit(EXIT_FAILED);
		_exit(driver_run(w, pair[1]));
	}
	close(pair[1]);
	world_close_engine_side(w);
	return privileged_run(w, pair[0], child);
}

int main(int argc, char **argv)
{
	static struct world w = { .lock_fd = -1,
				  .control_fd = -1,
				  .mon_fd = -1,
				  .tun_fd = -1,
				  .neigh_fd = -1,
				  .audit_out = -1,
				  .audit_in = -1,
				  .state_fd = { -1, -1 },
				  .mn_state_fd = -1 };
	struct options o = { .config = "/etc/lke/lke.conf",
			     .state = "/var/lib/lke",
			     .run = "/run/lke" };
	static char *config; /* merged, for leave_config() */
	int code = parse_options(argc, argv, &o);

	if (code != EXIT_OK) {
		fputs(usage, stderr);
		return code;
	}
	setvbuf(stderr, NULL, _IOLBF, 0);
	log_open(o.debug);
	/* Before the first key is read; the sandbox repeats it after its change of user. */
	if (!o.check && guard_memory() < 0)
		return EXIT_FAILED;
	code = load_config(&o, &w.cfg, &config);
	if (o.check || code != EXIT_OK) {
		free(config);
		daemon_config_done(&w.cfg);
		return code;
	}
	umask(077);
	w.config_path = o.config;
	w.state_dir = o.state;
	w.run_dir = o.run;
	w.debug = o.debug;
	w.restored = o.restored;
	code = make_dir(o.state, 0700);
	if (code == EXIT_OK)
		code = make_dir(o.run, 0755);
	if (code == EXIT_OK)
		code = lock_state(&w);
	if (code != EXIT_OK)
		return code;
	block_signals();
	notify_open();
	code = world_open(&w);
	if (code == EXIT_OK) {
		leave_config(&w, config);
		free(config);
		config = NULL;
		code = start(&w);
	}
	free(config);
	world_cleanup(&w);
	daemon_config_done(&w.cfg);
	log_notice("ended");
	return code;
}
