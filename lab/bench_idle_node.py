#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""An idle, attached mobile node: how often its processes wake, and the memory that is theirs alone.  Needs root.

A release build, an access router with RaInterval = 600s, no bindings.  Wake-ups are the voluntary context switches of all
threads of both processes (/proc/PID/task/*/status): every kind of waiting ends in one.  A received packet excuses one
of them: frames are counted by a listener at the mobile node's interface, those within 20 ms as one, and never more
than the daemon says it took.  What a packet causes beyond one wake-up counts against the node.  Memory: private pages of
both processes, and the dirty ones that only these two share, once.  Writes idle_node.json; exit status 1 above a limit.
"""
import argparse
import glob
import json
import os
import select
import signal
import socket
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from nodes import AR_CONF	# noqa: E402
from tests_mn import LOCAL_CONF, World	# noqa: E402
from topology import in_namespace	# noqa: E402

RA_CONF = AR_CONF + "RaInterval = 600s\n"
SETTLE = 60		# s; a router's first advertisements come every 16 s
TOGETHER = 0.02		# s; frames that one wake-up may take
LIMITS = {"wakeups_a_minute": 1.0, "private_kib": 8192}


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
	"""KiB: (private to one process, dirty and shared between the two)."""
	private, shared = 0, 0
	for pid in pids:
		with open("/proc/%d/smaps_rollup" % pid) as f:
			v = {line.split(":")[0]: int(line.split()[1]) for line in f if line.endswith("kB\n")}
		private += v["Private_Clean"] + v["Private_Dirty"]
		shared += v["Shared_Dirty"]
	return private, shared // len(pids)


def listen(node, dev, seconds):
	"""Groups of IPv6 frames that came to the interface in that time."""
	with in_namespace(node.ns):
		s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x86dd))
	s.bind((dev, 0x86dd))
	end, last, groups = time.monotonic() + seconds, -1.0, 0
	while time.monotonic() < end:
		if not select.select([s], [], [], end - time.monotonic())[0]:
			break
		kind = s.recvfrom(65536)[1][2]
		if kind != socket.PACKET_OUTGOING:
			now = time.monotonic()
			groups += now - last > TOGETHER
			last = now
	s.close()
	return groups


def build_type(build):
	with open(os.path.join(build, "meson-info", "intro-buildoptions.json")) as f:
		return next(o["value"] for o in json.load(f) if o["name"] == "buildtype")


def measure(build, directory, seconds):
	with World(build, directory, LOCAL_CONF, routers=(1,), home=False, ar_conf=RA_CONF) as w:
		w.plug("wlan0", "l1", True)
		w.coa(1)
		time.sleep(SETTLE)
		pids = w.mn.pids()
		# Asking for the counters wakes the daemon: outside the time that is measured.
		heard = packets(w.mn)
		time.sleep(0.5)
		before = switches(pids)
		groups = listen(w.lab["mn"], "wlan0", seconds)
		woken = switches(pids) - before
		taken = packets(w.mn) - heard
		private, shared = memory(pids)
		maps = [open("/proc/%d/maps" % p).read() for p in pids]
		bindings = (w.mn.show("bindings") or {}).get("bindings", [])
		bad = w.stop() + (["the node has a binding"] if bindings else [])
	return {"seconds": seconds, "wakeups": woken, "frames": groups, "packets_in": taken,
		"wakeups_a_minute": round(max(0, woken - min(groups, taken)) * 60 / seconds, 3),
		"private_kib": private + shared, "of_that_shared_by_both_kib": shared,
		"libraries": [l for l in ("libsqlite3", "libbpf") if any(l in m for m in maps)]}, bad


def main():
	ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	ap.add_argument("--build", default="build-release")
	ap.add_argument("--out", default="out/bench")
	ap.add_argument("--seconds", type=int, default=600, help="that are measured; an RaInterval")
	a = ap.parse_args()
	signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))	# the network goes with us
	os.makedirs(a.out, exist_ok=True)
	build = os.path.abspath(a.build)
	with tempfile.TemporaryDirectory(prefix="lke-bench-") as d:
		got, bad = measure(build, d, a.seconds)
	got = {"schema": "lke.bench.idle/2", "buildtype": build_type(build), "ra_interval_s": 600, "limits": LIMITS, **got}
	with open(os.path.join(a.out, "idle_node.json"), "w") as f:
		json.dump(got, f, indent=1)
	print("idle mobile node, %s build, %d s: %d wake-ups, %d of them for received packets: %.2f a minute for other reasons (limit 1)"
		% (got["buildtype"], a.seconds, got["wakeups"], min(got["frames"], got["packets_in"]), got["wakeups_a_minute"]))
	print("private memory of its processes %.1f MiB (limit 8); role libraries: %s"
		% (got["private_kib"] / 1024, ", ".join(got["libraries"]) or "none"))
	bad += ["%s is %s, the limit %s" % (k, got[k], v) for k, v in LIMITS.items() if got[k] > v]
	bad += ["%s is loaded" % l for l in got["libraries"]]
	bad += ["this is a %s build" % got["buildtype"]] * (got["buildtype"] != "release")
	for b in bad:
		print("bench: " + b, file=sys.stderr)
	return 1 if bad else 0


if __name__ == "__main__":
	sys.exit(main())
