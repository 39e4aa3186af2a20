/* SPDX-License-Identifier: ISC */
/*
 * Writes the two state files in a thread of its own: the engine never waits for a disk.  Everything
 * is done in the order of the calls.
 *
 * A change goes to every file that is complete, and to the one being written anew.  Its result
 * comes when a restart would find it: written at least, on stable storage if durable.  A file that
 * cannot be written is emptied, so that nothing old is ever restored; when nothing can be restored
 * any more, results are good again, for a restart without state is safe.  Only if even that fails
 * the result is an error.
 */
#ifndef STORE_STATE_WRITER_H
#define STORE_STATE_WRITER_H

#include "store/state_file.h"

struct state_writer;

struct state_writer_conf {
	int fd[2]; /* open for reading and writing; stay the caller's */
	uint8_t key[STATE_KEY_LEN];
	uint64_t generation; /* the highest in either file */
	bool content[2];     /* the file holds something of an earlier run */
	int restored; /* the file that is in use after this start, written anew last; or -1 */
	struct state_clock (*clock)(void); /* called in the thread */
};

struct state_result {
	uint64_t cookie;
	int err; /* 0 or LKE_ERR_SYS */
};

/* 0, LKE_ERR_NOMEM or LKE_ERR_SYS. */
int state_writer_new(const struct state_writer_conf *conf, struct state_writer **ret);
/* Ends the thread when all is written; wipes.  NULL is allowed. */
void state_writer_free(struct state_writer *w);
int state_writer_fd(const struct state_writer *w); /* readable when there is a result or a wish */

/* A change.  cookie 0: no result.  0 or LKE_ERR_FULL: then there is no result, and both files are
 * given up and written anew. */
int state_writer_put(struct state_writer *w, enum state_type type, const void *data, size_t len,
		     uint64_t cookie, bool durable);

/* One file is to be written anew: call state_writer_begin(), state_writer_again() for all that is
 * kept, state_writer_complete(). */
bool state_writer_wants(struct state_writer *w);
/* LKE_ERR_FULL: the same call again later. */
int state_writer_begin(struct state_writer *w);
int state_writer_again(struct state_writer *w, enum state_type type, const void *data, size_t len);
int state_writer_complete(struct state_writer *w);
/* Something that must not be read again was in the files: both are written anew. */
void state_writer_refresh(struct state_writer *w);

bool state_writer_next(struct state_writer *w, struct state_result *ret);
/* A file is complete, and nothing waits to be written. */
bool state_writer_settled(struct state_writer *w);

struct state_writer_stat {
	uint64_t records, syncs, errors, rewrites;
	uint64_t size[2];  /* octets of the files */
	unsigned complete; /* files that a restart would find whole */
	lke_time longest;  /* ns, of one turn of writing and syncing */
};
void state_writer_stat(struct state_writer *w, struct state_writer_stat *ret);

#endif
