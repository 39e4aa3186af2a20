# SPDX-License-Identifier: ISC
"""The mobile node on real packets: two interfaces, no home agent, links without addresses, a reboot."""
import os
import signal
import time

import analyse
import packet
from nodes import AR_CONF, HA_CONF, MN_CONF, Daemon, key_file
from topology import CN_ADDRESS, HOME_ADDRESS, HOME_AGENT, Lab, LabError, ar_prefix, wait_for

LOCAL_CONF = "[MobileNode]\nInterface = wlan0\nLocalOnly = yes\n"


class World:
	"""The lab with the daemons that a test asks for.  Context manager; nothing is left."""

	def __init__(self, build, directory, mn_conf, routers=(1, 2), home=True):
		self.build, self.mn_conf, self.routers, self.home = build, mn_conf, routers, home
		self.lab = Lab(os.path.join(directory, "work"))
		self.pairs = {}

	def __enter__(self):
		self.lab.__enter__()
		try:
			self.prepare()
			self._start()
		except BaseException:
			self.lab.close()
			raise
		return self

	def __exit__(self, *exc):
		self.lab.close()

	def prepare(self):
		"""More of a network than usual."""

	def _start(self):
		key = key_file(os.path.join(self.lab.dir, "alice.key"))
		self.ar = {n: Daemon(self.lab, self.build, "ar%d" % n, AR_CONF).start() for n in self.routers}
		self.ha = Daemon(self.lab, self.build, "ha", HA_CONF % (HOME_ADDRESS, key)).start() if self.home else None
		conf = self.mn_conf.replace("@KEY@", key)
		self.mn = Daemon(self.lab, self.build, "mn", conf).start()

	def plug(self, dev, link, up):
		sw = self.lab["sw"]
		port = self.lab["mn"].port_index[dev]
		if not up:
			self.lab.switch.down(port)
			return
		self.lab.switch.master(port, self.lab.bridge[link])
		self.lab.switch.up(port)

	def coa(self, n, seconds=15):
		"""The mobile node's care-of address on link n, once its LBSA is valid at AR n."""
		found = []

		def valid():
			for e in (self.ar[n].show("lbsa") or {}).get("lbsas", []):
				if e.get("state") == "valid" and e.get("care_of_address", "").startswith(ar_prefix(n).rstrip(":") + ":"):
					found.append(e["care_of_address"])
			return found
		wait_for(valid, seconds, "a valid LBSA at AR%d" % n, 0.05)
		return found[0]

	def bound(self, n, coa, seconds=8):
		def there():
			return any(b.get("home_address") == coa for b in (self.ar[n].show("bindings") or {}).get("bindings", []))
		wait_for(there, seconds, "a binding of %s at AR%d" % (coa, n), 0.02)

	def probe(self, name, address, port, rate=1000):
		pair = []
		for node, me, peer in (("cn", CN_ADDRESS, address), ("mn", address, CN_ADDRESS)):
			out = os.path.join(self.lab.dir, "%s-%s.txt" % (name, node))
			log = out + ".log"
			p = self.lab[node].popen([self.build + "/lab/udp_probe", me, str(port), peer, str(port), str(rate), out],
				open(log, "w"))
			wait_for(lambda: "ready" in open(log).read() or p.poll() is not None, 5, "udp_probe to start")
			pair.append((p, out))
		self.pairs[name] = pair

	def stop_probes(self):
		"""{(name, direction): Stream}"""
		out = {}
		for name, pair in self.pairs.items():
			for p, _ in pair:
				self.lab.stop(p)
			for s in analyse.streams(name, pair[0][1], pair[1][1]):
				out[name, s.direction] = s
		self.pairs = {}
		return out

	def pings(self, node, address):
		return " 0% packet loss" in self.lab[node].run("ping", "-c", "1", "-W", "1", address, check=False)

	def stop(self):
		"""Ends the daemons; what they had to complain about."""
		bad = []
		for d in [self.mn, self.ha, *self.ar.values()]:
			if d and d.process and d.stop():
				bad.append("%s: exit status %d: %s" % (d.name, d.process.returncode, d.tail()))
		return bad


def quiet(streams, start, end, late_ok=True):
	"""What a stream lost, doubled or got out of order between two times."""
	bad = []
	for (name, direction), s in streams.items():
		c = s.count(start, end)
		if c["sent"] < (end - start) * 500:
			bad.append("%s %s: only %d datagrams sent" % (name, direction, c["sent"]))
		if c["lost"] or c["duplicated"]:
			bad.append("%s %s: %s" % (name, direction, c))
	return bad


def make_before_break_loses_nothing(build, directory, printer):
	"""Two interfaces: the preferred link comes up and is bound before the other is given up; no datagram is lost."""
	class Two(World):
		def prepare(self):
			self.lab.plug("mn", "wlan1", "l2", "02:00:00:00:0b:02", up=False)
			self.lab["mn"].sysctl(wlan1__accept_ra=0)
			self.lab["mn"].ip("link set wlan1 up")
	conf = (MN_CONF % (HOME_ADDRESS, HOME_AGENT, "@KEY@")).replace("Interface   = wlan0", "Interface   = wlan1\nInterface   = wlan0")
	with Two(build, directory, conf) as w:
		w.plug("wlan0", "l1", True)
		coa1 = w.coa(1)
		w.probe("home", HOME_ADDRESS, 7010)
		w.probe("coa1", coa1, 7011)
		start = time.time()
		w.plug("wlan1", "l2", True)
		w.bound(1, coa1)
		# The old link goes only when the new one carries everything.
		wait_for(lambda: coa1 not in w.lab["mn"].show("-6", "route", "show", "table", "all", "dev", "wlan0"), 5,
			"the care-of address to leave the old interface", 0.02)
		w.plug("wlan0", None, False)
		gone = time.time()
		wait_for(lambda: time.time() > gone + 1, 5, "a second of traffic without the old link")
		# And back: the preferred link is lost, the other one takes over what it must.
		end = time.time()
		wait_for(lambda: time.time() > end + 0.3, 5, "what is under way to arrive")
		streams = w.stop_probes()
		bad = quiet(streams, start - 0.2, end)
		return bad + w.stop()


def local_only_needs_no_home_agent(build, directory, printer):
	"""LocalOnly: an access router of two lines and a mobile node of two; a connection outlives the move."""
	with World(build, directory, LOCAL_CONF, home=False) as w:
		w.plug("wlan0", "l1", True)
		coa1 = w.coa(1)
		w.probe("coa1", coa1, 7011)
		lost, back = w.lab.move("l2", 0.06)
		w.bound(1, coa1)
		w.coa(2)
		end = time.time()
		wait_for(lambda: time.time() > end + 0.3, 5, "what is under way to arrive")
		bad = []
		for (name, direction), s in w.stop_probes().items():
			silence = s.longest_silence(lost, end)[0]
			if silence > (back - lost) + 0.1:
				bad.append("%s %s: %.0f ms without a datagram" % (name, direction, silence * 1e3))
			if s.count(back + 0.1, end)["lost"]:
				bad.append("%s %s: datagrams lost after the move: %s" % (name, direction, s.count(back + 0.1, end)))
		printer.note(w.lab["mn"].run(w.mn.lke, "--run", w.mn.run_dir, "show", check=False))
		return bad + w.stop()


TESTS = {f.__name__: f for f in (make_before_break_loses_nothing, local_only_needs_no_home_agent)}
