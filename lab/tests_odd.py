# SPDX-License-Identifier: ISC
"""What a peer that reads the same documents may send, however odd: each of these is understood by a real access router.

Headers and options in any order the documents allow, padding of every kind, options nobody knows, bits of later
documents, numbers and lifetimes at their edges.
"""
import os
import struct

from link import AR, AR_FAR_MAC, AR_MAC, FAR, Link
from oracle import authenticator, whole_packet_hmac
from packet import octets, text
from peer import (ALL_NODES, ALL_ROUTERS, ANY, BA, BU, DSTOPTS, FINISHED, ICMP6, IPV6, KEACK, KEREQ, MH, NONE, Peer, Port, checksum, icmp6,
	ip6, oaep_encrypt, pad, patch, solicited_node)
from peer_mn import MobileNode
from tests_foreign import Verdicts
from topology import LabError

HOPOPTS = 0
PAD1, UNKNOWN, UNKNOWN_EMPTY = b"\0", bytes([200, 5]) + b"\xaa" * 5, bytes([201, 0])
LIFETIME = lambda s: struct.pack("!BBH", 3, 2, s)


# ---- octets ----------------------------------------------------------------------------------------------------
def padn(n):
	return bytes([1, n - 2]) + bytes(n - 2)


def options_header(options):
	"""Hop-by-hop or Destination Options behind their Next Header octet: padded with Pad1 or PadN to whole 8 octets."""
	left = -(2 + len(options)) % 8
	body = options + (PAD1 if left == 1 else padn(left) if left else b"")
	return bytes([(2 + len(body)) // 8 - 1]) + body


def hao(coa):
	return b"\xc9\x10" + coa


def chain(headers, last):
	"""[(protocol number, octets behind Next Header)] and the protocol behind them: (first number, octets)."""
	out, nh = b"", last
	for number, rest in reversed(headers):
		out, nh = bytes([nh]) + rest + out, number
	return nh, out


def request(mn, key, options=None, headers=None, seq=None, old=None, reserved=0, traffic_class=0, flow=0):
	"""A Key Exchange Request.  options: octets, or (sub-type, key) for a proof, in the order to send them."""
	if seq is None:
		mn.kex_seq = seq = (mn.kex_seq + 1) & 0xffff
	mn.kex_seq = seq
	options = [LIFETIME(mn.router.max_lifetime), (2, key)] if options is None else options
	headers = [(DSTOPTS, options_header(padn(4) + hao(mn.coa)))] if headers is None else headers
	body, places = struct.pack("!H", seq) + oaep_encrypt(mn.router.key, key), []
	for o in options:
		if isinstance(o, tuple):
			places.append((6 + len(body) + 4, o[1]))
			o = bytes([18, 22, o[0], 0]) + bytes(20)
		body += o
	body += pad(-(6 + len(body)) % 8)
	nh, ext = chain(headers, MH)
	m = bytes([NONE, (6 + len(body)) // 8 - 1, KEREQ, reserved, 0, 0]) + body
	p = ip6(nh, mn.ll, mn.router.ll, ext + m, 255, traffic_class)
	at = 40 + len(ext)
	macs = [(at + off, whole_packet_hmac(k, p, [])) for off, k in places]
	for off, mac in macs:
		p = patch(p, off, mac)
	p = patch(p, at + 4, checksum(mn.coa, mn.router.ll, MH, p[at:]))
	return patch(p, 0, struct.pack("!I", struct.unpack_from("!I", p)[0] | flow))


def signed(kind, fixed, options, key, src, dst, home, headers=(), reserved=0):
	"""BU or Finished; options before the Binding Authorization Data, which ends the message, padded for by the caller."""
	body = fixed + options
	if (6 + len(body) + 14) % 8:
		body += pad(-(6 + len(body) + 14) % 8)
	m = bytes([NONE, (6 + len(body) + 14) // 8 - 1, kind, reserved, 0, 0]) + body + b"\5\x0c" + bytes(12)
	m = m[:-12] + authenticator(key, src, dst, m)
	m = patch(m, 4, checksum(home, dst, MH, m))
	nh, ext = chain(headers or ([(DSTOPTS, options_header(padn(4) + hao(home)))] if home != src else []), MH)
	return ip6(nh, src, dst, ext + m, 64)


def signed_na(flags, before, after, nonce, ar, src, key, reserved=bytes(2)):
	"""An authenticated Neighbor Advertisement with other options before and behind option 8."""
	auth = b"\x08\x06" + reserved + nonce + ar + bytes(24)
	p = ip6(ICMP6, src, ALL_NODES, bytes([136, 0, 0, 0, flags, 0, 0, 0]) + src + before + auth + after)
	p = patch(p, 64 + len(before) + 24, whole_packet_hmac(key, p, []))
	return patch(p, 42, checksum(src, ALL_NODES, ICMP6, p[40:]))


# ---- peers -----------------------------------------------------------------------------------------------------
class OddNode(MobileNode):
	"""A mobile node with a link-layer address of its own, and its own idea of an authenticated advertisement."""
	count = 0

	def __init__(self, link, na=None, literal=False):
		super().__init__(link["hosts"], literal=literal)
		OddNode.count += 1
		self.port.mac = bytes.fromhex("0200000c") + struct.pack("!H", OddNode.count)
		self.na = na

	def _solicited(self, p, target):
		asked = [(o, off) for t, o, off in p.nd_options() if t == 7 and len(o) == 48]
		key = self.answers.get(target)
		if not self.na or p.src != ANY or target not in self.own or not asked or not key or not p.hmac_good(key, asked[0][1] + 24):
			return super()._solicited(p, target)
		self.dad.append((p, True))
		for packet in self.na(self, asked[0][0][4:8], asked[0][0][8:24], key):
			self.answer = packet
			self.port.send(packet)

	def ask(self, key, packet, seconds=5):
		"""Sends a request; (status, Lbsa or None) of its verified acknowledgement, or None."""
		kept, self.answers[self.coa] = self.answers.get(self.coa), key
		since = self.mark()
		self.port.send(packet, self.router.mac)
		p = self.wait(lambda p: p.mh == KEACK and p.rh2 == self.coa, seconds, since)
		ack = self.read_ack(p, key) if p else None
		if kept and (not ack or ack[0] >= 128):
			self.answers[self.coa] = kept
		return ack


class Remote(Peer):
	"""Where the mobile node is after its move: a host behind the router."""

	def __init__(self, link):
		super().__init__(Port(link["far"], "eth0"))
		self.link, self.n = link, 0

	def handle(self, p):
		pass

	def address(self):
		self.n += 1
		coa = octets(FAR)[:8] + struct.pack("!II", 0x0f, self.n)
		self.link.far_neighbour(text(coa), self.ports[0].mac)
		return coa

	def update(self, packet, l, seconds=3):
		"""Sends a Binding Update; (status, lifetime in seconds, nonce or None, signed, Sequence #), or None."""
		since = self.mark()
		self.ports[0].send(packet, AR_FAR_MAC)
		p = self.wait(lambda p: p.mh == BA and p.rh2 == l.coa, seconds, since)
		if not p:
			return None
		status, _, seq, life = struct.unpack_from("!BBHH", p.up, 6)
		at = p.up.find(b"\6\6\x80\0", 12)
		return status, life * 4, p.up[at + 4:at + 8] if at > 0 else None, p.good and p.auth_good(l.key), seq


def newcomer(link, v, **how):
	mn = OddNode(link, **how)
	v.need("a Router Advertisement", mn.attach())
	return mn


# ---- Key Exchange Requests -------------------------------------------------------------------------------------
def requests(max_lifetime):
	"""(what, options, headers, other arguments) as functions of (node, key): legal requests of every shape."""
	usual = lambda mn: [(DSTOPTS, options_header(padn(4) + hao(mn.coa)))]
	life = LIFETIME(max_lifetime)
	return [
		("proof before the lifetime", lambda mn, k: dict(options=[(2, k), life])),
		("options nobody knows around each", lambda mn, k: dict(options=[UNKNOWN, life, UNKNOWN_EMPTY, (2, k), UNKNOWN])),
		("Pad1 and PadN around each", lambda mn, k: dict(options=[PAD1, PAD1, padn(2), life, padn(9), PAD1, (2, k), padn(70), PAD1 * 3])),
		("a proof of an unknown sub-type", lambda mn, k: dict(options=[life, (77, bytes(16)), (2, k)])),
		("option 18 of another length", lambda mn, k: dict(options=[life, b"\x12\2\3\0", (2, k)])),
		("no proof, as the draft has it", lambda mn, k: dict(options=[life])),
		("home address behind Pad1", lambda mn, k: dict(headers=[(DSTOPTS, options_header(PAD1 * 4 + hao(mn.coa)))])),
		("home address behind an option nobody knows", lambda mn, k: dict(headers=[(DSTOPTS,
			options_header(b"\x1e\2\1\1" + b"\x1e\4\1\2\3\4" + padn(2) + hao(mn.coa) + b"\x1e\0"))])),
		("Hop-by-hop Options before it", lambda mn, k: dict(headers=[(HOPOPTS, options_header(padn(6)))] + usual(mn))),
		("router alert before it", lambda mn, k: dict(headers=[(HOPOPTS, options_header(b"\5\2\0\0" + padn(2)))] + usual(mn))),
		("another Destination Options header before it", lambda mn, k: dict(headers=[(DSTOPTS, options_header(b"\x1e\4abcd"))] +
			usual(mn))),
		("another Destination Options header behind it", lambda mn, k: dict(headers=usual(mn) + [(DSTOPTS, options_header(padn(14)))])),
		("traffic class, flow label, Reserved", lambda mn, k: dict(traffic_class=0xff, flow=0xfffff, reserved=0xff)),
	]


def odd_requests(link, v, nodes):
	for what, shape in requests(7200):
		mn = newcomer(link, v)
		nodes.append(mn)
		key = os.urandom(16)
		ack = mn.ask(key, request(mn, key, **shape(mn, key)))
		v("request: %s" % what, ack and ack[0] == 0, ack and ack[0])
		if ack:
			v("%s: authenticated detection" % what, mn.pump(lambda: any(good for _, good in mn.dad), 2))
		mn.idle(0.2)
		v("%s: no error comes back" % what, not mn.seen(lambda p: p.kind in (1, 2, 3, 4) or p.mh == 7))
	nodes[-1].idle(1.3)
	for mn in nodes:
		v("each of them is valid", link.ar.lbsa_state(text(mn.coa)) == "valid", text(mn.coa))


def odd_lifetimes(link, v, nodes):
	for asked, low, high in ((0, 7200, 7200), (4, 4, 4), (5, 4, 4), (1000, 1000, 1000), (7201, 7200, 7200), (65535, 7200, 7200)):
		mn = newcomer(link, v)
		nodes.append(mn)
		key = os.urandom(16)
		ack = mn.ask(key, request(mn, key, options=[LIFETIME(asked), (2, key)]))
		v("lifetime %d requested" % asked, ack and ack[0] == 0 and low <= ack[1].lifetime <= high, ack and (ack[0], ack[1] and ack[1].lifetime))
	mn = newcomer(link, v)
	nodes.append(mn)
	key = os.urandom(16)
	ack = mn.ask(key, request(mn, key, options=[LIFETIME(3), (2, key)]))
	v("a lifetime below the unit: 128", ack and ack[0] == 128, ack and ack[0])


def again_and_around(link, v, nodes):
	"""The same key under the next number, encrypted anew; a renewal whose number goes round from 65535 to 0."""
	mn = newcomer(link, v)
	nodes.append(mn)
	key = os.urandom(16)
	first = v.need("an acknowledgement of number 65534", mn.ask(key, request(mn, key, seq=0xfffe)))
	mn.idle(3.2)
	runs = len(mn.dad)
	again = v.need("one of the repetition, number 65535", mn.ask(key, request(mn, key, seq=0xffff)))
	v("it is accepted, with what is left", again[0] == 0 and first[1].lifetime - 8 <= again[1].lifetime < first[1].lifetime, again[0])
	mn.idle(1.2)
	v("without another detection", len(mn.dad) == runs, len(mn.dad))
	mn.idle(6.2)	# the spacing has doubled, AMB-059
	new = os.urandom(16)
	ack = v.need("one of the renewal, number 0", mn.ask(new, request(mn, new, options=[LIFETIME(0), (1, key), (2, new)], seq=0)))
	v("the renewal is accepted", ack[0] == 0, ack[0])
	mn.idle(1.3)
	v("and valid", link.ar.lbsa_state(text(mn.coa)) == "valid")
	mn.idle(3.2)
	newer = os.urandom(16)
	ack = v.need("an answer to a renewal with number 65535 again",
		mn.ask(newer, request(mn, newer, options=[LIFETIME(0), (2, newer), (1, new)], seq=0xffff)))
	v("it is old: 135", ack[0] == 135, ack[0])


# ---- Neighbor Advertisements -----------------------------------------------------------------------------------
def replies():
	tlla = lambda mn: b"\2\1" + mn.port.mac
	nonce = b"\x0e\1" + b"nonce!"
	one = lambda *a, **kw: lambda mn, n, ar, k: [signed_na(a[0], a[1](mn), a[2](mn), n, ar, mn.coa, k, **kw)]
	none = lambda mn: b""
	return [
		("option 8 before the link-layer address", one(0x20, none, tlla)),
		("no link-layer address", one(0x20, none, none)),
		("options nobody knows before and behind", one(0x20, lambda mn: b"\xfd\2" + bytes(14) + tlla(mn), lambda mn: nonce + b"\xfc\1" + bytes(6))),
		("O clear, R set", one(0x80, tlla, none)),
		("Reserved set", one(0x20, tlla, none, reserved=b"\xff\xff")),
		("the same reply twice", lambda mn, n, ar, k: 2 * [signed_na(0x20, tlla(mn), b"", n, ar, mn.coa, k)]),
	]


def odd_replies(link, v, nodes):
	for what, na in replies():
		mn = newcomer(link, v, na=na)
		nodes.append(mn)
		key = os.urandom(16)
		v.need("an acknowledgement", mn.ask(key, request(mn, key)))
		mn.idle(1.3)
		v("reply: %s" % what, link.ar.lbsa_state(text(mn.coa)) == "valid", link.ar.lbsa_state(text(mn.coa)))
		mn.own.discard(mn.coa)
		thief = OddNode(link)
		nodes.append(thief)
		since = thief.mark()
		thief.port.send(icmp6(135, bytes(4) + mn.coa, ANY, solicited_node(mn.coa)))
		p = thief.wait(lambda p: p.kind == 136 and p.up[8:24] == mn.coa, 2, since)
		v("%s: kept and sent again, octet for octet" % what, p and p.raw == mn.answer)


# ---- Router Solicitations --------------------------------------------------------------------------------------
def odd_solicitations(link, v, nodes):
	mn = newcomer(link, v)
	nodes.append(mn)
	slla = b"\1\1" + mn.port.mac
	for what, body, src, unicast in (
			("without its link-layer address", b"", mn.ll, True),
			("with options nobody knows", b"\xfd\1" + bytes(6) + slla + b"\x0e\1nonce!", mn.ll, True),
			("from the unspecified address", b"", ANY, False),
			("from the unspecified address, with an option nobody knows", b"\xfd\1" + bytes(6), ANY, False),
			("from a global address", slla, mn.coa, False)):
		since = mn.mark()
		mn.port.send(icmp6(133, bytes(4) + body, src, ALL_ROUTERS))
		dst = mn.ll if unicast else ALL_NODES
		p = mn.wait(lambda p: p.kind == 134 and p.good and p.dst == dst, 5, since)
		v("solicitation %s" % what, p is not None)
		if p and unicast:
			v("%s: to the frame's source, at once" % what, p.eth_dst == mn.port.mac and p.hop_limit == 255)


# ---- Binding Updates and Finished ------------------------------------------------------------------------------
def updates():
	"""(what, flags, lifetime in units, options, headers) as functions of (care-of address, home address)."""
	alt = lambda coa: b"\3\x10" + coa
	usual = lambda home: [(DSTOPTS, options_header(padn(4) + hao(home)))]
	return [
		("Alternate Care-of Address, the source itself", 0xc000, 30, lambda c: padn(2) + alt(c), usual),
		("it between options nobody knows", 0xc000, 30, lambda c: UNKNOWN + padn(3) + alt(c) + UNKNOWN_EMPTY + padn(11), usual),
		("K, L, and every bit of later documents", 0xffff, 30, lambda c: b"", usual),
		("neither A nor H", 0x0000, 30, lambda c: b"", usual),
		("lifetime of 18 hours and more", 0xc000, 0xffff, lambda c: PAD1 * 5, usual),
		("lifetime of one unit", 0xc000, 1, lambda c: b"", usual),
		("home address behind Hop-by-hop Options and another header", 0xc000, 30, lambda c: b"",
			lambda h: [(HOPOPTS, options_header(padn(6))), (DSTOPTS, options_header(b"\x1e\4abcd"))] + usual(h)),
		("home address behind Pad1, options behind it", 0xc000, 30, lambda c: b"",
			lambda h: [(DSTOPTS, options_header(PAD1 * 4 + hao(h) + b"\x1e\2ab"))]),
	]


def odd_updates(link, v, nodes, remote):
	mn = newcomer(link, v)
	nodes.append(mn)
	key = os.urandom(16)
	l = v.need("an acknowledgement", mn.ask(key, request(mn, key)))[1]
	mn.idle(1.3)
	seq = 0xfffb	# goes round on the way
	for what, flags, units, options, headers in updates():
		coa, seq = remote.address(), (seq + 1) & 0xffff
		bu = signed(BU, struct.pack("!HHH", seq, flags, units), options(coa), key, coa, AR, l.coa, headers(l.coa), 0xff)
		ba = v.need("update: %s: an answer" % what, remote.update(bu, l))
		status, life, nonce, good, number = ba
		v("update: %s" % what, status == 0 and good and number == seq and 0 < life <= min(units * 4, 240), ba)
		v("%s: a Finished is asked for" % what, nonce is not None)
		if not nonce:
			continue
		odd = signed(FINISHED, struct.pack("!BBHH", 0, 0xff, seq, life // 4) + nonce, UNKNOWN + PAD1 + UNKNOWN_EMPTY, key, coa, AR,
			l.coa, (), 0xff)
		remote.ports[0].send(odd, AR_FAR_MAC)
		v("%s: the Finished is believed" % what, remote.pump(lambda: state(link, l) == "forwarding", 3), state(link, l))
		again = remote.update(bu, l)
		v("%s: the same octets again: 135 with the last number" % what, again and again[0] == 135 and again[3] and again[4] == seq, again)
	odd_tunnels(v, remote, coa, l)
	bu = signed(BU, struct.pack("!HHH", seq + 1, 0xc000, 0), b"", key, coa, AR, l.coa)
	ba = v.need("an answer to the deregistration from away", remote.update(bu, l))
	v("deregistered from away", ba[0] == 0 and ba[1] == 0 and ba[2] is None and ba[3] and state(link, l) is None, ba)
	bu = signed(BU, struct.pack("!HHH", seq + 2, 0xc000, 0), b"", key, coa, AR, l.coa)
	ba = v.need("an answer to another one", remote.update(bu, l))
	v("nothing to deregister: 133, signed", ba[0] == 133 and ba[3], ba)
	return mn, l, seq + 2


def odd_tunnels(v, remote, coa, l):
	"""The reverse tunnel behind headers that a tunnel entry may put there (RFC 2473 5.1, RFC 8200 4.3)."""
	limit, padding = options_header(b"\4\1\4"), options_header(padn(6))
	for n, (what, headers) in enumerate((("nothing", []), ("a Tunnel Encapsulation Limit", [(DSTOPTS, limit)]),
			("Hop-by-hop Options", [(HOPOPTS, padding)]), ("both", [(HOPOPTS, padding), (DSTOPTS, limit)]))):
		dst = remote.address()
		nh, ext = chain(headers, IPV6)
		inner = icmp6(128, struct.pack("!HHQ", 1, n, 0x0dd), l.coa, dst)
		since = remote.mark()
		remote.ports[0].send(ip6(nh, coa, AR, ext + inner, 64), AR_FAR_MAC)
		p = remote.wait(lambda p: p.src == l.coa and p.dst == dst and p.kind == 128, 2, since)
		v("reverse tunnel behind %s" % what, p and p.raw[40:] == inner[40:])


def state(link, l):
	return next((b["state"] for b in (link.ar.show("bindings") or {}).get("bindings", []) if b["home_address"] == text(l.coa)), None)


def home_again(link, v, mn, l, seq, remote):
	"""Deregistration from the old link: a lifetime that is not 0, and a Home Address option that names the source."""
	for what, home_option in (("a lifetime with the old care-of address as source", False), ("a Home Address option of the source", True)):
		coa, seq = remote.address(), (seq + 2) & 0xffff
		ba = remote.update(signed(BU, struct.pack("!HHH", seq - 1, 0xc000, 30), b"", l.key, coa, AR, l.coa), l)
		v.need("bound again", ba and ba[0] == 0)
		headers = [(DSTOPTS, options_header(padn(4) + hao(l.coa)))] if home_option else ()
		bu = signed(BU, struct.pack("!HHH", seq, 0xc000, 30), b"", l.key, l.coa, AR, l.coa, headers)
		since = mn.mark()
		mn.port.send(bu, AR_MAC)
		p = v.need("%s: an answer on the link" % what, mn.wait(lambda p: p.mh == BA and p.dst == l.coa, 3, since))
		status, _, number, life = struct.unpack_from("!BBHH", p.up, 6)
		v("%s: a deregistration" % what, status == 0 and number == seq and life == 0 and p.auth_good(l.key) and p.rh2 is None,
			(status, number, life))


def amb_027_odd_but_legal_packets(build, directory, printer):
	"""Requests, replies, solicitations, updates and Finished of every legal shape are understood, and bring no error back."""
	v, nodes = Verdicts("access router"), []
	with Link(os.path.join(directory, "work"), build) as link:
		remote = Remote(link)
		try:
			odd_requests(link, v, nodes)
			odd_lifetimes(link, v, nodes)
			odd_replies(link, v, nodes)
			odd_solicitations(link, v, nodes)
			home_again(link, v, *odd_updates(link, v, nodes, remote), remote)
			again_and_around(link, v, nodes)
		except LabError as e:
			v.bad.append(str(e))
		finally:
			for p in nodes + [remote]:
				p.close()
		v("lked ends well", link.ar.stop() == 0, link.ar.tail())
	return v.bad


TESTS = {f.__name__: f for f in (amb_027_odd_but_legal_packets,)}
