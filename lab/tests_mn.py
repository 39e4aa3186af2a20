# SPDX-License-Identifier: ISC
"""The mobile node on real packets: two interfaces, no home agent, links without addresses, a reboot."""
import fcntl
import os
import re
import select
import signal
import struct
import textwrap
import threading
import time

import analyse
from nodes import AR_CONF, HA_CONF, MN_CONF, Daemon, key_file
from topology import CN_ADDRESS, HOME_ADDRESS, HOME_AGENT, CannotRun, Lab, LabError, ar_prefix, in_namespace, wait_for

LOCAL_CONF = "[MobileNode]\nInterface = wlan0\nLocalOnly = yes\n"


class World:
	"""The lab with the daemons that a test asks for.  Context manager; nothing is left."""

	def __init__(self, build, directory, mn_conf, routers=(1, 2), home=True, ar_conf=AR_CONF):
		self.build, self.mn_conf, self.routers, self.home, self.ar_conf = build, mn_conf, routers, home, ar_conf
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

	def __exit__(self, kind, error, trace):
		if kind and not issubclass(kind, CannotRun):
			self.last_words()
		self.lab.close()

	def last_words(self):
		for d in filter(None, (*getattr(self, "ar", {}).values(), getattr(self, "ha", None), getattr(self, "mn", None))):
			print("%s said last:\n%s" % (d.name, d.tail()))

	def prepare(self):
		"""More of a network than usual."""

	def _start(self):
		key = key_file(os.path.join(self.lab.dir, "alice.key"))
		self.ar = {n: Daemon(self.lab, self.build, "ar%d" % n, self.ar_conf).start() for n in self.routers}
		self.ha = Daemon(self.lab, self.build, "ha", HA_CONF % (HOME_ADDRESS, key)).start() if self.home else None
		conf = self.mn_conf.replace("@KEY@", key)
		self.mn = Daemon(self.lab, self.build, "mn", conf).start()

	def plug(self, dev, link, up):
		port = self.lab["mn"].port_index[dev]
		if not up:
			self.lab.switch.down(port)
			return
		self.lab.switch.master(port, self.lab.bridge[link])
		self.lab.switch.up(port)

	def valid(self, n):
		"""Care-of addresses with a valid LBSA at AR n."""
		return [e["care_of_address"] for e in (self.ar[n].show("lbsa") or {}).get("lbsas", []) if e.get("state") == "valid"]

	def coa(self, n, seconds=15, prefix=None):
		"""The mobile node's care-of address on link n, once its LBSA is valid at AR n."""
		prefix = prefix or ar_prefix(n).rstrip(":") + ":"
		mine = lambda: [a for a in self.valid(n) if a.startswith(prefix)]
		return wait_for(mine, seconds, "a valid LBSA at AR%d" % n, 0.05)[0]

	def bound(self, n, coa, seconds=8):
		def there():
			return any(b.get("home_address") == coa for b in (self.ar[n].show("bindings") or {}).get("bindings", []))
		wait_for(there, seconds, "a binding of %s at AR%d" % (coa, n), 0.02)

	def probe(self, name, address, port, down=1000, up=None, burst=()):
		"""burst: (datagrams a second, ms) of those that come down, after each burst()."""
		pair = []
		for node, me, peer, rate in (("cn", CN_ADDRESS, address, down), ("mn", address, CN_ADDRESS, down if up is None else up)):
			out = os.path.join(self.lab.dir, "%s-%s.txt" % (name, node))
			log = out + ".log"
			# Who measures goes before what is measured, lked at -10: its own delays would count as the tunnel's.
			p = self.lab[node].popen(["nice", "-n", "-20", self.build + "/lab/udp_probe", me, str(port), peer, str(port), str(rate), out,
				*map(str, burst if node == "cn" else ())], open(log, "w"))
			wait_for(lambda: "ready" in open(log).read() or p.poll() is not None, 5, "udp_probe to start")
			pair.append((p, out))
		self.pairs[name] = pair

	def burst(self):
		for pair in self.pairs.values():
			for p, _ in pair:
				p.send_signal(signal.SIGUSR1)

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


def quiet(streams, start, end):
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
		wait_for(lambda: "dev lke0" in w.lab["mn"].show("-6", "route", "get", CN_ADDRESS, "from", coa1), 5,
			"the care-of address to leave the old interface", 0.02)
		w.plug("wlan0", None, False)
		gone = time.time()
		wait_for(lambda: time.time() > gone + 1, 5, "a second of traffic without the old link")
		end = time.time()
		wait_for(lambda: time.time() > end + 0.3, 5, "what is under way to arrive")
		streams = w.stop_probes()
		bad = quiet(streams, start, end)
		return bad + w.stop()


def readme_file(section, line):
	"""The configuration file that README.md shows for a section and that holds the line."""
	root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
	with open(os.path.join(root, "README.md"), encoding="utf-8") as f:
		blocks = re.findall(r"(?:^    \S.*\n)+", f.read(), re.MULTILINE)
	files = [textwrap.dedent(b) for b in blocks if b.startswith("    [%s]\n" % section)]
	return next(f for f in files if line in f.splitlines())


def outline(text):
	"""How lines begin: with how much space, and which word or kind of word."""
	return {(len(line) - len(line.lstrip()), re.sub(r"^[0-9a-f:]*:[0-9a-f:]*$", "ADDRESS", line.split()[0])) for line in text.splitlines() if line.strip()}


def shown_as_in_readme(begin, shown):
	"""What README.md shows of lke show, from a first line on, is laid out as lke show does it."""
	root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
	with open(os.path.join(root, "README.md"), encoding="utf-8") as f:
		sample = textwrap.dedent(re.search(r"^    %s.*\n(?:    .*\n)+" % begin, f.read(), re.MULTILINE)[0])
	odd = outline(sample) - outline(shown)
	return ["README.md shows lines of lke show that begin otherwise: %s" % sorted(odd)] if odd else []


def local_only_needs_no_home_agent(build, directory, printer):
	"""LocalOnly, with the two files of README.md as they are there: a connection outlives the move, and lke show looks as said."""
	ar, mn = readme_file("AccessRouter", "Interface = wlan0"), readme_file("MobileNode", "LocalOnly = yes")
	with World(build, directory, mn, home=False, ar_conf=ar) as w:
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
		shown = {d.name: w.lab[d.name].run(d.lke, "--run", d.run_dir, check=False) for d in (w.mn, w.ar[1])}
		printer.note(shown["mn"])
		bad += shown_as_in_readme("mobile node", shown["mn"]) + shown_as_in_readme("access router ", shown["ar1"])
		if any(b"sqlite" in open("/proc/%d/maps" % pid, "rb").read() for pid in w.mn.pids()):
			bad.append("SQLite is loaded without any store")
		return bad + w.stop()


def home_agent_that_does_not_answer_is_told(build, directory, printer):
	"""The file of README.md for a mobile node with a home, and another key than the home agent's: lke status says it, until it is right."""
	conf = readme_file("MobileNode", "HomeAddress = " + HOME_ADDRESS).replace("/etc/lke/home.key", os.path.join(directory, "home.key"))
	key_file(os.path.join(directory, "home.key"))
	with World(build, directory, conf) as w:
		w.plug("wlan0", "l1", True)
		why = lambda: w.mn.ask("status")["why"]
		wait_for(lambda: "%s does not answer for %s; " % (HOME_AGENT, HOME_ADDRESS) in why(), 30, "the silence to be told")
		bad = [] if (w.mn.show("bindings") or {})["bindings"][0]["unanswered"] > 3 else ["lke show does not count the updates"]
		w.mn.stop()
		os.replace(os.path.join(w.lab.dir, "alice.key"), os.path.join(directory, "home.key"))
		w.mn.start()
		wait_for(lambda: why() == "all is well" and (w.mn.show("bindings") or {})["bindings"][0]["unanswered"] == 0, 15, "a registration")
		return bad + w.stop()


def home_agent_that_refuses_is_told(build, directory, printer):
	"""lke suspend there: the mobile node's lke status and lke show say so, though the binding of before is still in force; until lke resume."""
	conf = readme_file("MobileNode", "HomeAddress = " + HOME_ADDRESS).replace("/etc/lke/home.key", "@KEY@")
	with World(build, directory, conf) as w:
		w.plug("wlan0", "l1", True)
		status, binding = lambda: w.mn.ask("status"), lambda: (w.mn.show("bindings") or {})["bindings"][0]
		wait_for(lambda: status()["healthy"] and w.mn.show("bindings")["bindings"], 30, "a registration")
		bad = [] if binding()["refused"] is None else ["refused before anybody did"]
		w.ha.ask("suspend", arg=HOME_ADDRESS)
		w.mn.ask("flush-binding", arg=HOME_ADDRESS)
		said = "the home agent %s refuses %s: administratively prohibited (status 129); there, see: lke show mobiles" % (HOME_AGENT, HOME_ADDRESS)
		wait_for(lambda: status() == {"schema": "lke.status/1", "healthy": False, "why": said}, 10, "the refusal to be told")
		shown = w.lab["mn"].run(w.mn.lke, "--run", w.mn.run_dir, "show")
		if binding()["refused"] != 129 or ", refused (129 administratively prohibited)," not in shown:
			bad.append("lke show says: %s" % shown)
		w.ha.ask("resume", arg=HOME_ADDRESS)
		w.mn.ask("flush-binding", arg=HOME_ADDRESS)
		wait_for(lambda: status()["why"] == "all is well" and binding()["refused"] is None, 10, "the next registration")
		return bad + w.stop()


def access_router_that_does_not_answer_is_told(build, directory, printer):
	"""A firewall of the new router drops the Binding Updates to the previous one: lke status and the log say it, until it is gone."""
	with World(build, directory, LOCAL_CONF, home=False) as w:
		w.lab["ar2"].run("nft", "-f", "-", text="table inet strict { chain forward { type filter hook forward priority 0; meta l4proto 135 drop; }; }")
		w.plug("wlan0", "l1", True)
		coa1 = w.coa(1)
		w.lab.move("l2", 0.06)
		w.coa(2)
		why = lambda: w.mn.ask("status")["why"]
		router = w.mn.lbsa(coa1)["access_router"]
		said = "all is well here; the former access router %s does not answer for %s, whose connections stop; see " % (router, coa1)
		wait_for(lambda: why().startswith(said), 20, "the silence to be told")
		# Nothing is wrong where it is now: exit 0.
		bad = [] if w.mn.ask("status")["healthy"] is True and w.lab["mn"].run(
			w.mn.lke, "--run", w.mn.run_dir, "status").startswith("healthy: all is well here; ") else ["a router of the past makes lke status say degraded"]
		wait_for(lambda: "its access router is silent" in w.mn.tail(9000), 10, "the silence to be logged")
		w.lab["ar2"].run("nft", "delete", "table", "inet", "strict")
		wait_for(lambda: why() == "all is well", 40, "a binding")
		w.bound(1, coa1)
		return bad + w.stop()


def keys_beside_another_state_directory_are_told(build, directory, printer):
	"""The keys of the last run are sealed with a secret of the state directory: without it they are not used, and the log says why."""
	said = lambda: [line for line in w.mn.tail(9000).splitlines() if "keys of the last run" in line]
	with World(build, directory, LOCAL_CONF, routers=(1,), home=False) as w:
		w.plug("wlan0", "l1", True)
		w.coa(1)
		w.mn.stop()
		w.mn.start()
		bad = [] if len(said()) == 1 and said()[0].endswith("taken over") else ["a restart says: %s" % said()]
		w.mn.stop()
		os.unlink(os.path.join(w.mn.state, "stable_secret"))
		w.mn.start()
		if len(said()) != 2 or "another state directory than %s, or is damaged; nothing to do" % w.mn.state not in said()[1]:
			bad.append("with another state directory it says: %s" % said())
		wait_for(lambda: len(w.valid(1)) == 2, 20, "a key of the new address")
		return bad + w.stop()


def idle_node_that_moves_has_its_routes(build, directory, printer):
	"""Nothing was sent, so nothing is parked in the TUN device: its routes are those of the link it came to all the same."""
	bad = []
	with World(build, directory, LOCAL_CONF, home=False) as w:
		mn = w.lab["mn"]

		def comes_to(n, when):
			"""Where new connections go, which have no source address yet."""
			router = w.lab["ar%d" % n].show("-6", "-o", "address", "show", "dev", "wlan0", "scope", "link").split()[3].split("/")[0]
			try:
				wait_for(lambda: "via %s " % router in mn.show("-6", "route", "get", CN_ADDRESS), 3, "the route", 0.02)
			except LabError:
				bad.append("%s: new connections go by %s" % (when, mn.show("-6", "route", "get", CN_ADDRESS).strip()))

		w.plug("wlan0", "l1", True)
		w.coa(1)
		comes_to(1, "attached")
		w.lab.move("l2", 0.02)
		w.coa(2)
		comes_to(2, "moved")
		w.mn.stop()
		w.mn.start()
		for n in (1, 2, 1):
			w.lab.move("l%d" % n, 0.02)
			w.bound(3 - n, w.coa(3 - n))
			comes_to(n, "restarted, then to AR%d" % n)
		return bad + w.stop()


class Wire(threading.Thread):
	"""A point-to-point link without link-layer addresses: TUN devices of two nodes, packets carried by hand."""
	TUNSETIFF, TUNSETCARRIER, IFF_TUN, IFF_NO_PI = 0x400454ca, 0x400454e2, 0x1, 0x1000

	def __init__(self, lab, mobile, routers):
		super().__init__(daemon=True)
		self.fd = {name: self._open(lab[name]) for name in [mobile, *routers]}
		self.node, self.mobile, self.peer, self.ending, self.lock = lab[mobile], mobile, None, False, threading.Lock()
		self.start()

	def _open(self, node):
		with in_namespace(node.ns):
			fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
			fcntl.ioctl(fd, self.TUNSETIFF, struct.pack("16sH22x", b"ptp0", self.IFF_TUN | self.IFF_NO_PI))
		fcntl.ioctl(fd, self.TUNSETCARRIER, struct.pack("i", 0 if node.name == "mn" else 1))
		return fd

	def connect(self, peer):
		"""Where the mobile node's link leads from now on.  How long it led nowhere, seconds.

		The kernel may tell of a carrier that goes a second later, when any link of the machine has just changed, and then
		of both changes at once; of one that comes it tells at once if the other was told."""
		start = time.time()
		fcntl.ioctl(self.fd[self.mobile], self.TUNSETCARRIER, struct.pack("i", 0))
		with self.lock:
			self.peer = peer
		wait_for(lambda: "state DOWN" in self.node.show("link", "show", "ptp0"), 5, "the kernel to tell of the lost carrier", 0.005)
		fcntl.ioctl(self.fd[self.mobile], self.TUNSETCARRIER, struct.pack("i", 1))
		return time.time() - start

	def run(self):
		poll = select.poll()
		for fd in self.fd.values():
			poll.register(fd, select.POLLIN)
		while not self.ending:
			for fd, _ in poll.poll(100):
				self._carry(fd)

	def _carry(self, fd):
		try:
			p = os.read(fd, 65536)
			with self.lock:
				peer = self.peer
			if peer and fd == self.fd[self.mobile]:
				os.write(self.fd[peer], p)
			elif peer and fd == self.fd[peer]:
				os.write(self.fd[self.mobile], p)
		except OSError:
			pass	# a device that is down, or has just gone

	def close(self):
		self.ending = True
		self.join(2)
		for fd in self.fd.values():
			os.close(fd)


def lke_011_links_without_link_layer_addresses(build, directory, printer):
	"""Point-to-point links (TUN): key exchange, authenticated DAD and handover without any link-layer address."""
	class PointToPoint(World):
		def prepare(self):
			self.wire = Wire(self.lab, "mn", ["ar1", "ar2"])
			for n in (1, 2):
				self.lab["ar%d" % n].ip("addr add 2001:db8:2%d::1/64 dev ptp0 nodad" % n, "link set ptp0 up")
				for name in ("cr", "ha", "ar%d" % (3 - n)):
					self.lab[name].ip("route add 2001:db8:2%d::/64 via 2001:db8:ffff::%d" % (n, n))
			self.lab["mn"].ip("link set ptp0 up")

		def __exit__(self, *exc):
			self.wire.close()
			super().__exit__(*exc)
	conf = LOCAL_CONF.replace("wlan0", "ptp0")
	with PointToPoint(build, directory, conf, home=False, ar_conf=AR_CONF.replace("wlan0", "ptp0")) as w:
		w.wire.connect("ar1")
		coa1 = w.coa(1, prefix="2001:db8:21:")
		bad = [] if w.pings("cn", coa1) else ["the correspondent does not reach %s" % coa1]
		w.probe("coa1", coa1, 7011)
		before = time.time()
		gap = w.wire.connect("ar2")
		w.bound(1, coa1)
		w.coa(2, prefix="2001:db8:22:")
		end = time.time()
		wait_for(lambda: time.time() > end + 0.3, 5, "what is under way to arrive")
		for (name, direction), s in w.stop_probes().items():
			silence = s.longest_silence(before, end)[0] - gap
			if silence > 0.2:
				bad.append("%s %s: %.0f ms without a datagram beyond the link gap" % (name, direction, silence * 1e3))
		return bad + w.stop()


def amb_170_reboot_on_a_guarded_link(build, directory, printer):
	"""After a reboot the access router guards the old address; the next one comes up in seconds."""
	with World(build, directory, LOCAL_CONF, home=False) as w:
		w.plug("wlan0", "l1", True)
		old = w.coa(1)
		for pid in w.mn.pids():
			os.kill(pid, signal.SIGKILL)
		w.mn.process.wait(5)
		w.lab.processes.remove(w.mn.process)
		wait_for(lambda: "table ip6 lke" not in w.lab["mn"].run("nft", "list", "ruleset", check=False), 3,
			"the nft table to go with its process")
		# The run directory is in memory: a reboot empties it.  The carrier comes back with the machine.
		for name in os.listdir(w.mn.run_dir):
			os.unlink(os.path.join(w.mn.run_dir, name))
		w.plug("wlan0", None, False)
		w.lab["mn"].ip("link set wlan0 down", "link set wlan0 up")
		w.mn.start()
		w.plug("wlan0", "l1", True)
		begin = time.time()
		wait_for(lambda: [a for a in w.valid(1) if a != old], 20, "another address with a valid LBSA", 0.05)
		took = time.time() - begin
		printer.note("the next address was guarded %.1f s after the carrier came" % took)
		bad = [] if took < 15 else ["the next address took %.1f s" % took]
		fresh = [a for a in w.valid(1) if a != old][0]
		if not w.pings("cn", fresh):
			bad.append("the correspondent does not reach %s" % fresh)
		return bad + w.stop()


OWN = ("accept_ra", "autoconf", "accept_redirects", "addr_gen_mode")	# of the kernel, which lked takes over


def kernels_discovery(w, dev="wlan0"):
	return w.lab["mn"].run("sysctl", "-n", *["net.ipv6.conf.%s.%s" % (dev, key) for key in OWN]).split()


def kernel_router_discovery_is_given_back(build, directory, printer):
	"""lked listens to Router Advertisements instead of the kernel; at its end, or after a kill -9, the kernel does again."""
	class Before(World):
		def prepare(self):
			self.lab["mn"].sysctl(wlan0__accept_ra=1, wlan0__autoconf=1, wlan0__accept_redirects=1)
			self.lab.plug("mn", "other0", "l1", "02:00:00:00:0b:09")
			self.lab["mn"].ip("link set other0 up")
			self.before, self.other = kernels_discovery(self), kernels_discovery(self, "other0")
	with Before(build, directory, LOCAL_CONF, routers=(1,), home=False) as w:
		want, bad = ["0", "0", "0", "1"], []
		if kernels_discovery(w) != want:
			bad.append("while lked runs: %s" % kernels_discovery(w))
		for pid in w.mn.pids():
			os.kill(pid, signal.SIGKILL)
		w.mn.process.wait(5)
		w.lab.processes.remove(w.mn.process)
		w.mn.start()	# reads what the killed one had noted down
		if kernels_discovery(w) != want:
			bad.append("after the restart: %s" % kernels_discovery(w))
		w.plug("wlan0", "l1", True)
		w.coa(1)
		# An interface that is not in the configuration is the kernel's: it has an address of its own there.
		wait_for(lambda: " 2001:db8:1:" in w.lab["mn"].show("-6", "-o", "addr", "show", "dev", "other0"), 5,
			"an address that the kernel made on another interface")
		if kernels_discovery(w, "other0") != w.other:
			bad.append("another interface: %s instead of %s" % (kernels_discovery(w, "other0"), w.other))
		bad += w.stop()
		if kernels_discovery(w) != w.before:
			bad.append("after the end: %s instead of %s" % (kernels_discovery(w), w.before))
		return bad


def interface_removed_and_back(build, directory, printer):
	"""The interface vanishes under the daemon and comes back with another index: the connection goes on."""
	with World(build, directory, LOCAL_CONF, home=False) as w:
		w.plug("wlan0", "l1", True)
		coa1 = w.coa(1)
		w.lab["mn"].ip("link del wlan0")
		wait_for(lambda: w.mn.show() is not None, 5, "the daemon to go on", 0.05)
		w.lab.plug("mn", "wlan0", "l2", "02:00:00:00:0b:01", up=False)
		w.lab["mn"].ip("link set wlan0 up")
		w.plug("wlan0", "l2", True)
		w.bound(1, coa1, 15)
		bad = [] if w.pings("cn", coa1) else ["the correspondent does not reach %s" % coa1]
		w.coa(2)
		return bad + w.stop()


def dns_servers_reach_a_listener(build, directory, printer):
	"""What a router announces as DNS servers arrives, parsed twice, at the hook that would tell the resolver."""
	hook = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "packaging", "hooks", "lke-dns")
	conf = AR_CONF + "Rdnss = 2001:db8:c::53\nRdnss = 2001:db8:c::54\n"
	with World(build, directory, LOCAL_CONF, routers=(1,), home=False, ar_conf=conf) as w:
		out = os.path.join(w.lab.dir, "dns.txt")
		env = dict(os.environ, PATH=build + "/src/ctl:" + os.environ["PATH"])
		listener = w.lab["mn"].popen([hook, "--run", w.mn.run_dir, "--dry-run"], open(out + ".log", "w"), stdout=open(out, "w"), env=env)
		w.plug("wlan0", "l1", True)
		w.coa(1)
		want = "dns wlan0 2001:db8:c::53 2001:db8:c::54"
		wait_for(lambda: want in open(out).read(), 5, "the listener to name the servers", 0.05)
		listener.terminate()
		wait_for(lambda: "revert wlan0" in open(out).read(), 5, "the listener to take them back at its end", 0.05)
		return w.stop()


TESTS = {f.__name__: f for f in (make_before_break_loses_nothing, local_only_needs_no_home_agent, home_agent_that_does_not_answer_is_told,
	home_agent_that_refuses_is_told,
	access_router_that_does_not_answer_is_told, keys_beside_another_state_directory_are_told, idle_node_that_moves_has_its_routes,
	lke_011_links_without_link_layer_addresses, amb_170_reboot_on_a_guarded_link,
	kernel_router_discovery_is_given_back, interface_removed_and_back,
	dns_servers_reach_a_listener)}
