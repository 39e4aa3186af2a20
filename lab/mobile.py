# SPDX-License-Identifier: ISC
"""Mobile nodes made of raw sockets: independent peers of a real access router (draft 2.1, 3), honest or not.

A Port is one raw socket on a link with any number of Hosts behind it.  Nothing here asks the router's daemon
anything: what a host knows it has read from the wire, with packet.py's checks.
"""
import os
import select
import socket
import struct
import time

import forge
import link
import oracle
import packet
import peer
from topology import LabError, in_namespace

SOLICITED, OVERRIDE = 0x40, 0x20


class Port:
	"""A raw socket in a namespace; hands each frame to the hosts behind it.  seen: what they did not answer."""

	def __init__(self, node, dev, protocol=0x86dd):
		"""At the port of a bridge nothing is seen but by ETH_P_ALL."""
		with in_namespace(node.ns):
			self.s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
		self.s.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)	# SO_RCVBUFFORCE
		self.s.setsockopt(263, 23, 1)	# PACKET_IGNORE_OUTGOING
		self.s.bind((dev, protocol))
		self.s.setblocking(False)
		self.hosts, self.seen = [], []

	def send(self, frame):
		self.s.send(frame)

	def _read(self):
		while True:
			try:
				frame = self.s.recv(65536)
			except BlockingIOError:
				return
			m = packet.decode(frame, time.time(), "")
			if m is None:
				continue
			self.seen.append(m)
			for h in self.hosts:
				h.on_message(m)

	def wait(self, fact, seconds):
		"""Serves the hosts until fact() is true; its value, or None after that many seconds."""
		end = time.monotonic() + seconds
		while True:
			self._read()
			v = fact()
			left = end - time.monotonic()
			if v or left <= 0:
				return v or None
			select.select([self.s], [], [], min(left, 0.05))

	def serve(self, seconds):
		self.wait(lambda: False, seconds)

	def find(self, test):
		return next((m for m in self.seen if test(m)), None)

	def close(self):
		self.s.close()


class Host:
	"""One node on the link: a link-layer address, a link-local address, a care-of address, its keys."""

	def __init__(self, port, n, prefix="2001:db8:1::"):
		self.port, self.n = port, n
		self.mac = struct.pack("!HI", 0x0200, 0x0b000000 + n)
		self.ll = packet.octets("fe80::b00:%x" % n)
		self.coa = packet.octets(prefix)[:8] + struct.pack("!II", 0x0b, n)
		self.coa2 = packet.octets(link.FAR)[:8] + struct.pack("!II", 0x0f, n)
		self.router = None	# (link-local, link-layer, (n, e))
		self.seq, self.bu_seq = int.from_bytes(os.urandom(2), "big"), 100
		self.kbm = self.old = self.ack = None
		self.answers = True	# Neighbor Solicitations
		self.options = b""	# more of them in its authenticated advertisements
		self.defended = 0	# authenticated solicitations answered
		port.hosts.append(self)

	# ---- receiving -------------------------------------------------------------------------------------------------
	def on_message(self, m):
		if m.kind == "RA" and m.f.get("key"):
			self._learn(m)
		elif m.kind == "NS" and m.f["target"] in (self.coa, self.ll) and self.answers:
			self._solicited(m)
		elif m.kind == "KEAck" and m.dst == self.ll and m.rh2 == self.coa:
			self._acknowledged(m)

	def _learn(self, m):
		for t, o, _ in packet.options(m.data[16:]):
			if t == 6:
				self.router = (m.src, m.eth_src, o[4:])

	def _solicited(self, m):
		target = m.f["target"]
		if m.src != bytes(16):
			self.send(forge.na(target, m.src, target, SOLICITED | OVERRIDE, b"\x02\x01" + self.mac), m.eth_src)
			return
		zero = [(42, 2), (m.f["hmac_at"], 20)] if "hmac" in m.f else None
		for k in (self.kbm, self.old):
			if zero and k and oracle.whole_packet_hmac(k, m.raw, zero) == m.f["hmac"]:
				self.send(forge.authenticated_na(target, self.mac, m.f["nonce"], m.f["ar"], k, self.options))
				self.defended += 1
				return
		self.send(forge.na(target, peer.ALL_NODES, target, OVERRIDE, b"\x02\x01" + self.mac))

	def _acknowledged(self, m):
		base = len(m.raw) - len(m.mh)
		zero = [(base + 4, 2), (base + m.f["hmac_off"], 20)]
		if self.kbm and oracle.whole_packet_hmac(self.kbm, m.raw, zero) == m.f["hmac"]:
			self.ack = m

	# ---- sending ---------------------------------------------------------------------------------------------------
	def send(self, packet_, mac=None):
		dst = packet_[24:40]
		self.port.send(forge.ether(mac or (peer.group_mac(dst) if dst[0] == 0xff else link.AR_MAC), self.mac, packet_))

	def attach(self):
		"""A router with LKE answers our solicitation."""
		for _ in range(3):
			self.send(forge.rs(self.ll, self.mac))
			if self.port.wait(lambda: self.router, 1):
				return self
		raise LabError("no Router Advertisement with option 6")

	def known_to_kernel(self):
		"""What the home agent's acknowledgement does: the router's kernel resolves the care-of address.  An echo request
		from it makes the router answer."""
		echo = forge.icmp6(128, self.coa, link.AR, struct.pack("!HH", self.n & 0xffff, 1), 64)
		self.send(echo)
		return self.port.wait(lambda: self.port.find(lambda m: m.kind == "ICMP" and m.dst == self.coa), 3)

	def request(self, kbm=None, old=None, **kw):
		"""A Key Exchange Request as octets, the next number; keyword arguments change it."""
		ll, _, key = self.router
		self.seq = (self.seq + 1) & 0xffff
		k = kbm or self.kbm
		values = {"src": self.ll, "dst": ll, "coa": self.coa, "seq": self.seq, "lifetime": 7200, **kw}
		values.setdefault("data", peer.oaep_encrypt(key, k))
		values.setdefault("proofs", [(2, k)] + ([(1, old)] if old else []))
		return peer.key_exchange_request(**values)

	def begin(self):
		"""A new key for a first exchange or a renewal."""
		self.old, self.kbm, self.ack = (self.kbm if self.ack is not None and self.ack.f["status"] == 0 else self.old), os.urandom(16), None
		self.renewing = self.old

	def ask(self):
		self.send(self.request(old=self.renewing))

	def exchange(self, tries=3, wait=4.0):
		"""Key exchange until the router has verified DAD.  Returns the transmissions it took."""
		self.begin()
		for n in range(1, tries + 1):
			self.ask()
			if self.port.wait(lambda: self.ack, wait * (1 << (n - 1))):
				break
		if self.ack is None:
			raise LabError("no Key Exchange Acknowledgement after %d requests" % tries)
		if self.ack.f["status"]:
			raise LabError("key exchange refused with status %d" % self.ack.f["status"])
		self.port.serve(self.window())
		return n

	def window(self):
		"""Until the router believes its DAD: an authenticated answer and a second without another one (AMB-082)."""
		return 1.2

	@property
	def ar(self):
		return self.ack.f["ar"]


class Away:
	"""The other end of a mobile node's move: its new care-of address behind the router."""

	def __init__(self, lab):
		self.lab = lab
		self.port = Port(lab["far"], "eth0")
		self.mac = bytes.fromhex("020000000f00")

	def send(self, p):
		self.port.send(forge.ether(link.AR_FAR_MAC, self.mac, p))

	def update(self, host, lifetime=120, seconds=3, kbm=None, seq=None, wait=True, **kw):
		"""Sends a Binding Update of host; the verified Binding Acknowledgement, or None."""
		self.lab.far_neighbour(packet.text(host.coa2), self.mac)
		if seq is None:
			host.bu_seq = seq = (host.bu_seq + 1) & 0xffff
		key = kbm or host.kbm
		self.port.seen.clear()
		self.send(forge.binding_update(host.coa2, host.ar, host.coa, seq, lifetime, key, **kw))
		if not wait:
			return None
		return self.port.wait(lambda: self.port.find(lambda m: m.kind == "BA" and m.dst == host.coa2 and m.rh2 == host.coa and
			(m.f["seq"] == seq or m.f["status"] == 135)), seconds)

	def finish(self, host, ba):
		"""The Finished message a Binding Acknowledgement asks for."""
		self.send(forge.finished(host.coa2, host.ar, host.coa, ba.f["seq"], ba.f["lifetime"] * 4, ba.f["finished_request"], host.kbm))

	def close(self):
		self.port.close()


def authentic(ba, kbm):
	return "auth" in ba.f and oracle.authenticator(kbm, ba.src, ba.dst, ba.mh) == ba.f["auth"]
