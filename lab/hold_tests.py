# SPDX-License-Identifier: ISC
"""Lab test of the prompt of HOLD=1."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import hold	# noqa: E402
from scenario import Story	# noqa: E402
from topology import wait_for	# noqa: E402


def op_hold_prints_commands_that_work(build, directory, printer):
	"""What HOLD=1 prints can be typed, and its prompt moves the mobile node."""
	with Story(build, directory, printer) as story:
		story.figure_2_1()
		story.step("3  The prompt")
		lines, daemons = hold.look_inside(story)
		for line in (line for line in lines if " --run " in line and "monitor" not in line):
			p = subprocess.run(line.strip() + " status", shell=True, capture_output=True, text=True)
			story.judge(line.split()[3] + " answers", p.returncode in (0, 8) and p.stdout, p.stderr)
		story.judge("a move", hold.obey(story, daemons, ["move", "2"]).startswith("on link 2"))
		routers = lambda: (story.fleet.mn.show("routers") or {}).get("routers", [])
		wait_for(lambda: any(r["chosen"] and r["link_local"] == "fe80::ff:fe00:201" for r in routers()), 5, "the router of link 2")
		story.judge("no such link", "no link 9" in hold.obey(story, daemons, ["move", "9"]))
		story.judge("no such command", "see: help" in hold.obey(story, daemons, ["mn"]))
		listed = subprocess.run([os.path.join(os.path.dirname(os.path.abspath(__file__)), "lab.py"), "--list"], capture_output=True, text=True)
		rows = [line.split(None, 1) for line in listed.stdout.splitlines()]
		story.judge("the list of scenarios, each in words", {"attach", "figure_2_1", "handover", "walk"} <= {r[0] for r in rows}
			and all(len(r) == 2 for r in rows), listed.stdout + listed.stderr)
		story.judge("help", "move N" in hold.obey(story, daemons, ["help"]))
		story.stop_traffic()
		story.stop_daemons()
		return ["%s: %s (%s)" % (s.title[:2].strip(), c["check"], c["detail"]) for s in story.steps for c in s.checks
			if not c["ok"]]


TESTS = (op_hold_prints_commands_that_work,)
