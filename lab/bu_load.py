# SPDX-License-Identifier: ISC
"""Mobile nodes that send Binding Updates in ESP at a rate, and an attacker who records all that were accepted.

Manual keys with NULL encryption and HMAC-SHA256-128, from RFC 6275, 4303 and 4868 alone; frames go out at a packet socket
of the core router, whose network the care-of addresses are in.
"""
import hashlib
import hmac
import random
import secrets
import select
import socket
import struct
import time

from packet import octets
from peer import DSTOPTS, MH, checksum, ip6, mobility, pad, patch
from topology import HOME_AGENT, in_namespace

ESP, BU, BA, A_H = 50, 5, 6, 0xc000
LIFETIME = 100  # units of 4 s
OUTSTANDING = 2


class Mobile:
	"""One home address.  Numbers are kept without their wrap; packets carry them modulo 65536."""

	def __init__(self, n):
		self.n, self.name, self.home = n, "m%d" % n, octets("2001:db8:100::1:%x" % n)
		self.coa = octets("2001:db8:c::1:%x" % n)
		self.number = 65536 + random.randrange(65536)
		self.spi, self.esp_seq, self.sent_at = 0x2000 + 2 * n, 0, 0.0
		self.key, self.answer_key = secrets.token_bytes(32), secrets.token_bytes(32)
		self.under_way, self.accepted, self.generation = {}, [], 1

	def key_lines(self):
		return "\n".join(["spi-to-ha = %d" % self.spi, "spi-to-mn = %d" % (self.spi + 1), "encryption = null",
			"integrity = hmac-sha256-128", "integrity-key-to-ha = " + self.key.hex(),
			"integrity-key-to-mn = " + self.answer_key.hex(), "generation = %d" % self.generation]) + "\n"

	def take_keys(self, text):
		"""The lines of a key or policy file."""
		v = dict(line.split(" = ", 1) for line in text.splitlines() if " = " in line)
		self.spi, self.generation = int(v["spi-to-ha"], 0), int(v["generation"])
		self.key, self.answer_key = (bytes.fromhex(v["integrity-key-to-" + s]) for s in ("ha", "mn"))

	def update(self, number, lifetime=LIFETIME):
		body = struct.pack("!HHH", number % 65536, A_H, lifetime) + pad(2) + bytes([3, 16]) + self.coa
		m = mobility(BU, body + pad(-(6 + len(body)) % 8))
		m = patch(m, 4, checksum(self.home, octets(HOME_AGENT), MH, m))
		self.esp_seq += 1
		fill = -(len(m) + 2) % 4
		text = struct.pack("!II", self.spi, self.esp_seq) + m + bytes(range(1, fill + 1)) + bytes([fill, MH])
		text += hmac.new(self.key, text, hashlib.sha256).digest()[:16]
		option = bytes([ESP, 2, 1, 2, 0, 0, 0xc9, 16]) + self.home
		return ip6(DSTOPTS, self.coa, octets(HOME_AGENT), option + text, 64)

	def answer(self, esp):
		"""(status, number modulo 65536) of a Binding Acknowledgement in ESP for us, or None."""
		text, icv = esp[:-16], esp[-16:]
		if not hmac.compare_digest(hmac.new(self.answer_key, text, hashlib.sha256).digest()[:16], icv):
			return None
		m = text[8:len(text) - 2 - text[-2]]
		return (m[6], struct.unpack_from("!H", m, 8)[0]) if m[2] == BA else None


class Load:
	"""All mobile nodes at one socket."""

	def __init__(self, lab, mobiles):
		self.mobiles = mobiles
		self.by_home = {m.home: m for m in mobiles}
		with in_namespace(lab["cr"].ns):
			self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x86dd))
			self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
			self.socket.bind(("core0", 0))
		ha, cr = (bytes.fromhex(lab[n].mac["core0"].replace(":", "")) for n in ("ha", "cr"))
		self.header = ha + cr + b"\x86\xdd"
		self.turn = self.sent = 0

	def close(self):
		self.socket.close()

	def send(self, packet):
		self.socket.send(self.header + packet)

	def answers(self, wait=0.0):
		"""(mobile, status, number) of each acknowledgement that is there or comes within so many seconds."""
		while select.select([self.socket], [], [], wait)[0]:
			p = self.socket.recv(2048)[14:]
			wait = 0.0
			if len(p) < 80 or p[6] != 43 or p[40] != ESP or p[42] != 2:
				continue
			m = self.by_home.get(p[48:64])
			got = m.answer(p[64:40 + struct.unpack_from("!H", p, 4)[0]]) if m else None
			if got:
				yield (m, *got)

	def take(self, wait=0.0):
		"""Reads answers to genuine updates: what was accepted is recorded, 135 says where to go on.  Statuses seen."""
		seen = {}
		for m, status, number in self.answers(wait):
			seen[status] = seen.get(status, 0) + 1
			if status == 0:
				for k, packet in list(m.under_way.items()):
					if k % 65536 == number:
						m.accepted.append((k, packet))
						del m.under_way[k]
			elif status == 135:
				m.under_way.clear()
				m.number += (number - m.number) % 65536 if (number - m.number) % 65536 < 32768 else 0
			else:
				m.under_way.clear()
		return seen

	def offer(self, m):
		m.number += 1
		m.under_way[m.number] = packet = m.update(m.number)
		m.sent_at = time.monotonic()
		self.send(packet)
		self.sent += 1

	def run(self, seconds, rate, alive=lambda: True):
		"""So many updates a second, the mobile nodes in turn; lost ones are given up after a second."""
		start, sent = time.monotonic(), 0
		while alive() and (now := time.monotonic()) - start < seconds:
			for _ in range(int((now - start) * rate) - sent):
				sent += 1
				self.turn += 1
				m = self.mobiles[self.turn % len(self.mobiles)]
				if now - m.sent_at > 1:
					m.under_way.clear()
				if len(m.under_way) < OUTSTANDING:
					self.offer(m)
			self.take(0.001)
		return sent

	def register(self, mobiles, seconds=10):
		"""Until each of them was accepted once more; asks again every second and goes on behind 135."""
		before = {m: len(m.accepted) for m in mobiles}
		end = time.monotonic() + seconds
		while waiting := [m for m in mobiles if len(m.accepted) == before[m]]:
			if time.monotonic() > end:
				return waiting
			for m in waiting:
				if not m.under_way or time.monotonic() - m.sent_at > 2.5:
					m.under_way.clear()
					self.offer(m)
			self.take(0.05)
		return []

	def replay(self, recorded, seconds=5):
		"""Sends recorded updates again.  {status: how often}, {mobile: the number that 135 told}."""
		statuses, told = {}, {}
		for k, (_, packet) in enumerate(recorded):
			self.send(packet)
			if k % 32 == 31:
				self._count(statuses, told, 0.002)
		end = time.monotonic() + seconds
		while sum(statuses.values()) < len(recorded) and time.monotonic() < end:
			self._count(statuses, told, 0.05)
		return statuses, told

	def _count(self, statuses, told, wait):
		for m, status, number in self.answers(wait):
			statuses[status] = statuses.get(status, 0) + 1
			if status == 135:
				told[m] = number
