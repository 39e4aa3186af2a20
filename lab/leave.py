# SPDX-License-Identifier: ISC
"""Many handovers under load, announced (`lke handover`, or a hint just before the carrier drops) or not, and their losses.

Every handover of an address that nobody is told of loses what is on its way to a link without a node.  An announced one
must lose nothing, down or up, and never change the order.
"""
import statistics
import time

import analyse
import checks
import losses
from scenario import dropped_by_machine
from topology import CannotRun

WALK = (2, 3, 2, 1, 3, 1)	# links: away, on, back to a former link, home
LEARN = (2, 3)			# each router needs a key before it can be told anything
HINT = 0.005			# a trigger of the link layer comes so long before the carrier drops
STAY = 1.05
STILL_MS = 20.0			# a machine on which probes wait longer without any handover keeps up with nothing
MODES = ("command", "hint", "unannounced")


class Walk:
	def __init__(self, story, mode, stay=STAY):
		self.story, self.mode, self.stay = story, mode, stay
		self.moves, self.answers = [], []

	def prepare(self):
		"""A valid LBSA with each router; the node ends on AR1's link."""
		s = self.story
		s.figure_2_1()
		for n in LEARN:
			self._go(n)
			s.scene.coa[n] = self._coa(n)
			s.valid_lbsa(n, 12)
		self._go(1)

	def _coa(self, n):
		ms = self.story.watcher.since(self.story.moves[-1][3])
		return next(m.src for m in ms if m.kind == "BU" and checks.on_prefix(m.src, n))

	def _go(self, n):
		"""One move; returns when the network has settled."""
		s = self.story
		lost, back = s.lab.move("l%d" % n, s.gap)
		s.moves.append(["to AR%d" % n, n, lost, back])
		ar1 = s.scene.ar(1)
		s.see(lambda m: checks.local_ba(m, ar1), 8, "AR1's Binding Acknowledgement on AR%d's link" % n, back)
		s.measure(lost, back, self.stay)
		return lost, back

	def _announce(self):
		if self.mode == "command":
			self.answers.append(self.story.announce()[1])
		elif self.mode == "hint":
			self.story.fleet.mn.tell("handover")
			time.sleep(HINT)

	def run(self, count):
		links = [WALK[k % len(WALK)] for k in range(count)]
		for n in links:
			before, asked = dropped_by_machine(), time.time()
			self._announce()
			lost, back = self._go(n)
			self.moves.append((n, lost, back, asked, dropped_by_machine() - before))

	def spoilt(self, flows):
		"""{number of a move: why its losses are this machine's}."""
		out, noise = {}, analyse.noise(flows, [m[2:4] for m in self.story.moves])
		for k, (_, lost, back, asked, dropped) in enumerate(self.moves):
			if dropped:
				out[k] = "the kernel dropped %d packets for want of time" % dropped
			elif self.mode != "unannounced":
				a = analyse.announced(flows, asked, back)
				faults = sum(a[d][x] for d in a for x in ("lost", "reordered"))
				if any(a[d]["waited"] > room for d, room in analyse.ROOM.items()):
					out[k] = "link gap %.0f ms, more had to wait than there is room for" % ((back - lost) * 1e3)
				elif faults and noise > STILL_MS:
					out[k] = "%d lost or out of order, but probes stood still for %.0f ms without any handover" % (faults, noise)
		return out

	def totals(self, flows, without=()):
		"""Sums over all moves but some, by direction, and for each move its own numbers."""
		out = {d: {"sent": 0, "lost": 0, "duplicated": 0, "reordered": 0} for d in ("down", "up")}
		each = []
		for k, (n, lost, back, _, _) in enumerate(self.moves):
			if k in without:
				continue
			row = {"to": n, "gap_ms": (back - lost) * 1e3}
			for f in flows:
				c = f.count(lost - analyse.BEFORE, back + analyse.AFTER)
				for what in out[f.direction]:
					out[f.direction][what] += c[what]
				for what in ("lost", "duplicated", "reordered"):
					row["%s_%s" % (f.direction, what)] = row.get("%s_%s" % (f.direction, what), 0) + c[what]
			each.append(row)
		return out, each

	def too_much(self, totals, each, streams, rate=1000.0, round_trip=0.02):
		"""What must not be: a list of words."""
		bad = []
		for d, c in totals.items():
			if c["duplicated"]:
				bad.append("%d duplicated %s" % (c["duplicated"], d))
			if self.mode != "unannounced":
				bad += ["%d %s %s" % (c[k], k, d) for k in ("lost", "reordered") if c[k]]
		if self.mode == "unannounced":
			for r in each:
				allowed = (r["gap_ms"] / 1e3 + round_trip) * rate * streams + 2 * streams
				if r["down_lost"] > allowed:
					bad.append("to AR%d: %d lost down, %d allowed" % (r["to"], r["down_lost"], allowed))
		return bad


def run(story, mode, count, out=print):
	"""The whole thing; returns a list of what must not be."""
	walk = Walk(story, mode)
	walk.prepare()
	before = losses.snapshot(story)
	walk.run(count)
	story.stop_traffic()
	flows = story.flows()
	spoilt = walk.spoilt(flows)
	totals, each = walk.totals(flows, spoilt)
	for d, c in totals.items():
		out("  %-11s %3d handovers, %-4s: %6d datagrams, %4d lost, %d duplicated, %d reordered" % (
			mode, len(each), d, c["sent"], c["lost"], c["duplicated"], c["reordered"]))
	for k, why in spoilt.items():
		out("  not counted, the machine stood still: handover %d, to AR%d: %s" % (k + 1, walk.moves[k][0], why))
	if walk.answers:
		out("  lke handover answered in %.1f ms (median), %.1f ms (longest)" % (
			statistics.median(walk.answers) * 1e3, max(walk.answers) * 1e3))
	if mode == "unannounced" and each:
		beyond = [r["down_lost"] / (len(flows) / 2) - r["gap_ms"] for r in each]
		out("  lost down beyond the link gap, a stream of 1,000 a second: %.1f (median), %.1f (worst)" % (
			statistics.median(beyond), max(beyond)))
	for r in each:
		if mode != "unannounced" and any(v for k, v in r.items() if k not in ("to", "gap_ms")):
			out("    " + ", ".join("%s %s" % (k, v) for k, v in r.items() if v))
	if not each:
		raise CannotRun("this machine dropped packets of its own in every handover")
	bad = walk.too_much(totals, each, len(flows) / 2)
	if bad:
		out("  what the counters say of it: " + ", ".join(losses.between(before, losses.snapshot(story))))
	story.stop_daemons()
	return bad + ["%s ended with %s" % (k, v) for k, v in story.exits.items() if v and k.startswith("lked")]




def tell(story, mode, count):
	"""For people: the figures, and one check."""
	bad = run(story, mode, count, story.p.line)
	story.step("%d handovers, %s" % (count, mode))
	story.judge("at most the link gap and a round trip was lost, nothing came twice" if mode == "unannounced" else
		"nothing was lost, nothing came twice, the order is kept", not bad, "; ".join(bad))
