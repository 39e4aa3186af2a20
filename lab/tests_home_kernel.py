# SPDX-License-Identifier: ISC
"""lked as a home agent of a mobile node whose ESP, Home Address option and type 2 routing header are the kernel's own.

So do deployed mobile nodes: a daemon sends and reads Mobility Headers at a raw socket of the home address, and associations
and policies (ip-xfrm) do the rest.  Needs a kernel with ESP and Mobile IPv6: where this one has none, the test runs on
Debian's (debian_kernel_home_agent).
"""
import os
import secrets
import select
import socket
import struct
import time

from nodes import Daemon, write
from packet import octets
from peer import BA, BU, ICMP6, MH, mobility, pad
from peer_home import A, H
from tests_foreign import Verdicts
from topology import CN_ADDRESS, HOME_AGENT, SLOW, CannotRun, Lab, LabError, in_namespace

CONF = "[HomeAgent]\nInterface = home0\nMaxUpdates = off\n"
# iproute2's words and those of lke.conf(5).  RFC 4868 has 128 bits for SHA-256; the kernel's own default is 96.
AUTH = {"hmac-sha256-128": ("hmac(sha256)", 32, 128), "hmac-sha1-96": ("hmac(sha1)", 20, 96)}
KINDS = (("aes-cbc", "hmac-sha256-128"), ("aes-cbc", "hmac-sha1-96"), ("null", "hmac-sha256-128"), ("null", "hmac-sha1-96"))


class KernelNode:
	"""One home address in a namespace; the care-of address is the namespace's own."""

	def __init__(self, node, n, encryption, integrity):
		self.node, self.coa = node, CN_ADDRESS
		self.home, self.spi, self.number = "2001:db8:100::5:%x" % n, 0x4000 + 2 * n, secrets.randbelow(65536)
		self.encryption, self.integrity = encryption, integrity
		self.enc = {d: secrets.token_hex(16) for d in ("to-ha", "to-mn")}
		self.auth = {d: secrets.token_hex(AUTH[integrity][1]) for d in ("to-ha", "to-mn")}
		self.name, self.socket, self.icmp = "k%d" % n, None, None

	def section(self, directory):
		lines = ["spi-to-ha = %d" % self.spi, "spi-to-mn = %d" % (self.spi + 1), "encryption = " + self.encryption,
			"integrity = " + self.integrity, "generation = 1"]
		for d in ("to-ha", "to-mn"):
			lines.append("integrity-key-%s = %s" % (d, self.auth[d]))
			if self.encryption != "null":
				lines.append("encryption-key-%s = %s" % (d, self.enc[d]))
		key = write(os.path.join(directory, self.name + ".key"), "\n".join(lines) + "\n")
		return "[Mobile %s]\nHomeAddress = %s\nKey = %s\n" % (self.name, self.home, key)

	def _xfrm(self, words):
		self.node.run("ip", "xfrm", *words.split())

	def _esp(self, src, dst, spi, d):
		name, _, bits = AUTH[self.integrity]
		cipher = "ecb(cipher_null) \"\"" if self.encryption == "null" else "cbc(aes) 0x" + self.enc[d]
		argv = ("ip xfrm state add src %s dst %s proto esp spi %d reqid %d mode transport auth-trunc %s 0x%s %d enc %s" % (src, dst, spi,
			self.spi, name, self.auth[d], bits, cipher)).split()
		self.node.run(*["" if a == '""' else a for a in argv], "sel", "src", src, "dst", dst)

	def configure(self):
		"""What the daemon of a mobile node tells the kernel: RFC 3776 3.1 and 3.3, RFC 6275 6.3 and 6.4."""
		pair = "src %s dst %s" % (self.home, HOME_AGENT)
		back = "src %s dst %s" % (HOME_AGENT, self.home)
		self.node.run("ip", "-6", "addr", "add", self.home + "/128", "dev", "lo", "nodad", "home")
		try:
			self._esp(self.home, HOME_AGENT, self.spi, "to-ha")
			self._esp(HOME_AGENT, self.home, self.spi + 1, "to-mn")
			self._xfrm("state add %s proto hao mode ro coa %s" % (pair, self.coa))
			self._xfrm("state add %s proto route2 mode ro coa %s" % (back, self.coa))
		except LabError as e:
			raise CannotRun("no ESP or Mobile IPv6 in this kernel: " + str(e).split(": ", 1)[1]) from e
		# No type on the way in: behind a routing header Linux 6.1 reads it at the wrong place.
		for there, here in (("135", "135"), ("ipv6-icmp type 146", "ipv6-icmp")):
			self._xfrm("policy add dir out %s proto %s tmpl %s proto esp reqid %d mode transport tmpl %s proto hao mode ro" % (pair, there,
				pair, self.spi, pair))
			self._xfrm("policy add dir in %s proto %s tmpl %s proto esp reqid %d mode transport tmpl %s proto route2 mode ro level use" % (
				back, here, back, self.spi, back))
		with in_namespace(self.node.ns):
			self.socket = socket.socket(socket.AF_INET6, socket.SOCK_RAW, MH)
			self.icmp = socket.socket(socket.AF_INET6, socket.SOCK_RAW, ICMP6)
		for s in (self.socket, self.icmp):
			s.bind((self.home, 0))

	def _answer(self, s, is_it):
		"""The first message from the home agent that is it, within three seconds, or None."""
		end = time.monotonic() + 3 * SLOW
		while (left := end - time.monotonic()) > 0 and select.select([s], [], [], left)[0]:
			m, src = s.recvfrom(2000)
			if src[0] == HOME_AGENT and is_it(m):
				return m
		return None

	def update(self, lifetime=100):
		"""(status, number, lifetime) of the answer, or None.  The kernel writes the checksum."""
		self.number = (self.number + 1) & 0xffff
		body = struct.pack("!HHH", self.number, A | H, lifetime)
		body += pad(2) + bytes([3, 16]) + octets(self.coa) if lifetime else pad(4)
		self.socket.sendto(mobility(BU, body), (HOME_AGENT, 0))
		m = self._answer(self.socket, lambda m: len(m) >= 12 and m[2] == BA)
		return (m[6], *struct.unpack_from("!HH", m, 8)) if m else None

	def prefixes(self, ident):
		"""What prefix discovery says (RFC 6275 6.7, 6.8): the address in the first prefix option, or None."""
		self.icmp.sendto(bytes([146, 0, 0, 0]) + struct.pack("!HH", ident, 0), (HOME_AGENT, 0))
		m = self._answer(self.icmp, lambda m: len(m) >= 40 and m[0] == 147 and m[4:6] == struct.pack("!H", ident))
		return m[24:40] if m else None


def kernel_mobile_at_home_agent(build, directory, printer):
	"""Binding Updates and Acknowledgements between lked and the kernel's own ESP, Home Address option and routing header."""
	v = Verdicts("a kernel's mobile node")
	with Lab(os.path.join(directory, "work")) as lab:
		nodes = [KernelNode(lab["cn"], n, *kind) for n, kind in enumerate(KINDS, 1)]
		for n in nodes:
			n.configure()
		ha = Daemon(lab, build, "ha", CONF + "".join(n.section(lab.dir) for n in nodes)).start()
		try:
			for n in nodes:
				for what, lifetime in (("registered", 100), ("refreshed", 50), ("deregistered", 0)):
					got = n.update(lifetime)
					v("%s with %s and %s" % (what, n.encryption, n.integrity), got == (0, n.number, lifetime), got)
					if what == "registered":
						got = n.prefixes(n.spi)
						v("prefixes under the same keys: %s and %s" % (n.encryption, n.integrity), got == octets(HOME_AGENT), got)
		except LabError as e:
			v.bad.append(str(e))
		v("lked ends well", ha.stop() == 0, ha.tail())
		if v.bad:
			v.bad.append(lab["cn"].run("ip", "-s", "xfrm", "state") + lab["cn"].run("cat", "/proc/net/xfrm_stat"))
	return v.bad


TESTS = {f.__name__: f for f in (kernel_mobile_at_home_agent,)}
