# SPDX-License-Identifier: ISC
"""The draft's messages for peers that share nothing with liblke: built and read from octets, by the standard library.

Everything here is written from the draft and the RFCs alone.  A peer (peer_mn.py, peer_ar.py) talks through packet
sockets, so that no kernel helps it or gets in its way.
"""
import base64
import hashlib
import os
import select
import socket
import struct
import time

from oracle import RsaKey, _der, _mgf, _sequence, authenticator, checksum_ok, ones_sum, whole_packet_hmac
from packet import mobility_options, octets, options
from topology import SLOW, in_namespace, run

MH, ICMP6, DSTOPTS, ROUTING, NONE, IPV6 = 135, 58, 60, 43, 59, 41
ANY, ALL_NODES, ALL_ROUTERS = bytes(16), octets("ff02::1"), octets("ff02::2")
BU, BA, KEREQ, KEACK, FINISHED = 5, 6, 8, 9, 10


# ---- octets ----------------------------------------------------------------------------------------------------
def checksum(src, dst, nh, data):
	return struct.pack("!H", ones_sum(src + dst + struct.pack("!II", len(data), nh) + data) ^ 0xffff)


def patch(data, at, value):
	return data[:at] + value + data[at + len(value):]


def ip6(nh, src, dst, payload, hop_limit=255, traffic_class=0):
	return struct.pack("!IHBB", 6 << 28 | traffic_class << 20, len(payload), nh, hop_limit) + src + dst + payload


def home_address(nh, addr):
	return bytes([nh, 2, 1, 2, 0, 0, 0xc9, 16]) + addr


def routing2(nh, addr):
	return bytes([nh, 2, 2, 1]) + bytes(4) + addr


def pad(n):
	return b"" if n == 0 else b"\0" if n == 1 else bytes([1, n - 2]) + bytes(n - 2)


def solicited_node(addr):
	return octets("ff02::1:ff00:0")[:13] + addr[13:]


def group_mac(group):
	return b"\x33\x33" + group[12:]


def mobility(kind, body):
	return bytes([NONE, (6 + len(body)) // 8 - 1, kind, 0, 0, 0]) + body


def icmp6(kind, body, src, dst):
	m = bytes([kind, 0, 0, 0]) + body
	return ip6(ICMP6, src, dst, patch(m, 2, checksum(src, dst, ICMP6, m)))


def auth_option(kind, nonce, ar):
	return bytes([kind, 6, 0, 0]) + nonce + ar + bytes(24)


def signed_nd(kind, body, nonce, ar, src, dst, key):
	"""An NS with option 7 or an NA with option 8, last in the message (draft 3.1.2, 3.1.3)."""
	p = ip6(ICMP6, src, dst, bytes([kind, 0, 0, 0]) + body + auth_option({135: 7, 136: 8}[kind], nonce, ar))
	p = patch(p, len(p) - 24, whole_packet_hmac(key, p, []))
	return patch(p, 42, checksum(src, dst, ICMP6, p[40:]))


def binding(kind, fixed, extra, key, src, dst, home):
	"""BU, BA or Finished with its Binding Authorization Data last (RFC 6275 6.2.7, draft 2.1)."""
	body = fixed + extra
	body += pad((2 - 6 - len(body)) % 8)
	m = mobility(kind, body + b"\5\x0c" + bytes(12))
	if key:
		m = m[:-12] + authenticator(key, src, dst, m)
	else:
		m = mobility(kind, fixed + pad(-(6 + len(fixed)) % 8))
	if kind == BA:
		m = patch(m, 4, checksum(src, home, MH, m))
		return ip6(ROUTING, src, dst, routing2(MH, home) + m, 64) if home != dst else ip6(MH, src, dst, m, 64)
	m = patch(m, 4, checksum(home, dst, MH, m))
	return ip6(DSTOPTS, src, dst, home_address(MH, home) + m, 64) if home != src else ip6(MH, src, dst, m, 64)


def proof(sub):
	return bytes([18, 22, sub, 0]) + bytes(20)


def key_exchange_request(src, dst, coa, seq, data, lifetime, proofs=(), hop_limit=255, traffic_class=0xc0):
	"""A Key Exchange Request (draft 3.2.1) with proofs as (sub-type, key)."""
	body = struct.pack("!H", seq) + data + struct.pack("!BBH", 3, 2, lifetime)
	places = []
	for sub, k in proofs:
		places.append((64 + 6 + len(body) + 4, k))
		body += proof(sub)
	m = mobility(KEREQ, body + pad(-(6 + len(body)) % 8))
	p = ip6(DSTOPTS, src, dst, home_address(MH, coa) + m, hop_limit, traffic_class)
	macs = [(at, whole_packet_hmac(k, p, [])) for at, k in places]
	for at, mac in macs:
		p = patch(p, at, mac)
	return patch(p, 68, checksum(coa, dst, MH, p[64:]))


# ---- RSA -------------------------------------------------------------------------------------------------------
def oaep_encrypt(spki, message):
	"""RSAES-OAEP with SHA-1 under a DER SubjectPublicKeyInfo; trailing padding of the option is allowed."""
	algorithm, key = _sequence(_der(spki)[1])
	n, e = [int.from_bytes(b, "big") for _, b in _sequence(_der(key[1][1:])[1])]
	size, seed = (n.bit_length() + 7) // 8, os.urandom(20)
	db = hashlib.sha1(b"").digest() + bytes(size - len(message) - 42) + b"\1" + message
	masked = bytes(a ^ b for a, b in zip(db, _mgf("sha1", seed, len(db))))
	em = b"\0" + bytes(a ^ b for a, b in zip(seed, _mgf("sha1", masked, 20))) + masked
	return pow(int.from_bytes(em, "big"), e, n).to_bytes(size, "big")


def make_rsa(bits):
	"""(private key, DER SubjectPublicKeyInfo) from the openssl program."""
	pem = run(["openssl", "genrsa", str(bits)])
	public = run(["openssl", "rsa", "-pubout"], pem)
	return RsaKey(pem), base64.b64decode("".join(public.splitlines()[1:-1]))


# ---- one received packet ---------------------------------------------------------------------------------------
class Packet:
	"""What a peer reads of a frame: addresses, extension headers, the upper layer, and its checksum's verdict."""

	def __init__(self, frame, port):
		self.port, self.when = port, time.monotonic()
		self.eth_dst, self.eth_src = frame[0:6], frame[6:12]
		n = struct.unpack_from("!H", frame, 18)[0]
		self.raw = p = frame[14:54 + n]
		nh, self.hop_limit, at = p[6], p[7], 40
		self.traffic_class = struct.unpack_from("!H", p)[0] >> 4 & 0xff
		self.src, self.dst = p[8:24], p[24:40]
		self.hao = self.rh2 = None
		while nh in (DSTOPTS, ROUTING, 0):
			size = (p[at + 1] + 1) * 8
			if nh == ROUTING and p[at + 2] == 2:
				self.rh2 = p[at + 8:at + 24]
			elif nh == DSTOPTS:
				for t, v, _ in mobility_options(p[at:at + size], 2):
					self.hao = v if t == 0xc9 else self.hao
			nh, at = p[at], at + size
		self.nh, self.at, self.up = nh, at, p[at:]
		self.kind = self.up[0] if nh == ICMP6 else None
		self.mh = self.up[2] if nh == MH else None
		self.good = True
		if nh in (ICMP6, MH):
			self.good = checksum_ok(self.hao or self.src, self.rh2 or self.dst, nh, self.up)

	def inner(self):
		"""The packet inside a tunnel packet, as a frame without addresses of its own."""
		return Packet(self.eth_dst + self.eth_src + b"\x86\xdd" + self.up, self.port)

	def nd_options(self):
		start = {134: 16, 135: 24, 136: 24, 133: 8}[self.kind]
		return [(t, o, start + off) for t, o, off in options(self.up[start:])]

	def hmac_good(self, key, off):
		return whole_packet_hmac(key, self.raw, [(self.at + (2 if self.nh == ICMP6 else 4), 2),
			(self.at + off, 20)]) == self.up[off:off + 20]

	def auth_good(self, key):
		return self.up[-14:-12] == b"\5\x0c" and authenticator(key, self.src, self.dst, self.up) == self.up[-12:]


# ---- ports -----------------------------------------------------------------------------------------------------
class Port:
	"""A packet socket on one interface of one namespace whose own IPv6 is off."""

	def __init__(self, node, dev):
		node.sysctl(**{dev + "__disable_ipv6": 1})
		node.ip("link set %s up" % dev)
		self.name, self.mac = node.name, bytes.fromhex(node.mac[dev].replace(":", ""))
		with in_namespace(node.ns):
			self.s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x86dd))
		self.s.bind((dev, 0x86dd))
		self.s.setblocking(False)

	def send(self, packet, mac=None):
		dst = packet[24:40]
		mac = mac or (group_mac(dst) if dst[0] == 0xff else None)
		try:
			self.s.send(mac + self.mac + b"\x86\xdd" + packet)
		except OSError:
			pass	# no carrier: lost, as on any link

	def receive(self):
		try:
			frame, address = self.s.recvfrom(65536)
		except OSError:
			return None
		if address[2] == socket.PACKET_OUTGOING or len(frame) < 54:
			return self.receive()
		return Packet(frame, self)


class Peer:
	"""Receives on its ports, hands each packet to handle(), and keeps what came."""

	def __init__(self, *ports):
		self.ports, self.got = list(ports), []

	def handle(self, p):
		raise NotImplementedError

	def pump(self, until, seconds):
		"""Works until until() is true; its value, or None when the time is over."""
		return self._work(until, seconds * SLOW)

	def _work(self, until, seconds):
		end = time.monotonic() + seconds
		while True:
			v = until()
			left = end - time.monotonic()
			ready = [] if v else select.select([q.s for q in self.ports], [], [], max(0, min(left, 0.05)))[0]
			for q in [q for q in self.ports if q.s in ready]:
				p = q.receive()
				while p:
					self.got.append(p)
					self.handle(p)
					p = q.receive()
			if v or left <= 0:
				return v or until() or None

	def seen(self, test, since=0.0):
		return next((p for p in self.got if p.when >= since and test(p)), None)

	def mark(self):
		"""Now, with everything that came before it read: what is seen since then came later."""
		self._work(lambda: False, 0)
		return time.monotonic()

	def wait(self, test, seconds, since):
		return self.pump(lambda: self.seen(test, since), seconds)

	def idle(self, seconds):
		self._work(lambda: False, seconds)

	def close(self):
		for q in self.ports:
			q.s.close()
