/* SPDX-License-Identifier: ISC */
#include "platform/linux/packet_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PACKET_RCVBUF = 4 << 20, PACKET_RCVBUF_KEREQ = 1 << 20 };

static int link_kind(int fd, uint32_t ifindex, bool *ret_ethernet, struct lke_lladdr *ret_own)
{
	struct ifreq ifr = { .ifr_ifindex = (int)ifindex };

	if (ioctl(fd, SIOCGIFNAME, &ifr) || ioctl(fd, SIOCGIFHWADDR, &ifr))
		return -errno;
	memset(ret_own, 0, sizeof(*ret_own));
	if (ifr.ifr_hwaddr.sa_family == ARPHRD_ETHER) {
		*ret_ethernet = true;
		ret_own->len = ETH_ALEN;
		memcpy(ret_own->b, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
		return 0;
	}
	*ret_ethernet = false;
	/* TUN, raw IP of modems, PPP: no link-layer addresses. */
	if (ifr.ifr_hwaddr.sa_family == ARPHRD_NONE || ifr.ifr_hwaddr.sa_family == ARPHRD_RAWIP ||
	    ifr.ifr_hwaddr.sa_family == ARPHRD_PPP)
		return 0;
	return -EPROTONOSUPPORT;
}

static int set_options(int fd, uint32_t ifindex, enum packet_kind kind,
		       const struct packet_ends *ends, bool ethernet)
{
	struct sock_filter code[PACKET_FILTER_MAX];
	struct sock_fprog prog = { .filter = code };
	struct packet_mreq mr = { .mr_ifindex = (int)ifindex, .mr_type = PACKET_MR_ALLMULTI };
	int one = 1, size = kind == PACKET_KIND_KEREQ ? PACKET_RCVBUF_KEREQ : PACKET_RCVBUF;
	int ignore = kind != PACKET_KIND_OWN_RA;

	prog.len = (unsigned short)packet_filter(kind, ends, code);
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) ||
	    setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &ignore, sizeof(ignore)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		return -errno;
	/* Solicited-node groups of care-of addresses that are not configured here. */
	if (ethernet && (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mr, sizeof(mr)) ||
			 setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one))))
		return -errno;
	return 0;
}

int packet_open(uint32_t ifindex, enum packet_kind kind, const struct packet_ends *ends,
		struct packet_link *ret)
{
	struct sockaddr_ll sa = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = (int)ifindex };
	struct packet_link l = { .ifindex = ifindex };
	/* Protocol 0: nothing is queued before the filter stands and bind() names the interface. */
	int probe = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	if (probe < 0)
		return -errno;
	/* The loopback interface is for errors only and has no link-layer addresses. */
	err = kind == PACKET_KIND_LOOPBACK ? 0 : link_kind(probe, ifindex, &l.ethernet, &l.own);
	close(probe);
	if (err)
		return err;
	l.fd = socket(AF_PACKET,
		      (l.ethernet ? SOCK_RAW : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l.fd < 0)
		return -errno;
	err = set_options(l.fd, ifindex, kind, ends, l.ethernet);
	/* A DGRAM socket sends with the protocol it is bound to; ETH_P_ALL is needed to see frames
	 * that tc or a netdev chain drops later, which do not exist on our own TUN and hardly on
	 * PPP. */
	if (!l.ethernet)
		sa.sll_protocol = htons(ETH_P_IPV6);
	if (!err && bind(l.fd, (struct sockaddr *)&sa, sizeof(sa)))
		err = -errno;
	if (err) {
		close(l.fd);
		return err;
	}
	*ret = l;
	return 0;
}

int packet_behind_tc(const struct packet_link *l)
{
	struct sockaddr_ll sa = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_IPV6),
				  .sll_ifindex = (int)l->ifindex };

	return bind(l->fd, (struct sockaddr *)&sa, sizeof(sa)) ? -errno : 0;
}

void packet_close(struct packet_link *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

int packet_receive_info(const struct packet_link *l, uint8_t *buf, size_t size,
			struct packet_info *ret_info, uint8_t **ret_pkt, size_t *ret_len)
{
	size_t head = l->ethernet ? OFFLOAD_HDR_LEN + ETH_HLEN : 0;

	for (;;) {
		struct sockaddr_ll from = { 0 };
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(l->fd, buf, size, MSG_TRUNC | MSG_DONTWAIT,
				     (struct sockaddr *)&from, &from_len);
		struct packet_info info = { .outgoing = from.sll_pkttype == PACKET_OUTGOING };

		/* EINVAL: a kind of superpacket that the header cannot tell; it is gone. */
		if (n < 0 && (errno == EINTR || (errno == EINVAL && l->ethernet)))
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if ((size_t)n < head || (size_t)n > size)
			continue; /* cut off: no packet to judge */
		if (l->ethernet && !offload_decode(buf, ETH_HLEN, (size_t)n - head, &info.offload))
			continue;
		if (l->ethernet) {
			info.src.len = ETH_ALEN;
			memcpy(info.src.b, buf + OFFLOAD_HDR_LEN + ETH_ALEN, ETH_ALEN);
		}
		*ret_info = info;
		*ret_pkt = buf + head;
		*ret_len = (size_t)n - head;
		return 1;
	}
}

int packet_receive(const struct packet_link *l, uint8_t *buf, size_t size,
		   struct lke_lladdr *ret_src, uint8_t **ret_pkt, size_t *ret_len,
		   bool *ret_outgoing)
{
	struct packet_info info = { 0 };
	int n;

	do
		n = packet_receive_info(l, buf, size, &info, ret_pkt, ret_len);
	while (n > 0 && info.offload.segments != OFFLOAD_WHOLE);
	if (n <= 0)
		return n;
	offload_complete(&info.offload, *ret_pkt, *ret_len);
	*ret_src = info.src;
	if (ret_outgoing)
		*ret_outgoing = info.outgoing;
	return 1;
}

bool packet_dst(const struct lke_lladdr *dst, const uint8_t *pkt, size_t len,
		struct lke_lladdr *ret)
{
	enum { DST_OFF = 24 };

	if (dst->len == ETH_ALEN) {
		*ret = *dst;
		return true;
	}
	if (len < DST_OFF + 16 || pkt[DST_OFF] != 0xff)
		return false;
	*ret = (struct lke_lladdr){ .len = ETH_ALEN, .b = { 0x33, 0x33 } };
	memcpy(ret->b + 2, pkt + DST_OFF + 12, 4);
	return true;
}

int packet_send(const struct packet_link *l, const struct lke_lladdr *dst, const uint8_t *pkt,
		size_t len)
{
	uint8_t room[OFFLOAD_HDR_LEN + ETH_HLEN] = { 0 }, *head = room + OFFLOAD_HDR_LEN;
	struct iovec iov[2] = { { room, sizeof(room) }, { (void *)(uintptr_t)pkt, len } };
	struct lke_lladdr to;
	ssize_t n;

	if (!l->ethernet) {
		n = send(l->fd, pkt, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		return n < 0 ? -errno : 0;
	}
	if (!packet_dst(dst, pkt, len, &to))
		return -EDESTADDRREQ;
	memcpy(head, to.b, ETH_ALEN);
	memcpy(head + ETH_ALEN, l->own.b, ETH_ALEN);
	head[12] = ETH_P_IPV6 >> 8;
	head[13] = ETH_P_IPV6 & 0xff;
	/* writev, not sendmsg: the sandbox allows no call that could carry an address. */
	n = writev(l->fd, iov, 2);
	return n < 0 ? -errno : 0;
}
