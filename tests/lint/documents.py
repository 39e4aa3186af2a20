#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The documents point at what is there: links, decisions (ADR) by their numbers, the files of the rooms in docs/ARCHITECTURE.md;
figures of docs/PROTOCOL.md and docs/OPERATIONS.md are those of the sources."""
import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLACES = ("include", "src", "tests", "lab", "docs", "share", "packaging", "examples")


# A sentence, its figures in brackets, and where they come from: the file, then a word before each.
FIGURES = (
	("PROTOCOL", r"Finished \| MH (\d+) / (\d+) / (\d+) \|", "wire/mh.h", "MH_KEREQ", "MH_KEACK", "MH_FINISHED"),
	("PROTOCOL", r"LKE Capability \| ND option (\d+) in RA", "wire/nd.h", "ND_OPT_LKE"),
	("PROTOCOL", r"ND option (\d+) in NS / (\d+) in NA", "wire/nd.h", "ND_OPT_DAD_REQUEST", "ND_OPT_DAD_REPLY"),
	("PROTOCOL", r"mobility option (\d+) in MH 8 / (\d+) and (\d+) in MH 9", "wire/mh.h", "MOPT_KE_LIFETIME", "MOPT_KE_AR_ADDRESS", "MOPT_KE_HMAC"),
	("PROTOCOL", r"Finished Message Request \| mobility option (\d+),", "wire/mh.h", "MOPT_FINISHED_REQUEST"),
	("PROTOCOL", r"Proofs \(an addition\) \| mobility option (\d+),", "wire/mh.h", "MOPT_PROOF"),
	("PROTOCOL", r"Announced leave \(an addition\) \| mobility option (\d+),", "wire/mh.h", "MOPT_MOVE"),
	("PROTOCOL", r"\((\d+) a second; `draft01`", "core/params.h", "RA_UNICAST_RATE"),
	("PROTOCOL", r"Multicast ones keep (\d+) s apart", "core/params.h", "MIN_DELAY_BETWEEN_RAS"),
	("PROTOCOL", r"After (\d+) s without Finished", "core/params.h", "FINISHED_TIMEOUT"),
	("PROTOCOL", r"request sent \((\d+), 8, 16, (\d+) s\)", "core/params.h", "KEREQ_INITIAL_RTO", "KEREQ_MAX_RTO"),
	("PROTOCOL", r"on the link\. (\d+)\.75 s: dropped", "core/params.h", "LEAVE_TIME"),
	("PROTOCOL", r"after (\d+) to 90 s of silence", "core/mn_reach.c", "QUIET"),
	("PROTOCOL", r"at rest for (\d+) s", "core/mn_steady.c", "REST"),
	("PROTOCOL", r"at most (\d+) times a second, the preferred first", "core/params.h", "DISCOVERY_RATE"),
	("PROTOCOL", r"a budget of (\d+) numbers under one key", "core/params.h", "SEQ_BUDGET"),
	("PROTOCOL", r"(\d+) packets, (\d+) of one pair of addresses, (\d+) fragments and ([\d,]+) octets each", "platform/linux/reassembly.h",
		"REASSEMBLY_DATAGRAMS", "REASSEMBLY_PER_PAIR", "REASSEMBLY_FRAGMENTS", "REASSEMBLY_OCTETS_MAX"),
	("PROTOCOL", r"told to the inner source, (\d+) a second at most", "platform/linux/forward_table.c", "ICMP_RATE"),
	("PROTOCOL", r"path MTU - (\d+), not below", "wire/tunnel.h", "TUNNEL_OVERHEAD"),
	("OPERATIONS", r"`MaxLifetime = (\d+)s` is the draft's advice", "core/params.h", "LKE_MAX_LIFETIME"),
	("OPERATIONS", r"below (\d+)s `lke check` warns", "daemon/config_check.c", "max_lifetime < "),
)


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


def figures(bad):
	for doc, sentence, source, *words in FIGURES:
		said = re.search(sentence, " ".join(read(os.path.join(ROOT, "docs", doc + ".md")).split()))
		if not said:
			bad.append("docs/%s.md does not say: %s" % (doc, sentence))
			continue
		text = read(os.path.join(ROOT, "src", source))
		for figure, word in zip(said.groups(), words):
			there = re.search(r"\b%s\s*=?\s*\(?(\d+)" % word, text)
			if not there or int(figure.replace(",", "")) != int(there[1]):
				bad.append("docs/%s.md says %s for %s of src/%s" % (doc, figure, word, source))
	return len(FIGURES)


def main():
	bad = []
	numbers = decisions(bad)
	found = (len(numbers), named(numbers, bad), links(bad), rooms(bad), figures(bad))
	for b in bad:
		print(b)
	print("%d decisions, named %d times, %d links, %d rooms, %d sentences with figures" % found)
	return 1 if bad or min(found) < 10 else 0


if __name__ == "__main__":
	sys.exit(main())
