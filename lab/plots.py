# SPDX-License-Identifier: ISC
"""Two pictures, written as SVG: the fate of each probe datagram around every handover, and the message sequence."""
from html import escape

FONT = "font-family='Inter,DejaVu Sans,Helvetica,Arial,sans-serif'"
COLOURS = {("home", "down"): "#2563eb", ("home", "up"): "#7c3aed", ("coa1", "down"): "#0d9488", ("coa1", "up"): "#d97706"}
LEGEND = {("home", "down"): "home address, to the mobile", ("home", "up"): "home address, from the mobile",
	("coa1", "down"): "CoA1, to the mobile", ("coa1", "up"): "CoA1, from the mobile"}
MARKS = {"lke handover": "#7c3aed", "RA": "#16a34a", "BU": "#dc2626", "BA": "#1e293b"}


class Svg:
	def __init__(self, w, h):
		self.w, self.h, self.parts = w, h, []
		self.rect(0, 0, w, h, "#ffffff")

	def rect(self, x, y, w, h, fill, **kw):
		self.add("rect", x=x, y=y, width=max(0, w), height=max(0, h), fill=fill, **kw)

	def line(self, x1, y1, x2, y2, stroke, width=1, **kw):
		self.add("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, **{"stroke-width": width}, **kw)

	def add(self, tag, **kw):
		attrs = " ".join("%s='%s'" % (k.replace("_", "-"), round(v, 2) if isinstance(v, float) else v)
			for k, v in kw.items())
		self.parts.append("<%s %s/>" % (tag, attrs))

	def text(self, x, y, s, size=12, fill="#334155", anchor="start", weight="normal", **kw):
		extra = " ".join("%s='%s'" % (k, v) for k, v in kw.items())
		self.parts.append("<text x='%.1f' y='%.1f' font-size='%s' fill='%s' text-anchor='%s' font-weight='%s' %s %s>%s</text>"
			% (x, y, size, fill, anchor, weight, FONT, extra, escape(s)))

	def save(self, path):
		with open(path, "w") as f:
			f.write("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' width='%d' height='%d'>\n%s\n</svg>\n"
				% (self.w, self.h, self.w, self.h, "\n".join(self.parts)))


def nice_step(span, ticks):
	for base in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000):
		if span / base <= ticks:
			return base
	return 2000


def handover_svg(path, handovers, flows):
	"""One panel a handover.  handovers: (numbers, lost, back, marks)."""
	width, panel, left, right, top = 1120, 236, 70, 24, 84
	svg = Svg(width, top + panel * len(handovers) + 26)
	svg.text(left, 30, "Every probe datagram around each handover", 20, "#0f172a", weight="600")
	svg.text(left, 50, "one dot a datagram: when it was sent (across), how long it took (up); "
		"1,000 datagrams a second in each direction", 12.5, "#64748b")
	x = left
	for key in sorted({(s.name, s.direction) for s in flows}):
		svg.add("circle", cx=x + 4, cy=66, r=4, fill=COLOURS.get(key, "#000"))
		svg.text(x + 13, 70, LEGEND.get(key, "%s %s" % key), 12)
		x += 232 if key[0] == "home" else 190
	svg.add("line", x1=x, y1=62, x2=x + 8, y2=70, stroke="#dc2626", stroke_width=1.6)
	svg.add("line", x1=x, y1=70, x2=x + 8, y2=62, stroke="#dc2626", stroke_width=1.6)
	svg.text(x + 13, 70, "lost", 12)
	for i, (h, lost, back, marks) in enumerate(handovers):
		_panel(svg, h, lost, back, marks, flows, left, top + i * panel, width - left - right, panel - 62)
	svg.save(path)


def _panel(svg, h, lost, back, marks, flows, x0, y0, w, hgt):
	t0, t1 = lost - 0.06, back + 0.18
	sx = lambda t: x0 + (t - t0) / (t1 - t0) * w
	dots, crosses, top = [], [], 5.0
	for s in flows:
		got = {q: at for q, _, at in reversed(s.got)}
		for q, t in s.sent.items():
			if t0 <= t <= t1:
				if q in got:
					dots.append((t, (got[q] - t) * 1e3, COLOURS.get((s.name, s.direction), "#000")))
					top = max(top, dots[-1][1])
				else:
					crosses.append((t, COLOURS.get((s.name, s.direction), "#000")))
	top *= 1.12
	yb = y0 + 24 + hgt
	sy = lambda ms: yb - ms / top * hgt
	svg.text(x0, y0 + 14, h["name"].split(":")[0], 14, "#0f172a", weight="600")
	svg.text(x0 + w, y0 + 14, "link gap %.1f ms · interruption: to the mobile %.1f ms, from it %.1f ms · lost %d of %d"
		% (h["link_gap_ms"], h["interruption_down_ms"], h["interruption_up_ms"], h["lost"], h["sent"]),
		12, "#475569", "end")
	svg.rect(x0, y0 + 24, w, hgt, "#f8fafc")
	svg.rect(sx(lost), y0 + 24, sx(back) - sx(lost), hgt, "#fecaca", opacity=0.75)
	svg.text((sx(lost) + sx(back)) / 2, y0 + 38, "no link", 11, "#b91c1c", "middle")
	step = nice_step(top, 4)
	v = 0
	while v <= top:
		svg.line(x0, sy(v), x0 + w, sy(v), "#e2e8f0")
		svg.text(x0 - 8, sy(v) + 4, "%d ms" % v, 11, "#64748b", "end")
		v += step
	for ms in range(-40, int((t1 - lost) * 1e3) + 1, 20):
		x = sx(lost + ms / 1e3)
		svg.line(x, yb, x, yb + 4, "#94a3b8")
		svg.text(x, yb + 16, "%d ms" % ms if ms else "link lost", 11, "#64748b", "middle")
	for t, ms, c in dots:
		svg.add("circle", cx=sx(t), cy=sy(ms), r=1.9, fill=c, opacity=0.75)
	for k, (t, c) in enumerate(crosses):
		x, y = sx(t), yb - 5
		svg.add("path", d="M%.1f %.1fl4 4m0 -4l-4 4" % (x - 2, y - 2), stroke="#dc2626", stroke_width=1)
	row = 0
	shown = sorted(((n, t) for n, t in marks.items() if n in MARKS and t and t0 <= t <= t1), key=lambda v: v[1])
	words = sx(shown[-1][1]) + 6 if shown else 0	# right of all the lines: none is drawn through a word
	for name, t in shown:
		svg.line(sx(t), y0 + 24, sx(t), yb, MARKS[name], 1.3)
		if t < lost:
			svg.text(sx(t) - 4, y0 + 37, name, 11, MARKS[name], "end", "600")
			continue
		svg.text(words, y0 + 37 + row * 14, "%s %+.1f ms" % (name, (t - back) * 1e3), 11, MARKS[name], weight="600")
		row += 1


LANES = ["X", "MN", "AR1", "AR2", "AR3", "AR4", "HA"]
LANE_NAMES = {"X": "another host", "MN": "mobile node", "AR1": "AR1", "AR2": "AR2", "AR3": "AR3",
	"AR4": "AR4 (no LKE)", "HA": "home agent"}
KIND_COLOUR = {"KEReq": "#7c3aed", "KEAck": "#7c3aed", "BU": "#dc2626", "BA": "#dc2626", "Finished": "#dc2626",
	"NS": "#0d9488", "NA": "#0d9488", "RS": "#16a34a", "RA": "#16a34a"}


def sequence_svg(path, rows, start):
	"""rows: ("step", time, title) or ("message", time, from, to or None for all, kind, text, good)."""
	left, gap, line = 92, 128, 25
	width = left + gap * len(LANES) + 330
	svg = Svg(width, 110 + line * len(rows) + 30)
	xs = {n: left + 50 + i * gap for i, n in enumerate(LANES)}
	svg.text(24, 34, "Message sequence with the times of the capture", 20, "#0f172a", weight="600")
	for n, x in xs.items():
		svg.line(x, 82, x, 100 + line * len(rows), "#cbd5e1")
		svg.rect(x - 56, 52, 112, 28, "#f1f5f9", rx=6, stroke="#cbd5e1")
		svg.text(x, 71, LANE_NAMES[n], 12.5, "#0f172a", "middle", "600")
	svg.add("defs")
	y = 104
	for r in rows:
		if r[0] == "step":
			svg.rect(16, y - 14, width - 32, 20, "#eef2ff", rx=4)
			svg.text(24, y + 1, r[2], 12.5, "#3730a3", weight="600")
		else:
			_arrow(svg, xs, y, r, start)
		y += line
	svg.save(path)


def _arrow(svg, xs, y, r, start):
	_, t, src, dst, kind, carried, good = r
	colour = KIND_COLOUR.get(kind, "#475569") if good else "#f59e0b"
	svg.text(80, y + 4, "%.4f s" % (t - start), 11, "#64748b", "end")
	x1 = xs.get(src, xs["X"])
	if dst is None or dst not in xs or dst == src:
		# Multicast: a dot and short arrows to both sides.
		for d in (-1, 1):
			_head(svg, x1, x1 + d * 46, y, colour, dash="4 3")
		svg.add("circle", cx=x1, cy=y, r=3, fill=colour)
		svg.text(x1 + 52 if x1 < max(xs.values()) else x1 - 52, y + 4, kind, 11, colour,
			"start" if x1 < max(xs.values()) else "end", "600")
	else:
		_head(svg, x1, xs[dst], y, colour)
		mid = x1 + (46 if xs[dst] > x1 else -46)
		svg.text(mid, y - 4, kind, 11, colour, "middle", "600")
	svg.text(max(xs.values()) + 72, y + 4, carried[:58], 11, "#334155")


def _head(svg, x1, x2, y, colour, dash=None):
	d = 1 if x2 > x1 else -1
	kw = {"stroke_dasharray": dash} if dash else {}
	svg.line(x1, y, x2 - d * 5, y, colour, 1.5, **kw)
	svg.add("path", d="M%.1f %.1fl%d -4v8z" % (x2, y, -d * 7), fill=colour)
