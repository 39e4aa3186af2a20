# SPDX-License-Identifier: ISC
"""Lab test: `lke show PART` of the three roles prints that part and nothing else, the same as its JSON, in 80 columns."""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from scenario import Story	# noqa: E402

# Part: its heading, the member of the JSON, what each object of it is known by in the text.
PARTS = {
	"lbsa": ("local binding security associations (LBSAs)", "lbsas", "care_of_address"),
	"bindings": ("bindings", "bindings", "home_address"),
	"routers": ("routers heard", "routers", "link_local"),
	"mobiles": ("mobiles served", "mobiles", "home_address"),
	"agents": ("other home agents of the home link", "home_agents", "link_local"),
	"sequences": ("sequence numbers under the present key, and days left", "sequences", "home_address"),
	"limits": ("limits", "limits", "name"),
	"interfaces": ("interfaces", "interfaces", "name"),
	"counters": ("counters", "counters", None),
	"timers": ("timers", "timers", None),
}
ROLES_OF = {"lbsa": {"access-router", "mobile-node"}, "routers": {"mobile-node"}, "mobiles": {"home-agent"}, "agents": {"home-agent"},
	"sequences": {"home-agent"}}


def show(d, *args):
	p = subprocess.run(d.node.argv("env", "COLUMNS=80", d.lke, "--run", d.run_dir, "show", *args), capture_output=True, text=True)
	return p.stdout if p.returncode == 0 and not p.stderr else "exit %d: %s" % (p.returncode, p.stderr)


def headings(text):
	return [line for line in text.splitlines() if line and line[0] != " "]


def addresses(text):
	return set(re.findall(r"\b(?:2001:db8|fe80):[0-9a-f:]*[0-9a-f]", text))


def part(d, what):
	"""(its text, objects in it, what is wrong)."""
	heading, member, key = PARTS[what]
	text, shown = show(d, what), json.loads(show(d, what, "-j"))
	objects = shown[member] if key else []
	others = {m for _, m, _ in PARTS.values()} - {member}
	said = text.splitlines()[1:]
	lacks = what in ROLES_OF and not ROLES_OF[what] & set(shown["roles"])
	bad = [words for words, good in (
		("another heading", [h for h in headings(text) if h != "dropped"] == [heading]),
		("more than 80 columns", max(map(len, text.splitlines())) <= 80),
		("another part as JSON: %s" % sorted(shown), member in shown and not others & set(shown)),
		("not all of it", all(o[key] in text for o in objects)),
		("something else", addresses(text) <= addresses(json.dumps(shown))),
		("a line that ends with a space", not any(line.endswith(" ") for line in said)),
		("no sentence though it is empty", objects or not key or
			(len(said) == 1 and said[0].startswith("  none: ") and ("--run" in said[0]) == lacks))) if not good]
	return text, len(objects), bad


def op_show_prints_the_part_alone(build, directory, printer):
	"""lke show lbsa, bindings, routers and the other parts, of the three roles: that part, its heading, and the overview as before."""
	with Story(build, directory, printer) as story:
		fleet = story.fleet
		daemons = (fleet.mn, fleet.ar[1], fleet.ar[2], fleet.ha)
		story.figure_2_1()
		story.move(2, "3  Handover to AR2")
		story.step("4  What is printed")
		filled, empty = set(), set()
		for d in daemons:
			overview = show(d)
			printer.note(overview)
			for what in PARTS:
				text, n, bad = part(d, what)
				printer.note(text)
				story.judge("show %s of %s: that part alone" % (what, d.name), not bad, "; ".join(bad))
				(filled if n else empty).add(what)
			role = show(d, "all").splitlines()[0]
			story.judge("the overview of %s is that of its role" % d.name, headings(overview) == [role] and
				role.split("  ")[0] in ("mobile node", "access router", "home agent"), overview)
		listed = {w for w, (_, _, key) in PARTS.items() if key}
		story.judge("each part was seen with something in it", listed - {"agents"} <= filled, str(listed - filled))
		story.judge("and the parts that may be empty were seen so", {"lbsa", "bindings", "routers", "mobiles", "agents", "sequences"} <= empty,
			str(empty))
		story.stop_traffic()
		story.stop_daemons()
		return ["%s: %s (%s)" % (s.title[:2].strip(), c["check"], c["detail"]) for s in story.steps for c in s.checks
			if not c["ok"]]


TESTS = (op_show_prints_the_part_alone,)
