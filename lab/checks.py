# SPDX-License-Identifier: ISC
"""What must be seen in the captured packets, step by step.

Each function gets the messages of its step (from the live capture, and once more from the capture file) and a Scene,
and returns [(what, held, detail)].  Nothing here asks a daemon.
"""
import packet
from story import HOME
from topology import SLOW

MULTICAST_NODES = packet.octets("ff02::1")
H_BIT, BU_A, BU_H = 0x20, 0x8000, 0x4000


class Scene:
	"""What the checks need to know about the lab: names and the care-of addresses learnt so far."""

	def __init__(self, names):
		self.names = names
		self.coa = {}		# router number -> care-of address
		self.ha = packet.octets("2001:db8:100::1")
		self.proved = set()	# care-of addresses that returned a nonce
		self.mn_na = None	# the authenticated advertisement that AR1 caches

	def ar(self, n):
		return packet.octets("2001:db8:%d::1" % n)


def on_prefix(addr, n):
	return addr[:8] == packet.octets("2001:db8:%d::" % n)[:8] and addr != packet.octets("2001:db8:%d::1" % n)


def first(ms, test):
	return next((m for m in ms if test(m)), None)


def home_bu(m):
	return m.kind == "BU" and m.esp and m.hao == HOME


def home_ba(m):
	return m.kind == "BA" and m.esp and m.rh2 == HOME


def local_bu(m, ar=None, coa=None):
	return m.kind == "BU" and not m.esp and (ar is None or m.dst == ar) and (coa is None or (m.hao or m.src) == coa)


def local_ba(m, ar=None):
	return m.kind == "BA" and not m.esp and (ar is None or m.src == ar)


def ok(m):
	return m is not None and m.verdict() == "ok"


def ms_after(m, t):
	return "%+.1f ms" % ((m.ts - t) * 1e3) if m is not None else "not seen"


def attach(ms, sc, n, up, out):
	"""RS at once, RA, care-of address with its optimistic DAD."""
	mn = lambda m: sc.names.source(m) == "MN"
	rs = first(ms, lambda m: m.kind == "RS" and mn(m))
	ra = first(ms, lambda m: m.kind == "RA" and sc.names.source(m) == "AR%d" % n and (rs is None or m.ts >= rs.ts))
	out.append(("Router Solicitation at once after the carrier", ok(rs) and rs.ts - up < 0.3 * SLOW, ms_after(rs, up)))
	return rs, ra


def attach_ar1(ms, sc, up):
	out = []
	_, ra = attach(ms, sc, 1, up, out)
	out.append(("RA of AR1 with H=1 and the LKE capability option",
		ok(ra) and bool(ra.f["flags"] & H_BIT) and ra.f.get("key") is not None,
		"RSA-%s" % ra.f.get("key") if ra else "not seen"))
	out += registration(ms, sc, 1)
	dad = first(ms, lambda m: m.kind == "NS" and m.src == bytes(16) and m.f["target"] == sc.coa.get(1)
		and sc.names.source(m) == "MN")
	bu = first(ms, home_bu)
	out.append(("optimistic DAD of CoA1: the probe leaves, the Binding Update does not wait for its end",
		ok(dad) and bu is not None and bu.ts - dad.ts < 0.9, ""))
	ns = first(ms, lambda m: m.kind == "NS" and m.src == bytes(16) and m.f["target"] == HOME
		and sc.names.source(m) == "HA")
	na = first(ms, lambda m: m.kind == "NA" and m.f["target"] == HOME and sc.names.source(m) == "HA"
		and m.f["flags"] & 0x20)
	out.append(("home agent: DAD for the home address, then proxy Neighbor Discovery", ok(ns) and ok(na)
		and na.ts > ns.ts, ""))
	return out


def registration(ms, sc, n):
	bu = first(reversed(ms), lambda m: home_bu(m) and on_prefix(m.src, n))
	ba = bu and first(ms, lambda m: home_ba(m) and m.dst == bu.src and m.f["seq"] == bu.f["seq"])
	return [("BU to the home agent and its BA, both inside ESP, CoA%d for the home address" % n,
		ok(bu) and ok(ba) and ba.f["status"] == 0 and ba.f["lifetime"] > 0
		and bu.f["flags"] & (BU_A | BU_H) == BU_A | BU_H, "%.1f ms" % ((ba.ts - bu.ts) * 1e3) if ok(ba) else "")]


def key_exchange(ms, sc, n):
	"""Figure 2.1: KEReq, KEAck, DAD NS with request, multicast NA with reply."""
	coa, ar = sc.coa.get(n), sc.ar(n)
	req = first(reversed(ms), lambda m: m.kind == "KEReq" and m.hao == coa)
	ack = req and first(ms, lambda m: m.kind == "KEAck" and m.rh2 == coa and m.f["seq"] == req.f["seq"])
	ns = ack and first(ms, lambda m: m.kind == "NS" and "hmac" in m.f and m.f["target"] == coa and m.ts >= ack.ts - 0.05)
	na = ns and first(ms, lambda m: m.kind == "NA" and m.f.get("nonce") == ns.f["nonce"] and m.src == coa
		and sc.names.source(m) == "MN")
	if n == 1 and na and sc.mn_na is None:
		sc.mn_na = na
	return [
		("Key Exchange Request opens with AR%d's private key" % n, ok(req) and req.hl == 255, ""),
		("Key Exchange Acknowledgement, HMAC by that key", ok(ack) and ack.f["status"] == 0 and ack.f["ar"] == ar
			and ack.hl == 255, "%.1f ms" % ((ack.ts - req.ts) * 1e3) if ack else "not seen"),
		("DAD Neighbor Solicitation with Authentication Request", ok(ns) and ns.src == bytes(16) and ns.f["ar"] == ar
			and sc.names.source(ns) == "AR%d" % n, ""),
		("multicast Neighbor Advertisement with Authentication Reply", ok(na) and na.dst == MULTICAST_NODES
			and na.f["ar"] == ar, ""),
	]


def thief(ms, sc, cached):
	"""Another host tries CoA1 by DAD while the mobile is here (cached: the stored NA) or away (AR1's own or proxied)."""
	ns = first(ms, lambda m: m.kind == "NS" and m.src == bytes(16) and m.f["target"] == sc.coa.get(1)
		and sc.names.source(m) == "X")
	na = ns and first(ms, lambda m: m.kind == "NA" and m.f["target"] == sc.coa[1] and m.ts >= ns.ts
		and (sc.names.source(m) == "AR1"))
	if not cached and ns is None:
		# One of AR1's three advertisements (RFC 6275 10.4.1) met the other host before its probe left.
		na = first(ms, lambda m: m.kind == "NA" and m.f["target"] == sc.coa[1] and sc.names.source(m) == "AR1")
		return [("AR1 answers for CoA1 while the mobile is away", ok(na), "before the probe")]
	if not cached:
		return [("AR1 answers for CoA1 while the mobile is away", ok(ns) and na is not None, ms_after(na, ns.ts) if ns else "")]
	same = na is not None and sc.mn_na is not None and na.raw == sc.mn_na.raw
	return [("AR1 answers with the cached advertisement, octet for octet", ok(ns) and ok(na) and same,
		ms_after(na, ns.ts) if ns else "")]


def handover(ms, sc, n, up, bound):
	"""A local handover away from AR1's link: BU to AR1, BA, Finished; nothing for the home agent.

	bound: the mobile node was away before, too: AR1 defends CoA1 already.
	"""
	out = []
	ar1, coa1 = sc.ar(1), sc.coa.get(1)
	rs, ra = attach(ms, sc, n, up, out)
	out.append(("RA of AR%d, answered without delay" % n, ok(ra) and rs is not None and ra.ts - rs.ts < 0.1 * SLOW,
		ms_after(ra, up)))
	bus = [m for m in ms if local_bu(m, ar1, coa1) and m.hao == coa1 and on_prefix(m.src, n)]
	bas = [m for m in ms if local_ba(m, ar1) and m.rh2 == coa1 and m.f["seq"] in [b.f["seq"] for b in bus]]
	bu, ba = first(bus, ok), first(bas, ok)
	if bu:
		sc.coa[n] = bu.src
	out.append(("BU to AR1 from CoA%d, authorised by the LBSA" % n, bu is not None, ms_after(bu, up)))
	out.append(("BA accepts it", ba is not None and ba.f["status"] == 0, ms_after(ba, up)))
	out.append(finished(ms, sc, bu, bas, up))
	dad = first(ms, lambda m: m.kind == "NS" and m.src == bytes(16) and m.f["target"] == coa1
		and sc.names.source(m) == "AR1")
	na = first(ms, lambda m: m.kind == "NA" and m.f["target"] == coa1 and sc.names.source(m) == "AR1"
		and "hmac" not in m.f)
	if bound:
		out.append(("no DAD at AR1", dad is None, ""))
	else:
		out.append(("no DAD at AR1; AR1 takes over CoA1 on its link by proxy ND", dad is None and ok(na), ms_after(na, up)))
	out.append(ha_silent(ms))
	return out


def announced(ms, sc, coa, ar, lost):
	"""The leave of `coa` from the link of router `ar`, told under the LBSA before the carrier goes (docs/adr/0030)."""
	here = first(ms, lambda m: local_bu(m, ar, coa) and m.f.get("leaving") and m.hao is None and m.ts < lost)
	return [("the move is announced to the router of the link, under the LBSA", ok(here) and here.f["lifetime"] == 0,
		ms_after(here, lost))]


def unanswered(ms, asked, lost):
	"""Announcements of one move that no acceptance answered before the carrier went: the routers they went to."""
	told = [m for m in ms if m.kind == "BU" and m.f.get("leaving") and asked <= m.ts < lost]
	heard = {(m.src, m.f["seq"]) for m in ms if local_ba(m) and m.f["status"] == 0 and asked <= m.ts < lost}
	return {m.dst for m in told} - {m.dst for m in told if (m.dst, m.f["seq"]) in heard}


def finished(ms, sc, bu, bas, up):
	"""Finished returns the nonce of its BA; a care-of address proved before need not be proved again (AMB-112)."""
	asked = {m.f["finished_request"] for m in bas if "finished_request" in m.f}
	fin = first(ms, lambda m: m.kind == "Finished" and ok(m) and m.f["nonce"] in asked)
	if fin:
		sc.proved.add(fin.src)
	if bas and not asked and bu and bu.src in sc.proved:
		return ("BA asks for no Finished: this care-of address has proved itself before", True, "")
	return ("BA asks for Finished and Finished returns the nonce", fin is not None, ms_after(fin, up))


def ha_silent(ms):
	heard = [m for m in ms if m.esp]
	return ("the home agent hears nothing of this handover", not heard, "%d messages" % len(heard) if heard else "")


def home_coming(ms, sc, up):
	"""Return to AR1's link: de-registration with CoA1 as the source."""
	out = []
	attach(ms, sc, 1, up, out)
	ar1, coa1 = sc.ar(1), sc.coa.get(1)
	bu = first(ms, lambda m: local_bu(m, ar1, coa1) and m.src == coa1)
	ba = bu and first(ms, lambda m: local_ba(m, ar1) and m.f["seq"] == bu.f["seq"])
	na = first(ms, lambda m: m.kind == "NA" and m.f["target"] == coa1 and sc.names.source(m) == "MN")
	dad = first(ms, lambda m: m.kind == "NS" and m.src == bytes(16) and m.f["target"] == coa1 and sc.names.source(m) == "MN")
	out.append(("de-registration: source CoA1, no Home Address option, Lifetime 0", ok(bu) and bu.hao is None
		and bu.f["lifetime"] == 0, ms_after(bu, up)))
	out.append(("BA with Lifetime 0", ok(ba) and ba.f["lifetime"] == 0 and ba.f["status"] == 0 and ba.rh2 is None,
		ms_after(ba, up)))
	out.append(("the mobile takes CoA1 back by a multicast NA, without DAD", ok(na) and na.dst == MULTICAST_NODES
		and dad is None, ms_after(na, up)))
	out.append(ha_silent(ms))
	return out


def plain_mipv6(ms, sc, up):
	"""Case (1) of the draft: no router of the link knows LKE."""
	out = []
	_, ra = attach(ms, sc, 4, up, out)
	out.append(("RA of AR4 has no LKE capability", ok(ra) and ra.f.get("key") is None and not ra.f["flags"] & H_BIT, ""))
	out += registration(ms, sc, 4)
	out.append(("no key exchange is tried here (MH type 8)", not [m for m in ms if m.kind in ("KEReq", "KEAck")], ""))
	return out
