/* SPDX-License-Identifier: ISC */
/* The TUN device of the forwarding plane: opening, reading, writing. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "platform/linux/forward_priv.h"

#include "base/str.h"
#include "platform/linux/forward_priv.h"

enum { ICMP6_TOO_BIG = 2, FRAG_HDR_LEN = 8, ICMP6_HDR_LEN = 8 };

#define BUSY_TRIES 30

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
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int sock, err;

	if (fd < 0)
		return -errno;
	str_copy(ifr.ifr_name, sizeof(ifr.ifr_name), name);
	err = attach(fd, &ifr);
	if (err) {
		close(fd);
		return err;
	}
	sock = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	err = sock < 0 || ioctl(sock, SIOCGIFINDEX, &ifr) ? -errno : 0;
	if (sock >= 0)
		close(sock);
	if (err) {
		close(fd);
		return err;
	}
	*ret_ifindex = (uint32_t)ifr.ifr_ifindex;
	return fd;
}

int fwd_write_tun(struct fwd *f, const uint8_t *pkt, size_t len)
{
	ssize_t n = write(f->conf.tun_fd, pkt, len);

	if (n == (ssize_t)len)
		return 0;
	f->count.send_errors++;
	return n < 0 ? -errno : -EIO;
}

int fwd_packet(struct fwd *f, const uint8_t *pkt, size_t len, lke_time now)
{
	if (len > FWD_PACKET_MAX)
		return fwd_drop(f, LKE_DROP_TUNNEL_TOO_BIG);
	memcpy(f->buf + FWD_HEADROOM, pkt, len);
	return fwd_forward(f, f->buf + FWD_HEADROOM, len, now);
}

int fwd_from_tun(struct fwd *f, unsigned budget, lke_time now)
{
	unsigned n = 0;

	while (!f->hold && n < budget) {
		ssize_t len = read(f->conf.tun_fd, f->buf + FWD_HEADROOM, FWD_PACKET_MAX);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return errno == EAGAIN ? (int)n : -errno;
		n++;
		(void)fwd_forward(f, f->buf + FWD_HEADROOM, (size_t)len, now);
	}
	return (int)n;
}
