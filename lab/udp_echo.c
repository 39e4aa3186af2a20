// SPDX-License-Identifier: ISC
/* udp_echo PORT: sends every datagram back.  The plainest server there is: the limit beside lke's
 * answers. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	struct sockaddr_in6 me = { .sin6_family = AF_INET6 }, peer;
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char buf[2048];

	if (argc != 2)
		return 2;
	me.sin6_port = htons((uint16_t)atoi(argv[1]));
	if (fd < 0 || bind(fd, (struct sockaddr *)&me, sizeof(me))) {
		perror("udp_echo");
		return 1;
	}
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		socklen_t len = sizeof(peer);
		ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&peer, &len);

		if (n > 0)
			(void)!sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&peer, len);
	}
}
