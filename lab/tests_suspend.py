# SPDX-License-Identifier: ISC
"""Suspend and resume: a mobile node in a machine that really sleeps (S3), its access routers in namespaces here, which do not.

While it sleeps its port may be moved to another router's link, of which its device tells nothing at all.
"""
import json
import re
import socket
import time

import kernel
from mobile import Port
from nodes import AR_CONF, Daemon
from sleeper import Sleeper
from tests_mn import LOCAL_CONF, World
from packet import octets
from topology import SLOW, CannotRun, LabError, in_namespace, wait_for
# Seconds that keys of a link live; those of link 1 live for two hours.  On link 2 they are renewed at once, so that the exchange
# is under way when the node falls asleep; on link 3 they are not.
LIVES = {2: 20, 3: 40}
BOUND = 60	# seconds
ROUTERS = {1: AR_CONF + "MaxBindingLifetime = %d\n" % BOUND, **{n: AR_CONF + "MaxLifetime = %d\n" % s for n, s in LIVES.items()}}
ETH_P_ALL = 3
PORT = 7007	# an echo server in the guest


def true(fact, words):
	if not fact:
		raise LabError(words)


class Asleep(World):
	"""The lab's routers, and the guest as the mobile node, on link 1."""

	def _start(self):
		sw = self.lab["sw"]
		sw.ip("tuntap add guest0 mode tap", "link set guest0 master l1", "link set guest0 up")
		sw.sysctl(guest0__disable_ipv6=1)
		self.ar = {n: Daemon(self.lab, self.build, "ar%d" % n, conf).start() for n, conf in ROUTERS.items()}
		self.mn = self.ha = None
		self.heard = Port(sw, "guest0", ETH_P_ALL)	# what the guest sends
		self.guest = Sleeper(self.lab, self.build, sw, "guest0", "02:00:00:00:0b:09", {"etc/lke.conf": self.mn_conf})
		self.guest.run("lked -c /etc/lke.conf --state /var/lib/lke --run /run/lke > /run/lked.log 2>&1 &")
		self.guest.run("nc -ll -p %d -e cat > /dev/null 2>&1 &" % PORT)

	def move(self, n):
		self.lab["sw"].ip("link set guest0 master l%d" % n)

	def shown(self, what="lbsa"):
		return json.loads(self.guest.run("lke --run /run/lke show %s -j" % what))

	def lbsas(self):
		"""{care-of address: LBSA} that the mobile node may use."""
		return {e["care_of_address"]: e for e in self.shown()["lbsas"] if e["state"] == "valid"}

	def suspends(self):
		return re.findall("the host was suspended for ([0-9]+) s", self.guest.run("cat /run/lked.log"))

	def sleep(self, least, then=lambda: None, fact=lambda: True):
		"""It sleeps that many seconds, and on until the fact, with something done meanwhile; what it has sent since."""
		n = len(self.suspends())
		self.guest.sleeps()
		end = time.monotonic() + least
		then()
		wait_for(lambda: time.monotonic() > end and fact(), least + 30, "the end of the sleep", 0.1)
		self.heard._read()
		self.heard.seen.clear()
		self.guest.wakes()
		wait_for(lambda: len(self.suspends()) > n, 10, "lked to notice the suspend", 0.2)
		true(int(self.suspends()[-1]) >= least - 2, "a sleep of %d s is one of %s s to lked" % (least, self.suspends()[-1]))

	def sent(self, test, seconds, words):
		m = self.heard.wait(lambda: self.heard.find(test), seconds)
		true(m, "the mobile node does not send " + words)
		return m


class Talk:
	"""A TCP connection of the correspondent with an address of the mobile node: what is said comes back."""

	def __init__(self, lab, address):
		def connects():
			with in_namespace(lab["cn"].ns):
				s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
			s.settimeout(5)
			try:
				s.connect((address, PORT))
			except OSError:
				s.close()
				return None
			return s
		self.address, self.n = address, 0
		self.s = wait_for(connects, 60, "a connection with " + address, 0.5)

	def goes_on(self, seconds=60):
		self.n += 1
		said = b"%d\n" % self.n
		self.s.settimeout(seconds)
		try:
			self.s.sendall(said)
			back = b""
			while not back.endswith(b"\n"):
				more = self.s.recv(100)
				true(more, "the connection with %s has ended" % self.address)
				back += more
		except OSError as e:
			raise LabError("the connection with %s is dead: %s" % (self.address, e)) from e
		true(back == said, "the connection with %s said %r for %r" % (self.address, back, said))


def short_sleep(w, s):

	"""Awake again on its link, with a key that is good for hours: the router is asked, and nothing else changes."""
	s["coa1"] = w.coa(1, 60)
	wait_for(lambda: s["coa1"] in w.lbsas(), 30, "a valid LBSA at the mobile node", 0.2)
	s["talk1"] = Talk(w.lab, s["coa1"])
	s["talk1"].goes_on()
	before = w.ar[1].lbsa(s["coa1"])["expires_in"]
	w.sleep(6)
	w.sent(lambda m: m.kind == "NS", 10, "a question for its router")
	s["talk1"].goes_on()
	true(not w.heard.find(lambda m: m.kind == "KEReq"), "a key exchange, though the key is good")
	here, there = w.lbsas()[s["coa1"]]["expires_in"], w.ar[1].lbsa(s["coa1"])["expires_in"]
	true(before - there >= 6 and abs(here - there) <= 4, "the LBSA: %s s at the router before, %s after, %s at the mobile node" %
		(before, there, here))


def moved_asleep(w, s):
	"""It falls asleep on one link and wakes up on another: bound with the key of before, the connection goes on."""
	w.sleep(6, lambda: w.move(2))
	w.bound(1, s["coa1"], 60)
	s["talk1"].goes_on()
	s["coa2"] = w.coa(2, 60)
	s["talk2"] = Talk(w.lab, s["coa2"])
	s["talk2"].goes_on()


def keys_ended_asleep(w, s):
	"""It sleeps until the key of its link is over, in the middle of an exchange: another one makes a new key."""
	w.sleep(LIVES[2] + 4, fact=lambda: not w.valid(2))
	w.sent(lambda m: m.kind == "KEReq", 60, "a Key Exchange Request for its new key")
	true(w.coa(2, 60) == s["coa2"], "another address on the same link")
	wait_for(lambda: s["coa2"] in w.lbsas(), 30, "a valid LBSA at the mobile node", 0.2)
	s["talk1"].goes_on()
	s["talk2"].goes_on()


def moved_with_dead_key(w, s):
	"""The key is over when it wakes up elsewhere: it is not used, what an older router keeps for two hours is."""
	w.sleep(LIVES[2] + 4, lambda: w.move(3), lambda: not w.valid(2))
	s["talk1"].goes_on()
	coa3 = w.coa(3, 60)
	wait_for(lambda: set(w.lbsas()) == {s["coa1"], coa3}, 30, "LBSAs of %s and %s alone" % (s["coa1"], coa3), 0.2)
	used = [m for m in w.heard.seen if m.kind == "BU" and m.hao == octets(s["coa2"])]
	true(not used and not w.ar[2].show("bindings")["bindings"], "the dead key is used: %s" % used)
	address = w.guest.run("ip -6 addr show dev eth0")
	true(coa3 in address, "no address of its link: " + address)
	s["coa3"] = coa3


def binding_ended_asleep(w, s):
	"""It sleeps until the router of before keeps no binding: bound anew with the key that lives, and its link has a new key."""
	w.bound(1, s["coa1"], 30)
	w.sleep(BOUND + 4, fact=lambda: not w.ar[1].show("bindings")["bindings"] and not w.valid(3))
	w.bound(1, s["coa1"], 60)
	s["talk1"].goes_on()
	true(w.coa(3, 60) == s["coa3"], "another address on the same link")
	wait_for(lambda: s["coa3"] in w.lbsas(), 30, "a valid LBSA at the mobile node", 0.2)


STEPS = (short_sleep, moved_asleep, keys_ended_asleep, moved_with_dead_key, binding_ended_asleep)


def machine_that_sleeps(build, directory, printer):
	"""A mobile node suspended to memory: short, moved meanwhile, and for longer than its keys and its binding live."""
	why = kernel.obstacle()
	if why:
		raise CannotRun(why)
	with Asleep(build, directory, LOCAL_CONF.replace("wlan0", "eth0")) as w:
		s = {}
		for step in STEPS:
			start = time.monotonic()
			try:
				step(w, s)
			except (LabError, KeyError) as e:
				said = w.guest.run("cat /run/lked.log; lke show; lke show timers; ip -6 address; ip -6 route show table all", check=False)
				return ["%s: %r" % (step.__name__, e)] + said.splitlines()
			printer.line("   %-40s %4.0f s" % (step.__name__, time.monotonic() - start))
		return w.stop()


TESTS = {f.__name__: f for f in (machine_that_sleeps,)}
