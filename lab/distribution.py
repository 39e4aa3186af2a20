# SPDX-License-Identifier: ISC
"""The distribution of measured times as a picture, drawn by gnuplot: which part was over after so many milliseconds."""
import shutil
import subprocess

COLOURS = ("#2563eb", "#0d9488", "#d97706", "#7c3aed")
SCRIPT = """set terminal svg size 900,520 dynamic background rgb 'white' font 'DejaVu Sans,13'
set title "%(title)s" font ',17'
set xlabel '%(xlabel)s'
set logscale x
set xrange [%(low)g:%(high)g]
set yrange [0:1]
set xtics (%(tics)s)
set ytics ('0 %%%%' 0, '25 %%%%' 0.25, '50 %%%%' 0.5, '75 %%%%' 0.75, '95 %%%%' 0.95, '100 %%%%' 1)
set grid xtics ytics lc rgb '#cbd5e1'
set key bottom right box lc rgb '#cbd5e1' opaque samplen 2
set border 3
set tics nomirror out
"""


def limit(n, at, part, words):
	"""A limit: so much of the distribution has to be left of the line."""
	return ("set arrow from %g,0 to %g,1 nohead lw 1.5 dt 2 lc rgb '#dc2626' back\n" % (at, at) +
		"set object %d circle at %g,%g size screen 0.006 fc rgb '#dc2626' fs solid front\n" % (n, at, part) +
		"set label '%s' at %g,%g offset 0.8,-0.8 left tc rgb '#dc2626' font ',12' front\n" % (words, at, part))


def script(title, xlabel, series, limits):
	"""series: [(name, values)], limits: [(part, milliseconds)]; as a program for gnuplot."""
	every = [v for _, values in series for v in values]
	ticks = [m * 10 ** e for e in range(-2, 4) for m in (1, 2, 5)]
	low = max([t for t in ticks if t <= min(every)] or ticks[:1])
	high = min([t for t in ticks if t >= max(every + [1.5 * at for _, at in limits])] or ticks[-1:])
	out = SCRIPT % {"title": title, "xlabel": xlabel, "low": low, "high": high,
		"tics": ", ".join("'%g' %g" % (t, t) for t in ticks if low <= t <= high)}
	for n, (part, at) in enumerate(limits):
		out += limit(n + 1, at, part, "%g ms at %d %%" % (at, round(part * 100)))
	plots = []
	for n, (name, values) in enumerate(series):
		values = sorted(values)
		out += "$s%d << END\n" % n + "".join("%g %g\n" % (max(v, low), (i + 1) / len(values)) for i, v in enumerate(values)) + "END\n"
		plots.append("$s%d with steps lw 2.5 lc rgb '%s' title '%s'" % (n, COLOURS[n % len(COLOURS)], name))
	return out + "plot " + ", ".join(plots) + "\n"


def draw(path, title, xlabel, series, limits):
	"""Writes an SVG; False when there is no gnuplot here."""
	if not shutil.which("gnuplot"):
		return False
	text = subprocess.run(["gnuplot"], input=script(title, xlabel, series, limits), capture_output=True, text=True, timeout=60, check=True)
	with open(path, "w", encoding="utf-8") as f:
		f.write(text.stdout)
	return True
