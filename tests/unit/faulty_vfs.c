/* SPDX-License-Identifier: ISC */
#include "faulty_vfs.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

#define FILES  4
#define SECTOR 512

/* What a file holds on the disk. */
struct image {
	char path[256];
	uint8_t *data;
	size_t len;
	bool known;
};

struct vfile {
	sqlite3_file base;
	char path[256];
	bool database; /* or its log */
	bool log, whole;
	sqlite3_file *real;
};

struct faults faults;
static struct image image[FILES];
static sqlite3_vfs vfs;
static sqlite3_vfs *real_vfs;

static sqlite3_file *real(sqlite3_file *f)
{
	return ((struct vfile *)f)->real;
}

static bool alive(void)
{
	if (faults.dies_in > 0 && --faults.dies_in == 0)
		faults.dead = true;
	return !faults.dead;
}

static uint8_t *slurp(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data;
	long len;

	if (!f)
		return NULL;
	fseek(f, 0, SEEK_END);
	len = ftell(f);
	rewind(f);
	data = malloc((size_t)len + 1);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, (size_t)len, f), (size_t)len);
	fclose(f);
	*ret_len = (size_t)len;
	return data;
}

static struct image *image_of(const char *path)
{
	for (unsigned n = 0; n < FILES; n++)
		if (image[n].path[0] == '\0' || strcmp(image[n].path, path) == 0)
			return &image[n];
	fail_msg("too many files");
	return NULL;
}

static void remember(const char *path)
{
	struct image *i = image_of(path);

	snprintf(i->path, sizeof(i->path), "%s", path);
	free(i->data);
	i->data = slurp(path, &i->len);
	i->known = i->data != NULL;
}

static int v_close(sqlite3_file *f)
{
	int rc = real(f)->pMethods->xClose(real(f));

	sqlite3_free(real(f));
	return rc;
}

static int v_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return real(f)->pMethods->xRead(real(f), p, n, at);
}

/* True: this is where the process is to end. */
static bool begins(sqlite3_file *f, enum file_op log, enum file_op file, enum file_op other)
{
	const struct vfile *v = (struct vfile *)f;

	if (faults.doing)
		*faults.doing = v->log ? log : v->whole ? file : other;
	return faults.killed_in > 0 && --faults.killed_in == 0;
}

static int ends(int rc)
{
	if (faults.doing)
		*faults.doing = OP_NONE;
	return rc;
}

static int v_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	if (faults.write_error)
		return faults.write_error;
	if (begins(f, OP_WRITE_LOG, OP_WRITE_FILE, OP_WRITE_OTHER)) {
		(void)real(f)->pMethods->xWrite(real(f), p, (int)(faults.torn % (unsigned)n), at);
		raise(SIGKILL);
	}
	return ends(alive() ? real(f)->pMethods->xWrite(real(f), p, n, at) : SQLITE_IOERR_WRITE);
}

static int v_truncate(sqlite3_file *f, sqlite3_int64 n)
{
	return faults.dead ? SQLITE_IOERR_TRUNCATE : real(f)->pMethods->xTruncate(real(f), n);
}

/* Unless it is to last nothing goes to the disk of the test's host: what counts is what we
 * remember. */
static int v_sync(sqlite3_file *f, int flags)
{
	if (faults.lasting) {
		if (begins(f, OP_SYNC_LOG, OP_SYNC_FILE, OP_SYNC_OTHER))
			raise(SIGKILL);
		return ends(real(f)->pMethods->xSync(real(f), flags));
	}
	if (faults.sync_error)
		return faults.sync_error;
	if (!alive())
		return SQLITE_IOERR_FSYNC;
	faults.syncs++;
	if (((struct vfile *)f)->database)
		remember(((struct vfile *)f)->path);
	return SQLITE_OK;
}

static int v_size(sqlite3_file *f, sqlite3_int64 *ret)
{
	return real(f)->pMethods->xFileSize(real(f), ret);
}

static int v_lock(sqlite3_file *f, int how)
{
	return real(f)->pMethods->xLock(real(f), how);
}

static int v_unlock(sqlite3_file *f, int how)
{
	return real(f)->pMethods->xUnlock(real(f), how);
}

static int v_reserved(sqlite3_file *f, int *ret)
{
	return real(f)->pMethods->xCheckReservedLock(real(f), ret);
}

static int v_control(sqlite3_file *f, int op, void *arg)
{
	return real(f)->pMethods->xFileControl(real(f), op, arg);
}

static int v_sector(sqlite3_file *f)
{
	return real(f)->pMethods->xSectorSize(real(f));
}

static int v_traits(sqlite3_file *f)
{
	return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

static int v_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **ret)
{
	return real(f)->pMethods->xShmMap(real(f), page, size, extend, ret);
}

static int v_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}

static void v_shm_barrier(sqlite3_file *f)
{
	real(f)->pMethods->xShmBarrier(real(f));
}

static int v_shm_unmap(sqlite3_file *f, int remove)
{
	return real(f)->pMethods->xShmUnmap(real(f), remove);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = v_close,
	.xRead = v_read,
	.xWrite = v_write,
	.xTruncate = v_truncate,
	.xSync = v_sync,
	.xFileSize = v_size,
	.xLock = v_lock,
	.xUnlock = v_unlock,
	.xCheckReservedLock = v_reserved,
	.xFileControl = v_control,
	.xSectorSize = v_sector,
	.xDeviceCharacteristics = v_traits,
	.xShmMap = v_shm_map,
	.xShmLock = v_shm_lock,
	.xShmBarrier = v_shm_barrier,
	.xShmUnmap = v_shm_unmap,
};

static int v_open(sqlite3_vfs *v, sqlite3_filename name, sqlite3_file *f, int flags, int *ret_flags)
{
	struct vfile *vf = (struct vfile *)f;
	int rc;

	(void)v;
	memset(vf, 0, sizeof(*vf));
	vf->real = sqlite3_malloc(real_vfs->szOsFile);
	if (!vf->real)
		return SQLITE_NOMEM;
	memset(vf->real, 0, (size_t)real_vfs->szOsFile);
	rc = real_vfs->xOpen(real_vfs, name, vf->real, flags, ret_flags);
	if (rc != SQLITE_OK) {
		sqlite3_free(vf->real);
		return rc;
	}
	vf->database = name && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL));
	if (vf->database)
		snprintf(vf->path, sizeof(vf->path), "%s", name);
	vf->log = flags & SQLITE_OPEN_WAL;
	vf->whole = vf->database && !vf->log && !strstr(name, ".new");
	/* A file that is there was synced under another name and got this one. */
	if (vf->database && !vf->log && !faults.lasting && !image_of(name)->known)
		remember(name);
	vf->base.pMethods = &methods;
	return SQLITE_OK;
}

static int v_delete(sqlite3_vfs *v, const char *name, int sync)
{
	(void)v;
	return faults.dead ? SQLITE_IOERR_DELETE : real_vfs->xDelete(real_vfs, name, sync);
}

void faulty_vfs_begin(void)
{
	faults = (struct faults){ 0 };
	real_vfs = sqlite3_vfs_find("unix");
	vfs = *real_vfs;
	vfs.zName = "faulty";
	vfs.szOsFile = sizeof(struct vfile);
	vfs.xOpen = v_open;
	vfs.xDelete = v_delete;
	assert_int_equal(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
}

void faulty_vfs_end(void)
{
	sqlite3_vfs_unregister(&vfs);
	assert_int_equal(sqlite3_vfs_register(real_vfs, 1), SQLITE_OK);
	for (unsigned n = 0; n < FILES; n++)
		free(image[n].data);
	memset(image, 0, sizeof(image));
}

static uint8_t *old_or_zero(const struct image *i, size_t at)
{
	static uint8_t zero;

	return i->known && at < i->len ? &i->data[at] : &zero;
}

/* What the crash leaves of a file that holds len octets now; *ret_len of it. */
static uint8_t *left_of(const struct image *i, const uint8_t *now, size_t len, enum power how,
			uint32_t n, size_t *ret_len)
{
	size_t old = i->known ? i->len : 0, longest = len > old ? len : old;
	size_t torn = n % (len + 1);
	uint8_t *left = malloc(longest + 1);
	uint64_t random = n | 1;

	assert_non_null(left);
	*ret_len = how == POWER_KILL	? len
		   : how == POWER_CUT	? old
		   : how == POWER_MIXED ? (n & 2 ? len : old)
					: (torn > old ? torn : old);
	for (size_t at = 0; at < longest; at++) {
		bool new = how == POWER_KILL || (how == POWER_TORN && at < torn);

		if (how == POWER_MIXED && at % SECTOR == 0)
			next_random(&random);
		if (how == POWER_MIXED)
			new = random >> 17 & 1;
		left[at] = new &&at < len ? now[at] : *old_or_zero(i, at);
	}
	return left;
}

static void leave(const char *path, enum power how, uint32_t n)
{
	struct image *i = image_of(path);
	size_t len = 0, left_len = 0;
	uint8_t *now = slurp(path, &len), *left;
	FILE *f;

	unlink(path);
	/* A file that was never synced was not there. */
	if (now && (how == POWER_KILL || how == POWER_TORN || i->known)) {
		left = left_of(i, now, len, how, n, &left_len);
		f = fopen(path, "wb");
		assert_non_null(f);
		fwrite(left, 1, left_len, f);
		fclose(f);
		free(left);
	}
	free(now);
	remember(path);
	snprintf(i->path, sizeof(i->path), "%s", path);
}

void faulty_vfs_crash(const char *path, enum power how, uint32_t n)
{
	char name[256];

	leave(path, how, n >> 8);
	snprintf(name, sizeof(name), "%s-wal", path);
	leave(name, how, n >> 4);
	snprintf(name, sizeof(name), "%s-shm", path);
	unlink(name);
	faults = (struct faults){ 0 };
}
