# SPDX-License-Identifier: ISC
"""The tunnels on real packets: path MTU, congestion marks, hop limits, and a host whose owner has rules of his own."""
import re
import socket
import struct
import time

from packet import octets
from tests_mn import LOCAL_CONF, World
from topology import in_namespace, wait_for

ETH_P_ALL = 3
IPV6_IN_IPV6, ICMPV6, ECHO_REQUEST = 41, 58, 128
IP6_HEADER, ECHO_HEADER = 40, 8
ECT0, CE = 2, 3


class Tap:
	"""IPv6 packets that pass an interface, from their IPv6 header."""

	def __init__(self, node, dev):
		with in_namespace(node.ns):
			self.s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
			self.s.bind((dev, ETH_P_ALL))
		self.s.setblocking(False)

	def read(self):
		out = []
		while True:
			try:
				p = self.s.recv(65536)
			except BlockingIOError:
				return out
			if len(p) >= IP6_HEADER and p[0] >> 4 == 6:
				out.append(p)

	def close(self):
		self.s.close()


def traffic_class(p):
	return struct.unpack_from("!H", p)[0] >> 4 & 0xff


def is_echo(p, coa):
	return p[6] == ICMPV6 and p[IP6_HEADER] == ECHO_REQUEST and p[24:40] == coa


def ping(world, coa, size, *more):
	"""One echo request of so many octets in all, never cut by its sender; what ping says."""
	return world.lab["cn"].run("ping", "-6", "-M", "do", "-c", "1", "-W", "1", "-s", str(size - IP6_HEADER - ECHO_HEADER), *more, coa,
		check=False)


def answered(text):
	return " 0% packet loss" in text


def route_mtu(world, coa):
	"""What the correspondent has learnt of the path; None: nothing."""
	m = re.search(r" mtu (\d+)", world.lab["cn"].show("-6", "route", "get", coa))
	return int(m.group(1)) if m else None


def moved(world):
	"""(CoA1, CoA2): the mobile node is on link 2, its first address bound at AR1."""
	world.plug("wlan0", "l1", True)
	coa1 = world.coa(1)
	world.lab.move("l2", 0.06)
	world.bound(1, coa1)
	coa2 = world.coa(2)
	wait_for(lambda: world.pings("cn", coa1), 5, "the old care-of address to answer through the tunnel")
	return coa1, coa2


def plane(daemon, name):
	return daemon.show("counters")["counters"]["plane"][name]


def drops(daemon, name):
	return daemon.show("counters")["drops"].get(name, 0)


def narrow(world, coa2, mtu):
	"""The last hop before the mobile node carries no more than this."""
	world.lab["ar2"].ip("route replace %s/128 dev wlan0 mtu lock %d" % (coa2, mtu))


def amb_121_path_mtu_of_a_tunnel(build, directory, printer):
	"""The sender is told what the tunnel leaves of the path, also what a router inside it said, never below 1280."""
	bad = []
	with World(build, directory, LOCAL_CONF, home=False) as w:
		coa1, coa2 = moved(w)

		def learns(size, mtu):
			def learnt():
				ping(w, coa1, size)
				return route_mtu(w, coa1) == mtu
			wait_for(learnt, 5, "the correspondent to learn a path MTU of %d by packets of %d octets" % (mtu, size))
			if not answered(ping(w, coa1, mtu)):
				bad.append("a packet of %d octets is not answered" % mtu)
			if answered(ping(w, coa1, mtu + 1)):
				bad.append("a packet of %d octets is answered" % (mtu + 1))
		learns(1500, 1500 - IP6_HEADER)
		narrow(w, coa2, 1400)
		learns(1460, 1400 - IP6_HEADER)
		before = plane(w.ar[1], "fragmented"), plane(w.mn, "reassembled")
		narrow(w, coa2, 1280)
		learns(1360, 1280)	# not 1240: from here on the tunnel cuts
		if plane(w.ar[1], "fragmented") <= before[0]:
			bad.append("the router has cut nothing")
		if plane(w.mn, "reassembled") <= before[1]:
			bad.append("the mobile node has joined nothing")
		return bad + w.stop()


def rfc_2473_6040_hop_limits_and_congestion(build, directory, printer):
	"""The tunnel is one hop; DSCP and ECN go into the outer header, a congestion mark comes out, or the packet is dropped."""
	bad = []
	with World(build, directory, LOCAL_CONF, home=False) as w:
		coa1, _ = moved(w)
		outer, inner = Tap(w.lab["ar2"], "core0"), Tap(w.lab["mn"], "lke0")

		def one(tclass):
			"""(answered, outer packet or None, inner packet or None) of one echo request."""
			outer.read(), inner.read()
			text = ping(w, coa1, 100, "-Q", str(tclass))
			o = [p for p in outer.read() if p[6] == IPV6_IN_IPV6 and is_echo(p[IP6_HEADER:], octets(coa1))]
			i = [p for p in inner.read() if is_echo(p, octets(coa1))]
			return answered(text), o[0] if o else None, i[0] if i else None

		ok, o, i = one(0xb8 | ECT0)
		if not ok or not o or not i:
			return ["no echo through the tunnel"]
		# The correspondent's router and AR1 forward it; between the tunnel's ends nothing touches it.  The TUN plane's outer
		# packets are forwarded by AR1 too.
		if o[7] not in (63, 64) or (o[IP6_HEADER + 7], i[7]) != (62, 62):
			bad.append("hop limits: outer %d, inner %d before and %d behind the tunnel" % (o[7], o[IP6_HEADER + 7], i[7]))
		if traffic_class(o) != 0xb8 | ECT0 or traffic_class(i) != 0xb8 | ECT0:
			bad.append("traffic class: outer %#x, inner %#x" % (traffic_class(o), traffic_class(i)))
		w.lab["ar2"].run("nft", "-f", "-", text="table ip6 jam { chain forward { type filter hook forward priority 0;\n"
			"ip6 nexthdr 41 ip6 daddr 2001:db8:2::/64 ip6 ecn set ce\n}\n}\n")
		ok, o, i = one(ECT0)
		if not ok or not i or traffic_class(i) != CE:
			bad.append("a congestion mark of the outer header is lost: %s" % (i and traffic_class(i)))
		before = drops(w.mn, "tunnel_ecn")
		ok, o, i = one(0)
		if ok or i:
			bad.append("a packet that cannot carry the mark came out of the tunnel")
		if drops(w.mn, "tunnel_ecn") != before + 1:
			bad.append("and its drop is not counted")
		outer.close()
		inner.close()
		return bad + w.stop()


FIREWALL = """table inet mine {
	set hosts { type ipv6_addr; elements = { 2001:db8:bad::1 } }
	chain input { type filter hook input priority 0; policy accept; ip6 saddr @hosts drop; }
	chain forward { type filter hook forward priority 0; policy drop; ip6 saddr @hosts drop; meta nfproto ipv6 accept; }
	chain raw { type filter hook prerouting priority -400; policy accept; ip6 saddr @hosts drop; }
}
"""
OWN_RULES = (("rule", "add", "pref", "500", "from", "2001:db8:bad::/48", "lookup", "77"),
	("route", "add", "unreachable", "default", "table", "77"))
OWNERS = ("mn", "ar1", "ar2")


class Owned(World):
	"""Every host has a firewall, routes, rules and a tc program of its owner."""

	def prepare(self):
		self.before = {}
		for name in OWNERS:
			n = self.lab[name]
			n.run("nft", "-f", "-", text=FIREWALL)
			n.run("tc", "qdisc", "add", "dev", "wlan0", "clsact")
			# Says of every packet that others may judge it.
			n.run("tc", "filter", "add", "dev", "wlan0", "ingress", "protocol", "ipv6", "prio", "10", "bpf", "bytecode",
				"1,6 0 0 4294967295", "flowid", "1:1")
			for rule in OWN_RULES:
				n.run("ip", "-6", *rule)
			if name != "mn":
				n.ip("route add default via 2001:db8:ffff::c dev core0")


def tc_of(node):
	return "".join(node.run("tc", *what) for what in (("qdisc", "show", "dev", "wlan0"), ("filter", "show", "dev", "wlan0", "ingress"),
		("filter", "show", "dev", "wlan0", "egress")))


def beside_the_owners_rules(build, directory, printer):
	"""Firewall, tc, policy rules, default routes of the host's owner work on, also reloaded; lke removes what it added, no more."""
	import tests	# its state_of(), which imports this file

	class Noted(Owned):
		def prepare(self):
			super().prepare()
			for n in OWNERS:
				self.before[n] = dict(tests.state_of(self.lab[n]), tc=tc_of(self.lab[n]))
	bad = []
	with Noted(build, directory, LOCAL_CONF, home=False) as w:
		coa1, _ = moved(w)
		for n in OWNERS:
			w.lab[n].run("nft", "flush", "ruleset")	# how a distribution reloads its firewall
			w.lab[n].run("nft", "-f", "-", text=FIREWALL)
		if not w.pings("cn", coa1):
			bad.append("no answer through the tunnel after the firewall was reloaded")
		w.lab.move("l1", 0.06)
		wait_for(lambda: w.pings("cn", coa1), 5, "the address to answer at home again")
		w.lab.move("l2", 0.06)
		w.bound(1, coa1)
		if not answered(ping(w, coa1, 1400)):
			bad.append("no answer through the tunnel after the second move")
		for n in OWNERS:
			if "table inet mine" not in w.lab[n].run("nft", "list", "ruleset"):
				bad.append("%s: the owner's table is gone" % n)
		bad += w.stop()
		for n in OWNERS:
			bad += tests.differences(n, w.before[n], dict(tests.state_of(w.lab[n]), tc=tc_of(w.lab[n])))
		return bad


def switches(daemon):
	"""How often the engine process of a daemon has waited for something."""
	with open("/proc/%d/status" % daemon.pids()[1]) as f:
		return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", f.read(), re.M).group(1))


def others_tunnels_wake_no_router(build, directory, printer):
	"""What a router merely forwards of others' tunnels is not read; what comes to an address that it got later is."""
	n, late, bad = 400, "2001:db8:ffff::51", []
	with World(build, directory, LOCAL_CONF, home=False) as w:
		coa1, _ = moved(w)

		def tunnel_packets(dst):
			"""So many empty ones from the correspondent; how often the router waited meanwhile."""
			with in_namespace(w.lab["cn"].ns):
				s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, IPV6_IN_IPV6)
			before = switches(w.ar[2])
			with s:
				for _ in range(n):
					s.sendto(b"\x60" + bytes(IP6_HEADER - 1), (dst, 0))
					time.sleep(0.001)
			return switches(w.ar[2]) - before
		before = switches(w.ar[2])
		w.lab["cn"].run("ping", "-6", "-q", "-c", str(n), "-i", "0.002", coa1)
		woken = switches(w.ar[2]) - before
		if woken > n / 2:
			bad.append("%d packets each way through AR2 woke it %d times" % (n, woken))
		w.lab["ar2"].ip("addr add %s/64 dev core0 nodad" % late)
		wait_for(lambda: tunnel_packets(late) > n / 4, 20, "tunnel packets to an address that the router got later to be read")
		if not answered(ping(w, coa1, 100)):
			bad.append("no echo through the tunnel in the end")
		return bad + w.stop()


TESTS = {f.__name__: f for f in (amb_121_path_mtu_of_a_tunnel, rfc_2473_6040_hop_limits_and_congestion, beside_the_owners_rules,
	others_tunnels_wake_no_router)}
