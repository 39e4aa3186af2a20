# SPDX-License-Identifier: ISC
"""The lab's tests of mobile nodes that leave: announced, hinted, or found unreachable."""
import time

import analyse
import leave
import packet
from scenario import Story
from topology import wait_for


def announced_handovers_lose_nothing(build, directory, printer):
	"""`lke handover`, then the link goes: away, on, back and home, nothing lost, doubled or out of order either way."""
	with Story(build, directory, printer) as story:
		return leave.run(story, "command", 6, printer.line)


def hinted_handover_loses_nothing_down(build, directory, printer):
	"""`lke leave MAC` at the access router 5 ms before the carrier drops; the mobile node itself knows nothing."""
	with Story(build, directory, printer) as story:
		story.figure_2_1()
		answer = story.fleet.ar[1].ask("leave", arg=story.lab["mn"].mac["wlan0"])
		if not answer.get("ok"):
			return ["lke leave: %s" % answer]
		time.sleep(leave.HINT)
		story.move(2, "3  Handover to AR2")
		story.stop_traffic()
		_, _, lost, back = story.moves[0]
		bad = []
		for f in story.flows():
			if f.direction == "down":
				c = f.count(lost - analyse.BEFORE, back + analyse.AFTER)
				bad += ["%s down: %d %s" % (f.name, c[k], k) for k in ("lost", "duplicated") if c[k]]
		story.stop_daemons()
		return bad


def unreachable_neighbour_is_a_hint(build, directory, printer):
	"""The mobile node vanishes without a word: when the router's kernel gives it up, packets wait; then they are dropped."""
	with Story(build, directory, printer) as story:
		ar1 = story.fleet.ar[1]
		# The kernel takes its time otherwise, up to a minute.
		ar1.node.run("sysctl", "-q", "-w", "net.ipv6.neigh.wlan0.delay_first_probe_time=1",
			"net.ipv6.neigh.wlan0.retrans_time_ms=100", "net.ipv6.neigh.wlan0.base_reachable_time_ms=500")
		story.figure_2_1()
		coa1 = packet.text(story.scene.coa[1])
		story.lab.detach()
		wait_for(lambda: ar1.lbsa(coa1).get("leaving"), 20, "AR1 to keep packets for the node that is gone", 0.02)
		wait_for(lambda: ar1.lbsa(coa1)["buffered"]["packets"] > 0, 2, "packets to wait at AR1", 0.02)
		wait_for(lambda: not ar1.lbsa(coa1)["leaving"], 5, "AR1 to give up", 0.05)
		bad = []
		drops = ar1.show("counters")["drops"]
		if not drops.get("buffer_time"):
			bad.append("nothing was dropped: %s" % drops)
		if "dev lke0" in ar1.node.show("-6", "route", "show", coa1):
			bad.append("the address is still intercepted")
		story.stop_traffic()
		story.stop_daemons()
		return bad


TESTS = {f.__name__: f for f in (announced_handovers_lose_nothing, hinted_handover_loses_nothing_down,
	unreachable_neighbour_is_a_hint)}
