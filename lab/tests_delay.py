# SPDX-License-Identifier: ISC
"""Handovers with a home agent that is far away, behind a path that loses packets."""
import os
import re

import analyse
import demo
from scenario import Story
from topology import HOME_AGENT

TRIES = 3
# One way delay (s) and loss of everything to and from the home agent.
PATHS = ((0.0, 0.0), (0.020, 0.0), (0.200, 0.0), (0.020, 0.01))


def round_trip(story):
	"""Shortest of three to the home agent from the correspondent's router, seconds; None: no answer."""
	text = story.lab["cr"].run("ping", "-c", "3", "-i", "0.2", "-W", "2", HOME_AGENT, check=False)
	m = re.search(r"= ([\d.]+)/", text)
	return float(m.group(1)) / 1e3 if m else None


def one_handover(build, directory, printer, delay, loss):
	"""(numbers of the handover to AR2, noise, what failed)."""
	with Story(build, directory, printer, tcp_on=None, delay=delay, loss=loss) as story:
		rtt = round_trip(story)
		bad = [] if rtt is not None and rtt >= 2 * delay else ["round trip to the home agent: %s" % rtt]
		story.start_tcp = lambda: None
		story.figure_2_1()
		story.move(2, "3  Handover to AR2")
		lost, back = story.moves[0][2:]
		story.stop_traffic()
		story.stop_daemons()
		flows = story.flows()
		marks = story.marks(story.watcher.since(story.zero), 2, lost, back)
		h = analyse.handover("delay %.0f ms, loss %.0f %%" % (delay * 1e3, loss * 1e2), lost, back, flows, marks)
		return h, analyse.noise(flows, [(lost, back)]), bad + [
			"%s: %s (%s)" % (s.title[:2].strip(), c["check"], c["detail"]) for s in story.steps for c in s.checks
			if not c["ok"] and not loss]


def beyond_gap(h):
	"""ms that the old care-of address is unreachable for longer than there is no link."""
	return max(h["streams"]["coa1"][d]["interruption_ms"] for d in ("down", "up")) - h["link_gap_ms"]


def out_of_order(h):
	coa = h["streams"]["coa1"]
	if any(coa[d]["duplicated"] or coa[d]["reordered"] for d in ("down", "up")):
		return ["%s: duplicated or reordered datagrams: %s" % (h["name"], coa)]
	return []


def over_path(build, directory, printer, delay, loss):
	"""What must not be.  A time is the machine's too: one that is too long is measured again, all else counts at once."""
	slow = []
	for k in range(TRIES):
		h, noise, failed = one_handover(build, os.path.join(directory, str(k)), printer, delay, loss)
		beyond, coa = beyond_gap(h), h["streams"]["coa1"]
		print("%-24s old care-of address: %.1f ms beyond the link gap, %d + %d lost; BU %.1f ms, its BA %.1f ms after "
			"the carrier; noise %.1f ms" % (h["name"], beyond, coa["down"]["lost"], coa["up"]["lost"], h["bu_ms"], h["ba_ms"], noise))
		bad = out_of_order(h) + [h["name"] + ": " + f for f in failed]
		if bad or beyond <= demo.LIMIT_MS + noise:
			return bad
		slow.append("%.1f" % beyond)
	return ["%s: %s ms beyond the link gap" % (h["name"], ", ".join(slow))]


def handovers_with_delay_and_loss(build, directory, printer):
	"""How long the old care-of address is unreachable does not depend on the way to the home agent."""
	return [bad for k, path in enumerate(PATHS)
		for bad in over_path(build, os.path.join(directory, str(k)), printer, *path)]


TESTS = {f.__name__: f for f in (handovers_with_delay_and_loss,)}
