#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""An idle, attached mobile node: how often its processes wake, and the memory that is theirs alone.  Needs root.

Wake-ups are voluntary context switches of all threads (/proc/PID/task/*/status); a received packet is a reason, so the
packets that the daemon counted stand beside them.  Memory: private pages of both processes, and anonymous ones that
only these two share.  Writes idle_node.json.
"""
import argparse
import glob
import json
import os
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tests_mn import LOCAL_CONF, World	# noqa: E402

SETTLE, MEASURE = 25, 130	# s; the router is asked for a sign of life after 75 to 90 s


def switches(pids):
	n = 0
	for pid in pids:
		for path in glob.glob("/proc/%d/task/*/status" % pid):
			with open(path) as f:
				n += sum(int(line.split()[1]) for line in f if line.startswith("voluntary_ctxt_switches"))
	return n


def packets(daemon):
	shown = daemon.show("counters") or {}
	for section in shown.values():
		if isinstance(section, dict) and "packets_in" in section:
			return section["packets_in"]
	return 0


def memory(pids):
	"""KiB: (private to one process, anonymous and shared between the two)."""
	private, shared = 0, 0
	for pid in pids:
		with open("/proc/%d/smaps_rollup" % pid) as f:
			v = {line.split(":")[0]: int(line.split()[1]) for line in f if line.endswith("kB\n")}
		private += v["Private_Clean"] + v["Private_Dirty"]
		shared += v["Shared_Dirty"]
	return private, shared // len(pids)


def main():
	ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	ap.add_argument("--build", default="build")
	ap.add_argument("--out", default="out/bench")
	a = ap.parse_args()
	signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))	# the network goes with us
	os.makedirs(a.out, exist_ok=True)
	with tempfile.TemporaryDirectory(prefix="lke-bench-") as d:
		with World(os.path.abspath(a.build), d, LOCAL_CONF, routers=(1,), home=False) as w:
			w.plug("wlan0", "l1", True)
			w.coa(1)
			time.sleep(SETTLE)
			pids = w.mn.pids()
			# Asking for the counters wakes the daemon: outside the time that is measured.
			heard = packets(w.mn)
			time.sleep(0.5)
			before = switches(pids)
			time.sleep(MEASURE)
			woken = switches(pids) - before
			heard = packets(w.mn) - heard
			private, shared = memory(pids)
			libraries = [l for l in ("sqlite", "bpf") if any(l in open("/proc/%d/maps" % p).read() for p in pids)]
			bad = w.stop()
	out = {"schema": "lke.bench.idle/1", "seconds": MEASURE, "wakeups": woken, "packets_in": heard,
		"private_kib": private, "shared_anonymous_kib": shared, "libraries": libraries}
	with open(os.path.join(a.out, "idle_node.json"), "w") as f:
		json.dump(out, f, indent=1)
	print("idle mobile node: %d wake-ups in %d s, %d packets received; %.1f MiB private, %.1f MiB shared by its two processes; role libraries: %s"
		% (woken, MEASURE, heard, private / 1024, shared / 1024, ", ".join(libraries) or "none"))
	for b in bad:
		print("bench: " + b, file=sys.stderr)
	return 1 if bad else 0


if __name__ == "__main__":
	sys.exit(main())
