/* SPDX-License-Identifier: ISC */
/*
 * Reading: libinih splits the lines; the line reader below counts them and sees section headers
 * itself, because libinih joins sections of one name and stops at a malformed line.
 */
#include "daemon/config_file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "base/str.h"
#include "daemon/config_parser.h"
#include "daemon/key_digest.h"
#include "daemon/key_store.h"
#include "daemon/remedy.h"

#define FILES_MAX     256     /* in the .d directory */
#define LINES_MAX     1000000 /* of one file */
#define ERRORS_MAX    100     /* then reading stops */
#define SIZE_MAX_FILE (256 << 20)

static const char *const section_names[] = { "AccessRouter", "MobileNode", "HomeAgent",
					     "Mobile NAME",  "Daemon",	   NULL };

/* Where the section began that is being read, or NULL. */
static struct place *place_of_section(struct parser *p)
{
	switch (p->section) {
	case SECTION_AR:
		return &p->ar[p->cfg->engine.ars - 1].place;
	case SECTION_MN:
		return &p->mn;
	case SECTION_HA:
		return &p->ha;
	case SECTION_MOBILE:
		return &p->mobile[p->cfg->mobiles - 1].place;
	default:
		return NULL;
	}
}

void config_problem(struct parser *p, const char *fmt, ...)
{
	struct place *section = place_of_section(p);
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	report_error(p->r, p->file, p->line, "%s", text);
	if (section)
		section->broken = true;
}

struct place config_here(const struct parser *p)
{
	struct place place = { .line = p->line };

	str_copy(place.file, sizeof(place.file), p->file);
	return place;
}

static void begin_ar(struct parser *p)
{
	struct lke_config *cfg = &p->cfg->engine;

	if (cfg->ars == LKE_MAX_IFACES) {
		config_problem(
			p, "more than %d [AccessRouter] sections; run a second lked for the rest",
			LKE_MAX_IFACES);
		return;
	}
	lke_config_ar_defaults(&cfg->ar[cfg->ars]);
	p->ar[cfg->ars] = (struct parsed_ar){ .place = config_here(p) };
	p->seen = &p->ar[cfg->ars].keys;
	cfg->ars++;
	p->section = SECTION_AR;
}

/* Room for one more [Mobile] section.  The old array is wiped: it may hold keys. */
static bool mobile_room(struct parser *p)
{
	struct daemon_config *cfg = p->cfg;
	unsigned cap = cfg->mobiles_cap ? cfg->mobiles_cap * 2 : 16;
	struct lke_config_mobile *mobile;
	struct parsed_mobile *parsed;

	if (cfg->mobiles < cfg->mobiles_cap)
		return true;
	parsed = mem_realloc_array(p->mobile, cap, sizeof(*parsed));
	if (!parsed)
		return false;
	p->mobile = parsed;
	mobile = mem_realloc_array(cfg->mobile, cap, sizeof(*mobile));
	if (!mobile)
		return false;
	cfg->mobile = mobile;
	cfg->mobiles_cap = cap;
	return true;
}

static void begin_mobile(struct parser *p, const char *name)
{
	struct daemon_config *cfg = p->cfg;

	while (isspace((unsigned char)*name))
		name++;
	if (*name == '\0' || strlen(name) >= LKE_NAME_MAX) {
		config_problem(p, "[Mobile NAME] needs a name of 1 to %d letters",
			       LKE_NAME_MAX - 1);
		return;
	}
	if (cfg->mobiles == MOBILES_MAX || !mobile_room(p)) {
		config_problem(p, "too many [Mobile] sections; give some to another home agent");
		return;
	}
	memset(&cfg->mobile[cfg->mobiles], 0, sizeof(cfg->mobile[0]));
	str_copy(cfg->mobile[cfg->mobiles].name, LKE_NAME_MAX, name);
	p->mobile[cfg->mobiles] = (struct parsed_mobile){ .place = config_here(p) };
	cfg->mobiles++;
	p->section = SECTION_MOBILE;
}

static void begin_single(struct parser *p, enum section section, struct place *place,
			 const char *name)
{
	if (place->line)
		config_problem(p, "[%s] is given twice, first at %s:%d; join them", name,
			       place->file, place->line);
	*place = config_here(p);
	p->section = section;
}

static void begin_ha(struct parser *p, const char *name)
{
	begin_single(p, SECTION_HA, &p->ha, name);
	p->seen = &p->ha_keys;
}

/* A line of the merged text. */
static void show(struct parser *p, const char *a, const char *b, const char *c)
{
	char text[CONFIG_PATH_MAX + 128];

	if (!p->text)
		return;
	snprintf(text, sizeof(text), "%s%s%s", a, b, c);
	fprintf(p->text, "%-40s # %s:%d\n", text, p->file, p->line);
}

static void begin_section(struct parser *p, const char *name)
{
	if (p->text && ftell(p->text) > 0)
		fputc('\n', p->text);
	show(p, "[", name, "]");
	p->section = SECTION_BAD;
	p->seen = &p->other_keys;
	if (strcmp(name, "AccessRouter") == 0)
		begin_ar(p);
	else if (strcmp(name, "MobileNode") == 0)
		begin_single(p, SECTION_MN, &p->mn, name);
	else if (strcmp(name, "HomeAgent") == 0)
		begin_ha(p, name);
	else if (strncmp(name, "Mobile", 6) == 0 && (isspace((unsigned char)name[6]) || !name[6]))
		begin_mobile(p, name + 6);
	else if (strcmp(name, "Daemon") == 0)
		p->section = SECTION_DAEMON;
	else {
		const char *near = nearest_word(name, section_names);

		config_problem(p,
			       near ? "unknown section [%s]; did you mean [%s]?"
				    : "unknown section [%s]; see: man lke.conf",
			       name, near);
	}
	p->seen->n = 0;
}

struct line_reader {
	FILE *f;
	struct parser *p;
};

/* Looks at a line before libinih does: sections, and what libinih would only count as an error. */
static void look_at_line(struct parser *p, char *line)
{
	char *s = line, *end;

	while (isspace((unsigned char)*s))
		s++;
	if (*s == '\0' || *s == '#' || *s == ';')
		return;
	if (*s != '[') {
		if (!strpbrk(s, "=:"))
			config_problem(p, "expected KEY = VALUE or [SECTION]");
		return;
	}
	end = strchr(s, ']');
	if (!end) {
		p->section = SECTION_BAD;
		config_problem(p, "']' is missing; end the section's name with it");
		return;
	}
	*end = '\0';
	begin_section(p, s + 1);
	*s = '\0'; /* libinih need not see it: the section is known */
}

static char *read_line(char *buf, int size, void *ctx)
{
	struct line_reader *lr = ctx;
	struct parser *p = lr->p;
	size_t len;

	if (p->line >= LINES_MAX || p->r->errors >= ERRORS_MAX || !fgets(buf, size, lr->f))
		return NULL;
	p->line++;
	len = strlen(buf);
	if (len + 1 == (size_t)size && buf[len - 1] != '\n') {
		int c;

		config_problem(p, "line is longer than %d letters; shorten it", size - 2);
		do
			c = fgetc(lr->f);
		while (c != EOF && c != '\n');
		buf[0] = '\0';
	}
	look_at_line(p, buf);
	return buf;
}

/* The merged text is read from another place than the file: what is beside that is named whole. */
static void show_pair(struct parser *p, const char *name, const char *value)
{
	const char *slash = strrchr(p->file, '/');
	char path[CONFIG_PATH_MAX];

	if (p->text && strcmp(name, "Key") == 0 && value[0] && value[0] != '/' && slash &&
	    snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - p->file), p->file, value) <
		    (int)sizeof(path))
		value = path;
	show(p, name, " = ", value);
}

static int on_pair(void *ctx, const char *section, const char *name, const char *value)
{
	show_pair(ctx, name, value);
	config_key(ctx, name, value);
	return 1;
}

/* 0 or a sentence. */
static const char *unfit(FILE *f)
{
	struct stat st;
	int c;

	if (fstat(fileno(f), &st) < 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "is not a regular file; name the file itself";
	if (st.st_mode & S_IWOTH)
		return "can be written by everybody; run: chmod o-w";
	if (st.st_size > SIZE_MAX_FILE)
		return "is too long for a configuration; name the right file";
	/* Behind a NUL a line would go on unseen; an escape would speak to the terminal that shows
	 * our messages. */
	while ((c = getc(f)) != EOF)
		if (c < ' ' && c != '\t' && c != '\n' && c != '\r')
			return "is not a text file; name the right file";
	rewind(f);
	return NULL;
}

static void read_file(struct parser *p, const char *path)
{
	/* O_NONBLOCK: a FIFO in the file's place must not stop the start. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct line_reader lr = { .f = fd < 0 ? NULL : fdopen(fd, "r"), .p = p };
	const char *why;

	p->file = path;
	p->line = 0;
	p->section = SECTION_NONE;
	if (!lr.f) {
		p->r->denied |= errno == EACCES;
		if (errno == EACCES)
			report_error(
				p->r, path, 0,
				"user %u may not read it; be root, or change its owner or mode",
				(unsigned)geteuid());
		else
			report_error(p->r, path, 0, "%s%s", strerror(errno), remedy_of(errno));
		return;
	}
	why = unfit(lr.f);
	if (why) {
		report_error(p->r, path, 0, "%s", why);
		fclose(lr.f);
		return;
	}
	ini_allow_multiline = false;
	ini_inline_comment_prefixes = (char *)"#;";
	if (ini_parse_stream(read_line, &lr, on_pair, p) == -2)
		report_error(p->r, path, p->line, "out of memory");
	if (ferror(lr.f))
		report_error(p->r, path, p->line, "%s%s", strerror(EIO), remedy_of(EIO));
	if (p->r->errors >= ERRORS_MAX)
		report_error(p->r, path, p->line,
			     "too many errors, the rest is not read; correct these first");
	else if (p->line >= LINES_MAX)
		report_error(p->r, path, p->line, "more than %d lines; shorten it", LINES_MAX);
	fclose(lr.f);
}

static int is_conf(const struct dirent *d)
{
	const char *dot = strrchr(d->d_name, '.');

	return d->d_name[0] != '.' && dot && strcmp(dot, ".conf") == 0;
}

static void read_directory(struct parser *p, const char *path)
{
	char dir[CONFIG_PATH_MAX], file[CONFIG_PATH_MAX];
	struct dirent **entry = NULL;
	int n;

	if ((size_t)snprintf(dir, sizeof(dir), "%s.d", path) >= sizeof(dir))
		return;
	n = scandir(dir, &entry, is_conf, alphasort);
	if (n < 0 && errno != ENOENT)
		report_error(p->r, dir, 0, "%s%s", strerror(errno), remedy_of(errno));
	for (int i = 0; i < n; i++) {
		if ((size_t)snprintf(file, sizeof(file), "%s/%s", dir, entry[i]->d_name) >=
		    sizeof(file))
			report_error(p->r, dir, 0, "file name is too long; shorten it");
		else if (i == FILES_MAX)
			report_error(p->r, dir, 0, "more than %d files; join some", FILES_MAX);
		else if (i < FILES_MAX)
			read_file(p, file);
		free(entry[i]);
	}
	free(entry);
}

static void defaults(struct daemon_config *cfg)
{
	memset(cfg, 0, sizeof(*cfg));
	lke_config_defaults(&cfg->engine);
	str_copy(cfg->tun, sizeof(cfg->tun), "lke0");
	/* The package makes the user lke. */
	str_copy(cfg->user, sizeof(cfg->user), getpwnam("lke") ? "lke" : "nobody");
	cfg->rsa_bits = 2048;
	cfg->buffer_packets = 1024;
	cfg->buffer_total = 32 << 20;
	cfg->audit_size = 16 << 20;
	cfg->log_level = 5; /* notice */
}

static int load(const char *path, bool alone, struct report *r, FILE *text,
		struct daemon_config *ret_cfg)
{
	unsigned errors = r->errors;
	struct parser *p = mem_zalloc(sizeof(*p));

	defaults(ret_cfg);
	if (!p)
		return LKE_ERR_NOMEM;
	p->r = r;
	p->cfg = ret_cfg;
	p->seen = &p->other_keys;
	p->text = text;
	read_file(p, path);
	if (!alone)
		read_directory(p, path);
	p->file = path;
	p->line = 0;
	config_check(p);
	ret_cfg->engine.ha.mobile = ret_cfg->mobile;
	ret_cfg->engine.ha.mobiles = ret_cfg->mobiles;
	mem_free(p->mobile);
	mem_free(p);
	return r->errors == errors ? 0 : LKE_ERR_INVAL;
}

int daemon_config_load(const char *path, struct report *r, struct daemon_config *ret_cfg)
{
	return load(path, false, r, NULL, ret_cfg);
}

static int merge(const char *path, bool alone, struct report *r, struct daemon_config *ret_cfg,
		 char **ret_text)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int err = load(path, alone, r, f, ret_cfg);

	if ((!f || fclose(f) == EOF) && !err)
		err = LKE_ERR_NOMEM;
	if (err)
		free(text);
	else
		*ret_text = text;
	return err;
}

int daemon_config_merge(const char *path, struct report *r, struct daemon_config *ret_cfg,
			char **ret_text)
{
	return merge(path, false, r, ret_cfg, ret_text);
}

int daemon_config_merged(const char *path, struct report *r, struct daemon_config *ret_cfg,
			 char **ret_text)
{
	return merge(path, true, r, ret_cfg, ret_text);
}

void daemon_config_done(struct daemon_config *cfg)
{
	key_digest_done(cfg);
	key_store_done(cfg);
	if (cfg->mobile)
		mem_free_wipe(cfg->mobile, cfg->mobiles_cap * sizeof(*cfg->mobile));
	mem_wipe(cfg, sizeof(*cfg));
}

bool daemon_config_is_mn_interface(const struct daemon_config *cfg, const char *name)
{
	for (unsigned i = 0; i < cfg->engine.mn.interfaces; i++)
		if (strcmp(cfg->engine.mn.interface[i], name) == 0)
			return true;
	return false;
}

bool daemon_config_has_interface(const struct daemon_config *cfg, const char *name)
{
	for (unsigned i = 0; i < cfg->engine.ars; i++)
		if (strcmp(cfg->engine.ar[i].interface, name) == 0)
			return true;
	for (unsigned i = 0; i < cfg->engine.ha.interfaces; i++)
		if (strcmp(cfg->engine.ha.interface[i], name) == 0)
			return true;
	return daemon_config_is_mn_interface(cfg, name);
}
