/* SPDX-License-Identifier: ISC */
/* lke top: one row a mobile node, the busiest first, again and again until q; -j: until the end. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "ctl/commands.h"
#include "ctl/layout.h"

/* A binding with its traffic of now and of the screen before. */
struct row {
	const json_t *binding;
	double down, up; /* octets a second; -1: not known yet */
};

static struct termios saved;

static void restore_terminal(void)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	fputs("\033[?25h", stdout);
	fflush(stdout);
}

static void on_signal(int sig)
{
	static const char show_cursor[] = "\033[?25h\n";

	tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	(void)!write(STDOUT_FILENO, show_cursor, sizeof(show_cursor) - 1);
	_exit(EXIT_OK);
}

/* Keys come at once and are not shown. */
static bool take_terminal(void)
{
	struct termios t;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &saved) < 0)
		return false;
	t = saved;
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &t);
	atexit(restore_terminal);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	fputs("\033[?25l", stdout);
	return true;
}

static int height(void)
{
	struct winsize w;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row > 5 ? w.ws_row : 24;
}

/* "role home-address": what finds a binding on the screen before. */
static const char *key_of(const json_t *b, char buf[80])
{
	snprintf(buf, 80, "%s %s", text_get(b, "role"), text_get(b, "home_address"));
	return buf;
}

static json_t *index_of(const json_t *top)
{
	json_t *index = json_object();
	char key[80];
	size_t i;
	json_t *b;

	json_array_foreach(json_object_get(top, "bindings"), i, b)
		json_object_set(index, key_of(b, key), json_object_get(b, "traffic"));
	return index;
}

static double rate(const json_t *now, const json_t *before, const char *what, double seconds)
{
	if (!json_is_object(now) || !json_is_object(before) || seconds <= 0)
		return -1;
	return (text_number(now, what) - text_number(before, what)) / seconds;
}

static int busiest_first(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	double dx = x->down + x->up, dy = y->down + y->up;

	return dx < dy ? 1 : dx > dy ? -1 : 0;
}

/* rows: one a binding */
static size_t collect(const json_t *top, const json_t *before, double seconds, struct row *rows)
{
	char key[80];
	size_t i, n = 0;
	json_t *b;

	json_array_foreach(json_object_get(top, "bindings"), i, b)
	{
		const json_t *now = json_object_get(b, "traffic");
		const json_t *old = json_object_get(before, key_of(b, key));

		rows[n++] = (struct row){ b, rate(now, old, "encap_bytes", seconds),
					  rate(now, old, "decap_bytes", seconds) };
	}
	qsort(rows, n, sizeof(*rows), busiest_first);
	return n;
}

static const char *rate_text(double r, char buf[24])
{
	char bytes[16];

	if (r < 0)
		return "-";
	snprintf(buf, 24, "%s/s", text_bytes(r, bytes));
	return buf;
}

/* Columns of the addresses; a row has a second line where the terminal is too narrow for both. */
struct layout {
	int mobile, care_of, lines;
};

static int longest(const struct row *rows, size_t n, const char *key)
{
	size_t most = 24;

	for (size_t i = 0; i < n; i++)
		if (strlen(text_get(rows[i].binding, key)) > most)
			most = strlen(text_get(rows[i].binding, key));
	return (int)most;
}

static struct layout layout_of(const struct row *rows, size_t n)
{
	enum { OTHERS = 31 };
	struct layout l = { longest(rows, n, "home_address"), longest(rows, n, "care_of_address"),
			    1 };

	if (l.mobile + l.care_of + OTHERS > layout_columns())
		l.lines = 2;
	return l;
}

static void print_row(const struct row *r, const struct layout *l)
{
	const json_t *b = r->binding;
	char down[24], up[24], age[16];

	printf("%-*s ", l->mobile, text_get(b, "home_address"));
	if (l->lines == 1)
		printf("%-*s ", l->care_of, text_get(b, "care_of_address"));
	printf("%10s %10s %7s\033[K\n", rate_text(r->down, down), rate_text(r->up, up),
	       strcmp(text_get(b, "state"), "forwarding") == 0
		       ? text_age(json_object_get(b, "expires_in"), age)
		       : text_get(b, "state"));
	if (l->lines == 2)
		printf("  at %s\033[K\n", text_get(b, "care_of_address"));
}

static void print_screen(const json_t *top, const struct row *rows, size_t n, int lines)
{
	const json_t *totals = json_object_get(top, "totals");
	const struct layout l = layout_of(rows, n);
	const size_t room = lines > 5 ? (size_t)(lines - 5) / (size_t)l.lines : 0;
	const size_t shown = lines < 0 || n < room ? n : room;
	time_t now = time(NULL);
	struct tm tm;
	char when[16];

	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%H:%M:%S", &tm);
	printf("lke %s   LBSAs %.0f   bindings %zu   forward %s\033[K\n\n", when,
	       text_number(totals, "lbsas"), json_array_size(json_object_get(top, "bindings")),
	       text_get(top, "forward"));
	printf("%-*s ", l.mobile, "mobile");
	if (l.lines == 1)
		printf("%-*s ", l.care_of, "is at");
	printf("%10s %10s %7s\033[K\n", "to it", "from it", "expires");
	for (size_t i = 0; i < shown; i++)
		print_row(&rows[i], &l);
	if (n == 0)
		puts("no mobile node is bound here\033[K");
	if (n > shown)
		printf("... and %zu more\033[K\n", n - shown);
	printf("\033[J");
	fflush(stdout);
}

static json_t *rate_json(double r)
{
	return r < 0 ? json_null() : json_real(r);
}

static json_t *row_json(const struct row *r)
{
	static const char *const same[] = { "role",  "home_address", "care_of_address",
					    "agent", "state",	     "expires_in" };
	json_t *j = json_pack("{s:o,s:o}", "to_mobile", rate_json(r->down), "from_mobile",
			      rate_json(r->up));

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		json_object_set(j, same[i], json_object_get(r->binding, same[i]));
	return j;
}

/* One line.  False: nobody reads it any more. */
static bool print_json(const json_t *top, const struct row *rows, size_t n)
{
	json_t *list = json_array(), *j;
	struct timespec now;
	bool good;

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, row_json(&rows[i]));
	clock_gettime(CLOCK_REALTIME, &now);
	j = json_pack("{s:s,s:f,s:O,s:o}", "schema", "lke.top/1", "wall_time",
		      (double)now.tv_sec + (double)now.tv_nsec / 1e9, "forward",
		      json_object_get(top, "forward"), "bindings", list);
	good = j && json_dumpf(j, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF &&
	       fflush(stdout) == 0;
	json_decref(j);
	return good;
}

/* True: the user wants the end. */
static bool wait_for_key(double seconds)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	char key;

	return poll(&p, 1, (int)(seconds * 1000)) > 0 &&
	       (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q');
}

static double seconds_since(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

/* False: it is over. */
static bool print(const struct ctl *c, const json_t *top, const struct row *rows, size_t n,
		  double every)
{
	if (c->json) {
		if (!print_json(top, rows, n))
			return false;
		(void)poll(NULL, 0, (int)(every * 1000));
		return true;
	}
	fputs("\033[H", stdout);
	print_screen(top, rows, n, height());
	return !wait_for_key(every);
}

/* All bindings, and of everything else how many there are: a router may have 100,000 LBSAs. */
static int ask(struct ctl *c, json_t **ret)
{
	json_t *first;
	int code = client_ask(c, json_pack("{s:s,s:i}", "cmd", "show", "most", 1), &first);

	if (code)
		return code;
	code = client_show(c, "bindings", ret);
	if (!code)
		json_object_set(*ret, "totals", json_object_get(first, "totals"));
	json_decref(first);
	return code;
}

static int run(struct ctl *c, double every)
{
	struct timespec asked = { 0 };
	json_t *before = NULL, *top;
	bool more = true;
	int code = EXIT_OK;

	while (more && (code = ask(c, &top)) == EXIT_OK) {
		size_t n = json_array_size(json_object_get(top, "bindings"));
		struct row *rows = calloc(n + 1, sizeof(*rows));

		if (!rows) {
			fprintf(stderr,
				"lke: out of memory; choose fewer with: lke show bindings\n");
			code = EXIT_FAILED;
		}
		if (rows)
			n = collect(top, before, before ? seconds_since(&asked) : 0, rows);
		clock_gettime(CLOCK_BOOTTIME, &asked);
		more = rows && print(c, top, rows, n, every);
		free(rows);
		json_decref(before);
		before = index_of(top);
		json_decref(top);
	}
	json_decref(before);
	if (code == EXIT_OK && ferror(stdout)) {
		fprintf(stderr, "lke: this cannot be written; is there room?\n");
		code = EXIT_FAILED;
	}
	return code;
}

int cmd_top(struct ctl *c, int argc, char **argv)
{
	double every = 2;
	char *end;

	if (argc == 2) {
		every = strtod(argv[1], &end);
		if (*end || !(every >= 0.1 && every <= 3600))
			return usage(argv[0],
				     "the time between two screens is 0.1 to 3600 seconds");
	} else if (argc != 1) {
		return usage(argv[0], NULL);
	}
	if (c->json)
		return run(c, every);
	if (!take_terminal())
		return usage(argv[0], "needs a terminal; programs use: lke top -j");
	fputs("\033[2J", stdout);
	return run(c, every);
}
