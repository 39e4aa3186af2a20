# SPDX-License-Identifier: ISC
"""The lab's tests: each gets (build, directory, printer) and returns a list of what failed."""
import os
import re
import signal
import socket
import subprocess
import time

import analyse
import checks
import demo
import example_tests
import packet
import reload_tests
import restart_tests
import scenario
import hold_tests
import keylog_tests
import schema_tests
import show_tests
import secret_tests
import serve_tests
import support_tests
import tests_attacks
import tests_attacks_host
import tests_delay
import tests_foreign
import tests_dot1x
import tests_ipsec
import tests_kept
import tests_one_router
import tests_keep
import tests_odd
import tests_foreign_agent
import tests_clock
import tests_links
import tests_mn_links
import tests_odd_router
import tests_ppp
import tests_mn
import tests_mn_fast
import tests_refused
import tests_leave
import tests_tunnel
import tests_home
import tests_home_links
import tests_home_kernel
import tests_home_odd
import tests_home_operator
import tests_home_two
import tests_store
import tests_suspend
import tests_unit
from scenario import Story
from topology import HOME_ADDRESS, in_namespace, wait_for


def failures(story):
	return ["%s: %s (%s)" % (s.title[:2].strip(), c["check"], c["detail"]) for s in story.steps for c in s.checks
		if not c["ok"]]


def demo_figure_2_1(build, directory, printer):
	"""Attach, local key exchange, one handover: the short form of the demonstration, with its verification."""
	with Story(build, directory, printer) as story:
		story.figure_2_1()
		story.move(2, "3  Handover to AR2")
		story.exchange(2, "4  Local key exchange with AR2")
		story.stop_traffic()
		story.stop_daemons()
		story.step("5  What the capture says")
		messages = demo.judge_capture(story)
		numbers, _, noise = story.numbers(messages)
		demo.judge_numbers(story, [n[0] for n in numbers], noise)
		demo.judge_next_steps(story, build)
		return failures(story)


def tcp_no_3s_stall(build, directory, printer):
	"""A TCP connection to the care-of address does not wait for the kernel's neighbour discovery at a handover."""
	bad = []
	for k in range(2):
		with Story(build, os.path.join(directory, str(k)), printer, tcp_on=None) as story:
			story.tcp_on = HOME_ADDRESS if k else None
			attach_with_tcp_on_coa(story)
			story.exchange(1, "2  Local key exchange")
			story.move(2, "3  Handover to AR2")
			lost, back = story.moves[0][2:]
			story.stop_traffic()
			connections, total, stall = analyse.tcp(story.tcp_file, lost - 0.01, back + 1.0)
			if connections != 1 or stall > back - lost + 0.25:
				bad.append("%d connections, %d octets, longest stall %.0f ms" % (connections, total, stall * 1e3))
			story.stop_daemons()
			bad += failures(story)
	return bad


def attach_with_tcp_on_coa(story):
	start = story.start_tcp

	def begin():
		story.tcp_on = story.tcp_on or packet.text(story.scene.coa[1])
		start()
	story.start_tcp = begin
	story.attach()


def kernels_own(line):
	"""What the kernel adds by itself when a carrier comes: link-local address, its routes, multicast."""
	return line.startswith(("fe80::", "local fe80::", "multicast ", "anycast fe80::")) or " inet6 fe80::" in line


def state_of(node):
	"""What a daemon may have changed in a namespace, as text without counters, lifetimes and kernel caches."""
	own = lambda text, cut: "\n".join(sorted(re.sub(cut, "", l).strip() for l in text.splitlines() if not kernels_own(l)))
	sysctls = node.run("sysctl", "-a", "-r", r"^net\.ipv6\.(conf|neigh)\.(all|default|wlan0|home0|core0|lke0)\.", check=False)
	return {"tables": node.run("nft", "list", "ruleset", check=False),
		"rules": node.show("-6", "rule", "show"),
		"links": "\n".join(l.split()[0] for l in node.show("-br", "link", "show").splitlines()),
		"routes": own(node.show("-6", "route", "show", "table", "all"), r" expires \S+| linkdown"),
		"addresses": own(node.show("-6", "-o", "addr", "show"), r"\\.*| tentative| dadfailed"),
		"tc": "\n".join(node.run("tc", *what) for what in [("qdisc", "show")] + [("filter", "show", "dev", d, way)
			for d in ("wlan0", "home0", "core0") if d in node.mac for way in ("ingress", "egress")]),
		"neighbours": "\n".join(l for l in node.show("-6", "neigh", "show").splitlines() if "PERMANENT" in l or "proto 222" in l),
		"sysctls": "\n".join(l for l in sysctls.splitlines() if "stable_secret" not in l)}


def differences(name, before, after):
	bad = []
	for k in before:
		if before[k] != after[k]:
			a, b = set(before[k].splitlines()), set(after[k].splitlines())
			bad.append("%s: %s left or lost: +%s -%s" % (name, k, sorted(b - a)[:4], sorted(a - b)[:4]))
	return bad


def bound_pair(story):
	"""CoA1 bound at AR2's link: every kind of state of a mobile node, an access router and a home agent exists."""
	story.figure_2_1()
	story.move(2, "3  Handover to AR2")
	story.stop_traffic()


def kill_nine_leaves_nothing(build, directory, printer):
	"""kill -9 of both processes; a restart reconciles; after a clean exit nothing of the daemon is left."""
	bad = []
	before = {}

	class Fleet(scenario.Fleet):
		def start(self):
			before.update({n: state_of(self.ha.lab[n]) for n in ("mn", "ar1", "ar2", "ha")})
			super().start()
	original, scenario.Fleet = scenario.Fleet, Fleet
	try:
		with Story(build, directory, printer) as story:
			bound_pair(story)
			fleet = story.fleet
			daemons = {"mn": fleet.mn, "ha": fleet.ha, "ar1": fleet.ar[1], "ar2": fleet.ar[2]}
			for d in daemons.values():
				for pid in d.pids():
					os.kill(pid, signal.SIGKILL)
				d.process.wait(5)
				story.lab.processes.remove(d.process)
			for name in daemons:
				# The table belongs to the process (flags owner): the kernel removes it once all its sockets are gone.
				wait_for(lambda: "table ip6 lke" not in story.lab[name].run("nft", "list", "ruleset", check=False), 3,
					"the nft table of %s to go with its process" % name)
			for d in daemons.values():
				d.start()
			# What is on no device of its own stays: the start removes it, not only the end.
			if "that a killed lked left" not in fleet.mn.tail(4000):
				bad.append("mn: nothing of before was removed at the start: " + fleet.mn.tail())
			for name, d in daemons.items():
				status = d.stop()
				if status:
					bad.append("%s: exit status %s after the restart" % (name, status))
				bad += differences(name, before[name], state_of(story.lab[name]))
			story.recorder.close()
	finally:
		scenario.Fleet = original
	return bad


def second_daemon_refused(build, directory, printer):
	"""A second lked with the same run directory ends with an error and harms nothing."""
	with Story(build, directory, printer) as story:
		d = story.fleet.ar[1]
		p = subprocess.run(d.node.argv(d.lked, "-c", d.conf, "--state", d.state, "--run", d.run_dir), capture_output=True,
			text=True, timeout=10)
		bad = [] if p.returncode else ["the second daemon ended with status 0"]
		if not (p.stderr + p.stdout).strip():
			bad.append("the second daemon says nothing")
		if d.process.poll() is not None or d.show() is None:
			bad.append("the first daemon no longer answers")
		story.stop_daemons()
		return bad


def thief_fails_dad(build, directory, printer):
	"""A stock host that tries CoA1 fails its duplicate address detection: with the mobile on link and away."""
	with Story(build, directory, printer) as story:
		story.figure_2_1()
		story.try_thief("2b another host, mobile on link", True)
		story.move(2, "3  Handover to AR2")
		story.try_thief("3b another host, mobile away", False)
		story.stop_traffic()
		story.stop_daemons()
		return failures(story)


def sec_006_replay_after_kill_nine(build, directory, printer):
	"""kill -9 of the home agent: after the restart the binding serves, the recorded Binding Update gets 135 and changes
	nothing, a new one is accepted."""
	with Story(build, directory, printer) as story:
		story.attach()
		story.stop_traffic()
		recorded = [m for m in story.watcher.since(story.zero) if checks.home_bu(m) and m.raw][-1]
		ha = story.fleet.ha
		before = ha.show("bindings")["bindings"][0]
		for pid in ha.pids():
			os.kill(pid, signal.SIGKILL)
		ha.process.wait(5)
		story.lab.processes.remove(ha.process)
		wait_for(lambda: "table ip6 lke" not in ha.node.run("nft", "list", "ruleset", check=False), 3,
			"the nft table of ha to go with its process")
		ha.start()
		kept = wait_for(lambda: (ha.show("bindings") or {}).get("bindings"), 5, "the binding of before the restart")[0]
		again = time.time()
		with in_namespace(story.lab["cr"].ns), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
			s.bind(("core0", 0))
			macs = [bytes.fromhex(story.lab[n].mac["core0"].replace(":", "")) for n in ("ha", "cr")]
			s.send(macs[0] + macs[1] + b"\x86\xdd" + recorded.raw)
		bad = []
		ba = story.see(checks.home_ba, 5, "the answer to the recorded Binding Update", again)
		if ba.f["status"] != 135:
			bad.append("the recorded Binding Update got status %d" % ba.f["status"])
		after = ha.show("bindings")["bindings"]
		if kept["care_of_address"] != before["care_of_address"] or kept["expires_in"] > before["expires_in"]:
			bad.append("the binding came back as %r, it was %r" % (kept, before))
		if len(after) != 1 or after[0]["sequence"] != kept["sequence"] or after[0]["expires_in"] > kept["expires_in"]:
			bad.append("the recorded Binding Update changed the binding: %r" % after)
		status = story.fleet.mn.stop()
		if status:
			bad.append("mn: exit status %s" % status)
		fresh = time.time()
		story.fleet.mn.start()
		story.see(lambda m: checks.home_ba(m) and m.f["status"] == 0 and m.f["lifetime"], 15,
			"a new registration", fresh)
		story.stop_daemons()
		return bad + failures(story)


# The longest first: they run beside the others.
TESTS = dict(tests_foreign.TESTS)
TESTS.update({f.__name__: f for f in (demo_figure_2_1, tcp_no_3s_stall, kill_nine_leaves_nothing, second_daemon_refused,
	thief_fails_dad, sec_006_replay_after_kill_nine, *restart_tests.TESTS, *tests_keep.TESTS, *reload_tests.TESTS,
	*secret_tests.TESTS, *keylog_tests.TESTS, *schema_tests.TESTS, *show_tests.TESTS, *hold_tests.TESTS)})
TESTS.update(serve_tests.TESTS)
TESTS.update({f.__name__: f for f in (*support_tests.TESTS, *example_tests.TESTS)})
TESTS.update(tests_links.TESTS)
TESTS.update(tests_mn.TESTS)
TESTS.update(tests_mn_links.TESTS)
TESTS.update(tests_mn_fast.TESTS)
TESTS.update(tests_clock.TESTS)
TESTS.update(tests_ppp.TESTS)
TESTS.update(tests_foreign_agent.TESTS)
TESTS.update(tests_odd_router.TESTS)
TESTS.update(tests_refused.TESTS)
TESTS.update(tests_leave.TESTS)
TESTS.update(tests_home.TESTS)
TESTS.update(tests_home_links.TESTS)
TESTS.update(tests_home_kernel.TESTS)
TESTS.update(tests_home_odd.TESTS)
TESTS.update(tests_home_operator.TESTS)
TESTS.update(tests_home_two.TESTS)
TESTS.update(tests_store.TESTS)
TESTS.update(tests_suspend.TESTS)
TESTS.update(tests_unit.TESTS)
TESTS.update(tests_kept.TESTS)
TESTS.update(tests_attacks.TESTS)
TESTS.update(tests_attacks_host.TESTS)
TESTS.update(tests_delay.TESTS)
TESTS.update(tests_tunnel.TESTS)
TESTS.update(tests_odd.TESTS)
TESTS.update(tests_dot1x.TESTS)
TESTS.update(tests_ipsec.TESTS)
TESTS.update(tests_one_router.TESTS)
# Those that judge milliseconds or lost packets: nothing else runs beside them.
ALONE = {"demo_figure_2_1", "tcp_no_3s_stall", "lke_011_links_without_link_layer_addresses",
	"make_before_break_loses_nothing", "op_reload_under_traffic", *tests_leave.TESTS, *tests_delay.TESTS,
	*tests_mn_fast.TESTS}
