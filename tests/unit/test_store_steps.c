/* SPDX-License-Identifier: ISC */
/* What a store says when it cannot be used: the cause, and what its reader can do. */
#include "store_place.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>

static bool library_missing;

/* Before the one of libc: the store asks for its library by this. */
void *dlopen(const char *name, int flags)
{
	static void *(*next)(const char *, int);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "dlopen");
	return library_missing && name && strstr(name, "sqlite") ? NULL : next(name, flags);
}

static void says(const char *path, const char *cause, const char *step)
{
	struct store *s;

	assert_int_equal(store_open(path, &s), LKE_ERR_SYS);
	if (strncmp(store_error(s), path, strlen(path)) != 0 || !strstr(store_error(s), cause) ||
	    !strstr(store_error(s), step))
		fail_msg("%s", store_error(s));
	store_close(s);
}

/* First: what is loaded stays. */
static void op_store_without_its_library(void **state)
{
	struct place *p = *state;

	library_missing = true;
	says(p->path, "cannot be loaded", "; install SQLite");
	library_missing = false;
}

static void op_store_that_cannot_be_opened(void **state)
{
	struct place *p = *state;
	char below[128], wal[128];

	says("/nonexistent-lke/sequence.db", "No such file or directory", "; make the directory");
	assert_int_equal(symlink("elsewhere", p->path), 0);
	says(p->path, "not a regular file", "; move it away");
	unlink(p->path);
	assert_int_equal(close(open(p->path, O_CREAT | O_WRONLY, 0600)), 0);
	snprintf(below, sizeof(below), "%s/x.db", p->path);
	says(below, "Not a directory", "; make the directory");
	says(p->path, "the file is empty", "; move it away and start lked once with --restored");
	unlink(p->path);
	snprintf(wal, sizeof(wal), "%s-wal", p->path);
	assert_int_equal(close(open(wal, O_CREAT | O_WRONLY, 0600)), 0);
	says(p->path, "its log is there", "; put the store back");
}

static void op_store_of_something_else(void **state)
{
	struct place *p = *state;
	FILE *f = fopen(p->path, "w");
	char cmd[192];

	for (int i = 0; i < 100; i++)
		fputs("These are not the numbers of any mobile node.\n", f);
	fclose(f);
	says(p->path, "not a database", "; move it away and start lked once with --restored");
	unlink(p->path);
	place_open(p);
	store_close(p->s);
	p->s = NULL;
	snprintf(cmd, sizeof(cmd),
		 "printf '\\0\\0\\0\\143' | dd of=%s bs=1 seek=60 conv=notrunc "
		 "status=none",
		 p->path);
	assert_int_equal(system(cmd), 0);
	says(p->path, "another version of lke", "; move it away");
}

static void op_store_that_is_lost_in_use(void **state)
{
	struct place *p = *state;

	place_open(p);
	unlink(p->path);
	assert_int_equal(store_begin(p->s), LKE_ERR_SYS);
	assert_non_null(strstr(store_error(p->s), "removed or replaced; put it back, or restart"));
}

static void op_store_that_another_program_holds(void **state)
{
	struct place *p = *state;
	struct store *other;

	place_open(p);
	assert_int_equal(store_open(p->path, &other), 0);
	assert_int_equal(store_begin(other), 0);
	assert_int_equal(store_begin(p->s), LKE_ERR_SYS);
	assert_non_null(strstr(store_error(p->s), "locked; end the program that has it open"));
	store_close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(op_store_without_its_library),	T(op_store_that_cannot_be_opened),
		T(op_store_of_something_else),		T(op_store_that_is_lost_in_use),
		T(op_store_that_another_program_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
