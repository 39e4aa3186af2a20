# SPDX-License-Identifier: ISC
"""An access router that shares nothing with liblke: enough of one to judge a mobile node by (draft 4).

One peer serves several links, so that it sees a Binding Update for the router of one link arrive on another, and it
plays the correspondent node behind all of them.
"""
import os
import struct
import time

from packet import mobility_options, octets
from oracle import whole_packet_hmac
from peer import (ALL_NODES, ANY, BA, BU, FINISHED, ICMP6, IPV6, KEACK, KEREQ, MH, ROUTING, Peer, Port, binding, checksum,
	icmp6, ip6, make_rsa, mobility, patch, routing2, signed_nd, solicited_node)

REMOTE = octets("2001:db8:c::2")	# answers echo requests
PROOF_KEY, PROOF_RENEWAL = 2, 1


class Link:
	"""A link with its router: addresses and what was agreed with mobile nodes there."""

	def __init__(self, port, n):
		self.port = port
		self.ll, self.prefix = octets("fe80::a:%x" % n), octets("2001:db8:%d::" % n)[:8]
		self.ar = self.prefix + bytes(7) + b"\1"


class Lbsa:
	def __init__(self, link, coa, key, mac, ll):
		self.link, self.coa, self.key, self.mac, self.ll = link, coa, key, mac, ll
		self.nonce, self.good, self.bad, self.old, self.expires = os.urandom(4), [], [], None, 0.0
		self.care_of = None	# (address, link, link-layer address) while bound
		self.finished = False
		self.asked = set()	# sequence number, lifetime and octets of each acknowledgement that asked for a Finished

	def ask(self, seq, life):
		"""Four octets that a Finished has to bring back."""
		octets = os.urandom(4)
		self.asked.add(struct.pack("!HH", seq, life) + octets)
		return octets


class AccessRouter(Peer):
	"""literal: a router built from the draft alone, which skips proofs unread and asks for no Finished."""

	def __init__(self, nodes, literal=False, bits=2048, lifetime=600):
		self.links = [Link(Port(node, "wlan0"), n + 1) for n, node in enumerate(nodes)]
		super().__init__(*[k.port for k in self.links])
		self.literal, self.lifetime = literal, lifetime
		self.rsa, self.spki = make_rsa(bits)
		self.lbsa, self.problems, self.updates, self.requests = {}, [], [], []
		self.lose_acks = 0
		for k in self.links:
			self.advertise(k)

	def judge(self, what, held):
		if not held:
			self.problems.append(what)
		return held

	# ---- Neighbor Discovery --------------------------------------------------------------------------------
	def advertise(self, k, to=ALL_NODES, mac=None):
		prefix = struct.pack("!BBBBIII", 3, 4, 64, 0xe0, 86400, 14400, 0) + k.ar
		option = b"\6\0" + struct.pack("!H", self.lifetime) + self.spki
		option += bytes(-len(option) % 8)
		option = patch(option, 1, bytes([len(option) // 8]))
		body = struct.pack("!BBHII", 64, 0x20, 1800, 0, 0) + b"\1\1" + k.port.mac + prefix + option
		k.port.send(icmp6(134, body, k.ll, to), mac)

	def handle(self, p):
		k = next(x for x in self.links if x.port is p.port)
		if p.nh == MH and p.eth_dst == k.port.mac:
			self._mobility(k, p)
		elif p.kind == 133 and p.src != ANY:
			self.advertise(k, p.src, p.eth_src)
		elif p.kind == 135:
			self._solicited(k, p, p.up[8:24])
		elif p.kind == 136:
			self._advertised(k, p, p.up[8:24])
		elif p.dst == REMOTE:
			self._echo(k, p, None)
		elif p.nh == IPV6:
			self._tunnel(k, p)

	def _solicited(self, k, p, target):
		if p.src != ANY and target in (k.ll, k.ar):
			body = b"\xe0\0\0\0" + target + b"\2\1" + k.port.mac
			k.port.send(icmp6(136, body, target, p.src), p.eth_src)

	def _advertised(self, k, p, target):
		"""Every advertisement for a care-of address whose detection runs (draft 4.3)."""
		l = self.lbsa.get(target)
		if not l or p.dst != ALL_NODES or p.up[4] & 0x40:
			return
		reply = [(o, off) for t, o, off in p.nd_options() if t == 8]
		good = (len(reply) == 1 and p.good and p.hop_limit == 255 and p.src == target and p.up[4] == 0x20 and
			reply[0][0][4:8] == l.nonce and reply[0][0][8:24] == l.link.ar and
			p.hmac_good(l.key, reply[0][1] + 24) and any(t == 2 for t, _, _ in p.nd_options()))
		(l.good if good else l.bad).append(p)

	# ---- key exchange --------------------------------------------------------------------------------------
	def _mobility(self, k, p):
		if not self.judge("a good Mobility Header checksum", p.good):
			return
		{KEREQ: self._request, BU: self._update, FINISHED: self._finished}.get(p.mh, lambda k, p: None)(k, p)

	def _request(self, k, p):
		size = self.rsa.size
		key = self.rsa.oaep_decrypt(p.up[8:8 + size])
		opts = [(t, v, off) for t, v, off in mobility_options(p.up, 8 + size)]
		seq = struct.unpack_from("!H", p.up, 6)[0]
		ok = (self.judge("16 octets of key under RSAES-OAEP", key is not None and len(key) == 16) and
			self.judge("link-local addresses and hop limit 255", p.hop_limit == 255 and p.dst == k.ll and
				p.src[:2] == b"\xfe\x80") and
			self.judge("a care-of address of this link in the Home Address option", p.hao and p.hao[:8] == k.prefix) and
			self.judge("option 3 first, within the Maximum Lifetime", opts[0][0] == 3 and
				0 <= struct.unpack("!H", opts[0][1])[0] <= self.lifetime))
		self.judge("octets 3 of the header and Payload Proto", p.up[3] == 0 and p.up[0] == 59)
		if not ok:
			return
		self.requests.append((p.when, key, seq))
		old = self.lbsa.get(p.hao)
		if not self.literal:
			self._proofs(p, opts, key, old)
		if self.lose_acks:
			self.lose_acks -= 1
			return
		l = Lbsa(k, p.hao, key, p.eth_src, p.src)
		l.old = old
		l.expires = time.monotonic() + self.lifetime
		self.lbsa[p.hao] = l
		self._acknowledge(k, p, l, seq)
		body = bytes(4) + l.coa
		k.port.send(signed_nd(135, body, l.nonce, k.ar, ANY, solicited_node(l.coa), key))

	def _proofs(self, p, opts, key, old):
		found = {v[0]: (v[2:22], off + 4) for t, v, off in opts if t == 18 and len(v) == 22}
		zero = [(p.at + 4, 2)] + [(p.at + off, 20) for _, off in found.values()]
		self.judge("a request proof under the new key",
			PROOF_KEY in found and whole_packet_hmac(key, p.raw, zero) == found[PROOF_KEY][0])
		if old and old.expires > time.monotonic() and key != old.key:
			self.judge("a renewal proof under the old key",
				PROOF_RENEWAL in found and whole_packet_hmac(old.key, p.raw, zero) == found[PROOF_RENEWAL][0])

	def _acknowledge(self, k, p, l, seq):
		body = struct.pack("!BBHH", 0, 0, seq, self.lifetime // 4) + b"\4\x10" + k.ar + b"\0\0\5\x14" + bytes(22)
		a = ip6(ROUTING, k.ll, p.src, routing2(MH, l.coa) + mobility(KEACK, body), 255, 0xf0 if self.literal else 0xc0)
		a = patch(a, 64 + 34, whole_packet_hmac(l.key, a, []))
		k.port.send(patch(a, 68, checksum(k.ll, l.coa, MH, a[64:])), p.eth_src)

	# ---- binding -------------------------------------------------------------------------------------------
	def _update(self, k, p):
		home = p.hao or p.src
		l = self.lbsa.get(home)
		if not self.judge("a Binding Update for a known pair of addresses", l and p.dst == l.link.ar):
			return
		seq, flags, life = struct.unpack_from("!HHH", p.up, 6)
		keys = [x.key for x in (l, l.old) if x]
		if not self.judge("an Authenticator that verifies", any(p.auth_good(x) for x in keys)):
			return
		self.judge("flags A and H alone", flags == 0xc000)
		self.judge("32 octets of Binding Update", len(p.up) == 32)
		self.updates.append((p.when, home, p.src, seq, life))
		key = next(x for x in keys if p.auth_good(x))
		life = min(life, 60) if p.src != home else 0
		extra = b"\6\6\x80\0" + l.ask(seq, life) if life and not self.literal else b""
		l.care_of = (p.src, k, p.eth_src) if life else None
		k.port.send(binding(BA, struct.pack("!BBHH", 0, 0, seq, life), extra, key, l.link.ar, p.src, home), p.eth_src)

	def _finished(self, k, p):
		l = self.lbsa.get(p.hao)
		# Of any acknowledgement: an update may have been repeated before its answer came.
		self.judge("a Finished that was asked for, signed, with the numbers of its acknowledgement", p.up[6:8] == b"\0\0" and
			len(p.up) == 32 and any(p.up[8:16] in x.asked and p.auth_good(x.key) for x in (l, l and l.old) if x))
		if l:
			l.finished = True

	# ---- data ----------------------------------------------------------------------------------------------
	def _tunnel(self, k, p):
		i = p.inner()
		l = self.lbsa.get(i.src)
		if self.judge("reverse tunnel packets from the bound care-of address alone",
				l and l.care_of and l.care_of[0] == p.src and p.dst == l.link.ar) and i.dst == REMOTE:
			self._echo(k, i, l)

	@staticmethod
	def reply(p):
		"""The correspondent's answer to an echo request, as octets."""
		if p.kind != 128:
			return None
		reply = patch(bytes([129]) + p.up[1:], 2, bytes(2))
		return ip6(ICMP6, REMOTE, p.src, patch(reply, 2, checksum(REMOTE, p.src, ICMP6, reply)), 60)

	def _echo(self, k, p, l):
		reply = self.reply(p)
		if not reply:
			return
		l = self.lbsa.get(p.src)
		if l and l.care_of:
			coa, link, mac = l.care_of
			link.port.send(ip6(IPV6, l.link.ar, coa, reply, 64), mac)
		else:
			k.port.send(reply, p.eth_src)
