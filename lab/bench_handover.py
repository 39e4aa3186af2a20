#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Hundreds of handovers of real daemons, measured from capture time stamps.  Part of `make bench`; needs root.

A handover: the mobile node's carrier comes up on another link.  Measured is how long it takes from then to the first
packet through the forward tunnel and to the first through the reverse tunnel of the previous access router, less one
round trip to that router (measured in the same run).  Three times: with traffic both ways, with traffic that only
comes down, and both ways with processors that wait for work instead of halting (as cyclictest has them), which shows
what of the time is theirs: a halted processor of a virtual machine takes part of a millisecond to come back.

The time of the carrier is the kernel's (carrier.py).  What was seen from the moment the lab told its switch to raise
the port stands beside it, with nothing taken off ("seen"), and so does what was: the switch's own time, and the round
trip.  Around each handover the probes come down so fast that the wait for the next of them is small; it is not taken off.
Up they do not: the first packet through the reverse tunnel is one that was kept while there was no carrier.
Writes handover.json and handover.svg.  Exit status 1 when something other than time went wrong.
"""
import argparse
import bisect
import contextlib
import json
import os
import re
import statistics
import signal
import struct
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import analyse	# noqa: E402
import capture	# noqa: E402
import carrier	# noqa: E402
import distribution	# noqa: E402
import packet	# noqa: E402
from nodes import MN_CONF	# noqa: E402
from tests_mn import World	# noqa: E402
from topology import HOME_ADDRESS, HOME_AGENT, Lab	# noqa: E402

RATE = 2000		# datagrams a second
BURST = 10000, 8	# a second, for so many ms around a handover: the first one after the tunnel is there is late by half a period
WINDOW = 0.22		# s after the carrier in which everything has to be over
GAP = 0.03		# s without carrier
PERIOD = 0.56		# s from one to the next: two Router Solicitations a second are the node's own limit
LIMITS = {"median": 1.0, "p95": 5.0}	# ms
LATENCY = "/dev/cpu_dma_latency"
SERIES = (("both ways", True, False), ("down only", False, False), ("awake, both ways", True, True))
EXPRESSION = "ip6[6] == 41 or ip6[6] == 135 or ip6[6] == 60 or ip6[6] == 43 or ip6[6] == 58"


class Frames:
	"""What the mobile node's interface saw, as (time, next header, source, destination, frame)."""

	def __init__(self, path):
		self.all = sorted(((ts, f[20], f[22:38], f[38:54], f) for ts, _, f, _ in capture.read(path)
			if len(f) >= 54 and f[12:14] == b"\x86\xdd"), key=lambda x: x[0])
		self.times = [x[0] for x in self.all]

	def between(self, start, end):
		return self.all[bisect.bisect_left(self.times, start):bisect.bisect_right(self.times, end)]


def on_link(addr, n):
	return addr[:8] == packet.octets("2001:db8:%d::" % n)[:8]


def measure(frames, back, n, ar1, ha):
	"""One handover to link n; milliseconds after `back`, None where nothing was seen."""
	seen = {"BU": None, "BA": None, "forward": None, "reverse": None, "messages": 0, "home_agent": 0}
	for ts, nh, src, dst, f in frames.between(back, back + WINDOW):
		at = (ts - back) * 1e3
		if nh == 41 and src == ar1 and on_link(dst, n):
			seen["forward"] = seen["forward"] or at
		elif nh == 41 and dst == ar1 and on_link(src, n):
			seen["reverse"] = seen["reverse"] or at
		elif nh in (135, 60, 43) and (dst == ar1 or src == ar1):
			seen["messages"] += 1
			key = "BU" if dst == ar1 else "BA"
			seen[key] = seen[key] or at
		elif ha in (src, dst):
			seen["home_agent"] += 1
	return seen


@contextlib.contextmanager
def awake(wanted):
	"""No processor halts meanwhile, where the kernel can have that (PM QoS)."""
	if not wanted:
		yield
		return
	with open(LATENCY, "wb", buffering=0) as f:
		f.write(struct.pack("i", 0))
		yield


def round_trip(w):
	text = w.lab["mn"].run("ping", "-c", "40", "-i", "0.01", "-q", w.lab_ar1, check=False)
	m = re.search(r"= [\d.]+/([\d.]+)/", text)
	return float(m.group(1)) if m else 0.0


def run(build, directory, count, both):
	"""One series.  The noise is the longest silence of the same probes away from the handovers."""
	conf = MN_CONF % (HOME_ADDRESS, HOME_AGENT, "@KEY@")
	with World(build, directory, conf, routers=(1, 2, 3)) as w, carrier.Carrier() as kernel:
		w.lab_ar1 = "2001:db8:1::1"
		path = os.path.join(directory, "capture.pcapng")
		w.plug("wlan0", "l1", True)
		coa1 = w.coa(1)
		rtt = round_trip(w)
		recorder = capture.Recorder(w.lab, [("mn", "wlan0", EXPRESSION)], path)
		w.probe("coa1", coa1, 7011, RATE, RATE if both else 0, BURST)
		moves = []
		for k in range(count):
			lost, told = w.lab.move("l%d" % (2 + k % 2), GAP, w.burst)
			up = next((at for at in kernel.times() if told <= at <= told + WINDOW), None)
			moves.append((lost, told, up, 2 + k % 2))
			left = lost + PERIOD - time.time()
			if left > 0:
				time.sleep(left)
		streams = w.stop_probes()
		recorder.close()
		bad = w.stop()
		frames = Frames(path)
		ar1, ha = packet.octets(w.lab_ar1), packet.octets(HOME_AGENT)
		seen = [dict(measure(frames, told, n, ar1, ha), switch=(up - told) * 1e3 if up else 0.0) for _, told, up, n in moves]
		noise = analyse.noise(list(streams.values()), [(lost, told) for lost, told, _, _ in moves], 0.06)
		return seen, rtt, noise, bad


def figures(values):
	values = sorted(values)
	return {"count": len(values), "median": round(statistics.median(values), 3),
		"p95": round(values[min(len(values) - 1, int(len(values) * 0.95))], 3), "max": round(values[-1], 3)}


def series(build, directory, count, both):
	seen, rtt, noise, bad = run(build, directory, count, both)
	out = {"rtt_ms": round(rtt, 3), "noise_ms": noise, "handovers": count, "switch": figures([s["switch"] for s in seen]),
		"probe_wait_ms": 500 / BURST[0]}
	for key in ["forward"] + (["reverse"] if both else []):
		got = [s for s in seen if s[key] is not None]
		if len(got) < count:
			bad.append("%d of %d handovers without a packet through the %s tunnel" % (count - len(got), count, key))
		if got:
			values = [s[key] - s["switch"] - rtt for s in got]
			out[key] = dict(figures(values), seen=figures([s[key] for s in got]), values=[round(v, 3) for v in values])
	for key in ("BU", "BA"):
		out["carrier_to_" + key.lower()] = figures([s[key] - s["switch"] for s in seen if s[key] is not None] or [0])
	out["messages_to_home_agent"] = sum(s["home_agent"] for s in seen)
	out["messages_per_handover"] = {str(n): sum(1 for s in seen if s["messages"] == n) for n in sorted({s["messages"] for s in seen})}
	if out["messages_to_home_agent"]:
		bad.append("the home agent was sent %d messages" % out["messages_to_home_agent"])
	return out, bad


def report(name, s):
	for key in ("forward", "reverse"):
		if key not in s:
			continue
		f = s[key]
		held = all(f[k] <= v for k, v in LIMITS.items())
		print("%-16s %-8s %4d handovers  median %6.2f ms  p95 %6.2f ms  max %7.2f ms   (noise of the machine %.1f ms)  %s"
			% (name, key, f["count"], f["median"], f["p95"], f["max"], s["noise_ms"], "within 1 and 5 ms" if held else "ABOVE 1 or 5 ms"))
		print("%-16s %-8s seen, from the word to the switch: median %.2f ms, p95 %.2f ms, max %.2f ms; of it the switch %s, one round trip %.2f ms"
			% (name, key, f["seen"]["median"], f["seen"]["p95"], f["seen"]["max"],
				"%.2f ms" % s["switch"]["median"] if s["switch"]["median"] else "unknown (no tracefs)", s["rtt_ms"]))
	print("%-16s carrier to BU %.2f ms, to BA %.2f ms; mean wait for a probe %.2f ms, not taken off; messages of a handover %s, to the home agent %d"
		% (name, s["carrier_to_bu"]["median"], s["carrier_to_ba"]["median"], s["probe_wait_ms"], s["messages_per_handover"],
			s["messages_to_home_agent"]))


def picture(path, result):
	"""The distribution: part of the handovers that were over after so many milliseconds."""
	series = [("%s, %s tunnel" % (name, key), s[key]["values"]) for name, s in result["series"].items()
		for key in ("forward", "reverse") if key in s]
	count = max((s["handovers"] for s in result["series"].values()), default=0)
	if series and not distribution.draw(path, "%d handovers: carrier up to the first packet through the tunnel" % count,
			"milliseconds, less one round trip to the previous access router; dots: the limits", series,
			[(0.5, LIMITS["median"]), (0.95, LIMITS["p95"])]):
		print("no gnuplot here: %s is not drawn" % path)


def main():
	ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	ap.add_argument("--build", default="build")
	ap.add_argument("--out", default="out/bench")
	ap.add_argument("--count", type=int, default=300, help="handovers of each series")
	ap.add_argument("--series", choices=("both", "down", "awake"), help="only this one")
	a = ap.parse_args()
	signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))	# the network goes with us
	os.makedirs(a.out, exist_ok=True)
	Lab.in_order = False
	result, bad = {"schema": "lke.bench.handover/2", "limits_ms": LIMITS, "cores": os.cpu_count(),
		"forward": os.environ.get("LKE_FORWARD", "auto"), "series": {}}, []
	for name, both, halts_not in SERIES:
		if a.series and not name.startswith(a.series):
			continue
		if halts_not and not os.path.exists(LATENCY):
			print("%s: not measured, this kernel has no %s" % (name, LATENCY))
			continue
		with tempfile.TemporaryDirectory(prefix="lke-bench-") as d, awake(halts_not):
			s, wrong = series(os.path.abspath(a.build), d, a.count, both)
		result["series"][name] = s
		bad += ["%s: %s" % (name, b) for b in wrong]
		report(name, s)
	with open(os.path.join(a.out, "handover.json"), "w") as f:
		json.dump(result, f, indent=1)
	picture(os.path.join(a.out, "handover.svg"), result)
	for b in bad:
		print("bench: " + b, file=sys.stderr)
	return 1 if bad else 0


if __name__ == "__main__":
	sys.exit(main())
