/* SPDX-License-Identifier: ISC */
#include "daemon/key_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "daemon/remedy.h"

/* Which lines a file has had. */
enum {
	HAVE_SPI = 1,
	HAVE_ENC_KEY = 2,
	HAVE_AUTH_KEY = 4,
};

struct key_parser {
	const char *name;
	int line;
	struct report *r;
	struct key_file keys;
	unsigned have_ha, have_mn;
	bool have_enc, have_auth, have_generation;
	unsigned errors_before;
};

static const char *const key_names[] = {
	"spi-to-ha",
	"spi-to-mn",
	"encryption",
	"integrity",
	"encryption-key-to-ha",
	"encryption-key-to-mn",
	"integrity-key-to-ha",
	"integrity-key-to-mn",
	"generation",
	NULL,
};

static int check_stat(const char *path, const struct stat *st, uid_t owner, struct report *r)
{
	if (!S_ISREG(st->st_mode)) {
		report_error(r, path, 0, "is not a regular file; name the key file itself");
		return -EINVAL;
	}
	if (st->st_mode & 077) {
		report_error(r, path, 0, "can be read by others (mode %04o); run: chmod 600 %s",
			     (unsigned)st->st_mode & 07777, path);
		return -EPERM;
	}
	if (st->st_uid != 0 && st->st_uid != owner) {
		report_error(r, path, 0,
			     "belongs to user %u; it must belong to root or the daemon's user",
			     (unsigned)st->st_uid);
		return -EPERM;
	}
	return 0;
}

static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t n = 0;

	while (n < size) {
		ssize_t got = read(fd, buf + n, size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

int secret_file_open(const char *path, uid_t owner, struct report *r)
{
	/* O_NONBLOCK: a FIFO in the file's place must not stop the start. */
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int err;

	if (fd < 0) {
		err = -errno;
		r->denied |= err == -EACCES;
		if (err == -ELOOP)
			report_error(r, path, 0, "is a symbolic link; name the file itself");
		else if (err == -EACCES && geteuid() && geteuid() != owner)
			report_error(r, path, 0, "user %u may not read it; be root",
				     (unsigned)geteuid());
		else if (err == -EACCES)
			report_error(r, path, 0, "user %u may not read it; run: chown %u %s",
				     (unsigned)geteuid(), (unsigned)geteuid(), path);
		else if (err != -ENOENT)
			report_error(r, path, 0, "%s%s", strerror(-err), remedy_of(-err));
		return err;
	}
	err = fstat(fd, &st) < 0 ? -errno : check_stat(path, &st, owner, r);
	if (err < 0) {
		close(fd);
		return err;
	}
	return fd;
}

ssize_t secret_file_read(const char *path, uid_t owner, struct report *r, char *buf, size_t size)
{
	int fd = secret_file_open(path, owner, r);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return fd;
	n = fstat(fd, &st) < 0 ? -errno : 0;
	if (n == 0 && (uint64_t)st.st_size >= size) {
		report_error(r, path, 0,
			     "is too long for a key file (at most %zu octets); name the right file",
			     size - 1);
		n = -EFBIG;
	}
	if (n == 0) {
		n = read_all(fd, buf, size - 1);
		if (n < 0)
			report_error(r, path, 0, "%s%s", strerror((int)-n), remedy_of((int)-n));
		else
			buf[n] = '\0';
	}
	close(fd);
	return n;
}

int secret_file_write(const char *path, const char *buf, size_t len)
{
	return secret_file_write_like(path, NULL, buf, len);
}

/* root's file becomes that of the owner of another one. */
static int give(int fd, const char *like)
{
	struct stat st;

	if (!like || geteuid() != 0)
		return 0;
	return stat(like, &st) < 0 || fchown(fd, st.st_uid, st.st_gid) < 0 ? -errno : 0;
}

int secret_file_write_like(const char *path, const char *like, const char *buf, size_t len)
{
	char tmp[4096];
	int fd, err;

	if ((size_t)snprintf(tmp, sizeof(tmp), "%s.new", path) >= sizeof(tmp))
		return -ENAMETOOLONG;
	if (unlink(tmp) < 0 && errno != ENOENT)
		return -errno;
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = give(fd, like);
	for (size_t n = 0; n < len && !err;) {
		ssize_t put = write(fd, buf + n, len - n);

		if (put < 0 && errno != EINTR)
			err = -errno;
		else if (put > 0)
			n += (size_t)put;
	}
	if (!err && fsync(fd) < 0)
		err = -errno;
	close(fd);
	if (!err && rename(tmp, path) < 0)
		err = -errno;
	if (err)
		unlink(tmp);
	return err;
}

static char *trim(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return s;
}

static void bad(struct key_parser *p, const char *key, const char *why)
{
	report_error(p->r, p->name, p->line, "%s %s", key, why);
}

static bool parse_u32(const char *text, uint32_t *ret)
{
	char *end;
	unsigned long long v;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	v = strtoull(text, &end, 0);
	if (errno || *end || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Hexadecimal octets, optionally after 0x.  Returns the number of octets or -1. */
static int parse_hex(const char *text, uint8_t *buf, size_t size)
{
	size_t len;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	len = strlen(text);
	if (len % 2 || len / 2 > size)
		return -1;
	for (size_t i = 0; i < len / 2; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		buf[i] = (uint8_t)(high << 4 | low);
	}
	return (int)(len / 2);
}

static void set_spi(struct key_parser *p, const char *key, const char *value,
		    struct lke_config_sa *sa, unsigned *have)
{
	if (*have & HAVE_SPI)
		bad(p, key, "is given twice; remove one");
	else if (!parse_u32(value, &sa->spi) || sa->spi < 256)
		bad(p, key, "must be a number from 0x100 to 0xffffffff (RFC 4303 2.1)");
	*have |= HAVE_SPI;
}

static bool all_equal(const uint8_t *p, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (p[i] != p[0])
			return false;
	return true;
}

static void set_key(struct key_parser *p, const char *key, const char *value, uint8_t buf[32],
		    uint8_t *ret_len, unsigned *have, unsigned flag)
{
	int n = parse_hex(value, buf, 32);

	if (*have & flag)
		bad(p, key, "is given twice; remove one");
	else if (n < 0)
		bad(p, key, "must be at most 64 hexadecimal digits, an even number of them");
	else if (n < 16)
		bad(p, key, "is too short; it must be at least 32 hexadecimal digits");
	else if (all_equal(buf, (size_t)n))
		bad(p, key, "is not a key: all its octets are equal; run: lke genkey");
	*ret_len = (uint8_t)(n < 0 ? 0 : n);
	*have |= flag;
}

static void set_encryption(struct key_parser *p, const char *value)
{
	enum lke_esp_enc enc = LKE_ESP_AES_CBC;

	if (strcmp(value, "null") == 0)
		enc = LKE_ESP_NULL;
	else if (strcasestr(value, "gcm") || strcasestr(value, "ctr") || strcasestr(value, "ccm") ||
		 strcasestr(value, "chacha"))
		bad(p, "encryption",
		    "must not be a counter-mode cipher with manual keys: its counter restarts with "
		    "the "
		    "host and the keystream would repeat (RFC 8221 3); use aes-cbc or null");
	else if (strcmp(value, "aes-cbc") != 0)
		bad(p, "encryption", "must be aes-cbc or null");
	if (p->have_enc)
		bad(p, "encryption", "is given twice; remove one");
	p->keys.to_ha.enc = p->keys.to_mn.enc = enc;
	p->have_enc = true;
}

static void set_integrity(struct key_parser *p, const char *value)
{
	enum lke_esp_auth auth = LKE_ESP_HMAC_SHA256_128;

	if (strcmp(value, "hmac-sha1-96") == 0)
		auth = LKE_ESP_HMAC_SHA1_96;
	else if (strcmp(value, "hmac-sha256-128") != 0)
		bad(p, "integrity", "must be hmac-sha256-128 or hmac-sha1-96");
	if (p->have_auth)
		bad(p, "integrity", "is given twice; remove one");
	p->keys.to_ha.auth = p->keys.to_mn.auth = auth;
	p->have_auth = true;
}

static void set_generation(struct key_parser *p, const char *value)
{
	if (p->have_generation)
		bad(p, "generation", "is given twice; remove one");
	else if (!parse_u32(value, &p->keys.generation) || p->keys.generation == 0)
		bad(p, "generation", "must be a number from 1; raise it with every new key");
	p->have_generation = true;
}

static void key_line(struct key_parser *p, const char *key, const char *value)
{
	struct lke_config_sa *ha = &p->keys.to_ha, *mn = &p->keys.to_mn;

	if (strcmp(key, "spi-to-ha") == 0)
		set_spi(p, key, value, ha, &p->have_ha);
	else if (strcmp(key, "spi-to-mn") == 0)
		set_spi(p, key, value, mn, &p->have_mn);
	else if (strcmp(key, "encryption") == 0)
		set_encryption(p, value);
	else if (strcmp(key, "integrity") == 0)
		set_integrity(p, value);
	else if (strcmp(key, "encryption-key-to-ha") == 0)
		set_key(p, key, value, ha->enc_key, &ha->enc_key_len, &p->have_ha, HAVE_ENC_KEY);
	else if (strcmp(key, "encryption-key-to-mn") == 0)
		set_key(p, key, value, mn->enc_key, &mn->enc_key_len, &p->have_mn, HAVE_ENC_KEY);
	else if (strcmp(key, "integrity-key-to-ha") == 0)
		set_key(p, key, value, ha->auth_key, &ha->auth_key_len, &p->have_ha, HAVE_AUTH_KEY);
	else if (strcmp(key, "integrity-key-to-mn") == 0)
		set_key(p, key, value, mn->auth_key, &mn->auth_key_len, &p->have_mn, HAVE_AUTH_KEY);
	else if (strcmp(key, "generation") == 0)
		set_generation(p, value);
	else {
		const char *near = nearest_word(key, key_names);

		/* An unknown word may be a secret in the wrong place: only a near miss is repeated.
		 */
		if (near)
			report_error(p->r, p->name, p->line, "unknown key '%s'; did you mean '%s'?",
				     key, near);
		else
			report_error(p->r, p->name, p->line, "unknown key; see: lke.conf(5)");
	}
}

static void check_sa(struct key_parser *p, const struct lke_config_sa *sa, unsigned have,
		     const char *to)
{
	unsigned want = sa->auth == LKE_ESP_HMAC_SHA1_96 ? 20 : 32;

	if (!(have & HAVE_SPI))
		report_error(p->r, p->name, 0, "spi-to-%s is missing; run: lke genkey", to);
	if (!(have & HAVE_AUTH_KEY))
		report_error(p->r, p->name, 0, "integrity-key-to-%s is missing; run: lke genkey",
			     to);
	else if (sa->auth_key_len != want)
		report_error(p->r, p->name, 0, "integrity-key-to-%s has %u octets; %s needs %u", to,
			     sa->auth_key_len, want == 20 ? "hmac-sha1-96" : "hmac-sha256-128",
			     want);
	if (sa->enc == LKE_ESP_NULL && (have & HAVE_ENC_KEY))
		report_error(
			p->r, p->name, 0,
			"encryption-key-to-%s is given although encryption is null; remove one",
			to);
	if (sa->enc == LKE_ESP_AES_CBC && !(have & HAVE_ENC_KEY))
		report_error(p->r, p->name, 0, "encryption-key-to-%s is missing; run: lke genkey",
			     to);
	else if (sa->enc == LKE_ESP_AES_CBC && sa->enc_key_len != 16 && sa->enc_key_len != 24 &&
		 sa->enc_key_len != 32)
		report_error(p->r, p->name, 0,
			     "encryption-key-to-%s has %u octets; aes-cbc needs 16, 24 or 32", to,
			     sa->enc_key_len);
}

static void check_keys(struct key_parser *p)
{
	const struct lke_config_sa *ha = &p->keys.to_ha, *mn = &p->keys.to_mn;

	check_sa(p, ha, p->have_ha, "ha");
	check_sa(p, mn, p->have_mn, "mn");
	if (ha->auth_key_len == mn->auth_key_len && ha->auth_key_len > 0 &&
	    mem_eq_ct(ha->auth_key, mn->auth_key, ha->auth_key_len))
		report_warning(
			p->r, p->name, 0,
			"one integrity key serves both directions; make two with: lke genkey");
}

int key_file_parse(const char *name, char *text, struct report *r, struct key_file *ret_keys)
{
	struct key_parser p = { .name = name, .r = r, .errors_before = r->errors };
	size_t len = strlen(text);
	char *next = text;
	int err = 0;

	p.keys.to_ha.enc = p.keys.to_mn.enc = LKE_ESP_AES_CBC;
	p.keys.to_ha.auth = p.keys.to_mn.auth = LKE_ESP_HMAC_SHA256_128;
	p.keys.generation = 1;
	while (next) {
		char *line = trim(strsep(&next, "\n")), *eq;

		p.line++;
		if (*line == '\0' || *line == '#' || *line == ';')
			continue;
		eq = strchr(line, '=');
		if (!eq) {
			report_error(r, name, p.line, "expected KEY = VALUE; see: lke.conf(5)");
			continue;
		}
		*eq = '\0';
		key_line(&p, trim(line), trim(eq + 1));
	}
	check_keys(&p);
	if (r->errors == p.errors_before)
		*ret_keys = p.keys;
	else
		err = LKE_ERR_INVAL;
	mem_wipe(&p, sizeof(p));
	mem_wipe(text, len);
	return err;
}

int key_file_load(const char *path, uid_t owner, struct report *r, struct key_file *ret_keys)
{
	char buf[KEY_FILE_MAX + 1];
	ssize_t n = secret_file_read(path, owner, r, buf, sizeof(buf));
	int err = LKE_ERR_INVAL;

	if (n == -ENOENT)
		report_error(r, path, 0,
			     "does not exist; copy the one of the other side, or make one for both "
			     "with: lke genkey > %s",
			     path);
	else if (n >= 0 && memchr(buf, '\0', (size_t)n))
		report_error(r, path, 0, "is not a text file; make one with: lke genkey");
	else if (n >= 0)
		err = key_file_parse(path, buf, r, ret_keys);
	mem_wipe(buf, sizeof(buf));
	return err;
}
