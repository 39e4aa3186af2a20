# SPDX-License-Identifier: ISC
"""lked against peers that share nothing with it (peer_mn.py, peer_ar.py), in both profiles of the peer."""
import os
import subprocess
import time

from nodes import AR_CONF, Daemon
from packet import octets, text
from peer import ALL_NODES, ANY, BA, Peer, Port, icmp6, solicited_node
from peer_ar import AccessRouter
from peer_mn import MobileNode
from topology import CannotRun, Lab, LabError, dies_with_us


BRIEF = bool(os.environ.get("LKE_LAB_BRIEF"))	# the first of several combinations alone: for a slow machine


class Verdicts:
	def __init__(self, who):
		self.who, self.bad = who, []

	def __call__(self, what, held, detail=""):
		if not held:
			self.bad.append("%s: %s (%s)" % (self.who, what, detail))
		return held

	def need(self, what, held):
		if not held:
			raise LabError("%s: %s%s" % (self.who, what, "; before it: " + "; ".join(self.bad) if self.bad else ""))
		return held


class Thief(Peer):
	"""A host on AR1's link that probes for an address and listens for objections."""

	def handle(self, p):
		pass

	def probe(self, addr, seconds=2):
		since = self.mark()
		self.ports[0].send(icmp6(135, bytes(4) + addr, ANY, solicited_node(addr)))
		return self.wait(lambda p: p.kind == 136 and p.up[8:24] == addr, seconds, since)


def ping(node, peer, l, count=3):
	"""Echo requests from a node to the care-of address of l, answered by the peer through its tunnel; exit status."""
	since, told = time.monotonic(), set()
	p = node.popen(["ping", "-c", str(count), "-i", "0.2", "-W", "2", text(l.coa)], subprocess.DEVNULL)

	def over():
		for q in peer.got:
			if q.when >= since and id(q) not in told and peer.tunnelled(l)(q):
				told.add(id(q))
				if q.inner().kind == 128:
					peer.answer_ping(l, q)
		return p.poll() is not None
	peer.pump(over, 10)
	return node.lab.stop(p)


def exchange(mn, v, old=None):
	"""A key exchange with the authenticated DAD behind it, to the end of the DAD window."""
	since = time.monotonic()
	ack = v.need("a Key Exchange Acknowledgement that verifies", mn.exchange(old=old))
	l = v.need("an acceptance, not status %d" % ack[0], ack[1])
	v("AR address in the prefix of the care-of address", l.ar[:8] == mn.coa[:8], text(l.ar))
	v("granted no more than advertised", 0 < l.lifetime <= mn.router.max_lifetime, l.lifetime)
	v.need("a DAD Neighbor Solicitation with a good option 7",
		mn.pump(lambda: [d for d in mn.dad if d[0].when >= since and d[1]], 2))
	mn.idle(1.2)
	v("every solicitation of this exchange verifies", all(good for p, good in mn.dad if p.when >= since))
	return l


def on_ar1(mn, v, thief):
	r = v.need("a Router Advertisement in answer to the solicitation", mn.attach())
	v.need("H bit, option 6, a prefix", r.flags & 0x20 and r.key and r.prefix)
	v("Maximum Lifetime within the Router Lifetime", r.max_lifetime <= r.lifetime, "%d, %d" % (r.max_lifetime, r.lifetime))
	l = exchange(mn, v)
	mn.defend = False
	na = v.need("the router answers another host's DAD", thief.probe(l.coa))
	v("with the cached advertisement, octet for octet", na.raw == mn.answer)
	mn.defend = True
	return r, l


def away(mn, v, l, cn, thief):
	r = v.need("a Router Advertisement of AR2", mn.attach())
	status, life, nonce, signed = v.need("an answer to the Binding Update", mn.bind(l))
	v.need("it is accepted and signed", status == 0 and signed)
	v("the temporary binding lives 240 s at most", 0 < life <= 240, life)
	v("a Finished is asked for", nonce is not None)
	v("pings to the previous care-of address come and go by the tunnels", ping(cn, mn, l) == 0)
	status, _, _, signed = v.need("an answer to the repeated number", mn.bind(l, seq=l.seq))
	v("135, signed", status == 135 and signed, status)
	status, _, _, signed = v.need("an answer to a forgery", mn.bind(l, key=bytes(16), seq=(l.seq + 5) & 0xffff))
	v("128, unsigned", status == 128 and not signed, status)
	na = v.need("the router defends the previous care-of address", thief.probe(l.coa))
	v("with its own link-layer address", na.up[26:32] == na.eth_src and na.dst == ALL_NODES)
	return r


def back(mn, v, l, first):
	mn.router, mn.coa = first, l.coa
	status, life, _, signed = v.need("an answer to the deregistration", mn.bind(l, lifetime=0))
	v.need("accepted, lifetime 0, signed", status == 0 and life == 0 and signed)
	mn.port.send(icmp6(136, b"\x20\0\0\0" + l.coa + b"\2\1" + mn.port.mac, l.coa, ALL_NODES))
	mn.idle(3.2)
	new = exchange(mn, v, old=l.key)
	status, _, _, signed = v.need("an answer under the old key", mn.bind(l, lifetime=0))
	v("the old key is gone: 128, unsigned", status == 128 and not signed, status)
	status, _, _, signed = v.need("an answer under the new key", mn.bind(new, lifetime=0))
	v("nothing to deregister: 133, signed", status == 133 and signed, status)


def pairs(directory):
	"""Every profile of the peer with every profile of lked: (directory, literal, profile)."""
	return [(os.path.join(directory, "%d-%s" % (literal, profile)), literal, profile)
		for literal in (False, True) for profile in ("default", "draft01")][:1 if BRIEF else None]


def with_mobile_node(build, directory, literal, profile):
	v = Verdicts("mobile node %s, lked in profile %s" % ("from the draft alone" if literal else "with proofs", profile))
	with Lab(directory) as lab:
		ars = [Daemon(lab, build, n, AR_CONF + "Profile = %s\n" % profile, rsa=True).start() for n in ("ar1", "ar2")]
		mn, thief = MobileNode(lab["mn"], literal=literal), Thief(Port(lab["thief"], "eth0"))
		try:
			lab.attach("l1")
			first, l = on_ar1(mn, v, thief)
			lab.move("l2", 0.05)
			away(mn, v, l, lab["cn"], thief)
			lab.move("l1", 0.05)
			back(mn, v, l, first)
		except LabError as e:
			v.bad.append(str(e))
		finally:
			mn.close()
			thief.close()
		for d in ars:
			v("lked of %s ends well" % d.name, d.stop() == 0, d.tail())
	return v.bad


def foreign_mobile_node(build, directory, printer):
	"""A mobile node written from the documents alone: exchange, handover, tunnels, return; with and without proofs."""
	return [b for how in pairs(directory) for b in with_mobile_node(build, *how)]


LOCAL_MN = "[MobileNode]\nInterface = wlan0\nLocalOnly = yes\n"


def exchanged(ar, v, coa=None, old=None, seconds=10):
	"""The exchange that makes the next LBSA (not `old`), with the mobile node's authenticated answer."""
	def agreed():
		return next((l for l in ar.lbsa.values() if l is not old and (l.good or l.bad) and (not coa or l.coa == coa)), None)
	l = v.need("a key exchange with an answer to the DAD solicitation", ar.pump(agreed, seconds))
	ar.idle(1.0)
	v("one authenticated advertisement and no other", len(l.good) == 1 and not l.bad, "%d good, %d bad" % (len(l.good), len(l.bad)))
	return l


def moved(ar, v, lab, l, link):
	"""A move with a ping from the old address under way: its Binding Update, Finished, and both tunnels."""
	p = lab["mn"].popen(["ping", "-c", "20", "-i", "0.1", "-W", "1", "-I", text(l.coa), "2001:db8:c::2"], subprocess.PIPE,
		text=True)
	ar.idle(0.5)
	since = ar.mark()
	lab.move(link, 0.1)
	u = v.need("a Binding Update to the previous router", ar.pump(lambda: [u for u in ar.updates if u[0] >= since], 5))
	v("it asks for a temporary binding", u[0][4] and u[0][1] == l.coa and u[0][2] != l.coa)
	if not ar.literal:
		v("a Finished follows", ar.pump(lambda: l.finished, 2))
	ar.pump(lambda: p.poll() is not None, 10)
	got = [w for w in p.communicate()[0].split("\n") if "received" in w]
	lab.stop(p)
	v("pings go on through the tunnels", got and int(got[0].split()[3]) >= 18, got)


def with_access_router(build, directory, literal):
	v = Verdicts("access router from the draft alone" if literal else "access router with proofs")
	with Lab(directory) as lab:
		ar = AccessRouter([lab["ar1"], lab["ar2"]], literal, 1024 if literal else 2048, 600 if literal else 28)
		mn = Daemon(lab, build, "mn", LOCAL_MN).start()
		try:
			ar.lose_acks = int(not literal)
			lab.attach("l1")
			l = exchanged(ar, v)
			if not literal:
				(_, k1, s1), (_, k2, s2) = ar.requests[:2]
				v("a lost acknowledgement: the same key, the next number", k1 == k2 and s2 == (s1 + 1) & 0xffff)
				old, l = l, exchanged(ar, v, l.coa, l, 28)
				v("renewed in time, with another key", l.key != old.key and old.expires > ar.requests[-1][0])
			moved(ar, v, lab, l, "l2")
			exchanged(ar, v, old=l)
			since = ar.mark()
			lab.move("l1", 0.1)
			u = v.need("a deregistration after the return",
				ar.pump(lambda: [u for u in ar.updates if u[0] >= since and u[1] == l.coa and u[2] == l.coa], 5))
			v("with lifetime 0", u[0][4] == 0)
		except LabError as e:
			v.bad.append(str(e))
		finally:
			v.bad += ["%s: not seen: %s" % (v.who, x) for x in ar.problems[:5]]
			ar.close()
		v("lked ends well", mn.stop() == 0, mn.tail())
	return v.bad


def foreign_access_router(build, directory, printer):
	"""An access router written from the documents alone: lost acknowledgement, renewal, handover, return."""
	return [b for literal in ((False,) if BRIEF else (False, True))
		for b in with_access_router(build, os.path.join(directory, str(int(literal))), literal)]


def on_debians_kernel(build, *tests):
	"""Tests of the lab, in brief, on Debian's stock kernel, which has MIP6, ESP and tunnels of its own, in qemu."""
	run = subprocess.run([os.path.join(os.path.dirname(__file__), "kernel.py"), "--seconds", "560",
		"export LKE_LAB_BRIEF=1; (for t in %s; do lab/lab.py --build %s --test $t || exit 1; done)" % (" ".join(tests), build)],
		text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=dies_with_us)
	if run.returncode == 77:
		raise CannotRun(run.stdout.strip().splitlines()[-1])
	return [] if run.returncode == 0 else run.stdout.splitlines()[-12:]


def debian_kernel(build, directory, printer):
	"""Both on Debian's stock kernel, and what its IPsec associations forbid an access router."""
	return on_debians_kernel(build, "foreign_mobile_node", "foreign_access_router", "draft_4_2_ipsec_association_forbids_an_lbsa")


TESTS = {f.__name__: f for f in (debian_kernel, foreign_mobile_node, foreign_access_router)}
