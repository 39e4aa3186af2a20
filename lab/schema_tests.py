# SPDX-License-Identifier: ISC
"""Lab test: every JSON that `lke` prints about the three roles fits its schema, and the schema has nothing too much."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests", "ctl"))
from reload_tests import edit	# noqa: E402
from restart_tests import configured	# noqa: E402
from scenario import Story	# noqa: E402
from topology import wait_for	# noqa: E402

WHAT = ("lbsa", "bindings", "routers", "mobiles", "agents", "sequences", "limits", "interfaces", "counters", "timers", "all")
# What this story cannot show: a state file, a key log, other home agents, captures, lost events.
ABSENT = {"lke.show/1": ("state_file", "keylog", "home_agents/"), "lke.event/1": ("count", "frame", "spi", "tunnel", "fields", "text/"),
	"lke.status/1": (), "lke.answer/1": ("file",)}


def lke(d, *args):
	p = subprocess.run(d.node.argv(d.lke, "--run", d.run_dir, *args), capture_output=True, text=True)
	return p.returncode, p.stdout


class Monitor:
	def __init__(self, d, path):
		self.out = open(path, "w+")
		self.process = d.node.popen([d.lke, "--run", d.run_dir, "monitor", "-j"], self.out)

	def lines(self):
		with open(self.out.name) as f:
			return [json.loads(line) for line in f if line.endswith("\n")]

	def end(self):
		self.process.terminate()
		self.process.wait()
		return self.lines()


def shown(story, daemons):
	objects = []
	for d in daemons:
		for what in WHAT:
			code, out = lke(d, "show", what, "-j")
			story.judge("show %s of %s" % (what, d.name), code == 0)
			objects.append(json.loads(out))
		objects.append(json.loads(lke(d, "status", "-j")[1]))
	objects.append(json.loads(lke(daemons[0], "kex", "-j")[1]))
	return objects


def judge(story, schema, objects):
	bad = sorted({p for o in objects for p in schema.problems(o)})
	story.judge("%d objects fit their schemas" % len(objects), not bad, "; ".join(bad[:4]))
	for name, absent in ABSENT.items():
		seen = set().union(*(schema.met(o) for o in objects if o["schema"] == name))
		left = sorted(m for m in schema.members(name) - seen if not m.startswith(absent))
		story.judge("all of %s was seen" % name, not left, ", ".join(left[:8]))


def messages_are_complete(story, events):
	messages = [e for e in events if e["event"] == "message"]
	kinds = {(e["message"], e["direction"]) for e in messages}
	want = [("Router Solicitation", "out"), ("Router Advertisement", "in"), ("Key Exchange Request", "out"),
		("Key Exchange Acknowledgement", "in"), ("DAD NS + Authentication Request", "in"), ("NA + Authentication Reply", "out"),
		("Binding Update", "out"), ("Binding Acknowledgement", "in"), ("Finished", "out")]
	missing = [w for w in want if w not in kinds]
	story.judge("monitor shows each message in and out", not missing, str(missing))
	story.judge("each with a verdict and a cost", messages and all(e["verdict"] and 0 < e["cost"] < 1 for e in messages))
	story.judge("and a time of the wall", all(abs(e["wall_time"] - story.zero) < 300 for e in messages))


def op_json_fits_its_schema(build, directory, printer):
	"""show, status, monitor and answers of the three roles fit share/schema, and all of it was seen."""
	try:
		import schema
	except ImportError:
		print("python3-jsonschema is not installed")
		sys.exit(77)
	with configured("[Daemon]\nForward = tun\n"), Story(build, directory, printer) as story:
		fleet = story.fleet
		daemons = (fleet.mn, fleet.ar[1], fleet.ha)
		monitors = [Monitor(d, os.path.join(directory, d.name + ".ndjson")) for d in daemons]
		story.figure_2_1()
		story.move(2, "3  Handover to AR2")
		story.step("4  What is printed")
		objects = shown(story, daemons)
		wait_for(lambda: any(e.get("message") == "Finished" for e in monitors[0].lines()), 5, "the monitor to see Finished")
		edit(fleet.ar[1], "Interface = wlan0\n", "Interface = wlan0\nMaxLbsa = 1000\n")
		objects.append(json.loads(lke(fleet.ar[1], "-c", fleet.ar[1].conf, "reload", "-j")[1]))
		wait_for(lambda: any(e["event"] == "reload" for e in monitors[1].lines()), 5, "the monitor to see the reload")
		events = [m.end() for m in monitors]
		messages_are_complete(story, events[0])
		judge(story, schema, objects + sum(events, []))
		story.stop_traffic()
		story.stop_daemons()
		return ["%s: %s (%s)" % (s.title[:2].strip(), c["check"], c["detail"]) for s in story.steps for c in s.checks
			if not c["ok"]]


TESTS = (op_json_fits_its_schema,)
