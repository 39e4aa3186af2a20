# SPDX-License-Identifier: ISC
"""A mobile node that sends into its own tunnels by BPF, and by the TUN device (ADR 83)."""
import os
import time

import analyse
from tests_mn import LOCAL_CONF, World
from topology import CN_ADDRESS, CannotRun, wait_for

GAP = 0.2	# s without a link; what is sent meanwhile is parked
RETURNS = 3


def plane(w):
	return ((w.mn.show("counters") or {}).get("counters") or {}).get("plane") or {}


def by_the_kernel(w, seconds):
	"""Packets that the kernel sent alone in that time."""
	before = plane(w).get("fast_packets", 0)
	time.sleep(seconds)
	return plane(w).get("fast_packets", 0) - before


def libraries(w):
	"""lked's address space, both processes."""
	pid = w.mn.process.pid
	with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
		pids = [pid] + [int(p) for p in f.read().split()]
	return "".join(open("/proc/%d/maps" % p).read() for p in pids if os.path.exists("/proc/%d/maps" % p))


def goes_by(w, coa, dev):
	return "dev " + dev in w.lab["mn"].show("-6", "route", "get", CN_ADDRESS, "from", coa)


def away_and_back(w, coa1, forward):
	"""To link 2, until its tunnel has settled, and announced back on the link of its address: what went wrong, when it was
	announced, when the carrier was back, and until when every datagram must arrive."""
	w.lab.move("l2", GAP)
	w.bound(1, coa1, 30)
	if forward != "tun":
		wait_for(lambda: by_the_kernel(w, 0.2) > 100, 30, "the tunnel in the fast path, and awake")
	sent = by_the_kernel(w, 0.5)
	asked = time.time()
	bad = [] if (w.mn.ask("handover") or {}).get("ok") else ["lke handover was refused"]
	if (sent > 100) != (forward != "tun"):
		bad.append("%d sent by the kernel in half a second" % sent)
	back = w.lab.move("l1", GAP)[1]
	wait_for(lambda: goes_by(w, coa1, "wlan0"), 60, "the plain path", 0.02)
	end = time.time() + 1
	wait_for(lambda: time.time() > end + 0.5, 5, "what is under way to arrive")
	return bad, asked, back, end


def stood_still(streams, asked, back):
	"""More had to wait than there is room for: not lost because of the move."""
	a = analyse.announced(streams.values(), asked, back)
	return any(a[d]["waited"] > room for d, room in analyse.ROOM.items())


def overtaken(s, start, end, back):
	"""Where in the move: (number, the one before it, ms from the carrier until it was sent, and until it came) of the first three."""
	out, highest = [], 0
	for q, sent, at in s.got:
		if start <= sent <= end and q < highest:
			out.append((q, highest, round((sent - back) * 1e3, 1), round((at - back) * 1e3, 1)))
		highest = max(highest, q)
	return out[:3]


def judge(streams, asked, back, end, note):
	bad = []
	for (_, direction), s in streams.items():
		c = s.count(asked - 0.5, end)
		note("%s: %s" % (direction, c))
		if c["sent"] < 500 or c["lost"] or c["duplicated"] or c["reordered"]:
			bad.append("%s: %s %s" % (direction, c, overtaken(s, asked - 0.5, end, back)))
	return bad


def one(build, directory, printer, forward):
	"""Away with a stream both ways, and announced back: nothing is lost, doubled or overtaken."""
	with World(build, directory, LOCAL_CONF + "[Daemon]\nForward = %s\n" % forward, home=False) as w:
		if w.mn.show().get("forward") != forward:
			raise CannotRun("BPF: " + str(w.mn.show().get("forward_reason")))
		bad = ["libbpf is in the address space"] if "libbpf" in libraries(w) else []
		w.plug("wlan0", "l1", True)
		coa1 = w.coa(1)
		w.probe("stream", coa1, 7011)
		moves = []
		for _ in range(RETURNS):
			wrong, *move = away_and_back(w, coa1, forward)
			bad += wrong
			moves.append(move)
		streams = w.stop_probes()
		still = [m for m in moves if stood_still(streams, *m[:2])]
		for m in moves:
			if m in still:
				printer.note("not counted, the machine stood still")
			else:
				bad += judge(streams, *m, printer.note)
		if len(still) == len(moves):
			raise CannotRun("this machine stood still in every handover")
		return ["Forward = %s: %s" % (forward, b) for b in bad + w.stop()]


def mobile_node_sends_by_bpf(build, directory, printer):
	"""Forward = bpf and tun at a mobile node that leaves and comes back, announced, under load: nothing is lost or overtaken."""
	return [b for forward in ("bpf", "tun") for b in one(build, os.path.join(directory, forward), printer, forward)]


TESTS = {f.__name__: f for f in (mobile_node_sends_by_bpf,)}
