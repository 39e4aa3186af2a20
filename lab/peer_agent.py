# SPDX-License-Identifier: ISC
"""A home agent that shares nothing with liblke, behind the access router of peer_ar.py: enough of one to judge a mobile
node by (RFC 6275 10, RFC 3776)."""
import struct

from packet import mobility_options
from peer import BA, BU, IPV6, MH, ROUTING, checksum, ip6, mobility, pad, patch, routing2
from peer_ar import AccessRouter
from peer_home import ESP, A, H, Keys

BRR = 0


class HomeAgent(AccessRouter):
	"""home, agent: 16 octets each.  answers: what to say to the next Binding Updates, (status, number or None for its own,
	lifetime in units of 4 s, further options), or None for silence; then it accepts them."""

	def __init__(self, nodes, keys, home, agent, literal=False):
		super().__init__(nodes, literal)
		self.keys, self.home, self.agent = Keys(keys, agent=True), home, agent
		self.registrations, self.answers, self.care_of = [], [], None	# registrations: (when, number, care-of address, lifetime)

	def handle(self, p):
		k = next(x for x in self.links if x.port is p.port)
		if p.dst == self.agent and p.eth_dst == k.port.mac:
			return self._to_agent(k, p)
		return super().handle(p)

	def _to_agent(self, k, p):
		if p.nh == ESP and self.judge("a home registration in ESP with the home address in its option", p.hao == self.home):
			self._update_home(k, p)
		elif p.nh == IPV6:
			i = p.inner()
			if self.judge("a reverse tunnel from the registered care-of address, from the home address",
					self.care_of and p.src == self.care_of[0] and i.src == self.home):
				self._echo(k, i, None)

	def _echo(self, k, p, l):
		"""What is for the home address goes by its tunnel."""
		if p.src != self.home:
			return super()._echo(k, p, l)
		reply = self.reply(p)
		if reply:
			k.port.send(ip6(IPV6, self.agent, self.care_of[0], reply, 64), self.care_of[2])
		return None

	def _update_home(self, k, p):
		v = self.keys.open(p.up)
		if not self.judge("ESP that opens to a Mobility Header", v and v[0] == MH):
			return
		m = v[1]
		seq, flags, life = struct.unpack_from("!HHH", m, 6)
		options = {t: o for t, o, _ in mobility_options(m, 12)}
		self.judge("a Binding Update with a good checksum", m[2] == BU and
			checksum(self.home, self.agent, MH, patch(m, 4, b"\0\0")) == m[4:6])
		self.judge("flags A and H alone", flags == A | H)
		self.judge("the care-of address as Alternate Care-of Address (RFC 6275 11.7.1)", options.get(3) == p.src)
		self.judge("no other authorisation (AMB-177)", not {4, 5} & set(options))
		if self.registrations and self.registrations[-1][1] != seq:
			self.judge("numbers that rise", (seq - self.registrations[-1][1]) & 0xffff < 0x8000)
		self.registrations.append((p.when, seq, p.src, life))
		say = self.answers.pop(0) if self.answers else (0, None, life, b"")
		if say is None:
			return
		status, number, granted, extra = say
		if status < 128:
			self.care_of = (p.src, k, p.eth_src)
		body = struct.pack("!BBHH", status, 0, seq if number is None else number(seq), granted) + extra
		self.say(k, p.src, p.eth_src, mobility(BA, body + pad(-(6 + len(body)) % 8)))

	def say(self, k, coa, mac, m, esp=True):
		"""A Mobility Header to the mobile node at its care-of address, protected unless told otherwise."""
		m = patch(m, 4, checksum(self.agent, self.home, MH, m))
		rest = routing2(ESP, self.home) + self.keys.protect(MH, m) if esp else routing2(MH, self.home) + m
		k.port.send(ip6(ROUTING, self.agent, coa, rest, 64), mac)

	def refresh_home(self, esp=True):
		coa, k, mac = self.care_of
		self.say(k, coa, mac, mobility(BRR, b"\0\0"), esp)
