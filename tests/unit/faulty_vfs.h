/* SPDX-License-Identifier: ISC */
/*
 * A VFS for SQLite that can fail, and that knows what of each file has been synced: a power failure
 * can be played.  It can also end its process for real, in the middle of a write.
 */
#ifndef TESTS_FAULTY_VFS_H
#define TESTS_FAULTY_VFS_H

#include <stdbool.h>
#include <stdint.h>

enum power {
	POWER_KILL,  /* the process ends, the system does not: all that was written is there */
	POWER_CUT,   /* only what was synced is there */
	POWER_TORN,  /* what was synced, and the beginning of what was not */
	POWER_MIXED, /* what was synced, and any sectors of what was not */
};

/* What the store is doing to its files. */
enum file_op {
	OP_NONE,
	OP_WRITE_LOG,
	OP_SYNC_LOG,
	OP_WRITE_FILE,
	OP_SYNC_FILE,
	OP_WRITE_OTHER, /* of a journal, or of a store that is being made */
	OP_SYNC_OTHER,
	FILE_OPS,
};

struct faults {
	int write_error, sync_error; /* SQLITE_FULL, SQLITE_IOERR_FSYNC, or 0 */
	bool dead;		     /* nothing changes any file */
	unsigned dies_in;	     /* dead after this many writes and syncs; 0: lives */
	unsigned syncs;
	/* For a process of its own on the real disk. */
	bool lasting;		  /* syncs go to the disk; no power failure is played */
	unsigned killed_in;	  /* this write or sync begins and never ends: SIGKILL; 0: lives */
	uint32_t torn;		  /* how much of the last write is written */
	volatile uint32_t *doing; /* told the present enum file_op, if not NULL */
};
extern struct faults faults;

/* Makes it the default VFS.  Forgets what it knew of files. */
void faulty_vfs_begin(void);
void faulty_vfs_end(void);
/* Leaves the files of the database at path as the crash would.  All connections are closed; call it
 * while dead.  n: any random number. */
void faulty_vfs_crash(const char *path, enum power how, uint32_t n);

#endif
