# SPDX-License-Identifier: ISC
"""lked takes over a link on which the kernel was before: what uses the kernel's own addresses goes on until the node moves."""
import os
import re
import signal
import socket
import threading

from nodes import AR_CONF, Daemon
from tests_mn import LOCAL_CONF, World
from tests_suspend import PORT, Talk, true
from topology import CN_ADDRESS, in_namespace, wait_for


class Echo(threading.Thread):
	"""A TCP server in a namespace that says everything back; one thread a connection."""

	def __init__(self, ns):
		super().__init__(daemon=True)
		with in_namespace(ns):
			self.s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
		self.s.bind(("::", PORT))
		self.s.listen()
		self.start()

	def serve(self, c):
		with c:
			while data := c.recv(1000):
				c.sendall(data)

	def run(self):
		while True:
			try:
				c, _ = self.s.accept()
			except OSError:
				return
			threading.Thread(target=self.serve, args=(c,), daemon=True).start()


class Before(World):
	"""The mobile node's kernel attaches by itself on link 1; lked comes later, by begin()."""

	def _start(self):
		self.ar = {n: Daemon(self.lab, self.build, "ar%d" % n, AR_CONF).start() for n in self.routers}
		self.mn = self.ha = None
		mn = self.lab["mn"]
		mn.sysctl(wlan0__accept_ra=1, wlan0__autoconf=1, wlan0__use_tempaddr=2)
		self.plug("wlan0", "l1", True)
		wait_for(lambda: len(self.of_kernel("-deprecated")) == 2, 20, "an address of the kernel's and a temporary one", 0.1)
		wait_for(lambda: "default" in mn.show("-6", "route"), 10, "the kernel's default route", 0.1)

	def begin(self):
		self.mn = self.mn or Daemon(self.lab, self.build, "mn", self.mn_conf)
		self.mn.start()
		return self.coa(1, 30)

	def of_kernel(self, *state, dev="wlan0"):
		"""Addresses that are no longer tentative, without those of lked's."""
		out = self.lab["mn"].show("-6", "-o", "address", "show", "dev", dev, "scope", "global", "-tentative", *state)
		return {line.split()[3].split("/")[0] for line in out.splitlines() if "mngtmpaddr" in line or "temporary" in line}

	def new_connection_from(self):
		"""The address that the mobile node's system chooses for it."""
		with in_namespace(self.lab["mn"].ns):
			s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
		with s:
			s.connect((CN_ADDRESS, PORT))
			return s.getsockname()[0]


def connections_before_lked_go_on(build, directory, printer):
	"""TCP on the kernel's own address and on a temporary one survives start, end, restart and kill of lked, not a move."""
	with Before(build, directory, LOCAL_CONF) as w:
		Echo(w.lab["mn"].ns)
		old = w.of_kernel()
		talks = [Talk(w.lab, a) for a in sorted(old)]

		def go_on(words):
			for t in talks:
				t.goes_on(20)
			true(w.of_kernel() == old, "%s: addresses of the kernel %s, before %s" % (words, w.of_kernel(), old))
		go_on("before lked")
		coa = w.begin()
		go_on("with lked")
		true(w.of_kernel("deprecated") == old and w.new_connection_from() == coa, "new connections from " + w.new_connection_from())
		true(w.mn.stop() == 0, w.mn.tail())
		# At once: the next advertisement would hide it.
		true(not w.of_kernel("deprecated") and "default" in w.lab["mn"].show("-6", "route"), "not given back")
		go_on("lked ended")
		w.begin()
		go_on("lked again")
		for pid in w.mn.pids():
			os.kill(pid, signal.SIGKILL)
		w.mn.process.wait()
		w.begin()
		go_on("lked after a kill")
		w.lab.move("l2", 0.1)
		wait_for(lambda: w.new_connection_from() == w.coa(2, 30), 20, "new connections from the new link", 0.2)
		wait_for(lambda: not w.of_kernel(), 10, "the end of the kernel's addresses")
		bad = w.stop()
		return bad + (["back after the move: %s" % w.of_kernel()] if w.of_kernel() else [])


class Beside(Before):
	"""The mobile node has a second interface on link 2, which is not lked's."""

	def prepare(self):
		self.lab.plug("mn", "lan0", "l2", "02:00:00:00:0b:02")
		self.lab["mn"].sysctl(lan0__accept_ra=1, lan0__autoconf=1)
		self.lab["mn"].ip("link set lan0 up")

	def other(self):
		"""What the system has there, without what counts down: addresses, routes, rules of its addresses, sysctls."""
		mn = self.lab["mn"]
		found = mn.show("-6", "-o", "address", "show", "dev", "lan0"), mn.show("-6", "route", "show", "dev", "lan0")
		text = re.sub(r"(valid_lft|preferred_lft|expires) \S+", "", "".join(found))
		names = ("accept_ra", "autoconf", "use_tempaddr", "accept_dad", "dad_transmits", "addr_gen_mode", "hop_limit", "mtu", "router_solicitations",
			"drop_unsolicited_na", "ndisc_notify", "keep_addr_on_down")
		values = mn.run("sysctl", "-e", *("net.ipv6.conf.lan0." + n for n in names), check=False)
		return sorted(line.strip() for line in (text + values).splitlines())


def other_interfaces_are_left_alone(build, directory, printer):
	"""An interface that lked is not told of keeps addresses, routes, sysctls and its kernel's Neighbor Discovery."""
	with Beside(build, directory, LOCAL_CONF, routers=(1, 2, 3)) as w:
		mn = w.lab["mn"]
		wait_for(lambda: "2001:db8:2:" in "".join(w.other()) and "tentative" not in "".join(w.other()) and
			any(line.startswith("default") for line in w.other()), 20, "an address and a default route on lan0", 0.1)
		before = w.other()
		address = next(word.split("/")[0] for line in before for word in line.split() if word.startswith("2001:db8:2:") and "/128" not in word)

		def same(words):
			true(w.other() == before, "%s: gone %s, new %s" % (words, sorted(set(before) - set(w.other())), sorted(set(w.other()) - set(before))))
			# The router's kernel asks for it, the mobile node's answers.
			w.lab["ar2"].show("-6", "neigh", "flush", "dev", "wlan0")
			wait_for(lambda: w.pings("ar2", address), 10, words + ": an answer on lan0", 0.2)
		same("before lked")
		w.begin()
		same("with lked")
		w.lab.move("l3", 0.1)
		w.coa(3, 30)
		same("after a move")
		true(w.mn.stop() == 0, w.mn.tail())
		same("lked ended")
		return w.stop()


class Both(Before):
	"""Both interfaces are to be lked's; the kernel attached on both, with a temporary address each."""

	def prepare(self):
		self.lab.plug("mn", "lan0", "l2", "02:00:00:00:0b:02")
		self.lab["mn"].sysctl(lan0__accept_ra=1, lan0__autoconf=1, lan0__use_tempaddr=2)
		self.lab["mn"].ip("link set lan0 up")

	def of(self, dev, *state):
		return self.of_kernel(*state, dev=dev)

	def reload(self, interfaces):
		d = self.mn
		with open(d.conf, "w") as f:
			f.write("[MobileNode]\nLocalOnly = yes\n" + "".join("Interface = %s\n" % i for i in interfaces))
		p = d.node.argv(d.lke, "--run", d.run_dir, "reload")
		self.lab["mn"].run(*p[p.index(d.lke):])


def connections_before_lked_on_two_links(build, directory, printer):
	"""Each link's own go on; a link that a reload takes out has its kernel's again at once, one that it brings in is taken over."""
	conf = LOCAL_CONF + "Interface = lan0\n"
	with Both(build, directory, conf, routers=(1, 2, 3)) as w:
		mn = w.lab["mn"]
		wait_for(lambda: len(w.of("lan0", "-deprecated")) == 2, 20, "addresses of the kernel's on lan0", 0.1)
		Echo(mn.ns)
		wlan, lan = w.of("wlan0"), w.of("lan0")
		talks = [Talk(w.lab, a) for a in sorted(wlan | lan)]
		settings = ("accept_ra", "autoconf", "use_tempaddr", "accept_redirects", "ndisc_notify", "addr_gen_mode")

		def values():
			return mn.run("sysctl", *("net.ipv6.conf.lan0." + s for s in settings))
		was = values()

		def go_on(words):
			for t in talks:
				t.goes_on(20)
			true((w.of("wlan0"), w.of("lan0")) == (wlan, lan), words + ": addresses of the kernel")
		w.begin()
		wait_for(lambda: w.of("lan0", "deprecated") == lan, 10, "lan0 to be taken over", 0.1)
		go_on("with lked")
		true(w.of("wlan0", "deprecated") == wlan, "deprecated on wlan0: %s" % w.of("wlan0", "deprecated"))
		w.reload(["wlan0"])
		wait_for(lambda: not w.of("lan0", "deprecated"), 5, "lan0 to have its own again")
		true(values() == was, "sysctls of lan0: %s, before %s" % (values(), was))
		true("proto ra" in mn.show("-6", "route", "show", "default", "dev", "lan0"), "no default route on lan0")
		go_on("lan0 taken out")
		true(w.of("wlan0", "deprecated") == wlan, "wlan0 after the reload")
		w.reload(["wlan0", "lan0"])
		wait_for(lambda: w.of("lan0", "deprecated") == lan, 10, "lan0 to be taken over again", 0.1)
		wait_for(lambda: "default" not in mn.show("-6", "route", "show", "dev", "lan0", "proto", "ra"), 5, "its default route to go")
		go_on("lan0 brought in")
		# One of them moves: its own go, the other's stay.
		port = mn.port_index["lan0"]
		w.lab.switch.down(port)
		w.lab.switch.master(port, w.lab.bridge["l3"])
		w.lab.switch.up(port)
		wait_for(lambda: not w.of("lan0"), 20, "the end of the kernel's addresses on lan0", 0.1)
		true(w.of("wlan0", "deprecated") == wlan, "wlan0 after the move of lan0")
		for t, a in zip(talks, sorted(wlan | lan)):
			if a in wlan:
				t.goes_on(20)
		return w.stop()


TESTS = {f.__name__: f for f in (connections_before_lked_go_on, other_interfaces_are_left_alone, connections_before_lked_on_two_links)}
