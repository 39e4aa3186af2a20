/* SPDX-License-Identifier: ISC */
/*
 * The rows of the store.  Each has a check value: SQLite does not notice an octet of a number that
 * the disk changed.  tally counts the floors twice, once upwards and once downwards, so that a row
 * that has vanished is missed.
 */
#include "store/store_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
const char store_schema[] =
	"BEGIN; PRAGMA application_id = 1818977585;"
	"PRAGMA user_version = 3;"
	"CREATE TABLE floor ("
	" home BLOB PRIMARY KEY CHECK (length(home) = 16),"
	" generation INTEGER NOT NULL CHECK (generation BETWEEN 0 AND 4294967295),"
	" floor INTEGER NOT NULL CHECK (floor BETWEEN 0 AND 65535),"
	" used INTEGER NOT NULL CHECK (used BETWEEN 0 AND 4294967295),"
	" suspended INTEGER NOT NULL CHECK (suspended IN (0, 1)),"
	" lost INTEGER NOT NULL CHECK (lost IN (0, 1)),"
	" crc INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE binding ("
	" home BLOB PRIMARY KEY CHECK (length(home) = 16),"
	" agent BLOB NOT NULL, coa BLOB NOT NULL, seq INTEGER NOT NULL,"
	" boot BLOB NOT NULL, expires INTEGER NOT NULL," /* CLOCK_BOOTTIME of that boot */
	" written INTEGER NOT NULL, ends INTEGER NOT NULL," /* wall clock */
	" crc INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE tally (id INTEGER PRIMARY KEY CHECK (id = 1), up INTEGER NOT NULL, down INTEGER NOT NULL) STRICT;"
	"INSERT INTO tally VALUES (1, 0, 0);"
	"CREATE TRIGGER floor_more AFTER INSERT ON floor BEGIN UPDATE tally SET up = up + 1, down = down - 1; END;"
	"CREATE TRIGGER floor_less AFTER DELETE ON floor BEGIN UPDATE tally SET up = up - 1, down = down + 1; END;"
	"COMMIT;";

static const char *const sql[STATEMENTS] = {
	[PUT_FLOOR] =
		"INSERT INTO floor (" FLOOR_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
		" ON CONFLICT (home) DO UPDATE SET generation = ?2, floor = ?3, used = ?4,"
		" suspended = ?5, lost = ?6, crc = ?7",
	[PUT_BINDING] =
		"INSERT INTO binding (home, agent, coa, seq, boot, expires, written, ends, crc)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
		" ON CONFLICT (home) DO UPDATE SET agent = ?2, coa = ?3, seq = ?4, boot = ?5,"
		" expires = ?6, written = ?7, ends = ?8, crc = ?9",
	[DEL_BINDING] = "DELETE FROM binding WHERE home = ?1",
};
/* clang-format on */

int store_prepare(struct store *s)
{
	for (unsigned n = 0; n < STATEMENTS; n++)
		if (sqlite3_prepare_v3(s->db, sql[n], -1, SQLITE_PREPARE_PERSISTENT, &s->st[n],
				       NULL) != SQLITE_OK)
			return store_fail_db(s, "damaged");
	return 0;
}

void store_finalize(struct store *s)
{
	for (unsigned n = 0; n < STATEMENTS; n++) {
		sqlite3_finalize(s->st[n]);
		s->st[n] = NULL;
	}
}

/* CRC-32 of IEEE 802.3, octet by octet. */
static uint32_t crc_octets(uint32_t crc, const void *p, size_t n)
{
	static uint32_t table[256];
	const uint8_t *b = p;

	for (uint32_t k = 0; !table[255] && k < 256; k++) {
		uint32_t c = k;

		for (int bit = 0; bit < 8; bit++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320 : 0);
		table[k] = c;
	}
	while (n--)
		crc = crc >> 8 ^ table[(crc ^ *b++) & 0xff];
	return crc;
}

static uint32_t crc_of_floor(const struct lke_ev_floor *f)
{
	uint32_t number[] = { f->generation, f->floor, f->used, f->suspended, f->lost };

	return ~crc_octets(crc_octets(UINT32_MAX, f->home.b, sizeof(f->home.b)), number,
			   sizeof(number));
}

/* As it is on the disk. */
struct kept {
	struct lke_in6 home, agent, coa;
	uint8_t boot[16];
	uint64_t expires, written, ends, seq;
};

static uint32_t crc_of_kept(const struct kept *k)
{
	return ~crc_octets(UINT32_MAX, k, sizeof(*k));
}

static int run(struct store *s, sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	if (rc != SQLITE_DONE)
		(void)store_fail_db(s, "cannot write");
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return rc == SQLITE_DONE ? 0 : LKE_ERR_SYS;
}

static void bind_octets(sqlite3_stmt *st, int column, const void *p, size_t n)
{
	sqlite3_bind_blob(st, column, p, (int)n, SQLITE_STATIC);
}

int store_put_floor(struct store *s, const struct lke_ev_floor *f)
{
	sqlite3_stmt *st = s->st[PUT_FLOOR];

	bind_octets(st, 1, f->home.b, sizeof(f->home.b));
	sqlite3_bind_int64(st, 2, f->generation);
	sqlite3_bind_int64(st, 3, f->floor);
	sqlite3_bind_int64(st, 4, f->used);
	sqlite3_bind_int64(st, 5, f->suspended);
	sqlite3_bind_int64(st, 6, f->lost);
	sqlite3_bind_int64(st, 7, crc_of_floor(f));
	return run(s, st);
}

int store_put(struct store *s, const struct lke_act_checkpoint *c)
{
	const struct lke_ev_floor f = { .home = c->home,
					.generation = c->generation,
					.floor = c->floor,
					.used = c->used,
					.suspended = c->suspended };

	return store_put_floor(s, &f);
}

static int put_binding(struct store *s, const struct kept *k)
{
	sqlite3_stmt *st = s->st[PUT_BINDING];

	bind_octets(st, 1, k->home.b, sizeof(k->home.b));
	bind_octets(st, 2, k->agent.b, sizeof(k->agent.b));
	bind_octets(st, 3, k->coa.b, sizeof(k->coa.b));
	sqlite3_bind_int64(st, 4, (sqlite3_int64)k->seq);
	bind_octets(st, 5, k->boot, sizeof(k->boot));
	sqlite3_bind_int64(st, 6, (sqlite3_int64)k->expires);
	sqlite3_bind_int64(st, 7, (sqlite3_int64)k->written);
	sqlite3_bind_int64(st, 8, (sqlite3_int64)k->ends);
	sqlite3_bind_int64(st, 9, crc_of_kept(k));
	return run(s, st);
}

int store_keep(struct store *s, const struct lke_act_keep *k, const struct store_clock *now)
{
	struct kept row = { .home = k->home, .agent = k->agent, .coa = k->coa, .seq = k->seq };

	if (k->remove || k->expires <= now->boottime) {
		bind_octets(s->st[DEL_BINDING], 1, k->home.b, sizeof(k->home.b));
		return run(s, s->st[DEL_BINDING]);
	}
	memcpy(row.boot, now->boot, sizeof(row.boot));
	row.expires = k->expires;
	row.written = now->wall;
	row.ends = now->wall + (k->expires - now->boottime);
	return put_binding(s, &row);
}

static bool octets(sqlite3_stmt *q, int column, void *ret, size_t n)
{
	if (sqlite3_column_type(q, column) != SQLITE_BLOB ||
	    sqlite3_column_bytes(q, column) != (int)n)
		return false;
	memcpy(ret, sqlite3_column_blob(q, column), n);
	return true;
}

bool store_read_floor(sqlite3_stmt *q, struct lke_ev_floor *ret)
{
	*ret = (struct lke_ev_floor){
		.generation = (uint32_t)sqlite3_column_int64(q, 1),
		.floor = (uint16_t)sqlite3_column_int64(q, 2),
		.used = (uint32_t)sqlite3_column_int64(q, 3),
		.suspended = sqlite3_column_int64(q, 4) != 0,
		.lost = sqlite3_column_int64(q, 5) != 0,
	};
	return octets(q, 0, ret->home.b, sizeof(ret->home.b)) &&
	       sqlite3_column_int64(q, 6) == crc_of_floor(ret);
}

static bool read_kept(sqlite3_stmt *q, struct kept *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->seq = (uint64_t)sqlite3_column_int64(q, 3);
	ret->expires = (uint64_t)sqlite3_column_int64(q, 5);
	ret->written = (uint64_t)sqlite3_column_int64(q, 6);
	ret->ends = (uint64_t)sqlite3_column_int64(q, 7);
	return octets(q, 0, ret->home.b, 16) && octets(q, 1, ret->agent.b, 16) &&
	       octets(q, 2, ret->coa.b, 16) && octets(q, 4, ret->boot, 16) &&
	       sqlite3_column_int64(q, 8) == crc_of_kept(ret);
}

/* A wall clock that went back says nothing about how much time has passed. */
static lke_time left(const struct kept *k, const struct store_clock *now)
{
	if (memcmp(k->boot, now->boot, sizeof(k->boot)) == 0)
		return k->expires > now->boottime ? k->expires - now->boottime : 0;
	return now->wall >= k->written && k->ends > now->wall ? k->ends - now->wall : 0;
}

static int each_floor(struct store *s, const struct store_reader *r)
{
	struct lke_ev_floor f;
	sqlite3_stmt *q = NULL;
	unsigned n = 0;
	char tally[32];
	int err = 0,
	    rc = sqlite3_prepare_v2(s->db, "SELECT " FLOOR_COLUMNS " FROM floor ORDER BY home", -1,
				    &q, NULL);

	while (rc == SQLITE_OK && !err && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		rc = SQLITE_OK;
		n++;
		if (store_read_floor(q, &f))
			err = r->floor ? r->floor(&f, r->arg) : 0;
		else
			err = store_fail(s, EBADMSG, "damaged", "a floor with a wrong checksum");
	}
	if (!err && rc != SQLITE_DONE)
		err = store_fail_db(s, "damaged");
	sqlite3_finalize(q);
	if (!err)
		err = store_one_value(s, "SELECT up || ':' || down FROM tally", tally,
				      sizeof(tally));
	if (!err) {
		char want[32];

		snprintf(want, sizeof(want), "%u:%d", n, -(int)n);
		if (strcmp(tally, want) != 0)
			err = store_fail(s, EBADMSG, "damaged", "floors are missing");
	}
	return err;
}

static int each_binding(struct store *s, const struct store_reader *r,
			const struct store_clock *now)
{
	sqlite3_stmt *q = NULL;
	struct kept k;
	int err = 0, rc = sqlite3_prepare_v2(s->db,
					     "SELECT home, agent, coa, seq, boot, expires, written,"
					     " ends, crc FROM binding",
					     -1, &q, NULL);

	while (rc == SQLITE_OK && !err && sqlite3_step(q) == SQLITE_ROW) {
		struct lke_ev_binding b;
		lke_time more;

		if (!read_kept(q, &k) || (more = left(&k, now)) == 0)
			continue;
		b = (struct lke_ev_binding){ .home = k.home,
					     .agent = k.agent,
					     .coa = k.coa,
					     .seq = (uint16_t)k.seq,
					     .expires = now->boottime + more };
		err = r->binding(&b, r->arg);
	}
	sqlite3_finalize(q);
	return err;
}

int store_each(struct store *s, const struct store_reader *r, const struct store_clock *now)
{
	int err;

	if (!s->db)
		return LKE_ERR_SYS;
	err = each_floor(s, r);
	if (!err && r->binding)
		err = each_binding(s, r, now);
	return err;
}

int store_lose(struct store *s, const struct lke_in6 *home, unsigned homes)
{
	int err = store_begin(s);

	for (unsigned n = 0; n < homes && !err; n++)
		err = store_put_floor(s, &(struct lke_ev_floor){ .home = home[n], .lost = true });
	return err ? err : store_commit(s);
}

/* A number more ahead than half the space would look old. */
int store_advance(struct store *s, uint16_t by)
{
	struct lke_ev_floor f;
	sqlite3_stmt *q = NULL;
	int rc, err = by > 0x4000 ? store_fail(s, EINVAL, "cannot advance", "too far")
				  : store_begin(s);

	if (err)
		return err;
	rc = sqlite3_prepare_v2(s->db, "SELECT " FLOOR_COLUMNS " FROM floor WHERE generation > 0",
				-1, &q, NULL);
	while (rc == SQLITE_OK && !err && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		rc = SQLITE_OK;
		if (!store_read_floor(q, &f)) {
			err = store_fail(s, EBADMSG, "damaged", "a floor with a wrong checksum");
			break;
		}
		f.floor = (uint16_t)(f.floor + by);
		f.used += by;
		err = store_put_floor(s, &f);
	}
	if (!err && rc != SQLITE_DONE)
		err = store_fail_db(s, "damaged");
	sqlite3_finalize(q);
	if (!err)
		return store_commit(s);
	sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return err;
}
