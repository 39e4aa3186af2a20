#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""manual.py LKED: the manual pages have every key, every option and only messages that the programs print."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Symptoms of lke-troubleshooting(7) that people see, not that a program says.
SEEN = ("exit status 3", "lke show lists no router", "the router is listed without LKE", "an LBSA stays tentative",
	"packets of a conversation stop after a handover, new ones work", "everything is refused after a disk fault",
	"many Key Exchange Requests are dropped", "a mobile node at home does not notice it")


def page(name):
	with open(os.path.join(ROOT, "man", name)) as f:
		return f.read()


def keys():
	with open(os.path.join(ROOT, "src", "daemon", "config_keys.c")) as f:
		return re.findall(r'^\t\{ "([A-Z][A-Za-z]+)", (?:set|value)_', f.read(), re.M)


def restarts(conf):
	"""The keys that a reload does not change: the manual names those of the program's table, and no other."""
	with open(os.path.join(ROOT, "src", "daemon", "config_keys.c")) as f:
		entries = re.split(r'^\t\{ "', f.read(), flags=re.M)[1:]
	of_table = {e[:e.index('"')] for e in entries if ".restart =" in e.split("{ 0 }")[0]}
	said = re.search(r"changes every key while lked runs, but ([A-Za-z, ]+?and [A-Za-z]+):", conf)
	named = set(re.findall(r"[A-Z][A-Za-z]+", said.group(1))) if said else set()
	if len(of_table) < 4 or named != of_table:
		return ["lke.conf.5: keys that need a restart are %s, the manual names %s" % (sorted(of_table), sorted(named))]
	return []


def strings():
	"""Everything the programs may say: string literals of the sources, joined where the compiler joins them."""
	text = []
	for where, _, names in os.walk(os.path.join(ROOT, "src")):
		for n in names:
			if n.endswith((".c", ".h")):
				with open(os.path.join(where, n)) as f:
					text.append(re.sub(r'"\s*\n\s*"', "", f.read()))
	return "\n".join(text)


def symptoms():
	for line in page("lke-troubleshooting.7").splitlines():
		if line.startswith(".It "):
			yield line[4:].split(" , ")[0]


def says(source, symptom):
	"""Every phrase of a symptom, between what stands for a value, is in the sources."""
	parts = re.split(r"\.\.\.|/[a-z/.]+|\blke0\b|\bip6 lke\b|\b[NM0-9]\b", symptom)
	return all(p.strip(" :;,()") in source for p in parts if len(p.strip(" :;,()")) > 2)


def main():
	bad = []
	conf = page("lke.conf.5")
	names = keys()
	bad += restarts(conf)
	bad += ["lke.conf.5 lacks the key " + k for k in names if not re.search(r"\b%s\b" % k, conf)]
	shown = subprocess.run([sys.argv[1], "--help"], capture_output=True, text=True, check=True).stdout
	options = sorted(set(re.findall(r"--([a-z]+)", shown)))
	bad += ["lked.8 lacks --" + o for o in options if "Fl -" + o not in page("lked.8")
		and not re.search(r"Fl . , -%s\b" % o, page("lked.8"))]
	source = strings()
	listed = list(symptoms())
	bad += ["lke-troubleshooting.7: nothing says: " + s for s in listed if s not in SEEN and not says(source, s)]
	for b in bad:
		print(b)
	print("%d keys, %d options, %d symptoms" % (len(names), len(options), len(listed)))
	return 1 if bad or len(names) < 40 or len(options) < 6 or len(listed) < 15 else 0


if __name__ == "__main__":
	sys.exit(main())
