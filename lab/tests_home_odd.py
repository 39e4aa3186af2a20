# SPDX-License-Identifier: ISC
"""Packets of mobile nodes that are legal and look unlike ours: padding, unknown options, other orders, all lengths of ESP.

Written from RFC 6275, RFC 4303 and RFC 3776 and from how deployed mobile nodes lay out their packets.
"""
import hmac
import os
import struct

from packet import octets, text
from peer import BU, DSTOPTS, ICMP6, MH, checksum, ip6, mobility, pad, patch
from peer_home import A, ESP, H, K, L, aes_cbc_encrypt
from tests_foreign import ping
from tests_home import BOB, run_home
from topology import HOME_ADDRESS

ALT = bytes([3, 16])
CONSERVATIVE = bytes([1, 2, 0, 0])	# PadN of four octets, as Linux writes it before the Home Address option


def esp(keys, nh, data, extra=0, seq=None, cut=0):
	"""RFC 4303 with so many blocks of padding more than needed; cut: octets the ICV lacks, negative: has too many."""
	block = 4 if keys.null else 16
	n = -(len(data) + 2) % block + extra * block
	plain = data + bytes(range(1, n + 1)) + bytes([n, nh])
	if not keys.null:
		iv = os.urandom(16)
		plain = iv + aes_cbc_encrypt(keys.enc["to-ha"], iv, plain)
	keys.seq += 1
	p = struct.pack("!II", keys.spi["to-ha"], keys.seq if seq is None else seq) + plain
	return p + hmac.new(keys.mac["to-ha"], p, keys.hash).digest()[:keys.icv - cut] + bytes(max(0, -cut))


def message(mn, options=None, flags=A | H, lifetime=150, number=None, reserved=0):
	"""A Binding Update; options follow the fixed part as they are and must end at a multiple of 8.  None: what a home
	registration must have."""
	if number is None:
		number = (mn.number + 1) & 0xffff
	mn.number = number
	if options is None:
		options = pad(2) + ALT + mn.coa if lifetime else pad(4)
	m = mobility(BU, struct.pack("!HHH", number, flags, lifetime) + options)
	m = patch(m, 3, bytes([reserved]))
	return patch(m, 4, checksum(mn.home, mn.agent, MH, m))


def packet(mn, m, before=CONSERVATIVE, behind=b"", first=b"", src=None, traffic_class=0, **how):
	"""In ESP behind a Destination Options header: before, the Home Address option, behind.  first: an earlier header."""
	options = before + b"\xc9\x10" + mn.home + behind
	header = bytes([ESP, (2 + len(options)) // 8 - 1]) + options
	assert len(header) % 8 == 0 and len(before) % 8 == 4
	if first:
		header = bytes([DSTOPTS]) + first[1:] + header
	return ip6(first[0] if first else DSTOPTS, src or mn.coa, mn.agent, header + esp(mn.keys, MH, m, **how), 64, traffic_class)


def answered(home, v, what, p, status=(0,), seconds=2):
	got = home.mn.answer_home(home.mn.send_home(p), seconds)
	v(what, got and got[0] in status and (got[0] >= 128 or got[2] == home.mn.number), got)
	return got


def silent(home, v, what, p):
	home.mn.number -= 1
	v(what, home.mn.answer_home(home.mn.send_home(p), 0.6) is None)


def bound(home, addr=HOME_ADDRESS):
	return next((b["care_of_address"] for b in (home.ha.show("bindings") or {}).get("bindings", [])
		if b["home_address"] == addr), None)


def as_deployed(home, v):
	"""An Alternate Care-of Address in each home registration, the longest lifetime, K as configured, R of a mobile router."""
	mn = home.mn
	alt = pad(2) + ALT + mn.coa
	got = answered(home, v, "lifetime 65535, Alternate Care-of Address", packet(mn, message(mn, alt, A | H | L | K, 0xffff)), seconds=4)
	v("a lifetime with an end, K is not promised", got and 0 < got[3] < 0xffff and got[1] == 0, got)
	v("pings", ping(home.lab["cn"], mn, mn.binding(), 1) == 0)
	answered(home, v, "flags of later documents", packet(mn, message(mn, alt, 0xffff & ~L)))
	answered(home, v, "without A: a home agent answers all the same (RFC 6275 10.3.1)", packet(mn, message(mn, alt, H)))
	since = mn.mark()
	answered(home, v, "a short one", packet(mn, message(mn, alt, lifetime=2)))
	mn.pump(lambda: mn.refresh_requests(since) >= 1, 8)
	v("a Binding Refresh Request in ESP", mn.refresh_requests(since) >= 1)
	answered(home, v, "the refresh", packet(mn, message(mn, alt, lifetime=0xffff)))


def tampered(home, v):
	"""ESP does not cover the source of the packet: what is bound comes from within (RFC 3776 4.3, RFC 6275 11.7.1)."""
	mn = home.mn
	elsewhere = mn.coa[:8] + b"\0" * 7 + b"\x66"
	m = message(mn)
	mn.send_home(packet(mn, m, src=elsewhere))
	mn.idle(0.5)
	v("sent on from elsewhere: bound to what it says inside", bound(home) == text(mn.coa), bound(home))
	got = mn.answer_home(mn.send_home(packet(mn, message(mn, pad(4)))), 2)
	v("no Alternate Care-of Address: 128", got and got[0] == 128 and got[2] == mn.number, got)
	mn.send_home(packet(mn, message(mn, pad(4)), src=elsewhere))
	mn.idle(0.5)
	v("nor from elsewhere: the binding is as it was", bound(home) == text(mn.coa), bound(home))
	answered(home, v, "the next one", packet(mn, message(mn)))


def mobility_header(home, v):
	mn = home.mn
	for what, options in (
		("Pad1 instead of PadN", bytes(2) + ALT + mn.coa),
		("an unknown option, then Alternate Care-of Address", bytes([200, 4]) + bytes(4) + bytes(4) + ALT + mn.coa),
		("Alternate Care-of Address, then an unknown option of no length", pad(2) + ALT + mn.coa + bytes([201, 0]) + pad(6)),
		("a PadN of no length at the end", pad(2) + ALT + mn.coa + pad(6) + pad(2)),
		("a Binding Refresh Advice, which is not for us", pad(2) + bytes([2, 2, 0, 9]) + pad(6) + pad(6) + ALT + mn.coa),
		("as long as fits into a packet", pad(2) + ALT + mn.coa + 5 * pad(250) + pad(30)),
		("the same by Pad1 alone", bytes(2) + ALT + mn.coa + bytes(344))):
		answered(home, v, what, packet(mn, message(mn, options)))
		v("it is bound to the care-of address: " + what, bound(home) == text(mn.coa), bound(home))
	answered(home, v, "the reserved octet is set", packet(mn, message(mn, reserved=0xff)))
	cut = message(mn, pad(2) + bytes([3, 17]) + mn.coa)
	silent(home, v, "an option beyond the end", packet(mn, cut))
	m = message(mn)
	silent(home, v, "octets behind the message", packet(mn, m + bytes(8)))
	silent(home, v, "a wrong checksum", packet(mn, patch(message(mn), 4, b"\1\2")))
	silent(home, v, "another next header in the message", packet(mn, patch(message(mn), 0, b"\x3a")))


def headers(home, v):
	mn = home.mn
	for what, how in (
		("Pad1 before the Home Address option", {"before": bytes(4)}),
		("padding behind it", {"behind": pad(8)}),
		("an option of ours to skip before it", {"before": CONSERVATIVE + b"\x1e\x06" + bytes(6)}),
		("one behind it", {"behind": b"\x1e\x06" + bytes(6)}),
		("a Tunnel Encapsulation Limit before it", {"before": bytes([4, 1, 4, 0])}),
		("a Hop-by-Hop Options header first", {"first": bytes([0, 0]) + pad(6)}),
		("a traffic class", {"traffic_class": 0xb8})):
		since = mn.mark()
		answered(home, v, what, packet(mn, message(mn), **how))
		mn.idle(0.1)
		v("and no ICMPv6 error of the kernel: " + what, not mn.seen(lambda p: p.src == mn.agent and p.nh == ICMP6, since))


def encapsulation(home, v):
	mn = home.mn
	kinds = [(mn.keys, HOME_ADDRESS)] + home.more
	for keys, addr in kinds:
		back = mn.another(keys, octets(addr)) if keys is not mn.keys else lambda: None
		name = "%s, ICV %d" % ("null" if keys.null else "aes-cbc %d" % len(keys.enc["to-ha"]), keys.icv)
		got = mn.register_home()
		v("registered: " + name, got and got[0] == 0, got)
		for extra in (1, 5, 14 if not keys.null else 61):
			answered(home, v, "%d blocks of padding more: %s" % (extra, name), packet(mn, message(mn), extra=extra))
		for seq in (0, 1, 0xffffffff, 1):
			answered(home, v, "ESP number %d, no replay window with manual keys: %s" % (seq, name), packet(mn, message(mn), seq=seq))
		for cut in (1, keys.icv, -1, -4):
			silent(home, v, "an ICV of %d octets: %s" % (keys.icv - cut, name), packet(mn, message(mn), cut=cut))
		m = message(mn)
		p = packet(mn, m)
		for at in (0, 4, 8, len(p) - 1 - 40 - 24):
			mn.number = (mn.number + 1) & 0xffff
			bad = patch(p, 64 + at, bytes([p[64 + at] ^ 0x80]))
			silent(home, v, "octet %d of ESP changed: %s" % (at, name), bad)
		back()
	p = packet(mn, message(mn))
	silent(home, v, "a dummy packet (RFC 4303 2.6)", ip6(DSTOPTS, mn.coa, mn.agent, bytes([ESP, 2]) + CONSERVATIVE + b"\xc9\x10" +
		mn.home + esp(mn.keys, 59, bytes(20)), 64))
	answered(home, v, "afterwards the next one", packet(mn, message(mn)))
	v.need("the unused one is old now", mn.answer_home(mn.send_home(p), 2) is not None)


def numbers(home, v):
	"""RFC 6275 9.5.1 at its edges, with the keys of bob: half of the space, and the budget of AMB-172."""
	mn = home.mn
	back = mn.another(home.bob, octets(BOB))
	mn.number = 65533
	for number in (65534, 65535, 0, 1):
		answered(home, v, "number %d" % number, packet(mn, message(mn, number=number)), seconds=4)
	for number in (1, 0, 65535, 0x8002, 0x8001):
		got = mn.answer_home(mn.send_home(packet(mn, message(mn, number=number))), 2)
		v("number %d after 1 is old, and 1 is told" % number, got and got[0] == 135 and got[2] == 1, got)
	got = answered(home, v, "number 2 all the same", packet(mn, message(mn, number=2)))
	answered(home, v, "30,000 ahead", packet(mn, message(mn, number=30002)))
	got = mn.answer_home(mn.send_home(packet(mn, message(mn, number=35000))), 2)
	v("beyond the budget: 129", got and got[0] == 129, got)
	answered(home, v, "within it", packet(mn, message(mn, number=30003)))
	back()


def leaving(home, v):
	mn = home.mn
	alt = lambda a: pad(2) + ALT + a
	for what, how in (
		("lifetime 0", {"lifetime": 0}),
		("lifetime 0, care-of address as option", {"lifetime": 0, "options": alt(mn.coa)}),
		("lifetime 0, home address as care-of address", {"lifetime": 0, "options": alt(mn.home)}),
		("a lifetime, home address as care-of address", {"lifetime": 150, "options": alt(mn.home)})):
		answered(home, v, "registered before: " + what, packet(mn, message(mn)), seconds=4)
		got = answered(home, v, "deregistered from away: " + what, packet(mn, message(mn, **how)))
		v("with lifetime 0: " + what, got and got[3] == 0, got)
		v("no binding: " + what, bound(home) is None, bound(home))


def at_home(home, v):
	"""From the home address itself, without the option, on the home link: with and without Alternate Care-of Address."""
	mn = home.mn
	for what, options in (("plain", None), ("with its home address as option", pad(2) + ALT + mn.home)):
		home.lab.move("l1", 0.05)
		v.need("a Router Advertisement of AR1", mn.attach())
		answered(home, v, "registered before: " + what, packet(mn, message(mn)), seconds=4)
		home.lab.move("home", 0.05)
		mn.own.add(mn.home)
		m = message(mn, options, lifetime=0)
		since = mn.mark()
		mac = bytes.fromhex(home.lab["ha"].mac["home0"].replace(":", ""))
		mn.port.send(ip6(ESP, mn.home, mn.agent, esp(mn.keys, MH, m), 64), mac)
		got = mn.answer_home(since, 3)
		v("deregistered at home: " + what, got and got[0] == 0 and got[3] == 0 and got[2] == mn.number, got)
		v("the answer has no routing header: " + what, mn.seen(lambda p: p.nh == ESP and p.dst == mn.home and not p.rh2, since))
		v("nobody defends the home address: " + what, home.near.test_address(mn.home, 1) is None or
			home.near.seen(lambda p: p.kind == 136 and p.eth_src == mn.port.mac, since))
		mn.own.discard(mn.home)


def discovery(home, v):
	mn = home.mn
	anycast = mn.home[:8] + b"\xfd" + b"\xff" * 6 + b"\xfe"

	def ask(ident, reserved=0, more=b"", code=0, hop_limit=64, good=True):
		m = bytes([144, code, 0, 0]) + struct.pack("!HH", ident, reserved) + more
		m = patch(m, 2, checksum(mn.coa, anycast, ICMP6, m) if good else b"\1\2")
		since = mn.send_home(ip6(ICMP6, mn.coa, anycast, m, hop_limit))
		return mn.wait(lambda p: p.kind == 145 and p.good and p.up[4:6] == struct.pack("!H", ident), 1, since)
	v("identifier 0", ask(0))
	mn.idle(0.3)
	v("reserved bits", ask(1, reserved=0xffff))
	mn.idle(0.3)
	v("a wrong checksum is silent", ask(2, good=False) is None)
	answered(home, v, "registered", packet(mn, message(mn)), seconds=4)
	m = bytes([146, 0, 0, 0]) + struct.pack("!HH", 0, 0xffff)
	m = patch(m, 2, checksum(mn.home, mn.agent, ICMP6, m))
	options = bytes(4) + b"\xc9\x10" + mn.home
	since = mn.send_home(ip6(DSTOPTS, mn.coa, mn.agent, bytes([ESP, 2]) + options + esp(mn.keys, ICMP6, m, extra=2), 64))
	got = mn.prefixes(since, 0)
	v("prefixes for identifier 0, reserved bits, more padding", got and got[0][0] == mn.agent, got)
	for what, kind, body in (("a Binding Refresh Request", 0, bytes(2)), ("a Binding Error", 7, bytes([1, 0]) + mn.home),
		("a Binding Acknowledgement", 6, bytes(6) + pad(4))):
		m = mobility(kind, body)
		m = patch(m, 4, checksum(mn.home, mn.agent, MH, m))
		silent(home, v, what + " to the home agent", packet(mn, m))
		mn.number += 1
	v("the binding is as it was", bound(home) == text(mn.coa))


def strangers(home, v):
	"""RFC 6275 9.2: what a node that is not registered hears about a broken Mobility Header."""
	mn = home.mn
	other = mn.router.prefix + b"\0" * 7 + b"\x56"
	mn.own.add(other)

	def told(m, src=other):
		m = patch(m, 4, checksum(src, mn.agent, MH, m))
		since = mn.send_home(ip6(MH, src, mn.agent, m, 64))
		p = mn.wait(lambda p: p.dst == src and (p.kind == 4 or p.mh == 7), 1, since)
		return p and (p.up[:2].hex(), struct.unpack_from("!I", p.up, 4)[0]) if p and p.kind == 4 else p and ("BE", p.up[6])
	for what, m, want in (("another Payload Proto", b"\x11" + mobility(BU, bytes(10))[1:], ("0400", 40)),
		("too short for a Binding Update", mobility(BU, bytes(2)), ("0400", 41)),
		("an unknown type", mobility(77, bytes(2)), ("BE", 2)),
		("a Binding Update without ESP", mobility(BU, bytes(10)), None)):
		got = told(m)
		v(what, got == want, got)
	answered(home, v, "registered", packet(mn, message(mn)), seconds=4)
	got = told(mobility(BU, bytes(2)), mn.coa)
	v("a registered node hears nothing (AMB-176)", got is None, got)
	mn.own.discard(other)


def more_kinds(lab):
	from tests_home_operator import more_mobiles	# pylint: disable=import-outside-toplevel
	return more_mobiles(lab)


def odd_updates(build, directory, printer):
	"""Binding Updates that are legal and unusual are served; what is broken is dropped without an answer."""
	return run_home(build, os.path.join(directory, "a"), (as_deployed, tampered, mobility_header, headers, encapsulation, numbers), "MaxUpdates = off",
		"odd updates", more=more_kinds) + run_home(build, os.path.join(directory, "b"), (strangers, leaving, discovery, at_home), "MaxUpdates = off",
		"odd updates")


TESTS = {f.__name__: f for f in (odd_updates,)}
