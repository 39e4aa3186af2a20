# SPDX-License-Identifier: ISC
"""Attacks on a real access router whose outcome depends on the kernel (THREATS): each ends with the proof that a valid
key exchange and Binding Update still work."""
import os
import struct

import flood
import forge
import link
import mobile
import packet
import peer
from attack import Scene

ROUTING_2 = bytes([2, 2, 1]) + bytes(4)		# Hdr Ext Len, type, Segments Left; the address follows
DEST_PAD = bytes([0, 1, 4]) + bytes(4)		# Destination Options of 8 octets, padding only


def thr_001_flood_short(build, directory, printer):
	"""4 s of 10,000 requests a second, half of them from 40 hosts that answer: within the budget, and life goes on."""
	with flood.Run(build, os.path.join(directory, "work"), 3, "KexCpu = 1%\n") as run:
		ops = run.lab.ar.show()["rsa"]["ops_per_sec"]
		with open(run.lab.ar.log) as f:
			lines = len(f.readlines())
		r = run.flood(10000, 4, 40, bu_rate=50)
		rsa = run.lab.ar.show()["rsa"]
		with open(run.lab.ar.log) as f:
			lines = len(f.readlines()) - lines
	bad = []
	# Over ten seconds, with the same burst and renewals.
	if not 0 < rsa["kex_per_sec"] <= 3 * rsa["kex_max_per_sec"] or rsa["kex_max_per_sec"] != max(ops // 100, 1):
		bad.append("lke show tells of %s" % rsa)
	# The burst of a second, the flood's time with that of its preparation, and as much again taken ahead by renewals.
	budget = (ops / 100 + 1) * (2 + r["seconds"] + 10)
	if r["counters"].get("rsa_private", 0) > budget:
		bad.append("%d RSA operations, the budget is %d" % (r["counters"]["rsa_private"], budget))
	if r["memory_growth"] > 64 << 20:
		bad.append("memory grew by %d octets" % r["memory_growth"])
	if r["renewals"]["done"] < 1:
		bad.append("no renewal was done: %s" % r["renewals"])
	for path, t in r["times"].items():
		if t["bu"]["lost"] == t["bu"]["n"]:
			bad.append("%s: no Binding Update was answered" % path)
	# THREATS 93: ten lines a second of each class; some fifteen classes can speak here.
	if lines > 15 * 10 * (r["seconds"] + 10):
		bad.append("%d lines in the log" % lines)
	return bad


def thr_015_016_017_scope(build, directory, printer):
	"""Hop limit 254, other addresses, another interface, behind a routing header, out of a tunnel: no answer of any kind."""
	with Scene(build, directory) as s:
		a = s.attacker()
		ll = a.router[0]
		scoped = peer.octets("2001:db8:1::b:e:1")
		good = a.request()
		tries = [("hop limit 254", a.request(hop_limit=254)), ("global source", a.request(src=scoped)),
			("unspecified source", a.request(src=bytes(16))), ("global destination", a.request(dst=link.AR)),
			("multicast destination", a.request(dst=peer.ALL_ROUTERS)), ("multicast source", a.request(src=peer.ALL_NODES)),
			("type 2 routing header", forge.behind(good, peer.ROUTING, ROUTING_2 + a.coa)),
			("type 0 routing header", forge.behind(good, peer.ROUTING, bytes([2, 0, 1]) + bytes(4) + ll)),
			("tunnel to the router's address", forge.tunnel(a.coa, link.AR, a.request())),
			("tunnel to the link-local address", forge.tunnel(a.ll, ll, a.request())),
			("tunnel in a tunnel", forge.tunnel(a.coa, link.AR, forge.tunnel(a.coa, link.AR, a.request())))]
		before = s.lab.counters()
		for what, p in tries:
			s.x.seen.clear()
			s.inject(p)
			s.settle(s.x)
			answers = [m.kind for m in s.x.seen if m.kind in ("KEAck", "ParamProblem", "Unreachable", "BE", "TimeExceeded") or m.kind == "NS" and
				m.f["target"] == a.coa]
			# A link-local address is no tunnel end: there the kernel says that it knows no such protocol.  Who is at the
			# other end of no tunnel is told (AMB-120); for that the router may have to resolve it.
			may = {"ParamProblem"} if what.endswith("link-local address") else {"Unreachable", "NS"} if "tunnel" in what else set()
			s.check("%s is not answered" % what, set(answers) <= may and answers.count("Unreachable") <= 1, answers)
		# The other interface has no LKE; the same from a tunnel of a network behind the router.
		for what, p in (("other interface", a.request()), ("tunnel from behind", forge.tunnel(peer.octets(link.FAR + "66"), link.AR_FAR, a.request()))):
			s.away.port.seen.clear()
			s.away.send(p)
			s.away.port.serve(0.3)
			answers = [m.kind for m in s.away.port.seen if m.kind in ("KEAck", "ParamProblem", "Unreachable", "BE")]
			s.check("%s is not answered" % what, not answers, answers)
		s.check("nothing was decrypted", s.lab.counters().get("rsa_private") == before.get("rsa_private"))
		s.unharmed()
		return s.bad


def in_the_window(s, sent, n):
	"""A fresh host's exchange; `sent` (a list of packets) goes out when its DAD solicitation is on the link.  Its state."""
	h = mobile.Host(s.port, n).attach()
	h.begin()
	h.ask()
	s.check("a key exchange for the test", h.port.wait(lambda: h.defended, 4))
	for p in sent(h):
		s.inject(p, to=peer.group_mac(p[24:40]) if p[24] == 0xff else link.AR_MAC)
	h.port.serve(h.window())
	return h, s.state(h)


def thr_040_misformed_neighbour_discovery(build, directory, printer):
	"""Plain advertisements for a care-of address in its DAD window that a kernel must not take: fragmented (RFC 6980), from
	off the link, with a code, a wrong checksum, in a tunnel.  A right one ends the detection: the test sees a difference."""
	def plain(h, **kw):
		return forge.na(h.coa, peer.ALL_NODES, h.coa, 0x20, b"\x02\x01\x02\0\0\0\x0e\x01", **kw)

	def bad_checksum(h):
		p = plain(h)
		return p[:42] + bytes([p[42] ^ 0x55]) + p[43:]
	cases = (("fragmented", lambda h: forge.fragments(plain(h), 16)), ("atomic fragment", lambda h: forge.fragments(plain(h), 4096)),
		("hop limit 254", lambda h: [plain(h, hop_limit=254)]), ("code 1", lambda h: [plain(h, code=1)]),
		("bad checksum", lambda h: [bad_checksum(h)]), ("in a tunnel", lambda h: [forge.tunnel(h.coa, link.AR, plain(h))]),
		("option of length 0", lambda h: [forge.na(h.coa, peer.ALL_NODES, h.coa, 0x20, b"\x02\0\x02\0\0\0\x0e\x01")]))
	with Scene(build, directory) as s:
		for i, (what, sent) in enumerate(cases):
			_, state = in_the_window(s, sent, 0x20 + i)
			s.check("%s: the LBSA is valid" % what, state == "valid", state)
		for i, (what, sent) in enumerate((("a plain advertisement", lambda h: [plain(h)]),
				("one behind destination options", lambda h: [forge.behind(plain(h), peer.DSTOPTS, DEST_PAD)]))):
			_, state = in_the_window(s, sent, 0x40 + i)
			s.check(what + " ends the detection", state == "tombstone", state)
		s.inject(plain(s.victim), to=peer.group_mac(peer.ALL_NODES))
		s.settle(s.x)
		s.unharmed()
		return s.bad


def odd_packets(a, victim):
	"""(name, packets, may be answered by an ICMPv6 error) of THREATS 14, 19, 79 and 80."""
	good = a.request()
	mh = good[64:]
	head = good[:64]

	def with_mh(m):
		m = peer.patch(m, 4, bytes(2))
		return head[:4] + struct.pack("!H", 24 + len(m)) + head[6:] + peer.patch(m, 4, peer.checksum(a.coa, good[24:40], peer.MH, m))
	bu = forge.binding_update(victim.coa2, victim.ar, victim.coa, 7, 60, victim.kbm)
	yield "a hundred destination options headers", [chain(good, 100)], True
	yield "nine extension headers", [chain(good, 9)], True
	yield "hop-by-hop options not first", [forge.behind(forge.behind(good, 0, DEST_PAD), peer.DSTOPTS, DEST_PAD)], True
	yield "jumbo payload", [peer.ip6(0, good[8:24], good[24:40], bytes([peer.DSTOPTS, 0, 0xc2, 4]) + struct.pack("!I", 1 << 17) + good[40:])[:4] +
		bytes(2) + peer.ip6(0, good[8:24], good[24:40], bytes([peer.DSTOPTS, 0, 0xc2, 4]) + struct.pack("!I", 1 << 17) + good[40:])[6:]], True
	yield "fragments", forge.fragments(good, 64), False
	yield "fragments backwards", forge.fragments(good, 64)[::-1], False
	yield "overlapping fragments", forge.fragments(good, 64)[:2] + [forge.fragment(good, 56, False, good[40 + 56:])], False
	yield "atomic fragment", forge.fragments(good, 4096), False
	yield "tiny first fragment", [forge.fragment(good, 0, True, good[40:48])], False
	yield "only the last fragment", [forge.fragment(good, 1024, False, bytes(64))], False
	for n in (0, 1, 16, 254, 255):
		yield "header length %d" % n, [with_mh(mh[:1] + bytes([n]) + mh[2:])], False
	yield "payload protocol 6", [with_mh(b"\x06" + mh[1:])], False
	yield "bad checksum", [good[:68] + bytes([good[68] ^ 1]) + good[69:]], False
	yield "unknown type on the link", [with_mh(mh[:2] + b"\x2a" + mh[3:])], True
	yield "option beyond the end", [with_mh(mh[:-4] + b"\x12\xff\0\0")], False
	yield "no lifetime option", [with_mh(mh[:8 + 256] + b"\x01\x1e" + bytes(30))], False
	yield "ciphertext of zeros", [a.request(data=bytes(256))], False
	yield "ciphertext of ones", [a.request(data=b"\xff" * 256)], False
	yield "ciphertext cut short", [a.request(data=os.urandom(248))], False
	alone = peer.patch(mh, 4, bytes(2))
	yield "no home address option", [peer.ip6(peer.MH, a.ll, good[24:40], peer.patch(alone, 4, peer.checksum(a.ll, good[24:40], peer.MH, alone)))], False
	yield "two home address options", [forge.behind(good, peer.DSTOPTS, peer.home_address(0, a.coa)[1:])], True
	yield "home address of 15 octets", [good[:46] + b"\xc9\x0f" + good[48:]], True
	yield "cut off in the address", [good[:20]], False
	yield "cut off in the message", [good[:90]], False
	yield "update without its checksum", [peer.patch(bu, 68, b"\0\0")], False


def chain(p, n):
	for _ in range(n):
		p = forge.behind(p, peer.DSTOPTS, DEST_PAD)
	return p


def thr_014_019_079_080_odd_packets(build, directory, printer):
	"""Header chains, fragments, jumbograms and malformed messages: counted drops, no acknowledgement, no LBSA, no binding.
	Each comes from a host of its own that is on the link and may ask: neither the neighbour check nor a limit of the source
	stands before what is tested."""
	with Scene(build, directory) as s:
		s.victim.bu_seq = 7
		names = [what for what, *_ in odd_packets(s.attacker(), s.victim)]
		for i, what in enumerate(names):
			a = s.attacker(0xe10 + i)
			_, packets, error = list(odd_packets(a, s.victim))[i]
			before = s.lab.counters()
			s.x.seen.clear()
			for p in packets:
				s.inject(p, a.mac)
			s.settle(s.x)
			decrypted = lambda: s.lab.counters().get("rsa_private", 0) - before.get("rsa_private", 0)	# noqa: B023,E731
			if what.startswith("ciphertext of"):
				s.x.wait(decrypted, 3)
			s.x.serve(0.2)	# a private operation that was begun has its end
			answers = [m.kind for m in s.x.seen if m.kind in ("KEAck", "BA", "BE", "Finished") or not error and m.kind == "ParamProblem"]
			s.check("%s is not answered" % what, not answers, answers)
			s.check("%s makes nothing" % what, s.state(a) is None and not s.lab.ar.show("bindings")["bindings"])
			# What has the form of a request is decrypted, once, and then it is silence (seq6_k_threat_04_undecryptable).
			s.check("%s is decrypted as it should" % what, decrypted() == what.startswith("ciphertext of"), decrypted())
			s.x.hosts.remove(a)
		# The same host with nothing wrong is served.
		a = s.attacker(0xe0f)
		s.inject(a.request(), a.mac)
		s.check("a right request is answered", s.x.wait(lambda: a.ack, 3))
		s.unharmed()
		return s.bad


TESTS = {f.__name__: f for f in (thr_001_flood_short, thr_015_016_017_scope, thr_040_misformed_neighbour_discovery,
	thr_014_019_079_080_odd_packets)}
