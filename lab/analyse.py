# SPDX-License-Identifier: ISC
"""Turns probe records and the move times into the numbers of a handover."""

LATE = 0.010		# seconds of delay above which a datagram was kept waiting somewhere


def records(path):
	"""(sent {seq: time}, received [(seq, sent, received)]) of one udp_probe file; seconds."""
	sent, got = {}, []
	with open(path) as f:
		for line in f:
			v = line.split()
			if v and v[0] == "S" and len(v) == 3:
				sent[int(v[1])] = int(v[2]) / 1e9
			elif v and v[0] == "R" and len(v) == 4:
				got.append((int(v[1]), int(v[2]) / 1e9, int(v[3]) / 1e9))
	return sent, got


class Stream:
	"""Datagrams of one direction: `sent` of the sender's file, `got` of the receiver's."""

	def __init__(self, name, direction, sent, got):
		self.name, self.direction, self.sent, self.got = name, direction, sent, got

	def longest_silence(self, start, end):
		"""The longest time between two arrivals that touches [start, end], and its two ends."""
		best, last = (0.0, start, start), None
		for _, _, at in self.got:
			if last is not None and at >= start and last <= end and at - last > best[0]:
				best = (at - last, last, at)
			last = at
		if last is not None and last < end and end - last > best[0]:
			best = (end - last, last, end)
		return best

	def first_arrival(self, after):
		return next((at for _, _, at in self.got if at >= after), None)

	def count(self, start, end):
		"""Fate of the datagrams sent in [start, end]."""
		seqs = [q for q, t in self.sent.items() if start <= t <= end]
		inside, times, late = set(seqs), {}, 0
		reordered, highest = 0, 0
		for q, t, at in self.got:
			if q in inside:
				times[q] = times.get(q, 0) + 1
				late += times[q] == 1 and at - t > LATE
				reordered += q < highest
			highest = max(highest, q)
		return {"sent": len(seqs), "lost": sum(1 for q in seqs if q not in times), "late": late,
			"duplicated": sum(n - 1 for n in times.values()), "reordered": reordered}


def streams(name, cn_file, mn_file):
	cn_sent, cn_got = records(cn_file)
	mn_sent, mn_got = records(mn_file)
	return [Stream(name, "down", cn_sent, mn_got), Stream(name, "up", mn_sent, cn_got)]


BEFORE, AFTER = 0.05, 1.0
# Datagrams of the probes that can wait: down at an access router (BufferPackets = 1024), up at the TUN device of a mobile
# node (2000); a sixth is left to the TCP connection beside them.
ROOM = {"down": 850, "up": 1660}


def announced(flows, asked, back):
	"""{direction: {sent, lost, duplicated, reordered, waited}} of an announced move.

	waited: how many datagrams were sent between the announcement and the first arrival behind the gap.  More than there is
	room for were lost because the machine stood still, or the lab's own gap was too long, not because of the move.
	"""
	out = {d: {"sent": 0, "lost": 0, "duplicated": 0, "reordered": 0, "waited": 0} for d in ROOM}
	for s in flows:
		o, c, first = out[s.direction], s.count(asked - BEFORE, back + AFTER), s.first_arrival(back)
		for k in c:
			if k in o:
				o[k] += c[k]
		o["waited"] += sum(1 for t in s.sent.values() if asked <= t <= (first or back + AFTER))
	return out


def handover(label, lost, back, flows, marks):
	"""Numbers of one handover.  flows: Streams; marks: {"RA": time, "BU": time, "BA": time}."""
	gap = back - lost
	h = {"name": label, "link_gap_ms": round(gap * 1e3, 2), "streams": {}, "start": lost}
	total = {"sent": 0, "lost": 0, "late": 0, "duplicated": 0, "reordered": 0}
	worst = {"down": 0.0, "up": 0.0}
	first = None
	for s in flows:
		silence, _, end = s.longest_silence(lost - 0.002, back + AFTER)
		c = s.count(lost - BEFORE, back + AFTER)
		h["streams"].setdefault(s.name, {})[s.direction] = dict(c, interruption_ms=round(silence * 1e3, 2))
		worst[s.direction] = max(worst[s.direction], silence)
		if s.direction == "down" and marks.get("BU"):
			at = s.first_arrival(marks["BU"])
			first = at if first is None or (at and at < first) else first
		for k in total:
			total[k] += c[k]
	h.update(total)
	for d, v in worst.items():
		h["interruption_%s_ms" % d] = round(v * 1e3, 2)
	h["beyond_gap_ms"] = round(max(0.0, max(worst.values()) - gap) * 1e3, 2)
	for name in ("RS", "RA", "BU", "BA"):
		h[name.lower() + "_ms"] = round((marks[name] - back) * 1e3, 2) if marks.get(name) else None
	h["attach_ms"] = h["bu_ms"]
	h["bu_to_first_packet_ms"] = round((first - marks["BU"]) * 1e3, 2) if first and marks.get("BU") else None
	return h


def noise(flows, moves, after=AFTER):
	"""The longest silence of the same probes away from every move: what this machine does on its own."""
	worst = 0.0
	for s in flows:
		last = None
		for _, _, at in s.got:
			if last is not None and not any(last <= back + after and at >= lost - BEFORE for lost, back in moves):
				worst = max(worst, at - last)
			last = at
	return round(worst * 1e3, 2)


def tcp(path, start=0.0, end=float("inf")):
	"""(connections, octets, longest stall in seconds between two pieces read that touches [start, end])."""
	last, stall, total, connections = None, 0.0, 0, 0
	with open(path) as f:
		for line in f:
			v = line.split()
			if v[0] == "R":
				total, at = int(v[1]), int(v[2]) / 1e9
				if last is not None and at >= start and last <= end:
					stall = max(stall, at - last)
				last = at
			elif v[0] == "E":
				connections = int(v[1])
	if last is not None and end != float("inf") and last < end:
		stall = max(stall, end - last)
	return connections, total, stall
