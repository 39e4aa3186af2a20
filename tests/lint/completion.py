#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""completion.py LKE COMPLETION: bash completes what the program has: every command, and its options and words."""
import re
import shutil
import subprocess
import sys

ASK = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _lke; printf "%s\\n" "${COMPREPLY[@]}"'


def complete(script, *words):
	run = subprocess.run(["bash", "-c", ASK, "bash", script, *words], capture_output=True, text=True, check=True)
	return set(run.stdout.split())


def help_of(lke, *args):
	return subprocess.run([lke, "help", *args], capture_output=True, text=True, check=True).stdout


def options(usage):
	return set(re.findall(r"(?<![\w-])(--[a-z-]+|-[vj])\b", usage))


def wanted(lke, command):
	"""Words that follow the command, as its help says."""
	text = help_of(lke, command)
	usage = text.split("\n", 1)[0]
	words = options(usage)
	first = re.match(r"usage: lke %s ([a-z]+(?:\|[a-z]+)+)" % command, usage)
	if first:
		words |= set(first.group(1).split("|"))
	if command == "show":
		words |= set(re.search(r"WHAT: ([^\n]*(?:\n[^-][^\n]*)*)", text).group(1).replace(",", " ").split())
	return words


def main():
	lke, script = sys.argv[1:]
	if not shutil.which("bash"):
		print("skipped: no bash here")
		return 77
	commands = re.findall(r"^  ([a-z][a-z-]*)", help_of(lke), re.M)
	bad = [c for c in commands if c not in complete(script, "lke", "")]
	compared = 0
	for command in commands:
		want = wanted(lke, command)
		compared += len(want)
		bad += ["%s %s" % (command, w) for w in sorted(want - complete(script, "lke", command, ""))]
		bad += ["%s %s: not in the help" % (command, w) for w in sorted(
			{o for o in complete(script, "lke", "--run", "/x", command, "-") if o.startswith("-")} - options(help_of(lke, command)))]
	for b in bad:
		print("completion: " + b)
	print("%d commands, %d words compared" % (len(commands), compared))
	return 1 if bad or len(commands) < 15 or compared < 15 else 0


if __name__ == "__main__":
	sys.exit(main())
