# SPDX-License-Identifier: ISC
"""Clocks: the wall clock is set, the host is suspended.  Only a machine of our own may be treated so: the guest of kernel.py."""
import os
import subprocess
import time

import capture
import packet
from nodes import AR_CONF, MN_CONF
from tests_foreign import on_debians_kernel
from tests_mn import World
from topology import HOME_ADDRESS, HOME_AGENT, CannotRun, wait_for

YEAR = 365 * 86400
MN = MN_CONF % (HOME_ADDRESS, HOME_AGENT, "@KEY@")
SUSPENDED = 45		# s


def in_guest():
	if not os.environ.get("LKE_LAB_GUEST"):
		raise CannotRun("sets the clock and suspends: only in the guest of lab/kernel.py")


def left(w, n, coa):
	"""(seconds left at the access router, at the mobile node) of the LBSA, None where there is none."""
	return tuple(d.lbsa(coa).get("expires_in") for d in (w.ar[n], w.mn))


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
			w.lab.move(link, 0.1)
			if away:
				w.bound(1, coa1, 15)
			else:
				wait_for(lambda: not (w.ar[1].show("bindings") or {}).get("bindings"), 15, "the deregistration after the return")
				old = left(w, 1, coa1)
				wait_for(lambda: all(a and a > b + 1 for a, b in zip(left(w, 1, coa1), old)), 30, "the exchange after the return", 0.2)
			for address in (coa1, HOME_ADDRESS):
				wait_for(lambda: w.pings("cn", address), 15, "%s: an answer from %s" % (name, address), 0.5)
		return bad + w.stop()


def suspend(seconds):
	"""Suspends this machine to idle; what is needed afterwards has to be in memory: the root is on a device that does not wake."""
	p = subprocess.run(["rtcwake", "-m", "freeze", "-s", str(seconds)], capture_output=True, text=True)
	if p.returncode:
		raise CannotRun("this machine cannot suspend: " + (p.stderr or p.stdout).strip())


def thr_084_suspend_and_resume(build, directory, printer):
	"""The host sleeps: lifetimes go on, the router is asked within a second, a key whose time is over is used no more."""
	in_guest()
	with World(build, directory, MN, routers=(1,), ar_conf=AR_CONF + "MaxLifetime = 40s\n") as w:
		w.plug("wlan0", "l1", True)
		coa1 = w.coa(1, 30)
		before, clock, stands = left(w, 1, coa1), Boottime(), time.monotonic()
		path = os.path.join(directory, "capture.pcapng")
		recorder = capture.Recorder(w.lab, [("mn", "wlan0", "ip6")], path)
		suspend(SUSPENDED)
		woken = time.time()
		slept = clock.passed() - (time.monotonic() - stands)
		bad = [] if slept > SUSPENDED / 2 else ["the machine slept for %.1f s only" % slept]
		after = left(w, 1, coa1)
		print(before, after, slept)
		if any(a is not None and a > 0 and b - a < slept - 4 for b, a in zip(before, after)):
			bad.append("LBSA before %s, after %s, %.0f s slept" % (before, after, slept))
		w.coa(1, 60)	# and a new key is made
		recorder.close()
		bad += w.stop()
	seen = [m for ts, _, f, _ in capture.read(path) for m in [packet.decode(f, ts, "")] if m and m.kind and ts >= woken - 1]
	asked = [m.ts - woken for m in seen if m.kind in ("RS", "NS") and m.src != bytes(16)]
	if not asked or min(asked) > 2:
		bad.append("the router was asked %s s after the resume" % (min(asked) if asked else "never"))
	return bad


def debian_kernel_mobile_node(build, directory, printer):
	"""What needs another machine: its clock is set, it is suspended, it has PPP: Debian's stock kernel in qemu."""
	return on_debians_kernel(build, "lke_011_ppp_links", "thr_084_clock_steps_on_a_running_node", "thr_084_suspend_and_resume")


TESTS = {f.__name__: f for f in (debian_kernel_mobile_node, thr_084_clock_steps_on_a_running_node, thr_084_suspend_and_resume)}
