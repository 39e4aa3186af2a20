# SPDX-License-Identifier: ISC
"""A lab that stays: what to type in another terminal, and a prompt that moves the mobile node."""
import shlex
import subprocess
import sys

from topology import LabError

NODES = (("mn", "mobile node"), ("ar1", "access router of link 1"), ("ar2", "of link 2"), ("ar3", "of link 3"), ("ha", "home agent"))
HELP = """  move N                to link 1, 2, 3 or 4 (no LKE), or `home`, without a warning
  announce N            the same, announced by `lke handover`
  NODE show             what a daemon knows; NODE is mn, ar1, ar2, ar3 or ha; any command of lke works
  NODE ! COMMAND        a command in the namespace, like: mn ! ip -6 route
  help, quit            this text; the network goes"""


def look_inside(story):
	"""The commands of another terminal, as lines."""
	fleet = story.fleet
	daemons = {"mn": fleet.mn, "ha": fleet.ha, **{"ar%d" % n: d for n, d in fleet.ar.items()}}
	lines = []
	for name, what in NODES:
		if name in daemons:
			d = daemons[name]
			lines += ["  # %s" % what, "  ip netns exec %s %s --run %s" % (d.node.ns, d.lke, d.run_dir)]
	mn = fleet.mn
	lines += ["  # live: events of the mobile node, its packets", "  ip netns exec %s %s --run %s monitor" % (mn.node.ns, mn.lke, mn.run_dir),
		"  ip netns exec %s tcpdump -Uni wlan0 -w - ip6 2>/dev/null | %s decode -" % (mn.node.ns, mn.lke),
		"  # the correspondent node, which talks to the mobile node", "  ip netns exec %s bash" % story.lab["cn"].ns]
	return lines, daemons


def move(story, daemons, where, announced):
	link = {"1": "l1", "2": "l2", "3": "l3", "4": "l4", "home": "home"}.get(where)
	if link not in story.lab.bridge:
		return "there is no link %s; links: 1, 2, 3, 4, home" % where
	if announced:
		d = daemons["mn"]
		subprocess.run(d.node.argv(d.lke, "--run", d.run_dir, "handover"))
	story.lab.move(link, story.gap)
	return "on link %s; see: mn show" % where


def obey(story, daemons, words):
	"""The answer to one line, "" when the command has printed its own."""
	if words == ["help"]:
		return HELP
	if words[0] in ("move", "announce") and len(words) == 2:
		return move(story, daemons, words[1], words[0] == "announce")
	if words[0] in daemons and len(words) > 1:
		d = daemons[words[0]]
		shell = words[1] == "!"
		argv = words[2:] if shell else [d.lke, "--run", d.run_dir, *words[1:]]
		if argv:
			subprocess.run(d.node.argv(*argv))
			return ""
	return "not a command; see: help"


def prompt(story, daemons):
	while True:
		try:
			line = input("lab> ")
		except (EOFError, KeyboardInterrupt):
			return
		try:
			words = shlex.split(line)
		except ValueError as e:
			print(e)
			continue
		if words and words[0] in ("quit", "exit"):
			return
		if words:
			try:
				answer = obey(story, daemons, words)
			except (LabError, OSError) as e:
				answer = str(e)
			if answer:
				print(answer)


def hold(story):
	lines, daemons = look_inside(story)
	print("\nThe lab is up until `quit` or Ctrl-D.  From another terminal, as root:")
	print("\n".join(lines))
	print("\nOr here:\n" + HELP)
	sys.stdout.flush()
	prompt(story, daemons)
