#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The documents point at what is there: links, decisions (ADR) by their numbers, the files of the rooms in docs/ARCHITECTURE.md."""
import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLACES = ("include", "src", "tests", "lab", "docs", "share", "packaging", "examples")


def read(path):
	with open(path, encoding="utf-8") as f:
		return f.read()


def decisions(bad):
	"""The numbers of docs/adr, each of one file, whose heading has it."""
	numbers = set()
	for path in sorted(glob.glob(os.path.join(ROOT, "docs", "adr", "*.md"))):
		name = os.path.basename(path)
		n = int(name[:4])
		if n in numbers:
			bad.append("docs/adr/%s: another decision has this number" % name)
		if not read(path).startswith("# %d. " % n):
			bad.append("docs/adr/%s: its heading does not begin with %d." % (name, n))
		numbers.add(n)
	return numbers


def named(numbers, bad):
	"""Decisions that sources and documents name."""
	found = 0
	paths = glob.glob(os.path.join(ROOT, "*.md"))
	for place in PLACES + ("man",):
		paths += glob.glob(os.path.join(ROOT, place, "**", "*"), recursive=True)
	for path in paths:
		if not path.endswith((".c", ".h", ".py", ".md", ".in", ".pml", ".build", ".1", ".5", ".7", ".8")):
			continue
		for m in re.finditer(r"(?:\bADR |docs/adr/)(\d+)([-a-z0-9]*\.md)?", read(path)):
			found += 1
			whole = m.group(2) and not os.path.exists(os.path.join(ROOT, "docs", "adr", m.group(1) + m.group(2)))
			if int(m.group(1)) not in numbers or whole:
				bad.append("%s: there is no %s" % (os.path.relpath(path, ROOT), m.group(0)))
	return found


def links(bad):
	found = 0
	for path in glob.glob(os.path.join(ROOT, "*.md")) + glob.glob(os.path.join(ROOT, "docs", "**", "*.md"), recursive=True):
		for target in re.findall(r"\]\(([^)#\s]+)\)", read(path)):
			found += 1
			if "://" not in target and not os.path.exists(os.path.join(os.path.dirname(path), target)):
				bad.append("%s: there is no %s" % (os.path.relpath(path, ROOT), target))
	return found


def rooms(bad):
	"""Files in the rows of docs/ARCHITECTURE.md, with their folder or, behind another one, by name alone."""
	found = 0
	for line in read(os.path.join(ROOT, "docs", "ARCHITECTURE.md")).splitlines():
		if not line.startswith("| "):
			continue
		for word in re.findall(r"`([\w./*-]+)`", line):
			if word.split("/")[0] in PLACES:
				there = glob.glob(os.path.join(ROOT, word))
			elif "/" not in word and word.endswith((".c", ".h", ".py", ".txt")):
				there = any(glob.glob(os.path.join(ROOT, p, "**", word), recursive=True) for p in PLACES)
			else:
				continue
			found += 1
			if not there:
				bad.append("docs/ARCHITECTURE.md: there is no %s" % word)
	return found


def main():
	bad = []
	numbers = decisions(bad)
	found = (len(numbers), named(numbers, bad), links(bad), rooms(bad))
	for b in bad:
		print(b)
	print("%d decisions, named %d times, %d links, %d rooms" % found)
	return 1 if bad or min(found) < 10 else 0


if __name__ == "__main__":
	sys.exit(main())
