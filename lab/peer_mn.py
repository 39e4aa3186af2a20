# SPDX-License-Identifier: ISC
"""A mobile node that shares nothing with liblke: enough of one to judge an access router by (draft 5)."""
import os
import secrets
import struct
import time

from packet import mobility_options, octets
from topology import SLOW
from peer import (ALL_NODES, ALL_ROUTERS, ANY, BA, BU, DSTOPTS, FINISHED, ICMP6, IPV6, KEACK, MH, Peer, Port, binding, checksum, icmp6,
	ip6, key_exchange_request, oaep_encrypt, patch, signed_nd, solicited_node)


class Router:
	"""What a Router Advertisement said."""

	def __init__(self, p):
		self.ll, self.mac, self.flags = p.src, p.eth_src, p.up[5]
		self.lifetime = struct.unpack_from("!H", p.up, 6)[0]
		self.key = self.prefix = self.max_lifetime = None
		for t, o, _ in p.nd_options():
			if t == 3 and o[3] & 0x40:
				self.prefix = o[16:24]
			elif t == 6 and self.flags & 0x20:
				self.max_lifetime, self.key = struct.unpack_from("!H", o, 2)[0], o[4:]


class Lbsa:
	def __init__(self, coa, ar, key, lifetime):
		self.coa, self.ar, self.key, self.lifetime = coa, ar, key, lifetime
		self.seq = secrets.randbelow(65536)


class MobileNode(Peer):
	"""literal: a node built from the draft alone, without proofs."""

	def __init__(self, node, dev="wlan0", literal=False):
		super().__init__(Port(node, dev))
		self.port, self.literal = self.ports[0], literal
		self.ll = octets("fe80::b0:%x" % secrets.randbelow(65536))
		self.iid = os.urandom(8)
		self.own, self.answers, self.defend = {self.ll}, {}, True
		self.router, self.coa, self.kex_seq = None, None, secrets.randbelow(65536)
		self.dad = []	# (packet, did its HMAC verify)

	# ---- Neighbor Discovery --------------------------------------------------------------------------------
	def handle(self, p):
		if p.good and p.kind == 135 and p.hop_limit == 255:
			self._solicited(p, p.up[8:24])

	def _solicited(self, p, target):
		if target not in self.own:
			return
		if p.src != ANY:
			body = b"\x60\0\0\0" + target + b"\2\1" + self.port.mac
			self.port.send(icmp6(136, body, target, p.src), p.eth_src)
			return
		asked = [(o, off) for t, o, off in p.nd_options() if t == 7 and len(o) == 48]
		key = self.answers.get(target)
		body = b"\x20\0\0\0" + target + b"\2\1" + self.port.mac
		good = bool(asked and key and p.hmac_good(key, asked[0][1] + 24))
		self.dad.append((p, good))
		if not self.defend:
			return
		if good:
			o = asked[0][0]
			self.answer = signed_nd(136, body, o[4:8], o[8:24], target, ALL_NODES, key)
			self.port.send(self.answer)
		else:
			self.port.send(icmp6(136, body, target, ALL_NODES))

	def attach(self, seconds=5):
		"""Solicits, takes the first router and forms a care-of address; Router or None."""
		since = self.mark()
		body = bytes(4) + b"\1\1" + self.port.mac
		p = None
		while not p and time.monotonic() < since + seconds * SLOW:
			self.port.send(icmp6(133, body, self.ll, ALL_ROUTERS))
			p = self.wait(lambda p: p.kind == 134 and p.good and p.hop_limit == 255, 0.5, since)
		if not p:
			return None
		self.router = Router(p)
		self.router.delay = p.when - since
		self.coa = self.router.prefix + self.iid
		self.own.add(self.coa)
		self.port.send(icmp6(135, bytes(4) + self.coa, ANY, solicited_node(self.coa)))
		return self.router

	# ---- key exchange --------------------------------------------------------------------------------------
	def request(self, key, coa, old=None, seq=None, lifetime=None, src=None, hop_limit=255, dst=None, data=None):
		"""The octets of a Key Exchange Request (draft 3.2.1)."""
		if seq is None:
			self.kex_seq = seq = (self.kex_seq + 1) & 0xffff
		r = self.router
		proofs = [(sub, k) for sub, k in ((2, key), (1, old)) if k and not self.literal]
		return key_exchange_request(src or self.ll, dst or r.ll, coa, seq, data or oaep_encrypt(r.key, key),
			r.max_lifetime if lifetime is None else lifetime, proofs, hop_limit, 0xf0 if self.literal else 0xc0)

	def exchange(self, key=None, old=None, seconds=6):
		"""One exchange for the care-of address.  (status, Lbsa or None), or None without a verified answer."""
		key = key or os.urandom(16)
		if not old:
			self.answers[self.coa] = key
		since = self.mark()
		kept = self.answers.get(self.coa)
		self.answers[self.coa] = key
		self.port.send(self.request(key, self.coa, old), self.router.mac)
		p = self.wait(lambda p: p.mh == KEACK, seconds, since)
		ack = self.read_ack(p, key) if p else None
		if ack and ack[0] >= 128:
			self.answers[self.coa] = kept
		return ack

	def read_ack(self, p, key):
		status, _, seq, life = struct.unpack_from("!BBHH", p.up, 6)
		opts = {t: (v, off) for t, v, off in mobility_options(p.up, 12)}
		if not (p.good and p.hop_limit == 255 and p.src == self.router.ll and p.dst == self.ll and
			p.rh2 == self.coa and seq == self.kex_seq and len(opts[4][0]) == 16 and len(opts[5][0]) == 20):
			return None
		if not p.hmac_good(key, opts[5][1] + 2):
			return None
		return status, Lbsa(self.coa, opts[4][0], key, life * 4) if status < 128 else None

	# ---- binding -------------------------------------------------------------------------------------------
	def update(self, l, lifetime=60, coa=None, key=None, seq=None, extra=b"", home=None):
		"""The octets of a Binding Update (draft 2.1(a))."""
		if seq is None:
			l.seq = seq = (l.seq + 1) & 0xffff
		return binding(BU, struct.pack("!HHH", seq, 0xc000, lifetime), extra, key or l.key, coa or self.coa, l.ar,
			home or l.coa)

	def bind(self, l, finish=True, seconds=3, **how):
		"""Sends a Binding Update until an acknowledgement comes: (status, lifetime in seconds, nonce or
		None, signed), or None."""
		since, p = self.mark(), None
		while not p and time.monotonic() < since + seconds * SLOW:
			self.port.send(self.update(l, **how), self.router.mac)
			p = self.wait(lambda p: p.mh == BA and (p.rh2 or p.dst) == l.coa, 1, since)
		if not p:
			return None
		status, _, seq, life = struct.unpack_from("!BBHH", p.up, 6)
		nonce = next((v[2:6] for t, v, _ in mobility_options(p.up, 12) if t == 6 and len(v) == 6), None)
		signed = p.auth_good(l.key)
		if finish and nonce and signed:
			self.port.send(self.finished(l, seq, life, nonce), self.router.mac)
		return status, life * 4, nonce, signed and p.good

	def finished(self, l, seq, life, nonce, key=None):
		return binding(FINISHED, struct.pack("!BBHH", 0, 0, seq, life) + nonce, b"", key or l.key, self.coa, l.ar, l.coa)

	# ---- tunnel --------------------------------------------------------------------------------------------
	def tunnelled(self, l):
		"""A test for packets out of the forward tunnel of this LBSA."""
		return lambda p: p.nh == IPV6 and p.src == l.ar and p.dst == self.coa and p.inner().dst == l.coa

	def answer_ping(self, l, p, limit=False):
		"""Sends the echo reply to a tunnelled echo request through the reverse tunnel; limit: behind a Tunnel
		Encapsulation Limit, as the tunnels of Linux have it (RFC 2473 5.1)."""
		i = p.inner()
		reply = patch(bytes([129]) + i.up[1:], 2, bytes(2))
		reply = patch(reply, 2, checksum(i.dst, i.src, ICMP6, reply))
		inner = ip6(ICMP6, i.dst, i.src, reply, 64)
		options = bytes([IPV6, 0, 4, 1, 4, 1, 1, 0]) if limit else b""
		self.port.send(ip6(DSTOPTS if limit else IPV6, self.coa, l.ar, options + inner, 64), self.router.mac)
