# SPDX-License-Identifier: ISC
"""Where a Kbm stands in the memory of the daemons, and that it goes (THREATS 89)."""
import os
import re
import subprocess

import packet
from restart_tests import failures
from scenario import Story
from topology import wait_for


def occurrences(pid, secret):
	"""How often the octets stand in the writable memory of a process."""
	found = 0
	with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb") as mem:
		for line in maps:
			m = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
			if not m or "[vvar" in line:
				continue
			start, end = (int(x, 16) for x in m.groups())
			try:
				mem.seek(start)
				found += mem.read(end - start).count(secret)
			except OSError:
				continue
	return found


def status(pid, key):
	with open("/proc/%d/status" % pid) as f:
		return next((line.split()[1] for line in f if line.startswith(key + ":")), None)


def thr_089_a_kbm_in_memory(build, directory, printer):
	"""The Kbm stands in the engine process alone, and nowhere when the LBSA is gone; neither process can be dumped."""
	with Story(build, directory, printer) as story:
		story.figure_2_1()
		story.stop_traffic()
		story.step("3  Where the Kbm stands")
		coa = story.scene.coa[1]
		kbm = story.keys.kbm[coa][-1]
		ar1 = story.fleet.ar[1]
		privileged, engine = ar1.pids()
		story.judge("the router's engine process knows it (the search works)", occurrences(engine, kbm) >= 1, "")
		for d in (ar1, story.fleet.mn):
			story.judge("the privileged process of %s does not" % d.name, occurrences(d.pids()[0], kbm) == 0, "")
		for pid in (privileged, engine):
			with open("/proc/%d/coredump_filter" % pid) as f:
				story.judge("no memory of %d would be dumped" % pid, int(f.read(), 16) == 0, "")
			story.judge("its memory belongs to root alone", os.stat("/proc/%d/mem" % pid).st_uid == 0, "")
			# Where the limit cannot be raised it says so.
			story.judge("and is locked, or the log says how", int(status(pid, "VmLck")) > 0 or
				"may be written to swap" in open(ar1.log).read(), status(pid, "VmLck"))
		story.step("4  The LBSA is flushed")
		subprocess.run(ar1.node.argv(ar1.lke, "--run", ar1.run_dir, "flush", "lbsa", packet.text(coa)), check=True,
			capture_output=True)
		wait_for(lambda: ar1.lbsa_state(packet.text(coa)) is None, 3, "the LBSA to go")
		left = occurrences(engine, kbm)
		story.judge("its Kbm is nowhere", left == 0, "%d times" % left)
		story.stop_daemons()
		return failures(story)


TESTS = (thr_089_a_kbm_in_memory,)
