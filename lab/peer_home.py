# SPDX-License-Identifier: ISC
"""A mobile node towards its home agent that shares nothing with liblke: ESP, home registration, discovery.

Written from RFC 6275, RFC 3776, RFC 4303 and RFC 3602 alone; AES is done by the openssl program.
"""
import base64
import hashlib
import hmac
import os
import secrets
import struct
import subprocess

from oracle import aes_cbc_decrypt
from packet import octets
from peer import (ALL_NODES, ANY, BA, BU, DSTOPTS, ICMP6, MH, Peer, checksum, home_address, icmp6, ip6, mobility, pad, patch,
	solicited_node)
from peer_mn import Lbsa, MobileNode

ESP = 50
A, H, L, K = 0x8000, 0x4000, 0x2000, 0x1000


def aes_cbc_encrypt(key, iv, data):
	argv = ["openssl", "enc", "-aes-%d-cbc" % (len(key) * 8), "-nopad", "-K", key.hex(), "-iv", iv.hex(), "-a", "-A"]
	p = subprocess.run(argv, input=data, capture_output=True, check=True, timeout=10)
	return base64.b64decode(p.stdout)


class Keys:
	"""A key file of lke.conf(5)."""

	ICV = {"hmac-sha256-128": (hashlib.sha256, 16), "hmac-sha1-96": (hashlib.sha1, 12)}

	def __init__(self, path, agent=False):
		self.out, self.into = ("to-mn", "to-ha") if agent else ("to-ha", "to-mn")
		with open(path) as f:
			v = dict(l.strip().split(" = ") for l in f if " = " in l)
		self.spi = {d: int(v["spi-" + d], 0) for d in ("to-ha", "to-mn")}
		self.hash, self.icv = self.ICV[v["integrity"]]
		self.null = v["encryption"] == "null"
		self.enc = {d: bytes.fromhex(v.get("encryption-key-" + d, "")) for d in ("to-ha", "to-mn")}
		self.mac = {d: bytes.fromhex(v["integrity-key-" + d]) for d in ("to-ha", "to-mn")}
		self.seq = 0

	def protect(self, nh, data):
		"""ESP, transport mode: SPI, number, IV, ciphertext of payload and padding, ICV (RFC 4303, RFC 4868, RFC 2404);
		NULL encryption has no IV (RFC 2410)."""
		n = -(len(data) + 2) % (4 if self.null else 16)
		text = data + bytes(range(1, n + 1)) + bytes([n, nh])
		if not self.null:
			iv = os.urandom(16)
			text = iv + aes_cbc_encrypt(self.enc[self.out], iv, text)
		self.seq += 1
		p = struct.pack("!II", self.spi[self.out], self.seq) + text
		return p + hmac.new(self.mac[self.out], p, self.hash).digest()[:self.icv]

	def open(self, esp):
		"""(next header, payload) of a packet from the other end, or None."""
		esp, icv = esp[:-self.icv], esp[-self.icv:]
		if struct.unpack_from("!I", esp)[0] != self.spi[self.into]:
			return None
		if hmac.new(self.mac[self.into], esp, self.hash).digest()[:self.icv] != icv:
			return None
		text = esp[8:] if self.null else aes_cbc_decrypt(self.enc[self.into], esp[8:24], esp[24:])
		n = text[-2]
		return (text[-1], text[:-2 - n]) if text[-2 - n:-2] == bytes(range(1, n + 1)) else None


class HomeNode(MobileNode):
	"""home, agent: 16 octets each."""

	def __init__(self, node, keys, home, agent):
		super().__init__(node)
		self.keys, self.home, self.agent = keys, home, agent
		self.number = secrets.randbelow(65536)
		self.sent = {}

	def another(self, keys, home, agent=None):
		"""One more home of this node: what follows is about the one last chosen.  Returns what chooses the former."""
		former = self.keys, self.home, self.agent, self.number
		self.keys, self.home, self.agent, self.number = keys, home, agent or self.agent, secrets.randbelow(65536)

		def back():
			self.keys, self.home, self.agent, self.number = former
		return back

	def binding(self):
		"""For the tunnel helpers of MobileNode: the home address in place of a previous care-of address."""
		return Lbsa(self.home, self.agent, None, 0)

	def update_home(self, lifetime=150, flags=A | H, seq=None, home=None, alt=None, keys=None, src=None, esp=True):
		"""The octets of a Binding Update (RFC 6275 6.1.7, 11.7.1); lifetime in units of 4 s.  alt: an address, None for that
		of the packet when there is something to bind, b"" for no option."""
		if seq is None:
			self.number = seq = (self.number + 1) & 0xffff
		home, src = home or self.home, src or self.coa
		body = struct.pack("!HHH", seq, flags, lifetime)
		alt = src if alt is None and lifetime else alt
		if alt:
			body += pad((6 - 6 - len(body)) % 8) + bytes([3, 16]) + alt
		m = mobility(BU, body + pad(-(6 + len(body)) % 8))
		m = patch(m, 4, checksum(home, self.agent, MH, m))
		p = ip6(DSTOPTS, src, self.agent, home_address(ESP if esp else MH, home) +
			((keys or self.keys).protect(MH, m) if esp else m), 64)
		self.sent[seq] = p
		return p

	def send_home(self, packet):
		since = self.mark()
		self.port.send(packet, self.router.mac)
		return since

	def opened(self, p, nh):
		if p.nh != ESP or p.src != self.agent or (p.rh2 or p.dst) != self.home:
			return None
		v = self.keys.open(p.up)
		return v[1] if v and v[0] == nh else None

	def answer_home(self, since, seconds=4):
		"""(status, K, sequence number, lifetime in units of 4 s) of the next Binding Acknowledgement, or None."""
		def ba(p):
			m = self.opened(p, MH)
			return m if m and m[2] == BA and checksum(p.src, self.home, MH, m[:4] + b"\0\0" + m[6:]) == m[4:6] else None
		p = self.wait(lambda p: ba(p) is not None, seconds, since)
		if not p:
			return None
		status, flags, seq, life = struct.unpack_from("!BBHH", ba(p), 6)
		return status, flags >> 7, seq, life

	def register_home(self, seconds=4, **how):
		return self.answer_home(self.send_home(self.update_home(**how)), seconds)

	def refresh_requests(self, since):
		"""How many Binding Refresh Requests in ESP came (RFC 6275 6.1.2)."""
		return sum(1 for p in self.got if p.when >= since and (self.opened(p, MH) or b"\0\0\xff")[2] == 0)

	# ---- RFC 6275 6.5 to 6.8 -------------------------------------------------------------------------------
	def discover(self, ident, seconds=2):
		"""Home agent addresses, the preferred first, or None."""
		anycast = self.home[:8] + b"\xfd" + b"\xff" * 6 + b"\xfe"
		m = bytes([144, 0, 0, 0]) + struct.pack("!HH", ident, 0)
		m = patch(m, 2, checksum(self.coa, anycast, ICMP6, m))
		since = self.send_home(ip6(ICMP6, self.coa, anycast, m, 64))
		p = self.wait(lambda p: p.kind == 145 and p.good and p.up[4:6] == struct.pack("!H", ident), seconds, since)
		return [p.up[i:i + 16] for i in range(8, len(p.up), 16)] if p else None

	def solicit_prefixes(self, ident, src=None, esp=True):
		m = bytes([146, 0, 0, 0]) + struct.pack("!HH", ident, 0)
		m = patch(m, 2, checksum(self.home, self.agent, ICMP6, m))
		return self.send_home(ip6(DSTOPTS, src or self.coa, self.agent,
			home_address(ESP if esp else ICMP6, self.home) + (self.keys.protect(ICMP6, m) if esp else m), 64))

	def prefixes(self, since, ident, seconds=3):
		"""(prefix option's address, flags, valid, preferred) of an advertisement with this identifier, or None."""
		def mpa(p):
			m = self.opened(p, ICMP6)
			good = m and m[0] == 147 and checksum(p.src, self.home, ICMP6, m[:2] + b"\0\0" + m[4:]) == m[2:4]
			return m if good and m[4:6] == struct.pack("!H", ident) else None
		p = self.wait(lambda p: mpa(p) is not None, seconds, since)
		if not p:
			return None
		m, out = mpa(p), []
		for i in range(8, len(m), 32):
			if m[i:i + 2] == b"\3\4":
				out.append((m[i + 16:i + 32], m[i + 3], *struct.unpack_from("!II", m, i + 4)))
		return out


class Neighbour(Peer):
	"""A node of the home link: it listens, tests addresses, and says that it is a home agent."""

	ll = octets("fe80::a")

	def handle(self, p):
		pass

	def test_address(self, addr, seconds=2):
		"""Duplicate Address Detection for addr: the advertisement that objects, or None."""
		since = self.mark()
		self.ports[0].send(icmp6(135, bytes(4) + addr, ANY, solicited_node(addr)))
		return self.wait(lambda p: p.kind == 136 and p.up[8:24] == addr, seconds, since)

	def advertise(self, addr, preference, lifetime):
		"""A Router Advertisement with H, Home Agent Information and R (RFC 6275 7.1 to 7.4)."""
		body = bytes([64, 0x20]) + struct.pack("!HII", 0, 0, 0)
		body += struct.pack("!BBHHH", 8, 1, 0, preference, lifetime)
		body += struct.pack("!BBBBIII", 3, 4, 64, 0x20, 3600, 3600, 0) + addr
		self.ports[0].send(icmp6(134, body, self.ll, ALL_NODES))
