/* SPDX-License-Identifier: ISC */
#include "daemon/config_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "daemon/key_digest.h"

enum { NAME_MAX_LEN = 64, WHOSE_MAX = 64 };

/* One statement of a merged text. */
struct statement {
	char *text, *place;
	const char *restart;
	char key[NAME_MAX_LEN]; /* to number those that may be repeated */
};

struct statements {
	struct statement *s;
	size_t n, cap;
	size_t first; /* of the present section, interface or home */
};

/* Where the reading of a merged text is. */
struct place_of {
	char section[NAME_MAX_LEN + 64]; /* "[Mobile alice]" */
	char whose[WHOSE_MAX];		 /* interface of an access router, home of a mobile node */
};

static void statements_done(struct statements *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->s[i].text);
		free(l->s[i].place);
	}
	mem_free(l->s);
}

static void *room(void *p, size_t n, size_t *cap, size_t size)
{
	size_t more = *cap ? *cap * 2 : 64;

	if (n < *cap)
		return p;
	p = mem_realloc_array(p, more, size);
	if (p)
		*cap = more;
	return p;
}

/* Cuts the origin off and returns it; "" when there is none. */
static const char *cut_origin(char *line)
{
	char *at = NULL;

	for (char *s = line; (s = strstr(s, " # ")); s++)
		at = s;
	if (line[0] == '#')
		line[0] = '\0';
	if (!at)
		return "";
	*at = '\0';
	return at + 3;
}

static void trim_end(char *line)
{
	size_t len = strlen(line);

	while (len && line[len - 1] == ' ')
		line[--len] = '\0';
}

/* "AccessRouter" of "[AccessRouter]", "Mobile" of "[Mobile alice]". */
static void section_name(const char *section, char *buf, size_t size)
{
	size_t n = strcspn(section + 1, " ]");

	snprintf(buf, size, "%.*s", (int)n, section + 1);
}

/* How often this key stood here before: where it stands is then a difference. */
static unsigned nth(const struct statements *l, const char *key)
{
	unsigned n = 1;

	for (size_t i = l->first; i < l->n; i++)
		n += strcmp(l->s[i].key, key) == 0;
	return n;
}

/* The keys behind HomeAddress that are of that home; others of the section may stand there, too. */
static bool of_home(const char *key)
{
	return strcmp(key, "HomeAddress") == 0 || strcmp(key, "HomeAgent") == 0 ||
	       strcmp(key, "Key") == 0 || strcmp(key, "HomePrefixLength") == 0 ||
	       strcmp(key, "HomeLifetime") == 0;
}

static const char *whose(const struct place_of *at, const char *key)
{
	return strcmp(at->section, "[MobileNode]") == 0 && !of_home(key) ? "" : at->whose;
}

static int add(struct statements *l, const struct place_of *at, const char *line,
	       const char *origin)
{
	char section[NAME_MAX_LEN], number[16] = "";
	struct statement *p = room(l->s, l->n, &l->cap, sizeof(*p)), *s;
	const char *owner;
	unsigned n;

	if (!p)
		return LKE_ERR_NOMEM;
	l->s = p;
	s = &l->s[l->n];
	*s = (struct statement){ 0 };
	snprintf(s->key, sizeof(s->key), "%.*s", (int)strcspn(line, " ="), line);
	n = nth(l, s->key);
	if (n > 1)
		snprintf(number, sizeof(number), " (%u)", n);
	section_name(at->section, section, sizeof(section));
	s->restart = config_key_restart(section, s->key);
	s->place = strdup(origin);
	owner = whose(at, s->key);
	if (asprintf(&s->text, "%s%s%s: %s%s", at->section, owner[0] ? " " : "", owner, line,
		     number) < 0)
		s->text = NULL;
	l->n++;
	return s->text && s->place ? 0 : LKE_ERR_NOMEM;
}

/* Keys of an access router belong to its interface, those behind HomeAddress to that. */
static bool begins(const struct place_of *at, const char *line, const char *section,
		   const char *key)
{
	return strcmp(at->section, section) == 0 && strncmp(line, key, strlen(key)) == 0;
}

static int read_line(struct statements *l, struct place_of *at, char *line)
{
	const char *origin = cut_origin(line);

	trim_end(line);
	if (line[0] == '\0')
		return 0;
	if (line[0] == '[') {
		str_copy(at->section, sizeof(at->section), line);
		at->whose[0] = '\0';
		l->first = l->n;
		return 0;
	}
	if (begins(at, line, "[AccessRouter]", "Interface = ") ||
	    begins(at, line, "[MobileNode]", "HomeAddress = ")) {
		snprintf(at->whose, sizeof(at->whose), "%s", strchr(line, '=') + 2);
		l->first = l->n;
	}
	return add(l, at, line, origin);
}

static int read_text(const char *text, struct statements *ret)
{
	struct place_of at = { .section = "[]" };
	char *copy = strdup(text), *rest = copy, *line;
	int err = copy ? 0 : LKE_ERR_NOMEM;

	while (!err && (line = strsep(&rest, "\n")))
		err = read_line(ret, &at, line);
	free(copy);
	return err;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct statement *)a)->text, ((const struct statement *)b)->text);
}

static int push(struct config_diff *d, char op, const char *text, const char *place,
		const char *restart)
{
	struct config_change *p = room(d->change, d->n, &d->cap, sizeof(*p));

	if (!p)
		return LKE_ERR_NOMEM;
	d->change = p;
	p = &d->change[d->n++];
	*p = (struct config_change){ op, strdup(text), strdup(place), restart };
	return p->text && p->place ? 0 : LKE_ERR_NOMEM;
}

/* Both sorted; equal statements go away in pairs. */
static int compare(struct statements *old, struct statements *now, struct config_diff *ret)
{
	size_t i = 0, j = 0;
	int err = 0;

	if (old->n)
		qsort(old->s, old->n, sizeof(*old->s), by_text);
	if (now->n)
		qsort(now->s, now->n, sizeof(*now->s), by_text);
	while (!err && (i < old->n || j < now->n)) {
		int c = i == old->n ? 1 : j == now->n ? -1 : by_text(&old->s[i], &now->s[j]);
		const struct statement *s = c < 0 ? &old->s[i] : c > 0 ? &now->s[j] : NULL;

		i += c <= 0;
		j += c >= 0;
		if (s)
			err = push(ret, c < 0 ? '-' : '+', s->text, s->place, s->restart);
	}
	return err;
}

int config_diff(const char *old_text, const char *new_text, struct config_diff *ret)
{
	struct statements old = { 0 }, now = { 0 };
	int err;

	memset(ret, 0, sizeof(*ret));
	err = read_text(old_text, &old);
	if (!err)
		err = read_text(new_text, &now);
	if (!err)
		err = compare(&old, &now, ret);
	statements_done(&old);
	statements_done(&now);
	return err;
}

void config_diff_done(struct config_diff *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->change[i].text);
		free(d->change[i].place);
	}
	mem_free(d->change);
	memset(d, 0, sizeof(*d));
}

/* --- contents of key files --- */

static int by_home(const void *a, const void *b)
{
	const struct key_digest *x = a, *y = b;

	return memcmp(&x->home, &y->home, sizeof(x->home));
}

static int other_key(struct config_diff *d, const struct key_digest *k)
{
	char *text;
	int err;

	if (asprintf(&text, "%s: Key = %s has another key", k->owner, k->path) < 0)
		return LKE_ERR_NOMEM;
	err = push(d, '~', text, k->path, NULL);
	free(text);
	return err;
}

int config_diff_keys(struct config_diff *d, const struct daemon_config *old,
		     const struct daemon_config *now)
{
	int err = 0;

	/* The digests stand by home address; two of one address are of different roles. */
	for (size_t i = 0; i < now->digests && !err; i++) {
		const struct key_digest *k = &now->digest[i];
		const struct key_digest *was =
			old->digests ? bsearch(k, old->digest, old->digests, sizeof(*k), by_home)
				     : NULL;

		/* Another path is a statement of its own. */
		if (was && strcmp(was->path, k->path) == 0 && !key_digest_eq(was, k))
			err = other_key(d, k);
	}
	return err;
}

/* --- what only a restart changes --- */

bool config_needs_restart(const struct daemon_config *old, const struct daemon_config *now)
{
	const struct lke_config *a = &old->engine, *b = &now->engine;

	return a->profile != b->profile || (a->ars > 0) != (b->ars > 0) ||
	       (a->ha.interfaces > 0) != (b->ha.interfaces > 0) ||
	       (a->mn.interfaces > 0) != (b->mn.interfaces > 0) ||
	       a->ha.volatile_state != b->ha.volatile_state || strcmp(old->tun, now->tun) != 0 ||
	       strcmp(old->user, now->user) != 0 || old->state_file != now->state_file ||
	       old->forward != now->forward;
}
