#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The whole start of a home agent of 10,000 policy entries, until the kernel steers every SPI to it.  Needs root.

From the start of the program: the files of 10,000 keys are read and checked, a store is made, both processes run, lked
answers, and the ESP of every mobile node is kept from the kernel.  Prints a row for each turn and writes start.json.
"""
import argparse
import json
import os
import signal
import statistics
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tests_store import Agent	# noqa: E402
from topology import wait_for	# noqa: E402

ENTRIES, TURNS, LIMIT = 10000, 3, 1.0


def cpu(pids):
	"""Seconds of processor time of these processes."""
	ticks = 0
	for pid in pids:
		with open("/proc/%d/stat" % pid) as f:
			v = f.read().rsplit(")", 1)[1].split()
		ticks += int(v[11]) + int(v[12])
	return ticks / os.sysconf("SC_CLK_TCK")


def steered(node):
	return node.run("nft", "list", "set", "ip6", "lke", "spi", check=False).count(" . ")


def turn(agent):
	ha = agent.ha
	begin = time.monotonic()
	ha.start(wait=False)
	wait_for(lambda: os.path.exists(ha.run_dir + "/ctl.sock") and ha.ask("status"), 30, "lked to answer", 0.005)
	answers = time.monotonic() - begin
	wait_for(lambda: steered(ha.node) >= ENTRIES, 30, "the SPIs of all policy entries", 0.01)
	got = {"answers": answers, "steered": time.monotonic() - begin, "cpu": cpu(ha.pids())}
	ha.stop()
	return got


def main():
	ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	ap.add_argument("--build", default="build")
	ap.add_argument("--out", default="out/bench")
	a = ap.parse_args()
	signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))	# the network goes with us
	os.makedirs(a.out, exist_ok=True)
	with tempfile.TemporaryDirectory(prefix="lke-bench-") as d, Agent(os.path.abspath(a.build), d, ENTRIES) as agent:
		turns = [turn(agent) for _ in range(TURNS)]
	middle = {k: statistics.median(t[k] for t in turns) for k in turns[0]}
	print("%d policy entries: lked answers after %.2f s, all SPIs are steered after %.2f s (limit 1 s), %.2f s of processor time"
		% (ENTRIES, middle["answers"], middle["steered"], middle["cpu"]))
	with open(os.path.join(a.out, "start.json"), "w") as f:
		json.dump({"schema": "lke.bench.start/1", "entries": ENTRIES, "limit": LIMIT, "turns": turns}, f, indent=1)
		f.write("\n")


main()
