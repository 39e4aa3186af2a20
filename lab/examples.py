# SPDX-License-Identifier: ISC
"""The commands that the manual pages, README.md and docs/OPERATIONS.md show, as they stand there."""
import glob
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAMS = ("lke ", "lked ", "systemctl ", "journalctl ", "tcpdump ", "tshark ", "ip ", "nft ", "chown ", "usermod ", "modprobe ", "[ ", "cat ",
	"apt ", "./")


def _plain(line):
	"""A line of mdoc in a literal block as the reader sees it."""
	return line.replace("\\e", "\\").replace("\\-", "-").replace("\\&", "")


def _command(line):
	"""What is typed: without prompt and comment.  None: not typed."""
	text = re.sub(r"^[$#] ", "", line)
	prompted = text != line
	# A comment stands behind # or, in a table, behind blanks.
	text = re.sub(r"\s+#\s.*$|\s{2,}\S.*$", "", text).strip()
	return text if prompted or (text + " ").startswith(PROGRAMS) else None


def manual():
	"""Yields (page, command): lines of the literal blocks of EXAMPLES and SERVICE, and every .Dl."""
	for path in sorted(glob.glob(os.path.join(ROOT, "man", "*.[1-8]"))):
		page, literal = os.path.basename(path), False
		with open(path) as f:
			for line in map(str.rstrip, f):
				if line.startswith(".Bd -literal"):
					literal = True
				elif line == ".Ed":
					literal = False
				elif literal or line.startswith(".Dl "):
					command = _command(_plain(line.removeprefix(".Dl ")))
					if command:
						yield page, command


def indented(name):
	"""The same of a document in Markdown."""
	with open(os.path.join(ROOT, name)) as f:
		for line in f:
			command = _command(line[4:].rstrip()) if line.startswith("    ") else None
			if command:
				yield os.path.basename(name), command


def blocks(name):
	"""The configurations a page shows, as text."""
	with open(os.path.join(ROOT, "man", name)) as f:
		for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", f.read(), re.M | re.S):
			if block.startswith("["):
				yield _plain(block)


def everything():
	return [*manual(), *indented("README.md"), *indented(os.path.join("docs", "OPERATIONS.md"))]
