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
#include "daemon/reload.h"
#include "daemon/remedy.h"
#include "daemon/running_config.h"
#include "daemon/world.h"
#include "platform/linux/memory.h"
#include "platform/linux/priority.h"

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
		fprintf(stderr, "lked: unexpected argument '%s'; see: lked --help\n", argv[optind]);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

/* A reload that was not confirmed does not outlive the lked that made it (reload_keep.c). */
static int load_before(const char *path, struct world *w)
{
	struct report r = { .out = stderr };
	int err = daemon_config_merged(path, &r, &w->cfg, &w->running_text);

	if (!err) {
		log_warning("the last reload was not confirmed: this is the configuration before "
			    "it, not that of the files; see: lke diff");
		return EXIT_OK;
	}
	daemon_config_done(&w->cfg);
	log_error("the configuration before the last reload, %s, cannot be used any more: that of "
		  "the files is taken, though it was not confirmed; see: lke showconf",
		  path);
	return EXIT_FAILED;
}

static int load_files(const struct options *o, struct world *w)
{
	struct report r = { .out = o->check ? stdout : stderr };
	int err = daemon_config_merge(o->config, &r, &w->cfg, &w->running_text);

	if (err == LKE_ERR_NOMEM) {
		fprintf(stderr, "lked: out of memory\n");
		return EXIT_FAILED;
	}
	if (o->check && !err)
		printf("%s: right%s\n", o->config, r.warnings ? ", with warnings" : "");
	if (err && o->check && r.denied)
		return EXIT_PERMISSION;
	return err ? EXIT_CONFIG : EXIT_OK;
}

static int load_config(const struct options *o, struct world *w)
{
	char path[512];
	int code;

	if (o->check || !reload_kept(o->state, path, sizeof(path)) || load_before(path, w))
		code = load_files(o, w);
	else
		code = EXIT_OK;
	if (code != EXIT_OK || o->check)
		return code;
	if (system_random(w->key_secret, sizeof(w->key_secret)) < 0 ||
	    key_digest_make(&w->cfg, w->key_secret) < 0) {
		fprintf(stderr, "lked: out of memory, or without randomness\n");
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static int make_dir(const char *path, mode_t mode)
{
	struct stat st;

	if (mkdir(path, mode) == 0 && chmod(path, mode) == 0)
		return EXIT_OK;
	if (errno != EEXIST) {
		log_error("%s: %s%s", path, strerror(errno), remedy_of(errno));
		return EXIT_FAILED;
	}
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
		log_error("%s is not a directory; remove it, or name another one", path);
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
		log_error("%s: %s%s", w->state_dir, strerror(errno), remedy_of(errno));
		return EXIT_FAILED;
	}
	snprintf(path, sizeof(path), "%s/lock", w->state_dir);
	w->lock_fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (w->lock_fd < 0) {
		log_error("%s: %s%s", path, strerror(errno), remedy_of(errno));
		return EXIT_FAILED;
	}
	if (flock(w->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		log_error("another lked runs with the state directory %s, see: lke status; one of "
			  "another network namespace needs its own --state and --run",
			  w->state_dir);
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
		log_error("core files cannot be switched off: %s; see: lke doctor", strerror(-err));
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

	if (w->cfg.engine.ha.interfaces == 0)
		return 0; /* AuditSize may be set later */
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
		log_error("socketpair: %s; raise LimitNOFILE", strerror(errno));
		return EXIT_FAILED;
	}
	priority_first();
	child = fork();
	if (child < 0) {
		log_error("fork: %s; raise TasksMax, or free memory", strerror(errno));
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
				  .running_fd = -1,
				  .mn_state_fd = -1 };
	struct options o = { .config = "/etc/lke/lke.conf",
			     .state = "/var/lib/lke",
			     .run = "/run/lke" };
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
	code = load_config(&o, &w);
	if (code == EXIT_OK && !o.check)
		log_set_level(w.cfg.log_level);
	if (o.check || code != EXIT_OK) {
		free(w.running_text);
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
		running_config_open(&w);
		reload_keep_drop(w.state_dir); /* that reload is undone by this start */
		code = start(&w);
	} else {
		log_error("it cannot start; what the system lacks says: lke -c %s doctor",
			  o.config);
	}
	free(w.running_text);
	world_cleanup(&w, code);
	daemon_config_done(&w.cfg);
	log_notice("ended");
	return code;
}
