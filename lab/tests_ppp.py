# SPDX-License-Identifier: ISC
"""A mobile node on PPP links: pppd at both ends of a serial line, IPV6CP, the interface made anew at each attachment."""
import os
import re
import shutil
import signal

from nodes import AR_CONF
from tests_mn import LOCAL_CONF, World
from topology import CannotRun, wait_for

COMMON = ("nodetach", "noauth", "local", "noip", "+ipv6", "nodefaultroute", "lcp-echo-interval", "0", "noccp", "unit", "0", "nolock")


def prefix(n):
	return "2001:db8:3%d::" % n


class Serial(World):
	"""Two access routers, each at the far end of a line of its own.  A line has no carrier: the router's end stays as it is
	when the mobile node goes."""

	def prepare(self):
		self.dialled = None
		self.lab["mn"].run("modprobe", "ppp_async", check=False)
		if not os.path.exists("/dev/ppp"):
			raise CannotRun("this kernel has no PPP")
		for n in (1, 2):
			ends = [self.end(n, who) for who in ("ar", "mn")]
			self.lab["sw"].popen(["socat"] + ["pty,rawer,link=" + e for e in ends], open(self.end(n, "log"), "w"))
			wait_for(lambda: all(os.path.exists(e) for e in ends), 5, "a serial line")
			self.pppd("ar%d" % n, self.end(n, "ar"), "silent", "persist", "ipv6", "::a:%d,::b:%d" % (n, n))
			ar = self.lab["ar%d" % n]
			wait_for(lambda: "ppp0" in ar.show("link"), 5, "the router's PPP device")
			ar.ip("addr add %s1/64 dev ppp0 nodad" % prefix(n))
			for name in ("cr", "ha", "ar%d" % (3 - n)):
				self.lab[name].ip("route add %s/64 via 2001:db8:ffff::%d" % (prefix(n), n))

	def end(self, n, who):
		return os.path.join(self.lab.dir, "line%d-%s" % (n, who))

	def pppd(self, node, line, *options):
		return self.lab[node].popen(["pppd", line, "115200", *COMMON, *options], open(os.path.join(self.lab.dir, node + "-pppd.log"), "a"))

	def dial(self, n):
		"""Hangs up without a word, and calls router n."""
		if self.dialled:
			self.dialled.send_signal(signal.SIGKILL)
			self.dialled.wait(5)
			self.lab.processes.remove(self.dialled)
			wait_for(lambda: "ppp0" not in self.lab["mn"].show("link"), 5, "the PPP device to go", 0.02)
		self.dialled = self.pppd("mn", self.end(n, "mn"), "ipv6", "::b:%d,::a:%d" % (n, n))


def lke_011_ppp_links(build, directory, printer):
	"""PPP: a key exchange and the authenticated DAD, the device gone and made anew at another router, and the connection goes on."""
	for tool in ("pppd", "socat"):
		if not shutil.which(tool):
			raise CannotRun("lacks " + tool)
	conf = LOCAL_CONF.replace("wlan0", "ppp0")
	with Serial(build, directory, conf, home=False, ar_conf=AR_CONF.replace("wlan0", "ppp0")) as w:
		w.dial(1)
		coa1, bad = w.coa(1, 30, prefix="2001:db8:31:"), []
		if not w.pings("cn", coa1):
			bad.append("the correspondent does not reach %s" % coa1)
		index = re.match(r"(\d+):", w.lab["mn"].show("-o", "link", "show", "ppp0")).group(1)
		w.dial(2)
		w.bound(1, coa1, 30)
		coa2 = w.coa(2, 30, prefix="2001:db8:32:")
		if w.lab["mn"].show("-o", "link", "show", "ppp0").startswith(index + ":"):
			bad.append("the PPP device is still the first one")
		for address in (coa1, coa2):
			wait_for(lambda: w.pings("cn", address), 10, "an answer from %s" % address, 0.5)
		return bad + w.stop()


TESTS = {f.__name__: f for f in (lke_011_ppp_links,)}
