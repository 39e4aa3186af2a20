# SPDX-License-Identifier: ISC
"""A small network for attacks: one access router, its link with honest hosts and an attacker, a network behind it.

All hosts but the router are raw sockets (mobile.py, attacks, the flood): their kernels have no IPv6 there, so that
nothing but what a test sends is on the wire.  Taken down like the large lab.
"""
import os

import forge
from nodes import AR_CONF, Daemon
from packet import octets
from topology import Lab, checksums_in_software, wait_for

FAR = "2001:db8:2::"		# behind the router: where a mobile node is after its move
AR = octets("2001:db8:1::1")
AR_FAR = octets("2001:db8:2::1")
AR_MAC, AR_FAR_MAC = bytes.fromhex("020000000101"), bytes.fromhex("020000000201")


class Link(Lab):
	"""with Link(directory, build, conf) as link: the router's daemon runs, link.ar is it."""

	def __init__(self, directory, build, more="", args=()):
		super().__init__(directory)
		self.build, self.conf, self.args = build, AR_CONF + more, args

	def __enter__(self):
		super().__enter__()
		try:
			self.ar = Daemon(self, self.build, "ar1", self.conf, rsa=True, args=self.args)
			self.ar.start()
		except BaseException:
			self.close()
			raise
		return self

	def _build(self):
		self.switch = None
		self.node("sw")
		self._link("l1", "core")
		for name in ("ar1", "hosts", "x", "far"):
			self.node(name)
			self.nodes[name].sysctl(default__dad_transmits=0, **({} if name == "ar1" else {"default__disable_ipv6": 1}))
		self.nodes["ar1"].sysctl(all__forwarding=1, default__forwarding=1)
		for name, dev, link, mac in (("ar1", "wlan0", "l1", AR_MAC), ("ar1", "core0", "core", AR_FAR_MAC),
				("hosts", "wlan0", "l1", bytes.fromhex("020000000b00")), ("x", "eth0", "l1", bytes.fromhex("020000000e00")),
				("far", "eth0", "core", bytes.fromhex("020000000f00"))):
			self.plug(name, dev, link, mac.hex(":"))
			self.nodes[name].ip("link set %s up" % dev)
		# A flood of invented sources would fill the bridge's table, which is not the router's business.
		self.nodes["sw"].run("bridge", "link", "set", "dev", "x-eth0", "learning", "off")
		self.nodes["ar1"].ip("addr add 2001:db8:1::1/64 dev wlan0 nodad", "addr add %s1/64 dev core0 nodad" % FAR)
		wait_for(lambda: "tentative" not in self.nodes["ar1"].show("-6", "addr") and "fe80::" in
			self.nodes["ar1"].show("-6", "addr", "show", "dev", "wlan0"), 5, "addresses of the router")

	def far_neighbour(self, addr, mac):
		"""The router's kernel finds addr behind it without Neighbor Discovery."""
		self.nodes["ar1"].ip("neigh replace %s lladdr %s dev core0 nud permanent" % (addr, mac.hex(":")))

	def counters(self):
		shown = self.ar.show("counters") or {}
		return {**shown.get("counters", {}), **{"drop:" + k: v for k, v in shown.get("drops", {}).items()}}

	def memory(self):
		"""Resident octets of both processes."""
		total = 0
		for pid in self.ar.pids():
			with open("/proc/%d/statm" % pid) as f:
				total += int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
		return total
