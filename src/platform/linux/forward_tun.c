/* SPDX-License-Identifier: ISC */
/* The TUN device of the forwarding plane: opening, reading, writing. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "platform/linux/forward_priv.h"

#define BUSY_TRIES 30
#define OFFLOADS   (TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN)
#define TUN_F_USO  (0x20 | 0x40) /* TUN_F_USO4, TUN_F_USO6: Linux 6.2 */

/* The device of a killed daemon is busy until its last process is gone, which takes a moment. */
static int attach(int fd, struct ifreq *ifr)
{
	const struct timespec wait = { .tv_nsec = 50 * 1000 * 1000 };

	for (unsigned tries = 0;; tries++) {
		if (ioctl(fd, TUNSETIFF, ifr) == 0)
			return 0;
		if (errno != EBUSY || tries == BUSY_TRIES)
			return -errno;
		nanosleep(&wait, NULL);
	}
}

int fwd_open_tun(const char *name, uint32_t *ret_ifindex)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int sock, err;

	if (fd < 0)
		return -errno;
	str_copy(ifr.ifr_name, sizeof(ifr.ifr_name), name);
	err = attach(fd, &ifr);
	/* Without USO (before Linux 6.2) the kernel segments UDP itself. */
	if (!err && ioctl(fd, TUNSETOFFLOAD, OFFLOADS | TUN_F_USO) &&
	    ioctl(fd, TUNSETOFFLOAD, OFFLOADS))
		err = -errno;
	sock = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (!err && (sock < 0 || ioctl(sock, SIOCGIFINDEX, &ifr)))
		err = -errno;
	if (sock >= 0)
		close(sock);
	if (err) {
		close(fd);
		return err;
	}
	*ret_ifindex = (uint32_t)ifr.ifr_ifindex;
	return fd;
}

static int write_packet(struct fwd *f, const uint8_t *pkt, size_t len, const struct offload *o)
{
	uint8_t hdr[OFFLOAD_HDR_LEN];
	struct iovec iov[2] = { { hdr, sizeof(hdr) }, { (void *)(uintptr_t)pkt, len } };
	unsigned skip = !f->conf.vnet_hdr;
	ssize_t n;

	(void)fwd_join_flush(f); /* came before */
	offload_encode(o, pkt, hdr);
	n = writev(f->conf.tun_fd, iov + skip, (int)(2 - skip));
	if (n == (ssize_t)(len + (skip ? 0 : sizeof(hdr))))
		return 0;
	f->count.send_errors++;
	return n < 0 ? -errno : -EIO;
}

int fwd_write_tun(struct fwd *f, const uint8_t *pkt, size_t len)
{
	const struct offload none = { 0 };

	return write_packet(f, pkt, len, &none);
}

int fwd_write_tun_partial(struct fwd *f, const uint8_t *pkt, size_t len)
{
	struct offload o = { .partial = f->partial != NULL };

	if (o.partial) {
		o.csum_start = (uint16_t)(f->partial - pkt);
		o.csum_offset = f->partial_offset;
	}
	return write_packet(f, pkt, len, &o);
}

/* TCP right behind the IPv6 header and its extension headers: the kernel can segment that itself.
 */
static bool tun_can_segment(const struct offload *o, const uint8_t *pkt, size_t len)
{
	struct ip6_info i;

	return o->segments == OFFLOAD_TCP && ip6_parse(pkt, len, &i) == 0 &&
	       i.upper == IP6_NH_TCP && i.upper_off == o->csum_start;
}

int fwd_write_tun_offload(struct fwd *f, uint8_t *pkt, size_t len, const struct offload *o)
{
	struct offload piece;
	uint8_t *p;
	size_t n;
	int err;

	f->count.superpackets += o->segments != OFFLOAD_WHOLE;
	if (!f->conf.vnet_hdr && o->segments == OFFLOAD_WHOLE) {
		piece = *o;
		offload_complete(&piece, pkt, len);
		return write_packet(f, pkt, len, &piece);
	}
	if (o->segments == OFFLOAD_WHOLE || (f->conf.vnet_hdr && tun_can_segment(o, pkt, len)))
		return write_packet(f, pkt, len, o);
	err = segments_begin(&f->segments, o, pkt, len);
	if (err)
		return fwd_drop(f, (enum lke_drop) - err);
	while (!err && segments_next(&f->segments, &p, &n, &piece)) {
		offload_complete(&piece, p, n);
		err = write_packet(f, p, n, &piece);
	}
	return err;
}

void fwd_complete(struct fwd *f, uint8_t *p, size_t len)
{
	struct offload o = { .partial = f->partial != NULL, .csum_offset = f->partial_offset };

	if (!o.partial)
		return;
	o.csum_start = (uint16_t)(f->partial - p);
	offload_complete(&o, p, len);
	f->partial = NULL;
}

static int forward_piece(struct fwd *f, uint8_t *p, size_t len, const struct offload *o,
			 lke_time now)
{
	int err;

	f->partial = o->partial ? p + o->csum_start : NULL;
	f->partial_offset = o->csum_offset;
	err = fwd_forward(f, p, len, now);
	f->partial = NULL;
	return err;
}

/* Number of its segments.  One that is too big for a tunnel is told once, not for each of them. */
static unsigned forward_segments(struct fwd *f, uint8_t *pkt, size_t len, const struct offload *o,
				 lke_time now)
{
	struct offload piece;
	uint8_t *p;
	size_t n;
	unsigned done = 0;
	int err = segments_begin(&f->segments, o, pkt, len);

	if (err) {
		(void)fwd_drop(f, (enum lke_drop) - err);
		return 1;
	}
	f->count.superpackets++;
	while (segments_next(&f->segments, &p, &n, &piece)) {
		done++;
		if (forward_piece(f, p, n, &piece, now) == -LKE_DROP_TUNNEL_TOO_BIG)
			break;
	}
	return done;
}

/* Number of packets, at least 1. */
static unsigned forward_read(struct fwd *f, uint8_t *p, size_t len, const struct offload *o,
			     lke_time now)
{
	if (o->segments != OFFLOAD_WHOLE)
		return forward_segments(f, p, len, o, now);
	(void)forward_piece(f, p, len, o, now);
	return 1;
}

void fwd_packet_offload(struct fwd *f, const uint8_t *pkt, size_t len, const struct offload *o,
			lke_time now)
{
	memcpy(f->buf + FWD_HEADROOM, pkt, len);
	(void)forward_read(f, f->buf + FWD_HEADROOM, len, o, now);
}

int fwd_packet(struct fwd *f, const uint8_t *pkt, size_t len, lke_time now)
{
	const struct offload none = { 0 };

	if (len > FWD_PACKET_MAX)
		return fwd_drop(f, LKE_DROP_TUNNEL_TOO_BIG);
	memcpy(f->buf + FWD_HEADROOM, pkt, len);
	return forward_piece(f, f->buf + FWD_HEADROOM, len, &none, now);
}

/* Octets of the packet that was read, or -errno. */
static ssize_t read_packet(struct fwd *f, uint8_t hdr[OFFLOAD_HDR_LEN])
{
	struct iovec iov[2] = { { hdr, OFFLOAD_HDR_LEN },
				{ f->buf + FWD_HEADROOM, FWD_PACKET_MAX } };
	unsigned skip = !f->conf.vnet_hdr;
	ssize_t n;

	do
		n = readv(f->conf.tun_fd, iov + skip, (int)(2 - skip));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return skip ? n : n - OFFLOAD_HDR_LEN;
}

int fwd_from_tun(struct fwd *f, unsigned budget, lke_time now)
{
	unsigned n = 0;

	while (!f->hold && n < budget) {
		uint8_t hdr[OFFLOAD_HDR_LEN] = { 0 }, *p = f->buf + FWD_HEADROOM;
		ssize_t len = read_packet(f, hdr);
		struct offload o;

		if (len < 0) {
			fwd_fast_flush(f, now);
			return len == -EAGAIN ? (int)n : (int)len;
		}
		if (offload_decode(hdr, 0, (size_t)len, &o)) {
			n += forward_read(f, p, (size_t)len, &o, now);
		} else {
			(void)fwd_drop(f, LKE_DROP_SHORT);
			n++;
		}
	}
	fwd_fast_flush(f, now);
	return (int)n;
}
