#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""lab.py: the network lab.  Without a scenario it lists them; --hold leaves the network up to look around in.

Exit status of --test: 0 passed, 77 cannot run here, 1 failed.
"""
import argparse
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from scenario import Story	# noqa: E402
from story import Printer	# noqa: E402
from topology import CannotRun, LabError	# noqa: E402
import hold	# noqa: E402
import leave	# noqa: E402
import tests	# noqa: E402


def attach(story):
	"""mobile node on AR1's link, registered with its home agent"""
	story.attach()


def figure_2_1(story):
	"""attach and local key exchange with AR1"""
	story.figure_2_1()


def handover(story):
	"""Figure 2.1, then the handover to AR2"""
	story.figure_2_1()
	story.move(2, "3  Handover to AR2")


def handover_20ms(story):
	"""the same with the home agent 20 ms away, one way"""
	handover(story)


def handover_200ms(story):
	"""the same with the home agent 200 ms away"""
	handover(story)


def handover_loss(story):
	"""the same 20 ms away on a path that loses 1 % of all packets"""
	handover(story)


PATHS = {"handover_20ms": (20, 0), "handover_200ms": (200, 0), "handover_loss": (20, 1)}	# ms one way, per cent


def walk(story):
	"""the whole story of ./demo, without its report"""
	story.tell()


def announced_100(story):
	"""100 announced handovers under load, with what was lost"""
	leave.tell(story, "command", 100)


def hinted_100(story):
	"""the same with the announcement 5 ms before the carrier drops, not waited for"""
	leave.tell(story, "hint", 100)


def unannounced_100(story):
	"""100 handovers that nobody knows of before"""
	leave.tell(story, "unannounced", 100)


SCENARIOS = {f.__name__: f for f in (attach, figure_2_1, handover, handover_20ms, handover_200ms, handover_loss, walk,
	announced_100, hinted_100, unannounced_100)}
NEEDED = ("ip", "nft", "dumpcap", "mergecap", "reordercap", "tcpdump", "tshark", "radvd", "openssl", "ping", "sysctl")


def obstacle(build):
	"""Why no test can run here, or None."""
	if os.geteuid():
		return "needs root"
	lacking = [t for t in NEEDED if not shutil.which(t)]
	if lacking:
		return "lacks " + ", ".join(lacking)
	if not os.path.exists(build + "/src/daemon/lked"):
		return "no lked in " + build
	return None


def run_test(name, build, quiet):
	why = obstacle(build)
	if why:
		print("SKIP %s: %s" % (name, why))
		return 77
	printer = Printer(quiet=quiet)
	with tempfile.TemporaryDirectory(prefix="lke-lab-") as d:
		try:
			bad = tests.TESTS[name](build, d, printer)
		except LabError as e:
			bad = [str(e)]
		except CannotRun as e:
			print("SKIP %s: %s" % (name, e))
			return 77
	if bad:
		printer.last()
	for b in bad:
		print("     " + b)
	print("%s %s" % ("FAIL" if bad else "PASS", name))
	return 1 if bad else 0


def run_scenario(name, build, wait, delay, loss):
	with tempfile.TemporaryDirectory(prefix="lke-lab-") as d:
		try:
			with Story(build, d, delay=delay, loss=loss) as story:
				SCENARIOS[name](story)
				if wait:
					hold.hold(story)
				return 0 if not tests.failures(story) else 1
		except (LabError, CannotRun) as e:
			print("lab: " + str(e), file=sys.stderr)
			return 1


def main():
	ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	ap.add_argument("--build", default="build")
	ap.add_argument("--list", action="store_true", help="list the scenarios")
	ap.add_argument("--list-tests", action="store_true", help="list the tests, one a line; `alone` marks those that measure")
	ap.add_argument("--test", metavar="NAME", choices=sorted(tests.TESTS))
	ap.add_argument("--verbose", action="store_true", help="print the messages of a test too")
	ap.add_argument("--hold", action="store_true", help="keep the network, with a prompt")
	ap.add_argument("--delay", type=float, default=0, metavar="MS", help="between the home agent and all others, one way")
	ap.add_argument("--loss", type=float, default=0, metavar="PERCENT", help="of the packets to and from the home agent")
	ap.add_argument("scenario", nargs="?", choices=list(SCENARIOS))
	a = ap.parse_args()
	build = os.path.abspath(a.build)
	if a.list_tests:
		for name in tests.TESTS:
			print(name + (" alone" if name in tests.ALONE else ""))
		return 0
	if a.test:
		return run_test(a.test, build, not a.verbose)
	if a.list or not (a.scenario or a.hold):
		for name, f in SCENARIOS.items():
			print("%-15s %s" % (name, f.__doc__))
		return 0
	why = obstacle(build)
	if why:
		print("lab: " + why, file=sys.stderr)
		return 1
	delay, loss = PATHS.get(a.scenario, (a.delay, a.loss))
	return run_scenario(a.scenario or "figure_2_1", build, a.hold, delay / 1e3, loss / 1e2)


if __name__ == "__main__":
	sys.exit(main())
