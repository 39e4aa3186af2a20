#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The Grafana dashboard asks for metrics and labels that the programs have, shows all of them, and its panels do not overlap."""
import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Labels that Prometheus or lke serve add.
ADDED = {"job", "instance", "node", "le"}
DAEMON = os.path.join("src", "daemon", "show_metrics.c")
PROGRAM = os.path.join("src", "ctl", "serve_metrics.c")


def read(*path):
	with open(os.path.join(ROOT, *path), encoding="utf-8") as f:
		return f.read()


def metrics():
	"""{name: type} of the programs' tables."""
	text = re.sub(r'"\s*\n\s*"', "", read(DAEMON))
	found = dict(re.findall(r'"(lke_\w+)",\s*"(gauge|counter)"', text))
	found.update({n: "counter" for n in re.findall(r'answers\(list, "(lke_\w+)"', text)})
	found.update({n: "histogram" for n in re.findall(r'METER_\w+, "(lke_\w+)"', text)})
	found.update(re.findall(r"# TYPE (lke_\w+) (gauge)", read(PROGRAM)))
	return found


def labels():
	return set(re.findall(r'sample\([^;]*?, "([a-z]+)",', read(DAEMON))) | ADDED


def queries(dashboard):
	"""(where, expression)"""
	for p in dashboard["panels"]:
		for t in p.get("targets", []):
			yield p["title"], t["expr"]
	for v in dashboard["templating"]["list"]:
		if v["type"] == "query":
			yield "$" + v["name"], v["query"]["query"]


def series(known):
	"""{name of a time series: its family}"""
	out = {}
	for name, kind in known.items():
		for suffix in ("_bucket", "_sum", "_count") if kind == "histogram" else ("",):
			out[name + suffix] = name
	return out


def check_queries(dashboard, bad):
	known = metrics()
	names, mine, asked = series(known), labels(), set()
	for where, expression in queries(dashboard):
		for name in re.findall(r"\blke_\w+", expression):
			if name in names:
				asked.add(names[name])
			else:
				bad.append("%s: no metric %s" % (where, name))
		used = set(re.findall(r'(\w+)\s*=~?"', expression))
		used |= {w for by in re.findall(r"by \(([^)]*)\)", expression) for w in re.split(r",\s*", by)}
		bad += ["%s: no label %s" % (where, l) for l in sorted(used - mine)]
		for name in re.findall(r"(?:rate|increase)\((\w+)", expression):
			if known.get(names.get(name)) == "gauge":
				bad.append("%s: %s is no counter" % (where, name))
		for name in re.findall(r"\blke_\w+_total\b", expression):
			if not re.search(r"(rate|increase)\(%s\b" % name, expression):
				bad.append("%s: a counter without a rate: %s" % (where, name))
		if expression.count("(") != expression.count(")") or expression.count("{") != expression.count("}"):
			bad.append("%s: unbalanced: %s" % (where, expression))
	bad += ["nothing shows " + n for n in sorted(set(known) - asked)]
	return len(known), len(asked)


def cells(p):
	g = p["gridPos"]
	return {(x, y) for x in range(g["x"], g["x"] + g["w"]) for y in range(g["y"], g["y"] + g["h"])}


def check_panels(dashboard, bad):
	taken, ids = set(), set()
	for p in dashboard["panels"]:
		if p["id"] in ids:
			bad.append("%s: its id is another panel's, too" % p["title"])
		if cells(p) & taken or p["gridPos"]["x"] + p["gridPos"]["w"] > 24:
			bad.append("%s: over another panel, or off the page" % p["title"])
		if p["type"] != "row" and p.get("datasource", {}).get("uid") != "${datasource}":
			bad.append("%s: not of the data source that is chosen" % p["title"])
		ids.add(p["id"])
		taken |= cells(p)
	return len(ids)


def main():
	bad = []
	dashboard = json.loads(read("share", "grafana", "lke.json"))
	known, asked = check_queries(dashboard, bad)
	panels = check_panels(dashboard, bad)
	for b in bad:
		print("dashboard: " + b)
	print("%d metrics, %d of them shown in %d panels" % (known, asked, panels))
	return 1 if bad or known < 20 or panels < 10 else 0


if __name__ == "__main__":
	sys.exit(main())
