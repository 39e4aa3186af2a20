# SPDX-License-Identifier: ISC
"""What attacks on a real access router share: an attacker's port, a victim with its LBSA, and the proof afterwards that
nothing was harmed (design: a valid exchange and a Binding Update still work)."""
import os
import time

import forge
import link
import mobile
import packet
from topology import LabError, wait_for


class Scene:
	"""with Scene(build, directory) as s: s.victim is on the link with a valid LBSA, s.x is the attacker's raw socket.

	check() collects what did not hold; bad is the list of it.
	"""

	def __init__(self, build, directory, conf="", args=()):
		self.lab = link.Link(os.path.join(directory, "work"), build, conf, args)
		self.bad, self.n = [], 1

	def __enter__(self):
		self.lab.__enter__()
		try:
			self.port, self.x = mobile.Port(self.lab["hosts"], "wlan0"), mobile.Port(self.lab["x"], "eth0")
			self.away = mobile.Away(self.lab)
			self.victim = mobile.Host(self.port, 1).attach()
			self.victim.exchange()
			self.check("the victim's LBSA is valid", self.state(self.victim) == "valid")
		except BaseException:
			self.lab.close()
			raise
		return self

	def __exit__(self, *exc):
		for p in (self.port, self.x):
			p.close()
		self.away.close()
		self.lab.__exit__(*exc)

	def check(self, what, held, detail=""):
		if not held:
			self.bad.append("%s%s" % (what, ": %s" % (detail,) if detail != "" else ""))

	def state(self, host):
		return self.lab.ar.lbsa_state(packet.text(host.coa))

	def attacker(self, n=0xe01):
		"""An honest-looking host at the attacker's port: knows the router, has nothing."""
		h = mobile.Host(self.x, n)
		h.mac = b"\x02\0\0\0\x0e" + bytes([n & 0xff])
		h.router, h.kbm = self.victim.router, os.urandom(16)
		return h

	def inject(self, p, mac=b"\x02\0\0\0\x0e\x01", to=link.AR_MAC):
		self.x.send(forge.ether(to, mac, p))

	def settle(self, p):
		"""Everything sent before has been judged: in each of the router's two queues something is behind it, a request with a
		wrong hop limit that is counted and a solicitation that is answered."""
		name, seen = "drop:scope_hop_limit", len(p.seen)
		count = self.lab.counters().get(name, 0)
		marker = self.attacker(0xefe)
		self.x.hosts.remove(marker)
		p.send(forge.ether(link.AR_MAC, marker.mac, marker.request(hop_limit=253)))
		wait_for(lambda: self.lab.counters().get(name, 0) > count, 5, "a request behind the attack to be counted", 0.01)
		probe = mobile.Host(p, 0xeff)
		probe.mac = b"\x02\0\0\0\x0e\xff"
		wait_for(lambda: self._solicit(p, probe, seen), 5, "an answer behind the attack")
		p.hosts.remove(probe)

	def _solicit(self, p, probe, seen):
		probe.send(forge.rs(probe.ll, probe.mac))
		return p.wait(lambda: next((m for m in p.seen[seen:] if m.kind == "RA" and m.dst == probe.ll), None), 0.5)

	def unharmed(self):
		"""The victim's LBSA is as it was, it renews, moves and comes back; a newcomer gets an LBSA."""
		self.check("the victim's LBSA is still valid", self.state(self.victim) == "valid")
		end = time.monotonic() + 5
		self.n += 1
		newcomer = mobile.Host(self.port, self.n).attach()
		for h, what in ((self.victim, "renewal"), (newcomer, "first exchange")):
			try:
				h.exchange()
			except LabError as e:
				self.check("%s after the attack" % what, False, e)
				return
		self.check("both took at most five seconds", time.monotonic() < end + 2 * h.window(), time.monotonic() - end)
		for h in (self.victim, newcomer):
			ba = self.away.update(h)
			self.check("a Binding Update after the attack", ba and ba.f["status"] == 0 and mobile.authentic(ba, h.kbm), ba and ba.f)
		self.check("the daemon runs", self.lab.ar.process.poll() is None)
