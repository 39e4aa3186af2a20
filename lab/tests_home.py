# SPDX-License-Identifier: ISC
"""lked as a home agent against a mobile node that shares nothing with it (peer_home.py)."""
import json
import os
import socket
import subprocess

from nodes import AR_CONF, Daemon, write
from packet import octets
from peer import (ALL_ROUTERS, DSTOPTS, ICMP6, IPV6, MH, Port, checksum, home_address, icmp6, ip6, mobility, patch,
	solicited_node)
from peer_home import A, H, HomeNode, Keys, L, Neighbour
from tests_foreign import BRIEF, Verdicts, on_debians_kernel, ping
from topology import CN_ADDRESS, HOME_ADDRESS, HOME_AGENT, Lab, LabError, in_namespace, wait_for

BOB = "2001:db8:100::43"
HA_CONF = """[HomeAgent]
Interface = home0
Advertise = home-agent
Preference = 3
%s
[Mobile alice]
HomeAddress = %s
Key = %s
[Mobile bob]
HomeAddress = %s
Key = %s
"""


MN_AUTO = "[MobileNode]\nInterface = wlan0\nHomeAddress = %s\nHomeAgent = auto\nKey = %s\n"


def key_file(path, spi, seed, encryption="aes-cbc", integrity="hmac-sha256-128"):
	"""Keys that the peer and lked share; they protect nothing but this run."""
	lines = ["spi-to-ha = 0x%x" % spi, "spi-to-mn = 0x%x" % (spi + 1), "encryption = " + encryption,
		"integrity = " + integrity, "generation = %d" % seed]
	for d in ("to-ha", "to-mn"):
		lines.append("integrity-key-%s = %s" % (d, os.urandom(32 if "sha256" in integrity else 20).hex()))
		if encryption != "null":
			lines.append("encryption-key-%s = %s" % (d, os.urandom(16).hex()))
	return write(path, "\n".join(lines) + "\n")


class Home:
	"""The lab with a home agent, an access router for each of two links, the foreign mobile node and a neighbour.

	extra: lines of [HomeAgent]; mobile: of [Mobile bob]; more(lab): further sections and what home.more shall be.
	"""

	def __init__(self, build, directory, extra="", mobile="", more=None):
		self.lab = Lab(directory).__enter__()
		alice, bob = [key_file(os.path.join(self.lab.dir, n + ".key"), spi, 1) for n, spi in (("alice", 0x1000), ("bob", 0x2000))]
		self.daemons = [Daemon(self.lab, build, "ar%d" % n, AR_CONF, rsa=True).start() for n in (1, 2)]
		lines, self.more = more(self.lab) if more else ("", [])
		self.ha = Daemon(self.lab, build, "ha", HA_CONF % (extra, HOME_ADDRESS, alice, BOB, bob) + mobile + "\n" + lines).start()
		self.daemons.append(self.ha)
		self.mn = HomeNode(self.lab["mn"], Keys(alice), octets(HOME_ADDRESS), octets(HOME_AGENT))
		self.bob = Keys(bob)
		self.near = Neighbour(Port(self.lab["host"], "eth0"))

	def close(self, v):
		self.mn.close()
		self.near.close()
		for d in self.daemons:
			v("lked of %s ends well" % d.name, d.stop() == 0, d.tail())
		self.lab.__exit__(None, None, None)

	def lke(self, *args):
		return subprocess.run(self.ha.node.argv(self.ha.lke, "--run", self.ha.run_dir, *args), capture_output=True, text=True,
			timeout=10).stdout


def run_home(build, directory, steps, extra="", who="home agent", **how):
	v = Verdicts(who)
	home = Home(build, directory, extra, **how)
	try:
		home.lab.attach("l1")
		v.need("a Router Advertisement of AR1", home.mn.attach())
		for step in steps:
			step(home, v)
	except LabError as e:
		v.bad.append(str(e))
	finally:
		home.close(v)
	return v.bad


def registered(home, v):
	mn, near = home.mn, home.near
	since = near.mark()
	status, k, seq, life = v.need("an answer to the first Binding Update", mn.register_home())
	v.need("it is accepted", status == 0 and seq == mn.number)
	v("no K with manual keys, no more lifetime than asked for", k == 0 and 0 < life <= 150, life)
	v("DAD for the home address on the home link before it",
		near.wait(lambda p: p.kind == 135 and p.src == bytes(16) and p.up[8:24] == mn.home, 1, since))
	v("the home address is announced with the home agent's link-layer address", near.wait(lambda p: p.kind == 136 and
		p.up[8:24] == mn.home and p.up[26:32] == p.eth_src and p.up[4] & 0x20, 2, since))
	v("pings to the home address come and go by the tunnels", ping(home.lab["cn"], mn, mn.binding()) == 0)


def link_local(home, v):
	mn, near = home.mn, home.near
	ll = octets("fe80::42")
	v("nobody defends the link-local address without L", near.test_address(ll, 1) is None)
	since = near.mark()
	status = v.need("an answer with L", mn.register_home(flags=A | H | L))[0]
	v("accepted", status == 0, status)
	v("the link-local address was tested", near.wait(lambda p: p.kind == 135 and p.up[8:24] == ll and p.src == bytes(16), 1, since))
	na = near.test_address(ll)
	v("and is defended", na and na.up[26:32] == na.eth_src)


def replayed(home, v):
	mn = home.mn
	old, number = mn.sent[mn.number], mn.number
	status, _, seq, _ = v.need("an answer to a recorded Binding Update", mn.answer_home(mn.send_home(old)))
	v("135 with the last number", status == 135 and seq == number, "%d %d" % (status, seq))
	status = v.need("an answer to the next number", mn.register_home())[0]
	v("it is accepted", status == 0, status)


def discovered(home, v):
	mn, near = home.mn, home.near
	alone = v.need("an answer to home agent address discovery", mn.discover(0x1111))
	v("this home agent", alone == [mn.agent], alone)
	near.advertise(octets("2001:db8:100::a"), 9, 600)
	near.idle(0.2)
	both = v.need("an answer with another home agent on the link", mn.discover(0x2222))
	v("the preferred one first", both == [octets("2001:db8:100::a"), mn.agent], both)
	near.advertise(octets("2001:db8:100::a"), 9, 0)
	near.idle(0.2)
	v("which goes with its lifetime", mn.discover(0x3333) == [mn.agent])
	anycast = mn.home[:8] + b"\xfd" + b"\xff" * 6 + b"\xfe"
	since = near.mark()
	body = bytes(4) + anycast + b"\1\1" + near.ports[0].mac
	src = octets("fe80::a")
	m = bytes([135, 0, 0, 0]) + body
	group = solicited_node(anycast)
	near.ports[0].send(ip6(ICMP6, src, group, patch(m, 2, checksum(src, group, ICMP6, m))))
	na = near.wait(lambda p: p.kind == 136 and p.up[8:24] == anycast, 2, since)
	v("the anycast address is resolved without override", na and na.up[4] == 0x40)
	since = near.mark()
	near.ports[0].send(icmp6(133, bytes(4), src, ALL_ROUTERS))
	v("the home agent advertises itself, not as a router", near.wait(lambda p: p.kind == 134 and p.up[5] & 0x20 and
		p.up[6:8] == b"\0\0" and (8, b"\0\3") in [(t, o[4:6]) for t, o, _ in p.nd_options()], 5, since))


def prefixes(home, v):
	mn = home.mn
	got = v.need("an answer to a prefix solicitation in ESP", mn.prefixes(mn.solicit_prefixes(0xbeef), 0xbeef))
	v("the home prefix with the home agent's address", got and got[0][0] == mn.agent and got[0][1] & 0x20, got)
	mn.idle(1.1)
	since = mn.solicit_prefixes(0xdead, esp=False)
	v("without ESP nothing", mn.prefixes(since, 0xdead, 1) is None)
	since = mn.solicit_prefixes(0xfeed, src=mn.router.prefix + b"\0" * 7 + b"\x99")
	mn.idle(0.5)
	v("nor from an address that is not the care-of address", mn.prefixes(since, 0xfeed, 0.5) is None)


def return_routability(home, v):
	"""The home agent's part of RFC 6275 5.2.5 for mobile nodes that optimise routes: both messages pass its tunnels."""
	mn, cn, cr = home.mn, home.lab["cn"], home.lab["cr"]
	far = octets(CN_ADDRESS)
	with in_namespace(cn.ns):
		s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x86dd))
	with s:
		s.bind(("eth0", 0x86dd))
		s.settimeout(3)
		m = mobility(1, bytes(2) + b"initcook")
		inner = ip6(MH, mn.home, far, patch(m, 4, checksum(mn.home, far, MH, m)), 64)
		mn.send_home(ip6(IPV6, mn.coa, mn.agent, inner, 64))
		mac = lambda name, dev: bytes.fromhex(home.lab[name].mac[dev].replace(":", ""))
		try:
			came = next(f for f in iter(lambda: s.recv(2000), None) if f[20] == MH and f[22:38] == mn.home)
			v("the Home Test Init comes out of the reverse tunnel whole", came[54:54 + len(m)][6:] == m[6:], came.hex())
		except OSError:
			v("the Home Test Init comes out of the reverse tunnel", False)
		m = mobility(3, b"\0\7" + b"initcook" + b"keygento")
		since = mn.mark()
		s.send(mac("cr", "cn0") + mac("cn", "eth0") + b"\x86\xdd" +
			ip6(MH, far, mn.home, patch(m, 4, checksum(far, mn.home, MH, m)), 64))
	v("the Home Test is tunnelled", mn.wait(lambda p: mn.tunnelled(mn.binding())(p) and p.inner().mh == 3, 3, since))


def moved(home, v):
	mn = home.mn
	before = mn.coa
	home.lab.move("l2", 0.05)
	v.need("a Router Advertisement of AR2", mn.attach())
	v("another care-of address", mn.coa != before)
	status = v.need("an answer from the new link under the same keys", mn.register_home())[0]
	v.need("it is accepted", status == 0)
	v("pings follow", ping(home.lab["cn"], mn, mn.binding()) == 0)


def misbehaves(home, v):
	mn = home.mn
	bound = lambda: {b["home_address"]: b["care_of_address"] for b in (home.ha.show("bindings") or {}).get("bindings", [])}
	before = bound()
	since = mn.send_home(mn.update_home(home=octets(BOB)))
	since2 = mn.send_home(mn.update_home(esp=False))
	p = mn.update_home()
	mn.send_home(p[:-1] + bytes([p[-1] ^ 1]))
	mn.idle(1.5)
	v("no answer to an update for another's address, without ESP, with a wrong ICV",
		not mn.seen(lambda p: p.src == mn.agent, since) and since2)
	for alt in (mn.agent, octets("2001:db8:100::77"), octets(BOB), octets("ff0e::1"), octets("2002:a00:1::1")):
		got = v.need("an answer to an impossible care-of address", mn.register_home(alt=alt))
		v("174", got[0] == 174, "%s: %d" % (alt.hex(), got[0]))
	v("nothing of that changed a binding", bound() == before, bound())
	since = mn.mark()
	m = mobility(77, bytes(2))
	mn.send_home(ip6(DSTOPTS, mn.coa, mn.agent, home_address(MH, mn.home) + patch(m, 4, checksum(mn.home, mn.agent, MH, m)), 64))
	mn.idle(0.7)
	v("no Binding Error to a registered node (AMB-176)", not mn.seen(lambda p: p.mh == 7, since))
	other = mn.router.prefix + b"\0" * 7 + b"\x55"
	mn.own.add(other)
	since = mn.send_home(ip6(DSTOPTS, other, mn.agent, home_address(ICMP6, octets("2001:db8:100::99")) +
		bytes([128, 0, 0, 0, 0, 0, 0, 0]), 64))
	be = mn.wait(lambda p: p.mh == 7 and p.dst == other, 2, since)
	v("Binding Error 1 for a home address that is not bound", be and be.up[6] == 1 and be.up[8:24] == octets("2001:db8:100::99"))


def on_record(home, v):
	mn = home.mn
	lines = [json.loads(l) for l in home.lke("audit", "--state", home.ha.state, "-j").splitlines()]
	has = lambda **want: any(all(l[k] == x for k, x in want.items()) for l in lines)
	v("accepted updates are on record", has(name="alice", verdict="accepted", spi=0x1000, status=0))
	v("the replay", has(name="alice", verdict="sequence", status=135))
	v("the update for another's address, with the keys that signed it", has(name="alice", verdict="esp_selector", spi=0x1000))
	v("impossible care-of addresses", has(name="alice", verdict="refused", status=174, care_of_address="2002:a00:1::1"))
	v("what was not authenticated", has(verdict="esp_icv") and has(verdict="esp_missing", spi=0))
	text = home.lke("audit", "alice", "--state", home.ha.state)
	v("and as a table", "alice" in text and "135" in text, text[:200])
	v("sequence numbers are shown", "days to 32768" in home.lke("show", "sequences"))
	v("the mode of the journal is 0600", os.stat(home.ha.state + "/audit.log").st_mode & 0o777 == 0o600)


def deregistered(home, v):
	mn, near = home.mn, home.near
	na = near.test_address(mn.home)
	v("the home address is defended while bound", na and na.up[26:32] == na.eth_src)
	status, _, _, life = v.need("an answer to the deregistration", mn.register_home(lifetime=0))
	v("accepted, lifetime 0", status == 0 and life == 0, "%d %d" % (status, life))
	v("nobody defends the home address any more", near.test_address(mn.home, 1) is None)
	v("nor the link-local one", near.test_address(octets("fe80::42"), 1) is None)
	status = v.need("an answer to another deregistration", mn.register_home(lifetime=0))[0]
	v("133", status == 133, status)


def taken(home, v):
	mn, near = home.mn, home.near

	def defend():
		def answer(p):
			if p.kind == 135 and p.up[8:24] == mn.home and p.src == bytes(16):
				body = b"\x20\0\0\0" + mn.home + b"\2\1" + near.ports[0].mac
				m = bytes([136, 0, 0, 0]) + body
				dst = octets("ff02::1")
				near.ports[0].send(ip6(ICMP6, mn.home, dst, patch(m, 2, checksum(mn.home, dst, ICMP6, m))))
		near.handle = answer
	defend()
	since = mn.send_home(mn.update_home())
	near.idle(1.5)
	got = v.need("an answer while another node has the home address", mn.answer_home(since, 2))
	v("134", got[0] == 134, got[0])
	near.handle = lambda p: None
	got = v.need("an answer when it has gone", mn.register_home())
	v("0", got[0] == 0, got[0])


def flooded(home, v):
	mn = home.mn
	got = v.need("an answer to the first Binding Update", mn.register_home())
	v.need("accepted", got[0] == 0)
	recorded = mn.sent[mn.number]
	for n in range(120):
		mn.port.send(recorded, mn.router.mac)
	mn.idle(0.5)
	drops = home.ha.show("counters").get("drops", {})
	v("updates above the rate are dropped", drops.get("rate_mobile", 0) > 30, drops)
	mn.idle(3.2)
	got = v.need("an answer to a new number", mn.register_home())
	v("it is accepted", got[0] == 0, got[0])


def proved(home, v):
	"""CareOfCredit: the tunnelled Echo Request with random bits, answered or not."""
	mn = home.mn
	since = mn.mark()
	got = v.need("an answer to the first Binding Update", mn.register_home())
	v.need("accepted", got[0] == 0)
	echo = v.need("an Echo Request to the home address in the tunnel", mn.wait(lambda p: mn.tunnelled(mn.binding())(p) and
		p.inner().kind == 128 and p.inner().src == mn.agent, 3, since))
	state = lambda: [b["state"] for b in (home.ha.show("bindings") or {}).get("bindings", [])]
	v("the care-of address is not proved before", state() == ["unverified"], state())
	mn.answer_ping(mn.binding(), echo, limit=True)
	mn.pump(lambda: state() == ["forwarding"], 3)
	v("it is proved by the answer", state() == ["forwarding"], state())


def foreign_mobile_at_home_agent(build, directory, printer):
	"""A mobile node written from the RFCs alone registers, discovers, moves, misbehaves and deregisters."""
	if BRIEF:
		return run_home(build, directory, (registered, replayed, prefixes, return_routability, moved, deregistered))
	return run_home(build, os.path.join(directory, "a"), (registered, link_local, replayed, discovered, prefixes,
		return_routability, moved, misbehaves, on_record, deregistered, taken)) + run_home(build, os.path.join(directory, "b"),
		(flooded,)) + run_home(build, os.path.join(directory, "c"), (proved,), "CareOfCredit = 64K")


def own_mobile_discovers_its_home_agent(build, directory, printer):
	"""lked on both sides: HomeAgent = auto, prefix discovery, and the proof of the care-of address."""
	v = Verdicts("lked and lked")
	with Lab(directory) as lab:
		key = key_file(os.path.join(lab.dir, "alice.key"), 0x1000, 1)
		bob = key_file(os.path.join(lab.dir, "bob.key"), 0x2000, 1)
		ha = Daemon(lab, build, "ha", HA_CONF % ("CareOfCredit = 64K\nMobilePrefixMin = 2s\nMobilePrefixMax = 3s",
			HOME_ADDRESS, key, BOB, bob)).start()
		ar = Daemon(lab, build, "ar1", AR_CONF, rsa=True).start()
		mn = Daemon(lab, build, "mn", MN_AUTO % (HOME_ADDRESS, key)).start()
		counter = lambda d, name: (d.show("counters") or {}).get("counters", {}).get(name, 0)
		try:
			lab.attach("l1")
			wait_for(lambda: [b for b in (ha.show("bindings") or {}).get("bindings", []) if b["state"] == "forwarding"], 20,
				"a registration with a proved care-of address")
			v("the home agent was found by discovery", counter(ha, "discovery_answered") == 1)
			v("the care-of address was proved by the kernel's own echo", counter(ha, "care_of_proved") == 1)
			wait_for(lambda: counter(ha, "mobile_prefix_advertisements_sent") >= 2, 15, "prefixes told and solicited")
		except LabError as e:
			v.bad.append(str(e))
		for d in (mn, ar, ha):
			v("lked of %s ends well" % d.name, d.stop() == 0, d.tail())
	return v.bad


def debian_kernel_home_agent(build, directory, printer):
	"""The home agent on a kernel with ESP and Mobile IPv6 of its own, and a mobile node that uses them."""
	return on_debians_kernel(build, "foreign_mobile_at_home_agent", "kernel_mobile_at_home_agent")


TESTS = {f.__name__: f for f in (debian_kernel_home_agent, foreign_mobile_at_home_agent, own_mobile_discovers_its_home_agent)}
