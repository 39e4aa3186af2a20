# SPDX-License-Identifier: ISC
"""lked as a mobile node against an access router that is odd but legal: written from the documents alone (peer_ar.py)."""
import os
import struct

from nodes import Daemon
from packet import octets, text
from peer import (ALL_NODES, BA, KEACK, MH, ROUTING, binding, checksum, icmp6, ip6, make_rsa, mobility, patch, routing2)
from oracle import whole_packet_hmac
from peer_ar import AccessRouter
from tests_foreign import LOCAL_MN, Verdicts, exchanged, moved
from topology import Lab, LabError

FOREVER = 0xffffffff


def option(kind, body):
	"""A Neighbor Discovery option, padded to eight octets."""
	body += bytes(-(2 + len(body)) % 8)
	return bytes([kind, (2 + len(body)) // 8]) + body


def prefix(address, flags, valid, preferred, length=64):
	return struct.pack("!BBBBIII", 3, 4, length, flags, valid, preferred, 0) + address


class OddRouter(AccessRouter):
	"""Every link has fe80::1 as its router.  Advertisements in two messages, options in odd places, unknown ones among them."""

	def __init__(self, nodes, bits, lifetime):
		self.sent = []
		super().__init__(nodes, False, bits, lifetime)
		for k in self.links:
			k.ll = octets("fe80::1")

	def advertise(self, k, to=ALL_NODES, mac=None):
		key = option(6, struct.pack("!H", self.lifetime) + self.spki)
		strange = option(200, b"?" * 21) + option(253, b"") + option(24, bytes([64, 0x18]) + bytes(12))
		first = (strange + prefix(k.ar, 0xe0, FOREVER, FOREVER) + key + option(31, bytes(6) + b"\7example\0") +
			prefix(octets("2001:db8:ee::"), 0x80, 86400, 86400) +			# on link, no addresses
			prefix(octets("2001:db8:ee01::"), 0xc0, 0, 0) +				# for no time
			prefix(octets("2001:db8:ee02::"), 0xc0, 100, 200) +			# preferred longer than valid
			prefix(octets("2001:db8:ee00::"), 0xc0, 86400, 14400, 48) +		# no identifier fits
			prefix(octets("fe80::"), 0xc0, 86400, 14400) + option(1, k.port.mac))
		head = struct.pack("!BBHII", 64, 0x28, 9000, 0, 0)				# H, preference high
		k.port.send(icmp6(134, head + first, k.ll, to), mac)
		# The rest of it: no H and no key in this one (RFC 4861 6.2.3, draft 3.1.1).
		rest = option(5, struct.pack("!HI", 0, 1400)) + option(25, struct.pack("!HI", 0, 600) + octets("2001:db8:c::53"))
		k.port.send(icmp6(134, struct.pack("!BBHII", 0, 0x08, 9000, 0, 0) + rest, k.ll, to), mac)

	def _acknowledge(self, k, p, l, seq):
		body = struct.pack("!BBHH", 0, 0xff, seq, self.lifetime // 4) + b"\1\0" + b"\4\x10" + k.ar + b"\xc8\2??" + b"\5\x14" + bytes(20)
		body += b"\1" + bytes([(-(6 + len(body)) - 2) % 8]) + bytes((-(6 + len(body)) - 2) % 8)
		at = body.index(b"\5\x14") + 2 + 6
		a = ip6(ROUTING, k.ll, p.src, routing2(MH, l.coa) + mobility(KEACK, body), 255, 0x20)
		a = patch(a, 64 + at, whole_packet_hmac(l.key, a, []))
		a = patch(a, 68, checksum(k.ll, l.coa, MH, a[64:]))
		self.sent.append((k, a, p.eth_src))
		k.port.send(a, p.eth_src)

	def answer(self, k, p, l, key, status, life, extra):
		"""A Binding Acknowledgement with an option nobody knows and a Refresh Advice before what counts."""
		seq = struct.unpack_from("!H", p.up, 6)[0]
		ba = binding(BA, struct.pack("!BBHH", status, 0, seq, life), b"\x63\4????" + b"\2\2\0\1" + extra, key, l.link.ar, p.src, l.coa)
		self.sent.append((k, ba, p.eth_src))
		k.port.send(ba, p.eth_src)

	def _update(self, k, p):
		home = p.hao or p.src
		l = self.lbsa.get(home)
		keys = [x.key for x in (l, l.old) if x] if l else []
		key = next((x for x in keys if p.auth_good(x)), None)
		if not self.judge("a Binding Update with an Authenticator that verifies", key and p.dst == l.link.ar):
			return
		seq, _, life = struct.unpack_from("!HHH", p.up, 6)
		self.updates.append((p.when, home, p.src, seq, life))
		life = life if p.src != home else 0
		l.care_of = (p.src, k, p.eth_src) if life else None
		# r = 0: asked for all the same (AMB-111).
		extra = b"\6\6\0\0" + l.ask(seq, life) if life else b""
		self.answer(k, p, l, key, 1 if life else 0, life, extra)

	def refresh(self, l):
		"""A Binding Refresh Request (RFC 6275 6.1.2): RH2, unsigned."""
		coa, k, mac = l.care_of
		m = patch(mobility(0, b"\0\0"), 4, b"\0\0")
		m = patch(m, 4, checksum(l.link.ar, l.coa, MH, m))
		k.port.send(ip6(ROUTING, l.link.ar, coa, routing2(MH, l.coa) + m, 64), mac)

	def replay(self):
		"""Everything that was ever acknowledged, once more, on every link."""
		for k, p, mac in self.sent:
			for other in self.links:
				other.port.send(p, mac)


def changed_key(ar, v, l, bits):
	"""The router shows another key: a renewal under it, with the proof of the old one, and the old key serves until then."""
	ar.rsa, ar.spki = make_rsa(bits)
	for k in ar.links:
		ar.advertise(k)
	new = exchanged(ar, v, l.coa, l, ar.lifetime)
	v("another key after the change", new.key != l.key)
	return new


def with_odd_router(build, directory, bits, second):
	v = Verdicts("odd access router, RSA-%d then %d" % (bits, second))
	with Lab(directory) as lab:
		ar = OddRouter([lab["ar1"], lab["ar2"]], bits, 40)
		mn = Daemon(lab, build, "mn", LOCAL_MN).start()
		try:
			lab.attach("l1")
			l = exchanged(ar, v)
			v("an address of the one usable prefix", l.coa[:8] == ar.links[0].prefix)
			v("no other address", sum(1 for x in mn.node.show("-6", "-o", "addr", "show", "dev", "wlan0").splitlines() if " 2001:" in x) == 1,
				mn.node.show("-6", "addr", "show", "dev", "wlan0"))
			v("the MTU of the second message", mn.node.run("sysctl", "-n", "net.ipv6.conf.wlan0.mtu").strip() == "1400")
			l = changed_key(ar, v, l, second)
			moved(ar, v, lab, l, "l2")
			here = exchanged(ar, v, old=l)
			v("the router of the same name on the other link is another one", here.link is ar.links[1])
			since = ar.mark()
			ar.refresh(l)
			v("a Binding Refresh Request is followed by an update", ar.pump(lambda: [u for u in ar.updates if u[0] >= since and u[1] == l.coa], 2))
			ar.idle(1.5)
			since = ar.mark()
			ar.replay()
			ar.idle(2)
			v("replays bring nothing", not [u for u in ar.updates if u[0] >= since] and not [r for r in ar.requests if r[0] >= since])
			v("and take nothing", mn.lbsa(text(l.coa)).get("state") and mn.lbsa(text(here.coa)).get("state"))
			# To and fro within a minute: two routers of one name, no alternating keys (AMB-075, AMB-076).
			for link, back, away in (("l1", l, here), ("l2", here, l), ("l1", l, here)):
				since = ar.mark()
				lab.move(link, 0.1)
				v.need("a deregistration on " + link,
					ar.pump(lambda: [u for u in ar.updates if u[0] >= since and u[1] == back.coa and u[2] == back.coa], 5))
				# What is not bound when the node comes back needs no deregistration.
				v.need("an update of the other address on " + link,
					ar.pump(lambda: [u for u in ar.updates if u[0] >= since and u[1] == away.coa and u[4]], 5))
			back = ar.lbsa[l.coa]
			exchanged(ar, v, l.coa, back, 20)
		except LabError as e:
			v.bad.append(str(e))
		finally:
			v.bad += ["%s: not seen: %s" % (v.who, x) for x in ar.problems[:5]]
			ar.close()
		v("lked ends well", mn.stop() == 0, mn.tail())
	return v.bad


def odd_but_legal_router(build, directory, printer):
	"""Advertisements in odd forms, keys of 1024 to 4096 bits that change, odd answers, replays, routers of one name on two links."""
	return [b for n, bits in enumerate(((1024, 4096), (3072, 2048))) for b in with_odd_router(build, os.path.join(directory, str(n)), *bits)]


TESTS = {f.__name__: f for f in (odd_but_legal_router,)}
