# SPDX-License-Identifier: ISC
"""Clocks: the wall clock is set.  Only a machine of our own may be treated so: the guest of kernel.py."""
import os
import time

from nodes import MN_CONF
from tests_foreign import on_debians_kernel
from tests_mn import World
from topology import HOME_ADDRESS, HOME_AGENT, CannotRun, wait_for

YEAR = 365 * 86400
MN = MN_CONF % (HOME_ADDRESS, HOME_AGENT, "@KEY@")


def in_guest():
	if not os.environ.get("LKE_LAB_GUEST"):
		raise CannotRun("sets the clock: only in the guest of lab/kernel.py")


def newest(daemon, coa):
	"""Seconds left of its LBSA, or None; a renewed key and the one before live side by side at a mobile node."""
	return max((l["expires_in"] for l in daemon.show("lbsa")["lbsas"] if l["care_of_address"] == coa),
		default=None)


def left(w, n, coa):
	"""At (the access router, the mobile node)."""
	return tuple(newest(d, coa) for d in (w.ar[n], w.mn))


class Boottime:
	"""How long something took by the clock that counts a suspend."""

	def __init__(self):
		self.begin = time.clock_gettime(time.CLOCK_BOOTTIME)

	def passed(self):
		return time.clock_gettime(time.CLOCK_BOOTTIME) - self.begin


def judge(name, before, after, passed):
	"""Lifetimes ran down by what has passed, and by nothing else."""
	bad = []
	for who, b, a in zip(("access router", "mobile node"), before, after):
		if b is None or a is None or abs((b - a) - passed) > 4:
			bad.append("%s: the LBSA of the %s had %s s, %.0f s later it has %s" % (name, who, b, passed, a))
	return bad


def thr_084_clock_steps_on_a_running_node(build, directory, printer):
	"""The wall clock is set ten years ahead, then twenty back, under a running mobile node: no lifetime changes, it moves on."""
	in_guest()
	with World(build, directory, MN, routers=(1, 2)) as w:
		w.plug("wlan0", "l1", True)
		coa1, bad = w.coa(1, 30), []
		step = 0
		for years, link, away in ((10, "l2", True), (-20, "l1", False), (10, "l2", True)):
			before, clock = left(w, 1, coa1), Boottime()
			time.clock_settime(time.CLOCK_REALTIME, time.time() + years * YEAR)
			step += 1
			name = "step %d, %d years" % (step, years)
			end = time.monotonic() + 3
			wait_for(lambda: time.monotonic() > end, 10, "three seconds after the step")
			bad += judge(name, before, left(w, 1, coa1), clock.passed())
			old = left(w, 1, coa1)
			w.lab.move(link, 0.1)
			if away:
				w.bound(1, coa1, 15)
			else:
				wait_for(lambda: not (w.ar[1].show("bindings") or {}).get("bindings"), 15, "the deregistration after the return")
				wait_for(lambda: all(a and a > b + 1 for a, b in zip(left(w, 1, coa1), old)), 30, "the exchange after the return", 0.2)
			for address in (coa1, HOME_ADDRESS):
				wait_for(lambda: w.pings("cn", address), 15, "%s: an answer from %s" % (name, address), 0.5)
		return bad + w.stop()


def debian_kernel_mobile_node(build, directory, printer):
	"""What needs another machine, as its clock is set, or another kernel, with PPP: Debian's stock kernel in qemu."""
	return on_debians_kernel(build, "lke_011_ppp_links", "thr_084_clock_steps_on_a_running_node")


TESTS = {f.__name__: f for f in (debian_kernel_mobile_node, thr_084_clock_steps_on_a_running_node)}
