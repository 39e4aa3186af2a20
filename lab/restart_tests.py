# SPDX-License-Identifier: ISC
"""What survives a restart of an access router or a mobile node: real daemons under live traffic."""
import os
import signal
import socket
import time

import analyse
import checks
import packet
import scenario
from nodes import write
from scenario import Story
from topology import HOME_ADDRESS, SLOW, in_namespace, wait_for

WAYS = (("SIGTERM", signal.SIGTERM), ("kill -9", signal.SIGKILL))


class configured:
	"""The fleet of a story with further lines in the configuration of its access routers."""

	def __init__(self, lines):
		self.lines = lines

	def __enter__(self):
		self.original, lines = scenario.Fleet, self.lines

		class Fleet(scenario.Fleet):
			def __init__(self, *args, **kw):
				super().__init__(*args, **kw)
				for d in self.ar.values():
					with open(d.conf) as f:
						write(d.conf, f.read() + lines)
		scenario.Fleet = Fleet

	def __exit__(self, *exc):
		scenario.Fleet = self.original


def restart(story, daemon, how):
	"""Ends both processes and starts the daemon again.  Returns (ended, answers again), seconds."""
	ended = time.time()
	if how == signal.SIGTERM:
		status = daemon.stop()
		if status:
			story.judge("%s ends cleanly" % daemon.name, False, "status %s" % status)
	else:
		for pid in daemon.pids():
			os.kill(pid, how)
		daemon.process.wait(5)
		story.lab.processes.remove(daemon.process)
		# The table belongs to the process: the kernel removes it once all its sockets are gone.
		wait_for(lambda: "table ip6 lke" not in daemon.node.run("nft", "list", "ruleset", check=False), 3,
			"the nft table of %s to go with its process" % daemon.name)
	daemon.start()
	return ended, time.time()


def failures(story):
	return ["%s: %s (%s)" % (s.title[:40].strip(), c["check"], c["detail"]) for s in story.steps for c in s.checks
		if not c["ok"]]


def silence(story, name, start, end):
	"""The longest silence of a probe stream, both directions, in ms."""
	cn, mn = (f for _, f in story.probes[name])
	return max(s.longest_silence(start, end)[0] for s in analyse.streams(name, cn, mn)) * 1e3


def quiet(story, since, seconds, what):
	"""The mobile node asks nobody for anything: no exchange, no update."""
	left = since + seconds - time.time()
	if left > 0:
		time.sleep(left)
	story.watcher.settle()
	ms = [m for m in story.watcher.since(since) if m.kind in ("KEReq", "BU", "ESP") and story.names.source(m) == "MN"]
	story.judge(what, not ms, ", ".join(m.kind for m in ms))


def replay(story, bu):
	"""Sends a recorded Binding Update to AR1 once more; the status of its answer."""
	again = time.time()
	with in_namespace(story.lab["cr"].ns), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
		s.bind(("core0", 0))
		macs = [bytes.fromhex(story.lab[n].mac["core0"].replace(":", "")) for n in ("ar1", "cr")]
		s.send(macs[0] + macs[1] + b"\x86\xdd" + bu.raw)
	ba = story.see(lambda m: checks.local_ba(m, story.scene.ar(1)), 5, "the answer to the recorded Binding Update", again)
	return ba


def one_router_restart(build, directory, printer, words, how):
	with configured("StateFile = yes\n"), Story(build, directory, printer) as story:
		ar1 = story.fleet.ar[1]
		story.figure_2_1()
		coa1 = packet.text(story.scene.coa[1])
		story.step("2b AR1 restarts by %s, the mobile node on its link" % words)
		ended, up = restart(story, ar1, how)
		story.valid_lbsa(1, 10)
		quiet(story, ended, 4, "the mobile node does not notice")
		on_link = ended, up
		story.move(2, "3  Handover to AR2, with the key of before")
		recorded = [m for m in story.watcher.since(story.moves[-1][2]) if checks.local_bu(m, story.scene.ar(1)) and m.raw][-1]
		story.step("3b AR1 restarts by %s, the mobile node away" % words)
		ended, up = restart(story, ar1, how)
		bindings = (ar1.show("bindings") or {}).get("bindings") or []
		story.judge("the binding is there again", any(b.get("home_address") == coa1 for b in bindings), str(bindings)[:200])
		quiet(story, ended, 3, "the mobile node does not notice")
		away = ended, up
		story.step("3c The recorded Binding Update once more")
		ba = replay(story, recorded)
		story.judge("it is refused with 135, signed", ba.f["status"] == 135 and ba.verdict() == "ok",
			"%s %s" % (ba.f["status"], ba.verdict()))
		story.move(3, "4  Handover to AR3, with the key of before")
		story.stop_traffic()
		# On the link the kernel forwards, with the mobile node away the daemon does.
		near, far = (silence(story, "coa1", a, b + 1) for a, b in (on_link, away))
		story.judge("on the link packets flow on", near < 200 * SLOW, "longest silence %.0f ms" % near)
		story.judge("away packets flow again when the router is there", far < (away[1] - away[0]) * 1e3 + 500,
			"%.0f ms without forwarding, %.0f ms until the daemon answers" % (far, (away[1] - away[0]) * 1e3))
		printer.note("AR1 by %s: %.0f ms without forwarding" % (words, far))
		story.stop_daemons()
		return failures(story)


def ar_restart_costs_no_handover(build, directory, printer):
	"""StateFile = yes: AR1 restarts, on link and away, by SIGTERM and by kill -9; keys, bindings and floors are kept."""
	bad = []
	for words, how in WAYS:
		bad += [words + ": " + b for b in
			one_router_restart(build, os.path.join(directory, words.replace(" ", "")), printer, words, how)]
	return bad


def mn_restart_keeps_keys(build, directory, printer):
	"""AMB-131: the mobile node's daemon restarts; the handover afterwards uses the keys of before."""
	bad = []
	for words, how in WAYS:
		with Story(build, os.path.join(directory, words.replace(" ", "")), printer) as story:
			story.figure_2_1()
			story.stop_traffic()
			story.step("2b The mobile node's daemon restarts by %s" % words)
			ended, up = restart(story, story.fleet.mn, how)
			story.judge("it has its LBSA", story.fleet.mn.lbsa_state(packet.text(story.scene.coa[1])) == "valid", "")
			story.address_on_mn(packet.text(story.scene.coa[1]), 10)
			story.see(lambda m: checks.home_ba(m) and m.f["status"] == 0, 15, "the home registration", ended)
			story.watcher.settle()
			asked = [m for m in story.watcher.since(ended) if m.kind == "KEReq"]
			story.judge("no new key exchange", not asked, str(len(asked)))
			home = [m for m in story.watcher.since(ended) if checks.home_ba(m)]
			story.judge("its sequence numbers are the right ones", all(m.f["status"] == 0 for m in home),
				str([m.f["status"] for m in home]))
			story.move(2, "3  Handover to AR2, with the key of before")
			story.stop_daemons()
			bad += [words + ": " + b for b in failures(story)]
	return bad


def mn_restart_away(build, directory, printer):
	"""AMB-131 away from AR1: the daemon restarts on AR2's link; AR2 accepts the next update under the key of before."""
	with Story(build, directory, printer) as story:
		story.figure_2_1()
		story.move(2, "3  Handover to AR2")
		story.exchange(2, "4  Local key exchange with AR2")
		story.stop_traffic()
		story.step("4b The mobile node's daemon restarts by kill -9")
		ended, _ = restart(story, story.fleet.mn, signal.SIGKILL)
		for n in (1, 2):
			story.judge("it has its LBSA of AR%d" % n,
				story.fleet.mn.lbsa_state(packet.text(story.scene.coa[n])) == "valid", "")
		story.address_on_mn(packet.text(story.scene.coa[2]), 10)
		story.see(lambda m: checks.home_ba(m) and m.f["status"] == 0, 15, "the home registration", ended)
		_, back = story.lab.move("l3", story.gap)
		ba = story.see(lambda m: checks.local_ba(m, story.scene.ar(2)), 8, "AR2's Binding Acknowledgement", back)
		story.judge("AR2 accepts it", ba.f["status"] == 0 and ba.verdict() == "ok", "status %s" % ba.f["status"])
		story.watcher.settle()
		asked = [m for m in story.watcher.since(ended) if m.kind == "KEReq" and m.ts < ba.ts]
		story.judge("no key exchange in between", not asked, str(len(asked)))
		story.stop_daemons()
		return failures(story)


def rsa_rotation_under_a_mobile(build, directory, printer):
	"""The RSA key of AR1 rotates while a mobile node is attached; it keeps its LBSA and hands over."""
	with configured("RsaRotation = 10s\n"), Story(build, directory, printer) as story:
		story.figure_2_1()
		story.step("2b AR1 gets a new RSA key, twice")
		seen = []

		def rotated():
			sha = ((story.fleet.ar[1].show() or {}).get("rsa") or {}).get("sha256")
			if sha and sha not in seen:
				seen.append(sha)
			return len(seen) > 2
		wait_for(rotated, 40, "two rotations of AR1's key", 0.2)
		story.judge("the LBSA is valid", story.fleet.ar[1].lbsa_state(packet.text(story.scene.coa[1])) == "valid", "")
		story.move(2, "3  Handover to AR2")
		story.stop_traffic()
		story.stop_daemons()
		return failures(story)


TESTS = (ar_restart_costs_no_handover, mn_restart_keeps_keys, mn_restart_away, rsa_rotation_under_a_mobile)
