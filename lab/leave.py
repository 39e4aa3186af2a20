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
from topology import LabError

WALK = (2, 3, 2, 1, 3, 1)	# links: away, on, back to a former link, home
LEARN = (2, 3)			# each router needs a key before it can be told anything
HINT = 0.005			# a trigger of the link layer comes so long before the carrier drops
STAY = 1.05
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
		mn = self.story.fleet.mn
		if self.mode == "command":
			start = time.monotonic()
			answer = mn.ask("handover")
			self.answers.append(time.monotonic() - start)
			if not (answer or {}).get("ok"):
				raise LabError("lke handover: %s" % answer)
		elif self.mode == "hint":
			mn.tell("handover")
			time.sleep(HINT)

	def run(self, count):
		links = [WALK[k % len(WALK)] for k in range(count)]
		for n in links:
			self._announce()
			self.moves.append((n, *self._go(n)))

	def totals(self, flows):
		"""Sums over all moves, by direction, and for each move its own numbers."""
		out = {d: {"sent": 0, "lost": 0, "duplicated": 0, "reordered": 0} for d in ("down", "up")}
		each = []
		for n, lost, back in self.moves:
			row = {"to": n, "gap_ms": (back - lost) * 1e3}
			for f in flows:
				c = f.count(lost - analyse.BEFORE, back + analyse.AFTER)
				for k in out[f.direction]:
					out[f.direction][k] += c[k]
				for k in ("lost", "duplicated", "reordered"):
					row["%s_%s" % (f.direction, k)] = row.get("%s_%s" % (f.direction, k), 0) + c[k]
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
	totals, each = walk.totals(flows)
	for d, c in totals.items():
		out("  %-11s %3d handovers, %-4s: %6d datagrams, %4d lost, %d duplicated, %d reordered" % (
			mode, count, d, c["sent"], c["lost"], c["duplicated"], c["reordered"]))
	if walk.answers:
		out("  lke handover answered in %.1f ms (median), %.1f ms (longest)" % (
			statistics.median(walk.answers) * 1e3, max(walk.answers) * 1e3))
	if mode == "unannounced":
		beyond = [r["down_lost"] / (len(flows) / 2) - r["gap_ms"] for r in each]
		out("  lost down beyond the link gap, a stream of 1,000 a second: %.1f (median), %.1f (worst)" % (
			statistics.median(beyond), max(beyond)))
	for r in each:
		if mode != "unannounced" and any(v for k, v in r.items() if k not in ("to", "gap_ms")):
			out("    " + ", ".join("%s %s" % (k, v) for k, v in r.items() if v))
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
