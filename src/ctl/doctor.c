/* SPDX-License-Identifier: ISC */
/* lke doctor: is everything there that lked needs, and does nothing stand in its way? */
#include "ctl/doctor.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "ctl/commands.h"
#include "ctl/layout.h"

static const char *const verdict_name[] = { "ok", "warn", "fail" };

/* The remedy with the name of what is looked at, so that it can be typed as it stands. */
static const char *fill_in(const struct doctor *d, const char *remedy, char *buf, size_t size)
{
	static const char *const words[] = { "INTERFACE", "FILE", "DIRECTORY" };
	struct sbuf s = sbuf_init(buf, size);

	if (!remedy || !d->subject)
		return remedy;
	while (*remedy) {
		size_t i = 0, n = sizeof(words) / sizeof(words[0]);

		while (i < n && strncmp(remedy, words[i], strlen(words[i])) != 0)
			i++;
		if (i < n) {
			sbuf_str(&s, d->subject);
			remedy += strlen(words[i]);
		} else {
			sbuf_char(&s, *remedy++);
		}
	}
	return buf;
}

static void add(struct doctor *d, enum verdict v, const char *check, const char *remedy,
		const char *fmt, va_list ap)
{
	char found[1024], filled[1024];

	vsnprintf(found, sizeof(found), fmt, ap);
	d->count[v]++;
	json_array_append_new(d->checks,
			      json_pack("{s:s,s:s,s:s#,s:s?}", "check", check, "verdict",
					verdict_name[v], "found", found, (int)strlen(found),
					"remedy", fill_in(d, remedy, filled, sizeof(filled))));
}

void doctor_say(struct doctor *d, enum verdict v, const char *check, const char *remedy,
		const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(d, v, check, remedy, fmt, ap);
	va_end(ap);
}

void doctor_lacks(struct doctor *d, const char *check, const char *remedy, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(d, VERDICT_FAIL, check, remedy, fmt, ap);
	va_end(ap);
	d->kernel_lacks = true;
}

static struct doctor_link *link_of(struct doctor *d, const char *name, unsigned role)
{
	struct doctor_link *l = d->link;

	while (l < d->link + d->links && strcmp(l->name, name) != 0)
		l++;
	if (l == d->link + d->links)
		d->links++;
	l->name = name;
	l->roles |= role;
	d->roles |= role;
	return l;
}

static void collect_links(struct doctor *d)
{
	const struct lke_config *c = &d->cfg->engine;

	for (unsigned i = 0; i < c->ars; i++) {
		struct doctor_link *l = link_of(d, c->ar[i].interface, ROLE_AR);

		l->sends_ra |= c->ar[i].advertise == LKE_ADVERTISE_FULL;
		l->augments |= c->ar[i].advertise == LKE_ADVERTISE_AUGMENT;
	}
	for (unsigned i = 0; i < c->mn.interfaces; i++)
		link_of(d, c->mn.interface[i], ROLE_MN);
	for (unsigned i = 0; i < c->ha.interfaces; i++) {
		struct doctor_link *l = link_of(d, c->ha.interface[i], ROLE_HA);

		l->sends_ra |= c->ha.advertise == LKE_HA_ADVERTISE_FULL;
		l->augments |= c->ha.advertise == LKE_HA_ADVERTISE_AUGMENT;
	}
}

/* The problems as lke check prints them, one result each. */
static void say_problems(struct doctor *d, char *text)
{
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		bool error = strstr(line, ": error: ");

		if (line[0])
			doctor_say(d, error ? VERDICT_FAIL : VERDICT_WARN, "configuration",
				   error ? "Correct it, then run: lke check."
					 : "Change it, or know why it is so (lke.conf(5)).",
				   "%s", line);
	}
}

/* LKE_ERR_NOMEM, or 0: what is wrong is a result. */
static int load(struct doctor *d, struct daemon_config *cfg)
{
	char *text = NULL;
	size_t len = 0;
	struct report r = { .out = open_memstream(&text, &len) };
	int err;

	if (!r.out)
		return LKE_ERR_NOMEM;
	err = daemon_config_load(d->ctl->config, &r, cfg);
	if (fclose(r.out) == EOF)
		err = LKE_ERR_NOMEM;
	if (!err)
		doctor_say(d, VERDICT_OK, "configuration", NULL, "%s is right", d->ctl->config);
	if (text && err != LKE_ERR_NOMEM)
		say_problems(d, text);
	free(text);
	if (err) {
		d->config_wrong = true;
		daemon_config_done(cfg);
	}
	return err == LKE_ERR_NOMEM ? err : 0;
}

static void print_text(const struct doctor *d)
{
	static const char *const word[] = { "OK", "WARN", "FAIL" };
	static const char *const colour[] = { "\033[32m", "\033[33m", "\033[31m" };
	enum { FOUND = 22, REMEDY = 25 }; /* the columns where they begin */
	int columns = d->ctl->columns;
	char remedy[1024];
	json_t *j;
	size_t i;

	json_array_foreach(d->checks, i, j)
	{
		unsigned v = 0;

		while (v < VERDICT_FAIL && strcmp(text_get(j, "verdict"), verdict_name[v]) != 0)
			v++;
		printf("%s%-4s%s", d->ctl->colour ? colour[v] : "", word[v],
		       d->ctl->colour ? "\033[0m" : "");
		layout_go_on(columns, 4, FOUND, "  %-14s  %s", text_get(j, "check"),
			     text_get(j, "found"));
		if (v == VERDICT_OK)
			continue;
		str_copy(remedy, sizeof(remedy), text_get(j, "remedy"));
		layout_glue_commands(remedy);
		layout_print(columns, REMEDY, "%*s-> %s", FOUND, "", remedy);
	}
	printf("%u checks: %u failed, %u warnings\n", (unsigned)json_array_size(d->checks),
	       d->count[VERDICT_FAIL], d->count[VERDICT_WARN]);
}

static void print_json(const struct doctor *d)
{
	json_t *j = json_pack("{s:s,s:b,s:b,s:O}", "schema", "lke.doctor/1", "healthy",
			      d->count[VERDICT_WARN] + d->count[VERDICT_FAIL] == 0, "kernel_lacks",
			      d->kernel_lacks, "checks", d->checks);

	json_dumpf(j, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(j);
}

static int verdict(const struct doctor *d)
{
	if (d->config_wrong)
		return EXIT_CONFIG;
	if (d->kernel_lacks)
		return EXIT_KERNEL;
	return d->count[VERDICT_WARN] + d->count[VERDICT_FAIL] ? EXIT_DEGRADED : EXIT_OK;
}

static int examine(struct doctor *d, struct daemon_config *cfg)
{
	static void (*const step[])(struct doctor *) = {
		doctor_files, doctor_clock,  doctor_kernel,   doctor_sysctls,
		doctor_links, doctor_others, doctor_firewall, doctor_daemon,
	};

	if (load(d, cfg) < 0) {
		fprintf(stderr, "lke: out of memory\n");
		return EXIT_FAILED;
	}
	collect_links(d);
	for (size_t i = 0; i < sizeof(step) / sizeof(step[0]); i++) {
		d->subject = NULL;
		step[i](d);
	}
	if (d->ctl->json)
		print_json(d);
	else
		print_text(d);
	return verdict(d);
}

int cmd_doctor(struct ctl *c, int argc, char **argv)
{
	static struct daemon_config cfg;
	struct doctor d = { .ctl = c, .cfg = &cfg, .state_dir = "/var/lib/lke" };
	int code;

	if (argc == 3 && strcmp(argv[1], "--state") == 0)
		d.state_dir = argv[2];
	else if (argc != 1)
		return usage(argv[0], NULL);
	if (geteuid() != 0) {
		fprintf(stderr, "lke: doctor reads key files and firewall rules; be root\n");
		return EXIT_PERMISSION;
	}
	d.checks = json_array();
	code = examine(&d, &cfg);
	json_decref(d.checks);
	daemon_config_done(&cfg);
	return code;
}
