# SPDX-License-Identifier: ISC
"""Tunnels while lked restarts, with a service manager that keeps descriptors (ADR 83)."""
import os
import signal
import time

from manager import Managed
from nodes import AR_CONF, MN_CONF
from tests_mn import World
from topology import HOME_ADDRESS, HOME_AGENT, SLOW, CannotRun, wait_for

WAYS = (("SIGTERM", signal.SIGTERM), ("kill -9", signal.SIGKILL))
CONF = AR_CONF + "StateFile = yes\n"
MN_AWAY = MN_CONF % (HOME_ADDRESS, HOME_AGENT, "@KEY@")


class Kept(World):
	"""One agent has a manager that keeps descriptors; its host forwards of itself, as routers do."""
	name, agent, conf = "ar1", None, CONF

	def _start(self):
		self.lab[self.name].sysctl(all__forwarding=1)
		super()._start()
		self.take(self.ar[1], self.conf)

	def take(self, daemon, conf):
		daemon.stop()
		self.agent = self.ar[1] = Managed(self.lab, self.build, self.name, conf).start()

	def __exit__(self, *exc):
		if self.agent:
			self.agent.close()
		super().__exit__(*exc)

	def away(self):
		"""The mobile node on link 2, bound to AR1, with probes through its tunnels that the kernel forwards alone."""
		self.plug("wlan0", "l1", True)
		coa1 = self.coa(1)
		self.plug("wlan0", "l1", False)
		self.plug("wlan0", "l2", True)
		self.bound(1, coa1)
		return self.probed(coa1)

	def probed(self, address):
		need_store(self)
		self.probe("stream", address, 7011)
		# In the map it may sleep still; awake it takes both directions.
		wait_for(lambda: self.fast("fast_packets") >= 200, 10 * SLOW, "packets of the tunnel that the kernel forwards")
		return address

	def fast(self, what="fast_bindings"):
		shown = (self.agent.show("counters") or {}).get("counters") or {}
		return (shown.get("plane") or {}).get(what, 0)

	def routes(self):
		return self.lab[self.name].show("-6", "route", "show", "dev", "lke0")

	def kept_twice(self):
		"""What is wrong with the store: it is to hold programs of one lked."""
		links = [n for n in self.agent.names() if n.startswith("lke-link-")]
		one = len(set(n.split("-")[2] for n in links)) == 1 and len(links) == len(set(links))
		return [] if one else ["programs of more than one lked are kept: %s" % links]

	def device(self):
		return ": lke0: " in self.lab[self.name].run("ip", "link", check=False)	# not that of a namespace


class KeptShort(Kept):
	"""Bindings of the access router live for 20 s: less than a plane goes on unattended."""
	conf = CONF + "MaxBindingLifetime = 20\n"


class KeptHome(Kept):
	"""The home agent has it; the mobile node on link 1 is reached at its home address."""
	name = "ha"

	def take(self, daemon, conf):
		with open(self.ha.conf) as f:
			text = f.read()
		self.ha.stop()
		self.agent = self.ha = Managed(self.lab, self.build, "ha", text).start()

	def away(self):
		self.plug("wlan0", "l1", True)
		bound = lambda: any(b.get("home_address") == HOME_ADDRESS for b in (self.ha.show("bindings") or {}).get("bindings") or [])
		wait_for(bound, 20, "the home registration")
		return self.probed(HOME_ADDRESS)


def need_store(w):
	"""Kernels before Linux 6.6 have no descriptors for programs on interfaces."""
	if not w.agent.stored():
		raise CannotRun("the kernel is older than Linux 6.6, lked without BPF, or Forward = tun")


def one_restart(w, how):
	"""Half a second without lked.  (ended, answers again), seconds."""
	began = time.time()
	w.agent.restart(how)
	up = time.time()
	taken = lambda: "1 of 1 tunnels went on while lked restarted" in open(w.agent.log).read()
	wait_for(taken, 20 * SLOW, "the tunnel to be taken over")
	return began, up


def restarts(build, directory, printer, words, how, world=Kept):
	with world(build, directory, MN_AWAY) as w:
		address = w.away()
		time.sleep(0.3)
		bad = []
		began, up = one_restart(w, how)
		route = w.routes()
		time.sleep(0.5)
		for (name, direction), s in w.stop_probes().items():
			c = s.count(began - 0.2, up + 0.4)
			silence = s.longest_silence(began, up)[0]
			printer.note("%s by %s, %s: %d datagrams, %d lost, longest silence %.1f ms of %.0f without lked" % (
				w.name, words, direction, c["sent"], c["lost"], silence * 1e3, (up - began) * 1e3))
			if c["lost"] or c["duplicated"] or c["reordered"] or silence > 0.25 * SLOW:
				bad.append("%s, %s: %s, longest silence %.0f ms" % (words, direction, c, silence * 1e3))
		if address not in route:
			bad.append("%s: no route of %s to the plane: %s" % (words, address, route))
		bad += ["%s: %s" % (words, b) for b in w.kept_twice()]
		bad += [b for b in w.stop() if "state" not in b]
		return bad


def every_way(build, directory, printer, world):
	bad = []
	for words, how in WAYS:
		bad += restarts(build, os.path.join(directory, words.replace(" ", "")), printer, words, how, world)
	return bad


def tunnels_go_on_while_lked_restarts(build, directory, printer):
	"""A manager keeps the descriptors: by SIGTERM and by kill -9 not one datagram of either direction is lost."""
	return every_way(build, directory, printer, Kept)


def home_tunnel_goes_on_while_lked_restarts(build, directory, printer):
	"""The same of a home agent."""
	return every_way(build, directory, printer, KeptHome)


def nothing_stays_of_a_stopped_plane(build, directory, printer):
	"""The service is stopped: with the descriptors go the device, the routes and the programs."""
	with Kept(build, directory, MN_AWAY) as w:
		w.away()
		bad = []
		w.agent.end(signal.SIGTERM)
		if not w.device():
			bad.append("the device went before the service was stopped")
		left = w.lab["ar1"].run("ip", "-6", "rule") + w.lab["ar1"].run("ip", "-6", "neigh", "show", "proxy")
		if "lke" in left or "2001:db8:1:" in left:
			bad.append("more than the plane stayed: " + left)
		w.agent.forget()
		wait_for(lambda: not w.device(), 5, "the device to go with its descriptor")
		if "lke" in w.lab["ar1"].run("bpftool", "net", check=False):
			bad.append("programs stayed")
		w.stop_probes()
		return bad


def an_unattended_plane_stops(build, directory, printer):
	"""lked does not come back: after half a minute its bindings forward nothing any more."""
	with Kept(build, directory, MN_AWAY) as w:
		w.away()
		ended = time.time()
		w.agent.end(signal.SIGKILL)
		time.sleep(33)		# of it 30 s are the plane's own; nothing but its clock tells when
		bad = []
		for (_, direction), s in w.stop_probes().items():
			early = s.count(ended + 1, ended + 15)
			late = [at for _, _, at in s.got if at > ended + 31]
			if early["lost"]:
				bad.append("%s: lost %d of %d in the first seconds" % (direction, early["lost"], early["sent"]))
			if late:
				bad.append("%s: %d datagrams after half a minute" % (direction, len(late)))
		# What is there is old: another lked takes it over all the same, and it forwards again.
		w.agent.start()
		wait_for(lambda: w.fast() >= 1, 10, "the tunnel in the fast path again")
		bad += [b for b in w.stop() if "state" not in b]
		return bad


def a_binding_ends_with_its_lifetime_unattended(build, directory, printer):
	"""lked does not come back, and the plane may still go on: a binding whose lifetime is over forwards nothing any more."""
	with KeptShort(build, directory, MN_AWAY) as w:
		w.away()
		left = lambda: w.agent.show("bindings")["bindings"][0]["expires_in"]
		wait_for(lambda: 10 < left() < 15, 20, "a binding with so much left")
		over = left() + time.time() + 1		# whole seconds are shown
		ended = time.time()
		w.agent.end(signal.SIGKILL)
		time.sleep(over + 3 - time.time())
		bad = []
		for (_, direction), s in w.stop_probes().items():
			early = s.count(ended + 1, over - 4)
			late = [at for _, _, at in s.got if at > over + 0.5]
			printer.note("%s: %d datagrams without lked, %d lost; %d after the binding's end" % (direction, early["sent"], early["lost"], len(late)))
			if early["lost"] or not early["sent"]:
				bad.append("%s: lost %d of %d in its lifetime" % (direction, early["lost"], early["sent"]))
			if late:
				bad.append("%s: %d datagrams after its lifetime" % (direction, len(late)))
		w.agent.start()
		bad += [b for b in w.stop() if "state" not in b]
		return bad


def a_plane_that_does_not_fit_is_left(build, directory, printer):
	"""Descriptors of another size, of no sense, or none where names are: a clean start, and the tunnel comes back."""
	with Kept(build, directory, MN_AWAY) as w:
		coa1 = w.away()
		bad = []
		for words, change in (("another size", lambda d: open(d.conf, "a").write("MaxLbsa = 100\n")),
				("the map is a file", lambda d: swap(d, "lke-bindings")), ("the TUN device is a file", lambda d: swap(d, "lke-tun")),
				("no note", lambda d: lose(d, "lke-note"))):
			w.agent.end(signal.SIGKILL)
			change(w.ar[1])
			w.agent.start()
			w.bound(1, coa1)
			wait_for(lambda: w.pings("cn", coa1), 10, "packets again, %s" % words)
			wait_for(lambda: w.fast() >= 1, 10, "the tunnel in the fast path, %s" % words)
			if open(w.agent.log).read().count("is not taken over") == 0:
				bad.append("%s: nothing was said" % words)
			open(w.agent.log, "w").close()
		w.stop_probes()
		bad += [b for b in w.stop() if "state" not in b]
		return bad


def swap(daemon, name):
	daemon.take({"FDSTOREREMOVE": "1", "FDNAME": name}, [])
	daemon.take({"FDSTORE": "1", "FDNAME": name}, [os.open(daemon.dir + "/none", os.O_RDWR | os.O_CREAT)])


def lose(daemon, name):
	daemon.take({"FDSTOREREMOVE": "1", "FDNAME": name}, [])


TESTS = (tunnels_go_on_while_lked_restarts, home_tunnel_goes_on_while_lked_restarts, nothing_stays_of_a_stopped_plane, an_unattended_plane_stops,
	a_binding_ends_with_its_lifetime_unattended, a_plane_that_does_not_fit_is_left)
