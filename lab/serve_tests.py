# SPDX-License-Identifier: ISC
"""lke serve: what a monitoring system reads and what a browser shows, while a mobile node moves."""
import http.client
import json
import os
import re
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests", "ctl"))
from browser import Browser	# noqa: E402
from scenario import Story	# noqa: E402
import schema	# noqa: E402
from topology import CannotRun, LabError, in_namespace, wait_for	# noqa: E402

OUT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "out")
PORT = 9476
SAMPLE = re.compile(r'^([a-z_]+)(?:\{([a-z_]+="[^"]*"(?:,[a-z_]+="[^"]*")*)\})? (-?[0-9.e+-]+)$')


def failures(story):
	return ["%s: %s (%s)" % (s.title[:2].strip(), c["check"], c["detail"]) for s in story.steps for c in s.checks
		if not c["ok"]]


class Serve:
	"""lke serve in the correspondent's namespace, over the control sockets of all daemons."""

	def __init__(self, story, directory):
		self.ns = story.lab["cn"].ns
		f = story.fleet
		daemons = [("ha", f.ha), *(("ar%d" % n, d) for n, d in sorted(f.ar.items())), ("mn", f.mn)]
		self.process = story.lab["cn"].popen([f.mn.lke, "serve", "--listen", "127.0.0.1:%d" % PORT,
			*("%s=%s" % (name, d.run_dir) for name, d in daemons)], open(os.path.join(directory, "serve.log"), "w"))
		wait_for(lambda: self.get("/")[0] == 200, 5, "lke serve")

	def get(self, path, host="localhost", method="GET"):
		"""(status, text); (0, "") while nobody listens."""
		with in_namespace(self.ns):
			c = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
			try:
				c.request(method, path, headers={"Host": host})
				r = c.getresponse()
				return r.status, r.read().decode()
			except OSError:
				return 0, ""
			finally:
				c.close()

	def look(self):
		"""A page that looks on: its response, not read yet."""
		with in_namespace(self.ns):
			c = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
			c.connect()
		c.request("GET", "/events", headers={"Host": "[::1]:%d" % PORT})
		return c.getresponse()

	def metrics(self):
		"""{(name, labels): value}; every line must be of the format, every family announced once."""
		values, types = {}, set()
		for line in self.get("/metrics")[1].splitlines():
			if line.startswith("# TYPE "):
				name = line.split()[2]
				assert name not in types, name
				types.add(name)
			elif not line.startswith("# HELP "):
				m = SAMPLE.match(line)
				assert m, line
				assert m[1] in types or re.sub("_(bucket|sum|count)$", "", m[1]) in types, line
				assert (m[1], m[2]) not in values, line
				values[m[1], m[2]] = float(m[3])
		return values


def seen_events(response, want, seconds):
	"""Reads Server-Sent Events until `want` is among them."""
	end, kind, seen = time.monotonic() + seconds, None, []
	while time.monotonic() < end:
		line = response.readline().decode().rstrip("\n")
		if line.startswith("event: "):
			kind = line[7:]
		elif line.startswith("data: "):
			seen.append((kind, json.loads(line[6:])))
			if want(*seen[-1]):
				return seen
	return seen


def metrics_tell_of_a_handover(build, directory, printer):
	"""Metrics before and after a handover, a page that looks on, and requests that must be refused."""
	with Story(build, directory, printer) as story:
		story.figure_2_1()
		serve = Serve(story, directory)
		before = serve.metrics()
		page = serve.look()
		story.move(2, "3  Handover to AR2")
		story.step("4  What lke serve says")
		seen = seen_events(page, lambda kind, j: kind == "event" and j["data"]["event"] == "handover", 10)
		story.judge("the page hears of the handover", seen and seen[-1][0] == "event", str(len(seen)))
		story.judge("and gets the state of each daemon", {j["node"] for kind, j in seen if kind == "state"} ==
			{"ha", "ar1", "ar2", "ar3", "mn"})
		after = serve.metrics()
		grown = lambda name, labels: after.get((name, labels), 0) - before.get((name, labels), 0)	# noqa: E731
		story.judge("one handover more", grown("lke_handovers_total", 'node="mn"') == 1)
		story.judge("one Binding Update accepted by AR1",
			grown("lke_binding_updates_total", 'node="ar1",status="0"') == 1)
		story.judge("its duration is measured", grown("lke_binding_update_duration_seconds_count", 'node="ar1"') == 1 and
			0 < grown("lke_binding_update_duration_seconds_sum", 'node="ar1"') < 1)
		story.judge("a binding more at AR1", grown("lke_bindings", 'node="ar1",state="forwarding"') == 1)
		story.judge("the key exchange took time", after["lke_kex_duration_seconds_sum", 'node="ar1"'] > 0)
		story.judge("the home agent counted its writes", after["lke_store_write_duration_seconds_count", 'node="ha"'] > 0)
		for what, got, status in (("a name that is not ours", serve.get("/metrics", "evil.example"), 403),
			("a name with ours in it", serve.get("/metrics", "localhost.evil.example"), 403),
			("another path", serve.get("/etc/passwd"), 404), ("a way up", serve.get("/../page.js"), 404),
			("a method that changes", serve.get("/metrics", method="DELETE"), 501)):
			story.judge("%s gets %d" % (what, status), got[0] == status, str(got[0]))
		answer = story.fleet.ar[1].ask("metrics")
		story.judge("the daemon's answer fits its schema", not schema.problems(answer))
		story.fleet.ar[3].stop()
		story.judge("a daemon that ended is down", serve.metrics()["lke_up", 'node="ar3"'] == 0)
		page.close()
		serve.process.terminate()
		story.judge("SIGTERM ends it well", serve.process.wait(5) == 0)
		story.stop_traffic()
		story.stop_daemons()
		return failures(story)


# What the page must show, as expressions of its script.
SHOWN = (("all daemons", "document.getElementById('summary').textContent.startsWith('5 of 5 daemons')"),
	("the key at the new router, and how many there are", "document.getElementById('summary').textContent.includes(' 2 LBSAs, 2 bindings')"),
	("the tunnel from the former router", "document.querySelectorAll('#topology .tunnel').length >= 1"),
	("the mobile node under its router", "[...document.querySelectorAll('#topology text')].some((t) => t.textContent === 'mn')"),
	("the handover in the strip", "document.querySelectorAll('#strip .mark').length >= 1"),
	("with its milliseconds", "/[0-9] ms/.test(document.getElementById('strip').textContent)"),
	("the event in words", "document.querySelectorAll('#events li.handover').length >= 1"))


def page_in_a_browser(build, directory, printer):
	"""The live page in headless Chromium after a handover: the mobile node under its router, the mark of the handover."""
	if not shutil.which("chromium"):
		raise CannotRun("no chromium; apt-get install chromium")
	with Story(build, directory, printer) as story:
		story.figure_2_1()
		serve = Serve(story, directory)
		other = serve.look()
		story.move(2, "3  Handover to AR2")
		story.step("4  What the page shows")
		seen_events(other, lambda kind, j: kind == "event" and j["data"]["event"] == "handover", 10)
		with Browser(serve.ns, "http://127.0.0.1:%d/" % PORT) as page:
			try:
				wait_for(lambda: all(page.value(expression) for _, expression in SHOWN), 10, "the page")
			except LabError:
				pass	# what is missing is told below
			for what, expression in SHOWN:
				story.judge(what, page.value(expression) is True)
			os.makedirs(OUT, exist_ok=True)
			page.picture(os.path.join(OUT, "page.png"))
			story.judge("one binding is no bindings", page.value("nodes.get('ar1').show.bindings = [], summary(), "
				"document.getElementById('summary').textContent.endsWith(' 1 binding')") is True)
		other.close()
		story.stop_traffic()
		story.stop_daemons()
		return failures(story)


TESTS = {f.__name__: f for f in (metrics_tell_of_a_handover, page_in_a_browser)}
