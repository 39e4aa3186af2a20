# SPDX-License-Identifier: ISC
"""Tests of the access router's links: beside radvd, kinds of links, memberships behind a snooping bridge."""
import fcntl
import os
import select
import shutil
import signal
import socket
import struct
import threading
import time

import oracle
import packet
import scenario
from nodes import MN_CONF, Radvd, write
from scenario import Story
from topology import CORE, HOME_ADDRESS, HOME_AGENT, SLOW, Lab, LabError, in_namespace, wait_for

RADVD_BESIDE = """interface wlan0 {
	AdvSendAdvert on;
	MinRtrAdvInterval 3;
	MaxRtrAdvInterval 4;
	AdvDefaultLifetime %d;
	AdvDefaultPreference high;
	AdvOtherConfigFlag on;
	AdvCurHopLimit 61;
	prefix 2001:db8:1::/64 { AdvOnLink on; AdvAutonomous on; AdvValidLifetime 3000; AdvPreferredLifetime 2000; };
};
"""
O_FLAG, H_BIT, HIGH = 0x40, 0x20, 0x08


class BesideRadvd(scenario.Fleet):
	"""AR1 leaves its advertisements to radvd."""

	def __init__(self, lab, build):
		super().__init__(lab, build)
		write(self.ar[1].conf, "[AccessRouter]\nInterface = wlan0\nAdvertise = augment\n")
		self.radvd1 = Radvd(lab, "ar1", RADVD_BESIDE % 900)

	def start(self):
		super().start()
		self.radvd1.start()


class with_fleet:
	"""with with_fleet(F): stories start F instead of the usual daemons."""

	def __init__(self, fleet):
		self.fleet = fleet

	def __enter__(self):
		self.usual, scenario.Fleet = scenario.Fleet, self.fleet

	def __exit__(self, *exc):
		scenario.Fleet = self.usual


def failures(story):
	return ["%s: %s (%s)" % (s.title[:2].strip(), c["check"], c["detail"]) for s in story.steps for c in s.checks
		if not c["ok"]]


def ra_of_ar1(story):
	return lambda m: m.kind == "RA" and story.names.source(m) == "AR1"


def header(m):
	"""Hop limit, flags without H, router lifetime of an advertisement."""
	icmp = m.raw[40:]
	return icmp[5 - 1], icmp[5] & ~H_BIT, struct.unpack_from("!H", icmp, 6)[0]


def link_local(node, dev):
	return packet.octets(next(l.split()[3].split("/")[0]
		for l in node.show("-6", "-o", "addr", "show", "dev", dev).splitlines() if " fe80::" in l))


def icmpv6(src, dst, message):
	"""The message with its checksum."""
	total = oracle.ones_sum(src + dst + struct.pack("!II", len(message), 58) + message)
	return message[:2] + struct.pack("!H", ~total & 0xffff) + message[4:]


def solicit(lab, name, dev):
	"""A Router Solicitation from a host's link-local address, by hand."""
	node = lab[name]
	src, dst = link_local(node, dev), packet.octets("ff02::2")
	mac = bytes.fromhex(node.mac[dev].replace(":", ""))
	with in_namespace(node.ns), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
		s.bind((dev, 0))
		now = time.time()
		s.send(b"\x33\x33\0\0\0\x02" + mac + b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, 8, 58, 255) + src + dst
			+ icmpv6(src, dst, bytes([133, 0, 0, 0, 0, 0, 0, 0])))
	return now


def with_key(story):
	return lambda m: ra_of_ar1(story)(m) and m.f.get("key")


def augment_agrees_with_radvd(story, bad, since, lifetime):
	"""The next pair of advertisements after `since`: radvd's, then ours, equal but for what LKE adds."""
	extra = story.watcher.wait(lambda m: with_key(story)(m) and header(m)[2] == lifetime and m.dst[0] == 0xff, 12,
		"the supplementary advertisement with Router Lifetime %d" % lifetime, since)
	plain = [m for m in story.watcher.since(since) if ra_of_ar1(story)(m) and not m.f.get("key") and m.ts <= extra.ts]
	if not plain:
		bad.append("no advertisement of radvd before the supplementary one")
		return
	if header(plain[-1]) != header(extra):
		bad.append("hop limit, flags, lifetime: radvd %s, lked %s" % (header(plain[-1]), header(extra)))
	if plain[-1].src != extra.src or plain[-1].eth_src != extra.eth_src:
		bad.append("the supplementary advertisement has other addresses")
	if extra.ts - plain[-1].ts > 0.1 * SLOW:
		bad.append("the supplementary advertisement came %.0f ms late" % ((extra.ts - plain[-1].ts) * 1e3))
	if not extra.f["flags"] & H_BIT or extra.f["flags"] & ~H_BIT != O_FLAG | HIGH:
		bad.append("flags are 0x%02x" % extra.f["flags"])
	if extra.f["max_lifetime"] > lifetime:
		bad.append("Maximum Lifetime %d is above Router Lifetime %d" % (extra.f["max_lifetime"], lifetime))
	if packet.octets("2001:db8:1::1") not in [p[0] for p in extra.f["prefixes"]]:
		bad.append("no prefix with the router's address")


def keyless(story, seconds, since):
	"""No advertisement with a key of AR1 within that time after `since`; a plain answer or the end of the time ends it."""
	try:
		m = story.watcher.wait(with_key(story), seconds, "", since)
		return "an advertisement with a key %.0f ms after the solicitation" % ((m.ts - since) * 1e3)
	except LabError:
		return None


def augment_beside_radvd(build, directory, printer):
	"""Advertise = augment beside the real radvd: attach, exchange, handover; radvd changed, stopped, back, killed."""
	bad = []
	with with_fleet(BesideRadvd), Story(build, directory, printer) as story:
		radvd = story.fleet.radvd1
		augment_agrees_with_radvd(story, bad, story.zero, 900)
		story.figure_2_1()
		story.move(2, "3  Handover to AR2")
		story.stop_traffic()
		bad += failures(story)
		at = time.time()
		write(radvd.conf, RADVD_BESIDE % 600, 0o644)
		radvd.process.send_signal(signal.SIGHUP)
		augment_agrees_with_radvd(story, bad, at, 600)
		at = time.time()
		story.lab.stop(radvd.process)
		end = story.watcher.wait(lambda m: ra_of_ar1(story)(m) and header(m)[2] == 0, 5, "radvd's final advertisement", at)
		why = keyless(story, 2, solicit(story.lab, "thief", "eth0"))
		if why or [m for m in story.watcher.since(end.ts) if with_key(story)(m)]:
			bad.append("after radvd's end: " + (why or "still advertised"))
		at = time.time()
		radvd.start()
		augment_agrees_with_radvd(story, bad, at, 600)
		radvd.process.send_signal(signal.SIGKILL)
		radvd.process.wait(5)
		story.lab.processes.remove(radvd.process)
		at = solicit(story.lab, "thief", "eth0")
		answer = story.watcher.wait(with_key(story), 2, "the answer to a solicitation", at)
		if answer.ts - at > 0.1 * SLOW:
			bad.append("solicitation answered after %.0f ms" % ((answer.ts - at) * 1e3))
		wait_for(lambda: "answers no solicitation" in story.fleet.ar[1].tail(4000), 8, "lked to notice that radvd was killed")
		why = keyless(story, 1, solicit(story.lab, "thief", "eth0"))
		if why:
			bad.append("after radvd was killed: " + why)
		story.stop_daemons()
	return bad


class SnoopingBridge(scenario.Fleet):
	"""AR1's link is a bridge that forwards a multicast only where a listener told it so."""

	def start(self):
		sw = self.ha.lab["sw"]
		sw.sysctl(l1__disable_ipv6=0, l1__accept_dad=0)
		sw.ip("link set l1 down", "link set l1 type bridge mcast_snooping 1 mcast_querier 1 mcast_query_interval 300"
			" mcast_query_response_interval 100 mcast_startup_query_interval 50 mcast_startup_query_count 3"
			" mcast_last_member_interval 50 mcast_membership_interval 800", "link set l1 up")
		super().start()


def members(lab, group):
	"""Ports of AR1's link that the bridge sends this group to."""
	return {l.split(" port ")[1].split()[0] for l in lab["sw"].run("bridge", "mdb", "show", "dev", "l1").splitlines()
		if " grp %s " % group in l}


def solicited_node(address):
	return socket.inet_ntop(socket.AF_INET6, packet.octets("ff02::1:ff00:0")[:13] + address[13:])


def forged_done(lab, group):
	"""Multicast Listener Done (RFC 2710) of the other host, for somebody else's group."""
	node = lab["thief"]
	mac = bytes.fromhex(node.mac["eth0"].replace(":", ""))
	src, dst = link_local(node, "eth0"), packet.octets("ff02::2")
	icmp = icmpv6(src, dst, bytes([132, 0, 0, 0, 0, 0, 0, 0]) + packet.octets(group))
	p = struct.pack("!IHBB", 6 << 28, 8 + len(icmp), 0, 1) + src + dst + bytes([58, 0, 5, 2, 0, 0, 1, 0]) + icmp
	with in_namespace(node.ns), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
		s.bind(("eth0", 0))
		now = time.time()
		s.send(b"\x33\x33" + dst[12:] + mac + b"\x86\xdd" + p)
	return now


def amb_096_defence_behind_a_snooping_bridge(build, directory, printer):
	"""A snooping bridge with a querier: the router's memberships let DAD for the care-of address through to it."""
	bad = []
	with with_fleet(SnoopingBridge), Story(build, directory, printer) as story:
		lab = story.lab
		wait_for(lambda: "ar1-wlan0" in members(lab, "ff02::2"), 10, "the bridge to know AR1 as a listener of ff02::2")
		story.figure_2_1()
		group = solicited_node(story.scene.coa[1])
		wait_for(lambda: "ar1-wlan0" in members(lab, group), 5, "AR1's membership of %s" % group)
		if members(lab, solicited_node(packet.octets("2001:db8:1::77:7777"))):
			bad.append("the bridge has a port in the group of an address nobody has")
		story.try_thief("2b another host, mobile on link", True)
		story.move(2, "3  Handover to AR2")
		story.try_thief("3b another host, mobile away", False)
		if "ar1-wlan0" not in members(lab, group) or "mn-wlan0" in members(lab, group):
			bad.append("members of %s: %s" % (group, members(lab, group)))
		# Longer than the bridge waits for another report: two queries, 0.5 s apart.
		end = forged_done(lab, group) + 1.0
		wait_for(lambda: time.time() > end, 3, "the bridge's query to be over")
		if "ar1-wlan0" not in members(lab, group):
			bad.append("a forged Done ended AR1's membership")
		story.try_thief("3c after a forged Done", False)
		story.stop_traffic()
		bad += failures(story)
		story.stop_daemons()
	return bad


MANY_CONF = """[AccessRouter]
Interface = wlan0

[AccessRouter]
Interface = vl7
Mtu = 1280

[AccessRouter]
Interface = br0

[AccessRouter]
Interface = tun1
"""
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454ca, 1, 0x1000


class TunLink(threading.Thread):
	"""A link without link-layer addresses: one TUN device in each of two nodes, packets carried between them."""

	def __init__(self, a, b, name):
		super().__init__(daemon=True)
		self.fd, self.running = [], True
		for node in (a, b):
			with in_namespace(node.ns):
				fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
				fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
			self.fd.append(fd)
		self.start()

	def run(self):
		poll = select.poll()
		for fd in self.fd:
			poll.register(fd, select.POLLIN)
		while self.running:
			for fd, _ in poll.poll(100):
				try:
					os.write(self.fd[1 - self.fd.index(fd)], os.read(fd, 65536))
				except OSError:
					pass	# the other end is down

	def close(self):
		self.running = False
		self.join(2)
		for fd in self.fd:
			os.close(fd)


def add_links(lab):
	"""AR1 and the mobile node get a VLAN of MTU 1280, a bridge with unique local addresses only, and a TUN."""
	ar1, mn = lab["ar1"], lab["mn"]
	lab._link("lb", "lc")
	for n, (dev, link) in enumerate((("e1", "lb"), ("e2", "lc"))):
		lab.plug("ar1", dev, link, "02:00:00:00:01:0%x" % (11 + n))
		lab.plug("mn", dev, link, "02:00:00:00:0b:0%x" % (11 + n))
		for node in (ar1, mn):
			node.ip("link set %s up" % dev)
	mn.sysctl(e1__accept_ra=0, e2__disable_ipv6=1)
	ar1.sysctl(e2__disable_ipv6=1)
	add_upper(ar1)
	ar1.ip("link add br0 type bridge stp_state 0", "link set e1 master br0",
		"addr add fd00:23::1/64 dev br0 nodad", "link set br0 up")
	upper_device(mn)
	tun = TunLink(ar1, mn, "tun1")
	ar1.ip("addr add 2001:db8:24::1/64 dev tun1 nodad", "link set tun1 up")
	mn.ip("link set tun1 up")
	for name in ("ha", "cr", "ar2"):
		lab[name].ip(*["route add %s/64 via %s1" % (p, CORE) for p in ("2001:db8:22::", "fd00:23::", "2001:db8:24::")])
	return tun


def upper_device(node):
	"""vl7 above e2: a VLAN, or where the kernel has none a macvlan."""
	for kind in ("vlan id 7", "macvlan mode bridge"):
		node.show("link", "add", "link", "e2", "name", "vl7", "mtu", "1280", "type", *kind.split())
		if "vl7" in node.show("-br", "link", "show"):
			return node.ip("link set vl7 up")
	raise LabError("this kernel has neither VLAN nor macvlan")


def add_upper(ar1):
	upper_device(ar1)
	ar1.ip("addr add 2001:db8:22::1/64 dev vl7 nodad")


def valid_on(ar, dev, prefix):
	"""Care-of address of a valid LBSA on that interface of the router."""
	for e in (ar.show("lbsa") or {}).get("lbsas", []):
		if e["interface"] == dev and e["state"] == "valid" and e["care_of_address"].startswith(prefix):
			return e["care_of_address"]
	return None


def pings(lab, address):
	return " 0% packet loss" in lab["cn"].run("ping", "-c", "1", "-W", "1", address, check=False)


def attach_on(lab, fleet, dev, prefix):
	"""The mobile node on one link of AR1: registered, exchanged, reachable.  Its care-of address."""
	mine = {"br0": "e1"}.get(dev, dev)
	interfaces = "Interface = %s\n" % mine + ("Interface = wlan0" if mine == "tun1" else "")
	write(fleet.mn.conf, (MN_CONF % (HOME_ADDRESS, HOME_AGENT, fleet.key_file)).replace("Interface   = wlan0", interfaces))
	# A node that was never here: it would keep its keys, also those of a link that AR1 has lost meanwhile.
	shutil.rmtree(fleet.mn.state)
	os.mkdir(fleet.mn.state)
	fleet.mn.start()
	coa = wait_for(lambda: valid_on(fleet.ar[1], dev, prefix), 20, "a valid LBSA on AR1's %s" % dev, 0.1)
	wait_for(lambda: pings(lab, HOME_ADDRESS), 8, "an answer from the home address by " + dev)
	return coa


def make_anew(lab, fleet, bad):
	"""Links of AR1 deleted and made again, renamed away and back, with another MAC address."""
	ar1 = lab["ar1"]
	ar1.ip("link del vl7")
	wait_for(lambda: not valid_on(fleet.ar[1], "vl7", "2001"), 5, "AR1 to forget the LBSA of a deleted link")
	add_upper(ar1)
	wait_for(lambda: valid_on(fleet.ar[1], "vl7", "2001:db8:22:"), 5, "the LBSA of the link that is back")
	ar1.ip("link set br0 down", "link set br0 name other", "link set other name br0",
		"link set br0 address 02:00:00:00:01:77", "link set br0 up", "addr add fd00:23::1/64 dev br0 nodad")
	for dev, prefix in (("vl7", "2001:db8:22:"), ("br0", "fd00:23:")):
		attach_on(lab, fleet, dev, prefix)
		detach(fleet, bad)


def leave_tun(lab, fleet, coa):
	"""Handover from the TUN to AR2's link: packets to the old care-of address follow."""
	lab["mn"].ip("link set tun1 down")
	lab.attach("l2")
	wait_for(lambda: [b for b in (fleet.ar[1].show("bindings") or {}).get("bindings", []) if b["home_address"] == coa
		and b["care_of_address"].startswith("2001:db8:2:")], 15, "AR1 to bind the address of the TUN", 0.1)
	wait_for(lambda: pings(lab, coa), 8, "an answer from the care-of address of the TUN")


def detach(fleet, bad):
	status = fleet.mn.stop()
	if status:
		bad.append("mn: exit status %s: %s" % (status, fleet.mn.tail()))


def many_links(build, directory, printer):
	"""One access router with a VLAN of MTU 1280, a bridge with ULA only, a TUN; made anew, renamed, with another MAC."""
	bad = []
	with Lab(os.path.join(directory, "work")) as lab:
		tun = add_links(lab)
		try:
			fleet = scenario.Fleet(lab, build, routers=(1, 2))
			write(fleet.ar[1].conf, MANY_CONF)
			# Each start of the mobile node begins at a random number, which eats the budget of a key (AMB-172).
			with open(fleet.ha.conf) as f:
				text = f.read()
			write(fleet.ha.conf, text.replace("Interface = home0", "Interface = home0\nEnforceCycle = no"))
			for d in (fleet.ha, fleet.ar[1], fleet.ar[2]):
				d.start()
			lab.attach("l1")
			for dev, prefix in (("vl7", "2001:db8:22:"), ("br0", "fd00:23:"), ("wlan0", "2001:db8:1:")):
				attach_on(lab, fleet, dev, prefix)
				detach(fleet, bad)
			if "e1" in [i["name"] for i in fleet.ar[1].show("interfaces")["interfaces"]]:
				bad.append("AR1 listens on a port of its bridge: each message would count twice")
			make_anew(lab, fleet, bad)
			lab.detach()
			leave_tun(lab, fleet, attach_on(lab, fleet, "tun1", "2001:db8:24:"))
			detach(fleet, bad)
			for d in (fleet.ar[1], fleet.ar[2], fleet.ha):
				if d.stop():
					bad.append("%s: exit status %s" % (d.name, d.process.returncode))
		except LabError as e:
			bad.append("%s; AR1: %s; MN: %s" % (e, fleet.ar[1].tail(300), fleet.mn.tail(500)))
		finally:
			tun.close()
	return bad


TESTS = {f.__name__: f for f in (augment_beside_radvd, amb_096_defence_behind_a_snooping_bridge,
	many_links)}
